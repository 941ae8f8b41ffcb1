//! Calls that a scenario makes: what its people set up before the start, and what they, or a bad deployment, do in an inject.
//!
//! They go the way of any call, so what exists is what AWS would let exist. Nothing stands between them and the operation: no fault, no
//! wire.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call::{Call, Caller};
use super::{scenario, seed};

/// The place of the number in the texts of an input.
pub const NUMBER: &str = "{n}";
/// The place of the moment in the texts of an input, as RFC 3339.
pub const MOMENT: &str = "{at}";

/// One call, or the same with each of some numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// Whose: twelve digits.
    pub account: String,
    /// Where.
    pub region: String,
    /// The signing name.
    pub service: String,
    /// AWS's name of the operation.
    pub operation: String,
    /// Its input.
    pub input: Value,
    /// The first and the last number that `{n}` in its texts stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers: Option<(u32, u32)>,
}

/// A call before the start.
#[derive(Debug, Clone, PartialEq)]
pub struct SetUp {
    /// How long before the start.
    pub ago: TimeDelta,
    /// How long between two calls that differ in their number.
    pub every: TimeDelta,
    /// Which.
    pub made: Made,
    /// Where it stands in the scenario's file, in bytes; `None` if it is from another one.
    pub stands: Option<Range<usize>>,
}

/// A call of a scenario that was refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// When.
    pub at: DateTime<Utc>,
    /// Which operation, and why.
    pub told: String,
    /// Where a call that sets up stands in the scenario's file.
    pub stands: Option<Range<usize>>,
}

impl Made {
    /// How many calls it is.
    pub fn count(&self) -> u32 {
        self.numbers.map_or(1, |(first, last)| last.saturating_sub(first).saturating_add(1))
    }

    /// The call with the number at this place, from 0.
    pub fn call(&self, nth: u32, at: DateTime<Utc>) -> Call {
        let name = format!("{} {}", self.account, self.region);
        Call {
            caller: Caller {
                account: self.account.clone(),
                region: self.region.clone(),
                arn: format!("arn:aws:iam::{}:user/scenario", self.account),
                user_id: format!("AIDA{:016X}", seed::hash(0, &name)),
            },
            service: scenario::service(&self.service),
            operation: self.operation.clone(),
            input: filled(&self.input, self.numbers.map(|(first, _)| first.saturating_add(nth)), at),
            at,
        }
    }
}

impl SetUp {
    /// Its calls with their moments, in the order of their numbers: the first is the oldest.
    pub fn calls(&self, start: DateTime<Utc>) -> impl Iterator<Item = Call> {
        (0..self.made.count()).map(move |nth| {
            let later = i32::try_from(nth).ok().and_then(|nth| self.every.checked_mul(nth)).unwrap_or_default();
            self.made.call(nth, start - (self.ago - later).max(TimeDelta::zero()))
        })
    }
}

fn filled(value: &Value, number: Option<u32>, at: DateTime<Utc>) -> Value {
    match value {
        Value::String(text) => {
            let text = text.replace(MOMENT, &at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
            number.map_or_else(|| text.clone(), |number| text.replace(NUMBER, &number.to_string())).into()
        }
        Value::Array(items) => items.iter().map(|item| filled(item, number, at)).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), filled(value, number, at))).collect(),
        other => other.clone(),
    }
}
