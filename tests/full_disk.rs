//! A disk that is full in the middle of a recovery: nothing changes AWS any more and the screen says so, what is shown goes on, and
//! what AWS answered meanwhile is written once there is room again.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by a panic what is wrong")]

mod table;

use std::path::Path;

use lifeboat::domain::{Moment, StepId};
use lifeboat::engine::Intent;
use lifeboat::journal::{self, Event, StepStatus};
use lifeboat::store::NoticeLevel;
use lifeboat::ui::{Pane, Request};
use rusqlite::Connection;
use table::{SPEED, Table, UNHURRIED, open};

/// From now on no event can be written, as if there were no room, until there is again.
fn room(path: &str, is_there: bool) {
    let sql = if is_there {
        "DROP TRIGGER no_room"
    } else {
        "CREATE TRIGGER no_room BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
    };
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

fn started(table: &Table) -> usize {
    let world = table.exercise.world.lock().unwrap();
    world.effects().iter().filter(|effect| effect.operation == "StartRestoreJob").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_what_changes_aws_and_nothing_else_and_no_answer_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path(), "20260314-shop-00d1", false).await;
    table.start().await;
    table.declare().await;
    let path = table.state().journal_path.clone().unwrap();
    let (first, second) = (StepId::new("orders-table"), StepId::new("media"));
    table.session.request(Request::Speed(UNHURRIED));
    table.session.request(Request::Prepare(second.clone()));
    let shown = table.prepared(&second).await;
    // The disk is full between a confirmation, which is written, and AWS's answer to it, which cannot be.
    table.confirm(&first).await;
    room(&path, false);
    let written = journal::read(Path::new(&path)).unwrap().events.len();
    table.until("a journal that cannot be written", |state| state.journal_problem.is_some()).await;
    let problem = table.state().journal_problem.clone().unwrap();
    assert!(problem.contains("could not be written") && problem.contains("disk is full"), "{problem}");
    // A person's orders are refused, with the reason; nothing of them reaches AWS.
    let refused = [
        Intent::ConfirmStep { preparation: Box::new(shown), typed: None, second: None },
        Intent::Note { text: "is anybody there?".into() },
        Intent::CorrectMoment { moment: Moment::Recovered, at: table.exercise.clock.now(), reason: "no".into() },
    ];
    for intent in refused {
        table.session.request(Request::Order(intent));
        let notice = table.state().notice.clone().unwrap();
        assert_eq!(notice.level, NoticeLevel::Warning);
        assert!(notice.text.starts_with("nothing was done") && notice.text.contains("disk is full"), "{}", notice.text);
    }
    assert_eq!((table.state().incident.status(&second), started(&table)), (StepStatus::Pending, 1));
    // What is shown goes on, poll after poll.
    for _ in 0..2 {
        let now = table.exercise.clock.now();
        table.session.request(Request::Refresh(Pane::RecoveryPoints));
        let fresh = move |state: &lifeboat::store::State| {
            state.recovery_points.values().any(|source| source.as_of.is_some_and(|as_of| as_of > now))
        };
        table.until("news of the recovery points", fresh).await;
    }
    let read = journal::read(Path::new(&path)).unwrap();
    assert_eq!((read.events.len(), read.damage), (written, None));
    assert_eq!(table.state().incident.status(&first), StepStatus::Calling, "its answer is not in the journal");
    // There is room again: what AWS answered is written without anybody doing anything, and the step goes on to its end.
    room(&path, true);
    table.session.request(Request::Speed(SPEED));
    let done = {
        let first = first.clone();
        move |state: &lifeboat::store::State| state.incident.status(&first) == StepStatus::Done
    };
    table.until("the end of the restore", done).await;
    assert_eq!(table.state().journal_problem, None);
    let events = journal::read(Path::new(&path)).unwrap().events;
    let answers = |event: &&Event| matches!(event, Event::CallAnswered(answered) if answered.step == first);
    let answered: Vec<&Event> = events.iter().map(|recorded| &recorded.event).filter(answers).collect();
    assert!(matches!(answered[..], [Event::CallAnswered(answered)] if answered.found.is_none()), "{answered:?}");
    table.session.request(Request::Speed(UNHURRIED));
    table.confirm(&second).await;
    table.order(Intent::Note { text: "there is room again".into() });
    table.leave().await;
}
