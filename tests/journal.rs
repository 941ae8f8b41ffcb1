//! The journal as several consoles, readers and versions meet it.
#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use lifeboat::domain::{AccountId, Identity, IncidentId, Mode, MutatingCall, Operator, Problem, ProblemKind, Region};
use lifeboat::domain::{RunbookStart, SiteName, StepId, Strength};
use lifeboat::journal::{
    self, CallAnswered, Ended, Event, Journal, JournalDirectory, JournalError, Purpose, Recorded, StepConfirmed, StepEnded,
};

fn at(secs: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_457_200 + secs, 123_456_789).unwrap()
}

fn ann() -> Operator {
    Operator::new("ann")
}

fn noted(text: &str) -> Vec<Event> {
    vec![Event::Noted { text: text.to_owned(), mark: None }]
}

fn confirmed(step: &str, attempt: u32, purpose: Purpose, with_call: bool) -> Event {
    let (account, region) = (AccountId::new("444455556666"), Region::new("eu-central-1"));
    let call = MutatingCall::StartAutomationExecution(RunbookStart {
        document_name: "AWS-StartEC2Instance".into(),
        document_version: None,
        parameters: [("InstanceId".to_owned(), vec!["i-1".to_owned()])].into(),
        client_token: "8d7c0d63-0000-4000-8000-000000000001".into(),
    });
    let identity = Identity {
        account: account.clone(),
        arn: "arn:aws:iam::444455556666:role/x".into(),
        region: region.clone(),
        seen_at: at(0),
    };
    Event::StepConfirmed(Box::new(StepConfirmed {
        step: StepId::new(step),
        attempt,
        purpose,
        site: SiteName::recovery(),
        fingerprint: if with_call { call.fingerprint(&account, &region) } else { String::new() },
        region,
        identity: Some(identity),
        call: with_call.then_some(call),
        strength: Strength::Key,
        typed: None,
        second: None,
    }))
}

fn answered(step: &str, attempt: u32, purpose: Purpose) -> Event {
    Event::CallAnswered(CallAnswered {
        step: StepId::new(step),
        attempt,
        purpose,
        handle: "exec-1".into(),
        request_id: None,
        aws_at: None,
        found: None,
    })
}

fn ended(step: &str, attempt: u32, ended: Ended) -> Event {
    let step = StepId::new(step);
    let outputs = std::collections::BTreeMap::new();
    Event::StepEnded(Box::new(StepEnded {
        step,
        attempt,
        ended,
        aws_at: None,
        aws_began_at: None,
        outputs,
        data_at: None,
        note: None,
        tail: vec![],
    }))
}

struct Room {
    _folder: tempfile::TempDir,
    directory: JournalDirectory,
}

fn room() -> Room {
    let folder = tempfile::tempdir().unwrap();
    Room { directory: JournalDirectory::new(folder.path()), _folder: folder }
}

impl Room {
    fn journal(&self) -> Journal {
        Journal::create(&self.directory, &IncidentId::new("20260314-shop-4f1d"), Mode::Exercise).unwrap()
    }
}

fn texts(events: &[Recorded]) -> Vec<String> {
    events
        .iter()
        .map(|recorded| match &recorded.event {
            Event::Noted { text, .. } => text.clone(),
            other => other.kind(),
        })
        .collect()
}

/// Runs SQL on a journal behind lifeboat's back.
fn tamper(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn what_was_appended_is_read_back_exactly() {
    let room = room();
    let mut journal = room.journal();
    let first = journal
        .append(vec![Event::Noted { text: "é \" \n".into(), mark: None }, confirmed("a", 1, Purpose::Start, true)], &ann(), at(0))
        .unwrap();
    let second = journal.append(vec![Event::ExerciseStarted { speed: 0.1 }], &Operator::new("bob"), at(1)).unwrap();
    let all: Vec<Recorded> = first.recorded.into_iter().chain(second.recorded).collect();
    assert_eq!(all.iter().map(|recorded| recorded.seq).collect::<Vec<_>>(), [1, 2, 3]);
    // Beside the writer, and after it.
    assert_eq!(journal::read(journal.path()).unwrap().events, all);
    let path = journal.path().to_owned();
    drop(journal);
    let reading = journal::read(&path).unwrap();
    assert_eq!((reading.events, reading.damage, reading.format), (all, None, journal::FORMAT));
    assert_eq!(journal::verify(&path).unwrap().events, 3);
}

#[test]
fn reading_a_closed_journal_leaves_nothing_beside_it() {
    let room = room();
    let mut journal = room.journal();
    journal.append(noted("one"), &ann(), at(0)).unwrap();
    let path = journal.path().to_owned();
    drop(journal);
    journal::read(&path).unwrap();
    let files: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["20260314-shop-4f1d.lifeboat"]);
}

