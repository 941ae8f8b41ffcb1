//! `stepfunctions.execute`: an execution of a standard workflow, its states as progress; a failed one goes on from the state that failed.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::cloud::{Execution, SiteClients, StatePassed};
use crate::domain::{
    Change, Finding, MutatingCall, Problem, ProblemKind, Progress, ProgressPart, StateMachineRedrive, StateMachineStart,
    StateMachineStop,
};
use crate::plan::StateMachineExecute;

use super::super::prepare::{AnswerWanted, Answering, Asking, Draft};
use super::function::{cut, outputs};
use super::{End, Following, Found, Look};

/// Before the confirmation by our clock something may have begun by AWS's.
const SKEW: TimeDelta = TimeDelta::minutes(2);

pub(super) async fn prepare(asking: &Asking<'_>, execute: &StateMachineExecute) -> Result<Draft, Problem> {
    let state_machine_arn = asking.text(&execute.state_machine)?;
    let region = &asking.place.region;
    let mut findings = Vec::new();
    let name = state_machine_arn.rsplit(':').next().unwrap_or_default().to_owned();
    findings.push(match asking.site.step_functions.state_machine(&state_machine_arn).await? {
        None => Finding::blocks(format!("there is no state machine {state_machine_arn} in {region}")),
        Some(machine) if machine.kind != "STANDARD" => {
            let text =
                format!("{name} is a workflow of type {}, whose executions cannot be followed or found again", machine.kind);
            Finding::blocks(text)
        }
        Some(machine) if machine.status != "ACTIVE" => Finding::blocks(format!("the state machine {name} is {}", machine.status)),
        Some(_) => Finding::good(format!("the state machine {name} is there in {region}")),
    });
    if !execute.starts_over
        && let Some(draft) = redrive(asking, &name, &mut findings).await?
    {
        return Ok(Draft { findings, ..draft });
    }
    let input = asking.json(&execute.input)?.to_string();
    let changes = vec![Change { what: "input".into(), before: None, after: Some(input.clone()), why: None }];
    let call = Some(MutatingCall::StartExecution(StateMachineStart { state_machine_arn, name: asking.token(), input }));
    Ok(Draft { summary: format!("start an execution of {name} in {region}"), call, changes, findings, ..Draft::default() })
}

/// The failed execution of an earlier attempt goes on from the state that failed, where Step Functions can.
async fn redrive(asking: &Asking<'_>, name: &str, findings: &mut Vec<Finding>) -> Result<Option<Draft>, Problem> {
    let earlier = asking.incident.steps.get(&asking.step.id).into_iter().flat_map(|record| &record.attempts);
    let earlier =
        earlier.filter(|attempt| attempt.number < asking.attempt).filter_map(|attempt| attempt.answered.as_ref()).next_back();
    let Some(execution_arn) = earlier.map(|answered| answered.handle.clone()) else { return Ok(None) };
    let Some(execution) = asking.site.step_functions.execution(&execution_arn).await? else { return Ok(None) };
    // Once it was sent it runs again: the confirmation holds then too.
    let redriven = execution.redriven_at.is_some() && execution.status == "RUNNING";
    if execution.redrive.as_deref() != Some("REDRIVABLE") && !redriven {
        let why = execution.redrive_reason.unwrap_or_else(|| format!("it is {}", execution.status));
        findings.push(Finding::warns(format!("the execution before cannot be redriven ({why}): a new one is started")));
        return Ok(None);
    }
    let states = asking.site.step_functions.states(&execution_arn).await?;
    let from =
        states.iter().rev().find(|state| state.status == "failed").map_or("the state that failed", |state| state.name.as_str());
    findings.push(Finding::good("the states that succeeded are not run again"));
    let what = format!("execution {}", execution_arn.rsplit(':').next().unwrap_or_default());
    let changes = vec![Change { what, before: Some(execution.status), after: Some(format!("goes on at {from}")), why: None }];
    let summary = format!("redrive the failed execution of {name} from {from}");
    let call = MutatingCall::RedriveExecution(StateMachineRedrive { execution_arn, client_token: asking.token() });
    Ok(Some(Draft { summary, call: Some(call), changes, ..Draft::default() }))
}

