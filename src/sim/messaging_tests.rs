//! Alarms, jobs and Health events find their way through rules and topics into queues.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::call::{Answer, Call, Caller, Refusal, Services};
use super::scenario::{self, Scenario};
use super::world::World;
use super::{model, wire};

/// Somebody who calls, in one account and Region at a time.
pub(super) struct Player {
    pub(super) world: World,
    pub(super) now: DateTime<Utc>,
    pub(super) account: &'static str,
    pub(super) region: &'static str,
}

impl Player {
    pub(super) fn new() -> Self {
        let now = "2026-03-14T03:00:00Z".parse().unwrap();
        let world = World::new(Arc::new(Scenario::empty(now)), 7);
        Self { world, now, account: "123456789012", region: "eu-west-1" }
    }

    pub(super) fn in_exercise(account: &'static str, region: &'static str) -> Self {
        let text = include_str!("../../assets/scenarios/region-outage.toml");
        let world = World::new(Arc::new(scenario::parse("region-outage.toml", text).unwrap()), 7);
        Self { now: world.now(), world, account, region }
    }

    pub(super) fn call(&self, service: &'static str, operation: &str, input: Value) -> Call {
        let account = self.account.to_owned();
        let arn = format!("arn:aws:iam::{account}:user/test");
        let caller = Caller { account, region: self.region.into(), arn, user_id: "AIDATEST".into() };
        Call { caller, service, operation: operation.into(), input, at: self.now }
    }

    pub(super) fn ask(&mut self, service: &'static str, operation: &str, input: Value) -> Answer {
        let call = self.call(service, operation, input);
        let answer = self.world.answer(call);
        let (_, model) = model::model(service).unwrap();
        if let Ok(value) = &answer {
            assert_eq!(wire::misfit(model, model.operation(operation).unwrap(), value), None);
        }
        answer
    }

    pub(super) fn get(&mut self, service: &'static str, operation: &str, input: Value) -> Value {
        self.ask(service, operation, input).unwrap_or_else(|refusal: Refusal| panic!("{operation}: {refusal:?}"))
    }

    pub(super) fn refused(&mut self, service: &'static str, operation: &str, input: Value) -> String {
        self.ask(service, operation, input).unwrap_err().code
    }

    pub(super) fn wait(&mut self, seconds: i64) {
        self.now += TimeDelta::seconds(seconds);
        self.world.advance_to(self.now);
    }

    pub(super) fn queue(&mut self, name: &str, attributes: Value) -> (String, String) {
        let url = self.get("sqs", "CreateQueue", json!({"QueueName": name, "Attributes": attributes}))["QueueUrl"].clone();
        let url = url.as_str().unwrap().to_owned();
        let told = self.get("sqs", "GetQueueAttributes", json!({"QueueUrl": url, "AttributeNames": ["QueueArn"]}));
        (url, told["Attributes"]["QueueArn"].as_str().unwrap().to_owned())
    }

    pub(super) fn receive(&mut self, url: &str) -> Vec<Value> {
        let input =
            json!({"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"], "AttributeNames": ["All"]});
        self.get("sqs", "ReceiveMessage", input)["Messages"].as_array().cloned().unwrap_or_default()
    }

    pub(super) fn bodies(&mut self, url: &str) -> Vec<Value> {
        self.receive(url).iter().map(|message| serde_json::from_str(message["Body"].as_str().unwrap()).unwrap()).collect()
    }

    pub(super) fn rule(&mut self, pattern: Value, target: &str) {
        self.get("events", "PutRule", json!({"Name": "r", "EventPattern": pattern.to_string()}));
        self.get("events", "PutTargets", json!({"Rule": "r", "Targets": [{"Id": "1", "Arn": target}]}));
    }
}

