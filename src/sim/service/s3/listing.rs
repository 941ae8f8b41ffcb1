//! The lists of objects, versions and uploads, with prefixes, delimiters and pages.

use std::collections::BTreeSet;
use std::ops::Bound;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::store::{Bucket, Version, bucket, owner};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::world::World;

/// The most rows of a page.
const PAGE: i64 = 1000;
/// What keys have on the wire when they are asked for in URL encoding.
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/').remove(b'~');

/// What of a key a list tells.
struct Shown<'a> {
    prefix: &'a str,
    delimiter: Option<&'a str>,
    encoded: bool,
    most: usize,
}

impl<'a> Shown<'a> {
    fn of(input: &'a Value) -> Result<Self, Refusal> {
        let most = members::integer(input, "MaxKeys").or_else(|| members::integer(input, "MaxUploads")).unwrap_or(PAGE);
        if most < 0 {
            return Err(Refusal::new("InvalidArgument", "Argument maxKeys must be an integer between 0 and 2147483647"));
        }
        Ok(Self {
            prefix: members::text(input, "Prefix").unwrap_or_default(),
            delimiter: members::text(input, "Delimiter").filter(|delimiter| !delimiter.is_empty()),
            encoded: members::text(input, "EncodingType") == Some("url"),
            most: usize::try_from(most.min(PAGE)).unwrap_or_default(),
        })
    }

    fn tell(&self, key: &str) -> String {
        if self.encoded { utf8_percent_encode(key, KEY).to_string() } else { key.to_owned() }
    }

    /// The common prefix that stands for a key; `None`: it stands for itself.
    fn group(&self, key: &str) -> Option<String> {
        let delimiter = self.delimiter?;
        let at = key[self.prefix.len()..].find(delimiter)?;
        Some(key[..self.prefix.len() + at + delimiter.len()].to_owned())
    }

    fn shared(&self, input: &Value) -> Members {
        let told = Members::new().set("Name", members::required(input, "Bucket")).set("MaxKeys", self.most);
        let told = told.set("Prefix", self.tell(self.prefix)).maybe("Delimiter", self.delimiter.map(|text| self.tell(text)));
        told.maybe("EncodingType", self.encoded.then_some("url"))
    }
}

/// One row of a page: a key with its version's number, or a common prefix.
enum Row<'a> {
    Version(&'a str, usize, &'a Version),
    Group(String),
}

/// A page of rows after a key (and after the version with that id), and whether there are more.
fn page<'a>(bucket: &'a Bucket, shown: &Shown<'_>, after: Option<(&str, Option<&str>)>, all: bool) -> (Vec<Row<'a>>, bool) {
    let mut rows = Vec::new();
    let mut groups = BTreeSet::new();
    let from = match after {
        Some((key, Some(_))) if key >= shown.prefix => Bound::Included(key),
        Some((key, None)) if key >= shown.prefix => Bound::Excluded(key),
        _ => Bound::Included(shown.prefix),
    };
    if shown.most == 0 {
        return (rows, false);
    }
    for (key, versions) in bucket.objects.range::<str, _>((from, Bound::Unbounded)) {
        if !key.starts_with(shown.prefix) {
            break;
        }
        let group = shown.group(key);
        // A page that ended with a common prefix goes on behind all of it.
        if group.as_deref().zip(after).is_some_and(|(group, (key, _))| key.starts_with(group)) {
            continue;
        }
        let mut skipping = after.and_then(|(at, id)| id.filter(|_| at == key));
        for (number, version) in versions.iter().enumerate().take(if all { usize::MAX } else { 1 }) {
            if let Some(id) = skipping {
                skipping = (version.id != id).then_some(id);
                continue;
            }
            if !all && version.is_marker() {
                continue;
            }
            let row = match &group {
                Some(group) if groups.contains(group) => continue,
                Some(group) => Row::Group(group.clone()),
                None => Row::Version(key, number, version),
            };
            if rows.len() == shown.most {
                return (rows, true);
            }
            groups.extend(group.clone());
            rows.push(row);
        }
    }
    (rows, false)
}

