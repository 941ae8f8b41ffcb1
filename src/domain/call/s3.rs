//! Parameters of S3's calls.

use serde::{Deserialize, Serialize};

use super::shell_quoted;
use crate::domain::Region;

/// A bucket brought back to a moment: for each object that is not as it was then, one CopyObject of its version of then, or one
/// DeleteObject, which leaves a delete marker. No version is ever removed, so that it can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ObjectsRewind {
    /// The bucket; its versioning is on.
    pub bucket: String,
    /// The moment, RFC 3339 to the second.
    pub to: String,
    /// What changes, by key.
    pub objects: Vec<ObjectRewind>,
}

impl ObjectsRewind {
    /// The same as AWS CLI commands, one an object and line.
    pub(super) fn cli(&self, region: &Region) -> String {
        let bucket = shell_quoted(&self.bucket);
        let line = |object: &ObjectRewind| {
            let key = shell_quoted(&object.key);
            match &object.version_id {
                Some(version) => {
                    let source = shell_quoted(&format!("{}/{}?versionId={version}", self.bucket, object.key));
                    format!("aws s3api copy-object --region {region} --bucket {bucket} --key {key} --copy-source {source}")
                }
                None => format!("aws s3api delete-object --region {region} --bucket {bucket} --key {key}"),
            }
        };
        self.objects.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// One object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ObjectRewind {
    /// Its key.
    pub key: String,
    /// The version that is current now: if it is another when it is written, somebody else was here.
    pub current: String,
    /// The version that was current then; `None` if there was no object: it is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// The content's tag of then, by which a copy that has been made is known.
    #[serde(rename = "ETag", default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}
