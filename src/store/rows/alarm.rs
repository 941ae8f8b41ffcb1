//! An alarm held small: what many alarms have alike is kept once, its own texts are one text.

use std::collections::HashSet;
use std::sync::Arc;

use super::{BETWEEN, Row, Standing, joined, key_hash, packed_time, shared, time_of};
use crate::domain::{Alarm, AlarmKind, AlarmMetric, AlarmState, Comparison, SiteName};

/// What stands between the values of dimensions.
const AND: char = '\u{1e}';

/// A compact alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct PackedAlarm {
    /// Name, reason, evaluation, suppressed by, rule, reason data, values of dimensions, ARN where it is not the usual one, state where
    /// it is not a known one.
    text: Box<str>,
    alike: Arc<Alike>,
    threshold: f64,
    transitioned_at: i64,
    updated_at: i64,
    state: u8,
    unclear: bool,
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Alike {
    site: SiteName,
    /// The ARN up to the name.
    arn: String,
    kind: AlarmKind,
    metric: Option<AlikeMetric>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct AlikeMetric {
    namespace: String,
    name: String,
    dimensions: Vec<String>,
    statistic: String,
    period_secs: u32,
    evaluation_periods: u32,
    datapoints_to_alarm: u32,
    comparison: String,
}

impl PackedAlarm {
    fn texts(&self) -> impl Iterator<Item = &str> {
        self.text.split(BETWEEN).chain(std::iter::repeat(""))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.text.split(BETWEEN).next().unwrap_or_default()
    }

    /// Is it in ALARM (0), can it not tell (1), or is it clear (2)?
    pub fn rank(&self) -> u8 {
        match (self.state, self.unclear) {
            (0, _) => 0,
            (2, false) => 2,
            _ => 1,
        }
    }

    /// When it turned, in microseconds; `i64::MIN` is unknown.
    pub fn transitioned_at(&self) -> i64 {
        self.transitioned_at
    }

    /// Where it lives.
    pub fn site(&self) -> &SiteName {
        &self.alike.site
    }

    /// What it is evaluated from.
    pub fn kind(&self) -> AlarmKind {
        self.alike.kind
    }

    /// Its rule, if it is composite.
    pub fn rule(&self) -> Option<&str> {
        if self.alike.kind != AlarmKind::Composite {
            return None;
        }
        self.texts().nth(4).filter(|rule| !rule.is_empty())
    }

    /// Its state as AWS writes it.
    pub fn state(&self) -> &str {
        match self.state {
            0 => "ALARM",
            1 => "INSUFFICIENT_DATA",
            2 => "OK",
            _ => self.texts().nth(8).unwrap_or_default(),
        }
    }

    /// Adds everything that a filter may look for.
    pub fn searched(&self, out: &mut String) {
        let known = if self.state == 1 { "no data" } else { "" };
        for part in [&self.alike.arn, &*self.text, " ", self.alike.site.as_str(), " ", self.state(), " ", known] {
            out.push_str(part);
        }
        if let Some(metric) = &self.alike.metric {
            [" ", &metric.namespace, " ", &metric.name].into_iter().for_each(|part| out.push_str(part));
        }
    }
}

impl Row for Alarm {
    type Packed = PackedAlarm;
    type Words = HashSet<Arc<Alike>>;

    fn key(&self) -> &str {
        &self.name
    }

    fn group(&self) -> Option<&str> {
        None
    }

    fn pack(self, _: u32, words: &mut Self::Words) -> PackedAlarm {
        let unclear = !self.is_clear();
        let prefix = self.arn.strip_suffix(&self.name).filter(|prefix| !prefix.is_empty());
        // The data behind the reason dates the impact of an alarm in ALARM; of all others it would only take room.
        let data = self.reason_data.as_deref().filter(|_| self.state == AlarmState::Alarm);
        let values: Vec<&str> =
            self.metric.iter().flat_map(|metric| &metric.dimensions).map(|(_, value)| value.as_str()).collect();
        let other = match &self.state {
            AlarmState::Other(text) => text.as_str(),
            _ => "",
        };
        let text = joined([
            &*self.name,
            &self.reason,
            self.evaluation.as_deref().unwrap_or_default(),
            self.suppressed_by.as_deref().unwrap_or_default(),
            self.rule.as_deref().unwrap_or_default(),
            data.unwrap_or_default(),
            &values.join(&String::from(AND)),
            if prefix.is_some() { "" } else { &self.arn },
            other,
        ]);
        let arn = prefix.unwrap_or_default().to_owned();
        let threshold = self.metric.as_ref().and_then(|metric| metric.threshold).unwrap_or(f64::INFINITY);
        let metric = self.metric.map(|metric| AlikeMetric {
            namespace: metric.namespace,
            name: metric.name,
            dimensions: metric.dimensions.into_iter().map(|(name, _)| name).collect(),
            statistic: metric.statistic,
            period_secs: metric.period_secs,
            evaluation_periods: metric.evaluation_periods,
            datapoints_to_alarm: metric.datapoints_to_alarm,
            comparison: metric.comparison.0,
        });
        PackedAlarm {
            text,
            alike: shared(words, Alike { site: self.site, arn, kind: self.kind, metric }),
            threshold,
            transitioned_at: packed_time(self.transitioned_at),
            updated_at: packed_time(self.updated_at),
            state: match self.state {
                AlarmState::Alarm => 0,
                AlarmState::InsufficientData => 1,
                AlarmState::Ok => 2,
                AlarmState::Other(_) => 3,
            },
            unclear,
        }
    }

    fn unpack(packed: &PackedAlarm, _: &str) -> Self {
        let mut texts = packed.texts();
        let mut next = || texts.next().unwrap_or_default();
        let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let (name, reason) = (next().to_owned(), next().to_owned());
        let (evaluation, suppressed_by, rule, reason_data) =
            (optional(next()), optional(next()), optional(next()), optional(next()));
        let (values, arn, other) = (next(), next(), next());
        let metric = packed.alike.metric.as_ref().map(|metric| AlarmMetric {
            namespace: metric.namespace.clone(),
            name: metric.name.clone(),
            dimensions: metric.dimensions.iter().cloned().zip(values.split(AND).map(str::to_owned)).collect(),
            statistic: metric.statistic.clone(),
            period_secs: metric.period_secs,
            evaluation_periods: metric.evaluation_periods,
            datapoints_to_alarm: metric.datapoints_to_alarm,
            threshold: packed.threshold.is_finite().then_some(packed.threshold),
            comparison: Comparison(metric.comparison.clone()),
        });
        Self {
            site: packed.alike.site.clone(),
            arn: if arn.is_empty() && !packed.alike.arn.is_empty() {
                format!("{}{name}", packed.alike.arn)
            } else {
                arn.to_owned()
            },
            name,
            kind: packed.alike.kind,
            state: match packed.state {
                0 => AlarmState::Alarm,
                1 => AlarmState::InsufficientData,
                2 => AlarmState::Ok,
                _ => AlarmState::Other(other.to_owned()),
            },
            evaluation,
            transitioned_at: time_of(packed.transitioned_at),
            updated_at: time_of(packed.updated_at),
            reason,
            reason_data,
            rule,
            suppressed_by,
            metric,
        }
    }

    fn has_key(packed: &PackedAlarm, key: u64) -> bool {
        key_hash([packed.name()]) == key
    }

    fn group_of(_: &PackedAlarm) -> u32 {
        0
    }

    fn standing(packed: &PackedAlarm) -> Standing {
        match packed.rank() {
            0 => Standing::Bad,
            1 => Standing::Unknown,
            _ => Standing::Quiet,
        }
    }
}
