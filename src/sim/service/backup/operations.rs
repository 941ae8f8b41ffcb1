//! AWS Backup's operations.

use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Value, json};

use super::copies::{self, CopyJob};
use super::points::{Backup, Lock, Point, Vault};
use super::restore::{self, JobKey};
use super::rows::{self, PointKey};
use super::{jobs, locks, plans};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::page::Paging;
use crate::sim::service::coverage::{Operation, changes, reads};
use crate::sim::world::World;

/// What holds for all of the service.
pub const NOTE: &str = "Recovery points come from scenarios, backup jobs and copies; a restored resource has no data, but is told with the moment \
                        that its data is of. Access policies are kept, not enforced.";

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    changes("CreateBackupPlan", "kept; no backups are made by it"),
    changes("CreateBackupSelection", "kept"),
    changes("CreateBackupVault", "creator request ids are passed over"),
    changes("CreateLogicallyAirGappedBackupVault", "no approval teams"),
    changes("DeleteBackupPlan", ""),
    changes("DeleteBackupSelection", ""),
    changes("DeleteBackupVault", ""),
    changes("DeleteBackupVaultAccessPolicy", ""),
    changes("DeleteBackupVaultLockConfiguration", ""),
    changes("DeleteBackupVaultNotifications", ""),
    changes("DeleteRecoveryPoint", ""),
    reads("DescribeBackupJob", ""),
    reads("DescribeBackupVault", ""),
    reads("DescribeCopyJob", ""),
    reads("DescribeProtectedResource", ""),
    reads("DescribeRecoveryPoint", ""),
    reads("DescribeRestoreJob", ""),
    reads("GetBackupPlan", "no preview of runs"),
    reads("GetBackupSelection", ""),
    reads("GetBackupVaultAccessPolicy", ""),
    reads("GetBackupVaultNotifications", ""),
    reads("GetRecoveryPointRestoreMetadata", ""),
    reads("GetRestoreTestingInferredMetadata", "for the resource types of the scenarios; of others a name only"),
    reads("ListBackupJobs", ""),
    reads("ListBackupPlans", ""),
    reads("ListBackupSelections", ""),
    reads("ListBackupVaults", ""),
    reads("ListCopyJobs", ""),
    reads("ListProtectedResources", ""),
    reads("ListRecoveryPointsByBackupVault", ""),
    reads("ListRecoveryPointsByResource", ""),
    reads("ListRestoreJobs", ""),
    reads("ListTags", ""),
    changes("PutBackupVaultAccessPolicy", "kept, not enforced"),
    changes("PutBackupVaultLockConfiguration", ""),
    changes("PutBackupVaultNotifications", "kept; nothing is sent"),
    changes("StartBackupJob", "every backup takes four minutes, none in an empty estate"),
    changes("StartCopyJob", "every copy takes ten minutes; continuous points become snapshots"),
    changes("StartRestoreJob", "metadata is held against what each resource type asks for; the resource is made, not its data"),
    changes("StopBackupJob", ""),
    changes("TagResource", "vaults, plans and recovery points"),
    changes("UntagResource", ""),
    changes("UpdateBackupPlan", ""),
];

pub(super) const PAGING: Paging = Paging {
    token: "NextToken",
    size: "MaxResults",
    default: 1000,
    max: 1000,
    code: "InvalidParameterValueException",
    message: "Invalid value for parameter: NextToken",
};

