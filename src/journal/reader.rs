//! Reading a journal: every event up to the first damage, the damage by name, and nothing invented.
//!
//! Works beside a console that writes. Must not change the file.

use std::path::Path;

use chrono::{DateTime, Utc};
use rusqlite::Error::FromSqlConversionFailure;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::Operator;

use super::error::damage_in;
use super::file::{self, APPLICATION_ID, Row, Tail, open_for_reading};
use super::log::{self, End};
use super::{Damage, Event, FORMAT, JournalError, Recorded};

/// What could be read of a journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The events up to the first damage, in order.
    pub events: Vec<Recorded>,
    /// The first damage, if there is any.
    pub damage: Option<Damage>,
    /// The format that it says it has.
    pub format: i64,
}

impl Reading {
    /// Was it written by a newer lifeboat? Then there may be more in it than was understood.
    pub fn is_newer(&self) -> bool {
        self.format > FORMAT
    }
}

/// What a check of a whole journal found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many events are whole and unedited.
    pub events: u64,
    /// The hash of the last of them in hexadecimal; it covers all events before it.
    pub head: String,
    /// When the first and the last of them were recorded.
    pub recorded: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// How many of them are of kinds that this version does not know. They are kept, and their hashes are checked as well.
    pub unknown_events: u64,
    /// The format that the file says it has; a newer one than [`FORMAT`] may hold more than was checked.
    pub format: i64,
    /// The first damage, if there is any.
    pub first_damage: Option<Damage>,
    /// Does the write-ahead log beside it end within an append: under way just now, cut off, or damaged since?
    pub ends_within_append: bool,
}

/// Reads a journal, beside a console that writes to it or not.
///
/// # Errors
/// [`JournalError::Read`] if the file cannot be opened. What is wrong inside of it is told as damage.
pub fn read(path: &Path) -> Result<Reading, JournalError> {
    read_to(path, false).map(|(_, reading)| reading)
}

/// Reads a journal and checks the file's own structure as well: proves that it is whole and unedited, or says where it is not.
///
/// Who can write the file can also cut off its end and mend the header; only a copy kept elsewhere shows that.
///
/// # Errors
/// [`JournalError::Read`] if the file cannot be opened.
pub fn verify(path: &Path) -> Result<Verified, JournalError> {
    let (tail, reading) = read_to(path, true)?;
    let events = &reading.events;
    let recorded = events.first().zip(events.last()).map(|(first, last)| (first.recorded_at, last.recorded_at));
    let unknown = events.iter().filter(|recorded| matches!(recorded.event, Event::Unknown { .. }));
    Ok(Verified {
        events: events.len() as u64,
        head: file::hex(&tail.hash),
        recorded,
        unknown_events: unknown.count() as u64,
        format: reading.format,
        first_damage: reading.damage,
        ends_within_append: log::end(path) == End::Within,
    })
}

/// Reads a journal, and tells where it ended. `structure` checks the file's own structure as well.
pub(super) fn read_to(path: &Path, structure: bool) -> Result<(Tail, Reading), JournalError> {
    let once = |salvage: bool| -> Result<(Tail, Reading), JournalError> {
        let read = open_for_reading(path, salvage).and_then(|connection| read_all(&connection, structure && !salvage));
        read.or_else(|source| match damage_in(&source) {
            Some(what) => {
                let damage = Some(Damage { after: 0, what });
                Ok((Tail::START, Reading { events: Vec::new(), damage, format: FORMAT }))
            }
            None => Err(JournalError::read(path, source)),
        })
    };
    // A file that is not there is no damage; SQLite's own message about it is poorer.
    std::fs::metadata(path).map_err(|_| {
        let missing = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
        JournalError::read(path, rusqlite::Error::SqliteFailure(missing, None))
    })?;
    let log_before = file::has_log(path);
    let mut first = once(false)?;
    if first.1.damage.is_none() {
        if let End::Damaged(what) = log::end(path) {
            first.1.damage = Some(Damage { after: first.0.seq, what: what.to_owned() });
        }
        return Ok(first);
    }
    // Read once more: further, where the file was cut short; or rightly, where a console opened it in between.
    let mut second = once(true)?;
    if second.1.events.len() < first.1.events.len() {
        return Ok(first);
    }
    if second.1.damage.is_none() && log_before == file::has_log(path) {
        second.1.damage = first.1.damage.map(|damage| Damage { after: second.0.seq, ..damage });
    }
    Ok(second)
}

/// Reads all of an open journal, in one transaction. Errors are those that [`damage_in`] may tell to be damage.
fn read_all(connection: &Connection, structure: bool) -> rusqlite::Result<(Tail, Reading)> {
    let transaction = connection.unchecked_transaction()?;
    let format: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i64 = transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let (tail, events, mut damage) = rows_after(&transaction, Tail::START)?;
    let mut also = |what: String| {
        damage.get_or_insert(Damage { after: tail.seq, what });
    };
    if application != APPLICATION_ID {
        also("the file is not marked as a journal of lifeboat".to_owned());
    }
    match header(&transaction) {
        Ok(header) => header.doubts(format, &tail, &events).into_iter().for_each(&mut also),
        Err(source) => also(damage_in(&source).ok_or(source)?),
    }
    if structure {
        let check: String = transaction.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if check != "ok" {
            also(format!("the file's structure is damaged: {check}"));
        }
    }
    Ok((tail, Reading { events, damage, format }))
}

