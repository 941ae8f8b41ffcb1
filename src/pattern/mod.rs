//! Event patterns: which events a rule, or a filter policy, lets through.
//!
//! Source: EventBridge user guide, "Creating event patterns" and "Comparison operators". The simulated AWS filters by it and so do
//! plans, so that one text means the same on both sides. It knows nothing of rules, topics or plans.

use std::cmp::Ordering;

use serde_json::{Map, Value};

/// A pattern that was found to be whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Map<String, Value>);

/// The comparisons that a pattern may name.
const COMPARISONS: [&str; 9] =
    ["prefix", "suffix", "anything-but", "numeric", "exists", "equals-ignore-case", "wildcard", "cidr", "equals-or-missing"];

impl From<Map<String, Value>> for Pattern {
    /// A pattern that is known to be whole.
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

impl Pattern {
    /// What it is, as JSON.
    pub fn as_json(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, in EventBridge's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let whole: Value = serde_json::from_str(text).map_err(|_| "Filter is not an object".to_owned())?;
        let Value::Object(fields) = whole else { return Err("Filter is not an object".to_owned()) };
        if fields.is_empty() {
            return Err("Empty objects are not allowed".to_owned());
        }
        check(&fields)?;
        Ok(Self(fields))
    }

    /// Does the pattern let this event through?
    pub fn matches(&self, event: &Value) -> bool {
        fields_match(&self.0, event)
    }
}

fn check(fields: &Map<String, Value>) -> Result<(), String> {
    for (name, wanted) in fields {
        match wanted {
            Value::Array(alternatives) if name == "$or" => {
                for alternative in alternatives {
                    check(alternative.as_object().ok_or("\"$or\" must be an array of objects")?)?;
                }
            }
            Value::Object(inner) if inner.is_empty() => return Err("Empty objects are not allowed".to_owned()),
            Value::Object(inner) => check(inner)?,
            Value::Array(leaves) if leaves.is_empty() => return Err("Empty arrays are not allowed".to_owned()),
            Value::Array(leaves) => leaves.iter().try_for_each(check_leaf)?,
            _ => return Err(format!("\"{name}\" must be an object or an array")),
        }
    }
    Ok(())
}

fn check_leaf(leaf: &Value) -> Result<(), String> {
    let comparison = match leaf {
        Value::Object(comparison) => comparison,
        Value::Array(_) => return Err("Match value must be String, number, true, false, or null".to_owned()),
        _ => return Ok(()),
    };
    let mut named = comparison.iter();
    let (Some((name, argument)), None) = (named.next(), named.next()) else {
        return Err("Only one key allowed in match expression".to_owned());
    };
    let words = |value: &Value| value.is_string() || value.get("equals-ignore-case").is_some_and(Value::is_string);
    match name.as_str() {
        "prefix" | "suffix" if words(argument) => Ok(()),
        "prefix" | "suffix" => Err(format!("{name} match pattern must be a string")),
        "exists" if argument.is_boolean() => Ok(()),
        "exists" => Err("exists match pattern must be either true or false.".to_owned()),
        "equals-ignore-case" | "wildcard" | "cidr" if argument.is_string() => Ok(()),
        "numeric" => {
            numeric(argument).map(|_| ()).ok_or_else(|| "Value of numeric must be an array of operators and numbers.".to_owned())
        }
        "anything-but" if !matches!(argument, Value::Null | Value::Bool(_)) => Ok(()),
        known if COMPARISONS.contains(&known) => Err(format!("{known} match pattern has a value of the wrong kind")),
        unknown => Err(format!("Unrecognized match type {unknown}")),
    }
}

/// The operators and numbers of a numeric comparison.
fn numeric(argument: &Value) -> Option<Vec<(&str, f64)>> {
    let parts = argument.as_array().filter(|parts| !parts.is_empty() && parts.len() % 2 == 0)?;
    parts
        .chunks(2)
        .map(|pair| {
            let operator = pair[0].as_str().filter(|operator| matches!(*operator, "=" | "<" | "<=" | ">" | ">="))?;
            Some((operator, pair[1].as_f64()?))
        })
        .collect()
}

fn fields_match(fields: &Map<String, Value>, event: &Value) -> bool {
    // Of an array of objects, one has to match the whole pattern.
    if let Value::Array(items) = event {
        return items.iter().any(|item| fields_match(fields, item));
    }
    fields.iter().all(|(name, wanted)| match wanted {
        Value::Array(alternatives) if name == "$or" => {
            alternatives.iter().filter_map(Value::as_object).any(|alternative| fields_match(alternative, event))
        }
        Value::Object(inner) => fields_match(inner, event.get(name).unwrap_or(&Value::Null)),
        Value::Array(leaves) => leaves.iter().any(|leaf| leaf_matches(leaf, event.get(name))),
        _ => false,
    })
}

fn leaf_matches(leaf: &Value, found: Option<&Value>) -> bool {
    if let Some(wanted) = leaf.get("exists").and_then(Value::as_bool) {
        // A field with fields of its own is not one that can be matched.
        return wanted == found.is_some_and(|found| !found.is_object());
    }
    match found {
        None => false,
        Some(Value::Array(items)) => items.iter().any(|item| value_matches(leaf, item)),
        Some(value) => value_matches(leaf, value),
    }
}

fn value_matches(leaf: &Value, value: &Value) -> bool {
    let Some((name, argument)) = leaf.as_object().and_then(|comparison| comparison.iter().next()) else {
        return same(leaf, value);
    };
    let text = value.as_str();
    match name.as_str() {
        "anything-but" => !but(argument, value),
        "numeric" => value.as_f64().is_some_and(|number| {
            numeric(argument).is_some_and(|tests| tests.iter().all(|(operator, bound)| compares(operator, number, *bound)))
        }),
        _ => text.is_some_and(|text| words_match(name, argument, text)),
    }
}

/// Is `value` among what anything-but excludes?
fn but(excluded: &Value, value: &Value) -> bool {
    match excluded {
        Value::Array(items) => items.iter().any(|item| same(item, value)),
        Value::Object(comparison) => comparison.iter().any(|(name, argument)| {
            let arguments = argument.as_array().map_or(std::slice::from_ref(argument), Vec::as_slice);
            value.as_str().is_some_and(|text| arguments.iter().any(|argument| words_match(name, argument, text)))
        }),
        other => same(other, value),
    }
}

fn words_match(comparison: &str, argument: &Value, text: &str) -> bool {
    let folded = argument.get("equals-ignore-case").and_then(Value::as_str).map(str::to_lowercase);
    let (wanted, text) = match (&folded, argument.as_str()) {
        (Some(folded), _) => (folded.clone(), text.to_lowercase()),
        (None, Some(wanted)) => (wanted.to_owned(), text.to_owned()),
        (None, None) => return false,
    };
    match comparison {
        "prefix" => text.starts_with(&wanted),
        "suffix" => text.ends_with(&wanted),
        "equals-ignore-case" => text.to_lowercase() == wanted.to_lowercase(),
        "wildcard" => glob(&wanted, &text),
        "cidr" => in_block(&wanted, &text).unwrap_or(false),
        _ => false,
    }
}

fn in_block(block: &str, address: &str) -> Option<bool> {
    let (network, bits) = block.split_once('/')?;
    let bits: u32 = bits.parse().ok()?;
    let bytes = |address: &str| -> Option<(u128, u32)> {
        match address.parse().ok()? {
            std::net::IpAddr::V4(address) => Some((u128::from(u32::from(address)), 32)),
            std::net::IpAddr::V6(address) => Some((u128::from(address), 128)),
        }
    };
    let ((network, width), (address, other)) = (bytes(network)?, bytes(address)?);
    let shift = width.checked_sub(bits)?;
    Some(width == other && (shift >= 128 || network >> shift == address >> shift))
}

fn compares(operator: &str, number: f64, bound: f64) -> bool {
    let order = number.partial_cmp(&bound);
    match operator {
        "=" => order == Some(Ordering::Equal),
        "<" => order == Some(Ordering::Less),
        "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        ">" => order == Some(Ordering::Greater),
        _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    }
}

/// Equal, where 1 and 1.0 are the same number.
fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one.partial_cmp(&other) == Some(Ordering::Equal),
        _ => one == other,
    }
}

