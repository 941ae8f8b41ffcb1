//! What there is, in lines: the answers to `status`, `alarms`, `health`, `points`, `steps` and `help`.

use chrono::{DateTime, Utc};

use super::VERBS;
use super::news::of_source;
use crate::domain::{Moment, Usable};
use crate::store::{Rows, Standing, State};
use crate::ui::ledger::{Ledger, decision};
use crate::ui::{format, losses, words, worst};

/// What is said when the console opens.
pub(super) fn welcome(state: &State) -> Vec<String> {
    let plan = &state.plan;
    let mut lines = vec![format!("{} {}: {}", state.mode.banner(), plan.name, plan.title)];
    lines.extend(sites(state));
    if state.read_only {
        lines.push("This console is read-only: it cannot change anything.".to_owned());
    }
    if let Some(exercise) = &state.exercise {
        lines.push(format!("Scenario {}: {}", exercise.scenario, exercise.title));
        lines.extend(exercise.goals.iter().map(|goal| format!("  goal: {goal}")));
    }
    if !state.events.is_empty() {
        let count = format::count(state.events.len(), "event", "events");
        lines.push(format!("Incident {} goes on: {count} in its journal; status says where it is.", state.incident.id()));
    }
    if state.plan.variables.values().any(|variable| variable.default.is_none()) {
        lines.push("The plan has to know something: asked lists it.".to_owned());
    }
    lines.push(match state.exercise {
        Some(_) if state.incident.exercise_started_at.is_none() => {
            "The clock stands still: start begins the exercise. help lists the commands.".to_owned()
        }
        _ => "help lists the commands. All times are UTC.".to_owned(),
    });
    lines
}

fn sites(state: &State) -> Vec<String> {
    let mut lines = Vec::new();
    for site in state.plan.sites.values() {
        let who = match state.identities.get(&site.name).and_then(|source| source.data.as_ref()) {
            Some(identity) if identity.account == site.account => format!("as {}", identity.arn),
            Some(identity) => format!("WRONG ACCOUNT: AWS says we are {}", identity.arn),
            None => "AWS has not said yet who we are there".to_owned(),
        };
        lines.push(format!("  {}: account {} in {}, {who}", site.name, site.account, site.region));
    }
    lines
}

pub(super) fn help() -> Vec<String> {
    VERBS.iter().map(|verb| format!("{}: {}", verb.usage(), verb.about)).collect()
}

pub(super) fn status(state: &State, now: DateTime<Utc>) -> Vec<String> {
    let plan = &state.plan;
    let mut lines = vec![format!("{} {}: {} at {} UTC", state.mode.banner(), plan.name, plan.title, format::date_time(now))];
    lines.extend(sites(state));
    let ledger = Ledger::of(state, now);
    for moment in Moment::ALL {
        if let Some(at) = state.incident.moment(moment) {
            lines.push(format!("  {}: {} UTC", moment.name(), format::date_time(at)));
        }
    }
    let objective = format::objective(plan.objectives.rto);
    match ledger.elapsed {
        Some(elapsed) => {
            let over = if ledger.rto_at.is_some_and(|at| now > at) && !ledger.is_over { ", OVER the RTO" } else { "" };
            lines.push(format!("  recovery time: {} of RTO {objective}{over}", format::duration(elapsed)));
        }
        None => lines.push(format!("  recovery time: no impact is known; RTO {objective}")),
    }
    if let Some(forecast) = ledger.forecast {
        let word = if forecast.in_time { "inside" } else { "OUTSIDE" };
        lines.push(format!("  forecast: {word} the RTO, {}; times are UTC", decision(&forecast, now)));
    }
    let losses = losses(state, now);
    let objective = format::objective(plan.objectives.rpo);
    match worst(&losses) {
        Some(loss) => {
            let lost = loss.loss.map_or("unknown".to_owned(), format::duration);
            let word = words::of_inside(loss.inside(state)).word;
            lines.push(format!("  data loss, worst: {lost} ({}), {word} RPO {objective}", loss.resource.name));
        }
        None => lines.push(format!("  data loss: the plan names no resource; RPO {objective}")),
    }
    lines.extend(sources(state, now));
    let (done, all) = (plan.steps.iter().filter(|step| settled(state, step)).count(), plan.steps.len());
    lines.push(format!("  steps: {done} of {all} over"));
    lines.extend(state.incident.running().map(|(step, _)| format!("  running: {step}")));
    if let Some((at, words)) = &state.incident.closed {
        lines.push(format!("  closed {} UTC: {words}", format::date_time(*at)));
    }
    if let Some(problem) = &state.journal_problem {
        lines.push(format!("  THE JOURNAL CANNOT BE WRITTEN, nothing can be confirmed: {problem}"));
    }
    lines
}

fn settled(state: &State, step: &crate::plan::Step) -> bool {
    state.incident.steps.get(&step.id).is_some_and(|record| record.is_settled())
}

