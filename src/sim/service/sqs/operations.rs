//! SQS's operations.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::messages::{md5, md5_of};
use super::queues::{DEFAULTS, Outgoing, Queue};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::page::Paging;
use crate::sim::service::coverage::{Operation, changes, reads};
use crate::sim::world::World;

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    changes("ChangeMessageVisibility", ""),
    changes("ChangeMessageVisibilityBatch", ""),
    changes("CreateQueue", "a name can be used again at once, not after a minute"),
    changes("DeleteMessage", ""),
    changes("DeleteMessageBatch", ""),
    changes("DeleteQueue", ""),
    reads("GetQueueAttributes", ""),
    reads("GetQueueUrl", ""),
    reads("ListDeadLetterSourceQueues", ""),
    reads("ListQueues", ""),
    reads("ListQueueTags", ""),
    changes("PurgeQueue", "at once, not within a minute"),
    changes("ReceiveMessage", "long polling on the world's clock; ReceiveRequestAttemptId is passed over"),
    changes("SendMessage", "FIFO queues keep order by group and deduplicate for five minutes"),
    changes("SendMessageBatch", ""),
    changes("SetQueueAttributes", "at once; policies and keys are kept, not enforced"),
    changes("TagQueue", ""),
    changes("UntagQueue", ""),
];

const PAGING: Paging = Paging {
    token: "NextToken",
    size: "MaxResults",
    default: 1000,
    max: 1000,
    code: "InvalidParameterValue",
    message: "Value for parameter NextToken is invalid. Reason: Invalid or expired next token.",
};

/// How long SQS waits between two purges of a queue.
const PURGE_REST: TimeDelta = TimeDelta::seconds(60);
/// The most tags that a queue has.
const TAGS_LIMIT: usize = 50;
/// The most messages that a batch has.
const BATCH: usize = 10;

/// Answers one call to SQS.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    match call.operation.as_str() {
        "CreateQueue" => create(world, call),
        "GetQueueUrl" => {
            let name = members::required(input, "QueueName");
            world.site(&call.caller).and_then(|site| site.sqs.queues.get(name)).ok_or_else(not_there)?;
            Ok(json!({"QueueUrl": url(call, name)}))
        }
        "ListQueues" => list(world, call, "QueueUrls", |queue, input| {
            members::text(input, "QueueNamePrefix").is_none_or(|prefix| queue.name.starts_with(prefix))
        }),
        "ListDeadLetterSourceQueues" => {
            let arn = queue(world, call)?.arn.clone();
            list(world, call, "queueUrls", move |queue, _| {
                let policy = queue.attributes.get("RedrivePolicy").and_then(|policy| serde_json::from_str::<Value>(policy).ok());
                policy.is_some_and(|policy| members::text(&policy, "deadLetterTargetArn") == Some(&arn))
            })
        }
        "GetQueueAttributes" => attributes(queue(world, call)?, world.now(), input),
        "ListQueueTags" => {
            let tags = &queue(world, call)?.tags;
            Ok(Members::new().maybe("Tags", (!tags.is_empty()).then(|| tags.clone())).done())
        }
        "DeleteQueue" => {
            let name = queue(world, call)?.name.clone();
            world.site_mut(&call.caller).sqs.queues.remove(&name);
            Ok(json!({}))
        }
        "ReceiveMessage" => receive(world, call),
        "SendMessage" => {
            let name = queue(world, call)?.name.clone();
            send(world, call, &name, input)
        }
        "SendMessageBatch" => {
            check_batch(call)?;
            let size: usize = members::list(input, "Entries").iter().map(weight).sum();
            let most = usize::try_from(queue(world, call)?.number("MaximumMessageSize")).unwrap_or(usize::MAX);
            if size > most {
                let message = format!("Batch requests cannot be longer than {most} bytes. You have sent {size} bytes.");
                return Err(Refusal::new("BatchRequestTooLong", message));
            }
            batch(world, call, |world, name, entry| send(world, call, name, entry))
        }
        "DeleteMessageBatch" | "ChangeMessageVisibilityBatch" => {
            check_batch(call)?;
            batch(world, call, |world, name, entry| handle(world, call, name, entry))
        }
        "DeleteMessage" | "ChangeMessageVisibility" => {
            let name = queue(world, call)?.name.clone();
            handle(world, call, &name, input)
        }
        _ => change(world, call),
    }
}

