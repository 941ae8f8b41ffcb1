//! Asks every site side by side, and gives each page on as soon as it is there.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::cloud::{HealthFilter, Listing, SiteClients, Sites};
use crate::domain::{Problem, ProblemKind, Region, SiteName};

/// More pages than AWS has: a script wants all of it.
const ALL: usize = usize::MAX;
/// How many pages may wait to be written. A reader that is slow holds the asking back.
const WAITING: usize = 2;

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
pub struct Ask {
    /// The sites.
    pub sites: Arc<Sites>,
    /// Which of them.
    pub site: SiteName,
    /// The vaults of the plan there.
    pub vaults: Vec<String>,
    /// Which Health events.
    pub health: HealthFilter,
    /// Jobs that were created before are left out.
    pub since: DateTime<Utc>,
    /// Only alarms in this state, as AWS writes it: then no others are read.
    pub state: Option<String>,
}

/// Asks, and hands each page to `take` in the order in which they arrive. What failed is given back: the other answers are not less
/// true for it. Each site and vault is asked in a task of its own, and at most a few pages are held at a time.
///
/// # Errors
/// What `take` gives: then nothing more is read.
pub async fn ask<E>(what: What, asks: Vec<Ask>, mut take: impl FnMut(Vec<Value>) -> Result<(), E>) -> Result<Vec<Problem>, E> {
    let (pages, mut arriving) = mpsc::channel(WAITING);
    let mut questions = JoinSet::new();
    for ask in asks {
        let vaults = if what == What::RecoveryPoints { ask.vaults.clone() } else { vec![String::new()] };
        for vault in vaults {
            let (ask, pages) = (ask.clone(), pages.clone());
            questions.spawn(async move { one(what, &ask, &vault, pages).await });
        }
    }
    drop(pages);
    while let Some(page) = arriving.recv().await {
        take(page)?;
    }
    let mut failed = Vec::new();
    while let Some(ended) = questions.join_next().await {
        match ended {
            Ok(answer) => failed.extend(answer.err()),
            Err(fault) => failed.push(Problem::new(ProblemKind::Unknown, "list", fault.to_string())),
        }
    }
    Ok(failed)
}

async fn one(what: What, ask: &Ask, vault: &str, out: mpsc::Sender<Vec<Value>>) -> Result<(), Problem> {
    let missing = || Problem::new(ProblemKind::Missing, "connect", format!("there is no connection to {}", ask.site));
    let clients = ask.sites.site(&ask.site).ok_or_else(missing)?;
    match what {
        What::Alarms => {
            let (sink, pages) = mpsc::channel(WAITING);
            let read = async move { clients.cloudwatch.each_alarm(ask.state.as_deref(), &sink).await };
            tokio::join!(read, hand_on(pages, clients, &out)).0
        }
        What::RecoveryPoints => {
            let (sink, pages) = mpsc::channel(WAITING);
            let read = async move { clients.backup.each_recovery_point(vault, &sink).await };
            tokio::join!(read, hand_on(pages, clients, &out)).0
        }
        What::Events => whole(clients.health.events(&ask.health, ALL).await, clients, &out).await,
        What::Jobs => whole(clients.backup.restore_jobs(ask.since, None, ALL).await, clients, &out).await,
    }
}

async fn hand_on<T: Serialize>(mut pages: mpsc::Receiver<Vec<T>>, clients: &SiteClients, out: &mpsc::Sender<Vec<Value>>) {
    while let Some(page) = pages.recv().await {
        if out.send(rows(&page, &clients.name, &clients.region)).await.is_err() {
            return;
        }
    }
}

async fn whole<T: Serialize>(
    listing: Result<Listing<T>, Problem>,
    clients: &SiteClients,
    out: &mpsc::Sender<Vec<Value>>,
) -> Result<(), Problem> {
    // A reader that has left wants no rows.
    let _ = out.send(rows(&listing?.rows, &clients.name, &clients.region)).await;
    Ok(())
}

/// Each row with its site, and with the Region that was asked where the row has none of its own.
fn rows<T: Serialize>(page: &[T], site: &SiteName, region: &Region) -> Vec<Value> {
    let row = |row: &T| {
        let mut value = serde_json::to_value(row).unwrap_or_default();
        if let Value::Object(members) = &mut value {
            members.insert("site".to_owned(), site.as_str().into());
            members.entry("region").or_insert_with(|| region.as_str().into());
        }
        value
    };
    page.iter().map(row).collect()
}
