//! What people are asked: variables, choices, and steps that are taken up after all; and what the conditions of steps make of it.

use crate::domain::StepId;
use crate::engine::{Decision, Refusal};
use crate::journal::{Event, Incident, Recorded, StepStatus};
use crate::plan::{Reference, Step};

use super::order::{events, refuse, required, step};
use super::{Context, milestone};

pub(super) fn set_variable(context: Context<'_>, name: &str, value: &str) -> Result<Decision, Refusal> {
    let Some(variable) = context.plan.variables.get(name) else {
        return refuse(format!("the plan has no variable {name}"));
    };
    let value = value.trim();
    variable.check(value).map_err(Refusal)?;
    let uses = |step: &&Step| {
        step.when.as_ref().is_some_and(|when| when.asks_variable(name))
            || step.references.contains(&Reference::Variable(name.to_owned()))
    };
    refuse_begun(context, &uses, &format!("the value of {name}"))?;
    let set = Event::VariableSet { name: name.to_owned(), value: value.to_owned() };
    Ok(events(weighed_anew(context, set, &|step| step.when.as_ref().is_some_and(|when| when.asks_variable(name)))))
}

pub(super) fn choose(context: Context<'_>, name: &str, option: &str) -> Result<Decision, Refusal> {
    let Some(choice) = context.plan.choices.get(name) else {
        return refuse(format!("the plan has no choice {name}"));
    };
    choice.check(option).map_err(Refusal)?;
    let asks = |step: &Step| step.when.as_ref().is_some_and(|when| when.asks_choice(name));
    refuse_begun(context, &|step| asks(step), &format!("the choice {name}"))?;
    let made = Event::ChoiceMade { choice: name.to_owned(), option: option.to_owned() };
    Ok(events(weighed_anew(context, made, &asks)))
}

/// What a step that has begun was confirmed with stays as it was.
fn refuse_begun(context: Context<'_>, concerns: &dyn Fn(&&Step) -> bool, what: &str) -> Result<(), Refusal> {
    let begun =
        |step: &&Step| matches!(context.incident.status(&step.id), StepStatus::Calling | StepStatus::Running | StepStatus::Done);
    match context.plan.steps.iter().find(|step| begun(step) && concerns(step)) {
        Some(step) => refuse(format!("{what} can no longer be changed: {} has begun with it", step.id)),
        None => Ok(()),
    }
}

/// The event, and what it makes of the steps whose condition asks about it: ruled out, or taken up again.
fn weighed_anew(context: Context<'_>, event: Event, asks: &dyn Fn(&Step) -> bool) -> Vec<Event> {
    let after = after(context, std::slice::from_ref(&event));
    let mut told = vec![event];
    for step in context.plan.steps.iter().filter(|step| asks(step)) {
        let ruled_out = matches!(after.status(&step.id), StepStatus::RuledOut(_));
        if let Some(when) = step.when.as_ref().filter(|_| ruled_out && after.holds(step.when.as_ref()) != Some(false)) {
            told.push(Event::StepTakenUp { step: step.id.clone(), reason: format!("{when}, by what was chosen now") });
        }
    }
    consequences(context, told, true)
}

/// Takes up a step that was ruled out, or one that takes another back.
pub(super) fn take_up(context: Context<'_>, id: &StepId, reason: &str) -> Result<Decision, Refusal> {
    let step = step(context, id)?;
    let reason = required(reason, "say why the step is to be done after all")?;
    if !context.incident.is_declared() {
        return refuse("declare the failover first: the decision is part of the recovery time");
    }
    let taken = Event::StepTakenUp { step: id.clone(), reason };
    let status = context.incident.status(id);
    if let Some(of) = &step.undoes {
        return match (context.incident.status(of), status) {
            (_, StepStatus::Calling | StepStatus::Running) => refuse(format!("{id} is running already")),
            (StepStatus::Done | StepStatus::Failed(_) | StepStatus::Aborted(_), _) => Ok(events(vec![taken])),
            (StepStatus::Calling | StepStatus::Running, _) => refuse(format!("{of} is running: stop it or give it up first")),
            _ => refuse(format!("{of} has done nothing that could be taken back")),
        };
    }
    match status {
        StepStatus::RuledOut(_) => Ok(events(vec![taken])),
        _ => refuse(format!("{id} was not ruled out")),
    }
}

/// The incident after these events.
pub(super) fn after(context: Context<'_>, events: &[Event]) -> Incident {
    let mut after = context.incident.clone();
    for event in events {
        apply(context, &mut after, event);
    }
    after
}

fn apply(context: Context<'_>, after: &mut Incident, event: &Event) {
    let seq = after.last_seq + 1;
    after.apply(&Recorded { seq, recorded_at: context.now, by: context.operator.clone(), event: event.clone() });
}

/// The events, the steps that are ruled out by them, what a step took back, and the moments that they fix.
///
/// A condition is weighed when the prerequisites of its step are settled, and while what it speaks of is not known again with every
/// event; once it held, only a person's choice (`anew`) weighs it again.
pub(super) fn consequences(context: Context<'_>, mut told: Vec<Event>, anew: bool) -> Vec<Event> {
    let mut after = after(context, &told);
    let took_back = |event: &Event| match event {
        Event::StepEnded(end) if end.ended == crate::journal::Ended::Done => {
            context.plan.step(&end.step).and_then(|step| Some((step.undoes.clone()?, step.id.clone())))
        }
        _ => None,
    };
    for (step, by) in told.iter().filter_map(took_back).collect::<Vec<_>>() {
        let event = Event::StepTakenBack { step, by };
        apply(context, &mut after, &event);
        told.push(event);
    }
    if after.is_declared() && after.closed.is_none() {
        // In the plan's order, so that what a step's end frees is weighed in the same turn.
        for step in context.plan.order() {
            if let Some(because) = ruled_out(context, &after, step, anew) {
                let event = Event::StepRuledOut { step: step.id.clone(), because };
                apply(context, &mut after, &event);
                told.push(event);
            }
        }
    }
    milestone::with(context, &after, told)
}

/// Why a step is ruled out now, if it is.
fn ruled_out(context: Context<'_>, after: &Incident, step: &Step, anew: bool) -> Option<String> {
    if step.when.is_none() && step.undoes.is_none() {
        return None;
    }
    let record = after.steps.get(&step.id);
    if record.is_some_and(|record| record.status != StepStatus::Pending || record.taken_up) {
        return None;
    }
    if let Some(of) = &step.undoes {
        return Some(format!("takes back {of}, when somebody asks for that"));
    }
    let settled = |incident: &Incident| {
        incident.is_declared() && step.needs.iter().all(|need| incident.steps.get(need).is_some_and(|record| record.is_settled()))
    };
    if !settled(after) || after.holds(step.when.as_ref()) != Some(false) {
        return None;
    }
    let held = settled(context.incident) && context.incident.holds(step.when.as_ref()) == Some(true);
    (anew || !held).then(|| step.when.as_ref().map(|when| format!("it applies only if {when}"))).flatten()
}
