//! The text of one step: what a person reads before saying yes, while it runs, and after it failed.

use chrono::TimeDelta;

use super::{Look, offers};
use crate::domain::{MutatingCall, Part, Preparation, Problem, Progress, Strength};
use crate::journal::{Attempt, StepStatus};
use crate::plan::{Action as StepAction, Reference, Step};
use crate::report;
use crate::store::Prepared;
use crate::ui::ready::prepared_start;
use crate::ui::widgets::{Doc, Runs, bar};
use crate::ui::{Action, Role, format, instructions, ledger, remedy, words};

/// Everything about a step, the most urgent first.
pub fn step_text(step: &Step, look: &Look<'_>) -> Doc {
    let state = look.state;
    let mut doc = Doc::new();
    doc.text(Role::Heading, &step.title);
    doc.line(status_line(step, look));
    offer_line(step, look, &mut doc);
    let record = state.incident.steps.get(&step.id);
    let attempt = record.and_then(|record| record.last());
    match state.incident.status(&step.id) {
        StepStatus::Pending => pending(step, look, &mut doc),
        StepStatus::Calling => {
            doc.gap()
                .text(Role::Running, "◌ The confirmed call is on its way. Whether it arrived is not known until AWS answers.");
            if let Some(attempt) = attempt {
                attempt_text(attempt, look, &mut doc);
            }
        }
        StepStatus::Running => running(step, attempt, look, &mut doc),
        StepStatus::Done => {
            left(step, look, &mut doc);
            done(attempt, look, &mut doc);
        }
        StepStatus::Failed(problem) => failed(step, &problem, attempt, look, &mut doc),
        StepStatus::Aborted(reason) => {
            doc.gap().text(Role::Warn, &format!("⊘ Given up: {reason}"));
            doc.text(Role::Muted, "What AWS was doing about it goes on unless it was stopped.");
            prepared(step, look, &mut doc);
        }
        StepStatus::RuledOut(because) => {
            let at = record.and_then(|record| record.ruled_out);
            let at = at.map(|at| format!(" since {}", format::moment(at, look.now))).unwrap_or_default();
            doc.gap().text(Role::Muted, &format!("– Does not apply{at}: {because}. It counts as done for the steps after it."));
            about(step, look, &mut doc);
        }
        StepStatus::Skipped(reason) => {
            let by = record.and_then(|record| record.skipped.as_ref());
            let who = by.map(|(at, by)| format!(" by {by} at {}", format::moment(*at, look.now))).unwrap_or_default();
            doc.gap().text(Role::Warn, &format!("↷ Skipped{who}: {reason}"));
        }
    }
    doc
}

fn status_line(step: &Step, look: &Look<'_>) -> Runs {
    let word = words::of_step(look.state, step);
    let part = step.part.map(|part: Part| format!("/{}", part.name())).unwrap_or_default();
    let expect = ledger::expected(look.state, step)
        .map(|expect| format!("  about {}", format::objective(expect.to_std().unwrap_or_default())))
        .unwrap_or_default();
    let basis = look.state.expectations.get(&step.id).map(|of| format!(" by {}", of.basis.words())).unwrap_or_default();
    let span = look.ledger().expected.get(&step.id).copied();
    let end = span.map(|(_, end)| format!(", ends about {}", format::time(end))).unwrap_or_default();
    let expect = if expect.is_empty() { expect } else { format!("{expect}{basis}{end}") };
    vec![
        word.cell(),
        (format!("  {}{part}  {}  {}", step.phase.name(), step.action.name(), step.site), Role::Muted),
        (expect, Role::Muted),
    ]
}

fn offer_line(step: &Step, look: &Look<'_>, doc: &mut Doc) {
    let offers = offers(look.state, step);
    if offers.is_empty() {
        return;
    }
    let mut runs = Runs::new();
    for offer in offers {
        runs.push((format!("{} ", look.key(offer.action)), Role::Key));
        runs.push((format!("{}   ", offer.label), Role::Text));
    }
    doc.line(runs);
}

