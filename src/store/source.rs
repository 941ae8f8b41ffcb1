//! A source of data that may be late, partial or silent, and never pretends otherwise.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::Problem;

/// Data from a feed, with what is known about its quality. Old data stays when new data cannot be had.
#[derive(Debug, Clone, PartialEq)]
pub struct Source<T> {
    /// The last good data; `None` until the first answer.
    pub data: Option<T>,
    /// When that data was true.
    pub as_of: Option<DateTime<Utc>>,
    /// Whether it is all there is.
    pub completeness: Completeness,
    /// Why the last attempt failed, and since when attempts have been failing.
    pub problem: Option<(Problem, DateTime<Utc>)>,
    /// The number of the last question that was answered.
    pub seq: u64,
    /// How long after an answer the next one is expected, in seconds of the console's clock; three of these make it stale.
    pub cadence_secs: u32,
    /// How long reading it takes, where that is long, in seconds.
    pub lasts_secs: u32,
}

/// Is it all there is?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completeness {
    /// Yes.
    Whole,
    /// No: in words, such as `first 100 of more`.
    Partial(String),
}

/// How a source looks at a moment.
#[derive(Debug, Clone, PartialEq)]
pub enum Freshness<'a> {
    /// Never answered, no failure yet.
    Loading,
    /// Never answered, and the last attempt failed.
    Blind(&'a Problem, DateTime<Utc>),
    /// Answered within its cadence.
    Fresh(TimeDelta),
    /// Answered, but too long ago or the last attempt failed: age and reason.
    Stale(TimeDelta, Option<&'a Problem>),
}

impl<T> Source<T> {
    /// A source that has not been heard yet.
    pub fn new(cadence_secs: u32) -> Self {
        Self { data: None, as_of: None, completeness: Completeness::Whole, problem: None, seq: 0, cadence_secs, lasts_secs: 0 }
    }

    /// How it looks at `now`.
    pub fn freshness(&self, now: DateTime<Utc>) -> Freshness<'_> {
        match (self.as_of, &self.problem) {
            (None, None) => Freshness::Loading,
            (None, Some((problem, since))) => Freshness::Blind(problem, *since),
            (Some(at), None)
                if now - at <= TimeDelta::seconds(i64::from(self.cadence_secs) * 3 + i64::from(self.lasts_secs) * 2) =>
            {
                Freshness::Fresh(now - at)
            }
            (Some(at), problem) => Freshness::Stale(now - at, problem.as_ref().map(|(problem, _)| problem)),
        }
    }

    /// A long list was read to its end: it is as of now, and the next one will take as long.
    pub fn ended(&mut self, at: DateTime<Utc>, completeness: Completeness, took: TimeDelta) {
        self.completeness = completeness;
        self.as_of = Some(at);
        self.problem = None;
        self.lasts_secs = u32::try_from(took.num_seconds()).unwrap_or_default();
    }

    /// Takes an answer to question `seq`; `false` if it is older than what is there.
    pub fn apply(&mut self, seq: u64, at: DateTime<Utc>, answer: Result<(T, Completeness), Problem>) -> bool {
        if seq < self.seq {
            return false;
        }
        self.seq = seq;
        match answer {
            Ok((data, completeness)) => {
                self.data = Some(data);
                self.completeness = completeness;
                self.as_of = Some(at);
                self.problem = None;
            }
            Err(problem) => {
                let since = self.problem.as_ref().map_or(at, |(_, since)| *since);
                self.problem = Some((problem, since));
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ProblemKind;

    fn at(secs: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_773_457_200 + secs, 0).unwrap()
    }

    #[test]
    fn a_failing_source_keeps_its_data_and_says_since_when_it_fails() {
        let mut source = Source::new(10);
        assert_eq!(source.freshness(at(0)), Freshness::Loading);
        assert!(source.apply(1, at(0), Ok((vec![1], Completeness::Whole))));
        assert!(matches!(source.freshness(at(30)), Freshness::Fresh(_)));
        assert!(matches!(source.freshness(at(31)), Freshness::Stale(_, None)));
        let problem = Problem::new(ProblemKind::Unreachable, "CloudWatch DescribeAlarms", "no answer");
        source.apply(2, at(10), Err(problem.clone()));
        source.apply(3, at(20), Err(problem.clone()));
        assert_eq!(source.data, Some(vec![1]));
        assert_eq!(source.problem, Some((problem, at(10))));
        assert!(matches!(source.freshness(at(21)), Freshness::Stale(_, Some(_))));
    }

    #[test]
    fn an_answer_to_an_older_question_is_dropped() {
        let mut source = Source::new(10);
        source.apply(5, at(5), Ok((5, Completeness::Whole)));
        assert!(!source.apply(4, at(6), Ok((4, Completeness::Whole))));
        assert_eq!(source.data, Some(5));
    }

    #[test]
    fn a_source_that_never_answered_is_blind_not_calm() {
        let mut source: Source<Vec<u8>> = Source::new(10);
        source.apply(1, at(0), Err(Problem::new(ProblemKind::Denied, "Health DescribeEvents", "not authorised")));
        assert!(matches!(source.freshness(at(1)), Freshness::Blind(problem, _) if problem.kind == ProblemKind::Denied));
    }
}
