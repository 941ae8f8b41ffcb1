//! What a restore leaves: the resource as its own service then tells it, from the metadata of the call and from the recovery point.
//!
//! Source: AWS Backup developer guide, the "Restoring …" page of each resource type.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::points::Point;
use super::rules::{Metadata, Target, get, listed};
use crate::sim::members;

const GIB: i64 = 1 << 30;
/// How far back a continuous recovery point reaches, and how much of the latest time is missing, by resource type.
const REACH: TimeDelta = TimeDelta::days(35);
const MISSING: [(&str, TimeDelta); 2] = [("S3", TimeDelta::minutes(15)), ("RDS", TimeDelta::minutes(5))];

/// The members of the resource that is made.
pub fn members(kind: &str, metadata: &Metadata, target: &Target<'_>) -> Map<String, Value> {
    let read = |key: &str| get(kind, metadata, key);
    let backed_up = |key: &str| target.point.and_then(|point| known(point, key));
    let either = |key: &str| read(key).map(str::to_owned).or_else(|| backed_up(key));
    let size = target.point.map_or(8, |point| ((point.bytes + GIB - 1) / GIB).max(1));
    let number = |key: &str| either(key).and_then(|text| text.parse::<i64>().ok());
    let flag = |key: &str| either(key).map(|text| text.eq_ignore_ascii_case("true"));
    let list = |key: &str| read(key).map(listed).filter(|list| !list.is_empty());
    let mut all = match kind {
        "EBS" => json!({
            "Size": number("volumeSize").unwrap_or(size),
            "VolumeType": either("volumeType").unwrap_or_else(|| "gp3".to_owned()),
            "Iops": number("iops"), "Throughput": number("throughput"),
            "Encrypted": flag("encrypted").unwrap_or(false) || target.point.is_some_and(|point| point.lineage.key_arn.is_some()),
            "KmsKeyId": read("kmsKeyId"),
            "SnapshotId": target.point.map(|point| end(&point.arn())),
        }),
        "EC2" => json!({
            "InstanceType": read("InstanceType"), "SubnetId": read("SubnetId"), "SecurityGroupIds": list("SecurityGroupIds"),
            "ImageId": target.point.map(|point| end(&point.arn())), "KeyName": either("KeyName"),
        }),
        "RDS" => json!({
            "DBInstanceClass": either("DBInstanceClass"), "Engine": either("Engine"), "EngineVersion": either("EngineVersion"),
            "DBSubnetGroupName": read("DBSubnetGroupName"), "VpcSecurityGroupIds": list("VpcSecurityGroupIds"),
            "MultiAZ": flag("MultiAZ"), "Port": number("Port"), "AllocatedStorage": number("AllocatedStorage").unwrap_or(size.max(20)),
            "StorageType": either("StorageType"), "PubliclyAccessible": flag("PubliclyAccessible"),
            "DeletionProtection": read("DeletionProtection").map(|text| text == "true"), "DBName": either("DBName"),
            "DBParameterGroupName": read("DBParameterGroupName"), "OptionGroupName": read("OptionGroupName"),
            "StorageEncrypted": target.point.is_some_and(|point| point.lineage.key_arn.is_some()), "KmsKeyId": read("KmsKeyId"),
        }),
        "Aurora" | "DocumentDB" | "Neptune" => json!({
            "Engine": read("engine"), "EngineVersion": either("engineVersion"), "EngineMode": read("engineMode"),
            "DBSubnetGroupName": read("dbSubnetGroupName"), "VpcSecurityGroupIds": list("vpcSecurityGroupIds"),
            "Port": number("port"), "KmsKeyId": read("kmsKeyId"), "DatabaseName": either("databaseName"),
            "StorageEncrypted": target.point.is_some_and(|point| point.lineage.key_arn.is_some()),
        }),
        "EFS" => json!({
            "CreationToken": read("CreationToken"), "PerformanceMode": read("PerformanceMode"), "Encrypted": flag("Encrypted"),
            "KmsKeyId": read("KmsKeyId"), "AvailabilityZoneName": read("availabilityZoneName"),
            "Bytes": target.point.map(|point| point.bytes), "BackupPolicy": "DISABLED",
        }),
        "FSx" => json!({
            "FileSystemType": either("FileSystemType"), "StorageCapacity": number("StorageCapacity"),
            "StorageType": read("StorageType"), "SubnetIds": list("SubnetIds"), "KmsKeyId": read("KmsKeyId"),
        }),
        _ => json!({}),
    };
    all.as_object_mut().map(std::mem::take).unwrap_or_default().into_iter().filter(|(_, value)| !value.is_null()).collect()
}

fn end(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or_default().to_owned()
}

/// What the recovery point's own metadata say, whatever the case of the key.
fn known(point: &Point, key: &str) -> Option<String> {
    let found = point.lineage.metadata.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
    found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty() && value != "null")
}

/// From when to when.
pub type Window = (DateTime<Utc>, DateTime<Utc>);

/// The moments that a continuous recovery point can be restored to.
pub fn window(point: &Point, now: DateTime<Utc>) -> Window {
    let missing =
        MISSING.iter().find(|(kind, _)| *kind == point.lineage.kind).map_or(TimeDelta::minutes(5), |(_, missing)| *missing);
    let kept = TimeDelta::days(point.lineage.delete_after_days.unwrap_or(REACH.num_days())).min(REACH);
    ((now - kept).max(point.created - kept), now - missing)
}

/// The moment that the restored data is of: that of a snapshot, or the one that a continuous recovery point is restored to. `Err`: the
/// window that the wanted moment is not in.
pub fn moment(kind: &str, metadata: &Metadata, target: &Target<'_>) -> Result<Option<DateTime<Utc>>, Window> {
    let Some(point) = target.point else { return Ok(None) };
    if !point.lineage.continuous {
        return Ok(Some(point.created));
    }
    let (from, to) = window(point, target.now);
    let wanted = ["RestoreTime", "restoreTime", "restoreToTime", "RestoreToTime"].iter().find_map(|key| get(kind, metadata, key));
    match wanted.and_then(members::read_time) {
        Some(wanted) if wanted < from || wanted > to => Err((from, to)),
        Some(wanted) => Ok(Some(wanted)),
        None => Ok(Some(to)),
    }
}
