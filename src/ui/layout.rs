//! Where everything goes, from 60×20 up. Knows sizes and which pane has the keys, nothing of what is in them.
//!
//! The order of collapse, widest first:
//! 0. from 300×40: four columns — what is known, what is left to restore from, what to do with what was done, where the time goes;
//! 1. from 200×36: three columns — what is known, what to do with what was done, where the time goes;
//! 2. from 120×30: two columns; here and above, the pane with the keys gets at least half of its column;
//! 3. below: one column, the pane with the keys open, each other one a line that still tells its state;
//! 4. below 22 rows the header gives up its line of freshness, which the panes' titles repeat;
//! 5. below 60×20: the banner and a sentence.
//!
//! [`Splits`] moves the borders between columns and within one; what is moved stays moved at every size that has the border.

use std::collections::BTreeMap;

use ratatui::layout::Rect;
use serde::Deserialize;

use super::Action;

/// The least width and height that show a whole console.
pub const LEAST: (u16, u16) = (60, 20);

/// A pane, in the order of its digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pane {
    /// CloudWatch alarms.
    Alarms,
    /// AWS Health events.
    Health,
    /// What can be restored.
    RecoveryPoints,
    /// The durations and the steps as bars.
    Timeline,
    /// The steps, one by one.
    Wizard,
    /// What happened, who did it.
    Log,
}

impl Pane {
    /// All, in the order of their digits.
    pub const ALL: [Self; 6] = [Self::Alarms, Self::Health, Self::RecoveryPoints, Self::Timeline, Self::Wizard, Self::Log];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Alarms => "Alarms",
            Self::Health => "Health",
            Self::RecoveryPoints => "Recovery points",
            Self::Timeline => "Timeline",
            Self::Wizard => "Wizard",
            Self::Log => "Log",
        }
    }

    /// Its digit, from 1.
    pub fn digit(self) -> usize {
        Self::ALL.iter().position(|pane| *pane == self).map_or(0, |at| at + 1)
    }

    /// The pane `by` places further, round and round.
    pub fn step(self, by: isize) -> Self {
        let count = Self::ALL.len().cast_signed();
        let at = (self.digit().cast_signed() - 1 + by).rem_euclid(count);
        Self::ALL[at.unsigned_abs()]
    }
}

/// Where everything goes. A pane that is one row high shows its title only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Banner, sites, clocks, freshness.
    pub header: Rect,
    /// The panes; those of a zoomed screen that are not shown are missing.
    pub panes: Vec<(Pane, Rect)>,
    /// Columns of rules between panes.
    pub rules: Vec<Rect>,
    /// A message to the operator; no rows without one.
    pub notice: Rect,
    /// The keys.
    pub footer: Rect,
    /// Everything between header and footer, for what lies over it.
    pub body: Rect,
}

/// Rows of the header on a screen of this size.
pub fn header_rows(area: Rect) -> u16 {
    if area.height < 22 { 3 } else { 4 }
}

/// How far the borders were moved by whom, in percent: to the sides, and up and down. A column moves by the sum of its panes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Splits {
    sides: [i16; 6],
    heights: [i16; 6],
}

/// Percent by which a key moves a border.
const TURN: i16 = 4;
/// How far a border can be moved, in percent.
const MOST_TURN: i16 = 40;
/// The least share of a column or a pane, in percent.
const LEAST_SHARE: i16 = 12;

/// The file in which the moved borders are kept.
#[derive(Deserialize)]
struct Kept {
    #[serde(default)]
    sides: BTreeMap<String, i16>,
    #[serde(default)]
    heights: BTreeMap<String, i16>,
}

fn name_of(pane: Pane) -> String {
    pane.title().to_lowercase().replace(' ', "-")
}

impl Splits {
    /// Moves a border of the pane that has the keys.
    pub fn turn(&mut self, action: Action, focus: Pane) {
        let part = match action {
            Action::Wider | Action::Narrower => &mut self.sides[focus.digit() - 1],
            Action::Taller | Action::Shorter => &mut self.heights[focus.digit() - 1],
            _ => {
                *self = Self::default();
                return;
            }
        };
        let by = if matches!(action, Action::Wider | Action::Taller) { TURN } else { -TURN };
        *part = (*part + by).clamp(-MOST_TURN, MOST_TURN);
    }

    /// As it is kept in a file.
    pub fn written(&self) -> String {
        let part = |moved: &[i16; 6]| {
            let of = Pane::ALL.into_iter().zip(moved).filter(|(_, by)| **by != 0);
            of.map(|(pane, by)| format!("{} = {by}\n", name_of(pane))).collect::<String>()
        };
        format!("[sides]\n{}\n[heights]\n{}", part(&self.sides), part(&self.heights))
    }

