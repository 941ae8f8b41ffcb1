//! The official Rust SDK, in each of the protocols that it speaks.
use super::*;

/// The SDK cuts the nanoseconds of a JSON time off its nearest double, so .123 comes out as .122999876.
fn to_the_millisecond(at: &AwsTime) -> AwsTime {
    AwsTime::from_millis((at.as_nanos() as f64 / 1e6).round() as i64)
}

#[tokio::test]
async fn sts_speaks_query() {
    let sim = Simulated::start(|call| match call.operation.as_str() {
        "GetCallerIdentity" => Ok(json!({"Account": call.caller.account, "Arn": call.caller.arn, "UserId": call.caller.user_id})),
        _ => Ok(json!({
            "Credentials": {"AccessKeyId": "ASIAEXERCISE00000001", "SecretAccessKey": "s", "SessionToken": "t/+=",
                "Expiration": "2026-03-14T04:00:00.000Z"},
            "AssumedRoleUser": {"AssumedRoleId": "AROA:lifeboat", "Arn": "arn:aws:sts::444455556666:assumed-role/r/lifeboat"}
        })),
    })
    .await;
    let sts = aws_sdk_sts::Client::new(&sim.sdk());
    let identity = sts.get_caller_identity().send().await.unwrap();
    assert_eq!(identity.account(), Some("111122223333"));
    assert_eq!(identity.request_id(), Some(REQUEST_ID));
    let role = sts.assume_role().role_arn("arn:aws:iam::444455556666:role/lifeboat-operator").role_session_name("lifeboat");
    let tag = |key: &str| aws_sdk_sts::types::Tag::builder().key(key).value("a b&c").build().unwrap();
    let assumed = role.duration_seconds(3600).tags(tag("one")).tags(tag("two")).send().await.unwrap();
    let credentials = assumed.credentials().unwrap();
    assert_eq!(credentials.session_token(), "t/+=");
    assert_eq!(credentials.expiration(), &AwsTime::from_secs(1_773_460_800));
    let expected = json!({
        "RoleArn": "arn:aws:iam::444455556666:role/lifeboat-operator", "RoleSessionName": "lifeboat", "DurationSeconds": 3600,
        "Tags": [{"Key": "one", "Value": "a b&c"}, {"Key": "two", "Value": "a b&c"}]
    });
    assert_eq!(sim.input(), expected);
    sim.end().await;
}

