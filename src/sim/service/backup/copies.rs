//! Copy jobs: a recovery point's way into another vault, here, in another Region or in another account.

use std::cmp::Reverse;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::points::{Lineage, Point, Status};
use super::restore::{JobKey, not_found};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::estate::Place;
use crate::sim::members::{self, Members, glob};
use crate::sim::service::events::{self, Emitted};
use crate::sim::world::{Happening, World};

/// How long a job waits before it runs.
const CREATED: TimeDelta = TimeDelta::seconds(10);
/// How long a copy takes.
const TAKES: TimeDelta = TimeDelta::minutes(10);

/// One copy job.
#[derive(Debug, Clone, PartialEq)]
pub struct CopyJob {
    /// CREATED, RUNNING, COMPLETED, FAILED.
    pub state: &'static str,
    /// CreationDate.
    pub created: DateTime<Utc>,
    /// CompletionDate.
    pub completed: Option<DateTime<Utc>>,
    /// StatusMessage.
    pub message: Option<String>,
    /// DestinationRecoveryPointArn.
    pub made: Option<String>,
    /// The point that is to be in the destination.
    copy: Point,
    /// The members that never change.
    fixed: Value,
}

impl CopyJob {
    /// AWS's CopyJob.
    pub fn answer(&self) -> Value {
        Members::new()
            .copy(&self.fixed, FIXED)
            .time("CreationDate", self.created)
            .time("CompletionDate", self.completed)
            .set("State", self.state)
            .maybe("StatusMessage", self.message.clone().filter(|_| self.completed.is_some()))
            .maybe("DestinationRecoveryPointArn", self.made.clone())
            .set("IsParent", false)
            .done()
    }

    /// The event of its latest change of state.
    fn event(&self) -> Emitted {
        let text = |key| members::text(&self.fixed, key);
        let detail = Members::new()
            .maybe("copyJobId", text("CopyJobId"))
            .set("backupSizeInBytes", self.copy.bytes)
            .time("creationDate", self.created)
            .time("completionDate", self.completed)
            .maybe("iamRoleArn", text("IamRoleArn"))
            .maybe("resourceArn", text("ResourceArn"))
            .maybe("resourceType", text("ResourceType"))
            .maybe("sourceBackupVaultArn", text("SourceBackupVaultArn"))
            .maybe("destinationBackupVaultArn", text("DestinationBackupVaultArn"))
            .maybe("destinationRecoveryPointArn", self.made.clone())
            .set("state", self.state)
            .maybe("statusMessage", self.message.clone())
            .done();
        let resources = text("SourceRecoveryPointArn").map(str::to_owned).into_iter().collect();
        Emitted::Event { source: "aws.backup", detail_type: "Copy Job State Change", resources, detail }
    }
}

const FIXED: &[&str] = &[
    "AccountId",
    "CopyJobId",
    "SourceBackupVaultArn",
    "SourceRecoveryPointArn",
    "DestinationBackupVaultArn",
    "ResourceArn",
    "BackupSizeInBytes",
    "IamRoleArn",
    "ResourceType",
    "ResourceName",
];

/// The account, Region and name of a vault's ARN.
fn parts(vault: &str) -> Option<(&str, &str, &str)> {
    let parts: Vec<&str> = vault.split(':').collect();
    let ["arn", _, "backup", region, account, "backup-vault", name] = parts.as_slice() else { return None };
    Some((account, region, name))
}

