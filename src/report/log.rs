//! Every event as one sentence: the log of a report.

use crate::domain::{AlarmState, Answered, Facilitation, MutatingCall, SignalId, Strength};
use crate::journal::{Amended, Ended, Event, Mark, Observed, Purpose, SignalSeen, StepConfirmed};

use super::markdown::words;

/// What an event says, as one sentence without its time and author.
pub fn sentence(event: &Event) -> String {
    match event {
        Event::IncidentOpened(opened) => format!("opened {} for plan {}", opened.incident, opened.plan_name),
        Event::OperatorJoined { host, read_only } => {
            let host = host.as_ref().map_or_else(String::new, |host| format!(" on {host}"));
            format!("joined{host}{}", if *read_only { ", read-only" } else { "" })
        }
        Event::IdentitySeen { site, identity } => {
            format!("AWS says that we are {} at {site}, account {}", identity.arn, identity.account)
        }
        Event::ExerciseStarted { speed } => format!("the exercise's clock was started at {speed} times real time"),
        Event::ExerciseRules(rules) => {
            format!("the exercise {:?} is judged by {} criteria", rules.title, rules.expect.len() + rules.wrong.len())
        }
        Event::Facilitated(done) => facilitation(done),
        Event::SignalSeen(seen) => format!("{} is {}: {}", seen.signal, state_word(seen), seen.reason),
        Event::MomentFixed { moment, fixed } => {
            format!("{:?} fixed at {} by {}", moment.name(), fixed.at.format("%Y-%m-%d %H:%M:%SZ"), fixed.evidence.text)
        }
        Event::MomentCorrected { moment, fixed, reason } => {
            format!("{:?} corrected to {}: {reason}", moment.name(), fixed.at.format("%Y-%m-%d %H:%M:%SZ"))
        }
        Event::DecidedToWait { reason, .. } => format!("decided not to fail over yet: {reason}"),
        Event::FailoverDeclared { reason, .. } => format!("declared the failover: {reason}"),
        Event::VariableSet { name, value } => format!("{name} is {value:?}"),
        Event::ChoiceMade { choice, option } => format!("chose {choice}: {option}"),
        Event::StepRuledOut { step, because } => format!("{step} does not apply: {because}"),
        Event::StepTakenUp { step, reason } => format!("{step} is to be done after all: {reason}"),
        Event::StepTakenBack { step, by } => format!("{step} was taken back by {by}"),
        Event::StepConfirmed(confirmed) => confirmation(confirmed),
        Event::CallAnswered(answered) => {
            let handle = if answered.handle.is_empty() { String::new() } else { format!(": {}", answered.handle) };
            let found = answered.found.as_ref().map_or_else(String::new, |found| format!(" ({found})"));
            format!("AWS answered the call of {}, attempt {}{handle}{found}", answered.step, answered.attempt)
        }
        Event::CallRefused { step, attempt, purpose, problem } => {
            let what = match purpose {
                Purpose::Start => "start",
                Purpose::Answer => "answer",
                Purpose::Stop => "stop",
                Purpose::Notice => "notice",
            };
            format!("AWS refused the {what} of {step}, attempt {attempt}: {problem}")
        }
        Event::AnswerLost { step, attempt, problem, .. } => {
            format!("the answer to the call of {step}, attempt {attempt}, was lost and is looked up: {problem}")
        }
        Event::StepEnded(end) => {
            let note = end.note.as_ref().map_or_else(String::new, |note| format!(": {note}"));
            match &end.ended {
                Ended::Done => format!("{} done, attempt {}{note}", end.step, end.attempt),
                Ended::Failed { problem } => format!("{} failed, attempt {}: {problem}", end.step, end.attempt),
                Ended::Aborted { reason } => format!("{} given up, attempt {}: {reason}", end.step, end.attempt),
            }
        }
        Event::StepAmended { step, amended } => format!("{step}: {}: {}", amendment(amended), amended.reason),
        Event::StepSkipped { step, reason } => format!("{step} skipped: {reason}"),
        Event::TailSettled { step, item, note } => {
            format!("{step}: done afterwards: {item}{}{note}", if note.is_empty() { "" } else { ": " })
        }
        Event::Noted { text, mark } => format!("{}: {text}", mark.map_or("note", Mark::word)),
        Event::Marked { seq, mark } => format!("event {seq} marked: {}", mark.word()),
        Event::Attached(attached) => {
            format!("attached {}, {} bytes, SHA-256 {}", attached.name, attached.bytes, attached.sha256)
        }
        Event::RoleGiven { to, role, reason } => format!("{to} is {} from now on: {reason}", role.name()),
        Event::CheckInSet { every_secs: 0 } => "no more check-ins".to_owned(),
        Event::CheckInSet { every_secs } => {
            format!("check in every {}", words(i64::try_from(*every_secs).unwrap_or(i64::MAX)))
        }
        Event::Observed(observed) => observation(observed),
        Event::NoticeDue(due) => format!("{}: {} {} from {}", due.id, due.call.service().0, due.call.operation(), due.site),
        Event::SeenElsewhere(work) => {
            let by = work.by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
            format!("seen, not done here: {} {} of {}{by}: {}", work.kind, work.id, work.about, work.status)
        }
        Event::IncidentClosed { reason } => format!("closed: {reason}"),
        Event::Unknown { kind, .. } => format!("an event of the kind {kind:?}, which this version does not know"),
    }
}

