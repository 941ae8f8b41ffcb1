//! Many incidents beside each other: how long each part takes, what got slower, and two of them step by step.
//!
//! Real incidents and exercises are never mixed, nor are plans. Medians and ranges, never means: of a few incidents, one bad night
//! would be all that a mean shows.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::{IncidentId, Mode, Phase, StepId};
use crate::journal::{Incident, StepStatus, Summary};

use super::Timeline;
use super::markdown::words;

/// The number of this shape.
const SCHEMA: u32 = 1;

/// All incidents, by whether they were real and by plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct History {
    schema: u32,
    /// Real incidents first.
    pub groups: Vec<Group>,
}

/// The incidents of one plan, all real or all exercises.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// Real or exercised.
    pub kind: Mode,
    /// The plan's name.
    pub plan: String,
    /// Oldest first.
    pub incidents: Vec<Run>,
    /// The four durations and the whole, of those that were failed over.
    pub durations: Vec<Spread>,
    /// The work of each step that ended well, without waits.
    pub steps: Vec<Spread>,
    /// How long each step that ended well waited for a person.
    pub waits: Vec<Spread>,
}

/// One incident.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// Which.
    pub incident: IncidentId,
    /// Was it failed over? Only then do its durations count.
    pub complete: bool,
    /// In seconds; `None` while nothing is known.
    pub recovery_secs: Option<i64>,
}

/// What was measured of one thing, in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// A duration's name or a step's id.
    pub name: String,
    /// How often it was measured.
    pub count: usize,
    /// Half of them took no longer; the mean of the middle two of an even number.
    pub median_secs: i64,
    /// The shortest.
    pub shortest_secs: i64,
    /// The longest.
    pub longest_secs: i64,
    /// The last one.
    pub last_secs: i64,
    /// The last one minus the median of all before it; `None` if there is none before.
    pub slower_secs: Option<i64>,
}

impl Spread {
    /// Of measurements in order of time; `None` if there are none.
    pub fn of(name: impl Into<String>, measured: &[i64]) -> Option<Self> {
        let (last, before) = measured.split_last()?;
        Some(Self {
            name: name.into(),
            count: measured.len(),
            median_secs: median(measured)?,
            shortest_secs: *measured.iter().min()?,
            longest_secs: *measured.iter().max()?,
            last_secs: *last,
            slower_secs: median(before).map(|median| last - median),
        })
    }
}

