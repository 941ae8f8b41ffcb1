//! Executions of Region switch's plans, step by step in the world's time.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::controls;
use super::plans::{illegal, plan};
use crate::sim::call::{Answer, Call, Caller, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::world::{Happening, World};

/// How long a step takes that only talks to a data plane.
const QUICK: TimeDelta = TimeDelta::seconds(5);
/// How long any other step takes.
const SLOW: TimeDelta = TimeDelta::minutes(2);

/// A step of an execution.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepState {
    /// AWS's Step.
    pub step: Value,
    /// `notStarted`, `running`, `failed`, `completed`, `canceled`, `skipped`, `pendingApproval`.
    pub status: &'static str,
    /// When it began.
    pub started: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended: Option<DateTime<Utc>>,
    /// Its own mode, where it was changed.
    pub mode: Option<&'static str>,
    /// The number of the steps that go on together.
    pub group: usize,
}

/// An execution.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlanExecution {
    /// executionId.
    pub id: String,
    /// The plan's ARN.
    pub plan: String,
    /// The version of the plan.
    pub version: String,
    /// Where it is steered from: the account and the Region it was started in.
    pub site: (String, String),
    /// What of the start is told again: comment, action, region, recoveryExecutionId.
    pub members: Value,
    /// `graceful` or `ungraceful`.
    pub mode: &'static str,
    /// executionState.
    pub state: &'static str,
    /// startTime.
    pub started: DateTime<Utc>,
    /// updatedAt.
    pub updated: DateTime<Utc>,
    /// endTime.
    pub ended: Option<DateTime<Utc>>,
    /// The steps.
    pub steps: Vec<StepState>,
    /// AWS's events, in order.
    pub events: Vec<Value>,
    /// Which wait this is.
    pub turn: u64,
    /// clientToken of the start.
    pub token: Option<String>,
    /// What the start was answered.
    pub answer: Value,
}

impl PlanExecution {
    /// Is it over?
    pub fn is_over(&self) -> bool {
        self.ended.is_some()
    }

    fn note(&mut self, now: DateTime<Utc>, kind: &str, step: Option<usize>, error: Option<String>) {
        self.updated = now;
        let number = self.events.len() + 1;
        let about = step.and_then(|step| self.steps.get(step));
        let event = Members::new()
            .time("timestamp", now)
            .set("type", kind)
            .maybe("stepName", about.map(|about| members::required(&about.step, "name").to_owned()))
            .maybe("executionBlockType", about.map(|about| members::required(&about.step, "executionBlockType").to_owned()))
            .maybe("error", error)
            .set("eventId", number.to_string())
            .maybe("previousEventId", (number > 1).then(|| (number - 1).to_string()));
        self.events.push(event.done());
    }

    fn shared(&self) -> Members {
        let took = self.ended.map(|ended| format!("PT{}S", (ended - self.started).num_seconds()));
        Members::new()
            .set("planArn", self.plan.as_str())
            .set("executionId", self.id.as_str())
            .set("version", self.version.as_str())
            .time("updatedAt", self.updated)
            .copy(&self.members, &["comment", "executionAction", "executionRegion", "recoveryExecutionId"])
            .time("startTime", self.started)
            .time("endTime", self.ended)
            .set("mode", self.mode)
            .set("executionState", self.state)
            .maybe("actualRecoveryTime", took.filter(|_| self.state.starts_with("completed")))
    }

    /// As ListPlanExecutions tells it.
    pub fn listed(&self) -> Value {
        self.shared().done()
    }

    /// As GetPlanExecution answers it.
    pub fn answer(&self, plan: &Value) -> Value {
        let step = |state: &StepState| {
            Members::new()
                .copy(&state.step, &["name"])
                .set("status", state.status)
                .time("startTime", state.started)
                .time("endTime", state.ended)
                .set("stepMode", state.mode.unwrap_or(self.mode))
                .done()
        };
        self.shared().set("stepStates", self.steps.iter().map(step).collect::<Vec<_>>()).set("plan", plan.clone()).done()
    }
}

