//! `route53.change`: records as they are found, with the plan's differences, upserted in one batch, then INSYNC.

use chrono::TimeDelta;

use crate::domain::{
    Change, ChangeBatch, Elsewhere, Finding, MutatingCall, Problem, ProblemKind, Progress, RecordChange, RecordSet,
    RecordSetChange, RecordValue, Region,
};
use crate::plan::RecordPatch;

use super::super::prepare::{Asking, Draft};
use super::{End, Following, Found, Look, PAGES};
use crate::cloud::SiteClients;

/// How long Route 53 usually needs to tell all its servers (Route 53 API reference, GetChange).
const UNSEEN_SYNC: TimeDelta = TimeDelta::seconds(60);

pub(super) async fn prepare(asking: &Asking<'_>, zone: &str, patches: &[RecordPatch]) -> Result<Draft, Problem> {
    let zone_id = asking.site.route53.hosted_zone(zone).await?.id;
    let mut draft = Draft::default();
    let mut changes = Vec::new();
    for patch in patches {
        let name = absolute(&patch.name);
        let found = asking.site.route53.records(&zone_id, Some(&name), PAGES).await?;
        let current = found.rows.into_iter().find(|record| {
            absolute(&record.name) == name && record.kind == patch.kind && record.set_identifier == patch.set_identifier
        });
        let label = label(&name, &patch.kind, patch.set_identifier.as_deref());
        let wanted = match patched(asking, patch, current.as_ref(), &name)? {
            Ok(wanted) => wanted,
            Err(sentence) => {
                draft.findings.push(Finding::blocks(format!("{label}: {sentence}")));
                continue;
            }
        };
        if current.as_ref() == Some(&wanted) {
            draft.findings.push(Finding::warns(format!("{label} is already as it is to be")));
        }
        if let Some(ttl) = wanted.ttl {
            draft.findings.push(Finding::good(format!("{label}: resolvers may keep the old answer for {ttl} s")));
        }
        draft.changes.push(Change {
            what: label,
            before: current.as_ref().map(describe),
            after: Some(describe(&wanted)),
            why: None,
        });
        changes.push(RecordSetChange { action: "UPSERT".into(), resource_record_set: wanted });
    }
    draft.summary = format!("change {} record(s) of {zone} in one batch", changes.len());
    let comment = format!("lifeboat {} {} attempt {}", asking.incident_id, asking.step.id, asking.attempt);
    draft.call = Some(MutatingCall::ChangeResourceRecordSets(RecordChange {
        hosted_zone_id: zone_id,
        change_batch: ChangeBatch { comment, changes },
    }));
    Ok(draft)
}

/// That every record is as the plan wants it already: somebody else has changed them. Who and when, Route 53 does not tell.
pub(in crate::driver) async fn in_place(
    asking: &Asking<'_>,
    zone: &str,
    patches: &[RecordPatch],
) -> Result<Option<Elsewhere>, Problem> {
    let zone_id = asking.site.route53.hosted_zone(zone).await?.id;
    for patch in patches {
        let name = absolute(&patch.name);
        let found = asking.site.route53.records(&zone_id, Some(&name), PAGES).await?;
        let current = found.rows.into_iter().find(|record| {
            absolute(&record.name) == name && record.kind == patch.kind && record.set_identifier == patch.set_identifier
        });
        let wanted = patched(asking, patch, current.as_ref(), &name)?;
        if current.is_none() || wanted.ok() != current {
            return Ok(None);
        }
    }
    Ok(Some(Elsewhere {
        kind: "record change".to_owned(),
        id: String::new(),
        site: asking.step.site.clone(),
        region: asking.place.region.clone(),
        about: zone.to_owned(),
        status: "in place".to_owned(),
        began_at: None,
        ended_at: None,
        by: None,
    }))
}

/// The record as it is to be, or the sentence why it cannot be said.
fn patched(
    asking: &Asking<'_>,
    patch: &RecordPatch,
    current: Option<&RecordSet>,
    name: &str,
) -> Result<Result<RecordSet, String>, Problem> {
    let mut wanted = match current {
        Some(current) if !current.not_carried.is_empty() => {
            let members = current.not_carried.join(", ");
            return Ok(Err(format!("it has {members}, which would be lost: change it by hand")));
        }
        Some(current) => current.clone(),
        None if patch.values.is_some() => RecordSet {
            name: name.to_owned(),
            kind: patch.kind.clone(),
            set_identifier: patch.set_identifier.clone(),
            weight: None,
            failover: None,
            region: None,
            ttl: Some(60),
            resource_records: Vec::new(),
            alias_target: None,
            health_check_id: None,
            not_carried: Vec::new(),
        },
        None => return Ok(Err("there is no such record, and the plan gives no values to make one".into())),
    };
    if let Some(weight) = patch.weight {
        wanted.weight = Some(weight);
    }
    if let Some(ttl) = patch.ttl {
        wanted.ttl = Some(ttl);
    }
    if let Some(values) = &patch.values {
        let values: Result<Vec<RecordValue>, Problem> =
            values.iter().map(|value| asking.text(value).map(|value| RecordValue { value })).collect();
        wanted.resource_records = values?;
    }
    Ok(Ok(wanted))
}

