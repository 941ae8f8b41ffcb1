//! The settings file: every key is optional, and an unknown one is a fault with the nearest name.

use std::collections::BTreeMap;
use std::path::Path;

use super::known::{PLAIN, PRESETS, SYMBOLS};
use crate::document::{Document, Faults, Table};

/// What a person prefers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Who sits at this console; recorded with every confirmation.
    pub operator: Option<String>,
    /// A shipped theme's name, or a theme file.
    pub theme: Option<String>,
    /// What the terminal's font has.
    pub symbols: Option<&'static str>,
    /// Take the mouse from the start.
    pub mouse: Option<bool>,
    /// The keys to begin with.
    pub key_preset: Option<&'static str>,
    /// When lines are spoken instead of a screen.
    pub plain: Option<&'static str>,
    /// Keys by the name of the action that they stand for; they replace that action's own.
    pub keys: BTreeMap<String, Bound>,
    /// Colours by site.
    pub site_colours: BTreeMap<String, Bound>,
    /// Colours by plan.
    pub plan_colours: BTreeMap<String, Bound>,
}

impl Settings {
    /// The value of a setting as the file has it.
    pub fn value(&self, name: &str) -> Option<String> {
        match name {
            "operator" => self.operator.clone(),
            "theme" => self.theme.clone(),
            "symbols" => self.symbols.map(str::to_owned),
            "mouse" => self.mouse.map(|mouse| mouse.to_string()),
            "key-preset" => self.key_preset.map(str::to_owned),
            "plain" => self.plain.map(str::to_owned),
            _ => None,
        }
    }
}

/// The keys of one action, or the colour of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// As they are written.
    pub keys: Vec<String>,
    /// The line of the file that says so, from 1.
    pub line: usize,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadSettings {
    /// The file could not be read.
    #[error("cannot read the settings {path}")]
    Read {
        /// The file.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file has faults.
    #[error("{}", .faults.render(.text, false))]
    Faults {
        /// All of them.
        faults: Faults,
        /// The text that has them.
        text: String,
    },
}

impl Settings {
    /// Reads the file; a file that is not there is no settings.
    ///
    /// # Errors
    /// As [`ReadSettings`].
    pub fn read(path: &Path) -> Result<Self, ReadSettings> {
        let name = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(ReadSettings::Read { path: name, source }),
        };
        Self::parse(&name, &text).map_err(|faults| ReadSettings::Faults { faults, text })
    }

    /// Reads a text.
    ///
    /// # Errors
    /// All faults at once.
    pub fn parse(path: &str, text: &str) -> Result<Self, Faults> {
        let document = Document::parse(path, text)?;
        let faults = Faults::new();
        let root = document.root(&faults);
        let mut settings = Self {
            operator: root.text("operator"),
            theme: root.text("theme"),
            symbols: root.one_of("symbols", SYMBOLS),
            mouse: root.boolean("mouse"),
            key_preset: root.one_of("key-preset", PRESETS),
            plain: root.one_of("plain", PLAIN),
            ..Self::default()
        };
        let named = |table: &Table<'_>, into: &mut BTreeMap<String, Bound>| {
            for name in table.keys() {
                let bound = table.text_or_texts_at(&name).into_iter().map(|(text, _)| text).collect();
                into.insert(name.clone(), Bound { keys: bound, line: table.line(&name) });
            }
        };
        if let Some(keys) = root.table("keys") {
            named(&keys, &mut settings.keys);
        }
        if let Some(colours) = root.table("colours") {
            for (part, into) in [("sites", &mut settings.site_colours), ("plans", &mut settings.plan_colours)] {
                if let Some(table) = colours.table(part) {
                    named(&table, into);
                }
            }
            colours.finish();
        }
        root.finish();
        drop(root);
        faults.settle(Some(settings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_an_unknown_key_is_named() {
        let settings =
            Settings::parse("config.toml", "operator = \"Ana\"\n[keys]\nquit = [\"q\", \"ctrl-q\"]\nhelp = \"?\"\n").unwrap();
        assert_eq!(settings.operator.as_deref(), Some("Ana"));
        assert_eq!(settings.keys["quit"].keys, ["q", "ctrl-q"]);
        assert_eq!((settings.keys["help"].keys.as_slice(), settings.keys["help"].line), (&["?".to_owned()][..], 4));
        let faults = Settings::parse("config.toml", "oprator = \"Ana\"").unwrap_err().to_string();
        assert!(faults.contains("config.toml:1:1") && faults.contains("operator"), "{faults}");
    }

    #[test]
    fn choices_flags_and_colours_are_read_and_checked() {
        let text = "symbols = \"ascii\"\nmouse = true\nkey-preset = \"arrows\"\n[colours.sites]\nprimary = \"cyan\"\n[colours.plans]\nshop = \"#ff8800\"\n";
        let settings = Settings::parse("config.toml", text).unwrap();
        assert_eq!((settings.symbols, settings.mouse, settings.key_preset), (Some("ascii"), Some(true), Some("arrows")));
        assert_eq!(settings.site_colours["primary"].keys, ["cyan"]);
        assert_eq!((settings.plan_colours["shop"].keys[0].as_str(), settings.plan_colours["shop"].line), ("#ff8800", 7));
        for (text, words) in
            [("symbols = \"asci\"", "ascii"), ("mouse = \"yes\"", "mouse"), ("[colours.site]\nx = \"red\"", "sites")]
        {
            let faults = Settings::parse("config.toml", text).unwrap_err().render(text, false);
            assert!(faults.contains(words), "{faults}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_no_settings() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Settings::read(&folder.path().join("none.toml")).unwrap(), Settings::default());
    }
}
