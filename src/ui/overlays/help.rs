//! The keys that work here and now, from the same list as the footer; then what the signs mean.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::frame::{Edge, boxed};
use super::{Outcome, Press};
use crate::ui::commands::{Command, Group};
use crate::ui::panes::Look;
use crate::ui::widgets::{Doc, put, row, scroll_lines};
use crate::ui::{Action, Pane, Role, format};

/// The open help.
#[derive(Debug, Clone)]
pub struct Help {
    commands: Vec<Command>,
    pane: Pane,
    scroll: u16,
}

impl Help {
    /// The help for what is possible in this pane now.
    pub fn new(commands: Vec<Command>, pane: Pane) -> Self {
        Self { commands, pane, scroll: 0 }
    }

    fn doc(&self, look: &Look<'_>) -> Doc {
        let mut doc = Doc::new();
        for (group, title) in [
            (Group::Step, "The chosen step".to_owned()),
            (Group::Pane, format!("In {}", self.pane.title())),
            (Group::Incident, "The incident".to_owned()),
            (Group::Exercise, "The exercise's clock".to_owned()),
            (Group::Everywhere, "Everywhere".to_owned()),
        ] {
            let of_group: Vec<&Command> = self.commands.iter().filter(|command| command.group == group).collect();
            if of_group.is_empty() {
                continue;
            }
            doc.heading(&title);
            for command in of_group {
                let keys: Vec<String> = look.keymap.keys(command.action).map(|key| key.to_string()).collect();
                let keys = if keys.is_empty() { format!(":{}", command.action.name()) } else { keys.join("  ") };
                doc.item(&format::fit(&keys, 18, false), Role::Key, Role::Text, command.action.about());
            }
        }
        doc.heading("A filter");
        for (term, meaning) in [
            ("word", "rows that contain it"),
            ("/err.*rate/", "a regular expression; also site:/^pri/"),
            ("site:primary", "a field: site, state, name, status, service, region, resource, type, rpo, who, kind"),
            ("?shprate", "these letters in this order"),
            ("-word", "rows that do not; before any of these"),
        ] {
            doc.item(&format::fit(term, 18, false), Role::Code, Role::Text, meaning);
        }
        doc.heading("Signs");
        for (sign, role, meaning) in [
            ("✓", Role::Ok, "as it should be"),
            ("▲ ✗", Role::Bad, "in alarm; broken; outside the objective"),
            ("?", Role::Unknown, "not known, which is no all-clear; a step that asks you"),
            ("!", Role::Warn, "a person should know"),
            ("● ◷ ◑ … ✗", Role::Muted, "a source: fresh, stale, partial, loading, blind"),
            ("○ · ◌ ◐", Role::Running, "a step: ready, waits, calling AWS, runs"),
            ("↷ ⊘", Role::Warn, "a step: skipped, given up"),
        ] {
            doc.item(&format::fit(sign, 18, false), role, Role::Text, meaning);
        }
        doc
    }

    pub(super) fn on_key(&mut self, press: Press, look: &Look<'_>) -> Outcome {
        match look.keymap.action(press.key) {
            Some(Action::Down) => self.scroll = self.scroll.saturating_add(1),
            Some(Action::Up) => self.scroll = self.scroll.saturating_sub(1),
            Some(Action::PageDown) => self.scroll = self.scroll.saturating_add(10),
            Some(Action::PageUp) => self.scroll = self.scroll.saturating_sub(10),
            Some(Action::First) => self.scroll = 0,
            Some(Action::Last) => self.scroll = u16::MAX,
            Some(Action::Dismiss | Action::Help | Action::Quit | Action::Open) => return Outcome::Close,
            _ => {}
        }
        Outcome::Stay
    }

    pub(super) fn draw(&mut self, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let width = area.width.min(92);
        let lines = self.doc(look).lines(usize::from(width.saturating_sub(4)));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(4).min(area.height);
        let inner = boxed("Keys that work here and now", Edge::Single, (width, height), look, area, buf);
        if inner.height < 3 {
            return None;
        }
        scroll_lines(&lines, &mut self.scroll, Rect { height: inner.height - 2, ..inner }, buf, look.theme);
        let keys = format!("{} back   {} any of these by name", look.key(Action::Dismiss), look.key(Action::Palette));
        put(buf, row(inner, inner.height - 1), &keys, look.theme.style(Role::Muted));
        None
    }
}
