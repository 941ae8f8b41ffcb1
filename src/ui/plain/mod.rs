//! The linear screen: lines in, requests and lines out. For screen readers, logs, serial lines and scripts, and wherever there is no
//! terminal control at all.
//!
//! It asks for the same things as the full screen does, with the same care: what would change AWS, or the course of the incident, is
//! shown first and asked for by a word that must be typed after it was shown. Pure: no clock, no I/O, and no control sequences.

mod app;
mod lists;
mod looking;
mod news;
mod question;
mod step;
mod verbs;

pub use app::{Plain, Reply};
pub use verbs::{Takes, VERBS, Verb};

use super::format;

/// Lines that can be printed: whatever AWS or a person wrote, it has no control characters in it.
fn printable(lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut out = Vec::new();
    for line in lines {
        let indent = " ".repeat(line.chars().take_while(|c| *c == ' ').count());
        let clean = format::clean_lines(&line);
        let mut parts = clean.lines();
        out.push(parts.next().unwrap_or_default().trim_end().to_owned());
        out.extend(parts.filter(|part| !part.trim().is_empty()).map(|part| format!("{indent}  {}", part.trim())));
    }
    out
}

#[cfg(test)]
mod tests;
