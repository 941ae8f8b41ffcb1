//! FSx: file systems, and what of theirs can be listed. All of it is the site's resources; nothing is kept here.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members, stamp};
use crate::sim::network::{Life, Network, Resource};
use crate::sim::page::Paging;
use crate::sim::service::coverage::{Operation, changes, reads};
use crate::sim::world::World;

/// What holds for all of the service.
pub const NOTE: &str = "File systems hold no files. Storage virtual machines and volumes come from scenarios; backups are the recovery \
                        points of AWS Backup.";

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    changes("CreateFileSystem", "directories are not held against what is there"),
    changes("DeleteFileSystem", "no final backup"),
    reads("DescribeBackups", "those of AWS Backup"),
    reads("DescribeFileSystems", ""),
    reads("DescribeStorageVirtualMachines", ""),
    reads("DescribeVolumes", ""),
    reads("ListTagsForResource", ""),
    changes("TagResource", ""),
    changes("UntagResource", ""),
];

/// How long a file system takes, in seconds.
const TAKES: i64 = 600;
/// When what has no time of its own was set up.
const SET_UP: DateTime<Utc> = match DateTime::from_timestamp(1_704_067_200, 0) {
    Some(at) => at,
    None => DateTime::UNIX_EPOCH,
};

const PAGING: Paging =
    Paging { token: "NextToken", size: "MaxResults", default: 100, max: 1000, code: "BadRequest", message: "Invalid NextToken" };

/// Answers one call to FSx.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateFileSystem" => create(world, call),
        "DeleteFileSystem" => delete(world, call),
        "DescribeFileSystems" => {
            let network = world.network(&call.caller);
            let there = network.of("FSx").filter(|(_, found)| !found.life.over(world.now()));
            let rows = there.map(|(arn, found)| (found.name.clone(), told(&network, call, arn, found, world.now())));
            listed(call, "FileSystems", "FileSystemIds", "FileSystemNotFound", rows.collect())
        }
        "DescribeStorageVirtualMachines" => {
            parts(world, call, "SVM", "StorageVirtualMachines", "StorageVirtualMachineId", "StorageVirtualMachineNotFound")
        }
        "DescribeVolumes" => parts(world, call, "FSxVolume", "Volumes", "VolumeId", "VolumeNotFound"),
        "DescribeBackups" => backups(world, call),
        "ListTagsForResource" | "TagResource" | "UntagResource" => tags(world, call),
        _ => Err(super::unknown(call)),
    }
}

fn tag_list(resource: &Resource) -> Value {
    Value::Array(resource.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect())
}

fn pairs(input: &Value) -> Vec<(String, String)> {
    let pair = |tag: &Value| (members::required(tag, "Key").to_owned(), members::required(tag, "Value").to_owned());
    members::list(input, "Tags").iter().map(pair).collect()
}

/// A page of the rows with the ids that are asked for, or of all.
fn listed(call: &Call, member: &str, ids: &str, missing: &str, rows: Vec<(String, Value)>) -> Answer {
    let wanted = members::texts(&call.input, ids);
    if let Some(id) = wanted.iter().find(|id| !rows.iter().any(|(known, _)| known == *id)) {
        return Err(Refusal::new(missing, format!("'{id}' does not exist.")));
    }
    let cursor = PAGING.open::<String>(call)?;
    let after = cursor.after.clone();
    let mut rows = rows;
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    let rows = rows
        .into_iter()
        .filter(|(id, _)| (wanted.is_empty() || wanted.contains(&id.as_str())) && after.as_ref().is_none_or(|after| id > after));
    let (page, token) = cursor.take(rows);
    Ok(Members::new().set(member, page).maybe("NextToken", token).done())
}

