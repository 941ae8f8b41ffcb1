//! The journal: the append-only, ordered record of an incident's events, and what they amount to.
//!
//! One SQLite file an incident. Knows the domain; must not know the cloud, the engine's rules or the screen. Corrections are new
//! events, never edits; event kinds that this version does not know are kept as they are.

mod event;
mod fold;

pub use event::{
    CallAnswered, Ended, Event, IncidentOpened, PlannedStep, Purpose, Recorded, SignalSeen, StepConfirmed, StepEnded,
};
pub use fold::{Attempt, Decision, Incident, MomentRecord, Note, SignalRecord, StepRecord, StepStatus};
