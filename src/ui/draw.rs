//! One frame: header, panes, message, keys, and what lies over them. The same state, view and time give the same cells.

use chrono::{DateTime, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::app::App;
use super::commands::{Command, is_waiting_to_start};
use super::layout::{self, LEAST, Places};
use super::overlays::Overlay;
use super::panes::{self, Look};
use super::widgets::{Doc, Piece, Runs, Strip, draw_field, fill, put, row, scroll_lines};
use super::{Pane, Role, format, mask, symbols};
use crate::store::{Notice, NoticeLevel, State};

/// How long a message that is only good to know is shown, in seconds of real time.
const INFO_SHOWN_SECS: f64 = 20.0;

impl App {
    /// Draws the screen into the area; returns where the cursor is, if it is shown. Reads no clock and survives any size.
    pub fn draw(&mut self, state: &State, now: DateTime<Utc>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return None;
        }
        let cursor = self.draw_all(state, now, area, buf);
        if self.masked {
            mask::mask(buf, &mask::secrets(state));
        }
        symbols::reduce(buf, self.symbols);
        cursor
    }

    /// The link on the screen, and the cells that it is on: for terminals that can open links.
    pub fn link_drawn(&self, area: Rect, buf: &Buffer) -> Option<(String, Vec<Rect>)> {
        match self.overlays.last() {
            Some(Overlay::Link(link)) if !self.masked => Some((link.url().to_owned(), link.places(area, buf))),
            _ => None,
        }
    }

    fn draw_all(&mut self, state: &State, now: DateTime<Utc>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let (theme, keymap, held, ledgers) = (self.theme.clone(), self.keymap.clone(), self.frozen.clone(), self.ledgers.clone());
        let look = Look { state, now, theme: &theme, keymap: &keymap, masked: self.masked, ledgers: &ledgers };
        // Frozen panes show what was; header and message go on.
        let (then, at) = held.as_ref().map_or((state, now), |held| (&held.state, held.now));
        let shown = Look { state: then, now: at, ..look };
        fill(buf, area, " ", theme.ground());
        if area.width < LEAST.0 || area.height < LEAST.1 {
            draw_too_small(&look, area, buf);
            return None;
        }
        let message = self.message(state, now);
        let places = layout::divide(area, self.focus, self.zoomed, u16::from(message.is_some()), &self.splits);
        panes::draw_header(&look, places.header, buf);
        let mut cursor = None;
        if is_waiting_to_start(state) {
            panes::draw_start(&look, places.body, buf);
        } else {
            self.drawn.clone_from(&places.panes);
            cursor = self.draw_panes(&shown, &places, buf);
        }
        if let Some((level, text)) = message {
            draw_message(level, &text, &look, places.notice, buf);
        }
        // Under an overlay these keys do something else, which it says itself; a step that is read lets them through.
        let heard =
            self.overlays.last().is_none_or(|overlay| matches!(overlay, Overlay::Detail(detail) if detail.is_of_a_step()));
        if cursor.is_none() && heard {
            draw_footer(&self.commands(state), &look, places.footer, buf);
        }
        // Each overlay hides the ones under it; the header is never hidden.
        if let Some(overlay) = self.overlays.last_mut() {
            cursor = overlay.draw(&shown, places.body, buf);
        }
        cursor
    }

    /// What the operator should know now: a word of the screen itself, else of the console.
    fn message(&self, state: &State, now: DateTime<Utc>) -> Option<(NoticeLevel, String)> {
        let fresh = |at: DateTime<Utc>| {
            let exercise = state.exercise.as_ref().map(|exercise| exercise.speed);
            let speed = state.replay.as_ref().map(|replay| replay.speed).or(exercise).map_or(1.0, |speed| speed.max(1.0));
            (now - at).num_milliseconds() as f64 / 1000.0 < INFO_SHOWN_SECS * speed
        };
        // A warning stays until it is put away; what is only good to know goes by itself.
        let kept = |notice: &&Notice| notice.level == NoticeLevel::Warning || fresh(notice.at);
        let notice = state.notice.as_ref().filter(|notice| self.dismissed.as_ref() != Some(notice)).filter(kept);
        let said = self.flash.clone().or_else(|| notice.map(|notice| (notice.level, notice.text.clone())));
        match (self.frozen_text(state, now), said) {
            (Some(_), Some((_, said))) => Some((NoticeLevel::Warning, format!("‖ FROZEN  ·  {said}"))),
            (Some(frozen), None) => Some((NoticeLevel::Warning, frozen)),
            (None, said) => said,
        }
    }

    fn draw_panes(&mut self, look: &Look<'_>, places: &Places, buf: &mut Buffer) -> Option<Position> {
        for rule in &places.rules {
            fill(buf, *rule, "│", look.theme.style(Role::Border));
        }
        for (pane, area) in &places.panes {
            let focused = *pane == self.focus;
            match pane {
                Pane::Wizard => panes::draw_wizard(look, &mut self.wizard, focused, *area, buf),
                Pane::Timeline => panes::draw_timeline(look, &mut self.timeline_scroll, focused, *area, buf),
                _ => {
                    let shown = (&mut self.views[pane.digit() - 1], &self.lists);
                    panes::draw_listing(*pane, look, shown, focused, *area, buf);
                }
            }
        }
        if !self.filtering {
            return None;
        }
        // The filter is typed where the keys are named otherwise.
        let line = places.footer;
        fill(buf, line, " ", look.theme.ground());
        let x = put(buf, line, &format!(" filter {} / ", self.focus.title()), look.theme.style(Role::Key));
        let hint = "  enter keeps it   esc clears it";
        let room = line.right().saturating_sub(x);
        let hint_width = if room > 60 { u16::try_from(hint.len()).unwrap_or(0) } else { 0 };
        let field = Rect { x, width: room - hint_width, ..line };
        let cursor = draw_field(&self.view().filter, field, buf, look.theme);
        put(buf, Rect { x: field.right(), width: hint_width, ..line }, hint, look.theme.style(Role::Muted));
        cursor
    }
}

