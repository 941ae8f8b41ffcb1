//! The feeds: one poller a source, each with its cadence and its back-off, telling the store what AWS answers.
//!
//! Only reads. A source that fails or hangs makes its own pane stale and holds up nothing else. Knows no screen, no journal and
//! no engine.

mod lists;
mod push;
mod story;
mod template;

pub use template::template;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::cloud::{HealthFilter, Listing, Recorder, SiteClients, Sites};
use crate::domain::{Problem, ProblemKind, Region, SiteName};
use crate::plan::{Action, Plan};
use crate::store::{Completeness, Update};

/// How many pages of a shorter list a poll reads at most; see `lists` for the long ones.
const PAGES: usize = 100;
/// Health events that were last updated longer ago than this are not asked for.
const HEALTH_WINDOW: TimeDelta = TimeDelta::days(7);
/// The longest pause between two polls of a failing source, in seconds of the console's clock.
const LONGEST_PAUSE_SECS: u64 = 120;
/// The shortest pause in real time, however fast the exercise's clock runs: no more than four questions a second and source.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);

/// The pollers of a console.
pub struct Feeds {
    refresh: watch::Sender<u64>,
    tasks: TaskTracker,
    common: Arc<Common>,
}

struct Common {
    sites: Arc<Sites>,
    plan: Arc<Plan>,
    clock: Clock,
    updates: mpsc::Sender<Update>,
    stop: CancellationToken,
    /// Names of alarms that were pushed since they were last polled, by the site whose poller has to know.
    pushed: Mutex<BTreeMap<SiteName, Vec<String>>>,
}

/// What a poller asks for.
#[derive(Debug, Clone)]
enum Question {
    Identity(SiteName),
    Health(SiteName),
    Backups(SiteName),
}

/// A list that may be long.
#[derive(Debug, Clone, Copy)]
enum Long {
    Alarms,
    Points,
}

impl Feeds {
    /// Starts a poller for each source of the plan.
    pub fn start(
        sites: Arc<Sites>,
        plan: Arc<Plan>,
        clock: Clock,
        recorder: &Recorder,
        updates: mpsc::Sender<Update>,
        stop: CancellationToken,
    ) -> Self {
        let feeds = Self {
            refresh: watch::Sender::new(0),
            tasks: TaskTracker::new(),
            common: Arc::new(Common { sites, plan, clock, updates, stop, pushed: Mutex::default() }),
        };
        for site in feeds.common.plan.sites.keys() {
            feeds.poll(Question::Identity(site.clone()), 60);
            feeds.poll_list(Long::Alarms, site.clone(), 15);
            feeds.poll_list(Long::Points, site.clone(), 60);
            feeds.poll(Question::Backups(site.clone()), 120);
            feeds.tasks.spawn(push::listen(feeds.common.clone(), site.clone()));
        }
        // Health belongs to an account: the primary's account is the one whose workload suffers.
        feeds.poll(Question::Health(SiteName::primary()), 30);
        feeds.watch_clock_offset(recorder);
        feeds.learn_last_restores();
        feeds
    }

    /// Asks every source now instead of at its next turn.
    pub fn refresh(&self) {
        self.refresh.send_modify(|turn| *turn += 1);
    }

    /// Asks once for what is worth knowing about an alarm that somebody looks at: its metric over the last `window` or as much more
    /// as its evaluation looks at, its history of a day, the rules that mute it. `seq` numbers the questions.
    pub fn look_at(&self, site: SiteName, alarm: crate::domain::Alarm, window: TimeDelta, seq: u64) {
        let common = self.common.clone();
        self.tasks.spawn(async move { common.within(story::tell(&common, site, alarm, window, seq)).await });
    }

