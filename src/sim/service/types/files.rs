//! EFS file systems, mount targets and access points.

use serde_json::{Value, json};

use super::{Desk, PLAIN, Type, not_found};
use crate::sim::call::{Answer, Refusal};
use crate::sim::members::{self, Members};

pub(super) const TYPES: &[Type] = &[
    Type {
        name: "AWS::EFS::FileSystem",
        key: &["FileSystemId"],
        fixed: &["AvailabilityZoneName", "Encrypted", "KmsKeyId", "PerformanceMode"],
        create: |desk, properties| {
            let token = desk.world.ids.uuid();
            let more = json!({"CreationToken": token, "Tags": properties.get("FileSystemTags"), "BackupPolicy": null});
            let made = desk.ask_with("elasticfilesystem", "CreateFileSystem", properties, more)?;
            Ok(members::required(&made, "FileSystemId").to_owned())
        },
        read: |desk, id| {
            let found = system(desk, id)?;
            Ok(Members::new()
                .copy(
                    &found,
                    &["FileSystemId", "Encrypted", "KmsKeyId", "PerformanceMode", "ThroughputMode", "AvailabilityZoneName"],
                )
                .set("Arn", found["FileSystemArn"].clone())
                .set("FileSystemTags", found["Tags"].clone())
                .done())
        },
        update: Some(|_, _, _, _| Ok(())),
        delete: |desk, id| desk.ask("elasticfilesystem", "DeleteFileSystem", &json!({"FileSystemId": id})).map(drop),
        list: |desk| rows(desk, "DescribeFileSystems", json!({}), "FileSystems", "FileSystemId"),
        done: |desk, id| Ok(system(desk, id)?["LifeCycleState"] == "available"),
        gone: |desk, id| system(desk, id).is_err(),
        ..PLAIN
    },
    Type {
        name: "AWS::EFS::MountTarget",
        key: &["Id"],
        required: &["FileSystemId", "SecurityGroups", "SubnetId"],
        fixed: &["FileSystemId", "IpAddress", "SubnetId"],
        create: |desk, properties| {
            let made = desk.ask("elasticfilesystem", "CreateMountTarget", properties)?;
            Ok(members::required(&made, "MountTargetId").to_owned())
        },
        read: |desk, id| {
            let found = target(desk, id)?;
            Ok(Members::new().copy(&found, &["FileSystemId", "IpAddress", "SubnetId"]).set("Id", id).done())
        },
        update: Some(|desk, id, _, after| {
            let input = json!({"MountTargetId": id, "SecurityGroups": after["SecurityGroups"]});
            desk.ask("elasticfilesystem", "ModifyMountTargetSecurityGroups", &input).map(drop)
        }),
        delete: |desk, id| desk.ask("elasticfilesystem", "DeleteMountTarget", &json!({"MountTargetId": id})).map(drop),
        list: |desk| {
            let mut all = Vec::new();
            for system in rows(desk, "DescribeFileSystems", json!({}), "FileSystems", "FileSystemId")? {
                all.extend(rows(desk, "DescribeMountTargets", json!({"FileSystemId": system}), "MountTargets", "MountTargetId")?);
            }
            Ok(all)
        },
        done: |desk, id| Ok(target(desk, id)?["LifeCycleState"] == "available"),
        gone: |desk, id| target(desk, id).is_err(),
        ..PLAIN
    },
    Type {
        name: "AWS::EFS::AccessPoint",
        key: &["AccessPointId"],
        required: &["FileSystemId"],
        create: |desk, properties| {
            let token = desk.world.ids.uuid();
            let more = json!({"ClientToken": token, "Tags": properties.get("AccessPointTags")});
            let made = desk.ask_with("elasticfilesystem", "CreateAccessPoint", properties, more)?;
            Ok(members::required(&made, "AccessPointId").to_owned())
        },
        read: |desk, id| {
            let told = desk.ask("elasticfilesystem", "DescribeAccessPoints", &json!({"AccessPointId": id}))?;
            let found = members::list(&told, "AccessPoints").first().cloned().ok_or_else(|| not_found(id))?;
            Ok(json!({"AccessPointId": id, "Arn": found["AccessPointArn"], "FileSystemId": found["FileSystemId"]}))
        },
        delete: |desk, id| desk.ask("elasticfilesystem", "DeleteAccessPoint", &json!({"AccessPointId": id})).map(drop),
        ..PLAIN
    },
];

fn rows(desk: &mut Desk<'_>, operation: &str, input: Value, list: &str, id: &str) -> Result<Vec<String>, Refusal> {
    let rows = desk.all("elasticfilesystem", operation, input, list, ("Marker", "NextMarker"))?;
    Ok(rows.iter().map(|row| members::required(row, id).to_owned()).collect())
}

fn system(desk: &mut Desk<'_>, id: &str) -> Answer {
    let told = desk.ask("elasticfilesystem", "DescribeFileSystems", &json!({"FileSystemId": id}))?;
    members::list(&told, "FileSystems").first().cloned().ok_or_else(|| not_found(id))
}

fn target(desk: &mut Desk<'_>, id: &str) -> Answer {
    let told = desk.ask("elasticfilesystem", "DescribeMountTargets", &json!({"MountTargetId": id}))?;
    members::list(&told, "MountTargets").first().cloned().ok_or_else(|| not_found(id))
}
