//! The long lists, read page by page and told piece by piece: only what changed since it was last told. A list of very many rows then
//! costs the console what its changes cost, and holds up no frame.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::Hasher;

use serde::Serialize;
use tokio::sync::mpsc;

use crate::cloud::SiteClients;
use crate::domain::{Alarm, Problem, RecoveryPoint, SiteName};
use crate::store::{Changes, Completeness, ListEnd, Row, Update, key_hash};

use super::Common;

/// How many pages of a list are read at most: 200,000 alarms at 100 a page, 2,000,000 recovery points at 1,000.
const PAGES: usize = 2_000;
/// Pages that may wait to be compared.
const WAITING: usize = 2;

/// What was told of a list, as hashes of its keys and rows.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The lowest bit of a row's hash says in which pass it was seen.
    rows: HashMap<u64, u64>,
    pass: u64,
    /// A whole pass has been told.
    once: bool,
    /// Rows read in this pass.
    read: usize,
}

impl Told {
    /// The rows that are not as they were told.
    fn changed<T: Row + Serialize>(&mut self, page: Vec<T>) -> Vec<T> {
        self.read += page.len();
        let pass = self.pass;
        let is_news = |row: &T| {
            let hash = hash_of(row) & !1;
            let last = self.rows.insert(key_hash([row.key()]), hash | pass);
            last.is_none_or(|last| last & !1 != hash)
        };
        page.into_iter().filter(is_news).collect()
    }

    /// The pass was read to its end: what was not seen in it is gone, unless AWS had more than was read.
    fn end(&mut self, complete: bool) -> (Vec<u64>, Option<HashSet<u64>>) {
        let pass = self.pass;
        let gone: Vec<u64> = self.rows.iter().filter(|(_, hash)| complete && **hash & 1 != pass).map(|(key, _)| *key).collect();
        for key in &gone {
            self.rows.remove(key);
        }
        let only = (!self.once && complete).then(|| self.rows.keys().copied().collect());
        self.once |= complete;
        self.pass ^= 1;
        self.read = 0;
        (gone, only)
    }

    /// What the console knows of this row came another way since: it is told again.
    fn forget(&mut self, key: &str) {
        self.rows.remove(&key_hash([key]));
    }
}

