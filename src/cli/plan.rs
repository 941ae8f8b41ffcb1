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
    /// Write a plan from what is there: protected resources with their points in the recovery Region, alarms, records, runbooks.
    ///
    /// Only reads. Every guess is marked `# settle:` for a person, and what could not be asked is told at the top.
    New(PlanNew),
    /// Write a plan from another tool's.
    Import {
        /// From what.
        #[command(subcommand)]
        command: ImportCommand,
    },
}

/// From what a plan is written.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ImportCommand {
    /// From an ARC Region switch plan: the answer of `aws arc-region-switch get-plan` in a file.
    RegionSwitch {
        /// The file.
        file: PathBuf,
        /// Write it there; a file that is there is never replaced.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// From an SSM Automation document: its JSON in a file, or its name, which is asked of AWS.
    Automation {
        /// The file or the name.
        document: String,
        /// Write it there; a file that is there is never replaced.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        /// How AWS is reached; `--region` is the Region that has the document.
        #[command(flatten)]
        reach: PlanReach,
    },
}

/// Arguments of `plan new`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct PlanNew {
    /// The Region that the workload runs in.
    #[arg(long, value_name = "REGION")]
    pub primary: String,
    /// The Region that it is to be brought back in.
    #[arg(long, value_name = "REGION")]
    pub recovery: String,
    /// The profile of the primary site, if it is another one.
    #[arg(long, value_name = "NAME")]
    pub primary_profile: Option<String>,
    /// The profile of the recovery site, if it is another one.
    #[arg(long, value_name = "NAME")]
    pub recovery_profile: Option<String>,
    /// The plan's name.
    #[arg(long, value_name = "NAME", default_value = "workload")]
    pub name: String,
    /// Only resources, stacks and runbooks that are tagged so, resources as their recovery points tell; may be given again, then all must
    /// hold.
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag)]
    pub tag: Vec<(String, String)>,
    /// Only things whose name contains this; may be given again, then one must.
    #[arg(long, value_name = "TEXT")]
    pub named: Vec<String>,
    /// Write it there; a file that is there is never replaced.
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// How AWS is reached.
    #[command(flatten)]
    pub reach: PlanReach,
}

fn tag(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or("expected KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
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
