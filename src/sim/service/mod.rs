//! The services: what each operation does to the world, and what it answers. They know nothing of protocols.

pub mod api;
pub mod arc;
pub mod backup;
pub mod cloudcontrol;
pub mod cloudformation;
pub mod cloudwatch;
pub mod coverage;
pub mod dynamodb;
pub mod ec2;
pub mod efs;
pub mod events;
pub mod fsx;
pub mod health;
mod health_organization;
pub mod lambda;
pub mod rds;
pub mod route53;
pub mod s3;
pub mod sns;
pub mod sqs;
pub mod ssm;
pub mod states;
pub mod sts;
pub mod types;

use chrono::{DateTime, Utc};

use super::call::{Answer, Call, Refusal};
use super::world::World;

/// Carries out one call.
///
/// # Errors
/// As AWS refuses it; `UnknownOperationException` for what is not modelled.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    if coverage::operation(call.service, &call.operation).is_none() {
        return Err(unknown(call));
    }
    match call.service {
        "sts" => sts::answer(world, call),
        "monitoring" => cloudwatch::answer(world, call),
        "health" => health::answer(world, call),
        "backup" => backup::answer(world, call),
        "ssm" => ssm::answer(world, call),
        "route53" => route53::answer(world, call),
        "sns" => sns::answer(world, call),
        "sqs" => sqs::answer(world, call),
        "events" => events::answer(world, call),
        "arc-region-switch" => arc::switch(world, call),
        "route53-recovery-cluster" => arc::control(world, call),
        "route53-recovery-control-config" => arc::configure(world, call),
        "lambda" => lambda::answer(world, call),
        "s3" => s3::answer(world, call),
        "states" => states::answer(world, call),
        "dynamodb" => dynamodb::answer(world, call),
        "cloudformation" => cloudformation::answer(world, call),
        "cloudcontrolapi" => cloudcontrol::answer(world, call),
        "rds" => rds::answer(world, call),
        "elasticfilesystem" => efs::answer(world, call),
        "fsx" => fsx::answer(world, call),
        "ec2" => ec2::answer(world, call),
        _ => Err(unknown(call)),
    }
}

/// Until when a call that has nothing to tell yet is to wait for something; `None`: it is answered at once.
pub fn waits(world: &World, call: &Call) -> Option<DateTime<Utc>> {
    if call.service == "sqs" { sqs::waits(world, call) } else { None }
}

/// Does this operation change the world, so that it belongs in the record?
pub fn changes(service: &str, operation: &str) -> bool {
    coverage::operation(service, operation).is_some_and(|operation| operation.changes)
}

/// The refusal of an operation that is not modelled: as AWS refuses one that it does not know.
pub fn unknown(call: &Call) -> Refusal {
    Refusal::new("UnknownOperationException", format!("The operation {} is not known to {}", call.operation, call.service))
}