pub(super) async fn look(following: &Following<'_>) -> Result<Look, Problem> {
    let step_functions = &following.site.step_functions;
    let Some(execution) = step_functions.execution(following.handle).await? else {
        let message = format!("AWS knows no execution {}", following.handle);
        return Err(Problem::new(ProblemKind::Missing, "Step Functions DescribeExecution", message));
    };
    let began_at = execution.redriven_at.or(execution.started_at);
    Ok(match execution.status.as_str() {
        "SUCCEEDED" => {
            let output = execution.output.unwrap_or_default();
            let result: Value = serde_json::from_str(&output).unwrap_or_default();
            let end = End::default().with("execution_arn", following.handle).with("output", cut(&output));
            let mut end = outputs(end, &result);
            (end.began_at, end.ended_at) = (began_at, execution.stopped_at);
            Look::Done(Box::new(end))
        }
        "FAILED" | "TIMED_OUT" | "ABORTED" => {
            let states = step_functions.states(following.handle).await.unwrap_or_default();
            Look::Failed(failure(following, &execution, &states), began_at, execution.stopped_at)
        }
        status => Look::Running(progress(status, step_functions.states(following.handle).await?)),
    })
}

fn failure(following: &Following<'_>, execution: &Execution, states: &[StatePassed]) -> Problem {
    let at = states.iter().rev().find(|state| state.status == "failed").map(|state| format!(" in the state {}", state.name));
    let error = execution.error.as_deref().unwrap_or("no error is named");
    let cause = execution.cause.as_deref().map(|cause| format!(": {}", cut(cause))).unwrap_or_default();
    let repair = if execution.redrive.as_deref() == Some("REDRIVABLE") { ". A retry goes on from there" } else { "" };
    let message = format!("{}{}: {error}{cause}{repair}", execution.status, at.unwrap_or_default());
    let mut problem = Problem::new(ProblemKind::Invalid, "Step Functions execution", message);
    problem.region = Some(following.site.region.clone());
    problem.code = Some(execution.status.clone());
    problem
}

fn progress(status: &str, states: Vec<StatePassed>) -> Progress {
    let runs: Vec<&str> = states.iter().filter(|state| state.status == "runs").map(|state| state.name.as_str()).collect();
    let doing = if runs.is_empty() { status.to_owned() } else { format!("{status}: {}", runs.join(", ")) };
    let parts = states.into_iter().map(|state| ProgressPart { name: state.name, status: state.status }).collect();
    Progress { doing, parts, ..Progress::default() }
}

/// Only a stop: what a state waits for is answered by whoever has its task token.
pub(super) fn answer(answering: &Answering<'_>, wanted: &AnswerWanted) -> Option<Draft> {
    let cause = format!("stopped from lifeboat, step {}", answering.step.id);
    (*wanted == AnswerWanted::Stop).then(|| Draft {
        summary: format!("stop the execution of {}; what it has done stays", answering.step.title),
        call: Some(MutatingCall::StopExecution(StateMachineStop { execution_arn: answering.handle.to_owned(), cause })),
        ..Draft::default()
    })
}

/// The execution's name is our token.
pub(super) async fn reconcile(site: &SiteClients, start: &StateMachineStart) -> Result<Found, Problem> {
    let handle = start.execution_arn();
    Ok(match site.step_functions.execution(&handle).await? {
        Some(execution) => Found::TookEffect { handle, aws_at: execution.started_at },
        None => Found::MayBeSent,
    })
}

/// It took effect if the execution was redriven since the confirmation.
pub(super) async fn reconcile_redrive(
    site: &SiteClients,
    redrive: &StateMachineRedrive,
    confirmed_at: DateTime<Utc>,
) -> Result<Found, Problem> {
    let found = site.step_functions.execution(&redrive.execution_arn).await?;
    let redriven_at = found.and_then(|execution| execution.redriven_at).filter(|at| *at >= confirmed_at - SKEW);
    Ok(match redriven_at {
        Some(at) => Found::TookEffect { handle: redrive.execution_arn.clone(), aws_at: Some(at) },
        None => Found::MayBeSent,
    })
}

/// A stop took effect once the execution no longer runs.
pub(super) async fn reconcile_stop(site: &SiteClients, stop: &StateMachineStop) -> Result<Found, Problem> {
    let found = site.step_functions.execution(&stop.execution_arn).await?;
    let runs = found.is_some_and(|execution| matches!(execution.status.as_str(), "RUNNING" | "PENDING_REDRIVE"));
    Ok(if runs { Found::MayBeSent } else { Found::TookEffect { handle: stop.execution_arn.clone(), aws_at: None } })
}
