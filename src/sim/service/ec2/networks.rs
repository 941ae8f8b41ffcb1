//! VPCs and subnets.

use serde_json::{Value, json};

use super::listing::{self, Listing, specified};
use super::zones;
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members;
use crate::sim::network::{Network, Resource};
use crate::sim::seed;
use crate::sim::world::World;

const VPCS: Listing = Listing {
    answer: "Vpcs",
    ids: "VpcIds",
    id: "VpcId",
    prefix: "vpc-",
    code: "InvalidVpcID",
    word: "vpc ID",
    filters: &[
        ("cidr", "CidrBlock"),
        ("cidr-block", "CidrBlock"),
        ("cidrBlock", "CidrBlock"),
        ("cidr-block-association.cidr-block", "CidrBlockAssociationSet.CidrBlock"),
        ("dhcp-options-id", "DhcpOptionsId"),
        ("is-default", "IsDefault"),
        ("isDefault", "IsDefault"),
        ("owner-id", "OwnerId"),
        ("state", "State"),
        ("vpc-id", "VpcId"),
    ],
};

const SUBNETS: Listing = Listing {
    answer: "Subnets",
    ids: "SubnetIds",
    id: "SubnetId",
    prefix: "subnet-",
    code: "InvalidSubnetID",
    word: "subnet ID",
    filters: &[
        ("availability-zone", "AvailabilityZone"),
        ("availabilityZone", "AvailabilityZone"),
        ("availability-zone-id", "AvailabilityZoneId"),
        ("cidr", "CidrBlock"),
        ("cidr-block", "CidrBlock"),
        ("cidrBlock", "CidrBlock"),
        ("default-for-az", "DefaultForAz"),
        ("defaultForAz", "DefaultForAz"),
        ("map-public-ip-on-launch", "MapPublicIpOnLaunch"),
        ("owner-id", "OwnerId"),
        ("state", "State"),
        ("subnet-arn", "SubnetArn"),
        ("subnet-id", "SubnetId"),
        ("vpc-id", "VpcId"),
    ],
};

fn vpc(call: &Call, resource: &Resource) -> Value {
    let block = resource.text("CidrBlock").unwrap_or("10.0.0.0/16");
    let association = format!("vpc-cidr-assoc-0{:016x}", seed::hash(8, &resource.name));
    let basic = json!({
        "VpcId": resource.name, "State": "available", "OwnerId": call.caller.account, "InstanceTenancy": "default",
        "DhcpOptionsId": format!("dopt-0{:016x}", seed::hash(9, &call.caller.region)), "IsDefault": false,
        "CidrBlockAssociationSet": [{
            "AssociationId": association, "CidrBlock": block, "CidrBlockState": {"State": "associated"}}],
    });
    Value::Object(listing::row(resource, basic, &["CidrBlock", "IsDefault", "InstanceTenancy"]))
}

fn subnet(world: &World, call: &Call, arn: &str, resource: &Resource) -> Value {
    let (account, region) = (&call.caller.account, &call.caller.region);
    let zone = resource.zone.clone().unwrap_or_default();
    let bits: u32 = resource.text("CidrBlock").and_then(|block| block.rsplit('/').next()?.parse().ok()).unwrap_or(24);
    let free = (1_i64 << (32 - bits.min(32))) - 5;
    let basic = json!({
        "SubnetId": resource.name, "SubnetArn": arn, "State": "available", "OwnerId": account, "AvailabilityZone": zone,
        "AvailabilityZoneId": zones::id_of(world.seed, account, region, &zone).unwrap_or_default(),
        "AvailableIpAddressCount": free, "DefaultForAz": false, "MapPublicIpOnLaunch": false,
        "AssignIpv6AddressOnCreation": false, "Ipv6CidrBlockAssociationSet": [], "Ipv6Native": false, "EnableDns64": false,
    });
    Value::Object(listing::row(resource, basic, &["VpcId", "CidrBlock", "DefaultForAz", "MapPublicIpOnLaunch"]))
}

/// DescribeVpcs.
pub(super) fn vpcs(world: &World, call: &Call) -> Answer {
    let network = world.network(&call.caller);
    VPCS.answer(call, network.of("VPC").map(|(_, resource)| vpc(call, resource)).collect())
}

/// DescribeSubnets.
pub(super) fn subnets(world: &World, call: &Call) -> Answer {
    let network = world.network(&call.caller);
    SUBNETS.answer(call, network.of("Subnet").map(|(arn, resource)| subnet(world, call, arn, resource)).collect())
}

/// Refuses what is no block of IPv4 addresses of this size.
fn block(text: &str) -> Result<(), Refusal> {
    let parts: Vec<&str> = text.split(['.', '/']).collect();
    let [a, b, c, d, bits] = parts.as_slice() else { return Err(bad_block(text)) };
    if ![a, b, c, d].iter().all(|part| part.parse::<u8>().is_ok()) {
        return Err(bad_block(text));
    }
    match bits.parse::<u8>() {
        Ok(16..=28) => Ok(()),
        Ok(_) => Err(Refusal::new("InvalidVpc.Range", format!("The CIDR '{text}' is invalid."))),
        Err(_) => Err(bad_block(text)),
    }
}