/// Answers one call to AWS Backup.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let now = world.now();
    match call.operation.as_str() {
        "StartRestoreJob" => return restore::start(world, call),
        "StartCopyJob" => return copies::start(world, call),
        "CreateBackupVault" => return create_vault(world, call),
        "StartBackupJob" => return jobs::start(world, call),
        "DescribeBackupJob" | "ListBackupJobs" | "StopBackupJob" => return jobs::answer(world, call),
        "CreateBackupPlan"
        | "UpdateBackupPlan"
        | "GetBackupPlan"
        | "ListBackupPlans"
        | "DeleteBackupPlan"
        | "CreateBackupSelection"
        | "GetBackupSelection"
        | "ListBackupSelections"
        | "DeleteBackupSelection" => {
            return plans::answer(world, call);
        }
        "CreateLogicallyAirGappedBackupVault"
        | "PutBackupVaultLockConfiguration"
        | "DeleteBackupVaultLockConfiguration"
        | "DeleteRecoveryPoint"
        | "PutBackupVaultAccessPolicy"
        | "GetBackupVaultAccessPolicy"
        | "DeleteBackupVaultAccessPolicy"
        | "PutBackupVaultNotifications"
        | "GetBackupVaultNotifications"
        | "DeleteBackupVaultNotifications" => return locks::answer(world, call),
        "DeleteBackupVault" | "TagResource" | "UntagResource" => return change(world, call),
        _ => {}
    }
    let none = Backup::default();
    let backup = world.site(&call.caller).map_or(&none, |site| &site.backup);
    match call.operation.as_str() {
        "ListBackupVaults" => list_vaults(backup, call),
        "DescribeBackupVault" => vault(backup, call).map(|vault| vault.answer(backup.points.count(&vault.name))),
        "ListRecoveryPointsByBackupVault" => list_points(backup, call),
        "ListRecoveryPointsByResource" => list_points_of_resource(backup, call),
        "DescribeRecoveryPoint" => point(backup, call).map(|(vault, point)| point.described(vault, now)),
        "GetRecoveryPointRestoreMetadata" => {
            let (vault, point) = point(backup, call)?;
            Ok(json!({
                "BackupVaultArn": vault.arn, "RecoveryPointArn": point.arn(),
                "RestoreMetadata": point.lineage.metadata, "ResourceType": point.lineage.kind,
            }))
        }
        "ListProtectedResources" => list_resources(backup, call),
        "DescribeRestoreJob" => {
            let id = members::required(&call.input, "RestoreJobId");
            let job = backup.job_ids.get(id).and_then(|key| backup.jobs.get(key));
            let message = format!("Restore job not found: {id}");
            job.map(|job| job.answer(now)).ok_or_else(|| missing(message))
        }
        "ListRestoreJobs" => {
            let cursor = PAGING.open::<JobKey>(call)?;
            let from = cursor.after.map_or(Bound::Unbounded, Bound::Excluded);
            let rows = backup.jobs.range((from, Bound::Unbounded)).filter(|(_, job)| restore::wanted(job, &call.input));
            let (page, token) = cursor.take(rows.map(|(key, job)| (*key, job.answer(now))));
            Ok(listed("RestoreJobs", page, token))
        }
        "DescribeCopyJob" => {
            let id = members::required(&call.input, "CopyJobId");
            let mut told = backup.copies.values().map(CopyJob::answer);
            let job = told.find(|job| members::text(job, "CopyJobId") == Some(id));
            job.map(|job| json!({"CopyJob": job})).ok_or_else(|| missing(format!("Copy job not found: {id}")))
        }
        "ListCopyJobs" => {
            let cursor = PAGING.open::<JobKey>(call)?;
            let from = cursor.after.map_or(Bound::Unbounded, Bound::Excluded);
            let rows = backup.copies.range((from, Bound::Unbounded)).filter(|(_, job)| copies::wanted(job, &call.input));
            let (page, token) = cursor.take(rows.map(|(key, job)| (*key, job.answer())));
            Ok(listed("CopyJobs", page, token))
        }
        "ListTags" => list_tags(backup, call),
        "DescribeProtectedResource" => {
            let arn = members::required(&call.input, "ResourceArn");
            let told = protected(backup, arn).ok_or_else(|| missing(format!("Resource {arn} is not protected")))?;
            let restored = backup.jobs.values().find(|job| *job.source == *arn && job.completed.is_some());
            let minutes = restored.and_then(|job| Some((job.completed? - job.created).num_minutes()));
            Ok(told
                .maybe("LatestRestoreExecutionTimeMinutes", minutes)
                .time("LatestRestoreJobCreationDate", restored.map(|job| job.created))
                .done())
        }
        "GetRestoreTestingInferredMetadata" => {
            let (_, point) = point(backup, call)?;
            Ok(json!({"InferredMetadata": copies::inferred(point, &call.caller.region)}))
        }
        _ => Err(super::super::unknown(call)),
    }
}

