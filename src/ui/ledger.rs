//! The durations and the steps as bars, and when recovery will be complete: what the timeline and the header draw.
//!
//! Pure: the incident, the plan and a time give the same ledger.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Moment, Part, Phase, StepId};
use crate::journal::StepStatus;
use crate::plan::{Plan, Step};
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
        let incident = &state.incident;
        let steps = step_bars(state, now);
        let Some(began) = incident.moment(Moment::ImpactBegan).or(incident.moment(Moment::Detected)) else {
            return Self { steps, ..Self::default() };
        };
        let over = incident.moment(Moment::FailedOver);
        let end = over.or(incident.closed.as_ref().map(|(at, _)| *at)).unwrap_or(now);
        let rto = TimeDelta::from_std(state.plan.objectives.rto).unwrap_or(TimeDelta::MAX);
        Self {
            began: Some(began),
            elapsed: Some(end - began),
            is_over: over.is_some(),
            rto_at: began.checked_add_signed(rto),
            bars: bars(state, began, end),
            parts: parts(state, &steps),
            forecast: if over.is_none() && incident.closed.is_none() { forecast(state, began, rto, now) } else { None },
            steps,
        }
    }
}

fn bars(state: &State, began: DateTime<Utc>, end: DateTime<Utc>) -> Vec<Bar> {
    let moment = |moment| state.incident.moment(moment);
    let ends = [
        (Phase::Detect, moment(Moment::Detected)),
        (Phase::Decide, moment(Moment::Decided)),
        (Phase::Restore, moment(Moment::Restored)),
        (Phase::FailOver, moment(Moment::FailedOver)),
    ];
    let mut from = began;
    let mut out = Vec::new();
    for (phase, ended) in ends {
        let to = ended.unwrap_or(end).max(from);
        out.push(Bar { phase, part: None, from, to, running: ended.is_none() });
        if ended.is_none() {
            break;
        }
        from = to;
    }
    out
}

fn step_bars(state: &State, now: DateTime<Utc>) -> Vec<StepBar> {
    let mut out: Vec<StepBar> = Vec::new();
    for step in &state.plan.steps {
        let Some(record) = state.incident.steps.get(&step.id) else { continue };
        for (i, attempt) in record.attempts.iter().enumerate() {
            let is_last = i + 1 == record.attempts.len();
            let ended_badly = StepStatus::Aborted(String::new());
            let status = match &attempt.ended {
                _ if is_last => record.status.clone(),
                Some(end) => match &end.ended {
                    crate::journal::Ended::Failed { problem } => StepStatus::Failed(problem.clone()),
                    _ => ended_badly,
                },
                None => ended_badly,
            };
            let from = attempt.began();
            let to = attempt.finished().unwrap_or(now).max(from);
            out.push(StepBar { id: step.id.clone(), phase: step.phase, from, to, status, attempt: attempt.number });
        }
    }
    out.sort_by_key(|bar| bar.from);
    out
}

fn parts(state: &State, steps: &[StepBar]) -> Vec<Bar> {
    [Part::Infrastructure, Part::Data, Part::Integration]
        .into_iter()
        .filter_map(|part| {
            let of_part: Vec<&StepBar> =
                steps.iter().filter(|bar| state.plan.step(&bar.id).is_some_and(|step| step.part == Some(part))).collect();
            let from = of_part.iter().map(|bar| bar.from).min()?;
            let to = of_part.iter().map(|bar| bar.to).max()?;
            let running = of_part.iter().any(|bar| matches!(bar.status, StepStatus::Running | StepStatus::Calling));
            Some(Bar { phase: Phase::Restore, part: Some(part), from, to, running })
        })
        .collect()
}

/// How long a step is expected to take.
pub fn expected(step: &Step) -> Option<TimeDelta> {
    step.expect.and_then(|expect| TimeDelta::from_std(expect).ok())
}

fn forecast(state: &State, began: DateTime<Utc>, rto: TimeDelta, now: DateTime<Utc>) -> Option<Forecast> {
    let mut ends = BTreeMap::new();
    let mut unknown = 0;
    for step in &state.plan.steps {
        end_of(step, &state.plan, state, now, &mut ends, &mut unknown, 0);
    }
    let at = ends.values().copied().max()?.max(now);
    Some(Forecast { at, recovery: at - began, in_time: at - began <= rto, unknown })
}

fn end_of(
    step: &Step,
    plan: &Plan,
    state: &State,
    now: DateTime<Utc>,
    ends: &mut BTreeMap<StepId, DateTime<Utc>>,
    unknown: &mut usize,
    depth: usize,
) -> DateTime<Utc> {
    if let Some(end) = ends.get(&step.id) {
        return *end;
    }
    let end = match state.incident.status(&step.id) {
        StepStatus::Done | StepStatus::Skipped(_) => now,
        StepStatus::Calling | StepStatus::Running => {
            let began =
                state.incident.steps.get(&step.id).and_then(|record| record.last()).map_or(now, |attempt| attempt.began());
            *unknown += usize::from(step.expect.is_none());
            expected(step).map_or(now, |expect| (began + expect).max(now))
        }
        _ => {
            *unknown += usize::from(step.expect.is_none());
            let needs = step.needs.iter().filter_map(|id| plan.step(id)).filter(|_| depth < plan.steps.len());
            let ready = needs.map(|need| end_of(need, plan, state, now, ends, unknown, depth + 1)).max().unwrap_or(now);
            ready + expected(step).unwrap_or_default()
        }
    };
    ends.insert(step.id.clone(), end);
    end
}
