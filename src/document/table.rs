//! A table that reports what is wrong with it and remembers which of its keys were asked for.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use chrono::{DateTime, Utc};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::words::did_you_mean;
use super::{Document, Faults, value};

/// One table of a document. Every method that reads a key answers `None` (or an empty list) when the key is absent, and also, after
/// reporting a fault, when its value is of the wrong kind; reading goes on, so that all faults come together.
pub struct Table<'a> {
    document: &'a Document<'a>,
    faults: &'a Faults,
    entries: &'a DeTable<'a>,
    span: Range<usize>,
    known: RefCell<BTreeSet<String>>,
}

impl<'a> Table<'a> {
    pub(super) fn new(document: &'a Document<'a>, faults: &'a Faults, entries: &'a DeTable<'a>, span: Range<usize>) -> Self {
        Self { document, faults, entries, span, known: RefCell::default() }
    }

    /// Is the key there?
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Its keys in the order of the text. This makes all of them known: for tables whose keys are names that the file gives.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.entries.keys().collect();
        keys.sort_by_key(|key| key.span().start);
        let keys: Vec<String> = keys.into_iter().map(|key| key.get_ref().to_string()).collect();
        self.known.borrow_mut().extend(keys.iter().cloned());
        keys
    }

    /// What `read` reads, and a fault if there is no such key: `table.required("rto", Table::duration)`.
    pub fn required<T>(&self, key: &str, read: impl FnOnce(&Self, &str) -> Option<T>) -> Option<T> {
        if !self.has(key) {
            self.fault(key, format!("`{key}` is missing"), None);
        }
        read(self, key)
    }

    /// A string.
    pub fn text(&self, key: &str) -> Option<String> {
        let value = self.get(key)?;
        if value.get_ref().as_str().is_none() {
            self.wrong(key, value, "a string", quotes(value.get_ref()));
        }
        value.get_ref().as_str().map(str::to_owned)
    }

    /// A string that must be there and not be empty.
    pub fn required_text(&self, key: &str) -> Option<String> {
        let text = self.required(key, Self::text)?;
        if text.trim().is_empty() {
            self.fault(key, format!("`{key}` is empty"), None);
        }
        Some(text)
    }

    /// An integer within `range`.
    pub fn integer(&self, key: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let expected = match (*range.start(), *range.end()) {
            (i64::MIN, i64::MAX) => "an integer".to_owned(),
            (start, i64::MAX) => format!("an integer from {start} up"),
            (start, end) => format!("an integer from {start} to {end}"),
        };
        self.typed(key, &expected, |found| value::integer(found).filter(|number| range.contains(number)))
    }

    /// A float; an integer will do.
    pub fn float(&self, key: &str) -> Option<f64> {
        self.typed(key, "a number", value::float)
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &str) -> Option<bool> {
        self.typed(key, "true or false", DeValue::as_bool)
    }

    /// A duration such as `"90s"`, `"2m"`, `"1h30m"`.
    pub fn duration(&self, key: &str) -> Option<Duration> {
        let found = self.get(key)?;
        let duration = found.get_ref().as_str().and_then(value::duration);
        if duration.is_none() {
            let hint = value::duration_hint(found.get_ref());
            self.wrong(key, found, "a duration such as \"10m\" or \"1h30m\"", hint);
        }
        duration
    }

    /// A time with its offset (RFC 3339), bare or in quotes.
    pub fn time(&self, key: &str) -> Option<DateTime<Utc>> {
        self.typed(key, "a time with its offset such as 2026-03-14T03:00:00Z", value::time)
    }

    /// One of `choices`, which are strings that stand for values.
    pub fn choice<T: Clone>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let chosen = choices.iter().find(|(name, _)| *name == text);
        if chosen.is_none() {
            let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            let hint =
                super::nearest(&text, choices.iter().map(|(name, _)| *name)).map(|near| format!("did you mean \"{near}\"?"));
            self.fault(key, format!("`{key}`: expected one of {}, found string {text:?}", names.join(", ")), hint);
        }
        chosen.map(|(_, value)| value.clone())
    }

    /// One of `choices`, itself.
    pub fn one_of<'c>(&self, key: &str, choices: &[&'c str]) -> Option<&'c str> {
        self.choice(key, &choices.iter().map(|name| (*name, *name)).collect::<Vec<_>>())
    }

    /// The strings of an array.
    pub fn texts(&self, key: &str) -> Vec<String> {
        self.texts_at(key).into_iter().map(|(text, _)| text).collect()
    }

    /// The strings of an array, each with its place.
    pub fn texts_at(&self, key: &str) -> Vec<(String, Range<usize>)> {
        self.strings(key, "an array of strings")
    }

    /// A string, or the strings of an array: a single string counts as an array of one.
    pub fn text_or_texts_at(&self, key: &str) -> Vec<(String, Range<usize>)> {
        match self.get(key).and_then(|value| Some((value.get_ref().as_str()?.to_owned(), value.span()))) {
            Some(one) => vec![one],
            None => self.strings(key, "a string or an array of strings"),
        }
    }

    /// Is there a table at the key?
    pub fn is_table(&self, key: &str) -> bool {
        self.get(key).is_some_and(|found| found.get_ref().as_table().is_some())
    }

    /// A table in this one.
    pub fn table(&self, key: &str) -> Option<Table<'a>> {
        let span = self.get(key)?.span();
        self.typed(key, "a table", DeValue::as_table).map(|entries| Table::new(self.document, self.faults, entries, span))
    }

    /// A table in this one that must be there.
    pub fn required_table(&self, key: &str) -> Option<Table<'a>> {
        self.required(key, Self::table)
    }

    /// The tables of an array of tables.
    pub fn tables(&self, key: &str) -> Vec<Table<'a>> {
        let items = self.array(key, "an array of tables");
        let tables = items.iter().filter_map(|item| match item.get_ref().as_table() {
            Some(entries) => Some(Table::new(self.document, self.faults, entries, item.span())),
            None => {
                self.wrong(key, item, "a table", None);
                None
            }
        });
        tables.collect()
    }

    /// The tables in the table `key`, each with its name, in the order of the text.
    pub fn named_tables(&self, key: &str) -> Vec<(String, Table<'a>)> {
        let Some(outer) = self.table(key) else { return Vec::new() };
        outer.keys().into_iter().filter_map(|name| outer.table(&name).map(|table| (name, table))).collect()
    }

    /// Whatever is there, as JSON; times are strings.
    pub fn json(&self, key: &str) -> Option<serde_json::Value> {
        self.get(key).map(|found| value::json(found.get_ref()))
    }

    /// Reports every key that nobody has asked for. Call it when the table has been read.
    pub fn finish(&self) {
        let known = self.known.borrow();
        for key in self.entries.keys().filter(|key| !known.contains(key.get_ref().as_ref())) {
            let hint = did_you_mean(key.get_ref(), known.iter().map(String::as_str));
            self.fault_at(key.span(), format!("unknown key `{}`", key.get_ref().escape_debug()), hint);
        }
    }

    /// Reports a fault at the value of `key`, or at this table if there is no such key.
    pub fn fault(&self, key: &str, message: impl Into<String>, hint: Option<String>) {
        self.fault_at(self.span(key), message, hint);
    }

    /// Reports a fault anywhere.
    pub fn fault_at(&self, span: Range<usize>, message: impl Into<String>, hint: Option<String>) {
        self.faults.push(self.document.fault(span, message.into(), hint));
    }

    /// Where the value of `key` stands, in bytes; where this table begins if there is no such key.
    pub fn span(&self, key: &str) -> Range<usize> {
        self.entries.get(key).map_or_else(|| self.span.clone(), Spanned::span)
    }

    /// Where `part` stands within the value at `span`; all of it if it is not written there in so many letters.
    pub fn narrow(&self, span: Range<usize>, part: &str) -> Range<usize> {
        let within = self.document.text().get(span.clone()).and_then(|text| text.find(part));
        within.map_or(span.clone(), |start| span.start + start..span.start + start + part.len())
    }

    /// The line of `key`'s value, from 1; the line of this table if there is no such key.
    pub fn line(&self, key: &str) -> usize {
        self.document.position(self.span(key).start).0
    }

    /// Where this table begins: its header, or its braces.
    pub fn own_span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The line that this table begins on, from 1.
    pub fn own_line(&self) -> usize {
        self.document.position(self.span.start).0
    }

    fn get(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.borrow_mut().insert(key.to_owned());
        self.entries.get(key)
    }

    fn strings(&self, key: &str, expected: &str) -> Vec<(String, Range<usize>)> {
        let items = self.array(key, expected);
        let texts = items.iter().filter_map(|item| match item.get_ref().as_str() {
            Some(text) => Some((text.to_owned(), item.span())),
            None => {
                self.wrong(key, item, "a string", quotes(item.get_ref()));
                None
            }
        });
        texts.collect()
    }

    fn array(&self, key: &str, expected: &str) -> Vec<&'a Spanned<DeValue<'a>>> {
        self.typed(key, expected, DeValue::as_array).map(|array| array.iter().collect()).unwrap_or_default()
    }

    fn typed<T>(&self, key: &str, expected: &str, read: impl FnOnce(&'a DeValue<'a>) -> Option<T>) -> Option<T> {
        let found = self.get(key)?;
        let typed = read(found.get_ref());
        if typed.is_none() {
            self.wrong(key, found, expected, None);
        }
        typed
    }

    fn wrong(&self, key: &str, found: &Spanned<DeValue<'_>>, expected: &str, hint: Option<String>) {
        let message = format!("`{key}`: expected {expected}, found {}", value::describe(found.get_ref()));
        self.fault_at(found.span(), message, hint);
    }
}

/// The commonest reason for something else than a string: the quotes were left out.
fn quotes(found: &DeValue<'_>) -> Option<String> {
    match found {
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
            let described = value::describe(found);
            described.split_once(' ').map(|(_, bare)| format!("write it in quotes: \"{bare}\""))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
