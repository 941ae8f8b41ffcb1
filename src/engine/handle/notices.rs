//! What the declaration covers beside itself: a message at each phase, and the OpsItem kept current. Each is due once, when the
//! moment that ends the phase is first known.

use chrono::{DateTime, Utc};

use crate::domain::{Moment, MutatingCall, OpsItemChange, StepId, TopicMessage};
use crate::engine::{Decision, Effect};
use crate::journal::{Event, Incident, NoticeDue, Notices, Purpose, Recorded};

use super::Context;

/// The moments that are told.
const TOLD: [Moment; 4] = [Moment::Decided, Moment::Restored, Moment::FailedOver, Moment::Recovered];

/// The decision, and what of it the world is to be told.
pub(super) fn with(context: Context<'_>, mut decision: Decision) -> Decision {
    let fixed: Vec<Moment> = decision.events.iter().filter_map(first_fixed).filter(|moment| TOLD.contains(moment)).collect();
    if fixed.is_empty() || context.read_only {
        return decision;
    }
    let mut after = context.incident.clone();
    for event in &decision.events {
        let recorded =
            Recorded { seq: after.last_seq + 1, recorded_at: context.now, by: context.operator.clone(), event: event.clone() };
        after.apply(&recorded);
    }
    let Some(notices) = after.notices.clone() else { return decision };
    for moment in fixed.into_iter().filter(|moment| context.incident.moment(*moment).is_none()) {
        for (what, call) in calls(&notices, &after, moment, context.now) {
            let id = StepId::new(format!("{what}-{}", moment.name().replace(' ', "-")));
            decision.effects.push(Effect::Send { step: id.clone(), attempt: 1, purpose: Purpose::Notice });
            let (site, region) = (notices.site.clone(), notices.region.clone());
            decision.events.push(Event::NoticeDue(Box::new(NoticeDue { id, site, region, call })));
        }
    }
    decision
}

fn first_fixed(event: &Event) -> Option<Moment> {
    match event {
        Event::MomentFixed { moment, .. } => Some(*moment),
        _ => None,
    }
}

fn calls(notices: &Notices, incident: &Incident, moment: Moment, now: DateTime<Utc>) -> Vec<(&'static str, MutatingCall)> {
    let text = filled(&notices.message, incident, moment, now);
    let mut all = Vec::new();
    if let Some(topic) = &notices.topic {
        // SNS takes at most 100 characters of a subject, in one line.
        let subject: String = filled(&notices.subject, incident, moment, now).replace(['\n', '\r'], " ");
        let subject = subject.chars().filter(|c| c.is_ascii() && !c.is_ascii_control()).take(100).collect();
        let message = TopicMessage { topic_arn: topic.clone(), subject, message: text.clone() };
        all.push(("message", MutatingCall::Publish(message)));
    }
    if let Some(id) = notices.ops_item.as_ref().and_then(|step| incident.output(step, "ops_item_id")) {
        let change =
            OpsItemChange { ops_item_id: id.to_owned(), status: None, description: Some(text.chars().take(2048).collect()) };
        all.push(("ops-item", MutatingCall::UpdateOpsItem(change)));
    }
    all
}

/// The template with what is known: `${phase}`, `${at}`, `${incident}`, `${plan}`, `${mode}`, `${durations}`, `${report}`.
fn filled(template: &str, incident: &Incident, moment: Moment, now: DateTime<Utc>) -> String {
    let opened = incident.opened.as_ref();
    let id = incident.id();
    let mode = opened.map_or("", |opened| opened.mode.banner());
    let at = incident.moment(moment).unwrap_or(now);
    let values = [
        ("${phase}", moment.name().to_owned()),
        ("${at}", stamp(at)),
        ("${incident}", id.to_string()),
        ("${plan}", opened.map_or_else(String::new, |opened| opened.plan_title.clone())),
        ("${mode}", mode.to_owned()),
        ("${durations}", durations(incident)),
        ("${report}", format!("lifeboat report {id}")),
    ];
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// Each known moment with the minutes since the one before it.
fn durations(incident: &Incident) -> String {
    let known: Vec<(Moment, DateTime<Utc>)> =
        Moment::BOUNDS.into_iter().filter_map(|moment| Some((moment, incident.moment(moment)?))).collect();
    let mut before = None;
    let mut lines = Vec::new();
    for (moment, at) in known {
        let since =
            before.map_or_else(String::new, |before: DateTime<Utc>| format!(", after {} min", (at - before).num_minutes()));
        lines.push(format!("{} {}{since}", moment.name(), stamp(at)));
        before = Some(at);
    }
    lines.join("\n")
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}
