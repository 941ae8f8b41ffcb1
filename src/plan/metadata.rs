//! Restore metadata: what a plan must supply for each resource type, and what becomes of the backed-up metadata.
//!
//! Source: AWS Backup developer guide, the page "Restore …" of each resource type. The backed-up metadata describes the lost
//! Region: its zones, networks, keys and names cannot be used again, and some of its keys AWS Backup itself refuses.

use std::collections::BTreeMap;

use crate::domain::Change;

/// What is known of one of AWS Backup's resource types.
pub(super) struct TypeRule {
    /// AWS Backup's name of it.
    pub resource_type: &'static str,
    /// The service in the ARNs of such resources.
    pub service: &'static str,
    /// The keys that cannot be taken over from the backed-up metadata.
    pub required: &'static [&'static str],
    /// Keys of the backed-up metadata that are bound to the lost Region or that AWS Backup refuses, and why.
    pub bound: &'static [(&'static str, &'static str)],
    /// Further keys if a key has a value (compared without case).
    pub when: &'static [(&'static str, &'static str, &'static [&'static str])],
    /// Can tags be copied from the source?
    pub copies_tags: bool,
}

const fn rule(resource_type: &'static str, service: &'static str, required: &'static [&'static str]) -> TypeRule {
    TypeRule { resource_type, service, required, bound: &[], when: &[], copies_tags: true }
}

const LOST: &str = "belongs to the lost Region";
const KEY: &str = "a key of the lost Region cannot be reached here";
const GROUP: &str = "a custom group need not exist here";

const RULES: &[TypeRule] = &[
    TypeRule { bound: &[("availabilityZone", LOST), ("kmsKeyId", KEY)], ..rule("EBS", "ec2", &["availabilityZone"]) },
    TypeRule {
        bound: &[
            ("SubnetId", LOST),
            ("SecurityGroupIds", LOST),
            ("NetworkInterfaces", LOST),
            ("Placement", LOST),
            ("vpcId", "information only"),
        ],
        ..rule("EC2", "ec2", &["SubnetId", "SecurityGroupIds", "InstanceType"])
    },
    TypeRule {
        bound: &[
            ("AvailabilityZone", LOST),
            ("DBSubnetGroupName", LOST),
            ("VpcSecurityGroupIds", LOST),
            ("KmsKeyId", KEY),
            ("DBSnapshotIdentifier", "AWS Backup refuses it"),
            ("EnableCloudwatchLogsExports", "the job fails with log exports"),
            ("DBParameterGroupName", GROUP),
            ("OptionGroupName", "a copy carries the default option group"),
        ],
        ..rule("RDS", "rds", &["DBInstanceIdentifier", "DBSubnetGroupName"])
    },
    TypeRule {
        bound: &[
            ("availabilityZones", LOST),
            ("dbSubnetGroupName", LOST),
            ("vpcSecurityGroupIds", LOST),
            ("kmsKeyId", KEY),
            ("dbClusterParameterGroupName", GROUP),
        ],
        ..rule("Aurora", "rds", &["dbClusterIdentifier", "engine"])
    },
    rule("DocumentDB", "rds", &["dbClusterIdentifier", "engine"]),
    rule("Neptune", "rds", &["dbClusterIdentifier", "engine"]),
    TypeRule { bound: &[("kmsMasterKeyArn", KEY)], copies_tags: false, ..rule("DynamoDB", "dynamodb", &["targetTableName"]) },
    TypeRule {
        bound: &[("KmsKeyId", KEY), ("file-system-id", "ignored for a new file system"), ("availabilityZoneName", LOST)],
        when: &[
            ("newFileSystem", "true", &["Encrypted", "PerformanceMode", "CreationToken"]),
            ("newFileSystem", "false", &["file-system-id"]),
            ("Encrypted", "true", &["KmsKeyId"]),
        ],
        ..rule("EFS", "elasticfilesystem", &["newFileSystem"])
    },
    rule("FSx", "fsx", &[]),
    TypeRule {
        bound: &[("KMSKey", KEY)],
        when: &[("EncryptionType", "SSE-KMS", &["KMSKey"])],
        copies_tags: false,
        ..rule("S3", "s3", &["DestinationBucketName"])
    },
    rule("EKS", "eks", &["clusterName"]),
    rule("CloudFormation", "cloudformation", &["ChangeSetName", "StackName"]),
    rule("Aurora DSQL", "dsql", &["regionalConfig"]),
    rule("Storage Gateway", "storagegateway", &["gatewayArn", "gatewayType", "targetName"]),
    TypeRule { copies_tags: false, ..rule("VirtualMachine", "backup-gateway", &["RestoreTo"]) },
    TypeRule { copies_tags: false, ..rule("Timestream", "timestream", &["TableName", "DestinationDatabase"]) },
];

