//! Stacks: what they are meant to be, what has become of them, and how they are told.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::changes::ChangeSet;
use super::template::{Parameters, Template, no_echo};
use super::work::Work;
use crate::sim::members::Members;
use crate::sim::service::events::Emitted;

/// CloudFormation's state in one account and Region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CloudFormation {
    /// By id, deleted ones included.
    pub stacks: BTreeMap<String, Stack>,
    /// ClientRequestTokens: the operation that each was used for, and what it was answered.
    pub tokens: BTreeMap<String, (String, Value)>,
}

/// What a stack is meant to be.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Design {
    /// The template as it was given.
    pub text: Arc<str>,
    /// The template, read.
    pub template: Arc<Template>,
    /// Values of the parameters.
    pub parameters: Parameters,
    /// AWS's Tag members.
    pub tags: Vec<Value>,
    /// Members of Stack that calls set: NotificationARNs, RoleARN, Capabilities, TimeoutInMinutes, RollbackConfiguration…
    pub options: Value,
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// LogicalResourceId.
    pub logical: String,
    /// ResourceType.
    pub kind: String,
    /// PhysicalResourceId.
    pub physical: Option<String>,
    /// ResourceStatus.
    pub status: &'static str,
    /// ResourceStatusReason.
    pub reason: Option<String>,
    /// When its status last changed.
    pub at: DateTime<Utc>,
    /// Its properties, worked out.
    pub properties: Value,
    /// Is it to stay when the stack lets go of it?
    pub retained: bool,
}

/// A stack.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack {
    /// StackId.
    pub id: String,
    /// StackName.
    pub name: String,
    /// StackStatus.
    pub status: &'static str,
    /// StackStatusReason.
    pub reason: Option<String>,
    /// What it is meant to be.
    pub design: Design,
    /// What it was meant to be before the update that runs.
    pub before: Option<Design>,
    /// CreationTime.
    pub created: DateTime<Utc>,
    /// LastUpdatedTime.
    pub updated: Option<DateTime<Utc>>,
    /// DeletionTime.
    pub deleted: Option<DateTime<Utc>>,
    /// Its resources, in the order in which they were made.
    pub parts: Vec<Part>,
    /// AWS's Output members.
    pub outputs: Vec<Value>,
    /// AWS's StackEvent members, oldest first.
    pub events: Vec<Value>,
    /// How many of them were published.
    pub announced: usize,
    /// By name.
    pub change_sets: BTreeMap<String, ChangeSet>,
    /// The change set that was last executed.
    pub executed: Option<String>,
    /// The operation that runs.
    pub work: Option<Work>,
    /// The token of the latest operation.
    pub token: Option<String>,
    /// EnableTerminationProtection.
    pub protected: bool,
    /// Are changes of its latest operation to be left as they are when it fails?
    pub keeps_failures: bool,
    /// What a way back that failed has still to do.
    pub halted: Option<Box<Work>>,
    /// OnFailure: is it to be deleted when its creation fails?
    pub deletes_failures: bool,
}

impl CloudFormation {
    /// The stack of this name or id. A deleted one is found by its id only.
    pub fn find(&self, name: &str) -> Option<&Stack> {
        let by_name = || self.stacks.values().find(|stack| stack.name == name && stack.deleted.is_none());
        self.stacks.get(name).or_else(by_name)
    }

    /// The same, to change it.
    pub fn find_mut(&mut self, name: &str) -> Option<&mut Stack> {
        let id = self.find(name)?.id.clone();
        self.stacks.get_mut(&id)
    }

    /// The stack that exports this name, and the value.
    pub fn export(&self, name: &str) -> Option<(&Stack, String)> {
        self.exports().find(|(exported, ..)| exported == name).map(|(_, value, stack)| (stack, value))
    }

    /// All exports: name, value, stack.
    pub fn exports(&self) -> impl Iterator<Item = (String, String, &Stack)> {
        let living = self.stacks.values().filter(|stack| stack.deleted.is_none());
        living.flat_map(|stack| {
            stack.outputs.iter().filter_map(move |output| {
                let text = |member: &str| output.get(member).and_then(Value::as_str).map(str::to_owned);
                Some((text("ExportName")?, text("OutputValue").unwrap_or_default(), stack))
            })
        })
    }

    /// The names of the stacks whose templates import an export.
    pub fn importers(&self, export: &str) -> Vec<String> {
        let imports =
            |stack: &&Stack| stack.deleted.is_none() && stack.design.text.contains("ImportValue") && stack.imports(export);
        self.stacks.values().filter(imports).map(|stack| stack.name.clone()).collect()
    }
}

impl Stack {
    /// Does a property of one of its resources come from this export?
    fn imports(&self, export: &str) -> bool {
        fn find(value: &Value, export: &str) -> bool {
            match value {
                Value::Array(items) => items.iter().any(|item| find(item, export)),
                Value::Object(members) => members.iter().any(|(key, value)| {
                    (key == "Fn::ImportValue" && (*value == export || value.is_object())) || find(value, export)
                }),
                _ => false,
            }
        }
        let sections = [self.design.template.section("Resources"), self.design.template.section("Outputs")];
        sections.into_iter().flat_map(|section| section.values()).any(|value| find(value, export))
    }

