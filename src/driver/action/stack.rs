//! `cloudformation.deploy`: a change set is made and shown, a person confirms its execution, the stack's events are the progress.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::cloud::{ChangeSet, SiteClients, Stack, StackEvent};
use crate::domain::{
    Change, ChangeSetCreation, ChangeSetDeletion, ChangeSetExecution, Finding, MutatingCall, Problem, ProblemKind, Progress,
    ProgressPart, StackParameter, StackUpdateCancellation,
};
use crate::plan::StackDeploy;

use super::super::prepare::{AnswerWanted, Answering, Asking, Draft};
use super::{End, Following, Found, Look, PAGES};

/// The longest template that a call may carry, in bytes (CloudFormation quotas).
const BODY_LIMIT: usize = 51_200;
/// The parameter by which a synthesised stack names the bootstrap of its account and Region (AWS CDK guide, "Bootstrapping").
const CDK_BOOTSTRAP: &str = "BootstrapVersion";

pub(super) async fn prepare(asking: &Asking<'_>, deploy: &StackDeploy) -> Result<Draft, Problem> {
    let stack_name = asking.text(&deploy.stack)?;
    let mut findings = Vec::new();
    let template_body = deploy.template.as_deref().map(|file| read_template(asking, file, &mut findings)).transpose()?;
    if let Some(body) = &template_body {
        findings.extend(bootstrap(asking, body).await?);
    }
    let template_url = deploy.template_url.as_ref().map(|url| asking.text(url)).transpose()?;
    let parameters = parameters(asking, deploy, &mut findings).await?;
    let stack = asking.site.cloudformation.stack(&stack_name).await?;
    let update = stack.as_ref().is_some_and(|stack| stack.status != "REVIEW_IN_PROGRESS");
    findings.push(match &stack {
        None => Finding::good(format!("there is no stack {stack_name} in {}: it would be created", asking.place.region)),
        Some(stack) => ready(stack),
    });
    let token = asking.token();
    let change_set_name = format!("lifeboat-{token}");
    let before = stack.as_ref().map(|stack| stack.status.clone());
    let what = format!("stack {stack_name}");
    let mut changes = vec![Change {
        what,
        before,
        after: Some(format!("change set {change_set_name}, shown before it is executed")),
        why: None,
    }];
    for parameter in &parameters {
        let what = format!("parameter {}", parameter.parameter_key);
        changes.push(Change { what, before: None, after: Some(parameter.parameter_value.clone()), why: None });
    }
    let call = MutatingCall::CreateChangeSet(ChangeSetCreation {
        stack_name: stack_name.clone(),
        change_set_name,
        change_set_type: if update { "UPDATE" } else { "CREATE" }.to_owned(),
        template_body,
        template_url,
        parameters,
        capabilities: deploy.capabilities.clone(),
        role_arn: deploy.role_arn.as_ref().map(|role| asking.text(role)).transpose()?,
        client_token: token,
    });
    let summary = format!(
        "make a change set that would {} the stack {stack_name} in {}; it is shown, and executed only after another yes",
        if update { "update" } else { "create" },
        asking.place.region
    );
    Ok(Draft { summary, call: Some(call), changes, findings, ..Draft::default() })
}

/// The template's text, from the plan's folder on.
fn read_template(asking: &Asking<'_>, file: &str, findings: &mut Vec<Finding>) -> Result<String, Problem> {
    let path = Path::new(&asking.plan.path).parent().unwrap_or(Path::new("")).join(file);
    let body = std::fs::read_to_string(&path).map_err(|error| {
        let message = format!("the template {} cannot be read: {error}", path.display());
        Problem::new(ProblemKind::Missing, format!("prepare {}", asking.step.id), message)
    })?;
    if body.len() > BODY_LIMIT {
        let text = format!(
            "the template has {} bytes, and a call takes {BODY_LIMIT}: put it into S3 in the recovery Region and give `template_url`",
            body.len()
        );
        findings.push(Finding::blocks(text));
    }
    Ok(body)
}

/// A synthesised stack needs the CDK's bootstrap of this account and Region.
async fn bootstrap(asking: &Asking<'_>, body: &str) -> Result<Option<Finding>, Problem> {
    let template: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let Some(name) = template["Parameters"][CDK_BOOTSTRAP]["Default"].as_str() else { return Ok(None) };
    Ok(Some(match asking.site.ssm.parameter(name).await? {
        Some(version) => Finding::good(format!("{} is bootstrapped for the CDK, version {version}", asking.place.region)),
        None => {
            let text = format!("{} is not bootstrapped for the CDK: there is no {name} (`cdk bootstrap`)", asking.place.region);
            Finding::blocks(text)
        }
    }))
}

