//! What the panes of the full screen show, as lines: rows that pass a filter, a row in full, the log, the timeline, a metric's points.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::domain::{MetricPoint, SiteName};
use crate::store::State;
use crate::ui::ledger::Ledgers;
use crate::ui::lists::Lists;
use crate::ui::panes::{self, Look};
use crate::ui::widgets::{Doc, Filter, ListView, Row, Shown};
use crate::ui::{Keymap, Pane, Theme, format};

/// Columns of a line of text; serial lines have eighty.
const WIDTH: usize = 78;
/// How many events the log tells where no filter asks for more.
const LAST: usize = 20;
/// How many found rows are told.
const FOUND: usize = 500;
/// How many points of a metric are told.
const POINTS: usize = 15;

/// Everything that the panes need to be read, without a screen.
pub(super) struct Reader {
    theme: Theme,
    keymap: Keymap,
    ledgers: Ledgers,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self { theme: Theme::mono(), keymap: Keymap::default(), ledgers: Ledgers::default() }
    }

    fn look<'a>(&'a self, state: &'a State, now: DateTime<Utc>) -> Look<'a> {
        Look { state, now, theme: &self.theme, keymap: &self.keymap, masked: false, ledgers: &self.ledgers }
    }

    /// Does something with the rows of a pane, those under a row too.
    fn with_rows<R>(&self, pane: Pane, state: &State, now: DateTime<Utc>, act: impl FnOnce(&Shown<'_>) -> R) -> R {
        let (look, lists, mut view) = (self.look(state, now), Lists::of(state), ListView::default());
        let folded = panes::listing(pane, &look, &view, &lists).table;
        let keys: Vec<String> = view.shown(&folded).rows().map(|row| row.key.clone()).collect();
        view.unfolded.extend(keys.into_iter().filter(|_| pane == Pane::RecoveryPoints));
        let table = panes::listing(pane, &look, &view, &lists).table;
        act(&view.shown(&table))
    }

    /// The rows that pass, and how many do not.
    pub(super) fn find(&self, text: &str, state: &State, now: DateTime<Utc>) -> Result<Vec<String>, String> {
        let filter = Filter::parse(text);
        if let Some(fault) = filter.fault() {
            return Err(format!("{fault}."));
        }
        let (mut lines, mut found, mut hidden) = (Vec::new(), 0, 0);
        for pane in [Pane::Alarms, Pane::Health, Pane::RecoveryPoints] {
            self.with_rows(pane, state, now, |rows| {
                for row in rows.rows() {
                    if !filter.passes(&row) {
                        hidden += 1;
                        continue;
                    }
                    found += 1;
                    if lines.len() < FOUND {
                        lines.push(format!("{}: {}", pane.title(), text_of(&row)));
                    }
                }
            });
        }
        if found > lines.len() {
            lines.push(format!("… and {} more: a narrower filter tells them", found - lines.len()));
        }
        lines.push(format!("{}; {hidden} hidden by the filter", format::count(found, "row", "rows")));
        Ok(lines)
    }

    /// The last events, or all that pass a filter.
    pub(super) fn log(&self, text: &str, state: &State, now: DateTime<Utc>) -> Vec<String> {
        let filter = Filter::parse(text);
        let (all, mut lines) = self.with_rows(Pane::Log, state, now, |rows| {
            let found: Vec<String> = rows.rows().filter(|row| filter.passes(row)).map(|row| text_of(&row)).collect();
            let from = if filter.is_empty() { found.len().saturating_sub(LAST) } else { 0 };
            (rows.len(), found[from..].to_vec())
        });
        if all == 0 {
            return vec!["Nothing is recorded yet.".to_owned()];
        }
        let hidden = all - lines.len();
        if hidden > 0 {
            lines.push(format!("{} not told here", format::count(hidden, "event is", "events are")));
        }
        lines
    }

    /// Everything that is known about the first row of this name or ARN, in whatever pane it is.
    pub(super) fn open(&self, name: &str, state: &State, now: DateTime<Utc>) -> Result<Vec<String>, String> {
        let name = name.trim();
        for pane in [Pane::Alarms, Pane::Health, Pane::RecoveryPoints, Pane::Log] {
            let is = |row: &Row| row.copy == name || row.key == name || row.fields.iter().any(|(_, value)| value == name);
            let found = self.with_rows(pane, state, now, |rows| rows.rows().find(|row| is(row)).map(Cow::into_owned));
            let Some(row) = found else { continue };
            let Some(doc) = panes::detail(pane, &row.key, &self.look(state, now), WIDTH) else { continue };
            let mut lines = text(&doc);
            for (label, text) in [("reads it", &row.command), ("AWS console", &row.link)] {
                if !text.is_empty() {
                    lines.push(format!("{label}: {text}"));
                }
            }
            return Ok(lines);
        }
        Err(format!("nothing has the name {name}; find WORD lists what there is."))
    }

    /// The four durations, the moments and the steps.
    pub(super) fn timeline(&self, state: &State, now: DateTime<Utc>) -> Vec<String> {
        let copies = panes::timeline_copies(&self.look(state, now));
        let lines: Vec<String> = copies
            .into_iter()
            .filter(|(label, text)| label.ends_with("as text") && !text.is_empty())
            .flat_map(|(_, text)| text.split(['\n', ',']).map(|line| line.trim().to_owned()).collect::<Vec<_>>())
            .collect();
        if lines.is_empty() { vec!["No impact is known yet: no time has been counted.".to_owned()] } else { lines }
    }

    /// The call of a step as a command.
    pub(super) fn command(&self, step: &crate::plan::Step, state: &State, now: DateTime<Utc>) -> Result<Vec<String>, String> {
        let command = panes::command_of(step, &self.look(state, now));
        command.map(|command| vec![command]).ok_or_else(|| format!("{} has no call yet; step {} prepares it.", step.id, step.id))
    }
}

