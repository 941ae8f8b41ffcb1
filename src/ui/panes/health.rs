//! AWS Health events: open ones first; what AWS says about them, and when it was first seen here.

use super::{Listing, Look, heard};
use crate::domain::HealthEvent;
use crate::store::Freshness;
use crate::ui::widgets::{Column, Doc, Row, Runs, Sort, Table};
use crate::ui::{Role, format, links, together, words};

const COLUMNS: [Column; 7] = [
    Column::new("status", 8, 10, 10),
    Column::number("began", 8, 12, 8),
    Column::new("service", 7, 14, 7),
    Column::new("Region", 12, 14, 6),
    Column::name("event", 16, 60, 9),
    Column::number("ours", 4, 4, 4),
    Column::number("seen", 8, 12, 3),
];

pub(super) fn listing<'a>(look: &Look<'a>) -> Listing<'a> {
    let source = &look.state.health;
    let stale = matches!(source.freshness(look.now), Freshness::Stale(..));
    let mut events: Vec<&HealthEvent> = source.data.iter().flatten().collect();
    events.sort_by_key(|event| (!event.is_open(), std::cmp::Reverse(event.started_at), event.arn.clone()));
    let open = events.iter().filter(|event| event.is_open()).count();
    Listing {
        summary: if source.data.is_some() { summary(open, events.len() - open) } else { Vec::new() },
        heard: vec![heard("", source, look.now)],
        notes: Vec::new(),
        empty: "AWS Health tells of no event for the plan's services and Regions. It is told late: not an all-clear.".to_owned(),
        table: Table {
            columns: COLUMNS.to_vec(),
            rows: events.into_iter().map(|event| row(event, stale, look)).collect(),
            sorts: &["status", "began", "service", "Region"],
            tail: None,
        },
        working: None,
    }
}

fn summary(open: usize, closed: usize) -> Vec<Runs> {
    let mut runs = Runs::new();
    if open > 0 {
        runs.push((format!("▲ {open} open"), Role::Bad));
    }
    if closed > 0 {
        runs.push((format!("{}✓ {closed} closed", if runs.is_empty() { "" } else { "  " }), Role::Muted));
    }
    if runs.is_empty() {
        runs.push(("none told".to_owned(), Role::Muted));
    }
    vec![runs]
}

/// `AWS_S3_INCREASED_GET_API_ERROR_RATES` without what its service says already.
fn short_code(event: &HealthEvent) -> &str {
    let rest = event.type_code.strip_prefix("AWS_").unwrap_or(&event.type_code);
    rest.strip_prefix(event.service.as_str()).map_or(rest, |rest| rest.trim_start_matches('_'))
}

fn row(event: &HealthEvent, stale: bool, look: &Look<'_>) -> Row {
    let at = |time: Option<chrono::DateTime<chrono::Utc>>| {
        time.map_or_else(|| "unknown".to_owned(), |time| format::brief(time, look.now))
    };
    let touched = if event.entities.is_empty() { String::new() } else { event.entities.len().to_string() };
    let mut row = Row::new(
        event.arn.clone(),
        vec![
            words::of_health(event).cell(),
            (at(event.started_at), Role::Text),
            (event.service.clone(), Role::Heading),
            (event.region.to_string(), Role::Text),
            (short_code(event).to_owned(), Role::Text),
            (touched, Role::Warn),
            (at(event.first_seen_at), Role::Muted),
        ],
    )
    .field("status", event.status.clone())
    .field("service", event.service.clone())
    .field("region", event.region.to_string())
    .found_by(links::read_event(event), links::page(&event.arn).unwrap_or_default());
    row.also = format!("{} {}", event.type_code, event.description.clone().unwrap_or_default());
    row.stale = stale;
    row.sorts = vec![
        Sort::Number(i64::from(!event.is_open())),
        Sort::Number(-event.started_at.map_or(0, |at| at.timestamp())),
        Sort::Text(event.service.clone()),
        Sort::Text(event.region.to_string()),
    ];
    row
}

pub(super) fn detail(key: &str, look: &Look<'_>) -> Option<Doc> {
    let event = look.state.health.data.iter().flatten().find(|event| event.arn == key)?;
    let mut doc = Doc::new();
    let code = format!("  {} in {}", event.type_code, event.region);
    doc.line(vec![words::of_health(event).cell(), (code, Role::Heading)]);
    doc.gap();
    let text = event.description.as_deref().unwrap_or("AWS has not told more about it yet.");
    doc.text(Role::Text, text);
    doc.gap();
    let times = [
        ("began", event.started_at),
        ("first seen", event.first_seen_at),
        ("updated", event.updated_at),
        ("ended", event.ended_at),
    ];
    for (label, at) in times {
        if let Some(at) = at {
            doc.field(label, Role::Text, &format!("{} UTC, {} ago", format::date_time(at), format::duration(look.now - at)));
        }
    }
    if let (Some(began), Some(seen)) = (event.started_at, event.first_seen_at) {
        doc.field("told after", Role::Warn, &format::duration(seen - began));
    }
    doc.field("service", Role::Text, &event.service);
    doc.field("category", Role::Text, &event.category);
    doc.field("ARN", Role::Code, &event.arn);
    together::with_event(event, look.state, look.now, &mut doc);
    doc.heading("What of ours it touches");
    if event.entities.is_empty() {
        doc.text(Role::Muted, "AWS names no resource of this account. That is not a promise that none is touched.");
    }
    for entity in &event.entities {
        let role = if entity.status == "IMPAIRED" { Role::Bad } else { Role::Muted };
        doc.item(&format::fit(&entity.status, 10, false), role, Role::Code, &entity.value);
    }
    Some(doc)
}
