//! CloudWatch's operations.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::alarms::{Alarm, CloudWatch, Follows};
use super::evaluate::State;
use super::index::Name;
use super::listing;
use super::math::Series;
use super::metrics::{self, Metric};
use super::queries::Queries;
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::estate::Place;
use crate::sim::members::{self, Members};
use crate::sim::packed::Packed;
use crate::sim::page::Paging;
use crate::sim::service::coverage::{Operation, changes, reads};
use crate::sim::world::World;

/// What holds for all of the service.
pub const NOTE: &str = "Statistics are the five simple ones and percentiles. A band of anomaly detection is the mean of the 120 \
                        periods before and so many standard deviations. Dashboards, metric streams and mute rules are not modelled. Alarms are evaluated each full minute; their actions reach SNS topics.";

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    changes("DeleteAnomalyDetector", ""),
    changes("DeleteAlarms", "composite alarms may be deleted while others follow them"),
    reads("DescribeAlarmHistory", ""),
    reads("DescribeAlarms", ""),
    reads("DescribeAlarmsForMetric", ""),
    reads("DescribeAnomalyDetectors", "trained at once"),
    changes("DisableAlarmActions", ""),
    changes("EnableAlarmActions", ""),
    reads("GetMetricData", "metric math without SEARCH and metric insights; a band stands alone in its expression"),
    reads("GetMetricStatistics", ""),
    reads("ListMetrics", "metrics are listed from their first datapoint on, for ever"),
    reads("ListTagsForResource", "alarms"),
    changes("PutAnomalyDetector", "excluded ranges are kept, not followed"),
    changes("PutCompositeAlarm", "suppressors are kept, not followed"),
    changes("PutMetricAlarm", "no metric insights"),
    changes("PutMetricData", ""),
    changes("SetAlarmState", "the next evaluation sets it back"),
    changes("TagResource", "alarms"),
    changes("UntagResource", ""),
];

pub(super) const PAGING: Paging = Paging {
    token: "NextToken",
    size: "MaxRecords",
    default: 50,
    max: 100,
    code: "InvalidNextToken",
    message: "The next token specified is invalid.",
};

/// The most datapoints of one answer of GetMetricData.
const MAX_DATAPOINTS: usize = 100_800;

/// Answers one call to CloudWatch.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    if super::super::changes(call.service, &call.operation) {
        return change(world, call);
    }
    let place = world.place(&call.caller);
    let none = CloudWatch::default();
    let cloudwatch = world.site(&call.caller).map_or(&none, |site| &site.cloudwatch);
    match call.operation.as_str() {
        "DescribeAlarms" => describe_alarms(cloudwatch, &place, call),
        "DescribeAnomalyDetectors" => super::anomaly::describe(cloudwatch, call),
        "DescribeAlarmHistory" => describe_history(cloudwatch, &place, call),
        "GetMetricData" => get_metric_data(cloudwatch, &place, call),
        "GetMetricStatistics" => listing::get_statistics(cloudwatch, &place, call),
        "ListMetrics" => listing::list_metrics(cloudwatch, call),
        "DescribeAlarmsForMetric" => listing::alarms_for_metric(cloudwatch, &place, call),
        "ListTagsForResource" => listing::list_tags(cloudwatch, &place, call),
        _ => Err(super::super::unknown(call)),
    }
}

