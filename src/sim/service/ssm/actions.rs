//! What the steps of a runbook do, from the runbook's own content.
//!
//! Source: Systems Manager Automation, "Automation actions reference".

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::execution::Execution;
use crate::sim::call::Caller;
use crate::sim::members;
use crate::sim::service::api;
use crate::sim::world::World;

/// How long between two looks of a step that waits for a property.
pub const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(5);

/// What a step came to.
pub enum Done {
    /// Its outputs: a name to a list of texts.
    Passed(Map<String, Value>),
    /// It went to the step of that name.
    Goes(String),
    /// It is to look again.
    Again,
    /// Why it failed.
    Failed(String),
}

/// How long a step takes, from its content.
pub fn takes(content: &Value, usual: TimeDelta) -> TimeDelta {
    let inputs = content.get("inputs").unwrap_or(&Value::Null);
    match (members::text(content, "action"), members::text(inputs, "Duration")) {
        (Some("aws:sleep"), Some(duration)) => read_duration(duration).unwrap_or(usual),
        (Some("aws:branch"), _) => TimeDelta::zero(),
        _ => usual,
    }
}

/// A duration such as `PT10M`.
fn read_duration(text: &str) -> Option<TimeDelta> {
    let (days, rest) = text.strip_prefix('P')?.split_once('T').unwrap_or((text.strip_prefix('P')?, ""));
    let mut seconds = days.strip_suffix('D').and_then(|days| days.parse::<i64>().ok()).unwrap_or(0) * 86_400;
    let mut number = String::new();
    for letter in rest.chars() {
        let value: i64 = number.parse().unwrap_or(0);
        match letter {
            'H' => seconds += value * 3600,
            'M' => seconds += value * 60,
            'S' => seconds += value,
            digit => {
                number.push(digit);
                continue;
            }
        }
        number.clear();
    }
    (0..=604_800).contains(&seconds).then(|| TimeDelta::seconds(seconds))
}

/// `{{ Parameter }}` and `{{ step.Output }}` in any text, filled in.
pub fn fill(execution: &Execution, value: &Value) -> Value {
    match value {
        Value::String(text) => fill_text(execution, text),
        Value::Array(items) => {
            let filled = items.iter().map(|item| fill(execution, item));
            // A list parameter in a list is its elements.
            let flat = filled.zip(items).flat_map(|(filled, item)| match (filled, item) {
                (Value::Array(inner), Value::String(_)) => inner,
                (filled, _) => vec![filled],
            });
            flat.collect()
        }
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), fill(execution, value))).collect(),
        other => other.clone(),
    }
}

fn fill_text(execution: &Execution, text: &str) -> Value {
    let whole = text.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).filter(|name| !name.contains("{{"));
    if let Some(value) = whole.and_then(|name| lookup(execution, name.trim())) {
        return value;
    }
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, (name, after))) =
        rest.split_once("{{").and_then(|(before, rest)| Some((before, rest.split_once("}}")?)))
    {
        filled.push_str(before);
        match lookup(execution, name.trim()) {
            Some(value) => filled.push_str(&crate::sim::estate::plain(&value)),
            None => filled.extend(["{{", name, "}}"]),
        }
        rest = after;
    }
    (filled + rest).into()
}

fn lookup(execution: &Execution, name: &str) -> Option<Value> {
    match name {
        "automation:EXECUTION_ID" => return Some(execution.id.as_str().into()),
        "global:DATE_TIME" => return Some(execution.started.format("%Y-%m-%d_%H.%M.%S").to_string().into()),
        _ => {}
    }
    if let Some((step, output)) = name.split_once('.') {
        let at = execution.document.steps.iter().position(|spec| spec.name == step)?;
        let found = execution.steps.get(at)?.outputs.get(output)?;
        return Some(single(found));
    }
    let content = &execution.document.content;
    let declared = content.get("parameters").and_then(|parameters| parameters.get(name));
    let is_list = declared.and_then(|declared| members::text(declared, "type")).is_some_and(|kind| kind.ends_with("List"));
    match execution.parameters.get(name) {
        Some(given) if is_list => Some(given.clone()),
        Some(given) => Some(single(given)),
        None => declared.and_then(|declared| declared.get("default")).cloned(),
    }
}

