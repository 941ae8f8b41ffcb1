//! The score of an exercise: a function of its journal, which holds the rules as well as what was done.
//!
//! Criteria that were met earn points; wrong turns and signals that nobody saw in time lose some; questions count where a facilitator
//! judged their answers. Knows nothing of scenarios.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::domain::{Answered, Criterion, Deed, Facilitation, IncidentId, Moment, Rules, SignalId};
use crate::journal::{Ended, Event, Incident, Purpose, Recorded};

use super::markdown::words;
use super::{Durations, Measured};

/// What each of the two recovery objectives counts.
const OBJECTIVE: i64 = 20;
/// What a signal costs that was missed, and what a question counts.
const SIGNAL: i64 = 5;
/// The number of this shape.
const SCHEMA: u32 = 1;

/// The score of one exercise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    schema: u32,
    /// The scenario's title.
    pub title: String,
    /// 0 to 100: what was earned, less what was lost, of all that could be earned.
    pub percent: i64,
    /// Is the exercise over? Until then it may still change.
    pub closed: bool,
    /// What was judged, in order.
    pub lines: Vec<Line>,
    /// The four durations in seconds, by name, and the recovery time.
    pub durations: Vec<(String, i64)>,
}

/// One thing that was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// `objective`, `expected`, `wrong-turn`, `signal` or `question`.
    pub group: &'static str,
    /// What.
    pub title: String,
    /// Was it as it ought to be?
    pub verdict: Measured,
    /// What it earned, or lost.
    pub points: i64,
    /// What it could earn.
    pub of: i64,
    /// What happened, and why it matters.
    pub message: String,
}

/// An earlier run of the same scenario.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Earlier {
    /// Which.
    pub incident: IncidentId,
    /// Its score.
    pub score: Score,
}

impl Score {
    /// The score of a journal's events; `None` where they hold no rules.
    pub fn of(events: &[Recorded]) -> Option<Self> {
        let rules = events.iter().find_map(|recorded| match &recorded.event {
            Event::ExerciseRules(rules) => Some(rules),
            _ => None,
        })?;
        let incident = Incident::of(events);
        let closed = incident.closed.is_some();
        let durations = Durations::of(&incident, incident.last_at.filter(|_| !closed));
        let mut lines = Vec::new();
        if rules.objectives {
            lines.push(objective("recovery time within its objective (RTO)", durations.rto_verdict, durations.recovery_time));
            lines.push(objective("data loss within its objective (RPO)", durations.rpo_verdict, durations.worst));
        }
        lines.extend(rules.expect.iter().map(|criterion| expected(criterion, rules, events, closed)));
        lines.extend(rules.wrong.iter().filter_map(|criterion| wrong_turn(criterion, rules, events)));
        lines.extend(rules.signals.iter().map(|signal| noticed(signal, &incident, events)));
        lines.extend(questions(events));
        let earned: i64 = lines.iter().map(|line| line.points).sum();
        let possible: i64 = lines.iter().map(|line| line.of).sum();
        let percent = if possible > 0 { (earned.max(0) * 100 / possible).min(100) } else { 0 };
        let mut spans: Vec<(String, i64)> = durations
            .spans
            .iter()
            .filter(|span| span.from.is_some())
            .map(|span| (span.phase.name().to_owned(), span.length().num_seconds()))
            .collect();
        spans.extend(durations.recovery_time.map(|time| ("recovery time".to_owned(), time.num_seconds())));
        Some(Self { schema: SCHEMA, title: rules.title.clone(), percent, closed, lines, durations: spans })
    }

    /// For people, with earlier runs of the same scenario, oldest first.
    pub fn text(&self, earlier: &[Earlier]) -> String {
        let so_far = if self.closed { "" } else { ", so far" };
        let mut text = format!("score {} of 100{so_far}: {}\n", self.percent, self.title);
        for line in &self.lines {
            let mark = match line.verdict {
                Measured::Met => "+",
                Measured::Missed => "-",
                Measured::Open | Measured::Unknown => "?",
            };
            let points = if line.of > 0 { format!("{}/{}", line.points, line.of) } else { line.points.to_string() };
            text.push_str(&format!("  {mark} {points:>6}  {}: {}\n", line.group, line.title));
            if !line.message.is_empty() {
                text.push_str(&format!("            {}\n", line.message));
            }
        }
        for (name, seconds) in &self.durations {
            text.push_str(&format!("  {name:<14} {}", words(*seconds)));
            let before: Vec<i64> = earlier.iter().filter_map(|run| run.score.duration(name)).collect();
            if let (Some(last), Some(best)) = (before.last(), before.iter().min()) {
                text.push_str(&format!(", last time {}, best {}", words(*last), words(*best)));
            }
            text.push('\n');
        }
        if earlier.is_empty() {
            text.push_str("  no earlier run of this scenario is here to compare with\n");
        }
        for run in earlier {
            text.push_str(&format!("  earlier: {} scored {}\n", run.incident, run.score.percent));
        }
        text
    }

    fn duration(&self, name: &str) -> Option<i64> {
        self.durations.iter().find(|(known, _)| known == name).map(|(_, seconds)| *seconds)
    }
}

fn objective(title: &str, verdict: Measured, achieved: Option<TimeDelta>) -> Line {
    let points = if verdict == Measured::Met { OBJECTIVE } else { 0 };
    let message = achieved.map_or_else(String::new, |achieved| words(achieved.num_seconds()));
    Line { group: "objective", title: title.to_owned(), verdict, points, of: OBJECTIVE, message }
}

