//! A recovery point held small: most of what is said of it is said of many.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Row, Standing, key_hash, packed_time, shared, time_of};
use crate::domain::{RecoveryPoint, SiteName};

/// No size.
const NONE: u64 = u64::MAX;

/// A compact recovery point.
#[derive(Debug, Clone, PartialEq)]
pub struct PackedPoint {
    /// The end of its ARN.
    id: Box<str>,
    alike: Arc<Alike>,
    data_at: i64,
    completed_at: i64,
    expires_at: i64,
    last_restored_at: i64,
    size_bytes: u64,
    group: u32,
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Alike {
    site: SiteName,
    /// The ARN up to the id.
    arn: String,
    vault: String,
    resource_type: String,
    status: String,
    status_message: Option<String>,
    key_arn: Option<String>,
    storage_class: Option<String>,
    vault_type: Option<String>,
    scan: Option<String>,
}

impl PackedPoint {
    /// The moment that it holds, in microseconds; `i64::MIN` is unknown.
    pub fn data_at(&self) -> i64 {
        self.data_at
    }

    /// AWS Backup's type of its resource.
    pub fn resource_type(&self) -> &str {
        &self.alike.resource_type
    }

    /// Where it lies.
    pub fn site(&self) -> &SiteName {
        &self.alike.site
    }

    /// Its status, as it came.
    pub fn status(&self) -> &str {
        &self.alike.status
    }

    /// Adds everything that a filter may look for, beside its resource.
    pub fn searched(&self, out: &mut String) {
        let Alike { site, arn, vault, resource_type, status, storage_class, scan, .. } = &*self.alike;
        let optional = [storage_class, scan].map(|text| text.as_deref().unwrap_or_default());
        for part in
            [arn, &*self.id, " ", site.as_str(), " ", vault, " ", resource_type, " ", status, " ", optional[0], " ", optional[1]]
        {
            out.push_str(part);
        }
    }
}

impl Row for RecoveryPoint {
    type Packed = PackedPoint;
    type Words = HashSet<Arc<Alike>>;

    fn key(&self) -> &str {
        &self.arn
    }

    fn group(&self) -> Option<&str> {
        Some(&self.resource_arn)
    }

    fn pack(self, group: u32, words: &mut Self::Words) -> PackedPoint {
        let cut = self.arn.rfind([':', '/']).map_or(0, |at| at + 1);
        let alike = Alike {
            site: self.site,
            arn: self.arn[..cut].to_owned(),
            vault: self.vault,
            resource_type: self.resource_type,
            status: self.status,
            status_message: self.status_message,
            key_arn: self.key_arn,
            storage_class: self.storage_class,
            vault_type: self.vault_type,
            scan: self.scan,
        };
        PackedPoint {
            id: self.arn[cut..].into(),
            alike: shared(words, alike),
            data_at: packed_time(self.data_at),
            completed_at: packed_time(self.completed_at),
            expires_at: packed_time(self.expires_at),
            last_restored_at: packed_time(self.last_restored_at),
            size_bytes: self.size_bytes.unwrap_or(NONE),
            group,
        }
    }

    fn unpack(packed: &PackedPoint, group: &str) -> Self {
        let alike = &packed.alike;
        Self {
            site: alike.site.clone(),
            arn: format!("{}{}", alike.arn, packed.id),
            vault: alike.vault.clone(),
            resource_arn: group.to_owned(),
            resource_type: alike.resource_type.clone(),
            status: alike.status.clone(),
            status_message: alike.status_message.clone(),
            data_at: time_of(packed.data_at),
            completed_at: time_of(packed.completed_at),
            size_bytes: (packed.size_bytes != NONE).then_some(packed.size_bytes),
            key_arn: alike.key_arn.clone(),
            storage_class: alike.storage_class.clone(),
            expires_at: time_of(packed.expires_at),
            last_restored_at: time_of(packed.last_restored_at),
            vault_type: alike.vault_type.clone(),
            scan: alike.scan.clone(),
        }
    }

    fn has_key(packed: &PackedPoint, key: u64) -> bool {
        key_hash([&*packed.alike.arn, &packed.id]) == key
    }

    fn group_of(packed: &PackedPoint) -> u32 {
        packed.group
    }

    fn standing(_: &PackedPoint) -> Standing {
        Standing::Quiet
    }
}
