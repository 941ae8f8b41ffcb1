//! What StartRestoreJob asks of its metadata, per resource type: what it refuses at once, and what makes a job fail later.
//!
//! Source: AWS Backup developer guide, the "Restoring …" page of each resource type, and what teams met in drills: most mistakes
//! in metadata of RDS come out only when the job runs.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::made;
use super::points::Point;
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
    ("FSx", &[]),
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
    Makes(String, Box<Resource>),
    /// What it puts its data into, which is there already: this ARN.
    Into(String),
    /// A stack that it leaves in review: the metadata, and the template.
    Stack(Metadata, String),
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
    /// The recovery point.
    pub point: Option<&'a Point>,
    /// The time.
    pub now: DateTime<Utc>,
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterValueException", message).with("Code", "ERROR_2602").with("Type", "Client")
}

fn missing(key: &str) -> Refusal {
    let message = format!("Missing required restore metadata: {key}");
    Refusal::new("MissingParameterValueException", message).with("Code", "ERROR_2603").with("Type", "Client").with("Context", key)
}

/// The value under `key`. Only DynamoDB's keys may be spelled in any case.
pub fn get<'a>(kind: &str, metadata: &'a Metadata, key: &str) -> Option<&'a str> {
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
    if kind == "FSx" {
        let of = target.point.and_then(|point| point.lineage.metadata.get("FileSystemType")).map_or("LUSTRE", String::as_str);
        let of = read("FileSystemType").unwrap_or(of);
        let key = if of == "ONTAP" { "storageVirtualMachineId" } else { "SubnetIds" };
        read(key).ok_or_else(|| missing(key))?;
        if of == "WINDOWS" {
            let directory = read("activeDirectoryId").or_else(|| read("WindowsConfiguration"));
            directory.ok_or_else(|| missing("activeDirectoryId"))?;
        }
    }
    let Target { account, region, network, .. } = target;
    if matches!(kind, "Aurora" | "DocumentDB" | "Neptune" | "S3") && target.continuous {
        let latest = read("UseLatestRestorableTime").is_some_and(|latest| latest.eq_ignore_ascii_case("true"));
        let key = if kind == "S3" { "RestoreTime" } else { "restoreToTime" };
        if read(key).is_none() && (kind == "S3" || !latest) {
            return Err(missing(key));
        }
    }
    let moment = made::moment(kind, metadata, target);
    let data_of =
        moment.map_err(|(from, to)| invalid(format!("The restore time is not within the window from {from} to {to}")))?;
    let made = |arn: String, name: String, zone: Option<String>| {
        let members = made::members(kind, metadata, target);
        let kind = kind.to_owned();
        Ok(Outcome::Makes(arn, Box::new(Resource { kind, name, zone, data_of, members, ..Resource::default() })))
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
        "EC2" => match ec2_fault(metadata, target) {
            Some(message) => Ok(Outcome::Fails(message)),
            None => {
                let subnet = read("SubnetId").and_then(|id| network.find("Subnet", id));
                let zone = subnet.and_then(|subnet| subnet.zone.clone());
                made(format!("arn:aws:ec2:{region}:{account}:instance/i-0{id}"), format!("i-0{id}"), zone)
            }
        },
        "Aurora" | "DocumentDB" | "Neptune" => match cluster_fault(kind, metadata, target) {
            Some(message) => Ok(Outcome::Fails(message)),
            None => {
                let name = read("dbClusterIdentifier").unwrap_or_default().to_lowercase();
                made(format!("arn:aws:rds:{region}:{account}:cluster:{name}"), name, None)
            }
        },
        "FSx" => {
            let fault = read("SubnetIds").map(listed).into_iter().flatten().find(|id| network.find("Subnet", id).is_none());
            match fault {
                Some(subnet) => Ok(Outcome::Fails(format!("The subnet ID '{subnet}' does not exist"))),
                None => made(format!("arn:aws:fsx:{region}:{account}:file-system/fs-0{id}"), format!("fs-0{id}"), None),
            }
        }
        "CloudFormation" => {
            let template = target.point.and_then(|point| point.lineage.metadata.get("TemplateBody")).cloned();
            Ok(match template {
                Some(template) => Outcome::Stack(metadata.clone(), template),
                None => Outcome::Fails("The recovery point holds no template.".to_owned()),
            })
        }
        "DynamoDB" => {
            let encryption = read("encryptionType").unwrap_or("Default");
            if !["Default", "OWNED", "KMS"].iter().any(|known| known.eq_ignore_ascii_case(encryption)) {
                return Err(invalid(format!("Invalid encryptionType: {encryption}")));
            }
            if encryption.eq_ignore_ascii_case("KMS") && read("kmsMasterKeyArn").is_none() {
                return Err(missing("kmsMasterKeyArn"));
            }
            if let Some(message) = foreign_key(read("kmsMasterKeyArn"), target) {
                return Ok(Outcome::Fails(message));
            }
            let name = read("targetTableName").unwrap_or_default();
            if network.find("DynamoDB", name).is_some() {
                return Err(invalid(format!("Table already exists: {name}")));
            }
            made(format!("arn:aws:dynamodb:{region}:{account}:table/{name}"), name.to_owned(), None)
        }
        "EFS" => efs(&read, target).and_then(|checked| match checked {
            Some(message) => Ok(Outcome::Fails(message)),
            None if !read("newFileSystem").is_some_and(|new| new.eq_ignore_ascii_case("true")) => {
                let into = read("file-system-id").unwrap_or_default();
                Ok(Outcome::Into(format!("arn:aws:elasticfilesystem:{region}:{account}:file-system/{into}")))
            }
            None => made(format!("arn:aws:elasticfilesystem:{region}:{account}:file-system/fs-0{id}"), format!("fs-0{id}"), None),
        }),
        "S3" => {
            let name = read("DestinationBucketName").unwrap_or_default();
            let new = read("NewBucket").is_some_and(|new| new.eq_ignore_ascii_case("true"));
            match (network.find("S3", name).is_some(), new) {
                (true, true) => Ok(Outcome::Fails(format!("The requested bucket name is not available: {name}"))),
                (false, false) => Ok(Outcome::Fails(format!("The specified bucket does not exist: {name}"))),
                (true, false) => Ok(Outcome::Into(format!("arn:aws:s3:::{name}"))),
                (false, true) => made(format!("arn:aws:s3:::{name}"), name.to_owned(), None),
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
    if !network.has_db_subnets(group) {
        return Some(format!("DB subnet group '{group}' does not exist."));
    }
    for security_group in listed(read("VpcSecurityGroupIds").unwrap_or_default()) {
        if network.find("SecurityGroup", &security_group).is_none() {
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

/// What would make EC2 turn the restore down.
fn ec2_fault(metadata: &Metadata, target: &Target<'_>) -> Option<String> {
    let read = |key: &str| get("EC2", metadata, key);
    let network = target.network;
    let subnet = read("SubnetId").unwrap_or_default();
    let Some(found) = network.find("Subnet", subnet) else { return Some(format!("The subnet ID '{subnet}' does not exist")) };
    for group in listed(read("SecurityGroupIds").unwrap_or_default()) {
        match network.find("SecurityGroup", &group) {
            None => return Some(format!("The security group '{group}' does not exist")),
            Some(known) if known.text("VpcId") != found.text("VpcId") => {
                return Some(format!("Security group {group} and subnet {subnet} belong to different networks."));
            }
            Some(_) => {}
        }
    }
    let profile = read("IamInstanceProfileName").filter(|name| *name != "UseBackedUpValue")?;
    Some(format!("You are not authorized to perform this operation: the instance profile {profile} cannot be passed"))
}

/// What would make RDS turn the restore of a cluster down.
fn cluster_fault(kind: &str, metadata: &Metadata, target: &Target<'_>) -> Option<String> {
    let read = |key: &str| get(kind, metadata, key);
    let network = target.network;
    let group = read("dbSubnetGroupName").unwrap_or("default");
    if !network.has_db_subnets(group) {
        return Some(format!("DB subnet group '{group}' does not exist."));
    }
    let groups = listed(read("vpcSecurityGroupIds").unwrap_or_default());
    if let Some(missing) = groups.iter().find(|group| network.find("SecurityGroup", group).is_none()) {
        return Some(format!("Invalid security group , groupId= {missing}, groupName=."));
    }
    let name = read("dbClusterIdentifier").unwrap_or_default().to_lowercase();
    if network.find("Aurora", &name).is_some() {
        return Some(format!("DB Cluster already exists: {name}"));
    }
    foreign_key(read("kmsKeyId"), target)
}

/// The texts of a list that is written as JSON, or as one bare text.
pub fn listed(text: &str) -> Vec<String> {
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
    use serde_json::json;

    use super::*;

    fn judged(kind: &str, metadata: &[(&str, &str)]) -> Result<Outcome, String> {
        let network = Network {
            keys: vec!["arn:aws:kms:eu-central-1:444455556666:key/k".into()],
            resources: [("DynamoDB", "taken"), ("DBSubnetGroup", "shop-recovery"), ("SecurityGroup", "sg-1")]
                .map(|(kind, name)| (name.to_owned(), Resource::new(kind, name, json!({}))))
                .into(),
        };
        let target = Target {
            account: "444455556666",
            region: "eu-central-1",
            network: &network,
            continuous: false,
            point: None,
            now: DateTime::UNIX_EPOCH,
        };
        let metadata = metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        judge(kind, &metadata, &target, &mut Ids::new(1, "t")).map_err(|refusal| refusal.code)
    }

    #[test]
    fn a_missing_required_key_is_refused_by_every_type_that_asks_for_one() {
        for (kind, keys) in REQUIRED {
            assert!(!keys.is_empty() || *kind == "FSx");
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
