//! Reads what a step does: the keys under `[step.with]`, which are each action's own.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::document::{Table, did_you_mean};

use super::metadata::rule_of;
use super::setting::check_role;
use super::steps::Context;
use super::{
    Action, BucketRewind, Check, DatabaseRestore, Deletion, FunctionInvoke, HealthCheckTurn, NameServers, PointInTime,
    RecordPatch, RecoveryPointCopy, RegionSwitchStart, ResourceCreate, RestorePoint, RoutingControlSwitch, RunCommand,
    StackDeploy, StateMachineExecute, TableRestoreTo, Template, TopicPublish, Wait,
};

/// How long an alarm must have been OK if the plan does not say.
const DEFAULT_HELD: Duration = Duration::from_mins(2);

/// The types of records that Route 53 knows (Route 53 API reference, ResourceRecordSet).
const RECORD_TYPES: [&str; 17] =
    ["A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"];

/// Reads the parameters of the action `name`, which is one of `steps::ACTIONS`.
pub(super) fn read_action(name: &str, with: &Table<'_>, context: &Context<'_>) -> Option<Action> {
    match name {
        "backup.restore" => read_restore(with, context),
        "ssm.automation" => read_automation(with, context),
        "route53.change" => read_change(with, context),
        "ssm.ops_item" => read_ops_item(with, context),
        "backup.copy" => RecoveryPointCopy::read(with, context).map(Action::BackupCopy),
        "ssm.run_command" => RunCommand::read(with, context).map(Action::SsmRunCommand),
        "cloudformation.deploy" => StackDeploy::read(with, context).map(Action::CloudFormationDeploy),
        "dynamodb.restore_to_point_in_time" => TableRestoreTo::read(with, context).map(Action::DynamoDbRestore),
        "rds.restore_to_point_in_time" => DatabaseRestore::read(with, context).map(Action::RdsRestore),
        "s3.rewind" => BucketRewind::read(with, context).map(Action::S3Rewind),
        "cloudcontrol.create" => ResourceCreate::read(with, context).map(Action::CloudControlCreate),
        "arc.routing_control" => RoutingControlSwitch::read(with, context).map(Action::ArcRoutingControl),
        "lambda.invoke" => FunctionInvoke::read(with, context).map(Action::LambdaInvoke),
        "stepfunctions.execute" => StateMachineExecute::read(with, context).map(Action::StateMachineExecute),
        "sns.publish" => TopicPublish::read(with, context).map(Action::SnsPublish),
        "arc.region_switch" => RegionSwitchStart::read(with, context).map(Action::ArcRegionSwitch),
        "route53.health_check" => HealthCheckTurn::read(with, context).map(Action::HealthCheckInvert),
        "cloudformation.delete" | "cloudcontrol.delete" | "dynamodb.delete_table" => {
            Deletion::read(name, with, context).map(Action::Delete)
        }
        "wait" => Wait::read(with, context).map(Action::Wait),
        "manual" => Some(Action::Manual { instructions: context.required_template(with, "instructions")? }),
        "check" => read_check(with, context).map(Action::Check),
        _ => None,
    }
}

fn read_restore(with: &Table<'_>, context: &Context<'_>) -> Option<Action> {
    let resource = with.required_text("resource");
    let known = resource.as_deref().is_some_and(|name| context.knows_resource(with, name));
    let point = RestorePoint::read(with);
    let to = if with.has("to") { PointInTime::read(with, "to") } else { None };
    if point == Some(RestorePoint::Continuous) && !with.has("to") {
        with.fault("point", "a continuous backup is restored to a moment: `to` is missing", Some("\"latest\"".to_owned()));
    }
    if with.has("to") && point == Some(RestorePoint::Newest) {
        with.fault("to", "only a continuous backup can be restored to a moment", Some("point = \"continuous\"".to_owned()));
    }
    let metadata_table = with.table("metadata");
    let metadata: BTreeMap<String, Template> = metadata_table.iter().flat_map(|table| read_metadata(table, context)).collect();
    let drop = with.texts_at("drop");
    for (key, span) in drop.iter().filter(|(key, _)| metadata.keys().any(|name| name.eq_ignore_ascii_case(key))) {
        with.fault_at(span.clone(), format!("{key:?} is supplied under `metadata` and dropped too"), None);
    }
    let role_arn = context.required_template(with, "role_arn");
    if let (Some(role), Some(site)) = (role_arn.as_ref().and_then(|role| context.known_value(role)), context.site) {
        check_role(with, "role_arn", &role, site.account.as_str());
    }
    let copy_tags = with.boolean("copy_tags").unwrap_or(false);
    if let Some(resource) = resource.as_ref().and_then(|name| context.setting.resources.get(name)) {
        check_metadata(with, metadata_table.as_ref(), &metadata, &resource.resource_type);
        if copy_tags && rule_of(&resource.resource_type).is_some_and(|rule| !rule.copies_tags) {
            with.fault("copy_tags", format!("AWS Backup copies no tags for {}", resource.resource_type), None);
        }
    }
    let drop = drop.into_iter().map(|(key, _)| key).collect();
    Some(Action::BackupRestore {
        resource: resource.filter(|_| known)?,
        point: point?,
        to,
        metadata,
        drop,
        role_arn: role_arn?,
        copy_tags,
    })
}

