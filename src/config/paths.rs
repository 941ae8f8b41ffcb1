//! Where lifeboat keeps its files: the XDG base directories, or one folder named by `LIFEBOAT_HOME`.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use etcetera::base_strategy::Xdg;

/// The folders and files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Journals of incidents and exercises.
    pub data: PathBuf,
    /// The settings file; need not exist.
    pub settings: PathBuf,
    /// The log.
    pub log: PathBuf,
    /// What is kept of the view from one run to the next: the borders that were moved.
    pub view: PathBuf,
}

/// There is no home directory, and nothing names another place.
#[derive(Debug, thiserror::Error)]
#[error("there is no home directory to keep journals in: set LIFEBOAT_HOME to a folder")]
pub struct NoHome;

impl Paths {
    /// The paths for this user. `home` is the value of `LIFEBOAT_HOME`.
    ///
    /// # Errors
    /// [`NoHome`].
    pub fn find(home: Option<&Path>) -> Result<Self, NoHome> {
        if let Some(home) = home {
            return Ok(Self {
                data: home.to_owned(),
                settings: home.join("config.toml"),
                log: home.join("lifeboat.log"),
                view: home.join("view.toml"),
            });
        }
        let xdg = Xdg::new().map_err(|_| NoHome)?;
        let state = xdg.state_dir().unwrap_or_else(|| xdg.data_dir());
        Ok(Self {
            data: xdg.data_dir().join("lifeboat"),
            settings: xdg.config_dir().join("lifeboat/config.toml"),
            log: state.join("lifeboat/lifeboat.log"),
            view: state.join("lifeboat/view.toml"),
        })
    }
}
