//! A message on its way from a topic to its subscriptions.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::topics::Subscription;
use crate::sim::members::{self, Members, stamp};
use crate::sim::service::api;
use crate::sim::service::sqs::{self, Outgoing};
use crate::sim::world::World;

/// What is published.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Notice {
    /// Subject.
    pub subject: Option<String>,
    /// The message; with `structure`, JSON with one text a protocol.
    pub message: String,
    /// Is MessageStructure `json`?
    pub structured: bool,
    /// AWS's MessageAttributes.
    pub attributes: Map<String, Value>,
    /// MessageGroupId.
    pub group: Option<String>,
    /// MessageDeduplicationId.
    pub dedup: Option<String>,
}

impl Notice {
    /// The text that a protocol gets.
    fn text(&self, protocol: &str) -> String {
        if !self.structured {
            return self.message.clone();
        }
        let texts: Value = serde_json::from_str(&self.message).unwrap_or_default();
        members::text(&texts, protocol).or_else(|| members::text(&texts, "default")).unwrap_or_default().to_owned()
    }
}

/// Publishes to a topic and gives the message's id and, of a FIFO topic, its sequence number; `None` where there is no such topic.
pub fn notify(world: &mut World, topic: &str, notice: &Notice) -> Option<(String, Option<String>)> {
    let parts: Vec<&str> = topic.split(':').collect();
    let ["arn", _, "sns", region, account, _] = parts.as_slice() else { return None };
    let (region, account) = ((*region).to_owned(), (*account).to_owned());
    let id = world.ids.uuid();
    let sns = &mut world.estate.sites.get_mut(&(account, region.clone()))?.sns;
    let found = sns.topics.get_mut(topic)?;
    found.published += 1;
    let sequence = topic.ends_with(".fifo").then(|| format!("{:020}", 10_000_000_000_000_000_000_u64 + found.published));
    let wanted = |subscription: &Subscription| {
        subscription.topic == topic
            && subscription.pending.is_none()
            && matches!(subscription.protocol.as_str(), "sqs" | "lambda")
            && subscription.wants(&notice.text(&subscription.protocol), &notice.attributes)
    };
    let subscriptions = sns.subscriptions.iter().filter(|(_, subscription)| wanted(subscription));
    let subscriptions: Vec<_> = subscriptions.map(|(arn, subscription)| (arn.clone(), subscription.clone())).collect();
    for (arn, subscription) in subscriptions {
        let text = notice.text(&subscription.protocol);
        if subscription.protocol == "lambda" {
            let message = envelope(world, topic, &arn, &region, &id, sequence.as_deref(), notice, &text);
            invoke(world, &arn, &subscription.endpoint, &message);
            continue;
        }
        let raw = subscription.is("RawMessageDelivery");
        let outgoing = Outgoing {
            body: if raw { text } else { envelope(world, topic, &arn, &region, &id, sequence.as_deref(), notice, &text) },
            attributes: if raw { notice.attributes.clone() } else { Map::new() },
            group: notice.group.clone(),
            dedup: notice.dedup.clone(),
            sender: "AIDAISDWL4MVEXAMPLESNS".to_owned(),
            ..Outgoing::default()
        };
        // A queue that is gone loses the message, as it does without a dead-letter queue.
        sqs::deliver(world, &subscription.endpoint, outgoing);
    }
    Some((id, sequence))
}

/// Sends a queue of another account the token by which its owner confirms the subscription.
pub fn ask_to_confirm(world: &mut World, topic: &str, queue: &str, token: &str) {
    let host = format!("https://sns.{}.amazonaws.com", topic.split(':').nth(3).unwrap_or_default());
    let message = format!(
        "You have chosen to subscribe to the topic {topic}.\nTo confirm the subscription, visit the SubscribeURL included in this message."
    );
    let body = json!({
        "Type": "SubscriptionConfirmation", "MessageId": world.ids.uuid(), "Token": token, "TopicArn": topic, "Message": message,
        "SubscribeURL": format!("{host}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}"),
        "Timestamp": stamp(world.now()), "SignatureVersion": "1", "Signature": "c2ltdWxhdGVk",
        "SigningCertURL": format!("{host}/SimpleNotificationService-simulated.pem"),
    });
    let outgoing = Outgoing { body: body.to_string(), sender: "AIDAISDWL4MVEXAMPLESNS".to_owned(), ..Outgoing::default() };
    // A queue that is not there is not told.
    sqs::deliver(world, queue, outgoing);
}

/// Hands a message to a function, in the form of Lambda's events from SNS.
fn invoke(world: &mut World, subscription: &str, function: &str, message: &str) {
    let mut sns: Value = serde_json::from_str(message).unwrap_or_default();
    for (plain, told) in [("SigningCertURL", "SigningCertUrl"), ("UnsubscribeURL", "UnsubscribeUrl")] {
        sns[told] = sns[plain].take();
    }
    if let Some(members) = sns.as_object_mut() {
        members.retain(|name, _| !name.ends_with("URL"));
        members.entry("MessageAttributes").or_insert_with(|| json!({}));
        members.entry("Subject").or_insert(Value::Null);
    }
    let event =
        json!({"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscription, "Sns": sns}]});
    let parts: Vec<&str> = function.split(':').collect();
    let (Some(region), Some(account)) = (parts.get(3), parts.get(4)) else { return };
    let asked = json!({"FunctionName": function, "InvocationType": "Event", "Payload": STANDARD.encode(event.to_string())});
    // A function that is gone loses the message, as it does without a dead-letter queue.
    let _ = api::call(world, api::caller("sns", account, region), "lambda", "Invoke", &asked);
}

/// The JSON in which a message comes that is not delivered raw.
#[expect(clippy::too_many_arguments, reason = "each is one member of the envelope")]
fn envelope(
    world: &World,
    topic: &str,
    subscription: &str,
    region: &str,
    id: &str,
    sequence: Option<&str>,
    notice: &Notice,
    text: &str,
) -> String {
    let attributes: Map<String, Value> = notice
        .attributes
        .iter()
        .map(|(name, value)| {
            let told = members::text(value, "StringValue").or_else(|| members::text(value, "BinaryValue"));
            (name.clone(), json!({"Type": members::required(value, "DataType"), "Value": told}))
        })
        .collect();
    let host = format!("https://sns.{region}.amazonaws.com");
    Members::new()
        .set("Type", "Notification")
        .set("MessageId", id)
        .maybe("SequenceNumber", sequence)
        .set("TopicArn", topic)
        .maybe("Subject", notice.subject.clone())
        .set("Message", text)
        .set("Timestamp", stamp(world.now()))
        .set("SignatureVersion", "1")
        .set("Signature", "c2ltdWxhdGVk")
        .set("SigningCertURL", format!("{host}/SimpleNotificationService-simulated.pem"))
        .set("UnsubscribeURL", format!("{host}/?Action=Unsubscribe&SubscriptionArn={subscription}"))
        .maybe("MessageAttributes", (!attributes.is_empty()).then_some(attributes))
        .done()
        .to_string()
}
