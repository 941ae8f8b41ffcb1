//! Every shape of every model, through every form that a value has on the wire and back; and bodies that are not what they claim.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::protocol::{Protocol, Request};
use super::scalar::Format;
use super::{cbor, check, json as json_form, xml};
use crate::sim::model::{self, Kind, Member, Model};

/// A value with everything set that the shape allows, down to `depth`; members that travel outside a body are left out.
fn sample(model: &Model, member: &Member, depth: usize) -> Value {
    let shape = model.shape(member);
    let pair = |item: &Member| [sample(model, item, depth - 1), sample(model, item, depth - 1)];
    match shape.kind {
        Kind::Structure => {
            let inner = shape.members.iter().filter(|(_, member)| member.location.is_none() && depth > 0);
            inner.map(|(name, member)| (name.clone(), sample(model, member, depth - 1))).collect()
        }
        Kind::List if depth > 0 => shape.member.iter().flat_map(pair).collect(),
        Kind::List => json!([]),
        Kind::Map if depth > 0 => {
            let pairs = shape.value.iter().flat_map(pair).zip(["k.1", "K <2>"]);
            Value::Object(pairs.map(|(value, key)| (key.to_owned(), value)).collect::<Map<_, _>>())
        }
        Kind::Map => json!({}),
        Kind::String => shape.values.first().map_or_else(|| json!(" a & <b> \"é\"\n "), |value| json!(value)),
        Kind::Blob => json!("aGVsbG8="),
        Kind::Boolean => json!(true),
        Kind::Integer => json!(-7),
        Kind::Long => json!(9_007_199_254_740_993_i64),
        Kind::Float | Kind::Double => json!(38.25),
        // This format knows no more than seconds.
        Kind::Timestamp if matches!(Format::of(member, shape, Format::Iso8601), Format::Rfc822) => {
            json!("2026-03-14T03:02:00.000Z")
        }
        Kind::Timestamp => json!("2026-03-14T03:02:00.123Z"),
    }
}

fn everywhere(mut each: impl FnMut(&Model, &Member, &str)) {
    for service in model::services() {
        let (_, model) = model::model(service).unwrap();
        for operation in model.operations() {
            for end in operation.input.iter().chain(&operation.output) {
                each(model, end, &operation.name);
            }
        }
    }
}

#[test]
fn every_shape_survives_json_cbor_and_xml() {
    everywhere(|model, member, name| {
        let value = sample(model, member, 12);
        let through = json_form::encode(model, member, &value);
        assert_eq!(json_form::decode(model, member, through).unwrap(), value, "{name} in JSON");
        // The names of other protocols' messages count for nothing in CBOR, so only those who speak it can be held to it.
        if model.speaks(Protocol::Cbor.name()) {
            assert_eq!(cbor::through(model, member, &value).unwrap(), value, "{name} in CBOR");
        }
        let [element] = xml::encode(model, member, "Root", &value).try_into().unwrap();
        let element = xml::Element::parse(element.document().as_bytes()).unwrap();
        assert_eq!(xml::decode(model, member, &element).unwrap(), value, "{name} in XML");
    });
}

#[test]
fn every_full_answer_fits_its_model() {
    for service in model::services() {
        let (_, model) = model::model(service).unwrap();
        for operation in model.operations() {
            if let Some(output) = &operation.output {
                assert_eq!(check::misfit(model, operation, &sample(model, output, 12)), None);
            }
        }
    }
}

const PROTOCOLS: [Protocol; 6] =
    [Protocol::Json, Protocol::RestJson, Protocol::RestXml, Protocol::Query, Protocol::Ec2, Protocol::Cbor];

/// Reads `body` as the input of every operation, in every protocol. What matters is that it returns.
fn read_everywhere(body: &[u8]) {
    for service in model::services() {
        let (_, model) = model::model(service).unwrap();
        for operation in model.operations() {
            for protocol in PROTOCOLS {
                let mut request = Request::new(Bytes::copy_from_slice(body));
                *request.uri_mut() = "/a/b?maxResults=%ff&x".parse().unwrap();
                let _ = protocol.read(model, operation, &request);
                let _ = protocol.operation(model, &request);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_reader_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        read_everywhere(&body);
    }

    #[test]
    fn no_text_of_a_protocols_alphabet_makes_a_reader_panic(body in r#"[\[\]{}",:0-9aA.=&%<>/;\-e ]{0,120}"#) {
        read_everywhere(body.as_bytes());
    }
}

#[test]
fn nesting_beyond_the_limit_is_refused_not_followed() {
    for open in ["[", "{\"a\":", "<a>", "\u{1}"] {
        read_everywhere(open.repeat(20_000).as_bytes());
    }
    read_everywhere(&[0x81].repeat(100_000));
    read_everywhere(format!("Metadata.{}=1", "entry.1.".repeat(20_000)).as_bytes());
}
