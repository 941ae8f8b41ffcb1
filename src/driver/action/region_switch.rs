//! `arc.region_switch`: an execution of a plan of Region switch, its steps as progress, its approvals and pauses answered here.

use chrono::{DateTime, TimeDelta, Utc};

use crate::cloud::{SiteClients, SwitchExecution};
use crate::domain::{
    Change, Finding, MutatingCall, PlanExecutionCancellation, PlanExecutionStart, PlanExecutionUpdate, PlanStepApproval, Problem,
    ProblemKind, Progress, ProgressPart,
};
use crate::plan::RegionSwitchStart;

use super::super::prepare::{AnswerWanted, Answering, Asking, Draft};
use super::{End, Following, Found, Look, PAGES};

/// Before the confirmation by our clock something may have begun by AWS's.
const SKEW: TimeDelta = TimeDelta::minutes(2);

pub(super) async fn prepare(asking: &Asking<'_>, switch: &RegionSwitchStart) -> Result<Draft, Problem> {
    let plan_arn = asking.text(&switch.plan)?;
    let target_region = match &switch.region {
        Some(region) => asking.text(region)?,
        None => asking.place.region.to_string(),
    };
    let mut findings = Vec::new();
    let found = asking.site.region_switch.plan(&plan_arn).await?;
    let name = found.as_ref().map_or_else(|| plan_arn.clone(), |plan| plan.name.clone());
    findings.push(match &found {
        None => Finding::blocks(format!("{} knows no plan {plan_arn}", asking.place.region)),
        Some(plan) if !plan.regions.contains(&target_region) => {
            Finding::blocks(format!("the plan {name} is for {}, not for {target_region}", plan.regions.join(" and ")))
        }
        Some(plan) => Finding::good(format!("the plan {name} switches between {}", plan.regions.join(" and "))),
    });
    if found.is_some() {
        let running = asking.site.region_switch.executions(&plan_arn, 1).await?;
        if let Some(running) = running.iter().find(|execution| execution.ended_at.is_none()) {
            // Our own, after a lost answer, has our token in its comment.
            let ours = running.comment.as_deref().is_some_and(|comment| comment.contains(&asking.token()));
            if !ours {
                findings.push(Finding::blocks(format!("the execution {} of it is {}", running.id, running.state)));
            }
        }
    }
    let (action, mode) =
        (if switch.deactivates { "deactivate" } else { "activate" }, if switch.ungraceful { "ungraceful" } else { "graceful" });
    let comment = format!("lifeboat {} {}", asking.incident_id, asking.token());
    let summary = format!("execute the Region switch plan {name}: {action} {target_region}, {mode}");
    let changes = vec![Change {
        what: format!("Region switch plan {name}"),
        before: None,
        after: Some(format!("{action} {target_region}")),
        why: None,
    }];
    let (action, mode, client_token) = (action.to_owned(), mode.to_owned(), asking.token());
    let start = PlanExecutionStart { plan_arn, target_region, action, mode, comment, client_token };
    Ok(Draft { summary, call: Some(MutatingCall::StartPlanExecution(start)), changes, findings, ..Draft::default() })
}

fn plan_of(call: Option<&MutatingCall>) -> Result<&str, Problem> {
    match call {
        Some(MutatingCall::StartPlanExecution(start)) => Ok(&start.plan_arn),
        _ => Err(Problem::new(ProblemKind::Invalid, "Region switch", "the confirmation holds no execution")),
    }
}

pub(super) async fn look(following: &Following<'_>) -> Result<Look, Problem> {
    let plan = plan_of(following.confirmed.call.as_ref())?;
    let execution = following.site.region_switch.execution(plan, following.handle, PAGES).await?;
    Ok(match execution.state.as_str() {
        "completed" | "completedWithExceptions" => {
            let mut end = End::default().with("execution_id", following.handle);
            if let Some(time) = &execution.recovery_time {
                end = end.with("recovery_time", time);
            }
            if execution.state != "completed" {
                end.note = Some(format!("Region switch ended as {}: some of its steps were skipped", execution.state));
            }
            (end.began_at, end.ended_at) = (execution.started_at, execution.ended_at);
            Look::Done(Box::new(end))
        }
        "failed" | "canceled" | "planExecutionTimedOut" => {
            let steps = in_state(&execution, &["failed", "canceled"]);
            let message = format!("the execution ended as {}{}", execution.state, steps);
            let mut problem = Problem::new(ProblemKind::Invalid, "Region switch execution", message);
            problem.region = Some(following.site.region.clone());
            problem.code = Some(execution.state.clone());
            Look::Failed(problem, execution.started_at, execution.ended_at)
        }
        _ => Look::Running(progress(&execution)),
    })
}

fn in_state(execution: &SwitchExecution, states: &[&str]) -> String {
    let names: Vec<&str> =
        execution.steps.iter().filter(|(_, status)| states.contains(&status.as_str())).map(|(name, _)| name.as_str()).collect();
    if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) }
}

