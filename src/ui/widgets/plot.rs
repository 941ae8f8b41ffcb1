//! A metric over time in braille dots, with its threshold, its scale and its time axis.

use chrono::{DateTime, TimeDelta, Utc};

use super::Runs;
use crate::domain::MetricPoint;
use crate::ui::{Role, format};

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Plot<'a> {
    /// Oldest first.
    pub points: &'a [MetricPoint],
    /// The threshold, and whether values above it are bad.
    pub threshold: Option<(f64, bool)>,
    /// Lower and upper edge of the band that the points should lie in.
    pub band: Option<(&'a [MetricPoint], &'a [MetricPoint])>,
    /// Columns.
    pub width: usize,
    /// Rows, the time axis included.
    pub height: usize,
}

const DOTS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// The lines of the plot; none without points or room.
pub fn plot(plot: &Plot<'_>) -> Vec<Runs> {
    let labels = 8;
    let (columns, rows) = (plot.width.saturating_sub(labels + 1), plot.height.saturating_sub(1));
    let (Some(first), Some(last)) = (plot.points.first(), plot.points.last()) else { return Vec::new() };
    if columns < 8 || rows < 2 {
        return Vec::new();
    }
    let (low, high) = range(plot);
    let level =
        |value: f64| ((high - value) / (high - low) * (rows * 4 - 1) as f64).round().clamp(0.0, (rows * 4 - 1) as f64) as usize;
    let mut cells = vec![(0_u32, false); columns * rows];
    let span = (last.at - first.at).num_milliseconds().max(1) as f64;
    let mut previous: Option<(usize, usize)> = None;
    for point in plot.points.iter().filter(|point| point.value.is_finite()) {
        let x = ((point.at - first.at).num_milliseconds() as f64 / span * (columns * 2 - 1) as f64).round() as usize;
        let y = level(point.value);
        let beyond = |(limit, above): (f64, bool)| if above { point.value > limit } else { point.value < limit };
        let edges = plot.band.and_then(|(low, high)| Some((value_at(low, point.at)?, value_at(high, point.at)?)));
        let outside = edges.is_some_and(|(low, high)| point.value < low || point.value > high);
        let bad = outside || plot.threshold.is_some_and(beyond);
        for (px, py) in line(previous.unwrap_or((x, y)), (x, y)) {
            let cell = &mut cells[py / 4 * columns + (px / 2).min(columns - 1)];
            cell.0 |= DOTS[px % 2][py % 4];
            cell.1 |= bad;
        }
        previous = Some((x, y));
    }
    // Where the band is, one mark a column and edge, under the points.
    let mut edges = vec![false; columns * rows];
    for point in plot.band.iter().flat_map(|(low, high)| low.iter().chain(*high)).filter(|point| point.value.is_finite()) {
        let x = (point.at - first.at).num_milliseconds() as f64 / span * (columns - 1) as f64;
        if (0.0..=(columns - 1) as f64).contains(&x) {
            edges[level(point.value) / 4 * columns + x.round() as usize] = true;
        }
    }
    let limit_row = plot.threshold.map(|(limit, _)| level(limit) / 4);
    let mut lines: Vec<Runs> = (0..rows)
        .map(|row| {
            let label = match row {
                _ if Some(row) == limit_row => (plot.threshold.map(|(limit, _)| format::number(limit)), Role::Threshold),
                0 => (Some(format::number(high)), Role::Muted),
                _ if row + 1 == rows => (Some(format::number(low)), Role::Muted),
                _ => (None, Role::Muted),
            };
            let mut runs = vec![(format::fit(&label.0.unwrap_or_default(), labels, true), label.1), (" ".to_owned(), Role::Text)];
            let here = row * columns..(row + 1) * columns;
            for ((dots, bad), edge) in cells[here.clone()].iter().zip(&edges[here]) {
                let limit_here = *edge || Some(row) == limit_row;
                let (c, role) = match (*dots, limit_here) {
                    (0, true) => ('╌', Role::Threshold),
                    (0, false) => (' ', Role::Text),
                    (dots, _) => (char::from_u32(0x2800 + dots).unwrap_or('·'), if *bad { Role::Bad } else { Role::Bar }),
                };
                match runs.last_mut() {
                    Some((text, last)) if *last == role => text.push(c),
                    _ => runs.push((c.to_string(), role)),
                }
            }
            runs
        })
        .collect();
    lines.push(axis(first.at, last.at, labels, columns));
    lines
}

