//! What is done about a step beside confirming it as the plan has it, each as a whole exercise: other parameters, another recovery
//! point, a wait that ends by itself, a group at once, a yes that comes too late, and what somebody else has begun at AWS.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by a panic what is wrong")]

mod table;

use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use lifeboat::console;
use lifeboat::domain::{MutatingCall, ProblemKind, StepId, Strength};
use lifeboat::engine::Intent;
use lifeboat::journal::{Amended, Event, Journal, JournalDirectory, StepStatus, export};
use lifeboat::sim::call::{Call, Caller, Services};
use lifeboat::sim::inject::{Change, Fault, FaultKind, Inject};
use lifeboat::store::{Prepared, State};
use lifeboat::ui::plain::Plain;
use lifeboat::ui::{Request, Symbols};
use serde_json::{Value, json};
use table::{Table, UNHURRIED, open, open_played};

fn id(step: &str) -> StepId {
    StepId::new(step)
}

/// A call of a colleague in the recovery account, who has no console of ours.
fn colleague(table: &Table, service: &'static str, operation: &str, input: Value) -> Value {
    let caller = Caller {
        account: "444455556666".into(),
        region: "eu-central-1".into(),
        arn: "arn:aws:sts::444455556666:assumed-role/admin/ben".into(),
        user_id: "AROABEN00000000000000:ben".into(),
    };
    let call = Call { caller, service, operation: operation.into(), input, at: table.exercise.clock.now() };
    let told = table.exercise.world.lock().unwrap().answer(call);
    told.unwrap_or_else(|refusal| panic!("{operation}: {refusal:?}"))
}

fn inject(table: &Table, change: Change) {
    let inject = Inject::by_hand("by hand", vec![change]);
    table.exercise.world.lock().unwrap().inject(inject).unwrap();
}

fn refused_once(operation: &str, kind: FaultKind) -> Change {
    let glob = || "*".to_owned();
    let operation = operation.to_owned();
    let (lasts, calls, chance) = (None, Some(1), 1.0);
    Change::Fault(Fault {
        name: "f".into(),
        service: glob(),
        region: glob(),
        operation,
        account: glob(),
        kind,
        lasts,
        calls,
        chance,
    })
}

fn effects(table: &Table, operation: &str) -> usize {
    table.exercise.world.lock().unwrap().effects().iter().filter(|effect| effect.operation == operation).count()
}

async fn ends(table: &mut Table, step: &str) -> StepStatus {
    let id = id(step);
    table.session.request(Request::Speed(table::SPEED));
    table
        .until(&format!("the end of {step}"), |state| {
            matches!(state.incident.status(&id), StepStatus::Done | StepStatus::Failed(_) | StepStatus::Skipped(_))
        })
        .await;
    table.session.request(Request::Speed(UNHURRIED));
    table.state().incident.status(&id)
}

async fn declared(folder: &Path, incident: &str) -> Table {
    let mut table = open(folder, incident, false).await;
    table.start().await;
    table.declare().await;
    table.session.request(Request::Speed(UNHURRIED));
    table
}

/// The shop's plan with other words in it.
async fn declared_with(folder: &Path, incident: &str, change: impl Fn(&str) -> String) -> Table {
    let mut played = console::read("region-outage").unwrap();
    played.plan_text = change(&played.plan_text);
    played.plan_path = folder.join("plan.toml").display().to_string();
    let mut table = open_played(folder, "region-outage", played, incident, false).await;
    table.start().await;
    table.declare().await;
    table.session.request(Request::Speed(UNHURRIED));
    table
}