#[test]
fn a_message_is_hidden_while_somebody_has_it_and_comes_again_if_it_is_not_deleted() {
    let mut player = Player::new();
    let (url, _) = player.queue("work", json!({"VisibilityTimeout": "40"}));
    player.get("sqs", "SendMessage", json!({"QueueUrl": url, "MessageBody": "one"}));
    let first = player.receive(&url);
    assert_eq!((first.len(), &first[0]["Body"]), (1, &json!("one")));
    player.wait(39);
    assert!(player.receive(&url).is_empty());
    player.wait(1);
    let again = player.receive(&url);
    assert_eq!(again[0]["Attributes"]["ApproximateReceiveCount"], "2");
    let receipt = &again[0]["ReceiptHandle"];
    player.get("sqs", "ChangeMessageVisibility", json!({"QueueUrl": url, "ReceiptHandle": receipt, "VisibilityTimeout": 0}));
    assert_eq!(player.receive(&url).len(), 1);
    player.get("sqs", "DeleteMessage", json!({"QueueUrl": url, "ReceiptHandle": receipt}));
    player.wait(100);
    assert!(player.receive(&url).is_empty());
    assert_eq!(
        player.refused("sqs", "DeleteMessage", json!({"QueueUrl": url, "ReceiptHandle": "made up"})),
        "ReceiptHandleIsInvalid"
    );
    assert_eq!(player.refused("sqs", "SendMessage", json!({"QueueUrl": "none", "MessageBody": "x"})), "QueueDoesNotExist");
}

#[test]
fn what_is_received_too_often_goes_to_the_queue_of_dead_letters() {
    let mut player = Player::new();
    let (dead, arn) = player.queue("dead", json!({}));
    let policy = json!({"deadLetterTargetArn": arn, "maxReceiveCount": "2"}).to_string();
    let (url, source) = player.queue("work", json!({"RedrivePolicy": policy, "VisibilityTimeout": "1"}));
    player.get("sqs", "SendMessage", json!({"QueueUrl": url, "MessageBody": "poison"}));
    for expected in [1, 1, 0] {
        assert_eq!(player.receive(&url).len(), expected);
        player.wait(2);
    }
    let buried = player.receive(&dead);
    assert_eq!(buried[0]["Attributes"]["DeadLetterQueueSourceArn"], json!(source));
    let sources = player.get("sqs", "ListDeadLetterSourceQueues", json!({"QueueUrl": dead}));
    assert_eq!(sources["queueUrls"], json!([url]));
}

#[test]
fn a_fifo_queue_keeps_the_order_of_a_group_and_takes_a_message_once() {
    let mut player = Player::new();
    let (url, _) = player.queue("work.fifo", json!({"FifoQueue": "true", "ContentBasedDeduplication": "true"}));
    for (group, body) in [("a", "1"), ("a", "2"), ("b", "3"), ("a", "1")] {
        player.get("sqs", "SendMessage", json!({"QueueUrl": url, "MessageBody": body, "MessageGroupId": group}));
    }
    let input = json!({"QueueUrl": url, "MaxNumberOfMessages": 1});
    let mut next = || player.get("sqs", "ReceiveMessage", input.clone())["Messages"][0]["Body"].clone();
    assert_eq!([next(), next(), next()], [json!("1"), json!("3"), Value::Null], "one of a group is in flight at a time");
    assert_eq!(player.refused("sqs", "SendMessage", json!({"QueueUrl": url, "MessageBody": "x"})), "MissingParameter");
}

#[test]
fn a_receive_that_waits_says_until_when_and_no_longer_once_there_is_something() {
    let mut player = Player::new();
    let (url, _) = player.queue("work", json!({"ReceiveMessageWaitTimeSeconds": "20"}));
    let call = player.call("sqs", "ReceiveMessage", json!({"QueueUrl": url}));
    assert_eq!(player.world.waits(&call), Some(player.now + TimeDelta::seconds(20)));
    let short = player.call("sqs", "ReceiveMessage", json!({"QueueUrl": url, "WaitTimeSeconds": 0}));
    assert_eq!(player.world.waits(&short), None);
    player.get("sqs", "SendMessage", json!({"QueueUrl": url, "MessageBody": "one"}));
    assert_eq!(player.world.waits(&call), None);
}

