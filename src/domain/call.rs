//! The calls that change AWS, with the parameters exactly as they are shown, confirmed, journalled and sent.
//!
//! A call serialises to AWS's own names of service, operation and members; that one form is what the wizard shows, what the
//! fingerprint covers, and what the AWS CLI command is written from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{AccountId, Region};

/// A call that changes AWS. The variants' names are AWS's operations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "Operation", content = "Parameters")]
pub enum MutatingCall {
    /// AWS Backup.
    StartRestoreJob(RestoreJobStart),
    /// Systems Manager.
    StartAutomationExecution(RunbookStart),
    /// Systems Manager: answers an approval or a pause, or stops.
    SendAutomationSignal(AutomationSignal),
    /// Systems Manager.
    StopAutomationExecution(RunbookStop),
    /// Systems Manager.
    CreateOpsItem(OpsItem),
    /// Systems Manager.
    UpdateOpsItem(OpsItemChange),
    /// Route 53.
    ChangeResourceRecordSets(RecordChange),
}

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

/// The parameters of Route 53 ChangeResourceRecordSets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecordChange {
    /// Without the `/hostedzone/` prefix.
    pub hosted_zone_id: String,
    /// All or nothing.
    pub change_batch: ChangeBatch,
}

/// The changes of one batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChangeBatch {
    /// Seen in the change's record.
    pub comment: String,
    /// `UPSERT` with the record as it is to be: the form that can be repeated.
    pub changes: Vec<RecordSetChange>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecordSetChange {
    /// `UPSERT`, `CREATE`, `DELETE`.
    pub action: String,
    /// The record.
    pub resource_record_set: RecordSet,
}

/// A Route 53 record set, with the members that lifeboat reads and writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecordSet {
    /// With the final dot, as Route 53 answers it.
    pub name: String,
    /// `A`, `CNAME`, …
    #[serde(rename = "Type")]
    pub kind: String,
    /// Tells records of one name and type apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_identifier: Option<String>,
    /// 0 to 255.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<i64>,
    /// `PRIMARY` or `SECONDARY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failover: Option<String>,
    /// For latency records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// In seconds; absent for aliases.
    #[serde(rename = "TTL", default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
    /// The values; empty for aliases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_records: Vec<RecordValue>,
    /// The target of an alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias_target: Option<AliasTarget>,
    /// The health check that decides whether it is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_check_id: Option<String>,
    /// Members that the record has and lifeboat does not carry, such as `GeoLocation`: an UPSERT would lose them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_carried: Vec<String>,
}

/// One value of a record set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecordValue {
    /// As in a zone file.
    pub value: String,
}

/// The target of an alias record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AliasTarget {
    /// The zone of the target.
    pub hosted_zone_id: String,
    /// The target's name.
    #[serde(rename = "DNSName")]
    pub dns_name: String,
    /// Follow the target's health.
    pub evaluate_target_health: bool,
}

impl MutatingCall {
    /// The service as AWS names it for people, the AWS CLI's name of it, and where its control plane lives when that is not the
    /// Region called.
    pub fn service(&self) -> (&'static str, &'static str) {
        match self {
            Self::StartRestoreJob(_) => ("AWS Backup", "backup"),
            Self::ChangeResourceRecordSets(_) => ("Route 53", "route53"),
            _ => ("Systems Manager", "ssm"),
        }
    }

