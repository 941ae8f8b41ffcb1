//! How an execution goes from state to state, in the world's time.
//!
//! Source: Amazon States Language specification. A branch goes on until it waits for a timer, a token or other branches.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::choice;
use super::execution::{Branch, Execution, Waiting};
use super::path::{Fault, Scope, fill, put, read, through};
use super::task;
use crate::sim::estate::{Place, SiteKey};
use crate::sim::members;
use crate::sim::seed;
use crate::sim::service::events::{Emitted, emit};
use crate::sim::world::{Happening, World};

/// How long a task takes that a simulated service does at once.
const TASK_TAKES: TimeDelta = TimeDelta::milliseconds(100);
/// How often an execution that waits for another one looks after it.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(1);
/// The most events of a history.
const HISTORY: usize = 25_000;

/// Where a branch is: site, execution, branch.
#[derive(Debug, Clone)]
pub struct At {
    /// Account and Region.
    pub site: SiteKey,
    /// The execution's ARN.
    pub execution: String,
    /// Its branch.
    pub branch: usize,
}

/// What a state comes to.
enum Step {
    /// Its raw result.
    Done(Value),
    /// A transition of a Choice state, or the end of a Pass: the next state and its input.
    Goes(String, Value),
    /// The branch waits.
    Waits,
    /// An error and its cause.
    Fails(String, String),
}

impl From<Fault> for Step {
    fn from((error, cause): Fault) -> Self {
        Self::Fails(error.to_owned(), cause)
    }
}

/// The execution at a place.
pub fn execution<'a>(world: &'a mut World, at: &At) -> Option<&'a mut Execution> {
    world.estate.sites.get_mut(&at.site)?.states.executions.get_mut(&at.execution)
}

fn branch<'a>(world: &'a mut World, at: &At) -> Option<&'a mut Branch> {
    execution(world, at)?.branches.get_mut(at.branch)?.as_mut()
}

/// Sets what a branch waits for, and the timer that ends it.
pub fn wait(world: &mut World, at: &At, waiting: Waiting, until: Option<DateTime<Utc>>) {
    let Some(execution) = execution(world, at) else { return };
    execution.turns += 1;
    let turn = execution.turns;
    let Some(Some(branch)) = execution.branches.get_mut(at.branch) else { return };
    branch.waiting = waiting;
    branch.turn = turn;
    if let Some(until) = until {
        world.schedule(until, Happening::State(at.site.clone(), at.execution.clone(), at.branch, turn));
    }
}

/// A timer has run out.
pub fn advance(world: &mut World, at: &At, turn: u64) {
    let Some(waiting) = branch(world, at).filter(|branch| branch.turn == turn).map(|branch| branch.waiting.clone()) else {
        return;
    };
    if !execution(world, at).is_some_and(|execution| execution.runs()) {
        return;
    }
    match waiting {
        Waiting::Nothing | Waiting::Branches => {}
        Waiting::Timer => {
            let Some(input) = branch(world, at).map(|branch| branch.input.clone()) else { return };
            finish(world, at, Step::Done(input));
        }
        Waiting::Start => enter(world, at, true),
        Waiting::Retry => enter(world, at, false),
        Waiting::Token(_) => {
            let timed_out = Step::Fails("States.Timeout".to_owned(), String::new());
            let now = world.now();
            if let Some(execution) = execution(world, at) {
                execution.note_of(
                    at.branch,
                    now,
                    "TaskTimedOut",
                    Some((
                        "taskTimedOutEventDetails",
                        json!({"resourceType": "task", "resource": "waitForTaskToken", "error": "States.Timeout"}),
                    )),
                );
            }
            finish(world, at, timed_out);
        }
        Waiting::Result(result) => task_ended(world, at, *result),
        Waiting::Execution(child, as_json) => match task::child_result(world, &at.site, &child, as_json) {
            Some(result) => task_ended(world, at, result),
            None => {
                let again = world.now() + LOOK_AGAIN;
                wait(world, at, Waiting::Execution(child, as_json), Some(again));
            }
        },
    }
}

/// A task has a result or an error.
pub fn task_ended(world: &mut World, at: &At, result: Result<Value, (String, String)>) {
    let now = world.now();
    let resource = state_of(world, at).map(|state| members::required(&state, "Resource").to_owned()).unwrap_or_default();
    if let Some(execution) = execution(world, at) {
        let (kind, member, details) = task::outcome_event(&resource, &result);
        execution.note_of(at.branch, now, kind, Some((member, details)));
    }
    finish(
        world,
        at,
        match result {
            Ok(value) => Step::Done(value),
            Err((error, cause)) => Step::Fails(error, cause),
        },
    );
}

