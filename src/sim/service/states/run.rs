//! How an execution goes from state to state, in the world's time.
//!
//! Source: Amazon States Language specification. A branch goes on until it waits for a timer, a token or other branches.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::execution::{Branch, Execution, Waiting};
use super::path::{Fault, Scope, fill, put, read, through};
use super::task;
use super::{branches, choice};
use crate::sim::estate::SiteKey;
use crate::sim::members;
use crate::sim::seed;
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
pub(super) enum Step {
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

pub(super) fn branch<'a>(world: &'a mut World, at: &At) -> Option<&'a mut Branch> {
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
pub(super) fn enter(world: &mut World, at: &At, mut anew: bool) {
    loop {
        let now = world.now();
        let Some(state) = state_of(world, at) else { return };
        let Some(execution) = execution(world, at) else { return };
        if execution.history.len() > HISTORY {
            return branches::fail(
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
pub(super) fn finish(world: &mut World, at: &At, step: Step) {
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
            branches::end_branch(world, at, output);
            false
        }
        Step::Fails(error, cause) => caught(world, at, state, &kind, error, cause),
    }
}

pub(super) fn exited(world: &mut World, at: &At, kind: &str, output: &Value, now: DateTime<Utc>) {
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
        branches::fail(world, at, error, cause);
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
                branches::fail(world, at, error.to_owned(), cause);
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
            Ok(branches::split(world, at, pending, usize::MAX))
        }
        _ => branches::map(world, at, state, scope),
    }
}
