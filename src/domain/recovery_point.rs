//! What can be restored: protected resources, their recovery points, and the jobs that restore them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::SiteName;

/// A backup to restore from, as AWS Backup lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryPoint {
    /// The site in whose vault it lies.
    pub site: SiteName,
    /// Its ARN.
    pub arn: String,
    /// The vault's name.
    pub vault: String,
    /// The resource that was backed up.
    pub resource_arn: String,
    /// AWS Backup's resource type, such as `DynamoDB`.
    pub resource_type: String,
    /// `COMPLETED`, `AVAILABLE`, `PARTIAL`, `EXPIRED`, … as it came.
    pub status: String,
    /// AWS's sentence about the status.
    pub status_message: Option<String>,
    /// The moment that the backup holds: the earliest of initiation, creation and completion.
    pub data_at: Option<DateTime<Utc>>,
    /// When the backup or copy was complete.
    pub completed_at: Option<DateTime<Utc>>,
    /// Size in bytes.
    pub size_bytes: Option<u64>,
    /// The key that it is encrypted with.
    pub key_arn: Option<String>,
    /// `WARM`, `COLD`, … as it came.
    pub storage_class: Option<String>,
    /// When it will be deleted.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last restored.
    pub last_restored_at: Option<DateTime<Utc>>,
    /// `BACKUP_VAULT`, `LOGICALLY_AIR_GAPPED_BACKUP_VAULT`, … as it came.
    pub vault_type: Option<String>,
    /// The result of a malware scan, as it came.
    pub scan: Option<String>,
}

/// May a recovery point be restored from?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Usable {
    /// Yes.
    Yes,
    /// Perhaps: a person has to look at the reason.
    Doubtful(String),
    /// No, with the reason.
    No(String),
}

impl RecoveryPoint {
    /// Is it a continuous backup, which can be restored to any moment? AWS gives those the status AVAILABLE (AWS Backup developer
    /// guide, "Recovery point status"), and those of Aurora and RDS an ARN that says so.
    pub fn is_continuous(&self) -> bool {
        self.status == "AVAILABLE" || self.arn.contains(":continuous:") || self.short_id().starts_with("continuous-")
    }

    /// May it be restored from at `now`?
    pub fn usable(&self, now: DateTime<Utc>) -> Usable {
        if self.scan.as_deref().is_some_and(|scan| scan.contains("THREATS_FOUND") && !scan.contains("NO_THREATS_FOUND")) {
            return Usable::No("malware found by the scan".into());
        }
        if self.expires_at.is_some_and(|expiry| expiry <= now) {
            return Usable::No("past its retention".into());
        }
        match self.status.as_str() {
            "COMPLETED" | "AVAILABLE" if self.storage_class.as_deref() == Some("COLD") => {
                Usable::Doubtful("in cold storage: adds about 4 hours".into())
            }
            "COMPLETED" | "AVAILABLE" => Usable::Yes,
            "PARTIAL" | "STOPPED" => Usable::Doubtful(format!("status {}", self.status)),
            other => Usable::No(format!("status {other}")),
        }
    }

    /// The last part of its ARN.
    pub fn short_id(&self) -> &str {
        self.arn.rsplit([':', '/']).next().unwrap_or(&self.arn)
    }
}

/// A resource that AWS Backup protects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtectedResource {
    /// Its ARN.
    pub arn: String,
    /// AWS Backup's resource type.
    pub resource_type: String,
    /// Its name, where AWS knows one.
    pub name: Option<String>,
    /// When it was last backed up.
    pub last_backup_at: Option<DateTime<Utc>>,
}

/// The status of a restore job. Values that this program does not know are kept as they came and are not final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum JobStatus {
    /// Not begun.
    Pending,
    /// At work.
    Running,
    /// The resource exists; the application is not ready for that reason alone.
    Completed,
    /// Stopped.
    Aborted,
    /// Failed, see the message.
    Failed,
    /// Anything else.
    Other(String),
}

impl From<String> for JobStatus {
    fn from(text: String) -> Self {
        match text.as_str() {
            "PENDING" | "CREATED" => Self::Pending,
            "RUNNING" => Self::Running,
            "COMPLETED" => Self::Completed,
            "ABORTED" => Self::Aborted,
            "FAILED" => Self::Failed,
            _ => Self::Other(text),
        }
    }
}

impl From<JobStatus> for String {
    fn from(status: JobStatus) -> Self {
        match status {
            JobStatus::Pending => "PENDING".into(),
            JobStatus::Running => "RUNNING".into(),
            JobStatus::Completed => "COMPLETED".into(),
            JobStatus::Aborted => "ABORTED".into(),
            JobStatus::Failed => "FAILED".into(),
            JobStatus::Other(text) => text,
        }
    }
}

/// A restore job as DescribeRestoreJob or ListRestoreJobs tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreJob {
    /// Its id.
    pub id: String,
    /// Its status.
    pub status: JobStatus,
    /// AWS's sentence about the status.
    pub message: Option<String>,
    /// The recovery point that it restores.
    pub recovery_point_arn: Option<String>,
    /// Percent done, as AWS words it (a string there), 0 to 100 where it is a number.
    pub percent: Option<u8>,
    /// When AWS created it.
    pub created_at: Option<DateTime<Utc>>,
    /// When AWS says that it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// The resource that it made, once completed.
    pub created_resource_arn: Option<String>,
    /// AWS's own estimate in minutes.
    pub expected_minutes: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(status: &str) -> RecoveryPoint {
        RecoveryPoint {
            site: SiteName::recovery(),
            arn: "arn:aws:backup:eu-central-1:444455556666:recovery-point:copyjob-1".into(),
            vault: "shop-recovery".into(),
            resource_arn: "arn:aws:dynamodb:eu-west-1:111122223333:table/orders".into(),
            resource_type: "DynamoDB".into(),
            status: status.into(),
            status_message: None,
            data_at: None,
            completed_at: None,
            size_bytes: None,
            key_arn: None,
            storage_class: None,
            expires_at: None,
            last_restored_at: None,
            vault_type: None,
            scan: None,
        }
    }

    #[test]
    fn only_complete_clean_and_unexpired_points_are_usable() {
        let now = "2026-03-14T03:00:00Z".parse().unwrap();
        assert_eq!(point("COMPLETED").usable(now), Usable::Yes);
        assert_eq!(point("AVAILABLE").usable(now), Usable::Yes);
        assert!(matches!(point("PARTIAL").usable(now), Usable::Doubtful(_)));
        assert!(matches!(point("EXPIRED").usable(now), Usable::No(_)));
        assert!(matches!(point("SOMETHING_NEW").usable(now), Usable::No(_)));
        let scanned = |scan: &str| RecoveryPoint { scan: Some(scan.into()), ..point("COMPLETED") };
        assert!(matches!(scanned("THREATS_FOUND").usable(now), Usable::No(_)));
        assert_eq!(scanned("NO_THREATS_FOUND").usable(now), Usable::Yes);
        let expired = RecoveryPoint { expires_at: Some(now), ..point("COMPLETED") };
        assert!(matches!(expired.usable(now), Usable::No(_)));
    }
}