fn pending(step: &Step, look: &Look<'_>, doc: &mut Doc) {
    let blockers = words::blockers(look.state, step);
    if !blockers.is_empty() {
        let names: Vec<&str> = blockers.iter().map(|id| id.as_str()).collect();
        doc.gap().text(Role::Muted, &format!("· Waits for: {}", names.join(", ")));
    } else if !look.state.incident.is_declared() && step.action.changes_aws() && !look.state.read_only {
        let text = format!("! The failover has not been declared. {} declares it, with a reason.", look.key(Action::Declare));
        doc.gap().text(Role::Warn, &text);
    }
    if let Some(when) = &step.when {
        let (glyph, word, role) = match look.state.incident.holds(Some(when)) {
            Some(true) => ("✓", "it does", Role::Ok),
            Some(false) => ("–", "it does not", Role::Muted),
            None => ("?", "not known yet", Role::Unknown),
        };
        doc.gap().text(role, &format!("{glyph} Applies only if {when}: {word}."));
    }
    let missing = unset(step, look);
    if !missing.is_empty() {
        let text = format!("! Needs a value first: {}. {} gives it.", missing.join(", "), look.key(Action::SetVariables));
        doc.gap().text(Role::Warn, &text);
    }
    about(step, look, doc);
    prepared(step, look, doc);
}

fn about(step: &Step, look: &Look<'_>, doc: &mut Doc) {
    if let Some(about) = &step.about {
        doc.gap().text(Role::Text, about);
    }
    if let StepAction::Manual { instructions } = &step.action {
        doc.heading("What to do").text(Role::Text, &instructions::of(look.state, instructions));
    }
}

/// The variables that the step refers to and that nobody has given a value.
fn unset(step: &Step, look: &Look<'_>) -> Vec<String> {
    let unset = step.references.iter().filter_map(|reference| match reference {
        Reference::Variable(name) if !look.state.incident.variables.contains_key(name) => Some(name.clone()),
        _ => None,
    });
    // Before the incident has begun the defaults are not in it yet.
    unset.filter(|name| look.state.plan.variables.get(name).is_none_or(|variable| variable.default.is_none())).collect()
}

/// What the preparation says, or that there is none yet.
fn prepared(step: &Step, look: &Look<'_>, doc: &mut Doc) {
    match look.state.preparations.get(&step.id) {
        None => {
            if let Some(undo) = &step.undo {
                doc.gap().field("undo", Role::Text, undo);
            }
        }
        Some((_, Prepared::Asking)) => {
            doc.gap().text(Role::Running, "… asking AWS what this would do now");
        }
        Some((_, Prepared::Failed(problem, _))) => {
            doc.gap().text(Role::Bad, "✗ It could not be prepared.");
            problem_text(problem, doc);
            let by_itself =
                remedy::countdown(look.state, &step.id, look.now).map(|text| format!("; it {text}")).unwrap_or_default();
            doc.text(Role::Muted, &format!("{} tries again{by_itself}.", look.key(Action::PrepareStep)));
        }
        // What was prepared for an attempt that was made, or for an answer, is no longer what a start would do.
        Some((_, Prepared::Ready(..))) if prepared_start(look.state, &step.id).is_none() => {}
        Some((_, Prepared::Ready(preparation, at))) => {
            amended_text(step, look, &mut *doc);
            doc.heading("What it will do").text(Role::Text, &preparation.summary);
            preparation_text(preparation, look, doc);
            who_and_how(preparation, doc);
            let age = format::duration(look.now - *at);
            let text = format!("checked {} UTC, {age} ago; {} checks again", format::time(*at), look.key(Action::PrepareStep));
            doc.gap().text(Role::Muted, &text);
            if look.now > preparation.valid_until {
                let text = format!("! That is too long ago to be confirmed: {} checks again.", look.key(Action::PrepareStep));
                doc.text(Role::Warn, &text);
            }
        }
    }
}

/// What a person changed of the step.
fn amended_text(step: &Step, look: &Look<'_>, doc: &mut Doc) {
    let record = look.state.incident.steps.get(&step.id).and_then(|record| record.amended.as_ref());
    if let Some((amended, at, by)) = record {
        let when = format::moment(*at, look.now);
        let text = format!("! Not as the plan has it: {} ({by}, {when}: {}).", report::amendment(amended), amended.reason);
        doc.gap().text(Role::Warn, &text);
    }
}

