//! RDS and Aurora: instances, clusters, their snapshots and groups. All of it is the site's resources; nothing is kept here.

mod clusters;
mod filters;
mod groups;
mod instances;
mod snapshots;
mod told;
mod windows;

use serde_json::{Value, json};

use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::network::Resource;
use crate::sim::page::Paging;
use crate::sim::service::coverage::{Operation, changes, reads};
use crate::sim::world::World;

/// What holds for all of the service.
pub const NOTE: &str = "Databases hold no data; what a restored one would hold is told by the moment that it was restored to. \
                        MaxRecords may be less than 20. In an empty estate security and parameter groups are not held against what is there.";

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    changes("AddTagsToResource", ""),
    changes("CopyDBClusterSnapshot", "from another Region at once, like any other"),
    changes("CopyDBSnapshot", "from another Region at once, like any other"),
    changes("CreateDBCluster", ""),
    changes("CreateDBClusterSnapshot", ""),
    changes("CreateDBInstance", ""),
    changes("CreateDBParameterGroup", "groups have no parameters"),
    changes("CreateDBSnapshot", ""),
    changes("CreateDBSubnetGroup", ""),
    changes("DeleteDBCluster", ""),
    changes("DeleteDBClusterSnapshot", ""),
    changes("DeleteDBInstance", ""),
    changes("DeleteDBParameterGroup", ""),
    changes("DeleteDBSnapshot", ""),
    changes("DeleteDBSubnetGroup", ""),
    reads("DescribeDBClusterSnapshots", ""),
    reads("DescribeDBClusters", ""),
    reads("DescribeDBInstances", ""),
    reads("DescribeDBParameterGroups", ""),
    reads("DescribeDBSnapshots", "those of callers and of recovery points"),
    reads("DescribeDBSubnetGroups", ""),
    reads("DescribeEvents", "the creation of instances and clusters"),
    reads("ListTagsForResource", ""),
    changes("ModifyDBCluster", "at once"),
    changes("ModifyDBInstance", "at once"),
    changes("ModifyDBSubnetGroup", ""),
    changes("RebootDBInstance", ""),
    changes("RemoveTagsFromResource", ""),
    changes("RestoreDBClusterFromSnapshot", ""),
    changes("RestoreDBClusterToPointInTime", ""),
    changes("RestoreDBInstanceFromDBSnapshot", ""),
    changes("RestoreDBInstanceToPointInTime", "not from an automated backup of another Region"),
    changes("StartDBCluster", ""),
    changes("StartDBInstance", ""),
    changes("StopDBCluster", ""),
    changes("StopDBInstance", ""),
];

const PAGING: Paging = Paging {
    token: "Marker",
    size: "MaxRecords",
    default: 100,
    max: 100,
    code: "InvalidParameterValue",
    message: "Invalid or expired pagination marker",
};

/// Answers one call to RDS.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateDBInstance" => instances::create(world, call),
        "DeleteDBInstance" => instances::delete(world, call),
        "ModifyDBInstance" => instances::modify(world, call),
        "DescribeDBInstances" => instances::describe(world, call),
        "StartDBInstance" | "StopDBInstance" | "RebootDBInstance" => instances::turn(world, call),
        "RestoreDBInstanceToPointInTime" => instances::to_point(world, call),
        "RestoreDBInstanceFromDBSnapshot" => instances::from_snapshot(world, call),
        "CreateDBCluster" => clusters::create(world, call),
        "DeleteDBCluster" => clusters::delete(world, call),
        "ModifyDBCluster" => clusters::modify(world, call),
        "DescribeDBClusters" => clusters::describe(world, call),
        "StartDBCluster" | "StopDBCluster" => clusters::turn(world, call),
        "RestoreDBClusterToPointInTime" => clusters::to_point(world, call),
        "RestoreDBClusterFromSnapshot" => clusters::from_snapshot(world, call),
        "CreateDBSnapshot" | "CreateDBClusterSnapshot" => snapshots::create(world, call),
        "CopyDBSnapshot" | "CopyDBClusterSnapshot" => snapshots::copy(world, call),
        "DeleteDBSnapshot" | "DeleteDBClusterSnapshot" => snapshots::delete(world, call),
        "DescribeDBSnapshots" | "DescribeDBClusterSnapshots" => snapshots::describe(world, call),
        "CreateDBSubnetGroup" => groups::create_subnets(world, call),
        "ModifyDBSubnetGroup" => groups::modify_subnets(world, call),
        "DeleteDBSubnetGroup" => groups::delete_subnets(world, call),
        "DescribeDBSubnetGroups" => groups::describe_subnets(world, call),
        "CreateDBParameterGroup" => groups::create_parameters(world, call),
        "DeleteDBParameterGroup" => groups::delete_parameters(world, call),
        "DescribeDBParameterGroups" => groups::describe_parameters(world, call),
        "DescribeEvents" => events(world, call),
        "AddTagsToResource" | "RemoveTagsFromResource" | "ListTagsForResource" => tags(world, call),
        _ => Err(super::unknown(call)),
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterValue", message)
}

