//! What a person prefers, from all the places where it can be said: arguments and environment before the settings file before the
//! terminal's own words before the defaults.

use std::io::IsTerminal;

use crate::cli::{Common, SymbolsOf, When};
use crate::config::{Bound, Paths, Settings};
use crate::console::Appearance;
use crate::domain::Operator;
use crate::error::Error;
use crate::ui::{Depth, Keymap, Role, Symbols, Theme};

/// The preferences.
pub(super) struct Preferences {
    pub operator: Operator,
    pub appearance: Appearance,
    pub theme: Theme,
    pub keymap: Keymap,
    pub symbols: Symbols,
    pub mouse: bool,
    /// Why lines are spoken instead of a screen; `None` for a screen, an empty text where it was asked for.
    pub lines: Option<&'static str>,
}

/// Reads them. `plan` is the plan's name, whose colour may be set.
pub(super) fn preferences(common: &Common, paths: &Paths, plan: Option<&str>) -> Result<Preferences, Error> {
    let settings = Settings::read(&paths.settings)?;
    let user = || std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).ok();
    let operator = common.operator.clone().or(settings.operator.clone()).or_else(user).unwrap_or_else(|| "operator".to_owned());
    let mut appearance = appearance(common, &settings, paths, plan)?;
    let theme = appearance.theme().map_err(|message| Error::Theme { name: theme_name(common, &settings), message })?;
    Ok(Preferences {
        operator: Operator::new(operator),
        appearance,
        theme,
        keymap: keymap(&settings, paths)?,
        symbols: symbols(common, &settings),
        mouse: settings.mouse.unwrap_or(false),
        lines: lines(common.plain, &settings),
    })
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn keymap(settings: &Settings, paths: &Paths) -> Result<Keymap, Error> {
    let path = paths.settings.display().to_string();
    let mut keymap = match settings.key_preset {
        Some(name) => {
            Keymap::preset(name).map_err(|error| Error::Keys { path: path.clone(), line: 1, message: error.to_string() })?
        }
        None => Keymap::default(),
    };
    for (action, bound) in &settings.keys {
        let keys: Vec<&str> = bound.keys.iter().map(String::as_str).collect();
        let fault = |message: String| Error::Keys { path: path.clone(), line: bound.line, message };
        keymap.bind(action, &keys).map_err(|error| fault(error.to_string()))?;
    }
    Ok(keymap)
}

/// What the terminal's font has: as it is said, else by its name and the locale.
fn symbols(common: &Common, settings: &Settings) -> Symbols {
    let said = match common.symbols {
        Some(SymbolsOf::Braille) => Some("braille"),
        Some(SymbolsOf::Blocks) => Some("blocks"),
        Some(SymbolsOf::Ascii) => Some("ascii"),
        Some(SymbolsOf::Auto) => None,
        None => settings.symbols,
    };
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().map(variable).find(|value| !value.is_empty());
    said.and_then(Symbols::named).unwrap_or_else(|| Symbols::of_terminal(&variable("TERM"), locale.as_deref()))
}

/// Lines instead of a screen?
fn lines(argument: Option<When>, settings: &Settings) -> Option<&'static str> {
    let when = argument.unwrap_or(match settings.plain {
        Some("always") => When::Always,
        Some("never") => When::Never,
        _ => When::Auto,
    });
    let term = variable("TERM");
    match when {
        When::Never => None,
        When::Always => Some(""),
        When::Auto if !std::io::stdin().is_terminal() => Some("standard input is not a terminal"),
        When::Auto if !std::io::stdout().is_terminal() => Some("standard output is not a terminal"),
        When::Auto if ["", "dumb", "unknown"].contains(&term.as_str()) => Some("TERM names no terminal with a screen"),
        When::Auto => None,
    }
}

fn theme_name(common: &Common, settings: &Settings) -> String {
    let depth = Depth::of_terminal(&variable("COLORTERM"), &variable("TERM"));
    let default = if depth == Depth::Of16 { "ansi" } else { "dark" };
    common.theme.clone().or(settings.theme.clone()).unwrap_or_else(|| default.to_owned())
}

/// The theme, in the colours that the terminal has, with those of one's own for sites and for this plan.
fn appearance(common: &Common, settings: &Settings, paths: &Paths, plan: Option<&str>) -> Result<Appearance, Error> {
    let colourless = !variable("NO_COLOR").is_empty() || variable("TERM") == "dumb";
    let depth = Depth::of_terminal(&variable("COLORTERM"), &variable("TERM"));
    let themes = paths.settings.with_file_name("themes");
    let name = theme_name(common, settings);
    let fault = |message: String| Error::Theme { name: name.clone(), message };
    let mut appearance =
        Appearance::named(&name, &themes, depth).map_err(fault)?.without_colour(colourless).kept_in(paths.view.clone());
    let colour = |bound: &Bound| bound.keys.first().cloned().unwrap_or_default();
    for (site, role) in [("primary", Role::SitePrimary), ("recovery", Role::SiteRecovery)] {
        if let Some(bound) = settings.site_colours.get(site) {
            appearance = appearance.tinted(role, &colour(bound));
        }
    }
    if let Some(bound) = plan.and_then(|plan| settings.plan_colours.get(plan)) {
        appearance = appearance.tinted(Role::Plan, &colour(bound));
    }
    Ok(appearance)
}