#[test]
fn a_topic_reaches_the_queues_whose_filters_want_its_message() {
    let mut player = Player::new();
    let topic = player.get("sns", "CreateTopic", json!({"Name": "alarms"}))["TopicArn"].clone();
    let (wrapped, wrapped_arn) = player.queue("wrapped", json!({}));
    let (raw, raw_arn) = player.queue("raw", json!({}));
    let subscribe =
        |arn: &str, attributes| json!({"TopicArn": topic, "Protocol": "sqs", "Endpoint": arn, "Attributes": attributes});
    player.get("sns", "Subscribe", subscribe(&wrapped_arn, json!({})));
    let filter = json!({"kind": ["urgent"], "count": [{"numeric": [">", 3]}]}).to_string();
    player.get("sns", "Subscribe", subscribe(&raw_arn, json!({"RawMessageDelivery": "true", "FilterPolicy": filter})));
    for (kind, count) in [("urgent", "7"), ("urgent", "1"), ("idle", "7")] {
        let attributes = json!({"kind": {"DataType": "String", "StringValue": kind},
            "count": {"DataType": "Number", "StringValue": count}});
        player.get("sns", "Publish", json!({"TopicArn": topic, "Message": "m", "Subject": "s", "MessageAttributes": attributes}));
    }
    let told = player.receive(&raw);
    assert_eq!((told.len(), &told[0]["Body"]), (1, &json!("m")));
    assert_eq!(told[0]["MessageAttributes"]["count"]["StringValue"], "7");
    let told = player.bodies(&wrapped);
    assert_eq!(told.len(), 3);
    assert_eq!((&told[0]["Type"], &told[0]["Message"], &told[0]["TopicArn"]), (&json!("Notification"), &json!("m"), &topic));
    assert_eq!(told[0]["MessageAttributes"]["kind"], json!({"Type": "String", "Value": "urgent"}));
}

#[test]
fn events_that_a_pattern_lets_through_reach_the_queue_and_no_others() {
    let mut player = Player::new();
    let (url, arn) = player.queue("events", json!({}));
    player.rule(json!({"source": ["shop"], "detail": {"total": [{"numeric": [">=", 10]}]}}), &arn);
    let entry = |source: &str, total: i64| json!({"Source": source, "DetailType": "Order", "Detail": json!({"total": total}).to_string()});
    let broken = json!({"Source": "shop", "DetailType": "Order", "Detail": "no"});
    let told =
        player.get("events", "PutEvents", json!({"Entries": [entry("shop", 12), entry("shop", 9), entry("x", 12), broken]}));
    assert_eq!((&told["FailedEntryCount"], &told["Entries"][3]["ErrorCode"]), (&json!(1), &json!("MalformedDetail")));
    let told_here = player.bodies(&url);
    assert_eq!(told_here.len(), 1);
    assert_eq!((&told_here[0]["id"], &told_here[0]["detail"]["total"]), (&told["Entries"][0]["EventId"], &json!(12)));
    player.get("events", "DisableRule", json!({"Name": "r"}));
    player.get("events", "PutEvents", json!({"Entries": [entry("shop", 12)]}));
    assert!(player.bodies(&url).is_empty());
    assert_eq!(player.refused("events", "DeleteRule", json!({"Name": "r"})), "ValidationException");
    player.get("events", "RemoveTargets", json!({"Rule": "r", "Ids": ["1"]}));
    player.get("events", "DeleteRule", json!({"Name": "r"}));
    assert_eq!(player.refused("events", "DescribeRule", json!({"Name": "r"})), "ResourceNotFoundException");
}

#[test]
fn an_alarm_tells_its_topic_and_its_event_reaches_a_rule() {
    let mut player = Player::new();
    let (url, arn) = player.queue("events", json!({}));
    let topic = player.get("sns", "CreateTopic", json!({"Name": "alarms"}))["TopicArn"].clone();
    player.get("sns", "Subscribe", json!({"TopicArn": topic, "Protocol": "sqs", "Endpoint": arn}));
    player.rule(json!({"source": ["aws.cloudwatch"], "detail": {"state": {"value": ["ALARM"]}}}), &arn);
    let alarm = json!({
        "AlarmName": "errors", "Namespace": "Shop", "MetricName": "Errors", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": [topic],
    });
    player.get("monitoring", "PutMetricAlarm", alarm);
    let data = json!({"Namespace": "Shop", "MetricData": [{"MetricName": "Errors", "Value": 9.0}]});
    player.get("monitoring", "PutMetricData", data);
    player.wait(60);
    let mut told = player.bodies(&url);
    told.sort_by_key(|body| body.get("Type").is_some());
    let [event, notice] = told.try_into().unwrap();
    assert_eq!(event["detail-type"], "CloudWatch Alarm State Change");
    assert_eq!(event["resources"], json!(["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:errors"]));
    assert_eq!(event["detail"]["previousState"]["value"], "INSUFFICIENT_DATA");
    assert_eq!(event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]["name"], "Errors");
    assert_eq!(notice["Subject"], "ALARM: \"errors\" in EU (Ireland)");
    let message: Value = serde_json::from_str(notice["Message"].as_str().unwrap()).unwrap();
    assert_eq!((&message["NewStateValue"], &message["Trigger"]["Statistic"]), (&json!("ALARM"), &json!("SUM")));
}

