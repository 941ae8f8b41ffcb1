//! What callers make by themselves: vaults and copies, alarms on expressions, zones and checks, parameters.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::members::stamp;
use super::messaging_tests::Player;

const SNAPSHOTS: &str = "shop-recovery";

#[test]
fn a_vault_is_made_once_tagged_and_deleted_when_it_is_empty() {
    let mut player = Player::new();
    let made = player.get("backup", "CreateBackupVault", json!({"BackupVaultName": "mine", "BackupVaultTags": {"team": "shop"}}));
    let arn = made["BackupVaultArn"].clone();
    assert_eq!(arn, "arn:aws:backup:eu-west-1:123456789012:backup-vault:mine");
    assert_eq!(player.refused("backup", "CreateBackupVault", json!({"BackupVaultName": "mine"})), "AlreadyExistsException");
    player.get("backup", "TagResource", json!({"ResourceArn": arn, "Tags": {"a": "1", "b": "2"}}));
    player.get("backup", "UntagResource", json!({"ResourceArn": arn, "TagKeyList": ["a"]}));
    let first = player.get("backup", "ListTags", json!({"ResourceArn": arn, "MaxResults": 1}));
    assert_eq!(first["Tags"], json!({"b": "2"}));
    let rest = player.get("backup", "ListTags", json!({"ResourceArn": arn, "MaxResults": 1, "NextToken": first["NextToken"]}));
    assert_eq!(rest, json!({"Tags": {"team": "shop"}}));
    player.get("backup", "DeleteBackupVault", json!({"BackupVaultName": "mine"}));
    assert_eq!(player.refused("backup", "ListTags", json!({"ResourceArn": arn})), "ResourceNotFoundException");
}

#[test]
fn a_copy_brings_a_point_into_another_region_as_a_snapshot_that_can_be_restored() {
    let mut player = Player::in_exercise("444455556666", "eu-central-1");
    let table = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
    let input = json!({"BackupVaultName": SNAPSHOTS, "ByResourceArn": table});
    let points = player.get("backup", "ListRecoveryPointsByBackupVault", input);
    let point = points["RecoveryPoints"].as_array().unwrap().iter().find(|point| point["Status"] == "COMPLETED").unwrap().clone();
    player.region = "eu-north-1";
    let vault = player.get("backup", "CreateBackupVault", json!({"BackupVaultName": "far"}))["BackupVaultArn"].clone();
    player.region = "eu-central-1";
    let asked = json!({
        "RecoveryPointArn": point["RecoveryPointArn"], "SourceBackupVaultName": SNAPSHOTS, "DestinationBackupVaultArn": vault,
        "IamRoleArn": "arn:aws:iam::444455556666:role/r", "IdempotencyToken": "once",
    });
    let job = player.get("backup", "StartCopyJob", asked.clone());
    assert_eq!(player.get("backup", "StartCopyJob", asked.clone()), job);
    assert_eq!(player.refused("backup", "DeleteBackupVault", json!({"BackupVaultName": SNAPSHOTS})), "InvalidRequestException");
    player.wait(60);
    let describe = json!({"CopyJobId": job["CopyJobId"]});
    assert_eq!(player.get("backup", "DescribeCopyJob", describe.clone())["CopyJob"]["State"], "RUNNING");
    player.wait(600);
    let done = player.get("backup", "DescribeCopyJob", describe)["CopyJob"].clone();
    assert_eq!(done["State"], "COMPLETED");
    let listed = player.get("backup", "ListCopyJobs", json!({"ByState": "COMPLETED", "ByResourceType": "DynamoDB"}));
    assert_eq!(listed["CopyJobs"], json!([done]));
    player.region = "eu-north-1";
    let there = player.get(
        "backup",
        "DescribeRecoveryPoint",
        json!({"BackupVaultName": "far", "RecoveryPointArn": done["DestinationRecoveryPointArn"]}),
    );
    assert_eq!((&there["CreationDate"], &there["ResourceArn"]), (&point["CreationDate"], &json!(table)));
    let protected = player.get("backup", "DescribeProtectedResource", json!({"ResourceArn": table}));
    assert_eq!(protected["LastRecoveryPointArn"], done["DestinationRecoveryPointArn"]);
    let inferred = json!({"BackupVaultName": "far", "RecoveryPointArn": done["DestinationRecoveryPointArn"]});
    let inferred = player.get("backup", "GetRestoreTestingInferredMetadata", inferred);
    assert_eq!(inferred["InferredMetadata"]["encryptionType"], "Default");
    let mut nowhere = asked;
    nowhere["DestinationBackupVaultArn"] = "arn:aws:backup:eu-west-3:444455556666:backup-vault:none".into();
    nowhere["IdempotencyToken"] = "twice".into();
    assert_eq!(player.refused("backup", "StartCopyJob", nowhere), "ResourceNotFoundException");
}

fn put(player: &mut Player, name: &str, value: f64) {
    let data = json!({"Namespace": "Shop", "MetricData": [{"MetricName": name, "Value": value, "Unit": "Count",
        "Dimensions": [{"Name": "Service", "Value": "web, eu"}]}]});
    player.get("monitoring", "PutMetricData", data);
}

