//! What a key can mean. An action may move a cursor or open a dialog; none of them alone changes AWS, because the orders that do
//! come only out of a dialog that was answered.

macro_rules! actions {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)*) => {
        /// What a key, or a name typed into the palette, can mean.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($(#[doc = $doc])+ $variant,)*
        }

        impl Action {
            /// All, in the order of the help.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in key files and in the palette.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// One sentence about it.
            pub fn about(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)* }
            }

            /// The action of this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().find(|action| action.name() == name).copied()
            }
        }
    };
}

actions! {
    /// Next row.
    Down = "down",
    /// Previous row.
    Up = "up",
    /// First row.
    First = "first",
    /// Last row.
    Last = "last",
    /// Next page; in the wizard, the step's text.
    PageDown = "page-down",
    /// Previous page; in the wizard, the step's text.
    PageUp = "page-up",
    /// Show what is folded under the row.
    Expand = "expand",
    /// Fold it again.
    Collapse = "collapse",
    /// Open the row: everything that is known about it.
    Open = "open",
    /// Copy the row's name, ARN or command.
    Copy = "copy",
    /// Choose what of the row is copied: a cell, the row as text or JSON, its ARN, an AWS CLI command, its page in the AWS console.
    CopyAs = "copy-as",
    /// Show the row's page in the AWS console as a link.
    Link = "link",
    /// Show only rows that match.
    Filter = "filter",
    /// Sort by the next column.
    Sort = "sort",
    /// Turn the order around.
    SortReverse = "sort-reverse",
    /// Give the pane the whole screen, and back.
    Zoom = "zoom",
    /// Give the pane's column more of the screen.
    Wider = "wider",
    /// Give the pane's column less of the screen.
    Narrower = "narrower",
    /// Give the pane more of its column.
    Taller = "taller",
    /// Give the pane less of its column.
    Shorter = "shorter",
    /// Divide the screen as it was at the start.
    Even = "even",
    /// Go back to where the cursor was before the last jump.
    Back = "back",
    /// Go forward again.
    Forward = "forward",
    /// Hold the view still while data goes on arriving, and let it go on.
    Freeze = "freeze",
    /// Mask accounts, people, ids and addresses on the screen, and show them again.
    Mask = "mask",
    /// Take the mouse for panes and rows, or leave it to the terminal.
    Mouse = "mouse",
    /// Next pane.
    FocusNext = "focus-next",
    /// Previous pane.
    FocusPrevious = "focus-previous",
    /// Go to the alarms.
    FocusAlarms = "focus-alarms",
    /// Go to the Health events.
    FocusHealth = "focus-health",
    /// Go to the recovery points.
    FocusRecoveryPoints = "focus-recovery-points",
    /// Go to the timeline.
    FocusTimeline = "focus-timeline",
    /// Go to the wizard.
    FocusWizard = "focus-wizard",
    /// Go to the log.
    FocusLog = "focus-log",
    /// Confirm the step: opens the dialog that asks for a yes.
    ConfirmStep = "confirm-step",
    /// Check the step anew and prepare it again, also to retry it after a failure.
    PrepareStep = "prepare-step",
    /// Confirm the ready steps of the step's group together, listed by name.
    ConfirmGroup = "confirm-group",
    /// Edit a parameter of the step's call; it is then shown and confirmed anew.
    EditStep = "edit-step",
    /// Choose another recovery point for the step, from a list with age and data loss.
    ChoosePoint = "choose-point",
    /// Take what is at work at AWS already for the step: what somebody else began, or what ran out of its time here.
    Adopt = "adopt",
    /// Say that a manual step is done.
    FinishStep = "finish-step",
    /// Answer what a running step asks: approve.
    Approve = "approve",
    /// Answer what a running step asks: reject.
    Reject = "reject",
    /// Stop what a running step started at AWS; asks first.
    StopStep = "stop-step",
    /// Go on without the step, with a reason.
    SkipStep = "skip-step",
    /// Do a step after all that was ruled out, or take back what a step did by the step that is its undo; with a reason.
    TakeUp = "take-up",
    /// Give up on the running attempt, with a reason; AWS goes on unless it is stopped.
    AbortStep = "abort-step",
    /// Copy the step's call as an AWS CLI command.
    CopyCommand = "copy-command",
    /// Give the plan's variables their values.
    SetVariables = "set-variables",
    /// Declare the failover, with a reason; makes the plan's choices.
    Declare = "declare",
    /// Make the plan's choices anew.
    Choose = "choose",
    /// Decide, for now, not to fail over, with a reason.
    DecideToWait = "decide-to-wait",
    /// Write a note into the journal.
    Note = "note",
    /// Correct when something happened, with a reason.
    CorrectMoment = "correct-moment",
    /// Say that somebody has taken notice of what the signals tell.
    Acknowledge = "acknowledge",
    /// Put a file or a paste into the record.
    Attach = "attach",
    /// Mark the log's event as important.
    MarkImportant = "mark-important",
    /// Give somebody a role, or take one: commander, operator, scribe.
    GiveRole = "give-role",
    /// Be reminded of check-ins.
    CheckIn = "check-in",
    /// Show the hand-over brief: conditions, actions, needs, clock, what runs.
    Brief = "brief",
    /// Close the incident, with a word about its end.
    CloseIncident = "close-incident",
    /// Start the exercise.
    StartExercise = "start-exercise",
    /// Stop the exercise's clock, or let it run on.
    PauseClock = "pause-clock",
    /// Run the exercise's clock twice as fast.
    Faster = "faster",
    /// Run the exercise's clock half as fast.
    Slower = "slower",
    /// Move the exercise's clock forward by a minute.
    StepClock = "step-clock",
    /// In a replay: one event on.
    NextEvent = "next-event",
    /// In a replay: one event back.
    PreviousEvent = "previous-event",
    /// In a replay: on to the next moment, decision, confirmation or end of a step.
    NextMoment = "next-moment",
    /// In a replay: back to the one before.
    PreviousMoment = "previous-moment",
    /// In a replay: go to a moment or a time.
    Jump = "jump",
    /// Ask the pane's sources again now.
    Refresh = "refresh",
    /// The keys that work here and now.
    Help = "help",
    /// Find any action, pane or step by name.
    Palette = "palette",
    /// Close what is open, clear the filter, put the message away.
    Dismiss = "dismiss",
    /// Put the console to sleep and go back to the shell.
    Suspend = "suspend",
    /// Leave; lists what is still running first.
    Quit = "quit",
}

impl Action {
    /// Does it change AWS or the incident's course, once its dialog is answered?
    pub fn decides(self) -> bool {
        use Action::{AbortStep, Approve, CloseIncident, ConfirmStep, CorrectMoment, DecideToWait, Declare};
        use Action::{
            Adopt, Choose, ChoosePoint, ConfirmGroup, EditStep, FinishStep, PrepareStep, Reject, SetVariables, SkipStep,
            StartExercise, StopStep, TakeUp,
        };
        let about_step =
            matches!(self, ConfirmStep | PrepareStep | FinishStep | Approve | Reject | StopStep | SkipStep | AbortStep);
        about_step
            || matches!(self, Adopt | ChoosePoint | ConfirmGroup | EditStep)
            || matches!(
                self,
                Declare | DecideToWait | CorrectMoment | CloseIncident | StartExercise | TakeUp | SetVariables | Choose
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_name_of_its_own_and_a_sentence() {
        for action in Action::ALL {
            assert_eq!(Action::named(action.name()), Some(*action));
            assert!(action.name().chars().all(|c| c.is_ascii_lowercase() || c == '-'));
            assert!(action.about().ends_with('.'), "{}", action.name());
        }
    }
}
