//! Tests of the whole world, played through its calls: the built-in exercise, its services, its record.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::call::{Answer, Call, Caller, Services, Weather};
use super::inject::{Change, Inject};
use super::scenario::{self, Scenario};
use super::shop;
use super::world::World;

const ORDERS: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
const DATABASE: &str = "arn:aws:rds:eu-west-1:111122223333:db:orders-db";
const MEDIA: &str = "arn:aws:elasticfilesystem:eu-west-1:111122223333:file-system/fs-0a1b2c3d4e5f60718";
const CATALOG: &str = "arn:aws:ec2:eu-west-1:111122223333:volume/vol-0c4a7a1090f3e5d21";
const ASSETS: &str = "arn:aws:s3:::shop-assets-eu-west-1";
const KEY: &str = "arn:aws:kms:eu-central-1:444455556666:key/0f1e2d3c-4b5a-4968-8776-655443322110";
const CHECK: &str = "9b7e2c14-0f3d-4e68-8c55-1a2d4f6b8e02";

fn outage() -> Arc<Scenario> {
    let text = include_str!("../../assets/scenarios/region-outage.toml");
    Arc::new(scenario::parse("region-outage.toml", text).unwrap_or_else(|faults| panic!("{faults}")))
}

/// `mm:ss` after the start.
fn at(clock: &str) -> DateTime<Utc> {
    let (minutes, seconds) = clock.split_once(':').unwrap();
    let after = TimeDelta::minutes(minutes.parse().unwrap()) + TimeDelta::seconds(seconds.parse().unwrap());
    "2026-03-14T03:00:00Z".parse::<DateTime<Utc>>().unwrap() + after
}

/// A world with somebody at a terminal.
struct Player {
    world: World,
    now: DateTime<Utc>,
}

impl Player {
    fn new() -> Self {
        Self::of(World::new(outage(), 7))
    }

    fn of(world: World) -> Self {
        Self { now: world.now(), world }
    }

    fn until(&mut self, clock: &str) -> &mut Self {
        self.now = at(clock);
        self.world.advance_to(self.now);
        self
    }

    fn ask(&mut self, site: &str, service: &'static str, operation: &str, input: Value) -> Answer {
        let (account, region) = match site {
            "primary" => ("111122223333", "eu-west-1"),
            "recovery" => ("444455556666", "eu-central-1"),
            other => (other, "eu-central-1"),
        };
        let role = format!("arn:aws:sts::{account}:assumed-role/lifeboat-operator/test");
        let caller = Caller { account: account.into(), region: region.into(), arn: role, user_id: "AROA:test".into() };
        self.world.answer(Call { caller, service, operation: operation.into(), input, at: self.now })
    }

    fn get(&mut self, site: &str, service: &'static str, operation: &str, input: Value) -> Value {
        self.ask(site, service, operation, input).unwrap_or_else(|refusal| panic!("{operation}: {refusal:?}"))
    }

    fn refused(&mut self, service: &'static str, operation: &str, input: Value) -> String {
        self.ask("recovery", service, operation, input).unwrap_err().code
    }

    fn newest(&mut self, resource: &str) -> Value {
        let input = json!({"BackupVaultName": "shop-recovery", "ByResourceArn": resource});
        self.get("recovery", "backup", "ListRecoveryPointsByBackupVault", input)["RecoveryPoints"][0].clone()
    }

    fn restore(&mut self, resource: &str, token: &str, metadata: Value) -> Answer {
        let arn = self.newest(resource)["RecoveryPointArn"].clone();
        let role = "arn:aws:iam::444455556666:role/lifeboat-restore";
        let input = json!({"RecoveryPointArn": arn, "IamRoleArn": role, "IdempotencyToken": token, "Metadata": metadata});
        self.ask("recovery", "backup", "StartRestoreJob", input)
    }

    fn job(&mut self, started: &Value) -> Value {
        self.get("recovery", "backup", "DescribeRestoreJob", started.clone())
    }

