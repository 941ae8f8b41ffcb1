//! Parameters of Systems Manager's calls.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The parameters of SSM StartAutomationExecution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RunbookStart {
    /// The runbook.
    pub document_name: String,
    /// Its version; AWS's default is the document's default version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_version: Option<String>,
    /// Each parameter is a list.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Vec<String>>,
    /// A UUID; the same one with the same parameters starts nothing twice.
    pub client_token: String,
}

/// The parameters of SSM SendAutomationSignal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AutomationSignal {
    /// The execution that waits.
    pub automation_execution_id: String,
    /// `Approve`, `Reject`, `Resume`, `StopStep`.
    pub signal_type: String,
    /// For Approve and Reject a `Comment`; for Resume the `StepName`.
    pub payload: BTreeMap<String, Vec<String>>,
}

/// The parameters of SSM StopAutomationExecution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RunbookStop {
    /// The execution to stop.
    pub automation_execution_id: String,
    /// `Cancel` stops at once, `Complete` after the step that runs.
    #[serde(rename = "Type")]
    pub kind: String,
}

/// The parameters of SSM CreateOpsItem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OpsItem {
    /// Its title.
    pub title: String,
    /// Its text.
    pub description: String,
    /// Who makes it; may not contain aws, amazon or amzn.
    pub source: String,
    /// `1` to `4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// `Availability`, `Recovery`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Values by key; `/aws/dedup` holds our token, so that a repeat finds the first one.
    pub operational_data: BTreeMap<String, OperationalValue>,
}

/// One operational data value of an OpsItem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OperationalValue {
    /// The text.
    pub value: String,
    /// `SearchableString` or `String`.
    #[serde(rename = "Type")]
    pub kind: String,
}

/// The parameters of SSM UpdateOpsItem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OpsItemChange {
    /// Which one.
    pub ops_item_id: String,
    /// The new status: `Open`, `InProgress`, `Resolved`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The new text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The parameters of SSM SendCommand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CommandSend {
    /// The command document.
    pub document_name: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_version: Option<String>,
    /// The machines by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instance_ids: Vec<String>,
    /// Or the machines by what they are tagged with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<CommandTarget>,
    /// Each parameter is a list.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Vec<String>>,
    /// At most 100 characters; holds our token, because AWS takes none here.
    pub comment: String,
}

/// One way to choose machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CommandTarget {
    /// `tag:NAME`, `resource-groups:Name`, …
    pub key: String,
    /// Any of these.
    pub values: Vec<String>,
}

/// The parameters of SSM CancelCommand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CommandCancellation {
    /// Which.
    pub command_id: String,
}
