//! The engine: a pure machine. An order, an outcome or a look at the signals goes in; events to journal and effects to start come out.
//!
//! No clock, no tokio, no SDK, no file, no screen. It refuses what is out of order with a sentence for the operator. An effect
//! may only be started after the events that came with it are durable.

#[cfg(test)]
mod asked_tests;
mod effect;
mod handle;
mod intent;
mod open;
#[cfg(test)]
mod tests;

pub use effect::{Decision, Effect, Outcome, Refusal};
pub use handle::{Context, handle};
pub use intent::{Input, Intent};
pub use open::{ExerciseOf, blocked_by, open, resume};
