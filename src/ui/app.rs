//! The view: which pane has the keys, what lies over it, and the way of a key from the terminal to a request.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind};
use ratatui::layout::Rect;

use super::commands::{Command, commands, is_waiting_to_start};
use super::jumps::Jumps;
use super::layout::Splits;
use super::ledger::Ledgers;
use super::lists::Lists;
use super::overlays::{Asked, Confirm, Outcome, Overlay, Press, Prompt, Question};
use super::panes::{self, Look, WizardView};
use super::ready::{is_answer, startable};
use super::terminal::MOST_COPIED;
use super::widgets::{ListView, Row, Table, edit};
use super::{Action, Key, Keymap, Pane, Request, Symbols, Theme};
use crate::domain::StepId;
use crate::store::{Notice, NoticeLevel, Prepared, State};

/// The screen's own state: nothing in it is about the world.
#[derive(Debug, Clone)]
pub struct App {
    pub(super) theme: Theme,
    pub(super) keymap: Keymap,
    pub(super) focus: Pane,
    pub(super) zoomed: bool,
    pub(super) views: [ListView; 6],
    /// The long lists, kept up with the state and the views.
    pub(super) lists: Lists,
    /// A long list is still being filtered or sorted.
    working: bool,
    pub(super) wizard: WizardView,
    pub(super) timeline_scroll: u16,
    pub(super) overlays: Vec<Overlay>,
    /// The filter of the focused pane is being typed.
    pub(super) filtering: bool,
    /// A word of the screen itself, shown until the next key.
    pub(super) flash: Option<(NoticeLevel, String)>,
    /// The state's notice that was put away.
    pub(super) dismissed: Option<Notice>,
    last_key: Option<(Key, Duration)>,
    /// Steps for which a preparation was asked without a key, by attempt: once each.
    asked: BTreeSet<(StepId, usize)>,
    /// An answer or a stop that is being prepared: which step, whether it stops, and the preparation that was there before.
    pub(super) awaited: Option<(StepId, bool, Option<u64>)>,
    /// Whether the plan's variables were asked for without a key.
    asked_variables: bool,
    /// Whether the chosen step had ended when it was last looked at.
    was_settled: Option<(StepId, bool)>,
    /// What the panes show while they are held still.
    pub(super) frozen: Option<Arc<Frozen>>,
    /// Identifiers are masked.
    pub(super) masked: bool,
    pub(super) ledgers: Ledgers,
    /// The mouse is taken.
    pub(super) mouse: bool,
    pub(super) symbols: Symbols,
    pub(super) splits: Splits,
    pub(super) jumps: Jumps,
    /// Where the panes were drawn last.
    pub(super) drawn: Vec<(Pane, Rect)>,
}

/// A state held still, and its time.
#[derive(Debug, Clone)]
pub(super) struct Frozen {
    pub state: State,
    pub now: DateTime<Utc>,
}

impl App {
    /// A fresh view: the wizard has the keys, because the next thing to do is there.
    pub fn new(theme: Theme, keymap: Keymap) -> Self {
        let mut views: [ListView; 6] = Default::default();
        views[Pane::Log.digit() - 1].follows_end = true;
        Self {
            theme,
            keymap,
            focus: Pane::Wizard,
            zoomed: false,
            views,
            lists: Lists::default(),
            working: false,
            wizard: WizardView::default(),
            timeline_scroll: 0,
            overlays: Vec::new(),
            filtering: false,
            flash: None,
            dismissed: None,
            last_key: None,
            asked: BTreeSet::new(),
            awaited: None,
            asked_variables: false,
            was_settled: None,
            frozen: None,
            masked: false,
            ledgers: Ledgers::default(),
            mouse: false,
            symbols: Symbols::default(),
            splits: Splits::default(),
            jumps: Jumps::default(),
            drawn: Vec::new(),
        }
    }

    /// With the symbols that the terminal has, and the mouse taken or left to it.
    #[must_use]
    pub fn on_terminal(mut self, symbols: Symbols, mouse: bool) -> Self {
        (self.symbols, self.mouse) = (symbols, mouse);
        self
    }

    /// With borders where they were moved to before.
    #[must_use]
    pub fn divided(mut self, splits: Splits) -> Self {
        self.splits = splits;
        self
    }