fn not_there() -> Refusal {
    Refusal::new("QueueDoesNotExist", "The specified queue does not exist.")
}

fn invalid(name: &str, value: &str, reason: &str) -> Refusal {
    let message = format!("Value {value} for parameter {name} is invalid. Reason: {reason}");
    Refusal::new("InvalidParameterValue", message)
}

fn url(call: &Call, name: &str) -> String {
    format!("https://sqs.{}.amazonaws.com/{}/{name}", call.caller.region, call.caller.account)
}

/// The queue of a URL: its last two parts are account and name, whatever host it names.
fn queue<'a>(world: &'a World, call: &Call) -> Result<&'a Queue, Refusal> {
    let url = members::required(&call.input, "QueueUrl");
    let mut parts = url.rsplit('/');
    let (name, account) = (parts.next().unwrap_or_default(), parts.next());
    if account.is_some_and(|account| account != call.caller.account) {
        let message = format!("Access to the resource {url} is denied.");
        return Err(Refusal::new("AccessDenied", message).status(403));
    }
    world.site(&call.caller).and_then(|site| site.sqs.queues.get(name)).ok_or_else(not_there)
}

fn read_attributes(input: &Value) -> Result<BTreeMap<String, String>, Refusal> {
    let given = input.get("Attributes").and_then(Value::as_object).into_iter().flatten();
    let given: BTreeMap<String, String> = given.map(|(key, value)| (key.clone(), crate::sim::estate::plain(value))).collect();
    let ranges = [
        ("DelaySeconds", 0, 900),
        ("MaximumMessageSize", 1024, 1_048_576),
        ("MessageRetentionPeriod", 60, 1_209_600),
        ("ReceiveMessageWaitTimeSeconds", 0, 20),
        ("VisibilityTimeout", 0, 43_200),
        ("KmsDataKeyReusePeriodSeconds", 60, 86_400),
    ];
    for (key, value) in &given {
        let wrong = || Refusal::new("InvalidAttributeValue", format!("Invalid value for the parameter {key}."));
        if let Some((_, least, most)) = ranges.iter().find(|(known, ..)| known == key) {
            let number: i64 = value.parse().map_err(|_| wrong())?;
            if !(*least..=*most).contains(&number) {
                return Err(wrong());
            }
        }
        if key.starts_with("Redrive") && !value.is_empty() {
            let policy: Option<Value> = serde_json::from_str(value).ok();
            let whole = policy.is_some_and(|policy| {
                key != "RedrivePolicy"
                    || members::text(&policy, "deadLetterTargetArn").is_some()
                        && members::integer(&policy, "maxReceiveCount").is_some_and(|most| (1..=1000).contains(&most))
            });
            if !whole {
                return Err(invalid(key, value, "Invalid value for the redrive policy."));
            }
        }
    }
    Ok(given)
}

/// Refuses a redrive policy whose queue is not there, where it is of this account and Region.
fn dead_letters_there(world: &World, call: &Call, attributes: &BTreeMap<String, String>) -> Result<(), Refusal> {
    let Some(policy) = attributes.get("RedrivePolicy").filter(|policy| !policy.is_empty()) else { return Ok(()) };
    let target = serde_json::from_str::<Value>(policy).unwrap_or_default();
    let target = members::text(&target, "deadLetterTargetArn").unwrap_or_default();
    let here = format!("arn:aws:sqs:{}:{}:", call.caller.region, call.caller.account);
    let Some(name) = target.strip_prefix(&here) else { return Ok(()) };
    if world.site(&call.caller).is_some_and(|site| site.sqs.queues.contains_key(name)) {
        return Ok(());
    }
    Err(invalid("RedrivePolicy", policy, "Dead letter target does not exist."))
}

