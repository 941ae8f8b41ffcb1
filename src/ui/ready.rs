//! Which steps can begin, and what a start would confirm. The engine decides; this only keeps the screen from offering what it would
//! refuse.

use super::words;
use crate::domain::{MutatingCall, Preparation, StepId};
use crate::journal::StepStatus;
use crate::plan::Step;
use crate::store::{Prepared, State};

/// Can a step begin, or begin again? If not, a sentence that says why.
pub(super) fn startable(state: &State, step: &Step) -> Result<(), String> {
    let blockers = words::blockers(state, step);
    if state.incident.closed.is_some() {
        return Err("The incident is closed.".to_owned());
    }
    match state.incident.status(&step.id) {
        StepStatus::Pending | StepStatus::Failed(_) | StepStatus::Aborted(_) => {}
        StepStatus::Calling | StepStatus::Running => return Err(format!("{} is running.", step.id)),
        StepStatus::Done => return Err(format!("{} is done.", step.id)),
        StepStatus::RuledOut(_) => return Err(format!("{} does not apply: taking it up changes that.", step.id)),
        StepStatus::Skipped(_) => return Err(format!("{} was skipped.", step.id)),
    }
    if !blockers.is_empty() {
        let names: Vec<&str> = blockers.iter().map(|id| id.as_str()).collect();
        return Err(format!("{} waits for {}.", step.id, names.join(", ")));
    }
    Ok(())
}

/// The preparation that a start of the step would confirm now: of the next attempt, not of an answer.
pub(super) fn prepared_start<'a>(state: &'a State, step: &StepId) -> Option<(u64, &'a Preparation)> {
    let attempts = state.incident.steps.get(step).map_or(0, |record| record.attempts.len());
    match state.preparations.get(step) {
        Some((seq, Prepared::Ready(preparation, _)))
            if usize::try_from(preparation.attempt).is_ok_and(|attempt| attempt > attempts)
                && !is_answer(preparation.call.as_ref()) =>
        {
            Some((*seq, preparation))
        }
        _ => None,
    }
}

/// Does the call answer or stop what runs, rather than start a step?
pub(super) fn is_answer(call: Option<&MutatingCall>) -> bool {
    call.is_some_and(MutatingCall::is_answer)
}
