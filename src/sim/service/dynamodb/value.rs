//! Attribute values and items: what is a whole one, how large it is, how two compare.
//!
//! A value stays in AWS's own form, an object with one member that names its type: `{"S": "text"}`.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::number::Number;
use crate::sim::call::Refusal;

/// An item: attribute names to values.
pub type Item = Map<String, Value>;

/// The most bytes of an item.
pub const ITEM_BYTES: usize = 400 * 1024;
/// How deep maps and lists may be nested.
const DEPTH: usize = 32;

/// DynamoDB's refusal of an input.
pub fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", message)
}

/// The same, as DynamoDB words it where it counts what it found.
pub fn detected(message: impl AsRef<str>) -> Refusal {
    invalid(format!("1 validation error detected: {}", message.as_ref()))
}

/// The same, about a value.
pub fn invalid_value(message: impl AsRef<str>) -> Refusal {
    invalid(format!("One or more parameter values were invalid: {}", message.as_ref()))
}

/// The type of a value and what it holds: `("S", "text")`.
pub fn parts(value: &Value) -> Option<(&str, &Value)> {
    value.as_object()?.iter().next().map(|(kind, held)| (kind.as_str(), held))
}

/// The value's type.
pub fn kind(value: &Value) -> &str {
    parts(value).map_or("", |(kind, _)| kind)
}

/// The number of a value of type N.
pub fn number(value: &Value) -> Option<Number> {
    value.get("N").and_then(Value::as_str).and_then(|text| Number::parse(text).ok())
}

/// A value of type N.
pub fn of_number(number: &Number) -> Value {
    json!({"N": number.to_string()})
}

/// The same item with its numbers in their one form.
///
/// # Errors
/// A value that is none, in DynamoDB's words.
pub fn whole(item: &Item) -> Result<Item, Refusal> {
    item.iter().map(|(name, value)| Ok((name.clone(), whole_value(value, 0)?))).collect()
}

/// The same value with its numbers in their one form.
///
/// # Errors
/// A value that is none, in DynamoDB's words.
pub fn whole_value(value: &Value, depth: usize) -> Result<Value, Refusal> {
    let members = value.as_object().map_or(0, Map::len);
    if members > 1 {
        let message =
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes";
        return Err(invalid(message));
    }
    let Some((kind, held)) = parts(value) else {
        return Err(invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"));
    };
    if depth > DEPTH {
        return Err(invalid("Nesting Levels have exceeded supported limits"));
    }
    let held = match (kind, held) {
        ("N", Value::String(text)) => Value::String(Number::parse(text).map_err(invalid)?.to_string()),
        ("NULL", Value::Bool(false)) => {
            return Err(invalid("Null attribute value types must have the value of true"));
        }
        ("B", Value::String(text)) => {
            let bytes = STANDARD.decode(text).map_err(|_| Refusal::new("SerializationException", "Invalid Base64"))?;
            Value::String(STANDARD.encode(bytes))
        }
        ("SS" | "NS" | "BS", Value::Array(members)) => whole_set(kind, members)?,
        ("L", Value::Array(items)) => items.iter().map(|item| whole_value(item, depth + 1)).collect::<Result<_, _>>()?,
        ("M", Value::Object(pairs)) => {
            let pairs = pairs.iter().map(|(name, value)| Ok((name.clone(), whole_value(value, depth + 1)?)));
            Value::Object(pairs.collect::<Result<_, Refusal>>()?)
        }
        (_, held) => held.clone(),
    };
    Ok(json!({ kind: held }))
}

fn whole_set(kind: &str, members: &[Value]) -> Result<Value, Refusal> {
    if members.is_empty() {
        let what = match kind {
            "SS" => "string",
            "NS" => "number",
            _ => "binary",
        };
        return Err(detected(format!("One or more parameter values were invalid: An {what} set  may not be empty")));
    }
    let mut seen = BTreeSet::new();
    let mut whole = Vec::new();
    for member in members {
        let text = member.as_str().unwrap_or_default();
        let text = if kind == "NS" { Number::parse(text).map_err(invalid)?.to_string() } else { text.to_owned() };
        if !seen.insert(text.clone()) {
            if kind == "NS" {
                return Err(invalid("Input collection contains duplicates"));
            }
            let all: Vec<_> = members.iter().filter_map(Value::as_str).collect();
            return Err(invalid_value(format!("Input collection [{}] contains duplicates.", all.join(", "))));
        }
        whole.push(Value::String(text));
    }
    Ok(Value::Array(whole))
}

/// How many bytes an item counts for.
///
/// Source: DynamoDB developer guide, "DynamoDB item sizes and formats".
pub fn item_size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + size(value)).sum()
}

