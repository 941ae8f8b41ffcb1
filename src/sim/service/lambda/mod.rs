//! Lambda: functions whose answers are canned. A function returns its event unless its environment says otherwise.

mod invoke;

use std::collections::BTreeMap;
use std::ops::Bound;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::page::Paging;
use crate::sim::service::coverage::{Operation, changes, reads};
use crate::sim::world::World;

/// What holds for all of the service.
pub const NOTE: &str = "No code is run. A function answers with its event; with the environment variable `SIMULATED_RESPONSE` it answers with that \
                        JSON, with `SIMULATED_ERROR` (`{\"errorType\": …, \"errorMessage\": …}`) it fails. Versions, aliases, layers, \
                        permissions and event sources are not modelled.";

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    changes("CreateFunction", "the code is measured, not kept"),
    changes("DeleteFunction", ""),
    reads("GetFunction", ""),
    reads("GetFunctionConfiguration", ""),
    changes("Invoke", "canned; takes no time"),
    reads("ListFunctions", ""),
    reads("ListTags", ""),
    changes("TagResource", ""),
    changes("UntagResource", ""),
    changes("UpdateFunctionCode", ""),
    changes("UpdateFunctionConfiguration", ""),
];

const PAGING: Paging = Paging {
    token: "Marker",
    size: "MaxItems",
    default: 50,
    max: 50,
    code: "InvalidParameterValueException",
    message: "Invalid Marker",
};

/// Lambda's state in one account and Region: functions by name.
pub type Functions = BTreeMap<String, Function>;

/// A function.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Function {
    /// AWS's FunctionConfiguration.
    pub configuration: Map<String, Value>,
    /// Where its code is, as GetFunction tells it.
    pub code: Value,
    /// Key to value.
    pub tags: BTreeMap<String, String>,
    /// How often it was invoked.
    pub invoked: u64,
}

/// Members of CreateFunction and UpdateFunctionConfiguration that the configuration tells as they came.
const KEPT: [&str; 18] = [
    "Architectures",
    "DeadLetterConfig",
    "Description",
    "Environment",
    "EphemeralStorage",
    "FileSystemConfigs",
    "Handler",
    "KMSKeyArn",
    "LoggingConfig",
    "MemorySize",
    "PackageType",
    "Role",
    "Runtime",
    "SnapStart",
    "Timeout",
    "TracingConfig",
    "VpcConfig",
    "FunctionName",
];

/// Answers one call to Lambda.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateFunction" => create(world, call),
        "DeleteFunction" => {
            let name = name_of(world, call)?;
            world.site_mut(&call.caller).lambda.remove(&name);
            world.effect(call, &name);
            Ok(json!({}))
        }
        "GetFunction" => {
            let function = &world_function(world, call)?;
            let tags = (!function.tags.is_empty()).then(|| json!(function.tags));
            let told = Members::new().set("Configuration", function.configuration.clone()).set("Code", function.code.clone());
            Ok(told.maybe("Tags", tags).done())
        }
        "GetFunctionConfiguration" => Ok(Value::Object(world_function(world, call)?.configuration.clone())),
        "ListFunctions" => list(world, call),
        "UpdateFunctionCode" => {
            let (now, revision) = (world.now(), world.ids.uuid());
            let name = name_of(world, call)?;
            let code = code_of(&call.input)?;
            let function = function_mut(world, call, &name)?;
            if members::flag(&call.input, "DryRun") != Some(true) {
                function.configuration.extend(code);
                touch(function, now, &revision);
            }
            Ok(Value::Object(function.configuration.clone()))
        }
        "UpdateFunctionConfiguration" => {
            let (now, revision) = (world.now(), world.ids.uuid());
            let name = name_of(world, call)?;
            let function = function_mut(world, call, &name)?;
            for key in KEPT {
                if let Some(value) = call.input.get(key).filter(|_| key != "FunctionName") {
                    function.configuration.insert(key.to_owned(), value.clone());
                }
            }
            touch(function, now, &revision);
            Ok(Value::Object(function.configuration.clone()))
        }
        "Invoke" => invoke::answer(world, call),
        _ => tag(world, call),
    }
}

/// The plain name of a function that is named by its name, its partial ARN or its ARN; a version or alias is passed over.
fn plain(text: &str) -> &str {
    match text.split_once("function:") {
        Some((_, rest)) => rest.split(':').next().unwrap_or(rest),
        None => text.rsplit_once(':').map_or(text, |(head, _)| head.rsplit(':').next().unwrap_or(head)),
    }
}

