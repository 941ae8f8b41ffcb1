//! The console: one incident from its first signal to its last note, the loop that joins all rooms.
//!
//! Everything that happens comes through one place in one order: orders of the screen, outcomes of the driver, news of the feeds.
//! An order goes to the engine, what it decides to the journal, and only what is durable there is applied and carried out. Decides
//! nothing itself, and draws nothing itself.

mod appearance;
mod control;
mod exercise;
mod export;
mod facilitate;
mod last_seen;
mod live;
mod opening;
mod plain;
mod rehearsal;
mod replay;
mod room;
mod screen;
mod session;

pub use appearance::Appearance;
pub use control::{Coming, Facilitator, FacilitatorError, Order, Standing};
pub use exercise::{Exercise, Played, StartExercise, begun, empty, exercises, read, scaled, scenario_schema};
pub use export::{CastSetting, cast};
pub use facilitate::{Attached, Said, facilitate};
pub use live::{Reach, connect};
pub use opening::{Opening, SessionError};
pub use plain::run_plain;
pub use rehearsal::rehearsal;
pub use replay::{NothingToReplay, Replay};
pub use room::Room;
pub use screen::{Leave, ScreenError, run};
pub use session::Session;
