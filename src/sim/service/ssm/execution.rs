//! Documents, and how one execution goes through a document's steps.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::commands::Command;
use super::documents::Text;
use super::ops_items::OpsItem;
use super::parameters::Parameter;
use crate::sim::members::{self, Members};

/// Newest first, then in the order in which they were asked for.
pub type ExecutionKey = (Reverse<i64>, Reverse<u64>);

/// Systems Manager's state in one account and Region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ssm {
    /// By name.
    pub documents: BTreeMap<String, Arc<Document>>,
    /// Newest first.
    pub executions: BTreeMap<ExecutionKey, Execution>,
    /// Where an execution is among them.
    pub execution_ids: BTreeMap<String, ExecutionKey>,
    /// Client tokens: the execution that each started, and its input.
    pub tokens: BTreeMap<String, (String, Value)>,
    /// By OpsItem id.
    pub ops_items: BTreeMap<String, OpsItem>,
    /// The texts of documents that callers made, by name.
    pub texts: BTreeMap<String, Text>,
    /// Parameter Store, by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// Commands, newest first: when (negative milliseconds), number (negative).
    pub commands: BTreeMap<(i64, i64), Command>,
}

/// A runbook.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Parameters that a start must give.
    pub required: Vec<String>,
    /// Parameters that a start may give.
    pub optional: Vec<String>,
    /// In the order in which they run.
    pub steps: Vec<StepSpec>,
    /// What it was read from; nothing for one of the scenario's.
    pub content: Value,
}

/// One step of a runbook.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepSpec {
    /// Its name.
    pub name: String,
    /// AWS's action: `aws:executeAwsApi`, `aws:approve`, `aws:pause`.
    pub action: String,
    /// How long it takes; what waits for a signal takes no time.
    pub takes: TimeDelta,
    /// What it does to the estate.
    pub does: Option<Deed>,
    /// Its outputs: a name to a list of texts.
    pub outputs: Map<String, Value>,
    /// What it was read from; nothing for one of the scenario's.
    pub content: Value,
}

/// What a step can do to the estate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Attaches the volume in parameter VolumeId to InstanceId as Device.
    AttachVolume,
}

impl StepSpec {
    /// Does it wait for a signal?
    pub fn waits(&self) -> bool {
        matches!(self.action.as_str(), "aws:approve" | "aws:pause")
    }
}

/// One execution.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// AutomationExecutionId.
    pub id: String,
    /// What it runs.
    pub document: Arc<Document>,
    /// Its parameters: a name to a list of texts.
    pub parameters: Value,
    /// AutomationExecutionStatus.
    pub status: &'static str,
    /// ExecutionStartTime.
    pub started: DateTime<Utc>,
    /// ExecutionEndTime.
    pub ended: Option<DateTime<Utc>>,
    /// FailureMessage.
    pub failure: Option<String>,
    /// ExecutedBy.
    pub by: String,
    /// As many as the document has.
    pub steps: Vec<Step>,
    /// Which step it is at.
    pub current: usize,
    /// Goes up with each step begun, so that a timer of an earlier step does nothing.
    pub turn: u64,
}

/// One step of an execution.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// StepExecutionId.
    pub id: String,
    /// StepStatus.
    pub status: &'static str,
    /// ExecutionStartTime.
    pub started: Option<DateTime<Utc>>,
    /// ExecutionEndTime.
    pub ended: Option<DateTime<Utc>>,
    /// FailureMessage.
    pub failure: Option<String>,
    /// Outputs.
    pub outputs: Map<String, Value>,
}

impl Execution {
    /// Is it over?
    pub fn is_over(&self) -> bool {
        self.ended.is_some()
    }

    /// What the step it is at is like.
    pub fn spec(&self) -> Option<&StepSpec> {
        self.document.steps.get(self.current)
    }

