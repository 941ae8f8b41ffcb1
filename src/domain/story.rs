//! What else is known about one alarm, and about a site's backups: asked for when somebody looks, or beside the lists.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{MetricPoint, RestoreJob};

/// One entry of an alarm's history, which CloudWatch keeps for 30 days, even beyond the alarm itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AlarmHistoryItem {
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// `StateUpdate`, `Action`, `ConfigurationUpdate`, … as it came.
    pub kind: String,
    /// CloudWatch's sentence.
    pub summary: String,
    /// CloudWatch's JSON behind it.
    pub data: Option<String>,
}

/// The metric of an alarm over a time, oldest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MetricGraph {
    /// The metric, or what the expression gives.
    pub points: Vec<MetricPoint>,
    /// The lower edge of the anomaly detection band; empty without one.
    pub low: Vec<MetricPoint>,
    /// Its upper edge.
    pub high: Vec<MetricPoint>,
}

/// What was asked about an alarm that somebody looks at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlarmStory {
    /// The band of an anomaly detection alarm: lower and upper edge.
    pub band: Option<(Vec<MetricPoint>, Vec<MetricPoint>)>,
    /// Newest first; a sentence if it cannot be had.
    pub history: Option<Result<Vec<AlarmHistoryItem>, String>>,
    /// The mute rules that hold its actions back now. Its state is what it is all the same.
    pub muted_by: Vec<String>,
}

/// A backup vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vault {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// `BACKUP_VAULT`, `LOGICALLY_AIR_GAPPED_BACKUP_VAULT`, … as it came.
    pub vault_type: Option<String>,
    /// The key that it encrypts with.
    pub key_arn: Option<String>,
    /// Is it locked against deletion?
    pub locked: bool,
    /// How many recovery points AWS counts in it.
    pub recovery_points: i64,
}

/// A copy of a recovery point on its way to another vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyJob {
    /// Its id.
    pub id: String,
    /// `CREATED`, `RUNNING`, `COMPLETED`, `FAILED`, `PARTIAL`, or as it came.
    pub state: String,
    /// AWS's sentence about the state.
    pub message: Option<String>,
    /// The resource that was backed up.
    pub resource_arn: String,
    /// The vault that it goes to.
    pub to_vault_arn: String,
    /// When it began.
    pub created_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
}

impl CopyJob {
    /// Has it not ended yet?
    pub fn is_under_way(&self) -> bool {
        matches!(self.state.as_str(), "CREATED" | "RUNNING")
    }
}

/// What a site's AWS Backup does beside keeping recovery points.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Backups {
    /// The vaults of account and Region.
    pub vaults: Vec<Vault>,
    /// The copies of the last day that began here.
    pub copies: Vec<CopyJob>,
    /// The restores of the last month.
    pub restores: Vec<RestoreJob>,
}
