//! `lambda.invoke`: a function called once. AWS takes no token and keeps no record that could be asked: what it did after a lost answer,
//! a person has to find out.

use serde_json::Value;

use crate::domain::{Change, Finding, FunctionInvocation, MutatingCall, Problem, ProblemKind};
use crate::plan::FunctionInvoke;

use super::super::prepare::{Asking, Draft};
use super::{End, Following, Found, Look};

/// How much of a result is kept as one output, in characters.
const OUTPUT: usize = 2_000;

pub(super) async fn prepare(asking: &Asking<'_>, invoke: &FunctionInvoke) -> Result<Draft, Problem> {
    let function_name = asking.text(&invoke.function)?;
    let payload = asking.json(&invoke.payload)?.to_string();
    let mut findings = asking.may_have_been_done();
    findings.push(match asking.site.lambda.function(&function_name, invoke.qualifier.as_deref()).await? {
        None => Finding::blocks(format!("there is no function {function_name} in {}", asking.place.region)),
        Some(function) if function.state == "Failed" => {
            let why = function.reason.unwrap_or_else(|| "Lambda gives no reason".into());
            Finding::blocks(format!("the function {function_name} is Failed: {why}"))
        }
        Some(function) => {
            let limit = function.timeout.map(|seconds| format!(", and may run for {seconds} s")).unwrap_or_default();
            Finding::good(format!("the function {function_name} is {}{limit}", function.state))
        }
    });
    findings.push(Finding::warns("what a function does is not known here, and it is called once: read its payload"));
    let kind = if invoke.waits { "RequestResponse" } else { "Event" };
    let changes = vec![Change { what: "payload".into(), before: None, after: Some(payload.clone()), why: None }];
    let how = if invoke.waits { "and wait for its result" } else { "without waiting for it" };
    let summary = format!("invoke {function_name} in {} {how}", asking.place.region);
    let call = MutatingCall::Invoke(FunctionInvocation {
        function_name,
        qualifier: invoke.qualifier.clone(),
        invocation_type: kind.to_owned(),
        payload,
    });
    Ok(Draft { summary, call: Some(call), changes, findings, ..Draft::default() })
}

/// The answer says it all, and the handle is the answer.
pub(super) fn look(following: &Following<'_>) -> Result<Look, Problem> {
    let operation = "Lambda Invoke";
    let unread =
        |error| Problem::new(ProblemKind::Invalid, operation, format!("the answer in the journal cannot be read: {error}"));
    let answer: Value = serde_json::from_str(following.handle).map_err(unread)?;
    let payload = answer["Payload"].as_str().unwrap_or_default();
    let result: Value = serde_json::from_str(payload).unwrap_or_default();
    if let Some(error) = answer["FunctionError"].as_str() {
        let text = |member: &str| result[member].as_str();
        let said = match (text("errorType"), text("errorMessage")) {
            (Some(kind), Some(message)) => format!("{kind}: {message}"),
            _ => cut(payload),
        };
        let mut problem =
            Problem::new(ProblemKind::Invalid, operation, format!("the function failed: {said}; payload: {}", cut(payload)));
        problem.region = Some(following.site.region.clone());
        problem.code = Some(error.to_owned());
        return Ok(Look::Failed(problem, None, None));
    }
    let mut end = outputs(End::default().with("payload", cut(payload)), &result);
    if let Some(bytes) = answer["CutFromBytes"].as_u64() {
        end.note = Some(format!("the result had {bytes} bytes, of which the beginning was kept"));
    } else if answer["StatusCode"] == 202 {
        end.note = Some("Lambda took the event; what becomes of it is not told here".to_owned());
    }
    Ok(Look::Done(Box::new(end)))
}

/// The members of a JSON object that are texts, numbers or booleans, as outputs.
pub(super) fn outputs(mut end: End, result: &Value) -> End {
    for (name, value) in result.as_object().into_iter().flatten() {
        match value {
            Value::String(text) => end = end.with(name, cut(text)),
            Value::Number(_) | Value::Bool(_) => end = end.with(name, value.to_string()),
            _ => {}
        }
    }
    end
}

pub(super) fn cut(text: &str) -> String {
    text.chars().take(OUTPUT).collect()
}

pub(super) fn reconcile(invocation: &FunctionInvocation) -> Found {
    Found::NoRecord(format!(
        "AWS keeps no record of invocations: look at the logs and effects of {}. If it did its work, skip the step and say so; if it did \
         not, confirm it anew",
        invocation.function_name
    ))
}
