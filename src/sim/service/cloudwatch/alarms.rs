//! The alarms of one account and Region: their state, and how it follows their metrics and each other.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::announce::{self, Turned};
use super::composite::Expression;
use super::evaluate::{Band, Comparison, Missing, Rule, State, Verdict, offset};
use super::history::{History, Side};
use super::index::{Alarms, Name};
use super::metrics::{self, Datapoint, Metric};
use super::queries::Queries;
use crate::sim::call::Refusal;
use crate::sim::estate::Place;
use crate::sim::members::{self, Members};
use crate::sim::packed::Packed;
use crate::sim::service::events::Emitted;

/// CloudWatch's state in one account and Region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CloudWatch {
    /// By [`metrics::key`].
    pub metrics: BTreeMap<Arc<str>, Metric>,
    /// By name: metric and composite alarms share their names.
    pub alarms: Alarms,
    /// What happened to them.
    pub history: History,
    /// What is to be told to others, and is not on its way yet.
    pub outbox: Vec<Emitted>,
    /// Anomaly detectors.
    pub detectors: super::anomaly::Detectors,
    /// Tags, by alarm.
    pub tags: BTreeMap<String, BTreeMap<String, String>>,
}

/// One alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// The configuration with AWS's members, as it was put.
    pub config: Packed,
    /// What it follows.
    pub follows: Follows,
    /// StateValue.
    pub state: State,
    /// StateReason; empty, with no data, where the metrics as they were at `updated` tell both.
    pub reason: String,
    /// StateReasonData: JSON in a string.
    pub data: Option<String>,
    /// StateUpdatedTimestamp.
    pub updated: DateTime<Utc>,
    /// StateTransitionedTimestamp.
    pub transitioned: DateTime<Utc>,
    /// AlarmConfigurationUpdatedTimestamp.
    pub configured: DateTime<Utc>,
}

/// What an alarm follows.
#[derive(Debug, Clone, PartialEq)]
pub enum Follows {
    /// A metric.
    Metric(Rule),
    /// Other alarms.
    Alarms(Expression),
}

/// StateReason of an alarm that was never evaluated.
const UNCHECKED: &str = "Unchecked: Initial alarm creation";

const METRIC: &[&str] = &[
    "AlarmName",
    "AlarmDescription",
    "ActionsEnabled",
    "OKActions",
    "AlarmActions",
    "InsufficientDataActions",
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Dimensions",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ThresholdMetricId",
    "ComparisonOperator",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
    "Metrics",
];

const COMPOSITE: &[&str] = &[
    "AlarmName",
    "AlarmDescription",
    "ActionsEnabled",
    "OKActions",
    "AlarmActions",
    "InsufficientDataActions",
    "AlarmRule",
    "ActionsSuppressor",
    "ActionsSuppressorWaitPeriod",
    "ActionsSuppressorExtensionPeriod",
    "ActionsSuppressedBy",
    "ActionsSuppressedReason",
];

impl Alarm {
    /// An alarm that was just made from AWS's members.
    ///
    /// # Errors
    /// `ValidationError` for a configuration that CloudWatch would not take, or that is not modelled.
    pub fn from_members(input: &Value, now: DateTime<Utc>) -> Result<Self, Refusal> {
        let (follows, known) = match members::text(input, "AlarmRule") {
            Some(rule) => (Follows::Alarms(Expression::parse(rule).map_err(invalid)?), COMPOSITE),
            None => (Follows::Metric(rule(input)?), METRIC),
        };
        let defaults = Members::new()
            .set("ActionsEnabled", true)
            .set("OKActions", json!([]))
            .set("AlarmActions", json!([]))
            .set("InsufficientDataActions", json!([]));
        let defaults = if known == METRIC { defaults.set("Dimensions", json!([])) } else { defaults };
        Ok(Self {
            config: Packed::new(&defaults.copy(input, known).done()),
            follows,
            state: State::InsufficientData,
            reason: UNCHECKED.to_owned(),
            data: None,
            updated: now,
            transitioned: now,
            configured: now,
        })
    }