/// The definition of the state that a branch is in.
pub fn state_of(world: &mut World, at: &At) -> Option<Value> {
    let branch = branch(world, at)?;
    branch.definition.get("States")?.get(&branch.state).cloned()
}

/// Begins a branch at its first state, and goes on from there.
pub fn begin(world: &mut World, at: &At) {
    enter(world, at, true);
}

fn kind_word(kind: &str) -> &str {
    match kind {
        "Task" => "TaskState",
        "Pass" => "PassState",
        "Choice" => "ChoiceState",
        "Wait" => "WaitState",
        "Parallel" => "ParallelState",
        "Map" => "MapState",
        "Succeed" => "SucceedState",
        _ => "FailState",
    }
}

/// Enters the branch's current state (or tries it again), and goes on until it waits.
fn enter(world: &mut World, at: &At, mut anew: bool) {
    loop {
        let now = world.now();
        let Some(state) = state_of(world, at) else { return };
        let Some(execution) = execution(world, at) else { return };
        if execution.history.len() > HISTORY {
            return fail(
                world,
                at,
                "States.Runtime".to_owned(),
                "The execution reached the maximum number of history events (25000).".to_owned(),
            );
        }
        let kind = members::required(&state, "Type").to_owned();
        if anew {
            let Some(Some(branch)) = execution.branches.get_mut(at.branch) else { return };
            branch.entered = now;
            branch.retries.clear();
            let details = json!({"name": branch.state, "input": branch.input.to_string(), "inputDetails": {"truncated": false}});
            execution.note_of(
                at.branch,
                now,
                &format!("{}Entered", kind_word(&kind)),
                Some(("stateEnteredEventDetails", details)),
            );
        }
        let step = perform(world, at, &state, &kind).unwrap_or_else(Step::from);
        match step {
            Step::Waits => return,
            step => {
                if !settle(world, at, &state, step) {
                    return;
                }
            }
        }
        anew = true;
    }
}

/// What a state came to after it had waited; the branch goes on from there.
fn finish(world: &mut World, at: &At, step: Step) {
    let Some(state) = state_of(world, at) else { return };
    if settle(world, at, &state, step) {
        enter(world, at, true);
    }
}

/// Applies what a state came to. True: the branch is in another state now, to be entered.
fn settle(world: &mut World, at: &At, state: &Value, step: Step) -> bool {
    let now = world.now();
    let kind = members::required(state, "Type").to_owned();
    let step = match step {
        Step::Done(result) => {
            shape(world, at, state, &kind, result).map_or_else(Step::from, |output| match members::text(state, "Next") {
                Some(next) if kind != "Succeed" => Step::Goes(next.to_owned(), output),
                _ => Step::Done(output),
            })
        }
        step => step,
    };
    match step {
        Step::Waits => false,
        Step::Goes(next, output) => {
            exited(world, at, &kind, &output, now);
            let Some(branch) = branch(world, at) else { return false };
            branch.state = next;
            branch.input = output;
            true
        }
        Step::Done(output) => {
            exited(world, at, &kind, &output, now);
            end_branch(world, at, output);
            false
        }
        Step::Fails(error, cause) => caught(world, at, state, &kind, error, cause),
    }
}

fn exited(world: &mut World, at: &At, kind: &str, output: &Value, now: DateTime<Utc>) {
    let Some(execution) = execution(world, at) else { return };
    let Some(Some(branch)) = execution.branches.get(at.branch) else { return };
    let details = json!({"name": branch.state, "output": output.to_string(), "outputDetails": {"truncated": false}});
    execution.note_of(at.branch, now, &format!("{}Exited", kind_word(kind)), Some(("stateExitedEventDetails", details)));
}

/// The context object of a branch.
pub fn context(world: &mut World, at: &At, token: Option<&str>) -> Value {
    let Some(execution) = execution(world, at) else { return Value::Null };
    let Some(Some(branch)) = execution.branches.get(at.branch) else { return Value::Null };
    let name = execution.machine.rsplit(':').next().unwrap_or_default().to_owned();
    execution.context(branch, &name, token)
}

