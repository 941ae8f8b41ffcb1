//! Vaults and the recovery points in them.
//!
//! Rows that come from one resource share a [`Lineage`]; a row is compact, and its ARN and members are made when it is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::copies::CopyJob;
use super::jobs::BackupJob;
use super::plans::Plans;
use super::restore::{Job, JobKey, Token};
use super::rows::{PointKey, Rows};
use crate::sim::members::Members;
use crate::sim::seed;

/// AWS Backup's state in one account and Region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Backup {
    /// By name.
    pub vaults: BTreeMap<String, Vault>,
    /// The recovery points of all vaults.
    pub points: Rows,
    /// Restore jobs, newest first.
    pub jobs: BTreeMap<JobKey, Job>,
    /// Where a job is among them.
    pub job_ids: BTreeMap<String, JobKey>,
    /// Idempotency tokens of StartRestoreJob, and what became of them.
    pub tokens: BTreeMap<String, Token>,
    /// Copy jobs, newest first.
    pub copies: BTreeMap<JobKey, CopyJob>,
    /// Idempotency tokens of StartCopyJob, and what each was answered.
    pub copy_tokens: BTreeMap<String, Value>,
    /// Backup jobs, newest first.
    pub backups: BTreeMap<JobKey, BackupJob>,
    /// Idempotency tokens of StartBackupJob, and what each was answered.
    pub backup_tokens: BTreeMap<String, Value>,
    /// Backup plans.
    pub plans: Plans,
    /// Access policies of vaults, by ARN.
    pub policies: BTreeMap<String, String>,
    /// Notifications of vaults, by ARN.
    pub notifications: BTreeMap<String, Value>,
    /// Tags of vaults, plans and recovery points, by ARN.
    pub tags: BTreeMap<String, Map<String, Value>>,
}

/// How a vault is locked.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Lock {
    /// MinRetentionDays.
    pub least: Option<i64>,
    /// MaxRetentionDays.
    pub most: Option<i64>,
    /// LockDate: from when on nobody can change it; `None`: it can be changed.
    pub from: Option<DateTime<Utc>>,
}

/// A vault.
#[derive(Debug, Clone, PartialEq)]
pub struct Vault {
    /// Its name.
    pub name: Arc<str>,
    /// Its ARN.
    pub arn: String,
    /// BACKUP_VAULT or LOGICALLY_AIR_GAPPED_BACKUP_VAULT.
    pub vault_type: String,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// The key that it encrypts with.
    pub key_arn: String,
    /// Is it locked?
    pub locked: bool,
    /// How.
    pub lock: Lock,
}

/// What the recovery points of one resource in one vault have in common.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lineage {
    /// The account that holds the points.
    pub account: String,
    /// The Region that holds the points.
    pub region: String,
    /// The vault's name.
    pub vault: String,
    /// The resource that was backed up.
    pub resource: Arc<str>,
    /// AWS Backup's ResourceType.
    pub kind: String,
    /// The resource's name.
    pub name: String,
    /// What GetRecoveryPointRestoreMetadata answers.
    pub metadata: BTreeMap<String, String>,
    /// The role that made the backup.
    pub role: String,
    /// The key that the points are encrypted with.
    pub key_arn: Option<String>,
    /// The vault that the points were copied from; `None` for points that were made here.
    pub copied_from: Option<String>,
    /// The plan that made them: AWS's RecoveryPointCreator.
    pub created_by: Option<Value>,
    /// How long the backup or copy took.
    pub took: TimeDelta,
    /// After how many days they are deleted.
    pub delete_after_days: Option<i64>,
    /// After how many days they move to cold storage.
    pub cold_after_days: Option<i64>,
    /// Can they be restored to any moment?
    pub continuous: bool,
    /// Is it in a logically air-gapped vault, where every ARN is AWS Backup's own?
    pub air_gapped: bool,
    /// AWS's ScanResults.
    pub scan: Option<Value>,
}

/// One recovery point.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// What it shares with its like.
    pub lineage: Arc<Lineage>,
    /// InitiationDate and CreationDate: the moment that the data is of.
    pub created: DateTime<Utc>,
    /// 128 bits that its ARN is made of.
    pub id: (u64, u64),
    /// BackupSizeInBytes.
    pub bytes: i64,
    /// RecoveryPointStatus.
    pub status: Status,
}

/// RecoveryPointStatus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// COMPLETED
    Completed,
    /// PARTIAL
    Partial,
    /// DELETING
    Deleting,
    /// EXPIRED
    Expired,
    /// AVAILABLE
    Available,
    /// STOPPED
    Stopped,
    /// CREATING
    Creating,
}

