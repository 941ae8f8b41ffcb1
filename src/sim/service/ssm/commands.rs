//! Run Command: commands, and what became of them on each instance.

use std::ops::Bound;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::automation::PAGING;
use super::documents;
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::world::World;

/// How long a command takes on an instance.
const TAKES: TimeDelta = TimeDelta::seconds(10);
/// AWS's own documents that a recovery sends.
const OWNED: [&str; 3] = ["AWS-RunShellScript", "AWS-RunPowerShellScript", "AWS-RunRemoteScript"];
/// The parameter that says what a command is to fail with.
const FAILS: &str = "simulated-failure";

/// A command. Its state is a function of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    id: String,
    /// Members of SendCommand that are told again.
    members: Value,
    instances: Vec<String>,
    sent: DateTime<Utc>,
    cancelled: Option<DateTime<Utc>>,
    /// What its script says on standard output.
    output: String,
    fails: bool,
}

impl Command {
    fn done_at(&self) -> DateTime<Utc> {
        self.sent + TAKES
    }

    fn status(&self, now: DateTime<Utc>) -> &'static str {
        match self.cancelled {
            Some(_) => "Cancelled",
            None if now < self.sent + TimeDelta::seconds(1) => "Pending",
            None if now < self.done_at() => "InProgress",
            None if self.fails => "Failed",
            None => "Success",
        }
    }

    fn answer(&self, now: DateTime<Utc>) -> Value {
        let status = self.status(now);
        let (count, over) = (self.instances.len(), !matches!(status, "Pending" | "InProgress"));
        Members::new()
            .set("CommandId", self.id.as_str())
            .copy(
                &self.members,
                &[
                    "DocumentName",
                    "DocumentVersion",
                    "Comment",
                    "Parameters",
                    "Targets",
                    "TimeoutSeconds",
                    "ServiceRoleArn",
                    "OutputS3BucketName",
                    "OutputS3KeyPrefix",
                ],
            )
            .time("ExpiresAfter", self.sent + TimeDelta::hours(2))
            .set("InstanceIds", self.instances.clone())
            .time("RequestedDateTime", self.sent)
            .set("Status", status)
            .set("StatusDetails", status)
            .set("MaxConcurrency", members::text(&self.members, "MaxConcurrency").unwrap_or("50"))
            .set("MaxErrors", members::text(&self.members, "MaxErrors").unwrap_or("0"))
            .set("TargetCount", count)
            .set("CompletedCount", if over { count } else { 0 })
            .set("ErrorCount", if status == "Failed" { count } else { 0 })
            .set("DeliveryTimedOutCount", 0)
            .done()
    }

    fn invocation(&self, instance: &str, now: DateTime<Utc>, details: bool) -> Value {
        let status = self.status(now);
        let plugin = json!({
            "Name": "aws:runShellScript", "Status": status, "StatusDetails": status, "ResponseCode": self.code(status),
            "ResponseStartDateTime": members::stamp(self.sent), "ResponseFinishDateTime": members::stamp(self.done_at()),
            "Output": if status == "Success" { self.output.as_str() } else { "" },
        });
        Members::new()
            .set("CommandId", self.id.as_str())
            .set("InstanceId", instance)
            .copy(&self.members, &["Comment", "DocumentName", "DocumentVersion", "ServiceRole"])
            .time("RequestedDateTime", self.sent)
            .set("Status", status)
            .set("StatusDetails", status)
            .set("StandardOutputUrl", "")
            .set("StandardErrorUrl", "")
            .set("CommandPlugins", if details { json!([plugin]) } else { json!([]) })
            .done()
    }

    fn code(&self, status: &str) -> i64 {
        match status {
            "Success" => 0,
            "Failed" => 1,
            _ => -1,
        }
    }
}

