//! The report as one HTML file: no scripts, nothing fetched, light and dark by the reader's preference, fit to be printed.

use chrono::{DateTime, Utc};
use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Output, State, context};

use super::document::Document;
use super::markdown::{environment, finished, optional, values, words};
use super::picture_style::{Paper, variables};
use super::xml::escaped;
use super::{RenderReport, Timeline, Zone, picture};

/// The template that is built in.
pub(super) const TEMPLATE: &str = include_str!("../../assets/templates/report.html.j2");

/// Fills in a template. Beside the report it gets `picture`, the timeline as SVG, and `light` and `dark`, the colours as CSS.
pub(super) fn render(document: Document, timeline: &Timeline, template: &str, zone: Zone) -> Result<String, RenderReport> {
    let mut environment: Environment<'_> = environment()?;
    environment.set_formatter(write_escaped);
    environment.add_filter("at", move |value: Value| {
        optional(&value, |text| match text.parse::<DateTime<Utc>>() {
            Ok(at) => Value::from(zone.stamp(at)),
            Err(_) => Value::from(text.to_owned()),
        })
    });
    environment.add_filter("took", |value: Value| Value::from(i64::try_from(value).map_or_else(|_| "—".to_owned(), words)));
    environment.add_filter("code", |value: Value| {
        optional(&value, |text| Value::from_safe_string(format!("<code>{}</code>", escaped(text))))
    });
    let safe = |text: String| Value::from_safe_string(text);
    let context = context! {
        picture => safe(picture::svg(&document, timeline, Paper::Page, zone)),
        zone => zone.name(),
        light => safe(variables(Paper::Light)),
        dark => safe(variables(Paper::Dark)),
        ..values(document)
    };
    finished(environment.render_str(template, context)?)
}

/// Writes a value as text.
fn write_escaped(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    let text = match value.kind() {
        ValueKind::None | ValueKind::Undefined => "—".to_owned(),
        _ if value.is_safe() => value.to_string(),
        _ => escaped(&value.to_string()),
    };
    Ok(out.write_str(&text)?)
}
