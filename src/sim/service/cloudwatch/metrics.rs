//! Metrics: a value as a function of time (a base, turned by injects, with seeded noise) beside datapoints that callers put.
//!
//! A scenario's metric has one sample a minute, taken in the minute's middle; a statistic is taken over its samples.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::sim::members;
use crate::sim::seed;

/// The seconds between two samples of a scenario's metric.
const SAMPLE_SECS: i64 = 60;

/// What tells metrics apart: namespace, name and dimensions, in one text.
pub fn key(namespace: &str, name: &str, dimensions: &[Value]) -> String {
    let mut dimensions: Vec<_> = dimensions
        .iter()
        .map(|dimension| format!("{}={}", members::required(dimension, "Name"), members::required(dimension, "Value")))
        .collect();
    dimensions.sort();
    format!("{namespace}|{name}|{}", dimensions.join(","))
}

/// One metric.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metric {
    /// The scenario's own name for it, for injects; empty if a caller made it.
    pub label: String,
    /// As `key` makes it.
    pub key: Arc<str>,
    /// The value before any turn; `None`: no data.
    pub base: Option<f64>,
    /// How far a sample strays from the value, as a share of it: 0.05 is five per cent either way.
    pub noise: f64,
    /// AWS's name of the unit.
    pub unit: Option<String>,
    /// AWS's Metric, where a caller made it.
    pub told: Option<Value>,
    turns: Vec<Turn>,
    posted: BTreeMap<i64, Vec<(f64, f64)>>,
}

/// From a moment on the value goes somewhere else.
#[derive(Debug, Clone, PartialEq)]
struct Turn {
    at: DateTime<Utc>,
    from: Option<f64>,
    to: Option<f64>,
    over: TimeDelta,
}

/// One statistic over one period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Datapoint {
    /// The period's beginning.
    pub at: DateTime<Utc>,
    /// The statistic's value.
    pub value: f64,
    /// How many samples went into it.
    pub samples: f64,
}

impl Metric {
    /// A metric that nothing has turned yet.
    pub fn new(label: String, key: impl Into<Arc<str>>, base: Option<f64>, noise: f64, unit: Option<String>) -> Self {
        Self { label, key: key.into(), base, noise, unit, ..Self::default() }
    }

    /// The value at a moment, without noise.
    pub fn value(&self, at: DateTime<Utc>) -> Option<f64> {
        let Some(turn) = self.turns.iter().rev().find(|turn| turn.at <= at) else { return self.base };
        let (Some(from), Some(to)) = (turn.from, turn.to) else { return turn.to };
        let over = turn.over.num_milliseconds();
        if over <= 0 {
            return Some(to);
        }
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of an exercise")]
        let share = ((at - turn.at).num_milliseconds() as f64 / over as f64).min(1.0);
        Some(from + (to - from) * share)
    }

    /// From `at` on the value goes to `to`, taking `over`. Out of no data it jumps.
    pub fn turn(&mut self, at: DateTime<Utc>, to: Option<f64>, over: TimeDelta) {
        self.turns.push(Turn { at, from: self.value(at), to, over });
    }

    /// A caller's datapoint: so many samples of this value.
    pub fn post(&mut self, at: DateTime<Utc>, value: f64, count: f64) {
        self.posted.entry(at.timestamp()).or_default().push((value, count));
    }

    /// The statistic over the period that begins at `start`; `None` if it holds no sample or has not ended by `now`.
    pub fn statistic(
        &self,
        seed: u64,
        start: DateTime<Utc>,
        period: i64,
        statistic: &str,
        now: DateTime<Utc>,
    ) -> Option<Datapoint> {
        let end = start + TimeDelta::seconds(period);
        if end > now {
            return None;
        }
        let mut samples: Vec<(f64, f64)> =
            self.posted.range(start.timestamp()..end.timestamp()).flat_map(|(_, posted)| posted.iter().copied()).collect();
        let first = start.timestamp().div_euclid(SAMPLE_SECS) * SAMPLE_SECS;
        let minutes = (first..end.timestamp()).step_by(60).filter(|minute| *minute >= start.timestamp() || period < SAMPLE_SECS);
        samples.extend(minutes.filter_map(|minute| Some((self.sample(seed, minute)?, 1.0))));
        let value = reduce(&mut samples, statistic)?;
        Some(Datapoint { at: start, value: (value * 1e4).round() / 1e4, samples: samples.iter().map(|(_, count)| count).sum() })
    }

    /// As [`Metric::statistic`], but of a period that has not ended it tells what callers have put so far.
    pub fn so_far(&self, seed: u64, start: DateTime<Utc>, period: i64, statistic: &str, now: DateTime<Utc>) -> Option<Datapoint> {
        let end = start + TimeDelta::seconds(period);
        if end <= now {
            return self.statistic(seed, start, period, statistic, now);
        }
        let posted = self.posted.range(start.timestamp()..end.timestamp()).flat_map(|(_, posted)| posted.iter().copied());
        let mut samples: Vec<(f64, f64)> = posted.collect();
        let value = reduce(&mut samples, statistic)?;
        Some(Datapoint { at: start, value: (value * 1e4).round() / 1e4, samples: samples.iter().map(|(_, count)| count).sum() })
    }

