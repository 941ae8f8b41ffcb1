//! What a session is opened with, and why one could not go on.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::cloud::{Connection, Recorder};
use crate::domain::{Expected, IncidentId, Mode, Operator, StepId};
use crate::driver::Probe;
use crate::engine::ExerciseOf;
use crate::journal::{Journal, JournalDirectory, JournalError, Recorded};
use crate::plan::Plan;
use crate::store::ExerciseState;

use super::Room;

/// What a session is opened with.
pub struct Opening {
    /// Live or exercise.
    pub mode: Mode,
    /// No gate.
    pub read_only: bool,
    /// Who sits here.
    pub operator: Operator,
    /// This machine's name, if it is known.
    pub host: Option<String>,
    /// The plan.
    pub plan: Arc<Plan>,
    /// One connection a site.
    pub connections: Vec<Connection>,
    /// What noted the connections' calls.
    pub recorder: Recorder,
    /// What asks from outside.
    pub probe: Probe,
    /// The console's clock.
    pub clock: Clock,
    /// Where journals are kept.
    pub journals: JournalDirectory,
    /// The id of a new incident.
    pub incident_id: IncidentId,
    /// The journal to go on with.
    pub resumed: Option<(Journal, Vec<Recorded>)>,
    /// What earlier runs say of how long the plan's steps take, once their journals have been read: nobody waits for them.
    pub earlier: Option<oneshot::Receiver<BTreeMap<StepId, Expected>>>,
    /// The room that an exercise is played in.
    pub room: Option<Room>,
    /// The scenario of an exercise.
    pub exercise: Option<(ExerciseOf, ExerciseState)>,
}

/// Why a session could not go on.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
}
