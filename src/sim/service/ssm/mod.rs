//! Systems Manager: Automation runs of documents with named steps, and OpsItems.

pub mod actions;
pub mod automation;
mod commands;
pub mod documents;
pub mod execution;
mod filters;
pub mod ops_items;
mod owned;
pub mod parameters;

use crate::sim::call::{Answer, Call};
use crate::sim::service::coverage::{Operation, changes, reads};
use crate::sim::world::World;

/// What holds for all of the service.
pub const NOTE: &str = "The scenario's runbooks take their time and do what it says; those of callers in JSON, and AWS's own, do what their steps \
                        say by calling the simulated services: executeAwsApi, assert- and waitForAwsResourceProperty, branch, sleep, approve, \
                        pause, invokeLambdaFunction, executeStateMachine, executeAutomation, runCommand and changeInstanceState. Any other \
                        action takes five seconds and does nothing.";

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    changes("CancelCommand", ""),
    changes("CreateDocument", "YAML is kept, not read; a document has one version"),
    changes("CreateOpsItem", ""),
    changes("DeleteDocument", ""),
    changes("DeleteParameter", ""),
    changes("DeleteParameters", ""),
    reads("DescribeAutomationExecutions", ""),
    reads("DescribeAutomationStepExecutions", ""),
    reads("DescribeDocument", ""),
    reads("DescribeOpsItems", "not every filter"),
    reads("DescribeParameters", "not the filter on labels and tags"),
    reads("GetAutomationExecution", ""),
    reads("GetCommandInvocation", ""),
    reads("GetDocument", ""),
    reads("GetOpsItem", ""),
    reads("GetParameter", "a secret that is not decrypted is told in a form of its own"),
    reads("GetParameters", ""),
    reads("GetParametersByPath", "filters are passed over"),
    reads("ListCommandInvocations", "filters by command and instance"),
    reads("ListCommands", "filters by command and instance"),
    reads("ListDocuments", "of the filters those on name, owner and type"),
    changes("PutParameter", "policies, tags and allowed patterns are passed over"),
    changes("SendAutomationSignal", ""),
    changes("SendCommand", "takes ten seconds, runs nothing: `echo` is answered, `exit 1` fails; targets by tag reach nobody"),
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
    match call.operation.as_str() {
        operation if operation.contains("Command") => commands::answer(world, call),
        operation if operation.contains("OpsItem") => ops_items::answer(world, call),
        operation if operation.contains("Parameter") => parameters::answer(world, call),
        operation if operation.contains("Document") => documents::answer(world, call),
        _ => automation::answer(world, call),
    }
}
