//! Buses and rules, and the way of an event through them to its targets.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::pattern::Pattern;
use crate::sim::estate::Place;
use crate::sim::members::{self, Members};
use crate::sim::seed::Ids;
use crate::sim::service::{api, sns, sqs};
use crate::sim::world::World;

/// How often an event goes on from one bus to another.
const HOPS: usize = 5;

/// EventBridge's state in one account and Region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Events {
    /// Custom buses, by name; `default` is always there.
    pub buses: BTreeMap<String, Bus>,
    /// By bus and name.
    pub rules: BTreeMap<(String, String), Rule>,
    /// Tags of buses and rules, by ARN.
    pub tags: BTreeMap<String, BTreeMap<String, String>>,
}

/// A custom bus.
#[derive(Debug, Clone, PartialEq)]
pub struct Bus {
    /// Its description.
    pub description: Option<String>,
    /// CreationTime.
    pub created: DateTime<Utc>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// AWS's members that PutRule sets.
    pub members: Value,
    /// The pattern among them.
    pub pattern: Option<Pattern>,
    /// The account that made it.
    pub created_by: String,
    /// AWS's Target, by id.
    pub targets: BTreeMap<String, Value>,
}

impl Rule {
    /// Does it look at events?
    pub fn is_enabled(&self) -> bool {
        members::text(&self.members, "State").is_some_and(|state| state.starts_with("ENABLED"))
    }
}

/// What a simulated service has to say to others, before it is on its way.
#[derive(Debug, Clone, PartialEq)]
pub enum Emitted {
    /// An event for the default bus.
    Event {
        /// `aws.cloudwatch`
        source: &'static str,
        /// `CloudWatch Alarm State Change`
        detail_type: &'static str,
        /// ARNs.
        resources: Vec<String>,
        /// The detail.
        detail: Value,
    },
    /// A message for a topic.
    Notice {
        /// The topic's ARN.
        topic: String,
        /// Subject.
        subject: String,
        /// The message.
        message: String,
    },
}

/// Sends what a service emitted on its way, at this moment.
pub fn emit(world: &mut World, place: &Place, emitted: Emitted) {
    match emitted {
        Emitted::Event { source, detail_type, resources, detail } => {
            let site = world.estate.sites.get(&(place.account.clone(), place.region.clone()));
            if site.is_none_or(|site| site.events.rules.is_empty()) {
                return;
            }
            let entry = json!({"Source": source, "DetailType": detail_type, "Resources": resources});
            let event = envelope(&mut world.ids, place, &entry, detail, place.now);
            deliver(world, place, "default", &event, HOPS);
        }
        Emitted::Notice { topic, subject, message } => {
            let subject = Some(subject.chars().take(100).collect());
            sns::notify(world, &topic, &sns::Notice { subject, message, ..sns::Notice::default() });
        }
    }
}

/// An event as targets get it.
pub fn envelope(ids: &mut Ids, place: &Place, entry: &Value, detail: Value, time: DateTime<Utc>) -> Value {
    json!({
        "version": "0", "id": ids.uuid(), "detail-type": members::required(entry, "DetailType"),
        "source": members::required(entry, "Source"), "account": place.account,
        "time": time.to_rfc3339_opts(SecondsFormat::Secs, true), "region": place.region,
        "resources": members::texts(entry, "Resources"), "detail": detail,
    })
}

/// Brings an event to the targets of every rule of a bus that lets it through.
pub fn deliver(world: &mut World, place: &Place, bus: &str, event: &Value, hops: usize) {
    let Some(site) = world.estate.sites.get(&(place.account.clone(), place.region.clone())) else { return };
    let rules = site.events.rules.iter().filter(|((of, _), rule)| {
        of == bus && rule.is_enabled() && rule.pattern.as_ref().is_some_and(|pattern| pattern.matches(event))
    });
    let arn = |bus: &str, name: &str| rule_arn(place, bus, name);
    let targets: Vec<(String, Value)> =
        rules.flat_map(|((bus, name), rule)| rule.targets.values().map(move |target| (arn(bus, name), target.clone()))).collect();
    for (rule, target) in targets {
        reach(world, place, &rule, &target, event, hops);
    }
}

