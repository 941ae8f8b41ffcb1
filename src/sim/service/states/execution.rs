//! State machines and executions: what is kept of them, and how it is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::sim::members::{self, Members};

/// Step Functions' state in one account and Region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct States {
    /// By ARN.
    pub machines: BTreeMap<String, Machine>,
    /// By ARN.
    pub executions: BTreeMap<String, Execution>,
    /// Executions of a machine, the newest first: machine, when (negative milliseconds), number (negative) to ARN.
    pub order: BTreeMap<(String, i64, i64), String>,
    /// Which branch of which execution a task token belongs to.
    pub tokens: BTreeMap<String, (String, usize)>,
}

/// A state machine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Machine {
    /// Its name.
    pub name: String,
    /// The definition as it was given.
    pub text: String,
    /// The definition, read.
    pub definition: Arc<Value>,
    /// `STANDARD` or `EXPRESS`.
    pub kind: String,
    /// The role.
    pub role: String,
    /// Members that are told again as they came.
    pub members: Value,
    /// creationDate.
    pub created: DateTime<Utc>,
    /// updateDate.
    pub updated: DateTime<Utc>,
    /// The id of this state of it.
    pub revision: Option<String>,
    /// Key to value.
    pub tags: BTreeMap<String, String>,
}

/// What a branch waits for.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Waiting {
    /// Nothing: it is over.
    #[default]
    Nothing,
    /// A state's timer.
    Timer,
    /// A task's result, ready when its timer runs out.
    Result(Box<Result<Value, (String, String)>>),
    /// Its turn to begin.
    Start,
    /// A retry.
    Retry,
    /// Somebody who has this token.
    Token(String),
    /// An execution that it started: its ARN, and whether its output is told as JSON.
    Execution(String, bool),
    /// Its branches.
    Branches,
}

/// One line of control: the execution's own, a branch of a Parallel state, an iteration of a Map state.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Branch {
    /// The branch that it belongs to.
    pub parent: Option<usize>,
    /// The states that it goes through.
    pub definition: Arc<Value>,
    /// The state it is in.
    pub state: String,
    /// When it entered that state.
    pub entered: DateTime<Utc>,
    /// The raw input of that state.
    pub input: Value,
    /// What it waits for.
    pub waiting: Waiting,
    /// Which wait this is: a timer of another one is passed over.
    pub turn: u64,
    /// How often each retrier was used.
    pub retries: BTreeMap<usize, u32>,
    /// Iterations of a Map state that have not begun, with their indexes, in reverse.
    pub pending: Vec<(usize, Value)>,
    /// Results of its branches, by index; `None`: not yet.
    pub results: Vec<Option<Value>>,
    /// Which branch or iteration of its parent it is.
    pub index: usize,
    /// The item of a Map state.
    pub item: Option<Value>,
    /// The last event of its own.
    pub last_event: i64,
}

/// An execution.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Execution {
    /// Its ARN.
    pub arn: String,
    /// The machine's ARN.
    pub machine: String,
    /// Its name.
    pub name: String,
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED`.
    pub status: &'static str,
    /// startDate.
    pub started: DateTime<Utc>,
    /// stopDate.
    pub stopped: Option<DateTime<Utc>>,
    /// The input as it was given.
    pub input: String,
    /// What came out.
    pub output: Option<String>,
    /// What went wrong: error and cause.
    pub failure: Option<(Option<String>, Option<String>)>,
    /// The role.
    pub role: String,
    /// How often it was redriven, and when last.
    pub redriven: Option<(i64, DateTime<Utc>)>,
    /// The lines of control; the first is its own.
    pub branches: Vec<Option<Branch>>,
    /// What happened: AWS's HistoryEvent.
    pub history: Vec<Value>,
    /// How many turns were given.
    pub turns: u64,
}

impl Execution {
    /// Does it run?
    pub fn runs(&self) -> bool {
        self.status == "RUNNING"
    }

    /// Writes an event down and gives its id.
    pub fn note(&mut self, at: DateTime<Utc>, kind: &str, previous: i64, details: Option<(&str, Value)>) -> i64 {
        let id = i64::try_from(self.history.len()).unwrap_or(i64::MAX) + 1;
        let event = Members::new().time("timestamp", at).set("type", kind).set("id", id).set("previousEventId", previous);
        self.history.push(match details {
            Some((member, details)) => event.set(member, details).done(),
            None => event.done(),
        });
        id
    }

    /// Writes an event of a branch down.
    pub fn note_of(&mut self, branch: usize, at: DateTime<Utc>, kind: &str, details: Option<(&str, Value)>) {
        let previous = self.branches.get(branch).and_then(Option::as_ref).map_or(0, |branch| branch.last_event);
        let id = self.note(at, kind, previous, details);
        if let Some(Some(branch)) = self.branches.get_mut(branch) {
            branch.last_event = id;
        }
    }

    /// As DescribeExecution answers it.
    pub fn answer(&self) -> Value {
        let (error, cause) = self.failure.clone().unwrap_or_default();
        let (redrives, redriven) = self.redriven.map_or((0, None), |(count, at)| (count, Some(at)));
        let redrivable = match self.status {
            "RUNNING" => ("NOT_REDRIVABLE", Some("Execution is RUNNING and cannot be redriven")),
            "SUCCEEDED" => ("NOT_REDRIVABLE", Some("Execution is SUCCEEDED and cannot be redriven")),
            _ => ("REDRIVABLE", None),
        };
        let included = json!({"included": true});
        Members::new()
            .set("executionArn", self.arn.as_str())
            .set("stateMachineArn", self.machine.as_str())
            .set("name", self.name.as_str())
            .set("status", self.status)
            .time("startDate", self.started)
            .time("stopDate", self.stopped)
            .set("input", self.input.as_str())
            .set("inputDetails", included.clone())
            .maybe("outputDetails", self.output.as_ref().map(|_| included))
            .maybe("output", self.output.clone())
            .maybe("error", error)
            .maybe("cause", cause)
            .set("redriveCount", redrives)
            .time("redriveDate", redriven)
            .set("redriveStatus", redrivable.0)
            .maybe("redriveStatusReason", redrivable.1)
            .done()
    }

    /// As ListExecutions answers it.
    pub fn listed(&self) -> Value {
        let all = self.answer();
        let keys = ["executionArn", "stateMachineArn", "name", "status", "startDate", "stopDate", "redriveCount", "redriveDate"];
        Members::new().copy(&all, &keys).done()
    }

    /// The context object of a branch.
    pub fn context(&self, branch: &Branch, machine_name: &str, token: Option<&str>) -> Value {
        let input: Value = serde_json::from_str(&self.input).unwrap_or(Value::Null);
        let retries: u32 = branch.retries.values().sum();
        let mut context = json!({
            "Execution": {
                "Id": self.arn, "Input": input, "Name": self.name, "RoleArn": self.role, "StartTime": members::stamp(self.started),
                "RedriveCount": self.redriven.map_or(0, |(count, _)| count),
            },
            "State": {"Name": branch.state, "EnteredTime": members::stamp(branch.entered), "RetryCount": retries},
            "StateMachine": {"Id": self.machine, "Name": machine_name},
        });
        if let Some(item) = &branch.item {
            context["Map"] = json!({"Item": {"Index": branch.index, "Value": item}});
        }
        if let Some(token) = token {
            context["Task"] = json!({"Token": token});
        }
        context
    }
}
