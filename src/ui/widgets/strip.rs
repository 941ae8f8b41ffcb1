//! One line of pieces that gives up the least important ones, or shortens them, until it fits.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Runs, fill, runs_width, write};
use crate::ui::{Role, Theme};

/// A piece with its forms from the longest to the shortest.
#[derive(Debug, Clone, Default)]
pub struct Piece {
    forms: Vec<Runs>,
    keep: u8,
    right: bool,
    last_stays: bool,
}

impl Piece {
    /// A piece that is given up before those of a higher `keep`.
    pub fn new(keep: u8, longest: Runs) -> Self {
        Self { forms: vec![longest], keep, right: false, last_stays: false }
    }

    /// A shorter form.
    #[must_use]
    pub fn or(mut self, shorter: Runs) -> Self {
        self.forms.push(shorter);
        self
    }

    /// Stands at the right edge.
    #[must_use]
    pub fn at_right(mut self) -> Self {
        self.right = true;
        self
    }

    /// Its shortest form is never given up.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.last_stays = true;
        self
    }
}

/// A line of pieces.
#[derive(Debug, Clone)]
pub struct Strip {
    pieces: Vec<Piece>,
    gap: (String, Role),
    fill: (&'static str, Role),
}

impl Strip {
    /// An empty line whose pieces stand apart by `gap`.
    pub fn new(gap: &str, role: Role) -> Self {
        Self { pieces: Vec::new(), gap: (gap.to_owned(), role), fill: (" ", role) }
    }

    /// What stands where nothing else does.
    #[must_use]
    pub fn filled(mut self, symbol: &'static str, role: Role) -> Self {
        self.fill = (symbol, role);
        self
    }

    /// One more piece.
    pub fn push(&mut self, piece: Piece) {
        self.pieces.push(piece);
    }

    /// Draws the line into the first row of the area; returns the room that was left between left and right.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Rect {
        let line = Rect { height: area.height.min(1), ..area };
        if line.is_empty() {
            return line;
        }
        fill(buf, line, self.fill.0, theme.style(self.fill.1));
        let chosen = self.chosen(usize::from(line.width));
        let (left, right) = (self.joined(&chosen, false), self.joined(&chosen, true));
        let start = write(buf, line, &left, theme);
        let width = u16::try_from(runs_width(&right)).unwrap_or(line.width).min(line.width);
        let end = line.right() - width;
        write(buf, Rect { x: end, width, ..line }, &right, theme);
        Rect { x: start, width: end.saturating_sub(start), ..line }
    }

    fn joined(&self, chosen: &[Option<usize>], right: bool) -> Runs {
        let mut out = Runs::new();
        for (piece, form) in self.pieces.iter().zip(chosen) {
            if let Some(form) = form
                && piece.right == right
            {
                if !out.is_empty() {
                    out.push(self.gap.clone());
                }
                out.extend(piece.forms[*form].iter().cloned());
            }
        }
        out
    }

    /// Which form of each piece fits; `None` is given up.
    fn chosen(&self, limit: usize) -> Vec<Option<usize>> {
        let gap = crate::ui::format::width(&self.gap.0);
        let mut chosen: Vec<Option<usize>> = vec![Some(0); self.pieces.len()];
        loop {
            let shown = self.pieces.iter().zip(&chosen).filter_map(|(piece, form)| form.map(|form| &piece.forms[form]));
            let (mut total, mut count) = (0, 0_usize);
            for runs in shown {
                total += runs_width(runs);
                count += 1;
            }
            if total + gap * count.saturating_sub(1) <= limit {
                return chosen;
            }
            let shrinkable = (0..chosen.len()).filter(|i| {
                let piece = &self.pieces[*i];
                chosen[*i].is_some_and(|form| form + 1 < piece.forms.len() || !piece.last_stays)
            });
            let Some(victim) = shrinkable.min_by_key(|i| (self.pieces[*i].keep, chosen[*i])) else { return chosen };
            let piece = &self.pieces[victim];
            chosen[victim] = chosen[victim].map(|form| form + 1).filter(|form| *form < piece.forms.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(width: u16) -> String {
        let mut strip = Strip::new(" ", Role::Text);
        let text = |text: &str| vec![(text.to_owned(), Role::Text)];
        strip.push(Piece::new(9, text("primary")).or(text("p")).always());
        strip.push(Piece::new(1, text("least")));
        strip.push(Piece::new(5, text("right")).at_right());
        let area = Rect::new(0, 0, width, 1);
        let mut buf = Buffer::empty(area);
        strip.draw(area, &mut buf, &Theme::mono());
        buf.content().iter().map(|cell| cell.symbol()).collect()
    }

    #[test]
    fn the_least_important_piece_goes_first_and_some_never_go() {
        assert_eq!(shown(22), "primary least    right");
        assert_eq!(shown(15), "primary   right");
        assert_eq!(shown(9), "primary  ");
        assert_eq!(shown(4), "p   ");
        assert_eq!(shown(0), "");
    }
}
