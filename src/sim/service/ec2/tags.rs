//! Tags of EC2's resources.

use serde_json::{Value, json};

use super::listing::{Listing, page, pairs};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members;
use crate::sim::network::Resource;
use crate::sim::world::World;

/// The kinds that EC2 tags, by its own words.
const KINDS: [(&str, &str); 7] = [
    ("EC2", "instance"),
    ("EBS", "volume"),
    ("Snapshot", "snapshot"),
    ("VPC", "vpc"),
    ("Subnet", "subnet"),
    ("SecurityGroup", "security-group"),
    ("KeyPair", "key-pair"),
];

fn word(resource: &Resource) -> Option<&'static str> {
    KINDS.iter().find(|(kind, _)| *kind == resource.kind).map(|(_, word)| *word)
}

fn id(resource: &Resource) -> &str {
    resource.text("KeyPairId").unwrap_or(&resource.name)
}

/// CreateTags and DeleteTags.
pub(super) fn change(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let (ids, tags) = (members::texts(input, "Resources"), pairs(members::list(input, "Tags")));
    if tags.iter().any(|(key, _)| key.starts_with("aws:")) {
        let message = "Tag keys starting with 'aws:' are reserved for internal use";
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    let network = &mut world.site_mut(&call.caller).network;
    let there = |wanted: &str| network.resources.values().any(|found| word(found).is_some() && id(found) == wanted);
    if let Some(missing) = ids.iter().find(|wanted| !there(wanted)) {
        return Err(Refusal::new("InvalidID", format!("The ID '{missing}' is not valid")));
    }
    let all = members::list(input, "Tags").is_empty();
    for found in network.resources.values_mut().filter(|found| word(found).is_some() && ids.contains(&id(found))) {
        if call.operation == "CreateTags" {
            found.tags.extend(tags.clone());
        } else {
            let valued = members::list(input, "Tags").iter();
            let gone = |key: &str, value: &str| {
                all || valued.clone().any(|tag| {
                    members::text(tag, "Key") == Some(key) && members::text(tag, "Value").is_none_or(|wanted| wanted == value)
                })
            };
            found.tags.retain(|key, value| !gone(key, value));
        }
    }
    Ok(json!({}))
}

/// DescribeTags.
pub(super) fn describe(world: &World, call: &Call) -> Answer {
    let network = world.network(&call.caller);
    let rows = network.resources.values().filter(|found| !found.life.over(world.now())).flat_map(|found| {
        let kind = word(found);
        found.tags.iter().filter_map(move |(key, value)| {
            Some(json!({"ResourceId": id(found), "ResourceType": kind?, "Key": key, "Value": value}))
        })
    });
    let listing = Listing {
        answer: "Tags",
        ids: "",
        id: "ResourceId",
        prefix: "",
        code: "",
        word: "",
        filters: &[("key", "Key"), ("value", "Value"), ("resource-id", "ResourceId"), ("resource-type", "ResourceType")],
    };
    let rows: Vec<Value> = listing.wanted(call, rows.collect())?;
    let key = |row: &Value| format!("{} {}", members::required(row, "ResourceId"), members::required(row, "Key"));
    page(call, "Tags", rows.into_iter().map(|row| (key(&row), row)).collect())
}
