//! A journal on its way between machines: one checked file out, one checked file in, and two of one incident compared.
//!
//! A copy is made by SQLite in one transaction, so a console may write meanwhile. Nothing is ever overwritten or merged.

use std::fmt;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::domain::{IncidentId, Mode};

use super::error::damage_in;
use super::file::{self, Hash, open_for_reading};
use super::reader::{header, read_to};
use super::{Damage, JournalDirectory, JournalError, Verified, verify};

/// A journal that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Which incident.
    pub id: IncidentId,
    /// Where it lies now.
    pub path: PathBuf,
    /// What the check of it found: no damage.
    pub verified: Verified,
    /// Was it here already, the same to the last event? Then nothing was written.
    pub was_here: bool,
}

/// How two journals of one incident stand to each other. All of them begin with `common` events that are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parting {
    /// How many events they share, counted from the first.
    pub common: u64,
    /// How many events the first one has after those.
    pub only_first: u64,
    /// How many events the second one has after those.
    pub only_second: u64,
}

impl Parting {
    /// Do both hold events that the other does not have?
    pub fn disagrees(&self) -> bool {
        self.only_first > 0 && self.only_second > 0
    }
}

impl fmt::Display for Parting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { common, only_first, only_second } = self;
        match (only_first, only_second) {
            (0, 0) => write!(f, "all {common} events are the same"),
            (0, more) => write!(f, "its {common} events are the first of the other one, which has {more} more"),
            (more, 0) => write!(f, "the other one's {common} events are its first, and it has {more} more"),
            (_, _) if *common == 0 => write!(f, "they part at the first event"),
            (_, _) => write!(
                f,
                "they part after event {common}: from there it has {only_first} events of its own, the other one {only_second}"
            ),
        }
    }
}

/// Writes a journal as one file that needs nothing beside it, checks that file, and gives what the check found.
///
/// # Errors
/// [`JournalError::Unsound`] if it is damaged: what is damaged is not handed on. [`JournalError::Taken`] if there is a file at `to`
/// already. [`JournalError::Read`], [`JournalError::Write`] and [`JournalError::Create`].
pub fn export(path: &Path, to: &Path) -> Result<Verified, JournalError> {
    sound(path)?;
    copy(path, to)
}

/// Compares two journals event by event, by their hashes: each covers all events before it.
///
/// # Errors
/// [`JournalError::Unsound`] if one of them is damaged, [`JournalError::Read`].
pub fn compare(first: &Path, second: &Path) -> Result<Parting, JournalError> {
    sound(first)?;
    sound(second)?;
    let (first, second) = (hashes(first)?, hashes(second)?);
    let common = first.iter().zip(&second).take_while(|(a, b)| a == b).count();
    let after = |hashes: &[Hash]| (hashes.len() - common) as u64;
    Ok(Parting { common: common as u64, only_first: after(&first), only_second: after(&second) })
}

impl JournalDirectory {
    /// Takes in a journal file: checks it and copies it to where the journals of its mode lie.
    ///
    /// # Errors
    /// [`JournalError::Unsound`] if it is damaged, [`JournalError::Parted`] if there is a journal of the same incident here that is
    /// not the same: that one stays, and so does the file. [`JournalError::Name`] if its incident's id is no file name.
    pub fn import(&self, from: &Path) -> Result<Imported, JournalError> {
        let verified = sound(from)?;
        let (id, mode) = identity(from)?;
        // An id comes out of a stranger's file, and becomes a path.
        if !id.is_file_name() {
            return Err(JournalError::Name { path: from.to_owned(), id: id.to_string() });
        }
        let here = [Mode::Live, Mode::Exercise].map(|mode| self.path_of(&id, mode)).into_iter().find(|path| path.exists());
        if let Some(path) = here {
            let parting = compare(&path, from)?;
            if parting.only_first + parting.only_second > 0 {
                return Err(JournalError::Parted { here: path, other: from.to_owned(), parting });
            }
            return Ok(Imported { id, path, verified, was_here: true });
        }
        let path = self.path_of(&id, mode);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| JournalError::Create { path: path.clone(), source })?;
        }
        let verified = copy(from, &path)?;
        Ok(Imported { id, path, verified, was_here: false })
    }
}

