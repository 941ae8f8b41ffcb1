//! Who is told at each phase: a topic, and the OpsItem that is kept current. Reads `[notices]`.

use crate::document::Table;
use crate::domain::{SiteName, StepId};

use super::setting::Setting;

/// What a declaration covers beside itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticePlan {
    /// From which site.
    pub site: SiteName,
    /// The SNS topic's ARN.
    pub topic: Option<String>,
    /// The step that opens the OpsItem.
    pub ops_item: Option<StepId>,
    /// The message's subject.
    pub subject: String,
    /// The message, and the OpsItem's text.
    pub message: String,
}

const SUBJECT: &str = "${mode}: ${plan}: ${phase}";
const MESSAGE: &str = "${mode}: ${plan} (${incident})\n${phase} at ${at}\n\n${durations}\n\n${report}";
/// What a template may refer to.
const KNOWN: [&str; 7] = ["phase", "at", "incident", "plan", "mode", "durations", "report"];

/// Reads `[notices]`; without it nobody is told anything.
pub(super) fn read_notices(root: &Table<'_>, setting: &Setting, steps: &[String]) -> Option<NoticePlan> {
    let table = root.table("notices")?;
    let site = table.text("site").unwrap_or_else(|| "recovery".to_owned());
    if !setting.site_names.contains(&site) {
        setting.no_such_site(&table, table.span("site"), &site);
    }
    let topic = table.text("topic");
    if let Some(topic) = topic.as_deref().filter(|topic| !topic.starts_with("arn:") || topic.split(':').nth(2) != Some("sns")) {
        table.fault("topic", format!("expected the ARN of an SNS topic, found {topic:?}"), None);
    }
    let ops_item = table.text("ops_item");
    if let Some(step) = ops_item.as_deref().filter(|step| !steps.iter().any(|known| known == step)) {
        let hint = crate::document::did_you_mean(step, steps.iter().map(String::as_str));
        table.fault("ops_item", format!("there is no step `{}`", step.escape_debug()), hint);
    }
    if topic.is_none() && ops_item.is_none() {
        table.fault("topic", "`notices` tells nobody", Some("name a `topic`, an `ops_item`, or both".to_owned()));
    }
    let template = |key: &str, default: &str| {
        let text = table.text(key).unwrap_or_else(|| default.to_owned());
        for part in text.split("${").skip(1) {
            let name = part.split('}').next().unwrap_or_default();
            if !KNOWN.contains(&name) {
                let hint = crate::document::did_you_mean(name, KNOWN);
                table.fault(key, format!("nothing is called `{}`", name.escape_debug()), hint);
            }
        }
        text
    };
    let (subject, message) = (template("subject", SUBJECT), template("message", MESSAGE));
    table.finish();
    Some(NoticePlan { site: SiteName::new(site), topic, ops_item: ops_item.map(StepId::new), subject, message })
}
