//! Journals of every format that was ever written stay readable: one fixture of each.
#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

mod support;

use std::path::{Path, PathBuf};

use lifeboat::domain::{IncidentId, Mode};
use lifeboat::journal::{self, FORMAT, Incident, Journal, JournalDirectory};
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
    let path = journal.path().to_owned();
    drop(journal);
    std::fs::create_dir_all(fixture(FORMAT).parent().unwrap()).unwrap();
    std::fs::copy(path, fixture(FORMAT)).unwrap();
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
        assert_eq!((reading.events.len(), incident.unknown_events), (39, 0), "format {format}");
        assert_eq!(incident.closed.as_ref().unwrap().0, at("04:55:00"));
        assert_eq!(journal::verify(&fixture(format)).unwrap().first_damage, None);
        let report = render(&reading.events, Format::Markdown).unwrap();
        assert!(report.contains("1 h 45 min"), "{report}");
    }
}