/// Does `text` match `glob`, in which `*` stands for any run of characters?
pub fn glob(glob: &str, text: &str) -> bool {
    let Some((head, tail)) = glob.split_once('*') else { return glob == text };
    let Some(rest) = text.strip_prefix(head) else { return false };
    tail.is_empty() || (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| self::glob(tail, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn matches(pattern: Value, event: &Value) -> bool {
        Pattern::parse(&pattern.to_string()).unwrap().matches(event)
    }

    #[test]
    fn every_comparison_matches_as_the_guide_says() {
        let event = json!({"source": "aws.cloudwatch", "detail": {
            "state": {"value": "ALARM"}, "count": 7, "name": "shop-Error-rate", "tags": ["a", "b"], "none": null,
            "address": "10.0.3.4", "entities": [{"kind": "x", "well": true}, {"kind": "y", "well": false}]}});
        for (field, leaf, expected) in [
            ("name", json!("shop-Error-rate"), true),
            ("name", json!({"prefix": "shop-"}), true),
            ("name", json!({"prefix": {"equals-ignore-case": "SHOP-E"}}), true),
            ("name", json!({"suffix": "rate"}), true),
            ("name", json!({"suffix": "Rate"}), false),
            ("name", json!({"equals-ignore-case": "SHOP-ERROR-RATE"}), true),
            ("name", json!({"wildcard": "shop-*-rate"}), true),
            ("name", json!({"wildcard": "shop-*-late"}), false),
            ("name", json!({"anything-but": "other"}), true),
            ("name", json!({"anything-but": ["shop-Error-rate", "x"]}), false),
            ("name", json!({"anything-but": {"prefix": "shop"}}), false),
            ("name", json!({"anything-but": {"suffix": ["x", "y"]}}), true),
            ("count", json!({"numeric": [">", 5, "<=", 7]}), true),
            ("count", json!({"numeric": ["<", 7]}), false),
            ("count", json!(7.0), true),
            ("tags", json!("b"), true),
            ("none", json!(null), true),
            ("none", json!({"exists": true}), true),
            ("absent", json!({"exists": false}), true),
            ("absent", json!({"exists": true}), false),
            ("absent", json!({"anything-but": "x"}), false),
            ("address", json!({"cidr": "10.0.0.0/16"}), true),
            ("address", json!({"cidr": "10.1.0.0/16"}), false),
        ] {
            assert_eq!(matches(json!({"detail": {field: [leaf]}}), &event), expected, "{field}: {leaf}");
        }
        assert!(matches(json!({"detail": {"state": {"value": ["OK", "ALARM"]}}}), &event));
        assert!(matches(json!({"$or": [{"source": ["x"]}, {"detail": {"count": [7]}}]}), &event));
        assert!(!matches(json!({"source": ["aws.cloudwatch"], "$or": [{"source": ["x"]}, {"detail": {"count": [8]}}]}), &event));
        assert!(matches(json!({"detail": {"entities": {"kind": ["x"], "well": [true]}}}), &event));
        assert!(!matches(json!({"detail": {"entities": {"kind": ["x"], "well": [false]}}}), &event));
    }

    #[test]
    fn a_pattern_that_says_nothing_whole_is_refused() {
        for broken in [
            "",
            "[]",
            "{}",
            "{\"a\": 1}",
            "{\"a\": []}",
            "{\"a\": {}}",
            "{\"a\": [{\"prefix\": 1}]}",
            "{\"a\": [{\"sounds-like\": \"b\"}]}",
            "{\"a\": [{\"numeric\": [\">\"]}]}",
            "{\"a\": [{\"exists\": \"x\"}]}",
            "{\"a\": [[1]]}",
        ] {
            assert!(Pattern::parse(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn globs_match_whole_texts() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("eu-*", "eu-west-1", true),
            ("eu-*", "us-east-1", false),
            ("*Restore*", "StartRestoreJob", true),
            ("Describe*Jobs", "DescribeRestoreJob", false),
            ("ssm", "ssm", true),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