    /// As it was kept; what is out of range is brought into it.
    ///
    /// # Errors
    /// What is no such file.
    pub fn read(text: &str) -> Result<Self, toml::de::Error> {
        let kept: Kept = toml::from_str(text)?;
        let part = |moved: &BTreeMap<String, i16>| {
            Pane::ALL.map(|pane| moved.get(&name_of(pane)).copied().unwrap_or(0).clamp(-MOST_TURN, MOST_TURN))
        };
        Ok(Self { sides: part(&kept.sides), heights: part(&kept.heights) })
    }

    /// Shares in percent after the borders were moved: what one gets more, the others give in proportion.
    fn shares(shares: &[u16], moved: impl Fn(usize) -> i16) -> Vec<u16> {
        let wanted: Vec<i16> = shares
            .iter()
            .enumerate()
            .map(|(i, share)| (i16::try_from(*share).unwrap_or(100) + moved(i)).max(LEAST_SHARE))
            .collect();
        let sum: i16 = wanted.iter().sum::<i16>().max(1);
        wanted.iter().map(|share| u16::try_from(i32::from(*share) * 100 / i32::from(sum)).unwrap_or(1)).collect()
    }
}

/// Divides a screen of at least [`LEAST`].
pub fn divide(area: Rect, focus: Pane, zoomed: bool, notice_rows: u16, splits: &Splits) -> Places {
    let header = Rect { height: header_rows(area).min(area.height), ..area };
    let footer = Rect { y: area.bottom().saturating_sub(1), height: 1.min(area.height), ..area };
    let notice_rows = notice_rows.min(area.height.saturating_sub(header.height + 1));
    let notice = Rect { y: footer.y - notice_rows, height: notice_rows, ..area };
    let body = Rect { y: header.bottom(), height: notice.y.saturating_sub(header.bottom()), ..area };
    let mut rules = Vec::new();
    let work = [(Pane::Wizard, 66), (Pane::Log, 34)];
    let known = [(Pane::Alarms, 40), (Pane::Health, 22), (Pane::RecoveryPoints, 38)];
    let wide = |columns_of: &[(u16, &[Pane])], rules: &mut Vec<Rect>| {
        let shares: Vec<u16> = columns_of.iter().map(|(share, _)| *share).collect();
        let moved = |i: usize| columns_of[i].1.iter().map(|pane| splits.sides[pane.digit() - 1]).sum();
        columns(body, &Splits::shares(&shares, moved), rules)
    };
    use Pane::{Alarms, Health, Log, RecoveryPoints, Timeline, Wizard};
    let panes = if zoomed {
        vec![(focus, body)]
    } else if area.width >= 300 && area.height >= 40 {
        let columns =
            wide(&[(26, &[Alarms, Health]), (22, &[RecoveryPoints]), (30, &[Wizard, Log]), (22, &[Timeline])], &mut rules);
        let mut panes = stack(columns[0], &[(Alarms, 62), (Health, 38)], focus, splits);
        panes.push((RecoveryPoints, columns[1]));
        panes.extend(stack(columns[2], &work, focus, splits));
        panes.push((Timeline, columns[3]));
        panes
    } else if area.width >= 200 && area.height >= 36 {
        let columns = wide(&[(33, &[Alarms, Health, RecoveryPoints]), (41, &[Wizard, Log]), (26, &[Timeline])], &mut rules);
        let mut panes = stack(columns[0], &known, focus, splits);
        panes.extend(stack(columns[1], &work, focus, splits));
        panes.push((Timeline, columns[2]));
        panes
    } else if area.width >= 120 && area.height >= 30 {
        let columns = wide(&[(49, &[Alarms, Health, RecoveryPoints]), (51, &[Wizard, Timeline, Log])], &mut rules);
        let mut panes = stack(columns[0], &known, focus, splits);
        panes.extend(stack(columns[1], &[(Pane::Wizard, 56), (Pane::Timeline, 26), (Pane::Log, 18)], focus, splits));
        panes
    } else {
        accordion(body, focus)
    };
    Places { header, panes, rules, notice, footer, body }
}

fn columns(area: Rect, shares: &[u16], rules: &mut Vec<Rect>) -> Vec<Rect> {
    let mut x = area.x;
    let mut out = Vec::new();
    for (i, share) in shares.iter().enumerate() {
        let last = i + 1 == shares.len();
        let width =
            if last { area.right() - x } else { u16::try_from(u32::from(area.width) * u32::from(*share) / 100).unwrap_or(0) };
        out.push(Rect { x, width, ..area });
        x += width;
        if !last {
            rules.push(Rect { x, width: 1, ..area });
            x += 1;
        }
    }
    out
}

