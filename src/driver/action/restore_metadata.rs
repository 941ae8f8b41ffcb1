//! Restore metadata, carried over to the recovery Region: backed-up value, proposed value, and why.
//!
//! AWS Backup's metadata describes the lost resource; passed back untouched it names zones, subnets, keys and snapshots of the
//! lost Region, and the job fails after minutes. What each type needs is in the AWS Backup developer guide, "Restoring a backup".

use std::collections::BTreeMap;

use crate::domain::{Change, Finding};

/// The metadata to send, and what there is to say about it.
pub(super) struct Carried {
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) changes: Vec<Change>,
    pub(super) findings: Vec<Finding>,
}

/// What a resource type's metadata needs: keys that belong to the lost Region, and keys that name the new resource.
struct Rules {
    resource_type: &'static str,
    /// Keys that must not be passed on unless the plan gives a value, and why.
    bound: &'static [(&'static str, &'static str)],
    /// Keys without which AWS Backup refuses the job or lets it fail.
    required: &'static [&'static str],
    /// The key that names the new resource.
    name: &'static str,
}

const LOST_REGION: &str = "belongs to the lost Region";
const KEY: &str = "the key of the lost Region cannot be reached";

const RULES: &[Rules] = &[
    Rules {
        resource_type: "DynamoDB",
        bound: &[("originalTableName", "information only"), ("kmsMasterKeyArn", KEY)],
        required: &["targetTableName"],
        name: "targetTableName",
    },
    Rules {
        resource_type: "RDS",
        bound: &[
            ("DBSnapshotIdentifier", "AWS Backup refuses it"),
            ("AvailabilityZone", LOST_REGION),
            ("KmsKeyId", "information only, and a key of the lost Region"),
            ("Encrypted", "information only"),
            ("EngineVersion", "information only"),
            ("VpcId", "information only"),
            ("vpcId", "information only"),
            ("DBSubnetGroupName", LOST_REGION),
            ("VpcSecurityGroupIds", LOST_REGION),
            ("DBParameterGroupName", "a custom group may not exist in the recovery Region"),
            ("OptionGroupName", "a copy carries the default option group"),
            ("EnableCloudwatchLogsExports", "the job fails with log exports"),
        ],
        required: &["DBInstanceIdentifier", "DBSubnetGroupName"],
        name: "DBInstanceIdentifier",
    },
    Rules {
        resource_type: "EFS",
        bound: &[
            ("file-system-id", "ignored for a new file system"),
            ("KmsKeyId", KEY),
            ("kmsKeyId", KEY),
            ("availabilityZoneName", LOST_REGION),
        ],
        required: &["newFileSystem", "Encrypted", "PerformanceMode", "CreationToken"],
        name: "CreationToken",
    },
    Rules {
        resource_type: "EBS",
        bound: &[("availabilityZone", LOST_REGION), ("kmsKeyId", KEY), ("volumeId", "information only")],
        required: &["availabilityZone"],
        name: "availabilityZone",
    },
    Rules {
        resource_type: "S3",
        bound: &[("KMSKey", KEY), ("BucketName", "information only")],
        required: &["DestinationBucketName"],
        name: "DestinationBucketName",
    },
    Rules {
        resource_type: "EC2",
        bound: &[
            ("VpcId", "information only"),
            ("vpcId", "information only"),
            ("SubnetId", LOST_REGION),
            ("SecurityGroupIds", LOST_REGION),
            ("NetworkInterfaces", LOST_REGION),
            ("Placement", LOST_REGION),
        ],
        required: &["SubnetId", "SecurityGroupIds", "InstanceType"],
        name: "InstanceType",
    },
    Rules {
        resource_type: "Aurora",
        bound: &[
            ("availabilityZones", LOST_REGION),
            ("dbSubnetGroupName", LOST_REGION),
            ("vpcSecurityGroupIds", LOST_REGION),
            ("kmsKeyId", KEY),
            ("dbClusterParameterGroupName", "a custom group may not exist in the recovery Region"),
        ],
        required: &["dbClusterIdentifier", "engine"],
        name: "dbClusterIdentifier",
    },
];