#[test]
fn of_two_consoles_that_append_the_same_number_one_has_to_look_again() {
    let room = room();
    let mut first = room.journal();
    first.append(noted("one"), &ann(), at(0)).unwrap();
    let (mut second, read) = Journal::open(first.path()).unwrap();
    assert_eq!(texts(&read), ["one"]);
    first.append(noted("two"), &ann(), at(1)).unwrap();
    let lost = second.append(
        vec![Event::Noted { text: "mine".into(), mark: None }, confirmed("a", 1, Purpose::Start, true)],
        &ann(),
        at(1),
    );
    assert!(matches!(lost, Err(JournalError::Moved { expected: 2, found: 3, .. })), "{lost:?}");
    assert_eq!(texts(&journal::read(first.path()).unwrap().events), ["one", "two"]);
    assert_eq!(texts(&second.catch_up().unwrap()), ["two"]);
    assert_eq!(second.append(noted("three"), &ann(), at(2)).unwrap().recorded[0].seq, 3);
    assert_eq!(texts(&first.catch_up().unwrap()), ["three"]);
    assert!(first.catch_up().unwrap().is_empty());
}

#[test]
fn two_consoles_at_full_speed_lose_and_double_nothing() {
    let room = room();
    let first = room.journal();
    let (second, _) = Journal::open(first.path()).unwrap();
    let path = first.path().to_owned();
    let write = |mut journal: Journal, name: &'static str| {
        move || {
            for number in 0..30 {
                while let Err(error) = journal.append(noted(&format!("{name}{number}")), &Operator::new(name), at(number)) {
                    assert!(matches!(error, JournalError::Moved { .. }), "{error}");
                    journal.catch_up().unwrap();
                }
            }
        }
    };
    let threads = [std::thread::spawn(write(first, "a")), std::thread::spawn(write(second, "b"))];
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let reading = journal::read(&path).unwrap();
    assert_eq!(reading.damage, None);
    for name in ["a", "b"] {
        let of: Vec<String> = texts(&reading.events).into_iter().filter(|text| text.starts_with(name)).collect();
        assert_eq!(of, (0..30).map(|number| format!("{name}{number}")).collect::<Vec<_>>());
    }
}

#[test]
fn a_console_that_dies_without_closing_leaves_every_appended_event() {
    let room = room();
    let mut journal = room.journal();
    journal.append(noted("one"), &ann(), at(0)).unwrap();
    // The files as a kill leaves them: the write-ahead log is still beside the journal.
    let elsewhere = room.directory.root().join("after-the-kill.lifeboat");
    for suffix in ["", "-wal"] {
        let beside = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        std::fs::copy(beside(journal.path()), beside(&elsewhere)).unwrap();
    }
    assert_eq!(texts(&journal::read(&elsewhere).unwrap().events), ["one"]);
    let (mut reopened, events) = Journal::open(&elsewhere).unwrap();
    assert_eq!(texts(&events), ["one"]);
    assert_eq!(reopened.append(noted("two"), &ann(), at(1)).unwrap().recorded[0].seq, 2);
}

#[test]
fn a_journal_is_made_only_once() {
    let room = room();
    let journal = room.journal();
    let again = Journal::create(&room.directory, journal.incident(), Mode::Exercise);
    assert!(matches!(again, Err(JournalError::Exists { .. })));
}

