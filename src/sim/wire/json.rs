//! AWS JSON 1.0 and 1.1 (`X-Amz-Target`), and the JSON form of values that REST-JSON shares.

use serde_json::{Map, Value};

use super::fault::Fault;
use super::protocol::{Request, Response, reply};
use super::scalar::{self, Format, Malformed};
use crate::sim::model::{Kind, Member, Model, Operation, Shape};

/// The operation that `X-Amz-Target` names; `None` where it is not one of this service.
pub(super) fn operation<'m>(model: &'m Model, request: &Request) -> Option<&'m Operation> {
    let target = request.headers().get("x-amz-target")?.to_str().ok()?;
    let (prefix, name) = target.split_once('.')?;
    model.operation(name).filter(|_| Some(prefix) == model.metadata.target_prefix.as_deref())
}

pub(super) fn read(model: &Model, operation: &Operation, request: &Request) -> Result<Value, Malformed> {
    let wire = parse(request.body())?;
    match &operation.input {
        Some(input) => decode(model, input, wire),
        None => Ok(Value::Object(Map::new())),
    }
}

pub(super) fn answer(model: &Model, operation: &Operation, value: &Value) -> Response {
    let body = operation.output.as_ref().map_or_else(|| Value::Object(Map::new()), |output| encode(model, output, value));
    reply(200, &content_type(Some(model)), body.to_string())
}

pub(super) fn refuse(model: Option<&Model>, fault: &Fault) -> Response {
    let mut body = Map::from_iter([("__type".to_owned(), Value::String(fault.json_type(model)))]);
    body.extend(error_members(model, fault));
    let mut response = reply(fault.status, &content_type(model), Value::Object(body).to_string());
    fault.tell_type(model, &mut response);
    fault.tell_query_code(model, &mut response);
    response
}

fn content_type(model: Option<&Model>) -> String {
    let version = model.and_then(|model| model.metadata.json_version.as_deref()).unwrap_or("1.1");
    format!("application/x-amz-json-{version}")
}

/// The members of an error in JSON, its message among them.
pub(super) fn error_members(model: Option<&Model>, fault: &Fault) -> Map<String, Value> {
    let mut members = Map::from_iter([(fault.message_member.clone(), Value::String(fault.message.clone()))]);
    for (name, value) in &fault.members {
        let told = match (model, fault.shape.and_then(|shape| shape.member_named(name))) {
            (Some(model), Some(member)) => encode(model, member, value),
            _ => value.clone(),
        };
        members.insert(name.clone(), told);
    }
    members
}

/// The JSON of a body; nothing at all stands for an empty object.
pub(super) fn parse(body: &[u8]) -> Result<Value, Malformed> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    // The fault's own text is kept: it says line and column.
    serde_json::from_slice(body).map_err(|fault| Malformed::new(fault.to_string()))
}

/// Reads a value of a shape.
pub(super) fn decode(model: &Model, member: &Member, wire: Value) -> Result<Value, Malformed> {
    let shape = model.shape(member);
    match (shape.kind, wire) {
        (Kind::Structure, Value::Object(wire)) => decode_structure(model, shape, wire),
        (Kind::List, Value::Array(wire)) => {
            let Some(item) = &shape.member else { return Ok(Value::Array(wire)) };
            let present = wire.into_iter().filter(|value| !value.is_null());
            present.map(|value| decode(model, item, value)).collect::<Result<_, _>>().map(Value::Array)
        }
        (Kind::Map, Value::Object(wire)) => {
            let Some(item) = &shape.value else { return Ok(Value::Object(wire)) };
            let present = wire.into_iter().filter(|(_, value)| !value.is_null());
            let pairs = present.map(|(key, value)| Ok((key, decode(model, item, value)?)));
            pairs.collect::<Result<_, _>>().map(Value::Object)
        }
        (Kind::String | Kind::Blob, Value::String(text)) => Ok(Value::String(text)),
        (Kind::Boolean, Value::Bool(value)) => Ok(Value::Bool(value)),
        (Kind::Integer, value) if value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()) => Ok(value),
        (Kind::Long, value) if value.is_i64() => Ok(value),
        // Floats arrive for whole numbers from clients whose language has no others.
        (Kind::Integer | Kind::Long, Value::Number(number)) => whole(&number).ok_or_else(|| wrong("NUMBER_VALUE", shape)),
        (Kind::Float | Kind::Double, value) => {
            scalar::as_float(&value).map(scalar::float).ok_or_else(|| wrong(token(&value), shape))
        }
        (Kind::Timestamp, value) => {
            let at = match &value {
                Value::String(text) => scalar::parse_time(text),
                other => other.as_f64().and_then(scalar::from_epoch),
            };
            at.map(scalar::timestamp).ok_or_else(|| wrong(token(&value), shape))
        }
        (_, other) => Err(wrong(token(&other), shape)),
    }
}

fn decode_structure(model: &Model, shape: &Shape, mut wire: Map<String, Value>) -> Result<Value, Malformed> {
    let mut members = Map::new();
    for (name, member) in shape.members.iter().filter(|(_, member)| member.location.is_none()) {
        // A member that the model does not know is passed over, as AWS does.
        if let Some(value) = wire.remove(member.wire_name(name)).filter(|value| !value.is_null()) {
            members.insert(name.clone(), decode(model, member, value)?);
        }
    }
    Ok(Value::Object(members))
}

fn whole(number: &serde_json::Number) -> Option<Value> {
    let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() <= f64::from(i32::MAX))?;
    Some(Value::from(float as i64))
}

fn token(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(number) if number.is_f64() => "DECIMAL_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) => "START_ARRAY",
        Value::Object(_) => "START_OBJECT",
    }
}

/// AWS's words for a value of the wrong kind.
fn wrong(token: &str, shape: &Shape) -> Malformed {
    match shape.kind {
        Kind::Structure | Kind::List | Kind::Map => Malformed::new(match token {
            "START_ARRAY" | "START_OBJECT" => "Start of structure or map found where not expected.".to_owned(),
            _ => "Unexpected field type".to_owned(),
        }),
        Kind::Blob => Malformed::new(format!("{token} cannot be converted to a Blob")),
        kind => Malformed::new(format!("{token} cannot be converted to {kind:?}")),
    }
}

/// Writes a value of a shape.
pub(super) fn encode(model: &Model, member: &Member, value: &Value) -> Value {
    let shape = model.shape(member);
    match (shape.kind, value) {
        (Kind::Structure, Value::Object(members)) => {
            let bound = members.iter().filter_map(|(name, value)| Some((name, shape.member_named(name)?, value)));
            let body = bound.filter(|(_, member, _)| member.location.is_none());
            body.map(|(name, member, value)| (member.wire_name(name).to_owned(), encode(model, member, value))).collect()
        }
        (Kind::List, Value::Array(items)) => match &shape.member {
            Some(item) => items.iter().map(|value| encode(model, item, value)).collect(),
            None => value.clone(),
        },
        (Kind::Map, Value::Object(pairs)) => match &shape.value {
            Some(item) => pairs.iter().map(|(key, value)| (key.clone(), encode(model, item, value))).collect(),
            None => value.clone(),
        },
        (Kind::Timestamp, _) => match Format::of(member, shape, Format::Unix) {
            Format::Unix => scalar::epoch_number(value),
            format => Value::String(scalar::text(value, format, Kind::Timestamp)),
        },
        _ => value.clone(),
    }
}