fn bad_block(text: &str) -> Refusal {
    let message = format!("Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block.");
    Refusal::new("InvalidParameterValue", message)
}

/// CreateVpc.
pub(super) fn create_vpc(world: &mut World, call: &Call) -> Answer {
    let (id, group) = (format!("vpc-0{}", world.ids.hex(16)), format!("sg-0{}", world.ids.hex(16)));
    let text = members::text(&call.input, "CidrBlock").unwrap_or_default();
    block(text)?;
    let (account, region) = (call.caller.account.clone(), call.caller.region.clone());
    let network = &mut world.site_mut(&call.caller).network;
    network.add_vpc(&account, &region, &id, text, false);
    network.add_group(&account, &region, &group, &id, "default");
    if let Some(made) = network.find_mut("VPC", &id) {
        made.tags = specified(&call.input, "vpc");
    }
    world.effect(call, &id);
    let network = world.network(&call.caller);
    let mut told = network.find("VPC", &id).map(|made| vpc(call, made)).unwrap_or_default();
    told["State"] = "pending".into();
    Ok(json!({"Vpc": told}))
}

/// ModifyVpcAttribute.
pub(super) fn modify_vpc(world: &mut World, call: &Call) -> Answer {
    let id = members::required(&call.input, "VpcId");
    let found = world.site_mut(&call.caller).network.find_mut("VPC", id);
    let found = found.ok_or_else(|| VPCS.not_found(&[id]))?;
    for name in ["EnableDnsSupport", "EnableDnsHostnames"] {
        if let Some(value) = call.input.get(name) {
            found.members.insert(name.to_owned(), value.clone());
        }
    }
    Ok(json!({}))
}

/// CreateSubnet.
pub(super) fn create_subnet(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let id = format!("subnet-0{}", world.ids.hex(16));
    let (account, region, seed) = (call.caller.account.clone(), call.caller.region.clone(), world.seed);
    let (vpc, text) = (members::required(input, "VpcId"), members::text(input, "CidrBlock").unwrap_or_default());
    let zones = Network::zones(&region);
    let by_id = members::text(input, "AvailabilityZoneId")
        .and_then(|id| zones.iter().find(|zone| zones::id_of(seed, &account, &region, zone).as_deref() == Some(id)));
    let zone = members::text(input, "AvailabilityZone").or(by_id.map(String::as_str)).unwrap_or(&zones[0]).to_owned();
    let network = &mut world.site_mut(&call.caller).network;
    if network.find("VPC", vpc).is_none() {
        return Err(VPCS.not_found(&[vpc]));
    }
    block(text)?;
    if !zones.contains(&zone) {
        let known = zones.join(", ");
        let message = format!(
            "Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: {known}."
        );
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    let taken =
        network.of("Subnet").any(|(_, subnet)| subnet.text("VpcId") == Some(vpc) && subnet.text("CidrBlock") == Some(text));
    if taken {
        let message = format!("The CIDR '{text}' conflicts with another subnet");
        return Err(Refusal::new("InvalidSubnet.Conflict", message));
    }
    network.add_subnet(&account, &region, &id, vpc, &zone, text);
    if let Some(made) = network.find_mut("Subnet", &id) {
        made.tags = specified(input, "subnet");
        made.members.insert("DefaultForAz".into(), false.into());
        made.members.insert("MapPublicIpOnLaunch".into(), false.into());
    }
    world.effect(call, &id);
    let arn = format!("arn:aws:ec2:{region}:{account}:subnet/{id}");
    let network = world.network(&call.caller);
    Ok(json!({"Subnet": network.find("Subnet", &id).map(|made| subnet(world, call, &arn, made)).unwrap_or_default()}))
}

/// DeleteVpc and DeleteSubnet.
pub(super) fn delete(world: &mut World, call: &Call, kind: &str, member: &str, code: &str, word: &str) -> Answer {
    let (id, now) = (members::required(&call.input, member), world.now());
    let network = &mut world.site_mut(&call.caller).network;
    if network.find(kind, id).is_none() {
        return Err(Refusal::new(code, format!("The {word} '{id}' does not exist")));
    }
    let uses = |resource: &Resource| {
        resource.text(member) == Some(id)
            && !resource.life.over(now)
            && resource.text("GroupName") != Some("default")
            && !matches!(resource.life.at(now, ""), "terminated")
    };
    if network.resources.values().any(uses) {
        let message = format!("The {word} '{id}' has dependencies and cannot be deleted.");
        return Err(Refusal::new("DependencyViolation", message.replace(" ID", "")));
    }
    network.resources.retain(|_, resource| {
        let is_it = resource.kind == kind && resource.name == id;
        let goes_with_it = resource.kind == "SecurityGroup" && resource.text(member) == Some(id);
        !is_it && !goes_with_it
    });
    world.effect(call, id);
    Ok(json!({}))
}
