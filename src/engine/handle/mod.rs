//! One input in, a decision out: split by what comes in.

mod asked;
mod group;
mod milestone;
mod notebook;
mod notices;
mod order;
mod outcome;
mod signals;

use chrono::{DateTime, Utc};

use crate::domain::Operator;
use crate::journal::Incident;
use crate::plan::Plan;

use super::{Decision, Input, Refusal};

/// What the engine may look at beside the input.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The incident as the journal tells it.
    pub incident: &'a Incident,
    /// The plan.
    pub plan: &'a Plan,
    /// The console's time.
    pub now: DateTime<Utc>,
    /// Who sits here.
    pub operator: &'a Operator,
    /// No gate: nothing may change AWS.
    pub read_only: bool,
}

/// Weighs one input.
///
/// # Errors
/// [`Refusal`] says why an order is out of order and what to do instead. Outcomes and signals are never refused: what no longer
/// matters decides nothing.
pub fn handle(context: Context<'_>, input: &Input) -> Result<Decision, Refusal> {
    match input {
        Input::Order(intent) => order::handle(context, intent).map(|decision| notices::with(context, decision)),
        Input::Outcome(outcome) => Ok(notices::with(context, outcome::handle(context, outcome))),
        Input::Signals { alarms, events, seen_at } => Ok(signals::handle(context, alarms, events, *seen_at)),
        Input::Identity { site, identity } => Ok(signals::identity(context, site, identity)),
    }
}
