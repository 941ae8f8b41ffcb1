//! Systems Manager: Automation runs of documents with named steps, and OpsItems.

pub mod automation;
pub mod execution;
pub mod ops_items;

use crate::sim::call::{Answer, Call};
use crate::sim::world::World;

pub use execution::{Document, Ssm, StepSpec};

/// Answers one call to Systems Manager.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    if call.operation.contains("OpsItem") { ops_items::answer(world, call) } else { automation::answer(world, call) }
}
