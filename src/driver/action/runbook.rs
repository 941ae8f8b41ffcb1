//! `ssm.automation`: a runbook, its steps as progress, its approvals answered in the wizard.

use std::collections::BTreeMap;

use crate::cloud::Automation;
use crate::domain::{
    AutomationSignal, Change, MutatingCall, Problem, ProblemKind, Progress, ProgressPart, RunbookStart, RunbookStop,
};
use crate::plan::Action;

use super::super::prepare::{AnswerWanted, Answering, Asking, Draft};
use super::{End, Following, Found, Look};
use crate::cloud::SiteClients;

pub(super) fn prepare(asking: &Asking<'_>) -> Result<Draft, Problem> {
    let Action::SsmAutomation { document, version, parameters } = &asking.step.action else { return Ok(Draft::default()) };
    let document_name = asking.text(document)?;
    let mut resolved = BTreeMap::new();
    for (name, values) in parameters {
        let values: Result<Vec<String>, Problem> = values.iter().map(|value| asking.text(value)).collect();
        resolved.insert(name.clone(), values?);
    }
    let summary = format!("start the runbook {document_name} in {}", asking.place.region);
    let call = MutatingCall::StartAutomationExecution(RunbookStart {
        document_name,
        document_version: version.clone(),
        parameters: resolved,
        client_token: asking.token(),
    });
    Ok(Draft { summary, call: Some(call), ..Draft::default() })
}

pub(super) async fn look(following: &Following<'_>) -> Result<Look, Problem> {
    let automation = following.site.ssm.automation(following.handle).await?;
    Ok(match automation.status.as_str() {
        "Success" | "CompletedWithSuccess" => {
            let mut end = End::default().with("automation_execution_id", following.handle);
            end.began_at = automation.started_at;
            end.ended_at = automation.ended_at;
            for (name, values) in &automation.outputs {
                end = end.with(name, values.join(","));
            }
            Look::Done(Box::new(end))
        }
        // The terminal states of the SSM user guide; branches that were not taken stay Pending for ever and are not waited for.
        "Failed" | "TimedOut" | "Cancelled" | "Rejected" | "CompletedWithFailure" | "Exited" => {
            let message = automation.failure.clone().unwrap_or_else(|| format!("the runbook ended as {}", automation.status));
            let mut problem = Problem::new(ProblemKind::Invalid, "Systems Manager GetAutomationExecution", message);
            problem.region = Some(following.site.region.clone());
            problem.code = Some(automation.status.clone());
            Look::Failed(problem, automation.started_at, automation.ended_at)
        }
        _ => Look::Running(progress(&automation)),
    })
}

/// An approval, a rejection, a resumption; or the stop of the execution.
pub(super) fn answer(answering: &Answering<'_>, wanted: &AnswerWanted) -> Draft {
    let (execution, title) = (answering.handle.to_owned(), &answering.step.title);
    let (call, summary) = match wanted {
        AnswerWanted::Signal { signal, comment } => (
            MutatingCall::SendAutomationSignal(AutomationSignal {
                automation_execution_id: execution.clone(),
                signal_type: signal.clone(),
                payload: BTreeMap::from([("Comment".to_owned(), vec![comment.clone()])]),
            }),
            format!("{signal} what the runbook {title} asks"),
        ),
        AnswerWanted::Stop => (
            MutatingCall::StopAutomationExecution(RunbookStop {
                automation_execution_id: execution.clone(),
                kind: "Cancel".into(),
            }),
            format!("stop the runbook {title}"),
        ),
    };
    let after = match wanted {
        AnswerWanted::Signal { signal, .. } => format!("is told {signal}"),
        AnswerWanted::Stop => "is stopped".to_owned(),
    };
    let changes = vec![Change { what: execution, before: Some("waits".into()), after: Some(after), why: None }];
    Draft { summary, call: Some(call), changes, ..Draft::default() }
}

fn progress(automation: &Automation) -> Progress {
    let parts: Vec<ProgressPart> =
        automation.steps.iter().map(|step| ProgressPart { name: step.name.clone(), status: step.status.clone() }).collect();
    let done = automation.steps.iter().filter(|step| step.status == "Success").count();
    let percent = (!parts.is_empty()).then(|| u8::try_from(done * 100 / parts.len()).unwrap_or(100));
    let asks = automation.waits_for.as_ref().map(|wait| match &wait.message {
        Some(message) => format!("{} waits for an answer: {message}", wait.step),
        None => format!("{} waits for an answer", wait.step),
    });
    Progress { percent, doing: automation.status.clone(), parts, asks }
}

/// A signal took effect if the runbook no longer waits.
pub(super) async fn reconcile_signal(site: &SiteClients, signal: &AutomationSignal) -> Result<Found, Problem> {
    let automation = site.ssm.automation(&signal.automation_execution_id).await?;
    Ok(if automation.waits_for.is_some() {
        Found::MayBeSent
    } else {
        Found::TookEffect { handle: signal.automation_execution_id.clone(), aws_at: None }
    })
}

/// A stop took effect if the runbook is stopping or has stopped.
pub(super) async fn reconcile_stop(site: &SiteClients, stop: &RunbookStop) -> Result<Found, Problem> {
    let automation = site.ssm.automation(&stop.automation_execution_id).await?;
    let runs = matches!(automation.status.as_str(), "Pending" | "InProgress" | "Waiting" | "PendingApproval");
    Ok(if runs { Found::MayBeSent } else { Found::TookEffect { handle: stop.automation_execution_id.clone(), aws_at: None } })
}
