//! Invoking a function.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Function, function_mut, name_of};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::world::World;

/// The longest payload of a synchronous call, in bytes.
const PAYLOAD_BYTES: usize = 6 * 1024 * 1024;
/// The longest payload of an asynchronous call, in bytes.
const EVENT_BYTES: usize = 1024 * 1024;

/// What a function makes of an event: its answer, or its error.
fn run(function: &Function, event: &Value) -> Result<Value, Value> {
    let variables = function.configuration.get("Environment").and_then(|environment| environment.get("Variables"));
    let canned = |name: &str| variables.and_then(|variables| members::text(variables, name));
    let read = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    if let Some(text) = canned("SIMULATED_ERROR") {
        return Err(match read(text) {
            error @ Value::Object(_) => error,
            message => json!({"errorMessage": message, "errorType": "Error"}),
        });
    }
    Ok(canned("SIMULATED_RESPONSE").map_or_else(|| event.clone(), read))
}

/// Invoke.
///
/// # Errors
/// As Lambda refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let name = name_of(world, call)?;
    let how = members::text(input, "InvocationType").unwrap_or("RequestResponse");
    let bytes = members::text(input, "Payload").and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
    let most = if how == "Event" { EVENT_BYTES } else { PAYLOAD_BYTES };
    if bytes.len() > most {
        let message = format!("{} byte payload is too large for the {how} invocation type (limit {most} bytes)", bytes.len());
        return Err(Refusal::new("RequestTooLargeException", message).status(413).with("Type", "User"));
    }
    let event: Value = if bytes.is_empty() {
        json!({})
    } else {
        serde_json::from_slice(&bytes).map_err(|error| {
            let message = format!("Could not parse request body into json: {error}");
            Refusal::new("InvalidRequestContentException", message).with("Type", "User")
        })?
    };
    if how == "DryRun" {
        return Ok(json!({"StatusCode": 204}));
    }
    let id = world.ids.uuid();
    let function = function_mut(world, call, &name)?;
    function.invoked += 1;
    let result = run(function, &event);
    let memory = function.configuration.get("MemorySize").cloned().unwrap_or_default();
    world.effect(call, &format!("{name} {event}"));
    if how == "Event" {
        return Ok(json!({"StatusCode": 202}));
    }
    let (payload, failed) = match result {
        Ok(value) => (value, None),
        Err(error) => (error, Some("Unhandled")),
    };
    let error = failed.map(|_| format!("[ERROR] {payload}\n")).unwrap_or_default();
    let log = format!(
        "START RequestId: {id} Version: $LATEST\n{error}END RequestId: {id}\nREPORT RequestId: {id}\tDuration: 1.00 ms\tBilled \
         Duration: 1 ms\tMemory Size: {memory} MB\tMax Memory Used: 32 MB\t\n"
    );
    let tail = (members::text(input, "LogType") == Some("Tail")).then(|| STANDARD.encode(log));
    Ok(Members::new()
        .set("StatusCode", 200)
        .maybe("FunctionError", failed)
        .maybe("LogResult", tail)
        .set("Payload", STANDARD.encode(payload.to_string()))
        .set("ExecutedVersion", "$LATEST")
        .done())
}