/// StartCopyJob.
///
/// # Errors
/// As AWS refuses it.
pub fn start(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let (id, now, bits) = (world.ids.uuid().to_uppercase(), world.now(), (world.ids.bits(), world.ids.bits()));
    let token = members::text(input, "IdempotencyToken");
    let known = world.site(&call.caller).map(|site| &site.backup);
    if let Some(known) = known.and_then(|backup| backup.copy_tokens.get(token?)) {
        return Ok(known.clone());
    }
    let arn = members::required(input, "RecoveryPointArn");
    let to = members::required(input, "DestinationBackupVaultArn");
    let (account, region, name) = parts(to).ok_or_else(|| {
        let message = format!("Invalid ARN of a destination vault: {to}");
        Refusal::new("InvalidParameterValueException", message).with("Type", "Client")
    })?;
    let there = world.estate.sites.get(&(account.to_owned(), region.to_owned()));
    let target = there.and_then(|site| site.backup.vaults.get(name)).ok_or_else(|| {
        Refusal::new("ResourceNotFoundException", format!("Backup vault not found: {name}")).with("Type", "Client")
    })?;
    let source = members::required(input, "SourceBackupVaultName");
    let found = world.site(&call.caller).and_then(|site| site.backup.find(arn)).filter(|(vault, _)| &*vault.name == source);
    let (vault, point) = found.ok_or_else(|| not_found(arn))?;
    if !matches!(point.status, Status::Completed | Status::Available) {
        let message = format!("Recovery point {arn} cannot be copied: its status is {}", point.status.name());
        return Err(Refusal::new("InvalidRequestException", message).with("Type", "Client"));
    }
    let days = |key| input.get("Lifecycle").and_then(|lifecycle| members::integer(lifecycle, key)).filter(|days| *days >= 0);
    let outside = target.outside(days("DeleteAfterDays"));
    let lineage = Lineage {
        account: account.to_owned(),
        region: region.to_owned(),
        vault: name.to_owned(),
        copied_from: Some(vault.arn.clone()),
        role: members::required(input, "IamRoleArn").to_owned(),
        // What is copied is a snapshot, whatever it was copied from.
        continuous: false,
        air_gapped: target.vault_type != "BACKUP_VAULT",
        took: TAKES,
        delete_after_days: days("DeleteAfterDays"),
        cold_after_days: days("MoveToColdStorageAfterDays"),
        ..(*point.lineage).clone()
    };
    let fixed = Members::new()
        .set("AccountId", call.caller.account.as_str())
        .set("CopyJobId", id.as_str())
        .set("SourceBackupVaultArn", vault.arn.as_str())
        .set("SourceRecoveryPointArn", arn)
        .set("DestinationBackupVaultArn", to)
        .set("ResourceArn", &*point.lineage.resource)
        .set("BackupSizeInBytes", point.bytes)
        .copy(input, &["IamRoleArn"])
        .set("ResourceType", point.lineage.kind.as_str())
        .set("ResourceName", point.lineage.name.as_str())
        .done();
    let copy = Point { lineage: Arc::new(lineage), id: bits, status: Status::Completed, ..point.clone() };
    let job = CopyJob { state: "CREATED", created: now, completed: None, message: outside, made: None, copy, fixed };
    let answer = Members::new().set("CopyJobId", id.as_str()).time("CreationDate", now).set("IsParent", false).done();
    let backup = &mut world.site_mut(&call.caller).backup;
    let key = (Reverse(now.timestamp_millis()), Reverse(backup.copies.len() as u64));
    backup.copies.insert(key, job);
    if let Some(token) = token {
        backup.copy_tokens.insert(token.to_owned(), answer.clone());
    }
    let site = (call.caller.account.clone(), call.caller.region.clone());
    world.schedule(now + CREATED, Happening::Copy(site.clone(), key));
    world.schedule(now + TAKES, Happening::Copy(site, key));
    world.effect(call, &format!("{arn} to {to}"));
    Ok(answer)
}

