//! Commands that only tell: keys, paths, settings, completions, manual. Everything in them is made from the code that it is about.

mod keys;
mod manual;
mod settings;

pub use keys::{keys, keys_page};
pub use manual::{completions, man};
pub use settings::{arguments, default_settings, paths, settings, settings_page};
