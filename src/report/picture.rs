//! The timeline as a picture: an SVG of the four durations, the restore phase's parts and every step, on one axis of time.
//!
//! Waits are hatched and work is filled, so that neither colour nor a legend is needed to tell them apart. Pure: the same timeline
//! gives the same bytes.

use chrono::{DateTime, Utc};

use crate::domain::Phase;
use crate::journal::{Ended, StepStatus};

use super::document::{Document, ElsewhereRow};
use super::markdown::words;
use super::picture_style::{Paper, style};
use super::xml::escaped;
use super::{AttemptBar, StepBar, Timeline, Zone};

const WIDTH: f64 = 980.0;
/// Where the axis begins and ends.
const LEFT: f64 = 250.0;
const RIGHT: f64 = 950.0;
const ROW: f64 = 24.0;
const BAR: f64 = 14.0;
/// Where the first row is.
const TOP: f64 = 96.0;
/// About how wide a character of the picture's text is.
const CHARACTER: f64 = 6.4;
/// How many times what happened may fit before the objective: beyond that it is told and not drawn.
const RTO_WITHIN: i64 = 3;

/// How many of others' jobs and executions are drawn.
const MOST_SEEN: usize = 20;

/// The picture of a document and its timeline.
pub(super) fn svg(document: &Document, timeline: &Timeline, paper: Paper, zone: Zone) -> String {
    let axis = Axis::of(document, timeline, zone);
    let mut rows = String::new();
    let mut y = TOP;
    if let Some(axis) = &axis {
        rows.push_str(&durations(document, timeline, axis, y));
        y += ROW + 10.0;
        for bar in timeline.work.iter().filter(|bar| bar.part.is_some()) {
            let name = bar.part.map_or("", |part| part.name());
            rows.push_str(&label(&format!("restore: {name}"), y, "muted"));
            let told = words((bar.to - bar.from).num_seconds());
            rows.push_str(&axis.bar(bar.from, bar.to, y, "part", &format!("{name}: {told}")));
            y += ROW;
        }
        y += 6.0;
        let touched: Vec<&StepBar> = timeline.steps.iter().filter(|step| is_touched(step)).collect();
        for step in &touched {
            rows.push_str(&step_row(step, timeline.now, axis, y));
            y += ROW;
        }
        let left = if touched.is_empty() { "no step was begun".to_owned() } else { not_drawn(timeline) };
        if !left.is_empty() && !timeline.steps.is_empty() {
            rows.push_str(&label(&left, y, "muted"));
            y += ROW;
        }
        let seen: Vec<&ElsewhereRow> = document.elsewhere.iter().filter(|row| row.work.began_at.is_some()).collect();
        for row in seen.iter().take(MOST_SEEN) {
            rows.push_str(&seen_row(row, timeline.now, axis, y));
            y += ROW;
        }
        if seen.len() > MOST_SEEN {
            rows.push_str(&label(&format!("seen, not done here: {} more", seen.len() - MOST_SEEN), y, "muted"));
            y += ROW;
        }
    }
    let bottom = y + 4.0;
    let height = bottom + 74.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"timeline\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" aria-label=\"{}\">\n{}",
        escaped(&summary(document)),
        style(paper)
    );
    out.push_str(&format!("<rect class=\"paper\" width=\"{WIDTH}\" height=\"{height}\"/>\n"));
    out.push_str(&head(document));
    match &axis {
        Some(axis) => {
            out.push_str(&axis.grid(bottom));
            out.push_str(&rows);
            out.push_str(&marks(timeline, axis, bottom));
        }
        None => out.push_str(&text(20.0, TOP, "muted", "Nothing is known that could be drawn.")),
    }
    out.push_str(&legend(bottom + 26.0, document, timeline));
    out.push_str("</svg>\n");
    out
}

/// Others' work, as AWS told of it.
fn seen_row(row: &ElsewhereRow, now: Option<DateTime<Utc>>, axis: &Axis, y: f64) -> String {
    let work = &row.work;
    let mut out = label(&format!("seen: {}", work.kind), y, "muted");
    if let Some(from) = work.began_at {
        let to = work.ended_at.or(now).unwrap_or(from).max(from);
        let told = format!("seen, not done here: {} {} of {}: {}", work.kind, work.id, work.about, work.status);
        out.push_str(&axis.bar(from, to, y, "seen", &told));
        let name = work.about.rsplit(['/', ':']).next().unwrap_or_default().trim();
        let told = cut(&format!("{name}, {}", work.status), 44);
        // Beside the bar, on the side where there is room.
        if axis.x(to) + 6.0 + length(&told) < WIDTH {
            out.push_str(&text(axis.x(to) + 6.0, y + 11.0, "muted", &told));
        } else if axis.x(from) - 6.0 - length(&told) > LEFT {
            out.push_str(&text(axis.x(from) - 6.0 - length(&told), y + 11.0, "muted", &told));
        }
    }
    out
}

