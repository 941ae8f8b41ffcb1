//! What the engine decides, and what the driver answers.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::domain::{Problem, StepId};
use crate::journal::{CallAnswered, Event, Purpose};

/// What comes of one input: events to be journalled together, then effects to be started.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decision {
    /// In order; appended all or none.
    pub events: Vec<Event>,
    /// Started only after the events are durable.
    pub effects: Vec<Effect>,
}

/// Something for the driver to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send the confirmed call of this attempt through the gate. The permit comes with the appended confirmation.
    Send {
        /// Which step.
        step: StepId,
        /// Which attempt.
        attempt: u32,
        /// What for.
        purpose: Purpose,
    },
    /// Find out from AWS whether the confirmed call of this attempt took effect, then send it if it did not.
    Reconcile {
        /// Which step.
        step: StepId,
        /// Which attempt.
        attempt: u32,
        /// What for.
        purpose: Purpose,
    },
    /// Follow the step until it ends: a job, an execution, a change, or a check's condition.
    Follow {
        /// Which step.
        step: StepId,
        /// Which attempt.
        attempt: u32,
        /// The handle of the answer; empty for a check.
        handle: String,
        /// When the attempt began: its time limit counts from here.
        since: DateTime<Utc>,
    },
    /// Stop following.
    Forget {
        /// Which step.
        step: StepId,
        /// Which attempt.
        attempt: u32,
    },
    /// Let the exercise's clock run.
    StartClock {
        /// Simulated seconds in one real second.
        speed: f64,
    },
}

/// How an effect went. Carries the attempt that it belongs to; one of another attempt is dropped.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// AWS answered the call, or was found to have carried it out.
    Answered(CallAnswered),
    /// AWS refused the call, nothing was changed; or what was confirmed no longer holds.
    Refused {
        /// Which step.
        step: StepId,
        /// Which attempt.
        attempt: u32,
        /// What the call was for.
        purpose: Purpose,
        /// Why.
        problem: Problem,
    },
    /// The answer was lost: whether the call took effect has to be found out.
    Lost {
        /// Which step.
        step: StepId,
        /// Which attempt.
        attempt: u32,
        /// What the call was for.
        purpose: Purpose,
        /// Why.
        problem: Problem,
    },
    /// The step ended well.
    Done {
        /// Which step.
        step: StepId,
        /// Which attempt.
        attempt: u32,
        /// What it gave.
        outputs: BTreeMap<String, String>,
        /// AWS's time of the beginning.
        began_at: Option<DateTime<Utc>>,
        /// AWS's time of the end.
        ended_at: Option<DateTime<Utc>>,
        /// The moment that the restored data is of.
        data_at: Option<DateTime<Utc>>,
        /// In words.
        note: Option<String>,
        /// What is still to be done before it is of use.
        tail: Vec<String>,
    },
    /// The step ended badly.
    Failed {
        /// Which step.
        step: StepId,
        /// Which attempt.
        attempt: u32,
        /// Why.
        problem: Problem,
        /// AWS's time of the beginning.
        began_at: Option<DateTime<Utc>>,
        /// AWS's time of the end.
        ended_at: Option<DateTime<Utc>>,
    },
}

/// Why an order is not carried out: a sentence for the operator that says what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);
