//! Systems Manager: Automation runs of documents with named steps, and OpsItems.

pub mod automation;
pub mod execution;
pub mod ops_items;

use crate::sim::call::{Answer, Call};
use crate::sim::service::coverage::{Operation, changes, reads};
use crate::sim::world::World;

/// What holds for all of the service.
pub const NOTE: &str = "Runbooks are those of the scenario, with steps that take their time.";

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    changes("CreateOpsItem", ""),
    reads("DescribeAutomationExecutions", ""),
    reads("DescribeAutomationStepExecutions", ""),
    reads("DescribeOpsItems", "not every filter"),
    reads("GetAutomationExecution", ""),
    reads("GetOpsItem", ""),
    changes("SendAutomationSignal", ""),
    changes("StartAutomationExecution", "no targets, no rate control, not interactive"),
    changes("StopAutomationExecution", ""),
    changes("UpdateOpsItem", ""),
];

pub use execution::{Document, Ssm, StepSpec};

/// Answers one call to Systems Manager.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    if call.operation.contains("OpsItem") { ops_items::answer(world, call) } else { automation::answer(world, call) }
}
