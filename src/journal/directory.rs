//! The folder of journals: where each one lies, what it is called, and what there is.
//!
//! Real incidents lie under `incidents/`, exercises under `exercises/`, so that neither is ever taken for the other. Which folder
//! that is, is for the caller to say.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::domain::{IncidentId, Mode};

use super::{Damage, FORMAT, Incident, JournalError, Reading, read};

/// How journals end.
const EXTENSION: &str = "lifeboat";

/// A folder of journals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalDirectory {
    root: PathBuf,
}

/// One journal at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Which.
    pub id: IncidentId,
    /// Real or exercised.
    pub mode: Mode,
    /// Its file.
    pub path: PathBuf,
    /// The plan's name; empty where it could not be read.
    pub plan_name: String,
    /// When it was opened.
    pub opened_at: Option<DateTime<Utc>>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Where it stands, in words.
    pub state: String,
    /// All of it, for whoever wants durations.
    pub incident: Incident,
    /// What is wrong with the file.
    pub damage: Option<Damage>,
}

impl JournalDirectory {
    /// The journals below `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// An id for a new incident: `20260314-shop-4f1d`. Two with the same day, plan and `entropy` (of which 16 bits count) are the
    /// same; creating the second one is then refused.
    pub fn new_id(plan_name: &str, at: DateTime<Utc>, entropy: u32) -> IncidentId {
        let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c.to_ascii_lowercase() } else { '-' };
        let plan: String = plan_name.chars().map(safe).take(40).collect();
        IncidentId::new(format!("{}-{plan}-{:04x}", at.format("%Y%m%d"), entropy & 0xffff))
    }

    /// Where the journal of an incident lies, or would lie.
    pub fn path_of(&self, id: &IncidentId, mode: Mode) -> PathBuf {
        self.folder(mode).join(format!("{id}.{EXTENSION}"))
    }

    /// All journals, newest id first; one that cannot be read whole, or not at all, is listed with the reason as its damage.
    ///
    /// # Errors
    /// [`JournalError::List`] if a folder cannot be listed.
    pub fn list(&self) -> Result<Vec<Summary>, JournalError> {
        Ok(self.paths(&[Mode::Live, Mode::Exercise])?.into_iter().map(|(id, mode, path)| summary(id, mode, path)).collect())
    }

    /// The same of real incidents alone, or of exercises alone.
    ///
    /// # Errors
    /// [`JournalError::List`] if the folder cannot be listed.
    pub fn list_of(&self, mode: Mode) -> Result<Vec<Summary>, JournalError> {
        Ok(self.paths(&[mode])?.into_iter().map(|(id, mode, path)| summary(id, mode, path)).collect())
    }

    /// The file of the incident whose id this is, or is the beginning of.
    ///
    /// # Errors
    /// [`JournalError::NotFound`], [`JournalError::Ambiguous`] with the ids that it could be, [`JournalError::List`].
    pub fn find(&self, prefix: &str) -> Result<PathBuf, JournalError> {
        let mut found = self.paths(&[Mode::Live, Mode::Exercise])?;
        found.retain(|(id, ..)| id.as_str().starts_with(prefix));
        if let Some(exact) = found.iter().position(|(id, ..)| id.as_str() == prefix) {
            return Ok(found.swap_remove(exact).2);
        }
        match found.as_slice() {
            [] => Err(JournalError::NotFound { prefix: prefix.to_owned(), root: self.root.clone() }),
            [(_, _, path)] => Ok(path.clone()),
            several => {
                let ids = several.iter().map(|(id, ..)| id.to_string()).collect();
                Err(JournalError::Ambiguous { prefix: prefix.to_owned(), ids })
            }
        }
    }

    fn folder(&self, mode: Mode) -> PathBuf {
        self.root.join(match mode {
            Mode::Live => "incidents",
            Mode::Exercise => "exercises",
        })
    }

    /// Every journal file of these modes, newest id first.
    fn paths(&self, modes: &[Mode]) -> Result<Vec<(IncidentId, Mode, PathBuf)>, JournalError> {
        let mut paths = Vec::new();
        for mode in modes {
            let folder = self.folder(*mode);
            let failed = |source| JournalError::List { path: folder.clone(), source };
            let entries = match std::fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(failed(error)),
            };
            for entry in entries {
                let path = entry.map_err(failed)?.path();
                let is_journal = path.extension().is_some_and(|extension| extension == EXTENSION);
                if let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()).filter(|_| is_journal) {
                    paths.push((IncidentId::new(stem), *mode, path));
                }
            }
        }
        paths.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.2.cmp(&b.2)));
        Ok(paths)
    }
}

fn summary(id: IncidentId, mode: Mode, path: PathBuf) -> Summary {
    let reading = read(&path).unwrap_or_else(|error| Reading {
        events: Vec::new(),
        damage: Some(Damage { after: 0, what: error.to_string() }),
        format: FORMAT,
    });
    let incident = Incident::of(&reading.events);
    let mut state = state_of(&incident);
    if reading.is_newer() {
        state.push_str(" (written by a newer lifeboat)");
    }
    Summary {
        id,
        mode,
        path,
        plan_name: incident.opened.as_ref().map_or_else(String::new, |opened| opened.plan_name.clone()),
        opened_at: incident.opened_at,
        closed_at: incident.closed.as_ref().map(|(at, _)| *at),
        state,
        damage: reading.damage,
        incident,
    }
}

/// Where an incident stands, in words.
fn state_of(incident: &Incident) -> String {
    use crate::domain::Moment::{Detected, FailedOver, Restored};
    let known = |moment| incident.moment(moment).is_some();
    let stands = if known(FailedOver) {
        "failed over"
    } else if known(Restored) {
        "restored"
    } else if incident.is_declared() {
        "failover declared"
    } else if known(Detected) {
        "detected"
    } else if incident.opened.is_some() {
        "opened"
    } else {
        "empty"
    };
    if incident.closed.is_some() { format!("closed, {stands}") } else { stands.to_owned() }
}
