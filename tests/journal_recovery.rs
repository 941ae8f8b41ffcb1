//! A journal cut short or changed at any byte: what is read is a true beginning of what was written, and the damage is named.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail this way")]

use std::path::{Path, PathBuf};

use chrono::DateTime;
use lifeboat::domain::{IncidentId, Mode, Operator};
use lifeboat::journal::{self, Event, Journal, JournalDirectory, Recorded};

/// A small journal: its files' bytes, closed or as a kill leaves it, and its events.
struct Written {
    file: Vec<u8>,
    log: Option<Vec<u8>>,
    events: Vec<Recorded>,
}

fn written(killed: bool) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let directory = JournalDirectory::new(folder.path());
    let mut journal = Journal::create(&directory, &IncidentId::new("20260314-shop-4f1d"), Mode::Exercise).unwrap();
    let mut events = Vec::new();
    for number in 0..6 {
        let at = DateTime::from_timestamp(1_773_457_200 + number, 0).unwrap();
        // Long enough that the events need more than one page.
        let text = format!("{number} {}", "abcdefghij".repeat(if number == 3 { 500 } else { 20 }));
        events.extend(journal.append(vec![Event::Noted { text, mark: None }], &Operator::new("ann"), at).unwrap().recorded);
    }
    let path = journal.path().to_owned();
    if killed {
        let (file, log) = (std::fs::read(&path).unwrap(), std::fs::read(log_of(&path)).unwrap());
        return Written { file, log: Some(log), events };
    }
    drop(journal);
    Written { file: std::fs::read(&path).unwrap(), log: None, events }
}

fn log_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", path.display()))
}

/// Reads the journal with these bytes; `None` if nothing was lost.
fn lost(path: &Path, file: &[u8], events: &[Recorded], case: &str) -> Option<usize> {
    std::fs::write(path, file).unwrap();
    let reading = journal::read(path).unwrap_or_else(|error| panic!("{case}: {error:?}"));
    assert!(events.starts_with(&reading.events), "{case}: an event was invented");
    if reading.events.len() == events.len() {
        return None;
    }
    let damage =
        reading.damage.unwrap_or_else(|| panic!("{case}: lost {} events, silently", events.len() - reading.events.len()));
    assert_eq!(damage.after, reading.events.len() as u64, "{case}");
    Some(reading.events.len())
}

/// Where the text of each event lies in the file, as far as it is in one piece: a long one goes on in pages of its own.
fn places(file: &[u8], events: &[Recorded]) -> Vec<std::ops::Range<usize>> {
    let place = |recorded: &Recorded| {
        let text = recorded.event.to_json().to_string();
        let begin = &text.as_bytes()[..text.len().min(200)];
        let at = file.windows(begin.len()).position(|window| window == begin).unwrap();
        at..at + begin.len()
    };
    events.iter().map(place).collect()
}

#[test]
fn a_byte_flipped_anywhere_invents_nothing_and_what_is_lost_is_named() {
    let Written { file, events, .. } = written(false);
    let half = file.len() / 2;
    let places = places(&file, &events);
    let run = |range: std::ops::Range<usize>| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flipped.lifeboat");
        let mut some = 0;
        for offset in range {
            let mut bytes = file.clone();
            let mask = 1_u8 << (offset % 8);
            bytes[offset] ^= mask;
            let read = lost(&path, &bytes, &events, &format!("byte {offset} ^ {mask:#x}"));
            // Everything before an event that was changed is read, to the last one.
            if let Some(changed) = places.iter().position(|place| place.contains(&offset)) {
                assert_eq!(read, Some(changed), "byte {offset} is one of event {}", changed + 1);
            }
            some += usize::from(read.is_some_and(|read| read > 0));
        }
        some
    };
    let some = std::thread::scope(|scope| {
        let other = scope.spawn(|| run(0..half));
        run(half..file.len()) + other.join().unwrap()
    });
    assert!(some > 1000, "events before the damage are read, {some} times");
}

#[test]
fn a_file_cut_short_anywhere_is_read_up_to_the_cut() {
    let Written { file, events, .. } = written(false);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.lifeboat");
    let mut best = None;
    for length in 0..file.len() {
        let read = lost(&path, &file[..length], &events, &format!("cut to {length} bytes"));
        best = best.max(read);
    }
    assert!(best > Some(0), "a cut in the last page leaves the pages before it: {best:?}");
}

#[test]
fn a_log_cut_or_changed_after_a_kill_loses_only_its_end() {
    let Written { file, log, events } = written(true);
    let log = log.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("killed.lifeboat");
    for offset in (0..log.len()).step_by(61) {
        let mut flipped = log.clone();
        flipped[offset] ^= 0x5A;
        for (bytes, case) in [(&log[..offset], "cut"), (&flipped[..], "flipped")] {
            let _ = std::fs::remove_file(PathBuf::from(format!("{}-shm", path.display())));
            std::fs::write(log_of(&path), bytes).unwrap();
            std::fs::write(&path, &file).unwrap();
            let reading = journal::read(&path).unwrap_or_else(|error| panic!("{case} at {offset}: {error:?}"));
            // What the log's own sums do not vouch for was never promised: an append returns only after it is all on disk.
            assert!(events.starts_with(&reading.events), "{case} at {offset}: an event was invented");
        }
    }
}