    /// The Region whose control plane the call needs: Route 53 changes need us-east-1, everything else the Region called.
    pub fn control_plane<'a>(&self, called: &'a Region) -> &'a str {
        match self {
            Self::ChangeResourceRecordSets(_) => Region::GLOBAL,
            _ => called.as_str(),
        }
    }

    /// AWS's name of the operation.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::StartRestoreJob(_) => "StartRestoreJob",
            Self::StartAutomationExecution(_) => "StartAutomationExecution",
            Self::SendAutomationSignal(_) => "SendAutomationSignal",
            Self::StopAutomationExecution(_) => "StopAutomationExecution",
            Self::CreateOpsItem(_) => "CreateOpsItem",
            Self::UpdateOpsItem(_) => "UpdateOpsItem",
            Self::ChangeResourceRecordSets(_) => "ChangeResourceRecordSets",
        }
    }

    /// The parameters with AWS's names, an object.
    pub fn parameters(&self) -> Value {
        match serde_json::to_value(self) {
            Ok(Value::Object(mut call)) => call.remove("Parameters").unwrap_or(Value::Null),
            _ => Value::Null,
        }
    }

    /// Does AWS itself make a repeat of this call do nothing?
    pub fn has_token(&self) -> bool {
        matches!(self, Self::StartRestoreJob(_) | Self::StartAutomationExecution(_))
    }

    /// The same call as an AWS CLI command, quoted for a POSIX shell.
    pub fn cli(&self, region: &Region) -> String {
        let mut command = format!("aws {} {} --region {region}", self.service().1, kebab(self.operation()));
        if let Value::Object(members) = self.parameters() {
            for (name, value) in members {
                let flag = kebab(&name);
                match value {
                    Value::Bool(true) => command.push_str(&format!(" --{flag}")),
                    Value::Bool(false) => command.push_str(&format!(" --no-{flag}")),
                    Value::String(text) => command.push_str(&format!(" --{flag} {}", shell_quoted(&text))),
                    other => command.push_str(&format!(" --{flag} {}", shell_quoted(&other.to_string()))),
                }
            }
        }
        command
    }

    /// The fingerprint of exactly this call by this account in this Region: 16 hexadecimal digits of a SHA-256.
    pub fn fingerprint(&self, account: &AccountId, region: &Region) -> String {
        let body = serde_json::to_string(self).unwrap_or_default();
        let digest = Sha256::digest(format!("{account}\n{region}\n{body}"));
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// `RecoveryPointArn` -> `recovery-point-arn`, as the AWS CLI writes flags; runs of capitals stay together.
fn kebab(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (i, c) in chars.iter().enumerate() {
        let boundary = i > 0
            && c.is_uppercase()
            && (!chars[i - 1].is_uppercase() || chars.get(i + 1).is_some_and(|next| next.is_lowercase()));
        if boundary {
            out.push('-');
        }
        out.extend(c.to_lowercase());
    }
    out
}

fn shell_quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> MutatingCall {
        MutatingCall::StartRestoreJob(RestoreJobStart {
            recovery_point_arn: "arn:aws:backup:eu-central-1:444455556666:recovery-point:copyjob-1".into(),
            metadata: BTreeMap::from([("targetTableName".into(), "orders' copy".into())]),
            iam_role_arn: "arn:aws:iam::444455556666:role/lifeboat-restore".into(),
            resource_type: "DynamoDB".into(),
            idempotency_token: "t".into(),
            copy_source_tags_to_restored_resource: false,
        })
    }

    #[test]
    fn the_cli_command_carries_every_parameter_quoted_for_a_shell() {
        assert_eq!(
            call().cli(&Region::new("eu-central-1")),
            "aws backup start-restore-job --region eu-central-1 \
             --recovery-point-arn arn:aws:backup:eu-central-1:444455556666:recovery-point:copyjob-1 \
             --metadata '{\"targetTableName\":\"orders'\\'' copy\"}' \
             --iam-role-arn arn:aws:iam::444455556666:role/lifeboat-restore --resource-type DynamoDB --idempotency-token t"
        );
    }

    #[test]
    fn any_difference_changes_the_fingerprint() {
        let (account, region) = (AccountId::new("444455556666"), Region::new("eu-central-1"));
        let first = call().fingerprint(&account, &region);
        assert_eq!(first, call().fingerprint(&account, &region));
        assert_ne!(first, call().fingerprint(&AccountId::new("111122223333"), &region));
        assert_ne!(first, call().fingerprint(&account, &Region::new("eu-west-1")));
        let MutatingCall::StartRestoreJob(mut start) = call() else { unreachable!() };
        start.metadata.insert("encryptionType".into(), "Default".into());
        assert_ne!(first, MutatingCall::StartRestoreJob(start).fingerprint(&account, &region));
    }

    #[test]
    fn a_call_comes_back_from_json_as_it_was() {
        let text = serde_json::to_string(&call()).unwrap();
        assert!(text.starts_with(r#"{"Operation":"StartRestoreJob","Parameters":{"RecoveryPointArn":"#));
        assert_eq!(serde_json::from_str::<MutatingCall>(&text).unwrap(), call());
    }

    #[test]
    fn flags_are_written_as_the_aws_cli_writes_them() {
        for (member, flag) in [
            ("IdempotencyToken", "idempotency-token"),
            ("IamRoleArn", "iam-role-arn"),
            ("DNSName", "dns-name"),
            ("OpsItemId", "ops-item-id"),
        ] {
            assert_eq!(kebab(member), flag);
        }
    }
}
