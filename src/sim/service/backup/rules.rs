//! What StartRestoreJob asks of its metadata, per resource type: what it refuses at once, and what makes a job fail later.
//!
//! Source: AWS Backup developer guide, the "Restoring …" page of each resource type, and what teams met in drills: most mistakes
//! in metadata of RDS come out only when the job runs.

use std::collections::BTreeMap;

use crate::sim::call::Refusal;
use crate::sim::estate::{Network, Resource};
use crate::sim::seed::Ids;

/// The metadata of a call.
pub type Metadata = BTreeMap<String, String>;

/// Keys that must be there, by resource type.
const REQUIRED: &[(&str, &[&str])] = &[
    ("EBS", &["availabilityZone"]),
    ("EC2", &["SubnetId", "SecurityGroupIds", "InstanceType"]),
    ("RDS", &["DBInstanceIdentifier"]),
    ("Aurora", &["dbClusterIdentifier", "engine"]),
    ("DocumentDB", &["dbClusterIdentifier", "engine"]),
    ("Neptune", &["dbClusterIdentifier", "engine"]),
    ("DynamoDB", &["targetTableName"]),
    ("EFS", &["newFileSystem"]),
    ("FSx", &["SubnetIds"]),
    ("S3", &["DestinationBucketName"]),
    ("EKS", &["clusterName"]),
    ("CloudFormation", &["ChangeSetName", "StackName"]),
    ("Aurora DSQL", &["regionalConfig"]),
    ("Storage Gateway", &["gatewayArn", "gatewayType", "targetName"]),
    ("VirtualMachine", &["RestoreTo"]),
    ("Timestream", &["TableName", "DestinationDatabase"]),
];

/// What becomes of a restore with this metadata.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The resource that it makes, under this ARN.
    Makes(String, Resource),
    /// The job starts and fails with this message.
    Fails(String),
}

/// Where a restore goes.
pub struct Target<'a> {
    /// The account.
    pub account: &'a str,
    /// The Region.
    pub region: &'a str,
    /// What stands there.
    pub network: &'a Network,
    /// Was the recovery point continuous?
    pub continuous: bool,
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterValueException", message).with("Code", "ERROR_2602").with("Type", "Client")
}

fn missing(key: &str) -> Refusal {
    let message = format!("Missing required restore metadata: {key}");
    Refusal::new("MissingParameterValueException", message).with("Code", "ERROR_2603").with("Type", "Client").with("Context", key)
}

/// The value under `key`. Only DynamoDB's keys may be spelled in any case.
fn get<'a>(kind: &str, metadata: &'a Metadata, key: &str) -> Option<&'a str> {
    let exact = metadata.get(key).map(String::as_str);
    let folded = || metadata.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str());
    exact.or_else(|| if kind == "DynamoDB" { folded() } else { None }).filter(|value| !value.is_empty() && *value != "null")
}

