//! S3: buckets, objects with their versions, and multipart uploads.

mod buckets;
mod listing;
mod objects;
mod store;
mod sums;
#[cfg(test)]
mod tests;
mod uploads;

use crate::sim::call::{Answer, Call};
use crate::sim::service::coverage::{Operation, changes, reads};
use crate::sim::world::World;

pub use store::S3;

/// What holds for all of the service.
pub const NOTE: &str = "Path style, and virtual-host style under `bucket.localhost`. Policies, lifecycles and locks are kept or unknown, never \
                        enforced; storage classes are told and change nothing; bodies are up to 64 MiB. SHA-1 checksums are told, not verified.";

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    changes("AbortMultipartUpload", ""),
    changes("CompleteMultipartUpload", "checksums of parts are passed over"),
    changes("CopyObject", ""),
    changes("CreateBucket", "no directory buckets, locks and access control lists"),
    changes("CreateMultipartUpload", ""),
    changes("DeleteBucket", ""),
    changes("DeleteBucketCors", ""),
    changes("DeleteBucketEncryption", ""),
    changes("DeleteBucketLifecycle", ""),
    changes("DeleteBucketPolicy", ""),
    changes("DeleteBucketOwnershipControls", ""),
    changes("DeleteBucketReplication", ""),
    changes("DeleteBucketTagging", ""),
    changes("DeleteObject", ""),
    changes("DeleteObjects", ""),
    changes("DeleteObjectTagging", ""),
    changes("DeletePublicAccessBlock", ""),
    reads("GetBucketAcl", "the owner's full control, always"),
    reads("GetBucketCors", "kept, not enforced"),
    reads("GetBucketEncryption", ""),
    reads("GetBucketLifecycleConfiguration", "kept, not carried out"),
    reads("GetBucketLocation", ""),
    reads("GetBucketOwnershipControls", "kept, not enforced"),
    reads("GetBucketReplication", "kept, not carried out"),
    reads("GetObjectLockConfiguration", "kept, not enforced"),
    reads("GetBucketPolicy", "kept, not enforced"),
    reads("GetBucketTagging", ""),
    reads("GetBucketVersioning", ""),
    reads("GetObject", "one range; no part numbers"),
    reads("GetObjectAcl", "the owner's full control, always"),
    reads("GetObjectAttributes", "no parts"),
    reads("GetObjectTagging", ""),
    reads("GetPublicAccessBlock", "kept, not enforced"),
    reads("HeadBucket", ""),
    reads("HeadObject", ""),
    reads("ListBuckets", ""),
    reads("ListMultipartUploads", "no delimiter"),
    reads("ListObjects", ""),
    reads("ListObjectsV2", ""),
    reads("ListObjectVersions", ""),
    reads("ListParts", ""),
    changes("PutBucketCors", ""),
    changes("PutBucketEncryption", ""),
    changes("PutBucketLifecycleConfiguration", ""),
    changes("PutBucketOwnershipControls", ""),
    changes("PutBucketReplication", ""),
    changes("PutObjectLockConfiguration", ""),
    changes("PutBucketPolicy", ""),
    changes("PutBucketTagging", ""),
    changes("PutBucketVersioning", ""),
    changes("PutObject", "no access control lists, locks and appends"),
    changes("PutObjectTagging", ""),
    changes("PutPublicAccessBlock", ""),
    changes("UploadPart", ""),
    changes("UploadPartCopy", ""),
];

/// Answers one call to S3.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    match call.operation.as_str() {
        "ListObjects" => listing::objects(world, call),
        "ListObjectsV2" => listing::objects_v2(world, call),
        "ListObjectVersions" => listing::versions(world, call),
        "ListMultipartUploads" => listing::uploads(world, call),
        "GetObjectLockConfiguration" | "PutObjectLockConfiguration" => buckets::answer(world, call),
        operation if operation.contains("Multipart") || operation.contains("Part") => uploads::answer(world, call),
        operation if operation.contains("Object") => objects::answer(world, call),
        _ => buckets::answer(world, call),
    }
}
