//! A step in lines: what a person hears before saying yes, while it runs, and after it failed.

use chrono::{DateTime, Utc};

use crate::domain::{Preparation, Problem, Verdict};
use crate::journal::StepStatus;
use crate::plan::{Action, Step};
use crate::report;
use crate::store::{Prepared, State};
use crate::ui::{format, instructions, ledger, remedy, words};

/// A step as far as it is known without asking AWS.
pub(super) fn known(state: &State, step: &Step) -> Vec<String> {
    let mut lines = vec![format!("step {}: {}", step.id, step.title)];
    let part = step.part.map(|part| format!(", {}", part.name())).unwrap_or_default();
    let expect = ledger::expected(state, step).map(|expect| format!(", about {}", format::duration(expect))).unwrap_or_default();
    lines.push(format!("  state: {}", words::of_step(state, step).word));
    lines.push(format!("  phase: {}{part}; {} at {}{expect}", step.phase.name(), step.action.name(), step.site));
    let blockers = words::blockers(state, step);
    if !blockers.is_empty() {
        let names: Vec<&str> = blockers.iter().map(|id| id.as_str()).collect();
        lines.push(format!("  waits for: {}", names.join(", ")));
    }
    if let Some(about) = &step.about {
        lines.push(format!("  about: {about}"));
    }
    if let Action::Manual { instructions } = &step.action {
        lines.push(format!("  to do: {}", instructions::of(state, instructions)));
    }
    if let Some((_, _, progress, problem)) = state.progress.get(&step.id)
        && state.incident.status(&step.id) == StepStatus::Running
    {
        lines.push(format!("  doing: {}", progress.doing));
        lines.extend(progress.parts.iter().map(|part| format!("  part {}: {}", part.name, part.status)));
        lines.extend(progress.asks.iter().map(|asks| format!("  ASKS: {asks}")));
        lines.extend(problem.iter().map(|problem| format!("  the last look failed: {problem}")));
    }
    if let StepStatus::Failed(why) = state.incident.status(&step.id) {
        lines.extend(problem(&why));
        lines.push(format!("  sensible: {}", remedy::sensible(why.kind)));
    }
    if let Some((amended, at, by)) = state.incident.steps.get(&step.id).and_then(|record| record.amended.as_ref()) {
        let at = format::date_time(*at);
        lines.push(format!("  not as the plan has it: {} ({by}, {at} UTC: {})", report::amendment(amended), amended.reason));
    }
    if let Some(at) = state.retry_at(&step.id) {
        lines.push(format!("  checked again by itself at {} UTC", format::date_time(at)));
    }
    let adoptable = remedy::adoptable(state, step);
    lines.extend(adoptable.iter().enumerate().map(|(n, work)| format!("  adopt {} {}: {}", step.id, n + 1, work.told())));
    if let Some(attempt) = state.incident.steps.get(&step.id).and_then(|record| record.last()) {
        let second = attempt.confirmed.second.as_ref().map(|second| format!(" and {second}")).unwrap_or_default();
        let at = format::date_time(attempt.confirmed_at);
        lines.push(format!("  attempt {}: confirmed {at} UTC by {}{second}", attempt.number, attempt.by));
        if let Some(answered) = &attempt.answered {
            lines.push(format!("  follows: {}", answered.handle));
            lines.extend(answered.request_id.iter().map(|id| format!("  request id: {id}")));
        }
        if let Some(ended) = &attempt.ended {
            lines.extend(ended.note.iter().map(|note| format!("  note: {note}")));
            lines.extend(ended.outputs.iter().map(|(name, value)| format!("  output {name}: {value}")));
        }
    }
    if let Some(undo) = &step.undo {
        lines.push(format!("  undo: {undo}"));
    }
    lines
}

/// A failure: what AWS said, with what a support case needs, and what to do next.
pub(super) fn problem(problem: &Problem) -> Vec<String> {
    vec![format!("  problem: {problem}"), format!("  next: {}", problem.kind.next())]
}

