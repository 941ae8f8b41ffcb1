//! EBS volumes: made, attached, detached, and told, with the tail of what is still to be read from their snapshots.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::instances::SET_UP;
use super::listing::{self, Listing, specified};
use super::{images, zones};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members, stamp};
use crate::sim::network::{Life, Network, Resource};
use crate::sim::world::World;

/// How long a volume takes to be made, and to be attached, in seconds.
const MAKES: i64 = 5;
const ATTACHES: i64 = 3;
/// How much of a snapshot a volume has read after a second, in MiB.
const READS: i64 = 50;

const LISTING: Listing = Listing {
    answer: "Volumes",
    ids: "VolumeIds",
    id: "VolumeId",
    prefix: "vol-",
    code: "InvalidVolume",
    word: "volume",
    filters: &[
        ("attachment.attach-time", "Attachments.AttachTime"),
        ("attachment.delete-on-termination", "Attachments.DeleteOnTermination"),
        ("attachment.device", "Attachments.Device"),
        ("attachment.instance-id", "Attachments.InstanceId"),
        ("attachment.status", "Attachments.State"),
        ("availability-zone", "AvailabilityZone"),
        ("create-time", "CreateTime"),
        ("encrypted", "Encrypted"),
        ("size", "Size"),
        ("snapshot-id", "SnapshotId"),
        ("status", "State"),
        ("volume-id", "VolumeId"),
        ("volume-type", "VolumeType"),
    ],
};

fn state(resource: &Resource, now: DateTime<Utc>) -> &'static str {
    if resource.attached.is_some() { "in-use" } else { resource.life.at(now, "available") }
}

fn attachment(resource: &Resource, now: DateTime<Utc>, takes: chrono::TimeDelta) -> Option<Value> {
    let (instance, device) = resource.attached.as_ref()?;
    let since = resource.text("AttachTime").and_then(members::read_time).unwrap_or(SET_UP);
    let with = resource.members.get("DeleteOnTermination").cloned().unwrap_or(false.into());
    Some(json!({
        "VolumeId": resource.name, "InstanceId": instance, "Device": device, "AttachTime": stamp(since),
        "State": if now < since + takes { "attaching" } else { "attached" }, "DeleteOnTermination": with,
    }))
}

fn told(world: &World, resource: &Resource) -> Value {
    let now = world.now();
    let basic = json!({
        "VolumeId": resource.name, "Size": 8, "VolumeType": "gp3", "Iops": 3000, "Throughput": 125, "Encrypted": false,
        "SnapshotId": "", "MultiAttachEnabled": false,
    });
    let mut row = listing::row(
        resource,
        basic,
        &["Size", "VolumeType", "Iops", "Throughput", "Encrypted", "KmsKeyId", "SnapshotId", "MultiAttachEnabled"],
    );
    if !matches!(row.get("VolumeType").and_then(Value::as_str), Some("gp3")) {
        row.remove("Throughput");
    }
    row.insert("AvailabilityZone".into(), resource.zone.clone().unwrap_or_default().into());
    row.insert("CreateTime".into(), stamp(resource.life.made.unwrap_or(SET_UP)));
    row.insert("State".into(), state(resource, now).into());
    row.insert("Attachments".into(), attachment(resource, now, world.takes(ATTACHES)).into_iter().collect());
    Value::Object(row)
}

/// DescribeVolumes.
pub(super) fn describe(world: &World, call: &Call) -> Answer {
    let network = world.network(&call.caller);
    let there = network.of("EBS").filter(|(_, resource)| !resource.life.over(world.now()));
    LISTING.answer(call, there.map(|(_, resource)| told(world, resource)).collect())
}

