//! Topics and subscriptions.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::pattern::Pattern;

/// SNS's state in one account and Region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sns {
    /// By ARN.
    pub topics: BTreeMap<String, Topic>,
    /// By ARN.
    pub subscriptions: BTreeMap<String, Subscription>,
}

/// A topic.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Topic {
    /// The attributes that were set.
    pub attributes: BTreeMap<String, String>,
    /// Key to value.
    pub tags: BTreeMap<String, String>,
    /// How many of its subscriptions were deleted.
    pub deleted: usize,
    /// How many messages were published, for sequence numbers.
    pub published: u64,
}

/// A subscription.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Subscription {
    /// The topic's ARN.
    pub topic: String,
    /// `sqs`, `email`, `https`…
    pub protocol: String,
    /// Where messages go.
    pub endpoint: String,
    /// The account.
    pub owner: String,
    /// The principal that subscribed.
    pub principal: String,
    /// The attributes that were set.
    pub attributes: BTreeMap<String, String>,
    /// The token that confirms it; `None`: it is confirmed.
    pub pending: Option<String>,
}

impl Subscription {
    /// Is an attribute `true`?
    pub fn is(&self, attribute: &str) -> bool {
        self.attributes.get(attribute).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Does its filter policy let a message through?
    pub fn wants(&self, body: &str, attributes: &Map<String, Value>) -> bool {
        let Some(policy) = self.attributes.get("FilterPolicy").filter(|policy| !policy.is_empty()) else { return true };
        let Ok(pattern) = Pattern::parse(policy) else { return false };
        if self.attributes.get("FilterPolicyScope").is_some_and(|scope| scope == "MessageBody") {
            return serde_json::from_str(body).is_ok_and(|body| pattern.matches(&body));
        }
        let plain = attributes.iter().map(|(name, value)| (name.clone(), plain(value)));
        pattern.matches(&Value::Object(plain.collect()))
    }
}

/// The value of a message attribute, as filter policies see it.
fn plain(attribute: &Value) -> Value {
    let text = attribute.get("StringValue").and_then(Value::as_str).unwrap_or_default();
    match attribute.get("DataType").and_then(Value::as_str) {
        Some("Number" | "String.Array") => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        _ => json!(text),
    }
}
