//! Multipart uploads.

use std::sync::Arc;

use serde_json::{Value, json};

use super::objects::{body, check_key, check_write, copied_from, kept, store};
use super::store::{Part, Upload, Version, bucket, bucket_mut, header_tags, named, version};
use super::sums;
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::world::World;

/// The fewest bytes of a part that is not the last.
const PART_BYTES: usize = 5 * 1024 * 1024;
/// The most parts of a page.
const PAGE: i64 = 1000;

fn key_of(call: &Call) -> (String, String) {
    let text = |name| members::required(&call.input, name).to_owned();
    (text("Key"), text("UploadId"))
}

fn upload<'a>(world: &'a World, call: &Call) -> Result<&'a Upload, Refusal> {
    let key = key_of(call);
    let message =
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
    let none = || Refusal::new("NoSuchUpload", message).status(404).with("UploadId", key.1.as_str());
    bucket(world, call)?.uploads.get(&key).ok_or_else(none)
}

/// Answers one call about multipart uploads.
///
/// # Errors
/// As S3 refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    match call.operation.as_str() {
        "CreateMultipartUpload" => {
            check_key(members::required(input, "Key"))?;
            bucket(world, call)?;
            let (id, now) = (world.ids.capitals(64), world.now());
            let (name, key) = (members::required(input, "Bucket"), members::required(input, "Key"));
            let tags = header_tags(members::text(input, "Tagging"));
            let made = Upload { at: now, members: kept(input), tags, ..Upload::default() };
            bucket_mut(world, call)?.uploads.insert((key.to_owned(), id.clone()), made);
            let encryption = members::text(input, "ServerSideEncryption").unwrap_or("AES256");
            Ok(json!({"Bucket": name, "Key": key, "UploadId": id, "ServerSideEncryption": encryption}))
        }
        "UploadPart" => {
            upload(world, call)?;
            let content = body(input);
            let sums = sums::check(input, &content)?;
            let etag = add_part(world, call, content)?;
            Ok(Members::new()
                .set("ETag", etag)
                .set("ServerSideEncryption", "AES256")
                .copy(
                    &Value::Object(sums),
                    &["ChecksumCRC32", "ChecksumCRC32C", "ChecksumCRC64NVME", "ChecksumSHA1", "ChecksumSHA256"],
                )
                .done())
        }
        "UploadPartCopy" => copy_part(world, call),
        "AbortMultipartUpload" => {
            upload(world, call)?;
            bucket_mut(world, call)?.uploads.remove(&key_of(call));
            Ok(json!({}))
        }
        "ListParts" => list(world, call),
        _ => complete(world, call),
    }
}

fn add_part(world: &mut World, call: &Call, content: Vec<u8>) -> Result<String, Refusal> {
    let number = members::integer(&call.input, "PartNumber").unwrap_or(0);
    if !(1..=10_000).contains(&number) {
        let message = "Part number must be an integer between 1 and 10000, inclusive";
        return Err(Refusal::new("InvalidArgument", message).with("ArgumentName", "partNumber").with("ArgumentValue", number));
    }
    let now = world.now();
    let etag = format!("\"{}\"", sums::hex(&sums::md5(&content)));
    if let Some(upload) = bucket_mut(world, call)?.uploads.get_mut(&key_of(call)) {
        upload.parts.insert(number, (now, Arc::new(content), etag.clone()));
    }
    Ok(etag)
}

fn copy_part(world: &mut World, call: &Call) -> Answer {
    upload(world, call)?;
    let (from, key, id) = copied_from(&call.input)?;
    let mut there = call.clone();
    there.operation = "GetBucketLocation".to_owned();
    there.input = json!({});
    let source = named(world, &there, &from)?;
    let content = version(source, &key, id.as_deref())?.body.clone().unwrap_or_default();
    let part = match members::text(&call.input, "CopySourceRange") {
        None => content.to_vec(),
        Some(text) => {
            let ends = text.strip_prefix("bytes=").and_then(|text| text.split_once('-'));
            let ends = ends.and_then(|(first, last)| Some((first.parse::<usize>().ok()?, last.parse::<usize>().ok()?)));
            let wrong = || {
                Refusal::new(
                    "InvalidArgument",
                    format!("Range specified is not valid for source object of size: {}", content.len()),
                )
            };
            let (first, last) = ends.filter(|(first, last)| first <= last && *last < content.len()).ok_or_else(wrong)?;
            content[first..=last].to_vec()
        }
    };
    let etag = add_part(world, call, part)?;
    let result = Members::new().set("ETag", etag).time("LastModified", world.now()).done();
    Ok(json!({"CopyPartResult": result, "ServerSideEncryption": "AES256"}))
}

