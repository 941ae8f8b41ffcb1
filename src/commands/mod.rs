//! Commands that only tell: keys, paths, settings, completions, manual. Everything in them is made from the code that it is about.

mod keys;
mod manual;
mod settings;

pub use keys::{keys, keys_page};
pub use manual::{completions, man};
pub use settings::{arguments, default_settings, paths, settings, settings_page, settings_schema};

/// What `lifeboat` alone says where there is no screen that could.
pub const WELCOME: &str = "\
lifeboat brings a workload on AWS back from backups after a disaster, one confirmed step at a time.

  lifeboat tabletop                  plays an exercise on a simulated AWS: no account, no network, no risk
  lifeboat live --plan FILE          watches and recovers the workload of a plan; --read-only cannot change anything
  lifeboat incidents, report ID      what happened, and its post-mortem
  lifeboat --help                    everything else

Without a command it opens the exercise region-outage: here it is, in lines.

";