/// Judges the metadata of a restore of `kind` and names what it will make.
///
/// # Errors
/// What AWS Backup refuses at once.
pub fn judge(kind: &str, metadata: &Metadata, target: &Target<'_>, ids: &mut Ids) -> Result<Outcome, Refusal> {
    // Drawn whatever comes of it, so that a refusal shifts no id.
    let id = ids.hex(16);
    let required = REQUIRED.iter().find(|(known, _)| *known == kind).map_or(&[][..], |(_, keys)| keys);
    for key in required {
        get(kind, metadata, key).ok_or_else(|| missing(key))?;
    }
    let read = |key: &str| get(kind, metadata, key);
    let Target { account, region, network, .. } = target;
    let made = |arn: String, name: String, zone: Option<String>| {
        Ok(Outcome::Makes(arn, Resource { kind: kind.to_owned(), name, zone, ..Resource::default() }))
    };
    match kind {
        "EBS" => {
            let zone = read("availabilityZone").unwrap_or_default();
            if !Network::zones(region).iter().any(|known| known == zone) {
                return Err(invalid(format!("Invalid availability zone: [{zone}]")));
            }
            if let Some(message) = foreign_key(read("kmsKeyId"), target) {
                return Ok(Outcome::Fails(message));
            }
            made(format!("arn:aws:ec2:{region}:{account}:volume/vol-0{id}"), format!("vol-0{id}"), Some(zone.to_owned()))
        }
        "RDS" => match rds_fault(metadata, target) {
            Some(message) => Ok(Outcome::Fails(message)),
            None => {
                let name = read("DBInstanceIdentifier").unwrap_or_default().to_lowercase();
                made(format!("arn:aws:rds:{region}:{account}:db:{name}"), name, None)
            }
        },
        "DynamoDB" => {
            let name = read("targetTableName").unwrap_or_default();
            if network.find("DynamoDB", name).is_some() {
                return Err(invalid(format!("Table already exists: {name}")));
            }
            made(format!("arn:aws:dynamodb:{region}:{account}:table/{name}"), name.to_owned(), None)
        }
        "EFS" => efs(&read, target).and_then(|checked| match checked {
            Some(message) => Ok(Outcome::Fails(message)),
            None => made(format!("arn:aws:elasticfilesystem:{region}:{account}:file-system/fs-0{id}"), format!("fs-0{id}"), None),
        }),
        "S3" => {
            let name = read("DestinationBucketName").unwrap_or_default();
            if target.continuous && read("RestoreTime").is_none() {
                return Err(missing("RestoreTime"));
            }
            let new = read("NewBucket").is_some_and(|new| new.eq_ignore_ascii_case("true"));
            match (network.find("S3", name).is_some(), new) {
                (true, true) => Ok(Outcome::Fails(format!("The requested bucket name is not available: {name}"))),
                (false, false) => Ok(Outcome::Fails(format!("The specified bucket does not exist: {name}"))),
                _ => made(format!("arn:aws:s3:::{name}"), name.to_owned(), None),
            }
        }
        _ => {
            let name = required.first().and_then(|key| read(key)).unwrap_or(id.as_str()).to_owned();
            let service = kind.to_lowercase().replace(' ', "-");
            made(format!("arn:aws:{service}:{region}:{account}:{name}"), name, None)
        }
    }
}

/// A key of another Region cannot encrypt what is restored here.
fn foreign_key(key: Option<&str>, target: &Target<'_>) -> Option<String> {
    let key = key?;
    let known = !key.starts_with("arn:") || target.network.keys.iter().any(|known| known == key);
    let message = "The KMS key does not exist, or AWS Backup has no permission to use it: ";
    (!known && !key.contains(&format!(":{}:{}:", target.region, target.account))).then(|| format!("{message}{key}"))
}

/// What would make RDS turn the restore down, some seconds into the job.
fn rds_fault(metadata: &Metadata, target: &Target<'_>) -> Option<String> {
    let read = |key: &str| get("RDS", metadata, key);
    let network = target.network;
    if metadata.contains_key("DBSnapshotIdentifier") || metadata.keys().any(|key| key.starts_with("InformationalOnly")) {
        let key = metadata.keys().find(|key| *key == "DBSnapshotIdentifier" || key.starts_with("InformationalOnly"))?;
        return Some(format!("Invalid parameter in restore metadata: {key}"));
    }
    if let Some(zone) = read("AvailabilityZone").filter(|zone| !Network::zones(target.region).iter().any(|known| known == zone)) {
        return Some(format!("Invalid Availability Zone: {zone}"));
    }
    let group = read("DBSubnetGroupName").unwrap_or("default");
    if !network.db_subnet_groups.iter().any(|known| known == group) {
        return Some(format!("DB subnet group '{group}' does not exist."));
    }
    for security_group in listed(read("VpcSecurityGroupIds").unwrap_or_default()) {
        if !network.security_groups.contains(&security_group) {
            return Some(format!("Invalid security group , groupId= {security_group}, groupName=."));
        }
    }
    for key in ["DBParameterGroupName", "OptionGroupName"] {
        if let Some(name) = read(key).filter(|name| !name.starts_with("default")) {
            return Some(format!("{key} not found: {name}"));
        }
    }
    let name = read("DBInstanceIdentifier").unwrap_or_default().to_lowercase();
    if network.find("RDS", &name).is_some() {
        return Some(format!("DB instance already exists: {name}"));
    }
    foreign_key(read("KmsKeyId"), target)
}

/// The texts of a list that is written as JSON, or as one bare text.
fn listed(text: &str) -> Vec<String> {
    match serde_json::from_str::<Vec<String>>(text) {
        Ok(texts) => texts,
        Err(_) if text.is_empty() => Vec::new(),
        Err(_) => vec![text.to_owned()],
    }
}

