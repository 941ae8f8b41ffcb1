//! AWS's own runbooks that a recovery uses, as content.
//!
//! Source: Systems Manager Automation runbook reference. Parameters and what is called are AWS's; waiting is by property.

use std::sync::Arc;

use serde_json::{Value, json};

use super::documents;
use super::execution::{Deed, Document};

/// The names, in order.
pub const NAMES: [&str; 4] =
    ["AWS-AttachEBSVolume", "AWS-PublishSNSNotification", "AWS-StartEC2Instance", "AWS-UpdateCloudFormationStack"];

/// The content of a runbook of AWS's; `None` for one that is not modelled.
pub fn content(name: &str) -> Option<Value> {
    let role = json!({"type": "AWS::IAM::Role::Arn", "description": "(Optional) The ARN of the role that allows Automation to act.", "default": ""});
    let text = |description: &str| json!({"type": "String", "description": description});
    let content = match name {
        "AWS-AttachEBSVolume" => json!({
            "description": "Attach EBS Volume",
            "parameters": {
                "Device": text("(Required) The device name (for example, /dev/sdh or xvdh)."),
                "InstanceId": text("(Required) The ID of the instance."),
                "VolumeId": text("(Required) The ID of the EBS volume. The volume and instance must be within the same Availability Zone."),
                "AutomationAssumeRole": role,
            },
            "mainSteps": [{"name": "attachVolume", "action": "aws:executeAwsApi", "inputs": {
                "Service": "ec2", "Api": "AttachVolume", "VolumeId": "{{ VolumeId }}", "InstanceId": "{{ InstanceId }}", "Device": "{{ Device }}",
            }}],
        }),
        "AWS-PublishSNSNotification" => json!({
            "description": "Publish SNS Notification",
            "parameters": {
                "TopicArn": text("(Required) The ARN of the SNS topic to publish the notification to."),
                "Message": text("(Required) The message to include in the SNS notification."),
                "AutomationAssumeRole": role,
            },
            "mainSteps": [{"name": "PublishSNSNotification", "action": "aws:executeAwsApi", "isEnd": true, "inputs": {
                "Service": "sns", "Api": "Publish", "TopicArn": "{{ TopicArn }}", "Message": "{{ Message }}",
            }, "outputs": [{"Name": "MessageId", "Selector": "$.MessageId", "Type": "String"}]}],
        }),
        "AWS-StartEC2Instance" => json!({
            "description": "Start EC2 instances(s)",
            "parameters": {"InstanceId": {"type": "StringList", "description": "(Required) EC2 Instance(s) to start"}, "AutomationAssumeRole": role},
            "mainSteps": [{"name": "startInstances", "action": "aws:changeInstanceState", "inputs": {
                "InstanceIds": "{{ InstanceId }}", "DesiredState": "running",
            }}],
        }),
        "AWS-UpdateCloudFormationStack" => json!({
            "description": "Update CloudFormation Stack",
            "parameters": {
                "StackNameOrId": text("(Required) Name or Unique ID of the CloudFormation stack to be updated."),
                "TemplateUrl": text("(Required) S3 or SSM document URL of the updated CloudFormation template."),
                "LambdaAssumeRole": role.clone(),
                "AutomationAssumeRole": role,
            },
            "mainSteps": [
                {"name": "updateStack", "action": "aws:executeAwsApi", "inputs": {
                    "Service": "cloudformation", "Api": "UpdateStack", "StackName": "{{ StackNameOrId }}", "TemplateURL": "{{ TemplateUrl }}",
                }, "outputs": [{"Name": "StackId", "Selector": "$.StackId", "Type": "String"}]},
                {"name": "waitUntilStackIsUpdated", "action": "aws:waitForAwsResourceProperty", "timeoutSeconds": 3600, "isEnd": true, "inputs": {
                    "Service": "cloudformation", "Api": "DescribeStacks", "StackName": "{{ StackNameOrId }}",
                    "PropertySelector": "$.Stacks[0].StackStatus", "DesiredValues": ["UPDATE_COMPLETE"],
                }},
            ],
        }),
        _ => return None,
    };
    let mut whole = json!({"schemaVersion": "0.3", "assumeRole": "{{ AutomationAssumeRole }}"});
    for (key, value) in content.as_object().into_iter().flatten() {
        whole[key] = value.clone();
    }
    Some(whole)
}

/// A runbook of AWS's; `None` for one that is not modelled.
pub fn document(name: &str) -> Option<Arc<Document>> {
    let mut document = documents::read(name, content(name)?);
    if name == "AWS-AttachEBSVolume"
        && let Some(step) = document.steps.first_mut()
    {
        step.does = Some(Deed::AttachVolume);
    }
    Some(Arc::new(document))
}
