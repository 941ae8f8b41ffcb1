//! Runs one command: reads what it needs, joins the rooms, prints what is to be printed.

mod elsewhere;
mod exercise;
mod plan;
mod preferences;
mod record;
mod replay;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::checkup::checkup;
use crate::cli::{
    Cli, Command, Common, ConfigCommand, EstateKind, FeedCommand, HistoryCommand, IncidentsCommand, Live, Simulate, Tabletop,
};
use crate::clock::Clock;
use crate::cloud::{Access, Recorder};
use crate::commands;
use crate::config::{Paths, Settings};
use crate::crash;
use crate::logging;

use crate::console::{self, Exercise, Leave, Opening, Reach, Session};
use crate::domain::{Identity, IncidentId, Mode, Operator, Problem, ProblemKind, Region, SiteName};
use crate::driver::Probe;
use crate::engine::ExerciseOf;
use crate::error::{DONE, Error, FAILED, WORK_OPEN};
use crate::feed;
use crate::journal::{Journal, JournalDirectory, Recorded};
use crate::list::list;
use crate::plan::Plan;
use crate::query::What;
use crate::report::{self, Expectations};
use crate::store::{ExerciseState, Source, State};
use crate::ui::App;

use preferences::{Preferences, preferences};

/// The base credentials of every exercise; the simulated AWS knows them, and nothing else does.
const EXERCISE_KEY: &str = "AKIAEXERCISEOPERATOR";

/// Runs a command and gives the exit code.
///
/// # Errors
/// Whatever kept it from being done.
pub fn run(cli: Cli) -> Result<u8, Error> {
    let paths = Paths::find(cli.common.home.as_deref())?;
    crash::prepare(&paths.log);
    let _log = logging::start(&paths.log, &cli.common.log);
    if cli.command.is_none() && !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        print(commands::WELCOME)?;
    }
    match cli.command.unwrap_or_else(|| Command::Tabletop(Tabletop::default())) {
        Command::Tabletop(Tabletop { command: Some(command), .. }) => exercise::tabletop(command),
        Command::Facilitate(arguments) => {
            let operator = Operator::new(cli.common.operator.clone().unwrap_or_else(|| "facilitator".to_owned()));
            block_on(exercise::facilitate(arguments, operator, &cli.common, &paths))?
        }
        Command::Score(arguments) => exercise::score(&arguments, &paths),
        Command::Tabletop(arguments) => block_on(tabletop(arguments, &cli.common, &paths))?,
        Command::Live(arguments) => block_on(live(arguments, &cli.common, &paths))?,
        Command::Incidents { command: None } => record::list(&paths),
        Command::Incidents { command: Some(IncidentsCommand::Export { id, to }) } => record::export(&id, to, &paths),
        Command::Incidents { command: Some(IncidentsCommand::Serve { id }) } => record::serve(&id, &paths),
        Command::Incidents { command: Some(IncidentsCommand::Bridge { id, access }) } => {
            let operator = preferences(&cli.common, &paths, None)?.operator;
            block_on(elsewhere::merge(&id, &access, operator, &paths))?
        }
        Command::Incidents { command: Some(IncidentsCommand::Diff { first, second }) } => record::diff(&first, &second, &paths),
        Command::Incidents { command: Some(IncidentsCommand::Attachments { id, to }) } => {
            record::attachments(&id, to.as_deref(), &paths)
        }
        Command::Replay(arguments) => replay::run(&arguments, preferences(&cli.common, &paths, None)?, &paths),
        Command::Brief { id } => record::brief(&id, &paths),
        Command::Incidents { command: Some(IncidentsCommand::Import { file }) } => record::import(&file, &paths),
        Command::History { json, svg, command: None } => {
            record::history(json, svg.then_some(cli.common.theme.as_deref()), &paths)
        }
        Command::History { command: Some(HistoryCommand::Compare { first, second }), .. } => {
            record::compare(&first, &second, &paths)
        }
        Command::Verify { id, contains } => record::verify(&id, contains.as_deref(), &paths),
        Command::Report(arguments) if arguments.reconstruct => {
            let theme = cli.common.theme.as_deref();
            block_on(elsewhere::report(&arguments, theme))?
        }
        Command::Report(arguments) => record::report(&arguments, cli.common.theme.as_deref(), &paths),
        Command::Simulate(arguments) => block_on(simulate(arguments))?,
        Command::Plan { command } => block_on(plan::run(command))?,
        Command::Alarms(arguments) => block_on(list(What::Alarms, arguments))?,
        Command::Events(arguments) => block_on(list(What::Events, arguments))?,
        Command::RecoveryPoints(arguments) => block_on(list(What::RecoveryPoints, arguments))?,
        Command::Jobs(arguments) => block_on(list(What::Jobs, arguments))?,
        Command::Doctor(arguments) => {
            let (text, code) = block_on(checkup(&arguments, &paths))??;
            print(&text)?;
            Ok(code)
        }
        Command::Feed { command: FeedCommand::Template { plan } } => feed_template(plan.as_deref()),
        Command::Keys { markdown } => {
            let keymap = preferences(&cli.common, &paths, None)?.keymap;
            said(if markdown { commands::keys_page(&keymap) } else { commands::keys(&keymap) })
        }
        Command::Paths => said(commands::paths(&paths)),
        Command::Config { command: ConfigCommand::Default } => said(commands::default_settings()),
        Command::Config { command: ConfigCommand::Schema } => said(commands::settings_schema()),
        Command::Config { command: ConfigCommand::Show } => {
            said(commands::settings(&commands::arguments(), &Settings::read(&paths.settings)?, &paths))
        }
        Command::Completions { shell } => said(commands::completions(shell)),
        Command::Man { dir } => {
            said(commands::man(dir.as_deref()).map_err(|source| Error::System { what: "the manual", source })?)
        }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|source| Error::System { what: "the runtime cannot be started", source })?;
    let result = runtime.block_on(future);
    // Reads that hang must not hold up who leaves; calls that change AWS were awaited before.
    runtime.shutdown_background();
    Ok(result)
}

