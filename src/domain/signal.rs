//! What can tell that something is wrong: CloudWatch alarms and AWS Health events.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Region, SiteName};

/// The state of an alarm. Values that this program does not know are kept as they came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum AlarmState {
    /// `ALARM`.
    Alarm,
    /// `INSUFFICIENT_DATA`: not an all-clear.
    InsufficientData,
    /// `OK`.
    Ok,
    /// Anything else, as AWS sent it.
    Other(String),
}

impl From<String> for AlarmState {
    fn from(text: String) -> Self {
        match text.as_str() {
            "ALARM" => Self::Alarm,
            "INSUFFICIENT_DATA" => Self::InsufficientData,
            "OK" => Self::Ok,
            _ => Self::Other(text),
        }
    }
}

impl From<AlarmState> for String {
    fn from(state: AlarmState) -> Self {
        state.to_string()
    }
}

impl fmt::Display for AlarmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
            Self::Ok => "OK",
            Self::Other(text) => text,
        })
    }
}

/// What an alarm is evaluated from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmKind {
    /// One metric against a threshold.
    Metric,
    /// A metric math expression against a threshold.
    MetricMath,
    /// A metric against its anomaly detection band.
    AnomalyDetection,
    /// A rule over other alarms.
    Composite,
}

/// How a datapoint is compared with the threshold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Comparison(pub String);

impl Comparison {
    /// A short sign for the comparison; a name that is not known stands as it came.
    pub fn sign(&self) -> &str {
        match self.0.as_str() {
            "GreaterThanThreshold" | "GreaterThanUpperThreshold" => ">",
            "GreaterThanOrEqualToThreshold" => ">=",
            "LessThanThreshold" | "LessThanLowerThreshold" => "<",
            "LessThanOrEqualToThreshold" => "<=",
            other => other,
        }
    }
}

/// The metric behind an alarm and how it is evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmMetric {
    /// Such as `AWS/S3`.
    pub namespace: String,
    /// Such as `5xxErrors`.
    pub name: String,
    /// Name and value of each dimension.
    pub dimensions: Vec<(String, String)>,
    /// `Average`, `Sum`, `p99`.
    pub statistic: String,
    /// Length of a period in seconds.
    pub period_secs: u32,
    /// N of "M out of N".
    pub evaluation_periods: u32,
    /// M of "M out of N".
    pub datapoints_to_alarm: u32,
    /// The threshold in the metric's unit; absent for an anomaly band.
    pub threshold: Option<f64>,
    /// How a datapoint is compared.
    pub comparison: Comparison,
}

/// One alarm as DescribeAlarms tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// Where it lives.
    pub site: SiteName,
    /// Its name, unique within account and Region.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// What it is evaluated from.
    pub kind: AlarmKind,
    /// Its state.
    pub state: AlarmState,
    /// `PARTIAL_DATA`, `EVALUATION_ERROR`, `EVALUATION_FAILURE`: an OK with one of these is not OK.
    pub evaluation: Option<String>,
    /// The last real change of state (StateTransitionedTimestamp; StateUpdatedTimestamp also moves with the evaluation state).
    pub transitioned_at: Option<DateTime<Utc>>,
    /// The last change of state or evaluation state.
    pub updated_at: Option<DateTime<Utc>>,
    /// CloudWatch's sentence.
    pub reason: String,
    /// CloudWatch's JSON behind the sentence.
    pub reason_data: Option<String>,
    /// The rule of a composite alarm.
    pub rule: Option<String>,
    /// The alarm or mute rule that holds this alarm's actions back.
    pub suppressed_by: Option<String>,
    /// The metric, for metric alarms.
    pub metric: Option<AlarmMetric>,
}

impl Alarm {
    /// Is something wrong, as far as this alarm can tell? An evaluation that did not work is not an all-clear.
    pub fn is_clear(&self) -> bool {
        self.state == AlarmState::Ok && self.evaluation.is_none()
    }

