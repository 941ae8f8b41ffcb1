//! Systems Manager: how runbooks run, and the OpsItems that tell of incidents.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_ssm::types::{
    AutomationExecution, AutomationExecutionFilter, AutomationExecutionFilterKey, DocumentFormat, DocumentKeyValuesFilter,
    OpsItemDataValue, OpsItemFilter, OpsItemFilterKey, OpsItemFilterOperator, OpsItemSummary, StepExecution,
};
use chrono::{DateTime, SecondsFormat, Utc};

use super::client;
use super::listing::Listing;
use super::site::{Connection, Retries};
use super::time::utc;
use crate::domain::{Problem, ProblemKind};

/// The operational data key by which OpsCenter finds duplicates.
const DEDUP: &str = "/aws/dedup";

/// Asks Systems Manager at one site.
#[derive(Debug, Clone)]
pub struct Ssm {
    connection: Connection,
    client: aws_sdk_ssm::Client,
}

/// A document, such as a runbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name.
    pub name: String,
    /// `Automation`, `Command`, … as it came.
    pub kind: String,
    /// `Active`, `Creating`, … as it came.
    pub status: String,
}

/// An execution of a runbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Automation {
    /// Its id.
    pub id: String,
    /// The runbook.
    pub document: String,
    /// `InProgress`, `Success`, … as it came; see [`Automation::is_finished`].
    pub status: String,
    /// When AWS says that it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When AWS says that it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// AWS's sentence about a failure.
    pub failure: Option<String>,
    /// What it was started with.
    pub parameters: BTreeMap<String, Vec<String>>,
    /// What it gave back.
    pub outputs: BTreeMap<String, Vec<String>>,
    /// Its steps, in AWS's order. Branches that were not taken stay `Pending` for ever.
    pub steps: Vec<AutomationStep>,
    /// The step that waits for a person.
    pub waits_for: Option<WaitsFor>,
}

/// A step of a runbook's execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutomationStep {
    /// Its name.
    pub name: String,
    /// Such as `aws:approve`.
    pub action: String,
    /// As it came.
    pub status: String,
    /// When AWS says that it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When AWS says that it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// AWS's sentence about a failure.
    pub failure: Option<String>,
}

/// What a runbook waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitsFor {
    /// The waiting step: Resume names it.
    pub step: String,
    /// `aws:approve`: signal Approve or Reject; `aws:pause`: signal Resume.
    pub action: String,
    /// What it asks, where the runbook says.
    pub message: Option<String>,
}

/// An execution as DescribeAutomationExecutions lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutomationSummary {
    /// Its id.
    pub id: String,
    /// The runbook.
    pub document: String,
    /// As it came.
    pub status: String,
    /// When AWS says that it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When AWS says that it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// The ARN of who started it.
    pub executed_by: Option<String>,
}

/// A command of Run Command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRecord {
    /// Its id.
    pub id: String,
    /// The command document.
    pub document: String,
    /// `Pending`, `InProgress`, `Success`, … as it came.
    pub status: String,
    /// Says more than the status: `Delivery Timed Out`, …
    pub details: Option<String>,
    /// What was written with it.
    pub comment: Option<String>,
    /// When it was sent.
    pub requested_at: Option<DateTime<Utc>>,
    /// Machines meant, done with, and failed.
    pub counts: (i32, i32, i32),
}

/// What a command did on one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvocationRecord {
    /// The machine's id.
    pub instance: String,
    /// As it came.
    pub status: String,
    /// Says more than the status.
    pub details: Option<String>,
    /// What it printed; AWS keeps 2,500 characters.
    pub output: String,
    /// When its last part ended.
    pub ended_at: Option<DateTime<Utc>>,
}

/// An OpsItem as AWS keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpsItemRecord {
    /// `oi-…`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its text; a search does not tell it.
    pub description: Option<String>,
    /// `Open`, `InProgress`, `Resolved`, … as it came.
    pub status: String,
    /// Who made it.
    pub source: String,
    /// `1` to `4`.
    pub severity: Option<String>,
    /// `Availability`, `Recovery`, …
    pub category: Option<String>,
    /// When it was made.
    pub created_at: Option<DateTime<Utc>>,
    /// When it was last changed.
    pub modified_at: Option<DateTime<Utc>>,
    /// Values by key.
    pub data: BTreeMap<String, String>,
}

