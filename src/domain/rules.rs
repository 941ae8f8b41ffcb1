//! What an exercise is judged by, and what its facilitator does: as the journal keeps it, so that a score is a function of the journal.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::StepId;

/// The rules of an exercise, from its scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// The scenario's title.
    pub title: String,
    /// What players ought to learn.
    #[serde(default)]
    pub goals: Vec<String>,
    /// What the clock showed at the start; all spans count from it.
    pub starts_at: DateTime<Utc>,
    /// Do the recovery objectives count? Not where the right decision is to wait.
    pub objectives: bool,
    /// Signals that ought to be noticed before the decision: `primary/shop-error-rate`, or `health`.
    #[serde(default)]
    pub signals: Vec<String>,
    /// What is expected of the players.
    #[serde(default)]
    pub expect: Vec<Criterion>,
    /// What would be a wrong turn.
    #[serde(default)]
    pub wrong: Vec<Criterion>,
}

/// Something that players do, or do not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// In one sentence.
    pub title: String,
    /// Why it matters: for the talk afterwards.
    #[serde(default)]
    pub why: String,
    /// What they do.
    pub did: Deed,
    /// With which step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepId>,
    /// Their words hold one of these texts, in letters of either case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// Not before so many seconds after the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    /// Not later than so many seconds after the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// The restored data is not older than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_from: Option<DateTime<Utc>>,
    /// The restored data is not younger than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_until: Option<DateTime<Utc>>,
    /// What it counts.
    pub points: i64,
}

/// A kind of thing that players do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// Said, or saw by a signal, that something is wrong.
    Detected,
    /// Declared the failover.
    Declared,
    /// Decided to wait.
    Waited,
    /// Confirmed a step.
    Started,
    /// Brought a step to a good end.
    Ended,
    /// Went on without a step.
    Skipped,
    /// Wrote a note.
    Noted,
    /// Closed the incident.
    Closed,
}

/// What a facilitator does in an exercise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Facilitation {
    /// A question to the room, also one that the scenario asks.
    Asked {
        /// From 1.
        number: u32,
        /// The question.
        text: String,
    },
    /// How well a question was answered.
    Judged {
        /// The question.
        number: u32,
        /// How well.
        answer: Answered,
        /// In words.
        text: String,
    },
    /// What the facilitator noted about the players.
    Noted {
        /// The note.
        text: String,
    },
    /// Something that the facilitator did to the exercise: an inject by hand, the clock held.
    Turned {
        /// In words.
        text: String,
    },
}

impl Facilitation {
    /// May the players see it while they play?
    pub fn is_for_players(&self) -> bool {
        matches!(self, Self::Asked { .. })
    }
}

/// How well a question was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answered {
    /// As it ought to be.
    Good,
    /// In part.
    Partly,
    /// Not.
    Missed,
}
