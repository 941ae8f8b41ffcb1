//! Reports: functions of a journal's events alone, the same bytes each time.
//!
//! Durations, the timeline, and documents made of them. Knows the journal and the domain; must not ask the cloud, nor what time
//! it is, nor know the screen.

mod durations;
mod timeline;

pub use durations::{DataLoss, Durations, Measured, Span};
pub use timeline::{AttemptBar, Forecast, StepBar, Timeline, WorkBar};