/// Answers one call about commands.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let now = world.now();
    match call.operation.as_str() {
        "SendCommand" => send(world, call),
        "CancelCommand" => {
            let id = members::required(input, "CommandId").to_owned();
            let found = world.site_mut(&call.caller).ssm.commands.values_mut().find(|command| command.id == id);
            let command = found.ok_or_else(|| Refusal::new("InvalidCommandId", ""))?;
            if now < command.done_at() {
                command.cancelled.get_or_insert(now);
            }
            world.effect(call, &id);
            Ok(json!({}))
        }
        "GetCommandInvocation" => {
            let (id, instance) = (members::required(input, "CommandId"), members::required(input, "InstanceId"));
            let command = find(world, call, id).filter(|command| command.instances.iter().any(|known| known == instance));
            let command = command.ok_or_else(|| Refusal::new("InvocationDoesNotExist", ""))?;
            let (status, over) = (command.status(now), now >= command.done_at());
            let time = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
            Ok(Members::new()
                .set("CommandId", id)
                .set("InstanceId", instance)
                .copy(&command.members, &["Comment", "DocumentName", "DocumentVersion"])
                .set("PluginName", "aws:runShellScript")
                .set("ResponseCode", command.code(status))
                .set("ExecutionStartDateTime", time(command.sent))
                .set("ExecutionElapsedTime", if over { "PT10S" } else { "" })
                .set("ExecutionEndDateTime", if over { time(command.done_at()) } else { String::new() })
                .set("Status", status)
                .set("StatusDetails", status)
                .set("StandardOutputContent", if status == "Success" { command.output.as_str() } else { "" })
                .set("StandardOutputUrl", "")
                .set("StandardErrorContent", if status == "Failed" { "failed to run commands: exit status 1" } else { "" })
                .set("StandardErrorUrl", "")
                .done())
        }
        "ListCommands" => {
            let cursor = PAGING.open::<(i64, i64)>(call)?;
            let rows = rows(world, call, cursor.after).map(|(key, command)| (key, command.answer(now)));
            let (page, token) = cursor.take(rows);
            Ok(Members::new().set("Commands", page).maybe("NextToken", token).done())
        }
        _ => {
            let cursor = PAGING.open::<((i64, i64), usize)>(call)?;
            let details = members::flag(input, "Details") == Some(true);
            let after = cursor.after;
            let wanted = members::text(input, "InstanceId");
            let from = after.map(|((at, number), _)| (at, number - 1));
            let each = rows(world, call, from).flat_map(|(key, command)| {
                command.instances.iter().enumerate().map(move |(number, instance)| ((key, number), command, instance))
            });
            let each = each.filter(|(key, _, instance)| {
                after.is_none_or(|after| *key > after) && wanted.is_none_or(|wanted| *instance == wanted)
            });
            let (page, token) =
                cursor.take(each.map(|(key, command, instance)| (key, command.invocation(instance, now, details))));
            Ok(Members::new().set("CommandInvocations", page).maybe("NextToken", token).done())
        }
    }
}

fn find<'a>(world: &'a World, call: &Call, id: &str) -> Option<&'a Command> {
    world.site(&call.caller)?.ssm.commands.values().find(|command| command.id == id)
}

fn rows<'a>(world: &'a World, call: &'a Call, after: Option<(i64, i64)>) -> impl Iterator<Item = ((i64, i64), &'a Command)> {
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let commands = world.site(&call.caller).map(|site| &site.ssm.commands);
    let rows = commands.into_iter().flat_map(move |commands| commands.range((from, Bound::Unbounded)));
    let id = members::text(&call.input, "CommandId");
    let instance = members::text(&call.input, "InstanceId");
    rows.map(|(key, command)| (*key, command)).filter(move |(_, command)| {
        id.is_none_or(|id| command.id == id)
            && instance.is_none_or(|instance| command.instances.iter().any(|known| known == instance))
    })
}

