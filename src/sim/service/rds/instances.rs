//! DB instances.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::filters::{Asked, told as text};
use super::told::{self, CHANGE, INSTANCE, groups_there};
use super::{arn, clusters, given_tags, invalid, page, snapshots, windows};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::network::{Life, Network, Resource};
use crate::sim::world::World;

/// The members that creations and changes may set.
const SET: &[&str] = &[
    "AllocatedStorage",
    "AutoMinorVersionUpgrade",
    "BackupRetentionPeriod",
    "CACertificateIdentifier",
    "CopyTagsToSnapshot",
    "DBClusterIdentifier",
    "DBInstanceClass",
    "DBName",
    "DBParameterGroupName",
    "DBSubnetGroupName",
    "DeletionProtection",
    "Engine",
    "EngineVersion",
    "Iops",
    "KmsKeyId",
    "LicenseModel",
    "MasterUsername",
    "MaxAllocatedStorage",
    "MonitoringInterval",
    "MultiAZ",
    "OptionGroupName",
    "Port",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "PromotionTier",
    "PubliclyAccessible",
    "StorageEncrypted",
    "StorageThroughput",
    "StorageType",
    "VpcSecurityGroupIds",
];

pub(super) fn missing(name: &str) -> Refusal {
    Refusal::new("DBInstanceNotFoundFault", format!("DBInstance {name} not found."))
}

fn find<'a>(network: &'a Network, name: &str, now: DateTime<Utc>) -> Result<&'a Resource, Refusal> {
    network.find("RDS", &name.to_lowercase()).filter(|found| !found.life.over(now)).ok_or_else(|| missing(name))
}

pub(super) fn describe(world: &World, call: &Call) -> Answer {
    let network = world.network(&call.caller);
    let now = world.now();
    let known = ["db-cluster-id", "db-instance-id", "dbi-resource-id", "domain", "engine"];
    let asked = Asked::of(call, &known, "DBInstanceIdentifier", "db-instance-id")?;
    let there = network.of("RDS").filter(|(_, resource)| !resource.life.over(now));
    let rows = there.map(|(arn, resource)| (resource.name.clone(), told::instance(world, &network, call, arn, resource)));
    let passed = |row: &Value| {
        asked.passed_by(|filter| match filter {
            "db-instance-id" => vec![text(row, "DBInstanceIdentifier"), text(row, "DBInstanceArn")],
            "db-cluster-id" => vec![text(row, "DBClusterIdentifier")],
            "dbi-resource-id" => vec![text(row, "DbiResourceId")],
            "engine" => vec![text(row, "Engine")],
            _ => Vec::new(),
        })
    };
    let rows: Vec<_> = rows.filter(|(_, row)| passed(row)).collect();
    match members::text(&call.input, "DBInstanceIdentifier").filter(|_| rows.is_empty()) {
        Some(name) => Err(missing(name)),
        None => page(call, "DBInstances", rows),
    }
}

/// Refuses what cannot be made here; the name.
fn checked(world: &World, call: &Call, member: &str) -> Result<String, Refusal> {
    let name = told::name(&call.input, member)?;
    let network = world.network(&call.caller);
    if network.find("RDS", &name).is_some_and(|found| !found.life.over(world.now())) {
        return Err(Refusal::new("DBInstanceAlreadyExistsFault", "DB instance already exists"));
    }
    groups_there(world, &network, &call.input)?;
    let zone = members::text(&call.input, "AvailabilityZone");
    match zone.filter(|zone| !Network::zones(&call.caller.region).iter().any(|known| known == zone)) {
        Some(zone) => Err(invalid(format!("Invalid availability zone: [{zone}]"))),
        None => Ok(name),
    }
}

/// Puts an instance there, and tells it.
fn put(
    world: &mut World,
    call: &Call,
    name: &str,
    members: Value,
    source: Option<&str>,
    data_of: Option<DateTime<Utc>>,
) -> Answer {
    let (now, takes) = (world.now(), world.takes(INSTANCE));
    let mut made = Resource::new("RDS", name, members);
    let region = &call.caller.region;
    made.zone = members::text(&call.input, "AvailabilityZone").map(str::to_owned).or_else(|| Some(format!("{region}a")));
    made.life = Life::begin(now, &[(now, "creating"), (now + takes * 4 / 5, "backing-up"), (now + takes, "available")]);
    made.tags = given_tags(&call.input);
    made.source = source.map(Into::into);
    made.data_of = data_of;
    if made.members.get("VpcSecurityGroupIds").is_none() {
        let network = world.network(&call.caller);
        let default = network.of("SecurityGroup").find(|(_, group)| group.text("GroupName") == Some("default"));
        made.members.insert("VpcSecurityGroupIds".into(), default.map(|(_, group)| group.name.clone()).into_iter().collect());
    }
    let arn = arn(call, "db", name);
    let network = &mut world.site_mut(&call.caller).network;
    if made.text("DBSubnetGroupName").is_none_or(|name| name == "default") {
        network.make_db_subnets(&call.caller.account, &call.caller.region);
    }
    network.resources.insert(arn.clone(), made.clone());
    world.effect(call, name);
    let network = world.network(&call.caller);
    let mut told = told::instance(world, &network, call, &arn, &made);
    if !world.scenario.bare {
        told["DBInstanceStatus"] = "creating".into();
    }
    Ok(json!({"DBInstance": told}))
}

pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let name = checked(world, call, "DBInstanceIdentifier")?;
    let engine = members::required(input, "Engine");
    const ENGINES: [&str; 8] = ["aurora-", "custom-", "db2-", "docdb", "mariadb", "mysql", "neptune", "postgres"];
    let known = ENGINES.iter().chain(&["oracle-", "sqlserver-"]).any(|known| engine.starts_with(known));
    if !known {
        return Err(invalid(format!("Invalid DB engine: {engine}")));
    }
    let mut members = Members::new().copy(input, SET).done();
    if let Some(window) = windows::checked(input, &Value::Null)? {
        members["PreferredMaintenanceWindow"] = window.into();
    }
    members["IAMDatabaseAuthenticationEnabled"] = members::flag(input, "EnableIAMDatabaseAuthentication").unwrap_or(false).into();
    if let Some(cluster) = members::text(input, "DBClusterIdentifier") {
        let network = world.network(&call.caller);
        let found = clusters::find(&network, cluster, world.now())?;
        if found.text("Engine").is_some_and(|of| of != engine) {
            let message = format!(
                "The engine name requested for your DB instance ({engine}) doesn't match the engine name of your DB cluster ({}).",
                found.text("Engine").unwrap_or_default()
            );
            return Err(Refusal::new("InvalidParameterCombination", message));
        }
        members["DBClusterIdentifier"] = found.name.clone().into();
        let inherited =
            ["EngineVersion", "DBSubnetGroupName", "VpcSecurityGroupIds", "StorageEncrypted", "KmsKeyId", "MasterUsername"];
        for member in inherited {
            if let Some(value) = found.members.get(member) {
                members[member] = value.clone();
            }
        }
        members["AllocatedStorage"] = 1.into();
        members["StorageType"] = "aurora".into();
    } else if engine.starts_with("aurora") {
        let message = "Aurora DB instances must belong to a DB cluster: DBClusterIdentifier is missing";
        return Err(Refusal::new("InvalidParameterCombination", message));
    }
    if members::integer(input, "AllocatedStorage").is_none()
        && members.get("DBClusterIdentifier").is_none()
        && !world.scenario.bare
    {
        return Err(invalid("Invalid storage size for engine name and storage type: null"));
    }
    put(world, call, &name, members, None, None)
}

pub(super) fn modify(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let (now, takes) = (world.now(), world.takes(CHANGE));
    let name = members::required(input, "DBInstanceIdentifier").to_lowercase();
    let network = world.network(&call.caller);
    let found = find(&network, &name, now)?;
    let state = found.life.at(now, "available");
    if !matches!(state, "available" | "backing-up" | "modifying") {
        let message = format!("Database instance is not in available state. Current state: {state}");
        return Err(Refusal::new("InvalidDBInstanceStateFault", message));
    }
    groups_there(world, &network, input)?;
    let window = windows::checked(input, &Value::Object(found.members.clone()))?;
    let new =
        members::text(input, "NewDBInstanceIdentifier").map(|_| told::name(input, "NewDBInstanceIdentifier")).transpose()?;
    drop(network);
    let (old_arn, new_arn) = (arn(call, "db", &name), arn(call, "db", new.as_deref().unwrap_or(&name)));
    let resources = &mut world.site_mut(&call.caller).network.resources;
    let Some(mut changed) = resources.remove(&old_arn) else { return Err(missing(&name)) };
    let set = Members::new().copy(input, SET).done();
    changed.members.extend(set.as_object().cloned().unwrap_or_default());
    changed.members.extend(window.map(|window| ("PreferredMaintenanceWindow".to_owned(), window.into())));
    changed.name = new.unwrap_or(name);
    changed.life.go_on(now, &[(now, "modifying"), (now + takes, "available")]);
    resources.insert(new_arn.clone(), changed.clone());
    world.effect(call, &changed.name);
    let network = world.network(&call.caller);
    Ok(json!({"DBInstance": told::instance(world, &network, call, &new_arn, &changed)}))
}

pub(super) fn turn(world: &mut World, call: &Call) -> Answer {
    let (now, takes) = (world.now(), world.takes(CHANGE));
    let name = members::required(&call.input, "DBInstanceIdentifier").to_lowercase();
    let state = find(&world.network(&call.caller), &name, now)?.life.at(now, "available");
    let (needed, on_the_way, then) = match call.operation.as_str() {
        "StartDBInstance" => ("stopped", "starting", "available"),
        "StopDBInstance" => ("available", "stopping", "stopped"),
        _ => ("available", "rebooting", "available"),
    };
    if state != needed {
        let message = format!("Instance {name} is not in {needed} state");
        return Err(Refusal::new("InvalidDBInstanceStateFault", message));
    }
    let arn = arn(call, "db", &name);
    let network = &mut world.site_mut(&call.caller).network;
    if let Some(found) = network.resources.get_mut(&arn) {
        found.life.go_on(now, &[(now, on_the_way), (now + takes, then)]);
    }
    world.effect(call, &name);
    let network = world.network(&call.caller);
    let mut told = told::instance(world, &network, call, &arn, find(&network, &name, now)?);
    if !world.scenario.bare {
        told["DBInstanceStatus"] = on_the_way.into();
    }
    Ok(json!({"DBInstance": told}))
}

pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let (now, takes) = (world.now(), world.takes(CHANGE));
    let name = members::required(input, "DBInstanceIdentifier").to_lowercase();
    let network = world.network(&call.caller);
    let found = find(&network, &name, now)?.clone();
    if found.members.get("DeletionProtection") == Some(&true.into()) {
        let message = "Cannot delete protected DB Instance, please disable deletion protection and try again.";
        return Err(Refusal::new("InvalidParameterCombination", message));
    }
    if found.life.at(now, "available") == "deleting" {
        return Err(Refusal::new("InvalidDBInstanceStateFault", format!("Instance {name} is already being deleted.")));
    }
    let last = members::text(input, "FinalDBSnapshotIdentifier");
    let skip = members::flag(input, "SkipFinalSnapshot") == Some(true);
    if !skip && last.is_none() && found.text("DBClusterIdentifier").is_none() && !world.scenario.bare {
        let message = "FinalDBSnapshotIdentifier cannot be empty when SkipFinalSnapshot is false";
        return Err(Refusal::new("InvalidParameterCombination", message));
    }
    let arn = arn(call, "db", &name);
    let mut told = told::instance(world, &network, call, &arn, &found);
    drop(network);
    if let Some(last) = last.filter(|_| !skip) {
        snapshots::keep(world, call, last, &found)?;
    }
    if let Some(found) = world.site_mut(&call.caller).network.resources.get_mut(&arn) {
        found.life.go_on(now, &[(now, "deleting"), (now + takes, "")]);
    }
    world.effect(call, &name);
    told["DBInstanceStatus"] = "deleting".into();
    Ok(json!({"DBInstance": told}))
}

/// The moment that a restore asks for, held against what can be restored.
pub(super) fn moment(input: &Value, member: &str, source: &Resource, now: DateTime<Utc>) -> Result<DateTime<Utc>, Refusal> {
    let latest = told::latest(source, now);
    let wanted = members::time(input, member);
    let use_latest = members::flag(input, "UseLatestRestorableTime") == Some(true);
    match (wanted, use_latest) {
        (Some(_), true) => {
            let message = format!("{member} and UseLatestRestorableTime cannot be specified together");
            Err(Refusal::new("InvalidParameterCombination", message))
        }
        (None, false) => {
            let message = format!("Either {member} or UseLatestRestorableTime must be specified");
            Err(Refusal::new("InvalidParameterCombination", message))
        }
        (None, true) => Ok(latest.unwrap_or(now)),
        (Some(wanted), false) if wanted > latest.unwrap_or(now) || wanted < told::earliest(source, now) => Err(invalid(format!(
            "The specified instance cannot be restored to the time {wanted}: it can be restored from {} to {}",
            told::earliest(source, now),
            latest.unwrap_or(now)
        ))),
        (Some(wanted), false) => Ok(wanted),
    }
}

/// RestoreDBInstanceToPointInTime.
pub(super) fn to_point(world: &mut World, call: &Call) -> Answer {
    let (input, now) = (&call.input, world.now());
    let network = world.network(&call.caller);
    let source = members::required(input, "SourceDBInstanceIdentifier");
    let found = find(&network, source, now)?.clone();
    drop(network);
    if found.members.get("BackupRetentionPeriod") == Some(&0.into()) {
        let message = format!("Point in time restore is not enabled for {source}: its backup retention period is 0");
        return Err(Refusal::new("PointInTimeRestoreNotEnabledFault", message));
    }
    let at = moment(input, "RestoreTime", &found, now)?;
    let name = checked(world, call, "TargetDBInstanceIdentifier")?;
    let members = restored(&found.members, input);
    put(world, call, &name, members, Some(&arn(call, "db", &found.name)), Some(at))
}

/// RestoreDBInstanceFromDBSnapshot.
pub(super) fn from_snapshot(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let id = members::required(input, "DBSnapshotIdentifier");
    let found = snapshots::source(world, call, id, "DBSnapshot")?;
    let name = checked(world, call, "DBInstanceIdentifier")?;
    let members = restored(&found.members, input);
    put(world, call, &name, members, found.source.as_deref(), found.data_of)
}

/// The members of what is restored: those of the source, and over them what is asked for. Groups are not taken over.
pub(super) fn restored(source: &serde_json::Map<String, Value>, input: &Value) -> Value {
    let mut members = source.clone();
    for own in [
        "DBParameterGroupName",
        "DBClusterIdentifier",
        "DeletionProtection",
        "VpcSecurityGroupIds",
        "DBSubnetGroupName",
        "MultiAZ",
    ] {
        members.shift_remove(own);
    }
    let asked = Members::new().copy(input, SET).done();
    members.extend(asked.as_object().cloned().unwrap_or_default());
    Value::Object(members)
}
