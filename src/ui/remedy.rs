//! What can be done about a step beside confirming it as the plan has it: other parameters, another recovery point, what is at work
//! already, a group at once. Functions of the state; both screens offer the same.

use chrono::{DateTime, TimeDelta, Utc};

use super::format;
use super::ready::{prepared_start, startable};
use crate::domain::{Elsewhere, Moment, MutatingCall, Preparation, ProblemKind, RecoveryPoint, StepId, Strength, Usable};
use crate::journal::{Amended, Purpose, StepStatus};
use crate::plan::{Action, Step};
use crate::store::State;

/// The call that an edit starts from: what would be sent now, else what was sent last.
pub(super) fn call_to_edit<'a>(state: &'a State, step: &Step) -> Option<&'a MutatingCall> {
    let prepared = prepared_start(state, &step.id).and_then(|(_, preparation)| preparation.call.as_ref());
    let last = state.incident.steps.get(&step.id).and_then(|record| record.last());
    prepared.or_else(|| last.filter(|last| last.confirmed.purpose == Purpose::Start)?.confirmed.call.as_ref())
}

/// What was changed before, and one more parameter; an empty value takes it away.
pub(super) fn with_edit(state: &State, step: &StepId, pointer: &str, value: &str, reason: &str) -> Amended {
    let mut amended = amended(state, step);
    let value = Some(value.to_owned()).filter(|value| !value.is_empty());
    amended.edits.insert(pointer.to_owned(), value);
    reason.clone_into(&mut amended.reason);
    amended
}

/// What was changed before, and another recovery point. Edits of the metadata were of the point before: they go with it.
pub(super) fn with_point(arn: &str, reason: &str) -> Amended {
    Amended { point: Some(arn.to_owned()), reason: reason.to_owned(), ..Amended::default() }
}

fn amended(state: &State, step: &StepId) -> Amended {
    let record = state.incident.steps.get(step).and_then(|record| record.amended.as_ref());
    record.map(|(amended, ..)| amended.clone()).unwrap_or_default()
}

/// The recovery points that a step could use, the newest data first; each with what choosing it would lose.
pub(super) fn candidates(state: &State, step: &Step, now: DateTime<Utc>) -> Vec<(RecoveryPoint, String)> {
    let resource = match &step.action {
        Action::BackupRestore { resource, .. } => resource,
        Action::BackupCopy(copy) => &copy.resource,
        _ => return Vec::new(),
    };
    let Some(resource) = state.plan.resources.get(resource) else { return Vec::new() };
    let vaults = state.plan.site(&step.site).map(|site| site.vaults.as_slice()).unwrap_or_default();
    let Some(known) = state.recovery_points.get(&step.site).and_then(|source| source.data.as_ref()) else { return Vec::new() };
    let ids = known.points.group(&resource.arn).iter();
    let mut points: Vec<RecoveryPoint> = ids.filter_map(|id| known.points.row(*id)).collect();
    points.retain(|point| point.resource_arn == resource.arn && vaults.contains(&point.vault));
    points.sort_by_key(|point| std::cmp::Reverse(point.data_at));
    let described = |point: RecoveryPoint| {
        let text = described(state, &point, now);
        (point, text)
    };
    points.into_iter().map(described).collect()
}

fn described(state: &State, point: &RecoveryPoint, now: DateTime<Utc>) -> String {
    let age = match point.data_at {
        Some(at) => format!("data of {}, {} old", format::moment(at, now), format::duration((now - at).max(TimeDelta::zero()))),
        None => "AWS does not say of which moment".to_owned(),
    };
    let loss = match (point.data_at, state.incident.moment(Moment::ImpactBegan)) {
        (Some(at), Some(impact)) if at > impact => "made after the impact began".to_owned(),
        (Some(at), Some(impact)) => {
            let rpo = TimeDelta::from_std(state.plan.objectives.rpo).unwrap_or(TimeDelta::MAX);
            let inside = if impact - at <= rpo { "inside" } else { "OUTSIDE" };
            format!("loses {}, {inside} the RPO", format::duration(impact - at))
        }
        _ => "what it loses is not known".to_owned(),
    };
    let usable = match point.usable(now) {
        Usable::Yes => point.status.clone(),
        Usable::Doubtful(why) => format!("! {why}"),
        Usable::No(why) => format!("✗ {why}"),
    };
    format!("{}: {age}; {loss}; {usable}, in {}", point.short_id(), point.vault)
}

