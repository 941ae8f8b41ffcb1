//! What the console knows: one state, changed only by applying updates and journal events.
//!
//! Pure and synchronous: no clock, no channels, no screen. Live data and the incident are separate: a feed can never rewrite the
//! incident. An update that answers an older question than the last one is dropped.

mod kept;
mod push;
mod source;
mod state;
mod update;

pub use kept::Kept;
pub use source::{Completeness, Freshness, Source};
pub use state::{ExerciseState, Notice, NoticeLevel, Prepared, RecoveryPoints, State};
pub use update::{Loaded, Update};
