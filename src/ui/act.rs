//! What each action does. An action that would change AWS, or the incident's course, opens a dialog and asks for nothing yet.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::app::App;
use super::commands::is_waiting_to_start;
use super::overlays::{Asked, Confirm, Detail, Help, Overlay, Palette, Prompt, Question, WINDOWS};
use super::panes::{self, offers, undo_of};
use super::ready::{prepared_start, startable};
use super::{Action, Pane, Request, Role, Seek, remedy};
use crate::domain::StepId;
use crate::engine::Intent;
use crate::journal::Mark;
use crate::store::{NoticeLevel, Prepared, State};

/// Rows of a page.
const PAGE: isize = 10;

impl App {
    /// Does an action. While the panes are held still, what is looked at is what they show, and nothing is decided on it.
    pub(super) fn act(&mut self, action: Action, live: &State, live_now: DateTime<Utc>, real_now: Duration) -> Vec<Request> {
        if is_waiting_to_start(live) && !may_wait(action) {
            return Vec::new();
        }
        let held = self.frozen.clone();
        if held.is_some() && action.decides() {
            self.say(
                NoticeLevel::Warning,
                format!("The view is frozen: {} lets it go on, then decide.", self.keymap.hint(Action::Freeze)),
            );
            return Vec::new();
        }
        let (state, now) = held.as_ref().map_or((live, live_now), |held| (&held.state, held.now));
        match action {
            Action::Down => self.go(1, state, now),
            Action::Up => self.go(-1, state, now),
            Action::PageDown => self.page(1, state, now),
            Action::PageUp => self.page(-1, state, now),
            Action::First => self.go(isize::MIN / 2, state, now),
            Action::Last => self.go(isize::MAX / 2, state, now),
            Action::Expand | Action::Collapse => self.fold(action == Action::Expand, state, now),
            Action::Open => return self.open(state, now),
            Action::Copy => return self.copy(state, now),
            Action::CopyCommand => return self.copy_command(state, now),
            Action::Filter if is_list(self.focus) => self.filtering = true,
            Action::Sort => self.sort(state, now),
            Action::SortReverse => self.view().reversed = !self.view().reversed,
            Action::Filter => {}
            Action::CopyAs => self.copy_as(state, now),
            Action::Link => self.link(state, now),
            Action::Zoom => self.zoomed = !self.zoomed,
            Action::Wider | Action::Narrower | Action::Taller | Action::Shorter | Action::Even => {
                self.splits.turn(action, self.focus);
            }
            Action::Back | Action::Forward => self.go_back(action == Action::Back),
            Action::Freeze => self.freeze(live, live_now),
            Action::Mask => self.masked = !self.masked,
            Action::Mouse => return self.turn_mouse(),
            Action::FocusNext => self.focus_on(self.focus.step(1)),
            Action::FocusPrevious => self.focus_on(self.focus.step(-1)),
            Action::FocusAlarms => self.jump(Pane::Alarms),
            Action::FocusHealth => self.jump(Pane::Health),
            Action::FocusRecoveryPoints => self.jump(Pane::RecoveryPoints),
            Action::FocusTimeline => self.jump(Pane::Timeline),
            Action::FocusWizard => self.jump(Pane::Wizard),
            Action::FocusLog => self.jump(Pane::Log),
            Action::Refresh => return vec![Request::Refresh(self.focus)],
            Action::Help => self.overlays.push(Overlay::Help(Help::new(self.commands(state), self.focus))),
            Action::Palette => {
                let palette = Palette::new(&self.commands(state), &self.look(state, now), &self.lists);
                self.overlays.push(Overlay::Palette(palette));
            }
            Action::Dismiss => self.dismiss(state),
            Action::Suspend => return vec![Request::Suspend],
            Action::Quit => return self.quit(live, real_now),
            Action::StartExercise | Action::PauseClock | Action::Faster | Action::Slower | Action::StepClock => {
                return self.turn_clock(action, live);
            }
            Action::NextEvent | Action::PreviousEvent | Action::NextMoment | Action::PreviousMoment | Action::Jump => {
                return self.seek(action, state);
            }
            Action::Declare
            | Action::SetVariables
            | Action::Choose
            | Action::DecideToWait
            | Action::Note
            | Action::CorrectMoment
            | Action::CloseIncident
            | Action::Acknowledge
            | Action::Attach
            | Action::GiveRole
            | Action::CheckIn => {
                self.ask_incident(action, state);
            }
            Action::MarkImportant => return self.mark_important(state, now),
            Action::Brief => {
                let brief = crate::report::brief(&state.incident, Some(now));
                self.overlays.push(Overlay::Detail(Detail::brief(&brief)));
            }
            Action::ConfirmStep => return self.confirm_step(state, now, real_now),
            Action::ConfirmGroup => return self.confirm_group(state, now, real_now),
            Action::PrepareStep => return self.prepare_step(state),
            Action::FinishStep
            | Action::Approve
            | Action::Reject
            | Action::StopStep
            | Action::SkipStep
            | Action::TakeUp
            | Action::EditStep
            | Action::ChoosePoint
            | Action::Adopt
            | Action::AbortStep => {
                return self.step_offer(action, state);
            }
        }
        Vec::new()
    }

