//! What happened since it was last told: one line a thing. Remembers what was said, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::domain::{Alarm, HealthEvent, SiteName, StepId};
use crate::journal::{Event, StepStatus};
use crate::store::{Completeness, Freshness, Notice, Source, State};
use crate::ui::ready::startable;
use crate::ui::{format, sentence, words};

/// What was told already.
#[derive(Debug, Clone, Default)]
pub(super) struct News {
    seq: u64,
    sources: BTreeMap<String, String>,
    alarms: BTreeMap<(SiteName, String), String>,
    /// The sites whose alarms were all told once.
    heard: BTreeSet<SiteName>,
    health: BTreeMap<String, String>,
    progress: BTreeMap<StepId, (u32, String)>,
    asks: BTreeMap<StepId, String>,
    ready: BTreeSet<(StepId, usize)>,
    notice: Option<Notice>,
    clock: Option<(bool, String)>,
}

impl News {
    /// Everything in the journal so far counts as told: a console that resumes does not repeat it.
    pub fn after(state: &State) -> Self {
        Self { seq: state.incident.last_seq, ..Self::default() }
    }

    /// An order was given: the same refusal as before is news again.
    pub fn ordered(&mut self) {
        self.notice = None;
    }

    /// The lines of what is new.
    pub fn tell(&mut self, state: &State, now: DateTime<Utc>) -> Vec<String> {
        let mut lines = Vec::new();
        let time = format::time(now);
        self.clock(state, &time, &mut lines);
        self.sources(state, now, &mut lines);
        self.signals(state, &time, &mut lines);
        let told = |event: &Event| words::is_for_players(event) && !matches!(event, Event::Observed(_));
        for recorded in state.events.iter().filter(|recorded| recorded.seq > self.seq && told(&recorded.event)) {
            lines.push(format!("{} {}", format::time(recorded.recorded_at), sentence(&recorded.event).1));
        }
        self.seq = self.seq.max(state.incident.last_seq);
        self.steps(state, &time, &mut lines);
        if let Some(notice) = state.notice.as_ref().filter(|notice| Some(*notice) != self.notice.as_ref()) {
            lines.push(format!("{time} not done: {}", notice.text));
            self.notice = Some(notice.clone());
        }
        lines
    }

    fn clock(&mut self, state: &State, time: &str, lines: &mut Vec<String>) {
        let Some(exercise) = &state.exercise else { return };
        let clock = (exercise.paused, format::number(exercise.speed));
        if let Some(told) = self.clock.replace(clock.clone())
            && told != clock
        {
            let stands = if clock.0 { "stands still".to_owned() } else { format!("runs {} times as fast", clock.1) };
            lines.push(format!("{time} the exercise's clock {stands}"));
        }
    }

    fn sources(&mut self, state: &State, now: DateTime<Utc>, lines: &mut Vec<String>) {
        for (site, source) in &state.identities {
            self.source(format!("identity at {site}"), source, None, now, lines);
        }
        for (site, source) in &state.alarms {
            let count = source.data.as_ref().map(|alarms| format::count(alarms.len(), "alarm", "alarms"));
            self.source(format!("alarms of {site}"), source, count, now, lines);
        }
        let count = state.health.data.as_ref().map(|events| format::count(events.len(), "event", "events"));
        self.source("AWS Health".to_owned(), &state.health, count, now, lines);
        for (site, source) in &state.recovery_points {
            let count = source.data.as_ref().map(|found| format::count(found.points.len(), "point", "points"));
            self.source(format!("recovery points of {site}"), source, count, now, lines);
        }
    }

    /// Tells a source when its state changes; its age and its counts alone are no news.
    fn source<T>(
        &mut self,
        name: String,
        source: &Source<T>,
        count: Option<String>,
        now: DateTime<Utc>,
        lines: &mut Vec<String>,
    ) {
        let (kind, text) = match source.freshness(now) {
            Freshness::Loading => return,
            _ => of_source(source, now),
        };
        if self.sources.get(&name) != Some(&kind) {
            let count = count.filter(|_| kind == HEARD).map(|count| format!(", {count}")).unwrap_or_default();
            let again = if kind == HEARD && self.sources.contains_key(&name) { " again" } else { "" };
            lines.push(format!("{} {name}: {text}{again}{count}", format::time(now)));
            self.sources.insert(name, kind);
        }
    }