/// The steps of the workflow that a start asks for.
fn steps_of(plan: &Value, action: &str, region: &str) -> Option<Vec<StepState>> {
    let workflow = members::list(plan, "workflows").iter().find(|workflow| {
        members::text(workflow, "workflowTargetAction") == Some(action)
            && members::text(workflow, "workflowTargetRegion").is_none_or(|target| target == region)
    })?;
    let mut steps = Vec::new();
    for (group, step) in members::list(workflow, "steps").iter().enumerate() {
        let parallel = step.get("executionBlockConfiguration").and_then(|block| block.get("parallelConfig"));
        match parallel {
            Some(parallel) => {
                let together = members::list(parallel, "steps").iter();
                steps.extend(together.map(|step| StepState {
                    step: step.clone(),
                    status: "notStarted",
                    group,
                    ..StepState::default()
                }));
            }
            None => steps.push(StepState { step: step.clone(), status: "notStarted", group, ..StepState::default() }),
        }
    }
    Some(steps)
}

/// StartPlanExecution.
///
/// # Errors
/// As Region switch refuses it.
pub fn start(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let members = plan(world, call, "planArn")?.members.clone();
    let arn = members::required(input, "planArn").to_owned();
    let (now, id) = (world.now(), world.ids.uuid());
    let (region, action) = (members::required(input, "targetRegion"), members::required(input, "action"));
    let regions = members::texts(&members, "regions");
    if !regions.contains(&region) {
        return Err(Refusal::new("IllegalArgumentException", format!("{region} is not a Region of the plan")));
    }
    let steps = steps_of(&members, action, region).ok_or_else(|| {
        Refusal::new("IllegalArgumentException", format!("The plan has no workflow that would {action} {region}"))
    })?;
    let site = (call.caller.account.clone(), call.caller.region.clone());
    let arc = world.estate.arc.entry(site.0.clone()).or_default();
    let token = members::text(input, "clientToken").map(str::to_owned);
    let of_plan = || arc.executions.values().filter(|execution| execution.plan == arn);
    if let Some(begun) = of_plan().find(|execution| token.is_some() && execution.token == token) {
        return Ok(begun.answer.clone());
    }
    if of_plan().any(|execution| !execution.is_over()) {
        return Err(illegal("The plan has an execution that is not over"));
    }
    let told = Members::new()
        .copy(input, &["comment", "recoveryExecutionId"])
        .set("executionAction", action)
        .set("executionRegion", region);
    let version = members::required(&members, "version").to_owned();
    let other = regions.iter().find(|other| **other != region).copied().unwrap_or_default();
    let (activated, deactivated) = if action == "deactivate" { (other, region) } else { (region, other) };
    let answer = json!({"executionId": id, "plan": arn, "planVersion": version, "activateRegion": activated,
        "deactivateRegion": deactivated});
    let mut made = PlanExecution {
        id: id.clone(),
        plan: arn.clone(),
        version,
        token,
        answer: answer.clone(),
        site: site.clone(),
        members: told.done(),
        mode: if members::text(input, "mode") == Some("ungraceful") { "ungraceful" } else { "graceful" },
        state: "inProgress",
        started: now,
        updated: now,
        steps,
        ..PlanExecution::default()
    };
    made.note(now, "executionStarted", None, None);
    let number = i64::try_from(arc.executions.len()).unwrap_or(i64::MAX);
    arc.executions.insert((arn.clone(), -now.timestamp_millis(), -number), made);
    world.effect(call, &format!("{arn} {action} {region}"));
    go_on(world, &site.0, &id);
    Ok(answer)
}

fn find<'a>(world: &'a mut World, account: &str, id: &str) -> Option<&'a mut PlanExecution> {
    world.estate.arc.get_mut(account)?.executions.values_mut().find(|execution| execution.id == id)
}

