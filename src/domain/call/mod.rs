//! The calls that change AWS, with the parameters exactly as they are shown, confirmed, journalled and sent.
//!
//! A call serialises to AWS's own names of service, operation and members; that one form is what the wizard shows, what the
//! fingerprint covers, and what the AWS CLI command is written from. One file a service holds the parameters; what is to be known of
//! each call beside them stands in [`MutatingCall::facts`], a line a call.

mod arc;
mod backup;
mod cloudcontrol;
mod cloudformation;
mod dynamodb;
mod edit;
mod lambda;
mod route53;
mod s3;
mod sns;
mod ssm;
mod stepfunctions;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

pub use arc::*;
pub use backup::*;
pub use cloudcontrol::*;
pub use cloudformation::*;
pub use dynamodb::*;
pub use edit::Edits;
pub use lambda::*;
pub use route53::*;
pub use s3::*;
pub use sns::*;
pub use ssm::*;
pub use stepfunctions::*;

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
    /// Cloud Control API.
    CreateResource(ResourceCreation),
    /// Cloud Control API: takes back what a step created.
    DeleteResource(ResourceDeletion),
    /// CloudFormation: shows what would change.
    CreateChangeSet(ChangeSetCreation),
    /// CloudFormation: carries out what was shown.
    ExecuteChangeSet(ChangeSetExecution),
    /// CloudFormation: turns down what was shown.
    DeleteChangeSet(ChangeSetDeletion),
    /// CloudFormation.
    CancelUpdateStack(StackUpdateCancellation),
    /// CloudFormation: takes back a stack that a step made.
    DeleteStack(StackDeletion),
    /// DynamoDB.
    RestoreTableToPointInTime(TableRestore),
    /// DynamoDB: takes back a table that a step made.
    DeleteTable(TableDeletion),
    /// AWS Backup.
    StartCopyJob(CopyJobStart),
    /// S3: one CopyObject or DeleteObject an object.
    RewindObjects(ObjectsRewind),
    /// Systems Manager.
    SendCommand(CommandSend),
    /// Systems Manager.
    CancelCommand(CommandCancellation),
    /// SNS.
    Publish(TopicMessage),
    /// Application Recovery Controller, at one of a cluster's endpoints.
    UpdateRoutingControlStates(RoutingControlStates),
    /// Lambda.
    Invoke(FunctionInvocation),
    /// Step Functions.
    StartExecution(StateMachineStart),
    /// Step Functions: goes on where an execution failed.
    RedriveExecution(StateMachineRedrive),
    /// Step Functions.
    StopExecution(StateMachineStop),
}

/// What is to be known of a call beside its parameters.
struct Facts<'a> {
    /// The service as AWS names it for people.
    service: &'static str,
    /// The AWS CLI's name of the service.
    cli: &'static str,
    /// AWS's name of the operation.
    operation: &'static str,
    /// AWS's own token, with which AWS itself makes a repeat do nothing.
    token: Option<&'a str>,
    /// The one Region that the service's control plane lives in, if it is not the Region called.
    control_plane: Option<&'static str>,
}

