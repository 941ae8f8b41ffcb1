//! The report for people: Markdown from a template.
//!
//! Every value is escaped unless a filter has made it safe, so that nothing in AWS's or a person's words can change the document.

use std::fmt::Write;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Enumerator, Object, ObjectRepr, Serde, Value, ValueKind};
use minijinja::{Environment, Output, State, UndefinedBehavior, context};
use serde::Serialize;

use super::document::Document;
use super::{RenderReport, Zone};

/// The template that is built in.
pub(super) const TEMPLATE: &str = include_str!("../../assets/templates/report.md.j2");

/// What templates of all formats have in common.
pub(super) fn environment() -> Result<Environment<'static>, RenderReport> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    // `fail-over` -> `fail over`: names in the JSON as words.
    environment.add_filter("word", |value: Value| optional(&value, |text| Value::from(text.replace('-', " "))));
    Ok(environment)
}

/// Fills in a template.
pub(super) fn render(document: Document, template: &str, zone: Zone) -> Result<String, RenderReport> {
    let mut environment = environment()?;
    environment.set_formatter(write_escaped);
    environment.add_filter("at", move |value: Value| optional(&value, |text| Value::from_safe_string(at(text, zone))));
    environment.add_filter("took", |value: Value| match i64::try_from(value) {
        Ok(secs) => Value::from_safe_string(words(secs)),
        Err(_) => Value::from_safe_string("—".to_owned()),
    });
    environment.add_filter("code", |value: Value| optional(&value, code));
    environment.add_filter("fence", |value: Value| optional(&value, |text| Value::from_safe_string(fence(text))));
    finished(environment.render_str(template, context! { zone => zone.name(), ..values(document) })?)
}

/// The report as templates see it. Of a long night the log and the signals are nearly all: their rows are made one at a time, when
/// the template comes to them.
pub(super) fn values(mut document: Document) -> Value {
    let (log, signals) = (Rows(std::mem::take(&mut document.log)), Rows(std::mem::take(&mut document.signals)));
    context! { log => Value::from_object(log), signals => Value::from_object(signals), ..Value::from(Serde(document)) }
}

/// Rows that become values one at a time.
#[derive(Debug)]
struct Rows<T>(Vec<T>);

impl<T: Serialize + std::fmt::Debug + Send + Sync + 'static> Object for Rows<T> {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_usize()?).map(|row| Value::from(Serde(row)))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }
}

/// Ends in one line break, whatever the template ended in.
pub(super) fn finished(mut rendered: String) -> Result<String, RenderReport> {
    rendered.truncate(rendered.trim_end().len());
    rendered.push('\n');
    Ok(rendered)
}

/// A text through `then`; a dash for nothing.
pub(super) fn optional(value: &Value, then: impl Fn(&str) -> Value) -> Value {
    match value.as_str() {
        Some(text) => then(text),
        None => Value::from_safe_string("—".to_owned()),
    }
}

/// Writes a value so that Markdown shows it as it is.
fn write_escaped(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    match value.kind() {
        ValueKind::None | ValueKind::Undefined => out.write_str("—")?,
        _ => match value.as_str() {
            Some(text) if value.is_safe() => out.write_str(text)?,
            Some(text) => escape(out, text)?,
            None => escape(out, &value.to_string())?,
        },
    }
    Ok(())
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // A string takes everything.
    let _ = escape(&mut out, text);
    out
}

/// Escapes what Markdown would read; line breaks become `<br>`, so that a text stays in its table cell or list item.
fn escape(out: &mut impl Write, text: &str) -> std::fmt::Result {
    for (number, line) in text.trim().lines().enumerate() {
        if number > 0 {
            out.write_str("<br>")?;
        }
        // Most of a text needs nothing: it is copied in runs.
        let mut rest = line;
        while let Some(found) = rest.bytes().position(|byte| MAY_BE_SPECIAL[usize::from(byte)]) {
            let (before, from) = rest.split_at(found);
            out.write_str(before)?;
            let mut chars = from.chars();
            match chars.next() {
                Some('&') => out.write_str("&amp;")?,
                Some(c) if MARKUP.contains(c) => {
                    out.write_char('\\')?;
                    out.write_char(c)?;
                }
                Some(c) if c.is_control() => out.write_char(' ')?,
                Some(c) => out.write_char(c)?,
                None => {}
            }
            rest = chars.as_str();
        }
        out.write_str(rest)?;
    }
    Ok(())
}

