//! CloudFormation: stacks, their events, and change sets.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::client;
use super::listing::Listing;
use super::site::{Connection, Retries};
use super::time::utc;
use crate::domain::{Problem, ProblemKind};

/// Asks CloudFormation at one site.
#[derive(Debug, Clone)]
pub struct CloudFormation {
    connection: Connection,
    client: aws_sdk_cloudformation::Client,
}

/// A stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// One of the 23 statuses, as it came.
    pub status: String,
    /// AWS's sentence.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: Option<DateTime<Utc>>,
    /// When it was last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// What it gives.
    pub outputs: BTreeMap<String, String>,
}

/// What a change set would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSet {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The ARN of its stack.
    pub stack_id: String,
    /// `CREATE_PENDING`, `CREATE_COMPLETE`, `FAILED`, … as it came.
    pub status: String,
    /// `AVAILABLE`, `EXECUTE_IN_PROGRESS`, `OBSOLETE`, … as it came.
    pub execution: String,
    /// AWS's sentence.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: Option<DateTime<Utc>>,
    /// What it changes.
    pub changes: Vec<ResourceChange>,
}

/// One resource that a change set changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceChange {
    /// `Add`, `Modify`, `Remove`, `Import`, `Dynamic`, as it came.
    pub action: String,
    /// Its name in the template.
    pub logical_id: String,
    /// What it is now, if it is there.
    pub physical_id: Option<String>,
    /// Its type.
    pub resource_type: String,
    /// `True`, `False`, `Conditional`: whether it is replaced by a new one.
    pub replacement: Option<String>,
}

/// A stack as somebody deployed it: what it takes to deploy the like elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackOutline {
    /// Its name.
    pub name: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its parameters; AWS shows stars for those that are not to be seen.
    pub parameters: BTreeMap<String, String>,
    /// What it was allowed to do.
    pub capabilities: Vec<String>,
}

/// One event of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackEvent {
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// The resource's name in the template; the stack's own name for the stack itself.
    pub logical_id: String,
    /// Its type.
    pub resource_type: String,
    /// As it came.
    pub status: String,
    /// AWS's sentence.
    pub reason: Option<String>,
}

impl CloudFormation {
    /// Through `connection`.
    pub fn new(connection: &Connection) -> Self {
        Self { client: client!(aws_sdk_cloudformation, connection, Retries::Read), connection: connection.clone() }
    }

