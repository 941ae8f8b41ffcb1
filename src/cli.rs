//! Arguments, and nothing else: no file, no terminal, no network. Flags follow the AWS CLI's habits.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A terminal console for bringing a workload on AWS back from backups after a disaster.
///
/// Without a command it opens the built-in exercise `region-outage` on a simulated AWS: no account, no network, no risk.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "lifeboat", version, arg_required_else_help = false)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What all commands have in common.
    #[command(flatten)]
    pub common: Common,
}

/// What all commands have in common.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Common {
    /// Folder for journals, settings and log, instead of the XDG directories.
    #[arg(long, global = true, env = "LIFEBOAT_HOME", value_name = "FOLDER")]
    pub home: Option<PathBuf>,
    /// Who sits at this console; recorded with everything that is confirmed.
    #[arg(long, global = true, env = "LIFEBOAT_OPERATOR", value_name = "NAME")]
    pub operator: Option<String>,
    /// A shipped theme (dark, light, high-contrast, colour-blind, mono) or a theme file.
    #[arg(long, global = true, env = "LIFEBOAT_THEME", value_name = "NAME|FILE")]
    pub theme: Option<String>,
    /// What goes into the log file: error, warn, info, debug or trace, or a filter such as `lifeboat=debug`.
    #[arg(long, global = true, env = "LIFEBOAT_LOG", default_value = "info", value_name = "LEVEL")]
    pub log: String,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub enum Command {
    /// Play an exercise on the simulated AWS.
    Tabletop(Tabletop),
    /// Watch and recover the workload of a plan on AWS.
    Live(Live),
    /// List the incidents and exercises on this machine.
    Incidents,
    /// Print the report of an incident.
    Report {
        /// Its id, or a beginning of it that fits one alone, or a journal file.
        id: String,
        /// For people, or for programs.
        #[arg(long, value_enum, default_value_t = ReportFormat::Md)]
        format: ReportFormat,
    },
    /// Run the simulated AWS alone, for other clients.
    Simulate(Simulate),
    /// Work on plan files.
    Plan {
        /// What to do with them.
        #[command(subcommand)]
        command: PlanCommand,
    },
}

/// Arguments of `tabletop`.
#[derive(Debug, Clone, PartialEq, Args)]
pub struct Tabletop {
    /// A shipped scenario, or a scenario file.
    #[arg(default_value = "region-outage")]
    pub scenario: String,
    /// Simulated seconds in one real second; the scenario's own by default.
    #[arg(long, value_parser = speed)]
    pub speed: Option<f64>,
    /// The seed of the simulated AWS; the scenario's own by default.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Go on with this exercise: its id, or a beginning of it that fits one alone.
    #[arg(long, value_name = "ID")]
    pub resume: Option<String>,
}

impl Default for Tabletop {
    fn default() -> Self {
        Self { scenario: "region-outage".to_owned(), speed: None, seed: None, resume: None }
    }
}

/// Arguments of `live`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Live {
    /// The plan of the workload. With `--resume` the incident's own plan is used instead.
    #[arg(long, value_name = "FILE", required_unless_present = "resume")]
    pub plan: Option<PathBuf>,
    /// Change nothing: this console has no gate.
    #[arg(long)]
    pub read_only: bool,
    /// The profile of the base credentials, as with the AWS CLI.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// The Region whose STS issues the sites' roles; the recovery Region by default.
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Send every call to this address instead of AWS.
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Go on with this incident: its id, or a beginning of it that fits one alone.
    #[arg(long, value_name = "ID", conflicts_with = "plan")]
    pub resume: Option<String>,
}

/// Arguments of `simulate`.
#[derive(Debug, Clone, PartialEq, Args)]
pub struct Simulate {
    /// The port on 127.0.0.1; 0 takes a free one and prints it.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// A shipped scenario, or a scenario file.
    #[arg(long, default_value = "region-outage")]
    pub scenario: String,
    /// What exists at the beginning: what the scenario says, or nothing, at the real time.
    #[arg(long, value_enum, default_value = "scenario", conflicts_with = "scenario")]
    pub estate: EstateKind,
    /// Simulated seconds in one real second.
    #[arg(long, value_parser = speed, default_value = "1")]
    pub speed: f64,
    /// The seed; by default that of the state file, or the scenario's own.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Note there what changes the simulated AWS, and go on from what is noted there already.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
}

/// What exists in a simulated AWS at its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EstateKind {
    /// What the scenario says.
    Scenario,
    /// Nothing but account 123456789012.
    Empty,
}

/// What to do with plan files.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum PlanCommand {
    /// Say everything that is wrong with a plan file.
    Check {
        /// The file.
        file: PathBuf,
    },
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Markdown.
    Md,
    /// JSON.
    Json,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "expected a number such as 20".to_owned())?;
    if (0.01..=100_000.0).contains(&speed) { Ok(speed) } else { Err("expected between 0.01 and 100000".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn live_wants_a_plan_or_an_incident_to_resume() {
        let parse = |words: &[&str]| Cli::try_parse_from(std::iter::once(&"lifeboat").chain(words));
        assert!(parse(&["live"]).is_err());
        assert!(parse(&["live", "--plan", "shop.toml"]).is_ok());
        assert!(parse(&["live", "--resume", "2026"]).is_ok());
        assert!(parse(&["live", "--resume", "2026", "--plan", "shop.toml"]).is_err());
        assert!(parse(&["tabletop", "--speed", "0"]).is_err());
        assert_eq!(parse(&[]).unwrap().command, None);
    }
}
