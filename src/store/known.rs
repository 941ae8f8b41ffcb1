//! What the journal has told of the sources: the other direction of what the feeds tell the store.
//!
//! Each source is rows by key. What changed since the journal last told is an [`Observed`]; applied in order these give what was on
//! screen, which is how a replay shows it. Bounded: of a source with very many rows the record keeps those that matter first, and
//! says so. Pure; knows nothing of when it is asked.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::de::{Deserialize, DeserializeOwned};
use serde_json::{Map, Value};

use crate::domain::{Alarm, Problem, Progress, ProtectedResource, RecoveryPoint, SiteName, StepId};
use crate::journal::Observed;

use super::{Completeness, RecoveryPoints, Rows as Held, Source, State};

/// The most rows of one source that the record keeps.
const MOST_ROWS: usize = 400;

/// What is known of each source, by its name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Known {
    sources: BTreeMap<String, Rows>,
}

#[derive(Debug, Clone, PartialEq, Default)]
struct Rows {
    rows: Map<String, Value>,
    problem: Option<Value>,
    partial: Option<String>,
}

/// What changed of a source, and whether it should be in the record at once.
#[derive(Debug, Clone, PartialEq)]
pub struct News {
    /// What changed.
    pub observed: Observed,
    /// A source fell silent or answers again, or a signal changed its state.
    pub urgent: bool,
}

impl Known {
    /// Takes in what the journal tells.
    pub fn apply(&mut self, observed: &Observed) {
        let source = self.sources.entry(observed.source.clone()).or_default();
        for key in &observed.gone {
            source.rows.shift_remove(key);
        }
        for (key, change) in &observed.set {
            match (source.rows.get_mut(key), change) {
                (Some(Value::Object(row)), Value::Object(members)) => {
                    members.iter().for_each(|(name, member)| drop(row.insert(name.clone(), member.clone())));
                }
                _ => drop(source.rows.insert(key.clone(), change.clone())),
            }
        }
        source.problem.clone_from(&observed.problem);
        source.partial.clone_from(&observed.partial);
    }

    /// What of the state the journal does not know yet, a source each.
    pub fn news(&self, state: &State) -> Vec<News> {
        let mut all = Vec::new();
        for (site, source) in &state.alarms {
            let alarms = first_alarms(state, site, MOST_ROWS);
            let count = source.data.as_ref().map_or(0, Held::len);
            all.extend(self.of(&format!("alarms {site}"), source, rows(&alarms, count, |alarm| alarm.arn.clone())));
        }
        let events = state.health.data.as_deref().unwrap_or_default();
        all.extend(self.of("health", &state.health, rows(events, events.len(), |event| event.arn.clone())));
        for (site, source) in &state.recovery_points {
            let points = first_points(state, site, MOST_ROWS);
            let count = source.data.as_ref().map_or(0, |found| found.points.len());
            all.extend(self.of(&format!("points {site}"), source, rows(&points, count, |point| point.arn.clone())));
            let protected = source.data.as_ref().map_or(&[][..], |found| &found.protected);
            let protected = rows(protected, protected.len(), |resource: &ProtectedResource| resource.arn.clone());
            all.extend(self.of(&format!("protected {site}"), source, protected));
        }
        all.extend(self.progress(state));
        all
    }

    /// How far the running steps are; without the time of the look, which changes with each.
    fn progress(&self, state: &State) -> Option<News> {
        let running = |step: &StepId| state.incident.running().any(|(running, _)| running == step);
        let shown = state.progress.iter().filter(|(step, _)| running(step));
        let rows = shown.map(|(step, (attempt, _, progress, _))| {
            (step.to_string(), serde_json::json!({"attempt": attempt, "progress": progress}))
        });
        self.changed("progress", rows.collect(), None, None)
    }

    fn of<T>(&self, name: &str, source: &Source<T>, (rows, left_out): (Map<String, Value>, Option<String>)) -> Option<News> {
        // Nothing was heard here yet; what an earlier console kept is not what is seen now.
        if source.seq == 0 {
            return None;
        }
        let problem = source.problem.as_ref().and_then(|(problem, _)| serde_json::to_value(problem).ok());
        let partial = match &source.completeness {
            Completeness::Partial(what) => Some(what.clone()),
            Completeness::Whole => left_out,
        };
        // Old data stays while nothing new can be had.
        let rows = if source.as_of.is_none() { Map::new() } else { rows };
        self.changed(name, rows, problem, partial)
    }

    fn changed(&self, name: &str, rows: Map<String, Value>, problem: Option<Value>, partial: Option<String>) -> Option<News> {
        let first = !self.sources.contains_key(name);
        let nothing = Rows::default();
        let known = self.sources.get(name).unwrap_or(&nothing);
        let gone: Vec<String> = known.rows.keys().filter(|key| !rows.contains_key(*key)).cloned().collect();
        let set: Map<String, Value> =
            rows.into_iter().filter_map(|(key, row)| Some((key.clone(), difference(known.rows.get(&key), row)?))).collect();
        // The request's id and the wording differ each time; only the kind of the silence is news.
        let kind = |problem: &Option<Value>| problem.as_ref().and_then(|problem| problem.get("kind").cloned());
        let silence = kind(&known.problem) != kind(&problem);
        let same = set.is_empty() && gone.is_empty() && !silence && known.partial == partial;
        if same && !(first && name != "progress") {
            return None;
        }
        let turned = |row: &Value| row.get("state").is_some() || row.get("status").is_some_and(|_| name == "health");
        let urgent = silence || first || set.values().any(turned);
        Some(News { observed: Observed { source: name.to_owned(), set, gone, problem, partial }, urgent })
    }