/// One pane above the other by shares in percent; the one with the keys gets half of the column if its share is less. Who has moved the
/// borders of the column gets what was asked for.
fn stack(area: Rect, shares: &[(Pane, u16)], focus: Pane, splits: &Splits) -> Vec<(Pane, Rect)> {
    let moved = |i: usize| splits.heights[shares[i].0.digit() - 1];
    let raised = shares.iter().any(|(pane, share)| *pane == focus && *share < 50) && (0..shares.len()).all(|i| moved(i) == 0);
    let own = shares.iter().find(|(pane, _)| *pane == focus).map_or(0, |(_, share)| *share);
    let plain: Vec<u16> = shares.iter().map(|(_, share)| *share).collect();
    let turned = Splits::shares(&plain, moved);
    let share_of = |i: usize| match (raised, shares[i].0 == focus) {
        (false, _) => u32::from(turned[i]),
        (true, true) => 50,
        (true, false) => u32::from(shares[i].1) * 50 / u32::from(100 - own),
    };
    let mut y = area.y;
    let mut out = Vec::new();
    for (i, (pane, _)) in shares.iter().enumerate() {
        let rest = area.bottom() - y;
        let wanted = u16::try_from(u32::from(area.height) * share_of(i) / 100).unwrap_or(rest);
        let height = if i + 1 == shares.len() { rest } else { wanted.clamp(1.min(rest), rest) };
        out.push((*pane, Rect { y, height, ..area }));
        y += height;
    }
    out
}

fn accordion(area: Rect, focus: Pane) -> Vec<(Pane, Rect)> {
    let others = u16::try_from(Pane::ALL.len() - 1).unwrap_or(0);
    let open = area.height.saturating_sub(others);
    let mut y = area.y;
    Pane::ALL
        .iter()
        .map(|pane| {
            let height = if *pane == focus { open } else { 1 }.min(area.bottom().saturating_sub(y));
            let place = Rect { y, height, ..area };
            y += height;
            (*pane, place)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pane_is_on_screen_without_overlap_at_every_size_that_is_supported() {
        for (width, height) in
            [(60, 20), (80, 24), (119, 29), (120, 30), (120, 40), (160, 45), (200, 36), (200, 50), (300, 40), (500, 200)]
        {
            for focus in Pane::ALL {
                for notice in 0..2 {
                    let places = divide(Rect::new(0, 0, width, height), focus, false, notice, &Splits::default());
                    assert_eq!(places.panes.len(), Pane::ALL.len());
                    for (i, (pane, place)) in places.panes.iter().enumerate() {
                        assert!(place.height >= 1, "{pane:?} has no row at {width}×{height}");
                        assert_eq!(place.intersection(places.body), *place);
                        for (_, other) in &places.panes[i + 1..] {
                            assert!(!place.intersects(*other));
                        }
                    }
                    let open = places.panes.iter().find(|(pane, _)| *pane == focus).unwrap().1;
                    assert!(open.height >= 9, "{focus:?} has only {} rows at {width}×{height}", open.height);
                }
            }
        }
    }

    #[test]
    fn borders_move_and_go_back_and_no_pane_is_lost() {
        for (width, height) in [(120, 30), (200, 50), (400, 100)] {
            for focus in Pane::ALL {
                let area = Rect::new(0, 0, width, height);
                let size = |splits: &Splits| {
                    let places = divide(area, focus, false, 0, splits);
                    for (i, (_, place)) in places.panes.iter().enumerate() {
                        assert!(place.height >= 1 && place.width >= 8, "{place:?} at {width}×{height}");
                        assert!(places.panes[i + 1..].iter().all(|(_, other)| !place.intersects(*other)));
                    }
                    places.panes.iter().find(|(pane, _)| *pane == focus).unwrap().1
                };
                let mut splits = Splits::default();
                let before = size(&splits);
                for _ in 0..20 {
                    splits.turn(Action::Wider, focus);
                }
                assert!(size(&splits).width > before.width, "{focus:?} at {width}×{height}");
                for _ in 0..40 {
                    splits.turn(Action::Narrower, focus);
                    splits.turn(Action::Shorter, focus);
                }
                assert!(size(&splits).width < before.width, "{focus:?} at {width}×{height}");
                splits.turn(Action::Even, focus);
                assert_eq!(size(&splits), before);
            }
        }
    }

    #[test]
    fn moved_borders_come_back_from_their_file() {
        let mut splits = Splits::default();
        for _ in 0..3 {
            splits.turn(Action::Wider, Pane::RecoveryPoints);
            splits.turn(Action::Shorter, Pane::Log);
        }
        assert_eq!(splits.written(), "[sides]\nrecovery-points = 12\n\n[heights]\nlog = -12\n");
        assert_eq!(Splits::read(&splits.written()).unwrap(), splits);
        assert_eq!(Splits::read("").unwrap(), Splits::default());
        assert_eq!(Splits::read("[sides]\nwizard = 9999\nnobody = 1\n").unwrap().sides[4], MOST_TURN);
        assert!(Splits::read("[sides]\nwizard = 'wide'\n").is_err());
    }

    #[test]
    fn tab_goes_round() {
        assert_eq!(Pane::Log.step(1), Pane::Alarms);
        assert_eq!(Pane::Alarms.step(-1), Pane::Log);
    }
}
