//! The durations and the steps as bars, and when recovery will be complete: what the timeline and the header draw.
//!
//! The reckoning is the report's, so that the screen and the record cannot differ; here it only gets the shape that is drawn.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use crate::domain::{Moment, Part, Phase, StepId};
use crate::journal::{Ended, StepStatus};
use crate::plan::Step;
use crate::report::{self, Expectations, Timeline};
use crate::store::State;

use super::format;

/// Time spent in one of the four durations, or in a part of the restore phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Which duration.
    pub phase: Phase,
    /// Which part of restore, for what really happened within it.
    pub part: Option<Part>,
    /// Its beginning.
    pub from: DateTime<Utc>,
    /// Its end, or now.
    pub to: DateTime<Utc>,
    /// Is it still growing?
    pub running: bool,
}

/// One attempt at a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepBar {
    /// Which step.
    pub id: StepId,
    /// Its phase.
    pub phase: Phase,
    /// Its beginning, by AWS's time where AWS has one.
    pub from: DateTime<Utc>,
    /// Its end, or now.
    pub to: DateTime<Utc>,
    /// How it stands.
    pub status: StepStatus,
    /// Which attempt.
    pub attempt: u32,
    /// Is it on the chain that decides when recovery is complete?
    pub critical: bool,
}

/// When recovery will be complete, if everything takes as long as expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// When.
    pub at: DateTime<Utc>,
    /// How long it will have taken since the impact.
    pub recovery: TimeDelta,
    /// Within the objective?
    pub in_time: bool,
    /// Steps without an expectation, counted as nothing: the forecast is at least this late.
    pub unknown: usize,
    /// When, if every step takes no longer than its shortest, and its longest.
    pub band: (DateTime<Utc>, DateTime<Utc>),
    /// How much later, if what can begin now begins ten minutes later.
    pub ten_minutes: TimeDelta,
    /// When what can begin now has to begin so that the objective is met.
    pub begin_by: Option<DateTime<Utc>>,
}

/// The incident as time spent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ledger {
    /// When the impact began; the first signal where that is not known.
    pub began: Option<DateTime<Utc>>,
    /// Since then, until recovery or now.
    pub elapsed: Option<TimeDelta>,
    /// Did traffic move?
    pub is_over: bool,
    /// When the recovery time objective is or was used up.
    pub rto_at: Option<DateTime<Utc>>,
    /// The four durations that have begun, in order.
    pub bars: Vec<Bar>,
    /// The parts of restore that have begun.
    pub parts: Vec<Bar>,
    /// The attempts in order of their beginning.
    pub steps: Vec<StepBar>,
    /// While recovery is not complete.
    pub forecast: Option<Forecast>,
    /// When each step that is not over is expected to begin and end.
    pub expected: BTreeMap<StepId, (DateTime<Utc>, DateTime<Utc>)>,
}

impl Ledger {
    /// The incident at `now`.
    pub fn of(state: &State, now: DateTime<Utc>) -> Self {
        let timeline = Timeline::expecting(&state.incident, Some(now), &state.expectations);
        let durations = &timeline.durations;
        let spans = durations.spans.iter().filter_map(|span| {
            let (from, to) = span.from.zip(span.to)?;
            Some(Bar { phase: span.phase, part: None, from, to, running: span.running })
        });
        let parts = timeline.work.iter().filter(|work| work.part.is_some());
        let forecast = timeline.forecast.zip(timeline.began_at).map(|(forecast, began)| Forecast {
            at: forecast.end,
            recovery: forecast.end - began,
            in_time: forecast.in_time().unwrap_or(true),
            unknown: forecast.unknown_steps,
            band: (forecast.earliest, forecast.latest),
            ten_minutes: forecast.ten_minutes,
            begin_by: forecast.begin_by,
        });
        Self {
            began: timeline.began_at,
            elapsed: durations.recovery_time,
            is_over: state.incident.moment(Moment::FailedOver).is_some(),
            rto_at: timeline.rto_at,
            bars: spans.collect(),
            parts: parts
                .map(|work| Bar { phase: work.phase, part: work.part, from: work.from, to: work.to, running: work.running })
                .collect(),
            steps: step_bars(&timeline.steps, now),
            forecast,
            expected: timeline.steps.iter().filter_map(|step| Some((step.id.clone(), step.forecast?))).collect(),
        }
    }
}

