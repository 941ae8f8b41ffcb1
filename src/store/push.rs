//! What is pushed, joined with what is polled: the later one wins, whichever way it came.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::domain::{Alarm, HealthEvent, Pushed, PushedSignal, SiteName};
use crate::plan::Plan;

use super::State;

/// What was pushed and no poll has told yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Ahead {
    alarms: BTreeMap<(SiteName, String), Alarm>,
    events: BTreeMap<String, HealthEvent>,
}

impl State {
    /// Takes events in. An event that is older than what is known changes nothing.
    pub(super) fn pushed(&mut self, events: Vec<Pushed>, at: DateTime<Utc>) {
        for event in events {
            match event.signal {
                PushedSignal::Alarm(mut alarm) => {
                    let here = |site: &&crate::plan::SitePlan| site.account == event.account && site.region == event.region;
                    // Of an account and Region that the plan does not watch.
                    let Some(site) = self.plan.sites.values().find(here).map(|site| site.name.clone()) else { continue };
                    alarm.site = site;
                    self.pushed_alarm(*alarm);
                }
                PushedSignal::Health(event) if self.plan.health.matches(&event) => self.pushed_health(*event, at),
                PushedSignal::Health(_) => {}
            }
        }
    }

    fn pushed_alarm(&mut self, alarm: Alarm) {
        let Some(source) = self.alarms.get_mut(&alarm.site) else { return };
        let alarms = source.data.get_or_insert_default();
        let key = (alarm.site.clone(), alarm.name.clone());
        match alarms.get(&alarm.name) {
            Some(known) if known.transitioned_at >= alarm.transitioned_at => return,
            Some(mut known) => {
                turn(&mut known, &alarm);
                alarms.put(known);
            }
            None => alarms.put(alarm.clone()),
        }
        self.ahead.alarms.insert(key, alarm);
    }

    fn pushed_health(&mut self, mut event: HealthEvent, at: DateTime<Utc>) {
        let events = self.health.data.get_or_insert_default();
        match events.iter_mut().find(|known| known.arn == event.arn) {
            Some(known) if known.updated_at > event.updated_at => return,
            Some(known) if known.updated_at == event.updated_at => {
                // Another page of the same news: more entities.
                known
                    .entities
                    .extend(event.entities.iter().filter(|new| !known.entities.contains(new)).cloned().collect::<Vec<_>>());
                return;
            }
            Some(known) => {
                event.first_seen_at = known.first_seen_at;
                *known = event.clone();
            }
            None => {
                event.first_seen_at = Some(at);
                events.push(event.clone());
            }
        }
        self.ahead.events.insert(event.arn.clone(), event);
    }

    /// Brings a polled answer up to what was pushed since it was asked for.
    pub(super) fn catch_up_alarms(&mut self, site: &SiteName, alarms: &mut [Alarm]) {
        self.ahead.alarms.retain(|(of, name), ahead| {
            if of != site {
                return true;
            }
            match alarms.iter_mut().find(|alarm| alarm.name == *name) {
                Some(polled) if polled.transitioned_at >= ahead.transitioned_at => false,
                Some(polled) => {
                    turn(polled, ahead);
                    true
                }
                // Deleted since, or not listed yet: the next poll decides.
                None => false,
            }
        });
    }

    /// The same for a piece of an answer: what it does not tell of stays ahead.
    pub(super) fn catch_up_rows(&mut self, site: &SiteName, alarms: &mut [Alarm]) {
        if self.ahead.alarms.is_empty() {
            return;
        }
        for polled in alarms {
            let key = (site.clone(), polled.name.clone());
            match self.ahead.alarms.get(&key) {
                Some(ahead) if polled.transitioned_at >= ahead.transitioned_at => drop(self.ahead.alarms.remove(&key)),
                Some(ahead) => turn(polled, ahead),
                None => {}
            }
        }
    }

    /// The same for Health, which is told to EventBridge before its API tells it, or without that it ever does.
    pub(super) fn catch_up_health(&mut self, events: &mut Vec<HealthEvent>) {
        self.ahead.events.retain(|arn, ahead| match events.iter_mut().find(|event| event.arn == *arn) {
            Some(polled) if polled.updated_at >= ahead.updated_at => false,
            Some(polled) => {
                *polled = ahead.clone();
                true
            }
            None => {
                events.push(ahead.clone());
                true
            }
        });
    }
}

/// The new state of an alarm whose configuration is known.
fn turn(known: &mut Alarm, pushed: &Alarm) {
    known.state = pushed.state.clone();
    known.evaluation = pushed.evaluation.clone();
    known.transitioned_at = pushed.transitioned_at;
    known.updated_at = pushed.updated_at;
    known.reason = pushed.reason.clone();
    known.reason_data = pushed.reason_data.clone();
    known.suppressed_by = pushed.suppressed_by.clone();
}

/// The sites whose push feed is named in the plan.
pub(super) fn fed(plan: &Plan) -> impl Iterator<Item = SiteName> + '_ {
    plan.sites.values().filter(|site| site.queue.is_some()).map(|site| site.name.clone())
}