fn single(value: &Value) -> Value {
    match value.as_array().map(Vec::as_slice) {
        Some([only]) => only.clone(),
        _ => value.clone(),
    }
}

/// Carries out a step.
pub fn carry_out(world: &mut World, caller: &Caller, execution: &Execution, content: &Value) -> Done {
    let inputs = fill(execution, content.get("inputs").unwrap_or(&Value::Null));
    match members::required(content, "action") {
        "aws:executeAwsApi" => match ask(world, caller, &inputs) {
            Ok(answer) => Done::Passed(outputs(content, &answer)),
            Err(why) => Done::Failed(why),
        },
        action @ ("aws:assertAwsResourceProperty" | "aws:waitForAwsResourceProperty") => {
            let waits = action == "aws:waitForAwsResourceProperty";
            let found = ask(world, caller, &inputs);
            let value = found.as_ref().ok().and_then(|answer| select(answer, members::required(&inputs, "PropertySelector")));
            let text = value.as_ref().map(crate::sim::estate::plain);
            let desired = members::list(&inputs, "DesiredValues").iter().map(crate::sim::estate::plain);
            match (desired.into_iter().any(|desired| Some(&desired) == text.as_ref()), found) {
                (true, Ok(answer)) => Done::Passed(outputs(content, &answer)),
                _ if waits => Done::Again,
                (_, Err(why)) => Done::Failed(why),
                (..) => {
                    let told = text.unwrap_or_else(|| "nothing".to_owned());
                    Done::Failed(format!("Property value {told} from the API output is not in the desired values."))
                }
            }
        }
        "aws:branch" => branch(&inputs),
        "aws:invokeLambdaFunction" => invoke(world, caller, &inputs),
        "aws:executeStateMachine" => {
            let asked = json!({
                "StateMachineArn": members::required(&inputs, "stateMachineArn"), "Input": inputs.get("input").cloned().unwrap_or_else(|| "{}".into()),
            });
            told(api::call(world, caller.clone(), "states", "StartExecution", &asked), &["ExecutionArn"])
        }
        "aws:executeAutomation" => {
            let listed = inputs.get("RuntimeParameters").and_then(Value::as_object).into_iter().flatten().map(|(name, value)| {
                (name.clone(), if value.is_array() { value.clone() } else { json!([crate::sim::estate::plain(value)]) })
            });
            let asked =
                json!({"DocumentName": members::required(&inputs, "DocumentName"), "Parameters": listed.collect::<Map<_, _>>()});
            told(api::call(world, caller.clone(), "ssm", "StartAutomationExecution", &asked), &["AutomationExecutionId"])
        }
        "aws:runCommand" => {
            let answer = api::call(world, caller.clone(), "ssm", "SendCommand", &inputs);
            told(answer.map(|answer| answer["Command"].clone()), &["CommandId"])
        }
        "aws:changeInstanceState" => {
            let operation = match members::text(&inputs, "DesiredState") {
                Some("running") => "StartInstances",
                Some("stopped") => "StopInstances",
                _ => "TerminateInstances",
            };
            let asked = json!({"InstanceIds": inputs.get("InstanceIds").cloned().unwrap_or_default()});
            told(api::call(world, caller.clone(), "ec2", operation, &asked), &[])
        }
        _ => Done::Passed(Map::new()),
    }
}

fn told(answer: Result<Value, (String, String)>, keys: &[&str]) -> Done {
    match answer {
        Ok(answer) => {
            Done::Passed(keys.iter().filter_map(|key| Some(((*key).to_owned(), json!([answer.get(*key)?.clone()])))).collect())
        }
        Err((error, cause)) => Done::Failed(format!("{error}: {cause}")),
    }
}