/// A state's output: its result through ResultSelector, ResultPath and OutputPath.
fn shape(world: &mut World, at: &At, state: &Value, kind: &str, result: Value) -> Result<Value, Fault> {
    let raw = branch(world, at).map(|branch| branch.input.clone()).unwrap_or_default();
    let context = context(world, at, None);
    let plain = matches!(kind, "Wait" | "Succeed" | "Choice");
    let result = match state.get("ResultSelector") {
        Some(selector) if !plain => fill(Scope { input: &result, context: &context }, selector)?,
        _ => result,
    };
    let joined = match state.get("ResultPath") {
        _ if plain => result,
        None => result,
        Some(Value::Null) => raw,
        Some(path) => put(&raw, path.as_str().unwrap_or("$"), result)?,
    };
    through(Scope { input: &joined, context: &context }, state.get("OutputPath"))
}

/// A Retry or a Catch that takes the error. True: the branch is in another state now.
fn caught(world: &mut World, at: &At, state: &Value, kind: &str, error: String, cause: String) -> bool {
    let now = world.now();
    let takes = |rule: &Value| {
        members::texts(rule, "ErrorEquals").iter().any(|wanted| {
            *wanted == error
                || (*wanted == "States.ALL" && error != "States.DataLimitExceeded" && error != "States.Runtime")
                || (*wanted == "States.TaskFailed" && !error.starts_with("States.Timeout") && error != "States.Runtime")
        })
    };
    let retrier = members::list(state, "Retry").iter().enumerate().find(|(_, rule)| takes(rule));
    if let Some((number, rule)) = retrier {
        let most = members::integer(rule, "MaxAttempts").unwrap_or(3);
        let Some(found) = branch(world, at) else { return false };
        let used = found.retries.entry(number).or_default();
        if i64::from(*used) < most {
            let rate = members::number(rule, "BackoffRate").unwrap_or(2.0);
            let first = members::number(rule, "IntervalSeconds").unwrap_or(1.0);
            let longest = members::number(rule, "MaxDelaySeconds").unwrap_or(31_622_400.0);
            let mut seconds = (first * rate.powi(i32::try_from(*used).unwrap_or(i32::MAX))).min(longest);
            *used += 1;
            if members::text(rule, "JitterStrategy") == Some("FULL") {
                seconds *= seed::unit(seed::hash(world.seed, &format!("{} {} {now}", at.execution, at.branch)));
            }
            let delay = TimeDelta::milliseconds((seconds * 1000.0) as i64);
            wait(world, at, Waiting::Retry, Some(now + delay));
            return false;
        }
    }
    let catcher = members::list(state, "Catch").iter().find(|rule| takes(rule)).cloned();
    let Some(rule) = catcher else {
        fail(world, at, error, cause);
        return false;
    };
    let raw = branch(world, at).map(|branch| branch.input.clone()).unwrap_or_default();
    let told = json!({"Error": error, "Cause": cause});
    let output = match rule.get("ResultPath") {
        None => told,
        Some(Value::Null) => raw,
        Some(path) => match put(&raw, path.as_str().unwrap_or("$"), told) {
            Ok(output) => output,
            Err((error, cause)) => {
                fail(world, at, error.to_owned(), cause);
                return false;
            }
        },
    };
    exited(world, at, kind, &output, now);
    let Some(branch) = branch(world, at) else { return false };
    branch.state = members::required(&rule, "Next").to_owned();
    branch.input = output;
    true
}