    /// The first text of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        members::list(&self.parameters, name).first().and_then(Value::as_str)
    }

    /// Begins the current step, or ends the execution well if there is none left. Says how long the step takes
    /// if it runs by itself.
    pub fn begin_step(&mut self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let Some(spec) = self.document.steps.get(self.current) else {
            self.status = "Success";
            self.ended = Some(now);
            return None;
        };
        self.turn += 1;
        let step = &mut self.steps[self.current];
        step.started = Some(now);
        step.status = if spec.waits() { "Waiting" } else { "InProgress" };
        self.status = step.status;
        (!spec.waits()).then_some(spec.takes)
    }

    /// Ends the current step well and goes on to the next, as [`Execution::begin_step`].
    pub fn pass_step(&mut self, now: DateTime<Utc>, outputs: Map<String, Value>) -> Option<TimeDelta> {
        let content = self.spec().map(|spec| spec.content.clone()).unwrap_or_default();
        let next = match (members::text(&content, "nextStep"), members::flag(&content, "isEnd")) {
            (Some(next), _) => self.document.steps.iter().position(|spec| spec.name == next).unwrap_or(self.document.steps.len()),
            (None, Some(true)) => self.document.steps.len(),
            (None, _) => self.current + 1,
        };
        self.pass_step_to(now, outputs, next)
    }

    /// Ends the current step well and goes on to the one with this number, as [`Execution::begin_step`].
    pub fn pass_step_to(&mut self, now: DateTime<Utc>, outputs: Map<String, Value>, next: usize) -> Option<TimeDelta> {
        let step = &mut self.steps[self.current];
        (step.status, step.ended, step.outputs) = ("Success", Some(now), outputs);
        self.current = next;
        self.begin_step(now)
    }

    /// Lets the current step go on for a while longer.
    pub fn keep_step(&mut self, longer: TimeDelta) -> Option<TimeDelta> {
        self.turn += 1;
        Some(longer)
    }

    /// Ends the current step and the execution badly.
    pub fn fail_step(&mut self, now: DateTime<Utc>, step_status: &'static str, status: &'static str, message: Option<String>) {
        if let Some(step) = self.steps.get_mut(self.current) {
            (step.status, step.ended) = (step_status, Some(now));
            step.failure.clone_from(&message);
        }
        (self.status, self.ended, self.failure) = (status, Some(now), message);
        self.turn += 1;
    }

    fn outputs(&self) -> Value {
        let named = self.document.steps.iter().zip(&self.steps);
        let outputs = named
            .flat_map(|(spec, step)| step.outputs.iter().map(|(key, value)| (format!("{}.{key}", spec.name), value.clone())));
        Value::Object(outputs.collect())
    }

    /// What all answers about it share.
    fn shared(&self) -> Members {
        let running = if self.is_over() { None } else { self.spec() };
        Members::new()
            .set("AutomationExecutionId", self.id.as_str())
            .set("DocumentName", self.document.name.as_str())
            .set("DocumentVersion", self.document.version.as_str())
            .time("ExecutionStartTime", self.started)
            .time("ExecutionEndTime", self.ended)
            .set("AutomationExecutionStatus", self.status)
            .set("Outputs", self.outputs())
            .maybe("FailureMessage", self.failure.clone())
            .set("Mode", "Auto")
            .set("ExecutedBy", self.by.as_str())
            .maybe("CurrentStepName", running.map(|spec| spec.name.as_str()))
            .maybe("CurrentAction", running.map(|spec| spec.action.as_str()))
            .set("Targets", json!([]))
            .set("ResolvedTargets", json!({"ParameterValues": [], "Truncated": false}))
    }

    /// As GetAutomationExecution answers it.
    pub fn answer(&self) -> Value {
        let steps: Vec<_> = (0..self.steps.len()).map(|at| self.step_answer(at)).collect();
        self.shared()
            .set("StepExecutions", steps)
            .set("StepExecutionsTruncated", false)
            .set("Parameters", self.parameters.clone())
            .done()
    }

    /// As DescribeAutomationExecutions answers it.
    pub fn listed(&self) -> Value {
        self.shared().set("AutomationType", "Local").done()
    }

    /// One step, as every answer tells it.
    pub fn step_answer(&self, at: usize) -> Value {
        let (spec, step) = (&self.document.steps[at], &self.steps[at]);
        Members::new()
            .set("StepName", spec.name.as_str())
            .set("Action", spec.action.as_str())
            .set("OnFailure", "Abort")
            .set("MaxAttempts", 1)
            .time("ExecutionStartTime", step.started)
            .time("ExecutionEndTime", step.ended)
            .set("StepStatus", step.status)
            .maybe("ResponseCode", (step.status == "Success").then_some("0"))
            .set("Inputs", json!({}))
            .set("Outputs", Value::Object(step.outputs.clone()))
            .maybe("FailureMessage", step.failure.clone())
            .set("StepExecutionId", step.id.as_str())
            .set("IsEnd", at + 1 == self.steps.len())
            .maybe("NextStep", self.document.steps.get(at + 1).map(|next| next.name.as_str()))
            .done()
    }
}
