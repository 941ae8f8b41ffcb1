//! Instances: launched, started, stopped, terminated, and told.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::listing::{self, Listing, page, specified};
use super::{images, volumes};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::estate::Place;
use crate::sim::members::{self, Members, stamp};
use crate::sim::network::{Life, Network, Resource};
use crate::sim::seed;
use crate::sim::world::World;

/// How long an instance takes to run, and to stop, in seconds.
const STARTS: i64 = 20;
const STOPS: i64 = 30;
/// How long its status checks take after that.
const CHECKS: i64 = 120;
/// How long a terminated instance is still told, in seconds.
const TOLD: i64 = 3600;

pub(super) const LISTING: Listing = Listing {
    answer: "Reservations",
    ids: "InstanceIds",
    id: "InstanceId",
    prefix: "i-",
    code: "InvalidInstanceID",
    word: "instance ID",
    filters: &[
        ("architecture", "Architecture"),
        ("availability-zone", "Placement.AvailabilityZone"),
        ("block-device-mapping.volume-id", "BlockDeviceMappings.Ebs.VolumeId"),
        ("client-token", "ClientToken"),
        ("dns-name", "PublicDnsName"),
        ("iam-instance-profile.arn", "IamInstanceProfile.Arn"),
        ("image-id", "ImageId"),
        ("instance-id", "InstanceId"),
        ("instance-state-code", "State.Code"),
        ("instance-state-name", "State.Name"),
        ("instance-type", "InstanceType"),
        ("instance.group-id", "SecurityGroups.GroupId"),
        ("instance.group-name", "SecurityGroups.GroupName"),
        ("ip-address", "PublicIpAddress"),
        ("key-name", "KeyName"),
        ("network-interface.network-interface-id", "NetworkInterfaces.NetworkInterfaceId"),
        ("network-interface.private-dns-name", "PrivateDnsName"),
        ("owner-id", "OwnerId"),
        ("private-dns-name", "PrivateDnsName"),
        ("private-ip-address", "PrivateIpAddress"),
        ("reason", "StateTransitionReason"),
        ("reservation-id", "ReservationId"),
        ("root-device-name", "RootDeviceName"),
        ("root-device-type", "RootDeviceType"),
        ("source-dest-check", "SourceDestCheck"),
        ("state-reason-code", "StateReason.Code"),
        ("subnet-id", "SubnetId"),
        ("vpc-id", "VpcId"),
    ],
};

fn code(state: &str) -> u8 {
    match state {
        "pending" => 0,
        "running" => 16,
        "shutting-down" => 32,
        "terminated" => 48,
        "stopping" => 64,
        _ => 80,
    }
}

fn state(name: &str) -> Value {
    json!({"Code": code(name), "Name": name})
}

