//! How much data would be lost, or was: per resource of the plan, and for the worst.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Moment, RecoveryPoint, SiteName, Usable};
use crate::plan::{Action, Resource};
use crate::store::{Rows, State};

/// One resource's data loss.
#[derive(Debug, Clone, PartialEq)]
pub struct Loss<'a> {
    /// The plan's resource.
    pub resource: &'a Resource,
    /// The newest usable recovery point in the recovery site's vaults.
    pub point: Option<RecoveryPoint>,
    /// Impact began minus the moment that the restored, or else the newest usable, data is of; before there is an impact, the
    /// data's age. `None`: there is nothing to restore from, or nothing is known.
    pub loss: Option<TimeDelta>,
    /// Is this of data that was restored, rather than of what could be?
    pub restored: bool,
}

impl Loss<'_> {
    /// Within the objective? `None` where the loss is not known.
    pub fn inside(&self, state: &State) -> Option<bool> {
        self.loss.map(|loss| loss <= TimeDelta::from_std(state.plan.objectives.rpo).unwrap_or(TimeDelta::MAX))
    }
}

/// Every resource of the plan, by name.
pub fn losses(state: &State, now: DateTime<Utc>) -> Vec<Loss<'_>> {
    let impact = state.incident.moment(Moment::ImpactBegan);
    let source = state.recovery_points.get(&SiteName::recovery()).and_then(|source| source.data.as_ref());
    state
        .plan
        .resources
        .values()
        .map(|resource| {
            let point = source.and_then(|found| newest_usable(&found.points, &resource.arn, now));
            let restored = restored_data(state, &resource.name);
            let data_at = restored.or(point.as_ref().and_then(|point| point.data_at));
            let loss = data_at.map(|data| (impact.unwrap_or(now) - data).max(TimeDelta::zero()));
            Loss { resource, point, loss, restored: restored.is_some() }
        })
        .collect()
}

/// The newest usable point of a resource; newest first, so that few are looked at in full.
fn newest_usable(points: &Rows<RecoveryPoint>, arn: &str, now: DateTime<Utc>) -> Option<RecoveryPoint> {
    let of = |id: &u32| points.packed(*id).map(|packed| (packed.data_at(), *id));
    let mut ids: Vec<(i64, u32)> = points.group(arn).iter().filter_map(of).collect();
    ids.sort_unstable_by(|a, b| b.cmp(a));
    let rows = ids.into_iter().filter_map(|(_, id)| points.row(id));
    rows.filter(|point| point.data_at.is_some()).find(|point| point.usable(now) == Usable::Yes)
}

/// The moment that the data is of that a step of the plan has restored for this resource.
fn restored_data(state: &State, resource: &str) -> Option<DateTime<Utc>> {
    let steps = state
        .plan
        .steps
        .iter()
        .filter(|step| matches!(&step.action, Action::BackupRestore { resource: of, .. } if of == resource));
    steps.filter_map(|step| state.incident.steps.get(&step.id)?.last()?.ended.as_ref()?.data_at).max()
}

/// The worst: a resource without anything to restore from, else the greatest loss.
pub fn worst<'a, 'b>(losses: &'b [Loss<'a>]) -> Option<&'b Loss<'a>> {
    losses.iter().max_by_key(|loss| loss.loss.unwrap_or(TimeDelta::MAX))
}
