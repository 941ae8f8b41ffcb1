//! The permit that the gate asks for: a confirmation that is in the journal.
//!
//! A [`Confirmed`] comes only from an append or from a journal that was read again, so whoever holds one knows that the intent is
//! durable. It must not be possible to make, copy or deserialise one anywhere else.

use crate::domain::{IncidentId, MutatingCall, Strength};

use super::{Event, Notices, Purpose, Recorded, StepConfirmed};

/// A confirmed call, durable in the journal, to be sent once.
///
/// It can be looked at:
/// ```
/// # use lifeboat::journal::Confirmed;
/// fn operation(confirmed: &Confirmed) -> &'static str {
///     confirmed.call().operation()
/// }
/// ```
/// but not made outside of the journal:
/// ```compile_fail,E0451
/// # use lifeboat::{domain::{IncidentId, MutatingCall}, journal::{Confirmed, StepConfirmed}};
/// fn forged(incident: IncidentId, confirmation: StepConfirmed, call: MutatingCall) -> Confirmed {
///     Confirmed { incident, seq: 1, confirmation, call }
/// }
/// ```
/// nor used twice:
/// ```compile_fail,E0599
/// # use lifeboat::journal::Confirmed;
/// fn twice(confirmed: Confirmed) -> (Confirmed, Confirmed) {
///     (Confirmed::clone(&confirmed), confirmed)
/// }
/// ```
#[derive(Debug)]
pub struct Confirmed {
    incident: IncidentId,
    seq: u64,
    confirmation: StepConfirmed,
    call: MutatingCall,
}

impl Confirmed {
    /// The permit of a recorded event, if that confirms a call. The caller vouches that it is durable.
    pub(super) fn of(incident: &IncidentId, recorded: &Recorded) -> Option<Self> {
        let Event::StepConfirmed(confirmation) = &recorded.event else { return None };
        let call = confirmation.call.clone()?;
        Some(Self { incident: incident.clone(), seq: recorded.seq, confirmation: (**confirmation).clone(), call })
    }

    /// The permit of a recorded notice, if the declaration in the same journal covers it. The caller vouches that both are durable.
    pub(super) fn of_notice(incident: &IncidentId, recorded: &Recorded, covered: Option<&Notices>) -> Option<Self> {
        let Event::NoticeDue(due) = &recorded.event else { return None };
        covered.filter(|covered| covered.cover(due))?;
        let confirmation = StepConfirmed {
            step: due.id.clone(),
            attempt: 1,
            purpose: Purpose::Notice,
            site: due.site.clone(),
            region: due.region.clone(),
            identity: None,
            call: Some(due.call.clone()),
            fingerprint: String::new(),
            strength: Strength::Key,
            typed: None,
            second: None,
        };
        Some(Self { incident: incident.clone(), seq: recorded.seq, confirmation, call: due.call.clone() })
    }

    /// The confirmed calls among these durable events that were neither answered nor outlived by their attempt.
    pub(super) fn unanswered(incident: &IncidentId, events: &[Recorded]) -> Vec<Self> {
        let mut open: Vec<Self> = Vec::new();
        for recorded in events {
            match &recorded.event {
                Event::StepConfirmed(_) => open.extend(Self::of(incident, recorded)),
                Event::CallAnswered(a) => open.retain(|permit| {
                    let of = &permit.confirmation;
                    (&of.step, of.attempt, of.purpose) != (&a.step, a.attempt, a.purpose)
                }),
                Event::CallRefused { step, attempt, purpose, .. } => open.retain(|permit| {
                    let of = &permit.confirmation;
                    (&of.step, of.attempt, of.purpose) != (step, *attempt, *purpose)
                }),
                Event::StepEnded(end) => {
                    open.retain(|permit| (&permit.confirmation.step, permit.confirmation.attempt) != (&end.step, end.attempt));
                }
                _ => {}
            }
        }
        open
    }

    /// The incident.
    pub fn incident(&self) -> &IncidentId {
        &self.incident
    }

    /// The number of the confirmation in the journal.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The confirmation: step, attempt, site, Region, fingerprint, who confirmed and how.
    pub fn confirmation(&self) -> &StepConfirmed {
        &self.confirmation
    }

    /// What the call is for.
    pub fn purpose(&self) -> Purpose {
        self.confirmation.purpose
    }

    /// Exactly the call that was shown and confirmed.
    pub fn call(&self) -> &MutatingCall {
        &self.call
    }
}
