//! Lambda's calls.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The parameters of Lambda Invoke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionInvocation {
    /// Name or ARN.
    pub function_name: String,
    /// A version or an alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
    /// `RequestResponse` waits for the result, `Event` does not.
    pub invocation_type: String,
    /// JSON.
    pub payload: String,
}

impl FunctionInvocation {
    /// The longest that AWS may take to answer: 15 minutes for the function (Lambda quotas), and the answer's way. `None` if it does not
    /// wait for the function.
    pub fn answers_within(&self) -> Option<Duration> {
        (self.invocation_type == "RequestResponse").then_some(Duration::from_secs(15 * 60 + 10))
    }
}
