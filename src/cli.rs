//! Arguments, and nothing else: no file, no terminal, no network. Flags follow the AWS CLI's habits.

mod exercise;
mod plan;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use exercise::{Facilitate, ScoreOf, TabletopCommand};
pub use plan::{GraphFormat, ImportCommand, PlanCheck, PlanCommand, PlanNew, PlanReach};

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
    /// A shipped theme (dark, light, high-contrast, colour-blind, ansi, mono), one of your own by name, or a theme file.
    #[arg(long, global = true, env = "LIFEBOAT_THEME", value_name = "NAME|FILE")]
    pub theme: Option<String>,
    /// What the terminal's font has: braille, blocks, ascii, or auto: by TERM and the locale.
    #[arg(long, global = true, env = "LIFEBOAT_SYMBOLS", value_enum, value_name = "WHICH")]
    pub symbols: Option<SymbolsOf>,
    /// What goes into the log file: error, warn, info, debug or trace, or a filter such as `lifeboat=debug`.
    #[arg(long, global = true, env = "LIFEBOAT_LOG", default_value = "info", value_name = "LEVEL")]
    pub log: String,
    /// Lines instead of a screen: for screen readers, logs, serial lines and pipes. By default only where there is no terminal control.
    #[arg(
        long,
        global = true,
        env = "LIFEBOAT_PLAIN",
        value_enum,
        value_name = "WHEN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "always"
    )]
    pub plain: Option<When>,
}

/// What a terminal's font has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SymbolsOf {
    /// By TERM and the locale.
    Auto,
    /// Dots of braille.
    Braille,
    /// Quarter blocks.
    Blocks,
    /// Nothing but ASCII.
    Ascii,
}

/// When to speak in lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// Whatever there is.
    Always,
    /// Where standard input or output is not a terminal, or the terminal is dumb.
    Auto,
    /// Only on a screen.
    Never,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub enum Command {
    /// Play an exercise on the simulated AWS.
    Tabletop(Tabletop),
    /// Attach to a running exercise as its facilitator: see what is coming, inject, hold, change speed, note what players do.
    Facilitate(Facilitate),
    /// Print the score of an exercise, beside those of earlier runs.
    Score(ScoreOf),
    /// Watch and recover the workload of a plan on AWS.
    Live(Live),
    /// List the incidents and exercises on this machine; export and import them.
    Incidents {
        /// What to do; nothing lists them.
        #[command(subcommand)]
        command: Option<IncidentsCommand>,
    },
    /// How long each duration and step took over all incidents: medians and ranges, and what got slower.
    ///
    /// Real incidents and exercises are never mixed, nor are plans. Only what was failed over counts for the durations.
    #[command(args_conflicts_with_subcommands = true)]
    History {
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// As a picture, SVG; `--theme light`, `dark` or `print` chooses what it is for.
        #[arg(long, conflicts_with = "json")]
        svg: bool,
        /// Something else than all of them.
        #[command(subcommand)]
        command: Option<HistoryCommand>,
    },
    /// Prove that a journal is whole and unedited, or say where it is not.
    ///
    /// Checks every event against its hash, which covers all events before it, the count and last hash in the header, and the
    /// structure of the file. Exit code 0: whole; 1: damaged or edited.
    ///
    /// What it cannot show: somebody who can write the file and knows the format can rewrite events together with all hashes after
    /// them, or cut off the end and mend the header. Against that, note the last hash somewhere else while the incident runs, and
    /// ask for it later with --contains; or keep an exported copy.
    Verify {
        /// Its id, or a beginning of it that fits one alone, or a journal file.
        id: String,
        /// Also prove that the event with this hash, noted earlier, is still in it.
        #[arg(long, value_name = "HASH")]
        contains: Option<String>,
    },
    /// Print the report of an incident: a function of its journal alone, the same bytes each time.
    ///
    /// With `--format svg` or `png`, `--theme light`, `dark` or `print` chooses what the picture is made for; light by default.
    Report(Report),
    /// Play an incident in the console: what was known then, at any moment of it. Nothing is asked of AWS and nothing can be changed.
    Replay(Replay),
    /// Print the hand-over brief of an incident, on one page: people, conditions, clock, what runs, what is needed, what was done.
    Brief {
        /// Its id, or a beginning of it that fits one alone, or a journal file.
        id: String,
    },
    /// Run the simulated AWS alone, for other clients.
    Simulate(Simulate),
    /// Work on plan files.
    Plan {
        /// What to do with them.
        #[command(subcommand)]
        command: PlanCommand,
    },
    /// Print the CloudWatch alarms of a plan's sites.
    Alarms(Query),
    /// Print the AWS Health events that a plan asks for.
    Events(Query),
    /// Print what the vaults of a plan's sites hold.
    RecoveryPoints(Query),
    /// Print the restore jobs of a plan's sites.
    Jobs(Query),
    /// Say what a recovery will need and does not have: permissions, Regions, clock, terminal. Changes nothing.
    ///
    /// With a plan, every dependency of every pane and step is told with the Region whose control plane answers it, and each read
    /// is tried. Exit code 0: nothing is broken; 1: something is.
    Doctor(Doctor),
    /// The push feed: alarms and Health events on screen within a second.
    Feed {
        /// What to do with it.
        #[command(subcommand)]
        command: FeedCommand,
    },
    /// Print the keys that are in effect, as a table.
    Keys {
        /// As a Markdown page.
        #[arg(long)]
        markdown: bool,
    },
    /// Say where files are kept.
    Paths,
    /// Look at the settings.
    Config {
        /// What to do with them.
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Print the completions of a shell.
    Completions {
        /// Which.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write all of them.
    Man {
        /// Write one page a command into this folder.
        #[arg(long, value_name = "FOLDER")]
        dir: Option<PathBuf>,
    },
}

/// What to do with the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Print each value and where it came from: argument, environment, file or default.
    Show,
    /// Print a settings file with every key, commented.
    Default,
    /// Print the JSON schema of the settings file, for editors.
    Schema,
}

/// What to do with the push feed.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum FeedCommand {
    /// Print the CloudFormation template that makes rule, queue and policy; deploy it in the account and Region of each site.
    ///
    /// Only the rule may send to the queue. Whoever watches needs `sqs:ReceiveMessage` on it and nothing more.
    Template {
        /// The plan whose Health events are let through; all of them by default.
        #[arg(long, value_name = "FILE")]
        plan: Option<PathBuf>,
    },
}

