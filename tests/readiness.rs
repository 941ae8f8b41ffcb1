//! Whether a plan is ready, and what a plan can be written from, asked of the simulated AWS of the built-in exercise.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by a panic what is wrong")]

use lifeboat::cloud::{Access, Recorder, Sites};
use lifeboat::console::{self, Exercise, Reach};
use lifeboat::domain::Operator;
use lifeboat::draft;
use lifeboat::plan::Plan;
use lifeboat::readiness::{Found, Ready, junit, readiness};
use lifeboat::sim::call::{Call, Caller, Services};
use serde_json::{Value, json};

struct World {
    exercise: Exercise,
    plan_text: String,
}

impl World {
    async fn start() -> Self {
        Self::of("region-outage").await
    }

    async fn of(scenario: &str) -> Self {
        let played = console::read(scenario).unwrap();
        let exercise = Exercise::start(played.scenario.clone(), 7, None, 0).await.unwrap();
        Self { exercise, plan_text: played.plan_text.clone() }
    }

    async fn sites(&self, plan: &Plan) -> Sites {
        let access = Access::Fixed {
            access_key_id: "AKIAEXERCISEOPERATOR".into(),
            secret_access_key: "exercise".into(),
            session_token: None,
        };
        let reach = Reach { access, endpoint_url: Some(self.exercise.endpoint_url()), sts_region: None };
        let operator = Operator::new("ana");
        let connected = console::connect(plan, reach, &operator, &self.exercise.clock, &Recorder::new()).await;
        Sites::new(&connected.unwrap_or_else(|problem| panic!("{problem}")))
    }

    /// Something is there at the recovery site before the plan is looked at.
    fn there(&self, service: &'static str, operation: &str, input: Value) {
        self.there_at("444455556666", "eu-central-1", service, operation, input);
    }

    fn there_at(&self, account: &str, region: &str, service: &'static str, operation: &str, input: Value) {
        let caller = Caller {
            account: account.into(),
            region: region.into(),
            arn: format!("arn:aws:iam::{account}:user/setup"),
            user_id: "AIDASETUP".into(),
        };
        let call = Call { caller, service, operation: operation.into(), input, at: self.exercise.clock.now() };
        let told = self.exercise.world.lock().unwrap().answer(call);
        told.unwrap_or_else(|refusal| panic!("{operation}: {refusal:?}"));
    }

    /// A resource of this type is there, made at once.
    fn resource(&self, type_name: &str, properties: &Value) {
        self.there("cloudcontrolapi", "CreateResource", json!({"TypeName": type_name, "DesiredState": properties.to_string()}));
    }

    /// What is found about the step `tried`, which is all there is in the plan.
    async fn tried(&self, action: &str, with: &str) -> Vec<Found> {
        let head = self.plan_text.split("[[step]]").next().unwrap();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/actions");
        let text = format!(
            "{head}\n[[step]]\nid = \"tried\"\ntitle = \"Tried\"\nphase = \"restore\"\npart = \"data\"\naction = \"{action}\"\n\n\
             [step.with]\n{with}"
        );
        let path = format!("{folder}/tried.toml");
        let plan = Plan::parse(&path, &text).unwrap_or_else(|faults| panic!("{faults}\n{text}"));
        let found = readiness(&plan, &self.sites(&plan).await, self.exercise.clock.now()).await;
        found.into_iter().filter(|one| one.subject == "tried").collect()
    }

    async fn check(&self, text: &str) -> (Plan, Vec<Found>) {
        let plan = Plan::parse("shop.toml", text).unwrap_or_else(|faults| panic!("{faults}"));
        let found = readiness(&plan, &self.sites(&plan).await, self.exercise.clock.now()).await;
        (plan, found)
    }
}