/// How long a reckoning serves: nobody reads a clock more finely, and keys that are held down come faster.
const SERVES: TimeDelta = TimeDelta::milliseconds(200);

/// The last reckoning. All panes of a frame use it, and so do the frames after it until an event, an expectation or the time changes it.
#[derive(Debug, Clone, Default)]
pub struct Ledgers(Arc<Mutex<Option<Known>>>);

#[derive(Debug)]
struct Known {
    seq: u64,
    at: DateTime<Utc>,
    expectations: Expectations,
    ledger: Arc<Ledger>,
}

impl Ledgers {
    /// The incident at `now`, to a fifth of a second: the same state and time give the same ledger, whether it was reckoned before or not.
    pub fn of(&self, state: &State, now: DateTime<Utc>) -> Arc<Ledger> {
        let fifth = now.duration_trunc(SERVES).unwrap_or(now);
        // Never before what has happened: an event of this very moment is part of it.
        let at = fifth.max(state.incident.last_at.map_or(fifth, |last| last.min(now)));
        let seq = state.incident.last_seq;
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(known) if known.seq == seq && known.at == at && known.expectations == state.expectations => known.ledger.clone(),
            _ => {
                let ledger = Arc::new(Ledger::of(state, at));
                *last = Some(Known { seq, at, expectations: state.expectations.clone(), ledger: ledger.clone() });
                ledger
            }
        }
    }
}

/// The attempts of all steps in order of their beginning.
fn step_bars(steps: &[report::StepBar], now: DateTime<Utc>) -> Vec<StepBar> {
    let mut out = Vec::new();
    for step in steps {
        for (i, attempt) in step.attempts.iter().enumerate() {
            let status = match &attempt.ended {
                _ if i + 1 == step.attempts.len() => step.status.clone(),
                Some(Ended::Failed { problem }) => StepStatus::Failed(problem.clone()),
                _ => StepStatus::Aborted(String::new()),
            };
            let to = attempt.finished.unwrap_or(now).max(attempt.began);
            let (id, phase, from) = (step.id.clone(), step.phase, attempt.began);
            out.push(StepBar { id, phase, from, to, status, attempt: attempt.number, critical: step.critical });
        }
    }
    out.sort_by_key(|bar| bar.from);
    out
}

/// How long a step is expected to take: by earlier runs or AWS's word where there are any, else by the plan.
pub fn expected(state: &State, step: &Step) -> Option<TimeDelta> {
    let known = state.expectations.get(&step.id).map(|expected| expected.likely);
    known.or_else(|| step.expect.and_then(|expect| TimeDelta::from_std(expect).ok()))
}

/// What a decision now rather than later is worth, and until when it holds the objective; `None` before anything is known.
pub fn decision(forecast: &Forecast, now: DateTime<Utc>) -> String {
    let (from, to) = forecast.band;
    let mut text = format!("recovered at {} ({} to {})", format::moment(forecast.at, now), format::time(from), format::time(to));
    let minutes = forecast.ten_minutes.num_minutes();
    text.push_str(&match minutes {
        0 => "; ten minutes more cost nothing, what runs takes longer".to_owned(),
        cost => format!("; ten minutes more cost {cost} min"),
    });
    match forecast.begin_by {
        Some(by) if by >= now => text.push_str(&format!("; the RTO holds until {}", format::time(by))),
        Some(_) => text.push_str("; the RTO is likely missed whatever is decided"),
        None => {}
    }
    text
}