fn absolute(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    if name.ends_with('.') { name } else { format!("{name}.") }
}

fn label(name: &str, kind: &str, identifier: Option<&str>) -> String {
    match identifier {
        Some(identifier) => format!("{} {kind} [{identifier}]", name.trim_end_matches('.')),
        None => format!("{} {kind}", name.trim_end_matches('.')),
    }
}

fn describe(record: &RecordSet) -> String {
    let mut text = Vec::new();
    if let Some(weight) = record.weight {
        text.push(format!("weight {weight}"));
    }
    let values: Vec<&str> = record.resource_records.iter().map(|value| value.value.as_str()).collect();
    if !values.is_empty() {
        text.push(values.join(" "));
    }
    if let Some(alias) = &record.alias_target {
        text.push(format!("alias {}", alias.dns_name));
    }
    if let Some(ttl) = record.ttl {
        text.push(format!("TTL {ttl} s"));
    }
    text.join(", ")
}

pub(super) async fn look(following: &Following<'_>) -> Result<Look, Problem> {
    let adopted = following.confirmed.call.is_none() && following.handle.is_empty();
    if adopted {
        // They were in place when they were adopted; Route 53 tells of a change only by an id that nobody here has.
        if following.now - following.since < UNSEEN_SYNC {
            let doing = "the records are as they are to be; their propagation is given its time".to_owned();
            return Ok(Look::Running(Progress { doing, ..Progress::default() }));
        }
        let note = Some("the records were changed elsewhere; INSYNC could not be seen".to_owned());
        return Ok(Look::Done(Box::new(End { note, ..End::default() })));
    }
    let Some(MutatingCall::ChangeResourceRecordSets(change)) = &following.confirmed.call else {
        return Err(Problem::new(ProblemKind::Invalid, "Route 53 GetChange", "the confirmation holds no record change"));
    };
    // Found in place after a lost answer: there is no change id to ask about, and the records are as confirmed.
    if following.handle.is_empty() {
        if following.now - following.since < UNSEEN_SYNC {
            let doing = "the records are as confirmed; the change's id was lost, so its propagation is given its time".to_owned();
            return Ok(Look::Running(Progress { doing, ..Progress::default() }));
        }
        let note = Some("the records were found as confirmed; INSYNC could not be seen, the change's id was lost".to_owned());
        return Ok(Look::Done(Box::new(End { note, ..End::default() })));
    }
    let change_now = match following.site.route53.change_status(following.handle).await {
        Ok(answer) => answer,
        Err(problem) if problem.code.as_deref() == Some("NoSuchChange") => {
            // Accelerated recovery strands changes made before it: they are never carried out and must be submitted again.
            return stranded(following, change, problem).await;
        }
        Err(problem) => return Err(problem),
    };
    if change_now.is_in_sync() {
        let mut end = End::default().with("change_id", following.handle);
        end.began_at = change_now.submitted_at;
        return Ok(Look::Done(Box::new(end)));
    }
    Ok(Look::Running(Progress { doing: format!("{}: Route 53 tells its servers", change_now.status), ..Progress::default() }))
}

async fn stranded(following: &Following<'_>, change: &RecordChange, mut problem: Problem) -> Result<Look, Problem> {
    match reconcile(following.site, change).await? {
        Found::TookEffect { .. } => Ok(Look::Done(Box::new(End::default().with("change_id", following.handle)))),
        Found::MayBeSent | Found::NoRecord(_) => {
            problem.message = format!("the change was stranded and has to be submitted again: {}", problem.message);
            problem.region = Some(Region::new(Region::GLOBAL));
            Ok(Look::Failed(problem, None, None))
        }
    }
}

/// The batch took effect if every record is as confirmed: it is all or nothing.
pub(super) async fn reconcile(site: &SiteClients, change: &RecordChange) -> Result<Found, Problem> {
    for wanted in &change.change_batch.changes {
        let record = &wanted.resource_record_set;
        let found = site.route53.records(&change.hosted_zone_id, Some(&record.name), PAGES).await?;
        if !found.rows.contains(record) {
            return Ok(Found::MayBeSent);
        }
    }
    Ok(Found::TookEffect { handle: String::new(), aws_at: None })
}