fn arn(call: &Call, name: &str) -> String {
    format!("arn:aws:lambda:{}:{}:function:{name}", call.caller.region, call.caller.account)
}

fn not_found(call: &Call, name: &str) -> Refusal {
    let arn = arn(call, name);
    Refusal::new("ResourceNotFoundException", format!("Function not found: {arn}")).status(404).with("Type", "User")
}

fn name_of(world: &World, call: &Call) -> Result<String, Refusal> {
    let name = plain(members::required(&call.input, "FunctionName"));
    let known = world.site(&call.caller).is_some_and(|site| site.lambda.contains_key(name));
    if known { Ok(name.to_owned()) } else { Err(not_found(call, name)) }
}

fn world_function<'a>(world: &'a World, call: &Call) -> Result<&'a Function, Refusal> {
    let name = name_of(world, call)?;
    world.site(&call.caller).and_then(|site| site.lambda.get(&name)).ok_or_else(|| not_found(call, &name))
}

fn function_mut<'a>(world: &'a mut World, call: &Call, name: &str) -> Result<&'a mut Function, Refusal> {
    world.site_mut(&call.caller).lambda.get_mut(name).ok_or_else(|| not_found(call, name))
}

fn touch(function: &mut Function, now: DateTime<Utc>, revision: &str) {
    function.configuration.insert("LastModified".to_owned(), now.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string().into());
    function.configuration.insert("RevisionId".to_owned(), revision.into());
    function.configuration.insert("LastUpdateStatus".to_owned(), "Successful".into());
}

/// What the configuration tells of code.
fn code_of(code: &Value) -> Result<Map<String, Value>, Refusal> {
    let bytes = match (members::text(code, "ZipFile"), members::text(code, "S3Key"), members::text(code, "ImageUri")) {
        (Some(zip), ..) => STANDARD.decode(zip).unwrap_or_default(),
        // Of code elsewhere only its name is known here.
        (None, Some(key), _) => key.as_bytes().to_vec(),
        (None, None, Some(uri)) => uri.as_bytes().to_vec(),
        (None, None, None) => {
            let message = "Please provide a source for function code.";
            return Err(Refusal::new("InvalidParameterValueException", message).with("Type", "User"));
        }
    };
    let sum = STANDARD.encode(Sha256::digest(&bytes));
    Ok(Map::from_iter([("CodeSize".to_owned(), bytes.len().into()), ("CodeSha256".to_owned(), sum.into())]))
}

