//! Reports: functions of a journal's events alone, the same bytes each time.
//!
//! Durations, the timeline, and documents made of them. Knows the journal and the domain; must not ask the cloud, nor what time
//! it is, nor know the screen.

mod brief;
mod compile;
mod csv;
mod document;
mod durations;
mod forecast;
mod history;
mod history_picture;
mod html;
mod links;
mod list;
mod log;
mod markdown;
mod picture;
mod picture_style;
mod png;
mod questions;
mod redact;
mod render;
mod score;
mod sides;
mod timeline;
mod verdict;
mod waits;
mod xml;
mod zone;

pub use brief::brief;
pub use document::SCHEMA;
pub use durations::{DataLoss, Durations, Measured, Span};
pub use forecast::{Expectations, Forecast};
pub use history::{Group, History, Run, Spread, compare, expectations, history};
pub use history_picture::history_svg;
pub use list::list;
pub use log::{amendment, facilitation, sentence};
pub use picture_style::Paper;
pub use png::DrawPicture;
pub use redact::redacted;
pub use render::{Format, RenderReport, SCHEMA_TEXT, render, render_in, render_png, render_reading, render_template};
pub use score::{Earlier, Line, Score};
pub use sides::side_by_side;
pub use timeline::{AttemptBar, StepBar, Timeline, WorkBar};
pub use waits::{Spent, spent};
pub use zone::{NoSuchZone, Zone};
