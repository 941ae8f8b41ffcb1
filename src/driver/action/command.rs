//! `ssm.run_command`: a command document on machines, followed machine by machine. AWS takes no token: ours stands in the comment.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::cloud::SiteClients;
use crate::domain::{
    Change, CommandCancellation, CommandSend, CommandTarget, Finding, MutatingCall, Problem, ProblemKind, Progress, ProgressPart,
};
use crate::plan::{RunCommand, Template};

use super::super::prepare::{AnswerWanted, Answering, Asking, Draft};
use super::{End, Following, Found, Look, PAGES};

/// How much of what a command printed is kept as an output, in characters.
const OUTPUT: usize = 500;

pub(super) fn prepare(asking: &Asking<'_>, run: &RunCommand) -> Result<Draft, Problem> {
    let document_name = asking.text(&run.document)?;
    let texts = |values: &[Template]| values.iter().map(|value| asking.text(value)).collect::<Result<Vec<_>, _>>();
    let instance_ids = texts(&run.instances)?;
    let mut targets = Vec::new();
    for (key, values) in &run.targets {
        targets.push(CommandTarget { key: key.clone(), values: texts(values)? });
    }
    let mut parameters = BTreeMap::new();
    for (name, values) in &run.parameters {
        parameters.insert(name.clone(), texts(values)?);
    }
    let machines = if instance_ids.is_empty() {
        targets.iter().map(|target| format!("{}={}", target.key, target.values.join(","))).collect::<Vec<_>>().join(" and ")
    } else {
        instance_ids.join(", ")
    };
    let changes = parameters
        .iter()
        .map(|(name, values)| Change { what: name.clone(), before: None, after: Some(values.join("\n")), why: None })
        .collect();
    let call = MutatingCall::SendCommand(CommandSend {
        document_name: document_name.clone(),
        document_version: run.version.clone(),
        instance_ids,
        targets,
        parameters,
        comment: format!("lifeboat {}", asking.token()),
    });
    let summary = format!("run {document_name} on {machines} in {}", asking.place.region);
    let findings = vec![Finding::warns("what a command does to a machine is not known here: read its parameters")];
    Ok(Draft { summary, call: Some(call), changes, findings, ..Draft::default() })
}

pub(super) async fn look(following: &Following<'_>) -> Result<Look, Problem> {
    let ssm = &following.site.ssm;
    let Some(command) = ssm.commands(Some(following.handle), None, 1).await?.into_iter().next() else {
        let message = format!("AWS knows no command {}", following.handle);
        return Err(Problem::new(ProblemKind::Missing, "Systems Manager ListCommands", message));
    };
    let invocations = ssm.invocations(following.handle, PAGES).await?;
    let parts = invocations.iter().map(|one| ProgressPart { name: one.instance.clone(), status: one.status.clone() }).collect();
    let ended_at = invocations.iter().filter_map(|one| one.ended_at).max();
    let (meant, done, failed) = command.counts;
    Ok(match command.status.as_str() {
        // A command that reached no machine has done nothing, whatever its status says.
        "Success" if meant == 0 && invocations.is_empty() => {
            let message = "no machine is managed that the command was meant for".to_owned();
            Look::Failed(Problem::new(ProblemKind::Missing, "Systems Manager SendCommand", message), None, None)
        }
        "Success" => {
            let mut end = End::default().with("command_id", following.handle);
            if let Some(first) = invocations.first() {
                end = end.with("output", first.output.trim().chars().take(OUTPUT).collect::<String>());
            }
            end.began_at = command.requested_at;
            end.ended_at = ended_at;
            Look::Done(Box::new(end))
        }
        "Failed" | "TimedOut" | "Cancelled" => {
            let worst = invocations.iter().find(|one| one.status != "Success");
            let said = worst.map(|one| {
                let output = one.output.trim().lines().last().unwrap_or_default();
                format!("{} {}: {output}", one.instance, one.details.as_deref().unwrap_or(&one.status))
            });
            let message = said.or(command.details).unwrap_or_else(|| "AWS gives no reason".into());
            let mut problem = Problem::new(ProblemKind::Invalid, format!("command {}", following.handle), message);
            problem.region = Some(following.site.region.clone());
            problem.code = Some(command.status);
            Look::Failed(problem, command.requested_at, ended_at)
        }
        status => {
            let doing = format!("{} {status}: {done} of {meant} machines, {failed} failed", command.document);
            Look::Running(Progress { doing, parts, ..Progress::default() })
        }
    })
}

/// Only a stop: a command asks nothing.
pub(super) fn answer(answering: &Answering<'_>, wanted: &AnswerWanted) -> Option<Draft> {
    (*wanted == AnswerWanted::Stop).then(|| Draft {
        summary: format!("cancel the command of {}; what it has done stays", answering.step.title),
        call: Some(MutatingCall::CancelCommand(CommandCancellation { command_id: answering.handle.to_owned() })),
        ..Draft::default()
    })
}

/// The command whose comment holds our token.
pub(super) async fn reconcile(site: &SiteClients, command: &CommandSend, confirmed_at: DateTime<Utc>) -> Result<Found, Problem> {
    let sent = site.ssm.commands(None, Some(confirmed_at - TimeDelta::minutes(2)), PAGES).await?;
    let ours = sent.into_iter().find(|sent| sent.comment.as_deref() == Some(&command.comment));
    Ok(ours.map_or(Found::MayBeSent, |sent| Found::TookEffect { handle: sent.id, aws_at: sent.requested_at }))
}

/// A cancellation took effect once the command no longer runs.
pub(super) async fn reconcile_cancel(site: &SiteClients, id: &str) -> Result<Found, Problem> {
    let found = site.ssm.commands(Some(id), None, 1).await?;
    let runs = found.first().is_some_and(|command| matches!(command.status.as_str(), "Pending" | "InProgress"));
    Ok(if runs { Found::MayBeSent } else { Found::TookEffect { handle: id.to_owned(), aws_at: None } })
}