/// The instance as EC2 tells it; with the id of its reservation, which a caller of this takes off.
fn told(network: &Network, place: &Place, resource: &Resource) -> Value {
    let now = place.now;
    let region = &place.region;
    let state_now = resource.life.at(now, "running");
    let subnet = resource.text("SubnetId").and_then(|id| network.find("Subnet", id));
    let address = resource.text("PrivateIpAddress").map_or_else(|| address(&resource.name, subnet), str::to_owned);
    let domain = if region == "us-east-1" { "ec2.internal".to_owned() } else { format!("{region}.compute.internal") };
    let over = matches!(state_now, "terminated" | "shutting-down");
    let zone = resource.zone.clone().unwrap_or_else(|| format!("{region}a"));
    let basic = json!({
        "InstanceId": resource.name, "ImageId": "ami-0123456789abcdef0", "InstanceType": "t3.micro", "AmiLaunchIndex": 0,
        "Architecture": "x86_64", "EbsOptimized": false, "EnaSupport": true, "Hypervisor": "xen", "RootDeviceName": "/dev/xvda",
        "RootDeviceType": "ebs", "SourceDestCheck": true, "VirtualizationType": "hvm", "ClientToken": "",
        "Monitoring": {"State": "disabled"}, "PublicDnsName": "", "ProductCodes": [], "StateTransitionReason": "",
        "ReservationId": format!("r-0{:016x}", seed::hash(3, &resource.name)), "LaunchTime": stamp(resource.life.made.unwrap_or(SET_UP)),
        "CurrentInstanceBootMode": "legacy-bios", "PlatformDetails": "Linux/UNIX", "UsageOperation": "RunInstances",
        "MetadataOptions": {"State": "applied", "HttpTokens": "required", "HttpPutResponseHopLimit": 2, "HttpEndpoint": "enabled"},
    });
    let mut row = listing::row(resource, basic, KEPT);
    let tenancy = resource.text("Tenancy").unwrap_or("default");
    row.insert("OwnerId".into(), place.account.clone().into());
    row.insert("Placement".into(), json!({"AvailabilityZone": zone, "GroupName": "", "Tenancy": tenancy}));
    row.insert("State".into(), state(state_now));
    let groups = resource.members.get("SecurityGroupIds").and_then(Value::as_array).into_iter().flatten();
    let groups: Value = groups
        .filter_map(Value::as_str)
        .map(|id| {
            let name = network.find("SecurityGroup", id).and_then(|group| group.text("GroupName")).unwrap_or("default");
            json!({"GroupId": id, "GroupName": name})
        })
        .collect();
    let held = subnet.filter(|_| !over).map(|subnet| interface(place, resource, subnet, &address, &groups));
    row.insert("NetworkInterfaces".into(), held.into_iter().collect());
    row.insert("SecurityGroups".into(), groups);
    if !over {
        row.insert("PrivateDnsName".into(), format!("ip-{}.{domain}", address.replace('.', "-")).into());
        row.insert("PrivateIpAddress".into(), address.into());
        if let Some(subnet) = subnet {
            row.insert("SubnetId".into(), subnet.name.clone().into());
            row.insert("VpcId".into(), subnet.text("VpcId").unwrap_or_default().into());
        }
    } else {
        row.insert("PrivateDnsName".into(), "".into());
    }
    let volumes = network.of("EBS").filter(|(_, volume)| volume.attached.as_ref().is_some_and(|(to, _)| *to == resource.name));
    let mappings = volumes.map(|(_, volume)| {
        let device = volume.attached.as_ref().map(|(_, device)| device.clone()).unwrap_or_default();
        let with = volume.members.get("DeleteOnTermination").cloned().unwrap_or(false.into());
        let since = volume.members.get("AttachTime").cloned().unwrap_or_else(|| stamp(SET_UP));
        json!({"DeviceName": device, "Ebs": {
            "VolumeId": volume.name, "Status": "attached", "AttachTime": since, "DeleteOnTermination": with}})
    });
    row.insert("BlockDeviceMappings".into(), mappings.collect());
    Value::Object(row)
}

/// When everything that has no time of its own was set up: long before any exercise.
pub(super) const SET_UP: DateTime<Utc> = match DateTime::from_timestamp(1_704_067_200, 0) {
    Some(at) => at,
    None => DateTime::UNIX_EPOCH,
};

/// The members of a resource that are told as they were set.
const KEPT: &[&str] = &[
    "ImageId",
    "InstanceType",
    "AmiLaunchIndex",
    "KeyName",
    "EbsOptimized",
    "IamInstanceProfile",
    "ClientToken",
    "ReservationId",
    "Monitoring",
    "RootDeviceName",
    "StateTransitionReason",
    "StateReason",
    "SourceDestCheck",
    "MetadataOptions",
    "PublicIpAddress",
    "PublicDnsName",
];

/// An address in the subnet's block, from the instance's id.
fn address(id: &str, subnet: Option<&Resource>) -> String {
    let block = subnet.and_then(|subnet| subnet.text("CidrBlock")).unwrap_or("172.31.0.0/20");
    let (base, bits) = block.split_once('/').unwrap_or((block, "24"));
    let base: u32 = base.parse::<std::net::Ipv4Addr>().map_or(0, u32::from);
    let size = 1_u64 << (32 - bits.parse::<u32>().unwrap_or(24).clamp(8, 28));
    // The first four addresses of a subnet and the last are AWS's own.
    let place = 4 + seed::hash(4, id) % (size - 5);
    std::net::Ipv4Addr::from(base.wrapping_add(u32::try_from(place).unwrap_or(4))).to_string()
}

