//! The durations and the steps as bars, and when recovery will be complete: what the timeline and the header draw.
//!
//! The reckoning is the report's, so that the screen and the record cannot differ; here it only gets the shape that is drawn.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Moment, Part, Phase, StepId};
use crate::journal::{Ended, StepStatus};
use crate::plan::Step;
use crate::report::{self, Timeline};
use crate::store::State;

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
}

impl Ledger {
    /// The incident at `now`.
    pub fn of(state: &State, now: DateTime<Utc>) -> Self {
        let timeline = Timeline::of(&state.incident, Some(now));
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

/// How long a step is expected to take.
pub fn expected(step: &Step) -> Option<TimeDelta> {
    step.expect.and_then(|expect| TimeDelta::from_std(expect).ok())
}
