//! Masks identifiers on a screen that others see: account numbers, people, principals, ids, addresses. A last pass over the drawn cells:
//! what is masked is what is seen, cut and wrapped as it is, and nothing that is sent or recorded.
//!
//! Names of resources, steps and Regions stay: a team has to be able to talk about them. Every mask is as wide as what it hides, so that
//! nothing moves.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use ratatui::buffer::Buffer;
use regex_lite::Regex;

use super::format;
use crate::journal::Event;
use crate::store::State;

/// What stands for each hidden character.
const MASK: char = '•';
/// A piece of a cut identifier is hidden from this many characters on.
const PIECE: usize = 4;

/// What can be told by its shape: account numbers, UUIDs, AWS's ids, principals in ARNs, addresses.
const SHAPES: &str = concat!(
    r"\b[0-9]{12}\b",
    r"|\b[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\b",
    r"|\b[0-9A-Fa-f]{4,12}(-[0-9A-Fa-f]{4,12})+\b",
    r"|\b(i|vol|snap|ami|sg|subnet|vpc|eni|fs|r|oi|lt)-[0-9a-f]{8,17}\b",
    r"|\b[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\b",
    r"|[A-Za-z0-9_.+-]+@[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+",
    r"|\b(AKIA|ASIA|AIDA|AROA)[A-Z0-9]{12,}",
);

fn shapes() -> Option<&'static Regex> {
    static SHAPES_READ: OnceLock<Option<Regex>> = OnceLock::new();
    SHAPES_READ.get_or_init(|| Regex::new(SHAPES).ok()).as_ref()
}

/// The identifiers that this state names: accounts, people, principals, machines.
pub fn secrets(state: &State) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for site in state.plan.sites.values() {
        found.insert(site.account.to_string());
    }
    for identity in state.identities.values().filter_map(|source| source.data.as_ref()) {
        found.insert(identity.account.to_string());
        // arn:aws:sts::111122223333:assumed-role/recovery-operator/ana
        let principal = identity.arn.rsplit(':').next().unwrap_or_default();
        found.extend(principal.split('/').skip(1).map(str::to_owned));
    }
    found.insert(state.operator.to_string());
    for recorded in &state.events {
        found.insert(recorded.by.to_string());
        match &recorded.event {
            Event::OperatorJoined { host: Some(host), .. } => drop(found.insert(host.clone())),
            Event::StepConfirmed(confirmed) => found.extend(confirmed.second.as_ref().map(ToString::to_string)),
            _ => {}
        }
    }
    found.retain(|text| text.chars().count() >= 2);
    found
}

/// Which characters of a line are hidden.
fn hidden(line: &[char], secrets: &BTreeSet<String>) -> Vec<bool> {
    let mut hide = vec![false; line.len()];
    let text: String = line.iter().collect();
    for found in shapes().iter().flat_map(|shapes| shapes.find_iter(&text)) {
        let from = text[..found.start()].chars().count();
        hide[from..from + found.as_str().chars().count()].fill(true);
    }
    let is_word = |at: Option<usize>| at.and_then(|at| line.get(at)).is_some_and(|c| c.is_alphanumeric());
    for secret in secrets {
        let secret: Vec<char> = secret.chars().collect();
        for at in 0..line.len() {
            if line[at..].starts_with(&secret) && !is_word(at.checked_sub(1)) && !is_word(Some(at + secret.len())) {
                hide[at..at + secret.len()].fill(true);
            }
            // What is left of one that was cut, or broken at the edge of its text.
            let room = line.len() - at;
            for len in PIECE..secret.len() {
                let edge = |c: Option<&char>| c.is_none_or(|c| *c == format::CUT || *c == ' ' || *c == '│' || *c == '║');
                if len <= room && line[at..at + len] == secret[..len] && line.get(at + len).is_none_or(|c| edge(Some(c))) {
                    hide[at..at + len].fill(true);
                }
                let before = at.checked_sub(1).and_then(|at| line.get(at));
                if len <= room && line[at..at + len] == secret[secret.len() - len..] && edge(before) {
                    hide[at..at + len].fill(true);
                }
            }
        }
    }
    hide
}

/// A line with masks.
pub fn masked(text: &str, secrets: &BTreeSet<String>) -> String {
    let line: Vec<char> = text.chars().collect();
    let hide = hidden(&line, secrets);
    line.iter().zip(hide).map(|(c, hide)| if hide { MASK } else { *c }).collect()
}

/// Masks what is drawn.
pub fn mask(buf: &mut Buffer, secrets: &BTreeSet<String>) {
    let width = usize::from(buf.area.width).max(1);
    for cells in buf.content.chunks_mut(width) {
        let line: Vec<char> = cells.iter().map(|cell| cell.symbol().chars().next().unwrap_or(' ')).collect();
        for (cell, hide) in cells.iter_mut().zip(hidden(&line, secrets)) {
            if hide {
                cell.set_char(MASK);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> BTreeSet<String> {
        ["111122223333", "recovery-operator", "Ana"].map(str::to_owned).into()
    }

    #[test]
    fn identifiers_are_hidden_whole_cut_and_wrapped_and_nothing_moves() {
        for (text, masked_text) in [
            ("primary 111122223333 eu-west-1", "primary •••••••••••• eu-west-1"),
            ("arn:aws:backup:eu-central-1:1111…:x", "arn:aws:backup:eu-central-1:••••…:x"),
            ("…23333 and Ana", "…••••• and •••"),
            ("role/recovery-oper…", "role/•••••••••••••…"),
            ("Anatomy of 1 outage at 03:04:05", "Anatomy of 1 outage at 03:04:05"),
            ("job 0f4a1b2c-1111-2222-3333-444455556666 ok", "job •••••••••••••••••••••••••••••••••••• ok"),
            ("from 203.0.113.9, ana@example.org", "from •••••••••••, •••••••••••••••"),
            ("restore-orders-db waits", "restore-orders-db waits"),
            ("2026-03-14 03:00:00", "2026-03-14 03:00:00"),
        ] {
            assert_eq!(masked(text, &secrets()), masked_text);
            assert_eq!(text.chars().count(), masked_text.chars().count());
        }
    }
}