/// Begins the next steps, or ends the execution if there are none.
fn go_on(world: &mut World, account: &str, id: &str) {
    let now = world.now();
    let Some(execution) = find(world, account, id).filter(|execution| !execution.is_over() && execution.state == "inProgress")
    else {
        return;
    };
    let next = execution.steps.iter().find(|step| step.status == "notStarted").map(|step| step.group);
    let busy = execution.steps.iter().any(|step| matches!(step.status, "running" | "pendingApproval"));
    let Some(group) = next.filter(|_| !busy) else {
        if next.is_none() && !busy {
            let skipped = execution.steps.iter().any(|step| step.status == "skipped");
            execution.state = if skipped { "completedWithExceptions" } else { "completed" };
            execution.ended = Some(now);
            execution.note(now, "executionSucceeded", None, None);
        }
        return;
    };
    let mut longest = None;
    for at in 0..execution.steps.len() {
        if execution.steps[at].group != group || execution.steps[at].status != "notStarted" {
            continue;
        }
        execution.steps[at].started = Some(now);
        execution.note(now, "stepStarted", Some(at), None);
        let kind = members::required(&execution.steps[at].step, "executionBlockType").to_owned();
        if kind == "ManualApproval" {
            execution.steps[at].status = "pendingApproval";
            execution.state = "pendingManualApproval";
            execution.note(now, "stepPendingApproval", Some(at), None);
            continue;
        }
        execution.steps[at].status = "running";
        let takes =
            if matches!(kind.as_str(), "ARCRoutingControl" | "CustomActionLambda" | "Route53HealthCheck") { QUICK } else { SLOW };
        longest = longest.max(Some(takes));
    }
    execution.turn += 1;
    let turn = execution.turn;
    if let Some(takes) = longest {
        world.schedule(now + takes, Happening::Plan(account.to_owned(), id.to_owned(), turn));
    }
}

/// The steps that run have had their time: they do what they do.
pub fn advance(world: &mut World, account: &str, id: &str, turn: u64) {
    let now = world.now();
    let Some(execution) = find(world, account, id).filter(|execution| execution.turn == turn && !execution.is_over()) else {
        return;
    };
    let running: Vec<usize> = (0..execution.steps.len()).filter(|at| execution.steps[*at].status == "running").collect();
    for at in running {
        let Some(execution) = find(world, account, id) else { return };
        let (step, members, site) = (execution.steps[at].step.clone(), execution.members.clone(), execution.site.clone());
        let done = carry_out(world, &site, &step, &members);
        let Some(execution) = find(world, account, id) else { return };
        match done {
            Ok(()) => {
                execution.steps[at].status = "completed";
                execution.steps[at].ended = Some(now);
                execution.note(now, "stepSucceeded", Some(at), None);
            }
            Err(refusal) => {
                execution.steps[at].status = "failed";
                execution.steps[at].ended = Some(now);
                execution.state = "pausedByFailedStep";
                execution.note(now, "stepFailed", Some(at), Some(format!("{}: {}", refusal.code, refusal.message)));
                execution.note(now, "stepPausedByError", Some(at), None);
            }
        }
    }
    go_on(world, account, id);
}

fn carry_out(world: &mut World, site: &(String, String), step: &Value, start: &Value) -> Result<(), Refusal> {
    let block = step.get("executionBlockConfiguration").unwrap_or(&Value::Null);
    if let Some(config) = block.get("arcRoutingControlConfig") {
        let region = members::required(start, "executionRegion");
        let controls = config.get("regionAndRoutingControls").map(|regions| members::list(regions, region)).unwrap_or_default();
        let state = |control: &Value| {
            (members::required(control, "routingControlArn").to_owned(), members::text(control, "state") == Some("On"))
        };
        let wanted: BTreeMap<String, bool> = controls.iter().map(state).collect();
        return controls::set(world, &site.0, &wanted, &[]);
    }
    if let Some(config) = block.get("customActionLambdaConfig") {
        for function in members::list(config, "lambdas") {
            let arn = members::required(function, "arn");
            let region = arn.split(':').nth(3).unwrap_or(&site.1).to_owned();
            let account = arn.split(':').nth(4).unwrap_or(&site.0).to_owned();
            let caller = Caller {
                arn: format!("arn:aws:sts::{account}:assumed-role/arc/switch"),
                user_id: "AROASIMULATED00000ARC:switch".to_owned(),
                account,
                region,
            };
            let mut input = json!({"FunctionName": arn});
            if let Some(payload) = members::text(function, "payload") {
                use base64::Engine;
                input["Payload"] = base64::engine::general_purpose::STANDARD.encode(payload).into();
            }
            let call = Call { caller, service: "lambda", operation: "Invoke".to_owned(), input, at: world.now() };
            let told = world.carry_out_within(&call)?;
            if members::text(&told, "FunctionError").is_some() {
                return Err(Refusal::new("CustomActionLambdaFailed", format!("{arn} failed")));
            }
        }
    }
    Ok(())
}

