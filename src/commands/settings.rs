//! Where files are kept, what is set and by what, and a settings file to begin with.

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory};

use crate::cli::Cli;
use crate::config::{Paths, Settings};
use crate::ui::{Action, BUILTIN, Keymap};

/// Where files are kept.
pub fn paths(paths: &Paths) -> String {
    let there = |path: &std::path::Path| if path.exists() { "" } else { "  (not there yet)" };
    let rows = [
        ("incidents", paths.data.join("incidents")),
        ("exercises", paths.data.join("exercises")),
        ("settings", paths.settings.clone()),
        ("log", paths.log.clone()),
    ];
    rows.iter().map(|(what, path)| format!("{what:<11}{}{}\n", path.display(), there(path))).collect()
}

/// The arguments of this process, with where each came from. They were parsed before, so they can be.
pub fn arguments() -> ArgMatches {
    Cli::command().try_get_matches().unwrap_or_default()
}

/// Each value and where it came from.
pub fn settings(arguments: &ArgMatches, file: &Settings, paths: &Paths) -> String {
    let settings = paths.settings.display().to_string();
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).ok();
    let mut rows: Vec<[String; 3]> = Vec::new();
    for (name, variable, in_file, default) in [
        ("home", "LIFEBOAT_HOME", None, "the XDG directories"),
        ("operator", "LIFEBOAT_OPERATOR", file.operator.as_deref(), user.as_deref().unwrap_or("operator")),
        ("theme", "LIFEBOAT_THEME", file.theme.as_deref(), "dark"),
        ("log", "LIFEBOAT_LOG", None, "info"),
        ("plain", "LIFEBOAT_PLAIN", None, "never"),
    ] {
        let given =
            arguments.get_raw(name).and_then(|mut values| values.next()).map(|value| value.to_string_lossy().into_owned());
        let source = arguments.value_source(name).filter(|source| *source != ValueSource::DefaultValue);
        rows.push(match (source, given, in_file) {
            (Some(ValueSource::EnvVariable), Some(value), _) => [name.into(), value, format!("environment, {variable}")],
            (Some(_), Some(value), _) => [name.into(), value, format!("argument, --{name}")],
            (_, _, Some(value)) => [name.into(), value.to_owned(), format!("file, {settings}")],
            _ => [name.into(), default.to_owned(), "default".to_owned()],
        });
    }
    for (action, bound) in &file.keys {
        rows.push([format!("keys.{action}"), bound.keys.join(" "), format!("file, {settings}:{}", bound.line)]);
    }
    let widths = [0, 1].map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    rows.iter().map(|[name, value, source]| format!("{name:0$}  {value:1$}  {source}\n", widths[0], widths[1])).collect()
}

/// A settings file with every key in it, as comments: as it stands it changes nothing.
pub fn default_settings() -> String {
    let themes: Vec<&str> = BUILTIN.iter().map(|(name, _)| *name).collect();
    let mut text = format!(
        "# Settings of lifeboat. `lifeboat paths` says where this file belongs, `lifeboat config show` what holds and why.\n\
         # Arguments and environment come before this file. Every key is optional; what stands here are the defaults.\n\n\
         # Who sits at this console; recorded with everything that is confirmed. By default the system's user.\n\
         # operator = \"Ana\"\n\n\
         # One of {}; or a theme file.\n\
         # theme = \"dark\"\n\n\
         # An action's keys: one or several; they replace its own. An empty list takes them away.\n[keys]\n",
        themes.join(", ")
    );
    let keymap = Keymap::default();
    for action in Action::ALL {
        let keys: Vec<String> = keymap.keys(*action).map(|key| format!("\"{key}\"")).collect();
        text.push_str(&format!("# {}\n# {} = [{}]\n", action.about(), action.name(), keys.join(", ")));
    }
    text
}

/// The page docs/settings.md.
pub fn settings_page() -> String {
    format!(
        "# Settings\n\nEverything can be set in more than one place; the first of these that says something holds: argument, environment, \
         settings\nfile, default. `lifeboat config show` prints what holds and why, `lifeboat paths` where the file belongs, and\n\
         `lifeboat config default` this file. A test holds this page against the code.\n\n\
         | setting | argument | environment | in the file |\n| --- | --- | --- | --- |\n\
         | folder for everything | `--home` | `LIFEBOAT_HOME` | |\n\
         | who sits at this console | `--operator` | `LIFEBOAT_OPERATOR` | `operator` |\n\
         | colours | `--theme` | `LIFEBOAT_THEME`, `NO_COLOR` | `theme` |\n\
         | what is logged | `--log` | `LIFEBOAT_LOG` | |\n\
         | lines instead of a screen | `--plain`, `--plain=auto` | `LIFEBOAT_PLAIN` | |\n\
         | keys | | | `[keys]` |\n\n```toml\n{}```\n",
        default_settings()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(words: &[&str], file: &str) -> String {
        let all = ["lifeboat"].iter().chain(words).chain(&["config", "show"]);
        let arguments = Cli::command().try_get_matches_from(all).unwrap();
        let file = Settings::parse("config.toml", file).unwrap();
        settings(&arguments, &file, &Paths::find(Some(std::path::Path::new("/lb"))).unwrap())
    }

    #[test]
    fn each_value_says_where_it_came_from() {
        let text = shown(&["--theme", "light"], "operator = \"Ana\"\ntheme = \"mono\"\n[keys]\nquit = \"ctrl-q\"\n");
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines: Vec<String> = text.lines().map(words).collect();
        assert!(lines.contains(&"theme light argument, --theme".to_owned()), "{text}");
        assert!(lines.contains(&"operator Ana file, /lb/config.toml".to_owned()), "{text}");
        assert!(lines.contains(&"log info default".to_owned()), "{text}");
        assert!(lines.contains(&"keys.quit ctrl-q file, /lb/config.toml:4".to_owned()), "{text}");
    }

    #[test]
    fn the_default_file_without_its_marks_is_the_defaults() {
        let text = default_settings();
        assert_eq!(Settings::parse("config.toml", &text).unwrap(), Settings::default());
        let bare: String = text
            .lines()
            .map(|line| line.strip_prefix("# ").filter(|line| line.contains(" = ")).unwrap_or(line))
            .fold(String::new(), |text, line| text + line + "\n");
        let settings = Settings::parse("config.toml", &bare).unwrap();
        assert_eq!(settings.theme.as_deref(), Some("dark"));
        let mut keymap = Keymap::default();
        for (action, bound) in &settings.keys {
            keymap.bind(action, &bound.keys.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        }
        for action in Action::ALL {
            assert!(Keymap::default().keys(*action).eq(keymap.keys(*action)), "{}", action.name());
        }
    }
}