    /// Waits until every poller has left, once the stop signal was given.
    pub async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn poll(&self, question: Question, cadence_secs: u64) {
        let common = self.common.clone();
        let mut refresh = self.refresh.subscribe();
        self.tasks.spawn(async move {
            let mut failures = 0;
            for seq in 1.. {
                refresh.mark_unchanged();
                let Some(update) = common.within(common.ask(&question, seq)).await else { return };
                failures = if update.failed() { failures + 1 } else { 0 };
                common.tell(update).await;
                let pause = pause(cadence_secs, failures);
                tokio::select! {
                    biased;
                    () = common.stop.cancelled() => return,
                    turned = refresh.changed() => if turned.is_err() { return },
                    _ = async { tokio::join!(common.clock.sleep(pause), tokio::time::sleep(SHORTEST_PAUSE)) } => {}
                }
            }
        });
    }

    fn poll_list(&self, list: Long, site: SiteName, cadence_secs: u64) {
        let common = self.common.clone();
        let mut refresh = self.refresh.subscribe();
        self.tasks.spawn(async move {
            let (mut failures, mut told) = (0, lists::Told::default());
            for seq in 1.. {
                refresh.mark_unchanged();
                let read = async {
                    match list {
                        Long::Alarms => lists::alarms(&common, &site, seq, &mut told).await,
                        Long::Points => lists::points(&common, &site, seq, &mut told).await,
                    }
                };
                let Some(well) = common.within(read).await else { return };
                failures = if well { 0 } else { failures + 1 };
                let pause = pause(cadence_secs, failures);
                tokio::select! {
                    biased;
                    () = common.stop.cancelled() => return,
                    turned = refresh.changed() => if turned.is_err() { return },
                    _ = async { tokio::join!(common.clock.sleep(pause), tokio::time::sleep(SHORTEST_PAUSE)) } => {}
                }
            }
        });
    }

    /// Asks once for each resource that a step restores how long that took the last time; what does not answer is asked again later.
    fn learn_last_restores(&self) {
        let common = self.common.clone();
        self.tasks.spawn(async move {
            let mut open: Vec<(SiteName, String)> = Vec::new();
            for step in &common.plan.steps {
                if let Action::BackupRestore { resource, .. } = &step.action {
                    open.push((step.site.clone(), resource.clone()));
                }
            }
            while !open.is_empty() {
                let Some(left) = common.within(common.last_restores(open)).await else { return };
                open = left;
                let pause = common.clock.sleep(Duration::from_secs(LONGEST_PAUSE_SECS));
                if common.within(async { tokio::join!(pause, tokio::time::sleep(SHORTEST_PAUSE)) }).await.is_none() {
                    return;
                }
            }
        });
    }

    fn watch_clock_offset(&self, recorder: &Recorder) {
        let common = self.common.clone();
        let mut offset = recorder.offset();
        self.tasks.spawn(async move {
            while let Some(Ok(())) = common.within(offset.changed()).await {
                let Some(measured) = *offset.borrow_and_update() else { continue };
                let delta = |secs: f64| TimeDelta::milliseconds((secs * 1000.0).round() as i64);
                let (offset, uncertainty) = (delta(measured.secs), delta(measured.uncertainty_secs));
                common.tell(Update::ClockOffset { offset, uncertainty }).await;
            }
        });
    }
}

/// Twice as long after each failure, and never longer than the longest.
fn pause(cadence_secs: u64, failures: u32) -> Duration {
    let secs = cadence_secs.saturating_mul(1 << failures.min(6)).min(LONGEST_PAUSE_SECS.max(cadence_secs));
    Duration::from_secs(secs)
}