    fn alarm(&mut self, site: &str, name: &str) -> Value {
        let input = json!({"AlarmNames": [name], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]});
        let answer = self.get(site, "monitoring", "DescribeAlarms", input);
        let found = answer["MetricAlarms"].as_array().unwrap().iter().chain(answer["CompositeAlarms"].as_array().unwrap()).next();
        found.unwrap_or_else(|| panic!("no alarm {name}")).clone()
    }

    fn restore_all(&mut self) -> Value {
        let db = json!({"DBInstanceIdentifier": "orders-db", "DBSubnetGroupName": "shop-recovery"});
        let efs = json!({"newFileSystem": "true", "Encrypted": "true", "KmsKeyId": KEY, "PerformanceMode": "generalPurpose",
            "CreationToken": "media"});
        self.restore(ORDERS, "t1", json!({"targetTableName": "orders"})).unwrap();
        self.restore(DATABASE, "t2", db).unwrap();
        self.restore(MEDIA, "t3", efs).unwrap();
        self.restore(ASSETS, "t4", json!({"DestinationBucketName": "shop-assets-recovery", "NewBucket": "true"})).unwrap();
        self.restore(CATALOG, "t5", json!({"availabilityZone": "eu-central-1a"})).unwrap()
    }

    fn attach(&mut self, volume: &Value) -> Value {
        let volume = volume.as_str().unwrap().rsplit('/').next().unwrap();
        let parameters = json!({"InstanceId": ["i-0f00ba4deadbeef01"], "VolumeId": [volume], "Device": ["/dev/sdf"]});
        self.get(
            "recovery",
            "ssm",
            "StartAutomationExecution",
            json!({"DocumentName": "AWS-AttachEBSVolume", "Parameters": parameters}),
        )
    }

    fn execution(&mut self, started: &Value) -> Value {
        self.get("recovery", "ssm", "GetAutomationExecution", started.clone())["AutomationExecution"].clone()
    }

    fn move_records(&mut self) -> Value {
        let set = |set: &str, weight: i64, address: &str, check: &str| {
            json!({"Action": "UPSERT", "ResourceRecordSet": {"Name": "www.shop.example.com", "Type": "A", "SetIdentifier": set,
                "Weight": weight, "TTL": 60, "HealthCheckId": check, "ResourceRecords": [{"Value": address}]}})
        };
        let changes = [
            set("eu-west-1", 0, "192.0.2.10", "3c1f5a20-7d44-4b0e-9a1c-6f2e8d5b4a01"),
            set("eu-central-1", 100, "198.51.100.10", CHECK),
        ];
        let input = json!({"HostedZoneId": "Z0SHOPEXAMPLE01", "ChangeBatch": {"Changes": changes}});
        self.get("recovery", "route53", "ChangeResourceRecordSets", input)["ChangeInfo"]["Id"].clone()
    }

    fn visit(&self, host: &str) -> (u16, String) {
        let page = shop::visit(&self.world, host).unwrap();
        let by = page.headers.iter().find(|(name, _)| *name == "x-served-by").unwrap().1.clone();
        (page.status, by)
    }
}

#[test]
fn the_alarms_of_the_exercise_move_with_their_metrics_to_the_minute() {
    let mut player = Player::new();
    player.until("1:59");
    for name in ["shop-error-rate", "shop-latency-p99", "shop-checkout-orders", "orders-db-cpu", "shop-unavailable"] {
        assert_eq!(player.alarm("primary", name)["StateValue"], "OK", "{name}");
    }
    assert_eq!(player.alarm("recovery", "shop-recovery-error-rate")["StateValue"], "INSUFFICIENT_DATA");
    assert_eq!(player.alarm("recovery", "shop-recovery-canary")["StateValue"], "OK");
    player.until("9:30");
    for (name, since) in [
        ("shop-error-rate", "2026-03-14T03:04:00.000Z"),
        ("shop-latency-p99", "2026-03-14T03:05:00.000Z"),
        ("shop-unavailable", "2026-03-14T03:05:00.000Z"),
    ] {
        let alarm = player.alarm("primary", name);
        assert_eq!((&alarm["StateValue"], &alarm["StateTransitionedTimestamp"]), (&json!("ALARM"), &json!(since)), "{name}");
    }
    assert_eq!(player.alarm("primary", "shop-checkout-orders")["StateValue"], "ALARM");
    assert_eq!(player.alarm("primary", "orders-db-cpu")["StateValue"], "OK");
    let alarm = player.alarm("primary", "shop-error-rate");
    assert!(alarm["StateReason"].as_str().unwrap().starts_with("Threshold Crossed: 2 out of the last 3 datapoints ["), "{alarm}");
    let data: Value = serde_json::from_str(alarm["StateReasonData"].as_str().unwrap()).unwrap();
    assert_eq!(data["startDate"], "2026-03-14T03:01:00.000+0000");
    assert_eq!(data["recentDatapoints"].as_array().unwrap().len(), 3);
    let reason = player.alarm("primary", "shop-unavailable")["StateReason"].clone();
    let arn = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-latency-p99";
    assert_eq!(reason, json!(format!("{arn} transitioned to ALARM at Saturday 14 March, 2026 03:05:00 UTC")));
}

