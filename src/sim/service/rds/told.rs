//! How RDS tells instances and clusters, and what they have in common.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{groups, tag_list};
use crate::sim::call::{Call, Refusal};
use crate::sim::members::{self, Members, stamp};
use crate::sim::network::{Network, Resource};
use crate::sim::seed;
use crate::sim::world::World;

/// How long an instance, a cluster, and a change take, in seconds.
pub(super) const INSTANCE: i64 = 300;
pub(super) const CLUSTER: i64 = 120;
pub(super) const CHANGE: i64 = 60;
/// How long a restored instance goes on reading each GiB of its snapshot, in seconds.
const READS: i64 = 10;

/// The port of an engine.
pub(super) fn port(engine: &str) -> i64 {
    match engine {
        engine if engine.contains("postgres") => 5432,
        engine if engine.starts_with("oracle") => 1521,
        engine if engine.starts_with("sqlserver") => 1433,
        "docdb" => 27017,
        "neptune" => 8182,
        _ => 3306,
    }
}

/// The version that an engine has where none is asked for.
pub(super) fn version(engine: &str) -> &'static str {
    match engine {
        "aurora-mysql" => "8.0.mysql_aurora.3.08.0",
        "aurora-postgresql" | "postgres" => "16.6",
        "mariadb" => "10.11.10",
        "docdb" => "5.0.0",
        _ => "8.0.40",
    }
}

/// `default.mysql8.0`
pub(super) fn family(engine: &str, version: &str) -> String {
    let mut parts = version.split('.');
    let first = parts.next().unwrap_or_default();
    match engine {
        "postgres" | "aurora-postgresql" => format!("default.{engine}{first}"),
        _ => format!("default.{engine}{first}.{}", parts.next().unwrap_or("0")),
    }
}

fn host(name: &str, part: &str, call: &Call) -> String {
    let (account, region) = (&call.caller.account, &call.caller.region);
    let id = format!("{:012x}", seed::hash(11, &format!("{account} {region}")) & 0xffff_ffff_ffff);
    format!("{name}.{part}{id}.{region}.rds.amazonaws.com")
}

fn security_groups(resource: &Resource) -> Vec<Value> {
    let ids = resource.members.get("VpcSecurityGroupIds").and_then(Value::as_array);
    ids.into_iter().flatten().map(|id| json!({"VpcSecurityGroupId": id, "Status": "active"})).collect()
}

/// The latest moment that can be restored: every five minutes the logs are kept.
pub(super) fn latest(resource: &Resource, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let kept = resource.members.get("BackupRetentionPeriod").and_then(Value::as_i64).unwrap_or(1);
    (kept > 0)
        .then(|| now.duration_trunc(TimeDelta::minutes(5)).unwrap_or(now))
        .map(|at| at.max(resource.life.made.unwrap_or(at)))
}

/// The earliest moment that can be restored.
pub(super) fn earliest(resource: &Resource, now: DateTime<Utc>) -> DateTime<Utc> {
    let days = resource.members.get("BackupRetentionPeriod").and_then(Value::as_i64).unwrap_or(1);
    let kept = now - TimeDelta::days(days);
    resource.life.made.map_or(kept, |made| made.max(kept))
}

const INSTANCE_MEMBERS: &[&str] = &[
    "AllocatedStorage",
    "AutoMinorVersionUpgrade",
    "BackupRetentionPeriod",
    "CACertificateIdentifier",
    "CopyTagsToSnapshot",
    "DBClusterIdentifier",
    "DBInstanceClass",
    "DBName",
    "DeletionProtection",
    "EnabledCloudwatchLogsExports",
    "Engine",
    "EngineVersion",
    "IAMDatabaseAuthenticationEnabled",
    "Iops",
    "KmsKeyId",
    "LicenseModel",
    "MasterUsername",
    "MaxAllocatedStorage",
    "MonitoringInterval",
    "MultiAZ",
    "PerformanceInsightsEnabled",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "PromotionTier",
    "PubliclyAccessible",
    "StorageEncrypted",
    "StorageThroughput",
    "StorageType",
];

