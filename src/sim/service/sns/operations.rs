//! SNS's operations.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use serde_json::{Map, Value, json};

use super::publish::{self, Notice, notify};
use super::topics::{Sns, Subscription, Topic};
use crate::pattern::Pattern;
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::page::Paging;
use crate::sim::service::coverage::{Operation, changes, reads};
use crate::sim::world::World;

/// What holds for all of the service.
pub const NOTE: &str = "Messages reach SQS queues and functions; subscriptions of other protocols are kept and get nothing. Signatures of messages \
                        are not real ones.";

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    changes("ConfirmSubscription", "a token is sent to queues of other accounts alone"),
    changes("CreateTopic", ""),
    changes("DeleteTopic", ""),
    reads("GetSubscriptionAttributes", ""),
    reads("GetTopicAttributes", ""),
    reads("ListSubscriptions", ""),
    reads("ListSubscriptionsByTopic", ""),
    reads("ListTagsForResource", ""),
    reads("ListTopics", ""),
    changes("Publish", "to a phone number or an endpoint: accepted, and nobody gets it"),
    changes("PublishBatch", ""),
    changes("SetSubscriptionAttributes", "delivery and redrive policies are kept, not followed"),
    changes("SetTopicAttributes", "policies and keys are kept, not enforced"),
    changes("Subscribe", "sqs of the same account, lambda, sms, firehose and application are confirmed at once"),
    changes("TagResource", ""),
    changes("Unsubscribe", ""),
    changes("UntagResource", ""),
];

const PAGING: Paging = Paging {
    token: "NextToken",
    size: "",
    default: 100,
    max: 100,
    code: "InvalidParameter",
    message: "Invalid parameter: nextToken",
};

/// The longest message, in bytes.
const MESSAGE_BYTES: usize = 262_144;

/// Answers one call to SNS.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    match call.operation.as_str() {
        "Publish" => {
            let (topic, notice) = read_notice(world, call, input)?;
            publish(world, call, topic.as_deref(), &notice)
        }
        "PublishBatch" => publish_batch(world, call),
        "ListTopics" => {
            let rows = |sns: &Sns, after: Bound<String>| -> Vec<(String, Value)> {
                let topics = sns.topics.range((after, Bound::Unbounded));
                topics.take(PAGING.max + 1).map(|(arn, _)| (arn.clone(), json!({"TopicArn": arn}))).collect()
            };
            list(world, call, "Topics", rows)
        }
        "ListSubscriptions" => list(world, call, "Subscriptions", |sns, after| subscriptions(sns, after, None)),
        "ListSubscriptionsByTopic" => {
            let arn = members::required(input, "TopicArn");
            topic(world, call, arn)?;
            list(world, call, "Subscriptions", |sns, after| subscriptions(sns, after, Some(arn)))
        }
        "GetTopicAttributes" => topic_attributes(world, call),
        "GetSubscriptionAttributes" => {
            let arn = members::required(input, "SubscriptionArn");
            let sns = world.site(&call.caller).map(|site| &site.sns);
            let found = sns.and_then(|sns| sns.subscriptions.get(arn)).ok_or_else(|| not_there("Subscription"))?;
            Ok(json!({"Attributes": subscription_attributes(arn, found)}))
        }
        "ListTagsForResource" => {
            let sns = world.site(&call.caller).map(|site| &site.sns);
            let found = sns.and_then(|sns| sns.topics.get(members::required(input, "ResourceArn")));
            let tags = &found.ok_or_else(|| Refusal::new("ResourceNotFoundException", "Resource does not exist"))?.tags;
            Ok(json!({"Tags": tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect::<Vec<_>>()}))
        }
        _ => change(world, call),
    }
}

fn not_there(what: &str) -> Refusal {
    Refusal::new("NotFoundException", format!("{what} does not exist")).status(404)
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", format!("Invalid parameter: {}", message.into()))
}

fn topic<'a>(world: &'a World, call: &Call, arn: &str) -> Result<&'a Topic, Refusal> {
    if arn.split(':').count() != 6 {
        return Err(invalid(format!("TopicArn Reason: An ARN must have at least 6 elements, not {}", arn.split(':').count())));
    }
    world.site(&call.caller).and_then(|site| site.sns.topics.get(arn)).ok_or_else(|| not_there("Topic"))
}

type Row = (String, Value);

fn list(world: &World, call: &Call, member: &str, rows: impl Fn(&Sns, Bound<String>) -> Vec<Row>) -> Answer {
    let cursor = PAGING.open::<String>(call)?;
    let from = cursor.after.clone().map_or(Bound::Unbounded, Bound::Excluded);
    let rows = world.site(&call.caller).map(|site| rows(&site.sns, from)).unwrap_or_default();
    let (page, token) = cursor.take(rows);
    Ok(Members::new().set(member, page).maybe("NextToken", token).done())
}