    /// Puts what is known into the state's sources, as if it had just been heard; what does not answer is as old as its silence.
    pub fn show(&self, state: &mut State, now: DateTime<Utc>) {
        for (name, known) in &self.sources {
            let (kind, site) = name.split_once(' ').unwrap_or((name, ""));
            match kind {
                "alarms" => fill(state.alarms.get_mut(&SiteName::new(site)), known, now, |old: Option<Held<Alarm>>| {
                    let mut alarms = old.unwrap_or_default();
                    alarms.replace(known.typed());
                    alarms
                }),
                "health" => fill(Some(&mut state.health), known, now, |_| known.typed()),
                "points" => fill(state.recovery_points.get_mut(&SiteName::new(site)), known, now, |old| {
                    let mut found: RecoveryPoints = old.unwrap_or_default();
                    found.points.replace(known.typed());
                    found
                }),
                "protected" => {
                    if let Some(source) = state.recovery_points.get_mut(&SiteName::new(site)) {
                        source.data.get_or_insert_default().protected = known.typed();
                    }
                }
                "progress" => show_progress(state, known, now),
                _ => {}
            }
        }
    }
}

impl Rows {
    /// The rows as what they are; one that this version cannot read is left out.
    fn typed<T: DeserializeOwned>(&self) -> Vec<T> {
        self.rows.values().filter_map(|row| <T as Deserialize>::deserialize(row).ok()).collect()
    }
}

fn fill<T>(source: Option<&mut Source<T>>, known: &Rows, now: DateTime<Utc>, make: impl FnOnce(Option<T>) -> T) {
    let Some(source) = source else { return };
    let problem: Option<Problem> = known.problem.as_ref().and_then(|problem| serde_json::from_value(problem.clone()).ok());
    match problem {
        Some(problem) => {
            let since = source.problem.as_ref().map_or(now, |(_, since)| *since);
            source.problem = Some((problem, since));
            if known.rows.is_empty() {
                return;
            }
            source.as_of = source.as_of.or(Some(now));
        }
        None => {
            source.problem = None;
            source.as_of = Some(now);
        }
    }
    source.completeness = known.partial.clone().map_or(Completeness::Whole, Completeness::Partial);
    let old = source.data.take();
    source.data = Some(make(old));
}

fn show_progress(state: &mut State, known: &Rows, now: DateTime<Utc>) {
    state.progress.clear();
    for (step, row) in &known.rows {
        let attempt = row.get("attempt").and_then(Value::as_u64).and_then(|attempt| u32::try_from(attempt).ok());
        let progress = row.get("progress").and_then(|progress| serde_json::from_value::<Progress>(progress.clone()).ok());
        if let Some((attempt, progress)) = attempt.zip(progress) {
            state.progress.insert(StepId::new(step.as_str()), (attempt, now, progress, None));
        }
    }
}

/// As many rows as the record keeps, and in what way they are not all.
fn rows<T: serde::Serialize>(first: &[T], count: usize, key: impl Fn(&T) -> String) -> (Map<String, Value>, Option<String>) {
    let kept = first.iter().take(MOST_ROWS).filter_map(|one| Some((key(one), serde_json::to_value(one).ok()?))).collect();
    let left_out = (count > MOST_ROWS).then(|| format!("the record keeps {MOST_ROWS} of {count}"));
    (kept, left_out)
}

/// At most so many alarms of a site: the plan's own, then those that are not clear, then others.
pub(super) fn first_alarms(state: &State, site: &SiteName, most: usize) -> Vec<Alarm> {
    let Some(alarms) = state.alarms.get(site).and_then(|source| source.data.as_ref()) else { return Vec::new() };
    let of_plan = |name: &str| state.plan.alarms.iter().any(|plan| plan.site == *site && plan.name == name);
    let planned = state.plan.alarms.iter().filter(|plan| plan.site == *site).filter_map(|plan| alarms.get(&plan.name));
    let rest = |alarm: &Alarm| !of_plan(&alarm.name);
    let quiet = alarms.iter().filter(Alarm::is_clear);
    planned.chain(alarms.standing_out().filter(rest)).chain(quiet.filter(rest)).take(most).collect()
}

/// At most so many recovery points of a site: those of the plan's resources, the newest first, then others.
pub(super) fn first_points(state: &State, site: &SiteName, most: usize) -> Vec<RecoveryPoint> {
    let Some(found) = state.recovery_points.get(site).and_then(|source| source.data.as_ref()) else { return Vec::new() };
    let ids = state.plan.resources.values().flat_map(|resource| found.points.group(&resource.arn));
    let mut first: Vec<RecoveryPoint> = ids.filter_map(|id| found.points.row(*id)).collect();
    first.sort_by_key(|point| std::cmp::Reverse(point.data_at));
    let of_plan = |point: &RecoveryPoint| state.plan.resource_by_arn(&point.resource_arn).is_some();
    let more = most.saturating_sub(first.len());
    let mut rest: Vec<RecoveryPoint> = found.points.iter().filter(|point| !of_plan(point)).take(more).collect();
    rest.sort_by_key(|point| std::cmp::Reverse(point.data_at));
    first.extend(rest);
    first.truncate(most);
    first
}

/// What of a row the journal does not know: all of a new one, the changed members of one that is known, nothing of the same.
fn difference(known: Option<&Value>, row: Value) -> Option<Value> {
    match (known, row) {
        (Some(known), row) if *known == row => None,
        (Some(Value::Object(known)), Value::Object(row)) => {
            Some(Value::Object(row.into_iter().filter(|(name, member)| known.get(name) != Some(member)).collect()))
        }
        (_, row) => Some(row),
    }
}
