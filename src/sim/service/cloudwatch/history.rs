//! The history of alarms: what DescribeAlarmHistory tells, in the order in which it happened.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::evaluate::offset;
use crate::sim::members::Members;

/// How long CloudWatch remembers.
const KEPT_DAYS: i64 = 30;

/// One item.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The alarm's name; it may be gone by now.
    pub alarm: String,
    /// MetricAlarm or CompositeAlarm.
    pub alarm_type: &'static str,
    /// StateUpdate, ConfigurationUpdate or Action.
    pub kind: &'static str,
    summary: String,
    data: Value,
}

/// When an item happened, and which of those at that moment it is.
pub type Moment = (DateTime<Utc>, u64);

/// The items of one account and Region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    items: BTreeMap<Moment, Item>,
    added: u64,
}

/// One side of a transition.
#[derive(Clone)]
pub struct Side<'a> {
    /// The state's name.
    pub value: &'a str,
    /// StateReason.
    pub reason: &'a str,
    /// StateReasonData, JSON in a string.
    pub data: Option<&'a str>,
}

impl Side<'_> {
    fn told(&self) -> Value {
        let data = self.data.and_then(|data| serde_json::from_str::<Value>(data).ok());
        Members::new().set("stateValue", self.value).set("stateReason", self.reason).maybe("stateReasonData", data).done()
    }
}

impl History {
    fn add(&mut self, at: DateTime<Utc>, item: Item) {
        self.added += 1;
        self.items.insert((at, self.added), item);
    }

    /// The alarm went from one state to another.
    pub fn state(&mut self, at: DateTime<Utc>, alarm: &str, alarm_type: &'static str, old: &Side<'_>, new: &Side<'_>) {
        let summary = format!("Alarm updated from {} to {}", old.value, new.value);
        let data = json!({"version": "1.0", "oldState": old.told(), "newState": new.told()});
        self.add(at, Item { alarm: alarm.to_owned(), alarm_type, kind: "StateUpdate", summary, data });
    }

    /// The alarm was made or changed.
    pub fn configured(&mut self, at: DateTime<Utc>, alarm: &str, alarm_type: &'static str, config: &Value, new: bool) {
        let (done, kind, member) =
            if new { ("created", "Create", "createdAlarm") } else { ("updated", "Update", "updatedAlarm") };
        let data = json!({"version": "1.0", "type": kind, member: config});
        let summary = format!("Alarm \"{alarm}\" {done}");
        self.add(at, Item { alarm: alarm.to_owned(), alarm_type, kind: "ConfigurationUpdate", summary, data });
    }

    /// The alarm was deleted.
    pub fn deleted(&mut self, at: DateTime<Utc>, alarm: &str, alarm_type: &'static str, config: &Value) {
        let data = json!({"version": "1.0", "type": "Delete", "deletedAlarm": config});
        let summary = format!("Alarm \"{alarm}\" deleted");
        self.add(at, Item { alarm: alarm.to_owned(), alarm_type, kind: "ConfigurationUpdate", summary, data });
    }

    /// An action of the alarm was carried out.
    pub fn acted(&mut self, at: DateTime<Utc>, alarm: &str, alarm_type: &'static str, action: &str) {
        let summary = format!("Successfully executed action {action}");
        let data = json!({
            "actionState": "Succeeded", "notificationResource": action, "publishedMessage": null, "error": null,
            "stateUpdateTimestamp": at.timestamp_millis(), "date": offset(at),
        });
        self.add(at, Item { alarm: alarm.to_owned(), alarm_type, kind: "Action", summary, data });
    }

    /// What is still remembered at `now`, oldest first.
    pub fn since(&self, now: DateTime<Utc>) -> impl DoubleEndedIterator<Item = (&Moment, &Item)> {
        self.items.range((now - TimeDelta::days(KEPT_DAYS), 0)..)
    }
}

impl Item {
    /// As DescribeAlarmHistory answers it.
    pub fn answer(&self, at: DateTime<Utc>) -> Value {
        Members::new()
            .set("AlarmName", self.alarm.as_str())
            .set("AlarmType", self.alarm_type)
            .time("Timestamp", at)
            .set("HistoryItemType", self.kind)
            .set("HistorySummary", self.summary.as_str())
            .set("HistoryData", self.data.to_string())
            .done()
    }
}
