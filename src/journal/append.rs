//! An open, writable journal: events go in all or none, at the expected number, and are on disk before the call returns.

use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::{Connection, TransactionBehavior, params};

use crate::domain::{IncidentId, Mode, Operator};

use super::error::damage_in;
use super::file::{self, Row, Tail};
use super::link::{self, Dial, Link};
use super::reader::{self, header, rows_after};
use super::{Confirmed, Damage, Event, JournalDirectory, JournalError, Notices, Recorded};

/// A journal that events can be appended to. Several consoles may have the same one open: each append names the number that it
/// expects, so of two only one succeeds, and the other has to look again.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    incident: IncidentId,
    connection: Connection,
    tail: Tail,
    /// What the declaration in it covers beside itself, once there is one.
    covered: Option<Notices>,
    /// Where the journal is kept, if this file is only the copy of it on this machine.
    link: Option<Link>,
}

/// What came of an append.
#[derive(Debug)]
pub struct Appended {
    /// The events with their numbers.
    pub recorded: Vec<Recorded>,
    /// One for each appended confirmation of a call: what the gate asks for.
    pub confirmed: Vec<Confirmed>,
}

impl Journal {
    /// Makes the journal of a new incident.
    ///
    /// # Errors
    /// [`JournalError::Exists`] if there is one of this id; [`JournalError::Create`] and [`JournalError::Write`].
    pub fn create(directory: &JournalDirectory, id: &IncidentId, mode: Mode) -> Result<Self, JournalError> {
        let path = directory.path_of(id, mode);
        let connection = file::create(&path, id, mode)?;
        Ok(Self { path, incident: id.clone(), connection, tail: Tail::START, covered: None, link: None })
    }

    /// Opens the journal of an incident to go on with it, and reads all of it.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] and [`JournalError::Newer`]: it can be read with [`super::read`], but is not written to.
    /// [`JournalError::Read`] if it cannot be opened, [`JournalError::Write`] if it is read-only.
    pub fn open(path: &Path) -> Result<(Self, Vec<Recorded>), JournalError> {
        // Looked at without the right to write first: a damaged or newer file stays as it is.
        let (tail, reading) = reader::read_to(path, true)?;
        if reading.is_newer() {
            return Err(JournalError::Newer { path: path.to_owned(), format: reading.format });
        }
        if let Some(damage) = reading.damage {
            return Err(JournalError::damaged(path, damage));
        }
        let connection = file::open_for_writing(path)?;
        file::sync_folder(path)?;
        let header = header(&connection).map_err(|source| reading_failed(path, tail, source))?;
        let incident = IncidentId::new(header.incident);
        let mut journal = Self { path: path.to_owned(), incident, connection, tail, covered: None, link: None };
        let mut events = reading.events;
        // Another console may have written in between.
        events.extend(journal.catch_up()?);
        journal.covered = events.iter().rev().find_map(covered);
        Ok((journal, events))
    }

    /// Opens the journal of an incident that another machine keeps, reached through a command such as `ssh ann@10.0.0.7 lifeboat`,
    /// and copies it to this one. From then on an append is durable there first, then here.
    ///
    /// # Errors
    /// [`JournalError::Link`] if the keeper cannot be reached, or the copy that is here already is not its beginning; those of
    /// [`Journal::create`] and [`Journal::open`] for the copy.
    pub fn open_through(through: &str, id: &str, directory: &JournalDirectory) -> Result<(Self, Vec<Recorded>), JournalError> {
        Self::linked(through, link::by_command(through, id), directory)
    }

    pub(super) fn linked(through: &str, dial: Dial, directory: &JournalDirectory) -> Result<(Self, Vec<Recorded>), JournalError> {
        let (link, held) = Link::open(through, dial)?;
        let id = IncidentId::new(held.incident);
        // It comes from another machine, and becomes a path.
        if !id.is_file_name() {
            return Err(JournalError::Name { path: PathBuf::from(through), id: id.to_string() });
        }
        let mode = if held.mode == file::mode_name(Mode::Live) { Mode::Live } else { Mode::Exercise };
        let path = directory.path_of(&id, mode);
        let here = path.exists().then(|| Self::open(&path)).transpose()?;
        link.join(here.as_ref().map_or(Tail::START, |(journal, _)| journal.tail))?;
        let (mut journal, mut events) = match here {
            Some(here) => here,
            None => (Self::create(directory, &id, mode)?, Vec::new()),
        };
        journal.link = Some(link);
        events.extend(journal.catch_up()?);
        Ok((journal, events))
    }