/// What is known of a resource type.
pub(super) fn rule_of(resource_type: &str) -> Option<&'static TypeRule> {
    RULES.iter().find(|rule| rule.resource_type == resource_type)
}

/// The keys of restore metadata that a plan still has to give for a resource type beside those that it gives; none for a type that is
/// not known.
pub fn missing_metadata(resource_type: &str, given: &BTreeMap<String, String>) -> Vec<&'static str> {
    rule_of(resource_type).map(|rule| rule.missing(given)).unwrap_or_default()
}

/// The resource types that are known.
pub(super) fn known_types() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.resource_type)
}

impl TypeRule {
    /// The keys that a plan must supply but does not; `supplied` holds the plan's keys and what is written for them.
    pub fn missing(&self, supplied: &BTreeMap<String, String>) -> Vec<&'static str> {
        let value = |key: &str| supplied.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str());
        let holds = |key: &str, expected: &str| value(key).is_some_and(|value| value.eq_ignore_ascii_case(expected));
        let conditional = self.when.iter().filter(|(key, expected, _)| holds(key, expected)).flat_map(|(_, _, keys)| *keys);
        self.required.iter().chain(conditional).copied().filter(|key| value(key).is_none()).collect()
    }

    /// Every key that it can ask for.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.when.iter().flat_map(|(_, _, keys)| *keys)).copied()
    }
}

/// The metadata to restore with, and what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedOver {
    /// What is sent.
    pub metadata: BTreeMap<String, String>,
    /// Every key that differs from the backed-up metadata: backed-up value, proposed value, why.
    pub changes: Vec<Change>,
    /// Keys without which AWS Backup refuses the job or lets it fail.
    pub missing: Vec<&'static str>,
    /// Is the resource type known here?
    pub known: bool,
}

/// Carries the backed-up metadata over to the recovery Region: without what is bound to the lost Region and without the keys in
/// `drop`, with the keys of `supplied` instead or beside.
///
/// A name in `drop` that ends in `*` stands for all keys that begin so. Keys are compared without case. `InformationalOnly:…` keys
/// and nulls are never passed on: AWS Backup hands them out, and refuses to take them back.
pub fn carry_over(
    resource_type: &str,
    backed_up: &BTreeMap<String, String>,
    drop: &[String],
    supplied: &BTreeMap<String, String>,
) -> CarriedOver {
    let rule = rule_of(resource_type);
    let mut metadata = BTreeMap::new();
    let mut changes = Vec::new();
    for (key, value) in backed_up {
        let instead = supplied.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value);
        let why = why_not_passed_on(rule, drop, key, value);
        let (after, why) = match (instead, why) {
            (Some(new), _) if new == value => continue,
            (Some(new), why) => (Some(new.clone()), why.unwrap_or("the plan says so")),
            (None, Some(why)) => (None, why),
            (None, None) => {
                metadata.insert(key.clone(), value.clone());
                continue;
            }
        };
        changes.push(Change { what: key.clone(), before: Some(value.clone()), after, why: Some(why.to_owned()) });
    }
    for (key, value) in supplied {
        metadata.insert(key.clone(), value.clone());
        if !backed_up.keys().any(|name| name.eq_ignore_ascii_case(key)) {
            let why = Some("the plan adds it".to_owned());
            changes.push(Change { what: key.clone(), before: None, after: Some(value.clone()), why });
        }
    }
    let missing = rule.map(|rule| rule.missing(&metadata)).unwrap_or_default();
    CarriedOver { metadata, changes, missing, known: rule.is_some() }
}

