//! `plan graph`: the steps in layers, each behind everything that it needs, as text and as SVG.

use std::time::Duration;

use quick_xml::escape::escape;

use crate::domain::{Phase, StepId};

use super::{Plan, Step};

/// Widths and gaps of the picture, in SVG's units.
const BOX: (f64, f64) = (210.0, 46.0);
const GAP: (f64, f64) = (64.0, 14.0);
const MARGIN: f64 = 16.0;
const TOP: f64 = 52.0;

/// How often the layers are gone through to bring what hangs together side by side.
const SWEEPS: usize = 8;

/// The positions of the steps, layer by layer: a step's layer is one behind the last of what it needs.
struct Layout {
    layers: Vec<Vec<usize>>,
    critical: Vec<bool>,
    length: Duration,
}

impl Layout {
    fn of(plan: &Plan) -> Self {
        let graph = &plan.graph;
        let mut depth = vec![0; plan.steps.len()];
        let mut layers: Vec<Vec<usize>> = Vec::new();
        for at in graph.order() {
            let undone = plan.steps[*at].undoes.as_ref().and_then(|of| graph.position(of));
            let behind = graph.needs(*at).iter().copied().chain(undone).map(|need| depth[need] + 1).max();
            depth[*at] = behind.unwrap_or(0);
            if layers.len() <= depth[*at] {
                layers.resize(depth[*at] + 1, Vec::new());
            }
            layers[depth[*at]].push(*at);
        }
        let path = plan.critical_path(&expected);
        let mut critical = vec![false; plan.steps.len()];
        for at in path.iter().filter_map(|id| graph.position(id)) {
            critical[at] = true;
        }
        let length = path.iter().filter_map(|id| plan.step(id)).map(expected).sum();
        let mut layout = Self { layers, critical, length };
        layout.untangle(plan);
        layout
    }

    /// Sorts each layer by the mean place of what its steps need, then of what needs them: fewer lines cross.
    fn untangle(&mut self, plan: &Plan) {
        let mut place = vec![0.0_f64; plan.steps.len()];
        let note = |place: &mut [f64], layer: &[usize]| {
            for (n, at) in layer.iter().enumerate() {
                place[*at] = n as f64;
            }
        };
        self.layers.iter().for_each(|layer| note(&mut place, layer));
        for sweep in 0..SWEEPS {
            for layer in &mut self.layers {
                let mean = |at: usize| {
                    let near = if sweep % 2 == 0 { plan.graph.needs(at) } else { plan.graph.needed_by(at) };
                    let sum: f64 = near.iter().map(|other| place[*other]).sum();
                    if near.is_empty() { place[at] } else { sum / near.len() as f64 }
                };
                let mut keyed: Vec<(f64, usize)> = layer.iter().map(|at| (mean(*at), *at)).collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                *layer = keyed.into_iter().map(|(_, at)| at).collect();
                note(&mut place, layer);
            }
        }
    }
}

fn expected(step: &Step) -> Duration {
    step.expect.unwrap_or_default()
}

/// `1h 5m`, `40s`; empty for nothing.
fn short(duration: Duration) -> String {
    let secs = duration.as_secs();
    let parts = [(secs / 3600, "h"), (secs / 60 % 60, "m"), (if secs < 3600 { secs % 60 } else { 0 }, "s")];
    let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    parts.join(" ")
}

/// The graph for a terminal: a block a layer, `◆` before the steps of the longest chain.
pub fn graph_text(plan: &Plan) -> String {
    let layout = Layout::of(plan);
    let mut text = format!("{}: {}\n", plan.name, plan.title);
    let rto = short(plan.objectives.rto);
    text.push_str(&format!("{} steps; the longest chain (◆) takes {} of RTO {rto}\n", plan.steps.len(), short(layout.length)));
    let widest = plan.steps.iter().map(|step| step.id.as_str().chars().count()).max().unwrap_or(0);
    for (number, layer) in layout.layers.iter().enumerate() {
        text.push_str(&format!("\n{}{}\n", number + 1, if layer.len() > 1 { ", side by side" } else { "" }));
        for at in layer {
            let step = &plan.steps[*at];
            let mark = if layout.critical[*at] { "◆" } else { " " };
            let time = step.expect.map(short).unwrap_or_else(|| "?".to_owned());
            text.push_str(&format!("  {mark} {:<widest$}  {time:>7}", step.id));
            let needs: Vec<&str> = step.needs.iter().map(StepId::as_str).collect();
            if !needs.is_empty() {
                text.push_str(&format!("  after {}", needs.join(", ")));
            }
            if let Some(when) = &step.when {
                text.push_str(&format!("  if {when}"));
            }
            if let Some(of) = &step.undoes {
                text.push_str(&format!("  takes back {of}"));
            }
            text.push('\n');
        }
    }
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}

