//! Two journals of one incident that disagree, beside each other: what both tell, and from where each tells something else. Nothing
//! is merged, and neither is called the right one.

use chrono::{DateTime, Utc};

use crate::journal::{Event, Recorded};

use super::log;

/// How wide one side is, in characters.
const SIDE: usize = 58;

/// The events after the first `common` ones, in two columns in the order of their times; what sources showed is left out.
pub fn side_by_side(first: &[Recorded], second: &[Recorded], common: u64) -> String {
    let after = |events: &[Recorded]| -> Vec<(DateTime<Utc>, String)> {
        let told = events.iter().filter(|recorded| recorded.seq > common && !matches!(recorded.event, Event::Observed(_)));
        told.map(|recorded| (recorded.recorded_at, line(recorded))).collect()
    };
    let (first, second) = (after(first), after(second));
    let mut out = format!("  both tell the same {common} events, then:\n");
    out.push_str(&row("the first", "the second"));
    let (mut left, mut right) = (first.iter().peekable(), second.iter().peekable());
    loop {
        match (left.peek(), right.peek()) {
            (None, None) => return out,
            (Some((a, told)), Some((b, other))) if a == b => {
                out.push_str(&row(told, other));
                left.next();
                right.next();
            }
            (Some((a, told)), other) if other.is_none_or(|(b, _)| a < b) => {
                out.push_str(&row(told, ""));
                left.next();
            }
            (_, Some((_, other))) => {
                out.push_str(&row("", other));
                right.next();
            }
            (Some(_), None) => {
                left.next();
            }
        }
    }
}

fn line(recorded: &Recorded) -> String {
    let at = recorded.recorded_at.format("%m-%d %H:%M:%SZ");
    format!("{} {at} {}: {}", recorded.seq, recorded.by, log::sentence(&recorded.event))
}

fn row(left: &str, right: &str) -> String {
    let cut = |text: &str| {
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if text.chars().count() <= SIDE { text } else { text.chars().take(SIDE - 1).chain(['…']).collect() }
    };
    format!("  {:SIDE$} | {}\n", cut(left), cut(right)).trim_end().to_owned() + "\n"
}
