//! How an incident begins, and how one that was left is taken up again.

use crate::domain::{IncidentId, Mode, StepId};
use crate::journal::{Event, Incident, IncidentOpened, PlannedStep, Purpose, StepStatus};
use crate::plan::{Action, Plan, Step};

use super::Effect;

/// What an exercise is played from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExerciseOf {
    /// The scenario's name.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
}

/// The first event of an incident.
pub fn open(id: IncidentId, mode: Mode, plan: &Plan, exercise: Option<&ExerciseOf>) -> Event {
    Event::IncidentOpened(Box::new(IncidentOpened {
        incident: id,
        mode,
        scenario: exercise.map(|exercise| exercise.scenario.clone()),
        seed: exercise.map(|exercise| exercise.seed),
        plan_name: plan.name.clone(),
        plan_title: plan.title.clone(),
        plan_path: plan.path.clone(),
        plan_text: plan.text.clone(),
        rto_secs: plan.objectives.rto.as_secs(),
        rpo_secs: plan.objectives.rpo.as_secs(),
        sites: plan.sites.iter().map(|(name, site)| (name.clone(), (site.account.clone(), site.region.clone()))).collect(),
        steps: plan.steps.iter().map(planned).collect(),
        variables: plan.variables.values().filter_map(|of| Some((of.name.clone(), of.default.clone()?))).collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }))
}

fn planned(step: &Step) -> PlannedStep {
    PlannedStep {
        id: step.id.clone(),
        title: step.title.clone(),
        phase: step.phase,
        part: step.part,
        action: step.action.name().to_owned(),
        needs: step.needs.clone(),
        expect_secs: step.expect.map(|expect| expect.as_secs()),
        group: step.group.clone(),
        when: step.when.clone(),
        undoes: step.undoes.clone(),
    }
}

/// The effects that take up what was going on when a console was left: what was called is reconciled, what runs is followed.
pub fn resume(incident: &Incident, plan: &Plan) -> Vec<Effect> {
    let mut effects = Vec::new();
    for (id, attempt) in incident.running() {
        let Some(step) = plan.step(id) else { continue };
        let (id, number) = (id.clone(), attempt.number);
        if let Some((_, open)) = &attempt.open_answer {
            effects.push(Effect::Reconcile { step: id.clone(), attempt: number, purpose: open.purpose });
        }
        if incident.status(&id) == StepStatus::Calling {
            effects.push(Effect::Reconcile { step: id, attempt: number, purpose: Purpose::Start });
        } else if !matches!(step.action, Action::Manual { .. }) {
            let handle = attempt.answered.as_ref().map(|answered| answered.handle.clone()).unwrap_or_default();
            effects.push(Effect::Follow { step: id, attempt: number, handle, since: attempt.began() });
        }
    }
    effects
}

/// The prerequisites of a step that have not been settled yet, in the plan's order.
pub fn blocked_by(incident: &Incident, plan: &Plan, step: &Step) -> Vec<StepId> {
    let settled = |id: &StepId| incident.steps.get(id).is_some_and(|record| record.is_settled());
    let mut open: Vec<&StepId> = step.needs.iter().filter(|id| !settled(id)).collect();
    open.sort_by_key(|id| plan.graph.position(id));
    open.into_iter().cloned().collect()
}
