//! CSV for spreadsheets: the timeline, and where the recovery time went. RFC 4180, UTF-8, times in UTC with their date.

use chrono::{DateTime, Utc};

use crate::domain::{EvidenceKind, Fixed, SignalId};
use crate::journal::{Ended, Event, Recorded};

use super::document::{Document, StepRow};
use super::{Zone, log};

/// One row an event in the order in which things happened, by AWS's time where it has one.
pub(super) fn timeline(events: &[Recorded], zone: Zone) -> String {
    let [at, recorded_at] = ["at", "recorded_at"].map(|name| column(name, zone));
    let header = [at.as_str(), recorded_at.as_str(), "event", "kind", "what", "who", "source", "evidence", "request_id"];
    let mut rows: Vec<(DateTime<Utc>, [String; 9])> = events.iter().map(|recorded| row(recorded, zone)).collect();
    rows.sort_by_key(|(at, _)| *at);
    let mut text = line(&header.map(str::to_owned));
    text.extend(rows.iter().map(|(_, cells)| line(cells)));
    text
}

fn row(recorded: &Recorded, zone: Zone) -> (DateTime<Utc>, [String; 9]) {
    let Origin { at, source, evidence, request_id } = origin(&recorded.event);
    let at = at.unwrap_or(recorded.recorded_at);
    let cells = [
        zone.rfc3339(at),
        zone.rfc3339(recorded.recorded_at),
        recorded.seq.to_string(),
        recorded.event.kind(),
        log::sentence(&recorded.event),
        recorded.by.to_string(),
        source.to_owned(),
        evidence,
        request_id.unwrap_or_default(),
    ];
    (at, cells)
}

/// Where an event comes from.
struct Origin {
    /// When it happened, where that is not when it was recorded.
    at: Option<DateTime<Utc>>,
    source: &'static str,
    evidence: String,
    request_id: Option<String>,
}

fn origin(event: &Event) -> Origin {
    let of = |source| Origin { at: None, source, evidence: String::new(), request_id: None };
    match event {
        Event::MomentFixed { fixed, .. } | Event::MomentCorrected { fixed, .. } => moment(fixed),
        Event::SignalSeen(seen) => {
            let (source, evidence) = match &seen.signal {
                SignalId::Alarm { .. } => ("alarm", seen.reason.clone()),
                SignalId::Health { arn } => ("health", arn.clone()),
            };
            Origin { at: seen.happened_at, source, evidence, request_id: None }
        }
        Event::CallAnswered(answered) => Origin {
            at: answered.aws_at,
            source: "aws",
            evidence: answered.handle.clone(),
            request_id: answered.request_id.clone(),
        },
        Event::CallRefused { problem, .. } | Event::AnswerLost { problem, .. } => {
            Origin { at: None, source: "aws", evidence: problem.message.clone(), request_id: problem.request_id.clone() }
        }
        Event::StepEnded(end) => {
            let source = if end.aws_at.is_some() { "aws" } else { "console" };
            let problem = match &end.ended {
                Ended::Failed { problem } => Some(problem),
                _ => None,
            };
            let evidence = problem.map(|problem| problem.message.clone()).or_else(|| end.note.clone()).unwrap_or_default();
            Origin { at: end.aws_at, source, evidence, request_id: problem.and_then(|problem| problem.request_id.clone()) }
        }
        Event::IdentitySeen { .. } | Event::Observed(_) => of("aws"),
        Event::SeenElsewhere(work) => {
            Origin { at: work.ended_at.or(work.began_at), source: "elsewhere", evidence: work.id.clone(), request_id: None }
        }
        Event::Attached(attached) => Origin { evidence: attached.sha256.clone(), ..of("person") },
        Event::IncidentOpened(_)
        | Event::OperatorJoined { .. }
        | Event::ExerciseStarted { .. }
        | Event::ExerciseRules(_)
        | Event::Unknown { .. } => of("console"),
        _ => of("person"),
    }
}

fn moment(fixed: &Fixed) -> Origin {
    let source = match fixed.evidence.kind {
        EvidenceKind::Person => "person",
        EvidenceKind::Step => "step",
        EvidenceKind::Job => "job",
        EvidenceKind::Change => "change",
        EvidenceKind::Alarm => "alarm",
        EvidenceKind::Health => "health",
    };
    let reference = fixed.evidence.reference.as_ref().map_or_else(String::new, |reference| format!(" ({reference})"));
    Origin { at: Some(fixed.at), source, evidence: format!("{}{reference}", fixed.evidence.text), request_id: None }
}

