//! The Availability Zones and Regions that there are.

use serde_json::{Value, json};

use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::estate::Network;
use crate::sim::members;
use crate::sim::seed;
use crate::sim::world::World;

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

/// Is a row among the names asked for, and do the filters let it through?
fn wanted(input: &Value, list: &str, name: &str, row: &[(&str, &str)]) -> bool {
    let names = members::texts(input, list);
    let filter = |filter: &Value| {
        let of = row.iter().find(|(known, _)| *known == members::required(filter, "Name"));
        of.is_some_and(|(_, value)| members::texts(filter, "Values").iter().any(|wanted| members::glob(wanted, value)))
    };
    (names.is_empty() || names.contains(&name)) && members::list(input, "Filters").iter().all(filter)
}

/// DescribeAvailabilityZones.
pub fn zones(world: &World, call: &Call) -> Answer {
    let region = call.caller.region.as_str();
    let input = &call.input;
    let mut zones = Network::zones(region);
    if let Some(unknown) = members::texts(input, "ZoneNames").into_iter().find(|name| !zones.iter().any(|zone| zone == name)) {
        return Err(Refusal::new("InvalidParameterValue", format!("Invalid availability zone: [{unknown}]")));
    }
    let turn = turn(world.seed, &call.caller.account);
    zones.sort();
    let rows = zones.iter().enumerate().map(|(at, name)| (name, zone_id(region, at, turn)));
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

/// Which letter stands for which zone is an account's own.
fn turn(seed: u64, account: &str) -> usize {
    usize::try_from(seed::hash(seed, account) % 3).unwrap_or(0)
}

fn zone_id(region: &str, at: usize, turn: usize) -> String {
    format!("{}-az{}", short(region), (at + turn) % 3 + 1)
}

/// The id of the zone that an account knows by this name.
pub fn id_of(seed: u64, account: &str, region: &str, zone: &str) -> Option<String> {
    let at = Network::zones(region).iter().position(|known| known == zone)?;
    Some(zone_id(region, at, turn(seed, account)))
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

/// DescribeRegions.
pub fn regions(call: &Call) -> Answer {
    let input = &call.input;
    if let Some(unknown) = members::texts(input, "RegionNames").into_iter().find(|name| !REGIONS.contains(name)) {
        return Err(Refusal::new("InvalidParameterValue", format!("Invalid region name: [{unknown}]")));
    }
    let told = REGIONS.iter().filter(|name| wanted(input, "RegionNames", name, &[("region-name", name)])).map(
        |name| json!({"RegionName": name, "Endpoint": format!("ec2.{name}.amazonaws.com"), "OptInStatus": "opt-in-not-required"}),
    );
    Ok(json!({"Regions": told.collect::<Vec<_>>()}))
}
