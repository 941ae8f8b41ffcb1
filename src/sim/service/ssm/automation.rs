//! Automation's operations.

use std::cmp::Reverse;
use std::ops::Bound;

use serde_json::{Map, Value, json};

use super::actions::{self, Done};
use super::documents;
use super::execution::{Deed, Document, Execution, ExecutionKey, Step};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::estate::SiteKey;
use crate::sim::members::{self, Members};
use crate::sim::page::Paging;
use crate::sim::service::api;
use crate::sim::world::{Happening, World};

/// Paging of Systems Manager.
pub const PAGING: Paging = Paging {
    token: "NextToken",
    size: "MaxResults",
    default: 50,
    max: 50,
    code: "InvalidNextToken",
    message: "The specified token isn't valid.",
};

/// How AWS begins the sentence about a step that failed.
const STEP_FAILS: &str = "Step fails when it is Execute/Cancelling action.";

/// Answers one call to Automation.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    match call.operation.as_str() {
        "StartAutomationExecution" => start(world, call),
        "GetAutomationExecution" => Ok(json!({"AutomationExecution": execution(world, call)?.answer()})),
        "DescribeAutomationExecutions" => list(world, call),
        "DescribeAutomationStepExecutions" => list_steps(world, call),
        "SendAutomationSignal" => signal(world, call),
        "StopAutomationExecution" => stop(world, call),
        _ => Err(super::super::unknown(call)),
    }
}

fn start(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let name = members::required(input, "DocumentName");
    let mut asked = input.clone();
    if let Value::Object(asked) = &mut asked {
        asked.remove("ClientToken");
        asked.sort_keys();
    }
    let (id, now) = (world.ids.uuid(), world.now());
    let token = members::text(input, "ClientToken");
    if let Some((id, before)) = token.and_then(|token| world.site(&call.caller)?.ssm.tokens.get(token)) {
        let message = "Error in idempotent request: the client token was used with other parameters";
        let same = *before == asked;
        return if same {
            Ok(json!({"AutomationExecutionId": id}))
        } else {
            Err(Refusal::new("IdempotentParameterMismatch", message))
        };
    }
    let document = documents::known(world, &call.caller, name);
    let document = document.ok_or_else(|| {
        Refusal::new("AutomationDefinitionNotFoundException", format!("Automation definition not found: {name}"))
    })?;
    check_parameters(&document, input)?;
    let steps = document.steps.iter().map(|_| Step {
        id: world.ids.uuid(),
        status: "Pending",
        started: None,
        ended: None,
        failure: None,
        outputs: Map::new(),
    });
    let steps = steps.collect();
    let execution = Execution {
        id: id.clone(),
        document,
        parameters: input.get("Parameters").cloned().unwrap_or_else(|| json!({})),
        status: "InProgress",
        started: now,
        ended: None,
        failure: None,
        by: call.caller.arn.clone(),
        steps,
        current: 0,
        turn: 0,
    };
    let ssm = &mut world.site_mut(&call.caller).ssm;
    let key = (Reverse(now.timestamp_millis()), Reverse(ssm.executions.len() as u64));
    ssm.executions.insert(key, execution);
    ssm.execution_ids.insert(id.clone(), key);
    if let Some(token) = token {
        ssm.tokens.insert(token.to_owned(), (id.clone(), asked));
    }
    let site = (call.caller.account.clone(), call.caller.region.clone());
    go_on(world, &site, &key, |execution, now| execution.begin_step(now));
    world.effect(call, &format!("{name} token {}", token.unwrap_or("none")));
    Ok(json!({"AutomationExecutionId": id}))
}

fn check_parameters(document: &Document, input: &Value) -> Result<(), Refusal> {
    let invalid = |message: String| Err(Refusal::new("InvalidAutomationExecutionParametersException", message));
    if members::text(input, "Mode") == Some("Interactive") {
        return invalid("Interactive mode is not modelled by the simulated AWS".to_owned());
    }
    let given = input.get("Parameters").and_then(Value::as_object);
    let is_given = |name: &String| given.is_some_and(|given| given.contains_key(name));
    if let Some(missing) = document.required.iter().find(|name| !is_given(name)) {
        return invalid(format!("Parameter \"{missing}\" is required but was not provided"));
    }
    let known = |name: &str| document.required.iter().chain(&document.optional).any(|known| known == name);
    match given.into_iter().flat_map(Map::keys).find(|name| !known(name)) {
        Some(unknown) => invalid(format!("Invalid parameter: {unknown} is not defined in document {}", document.name)),
        None => Ok(()),
    }
}

/// Lets an execution take a step, and sets the timer for what the step takes.
fn go_on(
    world: &mut World,
    site: &SiteKey,
    key: &ExecutionKey,
    step: impl FnOnce(&mut Execution, chrono::DateTime<chrono::Utc>) -> Option<chrono::TimeDelta>,
) {
    let now = world.now();
    let execution = world.estate.sites.get_mut(site).and_then(|site| site.ssm.executions.get_mut(key));
    let Some(execution) = execution else { return };
    let takes = step(execution, now);
    let turn = execution.turn;
    if let Some(takes) = takes {
        world.schedule(now + takes, Happening::Step(site.clone(), *key, turn));
    }
}