impl Automation {
    /// Has it ended? (AutomationExecutionStatus; values that this program does not know are not final.)
    pub fn is_finished(&self) -> bool {
        let failed = ["Failed", "TimedOut", "Cancelled", "CompletedWithFailure", "Rejected", "Exited"];
        self.succeeded() || failed.contains(&self.status.as_str())
    }

    /// Has it ended well?
    pub fn succeeded(&self) -> bool {
        matches!(self.status.as_str(), "Success" | "CompletedWithSuccess")
    }
}

impl Ssm {
    /// Through `connection`.
    pub fn new(connection: &Connection) -> Self {
        Self { client: client!(aws_sdk_ssm, connection, Retries::Read), connection: connection.clone() }
    }

    /// A document in the Region that is asked, of a version or its default version.
    ///
    /// # Errors
    /// Any kind; Missing if there is none.
    pub async fn document(&self, name: &str, version: Option<&str>) -> Result<Document, Problem> {
        let operation = "Systems Manager DescribeDocument";
        let ask = self.client.describe_document().name(name).set_document_version(version.map(str::to_owned));
        let answer = match self.connection.read(ask.send(), operation).await {
            // "InvalidDocument: The specified document does not exist."
            Err(problem) if problem.code.as_deref() == Some("InvalidDocument") => {
                return Err(Problem { kind: ProblemKind::Missing, ..problem });
            }
            answer => answer?,
        };
        let Some(document) = answer.document else {
            return Err(self.connection.no_answer(ProblemKind::Missing, operation, "AWS told nothing of the document"));
        };
        Ok(Document {
            kind: document.document_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
            status: document.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            name: document.name.unwrap_or_else(|| name.to_owned()),
        })
    }

    /// A document's content as JSON, whatever it was written in.
    ///
    /// # Errors
    /// Any kind; Missing if there is none.
    pub async fn document_json(&self, name: &str) -> Result<String, Problem> {
        let operation = "Systems Manager GetDocument";
        let ask = self.client.get_document().name(name).document_format(DocumentFormat::Json);
        match self.connection.read(ask.send(), operation).await {
            Err(problem) if problem.code.as_deref() == Some("InvalidDocument") => {
                Err(Problem { kind: ProblemKind::Missing, ..problem })
            }
            answer => answer?
                .content
                .ok_or_else(|| self.connection.no_answer(ProblemKind::Missing, operation, "AWS gave no content of the document")),
        }
    }

    /// The account's own Automation runbooks in the Region that is asked, name and tags, at most `pages` pages of 50.
    ///
    /// # Errors
    /// Any kind.
    pub async fn own_runbooks(&self, pages: usize) -> Result<Listing<(String, BTreeMap<String, String>)>, Problem> {
        let filter = |key: &str, value: &str| DocumentKeyValuesFilter::builder().key(key).values(value).build();
        let ask = self.client.list_documents().filters(filter("Owner", "Self")).filters(filter("DocumentType", "Automation"));
        let found = self.connection.gather(
            ask.max_results(50).into_paginator().send(),
            pages,
            "Systems Manager ListDocuments",
            |page, rows| {
                rows.extend(page.document_identifiers().iter().filter_map(|document| {
                    let tags = document.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
                    Some((document.name()?.to_owned(), tags.collect()))
                }));
                page.next_token().is_some()
            },
        );
        found.await
    }

    /// An execution with all its steps: where GetAutomationExecution cuts them off, the rest is asked for.
    ///
    /// # Errors
    /// Any kind.
    pub async fn automation(&self, id: &str) -> Result<Automation, Problem> {
        let operation = "Systems Manager GetAutomationExecution";
        let answer = self.client.get_automation_execution().automation_execution_id(id).send();
        let Some(mut execution) = self.connection.read(answer, operation).await?.automation_execution else {
            return Err(self.connection.no_answer(
                ProblemKind::Missing,
                operation,
                format!("nothing is known about execution {id}"),
            ));
        };
        if execution.step_executions_truncated() {
            execution.step_executions = Some(self.steps(id).await?);
        }
        Ok(automation(id, &execution))
    }

