//! Lambda's calls.

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