fn subscriptions(sns: &Sns, after: Bound<String>, topic: Option<&str>) -> Vec<Row> {
    let rows = sns.subscriptions.range((after, Bound::Unbounded));
    let rows = rows.filter(|(_, subscription)| topic.is_none_or(|topic| subscription.topic == topic));
    let told = |(arn, of): (&String, &Subscription)| {
        let told = if of.pending.is_some() { "PendingConfirmation" } else { arn };
        let row = json!({
            "SubscriptionArn": told, "Owner": of.owner, "Protocol": of.protocol, "Endpoint": of.endpoint, "TopicArn": of.topic,
        });
        (arn.clone(), row)
    };
    rows.take(PAGING.max + 1).map(told).collect()
}

fn topic_attributes(world: &World, call: &Call) -> Answer {
    let arn = members::required(&call.input, "TopicArn");
    let found = topic(world, call, arn)?;
    let (account, sns) = (&call.caller.account, world.site(&call.caller).map(|site| &site.sns));
    let of = |pending: bool| {
        let subscriptions = sns.into_iter().flat_map(|sns| sns.subscriptions.values());
        subscriptions.filter(|of| of.topic == arn && of.pending.is_some() == pending).count().to_string()
    };
    let policy = json!({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [{
        "Effect": "Allow", "Sid": "__default_statement_ID", "Principal": {"AWS": "*"}, "Resource": arn,
        "Action": ["SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission",
            "SNS:DeleteTopic", "SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish"],
        "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
    }]});
    let delivery = json!({"http": {"disableSubscriptionOverrides": false, "defaultHealthyRetryPolicy": {
        "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, "numMaxDelayRetries": 0, "numNoDelayRetries": 0,
        "numMinDelayRetries": 0, "backoffFunction": "linear"}}});
    let mut all = BTreeMap::from([
        ("TopicArn".to_owned(), arn.to_owned()),
        ("Owner".to_owned(), account.clone()),
        ("DisplayName".to_owned(), String::new()),
        ("Policy".to_owned(), policy.to_string()),
        ("EffectiveDeliveryPolicy".to_owned(), delivery.to_string()),
        ("SubscriptionsConfirmed".to_owned(), of(false)),
        ("SubscriptionsPending".to_owned(), of(true)),
        ("SubscriptionsDeleted".to_owned(), found.deleted.to_string()),
    ]);
    all.extend(found.attributes.clone());
    Ok(json!({"Attributes": all}))
}

fn subscription_attributes(arn: &str, of: &Subscription) -> BTreeMap<String, String> {
    let mut all = BTreeMap::from([
        ("SubscriptionArn".to_owned(), arn.to_owned()),
        ("TopicArn".to_owned(), of.topic.clone()),
        ("Owner".to_owned(), of.owner.clone()),
        ("Protocol".to_owned(), of.protocol.clone()),
        ("Endpoint".to_owned(), of.endpoint.clone()),
        ("SubscriptionPrincipal".to_owned(), of.principal.clone()),
        ("ConfirmationWasAuthenticated".to_owned(), of.pending.is_none().to_string()),
        ("PendingConfirmation".to_owned(), of.pending.is_some().to_string()),
        ("RawMessageDelivery".to_owned(), "false".to_owned()),
    ]);
    if of.attributes.contains_key("FilterPolicy") {
        all.insert("FilterPolicyScope".to_owned(), "MessageAttributes".to_owned());
    }
    all.extend(of.attributes.clone().into_iter().filter(|(_, value)| !value.is_empty()));
    all
}