/// Is there anything to draw of it: what was done, waited for, or is expected? What does not apply, and the way back that nobody took,
/// waited for nobody.
fn is_touched(step: &StepBar) -> bool {
    let is_passed_by = matches!(step.status, StepStatus::RuledOut(_)) || step.undoes;
    let is_due = step.ready_at.is_some() || step.settled_at.is_some() || step.forecast.is_some();
    !step.attempts.is_empty() || (is_due && !is_passed_by)
}

/// Of the steps that are not drawn, how many nobody began and how many did not apply; empty if all are drawn.
fn not_drawn(timeline: &Timeline) -> String {
    let left = || timeline.steps.iter().filter(|step| !is_touched(step));
    let ruled_out = left().filter(|step| matches!(step.status, StepStatus::RuledOut(_))).count();
    match (left().count() - ruled_out, ruled_out) {
        (0, 0) => String::new(),
        (left, 0) => format!("steps not begun: {left}"),
        (0, ruled_out) => format!("steps ruled out: {ruled_out}"),
        (left, ruled_out) => format!("steps: {left} not begun, {ruled_out} ruled out"),
    }
}

fn summary(document: &Document) -> String {
    let (time, loss) = (&document.recovery_time, &document.data_loss);
    let of = |secs: Option<i64>| secs.map_or_else(|| "not known".to_owned(), words);
    format!(
        "recovery time {}{} of {}: {}; data loss {} of {}: {}",
        of(time.achieved_secs),
        if time.running { " and counting" } else { "" },
        words(time.objective_secs),
        time.verdict.name(),
        of(loss.achieved_secs),
        words(loss.objective_secs),
        loss.verdict.name()
    )
}

fn head(document: &Document) -> String {
    let title = if document.plan.title.is_empty() { &document.plan.name } else { &document.plan.title };
    let title = cut(&format!("{}  {title}", document.banner), 100);
    let line = format!("{} · {}", document.incident, summary(document));
    text(20.0, 28.0, "title", &title) + &text(20.0, 48.0, "muted", &cut(&line, 145))
}

/// The axis of time.
struct Axis {
    from: DateTime<Utc>,
    secs: i64,
    zone: Zone,
}

impl Axis {
    /// From the first thing that is known to the last, the objective and the forecast included; `None` if nothing is.
    fn of(document: &Document, timeline: &Timeline, zone: Zone) -> Option<Self> {
        let attempts = || timeline.steps.iter().flat_map(|step| &step.attempts);
        let begins = timeline.steps.iter().filter_map(|step| step.ready_at).chain(attempts().map(|attempt| attempt.began));
        let seen = || document.elsewhere.iter().filter_map(|row| row.work.began_at);
        let from = timeline.began_at.into_iter().chain(begins).min().or_else(|| seen().min())?;
        let ends = attempts().filter_map(|attempt| attempt.finished).chain(timeline.steps.iter().filter_map(|s| s.settled_at));
        let spans = timeline.durations.spans.iter().filter_map(|span| span.to);
        let forecast = timeline.forecast.map(|forecast| forecast.end);
        let to = ends.chain(spans).chain(timeline.now).chain(forecast).max()?.max(from);
        let secs = (to - from).num_seconds().max(60);
        let rto = timeline.rto_at.map(|rto| (rto - from).num_seconds()).filter(|rto| *rto <= secs.saturating_mul(RTO_WITHIN));
        let secs = secs.max(rto.unwrap_or(0));
        // Some room, so that the last label fits.
        Some(Self { from, secs: secs.saturating_add(secs / 40 + 1), zone })
    }

