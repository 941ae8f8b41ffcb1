//! Asks every site side by side, and gives each page on as soon as it is there.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::cloud::{HealthFilter, Listing, SiteClients, Sites};
use crate::domain::{Alarm, HealthEvent, Problem, ProblemKind, RecoveryPoint, Region, SiteName};

/// More pages than AWS has: a script wants all of it.
const ALL: usize = usize::MAX;
/// A page as it is handed on.
#[derive(Debug, Clone, PartialEq)]
pub enum Page {
    /// Rows that are still to be chosen from, or to be put into columns.
    Rows(Vec<Value>),
    /// Rows as they are written: a JSON object a line.
    Lines(Vec<u8>),
}

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

/// Which of Health's events are wanted.
#[derive(Clone)]
pub struct Wanted(Arc<dyn Fn(&HealthEvent) -> bool + Send + Sync>);

impl Wanted {
    /// Those for which `is` says yes.
    pub fn new(is: impl Fn(&HealthEvent) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(is))
    }
}

impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wanted")
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
    /// What of Health's events is wanted that AWS cannot be asked for, such as a pattern.
    pub wanted: Wanted,
    /// Every row is wanted as a line of JSON: each site's task writes its own, and no tree of values is built.
    pub lines: bool,
}

/// Asks, and hands each page to `take` in the order in which they arrive. What failed is given back: the other answers are not less
/// true for it. Each site and vault is asked in a task of its own, and at most a few pages are held at a time.
///
/// # Errors
/// What `take` gives: then nothing more is read.
pub async fn ask<E>(what: What, asks: Vec<Ask>, mut take: impl FnMut(Page) -> Result<(), E>) -> Result<Vec<Problem>, E> {
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

async fn one(what: What, ask: &Ask, vault: &str, out: mpsc::Sender<Page>) -> Result<(), Problem> {
    let missing = || Problem::new(ProblemKind::Missing, "connect", format!("there is no connection to {}", ask.site));
    let clients = ask.sites.site(&ask.site).ok_or_else(missing)?;
    match what {
        What::Alarms => {
            let (sink, pages) = mpsc::channel(WAITING);
            let read = async move { clients.cloudwatch.each_alarm(ask.state.as_deref(), ALL, &sink).await.map(drop) };
            tokio::join!(read, hand_on(pages, clients, ask.lines, &out)).0
        }
        What::RecoveryPoints => {
            let (sink, pages) = mpsc::channel(WAITING);
            let read = async move { clients.backup.each_recovery_point(vault, ALL, &sink).await.map(drop) };
            tokio::join!(read, hand_on(pages, clients, ask.lines, &out)).0
        }
        What::Events => {
            let mut listing = clients.health.events(&ask.health, ALL).await;
            listing.iter_mut().for_each(|found| found.rows.retain(|event| (ask.wanted.0)(event)));
            whole(listing, clients, &out).await
        }
        What::Jobs => whole(clients.backup.restore_jobs(ask.since, None, ALL).await, clients, &out).await,
    }
}

async fn hand_on<T: Row>(mut pages: mpsc::Receiver<Vec<T>>, clients: &SiteClients, as_lines: bool, out: &mpsc::Sender<Page>) {
    while let Some(page) = pages.recv().await {
        let page =
            if as_lines { Page::Lines(lines(&page, &clients.region)) } else { rows(&page, &clients.name, &clients.region) };
        if out.send(page).await.is_err() {
            return;
        }
    }
}

/// What comes in long lists: it serialises as an object that has its site, and no Region of its own.
trait Row: Serialize {}

impl Row for Alarm {}
impl Row for RecoveryPoint {}

/// The same as [`rows`] gives, written.
fn lines<T: Row>(page: &[T], region: &Region) -> Vec<u8> {
    let region = format!(",\"region\":{}}}\n", Value::from(region.as_str()));
    let mut out = Vec::with_capacity(page.len() * 1024);
    for row in page {
        let start = out.len();
        // Writing to memory does not fail, and a row that cannot be JSON is none.
        match serde_json::to_writer(&mut out, row) {
            Ok(()) if out.last() == Some(&b'}') => {
                out.pop();
                out.extend_from_slice(region.as_bytes());
            }
            _ => out.truncate(start),
        }
    }
    out
}

async fn whole<T: Serialize>(
    listing: Result<Listing<T>, Problem>,
    clients: &SiteClients,
    out: &mpsc::Sender<Page>,
) -> Result<(), Problem> {
    // A reader that has left wants no rows.
    let _ = out.send(rows(&listing?.rows, &clients.name, &clients.region)).await;
    Ok(())
}

/// Each row with its site, and with the Region that was asked where the row has none of its own.
fn rows<T: Serialize>(page: &[T], site: &SiteName, region: &Region) -> Page {
    let row = |row: &T| {
        let mut value = serde_json::to_value(row).unwrap_or_default();
        if let Value::Object(members) = &mut value {
            members.insert("site".to_owned(), site.as_str().into());
            members.entry("region").or_insert_with(|| region.as_str().into());
        }
        value
    };
    Page::Rows(page.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_rows_written() {
        let alarm: Alarm = serde_json::from_value(serde_json::json!({
            "site": "primary", "name": "a \"b\" }", "arn": "arn", "kind": "metric", "state": "BEWILDERED", "evaluation": null,
            "transitioned_at": null, "updated_at": null, "reason": "why\u{1b}", "reason_data": null, "rule": null,
            "suppressed_by": null, "metric": null
        }))
        .unwrap();
        let (site, region) = (SiteName::primary(), Region::new("eu-west-1"));
        let page = [alarm.clone(), alarm];
        let Page::Rows(rows) = rows(&page, &site, &region) else { unreachable!() };
        let written: String = rows.iter().map(|row| format!("{row}\n")).collect();
        assert_eq!(String::from_utf8(lines(&page, &region)).unwrap(), written);
    }
}
