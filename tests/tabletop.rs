//! The whole exercise in one process, without a terminal: the same session, the same SDK clients, the simulated AWS, a clock that
//! is stepped. What the report says is held against the scenario's own times.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by a panic what is wrong")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lifeboat::cloud::{Access, Recorder};
use lifeboat::console::{self, Exercise, Opening, Reach, Session};
use lifeboat::domain::{IncidentId, Mode, Moment, Operator, Preparation, StepId, Strength};
use lifeboat::driver::Probe;
use lifeboat::engine::{ExerciseOf, Intent};
use lifeboat::journal::{Journal, JournalDirectory, StepStatus};
use lifeboat::plan::{Action, Plan};
use lifeboat::store::{ExerciseState, Prepared, State};
use lifeboat::ui::Request;

/// A tabletop whose players never hesitate.
struct Table {
    session: Session,
    exercise: Exercise,
    plan: Arc<Plan>,
}

const SPEED: f64 = 60.0;

async fn open(folder: &std::path::Path, id: &str, resume: bool) -> Table {
    let played = console::read("region-outage").unwrap();
    let journals = JournalDirectory::new(folder);
    let incident_id = IncidentId::new(id);
    let record = journals.path_of(&incident_id, Mode::Exercise).with_extension("world");
    std::fs::create_dir_all(record.parent().unwrap()).unwrap();
    let scenario = played.scenario.clone();
    let exercise = Exercise::start(scenario.clone(), 7, Some(&record), 0).await.unwrap();
    let plan = Arc::new(Plan::parse(&played.plan_path, &played.plan_text).unwrap());
    let access =
        Access::Fixed { access_key_id: "AKIAEXERCISEOPERATOR".into(), secret_access_key: "exercise".into(), session_token: None };
    let reach = Reach { access, endpoint_url: Some(exercise.endpoint_url()), sts_region: None };
    let operator = Operator::new("Ana");
    let recorder = Recorder::new();
    let connections = console::connect(&plan, reach, &operator, &exercise.clock, &recorder).await.unwrap();
    let resumed = resume.then(|| Journal::open(&journals.path_of(&incident_id, Mode::Exercise)).unwrap());
    if let Some(last) = resumed.as_ref().and_then(|(_, events)| events.last()) {
        exercise.clock.jump(last.recorded_at.max(exercise.clock.now()));
    }
    exercise.clock.set_speed(SPEED);
    let session = Session::open(Opening {
        mode: Mode::Exercise,
        read_only: false,
        operator,
        host: None,
        plan: plan.clone(),
        connections,
        recorder,
        probe: Probe::new(Some(exercise.name_server), Some(exercise.endpoint)).unwrap(),
        clock: exercise.clock.clone(),
        journals,
        incident_id,
        resumed,
        exercise: Some((
            ExerciseOf { scenario: "region-outage".into(), seed: 7 },
            ExerciseState {
                scenario: scenario.name.clone(),
                title: scenario.title.clone(),
                goals: vec![],
                paused: true,
                speed: SPEED,
            },
        )),
    })
    .unwrap();
    Table { session, exercise, plan }
}

impl Table {
    fn state(&self) -> &State {
        self.session.state()
    }

    /// Takes in news until the condition holds; a condition that never does fails by what is on screen, not by hanging.
    async fn until(&mut self, what: &str, holds: impl Fn(&State) -> bool) {
        let limit = tokio::time::sleep(Duration::from_secs(120));
        tokio::pin!(limit);
        while !holds(self.session.state()) {
            tokio::select! {
                () = self.session.next() => {}
                () = &mut limit => panic!(
                    "{what} never came; at {}: steps {:#?}, notice {:?}, preparations {:#?}",
                    self.exercise.clock.now(), steps(self.session.state()), self.session.state().notice, self.session.state().preparations,
                ),
            }
        }
    }

    fn order(&mut self, intent: Intent) {
        self.session.request(Request::Order(intent));
        assert_eq!(self.state().notice, None, "an order was refused");
    }

    async fn prepared(&mut self, step: &StepId) -> Preparation {
        let ready = |state: &State| matches!(state.preparations.get(step), Some((_, Prepared::Ready(..) | Prepared::Failed(_))));
        self.until(&format!("the preparation of {step}"), ready).await;
        match &self.state().preparations[step].1 {
            Prepared::Ready(preparation, _) => (**preparation).clone(),
            other => panic!("{step} cannot be prepared: {other:?}"),
        }
    }

    async fn confirm(&mut self, step: &StepId) {
        self.session.request(Request::Prepare(step.clone()));
        let preparation = self.prepared(step).await;
        assert!(!preparation.is_blocked(), "{step} is blocked: {:?}", preparation.findings);
        let typed = match &preparation.strength {
            Strength::Type { name } => Some(name.clone()),
            _ => None,
        };
        let second = (preparation.strength == Strength::SecondPerson).then(|| Operator::new("Ben"));
        self.order(Intent::ConfirmStep { preparation: Box::new(preparation), typed, second });
    }

