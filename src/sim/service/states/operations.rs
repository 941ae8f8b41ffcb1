//! Step Functions' operations.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::execution::{Branch, Execution, Machine, States, Waiting};
use super::run::{self, At};
use super::{branches, definition};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::page::Paging;
use crate::sim::world::{Happening, World};

const PAGING: Paging = Paging {
    token: "nextToken",
    size: "maxResults",
    default: 100,
    max: 1000,
    code: "InvalidToken",
    message: "Invalid Token: 'Invalid token'",
};

/// How long it takes from a start to the first state.
const START_TAKES: TimeDelta = TimeDelta::milliseconds(500);
/// The longest input of an execution, in bytes.
const INPUT_BYTES: usize = 262_144;
/// For how long an execution can be redriven.
const REDRIVABLE: TimeDelta = TimeDelta::days(14);

/// Answers one call to Step Functions.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    match call.operation.as_str() {
        "CreateStateMachine" => create(world, call),
        "UpdateStateMachine" => update(world, call),
        "DeleteStateMachine" => {
            let arn = members::required(input, "stateMachineArn");
            check_arn(arn)?;
            world.site_mut(&call.caller).states.machines.remove(arn);
            Ok(json!({}))
        }
        "DescribeStateMachine" => {
            Ok(describe(members::required(input, "stateMachineArn"), machine(world, call, "stateMachineArn")?))
        }
        "DescribeStateMachineForExecution" => {
            let found = execution(world, call)?;
            let none = || Refusal::new("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{}'", found.machine));
            let machine = world.site(&call.caller).and_then(|site| site.states.machines.get(&found.machine)).ok_or_else(none)?;
            let told = describe(&found.machine, machine);
            Ok(Members::new()
                .copy(
                    &told,
                    &["stateMachineArn", "name", "definition", "roleArn", "loggingConfiguration", "tracingConfiguration"],
                )
                .time("updateDate", machine.updated)
                .done())
        }
        "ListStateMachines" => list_machines(world, call),
        "ValidateStateMachineDefinition" => {
            let faults = definition::faults(members::required(input, "definition"));
            let told = faults.iter().map(|fault| {
                let (code, message) = fault.split_once(": ").unwrap_or(("SCHEMA_VALIDATION_FAILED", fault));
                json!({"severity": "ERROR", "code": code, "message": message})
            });
            Ok(json!({"result": if faults.is_empty() { "OK" } else { "FAIL" }, "diagnostics": told.collect::<Vec<_>>()}))
        }
        "StartExecution" => start(world, call),
        "StopExecution" => stop(world, call),
        "RedriveExecution" => redrive(world, call),
        "DescribeExecution" => Ok(execution(world, call)?.answer()),
        "ListExecutions" => list_executions(world, call),
        "GetExecutionHistory" => history(world, call),
        "SendTaskSuccess" | "SendTaskFailure" | "SendTaskHeartbeat" => send(world, call),
        "ListTagsForResource" => {
            let tags = &machine(world, call, "resourceArn")?.tags;
            Ok(json!({"tags": tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect::<Vec<_>>()}))
        }
        _ => {
            machine(world, call, "resourceArn")?;
            let (added, removed) = (tags(input), members::texts(input, "tagKeys"));
            let arn = members::required(input, "resourceArn");
            if let Some(machine) = world.site_mut(&call.caller).states.machines.get_mut(arn) {
                machine.tags.extend(added);
                machine.tags.retain(|key, _| !removed.contains(&key.as_str()));
            }
            Ok(json!({}))
        }
    }
}

fn tags(input: &Value) -> BTreeMap<String, String> {
    let pair = |tag: &Value| (members::required(tag, "key").to_owned(), members::required(tag, "value").to_owned());
    members::list(input, "tags").iter().map(pair).collect()
}

fn check_arn(arn: &str) -> Result<(), Refusal> {
    if arn.starts_with("arn:") && arn.split(':').count() >= 6 {
        return Ok(());
    }
    Err(Refusal::new("InvalidArn", format!("Invalid Arn: 'Invalid ARN prefix: {arn}'")))
}

