//! EventBridge's operations.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde_json::{Value, json};

use super::rules::{Bus, Events, Rule, deliver, envelope, rule_arn};
use crate::pattern::Pattern;
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::estate::Place;
use crate::sim::members::{self, Members};
use crate::sim::page::Paging;
use crate::sim::service::coverage::{Operation, changes, reads};
use crate::sim::world::World;

/// What holds for all of the service.
pub const NOTE: &str = "Events reach SQS queues, SNS topics, other buses, functions, state machines and runbooks, at once and once; targets of \
                        other services are kept and not called, and schedules do not fire. Alarms, restore jobs, executions of state \
                        machines and Health events emit theirs.";

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    changes("CreateEventBus", "no partner sources, no archives"),
    changes("DeleteEventBus", ""),
    changes("DeleteRule", ""),
    reads("DescribeEventBus", "no policy"),
    reads("DescribeRule", ""),
    changes("DisableRule", ""),
    changes("EnableRule", ""),
    reads("ListEventBuses", ""),
    reads("ListRuleNamesByTarget", ""),
    reads("ListRules", ""),
    reads("ListTagsForResource", ""),
    reads("ListTargetsByRule", ""),
    changes("PutEvents", "endpoints are passed over"),
    changes("PutRule", "a schedule is kept and does not fire"),
    changes("PutTargets", "ten targets a rule, where the quota of AWS is five"),
    changes("RemoveTargets", ""),
    changes("TagResource", ""),
    reads("TestEventPattern", ""),
    changes("UntagResource", ""),
];

const PAGING: Paging = Paging {
    token: "NextToken",
    size: "Limit",
    default: 100,
    max: 100,
    code: "ValidationException",
    message: "The NextToken is invalid.",
};

/// The most targets of a rule.
const TARGETS: usize = 10;
/// The longest entry of PutEvents, in bytes.
const ENTRY_BYTES: usize = 1_048_576;

/// Answers one call to EventBridge.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let place = world.place(&call.caller);
    let input = &call.input;
    match call.operation.as_str() {
        "PutEvents" => put_events(world, call, &place),
        "TestEventPattern" => {
            let pattern = parse(members::required(input, "EventPattern"))?;
            let event: Value = serde_json::from_str(members::required(input, "Event"))
                .map_err(|_| Refusal::new("InvalidEventPatternException", "Event is not valid JSON."))?;
            Ok(json!({"Result": pattern.matches(&event)}))
        }
        "CreateEventBus" | "DeleteEventBus" | "PutRule" | "TagResource" | "UntagResource" => change(world, call, &place),
        "DeleteRule" | "EnableRule" | "DisableRule" | "PutTargets" | "RemoveTargets" => change_rule(world, call, &place),
        _ => {
            let none = Events::default();
            let events = world.site(&call.caller).map_or(&none, |site| &site.events);
            read(events, world, call, &place)
        }
    }
}

fn parse(pattern: &str) -> Result<Pattern, Refusal> {
    Pattern::parse(pattern)
        .map_err(|fault| Refusal::new("InvalidEventPatternException", format!("Event pattern is not valid. Reason: {fault}")))
}

fn not_there(message: String) -> Refusal {
    Refusal::new("ResourceNotFoundException", message)
}

/// The name of the bus that an input means, by name or ARN.
fn bus_name<'a>(input: &'a Value, key: &str) -> &'a str {
    let name = members::text(input, key).unwrap_or("default");
    name.split_once(":event-bus/").map_or(name, |(_, name)| name)
}

fn bus<'a>(events: &Events, input: &'a Value, key: &str) -> Result<&'a str, Refusal> {
    let name = bus_name(input, key);
    if name != "default" && !events.buses.contains_key(name) {
        return Err(not_there(format!("Event bus {name} does not exist.")));
    }
    Ok(name)
}

fn rule<'a>(events: &'a Events, input: &Value, key: &str) -> Result<(&'a (String, String), &'a Rule), Refusal> {
    let bus = bus(events, input, "EventBusName")?;
    let name = members::required(input, key);
    let found = events.rules.get_key_value(&(bus.to_owned(), name.to_owned()));
    found.ok_or_else(|| not_there(format!("Rule {name} does not exist on EventBus {bus}.")))
}

