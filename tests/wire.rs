//! The wire of the simulated AWS, tried with AWS's own clients and with raw requests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_types::DateTime as AwsTime;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::request_id::RequestId;
use chrono::{DateTime, Utc};
use lifeboat::clock::Clock;
use lifeboat::sim::call::{Answer, Call, Caller, Refusal, Services, Weather};
use lifeboat::sim::server::{Fallback, ServeError, serve};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000001";
const REGION: &str = "eu-central-1";
const NOW: &str = "2026-03-14T03:00:00.000Z";

type Answering = Box<dyn FnMut(&Call) -> Answer + Send>;

/// The smallest world: it notes each call and answers by a closure.
struct Desk {
    answering: Answering,
    weather: Vec<Weather>,
    calls: Vec<Call>,
}

impl Services for Desk {
    fn caller(&mut self, access_key: &str, region: &str, _: DateTime<Utc>) -> Result<Caller, Refusal> {
        if access_key == "AKIAREVOKED" {
            return Err(
                Refusal::new("InvalidClientTokenId", "The security token included in the request is invalid.").status(403)
            );
        }
        let arn = "arn:aws:iam::111122223333:user/operator".to_owned();
        let user_id = "AIDAEXERCISE".to_owned();
        Ok(Caller { account: "111122223333".to_owned(), region: region.to_owned(), arn, user_id })
    }

    fn weather(&mut self, _: &Caller, _: &str, _: &str, _: DateTime<Utc>) -> Weather {
        self.weather.pop().unwrap_or_default()
    }

    fn answer(&mut self, call: Call) -> Answer {
        let answer = (self.answering)(&call);
        self.calls.push(call);
        answer
    }

    fn request_id(&mut self) -> String {
        REQUEST_ID.to_owned()
    }
}

struct Simulated {
    address: std::net::SocketAddr,
    desk: Arc<Mutex<Desk>>,
    clock: Clock,
    stop: CancellationToken,
    server: JoinHandle<Result<(), ServeError>>,
}

impl Simulated {
    async fn start(answering: impl FnMut(&Call) -> Answer + Send + 'static) -> Self {
        Self::start_with(answering, None).await
    }

    async fn start_with(answering: impl FnMut(&Call) -> Answer + Send + 'static, fallback: Option<Fallback>) -> Self {
        let desk = Arc::new(Mutex::new(Desk { answering: Box::new(answering), weather: Vec::new(), calls: Vec::new() }));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let clock = Clock::simulated(NOW.parse().unwrap(), 1.0);
        let stop = CancellationToken::new();
        let server = tokio::spawn(serve(listener, Arc::<Mutex<Desk>>::clone(&desk), clock.clone(), fallback, stop.clone()));
        Self { address, desk, clock, stop, server }
    }

    /// A world that answers every call with this.
    async fn answering(answer: Value) -> Self {
        Self::start(move |_| Ok(answer.clone())).await
    }

    /// A world that refuses every call with this.
    async fn refusing(refusal: Refusal) -> Self {
        Self::start(move |_| Err(refusal.clone())).await
    }

    fn sdk(&self) -> SdkConfig {
        let credentials = Credentials::new("AKIAEXERCISEOPERATOR", "exercise", None, None, "test");
        SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .endpoint_url(format!("http://{}", self.address))
            .region(Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .retry_config(RetryConfig::disabled())
            .build()
    }

    fn input(&self) -> Value {
        self.desk.lock().unwrap().calls.last().unwrap().input.clone()
    }

    fn meet(&self, weather: Weather) {
        self.desk.lock().unwrap().weather.push(weather);
    }

    fn calls(&self) -> usize {
        self.desk.lock().unwrap().calls.len()
    }

    /// Sends a request as it stands and reads until the server closes; the head is to say `Connection: close`.
    async fn raw(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn request(&self, line: &str, service: &str, headers: &[(&str, &str)], body: &str) -> Told {
        let mut text = format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential=AKIAEXERCISEOPERATOR/20260314/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=00\r\n",
            self.address,
            body.len()
        );
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("\r\n{body}"));
        Told::new(&self.raw(text.as_bytes()).await)
    }