const MARKUP: &str = "\\`*_[]<>|~#";

/// The first bytes of characters that may have to be escaped: markup, control characters, and what the upper control characters of
/// Unicode begin with.
const MAY_BE_SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut byte = 0;
    while byte < 32 {
        special[byte] = true;
        byte += 1;
    }
    let mut at = 0;
    while at < MARKUP.len() {
        special[MARKUP.as_bytes()[at] as usize] = true;
        at += 1;
    }
    special[b'&' as usize] = true;
    special[0x7f] = true;
    special[0xc2] = true;
    special
};

/// A text as inline code; one that would break out of it is escaped instead.
fn code(text: &str) -> Value {
    let plain = !text.is_empty() && !text.contains(|c: char| c == '`' || c == '|' || c.is_control()) && text.trim() == text;
    Value::from_safe_string(if plain { format!("`{text}`") } else { escaped(text) })
}

/// A text as a block of code, fenced by more backticks than it has in a row.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}sh\n{text}\n{fence}")
}

/// `2026-03-14T03:04:00Z` -> `2026-03-14 03:04:00Z`, always with the date, in whole seconds.
fn at(text: &str, zone: Zone) -> String {
    // As a report has them all; reading and writing each one anew takes longer than the rest of a row.
    if let (Some(day), Some("T"), Some(clock), true) =
        (text.get(..10), text.get(10..11), text.get(11..19), zone.is_utc() && is_utc(text))
    {
        return format!("{day} {clock}Z");
    }
    match text.parse::<DateTime<Utc>>() {
        Ok(at) => zone.stamp(at),
        Err(_) => escaped(text),
    }
}

/// Is it of the form `2026-03-14T03:04:00Z`, with or without a fraction?
fn is_utc(text: &str) -> bool {
    let form = b"0000-00-00T00:00:00";
    let same = |(byte, form): (u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { byte == *form };
    let fraction = text.get(form.len()..).and_then(|rest| rest.strip_suffix('Z'));
    text.bytes().zip(form).all(same) && fraction.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Seconds in words: `1 h 05 min`, `4 min 30 s`, `12 s`.
pub(super) fn words(secs: i64) -> String {
    let sign = if secs < 0 { "-" } else { "" };
    let secs = secs.unsigned_abs();
    let (hours, minutes, secs) = (secs / 3600, secs / 60 % 60, secs % 60);
    match (hours, minutes, secs) {
        (0, 0, secs) => format!("{sign}{secs} s"),
        (0, minutes, 0) => format!("{sign}{minutes} min"),
        (0, minutes, secs) => format!("{sign}{minutes} min {secs:02} s"),
        (hours, minutes, 0) => format!("{sign}{hours} h {minutes:02} min"),
        (hours, minutes, secs) => format!("{sign}{hours} h {minutes:02} min {secs:02} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_can_break_out_of_its_place() {
        assert_eq!(
            escaped("a|b <script> *x* [l](u)\nsecond & `c`"),
            "a\\|b \\<script\\> \\*x\\* \\[l\\](u)<br>second &amp; \\`c\\`"
        );
        assert_eq!(escaped("a\u{7f}b\u{85}c\u{a0}d é — \t1"), "a b c\u{a0}d é —  1");
        assert_eq!(code("orders").to_string(), "`orders`");
        assert_eq!(code("a|`b").to_string(), "a\\|\\`b");
        assert_eq!(
            (at("2026-03-14T03:04:00.123Z", Zone::UTC), at("2026-03-14T03:04:00+01:00", Zone::UTC)),
            ("2026-03-14 03:04:00Z".into(), "2026-03-14 02:04:00Z".into())
        );
        assert_eq!(at("|||||-||-||T||:||:||Z", Zone::UTC), escaped("|||||-||-||T||:||:||Z"));
        assert_eq!(fence("echo ```x```"), "````sh\necho ```x```\n````");
    }

    #[test]
    fn durations_are_written_in_words() {
        for (secs, text) in
            [(0, "0 s"), (12, "12 s"), (60, "1 min"), (270, "4 min 30 s"), (3600, "1 h 00 min"), (-3661, "-1 h 01 min 01 s")]
        {
            assert_eq!(words(secs), text);
        }
    }
}
