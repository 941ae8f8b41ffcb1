//! Journals of every format that was ever written stay readable: one fixture of each.
#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lifeboat::domain::{
    Elsewhere, Facilitation, IncidentId, Mode, MutatingCall, Operator, Problem, ProblemKind, Region, Role, SiteName, StepId,
    TopicMessage,
};
use lifeboat::journal::{
    self, Amended, Attachment, Event, FORMAT, Incident, Journal, JournalDirectory, JournalError, Mark, NoticeDue, Observed,
    Purpose,
};
use lifeboat::report::{Format, render};
use support::{at, exercise};

fn fixture(format: i64) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/journals/format-{format}.lifeboat"))
}

/// Writes the fixture of the current format, once: `LIFEBOAT_WRITE_FIXTURE=1 cargo test --test journal_formats`. A fixture that
/// has been released is never written again.
fn write_fixture() {
    let folder = tempfile::tempdir().unwrap();
    let id = IncidentId::new("20260314-shop-4f1d");
    let mut journal = Journal::create(&JournalDirectory::new(folder.path()), &id, Mode::Exercise).unwrap();
    for recorded in exercise() {
        journal.append(vec![recorded.event], &recorded.by, recorded.recorded_at).unwrap();
    }
    journal.append(since_format_2(), &Operator::new("bob"), at("05:10:00")).unwrap();
    let path = journal.path().to_owned();
    drop(journal);
    std::fs::create_dir_all(fixture(FORMAT).parent().unwrap()).unwrap();
    std::fs::copy(path, fixture(FORMAT)).unwrap();
}

/// The SHA-256 of `hello`.
const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

/// The kinds of events that came with format 2.
fn since_format_2() -> Vec<Event> {
    let attachment = Attachment { name: "screen.txt".into(), bytes: 5, sha256: HELLO.into(), content: "aGVsbG8=".into() };
    let observed = Observed {
        source: "alarms primary".into(),
        set: [("shop-error-rate".to_owned(), serde_json::json!({"state": "OK"}))].into_iter().collect(),
        gone: vec!["old".into()],
        problem: None,
        partial: None,
    };
    let elsewhere = Elsewhere {
        kind: "copy job".into(),
        id: "COPY-1".into(),
        site: SiteName::recovery(),
        region: Region::new("eu-central-1"),
        about: "orders".into(),
        status: "COMPLETED".into(),
        began_at: Some(at("03:20:00")),
        ended_at: Some(at("03:29:00")),
        by: None,
    };
    vec![
        Event::RoleGiven { to: Operator::new("cleo"), role: Role::Scribe, reason: "writes the timeline".into() },
        Event::Noted { text: "who was called?".into(), mark: Some(Mark::Question) },
        Event::Marked { seq: 16, mark: Mark::Important },
        Event::Attached(Box::new(attachment)),
        Event::CheckInSet { every_secs: 900 },
        Event::Observed(Box::new(observed)),
        Event::SeenElsewhere(Box::new(elsewhere)),
        Event::VariableSet { name: "zone".into(), value: "eu-central-1b".into() },
        Event::ChoiceMade { choice: "how".into(), option: "from-copies".into() },
        Event::StepRuledOut { step: extra(), because: "how is from-copies".into() },
        Event::StepTakenUp { step: extra(), reason: "it is needed after all".into() },
        Event::StepAmended { step: extra(), amended: Box::new(amended()) },
        Event::StepTakenBack { step: extra(), by: StepId::new("extra-undone") },
        Event::TailSettled { step: StepId::new("orders-table"), item: "tags".into(), note: "set by hand".into() },
        Event::CallRefused { step: StepId::new("network"), attempt: 1, purpose: Purpose::Stop, problem: problem() },
        Event::AnswerLost { step: StepId::new("network"), attempt: 1, purpose: Purpose::Answer, problem: problem() },
        Event::Facilitated(Facilitation::Asked { number: 1, text: "Who decides?".into() }),
        Event::NoticeDue(Box::new(NoticeDue {
            id: StepId::new("message-decided"),
            site: SiteName::recovery(),
            region: Region::new("eu-central-1"),
            call: MutatingCall::Publish(TopicMessage {
                topic_arn: "arn:aws:sns:eu-central-1:444455556666:shop".into(),
                subject: "decided".into(),
                message: "decided at 03:31".into(),
            }),
        })),
    ]
}

fn amended() -> Amended {
    Amended {
        edits: [("/Metadata/targetTableName".to_owned(), Some("orders-2".to_owned())), ("/IamRoleArn".to_owned(), None)].into(),
        point: Some("arn:aws:backup:eu-central-1:444455556666:recovery-point:copyjob-2".into()),
        reason: "the newest is suspect".into(),
    }
}