async fn parameters(
    asking: &Asking<'_>,
    deploy: &StackDeploy,
    findings: &mut Vec<Finding>,
) -> Result<Vec<StackParameter>, Problem> {
    let mut values = BTreeMap::new();
    for (name, template) in &deploy.parameters {
        values.insert(name.clone(), asking.text(template)?);
    }
    for (name, template) in &deploy.from_parameter_store {
        let place = asking.text(template)?;
        match asking.site.ssm.parameter(&place).await? {
            Some(value) => {
                findings.push(Finding::good(format!("{name} is {value}, from {place} in {}", asking.place.region)));
                values.insert(name.clone(), value);
            }
            None => findings.push(Finding::blocks(format!("{name}: there is no {place} in {}", asking.place.region))),
        }
    }
    Ok(values.into_iter().map(|(parameter_key, parameter_value)| StackParameter { parameter_key, parameter_value }).collect())
}

/// Can a change set be made for a stack in this status?
fn ready(stack: &Stack) -> Finding {
    let Stack { name, status, .. } = stack;
    match status.as_str() {
        "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" | "DELETE_FAILED" => {
            Finding::blocks(format!("the stack {name} is {status}: it can only be deleted, then made anew"))
        }
        "UPDATE_ROLLBACK_FAILED" => {
            Finding::blocks(format!("the stack {name} is {status}: ContinueUpdateRollback has to bring it back first"))
        }
        "REVIEW_IN_PROGRESS" => Finding::good(format!("the stack {name} is only a name yet ({status})")),
        busy if busy.ends_with("_IN_PROGRESS") => {
            Finding::blocks(format!("the stack {name} is {status}: somebody else is at work on it"))
        }
        status => Finding::good(format!("the stack {name} is {status}")),
    }
}

/// Approve executes what was shown; Reject takes the change set away; Stop ends what has begun.
pub(super) async fn answer(answering: &Answering<'_>, wanted: &AnswerWanted) -> Result<Option<Draft>, Problem> {
    let missing = |message: &str| Problem::new(ProblemKind::Missing, format!("answer {}", answering.step.id), message);
    let found = answering.site.cloudformation.change_set(answering.handle, None).await?;
    let waits = found.as_ref().filter(|set| set.execution == "AVAILABLE");
    let token = answering.token();
    Ok(Some(match (wanted, waits) {
        (AnswerWanted::Signal { signal, .. }, Some(set)) if signal == "Approve" => Draft {
            summary: format!("execute the change set {}: {}", set.name, counted(set)),
            call: Some(MutatingCall::ExecuteChangeSet(ChangeSetExecution {
                change_set_name: set.id.clone(),
                client_request_token: token,
            })),
            changes: set.changes.iter().map(change).collect(),
            findings: replaced(set),
            strength: Some(answering.step.strength.clone()),
        },
        (_, Some(set)) => Draft {
            summary: format!("delete the change set {}: nothing is changed", set.name),
            call: Some(MutatingCall::DeleteChangeSet(ChangeSetDeletion { change_set_name: set.id.clone() })),
            ..Draft::default()
        },
        (AnswerWanted::Stop, None) => {
            let stack_id = found.as_ref().map(|set| set.stack_id.as_str()).unwrap_or_default();
            let stack = answering.site.cloudformation.stack(stack_id).await?.ok_or_else(|| missing("the stack is gone"))?;
            if stack.status != "UPDATE_IN_PROGRESS" {
                return Err(missing(&format!("the stack is {}: only an update can be cancelled", stack.status)));
            }
            Draft {
                summary: format!("cancel the update of {}: CloudFormation rolls it back", stack.name),
                call: Some(MutatingCall::CancelUpdateStack(StackUpdateCancellation {
                    stack_name: stack.id,
                    client_request_token: format!("{token}-cancel"),
                })),
                ..Draft::default()
            }
        }
        _ => return Err(missing("the change set does not wait for an answer (any more)")),
    }))
}

fn counted(set: &ChangeSet) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for change in &set.changes {
        *counts.entry(&change.action).or_default() += 1;
    }
    let parts: Vec<String> = counts.iter().map(|(action, count)| format!("{action} {count}")).collect();
    if parts.is_empty() { "no changes".to_owned() } else { parts.join(", ") }
}

fn change(change: &crate::cloud::ResourceChange) -> Change {
    let there = change.physical_id.clone().unwrap_or_else(|| "there".into());
    let (before, after) = match change.action.as_str() {
        "Add" | "Import" => (None, Some(change.action.clone())),
        "Remove" => (Some(there), None),
        _ => (Some(there), Some(change.action.clone())),
    };
    let why = change.replacement.as_ref().filter(|it| *it != "False").map(|it| format!("replaced by a new one: {it}"));
    Change { what: format!("{} {}", change.logical_id, change.resource_type), before, after, why }
}

