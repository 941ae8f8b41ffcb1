//! AWS Health: events, their descriptions and the entities they touch. It answers the same in every Region, by account.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::estate::Place;
use crate::sim::members::{self, Members, glob};
use crate::sim::page::Paging;
use crate::sim::seed;
use crate::sim::service::coverage::{Operation, reads};
use crate::sim::service::events::{self, Emitted};
use crate::sim::service::health_organization;
use crate::sim::world::World;

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    reads("DescribeAffectedAccountsForOrganization", ""),
    reads("DescribeAffectedEntities", ""),
    reads("DescribeAffectedEntitiesForOrganization", "no filter on tags"),
    reads("DescribeEntityAggregates", ""),
    reads("DescribeEntityAggregatesForOrganization", ""),
    reads("DescribeEventAggregates", ""),
    reads("DescribeEventDetails", ""),
    reads("DescribeEventDetailsForOrganization", ""),
    reads("DescribeEvents", ""),
    reads("DescribeEventsForOrganization", ""),
    reads("DescribeEventTypes", "the types of the scenario's events"),
    reads("DescribeHealthServiceStatusForOrganization", "enabled, always"),
];

pub(super) const PAGING: Paging = Paging {
    token: "nextToken",
    size: "maxResults",
    default: 100,
    max: 100,
    code: "InvalidPaginationToken",
    message: "Invalid pagination token",
};

/// The events, by ARN.
pub type HealthEvents = BTreeMap<String, Event>;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// AWS's members of Event but `lastUpdatedTime`.
    pub members: Value,
    /// latestDescription.
    pub description: String,
    /// lastUpdatedTime.
    pub updated: DateTime<Utc>,
    /// Globs on the accounts that see it.
    pub accounts: Vec<String>,
    /// AWS's members of AffectedEntity but `eventArn` and `lastUpdatedTime`.
    pub entities: Vec<Value>,
}

/// The members of AWS's Event that a scenario may set.
pub const MEMBERS: &[&str] = &[
    "service",
    "eventTypeCode",
    "eventTypeCategory",
    "region",
    "availabilityZone",
    "startTime",
    "endTime",
    "statusCode",
    "eventScopeCode",
    "actionability",
    "personas",
];

impl Event {
    /// AWS's Event.
    pub fn answer(&self) -> Value {
        Members::new().copy(&self.members, &["arn"]).copy(&self.members, MEMBERS).time("lastUpdatedTime", self.updated).done()
    }
}

/// Publishes an event or updates one: what `members` does not name stays as it was.
pub fn publish(events: &mut HealthEvents, members: &Value, now: DateTime<Utc>) {
    let arn = members::required(members, "arn");
    let event = events.entry(arn.to_owned()).or_insert_with(|| Event {
        members: json!({
            "arn": arn, "eventTypeCategory": "issue", "statusCode": "open", "eventScopeCode": "ACCOUNT_SPECIFIC",
            "startTime": members::stamp(now),
        }),
        description: String::new(),
        updated: now,
        accounts: vec!["*".to_owned()],
        entities: Vec::new(),
    });
    event.updated = now;
    event.members = Members::new().copy(&event.members, &["arn"]).copy(&event.members, MEMBERS).copy(members, MEMBERS).done();
    if let Some(description) = members::text(members, "description") {
        description.clone_into(&mut event.description);
    }
    if members.get("accounts").is_some() {
        event.accounts = members::texts(members, "accounts").into_iter().map(str::to_owned).collect();
    }
    if members.get("entities").is_some() {
        event.entities = members::list(members, "entities").to_vec();
    }
}

/// Answers one call to AWS Health.
///
/// # Errors
/// As AWS refuses it; `SubscriptionRequiredException` without the support plan it needs.
pub fn answer(world: &World, call: &Call) -> Answer {
    let estate = &world.estate;
    if estate.accounts.get(&call.caller.account).is_some_and(|account| !account.support_plan) {
        let message = "The AWS Premium Support Subscription is required to use this service.";
        return Err(Refusal::new("SubscriptionRequiredException", message));
    }
    match call.operation.as_str() {
        "DescribeEvents" => describe_events(&estate.health, call),
        "DescribeEventDetails" => describe_details(&estate.health, call),
        "DescribeAffectedEntities" => describe_entities(&estate.health, call),
        _ => health_organization::answer(world, call),
    }
}

