//! Images, snapshots and key pairs: those of AWS, of callers, and those that recovery points are.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::fingerprint::fingerprint;
use super::instances::SET_UP;
use super::listing::{self, Listing, specified};
use super::own_images;
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members, stamp};
use crate::sim::network::{Life, Resource};
use crate::sim::seed;
use crate::sim::service::backup::points::Status;
use crate::sim::world::World;

/// How long a snapshot takes, in seconds.
pub(super) const SNAPSHOT: i64 = 60;

const SNAPSHOTS: Listing = Listing {
    answer: "Snapshots",
    ids: "SnapshotIds",
    id: "SnapshotId",
    prefix: "snap-",
    code: "InvalidSnapshot",
    word: "snapshot",
    filters: &[
        ("description", "Description"),
        ("encrypted", "Encrypted"),
        ("owner-id", "OwnerId"),
        ("progress", "Progress"),
        ("snapshot-id", "SnapshotId"),
        ("start-time", "StartTime"),
        ("status", "State"),
        ("volume-id", "VolumeId"),
        ("volume-size", "VolumeSize"),
    ],
};

const IMAGES: Listing = Listing {
    answer: "Images",
    ids: "ImageIds",
    id: "ImageId",
    prefix: "ami-",
    code: "InvalidAMIID",
    word: "image id",
    filters: &[
        ("architecture", "Architecture"),
        ("creation-date", "CreationDate"),
        ("description", "Description"),
        ("hypervisor", "Hypervisor"),
        ("image-id", "ImageId"),
        ("image-type", "ImageType"),
        ("is-public", "Public"),
        ("name", "Name"),
        ("owner-alias", "ImageOwnerAlias"),
        ("owner-id", "OwnerId"),
        ("platform", "Platform"),
        ("root-device-name", "RootDeviceName"),
        ("root-device-type", "RootDeviceType"),
        ("state", "State"),
        ("virtualization-type", "VirtualizationType"),
    ],
};

const KEY_PAIRS: Listing = Listing {
    answer: "KeyPairs",
    ids: "KeyNames",
    id: "KeyName",
    prefix: "",
    code: "InvalidKeyPair",
    word: "key pair",
    filters: &[("key-pair-id", "KeyPairId"), ("fingerprint", "KeyFingerprint"), ("key-name", "KeyName")],
};

/// The recovery points of this site that are snapshots or images, with what EC2 tells of them.
fn recovery_points(world: &World, call: &Call, kind: &str) -> Vec<Value> {
    const GIB: i64 = 1 << 30;
    let Some(site) = world.site(&call.caller) else { return Vec::new() };
    let points = site.backup.of_kind(kind).filter(|point| point.status == Status::Completed);
    let told = points.map(|point| {
        let arn = point.arn();
        let id = arn.rsplit('/').next().unwrap_or_default();
        let account = call.caller.account.as_str();
        let words = format!("This snapshot is created by the AWS Backup service. {}", point.lineage.name);
        let size = (point.bytes + GIB - 1) / GIB;
        if kind == "EBS" {
            let volume = point.lineage.resource.rsplit('/').next().unwrap_or_default();
            json!({
                "SnapshotId": id, "VolumeId": volume, "State": "completed", "Progress": "100%", "OwnerId": account,
                "StartTime": stamp(point.created), "VolumeSize": size.max(1), "Encrypted": point.lineage.key_arn.is_some(),
                "Description": words, "StorageTier": "standard",
                "Tags": [{"Key": "aws:backup:source-resource", "Value": &*point.lineage.resource}],
            })
        } else {
            image(id, &format!("AwsBackup_{}", point.lineage.name), account, None, point.created)
        }
    });
    told.collect()
}

/// What is told of every image.
pub(super) fn image(id: &str, name: &str, owner: &str, alias: Option<&str>, at: chrono::DateTime<chrono::Utc>) -> Value {
    Members::new()
        .set("ImageId", id)
        .set("Name", name)
        .set("Description", name)
        .set("OwnerId", owner)
        .maybe("ImageOwnerAlias", alias)
        .set("ImageLocation", format!("{owner}/{name}"))
        .set("State", "available")
        .set("Public", alias.is_some())
        .set("ImageType", "machine")
        .set("Architecture", "x86_64")
        .set("Hypervisor", "xen")
        .set("VirtualizationType", "hvm")
        .set("EnaSupport", true)
        .set("PlatformDetails", "Linux/UNIX")
        .set("UsageOperation", "RunInstances")
        .set("RootDeviceName", "/dev/xvda")
        .set("RootDeviceType", "ebs")
        .set("CreationDate", stamp(at))
        .set(
            "BlockDeviceMappings",
            json!([{"DeviceName": "/dev/xvda", "Ebs": {
            "DeleteOnTermination": true, "VolumeSize": 8, "VolumeType": "gp3", "Encrypted": false,
            "SnapshotId": format!("snap-0{:016x}", seed::hash(6, id))}}]),
        )
        .set("Tags", json!([]))
        .done()
}