    async fn steps(&self, id: &str) -> Result<Vec<StepExecution>, Problem> {
        let ask = self.client.describe_automation_step_executions().automation_execution_id(id).max_results(50);
        // A runbook has at most 100 steps, loops and retries multiply them: 20 pages are a thousand.
        let found = self.connection.gather(
            ask.into_paginator().send(),
            20,
            "Systems Manager DescribeAutomationStepExecutions",
            |page, rows| {
                let more = page.next_token().is_some();
                rows.extend(page.step_executions.unwrap_or_default());
                more
            },
        );
        Ok(found.await?.rows)
    }

    /// The executions of a runbook that began at or after `since`, at most `pages` pages of 50.
    ///
    /// # Errors
    /// Any kind.
    pub async fn automations_since(
        &self,
        document: &str,
        since: DateTime<Utc>,
        pages: usize,
    ) -> Result<Listing<AutomationSummary>, Problem> {
        let operation = "Systems Manager DescribeAutomationExecutions";
        let since_text = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut ask = self.client.describe_automation_executions().max_results(50);
        for (key, value) in [
            (AutomationExecutionFilterKey::DocumentNamePrefix, document),
            (AutomationExecutionFilterKey::StartTimeAfter, since_text.as_str()),
        ] {
            let filter = AutomationExecutionFilter::builder().key(key).values(value).build();
            ask = ask
                .filters(filter.map_err(|error| self.connection.no_answer(ProblemKind::Invalid, operation, error.to_string()))?);
        }
        let found = self.connection.gather(ask.into_paginator().send(), pages, operation, |page, rows| {
            rows.extend(page.automation_execution_metadata_list().iter().map(|it| AutomationSummary {
                id: it.automation_execution_id().unwrap_or_default().to_owned(),
                document: it.document_name().unwrap_or_default().to_owned(),
                status: it.automation_execution_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
                started_at: utc(it.execution_start_time()),
                ended_at: utc(it.execution_end_time()),
                executed_by: it.executed_by().map(str::to_owned),
            }));
            page.next_token().is_some()
        });
        let mut found = found.await?;
        // The filter takes a prefix; an execution without a start time is kept, for it may be the one looked for.
        found.rows.retain(|it| it.document == document && it.started_at.is_none_or(|at| at >= since));
        Ok(found)
    }

