//! AWS Health's aggregates and its view over an organisation: every account of the world is in the caller's one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::health::{Event, HealthEvents, PAGING, among, matches, visible};
use crate::sim::call::{Answer, Call};
use crate::sim::members::{self, Members, glob};
use crate::sim::world::World;

/// The accounts of the organisation.
fn accounts(world: &World, call: &Call) -> BTreeSet<String> {
    let known = world.estate.accounts.keys().chain(world.estate.sites.keys().map(|(account, _)| account));
    known.chain([&call.caller.account]).cloned().collect()
}

/// The accounts of the organisation that see an event.
fn affected<'a>(event: &'a Event, accounts: &'a BTreeSet<String>) -> impl Iterator<Item = &'a String> {
    accounts.iter().filter(|account| event.accounts.iter().any(|of| glob(of, account)))
}

/// Answers one call about aggregates or the organisation.
///
/// # Errors
/// A page token that was not given for this call.
pub fn answer(world: &World, call: &Call) -> Answer {
    let events = &world.estate.health;
    let accounts = accounts(world, call);
    match call.operation.as_str() {
        "DescribeEventAggregates" => event_aggregates(events, call),
        "DescribeEntityAggregates" => {
            let told = members::texts(&call.input, "eventArns").into_iter().filter_map(|arn| {
                let (_, event) = visible(events, call).find(|(known, _)| *known == arn)?;
                let own = |entity: &&Value| members::text(entity, "awsAccountId").is_none_or(|of| of == call.caller.account);
                Some(counted(event.entities.iter().filter(own)).set("eventArn", arn).done())
            });
            Ok(json!({"entityAggregates": told.collect::<Vec<_>>()}))
        }
        "DescribeEntityAggregatesForOrganization" => {
            let wanted = members::texts(&call.input, "awsAccountIds");
            let told = members::texts(&call.input, "eventArns").into_iter().filter_map(|arn| {
                let event = events.get(arn)?;
                let of = |account: &str| {
                    let account = account.to_owned();
                    event
                        .entities
                        .iter()
                        .filter(move |entity| members::text(entity, "awsAccountId").is_none_or(|of| of == account))
                };
                let chosen: Vec<&String> = affected(event, &accounts)
                    .filter(|account| wanted.is_empty() || wanted.contains(&account.as_str()))
                    .collect();
                let each: Vec<Value> =
                    chosen.iter().map(|account| counted(of(account)).set("accountId", account.as_str()).done()).collect();
                let all = chosen.iter().flat_map(|account| of(account));
                Some(counted(all).set("eventArn", arn).set("accounts", each).done())
            });
            Ok(json!({"organizationEntityAggregates": told.collect::<Vec<_>>()}))
        }
        "DescribeEventTypes" => event_types(events, call),
        "DescribeHealthServiceStatusForOrganization" => Ok(json!({"healthServiceAccessStatusForOrganization": "ENABLED"})),
        "DescribeEventsForOrganization" => organization_events(events, &accounts, call),
        "DescribeEventDetailsForOrganization" => Ok(details(events, &accounts, call)),
        "DescribeAffectedAccountsForOrganization" => {
            let arn = members::required(&call.input, "eventArn");
            let cursor = PAGING.open::<String>(call)?;
            let event = events.get(arn);
            let rows = event.into_iter().flat_map(|event| affected(event, &accounts));
            let after = cursor.after.clone();
            let rows = rows.filter(|account| after.as_ref().is_none_or(|after| *account > after));
            let (page, token) = cursor.take(rows.map(|account| (account.clone(), Value::from(account.as_str()))));
            let scope = event.and_then(|event| members::text(&event.members, "eventScopeCode"));
            Ok(Members::new().set("affectedAccounts", page).maybe("eventScopeCode", scope).maybe("nextToken", token).done())
        }
        _ => entities(events, &accounts, call),
    }
}

fn counted<'a>(entities: impl Iterator<Item = &'a Value>) -> Members {
    let mut statuses: BTreeMap<String, i64> = BTreeMap::new();
    let mut count = 0;
    for entity in entities {
        count += 1;
        *statuses.entry(members::text(entity, "statusCode").unwrap_or("UNKNOWN").to_owned()).or_default() += 1;
    }
    Members::new().set("count", count).set("statuses", json!(statuses))
}

fn event_aggregates(events: &HealthEvents, call: &Call) -> Answer {
    let none = Value::Null;
    let filter = call.input.get("filter").unwrap_or(&none);
    let field = members::required(&call.input, "aggregateField");
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for (_, event) in visible(events, call).filter(|(_, event)| matches(event, filter)) {
        *counts.entry(members::required(&event.members, field).to_owned()).or_default() += 1;
    }
    let cursor = PAGING.open::<String>(call)?;
    let after = cursor.after.clone();
    let rows = counts.into_iter().filter(|(value, _)| after.as_ref().is_none_or(|after| value > after));
    let (page, token) = cursor.take(rows.map(|(value, count)| (value.clone(), json!({"aggregateValue": value, "count": count}))));
    Ok(Members::new().set("eventAggregates", page).maybe("nextToken", token).done())
}