    /// Appends events together; they are on disk when this returns.
    ///
    /// # Errors
    /// [`JournalError::Moved`] if another console appended since this one last looked; [`JournalError::Write`] if they cannot be
    /// made durable, [`JournalError::Link`] if the machine that keeps it cannot be reached: in all three cases none of them is in the
    /// journal. [`JournalError::Unanswered`] if they may be: then they come with a later [`Journal::catch_up`].
    pub fn append(&mut self, events: Vec<Event>, by: &Operator, at: DateTime<Utc>) -> Result<Appended, JournalError> {
        let recorded_at = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let row = |event: &Event| Row {
            recorded_at: recorded_at.clone(),
            operator: by.as_str().to_owned(),
            body: event.to_json().to_string(),
        };
        let rows: Vec<Row> = events.iter().map(row).collect();
        let before = self.tail.seq;
        if let Some(link) = &self.link
            && let Err(found) = link.append(self.tail, &rows)?
        {
            return Err(JournalError::Moved { path: self.path.clone(), expected: before + 1, found: found + 1 });
        }
        self.write(&rows)?;
        let mut appended = Appended { recorded: Vec::with_capacity(events.len()), confirmed: Vec::new() };
        for (seq, event) in (before + 1..).zip(events) {
            let recorded = Recorded { seq, recorded_at: at, by: by.clone(), event };
            appended.confirmed.extend(Confirmed::of(&self.incident, &recorded));
            // The declaration is in the journal before it, or in the same append.
            let declared = appended.recorded.iter().rev().find_map(covered);
            let known = declared.as_ref().or(self.covered.as_ref());
            appended.confirmed.extend(Confirmed::of_notice(&self.incident, &recorded, known));
            appended.recorded.push(recorded);
        }
        if let Some(declared) = appended.recorded.iter().rev().find_map(covered) {
            self.covered = Some(declared);
        }
        Ok(appended)
    }

    /// Writes rows at the end of this machine's file, all or none, durable when it returns.
    pub(super) fn write(&mut self, rows: &[Row]) -> Result<(), JournalError> {
        let written = self.insert(rows);
        if let Some(link) = &self.link {
            match &written {
                Ok(()) => link.copied(self.tail),
                // The keeper believes that the copy has them: it has to ask anew.
                Err(_) => link.start_anew(),
            }
        }
        written
    }

    fn insert(&mut self, rows: &[Row]) -> Result<(), JournalError> {
        let path = &self.path;
        let write = |source| JournalError::write(path, source);
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(write)?;
        let header = header(&transaction).map_err(write)?;
        let (format, found) = (header.format, header.tail);
        if found.seq != self.tail.seq {
            return Err(JournalError::Moved { path: path.clone(), expected: self.tail.seq + 1, found: found.seq + 1 });
        }
        if found != self.tail {
            let what = format!("event {} is not the one that was there before", found.seq);
            return Err(JournalError::damaged(path, Damage { after: 0, what }));
        }
        let mut tail = self.tail;
        {
            let insert = "INSERT INTO events (seq, recorded_at, operator, body, hash) VALUES (?1, ?2, ?3, ?4, ?5)";
            let mut insert = transaction.prepare_cached(insert).map_err(write)?;
            for row in rows {
                tail = tail.after(row);
                insert
                    .execute(params![tail.seq.cast_signed(), row.recorded_at, row.operator, row.body, tail.hash])
                    .map_err(write)?;
            }
        }
        let count = transaction
            .execute("UPDATE journal SET events = ?1, head = ?2 WHERE one = 1", params![tail.seq.cast_signed(), tail.hash])
            .map_err(write)?;
        debug_assert_eq!(count, 1, "the header was read above");
        if format < file::FORMAT {
            // From here on an older lifeboat would not understand all of it, and says so.
            transaction.execute("UPDATE journal SET format = ?1 WHERE one = 1", [file::FORMAT]).map_err(write)?;
            transaction.pragma_update(None, "user_version", file::FORMAT).map_err(write)?;
        }
        transaction.commit().map_err(write)?;
        self.tail = tail;
        Ok(())
    }

