//! The query protocol: a form goes in, XML comes out.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde_json::{Map, Value};

use super::fault::Fault;
use super::form;
use super::protocol::{Request, Response, reply};
use super::scalar::{self, DEPTH_LIMIT, Malformed};
use super::xml::{self, Element};
use crate::sim::model::{Kind, Member, Model, Operation};

/// The parameters, from the body and from the query string.
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    pub(super) fn of(request: &Request) -> Self {
        let body = String::from_utf8_lossy(request.body());
        let query = request.uri().query().unwrap_or_default();
        Self(form::pairs(query).chain(form::pairs(body.trim_end())).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Is there a parameter of that name or under it?
    fn has(&self, name: &str) -> bool {
        let under = format!("{name}.");
        let mut after = self.0.range::<str, _>((Bound::Included(under.as_str()), Bound::Unbounded));
        self.0.contains_key(name) || after.next().is_some_and(|(key, _)| key.starts_with(&under))
    }
}

/// The action asked for.
pub(super) fn action(request: &Request) -> Option<String> {
    Parameters::of(request).0.remove("Action")
}

/// The operation that `Action` names, of the version that `Version` names.
pub(super) fn operation<'m>(model: &'m Model, request: &Request) -> Option<&'m Operation> {
    let parameters = Parameters::of(request);
    let this_version = parameters.get("Version").is_none_or(|version| version == model.metadata.api_version);
    model.operation(parameters.get("Action")?).filter(|_| this_version)
}

pub(super) fn read(model: &Model, operation: &Operation, request: &Request) -> Result<Value, Malformed> {
    match &operation.input {
        Some(input) => decode(&Form { model, ec2: false }, input, &Parameters::of(request), "", 0),
        None => Ok(Value::Object(Map::new())),
    }
}

pub(super) fn answer(model: &Model, operation: &Operation, value: &Value, request_id: &str) -> Response {
    let mut root = Element::new(format!("{}Response", operation.name)).attribute("xmlns", namespace(Some(model)));
    if let Some(output) = &operation.output {
        let wrapper = output.result_wrapper.clone().unwrap_or_else(|| format!("{}Result", operation.name));
        root.children.extend(xml::encode(model, output, &wrapper, value));
    }
    root.children.push(Element::new("ResponseMetadata").child(Element::new("RequestId").text(request_id)));
    reply(200, "text/xml", root.document())
}

pub(super) fn refuse(model: Option<&Model>, fault: &Fault, request_id: &str) -> Response {
    reply(fault.status, "text/xml", xml::error(model, fault, request_id).document())
}

pub(super) fn namespace(model: Option<&Model>) -> &str {
    model.and_then(|model| model.metadata.xml_namespace.as_deref()).unwrap_or_default()
}

/// How the names of a form are made.
pub(super) struct Form<'m> {
    pub(super) model: &'m Model,
    /// EC2 has names of its own, and every list is flat there.
    pub(super) ec2: bool,
}

pub(super) fn decode(
    form: &Form<'_>,
    member: &Member,
    from: &Parameters,
    prefix: &str,
    depth: usize,
) -> Result<Value, Malformed> {
    if depth > DEPTH_LIMIT {
        return Err(Malformed::new("the parameters are nested too deeply"));
    }
    let shape = form.model.shape(member);
    let flattened = member.flattened || shape.flattened || form.ec2;
    match shape.kind {
        Kind::Structure => {
            let mut members = Map::new();
            for (name, member) in &shape.members {
                let wire = if form.ec2 { member.ec2_name(name) } else { member.wire_name(name).to_owned() };
                let name_there = if prefix.is_empty() { wire } else { format!("{prefix}.{wire}") };
                if from.has(&name_there) {
                    members.insert(name.clone(), decode(form, member, from, &name_there, depth + 1)?);
                }
            }
            Ok(Value::Object(members))
        }
        Kind::List => {
            let Some(item) = &shape.member else { return Ok(Value::Array(Vec::new())) };
            let under = if flattened { prefix.to_owned() } else { format!("{prefix}.{}", item.wire_name("member")) };
            entries(from, &under)
                .map(|name| decode(form, item, from, &name, depth + 1))
                .collect::<Result<_, _>>()
                .map(Value::Array)
        }
        Kind::Map => {
            let (Some(key), Some(value)) = (&shape.key, &shape.value) else { return Ok(Value::Object(Map::new())) };
            let under = if flattened { prefix.to_owned() } else { format!("{prefix}.entry") };
            let pair = |name: String| {
                let text = from.get(&format!("{name}.{}", key.wire_name("key"))).unwrap_or_default().to_owned();
                let value_name = format!("{name}.{}", value.wire_name("value"));
                Ok((text, decode(form, value, from, &value_name, depth + 1)?))
            };
            entries(from, &under).map(pair).collect::<Result<_, _>>().map(Value::Object)
        }
        _ => scalar::read(shape, from.get(prefix).unwrap_or_default()),
    }
}

/// `prefix.1`, `prefix.2`, ... as long as there are any.
fn entries<'a>(from: &'a Parameters, prefix: &'a str) -> impl Iterator<Item = String> + 'a {
    (1..).map(move |number| format!("{prefix}.{number}")).take_while(|name| from.has(name))
}