/// What the new resource will be called, as far as the metadata says.
pub(super) fn new_name(resource_type: &str, metadata: &BTreeMap<String, String>) -> String {
    let rules = RULES.iter().find(|rules| rules.resource_type == resource_type);
    rules.and_then(|rules| metadata.get(rules.name)).map_or_else(|| "a new resource".to_owned(), |name| format!("new: {name}"))
}

/// Carries the backed-up metadata over: the plan's values win, what is bound to the lost Region goes, `drop` goes.
pub(super) fn carry_over(
    resource_type: &str,
    backed_up: &BTreeMap<String, String>,
    wanted: &BTreeMap<String, String>,
    drop: &[String],
) -> Carried {
    let rules = RULES.iter().find(|rules| rules.resource_type == resource_type);
    let bound = |key: &str| {
        if key.starts_with("InformationalOnly:") {
            return Some("information only");
        }
        rules?.bound.iter().find(|(name, _)| *name == key).map(|(_, why)| *why)
    };
    let mut carried = Carried { metadata: BTreeMap::new(), changes: Vec::new(), findings: Vec::new() };
    for (key, value) in backed_up {
        let change = |after: Option<&String>, why: &str| Change {
            what: key.clone(),
            before: Some(value.clone()),
            after: after.cloned(),
            why: Some(why.to_owned()),
        };
        if let Some(new) = wanted.get(key) {
            if new != value {
                carried.changes.push(change(Some(new), bound(key).unwrap_or("the plan says so")));
            }
        } else if drop.contains(key) {
            carried.changes.push(change(None, "the plan drops it"));
        } else if let Some(why) = bound(key) {
            carried.changes.push(change(None, why));
        } else {
            carried.metadata.insert(key.clone(), value.clone());
        }
    }
    for (key, value) in wanted {
        carried.metadata.insert(key.clone(), value.clone());
        if !backed_up.contains_key(key) {
            let why = Some("the plan adds it".to_owned());
            carried.changes.push(Change { what: key.clone(), before: None, after: Some(value.clone()), why });
        }
    }
    match rules {
        None => carried
            .findings
            .push(Finding::warns(format!("what {resource_type} needs is not known here: read the metadata with care"))),
        Some(rules) => {
            for key in rules.required.iter().filter(|key| !carried.metadata.contains_key(**key)) {
                carried.findings.push(Finding::blocks(format!("{resource_type} needs {key}: add it to the step's metadata")));
            }
        }
    }
    carried
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Verdict;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_is_bound_to_the_lost_region_is_not_passed_on() {
        let backed_up = map(&[
            ("DBSnapshotIdentifier", "awsbackup:job-1"),
            ("InformationalOnly:Engine", "postgres"),
            ("AvailabilityZone", "eu-west-1a"),
            ("DBInstanceClass", "db.r6g.large"),
            ("DBSubnetGroupName", "shop-primary"),
        ]);
        let wanted = map(&[("DBInstanceIdentifier", "orders-db"), ("DBSubnetGroupName", "shop-recovery")]);
        let carried = carry_over("RDS", &backed_up, &wanted, &[]);
        let sent = map(&[
            ("DBInstanceClass", "db.r6g.large"),
            ("DBInstanceIdentifier", "orders-db"),
            ("DBSubnetGroupName", "shop-recovery"),
        ]);
        assert_eq!(carried.metadata, sent);
        assert!(carried.findings.is_empty());
        let group = carried.changes.iter().find(|change| change.what == "DBSubnetGroupName").unwrap();
        assert_eq!(
            (group.before.as_deref(), group.after.as_deref(), group.why.as_deref()),
            (Some("shop-primary"), Some("shop-recovery"), Some(LOST_REGION))
        );
    }

    #[test]
    fn a_required_key_that_is_missing_blocks_the_step() {
        let carried = carry_over("EBS", &map(&[("availabilityZone", "eu-west-1a")]), &BTreeMap::new(), &[]);
        assert!(carried.metadata.is_empty());
        assert_eq!(carried.findings[0].verdict, Verdict::Blocks);
    }

    #[test]
    fn a_type_that_is_not_known_warns_and_passes_the_metadata_on() {
        let carried = carry_over("Quantum", &map(&[("qubit", "7")]), &BTreeMap::new(), &[]);
        assert_eq!(carried.metadata, map(&[("qubit", "7")]));
        assert_eq!(carried.findings[0].verdict, Verdict::Warns);
    }
}
