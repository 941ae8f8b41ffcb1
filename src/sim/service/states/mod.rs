//! Step Functions: state machines of the Amazon States Language, and their executions in the world's time.

mod branches;
mod choice;
mod definition;
mod execution;
mod intrinsic;
mod operations;
mod path;
mod run;
mod task;
#[cfg(test)]
mod tests;

use crate::sim::service::coverage::{Operation, changes, reads};

pub use execution::States;
pub use operations::{answer, time_out};
pub use path::{Scope, at};
pub use run::{At, advance};

/// What holds for all of the service.
pub const NOTE: &str = "Standard workflows with JSONPath and every intrinsic function; a task that a simulated service carries out takes 100 ms. \
                        Tasks call functions, other state machines and whatever the simulated AWS models, directly or through the SDK \
                        integrations, also waiting for a task token. JSONata, activities, distributed maps, versions and aliases are not modelled.";

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    changes("CreateStateMachine", "express ones run as standard ones do"),
    changes("DeleteStateMachine", "at once; its executions go on"),
    reads("DescribeExecution", ""),
    reads("DescribeStateMachine", ""),
    reads("DescribeStateMachineForExecution", "as the machine is now"),
    reads("GetExecutionHistory", ""),
    reads("ListExecutions", "no map runs"),
    reads("ListStateMachines", ""),
    reads("ListTagsForResource", ""),
    changes("RedriveExecution", "from the states that did not end"),
    changes("SendTaskFailure", ""),
    changes("SendTaskHeartbeat", ""),
    changes("SendTaskSuccess", ""),
    changes("StartExecution", ""),
    changes("StopExecution", ""),
    changes("TagResource", "state machines"),
    changes("UntagResource", ""),
    changes("UpdateStateMachine", ""),
    reads("ValidateStateMachineDefinition", "the structure, not the resources"),
];
