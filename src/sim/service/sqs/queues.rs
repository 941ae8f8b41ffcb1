//! Queues: their attributes, and how messages go in and come out.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::messages::Message;
use crate::sim::members;
use crate::sim::world::World;

/// How long a FIFO queue remembers a deduplication id.
const DEDUP: TimeDelta = TimeDelta::minutes(5);

/// The attributes that every queue has, with their defaults.
pub const DEFAULTS: [(&str, &str); 6] = [
    ("DelaySeconds", "0"),
    ("MaximumMessageSize", "1048576"),
    ("MessageRetentionPeriod", "345600"),
    ("ReceiveMessageWaitTimeSeconds", "0"),
    ("VisibilityTimeout", "30"),
    ("SqsManagedSseEnabled", "true"),
];

/// SQS's state in one account and Region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sqs {
    /// By name.
    pub queues: BTreeMap<String, Queue>,
}

/// A queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The attributes that were set.
    pub attributes: BTreeMap<String, String>,
    /// Its tags.
    pub tags: Map<String, Value>,
    /// CreatedTimestamp.
    pub created: DateTime<Utc>,
    /// LastModifiedTimestamp.
    pub modified: DateTime<Utc>,
    /// When it was last purged.
    pub purged: Option<DateTime<Utc>>,
    messages: BTreeMap<u64, Message>,
    sent: u64,
    dedup: BTreeMap<String, (DateTime<Utc>, String, String)>,
}

/// What is to be put into a queue.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    /// The text.
    pub body: String,
    /// AWS's MessageAttributes.
    pub attributes: Map<String, Value>,
    /// AWS's MessageSystemAttributes.
    pub system: Map<String, Value>,
    /// MessageGroupId.
    pub group: Option<String>,
    /// MessageDeduplicationId.
    pub dedup: Option<String>,
    /// DelaySeconds; the queue's own if it is not said.
    pub delay: Option<i64>,
    /// The unique id of who sends.
    pub sender: String,
}

impl Queue {
    /// An empty queue.
    pub fn new(name: &str, arn: String, attributes: BTreeMap<String, String>, now: DateTime<Utc>) -> Self {
        Self {
            name: name.to_owned(),
            arn,
            attributes,
            tags: Map::new(),
            created: now,
            modified: now,
            purged: None,
            messages: BTreeMap::new(),
            sent: 0,
            dedup: BTreeMap::new(),
        }
    }

