//! Holds values against the model: inputs as AWS does before it acts, answers so that a service of ours cannot say what AWS's
//! could not.

use serde_json::{Map, Value};

use super::scalar;
use crate::sim::call::Refusal;
use crate::sim::model::{Kind, Member, Model, Operation, Shape};

/// The codes with which a service refuses an input.
struct Codes {
    missing: &'static str,
    invalid: &'static str,
}

/// By the service's id. Source: the service models' errors, and "Common Errors" of the API references.
fn codes(service_id: &str) -> Codes {
    match service_id {
        "Backup" => Codes { missing: "MissingParameterValueException", invalid: "InvalidParameterValueException" },
        "CloudWatch" => Codes { missing: "MissingParameter", invalid: "ValidationError" },
        "Route 53" => Codes { missing: "InvalidInput", invalid: "InvalidInput" },
        "EC2" => Codes { missing: "MissingParameter", invalid: "InvalidParameterValue" },
        "S3" => Codes { missing: "InvalidRequest", invalid: "InvalidArgument" },
        "SNS" => Codes { missing: "InvalidParameter", invalid: "InvalidParameter" },
        "SQS" => Codes { missing: "MissingRequiredParameterException", invalid: "InvalidParameterValue" },
        "EFS" | "FSx" => Codes { missing: "BadRequest", invalid: "BadRequest" },
        "CloudFormation" | "RDS" => Codes { missing: "ValidationError", invalid: "ValidationError" },
        "STS" => Codes { missing: "ValidationError", invalid: "ValidationError" },
        _ => Codes { missing: "ValidationException", invalid: "ValidationException" },
    }
}

/// How many violations are told at once.
const TOLD_LIMIT: usize = 10;
/// Longer texts are not held against a pattern.
const PATTERN_TEXT_LIMIT_BYTES: usize = 4096;

#[derive(Default)]
struct Findings {
    missing: Option<String>,
    unknown: Option<String>,
    told: Vec<String>,
}

impl Findings {
    fn missing(&mut self, name: &str, path: &str) {
        self.missing.get_or_insert_with(|| name.to_owned());
        self.told.push(format!("Value null at '{path}' failed to satisfy constraint: Member must not be null"));
    }

    fn outside(&mut self, value: &Value, path: &str, constraint: &str) {
        let told = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.told.push(format!("Value '{told}' at '{path}' failed to satisfy constraint: {constraint}"));
    }
}

/// Holds an input against the model.
///
/// # Errors
/// The service's refusal, in AWS's words.
pub fn input(model: &Model, operation: &Operation, value: &Value) -> Result<(), Refusal> {
    let mut findings = Findings::default();
    if let Some(input) = &operation.input {
        examine(model, input, value, "", &mut findings);
    }
    // The model lists a queue's attributes here; what SQS takes are a message's.
    if operation.name == "ReceiveMessage" {
        findings.told.retain(|told| !told.contains("at 'attributeNames."));
    }
    findings.told.truncate(TOLD_LIMIT);
    if findings.told.is_empty() {
        return Ok(());
    }
    // All enumerations in SQS's inputs are names of attributes.
    if let Some(unknown) = findings.unknown.clone().filter(|_| model.metadata.service_id == "SQS") {
        return Err(Refusal::new("InvalidAttributeName", format!("Unknown Attribute {unknown}.")));
    }
    if model.metadata.service_id == "S3" {
        let told = findings.told.join("; ");
        if told.contains("ocationConstraint'") {
            return Err(Refusal::new("InvalidLocationConstraint", "The specified location-constraint is not valid"));
        }
        if told.contains('.') {
            let message = "The XML you provided was not well-formed or did not validate against our published schema";
            return Err(Refusal::new("MalformedXML", message));
        }
    }
    let codes = codes(&model.metadata.service_id);
    let plural = if findings.told.len() == 1 { "error" } else { "errors" };
    let message = format!("{} validation {plural} detected: {}", findings.told.len(), findings.told.join("; "));
    Err(match findings.missing {
        Some(name) if codes.missing == "MissingParameter" => {
            Refusal::new(codes.missing, format!("The parameter {name} is required."))
        }
        Some(_) => Refusal::new(codes.missing, message),
        None => Refusal::new(codes.invalid, message),
    })
}