/// DescribeVolumeStatus: how much of its snapshot a volume has read yet.
///
/// Source: EBS user guide, "Initialize Amazon EBS volumes".
pub(super) fn status(world: &World, call: &Call) -> Answer {
    let (network, now) = (world.network(&call.caller), world.now());
    let rows = network.of("EBS").filter(|(_, resource)| !resource.life.over(now)).map(|(_, resource)| {
        let zone = resource.zone.clone().unwrap_or_default();
        let lazy = resource.text("SnapshotId").is_some_and(|id| !id.is_empty());
        let size = resource.members.get("Size").and_then(Value::as_i64).unwrap_or(8) * 1024;
        let read = resource.life.made.map_or(size, |made| (now - made).num_seconds() * READS).min(size);
        let tail = lazy.then(|| {
            json!({"InitializationType": "default", "Progress": read * 100 / size.max(1),
                "EstimatedTimeToCompleteInSeconds": (size - read) / READS})
        });
        Members::new()
            .set("VolumeId", resource.name.as_str())
            .set("AvailabilityZone", zone.as_str())
            .set("Actions", json!([]))
            .set("Events", json!([]))
            .set(
                "VolumeStatus",
                json!({"Status": "ok", "Details": [
                {"Name": "io-enabled", "Status": "passed"}, {"Name": "io-performance", "Status": "not-applicable"}]}),
            )
            .maybe("InitializationStatusDetails", tail)
            .done()
    });
    let listing = Listing {
        answer: "VolumeStatuses",
        filters: &[("availability-zone", "AvailabilityZone"), ("volume-status.status", "VolumeStatus.Status")],
        ..LISTING
    };
    listing.answer(call, rows.collect())
}

/// A volume that is made with its instance, from one of RunInstances's mappings.
pub(super) fn attached(world: &mut World, mapping: &Value, instance: &str, zone: &str, now: DateTime<Utc>) -> Resource {
    let ebs = mapping.get("Ebs").cloned().unwrap_or_default();
    let members = Members::new()
        .copy(&ebs, &["VolumeType", "Iops", "Throughput", "Encrypted", "KmsKeyId", "SnapshotId"])
        .set("Size", members::integer(&ebs, "VolumeSize").unwrap_or(8))
        .set("DeleteOnTermination", members::flag(&ebs, "DeleteOnTermination").unwrap_or(true))
        .time("AttachTime", now)
        .done();
    let id = format!("vol-0{}", world.ids.hex(16));
    let device = members::text(mapping, "DeviceName").unwrap_or("/dev/xvda").to_owned();
    let volume = Resource::new("EBS", &id, members);
    let (zone, attached) = (Some(zone.to_owned()), Some((instance.to_owned(), device)));
    Resource { zone, attached, life: Life::begin(now, &[(now, "available")]), ..volume }
}

/// CreateVolume.
pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let (id, now) = (format!("vol-0{}", world.ids.hex(16)), world.now());
    let (region, account) = (&call.caller.region, &call.caller.account);
    let zones = Network::zones(region);
    let by_id = members::text(input, "AvailabilityZoneId");
    let by_id =
        by_id.and_then(|id| zones.iter().find(|zone| zones::id_of(world.seed, account, region, zone).as_deref() == Some(id)));
    let zone = members::text(input, "AvailabilityZone").or(by_id.map(String::as_str)).unwrap_or_default();
    if zone.is_empty() {
        return Err(Refusal::new("MissingParameter", "The request must contain the parameter zone"));
    }
    if !zones.iter().any(|known| known == zone) {
        return Err(Refusal::new("InvalidZone.NotFound", format!("The zone '{zone}' does not exist.")));
    }
    if let Some(token) = members::text(input, "ClientToken").filter(|token| !token.is_empty()) {
        let network = world.network(&call.caller);
        if let Some((_, known)) = network.of("EBS").find(|(_, known)| known.text("ClientToken") == Some(token)) {
            return Ok(made(told(world, known)));
        }
    }
    let snapshot = members::text(input, "SnapshotId").filter(|id| !id.is_empty());
    let source = snapshot.map(|id| images::snapshot(world, call, id)).transpose()?;
    let from = source.as_ref().and_then(|source| members::integer(source, "VolumeSize"));
    let size = members::integer(input, "Size").or(from);
    let size = size.ok_or_else(|| Refusal::new("MissingParameter", "The request must contain the parameter size/snapshot"))?;
    if let Some(from) = from.filter(|from| size < *from) {
        let message =
            format!("Volume of {size}GiB is smaller than snapshot '{}', expect size >= {from}GiB", snapshot.unwrap_or_default());
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    let encrypted = source.as_ref().and_then(|source| members::flag(source, "Encrypted")).unwrap_or(false)
        || members::flag(input, "Encrypted").unwrap_or(false);
    let kind = members::text(input, "VolumeType").unwrap_or("gp2");
    let iops = match kind {
        "gp3" => Some(3000),
        "gp2" => Some((size * 3).clamp(100, 16_000)),
        _ => None,
    };
    let key = encrypted.then(|| members::text(input, "KmsKeyId").map(str::to_owned));
    let key = key.map(|key| key.unwrap_or_else(|| format!("arn:aws:kms:{region}:{account}:alias/aws/ebs")));
    let members = Members::new()
        .copy(input, &["SnapshotId", "Throughput", "ClientToken", "MultiAttachEnabled"])
        .set("Size", size)
        .set("VolumeType", kind)
        .maybe("Iops", members::integer(input, "Iops").or(iops))
        .set("Encrypted", encrypted)
        .maybe("KmsKeyId", key)
        .done();
    let mut volume = Resource::new("EBS", &id, members);
    volume.zone = Some(zone.to_owned());
    volume.life = Life::begin(now, &[(now, "creating"), (now + world.takes(MAKES), "available")]);
    volume.tags = specified(input, "volume");
    let mut answer = told(world, &volume);
    answer["State"] = "creating".into();
    let arn = format!("arn:aws:ec2:{region}:{account}:volume/{id}");
    world.site_mut(&call.caller).network.resources.insert(arn, volume);
    world.effect(call, &id);
    Ok(made(answer))
}