/// How many bytes a value counts for.
pub fn size(value: &Value) -> usize {
    let Some((kind, held)) = parts(value) else { return 0 };
    let bytes = |text: &str| STANDARD.decode(text).map_or(0, |bytes| bytes.len());
    let number = |text: &str| Number::parse(text).map_or(0, |number| number.size());
    let texts = || held.as_array().into_iter().flatten().filter_map(Value::as_str);
    match kind {
        "S" => held.as_str().map_or(0, str::len),
        "N" => held.as_str().map_or(0, number),
        "B" => held.as_str().map_or(0, bytes),
        "SS" => texts().map(str::len).sum(),
        "NS" => texts().map(number).sum(),
        "BS" => texts().map(bytes).sum(),
        "L" => 3 + held.as_array().into_iter().flatten().map(|item| 1 + size(item)).sum::<usize>(),
        "M" => 3 + held.as_object().into_iter().flatten().map(|(name, item)| 1 + name.len() + size(item)).sum::<usize>(),
        _ => 1,
    }
}

/// What `size(path)` says of a value; `None` where it says nothing.
pub fn length(value: &Value) -> Option<usize> {
    let (kind, held) = parts(value)?;
    match kind {
        "S" => held.as_str().map(|text| text.chars().count()),
        "B" => Some(size(value)),
        "SS" | "NS" | "BS" | "L" => held.as_array().map(Vec::len),
        "M" => held.as_object().map(Map::len),
        _ => None,
    }
}

