//! What a plan is made of: phases, parts, strengths of confirmation, and progress.

use serde::{Deserialize, Serialize};

/// The part of the recovery time that a step belongs to. Detect and decide have no steps that change AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// From the beginning of the impact to the first signal.
    Detect,
    /// From the signal to the declaration.
    Decide,
    /// From the declaration to the last restored thing.
    Restore,
    /// From there to verified traffic.
    FailOver,
}

impl Phase {
    /// All, in order.
    pub const ALL: [Self; 4] = [Self::Detect, Self::Decide, Self::Restore, Self::FailOver];

    /// The word on screen and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Detect => "detect",
            Self::Decide => "decide",
            Self::Restore => "restore",
            Self::FailOver => "fail over",
        }
    }
}

/// The part of the restore phase that a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Stacks, networks, machines.
    Infrastructure,
    /// Databases, tables, file systems, volumes, buckets.
    Data,
    /// Putting the two together.
    Integration,
}

impl Part {
    /// The word on screen and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Infrastructure => "infrastructure",
            Self::Data => "data",
            Self::Integration => "integration",
        }
    }
}

/// How strongly a step must be confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "strength")]
pub enum Strength {
    /// One key, which is not Enter.
    Key,
    /// The name must be typed: the Region or the resource about to change.
    Type {
        /// What must be typed, exactly.
        name: String,
    },
    /// Somebody else than the person who confirmed must approve under their own name.
    SecondPerson,
}

/// How far a running step is. Droppable: the next one replaces it. What the journal has of it are looks, not steps of the work.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// 0 to 100, where AWS says so.
    pub percent: Option<u8>,
    /// What is going on, in AWS's words where there are any.
    pub doing: String,
    /// The parts of it: a runbook's steps, the conditions of a check.
    pub parts: Vec<ProgressPart>,
    /// AWS waits for a person's answer: what it asks.
    pub asks: Option<String>,
}

/// One part of a running step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgressPart {
    /// Its name.
    pub name: String,
    /// Its status in AWS's words.
    pub status: String,
}
