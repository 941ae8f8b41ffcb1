//! The four durations, which always add up to the recovery time, and the data loss.
//!
//! Five moments bound four durations, and any of them may be unknown, or have been corrected into an odd order. The rules, each
//! of which leaves a doubt with its reason:
//! - The recovery time lies between the first and the last bound; nothing in between can change it.
//! - A moment that is not known, while a later one is, counts as that later one: the latest that it can have been. So a failover
//!   that was declared without any signal is all detection time, and a recovery without a known beginning is counted from the
//!   first moment that is known.
//! - A moment that lies before its predecessor counts as at its predecessor; one that lies after the failover was verified counts
//!   as at that: no duration is negative.
//! - Moments count in whole seconds, as they are written: so the written durations add up to the second.
//! - After the last known moment the next phase is running: it grows with `now`, or stops when the incident is closed.
//!
//! Knows the journal's fold; must not know the cloud, the screen, nor how a duration is written.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde::Serialize;

use crate::domain::{Moment, MutatingCall, Phase, StepId};
use crate::journal::{Attempt, Ended, Incident};

/// The recovery time and its four parts; the data loss; what is doubtful about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Durations {
    /// Detect, decide, restore, fail over.
    pub spans: [Span; 4],
    /// From the first bound to the last, or to now; exactly the sum of the spans. `None` while no moment is known.
    pub recovery_time: Option<TimeDelta>,
    /// The shortest and longest recovery time that the evidence allows, where the evidence of its bounds is a range.
    pub recovery_range: Option<(TimeDelta, TimeDelta)>,
    /// Is it still growing?
    pub running: bool,
    /// Recovery time objective.
    pub rto: TimeDelta,
    /// The recovery time against it.
    pub rto_verdict: Measured,
    /// Recovery point objective.
    pub rpo: TimeDelta,
    /// The worst data loss against it.
    pub rpo_verdict: Measured,
    /// One for each restored thing whose data has a known age, in the order of the plan.
    pub data_loss: Vec<DataLoss>,
    /// The largest data loss.
    pub worst: Option<TimeDelta>,
    /// What is odd or not known about the moments, in sentences.
    pub doubts: Vec<String>,
}

/// One of the four durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Which.
    pub phase: Phase,
    /// Where it begins; `None` if it has not begun.
    pub from: Option<DateTime<Utc>>,
    /// Where it ends, or how far it has come if it is running; never before `from`.
    pub to: Option<DateTime<Utc>>,
    /// Does it still grow?
    pub running: bool,
}

impl Span {
    /// How long it is; zero if it has not begun.
    pub fn length(&self) -> TimeDelta {
        self.from.zip(self.to).map_or(TimeDelta::zero(), |(from, to)| to - from)
    }
}

/// Something measured against its objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measured {
    /// Within it, for good.
    Met,
    /// Beyond it.
    Missed,
    /// Within it so far.
    Open,
    /// There is nothing to measure.
    Unknown,
}

impl Measured {
    /// The words in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Open => "not missed so far",
            Self::Unknown => "not known",
        }
    }
}

/// What one restored thing lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataLoss {
    /// What was restored: its type and what it is called now, or the step's title.
    pub resource: String,
    /// The moment that the restored data is of.
    pub data_at: DateTime<Utc>,
    /// From there to the beginning of the impact; zero if the data is younger. `None` while that is not known.
    pub loss: Option<TimeDelta>,
    /// The step that restored it.
    pub step: StepId,
}

impl Durations {
    /// The durations as of `now`; as of the last event if there is no now. After the incident is closed nothing grows.
    pub fn of(incident: &Incident, now: Option<DateTime<Utc>>) -> Self {
        let (rto, rpo) = objectives(incident);
        let closed = incident.closed.as_ref().map(|(at, _)| *at);
        let mut doubts = Vec::new();
        let bounds = bounds(incident, &mut doubts);
        let spans = spans(&bounds, closed.or(now).or(incident.last_at), closed.is_some());
        let recovery_time = bounds[0].map(|_| spans.iter().fold(TimeDelta::zero(), |sum, span| sum + span.length()));
        let complete = bounds[4].is_some();
        // Decided against, and closed: nothing was left half done.
        let waited_out = !incident.is_declared() && !incident.decisions.is_empty();
        if let (false, Some(running), Some(at)) = (complete || waited_out, bounds.iter().rposition(Option::is_some), closed) {
            let phase = Phase::ALL[running.min(3)].name();
            doubts.push(format!("The incident was closed at {} while phase {phase} had not ended.", stamp(at)));
        }
        let rto_verdict = match recovery_time {
            None => Measured::Unknown,
            Some(time) if time > rto => Measured::Missed,
            Some(_) if complete => Measured::Met,
            // Waited out within the objective: nothing was recovered, so nothing is measured.
            Some(_) if closed.is_some() && !incident.is_declared() => Measured::Unknown,
            Some(_) if closed.is_some() => Measured::Missed,
            Some(_) => Measured::Open,
        };
        let data_loss = data_loss(incident, &mut doubts);
        let worst = data_loss.iter().filter_map(|one| one.loss).max();
        let rpo_verdict = match worst {
            None => Measured::Unknown,
            Some(worst) if worst > rpo => Measured::Missed,
            Some(_) if complete => Measured::Met,
            Some(_) => Measured::Open,
        };
        Self {
            running: spans.iter().any(|span| span.running),
            recovery_range: recovery_range(incident),
            spans,
            recovery_time,
            rto,
            rto_verdict,
            rpo,
            rpo_verdict,
            data_loss,
            worst,
            doubts,
        }
    }
}

