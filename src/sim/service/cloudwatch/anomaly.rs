//! Anomaly detection: detectors, and the band that a metric is expected to stay in.
//!
//! AWS learns its bands from two weeks of data; here a band is the mean of the periods before, and so many standard deviations to
//! either side of it.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::{Value, json};

use super::alarms::CloudWatch;
use super::math::Series;
use super::metrics::{self, Metric};
use super::operations::PAGING;
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::estate::Place;
use crate::sim::members::{self, Members};
use crate::sim::page::Paging;
use crate::sim::seed;

/// How many periods before a period its band is made of.
const LEARNT: i64 = 120;
/// How many of the periods right before are passed over, so that an anomaly does not widen its own band at once.
const APART: i64 = 5;
/// The fewest datapoints that make a band.
const FEWEST: usize = 3;
/// The narrowest band, as a part of the mean: data without any noise still has one.
const NARROWEST: f64 = 0.01;

/// Detectors, by id.
pub type Detectors = BTreeMap<String, Value>;

/// The query and the width of `ANOMALY_DETECTION_BAND(m1, 2)`; `None` for any other expression.
pub fn band(expression: &str) -> Option<(String, f64)> {
    let inner = expression.trim().strip_prefix("ANOMALY_DETECTION_BAND(")?.strip_suffix(')')?;
    let (of, width) = inner.split_once(',').unwrap_or((inner, "2"));
    let width = width.trim().parse::<f64>().ok().filter(|width| *width > 0.0)?;
    Some((of.trim().to_owned(), width))
}

