//! File systems and access points.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{MARKED, TOKENED, arn, given_tags, id_of, no_system, page, refusal, tag_list};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members, stamp};
use crate::sim::network::{Life, Network, Resource};
use crate::sim::world::World;

/// How long a file system takes, in seconds.
const TAKES: i64 = 10;
/// When what has no time of its own was set up.
const SET_UP: DateTime<Utc> = match DateTime::from_timestamp(1_704_067_200, 0) {
    Some(at) => at,
    None => DateTime::UNIX_EPOCH,
};

/// The file system with this id.
pub(super) fn find<'a>(network: &'a Network, id: &str, now: DateTime<Utc>) -> Result<&'a Resource, Refusal> {
    network.find("EFS", id_of(id)).filter(|found| !found.life.over(now)).ok_or_else(|| no_system(id))
}

fn told(network: &Network, call: &Call, arn: &str, resource: &Resource, now: DateTime<Utc>) -> Value {
    let targets = network
        .of("MountTarget")
        .filter(|(_, target)| target.text("FileSystemId") == Some(&resource.name) && !target.life.over(now));
    let size = resource.members.get("Bytes").and_then(Value::as_i64).unwrap_or(6144);
    Members::new()
        .set("OwnerId", call.caller.account.as_str())
        .set("CreationToken", resource.name.as_str())
        .set("PerformanceMode", "generalPurpose")
        .set("ThroughputMode", "bursting")
        .set("Encrypted", false)
        .copy(
            &Value::Object(resource.members.clone()),
            &[
                "CreationToken",
                "PerformanceMode",
                "ThroughputMode",
                "ProvisionedThroughputInMibps",
                "Encrypted",
                "KmsKeyId",
                "AvailabilityZoneName",
            ],
        )
        .set("FileSystemId", resource.name.as_str())
        .set("FileSystemArn", arn)
        .set("CreationTime", stamp(resource.life.made.unwrap_or(SET_UP)))
        .set("LifeCycleState", resource.life.at(now, "available"))
        .maybe("Name", resource.tags.get("Name").cloned())
        .set("NumberOfMountTargets", targets.count())
        .set("SizeInBytes", json!({"Value": size, "ValueInIA": 0, "ValueInStandard": size, "ValueInArchive": 0}))
        .set("FileSystemProtection", json!({"ReplicationOverwriteProtection": "ENABLED"}))
        .set("Tags", tag_list(resource))
        .done()
}

pub(super) fn describe(world: &World, call: &Call) -> Answer {
    let (network, input, now) = (world.network(&call.caller), &call.input, world.now());
    let id = members::text(input, "FileSystemId").map(id_of);
    let token = members::text(input, "CreationToken");
    if id.is_some() && token.is_some() {
        return Err(refusal("BadRequest", "FileSystemId and CreationToken cannot be used together."));
    }
    if let Some(id) = id {
        find(&network, id, now)?;
    }
    let there = network.of("EFS").filter(|(_, found)| !found.life.over(now) && id.is_none_or(|id| id == found.name));
    let there = there.filter(|(_, found)| token.is_none_or(|token| found.text("CreationToken").unwrap_or(&found.name) == token));
    let rows = there.map(|(arn, found)| (found.name.clone(), told(&network, call, arn, found, now)));
    page(&MARKED, call, "FileSystems", rows.collect(), "NextMarker")
}

pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let (input, now, takes) = (&call.input, world.now(), world.takes(TAKES));
    let id = format!("fs-0{}", world.ids.hex(16));
    let token = members::required(input, "CreationToken");
    let network = world.network(&call.caller);
    let known = network.of("EFS").find(|(_, found)| found.text("CreationToken") == Some(token) && !found.life.over(now));
    if let Some((_, known)) = known {
        let message = format!("File system '{}' already exists with creation token '{token}'", known.name);
        return Err(refusal("FileSystemAlreadyExists", message).with("FileSystemId", known.name.as_str()));
    }
    if members::text(input, "KmsKeyId").is_some() && members::flag(input, "Encrypted") != Some(true) {
        return Err(refusal("BadRequest", "If KmsKeyId is specified, Encrypted must be true."));
    }
    if let Some(zone) = members::text(input, "AvailabilityZoneName")
        && !Network::zones(&call.caller.region).iter().any(|known| known == zone)
    {
        return Err(refusal("UnsupportedAvailabilityZone", format!("The Availability Zone {zone} is not supported.")));
    }
    let known = &[
        "CreationToken",
        "PerformanceMode",
        "ThroughputMode",
        "ProvisionedThroughputInMibps",
        "Encrypted",
        "KmsKeyId",
        "AvailabilityZoneName",
    ];
    let mut members = Members::new()
        .copy(input, known)
        .set("BackupPolicy", if members::flag(input, "Backup") == Some(true) { "ENABLED" } else { "DISABLED" });
    if members::flag(input, "Encrypted") == Some(true) && members::text(input, "KmsKeyId").is_none() {
        members = members
            .set("KmsKeyId", format!("arn:aws:kms:{}:{}:alias/aws/elasticfilesystem", call.caller.region, call.caller.account));
    }
    let mut made = Resource::new("EFS", &id, members.done());
    made.life = Life::begin(now, &[(now, "creating"), (now + takes, "available")]);
    made.tags = given_tags(input);
    drop(network);
    let arn = arn(call, "file-system", &id);
    world.site_mut(&call.caller).network.resources.insert(arn.clone(), made.clone());
    world.effect(call, &id);
    let mut told = told(&world.network(&call.caller), call, &arn, &made, now);
    if !world.scenario.bare {
        told["LifeCycleState"] = "creating".into();
    }
    Ok(told)
}

pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let (now, takes) = (world.now(), world.takes(TAKES));
    let id = id_of(members::required(&call.input, "FileSystemId"));
    let network = world.network(&call.caller);
    find(&network, id, now)?;
    if network.of("MountTarget").any(|(_, target)| target.text("FileSystemId") == Some(id) && !target.life.over(now)) {
        let message = format!("Cannot delete the file system '{id}' because it has mount targets.");
        return Err(refusal("FileSystemInUse", message));
    }
    drop(network);
    if let Some(found) = world.site_mut(&call.caller).network.find_mut("EFS", id) {
        found.life.go_on(now, &[(now, "deleting"), (now + takes, "")]);
    }
    world.effect(call, id);
    Ok(json!({}))
}

/// The same file system, to change it.
fn find_mut<'a>(world: &'a mut World, call: &Call) -> Result<&'a mut Resource, Refusal> {
    let (now, id) = (world.now(), members::required(&call.input, "FileSystemId"));
    let network = &mut world.site_mut(&call.caller).network;
    network.find_mut("EFS", id_of(id)).filter(|found| !found.life.over(now)).ok_or_else(|| no_system(id))
}

pub(super) fn backup_policy(world: &mut World, call: &Call) -> Answer {
    let put = call.input.get("BackupPolicy").and_then(|policy| policy.get("Status")).cloned();
    let found = find_mut(world, call)?;
    if let Some(status) = put {
        found.members.insert("BackupPolicy".to_owned(), status);
    }
    match found.text("BackupPolicy") {
        Some(status) => Ok(json!({"BackupPolicy": {"Status": status}})),
        None => Err(refusal("PolicyNotFound", "None")),
    }
}

pub(super) fn policy(world: &mut World, call: &Call) -> Answer {
    let put = call.input.get("Policy").cloned();
    let found = find_mut(world, call)?;
    if call.operation == "DeleteFileSystemPolicy" {
        found.members.shift_remove("Policy");
        return Ok(json!({}));
    }
    if let Some(policy) = put {
        found.members.insert("Policy".to_owned(), policy);
    }
    match found.text("Policy") {
        Some(policy) => Ok(json!({"FileSystemId": found.name, "Policy": policy})),
        None => Err(refusal("PolicyNotFound", "None")),
    }
}

