//! A journal cut short or changed at any byte: what is read is a true beginning of what was written, and the damage is named.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail this way")]

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use chrono::DateTime;
use lifeboat::domain::{IncidentId, Mode, Operator};
use lifeboat::journal::{self, Event, Journal, JournalDirectory, Recorded};

/// A small journal: its file's bytes, closed, and its events.
struct Written {
    file: Vec<u8>,
    events: Vec<Recorded>,
}

fn written() -> Written {
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
    drop(journal);
    Written { file: std::fs::read(&path).unwrap(), events }
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
    let Written { file, events } = written();
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
    let Written { file, events } = written();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.lifeboat");
    let mut best = None;
    for length in 0..file.len() {
        let read = lost(&path, &file[..length], &events, &format!("cut to {length} bytes"));
        best = best.max(read);
    }
    assert!(best > Some(0), "a cut in the last page leaves the pages before it: {best:?}");
}

/// A journal as a kill leaves it: its log, and after each event how long that was and what hash covers everything up to there.
struct Killed {
    file: Vec<u8>,
    log: Vec<u8>,
    /// How long the log was before the first event.
    made: usize,
    promised: Vec<(usize, String)>,
}

fn killed() -> Killed {
    let folder = tempfile::tempdir().unwrap();
    let directory = JournalDirectory::new(folder.path());
    let mut journal = Journal::create(&directory, &IncidentId::new("20260314-shop-4f1d"), Mode::Exercise).unwrap();
    let path = journal.path().to_owned();
    let length = || usize::try_from(std::fs::metadata(log_of(&path)).unwrap().len()).unwrap();
    let (made, mut promised) = (length(), Vec::new());
    for number in 0..2 {
        let at = DateTime::from_timestamp(1_773_457_200 + number, 0).unwrap();
        journal.append(vec![Event::Noted { text: format!("note {number}"), mark: None }], &Operator::new("ann"), at).unwrap();
        promised.push((length(), journal::verify(&path).unwrap().head));
    }
    Killed { file: std::fs::read(&path).unwrap(), log: std::fs::read(log_of(&path)).unwrap(), made, promised }
}

/// What a check tells of the journal with another log beside it: how many events, and of its end damage or doubt.
fn checked(killed: &Killed, path: &Path, case: &str) -> (usize, bool, bool) {
    let _ = std::fs::remove_file(PathBuf::from(format!("{}-shm", path.display())));
    let verified = journal::verify(path).unwrap_or_else(|error| panic!("{case}: {error:?}"));
    let read = usize::try_from(verified.events).unwrap();
    if read > 0 {
        assert_eq!(verified.head, killed.promised[read - 1].1, "{case}: an event was invented");
    }
    (read, verified.first_damage.is_some(), verified.ends_within_append)
}

/// Tries the log at each of its bytes, in as many threads as there are processors to run them.
fn at_each_byte(killed: &Killed, try_at: impl Fn(&Path, &mut File, usize) + Sync) {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let try_at = &try_at;
            scope.spawn(move || {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("killed.lifeboat");
                std::fs::write(&path, &killed.file).unwrap();
                let mut log = File::create(log_of(&path)).unwrap();
                log.write_all(&killed.log).unwrap();
                (thread..killed.log.len()).step_by(threads).rev().for_each(|offset| try_at(&path, &mut log, offset));
            });
        }
    });
}

fn put(log: &mut File, offset: usize, byte: u8) {
    log.seek(SeekFrom::Start(offset as u64)).unwrap();
    log.write_all(&[byte]).unwrap();
}

#[test]
fn a_log_changed_at_any_byte_after_a_kill_loses_nothing_before_it_and_says_so() {
    let killed = killed();
    let last = killed.promised.len() - 1;
    at_each_byte(&killed, |path, log, offset| {
        let case = format!("log flipped at {offset}");
        put(log, offset, killed.log[offset] ^ 0x5A);
        let (read, damaged, doubtful) = checked(&killed, path, &case);
        put(log, offset, killed.log[offset]);
        // An event that was promised before the byte was written is there; the one whose append holds the byte is not.
        let before = killed.promised.iter().filter(|(end, _)| *end <= offset).count();
        assert_eq!(read, before, "{case}");
        // A single append at the end may as well have been cut off by a power cut: a check tells it, nothing refuses the journal.
        assert!(damaged || (doubtful && before == last), "{case}: lost silently");
    });
}

#[test]
fn a_log_cut_at_any_byte_after_a_kill_keeps_what_was_promised_before_the_cut() {
    let killed = killed();
    at_each_byte(&killed, |path, log, length| {
        let case = format!("log cut to {length} bytes");
        log.set_len(length as u64).unwrap();
        let (read, damaged, doubtful) = checked(&killed, path, &case);
        let promised = killed.promised.iter().filter(|(end, _)| *end <= length).count();
        assert_eq!(read, promised, "{case}");
        // Cut between two appends it is a true beginning, and only a hash that was noted elsewhere shows the rest.
        let between = length == killed.made || killed.promised.iter().any(|(end, _)| *end == length);
        assert!(damaged || doubtful || between, "{case}: lost silently");
    });
}
