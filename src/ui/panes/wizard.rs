//! The plan's steps at the left, the chosen one at the right: what it will do, what was found, what it waits for.

use chrono::TimeDelta;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Head, Look, draw_head, step_text};
use crate::domain::{Phase, StepId};
use crate::journal::StepStatus;
use crate::plan::{Action as StepAction, Step};
use crate::store::State;
use crate::ui::ready::prepared_start;
use crate::ui::widgets::{Runs, draw_more, fill, mark_chosen, row, scroll_lines, write};
use crate::ui::{Action, Pane, Role, format, ledger, remedy, words};

/// Which step is chosen, and how far its text is scrolled.
#[derive(Debug, Clone, Default)]
pub struct WizardView {
    /// The chosen step; `None` until there is a state.
    pub chosen: Option<StepId>,
    /// Lines of its text that are scrolled away.
    pub scroll: u16,
    offset: usize,
    /// Where each step was drawn last, for the mouse.
    drawn: Vec<(Rect, StepId)>,
}

impl WizardView {
    /// The chosen step, or else the first.
    pub fn step<'a>(&self, state: &'a State) -> Option<&'a Step> {
        let steps = &state.plan.steps;
        self.chosen.as_ref().and_then(|id| state.plan.step(id)).or_else(|| steps.first())
    }

    /// Chooses a step.
    pub fn choose(&mut self, id: &StepId) {
        if self.chosen.as_ref() != Some(id) {
            self.scroll = 0;
        }
        self.chosen = Some(id.clone());
    }

    /// The step that was drawn here last.
    pub fn at_line(&self, x: u16, y: u16) -> Option<StepId> {
        let at = ratatui::layout::Position::new(x, y);
        self.drawn.iter().find(|(area, _)| area.contains(at)).map(|(_, step)| step.clone())
    }

    /// Chooses the step `by` places further.
    pub fn go(&mut self, state: &State, by: isize) {
        let steps = &state.plan.steps;
        let at = self.step(state).and_then(|step| steps.iter().position(|other| other.id == step.id)).unwrap_or(0);
        if let Some(step) = steps.get(at.saturating_add_signed(by).min(steps.len().saturating_sub(1))) {
            self.choose(&step.id);
        }
    }

    /// Chooses what needs a person next: what asks, what failed, what is ready, what runs.
    pub fn go_to_next(&mut self, state: &State) {
        let rank = |step: &Step| match state.incident.status(&step.id) {
            StepStatus::Running if asks(state, &step.id) => Some(0),
            StepStatus::Failed(_) | StepStatus::Aborted(_) => Some(1),
            StepStatus::Pending if words::blockers(state, step).is_empty() => Some(2),
            StepStatus::Running | StepStatus::Calling => Some(3),
            _ => None,
        };
        let best = state.plan.steps.iter().filter_map(|step| rank(step).map(|rank| (rank, step))).min_by_key(|(rank, _)| *rank);
        if let Some(step) = best.map(|(_, step)| step).or_else(|| state.plan.steps.first()) {
            self.choose(&step.id);
        }
    }
}

/// Does the step wait for a person's answer?
fn asks(state: &State, step: &StepId) -> bool {
    state.progress.get(step).is_some_and(|(_, _, progress, _)| progress.asks.is_some())
}

/// Has the step left something to be done?
fn left(state: &State, step: &Step) -> bool {
    state.incident.steps.get(&step.id).is_some_and(|record| record.tail().next().is_some())
}

/// Something that can be done about a step now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What.
    pub action: Action,
    /// In a word or two.
    pub label: &'static str,
}

/// The step that takes this one back and could be taken up for it now.
pub fn undo_of<'a>(state: &'a State, step: &Step) -> Option<&'a Step> {
    let undo = state.plan.step(step.undone_by.as_ref()?)?;
    let done = matches!(state.incident.status(&step.id), StepStatus::Done | StepStatus::Failed(_) | StepStatus::Aborted(_));
    let idle = matches!(state.incident.status(&undo.id), StepStatus::RuledOut(_) | StepStatus::Done | StepStatus::Failed(_));
    (done && idle).then_some(undo)
}

/// A step that takes another back waits until that one has done something.
fn can_take_up(state: &State, step: &Step) -> bool {
    let began =
        |of: &StepId| matches!(state.incident.status(of), StepStatus::Done | StepStatus::Failed(_) | StepStatus::Aborted(_));
    step.undoes.as_ref().is_none_or(began)
}

