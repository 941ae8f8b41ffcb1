//! Every shipped exercise, and one written for a plan, played to its end in one process; what is asserted is the score, which is read
//! from the journal's file as `lifeboat score` reads it. And the facilitator, who turns an exercise from outside.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by a panic what is wrong")]

mod table;

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lifeboat::console::{self, Facilitator, Order};
use lifeboat::domain::{Answered, Facilitation, Moment, Operator, StepId};
use lifeboat::engine::Intent;
use lifeboat::journal::{self, Event, Journal, JournalError};
use lifeboat::plan::Plan;
use lifeboat::report::{Measured, Score};
use lifeboat::store::State;
use lifeboat::ui::{Pane, Request};
use table::{SPEED, Table, UNHURRIED, at, keep, open_scenario};

impl Table {
    /// Moves the clock on to a time, and lets it hardly run there.
    fn wait_for(&mut self, clock: &str) {
        self.session.request(Request::Speed(UNHURRIED));
        let ahead = (at(clock) - self.exercise.clock.now()).to_std().unwrap_or_default();
        self.session.request(Request::StepClock(ahead));
        self.session.request(Request::Refresh(Pane::Alarms));
    }

    fn path(&self) -> String {
        self.state().journal_path.clone().unwrap()
    }
}

fn rings(alarm: &'static str) -> impl Fn(&State) -> bool {
    move |state| {
        let mut sources = state.alarms.values().filter_map(|source| source.data.as_ref()?.get(alarm));
        sources.any(|found| found.state == lifeboat::domain::AlarmState::Alarm)
    }
}

fn asked(count: usize) -> impl Fn(&State) -> bool {
    move |state| {
        let asked = |event: &Event| matches!(event, Event::Facilitated(Facilitation::Asked { .. }));
        state.events.iter().filter(|recorded| asked(&recorded.event)).count() >= count
    }
}

fn score(path: &str) -> Score {
    Score::of(&journal::read(Path::new(path)).unwrap().events).unwrap()
}

/// The titles of what was missed, or taken as a wrong turn.
fn missed(score: &Score) -> Vec<&str> {
    score.lines.iter().filter(|line| line.verdict == Measured::Missed).map(|line| line.title.as_str()).collect()
}

async fn begin(folder: &Path, scenario: &str) -> Table {
    let mut table = open_scenario(folder, scenario, "20260314-shop-00e1", false).await;
    table.start().await;
    table
}