fn print(text: &str) -> Result<(), Error> {
    print_bytes(text.as_bytes())
}

fn print_bytes(bytes: &[u8]) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    match written {
        // Who reads has had enough, as with `| head`.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|source| Error::System { what: "standard output cannot be written", source }),
    }
}

fn said(text: String) -> Result<u8, Error> {
    print(&text)?;
    Ok(DONE)
}

fn parse_plan(path: &str, text: &str) -> Result<Arc<Plan>, Error> {
    Plan::parse(path, text).map(Arc::new).map_err(|faults| Error::PlanFaults { faults, text: text.to_owned() })
}

/// A journal to go on with, and what its first event says.
struct Resumed {
    journal: Journal,
    events: Vec<Recorded>,
    opened: Box<crate::journal::IncidentOpened>,
}

fn resume(id: &str, mode: Mode, through: Option<&str>, journals: &JournalDirectory) -> Result<Resumed, Error> {
    let (journal, events) = match through {
        Some(through) => Journal::open_through(through, id, journals)?,
        None => Journal::open(&journals.find(id)?)?,
    };
    let opened = events.iter().find_map(|recorded| match &recorded.event {
        crate::journal::Event::IncidentOpened(opened) => Some(opened.clone()),
        _ => None,
    });
    let opened = opened.ok_or_else(|| Error::Resume(format!("the journal {} tells of no incident", journal.path().display())))?;
    if opened.mode != mode {
        let command = match opened.mode {
            Mode::Live => "live",
            Mode::Exercise => "tabletop",
        };
        return Err(Error::Resume(format!("{} is resumed with `lifeboat {command} --resume {id}`", opened.incident)));
    }
    Ok(Resumed { journal, events, opened })
}

/// Sixteen bits that no other console is likely to have now, for the incident's id.
fn entropy() -> u32 {
    use std::hash::{BuildHasher, Hasher};
    let drawn = std::collections::hash_map::RandomState::new().build_hasher().finish();
    u32::try_from(drawn & 0xffff_ffff).unwrap_or_default()
}

