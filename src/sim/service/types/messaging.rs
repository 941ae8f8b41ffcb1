//! SNS, SQS and EventBridge.

use serde_json::{Map, Value, json};

use super::{Desk, PLAIN, Type, changed, last, tag_map};
use crate::sim::call::{Answer, Refusal};
use crate::sim::members;

pub(super) const TYPES: &[Type] = &[
    Type {
        name: "AWS::SNS::Topic",
        key: &["TopicArn"],
        named: Some("TopicName"),
        fixed: &["TopicName", "FifoTopic"],
        create: create_topic,
        read: read_topic,
        update: Some(update_topic),
        delete: |desk, arn| desk.ask("sns", "DeleteTopic", &json!({"TopicArn": arn})).map(drop),
        list: |desk| {
            let rows = desk.all("sns", "ListTopics", json!({}), "Topics", ("NextToken", "NextToken"))?;
            Ok(rows.iter().map(|row| members::required(row, "TopicArn").to_owned()).collect())
        },
        ..PLAIN
    },
    Type {
        name: "AWS::SNS::Subscription",
        key: &["Arn"],
        required: &["TopicArn", "Protocol"],
        fixed: &["TopicArn", "Protocol", "Endpoint"],
        create: subscribe,
        read: |desk, arn| {
            let told = desk.ask("sns", "GetSubscriptionAttributes", &json!({"SubscriptionArn": arn}))?;
            let of = &told["Attributes"];
            Ok(json!({"Arn": arn, "TopicArn": of["TopicArn"], "Protocol": of["Protocol"], "Endpoint": of["Endpoint"]}))
        },
        update: Some(|desk, arn, before, after| {
            for name in changed(before, after) {
                let value = after.get(&name).map(text).unwrap_or_default();
                let input = json!({"SubscriptionArn": arn, "AttributeName": name, "AttributeValue": value});
                desk.ask("sns", "SetSubscriptionAttributes", &input)?;
            }
            Ok(())
        }),
        delete: |desk, arn| desk.ask("sns", "Unsubscribe", &json!({"SubscriptionArn": arn})).map(drop),
        ..PLAIN
    },
    Type {
        name: "AWS::SNS::TopicPolicy",
        key: &["Id"],
        required: &["PolicyDocument", "Topics"],
        create: |desk, properties| topic_policy(desk, properties).map(|()| format!("policy-{}", desk.world.ids.hex(8))),
        read: kept,
        update: Some(|desk, _, _, after| topic_policy(desk, after)),
        ..PLAIN
    },
    Type {
        name: "AWS::SQS::Queue",
        key: &["QueueUrl"],
        named: Some("QueueName"),
        fixed: &["QueueName", "FifoQueue"],
        create: create_queue,
        read: read_queue,
        update: Some(|desk, url, _, after| {
            desk.ask("sqs", "SetQueueAttributes", &json!({"QueueUrl": url, "Attributes": queue_attributes(after)})).map(drop)
        }),
        delete: |desk, url| desk.ask("sqs", "DeleteQueue", &json!({"QueueUrl": url})).map(drop),
        list: |desk| {
            let rows = desk.all("sqs", "ListQueues", json!({"MaxResults": 1000}), "QueueUrls", ("NextToken", "NextToken"))?;
            Ok(rows.iter().filter_map(|url| url.as_str().map(str::to_owned)).collect())
        },
        ..PLAIN
    },
    Type {
        name: "AWS::SQS::QueuePolicy",
        key: &["Id"],
        required: &["PolicyDocument", "Queues"],
        create: |desk, properties| queue_policy(desk, properties).map(|()| format!("policy-{}", desk.world.ids.hex(8))),
        read: kept,
        update: Some(|desk, _, _, after| queue_policy(desk, after)),
        ..PLAIN
    },
    Type {
        name: "AWS::Events::EventBus",
        key: &["Name"],
        required: &["Name"],
        fixed: &["Name"],
        create: |desk, properties| {
            desk.ask("events", "CreateEventBus", properties)?;
            Ok(members::required(properties, "Name").to_owned())
        },
        read: |desk, name| {
            let told = desk.ask("events", "DescribeEventBus", &json!({"Name": name}))?;
            Ok(json!({"Name": name, "Arn": told["Arn"]}))
        },
        update: Some(|_, _, _, _| Ok(())),
        delete: |desk, name| desk.ask("events", "DeleteEventBus", &json!({"Name": name})).map(drop),
        ..PLAIN
    },
    Type {
        name: "AWS::Events::Rule",
        key: &["Arn"],
        named: Some("Name"),
        fixed: &["Name", "EventBusName"],
        create: put_rule,
        read: read_rule,
        update: Some(update_rule),
        delete: delete_rule,
        list: |desk| {
            let rows = desk.all("events", "ListRules", json!({}), "Rules", ("NextToken", "NextToken"))?;
            Ok(rows.iter().map(|row| members::required(row, "Arn").to_owned()).collect())
        },
        ..PLAIN
    },
];

