//! What lies over the panes. The one on top sees keys first and lets none through. Whatever changes AWS or the incident's course
//! passes one of these: the dialog that asks for a yes, after the prompt that asks for a reason.

mod arming;
mod confirm;
mod copies;
mod detail;
mod frame;
mod help;
mod link;
mod palette;
mod prompt;

pub use arming::{ARM_AFTER, Arming, QUIET};
pub use confirm::{Confirm, Question};
pub use copies::Copies;
pub use detail::{Detail, WINDOWS};
pub use help::Help;
pub use link::Link;
pub use palette::{Palette, Target};
pub use prompt::{Asked, Prompt};
pub(super) use prompt::{moment_named, numbered, objections, role_named, time_of};

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::panes::Look;
use super::{Action, Key, Pane, Request};
use crate::domain::StepId;

/// One overlay.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// Asks for a yes.
    Confirm(Box<Confirm>),
    /// Asks for words.
    Prompt(Box<Prompt>),
    /// The keys.
    Help(Help),
    /// Anything by name.
    Palette(Palette),
    /// A row in full.
    Detail(Detail),
    /// What of a row can be copied.
    Copies(Copies),
    /// A page in the AWS console.
    Link(Link),
}

/// A key with the circumstances that make it a deliberate one or not.
#[derive(Debug, Clone, Copy)]
pub struct Press {
    /// The key.
    pub key: Key,
    /// Real time since the start.
    pub at: Duration,
    /// Does the terminal say that it is an auto-repeat?
    pub repeat: bool,
    /// The key before it, and when.
    pub before: Option<(Key, Duration)>,
}

/// What comes of a key.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The overlay stays.
    Stay,
    /// It closes.
    Close,
    /// It closes, and this is asked for.
    Ask(Vec<Request>),
    /// It closes, and another takes its place.
    Then(Box<Overlay>),
    /// It closes, and this action is done.
    Run(Action),
    /// It closes, and the wizard goes to this step.
    GoTo(StepId),
    /// It closes, and this row of this pane is chosen; without one, the pane.
    GoToRow(Pane, Option<String>),
    /// It stays, and this is asked for.
    Also(Vec<Request>),
}

impl Overlay {
    /// Takes a key.
    pub fn on_key(&mut self, press: Press, look: &Look<'_>) -> Outcome {
        match self {
            Self::Confirm(confirm) => confirm.on_key(press, look),
            Self::Prompt(prompt) => prompt.on_key(press, look),
            Self::Help(help) => help.on_key(press, look),
            Self::Palette(palette) => palette.on_key(press, look),
            Self::Detail(detail) => detail.on_key(press, look),
            Self::Copies(copies) => copies.on_key(press, look),
            Self::Link(link) => link.on_key(press, look),
        }
    }

    /// Takes pasted text: words where words are asked for, never a yes.
    pub fn on_paste(&mut self, text: &str) {
        match self {
            Self::Prompt(prompt) => prompt.on_paste(text),
            Self::Palette(palette) => palette.on_paste(text),
            Self::Confirm(confirm) => confirm.on_paste(),
            Self::Help(_) | Self::Detail(_) | Self::Copies(_) | Self::Link(_) => {}
        }
    }

    /// Draws it over the area; returns where the cursor is.
    pub fn draw(&mut self, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        match self {
            Self::Confirm(confirm) => confirm.draw(look, area, buf),
            Self::Prompt(prompt) => prompt.draw(look, area, buf),
            Self::Help(help) => help.draw(look, area, buf),
            Self::Palette(palette) => palette.draw(look, area, buf),
            Self::Detail(detail) => detail.draw(look, area, buf),
            Self::Copies(copies) => copies.draw(look, area, buf),
            Self::Link(link) => link.draw(look, area, buf),
        }
    }
}
