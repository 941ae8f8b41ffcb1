//! `cloudcontrol.create`: a resource made from its CloudFormation properties.

use crate::document::Table;
use crate::plan::steps::Context;
use crate::plan::{JsonTemplate, Template};

/// The parameters of `cloudcontrol.create`.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceCreate {
    /// CloudFormation's name of the type, such as `AWS::EC2::VolumeAttachment`.
    pub type_name: String,
    /// The properties, as the type's CloudFormation schema has them.
    pub properties: JsonTemplate,
    /// The identifier that the resource will have, where the properties decide it: it must not exist yet.
    pub identifier: Option<Template>,
}

impl ResourceCreate {
    pub(in crate::plan) fn read(with: &Table<'_>, context: &Context<'_>) -> Option<Self> {
        let type_name = with.required_text("type");
        let parts = |name: &str| name.split("::").filter(|part| !part.is_empty()).count();
        if let Some(name) = type_name.as_ref().filter(|name| parts(name) != 3) {
            let hint = Some("a type of CloudFormation's, such as AWS::EC2::VolumeAttachment".to_owned());
            with.fault("type", format!("{name:?} is no resource type"), hint);
        }
        let properties = context.required_json(with, "properties");
        let identifier = context.template(with, "identifier");
        Some(Self { type_name: type_name?, properties: properties?, identifier })
    }
}