    #[expect(clippy::cast_precision_loss, reason = "seconds on a picture of a thousand points")]
    fn x(&self, at: DateTime<Utc>) -> f64 {
        let share = (at - self.from).num_milliseconds() as f64 / (self.secs as f64 * 1000.0);
        LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    fn bar(&self, from: DateTime<Utc>, to: DateTime<Utc>, y: f64, class: &str, told: &str) -> String {
        let (from_x, width) = (self.x(from), (self.x(to) - self.x(from)).max(1.5));
        format!(
            "<rect class=\"{class}\" x=\"{from_x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\"><title>{}</title></rect>\n",
            escaped(&format!("{told} ({} to {})", self.zone.stamp(from), self.zone.stamp(to)))
        )
    }

    /// Lines at round times, the date where it is first or changes.
    fn grid(&self, bottom: f64) -> String {
        const STEPS: [i64; 12] = [10, 60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];
        let mut step = STEPS.into_iter().find(|step| self.secs / step <= 9).unwrap_or(86_400);
        while self.secs / step > 9 {
            step = step.saturating_mul(2);
        }
        let mut out = String::new();
        let mut day = None;
        // Round in the zone that is written.
        let ahead = self.zone.ahead_secs(self.from);
        let first = ((self.from.timestamp() + ahead).div_euclid(step) + 1) * step - ahead;
        for secs in (0..11).map(|number| first + number * step) {
            let Some(at) = DateTime::from_timestamp(secs, 0).filter(|at| (*at - self.from).num_seconds() <= self.secs) else {
                break;
            };
            let x = self.x(at);
            out.push_str(&format!("<path class=\"grid\" d=\"M{x:.1} 78V{bottom:.1}\"/>\n"));
            let clock = self.zone.format(at, if step < 60 { "%H:%M:%S" } else { "%H:%M" });
            out.push_str(&centred(x, 86.0, "muted", &clock));
            let date = self.zone.format(at, "%Y-%m-%d %Z");
            if day.as_ref() != Some(&date) {
                out.push_str(&centred(x, 72.0, "muted", &date));
                day = Some(date);
            }
        }
        out
    }
}

/// The four durations, one after the other, with their lengths where there is room; after them what came after "available".
fn durations(document: &Document, timeline: &Timeline, axis: &Axis, y: f64) -> String {
    let total = timeline.durations.recovery_time.map_or_else(String::new, |time| words(time.num_seconds()));
    let mut out = label(&format!("recovery time {total}"), y, "strong");
    for span in &timeline.durations.spans {
        let (Some(from), Some(to)) = (span.from, span.to) else { continue };
        let took = words(span.length().num_seconds());
        let told = format!("{} {took}", span.phase.name());
        out.push_str(&axis.bar(from, to, y, class(span.phase), &told));
        let (x, width) = (axis.x(from), axis.x(to) - axis.x(from));
        if let Some(fits) = [told, took].into_iter().find(|told| length(told) + 6.0 < width) {
            out.push_str(&centred(x + width / 2.0, y + 11.0, &format!("on {}", class(span.phase)), &fits));
        }
    }
    if let Some(tail) = document.tail.as_ref().filter(|tail| tail.secs > 0) {
        out.push_str(&axis.bar(tail.from, tail.to, y, "tail", &format!("available, not over: {}", words(tail.secs))));
    }
    out
}

fn class(phase: Phase) -> &'static str {
    match phase {
        Phase::Detect => "detect",
        Phase::Decide => "decide",
        Phase::Restore => "restore",
        Phase::FailOver => "fail-over",
    }
}

fn step_row(step: &StepBar, now: Option<DateTime<Utc>>, axis: &Axis, y: f64) -> String {
    let mark = if step.critical { "◆ " } else { "" };
    let mut out = label(&format!("{mark}{}", step.title), y, if step.critical { "strong" } else { "ink" });
    let mut end = None;
    for attempt in &step.attempts {
        out.push_str(&attempt_bars(step, attempt, now, axis, y));
        end = attempt.finished;
    }
    let idle = end.or(step.ready_at);
    if let StepStatus::Skipped(reason) = &step.status {
        if let (Some(from), Some(to)) = (idle, step.settled_at) {
            out.push_str(&axis.bar(from, to.max(from), y, "wait", &format!("waited for a person, then skipped: {reason}")));
        }
        if let Some(at) = step.settled_at {
            out.push_str(&text(axis.x(at) + 4.0, y + 11.0, "muted", "skipped"));
        }
    }
    if let Some((from, to)) = step.forecast {
        out.push_str(&axis.bar(from, to, y, "forecast", "expected"));
    }
    if let Some((from, to)) = step.waiting_since.zip(now) {
        out.push_str(&axis.bar(from, to.max(from), y, "wait", "waits for a person"));
    }
    out
}

