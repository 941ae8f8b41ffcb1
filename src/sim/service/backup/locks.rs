//! Vault locks, air-gapped vaults, deletions, policies and notifications of vaults.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::operations::missing;
use super::points::{Lock, Vault};
use super::restore::not_found;
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::world::World;

fn refused(code: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(code, message).with("Type", "Client")
}

fn vault<'a>(world: &'a mut World, call: &Call) -> Result<&'a mut Vault, Refusal> {
    let name = members::required(&call.input, "BackupVaultName");
    let found = world.site_mut(&call.caller).backup.vaults.get_mut(name);
    found.ok_or_else(|| missing(format!("Backup vault not found: {name}")))
}

/// Answers the calls that are about vaults' locks, policies and notifications.
pub(super) fn answer(world: &mut World, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateLogicallyAirGappedBackupVault" => air_gapped(world, call),
        "PutBackupVaultLockConfiguration" | "DeleteBackupVaultLockConfiguration" => lock(world, call),
        "DeleteRecoveryPoint" => delete_point(world, call),
        "PutBackupVaultAccessPolicy" | "GetBackupVaultAccessPolicy" | "DeleteBackupVaultAccessPolicy" => policy(world, call),
        _ => notifications(world, call),
    }
}

fn air_gapped(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let (name, key, now) = (members::required(input, "BackupVaultName"), world.ids.uuid(), world.now());
    let (region, account) = (&call.caller.region, &call.caller.account);
    let arn = format!("arn:aws:backup:{region}:{account}:backup-vault:{name}");
    let days = |member| members::integer(input, member);
    let (least, most) = (days("MinRetentionDays"), days("MaxRetentionDays"));
    if least.is_none_or(|least| least < 7) || most < least {
        return Err(refused(
            "InvalidParameterValueException",
            "MinRetentionDays must be at least 7 and no more than MaxRetentionDays",
        ));
    }
    let backup = &mut world.site_mut(&call.caller).backup;
    if backup.vaults.contains_key(name) {
        return Err(refused("AlreadyExistsException", "Backup vault with the same name already exists").with("Arn", arn));
    }
    let vault = Vault {
        name: Arc::from(name),
        arn: arn.clone(),
        vault_type: "LOGICALLY_AIR_GAPPED_BACKUP_VAULT".to_owned(),
        created: now,
        key_arn: members::text(input, "EncryptionKeyArn")
            .map_or_else(|| format!("arn:aws:kms:{region}:{account}:key/{key}"), str::to_owned),
        locked: true,
        lock: Lock { least, most, from: Some(now) },
    };
    backup.vaults.insert(name.to_owned(), vault);
    if let Some(tags) = input.get("BackupVaultTags").and_then(Value::as_object) {
        backup.tags.insert(arn.clone(), tags.clone());
    }
    world.effect(call, name);
    Ok(Members::new()
        .set("BackupVaultName", name)
        .set("BackupVaultArn", arn)
        .time("CreationDate", now)
        .set("VaultState", "AVAILABLE")
        .done())
}

fn lock(world: &mut World, call: &Call) -> Answer {
    let (input, now) = (&call.input, world.now());
    let days = |member| members::integer(input, member);
    let found = vault(world, call)?;
    if found.locked && found.lock.from.is_some_and(|from| from <= now) {
        return Err(refused("InvalidRequestException", "The vault lock can no longer be changed"));
    }
    if call.operation == "DeleteBackupVaultLockConfiguration" {
        (found.locked, found.lock) = (false, Lock::default());
        return Ok(json!({}));
    }
    let (least, most) = (days("MinRetentionDays"), days("MaxRetentionDays"));
    if let (Some(least), Some(most)) = (least, most)
        && most < least
    {
        return Err(refused("InvalidParameterValueException", "MaxRetentionDays must not be less than MinRetentionDays"));
    }
    if least.is_some_and(|least| least < 1) || most.is_some_and(|most| !(1..=36_500).contains(&most)) {
        return Err(refused("InvalidParameterValueException", "Retention periods are from 1 to 36500 days"));
    }
    let changeable = days("ChangeableForDays");
    if changeable.is_some_and(|days| days < 3) {
        return Err(refused("InvalidParameterValueException", "ChangeableForDays must be at least 3"));
    }
    found.locked = true;
    found.lock = Lock { least, most, from: changeable.map(|days| now + TimeDelta::days(days)) };
    world.effect(call, members::required(input, "BackupVaultName"));
    Ok(json!({}))
}

fn delete_point(world: &mut World, call: &Call) -> Answer {
    let (arn, now) = (members::required(&call.input, "RecoveryPointArn"), world.now());
    let name = vault(world, call)?.name.clone();
    let backup = &mut world.site_mut(&call.caller).backup;
    let (held, point) = backup.find(arn).filter(|(vault, _)| vault.name == name).ok_or_else(|| not_found(arn))?;
    let kept = held.lock.least.map(|days| point.created + TimeDelta::days(days));
    if held.locked && kept.is_none_or(|until| now < until) {
        return Err(refused(
            "InvalidRequestException",
            format!("Recovery point {arn} cannot be deleted: the backup vault is locked"),
        ));
    }
    backup.remove(arn);
    world.effect(call, arn);
    Ok(json!({}))
}

fn policy(world: &mut World, call: &Call) -> Answer {
    let (arn, name) = (vault(world, call)?.arn.clone(), members::required(&call.input, "BackupVaultName"));
    let policies = &mut world.site_mut(&call.caller).backup.policies;
    match call.operation.as_str() {
        "PutBackupVaultAccessPolicy" => drop(policies.insert(arn, members::required(&call.input, "Policy").to_owned())),
        "DeleteBackupVaultAccessPolicy" => drop(policies.remove(&arn)),
        _ => {
            let policy = policies.get(&arn).cloned();
            let policy = policy.ok_or_else(|| missing(format!("Backup vault access policy not found: {name}")))?;
            return Ok(json!({"BackupVaultName": name, "BackupVaultArn": arn, "Policy": policy}));
        }
    }
    Ok(json!({}))
}

fn notifications(world: &mut World, call: &Call) -> Answer {
    let (arn, input) = (vault(world, call)?.arn.clone(), &call.input);
    let kept = &mut world.site_mut(&call.caller).backup.notifications;
    match call.operation.as_str() {
        "PutBackupVaultNotifications" => {
            let told = Members::new()
                .copy(input, &["SNSTopicArn", "BackupVaultEvents", "BackupVaultName"])
                .set("BackupVaultArn", arn.as_str());
            kept.insert(arn, told.done());
        }
        "DeleteBackupVaultNotifications" => drop(kept.remove(&arn)),
        _ => {
            let none =
                || missing(format!("Backup vault notifications not found: {}", members::required(input, "BackupVaultName")));
            return kept.get(&arn).cloned().ok_or_else(none);
        }
    }
    Ok(json!({}))
}