    /// Where the borders are.
    pub fn splits(&self) -> Splits {
        self.splits
    }

    /// Is the mouse taken?
    pub fn takes_mouse(&self) -> bool {
        self.mouse
    }

    /// Changes the look, such as when a theme's file was edited.
    pub fn set_theme(&mut self, theme: Theme) {
        self.theme = theme;
    }

    /// The pane that has the keys.
    pub fn focus(&self) -> Pane {
        self.focus
    }

    /// Is a dialog, prompt or other overlay open?
    pub fn has_overlay(&self) -> bool {
        !self.overlays.is_empty()
    }

    pub(super) fn look<'a>(&'a self, state: &'a State, now: DateTime<Utc>) -> Look<'a> {
        Look { state, now, theme: &self.theme, keymap: &self.keymap, masked: self.masked, ledgers: &self.ledgers }
    }

    pub(super) fn view(&mut self) -> &mut ListView {
        &mut self.views[self.focus.digit() - 1]
    }

    /// The rows of the focused pane, with how they are looked at.
    pub(super) fn with_table<R>(
        &mut self,
        state: &State,
        now: DateTime<Utc>,
        act: impl FnOnce(&Table<'_>, &mut ListView) -> R,
    ) -> R {
        let Self { theme, keymap, views, lists, focus, masked, ledgers, .. } = self;
        let look = Look { state, now, theme, keymap, masked: *masked, ledgers };
        let view = &mut views[focus.digit() - 1];
        let table = panes::listing(*focus, &look, view, lists).table;
        act(&table, view)
    }

    /// The chosen row of the focused pane.
    pub(super) fn chosen(&mut self, state: &State, now: DateTime<Utc>) -> Option<Row> {
        self.with_table(state, now, |table, view| view.chosen(table).map(std::borrow::Cow::into_owned))
    }

    /// Brings the long lists up to what the panes show, for at most a turn's work; `true` if there is more to do.
    pub fn keep_up(&mut self, state: &State) -> bool {
        let held = self.frozen.clone();
        self.working = self.lists.keep_up(held.as_ref().map_or(state, |held| &held.state), &self.views);
        self.working
    }

    pub(super) fn commands(&self, state: &State) -> Vec<Command> {
        commands(state, self.focus, &self.wizard)
    }

    /// Shows a word of the screen until the next key.
    pub fn say(&mut self, level: NoticeLevel, text: impl Into<String>) {
        self.flash = Some((level, text.into()));
    }

    /// Takes an event of the terminal. `real_now` is real time since the start, whatever the console's clock does: it tells a
    /// deliberate key from a reflex. Events of focus and of size change nothing here.
    pub fn on_event(&mut self, event: &Event, state: &State, now: DateTime<Utc>, real_now: Duration) -> Vec<Request> {
        let mut requests = match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.on_key(key, state, now, real_now),
            Event::Paste(text) => {
                match self.overlays.last_mut() {
                    Some(overlay) => overlay.on_paste(text),
                    None if self.filtering => self.view().filter.paste(text),
                    None => {}
                }
                Vec::new()
            }
            Event::Mouse(event) if self.mouse => self.on_mouse(event, state, now, real_now),
            _ => Vec::new(),
        };
        requests.extend(self.on_state(state));
        requests
    }

    fn on_key(&mut self, event: &KeyEvent, state: &State, now: DateTime<Utc>, real_now: Duration) -> Vec<Request> {
        let key = Key::of(event);
        let press = Press { key, at: real_now, repeat: event.kind == KeyEventKind::Repeat, before: self.last_key };
        self.last_key = Some((key, real_now));
        self.flash = None;
        if let Some(mut overlay) = self.overlays.pop() {
            let held = self.frozen.clone();
            let (seen, seen_at) = held.as_ref().map_or((state, now), |held| (&held.state, held.now));
            let outcome = overlay.on_key(press, &self.look(seen, seen_at));
            return self.overlay_answered(overlay, outcome, press, state, now);
        }
        if self.filtering && self.type_filter(key) {
            return Vec::new();
        }
        match self.keymap.action(key) {
            // Whatever asks for words or a yes, or costs a call, is not for a key that is held down.
            Some(action) if press.repeat && !action.may_repeat() => Vec::new(),
            Some(action) => self.act(action, state, now, real_now),
            None => Vec::new(),
        }
    }

