//! Route 53's operations. It ignores the signing Region.

use std::ops::Bound;

use serde_json::{Value, json};

use super::batch;
use super::manage;
use super::resolve::{self, Resolution};
use super::zones::{Change, RecordKey, Route53, Zone, name_servers, normal, reversed};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::service::coverage::{Operation, changes, reads};
use crate::sim::world::{Happening, World};

/// What holds for all of the service.
pub const NOTE: &str = "Traffic policies, DNSSEC, CIDR collections and query logs are not modelled.";

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    changes("ChangeResourceRecordSets", "values of A, AAAA, CNAME and TXT records are held against their types"),
    changes("ChangeTagsForResource", ""),
    changes(
        "CreateHealthCheck",
        "checkers find every endpoint well unless a scenario says otherwise; calculated and alarm checks are real",
    ),
    changes("CreateHostedZone", "delegation sets are passed over"),
    changes("DeleteHealthCheck", ""),
    changes("DeleteHostedZone", ""),
    reads("GetChange", ""),
    reads("GetHealthCheck", ""),
    reads("GetHealthCheckCount", ""),
    reads("GetHealthCheckStatus", ""),
    reads("GetHostedZone", ""),
    reads("GetHostedZoneCount", ""),
    reads("ListHealthChecks", ""),
    reads("ListHostedZones", ""),
    reads("ListHostedZonesByName", ""),
    reads("ListResourceRecordSets", ""),
    reads("ListTagsForResource", ""),
    reads("TestDNSAnswer", "resolver and client addresses are passed over: latency is measured from us-east-1"),
    changes("UpdateHealthCheck", ""),
];

/// The most rows of one answer; also what an answer holds if nobody asks for less. The API model says 100 for zones and checks,
/// 300 for record sets.
const MAX_ITEMS: (usize, usize) = (100, 300);

/// Answers one call to Route 53.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let now = world.now();
    match call.operation.as_str() {
        "ChangeResourceRecordSets" => return change(world, call),
        operation if super::super::changes(call.service, operation) => return manage::answer(world, call),
        _ => {}
    }
    let none = Route53::default();
    let route53 = world.estate.route53.get(&call.caller.account).unwrap_or(&none);
    let input = &call.input;
    match call.operation.as_str() {
        "ListHostedZones" => list_zones(route53, input),
        "ListHostedZonesByName" => list_zones_by_name(route53, input),
        "GetHostedZone" => {
            let zone = zone(route53, members::required(input, "Id"))?;
            Ok(json!({"HostedZone": zone.answer(), "DelegationSet": {"NameServers": name_servers(&zone.id, world.seed)}}))
        }
        "ListResourceRecordSets" => list_records(route53, input),
        "GetChange" => {
            let id = plain(members::required(input, "Id"));
            let change = route53.changes.get(id);
            let refusal = || Refusal::new("NoSuchChange", format!("Could not find resource with ID: {id}")).status(404);
            change.map(|change| json!({"ChangeInfo": change.answer(id)})).ok_or_else(refusal)
        }
        "ListHealthChecks" => {
            let told = route53.checks.iter().map(|(id, check)| (id.clone(), check.answer()));
            Ok(marked("HealthChecks", told.collect(), input))
        }
        "GetHealthCheck" => Ok(json!({"HealthCheck": check(route53, input)?.answer()})),
        "GetHealthCheckStatus" => {
            let check = check(route53, input)?;
            let well = resolve::found_well(world, &check.id);
            Ok(json!({"HealthCheckObservations": check.observations(well, now)}))
        }
        "GetHostedZoneCount" => Ok(json!({"HostedZoneCount": route53.zones.len()})),
        "GetHealthCheckCount" => Ok(json!({"HealthCheckCount": route53.checks.len()})),
        "ListTagsForResource" => {
            let key = manage::tagged(route53, input)?;
            let tags = route53.tags.get(&key).into_iter().flatten();
            let tags: Vec<_> = tags.map(|(key, value)| json!({"Key": key, "Value": value})).collect();
            Ok(json!({"ResourceTagSet": {"ResourceType": key.0, "ResourceId": key.1, "Tags": tags}}))
        }
        "TestDNSAnswer" => test_answer(world, route53, input),
        _ => Err(super::super::unknown(call)),
    }
}

