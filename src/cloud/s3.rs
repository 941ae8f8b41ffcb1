//! S3: the versions of objects.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::client;
use super::listing::Listing;
use super::site::{Connection, Retries};
use super::time::utc;
use crate::domain::Problem;

/// Asks S3 at one site.
#[derive(Debug, Clone)]
pub struct S3 {
    connection: Connection,
    client: aws_sdk_s3::Client,
}

/// One version of an object, or one of its delete markers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectVersion {
    /// Its id.
    pub id: String,
    /// When it was written.
    pub at: Option<DateTime<Utc>>,
    /// The content's tag; `None` for a delete marker.
    pub etag: Option<String>,
    /// Its length in bytes.
    pub size_bytes: u64,
    /// Is it the one that is read now?
    pub is_latest: bool,
}

impl S3 {
    /// Through `connection`.
    pub fn new(connection: &Connection) -> Self {
        Self { client: client!(aws_sdk_s3, connection, Retries::Read), connection: connection.clone() }
    }

    /// `Enabled`, `Suspended`, or `None` if versioning was never on.
    ///
    /// # Errors
    /// Any kind.
    pub async fn versioning(&self, bucket: &str) -> Result<Option<String>, Problem> {
        let answer = self.client.get_bucket_versioning().bucket(bucket).send();
        let answer = self.connection.read(answer, "S3 GetBucketVersioning").await?;
        Ok(answer.status().map(|status| status.as_str().to_owned()))
    }

    /// The versions of all objects whose keys begin with `prefix`, by key, newest first, at most `pages` pages of 1,000.
    ///
    /// # Errors
    /// Any kind.
    pub async fn versions(
        &self,
        bucket: &str,
        prefix: &str,
        pages: usize,
    ) -> Result<Listing<(String, Vec<ObjectVersion>)>, Problem> {
        let mut objects: BTreeMap<String, Vec<ObjectVersion>> = BTreeMap::new();
        let (mut key, mut version): (Option<String>, Option<String>) = (None, None);
        let mut complete = false;
        for _ in 0..pages.max(1) {
            let ask = self.client.list_object_versions().bucket(bucket).prefix(prefix);
            let ask = ask.set_key_marker(key.take()).set_version_id_marker(version.take());
            let page = self.connection.read(ask.send(), "S3 ListObjectVersions").await?;
            for found in page.versions() {
                objects.entry(found.key().unwrap_or_default().to_owned()).or_default().push(ObjectVersion {
                    id: found.version_id().unwrap_or_default().to_owned(),
                    at: utc(found.last_modified()),
                    etag: found.e_tag().map(str::to_owned),
                    size_bytes: found.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                    is_latest: found.is_latest().unwrap_or_default(),
                });
            }
            for found in page.delete_markers() {
                objects.entry(found.key().unwrap_or_default().to_owned()).or_default().push(ObjectVersion {
                    id: found.version_id().unwrap_or_default().to_owned(),
                    at: utc(found.last_modified()),
                    etag: None,
                    size_bytes: 0,
                    is_latest: found.is_latest().unwrap_or_default(),
                });
            }
            if !page.is_truncated().unwrap_or_default() {
                complete = true;
                break;
            }
            key = page.next_key_marker().map(str::to_owned);
            version = page.next_version_id_marker().map(str::to_owned);
        }
        for versions in objects.values_mut() {
            versions.sort_by_key(|version| (std::cmp::Reverse(version.is_latest), std::cmp::Reverse(version.at)));
        }
        Ok(Listing { rows: objects.into_iter().collect(), complete })
    }
}