    /// A value of Parameter Store in this Region; `None` if there is none.
    ///
    /// # Errors
    /// Any kind but Missing.
    pub async fn parameter(&self, name: &str) -> Result<Option<String>, Problem> {
        let answer = self.client.get_parameter().name(name).send();
        match self.connection.read(answer, "Systems Manager GetParameter").await {
            Ok(answer) => Ok(answer.parameter().and_then(|parameter| parameter.value()).map(str::to_owned)),
            Err(problem) if problem.kind == ProblemKind::Missing => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    /// The commands that were sent at or after `since`, or the one with this id, at most `pages` pages of 50.
    ///
    /// # Errors
    /// Any kind.
    pub async fn commands(
        &self,
        id: Option<&str>,
        since: Option<DateTime<Utc>>,
        pages: usize,
    ) -> Result<Vec<CommandRecord>, Problem> {
        let mut ask = self.client.list_commands().set_command_id(id.map(str::to_owned));
        if let Some(since) = since {
            let filter = aws_sdk_ssm::types::CommandFilter::builder()
                .key(aws_sdk_ssm::types::CommandFilterKey::InvokedAfter)
                .value(since.to_rfc3339_opts(SecondsFormat::Secs, true))
                .build();
            let filter = filter.map_err(|error| {
                self.connection.no_answer(ProblemKind::Invalid, "Systems Manager ListCommands", error.to_string())
            })?;
            ask = ask.filters(filter);
        }
        let found = self.connection.gather(ask.into_paginator().send(), pages, "Systems Manager ListCommands", |page, rows| {
            rows.extend(page.commands().iter().map(|command| CommandRecord {
                id: command.command_id().unwrap_or_default().to_owned(),
                document: command.document_name().unwrap_or_default().to_owned(),
                status: command.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
                details: command.status_details().map(str::to_owned),
                comment: command.comment().map(str::to_owned),
                requested_at: utc(command.requested_date_time()),
                counts: (command.target_count(), command.completed_count(), command.error_count()),
            }));
            page.next_token().is_some()
        });
        Ok(found.await?.rows)
    }

    /// What a command did on each machine, at most `pages` pages of 50.
    ///
    /// # Errors
    /// Any kind.
    pub async fn invocations(&self, command: &str, pages: usize) -> Result<Vec<InvocationRecord>, Problem> {
        let ask = self.client.list_command_invocations().command_id(command).details(true);
        let found =
            self.connection.gather(ask.into_paginator().send(), pages, "Systems Manager ListCommandInvocations", |page, rows| {
                rows.extend(page.command_invocations().iter().map(|invocation| InvocationRecord {
                    instance: invocation.instance_id().unwrap_or_default().to_owned(),
                    status: invocation.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
                    details: invocation.status_details().map(str::to_owned),
                    output:
                        invocation.command_plugins().iter().filter_map(|plugin| plugin.output()).collect::<Vec<_>>().join("\n"),
                    ended_at: invocation.command_plugins().iter().filter_map(|it| utc(it.response_finish_date_time())).max(),
                }));
                page.next_token().is_some()
            });
        Ok(found.await?.rows)
    }

    /// An OpsItem.
    ///
    /// # Errors
    /// Any kind.
    pub async fn ops_item(&self, id: &str) -> Result<OpsItemRecord, Problem> {
        let operation = "Systems Manager GetOpsItem";
        let answer = self.client.get_ops_item().ops_item_id(id).send();
        let Some(item) = self.connection.read(answer, operation).await?.ops_item else {
            return Err(self.connection.no_answer(
                ProblemKind::Missing,
                operation,
                format!("nothing is known about OpsItem {id}"),
            ));
        };
        Ok(OpsItemRecord {
            id: item.ops_item_id().unwrap_or(id).to_owned(),
            title: item.title().unwrap_or_default().to_owned(),
            description: item.description().map(str::to_owned),
            status: item.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            source: item.source().unwrap_or_default().to_owned(),
            severity: item.severity().map(str::to_owned),
            category: item.category().map(str::to_owned),
            created_at: utc(item.created_time()),
            modified_at: utc(item.last_modified_time()),
            data: data(item.operational_data()),
        })
    }

    /// The OpsItem whose operational data `/aws/dedup` has exactly this value; `None` if there is none.
    ///
    /// # Errors
    /// Any kind.
    pub async fn ops_item_by_dedup(&self, value: &str) -> Result<Option<OpsItemRecord>, Problem> {
        let operation = "Systems Manager DescribeOpsItems";
        let filter = OpsItemFilter::builder()
            .key(OpsItemFilterKey::OperationalData)
            .values(serde_json::json!({ "key": DEDUP, "value": value }).to_string())
            .operator(OpsItemFilterOperator::Equal)
            .build()
            .map_err(|error| self.connection.no_answer(ProblemKind::Invalid, operation, error.to_string()))?;
        let stream = self.client.describe_ops_items().ops_item_filters(filter).into_paginator().send();
        let found = self.connection.gather(stream, 10, operation, |page, rows| {
            rows.extend(page.ops_item_summaries().iter().map(summary));
            page.next_token().is_some()
        });
        let found = found.await?;
        // An item whose data is not told was chosen by the filter alone.
        Ok(found.rows.into_iter().find(|item| item.data.get(DEDUP).is_none_or(|told| told == value)))
    }
}

fn automation(id: &str, execution: &AutomationExecution) -> Automation {
    let lists = |map: Option<&HashMap<String, Vec<String>>>| map.cloned().unwrap_or_default().into_iter().collect();
    let steps = execution.step_executions();
    Automation {
        id: execution.automation_execution_id().unwrap_or(id).to_owned(),
        document: execution.document_name().unwrap_or_default().to_owned(),
        status: execution.automation_execution_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        started_at: utc(execution.execution_start_time()),
        ended_at: utc(execution.execution_end_time()),
        failure: execution.failure_message().map(str::to_owned),
        parameters: lists(execution.parameters()),
        outputs: lists(execution.outputs()),
        steps: steps.iter().map(step).collect(),
        waits_for: steps.iter().find_map(waiting),
    }
}

fn step(step: &StepExecution) -> AutomationStep {
    AutomationStep {
        name: step.step_name().unwrap_or_default().to_owned(),
        action: step.action().unwrap_or_default().to_owned(),
        status: step.step_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        started_at: utc(step.execution_start_time()),
        ended_at: utc(step.execution_end_time()),
        failure: step.failure_message().map(str::to_owned),
    }
}

/// An approval waits as `Waiting` or `PendingApproval`, a pause as `Waiting`; both have begun, unlike branches not taken.
fn waiting(step: &StepExecution) -> Option<WaitsFor> {
    let action = step.action().filter(|action| matches!(*action, "aws:approve" | "aws:pause"))?;
    let status = step.step_status().map_or("", |status| status.as_str());
    let begun = status == "InProgress" && step.execution_start_time().is_some();
    (begun || matches!(status, "Waiting" | "PendingApproval")).then(|| WaitsFor {
        step: step.step_name().unwrap_or_default().to_owned(),
        action: action.to_owned(),
        message: step.inputs().and_then(|inputs| inputs.get("Message")).map(|text| unquoted(text)),
    })
}

/// Inputs of a step come as JSON inside a text.
fn unquoted(text: &str) -> String {
    serde_json::from_str(text).unwrap_or_else(|_| text.to_owned())
}

fn summary(item: &OpsItemSummary) -> OpsItemRecord {
    OpsItemRecord {
        id: item.ops_item_id().unwrap_or_default().to_owned(),
        title: item.title().unwrap_or_default().to_owned(),
        description: None,
        status: item.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        source: item.source().unwrap_or_default().to_owned(),
        severity: item.severity().map(str::to_owned),
        category: item.category().map(str::to_owned),
        created_at: utc(item.created_time()),
        modified_at: utc(item.last_modified_time()),
        data: data(item.operational_data()),
    }
}

fn data(values: Option<&HashMap<String, OpsItemDataValue>>) -> BTreeMap<String, String> {
    let text = |(key, value): (&String, &OpsItemDataValue)| (key.clone(), value.value().unwrap_or_default().to_owned());
    values.into_iter().flatten().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ssm::types::AutomationExecutionStatus as Status;

    fn step_execution(name: &str, action: &str, status: Status) -> StepExecution {
        let step = StepExecution::builder().step_name(name).action(action).step_status(status);
        step.inputs("Message", "\"Warm the caches?\"").build()
    }

    #[test]
    fn a_waiting_approval_says_what_it_asks() {
        let execution = AutomationExecution::builder()
            .automation_execution_status(Status::Waiting)
            .step_executions(step_execution("warm", "aws:executeScript", Status::Success))
            .step_executions(step_execution("ask", "aws:approve", Status::Waiting))
            .step_executions(step_execution("later", "aws:pause", Status::Pending))
            .build();
        let automation = automation("id-1", &execution);
        assert_eq!(automation.id, "id-1");
        assert!(!automation.is_finished());
        let waits = automation.waits_for.unwrap();
        assert_eq!((waits.step.as_str(), waits.action.as_str()), ("ask", "aws:approve"));
        assert_eq!(waits.message.as_deref(), Some("Warm the caches?"));
    }

    #[test]
    fn ends_are_told_from_every_other_status() {
        for (status, finished, succeeded) in [
            ("Success", true, true),
            ("CompletedWithSuccess", true, true),
            ("Failed", true, false),
            ("TimedOut", true, false),
            ("Cancelled", true, false),
            ("Cancelling", false, false),
            ("PendingApproval", false, false),
            ("SomethingNew", false, false),
        ] {
            let execution = AutomationExecution::builder().automation_execution_status(status.into()).build();
            let automation = automation("id", &execution);
            assert_eq!((automation.is_finished(), automation.succeeded()), (finished, succeeded), "{status}");
        }
    }
}
