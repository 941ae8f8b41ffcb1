//! The arguments of exercises: what is done beside playing them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to do beside playing.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum TabletopCommand {
    /// List the shipped exercises.
    List,
    /// Write a scenario in which a plan of your own is rehearsed.
    New {
        /// The plan.
        #[arg(long, value_name = "FILE")]
        plan: PathBuf,
        /// The scenario's file; beside the plan by default. A file that is there is never replaced.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Print the JSON schema of scenario files, for editors.
    Schema,
}

/// Arguments of `score`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ScoreOf {
    /// Its id, or a beginning of it that fits one alone, or a journal file.
    pub id: String,
    /// As JSON, with earlier runs.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `facilitate`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Facilitate {
    /// The exercise: its id, or a beginning of it that fits one alone; the one that runs by default.
    #[arg(default_value = "")]
    pub id: String,
    /// Instead of an exercise: a simulated AWS that `lifeboat simulate --door FILE` serves.
    #[arg(long, value_name = "FILE")]
    pub door: Option<PathBuf>,
    /// One command instead of a conversation: `look`, `inject 3`, `hold`, `go`, `speed 60`, `note …`.
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}
