//! What is recorded, by the commands that people use on it: checked, handed on, taken in, compared.
#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

mod support;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use lifeboat::domain::{IncidentId, Mode, Operator};
use lifeboat::journal::{self, Event, Journal, JournalDirectory, JournalError};
use support::{at, exercise};

struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn journals(&self) -> JournalDirectory {
        JournalDirectory::new(self.folder.path())
    }

    /// The journal of the exercise, as far as `events`.
    fn play(&self, events: usize) -> Journal {
        let mut journal = Journal::create(&self.journals(), &id(), Mode::Exercise).unwrap();
        for recorded in exercise().into_iter().take(events) {
            journal.append(vec![recorded.event], &recorded.by, recorded.recorded_at).unwrap();
        }
        journal
    }

    fn path(&self) -> PathBuf {
        self.journals().path_of(&id(), Mode::Exercise)
    }

    /// Exit code, standard output and standard error together.
    fn lifeboat(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = Command::cargo_bin("lifeboat").unwrap();
        let output = command.current_dir(&self.folder).args(["--home", "."]).args(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (output.status.code().unwrap(), text)
    }
}

fn id() -> IncidentId {
    IncidentId::new("20260314-shop-4f1d")
}

fn note(journal: &mut Journal, text: &str) {
    journal.append(vec![Event::Noted { text: text.into(), mark: None }], &Operator::new("ann"), at("05:00:00")).unwrap();
}