/// ApprovePlanExecutionStep, CancelPlanExecution, UpdatePlanExecution and UpdatePlanExecutionStep.
///
/// # Errors
/// As Region switch refuses them.
pub fn steer(world: &mut World, call: &Call, id: &str) -> Answer {
    let input = &call.input;
    let (now, account) = (world.now(), call.caller.account.clone());
    let none = || Refusal::new("ResourceNotFoundException", format!("Plan execution not found: {id}")).status(404);
    let execution = find(world, &account, id).ok_or_else(none)?;
    if execution.is_over() {
        return Err(illegal("The execution is over"));
    }
    let named = |execution: &PlanExecution| {
        let name = members::required(input, "stepName");
        let at = execution.steps.iter().position(|step| members::text(&step.step, "name") == Some(name));
        at.ok_or_else(|| Refusal::new("ResourceNotFoundException", format!("Step not found: {name}")).status(404))
    };
    let word = members::text(input, "action")
        .or_else(|| members::text(input, "actionToTake"))
        .or_else(|| members::text(input, "approval"));
    match (call.operation.as_str(), word.unwrap_or_default()) {
        ("CancelPlanExecution", _) => {
            for step in execution.steps.iter_mut().filter(|step| step.ended.is_none()) {
                step.status = "canceled";
                step.ended = Some(now);
            }
            execution.state = "canceled";
            execution.ended = Some(now);
            execution.note(now, "executionCanceled", None, None);
        }
        ("ApprovePlanExecutionStep", approval) => {
            let at = named(execution)?;
            if execution.steps[at].status != "pendingApproval" {
                return Err(illegal("The step does not wait for an approval"));
            }
            execution.steps[at].ended = Some(now);
            if approval == "approve" {
                execution.steps[at].status = "completed";
                execution.note(now, "stepSucceeded", Some(at), None);
                execution.state = "inProgress";
            } else {
                execution.steps[at].status = "failed";
                execution.state = "pausedByFailedStep";
                execution.note(now, "stepFailed", Some(at), Some("The approval was declined".to_owned()));
            }
        }
        ("UpdatePlanExecution", "pause") => {
            execution.state = "pausedByOperator";
            execution.note(now, "executionPaused", None, None);
        }
        ("UpdatePlanExecution", "resume") => {
            if !execution.state.starts_with("paused") {
                return Err(illegal("The execution is not paused"));
            }
            // A step that failed is tried again.
            for step in execution.steps.iter_mut().filter(|step| step.status == "failed") {
                step.status = "notStarted";
                step.ended = None;
            }
            execution.state = "inProgress";
            execution.note(now, "executionStarted", None, None);
        }
        ("UpdatePlanExecution", action) => {
            let graceful = action == "switchToGraceful";
            execution.mode = if graceful { "graceful" } else { "ungraceful" };
            let kind = if graceful { "executionBehaviorChangedToGraceful" } else { "executionBehaviorChangedToUngraceful" };
            execution.note(now, kind, None, None);
        }
        (_, "skip") => {
            let at = named(execution)?;
            if execution.steps[at].status == "completed" {
                return Err(illegal("The step has completed"));
            }
            execution.steps[at].status = "skipped";
            execution.steps[at].ended = Some(now);
            execution.note(now, "stepSkipped", Some(at), None);
            if matches!(execution.state, "pausedByFailedStep" | "pendingManualApproval") {
                execution.state = "inProgress";
            }
        }
        _ => {
            let at = named(execution)?;
            execution.steps[at].mode = Some("ungraceful");
            execution.note(now, "stepExecutionBehaviorChangedToUngraceful", Some(at), None);
        }
    }
    world.effect(call, id);
    go_on(world, &account, id);
    Ok(json!({}))
}
