//! How many questions a second an API may be asked: one budget for each account, Region and operation, whoever asks.
//!
//! AWS counts the calls of a whole account and Region together, so a console that asks as fast as it can takes the calls away from
//! whoever else works on the same disaster. Real time counts, also in an exercise: it is the other side's machines that are spared.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::domain::{Problem, ProblemKind, Region};

/// Calls a second that AWS takes per account and Region by default (Amazon CloudWatch User Guide, "CloudWatch service quotas").
const LIMITS: &[(&str, f64)] = &[
    ("CloudWatch DescribeAlarms", 9.0),
    ("CloudWatch DescribeAlarmHistory", 20.0),
    ("CloudWatch GetMetricData", 50.0),
    // A standard queue takes nearly any number (Amazon SQS Developer Guide, "Amazon SQS standard queue quotas").
    ("SQS ReceiveMessage", 100.0),
];
/// For operations whose limit AWS does not publish: few enough to leave room for others.
const UNPUBLISHED: f64 = 10.0;
/// The slowest pace that repeated throttling leads to, in calls a second.
const SLOWEST: f64 = 0.5;
/// What is left of the pace after a throttled call.
const CUT: f64 = 0.7;
/// What part of the limit an answer gives back after a cut.
const REGAIN: f64 = 0.02;
/// Throttled calls that were under way together are one sign, not many.
const ONE_SIGN: Duration = Duration::from_secs(1);

/// The budgets of a console.
#[derive(Debug, Clone, Default)]
pub(super) struct Budgets(Arc<Mutex<HashMap<Key, Budget>>>);

/// Account, Region, operation.
type Key = (String, Region, &'static str);

impl Budgets {
    /// The budget of an operation in an account and Region. An endpoint of one's own has no limit until it says so.
    pub(super) fn of(&self, account: &str, region: &Region, operation: &'static str, own_endpoint: bool) -> Budget {
        let mut budgets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (account.to_owned(), region.clone(), operation);
        budgets.entry(key).or_insert_with(|| Budget::new(operation, own_endpoint)).clone()
    }
}

/// One bucket of calls that fills at the pace of the limit.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    state: Arc<Mutex<State>>,
    limit: f64,
    since: Stopwatch,
}

#[derive(Debug)]
struct State {
    /// Calls a second; `None`: no limit is known of.
    pace: Option<f64>,
    /// Calls that may be made at once; negative while callers wait.
    calls: f64,
    counted_at: Duration,
    cut_at: Option<Duration>,
}

impl Budget {
    fn new(operation: &str, own_endpoint: bool) -> Self {
        let limit = LIMITS.iter().find(|(name, _)| *name == operation).map_or(UNPUBLISHED, |(_, limit)| *limit);
        let pace = (!own_endpoint).then_some(limit);
        // One call less than AWS keeps ready: two requests may arrive closer together than they were sent.
        let state = State { pace, calls: limit - 1.0, counted_at: Duration::ZERO, cut_at: None };
        Self { state: Arc::new(Mutex::new(state)), limit, since: Stopwatch::new() }
    }