#[test]
fn only_a_confirmed_call_gives_a_permit_and_only_until_it_is_answered_or_its_attempt_has_ended() {
    let room = room();
    let mut journal = room.journal();
    let events = vec![
        confirmed("manual", 1, Purpose::Start, false),
        confirmed("lost", 1, Purpose::Start, true),
        confirmed("fine", 1, Purpose::Start, true),
    ];
    let appended = journal.append(events, &ann(), at(0)).unwrap();
    let permits: Vec<_> = appended.confirmed.iter().map(|permit| (permit.seq(), permit.confirmation().step.as_str())).collect();
    assert_eq!(permits, [(2, "lost"), (3, "fine")]);
    assert_eq!(appended.confirmed[0].incident().as_str(), "20260314-shop-4f1d");
    assert_eq!(appended.confirmed[0].call().operation(), "StartAutomationExecution");
    let failed = Ended::Failed { problem: Problem::new(ProblemKind::Invalid, "Ssm StartAutomationExecution", "no") };
    let events = vec![
        answered("fine", 1, Purpose::Start),
        confirmed("fine", 1, Purpose::Answer, true),
        confirmed("refused", 1, Purpose::Start, true),
        ended("refused", 1, failed),
        confirmed("refused", 2, Purpose::Start, true),
    ];
    journal.append(events, &ann(), at(1)).unwrap();
    let (journal, _) = {
        let path = journal.path().to_owned();
        drop(journal);
        Journal::open(&path).unwrap()
    };
    let open = journal.unanswered().unwrap();
    let open: Vec<_> = open.iter().map(|permit| (permit.seq(), permit.confirmation().step.as_str(), permit.purpose())).collect();
    assert_eq!(open, [(2, "lost", Purpose::Start), (5, "fine", Purpose::Answer), (8, "refused", Purpose::Start)]);
}

#[test]
fn an_event_of_a_newer_kind_is_kept_and_its_hash_holds() {
    let room = room();
    let mut journal = room.journal();
    let body = serde_json::json!({"event": "moon-landed", "crater": 7, "a": {"z": 1, "b": 2.50}});
    let event = Event::from_json(body.clone());
    journal.append(vec![event.clone()], &ann(), at(0)).unwrap();
    let reading = journal::read(journal.path()).unwrap();
    assert_eq!((&reading.events[0].event, reading.events[0].event.to_json(), reading.damage), (&event, body, None));
}

#[test]
fn an_edited_journal_is_read_up_to_the_edit_and_not_written_to() {
    for (sql, expected) in [
        ("UPDATE events SET body = replace(body, 'two', 'TWO') WHERE seq = 2", 1),
        ("UPDATE events SET operator = 'eve' WHERE seq = 3", 2),
        ("UPDATE events SET recorded_at = '2026-03-14T03:00:01Z' WHERE seq = 1", 0),
        ("DELETE FROM events WHERE seq = 2", 1),
        ("DELETE FROM events WHERE seq = 3", 2),
        ("INSERT INTO events SELECT 4, recorded_at, operator, body, hash FROM events WHERE seq = 3", 3),
        ("UPDATE journal SET incident = 'other'", 3),
        ("DELETE FROM journal", 3),
        ("DROP TABLE events", 0),
        ("PRAGMA application_id = 7", 3),
    ] {
        let room = room();
        let mut journal = room.journal();
        let opened = r#"{"event":"incident-opened","incident":"20260314-shop-4f1d","mode":"exercise","plan_name":"shop","plan_title":"",
            "plan_path":"","plan_text":"","rto_secs":1,"rpo_secs":1,"sites":{},"steps":[],"version":"0"}"#;
        let opened = Event::from_json(serde_json::from_str(opened).unwrap());
        assert!(matches!(opened, Event::IncidentOpened(_)));
        journal.append(vec![opened], &ann(), at(0)).unwrap();
        journal.append(noted("two"), &ann(), at(1)).unwrap();
        journal.append(noted("three"), &ann(), at(1)).unwrap();
        let path = journal.path().to_owned();
        drop(journal);
        tamper(&path, sql);
        let reading = journal::read(&path).unwrap();
        let damage = reading.damage.unwrap_or_else(|| panic!("{sql}: not noticed"));
        assert_eq!((reading.events.len(), damage.after), (expected, expected as u64), "{sql}: {damage}");
        assert_eq!(journal::verify(&path).unwrap().first_damage, Some(damage), "{sql}");
        let before = std::fs::read(&path).unwrap();
        let refused = Journal::open(&path).unwrap_err();
        assert!(matches!(refused, JournalError::Damaged { .. }), "{sql}: {refused}");
        assert_eq!(std::fs::read(&path).unwrap(), before, "{sql}: the damaged file was touched");
    }
}

