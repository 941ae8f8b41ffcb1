//! Orders about how steps begin beside their own confirmation: several of a group at once, one that is other than the plan has it, one
//! that somebody else has begun.

use crate::domain::{Elsewhere, Preparation, StepId, Strength};
use crate::engine::{Decision, Effect, Refusal};
use crate::journal::{Amended, CallAnswered, Event, Purpose, StepConfirmed};
use crate::plan::Action;

use super::Context;
use super::order::{can_begin, confirm as confirm_one, events, next_attempt, refuse, required, step};

/// One yes for the steps that are listed by name: each passes every check that it would pass alone, and none begins unless all may.
pub(super) fn confirm(context: Context<'_>, preparations: &[Preparation], typed: Option<&str>) -> Result<Decision, Refusal> {
    let mut all = Decision::default();
    let mut group: Option<&str> = None;
    for preparation in preparations {
        let step = step(context, &preparation.step)?;
        let Some(own) = step.group.as_deref() else { return refuse(format!("{} belongs to no group", step.id)) };
        if group.is_some_and(|group| group != own) {
            return refuse(format!("{} belongs to another group", step.id));
        }
        if group.is_some() && preparations.iter().filter(|other| other.step == preparation.step).count() > 1 {
            return refuse(format!("{} is listed twice", step.id));
        }
        group = Some(own);
        let typed = match &preparation.strength {
            Strength::Key => None,
            Strength::Type { .. } => typed,
            Strength::SecondPerson => return refuse(format!("{} needs a second person: confirm it by itself", step.id)),
        };
        let Decision { events, effects } = confirm_one(context, preparation, typed, None)?;
        all.events.extend(events);
        all.effects.extend(effects);
    }
    if all.events.is_empty() { refuse("no step of the group is ready") } else { Ok(all) }
}

/// Changes what a step would send. It is prepared anew with that, shown, and confirmed like any other.
pub(super) fn amend(context: Context<'_>, id: &StepId, amended: &Amended) -> Result<Decision, Refusal> {
    let step = step(context, id)?;
    can_begin(context, step)?;
    if !step.action.changes_aws() {
        return refuse(format!("{id} sends nothing that could be edited"));
    }
    let chooses = matches!(step.action, Action::BackupRestore { .. } | Action::BackupCopy(_));
    if amended.point.is_some() && !chooses {
        return refuse(format!("{id} takes no recovery point"));
    }
    let reason = required(&amended.reason, "say why it is changed")?;
    let amended = Box::new(Amended { reason, ..amended.clone() });
    Ok(events(vec![Event::StepAmended { step: id.clone(), amended }]))
}

/// What is at work at AWS counts as the step's next attempt: nothing is sent, it is followed and timed from its own beginning.
pub(super) fn adopt(context: Context<'_>, id: &StepId, work: &Elsewhere) -> Result<Decision, Refusal> {
    let step = step(context, id)?;
    if !context.incident.is_declared() {
        return refuse("declare the failover first: the decision is part of the recovery time");
    }
    can_begin(context, step)?;
    let Some(site) = context.plan.site(&step.site).filter(|_| step.action.changes_aws()) else {
        return refuse(format!("{id} is nothing that could have been begun at AWS"));
    };
    if work.site != site.name || work.region != site.region {
        return refuse(format!(
            "{} is at {} in {}, and {id} acts at {} in {}",
            work.id, work.site, work.region, site.name, site.region
        ));
    }
    let attempt = next_attempt(context, id);
    let handle = work.handle().to_owned();
    let confirmed = StepConfirmed {
        step: id.clone(),
        attempt,
        purpose: Purpose::Start,
        site: site.name.clone(),
        region: site.region.clone(),
        identity: None,
        call: None,
        fingerprint: String::new(),
        strength: Strength::Key,
        typed: None,
        second: None,
    };
    let answered = CallAnswered {
        step: id.clone(),
        attempt,
        purpose: Purpose::Start,
        handle: handle.clone(),
        request_id: None,
        aws_at: work.began_at,
        found: Some(format!("adopted: {}", work.told())),
    };
    let seen = context.incident.elsewhere.iter().any(|seen| seen.work == *work);
    let ours = context
        .incident
        .steps
        .values()
        .flat_map(|record| &record.attempts)
        .any(|one| one.answered.as_ref().is_some_and(|answered| !answered.handle.is_empty() && answered.handle == handle));
    let mut told = Vec::new();
    // What was begun here is no news of others.
    if !seen && !ours {
        told.push(Event::SeenElsewhere(Box::new(work.clone())));
    }
    told.extend([Event::StepConfirmed(Box::new(confirmed)), Event::CallAnswered(answered)]);
    let since = work.began_at.unwrap_or(context.now);
    let effects = vec![Effect::Follow { step: id.clone(), attempt, handle, since }];
    Ok(Decision { events: told, effects })
}
