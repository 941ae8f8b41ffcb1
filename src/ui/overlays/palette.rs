//! Anything by name: every action, pane, step, resource, alarm and Health event, found by letters in their order. What is not possible
//! here and now comes last and says so.

use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::frame::{Edge, boxed};
use super::{Outcome, Press};
use crate::domain::StepId;
use crate::ui::commands::Command;
use crate::ui::lists::Lists;
use crate::ui::panes::{self, Look};
use crate::ui::widgets::{Field, ListView, Row, Runs, draw_field, edit, fuzzy, mark_chosen, put, row, write};
use crate::ui::{Action, Pane, Role, format, words};

/// How many rows of a pane are offered, from the first on: the worst come first.
const MOST_ROWS: usize = 2_000;

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Do this.
    Do(Action),
    /// Go to this step.
    Go(StepId),
    /// Go to this pane, and to this row of it.
    Show(Pane, Option<String>),
}

/// What it stands for, its name, and a sentence.
type Entry = (Target, String, String);

/// A row of a list by its name: the cell that says the most about which one it is.
fn row_entry(pane: Pane, kind: &str, row: Row) -> Entry {
    let of = |wanted: &str| row.fields.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
    let name = of("name").or_else(|| of("resource")).or_else(|| of("service")).unwrap_or(&row.key);
    let state = row.cells.iter().map(|(text, _)| text.trim()).filter(|text| !text.is_empty() && !text.contains(name));
    let about: Vec<&str> = state.take(4).collect();
    (Target::Show(pane, Some(row.key.clone())), format!("{kind} {name}"), about.join("  "))
}

/// The open palette.
#[derive(Debug, Clone)]
pub struct Palette {
    entries: Vec<Entry>,
    field: Field,
    at: usize,
}

impl Palette {
    /// A palette over all actions, of which these commands are possible now, and over everything that has a name.
    pub fn new(commands: &[Command], look: &Look<'_>, lists: &Lists) -> Self {
        let possible = |action: &Action| commands.iter().any(|command| command.action == *action);
        let name = |action: Action| action.name().to_owned();
        let mut entries: Vec<Entry> = commands
            .iter()
            .filter(|command| command.action != Action::Palette)
            .map(|command| (Target::Do(command.action), name(command.action), command.action.about().to_owned()))
            .collect();
        entries.extend(
            Pane::ALL
                .into_iter()
                .map(|pane| (Target::Show(pane, None), format!("pane {}", pane.title()), format!("go to pane {}", pane.digit()))),
        );
        entries.extend(look.state.plan.steps.iter().map(|step| {
            let word = words::of_step(look.state, step);
            (Target::Go(step.id.clone()), format!("step {}", step.id), format!("{} {}: {}", word.glyph, word.word, step.title))
        }));
        for (pane, kind) in [(Pane::RecoveryPoints, "resource"), (Pane::Alarms, "alarm"), (Pane::Health, "event")] {
            let view = ListView::default();
            let table = panes::listing(pane, look, &view, lists).table;
            let rows = view.shown(&table);
            entries.extend(
                (0..rows.len().min(MOST_ROWS)).filter_map(|at| rows.row(at)).map(|row| row_entry(pane, kind, row.into_owned())),
            );
        }
        let rest = Action::ALL.iter().filter(|action| !possible(action) && **action != Action::Palette);
        entries.extend(rest.map(|action| (Target::Do(*action), name(*action), format!("(not now) {}", action.about()))));
        Self { entries, field: Field::default(), at: 0 }
    }

    fn found(&self) -> Vec<&Entry> {
        if self.field.is_blank() {
            return self.entries.iter().collect();
        }
        let mut scored: Vec<(u32, usize)> = self
            .entries
            .iter()
            .enumerate()
            .filter_map(|(i, (_, name, about))| {
                // A name counts for more than the sentence about it.
                let by_name = fuzzy(self.field.text(), name).map(|score| score * 4);
                by_name.or_else(|| fuzzy(self.field.text(), about)).map(|score| (score, i))
            })
            .collect();
        scored.sort_by_key(|(score, i)| (std::cmp::Reverse(*score), *i));
        scored.into_iter().map(|(_, i)| &self.entries[i]).collect()
    }

    pub(super) fn on_paste(&mut self, text: &str) {
        self.field.paste(text);
        self.at = 0;
    }

    pub(super) fn on_key(&mut self, press: Press, _look: &Look<'_>) -> Outcome {
        let last = self.found().len().saturating_sub(1);
        match (press.key.code(), press.key.is_control()) {
            (KeyCode::Esc, _) | (KeyCode::Char('c'), true) => return Outcome::Close,
            (KeyCode::Down | KeyCode::Tab, _) | (KeyCode::Char('n'), true) => self.at = (self.at + 1).min(last),
            (KeyCode::Up, _) | (KeyCode::Char('p'), true) => self.at = self.at.min(last).saturating_sub(1),
            (KeyCode::Enter, _) => {
                return match self.found().get(self.at.min(last)) {
                    Some((Target::Do(action), ..)) => Outcome::Run(*action),
                    Some((Target::Go(step), ..)) => Outcome::GoTo(step.clone()),
                    Some((Target::Show(pane, key), ..)) => Outcome::GoToRow(*pane, key.clone()),
                    None => Outcome::Stay,
                };
            }
            _ => {
                if edit(&mut self.field, press.key) {
                    self.at = 0;
                }
            }
        }
        Outcome::Stay
    }

    pub(super) fn draw(&mut self, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let inner = boxed("Find anything by name", Edge::Single, (96, area.height.min(24)), look, area, buf);
        if inner.height < 3 {
            return None;
        }
        put(buf, row(inner, 0), ":", look.theme.style(Role::Key));
        let cursor = draw_field(
            &self.field,
            Rect { x: inner.x + 2, width: inner.width.saturating_sub(2), ..row(inner, 0) },
            buf,
            look.theme,
        );
        let list = Rect { y: inner.y + 2, height: inner.height - 2, ..inner };
        let found = self.found();
        if found.is_empty() {
            put(
                buf,
                list,
                "Nothing has that name: no action, pane, step, resource, alarm or event.",
                look.theme.style(Role::Muted),
            );
            return cursor;
        }
        let at = self.at.min(found.len() - 1);
        let first = (at + 1).saturating_sub(usize::from(list.height));
        for (n, (target, name, about)) in found.iter().enumerate().skip(first).take(usize::from(list.height)) {
            let place = row(list, u16::try_from(n - first).unwrap_or(u16::MAX));
            let key = match target {
                Target::Do(action) => look.keymap.keys(*action).next().map(|key| key.to_string()).unwrap_or_default(),
                Target::Go(_) | Target::Show(..) => String::new(),
            };
            let runs: Runs = vec![
                (format::fit(&format::middle(&format::clean(name), 30), 31, false), Role::Heading),
                (format::fit(&key, 6, false), Role::Key),
                (format::clean(about), Role::Muted),
            ];
            write(buf, Rect { x: place.x + 2, width: place.width.saturating_sub(2), ..place }, &runs, look.theme);
            if n == at {
                mark_chosen(place, true, buf, look.theme);
            }
        }
        cursor
    }
}
