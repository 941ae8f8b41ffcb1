//! What of the chosen row can be copied, in every form that somebody may need it in: a cell, the row as text or JSON, its ARN, the AWS CLI
//! command, its page in the AWS console.

use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::frame::{Edge, boxed};
use super::{Outcome, Press};
use crate::ui::panes::Look;
use crate::ui::widgets::{Row, Runs, Table, mark_chosen, put, row, write};
use crate::ui::{Action, Request, Role, format};

/// The open list.
#[derive(Debug, Clone)]
pub struct Copies {
    entries: Vec<(String, String)>,
    at: usize,
}

impl Copies {
    /// The forms of a row of a table, the longest lived first.
    pub fn of_row(table: &Table<'_>, row: &Row) -> Self {
        let mut entries = Vec::new();
        let mut add = |label: &str, text: &str| {
            if !text.trim().is_empty() {
                entries.push((label.to_owned(), text.to_owned()));
            }
        };
        add(if row.copy.starts_with("arn:") { "ARN" } else { "name" }, &row.copy);
        add("row as text", &text_of(row));
        add("row as JSON", &json_of(table, row));
        add("AWS CLI command", &row.command);
        add("AWS console page", &row.link);
        for (column, (text, _)) in table.columns.iter().zip(&row.cells) {
            add(&format!("cell: {}", column.title), text.trim());
        }
        Self { entries, at: 0 }
    }

    /// These texts by their labels; empty ones are left out.
    pub fn of(entries: Vec<(&str, String)>) -> Self {
        let kept = entries.into_iter().filter(|(_, text)| !text.trim().is_empty());
        Self { entries: kept.map(|(label, text)| (label.to_owned(), text)).collect(), at: 0 }
    }

    /// Is there nothing to copy?
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn on_key(&mut self, press: Press, look: &Look<'_>) -> Outcome {
        let last = self.entries.len().saturating_sub(1);
        match (look.keymap.action(press.key), press.key.code()) {
            (Some(Action::Down), _) | (_, KeyCode::Down | KeyCode::Tab) => self.at = (self.at + 1).min(last),
            (Some(Action::Up), _) | (_, KeyCode::Up) => self.at = self.at.saturating_sub(1),
            (Some(Action::First), _) => self.at = 0,
            (Some(Action::Last), _) => self.at = last,
            (Some(Action::Open | Action::Copy), _) | (_, KeyCode::Enter) => {
                let copied = self.entries.get(self.at).map(|(_, text)| Request::Copy(text.clone()));
                return Outcome::Ask(copied.into_iter().collect());
            }
            (Some(Action::Dismiss | Action::Quit), _) | (_, KeyCode::Esc) => return Outcome::Close,
            _ => {}
        }
        Outcome::Stay
    }

    pub(super) fn draw(&mut self, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let height = u16::try_from(self.entries.len()).unwrap_or(u16::MAX).saturating_add(4).min(area.height);
        let inner = boxed("Copy", Edge::Single, (100.min(area.width), height), look, area, buf);
        if inner.height < 3 {
            return None;
        }
        let list = Rect { height: inner.height - 2, ..inner };
        let first = (self.at + 1).saturating_sub(usize::from(list.height));
        for (n, (label, text)) in self.entries.iter().enumerate().skip(first).take(usize::from(list.height)) {
            let place = row(list, u16::try_from(n - first).unwrap_or(u16::MAX));
            let room = usize::from(place.width).saturating_sub(22);
            let runs: Runs =
                vec![(format::fit(label, 20, false), Role::Heading), (format::middle(&format::clean(text), room), Role::Code)];
            write(buf, Rect { x: place.x + 2, width: place.width.saturating_sub(2), ..place }, &runs, look.theme);
            if n == self.at {
                mark_chosen(place, true, buf, look.theme);
            }
        }
        let keys = format!("{} copy   {} back", look.key(Action::Open), look.key(Action::Dismiss));
        put(buf, row(inner, inner.height - 1), &keys, look.theme.style(Role::Muted));
        None
    }
}

fn text_of(row: &Row) -> String {
    let cells: Vec<&str> = row.cells.iter().map(|(text, _)| text.trim()).filter(|text| !text.is_empty()).collect();
    cells.join("  ")
}

/// The cells by their heads, then what a filter knows besides, then the ARN.
fn json_of(table: &Table<'_>, row: &Row) -> String {
    let mut object = serde_json::Map::new();
    for (column, (text, _)) in table.columns.iter().zip(&row.cells) {
        object.insert(column.title.to_owned(), text.trim().into());
    }
    for (name, value) in &row.fields {
        // The field has the value as AWS has it, where the cell has it as people read it.
        object.insert((*name).to_owned(), value.as_str().into());
    }
    if row.copy.starts_with("arn:") {
        object.insert("arn".to_owned(), row.copy.as_str().into());
    }
    serde_json::Value::Object(object).to_string()
}