/// The timer of a step has run out: the step does what it does, and the next one begins.
pub fn advance(world: &mut World, site: &SiteKey, key: &ExecutionKey, turn: u64) {
    let now = world.now();
    let Some(found) = world.estate.sites.get_mut(site) else { return };
    let Some(execution) = found.ssm.executions.get(key).filter(|execution| execution.turn == turn && !execution.is_over()) else {
        return;
    };
    let Some(spec) = execution.spec().cloned() else { return };
    if spec.does.is_none() && !spec.content.is_null() {
        return act(world, site, key, &spec.content);
    }
    let Some(found) = world.estate.sites.get_mut(site) else { return };
    let Some(execution) = found.ssm.executions.get(key) else { return };
    let done = match spec.does {
        None => Ok(spec.outputs),
        Some(Deed::AttachVolume) => {
            let parameter = |name| execution.parameter(name).unwrap_or_default().to_owned();
            let (volume, instance, device) = (parameter("VolumeId"), parameter("InstanceId"), parameter("Device"));
            found.network.attach(&volume, &instance, &device, now).map(|()| spec.outputs).map_err(|(code, words)| {
                format!("{STEP_FAILS} An error occurred ({code}) when calling the AttachVolume operation: {words}")
            })
        }
    };
    go_on(world, site, key, |execution, now| match done {
        Ok(outputs) => execution.pass_step(now, outputs),
        Err(message) => {
            execution.fail_step(now, "Failed", "Failed", Some(message));
            None
        }
    });
}

/// A step does what its content says, and the execution goes on from what it came to.
fn act(world: &mut World, site: &SiteKey, key: &ExecutionKey, content: &Value) {
    let found = world.estate.sites.get(site).and_then(|site| site.ssm.executions.get(key)).cloned();
    let Some(execution) = found else { return };
    let caller = api::caller("automation", &site.0, &site.1);
    let done = actions::carry_out(world, &caller, &execution, content);
    let now = world.now();
    let began = execution.steps.get(execution.current).and_then(|step| step.started).unwrap_or(now);
    let patience = chrono::TimeDelta::seconds(members::integer(content, "timeoutSeconds").unwrap_or(3600).clamp(0, 604_800));
    go_on(world, site, key, |execution, now| match done {
        Done::Passed(outputs) => execution.pass_step(now, outputs),
        Done::Goes(next) => {
            let next = execution.document.steps.iter().position(|spec| spec.name == next);
            execution.pass_step_to(now, Map::new(), next.unwrap_or(execution.document.steps.len()))
        }
        Done::Again if now < began + patience => execution.keep_step(actions::LOOK_AGAIN),
        Done::Again => {
            let message = format!("{STEP_FAILS} The step timed out after {} seconds.", patience.num_seconds());
            execution.fail_step(now, "TimedOut", "TimedOut", Some(message));
            None
        }
        // A runbook may go on after a step that failed.
        Done::Failed(_) if members::text(content, "onFailure") == Some("Continue") => execution.pass_step(now, Map::new()),
        Done::Failed(why) => {
            execution.fail_step(now, "Failed", "Failed", Some(format!("{STEP_FAILS} {why}")));
            None
        }
    });
}

fn not_found(id: &str) -> Refusal {
    Refusal::new("AutomationExecutionNotFoundException", format!("Automation execution with ID {id} not found"))
}

fn execution<'a>(world: &'a World, call: &Call) -> Result<&'a Execution, Refusal> {
    let id = members::required(&call.input, "AutomationExecutionId");
    let ssm = world.site(&call.caller).map(|site| &site.ssm);
    ssm.and_then(|ssm| ssm.executions.get(ssm.execution_ids.get(id)?)).ok_or_else(|| not_found(id))
}

fn locate(world: &World, call: &Call) -> Result<(SiteKey, ExecutionKey), Refusal> {
    let id = members::required(&call.input, "AutomationExecutionId");
    let key = world.site(&call.caller).and_then(|site| site.ssm.execution_ids.get(id)).copied();
    Ok(((call.caller.account.clone(), call.caller.region.clone()), key.ok_or_else(|| not_found(id))?))
}

