//! The recovery points of one account and Region, with the indexes by which they are listed and found.
//!
//! A point is stored once, in the order in which it came; the indexes hold its number. A list goes on from its last key by a search
//! in an ordered index, so that a page costs the same wherever it is, and whatever of vault, type, resource and time it is filtered
//! by. All together a point costs some 120 bytes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, btree_set};
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::points::{Point, Status};
use crate::sim::seed;

/// When a point was made, in milliseconds, and its number: the newest first.
pub type PointKey = (Reverse<i64>, u32);

type Index = BTreeSet<PointKey>;

/// The key that stands before all points made at `time` or earlier.
pub fn newest_at(time: DateTime<Utc>) -> PointKey {
    (Reverse(time.timestamp_millis().saturating_add(1)), u32::MAX)
}

/// Recovery points and their indexes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    points: Vec<Option<Point>>,
    by_vault: BTreeMap<String, BTreeMap<String, Index>>,
    by_resource: BTreeMap<Arc<str>, Index>,
    by_arn: HashMap<u64, u32>,
}

impl Rows {
    /// Takes in points.
    pub fn extend(&mut self, points: impl Iterator<Item = Point>) {
        let mut added: BTreeMap<(String, String), BTreeMap<Arc<str>, Vec<PointKey>>> = BTreeMap::new();
        let mut group: Option<(Arc<super::points::Lineage>, Vec<PointKey>)> = None;
        let mut close = |group: Option<(Arc<super::points::Lineage>, Vec<PointKey>)>| {
            let Some((lineage, keys)) = group else { return };
            let of = added.entry((lineage.vault.clone(), lineage.kind.clone())).or_default();
            of.entry(lineage.resource.clone()).or_default().extend(keys);
        };
        for point in points {
            // More than four thousand million points would not fit into the machine.
            let Ok(number) = u32::try_from(self.points.len()) else { break };
            let key = (Reverse(point.created.timestamp_millis()), number);
            self.by_arn.insert(seed::hash(0, &point.arn()), number);
            match &mut group {
                Some((lineage, keys)) if Arc::ptr_eq(lineage, &point.lineage) => keys.push(key),
                _ => close(group.replace((point.lineage.clone(), vec![key]))),
            }
            self.points.push(Some(point));
        }
        close(group);
        for ((vault, kind), resources) in added {
            let mut all: Vec<PointKey> = Vec::new();
            for (resource, keys) in resources {
                all.extend(&keys);
                merge(self.by_resource.entry(resource).or_default(), keys);
            }
            merge(self.by_vault.entry(vault).or_default().entry(kind).or_default(), all);
        }
        self.points.shrink_to_fit();
    }

    fn point(&self, key: PointKey) -> Option<(PointKey, &Point)> {
        Some((key, self.points.get(usize::try_from(key.1).ok()?)?.as_ref()?))
    }

    fn number(&self, arn: &str) -> Option<usize> {
        let number = usize::try_from(*self.by_arn.get(&seed::hash(0, arn))?).ok()?;
        let point = self.points.get(number)?.as_ref()?;
        (point.arn() == arn).then_some(number)
    }

    /// The point with this ARN.
    pub fn find(&self, arn: &str) -> Option<&Point> {
        self.points.get(self.number(arn)?)?.as_ref()
    }

    /// Gives the point with this ARN another status.
    pub fn set_status(&mut self, arn: &str, status: Status) {
        self.edit(arn, |point| point.status = status);
    }

    /// The point with this ARN was scanned for malware: AWS's ScanResults.
    pub fn set_scan(&mut self, arn: &str, scan: serde_json::Value) {
        self.edit(arn, |point| Arc::make_mut(&mut point.lineage).scan = Some(scan));
    }

    /// Changes what is no part of an index.
    fn edit(&mut self, arn: &str, change: impl FnOnce(&mut Point)) {
        if let Some(number) = self.number(arn)
            && let Some(Some(point)) = self.points.get_mut(number)
        {
            change(point);
        }
    }

    /// Takes the point with this ARN away.
    pub fn remove(&mut self, arn: &str) -> Option<Point> {
        let number = self.number(arn)?;
        let point = self.points.get_mut(number)?.take()?;
        self.by_arn.remove(&seed::hash(0, arn));
        let key = (Reverse(point.created.timestamp_millis()), u32::try_from(number).ok()?);
        if let Some(index) = self.by_vault.get_mut(&point.lineage.vault).and_then(|kinds| kinds.get_mut(&point.lineage.kind)) {
            index.remove(&key);
        }
        if let Some(index) = self.by_resource.get_mut(&point.lineage.resource) {
            index.remove(&key);
            if index.is_empty() {
                self.by_resource.remove(&point.lineage.resource);
            }
        }
        Some(point)
    }

    /// How many points a vault holds.
    pub fn count(&self, vault: &str) -> usize {
        self.by_vault.get(vault).into_iter().flat_map(BTreeMap::values).map(BTreeSet::len).sum()
    }