fn told(place: &Place, (bus, name): &(String, String), rule: &Rule) -> Members {
    let known = &["EventPattern", "ScheduleExpression", "State", "Description", "RoleArn"];
    Members::new()
        .set("Name", name.as_str())
        .set("Arn", rule_arn(place, bus, name))
        .copy(&rule.members, known)
        .set("EventBusName", bus.as_str())
}

fn read(events: &Events, world: &World, call: &Call, place: &Place) -> Answer {
    let input = &call.input;
    let default = Bus { description: None, created: world.scenario.starts_at };
    let page = |member: &str, rows: Vec<(String, Value)>| {
        let cursor = PAGING.open::<String>(call)?;
        let after = cursor.after.clone();
        let rows = rows.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
        let (page, token) = cursor.take(rows);
        Ok(Members::new().set(member, page).maybe("NextToken", token).done())
    };
    let prefix = members::text(input, "NamePrefix").unwrap_or_default();
    match call.operation.as_str() {
        "DescribeEventBus" => {
            let name = bus(events, input, "Name")?;
            Ok(events.buses.get(name).unwrap_or(&default).answer(place, name).done())
        }
        "ListEventBuses" => {
            let mut rows: BTreeMap<&str, &Bus> = events.buses.iter().map(|(name, bus)| (name.as_str(), bus)).collect();
            rows.insert("default", &default);
            let rows = rows.into_iter().filter(|(name, _)| name.starts_with(prefix));
            page("EventBuses", rows.map(|(name, bus)| (name.to_owned(), bus.answer(place, name).done())).collect())
        }
        "DescribeRule" => {
            let (key, rule) = rule(events, input, "Name")?;
            Ok(told(place, key, rule).set("CreatedBy", rule.created_by.as_str()).done())
        }
        "ListRules" => {
            let bus = bus(events, input, "EventBusName")?.to_owned();
            let from = (Bound::Included((bus.clone(), prefix.to_owned())), Bound::Unbounded);
            let rows = events.rules.range(from).take_while(|((of, name), _)| *of == bus && name.starts_with(prefix));
            page("Rules", rows.map(|(key, rule)| (key.1.clone(), told(place, key, rule).done())).collect())
        }
        "ListTargetsByRule" => {
            let (_, rule) = rule(events, input, "Rule")?;
            page("Targets", rule.targets.iter().map(|(id, target)| (id.clone(), target.clone())).collect())
        }
        "ListRuleNamesByTarget" => {
            let (bus, target) = (bus(events, input, "EventBusName")?, members::required(input, "TargetArn"));
            let reaches = |rule: &Rule| rule.targets.values().any(|of| members::text(of, "Arn") == Some(target));
            let rows = events.rules.iter().filter(|((of, _), rule)| of == bus && reaches(rule));
            page("RuleNames", rows.map(|((_, name), _)| (name.clone(), name.as_str().into())).collect())
        }
        "ListTagsForResource" => {
            let arn = members::required(input, "ResourceARN");
            exists(events, place, arn)?;
            let tags = events.tags.get(arn).into_iter().flatten();
            Ok(json!({"Tags": tags.map(|(key, value)| json!({"Key": key, "Value": value})).collect::<Vec<_>>()}))
        }
        _ => Err(super::super::unknown(call)),
    }
}

/// Refuses the ARN of a rule or bus that is not there.
fn exists(events: &Events, place: &Place, arn: &str) -> Result<(), Refusal> {
    let there = match arn.split_once(":rule/") {
        Some((_, path)) => {
            let (bus, name) = path.split_once('/').unwrap_or(("default", path));
            rule_arn(place, bus, name) == arn && events.rules.contains_key(&(bus.to_owned(), name.to_owned()))
        }
        None => arn.split_once(":event-bus/").is_some_and(|(_, name)| name == "default" || events.buses.contains_key(name)),
    };
    if there {
        Ok(())
    } else {
        Err(not_there(format!("Rule {} does not exist on EventBus default.", arn.rsplit('/').next().unwrap_or(arn))))
    }
}

