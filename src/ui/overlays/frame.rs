//! The box of an overlay: a place in the middle, cleared, with a title. Dialogs that ask for a yes have a double line.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::panes::Look;
use crate::ui::widgets::{fill, put};
use crate::ui::{Role, format};

/// The lines of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// For reading.
    Single,
    /// For deciding.
    Double,
}

/// Draws an empty box of at most this size in the middle of the area; returns what is inside, with a column of air at each side.
pub(super) fn boxed(title: &str, edge: Edge, size: (u16, u16), look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Rect {
    let area = area.intersection(buf.area);
    let (width, height) = (size.0.min(area.width), size.1.min(area.height));
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    // A column of air at each side: what lies under the box does not touch it.
    let air = Rect { x: place.x.saturating_sub(1), width: width.saturating_add(2), ..place }.intersection(area);
    fill(buf, air, " ", look.theme.ground());
    if width < 4 || height < 3 {
        return Rect { width: 0, height: 0, ..place };
    }
    let (symbols, role) = match edge {
        Edge::Single => (["╭", "─", "╮", "│", "╰", "╯"], Role::BorderFocused),
        Edge::Double => (["╔", "═", "╗", "║", "╚", "╝"], Role::Danger),
    };
    let style = look.theme.style(role);
    let across = symbols[1].repeat(usize::from(width) - 2);
    put(buf, place, &format!("{}{across}{}", symbols[0], symbols[2]), style);
    let last = Rect { y: place.bottom() - 1, height: 1, ..place };
    put(buf, last, &format!("{}{across}{}", symbols[4], symbols[5]), style);
    for y in place.y + 1..place.bottom() - 1 {
        put(buf, Rect { y, height: 1, width: 1, ..place }, symbols[3], style);
        put(buf, Rect { x: place.right() - 1, y, height: 1, width: 1 }, symbols[3], style);
    }
    let title = format!(" {} ", format::cut(&format::clean(title), usize::from(width).saturating_sub(6)));
    put(buf, Rect { x: place.x + 2, width: width - 3, ..place }, &title, look.theme.style(Role::Heading));
    Rect { x: place.x + 2, y: place.y + 1, width: width - 4, height: height - 2 }
}
