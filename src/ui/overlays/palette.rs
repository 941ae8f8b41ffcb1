//! Anything by name: every action that is possible now, every pane, every step, found by letters in their order.

use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::frame::{Edge, boxed};
use super::{Outcome, Press};
use crate::domain::StepId;
use crate::ui::commands::Command;
use crate::ui::panes::Look;
use crate::ui::widgets::{Field, Runs, draw_field, edit, fuzzy, mark_chosen, put, row, write};
use crate::ui::{Action, Role, format, words};

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Do this.
    Do(Action),
    /// Go to this step.
    Go(StepId),
}

/// The open palette.
#[derive(Debug, Clone)]
pub struct Palette {
    entries: Vec<(Target, String, String)>,
    field: Field,
    at: usize,
}

impl Palette {
    /// A palette over these commands and the plan's steps.
    pub fn new(commands: &[Command], look: &Look<'_>) -> Self {
        let mut entries: Vec<(Target, String, String)> = commands
            .iter()
            .filter(|command| command.action != Action::Palette)
            .map(|command| (Target::Do(command.action), command.action.name().to_owned(), command.action.about().to_owned()))
            .collect();
        entries.extend(look.state.plan.steps.iter().map(|step| {
            let word = words::of_step(look.state, step);
            (Target::Go(step.id.clone()), format!("step {}", step.id), format!("{} {}: {}", word.glyph, word.word, step.title))
        }));
        Self { entries, field: Field::default(), at: 0 }
    }

    fn found(&self) -> Vec<&(Target, String, String)> {
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
        let inner = boxed("Find anything by name", Edge::Single, (88, area.height.min(24)), look, area, buf);
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
            put(buf, list, "Nothing of that name is possible here and now.", look.theme.style(Role::Muted));
            return cursor;
        }
        let at = self.at.min(found.len() - 1);
        let first = (at + 1).saturating_sub(usize::from(list.height));
        for (n, (target, name, about)) in found.iter().enumerate().skip(first).take(usize::from(list.height)) {
            let place = row(list, u16::try_from(n - first).unwrap_or(u16::MAX));
            let key = match target {
                Target::Do(action) => look.keymap.keys(*action).next().map(|key| key.to_string()).unwrap_or_default(),
                Target::Go(_) => String::new(),
            };
            let runs: Runs = vec![
                (format::fit(&format::clean(name), 24, false), Role::Heading),
                (format::fit(&key, 10, false), Role::Key),
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
