//! Tasks: what a state machine has other services do.
//!
//! Source: Step Functions developer guide, "Integrating services". Whatever the simulated AWS models can be called.

use serde_json::{Map, Value, json};

use super::execution::Waiting;
use super::path::{Fault, Scope, fill};
use super::run::{self, At};
use crate::sim::call::Caller;
use crate::sim::estate::SiteKey;
use crate::sim::members::{self, Members};
use crate::sim::service::api::{call, capital, signing};
use crate::sim::world::World;

/// What a task has begun.
pub enum Began {
    /// It has its result.
    Result(Result<Value, (String, String)>),
    /// Another execution that is waited for; is its output to be JSON?
    Execution(String, bool),
    /// Somebody is to send the token back.
    Token,
}

/// A resource, taken apart.
struct Target<'a> {
    service: &'a str,
    action: &'a str,
    /// After the action: `sync`, `sync:2`, `waitForTaskToken`.
    pattern: &'a str,
    sdk: bool,
}

fn target(resource: &str) -> Option<Target<'_>> {
    let rest = resource.strip_prefix("arn:aws:states:::")?;
    let (rest, sdk) = rest.strip_prefix("aws-sdk:").map_or((rest, false), |rest| (rest, true));
    let (service, action) = rest.split_once(':')?;
    let (action, pattern) = action.split_once('.').unwrap_or((action, ""));
    Some(Target { service, action, pattern, sdk })
}

/// Begins a task.
///
/// # Errors
/// Its parameters cannot be made.
pub fn begin(world: &mut World, at: &At, state: &Value, input: &Value) -> Result<Began, Fault> {
    let resource = members::required(state, "Resource").to_owned();
    let Some(target) = target(&resource) else {
        let context = run::context(world, at, None);
        let payload = match state.get("Parameters") {
            Some(template) => fill(Scope { input, context: &context }, template)?,
            None => input.clone(),
        };
        let scheduled = Members::new().set("resource", resource.as_str()).set("input", payload.to_string()).done();
        note(world, at, "LambdaFunctionScheduled", Some(("lambdaFunctionScheduledEventDetails", scheduled)));
        note(world, at, "LambdaFunctionStarted", None);
        return Ok(Began::Result(function(world, at, &resource, &payload)));
    };
    let token = (target.pattern == "waitForTaskToken").then(|| world.ids.hex(64));
    let context = run::context(world, at, token.as_deref());
    let parameters = match state.get("Parameters") {
        Some(template) => fill(Scope { input, context: &context }, template)?,
        None => json!({}),
    };
    let kind = if target.sdk { format!("aws-sdk:{}", target.service) } else { target.service.to_owned() };
    let action =
        if target.pattern.is_empty() { target.action.to_owned() } else { format!("{}.{}", target.action, target.pattern) };
    let scheduled = json!({
        "resourceType": kind, "resource": action, "region": at.site.1, "parameters": parameters.to_string(),
    });
    note(world, at, "TaskScheduled", Some(("taskScheduledEventDetails", scheduled)));
    note(world, at, "TaskStarted", Some(("taskStartedEventDetails", json!({"resourceType": kind, "resource": action}))));
    let result = invoke(world, at, &target, &parameters);
    if let Some(token) = token {
        return Ok(match result {
            Err(failure) => Began::Result(Err(failure)),
            Ok(output) => {
                submitted(world, at, &kind, &action, &output);
                await_token(world, at, state, token);
                Began::Token
            }
        });
    }
    Ok(match result {
        Ok(output) if target.pattern.starts_with("sync") => {
            submitted(world, at, &kind, &action, &output);
            match members::text(&output, "ExecutionArn") {
                Some(arn) => Began::Execution(arn.to_owned(), target.pattern == "sync:2"),
                None => Began::Result(Ok(output)),
            }
        }
        result => Began::Result(result),
    })
}

fn submitted(world: &mut World, at: &At, kind: &str, action: &str, output: &Value) {
    let details =
        json!({"resourceType": kind, "resource": action, "output": output.to_string(), "outputDetails": {"truncated": false}});
    note(world, at, "TaskSubmitted", Some(("taskSubmittedEventDetails", details)));
}

fn await_token(world: &mut World, at: &At, state: &Value, token: String) {
    let now = world.now();
    let seconds = ["HeartbeatSeconds", "TimeoutSeconds"].iter().filter_map(|member| members::integer(state, member)).min();
    let until = seconds.map(|seconds| now + chrono::TimeDelta::seconds(seconds.clamp(0, 99_999_999)));
    if let Some(site) = world.estate.sites.get_mut(&at.site) {
        site.states.tokens.insert(token.clone(), (at.execution.clone(), at.branch));
    }
    run::wait(world, at, Waiting::Token(token), until);
}