    /// When the fault began, as a range, if the alarm is in ALARM.
    ///
    /// The first breaching datapoint of the reason data covers one period: the fault began within it or the one before. Without
    /// reason data, an alarm of M datapoints over N periods went to ALARM between M and N periods after the beginning, counted back
    /// from the transition (aws-facts: alarms are evaluated each minute).
    pub fn impact_range(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        if self.state != AlarmState::Alarm {
            return None;
        }
        let metric = self.metric.as_ref()?;
        let period = TimeDelta::seconds(i64::from(metric.period_secs));
        if let Some(first) = self.first_breaching_datapoint(metric) {
            return Some((first, first + period));
        }
        let transition = self.transitioned_at?;
        let (m, n) = (metric.datapoints_to_alarm.max(1), metric.evaluation_periods.max(1));
        Some((transition - period * n.max(m).cast_signed() - period, transition - period * (m.cast_signed() - 1)))
    }

    fn first_breaching_datapoint(&self, metric: &AlarmMetric) -> Option<DateTime<Utc>> {
        let data: serde_json::Value = serde_json::from_str(self.reason_data.as_deref()?).ok()?;
        let start: DateTime<Utc> = parse_reason_time(data.get("startDate")?.as_str()?)?;
        let threshold = metric.threshold?;
        let points = data.get("recentDatapoints")?.as_array()?;
        let breaches = |value: f64| match metric.comparison.sign() {
            ">" => value > threshold,
            ">=" => value >= threshold,
            "<" => value < threshold,
            "<=" => value <= threshold,
            _ => false,
        };
        let first = points.iter().position(|point| point.as_f64().is_some_and(breaches))?;
        Some(start + TimeDelta::seconds(i64::from(metric.period_secs) * i64::try_from(first).ok()?))
    }
}

/// CloudWatch writes `2026-03-14T03:02:00.000+0000` in reason data.
fn parse_reason_time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z").ok().map(|time| time.with_timezone(&Utc))
}

/// One datapoint of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MetricPoint {
    /// Start of its period.
    pub at: DateTime<Utc>,
    /// In the metric's unit.
    pub value: f64,
}

/// One AWS Health event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthEvent {
    /// Its ARN.
    pub arn: String,
    /// Such as `S3`.
    pub service: String,
    /// Such as `AWS_S3_INCREASED_GET_API_ERROR_RATES`.
    pub type_code: String,
    /// `issue`, `accountNotification`, `scheduledChange`, or as it came.
    pub category: String,
    /// The Region that it is about; `global` for global services.
    pub region: Region,
    /// `open`, `closed`, `upcoming`, or as it came.
    pub status: String,
    /// When AWS says that it began; AWS tells it later.
    pub started_at: Option<DateTime<Utc>>,
    /// When AWS says that it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// When AWS last told something about it.
    pub updated_at: Option<DateTime<Utc>>,
    /// When this console first saw it; `None` until the store has stamped it.
    pub first_seen_at: Option<DateTime<Utc>>,
    /// AWS's text, the latest description.
    pub description: Option<String>,
    /// What of ours it touches.
    pub entities: Vec<AffectedEntity>,
}

impl HealthEvent {
    /// Is it still going on?
    pub fn is_open(&self) -> bool {
        self.status != "closed"
    }

