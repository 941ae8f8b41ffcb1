//! Buckets, and objects with their versions.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::sim::call::{Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::signing::ANYWHERE;
use crate::sim::world::World;

/// S3's state: the names of buckets are the same for all accounts and Regions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct S3 {
    /// By name.
    pub buckets: BTreeMap<String, Bucket>,
}

/// A bucket.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bucket {
    /// Whose it is.
    pub account: String,
    /// Where it is.
    pub region: String,
    /// CreationDate.
    pub created: DateTime<Utc>,
    /// `Enabled` or `Suspended`; `None`: its objects never had versions.
    pub versioning: Option<String>,
    /// Key to versions, the newest first. There is no key without versions.
    pub objects: BTreeMap<String, Vec<Version>>,
    /// Multipart uploads under way, by key and id.
    pub uploads: BTreeMap<(String, String), Upload>,
    /// Tags and policies, as they were put: by the name of the operation's subject.
    pub settings: BTreeMap<&'static str, Value>,
}

/// One version of an object, or a delete marker.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Version {
    /// Its id; `null` where the bucket did not have versions then.
    pub id: String,
    /// LastModified.
    pub at: DateTime<Utc>,
    /// The content; `None`: a delete marker.
    pub body: Option<Arc<Vec<u8>>>,
    /// ETag, with its quotation marks.
    pub etag: String,
    /// Members of PutObject that reads tell again.
    pub members: Map<String, Value>,
    /// The checksums, as members of an answer.
    pub sums: Map<String, Value>,
    /// Key to value.
    pub tags: BTreeMap<String, String>,
}

/// A multipart upload under way.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Upload {
    /// Initiated.
    pub at: DateTime<Utc>,
    /// Members that the object is to have.
    pub members: Map<String, Value>,
    /// The object's tags.
    pub tags: BTreeMap<String, String>,
    /// By number: when, content, ETag.
    pub parts: BTreeMap<i64, Part>,
}

/// A part of an upload: when it came, its content, its ETag.
pub type Part = (DateTime<Utc>, Arc<Vec<u8>>, String);

/// Members of PutObject that reads tell again as they came.
pub const KEPT: [&str; 10] = [
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "Metadata",
    "StorageClass",
    "WebsiteRedirectLocation",
    "ServerSideEncryption",
];

impl Version {
    /// How many bytes.
    pub fn size(&self) -> usize {
        self.body.as_ref().map_or(0, |body| body.len())
    }

    /// Is it a delete marker?
    pub fn is_marker(&self) -> bool {
        self.body.is_none()
    }

    /// Its storage class.
    pub fn class(&self) -> &str {
        self.members.get("StorageClass").and_then(Value::as_str).unwrap_or("STANDARD")
    }
}

impl Bucket {
    /// Does it keep versions, or has it kept any?
    pub fn has_versions(&self) -> bool {
        self.versioning.is_some()
    }

    /// The newest version of a key, unless it is a delete marker.
    pub fn current(&self, key: &str) -> Option<&Version> {
        self.objects.get(key)?.first().filter(|version| !version.is_marker())
    }

    /// Adds a version on top; where versions are not kept, it takes the place of the one without an id.
    pub fn add(&mut self, key: &str, mut version: Version, id: String) -> String {
        let keeps = self.versioning.as_deref() == Some("Enabled");
        version.id = if keeps { id } else { "null".to_owned() };
        let versions = self.objects.entry(key.to_owned()).or_default();
        if !keeps {
            versions.retain(|version| version.id != "null");
        }
        let id = version.id.clone();
        versions.insert(0, version);
        id
    }
}

/// S3's refusal of a key that is not there.
pub fn no_such_key(key: &str) -> Refusal {
    Refusal::new("NoSuchKey", "The specified key does not exist.").status(404).with("Key", key)
}

/// S3's refusal for want of permission.
pub fn denied() -> Refusal {
    Refusal::new("AccessDenied", "Access Denied").status(403)
}

/// The bucket that a call names.
///
/// # Errors
/// There is none, it is another account's, or it is in another Region than the one that was signed for.
pub fn bucket<'a>(world: &'a World, call: &Call) -> Result<&'a Bucket, Refusal> {
    let name = members::required(&call.input, "Bucket");
    named(world, call, name)
}