/// Tells an event to EventBridge in the accounts that see it: in its own Region, in us-east-1 if it has none.
///
/// Source: AWS Health user guide, "AWS Health events Amazon EventBridge schema".
pub fn announce(world: &mut World, arn: &str) {
    let Some(event) = world.estate.health.get(arn).cloned() else { return };
    let region = members::text(&event.members, "region").filter(|region| *region != "global").unwrap_or("us-east-1");
    let accounts: Vec<String> = world
        .estate
        .sites
        .keys()
        .filter(|(account, known)| known == region && event.accounts.iter().any(|glob_of| glob(glob_of, account)))
        .map(|(account, _)| account.clone())
        .collect();
    let http = |time: Option<DateTime<Utc>>| time.map(crate::sim::wire::rfc822);
    let text = |key| members::text(&event.members, key);
    for account in accounts {
        let place = Place { seed: world.seed, account, region: region.to_owned(), now: world.now() };
        let entities =
            event.entities.iter().filter(|entity| members::text(entity, "awsAccountId").is_none_or(|of| of == place.account));
        let affected: Vec<_> = entities
            .map(|entity| {
                Members::new()
                    .maybe("entityValue", members::text(entity, "entityValue"))
                    .maybe("status", members::text(entity, "statusCode"))
                    .maybe("lastUpdatedTime", http(Some(event.updated)))
                    .done()
            })
            .collect();
        let communication = seed::hash(world.seed, &format!("{arn} {}", event.updated.timestamp_millis()));
        let detail = Members::new()
            .set("eventArn", arn)
            .maybe("service", text("service"))
            .maybe("eventTypeCode", text("eventTypeCode"))
            .maybe("eventTypeCategory", text("eventTypeCategory"))
            .maybe("eventScopeCode", text("eventScopeCode"))
            .set("communicationId", format!("{communication:016x}-1"))
            .maybe("startTime", http(members::time(&event.members, "startTime")))
            .maybe("endTime", http(members::time(&event.members, "endTime")))
            .maybe("lastUpdatedTime", http(Some(event.updated)))
            .maybe("statusCode", text("statusCode"))
            .set("eventRegion", region)
            .set("eventDescription", json!([{"language": "en_US", "latestDescription": event.description}]))
            .set("affectedEntities", affected.clone())
            .set("affectedAccount", place.account.as_str())
            .set("page", "1")
            .set("totalPages", "1")
            .set("backupEvent", "false")
            .done();
        let resources = affected.iter().filter_map(|entity| members::text(entity, "entityValue")).map(str::to_owned).collect();
        events::emit(world, &place, Emitted::Event { source: "aws.health", detail_type: "AWS Health Event", resources, detail });
    }
}

pub(super) fn visible<'a>(events: &'a HealthEvents, call: &'a Call) -> impl Iterator<Item = (&'a String, &'a Event)> {
    events.iter().filter(|(_, event)| event.accounts.iter().any(|account| glob(account, &call.caller.account)))
}

/// Is `value` in the list that the filter gives for it, or is there no such list?
pub(super) fn among(filter: &Value, list: &str, value: Option<&str>) -> bool {
    let wanted = members::texts(filter, list);
    wanted.is_empty() || value.is_some_and(|value| wanted.contains(&value))
}

/// Is `time` in one of the filter's ranges, or are there none?
fn within(filter: &Value, list: &str, time: Option<DateTime<Utc>>) -> bool {
    let ranges = members::list(filter, list);
    ranges.is_empty()
        || time.is_some_and(|time| {
            ranges.iter().any(|range| {
                members::time(range, "from").is_none_or(|from| time >= from)
                    && members::time(range, "to").is_none_or(|to| time <= to)
            })
        })
}

pub(super) fn matches(event: &Event, filter: &Value) -> bool {
    let text = |key| members::text(&event.members, key);
    let entity = |list: &str, member: &str| {
        members::texts(filter, list).is_empty()
            || event.entities.iter().any(|entity| among(filter, list, members::text(entity, member)))
    };
    among(filter, "eventArns", text("arn"))
        && among(filter, "eventTypeCodes", text("eventTypeCode"))
        && among(filter, "services", text("service"))
        && among(filter, "regions", text("region"))
        && among(filter, "availabilityZones", text("availabilityZone"))
        && among(filter, "eventTypeCategories", text("eventTypeCategory"))
        && among(filter, "eventStatusCodes", text("statusCode"))
        && within(filter, "startTimes", members::time(&event.members, "startTime"))
        && within(filter, "endTimes", members::time(&event.members, "endTime"))
        && within(filter, "lastUpdatedTimes", Some(event.updated))
        && entity("entityArns", "entityArn")
        && entity("entityValues", "entityValue")
}