impl Common {
    /// The future's result, or nothing once the console stops.
    async fn within<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            result = future => Some(result),
        }
    }

    async fn tell(&self, update: Update) {
        // A console that has left hears nothing more.
        let _ = self.updates.send(update).await;
    }

    async fn ask(&self, question: &Question, seq: u64) -> Update {
        match question {
            Question::Identity(site) => {
                let answer = match self.site(site) {
                    Ok(clients) => clients.sts.identity().await.map(|identity| (identity, Completeness::Whole)),
                    Err(problem) => Err(problem),
                };
                Update::Identity { site: site.clone(), seq, at: self.clock.now(), answer }
            }
            Question::Health(site) => {
                let filter = self.health_filter();
                let answer = match self.site(site) {
                    Ok(clients) => clients.health.events(&filter, PAGES).await.map(|mut listing| {
                        listing.rows.retain(|event| self.plan.health.matches(event));
                        whole(listing, "events")
                    }),
                    Err(problem) => Err(problem),
                };
                Update::Health { seq, at: self.clock.now(), answer }
            }
            Question::Backups(site) => {
                let answer = match self.site(site) {
                    Ok(clients) => story::backups(clients, self.clock.now()).await,
                    Err(problem) => Err(problem),
                };
                Update::Backups { site: site.clone(), seq, at: self.clock.now(), answer }
            }
        }
    }

    /// Tells of the resources whose last restore is known; those that could not be asked about are given back.
    async fn last_restores(&self, wanted: Vec<(SiteName, String)>) -> Vec<(SiteName, String)> {
        let mut left = Vec::new();
        for (site, resource) in wanted {
            let (Ok(clients), Some(of)) = (self.site(&site), self.plan.resources.get(&resource)) else { continue };
            match clients.backup.last_restore(&of.arn).await {
                Ok(Some(took)) => self.tell(Update::LastRestore { resource, took }).await,
                Ok(None) => {}
                Err(problem) if matches!(problem.kind, ProblemKind::Denied | ProblemKind::Unavailable) => {}
                Err(_) => left.push((site, resource)),
            }
        }
        left
    }

    fn site(&self, name: &SiteName) -> Result<&SiteClients, Problem> {
        let missing = || Problem::new(ProblemKind::Missing, "connect", format!("there is no connection to {name}"));
        self.sites.site(name).ok_or_else(missing)
    }

    fn health_filter(&self) -> HealthFilter {
        let plan = &self.plan.health;
        HealthFilter {
            services: plan.services.clone(),
            regions: plan.regions.iter().map(Region::to_string).collect(),
            type_codes: plan.type_codes.clone(),
            categories: plan.categories.clone(),
            organization: plan.organization,
            updated_since: Some(self.clock.now() - HEALTH_WINDOW),
        }
    }

    /// The alarms that were pushed since this was last asked for a site.
    fn pushed_at(&self, site: &SiteName) -> Vec<String> {
        let mut pushed = self.pushed.lock().unwrap_or_else(PoisonError::into_inner);
        pushed.remove(site).unwrap_or_default()
    }

    /// An alarm was pushed: whichever site it is of, its next poll is told even if it is as the last one was.
    fn note_pushed(&self, name: &str) {
        let mut pushed = self.pushed.lock().unwrap_or_else(PoisonError::into_inner);
        for site in self.plan.sites.keys() {
            pushed.entry(site.clone()).or_default().push(name.to_owned());
        }
    }
}

fn whole<T>(listing: Listing<T>, what: &str) -> (Vec<T>, Completeness) {
    let completeness = if listing.complete {
        Completeness::Whole
    } else {
        Completeness::Partial(format!("first {} {what} of more", listing.rows.len()))
    };
    (listing.rows, completeness)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_source_is_asked_less_often_but_never_given_up() {
        let secs: Vec<u64> = (0..8).map(|failures| pause(15, failures).as_secs()).collect();
        assert_eq!(secs, [15, 30, 60, 120, 120, 120, 120, 120]);
        assert_eq!(pause(300, 3).as_secs(), 300);
    }

    #[test]
    fn a_list_that_goes_on_says_so() {
        let listing = Listing { rows: vec![1, 2, 3], complete: false };
        assert_eq!(whole(listing, "alarms"), (vec![1, 2, 3], Completeness::Partial("first 3 alarms of more".into())));
    }
}
