//! The alarms of all sites in one order: by the trouble of the root that each stands under; what a composite names stands under it.

use std::cmp::{Ordering, Reverse};
use std::collections::{HashMap, HashSet};

use super::index::{Index, Units};
use crate::domain::{Alarm, SiteName};
use crate::store::{PackedAlarm, Rows, State};
use crate::ui::widgets::{Filter, ListView};

/// The names of the sorts besides the natural one.
pub const SORTS: [&str; 4] = ["state", "since", "name", "site"];

/// Where an alarm stands: under which root, as which of the rows there, how deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Under {
    root: u32,
    nth: u32,
    depth: u16,
}

/// The trees of alarms that composites make.
#[derive(Debug, Clone, Default)]
struct Forest {
    under: HashMap<u32, Under>,
    /// The rows under each root.
    of_root: HashMap<u32, Vec<u32>>,
    /// The rule of each composite, and whatever is named in one: if these change, the trees do.
    rules: HashMap<u32, String>,
    named: HashSet<(usize, String)>,
}

/// The list of the alarms.
#[derive(Debug, Clone, Default)]
pub struct AlarmList {
    sites: Vec<SiteName>,
    seen: Vec<(u64, u64)>,
    forest: Forest,
    index: Index,
}

/// The alarms as units: number `id × sites + site`.
struct Alarms<'a> {
    rows: Vec<Option<&'a Rows<Alarm>>>,
    forest: &'a Forest,
}

impl Alarms<'_> {
    fn packed(&self, unit: u32) -> Option<&PackedAlarm> {
        let sites = self.rows.len().max(1);
        self.rows[unit as usize % sites]?.packed(unit / u32::try_from(sites).unwrap_or(1))
    }

    fn site(&self, unit: u32) -> usize {
        unit as usize % self.rows.len().max(1)
    }

    fn root(&self, unit: u32) -> u32 {
        self.forest.under.get(&unit).map_or(unit, |under| under.root)
    }

    /// Trouble first, then composites, then what turned last.
    fn natural(&self, one: u32, other: u32) -> Ordering {
        let (root, other_root) = (self.root(one), self.root(other));
        if root == other_root {
            let nth = |unit: u32| self.forest.under.get(&unit).map_or(0, |under| under.nth);
            return nth(one).cmp(&nth(other)).then(one.cmp(&other));
        }
        let key = |root: u32| {
            let alarm = self.packed(root);
            let composite = alarm.is_some_and(|alarm| alarm.rule().is_some());
            let rank = alarm.map_or(3, PackedAlarm::rank);
            (rank, self.site(root), !composite, Reverse(alarm.map(PackedAlarm::transitioned_at)))
        };
        let name = |root: u32| self.packed(root).map(PackedAlarm::name);
        key(root).cmp(&key(other_root)).then_with(|| name(root).cmp(&name(other_root))).then(root.cmp(&other_root))
    }
}

impl Units for Alarms<'_> {
    fn limit(&self) -> u32 {
        let limit = self.rows.iter().flatten().map(|rows| rows.limit()).max().unwrap_or(0);
        limit.saturating_mul(u32::try_from(self.rows.len()).unwrap_or(1))
    }

    fn is(&self, unit: u32) -> bool {
        self.packed(unit).is_some()
    }

    fn compare(&self, one: u32, other: u32, sort: usize) -> Ordering {
        let (Some(a), Some(b)) = (self.packed(one), self.packed(other)) else { return self.natural(one, other) };
        let by = match sort {
            1 => a.rank().cmp(&b.rank()),
            2 => b.transitioned_at().cmp(&a.transitioned_at()),
            3 => a.name().cmp(b.name()),
            4 => a.site().cmp(b.site()),
            _ => Ordering::Equal,
        };
        by.then_with(|| self.natural(one, other))
    }

    fn passes(&self, unit: u32, filter: &Filter, room: &mut String) -> bool {
        let Some(alarm) = self.packed(unit) else { return false };
        room.clear();
        alarm.searched(room);
        lower(room);
        let kind = format_kind(alarm);
        filter.passes_text(room, |field| match field {
            "state" => Some(alarm.state()),
            "site" => Some(alarm.site().as_str()),
            "name" => Some(alarm.name()),
            "kind" => Some(kind),
            _ => None,
        })
    }

    fn cost(&self, _: u32) -> usize {
        1
    }
}

fn format_kind(alarm: &PackedAlarm) -> &'static str {
    use crate::domain::AlarmKind::{AnomalyDetection, Composite, Metric, MetricMath};
    match alarm.kind() {
        Metric => "Metric",
        MetricMath => "MetricMath",
        AnomalyDetection => "AnomalyDetection",
        Composite => "Composite",
    }
}

/// Small letters; nearly always in place.
pub(super) fn lower(text: &mut String) {
    if text.is_ascii() {
        text.make_ascii_lowercase();
    } else {
        *text = text.to_lowercase();
    }
}