async fn prepared_anew(table: &mut Table, step: &str, fits: impl Fn(&lifeboat::domain::Preparation) -> bool) {
    let id = id(step);
    table.session.request(Request::Prepare(id.clone()));
    let ready = |state: &State| match state.preparations.get(&id) {
        Some((_, Prepared::Ready(preparation, _))) => fits(preparation),
        _ => false,
    };
    table.until(&format!("another preparation of {step}"), ready).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edited_parameter_is_shown_confirmed_sent_and_in_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = declared(folder.path(), "20260314-shop-0101").await;
    inject(&table, Change::FailRestore("*:table/orders".into(), "the key is disabled".into()));
    table.confirm(&id("orders-table")).await;
    let StepStatus::Failed(problem) = ends(&mut table, "orders-table").await else { panic!("it was to fail") };
    assert!(problem.message.contains("the key is disabled"), "{problem}");
    let call = table.state().incident.steps[&id("orders-table")].last().unwrap().confirmed.call.clone().unwrap();
    let pointer = call.pointer_of("targetTableName").unwrap();
    let edits = [(pointer, Some("orders-recovered".to_owned()))].into();
    let amended = Amended { edits, point: None, reason: "the old name is half made".into() };
    table.order(Intent::AmendStep { step: id("orders-table"), amended });
    let named = |preparation: &lifeboat::domain::Preparation| match &preparation.call {
        Some(MutatingCall::StartRestoreJob(start)) => start.metadata["targetTableName"] == "orders-recovered",
        _ => false,
    };
    prepared_anew(&mut table, "orders-table", named).await;
    let preparation = table.prepared(&id("orders-table")).await;
    let told = preparation.changes.iter().find(|change| change.what == "Metadata targetTableName").unwrap();
    assert_eq!(told.before.as_deref(), Some("orders, by the plan"));
    assert!(told.why.as_deref().unwrap().contains("half made"), "{told:?}");
    // A token is not edited, and a value has to fit.
    for (pointer, new) in [("/IdempotencyToken", "mine"), ("/CopySourceTagsToRestoredResource", "perhaps")] {
        assert!(call.edited(&[(pointer.to_owned(), Some(new.to_owned()))].into()).is_err());
    }
    table.confirm(&id("orders-table")).await;
    assert_eq!(ends(&mut table, "orders-table").await, StepStatus::Done);
    let arn = table.state().incident.output(&id("orders-table"), "created_resource_arn").unwrap().to_owned();
    assert!(arn.ends_with("table/orders-recovered"), "{arn}");
    let journalled = table.state().events.iter().any(|recorded| matches!(&recorded.event, Event::StepAmended { .. }));
    assert!(journalled);
    table.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_recovery_point_is_restored_and_the_loss_is_that_points() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = declared(folder.path(), "20260314-shop-0102").await;
    let arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
    table.until("the recovery points", |state| state.recovery_points.values().all(|source| source.data.is_some())).await;
    let known = table.state().recovery_points[&lifeboat::domain::SiteName::recovery()].data.clone().unwrap();
    let mut points: Vec<_> = known.points.iter().filter(|point| point.resource_arn == arn).collect();
    points.sort_by_key(|point| std::cmp::Reverse(point.data_at));
    let older = points[1].clone();
    let amended = Amended { point: Some(older.arn.clone()), reason: "the newest is suspect".into(), ..Amended::default() };
    table.order(Intent::AmendStep { step: id("orders-table"), amended });
    let chosen = |preparation: &lifeboat::domain::Preparation| match &preparation.call {
        Some(MutatingCall::StartRestoreJob(start)) => start.recovery_point_arn == older.arn,
        _ => false,
    };
    prepared_anew(&mut table, "orders-table", chosen).await;
    table.confirm(&id("orders-table")).await;
    assert_eq!(ends(&mut table, "orders-table").await, StepStatus::Done);
    let end = table.state().incident.steps[&id("orders-table")].last().unwrap().ended.clone().unwrap();
    assert_eq!(end.data_at, older.data_at);
    table.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_passes_by_itself_is_checked_again_by_itself_and_confirmed_by_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = declared(folder.path(), "20260314-shop-0103").await;
    inject(&table, refused_once("CreateOpsItem", FaultKind::Throttle));
    table.confirm(&id("ops-item")).await;
    let StepStatus::Failed(problem) = ends(&mut table, "ops-item").await else { panic!("it was to fail") };
    assert_eq!(problem.kind, ProblemKind::Throttled);
    // 15 s after it failed, by the console's clock, whoever asks: the session does.
    let failed_at = table.state().incident.steps[&id("ops-item")].last().unwrap().ended_at.unwrap();
    if let Some(at) = table.state().retry_at(&id("ops-item")) {
        assert_eq!(at - failed_at, TimeDelta::seconds(15));
    }
    table.session.request(Request::StepClock(Duration::from_secs(20)));
    let second =
        |state: &State| matches!(state.preparations.get(&id("ops-item")), Some((_, Prepared::Ready(it, _))) if it.attempt == 2);
    table.until("the check that nobody asked for", second).await;
    assert_eq!(effects(&table, "CreateOpsItem"), 0, "checking sends nothing");
    table.confirm(&id("ops-item")).await;
    assert_eq!(ends(&mut table, "ops-item").await, StepStatus::Done);
    // What does not pass by itself is not waited for.
    inject(&table, refused_once("StartRestoreJob", FaultKind::Denied));
    table.confirm(&id("media")).await;
    let StepStatus::Failed(problem) = ends(&mut table, "media").await else { panic!("it was to fail") };
    assert_eq!(problem.kind, ProblemKind::Denied);
    assert_eq!(table.state().retry_at(&id("media")), None);
    table.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_yes_that_comes_too_late_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = declared(folder.path(), "20260314-shop-0104").await;
    table.session.request(Request::Prepare(id("ops-item")));
    let preparation = table.prepared(&id("ops-item")).await;
    // Two minutes of a person's time are so many of a clock that is faster.
    let bound = TimeDelta::seconds((120.0 * UNHURRIED) as i64);
    let left = preparation.valid_until - table.exercise.clock.now();
    assert!(left <= bound && left > bound / 2, "{left}");
    table.session.request(Request::StepClock((bound + TimeDelta::seconds(1)).to_std().unwrap()));
    let late = Intent::ConfirmStep { preparation: Box::new(preparation), typed: None, second: None };
    table.session.request(Request::Order(late));
    let notice = table.state().notice.clone().unwrap();
    assert!(notice.text.contains("check again"), "{}", notice.text);
    assert_eq!(table.state().incident.status(&id("ops-item")), StepStatus::Pending);
    table.confirm(&id("ops-item")).await;
    assert_eq!(ends(&mut table, "ops-item").await, StepStatus::Done);
    assert_eq!(effects(&table, "CreateOpsItem"), 1);
    table.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_yes_begins_the_steps_of_a_group_that_are_listed_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let grouped = |text: &str| text.replace("part = \"data\"\n", "part = \"data\"\ngroup = \"data\"\n");
    let mut table = declared_with(folder.path(), "20260314-shop-0105", grouped).await;
    let mut preparations = Vec::new();
    for step in ["orders-db", "media", "orders-table"] {
        table.session.request(Request::Prepare(id(step)));
        preparations.push(table.prepared(&id(step)).await);
    }
    // All of them or none: one that was prepared for another attempt stops all.
    let mut stale = preparations.clone();
    stale[2].attempt = 2;
    table.session.request(Request::Order(Intent::ConfirmGroup { preparations: stale, typed: None }));
    assert!(table.state().incident.steps.values().all(|record| record.attempts.is_empty()));
    let twice = vec![preparations[0].clone(), preparations[0].clone()];
    table.session.request(Request::Order(Intent::ConfirmGroup { preparations: twice, typed: None }));
    assert!(table.state().incident.steps.values().all(|record| record.attempts.is_empty()));
    table.order(Intent::ConfirmGroup { preparations, typed: None });
    for step in ["orders-db", "media", "orders-table"] {
        assert_eq!(ends(&mut table, step).await, StepStatus::Done, "{step}");
    }
    assert_eq!(table.state().incident.status(&id("assets-bucket")), StepStatus::Pending);
    assert_eq!(effects(&table, "StartRestoreJob"), 3);
    table.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_asks_for_the_name_that_one_of_its_steps_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let grouped = |text: &str| {
        let text = text.replace("part = \"data\"\n", "part = \"data\"\ngroup = \"data\"\n");
        text.replacen("id = \"media\"\n", "id = \"media\"\nconfirm = \"type\"\nconfirm_name = \"media\"\n", 1)
    };
    let mut table = declared_with(folder.path(), "20260314-shop-0106", grouped).await;
    let mut preparations = Vec::new();
    for step in ["media", "orders-table"] {
        table.session.request(Request::Prepare(id(step)));
        preparations.push(table.prepared(&id(step)).await);
    }
    assert_eq!(preparations[0].strength, Strength::Type { name: "media".into() });
    for typed in [None, Some("orders-table".to_owned())] {
        table.session.request(Request::Order(Intent::ConfirmGroup { preparations: preparations.clone(), typed }));
        assert!(table.state().incident.steps.values().all(|record| record.attempts.is_empty()));
    }
    table.order(Intent::ConfirmGroup { preparations, typed: Some("media".into()) });
    assert_eq!(ends(&mut table, "media").await, StepStatus::Done);
    table.leave().await;
}

