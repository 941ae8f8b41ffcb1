//! The top of all errors: what is printed, which exit code it gives. The only room that knows every other room's errors.

use std::error::Error as _;
use std::io;

use crate::config::{NoHome, ReadSettings};
use crate::console::{FacilitatorError, ScreenError, SessionError, StartExercise};
use crate::document::Faults;
use crate::domain::Problem;
use crate::journal::JournalError;
use crate::plan::ReadPlan;
use crate::report::{NoSuchZone, RenderReport};

/// Everything went well.
pub const DONE: u8 = 0;
/// Something failed; the message says what.
pub const FAILED: u8 = 1;
/// The console was left while steps of the recovery were running: resume it.
pub const WORK_OPEN: u8 = 3;

/// Why a command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No place for files.
    #[error(transparent)]
    Home(#[from] NoHome),
    /// The settings file.
    #[error(transparent)]
    Settings(#[from] ReadSettings),
    /// The theme.
    #[error("the theme {name} cannot be used: {message}")]
    Theme {
        /// Its name or file.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// The keys of the settings file.
    #[error("{path}:{line}: the keys cannot be used: {message}")]
    Keys {
        /// The settings file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// The scenario or the simulated AWS.
    #[error(transparent)]
    Exercise(#[from] StartExercise),
    /// The plan.
    #[error(transparent)]
    Plan(#[from] ReadPlan),
    /// A file that was to be read or written.
    #[error("the file {path} cannot be read or written")]
    File {
        /// Which.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// Something about a plan file that could not be done.
    #[error("{0}")]
    PlanText(String),
    /// A plan's faults, from a text that is not a file.
    #[error("{}", .faults.render(.text, false))]
    PlanFaults {
        /// All of them.
        faults: Faults,
        /// The text that has them.
        text: String,
    },
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A running exercise.
    #[error(transparent)]
    Facilitate(#[from] FacilitatorError),
    /// The terminal.
    #[error(transparent)]
    Screen(#[from] ScreenError),
    /// The report.
    #[error(transparent)]
    Report(#[from] RenderReport),
    /// The zone of a report.
    #[error(transparent)]
    Zone(#[from] NoSuchZone),
    /// A site cannot be connected to.
    #[error("{problem}: {}", .problem.kind.next())]
    Connect {
        /// What went wrong.
        problem: Problem,
    },
    /// A resumed journal does not fit the command.
    #[error("{0}")]
    Resume(String),
    /// A list was asked for that cannot be.
    #[error("{0}")]
    Query(String),
    /// A folder for journals.
    #[error("the folder {path} cannot be made: name another one with --home or LIFEBOAT_HOME")]
    Folder {
        /// The folder.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// Standard output, the runtime, the probe.
    #[error("{what}")]
    System {
        /// What was tried.
        what: &'static str,
        /// The system's reason.
        source: io::Error,
    },
}

impl Error {
    /// The error and its causes, one a line, as it is printed.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = self.source();
        while let Some(cause) = source {
            text.push_str(&format!("\n  because: {cause}"));
            source = cause.source();
        }
        text
    }
}
