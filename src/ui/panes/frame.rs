//! The title of a pane: one rule across its top that carries name, state in short, filter and freshness. Panes have no boxes; the
//! rules and the columns between them are the grid.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Heard, Look};
use crate::ui::widgets::{Piece, Runs, Strip};
use crate::ui::{Pane, Role, format};

/// What a title says.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// The state in short, longest form first.
    pub summary: Vec<Runs>,
    /// Filter and sort, where there are any.
    pub aside: Runs,
    /// The sources.
    pub heard: Vec<Heard>,
}

/// Draws the title of a pane. Which pane has the keys is told by weight and reversal, not by colour alone.
pub fn draw_head(pane: Pane, head: &Head, focused: bool, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let (rule, border) = if focused { ("━", Role::BorderFocused) } else { ("─", Role::Border) };
    let mut strip = Strip::new(" ", border).filled(rule, border);
    let name = if focused {
        vec![(rule.to_owned(), border), (format!(" {} {} ", pane.digit(), pane.title()), Role::Selection)]
    } else {
        vec![
            (format!("{rule} "), border),
            (format!("{}", pane.digit()), Role::Key),
            (format!(" {}", pane.title()), Role::Heading),
        ]
    };
    strip.push(Piece::new(10, name).always());
    let mut forms = head.summary.iter();
    if let Some(longest) = forms.next().filter(|runs| !runs.is_empty()) {
        let piece = forms.fold(Piece::new(4, longest.clone()), |piece, form| piece.or(form.clone()));
        strip.push(piece.always());
    }
    if !head.aside.is_empty() {
        strip.push(Piece::new(9, head.aside.clone()));
    }
    for heard in &head.heard {
        let keep = if heard.is_well() { 3 } else { 7 };
        strip.push(
            Piece::new(keep, heard_runs(heard, true))
                .or(heard_runs(heard, false))
                .or(vec![(heard.word.glyph.to_owned(), heard.word.role)])
                .at_right(),
        );
    }
    if !head.heard.is_empty() {
        strip.push(Piece::new(2, vec![(rule.to_owned(), border)]).at_right());
    }
    // The rule stands apart from the words on it.
    let rest = strip.draw(area, buf, look.theme);
    let right = (rest.right() < area.right()).then(|| rest.right().saturating_sub(1));
    for x in [Some(rest.x), right].into_iter().flatten() {
        if let Some(cell) = buf.cell_mut((x, rest.y)).filter(|_| rest.width > 0) {
            cell.set_symbol(" ");
        }
    }
}

/// A source's freshness, with or without its name.
pub fn heard_runs(heard: &Heard, named: bool) -> Runs {
    let mut runs = Runs::new();
    if named && !heard.label.is_empty() {
        runs.push((format!("{} ", heard.label), Role::Muted));
    }
    let mut text = heard.word.glyph.to_owned();
    if !heard.word.word.is_empty() {
        text = format!("{text} {}", heard.word.word);
    }
    if let Some(age) = heard.age {
        text = format!("{text} {}", format::age(age));
    }
    runs.push((text, heard.word.role));
    runs
}
