//! Mount targets: one a file system and Availability Zone.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::systems::find;
use super::{MARKED, arn, id_of, page, refusal};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::network::{Life, Network, Resource};
use crate::sim::seed;
use crate::sim::service::ec2;
use crate::sim::world::World;

/// How long a mount target takes, in seconds.
const TAKES: i64 = 90;

fn none(id: &str) -> Refusal {
    refusal("MountTargetNotFound", format!("Mount target '{id}' does not exist."))
}

fn target<'a>(network: &'a Network, id: &str, now: DateTime<Utc>) -> Result<&'a Resource, Refusal> {
    network.find("MountTarget", id).filter(|found| !found.life.over(now)).ok_or_else(|| none(id))
}

fn told(world: &World, network: &Network, call: &Call, resource: &Resource) -> Value {
    let subnet = resource.text("SubnetId").and_then(|id| network.find("Subnet", id));
    let zone = subnet.and_then(|subnet| subnet.zone.clone()).unwrap_or_default();
    let (account, region) = (&call.caller.account, &call.caller.region);
    Members::new()
        .set("OwnerId", account.as_str())
        .set("MountTargetId", resource.name.as_str())
        .copy(&Value::Object(resource.members.clone()), &["FileSystemId", "SubnetId", "IpAddress"])
        .set("LifeCycleState", resource.life.at(world.now(), "available"))
        .set("NetworkInterfaceId", format!("eni-0{:016x}", seed::hash(13, &resource.name)))
        .maybe("AvailabilityZoneId", ec2::id_of(world.seed, account, region, &zone))
        .set("AvailabilityZoneName", zone)
        .maybe("VpcId", subnet.and_then(|subnet| subnet.text("VpcId")))
        .done()
}

pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let (input, now, takes) = (&call.input, world.now(), world.takes(TAKES));
    let id = format!("fsmt-0{}", world.ids.hex(16));
    let network = world.network(&call.caller);
    let system = find(&network, members::required(input, "FileSystemId"), now)?;
    if system.life.at(now, "available") != "available" {
        let message = format!("File system '{}' is not in the available state.", system.name);
        return Err(refusal("IncorrectFileSystemLifeCycleState", message));
    }
    let wanted = members::required(input, "SubnetId");
    let missing = || refusal("SubnetNotFound", format!("The subnet ID '{wanted}' does not exist"));
    let subnet = network.find("Subnet", wanted).ok_or_else(missing)?;
    for group in members::texts(input, "SecurityGroups") {
        let missing = || refusal("SecurityGroupNotFound", format!("The security group '{group}' does not exist"));
        network.find("SecurityGroup", group).ok_or_else(missing)?;
    }
    if members::texts(input, "SecurityGroups").len() > 5 {
        return Err(refusal(
            "SecurityGroupLimitExceeded",
            "The maximum number of security groups per interface has been reached.",
        ));
    }
    let vpc = subnet.text("VpcId");
    for (_, other) in
        network.of("MountTarget").filter(|(_, other)| other.text("FileSystemId") == Some(&system.name) && !other.life.over(now))
    {
        let its = other.text("SubnetId").and_then(|id| network.find("Subnet", id));
        if its.is_some_and(|its| its.zone == subnet.zone) {
            return Err(refusal("MountTargetConflict", "mount target already exists in this AZ"));
        }
        if its.is_some_and(|its| its.text("VpcId") != vpc) {
            return Err(refusal(
                "MountTargetConflict",
                "requested subnet for new mount target is not in the same VPC as existing mount targets",
            ));
        }
    }
    let block = subnet.text("CidrBlock").unwrap_or("10.0.0.0/24").to_owned();
    let (prefix, _) = block.rsplit_once('.').unwrap_or(("10.0.0", ""));
    let address =
        members::text(input, "IpAddress").map_or_else(|| format!("{prefix}.{}", 10 + seed::hash(14, &id) % 240), str::to_owned);
    let groups: Vec<String> = members::texts(input, "SecurityGroups").into_iter().map(str::to_owned).collect();
    let default =
        network.of("SecurityGroup").find(|(_, group)| group.text("VpcId") == vpc && group.text("GroupName") == Some("default"));
    let groups = if groups.is_empty() { default.map(|(_, group)| group.name.clone()).into_iter().collect() } else { groups };
    let members = json!({"FileSystemId": system.name, "SubnetId": wanted, "IpAddress": address, "SecurityGroupIds": groups});
    let mut made = Resource::new("MountTarget", &id, members);
    made.life = Life::begin(now, &[(now, "creating"), (now + takes, "available")]);
    drop(network);
    world.site_mut(&call.caller).network.resources.insert(arn(call, "mount-target", &id), made.clone());
    world.effect(call, &id);
    let mut told = told(world, &world.network(&call.caller), call, &made);
    if !world.scenario.bare {
        told["LifeCycleState"] = "creating".into();
    }
    Ok(told)
}

pub(super) fn describe(world: &World, call: &Call) -> Answer {
    let (network, input, now) = (world.network(&call.caller), &call.input, world.now());
    let text = |member| members::text(input, member).map(id_of);
    let (system, id, point) = (text("FileSystemId"), text("MountTargetId"), text("AccessPointId"));
    if [system, id, point].iter().flatten().count() != 1 {
        return Err(refusal("BadRequest", "Must specify exactly one mutually exclusive parameter."));
    }
    let of_point = point.map(|point| {
        let missing = || refusal("AccessPointNotFound", format!("Access Point {point} does not exist."));
        Ok(network.find("AccessPoint", point).ok_or_else(missing)?.text("FileSystemId").unwrap_or_default())
    });
    let system = system.or(of_point.transpose()?);
    if let Some(system) = system {
        find(&network, system, now)?;
    }
    if let Some(id) = id {
        target(&network, id, now)?;
    }
    let there = network.of("MountTarget").filter(|(_, found)| {
        !found.life.over(now)
            && id.is_none_or(|id| id == found.name)
            && system.is_none_or(|system| found.text("FileSystemId") == Some(system))
    });
    page(
        &MARKED,
        call,
        "MountTargets",
        there.map(|(_, found)| (found.name.clone(), told(world, &network, call, found))).collect(),
        "NextMarker",
    )
}

pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let (now, takes) = (world.now(), world.takes(TAKES / 3));
    let id = members::required(&call.input, "MountTargetId");
    target(&world.network(&call.caller), id, now)?;
    if let Some(found) = world.site_mut(&call.caller).network.find_mut("MountTarget", id) {
        found.life.go_on(now, &[(now, "deleting"), (now + takes, "")]);
    }
    world.effect(call, id);
    Ok(json!({}))
}

pub(super) fn groups(world: &mut World, call: &Call) -> Answer {
    let (now, input) = (world.now(), &call.input);
    let id = members::required(input, "MountTargetId");
    let found = target(&world.network(&call.caller), id, now)?.clone();
    if call.operation == "DescribeMountTargetSecurityGroups" {
        return Ok(json!({"SecurityGroups": found.members.get("SecurityGroupIds").cloned().unwrap_or_else(|| json!([]))}));
    }
    let wanted = input.get("SecurityGroups").cloned().unwrap_or_else(|| json!([]));
    for group in members::texts(input, "SecurityGroups") {
        let missing = || refusal("SecurityGroupNotFound", format!("The security group '{group}' does not exist"));
        world.network(&call.caller).find("SecurityGroup", group).ok_or_else(missing)?;
    }
    if let Some(found) = world.site_mut(&call.caller).network.find_mut("MountTarget", id) {
        found.members.insert("SecurityGroupIds".to_owned(), wanted);
    }
    Ok(json!({}))
}
