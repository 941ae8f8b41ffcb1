//! A pane that is a list: its rows, where they come from, how fresh they are, and what it means that there are none.

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Head, Look, alarms, draw_head, health, log, recovery_points};
use crate::domain::{Problem, ProblemKind};
use crate::store::{Completeness, Freshness, Source};
use crate::ui::lists::Lists;
use crate::ui::widgets::{Doc, Filter, ListView, Runs, Table, draw_table};
use crate::ui::words::{self, Word};
use crate::ui::{Action, Pane, Role, format};

/// A source as a pane shows it.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Which one; empty where a pane has only one.
    pub label: String,
    /// Its state.
    pub word: Word,
    /// How old its data is; since when it is blind.
    pub age: Option<TimeDelta>,
    /// What is wrong with it: the state with its time, and the failure behind it, in short and in full.
    pub trouble: Option<Trouble>,
}

impl Heard {
    /// Fresh and whole?
    pub fn is_well(&self) -> bool {
        self.trouble.is_none()
    }
}

/// What is wrong with a source.
#[derive(Debug, Clone, Default)]
pub struct Trouble {
    /// The state and its time.
    pub state: String,
    /// The failure, short enough for a line above rows.
    pub short: String,
    /// The failure with all that AWS said.
    pub full: String,
}

impl Trouble {
    fn of(state: String, problem: Option<&Problem>) -> Option<Self> {
        let (short, full) = problem.map_or_else(Default::default, |problem| {
            let next = problem.kind.next();
            let short = match problem.kind {
                // Here the reason says more than the kind.
                ProblemKind::Unavailable => format!("{}: {}; {next}", problem.operation, problem.message),
                kind => format!("{} {}; {next}", problem.operation, kind.word()),
            };
            (short, format!("{problem}. Next: {next}."))
        });
        Some(Self { state, short, full })
    }
}

/// How a source looks now.
pub fn heard<T>(label: &str, source: &Source<T>, now: DateTime<Utc>) -> Heard {
    let (word, age) = words::of_source(source, now);
    let name = if label.is_empty() { String::new() } else { format!("{label}: ") };
    let ago = |age: TimeDelta| format!("as of {}, {} ago", format::moment(now - age, now), format::duration(age));
    let trouble = match source.freshness(now) {
        // A long list comes in pieces: what is there is not all there is.
        Freshness::Loading if source.data.is_some() => Trouble::of(format!("{name}loading: these have come so far"), None),
        Freshness::Loading => Trouble::of(format!("{name}loading, no answer yet"), None),
        Freshness::Blind(problem, since) if problem.kind == ProblemKind::Unavailable => {
            let at = format::moment(since, now);
            Trouble::of(format!("{name}since {at} not available here, because"), Some(problem))
        }
        Freshness::Blind(problem, since) => {
            let (at, ago) = (format::moment(since, now), format::duration(now - since));
            Trouble::of(format!("{name}BLIND since {at} ({ago}):"), Some(problem))
        }
        Freshness::Stale(age, Some(problem)) => Trouble::of(format!("{name}STALE, {}:", ago(age)), Some(problem)),
        Freshness::Stale(age, None) => Trouble::of(format!("{name}STALE, {}: no answer since", ago(age)), None),
        Freshness::Fresh(_) => match &source.completeness {
            Completeness::Whole => None,
            Completeness::Partial(how) => Trouble::of(format!("{name}PARTIAL: {how}"), None),
        },
    };
    Heard { label: label.to_owned(), word, age, trouble }
}

/// Of more sites than two, how many answered in time: `3 of 4 Regions answered`; nothing where all did.
pub(super) fn answered<'s, T: 's>(sources: impl Iterator<Item = &'s Source<T>>, now: DateTime<Utc>) -> Vec<(Role, String)> {
    let all: Vec<bool> = sources.map(|source| matches!(source.freshness(now), Freshness::Fresh(_))).collect();
    let well = all.iter().filter(|fresh| **fresh).count();
    let told = (Role::Warn, format!("{well} of {} Regions answered", all.len()));
    if all.len() > 2 && well < all.len() { vec![told] } else { Vec::new() }
}

/// What a list pane shows now.
#[derive(Debug, Default)]
pub struct Listing<'a> {
    /// The rows.
    pub table: Table<'a>,
    /// What the list is still being worked on for, and how far that is, in percent.
    pub working: Option<(&'static str, usize)>,
    /// The state in short for the title, longest form first.
    pub summary: Vec<Runs>,
    /// The sources.
    pub heard: Vec<Heard>,
    /// Lines above the rows.
    pub notes: Vec<(Role, String)>,
    /// What to say where there are no rows, though every source answered.
    pub empty: String,
}

/// What a pane lists; nothing for panes that are no list.
pub fn listing<'a>(pane: Pane, look: &Look<'a>, view: &ListView, lists: &'a Lists) -> Listing<'a> {
    match pane {
        Pane::Alarms => alarms::listing(look, view, &lists.alarms),
        Pane::Health => health::listing(look),
        Pane::RecoveryPoints => recovery_points::listing(look, view, &lists.points),
        Pane::Log => log::listing(look),
        Pane::Timeline | Pane::Wizard => Listing::default(),
    }
}