fn read_metadata(table: &Table<'_>, context: &Context<'_>) -> Vec<(String, Template)> {
    table.keys().into_iter().filter_map(|key| context.template(table, &key).map(|value| (key, value))).collect()
}

/// Says which keys the resource type asks for and the plan does not supply.
fn check_metadata(with: &Table<'_>, table: Option<&Table<'_>>, metadata: &BTreeMap<String, Template>, resource_type: &str) {
    let Some(rule) = rule_of(resource_type) else { return };
    let mut supplied: BTreeMap<String, String> = metadata.iter().map(|(key, value)| (key.clone(), value.to_string())).collect();
    // A value that could not be read has its own fault, and is not missing.
    supplied.extend(
        table.iter().flat_map(|table| table.keys()).filter(|key| !metadata.contains_key(key)).map(|key| (key, String::new())),
    );
    for key in rule.missing(&supplied) {
        let asked = |name: &&str| !rule.keys().any(|known| known.eq_ignore_ascii_case(name));
        let slip = crate::document::nearest(key, supplied.keys().map(String::as_str).filter(asked));
        let hint = match slip {
            Some(slip) => format!("is it `{slip}`?"),
            None => "the backed-up metadata speaks of the lost Region".to_owned(),
        };
        let span = table.map_or_else(|| with.own_span(), Table::own_span);
        with.fault_at(span, format!("restoring {resource_type} needs `{key}` under `metadata`"), Some(hint));
    }
}

fn read_automation(with: &Table<'_>, context: &Context<'_>) -> Option<Action> {
    let document = context.required_template(with, "document");
    let version = with.text("version");
    let mut parameters = BTreeMap::new();
    if let Some(table) = with.table("parameters") {
        for key in table.keys() {
            let values = table.text_or_texts_at(&key).into_iter();
            let values = values.filter_map(|(text, span)| context.template_at(&table, &text, span)).collect();
            parameters.insert(key, values);
        }
    }
    Some(Action::SsmAutomation { document: document?, version, parameters })
}

fn read_change(with: &Table<'_>, context: &Context<'_>) -> Option<Action> {
    let zone = with.required_text("zone");
    let tables = with.required("records", |t, key| Some(t.tables(key))).unwrap_or_default();
    if with.has("records") && tables.is_empty() {
        with.fault("records", "`records` is empty: a change changes at least one record", None);
    }
    let read: Vec<Option<RecordPatch>> = tables.iter().map(|table| read_record(table, zone.as_deref(), context)).collect();
    Some(Action::Route53Change { zone: zone?, records: read.into_iter().collect::<Option<_>>()? })
}

fn read_record(table: &Table<'_>, zone: Option<&str>, context: &Context<'_>) -> Option<RecordPatch> {
    let name = table.required_text("name");
    if let (Some(name), Some(zone)) = (&name, zone)
        && !within_zone(name, zone)
    {
        table.fault("name", format!("{name:?} is not in the zone {zone:?}"), None);
    }
    let kind = table.required("type", |t, key| t.one_of(key, &RECORD_TYPES)).map(str::to_owned);
    let set_identifier = table.text("set_identifier");
    let weight = table.integer("weight", 0..=255);
    if weight.is_some() && set_identifier.is_none() && !table.has("set_identifier") {
        table.fault("weight", "a weighted record has a `set_identifier`, which is missing", None);
    }
    let failover = table.one_of("failover", &["PRIMARY", "SECONDARY"]).map(str::to_owned);
    if table.has("failover") {
        if set_identifier.is_none() && !table.has("set_identifier") {
            table.fault("failover", "a failover record has a `set_identifier`, which is missing", None);
        }
        if table.has("weight") {
            table.fault("failover", "a record is a failover record or a weighted one, not both", None);
        }
    }
    let health_check = context.template(table, "health_check");
    let values = table.has("values").then(|| {
        let texts = table.texts_at("values").into_iter();
        texts.filter_map(|(text, span)| context.template_at(table, &text, span)).collect::<Vec<_>>()
    });
    if values.as_ref().is_some_and(Vec::is_empty) {
        table.fault("values", "`values` is empty: a record has at least one value", None);
    }
    let ttl = table.integer("ttl", 0..=2_147_483_647);
    if !["weight", "failover", "health_check", "values", "ttl"].iter().any(|key| table.has(key)) {
        table.fault_at(
            table.own_span(),
            "nothing is to be different about this record",
            Some("weight, failover, health_check, values or ttl".to_owned()),
        );
    }
    table.finish();
    Some(RecordPatch { name: name?, kind: kind?, set_identifier, weight, failover, health_check, values, ttl })
}