    /// The event as EventBridge delivers it, as far as it is known here: what an event pattern is matched against.
    pub fn as_delivered(&self) -> serde_json::Value {
        let http = |time: Option<DateTime<Utc>>| time.map(|time| time.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
        let entity = |entity: &AffectedEntity| serde_json::json!({"entityValue": entity.value, "status": entity.status});
        // An ARN's fifth part is the account that an event is about; public events have none.
        let account = self.arn.split(':').nth(4).unwrap_or_default();
        let mut detail = serde_json::json!({
            "eventArn": self.arn, "service": self.service, "eventTypeCode": self.type_code, "eventTypeCategory": self.category,
            "statusCode": self.status, "eventRegion": self.region.as_str(),
            "eventDescription": [{"language": "en_US", "latestDescription": self.description}],
            "affectedEntities": self.entities.iter().map(entity).collect::<Vec<_>>(),
        });
        let times = [("startTime", self.started_at), ("endTime", self.ended_at), ("lastUpdatedTime", self.updated_at)];
        for (name, time) in times.into_iter().filter_map(|(name, time)| Some((name, http(time)?))) {
            detail[name] = time.into();
        }
        serde_json::json!({
            "source": "aws.health", "detail-type": "AWS Health Event", "account": account, "region": self.region.as_str(),
            "resources": self.entities.iter().map(|entity| entity.value.as_str()).collect::<Vec<_>>(), "detail": detail,
        })
    }
}

/// One resource that a Health event touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AffectedEntity {
    /// Name or ARN as AWS gives it.
    pub value: String,
    /// `IMPAIRED`, `UNIMPAIRED`, `UNKNOWN`, `PENDING`, `RESOLVED`, or as it came.
    pub status: String,
}

/// One signal of the plan: what the journal and the moments refer to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "signal", rename_all = "kebab-case")]
pub enum SignalId {
    /// A CloudWatch alarm.
    Alarm {
        /// Where it lives.
        site: SiteName,
        /// Its name.
        name: String,
    },
    /// An AWS Health event.
    Health {
        /// Its ARN.
        arn: String,
    },
}

impl fmt::Display for SignalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alarm { site, name } => write!(f, "alarm {name} ({site})"),
            Self::Health { arn } => write!(f, "Health event {}", arn.rsplit('/').next().unwrap_or(arn)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(reason_data: Option<&str>) -> Alarm {
        Alarm {
            site: SiteName::primary(),
            name: "shop-error-rate".into(),
            arn: "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-error-rate".into(),
            kind: AlarmKind::Metric,
            state: AlarmState::Alarm,
            evaluation: None,
            transitioned_at: Some("2026-03-14T03:04:20Z".parse().unwrap()),
            updated_at: None,
            reason: String::new(),
            reason_data: reason_data.map(str::to_owned),
            rule: None,
            suppressed_by: None,
            metric: Some(AlarmMetric {
                namespace: "Shop".into(),
                name: "ErrorRate".into(),
                dimensions: vec![],
                statistic: "Average".into(),
                period_secs: 60,
                evaluation_periods: 3,
                datapoints_to_alarm: 2,
                threshold: Some(5.0),
                comparison: Comparison("GreaterThanThreshold".into()),
            }),
        }
    }

    #[test]
    fn the_first_breaching_datapoint_of_the_reason_data_begins_the_impact() {
        let data = r#"{"version":"1.0","startDate":"2026-03-14T03:01:00.000+0000","period":60,"recentDatapoints":[0.4,22.0,38.0],"threshold":5.0}"#;
        let (from, to) = alarm(Some(data)).impact_range().unwrap();
        assert_eq!(from.to_rfc3339(), "2026-03-14T03:02:00+00:00");
        assert_eq!(to.to_rfc3339(), "2026-03-14T03:03:00+00:00");
    }

    #[test]
    fn without_reason_data_the_impact_is_counted_back_from_the_transition() {
        let (from, to) = alarm(None).impact_range().unwrap();
        assert_eq!(from.to_rfc3339(), "2026-03-14T03:00:20+00:00");
        assert_eq!(to.to_rfc3339(), "2026-03-14T03:03:20+00:00");
    }

    #[test]
    fn an_unknown_state_is_kept_as_it_came() {
        let state: AlarmState = serde_json::from_str("\"BEWILDERED\"").unwrap();
        assert_eq!(state.to_string(), "BEWILDERED");
    }

    #[test]
    fn ok_with_a_failed_evaluation_is_not_clear() {
        let mut alarm = alarm(None);
        alarm.state = AlarmState::Ok;
        assert!(alarm.is_clear());
        alarm.evaluation = Some("EVALUATION_FAILURE".into());
        assert!(!alarm.is_clear());
    }
}
