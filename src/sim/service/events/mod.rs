//! EventBridge: buses, rules with event patterns, and targets that events reach.

pub mod operations;
pub mod rules;

pub use operations::{NOTE, OPERATIONS, answer};
pub use rules::{Emitted, Events, emit};