impl AlarmList {
    /// How many are shown.
    pub fn len(&self) -> usize {
        self.index.shown().len()
    }

    /// The index: what is hidden, what is being worked on.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The alarm at a place, with its depth.
    pub fn at(&self, state: &State, place: usize) -> Option<(Alarm, usize)> {
        let unit = self.index.shown().at(place)?;
        let site = self.sites.get(unit as usize % self.sites.len().max(1))?;
        let rows = state.alarms.get(site)?.data.as_ref()?;
        let depth = self.forest.under.get(&unit).map_or(0, |under| usize::from(under.depth));
        Some((rows.row(unit / u32::try_from(self.sites.len()).ok()?)?, depth))
    }

    /// Where the alarm of this name is shown.
    pub fn position(&self, state: &State, site: &str, name: &str) -> Option<usize> {
        let at = self.sites.iter().position(|known| known.as_str() == site)?;
        let id = state.alarms.get(&self.sites[at])?.data.as_ref()?.id(name)?;
        let unit = id.checked_mul(u32::try_from(self.sites.len()).ok()?)?.checked_add(u32::try_from(at).ok()?)?;
        self.index.shown().position(unit)
    }

    pub(super) fn keep_up(&mut self, state: &State, view: &ListView, turn: usize) -> bool {
        let sites: Vec<SiteName> = state.alarms.keys().cloned().collect();
        if sites != self.sites {
            (self.seen, self.sites) = (vec![(0, 0); sites.len()], sites);
        }
        let rows: Vec<Option<&Rows<Alarm>>> = state.alarms.values().map(|source| source.data.as_ref()).collect();
        let sites = u32::try_from(rows.len()).unwrap_or(1);
        let mut changed = Vec::new();
        for (site, (rows, seen)) in (0..).zip(rows.iter().zip(&mut self.seen)) {
            let version = rows.map_or((0, 0), Rows::version);
            if version == *seen {
                continue;
            }
            match rows.and_then(|rows| rows.changed_since(*seen)) {
                Some(ids) => changed.extend(ids.map(|id| id * sites + site)),
                None => {
                    // Other rows than before, or too much has happened: all that there were and are.
                    let limit = rows.map_or(0, Rows::limit);
                    let known = self.index.known().filter(|unit| unit % sites == site);
                    changed.extend(known);
                    changed.extend((0..limit).map(|id| id * sites + site));
                }
            }
            *seen = version;
        }
        changed.sort_unstable();
        changed.dedup();
        let units = Alarms { rows, forest: &self.forest };
        if !changed.is_empty() {
            let also = self.forest.of_changed(&units, &changed);
            match also {
                Some(also) => self.index.changed(&units, &[changed, also].concat()),
                None => {
                    let forest = Forest::grown(&units);
                    let moved = self.forest.moved_to(&forest);
                    let units = Alarms { rows: units.rows, forest: &forest };
                    self.index.changed(&units, &[changed, moved].concat());
                    self.forest = forest;
                }
            }
        }
        let units = Alarms { rows: state.alarms.values().map(|source| source.data.as_ref()).collect(), forest: &self.forest };
        self.index.want(view.sort, view.filter.text());
        self.index.work(&units, turn)
    }
}

impl Forest {
    /// What moves because these changed: all under a root that did; `None` if the trees are no longer these.
    fn of_changed(&self, units: &Alarms<'_>, changed: &[u32]) -> Option<Vec<u32>> {
        let mut also = Vec::new();
        for unit in changed {
            let alarm = units.packed(*unit);
            if self.rules.get(unit).map(String::as_str) != alarm.and_then(PackedAlarm::rule) {
                return None;
            }
            // Named, and not where it was: it came or went.
            let is_named = alarm.is_some_and(|alarm| self.named.contains(&(units.site(*unit), alarm.name().to_owned())));
            if is_named != self.under.get(unit).is_some_and(|under| under.depth > 0) {
                return None;
            }
            also.extend(self.of_root.get(unit).into_iter().flatten().copied());
        }
        Some(also)
    }

    fn grown(units: &Alarms<'_>) -> Self {
        let mut forest = Self::default();
        let sites = u32::try_from(units.rows.len()).unwrap_or(1);
        for (site, rows) in units.rows.iter().enumerate() {
            let Some(rows) = rows else { continue };
            let unit = |id: u32| id * sites + u32::try_from(site).unwrap_or(0);
            let rules = (0..rows.limit()).filter_map(|id| Some((unit(id), rows.packed(id)?.rule()?.to_owned())));
            let rules: Vec<(u32, String)> = rules.collect();
            let named: HashSet<String> = rules.iter().flat_map(|(_, rule)| named_in(rule)).collect();
            let is_root = |unit: &u32| units.packed(*unit).is_some_and(|alarm| !named.contains(alarm.name()));
            // Rules that name each other in a ring have no root: then the first of them is one.
            let (mut roots, rest): (Vec<u32>, Vec<u32>) = rules.iter().map(|(unit, _)| *unit).partition(is_root);
            roots.extend(rest);
            let mut grown = Grown { rows, unit: &unit, forest: &mut forest };
            roots.into_iter().for_each(|root| grown.descend(root, root, 0));
            forest.rules.extend(rules);
            forest.named.extend(named.into_iter().map(|name| (site, name)));
        }
        forest
    }

