//! Rows and columns with a cursor that stays on its row while the data under it moves.

use std::borrow::Cow;
use std::collections::BTreeSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Field, Filter, fill, put, row};
use crate::ui::{Role, Theme, format};

/// Columns are as wide as the widest of so many rows; of more rows, as the widest of those on screen.
const MEASURED: usize = 300;

/// A column: its head, its least and greatest width, and how long it is kept on a narrow screen.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its head.
    pub title: &'static str,
    /// Least width.
    pub least: usize,
    /// Greatest width; the last column that is `usize::MAX` wide takes what is left.
    pub most: usize,
    /// Columns of a lower value go first.
    pub keep: u8,
    /// Numbers stand at the right.
    pub right: bool,
    /// Names that differ at their ends are cut in the middle.
    pub middle: bool,
}

impl Column {
    /// A column of text.
    pub const fn new(title: &'static str, least: usize, most: usize, keep: u8) -> Self {
        Self { title, least, most, keep, right: false, middle: false }
    }

    /// A column of numbers.
    pub const fn number(title: &'static str, least: usize, most: usize, keep: u8) -> Self {
        Self { title, least, most, keep, right: true, middle: false }
    }

    /// A column of names.
    pub const fn name(title: &'static str, least: usize, most: usize, keep: u8) -> Self {
        Self { title, least, most, keep, right: false, middle: true }
    }
}

/// What a row is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// By number.
    Number(i64),
    /// By text.
    Text(String),
}

/// One row.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// What tells it apart from all others, now and after the next answer of AWS.
    pub key: String,
    /// One text a column.
    pub cells: Vec<(String, Role)>,
    /// What `key:value` of a filter looks at.
    pub fields: Vec<(&'static str, String)>,
    /// More text that a filter looks at.
    pub also: String,
    /// What is copied.
    pub copy: String,
    /// The AWS CLI command that reads it; empty where there is none.
    pub command: String,
    /// Its page in the AWS console; empty where there is none.
    pub link: String,
    /// What it is sorted by, one a sort.
    pub sorts: Vec<Sort>,
    /// From a source that is stale: shown so, whatever it says.
    pub stale: bool,
}

impl Row {
    /// A row; what is copied is its key unless it is said otherwise.
    pub fn new(key: impl Into<String>, cells: Vec<(String, Role)>) -> Self {
        let key = key.into();
        let cells = cells.into_iter().map(|(text, role)| (format::clean(&text), role)).collect();
        Self { copy: key.clone(), key, cells, ..Self::default() }
    }

    /// A field for filters.
    #[must_use]
    pub fn field(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// What is copied.
    #[must_use]
    pub fn copied(mut self, text: impl Into<String>) -> Self {
        self.copy = text.into();
        self
    }

    /// The AWS CLI command that reads it, and its page in the AWS console.
    #[must_use]
    pub fn found_by(mut self, command: impl Into<String>, link: impl Into<String>) -> Self {
        (self.command, self.link) = (command.into(), link.into());
        self
    }

    pub(super) fn searched(&self) -> String {
        let mut text = self.also.clone();
        for (cell, _) in &self.cells {
            text.push(' ');
            text.push_str(cell);
        }
        text.to_lowercase()
    }
}

/// Everything that a table shows now.
#[derive(Debug, Default)]
pub struct Table<'a> {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows in their natural order.
    pub rows: Vec<Row>,
    /// The names of the sorts besides the natural one.
    pub sorts: &'static [&'static str],
    /// Rows after these, of which there may be very many.
    pub tail: Option<Box<dyn Tail + 'a>>,
}

/// Very many rows, filtered and sorted already, each made when it is looked at.
pub trait Tail: std::fmt::Debug {
    /// How many pass.
    fn len(&self) -> usize;
    /// How many do not.
    fn hidden(&self) -> usize;
    /// The row at a place.
    fn row(&self, at: usize) -> Option<Row>;
    /// Where the row of a key is.
    fn position(&self, key: &str) -> Option<usize>;
}

/// The rows that are shown.
#[derive(Debug)]
pub struct Shown<'t> {
    rows: Vec<&'t Row>,
    tail: Option<&'t dyn Tail>,
    /// How many do not pass the filter.
    pub hidden: usize,
}

