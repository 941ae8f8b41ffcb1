//! The signals of the plan: what changed is journalled, and with it the moments that it proves.

use chrono::{DateTime, Utc};

use crate::domain::{
    Alarm, AlarmState, Evidence, EvidenceKind, Fixed, HealthEvent, Identity, Moment, SignalId, SiteName, Watched,
};
use crate::engine::Decision;
use crate::journal::{Event, SignalSeen};

use super::{Context, asked};

pub(super) fn identity(context: Context<'_>, site: &SiteName, identity: &Identity) -> Decision {
    let known = context.incident.identities.get(site);
    if context.incident.opened.is_none() || known.is_some_and(|known| known.arn == identity.arn) {
        return Decision::default();
    }
    let event = Event::IdentitySeen { site: site.clone(), identity: identity.clone() };
    Decision { events: vec![event], effects: vec![] }
}

pub(super) fn handle(context: Context<'_>, alarms: &[Alarm], health: &[HealthEvent], seen_at: DateTime<Utc>) -> Decision {
    let mut events = Vec::new();
    let mut detected = context.incident.moments.get(&Moment::Detected).map(|record| record.original.clone());
    let mut began = context.incident.moments.get(&Moment::ImpactBegan).map(|record| record.original.clone());
    let ours = |alarm: &&Alarm| context.plan.alarms.iter().any(|plan| plan.site == alarm.site && plan.name == alarm.name);
    let seen_alarms = alarms.iter().filter(ours).map(|alarm| (of_alarm(alarm, seen_at), EvidenceKind::Alarm, Some(&alarm.arn)));
    let filter = &context.plan.health;
    let seen_health = health
        .iter()
        .filter(|event| event.category == "issue" && filter.matches(event))
        .map(|event| (of_health(event, seen_at), EvidenceKind::Health, Some(&event.arn)));
    for (seen, kind, arn) in seen_alarms.chain(seen_health) {
        let known = context.incident.signals.get(&seen.signal);
        // What a condition speaks of is noted from the first sight, so that it can be weighed.
        let noted = context.incident.opened.is_some() && is_condition(context, &seen.signal);
        let news = known.map_or(noted || seen.state == AlarmState::Alarm, |known| known.last.state != seen.state);
        if !news {
            continue;
        }
        if seen.state == AlarmState::Alarm {
            note_detection(&mut events, &mut detected, &seen, kind, arn);
            note_impact(&mut events, &mut began, &seen, kind, arn);
        }
        events.push(Event::SignalSeen(seen));
    }
    // The signal first, then what it proves.
    events.sort_by_key(|event| !matches!(event, Event::SignalSeen(_)));
    if events.iter().any(|event| matches!(event, Event::SignalSeen(_))) {
        events = asked::consequences(context, events, false);
    }
    Decision { events, effects: vec![] }
}

/// Does the condition of some step ask about this signal?
fn is_condition(context: Context<'_>, signal: &SignalId) -> bool {
    let watched = match signal {
        SignalId::Alarm { site, name } => Watched::Alarm { site: site.clone(), name: name.clone() },
        SignalId::Health { .. } => Watched::Health,
    };
    context.plan.steps.iter().filter_map(|step| step.when.as_ref()).any(|when| when.asks_signal(&watched))
}

fn of_alarm(alarm: &Alarm, seen_at: DateTime<Utc>) -> SignalSeen {
    SignalSeen {
        signal: SignalId::Alarm { site: alarm.site.clone(), name: alarm.name.clone() },
        state: alarm.state.clone(),
        happened_at: alarm.transitioned_at,
        seen_at,
        impact: alarm.impact_range(),
        reason: alarm.reason.clone(),
    }
}

fn of_health(event: &HealthEvent, seen_at: DateTime<Utc>) -> SignalSeen {
    let state = if event.is_open() { AlarmState::Alarm } else { AlarmState::Ok };
    SignalSeen {
        signal: SignalId::Health { arn: event.arn.clone() },
        happened_at: if event.is_open() { event.started_at } else { event.ended_at },
        impact: event.started_at.filter(|_| event.is_open()).map(|at| (at, at)),
        // When it was first seen says nothing of when its end was.
        seen_at: event.first_seen_at.filter(|_| event.is_open()).unwrap_or(seen_at),
        state,
        reason: format!("{} {} in {}", event.service, event.type_code, event.region),
    }
}

/// Detected: the earliest transition into ALARM, or the arrival of a Health event, which is later than the time that it tells of.
fn note_detection(
    events: &mut Vec<Event>,
    detected: &mut Option<Fixed>,
    seen: &SignalSeen,
    kind: EvidenceKind,
    arn: Option<&String>,
) {
    let at = match kind {
        EvidenceKind::Health => seen.seen_at,
        _ => seen.happened_at.unwrap_or(seen.seen_at),
    };
    if detected.as_ref().is_some_and(|known| known.at <= at) {
        return;
    }
    let text = match kind {
        EvidenceKind::Health => format!("{} arrived", seen.signal),
        _ => format!("{} went to ALARM", seen.signal),
    };
    let fixed = Fixed { at, earliest: None, latest: None, evidence: Evidence { kind, text, reference: arn.cloned() } };
    *detected = Some(fixed.clone());
    events.push(Event::MomentFixed { moment: Moment::Detected, fixed });
}

/// Impact began: AWS's own word in a Health event beats what an alarm implies; within one kind the earliest.
fn note_impact(events: &mut Vec<Event>, began: &mut Option<Fixed>, seen: &SignalSeen, kind: EvidenceKind, arn: Option<&String>) {
    let Some((earliest, latest)) = seen.impact else { return };
    let better =
        began.as_ref().is_none_or(|known| kind > known.evidence.kind || (kind == known.evidence.kind && earliest < known.at));
    if !better {
        return;
    }
    let text = match kind {
        EvidenceKind::Health => format!("start time of {}", seen.signal),
        _ => format!("first breaching datapoint of {}", seen.signal),
    };
    let range = |at: DateTime<Utc>| (earliest != latest).then_some(at);
    let fixed = Fixed {
        at: earliest,
        earliest: range(earliest),
        latest: range(latest),
        evidence: Evidence { kind, text, reference: arn.cloned() },
    };
    *began = Some(fixed.clone());
    events.push(Event::MomentFixed { moment: Moment::ImpactBegan, fixed });
}