/// The bucket of that name, as [`bucket`].
///
/// # Errors
/// As [`bucket`].
pub fn named<'a>(world: &'a World, call: &Call, name: &str) -> Result<&'a Bucket, Refusal> {
    let bucket = world.estate.s3.buckets.get(name).ok_or_else(|| {
        Refusal::new("NoSuchBucket", "The specified bucket does not exist").status(404).with("BucketName", name)
    })?;
    if members::text(&call.input, "ExpectedBucketOwner").is_some_and(|owner| owner != bucket.account) {
        return Err(denied());
    }
    if bucket.account != call.caller.account {
        return Err(denied());
    }
    // A bucket's Region may be asked from everywhere.
    if bucket.region != call.caller.region && call.caller.region != ANYWHERE && call.operation != "GetBucketLocation" {
        let message = "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all \
                       future requests to this endpoint.";
        let endpoint = format!("{name}.s3.{}.amazonaws.com", bucket.region);
        let refusal = Refusal::new("PermanentRedirect", message).status(301).with("Endpoint", endpoint);
        return Err(refusal.with("Bucket", name).with("Region", bucket.region.as_str()));
    }
    Ok(bucket)
}

/// The bucket that a call names, to be changed.
///
/// # Errors
/// As [`bucket`].
pub fn bucket_mut<'a>(world: &'a mut World, call: &Call) -> Result<&'a mut Bucket, Refusal> {
    bucket(world, call)?;
    let none = || Refusal::new("NoSuchBucket", "The specified bucket does not exist").status(404);
    world.estate.s3.buckets.get_mut(members::required(&call.input, "Bucket")).ok_or_else(none)
}

/// The version that a call names, or the newest one.
///
/// # Errors
/// There is none, or it is a delete marker.
pub fn version<'a>(bucket: &'a Bucket, key: &str, id: Option<&str>) -> Result<&'a Version, Refusal> {
    let versions = bucket.objects.get(key);
    if id.is_some_and(|id| id != "null") && !bucket.has_versions() {
        return Err(Refusal::new("InvalidArgument", "Invalid version id specified"));
    }
    let Some(id) = id else {
        let newest = versions.and_then(|versions| versions.first()).ok_or_else(|| no_such_key(key))?;
        if newest.is_marker() {
            return Err(no_such_key(key).with("VersionId", newest.id.as_str()));
        }
        return Ok(newest);
    };
    let found = versions.into_iter().flatten().find(|version| version.id == id).ok_or_else(|| {
        let message = "The specified version does not exist.";
        Refusal::new("NoSuchVersion", message).status(404).with("Key", key).with("VersionId", id)
    })?;
    if found.is_marker() {
        let message = "The specified method is not allowed against this resource.";
        return Err(Refusal::new("MethodNotAllowed", message)
            .status(405)
            .with("Method", "GET")
            .with("ResourceType", "DeleteMarker"));
    }
    Ok(found)
}

/// Who owns what an account has.
pub fn owner(account: &str) -> Value {
    json!({"ID": format!("{:064x}", u128::from(crate::sim::seed::hash(0, account)) << 32)})
}

/// Reads the tags of the header `x-amz-tagging`.
pub fn header_tags(text: Option<&str>) -> BTreeMap<String, String> {
    let decode = |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = text.into_iter().flat_map(|text| text.split('&')).filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(key, value)| (decode(key), decode(value))).collect()
}

/// Reads a Tagging.
///
/// # Errors
/// A key twice, or more tags than S3 takes.
pub fn tags(tagging: Option<&Value>, most: usize) -> Result<BTreeMap<String, String>, Refusal> {
    let list = tagging.map(|tagging| members::list(tagging, "TagSet")).unwrap_or_default();
    let mut tags = BTreeMap::new();
    for tag in list {
        if tags.insert(members::required(tag, "Key").to_owned(), members::required(tag, "Value").to_owned()).is_some() {
            return Err(Refusal::new("InvalidTag", "Cannot provide multiple Tags with the same key"));
        }
    }
    if tags.keys().any(|key| key.starts_with("aws:")) {
        return Err(Refusal::new("InvalidTag", "System tags cannot be added/updated by requester"));
    }
    if tags.len() > most {
        let what = if most > 10 { "Bucket" } else { "Object" };
        return Err(Refusal::new("BadRequest", format!("{what} tags cannot be greater than {most}")));
    }
    Ok(tags)
}

/// Writes a TagSet.
pub fn tag_set(tags: &BTreeMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// The members that tell which version was written or read.
#[must_use]
pub fn told_version(told: Members, bucket: &Bucket, id: &str) -> Members {
    told.maybe("VersionId", bucket.has_versions().then_some(id))
}