fn axis(first: DateTime<Utc>, last: DateTime<Utc>, labels: usize, columns: usize) -> Runs {
    // Beyond a day the time alone would name two moments.
    let told = |at: DateTime<Utc>| if last - first > TimeDelta::hours(20) { format::date_time(at) } else { format::time(at) };
    let (from, to) = (told(first), format!("{} UTC", told(last)));
    let gap = columns.saturating_sub(from.len() + to.len());
    let text = if gap == 0 { format::fit(&to, columns, true) } else { format!("{from}{}{to}", " ".repeat(gap)) };
    vec![(" ".repeat(labels + 1), Role::Text), (text, Role::Muted)]
}

/// The value of the latest point at or before `at`.
fn value_at(points: &[MetricPoint], at: DateTime<Utc>) -> Option<f64> {
    let after = points.partition_point(|point| point.at <= at);
    after.checked_sub(1).map(|last| points[last].value)
}

fn range(plot: &Plot<'_>) -> (f64, f64) {
    let edges = plot.band.iter().flat_map(|(low, high)| low.iter().chain(*high));
    let values = plot.points.iter().chain(edges).map(|point| point.value);
    let values = values.chain(plot.threshold.map(|(limit, _)| limit)).filter(|v| v.is_finite());
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if !low.is_finite() || !high.is_finite() {
        return (0.0, 1.0);
    }
    // Rates and counts are read against zero.
    let low = if low > 0.0 { 0.0 } else { low };
    if high > low { (low, high) } else { (low, low + 1.0) }
}

/// The dots from one point to the next.
fn line(from: (usize, usize), to: (usize, usize)) -> Vec<(usize, usize)> {
    let steps = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1)).max(1);
    let between = |a: usize, b: usize, i: usize| (a as f64 + (b as f64 - a as f64) * i as f64 / steps as f64).round() as usize;
    (0..=steps).map(|i| (between(from.0, to.0, i), between(from.1, to.1, i))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f64]) -> Vec<MetricPoint> {
        let start: DateTime<Utc> = "2026-03-14T03:00:00Z".parse().unwrap();
        let at = |i: usize| start + chrono::TimeDelta::minutes(i64::try_from(i).unwrap());
        values.iter().enumerate().map(|(i, value)| MetricPoint { at: at(i), value: *value }).collect()
    }

    #[test]
    fn every_line_is_as_wide_as_asked_whatever_the_values() {
        for values in [&[0.4, 22.0, 38.0][..], &[5.0], &[f64::NAN, 1.0], &[-3.0, 1e12, 0.0], &[]] {
            let points = points(values);
            for (width, height) in [(60, 10), (20, 4), (9, 3), (0, 0)] {
                for runs in plot(&Plot { points: &points, threshold: Some((5.0, true)), band: None, width, height }) {
                    let text: String = runs.into_iter().map(|(text, _)| text).collect();
                    assert_eq!(format::width(&text), width);
                }
            }
        }
    }

    #[test]
    fn a_point_outside_the_band_is_a_breach_and_the_band_is_seen() {
        let (inside, low, high) = (points(&[5.0, 5.0, 30.0]), points(&[2.0, 2.0, 2.0]), points(&[8.0, 8.0, 8.0]));
        let plot_of = |points| Plot { points, threshold: None, band: Some((&low, &high)), width: 60, height: 9 };
        let roles = |points| plot(&plot_of(points)).into_iter().flatten().map(|(_, role)| role).collect::<Vec<_>>();
        assert!(roles(&inside).contains(&Role::Bad) && roles(&inside).contains(&Role::Threshold));
        assert!(!roles(&inside[..2]).contains(&Role::Bad));
    }

    #[test]
    fn the_threshold_is_labelled_and_breaches_are_marked() {
        let points = points(&[0.4, 0.5, 38.0, 36.0]);
        let lines = plot(&Plot { points: &points, threshold: Some((5.0, true)), band: None, width: 40, height: 8 });
        assert!(lines.iter().any(|runs| runs[0].0.trim() == "5" && runs[0].1 == Role::Threshold));
        assert!(lines.iter().flatten().any(|(_, role)| *role == Role::Bad));
        assert!(lines.iter().flatten().any(|(_, role)| *role == Role::Bar));
    }
}