fn event_types(events: &HealthEvents, call: &Call) -> Answer {
    let none = Value::Null;
    let filter = call.input.get("filter").unwrap_or(&none);
    let mut types: BTreeMap<String, Value> = BTreeMap::new();
    for event in events.values() {
        let text = |key| members::text(&event.members, key);
        let Some(code) = text("eventTypeCode") else { continue };
        let wanted = among(filter, "eventTypeCodes", Some(code))
            && among(filter, "services", text("service"))
            && among(filter, "eventTypeCategories", text("eventTypeCategory"));
        if wanted {
            let told = Members::new().maybe("service", text("service")).set("code", code);
            types.insert(code.to_owned(), told.maybe("category", text("eventTypeCategory")).done());
        }
    }
    let cursor = PAGING.open::<String>(call)?;
    let after = cursor.after.clone();
    let rows = types.into_iter().filter(|(code, _)| after.as_ref().is_none_or(|after| code > after));
    let (page, token) = cursor.take(rows);
    Ok(Members::new().set("eventTypes", page).maybe("nextToken", token).done())
}

fn organization_events(events: &HealthEvents, accounts: &BTreeSet<String>, call: &Call) -> Answer {
    let given = call.input.get("filter").cloned().unwrap_or_else(|| json!({}));
    // Where the account's view takes lists of ranges, the organisation's takes one.
    let mut filter = given.as_object().cloned().unwrap_or_else(Map::new);
    for (one, many) in [("startTime", "startTimes"), ("endTime", "endTimes"), ("lastUpdatedTime", "lastUpdatedTimes")] {
        if let Some(range) = filter.remove(one) {
            filter.insert(many.to_owned(), json!([range]));
        }
    }
    let filter = Value::Object(filter);
    let wanted = members::texts(&given, "awsAccountIds");
    let seen = |event: &Event| affected(event, accounts).any(|account| wanted.is_empty() || wanted.contains(&account.as_str()));
    let cursor = PAGING.open::<String>(call)?;
    let after = cursor.after.clone();
    let rows = events
        .iter()
        .filter(|(arn, event)| after.as_ref().is_none_or(|after| *arn > after) && matches(event, &filter) && seen(event));
    let known = [
        "arn",
        "service",
        "eventTypeCode",
        "eventTypeCategory",
        "eventScopeCode",
        "region",
        "startTime",
        "endTime",
        "statusCode",
        "actionability",
        "personas",
    ];
    let (page, token) = cursor.take(rows.map(|(arn, event)| {
        (arn.clone(), Members::new().copy(&event.members, &known).time("lastUpdatedTime", event.updated).done())
    }));
    Ok(Members::new().set("events", page).maybe("nextToken", token).done())
}

fn details(events: &HealthEvents, accounts: &BTreeSet<String>, call: &Call) -> Value {
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    for filter in members::list(&call.input, "organizationEventDetailFilters") {
        let (arn, account) = (members::required(filter, "eventArn"), members::text(filter, "awsAccountId"));
        let event =
            events.get(arn).filter(|event| account.is_none_or(|account| affected(event, accounts).any(|known| known == account)));
        match event {
            Some(event) => found.push(
                Members::new()
                    .maybe("awsAccountId", account)
                    .set("event", event.answer())
                    .set("eventDescription", json!({"latestDescription": event.description}))
                    .set("eventMetadata", json!({}))
                    .done(),
            ),
            None => failed.push(
                Members::new()
                    .maybe("awsAccountId", account)
                    .set("eventArn", arn)
                    .set("errorName", "InvalidEventArn")
                    .set("errorMessage", format!("Invalid event ARN: {arn}"))
                    .done(),
            ),
        }
    }
    json!({"successfulSet": found, "failedSet": failed})
}

fn entities(events: &HealthEvents, accounts: &BTreeSet<String>, call: &Call) -> Answer {
    let filters: Vec<&Value> = members::list(&call.input, "organizationEntityFilters")
        .iter()
        .chain(members::list(&call.input, "organizationEntityAccountFilters"))
        .collect();
    let cursor = PAGING.open::<(usize, usize)>(call)?;
    let after = cursor.after;
    let rows = filters.iter().enumerate().flat_map(|(number, filter)| {
        let (arn, account) = (members::required(filter, "eventArn"), members::text(filter, "awsAccountId"));
        let event =
            events.get(arn).filter(|event| account.is_none_or(|account| affected(event, accounts).any(|known| known == account)));
        event.into_iter().flat_map(move |event| {
            let of = event.entities.iter().enumerate().filter(move |(_, entity)| {
                account.is_none_or(|account| members::text(entity, "awsAccountId").is_none_or(|of| of == account))
                    && among(filter, "statusCodes", members::text(entity, "statusCode"))
            });
            of.map(move |(at, entity)| ((number, at), event, arn, entity, account))
        })
    });
    let rows = rows.filter(|(key, ..)| after.is_none_or(|after| *key > after));
    let known = ["entityArn", "entityValue", "entityUrl", "awsAccountId", "statusCode", "tags", "entityMetadata"];
    let (page, token) = cursor.take(rows.map(|(key, event, arn, entity, account)| {
        let told = Members::new().maybe("awsAccountId", account).copy(entity, &known).set("eventArn", arn);
        (key, told.time("lastUpdatedTime", event.updated).done())
    }));
    Ok(Members::new().set("entities", page).set("failedSet", json!([])).maybe("nextToken", token).done())
}
