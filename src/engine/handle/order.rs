//! The operator's orders.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::domain::{Evidence, EvidenceKind, Fixed, Moment, Operator, Preparation, StepId, Strength};
use crate::engine::{Decision, Effect, Intent, Refusal, blocked_by};
use crate::journal::{Ended, Event, Notices, Purpose, StepConfirmed, StepEnded, StepStatus, Weighed};
use crate::plan::{Action, Step};

use super::{Context, asked, group, notebook};

pub(super) fn handle(context: Context<'_>, intent: &Intent) -> Result<Decision, Refusal> {
    let writes = notebook::writes(intent);
    if context.incident.closed.is_some() && !writes {
        return refuse("the incident is closed: notes, attachments and corrections are all that can still be added");
    }
    notebook::permitted(context, intent)?;
    let mut decision = decide(context, intent)?;
    // Whoever does something about it has taken notice of it.
    if !writes && !decision.events.is_empty() && !matches!(intent, Intent::StartExercise { .. }) {
        notebook::acknowledge(context, &mut decision.events, "ordered something");
    }
    Ok(decision)
}

fn decide(context: Context<'_>, intent: &Intent) -> Result<Decision, Refusal> {
    match intent {
        Intent::StartExercise { speed } => start_exercise(context, *speed),
        Intent::Note { .. }
        | Intent::Mark { .. }
        | Intent::Attach { .. }
        | Intent::GiveRole { .. }
        | Intent::CheckIn { .. }
        | Intent::Acknowledge { .. } => notebook::handle(context, intent),
        Intent::DecideToWait { reason, seen, weighed } => Ok(events(vec![Event::DecidedToWait {
            reason: required(reason, "say why you wait")?,
            seen: seen.clone(),
            weighed: Some(weighed.clone()),
        }])),
        Intent::Declare { reason, seen, weighed } => declare(context, reason, seen, weighed),
        Intent::SetVariable { name, value } => asked::set_variable(context, name, value),
        Intent::Choose { choice, option } => asked::choose(context, choice, option),
        Intent::TakeUp { step, reason } => asked::take_up(context, step, reason),
        Intent::CorrectMoment { moment, at, reason } => correct(context, *moment, *at, reason),
        Intent::ConfirmStep { preparation, typed, second } => confirm(context, preparation, typed.as_deref(), second.as_ref()),
        Intent::ConfirmGroup { preparations, typed } => group::confirm(context, preparations, typed.as_deref()),
        Intent::AmendStep { step, amended } => group::amend(context, step, amended),
        Intent::Adopt { step, work } => group::adopt(context, step, work),
        Intent::ConfirmAnswer { preparation, typed, stop } => answer(context, preparation, typed.as_deref(), *stop),
        Intent::FinishManual { step, note } => finish_manual(context, step, note),
        Intent::SettleTail { step, item, note } => settle_tail(context, step, item, note),
        Intent::SkipStep { step, reason } => skip(context, step, reason),
        Intent::AbortStep { step, reason } => abort(context, step, reason),
        Intent::Close { reason } => close(context, reason),
    }
}

pub(super) fn refuse<T>(sentence: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(sentence.into()))
}

pub(super) fn events(events: Vec<Event>) -> Decision {
    Decision { events, effects: Vec::new() }
}

pub(super) fn required(text: &str, otherwise: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() { refuse(otherwise) } else { Ok(text.to_owned()) }
}

fn start_exercise(context: Context<'_>, speed: f64) -> Result<Decision, Refusal> {
    if context.incident.exercise_started_at.is_some() {
        return refuse("the exercise has been started already");
    }
    Ok(Decision { events: vec![Event::ExerciseStarted { speed }], effects: vec![Effect::StartClock { speed }] })
}

