//! The timeline: what the console draws while the incident runs, and what reports draw afterwards, from the same data.
//!
//! Phases as they really overlapped, a bar a step with its attempts, waits for a person told apart from work, the critical path,
//! the line of the recovery time objective, and a forecast of the end. Pure data; must not know how it is drawn.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Moment, Operator, Part, Phase, StepId};
use crate::journal::{Ended, Incident, PlannedStep, StepRecord, StepStatus};

use super::Durations;

/// Everything that a picture of the incident needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// Where the picture ends: now, or the incident's close.
    pub now: Option<DateTime<Utc>>,
    /// Where the recovery time begins to count.
    pub began_at: Option<DateTime<Utc>>,
    /// The four durations.
    pub durations: Durations,
    /// Restore and fail over as they really were: from the first attempt of a step to the last end, so they may overlap. A phase
    /// without an attempt is left out.
    pub work: Vec<WorkBar>,
    /// The steps in the order of the plan.
    pub steps: Vec<StepBar>,
    /// The chain of steps that decided when the last one ended, or will end; first to last.
    pub critical_path: Vec<StepId>,
    /// When the recovery time objective is, or was, reached.
    pub rto_at: Option<DateTime<Utc>>,
    /// When it will be over; `None` once it is, and in a plan without steps.
    pub forecast: Option<Forecast>,
}

/// When the steps of a phase, or of a part of the restore phase, were worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkBar {
    /// Which phase.
    pub phase: Phase,
    /// Which part of it; `None` for the whole phase.
    pub part: Option<Part>,
    /// When the first attempt at a step of it was confirmed.
    pub from: DateTime<Utc>,
    /// When the last one ended, or now while one is running.
    pub to: DateTime<Utc>,
    /// Is one running?
    pub running: bool,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepBar {
    /// Which.
    pub id: StepId,
    /// Its title.
    pub title: String,
    /// Its phase.
    pub phase: Phase,
    /// Its part of the restore phase.
    pub part: Option<Part>,
    /// Its action's name in plan files.
    pub action: String,
    /// Its prerequisites.
    pub needs: Vec<StepId>,
    /// Where it stands.
    pub status: StepStatus,
    /// When it could have been confirmed: the failover was declared and its prerequisites were settled, by our own clock.
    pub ready_at: Option<DateTime<Utc>>,
    /// Its attempts in order.
    pub attempts: Vec<AttemptBar>,
    /// Since when it waits for a person to confirm, retry or skip it, if it does.
    pub waiting_since: Option<DateTime<Utc>>,
    /// When it was settled: ended well by AWS's time where there is one, or skipped.
    pub settled_at: Option<DateTime<Utc>>,
    /// All the time that it waited for a person: to confirm it, to retry it, to skip it; up to now.
    pub waited: TimeDelta,
    /// All the time that it was worked on, in all attempts; up to now.
    pub worked: TimeDelta,
    /// How long the plan expects one attempt to take.
    pub expect: Option<TimeDelta>,
    /// When it is expected to begin and end; `None` once it is settled.
    pub forecast: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Is it on the critical path?
    pub critical: bool,
}

impl StepBar {
    /// Did a person go on without it?
    pub fn skipped(&self) -> bool {
        matches!(self.status, StepStatus::Skipped(_))
    }
}

/// One attempt at a step. The wait for a person is `waits_from` to `confirmed_at`, for AWS to take the call until `began`, the
/// work is `began` to `finished`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptBar {
    /// From 1.
    pub number: u32,
    /// Since when it could have been confirmed: the step was ready, or the attempt before it had ended.
    pub waits_from: Option<DateTime<Utc>>,
    /// When it was confirmed.
    pub confirmed_at: DateTime<Utc>,
    /// By whom.
    pub by: Operator,
    /// When the work began, by AWS's time where it has one.
    pub began: DateTime<Utc>,
    /// When it ended, by AWS's time where it has one; `None` while it runs.
    pub finished: Option<DateTime<Utc>>,
    /// How it ended.
    pub ended: Option<Ended>,
}

/// When it will be over, if every step takes as long as the plan expects and nobody has to be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// When the last step ends.
    pub end: DateTime<Utc>,
    /// From now to there: the sum of what remains along the longest chain of prerequisites.
    pub remaining: TimeDelta,
    /// From the end to the objective; negative when it will be missed. `None` while the beginning of the impact is not known.
    pub margin: Option<TimeDelta>,
    /// How many of the remaining steps have no expected duration and count as nothing: the end may be later.
    pub unknown_steps: usize,
    /// How many running steps already take longer than expected, and count as ending now.
    pub overdue_steps: usize,
}

