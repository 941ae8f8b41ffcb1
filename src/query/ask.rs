//! Asks every site side by side, and gives each answer on as soon as it is there.

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use serde::Serialize;
use serde_json::Value;

use crate::cloud::{HealthFilter, Listing, SiteClients};
use crate::domain::{Problem, Region, SiteName};

/// More pages than AWS has: a script wants all of it.
const ALL: usize = usize::MAX;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// CloudWatch's alarms.
    Alarms,
    /// Health's events.
    Events,
    /// What the plan's vaults hold.
    RecoveryPoints,
    /// AWS Backup's restore jobs.
    Jobs,
}

impl What {
    /// The members that a table and CSV show, in order.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Alarms => &["site", "region", "state", "transitioned_at", "kind", "name", "reason"],
            Self::Events => &["site", "region", "status", "started_at", "service", "type_code", "category", "arn"],
            Self::RecoveryPoints => {
                &["site", "vault", "resource_type", "status", "data_at", "size_bytes", "expires_at", "resource_arn", "arn"]
            }
            Self::Jobs => &["site", "region", "status", "percent", "created_at", "completed_at", "id", "created_resource_arn"],
        }
    }
}

/// A question to one site.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// The site's clients.
    pub clients: &'a SiteClients,
    /// The vaults of the plan there.
    pub vaults: &'a [String],
    /// Which Health events.
    pub health: &'a HealthFilter,
    /// Jobs that were created before are left out.
    pub since: DateTime<Utc>,
}

type Answer = Result<Vec<Value>, Problem>;

/// Asks, and hands each answer to `take` in the order in which they arrive. What failed is given back: the other answers are not less
/// true for it.
///
/// # Errors
/// What `take` gives: then nothing more is read.
pub async fn ask<E>(what: What, asks: &[Ask<'_>], mut take: impl FnMut(Vec<Value>) -> Result<(), E>) -> Result<Vec<Problem>, E> {
    let mut questions: FuturesUnordered<BoxFuture<'_, Answer>> = FuturesUnordered::new();
    for ask in asks {
        let (name, region, clients) = (&ask.clients.name, &ask.clients.region, ask.clients);
        match what {
            What::Alarms => questions.push(Box::pin(async { rows(clients.cloudwatch.alarms(ALL).await, name, region) })),
            What::Events => questions.push(Box::pin(async { rows(clients.health.events(ask.health, ALL).await, name, region) })),
            What::Jobs => {
                questions.push(Box::pin(async { rows(clients.backup.restore_jobs(ask.since, None, ALL).await, name, region) }))
            }
            What::RecoveryPoints => {
                for vault in ask.vaults {
                    questions.push(Box::pin(async { rows(clients.backup.recovery_points(vault, ALL).await, name, region) }));
                }
            }
        }
    }
    let mut failed = Vec::new();
    while let Some(answer) = questions.next().await {
        match answer {
            Ok(rows) => take(rows)?,
            Err(problem) => failed.push(problem),
        }
    }
    Ok(failed)
}

/// Each row with its site, and with the Region that was asked where the row has none of its own.
fn rows<T: Serialize>(listing: Result<Listing<T>, Problem>, site: &SiteName, region: &Region) -> Answer {
    let row = |row: &T| {
        let mut value = serde_json::to_value(row).unwrap_or_default();
        if let Value::Object(members) = &mut value {
            members.insert("site".to_owned(), site.as_str().into());
            members.entry("region").or_insert_with(|| region.as_str().into());
        }
        value
    };
    Ok(listing?.rows.iter().map(row).collect())
}