/// The network interface that an instance is made with.
fn interface(place: &Place, resource: &Resource, subnet: &Resource, address: &str, groups: &Value) -> Value {
    let id = seed::hash(15, &resource.name);
    let since = stamp(resource.life.made.unwrap_or(SET_UP));
    json!({
        "NetworkInterfaceId": format!("eni-0{id:016x}"), "OwnerId": place.account, "Status": "in-use", "InterfaceType": "interface",
        "SubnetId": subnet.name, "VpcId": subnet.text("VpcId").unwrap_or_default(), "Description": "", "SourceDestCheck": true,
        "MacAddress": format!("0a:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", id as u8, (id >> 8) as u8, (id >> 16) as u8, (id >> 24) as u8, (id >> 32) as u8),
        "PrivateIpAddress": address, "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": address}], "Ipv6Addresses": [],
        "Groups": groups,
        "Attachment": {"AttachmentId": format!("eni-attach-0{id:016x}"), "AttachTime": since, "DeleteOnTermination": true,
            "DeviceIndex": 0, "NetworkCardIndex": 0, "Status": "attached"},
    })
}

/// The rows of all instances that are told.
pub(super) fn rows(world: &World, call: &Call) -> Vec<Value> {
    let place = world.place(&call.caller);
    let network = world.network(&call.caller);
    let there = network.of("EC2").filter(|(_, resource)| !resource.life.over(place.now));
    there.map(|(_, resource)| told(&network, &place, resource)).collect()
}

/// DescribeInstances.
pub(super) fn describe(world: &World, call: &Call) -> Answer {
    if !members::list(&call.input, "InstanceIds").is_empty() && call.input.get("MaxResults").is_some() {
        let message = "The parameter instancesSet cannot be used with the parameter maxResults";
        return Err(Refusal::new("InvalidParameterCombination", message));
    }
    let mut reservations: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for mut row in LISTING.wanted(call, rows(world, call))? {
        let id = row.as_object_mut().and_then(|row| {
            row.remove("OwnerId");
            row.remove("ReservationId")
        });
        reservations.entry(id.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned()).or_default().push(row);
    }
    let account = &call.caller.account;
    let told = reservations.into_iter().map(|(id, instances)| {
        (id.clone(), json!({"ReservationId": id, "OwnerId": account, "Groups": [], "Instances": instances}))
    });
    page(call, "Reservations", told.collect())
}

/// DescribeInstanceStatus.
pub(super) fn status(world: &World, call: &Call) -> Answer {
    let now = world.now();
    let network = world.network(&call.caller);
    let all = members::flag(&call.input, "IncludeAllInstances") == Some(true);
    let checks = world.takes(CHECKS);
    let rows = network.of("EC2").filter(|(_, resource)| !resource.life.over(now));
    let rows = rows.filter(|(_, resource)| all || resource.life.at(now, "running") == "running").map(|(_, resource)| {
        let state_now = resource.life.at(now, "running");
        let young = resource.life.since(now).is_some_and(|since| now < since + checks);
        let (word, detail) = match (state_now, young) {
            ("running", false) => ("ok", "passed"),
            ("running", true) => ("initializing", "initializing"),
            _ => ("not-applicable", "passed"),
        };
        let summary = if word == "not-applicable" {
            json!({"Status": word})
        } else {
            json!({"Status": word, "Details": [{"Name": "reachability", "Status": detail}]})
        };
        json!({
            "InstanceId": resource.name, "AvailabilityZone": resource.zone.clone().unwrap_or_default(),
            "InstanceState": state(state_now), "InstanceStatus": summary, "SystemStatus": summary,
        })
    });
    let listing = Listing {
        answer: "InstanceStatuses",
        filters: &[
            ("availability-zone", "AvailabilityZone"),
            ("instance-state-name", "InstanceState.Name"),
            ("instance-state-code", "InstanceState.Code"),
            ("instance-status.status", "InstanceStatus.Status"),
            ("system-status.status", "SystemStatus.Status"),
        ],
        ..LISTING
    };
    listing.answer(call, rows.collect())
}

