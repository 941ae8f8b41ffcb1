//! The rules of Choice states.

use chrono::DateTime;
use serde_json::Value;

use super::path::{Fault, Scope, at};
use crate::sim::members;

/// The comparisons, without `Path` behind them.
pub const COMPARISONS: [&str; 23] = [
    "StringEquals",
    "StringLessThan",
    "StringGreaterThan",
    "StringLessThanEquals",
    "StringGreaterThanEquals",
    "StringMatches",
    "NumericEquals",
    "NumericLessThan",
    "NumericGreaterThan",
    "NumericLessThanEquals",
    "NumericGreaterThanEquals",
    "BooleanEquals",
    "TimestampEquals",
    "TimestampLessThan",
    "TimestampGreaterThan",
    "TimestampLessThanEquals",
    "TimestampGreaterThanEquals",
    "IsNull",
    "IsPresent",
    "IsNumeric",
    "IsString",
    "IsBoolean",
    "IsTimestamp",
];

/// Does the rule hold?
///
/// # Errors
/// A path leads nowhere.
pub fn holds(scope: Scope<'_>, rule: &Value) -> Result<bool, Fault> {
    if let Some(inner) = rule.get("Not") {
        return holds(scope, inner).map(|held| !held);
    }
    if rule.get("And").is_some() {
        for inner in members::list(rule, "And") {
            if !holds(scope, inner)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    if rule.get("Or").is_some() {
        for inner in members::list(rule, "Or") {
            if holds(scope, inner)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    let path = members::required(rule, "Variable");
    let found = at(scope, path);
    let comparison =
        rule.as_object().into_iter().flatten().find(|(name, _)| COMPARISONS.contains(&name.strip_suffix("Path").unwrap_or(name)));
    let Some((name, expected)) = comparison else { return Ok(false) };
    if name == "IsPresent" {
        return Ok(expected.as_bool() == Some(found.is_ok()));
    }
    let value = found.map_err(|_| {
        ("States.Runtime", format!("Invalid path '{path}': The choice state's condition path references an invalid value."))
    })?;
    match name.strip_suffix("Path") {
        Some(plain) => Ok(compare(plain, &value, &at(scope, expected.as_str().unwrap_or_default())?)),
        None => Ok(compare(name, &value, expected)),
    }
}

fn compare(name: &str, value: &Value, expected: &Value) -> bool {
    let is = |is: bool| expected.as_bool() == Some(is);
    let time = |value: &Value| value.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    match name {
        "IsNull" => return is(value.is_null()),
        "IsNumeric" => return is(value.is_number()),
        "IsString" => return is(value.is_string()),
        "IsBoolean" => return is(value.is_boolean()),
        "IsTimestamp" => return is(time(value).is_some()),
        "BooleanEquals" => return value.is_boolean() && value == expected,
        "StringMatches" => {
            return value.as_str().zip(expected.as_str()).is_some_and(|(text, pattern)| members::glob(pattern, text));
        }
        _ => {}
    }
    let (order, comparator) = if let Some(rest) = name.strip_prefix("String") {
        (value.as_str().zip(expected.as_str()).map(|(a, b)| a.cmp(b)), rest)
    } else if let Some(rest) = name.strip_prefix("Numeric") {
        (value.as_f64().zip(expected.as_f64()).and_then(|(a, b)| a.partial_cmp(&b)), rest)
    } else {
        (time(value).zip(time(expected)).map(|(a, b)| a.cmp(&b)), name.strip_prefix("Timestamp").unwrap_or_default())
    };
    let Some(order) = order else { return false };
    match comparator {
        "Equals" => order.is_eq(),
        "LessThan" => order.is_lt(),
        "GreaterThan" => order.is_gt(),
        "LessThanEquals" => order.is_le(),
        "GreaterThanEquals" => order.is_ge(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rules_hold_as_the_language_says() {
        let input = json!({"n": 5, "s": "log-1.txt", "t": "2026-03-14T03:00:00Z", "b": true, "z": null, "limit": 5});
        let scope = Scope { input: &input, context: &Value::Null };
        for (rule, expected) in [
            (json!({"Variable": "$.n", "NumericGreaterThanEquals": 5}), true),
            (json!({"Variable": "$.n", "NumericEqualsPath": "$.limit"}), true),
            (json!({"Variable": "$.n", "StringEquals": "5"}), false),
            (json!({"Variable": "$.s", "StringMatches": "log-*.txt"}), true),
            (json!({"Variable": "$.t", "TimestampLessThan": "2026-03-14T03:00:01Z"}), true),
            (json!({"Variable": "$.nothing", "IsPresent": false}), true),
            (json!({"Variable": "$.z", "IsNull": true}), true),
            (json!({"Not": {"Variable": "$.b", "BooleanEquals": false}}), true),
            (json!({"And": [{"Variable": "$.b", "BooleanEquals": true}, {"Variable": "$.n", "NumericLessThan": 5}]}), false),
            (json!({"Or": [{"Variable": "$.b", "BooleanEquals": false}, {"Variable": "$.n", "NumericLessThan": 6}]}), true),
        ] {
            assert_eq!(holds(scope, &rule).unwrap(), expected, "{rule}");
        }
        assert_eq!(holds(scope, &json!({"Variable": "$.nothing", "NumericEquals": 1})).unwrap_err().0, "States.Runtime");
    }
}