fn create(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let name = plain(members::required(input, "FunctionName")).to_owned();
    let (now, revision) = (world.now(), world.ids.uuid());
    if world.site(&call.caller).is_some_and(|site| site.lambda.contains_key(&name)) {
        return Err(Refusal::new("ResourceConflictException", format!("Function already exist: {name}"))
            .status(409)
            .with("Type", "User"));
    }
    let code = input.get("Code").unwrap_or(&Value::Null);
    let image = members::text(input, "PackageType") == Some("Image");
    if !image && (members::text(input, "Runtime").is_none() || members::text(input, "Handler").is_none()) {
        let message = "Runtime and Handler are mandatory parameters for functions created with deployment packages.";
        return Err(Refusal::new("InvalidParameterValueException", message).with("Type", "User"));
    }
    let mut function = Function { tags: tags(input), ..Function::default() };
    let configuration = &mut function.configuration;
    for (key, usual) in [
        ("Architectures", json!(["x86_64"])),
        ("Description", json!("")),
        ("EphemeralStorage", json!({"Size": 512})),
        ("LoggingConfig", json!({"LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}")})),
        ("MemorySize", json!(128)),
        ("PackageType", json!("Zip")),
        ("SnapStart", json!({"ApplyOn": "None"})),
        ("Timeout", json!(3)),
        ("TracingConfig", json!({"Mode": "PassThrough"})),
    ] {
        configuration.insert(key.to_owned(), usual);
    }
    for key in KEPT {
        if let Some(value) = input.get(key) {
            configuration.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(snap) = configuration.get_mut("SnapStart").and_then(Value::as_object_mut) {
        snap.insert("OptimizationStatus".to_owned(), "Off".into());
    }
    configuration.insert("FunctionName".to_owned(), name.as_str().into());
    configuration.insert("FunctionArn".to_owned(), arn(call, &name).into());
    configuration.insert("Version".to_owned(), "$LATEST".into());
    configuration.insert("State".to_owned(), "Active".into());
    configuration.extend(code_of(code)?);
    touch(&mut function, now, &revision);
    function.code = match members::text(code, "ImageUri") {
        Some(uri) => json!({"RepositoryType": "ECR", "ImageUri": uri}),
        None => {
            let location = format!(
                "https://awslambda-{}-tasks.s3.amazonaws.com/snapshots/{}/{name}",
                call.caller.region, call.caller.account
            );
            json!({"RepositoryType": "S3", "Location": location})
        }
    };
    let mut told = function.configuration.clone();
    told.insert("State".to_owned(), "Pending".into());
    told.insert("StateReason".to_owned(), "The function is being created.".into());
    told.insert("StateReasonCode".to_owned(), "Creating".into());
    world.site_mut(&call.caller).lambda.insert(name.clone(), function);
    world.effect(call, &name);
    Ok(Value::Object(told))
}

fn tags(input: &Value) -> BTreeMap<String, String> {
    let given = input.get("Tags").and_then(Value::as_object).into_iter().flatten();
    given.map(|(key, value)| (key.clone(), crate::sim::estate::plain(value))).collect()
}

fn list(world: &World, call: &Call) -> Answer {
    let cursor = PAGING.open::<String>(call)?;
    let from = cursor.after.clone().map_or(Bound::Unbounded, Bound::Excluded);
    let functions = world.site(&call.caller).map(|site| &site.lambda);
    let rows = functions.into_iter().flat_map(|functions| functions.range((from.clone(), Bound::Unbounded)));
    let (page, token) = cursor.take(rows.map(|(name, function)| (name.clone(), Value::Object(function.configuration.clone()))));
    Ok(Members::new().set("Functions", page).maybe("NextMarker", token).done())
}

fn tag(world: &mut World, call: &Call) -> Answer {
    let name = plain(members::text(&call.input, "Resource").or_else(|| members::text(&call.input, "ARN")).unwrap_or_default())
        .to_owned();
    let added = tags(&call.input);
    let removed: Vec<String> = members::texts(&call.input, "TagKeys").into_iter().map(str::to_owned).collect();
    let function = function_mut(world, call, &name)?;
    if call.operation == "ListTags" {
        return Ok(json!({"Tags": function.tags}));
    }
    function.tags.extend(added);
    function.tags.retain(|key, _| !removed.contains(key));
    Ok(json!({}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::messaging_tests::Player;

    fn made(player: &mut Player, name: &str, environment: Value) {
        player.get(
            "lambda",
            "CreateFunction",
            json!({
                "FunctionName": name, "Runtime": "python3.13", "Handler": "a.b", "Role": "arn:aws:iam::123456789012:role/r",
                "Code": {"ZipFile": "UEsFBg=="}, "Environment": {"Variables": environment},
            }),
        );
    }

    #[test]
    fn a_function_answers_with_its_event_or_what_it_was_told_or_fails() {
        let mut player = Player::new();
        made(&mut player, "echo", json!({}));
        made(&mut player, "canned", json!({"SIMULATED_RESPONSE": "{\"ok\": true}"}));
        made(&mut player, "broken", json!({"SIMULATED_ERROR": "{\"errorType\": \"Boom\", \"errorMessage\": \"no\"}"}));
        let payload = STANDARD.encode("{\"a\": 1}");
        let mut ask = |name: &str, how: &str| {
            player.get(
                "lambda",
                "Invoke",
                json!({"FunctionName": name, "InvocationType": how, "LogType": "Tail", "Payload": payload}),
            )
        };
        let text = |told: &Value| String::from_utf8(STANDARD.decode(told["Payload"].as_str().unwrap()).unwrap()).unwrap();
        assert_eq!(text(&ask("echo", "RequestResponse")), "{\"a\":1}");
        assert_eq!(text(&ask("canned", "RequestResponse")), "{\"ok\":true}");
        let broken = ask("arn:aws:lambda:eu-west-1:123456789012:function:broken", "RequestResponse");
        assert_eq!((broken["FunctionError"].as_str(), broken["StatusCode"].as_i64()), (Some("Unhandled"), Some(200)));
        assert!(text(&broken).contains("\"errorType\":\"Boom\""));
        assert!(broken["LogResult"].is_string());
        assert_eq!(ask("echo", "Event"), json!({"StatusCode": 202}));
        assert_eq!(ask("echo", "DryRun"), json!({"StatusCode": 204}));
        assert_eq!(player.refused("lambda", "Invoke", json!({"FunctionName": "nope"})), "ResourceNotFoundException");
        let wrong = json!({"FunctionName": "echo", "Payload": STANDARD.encode("{")});
        assert_eq!(player.refused("lambda", "Invoke", wrong), "InvalidRequestContentException");
    }
}