fn told<'a>(found: &'a [Found], check: &str, subject: &str) -> Vec<&'a Found> {
    found.iter().filter(|one| one.check == check && one.subject == subject).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_of_the_exercise_is_ready_as_far_as_the_simulated_aws_can_tell() {
    let world = World::start().await;
    let (_, found) = world.check(&world.plan_text).await;
    // Its Cloud Control holds neither the roles nor the keys of the exercise, and says of each that there is none.
    let held = |one: &&Found| !["role", "metadata"].contains(&one.check);
    let wrong: Vec<&Found> = found.iter().filter(|one| one.ready == Ready::No).filter(held).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (check, subject) in [
        ("identity", "primary"),
        ("identity", "recovery"),
        ("alarm", "primary/shop-error-rate"),
        ("recovery-point", "orders-db"),
        ("runbook", "warm-caches"),
        ("record", "move-records"),
    ] {
        let of = told(&found, check, subject);
        assert!(!of.is_empty() && of.iter().all(|one| one.ready == Ready::Yes), "{check} {subject}: {of:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_fail_on_the_day_is_told_before_it_with_its_line_its_reason_and_its_remedy() {
    let world = World::start().await;
    let broken = world
        .plan_text
        .replace("shop-warm-caches", "shop-warm-cashes")
        .replace("\"primary/shop-latency-p99\"", "\"primary/no-such-alarm\"")
        .replace("vaults = [\"shop-recovery\"]", "vaults = []")
        .replace("rpo = \"1h\"", "rpo = \"1s\"");
    let (plan, found) = world.check(&broken).await;
    let line = plan.step(&"warm-caches".into()).unwrap().line;
    let runbook = told(&found, "runbook", "warm-caches");
    assert_eq!((runbook[0].ready, runbook[0].line), (Ready::No, Some(line)), "{runbook:#?}");
    assert!(runbook[0].what.contains("eu-central-1") && !runbook[0].why.is_empty() && !runbook[0].next.is_empty());
    assert_eq!(told(&found, "alarm", "primary/no-such-alarm")[0].ready, Ready::No);
    assert_eq!(told(&found, "recovery-point", "orders-db")[0].ready, Ready::No);
    let xml = junit(&plan, &found);
    assert!(xml.contains("<failure message=") && xml.ends_with("</testsuites>\n"), "{xml}");

    let old = world.plan_text.replace("rpo = \"1h\"", "rpo = \"1s\"");
    let (_, found) = world.check(&old).await;
    let point = told(&found, "recovery-point", "orders-db");
    assert!(point.iter().any(|one| one.ready == Ready::No && one.what.contains("RPO")), "{point:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_written_from_what_is_there_is_sound_and_marks_its_guesses() {
    let world = World::start().await;
    let shop = Plan::parse("shop.toml", &world.plan_text).unwrap();
    let sites = world.sites(&shop).await;
    let wanted = draft::Wanted { tags: Vec::new(), names: Vec::new() };
    let found = draft::look(&sites, &wanted, world.exercise.clock.now()).await;
    assert!(found.problems.is_empty(), "{:#?}", found.problems);
    let text = draft::plan_of("shop", [("eu-west-1", None), ("eu-central-1", None)], &found);
    let text = lifeboat::plan::formatted(&text).unwrap();
    let plan = Plan::parse("new.toml", &text).unwrap_or_else(|faults| panic!("{}\n{text}", faults.render(&text, false)));
    let arns: Vec<&str> = plan.resources.values().map(|resource| resource.arn.as_str()).collect();
    for resource in shop.resources.values() {
        assert!(arns.contains(&resource.arn.as_str()), "{} is missing among {arns:?}", resource.arn);
    }
    for words in [
        "account = \"111122223333\"",
        "account = \"444455556666\"",
        "\"shop-recovery\"",
        "targetTableName = \"orders\"",
        "shop-warm-caches",
        "shop.example.com",
        "availabilityZone = \"eu-central-1a\"",
        "# settle:",
    ] {
        assert!(text.contains(words), "{words} is missing:\n{text}");
    }
    let nothing = draft::Wanted { tags: vec![("no".into(), "such".into())], names: Vec::new() };
    let found = draft::look(&sites, &nothing, world.exercise.clock.now()).await;
    assert!(found.resources.is_empty());
    let text = draft::plan_of("nothing", [("eu-west-1", None), ("eu-central-1", None)], &found);
    Plan::parse("new.toml", &text).unwrap_or_else(|faults| panic!("{}\n{text}", faults.render(&text, false)));
}

const MOMENTS: &str = r#"
[[step]]
id = "table"
title = "T"
phase = "restore"
part = "data"
action = "dynamodb.restore_to_point_in_time"
with = { source = "arn:aws:dynamodb:eu-central-1:444455556666:table/ledger", target = "ledger-2" }

[[step]]
id = "database"
title = "T"
phase = "restore"
part = "data"
action = "rds.restore_to_point_in_time"
with = { kind = "instance", source = "ledger", target = "ledger-2" }

[[step]]
id = "bucket"
title = "T"
phase = "restore"
part = "data"
action = "s3.rewind"
with = { bucket = "ledger-pages", to = "impact" }

[[step]]
id = "command"
title = "T"
phase = "restore"
part = "integration"
action = "ssm.run_command"
with = { document = "ledger-mount", instances = ["i-0f00ba4deadbeef01"] }

[[step]]
id = "topic"
title = "T"
phase = "restore"
part = "infrastructure"
action = "cloudcontrol.create"
[step.with]
type = "AWS::SNS::Topic"
properties = { TopicName = "ledger" }
identifier = "arn:aws:sns:eu-central-1:444455556666:ledger"

[[step]]
id = "copy"
title = "T"
phase = "restore"
part = "data"
action = "backup.copy"
[step.with]
resource = "orders-table"
to_vault = "arn:aws:backup:eu-west-1:111122223333:backup-vault:shop-primary"
role_arn = "arn:aws:iam::444455556666:role/lifeboat-restore"
point = "arn:aws:backup:eu-central-1:444455556666:recovery-point:none"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_be_brought_back_to_a_moment_or_made_is_looked_for_before_the_day() {
    let world = World::start().await;
    let text = format!("{}{MOMENTS}", world.plan_text.split("[[step]]").next().unwrap());
    let (_, found) = world.check(&text).await;
    let of = |found: &[Found], check: &str, step: &str| {
        let told = told(found, check, step).into_iter().next().unwrap_or_else(|| panic!("{check} of {step}: {found:#?}"));
        (told.ready, told.what.clone())
    };
    for (check, step) in
        [("source", "table"), ("source", "database"), ("source", "bucket"), ("document", "command"), ("recovery-point", "copy")]
    {
        assert_eq!(of(&found, check, step).0, Ready::No, "{check} of {step}: {found:#?}");
    }
    for step in ["table", "database", "topic"] {
        assert_eq!(of(&found, "name", step).0, Ready::Yes, "{step}: {found:#?}");
    }

    let table = |name: &str| {
        json!({"TableName": name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]})
    };
    let database = |name: &str, days: u32| {
        json!({"DBInstanceIdentifier": name, "DBInstanceClass": "db.t4g.micro", "Engine": "postgres", "AllocatedStorage": 20,
            "MasterUsername": "once", "MasterUserPassword": "not-a-secret-1", "BackupRetentionPeriod": days})
    };
    let place = json!({"LocationConstraint": "eu-central-1"});
    world.there("dynamodb", "CreateTable", table("ledger"));
    world.there("rds", "CreateDBInstance", database("ledger", 0));
    world.there("s3", "CreateBucket", json!({"Bucket": "ledger-pages", "CreateBucketConfiguration": place}));
    let content = json!({"schemaVersion": "2.2", "mainSteps": [{"action": "aws:runShellScript", "name": "m", "inputs": {"runCommand": ["true"]}}]});
    let document =
        json!({"Name": "ledger-mount", "DocumentType": "Command", "DocumentFormat": "JSON", "Content": content.to_string()});
    world.there("ssm", "CreateDocument", document);
    let (_, found) = world.check(&text).await;
    for (check, step, says) in [
        ("source", "table", "no history"),
        ("source", "database", "no automated backups"),
        ("source", "bucket", "never switched on"),
    ] {
        let (ready, what) = of(&found, check, step);
        assert!(ready == Ready::No && what.contains(says), "{check} of {step}: {found:#?}");
    }
    assert_eq!(of(&found, "document", "command").0, Ready::Yes, "{found:#?}");

    world.exercise.clock.step(std::time::Duration::from_secs(3600));
    let on = json!({"TableName": "ledger", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}});
    world.there("dynamodb", "UpdateContinuousBackups", on);
    let on = json!({"Bucket": "ledger-pages", "VersioningConfiguration": {"Status": "Enabled"}});
    world.there("s3", "PutBucketVersioning", on);
    world.there(
        "rds",
        "ModifyDBInstance",
        json!({"DBInstanceIdentifier": "ledger", "BackupRetentionPeriod": 7, "ApplyImmediately": true}),
    );
    // What an exercise left behind.
    world.there("dynamodb", "CreateTable", table("ledger-2"));
    world.there("rds", "CreateDBInstance", database("ledger-2", 7));
    world.there("sns", "CreateTopic", json!({"Name": "ledger"}));
    let (_, found) = world.check(&text).await;
    for step in ["table", "database", "bucket"] {
        assert_eq!(of(&found, "source", step).0, Ready::Yes, "{step}: {found:#?}");
    }
    for step in ["table", "database", "topic"] {
        assert_eq!(of(&found, "name", step).0, Ready::No, "{step}: {found:#?}");
    }
}

/// The one finding of a check with these words in it.
fn one<'a>(found: &'a [Found], check: &str, words: &str) -> &'a Found {
    let fits: Vec<&Found> = found.iter().filter(|one| one.check == check && one.what.contains(words)).collect();
    let [only] = fits.as_slice() else { panic!("not one {check} with {words:?}: {found:#?}") };
    assert_eq!(only.ready == Ready::Yes, only.why.is_empty() && only.next.is_empty(), "what is wrong has a remedy: {only:?}");
    only
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_are_tried_before_the_day() {
    let world = World::start().await;
    let deploy = |more: &str| format!("stack = \"shop-logs\"\n{more}");
    let found =
        world.tried("cloudformation.deploy", &deploy("template = \"logs.template.json\"\nparameters = { Name = \"x\" }")).await;
    assert_eq!(one(&found, "template", "takes the template").ready, Ready::Yes);
    let found = world.tried("cloudformation.deploy", &deploy("template = \"logs.template.json\"")).await;
    assert_eq!(one(&found, "template", "without a default: Name").ready, Ready::No);
    let found = world.tried("cloudformation.deploy", &deploy("template = \"no-such.json\"")).await;
    assert_eq!(one(&found, "template", "cannot be read").ready, Ready::No);
    let found = world.tried("cloudformation.deploy", &deploy("template = \"head.toml\"")).await;
    assert_eq!(one(&found, "template", "does not take the template").ready, Ready::No);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_must_be_there_and_let_in_the_service_that_works_with_it() {
    let world = World::start().await;
    for (name, service) in [("works", "backup.amazonaws.com"), ("stranger", "ec2.amazonaws.com")] {
        let trust = json!({"Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]});
        world.resource("AWS::IAM::Role", &json!({"RoleName": name, "AssumeRolePolicyDocument": trust}));
    }
    let restore = |role: &str| {
        format!(
            "resource = \"orders-table\"\nrole_arn = \"arn:aws:iam::444455556666:role/{role}\"\nmetadata = {{ targetTableName = \"orders\" }}"
        )
    };
    let copy = |role: &str| {
        format!(
            "resource = \"orders-table\"\nrole_arn = \"arn:aws:iam::444455556666:role/{role}\"\n\
             to_vault = \"arn:aws:backup:eu-west-1:111122223333:backup-vault:shop-primary\""
        )
    };
    for (action, with) in [("backup.restore", &restore as &dyn Fn(&str) -> String), ("backup.copy", &copy)] {
        for (role, words, ready) in [
            ("works", "may assume", Ready::Yes),
            ("stranger", "does not name backup.amazonaws.com", Ready::No),
            ("nobody", "there is no role", Ready::No),
        ] {
            assert_eq!(one(&world.tried(action, &with(role)).await, "role", words).ready, ready, "{action} {role}");
        }
    }
    let deploy = |role: &str| {
        format!(
            "stack = \"s\"\ntemplate = \"logs.template.json\"\nparameters = {{ Name = \"x\" }}\nrole_arn = \"arn:aws:iam::444455556666:role/{role}\""
        )
    };
    let found = world.tried("cloudformation.deploy", &deploy("works")).await;
    assert_eq!(one(&found, "role", "does not name cloudformation.amazonaws.com").ready, Ready::No);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_restore_metadata_names_must_be_in_the_recovery_region() {
    let world = World::start().await;
    let restore = |resource: &str, metadata: &str| {
        format!("resource = \"{resource}\"\nrole_arn = \"arn:aws:iam::444455556666:role/r\"\nmetadata = {{ {metadata} }}")
    };
    let database = "DBInstanceIdentifier = \"orders-db\", DBSubnetGroupName = \"no-such-group\", DBParameterGroupName = \"no-such-parameters\", \
        VpcSecurityGroupIds = '[\"sg-00000000000000001\"]', KmsKeyId = \"arn:aws:kms:eu-central-1:444455556666:key/0f1e\"";
    let found = world.tried("backup.restore", &restore("orders-db", database)).await;
    for words in [
        "there is no AWS::RDS::DBSubnetGroup no-such-group",
        "there is no AWS::RDS::DBParameterGroup no-such-parameters",
        "there is no AWS::EC2::SecurityGroup sg-00000000000000001",
        "there is no AWS::KMS::Key 0f1e",
    ] {
        assert_eq!(one(&found, "metadata", words).ready, Ready::No);
    }
    let foreign = "DBInstanceIdentifier = \"orders-db\", DBSubnetGroupName = \"shop-recovery\", \
                   KmsKeyId = \"arn:aws:kms:eu-west-1:111122223333:key/0f1e\"";
    let found = world.tried("backup.restore", &restore("orders-db", foreign)).await;
    assert_eq!(one(&found, "metadata", "is of eu-west-1").ready, Ready::No);
    let volume = |zone: &str| restore("catalog-volume", &format!("availabilityZone = \"{zone}\""));
    let found = world.tried("backup.restore", &volume("eu-west-1a")).await;
    assert_eq!(one(&found, "metadata", "is no zone of eu-central-1").ready, Ready::No);
    let found = world.tried("backup.restore", &volume("eu-central-1b")).await;
    assert_eq!(one(&found, "metadata", "is a zone of eu-central-1").ready, Ready::Yes);
    let bucket = |more: &str| restore("assets", &format!("DestinationBucketName = \"shop-assets-tried\"{more}"));
    let found = world.tried("backup.restore", &bucket("")).await;
    assert_eq!(one(&found, "metadata", "there is no AWS::S3::Bucket").ready, Ready::No);
    let found = world.tried("backup.restore", &bucket(", NewBucket = \"true\"")).await;
    assert_eq!(one(&found, "name", "is free").ready, Ready::Yes);
}

#[tokio::test(flavor = "multi_thread")]
async fn runbooks_and_what_a_step_calls_must_be_there() {
    let world = World::start().await;
    let found = world.tried("ssm.automation", "document = \"no-such-runbook\"").await;
    assert_eq!(one(&found, "runbook", "no runbook no-such-runbook in eu-central-1").ready, Ready::No);
    let found = world.tried("ssm.automation", "document = \"shop-warm-caches\"").await;
    assert_eq!(one(&found, "runbook", "is there in eu-central-1").ready, Ready::Yes);
    let found = world.tried("lambda.invoke", "function = \"no-such-function\"").await;
    assert_eq!(one(&found, "function", "no function no-such-function").ready, Ready::No);
    let found = world.tried("sns.publish", "topic = \"arn:aws:sns:eu-central-1:444455556666:none\"\nmessage = \"m\"").await;
    assert_eq!(one(&found, "topic", "no topic").ready, Ready::No);
    let machine = "arn:aws:states:REGION:444455556666:stateMachine:none";
    for (region, words) in [("eu-central-1", "no state machine"), ("eu-west-1", "is not in eu-central-1")] {
        let with = format!("state_machine = \"{}\"", machine.replace("REGION", region));
        assert_eq!(one(&world.tried("stepfunctions.execute", &with).await, "state-machine", words).ready, Ready::No);
    }
    let check = |id: &str, inverted: bool| format!("id = \"{id}\"\ninverted = {inverted}");
    let found = world.tried("route53.health_check", &check("00000000-0000-0000-0000-000000000000", true)).await;
    assert_eq!(one(&found, "health-check", "there is no health check").ready, Ready::No);
    let found = world.tried("route53.health_check", &check("3c1f5a20-7d44-4b0e-9a1c-6f2e8d5b4a01", false)).await;
    assert_eq!(one(&found, "health-check", "already").ready, Ready::Doubtful);
}

#[tokio::test(flavor = "multi_thread")]
async fn routing_controls_must_be_there_at_their_cluster() {
    let world = World::of(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/actions/world.toml")).await;
    let whole =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/actions/routing-control.toml")).unwrap();
    let check = async |text: &str| {
        let (_, found) = world.check(&format!("{}\n{text}", world.plan_text)).await;
        found.into_iter().filter(|one| one.check == "routing-control").collect::<Vec<_>>()
    };
    let found = check(&whole).await;
    assert!(found.len() == 2 && found.iter().all(|one| one.ready == Ready::Yes), "{found:#?}");
    let found = check(&whole.replace("c47d03b9e6f1825a", "0000000000000000")).await;
    assert_eq!(one(&found, "routing-control", "there is no routing control").ready, Ready::No);
    let fewer: String = whole.lines().filter(|line| !line.starts_with("us-")).map(|line| format!("{line}\n")).collect();
    let found = check(&fewer).await;
    assert_eq!(one(&found, "routing-control", "3 of the cluster's five endpoints").ready, Ready::Doubtful);
}

#[tokio::test(flavor = "multi_thread")]
async fn stacks_of_the_primary_are_found_by_tag_or_name_and_become_steps() {
    let world = World::start().await;
    let topic = r#"{"Parameters": {"Size": {"Type": "String"}}, "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}"#;
    for (name, workload) in [("net", "shop"), ("shop-web", "other"), ("billing", "billing")] {
        let input = json!({"StackName": name, "TemplateBody": topic, "Tags": [{"Key": "workload", "Value": workload}],
            "Parameters": [{"ParameterKey": "Size", "ParameterValue": "small"}]});
        world.there_at("111122223333", "eu-west-1", "cloudformation", "CreateStack", input);
    }
    let sites = world.sites(&Plan::parse("shop.toml", &world.plan_text).unwrap()).await;
    let tagged = draft::Wanted { tags: vec![("workload".into(), "shop".into())], names: Vec::new() };
    let named = draft::Wanted { tags: Vec::new(), names: vec!["SHOP".into()] };
    for (wanted, name) in [(tagged, "net"), (named, "shop-web")] {
        let found = draft::look(&sites, &wanted, world.exercise.clock.now()).await;
        assert_eq!(found.stacks.iter().map(|stack| stack.name.as_str()).collect::<Vec<_>>(), [name]);
        let text = draft::plan_of("shop", [("eu-west-1", None), ("eu-central-1", None)], &found);
        let text = lifeboat::plan::formatted(&text).unwrap();
        let plan = Plan::parse("new.toml", &text).unwrap_or_else(|faults| panic!("{}\n{text}", faults.render(&text, false)));
        let step = plan.step(&format!("deploy-{name}").as_str().into()).unwrap();
        assert!(matches!(&step.action, lifeboat::plan::Action::CloudFormationDeploy(deploy) if deploy.parameters.len() == 1));
        assert!(text.contains(&format!("--stack-name {name} ")), "{text}");
    }
}