fn declare(context: Context<'_>, reason: &str, seen: &[String], weighed: &Weighed) -> Result<Decision, Refusal> {
    if context.incident.is_declared() {
        return refuse("the failover has been declared already");
    }
    let reason = required(reason, "say why: the reason is part of the record")?;
    let fixed = |what: &str| Fixed {
        at: context.now,
        earliest: None,
        latest: None,
        evidence: Evidence {
            kind: EvidenceKind::Person,
            text: format!("{} {what}: {reason}", context.operator),
            reference: None,
        },
    };
    let mut told = vec![Event::FailoverDeclared {
        reason: reason.clone(),
        seen: seen.to_vec(),
        weighed: Some(Box::new(weighed.clone())),
        notices: covers(context).map(Box::new),
    }];
    for choice in context.plan.choices.values().filter(|choice| !context.incident.choices.contains_key(&choice.name)) {
        let Some(option) = choice.default.clone() else {
            return refuse(format!("choose first: {} ({})", choice.prompt, choice.name));
        };
        told.push(Event::ChoiceMade { choice: choice.name.clone(), option });
    }
    if context.incident.moment(Moment::Detected).is_none() {
        // No signal saw it: the person who declares is the detection, and the report says that it ought to be automatic.
        told.push(Event::MomentFixed { moment: Moment::Detected, fixed: fixed("declared without a signal") });
    }
    told.push(Event::MomentFixed { moment: Moment::Decided, fixed: fixed("declared the failover") });
    Ok(events(asked::consequences(context, told, false)))
}

/// What the plan says that the declaration covers: shown with it, and allowed by it.
fn covers(context: Context<'_>) -> Option<Notices> {
    let notices = context.plan.notices.as_ref()?;
    let site = context.plan.site(&notices.site)?;
    Some(Notices {
        site: site.name.clone(),
        region: site.region.clone(),
        topic: notices.topic.clone(),
        ops_item: notices.ops_item.clone(),
        subject: notices.subject.clone(),
        message: notices.message.clone(),
    })
}

fn correct(context: Context<'_>, moment: Moment, at: DateTime<Utc>, reason: &str) -> Result<Decision, Refusal> {
    if at > context.now {
        return refuse("a moment cannot lie in the future");
    }
    let reason = required(reason, "say why the moment is corrected")?;
    let evidence = Evidence { kind: EvidenceKind::Person, text: format!("{}: {reason}", context.operator), reference: None };
    let fixed = Fixed { at, earliest: None, latest: None, evidence };
    Ok(events(vec![Event::MomentCorrected { moment, fixed, reason }]))
}

pub(super) fn step<'a>(context: Context<'a>, id: &StepId) -> Result<&'a Step, Refusal> {
    context.plan.step(id).map_or_else(|| refuse(format!("the plan has no step {id}")), Ok)
}

pub(super) fn confirm(
    context: Context<'_>,
    preparation: &Preparation,
    typed: Option<&str>,
    second: Option<&Operator>,
) -> Result<Decision, Refusal> {
    let step = step(context, &preparation.step)?;
    if !context.incident.is_declared() {
        return refuse("declare the failover first: the decision is part of the recovery time");
    }
    let blocking = blocked_by(context.incident, context.plan, step);
    if let Some(first) = blocking.first() {
        return refuse(format!("{} needs {first} to end first", step.id));
    }
    can_begin(context, step)?;
    let attempt = next_attempt(context, &step.id);
    if preparation.attempt != attempt {
        return refuse(format!("what was shown was prepared for attempt {}: look again", preparation.attempt));
    }
    if step.action.changes_aws() != preparation.call.is_some() || preparation.strength != step.strength {
        return refuse("what was shown does not match the plan: look again");
    }
    let confirmed = checked(context, preparation, Purpose::Start, typed, second)?;
    let effects = match &step.action {
        Action::Manual { .. } => vec![],
        Action::Check(_) => vec![Effect::Follow { step: step.id.clone(), attempt, handle: String::new(), since: context.now }],
        _ => vec![Effect::Send { step: step.id.clone(), attempt, purpose: Purpose::Start }],
    };
    Ok(Decision { events: vec![Event::StepConfirmed(Box::new(confirmed))], effects })
}