fn sources(state: &State, now: DateTime<Utc>) -> Vec<String> {
    let mut lines = Vec::new();
    for (site, source) in &state.alarms {
        lines.push(format!("  alarms of {site}: {}", of_source(source, now).1));
    }
    lines.push(format!("  AWS Health: {}", of_source(&state.health, now).1));
    for (site, source) in &state.recovery_points {
        lines.push(format!("  recovery points of {site}: {}", of_source(source, now).1));
    }
    lines
}

pub(super) fn alarms(state: &State, now: DateTime<Utc>) -> Vec<String> {
    let mut lines = Vec::new();
    for (site, source) in &state.alarms {
        let (all, clear) = source.data.as_ref().map_or((0, 0), |all| (all.len(), all.count(Standing::Quiet)));
        // Silence is not an all-clear: the source's own state comes first.
        lines.push(format!("alarms of {site}: {}; {clear} of {all} clear", of_source(source, now).1));
        for alarm in source.data.iter().flat_map(Rows::standing_out) {
            let since = alarm.transitioned_at.map(|at| format!(" since {} UTC", format::moment(at, now))).unwrap_or_default();
            lines.push(format!("  {}: {}{since}: {}", alarm.name, words::of_alarm(&alarm).word, alarm.reason));
        }
    }
    lines
}

pub(super) fn health(state: &State, now: DateTime<Utc>) -> Vec<String> {
    let mut lines = vec![format!("AWS Health: {}", of_source(&state.health, now).1)];
    for event in state.health.data.iter().flatten() {
        let since = event.started_at.map(|at| format!(" since {} UTC", format::moment(at, now))).unwrap_or_default();
        lines.push(format!("  {} {} in {}: {}{since}", event.service, event.type_code, event.region, event.status));
        lines.extend(event.description.iter().map(|text| format!("    {text}")));
        lines.extend(event.entities.iter().map(|entity| format!("    affects {}: {}", entity.value, entity.status)));
    }
    lines
}

pub(super) fn points(state: &State, now: DateTime<Utc>) -> Vec<String> {
    let mut lines = Vec::new();
    for (site, source) in &state.recovery_points {
        let count = source.data.as_ref().map_or(0, |found| found.points.len());
        lines.push(format!(
            "recovery points of {site}: {}; {}",
            of_source(source, now).1,
            format::count(count, "point", "points")
        ));
    }
    for loss in losses(state, now) {
        let what = match (&loss.point, loss.loss) {
            (Some(point), Some(lost)) => {
                let of = point.data_at.map(|at| format!(" of {} UTC", format::date_time(at))).unwrap_or_default();
                let doubt = match point.usable(now) {
                    Usable::Yes => String::new(),
                    Usable::Doubtful(why) | Usable::No(why) => format!(", {why}"),
                };
                format!("{}{of} would lose {}{doubt}", point.short_id(), format::duration(lost))
            }
            _ => "NOTHING usable to restore from is known".to_owned(),
        };
        let restored = if loss.restored { ", restored" } else { "" };
        lines.push(format!("  {}: {what}, {} the RPO{restored}", loss.resource.name, words::of_inside(loss.inside(state)).word));
    }
    lines
}

/// What the plan asks, and what was answered.
pub(super) fn asked(state: &State) -> Vec<String> {
    let variables = state.plan.variables.values().map(|variable| {
        let value = state.incident.variables.get(&variable.name).or(variable.default.as_ref());
        let value = value.map_or("NOT SET".to_owned(), |value| format!("{value:?}"));
        format!("{}: {value}: {}; set {} VALUE", variable.name, variable.prompt, variable.name)
    });
    let choices = state.plan.choices.values().map(|choice| {
        let chosen = state.incident.choices.get(&choice.name).map(String::as_str);
        let default = choice.default.as_ref().map(|default| format!("{default} if nobody chooses"));
        let chosen = chosen.map(str::to_owned).or(default).unwrap_or_else(|| "NOT CHOSEN".to_owned());
        let options: Vec<String> = choice.options.iter().map(|(name, about)| format!("{name}, {about}")).collect();
        format!("{}: {chosen}: {} Options: {}; choose {} OPTION", choice.name, choice.prompt, options.join("; "), choice.name)
    });
    let lines: Vec<String> = variables.chain(choices).collect();
    if lines.is_empty() { vec!["The plan asks for nothing.".to_owned()] } else { lines }
}

pub(super) fn steps(state: &State) -> Vec<String> {
    let line = |step: &crate::plan::Step| {
        let blockers: Vec<&str> = words::blockers(state, step).into_iter().map(|id| id.as_str()).collect();
        let mut word = words::of_step(state, step).word;
        if word == "waits" {
            word = format!("waits for {}", blockers.join(", "));
        }
        format!("{}: {word}: {}", step.id, step.title)
    };
    state.plan.steps.iter().map(line).collect()
}