fn perform(world: &mut World, at: &At, state: &Value, kind: &str) -> Result<Step, Fault> {
    let now = world.now();
    let raw = branch(world, at).map(|branch| branch.input.clone()).unwrap_or_default();
    let context = context(world, at, None);
    let input = through(Scope { input: &raw, context: &context }, state.get("InputPath"))?;
    let scope = Scope { input: &input, context: &context };
    match kind {
        "Pass" => {
            let input = match state.get("Parameters") {
                Some(template) => fill(scope, template)?,
                None => input,
            };
            Ok(Step::Done(state.get("Result").cloned().unwrap_or(input)))
        }
        "Succeed" => Ok(Step::Done(input)),
        "Fail" => {
            let text = |name: &str| match members::text(state, &format!("{name}Path")) {
                Some(path) => read(scope, path).map(|value| crate::sim::estate::plain(&value)),
                None => Ok(members::required(state, name).to_owned()),
            };
            Ok(Step::Fails(text("Error")?, text("Cause")?))
        }
        "Choice" => {
            for rule in members::list(state, "Choices") {
                if choice::holds(scope, rule)? {
                    let output = through(scope, state.get("OutputPath"))?;
                    return Ok(Step::Goes(members::required(rule, "Next").to_owned(), output));
                }
            }
            let output = through(scope, state.get("OutputPath"))?;
            members::text(state, "Default").map(|next| Step::Goes(next.to_owned(), output)).ok_or_else(|| {
                let cause = "Failed to transition out of the state. The state does not point to a next state.";
                ("States.NoChoiceMatched", cause.to_owned())
            })
        }
        "Wait" => {
            let number = |member: &str| match members::text(state, &format!("{member}Path")) {
                Some(path) => read(scope, path).map(Some),
                None => Ok(state.get(member).cloned()),
            };
            let until = match (number("Seconds")?, number("Timestamp")?) {
                (Some(seconds), _) => {
                    let seconds = seconds.as_i64().filter(|seconds| (0..=315_360_000).contains(seconds));
                    now + TimeDelta::seconds(
                        seconds.ok_or(("States.Runtime", "The Seconds of the Wait state are no whole number".to_owned()))?,
                    )
                }
                (None, timestamp) => {
                    let time = timestamp.as_ref().and_then(Value::as_str).and_then(members::read_time);
                    time.ok_or(("States.Runtime", "The Timestamp of the Wait state is no time".to_owned()))?.max(now)
                }
            };
            if let Some(branch) = branch(world, at) {
                branch.input = input;
            }
            wait(world, at, Waiting::Timer, Some(until));
            Ok(Step::Waits)
        }
        "Task" => task::begin(world, at, state, &input).map(|began| match began {
            task::Began::Result(result) => {
                wait(world, at, Waiting::Result(Box::new(result)), Some(now + TASK_TAKES));
                Step::Waits
            }
            task::Began::Execution(arn, as_json) => {
                wait(world, at, Waiting::Execution(arn, as_json), Some(now + LOOK_AGAIN));
                Step::Waits
            }
            task::Began::Token => Step::Waits,
        }),
        "Parallel" => {
            let input = match state.get("Parameters") {
                Some(template) => fill(scope, template)?,
                None => input,
            };
            let branches = members::list(state, "Branches").to_vec();
            if let Some(execution) = execution(world, at) {
                execution.note_of(at.branch, now, "ParallelStateStarted", None);
            }
            let pending = branches.into_iter().map(|definition| (Arc::new(definition), input.clone(), None)).collect();
            Ok(split(world, at, pending, usize::MAX))
        }
        _ => map(world, at, state, scope),
    }
}

fn map(world: &mut World, at: &At, state: &Value, scope: Scope<'_>) -> Result<Step, Fault> {
    let now = world.now();
    let items = match members::text(state, "ItemsPath") {
        Some(path) => read(scope, path)?,
        None => scope.input.clone(),
    };
    let Some(items) = items.as_array().cloned() else {
        return Err((
            "States.Runtime",
            format!("Reference path \"{}\" must point to array.", members::text(state, "ItemsPath").unwrap_or("$")),
        ));
    };
    let definition = state.get("ItemProcessor").or_else(|| state.get("Iterator")).cloned().unwrap_or(Value::Null);
    let definition = Arc::new(definition);
    let selector = state.get("ItemSelector").or_else(|| state.get("Parameters"));
    let mut pending = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let input = match selector {
            Some(selector) => {
                let mut context = scope.context.clone();
                context["Map"] = json!({"Item": {"Index": index, "Value": item}});
                fill(Scope { input: scope.input, context: &context }, selector)?
            }
            None => item.clone(),
        };
        pending.push((Arc::clone(&definition), input, Some(item.clone())));
    }
    if let Some(execution) = execution(world, at) {
        execution.note_of(
            at.branch,
            now,
            "MapStateStarted",
            Some(("mapStateStartedEventDetails", json!({"length": items.len()}))),
        );
    }
    let at_once = members::integer(state, "MaxConcurrency").and_then(|most| usize::try_from(most).ok()).filter(|most| *most > 0);
    Ok(split(world, at, pending, at_once.unwrap_or(usize::MAX)))
}

type Pending = Vec<(Arc<Value>, Value, Option<Value>)>;