fn text_of(row: &Row) -> String {
    let cells: Vec<&str> = row.cells.iter().map(|(text, _)| text.trim()).filter(|text| !text.is_empty()).collect();
    cells.join("  ")
}

fn text(doc: &Doc) -> Vec<String> {
    let lines = doc.lines(WIDTH).into_iter().map(|runs| runs.into_iter().map(|(text, _)| text).collect::<String>());
    lines.map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// The site and the name of the metric alarm that is meant.
pub(super) fn alarm(name: &str, state: &State) -> Result<(SiteName, String), String> {
    let name = name.trim();
    // An ARN ends with the name.
    let short = name.split_once(":alarm:").map_or(name, |(_, short)| short);
    let mut alarms = state.alarms.values().filter_map(|source| source.data.as_ref()?.get(short));
    let found = alarms.find(|alarm| alarm.name == name || alarm.arn == name);
    let alarm = found.ok_or_else(|| format!("there is no alarm {name}; alarms and find list them."))?;
    if alarm.metric.is_none() {
        return Err(format!("{name} has no metric of its own."));
    }
    Ok((alarm.site.clone(), alarm.name.clone()))
}

/// A metric's last points, and its range.
pub(super) fn graph(name: &str, points: &[MetricPoint]) -> Vec<String> {
    let known = || points.iter().map(|point| point.value).filter(|value| value.is_finite());
    let (Some(least), Some(most)) = (known().reduce(f64::min), known().reduce(f64::max)) else {
        return vec![format!("{name}: the metric has no datapoints in this time, which is no all-clear.")];
    };
    let (least, most) = (format::number(least), format::number(most));
    let mut lines = vec![format!("{name}: {} datapoints from {least} to {most}; the last ones:", points.len())];
    let last = points.iter().rev().take(POINTS).rev();
    lines.extend(last.map(|point| format!("  {} UTC  {}", format::time(point.at), format::number(point.value))));
    lines
}
