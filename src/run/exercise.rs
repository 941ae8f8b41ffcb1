//! Exercises beside playing them: the list, a scenario for a plan, the score, and the facilitator's terminal.

use std::path::{Path, PathBuf};

use crate::cli::{Common, Facilitate, ScoreOf, TabletopCommand};
use crate::config::Paths;
use crate::console::{self, Attached, Facilitator, Order};
use crate::domain::{IncidentId, Mode, Operator};
use crate::error::{DONE, Error};
use crate::journal::{self, Event, JournalDirectory, Recorded};
use crate::report::{Earlier, Score};
use crate::ui::Role;

use super::preferences::preferences;
use super::{parse_plan, print, said};

/// What is done beside playing.
pub(super) fn tabletop(command: TabletopCommand) -> Result<u8, Error> {
    match command {
        TabletopCommand::List => said(console::exercises()),
        TabletopCommand::Schema => said(format!("{:#}\n", console::scenario_schema())),
        TabletopCommand::New { plan, to } => {
            let path = plan.display().to_string();
            let text = std::fs::read_to_string(&plan).map_err(|source| Error::File { path: path.clone(), source })?;
            let parsed = parse_plan(&path, &text)?;
            let to = to.unwrap_or_else(|| plan.with_file_name(format!("{}-rehearsal.toml", parsed.name)));
            let name = to.display().to_string();
            // The scenario names its plan relative to itself.
            let beside = to.parent() == plan.parent();
            let named = if beside { plan.file_name().map(PathBuf::from) } else { std::path::absolute(&plan).ok() };
            let drafted = console::rehearsal(&parsed, &named.unwrap_or(plan).display().to_string());
            let failed = |source| Error::File { path: name.clone(), source };
            let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(&to).map_err(failed)?;
            std::io::Write::write_all(&mut file, drafted.as_bytes()).map_err(failed)?;
            print(&format!(
                "{name}: written\n  play it    lifeboat tabletop {name}\n  its end says what happens, and when: change that\n"
            ))?;
            Ok(DONE)
        }
    }
}

/// Prints the score of an exercise.
pub(super) fn score(arguments: &ScoreOf, paths: &Paths) -> Result<u8, Error> {
    let path = super::record::journal_file(&arguments.id, paths)?;
    let Some((score, earlier)) = scored(&path, paths)? else {
        return Err(Error::Resume(format!("{} has no score: its scenario says nothing about one", arguments.id)));
    };
    if arguments.json {
        let told = serde_json::json!({ "score": score, "earlier": earlier });
        return said(format!("{told:#}\n"));
    }
    said(score.text(&earlier))
}

/// The score of a journal, and those of earlier runs of its scenario.
pub(super) fn scored(path: &Path, paths: &Paths) -> Result<Option<(Score, Vec<Earlier>)>, Error> {
    let events = journal::read(path)?.events;
    let Some(score) = Score::of(&events) else { return Ok(None) };
    let begun = events.first().map(|first| first.recorded_at);
    let scenario = scenario(&events);
    let mut earlier = Vec::new();
    for listed in JournalDirectory::new(&paths.data).list()? {
        if listed.mode != Mode::Exercise || listed.path == path || listed.closed_at.is_none() {
            continue;
        }
        let of = journal::read(&listed.path)?.events;
        if self::scenario(&of) == scenario
            && let Some(score) = Score::of(&of)
        {
            earlier.push((modified(&listed.path), Earlier { incident: listed.id, score }));
        }
    }
    // All runs of a scenario begin at the same simulated time: what is earlier, its file says.
    let own = modified(path);
    earlier.retain(|(when, _)| begun.is_some() && *when <= own);
    earlier.sort_by_key(|(when, _)| *when);
    Ok(Some((score, earlier.into_iter().map(|(_, run)| run).collect())))
}

fn modified(path: &Path) -> Option<std::time::SystemTime> {
    std::fs::metadata(path).and_then(|found| found.modified()).ok()
}

fn scenario(events: &[Recorded]) -> Option<String> {
    events.iter().find_map(|recorded| match &recorded.event {
        Event::IncidentOpened(opened) => opened.scenario.clone(),
        _ => None,
    })
}

/// Attaches to a running exercise, or to a simulated AWS that is served alone.
pub(super) async fn facilitate(arguments: Facilitate, operator: Operator, common: &Common, paths: &Paths) -> Result<u8, Error> {
    let (key, journal, mut command) = match &arguments.door {
        // What stands first is then no id.
        Some(door) => (door.clone(), None, Some(arguments.id.clone()).filter(|word| !word.is_empty()).into_iter().collect()),
        None => {
            let journal = running(&arguments.id, &JournalDirectory::new(&paths.data)).await?;
            (journal.with_extension("facilitator"), Some(journal), Vec::new())
        }
    };
    command.extend(arguments.command);
    let mut attached = Attached::new(&key, journal.as_deref(), operator);
    if command.is_empty() {
        let preferences = preferences(common, paths, None)?;
        console::facilitate(attached, &preferences.theme, preferences.lines.is_some()).await?;
        return Ok(DONE);
    }
    // One that is not there is told before anything is done.
    Facilitator::new(&key)?.order(Order::Look).await?;
    let said = attached.line(&command.join(" ")).await;
    let Some(said) = said.filter(|said| !said.text.is_empty()) else { return Ok(DONE) };
    if said.role == Role::Bad {
        return Err(Error::Resume(said.text));
    }
    said_line(&said.text)
}

fn said_line(text: &str) -> Result<u8, Error> {
    said(format!("{}\n", text.trim_end()))
}

/// The journal of the exercise that is meant, be it written yet or not: the one of this id, or the only one whose door answers.
async fn running(id: &str, journals: &JournalDirectory) -> Result<PathBuf, Error> {
    let any = journals.path_of(&IncidentId::new("any"), Mode::Exercise);
    let beside = any.parent().and_then(|folder| std::fs::read_dir(folder).ok());
    let files = beside.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut open = Vec::new();
    for key in files.filter(|path| path.extension().is_some_and(|end| end == "facilitator")) {
        let named = key.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with(id));
        // The key of a console that was killed is still there, and opens nothing.
        if let Ok(door) = Facilitator::new(&key)
            && named
            && door.order(Order::Look).await.is_ok()
        {
            open.push(key.with_extension("lifeboat"));
        }
    }
    open.sort();
    match open.as_slice() {
        [one] => Ok(one.clone()),
        [] if id.is_empty() => {
            Err(Error::Resume("no exercise is running here: start one with `lifeboat tabletop`, and keep it open".to_owned()))
        }
        // One that was left can still be noted about, and is waited for.
        [] => Ok(journals.find(id)?),
        several => {
            let stem = |path: &PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let ids: Vec<String> = several.iter().map(stem).collect();
            Err(Error::Resume(format!("{} exercises are running: name one, {}", ids.len(), ids.join(" or "))))
        }
    }
}
