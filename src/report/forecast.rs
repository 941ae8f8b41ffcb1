//! When it will be over: every step's expected end along the graph, as a band; which chain decides; what waiting costs.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Expected, StepId};
use crate::journal::StepStatus;

use super::StepBar;

/// The delay whose cost is told.
const DELAY: TimeDelta = TimeDelta::minutes(10);

/// When it will be over, if nobody has to be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// When the last step ends, most likely.
    pub end: DateTime<Utc>,
    /// The same if every step takes no longer than its shortest.
    pub earliest: DateTime<Utc>,
    /// The same if every step takes its longest.
    pub latest: DateTime<Utc>,
    /// From now to `end`: the sum of what remains along the longest chain of prerequisites.
    pub remaining: TimeDelta,
    /// From the end to the objective; negative when it will be missed. `None` while the beginning of the impact is not known.
    pub margin: Option<TimeDelta>,
    /// How much later the end would be if what can begin now began ten minutes later.
    pub ten_minutes: TimeDelta,
    /// When what can begin now has to begin at the latest, so that the objective is likely met; past if it will be missed.
    pub begin_by: Option<DateTime<Utc>>,
    /// How many of the remaining steps have no expected duration and count as nothing: the end may be later.
    pub unknown_steps: usize,
    /// How many running steps already take longer than expected, and count as ending now.
    pub overdue_steps: usize,
}

impl Forecast {
    /// Will it be in time, most likely?
    pub fn in_time(&self) -> Option<bool> {
        self.margin.map(|margin| margin >= TimeDelta::zero())
    }
}

/// The steps as a graph, built once a timeline.
pub(super) struct Links {
    needs: Vec<Vec<usize>>,
    /// Each after what it needs. A plan that was checked has no cycle, but a journal may hold any plan: what lies on one comes last.
    order: Vec<usize>,
}

impl Links {
    pub(super) fn of(steps: &[StepBar]) -> Self {
        let index: HashMap<&StepId, usize> = steps.iter().enumerate().map(|(at, step)| (&step.id, at)).collect();
        let needs: Vec<Vec<usize>> =
            steps.iter().map(|step| step.needs.iter().filter_map(|need| index.get(need).copied()).collect()).collect();
        let mut needed_by = vec![Vec::new(); steps.len()];
        for (at, needs) in needs.iter().enumerate() {
            needs.iter().for_each(|need| needed_by[*need].push(at));
        }
        let mut open: Vec<usize> = needs.iter().map(Vec::len).collect();
        let mut order: Vec<usize> = (0..steps.len()).filter(|at| open[*at] == 0).collect();
        let mut next = 0;
        while next < order.len() {
            for after in &needed_by[order[next]] {
                open[*after] -= 1;
                if open[*after] == 0 {
                    order.push(*after);
                }
            }
            next += 1;
        }
        order.extend((0..steps.len()).filter(|at| open[*at] > 0));
        Self { needs, order }
    }

    /// From the step that ends last back to the first, at each step over the prerequisite that ended, or will end, last. Of two that
    /// end together the later one in the plan counts.
    pub(super) fn critical_path(&self, steps: &[StepBar]) -> Vec<usize> {
        let end = |at: usize| steps[at].settled_at.or(steps[at].forecast.map(|(_, end)| end));
        let last = |among: &mut dyn Iterator<Item = usize>| among.filter_map(|at| Some((end(at)?, at))).max().map(|(_, at)| at);
        let mut on_path = vec![false; steps.len()];
        let mut path: Vec<usize> = Vec::new();
        let mut next = last(&mut (0..steps.len()));
        while let Some(at) = next {
            on_path[at] = true;
            path.push(at);
            next = last(&mut self.needs[at].iter().copied().filter(|need| !on_path[*need]));
        }
        path.reverse();
        path
    }

