//! What a report cannot answer, as questions instead of guesses; and what ought to be done, as stubs for people to complete.

use crate::domain::{EvidenceKind, Moment, ProblemKind};
use crate::journal::Mark;

use super::document::Document;
use super::markdown::words;
use super::{Durations, Measured};

/// How many times the expected duration a step may take before the plan's expectation is worth a look.
const OVER_EXPECTED: i64 = 2;

/// From how many seconds on it is worth a look that nobody took notice.
const UNNOTICED: i64 = 300;

/// What is not known, doubtful or unfinished.
pub(super) fn open(document: &Document, durations: &Durations) -> Vec<String> {
    let mut questions = Vec::new();
    let last_known = document.moments.iter().rposition(|row| row.holds.is_some());
    let declared = document.decisions.iter().any(|decision| decision.failover);
    // Decided against, and closed: what a failover would have brought is no question.
    let waited_out = document.closed.is_some() && !declared && !document.decisions.is_empty();
    let brought = |moment| !matches!(moment, Moment::ImpactBegan | Moment::Detected | Moment::Acknowledged);
    let unknown = |(_, row): &(usize, &super::document::MomentRow)| {
        row.holds.is_none() && row.moment != Moment::Recovered && !(waited_out && brought(row.moment))
    };
    for (index, row) in document.moments.iter().enumerate().filter(unknown) {
        if document.closed.is_some() || last_known.is_none_or(|last| index < last) {
            questions.push(format!("When was it {:?}? The journal does not say.", row.moment.name()));
        }
    }
    // What went off later, such as when traffic had moved, did not tell of the impact.
    let detected = document.moments.iter().find(|row| row.moment == Moment::Detected).and_then(|row| row.holds.as_ref());
    let in_time = |row: &&super::document::SignalRow| {
        detected.is_none_or(|detected| row.seen_at <= detected.at || detected.kind != EvidenceKind::Person)
    };
    if !document.signals.iter().filter(in_time).any(|row| row.state == "ALARM" || row.state == "open") {
        questions.push("No signal of the plan told of the impact: which alarm should have?".to_owned());
    }
    let by_person =
        |row: &&super::document::MomentRow| row.holds.as_ref().is_some_and(|proof| proof.kind == EvidenceKind::Person);
    let persons = |moment| matches!(moment, Moment::Acknowledged | Moment::Decided | Moment::Recovered);
    for row in document.moments.iter().filter(|row| !persons(row.moment)).filter(by_person) {
        questions.push(format!("{:?} rests on a person's word alone: is there evidence of it?", row.moment.name()));
    }
    questions.extend(durations.doubts.iter().cloned());
    let settled = |row: &super::document::StepRow| matches!(row.status, "done" | "skipped" | "not-applicable");
    for row in &document.steps {
        // Without a failover there was nothing to be done.
        if document.closed.is_some() && declared && !settled(row) {
            questions.push(format!("Step {} was left {}: was it needed?", row.step, row.status));
        }
        if row.status == "done" && row.action == "backup.restore" && !document.data.iter().any(|data| data.step == row.step) {
            questions.push(format!("From which moment is the data that step {} restored?", row.step));
        }
    }
    let lost = |kind| matches!(kind, ProblemKind::Unknown | ProblemKind::TimedOut);
    let not_known =
        |row: &&super::document::CallRow| row.answered.is_none() && row.refused.as_ref().is_none_or(|problem| lost(problem.kind));
    for row in document.calls.iter().filter(not_known) {
        questions.push(format!(
            "Did {} of step {}, attempt {}, take effect? No answer is recorded.",
            row.operation, row.step, row.attempt
        ));
    }
    if document.closed.is_none() {
        let left: Vec<&str> = document.steps.iter().filter(|row| !settled(row)).map(|row| row.step.as_str()).collect();
        let left = if left.is_empty() { String::new() } else { format!(" Not done: {}.", left.join(", ")) };
        questions.push(format!("The incident has not been closed: is it over?{left}"));
    }
    questions.extend(
        document
            .notes
            .iter()
            .filter(|note| note.mark == Some(Mark::Question))
            .map(|note| format!("{} asked at {}: {}", note.by, note.at.format("%Y-%m-%d %H:%M:%SZ"), note.text)),
    );
    for decision in document.decisions.iter().filter(|decision| decision.failover && decision.objections.is_none()) {
        let by = &decision.by;
        questions.push(format!("Had anybody a strong objection when {by} declared the failover? The record does not say."));
    }
    if document.integrity.unknown_events > 0 {
        let count = document.integrity.unknown_events;
        questions.push(format!("{count} events are of kinds that this version does not know: what do they say?"));
    }
    if let Some(damage) = &document.integrity.damage {
        questions.push(format!("The journal is damaged ({damage}): what happened after that?"));
    }
    questions
}

/// Stubs of action items.
pub(super) fn actions(document: &Document) -> Vec<String> {
    let mut actions = Vec::new();
    if let Some(longest) = document.durations.iter().filter(|row| row.secs > 0).max_by_key(|row| row.secs) {
        let missed = if document.recovery_time.verdict == Measured::Missed { "The RTO was missed. " } else { "" };
        let (phase, took) = (longest.phase.name(), words(longest.secs));
        let percent = longest.percent.map_or_else(String::new, |percent| format!(", {percent} % of the recovery time"));
        actions.push(format!("{missed}The longest part was {phase:?} with {took}{percent}: what would shorten it?"));
    }
    if document.data_loss.verdict == Measured::Missed {
        let worst: Vec<&str> = document.data.iter().filter(|row| row.worst).map(|row| row.resource.as_str()).collect();
        actions.push(format!("The RPO was missed by {}: back it up, or copy it, more often.", worst.join(", ")));
    }
    actions.extend(
        document
            .notes
            .iter()
            .filter(|note| note.mark == Some(Mark::Action))
            .map(|note| format!("{} (noted by {})", note.text, note.by)),
    );
    if let Some(secs) = document.unnoticed_secs.filter(|secs| *secs >= UNNOTICED) {
        actions.push(format!("It took {} until somebody took notice: who is called, and how?", words(secs)));
    }
    for row in &document.failures {
        let problem = row.problem.as_ref();
        let id =
            problem.and_then(|problem| problem.request_id.as_ref()).map_or_else(String::new, |id| format!(" (request {id})"));
        let why = if problem.is_some() { "failed" } else { "was given up" };
        actions
            .push(format!("Find out why attempt {} at step {} {why}{id}, and mend plan or permissions.", row.attempt, row.step));
    }
    for row in &document.steps {
        if row.status == "skipped" {
            actions.push(format!("Step {} was skipped: do what it was for, or take it out of the plan.", row.step));
        }
        let took = row.attempts.last().filter(|last| last.ended == Some("done")).and_then(|last| last.took_secs);
        if let (Some(took), Some(expect)) = (took, row.expect_secs)
            && took >= expect.saturating_mul(OVER_EXPECTED)
            && took > expect
        {
            let (took, expect) = (words(took), words(expect));
            actions.push(format!("Step {} took {took} and not the expected {expect}: correct what the plan expects.", row.step));
        }
    }
    actions
}
