//! Definitions of state machines: what is wrong with one, in AWS's words.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::choice::COMPARISONS;
use super::path::is_path;
use crate::sim::members;

/// The first things that are wrong with a definition; none: it can run.
pub fn faults(text: &str) -> Vec<String> {
    let definition: Value = match serde_json::from_str(text) {
        Ok(definition @ Value::Object(_)) => definition,
        Ok(_) => return vec!["INVALID_JSON_DESCRIPTION: The definition is not a JSON object".to_owned()],
        Err(error) => return vec![format!("INVALID_JSON_DESCRIPTION: {error}")],
    };
    let mut faults = Vec::new();
    machine(&definition, "", &mut faults);
    faults
}

fn machine(definition: &Value, path: &str, faults: &mut Vec<String>) {
    if members::text(definition, "QueryLanguage") == Some("JSONata") {
        faults.push(format!("SCHEMA_VALIDATION_FAILED: JSONata is not modelled by the simulated AWS at {path}/QueryLanguage"));
        return;
    }
    let Some(states) = definition.get("States").and_then(Value::as_object).filter(|states| !states.is_empty()) else {
        faults.push(format!("SCHEMA_VALIDATION_FAILED: The field 'States' is required but was missing at {path}/States"));
        return;
    };
    match members::text(definition, "StartAt") {
        None => {
            faults.push(format!("SCHEMA_VALIDATION_FAILED: The field 'StartAt' is required but was missing at {path}/StartAt"))
        }
        Some(start) if !states.contains_key(start) => {
            faults.push(format!("MISSING_TRANSITION_TARGET: Missing 'StartAt' target: {start} at {path}/StartAt"));
        }
        Some(_) => {}
    }
    let mut reached: BTreeSet<&str> = members::text(definition, "StartAt").into_iter().collect();
    for (name, state) in states {
        self::state(states, state, &format!("{path}/States/{name}"), &mut reached, faults);
    }
    for name in states.keys().filter(|name| !reached.contains(name.as_str())) {
        faults.push(format!("MISSING_TRANSITION_TARGET: State \"{name}\" is not reachable. at {path}/States/{name}"));
    }
}

fn state<'a>(
    states: &Map<String, Value>,
    state: &'a Value,
    path: &str,
    reached: &mut BTreeSet<&'a str>,
    faults: &mut Vec<String>,
) {
    let mut missing = |field: &str| {
        faults.push(format!("SCHEMA_VALIDATION_FAILED: The field '{field}' is required but was missing at {path}/{field}"));
    };
    let kind = members::required(state, "Type");
    let needed: &[&str] = match kind {
        "Task" => &["Resource"],
        "Choice" => &["Choices"],
        "Parallel" => &["Branches"],
        "Pass" | "Succeed" | "Fail" | "Wait" | "Map" => &[],
        _ => {
            let told = if kind.is_empty() { "null" } else { kind };
            let known = "[Task, Wait, Map, Parallel, Pass, Choice, Fail, Succeed]";
            faults.push(format!("SCHEMA_VALIDATION_FAILED: Value '{told}' is not one of {known} at {path}/Type"));
            return;
        }
    };
    needed.iter().filter(|field| state.get(**field).is_none()).for_each(|field| missing(field));
    if kind == "Wait" && !["Seconds", "SecondsPath", "Timestamp", "TimestampPath"].iter().any(|field| state.get(*field).is_some())
    {
        missing("Seconds");
    }
    if kind == "Map" && state.get("ItemProcessor").or_else(|| state.get("Iterator")).is_none() {
        missing("ItemProcessor");
    }
    let ends = members::flag(state, "End") == Some(true);
    match (kind, members::text(state, "Next")) {
        ("Choice" | "Succeed" | "Fail", _) => {}
        (_, None) if !ends => {
            faults.push(format!("SCHEMA_VALIDATION_FAILED: Exactly one of \"Next\" and \"End\" is required at {path}"));
        }
        (_, Some(_)) if ends => {
            faults.push(format!("SCHEMA_VALIDATION_FAILED: Only one of \"Next\" and \"End\" may be given at {path}"));
        }
        _ => {}
    }
    let choices = members::list(state, "Choices");
    let targets = [(members::text(state, "Next"), "Next"), (members::text(state, "Default"), "Default")]
        .into_iter()
        .chain(choices.iter().map(|rule| (members::text(rule, "Next"), "Next")))
        .chain(members::list(state, "Catch").iter().map(|catcher| (members::text(catcher, "Next"), "Next")));
    for (target, field) in targets.filter_map(|(target, field)| Some((target?, field))) {
        reached.insert(target);
        if !states.contains_key(target) {
            faults.push(format!("MISSING_TRANSITION_TARGET: Missing '{field}' target: {target} at {path}/{field}"));
        }
    }
    for (number, rule) in choices.iter().enumerate() {
        rule_faults(rule, &format!("{path}/Choices[{number}]"), true, faults);
    }
    for field in ["InputPath", "OutputPath", "ResultPath", "ItemsPath", "SecondsPath", "TimestampPath"] {
        if let Some(text) = members::text(state, field).filter(|text| !is_path(text) && !text.starts_with("States.")) {
            faults.push(format!("SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: {text} at {path}/{field}"));
        }
    }
    for (number, branch) in members::list(state, "Branches").iter().enumerate() {
        machine(branch, &format!("{path}/Branches[{number}]"), faults);
    }
    for field in ["ItemProcessor", "Iterator"] {
        if let Some(inner) = state.get(field) {
            machine(inner, &format!("{path}/{field}"), faults);
        }
    }
}

fn rule_faults(rule: &Value, path: &str, top: bool, faults: &mut Vec<String>) {
    if top && members::text(rule, "Next").is_none() {
        faults.push(format!("SCHEMA_VALIDATION_FAILED: The field 'Next' is required but was missing at {path}/Next"));
    }
    if let Some(inner) = rule.get("Not") {
        return rule_faults(inner, &format!("{path}/Not"), false, faults);
    }
    let parts = members::list(rule, "And").iter().chain(members::list(rule, "Or"));
    let mut any = false;
    for inner in parts {
        any = true;
        rule_faults(inner, path, false, faults);
    }
    let known = |name: &String| COMPARISONS.contains(&name.strip_suffix("Path").unwrap_or(name));
    if !any && !rule.as_object().is_some_and(|rule| rule.contains_key("Variable") && rule.keys().any(known)) {
        faults.push(format!("SCHEMA_VALIDATION_FAILED: A Choice Rule needs a Variable and a comparison at {path}"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_is_found_with_its_place() {
        let good = json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Succeed"}}});
        assert!(faults(&good.to_string()).is_empty());
        for (definition, said) in [
            ("{", "INVALID_JSON_DESCRIPTION"),
            (r#"{"StartAt": "X", "States": {"A": {"Type": "Succeed"}}}"#, "Missing 'StartAt' target: X"),
            (r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "X"}}}"#, "Missing 'Next' target: X at /States/A/Next"),
            (r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true}}}"#, "The field 'Resource' is required"),
            (r#"{"StartAt": "A", "States": {"A": {"Type": "Nope"}}}"#, "Value 'Nope' is not one of"),
            (r#"{"StartAt": "A", "States": {"A": {"Type": "Pass"}}}"#, "Exactly one of \"Next\" and \"End\""),
        ] {
            assert!(faults(definition).iter().any(|fault| fault.contains(said)), "{definition}: {:?}", faults(definition));
        }
    }
}
