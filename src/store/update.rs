//! What feeds and the driver tell the store.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{
    Alarm, AlarmStory, Backups, Expected, HealthEvent, Identity, MetricPoint, Preparation, Problem, Progress, ProtectedResource,
    Pushed, RecoveryPoint, SiteName, StepId,
};

use super::Completeness;

/// Data with whether it is all there is.
pub type Loaded<T> = Result<(T, Completeness), Problem>;

/// What changed of a long list, as far as it has been read: a list of very many rows is told piece by piece, so that no piece takes long.
#[derive(Debug, Clone)]
pub struct Changes<T> {
    /// Rows that are new or not as they were.
    pub changed: Vec<T>,
    /// What is no longer there, as hashes of keys ([`super::key_hash`]).
    pub gone: Vec<u64>,
    /// With the last piece: what the whole answer was like.
    pub end: Option<ListEnd>,
}

/// A long list was read to its end.
#[derive(Debug, Clone)]
pub struct ListEnd {
    /// Was that all?
    pub completeness: Completeness,
    /// How long reading it took, which the next time will take as well.
    pub took: TimeDelta,
    /// The first time: the hashes of all keys that there are; what was known from elsewhere goes.
    pub only: Option<HashSet<u64>>,
}

/// One piece of news. `seq` numbers the questions of one source; `at` is the console's time of the answer.
#[derive(Debug, Clone)]
pub enum Update {
    /// Who we are at a site.
    Identity {
        /// The site.
        site: SiteName,
        /// The question's number.
        seq: u64,
        /// When it was answered.
        at: DateTime<Utc>,
        /// The answer.
        answer: Loaded<Identity>,
    },
    /// The alarms of a site.
    Alarms {
        /// The site.
        site: SiteName,
        /// The question's number.
        seq: u64,
        /// When it was answered.
        at: DateTime<Utc>,
        /// The answer.
        answer: Loaded<Vec<Alarm>>,
    },
    /// A piece of a site's alarms: what changed since the pieces before.
    AlarmRows {
        /// The site.
        site: SiteName,
        /// The question's number.
        seq: u64,
        /// When it was answered.
        at: DateTime<Utc>,
        /// The piece.
        changes: Changes<Alarm>,
    },
    /// A piece of what a site's vaults hold.
    PointRows {
        /// The site.
        site: SiteName,
        /// The question's number.
        seq: u64,
        /// When it was answered.
        at: DateTime<Utc>,
        /// The piece.
        changes: Changes<RecoveryPoint>,
        /// The protected resources, with the last piece.
        protected: Option<Vec<ProtectedResource>>,
    },
    /// The Health events.
    Health {
        /// The question's number.
        seq: u64,
        /// When it was answered.
        at: DateTime<Utc>,
        /// The answer.
        answer: Loaded<Vec<HealthEvent>>,
    },
    /// The recovery points in the vaults of a site.
    RecoveryPoints {
        /// The site.
        site: SiteName,
        /// The question's number.
        seq: u64,
        /// When it was answered.
        at: DateTime<Utc>,
        /// The answer.
        answer: Loaded<(Vec<RecoveryPoint>, Vec<ProtectedResource>)>,
    },
    /// What the queue at a site delivered: events that were not seen before, in whatever order.
    Pushed {
        /// The site.
        site: SiteName,
        /// The question's number.
        seq: u64,
        /// When it was answered.
        at: DateTime<Utc>,
        /// The answer.
        answer: Result<Vec<Pushed>, Problem>,
    },
    /// The datapoints of the alarm that is being looked at.
    Graph {
        /// Where the alarm lives.
        site: SiteName,
        /// Its name.
        alarm: String,
        /// The question's number.
        seq: u64,
        /// When it was answered.
        at: DateTime<Utc>,
        /// The answer, oldest first.
        answer: Result<Vec<MetricPoint>, Problem>,
    },
    /// What was asked about the alarm that is being looked at, beside its graph.
    Story {
        /// Where the alarm lives.
        site: SiteName,
        /// Its name.
        alarm: String,
        /// What is known.
        story: Box<AlarmStory>,
    },
    /// Vaults, copies and restores of a site.
    Backups {
        /// The site.
        site: SiteName,
        /// The question's number.
        seq: u64,
        /// When it was answered.
        at: DateTime<Utc>,
        /// The answer.
        answer: Loaded<Backups>,
    },
    /// AWS's clock minus ours, with the half round trip as uncertainty.
    ClockOffset {
        /// The difference.
        offset: TimeDelta,
        /// How far it may be off.
        uncertainty: TimeDelta,
    },
    /// A preparation was asked for.
    Preparing {
        /// Which step.
        step: StepId,
        /// The question's number.
        seq: u64,
    },
    /// A preparation is there, or could not be made.
    Prepared {
        /// Which step.
        step: StepId,
        /// The question's number.
        seq: u64,
        /// When it was answered.
        at: DateTime<Utc>,
        /// The answer.
        answer: Result<Box<Preparation>, Problem>,
    },
    /// How long AWS's last restore of a plan's resource took.
    LastRestore {
        /// The plan's name of the resource.
        resource: String,
        /// How long.
        took: TimeDelta,
    },
    /// How far a running step is.
    Progress {
        /// Which step.
        step: StepId,
        /// Which attempt.
        attempt: u32,
        /// When it was asked.
        at: DateTime<Utc>,
        /// The answer; a problem leaves the last progress standing.
        answer: Result<Progress, Problem>,
    },
    /// What earlier runs say of how long steps take.
    Earlier(BTreeMap<StepId, Expected>),
    /// The exercise's clock was turned.
    Exercise {
        /// Does it stand still?
        paused: bool,
        /// Simulated seconds in one real second.
        speed: f64,
    },
}

impl Update {
    /// How many rows it brings, where those are many.
    pub fn rows(&self) -> usize {
        match self {
            Self::AlarmRows { changes, .. } => changes.changed.len(),
            Self::PointRows { changes, .. } => changes.changed.len(),
            _ => 0,
        }
    }

    /// Does it tell of a failure?
    pub fn failed(&self) -> bool {
        match self {
            Self::Identity { answer, .. } => answer.is_err(),
            Self::Alarms { answer, .. } => answer.is_err(),
            Self::Health { answer, .. } => answer.is_err(),
            Self::RecoveryPoints { answer, .. } => answer.is_err(),
            Self::Pushed { answer, .. } => answer.is_err(),
            Self::Graph { answer, .. } => answer.is_err(),
            Self::Backups { answer, .. } => answer.is_err(),
            Self::Prepared { answer, .. } => answer.is_err(),
            Self::Progress { answer, .. } => answer.is_err(),
            Self::Story { .. }
            | Self::AlarmRows { .. }
            | Self::PointRows { .. }
            | Self::ClockOffset { .. }
            | Self::Preparing { .. }
            | Self::LastRestore { .. }
            | Self::Earlier(_)
            | Self::Exercise { .. } => false,
        }
    }
}