/// Splits a branch into others, so many at once.
fn split(world: &mut World, at: &At, pending: Pending, at_once: usize) -> Step {
    if pending.is_empty() {
        return Step::Done(json!([]));
    }
    let Some(execution) = execution(world, at) else { return Step::Waits };
    let first = execution.branches.len();
    let last_event = execution.branches[at.branch].as_ref().map_or(0, |branch| branch.last_event);
    let count = pending.len();
    for (index, (definition, input, item)) in pending.into_iter().enumerate() {
        execution.branches.push(Some(Branch {
            parent: Some(at.branch),
            state: members::required(&definition, "StartAt").to_owned(),
            definition,
            input,
            item,
            index,
            last_event,
            ..Branch::default()
        }));
    }
    if let Some(branch) = execution.branches[at.branch].as_mut() {
        branch.results = vec![None; count];
        // Numbers of branches that have not begun, the next one last.
        branch.pending = (first..first + count).rev().map(|number| (number, Value::Null)).collect();
    }
    wait(world, at, Waiting::Branches, None);
    for _ in 0..at_once.min(count) {
        begin_next(world, at);
    }
    Step::Waits
}

fn begin_next(world: &mut World, at: &At) {
    let now = world.now();
    let Some((number, _)) = branch(world, at).and_then(|branch| branch.pending.pop()) else { return };
    let inner = At { branch: number, ..at.clone() };
    let is_map = state_of(world, at).is_some_and(|state| members::text(&state, "Type") == Some("Map"));
    if is_map && let Some(execution) = execution(world, at) {
        let index = execution.branches[number].as_ref().map_or(0, |branch| branch.index);
        let name = execution.branches[at.branch].as_ref().map(|branch| branch.state.clone());
        let details = json!({"name": name, "index": index});
        execution.note_of(number, now, "MapIterationStarted", Some(("mapIterationStartedEventDetails", details)));
    }
    // On the agenda rather than at once: thousands of iterations are to need no deeper stack than one.
    wait(world, &inner, Waiting::Start, Some(now));
}

/// A branch has come to its end: its parent has its result, or the execution is over.
fn end_branch(world: &mut World, at: &At, output: Value) {
    let now = world.now();
    let Some(execution) = execution(world, at) else { return };
    let Some(Some(ended)) = execution.branches.get(at.branch).cloned() else { return };
    let Some(parent) = ended.parent else {
        execution.output = Some(output.to_string());
        let details = json!({"output": output.to_string(), "outputDetails": {"truncated": false}});
        execution.note_of(at.branch, now, "ExecutionSucceeded", Some(("executionSucceededEventDetails", details)));
        return over(world, at, "SUCCEEDED");
    };
    let outer = At { branch: parent, ..at.clone() };
    let is_map = state_of(world, &outer).is_some_and(|state| members::text(&state, "Type") == Some("Map"));
    let Some(execution) = self::execution(world, at) else { return };
    if is_map {
        let name = execution.branches[parent].as_ref().map(|branch| branch.state.clone());
        let details = json!({"name": name, "index": ended.index});
        execution.note_of(at.branch, now, "MapIterationSucceeded", Some(("mapIterationSucceededEventDetails", details)));
    }
    let last_event = execution.branches[at.branch].as_ref().map_or(0, |branch| branch.last_event);
    execution.branches[at.branch] = None;
    let Some(Some(joined)) = execution.branches.get_mut(parent) else { return };
    if let Some(slot) = joined.results.get_mut(ended.index) {
        *slot = Some(output);
    }
    joined.last_event = joined.last_event.max(last_event);
    if !joined.pending.is_empty() {
        return begin_next(world, &outer);
    }
    if joined.results.iter().all(Option::is_some) {
        let results: Value = std::mem::take(&mut joined.results).into_iter().flatten().collect();
        joined.waiting = Waiting::Nothing;
        let word = if is_map { "MapStateSucceeded" } else { "ParallelStateSucceeded" };
        execution.note_of(parent, now, word, None);
        finish(world, &outer, Step::Done(results));
    }
}

