//! What others do at AWS in an incident's window: jobs, executions and stack operations, whoever started them.
//!
//! One question a kind, so that a service that is not used, or may not be asked, takes nothing from the others.

use chrono::{DateTime, SecondsFormat, Utc};

use aws_sdk_ssm::types::{AutomationExecutionFilter, AutomationExecutionFilterKey};

use super::client;
use super::listing::Listing;
use super::site::{Connection, Retries};
use super::time::{to_aws, utc};
use crate::domain::{Elsewhere, Problem, ProblemKind};

/// CloudFormation's type of a stack among its own resources.
const STACK: &str = "AWS::CloudFormation::Stack";

/// Asks at one site what others do.
#[derive(Debug, Clone)]
pub struct Others {
    connection: Connection,
    backup_client: aws_sdk_backup::Client,
    ssm_client: aws_sdk_ssm::Client,
    sfn_client: aws_sdk_sfn::Client,
    stacks_client: aws_sdk_cloudformation::Client,
    switch_client: aws_sdk_arcregionswitch::Client,
}

/// When something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From here on.
    pub from: DateTime<Utc>,
    /// Up to here.
    pub to: DateTime<Utc>,
}

impl Window {
    /// Did it begin before the window's end and not end before its beginning?
    fn holds(self, began: Option<DateTime<Utc>>, ended: Option<DateTime<Utc>>) -> bool {
        began.is_none_or(|began| began <= self.to) && ended.is_none_or(|ended| ended >= self.from)
    }
}

impl Listing<Elsewhere> {
    /// Both lists, one after the other; complete if both are.
    fn and(mut self, other: Self) -> Self {
        self.rows.extend(other.rows);
        self.complete &= other.complete;
        self
    }
}

/// What each kind of work is called, in the order of [`Others::all`].
const KINDS: [&str; 6] =
    ["restore job", "copy job", "automation execution", "state machine execution", "stack operation", "Region switch execution"];

impl Others {
    /// Through `connection`.
    pub fn new(connection: &Connection) -> Self {
        Self {
            backup_client: client!(aws_sdk_backup, connection, Retries::Read),
            ssm_client: client!(aws_sdk_ssm, connection, Retries::Read),
            sfn_client: client!(aws_sdk_sfn, connection, Retries::Read),
            stacks_client: client!(aws_sdk_cloudformation, connection, Retries::Read),
            switch_client: client!(aws_sdk_arcregionswitch, connection, Retries::Read),
            connection: connection.clone(),
        }
    }

    /// Everything in the window, at most `pages` pages of each list; beside it what could not be told, and why.
    pub async fn all(&self, window: Window, pages: usize) -> (Listing<Elsewhere>, Vec<Problem>) {
        let answers = [
            self.restore_jobs(window, pages).await,
            self.copy_jobs(window, pages).await,
            self.automations(window, pages).await,
            self.state_machines(window, pages).await,
            self.stacks(window, pages).await,
            self.region_switches(window, pages).await,
        ];
        let (mut all, mut problems) = (Listing { rows: Vec::new(), complete: true }, Vec::new());
        for answer in answers {
            match answer {
                Ok(found) => all = all.and(found),
                Err(problem) => problems.push(problem),
            }
        }
        all.rows.retain(|work| window.holds(work.began_at, work.ended_at));
        all.rows.sort_by(|a, b| (a.began_at, &a.kind, &a.id).cmp(&(b.began_at, &b.kind, &b.id)));
        (all, problems)
    }

    fn work(&self, kind: usize, id: &str, about: &str, status: &str, times: [Option<DateTime<Utc>>; 2]) -> Elsewhere {
        Elsewhere {
            kind: KINDS[kind].to_owned(),
            id: id.to_owned(),
            site: self.connection.site().clone(),
            region: self.connection.region().clone(),
            about: about.to_owned(),
            status: status.to_owned(),
            began_at: times[0],
            ended_at: times[1],
            by: None,
        }
    }

    /// Restore jobs; about their source, or the point.
    ///
    /// # Errors
    /// AWS's refusal, or that it does not answer.
    pub async fn restore_jobs(&self, window: Window, pages: usize) -> Result<Listing<Elsewhere>, Problem> {
        let ask = self.backup_client.list_restore_jobs().by_created_after(to_aws(window.from)).max_results(1000);
        let found = self.connection.gather(ask.into_paginator().send(), pages, "Backup ListRestoreJobs", |page, rows| {
            rows.extend(page.restore_jobs().iter().map(|job| {
                let about = job.source_resource_arn().or(job.recovery_point_arn()).unwrap_or_default();
                let status = job.status().map(|status| status.as_str()).unwrap_or_default();
                let times = [utc(job.creation_date()), utc(job.completion_date())];
                self.work(0, job.restore_job_id().unwrap_or_default(), about, status, times)
            }));
            page.next_token().is_some()
        });
        found.await
    }

