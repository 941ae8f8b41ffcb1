//! Change batches: all of it or nothing, in the words in which Route 53 refuses.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Value, json};

use super::zones::{RecordKey, Records, Zone, apply, normal, record_key};
use crate::sim::call::Refusal;
use crate::sim::members::{self, Members};

const MEMBERS: &[&str] = &[
    "Name",
    "Type",
    "SetIdentifier",
    "Weight",
    "Region",
    "GeoLocation",
    "Failover",
    "MultiValueAnswer",
    "TTL",
    "ResourceRecords",
    "AliasTarget",
    "HealthCheckId",
    "TrafficPolicyInstanceId",
    "CidrRoutingConfig",
    "GeoProximityLocation",
];

/// What a batch does to a zone: record sets to put or to take away.
pub type Edits = Vec<(RecordKey, Option<Value>)>;

/// Checks a batch against a zone, change by change, and gives what it does.
///
/// # Errors
/// `InvalidInput` for a change that cannot be read, `InvalidChangeBatch` with every sentence that applies, else.
pub fn edits(zone: &Zone, changes: &[Value]) -> Result<Edits, Refusal> {
    if changes.is_empty() {
        return Err(batch_refusal(&["The request contains no changes".to_owned()]));
    }
    let mut records = zone.records.clone();
    let mut edits = Edits::new();
    let mut refused = Vec::new();
    for change in changes {
        let action = members::required(change, "Action");
        let asked = change.get("ResourceRecordSet").unwrap_or(&Value::Null);
        readable(action, asked)?;
        let name = normal(members::required(asked, "Name"));
        let record = Members::new().copy(asked, MEMBERS).set("Name", name).done();
        match edit(zone, &records, action, &record) {
            Ok(edit) => {
                apply(&mut records, std::slice::from_ref(&edit));
                edits.push(edit);
            }
            Err(sentence) => refused.push(sentence),
        }
    }
    if refused.is_empty() { Ok(edits) } else { Err(batch_refusal(&refused)) }
}

fn batch_refusal(sentences: &[String]) -> Refusal {
    let all = format!("[{}]", sentences.join(", "));
    Refusal::new("InvalidChangeBatch", all).with("messages", json!(sentences))
}

fn readable(action: &str, record: &Value) -> Result<(), Refusal> {
    let values = !members::list(record, "ResourceRecords").is_empty() && members::integer(record, "TTL").is_some();
    let alias = record.get("AliasTarget").is_some();
    if action == "DELETE" || values != alias {
        return Ok(());
    }
    let found = if values { "more than one" } else { "none" };
    let message = format!(
        "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but \
         found {found} in Change with [Action={action}, Name={}, Type={}, SetIdentifier={}]",
        normal(members::required(record, "Name")),
        members::required(record, "Type"),
        members::text(record, "SetIdentifier").unwrap_or("null"),
    );
    Err(Refusal::new("InvalidInput", message))
}

/// How Route 53 names a record set in its refusals.
fn named(record: &Value) -> String {
    let (name, kind) = (members::required(record, "Name"), members::required(record, "Type"));
    match members::text(record, "SetIdentifier") {
        Some(set) => format!("[name='{name}', type='{kind}', set identifier='{set}']"),
        None => format!("[name='{name}', type='{kind}']"),
    }
}

fn edit(zone: &Zone, records: &Records, action: &str, record: &Value) -> Result<(RecordKey, Option<Value>), String> {
    let (name, kind) = (members::required(record, "Name"), members::required(record, "Type"));
    if !zone.holds(name) {
        return Err(format!("RRSet with DNS name {name} is not permitted in zone {}", zone.name));
    }
    let key = record_key(record);
    let old = records.get(&key);
    match (action, old) {
        ("CREATE", Some(_)) => {
            return Err(format!("Tried to create resource record set {} but it already exists", named(record)));
        }
        ("DELETE", None) => return Err(format!("Tried to delete resource record set {} but it was not found", named(record))),
        ("DELETE", Some(old)) if !same(old, record) => {
            let sentence = "but the values provided do not match the current values";
            return Err(format!("Tried to delete resource record set {} {sentence}", named(record)));
        }
        ("DELETE", Some(_)) if name == zone.name && matches!(kind, "NS" | "SOA") => {
            return Err(format!("A HostedZone must contain at least one NS record for the zone itself: {name}"));
        }
        ("DELETE", Some(_)) => return Ok((key, None)),
        _ => {}
    }
    valid(zone, records, &key, record)?;
    Ok((key, Some(record.clone())))
}

/// Are two record sets the same, whatever the order of their members and values?
fn same(old: &Value, new: &Value) -> bool {
    let sorted = |record: &Value| {
        let mut values: Vec<_> =
            members::list(record, "ResourceRecords").iter().map(|value| members::required(value, "Value").to_owned()).collect();
        values.sort();
        values
    };
    let others = MEMBERS.iter().filter(|member| **member != "ResourceRecords");
    sorted(old) == sorted(new) && others.into_iter().all(|member| old.get(*member) == new.get(*member))
}