async fn tabletop(arguments: Tabletop, common: &Common, paths: &Paths) -> Result<u8, Error> {
    let journals = JournalDirectory::new(&paths.data);
    let resumed = arguments.resume.as_deref().map(|id| resume(id, Mode::Exercise, None, &journals)).transpose()?;
    let name = match &resumed {
        Some(resumed) => resumed.opened.scenario.clone().unwrap_or(arguments.scenario),
        None => arguments.scenario,
    };
    let played = console::read(&name)?;
    let scenario = played.scenario.clone();
    let (plan_path, plan_text) = match &resumed {
        Some(resumed) => (&resumed.opened.plan_path, &resumed.opened.plan_text),
        None => (&played.plan_path, &played.plan_text),
    };
    let plan = parse_plan(plan_path, plan_text)?;
    let preferences = preferences(common, paths, Some(&plan.name))?;
    let seed = resumed.as_ref().and_then(|resumed| resumed.opened.seed).or(arguments.seed).unwrap_or(scenario.seed);
    let incident_id = match &resumed {
        Some(resumed) => resumed.opened.incident.clone(),
        None => JournalDirectory::new_id(&plan.name, scenario.starts_at, entropy()),
    };
    let record = world_record(&journals, &incident_id)?;
    let journal_path = journals.path_of(&incident_id, Mode::Exercise);
    let exercise = Exercise::start(scenario.clone(), seed, Some(&record), 0).await?;
    // What the journal has seen has happened: the world's own mark may be some seconds older.
    if let Some(last) = resumed.as_ref().and_then(|resumed| resumed.events.last()) {
        exercise.clock.jump(last.recorded_at.max(exercise.clock.now()));
    }
    let speed = arguments.speed.unwrap_or(scenario.speed);
    exercise.clock.set_speed(speed);
    if let Err(error) = exercise.admit(&journal_path.with_extension("facilitator"), false).await {
        tracing::warn!(%error, "no facilitator can be let in");
    }
    let recorder = Recorder::new();
    let access =
        Access::Fixed { access_key_id: EXERCISE_KEY.to_owned(), secret_access_key: "exercise".to_owned(), session_token: None };
    let reach = Reach { access, endpoint_url: Some(exercise.endpoint_url()), sts_region: None };
    let clock = exercise.clock.clone();
    let connections = console::connect(&plan, reach, &preferences.operator, &clock, &recorder)
        .await
        .map_err(|problem| Error::Connect { problem })?;
    let probe = probe(Some(&exercise));
    let state = ExerciseState {
        scenario: scenario.name.clone(),
        title: scenario.title.clone(),
        goals: scenario.goals.clone(),
        paused: true,
        speed,
    };
    let earlier = Some(earlier(&journals, &plan, Mode::Exercise));
    let opening = Opening {
        mode: Mode::Exercise,
        read_only: false,
        operator: preferences.operator.clone(),
        host: host(),
        plan,
        connections,
        recorder,
        earlier,
        probe,
        clock,
        journals,
        incident_id,
        resumed: resumed.map(|resumed| (resumed.journal, resumed.events)),
        room: Some(exercise.room()),
        exercise: Some((ExerciseOf { scenario: name, seed }, state)),
    };
    let played = play(opening, preferences).await;
    exercise.stop().await;
    if journal_path.exists()
        && let Some((score, earlier)) = exercise::scored(&journal_path, paths)?.filter(|(score, _)| score.closed)
    {
        print(&score.text(&earlier))?;
    }
    if !journal_path.exists() {
        // An exercise that was only looked at leaves nothing behind.
        let _ = std::fs::remove_file(&record);
    }
    let (farewell, code) = played?;
    print(&farewell)?;
    Ok(code)
}

/// Where the simulated AWS of an exercise notes what changed it.
fn world_record(journals: &JournalDirectory, id: &IncidentId) -> Result<PathBuf, Error> {
    let record = journals.path_of(id, Mode::Exercise).with_extension("world");
    if let Some(folder) = record.parent() {
        std::fs::create_dir_all(folder).map_err(|source| Error::Folder { path: folder.display().to_string(), source })?;
    }
    Ok(record)
}

