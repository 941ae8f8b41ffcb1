//! What the screen asks of the console around it. The screen itself does nothing but look and ask.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Moment, SiteName, StepId};
use crate::engine::Intent;

use super::Pane;

/// One thing that the console should do for the screen.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Give this order to the engine.
    Order(Intent),
    /// Ask AWS what the step would do now, and what stands in its way.
    Prepare(StepId),
    /// Prepare the answer to what a running step asks.
    PrepareAnswer {
        /// Which step.
        step: StepId,
        /// `Approve`, `Reject`, `Resume` or `StopStep`.
        signal: String,
        /// What the person says to it; may be empty.
        comment: String,
    },
    /// Prepare the stop of what a running step started.
    PrepareStop {
        /// Which step.
        step: StepId,
    },
    /// Fetch the metric behind an alarm.
    Graph {
        /// Where the alarm lives.
        site: SiteName,
        /// Its name.
        alarm: String,
        /// Of how long a time until now.
        window: TimeDelta,
    },
    /// Ask the sources of a pane now.
    Refresh(Pane),
    /// Stop the exercise's clock.
    Pause,
    /// Let the exercise's clock run on.
    Resume,
    /// Simulated seconds in one real second.
    Speed(f64),
    /// Move the exercise's clock forward.
    StepClock(Duration),
    /// Go somewhere else in a replay.
    Seek(Seek),
    /// Put a file of this machine into the record.
    Attach {
        /// Its path.
        path: String,
    },
    /// Put text on the clipboard.
    Copy(String),
    /// Take the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Leave.
    Quit,
    /// Give the terminal back to the shell for a while.
    Suspend,
}

/// Where to go in a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seek {
    /// One event on.
    NextEvent,
    /// One event back.
    PreviousEvent,
    /// To the next moment, decision, confirmation or end of a step.
    NextMoment,
    /// To the one before.
    PreviousMoment,
    /// To where a moment was first known.
    Moment(Moment),
    /// To a time.
    At(DateTime<Utc>),
}
