//! Where the time goes: the four durations and the steps as bars that grow, against the line of the objective, with a forecast.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Head, Look, draw_head};
use crate::domain::{Moment, Phase};
use crate::journal::StepStatus;
use crate::ui::ledger::{Bar, Ledger, StepBar};
use crate::ui::widgets::{Doc, Runs, lane, scroll_lines, scroll_rows};
use crate::ui::{Action, Pane, Role, format};

/// The role of a phase's bar.
fn role_of(phase: Phase) -> Role {
    match phase {
        Phase::Detect => Role::PhaseDetect,
        Phase::Decide => Role::PhaseDecide,
        Phase::Restore => Role::PhaseRestore,
        Phase::FailOver => Role::PhaseFailOver,
    }
}

/// The title: what runs, and when it will be over.
pub fn timeline_head(look: &Look<'_>) -> Head {
    let ledger = look.ledger();
    let Some(elapsed) = ledger.elapsed else {
        let summary = vec![vec![("no impact known".to_owned(), Role::Muted)]];
        return Head { summary, ..Head::default() };
    };
    let phase = ledger.bars.last().map_or("", |bar| bar.phase.name());
    let long = if ledger.is_over {
        vec![(format!("✓ recovered in {}", format::duration(elapsed)), Role::Ok)]
    } else {
        vec![(
            format!("{phase} {}", ledger.bars.last().map(|bar| format::duration(bar.to - bar.from)).unwrap_or_default()),
            Role::Accent,
        )]
    };
    let mut summary = vec![long.clone()];
    if let Some((text, role)) = forecast_text(&ledger, look) {
        let mut longest = long;
        longest.push((format!("  {text}"), role));
        summary.insert(0, longest);
    }
    Head { summary, ..Head::default() }
}

fn forecast_text(ledger: &Ledger, look: &Look<'_>) -> Option<(String, Role)> {
    let forecast = ledger.forecast?;
    let (verdict, role) = if forecast.in_time { ("✓ in time", Role::Ok) } else { ("✗ TOO LATE", Role::Bad) };
    Some((format!("forecast {} {verdict}", format::moment(forecast.at, look.now)), role))
}

/// What can be copied: the durations and the moments, as text and as JSON.
pub fn timeline_copies(look: &Look<'_>) -> Vec<(&'static str, String)> {
    let ledger = look.ledger();
    let spent: Vec<(&str, TimeDelta)> = ledger.bars.iter().map(|bar| (bar.phase.name(), bar.to - bar.from)).collect();
    let mut text: Vec<String> = spent.iter().map(|(phase, spent)| format!("{phase} {}", format::duration(*spent))).collect();
    text.extend(ledger.elapsed.map(|elapsed| format!("in all {}", format::duration(elapsed))));
    let seconds: serde_json::Map<_, _> =
        spent.iter().map(|(phase, spent)| ((*phase).to_owned(), spent.num_seconds().into())).collect();
    let moments = Moment::ALL.into_iter().filter_map(|moment| look.state.incident.moment(moment).map(|at| (moment.name(), at)));
    let moments: Vec<String> = moments.map(|(name, at)| format!("{name} {} UTC", format::date_time(at))).collect();
    let json = if seconds.is_empty() { String::new() } else { serde_json::Value::Object(seconds).to_string() };
    vec![("durations as text", text.join(", ")), ("durations as JSON, in seconds", json), ("moments as text", moments.join("\n"))]
}

/// Draws the pane.
pub fn draw_timeline(look: &Look<'_>, scroll: &mut u16, focused: bool, area: Rect, buf: &mut Buffer) {
    draw_head(Pane::Timeline, &timeline_head(look), focused, look, area, buf);
    let body = Rect { y: area.y + 1.min(area.height), height: area.height.saturating_sub(1), ..area };
    let inner = Rect { x: body.x + 2.min(body.width), width: body.width.saturating_sub(3), ..body };
    if inner.is_empty() {
        return;
    }
    let width = usize::from(inner.width);
    match Chart::of(look, width) {
        Some(chart) => {
            let lines = chart.head.len() + chart.ledger.steps.len();
            scroll_rows(lines, &|n| chart.line(n), scroll, inner, buf, look.theme);
        }
        None => scroll_lines(&nothing_yet(look).lines(width), scroll, inner, buf, look.theme),
    }
}

/// From where to where a chart reaches.
#[derive(Debug, Clone, Copy)]
struct Scale {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    columns: usize,
}