    /// The points of a vault, of one type or of all, newest first; those after `after`.
    pub fn in_vault(&self, vault: &str, kind: Option<&str>, after: Option<PointKey>) -> impl Iterator<Item = (PointKey, &Point)> {
        let kinds = self.by_vault.get(vault).into_iter().flatten();
        let wanted = kinds.filter(|(of, _)| kind.is_none_or(|kind| kind == of.as_str()));
        let ranges = wanted.map(|(_, index)| index.range(since(after)).peekable()).collect();
        Merged { ranges }.filter_map(|key| self.point(key))
    }

    /// The points of a resource in all vaults, newest first; those after `after`.
    pub fn of_resource(&self, resource: &str, after: Option<PointKey>) -> impl Iterator<Item = (PointKey, &Point)> {
        let index = self.by_resource.get(resource).into_iter();
        index.flat_map(move |index| index.range(since(after))).filter_map(|key| self.point(*key))
    }

    /// The resources that have points here, after this one.
    pub fn resources(&self, after: Option<&str>) -> impl Iterator<Item = &Arc<str>> {
        let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded(Arc::from(after)));
        self.by_resource.range::<Arc<str>, _>((from, Bound::Unbounded)).map(|(resource, _)| resource)
    }
}

/// An ordered index is built full, which halves its memory, where many keys come at once.
fn merge(index: &mut Index, keys: Vec<PointKey>) {
    if let [key] = keys[..] {
        index.insert(key);
    } else {
        index.append(&mut keys.into_iter().collect());
    }
}

fn since(after: Option<PointKey>) -> (Bound<PointKey>, Bound<PointKey>) {
    (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded)
}

/// The keys of several indexes in one order. There are as many as types of resources: a handful.
struct Merged<'a> {
    ranges: Vec<Peekable<btree_set::Range<'a, PointKey>>>,
}

impl Iterator for Merged<'_> {
    type Item = PointKey;

    fn next(&mut self) -> Option<PointKey> {
        let keys = self.ranges.iter_mut().filter_map(|range| range.peek().map(|key| **key));
        let next = keys.min()?;
        self.ranges.iter_mut().find_map(|range| range.next_if(|key| **key == next)).copied()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::points::Lineage;
    use super::*;

    fn lineage(kind: &str, name: &str, vault: &str) -> Arc<Lineage> {
        let resource = Arc::from(format!("arn:aws:x:::{name}").as_str());
        Arc::new(Lineage { kind: kind.into(), name: name.into(), vault: vault.into(), resource, ..Lineage::default() })
    }

    fn rows() -> Rows {
        let start: DateTime<Utc> = "2026-03-14T03:00:00Z".parse().unwrap();
        let lineages = [lineage("S3", "a", "v"), lineage("EFS", "b", "v"), lineage("S3", "a", "w")];
        let points = (0..30_u64).map(|number| Point {
            lineage: lineages[usize::try_from(number % 3).unwrap()].clone(),
            created: start - TimeDelta::minutes(i64::try_from(number * 7 % 30).unwrap()),
            id: (number, number),
            bytes: 1,
            status: Status::Completed,
        });
        let mut rows = Rows::default();
        rows.extend(points);
        rows
    }

    fn minutes<'a>(rows: impl Iterator<Item = (PointKey, &'a Point)>) -> Vec<i64> {
        rows.map(|((Reverse(at), _), _)| at / 60_000).collect()
    }

    #[test]
    fn every_list_is_whole_newest_first_and_goes_on_from_any_of_its_keys() {
        let rows = rows();
        for (kind, count) in [(None, 20), (Some("S3"), 10), (Some("EFS"), 10), (Some("RDS"), 0)] {
            let all: Vec<_> = rows.in_vault("v", kind, None).collect();
            assert_eq!(all.len(), count, "{kind:?}");
            assert!(all.is_sorted_by_key(|(key, _)| *key));
            for (at, (key, _)) in all.iter().enumerate() {
                assert_eq!(rows.in_vault("v", kind, Some(*key)).count(), all.len() - at - 1);
            }
        }
        assert_eq!(rows.of_resource("arn:aws:x:::a", None).count(), 20, "in both vaults");
        assert_eq!(rows.resources(None).count(), 2);
        assert_eq!(rows.count("v"), 20);
    }

    #[test]
    fn a_list_begins_at_a_time_without_the_points_before_it() {
        let rows = rows();
        let at: DateTime<Utc> = "2026-03-14T02:50:00Z".parse().unwrap();
        let told = minutes(rows.in_vault("v", None, Some(newest_at(at))));
        let all = minutes(rows.in_vault("v", None, None));
        assert_eq!(told, all.into_iter().filter(|minute| *minute <= at.timestamp() / 60).collect::<Vec<_>>());
        assert!((1..20).contains(&told.len()));
    }

    #[test]
    fn a_point_that_is_taken_away_is_in_no_index() {
        let mut rows = rows();
        let arns: Vec<String> = rows.of_resource("arn:aws:x:::a", None).map(|(_, point)| point.arn()).collect();
        for arn in &arns {
            assert!(rows.remove(arn).is_some());
            assert!(rows.find(arn).is_none() && rows.remove(arn).is_none());
        }
        assert_eq!(rows.count("v"), 10);
        assert_eq!(rows.count("w"), 0);
        assert_eq!(rows.resources(None).count(), 1);
    }
}
