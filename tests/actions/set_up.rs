//! What a plan finds: made through the same door as everything else, with keys of the accounts themselves.

use aws_sdk_lambda::primitives::Blob;
use lifeboat::cloud::{Access, Base, Connection, Recorder, Retries, SiteSettings};
use lifeboat::domain::{Region, SiteName};

use chrono::{DateTime, Utc};
use lifeboat::clock::Clock;

use crate::table::Table;

/// The way in for those who set up.
pub struct SetUp {
    primary: Connection,
    recovery: Connection,
    clock: Clock,
}

macro_rules! sdk {
    ($name:ident, $site:ident, $sdk:ident) => {
        pub fn $name(&self) -> $sdk::Client {
            $sdk::Client::new(self.$site.sdk_config(Retries::Read))
        }
    };
}

impl SetUp {
    pub async fn of(table: &Table) -> Self {
        let open = async |key: &str, name: SiteName, region: &str| {
            let access = Access::Fixed { access_key_id: key.into(), secret_access_key: "x".into(), session_token: None };
            let base = Base::new(access, Region::new(region)).with_endpoint_url(table.exercise.endpoint_url());
            let settings = SiteSettings {
                name,
                region: Region::new(region),
                profile: None,
                role_arn: None,
                external_id: None,
                session_name: "setup".into(),
            };
            Connection::open(&base, &settings, &table.exercise.clock, &Recorder::new()).await.unwrap()
        };
        Self {
            clock: table.exercise.clock.clone(),
            primary: open("AKIASETUPPRIMARY0000", SiteName::primary(), "eu-west-1").await,
            recovery: open("AKIASETUPRECOVERY000", SiteName::recovery(), "eu-central-1").await,
        }
    }

    sdk!(backups, primary, aws_sdk_backup);
    sdk!(lambda, recovery, aws_sdk_lambda);
    sdk!(states, recovery, aws_sdk_sfn);
    sdk!(sns, recovery, aws_sdk_sns);
    sdk!(tables, recovery, aws_sdk_dynamodb);
    sdk!(objects, recovery, aws_sdk_s3);
    sdk!(resources, recovery, aws_sdk_cloudcontrol);
    sdk!(stacks, recovery, aws_sdk_cloudformation);
    sdk!(zones, recovery, aws_sdk_route53);
    sdk!(switch, recovery, aws_sdk_arcregionswitch);

