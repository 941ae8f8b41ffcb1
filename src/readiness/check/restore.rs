//! Can a step's resource be restored: is there a point, young enough, with metadata that is complete and true here, by a role that AWS
//! Backup may assume?

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::exists::{later, name_is_free, resource};
use crate::domain::{RecoveryPoint, Usable};
use crate::plan::{Action, Resource, RestorePoint, carry_over};
use crate::readiness::{AskedOf, Found, Ready};

/// More pages than a vault has points of one resource.
const PAGES: usize = 200;

/// Keys of restore metadata that name something which must exist at the recovery site: the key, CloudFormation's type.
const MUST_EXIST: [(&str, &str); 14] = [
    ("SubnetId", "AWS::EC2::Subnet"),
    ("SecurityGroupIds", "AWS::EC2::SecurityGroup"),
    ("VpcSecurityGroupIds", "AWS::EC2::SecurityGroup"),
    ("DBSubnetGroupName", "AWS::RDS::DBSubnetGroup"),
    ("dbSubnetGroupName", "AWS::RDS::DBSubnetGroup"),
    ("DBParameterGroupName", "AWS::RDS::DBParameterGroup"),
    ("dbClusterParameterGroupName", "AWS::RDS::DBClusterParameterGroup"),
    ("OptionGroupName", "AWS::RDS::OptionGroup"),
    ("KmsKeyId", "AWS::KMS::Key"),
    ("kmsKeyId", "AWS::KMS::Key"),
    ("kmsMasterKeyArn", "AWS::KMS::Key"),
    ("KMSKey", "AWS::KMS::Key"),
    ("file-system-id", "AWS::EFS::FileSystem"),
    ("DestinationBucketName", "AWS::S3::Bucket"),
];

/// Keys that name what will be made, so nothing may have the name yet.
const MUST_BE_FREE: [(&str, &str); 4] = [
    ("targetTableName", "AWS::DynamoDB::Table"),
    ("DBInstanceIdentifier", "AWS::RDS::DBInstance"),
    ("dbClusterIdentifier", "AWS::RDS::DBCluster"),
    ("clusterName", "AWS::EKS::Cluster"),
];

/// Is there a recovery point, and does the metadata hold here?
pub(super) async fn point(asked: AskedOf<'_>) -> Vec<Found> {
    let Action::BackupRestore { resource: name, point: wanted, metadata, drop: dropped, .. } = &asked.step.action else {
        return Vec::new();
    };
    let Some(of) = asked.plan.resources.get(name) else { return Vec::new() };
    let mut found = Vec::new();
    let (points, problems) = points(asked, of).await;
    found.extend(problems);
    let Some(chosen) = chosen(asked, wanted, &points) else {
        if found.is_empty() {
            found.push(no_point(asked, of, &points));
        }
        return found;
    };
    found.extend(weighed(asked, chosen));
    match asked.site.backup.restore_metadata(&chosen.vault, &chosen.arn).await {
        Ok(backed_up) => {
            let (mut supplied, mut open) = (BTreeMap::new(), Vec::new());
            for (key, template) in metadata {
                match asked.text(template) {
                    Some(value) => drop(supplied.insert(key.clone(), value)),
                    None => {
                        open.push(key.clone());
                        supplied.insert(key.clone(), template.to_string());
                    }
                }
            }
            let carried = carry_over(&of.resource_type, &backed_up, dropped, &supplied);
            for key in &carried.missing {
                let what = format!("{} needs {key}, which neither the backed-up metadata nor the plan gives", of.resource_type);
                let next = format!("add {key} under `metadata`");
                found.push(Found::yes("metadata", asked.id(), what).but(Ready::No, "AWS Backup refuses the job", next));
            }
            found.extend(open.iter().map(|key| later(asked, "metadata", key)));
            found.extend(values(asked, &carried.metadata, &open).await);
        }
        Err(problem) => found.push(Found::unknown("metadata", asked.id(), &problem)),
    }
    found
}