fn efs<'a>(read: &impl Fn(&str) -> Option<&'a str>, target: &Target<'_>) -> Result<Option<String>, Refusal> {
    let is = |key: &str| read(key).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if !is("newFileSystem") {
        let into = read("file-system-id").ok_or_else(|| missing("file-system-id"))?;
        return Ok(target.network.find("EFS", into).is_none().then(|| format!("File system '{into}' does not exist.")));
    }
    for key in ["Encrypted", "PerformanceMode", "CreationToken"] {
        read(key).ok_or_else(|| missing(key))?;
    }
    if is("Encrypted") && read("KmsKeyId").is_none() {
        return Err(missing("KmsKeyId"));
    }
    Ok(foreign_key(read("KmsKeyId"), target))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(kind: &str, metadata: &[(&str, &str)]) -> Result<Outcome, String> {
        let network = Network {
            db_subnet_groups: vec!["shop-recovery".into()],
            security_groups: vec!["sg-1".into()],
            keys: vec!["arn:aws:kms:eu-central-1:444455556666:key/k".into()],
            resources: [("t".to_owned(), Resource { kind: "DynamoDB".into(), name: "taken".into(), ..Resource::default() })]
                .into(),
            ..Network::default()
        };
        let target = Target { account: "444455556666", region: "eu-central-1", network: &network, continuous: false };
        let metadata = metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        judge(kind, &metadata, &target, &mut Ids::new(1, "t")).map_err(|refusal| refusal.code)
    }

    #[test]
    fn a_missing_required_key_is_refused_by_every_type_that_asks_for_one() {
        for (kind, keys) in REQUIRED {
            assert!(!keys.is_empty());
            assert_eq!(judged(kind, &[]), Err("MissingParameterValueException".into()), "{kind}");
        }
    }

    #[test]
    fn metadata_that_cannot_work_is_refused_at_once_or_fails_the_job_as_aws_does_it() {
        let refused = |kind, metadata: &[_]| judged(kind, metadata).is_err_and(|code| code == "InvalidParameterValueException");
        assert!(refused("EBS", &[("availabilityZone", "eu-west-1a")]));
        assert!(refused("DynamoDB", &[("targetTableName", "taken")]));
        let fails = |kind, metadata: &[_]| matches!(judged(kind, metadata), Ok(Outcome::Fails(_)));
        let db = ("DBInstanceIdentifier", "orders-db");
        let group = ("DBSubnetGroupName", "shop-recovery");
        assert!(fails("RDS", &[db, group, ("DBSnapshotIdentifier", "x")]));
        assert!(fails("RDS", &[db, group, ("InformationalOnly:EngineVersion", "16")]));
        assert!(fails("RDS", &[db, group, ("AvailabilityZone", "eu-west-1a")]));
        assert!(fails("RDS", &[db, ("DBSubnetGroupName", "shop-primary")]));
        assert!(fails("RDS", &[db]));
        assert!(fails("RDS", &[db, group, ("VpcSecurityGroupIds", "[\"sg-2\"]")]));
        assert!(fails("S3", &[("DestinationBucketName", "nowhere")]));
    }

    #[test]
    fn good_metadata_names_what_it_will_make() {
        let made = |kind, metadata: &[_]| match judged(kind, metadata) {
            Ok(Outcome::Makes(arn, _)) => arn,
            other => format!("{other:?}"),
        };
        let db = [
            ("DBInstanceIdentifier", "orders-db"),
            ("DBSubnetGroupName", "shop-recovery"),
            ("VpcSecurityGroupIds", "[\"sg-1\"]"),
        ];
        assert_eq!(made("RDS", &db), "arn:aws:rds:eu-central-1:444455556666:db:orders-db");
        assert_eq!(made("DynamoDB", &[("TARGETTABLENAME", "orders")]), "arn:aws:dynamodb:eu-central-1:444455556666:table/orders");
        assert!(
            made("EBS", &[("availabilityZone", "eu-central-1a")])
                .starts_with("arn:aws:ec2:eu-central-1:444455556666:volume/vol-0")
        );
        let key = ("KmsKeyId", "arn:aws:kms:eu-central-1:444455556666:key/k");
        let efs = [
            ("newFileSystem", "true"),
            ("Encrypted", "true"),
            key,
            ("PerformanceMode", "generalPurpose"),
            ("CreationToken", "t"),
        ];
        assert!(made("EFS", &efs).contains(":file-system/fs-0"));
        assert_eq!(made("S3", &[("DestinationBucketName", "new"), ("NewBucket", "true")]), "arn:aws:s3:::new");
    }
}
