//! What the console knows: one state, changed only by applying updates and journal events.
//!
//! Pure and synchronous: no clock, no channels, no screen. Live data and the incident are separate: a feed can never rewrite the
//! incident. An update that answers an older question than the last one is dropped.

mod kept;
mod known;
mod push;
mod rows;
mod source;
mod state;
mod update;

pub use kept::Kept;
pub use known::{Known, News};
pub use rows::{PackedAlarm, PackedPoint, Row, Rows, Standing, key_hash};
pub use source::{Completeness, Freshness, Source};
pub use state::{ExerciseState, Notice, NoticeLevel, Prepared, RecoveryPoints, ReplayState, State};
pub use update::{Changes, ListEnd, Loaded, Update};