/// RunInstances.
pub(super) fn run(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let (least, most) = (members::integer(input, "MinCount").unwrap_or(1), members::integer(input, "MaxCount").unwrap_or(1));
    if least < 1 || most < least {
        let message = format!("Invalid value '{least}' for minCount. Must be at least 1 and no more than maxCount.");
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    if let Some(token) = members::text(input, "ClientToken").filter(|token| !token.is_empty()) {
        let network = world.network(&call.caller);
        let known = network.of("EC2").find(|(_, resource)| resource.text("ClientToken") == Some(token));
        if let Some((_, known)) = known {
            if known.members.get("Asked") != Some(&asked(input)) {
                let message = "The request uses the same client token as a previous, but non-identical request.";
                return Err(Refusal::new("IdempotentParameterMismatch", message));
            }
            return Ok(reservation(world, call, known.text("ReservationId").unwrap_or_default(), None));
        }
    }
    let image = members::required(input, "ImageId");
    if image.is_empty() {
        return Err(Refusal::new("MissingParameter", "The request must contain the parameter ImageId"));
    }
    images::there(world, call, image)?;
    let placed = place(world, call)?;
    let reservation_id = format!("r-0{}", world.ids.hex(16));
    for number in 0..most.min(100) {
        make(world, call, &placed, &reservation_id, number);
    }
    world.effect(call, &reservation_id);
    Ok(reservation(world, call, &reservation_id, Some("pending")))
}

/// What of a request makes it another one, under the same token.
fn asked(input: &Value) -> Value {
    let text = Members::new().copy(input, &["ImageId", "InstanceType", "SubnetId", "MinCount", "MaxCount", "KeyName"]).done();
    Value::String(text.to_string())
}

fn reservation(world: &World, call: &Call, id: &str, first: Option<&str>) -> Value {
    let mut instances = rows(world, call);
    instances.retain(|row| members::text(row, "ReservationId") == Some(id));
    for row in instances.iter_mut().filter_map(Value::as_object_mut) {
        row.remove("ReservationId");
        row.remove("OwnerId");
        if let Some(first) = first {
            row.insert("State".into(), state(first));
        }
    }
    json!({"ReservationId": id, "OwnerId": call.caller.account, "Groups": [], "Instances": instances})
}

/// Where an instance goes.
struct Placed {
    subnet: String,
    zone: String,
    groups: Vec<String>,
}

fn place(world: &World, call: &Call) -> Result<Placed, Refusal> {
    let input = &call.input;
    let network = world.network(&call.caller);
    let interface = members::list(input, "NetworkInterfaces").first();
    if interface.is_some() && (input.get("SubnetId").is_some() || input.get("SecurityGroupIds").is_some()) {
        let message =
            "Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request";
        return Err(Refusal::new("InvalidParameterCombination", message));
    }
    let subnet = members::text(input, "SubnetId").or_else(|| members::text(interface?, "SubnetId"));
    let zone = input.get("Placement").and_then(|placement| members::text(placement, "AvailabilityZone"));
    let zones = Network::zones(&call.caller.region);
    if let Some(zone) = zone.filter(|zone| !zones.iter().any(|known| known == zone)) {
        return Err(Refusal::new("InvalidParameterValue", format!("Invalid availability zone: [{zone}]")));
    }
    let found = match subnet {
        Some(id) => {
            let found = network.find("Subnet", id);
            found.ok_or_else(|| Refusal::new("InvalidSubnetID.NotFound", format!("The subnet ID '{id}' does not exist")))?
        }
        None => {
            let default = network.of("Subnet").filter(|(_, subnet)| zone.is_none() || subnet.zone.as_deref() == zone);
            let default = default.filter(|(_, subnet)| subnet.members.get("DefaultForAz") == Some(&true.into()));
            let found = default.min_by_key(|(_, subnet)| subnet.zone.clone());
            let none = "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.";
            found.map(|(_, subnet)| subnet).ok_or_else(|| Refusal::new("VPCIdNotSpecified", none))?
        }
    };
    if let Some(zone) = zone.filter(|zone| found.zone.as_deref() != Some(zone)) {
        let message = format!("The availability zone '{zone}' does not match the zone of subnet '{}'", found.name);
        return Err(Refusal::new("InvalidParameterCombination", message));
    }
    let vpc = found.text("VpcId").unwrap_or_default();
    let mut groups = members::texts(input, "SecurityGroupIds");
    groups.extend(interface.map(|interface| members::texts(interface, "Groups")).unwrap_or_default());
    for id in &groups {
        let missing = || Refusal::new("InvalidGroup.NotFound", format!("The security group '{id}' does not exist"));
        let group = network.find("SecurityGroup", id).ok_or_else(missing)?;
        if group.text("VpcId") != Some(vpc) {
            let message = format!("Security group {id} and subnet {} belong to different networks.", found.name);
            return Err(Refusal::new("InvalidParameter", message));
        }
    }
    let mut groups: Vec<String> = groups.into_iter().map(str::to_owned).collect();
    for name in members::texts(input, "SecurityGroups") {
        let mut all = network.of("SecurityGroup").filter(|(_, group)| group.text("VpcId") == Some(vpc));
        let group = all.find(|(_, group)| group.text("GroupName") == Some(name));
        let missing = || Refusal::new("InvalidGroup.NotFound", format!("The security group '{name}' does not exist"));
        groups.push(group.ok_or_else(missing)?.1.name.clone());
    }
    if groups.is_empty() {
        let mut all = network.of("SecurityGroup").filter(|(_, group)| group.text("VpcId") == Some(vpc));
        groups.extend(all.find(|(_, group)| group.text("GroupName") == Some("default")).map(|(_, group)| group.name.clone()));
    }
    Ok(Placed { subnet: found.name.clone(), zone: found.zone.clone().unwrap_or_default(), groups })
}

fn make(world: &mut World, call: &Call, placed: &Placed, reservation: &str, number: i64) {
    let input = &call.input;
    let id = format!("i-0{}", world.ids.hex(16));
    let now = world.now();
    let mut members = Members::new()
        .copy(
            input,
            &[
                "ImageId",
                "KeyName",
                "EbsOptimized",
                "PrivateIpAddress",
                "ClientToken",
                "UserData",
                "DisableApiTermination",
                "DisableApiStop",
                "InstanceInitiatedShutdownBehavior",
            ],
        )
        .set("InstanceType", members::text(input, "InstanceType").unwrap_or("m1.small"))
        .set("AmiLaunchIndex", number)
        .set("SubnetId", placed.subnet.as_str())
        .set("SecurityGroupIds", placed.groups.clone())
        .set("ReservationId", reservation)
        .set("Asked", asked(input))
        .done();
    if let Some(profile) = input.get("IamInstanceProfile") {
        let name = members::text(profile, "Name").unwrap_or_default();
        let arn = members::text(profile, "Arn").map(str::to_owned);
        let arn = arn.unwrap_or_else(|| format!("arn:aws:iam::{}:instance-profile/{name}", call.caller.account));
        let profile_id = format!("AIPA{:016X}", seed::hash(5, &arn));
        members["IamInstanceProfile"] = json!({"Arn": arn, "Id": profile_id});
    }
    if input.get("Monitoring").and_then(|monitoring| members::flag(monitoring, "Enabled")) == Some(true) {
        members["Monitoring"] = json!({"State": "enabled"});
    }
    let mut instance = Resource::new("EC2", &id, members);
    instance.zone = Some(placed.zone.clone());
    instance.life = Life::begin(now, &[(now, "pending"), (now + world.takes(STARTS), "running")]);
    instance.tags = specified(input, "instance");
    let (region, account) = (call.caller.region.clone(), call.caller.account.clone());
    let mappings = members::list(input, "BlockDeviceMappings");
    let root = json!({"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8}});
    let has_root = mappings.iter().any(|mapping| matches!(members::text(mapping, "DeviceName"), Some("/dev/xvda" | "/dev/sda1")));
    let wanted: Vec<Value> = mappings.iter().cloned().chain((!has_root).then_some(root)).collect();
    for mapping in wanted.iter().filter(|mapping| mapping.get("Ebs").is_some()) {
        let mut volume = volumes::attached(world, mapping, &id, &placed.zone, now);
        volume.tags = specified(input, "volume");
        let arn = format!("arn:aws:ec2:{region}:{account}:volume/{}", volume.name);
        world.site_mut(&call.caller).network.resources.insert(arn, volume);
    }
    let arn = format!("arn:aws:ec2:{region}:{account}:instance/{id}");
    world.site_mut(&call.caller).network.resources.insert(arn, instance);
}

/// StartInstances, StopInstances, TerminateInstances, RebootInstances.
pub(super) fn turn(world: &mut World, call: &Call) -> Answer {
    let ids = members::texts(&call.input, "InstanceIds");
    let now = world.now();
    ids.iter().try_for_each(|id| LISTING.well_formed(id))?;
    let network = world.network(&call.caller);
    let there = |id: &&str| network.find("EC2", id).is_some_and(|found| !found.life.over(now));
    let missing: Vec<&str> = ids.iter().copied().filter(|id| !there(id)).collect();
    if !missing.is_empty() {
        return Err(LISTING.not_found(&missing));
    }
    for found in ids.iter().filter_map(|id| network.find("EC2", id)) {
        let id = &found.name;
        let bars = if call.operation == "TerminateInstances" { "DisableApiTermination" } else { "DisableApiStop" };
        if matches!(call.operation.as_str(), "TerminateInstances" | "StopInstances")
            && found.members.get(bars) == Some(&true.into())
        {
            let word = if call.operation == "TerminateInstances" { "terminated" } else { "stopped" };
            let message = format!(
                "The instance '{id}' may not be {word}. Modify its '{}' instance attribute and try again.",
                if word == "terminated" { "disableApiTermination" } else { "disableApiStop" }
            );
            return Err(Refusal::new("OperationNotPermitted", message));
        }
        let before = found.life.at(now, "running");
        let allowed: &[&str] = match call.operation.as_str() {
            "StartInstances" => &["stopped", "pending", "running"],
            "StopInstances" => &["running", "stopping", "stopped"],
            "TerminateInstances" => &["pending", "running", "stopping", "stopped", "shutting-down", "terminated"],
            _ => &["running", "stopping", "stopped"],
        };
        if !allowed.contains(&before) {
            let word = if call.operation == "StartInstances" { "started" } else { "stopped" };
            let message = format!("The instance '{id}' is not in a state from which it can be {word}.");
            return Err(Refusal::new("IncorrectInstanceState", message));
        }
    }
    drop(network);
    let (starts, stops, told) = (world.takes(STARTS), world.takes(STOPS), TimeDelta::seconds(TOLD));
    let operation = call.operation.clone();
    let mut changes = Vec::new();
    let network = &mut world.site_mut(&call.caller).network;
    for id in &ids {
        let Some(found) = network.find_mut("EC2", id) else { continue };
        let before = found.life.at(now, "running");
        let (first, states) = match (operation.as_str(), before) {
            ("StartInstances", "stopped") => ("pending", vec![(now, "pending"), (now + starts, "running")]),
            ("StopInstances", "running") => ("stopping", vec![(now, "stopping"), (now + stops, "stopped")]),
            ("TerminateInstances", state) if state != "terminated" && state != "shutting-down" => {
                ("shutting-down", vec![(now, "shutting-down"), (now + stops, "terminated"), (now + stops + told, "")])
            }
            _ => (before, Vec::new()),
        };
        if !states.is_empty() {
            found.life.go_on(now, &states);
            let said = if operation == "StartInstances" { "" } else { "User initiated" };
            found.members.insert("StateTransitionReason".into(), said.into());
        }
        changes.push(json!({"InstanceId": id, "PreviousState": state(before), "CurrentState": state(first)}));
        if first == "shutting-down" {
            release(network, id);
        }
    }
    ids.iter().for_each(|id| world.effect(call, id));
    let member = match operation.as_str() {
        "StartInstances" => "StartingInstances",
        "StopInstances" => "StoppingInstances",
        "TerminateInstances" => "TerminatingInstances",
        _ => return Ok(json!({})),
    };
    Ok(Value::Object(Map::from_iter([(member.to_owned(), changes.into())])))
}

/// What becomes of the volumes of an instance that goes.
fn release(network: &mut Network, instance: &str) {
    network.resources.retain(|_, resource| {
        let holds = resource.kind == "EBS" && resource.attached.as_ref().is_some_and(|(to, _)| to == instance);
        if holds {
            resource.attached = None;
        }
        !(holds && resource.members.get("DeleteOnTermination") == Some(&true.into()))
    });
}
