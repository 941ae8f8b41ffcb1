//! A console for tests, without anything around it; and what it shows as text, with the style of every run of cells.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use crossterm::event::{Event as TerminalEvent, KeyEvent, KeyEventKind, KeyModifiers};
use lifeboat::store::State;
use lifeboat::ui::{App, Key, Keymap, Request, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};

/// A console without anything around it: keys in, requests out, real time as the test says.
pub struct Bench {
    pub app: App,
    pub state: State,
    pub now: DateTime<Utc>,
    pub real: Duration,
}

impl Bench {
    pub fn new(state: State, now: DateTime<Utc>) -> Self {
        Self::themed(state, now, "dark")
    }

    pub fn themed(state: State, now: DateTime<Utc>, theme: &str) -> Self {
        let mut app = App::new(Theme::builtin(theme).unwrap(), Keymap::default());
        app.on_state(&state);
        Self { app, state, now, real: Duration::from_secs(60) }
    }

    /// Keys as a person types them, each two seconds after the other: `tab / o r d enter`.
    pub fn keys(&mut self, keys: &str) -> Vec<Request> {
        keys.split_whitespace().flat_map(|key| self.press(key, Duration::from_secs(2))).collect()
    }

    /// A text, letter by letter.
    pub fn text(&mut self, text: &str) -> Vec<Request> {
        let keys: Vec<String> = text.chars().map(|c| if c == ' ' { "space".to_owned() } else { c.to_string() }).collect();
        keys.iter().flat_map(|key| self.press(key, Duration::from_millis(150))).collect()
    }

    pub fn press(&mut self, key: &str, after: Duration) -> Vec<Request> {
        self.event(key, after, KeyEventKind::Press)
    }

    pub fn event(&mut self, key: &str, after: Duration, kind: KeyEventKind) -> Vec<Request> {
        self.real += after;
        let key = Key::parse(key).unwrap();
        let modifiers = if key.is_control() { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
        while self.app.keep_up(&self.state) {}
        let event = TerminalEvent::Key(KeyEvent::new_with_kind(key.code(), modifiers, kind));
        self.app.on_event(&event, &self.state, self.now, self.real)
    }

    pub fn paste(&mut self, text: &str) -> Vec<Request> {
        self.app.on_event(&TerminalEvent::Paste(text.to_owned()), &self.state, self.now, self.real)
    }

    pub fn buffer(&mut self, width: u16, height: u16) -> Buffer {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        while self.app.keep_up(&self.state) {}
        self.app.draw(&self.state, self.now, area, &mut buf);
        buf
    }

    pub fn shown(&mut self, width: u16, height: u16) -> String {
        text_of(&self.buffer(width, height))
    }

    pub fn snapshot(&mut self, width: u16, height: u16) -> String {
        digest(&self.buffer(width, height))
    }
}

pub fn text_of(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buf.area.height {
        let mut line = String::new();
        let mut x = 0;
        while x < buf.area.width {
            let symbol = buf[(x, y)].symbol();
            line.push_str(symbol);
            x += u16::try_from(unicode_width::UnicodeWidthStr::width(symbol)).unwrap().max(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// The text, then for each row the runs of one style, then what the letters stand for.
pub fn digest(buf: &Buffer) -> String {
    let mut letters: BTreeMap<String, usize> = BTreeMap::new();
    let mut rows = String::new();
    for y in 0..buf.area.height {
        let mut runs: Vec<(usize, u16)> = Vec::new();
        for x in 0..buf.area.width {
            let cell = &buf[(x, y)];
            let style = style_name(cell.fg, cell.bg, cell.modifier);
            let next = letters.len();
            let letter = *letters.entry(style).or_insert(next);
            match runs.last_mut() {
                Some((last, count)) if *last == letter => *count += 1,
                _ => runs.push((letter, 1)),
            }
        }
        for (letter, count) in runs {
            let _ = write!(rows, "{}{count}", letter_of(letter));
        }
        rows.push('\n');
    }
    let mut legend: Vec<(usize, String)> = letters.into_iter().map(|(style, letter)| (letter, style)).collect();
    legend.sort();
    let legend: Vec<String> = legend.into_iter().map(|(letter, style)| format!("{} {style}", letter_of(letter))).collect();
    format!("{}\n{rows}\n{}", text_of(buf), legend.join("\n"))
}

fn letter_of(n: usize) -> char {
    char::from_u32(u32::from('a') + u32::try_from(n).unwrap()).unwrap()
}

pub fn style_name(fg: Color, bg: Color, modifier: Modifier) -> String {
    format!("{fg} on {bg} {modifier:?}")
}