pub(super) fn lifecycle(world: &mut World, call: &Call) -> Answer {
    let put = call.input.get("LifecyclePolicies").cloned();
    let found = find_mut(world, call)?;
    if let Some(policies) = put {
        found.members.insert("LifecyclePolicies".to_owned(), policies);
    }
    Ok(json!({"LifecyclePolicies": found.members.get("LifecyclePolicies").cloned().unwrap_or_else(|| json!([]))}))
}

fn point(call: &Call, arn: &str, resource: &Resource, now: DateTime<Utc>) -> Value {
    Members::new()
        .copy(&Value::Object(resource.members.clone()), &["ClientToken", "FileSystemId", "PosixUser", "RootDirectory"])
        .set("AccessPointId", resource.name.as_str())
        .set("AccessPointArn", arn)
        .set("OwnerId", call.caller.account.as_str())
        .set("LifeCycleState", resource.life.at(now, "available"))
        .maybe("Name", resource.tags.get("Name").cloned())
        .set("Tags", tag_list(resource))
        .done()
}

fn no_point(id: &str) -> Refusal {
    refusal("AccessPointNotFound", format!("Access Point {id} does not exist."))
}

pub(super) fn create_point(world: &mut World, call: &Call) -> Answer {
    let (input, now) = (&call.input, world.now());
    let id = format!("fsap-0{}", world.ids.hex(16));
    let network = world.network(&call.caller);
    let system = find(&network, members::required(input, "FileSystemId"), now)?.name.clone();
    let token = members::text(input, "ClientToken");
    let known = network.of("AccessPoint").find(|(_, point)| token.is_some() && point.text("ClientToken") == token);
    if let Some((_, known)) = known {
        let message = format!("Access point already exists with client token '{}'", token.unwrap_or_default());
        return Err(refusal("AccessPointAlreadyExists", message).with("AccessPointId", known.name.as_str()));
    }
    let root = input.get("RootDirectory").cloned().unwrap_or_else(|| json!({"Path": "/"}));
    let members =
        Members::new().copy(input, &["ClientToken", "PosixUser"]).set("RootDirectory", root).set("FileSystemId", system).done();
    let mut made = Resource::new("AccessPoint", &id, members);
    made.life = Life::begin(now, &[(now, "creating"), (now + world.takes(TAKES), "available")]);
    made.tags = given_tags(input);
    drop(network);
    let arn = arn(call, "access-point", &id);
    world.site_mut(&call.caller).network.resources.insert(arn.clone(), made.clone());
    world.effect(call, &id);
    Ok(point(call, &arn, &made, now))
}

pub(super) fn describe_points(world: &World, call: &Call) -> Answer {
    let (network, input, now) = (world.network(&call.caller), &call.input, world.now());
    let (id, system) = (members::text(input, "AccessPointId").map(id_of), members::text(input, "FileSystemId").map(id_of));
    if let Some(system) = system {
        find(&network, system, now)?;
    }
    let there = network.of("AccessPoint").filter(|(_, found)| {
        id.is_none_or(|id| id == found.name) && system.is_none_or(|system| found.text("FileSystemId") == Some(system))
    });
    let rows: Vec<_> = there.map(|(arn, found)| (found.name.clone(), point(call, arn, found, now))).collect();
    match id.filter(|_| rows.is_empty()) {
        Some(id) => Err(no_point(id)),
        None => page(&TOKENED, call, "AccessPoints", rows, "NextToken"),
    }
}

pub(super) fn delete_point(world: &mut World, call: &Call) -> Answer {
    let id = id_of(members::required(&call.input, "AccessPointId"));
    let arn = arn(call, "access-point", id);
    world.site_mut(&call.caller).network.resources.remove(&arn).ok_or_else(|| no_point(id))?;
    world.effect(call, id);
    Ok(json!({}))
}
