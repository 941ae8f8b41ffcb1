//! Incidents and exercises as a table for the terminal, real ones and exercises apart.

use chrono::TimeDelta;

use crate::domain::Mode;
use crate::journal::Summary;

use super::Durations;

/// One line an incident, newest first, exercises never among real ones.
pub fn list(summaries: &[Summary]) -> String {
    let mut text = String::new();
    for (mode, title) in [(Mode::Live, "INCIDENTS"), (Mode::Exercise, "EXERCISES")] {
        let mut rows: Vec<&Summary> = summaries.iter().filter(|summary| summary.mode == mode).collect();
        if rows.is_empty() {
            continue;
        }
        rows.sort_by(|a, b| b.opened_at.cmp(&a.opened_at).then_with(|| b.id.cmp(&a.id)));
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("{title}\n"));
        let header = ["id", "opened (UTC)", "plan", "recovery time", "of RTO", "state"].map(str::to_owned);
        let mut table = vec![header];
        table.extend(rows.into_iter().map(row));
        let widths: Vec<usize> =
            (0..6).map(|column| table.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()).collect();
        for row in table {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            text.push_str(&format!("  {}\n", cells.join("  ").trim_end()));
        }
    }
    text
}

fn row(summary: &Summary) -> [String; 6] {
    let durations = Durations::of(&summary.incident, None);
    let opened = summary.opened_at.map_or_else(|| "?".to_owned(), |at| at.format("%Y-%m-%d %H:%M:%S").to_string());
    let state = match &summary.damage {
        Some(damage) => format!("{} (damaged: {damage})", summary.state),
        None => summary.state.clone(),
    };
    [
        summary.id.to_string(),
        opened,
        summary.plan_name.clone(),
        durations.recovery_time.map_or_else(|| "-".to_owned(), length),
        length(durations.rto),
        state,
    ]
}

fn length(delta: TimeDelta) -> String {
    let secs = delta.num_seconds().max(0);
    match (secs / 3600, secs / 60 % 60, secs % 60) {
        (0, 0, secs) => format!("{secs} s"),
        (0, minutes, secs) => format!("{minutes}m {secs:02}s"),
        (hours, minutes, _) => format!("{hours}h {minutes:02}m"),
    }
}
