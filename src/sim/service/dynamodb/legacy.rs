//! The parameters that expressions took the place of, read as if they were expressions.
//!
//! Source: DynamoDB developer guide, "Legacy DynamoDB conditional parameters".

use serde_json::{Map, Value, json};

use super::tree::{Action, Comparator, Condition, Operand, Path, Step, Term};
use super::value::{invalid, invalid_value, kind, whole_value};
use crate::sim::call::Refusal;
use crate::sim::members;

const OLD: [&str; 8] = [
    "AttributeUpdates",
    "AttributesToGet",
    "ConditionalOperator",
    "Expected",
    "KeyConditions",
    "QueryFilter",
    "ScanFilter",
    "Exists",
];

/// Old parameters and expressions do not go together.
///
/// # Errors
/// Both are there.
pub fn not_mixed(input: &Value, expressions: &[&str]) -> Result<(), Refusal> {
    let given = |names: &[&str]| {
        names.iter().filter(|name| input.get(**name).is_some()).map(|name| (*name).to_owned()).collect::<Vec<_>>()
    };
    let (old, new) = (given(&OLD), given(expressions));
    if old.is_empty() || new.is_empty() {
        return Ok(());
    }
    let message = "Can not use both expression and non-expression parameters in the same request:";
    Err(invalid(format!(
        "{message} Non-expression parameters: {{{}}} Expression parameters: {{{}}}",
        old.join(", "),
        new.join(", ")
    )))
}

/// The attribute of that name.
pub fn path(name: &str) -> Path {
    vec![Step::Name(name.to_owned())]
}

/// The condition of `Expected`.
///
/// # Errors
/// As DynamoDB refuses it.
pub fn expected(input: &Value) -> Result<Option<Condition>, Refusal> {
    let given = input.get("Expected").and_then(Value::as_object);
    let mut conditions = Vec::new();
    for (name, one) in given.into_iter().flatten() {
        if members::text(one, "ComparisonOperator").is_some() {
            conditions.push(condition(name, one)?);
            continue;
        }
        match (members::flag(one, "Exists"), one.get("Value")) {
            (Some(false), Some(_)) => {
                return Err(invalid_value("Value cannot be used when Exists is false for Attribute: ".to_owned() + name));
            }
            (Some(false), None) => conditions.push(Condition::Exists(path(name), false)),
            (_, Some(value)) => {
                conditions.push(Condition::Compare(
                    Operand::Path(path(name)),
                    Comparator::Eq,
                    Operand::Value(whole_value(value, 0)?),
                ));
            }
            (Some(true), None) => {
                return Err(invalid_value(format!("Value must be provided when Exists is true for Attribute: {name}")));
            }
            (None, None) => {
                return Err(invalid_value(format!("Value must be provided when Exists is null for Attribute: {name}")));
            }
        }
    }
    joined(input, conditions)
}

/// The condition of a filter, or of `KeyConditions`.
///
/// # Errors
/// As DynamoDB refuses it.
pub fn filter(input: &Value, key: &str) -> Result<Option<Condition>, Refusal> {
    let given = input.get(key).and_then(Value::as_object);
    let conditions = given.into_iter().flatten().map(|(name, one)| condition(name, one)).collect::<Result<_, _>>()?;
    joined(if key == "KeyConditions" { &Value::Null } else { input }, conditions)
}

fn joined(input: &Value, conditions: Vec<Condition>) -> Result<Option<Condition>, Refusal> {
    let or = members::text(input, "ConditionalOperator") == Some("OR");
    if members::text(input, "ConditionalOperator").is_some() && conditions.is_empty() {
        return Err(invalid("ConditionalOperator cannot be used without Filter or Expected"));
    }
    Ok(conditions
        .into_iter()
        .reduce(|a, b| if or { Condition::Or(a.into(), b.into()) } else { Condition::And(a.into(), b.into()) }))
}