/// AWS's DBInstance.
pub(super) fn instance(world: &World, network: &Network, call: &Call, arn: &str, resource: &Resource) -> Value {
    let now = world.now();
    let engine = resource.text("Engine").unwrap_or("mysql").to_owned();
    let engine_version = resource.text("EngineVersion").unwrap_or_else(|| version(&engine)).to_owned();
    let state = resource.life.at(now, "available");
    let group = resource.text("DBParameterGroupName").map_or_else(|| family(&engine, &engine_version), str::to_owned);
    let option = resource
        .text("OptionGroupName")
        .map_or_else(|| family(&engine, &engine_version).replacen('.', ":", 1).replace('.', "-"), str::to_owned);
    let port = resource.members.get("Port").and_then(Value::as_i64).unwrap_or_else(|| port(&engine));
    let storage = resource.members.get("AllocatedStorage").and_then(Value::as_i64).unwrap_or(20);
    let subnets = resource.text("DBSubnetGroupName").unwrap_or("default");
    let subnets = network.find("DBSubnetGroup", subnets).map(|found| groups::subnets(network, call, found));
    let tail = resource.data_of.and(resource.life.made).filter(|_| !world.scenario.bare && state != "creating");
    let tail = tail.map(|made| (now - made).num_seconds() * 100 / (storage * READS + INSTANCE).max(1)).filter(|done| *done < 100);
    let there = !matches!(state, "creating") || world.scenario.bare;
    Members::new()
        .set("DBInstanceClass", "db.t3.medium")
        .set("Engine", engine)
        .set("EngineVersion", engine_version)
        .set("AllocatedStorage", 20)
        .set("MasterUsername", "admin")
        .set("PreferredBackupWindow", "03:00-03:30")
        .set("PreferredMaintenanceWindow", "sun:04:00-sun:04:30")
        .set("BackupRetentionPeriod", 1)
        .set("MultiAZ", false)
        .set("PubliclyAccessible", false)
        .set("StorageType", "gp2")
        .set("StorageEncrypted", false)
        .set("AutoMinorVersionUpgrade", true)
        .set("DeletionProtection", false)
        .set("CopyTagsToSnapshot", false)
        .set("IAMDatabaseAuthenticationEnabled", false)
        .set("MonitoringInterval", 0)
        .set("LicenseModel", "general-public-license")
        .set("CACertificateIdentifier", "rds-ca-rsa2048-g1")
        .copy(&Value::Object(resource.members.clone()), INSTANCE_MEMBERS)
        .set("DBInstanceIdentifier", resource.name.as_str())
        .set("DBInstanceArn", arn)
        .set("DbiResourceId", format!("db-{:026X}", u128::from(seed::hash(12, arn))))
        .set("DBInstanceStatus", state)
        .set("DbInstancePort", 0)
        .time("InstanceCreateTime", there.then(|| resource.life.made.unwrap_or(SET_UP)))
        .maybe(
            "Endpoint",
            there.then(|| json!({"Address": host(&resource.name, "c", call), "Port": port, "HostedZoneId": "Z32O12XQLNTSW2"})),
        )
        .maybe("AvailabilityZone", resource.zone.clone().or_else(|| Some(format!("{}a", call.caller.region))))
        .time("LatestRestorableTime", latest(resource, now).filter(|_| there))
        .set("VpcSecurityGroups", security_groups(resource))
        .set("DBSecurityGroups", json!([]))
        .set("DBParameterGroups", json!([{"DBParameterGroupName": group, "ParameterApplyStatus": "in-sync"}]))
        .set("OptionGroupMemberships", json!([{"OptionGroupName": option, "Status": "in-sync"}]))
        .maybe("DBSubnetGroup", subnets)
        .set("PendingModifiedValues", json!({}))
        .set("ReadReplicaDBInstanceIdentifiers", json!([]))
        .set("DomainMemberships", json!([]))
        .set("AssociatedRoles", json!([]))
        .maybe("StorageOperationStatus", tail.map(|_| "Initializing"))
        .maybe("StorageOperationPercentProgress", tail)
        .set("TagList", tag_list(resource))
        .done()
}

/// When everything that has no time of its own was set up.
const SET_UP: DateTime<Utc> = match DateTime::from_timestamp(1_704_067_200, 0) {
    Some(at) => at,
    None => DateTime::UNIX_EPOCH,
};

const CLUSTER_MEMBERS: &[&str] = &[
    "AllocatedStorage",
    "AvailabilityZones",
    "BackupRetentionPeriod",
    "CopyTagsToSnapshot",
    "DatabaseName",
    "DBClusterInstanceClass",
    "DeletionProtection",
    "EnabledCloudwatchLogsExports",
    "Engine",
    "EngineMode",
    "EngineVersion",
    "IAMDatabaseAuthenticationEnabled",
    "Iops",
    "KmsKeyId",
    "MasterUsername",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "StorageEncrypted",
    "StorageType",
];