impl Status {
    /// All of them, with AWS's names.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("COMPLETED", Self::Completed),
        ("PARTIAL", Self::Partial),
        ("DELETING", Self::Deleting),
        ("EXPIRED", Self::Expired),
        ("AVAILABLE", Self::Available),
        ("STOPPED", Self::Stopped),
        ("CREATING", Self::Creating),
    ];

    /// AWS's name.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, status)| *status == self).map_or("COMPLETED", |(name, _)| name)
    }

    /// The status with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, status)| *status)
    }
}

impl Point {
    /// Its ARN: snapshots keep the form of their service, all else is a recovery point of AWS Backup. Copies are told by their
    /// prefix where the form has room for one.
    pub fn arn(&self) -> String {
        let Lineage { account, region, name, .. } = &*self.lineage;
        let copied = self.lineage.copied_from.is_some();
        let uuid = seed::uuid(self.id.0, self.id.1).to_uppercase();
        let job = if copied { "copyjob" } else { "job" };
        match self.lineage.kind.as_str() {
            _ if self.lineage.air_gapped => format!("arn:aws:backup:{region}:{account}:recovery-point:{uuid}"),
            "EBS" => format!("arn:aws:ec2:{region}::snapshot/snap-0{:016x}", self.id.0),
            "EC2" => format!("arn:aws:ec2:{region}::image/ami-0{:016x}", self.id.0),
            "RDS" => format!("arn:aws:rds:{region}:{account}:snapshot:awsbackup:{job}-{}", uuid.to_lowercase()),
            "Aurora" | "DocumentDB" | "Neptune" => {
                format!("arn:aws:rds:{region}:{account}:cluster-snapshot:awsbackup:{job}-{}", uuid.to_lowercase())
            }
            _ if self.lineage.continuous => {
                format!("arn:aws:backup:{region}:{account}:recovery-point:continuous:{name}-{:08x}", self.id.0 >> 32)
            }
            _ if copied => format!("arn:aws:backup:{region}:{account}:recovery-point:copyjob-{uuid}"),
            _ => format!("arn:aws:backup:{region}:{account}:recovery-point:{uuid}"),
        }
    }

    fn shared(&self, vault: &Vault) -> Members {
        let lineage = &self.lineage;
        let days = |days: Option<i64>| days.map(|days| self.created + TimeDelta::days(days));
        let lifecycle = Members::new()
            .maybe("MoveToColdStorageAfterDays", lineage.cold_after_days)
            .maybe("DeleteAfterDays", lineage.delete_after_days);
        let calculated = Members::new()
            .time("MoveToColdStorageAt", days(lineage.cold_after_days))
            .time("DeleteAt", days(lineage.delete_after_days));
        Members::new()
            .set("RecoveryPointArn", self.arn())
            .set("BackupVaultName", &*vault.name)
            .set("BackupVaultArn", vault.arn.as_str())
            .maybe("SourceBackupVaultArn", lineage.copied_from.clone())
            .set("ResourceArn", &*lineage.resource)
            .set("ResourceType", lineage.kind.as_str())
            .maybe("CreatedBy", lineage.created_by.clone())
            .set("IamRoleArn", lineage.role.as_str())
            .set("Status", self.status.name())
            .maybe("StatusMessage", self.status_message())
            .time("CreationDate", self.created)
            .time("InitiationDate", self.created)
            .time("CompletionDate", (self.status != Status::Creating).then(|| self.created + lineage.took))
            .set("BackupSizeInBytes", self.bytes)
            .set("Lifecycle", lifecycle.done())
            .set("CalculatedLifecycle", calculated.done())
            .maybe("EncryptionKeyArn", lineage.key_arn.clone())
            .set("IsEncrypted", lineage.key_arn.is_some())
            .set("IsParent", false)
            .set("ResourceName", lineage.name.as_str())
            .set("VaultType", vault.vault_type.as_str())
    }

