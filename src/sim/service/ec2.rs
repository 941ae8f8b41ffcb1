//! EC2: the Availability Zones and Regions that there are.

use serde_json::{Value, json};

use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::estate::Network;
use crate::sim::members;
use crate::sim::seed;
use crate::sim::service::coverage::{Operation, reads};
use crate::sim::world::World;

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    reads("DescribeAvailabilityZones", "three zones in every Region; of the filters those on names, states and Regions"),
    reads("DescribeRegions", "the Regions that are enabled by default"),
];

/// The Regions that every account has.
const REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Answers one call to EC2.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    match call.operation.as_str() {
        "DescribeAvailabilityZones" => zones(world, call),
        "DescribeRegions" => regions(call),
        _ => Err(super::unknown(call)),
    }
}

/// Is a row among the names asked for, and do the filters let it through?
fn wanted(input: &Value, list: &str, name: &str, row: &[(&str, &str)]) -> bool {
    let names = members::texts(input, list);
    let filter = |filter: &Value| {
        let of = row.iter().find(|(known, _)| *known == members::required(filter, "Name"));
        of.is_some_and(|(_, value)| members::texts(filter, "Values").iter().any(|wanted| members::glob(wanted, value)))
    };
    (names.is_empty() || names.contains(&name)) && members::list(input, "Filters").iter().all(filter)
}

fn zones(world: &World, call: &Call) -> Answer {
    let region = call.caller.region.as_str();
    let input = &call.input;
    let mut zones = Network::zones(region);
    if let Some(unknown) = members::texts(input, "ZoneNames").into_iter().find(|name| !zones.iter().any(|zone| zone == name)) {
        return Err(Refusal::new("InvalidParameterValue", format!("Invalid availability zone: [{unknown}]")));
    }
    // Which letter stands for which zone is an account's own.
    let turn = usize::try_from(seed::hash(world.seed, &call.caller.account) % 3).unwrap_or(0);
    zones.sort();
    let rows = zones.iter().enumerate().map(|(at, name)| {
        let id = format!("{}-az{}", short(region), (at + turn) % 3 + 1);
        (name, id)
    });
    let rows = rows.filter(|(name, id)| {
        let row = [("zone-name", name.as_str()), ("zone-id", id), ("state", "available"), ("region-name", region)];
        wanted(input, "ZoneNames", name, &row)
    });
    let told: Vec<Value> = rows
        .map(|(name, id)| {
            json!({
                "ZoneName": name, "ZoneId": id, "State": "available", "RegionName": region, "Messages": [],
                "OptInStatus": "opt-in-not-required", "GroupName": format!("{region}-zg-1"), "NetworkBorderGroup": region,
                "ZoneType": "availability-zone",
            })
        })
        .collect();
    Ok(json!({"AvailabilityZones": told}))
}

/// `euw1` for `eu-west-1`.
fn short(region: &str) -> String {
    let mut parts = region.split('-');
    let area = parts.next().unwrap_or_default();
    let side: String = parts
        .next()
        .map(|side| match side {
            "northeast" => "ne".to_owned(),
            "southeast" => "se".to_owned(),
            side => side.chars().take(1).collect(),
        })
        .unwrap_or_default();
    format!("{area}{side}{}", parts.next().unwrap_or_default())
}

fn regions(call: &Call) -> Answer {
    let input = &call.input;
    if let Some(unknown) = members::texts(input, "RegionNames").into_iter().find(|name| !REGIONS.contains(name)) {
        return Err(Refusal::new("InvalidParameterValue", format!("Invalid region name: [{unknown}]")));
    }
    let told = REGIONS.iter().filter(|name| wanted(input, "RegionNames", name, &[("region-name", name)])).map(
        |name| json!({"RegionName": name, "Endpoint": format!("ec2.{name}.amazonaws.com"), "OptInStatus": "opt-in-not-required"}),
    );
    Ok(json!({"Regions": told.collect::<Vec<_>>()}))
}