/// Are two values the same? Sets have no order.
pub fn same(a: &Value, b: &Value) -> bool {
    match (parts(a), parts(b)) {
        (Some((kind, Value::Array(of_a))), Some((other, Value::Array(of_b)))) if kind == other && kind.ends_with('S') => {
            of_a.len() == of_b.len() && of_a.iter().all(|member| of_b.contains(member))
        }
        (Some(("L", Value::Array(of_a))), Some(("L", Value::Array(of_b)))) => {
            of_a.len() == of_b.len() && of_a.iter().zip(of_b).all(|(a, b)| same(a, b))
        }
        (Some(("M", Value::Object(of_a))), Some(("M", Value::Object(of_b)))) => {
            of_a.len() == of_b.len() && of_a.iter().all(|(name, value)| of_b.get(name).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}

/// How two values of one scalar type compare; `None` for others.
pub fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (parts(a)?, parts(b)?) {
        (("N", _), ("N", _)) => Some(number(a)?.cmp(&number(b)?)),
        (("S", a), ("S", b)) => Some(a.as_str()?.cmp(b.as_str()?)),
        (("B", a), ("B", b)) => Some(STANDARD.decode(a.as_str()?).ok()?.cmp(&STANDARD.decode(b.as_str()?).ok()?)),
        _ => None,
    }
}

/// Does a text or a sequence of bytes begin with another?
pub fn begins(value: &Value, with: &Value) -> bool {
    match (parts(value), parts(with)) {
        (Some(("S", Value::String(text))), Some(("S", Value::String(start)))) => text.starts_with(start.as_str()),
        (Some(("B", Value::String(text))), Some(("B", Value::String(start)))) => {
            STANDARD.decode(text).unwrap_or_default().starts_with(&STANDARD.decode(start).unwrap_or_default())
        }
        _ => false,
    }
}

/// Does a text hold another one, or a set or list this member?
pub fn contains(value: &Value, member: &Value) -> bool {
    match (parts(value), parts(member)) {
        (Some(("S", Value::String(text))), Some(("S", Value::String(part)))) => text.contains(part.as_str()),
        (Some(("B", Value::String(text))), Some(("B", Value::String(part)))) => {
            let (text, part) = (STANDARD.decode(text).unwrap_or_default(), STANDARD.decode(part).unwrap_or_default());
            part.is_empty() || text.windows(part.len()).any(|window| window == part)
        }
        (Some((set @ ("SS" | "NS" | "BS"), Value::Array(members))), Some((kind, member))) => {
            set.strip_suffix('S') == Some(kind) && members.contains(member)
        }
        (Some(("L", Value::Array(items))), Some(_)) => items.iter().any(|item| same(item, member)),
        _ => false,
    }
}

/// A value of a key, ordered as DynamoDB orders it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyPart {
    /// The table has no sort key.
    None,
    /// A number.
    N(Number),
    /// A text, by its UTF-8 bytes.
    S(String),
    /// Bytes.
    B(Vec<u8>),
    /// After every other part.
    Most,
}

impl KeyPart {
    /// The key's part; `None` for a value that cannot be one.
    pub fn of(value: &Value) -> Option<Self> {
        match parts(value)? {
            ("N", _) => number(value).map(Self::N),
            ("S", Value::String(text)) => Some(Self::S(text.clone())),
            ("B", Value::String(text)) => STANDARD.decode(text).ok().map(Self::B),
            _ => None,
        }
    }

    /// A text that stands for it alone, to be hashed.
    pub fn text(&self) -> String {
        match self {
            Self::None | Self::Most => String::new(),
            Self::N(number) => number.to_string(),
            Self::S(text) => text.clone(),
            Self::B(bytes) => STANDARD.encode(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_made_whole_or_refused() {
        assert_eq!(whole_value(&json!({"N": "1.0"}), 0).unwrap(), json!({"N": "1"}));
        assert_eq!(whole_value(&json!({"L": [{"NS": ["01", "2"]}]}), 0).unwrap(), json!({"L": [{"NS": ["1", "2"]}]}));
        for wrong in [
            json!({}),
            json!({"S": "a", "N": "1"}),
            json!({"N": "x"}),
            json!({"SS": []}),
            json!({"SS": ["a", "a"]}),
            json!({"NULL": false}),
        ] {
            assert!(whole_value(&wrong, 0).is_err(), "{wrong}");
        }
    }

    #[test]
    fn values_compare_by_type_and_sets_without_order() {
        assert!(same(&json!({"SS": ["a", "b"]}), &json!({"SS": ["b", "a"]})));
        assert!(!same(&json!({"L": [{"S": "a"}]}), &json!({"L": [{"S": "b"}]})));
        assert_eq!(compare(&json!({"N": "10"}), &json!({"N": "9"})), Some(Ordering::Greater));
        assert_eq!(compare(&json!({"N": "10"}), &json!({"S": "9"})), None);
        assert!(contains(&json!({"SS": ["a"]}), &json!({"S": "a"})) && !contains(&json!({"NS": ["1"]}), &json!({"S": "1"})));
    }

    #[test]
    fn sizes_are_those_of_the_developer_guide() {
        let item = json!({"id": {"S": "abc"}, "n": {"N": "1234"}, "m": {"M": {"a": {"BOOL": true}}}});
        assert_eq!(item_size(item.as_object().unwrap()), 2 + 3 + 1 + 3 + 1 + (3 + 1 + 1 + 1));
    }
}