#[test]
fn a_health_event_reaches_a_rule_in_the_region_that_it_is_about() {
    let mut player = Player::in_exercise("111122223333", "eu-west-1");
    let (url, arn) = player.queue("events", json!({}));
    player.rule(json!({"source": ["aws.health"]}), &arn);
    player.wait(600);
    let told = player.bodies(&url);
    assert!(!told.is_empty());
    let detail = &told[0]["detail"];
    assert_eq!((&told[0]["detail-type"], &detail["eventRegion"]), (&json!("AWS Health Event"), &json!("eu-west-1")));
    assert!(detail["startTime"].as_str().unwrap().ends_with("GMT"));
}

#[test]
fn a_restore_job_tells_when_it_runs_and_when_it_is_done() {
    let mut player = Player::in_exercise("444455556666", "eu-central-1");
    let (url, arn) = player.queue("events", json!({}));
    player.rule(json!({"source": ["aws.backup"], "detail-type": ["Restore Job State Change"]}), &arn);
    let table = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
    let points = json!({"BackupVaultName": "shop-recovery", "ByResourceArn": table});
    let points = player.get("backup", "ListRecoveryPointsByBackupVault", points);
    let usable = points["RecoveryPoints"].as_array().unwrap().iter().find(|point| point["Status"] == "COMPLETED").unwrap();
    let started = player.get(
        "backup",
        "StartRestoreJob",
        json!({"RecoveryPointArn": usable["RecoveryPointArn"], "Metadata": {"targetTableName": "orders-2"},
            "IamRoleArn": "arn:aws:iam::444455556666:role/lifeboat-restore"}),
    );
    player.wait(3600);
    let told = player.bodies(&url);
    let states: Vec<_> = told.iter().map(|event| event["detail"]["status"].as_str().unwrap()).collect();
    assert_eq!(states, ["RUNNING", "COMPLETED"]);
    assert_eq!(told[1]["detail"]["restoreJobId"], started["RestoreJobId"]);
}

#[test]
fn an_empty_estate_goes_on_from_its_record_with_its_messages() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state");
    let scenario = Arc::new(Scenario::empty("2026-03-14T03:00:00Z".parse().unwrap()));
    let mut player = Player::new();
    player.world = World::restore(scenario.clone(), 7, &path).unwrap();
    let (url, _) = player.queue("work", json!({}));
    let sent = player.get("sqs", "SendMessage", json!({"QueueUrl": url, "MessageBody": "one"}));
    player.world = World::restore(scenario, 7, &path).unwrap();
    assert_eq!(player.receive(&url)[0]["MessageId"], sent["MessageId"]);
}

#[test]
fn accounts_and_regions_have_queues_topics_and_rules_of_their_own() {
    let mut player = Player::new();
    let (url, _) = player.queue("work", json!({}));
    player.get("sns", "CreateTopic", json!({"Name": "t"}));
    player.region = "eu-central-1";
    assert_eq!(player.refused("sqs", "SendMessage", json!({"QueueUrl": url, "MessageBody": "x"})), "QueueDoesNotExist");
    assert_eq!(player.get("sns", "ListTopics", json!({})), json!({"Topics": []}));
    (player.account, player.region) = ("111122223333", "eu-west-1");
    assert_eq!(player.refused("sqs", "SendMessage", json!({"QueueUrl": url, "MessageBody": "x"})), "AccessDenied");
    assert_eq!(player.get("sqs", "ListQueues", json!({})), json!({}));
}
