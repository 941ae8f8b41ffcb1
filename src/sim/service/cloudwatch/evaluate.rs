//! What a metric alarm makes of its datapoints: M out of N, missing data, and the words for it.
//!
//! Source: CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data" and "Evaluating an alarm"; the sentences
//! and the JSON of StateReasonData as DescribeAlarms and DescribeAlarmHistory answer them.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::metrics::Datapoint;
use super::queries::Queries;
use crate::sim::members;

/// How many periods more than it needs CloudWatch looks at when data is missing.
const RANGE_BEYOND: usize = 2;

/// An alarm's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// OK
    Ok,
    /// ALARM
    Alarm,
    /// INSUFFICIENT_DATA
    InsufficientData,
}

impl State {
    /// AWS's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }

    /// The member that holds the actions of alarms that enter it.
    pub fn actions(self) -> &'static str {
        match self {
            Self::Ok => "OKActions",
            Self::Alarm => "AlarmActions",
            Self::InsufficientData => "InsufficientDataActions",
        }
    }

    /// The state with this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Ok, Self::Alarm, Self::InsufficientData].into_iter().find(|state| state.name() == name)
    }
}

/// What a metric alarm asks of its metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The metric's key.
    pub metric: Arc<str>,
    /// Average, Sum, p99…
    pub statistic: String,
    /// In seconds.
    pub period: i64,
    /// N: how many periods are looked at.
    pub periods: usize,
    /// M: how many of them must breach.
    pub datapoints: usize,
    /// What they are compared with.
    pub threshold: f64,
    /// AWS's ComparisonOperator.
    pub comparison: Comparison,
    /// AWS's TreatMissingData.
    pub missing: Missing,
    /// The unit that the reason data names.
    pub unit: Option<String>,
    /// The queries of an alarm on metric math; then `metric` is the id of the one that is followed.
    pub math: Option<Queries>,
    /// The anomaly band that the metric is to stay in. Boxed, as few alarms have one.
    pub band: Option<Box<Band>>,
}

/// An anomaly band, as an alarm follows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// The id of its query.
    pub id: String,
    /// While it is evaluated: the lower and the upper edge, by the beginning of their period.
    pub edges: BTreeMap<i64, (f64, f64)>,
}

/// AWS's ComparisonOperator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// Outside of the band.
    Outside,
    /// Under the band.
    Under,
    /// Over the band.
    Over,
}

impl Comparison {
    /// The operator with AWS's name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "GreaterThanThreshold" => Some(Self::Greater),
            "GreaterThanOrEqualToThreshold" => Some(Self::GreaterOrEqual),
            "LessThanThreshold" => Some(Self::Less),
            "LessThanOrEqualToThreshold" => Some(Self::LessOrEqual),
            "LessThanLowerOrGreaterThanUpperThreshold" => Some(Self::Outside),
            "LessThanLowerThreshold" => Some(Self::Under),
            "GreaterThanUpperThreshold" => Some(Self::Over),
            _ => None,
        }
    }

    /// Does it compare with a band?
    pub fn is_of_band(self) -> bool {
        matches!(self, Self::Outside | Self::Under | Self::Over)
    }

    fn breaches(self, value: f64, (lower, upper): (f64, f64)) -> bool {
        let threshold = lower;
        match self {
            Self::Outside => value < lower || value > upper,
            Self::Under => value < lower,
            Self::Over => value > upper,
            Self::Greater => value > threshold,
            Self::GreaterOrEqual => value >= threshold,
            Self::Less => value < threshold,
            Self::LessOrEqual => value <= threshold,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Greater => "greater than",
            Self::GreaterOrEqual => "greater than or equal to",
            Self::Less => "less than",
            Self::LessOrEqual => "less than or equal to",
            Self::Outside => "less than the lower thresholds or greater than the upper thresholds",
            Self::Under => "less than the lower thresholds",
            Self::Over => "greater than the upper thresholds",
        }
    }
}

/// What a period without data counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Nothing: the default.
    Missing,
    /// The alarm stays as it is.
    Ignore,
    /// As breaching.
    Breaching,
    /// As not breaching.
    NotBreaching,
}