    fn overlay_answered(
        &mut self,
        overlay: Overlay,
        outcome: Outcome,
        press: Press,
        state: &State,
        now: DateTime<Utc>,
    ) -> Vec<Request> {
        match outcome {
            Outcome::Stay => self.overlays.push(overlay),
            Outcome::Also(requests) => {
                self.overlays.push(overlay);
                return self.told(requests);
            }
            Outcome::Close => {}
            Outcome::Then(next) => self.overlays.push(*next),
            Outcome::GoTo(step) => {
                self.jump(Pane::Wizard);
                self.wizard.choose(&step);
            }
            Outcome::GoToRow(pane, key) => {
                self.jump(pane);
                if let Some(key) = key {
                    self.view().filter = Default::default();
                    self.view().choose(&key);
                }
            }
            Outcome::Run(action) => {
                // What is done from a step that is read goes back to it.
                if matches!(overlay, Overlay::Detail(_)) {
                    self.overlays.push(overlay);
                }
                return self.act(action, state, now, press.at);
            }
            Outcome::Ask(requests) => {
                for request in &requests {
                    if let Request::PrepareAnswer { step, .. } = request {
                        self.await_answer(step, false, state);
                    }
                }
                return self.told(requests);
            }
        }
        Vec::new()
    }

    /// Says what was copied: the clipboard itself says nothing.
    pub(super) fn told(&mut self, mut requests: Vec<Request>) -> Vec<Request> {
        if let Some(Request::Copy(text)) = requests.iter().find(|request| matches!(request, Request::Copy(_))) {
            if text.len() > MOST_COPIED {
                let size = super::format::size(text.len() as u64);
                self.say(NoticeLevel::Warning, format!("not copied: {size} is more than terminals take; choose a smaller form."));
                requests.retain(|request| !matches!(request, Request::Copy(_)));
                return requests;
            }
            let text = super::format::middle(&super::format::clean(text), 60);
            self.say(NoticeLevel::Info, format!("copied: {text}"));
        }
        requests
    }

    pub(super) fn await_answer(&mut self, step: &StepId, stop: bool, state: &State) {
        let before = state.preparations.get(step).map(|(seq, _)| *seq);
        self.awaited = Some((step.clone(), stop, before));
        self.say(NoticeLevel::Info, "asking AWS what the answer would do…");
    }

    /// Takes a key that edits the filter; `false` if the key has to do what it does without one.
    fn type_filter(&mut self, key: Key) -> bool {
        match key.code() {
            KeyCode::Enter => self.filtering = false,
            KeyCode::Esc => {
                self.filtering = false;
                self.view().filter = Default::default();
            }
            KeyCode::Up | KeyCode::Down | KeyCode::Tab | KeyCode::PageDown | KeyCode::PageUp => {
                self.filtering = key.code() != KeyCode::Tab;
                return false;
            }
            _ if key == Key::CTRL_C => {
                self.filtering = false;
                self.view().filter = Default::default();
            }
            _ => {
                edit(&mut self.view().filter, key);
            }
        }
        true
    }

    /// Looks at a changed state: drops dialogs that no longer hold, opens those that were waited for, and asks for what the wizard
    /// needs to show its step.
    pub fn on_state(&mut self, state: &State) -> Vec<Request> {
        self.keep_up(state);
        if is_waiting_to_start(state) {
            return Vec::new();
        }
        self.drop_drifted(state);
        if self.frozen.is_none() {
            self.open_awaited(state);
            self.ask_variables(state);
            self.follow_plan(state);
        }
        self.prepare_chosen(state)
    }

    fn drop_drifted(&mut self, state: &State) {
        let before = self.overlays.len();
        self.overlays.retain(|overlay| !matches!(overlay, Overlay::Confirm(confirm) if !confirm.still_holds(state)));
        if self.overlays.len() < before {
            self.say(
                NoticeLevel::Warning,
                "What was to be confirmed is no longer what would be done: look again, then confirm anew.",
            );
        }
    }