fn progress(execution: &SwitchExecution) -> Progress {
    let done = execution.steps.iter().filter(|(_, status)| matches!(status.as_str(), "completed" | "skipped")).count();
    let percent = (!execution.steps.is_empty()).then(|| u8::try_from(done * 100 / execution.steps.len()).unwrap_or(100));
    let asks = match execution.state.as_str() {
        "pendingManualApproval" => {
            Some(format!("Region switch waits for an approval{}", in_state(execution, &["pendingApproval"])))
        }
        "pausedByFailedStep" => {
            let failed = in_state(execution, &["failed"]);
            Some(format!("a step failed{failed}; approve to try it again, reject to cancel the execution"))
        }
        "pausedByOperator" => Some("paused by an operator; approve to go on, reject to cancel the execution".to_owned()),
        _ => None,
    };
    let doing = match execution.state.as_str() {
        "completedMonitoringApplicationHealth" => "its steps are done; Region switch watches the application's health".to_owned(),
        state => format!("{state}{}", in_state(execution, &["running"])),
    };
    let parts =
        execution.steps.iter().map(|(name, status)| ProgressPart { name: name.clone(), status: status.clone() }).collect();
    Progress { percent, doing, parts, asks }
}

pub(super) async fn answer(answering: &Answering<'_>, wanted: &AnswerWanted) -> Result<Option<Draft>, Problem> {
    let plan_arn = plan_of(answering.started)?.to_owned();
    let execution_id = answering.handle.to_owned();
    let title = &answering.step.title;
    let execution = answering.site.region_switch.execution(&plan_arn, &execution_id, PAGES).await?;
    let comment = match wanted {
        AnswerWanted::Signal { comment, .. } => comment.clone(),
        AnswerWanted::Stop => format!("stopped from lifeboat, step {}", answering.step.id),
    };
    let approves = matches!(wanted, AnswerWanted::Signal { signal, .. } if signal == "Approve");
    let waiting = execution.steps.iter().find(|(_, status)| status == "pendingApproval").map(|(name, _)| name.clone());
    let what = format!("execution {execution_id}");
    let (summary, call) = match (wanted, waiting) {
        (AnswerWanted::Signal { .. }, Some(step_name)) => {
            let approval = if approves { "approve" } else { "decline" };
            let summary = format!("{approval} the step {step_name} of {title}");
            let approval = approval.to_owned();
            (
                summary,
                MutatingCall::ApprovePlanExecutionStep(PlanStepApproval { plan_arn, execution_id, step_name, approval, comment }),
            )
        }
        (AnswerWanted::Signal { .. }, None) if approves && execution.state.starts_with("paused") => {
            let action = "resume".to_owned();
            let update = PlanExecutionUpdate { plan_arn, execution_id, action, comment };
            (format!("resume {title}: what failed is tried again"), MutatingCall::UpdatePlanExecution(update))
        }
        (AnswerWanted::Signal { .. }, None) if approves => {
            let message = format!("the execution is {} and asks nothing (any more)", execution.state);
            return Err(Problem::new(ProblemKind::Missing, format!("answer {}", answering.step.id), message));
        }
        _ => {
            let cancellation = PlanExecutionCancellation { plan_arn, execution_id, comment };
            (format!("cancel {title}; what it has switched stays"), MutatingCall::CancelPlanExecution(cancellation))
        }
    };
    let changes = vec![Change { what, before: Some(execution.state), after: None, why: None }];
    Ok(Some(Draft { summary, call: Some(call), changes, ..Draft::default() }))
}

/// The execution whose comment holds our token.
pub(super) async fn reconcile(
    site: &SiteClients,
    start: &PlanExecutionStart,
    confirmed_at: DateTime<Utc>,
) -> Result<Found, Problem> {
    let found = site.region_switch.executions(&start.plan_arn, PAGES).await?;
    let since = confirmed_at - SKEW;
    let ours =
        |one: &SwitchExecution| one.comment.as_ref() == Some(&start.comment) && one.started_at.is_none_or(|at| at >= since);
    Ok(match found.into_iter().find(ours) {
        Some(execution) => Found::TookEffect { handle: execution.id, aws_at: execution.started_at },
        None => Found::MayBeSent,
    })
}

/// An approval took effect once the step no longer waits for it.
pub(super) async fn reconcile_approval(site: &SiteClients, approval: &PlanStepApproval) -> Result<Found, Problem> {
    let execution = site.region_switch.execution(&approval.plan_arn, &approval.execution_id, PAGES).await?;
    let waits = execution.steps.iter().any(|(name, status)| *name == approval.step_name && status == "pendingApproval");
    Ok(if waits { Found::MayBeSent } else { Found::TookEffect { handle: approval.execution_id.clone(), aws_at: None } })
}

/// A resumption took effect once the execution is no longer paused; a cancellation once it is over.
pub(super) async fn reconcile_steering(site: &SiteClients, plan: &str, id: &str, cancels: bool) -> Result<Found, Problem> {
    let execution = site.region_switch.execution(plan, id, PAGES).await?;
    let open = if cancels {
        execution.ended_at.is_none() && execution.state != "canceled"
    } else {
        execution.state.starts_with("paused")
    };
    Ok(if open { Found::MayBeSent } else { Found::TookEffect { handle: id.to_owned(), aws_at: None } })
}
