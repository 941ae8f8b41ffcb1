//! The facilitator's screen: what is coming, what is in force, what the players do, and a line for commands. It knows nothing of doors
//! and journals: rows in, typed lines out. No player ever sees it.

use crossterm::event::{Event, KeyCode, KeyEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::widgets::{Field, draw_field, edit, fill, put, row};
use super::{Key, Role, Theme, format};

/// From this width on, what is coming stands beside what happens.
const WIDE: u16 = 120;
/// The most lines that are kept of what happens.
const MOST: usize = 2_000;
/// The keys, as the last row tells them.
const KEYS: &str = "enter does it · help · ↑ again · pgup pgdn scroll · ctrl-c leaves, the exercise goes on";
/// The commands, shortened where there is no room for all.
const COMMANDS: &str = "inject N · hold N · hold · go · speed X · step 2m · fault KIND · calm · ask · judge N · note";

/// What stands above the line for commands.
#[derive(Debug, Clone, PartialEq)]
pub struct Facilitated {
    /// Which exercise.
    pub title: String,
    /// How the clock stands, or why nothing is known.
    pub clock: (Role, String),
    /// What is to come: number, when, title.
    pub coming: Vec<(String, String, String)>,
    /// Why nothing is to come, where that is so.
    pub nothing: String,
    /// The faults in force.
    pub faults: Vec<String>,
}

/// What a facilitator asks for with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// This line is to be carried out.
    Line(String),
    /// Leave.
    Quit,
}

/// The screen's own state.
#[derive(Debug, Default)]
pub struct Desk {
    field: Field,
    typed: Vec<String>,
    recalled: Option<usize>,
    said: Vec<(Role, String)>,
    scrolled: usize,
}

impl Desk {
    /// Adds what happened, oldest first, each text in as many lines as it has.
    pub fn say(&mut self, role: Role, text: &str) {
        self.said.extend(text.lines().map(|line| (role, format::clean(line))));
        let over = self.said.len().saturating_sub(MOST);
        self.said.drain(..over);
    }

    /// Takes what the terminal tells.
    pub fn on_event(&mut self, event: &Event) -> Option<Typed> {
        match event {
            Event::Paste(text) => self.field.paste(text),
            Event::Key(event) if event.kind != KeyEventKind::Release => return self.on_key(Key::of(event)),
            _ => {}
        }
        None
    }

    fn on_key(&mut self, key: Key) -> Option<Typed> {
        match (key.code(), key.is_control()) {
            (KeyCode::Char('c' | 'd'), true) => return Some(Typed::Quit),
            (KeyCode::Enter, _) => {
                let line = std::mem::take(&mut self.field).text().trim().to_owned();
                (self.recalled, self.scrolled) = (None, 0);
                if line.is_empty() {
                    return None;
                }
                self.typed.push(line.clone());
                return Some(Typed::Line(line));
            }
            (KeyCode::Esc, _) => self.field = Field::default(),
            (KeyCode::Up, false) => self.recall(self.recalled.unwrap_or(self.typed.len()).checked_sub(1)),
            (KeyCode::Down, false) => self.recall(self.recalled.map(|at| at + 1)),
            (KeyCode::PageUp, _) => self.scrolled = (self.scrolled + 10).min(self.said.len()),
            (KeyCode::PageDown, _) => self.scrolled = self.scrolled.saturating_sub(10),
            _ => drop(edit(&mut self.field, key)),
        }
        None
    }

    fn recall(&mut self, at: Option<usize>) {
        let Some(at) = at else { return };
        self.recalled = Some(at).filter(|at| *at < self.typed.len());
        self.field = self.recalled.map_or_else(Field::default, |at| Field::with(&self.typed[at]));
    }