fn expected(criterion: &Criterion, rules: &Rules, events: &[Recorded], closed: bool) -> Line {
    let met = events.iter().find(|recorded| meets(criterion, rules, recorded));
    let (verdict, points, message) = match met {
        Some(recorded) => (Measured::Met, criterion.points, format!("at {} by {}", clock(recorded.recorded_at), recorded.by)),
        None if closed => (Measured::Missed, 0, criterion.why.clone()),
        None => (Measured::Open, 0, String::new()),
    };
    Line { group: "expected", title: criterion.title.clone(), verdict, points, of: criterion.points, message }
}

/// A wrong turn that was taken; those that were not are not told.
fn wrong_turn(criterion: &Criterion, rules: &Rules, events: &[Recorded]) -> Option<Line> {
    let taken = events.iter().find(|recorded| meets(criterion, rules, recorded))?;
    let message = format!("at {} by {}. {}", clock(taken.recorded_at), taken.by, criterion.why);
    let (title, points) = (criterion.title.clone(), -criterion.points);
    Some(Line { group: "wrong-turn", title, verdict: Measured::Missed, points, of: 0, message: message.trim().to_owned() })
}

fn meets(criterion: &Criterion, rules: &Rules, recorded: &Recorded) -> bool {
    let (did, step, said) = match &recorded.event {
        Event::MomentFixed { moment: Moment::Detected, fixed } => (Deed::Detected, None, fixed.evidence.text.as_str()),
        Event::MomentCorrected { moment: Moment::Detected, reason, .. } => (Deed::Detected, None, reason.as_str()),
        Event::FailoverDeclared { reason, .. } => (Deed::Declared, None, reason.as_str()),
        Event::DecidedToWait { reason, .. } => (Deed::Waited, None, reason.as_str()),
        Event::IncidentClosed { reason } => (Deed::Closed, None, reason.as_str()),
        Event::Noted { text, .. } => (Deed::Noted, None, text.as_str()),
        Event::StepConfirmed(confirmed) if confirmed.purpose == Purpose::Start => (Deed::Started, Some(&confirmed.step), ""),
        Event::StepEnded(ended) if ended.ended == Ended::Done => {
            (Deed::Ended, Some(&ended.step), ended.note.as_deref().unwrap_or_default())
        }
        Event::StepSkipped { step, reason } => (Deed::Skipped, Some(step), reason.as_str()),
        _ => return false,
    };
    let data_at = match &recorded.event {
        Event::StepEnded(ended) => ended.data_at,
        _ => None,
    };
    let since = (recorded.recorded_at - rules.starts_at).num_seconds();
    let said = said.to_lowercase();
    did == criterion.did
        && criterion.step.as_ref().is_none_or(|wanted| step == Some(wanted))
        && (criterion.mentions.is_empty() || criterion.mentions.iter().any(|text| said.contains(&text.to_lowercase())))
        && criterion.from.is_none_or(|from| since >= from)
        && criterion.until.is_none_or(|until| since <= until)
        && criterion.data_from.is_none_or(|from| data_at.is_some_and(|at| at >= from))
        && criterion.data_until.is_none_or(|until| data_at.is_some_and(|at| at <= until))
}

/// Was the signal seen in trouble before the decision, or before the end if none was made?
fn noticed(wanted: &str, incident: &Incident, events: &[Recorded]) -> Line {
    let decided = incident.decisions.first().map(|decision| decision.at);
    let is = |signal: &SignalId| match signal {
        SignalId::Alarm { site, name } => wanted == format!("{site}/{name}"),
        SignalId::Health { .. } => wanted == "health",
    };
    let seen = events.iter().find_map(|recorded| match &recorded.event {
        Event::SignalSeen(seen) if is(&seen.signal) && seen.state == crate::domain::AlarmState::Alarm => Some(seen),
        _ => None,
    });
    let (verdict, message) = match (seen, decided) {
        (Some(seen), Some(decided)) if seen.seen_at > decided => {
            (Measured::Missed, format!("seen at {}, after the decision", clock(seen.seen_at)))
        }
        (Some(seen), _) => (Measured::Met, format!("seen at {}", clock(seen.seen_at))),
        (None, _) => (Measured::Missed, "never seen".to_owned()),
    };
    let points = if verdict == Measured::Missed { -SIGNAL } else { 0 };
    Line { group: "signal", title: wanted.to_owned(), verdict, points, of: 0, message }
}

/// The questions that were asked; those count whose answers were judged, and the last judgement holds.
fn questions(events: &[Recorded]) -> Vec<Line> {
    let asked = events.iter().filter_map(|recorded| match &recorded.event {
        Event::Facilitated(Facilitation::Asked { number, text }) => Some((*number, text)),
        _ => None,
    });
    let judged = |wanted: u32| {
        events.iter().rev().find_map(|recorded| match &recorded.event {
            Event::Facilitated(Facilitation::Judged { number, answer, text }) if *number == wanted => Some((*answer, text)),
            _ => None,
        })
    };
    let line = |(number, text): (u32, &String)| {
        let (verdict, points, of, message) = match judged(number) {
            Some((Answered::Good, words)) => (Measured::Met, SIGNAL, SIGNAL, words.clone()),
            Some((Answered::Partly, words)) => (Measured::Missed, SIGNAL / 2, SIGNAL, words.clone()),
            Some((Answered::Missed, words)) => (Measured::Missed, 0, SIGNAL, words.clone()),
            None => (Measured::Unknown, 0, 0, "nobody judged the answer".to_owned()),
        };
        Line { group: "question", title: text.clone(), verdict, points, of, message }
    };
    asked.map(line).collect()
}

fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%SZ").to_string()
}