    pub(super) fn focus_on(&mut self, pane: Pane) {
        self.filtering = false;
        self.focus = pane;
    }

    fn go(&mut self, by: isize, state: &State, now: DateTime<Utc>) {
        match self.focus {
            Pane::Wizard => self.wizard.go(state, by),
            Pane::Timeline => {
                let by = i16::try_from(by.clamp(-30_000, 30_000)).unwrap_or(0);
                self.timeline_scroll = self.timeline_scroll.saturating_add_signed(by);
            }
            _ => {
                let follows = self.focus == Pane::Log && by > PAGE;
                self.with_table(state, now, |table, view| view.go(table, by));
                self.view().follows_end |= follows;
            }
        }
    }

    fn page(&mut self, by: isize, state: &State, now: DateTime<Utc>) {
        if self.focus == Pane::Wizard {
            let lines = 8;
            self.wizard.scroll =
                if by > 0 { self.wizard.scroll.saturating_add(lines) } else { self.wizard.scroll.saturating_sub(lines) };
        } else {
            self.go(by * PAGE, state, now);
        }
    }

    fn fold(&mut self, open: bool, state: &State, now: DateTime<Utc>) {
        self.with_table(state, now, |table, view| {
            let shown = view.shown(table);
            let Some(at) = view.index(&shown) else { return };
            let Some(key) = shown.row(at).map(|row| row.key.clone()) else { return };
            if open {
                view.unfolded.insert(key);
            } else if !view.unfolded.remove(&key) && key.starts_with("point/") {
                // On a row within, folding goes to the row that holds it.
                let mut above = (0..at).rev().filter_map(|at| shown.row(at)).map(|row| row.key.clone());
                if let Some(parent) = above.find(|key| !key.starts_with("point/")) {
                    view.unfolded.remove(&parent);
                    view.choose(&parent);
                }
            }
        });
    }

    fn sort(&mut self, state: &State, now: DateTime<Utc>) {
        self.with_table(state, now, |table, view| view.sort = (view.sort + 1) % (table.sorts.len() + 1));
    }

    fn open(&mut self, state: &State, now: DateTime<Utc>) -> Vec<Request> {
        match self.focus {
            Pane::Timeline => return Vec::new(),
            Pane::Wizard => {
                if let Some(step) = self.wizard.step(state) {
                    self.overlays.push(Overlay::Detail(Detail::step(&step.id)));
                }
                return Vec::new();
            }
            _ => {}
        }
        let Some((key, copy)) = self.chosen(state, now).map(|row| (row.key, row.copy)) else { return Vec::new() };
        if key.starts_with("other/") {
            let open = !self.view().unfolded.contains(&key);
            self.fold(open, state, now);
            return Vec::new();
        }
        self.overlays.push(Overlay::Detail(Detail::row(self.focus, &key, &copy)));
        if self.focus != Pane::Alarms {
            return Vec::new();
        }
        let alarm = panes::alarm_of(&key, &self.look(state, now));
        let window = TimeDelta::hours(WINDOWS[0]);
        alarm.map(|alarm| Request::Graph { site: alarm.site, alarm: alarm.name, window }).into_iter().collect()
    }

    fn copy(&mut self, state: &State, now: DateTime<Utc>) -> Vec<Request> {
        match self.focus {
            Pane::Wizard => self.copy_command(state, now),
            Pane::Timeline => Vec::new(),
            _ => {
                let text = self.chosen(state, now).map(|row| row.copy);
                self.told(text.map(Request::Copy).into_iter().collect())
            }
        }
    }

    fn copy_command(&mut self, state: &State, now: DateTime<Utc>) -> Vec<Request> {
        let command = self.wizard.step(state).and_then(|step| panes::command_of(step, &self.look(state, now)));
        if command.is_none() {
            self.say(NoticeLevel::Info, "This step has no call to copy yet.");
        }
        self.told(command.map(Request::Copy).into_iter().collect())
    }

    fn dismiss(&mut self, state: &State) {
        if !self.view().filter.is_blank() {
            self.view().filter = Default::default();
        } else if state.notice.is_some() && state.notice != self.dismissed {
            self.dismissed = state.notice.clone();
        } else {
            self.zoomed = false;
        }
    }

