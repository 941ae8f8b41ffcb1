//! What somebody else has begun at AWS that does what a step would do: a colleague in the AWS console, another tool.
//!
//! Matched by what the step is about: the resource restored or copied, the document, the stack, the records. Only of what began since
//! the incident did, and not of what this incident's own attempts began.

use chrono::{DateTime, Utc};

use super::action::{database, records, table};
use super::prepare::{Asking, World};
use crate::cloud::Window;
use crate::domain::{Elsewhere, Moment, Problem, StepId};
use crate::journal::Incident;
use crate::plan::Action;

/// How many pages of a list are read.
const PAGES: usize = 5;
/// States after which nothing is there to be adopted.
const OVER: [&str; 12] = [
    "FAILED",
    "ABORTED",
    "PARTIAL",
    "Failed",
    "TimedOut",
    "Cancelled",
    "Rejected",
    "CompletedWithFailure",
    "Exited",
    "TIMED_OUT",
    "CREATE_FAILED",
    "DELETE_COMPLETE",
];

/// What others have begun for this step, the latest first.
///
/// # Errors
/// AWS could not be asked; nothing is known then.
pub(super) async fn begun(
    world: &World,
    incident: &Incident,
    id: &StepId,
    now: DateTime<Utc>,
) -> Result<Vec<Elsewhere>, Problem> {
    let World { plan, sites, incident_id } = world;
    let Some(step) = plan.step(id) else { return Ok(Vec::new()) };
    let (Some(place), Some(site)) = (plan.site(&step.site), sites.site(&step.site)) else { return Ok(Vec::new()) };
    let Some(opened) = incident.opened_at else { return Ok(Vec::new()) };
    let from = incident.moment(Moment::ImpactBegan).map_or(opened, |impact| impact.min(opened));
    let window = Window { from, to: now };
    let asking = Asking { plan, step, attempt: 0, incident, incident_id, place, site, now };
    let resource = |name: &String| plan.resources.get(name).map(|resource| resource.arn.clone()).unwrap_or_default();
    let (mut found, about) = match &step.action {
        Action::BackupRestore { resource: name, .. } => (site.others.restore_jobs(window, PAGES).await?.rows, resource(name)),
        Action::BackupCopy(copy) => (site.others.copy_jobs(window, PAGES).await?.rows, resource(&copy.resource)),
        Action::SsmAutomation { document, .. } => {
            (site.others.automations(window, PAGES).await?.rows, asking.text(document).unwrap_or_default())
        }
        Action::StateMachineExecute(execute) => {
            let arn = asking.text(&execute.state_machine).unwrap_or_default();
            let name = arn.rsplit(':').next().unwrap_or_default().to_owned();
            (site.others.state_machines(window, PAGES).await?.rows, name)
        }
        Action::CloudFormationDeploy(deploy) => {
            (site.others.stacks(window, PAGES).await?.rows, asking.text(&deploy.stack).unwrap_or_default())
        }
        Action::Route53Change { zone, records } => {
            (records::in_place(&asking, zone, records).await?.into_iter().collect(), zone.clone())
        }
        Action::DynamoDbRestore(restore) => {
            (table::in_place(&asking, restore).await?.into_iter().collect(), asking.text(&restore.source).unwrap_or_default())
        }
        Action::RdsRestore(restore) => {
            (database::in_place(&asking, restore).await?.into_iter().collect(), asking.text(&restore.target).unwrap_or_default())
        }
        _ => return Ok(Vec::new()),
    };
    let ours: Vec<&str> = handles(incident).collect();
    // Our own call may be under way, and what it begins is not known by its handle yet.
    let calling =
        incident.steps.values().filter_map(|record| record.last()).any(|last| last.answered.is_none() && last.ended.is_none());
    found.retain(|work| {
        let over =
            OVER.contains(&work.status.as_str()) || work.status.contains("ROLLBACK") || work.status == "REVIEW_IN_PROGRESS";
        let in_window = work.began_at.is_none_or(|at| at >= window.from);
        !about.is_empty() && work.about == about && !over && in_window && !calling && !ours.contains(&work.handle())
    });
    found.sort_by_key(|work| std::cmp::Reverse(work.began_at));
    Ok(found)
}

/// What this incident's own attempts follow, also by the stack that a change set of ours belongs to.
fn handles(incident: &Incident) -> impl Iterator<Item = &str> {
    let attempts = incident.steps.values().flat_map(|record| &record.attempts);
    attempts.flat_map(|attempt| {
        let handle = attempt.answered.as_ref().map(|answered| answered.handle.as_str()).filter(|handle| !handle.is_empty());
        let outputs = attempt.ended.iter().filter_map(|end| end.outputs.get("stack_id").map(String::as_str));
        handle.into_iter().chain(outputs)
    })
}
