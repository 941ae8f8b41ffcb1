//! Reads TOML with places: every fault of a file is collected, with its line, column and nearest name, before any is told.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

use crate::sim::members;

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// In bytes of the text.
    pub span: Range<usize>,
    /// What is wrong and what was expected.
    pub message: String,
    /// What may have been meant.
    pub hint: Option<String>,
}

/// All that is wrong with a file, in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.0.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write!(f, "{}:{}:{}: {}", fault.path, fault.line, fault.column, fault.message)?;
            if let Some(hint) = &fault.hint {
                write!(f, " ({hint})")?;
            }
        }
        Ok(())
    }
}

/// A parsed file and the faults found in it so far.
pub struct Document<'t> {
    path: String,
    text: &'t str,
    root: Spanned<DeTable<'t>>,
    faults: RefCell<Vec<Fault>>,
}

impl<'t> Document<'t> {
    /// Parses `text`; what is not TOML is a fault like any other.
    pub fn parse(path: &str, text: &'t str) -> Self {
        let (root, errors) = DeTable::parse_recoverable(text);
        let document = Self { path: path.to_owned(), text, root, faults: RefCell::default() };
        for error in errors {
            document.fault(error.span().unwrap_or(0..0), format!("not TOML: {}", error.message()), None);
        }
        document
    }

    /// The outermost table.
    pub fn root(&self) -> Table<'_> {
        Table { document: self, table: self.root.get_ref(), span: 0..0, read: RefCell::default() }
    }

    /// `value` if nothing was wrong.
    ///
    /// # Errors
    /// Everything that was.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Faults> {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|fault| fault.span.start);
        match value {
            Some(value) if faults.is_empty() => Ok(value),
            _ => Err(Faults(faults)),
        }
    }

    fn fault(&self, span: Range<usize>, message: String, hint: Option<String>) {
        let before = self.text.get(..span.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        self.faults.borrow_mut().push(Fault { path: self.path.clone(), line, column, span, message, hint });
    }
}

/// One table of the file. It remembers which keys were asked for; when it is dropped, the others are faults.
pub struct Table<'d> {
    document: &'d Document<'d>,
    table: &'d DeTable<'d>,
    span: Range<usize>,
    read: RefCell<BTreeSet<&'static str>>,
}

impl Drop for Table<'_> {
    fn drop(&mut self) {
        let read = self.read.borrow();
        for key in self.table.keys().filter(|key| !read.contains(key.get_ref().as_ref())) {
            let hint = nearest(key.get_ref(), read.iter().copied());
            self.document.fault(key.span(), format!("unknown key `{}`", key.get_ref()), hint);
        }
    }
}

/// A sentence with the nearest of `names`, if one is near.
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let scored = names.into_iter().map(|known| (strsim::jaro_winkler(name, known), known));
    let (score, known) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (score > 0.7).then(|| format!("did you mean `{known}`?"))
}

impl<'d> Table<'d> {
    fn get(&self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.read.borrow_mut().insert(key);
        self.table.get(key)
    }

    fn typed<T>(&self, key: &'static str, expected: &str, read: impl FnOnce(&'d DeValue<'d>) -> Option<T>) -> Option<T> {
        let value = self.get(key)?;
        let typed = read(value.get_ref());
        if typed.is_none() {
            self.document.fault(value.span(), format!("`{key}` must be {expected}"), None);
        }
        typed
    }

    fn present<T>(&self, key: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() && !self.table.contains_key(key) {
            self.document.fault(self.span.clone(), format!("`{key}` is missing"), None);
        }
        value
    }

