//! What was on screen when somebody decided: one line a signal or source, and what the decision could be weighed from.

use chrono::{DateTime, Utc};

use crate::domain::Alarm;
use crate::journal::{Candidate, Choice, Expected, Weighed};
use crate::store::{Standing, State};

use super::ledger::{Ledger, decision};
use super::{format, losses, words, worst};

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
        let Some(known) = &source.data else { continue };
        let planned = state.plan.alarms.iter().filter(|plan| plan.site == *site).filter_map(|plan| known.get(&plan.name));
        let of_plan = |alarm: &Alarm| state.plan.alarms.iter().any(|plan| plan.site == alarm.site && plan.name == alarm.name);
        let others = known.standing_out().filter(|alarm| !of_plan(alarm));
        let told: Vec<Alarm> = planned.chain(others).take(ALARMS).collect();
        for alarm in &told {
            let since = alarm.transitioned_at.map(|at| format!(" since {}", format::date_time(at))).unwrap_or_default();
            lines.push(format!("alarm {} ({site}): {}{since}", alarm.name, words::of_alarm(alarm).word));
        }
        if known.len() > told.len() {
            let clear = known.count(Standing::Quiet);
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
        let what = match (&loss.point, loss.loss) {
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

/// What could be weighed: the newest usable recovery point of each resource with what it would lose, the forecast, and what either
/// decision would mean. Nobody has been asked for objections yet.
pub fn weighed(state: &State, now: DateTime<Utc>) -> Weighed {
    let losses = losses(state, now);
    let candidate = |loss: &super::Loss<'_>| Candidate {
        resource: loss.resource.name.clone(),
        recovery_point: loss.point.as_ref().map(|point| point.arn.clone()),
        data_at: loss.point.as_ref().and_then(|point| point.data_at),
        loss_secs: loss.loss.map(|loss| loss.num_seconds()),
        inside: loss.inside(state),
    };
    let ledger = Ledger::of(state, now);
    let forecast =
        ledger.forecast.map(|forecast| Expected { at: forecast.at, in_time: forecast.in_time, unknown_steps: forecast.unknown });
    Weighed {
        candidates: losses.iter().map(candidate).collect(),
        options: options(&ledger, worst(&losses), now),
        forecast,
        objections: None,
    }
}

fn options(ledger: &Ledger, worst: Option<&super::Loss<'_>>, now: DateTime<Utc>) -> Vec<Choice> {
    let mut fail_over = Vec::new();
    if let Some(forecast) = ledger.forecast {
        let verdict = if forecast.in_time { "inside" } else { "outside" };
        fail_over.push(format!("{verdict} the RTO, {} (UTC)", decision(&forecast, now)));
    }
    match worst.map(|worst| (&worst.resource.name, worst.loss)) {
        Some((name, Some(loss))) => fail_over.push(format!("loses up to {} of data ({name})", format::duration(loss))),
        Some((name, None)) => fail_over.push(format!("nothing usable to restore {name} from is known")),
        None => {}
    }
    let mut wait = Vec::new();
    if let Some(rto_at) = ledger.rto_at {
        wait.push(format!("the RTO is used up at {} UTC", format::date_time(rto_at)));
        if let Some(forecast) = ledger.forecast {
            let last = rto_at - (forecast.at - now);
            let verb = if last < now { "was" } else { "is" };
            wait.push(format!("the last moment to declare and still be in time {verb} {} UTC", format::date_time(last)));
        }
    }
    let choice = |what: &str, means: Vec<String>| Choice { what: what.to_owned(), means: means.join("; ") };
    vec![choice("fail over now", fail_over), choice("wait", wait)]
}

/// What the declaration covers beside itself, in words: it is shown before the yes.
pub fn covered(state: &State) -> Vec<String> {
    let Some(notices) = &state.plan.notices else { return Vec::new() };
    let mut lines = Vec::new();
    let when = "when it was decided, restored, failed over and recovered";
    if let Some(topic) = &notices.topic {
        lines.push(format!("Also {when}: a message to {topic}, from {}.", notices.site));
    }
    if let Some(step) = &notices.ops_item {
        lines.push(format!("Also {when}: the OpsItem of step {step} gets phase and durations as its text."));
    }
    lines
}
