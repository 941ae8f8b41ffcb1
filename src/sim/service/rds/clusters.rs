//! Aurora clusters. A restored one has no instances: they are made afterwards.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::instances::moment;
use super::told::{self, CHANGE, CLUSTER, groups_there};
use super::{arn, given_tags, invalid, page, snapshots};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::network::{Life, Network, Resource};
use crate::sim::world::World;

const SET: &[&str] = &[
    "AllocatedStorage",
    "AvailabilityZones",
    "BackupRetentionPeriod",
    "CopyTagsToSnapshot",
    "DatabaseName",
    "DBClusterInstanceClass",
    "DBClusterParameterGroupName",
    "DBSubnetGroupName",
    "DeletionProtection",
    "Engine",
    "EngineMode",
    "EngineVersion",
    "Iops",
    "KmsKeyId",
    "MasterUsername",
    "Port",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "StorageEncrypted",
    "StorageType",
    "VpcSecurityGroupIds",
];

pub(super) fn missing(name: &str) -> Refusal {
    Refusal::new("DBClusterNotFoundFault", format!("DBCluster {name} not found."))
}

pub(super) fn find<'a>(network: &'a Network, name: &str, now: DateTime<Utc>) -> Result<&'a Resource, Refusal> {
    network.find("Aurora", &name.to_lowercase()).filter(|found| !found.life.over(now)).ok_or_else(|| missing(name))
}

pub(super) fn describe(world: &World, call: &Call) -> Answer {
    let network = world.network(&call.caller);
    let (input, now) = (&call.input, world.now());
    let name = members::text(input, "DBClusterIdentifier").map(str::to_lowercase);
    if let Some(name) = name.as_ref().filter(|name| !name.starts_with("arn:")) {
        find(&network, name, now)?;
    }
    let mut rows = Vec::new();
    for (arn, resource) in network.of("Aurora").filter(|(_, resource)| !resource.life.over(now)) {
        let mut asked = name.as_ref().is_none_or(|name| *name == resource.name || *name == arn.to_lowercase());
        for filter in members::list(input, "Filters") {
            let wanted = members::texts(filter, "Values");
            asked &= match members::required(filter, "Name") {
                "db-cluster-id" => wanted.contains(&resource.name.as_str()) || wanted.contains(&arn.as_str()),
                "engine" => wanted.contains(&resource.text("Engine").unwrap_or("aurora-postgresql")),
                other => return Err(invalid(format!("Unrecognized filter name: {other}"))),
            };
        }
        if asked {
            rows.push((resource.name.clone(), told::cluster(world, &network, call, arn, resource)));
        }
    }
    page(call, "DBClusters", rows)
}

fn checked(world: &World, call: &Call) -> Result<String, Refusal> {
    let name = told::name(&call.input, "DBClusterIdentifier")?;
    let network = world.network(&call.caller);
    if network.find("Aurora", &name).is_some_and(|found| !found.life.over(world.now())) {
        return Err(Refusal::new("DBClusterAlreadyExistsFault", "DB Cluster already exists"));
    }
    groups_there(world, &network, &call.input)?;
    Ok(name)
}

fn put(
    world: &mut World,
    call: &Call,
    name: &str,
    members: Value,
    source: Option<&str>,
    data_of: Option<DateTime<Utc>>,
) -> Answer {
    let (now, takes) = (world.now(), world.takes(CLUSTER));
    let mut made = Resource::new("Aurora", name, members);
    made.life = Life::begin(now, &[(now, "creating"), (now + takes, "available")]);
    made.tags = given_tags(&call.input);
    made.source = source.map(Into::into);
    made.data_of = data_of;
    if made.members.get("VpcSecurityGroupIds").is_none() {
        let network = world.network(&call.caller);
        let default = network.of("SecurityGroup").find(|(_, group)| group.text("GroupName") == Some("default"));
        made.members.insert("VpcSecurityGroupIds".into(), default.map(|(_, group)| group.name.clone()).into_iter().collect());
    }
    let arn = arn(call, "cluster", name);
    let network = &mut world.site_mut(&call.caller).network;
    if made.text("DBSubnetGroupName").is_none_or(|name| name == "default") {
        network.make_db_subnets(&call.caller.account, &call.caller.region);
    }
    network.resources.insert(arn.clone(), made.clone());
    world.effect(call, name);
    let network = world.network(&call.caller);
    let mut told = told::cluster(world, &network, call, &arn, &made);
    if !world.scenario.bare {
        told["Status"] = "creating".into();
    }
    Ok(json!({"DBCluster": told}))
}

pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let name = checked(world, call)?;
    let engine = members::required(input, "Engine");
    const ENGINES: [&str; 6] = ["aurora-mysql", "aurora-postgresql", "mysql", "postgres", "docdb", "neptune"];
    if !ENGINES.contains(&engine) {
        return Err(invalid(format!("Invalid DB engine: {engine}")));
    }
    if input.get("MasterUsername").is_none() {
        return Err(invalid("The parameter MasterUsername must be provided and must not be blank."));
    }
    told::password(input)?;
    let members = Members::new().copy(input, SET).done();
    put(world, call, &name, members, None, None)
}

