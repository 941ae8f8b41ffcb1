//! Restore jobs: how they start, run and end.

use std::cmp::Reverse;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::points::Status;
use super::rules::{self, Metadata, Outcome, Target};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::estate::{Life, Place};
use crate::sim::members::{self, Members, glob};
use crate::sim::service::cloudformation;
use crate::sim::service::events::{self, Emitted};
use crate::sim::world::{Happening, World};

/// Newest first, then in the order in which they were asked for.
pub type JobKey = (Reverse<i64>, Reverse<u64>);

/// How long a job waits before it runs.
const PENDING: TimeDelta = TimeDelta::seconds(10);
/// How long it takes RDS and its like to find metadata wrong.
const FAILS_AFTER: TimeDelta = TimeDelta::seconds(15);
/// How long a restore takes that the scenario says nothing about.
const TAKES: TimeDelta = TimeDelta::minutes(5);

/// What became of an idempotency token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// It started this job.
    Started(String),
    /// Its call was refused for the metadata: it is used up.
    UsedUp,
}

/// One restore job.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// RestoreJobId.
    pub id: String,
    /// PENDING, RUNNING, COMPLETED, FAILED.
    pub status: &'static str,
    /// StatusMessage.
    pub message: Option<String>,
    /// CreationDate.
    pub created: DateTime<Utc>,
    /// CompletionDate.
    pub completed: Option<DateTime<Utc>>,
    /// CreatedResourceArn, on completion.
    pub made: Option<String>,
    /// The resource that was backed up.
    pub source: Arc<str>,
    /// How long it takes from creation to completion.
    takes: TimeDelta,
    /// Does the resource get the tags of the one that was backed up?
    copies_tags: bool,
    /// The moment that the data of the recovery point is of.
    data_of: DateTime<Utc>,
    outcome: Outcome,
    /// The members that never change.
    fixed: Value,
}

impl Job {
    /// As DescribeRestoreJob and ListRestoreJobs answer it.
    pub fn answer(&self, now: DateTime<Utc>) -> Value {
        let known = &[
            "AccountId",
            "RestoreJobId",
            "RecoveryPointArn",
            "SourceResourceArn",
            "BackupVaultArn",
            "BackupSizeInBytes",
            "IamRoleArn",
            "ExpectedCompletionTimeMinutes",
            "ResourceType",
            "RecoveryPointCreationDate",
        ];
        Members::new()
            .copy(&self.fixed, known)
            .time("CreationDate", self.created)
            .time("CompletionDate", self.completed)
            .set("Status", self.status)
            .maybe("StatusMessage", self.message.clone())
            .set("PercentDone", format!("{:.2}%", self.percent(now)))
            .maybe("CreatedResourceArn", self.made.clone())
            .set("IsParent", false)
            .done()
    }

    /// The event of its latest change of status.
    ///
    /// Source: AWS Backup developer guide, "Monitoring AWS Backup events using Amazon EventBridge".
    fn event(&self) -> Emitted {
        let text = |key| members::text(&self.fixed, key);
        let detail = Members::new()
            .set("restoreJobId", self.id.as_str())
            .set("backupSizeInBytes", members::integer(&self.fixed, "BackupSizeInBytes").unwrap_or(0).to_string())
            .time("creationDate", self.created)
            .time("completionDate", self.completed)
            .maybe("iamRoleArn", text("IamRoleArn"))
            // AWS's own samples tell 0 for completed jobs too.
            .set("percentDone", 0)
            .maybe("resourceType", text("ResourceType"))
            .set("status", self.status)
            .maybe("statusMessage", self.message.clone())
            .maybe("createdResourceArn", self.made.clone())
            .done();
        let resources = text("RecoveryPointArn").map(str::to_owned).into_iter().collect();
        Emitted::Event { source: "aws.backup", detail_type: "Restore Job State Change", resources, detail }
    }

    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a restore")]
    fn percent(&self, now: DateTime<Utc>) -> f64 {
        match self.status {
            "COMPLETED" => 100.0,
            "RUNNING" => {
                let whole = self.takes.num_milliseconds().max(1) as f64;
                ((now - self.created).num_milliseconds() as f64 / whole * 100.0).clamp(0.0, 99.0)
            }
            _ => 0.0,
        }
    }
}

