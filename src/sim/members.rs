//! Reading the members of a call's input and writing those of an answer, in the form that [`crate::sim::call`] lays down.

pub use crate::pattern::glob;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

/// The text in member `key`.
pub fn text<'a>(input: &'a Value, key: &str) -> Option<&'a str> {
    input.get(key).and_then(Value::as_str)
}

/// The text in a member that the model requires; empty if it is not there, which the wire does not let through.
pub fn required<'a>(input: &'a Value, key: &str) -> &'a str {
    text(input, key).unwrap_or_default()
}

/// The whole number in member `key`, also where a model spells a number as a string (Route 53's MaxItems).
pub fn integer(input: &Value, key: &str) -> Option<i64> {
    let value = input.get(key)?;
    value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

/// The number in member `key`.
pub fn number(input: &Value, key: &str) -> Option<f64> {
    input.get(key).and_then(Value::as_f64)
}

/// The boolean in member `key`.
pub fn flag(input: &Value, key: &str) -> Option<bool> {
    input.get(key).and_then(Value::as_bool)
}

/// The time in member `key`.
pub fn time(input: &Value, key: &str) -> Option<DateTime<Utc>> {
    text(input, key).and_then(read_time)
}

/// The elements of the list in member `key`; none if there is no such list.
pub fn list<'a>(input: &'a Value, key: &str) -> &'a [Value] {
    input.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The texts of the list in member `key`.
pub fn texts<'a>(input: &'a Value, key: &str) -> Vec<&'a str> {
    list(input, key).iter().filter_map(Value::as_str).collect()
}

/// A time as RFC 3339 in UTC.
pub fn read_time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc))
}

/// A time as a member's value: RFC 3339, UTC, milliseconds.
pub fn stamp(time: DateTime<Utc>) -> Value {
    Value::String(time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// An answer under construction: a member that is not set is absent.
#[derive(Debug, Default, Clone)]
pub struct Members(Map<String, Value>);

impl Members {
    /// No members yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more member.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    /// With one more member if there is a value for it.
    #[must_use]
    pub fn maybe(self, key: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.set(key, value),
            None => self,
        }
    }

    /// With a time.
    #[must_use]
    pub fn time(self, key: &str, time: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.maybe(key, time.into().map(stamp))
    }

    /// With those members of `from` that it has among `keys`, unchanged.
    #[must_use]
    pub fn copy(mut self, from: &Value, keys: &[&str]) -> Self {
        for key in keys {
            if let Some(value) = from.get(*key) {
                self.0.insert((*key).to_owned(), value.clone());
            }
        }
        self
    }

    /// The finished object.
    pub fn done(self) -> Value {
        Value::Object(self.0)
    }
}