/// A job's next step: it runs, then it ends.
pub fn advance(world: &mut World, place: &Place, key: &JobKey) {
    let here = (place.account.clone(), place.region.clone());
    let Some(job) = world.estate.sites.get_mut(&here).and_then(|site| site.backup.copies.get_mut(key)) else { return };
    if job.state == "CREATED" {
        job.state = "RUNNING";
        let told = job.event();
        return events::emit(world, place, told);
    }
    let copy = job.copy.clone();
    let there = (copy.lineage.account.clone(), copy.lineage.region.clone());
    let barred = job.message.is_some();
    let target = world
        .estate
        .sites
        .get_mut(&there)
        .filter(|_| !barred)
        .filter(|site| site.backup.vaults.contains_key(&copy.lineage.vault));
    let made = target.map(|site| {
        let arn = copy.arn();
        site.backup.add(copy);
        arn
    });
    let Some(job) = world.estate.sites.get_mut(&here).and_then(|site| site.backup.copies.get_mut(key)) else { return };
    job.completed = Some(place.now);
    match made {
        Some(arn) => (job.state, job.made) = ("COMPLETED", Some(arn)),
        None => {
            job.state = "FAILED";
            job.message.get_or_insert_with(|| "The destination vault does not exist.".to_owned());
        }
    }
    let told = job.event();
    events::emit(world, place, told);
}

/// Are the filters of ListCopyJobs satisfied?
pub fn wanted(job: &CopyJob, input: &Value) -> bool {
    let text = |filter: &str, member: &str| {
        members::text(input, filter).is_none_or(|wanted| members::text(&job.fixed, member).is_some_and(|told| glob(wanted, told)))
    };
    let time = |filter| members::time(input, filter);
    text("ByAccountId", "AccountId")
        && text("ByResourceType", "ResourceType")
        && text("ByResourceArn", "ResourceArn")
        && text("ByDestinationVaultArn", "DestinationBackupVaultArn")
        && text("BySourceRecoveryPointArn", "SourceRecoveryPointArn")
        && members::text(input, "ByState").is_none_or(|state| state == job.state)
        && time("ByCreatedBefore").is_none_or(|before| job.created < before)
        && time("ByCreatedAfter").is_none_or(|after| job.created > after)
        && time("ByCompleteBefore").is_none_or(|before| job.completed.is_some_and(|completed| completed < before))
        && time("ByCompleteAfter").is_none_or(|after| job.completed.is_some_and(|completed| completed > after))
        && members::text(input, "ByParentJobId").is_none()
        && members::text(input, "ByMessageCategory").is_none_or(|category| category == "*")
}

/// The restore metadata that a restore test would use: the least that is safe.
///
/// Source: AWS Backup developer guide, "Restore testing inferred metadata".
pub fn inferred(point: &Point, region: &str) -> Value {
    let Lineage { kind, name, metadata, .. } = &*point.lineage;
    let test = format!("awsbackup-restore-test-{:012x}", point.id.0 & 0xffff_ffff_ffff);
    let known = |key: &str| metadata.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| value.clone());
    match kind.as_str() {
        "EBS" => json!({"availabilityZone": format!("{region}a"), "encrypted": "true"}),
        "EC2" => Members::new()
            .set("InstanceType", known("InstanceType").unwrap_or_else(|| "t3.micro".to_owned()))
            .set("RequireIMDSv2", "true")
            .maybe("SubnetId", known("SubnetId"))
            .done(),
        "RDS" => {
            json!({"dbinstanceidentifier": test, "dbsubnetgroupname": "default", "multiaz": "false", "deletionprotection": "false"})
        }
        "Aurora" | "DocumentDB" | "Neptune" => Members::new()
            .set("dbclusteridentifier", test)
            .set("dbsubnetgroupname", "default")
            .maybe("engine", known("engine"))
            .done(),
        "DynamoDB" => json!({"targetTableName": test, "encryptionType": "Default"}),
        "EFS" => {
            json!({"newFileSystem": "true", "encrypted": "true", "performanceMode": "generalPurpose", "creationToken": test})
        }
        "S3" => json!({"destinationBucketName": test, "newBucket": "true", "encryptionType": "SSE-S3"}),
        "FSx" => Members::new()
            .maybe("subnetIds", known("SubnetIds"))
            .maybe("securityGroupIds", known("SecurityGroupIds"))
            .maybe("storageVirtualMachineId", known("storageVirtualMachineId"))
            .maybe("name", known("storageVirtualMachineId").map(|_| test.clone()))
            .done(),
        _ => json!({"name": name}),
    }
}