const fn facts(service: &'static str, cli: &'static str, operation: &'static str) -> Facts<'static> {
    Facts { service, cli, operation, token: None, control_plane: None }
}

const fn with_token<'a>(service: &'static str, cli: &'static str, operation: &'static str, token: &'a str) -> Facts<'a> {
    Facts { service, cli, operation, token: Some(token), control_plane: None }
}

const BACKUP: &str = "AWS Backup";
const CLOUD_CONTROL: &str = "Cloud Control API";
const CLOUDFORMATION: &str = "CloudFormation";
const DYNAMODB: &str = "DynamoDB";
const STEP_FUNCTIONS: &str = "Step Functions";
const SYSTEMS_MANAGER: &str = "Systems Manager";

impl MutatingCall {
    fn facts(&self) -> Facts<'_> {
        match self {
            Self::StartRestoreJob(it) => with_token(BACKUP, "backup", "StartRestoreJob", &it.idempotency_token),
            Self::StartAutomationExecution(it) => {
                with_token(SYSTEMS_MANAGER, "ssm", "StartAutomationExecution", &it.client_token)
            }
            Self::SendAutomationSignal(_) => facts(SYSTEMS_MANAGER, "ssm", "SendAutomationSignal"),
            Self::StopAutomationExecution(_) => facts(SYSTEMS_MANAGER, "ssm", "StopAutomationExecution"),
            Self::CreateOpsItem(_) => facts(SYSTEMS_MANAGER, "ssm", "CreateOpsItem"),
            Self::UpdateOpsItem(_) => facts(SYSTEMS_MANAGER, "ssm", "UpdateOpsItem"),
            Self::ChangeResourceRecordSets(_) => {
                Facts { control_plane: Some(Region::GLOBAL), ..facts("Route 53", "route53", "ChangeResourceRecordSets") }
            }
            Self::CreateResource(it) => with_token(CLOUD_CONTROL, "cloudcontrol", "CreateResource", &it.client_token),
            Self::DeleteResource(it) => with_token(CLOUD_CONTROL, "cloudcontrol", "DeleteResource", &it.client_token),
            Self::CreateChangeSet(it) => with_token(CLOUDFORMATION, "cloudformation", "CreateChangeSet", &it.client_token),
            Self::ExecuteChangeSet(it) => {
                with_token(CLOUDFORMATION, "cloudformation", "ExecuteChangeSet", &it.client_request_token)
            }
            Self::DeleteChangeSet(_) => facts(CLOUDFORMATION, "cloudformation", "DeleteChangeSet"),
            Self::CancelUpdateStack(it) => {
                with_token(CLOUDFORMATION, "cloudformation", "CancelUpdateStack", &it.client_request_token)
            }
            Self::DeleteStack(it) => with_token(CLOUDFORMATION, "cloudformation", "DeleteStack", &it.client_request_token),
            Self::RestoreTableToPointInTime(_) => facts(DYNAMODB, "dynamodb", "RestoreTableToPointInTime"),
            Self::DeleteTable(_) => facts(DYNAMODB, "dynamodb", "DeleteTable"),
            Self::StartCopyJob(it) => with_token(BACKUP, "backup", "StartCopyJob", &it.idempotency_token),
            Self::RewindObjects(_) => facts("S3", "s3api", "RewindObjects"),
            Self::SendCommand(_) => facts(SYSTEMS_MANAGER, "ssm", "SendCommand"),
            Self::CancelCommand(_) => facts(SYSTEMS_MANAGER, "ssm", "CancelCommand"),
            Self::Publish(_) => facts("SNS", "sns", "Publish"),
            Self::UpdateRoutingControlStates(_) => {
                facts("Application Recovery Controller", "route53-recovery-cluster", "UpdateRoutingControlStates")
            }
            Self::Invoke(_) => facts("Lambda", "lambda", "Invoke"),
            Self::StartExecution(it) => with_token(STEP_FUNCTIONS, "stepfunctions", "StartExecution", &it.name),
            Self::RedriveExecution(it) => with_token(STEP_FUNCTIONS, "stepfunctions", "RedriveExecution", &it.client_token),
            Self::StopExecution(_) => facts(STEP_FUNCTIONS, "stepfunctions", "StopExecution"),
        }
    }

    /// The service as AWS names it for people, and the AWS CLI's name of it.
    pub fn service(&self) -> (&'static str, &'static str) {
        let facts = self.facts();
        (facts.service, facts.cli)
    }

    /// The Region whose control plane the call needs: Route 53 changes need us-east-1, most others the Region called.
    pub fn control_plane<'a>(&self, called: &'a Region) -> &'a str {
        self.facts().control_plane.unwrap_or(called.as_str())
    }

    /// AWS's name of the operation.
    pub fn operation(&self) -> &'static str {
        self.facts().operation
    }

    /// AWS's own token of the call: the same one with the same parameters does nothing a second time.
    pub fn token(&self) -> Option<&str> {
        self.facts().token
    }

    /// The parameters with AWS's names, an object.
    pub fn parameters(&self) -> Value {
        match serde_json::to_value(self) {
            Ok(Value::Object(mut call)) => call.remove("Parameters").unwrap_or(Value::Null),
            _ => Value::Null,
        }
    }

    /// Is it about what a running step started: an answer to what it asks, or its stop?
    pub fn is_answer(&self) -> bool {
        matches!(
            self,
            Self::SendAutomationSignal(_)
                | Self::StopAutomationExecution(_)
                | Self::ExecuteChangeSet(_)
                | Self::DeleteChangeSet(_)
                | Self::CancelUpdateStack(_)
                | Self::CancelCommand(_)
                | Self::StopExecution(_)
        )
    }

    /// Does AWS itself make a repeat of this call do nothing?
    pub fn has_token(&self) -> bool {
        self.token().is_some()
    }

    /// The same call as an AWS CLI command, quoted for a POSIX shell.
    pub fn cli(&self, region: &Region) -> String {
        match self {
            Self::RewindObjects(rewind) => return rewind.cli(region),
            Self::UpdateRoutingControlStates(states) => return states.cli(),
            _ => {}
        }
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
        if matches!(self, Self::Invoke(_)) {
            command.push_str(" --cli-binary-format raw-in-base64-out /dev/stdout");
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

pub(super) fn shell_quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
    fn a_calls_operation_is_the_one_that_it_is_written_with() {
        let text = serde_json::to_value(call()).unwrap();
        assert_eq!(text["Operation"], call().operation());
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
