//! The services: what each operation does to the world, and what it answers. They know nothing of protocols.

pub mod backup;
pub mod cloudwatch;
pub mod health;
pub mod route53;
pub mod ssm;
pub mod sts;

use super::call::{Answer, Call, Refusal};
use super::world::World;

/// Carries out one call.
///
/// # Errors
/// As AWS refuses it; `UnknownOperationException` for what is not modelled.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    match call.service {
        "sts" => sts::answer(world, call),
        "monitoring" => cloudwatch::answer(world, call),
        "health" => health::answer(world, call),
        "backup" => backup::answer(world, call),
        "ssm" => ssm::answer(world, call),
        "route53" => route53::answer(world, call),
        _ => Err(unknown(call)),
    }
}

/// Does this operation change the world, so that it belongs in the record?
pub fn changes(service: &str, operation: &str) -> bool {
    matches!(
        (service, operation),
        ("sts", "AssumeRole")
            | ("monitoring", "PutMetricAlarm" | "PutCompositeAlarm" | "PutMetricData" | "SetAlarmState")
            | ("backup", "StartRestoreJob")
            | (
                "ssm",
                "StartAutomationExecution"
                    | "SendAutomationSignal"
                    | "StopAutomationExecution"
                    | "CreateOpsItem"
                    | "UpdateOpsItem"
            )
            | ("route53", "ChangeResourceRecordSets")
    )
}

/// The refusal of an operation that is not modelled: as AWS refuses one that it does not know.
pub fn unknown(call: &Call) -> Refusal {
    Refusal::new("UnknownOperationException", format!("The operation {} is not known to {}", call.operation, call.service))
}
