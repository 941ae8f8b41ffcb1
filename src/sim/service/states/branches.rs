//! Branches of Parallel and Map states: how an execution splits, comes together again, and ends.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::execution::{Branch, Execution, Waiting};
use super::path::{Fault, Scope, fill, read};
use super::run::{self, At, Step, branch, enter, finish, state_of, wait};
use crate::sim::estate::Place;
use crate::sim::members;
use crate::sim::service::events::{Emitted, emit};
use crate::sim::world::World;

pub(super) fn map(world: &mut World, at: &At, state: &Value, scope: Scope<'_>) -> Result<Step, Fault> {
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
    if let Some(execution) = run::execution(world, at) {
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
pub(super) fn split(world: &mut World, at: &At, pending: Pending, at_once: usize) -> Step {
    if pending.is_empty() {
        return Step::Done(json!([]));
    }
    let Some(execution) = run::execution(world, at) else { return Step::Waits };
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
    if is_map && let Some(execution) = run::execution(world, at) {
        let index = execution.branches[number].as_ref().map_or(0, |branch| branch.index);
        let name = execution.branches[at.branch].as_ref().map(|branch| branch.state.clone());
        let details = json!({"name": name, "index": index});
        execution.note_of(number, now, "MapIterationStarted", Some(("mapIterationStartedEventDetails", details)));
    }
    // On the agenda rather than at once: thousands of iterations are to need no deeper stack than one.
    wait(world, &inner, Waiting::Start, Some(now));
}

/// A branch has come to its end: its parent has its result, or the execution is over.
pub(super) fn end_branch(world: &mut World, at: &At, output: Value) {
    let now = world.now();
    let Some(execution) = run::execution(world, at) else { return };
    let Some(Some(ended)) = execution.branches.get(at.branch).cloned() else { return };
    let Some(parent) = ended.parent else {
        execution.output = Some(output.to_string());
        let details = json!({"output": output.to_string(), "outputDetails": {"truncated": false}});
        execution.note_of(at.branch, now, "ExecutionSucceeded", Some(("executionSucceededEventDetails", details)));
        return over(world, at, "SUCCEEDED");
    };
    let outer = At { branch: parent, ..at.clone() };
    let is_map = state_of(world, &outer).is_some_and(|state| members::text(&state, "Type") == Some("Map"));
    let Some(execution) = run::execution(world, at) else { return };
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
pub(super) fn fail(world: &mut World, at: &At, error: String, cause: String) {
    let now = world.now();
    let Some(execution) = run::execution(world, at) else { return };
    let Some(Some(failed)) = execution.branches.get(at.branch) else { return };
    if let Some(parent) = failed.parent {
        let outer = At { branch: parent, ..at.clone() };
        let Some(state) = state_of(world, &outer) else { return };
        let is_map = members::text(&state, "Type") == Some("Map");
        let Some(execution) = run::execution(world, at) else { return };
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
        if let Some(execution) = run::execution(world, at)
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
    let Some(execution) = run::execution(world, at) else { return };
    execution.status = status;
    execution.stopped = Some(now);
    announce(world, at);
}

/// Tells the event bus how an execution stands.
pub fn announce(world: &mut World, at: &At) {
    let Some(execution) = run::execution(world, at) else { return };
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
    let Some(execution) = run::execution(world, at) else { return };
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
