//! Buckets and their settings.

use serde_json::{Value, json};

use super::store::{Bucket, bucket, bucket_mut, owner, tag_set, tags};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::page::Paging;
use crate::sim::signing::ANYWHERE;
use crate::sim::world::World;

/// The most tags of a bucket.
const TAGS: usize = 50;

const PAGING: Paging = Paging {
    token: "ContinuationToken",
    size: "MaxBuckets",
    default: 10_000,
    max: 10_000,
    code: "InvalidArgument",
    message: "The continuation token provided is incorrect",
};

/// Settings that are kept as they are put: what the operations are about, the member, what GetX says where there is none.
const SETTINGS: [(&str, &str, &str, &str); 8] = [
    ("BucketCors", "CORSConfiguration", "NoSuchCORSConfiguration", "The CORS configuration does not exist"),
    (
        "BucketEncryption",
        "ServerSideEncryptionConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
        "The server side encryption configuration was not found",
    ),
    (
        "BucketLifecycleConfiguration",
        "LifecycleConfiguration",
        "NoSuchLifecycleConfiguration",
        "The lifecycle configuration does not exist",
    ),
    (
        "BucketOwnershipControls",
        "OwnershipControls",
        "OwnershipControlsNotFoundError",
        "The bucket ownership controls were not found",
    ),
    (
        "BucketReplication",
        "ReplicationConfiguration",
        "ReplicationConfigurationNotFoundError",
        "The replication configuration was not found",
    ),
    (
        "ObjectLockConfiguration",
        "ObjectLockConfiguration",
        "ObjectLockConfigurationNotFoundError",
        "Object Lock configuration does not exist for this bucket",
    ),
    ("BucketPolicy", "Policy", "NoSuchBucketPolicy", "The bucket policy does not exist"),
    (
        "PublicAccessBlock",
        "PublicAccessBlockConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "The public access block configuration was not found",
    ),
];

/// Answers one call about buckets.
///
/// # Errors
/// As S3 refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateBucket" => create(world, call),
        "DeleteBucket" => {
            let found = bucket(world, call)?;
            if !found.objects.is_empty() {
                let versions = found.objects.keys().all(|key| found.current(key).is_none()) && !found.objects.is_empty();
                let message = if versions {
                    "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
                } else {
                    "The bucket you tried to delete is not empty"
                };
                let refusal = Refusal::new("BucketNotEmpty", message).status(409);
                return Err(refusal.with("BucketName", members::required(&call.input, "Bucket")));
            }
            world.estate.s3.buckets.remove(members::required(&call.input, "Bucket"));
            Ok(json!({}))
        }
        "HeadBucket" => Ok(json!({"BucketRegion": bucket(world, call)?.region, "AccessPointAlias": false})),
        "ListBuckets" => list(world, call),
        "GetBucketLocation" => {
            let region = &bucket(world, call)?.region;
            Ok(if region == "us-east-1" { json!({}) } else { json!({"LocationConstraint": region}) })
        }
        "GetBucketVersioning" => Ok(Members::new().maybe("Status", bucket(world, call)?.versioning.clone()).done()),
        "PutBucketVersioning" => {
            let asked = call.input.get("VersioningConfiguration").unwrap_or(&Value::Null);
            let status = members::text(asked, "Status").ok_or_else(|| {
                let message = "The Versioning element must be specified";
                Refusal::new("IllegalVersioningConfigurationException", message)
            })?;
            bucket_mut(world, call)?.versioning = Some(status.to_owned());
            Ok(json!({}))
        }
        "PutBucketTagging" => {
            let given = tags(call.input.get("Tagging"), TAGS)?;
            bucket_mut(world, call)?.settings.insert("Tagging", json!({"TagSet": tag_set(&given)}));
            Ok(json!({}))
        }
        "GetBucketTagging" => {
            let none = || {
                let refusal = Refusal::new("NoSuchTagSet", "The TagSet does not exist").status(404);
                refusal.with("BucketName", members::required(&call.input, "Bucket"))
            };
            bucket(world, call)?.settings.get("Tagging").cloned().ok_or_else(none)
        }
        "DeleteBucketTagging" => {
            bucket_mut(world, call)?.settings.remove("Tagging");
            Ok(json!({}))
        }
        "GetBucketAcl" => {
            let owner = owner(&bucket(world, call)?.account);
            let grantee = json!({"ID": owner["ID"], "Type": "CanonicalUser"});
            Ok(json!({"Owner": owner, "Grants": [{"Grantee": grantee, "Permission": "FULL_CONTROL"}]}))
        }
        _ => setting(world, call),
    }
}

