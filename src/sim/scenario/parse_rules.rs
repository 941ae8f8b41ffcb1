//! The `[score]` table of a scenario: what is expected of the players, and what would be a wrong turn. It is handed on as it is, in
//! the form in which journals keep it; nobody in this room weighs it.

use serde_json::{Value, json};

use super::reader::Table;
use crate::sim::members::{self, Members};

/// What a criterion counts that says nothing else.
const POINTS: i64 = 10;

/// The rules.
pub fn rules(table: &Table<'_>) -> Value {
    let criteria = |key| table.tables(key).iter().filter_map(criterion).collect::<Vec<_>>();
    json!({
        "objectives": table.boolean("objectives").unwrap_or(true),
        "signals": table.texts("signals"),
        "expect": criteria("expect"),
        "wrong": criteria("wrong"),
    })
}

fn criterion(table: &Table<'_>) -> Option<Value> {
    let (title, did) = (table.required("title"), table.required("did").and_then(|_| table.one_of("did")));
    let step = table.text("step");
    if step.is_some() && did.is_some_and(|did| !["started", "ended", "skipped"].contains(&did)) {
        table.fault("step", "`step` goes with `did` of started, ended or skipped", None);
    }
    let seconds = |key| table.duration(key).map(|span| span.num_seconds());
    let time = |key| table.time(key).map(members::stamp);
    let (from, until, data_from, data_until) = (seconds("from"), seconds("until"), time("data_from"), time("data_until"));
    let told = Members::new()
        .set("title", title?)
        .set("why", table.text("why").unwrap_or_default())
        .set("did", did?)
        .maybe("step", step)
        .set("mentions", table.texts("mentions"))
        .maybe("from", from)
        .maybe("until", until)
        .maybe("data_from", data_from)
        .maybe("data_until", data_until)
        .set("points", table.integer("points").unwrap_or(POINTS));
    Some(told.done())
}
