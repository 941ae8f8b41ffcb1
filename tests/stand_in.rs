//! The simulated AWS as other test suites use it: beginning anew, the same bytes under the same seed, and going on from a state file.

#![expect(clippy::unwrap_used, reason = "a test says by a panic what is wrong")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use lifeboat::console::{self, Exercise};
use lifeboat::sim::Scenario;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const REGION: &str = "eu-west-1";

fn empty() -> Arc<Scenario> {
    console::empty("2026-03-14T03:00:00Z".parse::<DateTime<Utc>>().unwrap())
}

async fn stand_in(record: Option<&Path>) -> Exercise {
    Exercise::stand_in(empty(), 7, record, 0, empty).await.unwrap()
}

/// One request, as it goes over the wire.
#[derive(Clone)]
struct Ask {
    name: String,
    text: String,
}

impl Ask {
    fn signed(line: &str, service: &str, headers: &str, body: &str) -> Self {
        let name = format!("{service} {line} {headers}{body}");
        let text = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\nX-Amz-Date: 20260314T030000Z\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=AKIATEST/20260314/{REGION}/{service}/aws4_request, SignedHeaders=host, \
             Signature=00\r\n{headers}\r\n{body}",
            body.len()
        );
        Self { name, text }
    }

    fn json(service: &str, target: &str, input: &Value) -> Self {
        let headers = format!("Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: {target}\r\n");
        Self::signed("POST /", service, &headers, &input.to_string())
    }

    fn form(service: &str, body: &str) -> Self {
        Self::signed("POST /", service, "Content-Type: application/x-www-form-urlencoded\r\n", body)
    }

    fn rest(line: &str, service: &str, input: &Value) -> Self {
        let body = if input.is_null() { String::new() } else { input.to_string() };
        Self::signed(line, service, "Content-Type: application/json\r\n", &body)
    }

    async fn of(&self, exercise: &Exercise) -> String {
        let mut stream = TcpStream::connect(exercise.endpoint).await.unwrap();
        stream.write_all(self.text.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The whole answer to what must be taken.
    async fn taken(&self, exercise: &Exercise) -> String {
        let told = self.of(exercise).await;
        let status = told.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
        assert!(status.is_some_and(|status| status < 300), "{}: {told}", self.name);
        told
    }
}

async fn plain(exercise: &Exercise, line: &str) -> (u16, String) {
    let text = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    let told = Ask { name: line.to_owned(), text }.of(exercise).await;
    let status = told.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    (status, told.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

/// Something written through each service that keeps anything in an empty estate.
fn writes() -> Vec<Ask> {
    let definition = json!({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}).to_string();
    let role = "arn:aws:iam::123456789012:role/any";
    let table = json!({"TableName": "orders", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]});
    let stack = json!({"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "of-a-stack"}}}});
    let stack: String = percent_encoding::utf8_percent_encode(&stack.to_string(), percent_encoding::NON_ALPHANUMERIC).collect();
    let zone = "<CreateHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Name>example.com</Name>\
                <CallerReference>once</CallerReference></CreateHostedZoneRequest>";
    let region_switch = json!({"name": "plan", "regions": ["eu-west-1", "eu-central-1"], "recoveryApproach": "activePassive",
        "primaryRegion": "eu-west-1", "executionRole": role,
        "workflows": [{"workflowTargetAction": "activate", "workflowTargetRegion": "eu-central-1", "steps": []},
            {"workflowTargetAction": "activate", "workflowTargetRegion": "eu-west-1", "steps": []}]});
    let of_queue = json!({"TypeName": "AWS::SQS::Queue", "DesiredState": json!({"QueueName": "desired"}).to_string()});
    vec![
        Ask::form("sns", "Action=CreateTopic&Version=2010-03-31&Name=alarms"),
        Ask::json("sqs", "AmazonSQS.CreateQueue", &json!({"QueueName": "orders"})),
        Ask::json(
            "sqs",
            "AmazonSQS.SendMessage",
            &json!({"QueueUrl": "http://localhost/123456789012/orders", "MessageBody": "one"}),
        ),
        Ask::json("events", "AWSEvents.PutRule", &json!({"Name": "rule", "EventPattern": "{\"source\":[\"aws.backup\"]}"})),
        Ask::json("dynamodb", "DynamoDB_20120810.CreateTable", &table),
        Ask::json(
            "dynamodb",
            "DynamoDB_20120810.PutItem",
            &json!({"TableName": "orders", "Item": {"id": {"S": "a"}, "n": {"N": "1"}}}),
        ),
        Ask::json("ssm", "AmazonSSM.PutParameter", &json!({"Name": "/a/b", "Value": "v", "Type": "String"})),
        Ask::json("ssm", "AmazonSSM.CreateOpsItem", &json!({"Title": "t", "Description": "d", "Source": "test"})),
        Ask::json(
            "states",
            "AWSStepFunctions.CreateStateMachine",
            &json!({"name": "m", "roleArn": role, "definition": definition}),
        ),
        Ask::json(
            "monitoring",
            "GraniteServiceVersion20100801.PutMetricAlarm",
            &json!({"AlarmName": "high", "Namespace": "shop", "MetricName": "errors", "Period": 60, "EvaluationPeriods": 1,
                "Statistic": "Sum", "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"}),
        ),
        Ask::form("cloudformation", &format!("Action=CreateStack&Version=2010-05-15&StackName=stack&TemplateBody={stack}")),
        Ask::form("ec2", "Action=CreateVolume&Version=2016-11-15&AvailabilityZone=eu-west-1a&Size=8"),
        Ask::form(
            "rds",
            "Action=CreateDBInstance&Version=2014-10-31&DBInstanceIdentifier=db&DBInstanceClass=db.t3.micro&Engine=postgres\
             &AllocatedStorage=20&MasterUsername=admin1&MasterUserPassword=correct-horse",
        ),
        Ask::signed(
            "PUT /of-tests",
            "s3",
            "",
            &format!("<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"),
        ),
        Ask::signed("PUT /of-tests/key", "s3", "Content-Type: text/plain\r\n", "the object"),
        Ask::signed("POST /2013-04-01/hostedzone", "route53", "Content-Type: text/xml\r\n", zone),
        Ask::rest("PUT /backup-vaults/vault", "backup", &json!({})),
        Ask::rest("POST /2015-02-01/file-systems", "elasticfilesystem", &json!({"CreationToken": "once"})),
        Ask::rest(
            "POST /2015-03-31/functions",
            "lambda",
            &json!({"FunctionName": "f", "Role": role, "Runtime": "python3.13", "Handler": "a.b",
                "Code": {"ZipFile": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="}}),
        ),
        Ask::json(
            "fsx",
            "AWSSimbaAPIService_v20180301.CreateFileSystem",
            &json!({"FileSystemType": "LUSTRE", "StorageCapacity": 1200, "SubnetIds": ["subnet-0123456789abcdef0"],
                "ClientRequestToken": "once"}),
        ),
        Ask::rest("POST /cluster", "route53-recovery-control-config", &json!({"ClusterName": "c", "ClientToken": "once"})),
        Ask::signed(
            "POST /",
            "arc-region-switch",
            "Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: ArcRegionSwitch.CreatePlan\r\n",
            &region_switch.to_string(),
        ),
        Ask::json("cloudcontrolapi", "CloudApiService.CreateResource", &of_queue),
        Ask::form("sts", "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::123456789012:role/any&RoleSessionName=once"),
    ]
}

/// What has been written, and nothing that a read takes away.
fn reads() -> Vec<Ask> {
    let queue = json!({"QueueUrl": "http://localhost/123456789012/orders", "AttributeNames": ["All"]});
    vec![
        Ask::form("sns", "Action=ListTopics&Version=2010-03-31"),
        Ask::json("sqs", "AmazonSQS.ListQueues", &json!({})),
        Ask::json("sqs", "AmazonSQS.GetQueueAttributes", &queue),
        Ask::json("events", "AWSEvents.ListRules", &json!({})),
        Ask::json("dynamodb", "DynamoDB_20120810.Scan", &json!({"TableName": "orders"})),
        Ask::json("dynamodb", "DynamoDB_20120810.DescribeTable", &json!({"TableName": "orders"})),
        Ask::json("ssm", "AmazonSSM.GetParameter", &json!({"Name": "/a/b"})),
        Ask::json("ssm", "AmazonSSM.DescribeOpsItems", &json!({})),
        Ask::json("states", "AWSStepFunctions.ListStateMachines", &json!({})),
        Ask::json("monitoring", "GraniteServiceVersion20100801.DescribeAlarms", &json!({})),
        Ask::form("cloudformation", "Action=DescribeStacks&Version=2010-05-15"),
        Ask::form("cloudformation", "Action=DescribeStackEvents&Version=2010-05-15&StackName=stack"),
        Ask::form("ec2", "Action=DescribeVolumes&Version=2016-11-15"),
        Ask::form("rds", "Action=DescribeDBInstances&Version=2014-10-31"),
        Ask::signed("GET /of-tests/key", "s3", "", ""),
        Ask::signed("GET /of-tests?versions", "s3", "", ""),
        Ask::signed("GET /2013-04-01/hostedzone", "route53", "", ""),
        Ask::rest("GET /backup-vaults", "backup", &Value::Null),
        Ask::rest("GET /2015-02-01/file-systems", "elasticfilesystem", &Value::Null),
        Ask::rest("GET /2015-03-31/functions", "lambda", &Value::Null),
        Ask::json("fsx", "AWSSimbaAPIService_v20180301.DescribeFileSystems", &json!({})),
        Ask::rest("GET /cluster", "route53-recovery-control-config", &Value::Null),
        Ask::json("arc-region-switch", "ArcRegionSwitch.ListPlans", &json!({})),
        Ask::json("cloudcontrolapi", "CloudApiService.ListResourceRequests", &json!({})),
        Ask::form("sts", "Action=GetCallerIdentity&Version=2011-06-15"),
    ]
}

async fn play(exercise: &Exercise, asks: &[Ask]) -> Vec<String> {
    let mut told = Vec::new();
    for ask in asks {
        told.push(ask.taken(exercise).await);
    }
    told
}

/// An answer without its id, which is drawn anew for each.
fn without_id(told: &str) -> String {
    let head = |line: &&str| !["x-amzn-requestid", "x-amz-request-id", "x-amz-id-2"].iter().any(|name| line.starts_with(name));
    let text: Vec<&str> = told.lines().filter(head).collect();
    let text = text.join("\n");
    ["RequestId", "requestId"].iter().fold(text, |text, name| {
        let Some((before, rest)) = text.split_once(&format!("<{name}>")) else { return text };
        let after = rest.split_once(&format!("</{name}>")).map_or("", |(_, after)| after);
        format!("{before}{after}")
    })
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes_over_http_and_so_does_beginning_anew() {
    let (first, second) = (stand_in(None).await, stand_in(None).await);
    let asks: Vec<Ask> = writes().into_iter().chain(reads()).collect();
    let told = play(&first, &asks).await;
    for ((ask, one), other) in asks.iter().zip(&told).zip(play(&second, &asks).await) {
        assert_eq!(*one, other, "{}", ask.name);
    }
    first.clock.step(Duration::from_secs(3600));
    assert_eq!(plain(&first, "POST /_lifeboat/reset").await, (200, "{\"status\":\"ok\"}".to_owned()));
    for ((ask, one), again) in asks.iter().zip(&told).zip(play(&first, &asks).await) {
        assert_eq!(*one, again, "after a reset: {}", ask.name);
    }
    let other = Exercise::stand_in(empty(), 8, None, 0, empty).await.unwrap();
    assert_ne!(told, play(&other, &asks).await, "another seed gives other ids");
    first.stop().await;
    second.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn what_was_written_through_each_service_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("state");
    let first = stand_in(Some(&record)).await;
    play(&first, &writes()).await;
    // What takes its time goes on across the restart.
    first.clock.step(Duration::from_secs(90));
    let told = play(&first, &reads()).await;
    first.stop().await;
    let second = stand_in(Some(&record)).await;
    second.clock.jump("2026-03-14T03:01:30Z".parse().unwrap());
    for ((ask, before), after) in reads().iter().zip(&told).zip(play(&second, &reads()).await) {
        assert_eq!(without_id(before), without_id(&after), "{}", ask.name);
    }
    assert_eq!(plain(&second, "POST /moto-api/reset").await.0, 200);
    second.stop().await;
    let third = stand_in(Some(&record)).await;
    let queues = Ask::json("sqs", "AmazonSQS.ListQueues", &json!({})).taken(&third).await;
    assert!(!queues.contains("orders"), "a reset is kept too: {queues}");
    third.stop().await;
}

#[tokio::test]
async fn other_suites_find_their_paths_and_an_exercise_has_none_of_them() {
    let exercise = stand_in(None).await;
    for line in ["POST /_lifeboat/reset", "POST /moto-api/reset", "POST /_localstack/state/reset", "POST /moto-api/seed?a=42"] {
        Ask::json("sqs", "AmazonSQS.CreateQueue", &json!({"QueueName": "orders"})).taken(&exercise).await;
        assert_eq!(plain(&exercise, line).await.0, 200, "{line}");
        let queues = Ask::json("sqs", "AmazonSQS.ListQueues", &json!({})).taken(&exercise).await;
        assert_eq!(queues.contains("orders"), line.contains("seed"), "{line}: {queues}");
    }
    for line in ["GET /_lifeboat/health", "GET /_localstack/health"] {
        let (status, body) = plain(&exercise, line).await;
        let health: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &health["services"]["backup"], &health["status"]), (200, &json!("available"), &json!("running")));
    }
    assert_eq!(plain(&exercise, "GET /moto-api/reset").await.0, 405);
    assert_eq!(plain(&exercise, "POST /moto-api/seed?a=x").await.0, 400);
    exercise.stop().await;

    let played = Exercise::start(empty(), 7, None, 0).await.unwrap();
    Ask::json("sqs", "AmazonSQS.CreateQueue", &json!({"QueueName": "orders"})).taken(&played).await;
    for line in ["POST /_lifeboat/reset", "POST /moto-api/reset", "POST /_localstack/state/reset", "GET /_lifeboat/health"] {
        assert_eq!(plain(&played, line).await.0, 403, "{line}");
    }
    assert!(Ask::json("sqs", "AmazonSQS.ListQueues", &json!({})).taken(&played).await.contains("orders"));
    played.stop().await;
}

#[tokio::test]
async fn ids_follow_the_seed_that_was_set() {
    let exercise = stand_in(None).await;
    let volume = Ask::form("ec2", "Action=CreateVolume&Version=2016-11-15&AvailabilityZone=eu-west-1a&Size=8");
    let mut told = Vec::new();
    for seed in [1, 2, 1] {
        assert_eq!(plain(&exercise, "POST /_lifeboat/reset").await.0, 200);
        assert_eq!(plain(&exercise, &format!("POST /_lifeboat/seed?a={seed}")).await.0, 200);
        told.push(volume.taken(&exercise).await);
    }
    assert!(told[0] == told[2] && told[0] != told[1], "{told:?}");
    exercise.stop().await;
}