impl Forecast {
    /// Will it be in time?
    pub fn in_time(&self) -> Option<bool> {
        self.margin.map(|margin| margin >= TimeDelta::zero())
    }
}

impl Timeline {
    /// The timeline as of `now`; as of the last event if there is no now. After the incident is closed nothing grows.
    pub fn of(incident: &Incident, now: Option<DateTime<Utc>>) -> Self {
        let durations = Durations::of(incident, now);
        let closed = incident.closed.as_ref().map(|(at, _)| *at);
        let now = closed.or(now).or(incident.last_at);
        let began_at = durations.spans[0].from;
        let rto_at = began_at.and_then(|began| began.checked_add_signed(durations.rto));
        let planned: &[PlannedStep] = incident.opened.as_ref().map_or(&[], |opened| &opened.steps);
        let mut steps: Vec<StepBar> = planned.iter().map(|step| bar(step, incident, now, closed.is_some())).collect();
        let over = closed.is_some() || incident.moment(Moment::FailedOver).is_some();
        let forecast = now.filter(|_| !over).and_then(|now| forecast(&mut steps, now, rto_at));
        let critical_path = critical_path(&steps);
        for step in &mut steps {
            step.critical = critical_path.contains(&step.id);
        }
        Self { work: work(&steps, now), now, began_at, durations, steps, critical_path, rto_at, forecast }
    }
}

fn bar(step: &PlannedStep, incident: &Incident, now: Option<DateTime<Utc>>, closed: bool) -> StepBar {
    let record = incident.steps.get(&step.id);
    let status = incident.status(&step.id);
    let ready_at = ready_at(step, incident);
    let attempts = attempts(record, ready_at);
    let settled_at = match (&status, record) {
        (StepStatus::Done, Some(record)) => record.last().and_then(|attempt| attempt.finished()),
        (StepStatus::Skipped(_), Some(record)) => record.skipped.as_ref().map(|(at, _)| *at),
        (StepStatus::RuledOut(_), Some(record)) => record.ruled_out,
        _ => None,
    };
    let idle_since = record.and_then(StepRecord::last).map_or(ready_at, |attempt| attempt.ended_at);
    let waiting_since = match status {
        StepStatus::Pending | StepStatus::Failed(_) | StepStatus::Aborted(_) if !closed => idle_since,
        _ => None,
    };
    let skipped_at = record.and_then(|record| record.skipped.as_ref()).map(|(at, _)| *at);
    let nothing = TimeDelta::zero();
    let length = |from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>| {
        from.zip(to).map_or(nothing, |(from, to)| (to - from).max(nothing))
    };
    let confirming = attempts.iter().map(|attempt| length(attempt.waits_from, Some(attempt.confirmed_at)));
    let waiting = [length(waiting_since, now), length(idle_since, skipped_at)];
    let working = attempts.iter().map(|attempt| length(Some(attempt.began), attempt.finished.or(now)));
    StepBar {
        id: step.id.clone(),
        title: step.title.clone(),
        phase: step.phase,
        part: step.part,
        action: step.action.clone(),
        needs: step.needs.clone(),
        waited: confirming.chain(waiting).fold(nothing, |sum, one| sum + one),
        worked: working.fold(nothing, |sum, one| sum + one),
        status,
        ready_at,
        attempts,
        waiting_since,
        settled_at,
        expect: step.expect_secs.and_then(|secs| i64::try_from(secs).ok()).and_then(TimeDelta::try_seconds),
        forecast: None,
        critical: false,
    }
}

/// When the failover was declared and every prerequisite had been settled, as this console learned of it.
fn ready_at(step: &PlannedStep, incident: &Incident) -> Option<DateTime<Utc>> {
    let declared = incident.decisions.iter().find(|decision| decision.failover)?.at;
    step.needs.iter().try_fold(declared, |ready, need| {
        let record = incident.steps.get(need)?;
        let settled = match record.status {
            StepStatus::Done => record.last()?.ended_at?,
            StepStatus::Skipped(_) => record.skipped.as_ref()?.0,
            StepStatus::RuledOut(_) => record.ruled_out?,
            _ => return None,
        };
        Some(ready.max(settled))
    })
}