/// What to do with the history.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum HistoryCommand {
    /// Compare two incidents, step by step.
    Compare {
        /// An id, or a beginning of it that fits one alone, or a journal file.
        first: String,
        /// Another one.
        second: String,
    },
}

/// What to do with journals.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum IncidentsCommand {
    /// Write one incident's journal as a single file, checked, also while a console has it open.
    Export {
        /// Its id, or a beginning of it that fits one alone.
        id: String,
        /// The file; `ID.lifeboat` in this folder by default. A file that is there is never replaced.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Hand one incident's journal to a console on another machine, over standard input and output: what `live --through` starts.
    Serve {
        /// Its id, or a beginning of it that fits one alone.
        id: String,
    },
    /// Merge what others did at AWS in the incident's window into its record: restore and copy jobs, Automation runs, Step Functions
    /// executions, stack operations, executions of Region switch. They are marked as seen, not done, here. Reads AWS.
    Bridge {
        /// Its id, or a beginning of it that fits one alone.
        id: String,
        /// How AWS is asked.
        #[command(flatten)]
        access: AwsAccess,
    },
    /// List what was attached to an incident, or write it into a folder, each checked against its hash.
    Attachments {
        /// Its id, or a beginning of it that fits one alone, or a journal file.
        id: String,
        /// The folder; a file that is there is never replaced.
        #[arg(long, value_name = "FOLDER")]
        to: Option<PathBuf>,
    },
    /// Show two journals of one incident side by side, from where they part. Exit code 1 if both hold events that the other one lacks.
    Diff {
        /// An id, or a beginning of it that fits one alone, or a journal file.
        first: String,
        /// Another one.
        second: String,
    },
    /// Check a journal file and take it in. Never replaces or merges: where the incident is here already and differs, says where
    /// the two part and leaves both as they are.
    Import {
        /// The file.
        file: PathBuf,
    },
}

