//! The moments of an incident, and what proves them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A moment that bounds one of the four durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// The workload began to suffer.
    ImpactBegan,
    /// The first signal told so.
    Detected,
    /// A person declared the failover.
    Decided,
    /// The last step of the restore phase ended well.
    Restored,
    /// Traffic was verified, from outside, to be answered by the recovery Region.
    FailedOver,
}

impl Moment {
    /// All, in order.
    pub const ALL: [Self; 5] = [Self::ImpactBegan, Self::Detected, Self::Decided, Self::Restored, Self::FailedOver];

    /// The words on screen and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::ImpactBegan => "impact began",
            Self::Detected => "detected",
            Self::Decided => "decided",
            Self::Restored => "restored",
            Self::FailedOver => "failed over",
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