fn within_zone(name: &str, zone: &str) -> bool {
    let bare = |text: &str| text.trim_end_matches('.').to_lowercase();
    let (name, zone) = (bare(name), bare(zone));
    name == zone || name.strip_suffix(&zone).is_some_and(|rest| rest.ends_with('.'))
}

fn read_ops_item(with: &Table<'_>, context: &Context<'_>) -> Option<Action> {
    let severity = with.one_of("severity", &["1", "2", "3", "4"]).map(str::to_owned);
    let categories = ["Availability", "Cost", "Performance", "Recovery", "Security"];
    let category = with.one_of("category", &categories).map(str::to_owned);
    let description = context.required_template(with, "description");
    let status = with.one_of("status", &["Open", "InProgress", "Resolved"]).map(str::to_owned);
    if !with.has("update") {
        if with.has("status") {
            with.fault("status", "`status` needs `update`, the OpsItem to bring to it; a new one is Open", None);
        }
        let title = context.required_template(with, "title");
        return Some(Action::SsmOpsItem { title: title?, description: description?, severity, category, update: None, status });
    }
    let update = context.required_template(with, "update");
    for key in ["title", "severity", "category"].into_iter().filter(|key| with.has(key)) {
        with.fault(key, format!("`{key}` is for opening an OpsItem, and `update` changes one"), None);
    }
    if !with.has("status") {
        with.fault("status", "`status` is missing", Some("Open, InProgress or Resolved".to_owned()));
    }
    let title = Template::literal(context.title);
    Some(Action::SsmOpsItem { title, description: description?, severity, category, update: Some(update?), status })
}

fn read_check(with: &Table<'_>, context: &Context<'_>) -> Option<Check> {
    match with.required("kind", |t, key| t.one_of(key, &["alarm", "dns", "http"]))? {
        "alarm" => {
            let held = if with.has("held") { with.duration("held") } else { Some(DEFAULT_HELD) };
            let alarm = with.required_text("alarm")?;
            check_alarm(with, &alarm, context);
            Some(Check::AlarmOk { alarm, held: held? })
        }
        "dns" => {
            let name = with.required_text("name");
            let kind = with.required("type", |t, key| t.one_of(key, &["A", "AAAA", "CNAME", "TXT"]));
            let expect = with.required_text("expect");
            let servers = name_servers(with);
            let waits_ttl = with.boolean("wait_ttl").unwrap_or(false);
            Some(Check::Dns { name: name?, kind: kind?.to_owned(), expect: expect?, servers: servers?, waits_ttl })
        }
        _ => read_http(with, context),
    }
}

/// `server` is an address, with or without a port; `authoritative` asks the zone's own.
fn name_servers(with: &Table<'_>) -> Option<NameServers> {
    let authoritative = with.boolean("authoritative").unwrap_or(false);
    if !with.has("server") {
        return Some(if authoritative { NameServers::Authoritative } else { NameServers::Resolver });
    }
    if authoritative {
        with.fault("server", "one server is asked, or all `authoritative` ones", None);
    }
    let text = with.text("server")?;
    let address = text.parse().or_else(|_| text.parse::<IpAddr>().map(|address| SocketAddr::new(address, 53)));
    if address.is_err() {
        with.fault("server", format!("{text:?} is no address"), Some("\"192.0.2.53\" or \"192.0.2.53:5353\"".to_owned()));
    }
    address.ok().map(NameServers::At)
}

/// Only alarms that the plan names are watched; a name that it does not list is most likely a slip.
fn check_alarm(with: &Table<'_>, alarm: &str, context: &Context<'_>) {
    let Some(site) = context.site else { return };
    let listed: Vec<&str> =
        context.setting.alarms.iter().filter(|known| known.site == site.name).map(|known| known.name.as_str()).collect();
    if !listed.contains(&alarm) {
        let hint = did_you_mean(alarm, listed).unwrap_or_else(|| format!("add \"{}/{alarm}\" there", site.name));
        with.fault("alarm", format!("`signals.alarms` lists no alarm {alarm:?} of site `{}`", site.name), Some(hint));
    }
}

fn read_http(with: &Table<'_>, context: &Context<'_>) -> Option<Check> {
    let url = context.required_template(with, "url");
    let scheme = |url: &Template| ["http://", "https://"].iter().any(|scheme| url.to_string().starts_with(scheme));
    if url.as_ref().is_some_and(|url| !scheme(url)) {
        with.fault("url", "expected a URL that begins with http:// or https://", None);
    }
    let status = if with.has("status") { with.integer("status", 100..=599) } else { Some(200) };
    let header = with.table("header").and_then(|table| {
        let (name, value) = (table.required_text("name"), table.required_text("value"));
        table.finish();
        name.zip(value)
    });
    let contains = with.text("contains");
    Some(Check::Http { url: url?, status: u16::try_from(status?).ok()?, header, contains })
}
