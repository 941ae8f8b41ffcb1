//! Parameters of CloudFormation's calls.

use serde::{Deserialize, Serialize};

/// The parameters of CloudFormation CreateChangeSet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChangeSetCreation {
    /// The stack.
    pub stack_name: String,
    /// Holds our token, so that it is found again.
    pub change_set_name: String,
    /// `CREATE` for a stack that is not there, else `UPDATE`.
    pub change_set_type: String,
    /// The template, at most 51,200 bytes (CloudFormation quotas).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_body: Option<String>,
    /// Or where it lies in S3.
    #[serde(rename = "TemplateURL", default, skip_serializing_if = "Option::is_none")]
    pub template_url: Option<String>,
    /// Its parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<StackParameter>,
    /// `CAPABILITY_IAM`, …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// The role that CloudFormation assumes.
    #[serde(rename = "RoleARN", default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// Makes a repeat do nothing.
    pub client_token: String,
}

/// One parameter of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StackParameter {
    /// Its name.
    pub parameter_key: String,
    /// Its value.
    pub parameter_value: String,
}

/// The parameters of CloudFormation ExecuteChangeSet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChangeSetExecution {
    /// Its ARN: what was shown, and no other.
    pub change_set_name: String,
    /// Makes a repeat do nothing, and marks the stack's events.
    pub client_request_token: String,
}

/// The parameters of CloudFormation DeleteChangeSet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChangeSetDeletion {
    /// Its ARN.
    pub change_set_name: String,
}

/// The parameters of CloudFormation CancelUpdateStack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StackUpdateCancellation {
    /// The stack.
    pub stack_name: String,
    /// Makes a repeat do nothing.
    pub client_request_token: String,
}

/// The parameters of CloudFormation DeleteStack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StackDeletion {
    /// Its ARN: the stack that the step made, and none that took its name since.
    pub stack_name: String,
    /// Makes a repeat do nothing.
    pub client_request_token: String,
}
