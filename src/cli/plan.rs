//! The arguments of `lifeboat plan …`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// What to do with plan files.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum PlanCommand {
    /// Say everything that is wrong with a plan file; then look at AWS, only reading, whether everything is there that it relies on.
    ///
    /// Looks for recovery points that can be restored from and are young enough, roles, the networks, keys and groups that restore
    /// metadata names, runbooks, records and alarms, each at the site where the plan will need it. Exit code 0: ready; 1: faults, or
    /// something is not ready or could not be found out.
    Check(PlanCheck),
    /// Bring plan files into the usual shape; comments stay.
    Fmt {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Write nothing; exit code 1 if a file is not in the usual shape.
        #[arg(long)]
        check: bool,
    },
    /// Show a plan's steps as a graph.
    Graph {
        /// The file.
        file: PathBuf,
        /// As text or as a picture.
        #[arg(long, value_enum, default_value_t = GraphFormat::Text)]
        format: GraphFormat,
    },
    /// Print the JSON schema of plan files, for editors.
    Schema,
}

/// The form of a plan's graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// For a terminal.
    Text,
    /// A picture.
    Svg,
}

/// Arguments of `plan check`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct PlanCheck {
    /// The file.
    pub file: PathBuf,
    /// Only what the file alone tells: nothing is asked of AWS.
    #[arg(long)]
    pub offline: bool,
    /// The findings as JSON.
    #[arg(long, conflicts_with_all = ["junit", "offline"])]
    pub json: bool,
    /// The findings as JUnit XML.
    #[arg(long, conflicts_with = "offline")]
    pub junit: bool,
    /// How AWS is reached.
    #[command(flatten)]
    pub reach: PlanReach,
}

/// How AWS is reached by what only reads.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct PlanReach {
    /// The profile of the base credentials, as with the AWS CLI.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// The Region whose STS issues the sites' roles; the recovery Region by default.
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Send every call to this address instead of AWS.
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
}
