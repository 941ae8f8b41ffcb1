//! What the engine is told: the operator's orders, the driver's outcomes, the signals as the store has them.

use chrono::{DateTime, Utc};

use crate::domain::{Alarm, Elsewhere, HealthEvent, Identity, Moment, Operator, Preparation, Role, SiteName, StepId};
use crate::journal::{Amended, Mark, Weighed};

use super::Outcome;

/// One thing that the engine weighs.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The operator orders something.
    Order(Intent),
    /// The driver tells how something went.
    Outcome(Outcome),
    /// The signals as they are now; the engine journals what changed.
    Signals {
        /// The alarms of one site.
        alarms: Vec<Alarm>,
        /// The Health events.
        events: Vec<HealthEvent>,
        /// The first time that this console saw this state of things.
        seen_at: DateTime<Utc>,
    },
    /// Who AWS says we are at a site.
    Identity {
        /// The site.
        site: SiteName,
        /// Who.
        identity: Identity,
    },
}

/// What the operator asks for. Nothing here is spelled by a single key alone: the screen asks first where it must.
#[derive(Debug, Clone, PartialEq)]
pub enum Intent {
    /// Start the exercise's clock.
    StartExercise {
        /// Simulated seconds in one real second.
        speed: f64,
    },
    /// Write a note into the journal.
    Note {
        /// Its text; its first character may say what it is beside a note, see [`Mark::of`].
        text: String,
    },
    /// Mark an event of the journal.
    Mark {
        /// Its number.
        seq: u64,
        /// As what.
        mark: Mark,
    },
    /// Put a file or a paste into the record.
    Attach {
        /// Its name.
        name: String,
        /// All of it.
        content: Vec<u8>,
    },
    /// Give somebody, or take, a role.
    GiveRole {
        /// Who has it from now on.
        to: Operator,
        /// Which.
        role: Role,
        /// Why, or what was said at the hand-over.
        reason: String,
    },
    /// Remind of a check-in whenever nobody has written a note for so long.
    CheckIn {
        /// In seconds; 0 is never.
        every_secs: u64,
    },
    /// Say that somebody has taken notice.
    Acknowledge {
        /// In words; may be empty.
        note: String,
    },
    /// Decide, for now, not to fail over.
    DecideToWait {
        /// Why.
        reason: String,
        /// What is on screen: one line a signal or source.
        seen: Vec<String>,
        /// What it is weighed from.
        weighed: Box<Weighed>,
    },
    /// Give a variable of the plan its value.
    SetVariable {
        /// Which.
        name: String,
        /// Its value.
        value: String,
    },
    /// Choose between alternatives of the plan.
    Choose {
        /// Which choice.
        choice: String,
        /// The option.
        option: String,
    },
    /// Do a step after all that was ruled out, or take a step back by the one that is its undo.
    TakeUp {
        /// Which.
        step: StepId,
        /// Why.
        reason: String,
    },
    /// Declare the failover. Choices that nobody made take their defaults.
    Declare {
        /// Why.
        reason: String,
        /// What is on screen: one line a signal or source.
        seen: Vec<String>,
        /// What it is weighed from.
        weighed: Box<Weighed>,
    },
    /// Say when a moment was.
    CorrectMoment {
        /// Which.
        moment: Moment,
        /// When.
        at: DateTime<Utc>,
        /// Why, in words.
        reason: String,
    },
    /// Confirm a step as it was prepared and shown.
    ConfirmStep {
        /// Exactly what was shown.
        preparation: Box<Preparation>,
        /// What was typed, where a name had to be.
        typed: Option<String>,
        /// The second person, where there had to be one.
        second: Option<Operator>,
    },
    /// Confirm several steps of one group together, each as it was prepared and shown.
    ConfirmGroup {
        /// Exactly what was shown.
        preparations: Vec<Preparation>,
        /// What was typed, where one of them asks for a name.
        typed: Option<String>,
    },
    /// Change what a step would send; it still has to be confirmed.
    AmendStep {
        /// Which.
        step: StepId,
        /// How, all of it.
        amended: Amended,
    },
    /// Take what is at work at AWS already for the step: what somebody else began, or what an earlier attempt began and still runs.
    Adopt {
        /// Which step.
        step: StepId,
        /// What.
        work: Box<Elsewhere>,
    },
    /// Confirm the answer to what a running step asks, or its stop, as prepared and shown.
    ConfirmAnswer {
        /// Exactly what was shown.
        preparation: Box<Preparation>,
        /// What was typed, where a name had to be.
        typed: Option<String>,
        /// Whether it stops the step.
        stop: bool,
    },
    /// A manual step is done.
    FinishManual {
        /// Which.
        step: StepId,
        /// What the person has to say about it.
        note: String,
    },
    /// Something that a step left to be done is done.
    SettleTail {
        /// Which step left it.
        step: StepId,
        /// What, in the words of the step's end.
        item: String,
        /// What the person has to say about it.
        note: String,
    },
    /// Go on without a step.
    SkipStep {
        /// Which.
        step: StepId,
        /// Why.
        reason: String,
    },
    /// Give up on a running step's attempt.
    AbortStep {
        /// Which.
        step: StepId,
        /// Why.
        reason: String,
    },
    /// The incident is over.
    Close {
        /// In words.
        reason: String,
    },
}
