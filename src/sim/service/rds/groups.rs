//! DB subnet groups and parameter groups.

use serde_json::{Value, json};

use super::{arn, given_tags, invalid, page};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::network::{Network, Resource};
use crate::sim::world::World;

pub(super) fn no_subnets(name: &str) -> Refusal {
    Refusal::new("DBSubnetGroupNotFoundFault", format!("DB subnet group '{name}' does not exist."))
}

/// AWS's DBSubnetGroup.
pub(super) fn subnets(network: &Network, call: &Call, group: &Resource) -> Value {
    let vpc = group.text("VpcId").unwrap_or_default();
    let ids = group.members.get("SubnetIds").and_then(Value::as_array);
    let all = network.of("Subnet").map(|(_, subnet)| subnet);
    let held = all.filter(|subnet| match ids {
        Some(ids) => ids.iter().any(|id| *id == subnet.name),
        None => subnet.text("VpcId") == Some(vpc),
    });
    let told = held.map(|subnet| {
        json!({"SubnetIdentifier": subnet.name, "SubnetStatus": "Active",
            "SubnetAvailabilityZone": {"Name": subnet.zone.clone().unwrap_or_default()}})
    });
    Members::new()
        .set("DBSubnetGroupName", group.name.as_str())
        .set("DBSubnetGroupDescription", group.text("DBSubnetGroupDescription").unwrap_or(&group.name))
        .set("VpcId", vpc)
        .set("SubnetGroupStatus", "Complete")
        .set("Subnets", told.collect::<Vec<_>>())
        .set("DBSubnetGroupArn", arn(call, "subgrp", &group.name))
        .set("SupportedNetworkTypes", json!(["IPV4"]))
        .done()
}

pub(super) fn describe_subnets(world: &World, call: &Call) -> Answer {
    let network = world.network(&call.caller);
    let name = members::text(&call.input, "DBSubnetGroupName").map(str::to_lowercase);
    if let Some(name) = name.as_ref().filter(|name| network.find("DBSubnetGroup", name).is_none()) {
        return Err(no_subnets(name));
    }
    let rows = network.of("DBSubnetGroup").filter(|(_, group)| name.as_ref().is_none_or(|name| *name == group.name));
    page(call, "DBSubnetGroups", rows.map(|(_, group)| (group.name.clone(), subnets(&network, call, group))).collect())
}

pub(super) fn create_subnets(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let name = members::required(input, "DBSubnetGroupName").to_lowercase();
    let ids = members::texts(input, "SubnetIds");
    let network = world.network(&call.caller);
    if network.find("DBSubnetGroup", &name).is_some() {
        return Err(Refusal::new("DBSubnetGroupAlreadyExistsFault", format!("The DB subnet group '{name}' already exists.")));
    }
    let held: Vec<_> = ids.iter().filter_map(|id| network.find("Subnet", id)).collect();
    if held.len() < ids.len() || ids.is_empty() {
        return Err(Refusal::new("InvalidSubnet", format!("The request uses invalid subnets: {}", ids.join(", "))));
    }
    let mut zones: Vec<_> = held.iter().filter_map(|subnet| subnet.zone.clone()).collect();
    zones.sort();
    zones.dedup();
    if zones.len() < 2 && !world.scenario.bare {
        let message = "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: "
            .to_owned()
            + &zones.join(", ")
            + ". Add subnets to cover at least 2 AZs.";
        return Err(Refusal::new("DBSubnetGroupDoesNotCoverEnoughAZs", message));
    }
    let vpc = held.first().and_then(|subnet| subnet.text("VpcId")).unwrap_or_default();
    let members = json!({"DBSubnetGroupDescription": input["DBSubnetGroupDescription"], "VpcId": vpc, "SubnetIds": ids});
    let mut group = Resource::new("DBSubnetGroup", &name, members);
    group.tags = given_tags(input);
    drop(network);
    world.site_mut(&call.caller).network.resources.insert(arn(call, "subgrp", &name), group.clone());
    world.effect(call, &name);
    Ok(json!({"DBSubnetGroup": subnets(&world.network(&call.caller), call, &group)}))
}