/// What can be done about a step now, the most sensible first. With `--read-only`, only looking.
pub fn offers(state: &State, step: &Step) -> Vec<Offer> {
    let offer = |action, label| Offer { action, label };
    let ready = words::blockers(state, step).is_empty();
    let prepared = prepared_start(state, &step.id).is_some();
    let mut offers = match state.incident.status(&step.id) {
        StepStatus::Pending if ready => {
            let mut offers = Vec::new();
            if prepared {
                offers.push(offer(Action::ConfirmStep, if step.action.changes_aws() { "confirm…" } else { "begin…" }));
            }
            offers.extend(ways(state, step));
            offers.extend([offer(Action::PrepareStep, "check again"), offer(Action::SkipStep, "skip…")]);
            offers
        }
        StepStatus::Pending => vec![offer(Action::SkipStep, "skip…")],
        StepStatus::Calling => vec![offer(Action::AbortStep, "give up…")],
        StepStatus::Running => {
            let mut offers = Vec::new();
            if asks(state, &step.id) {
                offers.extend([offer(Action::Approve, "approve…"), offer(Action::Reject, "reject…")]);
            }
            if matches!(step.action, StepAction::Manual { .. }) {
                offers.push(offer(Action::FinishStep, "done…"));
            }
            if matches!(
                step.action,
                StepAction::SsmAutomation { .. }
                    | StepAction::CloudFormationDeploy(_)
                    | StepAction::SsmRunCommand(_)
                    | StepAction::StateMachineExecute(_)
            ) {
                offers.push(offer(Action::StopStep, "stop…"));
            }
            offers.push(offer(Action::AbortStep, "give up…"));
            offers
        }
        StepStatus::Failed(_) | StepStatus::Aborted(_) => {
            let mut offers = Vec::new();
            if prepared {
                offers.push(offer(Action::ConfirmStep, "confirm…"));
            }
            offers.push(offer(Action::PrepareStep, "retry: check again"));
            offers.extend(ways(state, step));
            offers.push(offer(Action::SkipStep, "skip…"));
            if undo_of(state, step).is_some() {
                offers.push(offer(Action::TakeUp, "take back…"));
            }
            offers
        }
        StepStatus::RuledOut(_) if state.incident.is_declared() && can_take_up(state, step) => {
            vec![offer(Action::TakeUp, if step.undoes.is_some() { "take back…" } else { "take up…" })]
        }
        StepStatus::Done => {
            let mut offers = Vec::new();
            if left(state, step) {
                offers.push(offer(Action::FinishStep, "one more is done…"));
            }
            if undo_of(state, step).is_some() {
                offers.push(offer(Action::TakeUp, "take back…"));
            }
            offers
        }
        StepStatus::Skipped(_) | StepStatus::RuledOut(_) => Vec::new(),
    };
    if state.read_only || state.incident.closed.is_some() {
        offers.retain(|offer| offer.action == Action::PrepareStep);
    }
    offers
}

/// What can be done instead of confirming the step as the plan has it: the most sensible first.
fn ways(state: &State, step: &Step) -> Vec<Offer> {
    let offer = |action, label| Offer { action, label };
    let mut ways = Vec::new();
    if !remedy::adoptable(state, step).is_empty() {
        ways.push(offer(Action::Adopt, "adopt what runs…"));
    }
    if step.group.is_some() && words::blockers(state, step).is_empty() && state.incident.is_declared() {
        ways.push(offer(Action::ConfirmGroup, "the group…"));
    }
    let chooses = matches!(step.action, StepAction::BackupRestore { .. } | StepAction::BackupCopy(_));
    if remedy::call_to_edit(state, step).is_some() {
        ways.push(offer(Action::EditStep, "edit…"));
    }
    if chooses {
        ways.push(offer(Action::ChoosePoint, "other point…"));
    }
    ways
}

/// The title: how far the plan is.
pub fn wizard_head(look: &Look<'_>) -> Head {
    let state = look.state;
    let steps = &state.plan.steps;
    // Of the steps that were begun or settled: of a large plan most were not.
    let (mut settled, mut failed, mut running, mut asking) = (0, 0, 0, 0);
    for (id, record) in &state.incident.steps {
        settled += usize::from(record.is_settled());
        failed += usize::from(matches!(record.status, StepStatus::Failed(_)));
        running += usize::from(matches!(record.status, StepStatus::Running | StepStatus::Calling));
        asking += usize::from(record.status == StepStatus::Running && asks(state, id));
    }
    let mut runs: Runs = vec![(format!("{settled} of {} steps", steps.len()), Role::Text)];
    for (n, text, role) in
        [(asking, "? asks you", Role::Warn), (failed, "✗ failed", Role::Bad), (running, "◐ running", Role::Running)]
    {
        if n > 0 {
            runs.push((format!("  {text} {n}"), role));
        }
    }
    let mut heard = Vec::new();
    if state.read_only {
        let word = words::Word { glyph: "⊘", word: "read-only: nothing can be confirmed".into(), role: Role::Warn };
        heard.push(super::Heard { label: String::new(), word, age: None, trouble: Some(Default::default()) });
    }
    Head { summary: vec![runs], heard, ..Head::default() }
}

