//! XML: a small tree, its text, and values of a shape to and from it.

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

use super::fault::Fault;
use super::query::namespace;
use super::scalar::{self, DEPTH_LIMIT, Format, Malformed};
use crate::sim::model::{Kind, Member, Model, Shape};

/// An element with what is in it. Of mixed content the text is kept as one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Element>,
    pub(super) text: String,
}

impl Element {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    pub(super) fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    pub(super) fn child(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// The text of a document with this root.
    pub(super) fn document(&self) -> String {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        self.write(&mut text);
        text
    }

    fn write(&self, into: &mut String) {
        into.extend(["<", &self.name]);
        for (name, value) in &self.attributes {
            into.extend([" ", name, "=\"", &escape(value.as_str()), "\""]);
        }
        if self.children.is_empty() && self.text.is_empty() {
            into.push_str("/>");
            return;
        }
        into.push('>');
        into.push_str(&escape(self.text.as_str()));
        self.children.iter().for_each(|child| child.write(into));
        into.extend(["</", &self.name, ">"]);
    }

    /// Reads the root of a document; prefixes of namespaces are dropped.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let invalid = |what: String| Malformed(format!("Invalid XML ; {what}"));
        let text = std::str::from_utf8(body).map_err(|fault| invalid(fault.to_string()))?;
        let mut reader = Reader::from_str(text);
        // The document itself stands at the bottom.
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().map_err(|fault| invalid(fault.to_string()))? {
                Event::Start(start) if open.len() < DEPTH_LIMIT => open.push(opened(&start).map_err(invalid)?),
                Event::Start(_) => return Err(invalid("elements are nested too deeply".to_owned())),
                Event::Empty(start) => last(&mut open).children.push(opened(&start).map_err(invalid)?),
                Event::End(_) => {
                    if let Some(done) = open.pop() {
                        last(&mut open).children.push(done);
                    }
                }
                Event::Text(text) => last(&mut open).text.push_str(&text.xml10_content()),
                Event::CData(text) => last(&mut open).text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let named = || resolve_predefined_entity(&reference).map(str::to_owned);
                    let character = reference.resolve_char_ref().map_err(|fault| invalid(fault.to_string()))?;
                    let resolved = character.map(String::from).or_else(named);
                    let text = resolved.ok_or_else(|| invalid("an unknown entity".to_owned()))?;
                    last(&mut open).text.push_str(&text);
                }
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
        let mut document = open.swap_remove(0);
        match (open.is_empty(), document.children.pop()) {
            (true, Some(root)) => Ok(root),
            _ => Err(invalid("XML document structures must start and end within the same entity.".to_owned())),
        }
    }
}

/// The innermost open element; the document is never closed, so there is one.
fn last(open: &mut Vec<Element>) -> &mut Element {
    if open.is_empty() {
        open.push(Element::default());
    }
    let index = open.len() - 1;
    &mut open[index]
}

fn opened(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut element = Element::new(start.local_name().as_ref());
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|fault| fault.to_string())?;
        let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|fault| fault.to_string())?;
        element.attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(element)
}

/// Writes a value of a shape as the element `name`, or as several where it is flattened.
pub(super) fn encode(model: &Model, member: &Member, name: &str, value: &Value) -> Vec<Element> {
    let shape = model.shape(member);
    let flattened = member.flattened || shape.flattened;
    match (shape.kind, value) {
        (Kind::Structure, Value::Object(members)) => vec![encode_structure(model, shape, name, members)],
        (Kind::List, Value::Array(items)) => {
            let Some(item) = &shape.member else { return Vec::new() };
            let item_name = if flattened { item.wire_name(name) } else { item.wire_name("member") };
            let items = items.iter().flat_map(|value| encode(model, item, item_name, value)).collect();
            if flattened { items } else { vec![Element { name: name.to_owned(), children: items, ..Element::default() }] }
        }
        (Kind::Map, Value::Object(pairs)) => {
            let (Some(key), Some(item)) = (&shape.key, &shape.value) else { return Vec::new() };
            let entry_name = if flattened { name } else { "entry" };
            let entry = |(text, value): (&String, &Value)| {
                let mut entry = Element::new(entry_name).child(Element::new(key.wire_name("key")).text(text.as_str()));
                entry.children.extend(encode(model, item, item.wire_name("value"), value));
                entry
            };
            let entries = pairs.iter().map(entry).collect();
            if flattened { entries } else { vec![Element { name: name.to_owned(), children: entries, ..Element::default() }] }
        }
        _ => vec![Element::new(name).text(scalar::text(value, Format::of(member, shape, Format::Iso8601), shape.kind))],
    }
}