    /// A table with point-in-time recovery.
    pub async fn table(&self, name: &str) {
        use aws_sdk_dynamodb::types::{
            AttributeDefinition, BillingMode, KeySchemaElement, KeyType, PointInTimeRecoverySpecification, ScalarAttributeType,
        };
        let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build().unwrap();
        let attribute = AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S);
        let make = self.tables().create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        make.key_schema(key).attribute_definitions(attribute.build().unwrap()).send().await.unwrap();
        let on = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true).build().unwrap();
        loop {
            // Until the table is active there is nothing to switch it on for.
            let ask = self.tables().update_continuous_backups().table_name(name);
            if ask.point_in_time_recovery_specification(on.clone()).send().await.is_ok() {
                return;
            }
        }
    }

    /// The point of a resource at the primary that holds the newest data, its continuous backup, is deleted.
    pub async fn newest_point_goes(&self, resource: &str) {
        let vault = "shop-primary";
        let listed = self.backups().list_recovery_points_by_backup_vault().backup_vault_name(vault).by_resource_arn(resource);
        let listed = listed.send().await.unwrap();
        let arns: Vec<&str> = listed.recovery_points().iter().filter_map(|point| point.recovery_point_arn()).collect();
        let newest = arns.iter().find(|arn| arn.contains(":continuous:")).unwrap();
        self.backups().delete_recovery_point().backup_vault_name(vault).recovery_point_arn(*newest).send().await.unwrap();
    }

    /// Somebody makes a stack.
    pub async fn stack(&self, name: &str) {
        let template = r#"{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}"#;
        self.stacks().create_stack().stack_name(name).template_body(template).send().await.unwrap();
        loop {
            let told = self.stacks().describe_stacks().stack_name(name).send().await.unwrap();
            if told.stacks()[0].stack_status().unwrap().as_str() == "CREATE_COMPLETE" {
                return;
            }
        }
    }

    /// The change sets of a stack are deleted.
    pub async fn change_sets_go(&self, stack: &str) {
        let listed = self.stacks().list_change_sets().stack_name(stack).send().await.unwrap();
        for set in listed.summaries() {
            self.stacks().delete_change_set().change_set_name(set.change_set_id().unwrap()).send().await.unwrap();
        }
    }

    /// A colleague restores a table to the latest moment.
    pub async fn restore_table(&self, source: &str, target: &str) {
        let arn = format!("arn:aws:dynamodb:eu-central-1:444455556666:table/{source}");
        let ask = self.tables().restore_table_to_point_in_time().source_table_arn(arn).target_table_name(target);
        ask.use_latest_restorable_time(true).send().await.unwrap();
    }

    /// A colleague restores a database to the latest moment, and does not wait for it.
    pub async fn restore_database(&self, source: &str, target: &str) {
        let wanted = serde_json::json!({
            "DBInstanceIdentifier": target, "SourceDBInstanceIdentifier": source, "UseLatestRestorableTime": true,
        });
        let ask = self.resources().create_resource().type_name("AWS::RDS::DBInstance").desired_state(wanted.to_string());
        ask.send().await.unwrap();
    }

    /// A resource of any type, made to its end.
    pub async fn resource(&self, type_name: &str, properties: serde_json::Value) {
        let made = self.resources().create_resource().type_name(type_name).desired_state(properties.to_string()).send().await;
        let token = made.unwrap().progress_event.unwrap().request_token.unwrap();
        loop {
            let told = self.resources().get_resource_request_status().request_token(&token).send().await.unwrap();
            let event = told.progress_event.unwrap();
            match event.operation_status.unwrap().as_str() {
                "SUCCESS" => return,
                "FAILED" => panic!("{:?}", event.status_message),
                _ => {}
            }
        }
    }

    /// Deletes a stack to its end.
    pub async fn delete_stack(&self, name: &str) {
        self.stacks().delete_stack().stack_name(name).send().await.unwrap();
        while self.stacks().describe_stacks().stack_name(name).send().await.is_ok() {}
    }

    /// A bucket with versions of a page before and after a moment, and a page that came after it.
    pub async fn bucket(&self, name: &str, moment: &str) {
        use aws_sdk_s3::types::{
            BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, VersioningConfiguration,
        };
        let place = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::EuCentral1).build();
        self.objects().create_bucket().bucket(name).create_bucket_configuration(place).send().await.unwrap();
        let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        self.objects().put_bucket_versioning().bucket(name).versioning_configuration(on).send().await.unwrap();
        let put = async |key: &str, body: &'static [u8]| {
            self.objects().put_object().bucket(name).key(key).body(body.to_vec().into()).send().await.unwrap();
        };
        let moment: DateTime<Utc> = moment.parse().unwrap();
        put("index.html", b"good").await;
        assert!(self.clock.now() < moment, "the first version is not from before the moment");
        self.clock.jump(moment + chrono::TimeDelta::minutes(1));
        put("index.html", b"broken").await;
        put("new.html", b"broken").await;
    }

    /// Two failover records.
    pub async fn failover_records(&self) {
        self.put_records(60).await;
    }

    /// Somebody gives them another TTL.
    pub async fn record_changes(&self) {
        self.put_records(300).await;
    }

    async fn put_records(&self, ttl: i64) {
        use aws_sdk_route53::types::{
            Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, ResourceRecordSetFailover, RrType,
        };
        let mut batch = ChangeBatch::builder();
        for (id, failover, address) in [
            ("old", ResourceRecordSetFailover::Primary, "192.0.2.10"),
            ("new", ResourceRecordSetFailover::Secondary, "198.51.100.10"),
        ] {
            let value = ResourceRecord::builder().value(address).build().unwrap();
            let set = ResourceRecordSet::builder().name("app.shop.example.com").r#type(RrType::A).set_identifier(id).ttl(ttl);
            let check = "3c1f5a20-7d44-4b0e-9a1c-6f2e8d5b4a01".to_owned();
            let set = set.set_health_check_id((id == "old").then_some(check)).failover(failover).resource_records(value);
            let change = Change::builder().action(ChangeAction::Upsert).resource_record_set(set.build().unwrap());
            batch = batch.changes(change.build().unwrap());
        }
        let zones = self.zones().list_hosted_zones_by_name().dns_name("shop.example.com").send().await.unwrap();
        let zone = zones.hosted_zones()[0].id().to_owned();
        let change = self.zones().change_resource_record_sets().hosted_zone_id(zone).change_batch(batch.build().unwrap());
        change.send().await.unwrap();
    }

    /// A plan of Region switch: an approval, then the function. Its ARN.
    pub async fn switch_plan(&self, function: &str) -> String {
        use aws_sdk_arcregionswitch::types::{
            CustomActionLambdaConfiguration, ExecutionApprovalConfiguration, ExecutionBlockConfiguration, ExecutionBlockType,
            Lambdas, RecoveryApproach, RegionToRunIn, Step, Workflow, WorkflowTargetAction,
        };
        let approval =
            ExecutionApprovalConfiguration::builder().approval_role("arn:aws:iam::444455556666:role/a").build().unwrap();
        let ask = Step::builder().name("Ask").execution_block_type(ExecutionBlockType::ExecutionApproval);
        let ask = ask.execution_block_configuration(ExecutionBlockConfiguration::ExecutionApprovalConfig(approval));
        let arn = format!("arn:aws:lambda:eu-central-1:444455556666:function:{function}");
        let call = CustomActionLambdaConfiguration::builder().lambdas(Lambdas::builder().arn(arn).build());
        let call = call.retry_interval_minutes(1.0).region_to_run(RegionToRunIn::ActivatingRegion).build().unwrap();
        let warm = Step::builder().name("Warm").execution_block_type(ExecutionBlockType::CustomActionLambda);
        let warm = warm.execution_block_configuration(ExecutionBlockConfiguration::CustomActionLambdaConfig(call));
        let workflow = Workflow::builder().workflow_target_action(WorkflowTargetAction::Activate);
        let workflow = workflow.steps(ask.build().unwrap()).steps(warm.build().unwrap()).build().unwrap();
        let make =
            self.switch().create_plan().name("shop").execution_role("arn:aws:iam::444455556666:role/s").workflows(workflow);
        let make = make.regions("eu-central-1").regions("eu-west-1").primary_region("eu-west-1");
        let made = make.recovery_approach(RecoveryApproach::ActivePassive).send().await.unwrap();
        made.plan().unwrap().arn().to_owned()
    }

    /// A function that answers `answer`.
    pub async fn function(&self, name: &str, answer: &str) {
        use aws_sdk_lambda::types::{Environment, FunctionCode, Runtime};
        let code = FunctionCode::builder().zip_file(Blob::new(b"PK".as_slice())).build();
        let environment = Environment::builder().variables("SIMULATED_RESPONSE", answer).build();
        let make = self.lambda().create_function().function_name(name).role("arn:aws:iam::444455556666:role/f").code(code);
        make.runtime(Runtime::Python312).handler("f.f").environment(environment).send().await.unwrap();
    }

    /// The function fails from now on; without a message it answers well again.
    pub async fn function_fails(&self, name: &str, message: Option<&str>) {
        use aws_sdk_lambda::types::Environment;
        let environment = match message {
            Some(message) => {
                let error = serde_json::json!({"errorType": "IndexError", "errorMessage": message}).to_string();
                Environment::builder().variables("SIMULATED_ERROR", error)
            }
            None => Environment::builder().variables("SIMULATED_RESPONSE", r#"{"warmed": 48000}"#),
        };
        let change = self.lambda().update_function_configuration().function_name(name);
        change.environment(environment.build()).send().await.unwrap();
    }

    /// A state machine that waits a minute and then calls the function.
    pub async fn state_machine(&self, name: &str, function: &str) {
        let definition = serde_json::json!({
            "StartAt": "Pause",
            "States": {
                "Pause": {"Type": "Wait", "Seconds": 60, "Next": "Index"},
                "Index": {
                    "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
                    "Parameters": {"FunctionName": function, "Payload.$": "$"}, "ResultSelector": {"indexed.$": "$.Payload.warmed"},
                    "End": true,
                },
            },
        });
        let make = self.states().create_state_machine().name(name).definition(definition.to_string());
        make.role_arn("arn:aws:iam::444455556666:role/f").send().await.unwrap();
    }
}