    fn quit(&mut self, state: &State, real_now: Duration) -> Vec<Request> {
        let running: Vec<String> = state.incident.running().map(|(id, _)| id.to_string()).collect();
        if running.is_empty() {
            return vec![Request::Quit];
        }
        let mut lines = vec![(Role::Heading, "Leave while steps are running?".to_owned())];
        lines.extend(running.iter().map(|id| (Role::Running, format!("◐ {id}"))));
        let text = "AWS goes on with them. The next console that opens this incident picks them up where they are.";
        lines.push((Role::Text, text.to_owned()));
        let confirm = Confirm::plain("Quit".to_owned(), lines, vec![Request::Quit], real_now);
        self.overlays.push(Overlay::Confirm(Box::new(confirm)));
        Vec::new()
    }

    fn turn_clock(&mut self, action: Action, state: &State) -> Vec<Request> {
        let replay = state.replay.as_ref().map(|replay| (replay.paused, replay.speed));
        let Some((paused, speed)) = replay.or(state.exercise.as_ref().map(|exercise| (exercise.paused, exercise.speed))) else {
            self.say(NoticeLevel::Info, "There is no exercise: the clock is the real one.");
            return Vec::new();
        };
        let request = match action {
            Action::StartExercise if replay.is_some() || state.incident.exercise_started_at.is_some() => return Vec::new(),
            Action::StartExercise => Request::Order(Intent::StartExercise { speed }),
            Action::PauseClock if paused => Request::Resume,
            Action::PauseClock => Request::Pause,
            Action::Faster => Request::Speed((speed * 2.0).min(1000.0)),
            Action::Slower => Request::Speed((speed / 2.0).max(0.5)),
            _ => Request::StepClock(Duration::from_secs(60)),
        };
        vec![request]
    }

    fn ask_incident(&mut self, action: Action, state: &State) {
        let asked = match action {
            Action::Declare => Asked::Declare,
            Action::SetVariables => Asked::Variables,
            Action::Choose => Asked::Choices,
            Action::DecideToWait => Asked::Wait,
            Action::Note => Asked::Note,
            Action::CorrectMoment => Asked::Correct,
            Action::Acknowledge => Asked::Acknowledge,
            Action::Attach => Asked::Attach,
            Action::GiveRole => Asked::Role,
            Action::CheckIn => Asked::CheckIn,
            _ => Asked::Close,
        };
        let refused = if state.replay.is_some() {
            Some("This is a replay: nothing can be written into it.")
        } else if state.read_only {
            Some("This console is read-only.")
        } else if state.incident.closed.is_some() {
            Some("The incident is closed.")
        } else if asked == Asked::Declare && state.incident.is_declared() {
            Some("The failover has been declared.")
        } else if asked == Asked::Variables && state.plan.variables.is_empty() {
            Some("The plan asks for nothing.")
        } else if asked == Asked::Choices && state.plan.choices.is_empty() {
            Some("The plan has no alternatives to choose between.")
        } else {
            None
        };
        match refused {
            Some(why) => self.say(NoticeLevel::Warning, why),
            None => self.overlays.push(Overlay::Prompt(Box::new(Prompt::new(asked, state)))),
        }
    }

    fn seek(&mut self, action: Action, state: &State) -> Vec<Request> {
        if state.replay.is_none() {
            self.say(NoticeLevel::Info, "This is no replay: what comes next nobody knows.");
            return Vec::new();
        }
        let seek = match action {
            Action::NextEvent => Seek::NextEvent,
            Action::PreviousEvent => Seek::PreviousEvent,
            Action::NextMoment => Seek::NextMoment,
            Action::PreviousMoment => Seek::PreviousMoment,
            _ => {
                self.overlays.push(Overlay::Prompt(Box::new(Prompt::new(Asked::Jump, state))));
                return Vec::new();
            }
        };
        vec![Request::Seek(seek)]
    }

    fn mark_important(&mut self, state: &State, now: DateTime<Utc>) -> Vec<Request> {
        if state.read_only || self.focus != Pane::Log {
            let why =
                if state.read_only { "This console is read-only." } else { "An event is marked in the log: choose it there." };
            self.say(NoticeLevel::Info, why);
            return Vec::new();
        }
        let seq = self.chosen(state, now).and_then(|row| row.key.parse().ok());
        seq.map(|seq| Request::Order(Intent::Mark { seq, mark: Mark::Important })).into_iter().collect()
    }