fn encode_structure(model: &Model, shape: &Shape, name: &str, members: &Map<String, Value>) -> Element {
    let mut element = Element::new(name);
    // In the model's order, which is the order that AWS's own XML schema has.
    for (name, member) in shape.members.iter().filter(|(_, member)| member.location.is_none()) {
        let Some(value) = members.get(name) else { continue };
        let wire = member.wire_name(name);
        if member.xml_attribute {
            let told = model.shape(member);
            if wire.starts_with("xsi:") {
                let schema = "http://www.w3.org/2001/XMLSchema-instance".to_owned();
                element.attributes.push(("xmlns:xsi".to_owned(), schema));
            }
            element.attributes.push((wire.to_owned(), scalar::text(value, Format::Iso8601, told.kind)));
        } else {
            element.children.extend(encode(model, member, wire, value));
        }
    }
    element
}

/// Reads a value of a shape from its element.
pub(super) fn decode(model: &Model, member: &Member, element: &Element) -> Result<Value, Malformed> {
    let shape = model.shape(member);
    match shape.kind {
        Kind::Structure => decode_structure(model, shape, element),
        Kind::List => {
            let Some(item) = &shape.member else { return Ok(Value::Array(Vec::new())) };
            decode_list(model, item, &element.children)
        }
        Kind::Map => decode_map(model, shape, &element.children),
        // A schema's numbers and words stand alone; only strings keep the space around them.
        Kind::String => scalar::read(shape, &element.text),
        _ => scalar::read(shape, element.text.trim()),
    }
}

fn decode_structure(model: &Model, shape: &Shape, element: &Element) -> Result<Value, Malformed> {
    let mut members = Map::new();
    for (name, member) in shape.members.iter().filter(|(_, member)| member.location.is_none()) {
        let wire = member.wire_name(name);
        let target = model.shape(member);
        if member.xml_attribute {
            let attribute = element.attributes.iter().find(|(known, _)| known == wire);
            if let Some((_, text)) = attribute {
                members.insert(name.clone(), scalar::read(target, text)?);
            }
            continue;
        }
        let flattened = member.flattened || target.flattened;
        let named = |wanted: &str| element.children.iter().filter(|child| child.name == wanted).cloned().collect::<Vec<_>>();
        let value = match (target.kind, &target.member) {
            (Kind::List, Some(item)) if flattened => {
                Some(named(item.wire_name(wire))).filter(|found| !found.is_empty()).map(|found| decode_list(model, item, &found))
            }
            (Kind::Map, _) if flattened => {
                Some(named(wire)).filter(|found| !found.is_empty()).map(|found| decode_map(model, target, &found))
            }
            _ => element.children.iter().find(|child| child.name == wire).map(|child| decode(model, member, child)),
        };
        if let Some(value) = value {
            members.insert(name.clone(), value?);
        }
    }
    Ok(Value::Object(members))
}

fn decode_list(model: &Model, item: &Member, elements: &[Element]) -> Result<Value, Malformed> {
    elements.iter().map(|element| decode(model, item, element)).collect::<Result<_, _>>().map(Value::Array)
}

fn decode_map(model: &Model, shape: &Shape, entries: &[Element]) -> Result<Value, Malformed> {
    let (Some(key), Some(value)) = (&shape.key, &shape.value) else { return Ok(Value::Object(Map::new())) };
    let mut pairs = Map::new();
    for entry in entries {
        let part = |name: &str| entry.children.iter().find(|child| child.name == name);
        if let (Some(found), Some(held)) = (part(key.wire_name("key")), part(value.wire_name("value"))) {
            pairs.insert(found.text.clone(), decode(model, value, held)?);
        }
    }
    Ok(Value::Object(pairs))
}

/// The document of an error in the query and REST-XML protocols.
pub(super) fn error(model: Option<&Model>, fault: &Fault<'_>, request_id: &str) -> Element {
    let mut error = Element::new("Error")
        .child(Element::new("Type").text(fault.side()))
        .child(Element::new("Code").text(fault.code.as_str()))
        .child(Element::new("Message").text(fault.message.as_str()));
    for (name, value) in &fault.members {
        if let (Some(model), Some(member)) = (model, fault.shape.and_then(|shape| shape.member_named(name))) {
            error.children.extend(encode(model, member, member.wire_name(name), value));
        }
    }
    let root = Element::new("ErrorResponse").child(error).child(Element::new("RequestId").text(request_id));
    match namespace(model) {
        "" => root,
        namespace => root.attribute("xmlns", namespace),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let tree = Element::new("a")
            .attribute("xmlns", "http://x/?a=1&b=\"2\"")
            .child(Element::new("b").text("1 < 2 & 'so' on"))
            .child(Element::new("c").child(Element::new("d")));
        assert_eq!(Element::parse(tree.document().as_bytes()).unwrap(), tree);
    }

    #[test]
    fn broken_xml_is_refused_and_deep_xml_too() {
        for broken in ["", "<a>", "<a></b>", "<a>&nope;</a>", "plain", "<a b=>", "\u{0}"] {
            assert!(Element::parse(broken.as_bytes()).is_err(), "{broken:?}");
        }
        assert!(Element::parse(&[0xff, 0xfe]).is_err());
        assert!(Element::parse("<a>".repeat(100_000).as_bytes()).is_err());
    }
}
