//! `cloudformation.delete`, `cloudcontrol.delete`, `dynamodb.delete_table`: what a step of this incident made, taken back.

use chrono::{DateTime, Utc};

use crate::domain::{
    Change, Finding, MutatingCall, Problem, ProblemKind, Progress, ResourceDeletion, StackDeletion, TableDeletion,
};
use crate::plan::Deletion;

use super::super::prepare::{Asking, Draft};
use super::{End, Following, Look, PAGES, resource};

pub(super) async fn prepare(asking: &Asking<'_>, deletion: &Deletion) -> Result<Draft, Problem> {
    let token = asking.token();
    let (what, there, call) = match deletion {
        Deletion::Stack(stack) => {
            let name = asking.text(stack)?;
            let found = asking.site.cloudformation.stack(&name).await?.filter(|stack| stack.status != "DELETE_COMPLETE");
            let there = found.as_ref().map(|stack| (stack.status.clone(), stack.created_at));
            // By its ARN: another stack may have taken the name.
            let stack_name = found.map_or(name, |stack| stack.id);
            let what = format!("stack {stack_name} with its resources");
            (what, there, MutatingCall::DeleteStack(StackDeletion { stack_name, client_request_token: token }))
        }
        Deletion::Resource { type_name, identifier } => {
            let (type_name, identifier) = (type_name.clone(), asking.text(identifier)?);
            let found = asking.site.cloudcontrol.resource(&type_name, &identifier).await?;
            let there = found.map(|_| ("there".to_owned(), None));
            let what = format!("{type_name} {identifier}");
            (what, there, MutatingCall::DeleteResource(ResourceDeletion { type_name, identifier, client_token: token }))
        }
        Deletion::Table(table) => {
            let table_name = asking.text(table)?;
            let found = asking.site.dynamodb.table(&table_name).await?;
            let there = found.map(|table| (table.status, table.created_at));
            let what = format!("table {table_name} with what is in it");
            (what, there, MutatingCall::DeleteTable(TableDeletion { table_name }))
        }
    };
    let findings = vec![finding(asking, &what, there.as_ref())];
    let before = there.map(|(status, _)| status);
    let summary = format!("delete the {what} in {}; it cannot be brought back", asking.place.region);
    let changes = vec![Change { what, before, after: None, why: None }];
    Ok(Draft { summary, call: Some(call), changes, findings, ..Draft::default() })
}

/// Only what was made since the incident was opened may go.
fn finding(asking: &Asking<'_>, what: &str, there: Option<&(String, Option<DateTime<Utc>>)>) -> Finding {
    match (there, asking.incident.opened_at) {
        (None, _) => Finding::blocks(format!("there is no {what}: nothing is left to take back, skip the step")),
        (Some((_, Some(made))), Some(opened)) if *made < opened => {
            let text =
                format!("the {what} was made at {}, before this incident: it is not ours to delete", made.format("%F %T UTC"));
            Finding::blocks(text)
        }
        (Some((status, Some(made))), _) => Finding::good(format!("the {what} is {status}, made at {}", made.format("%F %T UTC"))),
        (Some((status, None)), _) => {
            Finding::warns(format!("the {what} is {status}; when it was made is not told: be sure that it is the step's"))
        }
    }
}

pub(super) async fn look(following: &Following<'_>, deletion: &Deletion) -> Result<Look, Problem> {
    let gone = || {
        let mut end = End::default().with("deleted", following.handle);
        end.ended_at = Some(following.now);
        Look::Done(Box::new(end))
    };
    let running = |doing: String| Look::Running(Progress { doing, ..Progress::default() });
    match deletion {
        Deletion::Resource { .. } => resource::look(following).await,
        Deletion::Table(_) => Ok(match following.site.dynamodb.table(following.handle).await? {
            None => gone(),
            Some(table) => running(format!("table {} {}", following.handle, table.status)),
        }),
        Deletion::Stack(_) => {
            let Some(stack) = following.site.cloudformation.stack(following.handle).await? else { return Ok(gone()) };
            Ok(match stack.status.as_str() {
                "DELETE_COMPLETE" => gone(),
                "DELETE_FAILED" => {
                    let events = following.site.cloudformation.events(&stack.id, following.since, PAGES).await?;
                    let failed = events.iter().find(|event| event.status.ends_with("_FAILED"));
                    let why = failed.and_then(|event| Some(format!("{}: {}", event.logical_id, event.reason.clone()?)));
                    let message = why.or(stack.reason).unwrap_or_else(|| "no reason is given".into());
                    let mut problem = Problem::new(ProblemKind::Invalid, "CloudFormation DeleteStack", message);
                    problem.region = Some(following.site.region.clone());
                    problem.code = Some(stack.status);
                    Look::Failed(problem, None, None)
                }
                status => running(format!("stack {} {status}", stack.name)),
            })
        }
    }
}
