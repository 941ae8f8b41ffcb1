//! The history as a picture: a column an incident with its four durations, oldest first, real incidents and exercises apart; below
//! it a line a step with the range and the median of its work. Pure: the same history gives the same bytes.

use crate::domain::{Mode, Phase};

use super::history::{Group, History, Spread};
use super::markdown::words;
use super::picture_style::{Paper, style};
use super::xml::escaped;

const WIDTH: f64 = 980.0;
const LEFT: f64 = 250.0;
const RIGHT: f64 = 950.0;
/// How high the longest recovery is.
const HIGH: f64 = 180.0;
const ROW: f64 = 22.0;

/// The picture of a history.
pub fn history_svg(history: &History, paper: Paper) -> String {
    let mut rows = String::new();
    let mut y = 20.0;
    for group in &history.groups {
        y = draw_group(&mut rows, group, y);
    }
    if !history.groups.is_empty() {
        legend(&mut rows, y);
        y += 44.0;
    }
    if history.groups.is_empty() {
        rows.push_str(&text(20.0, y + 20.0, "muted", "No incidents and no exercises."));
        y += 40.0;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"timeline\" viewBox=\"0 0 {WIDTH} {y}\" width=\"{WIDTH}\" height=\"{y}\" \
         role=\"img\" aria-label=\"History of recoveries\">\n{}<rect class=\"paper\" width=\"{WIDTH}\" height=\"{y}\"/>\n{rows}</svg>\n",
        style(paper)
    )
}

fn draw_group(out: &mut String, group: &Group, top: f64) -> f64 {
    let title = if group.kind == Mode::Live { "INCIDENTS" } else { "EXERCISES" };
    out.push_str(&text(20.0, top + 14.0, "title", &format!("{title} of plan {}", group.plan)));
    let base = top + 40.0 + HIGH;
    let measured: Vec<(usize, [i64; 4])> = columns(group);
    let longest = measured.iter().map(|(_, spans)| spans.iter().sum::<i64>()).max().unwrap_or(0).max(1);
    let count = group.incidents.len().max(1);
    let wide = ((RIGHT - LEFT) / share(count)).min(64.0);
    for (index, spans) in &measured {
        let x = LEFT + share(*index) * wide;
        let mut y = base;
        for (secs, phase) in spans.iter().zip(Phase::ALL) {
            let high = HIGH * seconds(*secs) / seconds(longest);
            y -= high;
            let told = escaped(&format!("{} {} {}", group.incidents[*index].incident, phase.name(), words(*secs)));
            out.push_str(&format!(
                "<rect class=\"{}\" x=\"{:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{high:.1}\"><title>{told}</title></rect>\n",
                class(phase),
                x + 2.0,
                (wide - 4.0).max(1.0)
            ));
        }
    }
    // Where there is room: what each column is, and how high.
    for (index, spans) in measured.iter().filter(|_| wide >= 58.0) {
        let (x, total) = (LEFT + (share(*index) + 0.5) * wide, spans.iter().sum::<i64>());
        let top = base - HIGH * seconds(total) / seconds(longest);
        out.push_str(&centred(x, top - 4.0, "ink", &format!("{}:{:02} h", total / 3600, total / 60 % 60)));
        let day: String = group.incidents[*index].incident.as_str().chars().take(8).collect();
        out.push_str(&centred(x, base + 13.0, "muted", &day));
    }
    out.push_str(&format!("<path class=\"grid\" d=\"M{LEFT} {base:.1}H{RIGHT}\"/>\n"));
    out.push_str(&text(20.0, base - HIGH + 10.0, "muted", &format!("longest {}", words(longest))));
    let incomplete = group.incidents.iter().filter(|run| !run.complete).count();
    let left_out = if incomplete > 0 { format!(", {incomplete} not failed over and left out") } else { String::new() };
    out.push_str(&text(20.0, base, "muted", &format!("{} in all{left_out}", group.incidents.len())));
    let mut y = base + 26.0;
    let longest = group.steps.iter().map(|step| step.longest_secs).max().unwrap_or(1).max(1);
    for step in &group.steps {
        draw_step(out, step, longest, y);
        y += ROW;
    }
    y + 24.0
}

/// The range of a step's work as a thin bar, its median as a mark, the last one as a second mark.
fn draw_step(out: &mut String, step: &Spread, longest: i64, y: f64) {
    let x = |secs: i64| LEFT + (RIGHT - LEFT - 150.0) * seconds(secs) / seconds(longest);
    out.push_str(&text(20.0, y + 11.0, "ink", &step.name));
    let (from, to) = (x(step.shortest_secs), x(step.longest_secs));
    out.push_str(&format!(
        "<rect class=\"part\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"6\"/>\n",
        y + 4.0,
        (to - from).max(1.5)
    ));
    out.push_str(&format!("<path class=\"now\" d=\"M{:.1} {y:.1}v14\"/>\n", x(step.median_secs)));
    let slower = step.slower_secs.is_some_and(|by| by > 0);
    let mark = if slower { "rto" } else { "expected" };
    out.push_str(&format!("<path class=\"{mark}\" d=\"M{:.1} {y:.1}v14\"/>\n", x(step.last_secs)));
    let told =
        format!("median {}, last {}{}", words(step.median_secs), words(step.last_secs), if slower { ", slower" } else { "" });
    out.push_str(&text(to + 10.0, y + 11.0, "muted", &told));
}

/// The four durations of each incident that was failed over, by its place among all.
fn columns(group: &Group) -> Vec<(usize, [i64; 4])> {
    let complete = group.incidents.iter().enumerate().filter(|(_, run)| run.complete).map(|(index, _)| index);
    let series =
        |phase: Phase| group.durations.iter().find(|spread| spread.name == phase.name()).map(|spread| &spread.series_secs);
    complete
        .enumerate()
        .map(|(nth, index)| (index, Phase::ALL.map(|phase| series(phase).and_then(|all| all.get(nth)).copied().unwrap_or(0))))
        .collect()
}

fn legend(out: &mut String, y: f64) {
    for (phase, x) in Phase::ALL.into_iter().zip([20.0, 120.0, 220.0, 320.0]) {
        out.push_str(&format!("<rect class=\"{}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"20\" height=\"14\"/>\n", class(phase)));
        out.push_str(&text(x + 26.0, y + 11.0, "ink", phase.name()));
    }
    let told = "a column an incident that was failed over, oldest first";
    out.push_str(&text(420.0, y + 11.0, "muted", told));
    let y = y + 20.0;
    let told =
        "below, the work of each step: the bar is its range, the line its median, the broken line the last one, in red if slower";
    out.push_str(&text(20.0, y + 11.0, "muted", told));
}

fn class(phase: Phase) -> &'static str {
    match phase {
        Phase::Detect => "detect",
        Phase::Decide => "decide",
        Phase::Restore => "restore",
        Phase::FailOver => "fail-over",
    }
}

fn text(x: f64, y: f64, class: &str, told: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>\n", escaped(told))
}

fn centred(x: f64, y: f64, class: &str, told: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{}</text>\n", escaped(told))
}

#[expect(clippy::cast_precision_loss, reason = "a length on a picture")]
fn seconds(secs: i64) -> f64 {
    secs.max(0) as f64
}

#[expect(clippy::cast_precision_loss, reason = "a place on a picture")]
fn share(count: usize) -> f64 {
    count as f64
}