/// StartRestoreJob.
///
/// A token that started a job gives that job again and does nothing; a token whose call was refused for its metadata is used up.
pub fn start(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let arn = members::required(input, "RecoveryPointArn");
    let token = members::text(input, "IdempotencyToken");
    let used = token.and_then(|token| world.site(&call.caller)?.backup.tokens.get(token)).cloned();
    match used {
        Some(Token::Started(id)) => return Ok(json!({"RestoreJobId": id})),
        Some(Token::UsedUp) => {
            let message = "The idempotency token was used by an earlier request that was not accepted. Use a new token.";
            return Err(Refusal::new("InvalidRequestException", message).with("Type", "Client"));
        }
        None => {}
    }
    let checked = check(world, call);
    let judged = checked.and_then(|(metadata, kind, continuous)| {
        let network = world.network(&call.caller).into_owned();
        let point = world.site(&call.caller).and_then(|site| site.backup.find(arn)).map(|(_, point)| point.clone());
        let (account, region, now) = (call.caller.account.as_str(), call.caller.region.as_str(), world.now());
        let target = Target { account, region, network: &network, continuous, point: point.as_ref(), now };
        rules::judge(&kind, &metadata, &target, &mut world.ids).map_err(|refusal| (refusal, true))
    });
    match judged {
        Ok(outcome) => Ok(json!({"RestoreJobId": begin(world, call, arn, outcome)})),
        Err((refusal, metadata)) => {
            if let Some(token) = token.filter(|_| metadata) {
                world.site_mut(&call.caller).backup.tokens.insert(token.to_owned(), Token::UsedUp);
            }
            Err(refusal)
        }
    }
}

/// What is refused whatever the metadata say. Second: is it the metadata's fault?
fn check(world: &World, call: &Call) -> Result<(Metadata, String, bool), (Refusal, bool)> {
    let input = &call.input;
    let arn = members::required(input, "RecoveryPointArn");
    let found = world.site(&call.caller).and_then(|site| site.backup.find(arn));
    let (_, point) = found.ok_or_else(|| (not_found(arn), false))?;
    if !matches!(point.status, Status::Completed | Status::Available) {
        let message = format!("Recovery point {arn} cannot be restored: its status is {}", point.status.name());
        return Err((Refusal::new("InvalidRequestException", message).with("Type", "Client"), false));
    }
    let Some(role) = members::text(input, "IamRoleArn") else {
        let refusal = Refusal::new("MissingParameterValueException", "Missing required parameter: IamRoleArn");
        return Err((refusal.with("Type", "Client"), false));
    };
    let listed = world.estate.accounts.contains_key(&call.caller.account);
    if listed && !world.estate.roles.contains_key(role) {
        let message = format!("IAM role {role} does not exist or cannot be assumed by AWS Backup");
        return Err((Refusal::new("InvalidParameterValueException", message).with("Type", "Client"), false));
    }
    let metadata = input.get("Metadata").and_then(Value::as_object);
    let metadata = metadata.into_iter().flatten().map(|(key, value)| (key.clone(), crate::sim::estate::plain(value))).collect();
    let kind = members::text(input, "ResourceType").unwrap_or(&point.lineage.kind).to_owned();
    Ok((metadata, kind, point.lineage.continuous))
}

/// The refusal for a recovery point that is not there.
pub fn not_found(arn: &str) -> Refusal {
    Refusal::new("ResourceNotFoundException", format!("Recovery point not found: {arn}")).with("Type", "Client")
}

fn begin(world: &mut World, call: &Call, arn: &str, outcome: Outcome) -> String {
    let id = world.ids.uuid().to_uppercase();
    let now = world.now();
    let site = world.site_mut(&call.caller);
    let Some((vault, point)) = site.backup.find(arn) else { return id };
    let (source, vault_arn) = (point.lineage.resource.clone(), vault.arn.clone());
    let (kind, bytes, point_created) = (point.lineage.kind.clone(), point.bytes, point.created);
    let (takes, outcome) = world.restore_plan(&source, &kind, outcome);
    let takes = if matches!(outcome, Outcome::Fails(_)) { FAILS_AFTER } else { takes.unwrap_or(TAKES) };
    let fixed = Members::new()
        .set("AccountId", call.caller.account.as_str())
        .set("RestoreJobId", id.as_str())
        .set("RecoveryPointArn", arn)
        .set("SourceResourceArn", &*source)
        .set("BackupVaultArn", vault_arn)
        .set("BackupSizeInBytes", bytes)
        .copy(&call.input, &["IamRoleArn"])
        .set("ExpectedCompletionTimeMinutes", takes.num_minutes().max(1))
        .set("ResourceType", kind)
        .time("RecoveryPointCreationDate", point_created)
        .done();
    let what = format!("{source} token {}", members::text(&call.input, "IdempotencyToken").unwrap_or("none"));
    let job = Job {
        id: id.clone(),
        status: "PENDING",
        message: None,
        created: now,
        completed: None,
        made: None,
        source,
        copies_tags: members::flag(&call.input, "CopySourceTagsToRestoredResource") == Some(true),
        data_of: point_created,
        takes,
        outcome,
        fixed,
    };
    let backup = &mut world.site_mut(&call.caller).backup;
    let key = (Reverse(now.timestamp_millis()), Reverse(backup.jobs.len() as u64));
    backup.jobs.insert(key, job);
    backup.job_ids.insert(id.clone(), key);
    if let Some(token) = members::text(&call.input, "IdempotencyToken") {
        backup.tokens.insert(token.to_owned(), Token::Started(id.clone()));
    }
    let site = (call.caller.account.clone(), call.caller.region.clone());
    world.schedule(now + PENDING.min(takes / 2), Happening::Restore(site.clone(), key));
    world.schedule(now + takes, Happening::Restore(site, key));
    world.effect(call, &what);
    id
}

