//! What REST-JSON and REST-XML share: members bound to the path, the query string, the headers and the status.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::protocol::{Request, Response, set};
use super::scalar::{self, Format, Malformed};
use super::{form, s3};
use crate::sim::model::{Kind, Location, Member, Model, Operation};

/// The operation that method, path and query string name. Of several that fit, the one whose path and query string have the most
/// literals, then the one whose required members are there: S3 tells a copy from a put by a header.
pub(super) fn operation<'m>(model: &'m Model, request: &Request) -> Option<&'m Operation> {
    let query: Vec<_> = form::pairs(request.uri().query().unwrap_or_default()).collect();
    let fits = |operation: &&Operation| {
        operation.http.method == request.method().as_str()
            && labels(operation, request.uri().path()).is_some()
            && literals(operation).all(|wanted| query.contains(&wanted))
    };
    let rank = |operation: &&'m Operation| {
        let in_path = segments(&operation.http.request_uri).filter(|segment| !segment.starts_with('{')).count();
        (in_path, literals(operation).count(), bound_required(model, operation, request, &query), operation.name.as_str())
    };
    let found = model.operations().filter(fits).max_by_key(rank)?;
    Some(found).filter(|operation| !s3::is_s3(model) || !s3::asks_for_more(operation, &query))
}

/// What the query string of an operation always has.
fn literals(operation: &Operation) -> impl Iterator<Item = (String, String)> + '_ {
    form::pairs(operation.http.request_uri.split_once('?').map_or("", |(_, query)| query))
}

/// How many of the members that an operation requires in the query string and the headers are there, less those that are not.
fn bound_required(model: &Model, operation: &Operation, request: &Request, query: &[(String, String)]) -> i32 {
    let Some(shape) = operation.input.as_ref().map(|input| model.shape(input)) else { return 0 };
    let there = |name: &String| {
        let member = shape.member_named(name)?;
        let wire = member.wire_name(name);
        match member.location? {
            Location::Querystring => Some(query.iter().any(|(given, _)| given == wire)),
            Location::Header => Some(request.headers().contains_key(wire)),
            _ => None,
        }
    };
    shape.required.iter().filter_map(there).map(|there| if there { 1 } else { -1 }).sum()
}

/// The segments of a path that is still percent-encoded; slashes at its end count for nothing.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    path.trim_end_matches('/').split('/').skip(1)
}

/// What the labels of the operation's path stand for in this one, decoded; `None` where the path is not the operation's.
fn labels(operation: &Operation, path: &str) -> Option<Vec<(String, String)>> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let greedy = segments(&operation.http.request_uri).last().is_some_and(|segment| segment.ends_with("+}"));
    // A key of S3 may end with slashes.
    let given: Vec<&str> = if greedy { path.split('/').skip(1).collect() } else { segments(path).collect() };
    let mut given = given.into_iter().peekable();
    let mut labels = Vec::new();
    for wanted in segments(&operation.http.request_uri) {
        let Some(label) = wanted.strip_prefix('{').and_then(|label| label.strip_suffix('}')) else {
            if decode(given.next()?) != wanted {
                return None;
            }
            continue;
        };
        if let Some(greedy) = label.strip_suffix('+') {
            let rest: Vec<&str> = given.by_ref().collect();
            let rest = decode(&rest.join("/"));
            labels.push((greedy.to_owned(), Some(rest).filter(|rest| !rest.is_empty())?));
        } else {
            labels.push((label.to_owned(), given.next().filter(|text| !text.is_empty()).map(decode)?));
        }
    }
    given.peek().is_none().then_some(labels)
}

/// The members that are bound to the path, the query string and the headers.
pub(super) fn bound(model: &Model, operation: &Operation, request: &Request) -> Result<Map<String, Value>, Malformed> {
    let mut members = Map::new();
    let Some(input) = &operation.input else { return Ok(members) };
    let labels = labels(operation, request.uri().path()).unwrap_or_default();
    let query: Vec<_> = form::pairs(request.uri().query().unwrap_or_default()).collect();
    for (name, member) in &model.shape(input).members {
        let wire = member.wire_name(name);
        let texts: Vec<&str> = match member.location {
            Some(Location::Querystring) if model.shape(member).kind == Kind::Map => {
                members.insert(name.clone(), rest_of_query(model, input, member, &query));
                continue;
            }
            Some(Location::Uri) => named(&labels, wire),
            Some(Location::Querystring) => named(&query, wire),
            Some(Location::Header) => {
                let whole = request.headers().get_all(wire).iter().filter_map(|value| value.to_str().ok());
                // A list stands in one header, with commas, or in several.
                if model.shape(member).kind == Kind::List {
                    whole.flat_map(|text| text.split(',')).map(str::trim).collect()
                } else {
                    whole.collect()
                }
            }
            Some(Location::Headers) => {
                members.insert(name.clone(), prefixed(request, wire));
                continue;
            }
            Some(Location::StatusCode) | None => continue,
        };
        if let Some(value) = read(model, member, &texts)? {
            members.insert(name.clone(), value);
        }
    }
    Ok(members)
}

