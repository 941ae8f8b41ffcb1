//! Bars of blocks, in eighths of a column where the end falls between.

use super::Runs;
use crate::ui::Role;

const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// A bar that is `share` (0 to 1) full, with an optional mark at another share.
pub fn bar(share: f64, columns: usize, role: Role) -> Runs {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let eighths = (share * columns as f64 * 8.0).round() as usize;
    let (full, part) = (eighths / 8, eighths % 8);
    let mut filled = "█".repeat(full.min(columns));
    if full < columns {
        filled.push_str(EIGHTHS[part]);
    }
    let empty = columns.saturating_sub(full + usize::from(part > 0 && full < columns));
    vec![(filled, role), ("░".repeat(empty), Role::BarEmpty)]
}

/// A lane of a chart: blank, then a bar from `from` to `to` (shares of the width, at least one column), then blank, with a mark
/// at `mark`. `open` draws the end of what is still growing.
pub fn lane(from: f64, to: f64, open: bool, columns: usize, role: Role, mark: Option<f64>) -> Runs {
    if columns == 0 {
        return Runs::new();
    }
    let edge = |share: f64| (share.clamp(0.0, 1.0) * columns as f64).round() as usize;
    let column = |share: f64| edge(share).min(columns - 1);
    let start = column(from);
    let end = edge(to).clamp(start + 1, columns);
    let mut cells: Vec<(char, Role)> = vec![(' ', Role::Text); columns];
    for (i, cell) in cells.iter_mut().enumerate().take(end).skip(start) {
        let tip = open && i + 1 == end;
        *cell = (if tip { '▶' } else { '█' }, role);
    }
    if let Some(mark) = mark.filter(|mark| (0.0..=1.0).contains(mark)) {
        let at = column(mark);
        cells[at] = (if cells[at].0 == ' ' { '┊' } else { '╂' }, Role::Threshold);
    }
    let mut runs = Runs::new();
    for (c, role) in cells {
        match runs.last_mut() {
            Some((text, last)) if *last == role => text.push(c),
            _ => runs.push((c.to_string(), role)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(runs: Runs) -> String {
        runs.into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn a_bar_takes_its_columns_whatever_its_share() {
        for (share, shown) in [(0.0, "░░░░"), (0.5, "██░░"), (0.53, "██▏░"), (1.0, "████"), (7.0, "████"), (f64::NAN, "░░░░")]
        {
            assert_eq!(text(bar(share, 4, Role::Bar)), shown);
        }
        assert_eq!(text(bar(0.5, 0, Role::Bar)), "");
    }

    #[test]
    fn a_lane_shows_even_the_shortest_thing() {
        assert_eq!(text(lane(0.5, 0.5, false, 8, Role::Bar, None)), "    █   ");
        assert_eq!(text(lane(0.0, 0.5, true, 8, Role::Bar, Some(0.75))), "███▶  ┊ ");
        assert_eq!(text(lane(0.0, 1.0, false, 4, Role::Bar, Some(0.5))), "██╂█");
        assert_eq!(text(lane(1.0, 1.0, false, 4, Role::Bar, None)), "   █");
        assert_eq!(text(lane(0.0, 1.0, false, 0, Role::Bar, None)), "");
    }
}
