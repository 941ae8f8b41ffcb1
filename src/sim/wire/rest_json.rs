//! REST-JSON: members in the path, the query string and the headers, the rest as a JSON body.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::fault::Fault;
use super::protocol::{Request, Response, reply};
use super::scalar::Malformed;
use super::{json, rest};
use crate::sim::model::{Model, Operation};

pub(super) fn read(model: &Model, operation: &Operation, request: &Request) -> Result<Value, Malformed> {
    let mut members = rest::bound(model, operation, request)?;
    let Some(input) = &operation.input else { return Ok(Value::Object(members)) };
    let has_body = model.shape(input).members.iter().any(|(_, member)| member.location.is_none());
    let payload = rest::payload(model, input);
    if let Some((name, value)) = payload.and_then(|(name, member)| Some((name, rest::raw(model, member, request.body())?))) {
        members.insert(name.to_owned(), value);
    } else if let Some((name, member)) = payload {
        if !request.body().is_empty() {
            members.insert(name.to_owned(), json::decode(model, member, json::parse(request.body())?)?);
        }
    } else if has_body && let Value::Object(body) = json::decode(model, input, json::parse(request.body())?)? {
        members.extend(body);
    }
    Ok(Value::Object(members))
}

pub(super) fn answer(model: &Model, operation: &Operation, value: &Value) -> Response {
    let body: Bytes = match &operation.output {
        None => Bytes::new(),
        Some(output) => match rest::payload(model, output) {
            Some((name, member)) => rest::raw_body(model, member, value.get(name)).unwrap_or_else(|| {
                value.get(name).map(|value| json::encode(model, member, value).to_string()).unwrap_or_default().into()
            }),
            None => json::encode(model, output, value).to_string().into(),
        },
    };
    let mut response = reply(operation.http.response_code.unwrap_or(200), "application/json", body);
    rest::bind(model, operation, value, &mut response);
    response
}

pub(super) fn refuse(model: Option<&Model>, fault: &Fault) -> Response {
    let body: Map<String, Value> = json::error_members(model, fault);
    let mut response = reply(fault.status, "application/json", Value::Object(body).to_string());
    fault.tell_type(model, &mut response);
    response
}
