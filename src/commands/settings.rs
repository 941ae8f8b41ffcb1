//! Where files are kept, what is set and by what, and a settings file to begin with.

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory};
use serde_json::json;

use crate::cli::Cli;
use crate::config::{KNOWN, Kind, Paths, Settings};
use crate::ui::{Action, BUILTIN, Keymap, Theme};

/// Where files are kept.
pub fn paths(paths: &Paths) -> String {
    let there = |path: &std::path::Path| if path.exists() { "" } else { "  (not there yet)" };
    let rows = [
        ("incidents", paths.data.join("incidents")),
        ("exercises", paths.data.join("exercises")),
        ("settings", paths.settings.clone()),
        ("themes", paths.settings.with_file_name("themes")),
        ("view", paths.view.clone()),
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
    for known in KNOWN {
        let (source, given) = match known.argument.filter(|argument| arguments.try_contains_id(argument).is_ok()) {
            Some(argument) => {
                let given = arguments.get_raw(argument).and_then(|mut values| values.next());
                (arguments.value_source(argument), given.map(|value| value.to_string_lossy().into_owned()))
            }
            None => (None, None),
        };
        let source = source.filter(|source| *source != ValueSource::DefaultValue);
        let default = if known.name == "operator" { user.as_deref().unwrap_or("operator") } else { known.default };
        let row = match (source, given, file.value(known.name)) {
            (Some(ValueSource::EnvVariable), Some(value), _) => {
                [value, format!("environment, {}", known.variable.unwrap_or_default())]
            }
            (Some(_), Some(value), _) => [value, format!("argument, --{}", known.name)],
            (_, _, Some(value)) => [value, format!("file, {settings}")],
            _ => [default.to_owned(), "default".to_owned()],
        };
        let [value, source] = row;
        rows.push([known.name.to_owned(), value, source]);
    }
    if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        rows.push(["colours".into(), "none".into(), "environment, NO_COLOR".into()]);
    }
    for (table, bound) in [("keys", &file.keys), ("colours.sites", &file.site_colours), ("colours.plans", &file.plan_colours)] {
        for (name, bound) in bound {
            rows.push([format!("{table}.{name}"), bound.keys.join(" "), format!("file, {settings}:{}", bound.line)]);
        }
    }
    let widths = [0, 1].map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    rows.iter().map(|[name, value, source]| format!("{name:0$}  {value:1$}  {source}\n", widths[0], widths[1])).collect()
}

/// Where the schema of the file is.
const SCHEMA: &str = "assets/schemas/config.json";

/// A settings file with every key in it, as comments: as it stands it changes nothing.
pub fn default_settings() -> String {
    let mut text = format!(
        "# Settings of lifeboat. `lifeboat paths` says where this file belongs, `lifeboat config show` what holds and why.\n\
         # Arguments and environment come before this file. Every key is optional; what stands here are the defaults.\n\
         # For editors that know schemas, lifeboat's repository has {SCHEMA}.\n\n"
    );
    for known in KNOWN.iter().filter(|known| known.in_file) {
        text.push_str(&format!("# {}\n# {} = {}\n\n", known.about, known.name, known.written));
    }
    text.push_str("# An action's keys: one or several; they replace its own. An empty list takes them away.\n[keys]\n");
    let keymap = Keymap::default();
    for action in Action::ALL {
        let keys: Vec<String> = keymap.keys(*action).map(|key| format!("\"{key}\"")).collect();
        text.push_str(&format!("# {}\n# {} = [{}]\n", action.about(), action.name(), keys.join(", ")));
    }
    text.push_str(
        "\n# Colours of your own, by site and by plan: #rrggbb, or one of the sixteen names such as cyan or bright-blue.\n\
         [colours.sites]\n# primary = \"bright-yellow\"\n# recovery = \"bright-cyan\"\n\n[colours.plans]\n# shop = \"magenta\"\n",
    );
    text
}