fn attempts(record: Option<&StepRecord>, ready_at: Option<DateTime<Utc>>) -> Vec<AttemptBar> {
    let mut bars: Vec<AttemptBar> = Vec::new();
    let mut waits_from = ready_at;
    for attempt in record.iter().flat_map(|record| &record.attempts) {
        let began = attempt.began();
        bars.push(AttemptBar {
            number: attempt.number,
            waits_from: waits_from.filter(|from| *from <= attempt.confirmed_at),
            confirmed_at: attempt.confirmed_at,
            by: attempt.by.clone(),
            began,
            finished: attempt.finished().map(|finished| finished.max(began)),
            ended: attempt.ended.as_ref().map(|end| end.ended.clone()),
        });
        waits_from = attempt.ended_at;
    }
    bars
}

/// Gives every step that is not settled its expected beginning and end, and says when the last one is.
fn forecast(steps: &mut [StepBar], now: DateTime<Utc>, rto_at: Option<DateTime<Utc>>) -> Option<Forecast> {
    let mut ends: BTreeMap<StepId, DateTime<Utc>> = BTreeMap::new();
    let (mut unknown_steps, mut overdue_steps) = (0, 0);
    // A step is reckoned once its prerequisites are. A plan that was checked has no cycle, but a journal may hold any plan: then
    // what is left over counts from now.
    let mut left: Vec<usize> = (0..steps.len()).collect();
    while !left.is_empty() {
        let all: BTreeSet<&StepId> = left.iter().map(|index| &steps[*index].id).collect();
        let (mut next, later): (Vec<usize>, Vec<usize>) =
            left.iter().partition(|index| steps[**index].needs.iter().all(|need| !all.contains(need)));
        left = later;
        if next.is_empty() {
            next = std::mem::take(&mut left);
        }
        for index in next {
            let step = &mut steps[index];
            if let Some(settled) = step.settled_at {
                ends.insert(step.id.clone(), settled);
                continue;
            }
            unknown_steps += usize::from(step.expect.is_none());
            let running = step.attempts.last().filter(|attempt| attempt.finished.is_none());
            let needed = step.needs.iter().filter_map(|need| ends.get(need)).max().copied();
            let from = running.map_or(needed.map_or(now, |needed| needed.max(now)), |attempt| attempt.began);
            let expected = step.expect.and_then(|expect| from.checked_add_signed(expect)).unwrap_or(from);
            overdue_steps += usize::from(running.is_some() && step.expect.is_some() && expected < now);
            let end = expected.max(now);
            ends.insert(step.id.clone(), end);
            step.forecast = Some((from, end));
        }
    }
    let end = ends.into_values().max()?.max(now);
    Some(Forecast { end, remaining: end - now, margin: rto_at.map(|rto_at| rto_at - end), unknown_steps, overdue_steps })
}

/// From the step that ends last back to the first, at each step over the prerequisite that ended, or will end, last.
fn critical_path(steps: &[StepBar]) -> Vec<StepId> {
    let end = |step: &StepBar| step.settled_at.or(step.forecast.map(|(_, end)| end));
    // Of two that end together the later one in the plan counts.
    let last = |among: &mut dyn Iterator<Item = usize>| {
        among.filter_map(|index| Some((end(&steps[index])?, index))).max().map(|(_, index)| index)
    };
    let mut path: Vec<usize> = Vec::new();
    let mut next = last(&mut (0..steps.len()));
    while let Some(index) = next {
        path.push(index);
        let needs = &steps[index].needs;
        next = last(&mut (0..steps.len()).filter(|other| needs.contains(&steps[*other].id) && !path.contains(other)));
    }
    path.into_iter().rev().map(|index| steps[index].id.clone()).collect()
}

/// When each phase, and each part of the restore phase, was really worked on.
fn work(steps: &[StepBar], now: Option<DateTime<Utc>>) -> Vec<WorkBar> {
    let groups = [
        (Phase::Restore, None),
        (Phase::Restore, Some(Part::Infrastructure)),
        (Phase::Restore, Some(Part::Data)),
        (Phase::Restore, Some(Part::Integration)),
        (Phase::FailOver, None),
    ];
    let bar = |(phase, part): (Phase, Option<Part>)| {
        let of = steps.iter().filter(|step| step.phase == phase && (part.is_none() || step.part == part));
        let attempts: Vec<&AttemptBar> = of.flat_map(|step| &step.attempts).collect();
        let from = attempts.iter().map(|attempt| attempt.confirmed_at).min()?;
        let to = attempts.iter().filter_map(|attempt| attempt.finished.or(now)).max()?.max(from);
        Some(WorkBar { phase, part, from, to, running: attempts.iter().any(|attempt| attempt.finished.is_none()) })
    };
    groups.into_iter().filter_map(bar).collect()
}
