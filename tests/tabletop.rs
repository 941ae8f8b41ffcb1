//! The whole exercise in one process, without a terminal: the same session, the same SDK clients, the simulated AWS, a clock that
//! is stepped. What the report says is held against the scenario's own times.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by a panic what is wrong")]

mod table;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use lifeboat::domain::{Moment, Operator, StepId};
use lifeboat::engine::Intent;
use lifeboat::journal::Journal;
use lifeboat::sim::inject::{Change, Fault, FaultKind, Inject};
use table::{CHANGING, at, keep, once_each, open};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_region_outage_is_played_from_its_first_alarm_to_verified_traffic() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path(), "20260314-shop-0001", false).await;
    table.start().await;
    table.declare().await;
    table.recover().await;
    let incident = table.state().incident.clone();
    // The scenario: the impact begins at 03:02:00; the error rate alarm needs two of three breaching minutes.
    assert_eq!(incident.moment(Moment::ImpactBegan), Some(at("03:02:00")));
    assert_eq!(incident.moment(Moment::Detected), Some(at("03:04:00")));
    let took = |step: &str| {
        let attempt = incident.steps[&StepId::new(step)].last().unwrap().clone();
        attempt.finished().unwrap() - attempt.began()
    };
    // The scenario's own times of the restore jobs, to the second.
    for (step, minutes) in [("orders-table", 9), ("orders-db", 14), ("media", 11), ("catalog-volume", 3), ("assets-bucket", 6)] {
        assert_eq!(took(step).num_seconds(), TimeDelta::minutes(minutes).num_seconds(), "{step}");
    }
    let spans = lifeboat::report::Durations::of(&incident, None);
    let sum: TimeDelta = spans.spans.iter().map(lifeboat::report::Span::length).sum();
    assert_eq!(sum.num_seconds(), (incident.moment(Moment::FailedOver).unwrap() - at("03:02:00")).num_seconds());
    // The newest points in the recovery Region, by their age when the impact began.
    let loss: BTreeMap<String, i64> =
        spans.data_loss.iter().map(|one| (one.step.to_string(), one.loss.unwrap().num_minutes())).collect();
    let expected = [("assets-bucket", 18), ("catalog-volume", 52), ("media", 35), ("orders-db", 41), ("orders-table", 26)];
    assert_eq!(loss, expected.map(|(step, minutes)| (step.to_owned(), minutes)).into());
    table.order(Intent::Close { reason: "recovered".into() });
    let journal = table.state().journal_path.clone().unwrap();
    assert_eq!(table.leave().await, once_each());
    keep(&journal, "region-outage");
}

/// A killed console: its runtime goes, with everything that was under way, at a moment drawn from the seed.
fn life(folder: &Path, resume: bool, kill: Option<(u64, Duration)>) -> Option<Vec<(String, usize)>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ended = runtime.block_on(async {
        let mut table = open(folder, "20260314-shop-0002", resume).await;
        let mut seen = table.seen.subscribe();
        let killed = async {
            match kill {
                Some((seq, after)) => {
                    seen.wait_for(|now| *now >= seq).await.unwrap();
                    tokio::time::sleep(after).await;
                }
                None => std::future::pending().await,
            }
        };
        let played = async {
            if !resume {
                table.start().await;
            }
            if !table.state().incident.is_declared() {
                table.declare().await;
            }
            table.recover().await;
            table.leave().await
        };
        tokio::select! {
            biased;
            () = killed => None,
            ended = played => Some(ended),
        }
    });
    // Every task is dropped where it waits; unlike a killed process, a runtime has to be waited for until nothing of it writes.
    runtime.shutdown_timeout(Duration::from_secs(30));
    ended
}

