//! Health checks and what their checkers report.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::sim::members::{self, Members};

/// A health check.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthCheck {
    /// Its id.
    pub id: String,
    /// AWS's HealthCheckConfig.
    pub config: Value,
    /// The site of the shop whose state it sees; `None`: it sees `well`.
    pub watches: Option<String>,
    /// What the checkers find, unless they watch a site.
    pub well: bool,
    /// CallerReference; `None`: a scenario made it.
    pub reference: Option<String>,
    /// HealthCheckVersion.
    pub version: i64,
}

/// The Regions that check, with an address of a checker in each.
const CHECKERS: [(&str, &str); 8] = [
    ("us-east-1", "15.177.2.4"),
    ("us-west-1", "15.177.10.4"),
    ("us-west-2", "15.177.14.4"),
    ("eu-west-1", "15.177.18.4"),
    ("ap-southeast-1", "15.177.22.4"),
    ("ap-southeast-2", "15.177.26.4"),
    ("ap-northeast-1", "15.177.30.4"),
    ("sa-east-1", "15.177.34.4"),
];

impl HealthCheck {
    /// AWS's HealthCheck.
    pub fn answer(&self) -> Value {
        let reference = self.reference.clone().unwrap_or_else(|| format!("simulated-{}", self.id));
        json!({
            "Id": self.id, "CallerReference": reference, "HealthCheckConfig": self.config, "HealthCheckVersion": self.version,
        })
    }

    /// How Route 53 counts it, given what its checkers find: a disabled check is healthy, an inverted one the other way round.
    pub fn counts_healthy(&self, found_well: bool) -> bool {
        let well = found_well || members::flag(&self.config, "Disabled") == Some(true);
        well != (members::flag(&self.config, "Inverted") == Some(true))
    }

    /// AWS's HealthCheckObservations, given what the checkers find.
    pub fn observations(&self, found_well: bool, now: DateTime<Utc>) -> Value {
        let tcp = members::text(&self.config, "Type") == Some("TCP");
        let status = match (found_well, tcp) {
            (true, true) => "Success: TCP connection established",
            (true, false) => "Success: HTTP Status Code 200, OK",
            (false, true) => "Failure: Connection timed out.",
            (false, false) => "Failure: HTTP Status Code 503, Service Unavailable. Resolved IP:",
        };
        let interval = members::integer(&self.config, "RequestInterval").unwrap_or(30).max(1);
        let checked = now.timestamp().div_euclid(interval) * interval;
        let checked = DateTime::from_timestamp(checked, 0).unwrap_or(now);
        let observations = CHECKERS.iter().map(|(region, address)| {
            let address_checked = members::text(&self.config, "IPAddress").unwrap_or_default();
            let status = if status.ends_with(':') { format!("{status} {address_checked}") } else { status.to_owned() };
            let report = Members::new().set("Status", status.trim_end()).time("CheckedTime", checked).done();
            json!({"Region": region, "IPAddress": address, "StatusReport": report})
        });
        Value::Array(observations.collect())
    }
}