fn tags(input: &Value) -> impl Iterator<Item = (String, String)> + '_ {
    let text = |tag: &Value, key| members::required(tag, key).to_owned();
    members::list(input, "Tags").iter().map(move |tag| (text(tag, "Key"), text(tag, "Value")))
}

fn change(world: &mut World, call: &Call, place: &Place) -> Answer {
    let input = &call.input;
    let events = &mut world.site_mut(&call.caller).events;
    match call.operation.as_str() {
        "CreateEventBus" => {
            let name = members::required(input, "Name");
            if name == "default" || events.buses.contains_key(name) {
                return Err(Refusal::new("ResourceAlreadyExistsException", format!("Event bus {name} already exists.")));
            }
            if name.contains('/') {
                return Err(Refusal::new("ValidationException", "Event bus name must not contain '/'."));
            }
            let bus = Bus { description: members::text(input, "Description").map(str::to_owned), created: place.now };
            let arn = format!("arn:aws:events:{}:{}:event-bus/{name}", place.region, place.account);
            events.buses.insert(name.to_owned(), bus);
            events.tags.entry(arn.clone()).or_default().extend(tags(input));
            Ok(Members::new().set("EventBusArn", arn).copy(input, &["Description"]).done())
        }
        "DeleteEventBus" => {
            let name = members::required(input, "Name");
            if name == "default" {
                return Err(Refusal::new("ValidationException", "Cannot delete event bus default."));
            }
            if events.rules.keys().any(|(bus, _)| bus == name) {
                return Err(Refusal::new(
                    "ValidationException",
                    format!("Event bus {name} can't be deleted since it has rules."),
                ));
            }
            events.buses.remove(name);
            Ok(json!({}))
        }
        "PutRule" => put_rule(events, call, place),
        _ => {
            let arn = members::required(input, "ResourceARN");
            exists(events, place, arn)?;
            let held = events.tags.entry(arn.to_owned()).or_default();
            held.extend(tags(input));
            members::texts(input, "TagKeys").into_iter().for_each(|key| drop(held.remove(key)));
            Ok(json!({}))
        }
    }
}

fn put_rule(events: &mut Events, call: &Call, place: &Place) -> Answer {
    let input = &call.input;
    let invalid = |message: &str| Err(Refusal::new("ValidationException", message));
    let bus = bus(events, input, "EventBusName")?.to_owned();
    let name = members::required(input, "Name");
    let (pattern, schedule) = (members::text(input, "EventPattern"), members::text(input, "ScheduleExpression"));
    if pattern.is_none_or(str::is_empty) && schedule.is_none_or(str::is_empty) {
        return invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.");
    }
    if let Some(schedule) = schedule.filter(|schedule| !schedule.is_empty()) {
        if bus != "default" {
            return invalid("ScheduleExpression is supported only on the default event bus.");
        }
        if !(schedule.starts_with("rate(") || schedule.starts_with("cron(")) || !schedule.ends_with(')') {
            return invalid("Parameter ScheduleExpression is not valid.");
        }
    }
    let pattern = pattern.filter(|pattern| !pattern.is_empty()).map(parse).transpose()?;
    let known = &["EventPattern", "ScheduleExpression", "State", "Description", "RoleArn"];
    let members = Members::new().set("State", "ENABLED").copy(input, known).done();
    let key = (bus.clone(), name.to_owned());
    let targets = events.rules.remove(&key).map(|rule| rule.targets).unwrap_or_default();
    events.rules.insert(key, Rule { members, pattern, created_by: place.account.clone(), targets });
    let arn = rule_arn(place, &bus, name);
    events.tags.entry(arn.clone()).or_default().extend(tags(input));
    Ok(json!({"RuleArn": arn}))
}