fn all_images(world: &World, call: &Call) -> Vec<Value> {
    let region = &call.caller.region;
    let names = ["al2023-ami-2023.9.20251020.0-kernel-6.1-x86_64", "amzn2-ami-kernel-5.10-hvm-2.0.20251014.0-x86_64-gp2"];
    let amazon = names.map(|name| {
        let id = format!("ami-0{:016x}", seed::hash(7, &format!("{region} {name}")));
        image(&id, name, "137112412989", Some("amazon"), SET_UP)
    });
    amazon.into_iter().chain(own_images::all(world, call)).chain(recovery_points(world, call, "EC2")).collect()
}

/// Refuses an image that is not in this Region.
pub(super) fn there(world: &World, call: &Call, id: &str) -> Result<(), Refusal> {
    IMAGES.well_formed(id)?;
    let used = || world.network(&call.caller).of("EC2").any(|(_, instance)| instance.text("ImageId") == Some(id));
    let known = || all_images(world, call).iter().any(|image| members::text(image, "ImageId") == Some(id));
    if world.scenario.bare || known() || used() {
        return Ok(());
    }
    Err(Refusal::new("InvalidAMIID.NotFound", format!("The image id '[{id}]' does not exist")))
}

/// DescribeImages.
pub(super) fn images(world: &World, call: &Call) -> Answer {
    let mut rows = all_images(world, call);
    let owners = members::texts(&call.input, "Owners");
    let mine = |owner: &str| if owner == "self" { call.caller.account.clone() } else { owner.to_owned() };
    let owners: Vec<String> = owners.into_iter().map(mine).collect();
    let owned = |row: &Value| {
        let text = |member| members::text(row, member);
        owners.iter().any(|owner| text("OwnerId") == Some(owner) || text("ImageOwnerAlias") == Some(owner))
    };
    rows.retain(|row| owners.is_empty() || owned(row));
    IMAGES.answer(call, rows)
}

fn told(world: &World, resource: &Resource) -> Value {
    let now = world.now();
    let basic = json!({"SnapshotId": resource.name, "Description": "", "StorageTier": "standard"});
    let mut row = listing::row(resource, basic, &["Description", "VolumeId", "VolumeSize", "Encrypted", "KmsKeyId", "OwnerId"]);
    let state = resource.life.at(now, "completed");
    row.insert("State".into(), state.into());
    row.insert("Progress".into(), if state == "completed" { "100%" } else { "0%" }.into());
    row.insert("StartTime".into(), stamp(resource.life.made.unwrap_or(SET_UP)));
    Value::Object(row)
}

fn all_snapshots(world: &World, call: &Call) -> Vec<Value> {
    let network = world.network(&call.caller);
    let own = network.of("Snapshot").map(|(_, resource)| told(world, resource));
    own.chain(recovery_points(world, call, "EBS")).collect()
}

/// The snapshot with this id.
///
/// # Errors
/// EC2's refusal of an id that is not there.
pub(super) fn snapshot(world: &World, call: &Call, id: &str) -> Result<Value, Refusal> {
    SNAPSHOTS.well_formed(id)?;
    let missing = || Refusal::new("InvalidSnapshot.NotFound", format!("The snapshot '{id}' does not exist."));
    let mut all = all_snapshots(world, call).into_iter();
    all.find(|row| members::text(row, "SnapshotId") == Some(id)).ok_or_else(missing)
}

/// DescribeSnapshots.
pub(super) fn snapshots(world: &World, call: &Call) -> Answer {
    let owners = members::texts(&call.input, "OwnerIds");
    let mut rows = all_snapshots(world, call);
    let owned = |row: &Value| owners.iter().any(|owner| *owner == "self" || members::text(row, "OwnerId") == Some(owner));
    rows.retain(|row| owners.is_empty() || owned(row));
    SNAPSHOTS.answer(call, rows)
}

/// CreateSnapshot.
pub(super) fn create_snapshot(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let (id, now, takes) = (format!("snap-0{}", world.ids.hex(16)), world.now(), world.takes(SNAPSHOT));
    let volume = members::required(input, "VolumeId");
    let network = &mut world.site_mut(&call.caller).network;
    let missing = || Refusal::new("InvalidVolume.NotFound", format!("The volume '{volume}' does not exist."));
    let found = network.find("EBS", volume).filter(|found| !found.life.over(now)).ok_or_else(missing)?;
    let size = found.members.get("Size").cloned().unwrap_or(8.into());
    let encrypted = found.members.get("Encrypted").cloned().unwrap_or(false.into());
    let members = Members::new()
        .copy(input, &["Description", "VolumeId"])
        .set("VolumeSize", size)
        .set("Encrypted", encrypted)
        .set("OwnerId", call.caller.account.as_str())
        .done();
    let mut snapshot = Resource::new("Snapshot", &id, members);
    snapshot.life = Life::begin(now, &[(now, "pending"), (now + takes, "completed")]);
    snapshot.tags = specified(input, "snapshot");
    let arn = format!("arn:aws:ec2:{}::snapshot/{id}", call.caller.region);
    network.resources.insert(arn, snapshot.clone());
    world.effect(call, &id);
    let mut answer = told(world, &snapshot);
    answer["State"] = "pending".into();
    if let Some(answer) = answer.as_object_mut() {
        answer.remove("StorageTier");
    }
    Ok(answer)
}