    /// An attribute that was set, or its default.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let default = || DEFAULTS.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        self.attributes.get(name).map(String::as_str).or_else(default)
    }

    /// An attribute that is a number.
    pub fn number(&self, name: &str) -> i64 {
        self.attribute(name).and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// Does it keep order and deliver once?
    pub fn is_fifo(&self) -> bool {
        self.attribute("FifoQueue") == Some("true")
    }

    /// Puts a message in and gives its id and, in a FIFO queue, its sequence number.
    pub fn send(&mut self, outgoing: Outgoing, id: String, now: DateTime<Utc>) -> (String, Option<String>) {
        let fifo = self.is_fifo();
        let dedup = outgoing.dedup.or_else(|| {
            let by_content = fifo && self.attribute("ContentBasedDeduplication") == Some("true");
            by_content.then(|| sha256(&outgoing.body))
        });
        if let Some(dedup) = dedup.as_ref().filter(|_| fifo) {
            self.dedup.retain(|_, (at, ..)| *at + DEDUP > now);
            if let Some((_, id, sequence)) = self.dedup.get(dedup) {
                return (id.clone(), Some(sequence.clone()));
            }
        }
        self.sent += 1;
        let sequence = fifo.then(|| format!("{:020}", u128::from(self.sent) * 256 + 18_850_000_000_000_000_000_u128));
        if let (Some(dedup), Some(sequence)) = (&dedup, &sequence) {
            self.dedup.insert(dedup.clone(), (now, id.clone(), sequence.clone()));
        }
        let delay = outgoing.delay.filter(|_| !fifo).unwrap_or_else(|| self.number("DelaySeconds"));
        let message = Message {
            id: id.clone(),
            body: outgoing.body,
            attributes: outgoing.attributes,
            system: outgoing.system,
            group: outgoing.group,
            dedup: dedup.filter(|_| fifo),
            sequence: sequence.clone(),
            sender: outgoing.sender,
            sent: now,
            visible: now + TimeDelta::seconds(delay),
            first_received: None,
            received: 0,
            dead_from: None,
        };
        self.messages.insert(self.sent, message);
        (id, sequence)
    }

    /// Puts in a message that another queue could not get rid of.
    fn bury(&mut self, mut message: Message, from: &str, now: DateTime<Utc>) {
        self.sent += 1;
        message.dead_from = Some(from.to_owned());
        message.visible = now;
        self.messages.insert(self.sent, message);
    }

    fn expire(&mut self, now: DateTime<Utc>) {
        let kept = TimeDelta::seconds(self.number("MessageRetentionPeriod"));
        self.messages.retain(|_, message| message.sent + kept > now);
    }

    /// The places of the messages that can be received now, in order; of a FIFO group none while one is in flight.
    fn ready(&self, now: DateTime<Utc>) -> Vec<u64> {
        let kept = TimeDelta::seconds(self.number("MessageRetentionPeriod"));
        let fifo = self.is_fifo();
        let mut blocked = Vec::new();
        let mut ready = Vec::new();
        for (at, message) in self.messages.iter().filter(|(_, message)| message.sent + kept > now) {
            let group = message.group.as_deref().filter(|_| fifo);
            if group.is_some_and(|group| blocked.contains(&group)) {
                continue;
            }
            if message.visible <= now {
                ready.push(*at);
            } else if let Some(group) = group {
                blocked.push(group);
            }
        }
        ready
    }

    /// Is there anything to receive now?
    pub fn has_ready(&self, now: DateTime<Utc>) -> bool {
        !self.ready(now).is_empty()
    }

    /// How many messages are to be received, in flight, and delayed.
    pub fn counts(&self, now: DateTime<Utc>) -> [usize; 3] {
        let kept = TimeDelta::seconds(self.number("MessageRetentionPeriod"));
        let mut counts = [0; 3];
        for message in self.messages.values().filter(|message| message.sent + kept > now) {
            let which = match (message.visible <= now, message.received) {
                (true, _) => 0,
                (false, 1..) => 1,
                (false, 0) => 2,
            };
            counts[which] += 1;
        }
        counts
    }

    /// Throws everything away.
    pub fn purge(&mut self, now: DateTime<Utc>) {
        self.messages.clear();
        self.purged = Some(now);
    }

    /// The place that a receipt handle of this queue stands for; `None` for one that is not of it.
    pub fn place(&self, receipt: &str) -> Option<u64> {
        let text = String::from_utf8(STANDARD.decode(receipt).ok()?).ok()?;
        let (place, queue) = text.split_once(' ')?;
        let (queue, _) = queue.split_once(' ')?;
        place.parse().ok().filter(|_| queue == self.arn)
    }

    /// Deletes what stands at a place.
    pub fn delete(&mut self, place: u64) {
        self.messages.remove(&place);
    }

    /// Hides or shows the message at a place; `None` if it is not in flight.
    pub fn hide(&mut self, place: u64, seconds: i64, now: DateTime<Utc>) -> Option<()> {
        let message = self.messages.get_mut(&place).filter(|message| message.received > 0 && message.visible > now)?;
        message.visible = now + TimeDelta::seconds(seconds);
        Some(())
    }

    fn redrive(&self) -> Option<(String, u32)> {
        let policy: Value = serde_json::from_str(self.attributes.get("RedrivePolicy")?).ok()?;
        let most = members::integer(&policy, "maxReceiveCount")?;
        Some((members::text(&policy, "deadLetterTargetArn")?.to_owned(), u32::try_from(most).ok()?))
    }
}

impl Sqs {
    /// Receives up to `most` messages of a queue, hides them, and moves what was received too often to its dead-letter queue.
    pub fn receive(&mut self, name: &str, most: usize, hide: i64, now: DateTime<Utc>, input: &Value) -> Vec<Value> {
        let redrive = self.queues.get(name).and_then(Queue::redrive);
        // Without the queue for them, dead letters go on being received.
        let redrive = redrive.filter(|(target, _)| self.queues.contains_key(last(target)));
        let Some(queue) = self.queues.get_mut(name) else { return Vec::new() };
        queue.expire(now);
        let (mut told, mut dead) = (Vec::new(), Vec::new());
        for at in queue.ready(now) {
            if told.len() == most {
                break;
            }
            let Some(message) = queue.messages.get_mut(&at) else { continue };
            if redrive.as_ref().is_some_and(|(_, most)| message.received >= *most) {
                dead.extend(queue.messages.remove(&at));
                continue;
            }
            message.received += 1;
            message.first_received.get_or_insert(now);
            message.visible = now + TimeDelta::seconds(hide);
            let receipt = STANDARD.encode(format!("{at} {} {} {}", queue.arn, message.received, message.id));
            told.push(message.answer(&receipt, input));
        }
        let from = queue.arn.clone();
        if let Some((target, _)) = redrive
            && let Some(target) = self.queues.get_mut(last(&target))
        {
            dead.into_iter().for_each(|message| target.bury(message, &from, now));
        }
        told
    }
}

fn last(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Puts a message into the queue with this ARN, wherever it is; false if there is none.
pub fn deliver(world: &mut World, arn: &str, outgoing: Outgoing) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", _, "sqs", region, account, name] = parts.as_slice() else { return false };
    let (id, now) = (world.ids.uuid(), world.now());
    let site = world.estate.sites.get_mut(&((*account).to_owned(), (*region).to_owned()));
    let Some(queue) = site.and_then(|site| site.sqs.queues.get_mut(*name)) else { return false };
    queue.send(outgoing, id, now);
    true
}