/// Is there a recovery point to copy, and young enough?
pub(super) async fn copied(asked: AskedOf<'_>) -> Vec<Found> {
    let Action::BackupCopy(copy) = &asked.step.action else { return Vec::new() };
    let Some(of) = asked.plan.resources.get(&copy.resource) else { return Vec::new() };
    let (points, mut found) = points(asked, of).await;
    match chosen(asked, &copy.point, &points) {
        Some(chosen) => found.extend(weighed(asked, chosen)),
        None if found.is_empty() => found.push(no_point(asked, of, &points)),
        None => {}
    }
    found
}

fn chosen<'a>(asked: AskedOf<'_>, wanted: &RestorePoint, points: &'a [RecoveryPoint]) -> Option<&'a RecoveryPoint> {
    points.iter().find(|point| match wanted {
        RestorePoint::Newest => matches!(point.usable(asked.now), Usable::Yes),
        RestorePoint::Continuous => point.is_continuous(),
        RestorePoint::Arn(arn) => &point.arn == arn,
    })
}

/// The points of a resource in the vaults of the step's site, the newest data first.
async fn points(asked: AskedOf<'_>, of: &Resource) -> (Vec<RecoveryPoint>, Vec<Found>) {
    let (mut points, mut problems) = (Vec::new(), Vec::new());
    for vault in &asked.place.vaults {
        match asked.site.backup.recovery_points(vault, PAGES).await {
            Ok(listing) => points.extend(listing.rows.into_iter().filter(|point| point.resource_arn == of.arn)),
            Err(problem) => problems.push(Found::unknown("recovery-point", asked.id(), &problem)),
        }
    }
    points.sort_by_key(|point| std::cmp::Reverse(point.data_at));
    (points, problems)
}

fn no_point(asked: AskedOf<'_>, of: &Resource, points: &[RecoveryPoint]) -> Found {
    let region = &asked.place.region;
    let (what, next) = match points.first().map(|point| point.usable(asked.now)) {
        None => (
            format!("no recovery point of {} is in {} ({region})", of.name, asked.place.vaults.join(", ")),
            format!("copy its backups to a vault in {region}, and list the vault under the site's `vaults`"),
        ),
        Some(Usable::No(why) | Usable::Doubtful(why)) => (
            format!("none of {} recovery points of {} can be restored from; the newest: {why}", points.len(), of.name),
            "back it up anew and look into the points that cannot be used".to_owned(),
        ),
        Some(Usable::Yes) => (
            format!("the recovery point that the plan names is not among {} of {}", points.len(), of.name),
            "name one that is there, or \"newest\"".to_owned(),
        ),
    };
    Found::yes("recovery-point", asked.id(), what).but(Ready::No, "the resource cannot be brought back", next)
}

/// Restorable and young enough?
fn weighed(asked: AskedOf<'_>, point: &RecoveryPoint) -> Vec<Found> {
    let id = point.short_id();
    let mut found = Vec::new();
    match point.usable(asked.now) {
        Usable::Yes => {}
        Usable::Doubtful(why) => found.push(Found::yes("recovery-point", asked.id(), format!("{id}: {why}")).but(
            Ready::Doubtful,
            "it takes longer, or may not be whole",
            "keep a warm copy that is complete",
        )),
        Usable::No(why) => found.push(Found::yes("recovery-point", asked.id(), format!("{id}: {why}")).but(
            Ready::No,
            "it cannot be restored from",
            "name another point, or \"newest\"",
        )),
    }
    let rpo = TimeDelta::from_std(asked.plan.objectives.rpo).unwrap_or(TimeDelta::MAX);
    found.push(match point.data_at.map(|at| asked.now - at) {
        None => Found::yes("recovery-point", asked.id(), format!("AWS does not say which moment {id} holds")).but(
            Ready::Doubtful,
            "the data loss cannot be told",
            "look at the point in AWS Backup",
        ),
        Some(age) if age > rpo => {
            let what =
                format!("the newest data is {} min old ({id}), and the RPO is {} min", age.num_minutes(), rpo.num_minutes());
            let next = "back up and copy more often, or look for copies that are late";
            Found::yes("recovery-point", asked.id(), what).but(Ready::No, "more would be lost than the objective allows", next)
        }
        Some(age) => {
            let what = format!("{id} holds data of {} min ago, inside the RPO of {} min", age.num_minutes(), rpo.num_minutes());
            Found::yes("recovery-point", asked.id(), what)
        }
    });
    found
}

