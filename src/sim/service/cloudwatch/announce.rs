//! What CloudWatch says when an alarm changes its state: the event for EventBridge, and the message for a topic.
//!
//! Source: CloudWatch user guide, "Alarm events and EventBridge" and "Notify users on alarm changes".

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::alarms::arn;
use super::evaluate::offset;
use super::history::Side;
use crate::sim::estate::Place;
use crate::sim::members::{self, Members};
use crate::sim::service::events::Emitted;

/// Both sides of a change, with the times at which they were entered.
pub struct Turned<'a> {
    /// The state before.
    pub old: Side<'a>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The state now.
    pub new: Side<'a>,
}

fn told(side: &Side<'_>, at: DateTime<Utc>) -> Value {
    Members::new()
        .set("value", side.value)
        .set("reason", side.reason)
        .maybe("reasonData", side.data)
        .set("timestamp", offset(at))
        .done()
}

/// The configuration, as the event tells it.
fn configuration(config: &Value) -> Value {
    let copied = [
        ("AlarmDescription", "description"),
        ("AlarmRule", "alarmRule"),
        ("ActionsSuppressor", "actionsSuppressor"),
        ("ActionsSuppressorWaitPeriod", "actionsSuppressorWaitPeriod"),
        ("ActionsSuppressorExtensionPeriod", "actionsSuppressorExtensionPeriod"),
    ];
    let mut told = Map::new();
    for (member, name) in copied {
        if let Some(value) = config.get(member) {
            told.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(name) = members::text(config, "MetricName") {
        let statistic = members::text(config, "Statistic").or_else(|| members::text(config, "ExtendedStatistic"));
        let stat =
            metric_stat(members::required(config, "Namespace"), name, members::list(config, "Dimensions"), config, statistic);
        told.insert("metrics".to_owned(), json!([{"id": "m1", "metricStat": stat, "returnData": true}]));
    }
    let queries = members::list(config, "Metrics").iter().map(|query| {
        let stat = query.get("MetricStat").map(|stat| {
            let metric = stat.get("Metric").unwrap_or(&Value::Null);
            let (namespace, name) = (members::required(metric, "Namespace"), members::required(metric, "MetricName"));
            metric_stat(namespace, name, members::list(metric, "Dimensions"), stat, members::text(stat, "Stat"))
        });
        Members::new()
            .set("id", members::required(query, "Id"))
            .maybe("expression", members::text(query, "Expression"))
            .maybe("label", members::text(query, "Label"))
            .maybe("metricStat", stat)
            .set("returnData", members::flag(query, "ReturnData").unwrap_or(true))
            .done()
    });
    let queries: Vec<_> = queries.collect();
    if !queries.is_empty() {
        told.insert("metrics".to_owned(), queries.into());
    }
    Value::Object(told)
}

fn metric_stat(namespace: &str, name: &str, dimensions: &[Value], from: &Value, statistic: Option<&str>) -> Value {
    let pair = |of: &Value| (members::required(of, "Name").to_owned(), Value::from(members::required(of, "Value")));
    let dimensions: Map<String, Value> = dimensions.iter().map(pair).collect();
    Members::new()
        .set("metric", json!({"namespace": namespace, "name": name, "dimensions": dimensions}))
        .maybe("period", members::integer(from, "Period"))
        .maybe("stat", statistic)
        .done()
}

/// The event of a change.
pub fn event(place: &Place, name: &str, config: &Value, turned: &Turned<'_>) -> Emitted {
    let detail = json!({
        "alarmName": name, "configuration": configuration(config), "state": told(&turned.new, place.now),
        "previousState": told(&turned.old, turned.since),
    });
    Emitted::Event {
        source: "aws.cloudwatch",
        detail_type: "CloudWatch Alarm State Change",
        resources: vec![arn(place, name)],
        detail,
    }
}

/// The message that an action sends to a topic; second of the pair: when the alarm was configured.
pub fn notice(
    place: &Place,
    name: &str,
    (config, configured): (&Value, DateTime<Utc>),
    turned: &Turned<'_>,
    topic: &str,
) -> Emitted {
    let region = region_name(&place.region);
    let mut trigger = Members::new()
        .copy(
            config,
            &["MetricName", "Namespace", "Period", "EvaluationPeriods", "DatapointsToAlarm", "ComparisonOperator", "Threshold"],
        )
        .copy(config, &["TreatMissingData", "Metrics"]);
    if config.get("MetricName").is_some() {
        let lower = |of: &Value| json!({"value": members::required(of, "Value"), "name": members::required(of, "Name")});
        let statistic = members::text(config, "Statistic").map(|of| match of {
            "SampleCount" => "SAMPLE_COUNT".to_owned(),
            of => of.to_uppercase(),
        });
        trigger = trigger
            .set("StatisticType", if statistic.is_some() { "Statistic" } else { "ExtendedStatistic" })
            .maybe("Statistic", statistic)
            .copy(config, &["ExtendedStatistic"])
            .set("Dimensions", members::list(config, "Dimensions").iter().map(lower).collect::<Vec<_>>());
    }
    let message = Members::new()
        .set("AlarmName", name)
        .set("AlarmDescription", members::text(config, "AlarmDescription"))
        .set("AWSAccountId", place.account.as_str())
        .set("AlarmConfigurationUpdatedTimestamp", offset(configured))
        .set("NewStateValue", turned.new.value)
        .set("NewStateReason", turned.new.reason)
        .set("StateChangeTime", offset(place.now))
        .set("Region", region)
        .set("AlarmArn", arn(place, name))
        .set("OldStateValue", turned.old.value)
        .copy(config, &["OKActions", "AlarmActions", "InsufficientDataActions", "AlarmRule"]);
    let message = if config.get("AlarmRule").is_some() { message } else { message.set("Trigger", trigger.done()) };
    let subject = format!("{}: \"{name}\" in {region}", turned.new.value);
    Emitted::Notice { topic: topic.to_owned(), subject, message: message.done().to_string() }
}

/// The name of a Region, as notifications tell it; the id of those that are not listed here.
fn region_name(region: &str) -> &str {
    match region {
        "us-east-1" => "US East (N. Virginia)",
        "us-east-2" => "US East (Ohio)",
        "us-west-1" => "US West (N. California)",
        "us-west-2" => "US West (Oregon)",
        "eu-west-1" => "EU (Ireland)",
        "eu-west-2" => "EU (London)",
        "eu-west-3" => "EU (Paris)",
        "eu-central-1" => "EU (Frankfurt)",
        "eu-north-1" => "EU (Stockholm)",
        "ap-northeast-1" => "Asia Pacific (Tokyo)",
        "ap-southeast-1" => "Asia Pacific (Singapore)",
        "ap-southeast-2" => "Asia Pacific (Sydney)",
        other => other,
    }
}
