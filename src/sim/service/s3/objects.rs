//! Putting, reading, copying and deleting objects.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::store::{
    Bucket, KEPT, Version, bucket, bucket_mut, header_tags, named, no_such_key, tag_set, tags, told_version, version,
};
use super::sums;
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::world::World;

/// The most tags of an object.
const TAGS: usize = 10;
/// The longest key, in bytes.
const KEY_BYTES: usize = 1024;
/// The most objects of DeleteObjects.
const BATCH: usize = 1000;
/// The letters of a version's id.
const ID_LETTERS: usize = 32;

/// Answers one call about objects.
///
/// # Errors
/// As S3 refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let key = members::required(input, "Key");
    let id = members::text(input, "VersionId");
    match call.operation.as_str() {
        "PutObject" => put(world, call),
        "GetObject" => read(world, call, true),
        "HeadObject" => read(world, call, false),
        "CopyObject" => copy(world, call),
        "DeleteObject" => {
            bucket(world, call)?;
            Ok(delete(world, call, key, id)?.1)
        }
        "DeleteObjects" => delete_many(world, call),
        "GetObjectTagging" => {
            let found = bucket(world, call)?;
            let version = version(found, key, id)?;
            Ok(told_version(Members::new().set("TagSet", tag_set(&version.tags)), found, &version.id).done())
        }
        "GetObjectAttributes" => attributes(world, call),
        "GetObjectAcl" => {
            let found = bucket(world, call)?;
            version(found, key, id)?;
            let owner = super::store::owner(&found.account);
            let grantee = json!({"ID": owner["ID"], "Type": "CanonicalUser"});
            Ok(json!({"Owner": owner, "Grants": [{"Grantee": grantee, "Permission": "FULL_CONTROL"}]}))
        }
        // PutObjectTagging and DeleteObjectTagging.
        _ => {
            let given = tags(input.get("Tagging"), TAGS)?;
            let wanted = version(bucket(world, call)?, key, id)?.id.clone();
            let found = bucket_mut(world, call)?;
            let version = found.objects.get_mut(key).into_iter().flatten().find(|version| version.id == wanted);
            if let Some(version) = version {
                version.tags = given;
            }
            Ok(told_version(Members::new(), found, &wanted).done())
        }
    }
}

/// The bytes of an input's body.
pub fn body(input: &Value) -> Vec<u8> {
    STANDARD.decode(members::text(input, "Body").unwrap_or_default()).unwrap_or_default()
}

/// The members of an input that an object keeps.
pub fn kept(input: &Value) -> Map<String, Value> {
    let pairs = KEPT.iter().filter_map(|key| Some(((*key).to_owned(), input.get(*key)?.clone())));
    let mut kept: Map<String, Value> =
        pairs.filter(|(_, value)| value.as_object().is_none_or(|object| !object.is_empty())).collect();
    kept.entry("ContentType").or_insert_with(|| "binary/octet-stream".into());
    kept.entry("ServerSideEncryption").or_insert_with(|| "AES256".into());
    kept
}

/// Refuses a key that is too long.
///
/// # Errors
/// It is.
pub fn check_key(key: &str) -> Result<(), Refusal> {
    if key.len() > KEY_BYTES {
        let refusal = Refusal::new("KeyTooLongError", "Your key is too long");
        return Err(refusal.with("Size", key.len()).with("MaxSizeAllowed", KEY_BYTES));
    }
    Ok(())
}

fn failed(condition: &str) -> Refusal {
    let message = "At least one of the pre-conditions you specified did not hold";
    Refusal::new("PreconditionFailed", message).status(412).with("Condition", condition)
}

/// The conditions on a write.
///
/// # Errors
/// One does not hold.
pub fn check_write(found: &Bucket, input: &Value) -> Result<(), Refusal> {
    let key = members::required(input, "Key");
    let current = found.current(key);
    if members::text(input, "IfNoneMatch") == Some("*") && current.is_some() {
        return Err(failed("If-None-Match"));
    }
    match (members::text(input, "IfMatch"), current) {
        (Some(_), None) => Err(no_such_key(key)),
        (Some(wanted), Some(current)) if !same_tag(wanted, &current.etag) => Err(failed("If-Match")),
        _ => Ok(()),
    }
}

fn same_tag(wanted: &str, etag: &str) -> bool {
    let plain = |tag: &str| tag.trim_matches('"').to_owned();
    wanted.split(',').any(|tag| tag.trim() == "*" || plain(tag.trim()) == plain(etag))
}