async fn end(mut table: Table, words: &str) -> Score {
    table.order(Intent::Close { reason: words.into() });
    let path = table.path();
    let told = table.state().notice.clone().unwrap().text;
    table.leave().await;
    let score = score(&path);
    assert!(told.contains(&format!("score {} of 100", score.percent)), "{told}");
    score
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn region_outage_is_recovered_from_with_a_full_score() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = begin(folder.path(), "region-outage").await;
    table.declare().await;
    table.recover().await;
    let score = end(table, "recovered").await;
    assert_eq!((score.percent, missed(&score)), (100, vec![]), "{}", score.text(&[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_errors_are_waited_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = begin(folder.path(), "s3-errors").await;
    table.wait_for("03:07:00");
    table.until("the alarm", rings("shop-error-rate")).await;
    let has_event = |state: &State| state.health.data.as_ref().is_some_and(|events| !events.is_empty());
    table.until("the Health event", has_event).await;
    table.take_notice("the error rate is up, orders still come in");
    let (seen, weighed) = table.on_screen();
    let reason = "AWS is on it and we limp: we look again in 15 minutes".into();
    table.order(Intent::DecideToWait { reason, seen, weighed });
    table.wait_for("03:33:00");
    let closed =
        |state: &State| state.health.data.as_ref().is_some_and(|events| events.iter().all(|event| event.status == "closed"));
    table.until("the end of the Health event", closed).await;
    let path = table.path();
    let score = end(table, "S3 is well again, and so are we").await;
    keep(&path, "s3-errors");
    assert_eq!((score.percent, missed(&score)), (100, vec![]), "{}", score.text(&[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_from_s3_errors_is_a_wrong_turn() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = begin(folder.path(), "s3-errors").await;
    table.wait_for("03:07:00");
    table.until("the alarm", rings("shop-error-rate")).await;
    table.order(Intent::Declare { reason: "errors".into(), seen: vec![], weighed: Box::default() });
    let score = end(table, "never mind").await;
    assert_eq!(score.percent, 0, "{}", score.text(&[]));
    assert!(missed(&score).contains(&"The failover is declared"), "{:?}", missed(&score));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_missing_backup_is_waited_for_while_the_rest_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = begin(folder.path(), "backup-missing").await;
    table.declare().await;
    // Everything but the table can begin at once.
    table.session.request(Request::Speed(UNHURRIED));
    for step in ["orders-db", "media", "assets-bucket", "catalog-volume"] {
        table.confirm(&StepId::new(step)).await;
    }
    table.wait_for("03:18:05");
    let come = |state: &State| {
        let sources = state.recovery_points.values().filter_map(|source| source.data.as_ref());
        let mut points = sources.flat_map(|found| found.points.iter());
        points.any(|point| point.data_at == Some(at("02:52:00")) && point.resource_arn.ends_with("table/orders"))
    };
    table.session.request(Request::Refresh(Pane::RecoveryPoints));
    table.until("the copy", come).await;
    table.session.request(Request::Speed(SPEED));
    table.recover().await;
    let path = table.path();
    let score = end(table, "recovered").await;
    keep(&path, "backup-missing");
    assert_eq!((score.percent, missed(&score)), (100, vec![]), "{}", score.text(&[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_failure_is_detected_by_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = begin(folder.path(), "quiet-failure").await;
    table.wait_for("03:06:01");
    table.until("the first calls", asked(1)).await;
    for (moment, clock) in [(Moment::ImpactBegan, "03:02:00"), (Moment::Detected, "03:06:00")] {
        table.order(Intent::CorrectMoment { moment, at: at(clock), reason: "customers called support".into() });
    }
    table.wait_for("03:10:01");
    table.until("the provider's answer", asked(2)).await;
    table.decide_to_fail_over("every order is lost, and there is no end in sight");
    table.order(Intent::Note { text: "+ no alarm saw it: a canary that pays would have".into() });
    table.session.request(Request::Speed(SPEED));
    table.recover().await;
    let path = table.path();
    let score = end(table, "recovered").await;
    keep(&path, "quiet-failure");
    assert_eq!((score.percent, missed(&score)), (100, vec![]), "{}", score.text(&[]));
    let verdict = lifeboat::report::render(&journal::read(Path::new(&path)).unwrap().events, lifeboat::report::Format::Verdict);
    assert!(verdict.unwrap().contains("A person says within five minutes"), "the verdict has the score's checks");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ransomware_is_recovered_from_with_the_newest_clean_points() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = begin(folder.path(), "ransomware").await;
    table.wait_for("03:04:10");
    table.until("the alarm", rings("shop-error-rate")).await;
    table.wait_for("03:12:01");
    let scanned = |state: &State| {
        let mut points =
            state.recovery_points.values().filter_map(|source| source.data.as_ref()).flat_map(|found| found.points.iter());
        points.any(|point| point.scan.is_some())
    };
    table.session.request(Request::Refresh(Pane::RecoveryPoints));
    table.until("the scans", scanned).await;
    table.take_notice("the account refuses us, the page asks for money");
    table.decide_to_fail_over("the account is lost");
    table.session.request(Request::Speed(SPEED));
    table.recover().await;
    let path = table.path();
    let score = end(table, "recovered").await;
    keep(&path, "ransomware");
    assert_eq!((score.percent, missed(&score)), (100, vec![]), "{}", score.text(&[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_us_east_1_traffic_is_moved_by_a_routing_control() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = begin(folder.path(), "control-plane").await;
    table.wait_for("03:05:00");
    table.until("the alarm", rings("shop-error-rate")).await;
    table.take_notice("Health says nothing: it lives in us-east-1 too");
    table.decide_to_fail_over("our own alarms are enough");
    table.order(Intent::SkipStep { step: StepId::new("move-records"), reason: "us-east-1 is gone".into() });
    table.session.request(Request::Speed(SPEED));
    table.recover().await;
    let path = table.path();
    let score = end(table, "recovered").await;
    keep(&path, "control-plane");
    assert_eq!((score.percent, missed(&score)), (100, vec![]), "{}", score.text(&[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scenario_that_was_drafted_from_a_plan_plays_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let plan_path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/plans/shop.toml");
    let plan = Plan::read(plan_path).unwrap();
    let file = folder.path().join("rehearsal.toml");
    std::fs::write(&file, console::rehearsal(&plan, plan_path)).unwrap();
    let mut table = begin(folder.path(), &file.display().to_string()).await;
    table.declare().await;
    table.recover().await;
    let score = end(table, "recovered").await;
    assert_eq!((score.percent, missed(&score)), (100, vec![]), "{}", score.text(&[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_facilitator_sees_what_is_coming_turns_it_and_judges_and_players_see_only_questions() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open_scenario(folder.path(), "region-outage", "20260314-shop-00f1", false).await;
    let key = folder.path().join("key");
    table.exercise.admit(&key, false).await.unwrap();
    let door = Facilitator::new(&key).unwrap();
    let refused = door.order(Order::Hold).await.unwrap().refused.unwrap();
    assert!(refused.contains("has not begun"), "{refused}");
    table.start().await;
    let standing = door.order(Order::Look).await.unwrap();
    let titles: Vec<&str> = standing.coming.iter().map(|one| one.title.as_str()).collect();
    assert!(titles[0].starts_with("Impact begins"), "{titles:?}");
    let number = |part: &str| standing.coming.iter().find(|one| one.title.contains(part)).unwrap().number;
    // The clock stands, and the players' screen says so.
    let held = door.order(Order::Hold).await.unwrap();
    assert!(held.paused);
    table.until("a clock that stands", |state| state.exercise.as_ref().is_some_and(|exercise| exercise.paused)).await;
    // Health is held back, and does not come at its time; the impact comes before its own.
    assert_eq!(door.order(Order::HoldInject { number: number("S3 GET") }).await.unwrap().refused, None);
    assert_eq!(door.order(Order::Inject { number: number("Impact begins") }).await.unwrap().refused, None);
    let standing = door.order(Order::Step { seconds: 390 }).await.unwrap();
    assert!(standing.coming.iter().any(|one| one.held && one.title.contains("S3 GET")), "{:?}", standing.coming);
    assert!(!standing.coming.iter().any(|one| one.title.contains("Impact begins")));
    let standing = door.order(Order::Ask { text: "Who decides?".into() }).await.unwrap();
    assert_eq!(standing.asked, [("Who decides?".to_owned(), String::new())]);
    table.until("the question", asked(1)).await;
    // What the facilitator notes is in the journal, for the record and for the score.
    let path = table.path();
    let now: DateTime<Utc> = table.exercise.clock.now();
    let (mut other, _) = Journal::open(Path::new(&path)).unwrap();
    let judged = Facilitation::Judged { number: 1, answer: Answered::Good, text: "Ana, at once".into() };
    loop {
        let noted = Facilitation::Noted { text: "they hesitate".into() };
        let events = vec![Event::Facilitated(judged.clone()), Event::Facilitated(noted)];
        match other.append(events, &Operator::new("Fay"), now + TimeDelta::seconds(1)) {
            Ok(_) => break,
            Err(JournalError::Moved { .. }) => drop(other.catch_up().unwrap()),
            Err(error) => panic!("{error}"),
        }
    }
    let go = door.order(Order::Go).await.unwrap();
    assert!(!go.paused);
    table.leave().await;
    assert!(!key.exists(), "the key goes with the exercise");
    let score = score(&path);
    let question = score.lines.iter().find(|line| line.group == "question").unwrap();
    assert_eq!((question.points, question.of, question.message.as_str()), (5, 5, "Ana, at once"));
    assert!(Facilitator::new(&key).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_without_the_key_is_let_in() {
    let folder = tempfile::tempdir().unwrap();
    let table = open_scenario(folder.path(), "region-outage", "20260314-shop-00f2", false).await;
    let key = folder.path().join("key");
    table.exercise.admit(&key, false).await.unwrap();
    let text = std::fs::read_to_string(&key).unwrap();
    let token: String = text.split("\"token\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    std::fs::write(&key, text.replace(&token, "guessed")).unwrap();
    let stranger = Facilitator::new(&key).unwrap();
    let answered = tokio::time::timeout(Duration::from_secs(10), stranger.order(Order::Look)).await.unwrap();
    assert!(answered.is_err(), "{answered:?}");
    table.leave().await;
}