const STYLE: &str = "<style>\
text{font-family:ui-sans-serif,system-ui,sans-serif;font-size:12px;fill:#1c2430}\
.title{font-size:15px;font-weight:600}.muted{fill:#5b6675;font-size:11px}\
rect{fill:#f4f6f9;stroke:#8793a5}.infrastructure{fill:#e6edf9}.data{fill:#e3f2ec}.integration{fill:#f3ecf8}.fail-over{fill:#fbf0df}\
.critical{stroke:#b3261e;stroke-width:2.5}.maybe{stroke-dasharray:5 3}\
path{fill:none;stroke:#8793a5;stroke-width:1.2}path.critical{stroke:#b3261e;stroke-width:2.5}\
</style>";

/// The graph as SVG: time goes to the right, the longest chain is drawn thick, what may be ruled out dashed.
pub fn graph_svg(plan: &Plan) -> String {
    let layout = Layout::of(plan);
    let tallest = layout.layers.iter().map(Vec::len).max().unwrap_or(0);
    let (column, row) = (BOX.0 + GAP.0, BOX.1 + GAP.1);
    let width = (layout.layers.len() as f64 * column - GAP.0).max(BOX.0 * 2.0) + 2.0 * MARGIN;
    let height = TOP + tallest as f64 * row - GAP.1 + MARGIN;
    let mut place = vec![(0.0, 0.0); plan.steps.len()];
    for (x, layer) in layout.layers.iter().enumerate() {
        let shift = (tallest - layer.len()) as f64 * row / 2.0;
        for (y, at) in layer.iter().enumerate() {
            place[*at] = (MARGIN + x as f64 * column, TOP + shift + y as f64 * row);
        }
    }
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\">\n<title>{}</title>\n{STYLE}\n<rect width=\"100%\" height=\"100%\" \
         style=\"fill:#fff;stroke:none\"/>\n<text class=\"title\" x=\"{MARGIN}\" y=\"22\">{}</text>\n\
         <text class=\"muted\" x=\"{MARGIN}\" y=\"38\">{} steps; the longest chain takes {} of RTO {}</text>\n",
        escape(&plan.title),
        escape(&plan.title),
        plan.steps.len(),
        short(layout.length),
        short(plan.objectives.rto),
    );
    for (at, to) in place.iter().enumerate() {
        for need in plan.graph.needs(at) {
            let from = place[*need];
            let (x1, y1, x2, y2) = (from.0 + BOX.0, from.1 + BOX.1 / 2.0, to.0, to.1 + BOX.1 / 2.0);
            let bend = GAP.0 / 2.0;
            let class = if layout.critical[at] && layout.critical[*need] { " class=\"critical\"" } else { "" };
            out.push_str(&format!(
                "<path{class} d=\"M{x1:.0} {y1:.0}C{:.0} {y1:.0} {:.0} {y2:.0} {x2:.0} {y2:.0}\"/>\n",
                x1 + bend,
                x2 - bend
            ));
        }
    }
    for (at, step) in plan.steps.iter().enumerate() {
        out.push_str(&node(step, place[at], layout.critical[at]));
    }
    out.push_str("</svg>\n");
    out
}

fn node(step: &Step, (x, y): (f64, f64), critical: bool) -> String {
    let kind = step.part.map_or(if step.phase == Phase::FailOver { "fail-over" } else { "" }, |part| part.name());
    let maybe = if step.when.is_some() || step.undoes.is_some() { " maybe" } else { "" };
    let critical = if critical { " critical" } else { "" };
    let condition = match (&step.when, &step.undoes) {
        (Some(when), _) => format!("if {when}"),
        (_, Some(of)) => format!("takes back {of}"),
        _ => cut(&step.title, 34),
    };
    let time = step.expect.map(short).unwrap_or_default();
    format!(
        "<g><title>{}: {}</title><rect class=\"{kind}{maybe}{critical}\" x=\"{x:.0}\" y=\"{y:.0}\" width=\"{:.0}\" height=\"{:.0}\" \
         rx=\"5\"/><text x=\"{:.0}\" y=\"{:.0}\">{}</text><text class=\"muted\" text-anchor=\"end\" x=\"{:.0}\" y=\"{:.0}\">{time}</text>\
         <text class=\"muted\" x=\"{:.0}\" y=\"{:.0}\">{}</text></g>\n",
        escape(step.id.as_str()),
        escape(&step.title),
        BOX.0,
        BOX.1,
        x + 10.0,
        y + 19.0,
        escape(cut(step.id.as_str(), 24)),
        x + BOX.0 - 10.0,
        y + 19.0,
        x + 10.0,
        y + 36.0,
        escape(cut(&condition, 34)),
    )
}