/// Reads a message, and the topic it is for; none for a phone number or an endpoint.
fn read_notice(world: &World, call: &Call, input: &Value) -> Result<(Option<String>, Notice), Refusal> {
    let text = |key| members::text(input, key).map(str::to_owned);
    let target =
        text("TopicArn").or_else(|| text("TargetArn")).or_else(|| members::text(&call.input, "TopicArn").map(str::to_owned));
    if let Some(subject) = members::text(input, "Subject").filter(|subject| subject.is_empty() || subject.len() > 100) {
        return Err(invalid(if subject.is_empty() {
            "Subject"
        } else {
            "Subject Reason: Subject must be less than 100 characters"
        }));
    }
    let attributes = input.get("MessageAttributes").and_then(Value::as_object).cloned().unwrap_or_default();
    let message = members::required(input, "Message").to_owned();
    if message.is_empty() {
        return Err(invalid("Empty message"));
    }
    if message.len() > MESSAGE_BYTES {
        return Err(invalid("Message too long"));
    }
    check_attributes(&attributes)?;
    let structured = members::text(input, "MessageStructure") == Some("json");
    if structured {
        let parsed: Value =
            serde_json::from_str(&message).map_err(|_| invalid("Message Structure - JSON message body failed to parse"))?;
        if parsed.get("default").is_none() {
            return Err(invalid("Message Structure - No default entry in JSON message body"));
        }
    }
    let notice = Notice {
        subject: text("Subject"),
        message,
        structured,
        attributes,
        group: text("MessageGroupId"),
        dedup: text("MessageDeduplicationId"),
    };
    if target.is_none() && members::text(input, "PhoneNumber").is_none() {
        return Err(invalid("TopicArn or TargetArn Reason: no value for required parameter"));
    }
    let target = target.filter(|target| !target.contains(":endpoint/"));
    if let Some(arn) = &target {
        let found = topic(world, call, arn)?;
        if arn.ends_with(".fifo") {
            if notice.group.is_none() {
                return Err(invalid("The MessageGroupId parameter is required for FIFO topics"));
            }
            let by_content = found.attributes.get("ContentBasedDeduplication").is_some_and(|value| value == "true");
            if notice.dedup.is_none() && !by_content {
                let message = "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
                               explicitly";
                return Err(invalid(message));
            }
        } else if notice.dedup.is_some() {
            let message = "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for \
                           this topic type";
            return Err(invalid(message));
        }
    }
    Ok((target, notice))
}

fn check_attributes(attributes: &Map<String, Value>) -> Result<(), Refusal> {
    for (name, attribute) in attributes {
        let kind = members::required(attribute, "DataType");
        let base = kind.split('.').next().unwrap_or_default();
        let wrong = |what: String| Err(Refusal::new("InvalidParameterValueException", what));
        let value = match base {
            "String" | "Number" => members::text(attribute, "StringValue"),
            "Binary" => members::text(attribute, "BinaryValue"),
            _ if kind.is_empty() => {
                return wrong(format!("The message attribute '{name}' must contain non-empty message attribute type."));
            }
            _ => {
                let kinds = "The type of message attribute must start with a supported type: Binary, Number or String";
                return wrong(format!("The message attribute '{name}' has an invalid message attribute type. {kinds}"));
            }
        };
        if value.is_none_or(str::is_empty) {
            return wrong(format!(
                "The message attribute '{name}' must contain non-empty message attribute value for message attribute type '{base}'."
            ));
        }
        if kind == "Number" && value.is_some_and(|value| value.parse::<f64>().is_err()) {
            return wrong(format!("Could not cast message attribute '{name}' value to number."));
        }
    }
    Ok(())
}

fn publish(world: &mut World, call: &Call, topic: Option<&str>, notice: &Notice) -> Answer {
    let told = match topic {
        Some(topic) => notify(world, topic, notice).ok_or_else(|| not_there("Topic"))?,
        None => (world.ids.uuid(), None),
    };
    world.effect(call, &told.0);
    Ok(Members::new().set("MessageId", told.0).maybe("SequenceNumber", told.1).done())
}

fn publish_batch(world: &mut World, call: &Call) -> Answer {
    let entries = members::list(&call.input, "PublishBatchRequestEntries");
    topic(world, call, members::required(&call.input, "TopicArn"))?;
    let ids: BTreeSet<&str> = entries.iter().map(|entry| members::required(entry, "Id")).collect();
    if entries.is_empty() {
        return Err(Refusal::new("EmptyBatchRequestException", "The batch request doesn't contain any entries."));
    }
    if entries.len() > 10 {
        let message = "The batch request contains more entries than permissible.";
        return Err(Refusal::new("TooManyEntriesInBatchRequestException", message));
    }
    if ids.len() < entries.len() {
        let message = "Two or more batch entries in the request have the same Id.";
        return Err(Refusal::new("BatchEntryIdsNotDistinctException", message));
    }
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        let id = members::required(entry, "Id");
        let answer = read_notice(world, call, entry).and_then(|(topic, notice)| publish(world, call, topic.as_deref(), &notice));
        match answer {
            Ok(mut answer) => {
                answer["Id"] = id.into();
                done.push(answer);
            }
            Err(refusal) => {
                let code = refusal.code.trim_end_matches("Exception");
                failed.push(json!({"Id": id, "Code": code, "Message": refusal.message, "SenderFault": true}));
            }
        }
    }
    Ok(json!({"Successful": done, "Failed": failed}))
}