/// What of a step is other than the plan has it.
pub fn amendment(amended: &Amended) -> String {
    let name = |pointer: &str| pointer.trim_start_matches('/').replace('/', " ");
    let edits = amended.edits.iter().map(|(pointer, new)| match new {
        Some(new) => format!("{} edited to {new:?}", name(pointer)),
        None => format!("{} taken away", name(pointer)),
    });
    let all: Vec<String> = amended.point.iter().map(|arn| format!("recovery point {arn} chosen")).chain(edits).collect();
    if all.is_empty() { "as the plan has it again".to_owned() } else { all.join(", ") }
}

/// What a facilitator did, in one sentence.
pub fn facilitation(done: &Facilitation) -> String {
    match done {
        Facilitation::Asked { number, text } => format!("question {number} to the room: {text}"),
        Facilitation::Judged { number, answer, text } => {
            let how = match answer {
                Answered::Good => "well",
                Answered::Partly => "in part",
                Answered::Missed => "not",
            };
            format!("question {number} was answered {how}{}{text}", if text.is_empty() { "" } else { ": " })
        }
        Facilitation::Noted { text } => format!("facilitator's note: {text}"),
        Facilitation::Turned { text } => format!("facilitator: {text}"),
    }
}

/// The state of a signal as its service says it: an alarm's own; a Health event is open or closed.
pub(super) fn state_word(seen: &SignalSeen) -> String {
    match (&seen.signal, &seen.state) {
        (SignalId::Health { .. }, AlarmState::Alarm) => "open".to_owned(),
        (SignalId::Health { .. }, AlarmState::Ok) => "closed".to_owned(),
        (_, state) => state.to_string(),
    }
}

fn observation(observed: &Observed) -> String {
    let source = &observed.source;
    if let Some(problem) = &observed.problem {
        let message = problem.get("message").and_then(serde_json::Value::as_str).unwrap_or("no reason known");
        return format!("{source} does not answer: {message}");
    }
    let partial = observed.partial.as_ref().map_or_else(String::new, |partial| format!(", not all: {partial}"));
    format!("{source}: {} rows new or changed, {} gone{partial}", observed.set.len(), observed.gone.len())
}

fn confirmation(confirmed: &StepConfirmed) -> String {
    let what = match confirmed.purpose {
        Purpose::Start => "confirmed",
        Purpose::Answer => "confirmed an answer to",
        Purpose::Stop => "confirmed the stop of",
        Purpose::Notice => "covered",
    };
    let call = confirmed.call.as_ref().map_or_else(String::new, |call| {
        format!(": {} {} in {}", call.service().0, MutatingCall::operation(call), confirmed.region)
    });
    let how = match (&confirmed.strength, &confirmed.typed, &confirmed.second) {
        (Strength::Type { name }, _, _) => format!(", typed {:?}", confirmed.typed.as_ref().unwrap_or(name)),
        (Strength::SecondPerson, _, Some(second)) => format!(", approved by {second}"),
        _ => String::new(),
    };
    format!("{what} {}, attempt {}{call}{how}", confirmed.step, confirmed.attempt)
}