    /// Alarms and events that the plan does not name are not in the journal, but they are news.
    fn signals(&mut self, state: &State, time: &str, lines: &mut Vec<String>) {
        let plan = &state.plan;
        let planned = |alarm: &Alarm| plan.alarms.iter().any(|known| known.site == alarm.site && known.name == alarm.name);
        let mut told = std::mem::take(&mut self.alarms);
        for (site, source) in &state.alarms {
            let Some(alarms) = &source.data else { continue };
            // At first sight only trouble is worth a line: there may be thousands that are well.
            let known = self.heard.contains(site);
            let before: Vec<Alarm> = told.keys().filter(|(of, _)| of == site).filter_map(|(_, name)| alarms.get(name)).collect();
            for alarm in alarms.standing_out().chain(before.into_iter().filter(Alarm::is_clear)).filter(|alarm| !planned(alarm)) {
                let word = words::of_alarm(&alarm).word;
                let last = told.insert((site.clone(), alarm.name.clone()), word.clone());
                if last.map_or(word == "ALARM" || known, |last| last != word) {
                    lines.push(format!("{time} alarm {} ({site}), not of the plan: {word}: {}", alarm.name, alarm.reason));
                }
            }
            if source.as_of.is_some() {
                self.heard.insert(site.clone());
            }
        }
        self.alarms = told;
        let of_plan = |event: &HealthEvent| event.category == "issue" && plan.health.matches(event);
        for event in state.health.data.iter().flatten().filter(|event| !of_plan(event)) {
            if self.health.insert(event.arn.clone(), event.status.clone()).as_ref() != Some(&event.status) {
                let what = format!("{} {} in {}", event.service, event.type_code, event.region);
                lines.push(format!("{time} AWS Health event {what}: {}", event.status));
            }
        }
    }

    fn steps(&mut self, state: &State, time: &str, lines: &mut Vec<String>) {
        for step in &state.plan.steps {
            let status = state.incident.status(&step.id);
            if status == StepStatus::Running
                && let Some((attempt, _, progress, _)) = state.progress.get(&step.id)
            {
                // In steps of ten: a line that is read aloud should be worth it.
                let far = match progress.percent {
                    Some(percent) => format!("{} %", percent / 10 * 10),
                    None => progress.doing.clone(),
                };
                let news = (*attempt, far);
                if self.progress.get(&step.id) != Some(&news) && !news.1.is_empty() {
                    lines.push(format!("{time} {}: {}", step.id, news.1));
                    self.progress.insert(step.id.clone(), news);
                }
                match &progress.asks {
                    Some(asks) if self.asks.get(&step.id) != Some(asks) => {
                        lines.push(format!(
                            "{time} {} ASKS: {asks} Answer with approve {} or reject {}.",
                            step.id, step.id, step.id
                        ));
                        self.asks.insert(step.id.clone(), asks.clone());
                    }
                    Some(_) => {}
                    None => drop(self.asks.remove(&step.id)),
                }
            }
            let attempts = state.incident.steps.get(&step.id).map_or(0, |record| record.attempts.len());
            if state.incident.is_declared() && startable(state, step).is_ok() && self.ready.insert((step.id.clone(), attempts)) {
                let again = if attempts > 0 { "again " } else { "" };
                lines.push(format!("{time} {} can begin {again}now: confirm {}", step.id, step.id));
            }
        }
    }
}

/// The word for a source that was heard in time, wholly.
const HEARD: &str = "heard";

/// The state of a source as a word to compare, and in words to tell.
pub(super) fn of_source<T>(source: &Source<T>, now: DateTime<Utc>) -> (String, String) {
    let at = source.as_of.map(|at| format!(", last heard {} UTC", format::time(at))).unwrap_or_default();
    match source.freshness(now) {
        Freshness::Loading => ("loading".to_owned(), "loading".to_owned()),
        Freshness::Fresh(_) => match &source.completeness {
            Completeness::Whole => (HEARD.to_owned(), HEARD.to_owned()),
            Completeness::Partial(what) => (format!("partial {what}"), format!("PARTIAL: {what}")),
        },
        Freshness::Stale(_, None) => ("stale".to_owned(), format!("STALE{at}")),
        Freshness::Stale(_, Some(problem)) => (
            format!("stale {}", problem.kind.word()),
            format!("STALE{at}: {}; {}", format::clean(&problem.to_string()), problem.kind.next()),
        ),
        Freshness::Blind(problem, _) => (
            format!("blind {}", problem.kind.word()),
            format!("BLIND: {}; {}", format::clean(&problem.to_string()), problem.kind.next()),
        ),
    }
}