/// What a yes would do, all of it: the call, as whom, what changes, what was found.
pub(super) fn preparation(preparation: &Preparation, state: &State) -> Vec<String> {
    let banner = state.mode.banner();
    let mut lines = vec![format!("{banner} {}: {}", preparation.step, preparation.summary)];
    match &preparation.identity {
        Some(identity) => {
            lines.push(format!("  where: account {} in {} ({})", identity.account, preparation.region, preparation.site));
            lines.push(format!("  as: {}", identity.arn));
        }
        None if preparation.call.is_some() => {
            lines.push(format!("  where: {} in {}: AWS has not said who we are", preparation.site, preparation.region));
        }
        None => lines.push(format!("  where: {} in {}: nothing is called", preparation.site, preparation.region)),
    }
    if preparation.attempt > 1 {
        lines.push(format!("  attempt: {}; it was tried before", preparation.attempt));
    }
    if !state.incident.is_declared() {
        lines.push("  warns: the failover has not been declared".to_owned());
    }
    for finding in &preparation.findings {
        let word = match finding.verdict {
            Verdict::Good => "good",
            Verdict::Warns => "warns",
            Verdict::Blocks => "BLOCKS",
        };
        lines.push(format!("  found, {word}: {}", finding.text));
    }
    for change in &preparation.changes {
        let before = change.before.as_deref().unwrap_or("nothing");
        let after = change.after.as_deref().unwrap_or("nothing");
        let why = change.why.as_ref().map(|why| format!(", because {why}")).unwrap_or_default();
        lines.push(format!("  changes {}: from {before} to {after}{why}", change.what));
    }
    if let Some(call) = &preparation.call {
        lines.push(format!("  call: {} {}", call.service().0, call.operation()));
        if let serde_json::Value::Object(members) = call.parameters() {
            let value = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            for (name, given) in &members {
                match given.as_object() {
                    Some(inner) => {
                        lines.extend(inner.iter().map(|(key, given)| format!("    {name}, {key} = {}", value(given))));
                    }
                    None => lines.push(format!("    {name} = {}", value(given))),
                }
            }
        }
        let plane = call.control_plane(&preparation.region);
        if plane != preparation.region.as_str() {
            lines.push(format!("  warns: needs the control plane in {plane}"));
        }
        lines.push(format!("  the same by the AWS CLI: {}", call.cli(&preparation.region)));
        lines.push(format!("  fingerprint: {}", preparation.fingerprint()));
    }
    lines.push(format!("  undo: {}", preparation.undo.as_deref().unwrap_or("the plan does not say how to take it back")));
    lines
}

/// The preparation of a step with this number or a later one, once it is there.
pub(super) fn ready<'a>(state: &'a State, step: &Step, after: Option<u64>) -> Option<(u64, &'a Prepared)> {
    let (seq, prepared) = state.preparations.get(&step.id)?;
    (Some(*seq) > after && !matches!(prepared, Prepared::Asking)).then_some((*seq, prepared))
}

/// What there is to edit, or to choose from.
pub(super) fn choices(verb: &str, step: &Step, state: &State, now: DateTime<Utc>) -> Vec<String> {
    let mut lines: Vec<String> = if verb == "edit" {
        let call = remedy::call_to_edit(state, step);
        let all = call.map(|call| call.editable()).unwrap_or_default();
        all.into_iter().map(|(at, value)| format!("  {} = {value}", at.trim_start_matches('/').replace('/', "."))).collect()
    } else {
        let points = remedy::candidates(state, step, now);
        points.iter().enumerate().map(|(n, (_, text))| format!("  {}  {text}", n + 1)).collect()
    };
    let (none, some) = match verb {
        "edit" => (format!("there is no call to edit: step {} asks for it", step.id), format!("parameters of {}:", step.id)),
        _ => ("no recovery point is known for it".to_owned(), format!("recovery points for {}:", step.id)),
    };
    if lines.is_empty() {
        return vec![none];
    }
    lines.insert(0, some);
    lines
}