/// What the header row says.
pub(super) struct Header {
    pub format: i64,
    pub incident: String,
    pub tail: Tail,
}

impl Header {
    /// What does not fit the events.
    fn doubts(&self, format: i64, tail: &Tail, events: &[Recorded]) -> Option<String> {
        let opened = events.first().and_then(|first| match &first.event {
            Event::IncidentOpened(opened) => Some(opened.incident.as_str()),
            _ => None,
        });
        if self.format != format {
            Some(format!("the file says format {format}, its header row says {}", self.format))
        } else if format < 1 {
            Some(format!("there is no format {format}"))
        } else if self.tail.seq != tail.seq {
            Some(format!("the header counts {} events, {} can be read", self.tail.seq, tail.seq))
        } else if self.tail != *tail {
            Some(format!("the hash of event {} is not the one in the header", tail.seq))
        } else {
            let other = opened.filter(|opened| *opened != self.incident)?;
            Some(format!("the header names the incident {:?}, its first event {other:?}", self.incident))
        }
    }
}

/// Reads the header row.
pub(super) fn header(connection: &Connection) -> rusqlite::Result<Header> {
    connection.query_row("SELECT format, incident, events, head FROM journal WHERE one = 1", [], |row| {
        // SQLite's integers are signed; a negative count becomes one that fits no journal.
        let seq = row.get::<_, i64>(2)?.cast_unsigned();
        Ok(Header { format: row.get(0)?, incident: row.get(1)?, tail: Tail { seq, hash: row.get(3)? } })
    })
}

/// Reads the events after `tail` up to the first damage.
pub(super) fn rows_after(connection: &Connection, mut tail: Tail) -> rusqlite::Result<(Tail, Vec<Recorded>, Option<Damage>)> {
    let mut events = Vec::new();
    let mut statement =
        connection.prepare("SELECT seq, recorded_at, operator, body, hash FROM events WHERE seq > ?1 ORDER BY seq")?;
    let mut rows = statement.query([tail.seq.cast_signed()])?;
    loop {
        let step = rows.next().and_then(|row| row.map(|row| checked(row, &tail)).transpose());
        let what = match step {
            Ok(None) => return Ok((tail, events, None)),
            Ok(Some(Ok((next, recorded)))) => {
                tail = next;
                events.push(recorded);
                continue;
            }
            Ok(Some(Err(what))) => what,
            Err(source) => damage_in(&source).ok_or(source)?,
        };
        return Ok((tail, events, Some(Damage { after: tail.seq, what })));
    }
}

/// One row, if it is the next one and matches its hash; else what is wrong with it.
fn checked(row: &rusqlite::Row<'_>, tail: &Tail) -> rusqlite::Result<Result<(Tail, Recorded), String>> {
    let (seq, expected): (i64, u64) = (row.get(0)?, tail.seq + 1);
    if u64::try_from(seq) != Ok(expected) {
        return Ok(Err(format!("event {expected} is missing, the next one is {seq}")));
    }
    let (recorded_at, operator, body) = (text(row, 1)?, text(row, 2)?, text(row, 3)?);
    let next = tail.next(recorded_at, operator, body);
    let hash = row.get_ref(4)?.as_blob().map_err(|source| FromSqlConversionFailure(4, Type::Blob, source.into()))?;
    if hash != next.hash {
        return Ok(Err(format!("event {expected} does not match its hash: it, or one before it, was changed")));
    }
    let Ok(at) = DateTime::parse_from_rfc3339(recorded_at) else {
        return Ok(Err(format!("event {expected} was recorded at no time: {recorded_at:?}")));
    };
    let Some(event) = Event::from_text(body) else {
        return Ok(Err(format!("event {expected} is not JSON")));
    };
    let by = Operator::new(operator);
    Ok(Ok((next, Recorded { seq: expected, recorded_at: at.with_timezone(&Utc), by, event })))
}

/// A text of a row, where it lies.
fn text<'row>(row: &'row rusqlite::Row<'_>, column: usize) -> rusqlite::Result<&'row str> {
    row.get_ref(column)?.as_str().map_err(|source| FromSqlConversionFailure(column, Type::Text, source.into()))
}

/// The texts of the events after `seq`, at most `most` of them, unchecked.
pub(super) fn texts_after(connection: &Connection, seq: u64, most: usize) -> rusqlite::Result<Vec<Row>> {
    let texts = "SELECT recorded_at, operator, body FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    let mut statement = connection.prepare_cached(texts)?;
    let row = |row: &rusqlite::Row<'_>| Ok(Row { recorded_at: row.get(0)?, operator: row.get(1)?, body: row.get(2)? });
    statement.query_map(params![seq.cast_signed(), most.cast_signed()], row)?.collect()
}

/// The journal's end when it had so many events; `None` if it never had.
pub(super) fn tail_at(connection: &Connection, seq: u64) -> rusqlite::Result<Option<Tail>> {
    if seq == 0 {
        return Ok(Some(Tail::START));
    }
    let hash = connection.query_row("SELECT hash FROM events WHERE seq = ?1", [seq.cast_signed()], |row| row.get(0));
    hash.map(|hash| Tail { seq, hash }).optional()
}
