//! The page of a resource in the AWS console: as a link for terminals that know them (OSC 8), and to copy for those that do not.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::frame::{Edge, boxed};
use super::{Outcome, Press};
use crate::domain::Mode;
use crate::ui::panes::Look;
use crate::ui::widgets::{Doc, put, row, scroll_lines};
use crate::ui::{Action, Request, Role, format};

/// An open link.
#[derive(Debug, Clone)]
pub struct Link {
    name: String,
    url: String,
}

impl Link {
    /// A link to the page of what has this name.
    pub fn new(name: &str, url: &str) -> Self {
        Self { name: name.to_owned(), url: url.to_owned() }
    }

    /// Where it leads.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn on_key(&mut self, press: Press, look: &Look<'_>) -> Outcome {
        match look.keymap.action(press.key) {
            Some(Action::Copy | Action::Open) => Outcome::Ask(vec![Request::Copy(self.url.clone())]),
            Some(Action::Dismiss | Action::Quit | Action::Link) => Outcome::Close,
            _ => Outcome::Stay,
        }
    }

    pub(super) fn draw(&mut self, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let width = area.width.min(124);
        let mut doc = Doc::new();
        doc.text(Role::Heading, &format::clean(&self.name)).gap();
        for line in self.lines(width) {
            doc.line(vec![(line, Role::Code)]);
        }
        doc.gap();
        if look.state.mode == Mode::Exercise {
            doc.text(Role::Warn, "! This resource is simulated: the page of a real one would be here.");
        }
        doc.text(Role::Muted, "The browser has to be signed in to the resource's account.");
        let lines = doc.lines(usize::from(width.saturating_sub(4)));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(4).min(area.height);
        let inner = boxed("In the AWS console", Edge::Single, (width, height), look, area, buf);
        if inner.height < 3 {
            return None;
        }
        scroll_lines(&lines, &mut 0, Rect { height: inner.height - 2, ..inner }, buf, look.theme);
        let keys = format!("{} copy   {} back", look.key(Action::Copy), look.key(Action::Dismiss));
        put(buf, row(inner, inner.height - 1), &keys, look.theme.style(Role::Muted));
        None
    }

    /// The address in lines that fit: it has no spaces to break at.
    fn lines(&self, width: u16) -> Vec<String> {
        let room = usize::from(width.saturating_sub(5)).max(8);
        let chars: Vec<char> = self.url.chars().collect();
        chars.chunks(room).map(|chunk| chunk.iter().collect()).collect()
    }

    /// Where the address is on the drawn screen: the cells of the lines that are its own.
    pub(crate) fn places(&self, area: Rect, buf: &Buffer) -> Vec<Rect> {
        let mut found = Vec::new();
        for line in self.lines(area.width.min(124)) {
            let length = u16::try_from(line.chars().count()).unwrap_or(0);
            for y in area.top()..area.bottom() {
                let text: Vec<&str> =
                    (area.left()..area.right()).map(|x| buf.cell((x, y)).map_or(" ", |cell| cell.symbol())).collect();
                let wanted: Vec<String> = line.chars().map(String::from).collect();
                let at = text.windows(wanted.len()).position(|cells| cells.iter().zip(&wanted).all(|(a, b)| a == b));
                if let Some(x) = at.and_then(|at| u16::try_from(at).ok()) {
                    found.push(Rect { x: area.x + x, y, width: length, height: 1 });
                    break;
                }
            }
        }
        found
    }
}
