//! The record of a world: what changed it from outside, so that a killed exercise goes on where it was.
//!
//! One JSON object a line, in the order in which it happened, and on the disk before the caller hears of it. What the world does
//! by itself is not in it: scenario and seed bring that back.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call::Caller;
use super::inject::{Act, Inject};

/// How far the clock may run on, in the world's time, before the record is told.
const MARK_EVERY: TimeDelta = TimeDelta::seconds(5);

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Entry {
    /// The first line: whose record it is.
    Begin {
        /// The form of the record: 1.
        version: u32,
        /// The scenario's name.
        scenario: String,
        /// The world's seed.
        seed: u64,
        /// The world's time at its beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        starts_at: Option<DateTime<Utc>>,
    },
    /// Ids are drawn from another seed.
    Seed {
        /// The world's time.
        at: DateTime<Utc>,
        /// The seed.
        seed: u64,
    },
    /// A call of an operation that can change the world, whatever it was answered.
    Call {
        /// The world's time.
        at: DateTime<Utc>,
        /// Who called.
        caller: Who,
        /// The signing name.
        service: String,
        /// The operation.
        operation: String,
        /// Its input.
        input: Value,
    },
    /// A call met a fault that draws lots or is used up.
    Met {
        /// The world's time.
        at: DateTime<Utc>,
        /// Who called.
        caller: Who,
        /// The signing name.
        service: String,
        /// The operation.
        operation: String,
    },
    /// A person injected something.
    Inject {
        /// The world's time.
        at: DateTime<Utc>,
        /// What.
        inject: Inject,
    },
    /// A planned inject happens now, or is held back.
    Turn {
        /// The world's time.
        at: DateTime<Utc>,
        /// Its number.
        number: usize,
        /// Is it held back?
        held: bool,
    },
    /// The world was told what its players did.
    Told {
        /// The world's time.
        at: DateTime<Utc>,
        /// What.
        act: Act,
        /// With which step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
    },
    /// The world's clock showed this.
    Mark {
        /// The world's time.
        at: DateTime<Utc>,
    },
}

/// A caller, as the record keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Who {
    account: String,
    region: String,
    arn: String,
    user_id: String,
}

impl From<&Caller> for Who {
    fn from(caller: &Caller) -> Self {
        let Caller { account, region, arn, user_id } = caller.clone();
        Self { account, region, arn, user_id }
    }
}

impl From<Who> for Caller {
    fn from(Who { account, region, arn, user_id }: Who) -> Self {
        Self { account, region, arn, user_id }
    }
}

/// Why a record cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file cannot be read or written.
    #[error("cannot use the record {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line that is not the last one cannot be read.
    #[error("the record {path} is damaged in line {line}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// The record belongs to another exercise.
    #[error("the record {path} is of scenario {scenario:?} with seed {seed}")]
    Other {
        /// The file.
        path: PathBuf,
        /// The scenario it is of.
        scenario: String,
        /// The seed it is of.
        seed: u64,
    },
    /// An entry cannot be written as JSON.
    #[error("cannot write an entry of the record")]
    Entry(#[source] serde_json::Error),
}

/// What the first line of a record says.
#[derive(Debug, Clone, PartialEq)]
pub struct Begun {
    /// The scenario it is of.
    pub scenario: String,
    /// The seed it is of.
    pub seed: u64,
    /// The world's time at its beginning.
    pub starts_at: Option<DateTime<Utc>>,
}

/// How the record at `path` begins; `None` where there is none yet.
///
/// # Errors
/// A file that cannot be read, or whose first line is not one of a record.
pub fn begun(path: &Path) -> Result<Option<Begun>, RecordError> {
    let mut line = String::new();
    match File::open(path).and_then(|file| BufReader::new(file).read_line(&mut line)) {
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(RecordError::File { path: path.to_owned(), source }),
        // A record whose first line never got whole holds nothing.
        Ok(_) if !line.ends_with('\n') => return Ok(None),
        Ok(_) => {}
    }
    match serde_json::from_str(&line) {
        Ok(Entry::Begin { scenario, seed, starts_at, .. }) => Ok(Some(Begun { scenario, seed, starts_at })),
        Ok(_) => Err(RecordError::Other { path: path.to_owned(), scenario: String::new(), seed: 0 }),
        Err(source) => Err(RecordError::Damaged { path: path.to_owned(), line: 1, source }),
    }
}

/// An open record.
#[derive(Debug)]
pub struct Record {
    path: PathBuf,
    file: File,
    marked: Option<DateTime<Utc>>,
}