fn draw_message(level: NoticeLevel, text: &str, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let (glyph, role) = match level {
        NoticeLevel::Info => ("i", Role::Accent),
        NoticeLevel::Warning => ("!", Role::Warn),
    };
    fill(buf, row(area, 0), " ", look.theme.style(Role::Text));
    put(buf, row(area, 0), &format!(" {glyph} {}", format::clean(text)), look.theme.style(role));
}

fn draw_footer(commands: &[Command], look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let mut strip = Strip::new("  ", Role::Muted);
    let shown: Vec<&Command> = commands.iter().filter(|command| !command.label.is_empty()).collect();
    let count = u8::try_from(shown.len()).unwrap_or(u8::MAX);
    for (i, command) in shown.iter().enumerate() {
        let rank = u8::try_from(i).unwrap_or(u8::MAX);
        // The first ones are about what has the keys; help stays to the last, because it tells the others.
        let keep = if command.label == "keys" { u8::MAX } else { count.saturating_sub(rank) };
        let lead = if i == 0 { " " } else { "" };
        let runs: Runs =
            vec![(format!("{lead}{}", look.key(command.action)), Role::Key), (format!(" {}", command.label), Role::Muted)];
        strip.push(Piece::new(keep, runs));
    }
    strip.draw(area, buf, look.theme);
}

/// What is left on a screen that is too small: which world this is, that it is alive, and what would help.
fn draw_too_small(look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    panes::draw_banner(look, row(area, 0), buf);
    let mut doc = Doc::new();
    let (width, height) = LEAST;
    doc.text(Role::Warn, &format!("The screen is {}×{}; the console needs {width}×{height}.", area.width, area.height));
    doc.text(Role::Text, "It goes on in the meantime: make the window larger or the type smaller.");
    let running: Vec<String> = look.state.incident.running().map(|(id, _)| id.to_string()).collect();
    if !running.is_empty() {
        doc.text(Role::Running, &format!("◐ running: {}", running.join(", ")));
    }
    let rest = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let lines = doc.lines(usize::from(rest.width));
    scroll_lines(&lines, &mut 0, rest, buf, look.theme);
}
