//! The images that callers make of their instances, with the snapshots of the volumes.

use serde_json::{Value, json};

use super::images::{SNAPSHOT, image};
use super::instances::SET_UP;
use super::listing::{self, specified};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::network::{Life, Resource};
use crate::sim::world::World;

fn missing(id: &str) -> Refusal {
    Refusal::new("InvalidAMIID.NotFound", format!("The image id '[{id}]' does not exist"))
}

/// What DescribeImages tells of the images of this account.
pub(super) fn all(world: &World, call: &Call) -> Vec<Value> {
    let (network, now) = (world.network(&call.caller), world.now());
    let told = |resource: &Resource| {
        let made = resource.life.made.unwrap_or(SET_UP);
        let mut row = image(&resource.name, resource.text("Name").unwrap_or_default(), &call.caller.account, None, made);
        for (member, value) in &resource.members {
            row[member.as_str()] = value.clone();
        }
        row["State"] = resource.life.at(now, "available").into();
        row["Tags"] = listing::tags(resource);
        row
    };
    network.of("Image").map(|(_, resource)| told(resource)).collect()
}

/// CreateImage.
pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let (now, takes) = (world.now(), world.takes(SNAPSHOT));
    let (of, name) = (members::required(input, "InstanceId"), members::required(input, "Name"));
    let network = world.network(&call.caller).into_owned();
    let gone = || Refusal::new("InvalidInstanceID.NotFound", format!("The instance ID '{of}' does not exist"));
    network.find("EC2", of).filter(|instance| instance.life.at(now, "running") != "terminated").ok_or_else(gone)?;
    if !(3..=128).contains(&name.chars().count()) {
        let message = "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', '.', '-', \
                       '/' and '_'";
        return Err(Refusal::new("InvalidAMIName.Malformed", message));
    }
    if let Some((_, other)) = network.of("Image").find(|(_, other)| other.text("Name") == Some(name)) {
        let message = format!("AMI name {name} is already in use by AMI {}", other.name);
        return Err(Refusal::new("InvalidAMIName.Duplicate", message));
    }
    let id = format!("ami-0{}", world.ids.hex(16));
    let steps = [(now, "pending"), (now + takes, "available")];
    let mut mappings = Vec::new();
    let attached = network.of("EBS").filter(|(_, volume)| volume.attached.as_ref().is_some_and(|(to, _)| to == of));
    for (_, volume) in attached {
        let part = format!("snap-0{}", world.ids.hex(16));
        let member = |name: &str, default: Value| volume.members.get(name).cloned().unwrap_or(default);
        let (size, encrypted) = (member("Size", 8.into()), member("Encrypted", false.into()));
        let made_of = Members::new()
            .set("Description", format!("Created by CreateImage({of}) for {id}"))
            .set("VolumeId", volume.name.as_str())
            .set("VolumeSize", size.clone())
            .set("Encrypted", encrypted.clone())
            .set("OwnerId", call.caller.account.as_str())
            .done();
        let mut snapshot = Resource::new("Snapshot", &part, made_of);
        snapshot.life = Life::begin(now, &[(now, "pending"), (now + takes, "completed")]);
        snapshot.tags = specified(input, "snapshot");
        let arn = format!("arn:aws:ec2:{}::snapshot/{part}", call.caller.region);
        world.site_mut(&call.caller).network.resources.insert(arn, snapshot);
        let device = volume.attached.as_ref().map(|(_, device)| device.clone()).unwrap_or_default();
        mappings.push(json!({"DeviceName": device, "Ebs": {"SnapshotId": part, "VolumeSize": size, "Encrypted": encrypted,
            "VolumeType": member("VolumeType", "gp3".into()), "DeleteOnTermination": member("DeleteOnTermination", true.into())}}));
    }
    let given = members::list(input, "BlockDeviceMappings").iter().cloned();
    mappings.extend(given.filter(|mapping| mapping.get("VirtualName").is_some()).collect::<Vec<_>>());
    let members = Members::new()
        .set("Name", name)
        .set("Description", members::text(input, "Description").unwrap_or_default())
        .set("SourceInstanceId", of)
        .set("BlockDeviceMappings", mappings)
        .done();
    let mut made = Resource::new("Image", &id, members);
    made.life = Life::begin(now, &steps);
    made.tags = specified(input, "image");
    let arn = format!("arn:aws:ec2:{}::image/{id}", call.caller.region);
    world.site_mut(&call.caller).network.resources.insert(arn, made);
    world.effect(call, &id);
    Ok(json!({"ImageId": id}))
}

/// DeregisterImage. The snapshots stay, unless they are to go too.
pub(super) fn deregister(world: &mut World, call: &Call) -> Answer {
    let id = members::required(&call.input, "ImageId");
    let resources = &mut world.site_mut(&call.caller).network.resources;
    let found = resources.iter().find(|(_, image)| image.kind == "Image" && image.name == id).map(|(arn, _)| arn.clone());
    let image = found.and_then(|arn| resources.remove(&arn)).ok_or_else(|| missing(id))?;
    let mut deleted = Vec::new();
    if members::flag(&call.input, "DeleteAssociatedSnapshots") == Some(true) {
        let members = Value::Object(image.members);
        for part in listing::values(&members, "BlockDeviceMappings.Ebs.SnapshotId") {
            resources.retain(|_, resource| !(resource.kind == "Snapshot" && resource.name == part));
            deleted.push(json!({"SnapshotId": part, "ReturnCode": "success"}));
        }
    }
    world.effect(call, id);
    Ok(json!({"Return": true, "DeleteSnapshotResults": deleted}))
}