fn extra() -> StepId {
    StepId::new("extra")
}

fn problem() -> Problem {
    Problem::new(ProblemKind::TimedOut, "Systems Manager StopAutomationExecution", "no answer within 30 s")
}

/// Every kind of event that this version writes.
const KINDS: [&str; 33] = [
    "answer-lost",
    "attached",
    "call-answered",
    "call-refused",
    "check-in-set",
    "choice-made",
    "decided-to-wait",
    "exercise-rules",
    "exercise-started",
    "facilitated",
    "failover-declared",
    "identity-seen",
    "incident-closed",
    "incident-opened",
    "marked",
    "moment-corrected",
    "moment-fixed",
    "noted",
    "notice-due",
    "observed",
    "operator-joined",
    "role-given",
    "seen-elsewhere",
    "signal-seen",
    "step-amended",
    "step-confirmed",
    "step-ended",
    "step-ruled-out",
    "step-skipped",
    "step-taken-back",
    "step-taken-up",
    "tail-settled",
    "variable-set",
];

/// A change to how an event is written that makes older journals unreadable shows in a fixture.
#[test]
fn every_kind_of_event_is_in_a_journal_that_is_checked_in() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut found = BTreeSet::new();
    for folder in ["journals", "exercises"] {
        let files = std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        for path in files.filter(|path| path.extension().is_some_and(|is| is == "lifeboat")) {
            let reading = journal::read(&path).unwrap();
            assert_eq!(reading.damage, None, "{}", path.display());
            let events = reading.events.iter().inspect(|one| assert!(!matches!(one.event, Event::Unknown { .. }), "{one:?}"));
            found.extend(events.map(|recorded| recorded.event.kind()));
        }
    }
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), KINDS);
}

#[test]
fn a_journal_of_every_format_is_read_whole_and_understood() {
    if std::env::var_os("LIFEBOAT_WRITE_FIXTURE").is_some() {
        write_fixture();
    }
    for format in 1..=FORMAT {
        let reading = journal::read(&fixture(format)).unwrap();
        assert_eq!((reading.format, &reading.damage), (format, &None));
        let incident = Incident::of(&reading.events);
        let kinds = if format == 1 { 0 } else { since_format_2().len() };
        assert_eq!((reading.events.len(), incident.unknown_events), (39 + kinds, 0), "format {format}");
        if format >= 2 {
            let read: Vec<Event> = reading.events[39..].iter().map(|recorded| recorded.event.clone()).collect();
            assert_eq!(read, since_format_2());
        }
        assert_eq!(incident.closed.as_ref().unwrap().0, at("04:55:00"));
        assert_eq!(journal::verify(&fixture(format)).unwrap().first_damage, None);
        let report = render(&reading.events, Format::Markdown).unwrap();
        assert!(report.contains("1 h 45 min"), "{report}");
    }
}

#[test]
fn a_journal_of_an_older_format_goes_on_in_the_current_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("20260314-shop-4f1d.lifeboat");
    std::fs::copy(fixture(1), &path).unwrap();
    let (mut journal, events) = Journal::open(&path).unwrap();
    assert_eq!(events.len(), 39);
    journal.append(since_format_2(), &Operator::new("bob"), at("05:10:00")).unwrap();
    drop(journal);
    let reading = journal::read(&path).unwrap();
    assert_eq!((reading.format, reading.damage, reading.events.len()), (FORMAT, None, 39 + since_format_2().len()));
    assert_eq!(journal::verify(&path).unwrap().first_damage, None);
}

#[test]
fn a_journal_of_a_newer_format_is_read_as_far_as_understood_and_never_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("20260314-shop-4f1d.lifeboat");
    std::fs::copy(fixture(FORMAT), &path).unwrap();
    let newer = FORMAT + 1;
    let sql = format!("UPDATE journal SET format = {newer}; PRAGMA user_version = {newer};");
    rusqlite::Connection::open(&path).unwrap().execute_batch(&sql).unwrap();
    let before = std::fs::read(&path).unwrap();
    let reading = journal::read(&path).unwrap();
    assert!(reading.is_newer() && reading.damage.is_none() && reading.events.len() == 39 + since_format_2().len());
    let told = lifeboat::report::render_reading(&reading, Format::Markdown).unwrap();
    assert!(told.contains("written by a newer lifeboat (format 3), there may be more in it"), "{told}");
    assert!(matches!(Journal::open(&path), Err(JournalError::Newer { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}
