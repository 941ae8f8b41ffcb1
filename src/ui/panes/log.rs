//! What happened and who did it, oldest first; it follows its end until the cursor leaves it.

use super::{Listing, Look};
use crate::journal::Event;
use crate::ui::widgets::{Column, Doc, Row, Sort, Table};
use crate::ui::{Role, format, words};

const COLUMNS: [Column; 4] = [
    Column::number("UTC", 8, 12, 9),
    Column::new("who", 8, 14, 6),
    Column::new("what happened", 20, usize::MAX, 10),
    Column::number("#", 3, 5, 1),
];

/// How many events are listed, the newest: each row is made anew for each frame, 10,000 of them took half a second on a busy machine,
/// and a frame is to take a tenth of one.
const MOST: usize = 1_000;

pub(super) fn listing<'a>(look: &Look<'a>) -> Listing<'a> {
    // What a facilitator notes is not for players. What the sources showed is in the panes, and in the journal for a replay; here it
    // would hide what people did.
    let told = |event: &Event| words::is_for_players(event) && !matches!(event, Event::Observed(_));
    let all: Vec<_> = look.state.events.iter().filter(|recorded| told(&recorded.event)).collect();
    let events = &all[all.len().saturating_sub(MOST)..];
    let older = (events.len() < all.len()).then(|| {
        let older = format::count(all.len() - events.len(), "older event", "older events");
        (Role::Muted, format!("{older} not listed here: `lifeboat report` has all."))
    });
    let rows = events.iter().map(|recorded| {
        let (role, text) = words::sentence(&recorded.event);
        let cells = vec![
            (format::brief(recorded.recorded_at, look.now), Role::Muted),
            (recorded.by.to_string(), Role::Muted),
            (text.clone(), role),
            (recorded.seq.to_string(), Role::Muted),
        ];
        let mut row = Row::new(recorded.seq.to_string(), cells)
            .field("who", recorded.by.to_string())
            .field("kind", recorded.event.kind())
            .copied(format!("{} {} {text}", format::date_time(recorded.recorded_at), recorded.by));
        row.sorts = vec![Sort::Text(recorded.by.to_string()), Sort::Text(recorded.event.kind())];
        row
    });
    let summary = vec![vec![(format::count(all.len(), "event", "events"), Role::Muted)]];
    Listing {
        table: Table { columns: COLUMNS.to_vec(), rows: rows.collect(), sorts: &["who", "kind"], tail: None },
        working: None,
        summary: if events.is_empty() { Vec::new() } else { summary },
        heard: Vec::new(),
        notes: look
            .state
            .journal_problem
            .iter()
            .map(|problem| (Role::Bad, format!("✗ NO JOURNAL: {problem}. Nothing can change AWS until it can be written.")))
            .chain(older)
            .collect(),
        empty: "Nothing is recorded yet.".to_owned(),
    }
}

pub(super) fn detail(key: &str, look: &Look<'_>) -> Option<Doc> {
    let recorded = look.state.events.iter().find(|recorded| recorded.seq.to_string() == key)?;
    let (role, text) = words::sentence(&recorded.event);
    let mut doc = Doc::new();
    doc.text(role, &text).gap();
    doc.field("recorded", Role::Text, &format!("{} UTC", format::date_time(recorded.recorded_at)));
    doc.field("by", Role::Text, recorded.by.as_str());
    doc.field("number", Role::Text, &recorded.seq.to_string());
    doc.heading("As it is in the journal");
    // Only what cannot be written as JSON has no text, and the journal holds nothing of that kind.
    doc.text(Role::Code, &serde_json::to_string_pretty(&recorded.event.to_json()).unwrap_or_default());
    Some(doc)
}