fn machine<'a>(world: &'a World, call: &Call, member: &str) -> Result<&'a Machine, Refusal> {
    let arn = members::required(&call.input, member);
    check_arn(arn)?;
    let (code, message) = if member == "resourceArn" {
        ("ResourceNotFound", format!("Resource not found: '{arn}'"))
    } else {
        ("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{arn}'"))
    };
    world.site(&call.caller).and_then(|site| site.states.machines.get(arn)).ok_or_else(|| Refusal::new(code, message))
}

fn execution<'a>(world: &'a World, call: &Call) -> Result<&'a Execution, Refusal> {
    let arn = members::required(&call.input, "executionArn");
    check_arn(arn)?;
    let none = || Refusal::new("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{arn}'"));
    world.site(&call.caller).and_then(|site| site.states.executions.get(arn)).ok_or_else(none)
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c);
    if name.is_empty() || name.chars().count() > 80 || name.chars().any(bad) {
        return Err(Refusal::new("InvalidName", format!("Invalid Name: '{name}'")));
    }
    Ok(())
}

fn read_definition(text: &str) -> Result<Arc<Value>, Refusal> {
    let faults = definition::faults(text);
    if let Some(first) = faults.first() {
        let message = format!("Invalid State Machine Definition: '{first}'");
        return Err(Refusal::new("InvalidDefinition", message));
    }
    Ok(Arc::new(serde_json::from_str(text).unwrap_or(Value::Null)))
}

fn create(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let name = members::required(input, "name");
    check_name(name)?;
    let text = members::required(input, "definition").to_owned();
    let definition = read_definition(&text)?;
    let role = members::required(input, "roleArn").to_owned();
    let parts: Vec<&str> = role.split(':').collect();
    let is_role = matches!(parts.as_slice(), ["arn", _, "iam", "", account, path]
        if account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit()) && path.starts_with("role/"));
    if !is_role {
        return Err(Refusal::new("InvalidArn", format!("Invalid Role Arn: '{role}'")));
    }
    let now = world.now();
    let arn = format!("arn:aws:states:{}:{}:stateMachine:{name}", call.caller.region, call.caller.account);
    let kind = members::text(input, "type").unwrap_or("STANDARD").to_owned();
    if let Some(known) = world.site(&call.caller).and_then(|site| site.states.machines.get(&arn)) {
        if known.text == text && known.role == role && known.kind == kind {
            return Ok(Members::new().set("stateMachineArn", arn).time("creationDate", known.created).done());
        }
        return Err(Refusal::new("StateMachineAlreadyExists", format!("State Machine Already Exists: '{arn}'")));
    }
    let made = Machine {
        name: name.to_owned(),
        text,
        definition,
        kind,
        role,
        members: Members::new().copy(input, &["loggingConfiguration", "tracingConfiguration", "encryptionConfiguration"]).done(),
        created: now,
        updated: now,
        revision: None,
        tags: tags(input),
    };
    world.site_mut(&call.caller).states.machines.insert(arn.clone(), made);
    world.effect(call, &arn);
    let version = (members::flag(input, "publish") == Some(true)).then(|| format!("{arn}:1"));
    Ok(Members::new().set("stateMachineArn", arn).time("creationDate", now).maybe("stateMachineVersionArn", version).done())
}

