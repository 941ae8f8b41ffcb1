//! What single values say: durations, times, numbers, and how to describe the wrong one.

use std::time::Duration;

use chrono::{DateTime, Utc};
use toml::de::DeValue;

/// Units of a duration in falling order, which is the order that they must be written in.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// How much of a wrong string is quoted back.
const QUOTED: usize = 40;

/// Reads `90s`, `2m`, `1h30m`, `3d`, `250ms`: whole numbers with units, the larger unit first, no unit twice.
pub fn duration(text: &str) -> Option<Duration> {
    let (mut total, mut rest, mut smallest) = (0_u64, text, 0);
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let (unit, after) = after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
        let place = UNITS.iter().skip(smallest).position(|(name, _)| *name == unit)? + smallest;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(UNITS[place].1)?)?;
        (rest, smallest) = (after, place + 1);
    }
    (!text.is_empty()).then(|| Duration::from_millis(total))
}

/// What may have been meant by something that is no duration.
pub(super) fn duration_hint(value: &DeValue<'_>) -> Option<String> {
    let number = match value {
        DeValue::Integer(number) => number.as_str(),
        DeValue::String(text) if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) => text,
        DeValue::String(_) => return Some("units are d, h, m, s and ms, the larger first, without spaces".to_owned()),
        _ => return None,
    };
    Some(format!("add a unit: \"{number}s\", \"{number}m\" or \"{number}h\""))
}

/// An RFC 3339 time, as TOML's own type or in a string.
pub(super) fn time(value: &DeValue<'_>) -> Option<DateTime<Utc>> {
    let text = match value {
        DeValue::Datetime(time) => time.to_string(),
        DeValue::String(text) => text.to_string(),
        _ => return None,
    };
    DateTime::parse_from_rfc3339(&text).ok().map(|time| time.with_timezone(&Utc))
}

pub(super) fn integer(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// A float, or an integer that a float holds.
pub(super) fn float(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(float) => float.as_str().parse().ok(),
        DeValue::Integer(_) => i32::try_from(integer(value)?).ok().map(f64::from),
        _ => None,
    }
}

/// The whole value as JSON. Times become strings; numbers that JSON cannot hold become null.
pub(super) fn json(value: &DeValue<'_>) -> serde_json::Value {
    use serde_json::Value;
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(_) => integer(value).map_or(Value::Null, Value::from),
        DeValue::Float(_) => float(value).map_or(Value::Null, Value::from),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => table.iter().map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref()))).collect(),
    }
}

/// `integer 5`, `string "ten"`, `an array`: what stands where something else was expected.
pub(super) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => match text.char_indices().nth(QUOTED) {
            Some((end, _)) => format!("string {:?}…", &text[..end]),
            None => format!("string {text:?}"),
        },
        DeValue::Integer(integer) => format!("integer {integer}"),
        DeValue::Float(float) => format!("float {float}"),
        DeValue::Boolean(flag) => format!("boolean {flag}"),
        DeValue::Datetime(time) => format!("time {time}"),
        DeValue::Array(_) => "an array".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_the_units_that_people_write() {
        for (text, millis) in [
            ("90s", Some(90_000)),
            ("2m", Some(120_000)),
            ("1h30m", Some(5_400_000)),
            ("3d", Some(259_200_000)),
            ("250ms", Some(250)),
            ("1m5ms", Some(60_005)),
            ("0s", Some(0)),
            ("", None),
            ("5", None),
            ("m", None),
            ("5 minutes", None),
            ("-5m", None),
            ("30m1h", None),
            ("1m1m", None),
            ("99999999999999999d", None),
            ("５m", None),
        ] {
            assert_eq!(duration(text), millis.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn a_time_needs_its_offset() {
        let read = |text: &str| time(&DeValue::String(text.to_owned().into())).map(|time| time.to_rfc3339());
        assert_eq!(read("2026-03-14T04:00:00+01:00").as_deref(), Some("2026-03-14T03:00:00+00:00"));
        assert_eq!(read("2026-03-14T04:00:00"), None);
        assert_eq!(read("03:00"), None);
    }

    #[test]
    fn control_characters_and_long_strings_are_not_quoted_back() {
        let described = describe(&DeValue::String("\u{1b}[2J".into()));
        assert_eq!(described, r#"string "\u{1b}[2J""#);
        assert_eq!(describe(&DeValue::String("x".repeat(500).into())).chars().count(), 50);
    }
}