fn replaced(set: &ChangeSet) -> Vec<Finding> {
    let lost = |change: &&crate::cloud::ResourceChange| {
        change.action == "Remove" || change.replacement.as_deref().is_some_and(|it| it != "False")
    };
    let names: Vec<&str> = set.changes.iter().filter(lost).map(|change| change.logical_id.as_str()).collect();
    let mut findings = Vec::new();
    if !names.is_empty() {
        findings.push(Finding::warns(format!("removed or replaced, with the data in it: {}", names.join(", "))));
    }
    findings
}

pub(super) async fn look(following: &Following<'_>) -> Result<Look, Problem> {
    let Some(MutatingCall::CreateChangeSet(creation)) = &following.confirmed.call else {
        return adopted(following).await;
    };
    let set = following.site.cloudformation.change_set(following.handle, None).await?;
    if let Some(set) = &set {
        match (set.status.as_str(), set.execution.as_str()) {
            ("FAILED", _) => return Ok(no_change_set(following, set)),
            ("CREATE_COMPLETE", "AVAILABLE") => return Ok(Look::Running(shown(set))),
            (_, "OBSOLETE") => {
                let message = "the stack was changed since: make a new change set";
                return Ok(failed(following, ProblemKind::Drift, "OBSOLETE", message.to_owned(), None));
            }
            (status, "UNAVAILABLE") if status.starts_with("CREATE_") => {
                let doing = format!("CloudFormation works out what would change: {status}");
                return Ok(Look::Running(Progress { doing, ..Progress::default() }));
            }
            _ => {}
        }
    }
    let stack = set.as_ref().map_or(creation.stack_name.as_str(), |set| set.stack_id.as_str());
    let Some(stack) = following.site.cloudformation.stack(stack).await? else {
        let message = "the stack and its change set are gone".to_owned();
        return Ok(failed(following, ProblemKind::Missing, "DELETE_COMPLETE", message, None));
    };
    // Without its change set only a stack that has changed since tells that it was executed.
    let touched = stack.updated_at.or(stack.created_at).is_some_and(|at| at >= following.since);
    if set.is_none() && (stack.status == "REVIEW_IN_PROGRESS" || !touched) {
        let message = "the change set was deleted: nothing was changed".to_owned();
        return Ok(failed(following, ProblemKind::Missing, "DELETE_COMPLETE", message, None));
    }
    let since = set.as_ref().and_then(|set| set.created_at).unwrap_or(following.since);
    let events = following.site.cloudformation.events(&stack.id, since, PAGES).await?;
    Ok(of_stack(following, &stack, &events))
}

/// A stack operation, or a change set, that no call of this attempt began.
async fn adopted(following: &Following<'_>) -> Result<Look, Problem> {
    let mut stack = following.handle.to_owned();
    if stack.contains(":changeSet/") {
        match following.site.cloudformation.change_set(following.handle, None).await? {
            Some(set) if set.execution == "AVAILABLE" => return Ok(Look::Running(shown(&set))),
            Some(set) if set.status.starts_with("CREATE_") && set.execution == "UNAVAILABLE" => {
                let doing = format!("CloudFormation works out what would change: {}", set.status);
                return Ok(Look::Running(Progress { doing, ..Progress::default() }));
            }
            Some(set) => stack = set.stack_id,
            None => {
                let message = "the change set is gone: see what became of its stack".to_owned();
                return Ok(failed(following, ProblemKind::Missing, "DELETE_COMPLETE", message, None));
            }
        }
    }
    let Some(stack) = following.site.cloudformation.stack(&stack).await? else {
        return Ok(failed(following, ProblemKind::Missing, "DELETE_COMPLETE", "the stack is gone".to_owned(), None));
    };
    let events = following.site.cloudformation.events(&stack.id, following.since, PAGES).await?;
    Ok(of_stack(following, &stack, &events))
}

/// A change set that changes nothing fails too, and is no failure: the stack is as it is to be.
fn no_change_set(following: &Following<'_>, set: &ChangeSet) -> Look {
    let reason = set.reason.clone().unwrap_or_else(|| "CloudFormation gives no reason".into());
    let empty = ["didn't contain changes", "No updates are to be performed"].iter().any(|text| reason.contains(text));
    if empty {
        let mut end = End::default().with("stack_id", set.stack_id.clone());
        end.note = Some("the stack is as the template has it: there was nothing to change".to_owned());
        return Look::Done(Box::new(end));
    }
    failed(following, ProblemKind::Invalid, "FAILED", reason, None)
}