    fn confirm_step(&mut self, state: &State, now: DateTime<Utc>, real_now: Duration) -> Vec<Request> {
        let Some(step) = self.wizard.step(state) else { return Vec::new() };
        let id = step.id.clone();
        let refused = if state.read_only {
            Err("This console is read-only: it has no way to change anything.".to_owned())
        } else if !state.incident.is_declared() {
            // The engine refuses it: better said before a yes than after it.
            Err(format!(
                "{}: declare the failover first; the decision is part of the recovery time.",
                self.keymap.hint(Action::Declare)
            ))
        } else {
            startable(state, step)
        };
        let prepared = refused.and_then(|()| {
            prepared_start(state, &step.id).ok_or_else(|| match state.preparations.get(&step.id) {
                Some((_, Prepared::Asking)) => "AWS is still being asked what this would do.".to_owned(),
                _ => format!("{} is not prepared: {} checks it.", step.id, self.keymap.hint(Action::PrepareStep)),
            })
        });
        match prepared {
            Err(why) => self.say(NoticeLevel::Warning, why),
            Ok((_, preparation)) if now > preparation.valid_until => {
                self.say(NoticeLevel::Info, format!("{id} was checked too long ago: AWS is asked again. Confirm it then."));
                return vec![Request::Prepare(id)];
            }
            Ok((seq, preparation)) => {
                let question = Question::Step(Box::new(preparation.clone()), seq);
                self.overlays.push(Overlay::Confirm(Box::new(Confirm::about(question, Some(real_now)))));
            }
        }
        Vec::new()
    }

    /// One dialog for the steps of the chosen step's group that can begin, once all of them are prepared.
    fn confirm_group(&mut self, state: &State, now: DateTime<Utc>, real_now: Duration) -> Vec<Request> {
        let Some(step) = self.wizard.step(state) else { return Vec::new() };
        let group = match remedy::group(state, step, now) {
            _ if state.read_only || state.incident.closed.is_some() => None,
            group => group.filter(|_| state.incident.is_declared()),
        };
        let Some(group) = group else {
            self.say(NoticeLevel::Info, "No two steps of one group can begin now: confirm the step by itself.");
            return Vec::new();
        };
        if !group.ask.is_empty() {
            let names: Vec<&str> = group.ask.iter().map(|id| id.as_str()).collect();
            self.say(NoticeLevel::Info, format!("asking AWS about {}: then the group can be confirmed.", names.join(", ")));
            return group.ask.into_iter().map(Request::Prepare).collect();
        }
        let question = Question::Group(group.ready, group.alone);
        self.overlays.push(Overlay::Confirm(Box::new(Confirm::about(question, Some(real_now)))));
        Vec::new()
    }

    fn prepare_step(&mut self, state: &State) -> Vec<Request> {
        let Some(step) = self.wizard.step(state) else { return Vec::new() };
        match startable(state, step) {
            Ok(()) => vec![Request::Prepare(step.id.clone())],
            Err(why) => {
                self.say(NoticeLevel::Info, why);
                Vec::new()
            }
        }
    }

    /// What the wizard offers for the chosen step, and nothing else.
    fn step_offer(&mut self, action: Action, state: &State) -> Vec<Request> {
        let Some(step) = self.wizard.step(state) else { return Vec::new() };
        let id = step.id.clone();
        if !offers(state, step).iter().any(|offer| offer.action == action) {
            self.say(NoticeLevel::Info, format!("{} is not possible for {id} now.", action.name()));
            return Vec::new();
        }
        let asked = match action {
            Action::FinishStep => match first_left(state, &id) {
                Some(item) => Asked::Tail(id, item),
                None => Asked::Finish(id),
            },
            Action::Approve => Asked::Answer(id, "Approve"),
            Action::Reject => Asked::Answer(id, "Reject"),
            Action::SkipStep => Asked::Skip(id),
            Action::EditStep => Asked::Edit(id),
            Action::ChoosePoint => Asked::Point(id),
            Action::Adopt => Asked::Adopt(id),
            Action::TakeUp => Asked::TakeUp(undo_of(state, step).map_or(id, |undo| undo.id.clone())),
            Action::AbortStep => Asked::Abort(id),
            _ => {
                self.await_answer(&id, true, state);
                return vec![Request::PrepareStop { step: id }];
            }
        };
        self.overlays.push(Overlay::Prompt(Box::new(Prompt::new(asked, state))));
        Vec::new()
    }
}

/// What makes sense before an exercise has begun.
fn may_wait(action: Action) -> bool {
    use Action::{Help, Mask, Mouse, Quit, StartExercise, Suspend};
    matches!(action, StartExercise | Help | Quit | Suspend | Mask | Mouse)
}

/// The first thing that the step left to be done, if it has ended.
fn first_left(state: &State, step: &StepId) -> Option<String> {
    state.incident.steps.get(step)?.tail().next().map(str::to_owned)
}

pub(super) fn is_list(pane: Pane) -> bool {
    !matches!(pane, Pane::Timeline | Pane::Wizard)
}
