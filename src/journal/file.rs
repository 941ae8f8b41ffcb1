//! The file of a journal: its schema, the chain of hashes through its rows, and how it is opened.
//!
//! One SQLite file an incident: a header row and a row an event. Each event's hash covers the one before it, so that no event can
//! be changed, taken out or put in without every later hash being wrong. The header repeats count and last hash, so that a missing
//! end shows as well. Must not know what events mean.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rusqlite::{Connection, OpenFlags, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::{IncidentId, Mode};

use super::JournalError;

/// The format that this version writes: SQLite's `user_version`, repeated in the header row.
///
/// 1: the first. 2: decisions with what they were weighed from, roles, marks, attachments, check-ins, what sources showed, and
/// work of others; a console of format 1 would not hold to the roles, so it does not write to such a journal.
pub const FORMAT: i64 = 2;

/// SQLite's `application_id` of a journal: `LBJ1`, by which file(1) can tell it.
pub(super) const APPLICATION_ID: i64 = 0x4C42_4A31;

/// How long to wait for another console's write to end. One append takes milliseconds.
const BUSY_FOR: Duration = Duration::from_secs(5);

/// Bodies are the exact texts that were hashed; `recorded_at` is RFC 3339 in UTC.
const SCHEMA: &str = "
CREATE TABLE journal (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  format INTEGER NOT NULL,
  incident TEXT NOT NULL,
  mode TEXT NOT NULL,
  events INTEGER NOT NULL,
  head BLOB NOT NULL
) STRICT;
CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  recorded_at TEXT NOT NULL,
  operator TEXT NOT NULL,
  body TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;
";

/// A SHA-256.
pub(super) type Hash = [u8; 32];

/// How far a journal has been read or written: the number of the last event, and the hash of its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tail {
    pub seq: u64,
    pub hash: Hash,
}

impl Tail {
    /// Before the first event.
    pub const START: Self = Self { seq: 0, hash: [0; 32] };

    /// The tail after one more row.
    pub fn next(&self, recorded_at: &str, operator: &str, body: &str) -> Self {
        let seq = self.seq + 1;
        let mut digest = Sha256::new();
        digest.update(self.hash);
        digest.update(seq.to_be_bytes());
        // Lengths keep the border between two texts from being moved.
        for text in [recorded_at, operator, body] {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text);
        }
        Self { seq, hash: digest.finalize().into() }
    }

    /// The same of a row.
    pub fn after(&self, row: &Row) -> Self {
        self.next(&row.recorded_at, &row.operator, &row.body)
    }
}

/// One event as the file holds it: the texts that are hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    pub recorded_at: String,
    pub operator: String,
    pub body: String,
}

/// A hash as people compare it.
pub(super) fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The mode as the header has it.
pub(super) fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Live => "live",
        Mode::Exercise => "exercise",
    }
}

/// Makes a new file with its schema and header, durable when it returns.
pub(super) fn create(path: &Path, id: &IncidentId, mode: Mode) -> Result<Connection, JournalError> {
    let failed = |source| JournalError::Create { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    // Taking the name first makes sure that of two consoles only one creates it.
    OpenOptions::new().write(true).create_new(true).open(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => JournalError::Exists { path: path.to_owned() },
        _ => failed(source),
    })?;
    let write = |source| JournalError::write(path, source);
    let mut connection = open_for_writing(path)?;
    let transaction = connection.transaction().map_err(write)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(write)?;
    transaction.pragma_update(None, "user_version", FORMAT).map_err(write)?;
    transaction.execute_batch(SCHEMA).map_err(write)?;
    let header = "INSERT INTO journal (one, format, incident, mode, events, head) VALUES (1, ?1, ?2, ?3, 0, ?4)";
    transaction.execute(header, params![FORMAT, id.as_str(), mode_name(mode), Tail::START.hash]).map_err(write)?;
    transaction.commit().map_err(write)?;
    sync_folder(path)?;
    Ok(connection)
}

/// Opens an existing file to read and append: every commit is on disk before it returns.
pub(super) fn open_for_writing(path: &Path) -> Result<Connection, JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|source| JournalError::read(path, source))?;
    let set = || -> rusqlite::Result<()> {
        connection.busy_timeout(BUSY_FOR)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // On macOS a plain fsync leaves the drive's own cache unwritten.
        connection.pragma_update(None, "fullfsync", true)
    };
    set().map_err(|source| JournalError::write(path, source))?;
    // SQLite opens a file that may not be written to for reading, silently.
    if connection.is_readonly("main").map_err(|source| JournalError::read(path, source))? {
        let readonly = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY), None);
        return Err(JournalError::write(path, readonly));
    }
    Ok(connection)
}

/// Opens a file to read it beside a writer. `salvage` reads on where SQLite alone would refuse a file that was cut short.
pub(super) fn open_for_reading(path: &Path, salvage: bool) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    // A write-ahead log beside it means that a console has it open, or died with it open. Without one nobody writes, and SQLite
    // need not leave files of its own beside it.
    let uri = if has_log(path) { None } else { immutable_uri(path) };
    let connection = match uri {
        Some(uri) => Connection::open_with_flags(uri, flags)?,
        None => Connection::open_with_flags(path, flags)?,
    };
    connection.busy_timeout(BUSY_FOR)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "writable_schema", salvage)?;
    Ok(connection)
}

/// Is there a write-ahead log beside the file?
pub(super) fn has_log(path: &Path) -> bool {
    log_of(path).exists()
}

/// Where SQLite keeps the write-ahead log of a file.
pub(super) fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// The path as an SQLite URI of a file that nobody changes; `None` where the path is no text.
fn immutable_uri(path: &Path) -> Option<String> {
    const RESERVED: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');
    let absolute = std::path::absolute(path).ok()?;
    Some(format!("file:{}?immutable=1", utf8_percent_encode(absolute.to_str()?, RESERVED)))
}

/// Makes the names in the file's folder durable: those of the journal and of its write-ahead log.
pub(super) fn sync_folder(path: &Path) -> Result<(), JournalError> {
    let Some(folder) = path.parent().filter(|_| cfg!(unix)) else { return Ok(()) };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let synced = File::open(folder).and_then(|opened| opened.sync_all());
    synced.map_err(|source| JournalError::Create { path: path.to_owned(), source })
}