impl Missing {
    /// The treatment with AWS's name; none for a name that AWS does not know.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "missing" => Some(Self::Missing),
            "ignore" => Some(Self::Ignore),
            "breaching" => Some(Self::Breaching),
            "notBreaching" => Some(Self::NotBreaching),
            _ => None,
        }
    }
}

/// What an evaluation says.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The state that the data asks for.
    pub state: State,
    /// StateReason.
    pub reason: String,
    /// StateReasonData, before it is written as a string.
    pub data: Value,
}

impl Rule {
    /// How many periods an evaluation looks at.
    pub fn range(&self) -> usize {
        self.periods + RANGE_BEYOND
    }

    /// The state that `points` ask for, oldest first, [`Rule::range`] of them, `None` where no data came. `None` leaves the alarm as
    /// it is.
    pub fn state(&self, points: &[Option<Datapoint>]) -> Option<State> {
        let real = points.iter().flatten().count();
        let used = points.iter().flatten().skip(real.saturating_sub(self.periods));
        let bad = used.filter(|point| self.breaches(point)).count();
        let filled = self.periods - real.min(self.periods);
        if filled > 0 {
            return self.with_gaps(points, real, bad, filled);
        }
        Some(if bad >= self.datapoints { State::Alarm } else { State::Ok })
    }

    /// As [`Rule::state`], with the words for it.
    pub fn judge(&self, points: &[Option<Datapoint>], now: DateTime<Utc>) -> Option<Verdict> {
        let all: Vec<Datapoint> = points.iter().flatten().copied().collect();
        let used: &[Datapoint] = &all[all.len().saturating_sub(self.periods)..];
        let filled = self.periods - used.len().min(self.periods);
        let state = self.state(points)?;
        Some(Verdict { state, reason: self.reason(state, used, filled), data: self.data(used, now) })
    }

    fn breaches(&self, point: &Datapoint) -> bool {
        match &self.band {
            // Where there is no band yet, nothing is outside of it.
            Some(band) => {
                let edges = band.edges.get(&point.at.timestamp());
                edges.is_some_and(|edges| self.comparison.breaches(point.value, *edges))
            }
            None => self.breaches_at(point.value),
        }
    }

    /// Would a datapoint of this value breach?
    pub fn breaches_at(&self, value: f64) -> bool {
        self.comparison.breaches(value, (self.threshold, self.threshold))
    }

    /// Too few datapoints even in the whole range: as many real ones as there are, the treatment for the rest.
    fn with_gaps(&self, points: &[Option<Datapoint>], real: usize, bad: usize, filled: usize) -> Option<State> {
        let enough = |bad: usize| if bad >= self.datapoints { State::Alarm } else { State::Ok };
        match self.missing {
            Missing::Breaching => Some(enough(bad + filled)),
            Missing::NotBreaching => Some(enough(bad)),
            Missing::Missing if real == 0 => Some(State::InsufficientData),
            Missing::Ignore if real == 0 => None,
            _ if bad >= self.datapoints => Some(State::Alarm),
            _ if bad < real => Some(State::Ok),
            // Only breaching datapoints, but fewer than M: an alarm if the oldest of them is at least M periods old.
            Missing::Missing => {
                let oldest = points.iter().position(Option::is_some).map_or(0, |at| points.len() - at);
                (oldest >= self.datapoints).then_some(State::Alarm)
            }
            Missing::Ignore => None,
        }
    }