impl Scale {
    fn share(&self, at: DateTime<Utc>) -> f64 {
        let whole = (self.to - self.from).num_milliseconds().max(1) as f64;
        (at - self.from).num_milliseconds() as f64 / whole
    }
}

/// The chart: its first lines in full, the line of a step only when it is seen.
struct Chart {
    ledger: Arc<Ledger>,
    scale: Scale,
    rto_at: DateTime<Utc>,
    label: usize,
    number: usize,
    head: Vec<Runs>,
}

impl Chart {
    /// `None` while no impact is known.
    fn of(look: &Look<'_>, width: usize) -> Option<Self> {
        let ledger = look.ledger();
        let (began, elapsed, rto_at) = (ledger.began?, ledger.elapsed?, ledger.rto_at?);
        let (label, number) = (if width >= 70 { 20 } else { 16 }, 9);
        let columns = width.saturating_sub(label + number + 2);
        // The objective's line is in the picture once it is near: the chart reaches past what is known and what is expected.
        let known = ledger.forecast.map_or(began + elapsed, |forecast| forecast.at).max(began + elapsed);
        let reach = (known - began).num_seconds().max(60);
        let rto = (rto_at - began).num_seconds().max(1);
        let to = if rto <= reach * 3 { reach.max(rto) * 21 / 20 } else { reach * 21 / 20 };
        let scale = Scale { from: began, to: began + TimeDelta::seconds(to), columns };
        let mut head = vec![axis(&scale, rto_at, label, number)];
        for bar in &ledger.bars {
            let mark = if bar.running { "▸ " } else { "✓ " };
            head.push(lane_of(&format!("{mark}{}", bar.phase.name()), bar, role_of(bar.phase), rto_at, &scale, label, number));
            if bar.phase == Phase::Restore {
                for part in &ledger.parts {
                    let name = format!("  {}", part.part.map_or("", |part| part.name()));
                    head.push(lane_of(&name, part, role_of(Phase::Restore), rto_at, &scale, label, number));
                }
            }
        }
        head.extend(sums(look, &ledger, rto_at, elapsed).lines(width));
        if !ledger.steps.is_empty() {
            let chain = ledger.steps.iter().any(|step| step.critical);
            let legend = if chain { "steps  ◆ decides when it is over" } else { "steps" };
            head.push(vec![(legend.to_owned(), Role::Muted)]);
        }
        Some(Self { ledger, scale, rto_at, label, number, head })
    }

    fn line(&self, n: usize) -> Runs {
        match n.checked_sub(self.head.len()) {
            None => self.head[n].clone(),
            Some(step) => step_lane(&self.ledger.steps[step], self.rto_at, &self.scale, self.label, self.number),
        }
    }
}

fn nothing_yet(look: &Look<'_>) -> Doc {
    let mut doc = Doc::new();
    doc.text(Role::Muted, "No impact is known yet: the clock of the recovery time begins with the first evidence.");
    let text = format!("{} tells the journal when something began that no signal saw.", look.key(Action::CorrectMoment));
    doc.text(Role::Muted, &text);
    let total: TimeDelta = look.state.plan.steps.iter().filter_map(|step| crate::ui::ledger::expected(look.state, step)).sum();
    if total > TimeDelta::zero() {
        let steps = format::count(look.state.plan.steps.len(), "step", "steps");
        doc.gap().text(
            Role::Muted,
            &format!("The plan has {steps}, expected to take {} one after the other.", format::duration(total)),
        );
    }
    doc
}

fn axis(scale: &Scale, rto_at: DateTime<Utc>, label: usize, number: usize) -> Runs {
    let mut text = format::time(scale.from);
    let end = format!("{} UTC", format::time(scale.to));
    let mark = scale.share(rto_at);
    if (0.0..=1.0).contains(&mark) {
        let at = (mark * scale.columns as f64).round() as usize;
        let name = format!("RTO {}", &format::time(rto_at)[..5]);
        let at = at.saturating_sub(name.len());
        if at > text.len() && at + name.len() <= scale.columns {
            text = format!("{}{name}┊", format::fit(&text, at, false));
        }
    }
    if text.chars().count() + end.len() < scale.columns {
        text = format!("{}{end}", format::fit(&text, scale.columns - end.len(), false));
    }
    vec![(" ".repeat(label + 1), Role::Text), (format::fit(&text, scale.columns + number, false), Role::Muted)]
}