fn change(world: &mut World, call: &Call) -> Answer {
    let place = world.place(&call.caller);
    let cloudwatch = &mut world.site_mut(&call.caller).cloudwatch;
    match call.operation.as_str() {
        "PutAnomalyDetector" => return super::anomaly::put(cloudwatch, &call.input),
        "DeleteAnomalyDetector" => return super::anomaly::delete(cloudwatch, &call.input),
        "PutMetricData" => return put_metric_data(cloudwatch, &place, &call.input),
        "SetAlarmState" => set_alarm_state(cloudwatch, &place, &call.input)?,
        "TagResource" | "UntagResource" => return listing::tag(cloudwatch, &place, &call.input),
        "DeleteAlarms" => cloudwatch.delete(&members::texts(&call.input, "AlarmNames"), place.now)?,
        "EnableAlarmActions" | "DisableAlarmActions" => {
            for name in members::texts(&call.input, "AlarmNames") {
                // A name that is not there is no fault.
                let Some(alarm) = cloudwatch.alarms.get(name) else { continue };
                let (mut config, kind) = (alarm.config.open(), alarm.alarm_type());
                config["ActionsEnabled"] = (call.operation == "EnableAlarmActions").into();
                cloudwatch.history.configured(place.now, name, kind, &config, false);
                cloudwatch.alarms.edit(name, |alarm| {
                    (alarm.config, alarm.configured) = (Packed::new(&config), place.now);
                });
            }
        }
        _ => {
            cloudwatch.put(&call.input, place.now)?;
            let name = members::required(&call.input, "AlarmName").to_owned();
            cloudwatch.tags.entry(name).or_default().extend(listing::read_tags(&call.input));
        }
    }
    world.effect(call, members::required(&call.input, "AlarmName"));
    Ok(json!({}))
}

fn describe_alarms(cloudwatch: &CloudWatch, place: &Place, call: &Call) -> Answer {
    let input = &call.input;
    let cursor = PAGING.open::<String>(call)?;
    let types = members::texts(input, "AlarmTypes");
    let names = members::texts(input, "AlarmNames");
    let prefix = members::text(input, "AlarmNamePrefix").unwrap_or_default();
    let children = members::text(input, "ChildrenOfAlarmName").map(|name| children(cloudwatch, name));
    let parents = members::text(input, "ParentsOfAlarmName").map(plain_name);
    let state = members::text(input, "StateValue");
    let action = members::text(input, "ActionPrefix");
    let wanted = |name: &str, alarm: &Alarm| {
        let kind = alarm.alarm_type();
        // Without AlarmTypes, only metric alarms are told, whatever else is asked.
        (types.contains(&kind) || (types.is_empty() && (kind == "MetricAlarm" || parents.is_some())))
            && (names.is_empty() || names.iter().any(|wanted| plain_name(wanted) == name))
            && children.as_ref().is_none_or(|children| children.iter().any(|child| child == name))
            && parents.is_none_or(|child| is_parent(alarm, child))
            && state.is_none_or(|state| alarm.state.name() == state)
            && action.is_none_or(|action| acts(alarm, action))
    };
    let after = cursor.after.clone();
    let from = after.as_deref().map_or(Bound::Included(prefix), Bound::Excluded);
    let listed: Option<BTreeSet<&str>> = match &children {
        _ if !names.is_empty() => Some(names.iter().map(|name| plain_name(name)).collect()),
        Some(children) => Some(children.iter().map(|child| plain_name(child)).collect()),
        None => None,
    };
    let rows: Box<dyn Iterator<Item = (&Name, &Alarm)>> = match &listed {
        Some(listed) => {
            Box::new(listed.range::<str, _>((from, Bound::Unbounded)).filter_map(|name| cloudwatch.alarms.named(name)))
        }
        None => {
            let composite = parents.is_some() || types == ["CompositeAlarm"];
            cloudwatch.alarms.range(from, state.and_then(State::named), composite)
        }
    };
    let rows = rows.take_while(|(name, _)| name.starts_with(prefix));
    let rows = rows.filter(|(name, alarm)| wanted(name, alarm)).map(|(name, alarm)| (name.to_string(), alarm));
    let (page, token) = cursor.take(rows);
    let told = |kind| -> Vec<Value> {
        page.iter().filter(|alarm| alarm.alarm_type() == kind).map(|alarm| alarm.answer(cloudwatch, place)).collect()
    };
    Ok(Members::new()
        .set("CompositeAlarms", told("CompositeAlarm"))
        .set("MetricAlarms", told("MetricAlarm"))
        .maybe("NextToken", token)
        .done())
}

fn plain_name(alarm: &str) -> &str {
    alarm.split_once(":alarm:").map_or(alarm, |(_, name)| name)
}

