//! A row in full. It is made anew from the state with every frame, so what is read is what is known now.

use chrono::TimeDelta;
use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::frame::{Edge, boxed};
use super::{Outcome, Press};
use crate::domain::StepId;
use crate::report::brief;
use crate::ui::panes::{self, Look};
use crate::ui::widgets::{Doc, put, row, scroll_lines};
use crate::ui::{Action, Pane, Request, Role, format};

/// How long a time a metric's graph may show, in hours.
pub const WINDOWS: [i64; 5] = [1, 3, 12, 24, 24 * 7];

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Subject {
    Row(Pane, String),
    Step(StepId),
    Brief,
}

/// An open row.
#[derive(Debug, Clone)]
pub struct Detail {
    subject: Subject,
    copy: String,
    scroll: u16,
    /// Which of [`WINDOWS`] the graph of an alarm shows.
    window: usize,
}

impl Detail {
    /// Opens a row of a list.
    pub fn row(pane: Pane, key: &str, copy: &str) -> Self {
        Self { subject: Subject::Row(pane, key.to_owned()), copy: copy.to_owned(), scroll: 0, window: 0 }
    }

    /// Opens a step.
    pub fn step(id: &StepId) -> Self {
        Self { subject: Subject::Step(id.clone()), copy: id.to_string(), scroll: 0, window: 0 }
    }

    /// Opens the hand-over brief, whose text is copied as it is now.
    pub fn brief(text: &str) -> Self {
        Self { subject: Subject::Brief, copy: text.to_owned(), scroll: 0, window: 0 }
    }

    fn doc(&self, look: &Look<'_>, width: usize) -> Doc {
        let doc = match &self.subject {
            Subject::Row(pane, key) => panes::detail(*pane, key, look, width),
            Subject::Step(id) => look.state.plan.step(id).map(|step| panes::step_text(step, look)),
            Subject::Brief => {
                let mut doc = Doc::new();
                for line in brief(&look.state.incident, Some(look.now)).lines().skip(1) {
                    let role = if line.starts_with(' ') { Role::Text } else { Role::Heading };
                    doc.text(role, line);
                }
                Some(doc)
            }
        };
        doc.unwrap_or_else(|| {
            let mut gone = Doc::new();
            gone.text(Role::Warn, "This is no longer in AWS's last answer.");
            gone
        })
    }

    /// Is it a step that is read?
    pub fn is_of_a_step(&self) -> bool {
        matches!(self.subject, Subject::Step(_))
    }

    pub(super) fn on_key(&mut self, press: Press, look: &Look<'_>) -> Outcome {
        let action = look.keymap.action(press.key);
        match action {
            Some(Action::Down) => self.scroll = self.scroll.saturating_add(1),
            Some(Action::Up) => self.scroll = self.scroll.saturating_sub(1),
            Some(Action::PageDown) => self.scroll = self.scroll.saturating_add(10),
            Some(Action::PageUp) => self.scroll = self.scroll.saturating_sub(10),
            Some(Action::First) => self.scroll = 0,
            Some(Action::Last) => self.scroll = u16::MAX,
            Some(Action::Copy) => return Outcome::Also(vec![Request::Copy(self.copy.clone())]),
            Some(Action::Refresh) => return self.refresh(look),
            Some(action @ (Action::Wider | Action::Narrower)) if matches!(self.subject, Subject::Row(Pane::Alarms, _)) => {
                let last = self.window;
                self.window = if action == Action::Wider { last + 1 } else { last.saturating_sub(1) }.min(WINDOWS.len() - 1);
                return if self.window == last { Outcome::Stay } else { Outcome::Also(self.graph(look).into_iter().collect()) };
            }
            Some(Action::CopyCommand) => {
                if let Subject::Step(id) = &self.subject
                    && let Some(command) = look.state.plan.step(id).and_then(|step| panes::command_of(step, look))
                {
                    return Outcome::Also(vec![Request::Copy(command)]);
                }
            }
            Some(Action::Dismiss | Action::Quit | Action::Open) => return Outcome::Close,
            Some(action @ (Action::CopyAs | Action::Link | Action::Mask | Action::Freeze)) => return Outcome::Run(action),
            // What a step offers is done on the step that is read.
            Some(action) => {
                if let Subject::Step(id) = &self.subject
                    && let Some(step) = look.state.plan.step(id)
                    && panes::offers(look.state, step).iter().any(|offer| offer.action == action)
                {
                    return Outcome::Run(action);
                }
            }
            None if press.key.code() == KeyCode::Char(' ') => self.scroll = self.scroll.saturating_add(10),
            None => {}
        }
        Outcome::Stay
    }

    /// What fetches the metric over the chosen time.
    fn graph(&self, look: &Look<'_>) -> Option<Request> {
        let Subject::Row(Pane::Alarms, key) = &self.subject else { return None };
        let alarm = panes::alarm_of(key, look)?;
        Some(Request::Graph { site: alarm.site, alarm: alarm.name, window: TimeDelta::hours(WINDOWS[self.window]) })
    }

    fn refresh(&self, look: &Look<'_>) -> Outcome {
        match &self.subject {
            Subject::Row(Pane::Alarms, _) => {
                Outcome::Also(self.graph(look).into_iter().chain([Request::Refresh(Pane::Alarms)]).collect())
            }
            Subject::Row(pane, _) => Outcome::Also(vec![Request::Refresh(*pane)]),
            Subject::Step(_) => Outcome::Also(vec![Request::Refresh(Pane::Wizard)]),
            Subject::Brief => Outcome::Stay,
        }
    }

    pub(super) fn draw(&mut self, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let title = match &self.subject {
            Subject::Row(pane, _) => pane.title().to_owned(),
            Subject::Step(id) => format!("Step {id}"),
            Subject::Brief => "Hand-over brief".to_owned(),
        };
        let width = area.width.min(124);
        let lines = self.doc(look, usize::from(width.saturating_sub(4))).lines(usize::from(width.saturating_sub(4)));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(4).min(area.height);
        let inner = boxed(&title, Edge::Single, (width, height), look, area, buf);
        if inner.height < 3 {
            return None;
        }
        scroll_lines(&lines, &mut self.scroll, Rect { height: inner.height - 2, ..inner }, buf, look.theme);
        let window = match &self.subject {
            Subject::Row(Pane::Alarms, _) => {
                let time = format::duration(TimeDelta::hours(WINDOWS[self.window]));
                format!("{}/{} graph of {time}   ", look.key(Action::Narrower), look.key(Action::Wider))
            }
            _ => String::new(),
        };
        let keys = format!(
            "{} back   {window}{} copy   {} copy as…   {} AWS console   {}/{} scroll",
            look.key(Action::Dismiss),
            look.key(Action::Copy),
            look.key(Action::CopyAs),
            look.key(Action::Link),
            look.key(Action::Down),
            look.key(Action::Up)
        );
        put(buf, row(inner, inner.height - 1), &keys, look.theme.style(Role::Muted));
        None
    }
}