fn valid(zone: &Zone, records: &Records, key: &RecordKey, record: &Value) -> Result<(), String> {
    let (name, kind) = (members::required(record, "Name"), members::required(record, "Type"));
    if kind == "CNAME" && name == zone.name {
        return Err(format!("RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {}", zone.name));
    }
    let siblings = || records.iter().filter(|(other, _)| other.0 == key.0 && *other != key);
    if siblings().any(|((_, other, _), _)| (other == "CNAME") != (kind == "CNAME")) {
        let sentence = "is not permitted as it conflicts with other records with the same DNS name in zone";
        return Err(format!("RRSet of type {kind} with DNS name {name} {sentence} {}", zone.name));
    }
    let set = members::text(record, "SetIdentifier");
    let policies =
        ["Weight", "Region", "Failover", "GeoLocation", "MultiValueAnswer", "CidrRoutingConfig", "GeoProximityLocation"];
    let policy = policies.iter().find(|policy| record.get(**policy).is_some());
    if set.is_some() != policy.is_some() {
        let (has, lacks) =
            if set.is_some() { ("SetIdentifier", "a routing policy") } else { ("a routing policy", "SetIdentifier") };
        return Err(format!("Invalid resource record set {}: it has {has} but no {lacks}", named(record)));
    }
    let clash = siblings()
        .filter(|((_, other, _), _)| other == kind)
        .any(|(_, other)| policies.iter().find(|policy| other.get(**policy).is_some()) != policy);
    if clash {
        let set = set.map(|set| format!(", SetIdentifier {set}")).unwrap_or_default();
        let sentence = "cannot be created as other RRSets exist with the same name and type.";
        return Err(format!("RRSet with DNS name {name}, type {kind}{set} {sentence}"));
    }
    for value in members::list(record, "ResourceRecords") {
        let value = members::required(value, "Value");
        let (good, fault, what) = match kind {
            "A" => (value.parse::<Ipv4Addr>().is_ok(), "ARRDATAIllegalIPv4Address", "a valid IPv4 address"),
            "AAAA" => (value.parse::<Ipv6Addr>().is_ok(), "AAAARRDATAIllegalIPv6Address", "a valid IPv6 address"),
            "TXT" => (value.starts_with('"') && value.ends_with('"'), "InvalidCharacterString", "enclosed in quotation marks"),
            _ => (true, "", ""),
        };
        if !good {
            return Err(format!(
                "Invalid Resource Record: 'FATAL problem: {fault} (Value is not {what}) encountered with '{value}''"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighted(set: &str, weight: i64) -> Value {
        json!({"Name": "www.shop.example.com", "Type": "A", "SetIdentifier": set, "Weight": weight, "TTL": 60,
            "ResourceRecords": [{"Value": "192.0.2.10"}]})
    }

    fn zone() -> Zone {
        Zone::new("Z1", "shop.example.com", 1, vec![weighted("eu-west-1", 100), weighted("eu-central-1", 0)])
    }

    fn refusal(changes: &[(&str, Value)]) -> String {
        let changes: Vec<_> = changes.iter().map(|(action, set)| json!({"Action": action, "ResourceRecordSet": set})).collect();
        edits(&zone(), &changes).map_or_else(|refusal| format!("{}: {}", refusal.code, refusal.message), |_| "taken".to_owned())
    }

    #[test]
    fn batches_are_refused_in_route_53s_words() {
        let taken = "InvalidChangeBatch: [Tried to create resource record set [name='www.shop.example.com.', type='A', set \
                     identifier='eu-west-1'] but it already exists]";
        assert_eq!(refusal(&[("CREATE", weighted("eu-west-1", 1))]), taken);
        assert!(refusal(&[("DELETE", weighted("x", 1))]).ends_with("but it was not found]"));
        assert!(refusal(&[("DELETE", weighted("eu-west-1", 99))]).contains("do not match the current values"));
        let simple = json!({"Name": "www.shop.example.com", "Type": "A", "TTL": 1, "ResourceRecords": [{"Value": "192.0.2.1"}]});
        assert!(refusal(&[("UPSERT", simple)]).contains("other RRSets exist with the same name and type"));
        let foreign = json!({"Name": "www.other.com", "Type": "A", "TTL": 1, "ResourceRecords": [{"Value": "192.0.2.1"}]});
        assert!(refusal(&[("UPSERT", foreign)]).contains("RRSet with DNS name www.other.com. is not permitted in zone"));
        let bad = json!({"Name": "a.shop.example.com", "Type": "A", "TTL": 1, "ResourceRecords": [{"Value": "here"}]});
        assert!(refusal(&[("UPSERT", bad)]).contains("ARRDATAIllegalIPv4Address"));
        assert!(refusal(&[("CREATE", json!({"Name": "a.shop.example.com", "Type": "A"}))]).starts_with("InvalidInput"));
        assert_eq!(refusal(&[("UPSERT", weighted("eu-west-1", 0)), ("UPSERT", weighted("eu-central-1", 100))]), "taken");
    }

    #[test]
    fn a_batch_tells_every_fault_and_changes_nothing() {
        let told =
            refusal(&[("UPSERT", weighted("eu-west-1", 0)), ("DELETE", weighted("x", 1)), ("CREATE", weighted("eu-west-1", 5))]);
        assert_eq!(told.matches("Tried to").count(), 2, "{told}");
    }

    #[test]
    fn a_later_change_of_a_batch_sees_the_earlier_ones() {
        assert_eq!(refusal(&[("DELETE", weighted("eu-west-1", 100)), ("CREATE", weighted("eu-west-1", 7))]), "taken");
    }
}