/// The objectives in the journal; zero before it is opened.
fn objectives(incident: &Incident) -> (TimeDelta, TimeDelta) {
    // An objective beyond all reason is one that is never missed.
    let span = |secs: u64| i64::try_from(secs).ok().and_then(TimeDelta::try_seconds).unwrap_or(TimeDelta::MAX);
    incident
        .opened
        .as_ref()
        .map_or((TimeDelta::zero(), TimeDelta::zero()), |opened| (span(opened.rto_secs), span(opened.rpo_secs)))
}

/// Where the five moments count, in order and never going back; `None` for those that are still to come.
fn bounds(incident: &Incident, doubts: &mut Vec<String>) -> [Option<DateTime<Utc>>; 5] {
    let known = Moment::BOUNDS.map(|moment| incident.moment(moment).map(whole));
    let Some(first) = known.iter().position(Option::is_some) else { return [None; 5] };
    // The end is never before the beginning, and nothing in between is after it.
    let end = known[4].map(|end| known[first].map_or(end, |begin| end.max(begin)));
    let mut bounds = [None; 5];
    let mut before: Option<(Moment, DateTime<Utc>)> = None;
    for (index, moment) in Moment::BOUNDS.into_iter().enumerate() {
        let Some(later) = (index..5).find(|later| known[*later].is_some()) else { break };
        let Some(at) = known[later] else { break };
        if later > index {
            doubts.push(unknown(moment, Moment::BOUNDS[later], at));
        }
        let mut counted = at;
        if let Some((previous, bound)) = before.filter(|(_, bound)| at < *bound) {
            counted = bound;
            if later == index {
                doubts.push(out_of_order(moment, at, "before", previous, bound));
            }
        }
        if let Some(end) = end.filter(|end| counted > *end && index < 4) {
            if later == index {
                doubts.push(out_of_order(moment, counted, "after", Moment::FailedOver, end));
            }
            counted = end;
        }
        bounds[index] = Some(counted);
        before = Some((moment, counted));
    }
    bounds
}

fn whole(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(0)
}

fn unknown(moment: Moment, later: Moment, at: DateTime<Utc>) -> String {
    let name = moment.name();
    match moment {
        Moment::ImpactBegan => {
            format!("When the impact began is not known: the recovery time counts from {:?} at {}.", later.name(), stamp(at))
        }
        Moment::Detected => format!(
            "No signal and nobody told when it was {name}: all time up to {:?} at {} counts as detection.",
            later.name(),
            stamp(at)
        ),
        _ => format!("When it was {name} is not known: it counts as at {:?}, {}.", later.name(), stamp(at)),
    }
}