/// The schema of the settings file, for editors: JSON Schema of 2020-12.
pub fn settings_schema() -> String {
    let mut properties = serde_json::Map::new();
    for known in KNOWN.iter().filter(|known| known.in_file) {
        let kind = match known.kind {
            Kind::Text => json!({ "type": "string", "minLength": 1 }),
            Kind::Choice(choices) => json!({ "enum": choices }),
            Kind::Flag => json!({ "type": "boolean" }),
        };
        let mut property = json!({ "description": known.about });
        if let (Some(property), serde_json::Value::Object(kind)) = (property.as_object_mut(), kind) {
            property.extend(kind);
        }
        properties.insert(known.name.to_owned(), property);
    }
    let key = json!({ "type": "string", "minLength": 1 });
    let keys: serde_json::Map<_, _> = Action::ALL
        .iter()
        .map(|action| {
            let keys = json!({ "description": action.about(), "anyOf": [key, { "type": "array", "items": key }] });
            (action.name().to_owned(), keys)
        })
        .collect();
    properties.insert("keys".into(), json!({ "type": "object", "additionalProperties": false, "properties": keys }));
    let colours =
        json!({ "type": "object", "additionalProperties": { "type": "string", "pattern": "^(#[0-9A-Fa-f]{6}|[a-z-]+)$" } });
    properties.insert(
        "colours".into(),
        json!({ "type": "object", "additionalProperties": false, "properties": { "sites": colours, "plans": colours } }),
    );
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of lifeboat",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    // A value made here has no keys that are not text.
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

/// The themes that come with the program, and what each promises.
fn themes_table() -> String {
    let mut table = String::from("| theme | looks | least contrast | states apart |\n| --- | --- | --- | --- |\n");
    for theme in BUILTIN.iter().filter_map(|(name, _)| Theme::builtin(name)) {
        let number = |number: Option<f64>| number.map_or_else(|| "not promised".to_owned(), |number| number.to_string());
        let contrast = number(theme.promises.contrast);
        table.push_str(&format!(
            "| `{}` | {} | {contrast} | {} |\n",
            theme.name,
            theme.about,
            number(theme.promises.states_apart)
        ));
    }
    table
}

/// The page docs/settings.md.
pub fn settings_page() -> String {
    let mut page = String::from(
        "# Settings\n\nEverything can be set in more than one place; the first of these that says something holds: argument, environment, \
         settings\nfile, default. `lifeboat config show` prints what holds and why, `lifeboat paths` where the file belongs, and\n\
         `lifeboat config default` this file; [its schema](../assets/schemas/config.json), which `lifeboat config schema` prints, lets an \
         editor\ncomplete and check it. A test holds this page against the code.\n\n| setting | argument | environment | in the file | \
         default |\n| --- | --- | --- | --- | --- |\n",
    );
    for known in KNOWN {
        let argument = known.argument.map(|argument| format!("`--{argument}`")).unwrap_or_default();
        let variable = known.variable.map(|variable| format!("`{variable}`")).unwrap_or_default();
        let file = if known.in_file { format!("`{}`", known.name) } else { String::new() };
        page.push_str(&format!("| {} | {argument} | {variable} | {file} | {} |\n", known.about, known.default));
    }
    page.push_str(&format!(
        "| No colours at all; selection and emphasis stay. | | `NO_COLOR` | `theme = \"mono\"` | |\n\
         | Keys, one or several an action. | | | `[keys]` | [keys](keys.md) |\n\
         | Colours by site and by plan. | | | `[colours.sites]`, `[colours.plans]` | the theme's |\n\n\
         ## The file\n\n```toml\n{}```\n\n## Themes\n\n{}\n\
         The contrast is WCAG 2's, of every text with its ground; the distance is that between the colours of ok, warn, bad and unknown\nin CIE Lab \
         (1976), the least of eyes with all cones and of simulated protanopia, deuteranopia and tritanopia. A theme's file states \
         both\nunder `[promises]`, and a test holds them.\n\n## Themes of your own\n\nA theme is a TOML file like those under [themes](../themes): the \
         colours of its background and text, and a style for each role. Put it\ninto the folder `themes` beside the settings file and name it \
         with `theme`, or give its path to `--theme`. While a console is open, its\ntheme file is read again when it changes; a file with a \
         fault changes nothing, and the screen says what is wrong.\n\nWhere the terminal does not say `COLORTERM=truecolor`, colours become \
         the nearest of its 256 or 16; a terminal of sixteen colours gets\nthe theme `ansi` unless another one is chosen. State is never told by \
         colour alone.\n\n## What is kept of the view\n\nBorders that were moved with keys are where they were left in the next run: they \
         are kept in the file that `lifeboat paths` calls\n`view`. `even` (the key `=`) puts them back; the file can be deleted at any time.\n",
        default_settings(),
        themes_table()
    ));
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::PRESETS;

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
        assert!(lines.contains(&"plain auto default".to_owned()), "{text}");
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
        for known in KNOWN.iter().filter(|known| known.in_file && known.name != "operator") {
            assert_eq!(settings.value(known.name).as_deref(), Some(known.default), "{}", known.name);
        }
        assert!(PRESETS.iter().map(|(name, ..)| *name).eq(crate::config::PRESET_NAMES.iter().copied()));
        let mut keymap = Keymap::default();
        for (action, bound) in &settings.keys {
            keymap.bind(action, &bound.keys.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        }
        for action in Action::ALL {
            assert!(Keymap::default().keys(*action).eq(keymap.keys(*action)), "{}", action.name());
        }
    }
}
