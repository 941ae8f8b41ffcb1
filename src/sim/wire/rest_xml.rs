//! REST-XML: members in the path, the query string and the headers, the rest as an XML body.

use serde_json::Value;

use super::fault::Fault;
use super::protocol::{Request, Response, reply, set};
use super::query::namespace;
use super::rest;
use super::s3;
use super::scalar::Malformed;
use super::xml::{self, Element};
use crate::sim::model::{Model, Operation};

pub(super) fn read(model: &Model, operation: &Operation, request: &Request) -> Result<Value, Malformed> {
    let mut members = rest::bound(model, operation, request)?;
    let Some(input) = &operation.input else { return Ok(Value::Object(members)) };
    let has_body = model.shape(input).members.iter().any(|(_, member)| member.location.is_none());
    let payload = rest::payload(model, input);
    if let Some((name, value)) = payload.and_then(|(name, member)| Some((name, rest::raw(model, member, request.body())?))) {
        members.insert(name.to_owned(), value);
    } else if has_body && !request.body().is_empty() {
        let root = Element::parse(request.body())?;
        if let Some((name, member)) = payload {
            members.insert(name.to_owned(), xml::decode(model, member, &root)?);
        } else if let Value::Object(body) = xml::decode(model, input, &root)? {
            members.extend(body);
        }
    }
    Ok(Value::Object(members))
}

pub(super) fn answer(model: &Model, operation: &Operation, value: &Value, request_id: &str) -> Response {
    let of_s3 = s3::is_s3(model);
    let payload = operation.output.as_ref().and_then(|output| rest::payload(model, output));
    let raw = payload.and_then(|(name, member)| rest::raw_body(model, member, value.get(name)));
    let status = operation.http.response_code.unwrap_or(200);
    let mut response = match raw {
        Some(body) => reply(status, "binary/octet-stream", body),
        None => {
            let body = document(model, operation, value).unwrap_or_default();
            reply(status, if of_s3 { "application/xml" } else { "text/xml" }, body)
        }
    };
    rest::bind(model, operation, value, &mut response);
    if of_s3 {
        set(&mut response, "x-amz-request-id", request_id);
        if value.get("ContentRange").is_some() {
            *response.status_mut() = http::StatusCode::PARTIAL_CONTENT;
        }
    }
    response
}

fn document(model: &Model, operation: &Operation, value: &Value) -> Option<String> {
    let output = operation.output.as_ref()?;
    let shape = model.shape(output);
    let of_s3 = s3::is_s3(model);
    if of_s3 && shape.members.iter().all(|(_, member)| member.location.is_some()) {
        return None;
    }
    if operation.name == "GetBucketLocation" {
        // The one answer of S3 whose root is the value itself.
        let region = value.get("LocationConstraint").and_then(Value::as_str).unwrap_or_default();
        let root = Element::new("LocationConstraint").attribute("xmlns", namespace(Some(model))).text(region);
        return Some(root.document());
    }
    let mut roots = match rest::payload(model, output) {
        Some((name, member)) => xml::encode(model, member, member.wire_name(name), value.get(name)?),
        None if of_s3 => xml::encode(model, output, s3::root(&operation.name, &output.shape), value),
        None => xml::encode(model, output, &output.shape, value),
    };
    roots.pop().map(|root| root.attribute("xmlns", namespace(Some(model))).document())
}

pub(super) fn refuse(model: Option<&Model>, fault: &Fault, request_id: &str) -> Response {
    if model.is_some_and(s3::is_s3) {
        return s3::refuse(fault, request_id);
    }
    reply(fault.status, "text/xml", xml::error(model, fault, request_id).document())
}