pub(super) fn modify(world: &mut World, call: &Call) -> Answer {
    let (input, now, takes) = (&call.input, world.now(), world.takes(CHANGE));
    let name = members::required(input, "DBClusterIdentifier").to_lowercase();
    let network = world.network(&call.caller);
    find(&network, &name, now)?;
    groups_there(world, &network, input)?;
    let new = members::text(input, "NewDBClusterIdentifier").map(|_| told::name(input, "NewDBClusterIdentifier")).transpose()?;
    drop(network);
    let (old_arn, new_arn) = (arn(call, "cluster", &name), arn(call, "cluster", new.as_deref().unwrap_or(&name)));
    let resources = &mut world.site_mut(&call.caller).network.resources;
    let Some(mut changed) = resources.remove(&old_arn) else { return Err(missing(&name)) };
    changed.members.extend(Members::new().copy(input, SET).done().as_object().cloned().unwrap_or_default());
    if let Some(new) = new {
        let of = |instance: &&mut Resource| instance.text("DBClusterIdentifier") == Some(&name);
        for instance in resources.values_mut().filter(of) {
            instance.members.insert("DBClusterIdentifier".into(), new.clone().into());
        }
        changed.name = new;
    }
    changed.life.go_on(now, &[(now, "modifying"), (now + takes, "available")]);
    resources.insert(new_arn.clone(), changed.clone());
    world.effect(call, &changed.name);
    let network = world.network(&call.caller);
    Ok(json!({"DBCluster": told::cluster(world, &network, call, &new_arn, &changed)}))
}

pub(super) fn turn(world: &mut World, call: &Call) -> Answer {
    let (now, takes) = (world.now(), world.takes(CHANGE));
    let name = members::required(&call.input, "DBClusterIdentifier").to_lowercase();
    let state = find(&world.network(&call.caller), &name, now)?.life.at(now, "available");
    let (needed, on_the_way, then) = if call.operation == "StartDBCluster" {
        ("stopped", "starting", "available")
    } else {
        ("available", "stopping", "stopped")
    };
    if state != needed {
        let message = format!("DbCluster {name} is in {state} state but expected in one of {needed}.");
        return Err(Refusal::new("InvalidDBClusterStateFault", message));
    }
    let arn = arn(call, "cluster", &name);
    let network = &mut world.site_mut(&call.caller).network;
    for (of, found) in network.resources.iter_mut() {
        if *of == arn || (found.kind == "RDS" && found.text("DBClusterIdentifier") == Some(&name)) {
            found.life.go_on(now, &[(now, on_the_way), (now + takes, then)]);
        }
    }
    world.effect(call, &name);
    let network = world.network(&call.caller);
    let mut told = told::cluster(world, &network, call, &arn, find(&network, &name, now)?);
    if !world.scenario.bare {
        told["Status"] = on_the_way.into();
    }
    Ok(json!({"DBCluster": told}))
}

pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let (input, now, takes) = (&call.input, world.now(), world.takes(CHANGE));
    let name = members::required(input, "DBClusterIdentifier").to_lowercase();
    let network = world.network(&call.caller);
    let found = find(&network, &name, now)?.clone();
    if found.members.get("DeletionProtection") == Some(&true.into()) {
        let message = "Cannot delete protected Cluster, please disable deletion protection and try again.";
        return Err(Refusal::new("InvalidParameterCombination", message));
    }
    let held = network.of("RDS").any(|(_, instance)| {
        instance.text("DBClusterIdentifier") == Some(&name) && !matches!(instance.life.at(now, "available"), "" | "deleting")
    });
    if held {
        let message = "Cluster cannot be deleted, it still contains DB instances in non-deleting state.";
        return Err(Refusal::new("InvalidDBClusterStateFault", message));
    }
    let last = members::text(input, "FinalDBSnapshotIdentifier");
    let skip = members::flag(input, "SkipFinalSnapshot") == Some(true);
    if !skip && last.is_none() && !world.scenario.bare {
        let message = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.";
        return Err(Refusal::new("InvalidParameterCombination", message));
    }
    let arn = arn(call, "cluster", &name);
    let mut told = told::cluster(world, &network, call, &arn, &found);
    drop(network);
    if let Some(last) = last.filter(|_| !skip) {
        snapshots::keep(world, call, last, &found)?;
    }
    if let Some(found) = world.site_mut(&call.caller).network.resources.get_mut(&arn) {
        found.life.go_on(now, &[(now, "deleting"), (now + takes, "")]);
    }
    world.effect(call, &name);
    told["Status"] = "deleting".into();
    Ok(json!({"DBCluster": told}))
}

/// RestoreDBClusterToPointInTime.
pub(super) fn to_point(world: &mut World, call: &Call) -> Answer {
    let (input, now) = (&call.input, world.now());
    let source = members::required(input, "SourceDBClusterIdentifier");
    let name = source.rsplit(':').next().unwrap_or(source);
    let found = find(&world.network(&call.caller), name, now)?.clone();
    let at = moment(input, "RestoreToTime", &found, now)?;
    let name = checked(world, call)?;
    let members = restored(&found, input);
    put(world, call, &name, members, Some(&arn(call, "cluster", &found.name)), Some(at))
}

/// RestoreDBClusterFromSnapshot.
pub(super) fn from_snapshot(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let found = snapshots::source(world, call, members::required(input, "SnapshotIdentifier"), "DBClusterSnapshot")?;
    let name = checked(world, call)?;
    let members = restored(&found, input);
    put(world, call, &name, members, found.source.as_deref(), found.data_of)
}

fn restored(source: &Resource, input: &Value) -> Value {
    let mut members = source.members.clone();
    for own in ["DBClusterParameterGroupName", "DeletionProtection", "VpcSecurityGroupIds", "DBSubnetGroupName"] {
        members.shift_remove(own);
    }
    members.extend(Members::new().copy(input, SET).done().as_object().cloned().unwrap_or_default());
    Value::Object(members)
}