    fn open_awaited(&mut self, state: &State) {
        // A dialog that opens by itself must not take keys that were meant for something else.
        if !self.overlays.is_empty() || self.filtering {
            return;
        }
        let Some((step, stop, before)) = self.awaited.clone() else { return };
        let Some((seq, prepared)) = state.preparations.get(&step).filter(|(seq, _)| Some(*seq) > before) else { return };
        match prepared {
            Prepared::Asking => {}
            Prepared::Ready(preparation, _) => {
                self.awaited = None;
                if is_answer(preparation.call.as_ref()) {
                    let question = Question::Answer(preparation.clone(), *seq, stop);
                    self.flash = None;
                    self.overlays.push(Overlay::Confirm(Box::new(Confirm::about(question, None))));
                }
            }
            Prepared::Failed(problem, _) => {
                self.awaited = None;
                self.say(NoticeLevel::Warning, format!("the answer could not be prepared: {problem}"));
            }
        }
    }

    /// When the incident begins, asks once for what the plan has to know and nobody has said.
    fn ask_variables(&mut self, state: &State) {
        if self.asked_variables || state.incident.opened.is_none() || state.read_only || state.incident.closed.is_some() {
            return;
        }
        let missing = state.plan.variables.keys().any(|name| !state.incident.variables.contains_key(name));
        if missing && self.overlays.is_empty() && !self.filtering {
            self.overlays.push(Overlay::Prompt(Box::new(Prompt::new(Asked::Variables, state))));
        }
        self.asked_variables = true;
    }

    /// Goes on to what needs a person next when the chosen step ends well under one's eyes.
    fn follow_plan(&mut self, state: &State) {
        if self.wizard.chosen.is_none() {
            self.wizard.go_to_next(state);
        }
        let Some(id) = self.wizard.chosen.clone() else { return };
        let settled = state.incident.steps.get(&id).is_some_and(|record| record.is_settled());
        if settled && self.was_settled == Some((id, false)) && self.overlays.is_empty() {
            self.wizard.go_to_next(state);
        }
        if let Some(id) = self.wizard.chosen.clone() {
            let settled = state.incident.steps.get(&id).is_some_and(|record| record.is_settled());
            self.was_settled = Some((id, settled));
        }
    }

    /// A step that can begin is prepared when it is looked at, once; a retry is asked for by a person.
    fn prepare_chosen(&mut self, state: &State) -> Vec<Request> {
        // What a step would have done was asked of AWS then, and cannot be asked now.
        if state.replay.is_some() {
            return Vec::new();
        }
        let Some(step) = self.wizard.step(state) else { return Vec::new() };
        let attempts = state.incident.steps.get(&step.id).map_or(0, |record| record.attempts.len());
        let wanted = startable(state, step).is_ok() && attempts == 0 && !state.preparations.contains_key(&step.id);
        if wanted && state.incident.closed.is_none() && self.asked.insert((step.id.clone(), attempts)) {
            return vec![Request::Prepare(step.id.clone())];
        }
        Vec::new()
    }

    /// After how much real time a clock or an age on screen changes by itself; `None` while no time passes.
    pub fn next_redraw(&self, state: &State, now: DateTime<Utc>) -> Option<Duration> {
        if self.working {
            return Some(Duration::ZERO);
        }
        /// Faster than this no one reads, and a slow line suffers.
        const LEAST: Duration = Duration::from_millis(100);
        let replay = state.replay.as_ref().map(|replay| (replay.paused, replay.speed));
        let speed = match &state.exercise {
            _ if replay.is_some_and(|(paused, _)| paused) => return None,
            _ if replay.is_some() => replay.map_or(1.0, |(_, speed)| speed.max(0.01)),
            Some(exercise) if exercise.paused || is_waiting_to_start(state) => return None,
            Some(exercise) => exercise.speed.max(0.01),
            None => 1.0,
        };
        let into = Duration::from_nanos(u64::from(now.timestamp_subsec_nanos()));
        let left = Duration::from_secs(1).saturating_sub(into);
        Some(left.div_f64(speed).max(LEAST))
    }
}

impl Action {
    /// Does it make sense while its key is held down?
    fn may_repeat(self) -> bool {
        matches!(
            self,
            Self::Down
                | Self::Up
                | Self::PageDown
                | Self::PageUp
                | Self::FocusNext
                | Self::FocusPrevious
                | Self::Wider
                | Self::Narrower
                | Self::Taller
                | Self::Shorter
                | Self::Back
                | Self::Forward
        )
    }
}
