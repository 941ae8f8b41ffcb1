//! The hand-over brief: what somebody who takes over at this moment has to know, on one page. Conditions, actions, needs, clock,
//! and what runs.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{AlarmState, Moment, Operator, SignalId};
use crate::journal::{Incident, Mark, StepStatus};

use super::markdown::words;
use super::{StepBar, Timeline};

/// How many notes and decisions are told; the log has all of them.
const LATEST: usize = 5;

/// The brief as plain text, as of `now`, or of the last event. Sections that have nothing to say say so.
pub fn brief(incident: &Incident, now: Option<DateTime<Utc>>) -> String {
    let timeline = Timeline::of(incident, now);
    let opened = incident.opened.as_ref();
    let banner = opened.map_or("UNKNOWN", |opened| opened.mode.banner());
    let title = opened.map_or("", |opened| opened.plan_title.as_str());
    let mut out = format!("HAND-OVER BRIEF, {banner}: {title} ({})\n", incident.id());
    if let Some(at) = timeline.now {
        out.push_str(&format!("as of {}\n", stamp(at)));
    }
    section(&mut out, "PEOPLE", people(incident, timeline.now));
    section(&mut out, "CONDITIONS", conditions(incident));
    section(&mut out, "CLOCK", clock(&timeline));
    section(&mut out, "RUNNING NOW", running(incident, &timeline));
    section(&mut out, "NEEDS", needs(incident, &timeline));
    section(&mut out, "DONE", actions(incident, &timeline));
    section(&mut out, "LATEST NOTES", notes(incident));
    out
}

fn section(out: &mut String, title: &str, lines: Vec<String>) {
    out.push_str(&format!("\n{title}\n"));
    if lines.is_empty() {
        out.push_str("  none\n");
    }
    lines.iter().for_each(|line| out.push_str(&format!("  {line}\n")));
}

fn people(incident: &Incident, now: Option<DateTime<Utc>>) -> Vec<String> {
    let line = |operator: &Operator| match incident.role(operator) {
        Some(role) => format!("{operator}: {}", role.name()),
        None => format!("{operator}: no role"),
    };
    let mut lines: Vec<String> = incident.operators.iter().map(line).collect();
    // Who was given a role and has not been at a console yet.
    lines.extend(incident.roles.keys().filter(|who| !incident.operators.contains(who)).map(line));
    if let Some(due) = incident.check_in_due() {
        let overdue = now.is_some_and(|now| now > due);
        lines.push(format!("{} {}", if overdue { "CHECK-IN OVERDUE since" } else { "next check-in due" }, stamp(due)));
    }
    lines
}

fn conditions(incident: &Incident) -> Vec<String> {
    let mut lines = Vec::new();
    for moment in Moment::ALL {
        if let Some(record) = incident.moments.get(&moment) {
            lines.push(format!("{} {} ({})", moment.name(), stamp(record.fixed.at), record.fixed.evidence.text));
        }
    }
    for (signal, record) in &incident.signals {
        let state = match (signal, &record.last.state) {
            (SignalId::Health { .. }, AlarmState::Alarm) => "open".to_owned(),
            (SignalId::Health { .. }, AlarmState::Ok) => "closed".to_owned(),
            (_, state) => state.to_string(),
        };
        let at = record.last.happened_at.unwrap_or(record.last.seen_at);
        lines.push(format!("{signal}: {state} since {}", stamp(at)));
    }
    match &incident.closed {
        Some((at, reason)) => lines.push(format!("closed {}: {reason}", stamp(*at))),
        None if incident.is_declared() => {}
        None => lines.push("the failover has not been declared".to_owned()),
    }
    lines
}

