//! The alarms of one account and Region: their state, and how it follows their metrics and each other.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::announce::{self, Turned};
use super::composite::Expression;
use super::evaluate::{Comparison, Missing, Rule, State, Verdict, offset};
use super::history::{History, Side};
use super::metrics::{self, Datapoint, Metric};
use super::queries::Queries;
use crate::sim::call::Refusal;
use crate::sim::estate::Place;
use crate::sim::members::{self, Members};
use crate::sim::service::events::Emitted;

/// CloudWatch's state in one account and Region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CloudWatch {
    /// By [`metrics::key`].
    pub metrics: BTreeMap<String, Metric>,
    /// By name: metric and composite alarms share their names.
    pub alarms: BTreeMap<String, Alarm>,
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
    pub config: Value,
    /// What it follows.
    pub follows: Follows,
    /// StateValue.
    pub state: State,
    /// StateReason.
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
            config: defaults.copy(input, known).done(),
            follows,
            state: State::InsufficientData,
            reason: "Unchecked: Initial alarm creation".to_owned(),
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
    pub fn answer(&self, place: &Place) -> Value {
        let name = members::required(&self.config, "AlarmName");
        Members::new()
            .set("AlarmName", name)
            .set("AlarmArn", arn(place, name))
            .copy(&self.config, METRIC)
            .copy(&self.config, COMPOSITE)
            .time("AlarmConfigurationUpdatedTimestamp", self.configured)
            .set("StateValue", self.state.name())
            .set("StateReason", self.reason.as_str())
            .maybe("StateReasonData", self.data.clone())
            .time("StateUpdatedTimestamp", self.updated)
            .time("StateTransitionedTimestamp", self.transitioned)
            .done()
    }

    fn side(&self) -> Side<'_> {
        Side { value: self.state.name(), reason: &self.reason, data: self.data.as_deref() }
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
        Ok((returned.to_owned(), math.period(returned)))
    });
    let followed = followed.transpose()?;
    let own = || -> Result<_, Refusal> {
        let key = metrics::key(needed("Namespace")?, needed("MetricName")?, members::list(input, "Dimensions"));
        let period = members::integer(input, "Period").filter(|period| *period > 0);
        Ok((key, period.ok_or_else(|| invalid("Period must be provided"))?))
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
        band,
        bands: BTreeMap::new(),
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
        let name = members::required(input, "AlarmName").to_owned();
        let old = self.alarms.remove(&name);
        self.history.configured(now, &name, alarm.alarm_type(), &alarm.config, old.is_none());
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
        if let Some(unknown) = names.iter().find(|name| !self.alarms.contains_key(**name)) {
            return Err(Refusal::new("ResourceNotFound", format!("Alarm {unknown} does not exist")).status(404));
        }
        for name in names {
            if let Some(alarm) = self.alarms.remove(*name) {
                self.history.deleted(now, name, alarm.alarm_type(), &alarm.config);
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

    /// One evaluation of every alarm, as it happens each minute.
    pub fn evaluate(&mut self, place: &Place) {
        let moves: Vec<_> =
            self.alarms.iter().filter_map(|(name, alarm)| Some((name.clone(), self.next(place, alarm)?))).collect();
        for (name, to) in moves {
            self.go(place, &name, to);
        }
        self.evaluate_composites(place);
    }

    fn next(&self, place: &Place, alarm: &Alarm) -> Option<Move> {
        let Follows::Metric(rule) = &alarm.follows else { return None };
        let Verdict { state, reason, data } = self.judge(place, rule)?;
        (state != alarm.state).then(|| Move { state, reason, data: Some(data.to_string()) })
    }

    fn judge(&self, place: &Place, rule: &Rule) -> Option<Verdict> {
        let last = place.now.timestamp().div_euclid(rule.period) * rule.period;
        let range = i64::try_from(rule.range()).unwrap_or(i64::MAX);
        if let Some(math) = &rule.math {
            let slots: Vec<i64> = (1..=range).rev().map(|back| last - back * rule.period).collect();
            let series = math.series(self, place, &rule.metric, &slots, rule.period).into_iter().next().unwrap_or_default();
            let points = slots.iter().map(|slot| {
                let at = DateTime::from_timestamp(*slot, 0)?;
                series.get(slot).map(|value| Datapoint { at, value: *value, samples: 1.0 })
            });
            let points: Vec<_> = points.collect();
            let Some(band) = &rule.band else { return rule.judge(&points, place.now) };
            let edges = math.series(self, place, band, &slots, rule.period);
            let [upper, lower] = edges.as_slice() else { return None };
            let mut within = rule.clone();
            within.bands = upper.iter().filter_map(|(slot, upper)| Some((*slot, (*lower.get(slot)?, *upper)))).collect();
            return within.judge(&points, place.now);
        }
        let metric = self.metrics.get(&rule.metric);
        let point = |back: i64| {
            let start = DateTime::from_timestamp(last - back * rule.period, 0)?;
            metric?.statistic(place.seed, start, rule.period, &rule.statistic, place.now)
        };
        rule.judge(&(1..=range).rev().map(point).collect::<Vec<_>>(), place.now)
    }

    /// Composite alarms may follow composite alarms: goes round until nothing moves, at most as often as there are alarms.
    fn evaluate_composites(&mut self, place: &Place) {
        for _ in 0..self.alarms.len() {
            let moves: Vec<_> =
                self.alarms.iter().filter_map(|(name, alarm)| Some((name.clone(), self.follow(place, name, alarm)?))).collect();
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
        let Some(alarm) = self.alarms.get_mut(name) else { return };
        let new = Side { value: to.state.name(), reason: &to.reason, data: to.data.as_deref() };
        let moved = alarm.state != to.state;
        if moved {
            let turned = Turned { old: alarm.side(), since: alarm.updated, new: new.clone() };
            self.outbox.push(announce::event(place, name, alarm, &turned));
            if members::flag(&alarm.config, "ActionsEnabled") != Some(false) {
                let topics =
                    members::texts(&alarm.config, to.state.actions()).into_iter().filter(|action| action.contains(":sns:"));
                self.outbox.extend(topics.map(|topic| announce::notice(place, name, alarm, &turned, topic)));
            }
        }
        if moved {
            self.history.state(place.now, name, alarm.alarm_type(), &alarm.side(), &new);
            alarm.transitioned = place.now;
        }
        alarm.updated = place.now;
        (alarm.state, alarm.reason, alarm.data) = (to.state, to.reason, to.data);
        if moved && members::flag(&alarm.config, "ActionsEnabled") != Some(false) {
            for action in members::texts(&alarm.config, alarm.state.actions()) {
                self.history.acted(place.now, name, alarm.alarm_type(), action);
            }
        }
    }

    /// Gives every alarm the state that its data asks for as if it had been in it for a while: since `ago` before now, and made a
    /// month earlier. For the beginning of a scenario.
    pub fn settle(&mut self, place: &Place, ago: TimeDelta) {
        self.evaluate(place);
        for alarm in self.alarms.values_mut() {
            alarm.transitioned = place.now - ago;
            alarm.updated = alarm.transitioned;
            alarm.configured = place.now - TimeDelta::days(60);
        }
        self.history = History::default();
        self.outbox.clear();
    }
}