/// The text of a property: objects as JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What is only remembered.
fn kept(_: &mut Desk<'_>, id: &str) -> Answer {
    Ok(json!({"Id": id}))
}

fn create_topic(desk: &mut Desk<'_>, properties: &Value) -> Result<String, Refusal> {
    let name = members::required(properties, "TopicName");
    let mut attributes = Map::new();
    for attribute in
        ["DisplayName", "KmsMasterKeyId", "FifoTopic", "ContentBasedDeduplication", "SignatureVersion", "TracingConfig"]
    {
        if let Some(value) = properties.get(attribute) {
            attributes.insert(attribute.to_owned(), text(value).into());
        }
    }
    let arn = desk.arn("sns", name);
    if desk.ask("sns", "GetTopicAttributes", &json!({"TopicArn": arn})).is_ok() {
        return Err(Refusal::new("AlreadyExists", format!("{name} already exists")));
    }
    let tags = properties.get("Tags").cloned().unwrap_or_else(|| json!([]));
    let made = desk.ask("sns", "CreateTopic", &json!({"Name": name, "Attributes": attributes, "Tags": tags}))?;
    let arn = members::required(&made, "TopicArn").to_owned();
    for subscription in members::list(properties, "Subscription").to_vec() {
        desk.ask_with("sns", "Subscribe", &subscription, json!({"TopicArn": arn}))?;
    }
    Ok(arn)
}

fn read_topic(desk: &mut Desk<'_>, arn: &str) -> Answer {
    let told = desk.ask("sns", "GetTopicAttributes", &json!({"TopicArn": arn}))?;
    Ok(json!({"TopicArn": arn, "TopicName": last(arn), "DisplayName": told["Attributes"]["DisplayName"]}))
}

fn update_topic(desk: &mut Desk<'_>, arn: &str, before: &Value, after: &Value) -> Result<(), Refusal> {
    for name in changed(before, after) {
        match name.as_str() {
            "Subscription" => {
                let known = members::list(before, "Subscription").to_vec();
                for subscription in members::list(after, "Subscription").iter().filter(|new| !known.contains(new)) {
                    desk.ask_with("sns", "Subscribe", subscription, json!({"TopicArn": arn}))?;
                }
            }
            "Tags" => {
                let tags = after.get("Tags").cloned().unwrap_or_else(|| json!([]));
                desk.ask("sns", "TagResource", &json!({"ResourceArn": arn, "Tags": tags}))?;
            }
            _ => {
                let value = after.get(&name).map(text).unwrap_or_default();
                let input = json!({"TopicArn": arn, "AttributeName": name, "AttributeValue": value});
                desk.ask("sns", "SetTopicAttributes", &input)?;
            }
        }
    }
    Ok(())
}

fn subscribe(desk: &mut Desk<'_>, properties: &Value) -> Result<String, Refusal> {
    let mut attributes = Map::new();
    for attribute in ["FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "DeliveryPolicy"] {
        if let Some(value) = properties.get(attribute) {
            attributes.insert(attribute.to_owned(), text(value).into());
        }
    }
    let more = json!({"Attributes": attributes, "ReturnSubscriptionArn": true});
    let made = desk.ask_with("sns", "Subscribe", properties, more)?;
    Ok(members::required(&made, "SubscriptionArn").to_owned())
}

fn topic_policy(desk: &mut Desk<'_>, properties: &Value) -> Result<(), Refusal> {
    let policy = properties.get("PolicyDocument").map(text).unwrap_or_default();
    for topic in members::texts(properties, "Topics") {
        let input = json!({"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": policy});
        desk.ask("sns", "SetTopicAttributes", &input)?;
    }
    Ok(())
}

fn queue_attributes(properties: &Value) -> Value {
    const ATTRIBUTES: [&str; 14] = [
        "ContentBasedDeduplication",
        "DeduplicationScope",
        "DelaySeconds",
        "FifoQueue",
        "FifoThroughputLimit",
        "KmsDataKeyReusePeriodSeconds",
        "KmsMasterKeyId",
        "MaximumMessageSize",
        "MessageRetentionPeriod",
        "ReceiveMessageWaitTimeSeconds",
        "RedriveAllowPolicy",
        "RedrivePolicy",
        "SqsManagedSseEnabled",
        "VisibilityTimeout",
    ];
    let given = ATTRIBUTES.iter().filter_map(|name| Some(((*name).to_owned(), text(properties.get(*name)?).into())));
    Value::Object(given.filter(|(name, value)| name != "FifoQueue" || *value == "true").collect())
}