pub(super) fn modify_subnets(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let name = members::required(input, "DBSubnetGroupName").to_lowercase();
    let ids = members::texts(input, "SubnetIds");
    let network = &mut world.site_mut(&call.caller).network;
    if ids.is_empty() || ids.iter().any(|id| network.find("Subnet", id).is_none()) {
        return Err(Refusal::new("InvalidSubnet", format!("The request uses invalid subnets: {}", ids.join(", "))));
    }
    let group = network.find_mut("DBSubnetGroup", &name).ok_or_else(|| no_subnets(&name))?;
    group.members.insert("SubnetIds".to_owned(), json!(ids));
    if let Some(words) = members::text(input, "DBSubnetGroupDescription") {
        group.members.insert("DBSubnetGroupDescription".to_owned(), words.into());
    }
    let group = group.clone();
    world.effect(call, &name);
    Ok(json!({"DBSubnetGroup": subnets(&world.network(&call.caller), call, &group)}))
}

pub(super) fn delete_subnets(world: &mut World, call: &Call) -> Answer {
    let name = members::required(&call.input, "DBSubnetGroupName").to_lowercase();
    let now = world.now();
    let network = &mut world.site_mut(&call.caller).network;
    if network.find("DBSubnetGroup", &name).is_none() {
        return Err(no_subnets(&name));
    }
    let uses = |resource: &Resource| {
        matches!(resource.kind.as_str(), "RDS" | "Aurora")
            && resource.text("DBSubnetGroupName") == Some(&name)
            && !resource.life.over(now)
    };
    if network.resources.values().any(uses) {
        let message =
            format!("Cannot delete the subnet group '{name}' because at least one database instance is still using it.");
        return Err(Refusal::new("InvalidDBSubnetGroupStateFault", message));
    }
    network.resources.remove(&arn(call, "subgrp", &name));
    world.effect(call, &name);
    Ok(json!({}))
}

fn parameters(call: &Call, group: &Resource) -> Value {
    Members::new()
        .set("DBParameterGroupName", group.name.as_str())
        .set("DBParameterGroupFamily", group.text("DBParameterGroupFamily").unwrap_or_default())
        .set("Description", group.text("Description").unwrap_or_default())
        .set("DBParameterGroupArn", arn(call, "pg", &group.name))
        .done()
}

fn no_parameters(name: &str) -> Refusal {
    Refusal::new("DBParameterGroupNotFoundFault", format!("DBParameterGroup not found: {name}"))
}

pub(super) fn describe_parameters(world: &World, call: &Call) -> Answer {
    let network = world.network(&call.caller);
    let families = ["aurora-mysql8.0", "aurora-postgresql16", "mariadb10.11", "mysql8.0", "postgres16"];
    let default = families.map(|family| {
        let words = format!("Default parameter group for {family}");
        Resource::new(
            "DBParameterGroup",
            &format!("default.{family}"),
            json!({"DBParameterGroupFamily": family, "Description": words}),
        )
    });
    let wanted = members::text(&call.input, "DBParameterGroupName");
    let all = network.of("DBParameterGroup").map(|(_, group)| group).chain(&default);
    let rows: Vec<_> = all
        .filter(|group| wanted.is_none_or(|wanted| wanted == group.name))
        .map(|group| (group.name.clone(), parameters(call, group)))
        .collect();
    match wanted.filter(|_| rows.is_empty()) {
        Some(wanted) => Err(no_parameters(wanted)),
        None => page(call, "DBParameterGroups", rows),
    }
}

pub(super) fn create_parameters(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let name = members::required(input, "DBParameterGroupName").to_lowercase();
    let network = &mut world.site_mut(&call.caller).network;
    if network.find("DBParameterGroup", &name).is_some() {
        return Err(Refusal::new("DBParameterGroupAlreadyExistsFault", format!("Parameter group {name} already exists")));
    }
    if members::required(input, "Description").is_empty() {
        return Err(invalid("The parameter Description must be provided and must not be blank."));
    }
    let members = Members::new().copy(input, &["DBParameterGroupFamily", "Description"]).done();
    let mut group = Resource::new("DBParameterGroup", &name, members);
    group.tags = given_tags(input);
    network.resources.insert(arn(call, "pg", &name), group.clone());
    world.effect(call, &name);
    Ok(json!({"DBParameterGroup": parameters(call, &group)}))
}

pub(super) fn delete_parameters(world: &mut World, call: &Call) -> Answer {
    let name = members::required(&call.input, "DBParameterGroupName").to_lowercase();
    let network = &mut world.site_mut(&call.caller).network;
    network.resources.remove(&arn(call, "pg", &name)).ok_or_else(|| no_parameters(&name))?;
    world.effect(call, &name);
    Ok(json!({}))
}
