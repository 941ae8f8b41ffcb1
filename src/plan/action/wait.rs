//! `wait`: for a while, until a time, until an alarm is in a state.

use std::time::Duration;

use chrono::{DateTime, NaiveTime, Utc};

use crate::document::{Table, did_you_mean};
use crate::plan::Template;
use crate::plan::steps::Context;

/// The parameters of `wait`.
#[derive(Debug, Clone, PartialEq)]
pub enum Wait {
    /// For so long since the step began.
    For(Duration),
    /// Until a time: RFC 3339, or `HH:MM` in UTC, which is the next such time after the step began.
    Until(Template),
    /// Until an alarm of the step's site is in this state.
    Alarm {
        /// Its name.
        alarm: String,
        /// `OK`, `ALARM`, `INSUFFICIENT_DATA`.
        is: String,
    },
}

const STATES: [&str; 3] = ["OK", "ALARM", "INSUFFICIENT_DATA"];

impl Wait {
    pub(in crate::plan) fn read(with: &Table<'_>, context: &Context<'_>) -> Option<Self> {
        if ["for", "until", "alarm"].iter().filter(|key| with.has(key)).count() != 1 {
            let hint = Some("for = \"10m\", until = \"06:00\", or alarm = \"NAME\"".to_owned());
            with.fault_at(
                with.own_span(),
                "a wait is `for` a while, `until` a time or until an `alarm`: give one of the three",
                hint,
            );
            return None;
        }
        if with.has("for") {
            return with.duration("for").map(Self::For);
        }
        if with.has("until") {
            let until = context.required_template(with, "until")?;
            if let Some(text) = context.known_value(&until)
                && Self::time(&text, DateTime::UNIX_EPOCH).is_none()
            {
                with.fault(
                    "until",
                    format!("{text:?} is no time"),
                    Some("\"06:00\" in UTC, or \"2026-03-14T06:00:00Z\"".to_owned()),
                );
            }
            return Some(Self::Until(until));
        }
        let is = if with.has("is") { with.one_of("is", &STATES) } else { Some("OK") };
        let alarm = with.required_text("alarm")?;
        let site = context.site?;
        let listed: Vec<&str> =
            context.setting.alarms.iter().filter(|known| known.site == site.name).map(|known| known.name.as_str()).collect();
        if !listed.contains(&alarm.as_str()) {
            let hint = did_you_mean(&alarm, listed).unwrap_or_else(|| format!("add \"{}/{alarm}\" there", site.name));
            with.fault("alarm", format!("`signals.alarms` lists no alarm {alarm:?} of site `{}`", site.name), Some(hint));
        }
        Some(Self::Alarm { alarm, is: is?.to_owned() })
    }

    /// The time that a text names, for a wait that began at `since`. `None`: it names none.
    pub fn time(text: &str, since: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if let Ok(at) = text.parse() {
            return Some(at);
        }
        let time = NaiveTime::parse_from_str(text, "%H:%M").ok()?;
        let today = since.date_naive().and_time(time).and_utc();
        Some(if today > since { today } else { today + chrono::TimeDelta::days(1) })
    }
}