/// The ARN of a rule.
pub fn rule_arn(place: &Place, bus: &str, name: &str) -> String {
    let path = if bus == "default" { name.to_owned() } else { format!("{bus}/{name}") };
    format!("arn:aws:events:{}:{}:rule/{path}", place.region, place.account)
}

fn reach(world: &mut World, place: &Place, rule: &str, target: &Value, event: &Value, hops: usize) {
    let arn = members::required(target, "Arn");
    let body = input(target, event, rule);
    match arn.split(':').nth(2) {
        Some("sqs") => {
            let group = target.get("SqsParameters").and_then(|parameters| members::text(parameters, "MessageGroupId"));
            let outgoing = sqs::Outgoing {
                body,
                group: group.map(str::to_owned),
                sender: "AIDAEXAMPLEEVENTS".to_owned(),
                ..sqs::Outgoing::default()
            };
            if !sqs::deliver(world, arn, outgoing.clone())
                && let Some(dead) = target.get("DeadLetterConfig").and_then(|config| members::text(config, "Arn"))
            {
                sqs::deliver(world, dead, outgoing);
            }
        }
        Some("sns") => {
            sns::notify(world, arn, &sns::Notice { message: body, ..sns::Notice::default() });
        }
        Some("events") if hops > 0 => {
            let parts: Vec<&str> = arn.split(':').collect();
            if let ["arn", _, _, region, account, bus] = parts.as_slice() {
                let there = Place { region: (*region).to_owned(), account: (*account).to_owned(), ..place.clone() };
                let bus = bus.strip_prefix("event-bus/").unwrap_or(bus).to_owned();
                deliver(world, &there, &bus, event, hops - 1);
            }
        }
        Some(service @ ("lambda" | "states" | "ssm")) => {
            let refused = begin(world, service, arn, &body).is_err();
            let dead = target.get("DeadLetterConfig").and_then(|config| members::text(config, "Arn"));
            if let Some(dead) = dead.filter(|_| refused) {
                let outgoing = sqs::Outgoing { body, sender: "AIDAEXAMPLEEVENTS".to_owned(), ..sqs::Outgoing::default() };
                sqs::deliver(world, dead, outgoing);
            }
        }
        _ => {}
    }
}

/// Invokes a function, or starts a state machine or a runbook.
fn begin(world: &mut World, service: &str, arn: &str, body: &str) -> Result<Value, (String, String)> {
    let parts: Vec<&str> = arn.split(':').collect();
    let (Some(region), Some(account)) = (parts.get(3), parts.get(4)) else { return Ok(Value::Null) };
    let caller = api::caller("events", account, region);
    match service {
        "lambda" => {
            let asked = json!({"FunctionName": arn, "InvocationType": "Event", "Payload": STANDARD.encode(body)});
            api::call(world, caller, "lambda", "Invoke", &asked)
        }
        "states" => api::call(world, caller, "states", "StartExecution", &json!({"StateMachineArn": arn, "Input": body})),
        _ => {
            // `arn:aws:ssm:REGION:ACCOUNT:automation-definition/NAME:VERSION`
            let name = parts.get(5).and_then(|part| part.strip_prefix("automation-definition/")).unwrap_or_default();
            let given: Value = serde_json::from_str(body).unwrap_or_default();
            let listed = given.as_object().into_iter().flatten().filter(|(_, value)| value.is_array());
            let parameters: Map<String, Value> = listed.map(|(name, value)| (name.clone(), value.clone())).collect();
            let asked = json!({"DocumentName": name, "Parameters": parameters});
            api::call(world, caller, "ssm", "StartAutomationExecution", &asked)
        }
    }
}

/// The value at a path such as `$.detail.state.value`.
fn at<'a>(event: &'a Value, path: &str) -> Option<&'a Value> {
    let mut value = event;
    for step in path.trim_start_matches('$').split(['.', '[']).filter(|step| !step.is_empty()) {
        value = match step.strip_suffix(']') {
            Some(index) => value.get(index.parse::<usize>().ok()?)?,
            None => value.get(step)?,
        };
    }
    Some(value)
}