    fn reason(&self, state: State, used: &[Datapoint], filled: usize) -> String {
        if state == State::InsufficientData {
            return format!("Insufficient Data: {} unknown.", counted(self.periods, "datapoint was", "datapoints were"));
        }
        if used.is_empty() {
            let treated = if self.missing == Missing::Breaching { "Breaching" } else { "NonBreaching" };
            let periods = counted(filled, "period", "periods");
            let missing = counted(filled, "missing datapoint was", "missing datapoints were");
            return format!("Threshold Crossed: no datapoints were received for {periods} and {missing} treated as [{treated}].");
        }
        let alarm = state == State::Alarm;
        let told: Vec<_> = used.iter().rev().filter(|point| self.breaches(point) == alarm).collect();
        let listed: Vec<_> =
            told.iter().map(|point| format!("{:?} ({})", point.value, point.at.format("%d/%m/%y %H:%M:%S"))).collect();
        let (least, transition) =
            if alarm { (self.datapoints, "OK -> ALARM") } else { (self.periods - self.datapoints + 1, "ALARM -> OK") };
        if self.comparison.is_of_band() {
            let edge = |lower: bool| {
                let edges = told.iter().filter_map(|point| self.band.as_ref()?.edges.get(&point.at.timestamp()));
                edges.map(|(low, high)| format!("{:?}", if lower { low } else { high })).collect::<Vec<_>>().join(", ")
            };
            return format!(
                "Thresholds Crossed: {} out of the last {} [{}] {}{} [{} to {}] (minimum {} for {transition} transition).",
                told.len(),
                counted(self.periods, "datapoint", "datapoints"),
                listed.join(", "),
                if alarm { "was " } else { "was not " },
                self.comparison.words(),
                edge(true),
                edge(false),
                counted(least, "datapoint", "datapoints"),
            );
        }
        format!(
            "Threshold Crossed: {} out of the last {} [{}] {}{} the threshold ({:?}) (minimum {} for {transition} transition).",
            told.len(),
            if self.periods == 1 { "1 datapoint".to_owned() } else { format!("{} datapoints", self.periods) },
            listed.join(", "),
            match (told.len(), alarm) {
                (1, true) => "was ",
                (1, false) => "was not ",
                (_, true) => "were ",
                (_, false) => "were not ",
            },
            self.comparison.words(),
            self.threshold,
            counted(least, "datapoint", "datapoints"),
        )
    }

    fn recent(&self, used: &[Datapoint], of: impl Fn(&(f64, f64)) -> f64) -> Option<Vec<f64>> {
        let edges = used.iter().filter_map(|point| self.band.as_ref()?.edges.get(&point.at.timestamp()).map(&of));
        self.comparison.is_of_band().then(|| edges.collect())
    }

    fn data(&self, used: &[Datapoint], now: DateTime<Utc>) -> Value {
        let evaluated: Vec<_> = used
            .iter()
            .rev()
            .map(|point| json!({"timestamp": offset(point.at), "sampleCount": point.samples, "value": point.value}))
            .collect();
        members::Members::new()
            .set("version", "1.0")
            .set("queryDate", offset(now))
            .maybe("startDate", used.first().map(|point| offset(point.at)))
            .maybe("unit", self.unit.clone())
            .set("statistic", self.statistic.as_str())
            .set("period", self.period)
            .set("recentDatapoints", used.iter().map(|point| point.value).collect::<Vec<_>>())
            .maybe("threshold", (!self.comparison.is_of_band()).then_some(self.threshold))
            .maybe("recentLowerThresholds", self.recent(used, |edges| edges.0))
            .maybe("recentUpperThresholds", self.recent(used, |edges| edges.1))
            .maybe("evaluatedDatapoints", (!evaluated.is_empty()).then_some(evaluated))
            .done()
    }
}

