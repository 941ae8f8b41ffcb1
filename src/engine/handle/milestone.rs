//! The moments that the end of steps fixes: restored and failed over.

use chrono::{DateTime, Utc};

use crate::domain::{Evidence, EvidenceKind, Fixed, Moment, MutatingCall, Phase};
use crate::journal::{Attempt, Event, Incident, StepStatus};
use crate::plan::{Action, Check, Step};

use super::Context;

/// The events, and after them the moments that they fix; `after` is the incident with them.
pub(super) fn with(context: Context<'_>, after: &Incident, mut events: Vec<Event>) -> Vec<Event> {
    let applies = |step: &&Step| !matches!(after.status(&step.id), StepStatus::RuledOut(_));
    if after.moment(Moment::Restored).is_none() {
        let steps: Vec<&Step> = context.plan.steps.iter().filter(|step| step.phase == Phase::Restore).filter(applies).collect();
        if let Some(fixed) = last_end(after, &steps, "the last step of the restore phase") {
            events.push(Event::MomentFixed { moment: Moment::Restored, fixed });
        }
    }
    if after.moment(Moment::FailedOver).is_none() {
        let verifies = |step: &&Step| matches!(step.action, Action::Check(Check::Dns { .. } | Check::Http { .. }));
        let all: Vec<&Step> = context.plan.steps.iter().filter(|step| step.phase == Phase::FailOver).filter(applies).collect();
        let checks: Vec<&Step> = all.iter().copied().filter(verifies).collect();
        let fixed = if checks.is_empty() {
            last_end(after, &all, "the last step of the fail over phase, which verifies no traffic")
        } else {
            last_end(after, &checks, "the last check of the traffic")
        };
        if let Some(fixed) = fixed {
            events.push(Event::MomentFixed { moment: Moment::FailedOver, fixed });
        }
    }
    events
}

/// The latest end of these steps, once all are settled and at least one of them ended well.
fn last_end(incident: &Incident, steps: &[&Step], what: &str) -> Option<Fixed> {
    let mut latest: Option<(DateTime<Utc>, String)> = None;
    let mut skipped = Vec::new();
    for step in steps {
        let record = incident.steps.get(&step.id)?;
        match &record.status {
            StepStatus::Done => {
                // "Available" is not "recovered": the clock runs on until what the step left to be done is done.
                if record.tail().next().is_some() {
                    return None;
                }
                let settled = record.tail_settled.iter().map(|(_, at, _)| *at);
                let at = settled.chain(record.last()?.finished()).max()?;
                if latest.as_ref().is_none_or(|(end, _)| at >= *end) {
                    latest = Some((at, step.id.to_string()));
                }
            }
            StepStatus::Skipped(_) => skipped.push(step.id.as_str()),
            _ => return None,
        }
    }
    let (at, step) = latest?;
    let mut text = format!("{what}, {step}, ended well");
    if !skipped.is_empty() {
        text.push_str(&format!("; skipped: {}", skipped.join(", ")));
    }
    let attempt = incident.steps.get(&step.as_str().into()).and_then(|record| record.last());
    let answered = attempt.and_then(|attempt| attempt.answered.as_ref());
    // What can be followed, else the request that proves it.
    let reference = answered.and_then(|answered| {
        Some(answered.handle.clone()).filter(|handle| !handle.is_empty()).or_else(|| answered.request_id.clone())
    });
    Some(Fixed { at, earliest: None, latest: None, evidence: Evidence { kind: kind(attempt), text, reference } })
}

/// Whose record the end of an attempt is: AWS's own, where it gave the time of it.
fn kind(attempt: Option<&Attempt>) -> EvidenceKind {
    let timed = attempt.filter(|attempt| attempt.ended.as_ref().is_some_and(|end| end.aws_at.is_some()));
    match timed.and_then(|attempt| attempt.confirmed.call.as_ref()) {
        Some(MutatingCall::ChangeResourceRecordSets(_)) => EvidenceKind::Change,
        Some(_) => EvidenceKind::Job,
        None => EvidenceKind::Step,
    }
}