/// What the check of a whole journal found, or that it is not whole.
fn sound(path: &Path) -> Result<Verified, JournalError> {
    let verified = verify(path)?;
    match verified.first_damage {
        Some(damage) => Err(JournalError::Unsound { path: path.to_owned(), damage }),
        None => Ok(verified),
    }
}

/// Copies a journal under a name of its own first, so that nothing half-made ever has the name `to`.
fn copy(from: &Path, to: &Path) -> Result<Verified, JournalError> {
    let create = |source| JournalError::Create { path: to.to_owned(), source };
    let taken = || JournalError::Taken { path: to.to_owned() };
    if to.exists() {
        return Err(taken());
    }
    let mut name = to.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(name);
    let copied = vacuum(from, &part).and_then(|()| {
        File::open(&part).and_then(|file| file.sync_all()).map_err(create)?;
        let verified = sound(&part)?;
        publish(&part, to).map_err(|source| match source.kind() {
            ErrorKind::AlreadyExists => taken(),
            _ => create(source),
        })?;
        Ok(verified)
    });
    let _ = std::fs::remove_file(&part);
    let verified = copied?;
    file::sync_folder(to)?;
    Ok(verified)
}

/// Gives a finished file its name, unless there is one of that name.
fn publish(part: &Path, to: &Path) -> std::io::Result<()> {
    // Unlike a rename, a link never replaces what came to be there meanwhile; but not every file system has links.
    match std::fs::hard_link(part, to) {
        Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::Unsupported) && !to.exists() => {
            std::fs::rename(part, to)
        }
        other => other,
    }
}

/// SQLite's own copy: of one moment, without free pages, and without a write-ahead log.
fn vacuum(from: &Path, to: &Path) -> Result<(), JournalError> {
    let connection = open(from)?;
    let name = to.to_str().ok_or_else(|| JournalError::Create {
        path: to.to_owned(),
        source: std::io::Error::new(ErrorKind::InvalidFilename, "the path is not valid Unicode"),
    })?;
    connection.execute("VACUUM INTO ?1", [name]).map_err(|source| match damage_in(&source) {
        Some(what) => JournalError::Unsound { path: from.to_owned(), damage: Damage { after: 0, what } },
        None => JournalError::write(to, source),
    })?;
    Ok(())
}

fn open(path: &Path) -> Result<Connection, JournalError> {
    open_for_reading(path, false).map_err(|source| JournalError::read(path, source))
}

/// The incident of a journal, and whether it was real, as the header says.
fn identity(path: &Path) -> Result<(IncidentId, Mode), JournalError> {
    let connection = open(path)?;
    let read = || -> rusqlite::Result<(IncidentId, Mode)> {
        let mode: String = connection.query_row("SELECT mode FROM journal WHERE one = 1", [], |row| row.get(0))?;
        let live = mode == file::mode_name(Mode::Live);
        Ok((IncidentId::new(header(&connection)?.incident), if live { Mode::Live } else { Mode::Exercise }))
    };
    read().map_err(|source| JournalError::read(path, source))
}

/// The hash of every event of a journal that was checked.
fn hashes(path: &Path) -> Result<Vec<Hash>, JournalError> {
    let connection = open(path)?;
    let read = || -> rusqlite::Result<Vec<Hash>> {
        let mut statement = connection.prepare("SELECT hash FROM events ORDER BY seq")?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    read().map_err(|source| JournalError::read(path, source))
}

/// The number of the event with this hash, if the journal holds it; `hash` as [`Verified::head`] writes it.
///
/// # Errors
/// [`JournalError::Read`].
pub fn event_with_hash(path: &Path, hash: &str) -> Result<Option<u64>, JournalError> {
    let wanted = hash.trim().to_ascii_lowercase();
    // Only the part that is whole counts.
    let (tail, _) = read_to(path, false)?;
    let found = hashes(path)?.iter().position(|one| file::hex(one) == wanted);
    Ok(found.map(|index| index as u64 + 1).filter(|seq| *seq <= tail.seq))
}
