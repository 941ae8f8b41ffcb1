//! Where everything goes, from 60×20 up. Knows sizes and which pane has the keys, nothing of what is in them.
//!
//! The order of collapse, widest first:
//! 1. from 200×36: three columns — what is known, what to do, what happened;
//! 2. from 120×30: two columns; here and above, the pane with the keys gets at least half of its column;
//! 3. below: one column, the pane with the keys open, each other one a line that still tells its state;
//! 4. below 22 rows the header gives up its line of freshness, which the panes' titles repeat;
//! 5. below 60×20: the banner and a sentence.

use ratatui::layout::Rect;

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

/// Divides a screen of at least [`LEAST`].
pub fn divide(area: Rect, focus: Pane, zoomed: bool, notice_rows: u16) -> Places {
    let header = Rect { height: header_rows(area).min(area.height), ..area };
    let footer = Rect { y: area.bottom().saturating_sub(1), height: 1.min(area.height), ..area };
    let notice_rows = notice_rows.min(area.height.saturating_sub(header.height + 1));
    let notice = Rect { y: footer.y - notice_rows, height: notice_rows, ..area };
    let body = Rect { y: header.bottom(), height: notice.y.saturating_sub(header.bottom()), ..area };
    let mut rules = Vec::new();
    let panes = if zoomed {
        vec![(focus, body)]
    } else if area.width >= 200 && area.height >= 36 {
        let columns = columns(body, &[34, 40, 26], &mut rules);
        let mut panes = stack(columns[0], &[(Pane::Alarms, 40), (Pane::Health, 22), (Pane::RecoveryPoints, 38)], focus);
        panes.push((Pane::Wizard, columns[1]));
        panes.extend(stack(columns[2], &[(Pane::Timeline, 60), (Pane::Log, 40)], focus));
        panes
    } else if area.width >= 120 && area.height >= 30 {
        let columns = columns(body, &[49, 51], &mut rules);
        let mut panes = stack(columns[0], &[(Pane::Alarms, 40), (Pane::Health, 22), (Pane::RecoveryPoints, 38)], focus);
        panes.extend(stack(columns[1], &[(Pane::Wizard, 56), (Pane::Timeline, 26), (Pane::Log, 18)], focus));
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

/// One pane above the other by shares in percent; the one with the keys gets half of the column if its share is less.
fn stack(area: Rect, shares: &[(Pane, u16)], focus: Pane) -> Vec<(Pane, Rect)> {
    let raised = shares.iter().any(|(pane, share)| *pane == focus && *share < 50);
    let own = shares.iter().find(|(pane, _)| *pane == focus).map_or(0, |(_, share)| *share);
    let share_of = |pane: Pane, share: u16| match (raised, pane == focus) {
        (false, _) => u32::from(share),
        (true, true) => 50,
        (true, false) => u32::from(share) * 50 / u32::from(100 - own),
    };
    let mut y = area.y;
    let mut out = Vec::new();
    for (i, (pane, share)) in shares.iter().enumerate() {
        let rest = area.bottom() - y;
        let wanted = u16::try_from(u32::from(area.height) * share_of(*pane, *share) / 100).unwrap_or(rest);
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
        for (width, height) in [(60, 20), (80, 24), (119, 29), (120, 30), (120, 40), (160, 45), (200, 36), (200, 50), (500, 200)]
        {
            for focus in Pane::ALL {
                for notice in 0..2 {
                    let places = divide(Rect::new(0, 0, width, height), focus, false, notice);
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
    fn tab_goes_round() {
        assert_eq!(Pane::Log.step(1), Pane::Alarms);
        assert_eq!(Pane::Alarms.step(-1), Pane::Log);
    }
}