fn put(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let key = members::required(input, "Key");
    check_key(key)?;
    check_write(bucket(world, call)?, input)?;
    let content = body(input);
    let sums = sums::check(input, &content)?;
    let given = header_tags(members::text(input, "Tagging"));
    if given.len() > TAGS {
        return Err(Refusal::new("BadRequest", format!("Object tags cannot be greater than {TAGS}")));
    }
    let made = Version {
        id: String::new(),
        at: world.now(),
        etag: format!("\"{}\"", sums::hex(&sums::md5(&content))),
        body: Some(Arc::new(content)),
        members: kept(input),
        sums,
        tags: given,
    };
    Ok(store(world, call, key, made)?.done())
}

/// Stores a version and gives what PutObject tells of it.
///
/// # Errors
/// As [`bucket`].
pub fn store(world: &mut World, call: &Call, key: &str, made: Version) -> Result<Members, Refusal> {
    let id = world.ids.hex(ID_LETTERS);
    let told = Members::new().set("ETag", made.etag.as_str());
    let told = told.copy(
        &Value::Object(made.sums.clone()),
        &["ChecksumCRC32", "ChecksumCRC32C", "ChecksumCRC64NVME", "ChecksumSHA1", "ChecksumSHA256", "ChecksumType"],
    );
    let told = told.copy(&Value::Object(made.members.clone()), &["ServerSideEncryption"]);
    let found = bucket_mut(world, call)?;
    let id = found.add(key, made, id);
    let told = told_version(told, found, &id);
    world.effect(call, &format!("{}/{key}", members::required(&call.input, "Bucket")));
    Ok(told)
}

fn seconds(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::seconds(1)).unwrap_or(at)
}

fn check_read(version: &Version, input: &Value) -> Result<(), Refusal> {
    let text = |name| members::text(input, name);
    let unchanged = || Refusal::new("NotModified", "Not Modified").status(304).with("ETag", version.etag.as_str());
    let at = seconds(version.at);
    match (text("IfMatch"), members::time(input, "IfUnmodifiedSince")) {
        (Some(wanted), _) if !same_tag(wanted, &version.etag) => return Err(failed("If-Match")),
        (None, Some(since)) if at > since => return Err(failed("If-Unmodified-Since")),
        _ => {}
    }
    match (text("IfNoneMatch"), members::time(input, "IfModifiedSince")) {
        (Some(known), _) if same_tag(known, &version.etag) => Err(unchanged()),
        (None, Some(since)) if at <= since => Err(unchanged()),
        _ => Ok(()),
    }
}

/// The first and the last byte of a range; `None` for one that is not understood, which is passed over.
fn range(text: &str, size: usize) -> Option<Result<(usize, usize), Refusal>> {
    let (first, last) = text.trim().strip_prefix("bytes=")?.split_once('-')?;
    let outside = || {
        let refusal = Refusal::new("InvalidRange", "The requested range is not satisfiable").status(416);
        refusal.with("RangeRequested", text).with("ActualObjectSize", size)
    };
    if first.is_empty() {
        let count: usize = last.parse().ok()?;
        return Some(if count == 0 || size == 0 { Err(outside()) } else { Ok((size - count.min(size), size - 1)) });
    }
    let first: usize = first.parse().ok()?;
    let last: usize = if last.is_empty() { usize::MAX } else { last.parse().ok()? };
    if last < first {
        return None;
    }
    Some(if first >= size { Err(outside()) } else { Ok((first, last.min(size - 1))) })
}

