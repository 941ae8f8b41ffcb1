//! Keeps on disk what was last seen of a plan's sites, so that a console that is started while AWS is silent is not blind.
//!
//! Only of real incidents: an exercise's world ends with it. A file that cannot be read or written is said in the log; recovery
//! needs none.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::task::TaskTracker;

use crate::store::{Kept, State};

/// How often it is written while things change.
const EVERY: TimeDelta = TimeDelta::seconds(60);

/// The file of one plan.
#[derive(Debug)]
pub struct LastSeen {
    path: PathBuf,
    written_at: Option<DateTime<Utc>>,
    tasks: TaskTracker,
}

impl LastSeen {
    /// Below the folder of journals, by the plan's name.
    pub fn new(root: &Path, plan_name: &str) -> Self {
        Self { path: root.join("seen").join(format!("{plan_name}.json")), written_at: None, tasks: TaskTracker::new() }
    }

    /// What an earlier console saw, if one did.
    pub fn read(&self) -> Option<Kept> {
        let text = fs::read(&self.path).ok()?;
        let kept = serde_json::from_slice(&text);
        kept.inspect_err(|error| tracing::warn!(path = %self.path.display(), %error, "what was last seen cannot be read")).ok()
    }

    /// Writes what is known now if it is time to, aside of everything else.
    pub fn tend(&mut self, state: &State, now: DateTime<Utc>) {
        if self.written_at.is_some_and(|at| now - at < EVERY) || state.alarms.values().all(|source| source.seq == 0) {
            return;
        }
        self.written_at = Some(now);
        let (kept, path) = (state.keep(), self.path.clone());
        self.tasks.spawn_blocking(move || note(&path, write(&path, &kept)));
    }

    /// Writes what is known at the end, and waits for it.
    pub async fn finish(self, state: &State) {
        self.tasks.close();
        self.tasks.wait().await;
        if state.alarms.values().any(|source| source.seq > 0) {
            note(&self.path, write(&self.path, &state.keep()));
        }
    }
}

/// Whole or not at all: the file of before stays until the new one is complete.
fn write(path: &Path, kept: &Kept) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let aside = path.with_extension("json.new");
    fs::write(&aside, serde_json::to_vec(kept)?)?;
    fs::rename(&aside, path)
}

fn note(path: &Path, written: std::io::Result<()>) {
    if let Err(error) = written {
        tracing::warn!(path = %path.display(), %error, "what was last seen cannot be kept");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Mode, Operator, Problem, ProblemKind, SiteName};
    use crate::plan::Plan;
    use crate::store::{Completeness, Freshness, Update};
    use std::sync::Arc;

    fn state() -> State {
        let text = include_str!("../../assets/plans/shop.toml");
        let plan = Plan::parse("shop.toml", text).map_err(|faults| faults.render(text, false)).unwrap();
        State::new(Mode::Live, true, Operator::new("ana"), Arc::new(plan), None)
    }

    #[tokio::test]
    async fn what_one_console_saw_the_next_one_shows_as_of_then_until_it_hears_more() {
        let folder = tempfile::tempdir().unwrap();
        let at: DateTime<Utc> = "2026-03-14T03:00:00Z".parse().unwrap();
        let site = SiteName::primary();
        let alarm: crate::domain::Alarm = serde_json::from_value(serde_json::json!({
            "site": "primary", "name": "shop-error-rate", "arn": "arn", "kind": "metric", "state": "ALARM", "evaluation": null,
            "transitioned_at": at, "updated_at": at, "reason": "why", "reason_data": null, "rule": null, "suppressed_by": null,
            "metric": null
        }))
        .unwrap();
        let mut before = state();
        let answer = Ok((vec![alarm], Completeness::Whole));
        before.apply(Update::Alarms { site: site.clone(), seq: 1, at, answer });
        LastSeen::new(folder.path(), "shop").finish(&before).await;

        let mut after = state();
        after.recall(LastSeen::new(folder.path(), "shop").read().unwrap());
        let later = at + TimeDelta::minutes(50);
        let Freshness::Stale(age, None) = after.alarms[&site].freshness(later) else { unreachable!() };
        assert_eq!(age, TimeDelta::minutes(50));
        let problem = Problem::new(ProblemKind::Unreachable, "CloudWatch DescribeAlarms", "no answer");
        after.apply(Update::Alarms { site: site.clone(), seq: 1, at: later, answer: Err(problem) });
        assert!(matches!(after.alarms[&site].freshness(later), Freshness::Stale(_, Some(_))));
        assert_eq!(after.alarms[&site].data.as_ref().unwrap().iter().next().unwrap().name, "shop-error-rate");
        after.apply(Update::Alarms { site: site.clone(), seq: 2, at: later, answer: Ok((Vec::new(), Completeness::Whole)) });
        assert!(matches!(after.alarms[&site].freshness(later), Freshness::Fresh(_)));
        assert!(after.alarms[&site].data.as_ref().unwrap().is_empty());
    }

    #[test]
    fn a_file_that_is_broken_or_not_there_is_no_reason_not_to_start() {
        let folder = tempfile::tempdir().unwrap();
        let seen = LastSeen::new(folder.path(), "shop");
        assert!(seen.read().is_none());
        write(&seen.path, &Kept::default()).unwrap();
        assert_eq!(seen.read(), Some(Kept::default()));
        fs::write(&seen.path, "{").unwrap();
        assert!(seen.read().is_none());
    }
}
