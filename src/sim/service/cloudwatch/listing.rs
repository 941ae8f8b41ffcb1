//! Reading metrics and what is attached to alarms: ListMetrics, GetMetricStatistics, DescribeAlarmsForMetric, tags.

use std::ops::Bound;

use serde_json::{Map, Value, json};

use super::alarms::{CloudWatch, Follows, arn};
use super::metrics::{self, Metric};
use super::operations::{PAGING, slots};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::estate::Place;
use crate::sim::members::{self, Members};
use crate::sim::page::Paging;

/// ListMetrics.
pub fn list_metrics(cloudwatch: &CloudWatch, call: &Call) -> Answer {
    let cursor = Paging { size: "", default: 500, max: 500, ..PAGING }.open::<String>(call)?;
    let input = &call.input;
    let text = |key| members::text(input, key);
    let prefix = match (text("Namespace"), text("MetricName")) {
        (Some(namespace), Some(name)) => format!("{namespace}|{name}|"),
        (Some(namespace), None) => format!("{namespace}|"),
        _ => String::new(),
    };
    let after = cursor.after.clone();
    let from = after.as_deref().map_or(Bound::Included(prefix.as_str()), Bound::Excluded);
    let wanted = |told: &Value| {
        let same = |key: &str| members::text(input, key).is_none_or(|wanted| members::text(told, key) == Some(wanted));
        let has = |filter: &Value| {
            members::list(told, "Dimensions").iter().any(|of| {
                members::text(of, "Name") == members::text(filter, "Name")
                    && members::text(filter, "Value").is_none_or(|value| members::text(of, "Value") == Some(value))
            })
        };
        same("Namespace") && same("MetricName") && members::list(input, "Dimensions").iter().all(has)
    };
    let rows = cloudwatch.metrics.range::<str, _>((from, Bound::Unbounded)).take_while(|(key, _)| key.starts_with(&prefix));
    let rows = rows.filter(|(key, _)| text("MetricName").is_none_or(|name| key.split('|').nth(1) == Some(name)));
    let rows = rows.map(|(key, metric)| (key.to_string(), metric.identity()));
    let (page, token) = cursor.take(rows.filter(|(_, told)| wanted(told)));
    Ok(Members::new().set("Metrics", page).maybe("NextToken", token).done())
}

/// The most datapoints that GetMetricStatistics gives.
const DATAPOINTS: usize = 1440;

/// GetMetricStatistics.
pub fn get_statistics(cloudwatch: &CloudWatch, place: &Place, call: &Call) -> Answer {
    let input = &call.input;
    let name = members::required(input, "MetricName");
    let refused = |code: &str, message: &str| Err(Refusal::new(code, message));
    let (Some(start), Some(end)) = (members::time(input, "StartTime"), members::time(input, "EndTime")) else {
        return refused("MissingParameter", "The parameters StartTime and EndTime are required.");
    };
    let period = members::integer(input, "Period").unwrap_or(60);
    if period < 1 || (period % 60 != 0 && ![1, 5, 10, 20, 30].contains(&period)) {
        let message = "The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.";
        return refused("InvalidParameterValueException", message);
    }
    if end <= start {
        let message = "The parameter StartTime must be less than the parameter EndTime.";
        return refused("InvalidParameterValueException", message);
    }
    let (plain, extended) = (members::texts(input, "Statistics"), members::texts(input, "ExtendedStatistics"));
    if plain.is_empty() == extended.is_empty() {
        return refused(
            "InvalidParameterCombinationException",
            "Either Statistics or ExtendedStatistics must be given, not both.",
        );
    }
    if let Some(unknown) = extended.iter().find(|name| !metrics::is_statistic(name)) {
        let message = format!("The statistic {unknown} is not modelled by the simulated AWS");
        return refused("InvalidParameterValueException", &message);
    }
    let all: Vec<_> = slots(start, end, period, true).take(DATAPOINTS + 1).collect();
    if all.len() > DATAPOINTS {
        let message = "You have requested up to more datapoints than the limit of 1440. You may reduce the datapoints requested by \
                       increasing Period, or decreasing the time range.";
        return refused("InvalidParameterCombinationException", message);
    }
    let key = metrics::key(members::required(input, "Namespace"), name, members::list(input, "Dimensions"));
    let metric = cloudwatch.metrics.get(key.as_str());
    let unit = members::text(input, "Unit");
    let metric = metric.filter(|metric| unit.is_none_or(|unit| metric.unit() == unit));
    let points = all.into_iter().filter_map(|at| {
        let metric = metric?;
        let value = |statistic: &str| metric.so_far(place.seed, at, period, statistic, place.now).map(|point| point.value);
        let mut told = Members::new().time("Timestamp", at).set("Unit", metric.unit());
        for statistic in &plain {
            told = told.set(statistic, value(statistic)?);
        }
        let extended: Option<Map<String, Value>> =
            extended.iter().map(|statistic| Some(((*statistic).to_owned(), value(statistic)?.into()))).collect();
        let extended = extended?;
        Some(told.maybe("ExtendedStatistics", (!extended.is_empty()).then_some(extended)).done())
    });
    Ok(json!({"Label": name, "Datapoints": points.collect::<Vec<_>>()}))
}