fn ask(world: &mut World, caller: &Caller, inputs: &Value) -> Result<Value, String> {
    let mut asked = inputs.as_object().cloned().unwrap_or_default();
    let mut take = |name: &str| asked.remove(name).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
    let (service, api) = (take("Service").to_ascii_lowercase(), api::capital(&take("Api")));
    for name in ["PropertySelector", "DesiredValues"] {
        asked.remove(name);
    }
    api::call(world, caller.clone(), api::signing(&service), &api, &Value::Object(asked)).map_err(|(error, cause)| {
        let code = error.strip_suffix("Exception").filter(|code| code.contains('.')).unwrap_or(&error);
        format!("An error occurred ({code}) when calling the {api} operation: {cause}")
    })
}

/// What a selector such as `$.Stacks[0].StackStatus` finds.
fn select(answer: &Value, selector: &str) -> Option<Value> {
    let scope = crate::sim::service::states::Scope { input: answer, context: &Value::Null };
    crate::sim::service::states::at(scope, selector).ok()
}

fn outputs(content: &Value, answer: &Value) -> Map<String, Value> {
    let one = |output: &Value| {
        let found = select(answer, members::required(output, "Selector"))?;
        let texts = match found {
            Value::Array(items) => items.iter().map(crate::sim::estate::plain).map(Value::from).collect(),
            value => json!([crate::sim::estate::plain(&value)]),
        };
        Some((members::required(output, "Name").to_owned(), texts))
    };
    members::list(content, "outputs").iter().filter_map(one).collect()
}

fn branch(inputs: &Value) -> Done {
    let holds = |choice: &Value| {
        let variable = choice.get("Variable").map(crate::sim::estate::plain).unwrap_or_default();
        choice.as_object().into_iter().flatten().any(|(name, expected)| {
            let expected = crate::sim::estate::plain(expected);
            let numbers = || Some((variable.parse::<f64>().ok()?, expected.parse::<f64>().ok()?));
            match name.as_str() {
                "StringEquals" => variable == expected,
                "EqualsIgnoreCase" => variable.eq_ignore_ascii_case(&expected),
                "StartsWith" => variable.starts_with(&expected),
                "EndsWith" => variable.ends_with(&expected),
                "Contains" => variable.contains(&expected),
                "BooleanEquals" => variable.eq_ignore_ascii_case(&expected),
                "NumericEquals" => numbers().is_some_and(|(a, b)| a == b),
                "NumericGreater" => numbers().is_some_and(|(a, b)| a > b),
                "NumericLesser" => numbers().is_some_and(|(a, b)| a < b),
                "NumericGreaterOrEquals" => numbers().is_some_and(|(a, b)| a >= b),
                "NumericLesserOrEquals" => numbers().is_some_and(|(a, b)| a <= b),
                _ => false,
            }
        })
    };
    let chosen = members::list(inputs, "Choices").iter().find(|choice| holds(choice));
    match chosen.and_then(|choice| members::text(choice, "NextStep")).or_else(|| members::text(inputs, "Default")) {
        Some(next) => Done::Goes(next.to_owned()),
        None => Done::Failed("None of the choices holds and there is no default step".to_owned()),
    }
}

fn invoke(world: &mut World, caller: &Caller, inputs: &Value) -> Done {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let payload = match inputs.get("InputPayload").or_else(|| inputs.get("Payload")) {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    let asked = json!({"FunctionName": members::required(inputs, "FunctionName"), "Payload": STANDARD.encode(payload)});
    match api::call(world, caller.clone(), "lambda", "Invoke", &asked) {
        Err((error, cause)) => Done::Failed(format!("{error}: {cause}")),
        Ok(answer) => {
            let bytes = members::text(&answer, "Payload").and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if members::text(&answer, "FunctionError").is_some() {
                return Done::Failed(format!("The function failed: {text}"));
            }
            Done::Passed(Map::from_iter([("Payload".to_owned(), json!([text])), ("StatusCode".to_owned(), json!(["200"]))]))
        }
    }
}