fn shown(set: &ChangeSet) -> Progress {
    let part = |change: &crate::cloud::ResourceChange| ProgressPart {
        name: format!("{} {}", change.logical_id, change.resource_type),
        status: match change.replacement.as_deref() {
            Some("True") => format!("{}, replaced", change.action),
            Some("Conditional") => format!("{}, perhaps replaced", change.action),
            _ => change.action.clone(),
        },
    };
    Progress {
        percent: None,
        doing: "the change set is ready".to_owned(),
        parts: set.changes.iter().map(part).collect(),
        asks: Some(format!("execute the change set? {}", counted(set))),
    }
}

fn of_stack(following: &Following<'_>, stack: &Stack, events: &[StackEvent]) -> Look {
    // The last status of each resource, in the order in which they were begun.
    let mut parts: Vec<ProgressPart> = Vec::new();
    for event in events.iter().filter(|event| event.logical_id != stack.name) {
        let status = event.status.clone();
        match parts.iter_mut().find(|part| part.name == event.logical_id) {
            Some(part) => part.status = status,
            None => parts.push(ProgressPart { name: event.logical_id.clone(), status }),
        }
    }
    let own = |event: &&StackEvent| event.logical_id == stack.name;
    let began_at = events.iter().find(own).and_then(|event| event.at);
    let ended_at = events.iter().rev().find(own).and_then(|event| event.at);
    match stack.status.as_str() {
        // What is left of an update is taking away what was replaced: the stack serves already.
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" | "IMPORT_COMPLETE" => {
            let mut end = End::default().with("stack_id", stack.id.clone());
            for (name, value) in &stack.outputs {
                end = end.with(name, value.clone());
            }
            end.began_at = began_at;
            end.ended_at = ended_at;
            Look::Done(Box::new(end))
        }
        status if status.ends_with("_IN_PROGRESS") => {
            let why = cause(events).filter(|_| status.contains("ROLLBACK")).map(|cause| format!(": {cause}")).unwrap_or_default();
            let done = parts.iter().filter(|part| part.status.ends_with("_COMPLETE")).count();
            let percent = (!parts.is_empty()).then(|| u8::try_from(done * 100 / parts.len()).unwrap_or(100));
            Look::Running(Progress { percent, doing: format!("stack {} {status}{why}", stack.name), parts, asks: None })
        }
        status => {
            let mut message = cause(events).or_else(|| stack.reason.clone()).unwrap_or_else(|| "no reason is given".into());
            message.push_str(match status {
                "ROLLBACK_COMPLETE" => {
                    ". All of it was rolled back; the empty stack has to be deleted before it can be made anew"
                }
                "UPDATE_ROLLBACK_COMPLETE" => ". It was rolled back: the stack is as it was before",
                "UPDATE_ROLLBACK_FAILED" => ". Rolling back failed too: ContinueUpdateRollback has to bring it back",
                _ => "",
            });
            failed(following, ProblemKind::Invalid, status, message, ended_at)
        }
    }
}

/// The first resource that failed, and AWS's reason: what comes after it was only cancelled.
fn cause(events: &[StackEvent]) -> Option<String> {
    let failed = events.iter().find(|event| event.status.ends_with("_FAILED"))?;
    let reason = failed.reason.as_deref().unwrap_or("no reason is given");
    Some(format!("{} ({}) {}: {reason}", failed.logical_id, failed.resource_type, failed.status))
}

fn failed(following: &Following<'_>, kind: ProblemKind, code: &str, message: String, at: Option<DateTime<Utc>>) -> Look {
    let mut problem = Problem::new(kind, "CloudFormation deploy", message);
    problem.region = Some(following.site.region.clone());
    problem.code = Some(code.to_owned());
    Look::Failed(problem, None, at)
}

/// The change set has our token in its name.
pub(super) async fn reconcile(site: &SiteClients, creation: &ChangeSetCreation) -> Result<Found, Problem> {
    let found = site.cloudformation.change_set(&creation.change_set_name, Some(&creation.stack_name)).await?;
    Ok(match found {
        Some(set) => Found::TookEffect { handle: set.id, aws_at: set.created_at },
        None => Found::MayBeSent,
    })
}

/// What was shown is executed, or gone, once it no longer waits.
pub(super) async fn reconcile_answer(site: &SiteClients, change_set: &str) -> Result<Found, Problem> {
    let found = site.cloudformation.change_set(change_set, None).await?;
    Ok(match found {
        Some(set) if set.execution == "AVAILABLE" => Found::MayBeSent,
        _ => Found::TookEffect { handle: change_set.to_owned(), aws_at: None },
    })
}
