//! From a journal to a document.

use crate::journal::{FORMAT, Incident, Reading, Recorded};

use super::picture_style::Paper;
use super::{DrawPicture, Timeline, Zone, compile, csv, html, markdown, picture, png, verdict};

/// The JSON Schema of [`Format::Json`].
pub const SCHEMA_TEXT: &str = include_str!("../../assets/schemas/report-2.json");

/// What a report is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Markdown,
    /// For people: one file with the picture of the timeline in it.
    Html,
    /// For programs; its shape has the number [`super::SCHEMA`].
    Json,
    /// The timeline for spreadsheets.
    Csv,
    /// Where the recovery time went, for spreadsheets.
    CsvRto,
    /// The picture of the timeline.
    Svg(Paper),
    /// The objectives one by one, as JSON.
    Verdict,
    /// The same as JUnit.
    Junit,
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
    /// The picture cannot be drawn.
    #[error(transparent)]
    Picture(#[from] DrawPicture),
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
    render_in(reading, format, Zone::UTC)
}

/// The same with its times in a zone. JSON, verdict and JUnit are for programs and stay in UTC.
///
/// # Errors
/// [`RenderReport`] if the template cannot be filled in.
pub fn render_in(reading: &Reading, format: Format, zone: Zone) -> Result<String, RenderReport> {
    let document = compile::document(reading);
    let timeline = || Timeline::of(&Incident::of(&reading.events), None);
    match format {
        Format::Markdown => markdown::render(document, markdown::TEMPLATE, zone),
        Format::Html => html::render(document, &timeline(), html::TEMPLATE, zone),
        Format::Json => Ok(serde_json::to_string_pretty(&document)? + "\n"),
        Format::Csv => Ok(csv::timeline(&reading.events, zone)),
        Format::CsvRto => Ok(csv::breakdown(&document, zone)),
        Format::Svg(paper) => Ok(picture::svg(&document, &timeline(), paper, zone)),
        Format::Verdict => Ok(serde_json::to_string_pretty(&verdict::of(&document))? + "\n"),
        Format::Junit => Ok(verdict::junit(&document)),
    }
}

/// The report by a team's own template, which gets what [`Format::Json`] writes; escaped as HTML or else as Markdown.
///
/// # Errors
/// [`RenderReport`] if the template cannot be filled in.
pub fn render_template(reading: &Reading, template: &str, is_html: bool, zone: Zone) -> Result<String, RenderReport> {
    let document = compile::document(reading);
    if is_html {
        html::render(document, &Timeline::of(&Incident::of(&reading.events), None), template, zone)
    } else {
        markdown::render(document, template, zone)
    }
}

/// The picture of the timeline as PNG.
///
/// # Errors
/// [`RenderReport::Picture`] if it cannot be drawn.
pub fn render_png(reading: &Reading, paper: Paper, zone: Zone) -> Result<Vec<u8>, RenderReport> {
    let document = compile::document(reading);
    let svg = picture::svg(&document, &Timeline::of(&Incident::of(&reading.events), None), paper, zone);
    Ok(png::draw(&svg)?)
}
