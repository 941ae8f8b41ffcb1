//! How long a step is expected to take, how sure that is, and where it is known from.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// A duration that is expected, as a band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// It is hardly shorter than this.
    pub shortest: TimeDelta,
    /// The most likely.
    pub likely: TimeDelta,
    /// It is hardly longer than this.
    pub longest: TimeDelta,
    /// Where that is known from.
    pub basis: Basis,
}

/// Where an expectation is known from, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Somebody wrote it into the plan.
    Plan,
    /// AWS Backup's own measure of the resource's last restore.
    LastRestore,
    /// So many runs of the same step in the journals.
    Runs(usize),
}

impl Expected {
    /// What the plan says. Nobody has measured it, so the band is from half of it to twice as much: copies restored in another Region
    /// have been seen to take twice as long as at home.
    pub fn by_plan(likely: TimeDelta) -> Self {
        Self { shortest: likely / 2, likely, longest: likely * 2, basis: Basis::Plan }
    }

    /// What AWS measured last time: restores of the same data differ by a quarter and more, and data grows.
    pub fn by_last_restore(likely: TimeDelta) -> Self {
        Self { shortest: likely * 3 / 4, likely, longest: likely * 3 / 2, basis: Basis::LastRestore }
    }

    /// What runs in the journals took: the median, from the shortest to the longest of them; of fewer than three that would promise too
    /// much, so the band is widened by a quarter on both sides. `None` without a run.
    pub fn by_runs(measured: &[TimeDelta]) -> Option<Self> {
        let mut sorted = measured.to_vec();
        sorted.sort_unstable();
        let (first, last) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let likely = if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2 };
        let (shortest, longest) = if sorted.len() < 3 { (first * 3 / 4, last * 5 / 4) } else { (first, last) };
        Some(Self { shortest, likely, longest, basis: Basis::Runs(sorted.len()) })
    }
}

impl Basis {
    /// In words.
    pub fn words(self) -> String {
        match self {
            Self::Plan => "the plan".to_owned(),
            Self::LastRestore => "AWS's last restore".to_owned(),
            Self::Runs(1) => "one earlier run".to_owned(),
            Self::Runs(runs) => format!("{runs} earlier runs"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_band_is_as_wide_as_what_is_known_is_thin() {
        let mins = |mins: &[i64]| mins.iter().map(|n| TimeDelta::minutes(*n)).collect::<Vec<_>>();
        let band = |of: Expected| (of.shortest.num_seconds(), of.likely.num_seconds(), of.longest.num_seconds());
        assert_eq!(Expected::by_runs(&[]), None);
        assert_eq!(band(Expected::by_runs(&mins(&[8])).unwrap()), (360, 480, 600));
        assert_eq!(band(Expected::by_runs(&mins(&[9, 7, 20])).unwrap()), (420, 540, 1200));
        assert_eq!(band(Expected::by_runs(&mins(&[9, 7, 20, 11])).unwrap()), (420, 600, 1200));
        assert_eq!(band(Expected::by_plan(TimeDelta::minutes(10))), (300, 600, 1200));
    }
}
