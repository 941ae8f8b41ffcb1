//! How it is looked at: frozen, masked, divided, jumped through, copied and linked, with the mouse or without. Nothing here is about the
//! world, and nothing here can change it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::act::is_list;
use super::app::{App, Frozen};
use super::jumps::Place;
use super::overlays::{Copies, Link, Overlay};
use super::panes::{self, Look};
use super::{Action, Pane, Request, format};
use crate::domain::StepId;
use crate::journal::Event;
use crate::plan::Step;
use crate::store::{NoticeLevel, State};

impl App {
    /// Goes to a pane and remembers where it came from.
    pub(super) fn jump(&mut self, pane: Pane) {
        let here = self.here();
        if here.pane != pane {
            self.jumps.leave(here);
        }
        self.focus_on(pane);
    }

    fn here(&self) -> Place {
        let row = match self.focus {
            Pane::Wizard => self.wizard.chosen.as_ref().map(ToString::to_string),
            pane => self.views[pane.digit() - 1].selected().map(str::to_owned),
        };
        Place { pane: self.focus, row }
    }

    /// To the place before the last jump, or to the one that was left by going back.
    pub(super) fn go_back(&mut self, back: bool) {
        let here = self.here();
        let to = if back { self.jumps.back(here) } else { self.jumps.forward(here) };
        let Some(to) = to else {
            self.say(
                NoticeLevel::Info,
                if back { "There is no place before this one." } else { "There is no place after this one." },
            );
            return;
        };
        self.focus_on(to.pane);
        match (to.pane, to.row) {
            (Pane::Wizard, Some(step)) => self.wizard.choose(&StepId::new(step)),
            (_, Some(key)) => self.view().choose(&key),
            (_, None) => {}
        }
    }

    /// Holds the panes still, or lets them go on. The header and the message line go on in any case.
    pub(super) fn freeze(&mut self, state: &State, now: DateTime<Utc>) {
        self.frozen = match self.frozen.take() {
            Some(_) => None,
            None => Some(Arc::new(Frozen { state: state.clone(), now })),
        };
    }

    /// What the message line says while the panes are held still.
    pub(super) fn frozen_text(&self, state: &State, now: DateTime<Utc>) -> Option<String> {
        let held = self.frozen.as_ref()?;
        let newer = state.events.len().saturating_sub(held.state.events.len());
        let newer =
            if newer > 0 { format!(", {} since", format::count(newer, "new event", "new events")) } else { String::new() };
        let age = format::duration(now - held.now);
        let key = self.keymap.hint(Action::Freeze);
        Some(format!("‖ FROZEN at {}, {age} ago{newer}: {key} lets it go on", format::time(held.now)))
    }

    pub(super) fn turn_mouse(&mut self) -> Vec<Request> {
        self.mouse = !self.mouse;
        let text = match self.mouse {
            true => "The mouse chooses panes and rows now; with Shift most terminals still select text.",
            false => "The mouse is left to the terminal.",
        };
        self.say(NoticeLevel::Info, text);
        vec![Request::Mouse(self.mouse)]
    }

    /// What can be copied of what is chosen.
    pub(super) fn copy_as(&mut self, state: &State, now: DateTime<Utc>) {
        let copies = match self.focus {
            Pane::Wizard => self.wizard.step(state).map(|step| of_step(step, &self.look(state, now))),
            Pane::Timeline => Some(Copies::of(panes::timeline_copies(&self.look(state, now)))),
            _ => self.with_table(state, now, |table, view| view.chosen(table).map(|row| Copies::of_row(table, &row))),
        };
        match copies.filter(|copies| !copies.is_empty()) {
            Some(copies) => self.overlays.push(Overlay::Copies(copies)),
            None => self.say(NoticeLevel::Info, "Nothing is chosen that could be copied."),
        }
    }

    /// The page of what is chosen.
    pub(super) fn link(&mut self, state: &State, now: DateTime<Utc>) {
        if is_list(self.focus) {
            let found = self.chosen(state, now).map(|row| (row.copy, row.link));
            if let Some((name, url)) = found.filter(|(_, url)| !url.is_empty()) {
                self.overlays.push(Overlay::Link(Link::new(&name, &url)));
                return;
            }
        }
        self.say(NoticeLevel::Info, "The AWS console has no page for what is chosen.");
    }

    /// A click goes to the pane and the row under it, the wheel moves what is under it. No click answers a dialog.
    pub(super) fn on_mouse(&mut self, event: &MouseEvent, state: &State, now: DateTime<Utc>, real_now: Duration) -> Vec<Request> {
        let wheel = match event.kind {
            MouseEventKind::ScrollDown => Some(Action::Down),
            MouseEventKind::ScrollUp => Some(Action::Up),
            MouseEventKind::Down(MouseButton::Left) => None,
            _ => return Vec::new(),
        };
        if let Some(overlay) = self.overlays.last() {
            let reads = matches!(overlay, Overlay::Help(_) | Overlay::Detail(_) | Overlay::Copies(_) | Overlay::Palette(_));
            let Some(action) = wheel.filter(|_| reads) else { return Vec::new() };
            let code = if action == Action::Down { KeyCode::Down } else { KeyCode::Up };
            let key = crossterm::event::Event::Key(KeyEvent::new(code, KeyModifiers::NONE));
            return self.on_event(&key, state, now, real_now);
        }
        let at = Position::new(event.column, event.row);
        let Some(pane) = self.drawn.iter().find(|(_, area)| area.contains(at)).map(|(pane, _)| *pane) else { return Vec::new() };
        if pane != self.focus {
            self.jump(pane);
        }
        match (wheel, pane) {
            (Some(action), _) => return self.act(action, state, now, real_now),
            (None, Pane::Wizard) => {
                if let Some(step) = self.wizard.at_line(event.column, event.row) {
                    self.wizard.choose(&step);
                }
            }
            (None, _) => {
                let key = self.view().drawn.iter().find(|(y, _)| *y == event.row).map(|(_, key)| key.clone());
                if let Some(key) = key {
                    self.view().choose(&key);
                }
            }
        }
        Vec::new()
    }
}

/// The forms of a step.
fn of_step(step: &Step, look: &Look<'_>) -> Copies {
    let (command, parameters) = panes::call_of(step, look).unwrap_or_default();
    let text: Vec<String> = panes::step_text(step, look)
        .lines(100)
        .into_iter()
        .map(|runs| runs.into_iter().map(|(text, _)| text).collect())
        .collect();
    let ended = look.state.events.iter().rev().find_map(|recorded| match &recorded.event {
        Event::StepEnded(ended) if ended.step == step.id && !ended.outputs.is_empty() => Some(&ended.outputs),
        _ => None,
    });
    let outputs = ended.and_then(|outputs| serde_json::to_string(outputs).ok());
    Copies::of(vec![
        ("AWS CLI command", command),
        ("parameters as JSON", parameters),
        ("outputs as JSON", outputs.unwrap_or_default()),
        ("step as text", text.join("\n").trim().to_owned()),
        ("name", step.id.to_string()),
    ])
}