/// The upper and the lower edge of the band of a statistic, at these periods.
pub fn edges(place: &Place, metric: &Metric, statistic: &str, width: f64, slots: &[i64], period: i64) -> [Series; 2] {
    let (mut upper, mut lower) = (Series::new(), Series::new());
    for slot in slots {
        let before = (APART + 1..=APART + LEARNT).filter_map(|back| {
            let start = DateTime::from_timestamp(slot - back * period, 0)?;
            metric.statistic(place.seed, start, period, statistic, place.now).map(|point| point.value)
        });
        let values: Vec<f64> = before.collect();
        if values.len() < FEWEST {
            continue;
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let spread = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
        let half = width * spread.max(mean.abs() * NARROWEST);
        upper.insert(*slot, mean + half);
        lower.insert(*slot, mean - half);
    }
    [upper, lower]
}

/// What a detector watches: the parts of the input that name it, in one form.
fn identity(input: &Value) -> Result<Value, Refusal> {
    if let Some(math) = input.get("MetricMathAnomalyDetector") {
        return Ok(json!({"MetricMathAnomalyDetector": math}));
    }
    let single = input.get("SingleMetricAnomalyDetector").unwrap_or(input);
    let needed = |key: &str| {
        let missing = || Refusal::new("MissingParameter", format!("The parameter {key} is required."));
        members::text(single, key).map(str::to_owned).ok_or_else(missing)
    };
    let mut dimensions = members::list(single, "Dimensions").to_vec();
    dimensions.sort_by_key(|dimension| members::required(dimension, "Name").to_owned());
    let named = json!({
        "Namespace": needed("Namespace")?, "MetricName": needed("MetricName")?, "Dimensions": dimensions, "Stat": needed("Stat")?,
    });
    Ok(json!({"SingleMetricAnomalyDetector": named}))
}

fn id_of(identity: &Value) -> String {
    let bits = seed::hash(2, &identity.to_string());
    seed::uuid(bits, seed::mix(bits))
}

/// PutAnomalyDetector.
///
/// # Errors
/// It names no metric.
pub fn put(cloudwatch: &mut CloudWatch, input: &Value) -> Answer {
    let identity = identity(input)?;
    let id = id_of(&identity);
    let told = Members::new()
        .set("AnomalyDetectorId", id.as_str())
        .copy(&identity, &["SingleMetricAnomalyDetector", "MetricMathAnomalyDetector"]);
    let single = identity.get("SingleMetricAnomalyDetector").cloned().unwrap_or_default();
    let told = told
        .copy(&single, &["Namespace", "MetricName", "Dimensions", "Stat"])
        .copy(input, &["Configuration", "MetricCharacteristics"]);
    cloudwatch.detectors.insert(id.clone(), told.set("StateValue", "TRAINED").done());
    Ok(json!({"AnomalyDetectorId": id}))
}

/// DeleteAnomalyDetector.
///
/// # Errors
/// There is no such detector.
pub fn delete(cloudwatch: &mut CloudWatch, input: &Value) -> Answer {
    let id = match members::text(input, "AnomalyDetectorId") {
        Some(id) => id.to_owned(),
        None => id_of(&identity(input)?),
    };
    let absent = || Refusal::new("ResourceNotFoundException", "The anomaly detector does not exist").status(404);
    cloudwatch.detectors.remove(&id).map(|_| json!({})).ok_or_else(absent)
}

/// DescribeAnomalyDetectors.
///
/// # Errors
/// A page token that was not given for this call.
pub fn describe(cloudwatch: &CloudWatch, call: &Call) -> Answer {
    let input = &call.input;
    let cursor = Paging { size: "MaxResults", ..PAGING }.open::<String>(call)?;
    let after = cursor.after.clone();
    let ids = members::texts(input, "AnomalyDetectorIds");
    let types = members::texts(input, "AnomalyDetectorTypes");
    let is_math = |detector: &Value| detector.get("MetricMathAnomalyDetector").is_some();
    let same =
        |detector: &Value, key: &str| members::text(input, key).is_none_or(|wanted| members::text(detector, key) == Some(wanted));
    let rows = cloudwatch.detectors.iter().filter(|(id, detector)| {
        let kind = if is_math(detector) { "METRIC_MATH" } else { "SINGLE_METRIC" };
        let dimensions = members::list(input, "Dimensions");
        let key = |dimensions: &[Value]| metrics::key("", "", dimensions);
        after.as_ref().is_none_or(|after| *id > after)
            && (ids.is_empty() || ids.contains(&id.as_str()))
            && (types.contains(&kind) || types.is_empty() && (!ids.is_empty() || !is_math(detector)))
            && same(detector, "Namespace")
            && same(detector, "MetricName")
            && (dimensions.is_empty() || key(dimensions) == key(members::list(detector, "Dimensions")))
    });
    let (page, token) = cursor.take(rows.map(|(id, detector)| (id.clone(), detector.clone())));
    Ok(Members::new().set("AnomalyDetectors", page).maybe("NextToken", token).done())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::sim::messaging_tests::Player;

    #[test]
    fn a_band_names_its_metric_and_its_width() {
        assert_eq!(band("ANOMALY_DETECTION_BAND(m1, 3)"), Some(("m1".into(), 3.0)));
        assert_eq!(band(" ANOMALY_DETECTION_BAND(m1)"), Some(("m1".into(), 2.0)));
        assert_eq!(band("m1 * 2"), None);
    }

    #[test]
    fn an_alarm_follows_its_band_and_detectors_come_and_go() {
        let mut player = Player::new();
        let stat = json!({"Metric": {"Namespace": "shop", "MetricName": "orders"}, "Period": 60, "Stat": "Average"});
        let alarm = json!({
            "AlarmName": "odd", "EvaluationPeriods": 1, "ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold",
            "ThresholdMetricId": "ad1", "Metrics": [
                {"Id": "m1", "MetricStat": stat, "ReturnData": true},
                {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)", "ReturnData": true},
            ],
        });
        player.get("monitoring", "PutMetricAlarm", alarm);
        let state = |player: &mut Player| {
            player.get("monitoring", "DescribeAlarms", json!({}))["MetricAlarms"][0]["StateValue"].as_str().unwrap().to_owned()
        };
        for minute in 0..30 {
            let value = if minute == 29 { 500.0 } else { 100.0 + f64::from(minute % 3) };
            player.get(
                "monitoring",
                "PutMetricData",
                json!({"Namespace": "shop", "MetricData": [{"MetricName": "orders", "Value": value}]}),
            );
            player.wait(60);
            let expected = if minute == 29 { "ALARM" } else { "OK" };
            if minute > 12 {
                assert_eq!(state(&mut player), expected, "minute {minute}");
            }
        }
        let told = player.get("monitoring", "DescribeAlarms", json!({}))["MetricAlarms"][0].clone();
        assert_eq!(told["ThresholdMetricId"], "ad1");
        assert!(told["StateReason"].as_str().unwrap().contains("greater than the upper thresholds"), "{told}");
        let at = player.now;
        let input = json!({
            "StartTime": members::stamp(at - TimeDelta::minutes(10)), "EndTime": members::stamp(at),
            "MetricDataQueries": [{"Id": "m1", "MetricStat": stat, "ReturnData": false}, {"Id": "b", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)"}],
        });
        assert_eq!(player.get("monitoring", "GetMetricData", input)["MetricDataResults"].as_array().unwrap().len(), 2);
        let detector = json!({"SingleMetricAnomalyDetector": {"Namespace": "shop", "MetricName": "orders", "Stat": "Average"}});
        player.get("monitoring", "PutAnomalyDetector", detector.clone());
        assert_eq!(
            player.get("monitoring", "DescribeAnomalyDetectors", json!({"Namespace": "shop"}))["AnomalyDetectors"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        player.get("monitoring", "DeleteAnomalyDetector", detector.clone());
        assert_eq!(player.refused("monitoring", "DeleteAnomalyDetector", detector), "ResourceNotFoundException");
    }
}