fn note(world: &mut World, at: &At, kind: &str, details: Option<(&str, Value)>) {
    let now = world.now();
    if let Some(execution) = run::execution(world, at) {
        execution.note_of(at.branch, now, kind, details);
    }
}

fn caller(world: &mut World, at: &At) -> Caller {
    let role = run::execution(world, at).map(|execution| execution.role.clone()).unwrap_or_default();
    let name = role.rsplit('/').next().unwrap_or("role").to_owned();
    let (account, region) = at.site.clone();
    Caller {
        arn: format!("arn:aws:sts::{account}:assumed-role/{name}/states"),
        user_id: "AROASIMULATED0STATES:states".to_owned(),
        account,
        region,
    }
}

/// What a function makes of a payload: its result, or its error and cause.
fn function(world: &mut World, at: &At, arn: &str, payload: &Value) -> Result<Value, (String, String)> {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let input = json!({"FunctionName": arn, "Payload": STANDARD.encode(payload.to_string())});
    let caller = caller(world, at);
    let told = call(world, caller, "lambda", "Invoke", &input).map_err(|(error, cause)| (format!("Lambda.{error}"), cause))?;
    let bytes = members::text(&told, "Payload").and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    if members::text(&told, "FunctionError").is_some() {
        return Err((members::text(&value, "errorType").unwrap_or("Lambda.Unknown").to_owned(), text));
    }
    Ok(value)
}

fn invoke(world: &mut World, at: &At, target: &Target<'_>, parameters: &Value) -> Result<Value, (String, String)> {
    if target.service == "lambda" && !target.sdk {
        let name = members::required(parameters, "FunctionName").to_owned();
        let payload = parameters.get("Payload").cloned().unwrap_or_else(|| json!({}));
        let value = function(world, at, &name, &payload)?;
        return Ok(json!({"ExecutedVersion": "$LATEST", "Payload": value, "StatusCode": 200}));
    }
    let (service, operation) = (signing(target.service), capital(target.action));
    let prefix = match (target.service, target.sdk) {
        ("sqs", false) => "SQS".to_owned(),
        ("sns", false) => "SNS".to_owned(),
        ("dynamodb", false) => "DynamoDB".to_owned(),
        ("states", false) => "StepFunctions".to_owned(),
        ("dynamodb", true) => "DynamoDb".to_owned(),
        (service, _) => capital(service),
    };
    let caller = caller(world, at);
    call(world, caller, service, &operation, parameters).map_err(|(error, cause)| (format!("{prefix}.{error}"), cause))
}

/// The event that tells how a task ended: its type, the member of its details, the details.
pub fn outcome_event(resource: &str, result: &Result<Value, (String, String)>) -> (&'static str, &'static str, Value) {
    let failed = |error: &str, cause: &str| Members::new().set("error", error).set("cause", cause);
    match (target(resource), result) {
        (None, Ok(value)) => {
            let details = json!({"output": value.to_string(), "outputDetails": {"truncated": false}});
            ("LambdaFunctionSucceeded", "lambdaFunctionSucceededEventDetails", details)
        }
        (None, Err((error, cause))) => ("LambdaFunctionFailed", "lambdaFunctionFailedEventDetails", failed(error, cause).done()),
        (Some(target), result) => {
            let kind = if target.sdk { format!("aws-sdk:{}", target.service) } else { target.service.to_owned() };
            let pattern = if target.pattern.is_empty() { String::new() } else { format!(".{}", target.pattern) };
            let action = format!("{}{pattern}", target.action);
            match result {
                Ok(value) => {
                    let details = json!({"resourceType": kind, "resource": action, "output": value.to_string(), "outputDetails": {"truncated": false}});
                    ("TaskSucceeded", "taskSucceededEventDetails", details)
                }
                Err((error, cause)) => {
                    let details = failed(error, cause).set("resourceType", kind).set("resource", action);
                    ("TaskFailed", "taskFailedEventDetails", details.done())
                }
            }
        }
    }
}

/// How an execution that is waited for ended; `None`: it runs.
pub fn child_result(world: &World, site: &SiteKey, arn: &str, as_json: bool) -> Option<Result<Value, (String, String)>> {
    let execution = world.estate.sites.get(site)?.states.executions.get(arn)?;
    if execution.runs() {
        return None;
    }
    let answer = execution.answer();
    let mut told: Map<String, Value> =
        answer.as_object().into_iter().flatten().map(|(name, value)| (capital(name), value.clone())).collect();
    if execution.status != "SUCCEEDED" {
        return Some(Err(("States.TaskFailed".to_owned(), Value::Object(told).to_string())));
    }
    if as_json && let Some(output) = execution.output.as_ref().and_then(|output| serde_json::from_str(output).ok()) {
        told.insert("Output".to_owned(), output);
    }
    Some(Ok(Value::Object(told)))
}