/// A branch has failed: its parent's state fails with it, or the execution does.
fn fail(world: &mut World, at: &At, error: String, cause: String) {
    let now = world.now();
    let Some(execution) = execution(world, at) else { return };
    let Some(Some(failed)) = execution.branches.get(at.branch) else { return };
    if let Some(parent) = failed.parent {
        let outer = At { branch: parent, ..at.clone() };
        let Some(state) = state_of(world, &outer) else { return };
        let is_map = members::text(&state, "Type") == Some("Map");
        let Some(execution) = self::execution(world, at) else { return };
        if is_map {
            let name = execution.branches[parent].as_ref().map(|branch| branch.state.clone());
            let index = execution.branches[at.branch].as_ref().map_or(0, |branch| branch.index);
            execution.note_of(
                at.branch,
                now,
                "MapIterationFailed",
                Some(("mapIterationFailedEventDetails", json!({"name": name, "index": index}))),
            );
        }
        let (word, member) = if is_map { ("MapStateFailed", None) } else { ("ParallelStateFailed", None) };
        let last_event = execution.branches[at.branch].as_ref().map_or(0, |branch| branch.last_event);
        if let Some(Some(joined)) = execution.branches.get_mut(parent) {
            joined.last_event = joined.last_event.max(last_event);
        }
        let kept = execution.clone();
        drop_under(execution, parent);
        execution.note_of(parent, now, word, member);
        finish(world, &outer, Step::Fails(error, cause));
        // An execution that failed with it is redriven from where its branches were.
        if let Some(execution) = self::execution(world, at)
            && !execution.runs()
        {
            execution.branches = kept.branches;
        }
        return;
    }
    let told = (Some(error).filter(|text| !text.is_empty()), Some(cause).filter(|text| !text.is_empty()));
    execution.failure = Some(told.clone());
    let details = members::Members::new().maybe("error", told.0).maybe("cause", told.1).done();
    execution.note_of(at.branch, now, "ExecutionFailed", Some(("executionFailedEventDetails", details)));
    over(world, at, "FAILED");
}

/// Ends every branch under one.
fn drop_under(execution: &mut Execution, parent: usize) {
    let under: Vec<usize> = (0..execution.branches.len())
        .filter(|number| execution.branches[*number].as_ref().is_some_and(|branch| branch.parent == Some(parent)))
        .collect();
    for number in under {
        drop_under(execution, number);
        execution.branches[number] = None;
    }
    if let Some(Some(branch)) = execution.branches.get_mut(parent) {
        branch.pending.clear();
        branch.results.clear();
        branch.waiting = Waiting::Nothing;
    }
}

/// The execution is over with this status; whoever listens is told.
pub fn over(world: &mut World, at: &At, status: &'static str) {
    let now = world.now();
    let Some(execution) = execution(world, at) else { return };
    execution.status = status;
    execution.stopped = Some(now);
    announce(world, at);
}

/// Tells the event bus how an execution stands.
pub fn announce(world: &mut World, at: &At) {
    let Some(execution) = execution(world, at) else { return };
    let (error, cause) = execution.failure.clone().unwrap_or_default();
    let millis = |time: Option<DateTime<Utc>>| time.map(|time| time.timestamp_millis());
    let detail = json!({
        "executionArn": execution.arn, "stateMachineArn": execution.machine, "name": execution.name, "status": execution.status,
        "startDate": execution.started.timestamp_millis(), "stopDate": millis(execution.stopped), "input": execution.input,
        "output": execution.output, "inputDetails": {"included": true},
        "outputDetails": execution.output.as_ref().map(|_| json!({"included": true})), "error": error, "cause": cause,
    });
    let resources = vec![execution.arn.clone()];
    let place = Place { seed: world.seed, account: at.site.0.clone(), region: at.site.1.clone(), now: world.now() };
    emit(
        world,
        &place,
        Emitted::Event { source: "aws.states", detail_type: "Step Functions Execution Status Change", resources, detail },
    );
}

/// Begins every branch again that has not come to its end.
pub fn redrive(world: &mut World, at: &At) {
    let Some(execution) = execution(world, at) else { return };
    let leaves: Vec<usize> = (0..execution.branches.len())
        .filter(|number| {
            let Some(branch) = &execution.branches[*number] else { return false };
            let queued = branch.parent.and_then(|parent| execution.branches[parent].as_ref());
            let queued = queued.is_some_and(|parent| parent.pending.iter().any(|(pending, _)| pending == number));
            branch.waiting != Waiting::Branches && !queued
        })
        .collect();
    for number in leaves {
        enter(world, &At { branch: number, ..at.clone() }, true);
    }
}
