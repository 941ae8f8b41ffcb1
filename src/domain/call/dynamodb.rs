//! Parameters of DynamoDB's calls.

use serde::{Deserialize, Serialize};

/// The parameters of DynamoDB RestoreTableToPointInTime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TableRestore {
    /// The table that was, which may be in another Region.
    pub source_table_arn: String,
    /// The new table: AWS refuses a name that is taken, which is what makes a repeat harmless.
    pub target_table_name: String,
    /// The latest moment that AWS has.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub use_latest_restorable_time: bool,
    /// The moment wanted, RFC 3339 to the second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_date_time: Option<String>,
    /// `PROVISIONED` or `PAY_PER_REQUEST`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_mode_override: Option<String>,
}

/// The parameters of DynamoDB DeleteTable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TableDeletion {
    /// The table that the step made.
    pub table_name: String,
}
