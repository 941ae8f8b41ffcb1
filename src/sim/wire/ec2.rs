//! EC2's query protocol: forms with names and lists of its own, XML without a wrapper, and errors of its own form.

use serde_json::{Map, Value};

use super::fault::Fault;
use super::protocol::{Request, Response, reply};
use super::query::{Form, Parameters, decode, namespace};
use super::scalar::Malformed;
use super::xml::{self, Element};
use crate::sim::model::{Model, Operation};

pub(super) fn read(model: &Model, operation: &Operation, request: &Request) -> Result<Value, Malformed> {
    match &operation.input {
        Some(input) => decode(&Form { model, ec2: true }, input, &Parameters::of(request), "", 0),
        None => Ok(Value::Object(Map::new())),
    }
}

pub(super) fn answer(model: &Model, operation: &Operation, value: &Value, request_id: &str) -> Response {
    let name = format!("{}Response", operation.name);
    let mut root = match &operation.output {
        Some(output) => xml::encode(model, output, &name, value).pop().unwrap_or_default(),
        None => Element::new(&name),
    };
    root.children.insert(0, Element::new("requestId").text(request_id));
    // AWS's namespace ends with a slash here, other than in its model.
    let namespace = format!("{}/", namespace(Some(model)).trim_end_matches('/'));
    reply(200, "text/xml;charset=UTF-8", root.attribute("xmlns", &namespace).document())
}

pub(super) fn refuse(fault: &Fault<'_>, request_id: &str) -> Response {
    let told = Element::new("Error")
        .child(Element::new("Code").text(fault.code.as_str()))
        .child(Element::new("Message").text(fault.message.as_str()));
    let root =
        Element::new("Response").child(Element::new("Errors").child(told)).child(Element::new("RequestID").text(request_id));
    reply(fault.status, "text/xml;charset=UTF-8", root.document())
}