fn why_not_passed_on(rule: Option<&TypeRule>, drop: &[String], key: &str, value: &str) -> Option<&'static str> {
    let dropped = |name: &String| match name.strip_suffix('*') {
        Some(prefix) => key.to_lowercase().starts_with(&prefix.to_lowercase()),
        None => name.eq_ignore_ascii_case(key),
    };
    if key.starts_with("InformationalOnly:") {
        return Some("information only: AWS Backup does not take it back");
    }
    if value == "null" {
        return Some("no value");
    }
    let bound = rule.and_then(|rule| rule.bound.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)));
    bound.map(|(_, why)| *why).or_else(|| drop.iter().any(dropped).then_some("the plan drops it"))
}

impl CarriedOver {
    /// What the new resource will be called, as far as the metadata says.
    pub fn new_name(&self, resource_type: &str) -> String {
        let name = rule_of(resource_type).and_then(|rule| rule.required.first()).and_then(|key| self.metadata.get(*key));
        match (resource_type, name) {
            ("EBS", Some(zone)) => format!("a new volume in {zone}"),
            ("EFS", _) => "a new file system".to_owned(),
            (_, Some(name)) => name.clone(),
            (_, None) => "a new resource".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_a_type_asks_for_may_depend_on_what_is_supplied() {
        let efs = rule_of("EFS").unwrap();
        assert_eq!(efs.missing(&map(&[])), ["newFileSystem"]);
        assert_eq!(efs.missing(&map(&[("newfilesystem", "false")])), ["file-system-id"]);
        assert_eq!(
            efs.missing(&map(&[("newFileSystem", "true"), ("Encrypted", "true")])),
            ["PerformanceMode", "CreationToken", "KmsKeyId"]
        );
        assert!(rule_of("Abacus").is_none());
    }

    #[test]
    fn what_describes_the_lost_region_is_dropped_and_what_is_supplied_wins() {
        let backed_up = map(&[
            ("DBInstanceIdentifier", "orders-db"),
            ("DBInstanceClass", "db.r6g.large"),
            ("AvailabilityZone", "eu-west-1a"),
            ("EnableCloudwatchLogsExports", "[]"),
            ("Iops", "null"),
            ("InformationalOnly:EngineVersion", "16.4"),
        ]);
        let drop = ["availabilityzone".to_owned(), "Enable*".to_owned()];
        let supplied = map(&[("dbinstanceidentifier", "orders-db-2"), ("Port", "5432")]);
        let carried = carry_over("RDS", &backed_up, &drop, &supplied);
        let sent = map(&[("DBInstanceClass", "db.r6g.large"), ("Port", "5432"), ("dbinstanceidentifier", "orders-db-2")]);
        assert_eq!(carried.metadata, sent);
        assert_eq!(carried.missing, ["DBSubnetGroupName"]);
        let zone = carried.changes.iter().find(|change| change.what == "AvailabilityZone").unwrap();
        assert_eq!((zone.before.as_deref(), zone.after.as_deref(), zone.why.as_deref()), (Some("eu-west-1a"), None, Some(LOST)));
        let name = carried.changes.iter().find(|change| change.what == "DBInstanceIdentifier").unwrap();
        assert_eq!((name.after.as_deref(), name.why.as_deref()), (Some("orders-db-2"), Some("the plan says so")));
        let port = carried.changes.iter().find(|change| change.what == "Port").unwrap();
        assert_eq!((port.before.as_deref(), port.why.as_deref()), (None, Some("the plan adds it")));
    }

    #[test]
    fn a_type_that_is_not_known_is_passed_on_and_said_so() {
        let carried = carry_over("Quantum", &map(&[("qubit", "7")]), &[], &map(&[]));
        assert_eq!((carried.metadata, carried.known), (map(&[("qubit", "7")]), false));
    }
}