/// A preparation in detail: findings, changes, the exact call.
pub fn preparation_text(preparation: &Preparation, look: &Look<'_>, doc: &mut Doc) {
    if !preparation.findings.is_empty() {
        doc.heading("What was found");
        for finding in &preparation.findings {
            let word = words::of_verdict(finding.verdict);
            doc.item(&format::fit(&format!("{} {}", word.glyph, word.word), 8, false), word.role, Role::Text, &finding.text);
        }
    }
    if !preparation.changes.is_empty() {
        doc.heading("What will change");
        for change in &preparation.changes {
            change_text(change, doc);
        }
    }
    if let Some(call) = &preparation.call {
        call_text(call, preparation, look, doc);
    }
}

/// Who AWS says we are there, what the yes will take, and how to take it back.
fn who_and_how(preparation: &Preparation, doc: &mut Doc) {
    doc.gap();
    match &preparation.identity {
        Some(identity) => {
            doc.field("as", Role::Text, &identity.arn);
            doc.field("account", Role::Text, &format!("{} in {}", identity.account, preparation.region));
        }
        None if preparation.call.is_some() => {
            doc.field("as", Role::Bad, "✗ AWS has not said who we are there");
        }
        None => {}
    }
    doc.field("asks for", Role::Text, &strength_words(&preparation.strength));
    if let Some(undo) = &preparation.undo {
        doc.field("undo", Role::Text, undo);
    }
}

fn change_text(change: &crate::domain::Change, doc: &mut Doc) {
    let (glyph, role) = match (&change.before, &change.after) {
        (None, _) => ("+", Role::Ok),
        (Some(_), None) => ("-", Role::Bad),
        (Some(_), Some(_)) => ("~", Role::Warn),
    };
    let before = change.before.as_deref().unwrap_or("nothing");
    let after = change.after.as_deref().unwrap_or("nothing");
    doc.item(glyph, role, Role::Text, &format!("{}: {before} → {after}", change.what));
    if let Some(why) = &change.why {
        doc.indented(Role::Muted, &format!("because {why}"));
    }
}

