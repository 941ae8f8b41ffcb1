//! The resources beside the plan's that have recovery points, in one order, each with the points of all sites.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::alarms::lower;
use super::index::{Index, Units};
use crate::domain::{RecoveryPoint, SiteName};
use crate::store::{Rows, State};
use crate::ui::widgets::{Filter, ListView};

/// One resource, and the number of its group at each site.
#[derive(Debug, Clone)]
struct Resource {
    arn: Arc<str>,
    groups: Vec<(usize, u32)>,
    /// Of the plan: shown elsewhere.
    planned: bool,
}

/// The list of the resources.
#[derive(Debug, Clone, Default)]
pub struct PointList {
    sites: Vec<SiteName>,
    seen: Vec<(u64, u64)>,
    resources: Vec<Resource>,
    numbers: HashMap<Arc<str>, u32>,
    index: Index,
}

struct Resources<'a> {
    rows: Vec<Option<&'a Rows<RecoveryPoint>>>,
    resources: &'a [Resource],
}

impl Resources<'_> {
    fn count(&self, unit: u32) -> usize {
        let groups = self.resources.get(unit as usize).map_or(&[][..], |resource| &resource.groups);
        groups.iter().filter_map(|(site, group)| Some(self.rows.get(*site)?.as_ref()?.members(*group).len())).sum()
    }
}

/// The last part of an ARN.
pub fn name_of(arn: &str) -> &str {
    arn.rsplit([':', '/']).next().unwrap_or(arn)
}

impl Units for Resources<'_> {
    fn limit(&self) -> u32 {
        u32::try_from(self.resources.len()).unwrap_or(u32::MAX)
    }

    fn is(&self, unit: u32) -> bool {
        self.resources.get(unit as usize).is_some_and(|resource| !resource.planned) && self.count(unit) > 0
    }

    fn compare(&self, one: u32, other: u32, sort: usize) -> Ordering {
        let arn = |unit: u32| self.resources.get(unit as usize).map_or("", |resource| &resource.arn);
        let by_name = if sort == 2 { name_of(arn(one)).cmp(name_of(arn(other))) } else { Ordering::Equal };
        by_name.then_with(|| arn(one).cmp(arn(other)))
    }

    /// A resource passes by what is said of it, or by one of its points.
    fn passes(&self, unit: u32, filter: &Filter, room: &mut String) -> bool {
        let Some(resource) = self.resources.get(unit as usize) else { return false };
        let field = |name: &str| (name == "resource").then(|| name_of(&resource.arn));
        room.clear();
        room.push_str(&resource.arn);
        room.push_str(" other");
        lower(room);
        if filter.passes_text(room, field) {
            return true;
        }
        resource.groups.iter().any(|(site, group)| {
            let Some(rows) = self.rows.get(*site).copied().flatten() else { return false };
            rows.members(*group).iter().any(|id| point_passes(rows, *id, &resource.arn, filter, room))
        })
    }

    fn cost(&self, unit: u32) -> usize {
        self.count(unit) + 1
    }
}

fn point_passes(rows: &Rows<RecoveryPoint>, id: u32, arn: &str, filter: &Filter, room: &mut String) -> bool {
    let Some(point) = rows.packed(id) else { return false };
    room.clear();
    room.push_str(arn);
    room.push(' ');
    point.searched(room);
    lower(room);
    filter.passes_text(room, |name| match name {
        "resource" => Some(name_of(arn)),
        "site" => Some(point.site().as_str()),
        "status" => Some(point.status()),
        "type" => Some(point.resource_type()),
        _ => None,
    })
}

impl PointList {
    /// How many resources are shown.
    pub fn len(&self) -> usize {
        self.index.shown().len()
    }

    /// The index: what is hidden, what is being worked on.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The resource at a place: its ARN, and how many points it has.
    pub fn at(&self, state: &State, place: usize) -> Option<(Arc<str>, usize)> {
        let unit = self.index.shown().at(place)?;
        let arn = self.resources.get(unit as usize)?.arn.clone();
        Some((arn, self.units(state).count(unit)))
    }

