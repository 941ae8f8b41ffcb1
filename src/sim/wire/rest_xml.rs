//! REST-XML: members in the path, the query string and the headers, the rest as an XML body.

use serde_json::Value;

use super::fault::Fault;
use super::protocol::{Request, Response, reply};
use super::query::namespace;
use super::rest;
use super::scalar::Malformed;
use super::xml::{self, Element};
use crate::sim::model::{Model, Operation};

pub(super) fn read(model: &Model, operation: &Operation, request: &Request) -> Result<Value, Malformed> {
    let mut members = rest::bound(model, operation, request)?;
    let Some(input) = &operation.input else { return Ok(Value::Object(members)) };
    let has_body = model.shape(input).members.iter().any(|(_, member)| member.location.is_none());
    if has_body && !request.body().is_empty() {
        let root = Element::parse(request.body())?;
        if let Some((name, member)) = rest::payload(model, input) {
            members.insert(name.to_owned(), xml::decode(model, member, &root)?);
        } else if let Value::Object(body) = xml::decode(model, input, &root)? {
            members.extend(body);
        }
    }
    Ok(Value::Object(members))
}

pub(super) fn answer(model: &Model, operation: &Operation, value: &Value) -> Response {
    let body = operation.output.as_ref().and_then(|output| {
        let mut roots = match rest::payload(model, output) {
            Some((name, member)) => xml::encode(model, member, member.wire_name(name), value.get(name)?),
            None => xml::encode(model, output, &output.shape, value),
        };
        roots.pop().map(|root| root.attribute("xmlns", namespace(Some(model))).document())
    });
    let mut response = reply(operation.http.response_code.unwrap_or(200), "text/xml", body.unwrap_or_default());
    rest::bind(model, operation, value, &mut response);
    response
}

pub(super) fn refuse(model: Option<&Model>, fault: &Fault, request_id: &str) -> Response {
    reply(fault.status, "text/xml", xml::error(model, fault, request_id).document())
}
