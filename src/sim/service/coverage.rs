//! What of AWS is modelled, and how far: the one list that the record, and docs/simulated-aws.md, go by.

use std::fmt::Write;

use crate::sim::{controls, model};

/// One operation of a service.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// AWS's name of it.
    pub name: &'static str,
    /// Can it change the world, so that it belongs in the record?
    pub changes: bool,
    /// What is different from AWS; empty where nothing is known to be.
    pub note: &'static str,
}

/// An operation that changes nothing.
pub const fn reads(name: &'static str, note: &'static str) -> Operation {
    Operation { name, changes: false, note }
}

/// An operation that can change the world.
pub const fn changes(name: &'static str, note: &'static str) -> Operation {
    Operation { name, changes: true, note }
}

/// The services in the order of the documentation: the name they sign with, what holds for all of the service, its operations.
pub const SERVICES: &[(&str, &str, &[Operation])] = &[
    ("arc-region-switch", super::arc::SWITCH_NOTE, super::arc::SWITCH),
    ("backup", super::backup::NOTE, super::backup::OPERATIONS),
    ("cloudcontrolapi", super::cloudcontrol::NOTE, super::cloudcontrol::OPERATIONS),
    ("cloudformation", super::cloudformation::NOTE, super::cloudformation::OPERATIONS),
    ("monitoring", super::cloudwatch::NOTE, super::cloudwatch::OPERATIONS),
    ("dynamodb", super::dynamodb::NOTE, super::dynamodb::OPERATIONS),
    ("ec2", super::ec2::NOTE, super::ec2::OPERATIONS),
    ("elasticfilesystem", super::efs::NOTE, super::efs::OPERATIONS),
    ("events", super::events::NOTE, super::events::OPERATIONS),
    ("fsx", super::fsx::NOTE, super::fsx::OPERATIONS),
    (
        "health",
        "Events come from scenarios. Every account of the scenario is in the organisation, and any may look at it.",
        super::health::OPERATIONS,
    ),
    ("lambda", super::lambda::NOTE, super::lambda::OPERATIONS),
    ("rds", super::rds::NOTE, super::rds::OPERATIONS),
    ("route53", super::route53::NOTE, super::route53::OPERATIONS),
    ("route53-recovery-cluster", super::arc::CLUSTER_NOTE, super::arc::CLUSTER),
    ("route53-recovery-control-config", super::arc::CONFIG_NOTE, super::arc::CONFIG),
    ("s3", super::s3::NOTE, super::s3::OPERATIONS),
    ("sns", super::sns::NOTE, super::sns::OPERATIONS),
    ("sqs", "The old query protocol is spoken too. Messages of other accounts' queues are denied.", super::sqs::OPERATIONS),
    ("ssm", super::ssm::NOTE, super::ssm::OPERATIONS),
    ("states", super::states::NOTE, super::states::OPERATIONS),
    ("sts", "Any role may be assumed in an account that the scenario does not list.", super::sts::OPERATIONS),
];

/// The operation of a service.
pub fn operation(service: &str, name: &str) -> Option<&'static Operation> {
    let (.., operations) = SERVICES.iter().find(|(known, ..)| *known == service)?;
    operations.iter().find(|operation| operation.name == name)
}

/// docs/simulated-aws.md.
pub fn document() -> String {
    let mut text = String::from(
        "# What the simulated AWS models\n\n\
         Generated from the code (`sim::service::coverage`); a test keeps it current. An operation that is not listed is refused as\n\
         AWS refuses one that it does not know. Every input is held against AWS's service model before it has an effect, every\n\
         answer before it leaves. Signatures are read, not verified, and the server listens on loopback only: IAM, key and resource\n\
         policies are not modelled. Accounts and Regions are apart. A signature needs a date of its credential's day, of any age.\n\n\
         *changes* marks what `--state FILE` notes. Where the last column is empty, no difference from AWS is known.\n",
    );
    for (service, note, operations) in SERVICES {
        let Some((_, model)) = model::model(service) else { continue };
        let protocols: Vec<_> = model.metadata.protocols.iter().map(String::as_str).collect();
        // Writing to a text cannot fail.
        let _ = write!(
            text,
            "\n## {}\n\nSigns as `{service}`, speaks {}. {note}\n\n",
            model.metadata.service_id,
            protocols.join(", ")
        );
        text.push_str("| operation | | differs |\n| --- | --- | --- |\n");
        for Operation { name, changes, note } in *operations {
            let _ = writeln!(text, "| {name} | {} | {note} |", if *changes { "changes" } else { "" });
        }
    }
    text.push_str(&controls::document());
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operation_of_the_models_is_listed_once_and_no_other() {
        assert_eq!(SERVICES.iter().map(|(name, ..)| *name).collect::<BTreeSet<_>>(), model::services().collect());
        for (service, _, operations) in SERVICES {
            let (_, model) = model::model(service).unwrap();
            let modelled: BTreeSet<_> = model.operations().map(|operation| operation.name.as_str()).collect();
            assert_eq!(operations.iter().map(|operation| operation.name).collect::<BTreeSet<_>>(), modelled, "{service}");
            assert_eq!(operations.len(), modelled.len(), "{service} lists one twice");
        }
    }

    #[test]
    fn the_document_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/simulated-aws.md");
        if std::env::var_os("LIFEBOAT_WRITE_DOCS").is_some() {
            std::fs::write(path, document()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(written, document(), "write it anew with LIFEBOAT_WRITE_DOCS=1 cargo test --lib coverage");
    }
}