fn object(shown: &Shown<'_>, key: &str, version: &Version) -> Members {
    let algorithm = version.sums.keys().find_map(|name| name.strip_prefix("Checksum").filter(|name| *name != "Type"));
    Members::new()
        .set("Key", shown.tell(key))
        .time("LastModified", version.at)
        .set("ETag", version.etag.as_str())
        .maybe("ChecksumAlgorithm", algorithm.map(|algorithm| json!([algorithm])))
        .maybe("ChecksumType", version.sums.get("ChecksumType").cloned())
        .set("Size", version.size())
        .set("StorageClass", version.class())
}

fn groups(shown: &Shown<'_>, rows: &[Row<'_>]) -> Option<Vec<Value>> {
    let told = rows.iter().filter_map(|row| match row {
        Row::Group(group) => Some(json!({"Prefix": shown.tell(group)})),
        Row::Version(..) => None,
    });
    Some(told.collect::<Vec<_>>()).filter(|told| !told.is_empty())
}

fn contents(shown: &Shown<'_>, rows: &[Row<'_>], account: Option<&str>) -> Option<Vec<Value>> {
    let told = rows.iter().filter_map(|row| match row {
        Row::Version(key, _, version) => Some(object(shown, key, version).maybe("Owner", account.map(owner)).done()),
        Row::Group(_) => None,
    });
    Some(told.collect::<Vec<_>>()).filter(|told| !told.is_empty())
}

