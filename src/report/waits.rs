//! What the recovery time was spent on: work, told apart from the kinds of waiting, for each of the four durations. The parts of a
//! duration add up to it, whatever overlapped: each second counts once, as the first of these that holds for any step: work, waiting
//! for AWS, for a retry, for a person; or nothing that is known.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::domain::Phase;

use super::{StepBar, Timeline};

/// What one of the four durations was spent on, in whole seconds that add up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Spent {
    /// Which duration.
    pub phase: Phase,
    /// A step was worked on.
    pub work_secs: i64,
    /// A confirmed call had not begun at AWS.
    pub aws_secs: i64,
    /// A failed step waited to be tried again, or skipped.
    pub retry_secs: i64,
    /// Something waited for a person: a step that could begin; the signals, to be noticed; the decision, to be made.
    pub person_secs: i64,
    /// Nothing that is known: before the detection, or no step was ready.
    pub unknown_secs: i64,
}

impl Spent {
    /// All of it.
    pub fn total(&self) -> i64 {
        self.work_secs + self.aws_secs + self.retry_secs + self.person_secs + self.unknown_secs
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Work,
    Aws,
    Retry,
    Person,
}

/// What each duration that has begun was spent on.
pub fn spent(timeline: &Timeline) -> Vec<Spent> {
    let intervals = intervals(timeline);
    let of = |span: &super::Span| {
        let (from, to) = span.from.zip(span.to)?;
        let mut spent = Spent { phase: span.phase, work_secs: 0, aws_secs: 0, retry_secs: 0, person_secs: 0, unknown_secs: 0 };
        match span.phase {
            Phase::Detect => spent.unknown_secs = (to - from).num_seconds(),
            Phase::Decide => spent.person_secs = (to - from).num_seconds(),
            Phase::Restore | Phase::FailOver => sweep(&mut spent, from, to, &intervals),
        }
        Some(spent)
    };
    timeline.durations.spans.iter().filter_map(of).collect()
}

/// Every second of the span, counted once.
fn sweep(spent: &mut Spent, from: DateTime<Utc>, to: DateTime<Utc>, intervals: &[(DateTime<Utc>, DateTime<Utc>, Kind)]) {
    let inside = intervals.iter().filter_map(|(begin, end, kind)| {
        let (begin, end) = ((*begin).max(from), (*end).min(to));
        (begin < end).then_some((begin, end, *kind))
    });
    // +1 and -1 for each kind, at the times where one begins or ends.
    let mut edges: Vec<(DateTime<Utc>, Kind, i32)> =
        inside.flat_map(|(begin, end, kind)| [(begin, kind, 1), (end, kind, -1)]).collect();
    edges.sort();
    let mut open = [0_i32; 4];
    let mut at = from;
    let mut edges = edges.into_iter().peekable();
    while at < to {
        while let Some((_, kind, step)) = edges.next_if(|(edge, ..)| *edge <= at) {
            open[kind as usize] += step;
        }
        let next = edges.peek().map_or(to, |(edge, ..)| *edge);
        let secs = (next - at).num_seconds();
        let bucket = match open.iter().position(|count| *count > 0) {
            Some(0) => &mut spent.work_secs,
            Some(1) => &mut spent.aws_secs,
            Some(2) => &mut spent.retry_secs,
            Some(_) => &mut spent.person_secs,
            None => &mut spent.unknown_secs,
        };
        *bucket += secs;
        at = next;
    }
}

/// When which step was worked on or waited, in whole seconds.
fn intervals(timeline: &Timeline) -> Vec<(DateTime<Utc>, DateTime<Utc>, Kind)> {
    use chrono::SubsecRound;
    let mut all = Vec::new();
    for step in &timeline.steps {
        of_step(step, timeline.now, &mut |from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>, kind| {
            all.extend(from.zip(to).map(|(from, to)| (from.trunc_subsecs(0), to.trunc_subsecs(0), kind)));
        });
    }
    all
}

fn of_step(step: &StepBar, now: Option<DateTime<Utc>>, add: &mut impl FnMut(Option<DateTime<Utc>>, Option<DateTime<Utc>>, Kind)) {
    let mut idle = step.ready_at;
    for attempt in &step.attempts {
        let kind = if attempt.number > 1 { Kind::Retry } else { Kind::Person };
        add(attempt.waits_from, Some(attempt.confirmed_at), kind);
        add(Some(attempt.confirmed_at), Some(attempt.began), Kind::Aws);
        add(Some(attempt.began), attempt.finished.or(now), Kind::Work);
        idle = attempt.finished;
    }
    let kind = if step.attempts.is_empty() { Kind::Person } else { Kind::Retry };
    add(step.waiting_since, now, kind);
    if step.skipped() {
        add(idle, step.settled_at, kind);
    }
}

/// What one step waited for, added up over its attempts: for a person, for a retry, for AWS.
pub fn waits(step: &StepBar, now: Option<DateTime<Utc>>) -> (TimeDelta, TimeDelta, TimeDelta) {
    let (mut person, mut retry, mut aws) = (TimeDelta::zero(), TimeDelta::zero(), TimeDelta::zero());
    of_step(step, now, &mut |from, to, kind| {
        let length = from.zip(to).map_or(TimeDelta::zero(), |(from, to)| (to - from).max(TimeDelta::zero()));
        match kind {
            Kind::Person => person += length,
            Kind::Retry => retry += length,
            Kind::Aws => aws += length,
            Kind::Work => {}
        }
    });
    (person, retry, aws)
}