fn out_of_order(moment: Moment, at: DateTime<Utc>, side: &str, other: Moment, bound: DateTime<Utc>) -> String {
    let (moment, other) = (moment.name(), other.name());
    format!("{moment:?} at {} lies {side} {other:?} and counts as at {}.", stamp(at), stamp(bound))
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The spans between the bounds; the first one that has no end is running until `now`.
fn spans(bounds: &[Option<DateTime<Utc>>; 5], now: Option<DateTime<Utc>>, closed: bool) -> [Span; 4] {
    std::array::from_fn(|index| {
        let (from, end) = (bounds[index], bounds[index + 1]);
        let to = end.or_else(|| from.map(|from| now.map_or(from, |now| whole(now).max(from))));
        Span { phase: Phase::ALL[index], from, to, running: from.is_some() && end.is_none() && !closed }
    })
}

/// How short and how long the recovery time may have been, if both ends are known and one of them is a range.
fn recovery_range(incident: &Incident) -> Option<(TimeDelta, TimeDelta)> {
    let fixed = |moment| incident.moments.get(&moment).map(|record| &record.fixed);
    let (begin, end) = (fixed(Moment::ImpactBegan)?, fixed(Moment::FailedOver)?);
    [begin.earliest, begin.latest, end.earliest, end.latest].iter().any(Option::is_some).then(|| {
        let shortest = end.earliest.unwrap_or(end.at) - begin.latest.unwrap_or(begin.at);
        let longest = end.latest.unwrap_or(end.at) - begin.earliest.unwrap_or(begin.at);
        (shortest.max(TimeDelta::zero()), longest.max(TimeDelta::zero()))
    })
}

/// What was restored from which moment, in the order of the plan.
fn data_loss(incident: &Incident, doubts: &mut Vec<String>) -> Vec<DataLoss> {
    let impact = incident.moment(Moment::ImpactBegan);
    let planned = incident.opened.iter().flat_map(|opened| &opened.steps);
    let restored = planned.filter_map(|step| {
        let attempt = incident.steps.get(&step.id)?.last()?;
        let end = attempt.ended.as_ref().filter(|end| end.ended == Ended::Done)?;
        Some((step, attempt, end.data_at?))
    });
    let mut losses = Vec::new();
    for (step, attempt, data_at) in restored {
        let resource = restored_thing(attempt).unwrap_or_else(|| step.title.clone());
        let loss = impact.map(|impact| impact - data_at);
        if loss.is_some_and(|loss| loss < TimeDelta::zero()) {
            let at = stamp(data_at);
            doubts.push(format!("{resource} was restored to {at}, after the impact began: it may hold the damage as well."));
        }
        losses.push(DataLoss { resource, data_at, loss: loss.map(|loss| loss.max(TimeDelta::zero())), step: step.id.clone() });
    }
    losses
}

/// AWS Backup's type of what was restored, and what it is called now.
fn restored_thing(attempt: &Attempt) -> Option<String> {
    let Some(MutatingCall::StartRestoreJob(start)) = &attempt.confirmed.call else { return None };
    let outputs = &attempt.ended.as_ref()?.outputs;
    let id = outputs.get("created_resource_id").or(outputs.get("created_resource_arn"))?;
    Some(format!("{} {id}", start.resource_type))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Evidence, EvidenceKind, Fixed, Operator};
    use crate::journal::{Event, Recorded};

    fn at(secs: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_773_457_200 + secs, 0).unwrap()
    }

    fn fixed(secs: i64) -> Fixed {
        let evidence = Evidence { kind: EvidenceKind::Person, text: "ann".into(), reference: None };
        Fixed { at: at(secs), earliest: None, latest: None, evidence }
    }

    fn incident(moments: &[(Moment, i64)]) -> Incident {
        let events = moments.iter().map(|(moment, secs)| Event::MomentFixed { moment: *moment, fixed: fixed(*secs) });
        recorded(events.collect())
    }

    fn recorded(events: Vec<Event>) -> Incident {
        let record = |(seq, event)| Recorded { seq, recorded_at: at(10_000), by: Operator::new("ann"), event };
        Incident::of(&(1..).zip(events).map(record).collect::<Vec<_>>())
    }

    fn secs(durations: &Durations) -> [i64; 4] {
        durations.spans.map(|span| span.length().num_seconds())
    }

    use Moment::{Decided, Detected, FailedOver, ImpactBegan, Restored};

    #[test]
    fn the_four_durations_lie_between_the_five_moments() {
        let incident = incident(&[(ImpactBegan, 0), (Detected, 60), (Decided, 300), (Restored, 1000), (FailedOver, 1500)]);
        let durations = Durations::of(&incident, Some(at(9000)));
        assert_eq!(secs(&durations), [60, 240, 700, 500]);
        assert_eq!(durations.recovery_time, Some(TimeDelta::seconds(1500)));
        assert!(!durations.running && durations.doubts.is_empty());
    }

    #[test]
    fn written_durations_add_up_to_the_second_whatever_the_fractions_were() {
        let moments = [(ImpactBegan, 0), (Detected, 60), (Decided, 300), (Restored, 1000), (FailedOver, 1500)];
        let event = |(index, (moment, secs)): (i64, (Moment, i64))| {
            let at = at(secs) + TimeDelta::milliseconds(350 * index % 1000);
            Event::MomentFixed { moment, fixed: Fixed { at, ..fixed(secs) } }
        };
        let durations = Durations::of(&recorded((0..).zip(moments).map(event).collect()), None);
        let written: i64 = secs(&durations).iter().sum();
        assert_eq!(Some(written), durations.recovery_time.map(|time| time.num_seconds()));
        assert_eq!(written, 1500);
    }

    #[test]
    fn a_running_phase_grows_with_now_and_later_ones_have_not_begun() {
        let incident = incident(&[(ImpactBegan, 0), (Detected, 60)]);
        for now in [100, 200] {
            let durations = Durations::of(&incident, Some(at(now)));
            assert_eq!(secs(&durations), [60, now - 60, 0, 0]);
            assert!(durations.spans[1].running && durations.spans[2].from.is_none());
            assert_eq!(durations.recovery_time, Some(TimeDelta::seconds(now)));
        }
        // AWS's clock may be ahead of ours: a phase never shrinks below nothing.
        assert_eq!(secs(&Durations::of(&incident, Some(at(30)))), [60, 0, 0, 0]);
    }

    #[test]
    fn before_any_moment_is_known_there_is_no_recovery_time() {
        let durations = Durations::of(&incident(&[]), Some(at(5)));
        assert_eq!((durations.recovery_time, durations.rto_verdict, durations.running), (None, Measured::Unknown, false));
    }

    #[test]
    fn a_failover_declared_without_a_signal_is_all_detection_and_doubtful() {
        let durations = Durations::of(&incident(&[(ImpactBegan, 0), (Decided, 300), (Restored, 400)]), Some(at(500)));
        assert_eq!(secs(&durations), [300, 0, 100, 100]);
        assert_eq!(durations.doubts.len(), 1);
        assert!(durations.doubts[0].contains("counts as detection"), "{}", durations.doubts[0]);
    }

    #[test]
    fn an_unknown_beginning_counts_from_the_first_moment_that_is_known() {
        let durations = Durations::of(&incident(&[(Detected, 60), (Decided, 100)]), Some(at(160)));
        assert_eq!(secs(&durations), [0, 40, 60, 0]);
        assert!(durations.doubts[0].contains("counts from \"detected\""), "{}", durations.doubts[0]);
    }

    #[test]
    fn a_moment_before_its_predecessor_counts_as_at_it() {
        let moments = [(ImpactBegan, 100), (Detected, 60), (Decided, 300), (Restored, 400), (FailedOver, 500)];
        let durations = Durations::of(&incident(&moments), None);
        assert_eq!(secs(&durations), [0, 200, 100, 100]);
        assert!(durations.doubts[0].contains("before \"impact began\""), "{}", durations.doubts[0]);
    }

    #[test]
    fn a_restore_that_ended_after_the_failover_was_verified_does_not_lengthen_the_recovery() {
        let moments = [(ImpactBegan, 0), (Detected, 60), (Decided, 300), (Restored, 900), (FailedOver, 500)];
        let durations = Durations::of(&incident(&moments), None);
        assert_eq!(secs(&durations), [60, 240, 200, 0]);
        assert!(durations.doubts[0].contains("after \"failed over\""), "{}", durations.doubts[0]);
    }

    #[test]
    fn an_incident_closed_before_it_was_failed_over_stops_growing_and_missed_its_objective() {
        let events = vec![
            Event::MomentFixed { moment: ImpactBegan, fixed: fixed(0) },
            Event::IncidentClosed { reason: "the Region came back".into() },
        ];
        let durations = Durations::of(&recorded(events), Some(at(99_999)));
        assert_eq!(secs(&durations), [10_000, 0, 0, 0]);
        assert!(!durations.running && durations.rto_verdict == Measured::Missed);
        assert!(durations.doubts[0].contains("while phase detect"), "{}", durations.doubts[0]);
    }

    proptest! {
        #[test]
        fn the_durations_add_up_for_any_order_of_moments_and_corrections(
            said in proptest::collection::vec((0usize..5, -5000i64..5000, any::<bool>()), 0..12),
            now in proptest::option::of(-6000i64..6000),
            closes in any::<bool>(),
        ) {
            let mut events: Vec<Event> = said.iter().map(|(index, secs, corrected)| {
                let (moment, fixed) = (Moment::BOUNDS[*index], fixed(*secs));
                if *corrected {
                    Event::MomentCorrected { moment, fixed, reason: "looked again".into() }
                } else {
                    Event::MomentFixed { moment, fixed }
                }
            }).collect();
            if closes {
                events.push(Event::IncidentClosed { reason: "over".into() });
            }
            let incident = recorded(events);
            let durations = Durations::of(&incident, now.map(at));
            let lengths = durations.spans.map(|span| span.length());
            prop_assert!(lengths.iter().all(|length| *length >= TimeDelta::zero()));
            let sum = lengths.iter().fold(TimeDelta::zero(), |sum, length| sum + *length);
            prop_assert_eq!(durations.recovery_time.unwrap_or_default(), sum);
            // Each span begins where the one before it ends, and at most one runs.
            for pair in durations.spans.windows(2) {
                prop_assert!(pair[1].from.is_none() || pair[1].from == pair[0].to);
            }
            prop_assert!(durations.spans.iter().filter(|span| span.running).count() <= 1);
            if let (Some(begin), Some(end)) = (incident.moment(ImpactBegan), incident.moment(FailedOver)) {
                prop_assert_eq!(sum, (end - begin).max(TimeDelta::zero()));
            }
        }
    }
}
