//! What each kind of step does: how it is prepared, how it is followed, how it is found again after a lost answer.
//!
//! One file a kind; here is only which file is asked, in one `match` a question. `docs/architecture.md` tells how a kind is added.

/// How many pages of a list are read before a person is told that there is more: 5,000 rows at 100 a page.
pub(super) const PAGES: usize = 50;

/// How long AWS Backup is trusted to know a token again. It does not say for how long it does (AWS Backup API reference,
/// StartRestoreJob); after this, jobs are looked for first.
const TOKEN_TRUSTED: TimeDelta = TimeDelta::hours(12);

mod check;
mod command;
mod copy;
pub(super) mod database;
mod deletion;
mod execution;
mod function;
mod health_check;
mod message;
mod ops_item;
pub(super) mod records;
mod region_switch;
mod resource;
mod restore;
mod rewind;
mod routing;
mod runbook;
mod stack;
pub(super) mod table;
mod wait;

use std::collections::BTreeMap;
use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{MutatingCall, Problem, Progress};
use crate::journal::StepConfirmed;
use crate::plan::Action;

use super::prepare::{AnswerWanted, Answering, Asking, Draft};
use super::probe::Probe;
use crate::cloud::SiteClients;

/// One look at a running step.
#[derive(Debug)]
pub(super) enum Look {
    /// Not at its end.
    Running(Progress),
    /// Ended well.
    Done(Box<End>),
    /// Ended badly.
    Failed(Problem, Option<DateTime<Utc>>, Option<DateTime<Utc>>),
}

/// What a step that ended well gave.
#[derive(Debug, Default)]
pub(super) struct End {
    pub(super) outputs: BTreeMap<String, String>,
    pub(super) began_at: Option<DateTime<Utc>>,
    pub(super) ended_at: Option<DateTime<Utc>>,
    pub(super) data_at: Option<DateTime<Utc>>,
    pub(super) note: Option<String>,
    /// What is still to be done before what was made is of use: the clock runs on until a person says that it is.
    pub(super) tail: Vec<String>,
}

impl End {
    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.outputs.insert(name.to_owned(), value.into());
        self
    }
}

/// What is known of a call whose answer was lost.
#[derive(Debug)]
pub(super) enum Found {
    /// It took effect: the handle to follow, and AWS's time of it.
    TookEffect { handle: String, aws_at: Option<DateTime<Utc>> },
    /// It did not, or AWS itself makes a repeat do nothing: it may be sent again, as it was confirmed.
    MayBeSent,
    /// AWS cannot be asked, and a repeat may do it twice: a person has to find out, as this sentence says.
    NoRecord(String),
}

/// What is followed: the step's action, its handle, and when the attempt began.
pub(super) struct Following<'a> {
    pub(super) action: &'a Action,
    pub(super) site: &'a SiteClients,
    pub(super) vaults: &'a [String],
    pub(super) probe: &'a Probe,
    pub(super) confirmed: &'a StepConfirmed,
    pub(super) handle: &'a str,
    /// The text that the action needs to look: a check's URL, a wait's time.
    pub(super) text: Option<String>,
    /// Since when what is looked for has been so, for as long as this console follows it.
    pub(super) so_since: &'a Mutex<Option<DateTime<Utc>>>,
    /// AWS Backup's type of the resource that the step restores.
    pub(super) resource_type: Option<&'a str>,
    pub(super) since: DateTime<Utc>,
    pub(super) now: DateTime<Utc>,
}

/// Prepares the call of a step.
pub(super) async fn prepare(asking: &Asking<'_>) -> Result<Draft, Problem> {
    match &asking.step.action {
        Action::BackupRestore { .. } => restore::prepare(asking).await,
        Action::SsmAutomation { .. } => runbook::prepare(asking),
        Action::Route53Change { zone, records } => records::prepare(asking, zone, records).await,
        Action::SsmOpsItem { .. } => ops_item::prepare(asking).await,
        Action::CloudControlCreate(create) => resource::prepare(asking, create).await,
        Action::CloudFormationDeploy(deploy) => stack::prepare(asking, deploy).await,
        Action::DynamoDbRestore(restore) => table::prepare(asking, restore).await,
        Action::RdsRestore(restore) => database::prepare(asking, restore).await,
        Action::BackupCopy(copy) => copy::prepare(asking, copy).await,
        Action::S3Rewind(rewind) => rewind::prepare(asking, rewind).await,
        Action::SsmRunCommand(run) => command::prepare(asking, run),
        Action::ArcRoutingControl(switch) => routing::prepare(asking, switch).await,
        Action::LambdaInvoke(invoke) => function::prepare(asking, invoke).await,
        Action::StateMachineExecute(execute) => execution::prepare(asking, execute).await,
        Action::SnsPublish(publish) => message::prepare(asking, publish),
        Action::ArcRegionSwitch(switch) => region_switch::prepare(asking, switch).await,
        Action::HealthCheckInvert(turn) => health_check::prepare(asking, turn).await,
        Action::Delete(deletion) => deletion::prepare(asking, deletion).await,
        Action::Wait(wait) => wait::prepare(asking, wait),
        Action::Manual { instructions } => Ok(Draft { summary: asking.text(instructions)?, ..Draft::default() }),
        Action::Check(check) => check::prepare(asking, check),
    }
}

