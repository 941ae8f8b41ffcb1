//! Restore metadata: what a plan must supply for each resource type, and what becomes of the backed-up metadata.
//!
//! Source: AWS Backup developer guide, the page "Restore …" of each resource type. The backed-up metadata describes the lost
//! Region: its zones, networks, keys and names cannot be used again, and some of its keys AWS Backup itself refuses.

use std::collections::BTreeMap;

/// What is known of one of AWS Backup's resource types.
pub(super) struct TypeRule {
    /// AWS Backup's name of it.
    pub resource_type: &'static str,
    /// The service in the ARNs of such resources.
    pub service: &'static str,
    /// The keys that cannot be taken over from the backed-up metadata.
    pub required: &'static [&'static str],
    /// Further keys if a key has a value (compared without case).
    pub when: &'static [(&'static str, &'static str, &'static [&'static str])],
    /// Can tags be copied from the source?
    pub copies_tags: bool,
}

const fn rule(resource_type: &'static str, service: &'static str, required: &'static [&'static str]) -> TypeRule {
    TypeRule { resource_type, service, required, when: &[], copies_tags: true }
}

const RULES: &[TypeRule] = &[
    rule("EBS", "ec2", &["availabilityZone"]),
    rule("EC2", "ec2", &["SubnetId", "SecurityGroupIds", "InstanceType"]),
    rule("RDS", "rds", &["DBInstanceIdentifier", "DBSubnetGroupName"]),
    rule("Aurora", "rds", &["dbClusterIdentifier", "engine"]),
    rule("DocumentDB", "rds", &["dbClusterIdentifier", "engine"]),
    rule("Neptune", "rds", &["dbClusterIdentifier", "engine"]),
    TypeRule { copies_tags: false, ..rule("DynamoDB", "dynamodb", &["targetTableName"]) },
    TypeRule {
        when: &[
            ("newFileSystem", "true", &["Encrypted", "PerformanceMode", "CreationToken"]),
            ("newFileSystem", "false", &["file-system-id"]),
            ("Encrypted", "true", &["KmsKeyId"]),
        ],
        ..rule("EFS", "elasticfilesystem", &["newFileSystem"])
    },
    rule("FSx", "fsx", &[]),
    TypeRule {
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

/// The metadata to restore with: the backed-up metadata without the keys in `drop`, with the keys of `supplied` instead or beside.
///
/// A name in `drop` that ends in `*` stands for all keys that begin so. Keys are compared without case. `InformationalOnly:…` keys
/// and nulls are never passed on: AWS Backup hands them out, and refuses to take them back.
pub fn restore_metadata(
    backed_up: &BTreeMap<String, String>,
    drop: &[String],
    supplied: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let dropped = |key: &str| {
        key.starts_with("InformationalOnly:")
            || drop.iter().any(|name| match name.strip_suffix('*') {
                Some(prefix) => key.to_lowercase().starts_with(&prefix.to_lowercase()),
                None => name.eq_ignore_ascii_case(key),
            })
    };
    let replaced = |key: &str| supplied.keys().any(|name| name.eq_ignore_ascii_case(key));
    let kept = backed_up.iter().filter(|(key, value)| !dropped(key) && !replaced(key) && *value != "null");
    kept.chain(supplied).map(|(key, value)| (key.clone(), value.clone())).collect()
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
        let metadata = restore_metadata(&backed_up, &drop, &map(&[("dbinstanceidentifier", "orders-db-2"), ("Port", "5432")]));
        assert_eq!(
            metadata,
            map(&[("DBInstanceClass", "db.r6g.large"), ("Port", "5432"), ("dbinstanceidentifier", "orders-db-2")])
        );
    }
}
