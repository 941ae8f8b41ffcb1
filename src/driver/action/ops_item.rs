//! `ssm.ops_item`: opens an OpsItem in the recovery Region, or brings one to a new status.

use std::collections::BTreeMap;

use crate::domain::{Change, Finding, MutatingCall, OperationalValue, OpsItem, OpsItemChange, Problem};
use crate::plan::Action;

use super::super::prepare::{Asking, Draft};
use super::Found;
use crate::cloud::SiteClients;

/// The key that makes AWS refuse a second OpsItem with the same string while the first is open (OpsCenter, "Reducing duplicate
/// OpsItems"): our token there makes the call idempotent, which it is not by itself.
pub(super) const DEDUP_KEY: &str = "/aws/dedup";

pub(super) async fn prepare(asking: &Asking<'_>) -> Result<Draft, Problem> {
    let Action::SsmOpsItem { title, description, severity, category, update, status } = &asking.step.action else {
        return Ok(Draft::default());
    };
    let description = asking.text(description)?;
    if let Some(update) = update {
        let id = asking.text(update)?;
        let now = asking.site.ssm.ops_item(&id).await?;
        let status = status.clone();
        let summary = format!("bring OpsItem {id} to {}", status.as_deref().unwrap_or("a new description"));
        let changes =
            vec![Change { what: format!("OpsItem {id} status"), before: Some(now.status), after: status.clone(), why: None }];
        let change = OpsItemChange { ops_item_id: id, status, description: Some(description) };
        return Ok(Draft { summary, call: Some(MutatingCall::UpdateOpsItem(change)), changes, ..Draft::default() });
    }
    let title = asking.text(title)?;
    let dedup = serde_json::json!({ "dedupString": asking.token() }).to_string();
    let operational_data = BTreeMap::from([
        (DEDUP_KEY.to_owned(), OperationalValue { value: dedup, kind: "SearchableString".into() }),
        (
            "lifeboat/incident".to_owned(),
            OperationalValue { value: asking.incident_id.to_string(), kind: "SearchableString".into() },
        ),
    ]);
    let call = MutatingCall::CreateOpsItem(OpsItem {
        title: title.clone(),
        description,
        source: "lifeboat".into(),
        severity: severity.clone(),
        category: category.clone(),
        operational_data,
    });
    let changes = vec![Change { what: "OpsItem".into(), before: None, after: Some(title.clone()), why: None }];
    let findings = vec![Finding::good(format!("opened in {}, away from the sick Region", asking.place.region))];
    let summary = format!("open the OpsItem \"{title}\" in {}", asking.place.region);
    Ok(Draft { summary, call: Some(call), changes, findings, ..Draft::default() })
}

pub(super) async fn reconcile(site: &SiteClients, item: &OpsItem) -> Result<Found, Problem> {
    let Some(dedup) = item.operational_data.get(DEDUP_KEY) else { return Ok(Found::MayBeSent) };
    Ok(match site.ssm.ops_item_by_dedup(&dedup.value).await? {
        Some(item) => Found::TookEffect { handle: item.id, aws_at: item.created_at },
        None => Found::MayBeSent,
    })
}

/// The change took effect if the OpsItem is as it was to be.
pub(super) async fn reconcile_change(site: &SiteClients, change: &OpsItemChange) -> Result<Found, Problem> {
    let item = site.ssm.ops_item(&change.ops_item_id).await?;
    let fits = change.status.as_ref().is_none_or(|status| *status == item.status)
        && change.description.as_ref().is_none_or(|text| Some(text) == item.description.as_ref());
    Ok(if fits { Found::TookEffect { handle: change.ops_item_id.clone(), aws_at: item.modified_at } } else { Found::MayBeSent })
}