    /// The resource of this name.
    pub fn part(&self, logical: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.logical == logical)
    }

    /// The same, to change it.
    pub fn part_mut(&mut self, logical: &str) -> Option<&mut Part> {
        self.parts.iter_mut().find(|part| part.logical == logical)
    }

    /// Takes a status, and writes the event of it down.
    pub fn turn(&mut self, now: DateTime<Utc>, id: String, status: &'static str, reason: Option<String>) {
        self.status = status;
        self.reason.clone_from(&reason);
        let event = Members::new()
            .set("StackId", self.id.as_str())
            .set("EventId", id)
            .set("StackName", self.name.as_str())
            .set("LogicalResourceId", self.name.as_str())
            .set("PhysicalResourceId", self.id.as_str())
            .set("ResourceType", "AWS::CloudFormation::Stack")
            .time("Timestamp", now)
            .set("ResourceStatus", status)
            .maybe("ResourceStatusReason", reason)
            .maybe("ClientRequestToken", self.token.clone());
        self.events.push(event.done());
    }

    /// Writes an event down. Two of the same millisecond are told apart.
    pub fn note(&mut self, mut event: Value) {
        let id = event["EventId"].as_str().unwrap_or_default().to_owned();
        let same =
            self.events.iter().filter(|known| known["EventId"].as_str().is_some_and(|known| known.starts_with(&id))).count();
        if same > 0 {
            event["EventId"] = format!("{id}-{same}").into();
        }
        self.events.push(event);
    }

    /// A resource takes a status.
    pub fn turn_part(&mut self, now: DateTime<Utc>, logical: &str, status: &'static str, reason: Option<String>) {
        let (stack, name, token) = (self.id.clone(), self.name.clone(), self.token.clone());
        let Some(part) = self.part_mut(logical) else { return };
        (part.status, part.reason, part.at) = (status, reason, now);
        let event = part_event(part, &stack, &name, token);
        self.note(event);
    }

    /// As DescribeStacks tells it.
    pub fn told(&self) -> Value {
        let definitions = self.design.template.section("Parameters");
        let parameters = self.design.parameters.iter().map(|(name, value)| {
            let hidden = definitions.get(name).is_some_and(no_echo);
            json!({"ParameterKey": name, "ParameterValue": if hidden { "****" } else { value }})
        });
        Members::new()
            .set("StackId", self.id.as_str())
            .set("StackName", self.name.as_str())
            .maybe("ChangeSetId", self.executed.clone())
            .maybe("Description", self.design.template.description())
            .maybe("Parameters", Some(parameters.collect::<Vec<_>>()).filter(|all| !all.is_empty()))
            .time("CreationTime", self.created)
            .time("LastUpdatedTime", self.updated)
            .time("DeletionTime", self.deleted)
            .set("StackStatus", self.status)
            .maybe("StackStatusReason", self.reason.clone())
            .set("DisableRollback", self.keeps_failures)
            .copy(
                &self.design.options,
                &["NotificationARNs", "TimeoutInMinutes", "Capabilities", "RoleARN", "RollbackConfiguration"],
            )
            .maybe("Outputs", Some(self.outputs.clone()).filter(|all| !all.is_empty()))
            .set("Tags", self.design.tags.clone())
            .set("EnableTerminationProtection", self.protected)
            .set("DriftInformation", json!({"StackDriftStatus": "NOT_CHECKED"}))
            .done()
    }

    /// As ListStacks tells it.
    pub fn summary(&self) -> Value {
        Members::new()
            .set("StackId", self.id.as_str())
            .set("StackName", self.name.as_str())
            .maybe("TemplateDescription", self.design.template.description())
            .time("CreationTime", self.created)
            .time("LastUpdatedTime", self.updated)
            .time("DeletionTime", self.deleted)
            .set("StackStatus", self.status)
            .maybe("StackStatusReason", self.reason.clone())
            .set("DriftInformation", json!({"StackDriftStatus": "NOT_CHECKED"}))
            .done()
    }

    /// The event that EventBridge gets of its latest status.
    ///
    /// Source: CloudFormation user guide, "Event schema for CloudFormation".
    pub fn emitted(&self) -> Emitted {
        let detail = json!({
            "stack-id": self.id,
            "status-details": {"status": self.status, "status-reason": self.reason.clone().unwrap_or_default()},
            "client-request-token": self.token,
        });
        Emitted::Event {
            source: "aws.cloudformation",
            detail_type: "CloudFormation Stack Status Change",
            resources: vec![self.id.clone()],
            detail,
        }
    }
}

/// The event of a resource's latest status.
pub fn part_event(part: &Part, stack: &str, name: &str, token: Option<String>) -> Value {
    let stamp = part.at.format("%Y-%m-%dT%H:%M:%S%.3fZ");
    Members::new()
        .set("StackId", stack)
        .set("EventId", format!("{}-{}-{stamp}", part.logical, part.status))
        .set("StackName", name)
        .set("LogicalResourceId", part.logical.as_str())
        .set("PhysicalResourceId", part.physical.clone().unwrap_or_default())
        .set("ResourceType", part.kind.as_str())
        .time("Timestamp", part.at)
        .set("ResourceStatus", part.status)
        .maybe("ResourceStatusReason", part.reason.clone())
        .set("ResourceProperties", part.properties.to_string())
        .maybe("ClientRequestToken", token)
        .done()
}

impl Part {
    /// As DescribeStackResources tells it.
    pub fn told(&self, stack: &Stack) -> Value {
        self.shared().time("Timestamp", self.at).set("StackName", stack.name.as_str()).set("StackId", stack.id.as_str()).done()
    }

    /// As ListStackResources tells it.
    pub fn summary(&self) -> Value {
        self.shared().time("LastUpdatedTimestamp", self.at).done()
    }

    fn shared(&self) -> Members {
        Members::new()
            .set("LogicalResourceId", self.logical.as_str())
            .maybe("PhysicalResourceId", self.physical.clone())
            .set("ResourceType", self.kind.as_str())
            .set("ResourceStatus", self.status)
            .maybe("ResourceStatusReason", self.reason.clone())
            .set("DriftInformation", json!({"StackResourceDriftStatus": "NOT_CHECKED"}))
    }
}