#[test]
fn metric_alarms_are_told_alone_unless_types_are_asked_for_and_history_keeps_states_and_actions() {
    let mut player = Player::new();
    player.until("8:00");
    let answer = player.get("primary", "monitoring", "DescribeAlarms", json!({}));
    assert_eq!(answer["CompositeAlarms"], json!([]));
    assert_eq!(answer["MetricAlarms"].as_array().unwrap().len(), 4);
    let history = player.get("primary", "monitoring", "DescribeAlarmHistory", json!({"AlarmName": "shop-error-rate"}));
    let told: Vec<_> =
        history["AlarmHistoryItems"].as_array().unwrap().iter().map(|item| item["HistoryItemType"].clone()).collect();
    assert_eq!(told, [json!("Action"), json!("StateUpdate")]);
    let item = &history["AlarmHistoryItems"][1];
    assert_eq!(item["HistorySummary"], "Alarm updated from OK to ALARM");
    let data: Value = serde_json::from_str(item["HistoryData"].as_str().unwrap()).unwrap();
    assert_eq!(data["newState"]["stateReasonData"]["threshold"], 5.0);
    let none = player.get("primary", "monitoring", "DescribeAlarmHistory", json!({"AlarmName": "shop-unavailable"}));
    assert_eq!(none["AlarmHistoryItems"], json!([]));
}

#[test]
fn a_state_set_by_hand_snaps_back_at_the_next_evaluation() {
    let mut player = Player::new();
    player.until("0:30");
    let input = json!({"AlarmName": "shop-recovery-canary", "StateValue": "ALARM", "StateReason": "drill"});
    player.get("recovery", "monitoring", "SetAlarmState", input);
    assert_eq!(player.alarm("recovery", "shop-recovery-canary")["StateValue"], "ALARM");
    player.until("1:00");
    assert_eq!(player.alarm("recovery", "shop-recovery-canary")["StateValue"], "OK");
    let unknown = json!({"AlarmName": "no", "StateValue": "OK", "StateReason": "r"});
    assert_eq!(player.refused("monitoring", "SetAlarmState", unknown), "ResourceNotFound");
}

