//! What was last seen, in a form that can be kept on disk and shown as of then by the next console.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::known::{first_alarms, first_points};
use super::{Completeness, RecoveryPoints, Source, State};
use crate::domain::{Alarm, HealthEvent, ProtectedResource, RecoveryPoint, SiteName};

/// How many rows of one source are kept at most: what tells of trouble and what the plan names first.
const ROWS: usize = 2_000;

/// One source's data as of a time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Then<T> {
    /// When it was true.
    pub as_of: DateTime<Utc>,
    /// The rows that are kept.
    pub rows: Vec<T>,
    /// How many there were.
    pub of: usize,
}

/// What a console saw last. Never the incident: that is the journal's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    alarms: BTreeMap<SiteName, Then<Alarm>>,
    health: Option<Then<HealthEvent>>,
    points: BTreeMap<SiteName, Then<RecoveryPoint>>,
    protected: BTreeMap<SiteName, Vec<ProtectedResource>>,
}

impl Then<HealthEvent> {
    fn of(source: &Source<Vec<HealthEvent>>) -> Option<Self> {
        let (data, as_of) = (source.data.as_ref()?, source.as_of?);
        let open = data.iter().filter(|event| event.is_open());
        let all = open.chain(data.iter().filter(|event| !event.is_open()));
        Some(Self { as_of, rows: all.take(ROWS).cloned().collect(), of: data.len() })
    }
}

impl State {
    /// What is worth keeping of what is known now.
    pub fn keep(&self) -> Kept {
        let alarms = self.alarms.iter().filter_map(|(site, source)| {
            let of = source.data.as_ref()?.len();
            Some((site.clone(), Then { as_of: source.as_of?, rows: first_alarms(self, site, ROWS), of }))
        });
        let points = self.recovery_points.iter().filter_map(|(site, source)| {
            let of = source.data.as_ref()?.points.len();
            Some((site.clone(), Then { as_of: source.as_of?, rows: first_points(self, site, ROWS), of }))
        });
        let protected = self.recovery_points.iter();
        let protected = protected.filter_map(|(site, source)| Some((site.clone(), source.data.as_ref()?.protected.clone())));
        Kept {
            alarms: alarms.collect(),
            health: Then::of(&self.health),
            points: points.collect(),
            protected: protected.collect(),
        }
    }

    /// Shows what an earlier console saw, as of then, until something newer is heard. Sources that were heard already stay.
    pub fn recall(&mut self, kept: Kept) {
        for (site, then) in kept.alarms {
            if let Some(source) = self.alarms.get_mut(&site) {
                source.recall(then.as_of, &cut(&then), then.rows.into());
            }
        }
        if let Some(then) = kept.health {
            self.health.recall(then.as_of, &cut(&then), then.rows);
        }
        for (site, then) in kept.points {
            if let Some(source) = self.recovery_points.get_mut(&site) {
                let protected = kept.protected.get(&site).cloned().unwrap_or_default();
                source.recall(then.as_of, &cut(&then), RecoveryPoints { points: then.rows.into(), protected });
            }
        }
    }
}

fn cut<T>(then: &Then<T>) -> Completeness {
    if then.rows.len() == then.of {
        Completeness::Whole
    } else {
        Completeness::Partial(format!("{} of {} kept from before", then.rows.len(), then.of))
    }
}

impl<T> Source<T> {
    fn recall(&mut self, as_of: DateTime<Utc>, completeness: &Completeness, data: T) {
        if self.data.is_none() {
            self.data = Some(data);
            self.as_of = Some(as_of);
            self.completeness = completeness.clone();
        }
    }
}