impl<'t> Shown<'t> {
    /// How many.
    pub fn len(&self) -> usize {
        self.rows.len() + self.tail.map_or(0, Tail::len)
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row at a place.
    pub fn row(&self, at: usize) -> Option<Cow<'t, Row>> {
        match at.checked_sub(self.rows.len()) {
            None => self.rows.get(at).map(|row| Cow::Borrowed(*row)),
            Some(at) => self.tail?.row(at).map(Cow::Owned),
        }
    }

    /// Where the row of a key is.
    pub fn position(&self, key: &str) -> Option<usize> {
        let among = self.rows.iter().position(|row| row.key == key);
        among.or_else(|| Some(self.rows.len() + self.tail?.position(key)?))
    }

    /// From the first to the last; long lists are better looked at in parts.
    pub fn rows(&self) -> impl Iterator<Item = Cow<'t, Row>> + '_ {
        (0..self.len()).filter_map(|at| self.row(at))
    }
}

/// Where the cursor is, what is filtered, sorted and unfolded.
#[derive(Debug, Clone, Default)]
pub struct ListView {
    selected: Option<String>,
    at: usize,
    offset: usize,
    /// What is typed as a filter.
    pub filter: Field,
    /// 0 is the natural order.
    pub sort: usize,
    /// The other way around.
    pub reversed: bool,
    /// Stay on the last row while rows are added.
    pub follows_end: bool,
    /// The keys of unfolded rows.
    pub unfolded: BTreeSet<String>,
    /// Where each row was drawn last, for the mouse: the line of the screen, and the row's key.
    pub drawn: Vec<(u16, String)>,
}

impl ListView {
    /// The rows that pass the filter, in the chosen order.
    pub fn shown<'t>(&self, table: &'t Table<'_>) -> Shown<'t> {
        let filter = Filter::parse(self.filter.text());
        let mut rows: Vec<&Row> = table.rows.iter().filter(|row| filter.passes(row)).collect();
        if let Some(by) = self.sort.checked_sub(1) {
            rows.sort_by(|a, b| a.sorts.get(by).cmp(&b.sorts.get(by)));
        }
        if self.reversed {
            rows.reverse();
        }
        let tail = table.tail.as_deref();
        let hidden = table.rows.len() - rows.len() + tail.map_or(0, Tail::hidden);
        Shown { rows, tail, hidden }
    }

    /// Which of the shown rows is chosen: the one with the chosen key, else the one at the same place.
    pub fn index(&self, shown: &Shown<'_>) -> Option<usize> {
        let last = shown.len().checked_sub(1)?;
        if self.follows_end {
            return Some(last);
        }
        let by_key = self.selected.as_ref().and_then(|key| shown.position(key));
        Some(by_key.unwrap_or(self.at.min(last)))
    }

    /// The chosen row.
    pub fn chosen<'t>(&self, table: &'t Table<'_>) -> Option<Cow<'t, Row>> {
        let shown = self.shown(table);
        self.index(&shown).and_then(|at| shown.row(at))
    }

    /// Moves the cursor by rows; stops at the ends.
    pub fn go(&mut self, table: &Table<'_>, by: isize) {
        let shown = self.shown(table);
        let Some(at) = self.index(&shown) else { return };
        let to = at.saturating_add_signed(by).min(shown.len() - 1);
        self.at = to;
        self.selected = shown.row(to).map(|row| row.key.clone());
        // A list that follows its end does so again once the cursor is brought back there.
        self.follows_end = self.follows_end && to + 1 == shown.len();
    }

    /// The key of the row that was chosen last.
    pub fn selected(&self) -> Option<&str> {
        self.selected.as_deref()
    }

    /// Chooses the row of this key, if it is or will be there.
    pub fn choose(&mut self, key: &str) {
        self.selected = Some(key.to_owned());
        self.follows_end = false;
    }
}

