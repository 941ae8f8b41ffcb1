//! Plays the journal of an incident, on the terminal or into a film. Reads the journal alone; no network.

use crate::cli::Replay;
use crate::config::Paths;
use crate::console::{self, CastSetting};
use crate::error::{DONE, Error, FAILED};
use crate::journal::{self, Event};
use crate::ui::{App, Seek};

use super::{Preferences, block_on, parse_plan, print, print_bytes, record};

pub(super) fn run(arguments: &Replay, preferences: Preferences, paths: &Paths) -> Result<u8, Error> {
    let path = record::journal_file(&arguments.id, paths)?;
    let reading = journal::read(&path)?;
    let opened = reading.events.iter().find_map(|recorded| match &recorded.event {
        Event::IncidentOpened(opened) => Some(opened.clone()),
        _ => None,
    });
    let opened = opened.ok_or_else(|| Error::Resume(format!("the journal {} tells of no incident", path.display())))?;
    let plan = parse_plan(&opened.plan_path, &opened.plan_text)?;
    let damage = reading.damage.clone();
    let mut replay = console::Replay::new(reading, plan, preferences.operator, arguments.speed)?;
    if let Some(at) = arguments.at {
        replay.seek(Seek::At(at));
    }
    let mut app = App::new(preferences.theme, preferences.keymap)
        .on_terminal(preferences.symbols, preferences.mouse)
        .divided(preferences.appearance.splits());
    if arguments.export.is_some() {
        let setting = CastSetting {
            size: arguments.size,
            speed: arguments.speed,
            longest_pause_ms: u64::from(arguments.longest_pause) * 1000,
        };
        let failed = |source| Error::System { what: "the film cannot be written", source };
        let film = console::cast(&mut replay, &mut app, setting).map_err(failed)?;
        match &arguments.to {
            Some(file) => std::fs::write(file, film).map_err(failed)?,
            None => print_bytes(film.as_bytes())?,
        }
    } else {
        block_on(async { console::run(replay, app, preferences.appearance).await.map(|_| ()) })??;
    }
    // The replay ended where the damage begins: better said than taken for the end.
    match damage {
        None => Ok(DONE),
        Some(damage) => {
            print(&format!("THE JOURNAL IS DAMAGED, the replay ended before that: {damage}\n"))?;
            Ok(FAILED)
        }
    }
}