fn tags(input: &Value) -> BTreeMap<String, String> {
    let text = |tag: &Value, key| members::required(tag, key).to_owned();
    members::list(input, "Tags").iter().map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect()
}

fn create(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let name = members::required(input, "Name");
    let given = input.get("Attributes").and_then(Value::as_object).into_iter().flatten();
    let attributes: BTreeMap<String, String> = given
        .map(|(key, value)| (key.clone(), crate::sim::estate::plain(value)))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let plain = name.strip_suffix(".fifo").unwrap_or(name);
    let known = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let fifo = attributes.get("FifoTopic").is_some_and(|fifo| fifo == "true");
    if plain.is_empty() || name.len() > 256 || !plain.chars().all(known) {
        return Err(invalid("Topic Name"));
    }
    if fifo != name.ends_with(".fifo") {
        let message = if fifo {
            "Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII letters, numbers, \
             underscores, and hyphens, and must be between 1 and 256 characters long."
        } else {
            "Topic Name"
        };
        return Err(invalid(message));
    }
    let arn = format!("arn:aws:sns:{}:{}:{name}", call.caller.region, call.caller.account);
    let tags = tags(input);
    let topics = &mut world.site_mut(&call.caller).sns.topics;
    if let Some(topic) = topics.get(&arn) {
        if attributes.iter().any(|(key, value)| topic.attributes.get(key) != Some(value)) {
            return Err(invalid("Attributes Reason: Topic already exists with different attributes"));
        }
        if !tags.is_empty() && topic.tags != tags {
            return Err(invalid("Tags Reason: Topic already exists with different tags"));
        }
        return Ok(json!({"TopicArn": arn}));
    }
    let mut topic = Topic { attributes, tags, ..Topic::default() };
    if fifo {
        topic.attributes.entry("ContentBasedDeduplication".to_owned()).or_insert_with(|| "false".to_owned());
    }
    topics.insert(arn.clone(), topic);
    world.effect(call, name);
    Ok(json!({"TopicArn": arn}))
}

/// The names of the attributes that a subscription may be given.
const SUBSCRIPTION_ATTRIBUTES: [&str; 7] = [
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
    "SubscriptionRoleArn",
    "ReplayPolicy",
];

fn check_subscription_attribute(name: &str, value: &str) -> Result<(), Refusal> {
    if !SUBSCRIPTION_ATTRIBUTES.contains(&name) {
        return Err(invalid("AttributeName"));
    }
    if name == "FilterPolicy" && !value.is_empty() {
        Pattern::parse(value).map_err(|fault| invalid(format!("FilterPolicy: {fault}")))?;
    }
    Ok(())
}

fn subscribe(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let (topic_arn, protocol) = (members::required(input, "TopicArn"), members::required(input, "Protocol"));
    let endpoint = members::required(input, "Endpoint");
    let given = input.get("Attributes").and_then(Value::as_object).into_iter().flatten();
    let attributes: BTreeMap<String, String> =
        given.map(|(key, value)| (key.clone(), crate::sim::estate::plain(value))).collect();
    for (name, value) in &attributes {
        check_subscription_attribute(name, value)?;
    }
    topic(world, call, topic_arn)?;
    let good = match protocol {
        "sqs" => endpoint.starts_with("arn:") && endpoint.contains(":sqs:"),
        "lambda" | "firehose" | "application" => endpoint.starts_with("arn:"),
        "http" | "https" => endpoint.starts_with(&format!("{protocol}://")),
        "email" | "email-json" => endpoint.contains('@'),
        "sms" => {
            let digits = endpoint.chars().filter(char::is_ascii_digit).count();
            digits >= 4
                && endpoint.chars().all(|letter| letter.is_ascii_digit() || "+-./ ()".contains(letter))
                && !endpoint.contains("--")
        }
        _ => return Err(invalid(format!("Amazon SNS does not support this protocol string: {protocol}"))),
    };
    if !good {
        let what = if protocol == "sqs" { "SQS endpoint ARN".to_owned() } else { format!("Endpoint: {endpoint}") };
        return Err(invalid(if protocol == "sms" { format!("Invalid SMS endpoint: {endpoint}") } else { what }));
    }
    let id = world.ids.uuid();
    let token = world.ids.hex(64);
    // A queue of somebody else's has to be confirmed by its owner, who finds the token in it.
    let foreign = protocol == "sqs" && endpoint.split(':').nth(4).is_some_and(|account| account != call.caller.account);
    let waits = foreign || matches!(protocol, "http" | "https" | "email" | "email-json");
    let sns = &mut world.site_mut(&call.caller).sns;
    let twin =
        sns.subscriptions.iter().find(|(_, of)| of.topic == topic_arn && of.protocol == protocol && of.endpoint == endpoint);
    if let Some((arn, twin)) = twin {
        let other = attributes.iter().any(|(key, value)| twin.attributes.get(key) != Some(value));
        if other {
            return Err(invalid("Attributes Reason: Subscription already exists with different attributes"));
        }
        return Ok(json!({"SubscriptionArn": if twin.pending.is_some() { "pending confirmation" } else { arn }}));
    }
    let arn = format!("{topic_arn}:{id}");
    let subscription = Subscription {
        topic: topic_arn.to_owned(),
        protocol: protocol.to_owned(),
        endpoint: endpoint.to_owned(),
        owner: call.caller.account.clone(),
        principal: call.caller.arn.clone(),
        attributes,
        pending: waits.then(|| token.clone()),
    };
    sns.subscriptions.insert(arn.clone(), subscription);
    if foreign {
        publish::ask_to_confirm(world, topic_arn, endpoint, &token);
    }
    world.effect(call, &arn);
    let told = !waits || members::flag(input, "ReturnSubscriptionArn") == Some(true);
    Ok(json!({"SubscriptionArn": if told { &arn } else { "pending confirmation" }}))
}

