//! Reports: functions of a journal's events alone, the same bytes each time.
//!
//! Durations, the timeline, and documents made of them. Knows the journal and the domain; must not ask the cloud, nor what time
//! it is, nor know the screen.

mod compile;
mod document;
mod durations;
mod list;
mod log;
mod markdown;
mod questions;
mod render;
mod timeline;

pub use document::SCHEMA;
pub use durations::{DataLoss, Durations, Measured, Span};
pub use list::list;
pub use log::sentence;
pub use render::{Format, RenderReport, render, render_reading};
pub use timeline::{AttemptBar, Forecast, StepBar, Timeline, WorkBar};
