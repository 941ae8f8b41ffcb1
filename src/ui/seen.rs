//! What was on screen when somebody decided: one line a signal or source, for the record of the decision.

use chrono::{DateTime, Utc};

use crate::domain::Alarm;
use crate::store::State;

use super::ledger::{Ledger, decision};
use super::{format, losses, words};

/// How many alarms of a site are named; a decision's record is read by people.
const ALARMS: usize = 50;

/// The lines. Sources that could not be read are lines too: not knowing was part of the decision.
pub fn seen(state: &State, now: DateTime<Utc>) -> Vec<String> {
    let mut lines = Vec::new();
    for (site, source) in &state.alarms {
        let (freshness, age) = words::of_source(source, now);
        if freshness.glyph != "●" {
            let age = age.map(|age| format!(" for {}", format::duration(age))).unwrap_or_default();
            lines.push(format!("alarms {site}: {}{age}", freshness.word));
        }
        let known: Vec<&Alarm> = source.data.iter().flatten().collect();
        let of_plan = |alarm: &Alarm| state.plan.alarms.iter().any(|plan| plan.site == alarm.site && plan.name == alarm.name);
        let told: Vec<&&Alarm> = known.iter().filter(|alarm| of_plan(alarm) || !alarm.is_clear()).take(ALARMS).collect();
        for alarm in &told {
            let since = alarm.transitioned_at.map(|at| format!(" since {}", format::date_time(at))).unwrap_or_default();
            lines.push(format!("alarm {} ({site}): {}{since}", alarm.name, words::of_alarm(alarm).word));
        }
        if known.len() > told.len() {
            let clear = known.iter().filter(|alarm| alarm.is_clear()).count();
            lines.push(format!("alarms {site}: {} in all, {clear} of them OK", known.len()));
        }
    }
    let (freshness, _) = words::of_source(&state.health, now);
    if freshness.glyph != "●" {
        lines.push(format!("Health: {}", freshness.word));
    }
    for event in state.health.data.iter().flatten() {
        lines.push(format!("Health {} {} in {}: {}", event.service, event.type_code, event.region, event.status));
    }
    for loss in losses(state, now) {
        let what = match (loss.point, loss.loss) {
            (Some(point), Some(lost)) => format!("{} would lose {}", point.short_id(), format::duration(lost)),
            _ => "nothing usable to restore from is known".to_owned(),
        };
        lines.push(format!("recovery point of {}: {what}", loss.resource.name));
    }
    if let Some(forecast) = Ledger::of(state, now).forecast {
        let verdict = if forecast.in_time { "inside" } else { "outside" };
        lines.push(format!("forecast: {verdict} the RTO, {}", decision(&forecast, now)));
    }
    lines
}