/// Adopts what was found for the step, follows it to its end, and gives how it stands in the journal.
async fn adopt(table: &mut Table, step: &str) -> lifeboat::journal::Attempt {
    prepared_anew(table, step, |preparation| !preparation.elsewhere.is_empty()).await;
    let preparation = table.prepared(&id(step)).await;
    let work = Box::new(preparation.elsewhere[0].clone());
    assert!(preparation.findings.iter().any(|finding| finding.text.contains("started elsewhere")), "{:?}", preparation.findings);
    table.order(Intent::Adopt { step: id(step), work });
    assert_eq!(ends(table, step).await, StepStatus::Done);
    let attempt = table.state().incident.steps[&id(step)].last().unwrap().clone();
    assert!(attempt.answered.as_ref().unwrap().found.as_ref().unwrap().starts_with("adopted: "));
    assert_eq!(attempt.confirmed.call, None, "nothing was sent");
    attempt
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_a_colleague_began_is_found_adopted_timed_and_not_done_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = declared(folder.path(), "20260314-shop-0107").await;
    table.session.request(Request::Prepare(id("orders-table")));
    let preparation = table.prepared(&id("orders-table")).await;
    assert!(preparation.elsewhere.is_empty());
    let Some(MutatingCall::StartRestoreJob(start)) = preparation.call else { panic!("no restore") };
    let input = json!({"RecoveryPointArn": start.recovery_point_arn, "Metadata": start.metadata, "IamRoleArn": start.iam_role_arn,
        "ResourceType": "DynamoDB"});
    let job = colleague(&table, "backup", "StartRestoreJob", input)["RestoreJobId"].as_str().unwrap().to_owned();
    let began = table.exercise.clock.now();
    table.session.request(Request::StepClock(Duration::from_secs(120)));
    let attempt = adopt(&mut table, "orders-table").await;
    assert_eq!(attempt.answered.as_ref().unwrap().handle, job);
    // Timed from its own beginning, not from its adoption: nine minutes, as the scenario says.
    assert!((attempt.began() - began).abs() <= TimeDelta::seconds(1), "{}", attempt.began());
    assert_eq!((attempt.finished().unwrap() - attempt.began()).num_seconds(), 9 * 60);
    assert_eq!(effects(&table, "StartRestoreJob"), 1);
    let seen = |recorded: &&std::sync::Arc<lifeboat::journal::Recorded>| matches!(&recorded.event, Event::SeenElsewhere(work) if work.id == job);
    assert_eq!(table.state().events.iter().filter(seen).count(), 1);
    assert!(table.state().incident.output(&id("orders-table"), "created_resource_arn").is_some());
    table.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_execution_and_a_record_change_of_a_colleague_are_adopted() {
    let folder = tempfile::tempdir().unwrap();
    // Without what they need, so that they can be looked at alone.
    let free = |text: &str| {
        let text =
            text.replace("needs = [\"orders-table\", \"orders-db\", \"media\", \"assets-bucket\", \"attach-volume\"]\n", "");
        text.replace("needs = [\"smoke-test\"]\n", "")
    };
    let mut table = declared_with(folder.path(), "20260314-shop-0108", free).await;
    colleague(&table, "ssm", "StartAutomationExecution", json!({"DocumentName": "shop-warm-caches"}));
    table.session.request(Request::StepClock(Duration::from_secs(30)));
    let step = id("warm-caches");
    prepared_anew(&mut table, "warm-caches", |preparation| !preparation.elsewhere.is_empty()).await;
    let work = table.prepared(&step).await.elsewhere[0].clone();
    assert_eq!((work.kind.as_str(), work.about.as_str()), ("automation execution", "shop-warm-caches"));
    table.order(Intent::Adopt { step: step.clone(), work: Box::new(work) });
    // It asks as one of ours does, and is answered from here.
    table.session.request(Request::Speed(table::SPEED));
    table.until("what the runbook asks", |state| table::asks(state).is_some()).await;
    table.session.request(Request::Speed(UNHURRIED));
    table.approve(&step).await;
    assert_eq!(ends(&mut table, "warm-caches").await, StepStatus::Done);
    assert_eq!(effects(&table, "StartAutomationExecution"), 1);

    let record = |identifier: &str, weight: i64, value: &str, check: &str| {
        json!({"Action": "UPSERT", "ResourceRecordSet": {"Name": "www.shop.example.com.", "Type": "A", "SetIdentifier": identifier,
            "Weight": weight, "TTL": 60, "ResourceRecords": [{"Value": value}], "HealthCheckId": check}})
    };
    let changes = [
        record("eu-west-1", 0, "192.0.2.10", "3c1f5a20-7d44-4b0e-9a1c-6f2e8d5b4a01"),
        record("eu-central-1", 100, "198.51.100.10", "9b7e2c14-0f3d-4e68-8c55-1a2d4f6b8e02"),
    ];
    let input = json!({"HostedZoneId": "Z0SHOPEXAMPLE01", "ChangeBatch": {"Changes": changes}});
    colleague(&table, "route53", "ChangeResourceRecordSets", input);
    adopt(&mut table, "move-records").await;
    assert_eq!(effects(&table, "ChangeResourceRecordSets"), 1);
    table.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stack_and_a_copy_of_a_colleague_are_adopted() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("net.json"), r#"{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}"#).unwrap();
    let steps = "\n[[step]]\nid = \"net\"\ntitle = \"The network\"\nphase = \"restore\"\npart = \"infrastructure\"\n\
         action = \"cloudformation.deploy\"\n[step.with]\nstack = \"shop-net\"\ntemplate = \"net.json\"\n\
         \n[[step]]\nid = \"copy\"\ntitle = \"A copy\"\nphase = \"restore\"\npart = \"data\"\naction = \"backup.copy\"\n[step.with]\n\
         resource = \"orders-table\"\nrole_arn = \"arn:aws:iam::444455556666:role/lifeboat-restore\"\n\
         to_vault = \"arn:aws:backup:eu-west-1:111122223333:backup-vault:shop-primary\"\n";
    let mut table = declared_with(folder.path(), "20260314-shop-0109", |text| format!("{text}{steps}")).await;
    let template = std::fs::read_to_string(folder.path().join("net.json")).unwrap();
    colleague(&table, "cloudformation", "CreateStack", json!({"StackName": "shop-net", "TemplateBody": template}));
    let attempt = adopt(&mut table, "net").await;
    assert!(attempt.answered.unwrap().handle.contains(":stack/shop-net/"));
    assert_eq!((effects(&table, "CreateStack"), effects(&table, "CreateChangeSet")), (1, 0));

    table.session.request(Request::Prepare(id("copy")));
    let preparation = table.prepared(&id("copy")).await;
    let Some(MutatingCall::StartCopyJob(start)) = preparation.call else { panic!("no copy") };
    let input = json!({"RecoveryPointArn": start.recovery_point_arn, "SourceBackupVaultName": start.source_backup_vault_name,
        "DestinationBackupVaultArn": start.destination_backup_vault_arn, "IamRoleArn": start.iam_role_arn});
    colleague(&table, "backup", "StartCopyJob", input);
    adopt(&mut table, "copy").await;
    assert_eq!(effects(&table, "StartCopyJob"), 1);
    table.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_incident_goes_on_from_a_copy_of_its_journal_and_does_nothing_twice() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let incident = "20260314-shop-0110";
    let mut table = declared(here.path(), incident).await;
    table.confirm(&id("ops-item")).await;
    assert_eq!(ends(&mut table, "ops-item").await, StepStatus::Done);
    for step in ["orders-db", "media"] {
        table.confirm(&id(step)).await;
    }
    table.until("both restores", |state| state.incident.running().count() == 2).await;
    // The answer of this one never comes: its effect is at AWS, and the journal that is copied knows only that it was confirmed.
    inject(&table, refused_once("StartRestoreJob", FaultKind::Slow(86_400_000, 86_400_000, TimeDelta::zero())));
    table.confirm(&id("orders-table")).await;
    while effects(&table, "StartRestoreJob") < 3 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let path = table.state().journal_path.clone().unwrap();
    let copied = JournalDirectory::new(there.path()).path_of(&incident.into(), lifeboat::domain::Mode::Exercise);
    std::fs::create_dir_all(copied.parent().unwrap()).unwrap();
    export(Path::new(&path), &copied).unwrap();
    std::fs::copy(Path::new(&path).with_extension("world"), copied.with_extension("world")).unwrap();
    // The first machine is gone, with what was on its way.
    drop(table);
    assert!(Journal::open(&copied).is_ok());
    let mut table = open(there.path(), incident, true).await;
    assert_eq!(table.state().incident.status(&id("orders-table")), StepStatus::Calling);
    table.recover().await;
    assert_eq!(table.leave().await, table::once_each());
}

/// A line of `--plain`, and what it asks for done.
fn line(table: &mut Table, plain: &mut Plain, text: &str) -> String {
    let reply = plain.on_line(text, table.state(), table.exercise.clock.now());
    reply.requests.into_iter().for_each(|request| table.session.request(request));
    reply.lines.join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_it_goes_by_lines_too() {
    let folder = tempfile::tempdir().unwrap();
    let grouped = |text: &str| text.replace("part = \"data\"\n", "part = \"data\"\ngroup = \"data\"\n");
    let mut table = declared_with(folder.path(), "20260314-shop-0111", grouped).await;
    table.until("the recovery points", |state| state.recovery_points.values().all(|source| source.data.is_some())).await;
    let (mut plain, _) = Plain::open(table.state(), Symbols::default());
    let listed = line(&mut table, &mut plain, "point orders-table");
    assert!(listed.contains("recovery points for orders-table") && listed.contains("inside the RPO"), "{listed}");
    let refused = line(&mut table, &mut plain, "point orders-table 99 no reason");
    assert!(refused.contains("A number from 1 to"), "{refused}");
    let chosen = line(&mut table, &mut plain, "point orders-table 2 the newest is suspect");
    assert!(chosen.contains("chosen"), "{chosen}");
    let by_person = |preparation: &lifeboat::domain::Preparation| {
        preparation.findings.iter().any(|finding| finding.text.contains("chosen by a person"))
    };
    prepared_anew(&mut table, "orders-table", by_person).await;
    let parameters = line(&mut table, &mut plain, "edit orders-table");
    assert!(parameters.contains("Metadata.targetTableName = orders"), "{parameters}");
    assert!(!parameters.contains("IdempotencyToken"), "{parameters}");
    let edited = line(&mut table, &mut plain, "edit orders-table targetTableName orders-2 because the name is taken");
    assert!(edited.contains("edited"), "{edited}");
    let renamed = |preparation: &lifeboat::domain::Preparation| {
        preparation.call.as_ref().is_some_and(|call| call.parameters()["Metadata"]["targetTableName"] == "orders-2")
    };
    prepared_anew(&mut table, "orders-table", renamed).await;
    let step = line(&mut table, &mut plain, "step orders-table");
    assert!(step.contains("not as the plan has it") && step.contains("Ana"), "{step}");
    for step in ["orders-db", "orders-table"] {
        table.session.request(Request::Prepare(id(step)));
    }
    let mut asked = line(&mut table, &mut plain, "confirm-group orders-db");
    for _ in 0..20 {
        if asked.contains("ask: type yes") {
            break;
        }
        let prepared = |state: &State| !state.preparations.values().any(|(_, prepared)| matches!(prepared, Prepared::Asking));
        table.until("the group's preparations", prepared).await;
        asked = line(&mut table, &mut plain, "confirm-group orders-db");
    }
    assert!(asked.contains("ask: type yes to confirm") && asked.contains("orders-table") && asked.contains("media"), "{asked}");
    line(&mut table, &mut plain, "yes");
    assert_eq!(ends(&mut table, "orders-table").await, StepStatus::Done);
    for step in ["orders-db", "media", "assets-bucket", "catalog-volume"] {
        assert_eq!(ends(&mut table, step).await, StepStatus::Done, "{step}");
    }
    // A colleague has begun what is left, and it is taken for the step.
    let warm = line(&mut table, &mut plain, "adopt warm-caches");
    assert!(warm.contains("nothing is known at AWS"), "{warm}");
    table.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restored_waits_for_what_a_step_leaves_to_a_person() {
    let folder = tempfile::tempdir().unwrap();
    // The table's own tail, as it is known of DynamoDB: nobody else sees to it in this plan.
    let with_tail = |text: &str| {
        let at = text.find("id = \"orders-table\"").unwrap();
        let (before, after) = text.split_at(at);
        let only = after.replacen("tail = []\n", "", 1);
        let steps = |text: &str| text.split("[[step]]").next().unwrap().to_owned();
        let head = before.split("[[step]]").next().unwrap().to_owned();
        format!("{head}[[step]]\n{}", steps(&only))
    };
    let mut table = declared_with(folder.path(), "20260314-shop-0112", with_tail).await;
    table.confirm(&id("orders-table")).await;
    assert_eq!(ends(&mut table, "orders-table").await, StepStatus::Done);
    let left: Vec<String> = table.state().incident.steps[&id("orders-table")].tail().map(str::to_owned).collect();
    assert_eq!(left.len(), 1);
    assert!(left[0].contains("point-in-time recovery"), "{left:?}");
    let restored = lifeboat::domain::Moment::Restored;
    assert_eq!(table.state().incident.moment(restored), None, "done is not restored");
    let (item, step) = (left[0].clone(), id("orders-table"));
    table.order(Intent::SettleTail { step, item, note: "set by hand".into() });
    assert!(table.state().incident.moment(restored).is_some());
    table.leave().await;
}
