//! The moments of an incident, what proves them, and the roles that people have in it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A moment of an incident. Five of them bound the four durations; the others are told beside these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// The workload began to suffer.
    ImpactBegan,
    /// The first signal told so.
    Detected,
    /// A person took notice of it.
    Acknowledged,
    /// A person declared the failover.
    Decided,
    /// The last step of the restore phase ended well.
    Restored,
    /// Traffic was verified, from outside, to be answered by the recovery Region: the workload is available.
    FailedOver,
    /// A person said that it is over: what came after "available" was done as well.
    Recovered,
}

impl Moment {
    /// All, in order.
    pub const ALL: [Self; 7] =
        [Self::ImpactBegan, Self::Detected, Self::Acknowledged, Self::Decided, Self::Restored, Self::FailedOver, Self::Recovered];

    /// Those that bound the four durations, in order.
    pub const BOUNDS: [Self; 5] = [Self::ImpactBegan, Self::Detected, Self::Decided, Self::Restored, Self::FailedOver];

    /// The words on screen and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::ImpactBegan => "impact began",
            Self::Detected => "detected",
            Self::Acknowledged => "acknowledged",
            Self::Decided => "decided",
            Self::Restored => "restored",
            Self::FailedOver => "failed over",
            Self::Recovered => "recovered",
        }
    }
}

/// What kind of evidence fixes a moment, weakest first: a stronger one replaces a weaker one on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// A person says so, where no signal did.
    Person,
    /// Our own record of a step.
    Step,
    /// AWS's record of a job or an execution.
    Job,
    /// AWS's record of a change.
    Change,
    /// A CloudWatch alarm: its transition, or the first breaching datapoint of its reason data.
    Alarm,
    /// An AWS Health event.
    Health,
}

/// What proves a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Its kind.
    pub kind: EvidenceKind,
    /// In words: which alarm, which event, which job, who.
    pub text: String,
    /// AWS's request id or the ARN that proves it, where there is one.
    pub reference: Option<String>,
}

/// A moment with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fixed {
    /// The best estimate.
    pub at: DateTime<Utc>,
    /// The earliest that it can have been, where the evidence is a range.
    pub earliest: Option<DateTime<Utc>>,
    /// The latest that it can have been.
    pub latest: Option<DateTime<Utc>>,
    /// What proves it.
    pub evidence: Evidence,
}

/// What somebody is in an incident. Who has no role may do what an operator may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Decides: while there is one, nobody else declares, waits or closes.
    Commander,
    /// Confirms and carries out steps.
    Operator,
    /// Writes the record and does nothing else.
    Scribe,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Commander, Self::Operator, Self::Scribe];

    /// The word on screen, in reports, and as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Commander => "commander",
            Self::Operator => "operator",
            Self::Scribe => "scribe",
        }
    }
}
