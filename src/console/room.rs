//! The room that an exercise is played in: what the players do is told to the simulated AWS, whose injects may wait for it; what is
//! asked of the room, and what it is judged by, goes into the journal.
//!
//! The one place that knows both the journal's events and the world: neither knows the other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::domain::{Facilitation, Moment, Rules};
use crate::journal::{Ended, Event, Purpose, Recorded};
use crate::sim::World;
use crate::sim::inject::Act;

/// The room.
#[derive(Debug)]
pub struct Room {
    world: Arc<Mutex<World>>,
    /// How many questions are in the journal.
    asked: usize,
    /// Does the journal say what the room is judged by?
    ruled: bool,
}

impl Room {
    pub(super) fn new(world: Arc<Mutex<World>>) -> Self {
        Self { world, asked: 0, ruled: false }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the room is judged by, as its event.
    pub(super) fn rules(&self) -> Option<Event> {
        let scenario = self.world().scenario().clone();
        let mut rules = scenario.rules.clone().filter(|_| !self.ruled)?;
        rules["title"] = scenario.title.clone().into();
        rules["goals"] = scenario.goals.clone().into();
        rules["starts_at"] = Value::String(scenario.starts_at.to_rfc3339());
        match serde_json::from_value::<Rules>(rules) {
            Ok(rules) => Some(Event::ExerciseRules(Box::new(rules))),
            Err(error) => {
                tracing::error!(%error, "the scenario's rules cannot be kept in the journal");
                None
            }
        }
    }

    /// Tells the world what the players did.
    pub(super) fn hear(&mut self, recorded: &Recorded) {
        match &recorded.event {
            Event::ExerciseRules(_) => self.ruled = true,
            Event::Facilitated(Facilitation::Asked { .. }) => self.asked += 1,
            _ => {}
        }
        let Some((act, step)) = act(&recorded.event) else { return };
        let mut world = self.world();
        world.advance_to(recorded.recorded_at);
        if let Err(error) = world.tell(act, step) {
            tracing::error!(%error, "the simulated AWS could not note what the players did");
        }
    }

    /// Questions that are not in the journal yet, as its events.
    pub(super) fn asked(&self) -> Vec<Event> {
        let world = self.world();
        let new = world.asked().iter().enumerate().skip(self.asked);
        let number = |at: usize| u32::try_from(at + 1).unwrap_or(u32::MAX);
        new.map(|(at, (_, question))| Event::Facilitated(Facilitation::Asked { number: number(at), text: question.text.clone() }))
            .collect()
    }
}

/// What an event means to a world that knows nothing of journals.
fn act(event: &Event) -> Option<(Act, Option<String>)> {
    Some(match event {
        Event::ExerciseStarted { .. } => (Act::Begun, None),
        Event::MomentFixed { moment: Moment::Detected, .. } | Event::MomentCorrected { moment: Moment::Detected, .. } => {
            (Act::Detected, None)
        }
        Event::FailoverDeclared { .. } => (Act::Declared, None),
        Event::DecidedToWait { .. } => (Act::Waited, None),
        Event::IncidentClosed { .. } => (Act::Closed, None),
        Event::StepConfirmed(confirmed) if confirmed.purpose == Purpose::Start => {
            (Act::Started, Some(confirmed.step.to_string()))
        }
        Event::StepEnded(ended) => match ended.ended {
            Ended::Done => (Act::Ended, Some(ended.step.to_string())),
            Ended::Failed { .. } => (Act::Failed, Some(ended.step.to_string())),
            Ended::Aborted { .. } => return None,
        },
        Event::StepSkipped { step, .. } => (Act::Skipped, Some(step.to_string())),
        _ => return None,
    })
}
