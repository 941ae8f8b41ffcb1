//! The `[[site]]` tables of a scenario: what exists in one account and Region. AWS's own things keep AWS's member names.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::parse::account_id;
use super::parse_calls;
use super::reader::Table;
use super::{PointSpec, Scale, SiteSpec, VaultSpec};
use crate::sim::estate::{Network, Resource, plain};
use crate::sim::members;
use crate::sim::seed;
use crate::sim::service::backup::points::{Lineage, Status};
use crate::sim::service::cloudwatch::alarms::Alarm;
use crate::sim::service::cloudwatch::metrics::{self, Metric};
use crate::sim::service::ssm::execution::Deed;
use crate::sim::service::ssm::{Document, StepSpec};

/// One site.
pub fn site(table: &Table<'_>, starts_at: Option<DateTime<Utc>>, there: &[SiteSpec]) -> Option<SiteSpec> {
    let (name, account, region) = (table.required("name"), account_id(table, "account"), table.required("region"));
    let metrics = table.tables("metric").iter().filter_map(metric).collect();
    let alarms = table.tables("alarm").iter().filter_map(|alarm_table| alarm(alarm_table, starts_at)).collect();
    let vaults: Vec<_> = table.tables("vault").iter().filter_map(vault).collect();
    let known = there.iter().filter(|site| Some(&site.name) == name.as_ref()).flat_map(|site| &site.vaults).chain(&vaults);
    let known: Vec<&str> = known.map(|vault| vault.name.as_str()).collect();
    let points = table.tables("point").iter().filter_map(|point| points(point, &known)).collect();
    let documents = table.tables("document").iter().filter_map(document).collect();
    let place = (account.clone().unwrap_or_default(), region.clone().unwrap_or_default());
    let laid = table.table("network").map(|network| self::network(&network, &place));
    let mut network = laid.unwrap_or_else(|| Network::default_of(&place.0, &place.1));
    network.resources.extend(table.tables("resource").iter().filter_map(resource));
    let of_site = (place.0.as_str(), place.1.as_str());
    let calls = table.tables("call").iter().filter_map(|call| parse_calls::set_up(call, of_site)).collect();
    let scale = table.table("scale").map(|scale| self::scale(&scale)).unwrap_or_default();
    let (name, account, region) = (name?, account?, region?);
    Some(SiteSpec { name, account, region, metrics, alarms, vaults, points, documents, network, calls, scale })
}

fn scale(table: &Table<'_>) -> Scale {
    Scale { points: table.count("points").unwrap_or(0), alarms: table.count("alarms").unwrap_or(0) }
}

fn metric(table: &Table<'_>) -> Option<Metric> {
    let label = table.required("name");
    let members = table.members(&["Namespace", "MetricName"]);
    let (base, noise) = (table.float("base"), table.float("noise").unwrap_or(0.0));
    let namespace = members::required(&members, "Namespace");
    let key = metrics::key(namespace, members::required(&members, "MetricName"), members::list(&members, "Dimensions"));
    let unit = members::text(&members, "Unit").map(str::to_owned);
    Some(Metric::new(label?, key, base, noise, unit))
}

fn alarm(table: &Table<'_>, starts_at: Option<DateTime<Utc>>) -> Option<Value> {
    let members = table.members(&["AlarmName"]);
    if let Err(refusal) = Alarm::from_members(&members, starts_at.unwrap_or_default()) {
        table.fault("AlarmName", format!("CloudWatch would not take this alarm: {}", refusal.message), None);
        return None;
    }
    Some(members)
}

fn vault(table: &Table<'_>) -> Option<VaultSpec> {
    let (name, key_arn) = (table.required("name"), table.required("key"));
    let vault_type = table.one_of("type").unwrap_or("BACKUP_VAULT").to_owned();
    let locked = table.boolean("locked").unwrap_or(false);
    Some(VaultSpec { name: name?, vault_type, key_arn: key_arn?, locked })
}