impl Record {
    /// Opens the record at `path`, or begins it, and gives what is in it. A last line that was torn by a crash is cut off.
    ///
    /// # Errors
    /// As [`RecordError`].
    pub fn open(path: &Path, scenario: &str, seed: u64, starts_at: DateTime<Utc>) -> Result<(Self, Vec<Entry>), RecordError> {
        let failed = |source| RecordError::File { path: path.to_owned(), source };
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let (entries, whole) = read(path, &bytes)?;
        file.set_len(whole as u64).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        let mut record = Self { path: path.to_owned(), file, marked: None };
        match entries.first() {
            None => record.begin(scenario, seed, starts_at)?,
            Some(Entry::Begin { version: 1, scenario: known, seed: sown, .. }) if known == scenario && *sown == seed => {}
            Some(Entry::Begin { scenario, seed, .. }) => {
                return Err(RecordError::Other { path: path.to_owned(), scenario: scenario.clone(), seed: *seed });
            }
            Some(_) => return Err(RecordError::Other { path: path.to_owned(), scenario: String::new(), seed: 0 }),
        }
        Ok((record, entries))
    }

    /// Forgets what it holds, if anything, and begins.
    ///
    /// # Errors
    /// As [`RecordError::File`].
    pub fn begin(&mut self, scenario: &str, seed: u64, starts_at: DateTime<Utc>) -> Result<(), RecordError> {
        let failed = |source| RecordError::File { path: self.path.clone(), source };
        self.file.set_len(0).and_then(|()| self.file.rewind()).map_err(failed)?;
        self.marked = None;
        self.append(&Entry::Begin { version: 1, scenario: scenario.to_owned(), seed, starts_at: Some(starts_at) })
    }

    /// Appends an entry and waits until it is on the disk.
    ///
    /// # Errors
    /// It is not: nothing that depends on it may happen.
    pub fn append(&mut self, entry: &Entry) -> Result<(), RecordError> {
        self.put(entry)?;
        self.file.sync_data().map_err(|source| RecordError::File { path: self.path.clone(), source })
    }

    /// Notes the time, now and then and without waiting for the disk: a lost mark costs seconds of the clock, no effect.
    pub fn mark(&mut self, now: DateTime<Utc>) {
        if self.marked.is_some_and(|marked| now < marked + MARK_EVERY) {
            return;
        }
        self.marked = Some(now);
        if let Err(error) = self.put(&Entry::Mark { at: now }) {
            tracing::warn!(%error, "the exercise's clock could not be noted");
        }
    }

    fn put(&mut self, entry: &Entry) -> Result<(), RecordError> {
        let mut line = serde_json::to_vec(entry).map_err(RecordError::Entry)?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(|source| RecordError::File { path: self.path.clone(), source })
    }
}

/// The entries, and how many bytes of the file are whole lines.
fn read(path: &Path, bytes: &[u8]) -> Result<(Vec<Entry>, usize), RecordError> {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let lines = bytes[..whole].split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
    let entries = lines.map(|(at, line)| {
        serde_json::from_slice(line).map_err(|source| RecordError::Damaged { path: path.to_owned(), line: at + 1, source })
    });
    Ok((entries.collect::<Result<_, _>>()?, whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> DateTime<Utc> {
        "2026-03-14T03:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_torn_last_line_is_cut_off_and_damage_elsewhere_is_told_by_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("record");
        {
            let (mut record, entries) = Record::open(&path, "s", 1, at()).unwrap();
            assert!(entries.is_empty());
            record.append(&Entry::Mark { at: at() }).unwrap();
            record.append(&Entry::Mark { at: at() + TimeDelta::seconds(1) }).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for cut in 1..text.lines().last().unwrap().len() {
            std::fs::write(&path, &text[..text.len() - cut]).unwrap();
            assert_eq!(Record::open(&path, "s", 1, at()).unwrap().1.len(), 2, "cut by {cut}");
        }
        std::fs::write(&path, text.replacen("\"mark\"", "\"mork\"", 1)).unwrap();
        assert!(matches!(Record::open(&path, "s", 1, at()), Err(RecordError::Damaged { line: 2, .. })));
    }

    #[test]
    fn the_first_line_says_whose_record_it_is_and_none_is_no_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("record");
        assert_eq!(begun(&path).unwrap(), None);
        Record::open(&path, "s", 7, at()).unwrap();
        assert_eq!(begun(&path).unwrap(), Some(Begun { scenario: "s".into(), seed: 7, starts_at: Some(at()) }));
    }

    #[test]
    fn a_record_of_another_exercise_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("record");
        Record::open(&path, "s", 1, at()).unwrap();
        assert!(matches!(Record::open(&path, "s", 2, at()), Err(RecordError::Other { .. })));
        assert!(matches!(Record::open(&path, "t", 1, at()), Err(RecordError::Other { .. })));
    }
}