#[tokio::test]
async fn backup_speaks_rest_json() {
    let sim = Simulated::start(|call| match call.operation.as_str() {
        "StartRestoreJob" => Ok(json!({"RestoreJobId": "job-1"})),
        "DescribeRestoreJob" => Ok(json!({
            "RestoreJobId": call.input["RestoreJobId"], "Status": "RUNNING", "PercentDone": "12.50%",
            "CreationDate": "2026-03-14T03:00:00.123Z", "BackupSizeInBytes": 5_368_709_120_i64
        })),
        "ListRecoveryPointsByResource" => Ok(json!({"RecoveryPoints": []})),
        _ => Ok(json!({"NextToken": "more", "RecoveryPoints": [
            {"RecoveryPointArn": "arn:aws:backup:eu-central-1:444455556666:recovery-point:copyjob-1", "IsEncrypted": true,
             "Lifecycle": {"DeleteAfterDays": 35}, "Status": "COMPLETED", "CreationDate": "2026-03-14T02:36:00.000Z"}]})),
    })
    .await;
    let backup = aws_sdk_backup::Client::new(&sim.sdk());
    let arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
    let page = backup
        .list_recovery_points_by_backup_vault()
        .backup_vault_name("shop-recovery")
        .by_resource_arn(arn)
        .by_created_after(AwsTime::from_secs(1_773_400_000))
        .max_results(5)
        .send()
        .await
        .unwrap();
    let point = &page.recovery_points()[0];
    assert_eq!(page.next_token(), Some("more"));
    assert_eq!(point.creation_date(), Some(&AwsTime::from_secs(1_773_455_760)));
    assert_eq!(point.lifecycle().and_then(|lifecycle| lifecycle.delete_after_days()), Some(35));
    assert_eq!(
        sim.input(),
        json!({"BackupVaultName": "shop-recovery", "MaxResults": 5, "ByResourceArn": arn, "ByCreatedAfter": "2026-03-13T11:06:40.000Z"})
    );

    let start =
        backup.start_restore_job().recovery_point_arn("arn:aws:backup:eu-central-1:444455556666:recovery-point:copyjob-1");
    let started = start
        .metadata("targetTableName", "orders-recovered")
        .metadata("nested", r#"{"a":["b"]}"#)
        .iam_role_arn("arn:aws:iam::444455556666:role/lifeboat-restore")
        .idempotency_token("token-1")
        .send()
        .await
        .unwrap();
    assert_eq!(started.restore_job_id(), Some("job-1"));
    assert_eq!(sim.input()["Metadata"], json!({"targetTableName": "orders-recovered", "nested": r#"{"a":["b"]}"#}));
    assert_eq!(sim.input()["IdempotencyToken"], "token-1");

    let job = backup.describe_restore_job().restore_job_id("job-1").send().await.unwrap();
    assert_eq!(job.creation_date().map(to_the_millisecond), Some(AwsTime::from_millis(1_773_457_200_123)));
    assert_eq!((job.percent_done(), job.backup_size_in_bytes()), (Some("12.50%"), Some(5_368_709_120)));

    backup.list_recovery_points_by_resource().resource_arn(arn).send().await.unwrap();
    assert_eq!(sim.input(), json!({"ResourceArn": arn}));
    sim.end().await;
}

#[tokio::test]
async fn cloudwatch_speaks_cbor() {
    let sim = Simulated::start(|call| match call.operation.as_str() {
        "DescribeAlarms" => Ok(json!({
            "MetricAlarms": [{"AlarmName": "shop-error-rate", "StateValue": "ALARM", "Threshold": 5.0, "Period": 60,
                "ActionsEnabled": true, "StateTransitionedTimestamp": "2026-03-14T03:04:00.123Z",
                "Dimensions": [{"Name": "Service", "Value": "web"}]}],
            "CompositeAlarms": [{"AlarmName": "shop-unavailable", "StateValue": "OK"}],
            "NextToken": "page-2"
        })),
        "GetMetricData" => Ok(json!({"MetricDataResults": [
            {"Id": "e", "Timestamps": ["2026-03-14T03:04:00.000Z"], "Values": [38.25], "StatusCode": "Complete"}]})),
        _ => Ok(json!({})),
    })
    .await;
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&sim.sdk());
    let page = cloudwatch
        .describe_alarms()
        .alarm_types(aws_sdk_cloudwatch::types::AlarmType::MetricAlarm)
        .alarm_types(aws_sdk_cloudwatch::types::AlarmType::CompositeAlarm)
        .max_records(100)
        .send()
        .await
        .unwrap();
    let alarm = &page.metric_alarms()[0];
    assert_eq!(alarm.state_transitioned_timestamp(), Some(&AwsTime::from_millis(1_773_457_440_123)));
    assert_eq!((alarm.threshold(), alarm.period()), (Some(5.0), Some(60)));
    assert_eq!(alarm.dimensions()[0].value(), Some("web"));
    assert_eq!((page.composite_alarms().len(), page.next_token()), (1, Some("page-2")));
    assert_eq!(page.request_id(), Some(REQUEST_ID));
    assert_eq!(sim.input(), json!({"AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "MaxRecords": 100}));

    let metric = aws_sdk_cloudwatch::types::Metric::builder().namespace("Shop").metric_name("ErrorRate").build();
    let stat = aws_sdk_cloudwatch::types::MetricStat::builder().metric(metric).period(60).stat("Average").build();
    let query = aws_sdk_cloudwatch::types::MetricDataQuery::builder().id("e").metric_stat(stat).build();
    let data = cloudwatch
        .get_metric_data()
        .metric_data_queries(query)
        .start_time(AwsTime::from_millis(1_773_457_200_500))
        .end_time(AwsTime::from_secs(1_773_457_500))
        .send()
        .await
        .unwrap();
    assert_eq!(data.metric_data_results()[0].values(), [38.25]);
    assert_eq!(sim.input()["StartTime"], "2026-03-14T03:00:00.500Z");
    assert_eq!(sim.input()["MetricDataQueries"][0]["MetricStat"]["Metric"]["MetricName"], "ErrorRate");

    let alarm = cloudwatch.put_metric_alarm().alarm_name("a").threshold(5.0).evaluation_periods(3).period(60);
    alarm.comparison_operator(aws_sdk_cloudwatch::types::ComparisonOperator::GreaterThanThreshold).send().await.unwrap();
    assert_eq!(sim.input()["Threshold"], 5.0);
    sim.end().await;
}

#[tokio::test]
async fn health_speaks_cbor() {
    let sim = Simulated::answering(json!({"events": [{"arn": "arn:aws:health:eu-west-1::event/S3/X/X_1", "service": "S3",
        "eventTypeCategory": "issue", "startTime": "2026-03-14T03:02:00.000Z", "statusCode": "open"}]}))
    .await;
    let health = aws_sdk_health::Client::new(&sim.sdk());
    let since = aws_sdk_health::types::DateTimeRange::builder().from(AwsTime::from_secs(1_773_457_200)).build();
    let filter = aws_sdk_health::types::EventFilter::builder().regions("eu-west-1").last_updated_times(since).build();
    let page = health.describe_events().filter(filter).send().await.unwrap();
    assert_eq!(page.events()[0].start_time(), Some(&AwsTime::from_secs(1_773_457_320)));
    assert_eq!(sim.input(), json!({"filter": {"regions": ["eu-west-1"], "lastUpdatedTimes": [{"from": NOW}]}}));
    sim.end().await;
}

#[tokio::test]
async fn systems_manager_speaks_json() {
    let sim = Simulated::start(|call| match call.operation.as_str() {
        "StartAutomationExecution" => Ok(json!({"AutomationExecutionId": "e8a0c1f2-0000-4000-8000-000000000001"})),
        _ => Ok(json!({"AutomationExecution": {"AutomationExecutionStatus": "InProgress",
            "ExecutionStartTime": "2026-03-14T03:10:00.001Z", "Outputs": {"attach.Volume": ["vol-1"]},
            "StepExecutions": [{"StepName": "attach", "StepStatus": "Success"}]}})),
    })
    .await;
    let ssm = aws_sdk_ssm::Client::new(&sim.sdk());
    let start = ssm.start_automation_execution().document_name("AWS-AttachEBSVolume");
    let start =
        start.parameters("InstanceId", vec!["i-0f00ba4deadbeef01".to_owned()]).parameters("Device", vec!["/dev/sdf".to_owned()]);
    let started = start.client_token("3f1f2e9a-53c8-4a43-8c1a-0b7c7a0e7b11").send().await.unwrap();
    assert_eq!(started.automation_execution_id(), Some("e8a0c1f2-0000-4000-8000-000000000001"));
    assert_eq!(sim.input()["Parameters"], json!({"InstanceId": ["i-0f00ba4deadbeef01"], "Device": ["/dev/sdf"]}));
    let id = "e8a0c1f2-0000-4000-8000-000000000001";
    let seen = ssm.get_automation_execution().automation_execution_id(id).send().await.unwrap();
    let execution = seen.automation_execution().unwrap();
    assert_eq!(execution.execution_start_time().map(to_the_millisecond), Some(AwsTime::from_millis(1_773_457_800_001)));
    assert_eq!(execution.outputs().unwrap()["attach.Volume"], ["vol-1"]);
    assert_eq!(execution.step_executions()[0].step_name(), Some("attach"));
    sim.end().await;
}

#[tokio::test]
async fn route_53_speaks_rest_xml() {
    let sim = Simulated::start(|call| match call.operation.as_str() {
        "ChangeResourceRecordSets" => Ok(json!({"ChangeInfo": {"Id": "/change/C1", "Status": "PENDING",
            "SubmittedAt": "2026-03-14T03:00:00.123Z"}})),
        _ => Ok(json!({"IsTruncated": false, "MaxItems": "300", "ResourceRecordSets": [
            {"Name": "www.shop.example.com.", "Type": "A", "TTL": 60, "Weight": 100, "SetIdentifier": "eu-west-1 & more",
             "ResourceRecords": [{"Value": "192.0.2.10"}, {"Value": "192.0.2.11"}]}]})),
    })
    .await;
    let route53 = aws_sdk_route53::Client::new(&sim.sdk());
    let list = route53
        .list_resource_record_sets()
        .hosted_zone_id("/hostedzone/Z0SHOPEXAMPLE01")
        .start_record_name("www.shop.example.com");
    let listed = list.max_items(300).send().await.unwrap();
    let set = &listed.resource_record_sets()[0];
    assert_eq!((set.ttl(), set.weight(), set.set_identifier()), (Some(60), Some(100), Some("eu-west-1 & more")));
    assert_eq!(set.resource_records()[1].value(), "192.0.2.11");
    assert_eq!(
        sim.input(),
        json!({"HostedZoneId": "Z0SHOPEXAMPLE01", "StartRecordName": "www.shop.example.com", "MaxItems": "300"})
    );

    use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch};
    let change = Change::builder().action(ChangeAction::Upsert).resource_record_set(set.clone()).build().unwrap();
    let batch = ChangeBatch::builder().comment("move <all>").changes(change).build().unwrap();
    let changed =
        route53.change_resource_record_sets().hosted_zone_id("Z0SHOPEXAMPLE01").change_batch(batch).send().await.unwrap();
    assert_eq!(changed.change_info().unwrap().submitted_at(), &AwsTime::from_millis(1_773_457_200_123));
    assert_eq!(changed.request_id(), Some(REQUEST_ID));
    let expected = json!({"HostedZoneId": "Z0SHOPEXAMPLE01", "ChangeBatch": {"Comment": "move <all>", "Changes": [
        {"Action": "UPSERT", "ResourceRecordSet": {"Name": "www.shop.example.com.", "Type": "A",
         "SetIdentifier": "eu-west-1 & more", "Weight": 100, "TTL": 60,
         "ResourceRecords": [{"Value": "192.0.2.10"}, {"Value": "192.0.2.11"}]}}]}});
    assert_eq!(sim.input(), expected);
    sim.end().await;
}

/// Sends, and asserts code, message and request id of the refusal.
macro_rules! refused {
    ($call:expr, $code:expr, $message:expr) => {{
        let fault = $call.send().await.unwrap_err();
        assert_eq!((fault.code(), fault.message()), (Some($code), Some($message)));
        assert_eq!(fault.request_id(), Some(REQUEST_ID));
        fault.into_service_error()
    }};
}

#[tokio::test]
async fn a_refusal_keeps_its_code_message_and_request_id_in_every_protocol() {
    let sim = Simulated::refusing(Refusal::new("ThrottlingException", "Rate exceeded")).await;
    let sdk = sim.sdk();
    refused!(aws_sdk_backup::Client::new(&sdk).list_backup_vaults(), "ThrottlingException", "Rate exceeded");
    refused!(aws_sdk_ssm::Client::new(&sdk).describe_ops_items(), "ThrottlingException", "Rate exceeded");
    refused!(aws_sdk_health::Client::new(&sdk).describe_events(), "ThrottlingException", "Rate exceeded");
    refused!(aws_sdk_route53::Client::new(&sdk).list_hosted_zones(), "Throttling", "Rate exceeded");
    refused!(aws_sdk_sts::Client::new(&sdk).get_caller_identity(), "Throttling", "Rate exceeded");
    sim.end().await;
}

#[tokio::test]
async fn a_modelled_error_is_of_its_own_type() {
    let sim = Simulated::refusing(Refusal::new("ResourceNotFoundException", "no such vault").with("Context", "here")).await;
    let call = aws_sdk_backup::Client::new(&sim.sdk());
    let fault = refused!(call.describe_backup_vault().backup_vault_name("nope"), "ResourceNotFoundException", "no such vault");
    let aws_sdk_backup::operation::describe_backup_vault::DescribeBackupVaultError::ResourceNotFoundException(fault) = fault
    else {
        panic!("{fault:?}")
    };
    assert_eq!(fault.context(), Some("here"));
    sim.end().await;

    let sim = Simulated::refusing(Refusal::new("InvalidNextToken", "The token is invalid.")).await;
    let call = aws_sdk_cloudwatch::Client::new(&sim.sdk());
    let fault = refused!(call.describe_alarms(), "InvalidNextToken", "The token is invalid.");
    assert!(fault.is_invalid_next_token());
    sim.end().await;

    let messages = json!(["one", "two"]);
    let sim = Simulated::refusing(Refusal::new("InvalidChangeBatch", "[one, two]").with("messages", messages)).await;
    let call = aws_sdk_route53::Client::new(&sim.sdk());
    let fault = refused!(call.get_change().id("C1"), "InvalidChangeBatch", "[one, two]");
    drop(fault);
    sim.end().await;

    let sim = Simulated::refusing(Refusal::new("NoSuchHostedZone", "No hosted zone found with ID: Z1")).await;
    let call = aws_sdk_route53::Client::new(&sim.sdk());
    let fault = refused!(call.get_hosted_zone().id("Z1"), "NoSuchHostedZone", "No hosted zone found with ID: Z1");
    assert!(fault.is_no_such_hosted_zone());
    sim.end().await;

    let sim = Simulated::refusing(Refusal::new("AutomationExecutionNotFoundException", "gone")).await;
    let call = aws_sdk_ssm::Client::new(&sim.sdk());
    let id = "e8a0c1f2-0000-4000-8000-000000000001";
    let fault =
        refused!(call.get_automation_execution().automation_execution_id(id), "AutomationExecutionNotFoundException", "gone");
    assert!(fault.is_automation_execution_not_found_exception());
    sim.end().await;
}

#[tokio::test]
async fn an_input_outside_the_model_is_refused_in_the_words_of_aws() {
    let sim = Simulated::answering(json!({})).await;
    let sdk = sim.sdk();
    let one = |what: &str| format!("1 validation error detected: Value {what}");
    refused!(
        aws_sdk_cloudwatch::Client::new(&sdk).describe_alarms().max_records(101),
        "ValidationError",
        one("'101' at 'maxRecords' failed to satisfy constraint: Member must have value less than or equal to 100").as_str()
    );
    refused!(
        aws_sdk_ssm::Client::new(&sdk).stop_automation_execution().automation_execution_id("short"),
        "ValidationException",
        one(
            "'short' at 'automationExecutionId' failed to satisfy constraint: Member must have length greater than or equal to 36"
        )
        .as_str()
    );
    refused!(
        aws_sdk_backup::Client::new(&sdk).list_backup_vaults().max_results(0),
        "InvalidParameterValueException",
        one("'0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1").as_str()
    );
    refused!(
        aws_sdk_sts::Client::new(&sdk).assume_role().role_session_name("lifeboat"),
        "ValidationError",
        one("null at 'roleArn' failed to satisfy constraint: Member must not be null").as_str()
    );
    refused!(
        aws_sdk_cloudwatch::Client::new(&sdk).set_alarm_state().alarm_name("a").state_reason("r"),
        "MissingParameter",
        "The parameter StateValue is required."
    );
    assert_eq!(sim.calls(), 0);
    sim.end().await;
}

#[tokio::test]
async fn an_answer_outside_the_model_is_told_as_a_fault_of_the_simulation() {
    let sim = Simulated::answering(json!({"BackupVaultLists": []})).await;
    let fault = aws_sdk_backup::Client::new(&sim.sdk()).list_backup_vaults().send().await.unwrap_err();
    assert_eq!(fault.code(), Some("InternalFailure"));
    assert!(fault.message().unwrap().contains("BackupVaultLists is not a member"));
    sim.end().await;
}
