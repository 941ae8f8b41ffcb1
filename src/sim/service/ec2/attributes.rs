//! Attributes of instances and subnets, one at a time.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::instances::LISTING;
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members;
use crate::sim::world::World;

/// The attributes that are a value: AWS's word, the member of the answer, the value of an instance that has none.
const VALUES: [(&str, &str, &str); 8] = [
    ("disableApiStop", "DisableApiStop", "false"),
    ("disableApiTermination", "DisableApiTermination", "false"),
    ("ebsOptimized", "EbsOptimized", "false"),
    ("enaSupport", "EnaSupport", "true"),
    ("instanceInitiatedShutdownBehavior", "InstanceInitiatedShutdownBehavior", "stop"),
    ("instanceType", "InstanceType", "m1.small"),
    ("rootDeviceName", "RootDeviceName", "/dev/xvda"),
    ("sourceDestCheck", "SourceDestCheck", "true"),
];

fn typed(text: &str) -> Value {
    text.parse::<bool>().map_or_else(|_| Value::from(text), Value::from)
}

/// DescribeInstanceAttribute.
pub(super) fn describe(world: &World, call: &Call) -> Answer {
    let (id, name) = (members::required(&call.input, "InstanceId"), members::required(&call.input, "Attribute"));
    LISTING.well_formed(id)?;
    let network = world.network(&call.caller);
    let found = network.find("EC2", id).filter(|found| !found.life.over(world.now())).ok_or_else(|| LISTING.not_found(&[id]))?;
    let mut told = json!({"InstanceId": id});
    if let Some((_, member, otherwise)) = VALUES.iter().find(|(known, ..)| *known == name) {
        let value = found.members.get(*member).cloned().unwrap_or_else(|| typed(otherwise));
        told[*member] = json!({"Value": value});
        return Ok(told);
    }
    match name {
        "userData" => {
            told["UserData"] = found.text("UserData").map_or_else(|| json!({}), |data| json!({"Value": data}));
        }
        "groupSet" => {
            let ids = found.members.get("SecurityGroupIds").and_then(Value::as_array);
            let groups = ids.into_iter().flatten().filter_map(Value::as_str).map(|id| {
                let name = network.find("SecurityGroup", id).and_then(|group| group.text("GroupName")).unwrap_or_default();
                json!({"GroupId": id, "GroupName": name})
            });
            told["Groups"] = groups.collect();
        }
        "kernel" => told["KernelId"] = json!({}),
        "ramdisk" => told["RamdiskId"] = json!({}),
        _ => {}
    }
    Ok(told)
}

/// ModifyInstanceAttribute.
pub(super) fn modify(world: &mut World, call: &Call) -> Answer {
    let (input, now) = (&call.input, world.now());
    let id = members::required(input, "InstanceId");
    LISTING.well_formed(id)?;
    let groups = members::texts(input, "Groups");
    let network = &mut world.site_mut(&call.caller).network;
    if let Some(missing) = groups.iter().find(|group| network.find("SecurityGroup", group).is_none()) {
        return Err(Refusal::new("InvalidGroup.NotFound", format!("The security group '{missing}' does not exist")));
    }
    let found = network.find_mut("EC2", id).filter(|found| !found.life.over(now)).ok_or_else(|| LISTING.not_found(&[id]))?;
    let mut set: Vec<(&str, Value)> =
        VALUES.iter().filter_map(|(_, member, _)| Some((*member, input.get(*member)?.get("Value")?.clone()))).collect();
    if let Some((_, member, _)) = VALUES.iter().find(|(known, ..)| Some(*known) == members::text(input, "Attribute")) {
        set.push((*member, typed(members::required(input, "Value"))));
    }
    let needs_stop = |member: &str| matches!(member, "InstanceType" | "EbsOptimized" | "UserData");
    if set.iter().any(|(member, _)| needs_stop(member)) && found.life.at(now, "running") != "stopped" {
        let message = format!("The instance '{id}' is not in the 'stopped' state.");
        return Err(Refusal::new("IncorrectInstanceState", message));
    }
    set.into_iter().for_each(|(member, value)| drop(found.members.insert(member.to_owned(), value)));
    if let Some(data) = input.get("UserData").and_then(|data| members::text(data, "Value")) {
        // A blob comes as base64 of what the caller gave, which is base64 of the data itself.
        let given = STANDARD.decode(data).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        found.members.insert("UserData".to_owned(), given.unwrap_or_else(|| data.to_owned()).into());
    }
    if !groups.is_empty() {
        found.members.insert("SecurityGroupIds".to_owned(), json!(groups));
    }
    let changes = members::list(input, "BlockDeviceMappings").to_vec();
    for change in changes {
        let device = members::required(&change, "DeviceName").to_owned();
        let with = change.get("Ebs").and_then(|ebs| members::flag(ebs, "DeleteOnTermination"));
        let held = network
            .resources
            .values_mut()
            .find(|volume| volume.attached.as_ref().is_some_and(|(to, at)| to == id && *at == device));
        if let (Some(volume), Some(with)) = (held, with) {
            volume.members.insert("DeleteOnTermination".to_owned(), with.into());
        }
    }
    world.effect(call, id);
    Ok(json!({}))
}

/// ModifySubnetAttribute.
pub(super) fn modify_subnet(world: &mut World, call: &Call) -> Answer {
    let id = members::required(&call.input, "SubnetId");
    let found = world.site_mut(&call.caller).network.find_mut("Subnet", id);
    let missing = || Refusal::new("InvalidSubnetID.NotFound", format!("The subnet ID '{id}' does not exist"));
    let found = found.ok_or_else(missing)?;
    if let Some(value) = call.input.get("MapPublicIpOnLaunch").and_then(|value| members::flag(value, "Value")) {
        found.members.insert("MapPublicIpOnLaunch".to_owned(), value.into());
    }
    Ok(json!({}))
}
