//! The driver: carries out the engine's effects and tells how they went. Decides nothing.
//!
//! Prepares steps from what AWS says now, hands confirmed calls to the gate, follows what runs, and finds out after a lost answer
//! or a lost console what AWS did. Holds the gate; without one (`--read-only`) nothing can be sent. Knows no screen and no store
//! beyond the updates that it sends.

mod action;
mod elsewhere;
mod prepare;
mod probe;
mod run;
mod token;

pub use prepare::AnswerWanted;
pub use probe::Probe;
pub use run::{Driver, Setting, Told};
