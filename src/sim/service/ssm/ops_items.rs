//! OpsItems: made once for a fault, told again and again.

use std::ops::Bound;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::automation::PAGING;
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::page::Paging;
use crate::sim::world::World;

/// One OpsItem.
#[derive(Debug, Clone, PartialEq)]
pub struct OpsItem {
    /// AWS's members that its creator and editors set.
    members: Value,
    created: DateTime<Utc>,
    created_by: String,
    modified: DateTime<Utc>,
    modified_by: String,
    version: u32,
}

const SET: &[&str] = &[
    "OpsItemType",
    "Description",
    "Notifications",
    "Priority",
    "RelatedOpsItems",
    "Status",
    "Title",
    "Source",
    "OperationalData",
    "Category",
    "Severity",
    "ActualStartTime",
    "ActualEndTime",
    "PlannedStartTime",
    "PlannedEndTime",
];

/// The members that a list tells.
const LISTED: &[&str] = &[
    "OpsItemType",
    "Priority",
    "Status",
    "Title",
    "Source",
    "OperationalData",
    "Category",
    "Severity",
    "ActualStartTime",
    "ActualEndTime",
    "PlannedStartTime",
    "PlannedEndTime",
];

impl OpsItem {
    fn answer(&self, id: &str, known: &[&str]) -> Members {
        Members::new()
            .set("OpsItemId", id)
            .copy(&self.members, known)
            .set("CreatedBy", self.created_by.as_str())
            .time("CreatedTime", self.created)
            .set("LastModifiedBy", self.modified_by.as_str())
            .time("LastModifiedTime", self.modified)
    }

    fn text(&self, key: &str) -> &str {
        members::required(&self.members, key)
    }
}

/// Answers one call about OpsItems.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateOpsItem" => create(world, call),
        "UpdateOpsItem" => update(world, call),
        "GetOpsItem" => {
            let id = members::required(&call.input, "OpsItemId");
            let item = world.site(&call.caller).and_then(|site| site.ssm.ops_items.get(id)).ok_or_else(|| not_found(id))?;
            let told = item.answer(id, SET).set("Version", item.version.to_string()).set("OpsItemArn", arn(call, id));
            Ok(json!({"OpsItem": told.done()}))
        }
        "DescribeOpsItems" => list(world, call),
        _ => Err(super::super::unknown(call)),
    }
}

fn not_found(id: &str) -> Refusal {
    Refusal::new("OpsItemNotFoundException", format!("OpsItem ID {id} not found"))
}

fn arn(call: &Call, id: &str) -> String {
    format!("arn:aws:ssm:{}:{}:opsitem/{id}", call.caller.region, call.caller.account)
}

/// The text that tells whether two OpsItems are about the same thing.
fn dedup(item: &Value) -> Option<&str> {
    item.get("OperationalData")?.get("/aws/dedup").and_then(|data| members::text(data, "Value"))
}

fn create(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let id = format!("oi-{}", world.ids.hex(12));
    let now = world.now();
    let source = members::required(input, "Source").to_lowercase();
    if ["aws", "amazon", "amzn"].iter().any(|reserved| source.contains(reserved)) {
        let message = "The source can't contain the following terms: aws, amazon, amzn";
        return Err(Refusal::new("OpsItemInvalidParameterException", message).with("ParameterNames", json!(["Source"])));
    }
    let items = &mut world.site_mut(&call.caller).ssm.ops_items;
    let open = |item: &OpsItem| matches!(item.text("Status"), "Open" | "InProgress");
    let twin = dedup(input).and_then(|wanted| items.iter().find(|(_, item)| open(item) && dedup(&item.members) == Some(wanted)));
    if let Some((twin, _)) = twin {
        let message = "An OpsItem with the same deduplication string already exists";
        return Err(Refusal::new("OpsItemAlreadyExistsException", message).with("OpsItemId", twin.as_str()));
    }
    let by = call.caller.arn.clone();
    let members = Members::new().set("OpsItemType", "/aws/issue").copy(input, SET).set("Status", "Open").done();
    let item = OpsItem { members, created: now, created_by: by.clone(), modified: now, modified_by: by, version: 1 };
    items.insert(id.clone(), item);
    let what = format!("{} {}", members::required(input, "Title"), dedup(input).unwrap_or_default());
    world.effect(call, what.trim_end());
    Ok(json!({"OpsItemId": id, "OpsItemArn": arn(call, &id)}))
}