/// The recovery time taken apart: the four durations, which add up to the whole; the parts of the restore phase, the steps and
/// their attempts, which overlap.
pub(super) fn breakdown(document: &Document, zone: Zone) -> String {
    let [from, to] = ["from", "to"].map(|name| column(name, zone));
    let header = [
        "level",
        "name",
        from.as_str(),
        to.as_str(),
        "elapsed_secs",
        "percent",
        "worked_secs",
        "waited_secs",
        "expected_secs",
        "critical",
        "status",
    ];
    let mut text = line(&header.map(str::to_owned));
    let some = |secs: Option<i64>| secs.map_or_else(String::new, |secs| secs.to_string());
    let time = |at: Option<DateTime<Utc>>| at.map_or_else(String::new, |at| zone.rfc3339(at));
    let running = |running: bool| if running { "running" } else { "ended" }.to_owned();
    let none = String::new;
    let total = &document.recovery_time;
    let (first, last) = (document.durations.first(), document.durations.iter().rfind(|row| row.to.is_some()));
    let (from, to) = (first.and_then(|row| row.from), last.and_then(|row| row.to));
    let word = |measured: super::Measured| measured.name().to_owned();
    text.push_str(&line(&[
        "total".to_owned(),
        "recovery time".to_owned(),
        time(from),
        time(to),
        some(total.achieved_secs),
        total.achieved_secs.map_or_else(String::new, |_| "100".to_owned()),
        none(),
        none(),
        total.objective_secs.to_string(),
        none(),
        word(total.verdict),
    ]));
    for row in &document.durations {
        let secs = row.from.map(|_| row.secs);
        let status = row.from.map_or_else(String::new, |_| running(row.running));
        text.push_str(&line(&[
            "duration".to_owned(),
            row.phase.name().to_owned(),
            time(row.from),
            time(row.to),
            some(secs),
            some(row.percent),
            none(),
            none(),
            none(),
            none(),
            status,
        ]));
    }
    for row in &document.restore_parts {
        text.push_str(&line(&[
            "restore part".to_owned(),
            row.part.name().to_owned(),
            zone.rfc3339(row.from),
            zone.rfc3339(row.to),
            row.secs.to_string(),
            none(),
            row.worked_secs.to_string(),
            row.waited_secs.to_string(),
            none(),
            none(),
            running(row.running),
        ]));
    }
    document.steps.iter().for_each(|row| text.push_str(&step(row, zone)));
    text
}

fn step(row: &StepRow, zone: Zone) -> String {
    let some = |secs: Option<i64>| secs.map_or_else(String::new, |secs| secs.to_string());
    let time = |at: Option<DateTime<Utc>>| at.map_or_else(String::new, |at| zone.rfc3339(at));
    let elapsed = row.ready_at.zip(row.settled_at).map(|(from, to)| (to - from).num_seconds());
    let critical = if row.critical { "yes" } else { "" }.to_owned();
    let mut text = line(&[
        "step".to_owned(),
        row.step.to_string(),
        time(row.ready_at),
        time(row.settled_at),
        some(elapsed),
        String::new(),
        row.worked_secs.to_string(),
        row.waited_secs.to_string(),
        some(row.expect_secs),
        critical,
        row.status.to_owned(),
    ]);
    for attempt in &row.attempts {
        text.push_str(&line(&[
            "attempt".to_owned(),
            format!("{} attempt {}", row.step, attempt.attempt),
            zone.rfc3339(attempt.began_at),
            time(attempt.ended_at),
            some(attempt.took_secs),
            String::new(),
            some(attempt.took_secs),
            some(attempt.waited_secs),
            some(row.expect_secs),
            String::new(),
            attempt.ended.unwrap_or("running").to_owned(),
        ]));
    }
    text
}

/// A column's name says when its times are UTC; in a named zone each time has its own offset.
fn column(name: &str, zone: Zone) -> String {
    if zone.is_utc() { format!("{name}_utc") } else { name.to_owned() }
}

fn line(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    cells.join(",") + "\r\n"
}

/// A cell that a spreadsheet takes for text: one that begins as a formula does gets an apostrophe in front.
fn cell(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
    let formula = text.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    let number = text.parse::<i64>().is_ok();
    let text = if formula && !number { format!("'{text}") } else { text };
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_never_ends_early() {
        for (text, cell_text) in [
            ("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""),
            ("\t@SUM(1)", "' @SUM(1)"),
            ("-12", "-12"),
            ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
            ("a,\"b\"\nc", "\"a,\"\"b\"\"\nc\""),
        ] {
            assert_eq!(cell(text), cell_text);
        }
    }
}
