//! The readings that only scenarios need, on top of [`crate::document`]: AWS's own members, and time that may run backwards.

use std::ops::{Deref, Range};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::keys::{INJECT, Keys, Kind, ROOT};
use crate::document;
use crate::sim::members;

/// A table of a scenario. When it is dropped, the keys that nobody asked for are faults.
///
/// It reads only what the table of keys has, each as the kind that it has there: the schema cannot lack what the reader takes.
pub struct Table<'a> {
    inner: document::Table<'a>,
    keys: Keys,
    members: &'static [&'static [&'static str]],
}

impl<'a> Deref for Table<'a> {
    type Target = document::Table<'a>;

    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

impl Drop for Table<'_> {
    fn drop(&mut self) {
        self.inner.finish();
    }
}

/// A sentence with the nearest of `names`, if one is near.
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    document::did_you_mean(name, names)
}

impl<'a> Table<'a> {
    /// The outermost table.
    pub fn root(inner: document::Table<'a>) -> Self {
        Self { inner, keys: ROOT, members: &[] }
    }

    /// A table with the changes of an inject.
    pub fn inject(inner: document::Table<'a>) -> Self {
        Self { inner, keys: INJECT, members: &[] }
    }

    fn kind(&self, key: &str) -> &'static Kind {
        let found = self.keys.iter().find(|(known, _)| *known == key).map(|(_, kind)| kind);
        debug_assert!(found.is_some(), "`{key}` is not in the table of keys");
        found.unwrap_or(&Kind::Any)
    }

    fn is(&self, key: &str, fits: fn(&Kind) -> bool) {
        debug_assert!(fits(self.kind(key)), "`{key}` is not {:?}", self.kind(key));
    }

    /// A text.
    pub fn text(&self, key: &str) -> Option<String> {
        self.is(key, |kind| matches!(kind, Kind::Text | Kind::One(_)));
        self.inner.text(key)
    }

    /// A text that must be there and not be empty.
    pub fn required(&self, key: &str) -> Option<String> {
        self.is(key, |kind| matches!(kind, Kind::Text | Kind::One(_)));
        self.inner.required_text(key)
    }

    /// The texts of a list.
    pub fn texts(&self, key: &str) -> Vec<String> {
        self.texts_at(key).into_iter().map(|(text, _)| text).collect()
    }

    /// The texts of a list, each with its place.
    pub fn texts_at(&self, key: &str) -> Vec<(String, Range<usize>)> {
        self.is(key, |kind| matches!(kind, Kind::Texts));
        self.inner.texts_at(key)
    }

    /// A number.
    pub fn float(&self, key: &str) -> Option<f64> {
        self.is(key, |kind| matches!(kind, Kind::Number));
        self.inner.float(key)
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &str) -> Option<bool> {
        self.is(key, |kind| matches!(kind, Kind::Flag));
        self.inner.boolean(key)
    }

    /// A time.
    pub fn time(&self, key: &str) -> Option<DateTime<Utc>> {
        self.is(key, |kind| matches!(kind, Kind::Time));
        self.inner.time(key)
    }

    /// Whatever is there.
    pub fn json(&self, key: &str) -> Option<Value> {
        self.is(key, |kind| matches!(kind, Kind::Any));
        self.inner.json(key)
    }

    /// A whole number.
    pub fn integer(&self, key: &str) -> Option<i64> {
        self.is(key, |kind| matches!(kind, Kind::Whole));
        self.inner.integer(key, i64::MIN..=i64::MAX)
    }

    /// A whole number from 0 up.
    pub fn count(&self, key: &str) -> Option<u32> {
        self.is(key, |kind| matches!(kind, Kind::Whole));
        self.inner.integer(key, 0..=i64::from(u32::MAX)).and_then(|count| u32::try_from(count).ok())
    }

    /// A span of time.
    pub fn duration(&self, key: &str) -> Option<TimeDelta> {
        self.is(key, |kind| matches!(kind, Kind::Span));
        self.inner.duration(key).and_then(|duration| TimeDelta::from_std(duration).ok())
    }

    /// One of the texts that the table of keys has for it.
    pub fn one_of(&self, key: &str) -> Option<&'static str> {
        match self.kind(key) {
            Kind::One(texts) => self.inner.one_of(key, texts),
            _ => None,
        }
    }

    /// A table inside this one.
    pub fn table(&self, key: &str) -> Option<Table<'a>> {
        let Kind::Table(keys) = self.kind(key) else { return None };
        self.inner.table(key).map(|inner| Self { inner, keys, members: &[] })
    }

    /// The tables of a list; none if it is not there.
    pub fn tables(&self, key: &str) -> Vec<Table<'a>> {
        let (keys, members): (Keys, _) = match self.kind(key) {
            Kind::Tables(keys) => (keys, Default::default()),
            Kind::Members(keys, members) => (keys, *members),
            _ => return Vec::new(),
        };
        self.inner.tables(key).into_iter().map(|inner| Self { inner, keys, members }).collect()
    }

    /// AWS's members of this table, as JSON, with those of `required` demanded.
    pub fn members(&self, required: &[&str]) -> Value {
        let read = |key: &str| {
            let value = self.inner.json(key)?;
            // AWS's names of times end so; times in calls have milliseconds.
            let time = value.as_str().filter(|_| key.ends_with("Time")).and_then(members::read_time);
            Some((key.to_owned(), time.map_or(value, members::stamp)))
        };
        for key in required.iter().filter(|key| !self.has(key)) {
            self.fault(key, format!("`{key}` is missing"), None);
        }
        Value::Object(self.members.iter().flat_map(|list| list.iter()).filter_map(|key| read(key)).collect::<Map<_, _>>())
    }
}