    /// Between which values every statistic lies whose period begins at `since` or later, until somebody touches the metric: `None`
    /// within is no data. `None`: nobody can say.
    pub fn bounds(&self, since: DateTime<Utc>, period: i64, statistic: &str) -> Option<Option<(f64, f64)>> {
        let turning = self.turns.iter().any(|turn| turn.at + turn.over > since);
        if turning || self.posted.range(since.timestamp()..).next().is_some() {
            return None;
        }
        let Some(value) = self.value(since) else { return Some(None) };
        if period % SAMPLE_SECS != 0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "minutes of a period")]
        let samples = (period / SAMPLE_SECS) as f64;
        let (centre, stray) = match statistic {
            "SampleCount" => (samples, 0.0),
            "Sum" => (value * samples, (value * self.noise * samples).abs()),
            _ => (value, (value * self.noise).abs()),
        };
        // A statistic is rounded to four places.
        Some(Some((centre - stray - 1e-4, centre + stray + 1e-4)))
    }

    fn sample(&self, seed: u64, minute: i64) -> Option<f64> {
        let value = self.value(DateTime::from_timestamp(minute + SAMPLE_SECS / 2, 0)?)?;
        let stray = seed::unit(seed::hash(seed, &format!("{}@{minute}", self.key))) * 2.0 - 1.0;
        Some(value * (1.0 + self.noise * stray))
    }
}

fn reduce(samples: &mut [(f64, f64)], statistic: &str) -> Option<f64> {
    if samples.is_empty() {
        return None;
    }
    let count: f64 = samples.iter().map(|(_, count)| count).sum();
    let sum: f64 = samples.iter().map(|(value, count)| value * count).sum();
    let values = samples.iter().map(|(value, _)| *value);
    Some(match statistic {
        "SampleCount" => count,
        "Sum" => sum,
        "Minimum" => values.fold(f64::INFINITY, f64::min),
        "Maximum" => values.fold(f64::NEG_INFINITY, f64::max),
        other => match other.strip_prefix('p').and_then(|percent| percent.parse::<f64>().ok()) {
            Some(percent) => percentile(samples, percent * count / 100.0),
            None => sum / count,
        },
    })
}

fn percentile(samples: &mut [(f64, f64)], rank: f64) -> f64 {
    samples.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut below = 0.0;
    for (value, count) in samples.iter() {
        below += count;
        if below >= rank {
            return *value;
        }
    }
    samples.last().map_or(0.0, |(value, _)| *value)
}

/// Is the name a statistic that is modelled?
pub fn is_statistic(name: &str) -> bool {
    matches!(name, "SampleCount" | "Sum" | "Minimum" | "Maximum" | "Average")
        || name.strip_prefix('p').and_then(|percent| percent.parse::<f64>().ok()).is_some_and(|p| (0.0..=100.0).contains(&p))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        "2026-03-14T03:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds)
    }

    #[test]
    fn a_turn_ramps_from_where_the_value_is_and_a_gap_has_no_data() {
        let mut metric = Metric { base: Some(10.0), ..Metric::default() };
        metric.turn(at(60), Some(30.0), TimeDelta::seconds(100));
        metric.turn(at(300), None, TimeDelta::zero());
        let values: Vec<_> = [0, 60, 110, 160, 299, 300].map(|second| metric.value(at(second))).into();
        assert_eq!(values, [Some(10.0), Some(10.0), Some(20.0), Some(30.0), Some(30.0), None]);
    }

    #[test]
    fn statistics_are_taken_over_the_samples_of_their_period() {
        let mut metric = Metric { base: None, ..Metric::default() };
        for (value, count) in [(1.0, 1.0), (2.0, 2.0), (7.0, 1.0)] {
            metric.post(at(10), value, count);
        }
        let stat = |name| metric.statistic(1, at(0), 60, name, at(60)).map(|point| point.value);
        assert_eq!(stat("Average"), Some(3.0));
        assert_eq!(stat("Sum"), Some(12.0));
        assert_eq!(stat("SampleCount"), Some(4.0));
        assert_eq!(stat("p50"), Some(2.0));
        assert_eq!(stat("Maximum"), Some(7.0));
        assert_eq!(metric.statistic(1, at(0), 60, "Sum", at(59)), None, "a period that has not ended");
        assert_eq!(metric.statistic(1, at(60), 60, "Sum", at(600)), None);
    }

    #[test]
    fn noise_is_a_function_of_seed_metric_and_minute() {
        let metric = Metric { base: Some(100.0), noise: 0.1, key: "k".into(), ..Metric::default() };
        let value = |seed| metric.statistic(seed, at(0), 300, "Average", at(600)).unwrap().value;
        assert!((value(1) - value(1)).abs() < f64::EPSILON);
        assert!((value(1) - value(2)).abs() > f64::EPSILON);
        assert!((90.0..=110.0).contains(&value(1)));
    }
}