/// Newest update first.
fn describe_events(events: &HealthEvents, call: &Call) -> Answer {
    let cursor = PAGING.open::<(Reverse<i64>, String)>(call)?;
    let none = Value::Null;
    let filter = call.input.get("filter").unwrap_or(&none);
    let mut rows: Vec<_> = visible(events, call)
        .filter(|(_, event)| matches(event, filter))
        .map(|(arn, event)| ((Reverse(event.updated.timestamp_millis()), arn.clone()), event))
        .filter(|(key, _)| cursor.after.as_ref().is_none_or(|after| key > after))
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    let (page, token) = cursor.take(rows);
    let told: Vec<_> = page.into_iter().map(Event::answer).collect();
    Ok(Members::new().set("events", told).maybe("nextToken", token).done())
}

fn describe_details(events: &HealthEvents, call: &Call) -> Answer {
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    for arn in members::texts(&call.input, "eventArns") {
        match visible(events, call).find(|(known, _)| *known == arn) {
            Some((_, event)) => found.push(json!({
                "event": event.answer(), "eventDescription": {"latestDescription": event.description}, "eventMetadata": {},
            })),
            None => failed.push(json!({
                "eventArn": arn, "errorName": "InvalidEventArn", "errorMessage": format!("Invalid event ARN: {arn}"),
            })),
        }
    }
    Ok(json!({"successfulSet": found, "failedSet": failed}))
}

fn describe_entities(events: &HealthEvents, call: &Call) -> Answer {
    let cursor = PAGING.open::<(String, usize)>(call)?;
    let none = Value::Null;
    let filter = call.input.get("filter").unwrap_or(&none);
    let arns = members::texts(filter, "eventArns");
    let rows = visible(events, call)
        .filter(|(arn, _)| arns.contains(&arn.as_str()))
        .flat_map(|(arn, event)| event.entities.iter().enumerate().map(move |(at, entity)| ((arn.clone(), at), event, entity)));
    let rows = rows.filter(|(_, event, entity)| {
        among(filter, "statusCodes", members::text(entity, "statusCode"))
            && among(filter, "entityArns", members::text(entity, "entityArn"))
            && among(filter, "entityValues", members::text(entity, "entityValue"))
            && within(filter, "lastUpdatedTimes", Some(event.updated))
            && members::text(entity, "awsAccountId").is_none_or(|account| account == call.caller.account)
    });
    let after = cursor.after.clone();
    let rows = rows.filter(|(key, _, _)| after.as_ref().is_none_or(|after| key > after));
    let known = &["entityArn", "entityValue", "entityUrl", "awsAccountId", "statusCode", "tags", "entityMetadata"];
    let (page, token) = cursor.take(rows.map(|(key, event, entity)| {
        let told = Members::new().copy(entity, known).set("eventArn", key.0.as_str()).time("lastUpdatedTime", event.updated);
        (key, told.done())
    }));
    Ok(Members::new().set("entities", page).maybe("nextToken", token).done())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: u32) -> DateTime<Utc> {
        format!("2026-03-14T03:{minute:02}:00Z").parse().unwrap()
    }

    #[test]
    fn an_update_changes_what_it_names_and_leaves_the_rest() {
        let mut events = HealthEvents::new();
        publish(
            &mut events,
            &json!({"arn": "a", "service": "S3", "description": "one", "entities": [{"entityValue": "b"}]}),
            at(6),
        );
        publish(&mut events, &json!({"arn": "a", "statusCode": "closed", "description": "two"}), at(9));
        let event = &events["a"];
        assert_eq!((event.description.as_str(), event.updated, event.entities.len()), ("two", at(9), 1));
        assert_eq!(members::text(&event.members, "service"), Some("S3"));
        assert_eq!(members::text(&event.members, "statusCode"), Some("closed"));
        assert_eq!(members::time(&event.members, "startTime"), Some(at(6)));
    }

    #[test]
    fn filters_on_time_and_entity_let_through_only_what_matches() {
        let mut events = HealthEvents::new();
        publish(&mut events, &json!({"arn": "a", "startTime": members::stamp(at(2)), "entities": [{"entityValue": "b"}]}), at(6));
        let event = &events["a"];
        let range = |from, to| json!({"startTimes": [{"from": members::stamp(from), "to": members::stamp(to)}]});
        assert!(matches(event, &range(at(1), at(3))));
        assert!(!matches(event, &range(at(3), at(9))));
        assert!(matches(event, &json!({"entityValues": ["b", "c"]})));
        assert!(!matches(event, &json!({"entityValues": ["c"]})));
    }
}
