//! `backup.copy`: a recovery point to another Region or account.

use crate::document::Table;
use crate::plan::names::Arn;
use crate::plan::steps::Context;
use crate::plan::{RestorePoint, Template};

/// The parameters of `backup.copy`. The step's site is where the recovery point lies.
#[derive(Debug, Clone, PartialEq)]
pub struct RecoveryPointCopy {
    /// The plan's name of the resource.
    pub resource: String,
    /// Which of its recovery points.
    pub point: RestorePoint,
    /// The ARN of the vault that it goes to.
    pub to_vault: Template,
    /// The role that AWS Backup assumes.
    pub role_arn: Template,
}

impl RestorePoint {
    /// `"newest"` if it is not given; `"continuous"`; an ARN.
    pub(in crate::plan) fn read(with: &Table<'_>) -> Option<Self> {
        if !with.has("point") {
            return Some(Self::Newest);
        }
        match with.text("point")?.as_str() {
            "newest" => Some(Self::Newest),
            "continuous" => Some(Self::Continuous),
            text if Arn::parse(text).is_some() => Some(Self::Arn(text.to_owned())),
            text => {
                let message = format!("expected \"newest\", \"continuous\" or the ARN of a recovery point, found {text:?}");
                with.fault("point", message, None);
                None
            }
        }
    }
}

impl RecoveryPointCopy {
    pub(in crate::plan) fn read(with: &Table<'_>, context: &Context<'_>) -> Option<Self> {
        let resource = with.required_text("resource");
        let known = resource.as_deref().is_some_and(|name| context.knows_resource(with, name));
        let point = RestorePoint::read(with);
        let to_vault = context.required_template(with, "to_vault");
        if let Some(vault) = to_vault.as_ref().and_then(|vault| context.known_value(vault))
            && !(vault.starts_with("arn:") && vault.contains(":backup-vault:"))
        {
            let hint = Some("arn:aws:backup:REGION:ACCOUNT:backup-vault:NAME".to_owned());
            with.fault("to_vault", format!("{vault:?} is not the ARN of a vault"), hint);
        }
        let role_arn = context.required_template(with, "role_arn");
        Some(Self { resource: resource.filter(|_| known)?, point: point?, to_vault: to_vault?, role_arn: role_arn? })
    }
}