/// Arguments of `tabletop`.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Tabletop {
    /// Something else than playing.
    #[command(subcommand)]
    pub command: Option<TabletopCommand>,
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
        Self { command: None, scenario: "region-outage".to_owned(), speed: None, seed: None, resume: None }
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
    /// The journal is kept on another machine: the command that starts lifeboat there, such as `ssh ann@10.0.0.7 lifeboat`. What is
    /// confirmed here is on that machine's disk before it is sent to AWS; a copy follows on this one.
    #[arg(long, value_name = "COMMAND", requires = "resume")]
    pub through: Option<String>,
}

/// Arguments of the lists for scripts.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Query {
    /// The plan whose sites are asked.
    #[arg(long, value_name = "FILE")]
    pub plan: PathBuf,
    /// Only this site; may be given again. Events are those of the primary's account if none is given.
    #[arg(long, value_name = "NAME")]
    pub site: Vec<String>,
    /// Only rows whose member is VALUE, or with `~` contains it: `state=ALARM`, `name~shop`; all must hold.
    #[arg(long = "where", value_name = "NAME=VALUE")]
    pub conditions: Vec<String>,
    /// How far back events and jobs are asked for.
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    pub days: u16,
    /// How it is written.
    #[command(flatten)]
    pub form: Form,
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

/// Arguments of `doctor`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Doctor {
    /// The plan whose panes and steps are looked at; without one, only this machine is.
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// The profile of the base credentials, as with the AWS CLI.
    #[arg(long, value_name = "NAME", requires = "plan")]
    pub profile: Option<String>,
    /// The Region whose STS issues the sites' roles; the recovery Region by default.
    #[arg(long, value_name = "REGION", requires = "plan")]
    pub region: Option<String>,
    /// Send every call to this address instead of AWS.
    #[arg(long, value_name = "URL", requires = "plan")]
    pub endpoint_url: Option<String>,
}

/// The form of a list: one of these, a table by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
#[group(multiple = false)]
pub struct Form {
    /// One JSON object a line, with everything that is known, as answers arrive.
    #[arg(long)]
    pub json: bool,
    /// CSV with a line of names, as answers arrive.
    #[arg(long)]
    pub csv: bool,
    /// A table.
    #[arg(long)]
    pub table: bool,
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
    /// What exists at the beginning: `scenario`, what the scenario says; `empty`, nothing, at the real time; or
    /// `scale:POINTS,ALARMS,RECORDS`, so many of each, generated from the seed: `scale:1000000,100000,10000`.
    #[arg(long, value_parser = EstateKind::read, default_value = "scenario", conflicts_with = "scenario", value_name = "ESTATE")]
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
    /// Write there the key with which `lifeboat facilitate --door FILE` turns the clock, injects and plays faults. It goes when this ends.
    #[arg(long, value_name = "FILE")]
    pub door: Option<PathBuf>,
    /// Let the clock stand still until it is let go by the door.
    #[arg(long, requires = "door")]
    pub hold: bool,
}

/// What exists in a simulated AWS at its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EstateKind {
    /// What the scenario says.
    Scenario,
    /// Nothing but account 123456789012.
    Empty,
    /// So many recovery points, alarms and record sets, in account 123456789012.
    Scale(u32, u32, u32),
}

impl EstateKind {
    fn read(text: &str) -> Result<Self, String> {
        let sizes = match text {
            "scenario" => return Ok(Self::Scenario),
            "empty" => return Ok(Self::Empty),
            other => other.strip_prefix("scale:").ok_or("expected `scenario`, `empty` or `scale:POINTS,ALARMS,RECORDS`")?,
        };
        let sizes: Option<Vec<u32>> = sizes.split(',').map(|size| size.replace('_', "").parse().ok()).collect();
        match sizes.as_deref() {
            Some([points, alarms, records]) => Ok(Self::Scale(*points, *alarms, *records)),
            _ => Err("expected three numbers: `scale:1000000,100000,10000`".to_owned()),
        }
    }
}