/// A time as CloudWatch writes it inside reason and history data.
pub fn offset(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn rule(datapoints: usize, missing: Missing) -> Rule {
        Rule {
            metric: "m".into(),
            statistic: "Average".into(),
            period: 60,
            periods: 3,
            datapoints,
            threshold: 5.0,
            comparison: Comparison::Greater,
            missing,
            unit: None,
            math: None,
            band: None,
        }
    }

    /// `X` breaches, `0` does not, `-` is missing; oldest first, as the user guide's tables have it.
    fn points(pattern: &str) -> Vec<Option<Datapoint>> {
        let start: DateTime<Utc> = "2026-03-14T03:00:00Z".parse().unwrap();
        let value = |mark| match mark {
            'X' => Some(38.0),
            '0' => Some(0.4),
            _ => None,
        };
        let times = (0..).map(|minute| start + TimeDelta::minutes(minute));
        pattern.chars().zip(times).map(|(mark, at)| Some(Datapoint { at, value: value(mark)?, samples: 1.0 })).collect()
    }

    fn judged(datapoints: usize, missing: Missing, pattern: &str) -> &'static str {
        let now = "2026-03-14T03:05:00Z".parse().unwrap();
        rule(datapoints, missing).judge(&points(pattern), now).map_or("as it is", |verdict| verdict.state.name())
    }

    #[test]
    fn three_out_of_three_follows_the_user_guides_table() {
        use Missing::{Breaching, Ignore, Missing as Gap, NotBreaching};
        for (pattern, gap, ignore, breaching, not) in [
            ("0-X-X", "OK", "OK", "OK", "OK"),
            ("----0", "OK", "OK", "OK", "OK"),
            ("-----", "INSUFFICIENT_DATA", "as it is", "ALARM", "OK"),
            ("0XX-X", "ALARM", "ALARM", "ALARM", "ALARM"),
            ("--X--", "ALARM", "as it is", "ALARM", "OK"),
        ] {
            for (missing, expected) in [(Gap, gap), (Ignore, ignore), (Breaching, breaching), (NotBreaching, not)] {
                assert_eq!(judged(3, missing, pattern), expected, "{pattern} {missing:?}");
            }
        }
    }

    #[test]
    fn two_out_of_three_needs_two() {
        for (pattern, expected) in [("0000X", "OK"), ("000XX", "ALARM"), ("00X0X", "ALARM"), ("00X00", "OK"), ("0-X--", "OK")] {
            assert_eq!(judged(2, Missing::Missing, pattern), expected, "{pattern}");
        }
        assert_eq!(judged(2, Missing::Breaching, "0-X--"), "ALARM");
    }

    #[test]
    fn the_reason_and_its_data_are_worded_as_cloudwatch_words_them() {
        let now = "2026-03-14T03:05:00Z".parse().unwrap();
        let verdict = rule(2, Missing::Missing).judge(&points("000XX"), now).unwrap();
        assert_eq!(
            verdict.reason,
            "Threshold Crossed: 2 out of the last 3 datapoints [38.0 (14/03/26 03:04:00), 38.0 (14/03/26 03:03:00)] were greater \
             than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition)."
        );
        assert_eq!(
            verdict.data.to_string(),
            [
                r#"{"version":"1.0","queryDate":"2026-03-14T03:05:00.000+0000","startDate":"2026-03-14T03:02:00.000+0000","#,
                r#""statistic":"Average","period":60,"recentDatapoints":[0.4,38.0,38.0],"threshold":5.0,"evaluatedDatapoints":["#,
                r#"{"timestamp":"2026-03-14T03:04:00.000+0000","sampleCount":1.0,"value":38.0},"#,
                r#"{"timestamp":"2026-03-14T03:03:00.000+0000","sampleCount":1.0,"value":38.0},"#,
                r#"{"timestamp":"2026-03-14T03:02:00.000+0000","sampleCount":1.0,"value":0.4}]}"#,
            ]
            .concat()
        );
        let gone = rule(2, Missing::Missing).judge(&points("-----"), now).unwrap();
        assert_eq!(gone.reason, "Insufficient Data: 3 datapoints were unknown.");
        let treated = rule(2, Missing::Breaching).judge(&points("-----"), now).unwrap();
        assert_eq!(
            treated.reason,
            "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [Breaching]."
        );
    }

    #[test]
    fn every_comparison_breaches_on_its_own_side() {
        for (name, below, equal, above) in [
            ("GreaterThanThreshold", false, false, true),
            ("GreaterThanOrEqualToThreshold", false, true, true),
            ("LessThanThreshold", true, false, false),
            ("LessThanOrEqualToThreshold", true, true, false),
        ] {
            let comparison = Comparison::named(name).unwrap();
            assert_eq!([4.0, 5.0, 6.0].map(|value| comparison.breaches(value, (5.0, 5.0))), [below, equal, above], "{name}");
        }
    }
}
