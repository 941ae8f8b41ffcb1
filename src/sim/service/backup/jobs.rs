//! Backup jobs: a resource's way into a vault.

use std::cmp::Reverse;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::operations::{PAGING, listed, missing};
use super::points::{Lineage, Point, Status};
use super::restore::JobKey;
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::estate::{Place, SiteKey};
use crate::sim::members::{self, Members, glob};
use crate::sim::network::Resource;
use crate::sim::service::events::{self, Emitted};
use crate::sim::world::{Happening, World};

/// How long a job waits, and how long it takes, in seconds.
const WAITS: i64 = 10;
const TAKES: i64 = 240;

/// One backup job.
#[derive(Debug, Clone, PartialEq)]
pub struct BackupJob {
    id: String,
    /// CREATED, RUNNING, COMPLETED, FAILED, ABORTED.
    state: &'static str,
    created: DateTime<Utc>,
    completed: Option<DateTime<Utc>>,
    message: Option<String>,
    /// The point that is to be in the vault.
    point: Point,
    vault_arn: String,
    tags: Option<Value>,
}

impl BackupJob {
    fn told(&self) -> Value {
        let lineage = &self.point.lineage;
        let done = if self.state == "COMPLETED" { "100.0" } else { "0.0" };
        Members::new()
            .set("AccountId", lineage.account.as_str())
            .set("BackupJobId", self.id.as_str())
            .set("BackupVaultName", lineage.vault.as_str())
            .set("BackupVaultArn", self.vault_arn.as_str())
            .set("RecoveryPointArn", self.point.arn())
            .set("ResourceArn", &*lineage.resource)
            .set("ResourceName", lineage.name.as_str())
            .set("ResourceType", lineage.kind.as_str())
            .set("IamRoleArn", lineage.role.as_str())
            .time("CreationDate", self.created)
            .time("InitiationDate", self.created)
            .time("StartBy", self.created + TimeDelta::hours(8))
            .time("CompletionDate", self.completed)
            .set("State", self.state)
            .maybe("StatusMessage", self.message.clone().filter(|_| self.completed.is_some()))
            .set("PercentDone", done)
            .set("BackupSizeInBytes", self.point.bytes)
            .set("BytesTransferred", if self.state == "COMPLETED" { self.point.bytes } else { 0 })
            .set("IsParent", false)
            .done()
    }

    fn event(&self) -> Emitted {
        let lineage = &self.point.lineage;
        let detail = Members::new()
            .set("backupJobId", self.id.as_str())
            .set("backupVaultName", lineage.vault.as_str())
            .set("backupVaultArn", self.vault_arn.as_str())
            .set("recoveryPointArn", self.point.arn())
            .set("resourceArn", &*lineage.resource)
            .set("resourceType", lineage.kind.as_str())
            .set("iamRoleArn", lineage.role.as_str())
            .time("creationDate", self.created)
            .time("completionDate", self.completed)
            .set("backupSizeInBytes", self.point.bytes.to_string())
            .set("percentDone", if self.completed.is_some() { 100 } else { 0 })
            .set("state", self.state)
            .maybe("statusMessage", self.message.clone())
            .done();
        let resources = vec![self.point.arn()];
        Emitted::Event { source: "aws.backup", detail_type: "Backup Job State Change", resources, detail }
    }
}

/// AWS Backup's ResourceType of an ARN.
pub fn kind_of(arn: &str) -> Option<&'static str> {
    const KINDS: [(&str, &str, &str); 9] = [
        ("ec2", "instance/", "EC2"),
        ("ec2", "volume/", "EBS"),
        ("rds", "db:", "RDS"),
        ("rds", "cluster:", "Aurora"),
        ("dynamodb", "table/", "DynamoDB"),
        ("elasticfilesystem", "file-system/", "EFS"),
        ("fsx", "file-system/", "FSx"),
        ("s3", "", "S3"),
        ("cloudformation", "stack/", "CloudFormation"),
    ];
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, rest) = (parts.next()?, parts.nth(2)?);
    KINDS.iter().find(|(known, prefix, _)| *known == service && rest.starts_with(prefix)).map(|(.., kind)| *kind)
}