fn read(world: &World, call: &Call, whole: bool) -> Answer {
    let input = &call.input;
    let found = bucket(world, call)?;
    let version = version(found, members::required(input, "Key"), members::text(input, "VersionId")).map_err(|mut refusal| {
        if refusal.members.contains_key("VersionId") {
            refusal.members.remove("Key");
        }
        refusal
    })?;
    check_read(version, input)?;
    let content = version.body.as_deref().map(Vec::as_slice).unwrap_or_default();
    let asked = members::text(input, "Range");
    // What was put in one piece has one part.
    let first_part = members::integer(input, "PartNumber") == Some(1) && asked.is_none() && !content.is_empty();
    let cut = asked.and_then(|text| range(text, content.len())).transpose()?;
    let cut = cut.or_else(|| first_part.then(|| (0, content.len() - 1)));
    let (part, told_range) = match cut {
        Some((first, last)) => (&content[first..=last], Some(format!("bytes {first}-{last}/{}", content.len()))),
        None => (content, None),
    };
    let mut told = Members::new()
        .maybe("Body", whole.then(|| STANDARD.encode(part)))
        .set("AcceptRanges", "bytes")
        .time("LastModified", version.at)
        .set("ContentLength", part.len())
        .set("ETag", version.etag.as_str())
        .maybe("ContentRange", told_range)
        .maybe("TagCount", (!version.tags.is_empty()).then_some(version.tags.len()));
    for (name, value) in &version.members {
        // The standard class is not told.
        if !(name == "StorageClass" && value == "STANDARD") {
            told = told.set(name, value.clone());
        }
    }
    for (member, kept) in [
        ("ResponseCacheControl", "CacheControl"),
        ("ResponseContentDisposition", "ContentDisposition"),
        ("ResponseContentEncoding", "ContentEncoding"),
        ("ResponseContentLanguage", "ContentLanguage"),
        ("ResponseContentType", "ContentType"),
        ("ResponseExpires", "Expires"),
    ] {
        told = told.maybe(kept, input.get(member).cloned());
    }
    if members::text(input, "ChecksumMode") == Some("ENABLED") && cut.is_none() {
        for (name, value) in &version.sums {
            told = told.set(name, value.clone());
        }
    }
    Ok(told_version(told, found, &version.id).done())
}

fn attributes(world: &World, call: &Call) -> Answer {
    let input = &call.input;
    let found = bucket(world, call)?;
    let version = version(found, members::required(input, "Key"), members::text(input, "VersionId"))?;
    let asked = members::texts(input, "ObjectAttributes");
    let wanted = |name: &str| asked.iter().any(|asked| asked.split(',').any(|asked| asked.trim() == name));
    let told = Members::new()
        .time("LastModified", version.at)
        .maybe("ETag", wanted("ETag").then(|| version.etag.trim_matches('"').to_owned()))
        .maybe("Checksum", wanted("Checksum").then(|| Value::Object(version.sums.clone())))
        .maybe("StorageClass", wanted("StorageClass").then(|| version.class().to_owned()))
        .maybe("ObjectSize", wanted("ObjectSize").then(|| version.size()));
    Ok(told_version(told, found, &version.id).done())
}

