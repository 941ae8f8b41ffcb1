//! Text to be read: headings, paragraphs, fields and items, wrapped to a width and scrolled.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Runs, put, row, runs_width, write};
use crate::ui::{Role, Theme, format};

/// A text in the making. Everything put into it is cleaned.
#[derive(Debug, Clone, Default)]
pub struct Doc {
    blocks: Vec<Block>,
}

#[derive(Debug, Clone)]
struct Block {
    lead: Runs,
    text: String,
    role: Role,
    indent: usize,
    wraps: bool,
}

impl Doc {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Is there nothing in it?
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// A heading with an empty line before it.
    pub fn heading(&mut self, text: &str) -> &mut Self {
        if !self.is_empty() {
            self.gap();
        }
        self.push(Runs::new(), text, Role::Heading, 0)
    }

    /// A paragraph.
    pub fn text(&mut self, role: Role, text: &str) -> &mut Self {
        self.push(Runs::new(), text, role, 0)
    }

    /// A paragraph that stands in.
    pub fn indented(&mut self, role: Role, text: &str) -> &mut Self {
        self.push(Runs::new(), text, role, 2)
    }

    /// A label with its value; labels of 11 columns line up.
    pub fn field(&mut self, label: &str, role: Role, value: &str) -> &mut Self {
        self.push(vec![(format::fit(label, 12, false), Role::Muted)], value, role, 0)
    }

    /// A glyph and a word before a text.
    pub fn item(&mut self, mark: &str, mark_role: Role, role: Role, text: &str) -> &mut Self {
        self.push(vec![(format!("{mark} "), mark_role)], text, role, 0)
    }

    /// A line that stands as it is, cut where it does not fit.
    pub fn line(&mut self, runs: Runs) -> &mut Self {
        let lead = runs.into_iter().map(|(text, role)| (format::clean(&text), role)).collect();
        self.blocks.push(Block { lead, text: String::new(), role: Role::Text, indent: 0, wraps: false });
        self
    }

    /// An empty line.
    pub fn gap(&mut self) -> &mut Self {
        self.line(Runs::new())
    }

    /// Everything of another text.
    pub fn append(&mut self, other: Self) -> &mut Self {
        self.blocks.extend(other.blocks);
        self
    }

    fn push(&mut self, lead: Runs, text: &str, role: Role, indent: usize) -> &mut Self {
        let lead = lead.into_iter().map(|(text, role)| (format::clean(&text), role)).collect();
        self.blocks.push(Block { lead, text: format::clean_lines(text), role, indent, wraps: true });
        self
    }

    /// The lines at this width.
    pub fn lines(&self, width: usize) -> Vec<Runs> {
        let mut lines = Vec::new();
        for block in &self.blocks {
            if !block.wraps {
                lines.push(block.lead.clone());
                continue;
            }
            let lead = runs_width(&block.lead);
            // A lead that leaves no room for its text stands on a line of its own.
            let too_long = lead + 12 > width || (lead > 24 && lead * 5 > width * 2);
            let (own_line, hang) = if lead > 0 && too_long { (true, 2.min(width / 4)) } else { (false, lead + block.indent) };
            let mut first = block.lead.clone();
            if own_line {
                lines.push(std::mem::take(&mut first));
            }
            let indent = " ".repeat(hang);
            for (i, text) in format::wrap(&block.text, width.saturating_sub(hang).max(1)).into_iter().enumerate() {
                let mut runs = if i == 0 && !own_line { std::mem::take(&mut first) } else { Runs::new() };
                if runs.is_empty() && hang > 0 {
                    runs.push((indent.clone(), Role::Text));
                }
                runs.push((text, block.role));
                lines.push(runs);
            }
        }
        lines
    }

    /// Draws it from line `scroll` on, which is held within the text; says at the edge how much is above and below.
    pub fn draw(&self, scroll: &mut u16, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let lines = self.lines(usize::from(area.width));
        scroll_lines(&lines, scroll, area, buf, theme);
    }
}

/// Draws lines from `scroll` on, which is held within them; says at the right edge how much is above and below.
pub fn scroll_lines(lines: &[Runs], scroll: &mut u16, area: Rect, buf: &mut Buffer, theme: &Theme) {
    scroll_rows(lines.len(), &|n| lines[n].clone(), scroll, area, buf, theme);
}

/// The same of `count` lines that are made only where they are seen.
pub fn scroll_rows(count: usize, line: &dyn Fn(usize) -> Runs, scroll: &mut u16, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let height = usize::from(area.height);
    let most = count.saturating_sub(height);
    *scroll = (*scroll).min(u16::try_from(most).unwrap_or(u16::MAX));
    let first = usize::from(*scroll);
    for n in 0..height.min(count.saturating_sub(first)) {
        write(buf, row(area, u16::try_from(n).unwrap_or(u16::MAX)), &line(first + n), theme);
    }
    let mark = |buf: &mut Buffer, n: u16, text: String| {
        let width = u16::try_from(format::width(&text)).unwrap_or(0).min(area.width);
        let place = Rect { x: area.right() - width, width, ..row(area, n) };
        put(buf, place, &text, theme.style(Role::Accent));
    };
    if first > 0 {
        mark(buf, 0, format!(" ▲ {first} more"));
    }
    let below = count.saturating_sub(first + height);
    if below > 0 && area.height > 1 {
        mark(buf, area.height - 1, format!(" ▼ {below} more"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_hang_under_themselves_and_hostile_text_is_cleaned() {
        let mut doc = Doc::new();
        doc.field("reason", Role::Text, "one two three\u{1b}[2J four");
        let text: Vec<String> = doc.lines(26).iter().map(|runs| runs.iter().map(|(t, _)| t.as_str()).collect()).collect();
        assert_eq!(text, ["reason      one two three", "            four"]);
    }

    #[test]
    fn scrolling_stops_at_the_end() {
        let mut doc = Doc::new();
        for n in 0..10 {
            doc.text(Role::Text, &n.to_string());
        }
        let area = Rect::new(0, 0, 12, 3);
        let mut buf = Buffer::empty(area);
        let mut scroll = 99;
        doc.draw(&mut scroll, area, &mut buf, &Theme::mono());
        assert_eq!(scroll, 7);
        let first: String = (0..12).map(|x| buf[(x, 0)].symbol().to_owned()).collect();
        assert_eq!(first, "7   ▲ 7 more");
    }
}