/// What CreateVolume tells of a volume.
fn made(mut told: Value) -> Value {
    if let Some(members) = told.as_object_mut() {
        members.remove("Attachments");
    }
    told
}

fn not_found(id: &str) -> Refusal {
    Refusal::new("InvalidVolume.NotFound", format!("The volume '{id}' does not exist."))
}

/// AttachVolume.
pub(super) fn attach(world: &mut World, call: &Call) -> Answer {
    let text = |key| members::required(&call.input, key);
    let (volume, instance, device, now) = (text("VolumeId"), text("InstanceId"), text("Device"), world.now());
    let network = &mut world.site_mut(&call.caller).network;
    network.attach(volume, instance, device, now).map_err(|(code, message)| Refusal::new(code, message))?;
    world.effect(call, volume);
    Ok(json!({"VolumeId": volume, "InstanceId": instance, "Device": device, "AttachTime": stamp(now), "State": "attaching",
        "DeleteOnTermination": false}))
}

/// DetachVolume.
pub(super) fn detach(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let (id, now) = (members::required(input, "VolumeId"), world.now());
    let network = &mut world.site_mut(&call.caller).network;
    let found = network.find_mut("EBS", id).filter(|found| !found.life.over(now)).ok_or_else(|| not_found(id))?;
    let Some((instance, device)) = found.attached.clone() else {
        return Err(Refusal::new("IncorrectState", format!("Volume '{id}' is in the 'available' state.")));
    };
    if members::text(input, "InstanceId").is_some_and(|wanted| wanted != instance) {
        let message = format!("The volume '{id}' is not attached to instance '{}'.", members::required(input, "InstanceId"));
        return Err(Refusal::new("InvalidAttachment.NotFound", message));
    }
    let since = found.members.remove("AttachTime").unwrap_or_else(|| stamp(SET_UP));
    found.attached = None;
    found.life.go_on(now, &[(now, "available")]);
    world.effect(call, id);
    Ok(json!({"VolumeId": id, "InstanceId": instance, "Device": device, "AttachTime": since, "State": "detaching",
        "DeleteOnTermination": false}))
}

/// DeleteVolume.
pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let (id, now) = (members::required(&call.input, "VolumeId"), world.now());
    LISTING.well_formed(id)?;
    let network = &mut world.site_mut(&call.caller).network;
    let found = network.find("EBS", id).filter(|found| !found.life.over(now)).ok_or_else(|| not_found(id))?;
    if let Some((instance, _)) = &found.attached {
        return Err(Refusal::new("VolumeInUse", format!("Volume {id} is currently attached to {instance}")));
    }
    network.resources.retain(|_, resource| !(resource.kind == "EBS" && resource.name == id));
    world.effect(call, id);
    Ok(json!({}))
}
