//! An SSM Automation document as a plan: its parameters as variables, its steps one after the other.
//!
//! Source: Systems Manager user guide, "Automation runbooks: schema features" (schema 0.3). What a step does at AWS by itself becomes a
//! manual step that says so, for a person to settle.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Ids, id, quoted};

/// A plan from a document's JSON (`aws ssm get-document --document-format JSON`).
///
/// # Errors
/// A sentence that says why it is no such document.
pub fn from_automation(name: &str, json: &str) -> Result<String, String> {
    let document: Value = serde_json::from_str(json).map_err(|error| format!("{name} is not JSON: {error}"))?;
    // The answer of GetDocument holds the document as a text.
    let inner = document["Content"].as_str().and_then(|text| serde_json::from_str(text).ok());
    let document: Value = inner.unwrap_or(document);
    let steps =
        document["mainSteps"].as_array().ok_or_else(|| format!("{name} has no mainSteps: it is no Automation document"))?;
    let mut names = BTreeMap::new();
    let mut out = format!(
        "# Written by `lifeboat plan import automation` from {name}. Everything marked `settle:` is a guess for a person to settle.\n\n\
         format = 1\nname = {}\ntitle = {}\n\n",
        quoted(&id(name)),
        quoted(document["description"].as_str().unwrap_or(name).lines().next().unwrap_or(name)),
    );
    out.push_str(super::region_switch::SETTING);
    let mut ids = Ids::default();
    for (parameter, of) in document["parameters"].as_object().into_iter().flatten() {
        let variable = ids.take(parameter);
        let prompt = of["description"].as_str().filter(|text| !text.trim().is_empty()).unwrap_or(parameter);
        out.push_str(&format!("\n[variables.{variable}]\ntype = \"string\"\nprompt = {}\n", quoted(prompt)));
        if let Some(default) = of["default"].as_str().filter(|text| !text.trim().is_empty()) {
            out.push_str(&format!("default = {}\n", quoted(default)));
        }
        names.insert(parameter.clone(), variable);
    }
    if steps.is_empty() {
        return Err(format!("{name} has no steps"));
    }
    let (mut ids, mut before) = (Ids::default(), None::<String>);
    for step in steps {
        let title = step["name"].as_str().unwrap_or("step");
        let step_id = ids.take(title);
        out.push('\n');
        if step.get("onFailure").is_some() || step["action"] == "aws:branch" {
            out.push_str("# settle: the document branches here; say with `when` and `needs` which steps follow what\n");
        }
        out.push_str(&format!("[[step]]\nid = {}\ntitle = {}\n", quoted(&step_id), quoted(title)));
        if let Some(about) = step["description"].as_str() {
            out.push_str(&format!("about = {}\n", quoted(about)));
        }
        out.push_str("phase = \"restore\"\n# settle: which part of the restore\npart = \"integration\"\n");
        if let Some(before) = before {
            out.push_str(&format!("needs = [{}]\n", quoted(&before)));
        }
        if let Some(secs) = step["timeoutSeconds"].as_u64().or_else(|| step["timeoutSeconds"].as_str()?.parse().ok()) {
            out.push_str(&format!("limit = \"{}s\"\n", secs.max(1)));
        }
        out.push_str(&action(step, &names));
        before = Some(step_id);
    }
    Ok(out)
}