    async fn end(self) {
        self.stop.cancel();
        self.server.await.unwrap().unwrap();
    }
}

/// An answer as it came.
struct Told {
    status: u16,
    head: String,
    body: String,
}

impl Told {
    fn new(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|fault| panic!("{fault}: {}", self.body))
    }

    fn has_header(&self, name: &str, value: &str) -> bool {
        self.head.lines().any(|line| line.eq_ignore_ascii_case(&format!("{name}: {value}")))
    }
}

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
const JSON_1_0: (&str, &str) = ("Content-Type", "application/x-amz-json-1.0");
const JSON_1_1: (&str, &str) = ("Content-Type", "application/x-amz-json-1.1");

mod official {
    //! The official Rust SDK, in each of the protocols that it speaks.
    use super::*;

    /// The SDK cuts the nanoseconds of a JSON time off its nearest double, so .123 comes out as .122999876.
    fn to_the_millisecond(at: &AwsTime) -> AwsTime {
        AwsTime::from_millis((at.as_nanos() as f64 / 1e6).round() as i64)
    }

    #[tokio::test]
    async fn sts_speaks_query() {
        let sim = Simulated::start(|call| match call.operation.as_str() {
            "GetCallerIdentity" => {
                Ok(json!({"Account": call.caller.account, "Arn": call.caller.arn, "UserId": call.caller.user_id}))
            }
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
        let start = start
            .parameters("InstanceId", vec!["i-0f00ba4deadbeef01".to_owned()])
            .parameters("Device", vec!["/dev/sdf".to_owned()]);
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
        let fault =
            refused!(call.describe_backup_vault().backup_vault_name("nope"), "ResourceNotFoundException", "no such vault");
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
            one("'short' at 'automationExecutionId' failed to satisfy constraint: Member must have length greater than or equal to 36")
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
}

mod raw {
    //! What other clients send, and what no client should.
    use super::*;

    #[tokio::test]
    async fn cloudwatch_answers_in_query_json_and_cbor() {
        let sim = Simulated::answering(json!({
            "MetricAlarms": [{"AlarmName": "a", "Threshold": 5.5, "StateUpdatedTimestamp": "2026-03-14T03:04:00.250Z"}]
        }))
        .await;
        let body = "Action=DescribeAlarms&Version=2010-08-01&AlarmTypes.member.1=MetricAlarm&AlarmTypes.member.2=CompositeAlarm\
                    &MaxRecords=7";
        let told = sim.request("POST /", "monitoring", &[FORM], body).await;
        assert_eq!(told.status, 200);
        let expected = "<DescribeAlarmsResult><MetricAlarms><member><AlarmName>a</AlarmName><StateUpdatedTimestamp>\
                        2026-03-14T03:04:00.250Z</StateUpdatedTimestamp><Threshold>5.5</Threshold></member></MetricAlarms>\
                        </DescribeAlarmsResult>";
        assert!(told.body.contains(expected), "{}", told.body);
        assert!(told.body.contains(&format!("<RequestId>{REQUEST_ID}</RequestId>")));
        let input = json!({"AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "MaxRecords": 7});
        assert_eq!(sim.input(), input);

        let target = ("X-Amz-Target", "GraniteServiceVersion20100801.DescribeAlarms");
        let told = sim.request("POST /", "monitoring", &[JSON_1_0, target], &input.to_string()).await;
        let alarm = json!({"AlarmName": "a", "Threshold": 5.5, "StateUpdatedTimestamp": 1_773_457_440.25});
        assert_eq!(told.json(), json!({"MetricAlarms": [alarm]}));
        assert!(told.has_header("content-type", "application/x-amz-json-1.0"));
        assert_eq!(sim.input(), input);

        let told =
            sim.request("POST /service/GraniteServiceVersion20100801/operation/DescribeAlarms", "monitoring", &CBOR, "").await;
        assert_eq!(told.status, 200);
        assert!(told.has_header("smithy-protocol", "rpc-v2-cbor"));
        sim.end().await;
    }

    const CBOR: [(&str, &str); 2] = [("smithy-protocol", "rpc-v2-cbor"), ("Content-Type", "application/cbor")];

    #[tokio::test]
    async fn health_answers_in_json_too() {
        let sim = Simulated::answering(json!({"events": []})).await;
        let target = ("X-Amz-Target", "AWSHealth_20160804.DescribeEvents");
        let told =
            sim.request("POST /", "health", &[JSON_1_1, target], r#"{"filter":{"startTimes":[{"from":1773457200.5}]}}"#).await;
        assert_eq!((told.status, told.json()), (200, json!({"events": []})));
        assert_eq!(sim.input(), json!({"filter": {"startTimes": [{"from": "2026-03-14T03:00:00.500Z"}]}}));
        sim.end().await;
    }

    #[tokio::test]
    async fn a_path_may_end_with_a_slash_and_carry_an_encoded_arn() {
        let sim = Simulated::answering(json!({})).await;
        for path in ["/backup-vaults/", "/backup-vaults", "/backup-vaults/?maxResults=3"] {
            assert_eq!(sim.request(&format!("GET {path}"), "backup", &[], "").await.status, 200, "{path}");
        }
        assert_eq!(sim.input(), json!({"MaxResults": 3}));
        let point = "arn%3Aaws%3Abackup%3Aeu-central-1%3A444455556666%3Arecovery-point%3Aa%2Fb";
        let path = format!("GET /backup-vaults/shop/recovery-points/{point}/restore-metadata");
        assert_eq!(sim.request(&path, "backup", &[], "").await.status, 200);
        assert_eq!(sim.input()["RecoveryPointArn"], "arn:aws:backup:eu-central-1:444455556666:recovery-point:a/b");
        sim.end().await;
    }

    #[tokio::test]
    async fn an_unknown_operation_is_refused_as_each_protocol_does() {
        let sim = Simulated::answering(json!({})).await;
        let told = sim.request("POST /", "ssm", &[JSON_1_1, ("X-Amz-Target", "AmazonSSM.Dance")], "{}").await;
        assert_eq!((told.status, &told.json()["__type"]), (400, &json!("UnknownOperationException")));
        let told = sim.request("POST /", "ssm", &[JSON_1_1, ("X-Amz-Target", "Other.GetOpsItem")], "{}").await;
        assert_eq!(told.status, 400);
        let told = sim.request("POST /", "sts", &[FORM], "Action=Dance&Version=2011-06-15").await;
        assert_eq!(told.status, 400);
        assert!(told.body.contains("<Code>InvalidAction</Code><Message>Could not find operation Dance for version 2011-06-15<"));
        let told = sim.request("PATCH /backup-vaults", "backup", &[], "").await;
        assert_eq!(told.status, 404);
        assert!(told.has_header("x-amzn-errortype", "UnknownOperationException"));
        let told = sim.request("GET /2013-04-01/dance", "route53", &[], "").await;
        assert!(
            told.status == 404 && told.body.contains("<Code>UnknownOperationException<") || told.body.contains("InvalidAction")
        );
        let told = sim.request("POST /service/GraniteServiceVersion20100801/operation/Dance", "monitoring", &CBOR, "").await;
        assert_eq!(told.status, 404);
        assert!(told.body.contains("UnknownOperationException"));
        let told = sim.request("POST /", "dance", &[FORM], "Action=Dance").await;
        assert_eq!(told.status, 400);
        assert_eq!(sim.calls(), 0);
        sim.end().await;
    }

    #[tokio::test]
    async fn a_malformed_body_is_refused_and_the_server_goes_on() {
        let sim = Simulated::answering(json!({})).await;
        let target = ("X-Amz-Target", "AmazonSSM.GetOpsItem");
        for body in ["{", "[]", "\"x\"", "{\"OpsItemId\":[[[[", "nul", &"[".repeat(100_000)] {
            let told = sim.request("POST /", "ssm", &[JSON_1_1, target], body).await;
            assert_eq!((told.status, &told.json()["__type"]), (400, &json!("SerializationException")), "{}", told.body);
        }
        let told = sim.request("POST /", "ssm", &[JSON_1_1, target], r#"{"OpsItemId":7}"#).await;
        assert_eq!(told.json()["message"], "NUMBER_VALUE cannot be converted to String");
        for body in ["", "\u{7f}", "\u{1}\u{2}", &"\u{0}".repeat(100)] {
            let told =
                sim.request("POST /service/AWSHealth_20160804/operation/DescribeEventDetails", "health", &CBOR, body).await;
            assert_eq!(told.status, 400, "{body:?}");
        }
        for body in ["<a>", "plain", "<ChangeResourceRecordSetsRequest/>", ""] {
            let told = sim.request("POST /2013-04-01/hostedzone/Z1/rrset", "route53", &[], body).await;
            assert_eq!(told.status, 400, "{body:?}");
            assert!(told.body.contains("<Code>InvalidInput</Code>"), "{}", told.body);
        }
        let told = sim.request("POST /", "sts", &[FORM], "Action=AssumeRole&DurationSeconds=soon&%%%&RoleArn").await;
        assert!(told.status == 400 && told.body.contains("<Code>MalformedInput</Code>"), "{}", told.body);
        let told = sim.request("PUT /restore-jobs", "backup", &[("Content-Encoding", "gzip")], "xx").await;
        assert_eq!(told.status, 400);
        assert_eq!(sim.calls(), 0);
        sim.end().await;
    }

    #[tokio::test]
    async fn a_request_without_a_signature_is_refused_in_its_own_protocol() {
        let sim = Simulated::answering(json!({})).await;
        let post =
            |headers: &str| format!("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n{headers}\r\n");
        let told = Told::new(&sim.raw(post("X-Amz-Target: AmazonSSM.GetOpsItem\r\n").as_bytes()).await);
        assert_eq!((told.status, &told.json()["__type"]), (403, &json!("MissingAuthenticationTokenException")));
        let told = Told::new(&sim.raw(post("Content-Type: application/x-www-form-urlencoded\r\n").as_bytes()).await);
        assert!(told.status == 403 && told.body.contains("<Code>MissingAuthenticationToken</Code>"));
        let told = Told::new(&sim.raw(post("Authorization: AWS4-HMAC-SHA256 Credential=a\r\n").as_bytes()).await);
        assert_eq!(told.status, 400);
        assert!(told.has_header("x-amzn-errortype", "IncompleteSignatureException"));
        assert!(told.has_header("x-amzn-requestid", REQUEST_ID));
        assert!(told.has_header("date", "Sat, 14 Mar 2026 03:00:00 GMT"));
        sim.end().await;
    }

    #[tokio::test]
    async fn a_revoked_key_is_refused_by_the_name_that_each_protocol_has_for_it() {
        let sim = Simulated::answering(json!({})).await;
        let key =
            |name: &str| format!("AWS4-HMAC-SHA256 Credential={name}/20260314/x/{{}}/aws4_request, SignedHeaders=h, Signature=0");
        for (name, service, header, code) in [
            ("AKIAREVOKED", "ssm", "X-Amz-Target: AmazonSSM.GetOpsItem", "UnrecognizedClientException"),
            ("AKIAREVOKED", "sts", "Content-Type: application/x-www-form-urlencoded", "<Code>InvalidClientTokenId</Code>"),
            ("ASIAWITHOUTATOKEN", "sts", "Content-Type: application/x-www-form-urlencoded", "<Code>InvalidClientTokenId</Code>"),
        ] {
            let authorization = key(name).replace("{}", service);
            let head = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0";
            let told =
                Told::new(&sim.raw(format!("{head}\r\nAuthorization: {authorization}\r\n{header}\r\n\r\n").as_bytes()).await);
            assert!(told.status == 403 && told.body.contains(code), "{}", told.body);
        }
        sim.end().await;
    }

    #[tokio::test]
    async fn a_page_that_is_not_of_aws_is_left_to_the_fallback() {
        let fallback: Fallback = Arc::new(|parts| {
            let host = parts.headers.get("host")?.to_str().ok()?;
            (host == "www.shop.example.com").then(|| http::Response::new(bytes::Bytes::from("the shop")))
        });
        let sim = Simulated::start_with(|_| Ok(json!({})), Some(fallback)).await;
        let get = |host: &str| format!("GET /basket HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let told = Told::new(&sim.raw(get("www.shop.example.com").as_bytes()).await);
        assert_eq!((told.status, told.body.as_str()), (200, "the shop"));
        assert_eq!(Told::new(&sim.raw(get("localhost").as_bytes()).await).status, 403);
        sim.end().await;
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_refused() {
        let sim = Simulated::answering(json!({})).await;
        let mut stream = TcpStream::connect(sim.address).await.unwrap();
        stream
            .write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\nX-Amz-Target: AmazonSSM.X\r\n\r\n")
            .await
            .unwrap();
        let mut answer = [0; 12];
        let chunk = vec![b' '; 1 << 20];
        for _ in 0..9 {
            // The server may have answered and closed by now.
            let _ = stream.write_all(&chunk).await;
        }
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 413");
        sim.end().await;
    }
}

mod faults {
    //! What happens to a connection.
    use super::*;

    #[tokio::test]
    async fn a_slow_answer_waits_on_the_worlds_clock_after_it_took_effect() {
        let sim = Simulated::answering(json!({})).await;
        sim.meet(Weather::Slow(4_000));
        let backup = aws_sdk_backup::Client::new(&sim.sdk());
        let answer = tokio::spawn(async move { backup.list_backup_vaults().send().await });
        while sim.calls() == 0 {
            tokio::task::yield_now().await;
        }
        // The clock stands still, so the answer cannot come before it is stepped.
        assert!(!answer.is_finished());
        while !answer.is_finished() {
            sim.clock.step(Duration::from_secs(4));
            tokio::task::yield_now().await;
        }
        answer.await.unwrap().unwrap();
        sim.end().await;
    }

    #[tokio::test]
    async fn a_connection_is_reset_before_the_call_or_instead_of_its_answer() {
        let sim = Simulated::answering(json!({})).await;
        for (weather, calls) in [(Weather::Reset, 0), (Weather::AnswerLost, 1)] {
            sim.meet(weather);
            let mut stream = TcpStream::connect(sim.address).await.unwrap();
            let head = format!(
                "GET /backup-vaults HTTP/1.1\r\nHost: x\r\nAuthorization: AWS4-HMAC-SHA256 \
                 Credential=AK/20260314/{REGION}/backup/aws4_request, SignedHeaders=h, Signature=0\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            let fault = stream.read(&mut [0; 64]).await.unwrap_err();
            assert_eq!(fault.kind(), std::io::ErrorKind::ConnectionReset);
            assert_eq!(sim.calls(), calls);
        }
        sim.end().await;
    }

    #[tokio::test]
    async fn a_refusal_by_the_weather_has_no_effect() {
        let sim = Simulated::answering(json!({})).await;
        sim.meet(Weather::Refused(Refusal::new("ServiceUnavailableException", "down").status(503)));
        let fault = aws_sdk_backup::Client::new(&sim.sdk()).list_backup_vaults().send().await.unwrap_err();
        assert_eq!((fault.code(), sim.calls()), (Some("ServiceUnavailableException"), 0));
        sim.end().await;
    }

    #[tokio::test]
    async fn the_stop_drains_silent_idle_and_half_sent_connections() {
        let sim = Simulated::answering(json!({})).await;
        sim.meet(Weather::Silent);
        let backup = aws_sdk_backup::Client::new(&sim.sdk());
        let silent = tokio::spawn(async move { backup.list_backup_vaults().send().await });
        let _idle = TcpStream::connect(sim.address).await.unwrap();
        let mut half = TcpStream::connect(sim.address).await.unwrap();
        half.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf").await.unwrap();
        while !sim.desk.lock().unwrap().weather.is_empty() {
            tokio::task::yield_now().await;
        }
        sim.end().await;
        assert!(silent.await.unwrap().is_err());
    }

    #[tokio::test]
    async fn only_loopback_is_served() {
        let listener = TcpListener::bind(("0.0.0.0", 0)).await.unwrap();
        let desk = Desk { answering: Box::new(|_| Ok(json!({}))), weather: Vec::new(), calls: Vec::new() };
        let served = serve(listener, Arc::new(Mutex::new(desk)), Clock::system(), None, CancellationToken::new()).await;
        assert!(matches!(served, Err(ServeError::NotLoopback(_))));
    }
}