fn setting(world: &mut World, call: &Call) -> Answer {
    let operation = call.operation.as_str();
    let known = SETTINGS.iter().find(|(about, ..)| {
        let plain = about.strip_suffix("Configuration").unwrap_or(about);
        operation.ends_with(about) || operation.ends_with(plain)
    });
    let Some((about, member, code, message)) = known else { return Err(super::super::unknown(call)) };
    if operation.starts_with("Put") {
        let mut value = call.input.get(*member).cloned().unwrap_or(Value::Null);
        if *about == "PublicAccessBlock"
            && let Some(value) = value.as_object_mut()
        {
            for name in ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"] {
                value.entry(name).or_insert(Value::Bool(false));
            }
        }
        if *about == "BucketPolicy" && serde_json::from_str::<Value>(value.as_str().unwrap_or_default()).is_err() {
            return Err(Refusal::new("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'"));
        }
        bucket_mut(world, call)?.settings.insert(about, value);
        return Ok(json!({}));
    }
    if operation.starts_with("Delete") {
        bucket_mut(world, call)?.settings.remove(about);
        return Ok(json!({}));
    }
    let found = bucket(world, call)?.settings.get(about).cloned();
    if let (None, "BucketEncryption") = (&found, *about) {
        // What every bucket has since January 2023.
        let rule = json!({"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": false});
        return Ok(json!({ *member: {"Rules": [rule]} }));
    }
    let found = found.ok_or_else(|| {
        let refusal = Refusal::new(*code, *message).status(404);
        refusal.with("BucketName", members::required(&call.input, "Bucket"))
    })?;
    Ok(match *about {
        // These answer with the members of what was put.
        "BucketCors" | "BucketLifecycleConfiguration" => found,
        _ => json!({ *member: found }),
    })
}

fn create(world: &mut World, call: &Call) -> Answer {
    let name = members::required(&call.input, "Bucket").to_owned();
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let address = name.split('.').count() == 4 && name.split('.').all(|part| part.parse::<u8>().is_ok());
    let good = (3..=63).contains(&name.len())
        && name.chars().all(letters)
        && end(name.chars().next())
        && end(name.chars().last())
        && !name.contains("..")
        && !address;
    if !good {
        return Err(Refusal::new("InvalidBucketName", "The specified bucket is not valid.").with("BucketName", name));
    }
    let configuration = call.input.get("CreateBucketConfiguration");
    let constraint = configuration.and_then(|configuration| members::text(configuration, "LocationConstraint"));
    let asked_in = if call.caller.region == ANYWHERE { "us-east-1" } else { call.caller.region.as_str() };
    let region = match (constraint, asked_in) {
        (None | Some(""), "us-east-1") => "us-east-1".to_owned(),
        (Some("us-east-1"), _) => {
            return Err(Refusal::new("InvalidLocationConstraint", "The specified location-constraint is not valid"));
        }
        (None | Some(""), _) => return Err(illegal("unspecified")),
        (Some("EU"), "us-east-1" | "eu-west-1") => "eu-west-1".to_owned(),
        (Some(constraint), "us-east-1") => constraint.to_owned(),
        (Some(constraint), region) if constraint == region => region.to_owned(),
        (Some(constraint), _) => return Err(illegal(constraint)),
    };
    if let Some(known) = world.estate.s3.buckets.get(&name) {
        // In us-east-1 making one's own bucket again has always been fine.
        if known.account == call.caller.account && known.region == "us-east-1" && region == "us-east-1" {
            return Ok(json!({"Location": format!("/{name}")}));
        }
        let (code, message) = if known.account == call.caller.account {
            ("BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.")
        } else {
            (
                "BucketAlreadyExists",
                "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please \
                 select a different name and try again.",
            )
        };
        return Err(Refusal::new(code, message).status(409).with("BucketName", name));
    }
    let made = Bucket { account: call.caller.account.clone(), region: region.clone(), created: world.now(), ..Bucket::default() };
    world.estate.s3.buckets.insert(name.clone(), made);
    world.effect(call, &name);
    let location = if region == "us-east-1" { format!("/{name}") } else { format!("http://{name}.s3.amazonaws.com/") };
    Ok(json!({"Location": location}))
}

fn illegal(constraint: &str) -> Refusal {
    let message = format!(
        "The {constraint} location constraint is incompatible for the region specific endpoint this request was sent to."
    );
    Refusal::new("IllegalLocationConstraintException", message)
}

fn list(world: &World, call: &Call) -> Answer {
    let cursor = PAGING.open::<String>(call)?;
    let prefix = members::text(&call.input, "Prefix").unwrap_or_default();
    let region = members::text(&call.input, "BucketRegion");
    let after = cursor.after.clone();
    let rows = world.estate.s3.buckets.iter().filter(|(name, bucket)| {
        bucket.account == call.caller.account
            && name.starts_with(prefix)
            && region.is_none_or(|region| bucket.region == region)
            && after.as_ref().is_none_or(|after| *name > after)
    });
    let tell = |name: &String, bucket: &Bucket| {
        let told = Members::new().set("Name", name.as_str()).time("CreationDate", bucket.created);
        told.set("BucketRegion", bucket.region.as_str()).done()
    };
    let (page, token) = cursor.take(rows.map(|(name, bucket)| (name.clone(), tell(name, bucket))));
    let told = Members::new().set("Buckets", page).set("Owner", owner(&call.caller.account));
    let prefix = (!prefix.is_empty()).then_some(prefix);
    Ok(told.maybe("ContinuationToken", token).maybe("Prefix", prefix).done())
}
