//! What an incident's events hold beside its steps: what a decision was weighed from, notes' marks, attachments, what sources
//! showed, and what was seen of others' work. Their JSON is part of the journal's format.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::domain::{Region, SiteName};

/// What a decision was weighed from, beside the lines that were on screen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Weighed {
    /// The recovery points that could have been chosen, one a resource of the plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
    /// When recovery was forecast, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Expected>,
    /// What else could have been decided, and what it would have meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
    /// Strong objections: `None` if nobody was asked for them, empty if nobody had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objections: Option<Vec<String>>,
}

/// What could be restored of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The plan's name of the resource.
    pub resource: String,
    /// The newest usable recovery point's ARN; `None` where there was none.
    pub recovery_point: Option<String>,
    /// The moment that its data is of.
    pub data_at: Option<DateTime<Utc>>,
    /// What restoring it would lose, in seconds.
    pub loss_secs: Option<i64>,
    /// Within the RPO?
    pub inside: Option<bool>,
}

/// A forecast as it was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// When recovery would be complete.
    pub at: DateTime<Utc>,
    /// Within the RTO?
    pub in_time: bool,
    /// Steps without an expected duration, which count as nothing.
    pub unknown_steps: usize,
}

/// Something that could be decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What.
    pub what: String,
    /// What it would mean, as far as it was known.
    pub means: String,
}

/// What a person marks an event of the journal as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// Whoever reads this next week should see it first.
    Important,
    /// Something to be found out.
    Question,
    /// Something to be done afterwards.
    Action,
    /// A strong objection to what is being done.
    Objection,
}

impl Mark {
    /// The mark that a note's text begins with, and the rest: `! seen`, `? why`, `+ fix the alarm`, `- not before the backup ends`.
    pub fn of(text: &str) -> (Option<Self>, &str) {
        let text = text.trim();
        let mark = match text.chars().next() {
            Some('!') => Self::Important,
            Some('?') => Self::Question,
            Some('+') => Self::Action,
            Some('-') => Self::Objection,
            _ => return (None, text),
        };
        match text[1..].trim_start() {
            "" => (None, text),
            rest => (Some(mark), rest),
        }
    }

    /// The word in front of a marked note.
    pub fn word(self) -> &'static str {
        match self {
            Self::Important => "important",
            Self::Question => "question",
            Self::Action => "action item",
            Self::Objection => "objection",
        }
    }
}

/// A file or a paste that belongs to the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its name, without a path.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
    /// All of it, in base64.
    pub content: String,
}

impl Attachment {
    /// The longest that one may be, in bytes.
    pub const LARGEST: u64 = 512 * 1024;
    /// How long all of an incident's may be together, in bytes.
    pub const TOGETHER: u64 = 16 * 1024 * 1024;
}

/// What was attached, if it matches its hash.
pub fn attached(attachment: &Attachment) -> Option<Vec<u8>> {
    let content = STANDARD.decode(&attachment.content).ok()?;
    let sha256: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
    (sha256 == attachment.sha256 && content.len() as u64 == attachment.bytes).then_some(content)
}

/// A source in a new state: what changed since the journal last told of it. Who applies them in order has what was on screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// Which source: `alarms primary`, `health`, `points recovery`.
    pub source: String,
    /// The rows that are new or changed, by their key.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub set: Map<String, Value>,
    /// The keys of the rows that are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
    /// Why the source does not answer, if it does not: what is known of it is older than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Value>,
    /// In what way it is not all there is, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<String>,
}

/// Something at AWS that somebody else, or something else, did: seen here, not done here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// What AWS calls it: `restore job`, `copy job`, `automation execution`, `state machine execution`, `stack operation`,
    /// `Region switch execution`.
    pub kind: String,
    /// Its id or ARN.
    pub id: String,
    /// Where.
    pub site: SiteName,
    /// The Region.
    pub region: Region,
    /// What it is about: the resource, the document, the stack.
    pub about: String,
    /// Its state, as AWS says it.
    pub status: String,
    /// When it began.
    pub began_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Who started it, where AWS says so.
    pub by: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_says_by_its_first_character_what_it_is() {
        for (text, mark, rest) in [
            ("! the standby is stale", Some(Mark::Important), "the standby is stale"),
            ("?why", Some(Mark::Question), "why"),
            (" + fix the alarm", Some(Mark::Action), "fix the alarm"),
            ("- not before the backup ends", Some(Mark::Objection), "not before the backup ends"),
            ("plain", None, "plain"),
            ("!", None, "!"),
            ("", None, ""),
        ] {
            assert_eq!(Mark::of(text), (mark, rest), "{text:?}");
        }
    }
}
