//! `lifeboat doctor`: is everything there that a recovery will need, and where does it live?
//!
//! Asks each read that a pane or step depends on once, and says of each which Region's control plane answers it: what needs the
//! primary Region is of no use on the day that it is lost. Changes nothing. Knows no journal, no store and no screen.

mod machine;
mod needs;
mod probe;
mod write;

pub use machine::{Machine, look_at};
pub use needs::{Need, Read, needs};
pub use probe::{Finding, State, examine};
pub use write::{json, text};