fn children(cloudwatch: &CloudWatch, name: &str) -> Vec<String> {
    match cloudwatch.alarms.get(plain_name(name)).map(|alarm| &alarm.follows) {
        Some(Follows::Alarms(rule)) => rule.children().into_iter().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn is_parent(alarm: &Alarm, child: &str) -> bool {
    matches!(&alarm.follows, Follows::Alarms(rule) if rule.children().contains(&child))
}

fn acts(alarm: &Alarm, prefix: &str) -> bool {
    if !alarm.config.mentions(prefix) {
        return false;
    }
    let config = alarm.config.open();
    let lists = ["OKActions", "AlarmActions", "InsufficientDataActions"];
    lists.iter().any(|list| members::texts(&config, list).iter().any(|action| action.starts_with(prefix)))
}

fn describe_history(cloudwatch: &CloudWatch, place: &Place, call: &Call) -> Answer {
    let input = &call.input;
    let cursor = PAGING.open::<(i64, u64)>(call)?;
    let types = members::texts(input, "AlarmTypes");
    let name = members::text(input, "AlarmName").map(plain_name);
    let kind = members::text(input, "HistoryItemType");
    let (start, end) = (members::time(input, "StartDate"), members::time(input, "EndDate"));
    let ascending = members::text(input, "ScanBy") == Some("TimestampAscending");
    let after = cursor.after;
    let rows = cloudwatch.history.since(place.now);
    let rows: Box<dyn Iterator<Item = _>> = if ascending { Box::new(rows) } else { Box::new(rows.rev()) };
    let rows = rows.map(|(moment, item)| ((moment.0.timestamp_millis(), moment.1), moment.0, item)).filter(|(key, at, item)| {
        after.is_none_or(|after| if ascending { *key > after } else { *key < after })
            && (types.contains(&item.alarm_type) || (types.is_empty() && item.alarm_type == "MetricAlarm"))
            && name.is_none_or(|name| item.alarm == name)
            && kind.is_none_or(|kind| item.kind == kind)
            && start.is_none_or(|start| *at >= start)
            && end.is_none_or(|end| *at <= end)
    });
    let (page, token) = cursor.take(rows.map(|(key, at, item)| (key, item.answer(at))));
    Ok(Members::new().set("AlarmHistoryItems", page).maybe("NextToken", token).done())
}

fn set_alarm_state(cloudwatch: &mut CloudWatch, place: &Place, input: &Value) -> Result<(), Refusal> {
    let name = members::required(input, "AlarmName");
    if !cloudwatch.alarms.contains_key(name) {
        return Err(Refusal::new("ResourceNotFound", format!("Alarm {name} does not exist")).status(404));
    }
    let wanted = members::required(input, "StateValue");
    let state = State::named(wanted)
        .ok_or_else(|| Refusal::new("ValidationError", format!("{wanted} is not a valid state: OK, ALARM, INSUFFICIENT_DATA")))?;
    let data = members::text(input, "StateReasonData");
    if data.is_some_and(|data| serde_json::from_str::<Value>(data).is_err()) {
        return Err(Refusal::new("InvalidFormat", "StateReasonData is not valid JSON"));
    }
    cloudwatch.set(place, name, state, members::required(input, "StateReason"), data);
    Ok(())
}

fn put_metric_data(cloudwatch: &mut CloudWatch, place: &Place, input: &Value) -> Answer {
    let namespace = members::required(input, "Namespace");
    for (number, datum) in members::list(input, "MetricData").iter().enumerate() {
        check_datum(datum, &format!("MetricData.member.{}", number + 1))?;
    }
    for datum in members::list(input, "MetricData") {
        let key = metrics::key(namespace, members::required(datum, "MetricName"), members::list(datum, "Dimensions"));
        let metric = cloudwatch.metrics.entry(Arc::from(key.as_str())).or_insert_with(|| {
            Metric::new(String::new(), key.as_str(), None, 0.0, members::text(datum, "Unit").map(str::to_owned))
        });
        metric.told.get_or_insert_with(|| {
            let named = Members::new().set("Namespace", namespace).copy(datum, &["MetricName"]);
            named.set("Dimensions", members::list(datum, "Dimensions").to_vec()).done()
        });
        let at = members::time(datum, "Timestamp").unwrap_or(place.now);
        for (value, count) in samples(datum) {
            metric.post(at, value, count);
        }
        cloudwatch.alarms.wake(&key);
    }
    Ok(json!({}))
}

/// A datum is a value, values with their counts, or a statistic set: one of them.
fn check_datum(datum: &Value, at: &str) -> Result<(), Refusal> {
    let wrong = |code, message: String| Err(Refusal::new(code, message));
    let (value, values) = (datum.get("Value"), members::list(datum, "Values"));
    let set = datum.get("StatisticValues").is_some();
    let finite = |value: &Value| value.as_f64().is_some_and(f64::is_finite);
    if value.is_some_and(|value| !finite(value)) {
        return wrong("InvalidParameterValue", format!("The value NaN for parameter {at}.Value is invalid."));
    }
    if let Some(place) = values.iter().position(|value| !finite(value)) {
        return wrong(
            "InvalidParameterValue",
            format!("The value NaN for parameter {at}.Values.member.{} is invalid.", place + 1),
        );
    }
    if value.is_some() && !values.is_empty() {
        let message = format!("The parameters {at}.Value and {at}.Values are mutually exclusive and you have specified both.");
        return wrong("InvalidParameterValue", message);
    }
    if set && (value.is_some() || !values.is_empty()) {
        let message =
            format!("The parameters {at}.Value and {at}.StatisticValues are mutually exclusive and you have specified both.");
        return wrong("InvalidParameterCombination", message);
    }
    let counts = members::list(datum, "Counts");
    if !counts.is_empty() && counts.len() != values.len() {
        let message = format!("The parameters {at}.Values and {at}.Counts must be of the same size.");
        return wrong("InvalidParameterValue", message);
    }
    Ok(())
}

/// The samples that a datum stands for. A statistic set gives its extremes, and the rest of its sum in equal parts.
fn samples(datum: &Value) -> Vec<(f64, f64)> {
    if let Some(set) = datum.get("StatisticValues") {
        let read = |key| members::number(set, key).unwrap_or_default();
        let (count, sum, least, most) = (read("SampleCount"), read("Sum"), read("Minimum"), read("Maximum"));
        if count <= 2.0 {
            return vec![(if count > 0.0 { sum / count } else { sum }, count)];
        }
        return vec![(least, 1.0), (most, 1.0), ((sum - least - most) / (count - 2.0), count - 2.0)];
    }
    let counts = members::list(datum, "Counts");
    let count = |at: usize| counts.get(at).and_then(Value::as_f64).unwrap_or(1.0);
    let values = members::list(datum, "Values").iter().enumerate();
    let mut samples: Vec<_> = values.filter_map(|(at, value)| Some((value.as_f64()?, count(at)))).collect();
    samples.extend(members::number(datum, "Value").map(|value| (value, 1.0)));
    samples
}

/// One series of GetMetricData's answer.
struct Row<'a> {
    id: &'a str,
    label: String,
    period: i64,
    of: Source<'a>,
}

/// Where its datapoints come from.
enum Source<'a> {
    /// A statistic, taken period by period as the page needs it.
    Statistic(Option<&'a Metric>, &'a str),
    /// An expression, worked out before.
    Series(Series),
}

