//! Parameters of Route 53's calls.

use serde::{Deserialize, Serialize};

/// The parameters of Route 53 ChangeResourceRecordSets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecordChange {
    /// Without the `/hostedzone/` prefix.
    pub hosted_zone_id: String,
    /// All or nothing.
    pub change_batch: ChangeBatch,
}

/// The changes of one batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChangeBatch {
    /// Seen in the change's record.
    pub comment: String,
    /// `UPSERT` with the record as it is to be: the form that can be repeated.
    pub changes: Vec<RecordSetChange>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecordSetChange {
    /// `UPSERT`, `CREATE`, `DELETE`.
    pub action: String,
    /// The record.
    pub resource_record_set: RecordSet,
}

/// A Route 53 record set, with the members that lifeboat reads and writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecordSet {
    /// With the final dot, as Route 53 answers it.
    pub name: String,
    /// `A`, `CNAME`, …
    #[serde(rename = "Type")]
    pub kind: String,
    /// Tells records of one name and type apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_identifier: Option<String>,
    /// 0 to 255.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<i64>,
    /// `PRIMARY` or `SECONDARY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failover: Option<String>,
    /// For latency records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// In seconds; absent for aliases.
    #[serde(rename = "TTL", default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
    /// The values; empty for aliases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_records: Vec<RecordValue>,
    /// The target of an alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias_target: Option<AliasTarget>,
    /// The health check that decides whether it is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_check_id: Option<String>,
    /// Members that the record has and lifeboat does not carry, such as `GeoLocation`: an UPSERT would lose them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_carried: Vec<String>,
}

/// One value of a record set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecordValue {
    /// As in a zone file.
    pub value: String,
}

/// The target of an alias record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AliasTarget {
    /// The zone of the target.
    pub hosted_zone_id: String,
    /// The target's name.
    #[serde(rename = "DNSName")]
    pub dns_name: String,
    /// Follow the target's health.
    pub evaluate_target_health: bool,
}

/// The parameters of Route 53 UpdateHealthCheck, as far as an inversion needs them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HealthCheckInversion {
    /// Which.
    pub health_check_id: String,
    /// The version that was looked at: AWS refuses the change if there is a newer one.
    pub health_check_version: i64,
    /// Is what the checkers find turned around?
    pub inverted: bool,
}
