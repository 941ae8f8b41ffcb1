//! The report for people: Markdown from a template.
//!
//! Every value is escaped unless a filter has made it safe, so that nothing in AWS's or a person's words can change the document.

use chrono::{DateTime, Utc};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value, ValueKind};
use minijinja::{Environment, Output, State, UndefinedBehavior, context};

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
pub(super) fn render(document: &Document, template: &str, zone: Zone) -> Result<String, RenderReport> {
    let mut environment = environment()?;
    environment.set_formatter(write_escaped);
    environment.add_filter("at", move |value: Value| optional(&value, |text| Value::from_safe_string(at(text, zone))));
    environment.add_filter("took", |value: Value| match i64::try_from(value) {
        Ok(secs) => Value::from_safe_string(words(secs)),
        Err(_) => Value::from_safe_string("—".to_owned()),
    });
    environment.add_filter("code", |value: Value| optional(&value, code));
    environment.add_filter("fence", |value: Value| optional(&value, |text| Value::from_safe_string(fence(text))));
    let rendered = environment.render_str(template, context! { zone => zone.name(), ..Value::from(Serde(document)) })?;
    Ok(format!("{}\n", rendered.trim_end()))
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
    let text = match value.kind() {
        ValueKind::None | ValueKind::Undefined => "—".to_owned(),
        _ => match value.as_str() {
            Some(text) if value.is_safe() => return Ok(out.write_str(text)?),
            Some(text) => escaped(text),
            None => escaped(&value.to_string()),
        },
    };
    Ok(out.write_str(&text)?)
}

/// Escapes what Markdown would read; line breaks become `<br>`, so that a text stays in its table cell or list item.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, line) in text.trim().lines().enumerate() {
        if number > 0 {
            out.push_str("<br>");
        }
        // Most of a text needs nothing: it is copied in runs.
        let special = |c: char| is_markup(c) || c == '&' || c.is_control();
        let mut rest = line;
        while let Some(found) = rest.find(special) {
            let (before, from) = rest.split_at(found);
            out.push_str(before);
            let mut chars = from.chars();
            match chars.next() {
                Some('&') => out.push_str("&amp;"),
                Some(c) if is_markup(c) => out.extend(['\\', c]),
                _ => out.push(' '),
            }
            rest = chars.as_str();
        }
        out.push_str(rest);
    }
    out
}

fn is_markup(c: char) -> bool {
    matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '#')
}

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