/// The bucket, key and version of a CopySource.
///
/// # Errors
/// It names no object.
pub fn copied_from(input: &Value) -> Result<(String, String, Option<String>), Refusal> {
    let text = members::required(input, "CopySource");
    let (path, id) = text.split_once("?versionId=").map_or((text, None), |(path, id)| (path, Some(id.to_owned())));
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
    let wrong = || Refusal::new("InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
    let (bucket, key) = path.trim_start_matches('/').split_once('/').filter(|(_, key)| !key.is_empty()).ok_or_else(wrong)?;
    Ok((bucket.to_owned(), key.to_owned(), id))
}

fn copy(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let key = members::required(input, "Key");
    check_key(key)?;
    let (from, from_key, from_id) = copied_from(input)?;
    let target = bucket(world, call)?;
    check_write(target, &json!({"Key": key, "IfMatch": input.get("IfMatch"), "IfNoneMatch": input.get("IfNoneMatch")}))?;
    // A copy reads across Regions.
    let mut there = call.clone();
    there.operation = "GetBucketLocation".to_owned();
    there.input = json!({});
    let source = named(world, &there, &from)?;
    let found = version(source, &from_key, from_id.as_deref()).map_err(|refusal| match refusal.code.as_str() {
        "MethodNotAllowed" => Refusal::new(
            "InvalidRequest",
            "The source of a copy request may not specifically refer to a delete marker by version id.",
        ),
        _ => refusal,
    })?;
    let conditions = [
        ("CopySourceIfMatch", "IfMatch"),
        ("CopySourceIfNoneMatch", "IfNoneMatch"),
        ("CopySourceIfModifiedSince", "IfModifiedSince"),
        ("CopySourceIfUnmodifiedSince", "IfUnmodifiedSince"),
    ];
    let conditions = conditions.iter().filter_map(|(name, plain)| Some(((*plain).to_owned(), input.get(*name)?.clone())));
    check_read(found, &Value::Object(conditions.collect())).map_err(|refusal| {
        let told = refusal.members.get("Condition").and_then(Value::as_str);
        let since = input.get("CopySourceIfModifiedSince").is_some() && input.get("CopySourceIfNoneMatch").is_none();
        let unchanged = if since { "If-Modified-Since" } else { "If-None-Match" };
        failed(&format!("x-amz-copy-source-{}", told.unwrap_or(unchanged)))
    })?;
    let replaces = members::text(input, "MetadataDirective") == Some("REPLACE");
    let changed = ["StorageClass", "WebsiteRedirectLocation", "ServerSideEncryption"].iter().any(|key| input.get(*key).is_some());
    if from == members::required(input, "Bucket") && from_key == key && from_id.is_none() && !replaces && !changed {
        let message = "This copy request is illegal because it is trying to copy an object to itself without changing the object's \
                       metadata, storage class, website redirect location or encryption attributes.";
        return Err(Refusal::new("InvalidRequest", message));
    }
    let mut members = if replaces { kept(input) } else { found.members.clone() };
    // A copy is of the standard class unless it is asked for another.
    members.shift_remove("StorageClass");
    for name in ["StorageClass", "WebsiteRedirectLocation", "ServerSideEncryption"] {
        if let Some(value) = input.get(name) {
            members.insert(name.to_owned(), value.clone());
        }
    }
    let given = if members::text(input, "TaggingDirective") == Some("REPLACE") {
        header_tags(members::text(input, "Tagging"))
    } else {
        found.tags.clone()
    };
    let content = found.body.clone().unwrap_or_default();
    let made = Version {
        id: String::new(),
        at: world.now(),
        etag: format!("\"{}\"", sums::hex(&sums::md5(&content))),
        sums: match input.get("ChecksumAlgorithm") {
            Some(algorithm) => sums::check(&json!({"ChecksumAlgorithm": algorithm}), &content)?,
            None => found.sums.clone(),
        },
        body: Some(content),
        members,
        tags: given,
    };
    let from_version = source.has_versions().then(|| found.id.clone());
    let at = made.at;
    let told = store(world, call, key, made)?.done();
    let result = Members::new().time("LastModified", at).copy(
        &told,
        &["ETag", "ChecksumCRC32", "ChecksumCRC32C", "ChecksumCRC64NVME", "ChecksumSHA1", "ChecksumSHA256", "ChecksumType"],
    );
    let told = Members::new().set("CopyObjectResult", result.done()).copy(&told, &["VersionId", "ServerSideEncryption"]);
    Ok(told.maybe("CopySourceVersionId", from_version).done())
}

/// Deletes an object or one of its versions, and gives its id, and what is told.
fn delete(world: &mut World, call: &Call, key: &str, id: Option<&str>) -> Result<(Option<String>, Value), Refusal> {
    let new = world.ids.hex(ID_LETTERS);
    let now = world.now();
    let bucket_name = members::required(&call.input, "Bucket").to_owned();
    let found = bucket_mut(world, call)?;
    let told = match (id, found.has_versions()) {
        (Some(id), _) => {
            let versions = found.objects.get_mut(key);
            let gone = versions.and_then(|versions| {
                let at = versions.iter().position(|version| version.id == id)?;
                Some(versions.remove(at))
            });
            if found.objects.get(key).is_some_and(Vec::is_empty) {
                found.objects.remove(key);
            }
            let marker = gone.is_some_and(|version| version.is_marker()).then_some(true);
            Members::new().set("VersionId", id).maybe("DeleteMarker", marker).done()
        }
        (None, true) => {
            let marker = Version { at: now, ..Version::default() };
            let id = found.add(key, marker, new);
            Members::new().set("VersionId", id).set("DeleteMarker", true).done()
        }
        (None, false) => {
            found.objects.remove(key);
            json!({})
        }
    };
    world.effect(call, &format!("{bucket_name}/{key}"));
    Ok((members::text(&told, "VersionId").map(str::to_owned), told))
}

fn delete_many(world: &mut World, call: &Call) -> Answer {
    bucket(world, call)?;
    let asked = call.input.get("Delete").cloned().unwrap_or(Value::Null);
    let objects = members::list(&asked, "Objects");
    if objects.is_empty() || objects.len() > BATCH {
        let message = "The XML you provided was not well-formed or did not validate against our published schema";
        return Err(Refusal::new("MalformedXML", message));
    }
    let mut deleted = Vec::new();
    for object in objects {
        let (key, id) = (members::required(object, "Key"), members::text(object, "VersionId"));
        let (_, told) = delete(world, call, key, id)?;
        let marker = members::flag(&told, "DeleteMarker");
        let marker_id = marker.and(members::text(&told, "VersionId"));
        let line = Members::new().set("Key", key).maybe("VersionId", id);
        deleted.push(line.maybe("DeleteMarker", marker).maybe("DeleteMarkerVersionId", marker_id).done());
    }
    let quiet = members::flag(&asked, "Quiet") == Some(true);
    Ok(Members::new().maybe("Deleted", (!quiet).then_some(deleted)).done())
}