/// DeleteSnapshot.
pub(super) fn delete_snapshot(world: &mut World, call: &Call) -> Answer {
    let id = members::required(&call.input, "SnapshotId");
    snapshot(world, call, id)?;
    let network = &mut world.site_mut(&call.caller).network;
    if network.find("Snapshot", id).is_none() {
        let message = format!("This snapshot is managed by AWS Backup service and cannot be deleted via EC2 APIs: {id}");
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    network.resources.retain(|_, resource| !(resource.kind == "Snapshot" && resource.name == id));
    world.effect(call, id);
    Ok(json!({}))
}

/// DescribeKeyPairs.
pub(super) fn key_pairs(world: &World, call: &Call) -> Answer {
    let network = world.network(&call.caller);
    let rows = network.of("KeyPair").map(|(_, resource)| {
        let mut row = listing::row(resource, json!({"KeyName": resource.name}), &["KeyPairId", "KeyFingerprint", "KeyType"]);
        row.insert("CreateTime".into(), stamp(resource.life.made.unwrap_or(SET_UP)));
        Value::Object(row)
    });
    let rows: Vec<Value> = rows.collect();
    let ids = members::texts(&call.input, "KeyPairIds");
    let wanted =
        rows.into_iter().filter(|row| ids.is_empty() || members::text(row, "KeyPairId").is_some_and(|id| ids.contains(&id)));
    let mut answer = KEY_PAIRS.answer(call, wanted.collect())?;
    if let Some(answer) = answer.as_object_mut() {
        answer.remove("NextToken");
    }
    Ok(answer)
}

/// CreateKeyPair and ImportKeyPair.
pub(super) fn add_key_pair(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let (id, print, now) = (format!("key-0{}", world.ids.hex(16)), world.ids.hex(40), world.now());
    let name = members::required(input, "KeyName");
    let network = &mut world.site_mut(&call.caller).network;
    if network.find("KeyPair", name).is_some() {
        return Err(Refusal::new("InvalidKeyPair.Duplicate", format!("The keypair '{name}' already exists.")));
    }
    let pairs: Vec<_> = print.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned()).collect();
    let mut kind = members::text(input, "KeyType").unwrap_or("rsa");
    let mut print = pairs.join(":");
    if let Some(material) = members::text(input, "PublicKeyMaterial") {
        let wrong = || Refusal::new("InvalidKey.Format", "Key is not in valid OpenSSH public key format");
        let material = STANDARD.decode(material).map_err(|_| wrong())?;
        // AWS takes other forms of keys too; of those the fingerprint is a drawn one.
        if let Some((known, told)) = fingerprint(&material) {
            (kind, print) = (known, told);
        } else if material.is_empty() {
            return Err(wrong());
        }
    }
    let mut pair = Resource::new("KeyPair", name, json!({"KeyPairId": id, "KeyFingerprint": print, "KeyType": kind}));
    pair.life = Life::begin(now, &[]);
    pair.tags = specified(input, "key-pair");
    let told = listing::tags(&pair);
    network.resources.insert(format!("arn:aws:ec2:{}:{}:key-pair/{name}", call.caller.region, call.caller.account), pair);
    world.effect(call, name);
    let material = (call.operation == "CreateKeyPair")
        .then(|| format!("-----BEGIN RSA PRIVATE KEY-----\n{id}\n-----END RSA PRIVATE KEY-----"));
    Ok(Members::new()
        .set("KeyName", name)
        .set("KeyPairId", id)
        .set("KeyFingerprint", print)
        .set("Tags", told)
        .maybe("KeyMaterial", material)
        .done())
}

/// DeleteKeyPair: one that is not there is deleted too.
pub(super) fn delete_key_pair(world: &mut World, call: &Call) -> Answer {
    let (name, id) = (members::text(&call.input, "KeyName"), members::text(&call.input, "KeyPairId"));
    let network = &mut world.site_mut(&call.caller).network;
    let gone = |resource: &Resource| {
        resource.kind == "KeyPair" && (name == Some(&resource.name) || (id.is_some() && resource.text("KeyPairId") == id))
    };
    network.resources.retain(|_, resource| !gone(resource));
    Ok(Members::new().set("Return", true).done())
}