fn list(world: &World, call: &Call) -> Answer {
    let input = &call.input;
    let found = upload(world, call)?;
    let after = members::integer(input, "PartNumberMarker").unwrap_or(0);
    let most = usize::try_from(members::integer(input, "MaxParts").unwrap_or(PAGE).clamp(0, PAGE)).unwrap_or_default();
    let mut rows = found.parts.range(after + 1..).peekable();
    let page: Vec<_> = rows.by_ref().take(most).collect();
    let more = rows.peek().is_some();
    let next = page.last().map_or(0, |(number, _)| **number);
    let tell = |(number, (at, content, etag)): (&i64, &Part)| {
        Members::new()
            .set("PartNumber", *number)
            .time("LastModified", *at)
            .set("ETag", etag.as_str())
            .set("Size", content.len())
            .done()
    };
    let parts: Vec<Value> = page.into_iter().map(tell).collect();
    let account = &call.caller.account;
    Ok(Members::new()
        .copy(input, &["Bucket", "Key", "UploadId"])
        .set("PartNumberMarker", after)
        .set("NextPartNumberMarker", next)
        .set("MaxParts", most)
        .set("IsTruncated", more)
        .maybe("Parts", (!parts.is_empty()).then_some(parts))
        .set("Initiator", super::store::owner(account))
        .set("Owner", super::store::owner(account))
        .set("StorageClass", found.members.get("StorageClass").and_then(Value::as_str).unwrap_or("STANDARD"))
        .done())
}

fn complete(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let found = upload(world, call)?.clone();
    check_write(bucket(world, call)?, input)?;
    let asked = input.get("MultipartUpload").map(|upload| members::list(upload, "Parts")).unwrap_or_default();
    if asked.is_empty() {
        let message = "The XML you provided was not well-formed or did not validate against our published schema";
        return Err(Refusal::new("MalformedXML", message));
    }
    let numbers: Vec<i64> = asked.iter().map(|part| members::integer(part, "PartNumber").unwrap_or(0)).collect();
    if numbers.windows(2).any(|pair| pair[0] >= pair[1]) {
        let message = "The list of parts was not in ascending order. The parts list must be specified in order by part number.";
        return Err(Refusal::new("InvalidPartOrder", message));
    }
    let (mut content, mut digests) = (Vec::new(), Vec::new());
    for (at, (part, number)) in asked.iter().zip(numbers).enumerate() {
        let plain = |etag: &str| etag.trim_matches('"').to_owned();
        let kept = found.parts.get(&number).filter(|(.., etag)| plain(etag) == plain(members::required(part, "ETag")));
        let Some((_, bytes, _)) = kept else {
            let message = "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";
            return Err(Refusal::new("InvalidPart", message).with("PartNumber", number));
        };
        if bytes.len() < PART_BYTES && at + 1 < asked.len() {
            let refusal = Refusal::new("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed object size.");
            return Err(refusal.with("ProposedSize", bytes.len()).with("MinSizeAllowed", PART_BYTES).with("PartNumber", number));
        }
        digests.extend(sums::md5(bytes));
        content.extend_from_slice(bytes);
    }
    let (name, key) = (members::required(input, "Bucket"), members::required(input, "Key"));
    let made = Version {
        id: String::new(),
        at: world.now(),
        etag: format!("\"{}-{}\"", sums::hex(&sums::md5(&digests)), asked.len()),
        sums: sums::check(&json!({}), &content)?,
        body: Some(Arc::new(content)),
        members: found.members,
        tags: found.tags,
    };
    let told = store(world, call, key, made)?;
    bucket_mut(world, call)?.uploads.remove(&key_of(call));
    let location = format!("http://{name}.s3.{}.amazonaws.com/{key}", call.caller.region);
    Ok(told.set("Location", location).set("Bucket", name).set("Key", key).done())
}