fn update(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    machine(world, call, "stateMachineArn")?;
    let text = members::text(input, "definition").map(str::to_owned);
    let role = members::text(input, "roleArn").map(str::to_owned);
    if text.is_none()
        && role.is_none()
        && input.get("loggingConfiguration").or_else(|| input.get("tracingConfiguration")).is_none()
    {
        return Err(Refusal::new(
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified",
        ));
    }
    let definition = text.as_deref().map(read_definition).transpose()?;
    let (now, revision) = (world.now(), world.ids.uuid());
    let arn = members::required(input, "stateMachineArn");
    if let Some(machine) = world.site_mut(&call.caller).states.machines.get_mut(arn) {
        if let (Some(text), Some(definition)) = (text, definition) {
            machine.text = text;
            machine.definition = definition;
        }
        machine.role = role.unwrap_or_else(|| machine.role.clone());
        for key in ["loggingConfiguration", "tracingConfiguration", "encryptionConfiguration"] {
            if let Some(value) = input.get(key) {
                machine.members[key] = value.clone();
            }
        }
        machine.updated = now;
        machine.revision = Some(revision.clone());
    }
    Ok(Members::new().time("updateDate", now).set("revisionId", revision).done())
}

fn describe(arn: &str, machine: &Machine) -> Value {
    let logging = json!({"level": "OFF", "includeExecutionData": false});
    Members::new()
        .set("stateMachineArn", arn)
        .set("name", machine.name.as_str())
        .set("status", "ACTIVE")
        .set("definition", machine.text.as_str())
        .set("roleArn", machine.role.as_str())
        .set("type", machine.kind.as_str())
        .time("creationDate", machine.created)
        .set("loggingConfiguration", machine.members.get("loggingConfiguration").cloned().unwrap_or(logging))
        .set(
            "tracingConfiguration",
            machine.members.get("tracingConfiguration").cloned().unwrap_or_else(|| json!({"enabled": false})),
        )
        .set(
            "encryptionConfiguration",
            machine.members.get("encryptionConfiguration").cloned().unwrap_or_else(|| json!({"type": "AWS_OWNED_KEY"})),
        )
        .maybe("revisionId", machine.revision.clone())
        .done()
}

fn list_machines(world: &World, call: &Call) -> Answer {
    let cursor = PAGING.open::<String>(call)?;
    let from = cursor.after.clone().map_or(Bound::Unbounded, Bound::Excluded);
    let machines = world.site(&call.caller).map(|site| &site.states.machines);
    let rows = machines.into_iter().flat_map(|machines| machines.range((from.clone(), Bound::Unbounded)));
    let tell = |(arn, machine): (&String, &Machine)| {
        let told = Members::new().set("stateMachineArn", arn.as_str()).set("name", machine.name.as_str());
        (arn.clone(), told.set("type", machine.kind.as_str()).time("creationDate", machine.created).done())
    };
    let (page, token) = cursor.take(rows.map(tell));
    Ok(Members::new().set("stateMachines", page).maybe("nextToken", token).done())
}

fn start(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let given = members::text(input, "input").unwrap_or("{}");
    if given.len() > INPUT_BYTES {
        return Err(Refusal::new(
            "InvalidExecutionInput",
            "Invalid State Machine Execution Input: 'Input exceeds the maximum length'",
        ));
    }
    let value: Value = serde_json::from_str(given)
        .map_err(|error| Refusal::new("InvalidExecutionInput", format!("Invalid State Machine Execution Input: '{error}'")))?;
    let found = machine(world, call, "stateMachineArn")?.clone();
    let machine_arn = members::required(input, "stateMachineArn").to_owned();
    let drawn = world.ids.uuid();
    let name = members::text(input, "name").unwrap_or(&drawn).to_owned();
    check_name(&name)?;
    let arn = format!("{}:{name}", machine_arn.replacen(":stateMachine:", ":execution:", 1));
    let now = world.now();
    if let Some(known) = world.site(&call.caller).and_then(|site| site.states.executions.get(&arn)) {
        if known.runs() && known.input == given {
            return Ok(Members::new().set("executionArn", arn).time("startDate", known.started).done());
        }
        return Err(Refusal::new("ExecutionAlreadyExists", format!("Execution Already Exists: '{arn}'")));
    }
    let mut made = Execution {
        arn: arn.clone(),
        machine: machine_arn.clone(),
        name,
        status: "RUNNING",
        started: now,
        input: given.to_owned(),
        role: found.role.clone(),
        ..Execution::default()
    };
    let first = members::required(&found.definition, "StartAt").to_owned();
    made.branches.push(Some(Branch {
        definition: Arc::clone(&found.definition),
        state: first,
        input: value,
        ..Branch::default()
    }));
    let details = json!({"input": given, "inputDetails": {"truncated": false}, "roleArn": found.role});
    made.note_of(0, now, "ExecutionStarted", Some(("executionStartedEventDetails", details)));
    let site = (call.caller.account.clone(), call.caller.region.clone());
    let states: &mut States = &mut world.site_mut(&call.caller).states;
    let number = i64::try_from(states.executions.len()).unwrap_or(i64::MAX);
    states.order.insert((machine_arn, -now.timestamp_millis(), -number), arn.clone());
    states.executions.insert(arn.clone(), made);
    world.effect(call, &arn);
    let at = At { site: site.clone(), execution: arn.clone(), branch: 0 };
    if let Some(seconds) = members::integer(&found.definition, "TimeoutSeconds") {
        let until = now + TimeDelta::seconds(seconds.clamp(0, 99_999_999));
        world.schedule(until, Happening::StateTimeout(site, arn.clone()));
    }
    branches::announce(world, &at);
    run::wait(world, &at, Waiting::Start, Some(now + START_TAKES));
    Ok(Members::new().set("executionArn", arn).time("startDate", now).done())
}