/// What GetRecoveryPointRestoreMetadata tells of a backup of this resource.
fn metadata(kind: &str, resource: Option<&Resource>, template: Option<&str>) -> std::collections::BTreeMap<String, String> {
    let mut all = std::collections::BTreeMap::new();
    let names: &[(&str, &str)] = match kind {
        "EBS" => &[("volumeType", "VolumeType"), ("volumeSize", "Size"), ("encrypted", "Encrypted"), ("iops", "Iops")],
        "EC2" => &[("InstanceType", "InstanceType"), ("SubnetId", "SubnetId"), ("SecurityGroupIds", "SecurityGroupIds")],
        "RDS" => &[
            ("DBInstanceClass", "DBInstanceClass"),
            ("Engine", "Engine"),
            ("EngineVersion", "EngineVersion"),
            ("DBSubnetGroupName", "DBSubnetGroupName"),
            ("MultiAZ", "MultiAZ"),
            ("AllocatedStorage", "AllocatedStorage"),
        ],
        "Aurora" => &[("engine", "Engine"), ("engineVersion", "EngineVersion"), ("dbSubnetGroupName", "DBSubnetGroupName")],
        "EFS" => &[("Encrypted", "Encrypted"), ("PerformanceMode", "PerformanceMode"), ("KmsKeyId", "KmsKeyId")],
        "FSx" => &[("FileSystemType", "FileSystemType"), ("SubnetIds", "SubnetIds"), ("StorageCapacity", "StorageCapacity")],
        _ => &[],
    };
    for (name, member) in names {
        if let Some(value) = resource.and_then(|resource| resource.members.get(*member)) {
            all.insert((*name).to_owned(), crate::sim::estate::plain(value));
        }
    }
    if let Some(template) = template {
        all.insert("TemplateBody".to_owned(), template.to_owned());
    }
    if kind == "EBS" {
        all.extend(resource.and_then(|resource| resource.zone.clone()).map(|zone| ("availabilityZone".to_owned(), zone)));
    }
    all
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterValueException", message).with("Type", "Client")
}

/// StartBackupJob.
pub(super) fn start(world: &mut World, call: &Call) -> Answer {
    const GIB: i64 = 1 << 30;
    let input = &call.input;
    let (id, now, bits) = (world.ids.uuid().to_uppercase(), world.now(), (world.ids.bits(), world.ids.bits()));
    let token = members::text(input, "IdempotencyToken");
    if let Some(known) = token.and_then(|token| world.site(&call.caller)?.backup.backup_tokens.get(token)) {
        return Ok(known.clone());
    }
    let (arn, name) = (members::required(input, "ResourceArn"), members::required(input, "BackupVaultName"));
    let kind = kind_of(arn).ok_or_else(|| invalid(format!("Unsupported resource type: {arn}")))?;
    let here = world.network(&call.caller).resources.get(arn).filter(|found| !found.life.over(now)).cloned();
    let site = world.site(&call.caller);
    let vault =
        site.and_then(|site| site.backup.vaults.get(name)).ok_or_else(|| missing(format!("Backup vault not found: {name}")))?;
    if vault.vault_type != "BACKUP_VAULT" {
        return Err(
            Refusal::new("InvalidRequestException", "A logically air-gapped vault takes copies only").with("Type", "Client")
        );
    }
    let template = site
        .and_then(|site| site.cloudformation.find(arn))
        .filter(|_| kind == "CloudFormation")
        .map(|stack| stack.design.text.clone());
    if here.is_none() && template.is_none() && !matches!(kind, "DynamoDB" | "S3") {
        return Err(invalid(format!("Resource does not exist: {arn}")));
    }
    let days = |key| input.get("Lifecycle").and_then(|lifecycle| members::integer(lifecycle, key)).filter(|days| *days >= 0);
    let outside = vault.outside(days("DeleteAfterDays"));
    let size =
        here.as_ref().and_then(|found| found.members.get("Size").or_else(|| found.members.get("AllocatedStorage"))?.as_i64());
    let lineage = Lineage {
        account: call.caller.account.clone(),
        region: call.caller.region.clone(),
        vault: name.to_owned(),
        resource: Arc::from(arn),
        kind: kind.to_owned(),
        name: arn.rsplit([':', '/']).next().unwrap_or_default().to_owned(),
        metadata: metadata(kind, here.as_ref(), template.as_deref()),
        role: members::required(input, "IamRoleArn").to_owned(),
        key_arn: Some(vault.key_arn.clone()),
        took: world.takes(TAKES),
        delete_after_days: days("DeleteAfterDays"),
        cold_after_days: days("MoveToColdStorageAfterDays"),
        ..Lineage::default()
    };
    let point =
        Point { lineage: Arc::new(lineage), created: now, id: bits, bytes: size.unwrap_or(1) * GIB, status: Status::Completed };
    let answer =
        Members::new().set("BackupJobId", id.as_str()).set("RecoveryPointArn", point.arn()).time("CreationDate", now).done();
    let vault_arn = vault.arn.clone();
    let tags = input.get("RecoveryPointTags").cloned();
    let job =
        BackupJob { id: id.clone(), state: "CREATED", created: now, completed: None, message: outside, point, vault_arn, tags };
    let (waits, takes) = (world.takes(WAITS), world.takes(TAKES));
    let backup = &mut world.site_mut(&call.caller).backup;
    let key = (Reverse(now.timestamp_millis()), Reverse(backup.backups.len() as u64));
    backup.backups.insert(key, job);
    if let Some(token) = token {
        backup.backup_tokens.insert(token.to_owned(), answer.clone());
    }
    let site: SiteKey = (call.caller.account.clone(), call.caller.region.clone());
    world.schedule(now + waits, Happening::Backup(site.clone(), key));
    world.schedule(now + takes, Happening::Backup(site, key));
    world.effect(call, &format!("{arn} to {name}"));
    Ok(answer)
}