impl Row<'_> {
    fn point(&self, place: &Place, at: DateTime<Utc>) -> Option<f64> {
        match &self.of {
            Source::Statistic(metric, statistic) => {
                metric.as_ref()?.so_far(place.seed, at, self.period, statistic, place.now).map(|point| point.value)
            }
            Source::Series(series) => series.get(&at.timestamp()).copied(),
        }
    }
}

fn get_metric_data(cloudwatch: &CloudWatch, place: &Place, call: &Call) -> Answer {
    let paging = Paging { size: "MaxDatapoints", default: MAX_DATAPOINTS, max: MAX_DATAPOINTS, ..PAGING };
    let cursor = paging.open::<(usize, i64)>(call)?;
    let input = &call.input;
    let (Some(start), Some(end)) = (members::time(input, "StartTime"), members::time(input, "EndTime")) else {
        return Err(Refusal::new("ValidationError", "StartTime and EndTime must be provided"));
    };
    if end <= start {
        return Err(Refusal::new("ValidationError", "The parameter StartTime must be less than the parameter EndTime."));
    }
    let all = Queries::read(members::list(input, "MetricDataQueries"))?;
    let queries =
        members::list(input, "MetricDataQueries").iter().filter(|query| members::flag(query, "ReturnData") != Some(false));
    let queries: Vec<Row<'_>> = queries.flat_map(|query| rows(cloudwatch, place, &all, query, start, end)).collect();
    let ascending = members::text(input, "ScanBy") == Some("TimestampAscending");
    let after = cursor.after;
    let rows = queries.iter().enumerate().flat_map(|(number, query)| {
        slots(start, end, query.period, ascending).filter_map(move |at| {
            let value = query.point(place, at)?;
            Some(((number, at.timestamp()), (number, at, value)))
        })
    });
    let rows = rows.filter(|((number, at), _)| {
        after.is_none_or(|after| {
            *number > after.0 || (*number == after.0 && if ascending { *at > after.1 } else { *at < after.1 })
        })
    });
    let (page, token) = cursor.take(rows);
    let last = page.last().map(|(number, ..)| *number).filter(|_| token.is_some());
    let results = queries.iter().enumerate().map(|(number, query)| {
        let points = || page.iter().filter(|(of, ..)| *of == number);
        Members::new()
            .set("Id", query.id)
            .set("Label", query.label.as_str())
            .set("Timestamps", points().map(|(_, at, _)| members::stamp(*at)).collect::<Vec<_>>())
            .set("Values", points().map(|(.., value)| *value).collect::<Vec<_>>())
            .set("StatusCode", if last.is_some_and(|last| number >= last) { "PartialData" } else { "Complete" })
            .done()
    });
    Ok(Members::new()
        .set("MetricDataResults", results.collect::<Vec<_>>())
        .maybe("NextToken", token)
        .set("Messages", json!([]))
        .done())
}

