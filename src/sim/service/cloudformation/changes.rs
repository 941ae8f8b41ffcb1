//! What an update would change, and change sets: updates that are told before they are made.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::functions::Scope;
use super::stacks::{Design, Stack};
use super::template::invalid;
use super::work;
use crate::sim::call::Refusal;
use crate::sim::members::{self, Members};
use crate::sim::service::types::{self, Desk, changed};

/// How long a change set takes to be made, in seconds.
pub const MAKES: i64 = 5;

/// A change set.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeSet {
    /// ChangeSetId.
    pub id: String,
    /// ChangeSetName.
    pub name: String,
    /// What the stack is meant to be then.
    pub design: Design,
    /// AWS's Change members.
    pub changes: Vec<Value>,
    /// When it was asked for.
    pub created: DateTime<Utc>,
    /// From when on it can be executed.
    pub ready: DateTime<Utc>,
    /// Why it failed.
    pub failure: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// OnStackFailure.
    pub on_failure: Option<String>,
    /// ExecutionStatus once it was executed.
    pub executed: Option<&'static str>,
    /// The token of the call that made it.
    pub token: Option<String>,
}

impl ChangeSet {
    /// Status.
    pub fn status(&self, now: DateTime<Utc>) -> &'static str {
        match self.failure {
            _ if now < self.ready => "CREATE_IN_PROGRESS",
            Some(_) => "FAILED",
            None => "CREATE_COMPLETE",
        }
    }

    /// ExecutionStatus.
    pub fn execution(&self, now: DateTime<Utc>) -> &'static str {
        let status = if self.status(now) == "CREATE_COMPLETE" { "AVAILABLE" } else { "UNAVAILABLE" };
        self.executed.unwrap_or(status)
    }

    fn shared(&self, stack: &Stack, now: DateTime<Utc>) -> Members {
        Members::new()
            .set("StackId", stack.id.as_str())
            .set("StackName", stack.name.as_str())
            .set("ChangeSetId", self.id.as_str())
            .set("ChangeSetName", self.name.as_str())
            .maybe("Description", self.description.clone())
            .time("CreationTime", self.created)
            .set("Status", self.status(now))
            .maybe("StatusReason", self.failure.clone().filter(|_| now >= self.ready))
            .set("ExecutionStatus", self.execution(now))
            .set("IncludeNestedStacks", false)
    }

    /// As ListChangeSets tells it.
    pub fn summary(&self, stack: &Stack, now: DateTime<Utc>) -> Value {
        self.shared(stack, now).done()
    }

    /// As DescribeChangeSet tells it, but for its changes.
    pub fn told(&self, stack: &Stack, now: DateTime<Utc>) -> Members {
        let parameters = self.design.parameters.iter();
        let parameters = parameters.map(|(name, value)| json!({"ParameterKey": name, "ParameterValue": value}));
        self.shared(stack, now)
            .set("Parameters", parameters.collect::<Vec<_>>())
            .set("Tags", self.design.tags.clone())
            .maybe("OnStackFailure", self.on_failure.clone())
            .copy(&self.design.options, &["NotificationARNs", "Capabilities", "RollbackConfiguration"])
    }
}

/// What would change if the stack were to be what `design` says.
///
/// # Errors
/// What cannot be updated at all.
pub fn changes(desk: &mut Desk<'_>, stack: &Stack, design: &Design) -> Result<Vec<Value>, Refusal> {
    let desired = work::desired(desk, design, &stack.name, &stack.id);
    let mut unknown = BTreeSet::new();
    let mut all = Vec::new();
    for logical in design.template.order()?.into_iter().filter(|logical| desired.contains(logical)) {
        let Some(resource) = design.template.resource(&logical) else { continue };
        let kind = members::required(resource, "Type");
        let old = stack.part(&logical).filter(|part| part.physical.is_some() && !part.status.starts_with("DELETE"));
        let Some(old) = old else {
            all.push(change("Add", &logical, None, kind, None, Vec::new()));
            unknown.insert(logical);
            continue;
        };
        if old.kind != kind {
            let message = format!(
                "Update of resource type is not permitted. The new template modifies resource type of the following resources: [{logical}]"
            );
            return Err(invalid(message));
        }
        let Some(of) = types::find(kind) else { continue };
        let given = resource.get("Properties").cloned().unwrap_or_else(|| json!({}));
        let notices = design.options.get("NotificationARNs").cloned().unwrap_or_else(|| json!([]));
        let resolved = Scope {
            template: &design.template,
            parameters: &design.parameters,
            stack: &stack.name,
            stack_id: &stack.id,
            notices: &notices,
            parts: &stack.parts,
            unknown: &unknown,
            desk,
            depth: 0,
        }
        .resolve(&given)
        .map_err(invalid)?;
        let properties = work::keep_name(of, work::with_tags(resolved, &design.tags, kind), &old.properties);
        let names = changed(&old.properties, &properties);
        if names.is_empty() {
            continue;
        }
        let replaced = of.replaces(&old.properties, &properties);
        let details = names.iter().map(|name| {
            let later = properties.get(name).is_some_and(work::is_later);
            json!({
                "Target": {"Attribute": "Properties", "Name": name,
                    "RequiresRecreation": if replaced.contains(name) { "Always" } else { "Never" }},
                "Evaluation": if later { "Dynamic" } else { "Static" },
                "ChangeSource": if later { "ResourceReference" } else { "DirectModification" },
            })
        });
        let certain = replaced.iter().any(|name| !properties.get(name).is_some_and(work::is_later));
        let word = match (replaced.is_empty(), certain) {
            (true, _) => "False",
            (false, true) => "True",
            (false, false) => "Conditional",
        };
        all.push(change("Modify", &logical, old.physical.clone(), kind, Some(word), details.collect()));
        if !replaced.is_empty() {
            unknown.insert(logical);
        }
    }
    let gone = stack
        .parts
        .iter()
        .filter(|part| part.physical.is_some() && !part.status.starts_with("DELETE") && !desired.contains(&part.logical));
    all.extend(gone.map(|part| change("Remove", &part.logical, part.physical.clone(), &part.kind, None, Vec::new())));
    Ok(all)
}

fn change(
    action: &str,
    logical: &str,
    physical: Option<String>,
    kind: &str,
    replacement: Option<&str>,
    details: Vec<Value>,
) -> Value {
    let scope: Vec<&str> = if details.is_empty() { Vec::new() } else { vec!["Properties"] };
    let resource = Members::new()
        .set("Action", action)
        .set("LogicalResourceId", logical)
        .maybe("PhysicalResourceId", physical)
        .set("ResourceType", kind)
        .maybe("Replacement", replacement)
        .set("Scope", scope)
        .set("Details", details)
        .done();
    json!({"Type": "Resource", "ResourceChange": resource})
}