fn hash_of(row: &impl Serialize) -> u64 {
    struct Hashed(DefaultHasher);
    impl std::io::Write for Hashed {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.write(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut hashed = Hashed(DefaultHasher::new());
    // Writing to a hasher does not fail.
    let _ = serde_json::to_writer(&mut hashed, row);
    hashed.0.finish()
}

/// Reads the alarms of a site and tells what changed; `false` if that failed.
pub(super) async fn alarms(common: &Common, site: &SiteName, seq: u64, told: &mut Told) -> bool {
    let began = common.clock.now();
    common.pushed_at(site).iter().for_each(|name| told.forget(name));
    let (sink, mut pages) = mpsc::channel::<Vec<Alarm>>(WAITING);
    let read = async {
        // The sink goes with the reading: then the comparing ends.
        let sink = sink;
        match common.site(site) {
            Ok(clients) => clients.cloudwatch.each_alarm(None, PAGES, &sink).await,
            Err(problem) => Err(problem),
        }
    };
    let piece = |changes| Update::AlarmRows { site: site.clone(), seq, at: common.clock.now(), changes };
    let compare = async {
        while let Some(page) = pages.recv().await {
            let changed = told.changed(page);
            if !changed.is_empty() {
                common.tell(piece(Changes { changed, gone: Vec::new(), end: None })).await;
            }
        }
    };
    match tokio::join!(read, compare).0 {
        Ok(complete) => {
            let read = told.read;
            let (gone, only) = told.end(complete);
            let completeness =
                if complete { Completeness::Whole } else { Completeness::Partial(format!("first {read} alarms of more")) };
            let end = Some(ListEnd { completeness, took: common.clock.now() - began, only });
            common.tell(piece(Changes { changed: Vec::new(), gone, end })).await;
            true
        }
        Err(problem) => {
            let at = common.clock.now();
            common.tell(Update::Alarms { site: site.clone(), seq, at, answer: Err(problem) }).await;
            false
        }
    }
}

/// Reads what the plan's vaults of a site hold, and tells what changed; `false` if nothing could be read.
pub(super) async fn points(common: &Common, site: &SiteName, seq: u64, told: &mut Told) -> bool {
    let failed = |problem| Update::RecoveryPoints { site: site.clone(), seq, at: common.clock.now(), answer: Err(problem) };
    let read = match common.site(site) {
        Ok(clients) => vaults(common, clients, site, seq, told).await,
        Err(problem) => Err(problem),
    };
    let update = match read {
        Ok(last) => last,
        Err(problem) => failed(problem),
    };
    let well = !update.failed();
    common.tell(update).await;
    well
}

async fn vaults(common: &Common, clients: &SiteClients, site: &SiteName, seq: u64, told: &mut Told) -> Result<Update, Problem> {
    let began = common.clock.now();
    let vaults = common.plan.site(site).map(|site| site.vaults.clone()).unwrap_or_default();
    let (mut partial, mut problems) = (Vec::new(), Vec::new());
    for vault in &vaults {
        let before = told.read;
        match one_vault(common, clients, site, vault, seq, told).await {
            Ok(true) => {}
            Ok(false) => partial.push(format!("first {} of more in {vault}", told.read - before)),
            Err(problem) => problems.push((vault, problem)),
        }
    }
    let answered = vaults.len() - problems.len();
    if let Some((vault, problem)) = problems.pop() {
        if answered == 0 {
            return Err(problem);
        }
        partial.push(format!("{answered} of {} vaults answered; {vault}: {problem}", vaults.len()));
    }
    let protected = clients.backup.protected_resources(super::PAGES).await?;
    if !protected.complete {
        partial.push(format!("first {} protected resources of more", protected.rows.len()));
    }
    // What a vault that did not answer holds is not gone.
    let (gone, only) = told.end(partial.is_empty());
    let completeness = if partial.is_empty() { Completeness::Whole } else { Completeness::Partial(partial.join("; ")) };
    let end = Some(ListEnd { completeness, took: common.clock.now() - began, only });
    let changes = Changes { changed: Vec::new(), gone, end };
    Ok(Update::PointRows { site: site.clone(), seq, at: common.clock.now(), changes, protected: Some(protected.rows) })
}

async fn one_vault(
    common: &Common,
    clients: &SiteClients,
    site: &SiteName,
    vault: &str,
    seq: u64,
    told: &mut Told,
) -> Result<bool, Problem> {
    let (sink, mut pages) = mpsc::channel::<Vec<RecoveryPoint>>(WAITING);
    let read = async {
        let sink = sink;
        clients.backup.each_recovery_point(vault, PAGES, &sink).await
    };
    let compare = async {
        while let Some(page) = pages.recv().await {
            let changed = told.changed(page);
            if !changed.is_empty() {
                let changes = Changes { changed, gone: Vec::new(), end: None };
                let at = common.clock.now();
                common.tell(Update::PointRows { site: site.clone(), seq, at, changes, protected: None }).await;
            }
        }
    };
    tokio::join!(read, compare).0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(name: &str, state: &str) -> Alarm {
        serde_json::from_value(serde_json::json!({
            "site": "primary", "name": name, "arn": name, "kind": "metric", "state": state, "evaluation": null,
            "transitioned_at": null, "updated_at": null, "reason": "", "reason_data": null, "rule": null, "suppressed_by": null,
            "metric": null
        }))
        .unwrap()
    }

    fn names(alarms: Vec<Alarm>) -> Vec<String> {
        alarms.into_iter().map(|alarm| alarm.name).collect()
    }

    #[test]
    fn only_what_changed_is_told_and_what_is_not_seen_again_is_gone() {
        let mut told = Told::default();
        assert_eq!(names(told.changed(vec![alarm("a", "OK"), alarm("b", "OK")])), ["a", "b"]);
        let (gone, only) = told.end(true);
        assert!(gone.is_empty() && only.unwrap().len() == 2, "the first pass says what there is");
        assert_eq!(names(told.changed(vec![alarm("a", "OK"), alarm("c", "OK")])), ["c"]);
        assert_eq!(told.end(true), (vec![key_hash(["b"])], None));
        assert_eq!(names(told.changed(vec![alarm("a", "ALARM"), alarm("c", "OK")])), ["a"]);
        assert!(told.end(true).0.is_empty());
    }

    #[test]
    fn a_pass_that_broke_off_or_was_cut_makes_nothing_gone() {
        let mut told = Told::default();
        told.changed(vec![alarm("a", "OK"), alarm("b", "OK")]);
        told.end(true);
        // Broken off after the first page, then begun anew.
        told.changed(vec![alarm("a", "OK")]);
        assert!(told.changed(vec![alarm("a", "OK"), alarm("b", "OK")]).is_empty());
        assert!(told.end(true).0.is_empty());
        told.changed(vec![alarm("a", "OK")]);
        assert!(told.end(false).0.is_empty(), "AWS had more");
    }

    #[test]
    fn what_was_pushed_since_is_told_again() {
        let mut told = Told::default();
        told.changed(vec![alarm("a", "OK")]);
        told.end(true);
        told.forget("a");
        assert_eq!(names(told.changed(vec![alarm("a", "OK")])), ["a"]);
    }
}