fn create_queue(desk: &mut Desk<'_>, properties: &Value) -> Result<String, Refusal> {
    let name = members::required(properties, "QueueName");
    if desk.ask("sqs", "GetQueueUrl", &json!({"QueueName": name})).is_ok() {
        return Err(Refusal::new("AlreadyExists", format!("A queue with the name {name} already exists")));
    }
    let tags = tag_map(properties).unwrap_or_else(|| json!({}));
    let made =
        desk.ask("sqs", "CreateQueue", &json!({"QueueName": name, "Attributes": queue_attributes(properties), "tags": tags}))?;
    Ok(members::required(&made, "QueueUrl").to_owned())
}

fn read_queue(desk: &mut Desk<'_>, url: &str) -> Answer {
    let told = desk.ask("sqs", "GetQueueAttributes", &json!({"QueueUrl": url, "AttributeNames": ["QueueArn"]}))?;
    let arn = told["Attributes"]["QueueArn"].clone();
    Ok(json!({"QueueUrl": url, "Arn": arn, "QueueName": last(url)}))
}

fn queue_policy(desk: &mut Desk<'_>, properties: &Value) -> Result<(), Refusal> {
    let policy = properties.get("PolicyDocument").map(text).unwrap_or_default();
    for url in members::texts(properties, "Queues") {
        desk.ask("sqs", "SetQueueAttributes", &json!({"QueueUrl": url, "Attributes": {"Policy": policy}}))?;
    }
    Ok(())
}

/// The bus and the name in a rule's ARN, or in `bus|name`.
fn rule_of(id: &str) -> (String, String) {
    let path = id.split_once(":rule/").map_or(id, |(_, path)| path);
    match path.rsplit_once(['/', '|']) {
        Some((bus, name)) => (bus.to_owned(), name.to_owned()),
        None => ("default".to_owned(), path.to_owned()),
    }
}

fn put_rule(desk: &mut Desk<'_>, properties: &Value) -> Result<String, Refusal> {
    let made = desk.ask("events", "PutRule", properties)?;
    let targets = members::list(properties, "Targets");
    if !targets.is_empty() {
        let input = json!({"Rule": properties["Name"], "EventBusName": properties.get("EventBusName"), "Targets": targets});
        let answer = desk.ask("events", "PutTargets", &input)?;
        if let Some(failed) = members::list(&answer, "FailedEntries").first() {
            return Err(Refusal::new(members::required(failed, "ErrorCode"), members::required(failed, "ErrorMessage")));
        }
    }
    Ok(members::required(&made, "RuleArn").to_owned())
}

fn read_rule(desk: &mut Desk<'_>, id: &str) -> Answer {
    let (bus, name) = rule_of(id);
    let told = desk.ask("events", "DescribeRule", &json!({"Name": name, "EventBusName": bus}))?;
    Ok(json!({"Arn": told["Arn"], "Name": name, "State": told["State"]}))
}

fn update_rule(desk: &mut Desk<'_>, id: &str, before: &Value, after: &Value) -> Result<(), Refusal> {
    let (bus, name) = rule_of(id);
    let ids = |of: &Value| -> Vec<Value> {
        members::list(of, "Targets").iter().filter_map(|target| target.get("Id").cloned()).collect()
    };
    let kept = ids(after);
    let gone: Vec<Value> = ids(before).into_iter().filter(|id| !kept.contains(id)).collect();
    if !gone.is_empty() {
        desk.ask("events", "RemoveTargets", &json!({"Rule": name, "EventBusName": bus, "Ids": gone}))?;
    }
    let mut whole = after.clone();
    whole["Name"] = name.into();
    put_rule(desk, &whole).map(drop)
}

fn delete_rule(desk: &mut Desk<'_>, id: &str) -> Result<(), Refusal> {
    let (bus, name) = rule_of(id);
    let of = json!({"Rule": name, "EventBusName": bus});
    let targets = desk.all("events", "ListTargetsByRule", of.clone(), "Targets", ("NextToken", "NextToken"))?;
    let ids: Vec<_> = targets.iter().filter_map(|target| target.get("Id").cloned()).collect();
    if !ids.is_empty() {
        desk.ask_with("events", "RemoveTargets", &of, json!({"Ids": ids}))?;
    }
    desk.ask("events", "DeleteRule", &json!({"Name": name, "EventBusName": bus})).map(drop)
}

#[cfg(test)]
mod tests {
    use super::super::{not_found, parts};
    use super::*;

    #[test]
    fn a_rule_is_found_by_its_arn_on_any_bus() {
        let pair = |bus: &str, name: &str| (bus.to_owned(), name.to_owned());
        assert_eq!(rule_of("arn:aws:events:r:1:rule/r"), pair("default", "r"));
        assert_eq!(rule_of("arn:aws:events:r:1:rule/bus/r"), pair("bus", "r"));
        assert_eq!(parts("vol-1|i-1"), ("vol-1", "i-1"));
        assert_eq!(not_found("x").code, "NotFound");
    }
}
