//! Values without parts: how they are read from text, and how time is written in each of AWS's formats.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Number, Value};

use crate::sim::model::{Kind, Member, Shape};

/// Why bytes are not what the model says; the protocol chooses the code that AWS has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) String);

impl Malformed {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// How deep a value may be nested in any protocol; AWS's shapes that we know stay below ten.
pub(super) const DEPTH_LIMIT: usize = 64;

/// How a timestamp is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Iso8601,
    Rfc822,
    Unix,
}

impl Format {
    /// The member's own format, else the shape's, else what the place in the protocol has.
    pub(super) fn of(member: &Member, shape: &Shape, usual: Self) -> Self {
        match member.timestamp_format.as_deref().or(shape.timestamp_format.as_deref()) {
            Some("iso8601") => Self::Iso8601,
            Some("rfc822") => Self::Rfc822,
            Some("unixTimestamp") => Self::Unix,
            _ => usual,
        }
    }
}

/// Reads any of the formats in which AWS writes time.
pub fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let iso = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).ok();
    let http = || DateTime::parse_from_rfc2822(text).map(|at| at.to_utc()).ok();
    iso.or_else(http).or_else(|| from_epoch(text.parse().ok()?))
}

/// The time of an HTTP header: `Sat, 14 Mar 2026 03:00:00 GMT`.
pub fn rfc822(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The time at so many seconds since 1970, to the millisecond.
pub(super) fn from_epoch(secs: f64) -> Option<DateTime<Utc>> {
    let millis = (secs * 1000.0).round();
    // Beyond this a cast would lie; the calendar ends long before.
    (millis.abs() < 1e17).then(|| DateTime::from_timestamp_millis(millis as i64)).flatten()
}

/// Seconds since 1970 of a timestamp of a [`crate::sim::call::Call`].
pub(super) fn epoch(value: &Value) -> f64 {
    value.as_str().and_then(parse_time).map_or(0.0, |at| at.timestamp_millis() as f64 / 1000.0)
}

/// A timestamp as values carry it: RFC 3339, UTC, milliseconds.
pub(super) fn timestamp(at: DateTime<Utc>) -> Value {
    Value::String(at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// Reads a value without parts from text.
pub(super) fn read(shape: &Shape, text: &str) -> Result<Value, Malformed> {
    let wrong = |what: &str| Malformed::new(format!("'{text}' is not a valid {what}"));
    match shape.kind {
        Kind::String | Kind::Blob => Ok(Value::String(text.to_owned())),
        Kind::Boolean => text.to_ascii_lowercase().parse().map(Value::Bool).map_err(|_| wrong("boolean")),
        Kind::Integer => text.trim().parse::<i32>().map(Value::from).map_err(|_| wrong("integer")),
        Kind::Long => text.trim().parse::<i64>().map(Value::from).map_err(|_| wrong("long")),
        Kind::Float | Kind::Double => text.trim().parse().map(float).map_err(|_| wrong("double")),
        Kind::Timestamp => parse_time(text).map(timestamp).ok_or_else(|| wrong("timestamp")),
        Kind::Structure | Kind::List | Kind::Map => Err(wrong("structure")),
    }
}

/// Writes a value without parts as text.
pub(super) fn text(value: &Value, format: Format, kind: Kind) -> String {
    match (kind, value) {
        (Kind::Timestamp, _) => time_text(value, format),
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}

fn time_text(value: &Value, format: Format) -> String {
    let Some(at) = value.as_str().and_then(parse_time) else { return value.to_string() };
    match format {
        Format::Rfc822 => rfc822(at),
        Format::Unix => epoch_number(value).to_string(),
        Format::Iso8601 if at.timestamp_subsec_millis() == 0 => at.to_rfc3339_opts(SecondsFormat::Secs, true),
        Format::Iso8601 => at.to_rfc3339_opts(SecondsFormat::Millis, true),
    }
}

/// Seconds since 1970 as a JSON number, whole where it is whole.
pub(super) fn epoch_number(value: &Value) -> Value {
    let secs = epoch(value);
    if secs.fract() == 0.0 { Value::from(secs as i64) } else { float(secs) }
}

/// A number, or the word for what JSON has no number for.
pub(super) fn float(number: f64) -> Value {
    Number::from_f64(number).map_or_else(|| Value::String(not_finite(number).to_owned()), Value::Number)
}

fn not_finite(number: f64) -> &'static str {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// The number of a value of [`float`].
pub(super) fn as_float(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => value.as_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_of_time_is_read_to_the_millisecond() {
        for (text, expected) in [
            ("2026-03-14T03:02:00.123Z", "2026-03-14T03:02:00.123Z"),
            ("2026-03-14T04:02:00+01:00", "2026-03-14T03:02:00.000Z"),
            ("Sat, 14 Mar 2026 03:02:00 GMT", "2026-03-14T03:02:00.000Z"),
            ("1773457320", "2026-03-14T03:02:00.000Z"),
            ("1773457320.5", "2026-03-14T03:02:00.500Z"),
        ] {
            assert_eq!(timestamp(parse_time(text).unwrap()), expected, "{text}");
        }
        assert!(parse_time("yesterday").is_none() && parse_time("1e300").is_none() && parse_time("").is_none());
    }

    #[test]
    fn every_format_of_time_is_written() {
        let at = Value::from("2026-03-14T03:02:00.120Z");
        assert_eq!(time_text(&at, Format::Iso8601), "2026-03-14T03:02:00.120Z");
        assert_eq!(time_text(&at, Format::Rfc822), "Sat, 14 Mar 2026 03:02:00 GMT");
        assert_eq!(time_text(&at, Format::Unix), "1773457320.12");
        assert_eq!(epoch_number(&Value::from("2026-03-14T03:02:00.000Z")).to_string(), "1773457320");
    }
}