/// Draws the pane.
pub fn draw_wizard(look: &Look<'_>, view: &mut WizardView, focused: bool, area: Rect, buf: &mut Buffer) {
    draw_head(Pane::Wizard, &wizard_head(look), focused, look, area, buf);
    let body = Rect { y: area.y + 1.min(area.height), height: area.height.saturating_sub(1), ..area };
    if body.is_empty() {
        return;
    }
    let (list, text) = split(body, look.state.plan.steps.len());
    draw_steps(look, view, focused, list, buf);
    if text.is_empty() {
        return;
    }
    if list.height == body.height {
        fill(buf, Rect { x: list.right(), width: 1, ..body }, "│", look.theme.style(Role::Border));
    }
    if let Some(step) = view.step(look.state) {
        let doc = step_text(step, look);
        let lines = doc.lines(usize::from(text.width));
        scroll_lines(&lines, &mut view.scroll, text, buf, look.theme);
    }
}

/// The list beside the text, or above it where there is no room for both.
fn split(body: Rect, steps: usize) -> (Rect, Rect) {
    if body.width >= 72 {
        let width = (body.width * 3 / 8).clamp(27, 46);
        let list = Rect { width, ..body };
        return (list, Rect { x: list.right() + 2, width: body.width - width - 3, ..body });
    }
    let most = (body.height * 2 / 5).max(3).min(body.height);
    let height = u16::try_from(steps).unwrap_or(most).min(most);
    let list = Rect { height, ..body };
    let rest = body.height - height;
    (list, Rect { x: body.x + 2, y: list.bottom(), width: body.width.saturating_sub(3), height: rest })
}

/// One line of the list: a step, or the phase that the next ones belong to.
enum Entry<'a> {
    Group(String),
    Step(&'a Step),
}

fn entries(state: &State, grouped: bool) -> Vec<Entry<'_>> {
    let mut out = Vec::new();
    let mut last: Option<(Phase, _)> = None;
    for step in &state.plan.steps {
        if grouped && last != Some((step.phase, step.part)) {
            let part = step.part.map(|part| format!(" · {}", part.name())).unwrap_or_default();
            out.push(Entry::Group(format!("{}{part}", step.phase.name())));
            last = Some((step.phase, step.part));
        }
        out.push(Entry::Step(step));
    }
    out
}

fn draw_steps(look: &Look<'_>, view: &mut WizardView, focused: bool, area: Rect, buf: &mut Buffer) {
    let height = usize::from(area.height);
    let mut list = entries(look.state, true);
    if list.len() > height {
        list = entries(look.state, false);
    }
    let chosen = view.step(look.state).map(|step| &step.id);
    let at = list.iter().position(|entry| matches!(entry, Entry::Step(step) if Some(&step.id) == chosen)).unwrap_or(0);
    let most = list.len().saturating_sub(height);
    view.offset = view.offset.min(most).min(at).max((at + 1).saturating_sub(height));
    view.drawn.clear();
    for (n, entry) in list.iter().skip(view.offset).take(height).enumerate() {
        let place = row(area, u16::try_from(n).unwrap_or(u16::MAX));
        match entry {
            Entry::Group(name) => {
                write(
                    buf,
                    Rect { x: place.x + 1, width: place.width.saturating_sub(1), ..place },
                    &[(name.clone(), Role::Heading)],
                    look.theme,
                );
            }
            Entry::Step(step) => {
                view.drawn.push((place, step.id.clone()));
                write(
                    buf,
                    Rect { x: place.x + 2, width: place.width.saturating_sub(2), ..place },
                    &step_runs(step, look, place.width),
                    look.theme,
                );
                if view.offset + n == at {
                    mark_chosen(place, focused, buf, look.theme);
                }
            }
        }
    }
    draw_more(view.offset, list.len().saturating_sub(view.offset + height), area, buf, look.theme);
}

fn step_runs(step: &Step, look: &Look<'_>, width: u16) -> Runs {
    let word = words::of_step(look.state, step);
    let taken = taken(step, look);
    let state_width = 10;
    // A name tells more than a time that stands in the step's text too.
    let time_width = if width >= 40 { 8 } else { 0 };
    let name_width = usize::from(width).saturating_sub(3 + state_width + time_width.max(1));
    let name_role = if word.role == Role::Muted { Role::Muted } else { Role::Text };
    vec![
        (format::fit(&format!("{} {}", word.glyph, word.word), state_width, false), word.role),
        (" ".to_owned(), Role::Text),
        (format::fit(&format::middle(&format::clean(step.id.as_str()), name_width), name_width, false), name_role),
        (if time_width > 0 { format::fit(&taken, time_width, true) } else { String::new() }, Role::Muted),
    ]
}

/// How long it took or takes, else how long it is expected to.
fn taken(step: &Step, look: &Look<'_>) -> String {
    let attempt = look.state.incident.steps.get(&step.id).and_then(|record| record.last());
    match attempt {
        Some(attempt) => format::duration((attempt.finished().unwrap_or(look.now) - attempt.began()).max(TimeDelta::zero())),
        None => ledger::expected(look.state, step).map(|expect| format!("~{}", short(expect))).unwrap_or_default(),
    }
}

fn short(delta: TimeDelta) -> String {
    format::objective(delta.to_std().unwrap_or_default()).replace(' ', "")
}
