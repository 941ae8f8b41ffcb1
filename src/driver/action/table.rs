//! `dynamodb.restore_to_point_in_time`: a new table from another's continuous backups, and the settings that it then lacks.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::cloud::{SiteClients, TableState};
use crate::domain::{Change, Elsewhere, Finding, MutatingCall, Problem, ProblemKind, Progress, TableRestore};
use crate::plan::TableRestoreTo;

use super::super::prepare::{Asking, Draft};
use super::{End, Following, Found, Look};

/// What a restored table never has (DynamoDB developer guide, "Restoring a table to a point in time").
const LACKING: &str = "auto scaling, IAM policies, CloudWatch alarms and tags are to be set by hand";

pub(super) async fn prepare(asking: &Asking<'_>, wanted: &TableRestoreTo) -> Result<Draft, Problem> {
    let source_table_arn = asking.text(&wanted.source)?;
    let target_table_name = asking.text(&wanted.target)?;
    let at = asking.moment(&wanted.to)?;
    let mut findings = Vec::new();
    match asking.site.dynamodb.table(&target_table_name).await? {
        Some(table) => findings.push(Finding::blocks(format!("the table {target_table_name} exists and is {}", table.status))),
        None => findings.push(Finding::good(format!("the name {target_table_name} is free"))),
    }
    // Only the Region that a table is in can be asked about its backups, and this site may be another one.
    let here = source_table_arn.split(':').nth(3) == Some(asking.place.region.as_str());
    if here {
        findings.push(restorable(asking, &source_table_arn, at).await?);
    } else {
        findings.push(Finding::warns("the table's Region is another one: AWS is asked about its backups when it is restored"));
    }
    let restore = TableRestore {
        source_table_arn: source_table_arn.clone(),
        target_table_name: target_table_name.clone(),
        use_latest_restorable_time: at.is_none(),
        restore_date_time: at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        billing_mode_override: wanted.billing_mode.clone(),
    };
    let moment = at.map_or_else(|| "the latest moment that AWS has".to_owned(), |at| format!("{at}"));
    let source = source_table_arn.rsplit('/').next().unwrap_or_default();
    let changes = vec![Change {
        what: format!("table {target_table_name}"),
        before: None,
        after: Some(format!("{source} as of {moment}")),
        why: None,
    }];
    let summary = format!("restore the table {source} as {target_table_name} in {}, as of {moment}", asking.place.region);
    let call = Some(MutatingCall::RestoreTableToPointInTime(restore));
    Ok(Draft { summary, call, changes, findings, ..Draft::default() })
}

async fn restorable(asking: &Asking<'_>, source: &str, at: Option<DateTime<Utc>>) -> Result<Finding, Problem> {
    let name = source.rsplit('/').next().unwrap_or(source);
    let found = asking.site.dynamodb.restorable(name).await?;
    if !found.enabled {
        return Ok(Finding::blocks(format!("point-in-time recovery of {name} is off")));
    }
    let (earliest, latest) = (found.earliest, found.latest);
    let outside = at.filter(|at| earliest.is_some_and(|first| *at < first) || latest.is_some_and(|last| *at > last));
    let word = |at: Option<DateTime<Utc>>| at.map_or_else(|| "an unknown moment".to_owned(), |at| at.to_string());
    let range = format!("{name} can be restored from {} to {}", word(earliest), word(latest));
    Ok(match outside {
        Some(at) => Finding::blocks(format!("{range}, which {at} is not within")),
        None => Finding::good(range),
    })
}

pub(super) async fn look(following: &Following<'_>) -> Result<Look, Problem> {
    let Some(table) = following.site.dynamodb.table(following.handle).await? else {
        let message = format!("there is no table {} (any more)", following.handle);
        let problem = Problem::new(ProblemKind::Missing, "DynamoDB DescribeTable", message);
        return Ok(Look::Failed(problem, None, None));
    };
    let restoring = table.restore.as_ref().is_some_and(|(_, _, going_on)| *going_on);
    if table.status != "ACTIVE" || restoring {
        let doing = format!("table {} {}", following.handle, table.status);
        return Ok(Look::Running(Progress { doing, ..Progress::default() }));
    }
    let mut end = End::default().with("table_arn", table.arn.clone()).with("table_name", following.handle);
    end.began_at = table.created_at;
    end.ended_at = Some(following.now);
    end.data_at = table.restore.as_ref().and_then(|(_, at, _)| *at);
    end.tail = tail(following, &table).await;
    Ok(Look::Done(Box::new(end)))
}

