//! The exercise in which orders are wrong, played to its end: the right way, and the wrong turns that lose points. What a table holds is
//! read from the simulated AWS, item by item.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by a panic what is wrong")]

mod table;

use std::path::Path;

use lifeboat::domain::{AlarmState, Moment, StepId};
use lifeboat::engine::Intent;
use lifeboat::journal::{self, StepStatus};
use lifeboat::report::{Measured, Score};
use lifeboat::sim::call::{Call, Caller, Services};
use lifeboat::store::State;
use lifeboat::ui::{Pane, Request};
use table::{Table, UNHURRIED, at, keep, open_scenario};

const RESTORED: &str = "orders-restored";

/// Opens the exercise, and waits until the alarm of the packers rings.
async fn begin(folder: &Path) -> Table {
    let mut table = open_scenario(folder, "corruption", "20260314-shop-00c0", false).await;
    table.start().await;
    table.session.request(Request::Speed(UNHURRIED));
    let ahead = (at("03:08:30") - table.exercise.clock.now()).to_std().unwrap_or_default();
    table.session.request(Request::StepClock(ahead));
    table.session.request(Request::Refresh(Pane::Alarms));
    let rings = |state: &State| {
        let mut alarms = state.alarms.values().filter_map(|source| source.data.as_ref()?.get("orders-invalid"));
        alarms.any(|alarm| alarm.state == AlarmState::Alarm)
    };
    table.until("the alarm of the packers", rings).await;
    table
}

fn declare(table: &mut Table, way: &str) {
    table.order(Intent::Choose { choice: "way".into(), option: way.into() });
    table.order(Intent::Declare { reason: "the orders are wrong".into(), seen: vec![], weighed: Box::default() });
}

/// The moment that the history of the deployments tells, read from AWS as a player reads it.
fn deployment(table: &Table) -> String {
    let caller = Caller { account: "111122223333".into(), region: "eu-west-1".into(), arn: "arn".into(), user_id: "user".into() };
    let input = serde_json::json!({"AlarmName": "orders-deployment", "HistoryItemType": "StateUpdate"});
    let (service, operation) = ("monitoring", "DescribeAlarmHistory".to_owned());
    let call = Call { caller, service, operation, input, at: table.exercise.clock.now() };
    table.exercise.world.lock().unwrap().answer(call).unwrap().to_string()
}

/// How many orders a table holds, and how many of them are wrong.
fn orders(table: &Table, name: &str) -> (usize, usize) {
    let world = table.exercise.world.lock().unwrap();
    let site = world.estate().sites.values().find(|site| site.name == "primary").unwrap();
    let items = &site.dynamodb.tables[name].items;
    (items.len(), items.values().filter(|item| item["amount"]["N"] == "0").count())
}

async fn run(table: &mut Table, step: &str) {
    let step = StepId::new(step);
    table.session.request(Request::Speed(UNHURRIED));
    table.confirm(&step).await;
    table.session.request(Request::Speed(table::SPEED));
    let of = step.clone();
    let ended = move |state: &State| matches!(state.incident.status(&of), StepStatus::Done | StepStatus::Failed(_));
    table.until(&format!("the end of {step}"), ended).await;
}

async fn end(mut table: Table) -> Score {
    table.order(Intent::Close { reason: "the orders are right again".into() });
    let path = table.state().journal_path.clone().unwrap();
    table.leave().await;
    Score::of(&journal::read(Path::new(&path)).unwrap().events).unwrap()
}

fn missed(score: &Score) -> Vec<&str> {
    score.lines.iter().filter(|line| line.verdict == Measured::Missed).map(|line| line.title.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_restored_to_just_before_the_deployment_with_a_full_score() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = begin(folder.path()).await;
    // The alarm is late: by it alone the damage would be restored as well.
    let told = table.state().incident.moment(Moment::ImpactBegan).unwrap();
    assert!(told >= at("03:05:00"), "{told}");
    let history = deployment(&table);
    assert!(history.contains("from OK to ALARM") && history.contains("2026-03-14T03:02:00.000+0000"), "{history}");
    assert_eq!(orders(&table, "orders"), (217, 217), "all orders are wrong by now");
    table.order(Intent::CorrectMoment {
        moment: Moment::ImpactBegan,
        at: at("03:02:00"),
        reason: "orders-deployment: a deployment at 03:02".into(),
    });
    table.take_notice("the packers see orders that cost nothing");
    table.order(Intent::Choose { choice: "way".into(), option: "before".into() });
    table.decide_to_fail_over("only data is wrong, and the moment is known");
    table.recover().await;
    assert_eq!(orders(&table, RESTORED), (203, 0), "every order until 03:01:30, and none is wrong");
    let path = table.state().journal_path.clone().unwrap();
    let score = end(table).await;
    keep(&path, "corruption");
    assert_eq!((score.percent, missed(&score)), (100, vec![]), "{}", score.text(&[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_moment_of_the_alarm_is_found_wrong_by_reading_and_the_table_is_restored_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = begin(folder.path()).await;
    declare(&mut table, "before");
    run(&mut table, "roll-back").await;
    // DynamoDB restores what is five minutes old: the alarm's moment has to become so first.
    let clock = table.exercise.clock.clone();
    table.until("a moment that can be restored", move |_| clock.now() > at("03:10:30")).await;
    run(&mut table, "orders-before").await;
    assert!(orders(&table, RESTORED).1 > 200, "the damage was restored");
    run(&mut table, "orders-check").await;
    let StepStatus::Failed(problem) = table.state().incident.status(&StepId::new("orders-check")) else { panic!("it passed") };
    assert!(problem.message.contains("Property value 209"), "{problem:?}");
    table.order(Intent::CorrectMoment {
        moment: Moment::ImpactBegan,
        at: at("03:02:00"),
        reason: "orders-deployment: a deployment at 03:02".into(),
    });
    table.order(Intent::TakeUp { step: StepId::new("discard-before"), reason: "the damage is in it".into() });
    run(&mut table, "discard-before").await;
    for step in ["orders-before", "orders-check"] {
        run(&mut table, step).await;
    }
    table.recover().await;
    assert_eq!(orders(&table, RESTORED), (203, 0));
    let score = end(table).await;
    let wrong: Vec<_> = score.lines.iter().filter(|line| line.group == "wrong-turn").map(|line| line.points).collect();
    assert_eq!(wrong, [-15], "{}", score.text(&[]));
    assert!(score.percent < 100 && score.percent > 50, "{}", score.text(&[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_latest_moment_that_is_used_unread_and_a_region_that_is_moved_lose_points() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = begin(folder.path()).await;
    declare(&mut table, "latest");
    run(&mut table, "roll-back").await;
    run(&mut table, "orders-latest").await;
    let (all, wrong) = orders(&table, "orders-latest");
    assert_eq!((all, wrong), (all, all), "the latest moment holds the damage");
    table.order(Intent::SkipStep { step: StepId::new("orders-check"), reason: "no time".into() });
    run(&mut table, "use-table").await;
    let score = end(table).await;
    let titles = missed(&score);
    for wrong in ["The latest moment is restored, which holds the damage", "The orders are used unread"] {
        assert!(titles.contains(&wrong), "{titles:?}");
    }
    assert!(score.percent < 20, "{}", score.text(&[]));

    let folder = tempfile::tempdir().unwrap();
    let mut table = begin(folder.path()).await;
    declare(&mut table, "region");
    run(&mut table, "region-orders").await;
    let score = end(table).await;
    assert!(missed(&score).contains(&"The Region is moved"), "{}", score.text(&[]));
    assert_eq!(score.percent, 0, "{}", score.text(&[]));
}
