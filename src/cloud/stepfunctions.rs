//! Step Functions: state machines, their executions and what these have been through.

use chrono::{DateTime, Utc};

use aws_sdk_sfn::types::HistoryEvent;

use super::client;
use super::site::{Connection, Retries};
use super::time::{to_utc, utc};
use crate::domain::{Problem, ProblemKind};

/// How many of the newest events of a history are read.
const EVENTS: i32 = 200;

/// Asks Step Functions at one site.
#[derive(Debug, Clone)]
pub struct StepFunctions {
    connection: Connection,
    sfn_client: aws_sdk_sfn::Client,
}

/// A state machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateMachine {
    /// Its name.
    pub name: String,
    /// `ACTIVE` or `DELETING`, or as it came.
    pub status: String,
    /// `STANDARD` or `EXPRESS`.
    pub kind: String,
}

/// An execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED`, `PENDING_REDRIVE`, or as it came.
    pub status: String,
    /// What it gave, JSON.
    pub output: Option<String>,
    /// The error's name.
    pub error: Option<String>,
    /// The error's cause.
    pub cause: Option<String>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub stopped_at: Option<DateTime<Utc>>,
    /// When it was redriven last.
    pub redriven_at: Option<DateTime<Utc>>,
    /// `REDRIVABLE`, `NOT_REDRIVABLE`, as it came.
    pub redrive: Option<String>,
    /// Why it cannot be redriven.
    pub redrive_reason: Option<String>,
}

/// A state that an execution went through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatePassed {
    /// Its name.
    pub name: String,
    /// `runs`, `done`, `failed`.
    pub status: String,
}

impl StepFunctions {
    /// Through `connection`.
    pub fn new(connection: &Connection) -> Self {
        Self { sfn_client: client!(aws_sdk_sfn, connection, Retries::Read), connection: connection.clone() }
    }

    /// A state machine by its ARN; `None` if there is none.
    ///
    /// # Errors
    /// Any kind but Missing.
    pub async fn state_machine(&self, arn: &str) -> Result<Option<StateMachine>, Problem> {
        let answer = self.sfn_client.describe_state_machine().state_machine_arn(arn).send();
        match self.connection.read(answer, "Step Functions DescribeStateMachine").await {
            Ok(found) => Ok(Some(StateMachine {
                name: found.name().to_owned(),
                status: found.status().map_or("ACTIVE", |status| status.as_str()).to_owned(),
                kind: found.r#type().as_str().to_owned(),
            })),
            Err(problem) if is_missing(&problem) => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    /// An execution by its ARN; `None` if there is none.
    ///
    /// # Errors
    /// Any kind but Missing.
    pub async fn execution(&self, arn: &str) -> Result<Option<Execution>, Problem> {
        let answer = self.sfn_client.describe_execution().execution_arn(arn).send();
        match self.connection.read(answer, "Step Functions DescribeExecution").await {
            Ok(found) => Ok(Some(Execution {
                status: found.status().as_str().to_owned(),
                output: found.output().map(str::to_owned),
                error: found.error().map(str::to_owned),
                cause: found.cause().map(str::to_owned),
                started_at: to_utc(found.start_date()),
                stopped_at: utc(found.stop_date()),
                redriven_at: utc(found.redrive_date()),
                redrive: found.redrive_status().map(|status| status.as_str().to_owned()),
                redrive_reason: found.redrive_status_reason().map(str::to_owned),
            })),
            Err(problem) if is_missing(&problem) => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    /// The states among the newest events of an execution, in the order in which they were entered; the last one that failed is so called.
    ///
    /// # Errors
    /// Any kind.
    pub async fn states(&self, arn: &str) -> Result<Vec<StatePassed>, Problem> {
        let ask = self.sfn_client.get_execution_history().execution_arn(arn).reverse_order(true).max_results(EVENTS);
        let answer = ask.include_execution_data(false).send();
        let answer = self.connection.read(answer, "Step Functions GetExecutionHistory").await?;
        Ok(passed(answer.events().iter().rev()))
    }
}

/// Step Functions says `…DoesNotExist` where others say `…NotFound`.
fn is_missing(problem: &Problem) -> bool {
    problem.kind == ProblemKind::Missing || problem.code.as_deref().is_some_and(|code| code.ends_with("DoesNotExist"))
}

fn passed<'a>(events: impl Iterator<Item = &'a HistoryEvent>) -> Vec<StatePassed> {
    let mut states: Vec<StatePassed> = Vec::new();
    let settle = |states: &mut Vec<StatePassed>, name: Option<&str>, status: &str| {
        let open = states.iter_mut().rev().find(|state| state.status == "runs" && name.is_none_or(|name| state.name == name));
        if let Some(state) = open {
            status.clone_into(&mut state.status);
        }
    };
    for event in events {
        if let Some(entered) = event.state_entered_event_details() {
            // A state that is tried anew, or gone through again, stands where it was entered last.
            states.retain(|state| state.name != entered.name());
            states.push(StatePassed { name: entered.name().to_owned(), status: "runs".to_owned() });
        } else if let Some(exited) = event.state_exited_event_details() {
            settle(&mut states, Some(exited.name()), "done");
        } else if ["ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"].contains(&event.r#type().as_str()) {
            settle(&mut states, None, "failed");
        } else if event.r#type().as_str() == "ExecutionRedriven"
            && let Some(state) = states.iter_mut().rev().find(|state| state.status == "failed")
        {
            "runs".clone_into(&mut state.status);
        }
    }
    states
}