/// A step begins once, and again after it failed or was given up.
pub(super) fn can_begin(context: Context<'_>, step: &Step) -> Result<(), Refusal> {
    match context.incident.status(&step.id) {
        StepStatus::Pending | StepStatus::Failed(_) | StepStatus::Aborted(_) => Ok(()),
        StepStatus::Calling | StepStatus::Running => refuse(format!("{} is running already", step.id)),
        StepStatus::Done => refuse(format!("{} has ended well already", step.id)),
        StepStatus::Skipped(_) => refuse(format!("{} was skipped", step.id)),
        StepStatus::RuledOut(because) => refuse(format!("{} was ruled out: {because}; take it up first", step.id)),
    }
}

pub(super) fn next_attempt(context: Context<'_>, step: &StepId) -> u32 {
    context.incident.steps.get(step).and_then(|record| record.last()).map_or(1, |attempt| attempt.number + 1)
}

/// The checks that every confirmation passes: a gate at all, nothing that blocks, the right account, the right word, the right
/// people.
fn checked(
    context: Context<'_>,
    preparation: &Preparation,
    purpose: Purpose,
    typed: Option<&str>,
    second: Option<&Operator>,
) -> Result<StepConfirmed, Refusal> {
    if context.now > preparation.valid_until {
        let bound = context.plan.confirm_within.as_secs();
        return refuse(format!("what was shown was asked of AWS more than {bound} s ago: check again, then confirm anew"));
    }
    if preparation.is_blocked() {
        return refuse("a finding forbids this step: see what was found");
    }
    if preparation.call.is_some() {
        if context.read_only {
            return refuse("this console is read-only: it has no gate");
        }
        let site = context.plan.site(&preparation.site);
        let Some(identity) = &preparation.identity else { return refuse("it is not known who we are at this site") };
        if site.is_none_or(|site| site.account != identity.account || site.region != preparation.region) {
            return refuse(format!("{} in {} is not the plan's site {}", identity.account, preparation.region, preparation.site));
        }
    }
    match &preparation.strength {
        Strength::Key => {}
        Strength::Type { name } if typed == Some(name.as_str()) => {}
        Strength::Type { name } => return refuse(format!("type {name} exactly to confirm")),
        Strength::SecondPerson => match second {
            Some(second) if !same_person(second, context.operator) => {}
            _ => return refuse("a second person must approve under their own name"),
        },
    }
    Ok(StepConfirmed {
        step: preparation.step.clone(),
        attempt: preparation.attempt,
        purpose,
        site: preparation.site.clone(),
        region: preparation.region.clone(),
        identity: preparation.identity.clone(),
        call: preparation.call.clone(),
        fingerprint: preparation.fingerprint(),
        strength: preparation.strength.clone(),
        typed: typed.map(str::to_owned),
        second: second.cloned(),
    })
}

/// Names that differ only in case or outer blanks are the same person's.
fn same_person(a: &Operator, b: &Operator) -> bool {
    let plain = |name: &Operator| name.as_str().trim().to_lowercase();
    plain(a).is_empty() || plain(a) == plain(b)
}

fn answer(context: Context<'_>, preparation: &Preparation, typed: Option<&str>, stop: bool) -> Result<Decision, Refusal> {
    let step = step(context, &preparation.step)?;
    let record = context.incident.steps.get(&step.id);
    let Some(attempt) = record.filter(|record| record.status == StepStatus::Running).and_then(|record| record.last()) else {
        return refuse(format!("{} is not running", step.id));
    };
    if attempt.number != preparation.attempt || preparation.call.is_none() {
        return refuse("what was shown does not match what runs: look again");
    }
    if attempt.open_answer.is_some() {
        return refuse("an answer is on its way already");
    }
    let purpose = if stop { Purpose::Stop } else { Purpose::Answer };
    let confirmed = checked(context, preparation, purpose, typed, None)?;
    Ok(Decision {
        events: vec![Event::StepConfirmed(Box::new(confirmed))],
        effects: vec![Effect::Send { step: step.id.clone(), attempt: attempt.number, purpose }],
    })
}