fn points(table: &Table<'_>, vaults: &[&str]) -> Option<PointSpec> {
    let (vault, resource, kind) = (table.required("vault"), table.required("resource"), table.required("type"));
    if let Some(vault) = vault.as_ref().filter(|vault| !vaults.contains(&vault.as_str())) {
        let hint = super::reader::nearest(vault, vaults.iter().copied());
        table.fault("vault", format!("there is no vault `{vault}` in this site"), hint);
    }
    let age = table.duration("age");
    if !table.has("age") {
        table.fault("age", "`age` is missing: how long before the start the newest point was made", None);
    }
    let status = table.one_of("status");
    let metadata = table.json("metadata").unwrap_or_else(|| Value::Object(Map::new()));
    let metadata: BTreeMap<_, _> =
        metadata.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), plain(value))).collect();
    let resource: Arc<str> = Arc::from(resource?);
    let name = table.text("name").unwrap_or_else(|| resource.rsplit([':', '/']).next().unwrap_or_default().to_owned());
    let lineage = Lineage {
        account: String::new(),
        region: String::new(),
        vault: vault?,
        resource,
        kind: kind?,
        name,
        metadata,
        role: table.required("role").unwrap_or_default(),
        key_arn: table.text("key"),
        copied_from: table.text("copied_from"),
        created_by: table.json("created_by"),
        took: table.duration("took").unwrap_or(TimeDelta::minutes(4)),
        delete_after_days: table.integer("delete_after_days"),
        cold_after_days: table.integer("cold_after_days"),
        continuous: table.boolean("continuous").unwrap_or(false),
        air_gapped: false,
        scan: table.json("scan"),
    };
    Some(PointSpec {
        lineage,
        age: age?,
        every: table.duration("every").unwrap_or(TimeDelta::days(1)),
        count: table.count("count").unwrap_or(1),
        bytes: table.integer("bytes").unwrap_or(0),
        status: status.and_then(Status::named).unwrap_or(Status::Completed),
    })
}

fn document(table: &Table<'_>) -> Option<Document> {
    let name = table.required("name");
    let steps = table.tables("step").into_iter().filter_map(|step| {
        let (name, action) = (step.required("name"), step.required("action"));
        let does = step.one_of("does").map(|_| Deed::AttachVolume);
        let outputs = step.json("outputs").and_then(|outputs| outputs.as_object().cloned()).unwrap_or_default();
        let takes = step.duration("takes").unwrap_or_default();
        Some(StepSpec { name: name?, action: action?, takes, does, outputs, ..StepSpec::default() })
    });
    let steps: Vec<_> = steps.collect();
    let version = table.text("version").unwrap_or_else(|| "1".to_owned());
    let (required, optional) = (table.texts("required"), table.texts("optional"));
    Some(Document { name: name?, version, required, optional, steps, ..Document::default() })
}

/// The network that a scenario lays: one VPC with what is named in it.
fn network(table: &Table<'_>, (account, region): &(String, String)) -> Network {
    let mut network = Network { keys: table.texts("keys"), resources: BTreeMap::new() };
    let vpc = format!("vpc-0{:016x}", seed::hash(0, &format!("{account} {region}")));
    network.add_vpc(account, region, &vpc, "10.0.0.0/16", false);
    for (number, subnet) in table.tables("subnet").iter().enumerate() {
        if let (Some(id), Some(zone)) = (subnet.required("id"), subnet.required("zone")) {
            network.add_subnet(account, region, &id, &vpc, &zone, &format!("10.0.{}.0/24", number % 256));
        }
    }
    for (number, group) in table.texts("security_groups").iter().enumerate() {
        network.add_group(account, region, group, &vpc, &format!("group-{}", number + 1));
    }
    let subnets: Vec<_> = network.of("Subnet").map(|(_, subnet)| subnet.name.clone()).collect();
    for group in table.texts("db_subnet_groups") {
        let members = json!({"DBSubnetGroupDescription": group, "VpcId": vpc, "SubnetIds": subnets});
        let arn = format!("arn:aws:rds:{region}:{account}:subgrp:{group}");
        network.resources.insert(arn, Resource::new("DBSubnetGroup", &group, members));
    }
    network
}

fn resource(table: &Table<'_>) -> Option<(String, Resource)> {
    let (arn, kind, zone) = (table.required("arn"), table.required("type"), table.text("zone"));
    let members = table.json("members").unwrap_or_else(|| json!({}));
    let arn = arn?;
    let name = arn.rsplit([':', '/']).next().unwrap_or_default().to_owned();
    Some((arn, Resource { zone, ..Resource::new(&kind?, &name, members) }))
}