    /// Is the key there?
    pub fn has(&self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    /// A fault at `key`, or at the table if there is no such key.
    pub fn fault(&self, key: &str, message: impl Into<String>, hint: Option<String>) {
        let span = self.table.get(key).map_or(self.span.clone(), Spanned::span);
        self.document.fault(span, message.into(), hint);
    }

    /// A text.
    pub fn text(&self, key: &'static str) -> Option<String> {
        self.typed(key, "a text", |value| value.as_str().map(str::to_owned))
    }

    /// A text that must be there.
    pub fn required(&self, key: &'static str) -> Option<String> {
        self.present(key, self.text(key))
    }

    /// A list of texts; empty if it is not there.
    pub fn texts(&self, key: &'static str) -> Vec<String> {
        let texts = self.typed(key, "a list of texts", |value| {
            value.as_array()?.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        texts.unwrap_or_default()
    }

    /// A whole number.
    pub fn integer(&self, key: &'static str) -> Option<i64> {
        self.typed(key, "a whole number", integer)
    }

    /// A number, whole or not.
    pub fn float(&self, key: &'static str) -> Option<f64> {
        self.typed(key, "a number", float)
    }

    /// true or false.
    pub fn boolean(&self, key: &'static str) -> Option<bool> {
        self.typed(key, "true or false", DeValue::as_bool)
    }

    /// A span of time: `90s`, `2m`, `1h30m`, `3d`, `250ms`.
    pub fn duration(&self, key: &'static str) -> Option<TimeDelta> {
        self.typed(key, "a duration such as \"90s\", \"2m\", \"1h30m\" or \"3d\"", |value| duration(value.as_str()?))
    }

    /// A time in UTC.
    pub fn time(&self, key: &'static str) -> Option<DateTime<Utc>> {
        self.typed(key, "a time such as 2026-03-14T03:00:00Z", |value| match value {
            DeValue::Datetime(time) => members::read_time(&time.to_string()),
            other => members::read_time(other.as_str()?),
        })
    }

    /// One of `choices`.
    pub fn one_of(&self, key: &'static str, choices: &[&str]) -> Option<String> {
        let text = self.text(key)?;
        if choices.contains(&text.as_str()) {
            return Some(text);
        }
        let message = format!("`{key}` must be one of {}, not `{text}`", choices.join(", "));
        self.fault(key, message, nearest(&text, choices.iter().copied()));
        None
    }

    /// A table inside this one.
    pub fn table(&self, key: &'static str) -> Option<Table<'d>> {
        let document = self.document;
        let span = self.get(key)?.span();
        self.typed(key, "a table", DeValue::as_table).map(|table| Table { document, table, span, read: RefCell::default() })
    }

    /// The tables of a list; empty if it is not there.
    pub fn tables(&self, key: &'static str) -> Vec<Table<'d>> {
        let document = self.document;
        let tables = self.typed(key, "a list of tables", |value| {
            value.as_array()?.iter().map(|item| Some((item.span(), item.get_ref().as_table()?))).collect::<Option<Vec<_>>>()
        });
        let tables = tables.unwrap_or_default().into_iter();
        tables.map(|(span, table)| Table { document, table, span, read: RefCell::default() }).collect()
    }

    /// Whatever is under `key`, as JSON.
    pub fn json(&self, key: &'static str) -> Option<Value> {
        self.get(key).map(|value| json(value.get_ref()))
    }

    /// The members of this table among `known`, as AWS names them and as JSON, with those of `required` demanded.
    pub fn members(&self, known: &[&'static str], required: &[&'static str]) -> Value {
        let mut members = Map::new();
        for key in required.iter().chain(known) {
            if let Some(value) = self.json(key) {
                members.insert((*key).to_owned(), value);
            }
        }
        for key in required {
            self.present(key, members.get(*key));
        }
        Value::Object(members)
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

#[expect(clippy::cast_precision_loss, reason = "a scenario's whole numbers are small")]
fn float(value: &DeValue<'_>) -> Option<f64> {
    match value.as_float() {
        Some(float) => float.as_str().parse().ok(),
        None => integer(value).map(|whole| whole as f64),
    }
}

fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(_) => integer(value).map_or(Value::Null, Value::from),
        DeValue::Float(_) => float(value).map_or(Value::Null, Value::from),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(time) => {
            members::read_time(&time.to_string()).map_or_else(|| Value::String(time.to_string()), members::stamp)
        }
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => {
            Value::Object(table.iter().map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref()))).collect())
        }
    }
}

/// Reads `90s`, `2m`, `1h30m`, `3d`, `250ms`.
pub fn duration(text: &str) -> Option<TimeDelta> {
    let mut total = TimeDelta::zero();
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let amount: i64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        total += match &rest[..letters] {
            "ms" => TimeDelta::try_milliseconds(amount)?,
            "s" => TimeDelta::try_seconds(amount)?,
            "m" => TimeDelta::try_minutes(amount)?,
            "h" => TimeDelta::try_hours(amount)?,
            "d" => TimeDelta::try_days(amount)?,
            _ => return None,
        };
        rest = &rest[letters..];
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_the_units_that_people_write() {
        for (text, seconds) in [("90s", 90), ("2m", 120), ("1h30m", 5400), ("3d", 259_200)] {
            assert_eq!(duration(text), Some(TimeDelta::seconds(seconds)), "{text}");
        }
        for text in ["", "5", "m", "5 minutes", "-5m"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn all_faults_are_told_at_once_with_their_places_and_a_nearest_name() {
        let text = "name = 5\ntitel = \"x\"\n\n[[site]]\nregion = \"eu-west-1\"\nkind = \"frist\"\n";
        let document = Document::parse("a.toml", text);
        {
            let root = document.root();
            root.required("name");
            root.text("title");
            for site in root.tables("site") {
                site.required("region");
                site.required("account");
                site.one_of("kind", &["first", "second"]);
            }
        }
        let faults = document.finish(Some(())).unwrap_err();
        let lines: Vec<_> = faults.0.iter().map(|fault| (fault.line, fault.column)).collect();
        assert_eq!(lines, [(1, 8), (2, 1), (4, 1), (6, 8)]);
        let told = faults.to_string();
        assert!(told.contains("a.toml:2:1: unknown key `titel` (did you mean `title`?)"), "{told}");
        assert!(told.contains("`account` is missing"), "{told}");
        assert!(told.contains("did you mean `first`?"), "{told}");
    }
}
