//! The journal: the append-only, ordered record of an incident's events, and what they amount to.
//!
//! One SQLite file an incident, on one machine; a console on another one reaches it through a link. Knows the domain; must not know the cloud, the engine's rules or the screen. Corrections are new
//! events, never edits; event kinds that this version does not know are kept as they are.

mod append;
mod confirmed;
mod directory;
mod entry;
mod error;
mod event;
mod file;
mod fold;
mod keeper;
mod link;
mod log;
mod reader;
mod transfer;

pub use append::{Appended, Journal};
pub use confirmed::Confirmed;
pub use directory::{JournalDirectory, Summary};
pub use entry::{Attachment, Candidate, Choice, Expected, Mark, NoticeDue, Notices, Observed, Weighed, attached};
pub use error::{Damage, JournalError};
pub use event::{
    Amended, CallAnswered, Ended, Event, IncidentOpened, PlannedStep, Purpose, Recorded, SignalSeen, StepConfirmed, StepEnded,
};
pub use file::FORMAT;
pub use fold::{
    Attempt, Decision, Incident, MomentRecord, Note, NoticeRecord, SeenElsewhere, SignalRecord, StepRecord, StepStatus,
};
pub use keeper::keep;
pub use reader::{Reading, Verified, read, verify};
pub use transfer::{Imported, Parting, compare, event_with_hash, export};