    /// When each step that is not settled begins and ends, if what can begin now begins `delay` from now and each takes what `pick` says.
    fn reckon(
        &self,
        steps: &[StepBar],
        now: DateTime<Utc>,
        delay: TimeDelta,
        pick: &dyn Fn(&StepBar, TimeDelta) -> TimeDelta,
    ) -> Vec<Option<(DateTime<Utc>, DateTime<Utc>)>> {
        let earliest = now + delay;
        let mut spans: Vec<Option<(DateTime<Utc>, DateTime<Utc>)>> = vec![None; steps.len()];
        for at in &self.order {
            let step = &steps[*at];
            if step.is_set_aside() {
                continue;
            }
            if let Some(settled) = step.settled_at {
                spans[*at] = Some((settled, settled));
                continue;
            }
            let running = step.attempts.last().filter(|attempt| attempt.finished.is_none());
            let needed = self.needs[*at].iter().filter_map(|need| spans[*need]).map(|(_, end)| end).max();
            let from = running.map_or(needed.map_or(earliest, |needed| needed.max(earliest)), |attempt| attempt.began);
            let elapsed = if running.is_some() { now - from } else { TimeDelta::zero() };
            let expected = from.checked_add_signed(pick(step, elapsed)).unwrap_or(from);
            spans[*at] = Some((from, expected.max(now)));
        }
        spans
    }

    /// Gives every step that is not settled its expected beginning and end, and says when the last one is. `None` without a step.
    pub(super) fn forecast(&self, steps: &mut [StepBar], now: DateTime<Utc>, rto_at: Option<DateTime<Utc>>) -> Option<Forecast> {
        let last = |spans: &[Option<(DateTime<Utc>, DateTime<Utc>)>]| {
            spans.iter().flatten().map(|(_, end)| *end).max().map(|end| end.max(now))
        };
        let nothing = TimeDelta::zero();
        let likely = |step: &StepBar, _: TimeDelta| step.expected.map_or(nothing, |of| of.likely);
        // What has taken its longest already goes on for half as long again.
        let longest = |step: &StepBar, elapsed: TimeDelta| {
            step.expected.map_or(nothing, |of| if elapsed > of.longest { elapsed * 3 / 2 } else { of.longest })
        };
        let shortest = |step: &StepBar, _: TimeDelta| step.expected.map_or(nothing, |of| of.shortest);
        let spans = self.reckon(steps, now, nothing, &likely);
        let end = last(&spans)?;
        let delayed = last(&self.reckon(steps, now, DELAY, &likely)).unwrap_or(end);
        let earliest = last(&self.reckon(steps, now, nothing, &shortest)).unwrap_or(end).min(end);
        let latest = last(&self.reckon(steps, now, nothing, &longest)).unwrap_or(end).max(end);
        let (mut unknown_steps, mut overdue_steps) = (0, 0);
        for (step, span) in steps.iter_mut().zip(&spans) {
            let Some((from, to)) = span.filter(|_| step.settled_at.is_none()) else { continue };
            let running = step.attempts.last().is_some_and(|attempt| attempt.finished.is_none());
            unknown_steps += usize::from(step.expected.is_none());
            let over = |of: Expected| from.checked_add_signed(of.likely).is_some_and(|expected| expected < now);
            overdue_steps += usize::from(running && step.expected.is_some_and(over));
            step.forecast = Some((from, to));
        }
        let margin = rto_at.map(|rto_at| rto_at - end);
        // The end moves with the beginning once the delay is longer than the slack that running steps leave.
        let slack = DELAY - (delayed - end);
        let begin_by = margin.filter(|_| delayed > end).map(|margin| now + margin + slack);
        Some(Forecast {
            end,
            earliest,
            latest,
            remaining: end - now,
            margin,
            ten_minutes: delayed - end,
            begin_by,
            unknown_steps,
            overdue_steps,
        })
    }
}

/// What is expected of each step beyond what the plan says.
pub type Expectations = BTreeMap<StepId, Expected>;

impl StepBar {
    /// Is it left out of what remains? A step that takes another back, until somebody asks for it; one that will be ruled out.
    pub fn is_set_aside(&self) -> bool {
        self.status == StepStatus::Pending && self.undoes
    }
}