    /// Copy jobs; about their resource.
    ///
    /// # Errors
    /// AWS's refusal, or that it does not answer.
    pub async fn copy_jobs(&self, window: Window, pages: usize) -> Result<Listing<Elsewhere>, Problem> {
        let ask = self.backup_client.list_copy_jobs().by_created_after(to_aws(window.from)).max_results(1000);
        let found = self.connection.gather(ask.into_paginator().send(), pages, "Backup ListCopyJobs", |page, rows| {
            rows.extend(page.copy_jobs().iter().map(|job| {
                let about = job.resource_arn().or(job.source_recovery_point_arn()).unwrap_or_default();
                let status = job.state().map(|state| state.as_str()).unwrap_or_default();
                let times = [utc(job.creation_date()), utc(job.completion_date())];
                self.work(1, job.copy_job_id().unwrap_or_default(), about, status, times)
            }));
            page.next_token().is_some()
        });
        found.await
    }

    /// Automation executions; about their document.
    ///
    /// # Errors
    /// AWS's refusal, or that it does not answer.
    pub async fn automations(&self, window: Window, pages: usize) -> Result<Listing<Elsewhere>, Problem> {
        let operation = "Systems Manager DescribeAutomationExecutions";
        let since = window.from.to_rfc3339_opts(SecondsFormat::Secs, true);
        let filter = AutomationExecutionFilter::builder().key(AutomationExecutionFilterKey::StartTimeAfter).values(since);
        let filter =
            filter.build().map_err(|error| self.connection.no_answer(ProblemKind::Invalid, operation, error.to_string()))?;
        let ask = self.ssm_client.describe_automation_executions().max_results(50).filters(filter);
        let found = self.connection.gather(ask.into_paginator().send(), pages, operation, |page, rows| {
            rows.extend(page.automation_execution_metadata_list().iter().map(|it| {
                let status = it.automation_execution_status().map(|status| status.as_str()).unwrap_or_default();
                let times = [utc(it.execution_start_time()), utc(it.execution_end_time())];
                let (id, document) = (it.automation_execution_id().unwrap_or_default(), it.document_name().unwrap_or_default());
                Elsewhere { by: it.executed_by().map(str::to_owned), ..self.work(2, id, document, status, times) }
            }));
            page.next_token().is_some()
        });
        found.await
    }

    /// Executions of state machines; about the machine's name.
    ///
    /// # Errors
    /// AWS's refusal, or that it does not answer.
    pub async fn state_machines(&self, window: Window, pages: usize) -> Result<Listing<Elsewhere>, Problem> {
        let ask = self.sfn_client.list_state_machines().max_results(1000);
        let machines =
            self.connection.gather(ask.into_paginator().send(), pages, "Step Functions ListStateMachines", |page, rows| {
                rows.extend(page.state_machines().iter().map(|it| (it.state_machine_arn().to_owned(), it.name().to_owned())));
                page.next_token().is_some()
            });
        let machines = machines.await?;
        let mut all = Listing { rows: Vec::new(), complete: machines.complete };
        for (arn, name) in machines.rows {
            let ask = self.sfn_client.list_executions().state_machine_arn(arn).max_results(1000);
            // Newest first: older ones need not be read.
            let found =
                self.connection.gather(ask.into_paginator().send(), pages, "Step Functions ListExecutions", |page, rows| {
                    rows.extend(page.executions().iter().map(|it| {
                        let times = [utc(Some(it.start_date())), utc(it.stop_date())];
                        self.work(3, it.execution_arn(), &name, it.status().as_str(), times)
                    }));
                    let oldest = page.executions().last().and_then(|it| utc(Some(it.start_date())));
                    page.next_token().is_some() && oldest.is_none_or(|oldest| oldest >= window.from)
                });
            all = all.and(found.await?);
        }
        Ok(all)
    }