fn create_vault(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let name = members::required(input, "BackupVaultName");
    let (key, now) = (world.ids.uuid(), world.now());
    let (account, region) = (&call.caller.account, &call.caller.region);
    let arn = format!("arn:aws:backup:{region}:{account}:backup-vault:{name}");
    let backup = &mut world.site_mut(&call.caller).backup;
    if backup.vaults.contains_key(name) {
        let message = "Backup vault with the same name already exists";
        return Err(Refusal::new("AlreadyExistsException", message).with("Type", "Client").with("Arn", arn));
    }
    let key_arn = members::text(input, "EncryptionKeyArn").map(str::to_owned);
    let vault = Vault {
        name: Arc::from(name),
        arn: arn.clone(),
        vault_type: "BACKUP_VAULT".to_owned(),
        created: now,
        key_arn: key_arn.unwrap_or_else(|| format!("arn:aws:kms:{region}:{account}:key/{key}")),
        locked: false,
        lock: Lock::default(),
    };
    backup.vaults.insert(name.to_owned(), vault);
    if let Some(tags) = input.get("BackupVaultTags").and_then(Value::as_object) {
        backup.tags.insert(arn.clone(), tags.clone());
    }
    world.effect(call, name);
    Ok(Members::new().set("BackupVaultName", name).set("BackupVaultArn", arn).time("CreationDate", now).done())
}

fn change(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let backup = &mut world.site_mut(&call.caller).backup;
    if call.operation == "DeleteBackupVault" {
        let name = vault(backup, call)?.name.to_string();
        let points = backup.points.count(&name);
        if points > 0 {
            let message = format!("Backup vault cannot be deleted (contains {points} recovery points)");
            return Err(Refusal::new("InvalidRequestException", message).with("Type", "Client"));
        }
        if let Some(vault) = backup.vaults.remove(&name) {
            backup.tags.remove(&vault.arn);
        }
        return Ok(json!({}));
    }
    let arn = members::required(input, "ResourceArn");
    taggable(backup, arn)?;
    let tags = backup.tags.entry(arn.to_owned()).or_default();
    tags.extend(input.get("Tags").and_then(Value::as_object).cloned().unwrap_or_default());
    members::texts(input, "TagKeyList").into_iter().for_each(|key| drop(tags.remove(key)));
    Ok(json!({}))
}

/// Refuses the ARN of what is not there.
fn taggable(backup: &Backup, arn: &str) -> Result<(), Refusal> {
    let plan = arn.rsplit_once(":backup-plan:").is_some_and(|(_, id)| backup.plans.contains_key(id));
    let there = plan || backup.vaults.values().any(|vault| vault.arn == arn) || backup.find(arn).is_some();
    if there { Ok(()) } else { Err(missing(format!("Resource not found: {arn}"))) }
}

fn list_tags(backup: &Backup, call: &Call) -> Answer {
    let cursor = PAGING.open::<String>(call)?;
    let arn = members::required(&call.input, "ResourceArn");
    taggable(backup, arn)?;
    let mut tags: Vec<_> = backup.tags.get(arn).into_iter().flatten().collect();
    tags.sort_by_key(|(key, _)| *key);
    let after = cursor.after.clone();
    let rows = tags.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| *key > after));
    let (page, token) = cursor.take(rows.map(|(key, value)| (key.clone(), (key.clone(), value.clone()))));
    let tags: serde_json::Map<String, Value> = page.into_iter().collect();
    Ok(Members::new().set("Tags", tags).maybe("NextToken", token).done())
}

/// A resource that has recovery points, as lists tell it.
fn protected(backup: &Backup, resource: &str) -> Option<Members> {
    let (_, vault, point) = backup.of_resource(resource, None).next()?;
    let told = Members::new()
        .set("ResourceArn", resource)
        .set("ResourceType", point.lineage.kind.as_str())
        .time("LastBackupTime", point.created)
        .set("ResourceName", point.lineage.name.as_str())
        .set("LastBackupVaultArn", vault.arn.as_str())
        .set("LastRecoveryPointArn", point.arn());
    Some(told)
}