fn last(rows: &[Row<'_>]) -> Option<String> {
    rows.last().map(|row| match row {
        Row::Version(key, ..) => (*key).to_owned(),
        Row::Group(group) => group.clone(),
    })
}

/// ListObjects.
///
/// # Errors
/// As S3 refuses it.
pub fn objects(world: &World, call: &Call) -> Answer {
    let input = &call.input;
    let (found, shown) = (bucket(world, call)?, Shown::of(input)?);
    let marker = members::text(input, "Marker").filter(|marker| !marker.is_empty());
    let (rows, more) = page(found, &shown, marker.map(|marker| (marker, None)), false);
    // Without a delimiter the last key says it.
    let next = last(&rows).filter(|_| more && shown.delimiter.is_some()).map(|key| shown.tell(&key));
    let told = shown.shared(input).set("IsTruncated", more).set("Marker", shown.tell(marker.unwrap_or_default()));
    let told =
        told.maybe("Contents", contents(&shown, &rows, Some(&found.account))).maybe("CommonPrefixes", groups(&shown, &rows));
    Ok(told.maybe("NextMarker", next).done())
}

/// ListObjectsV2.
///
/// # Errors
/// As S3 refuses it.
pub fn objects_v2(world: &World, call: &Call) -> Answer {
    let input = &call.input;
    let (found, shown) = (bucket(world, call)?, Shown::of(input)?);
    let token = members::text(input, "ContinuationToken");
    let wrong = || Refusal::new("InvalidArgument", "The continuation token provided is incorrect");
    if token == Some("") {
        return Err(wrong());
    }
    let decoded =
        token.map(|token| STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(wrong));
    let decoded = decoded.transpose()?;
    let start = members::text(input, "StartAfter").filter(|start| !start.is_empty());
    let after = decoded.as_deref().or(start);
    let (rows, more) = page(found, &shown, after.map(|after| (after, None)), false);
    let next = last(&rows).filter(|_| more).map(|key| STANDARD.encode(key));
    let owner = (members::flag(input, "FetchOwner") == Some(true)).then_some(found.account.as_str());
    Ok(shown
        .shared(input)
        .set("IsTruncated", more)
        .set("KeyCount", rows.len())
        .maybe("Contents", contents(&shown, &rows, owner))
        .maybe("CommonPrefixes", groups(&shown, &rows))
        .maybe("ContinuationToken", token)
        .maybe("NextContinuationToken", next)
        .maybe("StartAfter", start.map(|start| shown.tell(start)))
        .done())
}

/// ListObjectVersions.
///
/// # Errors
/// As S3 refuses it.
pub fn versions(world: &World, call: &Call) -> Answer {
    let input = &call.input;
    let (found, shown) = (bucket(world, call)?, Shown::of(input)?);
    let key = members::text(input, "KeyMarker").filter(|key| !key.is_empty());
    let id = members::text(input, "VersionIdMarker").filter(|id| !id.is_empty());
    if id.is_some() && key.is_none() {
        return Err(Refusal::new("InvalidArgument", "A version-id marker cannot be specified without a key marker."));
    }
    let (rows, more) = page(found, &shown, key.map(|key| (key, id)), true);
    let (mut kept, mut markers) = (Vec::new(), Vec::new());
    for row in &rows {
        let Row::Version(key, number, version) = row else { continue };
        if version.is_marker() {
            let told = Members::new().set("Owner", owner(&found.account)).set("Key", shown.tell(key));
            let told = told.set("VersionId", version.id.as_str()).set("IsLatest", *number == 0);
            markers.push(told.time("LastModified", version.at).done());
        } else {
            let told = object(&shown, key, version).set("VersionId", version.id.as_str()).set("IsLatest", *number == 0);
            kept.push(told.set("Owner", owner(&found.account)).done());
        }
    }
    let (next, next_id) = match rows.last().filter(|_| more) {
        Some(Row::Version(key, _, version)) => (Some(shown.tell(key)), Some(version.id.clone())),
        Some(Row::Group(group)) => (Some(shown.tell(group)), None),
        None => (None, None),
    };
    Ok(shown
        .shared(input)
        .set("IsTruncated", more)
        .set("KeyMarker", shown.tell(key.unwrap_or_default()))
        .set("VersionIdMarker", id.unwrap_or_default())
        .maybe("NextKeyMarker", next)
        .maybe("NextVersionIdMarker", next_id)
        .maybe("Versions", (!kept.is_empty()).then_some(kept))
        .maybe("DeleteMarkers", (!markers.is_empty()).then_some(markers))
        .maybe("CommonPrefixes", groups(&shown, &rows))
        .done())
}

/// ListMultipartUploads.
///
/// # Errors
/// As S3 refuses it.
pub fn uploads(world: &World, call: &Call) -> Answer {
    let input = &call.input;
    let (found, shown) = (bucket(world, call)?, Shown::of(input)?);
    let key = members::text(input, "KeyMarker").filter(|key| !key.is_empty());
    let id = members::text(input, "UploadIdMarker").filter(|id| !id.is_empty());
    let behind = |upload: &(String, String)| match (key, id) {
        (Some(key), Some(id)) => (upload.0.as_str(), upload.1.as_str()) > (key, id),
        (Some(key), None) => upload.0.as_str() > key,
        _ => true,
    };
    let mut rows = found.uploads.iter().filter(|(upload, _)| upload.0.starts_with(shown.prefix) && behind(upload)).peekable();
    let page: Vec<_> = rows.by_ref().take(shown.most).collect();
    let more = rows.peek().is_some();
    let last = page.last().filter(|_| more).map(|(upload, _)| (*upload).clone());
    let tell = |((key, id), upload): (&(String, String), &super::store::Upload)| {
        let told = Members::new().set("UploadId", id.as_str()).set("Key", shown.tell(key)).time("Initiated", upload.at);
        let class = upload.members.get("StorageClass").and_then(Value::as_str).unwrap_or("STANDARD");
        told.set("StorageClass", class).set("Owner", owner(&found.account)).set("Initiator", owner(&found.account)).done()
    };
    let told: Vec<Value> = page.into_iter().map(tell).collect();
    Ok(Members::new()
        .set("Bucket", members::required(input, "Bucket"))
        .set("KeyMarker", key.unwrap_or_default())
        .set("UploadIdMarker", id.unwrap_or_default())
        .maybe("NextKeyMarker", last.as_ref().map(|last| shown.tell(&last.0)))
        .maybe("NextUploadIdMarker", last.map(|last| last.1))
        .set("MaxUploads", shown.most)
        .set("IsTruncated", more)
        .maybe("Uploads", (!told.is_empty()).then_some(told))
        .maybe("EncodingType", shown.encoded.then_some("url"))
        .done())
}
