//! EFS: file systems, mount targets and access points. All of it is the site's resources; nothing is kept here.

mod systems;
mod targets;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::network::Resource;
use crate::sim::page::Paging;
use crate::sim::service::coverage::{Operation, changes, reads};
use crate::sim::world::World;

/// What holds for all of the service.
pub const NOTE: &str = "File systems hold no files. Policies are kept, not enforced.";

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    changes("CreateAccessPoint", ""),
    changes("CreateFileSystem", ""),
    changes("CreateMountTarget", "addresses of subnets do not run out"),
    changes("DeleteAccessPoint", ""),
    changes("DeleteFileSystem", ""),
    changes("DeleteFileSystemPolicy", ""),
    changes("DeleteMountTarget", ""),
    reads("DescribeAccessPoints", ""),
    reads("DescribeBackupPolicy", ""),
    reads("DescribeFileSystemPolicy", ""),
    reads("DescribeFileSystems", ""),
    reads("DescribeLifecycleConfiguration", ""),
    reads("DescribeMountTargetSecurityGroups", ""),
    reads("DescribeMountTargets", ""),
    reads("ListTagsForResource", ""),
    changes("ModifyMountTargetSecurityGroups", ""),
    changes("PutBackupPolicy", "kept, not followed"),
    changes("PutFileSystemPolicy", "kept, not enforced"),
    changes("PutLifecycleConfiguration", "kept, not followed"),
    changes("TagResource", ""),
    changes("UntagResource", ""),
];

/// Lists with Marker and MaxItems.
const MARKED: Paging =
    Paging { token: "Marker", size: "MaxItems", default: 100, max: 1000, code: "BadRequest", message: "Invalid Marker" };
/// Lists with NextToken and MaxResults.
const TOKENED: Paging =
    Paging { token: "NextToken", size: "MaxResults", default: 100, max: 1000, code: "BadRequest", message: "Invalid NextToken" };

/// Answers one call to EFS.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateFileSystem" => systems::create(world, call),
        "DescribeFileSystems" => systems::describe(world, call),
        "DeleteFileSystem" => systems::delete(world, call),
        "DescribeBackupPolicy" | "PutBackupPolicy" => systems::backup_policy(world, call),
        "DescribeLifecycleConfiguration" | "PutLifecycleConfiguration" => systems::lifecycle(world, call),
        "DescribeFileSystemPolicy" | "PutFileSystemPolicy" | "DeleteFileSystemPolicy" => systems::policy(world, call),
        "CreateMountTarget" => targets::create(world, call),
        "DescribeMountTargets" => targets::describe(world, call),
        "DeleteMountTarget" => targets::delete(world, call),
        "DescribeMountTargetSecurityGroups" | "ModifyMountTargetSecurityGroups" => targets::groups(world, call),
        "CreateAccessPoint" => systems::create_point(world, call),
        "DescribeAccessPoints" => systems::describe_points(world, call),
        "DeleteAccessPoint" => systems::delete_point(world, call),
        "ListTagsForResource" | "TagResource" | "UntagResource" => tags(world, call),
        _ => Err(super::unknown(call)),
    }
}

/// An error of EFS: it tells its code twice.
fn refusal(code: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(code, message).with("ErrorCode", code)
}

fn no_system(id: &str) -> Refusal {
    refusal("FileSystemNotFound", format!("File system '{id}' does not exist."))
}

fn arn(call: &Call, what: &str, id: &str) -> String {
    format!("arn:aws:elasticfilesystem:{}:{}:{what}/{id}", call.caller.region, call.caller.account)
}

/// The id in an ARN, or the id itself.
fn id_of(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

fn page(paging: &Paging, call: &Call, member: &str, rows: Vec<(String, Value)>, next: &str) -> Answer {
    let cursor = paging.open::<String>(call)?;
    let after = cursor.after.clone();
    let mut rows = rows;
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    let rows = rows.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
    let (page, token) = cursor.take(rows);
    Ok(Members::new().set(member, page).maybe(next, token).done())
}

fn tag_list(resource: &Resource) -> Value {
    Value::Array(resource.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect())
}

fn given_tags(input: &Value) -> BTreeMap<String, String> {
    let pair = |tag: &Value| (members::required(tag, "Key").to_owned(), members::required(tag, "Value").to_owned());
    members::list(input, "Tags").iter().map(pair).collect()
}

fn tags(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let id = id_of(members::required(input, "ResourceId")).to_owned();
    let now = world.now();
    let network = &mut world.site_mut(&call.caller).network;
    let mut held = network.resources.values_mut().filter(|found| matches!(found.kind.as_str(), "EFS" | "AccessPoint"));
    let found = held.find(|found| found.name == id && !found.life.over(now)).ok_or_else(|| {
        if id.starts_with("fsap-") {
            refusal("AccessPointNotFound", format!("Access Point {id} does not exist."))
        } else {
            no_system(&id)
        }
    })?;
    match call.operation.as_str() {
        "TagResource" => found.tags.extend(given_tags(input)),
        "UntagResource" => members::texts(input, "TagKeys").into_iter().for_each(|key| drop(found.tags.remove(key))),
        _ => {
            let mut rows: Vec<(String, Value)> = Vec::new();
            rows.extend(found.tags.iter().map(|(key, value)| (key.clone(), json!({"Key": key, "Value": value}))));
            return page(&TOKENED, call, "Tags", rows, "NextToken");
        }
    }
    Ok(json!({}))
}