pub(super) fn missing(message: impl Into<String>) -> Refusal {
    Refusal::new("ResourceNotFoundException", message).with("Type", "Client")
}

pub(super) fn listed(member: &str, page: Vec<Value>, token: Option<String>) -> Value {
    Members::new().set(member, page).maybe("NextToken", token).done()
}

fn vault<'a>(backup: &'a Backup, call: &Call) -> Result<&'a Vault, Refusal> {
    let name = members::required(&call.input, "BackupVaultName");
    let other = members::text(&call.input, "BackupVaultAccountId").is_some_and(|account| account != call.caller.account);
    backup.vaults.get(name).filter(|_| !other).ok_or_else(|| missing(format!("Backup vault not found: {name}")))
}

fn point<'a>(backup: &'a Backup, call: &Call) -> Result<(&'a Vault, &'a Point), Refusal> {
    let wanted = vault(backup, call)?;
    let arn = members::required(&call.input, "RecoveryPointArn");
    backup.find(arn).filter(|(vault, _)| vault.name == wanted.name).ok_or_else(|| restore::not_found(arn))
}

fn list_vaults(backup: &Backup, call: &Call) -> Answer {
    let cursor = PAGING.open::<String>(call)?;
    let kind = members::text(&call.input, "ByVaultType");
    let from = cursor.after.clone().map_or(Bound::Unbounded, Bound::Excluded);
    let rows =
        backup.vaults.range((from, Bound::Unbounded)).filter(|(_, vault)| kind.is_none_or(|kind| vault.vault_type == kind));
    let (page, token) = cursor.take(rows.map(|(name, vault)| (name.clone(), vault.answer(backup.points.count(name)))));
    Ok(listed("BackupVaultList", page, token))
}

fn list_points(backup: &Backup, call: &Call) -> Answer {
    let cursor = PAGING.open::<PointKey>(call)?;
    let vault = vault(backup, call)?;
    let input = &call.input;
    let text = |key: &'static str| members::text(input, key);
    let (before, after) = (members::time(input, "ByCreatedBefore"), members::time(input, "ByCreatedAfter"));
    let wanted = |point: &Point| {
        *point.lineage.vault == *vault.name
            && text("ByResourceType").is_none_or(|kind| point.lineage.kind == kind)
            && text("ByBackupPlanId").is_none_or(|plan| {
                point.lineage.created_by.as_ref().and_then(|by| members::text(by, "BackupPlanId")) == Some(plan)
            })
            && text("ByParentRecoveryPointArn").is_none()
            && before.is_none_or(|before| point.created < before)
            && after.is_none_or(|after| point.created > after)
    };
    // Rows are in order of their creation, newest first: what is too new is skipped by a search, what is too old ends the list.
    let from = cursor.after.max(before.map(rows::newest_at));
    let rows: Box<dyn Iterator<Item = (PointKey, &Point)>> = match text("ByResourceArn") {
        Some(resource) => Box::new(backup.points.of_resource(resource, from)),
        None => Box::new(backup.points.in_vault(&vault.name, text("ByResourceType"), from)),
    };
    let rows = rows.take_while(|(_, point)| after.is_none_or(|after| point.created > after));
    let rows = rows.filter(|(_, point)| wanted(point));
    let (page, token) = cursor.take(rows);
    Ok(listed("RecoveryPoints", page.into_iter().map(|point| point.in_vault(vault)).collect(), token))
}

fn list_points_of_resource(backup: &Backup, call: &Call) -> Answer {
    let cursor = PAGING.open::<PointKey>(call)?;
    let rows = backup.of_resource(members::required(&call.input, "ResourceArn"), cursor.after);
    let (page, token) = cursor.take(rows.map(|(key, vault, point)| (key, point.of_resource(vault))));
    Ok(listed("RecoveryPoints", page, token))
}

fn list_resources(backup: &Backup, call: &Call) -> Answer {
    let cursor = PAGING.open::<String>(call)?;
    let after = cursor.after.clone();
    let rows = backup.points.resources(after.as_deref()).filter_map(|resource| {
        let told = protected(backup, resource)?;
        Some((resource.to_string(), told.done()))
    });
    let (page, token) = cursor.take(rows);
    Ok(listed("Results", page, token))
}
