//! Route 53.

use serde_json::{Value, json};

use super::{Desk, PLAIN, Type, last, not_found};
use crate::sim::call::{Answer, Refusal};
use crate::sim::members;

pub(super) const TYPES: &[Type] = &[
    Type {
        name: "AWS::Route53::HostedZone",
        key: &["Id"],
        required: &["Name"],
        fixed: &["Name"],
        create: |desk, properties| {
            let reference = desk.world.ids.uuid();
            let vpc = members::list(properties, "VPCs").first().cloned();
            let config = json!({
                "Comment": properties.get("HostedZoneConfig").and_then(|config| config.get("Comment")),
                "PrivateZone": vpc.is_some(),
            });
            let input = json!({
                "Name": properties["Name"], "CallerReference": reference, "HostedZoneConfig": config,
                "VPC": vpc.unwrap_or_default(),
            });
            let made = desk.ask("route53", "CreateHostedZone", &input)?;
            Ok(last(made["HostedZone"]["Id"].as_str().unwrap_or_default()).to_owned())
        },
        read: |desk, id| {
            let told = desk.ask("route53", "GetHostedZone", &json!({"Id": id}))?;
            Ok(json!({"Id": id, "Name": told["HostedZone"]["Name"], "NameServers": told["DelegationSet"]["NameServers"]}))
        },
        update: Some(|_, _, _, _| Ok(())),
        delete: |desk, id| desk.ask("route53", "DeleteHostedZone", &json!({"Id": id})).map(drop),
        list: |desk| {
            let rows = desk.all("route53", "ListHostedZones", json!({}), "HostedZones", ("Marker", "NextMarker"))?;
            Ok(rows.iter().map(|row| last(members::required(row, "Id")).to_owned()).collect())
        },
        ..PLAIN
    },
    Type {
        name: "AWS::Route53::RecordSet",
        key: &["Name"],
        required: &["Name", "Type"],
        fixed: &["Name", "HostedZoneId", "HostedZoneName", "Type", "SetIdentifier"],
        create: |desk, properties| {
            change(desk, "CREATE", std::slice::from_ref(properties), properties)?;
            Ok(members::required(properties, "Name").trim_end_matches('.').to_owned())
        },
        read: |desk, id| declared(desk, "AWS::Route53::RecordSet", id),
        update: Some(|desk, _, _, after| change(desk, "UPSERT", std::slice::from_ref(after), after)),
        delete: |desk, id| {
            let known = declared(desk, "AWS::Route53::RecordSet", id)?;
            change(desk, "DELETE", std::slice::from_ref(&known), &known)
        },
        ..PLAIN
    },
    Type {
        name: "AWS::Route53::RecordSetGroup",
        key: &["Id"],
        required: &["RecordSets"],
        fixed: &["HostedZoneId", "HostedZoneName"],
        create: |desk, properties| {
            change(desk, "CREATE", members::list(properties, "RecordSets"), properties)?;
            Ok(format!("records-{}", desk.world.ids.hex(12)))
        },
        read: |desk, id| declared(desk, "AWS::Route53::RecordSetGroup", id),
        update: Some(|desk, _, before, after| {
            let same = |one: &Value, other: &Value| {
                ["Name", "Type", "SetIdentifier"].iter().all(|member| one.get(member) == other.get(member))
            };
            let kept = members::list(after, "RecordSets");
            let gone = members::list(before, "RecordSets").iter().filter(|old| !kept.iter().any(|new| same(old, new)));
            change(desk, "DELETE", &gone.cloned().collect::<Vec<_>>(), before)?;
            change(desk, "UPSERT", kept, after)
        }),
        delete: |desk, id| {
            let known = declared(desk, "AWS::Route53::RecordSetGroup", id)?;
            change(desk, "DELETE", members::list(&known, "RecordSets"), &known)
        },
        ..PLAIN
    },
    Type {
        name: "AWS::Route53::HealthCheck",
        key: &["HealthCheckId"],
        required: &["HealthCheckConfig"],
        create: |desk, properties| {
            let reference = desk.world.ids.uuid();
            let made = desk.ask_with("route53", "CreateHealthCheck", properties, json!({"CallerReference": reference}))?;
            Ok(made["HealthCheck"]["Id"].as_str().unwrap_or_default().to_owned())
        },
        read: |desk, id| {
            desk.ask("route53", "GetHealthCheck", &json!({"HealthCheckId": id}))?;
            Ok(json!({"HealthCheckId": id}))
        },
        update: Some(|desk, id, _, after| {
            let config = after["HealthCheckConfig"].clone();
            desk.ask_with("route53", "UpdateHealthCheck", &config, json!({"HealthCheckId": id})).map(drop)
        }),
        delete: |desk, id| desk.ask("route53", "DeleteHealthCheck", &json!({"HealthCheckId": id})).map(drop),
        ..PLAIN
    },
];

/// What a resource was asked to be.
fn declared(desk: &mut Desk<'_>, kind: &str, id: &str) -> Answer {
    desk.declared().get(&(kind.to_owned(), id.to_owned())).cloned().ok_or_else(|| not_found(id))
}

/// The zone that properties name, by id or by name.
fn zone(desk: &mut Desk<'_>, properties: &Value) -> Result<String, Refusal> {
    if let Some(id) = members::text(properties, "HostedZoneId") {
        return Ok(id.to_owned());
    }
    let name = members::required(properties, "HostedZoneName");
    let rows = desk.all("route53", "ListHostedZones", json!({}), "HostedZones", ("Marker", "NextMarker"))?;
    let plain = name.trim_end_matches('.');
    let found = rows.iter().find(|row| members::required(row, "Name").trim_end_matches('.') == plain);
    let none = || Refusal::new("NoSuchHostedZone", format!("No hosted zone found with name: {name}"));
    found.map(|row| last(members::required(row, "Id")).to_owned()).ok_or_else(none)
}

/// One record set of a template, as Route 53 has it.
fn record(properties: &Value) -> Value {
    let mut record = properties.as_object().cloned().unwrap_or_default();
    for own in ["HostedZoneId", "HostedZoneName", "Comment"] {
        record.remove(own);
    }
    if let Some(values) = record.remove("ResourceRecords") {
        let values = values.as_array().cloned().unwrap_or_default();
        let values: Vec<_> = values.into_iter().map(|value| json!({"Value": value})).collect();
        record.insert("ResourceRecords".into(), values.into());
    }
    if let Some(target) = record.get_mut("AliasTarget").filter(|target| target.get("EvaluateTargetHealth").is_none()) {
        target["EvaluateTargetHealth"] = false.into();
    }
    Value::Object(record)
}

fn change(desk: &mut Desk<'_>, action: &str, records: &[Value], of: &Value) -> Result<(), Refusal> {
    if records.is_empty() {
        return Ok(());
    }
    let zone = zone(desk, of)?;
    let changes: Vec<_> = records.iter().map(|one| json!({"Action": action, "ResourceRecordSet": record(one)})).collect();
    let input = json!({"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}});
    desk.ask("route53", "ChangeResourceRecordSets", &input).map(drop)
}