fn create(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let name = members::required(input, "QueueName");
    let mut attributes = read_attributes(input)?;
    dead_letters_there(world, call, &attributes)?;
    let plain = name.strip_suffix(".fifo").unwrap_or(name);
    let known = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if plain.is_empty() || name.len() > 80 || !plain.chars().all(known) {
        let message = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    let fifo = attributes.get("FifoQueue").map(String::as_str);
    if name.ends_with(".fifo") != (fifo == Some("true")) {
        let message = if fifo == Some("true") {
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix \
             and be 1 to 80 in length."
        } else {
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        };
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    if fifo == Some("false") {
        return Err(Refusal::new("InvalidAttributeName", "Unknown Attribute FifoQueue."));
    }
    if fifo.is_some() {
        for (key, value) in
            [("ContentBasedDeduplication", "false"), ("DeduplicationScope", "queue"), ("FifoThroughputLimit", "perQueue")]
        {
            attributes.entry(key.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    let now = world.now();
    let arn = format!("arn:aws:sqs:{}:{}:{name}", call.caller.region, call.caller.account);
    let queues = &mut world.site_mut(&call.caller).sqs.queues;
    if let Some(queue) = queues.get(name) {
        let other = attributes.iter().find(|(key, value)| queue.attribute(key) != Some(value));
        return match other {
            Some((key, _)) => {
                let message = format!("A queue already exists with the same name and a different value for attribute {key}");
                Err(Refusal::new("QueueNameExists", message))
            }
            None => Ok(json!({"QueueUrl": url(call, name)})),
        };
    }
    let mut queue = Queue::new(name, arn, attributes, now);
    queue.tags = input.get("tags").and_then(Value::as_object).cloned().unwrap_or_default();
    queues.insert(name.to_owned(), queue);
    world.effect(call, name);
    Ok(json!({"QueueUrl": url(call, name)}))
}

fn list(world: &World, call: &Call, member: &str, wanted: impl Fn(&Queue, &Value) -> bool) -> Answer {
    let cursor = PAGING.open::<String>(call)?;
    let from = cursor.after.clone().map_or(Bound::Unbounded, Bound::Excluded);
    let queues = world.site(&call.caller).map(|site| &site.sqs.queues);
    let rows = queues.into_iter().flat_map(|queues| queues.range((from.clone(), Bound::Unbounded)));
    let rows = rows.filter(|(_, queue)| wanted(queue, &call.input)).map(|(name, _)| (name.clone(), url(call, name)));
    let (page, token) = cursor.take(rows);
    // A token is told only to callers who asked for pages.
    let token = token.filter(|_| call.input.get("MaxResults").is_some());
    Ok(Members::new().maybe(member, (!page.is_empty() || member == "queueUrls").then_some(page)).maybe("NextToken", token).done())
}

fn attributes(queue: &Queue, now: DateTime<Utc>, input: &Value) -> Answer {
    let [ready, hidden, delayed] = queue.counts(now);
    let mut all: BTreeMap<String, String> =
        DEFAULTS.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    all.extend(queue.attributes.clone());
    for (key, value) in [
        ("ApproximateNumberOfMessages", ready.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", hidden.to_string()),
        ("ApproximateNumberOfMessagesDelayed", delayed.to_string()),
        ("CreatedTimestamp", queue.created.timestamp().to_string()),
        ("LastModifiedTimestamp", queue.modified.timestamp().to_string()),
        ("QueueArn", queue.arn.clone()),
    ] {
        all.insert(key.to_owned(), value);
    }
    let wanted = members::texts(input, "AttributeNames");
    all.retain(|key, value| !value.is_empty() && (wanted.contains(&"All") || wanted.contains(&key.as_str())));
    Ok(Members::new().maybe("Attributes", (!all.is_empty()).then(|| json!(all))).done())
}

/// Until when a ReceiveMessage that has nothing to tell is to wait; `None`: not at all.
pub fn waits(world: &World, call: &Call) -> Option<DateTime<Utc>> {
    if call.operation != "ReceiveMessage" {
        return None;
    }
    let queue = queue(world, call).ok().filter(|queue| !queue.has_ready(world.now()))?;
    let wait = members::integer(&call.input, "WaitTimeSeconds").unwrap_or_else(|| queue.number("ReceiveMessageWaitTimeSeconds"));
    (1..=20).contains(&wait).then(|| call.at + TimeDelta::seconds(wait))
}

fn receive(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let found = queue(world, call)?;
    let (name, hide) = (found.name.clone(), found.number("VisibilityTimeout"));
    let whole = |key: &str, least: i64, most: i64| match members::integer(input, key) {
        Some(number) if !(least..=most).contains(&number) => {
            Err(invalid(key, &number.to_string(), &format!("Must be between {least} and {most}, if provided.")))
        }
        number => Ok(number),
    };
    let most = whole("MaxNumberOfMessages", 1, 10)?.unwrap_or(1);
    whole("WaitTimeSeconds", 0, 20)?;
    let hide = whole("VisibilityTimeout", 0, 43_200)?.unwrap_or(hide);
    let now = world.now();
    let most = usize::try_from(most).unwrap_or(1);
    let told = world.site_mut(&call.caller).sqs.receive(&name, most, hide, now, input);
    Ok(Members::new().maybe("Messages", (!told.is_empty()).then_some(told)).done())
}

/// What a message counts in bytes.
fn weight(message: &Value) -> usize {
    let attributes = message.get("MessageAttributes").and_then(Value::as_object).into_iter().flatten();
    let attributes = attributes.map(|(name, value)| {
        let text = |key| members::required(value, key).len();
        name.len() + text("DataType") + text("StringValue") + text("BinaryValue") * 3 / 4
    });
    members::required(message, "MessageBody").len() + attributes.sum::<usize>()
}

fn send(world: &mut World, call: &Call, name: &str, message: &Value) -> Answer {
    let (now, id) = (world.now(), world.ids.uuid());
    let sender = call.caller.user_id.clone();
    let queue = world.site_mut(&call.caller).sqs.queues.get_mut(name).ok_or_else(not_there)?;
    let body = members::required(message, "MessageBody");
    if body.is_empty() {
        return Err(Refusal::new("MissingParameter", "The request must contain the parameter MessageBody."));
    }
    let most = queue.number("MaximumMessageSize");
    if i64::try_from(weight(message)).unwrap_or(i64::MAX) > most {
        let message = format!("One or more parameters are invalid. Reason: Message must be shorter than {most} bytes.");
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    let allowed =
        |letter: char| letter >= ' ' && !matches!(letter, '\u{fffe}' | '\u{ffff}') || matches!(letter, '\t' | '\n' | '\r');
    if !body.chars().all(allowed) {
        return Err(Refusal::new("InvalidMessageContents", "Message contains invalid characters."));
    }
    let delay = members::integer(message, "DelaySeconds");
    if let Some(delay) = delay.filter(|delay| !(0..=900).contains(delay)) {
        return Err(invalid("DelaySeconds", &delay.to_string(), "DelaySeconds must be >= 0 and <= 900."));
    }
    let text = |key| members::text(message, key).map(str::to_owned);
    let (group, dedup) = (text("MessageGroupId"), text("MessageDeduplicationId"));
    if queue.is_fifo() {
        if group.is_none() {
            return Err(Refusal::new("MissingParameter", "The request must contain the parameter MessageGroupId."));
        }
        if delay.is_some_and(|delay| delay > 0) {
            let reason = "The request include parameter that is not valid for this queue type.";
            return Err(invalid("DelaySeconds", &delay.unwrap_or_default().to_string(), reason));
        }
        if dedup.is_none() && queue.attribute("ContentBasedDeduplication") != Some("true") {
            let message = "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
                           explicitly";
            return Err(Refusal::new("InvalidParameterValue", message));
        }
    } else if dedup.is_some() {
        let reason = "The request include parameter that is not valid for this queue type.";
        return Err(invalid("MessageDeduplicationId", &dedup.unwrap_or_default(), reason));
    }
    let map = |key: &str| message.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
    let (attributes, system) = (map("MessageAttributes"), map("MessageSystemAttributes"));
    check_attributes(&attributes)?;
    let answer = Members::new()
        .set("MD5OfMessageBody", md5(body.as_bytes()))
        .maybe("MD5OfMessageAttributes", md5_of(&attributes))
        .maybe("MD5OfMessageSystemAttributes", md5_of(&system));
    let outgoing = Outgoing { body: body.to_owned(), attributes, system, group, dedup, delay, sender };
    let (id, sequence) = queue.send(outgoing, id, now);
    world.effect(call, &id);
    Ok(answer.set("MessageId", id).maybe("SequenceNumber", sequence).done())
}

fn check_attributes(attributes: &Map<String, Value>) -> Result<(), Refusal> {
    for (name, attribute) in attributes {
        let kind = members::required(attribute, "DataType");
        let wrong = |what: String| Err(Refusal::new("InvalidParameterValue", what));
        let value = match kind.split('.').next() {
            Some("String" | "Number") => members::text(attribute, "StringValue"),
            Some("Binary") => members::text(attribute, "BinaryValue"),
            _ if kind.is_empty() => {
                return wrong(format!("The message attribute '{name}' must contain non-empty message attribute type."));
            }
            _ => {
                let kinds = "The type of message (user) attribute must start with a supported type: Binary, Number or String";
                return wrong(format!("The message attribute '{name}' has an invalid message attribute type. {kinds}"));
            }
        };
        if value.is_none_or(str::is_empty) {
            let kind = kind.split('.').next().unwrap_or_default();
            return wrong(format!(
                "The message attribute '{name}' must contain non-empty message attribute value for message attribute type '{kind}'."
            ));
        }
    }
    Ok(())
}

/// DeleteMessage and ChangeMessageVisibility: what is done by a receipt handle.
fn handle(world: &mut World, call: &Call, name: &str, input: &Value) -> Answer {
    let now = world.now();
    let queue = world.site_mut(&call.caller).sqs.queues.get_mut(name).ok_or_else(not_there)?;
    let receipt = members::required(input, "ReceiptHandle");
    let place = queue.place(receipt).ok_or_else(|| {
        let message = format!("The input receipt handle \"{receipt}\" is not a valid receipt handle.");
        Refusal::new("ReceiptHandleIsInvalid", message).status(404)
    })?;
    if call.operation.starts_with("Delete") {
        queue.delete(place);
        return Ok(json!({}));
    }
    let seconds = members::integer(input, "VisibilityTimeout").unwrap_or_default();
    if !(0..=43_200).contains(&seconds) {
        let reason = "VisibilityTimeout must be an integer between 0 and 43200";
        return Err(invalid("VisibilityTimeout", &seconds.to_string(), reason));
    }
    let message = format!(
        "Value {receipt} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available \
                           for visibility timeout change."
    );
    queue.hide(place, seconds, now).map(|()| json!({})).ok_or_else(|| Refusal::new("MessageNotInflight", message))
}

fn check_batch(call: &Call) -> Result<(), Refusal> {
    let entries = members::list(&call.input, "Entries");
    let ids: BTreeSet<&str> = entries.iter().map(|entry| members::required(entry, "Id")).collect();
    let known = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if entries.is_empty() {
        let message = format!("There should be at least one {}RequestEntry in the request.", call.operation);
        return Err(Refusal::new("EmptyBatchRequest", message));
    }
    if entries.len() > BATCH {
        let message = format!("Maximum number of entries per request are {BATCH}. You have sent {}.", entries.len());
        return Err(Refusal::new("TooManyEntriesInBatchRequest", message));
    }
    if let Some(id) = ids.iter().find(|id| id.is_empty() || id.len() > 80 || !id.chars().all(known)) {
        let message = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 \
                       letters long.";
        return Err(Refusal::new("InvalidBatchEntryId", format!("{message} ({id})")));
    }
    if ids.len() < entries.len() {
        let mut seen = BTreeSet::new();
        let twice = entries.iter().map(|entry| members::required(entry, "Id")).find(|id| !seen.insert(*id)).unwrap_or_default();
        return Err(Refusal::new("BatchEntryIdsNotDistinct", format!("Id {twice} repeated.")));
    }
    Ok(())
}

/// Does each entry by itself: one that fails does not keep the others from being done.
/// Is it about what messages of FIFO queues need?
fn of_fifo(refusal: &Refusal) -> bool {
    refusal.code == "MissingParameter" || refusal.message.starts_with("The queue should either have ContentBasedDeduplication")
}

fn batch(world: &mut World, call: &Call, mut each: impl FnMut(&mut World, &str, &Value) -> Answer) -> Answer {
    let name = queue(world, call)?.name.clone();
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for entry in members::list(&call.input, "Entries") {
        let id = members::required(entry, "Id");
        match each(world, &name, entry) {
            // What a FIFO queue needs of each message is the whole request's fault.
            Err(refusal) if call.operation == "SendMessageBatch" && of_fifo(&refusal) => return Err(refusal),
            Ok(mut answer) => {
                answer["Id"] = id.into();
                done.push(answer);
            }
            Err(refusal) => failed.push(json!({
                "Id": id, "SenderFault": refusal.status < 500, "Code": refusal.code, "Message": refusal.message,
            })),
        }
    }
    Ok(json!({"Successful": done, "Failed": failed}))
}

fn change(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let (name, now) = (queue(world, call)?.name.clone(), world.now());
    let queue = world.site_mut(&call.caller).sqs.queues.get_mut(&name).ok_or_else(not_there)?;
    match call.operation.as_str() {
        "SetQueueAttributes" => {
            let attributes = read_attributes(input)?;
            if let Some(fixed) = attributes.get("FifoQueue").filter(|wanted| queue.attribute("FifoQueue") != Some(wanted)) {
                return Err(invalid("FifoQueue", fixed, "Modifying queue type is not supported."));
            }
            queue.attributes.extend(attributes);
            queue.modified = now;
        }
        "PurgeQueue" => {
            if queue.purged.is_some_and(|purged| now < purged + PURGE_REST) {
                let message = format!("Only one PurgeQueue operation on {name} is allowed every 60 seconds.");
                return Err(Refusal::new("PurgeQueueInProgress", message).status(403));
            }
            queue.purge(now);
        }
        "TagQueue" => {
            let given = input.get("Tags").and_then(Value::as_object).cloned().unwrap_or_default();
            if given.is_empty() {
                return Err(Refusal::new("MissingParameter", "The request must contain the parameter Tags."));
            }
            if queue.tags.keys().chain(given.keys()).collect::<BTreeSet<_>>().len() > TAGS_LIMIT {
                let name = members::required(input, "QueueUrl").rsplit('/').next().unwrap_or_default();
                return Err(Refusal::new("InvalidParameterValue", format!("Too many tags added for queue {name}.")));
            }
            queue.tags.extend(given);
        }
        "UntagQueue" if members::texts(input, "TagKeys").is_empty() => {
            let message = "Tag keys must be between 1 and 128 characters in length.";
            return Err(Refusal::new("InvalidParameterValue", message));
        }
        "UntagQueue" => members::texts(input, "TagKeys").into_iter().for_each(|key| drop(queue.tags.remove(key))),
        _ => return Err(super::super::unknown(call)),
    }
    Ok(json!({}))
}