fn update(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let id = members::required(input, "OpsItemId");
    let now = world.now();
    let item = world.site_mut(&call.caller).ssm.ops_items.get_mut(id).ok_or_else(|| not_found(id))?;
    let mut data = item.members.get("OperationalData").and_then(Value::as_object).cloned().unwrap_or_default();
    let before = dedup(&item.members).map(str::to_owned);
    for (key, value) in input.get("OperationalData").and_then(Value::as_object).into_iter().flatten() {
        data.insert(key.clone(), value.clone());
    }
    for key in members::texts(input, "OperationalDataToDelete") {
        data.remove(key);
    }
    let data = Value::Object(data);
    let after = data.get("/aws/dedup").and_then(|data| members::text(data, "Value"));
    if before.as_deref().is_some_and(|before| after != Some(before)) {
        let message = "The deduplication string of an OpsItem can't be changed";
        return Err(Refusal::new("OpsItemInvalidParameterException", message).with("ParameterNames", json!(["OperationalData"])));
    }
    let changed = Members::new().copy(&item.members, SET).copy(input, SET).set("OperationalData", data).done();
    (item.members, item.modified, item.modified_by) = (changed, now, call.caller.arn.clone());
    item.version += 1;
    world.effect(call, id);
    Ok(json!({}))
}

fn list(world: &World, call: &Call) -> Answer {
    let cursor = Paging { code: "InternalServerError", ..PAGING }.open::<String>(call)?;
    let from = cursor.after.clone().map_or(Bound::Unbounded, Bound::Excluded);
    let filters = members::list(&call.input, "OpsItemFilters");
    let items = world.site(&call.caller).map(|site| &site.ssm.ops_items);
    let rows = items.into_iter().flat_map(|items| items.range((from.clone(), Bound::Unbounded)));
    let rows = rows.filter(|(id, item)| filters.iter().all(|filter| wanted(id, item, filter)));
    let (page, token) = cursor.take(rows.map(|(id, item)| (id.clone(), item.answer(id, LISTED).done())));
    Ok(Members::new().set("OpsItemSummaries", page).maybe("NextToken", token).done())
}

fn wanted(id: &str, item: &OpsItem, filter: &Value) -> bool {
    let time = |time: DateTime<Utc>| crate::sim::estate::plain(&members::stamp(time));
    let told = match members::required(filter, "Key") {
        "OpsItemId" => id.to_owned(),
        "CreatedBy" => item.created_by.clone(),
        "CreatedTime" => time(item.created),
        "LastModifiedTime" => time(item.modified),
        "OperationalData" | "OperationalDataKey" | "OperationalDataValue" => {
            item.members.get("OperationalData").map(Value::to_string).unwrap_or_default()
        }
        key @ ("Status" | "Source" | "Title" | "Priority" | "Category" | "Severity" | "OpsItemType") => {
            item.members.get(key).map(crate::sim::estate::plain).unwrap_or_default()
        }
        _ => return false,
    };
    let data = members::required(filter, "Key").starts_with("OperationalData");
    members::texts(filter, "Values").iter().any(|value| match members::required(filter, "Operator") {
        "Contains" => told.contains(value),
        _ if data => told.contains(value.trim_matches(['{', '}'])),
        "GreaterThan" => *told > **value,
        "LessThan" => *told < **value,
        _ => told == *value,
    })
}
