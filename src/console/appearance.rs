//! Where the colours come from: a shipped theme, one of one's own by name, or a file, which is read again when it changes; and where
//! the borders of the panes are kept from one run to the next.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::ui::{BUILTIN, Depth, Role, Splits, Theme};

/// How often it is looked whether the file has changed.
const LOOK: Duration = Duration::from_secs(1);

/// What the screen's colours are made from.
#[derive(Debug)]
pub struct Appearance {
    name: String,
    file: Option<PathBuf>,
    depth: Depth,
    tints: Vec<(Role, String)>,
    colourless: bool,
    seen: Option<SystemTime>,
    ticks: Option<Interval>,
    view: Option<PathBuf>,
    kept: Splits,
}

impl Appearance {
    /// The theme of this name. `themes` is the folder with those of one's own; a name that ends in `.toml` is a file.
    ///
    /// # Errors
    /// There is no such theme: the sentence names those that there are.
    pub fn named(name: &str, themes: &Path, depth: Depth) -> Result<Self, String> {
        let own = themes.join(format!("{name}.toml"));
        let file = match () {
            () if name.ends_with(".toml") => Some(PathBuf::from(name)),
            () if own.exists() => Some(own),
            () if Theme::builtin(name).is_some() => None,
            () => {
                let shipped: Vec<&str> = BUILTIN.iter().map(|(name, _)| *name).collect();
                return Err(format!(
                    "shipped are {}; one of your own would be {}; or name a .toml file",
                    shipped.join(", "),
                    own.display()
                ));
            }
        };
        Ok(Self {
            name: name.to_owned(),
            file,
            depth,
            tints: Vec::new(),
            colourless: false,
            seen: None,
            ticks: None,
            view: None,
            kept: Splits::default(),
        })
    }

    /// No colour, whatever the theme is: selection and emphasis stay.
    #[must_use]
    pub fn without_colour(mut self, colourless: bool) -> Self {
        self.colourless = colourless;
        self
    }

    /// With a colour of its own for a role.
    #[must_use]
    pub fn tinted(mut self, role: Role, colour: &str) -> Self {
        self.tints.push((role, colour.to_owned()));
        self
    }

    /// With the borders that were moved in an earlier run, from the file that keeps them. A file that cannot be read is as good as none:
    /// the borders are then where they are for everybody.
    #[must_use]
    pub fn kept_in(mut self, view: PathBuf) -> Self {
        if let Ok(text) = std::fs::read_to_string(&view) {
            match Splits::read(&text) {
                Ok(splits) => self.kept = splits,
                Err(error) => tracing::warn!(file = %view.display(), %error, "the moved borders cannot be read"),
            }
        }
        self.view = Some(view);
        self
    }

    /// Where the borders were left.
    pub fn splits(&self) -> Splits {
        self.kept
    }

    /// Keeps the borders for the next run, if they were moved. What cannot be written is no reason to stop.
    pub fn keep(&mut self, splits: Splits) {
        if splits == self.kept {
            return;
        }
        self.kept = splits;
        let Some(view) = &self.view else { return };
        let text = format!("# Borders that were moved with keys, in percent; lifeboat writes this file.\n{}", splits.written());
        let aside = view.with_extension(format!("{}.tmp", std::process::id()));
        let folder = view.parent().map_or(Ok(()), std::fs::create_dir_all);
        let written = folder.and_then(|()| std::fs::write(&aside, text)).and_then(|()| std::fs::rename(&aside, view));
        if let Err(error) = written {
            tracing::warn!(file = %view.display(), %error, "the moved borders cannot be kept");
        }
    }

    /// Reads the theme.
    ///
    /// # Errors
    /// The file cannot be read, or is no theme, or a colour is none.
    pub fn theme(&mut self) -> Result<Theme, String> {
        if self.colourless {
            return Ok(Theme::mono());
        }
        let mut theme = match &self.file {
            Some(file) => {
                self.seen = changed_at(file);
                let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
                Theme::parse(&text).map_err(|error| format!("{}: {error}", file.display()))?
            }
            None => Theme::builtin(&self.name).unwrap_or_else(Theme::mono),
        };
        for (role, colour) in &self.tints {
            theme.tint(*role, colour).map_err(|error| error.to_string())?;
        }
        Ok(theme.in_colours_of(self.depth))
    }

    /// Waits until the theme's file has changed, and reads it; for ever where the theme is no file. May be dropped and called again.
    pub async fn changed(&mut self) -> Result<Theme, String> {
        let Some(file) = self.file.clone().filter(|_| !self.colourless) else { return std::future::pending().await };
        loop {
            let ticks = self.ticks.get_or_insert_with(|| {
                let mut ticks = interval(LOOK);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
                ticks
            });
            ticks.tick().await;
            // A file that is being replaced is gone for a moment.
            let at = changed_at(&file);
            if at.is_some() && at != self.seen {
                return self.theme();
            }
        }
    }
}

fn changed_at(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|found| found.modified()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn themes() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let dark = BUILTIN.iter().find(|(name, _)| *name == "dark").unwrap().1;
        std::fs::write(folder.path().join("mine.toml"), dark.replace("name = \"dark\"", "name = \"mine\"")).unwrap();
        folder
    }

    #[tokio::test]
    async fn a_theme_of_ones_own_is_found_by_name_and_read_again_when_it_changes() {
        let folder = themes();
        let mut appearance = Appearance::named("mine", folder.path(), Depth::Full).unwrap().tinted(Role::Plan, "#ff8800");
        assert_eq!(appearance.theme().unwrap().name, "mine");
        let file = folder.path().join("mine.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let later = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
        let write = |text: &str, after: u64| {
            std::fs::write(&file, text).unwrap();
            let file = std::fs::File::options().write(true).open(&file).unwrap();
            file.set_modified(later + Duration::from_secs(after)).unwrap();
        };
        write(&text.replace("#e8616c", "#ff0000"), 0);
        let theme = appearance.changed().await.unwrap();
        assert_eq!(theme.style(Role::Bad).fg, Some(ratatui::style::Color::Rgb(255, 0, 0)));
        assert!(theme.has_tint(Role::Plan));
        write("name = \"mine\"", 1);
        assert!(appearance.changed().await.unwrap_err().contains("mine.toml"));
        write(&text, 2);
        assert_eq!(appearance.changed().await.unwrap().name, "mine");
    }

    #[test]
    fn a_theme_that_is_not_there_is_told_with_those_that_are() {
        let folder = themes();
        let why = Appearance::named("drak", folder.path(), Depth::Full).unwrap_err();
        assert!(why.contains("dark, light") && why.contains("drak.toml"), "{why}");
        let mut mono = Appearance::named("light", folder.path(), Depth::Full).unwrap().without_colour(true);
        assert_eq!(mono.theme().unwrap().name, "mono");
    }
}
