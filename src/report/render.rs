//! From a journal to a document.

use crate::journal::{FORMAT, Reading, Recorded};

use super::{compile, markdown};

/// What a report is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Markdown,
    /// For programs; its shape has the number [`super::SCHEMA`].
    Json,
}

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RenderReport {
    /// The template does not fit the report.
    #[error("the report's template could not be filled in")]
    Template(#[from] minijinja::Error),
    /// The report cannot be written as JSON.
    #[error("the report could not be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// The report of these events, taken to be all of a whole journal.
///
/// # Errors
/// [`RenderReport`] if the template cannot be filled in.
pub fn render(events: &[Recorded], format: Format) -> Result<String, RenderReport> {
    render_reading(&Reading { events: events.to_vec(), damage: None, format: FORMAT }, format)
}

/// The report of a journal as far as it could be read; its damage is told.
///
/// # Errors
/// [`RenderReport`] if the template cannot be filled in.
pub fn render_reading(reading: &Reading, format: Format) -> Result<String, RenderReport> {
    let document = compile::document(reading);
    match format {
        Format::Markdown => markdown::render(&document),
        Format::Json => Ok(serde_json::to_string_pretty(&document)? + "\n"),
    }
}