fn finish_manual(context: Context<'_>, id: &StepId, note: &str) -> Result<Decision, Refusal> {
    let step = step(context, id)?;
    if !matches!(step.action, Action::Manual { .. }) {
        return refuse(format!("{id} is not a manual step: it ends by itself"));
    }
    let Some(attempt) = context.incident.steps.get(id).filter(|r| r.status == StepStatus::Running).and_then(|r| r.last()) else {
        return refuse(format!("begin {id} first, so that its time counts"));
    };
    let note = Some(note.trim().to_owned()).filter(|note| !note.is_empty());
    let ended = StepEnded {
        step: id.clone(),
        attempt: attempt.number,
        ended: Ended::Done,
        aws_at: None,
        aws_began_at: None,
        outputs: BTreeMap::new(),
        data_at: None,
        note,
        tail: Vec::new(),
    };
    Ok(events(asked::consequences(context, vec![Event::StepEnded(Box::new(ended))], false)))
}

fn settle_tail(context: Context<'_>, id: &StepId, item: &str, note: &str) -> Result<Decision, Refusal> {
    let step = step(context, id)?;
    let open = context.incident.steps.get(&step.id).is_some_and(|record| record.tail().any(|left| left == item));
    if !open {
        return refuse(format!("{id} has not left that to be done, or it is done already"));
    }
    let settled = Event::TailSettled { step: id.clone(), item: item.to_owned(), note: note.trim().to_owned() };
    Ok(events(asked::consequences(context, vec![settled], false)))
}

fn skip(context: Context<'_>, id: &StepId, reason: &str) -> Result<Decision, Refusal> {
    step(context, id)?;
    let reason = required(reason, "say why the step is skipped")?;
    match context.incident.status(id) {
        StepStatus::Pending | StepStatus::Failed(_) | StepStatus::Aborted(_) => {
            let skipped = Event::StepSkipped { step: id.clone(), reason };
            Ok(events(asked::consequences(context, vec![skipped], false)))
        }
        StepStatus::Calling | StepStatus::Running => refuse(format!("{id} is running: abort it first")),
        StepStatus::Done => refuse(format!("{id} has ended well already")),
        StepStatus::Skipped(_) => refuse(format!("{id} was skipped already")),
        StepStatus::RuledOut(because) => refuse(format!("{id} was ruled out already: {because}")),
    }
}

fn abort(context: Context<'_>, id: &StepId, reason: &str) -> Result<Decision, Refusal> {
    step(context, id)?;
    let reason = required(reason, "say why the step is given up")?;
    let record = context.incident.steps.get(id);
    let Some((status, attempt)) = record.and_then(|record| Some((&record.status, record.last()?))) else {
        return refuse(format!("{id} has not begun"));
    };
    match status {
        StepStatus::Running => {}
        StepStatus::Calling => return refuse("whether the call reached AWS is being found out: wait for that first"),
        _ => return refuse(format!("{id} is not running")),
    }
    let ended = StepEnded {
        step: id.clone(),
        attempt: attempt.number,
        ended: Ended::Aborted { reason },
        aws_at: None,
        aws_began_at: None,
        outputs: BTreeMap::new(),
        data_at: None,
        note: None,
        tail: Vec::new(),
    };
    Ok(Decision {
        events: vec![Event::StepEnded(Box::new(ended))],
        effects: vec![Effect::Forget { step: id.clone(), attempt: attempt.number }],
    })
}

fn close(context: Context<'_>, reason: &str) -> Result<Decision, Refusal> {
    let reason = required(reason, "say how it ended")?;
    let running: Vec<&str> = context.incident.running().map(|(id, _)| id.as_str()).collect();
    if !running.is_empty() {
        return refuse(format!("still running: {}", running.join(", ")));
    }
    let mut told = Vec::new();
    if context.incident.moment(Moment::FailedOver).is_some() && context.incident.moment(Moment::Recovered).is_none() {
        let text = format!("{} closed the incident: {reason}", context.operator);
        let evidence = Evidence { kind: EvidenceKind::Person, text, reference: None };
        let fixed = Fixed { at: context.now, earliest: None, latest: None, evidence };
        told.push(Event::MomentFixed { moment: Moment::Recovered, fixed });
    }
    told.push(Event::IncidentClosed { reason });
    Ok(events(told))
}