fn change_rule(world: &mut World, call: &Call, place: &Place) -> Answer {
    let input = &call.input;
    let events = &mut world.site_mut(&call.caller).events;
    let name = if call.operation.ends_with("Targets") { "Rule" } else { "Name" };
    if call.operation == "DeleteRule" {
        // To delete what is not there is no fault.
        let Ok((key, rule)) = rule(events, input, name) else { return bus(events, input, "EventBusName").map(|_| json!({})) };
        if !rule.targets.is_empty() {
            return Err(Refusal::new("ValidationException", "Rule can't be deleted since it has targets."));
        }
        let key = key.clone();
        events.rules.remove(&key);
        events.tags.remove(&rule_arn(place, &key.0, &key.1));
        return Ok(json!({}));
    }
    let key = rule(events, input, name)?.0.clone();
    let Some(rule) = events.rules.get_mut(&key) else { return Ok(json!({})) };
    match call.operation.as_str() {
        "EnableRule" => rule.members["State"] = "ENABLED".into(),
        "DisableRule" => rule.members["State"] = "DISABLED".into(),
        "RemoveTargets" => {
            members::texts(input, "Ids").into_iter().for_each(|id| drop(rule.targets.remove(id)));
            return Ok(json!({"FailedEntryCount": 0, "FailedEntries": []}));
        }
        _ => {
            let mut targets = rule.targets.clone();
            for target in members::list(input, "Targets") {
                let (id, arn) = (members::required(target, "Id"), members::required(target, "Arn"));
                if arn.split(':').count() < 6 || !arn.starts_with("arn:") {
                    let message = format!("Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.");
                    return Err(Refusal::new("ValidationException", message));
                }
                if arn.ends_with(".fifo") && arn.contains(":sqs:") && target.get("SqsParameters").is_none() {
                    let message = format!("Parameter(s) SqsParameters must be specified for target: {id}.");
                    return Err(Refusal::new("ValidationException", message));
                }
                targets.insert(id.to_owned(), target.clone());
            }
            if targets.len() > TARGETS {
                let message = "The requested resource exceeds the maximum number allowed.";
                return Err(Refusal::new("LimitExceededException", message));
            }
            rule.targets = targets;
            return Ok(json!({"FailedEntryCount": 0, "FailedEntries": []}));
        }
    }
    Ok(json!({}))
}

/// What is wrong with an entry: code and sentence.
fn fault(entry: &Value) -> Option<(&'static str, String)> {
    for member in ["Source", "DetailType", "Detail"] {
        if members::text(entry, member).is_none_or(str::is_empty) {
            return Some((
                "InvalidArgument",
                format!("Parameter {member} is not valid. Reason: {member} is a required argument."),
            ));
        }
    }
    if members::required(entry, "Source").starts_with("aws.") {
        return Some(("NotAuthorizedForSourceException", "Not authorized for the source.".to_owned()));
    }
    match serde_json::from_str::<Value>(members::required(entry, "Detail")) {
        Ok(Value::Object(_)) => None,
        _ => Some(("MalformedDetail", "Detail is malformed.".to_owned())),
    }
}

fn put_events(world: &mut World, call: &Call, place: &Place) -> Answer {
    let entries = members::list(&call.input, "Entries");
    let weight = |entry: &Value| {
        let text = |key| members::required(entry, key).len();
        text("Source")
            + text("DetailType")
            + text("Detail")
            + members::texts(entry, "Resources").iter().map(|of| of.len()).sum::<usize>()
    };
    if entries.iter().map(weight).sum::<usize>() > ENTRY_BYTES {
        return Err(Refusal::new("ValidationException", "Total size of the entries in the request is over the limit."));
    }
    let (mut told, mut failed) = (Vec::new(), 0);
    for entry in entries {
        if let Some((code, message)) = fault(entry) {
            failed += 1;
            told.push(json!({"ErrorCode": code, "ErrorMessage": message}));
            continue;
        }
        let detail = serde_json::from_str(members::required(entry, "Detail")).unwrap_or_default();
        let time = members::time(entry, "Time").unwrap_or(place.now);
        let event = envelope(&mut world.ids, place, entry, detail, time);
        told.push(json!({"EventId": event["id"]}));
        deliver(world, place, bus_name(entry, "EventBusName"), &event, 5);
    }
    world.effect(call, &format!("{} events", told.len()));
    Ok(json!({"FailedEntryCount": failed, "Entries": told}))
}