/// DescribeAlarmsForMetric.
pub fn alarms_for_metric(cloudwatch: &CloudWatch, place: &Place, call: &Call) -> Answer {
    let input = &call.input;
    let (namespace, name) = (members::required(input, "Namespace"), members::required(input, "MetricName"));
    let key = metrics::key(namespace, name, members::list(input, "Dimensions"));
    let statistic = members::text(input, "Statistic").or_else(|| members::text(input, "ExtendedStatistic"));
    let alarms = cloudwatch.alarms.of_metric(&key).map(|(_, alarm)| alarm).filter(|alarm| match &alarm.follows {
        Follows::Metric(rule) => {
            statistic.is_none_or(|statistic| rule.statistic == statistic)
                && members::integer(input, "Period").is_none_or(|period| rule.period == period)
                && members::text(input, "Unit").is_none_or(|unit| rule.unit.as_deref() == Some(unit))
        }
        Follows::Alarms(_) => false,
    });
    Ok(json!({"MetricAlarms": alarms.map(|alarm| alarm.answer(cloudwatch, place)).collect::<Vec<_>>()}))
}

/// The name of the alarm with this ARN, if there is one.
fn alarm_of<'a>(cloudwatch: &CloudWatch, place: &Place, wanted: &'a str) -> Result<&'a str, Refusal> {
    let name = wanted.split_once(":alarm:").map_or("", |(_, name)| name);
    let there = cloudwatch.alarms.contains_key(name) && arn(place, name) == wanted;
    let message = format!("Unknown resource {wanted}");
    if there { Ok(name) } else { Err(Refusal::new("ResourceNotFoundException", message).status(404)) }
}

/// ListTagsForResource.
pub fn list_tags(cloudwatch: &CloudWatch, place: &Place, call: &Call) -> Answer {
    let name = alarm_of(cloudwatch, place, members::required(&call.input, "ResourceARN"))?;
    let tags = cloudwatch.tags.get(name).into_iter().flatten();
    Ok(json!({"Tags": tags.map(|(key, value)| json!({"Key": key, "Value": value})).collect::<Vec<_>>()}))
}

/// TagResource and UntagResource.
pub fn tag(cloudwatch: &mut CloudWatch, place: &Place, input: &Value) -> Answer {
    let name = alarm_of(cloudwatch, place, members::required(input, "ResourceARN"))?.to_owned();
    let tags = cloudwatch.tags.entry(name).or_default();
    tags.extend(read_tags(input));
    members::texts(input, "TagKeys").into_iter().for_each(|key| drop(tags.remove(key)));
    Ok(json!({}))
}

/// The tags of an input.
pub fn read_tags(input: &Value) -> impl Iterator<Item = (String, String)> + '_ {
    let text = |tag: &Value, key| members::required(tag, key).to_owned();
    members::list(input, "Tags").iter().map(move |tag| (text(tag, "Key"), text(tag, "Value")))
}

impl Metric {
    /// AWS's Metric: namespace, name and dimensions.
    pub fn identity(&self) -> Value {
        if let Some(told) = &self.told {
            return told.clone();
        }
        let mut parts = self.key.splitn(3, '|');
        let (namespace, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let dimensions = parts.next().unwrap_or_default().split(',').filter_map(|pair| pair.split_once('='));
        let dimensions: Vec<_> = dimensions.map(|(name, value)| json!({"Name": name, "Value": value})).collect();
        json!({"Namespace": namespace, "MetricName": name, "Dimensions": dimensions})
    }

    /// AWS's StandardUnit.
    pub fn unit(&self) -> &str {
        self.unit.as_deref().unwrap_or("None")
    }
}