/// Looks once at a running step.
pub(super) async fn look(following: &Following<'_>) -> Result<Look, Problem> {
    match following.action {
        Action::BackupRestore { .. } => restore::look(following).await,
        Action::SsmAutomation { .. } => runbook::look(following).await,
        Action::Route53Change { .. } => records::look(following).await,
        Action::SsmOpsItem { .. } => Ok(Look::Done(Box::new(End::default().with("ops_item_id", following.handle)))),
        Action::CloudControlCreate(_) => resource::look(following).await,
        Action::CloudFormationDeploy(_) => stack::look(following).await,
        Action::DynamoDbRestore(_) => table::look(following).await,
        Action::RdsRestore(restore) => database::look(following, restore).await,
        Action::BackupCopy(_) => copy::look(following).await,
        Action::S3Rewind(_) => Ok(rewind::look(following)),
        Action::SsmRunCommand(_) => command::look(following).await,
        Action::ArcRoutingControl(_) => routing::look(following).await,
        Action::LambdaInvoke(_) => function::look(following),
        Action::StateMachineExecute(_) => execution::look(following).await,
        Action::SnsPublish(_) => Ok(message::look(following)),
        Action::ArcRegionSwitch(_) => region_switch::look(following).await,
        Action::HealthCheckInvert(_) => health_check::look(following).await,
        Action::Delete(deletion) => deletion::look(following, deletion).await,
        Action::Wait(wait) => wait::look(following, wait).await,
        Action::Manual { .. } => Ok(Look::Running(Progress::default())),
        Action::Check(check) => check::look(following, check).await,
    }
}

/// What a person's answer to a running step is as a call; a step that asks nothing has none.
pub(super) async fn answer(answering: &Answering<'_>, wanted: &AnswerWanted) -> Result<Option<Draft>, Problem> {
    match &answering.step.action {
        Action::SsmAutomation { .. } => Ok(Some(runbook::answer(answering, wanted))),
        Action::CloudFormationDeploy(_) => stack::answer(answering, wanted).await,
        Action::SsmRunCommand(_) => Ok(command::answer(answering, wanted)),
        Action::StateMachineExecute(_) => Ok(execution::answer(answering, wanted)),
        Action::ArcRegionSwitch(_) => region_switch::answer(answering, wanted).await,
        _ => Ok(None),
    }
}

/// Finds out whether a confirmed call took effect.
pub(super) async fn reconcile(
    site: &SiteClients,
    call: &MutatingCall,
    confirmed_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Found, Problem> {
    match call {
        // The token finds the very job that was begun with it; a list can only tell that somebody restored the same point.
        MutatingCall::StartRestoreJob(_) | MutatingCall::StartCopyJob(_) if now - confirmed_at < TOKEN_TRUSTED => {
            Ok(Found::MayBeSent)
        }
        MutatingCall::StartRestoreJob(start) => restore::reconcile(site, start, confirmed_at).await,
        // AWS's own token: the same one with the same parameters starts nothing twice.
        MutatingCall::StartAutomationExecution(_)
        | MutatingCall::CreateResource(_)
        | MutatingCall::DeleteResource(_)
        | MutatingCall::CancelUpdateStack(_)
        | MutatingCall::DeleteStack(_) => Ok(Found::MayBeSent),
        MutatingCall::CreateChangeSet(creation) => stack::reconcile(site, creation).await,
        MutatingCall::ExecuteChangeSet(execution) => stack::reconcile_answer(site, &execution.change_set_name).await,
        MutatingCall::DeleteChangeSet(deletion) => stack::reconcile_answer(site, &deletion.change_set_name).await,
        MutatingCall::RestoreTableToPointInTime(restore) => table::reconcile(site, restore, confirmed_at).await,
        MutatingCall::DeleteTable(deletion) => table::reconcile_deletion(site, &deletion.table_name).await,
        MutatingCall::StartCopyJob(start) => copy::reconcile(site, start, confirmed_at).await,
        MutatingCall::RewindObjects(rewind) => rewind::reconcile(site, rewind).await,
        MutatingCall::SendCommand(command) => command::reconcile(site, command, confirmed_at).await,
        MutatingCall::CancelCommand(cancellation) => command::reconcile_cancel(site, &cancellation.command_id).await,
        MutatingCall::SendAutomationSignal(signal) => runbook::reconcile_signal(site, signal).await,
        MutatingCall::StopAutomationExecution(stop) => runbook::reconcile_stop(site, stop).await,
        MutatingCall::CreateOpsItem(item) => ops_item::reconcile(site, item).await,
        MutatingCall::UpdateOpsItem(change) => ops_item::reconcile_change(site, change).await,
        MutatingCall::ChangeResourceRecordSets(change) => records::reconcile(site, change).await,
        MutatingCall::StartPlanExecution(start) => region_switch::reconcile(site, start, confirmed_at).await,
        MutatingCall::ApprovePlanExecutionStep(approval) => region_switch::reconcile_approval(site, approval).await,
        MutatingCall::UpdatePlanExecution(it) => {
            region_switch::reconcile_steering(site, &it.plan_arn, &it.execution_id, false).await
        }
        MutatingCall::CancelPlanExecution(it) => {
            region_switch::reconcile_steering(site, &it.plan_arn, &it.execution_id, true).await
        }
        MutatingCall::UpdateHealthCheck(change) => health_check::reconcile(site, change).await,
        MutatingCall::Publish(message) => Ok(message::reconcile(message)),
        MutatingCall::Invoke(invocation) => Ok(function::reconcile(invocation)),
        MutatingCall::UpdateRoutingControlStates(states) => routing::reconcile(site, states).await,
        MutatingCall::StartExecution(start) => execution::reconcile(site, start).await,
        MutatingCall::RedriveExecution(redrive) => execution::reconcile_redrive(site, redrive, confirmed_at).await,
        MutatingCall::StopExecution(stop) => execution::reconcile_stop(site, stop).await,
    }
}