fn median(measured: &[i64]) -> Option<i64> {
    let mut sorted = measured.to_vec();
    sorted.sort_unstable();
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        len if len % 2 == 1 => Some(sorted[middle]),
        _ => Some(i64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// The history of these incidents.
pub fn history(summaries: &[Summary]) -> History {
    let mut by: BTreeMap<(bool, &str), Vec<&Summary>> = BTreeMap::new();
    for summary in summaries.iter().filter(|summary| summary.incident.opened.is_some()) {
        by.entry((summary.mode == Mode::Exercise, &summary.plan_name)).or_default().push(summary);
    }
    let groups = by.into_iter().map(|((exercise, plan), mut of)| {
        of.sort_by(|a, b| a.opened_at.cmp(&b.opened_at).then_with(|| a.id.cmp(&b.id)));
        group(if exercise { Mode::Exercise } else { Mode::Live }, plan, &of)
    });
    History { schema: SCHEMA, groups: groups.collect() }
}

fn group(kind: Mode, plan: &str, of: &[&Summary]) -> Group {
    let measured: Vec<Measurements> = of.iter().map(|summary| Measurements::of(&summary.incident)).collect();
    let mut durations = Vec::new();
    let complete = || measured.iter().filter(|one| one.complete);
    for (index, phase) in Phase::ALL.into_iter().enumerate() {
        durations.extend(Spread::of(phase.name(), &complete().map(|one| one.durations[index]).collect::<Vec<_>>()));
    }
    durations.extend(Spread::of("recovery time", &complete().filter_map(|one| one.recovery).collect::<Vec<_>>()));
    // The steps in the order of the newest plan, then those that it no longer has.
    let mut ids: Vec<&StepId> = Vec::new();
    for id in measured.iter().rev().flat_map(|one| &one.order) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let spreads = |value: fn(&Step) -> i64| {
        let of = |id: &&StepId| {
            let done = measured.iter().filter_map(|one| one.steps.get(*id)).filter(|step| step.done);
            Spread::of(id.as_str(), &done.map(value).collect::<Vec<_>>())
        };
        ids.iter().filter_map(of).collect()
    };
    let run = |(summary, one): (&&Summary, &Measurements)| Run {
        incident: summary.id.clone(),
        complete: one.complete,
        recovery_secs: one.recovery,
    };
    Group {
        kind,
        plan: plan.to_owned(),
        incidents: of.iter().zip(&measured).map(run).collect(),
        durations,
        steps: spreads(|step| step.worked),
        waits: spreads(|step| step.waited),
    }
}

/// What one incident took.
struct Measurements {
    complete: bool,
    recovery: Option<i64>,
    durations: [i64; 4],
    order: Vec<StepId>,
    steps: BTreeMap<StepId, Step>,
}

struct Step {
    done: bool,
    status: &'static str,
    worked: i64,
    waited: i64,
    attempts: usize,
}

impl Measurements {
    fn of(incident: &Incident) -> Self {
        let timeline = Timeline::of(incident, None);
        let step = |bar: &super::StepBar| Step {
            done: bar.status == StepStatus::Done,
            status: match bar.status {
                StepStatus::Done => "done",
                StepStatus::Skipped(_) => "skipped",
                StepStatus::RuledOut(_) => "not-applicable",
                StepStatus::Failed(_) => "failed",
                StepStatus::Aborted(_) => "aborted",
                StepStatus::Pending => "pending",
                StepStatus::Calling | StepStatus::Running => "running",
            },
            worked: bar.worked.num_seconds(),
            waited: bar.waited.num_seconds(),
            attempts: bar.attempts.len(),
        };
        Self {
            complete: incident.moment(crate::domain::Moment::FailedOver).is_some(),
            recovery: timeline.durations.recovery_time.map(|time| time.num_seconds()),
            durations: timeline.durations.spans.map(|span| span.length().num_seconds()),
            order: timeline.steps.iter().map(|bar| bar.id.clone()).collect(),
            steps: timeline.steps.iter().map(|bar| (bar.id.clone(), step(bar))).collect(),
        }
    }
}

impl History {
    /// The history for a terminal.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for group in &self.groups {
            if !text.is_empty() {
                text.push('\n');
            }
            let title = if group.kind == Mode::Live { "INCIDENTS" } else { "EXERCISES" };
            text.push_str(&format!("{title} of plan {}\n", group.plan));
            text.push_str(&runs(&group.incidents));
            text.push_str(&table("duration", &group.durations));
            text.push_str(&table("step, work", &group.steps));
            text.push_str(&table("step, waits for a person", &group.waits));
            text.push_str(&slower(group));
        }
        text
    }
}

/// A bar an incident, oldest first: the trend.
fn runs(incidents: &[Run]) -> String {
    const WIDEST: i64 = 30;
    let longest = incidents.iter().filter_map(|run| run.recovery_secs).max().unwrap_or(0).max(1);
    let rows = incidents.iter().map(|run| {
        let secs = run.recovery_secs.unwrap_or(0).max(0);
        let bar = "█".repeat(usize::try_from(secs.saturating_mul(WIDEST) / longest).unwrap_or(0));
        let told = run.recovery_secs.map_or_else(|| "nothing known".to_owned(), words);
        [run.incident.to_string(), format!("{told}{}", if run.complete { "" } else { ", not failed over" }), bar]
    });
    columns(rows.collect::<Vec<_>>().as_slice())
}

fn table(title: &str, spreads: &[Spread]) -> String {
    if spreads.is_empty() {
        return String::new();
    }
    let header = [title, "n", "median", "from", "to", "last", "than before"].map(str::to_owned);
    let row = |spread: &Spread| {
        [
            spread.name.clone(),
            spread.count.to_string(),
            words(spread.median_secs),
            words(spread.shortest_secs),
            words(spread.longest_secs),
            words(spread.last_secs),
            spread.slower_secs.map_or_else(|| "-".to_owned(), difference),
        ]
    };
    let rows: Vec<[String; 7]> = std::iter::once(header).chain(spreads.iter().map(row)).collect();
    format!("\n{}", columns(&rows))
}