/// Arguments of `report`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Report {
    /// Its id, or a beginning of it that fits one alone, or a journal file.
    #[arg(required_unless_present_any = ["schema", "reconstruct"])]
    pub id: Option<String>,
    /// Instead of a journal: make the timeline of an incident that nobody ran here from what AWS remembers of it, the history of the
    /// plan's alarms, Health events, jobs, executions and stack operations. Reads AWS; the times are its own.
    #[arg(long, requires_all = ["from", "to", "plan"], conflicts_with = "id")]
    pub reconstruct: bool,
    /// Where the reconstruction begins: `2026-03-14T02:00:00Z`.
    #[arg(long, value_name = "TIME", requires = "reconstruct")]
    pub from: Option<DateTime<Utc>>,
    /// Where it ends.
    #[arg(long, value_name = "TIME", requires = "reconstruct")]
    pub to: Option<DateTime<Utc>>,
    /// The plan of the workload.
    #[arg(long, value_name = "FILE", requires = "reconstruct")]
    pub plan: Option<PathBuf>,
    /// How AWS is asked.
    #[command(flatten)]
    pub access: AwsAccess,
    /// For people, for programs, for spreadsheets.
    #[arg(long, value_enum, default_value_t = ReportFormat::Md)]
    pub format: ReportFormat,
    /// Mask account numbers, names of resources in ARNs, operators, hosts and IP addresses: the same one always gets the same
    /// mask. What people wrote is searched for these as well, but read it before you hand it on.
    #[arg(long)]
    pub redact: bool,
    /// Write times in this zone, such as `Europe/Berlin`; JSON, verdict and JUnit stay in UTC.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub zone: String,
    /// Write the report there instead of to standard output. A picture as PNG is never written to a terminal.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print the JSON Schema of `--format json` instead of a report.
    #[arg(long, conflicts_with_all = ["id", "reconstruct", "template", "output"])]
    pub schema: bool,
    /// Fill in this template (MiniJinja) instead of the built-in one; with `--format md` or `html`.
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
}

/// Arguments of `replay`.
#[derive(Debug, Clone, PartialEq, Args)]
pub struct Replay {
    /// Its id, or a beginning of it that fits one alone, or a journal file.
    pub id: String,
    /// Seconds of the incident in one real second.
    #[arg(long, value_parser = speed, default_value = "60")]
    pub speed: f64,
    /// Begin there: a time such as `2026-03-14T03:02:10Z`.
    #[arg(long, value_name = "TIME")]
    pub at: Option<DateTime<Utc>>,
    /// Write it instead of playing it.
    #[arg(long, value_enum, value_name = "FORM")]
    pub export: Option<Film>,
    /// The file to write to; standard output by default.
    #[arg(long, value_name = "FILE", requires = "export")]
    pub to: Option<PathBuf>,
    /// Columns and rows of what is written.
    #[arg(long, value_name = "COLUMNSxROWS", value_parser = size, default_value = "120x40", requires = "export")]
    pub size: (u16, u16),
    /// The longest pause in what is written, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 2, requires = "export")]
    pub longest_pause: u16,
}

/// What a replay is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Film {
    /// An asciicast, version 2.
    Cast,
}

fn size(text: &str) -> Result<(u16, u16), String> {
    let parsed = text.split_once('x').and_then(|(columns, rows)| Some((columns.parse().ok()?, rows.parse().ok()?)));
    match parsed {
        Some((columns, rows)) if (40..=500).contains(&columns) && (10..=200).contains(&rows) => Ok((columns, rows)),
        _ => Err("expected columns and rows such as 120x40, at least 40x10".to_owned()),
    }
}

/// How AWS is asked.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct AwsAccess {
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

/// What is made the timeline of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconstruct {
    /// From here on.
    pub from: DateTime<Utc>,
    /// Up to here.
    pub to: DateTime<Utc>,
    /// The plan of the workload.
    pub plan: PathBuf,
}

impl Report {
    /// What to reconstruct, if that is asked for.
    pub fn reconstruction(&self) -> Option<Reconstruct> {
        let (from, to) = self.from.zip(self.to)?;
        Some(Reconstruct { from, to, plan: self.plan.clone().filter(|_| self.reconstruct)? })
    }
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Markdown.
    Md,
    /// One HTML file with the picture of the timeline, without scripts.
    Html,
    /// JSON.
    Json,
    /// The timeline as CSV.
    Csv,
    /// Where the recovery time went, as CSV: durations, parts of the restore phase, steps, attempts.
    CsvRto,
    /// The picture of the timeline.
    Svg,
    /// The same picture as PNG.
    Png,
    /// What was to be reached, checked one by one, as JSON.
    Verdict,
    /// The same as JUnit XML.
    Junit,
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