fn condition(name: &str, one: &Value) -> Result<Condition, Refusal> {
    let operator = members::required(one, "ComparisonOperator");
    let given = members::list(one, "AttributeValueList").iter().chain(one.get("Value"));
    let values: Vec<Value> = given.map(|value| whole_value(value, 0)).collect::<Result<_, _>>()?;
    let wrong = || invalid_value(format!("Invalid number of argument(s) for the {operator} ComparisonOperator"));
    let left = || Operand::Path(path(name));
    let one = || values.first().filter(|_| values.len() == 1).cloned().map(Operand::Value).ok_or_else(wrong);
    let compared = |comparator| Ok(Condition::Compare(left(), comparator, one()?));
    match operator {
        "EQ" => compared(Comparator::Eq),
        "NE" => compared(Comparator::Ne),
        "LT" => compared(Comparator::Lt),
        "LE" => compared(Comparator::Le),
        "GT" => compared(Comparator::Gt),
        "GE" => compared(Comparator::Ge),
        "NOT_NULL" | "NULL" if values.is_empty() => Ok(Condition::Exists(path(name), operator == "NOT_NULL")),
        "BEGINS_WITH" => Ok(Condition::Begins(left(), one()?)),
        "CONTAINS" => Ok(Condition::Contains(left(), one()?)),
        "NOT_CONTAINS" => {
            let contains = Condition::Contains(left(), one()?);
            Ok(Condition::And(Condition::Exists(path(name), true).into(), Condition::Not(contains.into()).into()))
        }
        "IN" if !values.is_empty() => Ok(Condition::In(left(), values.iter().cloned().map(Operand::Value).collect())),
        "BETWEEN" if values.len() == 2 => {
            if kind(&values[0]) != kind(&values[1]) {
                return Err(invalid_value("AttributeValues inside AttributeValueList must be of same type"));
            }
            if super::value::compare(&values[0], &values[1]) == Some(std::cmp::Ordering::Greater) {
                return Err(invalid(
                    "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
                ));
            }
            Ok(Condition::Between(left(), Operand::Value(values[0].clone()), Operand::Value(values[1].clone())))
        }
        _ => Err(wrong()),
    }
}

/// The actions of `AttributeUpdates`.
///
/// # Errors
/// As DynamoDB refuses them.
pub fn updates(input: &Value) -> Result<Vec<Action>, Refusal> {
    let given: Option<&Map<String, Value>> = input.get("AttributeUpdates").and_then(Value::as_object);
    let mut actions = Vec::new();
    for (name, one) in given.into_iter().flatten() {
        let value = one.get("Value").map(|value| whole_value(value, 0)).transpose()?;
        let action = members::text(one, "Action").unwrap_or("PUT");
        let allowed: &[&str] = if action == "ADD" { &["N", "SS", "NS", "BS", "L"] } else { &["SS", "NS", "BS"] };
        actions.push(match (action, value) {
            ("PUT", Some(value)) => Action::Set(path(name), Term::Operand(Operand::Value(value))),
            ("DELETE", None) => Action::Remove(path(name)),
            (action @ ("PUT" | "ADD"), None) => {
                return Err(invalid_value(format!(
                    "Only DELETE action is allowed when no attribute value is specified: {action}"
                )));
            }
            ("ADD", Some(value)) if kind(&value) == "L" => {
                let old = Term::IfNotExists(path(name), Term::Operand(Operand::Value(json!({"L": []}))).into());
                Action::Set(path(name), Term::Append(old.into(), Term::Operand(Operand::Value(value)).into()))
            }
            (action, Some(value)) if allowed.contains(&kind(&value)) => {
                if action == "ADD" {
                    Action::Add(path(name), value)
                } else {
                    Action::Delete(path(name), value)
                }
            }
            (action, value) => {
                let told = value.as_ref().map_or("", kind);
                return Err(invalid_value(format!("{action} action with value is not supported for the type {told}")));
            }
        });
    }
    Ok(actions)
}