    /// The events that another console appended since this one last looked.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if what is there now does not follow from what was there before; [`JournalError::Read`];
    /// [`JournalError::Link`] and [`JournalError::Write`] where the journal is kept elsewhere.
    pub fn catch_up(&mut self) -> Result<Vec<Recorded>, JournalError> {
        if let Some(link) = &self.link {
            let rows = link.arrived(self.tail)?;
            if rows.is_empty() {
                return Ok(Vec::new());
            }
            let before = self.tail;
            self.write(&rows)?;
            // Read back from the copy, so that what counts is what is on the disk.
            self.tail = before;
        }
        let failed = |source| reading_failed(&self.path, self.tail, source);
        let transaction = self.connection.unchecked_transaction().map_err(failed)?;
        let (tail, events, damage) = rows_after(&transaction, self.tail).map_err(failed)?;
        let counted = header(&transaction).map_err(failed)?;
        let differs = || {
            let what = format!("the header counts {} events, {} can be read", counted.tail.seq, tail.seq);
            (counted.tail != tail).then_some(Damage { after: tail.seq, what })
        };
        if let Some(damage) = damage.or_else(differs) {
            return Err(JournalError::damaged(&self.path, damage));
        }
        drop(transaction);
        self.tail = tail;
        if let Some(declared) = events.iter().rev().find_map(covered) {
            self.covered = Some(declared);
        }
        Ok(events)
    }

    /// The confirmed calls that AWS has not answered, as far as the journal knows, in order: whether they took effect has to be
    /// found out before anything else.
    ///
    /// # Errors
    /// [`JournalError::Read`] and [`JournalError::Damaged`].
    pub fn unanswered(&self) -> Result<Vec<Confirmed>, JournalError> {
        let failed = |source| reading_failed(&self.path, Tail::START, source);
        let (_, events, damage) = rows_after(&self.connection, Tail::START).map_err(failed)?;
        match damage {
            Some(damage) => Err(JournalError::damaged(&self.path, damage)),
            None => Ok(Confirmed::unanswered(&self.incident, &events)),
        }
    }

    /// How far it goes.
    pub(super) fn tail(&self) -> Tail {
        self.tail
    }

    /// How far it went when it had so many events, if it ever had.
    pub(super) fn tail_at(&self, events: u64) -> Result<Option<Tail>, JournalError> {
        reader::tail_at(&self.connection, events).map_err(|source| reading_failed(&self.path, self.tail, source))
    }

    /// The texts of the events after so many, at most `most` of them.
    pub(super) fn rows(&self, after: u64, most: usize) -> Result<Vec<Row>, JournalError> {
        reader::texts_after(&self.connection, after, most).map_err(|source| reading_failed(&self.path, self.tail, source))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The incident.
    pub fn incident(&self) -> &IncidentId {
        &self.incident
    }
}

/// What a declaration covers beside itself.
fn covered(recorded: &Recorded) -> Option<Notices> {
    match &recorded.event {
        Event::FailoverDeclared { notices, .. } => notices.as_deref().cloned(),
        _ => None,
    }
}

/// An error of SQLite while reading: damage, or a reason outside of the file.
fn reading_failed(path: &Path, tail: Tail, source: rusqlite::Error) -> JournalError {
    match damage_in(&source) {
        Some(what) => JournalError::damaged(path, Damage { after: tail.seq, what }),
        None => JournalError::read(path, source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(text: &str) -> Vec<Event> {
        vec![Event::Noted { text: text.to_owned(), mark: None }]
    }

    #[test]
    fn a_full_disk_writes_nothing_says_so_and_can_be_mended() {
        let folder = tempfile::tempdir().unwrap();
        let directory = JournalDirectory::new(folder.path());
        let mut journal = Journal::create(&directory, &IncidentId::new("20260314-shop-4f1d"), Mode::Exercise).unwrap();
        let (ann, at) = (Operator::new("ann"), DateTime::from_timestamp(1_773_457_200, 0).unwrap());
        journal.append(noted("one"), &ann, at).unwrap();
        let pages: i64 = journal.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        // SQLite treats its largest page count as it treats a disk without room.
        journal.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
        let mut events = noted("two");
        events.extend(noted(&"x".repeat(100_000)));
        let error = journal.append(events, &ann, at).unwrap_err();
        assert!(matches!(error, JournalError::Write { .. }) && error.to_string().contains("the disk is full"), "{error:?}");
        assert_eq!(reader::read(journal.path()).unwrap().events.len(), 1);
        journal.connection.query_row("PRAGMA max_page_count = 1000000", [], |_| Ok(())).unwrap();
        assert_eq!(journal.append(noted("two"), &ann, at).unwrap().recorded[0].seq, 2);
        assert_eq!(reader::read(journal.path()).unwrap().damage, None);
    }
}
