//! The verdict: what was to be reached, checked one by one. As JSON for programs, as JUnit for whatever runs exercises as tests.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::domain::{EvidenceKind, IncidentId, Mode, Moment};

use super::Measured;
use super::document::{Document, Objective, StepRow};
use super::markdown::words;
use super::xml::escaped;

/// The number of the verdict's shape.
const SCHEMA: u32 = 1;

/// What all checks together say.
#[derive(Debug, Serialize)]
pub(super) struct Verdict<'a> {
    schema: u32,
    incident: &'a IncidentId,
    kind: Option<Mode>,
    plan: &'a str,
    scenario: Option<&'a str>,
    as_of: Option<DateTime<Utc>>,
    closed: bool,
    /// Were the objectives reached? `null` while that is open or not known.
    passed: Option<bool>,
    checks: Vec<Check>,
}

/// One thing that was to be so.
#[derive(Debug, Serialize)]
struct Check {
    /// `objective`, `detection`, `step`, `score` or `record`; the verdict is about objectives.
    group: &'static str,
    name: String,
    verdict: Measured,
    achieved_secs: Option<i64>,
    objective_secs: Option<i64>,
    message: String,
}

pub(super) fn of(document: &Document) -> Verdict<'_> {
    let mut checks = vec![
        objective("recovery time within its objective (RTO)", &document.recovery_time),
        objective("data loss within its objective (RPO)", &document.data_loss),
    ];
    checks.extend(document.data.iter().map(|row| {
        let limit = document.data_loss.objective_secs;
        let verdict = row.loss_secs.map_or(Measured::Unknown, |loss| if loss > limit { Measured::Missed } else { Measured::Met });
        let name = format!("data loss of {} within the objective (RPO)", row.resource);
        check("objective", name, verdict, row.loss_secs, Some(limit))
    }));
    checks.push(detection(document));
    checks.extend(document.steps.iter().map(|row| step(row, document.closed.is_some())));
    checks.extend(document.score.iter().flat_map(|score| &score.lines).filter(|line| line.group != "objective").map(scored));
    let whole = if document.integrity.damage.is_none() { Measured::Met } else { Measured::Missed };
    let mut record = check("record", "the journal is whole".to_owned(), whole, None, None);
    if let Some(damage) = &document.integrity.damage {
        record.message.clone_from(damage);
    }
    checks.push(record);
    let objectives: Vec<Measured> = checks.iter().filter(|check| check.group == "objective").map(|check| check.verdict).collect();
    let passed = if objectives.contains(&Measured::Missed) {
        Some(false)
    } else {
        objectives.iter().all(|verdict| *verdict == Measured::Met).then_some(true)
    };
    Verdict {
        schema: SCHEMA,
        incident: &document.incident,
        kind: document.kind,
        plan: &document.plan.name,
        scenario: document.scenario.as_deref(),
        as_of: document.as_of,
        closed: document.closed.is_some(),
        passed,
        checks,
    }
}

fn objective(name: &str, objective: &Objective) -> Check {
    check("objective", name.to_owned(), objective.verdict, objective.achieved_secs, Some(objective.objective_secs))
}

fn check(group: &'static str, name: String, verdict: Measured, achieved: Option<i64>, objective: Option<i64>) -> Check {
    let mut message = verdict.name().to_owned();
    if let (Some(achieved), Some(objective)) = (achieved, objective) {
        message.push_str(&format!(": {} of {}", words(achieved), words(objective)));
    }
    Check { group, name, verdict, achieved_secs: achieved, objective_secs: objective, message }
}

/// What an exercise was judged by.
fn scored(line: &super::Line) -> Check {
    let mut check = check("score", format!("{}: {}", line.group, line.title), line.verdict, None, None);
    if !line.message.is_empty() {
        check.message.clone_from(&line.message);
    }
    check
}

/// Detection ought to be automatic: a person's word is a miss.
fn detection(document: &Document) -> Check {
    let moment = document.moments.iter().find(|row| row.moment == Moment::Detected);
    let first = moment.and_then(|row| row.original.as_ref().or(row.holds.as_ref()));
    let verdict = match first.map(|proof| proof.kind) {
        None => Measured::Unknown,
        Some(EvidenceKind::Person) => Measured::Missed,
        Some(_) => Measured::Met,
    };
    let mut check = check("detection", "the impact was detected by a signal".to_owned(), verdict, None, None);
    if let Some(proof) = first {
        check.message = proof.evidence.clone();
    }
    check
}

fn step(row: &StepRow, closed: bool) -> Check {
    let verdict = match row.status {
        "done" => Measured::Met,
        "skipped" => Measured::Unknown,
        "failed" | "aborted" => Measured::Missed,
        _ if closed => Measured::Missed,
        _ => Measured::Open,
    };
    let mut check = check("step", format!("step {}", row.step), verdict, None, None);
    check.achieved_secs = (!row.attempts.is_empty()).then_some(row.worked_secs);
    check.objective_secs = row.expect_secs;
    let reason = row.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    check.message = format!("{}{reason}", row.status);
    check
}

/// The verdict as JUnit XML: missed is a failure, what is open or not known is skipped.
pub(super) fn junit(document: &Document) -> String {
    let verdict = of(document);
    let count = |wanted: &[Measured]| verdict.checks.iter().filter(|check| wanted.contains(&check.verdict)).count();
    let (failures, skipped) = (count(&[Measured::Missed]), count(&[Measured::Open, Measured::Unknown]));
    let tests = verdict.checks.len();
    let total = document.recovery_time.achieved_secs.unwrap_or_default();
    let numbers = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\" time=\"{total}\"");
    let suite = escaped(&format!("{} {} {}", document.banner, document.plan.name, document.incident));
    let timestamp = document
        .opened_at
        .map_or_else(String::new, |at| format!(" timestamp=\"{}\"", at.to_rfc3339_opts(SecondsFormat::Secs, true)));
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"lifeboat\" {numbers}>\n  \
         <testsuite name=\"{suite}\" {numbers}{timestamp}>\n"
    );
    for check in &verdict.checks {
        let (name, message) = (escaped(&check.name), escaped(&check.message));
        let time = check.achieved_secs.unwrap_or_default();
        text.push_str(&format!("    <testcase classname=\"lifeboat.{}\" name=\"{name}\" time=\"{time}\"", check.group));
        text.push_str(&match check.verdict {
            Measured::Met => "/>\n".to_owned(),
            Measured::Missed => format!("><failure message=\"{message}\"/></testcase>\n"),
            Measured::Open | Measured::Unknown => format!("><skipped message=\"{message}\"/></testcase>\n"),
        });
    }
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}