/// An execution has taken longer than its machine allows.
pub fn time_out(world: &mut World, at: &At) {
    let now = world.now();
    let Some(execution) = run::execution(world, at).filter(|execution| execution.runs()) else { return };
    execution.failure = Some((Some("States.Timeout".to_owned()), None));
    execution.note(now, "ExecutionTimedOut", 0, Some(("executionTimedOutEventDetails", json!({"error": "States.Timeout"}))));
    branches::over(world, at, "TIMED_OUT");
}

fn stop(world: &mut World, call: &Call) -> Answer {
    let found = execution(world, call)?;
    let (arn, now) = (found.arn.clone(), world.now());
    if !found.runs() {
        return Ok(Members::new().time("stopDate", found.stopped.unwrap_or(now)).done());
    }
    let site = (call.caller.account.clone(), call.caller.region.clone());
    let at = At { site, execution: arn.clone(), branch: 0 };
    let told = |name| members::text(&call.input, name).map(str::to_owned);
    if let Some(execution) = run::execution(world, &at) {
        let details = Members::new().maybe("error", told("error")).maybe("cause", told("cause")).done();
        execution.failure = Some((told("error"), told("cause")));
        execution.note(now, "ExecutionAborted", 0, Some(("executionAbortedEventDetails", details)));
    }
    branches::over(world, &at, "ABORTED");
    world.effect(call, &arn);
    Ok(Members::new().time("stopDate", now).done())
}

fn redrive(world: &mut World, call: &Call) -> Answer {
    let found = execution(world, call)?;
    let (arn, now) = (found.arn.clone(), world.now());
    let late = found.stopped.is_some_and(|stopped| stopped + REDRIVABLE < now);
    if matches!(found.status, "RUNNING" | "SUCCEEDED") || late {
        let message =
            format!("Execution is not redrivable: {}", if late { "the redrivable period has ended" } else { found.status });
        return Err(Refusal::new("ExecutionNotRedrivable", message));
    }
    let site = (call.caller.account.clone(), call.caller.region.clone());
    let at = At { site, execution: arn.clone(), branch: 0 };
    if let Some(execution) = run::execution(world, &at) {
        let count = execution.redriven.map_or(0, |(count, _)| count) + 1;
        execution.redriven = Some((count, now));
        execution.status = "RUNNING";
        execution.stopped = None;
        execution.failure = None;
        execution.note(now, "ExecutionRedriven", 0, Some(("executionRedrivenEventDetails", json!({"redriveCount": count}))));
    }
    branches::announce(world, &at);
    branches::redrive(world, &at);
    world.effect(call, &arn);
    Ok(Members::new().time("redriveDate", now).done())
}

