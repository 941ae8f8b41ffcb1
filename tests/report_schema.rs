//! The published schema of the JSON report holds for every report, and says no more than a report has.
#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

mod support;

use lifeboat::journal::{Damage, FORMAT, Reading};
use lifeboat::report::{Format, SCHEMA, SCHEMA_TEXT, redacted, render_reading};
use serde_json::Value;
use support::exercise;

/// As much of JSON Schema as the schema uses; what it does not know makes the test fail.
fn faults(schema: &Value, root: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    for (key, rule) in schema.as_object().unwrap() {
        match key.as_str() {
            "description" | "title" | "$schema" | "$id" | "$defs" | "required" | "format" => {}
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                faults(&root["$defs"][name], root, value, at, found);
            }
            "anyOf" => {
                let fits = |one: &Value| {
                    let mut within = Vec::new();
                    faults(one, root, value, at, &mut within);
                    within.is_empty()
                };
                if !rule.as_array().unwrap().iter().any(fits) {
                    found.push(format!("{at} fits none of {rule}: {value}"));
                }
            }
            "type" => {
                let is = match rule.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "boolean" => value.is_boolean(),
                    "null" => value.is_null(),
                    _ => false,
                };
                if !is {
                    found.push(format!("{at} is no {rule}: {value}"));
                }
            }
            "enum" if !rule.as_array().unwrap().contains(value) => found.push(format!("{at} is none of {rule}: {value}")),
            "const" if rule != value => found.push(format!("{at} is not {rule}: {value}")),
            "minimum" if value.as_i64().is_some_and(|value| Some(value) < rule.as_i64()) => {
                found.push(format!("{at} is below {rule}: {value}"))
            }
            "minItems" if value.as_array().is_some_and(|items| (items.len() as u64) < rule.as_u64().unwrap()) => {
                found.push(format!("{at}: {value}"))
            }
            "maxItems" if value.as_array().is_some_and(|items| (items.len() as u64) > rule.as_u64().unwrap()) => {
                found.push(format!("{at}: {value}"))
            }
            "enum" | "const" | "minimum" | "minItems" | "maxItems" => {}
            "prefixItems" => {
                for (index, (one, item)) in
                    rule.as_array().unwrap().iter().zip(value.as_array().into_iter().flatten()).enumerate()
                {
                    faults(one, root, item, &format!("{at}[{index}]"), found);
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    faults(rule, root, item, &format!("{at}[{index}]"), found);
                }
            }
            "properties" => {
                for (name, one) in rule.as_object().unwrap() {
                    match value.get(name) {
                        Some(member) => faults(one, root, member, &format!("{at}.{name}"), found),
                        None => found.push(format!("{at} has no {name}")),
                    }
                }
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                for (name, member) in value.as_object().into_iter().flatten() {
                    match rule {
                        Value::Bool(false) if known.is_some_and(|known| !known.contains_key(name)) => {
                            found.push(format!("{at} has {name}, of which the schema says nothing"));
                        }
                        Value::Object(_) => faults(rule, root, member, &format!("{at}.{name}"), found),
                        _ => {}
                    }
                }
            }
            other => found.push(format!("{other} is a rule that is not looked at")),
        }
    }
}

#[test]
fn the_schema_holds_for_an_incident_at_every_event_and_when_redacted_or_damaged() {
    let schema: Value = serde_json::from_str(SCHEMA_TEXT).unwrap();
    assert_eq!(schema["properties"]["schema"]["const"], SCHEMA);
    let events = exercise();
    for count in 0..=events.len() {
        let damage = (count % 2 == 1).then(|| Damage { after: count as u64, what: "cut off".into() });
        let mut reading = Reading { events: events[..count].to_vec(), damage, format: FORMAT };
        if count % 3 == 2 {
            reading = redacted(&reading);
        }
        let report: Value = serde_json::from_str(&render_reading(&reading, Format::Json).unwrap()).unwrap();
        let mut found = Vec::new();
        faults(&schema, &schema, &report, "report", &mut found);
        assert!(found.is_empty(), "after {count} events: {found:#?}");
    }
}

#[test]
fn the_schema_holds_for_every_journal_that_is_checked_in() {
    let schema: Value = serde_json::from_str(SCHEMA_TEXT).unwrap();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for folder in ["exercises", "journals"] {
        let files = std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        for path in files.filter(|path| path.extension().is_some_and(|is| is == "lifeboat")) {
            let reading = lifeboat::journal::read(&path).unwrap();
            for reading in [redacted(&reading), reading] {
                let report: Value = serde_json::from_str(&render_reading(&reading, Format::Json).unwrap()).unwrap();
                let mut found = Vec::new();
                faults(&schema, &schema, &report, "report", &mut found);
                assert!(found.is_empty(), "{}: {found:#?}", path.display());
            }
        }
    }
}
