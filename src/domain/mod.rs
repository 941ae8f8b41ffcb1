//! The words of lifeboat as types: sites, signals, recovery points, steps, moments, calls, problems.
//!
//! No I/O, no async, no time of its own, and no other room. Everything here can be written to the journal as JSON, so a change of
//! a field's name or meaning is a change of the journal's format.

mod call;
mod condition;
mod ids;
mod moment;
mod preparation;
mod problem;
mod pushed;
mod recovery_point;
mod rules;
mod signal;
mod site;
mod step;
mod story;

pub use call::*;
pub use condition::{Condition, Facts, MODE, Watched, possible};
pub use ids::{AccountId, IncidentId, Operator, Region, StepId};
pub use moment::{Evidence, EvidenceKind, Fixed, Moment, Role};
pub use preparation::{Change, Finding, Preparation, Verdict};
pub use problem::{Problem, ProblemKind};
pub use pushed::{PUSHED, Pushed, PushedSignal};
pub use recovery_point::{JobStatus, ProtectedResource, RecoveryPoint, RestoreJob, Usable};
pub use rules::{Answered, Criterion, Deed, Facilitation, Rules};
pub use signal::{AffectedEntity, Alarm, AlarmKind, AlarmMetric, AlarmState, Comparison, HealthEvent, MetricPoint, SignalId};
pub use site::{Identity, Mode, SiteName};
pub use step::{Part, Phase, Progress, ProgressPart, Strength};
pub use story::{AlarmHistoryItem, AlarmStory, Backups, CopyJob, MetricGraph, Vault};
