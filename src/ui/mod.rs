//! The screen: keys in, requests out, and a picture of the state.

mod request;

pub use request::Request;

/// A pane, in the order of its digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pane {
    /// CloudWatch alarms.
    Alarms,
    /// AWS Health events.
    Health,
    /// What can be restored.
    RecoveryPoints,
    /// The durations and the steps as bars.
    Timeline,
    /// The steps, one by one.
    Wizard,
    /// What happened, who did it.
    Log,
}
