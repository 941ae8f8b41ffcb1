//! A field that text is typed into.

use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use tui_input::{Input, InputRequest};

use super::{fill, put};
use crate::ui::{Key, Role, Theme, format};

/// The longest text that a field takes, in characters.
const LONGEST: usize = 2000;

/// A line of text being typed.
#[derive(Debug, Clone, Default)]
pub struct Field {
    input: Input,
}

impl Field {
    /// A field with text in it.
    pub fn with(text: &str) -> Self {
        Self { input: Input::new(text.to_owned()) }
    }

    /// What is in it.
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// Is nothing but space in it?
    pub fn is_blank(&self) -> bool {
        self.text().trim().is_empty()
    }

    /// Puts pasted text in, as one line without anything that is no text.
    pub fn paste(&mut self, text: &str) {
        for c in format::clean(text).chars().take(LONGEST) {
            self.insert(c);
        }
    }

    fn insert(&mut self, c: char) {
        if self.text().chars().count() < LONGEST {
            self.input.handle(InputRequest::InsertChar(c));
        }
    }
}

/// Takes a key that edits; `false` if it is none.
pub fn edit(field: &mut Field, key: Key) -> bool {
    if let Some(c) = key.typed() {
        field.insert(c);
        return true;
    }
    let request = match (key.code(), key.is_control()) {
        (KeyCode::Backspace, false) | (KeyCode::Char('h'), true) => InputRequest::DeletePrevChar,
        (KeyCode::Delete, _) => InputRequest::DeleteNextChar,
        (KeyCode::Left, false) => InputRequest::GoToPrevChar,
        (KeyCode::Right, false) => InputRequest::GoToNextChar,
        (KeyCode::Left, true) => InputRequest::GoToPrevWord,
        (KeyCode::Right, true) => InputRequest::GoToNextWord,
        (KeyCode::Home, _) | (KeyCode::Char('a'), true) => InputRequest::GoToStart,
        (KeyCode::End, _) | (KeyCode::Char('e'), true) => InputRequest::GoToEnd,
        (KeyCode::Char('w'), true) | (KeyCode::Backspace, true) => InputRequest::DeletePrevWord,
        (KeyCode::Char('u'), true) => InputRequest::DeleteLine,
        (KeyCode::Char('k'), true) => InputRequest::DeleteTillEnd,
        _ => return false,
    };
    field.input.handle(request);
    true
}

/// Draws the field over one row; returns where the cursor is.
pub fn draw_field(field: &Field, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
    let area = Rect { height: area.height.min(1), ..area }.intersection(buf.area);
    if area.width < 2 {
        return None;
    }
    fill(buf, area, " ", theme.style(Role::Input));
    let before: String = field.text().chars().take(field.input.cursor()).collect();
    let at = format::width(&before);
    let room = usize::from(area.width) - 1;
    let mut hidden = 0;
    let mut skipped = 0;
    for c in field.text().chars() {
        if at - hidden <= room {
            break;
        }
        hidden += format::width(&c.to_string());
        skipped += 1;
    }
    let shown: String = field.text().chars().skip(skipped).collect();
    put(buf, area, &shown, theme.style(Role::Input));
    Some(Position::new(area.x + u16::try_from(at - hidden).unwrap_or(0), area.y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_lines_become_one_and_never_submit() {
        let mut field = Field::default();
        field.paste("yes\r\ny\n\u{1b}[201~");
        assert_eq!(field.text(), "yes y ");
        assert!(!edit(&mut field, Key::parse("enter").unwrap()));
        assert!(edit(&mut field, Key::parse("ctrl-w").unwrap()));
    }

    #[test]
    fn the_cursor_stays_in_the_field() {
        let field = Field::with("日本語 a long text that does not fit");
        for width in 0..20 {
            let area = Rect::new(0, 0, width, 1);
            let mut buf = Buffer::empty(area);
            if let Some(at) = draw_field(&field, area, &mut buf, &Theme::mono()) {
                assert!(at.x < width);
            }
        }
    }
}