/// Everything that is known about one row.
pub fn detail(pane: Pane, key: &str, look: &Look<'_>, width: usize) -> Option<Doc> {
    match pane {
        Pane::Alarms => alarms::detail(key, look, width),
        Pane::Health => health::detail(key, look),
        Pane::RecoveryPoints => recovery_points::detail(key, look),
        Pane::Log => log::detail(key, look),
        Pane::Timeline | Pane::Wizard => None,
    }
}

/// The title of a list pane.
pub fn head_of(listing: &Listing<'_>, view: &ListView) -> Head {
    let shown = view.shown(&listing.table);
    let (count, hidden) = (shown.len(), shown.hidden);
    let mut aside = Runs::new();
    match listing.working {
        Some((what, percent)) => aside.push((format!("· {what}… {percent} %, {count} so far"), Role::Running)),
        None if hidden > 0 => {
            aside.push((format!("· {count} of {} — {hidden} hidden by filter", count + hidden), Role::Warn));
        }
        None => {}
    }
    if let Some(fault) = Filter::parse(view.filter.text()).fault() {
        aside.push((format!("· {fault}"), Role::Bad));
    }
    if let Some(sort) = view.sort.checked_sub(1).and_then(|by| listing.table.sorts.get(by)) {
        let gap = if aside.is_empty() { "· " } else { "  " };
        aside.push((format!("{gap}by {sort} {}", if view.reversed { "↑" } else { "↓" }), Role::Muted));
    }
    Head { summary: listing.summary.clone(), aside, heard: listing.heard.clone() }
}

/// Draws a list pane with its title.
pub fn draw_listing(
    pane: Pane,
    look: &Look<'_>,
    (view, lists): (&mut ListView, &Lists),
    focused: bool,
    area: Rect,
    buf: &mut Buffer,
) {
    let listing = listing(pane, look, view, lists);
    draw_head(pane, &head_of(&listing, view), focused, look, area, buf);
    let body = Rect { y: area.y + 1.min(area.height), height: area.height.saturating_sub(1), ..area };
    if body.height == 0 {
        return;
    }
    let shown = view.shown(&listing.table);
    let (shown, hidden) = (shown.len(), shown.hidden);
    let inner = Rect { x: body.x + 2.min(body.width), width: body.width.saturating_sub(3), ..body };
    if shown == 0 {
        nothing_to_list(&listing, hidden, look).draw(&mut 0, inner, buf, look.theme);
        return;
    }
    let mut notes = Doc::new();
    // How many sources answered comes first: of many, not every line about one may have room.
    for (role, text) in &listing.notes {
        notes.text(*role, text);
    }
    for (heard, trouble) in listing.heard.iter().filter_map(|heard| heard.trouble.as_ref().map(|trouble| (heard, trouble))) {
        notes.item(&format!("{} {}", heard.word.glyph, trouble.state), heard.word.role, Role::Muted, &trouble.short);
    }
    // Notes may take a third of the pane, and never more than leaves two rows.
    let lines = notes.lines(usize::from(inner.width));
    let most = (body.height / 3).max(1).min(body.height.saturating_sub(2));
    let rows = u16::try_from(lines.len()).unwrap_or(most).min(most);
    for (n, runs) in lines.iter().take(usize::from(rows)).enumerate() {
        let cut = n + 1 == usize::from(rows) && lines.len() > usize::from(rows);
        let mut runs = runs.clone();
        if cut {
            runs.push((" …".to_owned(), Role::Muted));
        }
        crate::ui::widgets::write(buf, crate::ui::widgets::row(inner, u16::try_from(n).unwrap_or(0)), &runs, look.theme);
    }
    let place = Rect { y: body.y + rows, height: body.height - rows, width: body.width.saturating_sub(1), ..body };
    draw_table(&listing.table, view, focused, place, buf, look.theme);
}

/// What stands where no rows do: why, and that it is no all-clear unless every source answered in full.
fn nothing_to_list(listing: &Listing<'_>, hidden: usize, look: &Look<'_>) -> Doc {
    let mut doc = Doc::new();
    if let Some((what, percent)) = listing.working {
        doc.text(Role::Running, &format!("… {what}, {percent} %: none so far"));
        return doc;
    }
    for heard in &listing.heard {
        if let Some(trouble) = &heard.trouble {
            doc.text(heard.word.role, &format!("{} {}", heard.word.glyph, trouble.state));
            if !trouble.full.is_empty() {
                doc.indented(Role::Text, &trouble.full);
            }
        }
    }
    if hidden > 0 {
        let rows = format::count(hidden, "row does", "rows do");
        doc.text(Role::Warn, &format!("{rows} not pass the filter. {} shows them again.", look.key(Action::Dismiss)));
        return doc;
    }
    let answered = listing.heard.iter().filter(|heard| heard.is_well()).count();
    if listing.heard.is_empty() || answered == listing.heard.len() {
        doc.text(Role::Muted, &listing.empty);
    } else if !listing.heard.iter().any(|heard| heard.word.glyph != "…") {
        doc.text(Role::Muted, "Nothing is known yet: this is no all-clear.");
    } else {
        doc.gap().text(Role::Unknown, "Nothing can be shown, and that is no all-clear.");
        doc.text(Role::Muted, &format!("{} asks again now.", look.key(Action::Refresh)));
    }
    for (role, text) in &listing.notes {
        doc.text(*role, text);
    }
    doc
}