fn stat(id: &str, name: &str) -> Value {
    let metric = json!({"Namespace": "Shop", "MetricName": name, "Dimensions": [{"Name": "Service", "Value": "web, eu"}]});
    json!({"Id": id, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": false})
}

#[test]
fn an_alarm_follows_an_expression_over_its_metrics() {
    let mut player = Player::new();
    let metrics = json!([stat("errors", "Errors"), stat("all", "Requests"), {"Id": "rate", "Expression": "100 * errors / all"}]);
    let alarm = json!({"AlarmName": "rate", "Metrics": metrics, "EvaluationPeriods": 1, "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanThreshold"});
    player.get("monitoring", "PutMetricAlarm", alarm.clone());
    for (errors, expected) in [(2.0, "OK"), (9.0, "ALARM")] {
        put(&mut player, "Errors", errors);
        put(&mut player, "Requests", 100.0);
        player.wait(60);
        let told = player.get("monitoring", "DescribeAlarms", json!({}))["MetricAlarms"][0].clone();
        assert_eq!((&told["StateValue"], &told["Metrics"][2]["Id"]), (&json!(expected), &json!("rate")));
    }
    let mut broken = alarm;
    broken["Metrics"][2]["Expression"] = "100 * nothing / all".into();
    assert_eq!(player.refused("monitoring", "PutMetricAlarm", broken.clone()), "ValidationError");
    broken["Metrics"][2]["Expression"] = "100 *".into();
    assert_eq!(player.refused("monitoring", "PutMetricAlarm", broken), "ValidationError");
}

#[test]
fn metrics_are_listed_and_read_by_statistic_and_by_expression() {
    let mut player = Player::new();
    let start = player.now;
    for value in [1.0, 2.0, 3.0] {
        put(&mut player, "Errors", value);
        player.wait(60);
    }
    let listed = player.get("monitoring", "ListMetrics", json!({"Dimensions": [{"Name": "Service"}]}));
    assert_eq!(
        listed["Metrics"],
        json!([{"Namespace": "Shop", "MetricName": "Errors",
        "Dimensions": [{"Name": "Service", "Value": "web, eu"}]}])
    );
    let range = json!({"StartTime": stamp(start), "EndTime": stamp(player.now)});
    let mut asked = json!({"Namespace": "Shop", "MetricName": "Errors", "Period": 180, "Statistics": ["Sum", "Maximum"],
        "Dimensions": [{"Name": "Service", "Value": "web, eu"}]});
    asked.as_object_mut().unwrap().extend(range.as_object().unwrap().clone());
    let told = player.get("monitoring", "GetMetricStatistics", asked.clone());
    let expected = json!([{"Timestamp": stamp(start), "Unit": "Count", "Sum": 6.0, "Maximum": 3.0}]);
    assert_eq!(told["Datapoints"], expected);
    asked["Period"] = 61.into();
    assert_eq!(player.refused("monitoring", "GetMetricStatistics", asked), "InvalidParameterValueException");
    let mut asked = json!({"MetricDataQueries": [stat("e", "Errors"), {"Id": "twice", "Expression": "e * 2", "Label": "double"}],
        "ScanBy": "TimestampAscending", "MaxDatapoints": 2});
    asked.as_object_mut().unwrap().extend(range.as_object().unwrap().clone());
    let first = player.get("monitoring", "GetMetricData", asked.clone());
    assert_eq!(
        (&first["MetricDataResults"][0]["Label"], &first["MetricDataResults"][0]["Values"]),
        (&json!("double"), &json!([2.0, 4.0]))
    );
    asked["NextToken"] = first["NextToken"].clone();
    let rest = player.get("monitoring", "GetMetricData", asked);
    assert_eq!((&rest["MetricDataResults"][0]["Values"], rest.get("NextToken")), (&json!([6.0]), None));
}

#[test]
fn alarms_are_found_by_metric_tagged_silenced_and_deleted_together_or_not_at_all() {
    let mut player = Player::new();
    let alarm = |name: &str| {
        json!({"AlarmName": name, "Namespace": "Shop", "MetricName": "Errors", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
            "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold", "Tags": [{"Key": "team", "Value": "shop"}]})
    };
    player.get("monitoring", "PutMetricAlarm", alarm("a"));
    player.get("monitoring", "PutMetricAlarm", alarm("b"));
    player.get("monitoring", "PutCompositeAlarm", json!({"AlarmName": "both", "AlarmRule": "ALARM(a) AND ALARM(b)"}));
    let found = player.get("monitoring", "DescribeAlarmsForMetric", json!({"Namespace": "Shop", "MetricName": "Errors"}));
    assert_eq!(found["MetricAlarms"].as_array().unwrap().len(), 2);
    let arn = found["MetricAlarms"][0]["AlarmArn"].clone();
    player.get("monitoring", "TagResource", json!({"ResourceARN": arn, "Tags": [{"Key": "tier", "Value": "1"}]}));
    player.get("monitoring", "UntagResource", json!({"ResourceARN": arn, "TagKeys": ["team"]}));
    let tags = player.get("monitoring", "ListTagsForResource", json!({"ResourceARN": arn}));
    assert_eq!(tags, json!({"Tags": [{"Key": "tier", "Value": "1"}]}));
    player.get("monitoring", "DisableAlarmActions", json!({"AlarmNames": ["a", "none"]}));
    let told = player.get("monitoring", "DescribeAlarms", json!({"AlarmNames": ["a"]}));
    assert_eq!(told["MetricAlarms"][0]["ActionsEnabled"], false);
    assert_eq!(player.refused("monitoring", "DeleteAlarms", json!({"AlarmNames": ["a", "none"]})), "ResourceNotFound");
    player.get("monitoring", "DeleteAlarms", json!({"AlarmNames": ["a", "both"]}));
    let left = player.get("monitoring", "DescribeAlarms", json!({"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}));
    assert_eq!((left["MetricAlarms"].as_array().unwrap().len(), left["CompositeAlarms"].as_array().unwrap().len()), (1, 0));
    player.now += TimeDelta::seconds(1);
    let history = player.get("monitoring", "DescribeAlarmHistory", json!({"AlarmName": "a"}));
    assert_eq!(history["AlarmHistoryItems"][0]["HistorySummary"], "Alarm \"a\" deleted");
}
