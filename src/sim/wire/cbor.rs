//! Smithy RPC v2 CBOR: `POST /service/{service}/operation/{operation}`.
//!
//! Source: Smithy 2.0 specification, "Smithy RPC v2 CBOR protocol".

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ciborium::Value as Cbor;
use serde_json::{Map, Value};

use super::fault::Fault;
use super::json;
use super::protocol::{Request, Response, reply, set};
use super::scalar::{self, Malformed};
use crate::sim::model::{Kind, Member, Model, Operation};

/// The tag of a time in seconds since 1970 (RFC 8949, section 3.4.2).
const EPOCH_TAG: u64 = 1;

/// The operation that the path names.
pub(super) fn operation<'m>(model: &'m Model, request: &Request) -> Option<&'m Operation> {
    let mut segments = request.uri().path().trim_end_matches('/').rsplit('/');
    let name = segments.next()?;
    let known = segments.next()? == "operation"
        && segments.next() == model.metadata.target_prefix.as_deref()
        && segments.next()? == "service";
    model.operation(name).filter(|_| known)
}

pub(super) fn read(model: &Model, operation: &Operation, request: &Request) -> Result<Value, Malformed> {
    let empty = || Value::Object(Map::new());
    let Some(input) = &operation.input else { return Ok(empty()) };
    if request.body().is_empty() {
        return Ok(empty());
    }
    let cbor: Cbor =
        ciborium::from_reader(request.body().as_ref()).map_err(|fault| Malformed::new(format!("malformed CBOR: {fault}")))?;
    json::decode(model, input, loose(cbor)?)
}

pub(super) fn answer(model: &Model, operation: &Operation, value: &Value) -> Response {
    let Some(output) = &operation.output else {
        let mut response = reply(200, "application/cbor", "");
        response.headers_mut().remove(http::header::CONTENT_TYPE);
        set(&mut response, "smithy-protocol", "rpc-v2-cbor");
        return response;
    };
    respond(200, &encode(model, output, value))
}

pub(super) fn refuse(model: Option<&Model>, fault: &Fault) -> Response {
    let mut members = vec![
        (Cbor::Text("__type".to_owned()), Cbor::Text(fault.json_type(model))),
        (Cbor::Text(fault.message_member.clone()), Cbor::Text(fault.message.clone())),
    ];
    for (name, value) in &fault.members {
        if let (Some(model), Some(member)) = (model, fault.shape.and_then(|shape| shape.member_named(name))) {
            members.push((Cbor::Text(name.clone()), encode(model, member, value)));
        }
    }
    let mut response = respond(fault.status, &Cbor::Map(members));
    fault.tell_query_code(model, &mut response);
    response
}

fn respond(status: u16, body: &Cbor) -> Response {
    let mut bytes = Vec::new();
    // A vector takes every byte, and the value holds nothing that CBOR cannot say.
    let _ = ciborium::into_writer(body, &mut bytes);
    let mut response = reply(status, "application/cbor", bytes);
    set(&mut response, "smithy-protocol", "rpc-v2-cbor");
    response
}

/// The same value in JSON's terms, before any shape is looked at.
fn loose(cbor: Cbor) -> Result<Value, Malformed> {
    Ok(match cbor {
        Cbor::Null => Value::Null,
        Cbor::Bool(value) => Value::Bool(value),
        Cbor::Integer(number) => {
            let number = i64::try_from(number).map_err(|_| Malformed::new("an integer is out of range"))?;
            Value::from(number)
        }
        Cbor::Float(number) => scalar::float(number),
        Cbor::Text(text) => Value::String(text),
        Cbor::Bytes(bytes) => Value::String(STANDARD.encode(bytes)),
        Cbor::Array(items) => items.into_iter().map(loose).collect::<Result<_, _>>().map(Value::Array)?,
        Cbor::Map(pairs) => {
            let text = |(key, value)| match key {
                Cbor::Text(key) => Ok((key, loose(value)?)),
                _ => Err(Malformed::new("a key of a map is not a text")),
            };
            pairs.into_iter().map(text).collect::<Result<_, _>>().map(Value::Object)?
        }
        Cbor::Tag(EPOCH_TAG, value) => loose(*value)?,
        _ => return Err(Malformed::new("an unexpected CBOR tag")),
    })
}

/// Clients cut this off at the millisecond, so a double that lies just below it would lose one.
fn at_least(secs: f64) -> f64 {
    if secs.fract() == 0.0 { secs } else { secs.next_up() }
}

fn encode(model: &Model, member: &Member, value: &Value) -> Cbor {
    let shape = model.shape(member);
    match (shape.kind, value) {
        (Kind::Structure, Value::Object(members)) => {
            let known = members.iter().filter_map(|(name, value)| Some((name, shape.member_named(name)?, value)));
            Cbor::Map(known.map(|(name, member, value)| (Cbor::Text(name.clone()), encode(model, member, value))).collect())
        }
        (Kind::List, Value::Array(items)) => {
            Cbor::Array(shape.member.iter().flat_map(|item| items.iter().map(|value| encode(model, item, value))).collect())
        }
        (Kind::Map, Value::Object(pairs)) => {
            let encoded = shape.value.iter().flat_map(|item| pairs.iter().map(move |(key, value)| (key, item, value)));
            Cbor::Map(encoded.map(|(key, item, value)| (Cbor::Text(key.clone()), encode(model, item, value))).collect())
        }
        (Kind::Timestamp, _) => Cbor::Tag(EPOCH_TAG, Box::new(Cbor::Float(at_least(scalar::epoch(value))))),
        (Kind::Float | Kind::Double, _) => Cbor::Float(scalar::as_float(value).unwrap_or(f64::NAN)),
        (Kind::Blob, Value::String(text)) => Cbor::Bytes(STANDARD.decode(text).unwrap_or_default()),
        (_, Value::String(text)) => Cbor::Text(text.clone()),
        (_, Value::Bool(value)) => Cbor::Bool(*value),
        (_, Value::Number(number)) => number.as_i64().map_or(Cbor::Null, |number| Cbor::Integer(number.into())),
        _ => Cbor::Null,
    }
}

/// A value to CBOR and back, for the test of every shape.
#[cfg(test)]
pub(super) fn through(model: &Model, member: &Member, value: &Value) -> Result<Value, Malformed> {
    let mut bytes = Vec::new();
    ciborium::into_writer(&encode(model, member, value), &mut bytes).unwrap();
    json::decode(model, member, loose(ciborium::from_reader(bytes.as_slice()).unwrap())?)
}
