//! What panes and overlays are drawn with. Knows text and roles, not what they are about.

mod bar;
mod doc;
mod field;
mod filter;
mod plot;
mod strip;
mod table;

pub use bar::{bar, lane};
pub use doc::{Doc, scroll_lines, scroll_rows};
pub use field::{Field, draw_field, edit};
pub use filter::{Filter, fuzzy};
pub use plot::{Plot, plot};
pub use strip::{Piece, Strip};
pub use table::{Column, ListView, Row, Shown, Sort, Table, Tail, draw_more, draw_table, mark_chosen};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{Role, Theme, format};

/// Text with the role of each run.
pub type Runs = Vec<(String, Role)>;

/// Columns that runs take.
pub fn runs_width(runs: &[(String, Role)]) -> usize {
    runs.iter().map(|(text, _)| format::width(text)).sum()
}

/// Writes runs from the left edge of a row, cut at its right edge; returns the column after the last one.
pub fn write(buf: &mut Buffer, area: Rect, runs: &[(String, Role)], theme: &Theme) -> u16 {
    let mut x = area.x;
    for (text, role) in runs {
        x = put(buf, Rect { x, width: area.right().saturating_sub(x), ..area }, text, theme.style(*role));
    }
    x
}

/// Writes one line of clean text, cut at the right edge; returns the column after it.
pub fn put(buf: &mut Buffer, area: Rect, text: &str, style: Style) -> u16 {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return area.x;
    }
    let shown = format::cut(text, usize::from(area.width));
    buf.set_stringn(area.x, area.y, shown, usize::from(area.width), style).0
}

/// Fills a rectangle with one symbol.
pub fn fill(buf: &mut Buffer, area: Rect, symbol: &str, style: Style) {
    let area = area.intersection(buf.area);
    for position in area.positions() {
        if let Some(cell) = buf.cell_mut(position) {
            cell.reset();
            cell.set_symbol(symbol).set_style(style);
        }
    }
}

/// One row of an area.
pub fn row(area: Rect, n: u16) -> Rect {
    if n >= area.height { Rect { height: 0, ..area } } else { Rect { y: area.y + n, height: 1, ..area } }
}