/// Draws head and rows. The gutter of two columns holds the mark of the chosen row.
pub fn draw_table(table: &Table<'_>, view: &mut ListView, focused: bool, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let area = area.intersection(buf.area);
    view.drawn.clear();
    let shown = view.shown(table);
    if area.is_empty() || shown.is_empty() {
        return;
    }
    let head = area.height >= 4;
    let body = if head { Rect { y: area.y + 1, height: area.height - 1, ..area } } else { area };
    let chosen = view.index(&shown).unwrap_or(0);
    let height = usize::from(body.height);
    view.offset = view.offset.min(shown.len().saturating_sub(height)).min(chosen).max((chosen + 1).saturating_sub(height));
    let window: Vec<Cow<'_, Row>> = (view.offset..shown.len()).take(height).filter_map(|at| shown.row(at)).collect();
    let room = usize::from(area.width).saturating_sub(2);
    let widths = if shown.len() <= MEASURED {
        let all: Vec<Cow<'_, Row>> = shown.rows().collect();
        widths(table, &all, room)
    } else {
        widths(table, &window, room)
    };
    if head {
        draw_head(table, &widths, area, buf, theme);
    }
    for (n, table_row) in window.iter().enumerate() {
        let place = row(body, u16::try_from(n).unwrap_or(u16::MAX));
        draw_row(table, table_row, &widths, place, buf, theme);
        view.drawn.push((place.y, table_row.key.clone()));
        if view.offset + n == chosen {
            mark_chosen(place, focused, buf, theme);
        }
    }
    draw_more(view.offset, shown.len().saturating_sub(view.offset + height), body, buf, theme);
}

/// Marks a row as chosen: a glyph, and the row's style where the pane has the keys.
pub fn mark_chosen(place: Rect, focused: bool, buf: &mut Buffer, theme: &Theme) {
    put(buf, Rect { width: 1, ..place }, "▸", theme.style(Role::Accent));
    if focused {
        buf.set_style(place.intersection(buf.area), theme.style(Role::Selection));
    }
}

/// Says at the right edge how many rows are above and below what is shown.
pub fn draw_more(above: usize, below: usize, body: Rect, buf: &mut Buffer, theme: &Theme) {
    for (hidden, n, glyph) in [(above, 0, '▲'), (below, body.height.saturating_sub(1), '▼')] {
        if hidden > 0 {
            let text = format!(" {glyph} {hidden} more");
            let width = u16::try_from(format::width(&text)).unwrap_or(0).min(body.width);
            put(buf, Rect { x: body.right() - width, width, ..row(body, n) }, &text, theme.style(Role::Accent));
        }
    }
}

fn draw_head(table: &Table<'_>, widths: &[usize], area: Rect, buf: &mut Buffer, theme: &Theme) {
    let mut x = area.x + 2.min(area.width);
    for (column, width) in table.columns.iter().zip(widths).filter(|(_, width)| **width > 0) {
        let place = Rect { x, width: area.right().saturating_sub(x), ..row(area, 0) };
        put(buf, place, &format::fit(column.title, *width, column.right), theme.style(Role::Muted));
        x = x.saturating_add(u16::try_from(width + 2).unwrap_or(u16::MAX)).min(area.right());
    }
}

fn draw_row(table: &Table<'_>, table_row: &Row, widths: &[usize], place: Rect, buf: &mut Buffer, theme: &Theme) {
    fill(buf, place, " ", theme.style(Role::Text));
    let mut x = place.x + 2.min(place.width);
    for (i, (column, width)) in table.columns.iter().zip(widths).enumerate() {
        if *width == 0 {
            continue;
        }
        if let Some((text, role)) = table_row.cells.get(i) {
            let role = if table_row.stale { Role::Stale } else { *role };
            let text = if column.middle { format::middle(text, *width) } else { format::cut(text, *width) };
            let rest = Rect { x, width: place.right().saturating_sub(x), ..place };
            put(buf, rest, &format::fit(&text, *width, column.right), theme.style(role));
        }
        x = x.saturating_add(u16::try_from(width + 2).unwrap_or(u16::MAX)).min(place.right());
    }
}