/// What a target gets: its own input, a part of the event, a text made of parts of it, or the event.
fn input(target: &Value, event: &Value, rule: &str) -> String {
    if let Some(input) = members::text(target, "Input") {
        return input.to_owned();
    }
    if let Some(path) = members::text(target, "InputPath") {
        return at(event, path).unwrap_or(&Value::Null).to_string();
    }
    let Some(transformer) = target.get("InputTransformer") else { return event.to_string() };
    let mut values = Map::new();
    for (name, path) in transformer.get("InputPathsMap").and_then(Value::as_object).into_iter().flatten() {
        values.insert(name.clone(), at(event, path.as_str().unwrap_or_default()).cloned().unwrap_or(Value::Null));
    }
    values.insert("aws.events.event.json".to_owned(), event.clone());
    values.insert("aws.events.rule-arn".to_owned(), rule.into());
    values.insert("aws.events.rule-name".to_owned(), rule.rsplit('/').next().unwrap_or_default().into());
    values.insert("aws.events.event.ingestion-time".to_owned(), event["time"].clone());
    fill(members::required(transformer, "InputTemplate"), &values)
}

/// A template with its `<names>` filled in. Within quotation marks a text stands as it is, elsewhere as JSON.
fn fill(template: &str, values: &Map<String, Value>) -> String {
    let mut filled = String::new();
    let mut rest = template;
    let mut quoted = false;
    while let Some(at) = rest.find(['<', '"']) {
        filled.push_str(&rest[..at]);
        let from = &rest[at..];
        if let Some(after) = from.strip_prefix('"') {
            quoted = !quoted;
            filled.push('"');
            rest = after;
            continue;
        }
        let name = from[1..].split_once('>').map(|(name, _)| name);
        match name.and_then(|name| Some((name, values.get(name)?))) {
            Some((name, value)) => {
                match value {
                    Value::String(text) if quoted => filled.push_str(text),
                    value => filled.push_str(&value.to_string()),
                }
                rest = &from[name.len() + 2..];
            }
            None => {
                filled.push('<');
                rest = &from[1..];
            }
        }
    }
    filled + rest
}

impl Bus {
    /// As ListEventBuses and DescribeEventBus answer it.
    pub fn answer(&self, place: &Place, name: &str) -> Members {
        Members::new()
            .set("Name", name)
            .set("Arn", format!("arn:aws:events:{}:{}:event-bus/{name}", place.region, place.account))
            .maybe("Description", self.description.clone())
            .time("CreationTime", self.created)
            .time("LastModifiedTime", self.created)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_gets_the_event_a_part_of_it_or_what_its_template_makes_of_it() {
        let event = json!({"detail": {"alarmName": "a", "state": {"value": "ALARM"}, "list": [1, 2]}, "time": "t"});
        assert_eq!(input(&json!({}), &event, "r"), event.to_string());
        assert_eq!(input(&json!({"Input": "{\"x\":1}"}), &event, "r"), "{\"x\":1}");
        assert_eq!(input(&json!({"InputPath": "$.detail.state"}), &event, "r"), "{\"value\":\"ALARM\"}");
        assert_eq!(input(&json!({"InputPath": "$.detail.list[1]"}), &event, "r"), "2");
        let transformer = json!({
            "InputPathsMap": {"name": "$.detail.alarmName", "state": "$.detail.state.value"},
            "InputTemplate": "{\"text\": \"<name> is <state>\", \"name\": <name>, \"rule\": <aws.events.rule-name>, \"less\": \"<\"}",
        });
        let made = "{\"text\": \"a is ALARM\", \"name\": \"a\", \"rule\": \"mine\", \"less\": \"<\"}";
        assert_eq!(input(&json!({"InputTransformer": transformer}), &event, "arn:aws:events:r:1:rule/mine"), made);
    }
}