async fn live(arguments: Live, common: &Common, paths: &Paths) -> Result<u8, Error> {
    let journals = JournalDirectory::new(&paths.data);
    let through = arguments.through.as_deref();
    let resumed = arguments.resume.as_deref().map(|id| resume(id, Mode::Live, through, &journals)).transpose()?;
    let plan = match (&resumed, &arguments.plan) {
        (Some(resumed), _) => parse_plan(&resumed.opened.plan_path, &resumed.opened.plan_text)?,
        (None, Some(file)) => Arc::new(Plan::read(&file.display().to_string())?),
        (None, None) => return Err(Error::Resume("name a plan with --plan, or an incident with --resume".to_owned())),
    };
    let preferences = preferences(common, paths, Some(&plan.name))?;
    let clock = Clock::system();
    let recorder = Recorder::new();
    let reach = Reach {
        access: Access::Habits { profile: arguments.profile },
        endpoint_url: arguments.endpoint_url,
        sts_region: arguments.region.map(Region::new),
    };
    let connections = console::connect(&plan, reach, &preferences.operator, &clock, &recorder)
        .await
        .map_err(|problem| Error::Connect { problem })?;
    let incident_id = match &resumed {
        Some(resumed) => resumed.opened.incident.clone(),
        None => JournalDirectory::new_id(&plan.name, clock.now(), entropy()),
    };
    let earlier = Some(earlier(&journals, &plan, Mode::Live));
    let opening = Opening {
        mode: Mode::Live,
        read_only: arguments.read_only,
        operator: preferences.operator.clone(),
        host: host(),
        plan,
        connections,
        recorder,
        earlier,
        probe: probe(None),
        clock,
        journals,
        incident_id,
        resumed: resumed.map(|resumed| (resumed.journal, resumed.events)),
        room: None,
        exercise: None,
    };
    let (farewell, code) = play(opening, preferences).await?;
    print(&farewell)?;
    Ok(code)
}

/// What earlier runs say of how long the plan's steps take; what cannot be read says nothing. Hundreds of journals take longer to
/// read than a console may take to open: they are read beside it, in a thread that the program's end does not wait for.
fn earlier(journals: &JournalDirectory, plan: &Plan, mode: Mode) -> oneshot::Receiver<Expectations> {
    let (sender, receiver) = oneshot::channel();
    let (journals, plan) = (journals.clone(), plan.name.clone());
    std::thread::spawn(move || {
        let known = journals.list_of(mode).map(|summaries| report::expectations(&summaries, &plan, mode)).unwrap_or_default();
        sender.send(known)
    });
    receiver
}

