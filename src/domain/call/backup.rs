//! Parameters of AWS Backup's calls.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The parameters of Backup StartRestoreJob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RestoreJobStart {
    /// What is restored.
    pub recovery_point_arn: String,
    /// How; keys per resource type (AWS Backup developer guide, "Restoring a backup").
    pub metadata: BTreeMap<String, String>,
    /// The role that AWS Backup assumes.
    pub iam_role_arn: String,
    /// AWS Backup's resource type.
    pub resource_type: String,
    /// Makes a repeat after success do nothing. A call refused for its metadata uses it up.
    pub idempotency_token: String,
    /// Copy the backed-up resource's tags.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub copy_source_tags_to_restored_resource: bool,
}

/// The parameters of Backup StartCopyJob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CopyJobStart {
    /// What is copied.
    pub recovery_point_arn: String,
    /// The vault that it lies in, of the account and Region called.
    pub source_backup_vault_name: String,
    /// Where it goes: another Region or account, or both.
    pub destination_backup_vault_arn: String,
    /// The role that AWS Backup assumes.
    pub iam_role_arn: String,
    /// Makes a repeat after success do nothing.
    pub idempotency_token: String,
}