    /// Where the resource of this ARN is shown.
    pub fn position(&self, arn: &str) -> Option<usize> {
        self.index.shown().position(*self.numbers.get(arn)?)
    }

    /// Its points that pass the filter, those of `first` before others, then the newest first.
    pub fn points(&self, state: &State, arn: &str, first: &SiteName, filter: &Filter) -> Vec<(SiteName, u32)> {
        let (mut found, mut room) = (Vec::new(), String::new());
        for (site, source) in &state.recovery_points {
            let Some(rows) = source.data.as_ref().map(|found| &found.points) else { continue };
            for id in rows.group(arn) {
                if filter.is_empty() || point_passes(rows, *id, arn, filter, &mut room) {
                    let data_at = rows.packed(*id).map_or(i64::MIN, |point| point.data_at());
                    found.push((site != first, std::cmp::Reverse(data_at), site, *id));
                }
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, _, site, id)| (site.clone(), id)).collect()
    }

    fn units<'a>(&'a self, state: &'a State) -> Resources<'a> {
        let rows = state.recovery_points.values().map(|source| source.data.as_ref().map(|found| &found.points));
        Resources { rows: rows.collect(), resources: &self.resources }
    }

    pub(super) fn keep_up(&mut self, state: &State, view: &ListView, turn: usize) -> bool {
        let sites: Vec<SiteName> = state.recovery_points.keys().cloned().collect();
        if sites != self.sites {
            (self.seen, self.sites) = (vec![(0, 0); sites.len()], sites);
        }
        let mut changed = Vec::new();
        let mut seen = std::mem::take(&mut self.seen);
        for (site, (source, seen)) in state.recovery_points.values().zip(&mut seen).enumerate() {
            let rows = source.data.as_ref().map(|found| &found.points);
            let version = rows.map_or((0, 0), Rows::version);
            if version == *seen {
                continue;
            }
            if version.0 != seen.0 {
                // Other rows than before: the numbers of groups mean nothing any more.
                for (unit, resource) in (0..).zip(&mut self.resources) {
                    resource.groups.retain(|(of, _)| *of != site);
                    changed.push(unit);
                }
            }
            if let Some(rows) = rows {
                let mut groups: Vec<u32> = match rows.changed_since(*seen) {
                    Some(groups) => groups.collect(),
                    None => (0..rows.groups()).collect(),
                };
                groups.sort_unstable();
                groups.dedup();
                changed.extend(groups.into_iter().filter_map(|group| self.unit(state, site, group, rows)));
            }
            *seen = version;
        }
        self.seen = seen;
        changed.sort_unstable();
        changed.dedup();
        let mut index = std::mem::take(&mut self.index);
        let units = self.units(state);
        if !changed.is_empty() {
            index.changed(&units, &changed);
        }
        index.want(if view.sort == 2 { 2 } else { 0 }, view.filter.text());
        let more = index.work(&units, turn);
        self.index = index;
        more
    }

    /// The number of the resource of a group; a new one if it was not known.
    fn unit(&mut self, state: &State, site: usize, group: u32, rows: &Rows<RecoveryPoint>) -> Option<u32> {
        let arn = rows.group_name(group)?;
        let unit = match self.numbers.get(arn) {
            Some(unit) => *unit,
            None => {
                let unit = u32::try_from(self.resources.len()).ok()?;
                let planned = state.plan.resource_by_arn(arn).is_some();
                self.resources.push(Resource { arn: arn.clone(), groups: Vec::new(), planned });
                self.numbers.insert(arn.clone(), unit);
                unit
            }
        };
        let groups = &mut self.resources[unit as usize].groups;
        if !groups.contains(&(site, group)) {
            groups.push((site, group));
        }
        Some(unit)
    }
}
