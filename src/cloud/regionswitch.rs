//! Region switch: plans and their executions, asked in the site's own Region, which is its data plane.

use chrono::{DateTime, Utc};

use super::client;
use super::site::{Connection, Retries};
use super::time::{to_utc, utc};
use crate::domain::{Problem, ProblemKind};

/// Asks Region switch at one site.
#[derive(Debug, Clone)]
pub struct RegionSwitch {
    connection: Connection,
    client: aws_sdk_arcregionswitch::Client,
}

/// A plan of Region switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchPlan {
    /// Its name.
    pub name: String,
    /// The Regions that it switches between.
    pub regions: Vec<String>,
}

/// An execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchExecution {
    /// Its id.
    pub id: String,
    /// `inProgress`, `pendingManualApproval`, … as it came.
    pub state: String,
    /// What was said at its start.
    pub comment: Option<String>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// The recovery time that Region switch reckons, an ISO 8601 duration.
    pub recovery_time: Option<String>,
    /// Its steps: name and status as it came. Not told in lists.
    pub steps: Vec<(String, String)>,
}

impl RegionSwitch {
    /// Through `connection`.
    pub fn new(connection: &Connection) -> Self {
        Self { client: client!(aws_sdk_arcregionswitch, connection, Retries::Read), connection: connection.clone() }
    }

    /// A plan by its ARN; `None` if there is none.
    ///
    /// # Errors
    /// Any kind but Missing.
    pub async fn plan(&self, arn: &str) -> Result<Option<SwitchPlan>, Problem> {
        let answer = self.client.get_plan_in_region().arn(arn).send();
        match self.connection.read(answer, "Region switch GetPlanInRegion").await {
            Ok(found) => {
                Ok(found.plan().map(|plan| SwitchPlan { name: plan.name().to_owned(), regions: plan.regions().to_vec() }))
            }
            Err(problem) if problem.kind == ProblemKind::Missing => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    /// An execution with its steps; at most `pages` pages of them.
    ///
    /// # Errors
    /// Any kind.
    pub async fn execution(&self, plan: &str, id: &str, pages: usize) -> Result<SwitchExecution, Problem> {
        let mut steps = Vec::new();
        let mut token = None;
        for page in 1.. {
            let ask = self.client.get_plan_execution().plan_arn(plan).execution_id(id).set_next_token(token);
            let found = self.connection.read(ask.send(), "Region switch GetPlanExecution").await?;
            steps.extend(found.step_states().iter().map(|step| {
                let status = step.status().map(|status| status.as_str().to_owned()).unwrap_or_default();
                (step.name().unwrap_or_default().to_owned(), status)
            }));
            token = found.next_token.clone();
            if token.is_none() || page >= pages {
                return Ok(SwitchExecution {
                    id: found.execution_id().to_owned(),
                    state: found.execution_state().as_str().to_owned(),
                    comment: found.comment().map(str::to_owned),
                    started_at: to_utc(found.start_time()),
                    ended_at: utc(found.end_time()),
                    recovery_time: found.actual_recovery_time().map(str::to_owned),
                    steps,
                });
            }
        }
        Err(self.connection.no_answer(ProblemKind::Missing, "Region switch GetPlanExecution", "no page was asked for".to_owned()))
    }

    /// A plan's executions, the newest first, at most `pages` pages.
    ///
    /// # Errors
    /// Any kind.
    pub async fn executions(&self, plan: &str, pages: usize) -> Result<Vec<SwitchExecution>, Problem> {
        let operation = "Region switch ListPlanExecutions";
        let stream = self.client.list_plan_executions().plan_arn(plan).into_paginator().send();
        let found = self.connection.gather(stream, pages, operation, |page, rows| {
            rows.extend(page.items().iter().map(|one| SwitchExecution {
                id: one.execution_id().to_owned(),
                state: one.execution_state().as_str().to_owned(),
                comment: one.comment().map(str::to_owned),
                started_at: to_utc(one.start_time()),
                ended_at: utc(one.end_time()),
                recovery_time: one.actual_recovery_time().map(str::to_owned),
                steps: Vec::new(),
            }));
            page.next_token().is_some()
        });
        Ok(found.await?.rows)
    }
}
