//! Step Functions' calls.

use serde::{Deserialize, Serialize};

/// The parameters of StartExecution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateMachineStart {
    /// Which.
    pub state_machine_arn: String,
    /// Our token: while a standard workflow of that name and input runs, AWS answers a repeat with it, and afterwards refuses the name.
    pub name: String,
    /// JSON.
    pub input: String,
}

impl StateMachineStart {
    /// The ARN of the execution that it starts (Step Functions developer guide, "Executions").
    pub fn execution_arn(&self) -> String {
        format!("{}:{}", self.state_machine_arn.replacen(":stateMachine:", ":execution:", 1), self.name)
    }
}

/// The parameters of RedriveExecution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateMachineRedrive {
    /// Which.
    pub execution_arn: String,
    /// AWS's own token.
    pub client_token: String,
}

/// The parameters of StopExecution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateMachineStop {
    /// Which.
    pub execution_arn: String,
    /// Why, for AWS's record.
    pub cause: String,
}