#[test]
fn a_put_alarm_follows_put_data() {
    let mut player = Player::new();
    let alarm = json!({"AlarmName": "queue", "Namespace": "N", "MetricName": "Depth", "Statistic": "Maximum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 10.0, "ComparisonOperator": "GreaterThanThreshold"});
    player.get("recovery", "monitoring", "PutMetricAlarm", alarm);
    let datum = json!({"MetricName": "Depth", "Value": 50.0, "Timestamp": "2026-03-14T03:00:20.000Z"});
    player.get("recovery", "monitoring", "PutMetricData", json!({"Namespace": "N", "MetricData": [datum]}));
    assert_eq!(player.alarm("recovery", "queue")["StateValue"], "INSUFFICIENT_DATA");
    player.until("1:00");
    assert_eq!(player.alarm("recovery", "queue")["StateValue"], "ALARM");
    let query =
        json!({"Id": "q", "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "Depth"}, "Period": 60, "Stat": "Sum"}});
    let input =
        json!({"MetricDataQueries": [query], "StartTime": "2026-03-14T03:00:00.000Z", "EndTime": "2026-03-14T03:05:00.000Z"});
    let answer = player.get("recovery", "monitoring", "GetMetricData", input);
    assert_eq!(answer["MetricDataResults"][0]["Values"], json!([50.0]));
    assert_eq!(answer["MetricDataResults"][0]["Timestamps"], json!(["2026-03-14T03:00:00.000Z"]));
}

#[test]
fn metric_data_is_paged_by_datapoints_without_loss() {
    let mut player = Player::new();
    player.until("9:00");
    let stat = |name| {
        json!({"Id": name, "MetricStat": {"Metric": {"Namespace": "Shop", "MetricName": "ErrorRate",
        "Dimensions": [{"Name": "Service", "Value": "web"}]}, "Period": 60, "Stat": "Average"}})
    };
    let mut input = json!({"MetricDataQueries": [stat("a"), stat("b")], "StartTime": "2026-03-14T03:00:00.000Z",
        "EndTime": "2026-03-14T03:09:00.000Z", "MaxDatapoints": 4});
    let mut seen = [Vec::new(), Vec::new()];
    loop {
        let answer = player.get("primary", "monitoring", "GetMetricData", input.clone());
        for (number, result) in answer["MetricDataResults"].as_array().unwrap().iter().enumerate() {
            seen[number].extend(result["Timestamps"].as_array().unwrap().clone());
        }
        let Some(token) = answer.get("NextToken") else { break };
        input["NextToken"] = token.clone();
    }
    assert_eq!(seen[0].len(), 9);
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0][0], "2026-03-14T03:08:00.000Z");
}

#[test]
fn health_events_appear_when_they_are_published_with_the_time_at_which_they_began() {
    let mut player = Player::new();
    player.until("5:59");
    assert_eq!(player.get("primary", "health", "DescribeEvents", json!({}))["events"], json!([]));
    player.until("6:00");
    let events = player.get("recovery", "health", "DescribeEvents", json!({"filter": {"services": ["S3"]}}))["events"].clone();
    assert_eq!(
        (&events[0]["startTime"], &events[0]["lastUpdatedTime"]),
        (&json!("2026-03-14T03:02:00.000Z"), &json!("2026-03-14T03:06:00.000Z"))
    );
    player.until("15:00");
    let arn = events[0]["arn"].clone();
    let details = player.get("primary", "health", "DescribeEventDetails", json!({"eventArns": [arn.clone(), "arn:none"]}));
    let description = details["successfulSet"][0]["eventDescription"]["latestDescription"].as_str().unwrap();
    assert_eq!(description.matches("PM PDT]").count(), 3);
    assert_eq!(details["failedSet"][0]["eventArn"], "arn:none");
    let entities = player.get("primary", "health", "DescribeAffectedEntities", json!({"filter": {"eventArns": [arn]}}));
    assert_eq!(entities["entities"][0]["statusCode"], "IMPAIRED");
    assert_eq!(player.get("999900001111", "health", "DescribeEvents", json!({}))["events"], json!([]));
}

#[test]
fn every_list_gives_all_its_rows_in_pages_of_two() {
    let mut player = Player::new();
    player.until("9:00");
    for (site, service, operation, input, size, rows) in [
        (
            "recovery",
            "backup",
            "ListRecoveryPointsByBackupVault",
            json!({"BackupVaultName": "shop-recovery"}),
            "MaxResults",
            "RecoveryPoints",
        ),
        ("recovery", "backup", "ListRecoveryPointsByResource", json!({"ResourceArn": CATALOG}), "MaxResults", "RecoveryPoints"),
        ("recovery", "backup", "ListProtectedResources", json!({}), "MaxResults", "Results"),
        ("primary", "monitoring", "DescribeAlarms", json!({}), "MaxRecords", "MetricAlarms"),
        (
            "primary",
            "monitoring",
            "DescribeAlarmHistory",
            json!({"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}),
            "MaxRecords",
            "AlarmHistoryItems",
        ),
        ("primary", "health", "DescribeEvents", json!({}), "maxResults", "events"),
    ] {
        let whole = player.get(site, service, operation, input.clone())[rows].clone();
        let token = if size == "maxResults" { "nextToken" } else { "NextToken" };
        let mut paged = input;
        paged[size] = json!(2);
        let mut seen = Vec::new();
        loop {
            let answer = player.get(site, service, operation, paged.clone());
            let page = answer[rows].as_array().unwrap();
            assert!(page.len() <= 2);
            seen.extend(page.clone());
            let Some(next) = answer.get(token) else { break };
            paged[token] = next.clone();
        }
        assert_eq!(Value::Array(seen), whole, "{operation}");
        paged[token] = json!("bm9uc2Vuc2U");
        assert!(player.ask(site, service, operation, paged).is_err(), "{operation}");
    }
}

#[test]
fn the_newest_points_of_the_recovery_vault_have_the_ages_of_the_exercise() {
    let mut player = Player::new();
    player.until("2:00");
    for (resource, minutes, prefix) in [
        (ORDERS, 26, "arn:aws:backup:eu-central-1:444455556666:recovery-point:copyjob-"),
        (DATABASE, 41, "arn:aws:rds:eu-central-1:444455556666:snapshot:awsbackup:copyjob-"),
        (MEDIA, 35, "arn:aws:backup:eu-central-1:444455556666:recovery-point:copyjob-"),
        (CATALOG, 52, "arn:aws:ec2:eu-central-1::snapshot/snap-0"),
        (ASSETS, 18, "arn:aws:backup:eu-central-1:444455556666:recovery-point:copyjob-"),
    ] {
        let point = player.newest(resource);
        let created: DateTime<Utc> = point["CreationDate"].as_str().unwrap().parse().unwrap();
        assert_eq!((player.now - created).num_minutes(), minutes, "{resource}");
        assert!(point["RecoveryPointArn"].as_str().unwrap().starts_with(prefix), "{point}");
        assert_eq!(point["SourceBackupVaultArn"], "arn:aws:backup:eu-west-1:111122223333:backup-vault:shop-primary");
    }
    let expired = player.get("recovery", "backup", "ListRecoveryPointsByResource", json!({"ResourceArn": CATALOG}));
    assert_eq!(expired["RecoveryPoints"].as_array().unwrap().last().unwrap()["Status"], "EXPIRED");
    let other = json!({"BackupVaultName": "shop-primary"});
    assert_eq!(player.refused("backup", "ListRecoveryPointsByBackupVault", other), "ResourceNotFoundException");
}

#[test]
fn a_restore_job_takes_its_time_and_makes_its_resource() {
    let mut player = Player::new();
    player.until("12:00");
    let started = player.restore(ORDERS, "t", json!({"targetTableName": "orders"})).unwrap();
    let job = player.job(&started);
    assert_eq!((&job["Status"], &job["PercentDone"]), (&json!("PENDING"), &json!("0.00%")));
    assert_eq!(job["ExpectedCompletionTimeMinutes"], 9);
    player.until("16:30");
    let job = player.job(&started);
    assert_eq!((&job["Status"], &job["PercentDone"]), (&json!("RUNNING"), &json!("50.00%")));
    assert!(job.get("CreatedResourceArn").is_none());
    player.until("40:00");
    let job = player.job(&started);
    assert_eq!((&job["Status"], &job["CompletionDate"]), (&json!("COMPLETED"), &json!("2026-03-14T03:21:00.000Z")));
    assert_eq!(job["CreatedResourceArn"], "arn:aws:dynamodb:eu-central-1:444455556666:table/orders");
    let listed = player.get("recovery", "backup", "ListRestoreJobs", json!({"ByStatus": "COMPLETED"}));
    assert_eq!(listed["RestoreJobs"], json!([job]));
}

#[test]
fn a_token_that_started_a_job_gives_it_again_and_one_that_was_refused_is_used_up() {
    let mut player = Player::new();
    let good = json!({"targetTableName": "orders"});
    let first = player.restore(ORDERS, "t", good.clone()).unwrap();
    player.until("1:00");
    assert_eq!(player.restore(ORDERS, "t", good.clone()).unwrap(), first);
    assert_eq!(player.world.effects().iter().filter(|effect| effect.operation == "StartRestoreJob").count(), 1);
    assert_eq!(player.world.calls("StartRestoreJob"), 2);
    assert_eq!(player.restore(CATALOG, "u", json!({})).unwrap_err().code, "MissingParameterValueException");
    let better = json!({"availabilityZone": "eu-central-1a"});
    assert_eq!(player.restore(CATALOG, "u", better.clone()).unwrap_err().code, "InvalidRequestException");
    assert!(player.restore(CATALOG, "v", better).is_ok());
}

#[test]
fn metadata_passed_back_untouched_fails_the_database_job_after_some_seconds() {
    let mut player = Player::new();
    let point = player.newest(DATABASE)["RecoveryPointArn"].clone();
    let input = json!({"BackupVaultName": "shop-recovery", "RecoveryPointArn": point});
    let metadata = player.get("recovery", "backup", "GetRecoveryPointRestoreMetadata", input)["RestoreMetadata"].clone();
    let started = player.restore(DATABASE, "t", metadata).unwrap();
    player.until("0:15");
    let job = player.job(&started);
    assert_eq!(job["Status"], "FAILED");
    assert!(job["StatusMessage"].as_str().unwrap().contains("DBSnapshotIdentifier"), "{job}");
}

#[test]
fn an_injected_failure_meets_the_next_restore_only() {
    let mut player = Player::new();
    let fails = Change::FailRestore("*".into(), "Access denied trying to use the key".into());
    player.world.inject(Inject::by_hand("x", vec![fails])).unwrap();
    let first = player.restore(ORDERS, "a", json!({"targetTableName": "one"})).unwrap();
    let second = player.restore(ORDERS, "b", json!({"targetTableName": "two"})).unwrap();
    player.until("20:00");
    assert_eq!(player.job(&first)["StatusMessage"], "Access denied trying to use the key");
    assert_eq!(player.job(&second)["Status"], "COMPLETED");
}

#[test]
fn the_runbook_attaches_the_volume_in_three_steps_or_says_why_not() {
    let mut player = Player::new();
    let started = player.restore(CATALOG, "t", json!({"availabilityZone": "eu-central-1a"})).unwrap();
    let early = player.attach(&json!("volume/vol-0ffffffffffffffff"));
    player.until("3:00");
    let failed = player.execution(&early);
    assert_eq!(failed["AutomationExecutionStatus"], "Failed");
    assert!(failed["FailureMessage"].as_str().unwrap().contains("(InvalidVolume.NotFound)"), "{failed}");
    assert_eq!(failed["StepExecutions"][2]["StepStatus"], "Pending");
    let volume = player.job(&started)["CreatedResourceArn"].clone();
    let run = player.attach(&volume);
    assert_eq!(player.execution(&run)["CurrentStepName"], "describeVolume");
    player.until("4:15");
    let done = player.execution(&run);
    assert_eq!(
        (&done["AutomationExecutionStatus"], &done["ExecutionEndTime"]),
        (&json!("Success"), &json!("2026-03-14T03:04:15.000Z"))
    );
    assert_eq!(done["Outputs"]["waitForAttachment.State"], json!(["attached"]));
}

#[test]
fn an_approval_waits_for_its_signal_and_a_client_token_starts_one_execution() {
    let mut player = Player::new();
    let token = "6f1c0a52-5d0e-4b43-8f5e-1f3c2b4a5d6e";
    let input = json!({"DocumentName": "shop-warm-caches", "ClientToken": token});
    let run = player.get("recovery", "ssm", "StartAutomationExecution", input.clone());
    assert_eq!(player.get("recovery", "ssm", "StartAutomationExecution", input), run);
    let other = json!({"DocumentName": "AWS-AttachEBSVolume", "ClientToken": token});
    assert_eq!(player.refused("ssm", "StartAutomationExecution", other), "IdempotentParameterMismatch");
    let mut approve = run.clone();
    approve["SignalType"] = json!("Approve");
    assert_eq!(player.refused("ssm", "SendAutomationSignal", approve.clone()), "InvalidAutomationSignalException");
    player.until("30:00");
    assert_eq!(player.execution(&run)["AutomationExecutionStatus"], "Waiting");
    player.get("recovery", "ssm", "SendAutomationSignal", approve);
    player.until("30:40");
    assert_eq!(player.execution(&run)["AutomationExecutionStatus"], "Success");
    let stop = json!({"AutomationExecutionId": run["AutomationExecutionId"]});
    assert_eq!(player.refused("ssm", "StopAutomationExecution", stop), "InvalidAutomationStatusUpdateException");
    let none = json!({"AutomationExecutionId": "00000000-0000-4000-8000-000000000000"});
    assert_eq!(player.refused("ssm", "GetAutomationExecution", none), "AutomationExecutionNotFoundException");
    let unknown = json!({"DocumentName": "nothing"});
    assert_eq!(player.refused("ssm", "StartAutomationExecution", unknown), "AutomationDefinitionNotFoundException");
}

#[test]
fn an_ops_item_is_made_once_per_dedup_string() {
    let mut player = Player::new();
    let input = json!({"Title": "Recovery", "Description": "d", "Source": "lifeboat",
        "OperationalData": {"/aws/dedup": {"Value": "{\"dedupString\":\"i-1\"}", "Type": "SearchableString"}}});
    let made = player.get("recovery", "ssm", "CreateOpsItem", input.clone());
    let twin = player.ask("recovery", "ssm", "CreateOpsItem", input.clone()).unwrap_err();
    assert_eq!((twin.code.as_str(), &twin.members["OpsItemId"]), ("OpsItemAlreadyExistsException", &made["OpsItemId"]));
    let id = made["OpsItemId"].clone();
    player.get("recovery", "ssm", "UpdateOpsItem", json!({"OpsItemId": id, "Status": "Resolved"}));
    let item = player.get("recovery", "ssm", "GetOpsItem", json!({"OpsItemId": id}))["OpsItem"].clone();
    assert_eq!((&item["Status"], &item["Version"]), (&json!("Resolved"), &json!("2")));
    assert!(player.ask("recovery", "ssm", "CreateOpsItem", input).is_ok());
    let filter = json!([{"Key": "Status", "Values": ["Open"], "Operator": "Equal"}]);
    let open = player.get("recovery", "ssm", "DescribeOpsItems", json!({"OpsItemFilters": filter}));
    assert_eq!(open["OpsItemSummaries"].as_array().unwrap().len(), 1);
    let bad = json!({"Title": "t", "Description": "d", "Source": "my-aws-tool"});
    assert_eq!(player.refused("ssm", "CreateOpsItem", bad), "OpsItemInvalidParameterException");
}

#[test]
fn records_are_listed_in_route_53s_order_and_pages_go_on_where_they_stopped() {
    let mut player = Player::new();
    let mut input = json!({"HostedZoneId": "/hostedzone/Z0SHOPEXAMPLE01", "MaxItems": "2"});
    let mut seen = Vec::new();
    loop {
        let answer = player.get("recovery", "route53", "ListResourceRecordSets", input.clone());
        let rows = answer["ResourceRecordSets"].as_array().unwrap();
        seen.extend(rows.iter().map(|row| format!("{} {} {}", row["Name"], row["Type"], row["SetIdentifier"])));
        if answer["IsTruncated"] == false {
            break;
        }
        for (start, next) in [
            ("StartRecordName", "NextRecordName"),
            ("StartRecordType", "NextRecordType"),
            ("StartRecordIdentifier", "NextRecordIdentifier"),
        ] {
            input[start] = answer.get(next).cloned().unwrap_or_default();
        }
    }
    let expected = [
        r#""shop.example.com." "NS" null"#,
        r#""shop.example.com." "SOA" null"#,
        r#""recovery.shop.example.com." "A" null"#,
        r#""www.shop.example.com." "A" "eu-central-1""#,
        r#""www.shop.example.com." "A" "eu-west-1""#,
    ];
    assert_eq!(seen, expected);
    let by_name = player.get("recovery", "route53", "ListHostedZonesByName", json!({"DNSName": "shop.example.com"}));
    assert_eq!(by_name["HostedZones"][0]["Id"], "/hostedzone/Z0SHOPEXAMPLE01");
    let status = player.get("recovery", "route53", "GetHealthCheckStatus", json!({"HealthCheckId": CHECK}));
    assert_eq!(status["HealthCheckObservations"].as_array().unwrap().len(), 8);
    let zone = json!({"HostedZoneId": "Z0SHOPEXAMPLE01"});
    assert_eq!(player.ask("primary", "route53", "ListResourceRecordSets", zone).unwrap_err().code, "NoSuchHostedZone");
}

#[test]
fn visitors_follow_the_records_that_are_in_sync_to_a_shop_that_says_what_it_lacks() {
    let mut player = Player::new();
    assert_eq!(player.visit("www.shop.example.com"), (200, "eu-west-1".into()));
    player.until("12:00");
    assert_eq!(player.visit("www.shop.example.com:8443"), (503, "eu-west-1".into()));
    let catalog = player.restore_all();
    player.until("27:00");
    assert_eq!(player.visit("recovery.shop.example.com"), (503, "eu-central-1".into()));
    let page = shop::visit(&player.world, "recovery.shop.example.com").unwrap();
    assert_eq!(page.body, "The volume with the catalog is not attached to i-0f00ba4deadbeef01.\n");
    let volume = player.job(&catalog)["CreatedResourceArn"].clone();
    player.attach(&volume);
    player.until("29:00");
    assert_eq!(player.visit("recovery.shop.example.com"), (200, "eu-central-1".into()));
    let change = player.move_records();
    assert_eq!(player.get("recovery", "route53", "GetChange", json!({"Id": change}))["ChangeInfo"]["Status"], "PENDING");
    player.until("29:34");
    assert_eq!(player.visit("www.shop.example.com"), (503, "eu-west-1".into()));
    player.until("29:35");
    assert_eq!(player.get("recovery", "route53", "GetChange", json!({"Id": change}))["ChangeInfo"]["Status"], "INSYNC");
    assert_eq!(player.visit("www.shop.example.com"), (200, "eu-central-1".into()));
    let input = json!({"HostedZoneId": "Z0SHOPEXAMPLE01", "RecordName": "www.shop.example.com", "RecordType": "A"});
    assert_eq!(player.get("recovery", "route53", "TestDNSAnswer", input)["RecordData"], json!(["198.51.100.10"]));
    player.until("33:00");
    let alarm = player.alarm("recovery", "shop-recovery-error-rate");
    assert_eq!(alarm["StateValue"], "OK", "{alarm}");
    assert_eq!(player.alarm("primary", "shop-error-rate")["StateValue"], "ALARM");
}

#[test]
fn the_primary_region_is_slow_then_silent_and_only_that_region() {
    let mut player = Player::new();
    let caller = |account: &str, region: &str| Caller {
        account: account.into(),
        region: region.into(),
        arn: "a".into(),
        user_id: "u".into(),
    };
    let (primary, recovery) = (caller("111122223333", "eu-west-1"), caller("444455556666", "eu-central-1"));
    let mut meet = |clock: &str, who: &Caller, service: &str| player.world.weather(who, service, "ListBackupVaults", at(clock));
    assert_eq!(meet("3:59", &primary, "backup"), Weather::Fair);
    let slow = (0..40).filter(|_| matches!(meet("7:00", &primary, "backup"), Weather::Slow(2100))).count();
    assert!((25..40).contains(&slow), "{slow}: the others are throttled");
    assert_eq!(meet("10:00", &primary, "backup"), Weather::Silent);
    assert_eq!(meet("10:00", &recovery, "backup"), Weather::Fair);
    assert_eq!(meet("10:00", &caller("111122223333", "us-east-1"), "health"), Weather::Fair);
}

#[test]
fn a_role_is_assumed_for_a_while_and_its_key_sees_its_account() {
    let mut player = Player::new();
    let now = player.now;
    let operator = player.world.caller("AKIAEXERCISEOPERATOR", "eu-central-1", now).unwrap();
    assert_eq!(operator.arn, "arn:aws:iam::999900001111:user/operator");
    let role = "arn:aws:iam::444455556666:role/lifeboat-operator";
    let input = json!({"RoleArn": role, "RoleSessionName": "anna", "DurationSeconds": 900});
    let assume = |input| Call { caller: operator.clone(), service: "sts", operation: "AssumeRole".into(), input, at: now };
    let answer = player.world.answer(assume(input)).unwrap();
    assert_eq!(answer["AssumedRoleUser"]["Arn"], "arn:aws:sts::444455556666:assumed-role/lifeboat-operator/anna");
    let key = answer["Credentials"]["AccessKeyId"].as_str().unwrap().to_owned();
    assert!(key.starts_with("ASIA") && key.len() == 20);
    assert_eq!(player.world.caller(&key, "eu-central-1", at("14:59")).unwrap().account, "444455556666");
    assert_eq!(player.world.caller(&key, "eu-central-1", at("15:00")).unwrap_err().code, "ExpiredToken");
    assert_eq!(player.world.caller("AKIAUNKNOWN", "x", at("15:00")).unwrap().arn, "arn:aws:iam::123456789012:user/simulated");
    for role in ["arn:aws:iam::444455556666:role/lifeboat-restore", "arn:aws:iam::444455556666:role/none"] {
        let refusal = player.world.answer(assume(json!({"RoleArn": role, "RoleSessionName": "anna"}))).unwrap_err();
        assert_eq!((refusal.code.as_str(), refusal.status), ("AccessDenied", 403));
    }
}

#[test]
fn what_is_not_modelled_is_refused_and_time_never_goes_back() {
    let mut player = Player::new();
    for service in ["sts", "monitoring", "health", "backup", "ssm", "route53"] {
        assert_eq!(player.refused(service, "DoSomethingElse", json!({})), "UnknownOperationException", "{service}");
    }
    player.until("5:00");
    player.world.advance_to(at("3:00"));
    assert_eq!(player.world.now(), at("5:00"));
}

/// A short recovery, with reads in between, asked at the given times.
fn play(player: &mut Player, from: usize) -> Vec<Answer> {
    let mut answers = Vec::new();
    for (number, clock) in ["0:10", "3:07", "11:00", "12:00", "30:00", "31:00"].into_iter().enumerate().skip(from) {
        player.until(clock);
        answers.push(player.ask("recovery", "backup", "ListBackupVaults", json!({})));
        answers.push(match number {
            0 => player.restore(ORDERS, "t1", json!({"targetTableName": "orders"})),
            1 => player.restore(CATALOG, "t2", json!({})),
            2 => player.restore(CATALOG, "t3", json!({"availabilityZone": "eu-central-1a"})),
            3 => player.ask("recovery", "ssm", "StartAutomationExecution", json!({"DocumentName": "shop-warm-caches"})),
            4 => Ok(player.move_records()),
            _ => player.ask("recovery", "backup", "ListRestoreJobs", json!({})),
        });
        answers.push(Ok(player.alarm("primary", "shop-error-rate")));
    }
    answers
}

#[test]
fn two_worlds_that_see_the_same_calls_give_the_same_answers() {
    let (mut one, mut two) = (Player::new(), Player::new());
    assert_eq!(play(&mut one, 0), play(&mut two, 0));
    assert_eq!(one.world.estate(), two.world.estate());
    assert_eq!(one.world.request_id(), two.world.request_id());
    let mut other = Player::of(World::new(outage(), 8));
    assert_ne!(play(&mut one, 0), play(&mut other, 0));
}

#[test]
fn a_world_that_is_killed_goes_on_from_its_record() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("world.jsonl");
    let mut whole = Player::new();
    let expected = play(&mut whole, 0);
    {
        let mut first = Player::of(World::restore(outage(), 7, &path).unwrap());
        // Killed after four of the six times: nothing is closed, nothing is said.
        let _ = play(&mut first, 0).drain(..12);
        drop(first);
    }
    let recorded = std::fs::read_to_string(&path).unwrap();
    let cut: Vec<_> = recorded.lines().take_while(|line| !line.contains("ChangeResourceRecordSets")).collect();
    std::fs::write(&path, format!("{}\n{{\"kind\":\"call\",\"at\":\"2026", cut.join("\n"))).unwrap();
    let mut second = Player::of(World::restore(outage(), 7, &path).unwrap());
    assert!(second.world.last_at() >= at("12:00"));
    assert_eq!(play(&mut second, 4), expected[12..]);
    assert_eq!(second.world.estate(), whole.world.estate());
    assert_eq!(second.world.effects(), whole.world.effects());
}

#[test]
fn the_facilitator_sees_what_is_coming() {
    let mut player = Player::new();
    player.until("8:00");
    let coming = player.world.upcoming();
    assert_eq!(coming[0].at, Some(at("9:00")));
    assert!(coming.iter().any(|upcoming| upcoming.at.is_none() && upcoming.title.starts_with("Customers reach")));
}