fn send(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let (now, id) = (world.now(), world.ids.uuid());
    let name = members::required(input, "DocumentName");
    let plain = name.rsplit('/').next().unwrap_or(name);
    if !OWNED.contains(&plain) && documents::known(world, &call.caller, name).is_none() {
        return Err(Refusal::new("InvalidDocument", format!("Document with name {name} does not exist.")));
    }
    let targets = members::list(input, "Targets");
    let by_id = |target: &&Value| members::required(target, "Key").eq_ignore_ascii_case("InstanceIds");
    let named = targets.iter().filter(by_id).flat_map(|target| members::texts(target, "Values"));
    let mut instances: Vec<String> = members::texts(input, "InstanceIds").into_iter().chain(named).map(str::to_owned).collect();
    instances.dedup();
    if instances.is_empty() && targets.is_empty() {
        return Err(Refusal::new("InvalidTarget", "The target is not valid or does not exist."));
    }
    let commands = input.get("Parameters").map(|parameters| members::texts(parameters, "commands")).unwrap_or_default();
    let echoed = commands.iter().filter_map(|command| command.trim().strip_prefix("echo "));
    let output: Vec<&str> = echoed.map(|text| text.trim_matches(['"', '\''])).collect();
    let output = if output.is_empty() { String::new() } else { output.join("\n") + "\n" };
    let command = Command {
        id: id.clone(),
        members: input.clone(),
        instances,
        sent: now,
        cancelled: None,
        output,
        fails: commands.iter().any(|command| command.contains(FAILS) || command.trim() == "exit 1" || command.trim() == "false"),
    };
    let told = command.answer(now);
    let ssm = &mut world.site_mut(&call.caller).ssm;
    let number = i64::try_from(ssm.commands.len()).unwrap_or(i64::MAX);
    ssm.commands.insert((-now.timestamp_millis(), -number), command);
    world.effect(call, &id);
    Ok(json!({"Command": told}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::messaging_tests::Player;

    #[test]
    fn a_command_runs_on_its_instances_and_is_told_page_by_page() {
        let mut player = Player::new();
        let ask = json!({"DocumentName": "AWS-RunShellScript", "InstanceIds": ["i-1", "i-2", "i-3"], "Parameters": {"commands": ["echo hello"]}});
        let id = player.get("ssm", "SendCommand", ask.clone())["Command"]["CommandId"].clone();
        player.wait(5);
        let one = json!({"CommandId": id, "InstanceId": "i-2"});
        assert_eq!(player.get("ssm", "GetCommandInvocation", one.clone())["Status"], "InProgress");
        player.get("ssm", "SendCommand", ask);
        player.wait(5);
        let told = player.get("ssm", "GetCommandInvocation", one);
        assert_eq!((&told["Status"], &told["StandardOutputContent"]), (&json!("Success"), &json!("hello\n")));
        let (mut seen, mut input) = (0, json!({"MaxResults": 2}));
        loop {
            let page = player.get("ssm", "ListCommandInvocations", input.clone());
            seen += page["CommandInvocations"].as_array().unwrap().len();
            let Some(token) = page.get("NextToken") else { break };
            input["NextToken"] = token.clone();
        }
        assert_eq!(seen, 6);
        assert_eq!(
            player.refused("ssm", "GetCommandInvocation", json!({"CommandId": id, "InstanceId": "i-9"})),
            "InvocationDoesNotExist"
        );
        assert_eq!(
            player.refused("ssm", "SendCommand", json!({"DocumentName": "nope", "InstanceIds": ["i-1"]})),
            "InvalidDocument"
        );
    }

    #[test]
    fn aws_own_runbooks_and_those_of_callers_do_what_their_content_says() {
        let mut player = Player::new();
        let topic = player.get("sns", "CreateTopic", json!({"Name": "t"}))["TopicArn"].clone();
        let queue = player.get("sqs", "CreateQueue", json!({"QueueName": "q"}))["QueueUrl"].clone();
        let arn = "arn:aws:sqs:eu-west-1:123456789012:q";
        player.get("sns", "Subscribe", json!({"TopicArn": topic, "Protocol": "sqs", "Endpoint": arn}));
        let owned = player.get("ssm", "ListDocuments", json!({"Filters": [{"Key": "Owner", "Values": ["Amazon"]}]}));
        assert_eq!(owned["DocumentIdentifiers"].as_array().unwrap().len(), 4);
        let ask =
            json!({"DocumentName": "AWS-PublishSNSNotification", "Parameters": {"TopicArn": [topic], "Message": ["recovered"]}});
        player.get("ssm", "StartAutomationExecution", ask);
        player.wait(10);
        let got = player.get("sqs", "ReceiveMessage", json!({"QueueUrl": queue}));
        assert!(got["Messages"][0]["Body"].as_str().unwrap().contains("recovered"));
        let content = json!({"schemaVersion": "0.3", "parameters": {"Queue": {"type": "String"}}, "mainSteps": [
            {"name": "look", "action": "aws:executeAwsApi", "inputs": {"Service": "sqs", "Api": "GetQueueAttributes", "QueueUrl": "{{ Queue }}", "AttributeNames": ["QueueArn"]},
                "outputs": [{"Name": "Arn", "Selector": "$.Attributes.QueueArn", "Type": "String"}]},
            {"name": "choose", "action": "aws:branch", "inputs": {"Choices": [{"NextStep": "end", "Variable": "{{ look.Arn }}", "StringEquals": arn}], "Default": "fail"}},
            {"name": "fail", "action": "aws:executeAwsApi", "inputs": {"Service": "sqs", "Api": "GetQueueUrl", "QueueName": "nope"}},
            {"name": "end", "action": "aws:sleep", "inputs": {"Duration": "PT1M"}, "isEnd": true},
        ]});
        player.get(
            "ssm",
            "CreateDocument",
            json!({"Name": "mine", "DocumentType": "Automation", "Content": content.to_string()}),
        );
        let start = json!({"DocumentName": "mine", "Parameters": {"Queue": [queue]}});
        let id = player.get("ssm", "StartAutomationExecution", start)["AutomationExecutionId"].clone();
        player.wait(30);
        let told =
            player.get("ssm", "GetAutomationExecution", json!({"AutomationExecutionId": id}))["AutomationExecution"].clone();
        assert_eq!((&told["AutomationExecutionStatus"], &told["CurrentStepName"]), (&json!("InProgress"), &json!("end")));
        player.wait(60);
        let told =
            player.get("ssm", "GetAutomationExecution", json!({"AutomationExecutionId": id}))["AutomationExecution"].clone();
        assert_eq!((&told["AutomationExecutionStatus"], &told["Outputs"]["look.Arn"]), (&json!("Success"), &json!([arn])));
    }
}
