//! What is possible here and now: the one list that the footer, the help and the palette are made from.

use super::panes::{WizardView, offers};
use super::{Action, Pane};
use crate::domain::Mode;
use crate::store::State;

/// Where a command belongs in the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// About the chosen step.
    Step,
    /// In the pane that has the keys.
    Pane,
    /// About the incident as a whole.
    Incident,
    /// The exercise's clock.
    Exercise,
    /// Always.
    Everywhere,
}

/// One thing that can be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command {
    /// What.
    pub action: Action,
    /// For the footer; empty for what the footer leaves to the help.
    pub label: &'static str,
    /// Where the help has it.
    pub group: Group,
}

/// Before an exercise has begun there is only the start card.
pub fn is_waiting_to_start(state: &State) -> bool {
    state.mode == Mode::Exercise && state.exercise.is_some() && state.incident.exercise_started_at.is_none()
}

/// What is possible in this pane, the most sensible first.
pub fn commands(state: &State, pane: Pane, wizard: &WizardView) -> Vec<Command> {
    let mut out = Vec::new();
    let mut add = |group, entries: &[(Action, &'static str)]| {
        out.extend(entries.iter().map(|(action, label)| Command { action: *action, label, group }));
    };
    if is_waiting_to_start(state) {
        add(Group::Everywhere, &[(Action::StartExercise, "start"), (Action::Help, "keys"), (Action::Quit, "quit")]);
        return out;
    }
    let open = state.incident.closed.is_none() && !state.read_only;
    if open && !state.incident.is_declared() {
        // Until it is made, the decision is the first thing to be done.
        add(Group::Incident, &[(Action::Declare, "declare…"), (Action::DecideToWait, "wait…")]);
    }
    if pane == Pane::Wizard
        && let Some(step) = wizard.step(state)
    {
        for offer in offers(state, step) {
            add(Group::Step, &[(offer.action, offer.label)]);
        }
        add(Group::Step, &[(Action::CopyCommand, "copy command"), (Action::CopyAs, "")]);
    }
    match pane {
        Pane::Timeline => add(Group::Pane, &[(Action::Down, "scroll"), (Action::Up, ""), (Action::CopyAs, "copy")]),
        Pane::Wizard => {
            add(
                Group::Pane,
                &[
                    (Action::Open, "read"),
                    (Action::Down, ""),
                    (Action::Up, ""),
                    (Action::PageDown, "scroll"),
                    (Action::PageUp, ""),
                ],
            );
            add(Group::Pane, &[(Action::First, ""), (Action::Last, "")]);
        }
        _ => {
            add(
                Group::Pane,
                &[(Action::Open, "open"), (Action::Filter, "filter"), (Action::Sort, "sort"), (Action::Copy, "copy")],
            );
            add(Group::Pane, &[(Action::CopyAs, "")]);
            if pane != Pane::Log {
                add(Group::Pane, &[(Action::Link, "")]);
            }
            add(
                Group::Pane,
                &[(Action::SortReverse, ""), (Action::Down, ""), (Action::Up, ""), (Action::PageDown, ""), (Action::PageUp, "")],
            );
            add(Group::Pane, &[(Action::First, ""), (Action::Last, "")]);
            if pane == Pane::RecoveryPoints {
                add(Group::Pane, &[(Action::Expand, "older"), (Action::Collapse, "")]);
            }
        }
    }
    add(Group::Pane, &[(Action::Refresh, "")]);
    if open && !state.plan.variables.is_empty() {
        add(Group::Incident, &[(Action::SetVariables, "variables")]);
    }
    if open && !state.plan.choices.is_empty() && state.incident.is_declared() {
        add(Group::Incident, &[(Action::Choose, "")]);
    }
    if open {
        add(
            Group::Incident,
            &[
                (Action::Note, "note"),
                (Action::Acknowledge, ""),
                (Action::CorrectMoment, ""),
                (Action::Attach, ""),
                (Action::MarkImportant, ""),
                (Action::GiveRole, ""),
                (Action::CheckIn, ""),
                (Action::CloseIncident, ""),
            ],
        );
    }
    add(Group::Incident, &[(Action::Brief, "")]);
    if let Some(replay) = &state.replay {
        let label = if replay.paused { "play" } else { "pause" };
        add(
            Group::Exercise,
            &[
                (Action::PauseClock, label),
                (Action::NextMoment, "next moment"),
                (Action::PreviousMoment, "back"),
                (Action::NextEvent, "next event"),
                (Action::PreviousEvent, ""),
                (Action::Jump, "go to…"),
                (Action::Faster, "faster"),
                (Action::Slower, ""),
                (Action::StepClock, ""),
            ],
        );
    }
    if let Some(exercise) = &state.exercise {
        let label = if exercise.paused { "run on" } else { "pause" };
        add(Group::Exercise, &[(Action::PauseClock, label), (Action::Faster, ""), (Action::Slower, ""), (Action::StepClock, "")]);
    }
    add(
        Group::Everywhere,
        &[(Action::Help, "keys"), (Action::Palette, "find"), (Action::FocusNext, ""), (Action::FocusPrevious, "")],
    );
    let focus = [
        Action::FocusAlarms,
        Action::FocusHealth,
        Action::FocusRecoveryPoints,
        Action::FocusTimeline,
        Action::FocusWizard,
        Action::FocusLog,
    ];
    for action in focus {
        add(Group::Everywhere, &[(action, "")]);
    }
    add(Group::Everywhere, &[(Action::Zoom, "zoom"), (Action::Back, ""), (Action::Forward, ""), (Action::Freeze, "freeze")]);
    add(
        Group::Everywhere,
        &[(Action::Wider, ""), (Action::Narrower, ""), (Action::Taller, ""), (Action::Shorter, ""), (Action::Even, "")],
    );
    add(Group::Everywhere, &[(Action::Mask, ""), (Action::Mouse, ""), (Action::Dismiss, ""), (Action::Suspend, "")]);
    add(Group::Everywhere, &[(Action::Quit, "quit")]);
    out
}
