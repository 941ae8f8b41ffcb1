//! What began together: alarms and Health events of one time, by Region and service, so that one cause looks like one.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Alarm, AlarmState, HealthEvent, Region};
use crate::store::{Rows, State};
use crate::ui::widgets::Doc;
use crate::ui::{Role, format, words};

/// What began this much earlier or later began together: alarms need some periods, and AWS rounds its starts to minutes.
const WINDOW: TimeDelta = TimeDelta::minutes(10);

/// Alarms, and whether they are of the service that is asked about.
type Alarms = Vec<(Alarm, bool)>;
/// Health events, and whether they are of the service that is asked about.
type Events<'a> = Vec<(&'a HealthEvent, bool)>;

/// When the fault behind an alarm began, as well as it is known.
fn beginning(alarm: &Alarm) -> Option<DateTime<Utc>> {
    alarm.impact_range().map(|(from, _)| from).or(alarm.transitioned_at)
}

fn region_of<'a>(alarm: &Alarm, state: &'a State) -> Option<&'a Region> {
    state.plan.site(&alarm.site).map(|site| &site.region)
}

/// AWS Health's name of the service whose metrics a namespace holds; empty for metrics of one's own.
fn service_of(alarm: &Alarm) -> String {
    let namespace = alarm.metric.as_ref().map_or("", |metric| metric.namespace.as_str());
    let service = namespace.strip_prefix("AWS/").unwrap_or_default().to_uppercase();
    match service.as_str() {
        "APPLICATIONELB" | "NETWORKELB" | "ELB" => "ELASTICLOADBALANCING".to_owned(),
        "APIGATEWAY" => "APIGATEWAY".to_owned(),
        "STATES" => "STATES".to_owned(),
        _ => service,
    }
}

/// The other alarms in ALARM and the open events that began within [`WINDOW`] of `at` in `region`: those of `service` first.
fn others<'a>(state: &'a State, at: DateTime<Utc>, region: &Region, service: &str) -> (Alarms, Events<'a>) {
    let near = |began: Option<DateTime<Utc>>| began.is_some_and(|began| (began - at).abs() <= WINDOW);
    let alarms = state.alarms.values().filter_map(|source| source.data.as_ref()).flat_map(Rows::standing_out);
    let alarms = alarms.filter(|alarm| alarm.state == AlarmState::Alarm && near(beginning(alarm)));
    let alarms = alarms.filter(|alarm| region_of(alarm, state) == Some(region));
    let same = |alarm: &Alarm| !service.is_empty() && service_of(alarm) == service;
    let mut alarms: Alarms = alarms.map(|alarm| (same(&alarm), alarm)).map(|(same, alarm)| (alarm, same)).collect();
    alarms.sort_by_cached_key(|(alarm, same)| (!same, beginning(alarm), alarm.name.clone()));
    let events = state.health.data.iter().flatten().filter(|event| event.is_open() && near(event.started_at));
    let events = events.filter(|event| event.region == *region || event.region.as_str() == "global");
    let mut events: Vec<(&HealthEvent, bool)> = events.map(|event| (event, event.service == service)).collect();
    events.sort_by_key(|(event, same)| (!same, event.started_at, &event.arn));
    (alarms, events)
}

/// What began together with an alarm, added to what is said about it.
pub fn with_alarm(alarm: &Alarm, state: &State, now: DateTime<Utc>, doc: &mut Doc) {
    let (Some(at), Some(region)) = (beginning(alarm), region_of(alarm, state)) else { return };
    if alarm.state != AlarmState::Alarm {
        return;
    }
    let (alarms, events) = others(state, at, region, &service_of(alarm));
    let alarms: Vec<_> =
        alarms.into_iter().filter(|(other, _)| (&other.site, &other.name) != (&alarm.site, &alarm.name)).collect();
    tell(region, &alarms, &events, now, doc);
}

/// What began together with a Health event.
pub fn with_event(event: &HealthEvent, state: &State, now: DateTime<Utc>, doc: &mut Doc) {
    let Some(at) = event.started_at else { return };
    let (alarms, events) = others(state, at, &event.region, &event.service);
    let events: Vec<_> = events.into_iter().filter(|(other, _)| other.arn != event.arn).collect();
    tell(&event.region, &alarms, &events, now, doc);
}

fn tell(region: &Region, alarms: &[(Alarm, bool)], events: &[(&HealthEvent, bool)], now: DateTime<Utc>, doc: &mut Doc) {
    if alarms.is_empty() && events.is_empty() {
        return;
    }
    doc.heading(&format!("Began together with it in {region}"));
    let role = |same: bool| if same { Role::Heading } else { Role::Text };
    let since = |at: Option<DateTime<Utc>>| at.map_or_else(|| "unknown".to_owned(), |at| format::moment(at, now));
    for (event, same) in events {
        let word = words::of_health(event);
        let text = format!("{}  {} {} in {}", since(event.started_at), event.service, event.type_code, event.region);
        doc.item(&format!("{} AWS Health", word.glyph), word.role, role(*same), &text);
    }
    for (alarm, same) in alarms {
        let word = words::of_alarm(alarm);
        let text = format!("{}  {} ({})", since(beginning(alarm)), alarm.name, alarm.site);
        doc.item(&format!("{} alarm", word.glyph), word.role, role(*same), &text);
    }
}