/// What the table lacks, held against its source where that can be asked.
async fn tail(following: &Following<'_>, table: &TableState) -> Vec<String> {
    let name = following.handle;
    let mut tail = vec![format!("{name}: {LACKING}")];
    let dynamodb = &following.site.dynamodb;
    let source = table.restore.as_ref().and_then(|(source, ..)| source.clone());
    let here = source.as_deref().is_some_and(|arn| arn.split(':').nth(3) == Some(following.site.region.as_str()));
    let Some(source) = source.as_deref().and_then(|arn| arn.rsplit('/').next()).filter(|_| here) else {
        tail.push(format!("{name}: streams, time to live, deletion protection and point-in-time recovery, if it had them"));
        return tail;
    };
    let (before, ttl, pitr) = tokio::join!(dynamodb.table(source), dynamodb.time_to_live(source), dynamodb.restorable(source));
    if let Ok(Some(before)) = before {
        if let Some(kind) = before.stream.filter(|_| table.stream.is_none()) {
            tail.push(format!("{name}: its stream ({kind}) is off"));
        }
        if before.protected && !table.protected {
            tail.push(format!("{name}: its deletion protection is off"));
        }
    }
    if let Ok(Some(attribute)) = ttl {
        tail.push(format!("{name}: time to live by {attribute} is off"));
    }
    if pitr.is_ok_and(|pitr| pitr.enabled) {
        tail.push(format!("{name}: point-in-time recovery is off"));
    }
    tail
}

/// A table of the wanted name that somebody else has restored from the wanted source.
pub(in crate::driver) async fn in_place(asking: &Asking<'_>, wanted: &TableRestoreTo) -> Result<Option<Elsewhere>, Problem> {
    let (source, target) = (asking.text(&wanted.source)?, asking.text(&wanted.target)?);
    let Some(found) = asking.site.dynamodb.table(&target).await? else { return Ok(None) };
    let of = found.restore.as_ref().and_then(|(source, ..)| source.clone());
    Ok((of.as_ref() == Some(&source) && found.created_at.is_some()).then(|| Elsewhere {
        kind: "restored table".to_owned(),
        id: target,
        site: asking.step.site.clone(),
        region: asking.place.region.clone(),
        about: source,
        status: found.status,
        began_at: found.created_at,
        ended_at: None,
        by: None,
    }))
}

/// A table of that name, restored from that source since the confirmation, is ours: AWS takes no name twice.
pub(super) async fn reconcile(site: &SiteClients, restore: &TableRestore, confirmed_at: DateTime<Utc>) -> Result<Found, Problem> {
    let Some(table) = site.dynamodb.table(&restore.target_table_name).await? else { return Ok(Found::MayBeSent) };
    let since = confirmed_at - TimeDelta::minutes(2);
    let source = table.restore.as_ref().and_then(|(source, ..)| source.as_deref());
    let ours = source.is_none_or(|source| source == restore.source_table_arn) && table.created_at.is_none_or(|at| at >= since);
    // A table that is not ours makes the repeat be refused with AWS's own words.
    Ok(if ours {
        Found::TookEffect { handle: restore.target_table_name.clone(), aws_at: table.created_at }
    } else {
        Found::MayBeSent
    })
}

/// A table that is gone, or going, needs no second call.
pub(super) async fn reconcile_deletion(site: &SiteClients, name: &str) -> Result<Found, Problem> {
    Ok(match site.dynamodb.table(name).await? {
        Some(table) if table.status != "DELETING" => Found::MayBeSent,
        _ => Found::TookEffect { handle: name.to_owned(), aws_at: None },
    })
}