/// The values of the metadata that name something, looked up at the recovery site.
async fn values(asked: AskedOf<'_>, metadata: &BTreeMap<String, String>, open: &[String]) -> Vec<Found> {
    let mut found = Vec::new();
    for (key, value) in metadata.iter().filter(|(key, _)| !open.contains(key)) {
        // A bucket is there, or is made by the restore.
        if key == "DestinationBucketName" && metadata.get("NewBucket").is_some_and(|new| new.eq_ignore_ascii_case("true")) {
            found.push(name_is_free(asked, "AWS::S3::Bucket", key, value).await);
        } else if let Some((_, type_name)) = MUST_EXIST.iter().find(|(name, _)| name == key) {
            for one in parts(value) {
                let identifier = if *type_name == "AWS::KMS::Key" { key_id(&one) } else { Some(one.as_str()) };
                match identifier {
                    Some(identifier) => found.push(resource(asked, type_name, key, identifier).await.0),
                    None => found.push(later(asked, "metadata", &format!("{key}, the alias {one},"))),
                }
            }
        }
        if let Some((_, type_name)) = MUST_BE_FREE.iter().find(|(name, _)| name == key) {
            found.push(name_is_free(asked, type_name, key, value).await);
        }
        if key.eq_ignore_ascii_case("availabilityZone") {
            found.push(zone(asked, key, value));
        }
        if let Some(foreign) = foreign_region(asked, value) {
            let what = format!("{key}: {value} is of {foreign}");
            let next = format!("give `{key}` a value of {} under `metadata`", asked.place.region);
            found.push(Found::yes("metadata", asked.id(), what).but(Ready::No, "it belongs to the lost Region", next));
        }
    }
    found
}

fn zone(asked: AskedOf<'_>, key: &str, value: &str) -> Found {
    let region = asked.place.region.as_str();
    let letter = value.strip_prefix(region).filter(|rest| rest.len() == 1 && rest.bytes().all(|c| c.is_ascii_lowercase()));
    match letter {
        Some(_) => Found::yes("metadata", asked.id(), format!("{key}: {value} is a zone of {region}")),
        None => Found::yes("metadata", asked.id(), format!("{key}: {value} is no zone of {region}")).but(
            Ready::No,
            "the restore job would fail",
            format!("name a zone of {region} under `metadata`"),
        ),
    }
}

/// The values in a value: AWS Backup writes lists as JSON.
fn parts(value: &str) -> Vec<String> {
    serde_json::from_str::<Vec<String>>(value).unwrap_or_else(|_| vec![value.to_owned()])
}

/// The id of a key that may be written as an ARN; `None` for an alias, which Cloud Control does not look up.
fn key_id(value: &str) -> Option<&str> {
    let id = value.rsplit('/').next().unwrap_or(value);
    (!value.contains("alias/")).then_some(id)
}

/// The Region of an ARN that is of the primary and not of the step's site.
fn foreign_region(asked: AskedOf<'_>, value: &str) -> Option<String> {
    let region = value.strip_prefix("arn:")?.split(':').nth(2)?.to_owned();
    let here = asked.place.region.as_str();
    (!region.is_empty() && region != here).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_written_as_json_and_keys_as_arns() {
        assert_eq!(parts("[\"sg-1\",\"sg-2\"]"), ["sg-1", "sg-2"]);
        assert_eq!(parts("subnet-1"), ["subnet-1"]);
        assert_eq!(key_id("arn:aws:kms:eu-central-1:444455556666:key/0f1e"), Some("0f1e"));
        assert_eq!(key_id("alias/shop"), None);
    }
}