#[test]
fn a_console_killed_again_and_again_does_everything_once() {
    for seed in [1_u64, 2, 3] {
        let folder = tempfile::tempdir().unwrap();
        let mut draw = seed;
        let mut next = move |below: u64| {
            // SplitMix64: the same seed kills at the same places.
            draw = draw.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (draw ^ (draw >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (mixed ^ (mixed >> 31)) % below
        };
        let (mut at, mut lives) = (6, 0);
        let ended = loop {
            at += 2 + next(9);
            // Some are killed at once, some while a call is on its way or has just been answered.
            let kill = (lives < 8).then(|| (at, Duration::from_millis(next(3) * next(40))));
            if let Some(ended) = life(folder.path(), lives > 0, kill) {
                break ended;
            }
            lives += 1;
        };
        assert!(lives > 3, "seed {seed}: the exercise ended after {lives} kills");
        assert_eq!(ended, once_each(), "seed {seed}, after {lives} kills");
    }
}

fn fault(operation: &str, kind: FaultKind) -> Inject {
    let glob = || "*".to_owned();
    let fault = Fault {
        name: format!("{operation} fails"),
        service: glob(),
        region: glob(),
        operation: operation.to_owned(),
        account: glob(),
        kind,
        lasts: None,
        calls: Some(1),
        chance: 1.0,
    };
    Inject::by_hand(fault.name.clone(), vec![Change::Fault(fault)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_lost_after_the_effect_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path(), "20260314-shop-0003", false).await;
    table.start().await;
    table.declare().await;
    for operation in CHANGING {
        table.exercise.world.lock().unwrap().inject(fault(operation, FaultKind::AnswerLost)).unwrap();
    }
    table.recover().await;
    let lost = |recorded: &&std::sync::Arc<lifeboat::journal::Recorded>| {
        matches!(recorded.event, lifeboat::journal::Event::AnswerLost { .. })
    };
    let told = table.state().events.iter().filter(lost).count();
    assert!(told >= 3, "calls without AWS's token are sent once, and what was lost is in the journal: {told}");
    assert_eq!(table.leave().await, once_each());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_call_and_a_failed_job_are_tried_again_as_new_attempts() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path(), "20260314-shop-0004", false).await;
    table.start().await;
    table.declare().await;
    {
        let mut world = table.exercise.world.lock().unwrap();
        world.inject(fault("CreateOpsItem", FaultKind::Denied)).unwrap();
        world.inject(fault("ChangeResourceRecordSets", FaultKind::Throttle)).unwrap();
        let failing = Change::FailRestore("*:table/orders".into(), "The restore failed: capacity".into());
        world.inject(Inject::by_hand("a job fails", vec![failing])).unwrap();
    }
    table.recover().await;
    for step in ["ops-item", "orders-table", "move-records"] {
        let attempts = &table.state().incident.steps[&StepId::new(step)].attempts;
        assert_eq!(attempts.len(), 2, "{step}");
        assert_ne!(attempts[0].confirmed.call, attempts[1].confirmed.call, "{step}: another attempt has another token");
    }
    let failed = &table.state().incident.steps[&StepId::new("orders-table")].attempts[0];
    let why = format!("{:?}", failed.ended);
    assert!(why.contains("capacity"), "{why}");
    let mut expected = once_each();
    expected[0].1 = 6;
    assert_eq!(table.leave().await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_console_writes_is_seen_without_writing_oneself() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path(), "20260314-shop-0005", false).await;
    table.start().await;
    let path = table.state().journal_path.clone().unwrap();
    let (mut other, _) = Journal::open(Path::new(&path)).unwrap();
    let note = lifeboat::journal::Event::Noted { text: "support has 40 tickets".into(), mark: None };
    // The feeds of this console may be writing signals at this moment: the other one looks again, as any console does.
    loop {
        match other.append(vec![note.clone()], &Operator::new("Ben"), table.exercise.clock.now()) {
            Ok(_) => break,
            Err(lifeboat::journal::JournalError::Moved { .. }) => drop(other.catch_up().unwrap()),
            Err(error) => panic!("{error}"),
        }
    }
    table.until("Ben's note", |state| state.incident.notes.iter().any(|note| note.by == Operator::new("Ben"))).await;
    table.order(Intent::Note { text: "thanks".into() });
    assert_eq!(table.state().incident.notes.len(), 2);
    table.leave().await;
}