    /// AWS's AlarmType.
    pub fn alarm_type(&self) -> &'static str {
        match self.follows {
            Follows::Metric(_) => "MetricAlarm",
            Follows::Alarms(_) => "CompositeAlarm",
        }
    }

    /// As DescribeAlarms answers it.
    pub fn answer(&self, cloudwatch: &CloudWatch, place: &Place) -> Value {
        let config = self.config.open();
        let name = members::required(&config, "AlarmName");
        let (reason, data) = cloudwatch.words(place, self);
        Members::new()
            .set("AlarmName", name)
            .set("AlarmArn", arn(place, name))
            .copy(&config, METRIC)
            .copy(&config, COMPOSITE)
            .time("AlarmConfigurationUpdatedTimestamp", self.configured)
            .set("StateValue", self.state.name())
            .set("StateReason", &*reason)
            .maybe("StateReasonData", data.as_deref())
            .time("StateUpdatedTimestamp", self.updated)
            .time("StateTransitionedTimestamp", self.transitioned)
            .done()
    }
}

/// An alarm's ARN.
pub fn arn(place: &Place, name: &str) -> String {
    format!("arn:aws:cloudwatch:{}:{}:alarm:{name}", place.region, place.account)
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationError", message)
}

fn rule(input: &Value) -> Result<Rule, Refusal> {
    let not_modelled = |what: &str| invalid(format!("{what} is not modelled by the simulated AWS"));
    let math = match members::list(input, "Metrics") {
        [] => None,
        queries => Some(Queries::read(queries)?),
    };
    let needed = |key: &str| members::text(input, key).ok_or_else(|| invalid(format!("{key} must be provided")));
    let statistic = members::text(input, "Statistic").or_else(|| members::text(input, "ExtendedStatistic"));
    let statistic = if math.is_some() { Some("Average") } else { statistic };
    let statistic = statistic.ok_or_else(|| invalid("One of Statistic or ExtendedStatistic must be provided"))?;
    if !metrics::is_statistic(statistic) {
        return Err(not_modelled(&format!("The statistic {statistic}")));
    }
    let whole = |key: &str| members::integer(input, key).and_then(|whole| usize::try_from(whole).ok()).filter(|whole| *whole > 0);
    let periods = whole("EvaluationPeriods").ok_or_else(|| invalid("EvaluationPeriods must be provided"))?;
    let datapoints = whole("DatapointsToAlarm").unwrap_or(periods);
    if datapoints > periods {
        return Err(invalid("DatapointsToAlarm must be less than or equal to EvaluationPeriods"));
    }
    let operator = needed("ComparisonOperator")?;
    let comparison = Comparison::named(operator).ok_or_else(|| not_modelled(&format!("The operator {operator}")))?;
    if comparison.is_of_band() != members::text(input, "ThresholdMetricId").is_some() {
        return Err(invalid(format!("The operator {operator} does not go with the threshold that is given")));
    }
    let missing = members::text(input, "TreatMissingData").unwrap_or("missing");
    let band = members::text(input, "ThresholdMetricId").map(str::to_owned);
    if let Some(band) = band.as_deref().filter(|band| !math.as_ref().is_some_and(|math| math.is_band(band))) {
        return Err(invalid(format!("ThresholdMetricId {band} is not the id of an ANOMALY_DETECTION_BAND")));
    }
    let followed = math.as_ref().map(|math| {
        let returned = math.returned().ok_or_else(|| invalid("Exactly one of the Metrics must have ReturnData true"))?;
        Ok((Arc::from(returned), math.period(returned)))
    });
    let followed = followed.transpose()?;
    let own = || -> Result<_, Refusal> {
        let key = metrics::key(needed("Namespace")?, needed("MetricName")?, members::list(input, "Dimensions"));
        let period = members::integer(input, "Period").filter(|period| *period > 0);
        Ok((Arc::from(key), period.ok_or_else(|| invalid("Period must be provided"))?))
    };
    let (metric, period) = followed.map_or_else(own, Ok)?;
    Ok(Rule {
        metric,
        statistic: statistic.to_owned(),
        period,
        periods,
        datapoints,
        threshold: match &band {
            Some(_) => 0.0,
            None => members::number(input, "Threshold").ok_or_else(|| invalid("Threshold must be provided"))?,
        },
        comparison,
        missing: Missing::named(missing).ok_or_else(|| invalid(format!("Invalid TreatMissingData: {missing}")))?,
        unit: members::text(input, "Unit").map(str::to_owned),
        math,
        band: band.map(|id| Box::new(Band { id, edges: BTreeMap::new() })),
    })
}

