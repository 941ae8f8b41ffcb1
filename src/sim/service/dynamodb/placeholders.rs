//! The placeholders of expressions: `#name` and `:value`.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::value::{detected, invalid, whole_value};
use crate::sim::call::Refusal;

/// What the placeholders of a call's expressions stand for, and which were used.
#[derive(Debug)]
pub struct Placeholders<'a> {
    pub(super) names: Option<&'a Map<String, Value>>,
    pub(super) values: Option<&'a Map<String, Value>>,
    pub(super) used: RefCell<BTreeSet<String>>,
}

impl<'a> Placeholders<'a> {
    /// Those of an input.
    ///
    /// # Errors
    /// They are given without an expression, empty, or misspelt.
    pub fn of(input: &'a Value, expressions: &[&str]) -> Result<Self, Refusal> {
        let map = |key: &str| input.get(key).and_then(Value::as_object);
        let (names, values) = (map("ExpressionAttributeNames"), map("ExpressionAttributeValues"));
        let without = expressions.iter().all(|expression| input.get(*expression).is_none());
        for (what, mark, given) in [("Names", '#', names), ("Values", ':', values)] {
            let Some(given) = given else { continue };
            if without {
                return Err(invalid(match (what, expressions) {
                    ("Values", [only]) => {
                        format!("ExpressionAttributeValues can only be specified when using expressions: {only} is null")
                    }
                    _ => format!("ExpressionAttribute{what} can only be specified when using expressions"),
                }));
            }
            if given.is_empty() {
                return Err(detected(format!("ExpressionAttribute{what} must not be empty")));
            }
            let whole = |key: &String| {
                key.len() > 1 && key.starts_with(mark) && key[1..].chars().all(|c| c.is_alphanumeric() || c == '_')
            };
            if let Some(wrong) = given.keys().find(|key| !whole(key)) {
                return Err(invalid(format!("ExpressionAttribute{what} contains invalid key: Syntax error; key: \"{wrong}\"")));
            }
        }
        for (key, value) in values.into_iter().flatten() {
            whole_value(value, 0).map_err(|refusal| {
                if refusal.message.ends_with("set  may not be empty") {
                    return refusal;
                }
                invalid(format!("ExpressionAttributeValues contains invalid value: {} for key {key}", refusal.message))
            })?;
        }
        Ok(Self { names, values, used: RefCell::default() })
    }

    /// Were all of them used?
    ///
    /// # Errors
    /// No.
    pub fn all_used(&self) -> Result<(), Refusal> {
        for (what, given) in [("Names", self.names), ("Values", self.values)] {
            let used = self.used.borrow();
            let unused: Vec<_> = given.into_iter().flat_map(Map::keys).filter(|key| !used.contains(*key)).cloned().collect();
            if !unused.is_empty() {
                let keys = unused.join(", ");
                let message = format!("Value provided in ExpressionAttribute{what} unused in expressions: keys: {{{keys}}}");
                return Err(if what == "Names" { detected(message) } else { invalid(message) });
            }
        }
        Ok(())
    }
}