    async fn approve(&mut self, step: &StepId) {
        self.session.request(Request::PrepareAnswer { step: step.clone(), signal: "Approve".into(), comment: "go".into() });
        let preparation = self.prepared(step).await;
        self.order(Intent::ConfirmAnswer { preparation: Box::new(preparation), typed: None, stop: false });
    }

    /// Plays the plan to its end: what is ready is confirmed, what asks is answered.
    async fn recover(&mut self) {
        let mut answered = Vec::new();
        loop {
            let settled = |id: &StepId| self.state().incident.steps.get(id).is_some_and(|record| record.is_settled());
            if self.plan.steps.iter().all(|step| settled(&step.id)) {
                return;
            }
            let pending = |id: &StepId| self.state().incident.status(id) == StepStatus::Pending;
            let ready: Vec<StepId> = self.plan.ready(&settled).into_iter().map(|step| step.id.clone()).filter(pending).collect();
            for step in &ready {
                self.confirm(step).await;
                if matches!(self.plan.step(step).unwrap().action, Action::Manual { .. }) {
                    self.order(Intent::FinishManual { step: step.clone(), note: "done by hand".into() });
                }
            }
            let asks = |state: &State, answered: &[StepId]| {
                let asking = |(step, (_, _, progress, _)): (&StepId, &(u32, DateTime<Utc>, lifeboat::domain::Progress, _))| {
                    (progress.asks.is_some() && !answered.contains(step)).then(|| step.clone())
                };
                state.progress.iter().find_map(asking)
            };
            if let Some(step) = asks(self.state(), &answered) {
                self.approve(&step).await;
                answered.push(step);
            }
            let before = steps(self.state());
            let known = answered.clone();
            self.until("the next change of a step", move |state| {
                let now = steps(state);
                for (step, status) in &now {
                    assert!(!matches!(status, StepStatus::Failed(_)), "{step} failed: {status:?}");
                }
                now != before || asks(state, &known).is_some()
            })
            .await;
        }
    }
}

fn steps(state: &State) -> BTreeMap<StepId, StepStatus> {
    state.incident.steps.iter().map(|(id, record)| (id.clone(), record.status.clone())).collect()
}

fn at(clock: &str) -> DateTime<Utc> {
    format!("2026-03-14T{clock}Z").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_region_outage_is_played_from_its_first_alarm_to_verified_traffic() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path(), "20260314-shop-0001", false).await;
    table
        .until("the first look at the recovery site", |state| {
            state.identities.values().all(|source| source.data.is_some())
                && state.alarms.values().all(|source| source.data.is_some())
        })
        .await;
    assert!(table.state().incident.opened.is_none(), "nothing is written before the exercise starts");
    table.order(Intent::StartExercise { speed: SPEED });
    table
        .until("the Health event", |state| {
            state.health.data.as_ref().is_some_and(|events| !events.is_empty())
                && state.incident.moment(Moment::Detected).is_some()
        })
        .await;
    table.order(Intent::Declare { reason: "eu-west-1 is failing".into(), seen: vec![] });
    table.recover().await;
    let incident = table.state().incident.clone();
    // The scenario: the impact begins at 03:02:00; the error rate alarm needs two of three breaching minutes.
    assert_eq!(incident.moment(Moment::ImpactBegan), Some(at("03:02:00")));
    let detected = incident.moment(Moment::Detected).unwrap();
    assert!(detected > at("03:02:00") && detected <= at("03:05:00"), "{detected}");
    let took = |step: &str| {
        let attempt = incident.steps[&StepId::new(step)].last().unwrap().clone();
        attempt.finished().unwrap() - attempt.began()
    };
    // The scenario's own times of the restore jobs, to the second.
    for (step, minutes) in [("orders-table", 9), ("orders-db", 14), ("media", 11), ("catalog-volume", 3), ("assets-bucket", 6)] {
        assert_eq!(took(step).num_seconds(), TimeDelta::minutes(minutes).num_seconds(), "{step}");
    }
    let spans = lifeboat::report::Durations::of(&incident, None);
    let sum: TimeDelta = spans.spans.iter().map(lifeboat::report::Span::length).sum();
    assert_eq!(sum, incident.moment(Moment::FailedOver).unwrap() - incident.moment(Moment::ImpactBegan).unwrap());
    table.order(Intent::Close { reason: "recovered".into() });
    let (session, exercise) = (table.session, table.exercise);
    let world = exercise.world.clone();
    session.close().await;
    exercise.stop().await;
    let world = world.lock().unwrap();
    let count = |operation: &str| world.effects().iter().filter(|effect| effect.operation == operation).count();
    assert_eq!(
        ["StartRestoreJob", "StartAutomationExecution", "ChangeResourceRecordSets", "CreateOpsItem"].map(count),
        [5, 2, 1, 1]
    );
}