fn examine(model: &Model, member: &Member, value: &Value, path: &str, findings: &mut Findings) {
    let shape = model.shape(member);
    match (shape.kind, value) {
        (Kind::Structure, Value::Object(members)) => {
            for name in shape.required.iter().filter(|name| !members.contains_key(*name)) {
                findings.missing(name, &under(path, name));
            }
            for (name, value) in members {
                if let Some(member) = shape.member_named(name) {
                    examine(model, member, value, &under(path, name), findings);
                }
            }
        }
        (Kind::List, Value::Array(items)) => {
            length(shape, items.len(), value, path, findings);
            for (number, (item, value)) in shape.member.iter().flat_map(|item| items.iter().map(move |v| (item, v))).enumerate() {
                examine(model, item, value, &format!("{path}.{}.member", number + 1), findings);
            }
        }
        (Kind::Map, Value::Object(pairs)) => {
            length(shape, pairs.len(), value, path, findings);
            examine_map(model, shape, pairs, path, findings);
        }
        (Kind::String, Value::String(text)) => examine_text(shape, text, value, path, findings),
        (Kind::Integer | Kind::Long | Kind::Float | Kind::Double, _) => {
            let Some(number) = scalar::as_float(value) else { return };
            bounds(shape, number, "value", value, path, findings);
        }
        _ => {}
    }
}

fn examine_map(model: &Model, shape: &Shape, pairs: &Map<String, Value>, path: &str, findings: &mut Findings) {
    let (Some(key), Some(item)) = (&shape.key, &shape.value) else { return };
    for (text, value) in pairs {
        examine(model, key, &Value::from(text.as_str()), &format!("{path}.{text}.key"), findings);
        examine(model, item, value, &format!("{path}.{text}.member"), findings);
    }
}

fn examine_text(shape: &Shape, text: &str, value: &Value, path: &str, findings: &mut Findings) {
    if !shape.values.is_empty() {
        if !shape.values.iter().any(|known| known == text) {
            let constraint = format!("Member must satisfy enum value set: [{}]", shape.values.join(", "));
            findings.outside(value, path, &constraint);
            findings.unknown.get_or_insert_with(|| text.to_owned());
        }
        return;
    }
    length(shape, text.chars().count(), value, path, findings);
    if text.len() <= PATTERN_TEXT_LIMIT_BYTES && shape.regex().is_some_and(|regex| !regex.is_match(text)) {
        let pattern = shape.pattern.as_deref().unwrap_or_default();
        findings.outside(value, path, &format!("Member must satisfy regular expression pattern: {pattern}"));
    }
}

fn length(shape: &Shape, length: usize, value: &Value, path: &str, findings: &mut Findings) {
    bounds(shape, length as f64, "length", value, path, findings);
}

fn bounds(shape: &Shape, number: f64, what: &str, value: &Value, path: &str, findings: &mut Findings) {
    if let Some(max) = shape.max.filter(|max| number > *max) {
        findings.outside(value, path, &format!("Member must have {what} less than or equal to {max}"));
    }
    if let Some(min) = shape.min.filter(|min| number < *min) {
        findings.outside(value, path, &format!("Member must have {what} greater than or equal to {min}"));
    }
}

/// AWS tells members with a small first letter, whatever the model has.
fn under(path: &str, name: &str) -> String {
    let mut letters = name.chars();
    let small = letters.next().map(|first| first.to_ascii_lowercase().to_string() + letters.as_str()).unwrap_or_default();
    if path.is_empty() { small } else { format!("{path}.{small}") }
}

/// The first place where an answer is not of the operation's output shape, and why: an unknown member, a value of the wrong
/// kind, a time that is none. It is a fault of ours and is told as such, so that no client has to guess at it.
pub fn misfit(model: &Model, operation: &Operation, value: &Value) -> Option<String> {
    match &operation.output {
        Some(output) => find_misfit(model, output, value, &operation.name),
        None => None,
    }
}

fn find_misfit(model: &Model, member: &Member, value: &Value, path: &str) -> Option<String> {
    let shape = model.shape(member);
    match (shape.kind, value) {
        (Kind::Structure, Value::Object(members)) => members.iter().find_map(|(name, value)| {
            let path = format!("{path}.{name}");
            match shape.member_named(name) {
                Some(member) => find_misfit(model, member, value, &path),
                None => Some(format!("{path} is not a member of {}", shape.name)),
            }
        }),
        (Kind::List, Value::Array(items)) => {
            let item = shape.member.as_ref()?;
            items.iter().enumerate().find_map(|(index, value)| find_misfit(model, item, value, &format!("{path}[{index}]")))
        }
        (Kind::Map, Value::Object(pairs)) => {
            let item = shape.value.as_ref()?;
            pairs.iter().find_map(|(key, value)| find_misfit(model, item, value, &format!("{path}.{key}")))
        }
        (Kind::String | Kind::Blob, Value::String(_)) | (Kind::Boolean, Value::Bool(_)) => None,
        (Kind::Timestamp, Value::String(text)) if scalar::parse_time(text).is_some() => None,
        (Kind::Integer | Kind::Long, value) if value.is_i64() => None,
        (Kind::Float | Kind::Double, value) if scalar::as_float(value).is_some() => None,
        (kind, value) => Some(format!("{path} is {value}, which is no {kind:?}")),
    }
}
