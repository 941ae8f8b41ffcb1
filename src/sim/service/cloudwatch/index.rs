//! The alarms of one account and Region, with the indexes that make a hundred thousand of them cheap: by state, by metric, the
//! composite ones, and those that are awake.
//!
//! An alarm sleeps while its metric can bring no other verdict: then no minute looks at it. Whoever touches the metric, or the
//! alarm, wakes it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use super::alarms::{Alarm, Follows};
use super::evaluate::State;

/// An alarm's name, shared by the indexes.
pub type Name = Arc<str>;

/// The alarms.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Alarms {
    all: BTreeMap<Name, Alarm>,
    by_state: [BTreeSet<Name>; 3],
    by_metric: BTreeMap<Arc<str>, Vec<Name>>,
    composite: BTreeSet<Name>,
    awake: BTreeSet<Name>,
}

/// The metric that an alarm follows, if it follows just one.
fn metric(alarm: &Alarm) -> Option<&Arc<str>> {
    match &alarm.follows {
        Follows::Metric(rule) if rule.math.is_none() => Some(&rule.metric),
        _ => None,
    }
}

impl Alarms {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The alarm with this name.
    pub fn get(&self, name: &str) -> Option<&Alarm> {
        self.all.get(name)
    }

    /// The alarm with this name, with the name.
    pub fn named(&self, name: &str) -> Option<(&Name, &Alarm)> {
        self.all.get_key_value(name)
    }

    /// Is there an alarm with this name?
    pub fn contains_key(&self, name: &str) -> bool {
        self.all.contains_key(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Alarm)> {
        self.all.iter()
    }

    /// The alarms from a name on, in order; only those in `state`, and only composite ones, if it is asked for.
    pub fn range(
        &self,
        from: Bound<&str>,
        state: Option<State>,
        composite: bool,
    ) -> Box<dyn Iterator<Item = (&Name, &Alarm)> + '_> {
        let index = match (composite, state) {
            (true, _) => &self.composite,
            (false, Some(state)) => &self.by_state[state as usize],
            (false, None) => return Box::new(self.all.range::<str, _>((from, Bound::Unbounded))),
        };
        let named = index.range::<str, _>((from, Bound::Unbounded));
        let found = named.filter_map(|name| self.all.get_key_value(name));
        Box::new(found.filter(move |(_, alarm)| state.is_none_or(|state| alarm.state == state)))
    }

    /// The alarms that follow this metric alone.
    pub fn of_metric(&self, key: &str) -> impl Iterator<Item = (&Name, &Alarm)> {
        self.by_metric.get(key).into_iter().flatten().filter_map(|name| self.all.get_key_value(name))
    }

    /// The composite alarms.
    pub fn composite(&self) -> impl Iterator<Item = (&Name, &Alarm)> {
        self.composite.iter().filter_map(|name| self.all.get_key_value(name))
    }

    /// The metric alarms that a minute has to look at.
    pub fn awake(&self) -> impl Iterator<Item = (&Name, &Alarm)> {
        self.awake.iter().filter_map(|name| self.all.get_key_value(name))
    }

    /// Puts an alarm, awake, in place of one with its name.
    pub fn insert(&mut self, name: &str, alarm: Alarm) {
        self.remove(name);
        let name: Name = Arc::from(name);
        self.by_state[alarm.state as usize].insert(name.clone());
        match alarm.follows {
            Follows::Alarms(_) => self.composite.insert(name.clone()),
            Follows::Metric(_) => self.awake.insert(name.clone()),
        };
        if let Some(metric) = metric(&alarm) {
            self.by_metric.entry(metric.clone()).or_default().push(name.clone());
        }
        self.all.insert(name, alarm);
    }

    /// Takes an alarm away.
    pub fn remove(&mut self, name: &str) -> Option<Alarm> {
        let alarm = self.all.remove(name)?;
        self.by_state[alarm.state as usize].remove(name);
        self.composite.remove(name);
        self.awake.remove(name);
        if let Some(metric) = metric(&alarm)
            && let Some(names) = self.by_metric.get_mut(metric)
        {
            names.retain(|known| &**known != name);
            if names.is_empty() {
                self.by_metric.remove(metric);
            }
        }
        Some(alarm)
    }

    /// Changes an alarm, but not what it follows, and wakes it.
    pub fn edit(&mut self, name: &str, change: impl FnOnce(&mut Alarm)) {
        let Some(alarm) = self.all.get_mut(name) else { return };
        let before = alarm.state;
        change(alarm);
        let (after, composite) = (alarm.state, matches!(alarm.follows, Follows::Alarms(_)));
        let Some((name, _)) = self.all.get_key_value(name) else { return };
        if before != after {
            self.by_state[before as usize].remove(name);
            self.by_state[after as usize].insert(name.clone());
        }
        if !composite {
            self.awake.insert(name.clone());
        }
    }

    /// Wakes the alarms of a metric that was touched.
    pub fn wake(&mut self, metric: &str) {
        self.awake.extend(self.by_metric.get(metric).into_iter().flatten().cloned());
    }

    /// Lets an alarm sleep.
    pub fn sleep(&mut self, name: &str) {
        self.awake.remove(name);
    }
}