/// An id without its path: `/hostedzone/Z1`, `/change/C1`.
pub(super) fn plain(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

pub(super) fn zone<'a>(route53: &'a Route53, id: &str) -> Result<&'a Zone, Refusal> {
    let id = plain(id);
    let message = || format!("No hosted zone found with ID: {id}");
    route53.zones.get(id).ok_or_else(|| Refusal::new("NoSuchHostedZone", message()).status(404))
}

pub(super) fn check<'a>(route53: &'a Route53, input: &Value) -> Result<&'a super::checks::HealthCheck, Refusal> {
    let id = members::required(input, "HealthCheckId");
    let message = format!("A health check with id {id} does not exist.");
    route53.checks.get(id).ok_or_else(|| Refusal::new("NoSuchHealthCheck", message).status(404))
}

fn size(input: &Value, most: usize) -> usize {
    members::integer(input, "MaxItems")
        .and_then(|size| usize::try_from(size).ok())
        .filter(|size| *size > 0)
        .unwrap_or(most)
        .min(most)
}

/// A list that is paged by a marker: the key of the page's first row.
fn marked(member: &str, rows: Vec<(String, Value)>, input: &Value) -> Value {
    let marker = members::text(input, "Marker");
    let size = size(input, MAX_ITEMS.0);
    let mut rows = rows.into_iter().skip_while(|(key, _)| marker.is_some_and(|marker| key.as_str() < marker));
    let page: Vec<_> = rows.by_ref().take(size).map(|(_, row)| row).collect();
    let next = rows.next().map(|(key, _)| key);
    Members::new()
        .set(member, page)
        // The model requires it, of the first page too.
        .set("Marker", marker.unwrap_or_default())
        .set("IsTruncated", next.is_some())
        .maybe("NextMarker", next)
        .set("MaxItems", size.to_string())
        .done()
}

fn list_zones(route53: &Route53, input: &Value) -> Answer {
    let private = members::text(input, "HostedZoneType") == Some("PrivateHostedZone");
    let zones = route53.zones.iter().filter(|(_, zone)| !private || zone.private);
    Ok(marked("HostedZones", zones.map(|(id, zone)| (id.clone(), zone.answer())).collect(), input))
}

fn list_zones_by_name(route53: &Route53, input: &Value) -> Answer {
    let (name, id) = (members::text(input, "DNSName"), members::text(input, "HostedZoneId").map(plain));
    let size = size(input, MAX_ITEMS.0);
    let from = (name.map(reversed).unwrap_or_default(), id.unwrap_or_default().to_owned());
    let mut zones: Vec<_> = route53.zones.values().map(|zone| ((reversed(&zone.name), zone.id.clone()), zone)).collect();
    zones.sort_by(|a, b| a.0.cmp(&b.0));
    let mut zones = zones.into_iter().skip_while(|(key, _)| *key < from).map(|(_, zone)| zone);
    let page: Vec<_> = zones.by_ref().take(size).map(Zone::answer).collect();
    let next = zones.next();
    Ok(Members::new()
        .set("HostedZones", page)
        .maybe("DNSName", name)
        .maybe("HostedZoneId", id)
        .set("IsTruncated", next.is_some())
        .maybe("NextDNSName", next.map(|zone| zone.name.as_str()))
        .maybe("NextHostedZoneId", next.map(|zone| zone.id.as_str()))
        .set("MaxItems", size.to_string())
        .done())
}