fn list_executions(world: &World, call: &Call) -> Answer {
    let input = &call.input;
    let cursor = PAGING.open::<(i64, i64)>(call)?;
    let arn = members::required(input, "stateMachineArn").to_owned();
    machine(world, call, "stateMachineArn")?;
    let from = match cursor.after {
        Some((at, number)) => Bound::Excluded((arn.clone(), at, number)),
        None => Bound::Included((arn.clone(), i64::MIN, i64::MIN)),
    };
    let status = members::text(input, "statusFilter");
    let states = world.site(&call.caller).map(|site| &site.states);
    let rows = states.into_iter().flat_map(|states| {
        let order = states.order.range((from.clone(), Bound::Unbounded)).take_while(|(key, _)| key.0 == arn);
        order.filter_map(|(key, arn)| Some(((key.1, key.2), states.executions.get(arn)?)))
    });
    let rows = rows.filter(|(_, execution)| status.is_none_or(|status| execution.status == status));
    let (page, token) = cursor.take(rows.map(|(key, execution)| (key, execution.listed())));
    Ok(Members::new().set("executions", page).maybe("nextToken", token).done())
}

fn history(world: &World, call: &Call) -> Answer {
    let cursor = PAGING.open::<usize>(call)?;
    let found = execution(world, call)?;
    let whole = members::flag(&call.input, "includeExecutionData") != Some(false);
    let count = found.history.len();
    let reverse = members::flag(&call.input, "reverseOrder") == Some(true);
    let from = cursor.after.map_or(0, |after| after + 1);
    let row = |number: usize| {
        let mut event = found.history.get(if reverse { count - 1 - number } else { number }).cloned()?;
        if !whole {
            for details in event.as_object_mut().into_iter().flat_map(|event| event.values_mut()).filter_map(Value::as_object_mut)
            {
                details.retain(|name, _| !matches!(name.as_str(), "input" | "output" | "parameters"));
            }
        }
        Some((number, event))
    };
    let (page, token) = cursor.take((from..count).filter_map(row));
    Ok(Members::new().set("events", page).maybe("nextToken", token).done())
}

fn send(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let token = members::required(input, "taskToken");
    let site = (call.caller.account.clone(), call.caller.region.clone());
    let known = world.site(&call.caller).and_then(|site| site.states.tokens.get(token)).cloned();
    let (execution, branch) = known.ok_or_else(|| Refusal::new("InvalidToken", "Invalid Token: 'Invalid token'"))?;
    let at = At { site, execution, branch };
    let waits = run::execution(world, &at)
        .filter(|execution| execution.runs())
        .and_then(|execution| execution.branches.get(branch)?.as_ref());
    if !waits.is_some_and(|branch| branch.waiting == Waiting::Token(token.to_owned())) {
        let message = "Task Timed Out: 'Provided task does not exist anymore'";
        return Err(Refusal::new("TaskTimedOut", message));
    }
    let result = match call.operation.as_str() {
        "SendTaskHeartbeat" => {
            let state = run::state_of(world, &at).unwrap_or_default();
            if let Some(seconds) = members::integer(&state, "HeartbeatSeconds") {
                let until = world.now() + TimeDelta::seconds(seconds.clamp(0, 99_999_999));
                run::wait(world, &at, Waiting::Token(token.to_owned()), Some(until));
            }
            return Ok(json!({}));
        }
        "SendTaskSuccess" => {
            let output = serde_json::from_str(members::required(input, "output"));
            Ok(output.map_err(|error| Refusal::new("InvalidOutput", format!("Invalid Output: '{error}'")))?)
        }
        _ => Err((members::required(input, "error").to_owned(), members::required(input, "cause").to_owned())),
    };
    world.site_mut(&call.caller).states.tokens.remove(token);
    run::task_ended(world, &at, result);
    Ok(json!({}))
}
