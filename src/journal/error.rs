//! What can go wrong with a journal: every error names the file, and what a person can do about it.

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Where a journal stops being trustworthy, and why. Everything up to `after` is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The number of the last whole event; 0 if there is none.
    pub after: u64,
    /// What is wrong, in words.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.after {
            0 => write!(f, "no event can be trusted: {}", self.what),
            after => write!(f, "events 1 to {after} are whole, then: {}", self.what),
        }
    }
}

/// Why a journal could not be made, read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// There is one of this name already.
    #[error("the journal {} exists already: resume the incident, or choose another id", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file or its folder could not be made.
    #[error("the journal {} could not be made: check that its folder can be written to", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file could not be opened or read, for a reason that lies outside of it.
    #[error("the journal could not be read: {hint} ({})", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What to do about it.
        hint: &'static str,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
    /// The events could not be made durable; nothing of them is in the journal. Nothing may change AWS until this is mended.
    #[error("the journal could not be written: {hint} ({})", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What to do about it.
        hint: &'static str,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
    /// Another console appended first; nothing was written. Catch up, look, and decide again.
    #[error("another console wrote to {} first: event {expected} was to be next, {found} is", path.display())]
    Moved {
        /// The file.
        path: PathBuf,
        /// The number that the next event was to have.
        expected: u64,
        /// The number that the next event would have now.
        found: u64,
    },
    /// The machine that keeps the journal cannot be reached, or does not write. Nothing may change AWS from here until it does.
    #[error("the journal is kept elsewhere, and `{through}` does not reach it: {why}")]
    Link {
        /// The command through which it is reached.
        through: String,
        /// Why not.
        why: String,
    },
    /// The machine that keeps the journal was asked to append and did not answer: the events may be in the journal or not.
    #[error("the machine that keeps the journal did not answer: whether it was written shows when `{through}` reaches it again")]
    Unanswered {
        /// The command through which it is reached.
        through: String,
    },
    /// The console that the journal is handed to no longer takes it in.
    #[error("the console at the other end no longer listens")]
    Handing {
        /// The system's reason.
        source: std::io::Error,
    },
    /// The journal is damaged or was edited: it can be read as far as it is whole, but not written to.
    #[error("the journal {} is damaged and will not be written to: {damage}; read it, and open a new incident", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where and how.
        damage: Damage,
    },
    /// The journal is damaged or was edited, and is not handed on. The file itself is the evidence: keep it as it is.
    #[error("the journal {} is not whole and is not copied: {damage}; keep the file as it is, it is the evidence", path.display())]
    Unsound {
        /// The file.
        path: PathBuf,
        /// Where and how.
        damage: Damage,
    },
    /// A copy would replace a file.
    #[error("{} exists already and is not replaced: name another file", path.display())]
    Taken {
        /// The file that is there.
        path: PathBuf,
    },
    /// There are two journals of one incident that are not the same. Neither is touched.
    #[error(
        "{} is of the same incident and stays as it is. Compared with {}: {parting}. Nothing was merged; `lifeboat report FILE` \
         reads each of them",
        here.display(), other.display()
    )]
    Parted {
        /// The one in the folder of journals.
        here: PathBuf,
        /// The one that was to be taken in.
        other: PathBuf,
        /// Where they part, seen from the first one.
        parting: super::Parting,
    },
    /// The incident of a file has an id that cannot be the name of a journal.
    #[error("{} is of an incident with the id {id:?}, which cannot be a journal's name", path.display())]
    Name {
        /// The file.
        path: PathBuf,
        /// The id.
        id: String,
    },
    /// A newer version of lifeboat wrote it: it can be read as far as it is understood, but not written to.
    #[error(
        "the journal {} has format {format}, this lifeboat writes format {}: use the newer lifeboat to go on with it",
        path.display(), super::FORMAT
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: i64,
    },
    /// No journal of this id.
    #[error("no incident or exercise begins with {prefix:?} in {}", root.display())]
    NotFound {
        /// What was looked for.
        prefix: String,
        /// Where.
        root: PathBuf,
    },
    /// More than one journal begins so.
    #[error("{prefix:?} could be any of: {}", ids.join(", "))]
    Ambiguous {
        /// What was looked for.
        prefix: String,
        /// What there is.
        ids: Vec<String>,
    },
    /// A folder of journals could not be listed.
    #[error("the folder {} could not be listed", path.display())]
    List {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

impl JournalError {
    pub(super) fn read(path: &Path, source: rusqlite::Error) -> Self {
        Self::Read { path: path.to_owned(), hint: hint(&source), source }
    }

    pub(super) fn write(path: &Path, source: rusqlite::Error) -> Self {
        Self::Write { path: path.to_owned(), hint: hint(&source), source }
    }

    pub(super) fn damaged(path: &Path, damage: Damage) -> Self {
        Self::Damaged { path: path.to_owned(), damage }
    }
}

/// What a person can do about SQLite's reason.
fn hint(source: &rusqlite::Error) -> &'static str {
    match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full, free some space",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            "the file or its folder is read-only, check permissions and mount options"
        }
        Some(ErrorCode::CannotOpen) => "check that it exists and that you may read it and its folder",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "another program holds it, close that and try again",
        Some(ErrorCode::SystemIoFailure) => "the disk or file system failed, look at the system's log",
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => "the file is damaged, `lifeboat verify` says where",
        _ => "see SQLite's reason",
    }
}

/// Is the reason in the file's bytes, rather than in the system around it? Then it is damage, and this says which.
pub(super) fn damage_in(source: &rusqlite::Error) -> Option<String> {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, QueryReturnedNoRows, Utf8Error};
    match source {
        FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..) => {
            Some(format!("a value is not of its type: {source}"))
        }
        QueryReturnedNoRows => Some("the header row is missing".to_owned()),
        // What the schema names is not there, or the schema itself cannot be read.
        rusqlite::Error::SqlInputError { msg, .. } => Some(format!("it holds no whole journal: {msg}")),
        // The file ends in the middle of a page.
        rusqlite::Error::SqliteFailure(error, _) if error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ => {
            Some("the file was cut short".to_owned())
        }
        other => match other.sqlite_error_code()? {
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::SchemaChanged | ErrorCode::TooBig => {
                Some(format!("SQLite cannot read on: {source}"))
            }
            ErrorCode::Unknown | ErrorCode::InternalMalfunction => Some(format!("it holds no whole journal: {source}")),
            _ => None,
        },
    }
}
