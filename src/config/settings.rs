//! The settings file: every key is optional, and an unknown one is a fault with the nearest name.

use std::collections::BTreeMap;
use std::path::Path;

use crate::document::{Document, Faults};

/// What a person prefers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Who sits at this console; recorded with every confirmation.
    pub operator: Option<String>,
    /// A shipped theme's name, or a theme file.
    pub theme: Option<String>,
    /// Keys by the name of the action that they stand for; they replace that action's own.
    pub keys: BTreeMap<String, Bound>,
}

/// The keys of one action.
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
        let mut settings = Self { operator: root.text("operator"), theme: root.text("theme"), keys: BTreeMap::new() };
        if let Some(keys) = root.table("keys") {
            for name in keys.keys() {
                let bound = keys.text_or_texts_at(&name).into_iter().map(|(key, _)| key).collect();
                let bound = Bound { keys: bound, line: keys.line(&name) };
                settings.keys.insert(name, bound);
            }
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
    fn a_file_that_is_not_there_is_no_settings() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Settings::read(&folder.path().join("none.toml")).unwrap(), Settings::default());
    }
}