/// AWS's DBCluster.
pub(super) fn cluster(world: &World, network: &Network, call: &Call, arn: &str, resource: &Resource) -> Value {
    let now = world.now();
    let engine = resource.text("Engine").unwrap_or("aurora-postgresql").to_owned();
    let engine_version = resource.text("EngineVersion").unwrap_or_else(|| version(&engine)).to_owned();
    let group = resource.text("DBClusterParameterGroupName").map_or_else(|| family(&engine, &engine_version), str::to_owned);
    let port = resource.members.get("Port").and_then(Value::as_i64).unwrap_or_else(|| port(&engine));
    let mut held: Vec<&Resource> = network
        .of("RDS")
        .map(|(_, instance)| instance)
        .filter(|instance| instance.text("DBClusterIdentifier") == Some(&resource.name) && !instance.life.over(now))
        .collect();
    held.sort_by_key(|instance| instance.life.made);
    let held: Vec<Value> = held
        .iter()
        .enumerate()
        .map(|(number, instance)| {
            let tier = instance.members.get("PromotionTier").and_then(Value::as_i64).unwrap_or(1);
            json!({"DBInstanceIdentifier": instance.name, "IsClusterWriter": number == 0,
                "DBClusterParameterGroupStatus": "in-sync", "PromotionTier": tier})
        })
        .collect();
    Members::new()
        .set("AllocatedStorage", 1)
        .set("AvailabilityZones", Network::zones(&call.caller.region).to_vec())
        .set("BackupRetentionPeriod", 1)
        .set("Engine", engine)
        .set("EngineMode", "provisioned")
        .set("EngineVersion", engine_version)
        .set("MasterUsername", "admin")
        .set("PreferredBackupWindow", "03:00-03:30")
        .set("PreferredMaintenanceWindow", "sun:04:00-sun:04:30")
        .set("StorageEncrypted", false)
        .set("CopyTagsToSnapshot", false)
        .set("DeletionProtection", false)
        .set("IAMDatabaseAuthenticationEnabled", false)
        .copy(&Value::Object(resource.members.clone()), CLUSTER_MEMBERS)
        .set("DBClusterIdentifier", resource.name.as_str())
        .set("DBClusterArn", arn)
        .set("DbClusterResourceId", format!("cluster-{:026X}", u128::from(seed::hash(12, arn))))
        .set("DBClusterParameterGroup", group)
        .set("DBSubnetGroup", resource.text("DBSubnetGroupName").unwrap_or("default"))
        .set("Status", resource.life.at(now, "available"))
        .set("Port", port)
        .set("Endpoint", host(&resource.name, "cluster-c", call))
        .set("ReaderEndpoint", host(&resource.name, "cluster-ro-c", call))
        .set("HostedZoneId", "Z32O12XQLNTSW2")
        .set("MultiAZ", held.len() > 1)
        .set("DBClusterMembers", held)
        .set("VpcSecurityGroups", security_groups(resource))
        .set("AssociatedRoles", json!([]))
        .set("ClusterCreateTime", stamp(resource.life.made.unwrap_or(SET_UP)))
        .time("EarliestRestorableTime", earliest(resource, now))
        .time("LatestRestorableTime", latest(resource, now))
        .set("HttpEndpointEnabled", false)
        .set("ActivityStreamStatus", "stopped")
        .set("CrossAccountClone", false)
        .set("AutoMinorVersionUpgrade", true)
        .set("DomainMemberships", json!([]))
        .set("TagList", tag_list(resource))
        .done()
}

/// Refuses a name that RDS would not take.
pub(super) fn name(input: &Value, member: &str) -> Result<String, Refusal> {
    let given = members::required(input, member);
    let name = given.to_lowercase();
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    let rest = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if first && rest && name.len() <= 63 && !name.ends_with('-') && !name.contains("--") {
        return Ok(name);
    }
    Err(super::invalid(format!(
        "The parameter {member} is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
    )))
}

/// Refuses a password that is missing or too short.
pub(super) fn password(input: &Value) -> Result<(), Refusal> {
    match members::text(input, "MasterUserPassword") {
        None if members::flag(input, "ManageMasterUserPassword") == Some(true) => Ok(()),
        None => Err(super::invalid("The parameter MasterUserPassword must be provided and must not be blank.")),
        Some(password) if password.chars().count() < 8 => {
            let message = "The parameter MasterUserPassword is not a valid password because it is shorter than 8 characters.";
            Err(super::invalid(message))
        }
        Some(_) => Ok(()),
    }
}

/// Refuses groups that are not there.
pub(super) fn groups_there(world: &World, network: &Network, input: &Value) -> Result<(), Refusal> {
    if let Some(group) = members::text(input, "DBSubnetGroupName")
        && !network.has_db_subnets(&group.to_lowercase())
    {
        return Err(groups::no_subnets(group));
    }
    if world.scenario.bare {
        return Ok(());
    }
    if let Some(id) =
        members::texts(input, "VpcSecurityGroupIds").into_iter().find(|id| network.find("SecurityGroup", id).is_none())
    {
        return Err(super::invalid(format!("Invalid security group , groupId= {id}, groupName=.")));
    }
    let group = members::text(input, "DBParameterGroupName").filter(|group| !group.starts_with("default."));
    match group.filter(|group| network.find("DBParameterGroup", group).is_none()) {
        Some(group) => Err(Refusal::new("DBParameterGroupNotFoundFault", format!("DBParameterGroup not found: {group}"))),
        None => Ok(()),
    }
}