    /// A stack by name or ARN; `None` if there is none. A deleted stack is told by its ARN only.
    ///
    /// # Errors
    /// Any kind but Missing.
    pub async fn stack(&self, name: &str) -> Result<Option<Stack>, Problem> {
        let answer = self.client.describe_stacks().stack_name(name).send();
        match self.connection.read(answer, "CloudFormation DescribeStacks").await {
            Ok(answer) => Ok(answer.stacks().first().map(stack)),
            // AWS has no code of its own for it: "Stack with id NAME does not exist".
            Err(problem) if problem.kind == ProblemKind::Missing || problem.message.contains("does not exist") => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    /// The stacks that stand, without those that belong to another, at most `pages` pages.
    ///
    /// # Errors
    /// Any kind.
    pub async fn stacks(&self, pages: usize) -> Result<Listing<StackOutline>, Problem> {
        let ask = self.client.describe_stacks().into_paginator().send();
        let found = self.connection.gather(ask, pages, "CloudFormation DescribeStacks", |page, rows| {
            let stands = |stack: &&aws_sdk_cloudformation::types::Stack| {
                let status = stack.stack_status().map(|status| status.as_str()).unwrap_or_default();
                stack.parent_id().is_none() && !status.starts_with("DELETE_") && status != "REVIEW_IN_PROGRESS"
            };
            rows.extend(page.stacks().iter().filter(stands).map(|stack| {
                let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
                StackOutline {
                    name: text(stack.stack_name()),
                    tags: stack.tags().iter().map(|tag| (text(tag.key()), text(tag.value()))).collect(),
                    parameters: stack
                        .parameters()
                        .iter()
                        .map(|it| (text(it.parameter_key()), text(it.parameter_value())))
                        .collect(),
                    capabilities: stack.capabilities().iter().map(|capability| capability.as_str().to_owned()).collect(),
                }
            }));
            page.next_token().is_some()
        });
        found.await
    }

    /// The names of the parameters that a template, given as a text or by where it lies in S3, has no default for.
    ///
    /// # Errors
    /// Any kind; Invalid if CloudFormation does not take it.
    pub async fn validate(&self, body: Option<&str>, url: Option<&str>) -> Result<Vec<String>, Problem> {
        let ask =
            self.client.validate_template().set_template_body(body.map(str::to_owned)).set_template_url(url.map(str::to_owned));
        let answer = self.connection.read(ask.send(), "CloudFormation ValidateTemplate").await?;
        let wanted = answer.parameters().iter().filter(|parameter| parameter.default_value().is_none());
        Ok(wanted.filter_map(|parameter| parameter.parameter_key()).map(str::to_owned).collect())
    }

    /// A change set with all that it changes; by its ARN, or by its name and its stack's. `None` if there is none.
    ///
    /// # Errors
    /// Any kind but Missing.
    pub async fn change_set(&self, name: &str, stack: Option<&str>) -> Result<Option<ChangeSet>, Problem> {
        let operation = "CloudFormation DescribeChangeSet";
        let (mut found, mut next): (Option<ChangeSet>, Option<String>) = (None, None);
        loop {
            let ask = self.client.describe_change_set().change_set_name(name);
            let ask = ask.set_stack_name(stack.map(str::to_owned)).set_next_token(next.take());
            let page = match self.connection.read(ask.send(), operation).await {
                Ok(page) => page,
                Err(problem) if problem.kind == ProblemKind::Missing || problem.message.contains("does not exist") => {
                    return Ok(None);
                }
                Err(problem) => return Err(problem),
            };
            let changes = page.changes().iter().filter_map(|change| change.resource_change()).map(resource_change);
            match &mut found {
                Some(found) => found.changes.extend(changes),
                None => {
                    found = Some(ChangeSet {
                        id: page.change_set_id().unwrap_or(name).to_owned(),
                        name: page.change_set_name().unwrap_or_default().to_owned(),
                        stack_id: page.stack_id().unwrap_or_default().to_owned(),
                        status: page.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
                        execution: page.execution_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
                        reason: page.status_reason().map(str::to_owned),
                        created_at: utc(page.creation_time()),
                        changes: changes.collect(),
                    });
                }
            }
            next = page.next_token().map(str::to_owned);
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    /// The events of a stack since a moment, oldest first, at most `pages` pages of 100.
    ///
    /// # Errors
    /// Any kind.
    pub async fn events(&self, stack: &str, since: DateTime<Utc>, pages: usize) -> Result<Vec<StackEvent>, Problem> {
        let stream = self.client.describe_stack_events().stack_name(stack).into_paginator().send();
        let found = self.connection.gather(stream, pages, "CloudFormation DescribeStackEvents", |page, rows| {
            let count = rows.len();
            let news = page.stack_events().iter().take_while(|event| utc(event.timestamp()).is_none_or(|at| at >= since));
            rows.extend(news.map(|event| StackEvent {
                at: utc(event.timestamp()),
                logical_id: event.logical_resource_id().unwrap_or_default().to_owned(),
                resource_type: event.resource_type().unwrap_or_default().to_owned(),
                status: event.resource_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
                reason: event.resource_status_reason().map(str::to_owned),
            }));
            // Newest first: a page that was not taken whole is the last that matters.
            page.next_token().is_some() && rows.len() - count == page.stack_events().len()
        });
        let mut found = found.await?;
        found.rows.reverse();
        Ok(found.rows)
    }
}

fn stack(stack: &aws_sdk_cloudformation::types::Stack) -> Stack {
    let outputs = stack.outputs().iter();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Stack {
        id: text(stack.stack_id()),
        name: text(stack.stack_name()),
        status: stack.stack_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        reason: stack.stack_status_reason().map(str::to_owned),
        created_at: utc(stack.creation_time()),
        updated_at: utc(stack.last_updated_time()),
        outputs: outputs.map(|output| (text(output.output_key()), text(output.output_value()))).collect(),
    }
}

fn resource_change(change: &aws_sdk_cloudformation::types::ResourceChange) -> ResourceChange {
    ResourceChange {
        action: change.action().map(|action| action.as_str().to_owned()).unwrap_or_default(),
        logical_id: change.logical_resource_id().unwrap_or_default().to_owned(),
        physical_id: change.physical_resource_id().filter(|id| !id.is_empty()).map(str::to_owned),
        resource_type: change.resource_type().unwrap_or_default().to_owned(),
        replacement: change.replacement().map(|replacement| replacement.as_str().to_owned()),
    }
}