fn named<'a>(pairs: &'a [(String, String)], wanted: &str) -> Vec<&'a str> {
    pairs.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str()).collect()
}

/// What the query string holds beside the members that have names of their own there: texts, or lists of texts.
fn rest_of_query(model: &Model, input: &Member, member: &Member, query: &[(String, String)]) -> Value {
    let lists = model.shape(member).value.as_ref().is_some_and(|value| model.shape(value).kind == Kind::List);
    let bound = |wanted: &str| {
        model.shape(input).members.iter().any(|(name, member)| {
            member.location == Some(Location::Querystring)
                && model.shape(member).kind != Kind::Map
                && member.wire_name(name) == wanted
        })
    };
    let mut rest = Map::new();
    for (name, value) in query.iter().filter(|(name, _)| !bound(name)) {
        match (lists, rest.get_mut(name)) {
            (true, Some(Value::Array(values))) => values.push(Value::from(value.as_str())),
            (true, _) => {
                rest.insert(name.clone(), Value::Array(vec![Value::from(value.as_str())]));
            }
            (false, _) => {
                rest.insert(name.clone(), Value::from(value.as_str()));
            }
        }
    }
    Value::Object(rest)
}

/// All headers whose names begin with `prefix`, without it.
fn prefixed(request: &Request, prefix: &str) -> Value {
    let prefix = prefix.to_ascii_lowercase();
    let pair = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        Some((name.as_str().strip_prefix(&prefix)?.to_owned(), Value::from(value.to_str().ok()?)))
    };
    Value::Object(request.headers().iter().filter_map(pair).collect())
}

fn read(model: &Model, member: &Member, texts: &[&str]) -> Result<Option<Value>, Malformed> {
    let shape = model.shape(member);
    let Some(first) = texts.first() else { return Ok(None) };
    match (shape.kind, &shape.member) {
        (Kind::List, Some(item)) => {
            let items = texts.iter().map(|text| scalar::read(model.shape(item), text));
            items.collect::<Result<_, _>>().map(|items| Some(Value::Array(items)))
        }
        // `?maxResults=` is how some clients say that they set nothing.
        (kind, _) if first.is_empty() && kind != Kind::String => Ok(None),
        _ => scalar::read(shape, first).map(Some),
    }
}

/// Moves the members of an answer that are bound to headers and the status to where they belong.
pub(super) fn bind(model: &Model, operation: &Operation, value: &Value, response: &mut Response) {
    let Some(output) = &operation.output else { return };
    for (name, member) in &model.shape(output).members {
        let Some(value) = value.get(name) else { continue };
        let shape = model.shape(member);
        match member.location {
            Some(Location::Header) => {
                let text = scalar::text(value, Format::of(member, shape, Format::Rfc822), shape.kind);
                set(response, member.wire_name(name), &text);
            }
            Some(Location::Headers) => {
                for (key, value) in value.as_object().into_iter().flatten() {
                    let text = scalar::text(value, Format::Rfc822, Kind::String);
                    set(response, &format!("{}{key}", member.wire_name(name)), &text);
                }
            }
            Some(Location::StatusCode) => {
                let status = value.as_u64().and_then(|status| u16::try_from(status).ok());
                if let Some(status) = status.and_then(|status| http::StatusCode::from_u16(status).ok()) {
                    *response.status_mut() = status;
                }
            }
            Some(Location::Uri | Location::Querystring) | None => {}
        }
    }
}

/// The value of a body that is one member and no document: bytes as they come, or a text.
pub(super) fn raw(model: &Model, member: &Member, body: &Bytes) -> Option<Value> {
    match model.shape(member).kind {
        Kind::Blob => Some(Value::String(STANDARD.encode(body))),
        Kind::String => Some(Value::String(String::from_utf8_lossy(body).into_owned())),
        _ => None,
    }
}

/// The body of an answer whose payload is one member and no document.
pub(super) fn raw_body(model: &Model, member: &Member, value: Option<&Value>) -> Option<Bytes> {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    match model.shape(member).kind {
        Kind::Blob => Some(STANDARD.decode(text).unwrap_or_default().into()),
        Kind::String => Some(text.to_owned().into()),
        _ => None,
    }
}

/// The member that is the whole body, with its name; of the input or the output.
pub(super) fn payload<'m>(model: &'m Model, end: &Member) -> Option<(&'m str, &'m Member)> {
    let shape = model.shape(end);
    let name = shape.payload.as_deref()?;
    Some((name, shape.member_named(name)?))
}