/// One page of rows with their names.
fn page(call: &Call, member: &str, mut rows: Vec<(String, Value)>) -> Answer {
    let cursor = PAGING.open::<String>(call)?;
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    let after = cursor.after.clone();
    let rows = rows.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
    let (page, token) = cursor.take(rows);
    Ok(Members::new().set(member, page).maybe("Marker", token).done())
}

/// AWS's TagList.
fn tag_list(resource: &Resource) -> Value {
    Value::Array(resource.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect())
}

/// Key and value of the tags in an input.
fn given_tags(input: &Value) -> std::collections::BTreeMap<String, String> {
    let pair = |tag: &Value| (members::required(tag, "Key").to_owned(), members::required(tag, "Value").to_owned());
    members::list(input, "Tags").iter().map(pair).collect()
}

/// The ARN of something of RDS.
fn arn(call: &Call, kind: &str, name: &str) -> String {
    format!("arn:aws:rds:{}:{}:{kind}:{name}", call.caller.region, call.caller.account)
}

fn tags(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let name = members::required(input, "ResourceName");
    let now = world.now();
    let found = world.site_mut(&call.caller).network.resources.get_mut(name).filter(|found| !found.life.over(now));
    let Some(found) = found.filter(|_| name.starts_with("arn:aws:rds:")) else {
        let (kind, id) = name.rsplit_once(':').map_or(("", name), |(before, id)| (before, id));
        return Err(if kind.ends_with(":db") {
            instances::missing(id)
        } else if kind.ends_with(":cluster") {
            clusters::missing(id)
        } else if kind.ends_with("snapshot") {
            Refusal::new("DBSnapshotNotFoundFault", format!("DBSnapshot {id} not found."))
        } else if kind.ends_with(":subgrp") {
            groups::no_subnets(id)
        } else {
            invalid(format!("Invalid resource name: {name}"))
        });
    };
    match call.operation.as_str() {
        "AddTagsToResource" => found.tags.extend(given_tags(input)),
        "RemoveTagsFromResource" => members::texts(input, "TagKeys").into_iter().for_each(|key| drop(found.tags.remove(key))),
        _ => return Ok(json!({"TagList": tag_list(found)})),
    }
    Ok(json!({}))
}

fn events(world: &World, call: &Call) -> Answer {
    let input = &call.input;
    let network = world.network(&call.caller);
    let (wanted, kind) = (members::text(input, "SourceIdentifier"), members::text(input, "SourceType"));
    if wanted.is_some() && kind.is_none() {
        let message = "Cannot specify source identifier without source type";
        return Err(Refusal::new("InvalidParameterCombination", message));
    }
    let minutes = members::integer(input, "Duration").unwrap_or(60);
    let since = members::time(input, "StartTime").unwrap_or(world.now() - chrono::TimeDelta::minutes(minutes));
    let until = members::time(input, "EndTime").unwrap_or(world.now());
    let words = [("RDS", "db-instance", "DB instance created"), ("Aurora", "db-cluster", "DB cluster created")];
    let rows = words.into_iter().flat_map(|(of, word, message)| {
        let network = &network;
        network.of(of).filter_map(move |(arn, resource)| {
            let made = resource.life.made.filter(|made| *made >= since && *made <= until)?;
            let told = json!({"SourceIdentifier": resource.name, "SourceType": word, "Message": message,
                "EventCategories": ["creation"], "Date": members::stamp(made), "SourceArn": arn});
            let asked = wanted.is_none_or(|wanted| wanted == resource.name) && kind.is_none_or(|kind| kind == word);
            asked.then(|| (format!("{made} {}", resource.name), told))
        })
    });
    page(call, "Events", rows.collect())
}