    /// Draws the screen; gives the place of the cursor.
    pub fn draw(&self, shown: &Facilitated, theme: &Theme, area: Rect, buf: &mut Buffer) -> Option<Position> {
        fill(buf, area, " ", theme.ground());
        if area.height < 6 {
            return None;
        }
        fill(buf, row(area, 0), " ", theme.style(Role::ExerciseBanner));
        put(buf, row(area, 0), &format!(" FACILITATOR  {}  not for players", shown.title), theme.style(Role::ExerciseBanner));
        put(buf, row(area, 1), &format!(" {}", shown.clock.1), theme.style(shown.clock.0));
        let body = Rect { y: area.y + 2, height: area.height - 5, ..area };
        let (above, below) = if area.width >= WIDE {
            let left = Rect { width: area.width / 2 - 1, ..body };
            (left, Rect { x: left.right() + 1, width: area.width - left.width - 1, ..body })
        } else {
            let wanted = shown.coming.len().max(1) + shown.faults.len() + 1 + usize::from(!shown.faults.is_empty());
            let height = u16::try_from(wanted).unwrap_or(u16::MAX).min(body.height * 3 / 5);
            let above = Rect { height, ..body };
            (above, Rect { y: above.bottom(), height: body.height - height, ..body })
        };
        draw_coming(shown, theme, above, buf);
        self.draw_said(theme, below, buf);
        let line = row(area, area.height - 3);
        let x = put(buf, line, " > ", theme.style(Role::Key));
        let cursor = draw_field(&self.field, Rect { x, width: line.right().saturating_sub(x), ..line }, buf, theme);
        let hint = |text: &str| format!(" {}", format::cut(text, usize::from(area.width.saturating_sub(2))));
        put(buf, row(area, area.height - 2), &hint(COMMANDS), theme.style(Role::Text));
        put(buf, row(area, area.height - 1), &hint(KEYS), theme.style(Role::Muted));
        cursor
    }

    fn draw_said(&self, theme: &Theme, area: Rect, buf: &mut Buffer) {
        if area.height == 0 {
            return;
        }
        let above = if self.scrolled > 0 {
            format!(" What happens  (scrolled back by {})", self.scrolled)
        } else {
            " What happens".to_owned()
        };
        put(buf, row(area, 0), &above, theme.style(Role::Heading));
        let width = usize::from(area.width.saturating_sub(2));
        let (mut lines, room): (Vec<(Role, String)>, _) = (Vec::new(), usize::from(area.height - 1));
        for (role, text) in self.said.iter().rev().skip(self.scrolled) {
            let mut wrapped = format::wrap(text, width);
            wrapped.reverse();
            lines.extend(wrapped.into_iter().map(|line| (*role, line)));
            if lines.len() >= room {
                break;
            }
        }
        lines.truncate(room);
        for (n, (role, line)) in (1..).zip(lines.iter().rev()) {
            put(buf, row(area, n), &format!(" {line}"), theme.style(*role));
        }
        if self.said.is_empty() {
            put(buf, row(area, 1), " Nothing yet: the players have done nothing.", theme.style(Role::Muted));
        }
    }
}

fn draw_coming(shown: &Facilitated, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let width = usize::from(area.width.saturating_sub(2));
    let mut rows: Vec<(Role, String)> = vec![(Role::Heading, "What is coming".to_owned())];
    let faults = if shown.faults.is_empty() { 0 } else { shown.faults.len() + 1 };
    let room = usize::from(area.height).saturating_sub(1 + faults).max(1);
    let cut = shown.coming.len() > room;
    let fits = if cut { room - 1 } else { room };
    rows.extend(
        shown.coming.iter().take(fits).map(|(number, when, title)| (Role::Text, format!("{number:>3}  {when:<20}  {title}"))),
    );
    if cut {
        rows.push((Role::Muted, format!("     and {} more; `look` lists all", shown.coming.len() - fits)));
    }
    if shown.coming.is_empty() {
        rows.push((Role::Muted, shown.nothing.clone()));
    }
    if !shown.faults.is_empty() {
        rows.push((Role::Heading, "In force".to_owned()));
        rows.extend(shown.faults.iter().map(|fault| (Role::Warn, fault.clone())));
    }
    for (n, (role, text)) in (0..area.height).zip(&rows) {
        put(buf, row(area, n), &format!(" {}", format::cut(text, width)), theme.style(*role));
    }
}
