//! The readings that only scenarios need, on top of [`crate::document`]: AWS's own members, and time that may run backwards.

use std::ops::Deref;

use chrono::TimeDelta;
use serde_json::{Map, Value};

use crate::document;
use crate::sim::members;

/// A table of a scenario. When it is dropped, the keys that nobody asked for are faults.
pub struct Table<'a>(document::Table<'a>);

impl<'a> Deref for Table<'a> {
    type Target = document::Table<'a>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Drop for Table<'_> {
    fn drop(&mut self) {
        self.0.finish();
    }
}

impl<'a> From<document::Table<'a>> for Table<'a> {
    fn from(table: document::Table<'a>) -> Self {
        Self(table)
    }
}

/// A sentence with the nearest of `names`, if one is near.
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    document::did_you_mean(name, names)
}

impl<'a> Table<'a> {
    /// A text that must be there and not be empty.
    pub fn required(&self, key: &str) -> Option<String> {
        self.0.required_text(key)
    }

    /// A whole number.
    pub fn integer(&self, key: &str) -> Option<i64> {
        self.0.integer(key, i64::MIN..=i64::MAX)
    }

    /// A whole number from 0 up.
    pub fn count(&self, key: &str) -> Option<u32> {
        self.0.integer(key, 0..=i64::from(u32::MAX)).and_then(|count| u32::try_from(count).ok())
    }

    /// A span of time.
    pub fn duration(&self, key: &str) -> Option<TimeDelta> {
        self.0.duration(key).and_then(|duration| TimeDelta::from_std(duration).ok())
    }

    /// One of `choices`.
    pub fn one_of(&self, key: &str, choices: &[&str]) -> Option<String> {
        self.0.one_of(key, choices).map(str::to_owned)
    }

    /// A table inside this one.
    pub fn table(&self, key: &str) -> Option<Table<'a>> {
        self.0.table(key).map(Self)
    }

    /// The tables of a list; none if it is not there.
    pub fn tables(&self, key: &str) -> Vec<Table<'a>> {
        self.0.tables(key).into_iter().map(Self).collect()
    }

    /// The members of this table among `known`, as AWS names them and as JSON, with those of `required` demanded.
    pub fn members(&self, known: &[&str], required: &[&str]) -> Value {
        let read = |key: &str| {
            let value = self.0.json(key)?;
            // AWS's names of times end so; times in calls have milliseconds.
            let time = value.as_str().filter(|_| key.ends_with("Time")).and_then(members::read_time);
            Some((key.to_owned(), time.map_or(value, members::stamp)))
        };
        for key in required.iter().filter(|key| !self.has(key)) {
            self.fault(key, format!("`{key}` is missing"), None);
        }
        Value::Object(required.iter().chain(known).filter_map(|key| read(key)).collect::<Map<_, _>>())
    }
}