/// A change of an alarm's state, before it is carried out.
struct Move {
    state: State,
    reason: String,
    data: Option<String>,
}

impl CloudWatch {
    /// Makes or changes an alarm.
    ///
    /// # Errors
    /// As [`Alarm::from_members`].
    pub fn put(&mut self, input: &Value, now: DateTime<Utc>) -> Result<(), Refusal> {
        let mut alarm = Alarm::from_members(input, now)?;
        let name = members::required(input, "AlarmName");
        let old = self.alarms.remove(name);
        self.history.configured(now, name, alarm.alarm_type(), &alarm.config.open(), old.is_none());
        if let Some(old) = old {
            (alarm.state, alarm.reason, alarm.data) = (old.state, old.reason, old.data);
            (alarm.updated, alarm.transitioned) = (old.updated, old.transitioned);
        }
        self.alarms.insert(name, alarm);
        Ok(())
    }

    /// Deletes alarms: all of them, or none if one is not there.
    ///
    /// # Errors
    /// `ResourceNotFound`.
    pub fn delete(&mut self, names: &[&str], now: DateTime<Utc>) -> Result<(), Refusal> {
        if let Some(unknown) = names.iter().find(|name| !self.alarms.contains_key(name)) {
            return Err(Refusal::new("ResourceNotFound", format!("Alarm {unknown} does not exist")).status(404));
        }
        for name in names {
            if let Some(alarm) = self.alarms.remove(name) {
                self.history.deleted(now, name, alarm.alarm_type(), &alarm.config.open());
                self.tags.remove(*name);
            }
        }
        Ok(())
    }

    /// Sets a state by hand: DescribeAlarms tells it until the next evaluation.
    pub fn set(&mut self, place: &Place, name: &str, state: State, reason: &str, data: Option<&str>) {
        let to = Move { state, reason: reason.to_owned(), data: data.map(str::to_owned) };
        self.go(place, name, to);
        self.evaluate_composites(place);
    }

    /// One evaluation of every alarm that can change, as it happens each minute.
    pub fn evaluate(&mut self, place: &Place) {
        let (mut moves, mut quiet): (Vec<(Name, Move)>, Vec<Name>) = Default::default();
        for (name, alarm) in self.alarms.awake() {
            let Follows::Metric(rule) = &alarm.follows else { continue };
            match self.next(place, alarm, rule) {
                Some(to) => moves.push((name.clone(), to)),
                None if self.is_quiet(place, rule) => quiet.push(name.clone()),
                None => {}
            }
        }
        for (name, to) in moves {
            self.go(place, &name, to);
        }
        quiet.iter().for_each(|name| self.alarms.sleep(name));
        self.evaluate_composites(place);
    }

    fn next(&self, place: &Place, alarm: &Alarm, rule: &Rule) -> Option<Move> {
        let points = self.points(place, rule);
        let rule = &*self.banded(place, rule);
        let state = rule.state(&points).filter(|state| *state != alarm.state)?;
        let Verdict { reason, data, .. } = rule.judge(&points, place.now)?;
        Some(Move { state, reason, data: Some(data.to_string()) })
    }