/// What could be taken for the step instead of beginning it: what others began, and what an attempt of ours began that was given up
/// or ran out of its time and may run on.
pub(super) fn adoptable(state: &State, step: &Step) -> Vec<Elsewhere> {
    let begins = matches!(state.incident.status(&step.id), StepStatus::Pending | StepStatus::Failed(_) | StepStatus::Aborted(_));
    if !begins || state.read_only || state.incident.closed.is_some() {
        return Vec::new();
    }
    let mut all: Vec<Elsewhere> =
        prepared_start(state, &step.id).map(|(_, preparation)| preparation.elsewhere.clone()).unwrap_or_default();
    let runs_on = match state.incident.status(&step.id) {
        StepStatus::Failed(problem) => problem.kind == ProblemKind::TimedOut,
        StepStatus::Aborted(_) => true,
        _ => false,
    };
    let last = state.incident.steps.get(&step.id).and_then(|record| record.last()).filter(|_| runs_on);
    let site = state.plan.site(&step.site);
    if let (Some(answered), Some(last), Some(site)) = (last.and_then(|last| last.answered.as_ref()), last, site)
        && !answered.handle.is_empty()
    {
        all.push(Elsewhere {
            kind: step.action.name().to_owned(),
            id: answered.handle.clone(),
            site: site.name.clone(),
            region: site.region.clone(),
            about: step.id.to_string(),
            status: "left to run on".to_owned(),
            began_at: Some(last.began()),
            ended_at: None,
            by: Some(format!("attempt {} of this step", last.number)),
        });
    }
    all
}

/// The steps of a group that one yes could begin now.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    /// Prepared, with the number of the preparation.
    pub ready: Vec<(Preparation, u64)>,
    /// Ready and not prepared, or too long ago: to be asked for first.
    pub ask: Vec<StepId>,
    /// Of the group, but not with the others; why.
    pub alone: Vec<(StepId, String)>,
}

/// The group that a step belongs to, as far as it can begin now. One name may be typed for all of them; who needs another, or a second
/// person, is confirmed alone.
pub(super) fn group(state: &State, step: &Step, now: DateTime<Utc>) -> Option<Group> {
    let name = step.group.as_ref()?;
    let mut group = Group::default();
    let mut typed: Option<&str> = None;
    for step in state.plan.steps.iter().filter(|other| other.group.as_ref() == Some(name)) {
        if startable(state, step).is_err() {
            continue;
        }
        let Some((seq, preparation)) = prepared_start(state, &step.id).filter(|(_, it)| it.valid_until >= now) else {
            group.ask.push(step.id.clone());
            continue;
        };
        let alone = match &preparation.strength {
            _ if preparation.is_blocked() => Some("what was found forbids it".to_owned()),
            _ if !preparation.elsewhere.is_empty() => Some("somebody else has begun it".to_owned()),
            Strength::SecondPerson => Some("it needs a second person".to_owned()),
            Strength::Type { name } if typed.is_some_and(|typed| typed != name) => {
                Some(format!("it asks for another name, {name}"))
            }
            Strength::Type { name } => {
                typed = Some(name);
                None
            }
            Strength::Key => None,
        };
        match alone {
            Some(why) => group.alone.push((step.id.clone(), why)),
            None => group.ready.push((preparation.clone(), seq)),
        }
    }
    Some(group).filter(|group| group.ready.len() + group.ask.len() > 1)
}

/// The name that has to be typed for a group, if one of its steps asks for one.
pub(super) fn strength_of(ready: &[(Preparation, u64)]) -> Strength {
    let typed =
        ready.iter().map(|(preparation, _)| &preparation.strength).find(|strength| matches!(strength, Strength::Type { .. }));
    typed.cloned().unwrap_or(Strength::Key)
}

/// In how long a failed step is checked again by itself: `checks again by itself in 12 s`.
pub(super) fn countdown(state: &State, step: &StepId, now: DateTime<Utc>) -> Option<String> {
    let left = state.retry_at(step)? - now;
    Some(format!("checks again by itself in {} s", left.num_seconds().max(0)))
}

/// What is sensible for a failure, in the words of the keys: the kinds are told apart because this differs.
pub(super) fn sensible(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Throttled => "AWS takes no more calls now: wait for the countdown, or retry at once",
        ProblemKind::Unreachable => {
            "nothing answers: it is tried again by itself; see whether the Region is the one that is lost"
        }
        ProblemKind::Expired => {
            "the credentials have ended: renew them (for example `aws sso login`); it is tried again by itself"
        }
        ProblemKind::Denied => "a permission is missing: mend the role and retry, edit the role that is passed, or skip",
        ProblemKind::Missing => {
            "something that the call names is not there: edit the parameter, or choose another recovery point"
        }
        ProblemKind::Invalid => "AWS does not take the parameters: edit them, or choose another recovery point",
        ProblemKind::TimedOut => "AWS may be at work on it still: follow it on, or retry",
        ProblemKind::Drift => "what was confirmed has changed: look at it and confirm anew",
        ProblemKind::Unknown => "whether it took effect is looked up before anything else",
        ProblemKind::Unavailable => "this account or endpoint does not offer it: skip it, or do it by hand",
    }
}
