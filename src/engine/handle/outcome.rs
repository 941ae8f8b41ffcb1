//! The driver's outcomes. One that belongs to an attempt which is no longer the current one decides nothing.

use crate::domain::StepId;
use crate::engine::{Decision, Effect, Outcome};
use crate::journal::{Attempt, Ended, Event, Purpose, StepEnded};

use super::{Context, asked};

pub(super) fn handle(context: Context<'_>, outcome: &Outcome) -> Decision {
    match outcome {
        Outcome::Answered(answered) => {
            let Some(attempt) = open_attempt(context, &answered.step, answered.attempt) else { return Decision::default() };
            if !awaits(attempt, answered.purpose) {
                return Decision::default();
            }
            let follow = Effect::Follow {
                step: answered.step.clone(),
                attempt: answered.attempt,
                handle: answered.handle.clone(),
                since: answered.aws_at.unwrap_or(attempt.confirmed_at),
            };
            let effects = if answered.purpose == Purpose::Start { vec![follow] } else { vec![] };
            Decision { events: vec![Event::CallAnswered(answered.clone())], effects }
        }
        Outcome::Refused { step, attempt, purpose, problem } => match open_attempt(context, step, *attempt) {
            Some(open) if awaits(open, *purpose) && *purpose != Purpose::Start => Decision {
                events: vec![Event::CallRefused {
                    step: step.clone(),
                    attempt: *attempt,
                    purpose: *purpose,
                    problem: problem.clone(),
                }],
                effects: vec![],
            },
            Some(open) if awaits(open, *purpose) => {
                ended(context, bare(step, *attempt, Ended::Failed { problem: problem.clone() }))
            }
            _ => Decision::default(),
        },
        Outcome::Lost { step, attempt, purpose, problem } => match open_attempt(context, step, *attempt) {
            Some(open) if awaits(open, *purpose) => Decision {
                events: vec![Event::AnswerLost {
                    step: step.clone(),
                    attempt: *attempt,
                    purpose: *purpose,
                    problem: problem.clone(),
                }],
                effects: vec![Effect::Reconcile { step: step.clone(), attempt: *attempt, purpose: *purpose }],
            },
            _ => Decision::default(),
        },
        Outcome::Done { step, attempt, outputs, began_at, ended_at, data_at, note, tail } => {
            if open_attempt(context, step, *attempt).is_none() {
                return Decision::default();
            }
            let mut end = bare(step, *attempt, Ended::Done);
            end.outputs = outputs.clone();
            end.aws_began_at = *began_at;
            end.aws_at = *ended_at;
            end.data_at = *data_at;
            end.note = note.clone();
            end.tail = tail.clone();
            ended(context, end)
        }
        Outcome::Failed { step, attempt, problem, began_at, ended_at } => {
            if open_attempt(context, step, *attempt).is_none() {
                return Decision::default();
            }
            let mut end = bare(step, *attempt, Ended::Failed { problem: problem.clone() });
            end.aws_began_at = *began_at;
            end.aws_at = *ended_at;
            ended(context, end)
        }
    }
}

fn open_attempt<'a>(context: Context<'a>, step: &StepId, number: u32) -> Option<&'a Attempt> {
    let attempt = context.incident.steps.get(step)?.last()?;
    (attempt.number == number && attempt.ended.is_none()).then_some(attempt)
}

fn awaits(attempt: &Attempt, purpose: Purpose) -> bool {
    match purpose {
        Purpose::Start => attempt.answered.is_none(),
        other => attempt.open_answer.as_ref().is_some_and(|(_, confirmed)| confirmed.purpose == other),
    }
}

fn bare(step: &StepId, attempt: u32, ended: Ended) -> StepEnded {
    StepEnded {
        step: step.clone(),
        attempt,
        ended,
        aws_at: None,
        aws_began_at: None,
        outputs: std::collections::BTreeMap::new(),
        data_at: None,
        note: None,
        tail: Vec::new(),
    }
}

fn ended(context: Context<'_>, end: StepEnded) -> Decision {
    Decision { events: asked::consequences(context, vec![Event::StepEnded(Box::new(end))], false), effects: vec![] }
}