fn slower(group: &Group) -> String {
    let durations = group.durations.iter().map(|spread| (spread, ""));
    let steps = group.steps.iter().map(|spread| (spread, "step "));
    let mut slower: Vec<(i64, String)> = durations
        .chain(steps)
        .filter_map(|(spread, what)| {
            let by = spread.slower_secs.filter(|by| *by > 0)?;
            Some((by, format!("{what}{} {}", spread.name, difference(by))))
        })
        .collect();
    slower.sort_by_key(|(by, _)| std::cmp::Reverse(*by));
    if slower.is_empty() {
        return String::new();
    }
    let told: Vec<String> = slower.into_iter().map(|(_, told)| told).collect();
    format!("\n  The last one was slower than the median of the earlier ones in: {}\n", told.join("; "))
}

/// `+4 min`, `-12 s`, `=`.
fn difference(secs: i64) -> String {
    match secs {
        0 => "=".to_owned(),
        secs if secs > 0 => format!("+{}", words(secs)),
        secs => words(secs),
    }
}

fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("  {}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// Two incidents beside each other, duration by duration and step by step, for a terminal.
pub fn compare(first: &Incident, second: &Incident) -> String {
    let (a, b) = (Measurements::of(first), Measurements::of(second));
    let mut text = String::new();
    let mode = |incident: &Incident| incident.opened.as_ref().map(|opened| opened.mode);
    if mode(first) != mode(second) {
        text.push_str("  An incident that was real is compared with an exercise.\n");
    }
    let plan = |incident: &Incident| incident.opened.as_ref().map(|opened| opened.plan_text.clone());
    if plan(first) != plan(second) {
        text.push_str("  Their plans are not the same: a step of one name may not be the same step.\n");
    }
    let mut rows = vec![["".to_owned(), first.id().to_string(), second.id().to_string(), "difference".to_owned()]];
    let mut row = |name: String, a: Option<i64>, b: Option<i64>| {
        let told = |secs: Option<i64>| secs.map_or_else(|| "-".to_owned(), words);
        let by = a.zip(b).map_or_else(|| "-".to_owned(), |(a, b)| difference(b - a));
        rows.push([name, told(a), told(b), by]);
    };
    for (index, phase) in Phase::ALL.into_iter().enumerate() {
        row(phase.name().to_owned(), Some(a.durations[index]), Some(b.durations[index]));
    }
    row("recovery time".to_owned(), a.recovery, b.recovery);
    let only_second = b.order.iter().filter(|id| !a.steps.contains_key(*id));
    for id in a.order.iter().chain(only_second) {
        let (a, b) = (a.steps.get(id), b.steps.get(id));
        let told = |step: Option<&Step>| step.map_or_else(|| "not in the plan".to_owned(), Step::words);
        let (one, other) = (told(a), told(b));
        let how = if one == other { one } else { format!("{one} / {other}") };
        row(format!("{id}, work ({how})"), a.map(|step| step.worked), b.map(|step| step.worked));
        row(format!("{id}, waits"), a.map(|step| step.waited), b.map(|step| step.waited));
    }
    text + &columns(&rows)
}

impl Step {
    fn words(&self) -> String {
        match self.attempts {
            0 | 1 => self.status.to_owned(),
            more => format!("{}, {more} attempts", self.status),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_last_one_is_measured_against_the_median_of_those_before() {
        let spread = Spread::of("restore", &[100, 5000, 120, 150]).unwrap();
        assert_eq!((spread.median_secs, spread.shortest_secs, spread.longest_secs), (135, 100, 5000));
        assert_eq!((spread.last_secs, spread.slower_secs), (150, Some(30)));
        assert_eq!(Spread::of("restore", &[7]).unwrap().slower_secs, None);
        assert_eq!(Spread::of("restore", &[]), None);
    }

    proptest! {
        #[test]
        fn a_median_lies_within_the_range(measured in proptest::collection::vec(-1000i64..100_000, 1..20)) {
            let spread = Spread::of("x", &measured).unwrap();
            prop_assert!(spread.shortest_secs <= spread.median_secs && spread.median_secs <= spread.longest_secs);
        }
    }
}