    /// Operations of stacks; about the stack's name.
    ///
    /// # Errors
    /// AWS's refusal, or that it does not answer.
    pub async fn stacks(&self, window: Window, pages: usize) -> Result<Listing<Elsewhere>, Problem> {
        let found = self.connection.gather(
            self.stacks_client.list_stacks().into_paginator().send(),
            pages,
            "CloudFormation ListStacks",
            |page, rows| {
                rows.extend(page.stack_summaries().iter().filter_map(|it| {
                    let touched = [utc(it.creation_time()), utc(it.last_updated_time()), utc(it.deletion_time())];
                    touched.into_iter().flatten().max().filter(|last| *last >= window.from)?;
                    Some((it.stack_id()?.to_owned(), it.stack_name().unwrap_or_default().to_owned()))
                }));
                page.next_token().is_some()
            },
        );
        let stacks = found.await?;
        let mut all = Listing { rows: Vec::new(), complete: stacks.complete };
        for (id, name) in stacks.rows {
            let ask = self.stacks_client.describe_stack_events().stack_name(&id);
            let found = self.connection.gather(
                ask.into_paginator().send(),
                pages,
                "CloudFormation DescribeStackEvents",
                |page, rows: &mut Vec<(DateTime<Utc>, String)>| {
                    let own = page.stack_events().iter().filter(|it| it.resource_type() == Some(STACK));
                    let own = own.filter(|it| it.physical_resource_id() == Some(id.as_str()));
                    rows.extend(own.filter_map(|it| Some((utc(it.timestamp())?, it.resource_status()?.as_str().to_owned()))));
                    // Newest first.
                    let oldest = page.stack_events().last().and_then(|it| utc(it.timestamp()));
                    page.next_token().is_some() && oldest.is_none_or(|oldest| oldest >= window.from)
                },
            );
            let events = found.await?;
            all.complete &= events.complete;
            all.rows.extend(operations(&events.rows).into_iter().map(|(began, ended, status)| {
                self.work(
                    4,
                    &format!("{id}@{}", began.to_rfc3339_opts(SecondsFormat::Secs, true)),
                    &name,
                    &status,
                    [Some(began), ended],
                )
            }));
        }
        Ok(all)
    }

    async fn region_switches(&self, window: Window, pages: usize) -> Result<Listing<Elsewhere>, Problem> {
        let found = self.connection.gather(
            self.switch_client.list_plans_in_region().into_paginator().send(),
            pages,
            "Region switch ListPlansInRegion",
            |page, rows| {
                rows.extend(page.plans().iter().map(|it| (it.arn().to_owned(), it.name().to_owned())));
                page.next_token().is_some()
            },
        );
        let plans = found.await?;
        let mut all = Listing { rows: Vec::new(), complete: plans.complete };
        for (arn, name) in plans.rows {
            let ask = self.switch_client.list_plan_executions().plan_arn(arn);
            let found =
                self.connection.gather(ask.into_paginator().send(), pages, "Region switch ListPlanExecutions", |page, rows| {
                    rows.extend(page.items().iter().map(|it| {
                        let about = format!("{name}: {} {}", it.execution_action().as_str(), it.execution_region());
                        let times = [utc(Some(it.start_time())), utc(it.end_time())];
                        self.work(5, it.execution_id(), &about, it.execution_state().as_str(), times)
                    }));
                    let oldest = page.items().last().and_then(|it| utc(Some(it.start_time())));
                    page.next_token().is_some() && oldest.is_none_or(|oldest| oldest >= window.from)
                });
            all = all.and(found.await?);
        }
        Ok(all)
    }
}

/// A stack's operations among its own events, newest first: from the state that begins one to the state that ends it.
fn operations(events: &[(DateTime<Utc>, String)]) -> Vec<(DateTime<Utc>, Option<DateTime<Utc>>, String)> {
    const BEGIN: [&str; 5] =
        ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS", "REVIEW_IN_PROGRESS"];
    let mut all: Vec<(DateTime<Utc>, Option<DateTime<Utc>>, String)> = Vec::new();
    for (at, status) in events.iter().rev() {
        if BEGIN.contains(&status.as_str()) {
            all.push((*at, None, status.clone()));
        } else if let Some(last) = all.last_mut() {
            last.2.clone_from(status);
            last.1 = (!status.ends_with("_IN_PROGRESS")).then_some(*at);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stacks_own_events_are_its_operations() {
        let at = |secs: i64| DateTime::from_timestamp(1_773_457_200 + secs, 0).unwrap();
        let event = |secs, status: &str| (at(secs), status.to_owned());
        let newest_first = [
            event(300, "UPDATE_IN_PROGRESS"),
            event(200, "ROLLBACK_COMPLETE"),
            event(100, "ROLLBACK_IN_PROGRESS"),
            event(0, "CREATE_IN_PROGRESS"),
        ];
        assert_eq!(
            operations(&newest_first),
            [(at(0), Some(at(200)), "ROLLBACK_COMPLETE".to_owned()), (at(300), None, "UPDATE_IN_PROGRESS".to_owned())]
        );
    }

    #[test]
    fn a_window_holds_what_began_in_it_or_went_on_into_it() {
        let at = |secs: i64| DateTime::from_timestamp(1_773_457_200 + secs, 0);
        let window = Window { from: at(100).unwrap(), to: at(200).unwrap() };
        assert!(window.holds(at(50), at(150)) && window.holds(at(150), None) && window.holds(None, None));
        assert!(!window.holds(at(0), at(99)) && !window.holds(at(201), None));
    }
}