/// A job's next step: it runs, then it ends.
pub fn advance(world: &mut World, place: &Place, key: &JobKey) {
    let here = (place.account.clone(), place.region.clone());
    let source = world.estate.sites.get(&here).and_then(|site| site.backup.jobs.get(key)).map(|job| job.source.clone());
    let original = |source: &Arc<str>| world.estate.sites.values().find_map(|site| site.network.resources.get(&**source));
    let tags = source.as_ref().and_then(original).map(|original| original.tags.clone()).unwrap_or_default();
    let Some(site) = world.estate.sites.get_mut(&here) else { return };
    let Some(job) = site.backup.jobs.get_mut(key) else { return };
    if job.status == "PENDING" {
        job.status = "RUNNING";
        let told = job.event();
        return events::emit(world, place, told);
    }
    job.completed = Some(place.now);
    match job.outcome.clone() {
        Outcome::Fails(message) => {
            job.status = "FAILED";
            job.message = Some(message);
        }
        Outcome::Makes(arn, mut resource) => {
            job.status = "COMPLETED";
            job.made = Some(arn.clone());
            resource.source = Some(job.source.clone());
            resource.life = Life::begin(place.now, &[]);
            if job.copies_tags {
                resource.tags = tags;
            }
            if matches!(resource.kind.as_str(), "RDS" | "Aurora") && resource.text("DBSubnetGroupName").is_none() {
                site.network.make_db_subnets(&place.account, &place.region);
            }
            site.network.resources.insert(arn, *resource);
        }
        Outcome::Into(arn) => {
            job.status = "COMPLETED";
            job.made = Some(arn.clone());
            if let Some(into) = site.network.resources.get_mut(&arn) {
                into.source = Some(job.source.clone());
                into.data_of = Some(job.data_of);
            }
        }
        Outcome::Stack(metadata, template) => {
            let metadata = serde_json::to_value(metadata).unwrap_or_default();
            let left = cloudformation::restored(world, place, &metadata, &template);
            let site = world.estate.sites.get_mut(&(place.account.clone(), place.region.clone()));
            let Some(job) = site.and_then(|site| site.backup.jobs.get_mut(key)) else { return };
            match left {
                Ok(stack) => (job.status, job.made) = ("COMPLETED", Some(stack)),
                Err(refusal) => (job.status, job.message) = ("FAILED", Some(refusal.message)),
            }
            let told = job.event();
            return events::emit(world, place, told);
        }
    }
    let told = job.event();
    events::emit(world, place, told);
}

/// Is this filter of ListRestoreJobs satisfied?
pub fn wanted(job: &Job, input: &Value) -> bool {
    let text = |filter: &str, member: &str| {
        members::text(input, filter).is_none_or(|wanted| members::text(&job.fixed, member).is_some_and(|told| glob(wanted, told)))
    };
    let time = |filter| members::time(input, filter);
    text("ByAccountId", "AccountId")
        && text("ByResourceType", "ResourceType")
        && members::text(input, "ByStatus").is_none_or(|status| status == job.status)
        && time("ByCreatedBefore").is_none_or(|before| job.created < before)
        && time("ByCreatedAfter").is_none_or(|after| job.created > after)
        && time("ByCompleteBefore").is_none_or(|before| job.completed.is_some_and(|completed| completed < before))
        && time("ByCompleteAfter").is_none_or(|after| job.completed.is_some_and(|completed| completed > after))
        && members::text(input, "ByParentJobId").is_none()
        && members::text(input, "ByRestoreTestingPlanArn").is_none()
}