    /// Can no datapoint bring another verdict than the last ones, until somebody touches the metric?
    fn is_quiet(&self, place: &Place, rule: &Rule) -> bool {
        let range = i64::try_from(rule.range()).unwrap_or(i64::MAX).saturating_add(1);
        let since = place.now - TimeDelta::seconds(rule.period.saturating_mul(range).min(i64::from(u32::MAX)));
        rule.math.is_none()
            && self.metrics.get(&rule.metric).is_none_or(|metric| {
                metric.bounds(since, rule.period, &rule.statistic).is_some_and(|bounds| match bounds {
                    Some((least, most)) => rule.breaches_at(least) == rule.breaches_at(most),
                    None => true,
                })
            })
    }

    /// Why an alarm is in its state: StateReason and StateReasonData.
    pub fn words<'a>(&self, place: &Place, alarm: &'a Alarm) -> (Cow<'a, str>, Option<Cow<'a, str>>) {
        let rule = match &alarm.follows {
            Follows::Metric(rule) if alarm.reason.is_empty() => rule,
            _ => return (Cow::Borrowed(&alarm.reason), alarm.data.as_deref().map(Cow::Borrowed)),
        };
        let then = Place { now: alarm.updated, ..place.clone() };
        match self.banded(&then, rule).judge(&self.points(&then, rule), then.now) {
            Some(Verdict { reason, data, .. }) => (Cow::Owned(reason), Some(Cow::Owned(data.to_string()))),
            None => (Cow::Borrowed(UNCHECKED), None),
        }
    }

    /// From `now` on the scenario's metric with this name goes to a value.
    pub fn turn(&mut self, name: &str, now: DateTime<Utc>, to: Option<f64>, over: TimeDelta) {
        for metric in self.metrics.values_mut().filter(|metric| metric.label == name) {
            metric.turn(now, to, over);
            self.alarms.wake(&metric.key);
        }
    }

    /// The rule with the edges of its anomaly band, if it has one, as an evaluation needs them.
    fn banded<'a>(&self, place: &Place, rule: &'a Rule) -> Cow<'a, Rule> {
        let (Some(math), Some(band)) = (&rule.math, &rule.band) else { return Cow::Borrowed(rule) };
        let last = place.now.timestamp().div_euclid(rule.period) * rule.period;
        let range = i64::try_from(rule.range()).unwrap_or(i64::MAX);
        let slots: Vec<i64> = (1..=range).rev().map(|back| last - back * rule.period).collect();
        let series = math.series(self, place, &band.id, &slots, rule.period);
        let [upper, lower] = series.as_slice() else { return Cow::Borrowed(rule) };
        let edges = upper.iter().filter_map(|(slot, upper)| Some((*slot, (*lower.get(slot)?, *upper)))).collect();
        let band = Some(Box::new(Band { id: band.id.clone(), edges }));
        Cow::Owned(Rule { band, ..rule.clone() })
    }

    /// The datapoints that an evaluation looks at, oldest first.
    fn points(&self, place: &Place, rule: &Rule) -> Vec<Option<Datapoint>> {
        let last = place.now.timestamp().div_euclid(rule.period) * rule.period;
        let range = i64::try_from(rule.range()).unwrap_or(i64::MAX);
        if let Some(math) = &rule.math {
            let slots: Vec<i64> = (1..=range).rev().map(|back| last - back * rule.period).collect();
            let series = math.series(self, place, &rule.metric, &slots, rule.period).into_iter().next().unwrap_or_default();
            let point = |slot: &i64| {
                let at = DateTime::from_timestamp(*slot, 0)?;
                series.get(slot).map(|value| Datapoint { at, value: *value, samples: 1.0 })
            };
            return slots.iter().map(point).collect();
        }
        let metric = self.metrics.get(&rule.metric);
        let point = |back: i64| {
            let start = DateTime::from_timestamp(last - back * rule.period, 0)?;
            metric?.statistic(place.seed, start, rule.period, &rule.statistic, place.now)
        };
        (1..=range).rev().map(point).collect()
    }

    /// Composite alarms may follow composite alarms: goes round until nothing moves, at most as often as there are alarms.
    fn evaluate_composites(&mut self, place: &Place) {
        for _ in 0..=self.alarms.composite().count() {
            let followed = self.alarms.composite();
            let moves: Vec<_> =
                followed.filter_map(|(name, alarm)| Some((name.clone(), self.follow(place, name, alarm)?))).collect();
            if moves.is_empty() {
                return;
            }
            for (name, to) in moves {
                self.go(place, &name, to);
            }
        }
    }

    fn follow(&self, place: &Place, name: &str, alarm: &Alarm) -> Option<Move> {
        let Follows::Alarms(rule) = &alarm.follows else { return None };
        let state = if rule.holds(&|name| self.alarms.get(name).map(|alarm| alarm.state)) { State::Alarm } else { State::Ok };
        if state == alarm.state {
            return None;
        }
        let children = rule.children().into_iter().filter_map(|child| Some((child, self.alarms.get(child)?)));
        let latest = children.max_by_key(|(_, child)| child.transitioned);
        let created = alarm.state == State::InsufficientData && alarm.transitioned == alarm.configured;
        let reason = match latest {
            Some((child, told)) if !created => {
                let when = told.transitioned.format("%A %d %B, %Y %H:%M:%S UTC");
                format!("{} transitioned to {} at {when}", arn(place, child), told.state.name())
            }
            _ => format!("{} was created and its alarm rule evaluates to {}", arn(place, name), state.name()),
        };
        let triggering = latest.map(|(child, told)| {
            let state = json!({"value": told.state.name(), "timestamp": offset(told.transitioned)});
            json!({"triggeringAlarms": [{"arn": arn(place, child), "state": state}]}).to_string()
        });
        Some(Move { state, reason, data: triggering })
    }

    fn go(&mut self, place: &Place, name: &str, to: Move) {
        let Some(alarm) = self.alarms.get(name) else { return };
        let moved = alarm.state != to.state;
        if moved {
            let (reason, data) = self.words(place, alarm);
            let (config, kind) = (alarm.config.open(), alarm.alarm_type());
            let old = Side { value: alarm.state.name(), reason: &reason, data: data.as_deref() };
            let new = Side { value: to.state.name(), reason: &to.reason, data: to.data.as_deref() };
            let turned = Turned { old: old.clone(), since: alarm.updated, new: new.clone() };
            let acts = members::flag(&config, "ActionsEnabled") != Some(false);
            let actions = if acts { members::texts(&config, to.state.actions()) } else { Vec::new() };
            self.outbox.push(announce::event(place, name, &config, &turned));
            let topics = actions.iter().filter(|action| action.contains(":sns:"));
            self.outbox.extend(topics.map(|topic| announce::notice(place, name, (&config, alarm.configured), &turned, topic)));
            self.history.state(place.now, name, kind, &old, &new);
            for action in actions {
                self.history.acted(place.now, name, kind, action);
            }
        }
        self.alarms.edit(name, |alarm| {
            if moved {
                alarm.transitioned = place.now;
            }
            alarm.updated = place.now;
            (alarm.state, alarm.reason, alarm.data) = (to.state, to.reason, to.data);
        });
    }

    /// Gives every alarm the state that its data asks for as if it had been in it for a while: since `ago` before now, and made a
    /// month earlier. For the beginning of a scenario.
    pub fn settle(&mut self, place: &Place, ago: TimeDelta) {
        let then = Place { now: place.now - ago, ..place.clone() };
        let names: Vec<Name> = self.alarms.iter().map(|(name, _)| name.clone()).collect();
        for name in &names {
            let found = self.alarms.get(name).and_then(|alarm| match &alarm.follows {
                Follows::Metric(rule) => rule.state(&self.points(&then, rule)),
                Follows::Alarms(_) => None,
            });
            if let Some(state) = found {
                self.alarms.edit(name, |alarm| (alarm.state, alarm.reason, alarm.data) = (state, String::new(), None));
            }
        }
        self.evaluate_composites(&then);
        for name in &names {
            self.alarms.edit(name, |alarm| {
                (alarm.transitioned, alarm.updated) = (then.now, then.now);
                alarm.configured = place.now - TimeDelta::days(60);
            });
        }
        self.history = History::default();
        self.outbox.clear();
    }
}