/// Confirms a subscription, of a topic of any account, by the token that its endpoint was sent.
fn confirm(world: &mut World, call: &Call) -> Answer {
    let (token, topic) = (members::required(&call.input, "Token"), members::required(&call.input, "TopicArn"));
    let parts: Vec<&str> = topic.split(':').collect();
    if parts.len() != 6 {
        return Err(invalid(format!("TopicArn Reason: An ARN must have at least 6 elements, not {}", parts.len())));
    }
    let site = world.estate.sites.get_mut(&(parts[4].to_owned(), parts[3].to_owned()));
    let sns = site.map(|site| &mut site.sns).filter(|sns| sns.topics.contains_key(topic)).ok_or_else(|| not_there("Topic"))?;
    let found = sns.subscriptions.iter_mut().find(|(_, of)| of.topic == topic && of.pending.as_deref() == Some(token));
    let (arn, of) = found.ok_or_else(|| invalid("Token"))?;
    of.pending = None;
    Ok(json!({"SubscriptionArn": arn}))
}

fn change(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    match call.operation.as_str() {
        "CreateTopic" => return create(world, call),
        "Subscribe" => return subscribe(world, call),
        "ConfirmSubscription" => return confirm(world, call),
        "SetTopicAttributes" => {
            topic(world, call, members::required(input, "TopicArn"))?;
        }
        _ => {}
    }
    let sns = &mut world.site_mut(&call.caller).sns;
    let arn = members::required(input, "SubscriptionArn");
    let value = members::required(input, "AttributeValue").to_owned();
    match call.operation.as_str() {
        "DeleteTopic" => {
            let arn = members::required(input, "TopicArn");
            sns.topics.remove(arn);
            sns.subscriptions.retain(|_, of| of.topic != arn);
        }
        "SetTopicAttributes" => {
            if let Some(topic) = sns.topics.get_mut(members::required(input, "TopicArn")) {
                topic.attributes.insert(members::required(input, "AttributeName").to_owned(), value);
            }
        }
        "Unsubscribe" => {
            if let Some(of) = sns.subscriptions.remove(arn)
                && let Some(topic) = sns.topics.get_mut(&of.topic)
            {
                topic.deleted += 1;
            }
        }
        "SetSubscriptionAttributes" => {
            let name = members::required(input, "AttributeName");
            let of = sns.subscriptions.get_mut(arn).ok_or_else(|| not_there("Subscription"))?;
            check_subscription_attribute(name, &value)?;
            of.attributes.insert(name.to_owned(), value);
        }
        "TagResource" | "UntagResource" => {
            let missing = || Refusal::new("ResourceNotFoundException", "Resource does not exist").status(404);
            let topic = sns.topics.get_mut(members::required(input, "ResourceArn")).ok_or_else(missing)?;
            let mut all = topic.tags.clone();
            all.extend(tags(input));
            members::texts(input, "TagKeys").into_iter().for_each(|key| drop(all.remove(key)));
            if all.len() > 50 {
                let message = "Could not complete request: tag quota of per resource exceeded";
                return Err(Refusal::new("TagLimitExceededException", message));
            }
            topic.tags = all;
        }
        _ => return Err(super::super::unknown(call)),
    }
    Ok(json!({}))
}