    fn status_message(&self) -> Option<&'static str> {
        match self.status {
            Status::Expired => Some("AWS Backup could not delete this recovery point when its retention ended."),
            Status::Partial => Some("The backup was not completed in its window."),
            _ => None,
        }
    }

    /// As ListRecoveryPointsByBackupVault answers it.
    pub fn in_vault(&self, vault: &Vault) -> Value {
        self.shared(vault).maybe("AggregatedScanResult", self.aggregated()).done()
    }

    /// As DescribeRecoveryPoint answers it.
    pub fn described(&self, vault: &Vault, now: DateTime<Utc>) -> Value {
        let cold = self.lineage.cold_after_days.is_some_and(|days| now >= self.created + TimeDelta::days(days));
        self.shared(vault)
            .set("StorageClass", if cold { "COLD" } else { "WARM" })
            .maybe("ScanResults", self.lineage.scan.clone())
            .done()
    }

    /// As ListRecoveryPointsByResource answers it.
    pub fn of_resource(&self, vault: &Vault) -> Value {
        Members::new()
            .set("RecoveryPointArn", self.arn())
            .time("CreationDate", self.created)
            .set("Status", self.status.name())
            .maybe("StatusMessage", self.status_message())
            .maybe("EncryptionKeyArn", self.lineage.key_arn.clone())
            .set("BackupSizeBytes", self.bytes)
            .set("BackupVaultName", &*vault.name)
            .set("IsParent", false)
            .set("ResourceName", self.lineage.name.as_str())
            .set("VaultType", vault.vault_type.as_str())
            .maybe("AggregatedScanResult", self.aggregated())
            .done()
    }

    fn aggregated(&self) -> Option<Value> {
        let results = self.lineage.scan.as_ref()?.as_array()?;
        let findings: Vec<_> =
            results.iter().filter_map(|result| result.get("Findings")?.as_array()).flatten().cloned().collect();
        let failed = results.iter().any(|result| result.get("ScanJobState").and_then(Value::as_str) == Some("FAILED"));
        Some(json!({"FailedScan": failed, "Findings": findings}))
    }
}

/// AWS's ScanResults of a scan that ended at `now`.
pub fn scan(found: bool, now: DateTime<Utc>) -> Value {
    json!([{
        "MalwareScanner": "GUARDDUTY", "ScanJobState": "COMPLETED", "LastScanTimestamp": crate::sim::members::stamp(now),
        "Findings": if found { json!(["MALWARE"]) } else { json!([]) },
    }])
}

impl Vault {
    /// Why a recovery point that is kept for so many days cannot be put here.
    pub fn outside(&self, days: Option<i64>) -> Option<String> {
        if !self.locked {
            return None;
        }
        let short = self.lock.least.is_some_and(|least| days.is_some_and(|days| days < least));
        let long = self.lock.most.is_some_and(|most| days.is_none_or(|days| days > most));
        (short || long).then(|| "The retention period is outside of the range that the vault lock allows".to_owned())
    }

    /// As ListBackupVaults answers it, of a vault with so many recovery points.
    pub fn answer(&self, points: usize) -> Value {
        Members::new()
            .set("BackupVaultName", &*self.name)
            .set("BackupVaultArn", self.arn.as_str())
            .set("VaultType", self.vault_type.as_str())
            .set("VaultState", "AVAILABLE")
            .time("CreationDate", self.created)
            .set("EncryptionKeyArn", self.key_arn.as_str())
            .set("NumberOfRecoveryPoints", points)
            .set("Locked", self.locked)
            .maybe("MinRetentionDays", self.lock.least)
            .maybe("MaxRetentionDays", self.lock.most)
            .time("LockDate", self.lock.from)
            .done()
    }
}

impl Backup {
    /// Puts a recovery point into the vault that its lineage names; without such a vault nothing happens.
    pub fn add(&mut self, point: Point) {
        self.add_all([point]);
    }

    /// As [`Backup::add`], and cheap for many.
    pub fn add_all(&mut self, points: impl IntoIterator<Item = Point>) {
        let vaults = &self.vaults;
        self.points.extend(points.into_iter().filter(|point| vaults.contains_key(&point.lineage.vault)));
    }

    /// The recovery point with this ARN, and its vault.
    pub fn find(&self, arn: &str) -> Option<(&Vault, &Point)> {
        let point = self.points.find(arn)?;
        Some((self.vaults.get(&point.lineage.vault)?, point))
    }

    /// The recovery points of a resource type, vault by vault.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Point> {
        self.vaults.keys().flat_map(move |vault| self.points.in_vault(vault, Some(kind), None)).map(|(_, point)| point)
    }

    /// Takes a recovery point out of its vault.
    pub fn remove(&mut self, arn: &str) {
        if self.points.remove(arn).is_some() {
            self.tags.remove(arn);
        }
    }

    /// A resource's points, newest first, with their vaults; those after `after`.
    pub fn of_resource(&self, resource: &str, after: Option<PointKey>) -> impl Iterator<Item = (PointKey, &Vault, &Point)> {
        let rows = self.points.of_resource(resource, after);
        rows.filter_map(|(key, point)| Some((key, self.vaults.get(&point.lineage.vault)?, point)))
    }
}