/// A job's next step: it runs, then it ends.
pub fn advance(world: &mut World, place: &Place, key: &JobKey) {
    let here = (place.account.clone(), place.region.clone());
    let Some(site) = world.estate.sites.get_mut(&here) else { return };
    let Some(job) = site.backup.backups.get_mut(key).filter(|job| job.completed.is_none()) else { return };
    if job.state == "CREATED" {
        job.state = "RUNNING";
    } else {
        job.completed = Some(place.now);
        job.state = if job.message.is_some() { "FAILED" } else { "COMPLETED" };
    }
    let (done, point, tags) = (job.state == "COMPLETED", job.point.clone(), job.tags.clone());
    let told = job.event();
    if done {
        if let Some(tags) = tags.as_ref().and_then(Value::as_object) {
            site.backup.tags.insert(point.arn(), tags.clone());
        }
        site.backup.add(point);
    }
    events::emit(world, place, told);
}

/// DescribeBackupJob, ListBackupJobs, StopBackupJob.
pub(super) fn answer(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let now = world.now();
    let backups = &mut world.site_mut(&call.caller).backup.backups;
    if call.operation != "ListBackupJobs" {
        let id = members::required(input, "BackupJobId");
        let found = backups.values_mut().find(|job| job.id == id);
        let found = found.ok_or_else(|| missing(format!("Backup job not found: {id}")))?;
        if call.operation == "DescribeBackupJob" {
            return Ok(found.told());
        }
        if found.completed.is_some() {
            let message = format!("Backup job {id} cannot be stopped: its state is {}", found.state);
            return Err(Refusal::new("InvalidRequestException", message).with("Type", "Client"));
        }
        (found.state, found.completed) = ("ABORTED", Some(now));
        return Ok(json!({}));
    }
    let cursor = PAGING.open::<JobKey>(call)?;
    let after = cursor.after;
    let rows = backups.iter().filter(|(key, _)| after.is_none_or(|after| **key > after)).map(|(key, job)| (*key, job.told()));
    let text = |row: &Value, filter: &str, member: &str| {
        members::text(input, filter).is_none_or(|wanted| members::text(row, member).is_some_and(|told| glob(wanted, told)))
    };
    let rows = rows.filter(|(_, row)| {
        let at = members::time(row, "CreationDate");
        text(row, "ByResourceArn", "ResourceArn")
            && text(row, "ByState", "State")
            && text(row, "ByBackupVaultName", "BackupVaultName")
            && text(row, "ByResourceType", "ResourceType")
            && text(row, "ByAccountId", "AccountId")
            && members::time(input, "ByCreatedBefore").is_none_or(|before| at.is_some_and(|at| at < before))
            && members::time(input, "ByCreatedAfter").is_none_or(|after| at.is_some_and(|at| at > after))
    });
    let (page, token) = cursor.take(rows);
    Ok(listed("BackupJobs", page, token))
}
