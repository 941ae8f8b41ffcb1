//! Messages: what is sent, its digests, and who may see it when.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use md5::{Digest, Md5};
use serde_json::{Map, Value};

use crate::sim::members::{self, Members};

/// One message in a queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// MessageId.
    pub id: String,
    /// Its text.
    pub body: String,
    /// AWS's MessageAttributes.
    pub attributes: Map<String, Value>,
    /// AWS's MessageSystemAttributes that its sender gave.
    pub system: Map<String, Value>,
    /// MessageGroupId.
    pub group: Option<String>,
    /// MessageDeduplicationId.
    pub dedup: Option<String>,
    /// SequenceNumber, in a FIFO queue.
    pub sequence: Option<String>,
    /// The unique id of who sent it.
    pub sender: String,
    /// SentTimestamp.
    pub sent: DateTime<Utc>,
    /// From when on it can be received.
    pub visible: DateTime<Utc>,
    /// ApproximateFirstReceiveTimestamp.
    pub first_received: Option<DateTime<Utc>>,
    /// ApproximateReceiveCount.
    pub received: u32,
    /// The queue it was moved from when nobody could handle it.
    pub dead_from: Option<String>,
}

/// The MD5 digest of a text, in hexadecimal: SQS tells it so that clients notice a body that was changed on its way.
pub fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest of message attributes; `None` without any.
///
/// Source: SQS developer guide, "Calculating the MD5 message digest for message attributes".
pub fn md5_of(attributes: &Map<String, Value>) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut names: Vec<&String> = attributes.keys().collect();
    names.sort();
    let mut bytes = Vec::new();
    let put = |bytes: &mut Vec<u8>, part: &[u8]| {
        bytes.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend(part);
    };
    for name in names {
        let attribute = &attributes[name];
        put(&mut bytes, name.as_bytes());
        put(&mut bytes, members::required(attribute, "DataType").as_bytes());
        let (kind, value) = match members::text(attribute, "BinaryValue") {
            Some(binary) => (2, STANDARD.decode(binary).unwrap_or_default()),
            None => (1, members::required(attribute, "StringValue").as_bytes().to_vec()),
        };
        bytes.push(kind);
        put(&mut bytes, &value);
    }
    Some(md5(&bytes))
}

/// Does a list of names, as ReceiveMessage takes it, ask for `name`?
fn asked(names: &[&str], name: &str) -> bool {
    names.iter().any(|asked| {
        let prefix = asked.strip_suffix(".*");
        matches!(*asked, "All" | ".*") || *asked == name || prefix.is_some_and(|prefix| name.starts_with(prefix))
    })
}

impl Message {
    /// As ReceiveMessage answers it.
    pub fn answer(&self, receipt: &str, input: &Value) -> Value {
        let mut system = members::texts(input, "AttributeNames");
        system.extend(members::texts(input, "MessageSystemAttributeNames"));
        let millis = |at: DateTime<Utc>| at.timestamp_millis().to_string();
        let all = [
            ("SenderId", Some(self.sender.clone())),
            ("SentTimestamp", Some(millis(self.sent))),
            ("ApproximateReceiveCount", Some(self.received.to_string())),
            ("ApproximateFirstReceiveTimestamp", self.first_received.map(millis)),
            ("SequenceNumber", self.sequence.clone()),
            ("MessageDeduplicationId", self.dedup.clone()),
            ("MessageGroupId", self.group.clone()),
            ("DeadLetterQueueSourceArn", self.dead_from.clone()),
            (
                "AWSTraceHeader",
                self.system.get("AWSTraceHeader").and_then(|of| members::text(of, "StringValue")).map(str::to_owned),
            ),
        ];
        let told: Map<String, Value> = all
            .into_iter()
            .filter(|(name, _)| asked(&system, name))
            .filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?))))
            .collect();
        let wanted = members::texts(input, "MessageAttributeNames");
        let attributes = self.attributes.iter().filter(|(name, _)| asked(&wanted, name));
        let attributes: Map<String, Value> = attributes.map(|(name, value)| (name.clone(), value.clone())).collect();
        Members::new()
            .set("MessageId", self.id.as_str())
            .set("ReceiptHandle", receipt)
            .set("MD5OfBody", md5(self.body.as_bytes()))
            .set("Body", self.body.as_str())
            .maybe("Attributes", (!told.is_empty()).then_some(told))
            .maybe("MD5OfMessageAttributes", md5_of(&attributes))
            .maybe("MessageAttributes", (!attributes.is_empty()).then_some(attributes))
            .done()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn digests_are_those_that_clients_check() {
        assert_eq!(md5(b"hello"), "5d41402abc4b2a76b9719d911017c592");
        let attributes = json!({"timestamp": {"DataType": "Number", "StringValue": "1493147359900"}});
        assert_eq!(md5_of(attributes.as_object().unwrap()).unwrap(), "235c5c510d26fb653d073faed50ae77c");
        assert_eq!(md5_of(&Map::new()), None);
    }

    #[test]
    fn attributes_are_asked_for_by_name_prefix_or_all_of_them() {
        assert!(asked(&["All"], "x") && asked(&[".*"], "x") && asked(&["foo.*"], "foobar") && asked(&["a", "b"], "b"));
        assert!(!asked(&["foo"], "foobar") && !asked(&[], "x"));
    }
}
