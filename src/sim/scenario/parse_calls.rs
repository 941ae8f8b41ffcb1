//! The `call` tables of a scenario: what somebody calls, before the start or in an inject, held against AWS's model of the operation.

use serde_json::{Value, json};

use super::parse::{Names, known};
use super::reader::{Table, nearest};
use crate::sim::made::{Made, NUMBER, SetUp};
use crate::sim::model;
use crate::sim::service::coverage;
use crate::sim::wire;
use chrono::{DateTime, TimeDelta};

/// The most calls that one table makes.
const MOST: u32 = 10_000;

/// A call of an inject.
pub fn made(table: &Table<'_>, names: &Names) -> Option<Made> {
    let site = known(table, "site", "site", &names.sites);
    let place = site.and_then(|site| names.places.get(&site)).map(|(account, region)| (account.as_str(), region.as_str()));
    read(table, place.unwrap_or_default())
}

/// A call before the start.
pub fn set_up(table: &Table<'_>, place: (&str, &str)) -> Option<SetUp> {
    let made = read(table, place);
    let ago = table.duration("ago");
    if !table.has("ago") {
        table.fault("ago", "`ago` is missing: how long before the start it is called", None);
    }
    let every = table.duration("every").unwrap_or_default();
    let (made, ago) = (made?, ago?);
    let rest = i32::try_from(made.count().saturating_sub(1)).ok().and_then(|rest| every.checked_mul(rest));
    if rest.is_none_or(|rest| rest > ago) {
        table.fault("every", "the last of these calls would come after the start", None);
    }
    Some(SetUp { ago, every, made, stands: Some(table.own_span()) })
}

fn read(table: &Table<'_>, (account, region): (&str, &str)) -> Option<Made> {
    let (service, operation) = (table.required("service"), table.required("operation"));
    let input = table.json("input").unwrap_or_else(|| json!({}));
    let numbers = table.table("numbers").and_then(|numbers| {
        let (first, last) = (numbers.count("first"), numbers.count("last"));
        for key in ["first", "last"].into_iter().filter(|key| !numbers.has(key)) {
            numbers.fault(key, format!("`{key}` is missing"), None);
        }
        let (first, last) = first.zip(last)?;
        if last < first || last - first >= MOST {
            numbers.fault("last", format!("`last` must be from `first` up, and at most {MOST} numbers make calls"), None);
            return None;
        }
        Some((first, last))
    });
    let (service, operation) = (service?, operation?);
    let Some((_, model)) = model::model(&service) else {
        let hint = nearest(&service, model::services());
        table.fault("service", format!("no service signs as `{service}` here"), hint);
        return None;
    };
    let modelled = coverage::operation(&service, &operation).and_then(|_| model.operation(&operation));
    let Some(of_model) = modelled else {
        let hint = nearest(&operation, model.operations().map(|operation| operation.name.as_str()));
        table.fault("operation", format!("`{operation}` of {service} is not modelled"), hint);
        return None;
    };
    let made = Made { account: account.to_owned(), region: region.to_owned(), service, operation, input, numbers };
    // Its first call, as it will be made; the moment only has to be one.
    let call = made.call(0, DateTime::UNIX_EPOCH + TimeDelta::days(20_000));
    if let Err(refusal) = wire::check_input(model, of_model, &call.input) {
        table.fault("input", format!("{} would be refused: {}", made.operation, refusal.message), None);
    }
    if numbers_unused(&made) {
        table.fault("numbers", "nothing in `input` says `{n}`: every call would be the same", None);
    }
    Some(made)
}

fn numbers_unused(made: &Made) -> bool {
    made.numbers.is_some() && !says(&made.input, NUMBER)
}

fn says(value: &Value, part: &str) -> bool {
    match value {
        Value::String(text) => text.contains(part),
        Value::Array(items) => items.iter().any(|item| says(item, part)),
        Value::Object(members) => members.values().any(|value| says(value, part)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    const BEGINNING: &str = r#"
name = "calls"
title = "Calls"
starts_at = 2026-03-14T03:00:00Z

[[site]]
name = "primary"
account = "111122223333"
region = "eu-west-1"

[[site.call]]
ago = "2h"
service = "sqs"
operation = "CreateQueue"
input = { QueueName = "queue-{n}" }
numbers = { first = 1, last = 3 }
every = "1h"
"#;

    #[test]
    fn the_world_begins_with_what_its_calls_made_each_at_its_time() {
        let scenario = parse("x.toml", BEGINNING).unwrap_or_else(|faults| panic!("{faults}"));
        let world = crate::sim::World::new(std::sync::Arc::new(scenario), 1);
        assert_eq!(world.refused(), []);
        assert_eq!(world.effects(), [], "what was there before the start is no effect of a call");
        assert_eq!(world.now().to_rfc3339(), "2026-03-14T03:00:00+00:00");
        let site = world.estate().sites.values().find(|site| site.name == "primary").unwrap();
        let queues: Vec<_> = site.sqs.queues.values().map(|queue| (queue.name.as_str(), queue.created.to_rfc3339())).collect();
        let at = |hour: u32| format!("2026-03-14T{hour:02}:00:00+00:00");
        assert_eq!(queues, [("queue-1", at(1)), ("queue-2", at(2)), ("queue-3", at(3))]);
    }

    #[test]
    fn calls_that_aws_would_not_take_are_faults_at_their_place() {
        let broken = BEGINNING.replacen("last = 3", "last = 30", 1)
            + r#"
[[site.call]]
ago = "1h"
service = "dynamo"
operation = "CreateTable"

[[site.call]]
ago = "1h"
service = "sqs"
operation = "CreateQeue"

[[site.call]]
ago = "1h"
service = "sqs"
operation = "CreateQueue"
input = { QueueNames = "x" }

[[inject]]
at = "1m"
title = "A call at a site that is not there"
call = [{ site = "primry", service = "sqs", operation = "CreateQueue", input = { QueueName = "late" } }]
"#;
        let told = parse("x.toml", &broken).unwrap_err().to_string();
        for part in [
            "x.toml:17:9: the last of these calls would come after the start",
            "x.toml:21:11: no service signs as `dynamo` here (did you mean `dynamodb`?)",
            "x.toml:27:13: `CreateQeue` of sqs is not modelled (did you mean `CreateQueue`?)",
            "x.toml:33:9: CreateQueue would be refused: ",
            "there is no site `primry` in this scenario (did you mean `primary`?)",
        ] {
            assert!(told.contains(part), "{part:?} in\n{told}");
        }
        assert_eq!(told.lines().count(), 5, "{told}");

        let twice = BEGINNING.to_owned()
            + "[[site.call]]\nago = \"1h\"\nservice = \"sqs\"\noperation = \"DeleteQueue\"\n\
               input = { QueueUrl = \"http://127.0.0.1/111122223333/none\" }\n";
        let told = parse("x.toml", &twice).unwrap_err().to_string();
        assert!(told.contains("x.toml:18:1: this call would be refused: sqs DeleteQueue: "), "{told}");
    }
}