fn action(step: &Value, names: &BTreeMap<String, String>) -> String {
    let inputs = &step["inputs"];
    let text = |value: &Value| with_variables(&value.as_str().map_or_else(|| value.to_string(), str::to_owned), names);
    match step["action"].as_str().unwrap_or_default() {
        "aws:executeAutomation" => {
            let mut out =
                format!("action = \"ssm.automation\"\n\n[step.with]\ndocument = {}\n", quoted(&text(&inputs["DocumentName"])));
            let parameters = inputs["RuntimeParameters"].as_object().filter(|parameters| !parameters.is_empty());
            if let Some(parameters) = parameters {
                out.push_str("\n[step.with.parameters]\n");
                for (key, value) in parameters {
                    let values: Vec<String> = match value {
                        Value::Array(items) => items.iter().map(|item| quoted(&text(item))).collect(),
                        one => vec![quoted(&text(one))],
                    };
                    out.push_str(&format!("{} = [{}]\n", quoted(key), values.join(", ")));
                }
            }
            out
        }
        "aws:approve" => {
            let what = text(&inputs["Message"]);
            format!(
                "confirm = \"second-person\"\naction = \"manual\"\nwith.instructions = {}\n",
                quoted(&format!("Approve: {what}"))
            )
        }
        "aws:pause" => {
            "action = \"manual\"\nwith.instructions = \"The document pauses here: go on when all is well.\"\n".to_owned()
        }
        other => {
            let what = format!("{other} with {}", text(inputs));
            format!(
                "# settle: {other} has no step of its own here: keep it in a runbook, or do it by hand\naction = \"manual\"\n\
                 with.instructions = {}\n",
                quoted(&what)
            )
        }
    }
}

/// `{{ Name }}` of a parameter as `${vars.name}`; anything else between braces stays as it is.
fn with_variables(text: &str, names: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    // What would be a reference of ours is no such thing in the document.
    let text = text.replace("${", "$ {");
    let mut rest = text.as_str();
    while let Some(start) = rest.find("{{") {
        let Some(end) = rest[start..].find("}}") else { break };
        let name = rest[start + 2..start + end].trim();
        out.push_str(&rest[..start]);
        match names.get(name) {
            Some(variable) => out.push_str(&format!("${{vars.{variable}}}")),
            None => out.push_str(&rest[start..start + end + 2]),
        }
        rest = &rest[start + end + 2..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Action, Plan};

    const DOCUMENT: &str = r#"{
        "schemaVersion": "0.3", "description": "Fail the shop over",
        "parameters": {"DatabaseId": {"type": "String", "description": "Which database?"}, "Zone": {"type": "String", "default": "eu-central-1a"}},
        "mainSteps": [
            {"name": "Ask", "action": "aws:approve", "inputs": {"Message": "Go?", "Approvers": ["arn:aws:iam::111122223333:role/x"]}},
            {"name": "Warm", "action": "aws:executeAutomation", "timeoutSeconds": 600,
             "inputs": {"DocumentName": "shop-warm", "RuntimeParameters": {"Database": "{{ DatabaseId }}", "Zones": ["{{Zone}}", "{{ other.Out }}"]}}},
            {"name": "Promote", "action": "aws:executeAwsApi", "onFailure": "Abort", "inputs": {"Service": "rds", "Api": "PromoteReadReplica", "DBInstanceIdentifier": "${x}"}}
        ]}"#;

    #[test]
    fn a_document_becomes_a_sound_plan_with_its_parameters_as_variables() {
        let text = from_automation("shop-failover", DOCUMENT).unwrap();
        let plan = Plan::parse("imported.toml", &text).unwrap_or_else(|faults| panic!("{faults}\n{text}"));
        assert_eq!(plan.steps.len(), 3);
        assert_eq!(plan.variables.keys().collect::<Vec<_>>(), ["databaseid", "zone"]);
        let Action::SsmAutomation { document, parameters, .. } = &plan.steps[1].action else { panic!("{text}") };
        assert_eq!(document.to_string(), "shop-warm");
        assert_eq!(parameters["Database"][0].to_string(), "${vars.databaseid}");
        assert_eq!(plan.steps[2].needs, [plan.steps[1].id.clone()]);
        assert!(text.matches("# settle:").count() >= 4, "{text}");
        let answer = serde_json::json!({ "Name": "shop-failover", "Content": DOCUMENT }).to_string();
        assert_eq!(from_automation("shop-failover", &answer).unwrap(), text);
    }

    #[test]
    fn what_is_no_such_document_is_said_to_be_none() {
        assert!(from_automation("x", "schemaVersion: '0.3'").unwrap_err().contains("not JSON"));
        assert!(from_automation("x", "{}").unwrap_err().contains("no mainSteps"));
    }
}