fn tamper(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn verify_proves_a_whole_journal_and_says_what_it_cannot_prove() {
    let machine = Machine::new();
    drop(machine.play(39));
    let (code, text) = machine.lifeboat(&["verify", "20260314"]);
    assert_eq!(code, 0, "{text}");
    for part in ["WHOLE    39 events", "2026-03-14 03:05:10Z to 2026-03-14 04:55:00Z", "of event 39", "This cannot show"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn verify_says_where_an_edited_journal_is_not_whole() {
    let machine = Machine::new();
    drop(machine.play(39));
    tamper(&machine.path(), "UPDATE events SET operator = 'eve' WHERE seq = 15");
    let (code, text) = machine.lifeboat(&["verify", "20260314"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("DAMAGED  events 1 to 14 are whole, then: event 15 does not match its hash"), "{text}");
}

#[test]
fn a_hash_that_was_noted_while_it_ran_shows_a_rewritten_journal() {
    let machine = Machine::new();
    let mut journal = machine.play(10);
    let noted = journal::verify(journal.path()).unwrap().head;
    note(&mut journal, "it goes on");
    drop(journal);
    let (code, text) = machine.lifeboat(&["verify", "20260314", "--contains", &noted]);
    assert!(code == 0 && text.contains("holds    that hash as event 10"), "{text}");
    // Somebody writes another journal in its place, whole in itself.
    std::fs::remove_file(machine.path()).unwrap();
    let mut forged = machine.play(9);
    note(&mut forged, "what never happened");
    drop(forged);
    let (code, text) = machine.lifeboat(&["verify", "20260314", "--contains", &noted.to_uppercase()]);
    assert!(code == 1 && text.contains("WHOLE    10 events") && text.contains("MISSING"), "{text}");
}

#[test]
fn an_export_beside_a_running_console_is_one_whole_file_that_another_machine_takes_in() {
    let (here, there) = (Machine::new(), Machine::new());
    let mut console = here.play(20);
    let (code, text) = here.lifeboat(&["incidents", "export", "20260314", "--to", "out.lifeboat"]);
    assert!(code == 0 && text.contains("20 events, checked"), "{text}");
    note(&mut console, "the console goes on");
    let out = here.folder.path().join("out.lifeboat");
    let files: Vec<String> = std::fs::read_dir(here.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("out"))
        .collect();
    assert_eq!(files, ["out.lifeboat"]);
    let (code, text) = there.lifeboat(&["incidents", "import", out.to_str().unwrap()]);
    assert!(code == 0 && text.contains("20 events, taken in"), "{text}");
    assert_eq!(journal::read(&there.path()).unwrap().events, exercise()[..20]);
    // What was taken in can be gone on with, and taking it in again changes nothing.
    assert!(Journal::open(&there.path()).is_ok());
    let (code, text) = there.lifeboat(&["incidents", "import", out.to_str().unwrap()]);
    assert!(code == 0 && text.contains("was here already"), "{text}");
}

#[test]
fn an_export_replaces_no_file_and_hands_on_nothing_damaged() {
    let machine = Machine::new();
    drop(machine.play(39));
    let to = machine.folder.path().join("out.lifeboat");
    std::fs::write(&to, "mine").unwrap();
    assert!(matches!(journal::export(&machine.path(), &to), Err(JournalError::Taken { .. })));
    assert_eq!(std::fs::read(&to).unwrap(), b"mine");
    tamper(&machine.path(), "DELETE FROM events WHERE seq = 5");
    let other = machine.folder.path().join("other.lifeboat");
    let error = journal::export(&machine.path(), &other).unwrap_err();
    assert!(matches!(&error, JournalError::Unsound { damage, .. } if damage.after == 4), "{error}");
    assert!(!other.exists());
    let (code, text) = machine.lifeboat(&["incidents", "import", machine.path().to_str().unwrap()]);
    assert!(code == 1 && text.contains("event 5 is missing"), "{text}");
}

#[test]
fn two_journals_of_one_incident_that_disagree_are_kept_apart_and_it_is_said_where_they_part() {
    let (here, there) = (Machine::new(), Machine::new());
    let (mut ours, mut theirs) = (here.play(12), there.play(12));
    note(&mut ours, "ours");
    note(&mut theirs, "theirs");
    note(&mut theirs, "theirs again");
    drop((ours, theirs));
    let before = std::fs::read(here.path()).unwrap();
    let (code, text) = here.lifeboat(&["incidents", "import", there.path().to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(text.contains("they part after event 12: from there it has 1 events of its own, the other one 2"), "{text}");
    for part in
        ["both tell the same 12 events", "13 03-14 05:00:00Z ann: note: ours", "| 14 03-14 05:00:00Z ann: note: theirs again"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(std::fs::read(here.path()).unwrap(), before);
    let (code, told) = here.lifeboat(&["incidents", "diff", "20260314", there.path().to_str().unwrap()]);
    assert!(code == 1 && told.contains("| 13 03-14 05:00:00Z ann: note: theirs"), "{told}");
    assert_eq!(here.lifeboat(&["incidents", "diff", "20260314", "20260314"]).0, 0, "a journal agrees with itself");
    let parting = journal::compare(&here.path(), &there.path()).unwrap();
    assert!(parting.disagrees() && parting.common == 12);
}

#[test]
fn a_journal_that_went_on_elsewhere_does_not_replace_the_one_that_is_here() {
    let (here, there) = (Machine::new(), Machine::new());
    drop((here.play(12), there.play(39)));
    let (code, text) = here.lifeboat(&["incidents", "import", there.path().to_str().unwrap()]);
    assert!(code == 1 && text.contains("its 12 events are the first of the other one, which has 27 more"), "{text}");
    assert_eq!(journal::read(&here.path()).unwrap().events.len(), 12);
}

#[test]
fn an_id_that_would_lead_out_of_the_folder_is_refused() {
    let machine = Machine::new();
    drop(machine.play(0));
    tamper(&machine.path(), "UPDATE journal SET incident = '../../evil'");
    let elsewhere = Machine::new();
    let error = elsewhere.journals().import(&machine.path()).unwrap_err();
    assert!(matches!(error, JournalError::Name { .. }), "{error}");
    assert_eq!(std::fs::read_dir(elsewhere.folder.path()).unwrap().count(), 0);
}

/// The exercise again under another id, with one step that took longer by so many seconds, and everything after it later.
fn again(machine: &Machine, id: &str, mode: Mode, longer: i64) {
    let mut journal = Journal::create(&machine.journals(), &IncidentId::new(id), mode).unwrap();
    let later = |at: chrono::DateTime<chrono::Utc>| {
        if at >= support::at("04:20:00") { at + chrono::TimeDelta::seconds(longer) } else { at }
    };
    for recorded in exercise() {
        let event = match recorded.event {
            Event::IncidentOpened(mut opened) => {
                opened.incident = IncidentId::new(id);
                opened.mode = mode;
                Event::IncidentOpened(opened)
            }
            Event::StepEnded(mut end) => {
                end.aws_at = end.aws_at.map(later);
                end.aws_began_at = end.aws_began_at.map(later);
                Event::StepEnded(end)
            }
            Event::MomentFixed { moment, mut fixed } => {
                fixed.at = later(fixed.at);
                Event::MomentFixed { moment, fixed }
            }
            other => other,
        };
        journal.append(vec![event], &recorded.by, later(recorded.recorded_at)).unwrap();
    }
}

#[test]
fn the_history_keeps_exercises_apart_and_says_what_got_slower() {
    let machine = Machine::new();
    again(&machine, "20260101-shop-0001", Mode::Exercise, 0);
    again(&machine, "20260201-shop-0002", Mode::Exercise, 60);
    again(&machine, "20260301-shop-0003", Mode::Exercise, 600);
    again(&machine, "20260302-shop-0004", Mode::Live, 0);
    let (code, text) = machine.lifeboat(&["history"]);
    assert_eq!(code, 0, "{text}");
    insta::assert_snapshot!(text);
    let (code, text) = machine.lifeboat(&["history", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let kinds: Vec<_> = json["groups"].as_array().unwrap().iter().map(|group| group["kind"].as_str().unwrap()).collect();
    assert_eq!((code, kinds), (0, vec!["live", "exercise"]));
    let restore = &json["groups"][1]["durations"][2];
    assert_eq!((restore["median_secs"].as_i64(), restore["slower_secs"].as_i64()), (Some(3720), Some(570)), "{restore}");
}

#[test]
fn the_history_is_a_picture_as_well() {
    let machine = Machine::new();
    for (number, longer) in [(1, 0), (2, 60), (3, 600), (4, 300)] {
        again(&machine, &format!("20260{number}01-shop-000{number}"), Mode::Exercise, longer);
    }
    again(&machine, "20260302-shop-0005", Mode::Live, 1200);
    let (code, picture) = machine.lifeboat(&["history", "--svg"]);
    assert_eq!((code, &picture), (0, &machine.lifeboat(&["history", "--svg"]).1), "the same bytes each time");
    insta::assert_snapshot!(picture);
}

#[test]
fn what_earlier_runs_took_is_expected_of_the_next_one_and_exercises_say_nothing_of_real_ones() {
    let machine = Machine::new();
    for (number, longer) in [(1, 0), (2, 60), (3, 600)] {
        again(&machine, &format!("20260{number}01-shop-000{number}"), Mode::Exercise, longer);
    }
    again(&machine, "20260302-shop-0004", Mode::Live, 1200);
    let of = |plan: &str, mode: Mode| {
        let known = lifeboat::report::expectations(&machine.journals().list_of(mode).unwrap(), plan, mode);
        let step = known.get(&lifeboat::domain::StepId::new("catalog-volume")).copied();
        step.map(|of| [of.shortest, of.likely, of.longest].map(|length| length.num_seconds()))
    };
    // The attempt that ended well took 38 min 28 s; the one that failed before it says nothing.
    assert_eq!(of("shop", Mode::Exercise), Some([2308, 2368, 2908]));
    assert_eq!(of("shop", Mode::Live), Some([2631, 3508, 4385]), "one run alone is widened");
    assert_eq!(of("other", Mode::Live), None);
}

#[test]
fn two_incidents_are_compared_step_by_step() {
    let machine = Machine::new();
    again(&machine, "20260101-shop-0001", Mode::Exercise, 0);
    again(&machine, "20260302-shop-0004", Mode::Live, 600);
    let (code, text) = machine.lifeboat(&["history", "compare", "20260101", "20260302"]);
    assert_eq!(code, 0, "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_report_is_asked_for_in_every_format_by_its_name() {
    let machine = Machine::new();
    drop(machine.play(39));
    for (format, begins) in [
        ("md", "# EXERCISE"),
        ("html", "<!doctype html>"),
        ("json", "{"),
        ("csv", "at_utc,"),
        ("csv-rto", "level,"),
        ("svg", "<svg "),
        ("verdict", "{"),
        ("junit", "<?xml"),
    ] {
        let (code, text) = machine.lifeboat(&["report", "20260314", "--format", format, "--redact", "--theme", "print"]);
        assert!(code == 0 && text.trim_start().starts_with(begins) && !text.contains("111122223333"), "{format}: {text}");
    }
    let (code, text) = machine.lifeboat(&["report", "20260314", "--template", "no-such-file"]);
    assert!(code == 1 && text.contains("template cannot be read"), "{text}");
}

#[test]
fn the_kind_of_an_event_is_the_one_that_is_written() {
    let problem = lifeboat::domain::Problem::new(lifeboat::domain::ProblemKind::Unknown, "x", "x");
    let (step, purpose) = (lifeboat::domain::StepId::new("x"), journal::Purpose::Stop);
    let rare = [
        Event::CallRefused { step: step.clone(), attempt: 1, purpose, problem: problem.clone() },
        Event::AnswerLost { step, attempt: 1, purpose, problem },
    ];
    let events = exercise().into_iter().map(|recorded| recorded.event).chain(rare);
    let mut kinds: Vec<String> =
        events.inspect(|event| assert_eq!(event.to_json()["event"], event.kind())).map(|e| e.kind()).collect();
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds.len(), 17);
}