#[test]
fn a_journal_rewritten_under_an_open_console_is_noticed() {
    let room = room();
    let mut journal = room.journal();
    journal.append(noted("one"), &ann(), at(0)).unwrap();
    tamper(journal.path(), "UPDATE journal SET head = zeroblob(32)");
    assert!(matches!(journal.append(noted("two"), &ann(), at(1)), Err(JournalError::Damaged { .. })));
    assert!(matches!(journal.catch_up(), Err(JournalError::Damaged { .. })));
}

#[test]
fn a_journal_of_a_newer_format_is_read_as_far_as_understood_but_not_written_to() {
    let room = room();
    let mut journal = room.journal();
    journal.append(noted("one"), &ann(), at(0)).unwrap();
    let path = journal.path().to_owned();
    drop(journal);
    tamper(&path, "ALTER TABLE events ADD COLUMN mood TEXT; PRAGMA user_version = 3; UPDATE journal SET format = 3");
    let reading = journal::read(&path).unwrap();
    assert_eq!((texts(&reading.events), reading.is_newer(), &reading.damage), (vec!["one".to_owned()], true, &None));
    assert!(matches!(Journal::open(&path), Err(JournalError::Newer { format: 3, .. })));
}

#[test]
fn a_journal_that_may_not_be_written_to_can_be_read() {
    let room = room();
    let mut journal = room.journal();
    journal.append(noted("one"), &ann(), at(0)).unwrap();
    let (path, full) = (journal.path().to_owned(), journal.append(noted(&"x".repeat(100_000)), &ann(), at(1)));
    assert!(full.is_ok());
    drop(journal);
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    assert_eq!(journal::read(&path).unwrap().events.len(), 2);
    // Who runs as root may write all the same.
    if std::fs::OpenOptions::new().write(true).open(&path).is_err() {
        let error = Journal::open(&path).unwrap_err();
        assert!(matches!(error, JournalError::Write { .. }) && error.to_string().contains("read-only"), "{error}");
    }
}

#[test]
fn journals_are_listed_newest_first_and_found_by_a_unique_beginning() {
    let room = room();
    let directory = &room.directory;
    assert!(directory.list().unwrap().is_empty());
    let first = JournalDirectory::new_id("Shop/EU", at(0), 0xabcd_4f1d);
    let second = JournalDirectory::new_id("shop", at(0) + TimeDelta::days(1), 7);
    assert_eq!((first.as_str(), second.as_str()), ("20260314-shop-eu-4f1d", "20260315-shop-0007"));
    let mut journal = Journal::create(directory, &first, Mode::Live).unwrap();
    journal.append(noted("one"), &ann(), at(0)).unwrap();
    drop(Journal::create(directory, &second, Mode::Exercise).unwrap());
    drop(journal);
    tamper(&directory.path_of(&first, Mode::Live), "DELETE FROM events");
    let list = directory.list().unwrap();
    let lines: Vec<_> = list.iter().map(|summary| (summary.id.as_str(), summary.mode, summary.damage.is_some())).collect();
    assert_eq!(lines, [(second.as_str(), Mode::Exercise, false), (first.as_str(), Mode::Live, true)]);
    assert!(list[1].path.ends_with("incidents/20260314-shop-eu-4f1d.lifeboat"));
    assert_eq!(directory.find("20260315").unwrap(), list[0].path);
    assert_eq!(directory.find(first.as_str()).unwrap(), list[1].path);
    assert!(matches!(directory.find("2026"), Err(JournalError::Ambiguous { ids, .. }) if ids.len() == 2));
    assert!(matches!(directory.find("x"), Err(JournalError::NotFound { .. })));
}

#[test]
fn a_file_that_is_not_there_is_an_error_and_not_damage() {
    let room = room();
    assert!(matches!(journal::read(&room.directory.root().join("no.lifeboat")), Err(JournalError::Read { .. })));
    assert!(!room.directory.root().join("no.lifeboat").exists());
}