fn attempt_bars(step: &StepBar, attempt: &AttemptBar, now: Option<DateTime<Utc>>, axis: &Axis, y: f64) -> String {
    let mut out = String::new();
    if let Some(from) = attempt.waits_from {
        let (class, why) =
            if attempt.number > 1 { ("retry", "waited for a person to try again") } else { ("wait", "waited for a person") };
        out.push_str(&axis.bar(from, attempt.confirmed_at, y, class, why));
    }
    if attempt.began > attempt.confirmed_at {
        out.push_str(&axis.bar(attempt.confirmed_at, attempt.began, y, "call", "waited for AWS to begin"));
    }
    let to = attempt.finished.or(now).unwrap_or(attempt.began).max(attempt.began);
    let how = match &attempt.ended {
        None => "running",
        Some(Ended::Done) => "done",
        Some(Ended::Failed { .. }) => "failed",
        Some(Ended::Aborted { .. }) => "given up",
    };
    let told = format!("attempt {}, {how}, confirmed by {}", attempt.number, attempt.by);
    match &attempt.ended {
        None | Some(Ended::Done) => out.push_str(&axis.bar(attempt.began, to, y, class(step.phase), &told)),
        Some(_) => {
            out.push_str(&axis.bar(attempt.began, to, y, "failed", &told));
            let (x, top) = (axis.x(to), y + 2.0);
            out.push_str(&format!("<path class=\"cross\" d=\"M{:.1} {top:.1}l10 10m0 -10l-10 10\"/>\n", x - 5.0));
        }
    }
    out
}

/// Lines across all rows: the objective, now or the end, the forecast.
fn marks(timeline: &Timeline, axis: &Axis, bottom: f64) -> String {
    let mut out = String::new();
    let mut line = |at: DateTime<Utc>, class: &str, told: &str, y: f64| {
        let x = axis.x(at);
        out.push_str(&format!("<path class=\"{class}\" d=\"M{x:.1} 90V{bottom:.1}\"/>\n"));
        let told = format!("{told} {}", axis.zone.format(at, "%H:%M:%S"));
        let half = length(&told) / 2.0;
        out.push_str(&centred(x.clamp(LEFT, RIGHT + 24.0 - half), y, class, &told));
    };
    if let Some(rto) = timeline.rto_at.filter(|rto| (*rto - axis.from).num_seconds() <= axis.secs) {
        line(rto, "rto", "RTO", bottom + 12.0);
    }
    if let Some(forecast) = timeline.forecast {
        line(forecast.end, "expected", "forecast", bottom + 24.0);
        timeline.now.into_iter().for_each(|now| line(now, "now", "as of", bottom + 12.0));
    }
    out
}

fn legend(y: f64, document: &Document, timeline: &Timeline) -> String {
    let mut out = String::new();
    let mut x = 20.0;
    for span in &timeline.durations.spans {
        let took = span.from.map_or_else(|| "—".to_owned(), |_| words(span.length().num_seconds()));
        x = swatch(&mut out, x, y, class(span.phase), &format!("{} {took}", span.phase.name()));
    }
    out.push_str(&text(x, y + 11.0, "muted", "◆ decides when the last step ends; filled is work"));
    let (mut x, y) = (20.0, y + 22.0);
    let entries = [
        ("wait", "waits for a person"),
        ("retry", "waits to be tried again"),
        ("call", "waits for AWS"),
        ("failed", "failed"),
        ("forecast", "expected"),
        ("tail", "after available"),
    ];
    let seen = Some(("seen", "seen, not done here")).filter(|_| !document.elsewhere.is_empty());
    for (class, told) in entries.into_iter().chain(seen) {
        x = swatch(&mut out, x, y, class, told);
    }
    out
}

fn swatch(out: &mut String, x: f64, y: f64, class: &str, told: &str) -> f64 {
    out.push_str(&format!("<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"20\" height=\"{BAR}\"/>\n"));
    out.push_str(&text(x + 26.0, y + 11.0, "ink", told));
    x + 26.0 + length(told) + 20.0
}

fn label(told: &str, y: f64, class: &str) -> String {
    text(20.0, y + 11.0, class, &cut(told, 33))
}

fn text(x: f64, y: f64, class: &str, told: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>\n", escaped(told))
}

fn centred(x: f64, y: f64, class: &str, told: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{}</text>\n", escaped(told))
}

#[expect(clippy::cast_precision_loss, reason = "a length on a picture")]
fn length(told: &str) -> f64 {
    told.chars().count() as f64 * CHARACTER
}

fn cut(told: &str, most: usize) -> String {
    let told = told.replace(['\n', '\t'], " ");
    if told.chars().count() <= most { told } else { told.chars().take(most - 1).chain(['…']).collect() }
}
