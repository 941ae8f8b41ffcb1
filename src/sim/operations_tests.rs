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

fn zone(player: &mut Player, name: &str) -> String {
    let made = player.get("route53", "CreateHostedZone", json!({"Name": name, "CallerReference": name}));
    made["HostedZone"]["Id"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

fn checked(player: &mut Player, config: Value) -> Value {
    let reference = config.to_string().chars().take(60).collect::<String>();
    let made = player.get("route53", "CreateHealthCheck", json!({"CallerReference": reference, "HealthCheckConfig": config}));
    made["HealthCheck"]["Id"].clone()
}

fn records(player: &mut Player, zone: &str, sets: &[Value]) {
    let changes: Vec<_> = sets.iter().map(|set| json!({"Action": "UPSERT", "ResourceRecordSet": set})).collect();
    player.get("route53", "ChangeResourceRecordSets", json!({"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}}));
    player.wait(60);
}

fn answered(player: &mut Player, zone: &str, name: &str) -> Value {
    let input = json!({"HostedZoneId": zone, "RecordName": name, "RecordType": "A"});
    player.get("route53", "TestDNSAnswer", input)["RecordData"].clone()
}

#[test]
fn a_zone_is_made_once_tagged_and_deleted_when_only_its_own_records_are_left() {
    let mut player = Player::new();
    let id = zone(&mut player, "example.com");
    let again = json!({"Name": "example.com", "CallerReference": "example.com"});
    assert_eq!(player.refused("route53", "CreateHostedZone", again), "HostedZoneAlreadyExists");
    let tags = json!({"ResourceType": "hostedzone", "ResourceId": id, "AddTags": [{"Key": "a", "Value": "1"}]});
    player.get("route53", "ChangeTagsForResource", tags);
    let told = player.get("route53", "ListTagsForResource", json!({"ResourceType": "hostedzone", "ResourceId": id}));
    assert_eq!(told["ResourceTagSet"]["Tags"], json!([{"Key": "a", "Value": "1"}]));
    let www = json!({"Name": "www.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]});
    records(&mut player, &id, std::slice::from_ref(&www));
    assert_eq!(player.refused("route53", "DeleteHostedZone", json!({"Id": id})), "HostedZoneNotEmpty");
    let changes = json!({"Changes": [{"Action": "DELETE", "ResourceRecordSet": www}]});
    player.get("route53", "ChangeResourceRecordSets", json!({"HostedZoneId": id, "ChangeBatch": changes}));
    player.get("route53", "DeleteHostedZone", json!({"Id": id}));
    assert_eq!(player.refused("route53", "GetHostedZone", json!({"Id": id})), "NoSuchHostedZone");
}

#[test]
fn failover_follows_an_alarm_through_checks_that_are_calculated_and_inverted() {
    let mut player = Player::new();
    let id = zone(&mut player, "example.com");
    let alarm = json!({"AlarmName": "down", "Namespace": "Shop", "MetricName": "Down", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 0.0, "ComparisonOperator": "GreaterThanThreshold"});
    player.get("monitoring", "PutMetricAlarm", alarm);
    let by_alarm = json!({"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": {"Region": "eu-west-1", "Name": "down"}});
    let by_alarm = checked(&mut player, by_alarm);
    let endpoint = checked(&mut player, json!({"Type": "HTTP", "IPAddress": "192.0.2.9"}));
    let both = json!({"Type": "CALCULATED", "HealthThreshold": 2, "ChildHealthChecks": [by_alarm, endpoint]});
    let both = checked(&mut player, both);
    let set = |which: &str, address: &str, check: Option<&Value>| {
        let mut set = json!({"Name": "www.example.com", "Type": "A", "TTL": 60, "SetIdentifier": which, "Failover": which,
            "ResourceRecords": [{"Value": address}]});
        if let Some(check) = check {
            set["HealthCheckId"] = check.clone();
        }
        set
    };
    records(&mut player, &id, &[set("PRIMARY", "192.0.2.1", Some(&both)), set("SECONDARY", "192.0.2.2", None)]);
    assert_eq!(answered(&mut player, &id, "www.example.com"), json!(["192.0.2.1"]));
    player.get("monitoring", "SetAlarmState", json!({"AlarmName": "down", "StateValue": "ALARM", "StateReason": "t"}));
    assert_eq!(answered(&mut player, &id, "www.example.com"), json!(["192.0.2.2"]));
    player.get("route53", "UpdateHealthCheck", json!({"HealthCheckId": both, "Inverted": true, "HealthCheckVersion": 1}));
    assert_eq!(answered(&mut player, &id, "www.example.com"), json!(["192.0.2.1"]));
    let stale = json!({"HealthCheckId": both, "HealthCheckVersion": 1});
    assert_eq!(player.refused("route53", "UpdateHealthCheck", stale), "HealthCheckVersionMismatch");
    player.get("route53", "DeleteHealthCheck", json!({"HealthCheckId": endpoint}));
    assert_eq!(player.refused("route53", "GetHealthCheck", json!({"HealthCheckId": endpoint})), "NoSuchHealthCheck");
    let bare = json!({"CallerReference": "x", "HealthCheckConfig": {"Type": "HTTP"}});
    assert_eq!(player.refused("route53", "CreateHealthCheck", bare), "InvalidInput");
}

#[test]
fn the_nearest_record_that_is_well_is_answered_and_an_alias_is_as_well_as_its_target() {
    let mut player = Player::new();
    let id = zone(&mut player, "example.com");
    let check = checked(&mut player, json!({"Type": "TCP", "IPAddress": "192.0.2.9", "Port": 443}));
    let near = |region: &str, address: &str| {
        json!({"Name": "near.example.com", "Type": "A", "TTL": 60, "SetIdentifier": region, "Region": region,
            "ResourceRecords": [{"Value": address}], "HealthCheckId": check})
    };
    let alias = |region: &str, to: &str| {
        json!({"Name": "www.example.com", "Type": "A", "SetIdentifier": region, "Region": region,
            "AliasTarget": {"HostedZoneId": id, "DNSName": to, "EvaluateTargetHealth": true}})
    };
    let far = json!({"Name": "far.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.3"}]});
    let mut sets = vec![near("us-west-2", "192.0.2.1"), near("eu-west-1", "192.0.2.2"), far];
    sets.extend([alias("us-east-1", "near.example.com"), alias("eu-central-1", "far.example.com")]);
    records(&mut player, &id, &sets);
    assert_eq!(answered(&mut player, &id, "near.example.com"), json!(["192.0.2.1"]));
    assert_eq!(answered(&mut player, &id, "www.example.com"), json!(["192.0.2.1"]));
    player.get("route53", "UpdateHealthCheck", json!({"HealthCheckId": check, "Inverted": true}));
    assert_eq!(answered(&mut player, &id, "www.example.com"), json!(["192.0.2.3"]));
}

#[test]
fn parameters_have_versions_paths_and_secrets() {
    let mut player = Player::new();
    for (name, kind) in [("/shop/db/host", "String"), ("/shop/db/password", "SecureString"), ("/shop/region", "String")] {
        player.get("ssm", "PutParameter", json!({"Name": name, "Value": "one", "Type": kind}));
    }
    let again = json!({"Name": "/shop/region", "Value": "two", "Type": "String"});
    assert_eq!(player.refused("ssm", "PutParameter", again.clone()), "ParameterAlreadyExists");
    let mut over = again;
    over["Overwrite"] = true.into();
    assert_eq!(player.get("ssm", "PutParameter", over)["Version"], 2);
    let value = |player: &mut Player, name: &str, open: bool| {
        player.get("ssm", "GetParameter", json!({"Name": name, "WithDecryption": open}))["Parameter"]["Value"].clone()
    };
    assert_eq!([value(&mut player, "/shop/region", false), value(&mut player, "/shop/region:1", false)], ["two", "one"]);
    assert_eq!(value(&mut player, "/shop/db/password", true), "one");
    assert_ne!(value(&mut player, "/shop/db/password", false), "one");
    let below = |player: &mut Player, deep: bool| {
        let told = player.get("ssm", "GetParametersByPath", json!({"Path": "/shop", "Recursive": deep}));
        told["Parameters"].as_array().unwrap().len()
    };
    assert_eq!([below(&mut player, false), below(&mut player, true)], [1, 3]);
    let filter = json!({"ParameterFilters": [{"Key": "Type", "Values": ["SecureString"]}]});
    assert_eq!(player.get("ssm", "DescribeParameters", filter)["Parameters"][0]["Name"], "/shop/db/password");
    let deleted = player.get("ssm", "DeleteParameters", json!({"Names": ["/shop/region", "/none"]}));
    assert_eq!(deleted, json!({"DeletedParameters": ["/shop/region"], "InvalidParameters": ["/none"]}));
    assert_eq!(player.refused("ssm", "GetParameter", json!({"Name": "/shop/region"})), "ParameterNotFound");
    assert_eq!(player.refused("ssm", "GetParameter", json!({"Name": "/shop/db/host:9"})), "ParameterVersionNotFound");
}

#[test]
fn a_runbook_that_a_caller_makes_is_told_and_runs() {
    let mut player = Player::new();
    let content = json!({"schemaVersion": "0.3", "description": "d", "parameters": {"Who": {"type": "String"}},
        "mainSteps": [{"name": "one", "action": "aws:sleep", "inputs": {}}]});
    let make = json!({"Name": "mine", "Content": content.to_string(), "DocumentType": "Automation"});
    player.get("ssm", "CreateDocument", make.clone());
    assert_eq!(player.refused("ssm", "CreateDocument", make), "DocumentAlreadyExists");
    let told = player.get("ssm", "DescribeDocument", json!({"Name": "mine"}));
    assert_eq!((&told["Document"]["Parameters"][0]["Name"], &told["Document"]["SchemaVersion"]), (&json!("Who"), &json!("0.3")));
    assert_eq!(player.get("ssm", "GetDocument", json!({"Name": "mine"}))["Content"], content.to_string());
    let listed = player.get(
        "ssm",
        "ListDocuments",
        json!({"Filters": [{"Key": "DocumentType", "Values": ["Automation"]}, {"Key": "Owner", "Values": ["Self"]}]}),
    );
    assert_eq!(listed["DocumentIdentifiers"][0]["Name"], "mine");
    let started = player.get("ssm", "StartAutomationExecution", json!({"DocumentName": "mine", "Parameters": {"Who": ["Kim"]}}));
    player.wait(60);
    let told = player.get("ssm", "GetAutomationExecution", json!({"AutomationExecutionId": started["AutomationExecutionId"]}));
    assert_eq!(told["AutomationExecution"]["AutomationExecutionStatus"], "Success");
    player.get("ssm", "DeleteDocument", json!({"Name": "mine"}));
    assert_eq!(player.refused("ssm", "GetDocument", json!({"Name": "mine"})), "InvalidDocument");
}

#[test]
fn the_runbooks_of_a_scenario_have_a_text_too() {
    let mut player = Player::in_exercise("444455556666", "eu-central-1");
    let listed = player.get("ssm", "ListDocuments", json!({}))["DocumentIdentifiers"].clone();
    let name = listed[0]["Name"].clone();
    let told = player.get("ssm", "GetDocument", json!({"Name": name}));
    let content: Value = serde_json::from_str(told["Content"].as_str().unwrap()).unwrap();
    assert!(!content["mainSteps"].as_array().unwrap().is_empty());
}

#[test]
fn a_session_token_makes_a_key_of_its_holder_that_expires() {
    let mut player = Player::new();
    let told = player.get("sts", "GetSessionToken", json!({"DurationSeconds": 900}))["Credentials"].clone();
    assert_eq!(told["Expiration"], stamp(player.now + TimeDelta::seconds(900)));
    let key = player.get("sts", "GetAccessKeyInfo", json!({"AccessKeyId": told["AccessKeyId"]}));
    assert_eq!(key, json!({"Account": "123456789012"}));
}