    /// Waits until one more call may be made.
    pub(super) async fn turn(&self) {
        let wait = self.reserve();
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    fn reserve(&self) -> Duration {
        let mut state = self.count();
        let Some(pace) = state.pace else { return Duration::ZERO };
        state.calls -= 1.0;
        if state.calls >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-state.calls / pace) }
    }

    /// A call was refused as one too many.
    pub(super) fn throttled(&self) {
        let now = self.since.elapsed();
        let mut state = self.count();
        if state.cut_at.is_some_and(|at| now.saturating_sub(at) < ONE_SIGN) {
            return;
        }
        state.cut_at = Some(now);
        state.pace = Some(state.pace.map_or(self.limit, |pace| (pace * CUT).max(SLOWEST)));
        // The other side's bucket is empty: let one call gather there before the next.
        state.calls = state.calls.min(0.0) - 1.0;
    }

    /// A call was answered: the pace comes back little by little.
    pub(super) fn answered(&self) {
        let mut state = self.count();
        let gained = state.pace.map(|pace| (pace + self.limit * REGAIN).min(self.limit));
        state.pace = gained;
    }

    /// Takes in how a call ended.
    pub(super) fn hear<T>(&self, answer: &Result<T, Problem>) {
        match answer {
            Ok(_) => self.answered(),
            Err(problem) if problem.kind == ProblemKind::Throttled => self.throttled(),
            Err(_) => {}
        }
    }

    fn count(&self) -> MutexGuard<'_, State> {
        let now = self.since.elapsed();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pace) = state.pace {
            let passed = now.saturating_sub(state.counted_at).as_secs_f64();
            state.calls = (state.calls + passed * pace).min(self.limit - 1.0);
        }
        state.counted_at = now.max(state.counted_at);
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_beyond_what_is_ready_wait_their_turn_at_the_pace_of_the_limit() {
        let budget = Budgets::default().of("1", &Region::new("eu-west-1"), "CloudWatch DescribeAlarms", false);
        for _ in 0..8 {
            assert_eq!(budget.reserve(), Duration::ZERO);
        }
        for waiting in 1..=20 {
            let wait = budget.reserve().as_secs_f64();
            // Time that passes in here only shortens the wait.
            assert!(wait <= f64::from(waiting) / 9.0 && wait > 0.0, "{waiting}: {wait}");
        }
    }

    #[test]
    fn however_many_sites_ask_the_calls_of_an_account_and_region_stay_within_its_limit() {
        let budgets = Budgets::default();
        let mut waits: Vec<f64> = Vec::new();
        for _site in 0..40 {
            // Each site has a connection of its own, and asks five times at once.
            let budget = budgets.of("1", &Region::new("eu-west-1"), "CloudWatch DescribeAlarms", false);
            waits.extend((0..5).map(|_| budget.reserve().as_secs_f64()));
        }
        // In any second from the beginning on no more are let through than were ready and have come since.
        for second in 1..=20 {
            let made = waits.iter().filter(|wait| **wait < f64::from(second)).count();
            assert!(made <= 9 * second as usize + 9, "{made} calls in {second} s");
        }
        assert!(waits.iter().any(|wait| *wait > 20.0), "two hundred calls take twenty seconds");
    }

    #[test]
    fn an_endpoint_of_ones_own_has_no_limit_until_it_says_so() {
        let budget = Budgets::default().of("1", &Region::new("eu-west-1"), "CloudWatch DescribeAlarms", true);
        assert!((0..1000).all(|_| budget.reserve().is_zero()));
        budget.throttled();
        assert!(budget.reserve() > Duration::ZERO);
        assert_eq!(budget.count().pace, Some(9.0));
        budget.throttled();
        assert_eq!(budget.count().pace, Some(9.0), "calls under way together are one sign");
    }

    #[test]
    fn a_cut_pace_comes_back_and_never_falls_to_nothing() {
        let budget = Budgets::default().of("1", &Region::new("eu-west-1"), "CloudWatch DescribeAlarms", false);
        for _ in 0..40 {
            budget.throttled();
            budget.state.lock().unwrap().cut_at = None;
        }
        assert_eq!(budget.count().pace, Some(SLOWEST));
        (0..60).for_each(|_| budget.answered());
        assert_eq!(budget.count().pace, Some(9.0));
    }

    #[test]
    fn each_account_region_and_operation_has_its_own() {
        let budgets = Budgets::default();
        let of = |account: &str, region: &str, operation| budgets.of(account, &Region::new(region), operation, false);
        let first = of("1", "eu-west-1", "CloudWatch DescribeAlarms");
        let same = |other: &Budget| Arc::ptr_eq(&first.state, &other.state);
        assert!(same(&of("1", "eu-west-1", "CloudWatch DescribeAlarms")));
        for other in [of("2", "eu-west-1", "CloudWatch DescribeAlarms"), of("1", "eu-central-1", "CloudWatch DescribeAlarms")] {
            assert!(!same(&other));
        }
        assert!(!same(&of("1", "eu-west-1", "Backup ListRestoreJobs")));
    }
}