fn call_text(call: &MutatingCall, preparation: &Preparation, look: &Look<'_>, doc: &mut Doc) {
    doc.heading(&format!("The call: {} {}", call.service().0, call.operation()));
    if let serde_json::Value::Object(members) = call.parameters() {
        let width = |names: &mut dyn Iterator<Item = &String>| names.map(|name| format::width(name)).max().unwrap_or(0).min(26);
        let outer = width(&mut members.iter().filter(|(_, value)| !value.is_object()).map(|(name, _)| name));
        for (name, value) in &members {
            match value {
                serde_json::Value::Object(inner) => {
                    doc.line(vec![(name.clone(), Role::Muted)]);
                    let keys = width(&mut inner.keys());
                    for (key, value) in inner {
                        doc.item(&format!("  {}", format::fit(key, keys, false)), Role::Muted, Role::Code, &plain(value));
                    }
                }
                other => {
                    doc.item(&format::fit(name, outer, false), Role::Muted, Role::Code, &plain(other));
                }
            }
        }
    }
    let plane = call.control_plane(&preparation.region);
    if plane != preparation.region.as_str() {
        doc.text(Role::Warn, &format!("! needs the control plane in {plane}"));
    }
    if !call.has_token() {
        doc.text(
            Role::Muted,
            "AWS takes no token for this call: before a repeat, the console looks first whether it took effect.",
        );
    }
    doc.heading(&format!("The same as an AWS CLI command ({} copies it)", look.key(Action::CopyCommand)));
    doc.text(Role::Code, &call.cli(&preparation.region));
    doc.gap().field("fingerprint", Role::Code, &preparation.fingerprint());
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a person has to do to confirm.
fn strength_words(strength: &Strength) -> String {
    match strength {
        Strength::Key => "one key, y".to_owned(),
        Strength::Type { name } => format!("typing {name}"),
        Strength::SecondPerson => "a second person's name".to_owned(),
    }
}

fn running(step: &Step, attempt: Option<&Attempt>, look: &Look<'_>, doc: &mut Doc) {
    let progress = look.state.progress.get(&step.id);
    if let Some(asked) = progress.and_then(|(_, _, progress, _)| progress.asks.as_ref()) {
        doc.gap().text(Role::Warn, &format!("? AWS waits for an answer: {asked}"));
        let text = format!(
            "{} approves, {} rejects; both ask for a word and a yes.",
            look.key(Action::Approve),
            look.key(Action::Reject)
        );
        doc.text(Role::Muted, &text);
    }
    if let StepAction::Manual { instructions } = &step.action {
        doc.heading("What to do").text(Role::Text, &instructions::of(look.state, instructions));
        doc.text(Role::Muted, &format!("{} says that it is done.", look.key(Action::FinishStep)));
    }
    if let Some((_, at, progress, problem)) = progress {
        progress_text(progress, doc);
        let age = look.now - *at;
        doc.text(Role::Muted, &format!("as of {}, {} ago", format::time(*at), format::duration(age)));
        if let Some(problem) = problem {
            doc.text(Role::Bad, &format!("✗ The last look failed: {problem}. What is shown may be old; AWS goes on by itself."));
        }
    }
    if let Some(attempt) = attempt {
        pace(step, attempt, look, doc);
        attempt_text(attempt, look, doc);
    }
    if let Some(about) = &step.about {
        doc.gap().text(Role::Muted, about);
    }
}

fn progress_text(progress: &Progress, doc: &mut Doc) {
    doc.gap();
    if let Some(percent) = progress.percent {
        let mut runs = bar(f64::from(percent) / 100.0, 30, Role::Running);
        runs.push((format!(" {percent:>3}%"), Role::Heading));
        doc.line(runs);
    }
    if !progress.doing.is_empty() {
        doc.text(Role::Running, &format!("◐ {}", progress.doing));
    }
    for part in &progress.parts {
        let (glyph, role) = part_look(&part.status);
        doc.item(glyph, role, Role::Text, &format!("{}  {}", part.name, part.status));
    }
}

/// AWS's words for parts that are over, well or badly; anything else is at work or still to come.
fn part_look(status: &str) -> (&'static str, Role) {
    match status {
        "Success" | "COMPLETED" | "INSYNC" | "OK" | "holds" => ("✓", Role::Ok),
        "Failed" | "TimedOut" | "Cancelled" | "FAILED" | "ABORTED" | "Rejected" => ("✗", Role::Bad),
        "Pending" | "PENDING" => ("·", Role::Muted),
        "Waiting" => ("?", Role::Warn),
        _ => ("◐", Role::Running),
    }
}

fn pace(step: &Step, attempt: &Attempt, look: &Look<'_>, doc: &mut Doc) {
    let taken = (look.now - attempt.began()).max(TimeDelta::zero());
    let limit = TimeDelta::from_std(step.limit).unwrap_or(TimeDelta::MAX);
    let (text, role) = match ledger::expected(look.state, step) {
        Some(expect) if taken > expect => {
            (format!("{}, {} over what is expected", format::duration(taken), format::duration(taken - expect)), Role::Warn)
        }
        Some(expect) => (format!("{} of about {}", format::duration(taken), format::duration(expect)), Role::Text),
        None => (format::duration(taken), Role::Text),
    };
    doc.gap().field("running for", role, &text);
    doc.field("limit", Role::Muted, &format!("{}, then it counts as timed out", format::duration(limit)));
}

fn attempt_text(attempt: &Attempt, look: &Look<'_>, doc: &mut Doc) {
    let by = format!("{} by {}", format::moment(attempt.confirmed_at, look.now), attempt.by);
    let second = attempt.confirmed.second.as_ref().map(|second| format!(" and {second}")).unwrap_or_default();
    doc.field("confirmed", Role::Text, &format!("{by}{second}"));
    if attempt.number > 1 {
        doc.field("attempt", Role::Text, &attempt.number.to_string());
    }
    if let Some(answered) = &attempt.answered {
        if !answered.handle.is_empty() {
            doc.field("follows", Role::Code, &answered.handle);
        }
        if let Some(id) = &answered.request_id {
            doc.field("request id", Role::Code, id);
        }
        if let Some(found) = &answered.found {
            doc.field("found", Role::Warn, found);
        }
    }
    if let Some((_, answer)) = &attempt.open_answer {
        let what = answer.call.as_ref().map_or("an answer", |call| call.operation());
        doc.field("sent", Role::Running, &format!("◌ {what} is on its way"));
    }
}

/// What the step left to be done: open items first in the eye, because the clock runs on for them.
fn left(step: &Step, look: &Look<'_>, doc: &mut Doc) {
    let Some(record) = look.state.incident.steps.get(&step.id) else { return };
    if record.tail().next().is_some() {
        doc.gap().text(Role::Warn, "! Done is not recovered yet. The clock runs until this is done too:");
    }
    for item in record.tail() {
        doc.item("☐", Role::Warn, Role::Text, item);
    }
    for (item, at, by) in &record.tail_settled {
        doc.item("☑", Role::Ok, Role::Muted, &format!("{item} ({by}, {})", format::moment(*at, look.now)));
    }
}

fn done(attempt: Option<&Attempt>, look: &Look<'_>, doc: &mut Doc) {
    let Some((attempt, end)) = attempt.and_then(|attempt| attempt.ended.as_ref().map(|end| (attempt, end))) else { return };
    doc.gap();
    if let Some(note) = &end.note {
        doc.text(Role::Ok, &format!("✓ {note}"));
    }
    if let Some(finished) = attempt.finished() {
        let took = format::duration(finished - attempt.began());
        doc.field("took", Role::Text, &format!("{took}, until {} UTC", format::moment(finished, look.now)));
    }
    if let Some(data_at) = end.data_at {
        doc.field("data of", Role::Text, &format!("{} UTC", format::date_time(data_at)));
    }
    attempt_text(attempt, look, doc);
    if !end.outputs.is_empty() {
        doc.heading("What it gave");
        for (name, value) in &end.outputs {
            doc.item(name, Role::Muted, Role::Code, value);
        }
    }
}

fn failed(step: &Step, problem: &Problem, attempt: Option<&Attempt>, look: &Look<'_>, doc: &mut Doc) {
    doc.gap().text(Role::Bad, &format!("✗ FAILED: {}", problem.kind.word()));
    problem_text(problem, doc);
    doc.gap().text(Role::Text, &format!("▸ {}.", remedy::sensible(problem.kind)));
    if let Some(text) = remedy::countdown(look.state, &step.id, look.now) {
        doc.text(Role::Accent, &format!("◷ {text}; {} does it now", look.key(Action::PrepareStep)));
    }
    if let Some(attempt) = attempt {
        doc.gap();
        attempt_text(attempt, look, doc);
    }
    prepared(step, look, doc);
}

fn problem_text(problem: &Problem, doc: &mut Doc) {
    doc.field("AWS says", Role::Text, &problem.message);
    let place = problem.region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default();
    doc.field("to", Role::Text, &format!("{}{place}", problem.operation));
    if let Some(code) = &problem.code {
        doc.field("error code", Role::Code, code);
    }
    if let Some(id) = &problem.request_id {
        doc.field("request id", Role::Code, id);
    }
    doc.field("next", Role::Accent, problem.kind.next());
}

/// The call of a step as the AWS CLI command and its parameters as JSON: what would be done now, else what was confirmed last.
pub fn call_of(step: &Step, look: &Look<'_>) -> Option<(String, String)> {
    let (call, region) = match look.state.preparations.get(&step.id) {
        Some((_, Prepared::Ready(preparation, _))) if preparation.call.is_some() => {
            (preparation.call.as_ref(), &preparation.region)
        }
        _ => {
            let confirmed = &look.state.incident.steps.get(&step.id)?.last()?.confirmed;
            (confirmed.call.as_ref(), &confirmed.region)
        }
    };
    call.map(|call| (call.cli(region), call.parameters().to_string()))
}

/// The call of a step as the AWS CLI command.
pub fn command_of(step: &Step, look: &Look<'_>) -> Option<String> {
    call_of(step, look).map(|(command, _)| command)
}