/// The series that a query gives: one, or those of an expression that comes to several.
fn rows<'a>(
    cloudwatch: &'a CloudWatch,
    place: &Place,
    all: &Queries,
    query: &'a Value,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
) -> Vec<Row<'a>> {
    let id = members::required(query, "Id");
    let period = all.period(id);
    let label = |usual: &str| members::text(query, "Label").unwrap_or(usual).to_owned();
    if let Some(asked) = query.get("MetricStat") {
        let metric = asked.get("Metric").unwrap_or(&Value::Null);
        let name = members::required(metric, "MetricName");
        let key = metrics::key(members::required(metric, "Namespace"), name, members::list(metric, "Dimensions"));
        let of = Source::Statistic(cloudwatch.metrics.get(key.as_str()), members::required(asked, "Stat"));
        return vec![Row { id, label: label(name), period, of }];
    }
    let slots: Vec<i64> = slots(start, end, period, true).take(MAX_DATAPOINTS).map(|at| at.timestamp()).collect();
    let series = all.series(cloudwatch, place, id, &slots, period);
    series.into_iter().map(|series| Row { id, label: label(id), period, of: Source::Series(series) }).collect()
}

/// The beginnings of the periods from `start` to `end`, on the period's grid.
pub(super) fn slots(
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    period: i64,
    ascending: bool,
) -> Box<dyn Iterator<Item = DateTime<Utc>>> {
    let first = start.timestamp().div_euclid(period);
    let count = (end.timestamp() - first * period + period - 1).div_euclid(period).max(0);
    let slot = move |number: i64| DateTime::from_timestamp((first + number) * period, 0);
    let before = move |at: &DateTime<Utc>| *at < end;
    if ascending {
        Box::new((0..count).filter_map(slot).filter(before))
    } else {
        Box::new((0..count).rev().filter_map(slot).filter(before))
    }
}
