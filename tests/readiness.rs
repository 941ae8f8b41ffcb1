//! Whether a plan is ready, and what a plan can be written from, asked of the simulated AWS of the built-in exercise.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by a panic what is wrong")]

use lifeboat::cloud::{Access, Recorder, Sites};
use lifeboat::console::{self, Exercise, Reach};
use lifeboat::domain::Operator;
use lifeboat::draft;
use lifeboat::plan::Plan;
use lifeboat::readiness::{Found, Ready, junit, readiness};
use lifeboat::sim::call::{Call, Caller, Services};
use serde_json::json;

struct World {
    exercise: Exercise,
    plan_text: String,
}

impl World {
    async fn start() -> Self {
        let played = console::read("region-outage").unwrap();
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

/// Somebody with the right to do so makes what a step needs.
fn make(world: &World, service: &'static str, operation: &str, input: serde_json::Value) {
    let account = "444455556666".to_owned();
    let arn = format!("arn:aws:iam::{account}:user/builder");
    let caller = Caller { arn, account, region: "eu-central-1".to_owned(), user_id: "AIDABUILDER0000000000".to_owned() };
    let at = world.exercise.clock.now();
    let call = Call { caller, service, operation: operation.to_owned(), input, at };
    let told = world.exercise.world.lock().unwrap().answer(call);
    told.unwrap_or_else(|refusal| panic!("{service} {operation}: {refusal:?}"));
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
    make(&world, "dynamodb", "CreateTable", table("ledger"));
    make(&world, "rds", "CreateDBInstance", database("ledger", 0));
    make(&world, "s3", "CreateBucket", json!({"Bucket": "ledger-pages", "CreateBucketConfiguration": place}));
    let content = json!({"schemaVersion": "2.2", "mainSteps": [{"action": "aws:runShellScript", "name": "m", "inputs": {"runCommand": ["true"]}}]});
    let document =
        json!({"Name": "ledger-mount", "DocumentType": "Command", "DocumentFormat": "JSON", "Content": content.to_string()});
    make(&world, "ssm", "CreateDocument", document);
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
    make(&world, "dynamodb", "UpdateContinuousBackups", on);
    let on = json!({"Bucket": "ledger-pages", "VersioningConfiguration": {"Status": "Enabled"}});
    make(&world, "s3", "PutBucketVersioning", on);
    make(
        &world,
        "rds",
        "ModifyDBInstance",
        json!({"DBInstanceIdentifier": "ledger", "BackupRetentionPeriod": 7, "ApplyImmediately": true}),
    );
    // What an exercise left behind.
    make(&world, "dynamodb", "CreateTable", table("ledger-2"));
    make(&world, "rds", "CreateDBInstance", database("ledger-2", 7));
    make(&world, "sns", "CreateTopic", json!({"Name": "ledger"}));
    let (_, found) = world.check(&text).await;
    for step in ["table", "database", "bucket"] {
        assert_eq!(of(&found, "source", step).0, Ready::Yes, "{step}: {found:#?}");
    }
    for step in ["table", "database", "topic"] {
        assert_eq!(of(&found, "name", step).0, Ready::No, "{step}: {found:#?}");
    }
}