fn list_records(route53: &Route53, input: &Value) -> Answer {
    let zone = zone(route53, members::required(input, "HostedZoneId"))?;
    let text = |key| members::text(input, key);
    let (name, kind, set) = (text("StartRecordName"), text("StartRecordType"), text("StartRecordIdentifier"));
    if kind.is_some() && name.is_none() {
        return Err(Refusal::new("InvalidInput", "The input is not valid: StartRecordType needs StartRecordName"));
    }
    let owned = |part: Option<&str>| part.unwrap_or_default().to_owned();
    let from: RecordKey = (name.map(reversed).unwrap_or_default(), owned(kind), owned(set));
    let size = size(input, MAX_ITEMS.1);
    let mut rows = zone.records.range((Bound::Included(from), Bound::Unbounded)).map(|(_, record)| record);
    let page: Vec<_> = rows.by_ref().take(size).cloned().collect();
    let next = rows.next();
    let member = |key: &'static str| next.and_then(|record| members::text(record, key));
    Ok(Members::new()
        .set("ResourceRecordSets", page)
        .set("IsTruncated", next.is_some())
        .maybe("NextRecordName", member("Name"))
        .maybe("NextRecordType", member("Type"))
        .maybe("NextRecordIdentifier", member("SetIdentifier"))
        .set("MaxItems", size.to_string())
        .done())
}

fn change(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let id = format!("C0{}", world.ids.capitals(19));
    let (now, propagation) = (world.now(), world.scenario.propagation);
    let route53 = world.estate.route53.entry(call.caller.account.clone()).or_default();
    let found = zone(route53, members::required(input, "HostedZoneId"))?;
    let batch = input.get("ChangeBatch").unwrap_or(&Value::Null);
    let changes = members::list(batch, "Changes");
    let checks = changes.iter().filter_map(|change| members::text(change.get("ResourceRecordSet")?, "HealthCheckId"));
    for check in checks {
        if !route53.checks.contains_key(check) {
            let message = format!("A health check with id {check} does not exist.");
            return Err(Refusal::new("NoSuchHealthCheck", message).status(404));
        }
    }
    let edits = batch::edits(found, changes)?;
    let zone_id = found.id.clone();
    let told: Vec<_> = edits
        .iter()
        .map(|((_, kind, set), record)| {
            let weight = record.as_ref().and_then(|record| members::integer(record, "Weight"));
            format!("{kind} {set} {}", weight.map_or_else(String::new, |weight| weight.to_string())).trim_end().to_owned()
        })
        .collect();
    if let Some(zone) = route53.zones.get_mut(&zone_id) {
        super::zones::apply(&mut zone.records, &edits);
    }
    let comment = members::text(batch, "Comment").map(str::to_owned);
    let change = Change { submitted: now, comment, in_sync: false, zone: zone_id.clone(), edits };
    let answer = json!({"ChangeInfo": change.answer(&id)});
    route53.changes.insert(id.clone(), change);
    world.schedule(now + propagation, Happening::InSync(call.caller.account.clone(), id));
    world.effect(call, &format!("{zone_id} {}", told.join(", ")));
    Ok(answer)
}

/// A change has reached the name servers.
pub fn in_sync(route53: &mut Route53, id: &str) {
    let Some(change) = route53.changes.get_mut(id) else { return };
    change.in_sync = true;
    if let Some(zone) = route53.zones.get_mut(&change.zone) {
        super::zones::apply(&mut zone.serving, &change.edits);
    }
}

fn test_answer(world: &World, route53: &Route53, input: &Value) -> Answer {
    let zone = zone(route53, members::required(input, "HostedZoneId"))?;
    let (name, kind) = (members::required(input, "RecordName"), members::required(input, "RecordType"));
    let (code, data) = match resolve::in_zone(world, zone, name, kind, 4) {
        Resolution::Records(records) => ("NOERROR", records.into_iter().map(|record| record.value).collect()),
        _ => ("NXDOMAIN", Vec::new()),
    };
    let server = name_servers(&zone.id, world.seed)[0].clone();
    Ok(json!({
        "Nameserver": server, "RecordName": normal(name), "RecordType": kind, "RecordData": data, "ResponseCode": code,
        "Protocol": "UDP",
    }))
}