fn host() -> Option<String> {
    let name = std::fs::read_to_string("/etc/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

fn probe(exercise: Option<&Exercise>) -> Probe {
    Probe::new(exercise.map(|exercise| exercise.name_server), exercise.map(|exercise| exercise.endpoint))
}

/// Runs the console; what is to be said last, and the exit code.
async fn play(opening: Opening, preferences: Preferences) -> Result<(String, u8), Error> {
    let mode = opening.mode;
    let session = Session::open(opening)?;
    let lines = preferences.lines.is_some();
    if let Some(why) = preferences.lines.filter(|why| !why.is_empty()) {
        print(&format!("Lines instead of a screen, because {why}.\n"))?;
    }
    let Leave { state, abrupt } = if lines {
        console::run_plain(session, preferences.symbols).await?
    } else {
        let app = App::new(preferences.theme, preferences.keymap)
            .on_terminal(preferences.symbols, preferences.mouse)
            .divided(preferences.appearance.splits());
        console::run(session, app, preferences.appearance).await?
    };
    // A console that never learned who it is somewhere has not done its work, however calmly it was left.
    let strangers = strangers(&state);
    let left_well = if strangers.is_empty() { DONE } else { FAILED };
    print(&strangers)?;
    let Some(path) = &state.journal_path else { return Ok((String::new(), left_well)) };
    let id = state.incident.id();
    let running: Vec<String> = state.incident.running().map(|(step, _)| step.to_string()).collect();
    let command = match mode {
        Mode::Live => "live",
        Mode::Exercise => "tabletop",
    };
    let mut farewell = format!("{} {id}\n  journal  {path}\n  report   lifeboat report {id}\n", mode.banner());
    if state.incident.closed.is_none() {
        let plain = if lines { " --plain" } else { "" };
        farewell.push_str(&format!("  resume   lifeboat {command}{plain} --resume {id}\n"));
    }
    if !running.is_empty() {
        farewell.push_str(&format!("  still running: {}\n", running.join(", ")));
    }
    Ok((farewell, if running.is_empty() && !abrupt { left_well } else { WORK_OPEN }))
}

/// The sites at which AWS never said who we are, each with the reason and what to do next: no credentials, an expired token, a recovery
/// Region that does not answer. That the primary does not answer is what recoveries are for.
fn strangers(state: &State) -> String {
    let refused = |problem: &Problem| matches!(problem.kind, ProblemKind::Expired | ProblemKind::Denied);
    let line = |(site, source): (&SiteName, &Source<Identity>)| match (&source.data, &source.problem) {
        (None, Some((problem, _))) if refused(problem) || *site == SiteName::recovery() => {
            Some(format!("{site}: AWS never said who we are: {problem}\n  next: {}\n", problem.kind.next()))
        }
        _ => None,
    };
    state.identities.iter().filter_map(line).collect()
}

async fn simulate(arguments: Simulate) -> Result<u8, Error> {
    let begun = console::begun(arguments.state.as_deref())?;
    let now = Clock::system().now();
    let starts_at = begun.as_ref().and_then(|begun| begun.starts_at).unwrap_or(now);
    let scenario = match arguments.estate {
        EstateKind::Scenario => console::read(&arguments.scenario)?.scenario,
        EstateKind::Empty => console::empty(starts_at),
        EstateKind::Scale(points, alarms, records) => console::scaled(starts_at, points, alarms, records),
    };
    let seed = arguments.seed.or(begun.map(|begun| begun.seed)).unwrap_or(scenario.seed);
    let begin = {
        let scenario = scenario.clone();
        move || match arguments.estate {
            EstateKind::Scenario => scenario.clone(),
            EstateKind::Empty => console::empty(Clock::system().now()),
            EstateKind::Scale(points, alarms, records) => console::scaled(Clock::system().now(), points, alarms, records),
        }
    };
    let exercise = Exercise::stand_in(scenario.clone(), seed, arguments.state.as_deref(), arguments.port, begin).await?;
    if arguments.estate != EstateKind::Scenario {
        // Nothing happened while nobody looked, but the time is the real one.
        exercise.clock.jump(now.max(exercise.clock.now()));
    }
    exercise.clock.set_speed(arguments.speed);
    if !arguments.hold {
        exercise.clock.resume();
    }
    if let Some(door) = &arguments.door {
        let failed = |source| Error::File { path: door.display().to_string(), source };
        exercise.admit(door, true).await.map_err(failed)?;
    }
    print(&format!(
        "simulated AWS of {} on {}\n  export AWS_ENDPOINT_URL={}\n  export AWS_ACCESS_KEY_ID={EXERCISE_KEY} \
         AWS_SECRET_ACCESS_KEY=exercise\n  names    {}\n  Ctrl-C ends it\n",
        scenario.name,
        exercise.endpoint_url(),
        exercise.endpoint_url(),
        exercise.name_server,
    ))?;
    let what = "the signal to stop cannot be heard";
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .map_err(|source| Error::System { what, source })?;
    tokio::select! {
        heard = tokio::signal::ctrl_c() => heard.map_err(|source| Error::System { what, source })?,
        _ = terminate.recv() => {}
    }
    exercise.stop().await;
    Ok(DONE)
}

fn feed_template(plan: Option<&Path>) -> Result<u8, Error> {
    let plan = plan.map(|path| Plan::read(&path.display().to_string())).transpose()?;
    let health = plan.map(|plan| plan.health).unwrap_or_default();
    let template = feed::template(&health.event_pattern());
    said(template.map_err(|error| Error::System { what: "the template", source: error.into() })?)
}
