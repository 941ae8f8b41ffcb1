//! Where things are kept, and what a person prefers: paths by the XDG rules, settings from a TOML file.
//!
//! Reads files and the environment; knows no network and no terminal.

mod paths;
mod settings;

pub use paths::{NoHome, Paths};
pub use settings::{Bound, ReadSettings, Settings};