/// The width of each column, 0 for those that are given up: first the least widths must fit, then columns grow to their content.
fn widths(table: &Table<'_>, rows: &[Cow<'_, Row>], room: usize) -> Vec<usize> {
    let columns = &table.columns;
    let wanted: Vec<usize> = (0..columns.len())
        .map(|i| {
            let content = rows.iter().filter_map(|row| row.cells.get(i)).map(|(text, _)| format::width(text)).max().unwrap_or(0);
            let head = format::width(columns[i].title);
            if content == 0 { 0 } else { content.max(head).min(columns[i].most) }
        })
        .collect();
    let mut widths: Vec<usize> = wanted.iter().zip(columns).map(|(wanted, column)| (*wanted).min(column.least)).collect();
    let total = |widths: &[usize]| {
        let shown = widths.iter().filter(|width| **width > 0).count();
        widths.iter().sum::<usize>() + 2 * shown.saturating_sub(1)
    };
    while total(&widths) > room {
        let shown = (0..widths.len()).filter(|i| widths[*i] > 0);
        let Some(victim) = shown.min_by_key(|i| columns[*i].keep) else { break };
        if widths.iter().filter(|width| **width > 0).count() == 1 {
            widths[victim] = room;
            break;
        }
        widths[victim] = 0;
    }
    let mut order: Vec<usize> = (0..widths.len()).filter(|i| widths[*i] > 0).collect();
    order.sort_by_key(|i| std::cmp::Reverse(columns[*i].keep));
    for i in order {
        let spare = room.saturating_sub(total(&widths));
        widths[i] += spare.min(wanted[i].saturating_sub(widths[i]));
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(names: &[&str]) -> Table<'static> {
        Table {
            tail: None,
            columns: vec![Column::new("state", 5, 8, 9), Column::name("name", 6, 40, 8), Column::new("reason", 4, usize::MAX, 1)],
            rows: names
                .iter()
                .map(|name| {
                    let cells = vec![("OK".into(), Role::Ok), ((*name).into(), Role::Text), ("because".into(), Role::Muted)];
                    let mut row = Row::new(*name, cells);
                    row.sorts = vec![Sort::Text((*name).into())];
                    row
                })
                .collect(),
            sorts: &["name"],
        }
    }

    #[test]
    fn the_cursor_stays_on_its_row_when_rows_come_and_go() {
        let mut view = ListView::default();
        let before = table(&["b", "c", "d"]);
        view.go(&before, 1);
        assert_eq!(view.chosen(&before).unwrap().key, "c");
        assert_eq!(view.chosen(&table(&["a", "b", "c", "d"])).unwrap().key, "c");
        assert_eq!(view.chosen(&table(&["a", "b"])).unwrap().key, "b");
        assert!(view.chosen(&table(&[])).is_none());
    }

    #[test]
    fn a_list_that_follows_stays_at_the_end_until_the_cursor_leaves_it() {
        let mut view = ListView { follows_end: true, ..ListView::default() };
        assert_eq!(view.chosen(&table(&["a", "b"])).unwrap().key, "b");
        assert_eq!(view.chosen(&table(&["a", "b", "c"])).unwrap().key, "c");
        view.go(&table(&["a", "b", "c"]), -1);
        assert_eq!(view.chosen(&table(&["a", "b", "c", "d"])).unwrap().key, "b");
    }

    #[test]
    fn sorting_and_filtering_say_what_is_hidden() {
        let table = table(&["orders", "assets", "catalog"]);
        let mut view = ListView { sort: 1, ..ListView::default() };
        let keys = |view: &ListView| view.shown(&table).rows().map(|row| row.key.clone()).collect::<Vec<_>>();
        assert_eq!(keys(&view), ["assets", "catalog", "orders"]);
        view.reversed = true;
        assert_eq!(keys(&view), ["orders", "catalog", "assets"]);
        view.filter = Field::with("cat");
        assert_eq!(view.shown(&table).hidden, 2);
    }

    #[test]
    fn columns_give_way_by_importance() {
        let table = table(&["a-rather-long-name"]);
        let rows: Vec<Cow<'_, Row>> = table.rows.iter().map(Cow::Borrowed).collect();
        assert_eq!(widths(&table, &rows, 60), [5, 18, 7]);
        assert_eq!(widths(&table, &rows, 20), [5, 7, 4]);
        assert_eq!(widths(&table, &rows, 14), [5, 7, 0]);
        assert_eq!(widths(&table, &rows, 7), [5, 0, 0]);
        for room in 0..70 {
            assert!(widths(&table, &rows, room).iter().sum::<usize>() <= room);
        }
    }
}