    /// What stands elsewhere in the other one.
    fn moved_to(&self, other: &Self) -> Vec<u32> {
        let here = self.under.iter().filter(|(unit, under)| other.under.get(unit) != Some(under));
        let there = other.under.keys().filter(|unit| !self.under.contains_key(unit));
        here.map(|(unit, _)| *unit).chain(there.copied()).collect()
    }
}

struct Grown<'a, F> {
    rows: &'a Rows<Alarm>,
    unit: F,
    forest: &'a mut Forest,
}

impl<F: Fn(u32) -> u32> Grown<'_, F> {
    fn descend(&mut self, unit: u32, root: u32, depth: u16) {
        if self.forest.under.contains_key(&unit) {
            return;
        }
        let of_root = self.forest.of_root.entry(root).or_default();
        let nth = u32::try_from(of_root.len()).unwrap_or(u32::MAX);
        of_root.push(unit);
        self.forest.under.insert(unit, Under { root, nth, depth });
        let id = unit / ((self.unit)(1) - (self.unit)(0)).max(1);
        let Some(rule) = self.rows.packed(id).and_then(PackedAlarm::rule) else { return };
        for name in named_in(rule) {
            if let Some(child) = self.rows.id(&name) {
                self.descend((self.unit)(child), root, depth + 1);
            }
        }
    }
}

/// The names of the alarms in a composite's rule.
pub fn named_in(rule: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in rule.match_indices('(') {
        let before = rule[..at].trim_end();
        if !["ALARM", "OK", "INSUFFICIENT_DATA"].iter().any(|function| before.ends_with(function)) {
            continue;
        }
        let inner = rule[at + 1..].split(')').next().unwrap_or("").trim().trim_matches(['"', '\'']);
        // An alarm may be named by its ARN.
        let name = inner.split_once(":alarm:").map_or(inner, |(_, name)| name);
        if !name.is_empty() && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(name: &str, state: &str, rule: Option<&str>) -> Alarm {
        serde_json::from_value(serde_json::json!({
            "site": "primary", "name": name, "arn": format!("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}"),
            "kind": if rule.is_some() { "composite" } else { "metric" },
            "state": state, "evaluation": null, "transitioned_at": null, "updated_at": null, "reason": "", "reason_data": null,
            "rule": rule, "suppressed_by": null, "metric": null
        }))
        .unwrap()
    }

    fn told(rows: &Rows<Alarm>) -> Vec<(usize, String)> {
        let mut index = Index::default();
        let forest = Forest::grown(&Alarms { rows: vec![Some(rows)], forest: &Forest::default() });
        let units = Alarms { rows: vec![Some(rows)], forest: &forest };
        index.changed(&units, &(0..rows.limit()).collect::<Vec<_>>());
        let depth = |unit: &u32| forest.under.get(unit).map_or(0, |under| usize::from(under.depth));
        index.shown().from(0).map(|unit| (depth(&unit), rows.row(unit).unwrap().name)).collect()
    }

    #[test]
    fn each_alarm_stands_once_under_the_root_that_ranks_it_even_in_a_ring() {
        let rows = Rows::from(vec![
            alarm("b", "OK", None),
            alarm("top", "ALARM", Some("ALARM(mid) OR ALARM(b)")),
            alarm("mid", "ALARM", Some("ALARM(a) AND ALARM(top)")),
            alarm("a", "ALARM", None),
            alarm("ring-1", "OK", Some("ALARM(ring-2)")),
            alarm("ring-2", "OK", Some("ALARM(ring-1)")),
            alarm("z", "ALARM", None),
        ]);
        let told: Vec<(usize, String)> = told(&rows);
        assert_eq!(told.len(), rows.len());
        let at = |name: &str| told.iter().position(|(_, known)| known == name).unwrap();
        assert_eq!(at("b") - at("top"), 3, "what a composite names stands under it: {told:?}");
        assert!(told.contains(&(1, "ring-2".to_owned())) && at("ring-1") > at("z"), "{told:?}");
    }

    #[test]
    fn rules_name_alarms_by_name_quoted_or_by_arn() {
        let rule = "ALARM(\"shop errors\") AND NOT (OK(arn:aws:cloudwatch:eu-west-1:1:alarm:b)) OR INSUFFICIENT_DATA(c) OR TRUE";
        assert_eq!(named_in(rule), ["shop errors", "b", "c"]);
    }
}
