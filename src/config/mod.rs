//! Where things are kept, and what a person prefers: paths by the XDG rules, settings from a TOML file.
//!
//! Reads files and the environment; knows no network and no terminal.

mod known;
mod paths;
mod settings;

pub use known::{KNOWN, Kind, Known, PRESETS as PRESET_NAMES};
pub use paths::{NoHome, Paths};
pub use settings::{Bound, ReadSettings, Settings};