fn signal(world: &mut World, call: &Call) -> Answer {
    let (site, key) = locate(world, call)?;
    let found = execution(world, call)?;
    let signal = members::required(&call.input, "SignalType");
    let invalid = |why: &str| Refusal::new("InvalidAutomationSignalException", format!("Signal {signal} is not valid: {why}"));
    if found.is_over() {
        return Err(invalid("the automation has ended"));
    }
    let spec = found.spec().ok_or_else(|| invalid("no step is waiting"))?;
    let by = call.caller.arn.clone();
    let payload = call.input.get("Payload").cloned().unwrap_or_else(|| json!({}));
    let said = |name: &str| members::list(&payload, name).first().and_then(Value::as_str).map(str::to_owned);
    let what = format!("{} {signal} {}", found.id, spec.name);
    match (signal, spec.action.as_str()) {
        ("Approve", "aws:approve") => {
            let decision = json!({"approver": by, "decision": "Approve", "comment": said("Comment").unwrap_or_default()});
            let outputs = json!({"ApprovalStatus": ["Approved"], "ApproverDecisions": [decision.to_string()]});
            let outputs = outputs.as_object().cloned().unwrap_or_default();
            go_on(world, &site, &key, |execution, now| execution.pass_step(now, outputs));
        }
        ("Reject", "aws:approve") => {
            let message = format!("{STEP_FAILS} The approval was rejected by {by}. {}", said("Comment").unwrap_or_default());
            go_on(world, &site, &key, |execution, now| {
                execution.fail_step(now, "Failed", "Failed", Some(message.trim_end().to_owned()));
                None
            });
        }
        ("Resume", "aws:pause") => {
            go_on(world, &site, &key, |execution, now| execution.pass_step(now, Map::new()));
        }
        ("StopStep", _) => {
            let wanted = said("StepExecutionId");
            let current = found.steps.get(found.current).map(|step| step.id.clone());
            if wanted.is_some() && wanted != current {
                let message = "The specified step does not exist or is not running";
                return Err(Refusal::new("AutomationStepNotFoundException", message));
            }
            let message = format!("Step {} was stopped by {by}", spec.name);
            go_on(world, &site, &key, |execution, now| {
                execution.fail_step(now, "Cancelled", "Cancelled", Some(message));
                None
            });
        }
        _ => return Err(invalid(&format!("step {} is a step of {}", spec.name, spec.action))),
    }
    world.effect(call, &what);
    Ok(json!({}))
}

fn stop(world: &mut World, call: &Call) -> Answer {
    let (site, key) = locate(world, call)?;
    let found = execution(world, call)?;
    if found.is_over() {
        let message = format!("Automation execution {} cannot be stopped: its status is {}", found.id, found.status);
        return Err(Refusal::new("InvalidAutomationStatusUpdateException", message));
    }
    let id = found.id.clone();
    let message = format!("Automation was stopped by {}", call.caller.arn);
    go_on(world, &site, &key, |execution, now| {
        execution.fail_step(now, "Cancelled", "Cancelled", Some(message));
        None
    });
    world.effect(call, &id);
    Ok(json!({}))
}

fn list(world: &World, call: &Call) -> Answer {
    let cursor = PAGING.open::<ExecutionKey>(call)?;
    let from = cursor.after.map_or(Bound::Unbounded, Bound::Excluded);
    let filters = members::list(&call.input, "Filters");
    let executions = world.site(&call.caller).map(|site| &site.ssm.executions);
    let rows = executions.into_iter().flat_map(|executions| executions.range((from, Bound::Unbounded)));
    let rows = rows.filter(|(_, execution)| filters.iter().all(|filter| wanted(execution, filter)));
    let (page, token) = cursor.take(rows.map(|(key, execution)| (*key, execution.listed())));
    Ok(Members::new().set("AutomationExecutionMetadataList", page).maybe("NextToken", token).done())
}

fn wanted(execution: &Execution, filter: &Value) -> bool {
    let values = members::texts(filter, "Values");
    let any = |test: &dyn Fn(&str) -> bool| values.iter().any(|value| test(value));
    match members::required(filter, "Key") {
        "DocumentNamePrefix" => any(&|prefix| execution.document.name.starts_with(prefix)),
        "ExecutionStatus" => any(&|status| execution.status == status),
        "ExecutionId" => any(&|id| execution.id == id),
        "CurrentAction" => any(&|action| execution.spec().is_some_and(|spec| spec.action == action)),
        "StartTimeBefore" => any(&|time| members::read_time(time).is_none_or(|time| execution.started < time)),
        "StartTimeAfter" => any(&|time| members::read_time(time).is_none_or(|time| execution.started > time)),
        "AutomationType" => any(&|kind| kind == "Local"),
        _ => false,
    }
}

fn list_steps(world: &World, call: &Call) -> Answer {
    let cursor = PAGING.open::<usize>(call)?;
    let execution = execution(world, call)?;
    let filters = members::list(&call.input, "Filters");
    let count = execution.steps.len();
    let reverse = members::flag(&call.input, "ReverseOrder") == Some(true);
    let from = cursor.after.map_or(0, |after| after + 1);
    let rows = (from..count).map(|place| (place, if reverse { count - 1 - place } else { place }));
    let rows = rows.filter(|(_, at)| {
        filters.iter().all(|filter| {
            let (spec, step) = (&execution.document.steps[*at], &execution.steps[*at]);
            let values = members::texts(filter, "Values");
            match members::required(filter, "Key") {
                "StepExecutionStatus" => values.contains(&step.status),
                "StepExecutionId" => values.contains(&step.id.as_str()),
                "StepName" => values.contains(&spec.name.as_str()),
                "Action" => values.contains(&spec.action.as_str()),
                _ => false,
            }
        })
    });
    let (page, token) = cursor.take(rows.map(|(place, at)| (place, execution.step_answer(at))));
    Ok(Members::new().set("StepExecutions", page).maybe("NextToken", token).done())
}