fn clock(timeline: &Timeline) -> Vec<String> {
    let durations = &timeline.durations;
    let mut lines = Vec::new();
    match durations.recovery_time {
        Some(time) => {
            let running = if durations.running { " and counting" } else { "" };
            let (took, rto) = (words(time.num_seconds()), words(durations.rto.num_seconds()));
            lines.push(format!("recovery time {took}{running}, RTO {rto}: {}", durations.rto_verdict.name()));
        }
        None => lines.push(format!("no impact is known; RTO {}", words(durations.rto.num_seconds()))),
    }
    if let (Some(at), true) = (timeline.rto_at, durations.running) {
        lines.push(format!("the RTO is used up at {}", stamp(at)));
    }
    if let Some(forecast) = timeline.forecast {
        let verdict = match forecast.in_time() {
            Some(true) => ", in time",
            Some(false) => ", TOO LATE",
            None => "",
        };
        lines.push(format!("forecast: the last step ends {}{verdict}", stamp(forecast.end)));
    }
    let rpo = words(durations.rpo.num_seconds());
    lines.push(match durations.worst {
        Some(worst) => format!("data loss, worst: {}, RPO {rpo}: {}", words(worst.num_seconds()), durations.rpo_verdict.name()),
        None => format!("data loss not known yet, RPO {rpo}"),
    });
    lines
}

fn running(incident: &Incident, timeline: &Timeline) -> Vec<String> {
    let line = |bar: &StepBar| {
        let attempt = incident.steps.get(&bar.id)?.last()?;
        let how = match bar.status {
            StepStatus::Calling => "AWS has not answered the call yet",
            StepStatus::Running => "runs",
            _ => return None,
        };
        let handle = attempt.answered.as_ref().map(|answered| answered.handle.as_str()).filter(|handle| !handle.is_empty());
        let handle = handle.map_or_else(String::new, |handle| format!(", {handle}"));
        let expect = bar.expect.map_or_else(String::new, |expect| format!(", expected {}", words(expect.num_seconds())));
        let (since, by) = (stamp(attempt.began()), &attempt.by);
        Some(format!("{}: {how} since {since}, confirmed by {by}{handle}{expect}", bar.id))
    };
    timeline.steps.iter().filter_map(line).collect()
}

fn needs(incident: &Incident, timeline: &Timeline) -> Vec<String> {
    let mut lines = Vec::new();
    for bar in &timeline.steps {
        let waits = bar.waiting_since.zip(timeline.now).map(|(since, now)| (now - since).max(TimeDelta::zero()));
        let waits = waits.map_or_else(String::new, |waits| format!(", waiting for {}", words(waits.num_seconds())));
        match &bar.status {
            StepStatus::Failed(problem) => lines.push(format!("{}: FAILED, retry or skip it: {problem}{waits}", bar.id)),
            StepStatus::Aborted(reason) => lines.push(format!("{}: given up, retry or skip it: {reason}{waits}", bar.id)),
            StepStatus::Pending if bar.waiting_since.is_some() => lines.push(format!("{}: ready to be confirmed{waits}", bar.id)),
            _ => {}
        }
    }
    let open = incident.notes.iter().filter(|note| matches!(note.mark, Some(Mark::Question | Mark::Objection)));
    lines.extend(open.map(|note| {
        let word = note.mark.map_or("note", Mark::word);
        format!("{word} of {} by {}: {}", stamp(note.at), note.by, one_line(&note.text))
    }));
    lines
}

fn actions(incident: &Incident, timeline: &Timeline) -> Vec<String> {
    let mut lines = Vec::new();
    let skipped = incident.decisions.len().saturating_sub(LATEST);
    for decision in &incident.decisions[skipped..] {
        let what = if decision.failover { "declared the failover" } else { "decided to wait" };
        lines.push(format!("{} {} {what}: {}", stamp(decision.at), decision.by, one_line(&decision.reason)));
    }
    for bar in &timeline.steps {
        let took = words(bar.worked.num_seconds());
        match (&bar.status, bar.settled_at) {
            (StepStatus::Done, Some(at)) => lines.push(format!("{}: done {}, took {took}", bar.id, stamp(at))),
            (StepStatus::Skipped(reason), _) => lines.push(format!("{}: skipped: {}", bar.id, one_line(reason))),
            _ => {}
        }
    }
    lines
}

fn notes(incident: &Incident) -> Vec<String> {
    let skipped = incident.notes.len().saturating_sub(LATEST);
    let important = incident.notes[..skipped].iter().filter(|note| note.mark == Some(Mark::Important));
    let line = |note: &crate::journal::Note| format!("{} {}: {}", stamp(note.at), note.by, one_line(&note.text));
    important.chain(&incident.notes[skipped..]).map(line).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}