fn told(network: &Network, call: &Call, arn: &str, resource: &Resource, now: DateTime<Utc>) -> Value {
    let region = &call.caller.region;
    let kind = resource.text("FileSystemType").unwrap_or("WINDOWS");
    let state = resource.life.at(now, "AVAILABLE");
    let subnets: Vec<&str> =
        resource.members.get("SubnetIds").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let vpc = subnets.first().and_then(|id| network.find("Subnet", id)).and_then(|subnet| subnet.text("VpcId"));
    Members::new()
        .set("StorageCapacity", 1200)
        .set("StorageType", "SSD")
        .copy(
            &Value::Object(resource.members.clone()),
            &[
                "StorageCapacity",
                "StorageType",
                "KmsKeyId",
                "WindowsConfiguration",
                "LustreConfiguration",
                "OntapConfiguration",
                "OpenZFSConfiguration",
                "FileSystemTypeVersion",
            ],
        )
        .set("OwnerId", call.caller.account.as_str())
        .set("FileSystemId", resource.name.as_str())
        .set("FileSystemType", kind)
        .set("Lifecycle", state)
        .set("CreationTime", stamp(resource.life.made.unwrap_or(SET_UP)))
        .set("ResourceARN", arn)
        .set("DNSName", format!("{}.fsx.{region}.amazonaws.com", resource.name))
        .maybe("VpcId", vpc)
        .set("SubnetIds", json!(subnets))
        .set("NetworkInterfaceIds", json!([]))
        .set("Tags", tag_list(resource))
        .done()
}

/// Storage virtual machines and volumes, as scenarios have them.
fn parts(world: &World, call: &Call, kind: &str, member: &str, id: &str, missing: &str) -> Answer {
    let (network, now) = (world.network(&call.caller), world.now());
    let there = network.of(kind).filter(|(_, found)| !found.life.over(now));
    let rows = there.map(|(arn, found)| {
        let mut row = json!({"Lifecycle": "CREATED", "Name": found.name, "CreationTime": stamp(found.life.made.unwrap_or(SET_UP)),
            "ResourceARN": arn, "Tags": tag_list(found)});
        row[id] = found.name.clone().into();
        if kind == "FSxVolume" {
            row["VolumeType"] = "ONTAP".into();
        }
        if let Some(row) = row.as_object_mut() {
            row.extend(found.members.clone());
        }
        (found.name.clone(), row)
    });
    let rows = rows.filter(|(_, row)| {
        members::list(&call.input, "Filters").iter().all(|filter| {
            let wanted = members::texts(filter, "Values");
            let value = match members::required(filter, "Name") {
                "file-system-id" => members::text(row, "FileSystemId"),
                "storage-virtual-machine-id" => row["OntapConfiguration"]["StorageVirtualMachineId"].as_str(),
                _ => None,
            };
            value.is_some_and(|value| wanted.contains(&value))
        })
    });
    listed(call, member, &format!("{id}s"), missing, rows.collect())
}

/// The recovery points of this site that are backups of FSx.
fn backups(world: &World, call: &Call) -> Answer {
    let account = call.caller.account.as_str();
    let site = world.site(&call.caller);
    let rows = site.into_iter().flat_map(|site| site.backup.of_kind("FSx")).map(|point| {
        let id = format!("backup-0{:016x}", point.id.0);
        let of = point.lineage.resource.rsplit('/').next().unwrap_or_default();
        let row = json!({
            "BackupId": id, "Lifecycle": "AVAILABLE", "Type": "AWS_BACKUP", "CreationTime": stamp(point.created), "OwnerId": account,
            "ResourceARN": format!("arn:aws:fsx:{}:{account}:backup/{id}", call.caller.region), "Tags": [], "ProgressPercent": 100,
            "FileSystem": {"FileSystemId": of, "OwnerId": account, "ResourceARN": &*point.lineage.resource},
            "ResourceType": "FILE_SYSTEM", "SizeInBytes": point.bytes,
        });
        (id, row)
    });
    let wanted = |row: &Value| {
        members::list(&call.input, "Filters").iter().all(|filter| {
            let values = members::texts(filter, "Values");
            match members::required(filter, "Name") {
                "file-system-id" => row["FileSystem"]["FileSystemId"].as_str().is_some_and(|id| values.contains(&id)),
                "backup-type" => values.contains(&"AWS_BACKUP"),
                _ => false,
            }
        })
    };
    listed(call, "Backups", "BackupIds", "BackupNotFound", rows.filter(|(_, row)| wanted(row)).collect())
}