fn lane_of(name: &str, bar: &Bar, role: Role, rto_at: DateTime<Utc>, scale: &Scale, label: usize, number: usize) -> Runs {
    let name_role = if bar.running { Role::Heading } else { Role::Text };
    let mut runs = vec![(format::fit(name, label, false), name_role), (" ".to_owned(), Role::Text)];
    runs.extend(lane(scale.share(bar.from), scale.share(bar.to), bar.running, scale.columns, role, Some(scale.share(rto_at))));
    runs.push((format::fit(&format::duration(bar.to - bar.from), number, true), name_role));
    runs
}

fn step_lane(step: &StepBar, rto_at: DateTime<Utc>, scale: &Scale, label: usize, number: usize) -> Runs {
    let (glyph, role) = match &step.status {
        StepStatus::Done => ("✓", role_of(step.phase)),
        StepStatus::Failed(_) => ("✗", Role::Bad),
        StepStatus::Aborted(_) | StepStatus::Skipped(_) => ("⊘", Role::Warn),
        StepStatus::RuledOut(_) => ("–", Role::Muted),
        _ => ("◐", Role::Running),
    };
    let running = matches!(step.status, StepStatus::Running | StepStatus::Calling);
    let again = if step.attempt > 1 { format!(" ({})", step.attempt) } else { String::new() };
    let mut runs = vec![
        (glyph.to_owned(), role),
        (if step.critical { "◆" } else { " " }.to_owned(), Role::Accent),
        (format::fit(&format::middle(&format!("{}{again}", step.id), label - 2), label - 2, false), Role::Text),
        (" ".to_owned(), Role::Text),
    ];
    runs.extend(lane(scale.share(step.from), scale.share(step.to), running, scale.columns, role, Some(scale.share(rto_at))));
    runs.push((format::fit(&format::duration(step.to - step.from), number, true), Role::Text));
    runs
}

fn sums(look: &Look<'_>, ledger: &Ledger, rto_at: DateTime<Utc>, elapsed: TimeDelta) -> Doc {
    let mut doc = Doc::new();
    let total = format!("{} since {}", format::duration(elapsed), evidence(look));
    doc.field("in all", Role::Heading, &total);
    if let Some(longest) = ledger.bars.iter().max_by_key(|bar| bar.to - bar.from).filter(|_| ledger.bars.len() > 1) {
        doc.field("longest", Role::Text, &format!("{}, {}", longest.phase.name(), format::duration(longest.to - longest.from)));
    }
    if let (Some((text, role)), Some(forecast)) = (forecast_text(ledger, look), ledger.forecast) {
        let declared = if look.state.incident.is_declared() { "" } else { ", if it is declared now" };
        let margin = rto_at - forecast.at;
        let against = if margin >= TimeDelta::zero() { "before" } else { "after" };
        let mut line =
            format!("{}, {} {against} the RTO{declared}", text.trim_start_matches("forecast "), format::duration(margin.abs()));
        let (from, to) = forecast.band;
        line = format!("{line}; between {} and {}", format::time(from), format::time(to));
        if forecast.unknown > 0 {
            let steps = format::count(forecast.unknown, "step has", "steps have");
            line = format!("{line}; {steps} no expected time: later than this");
        }
        doc.field("forecast", role, &line);
        doc.field("waiting", Role::Text, &waiting(&forecast, look));
    }
    doc
}

/// What it costs to wait, and until when the objective can be met.
fn waiting(forecast: &crate::ui::ledger::Forecast, look: &Look<'_>) -> String {
    let cost = match forecast.ten_minutes.num_minutes() {
        0 => "ten minutes more cost nothing: what runs takes longer".to_owned(),
        cost => format!("ten minutes more cost {cost} min"),
    };
    let what = if look.state.incident.is_declared() { "begin" } else { "declare" };
    match forecast.begin_by {
        Some(by) if by >= look.now => format!("{cost}; {what} by {} to hold the RTO", format::time(by)),
        Some(_) => format!("{cost}; the RTO is likely missed in any case"),
        None => cost,
    }
}

fn evidence(look: &Look<'_>) -> String {
    let moments = &look.state.incident.moments;
    let record = moments.get(&Moment::ImpactBegan).or_else(|| moments.get(&Moment::Detected));
    record.map_or_else(String::new, |record| {
        let how = if record.corrected.is_some() { "corrected; " } else { "" };
        format!("{} ({how}{})", format::time(record.fixed.at), record.fixed.evidence.text)
    })
}