fn create(world: &mut World, call: &Call) -> Answer {
    let (input, now, takes) = (&call.input, world.now(), world.takes(TAKES));
    let id = format!("fs-0{}", world.ids.hex(16));
    let network = world.network(&call.caller);
    let token = members::text(input, "ClientRequestToken");
    let known = network.of("FSx").find(|(_, found)| token.is_some() && found.text("ClientRequestToken") == token);
    if let Some((arn, known)) = known {
        return Ok(json!({"FileSystem": told(&network, call, arn, known, now)}));
    }
    for subnet in members::texts(input, "SubnetIds") {
        let missing = || Refusal::new("InvalidNetworkSettings", format!("The subnet ID '{subnet}' does not exist"));
        if !world.scenario.bare {
            network.find("Subnet", subnet).ok_or_else(missing)?;
        }
    }
    let kind = members::required(input, "FileSystemType");
    let own = match kind {
        "WINDOWS" => "WindowsConfiguration",
        "LUSTRE" => "LustreConfiguration",
        "ONTAP" => "OntapConfiguration",
        _ => "OpenZFSConfiguration",
    };
    let configuration = input.get(own).cloned().unwrap_or_else(|| json!({}));
    if kind == "WINDOWS" && configuration.get("ThroughputCapacity").is_none() && !world.scenario.bare {
        return Err(Refusal::new(
            "BadRequest",
            "WindowsConfiguration with a ThroughputCapacity is required for Windows file systems.",
        ));
    }
    let known = &[
        "ActiveDirectoryId",
        "DeploymentType",
        "ThroughputCapacity",
        "AutomaticBackupRetentionDays",
        "CopyTagsToBackups",
        "PreferredSubnetId",
        "WeeklyMaintenanceStartTime",
        "PerUnitStorageThroughput",
        "DataCompressionType",
    ];
    let keep: &[&str] = if kind == "LUSTRE" {
        &[
            "DeploymentType",
            "AutomaticBackupRetentionDays",
            "CopyTagsToBackups",
            "WeeklyMaintenanceStartTime",
            "PerUnitStorageThroughput",
            "DataCompressionType",
        ]
    } else {
        known
    };
    let configuration = Members::new()
        .copy(
            &configuration,
            if kind == "WINDOWS" {
                &known[..7]
            } else if kind == "ONTAP" || kind == "OPENZFS" {
                &known[1..4]
            } else {
                keep
            },
        )
        .done();
    let members = Members::new()
        .copy(
            input,
            &[
                "FileSystemType",
                "StorageCapacity",
                "StorageType",
                "SubnetIds",
                "KmsKeyId",
                "ClientRequestToken",
                "FileSystemTypeVersion",
            ],
        )
        .set(own, configuration)
        .done();
    let mut made = Resource::new("FSx", &id, members);
    made.life = Life::begin(now, &[(now, "CREATING"), (now + takes, "AVAILABLE")]);
    made.tags = pairs(input).into_iter().collect();
    drop(network);
    let arn = format!("arn:aws:fsx:{}:{}:file-system/{id}", call.caller.region, call.caller.account);
    world.site_mut(&call.caller).network.resources.insert(arn.clone(), made.clone());
    world.effect(call, &id);
    let mut told = told(&world.network(&call.caller), call, &arn, &made, now);
    told["Lifecycle"] = "CREATING".into();
    Ok(json!({"FileSystem": told}))
}

fn delete(world: &mut World, call: &Call) -> Answer {
    let (id, now, takes) = (members::required(&call.input, "FileSystemId"), world.now(), world.takes(TAKES / 4));
    let found = world.site_mut(&call.caller).network.find_mut("FSx", id).filter(|found| !found.life.over(now));
    let found = found.ok_or_else(|| Refusal::new("FileSystemNotFound", format!("File system '{id}' does not exist.")))?;
    found.life.go_on(now, &[(now, "DELETING"), (now + takes, "")]);
    world.effect(call, id);
    Ok(json!({"FileSystemId": id, "Lifecycle": "DELETING"}))
}

fn tags(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let arn = members::required(input, "ResourceARN");
    let found = world.site_mut(&call.caller).network.resources.get_mut(arn);
    let found = found.ok_or_else(|| Refusal::new("ResourceNotFound", format!("Resource {arn} not found")))?;
    match call.operation.as_str() {
        "TagResource" => found.tags.extend(pairs(input)),
        "UntagResource" => members::texts(input, "TagKeys").into_iter().for_each(|key| drop(found.tags.remove(key))),
        _ => return Ok(json!({"Tags": tag_list(found)})),
    }
    Ok(json!({}))
}
