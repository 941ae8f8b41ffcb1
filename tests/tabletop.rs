//! The whole exercise in one process, without a terminal: the same session, the same SDK clients, the simulated AWS, a clock that
//! is stepped. What the report says is held against the scenario's own times.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by a panic what is wrong")]

use std::collections::BTreeMap;
use std::path::Path;
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
use lifeboat::sim::inject::{Change, Fault, FaultKind, Inject, When};
use lifeboat::store::{ExerciseState, Prepared, State};
use lifeboat::ui::{Pane, Request};
use tokio::sync::watch;

/// A tabletop whose players never hesitate.
struct Table {
    session: Session,
    exercise: Exercise,
    plan: Arc<Plan>,
    seen: watch::Sender<u64>,
}

/// Simulated seconds in one real second: quick, and yet no step runs into its time limit on a busy machine.
const SPEED: f64 = 120.0;
/// While something must be seen before it goes away.
const UNHURRIED: f64 = 5.0;

async fn open(folder: &Path, id: &str, resume: bool) -> Table {
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
    Table { session, exercise, plan, seen: watch::Sender::new(0) }
}

impl Table {
    fn state(&self) -> &State {
        self.session.state()
    }

    /// Tells the killer how far the journal is.
    fn tick(&self) {
        self.seen.send_replace(self.state().incident.last_seq);
    }

    /// Takes in news until the condition holds; a condition that never does fails by what is on screen, not by hanging.
    async fn until(&mut self, what: &str, holds: impl Fn(&State) -> bool) {
        let limit = tokio::time::sleep(Duration::from_secs(120));
        tokio::pin!(limit);
        while !holds(self.session.state()) {
            tokio::select! {
                () = self.session.next() => self.seen.send_replace(self.session.state().incident.last_seq),
                () = &mut limit => panic!(
                    "{what} never came; at {}: steps {:#?}, notice {:?}, preparations {:#?}",
                    self.exercise.clock.now(),
                    steps(self.session.state()),
                    self.session.state().notice,
                    self.session.state().preparations,
                ),
            };
        }
    }

    fn order(&mut self, intent: Intent) {
        self.session.request(Request::Order(intent));
        assert_eq!(self.state().notice, None, "an order was refused");
        self.tick();
    }

    async fn start(&mut self) {
        self.until("the first look at the recovery site", |state| {
            state.identities.values().all(|source| source.data.is_some())
                && state.alarms.values().all(|source| source.data.is_some())
        })
        .await;
        assert!(self.state().incident.opened.is_none(), "nothing is written before the exercise starts");
        self.order(Intent::StartExercise { speed: UNHURRIED });
    }

    /// Waits for the signals, then declares. However busy the machine is, the alarms are read before the Region falls silent: the
    /// clock is stepped to where they have gone off, and then hardly moves until they are seen.
    async fn declare(&mut self) {
        self.session.request(Request::Speed(UNHURRIED));
        for (what, minute, seen) in [
            ("the alarms", 5, has_detected as fn(&State) -> bool),
            ("the Health event", 7, |state: &State| state.health.data.as_ref().is_some_and(|events| !events.is_empty())),
        ] {
            let now = self.exercise.clock.now();
            let ahead = (at("03:00:30") + TimeDelta::minutes(minute) - now).to_std().unwrap_or_default();
            self.session.request(Request::StepClock(ahead));
            self.session.request(Request::Refresh(Pane::Alarms));
            self.until(what, seen).await;
        }
        self.session.request(Request::Speed(SPEED));
        self.order(Intent::Declare { reason: "eu-west-1 is failing".into(), seen: vec![], weighed: Box::default() });
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

    /// Plays the plan to its end: what is ready is confirmed, what failed is tried again, what asks is answered.
    async fn recover(&mut self) {
        loop {
            let settled = |id: &StepId| self.state().incident.steps.get(id).is_some_and(|record| record.is_settled());
            if self.plan.steps.iter().all(|step| settled(&step.id)) {
                return;
            }
            let idle = |id: &StepId| matches!(self.state().incident.status(id), StepStatus::Pending | StepStatus::Failed(_));
            let ready: Vec<StepId> = self.plan.ready(&settled).into_iter().map(|step| step.id.clone()).filter(idle).collect();
            for step in &ready {
                self.confirm(step).await;
            }
            let by_hand = |step: &&lifeboat::plan::Step| {
                matches!(step.action, Action::Manual { .. }) && self.state().incident.status(&step.id) == StepStatus::Running
            };
            let done: Vec<StepId> = self.plan.steps.iter().filter(by_hand).map(|step| step.id.clone()).collect();
            for step in done {
                self.order(Intent::FinishManual { step, note: "done by hand".into() });
            }
            if let Some(step) = asks(self.state()) {
                self.approve(&step).await;
            }
            let before = steps(self.state());
            self.until("the next change of a step", move |state| steps(state) != before || asks(state).is_some()).await;
        }
    }

    /// Leaves in order, and gives the world to be looked at.
    async fn leave(self) -> Vec<(String, usize)> {
        let Self { session, exercise, .. } = self;
        let world = exercise.world.clone();
        session.close().await;
        exercise.stop().await;
        let effects = world.lock().unwrap().effects();
        let count = |operation: &str| effects.iter().filter(|effect| effect.operation == operation).count();
        CHANGING.iter().map(|operation| ((*operation).to_owned(), count(operation))).collect()
    }
}

/// The operations of the plan that change AWS, and how often each is to take effect.
const CHANGING: [&str; 6] = [
    "StartRestoreJob",
    "StartAutomationExecution",
    "SendAutomationSignal",
    "ChangeResourceRecordSets",
    "CreateOpsItem",
    "UpdateOpsItem",
];

fn has_detected(state: &State) -> bool {
    state.incident.moment(Moment::Detected).is_some()
}

fn once_each() -> Vec<(String, usize)> {
    CHANGING.iter().map(|operation| (*operation).to_owned()).zip([5, 2, 1, 1, 1, 1]).collect()
}

/// A running step that waits for an answer which is not on its way yet.
fn asks(state: &State) -> Option<StepId> {
    let asking = |(step, (attempt, _, progress, _)): (&StepId, &(u32, DateTime<Utc>, lifeboat::domain::Progress, _))| {
        let record = state.incident.steps.get(step)?;
        let last = record.last()?;
        let open = record.status == StepStatus::Running && last.number == *attempt && last.open_answer.is_none();
        (progress.asks.is_some() && open && !answered_already(state, step)).then(|| step.clone())
    };
    state.progress.iter().find_map(asking)
}

/// Progress is some looks old: an answer that AWS has taken may still be asked for in it.
fn answered_already(state: &State, step: &StepId) -> bool {
    state.events.iter().any(|recorded| match &recorded.event {
        lifeboat::journal::Event::CallAnswered(answered) => {
            &answered.step == step && answered.purpose == lifeboat::journal::Purpose::Answer
        }
        _ => false,
    })
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
    table.start().await;
    table.declare().await;
    table.recover().await;
    let incident = table.state().incident.clone();
    // The scenario: the impact begins at 03:02:00; the error rate alarm needs two of three breaching minutes.
    assert_eq!(incident.moment(Moment::ImpactBegan), Some(at("03:02:00")));
    assert_eq!(incident.moment(Moment::Detected), Some(at("03:04:00")));
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
    assert_eq!(sum.num_seconds(), (incident.moment(Moment::FailedOver).unwrap() - at("03:02:00")).num_seconds());
    // The newest points in the recovery Region, by their age when the impact began.
    let loss: BTreeMap<String, i64> =
        spans.data_loss.iter().map(|one| (one.step.to_string(), one.loss.unwrap().num_minutes())).collect();
    let expected = [("assets-bucket", 18), ("catalog-volume", 52), ("media", 35), ("orders-db", 41), ("orders-table", 26)];
    assert_eq!(loss, expected.map(|(step, minutes)| (step.to_owned(), minutes)).into());
    table.order(Intent::Close { reason: "recovered".into() });
    assert_eq!(table.leave().await, once_each());
}

/// A killed console: its runtime goes, with everything that was under way, at a moment drawn from the seed.
fn life(folder: &Path, resume: bool, kill: Option<(u64, Duration)>) -> Option<Vec<(String, usize)>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ended = runtime.block_on(async {
        let mut table = open(folder, "20260314-shop-0002", resume).await;
        let mut seen = table.seen.subscribe();
        let killed = async {
            match kill {
                Some((seq, after)) => {
                    seen.wait_for(|now| *now >= seq).await.unwrap();
                    tokio::time::sleep(after).await;
                }
                None => std::future::pending().await,
            }
        };
        let played = async {
            if !resume {
                table.start().await;
            }
            if !table.state().incident.is_declared() {
                table.declare().await;
            }
            table.recover().await;
            table.leave().await
        };
        tokio::select! {
            biased;
            () = killed => None,
            ended = played => Some(ended),
        }
    });
    // Every task is dropped where it waits; unlike a killed process, a runtime has to be waited for until nothing of it writes.
    runtime.shutdown_timeout(Duration::from_secs(30));
    ended
}

#[test]
fn a_console_killed_again_and_again_does_everything_once() {
    for seed in [1_u64, 2, 3] {
        let folder = tempfile::tempdir().unwrap();
        let mut draw = seed;
        let mut next = move |below: u64| {
            // SplitMix64: the same seed kills at the same places.
            draw = draw.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (draw ^ (draw >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (mixed ^ (mixed >> 31)) % below
        };
        let (mut at, mut lives) = (6, 0);
        let ended = loop {
            at += 2 + next(9);
            // Some are killed at once, some while a call is on its way or has just been answered.
            let kill = (lives < 8).then(|| (at, Duration::from_millis(next(3) * next(40))));
            if let Some(ended) = life(folder.path(), lives > 0, kill) {
                break ended;
            }
            lives += 1;
        };
        assert!(lives > 3, "seed {seed}: the exercise ended after {lives} kills");
        assert_eq!(ended, once_each(), "seed {seed}, after {lives} kills");
    }
}

fn fault(operation: &str, kind: FaultKind) -> Inject {
    let glob = || "*".to_owned();
    let fault = Fault {
        name: format!("{operation} fails"),
        service: glob(),
        region: glob(),
        operation: operation.to_owned(),
        account: glob(),
        kind,
        lasts: None,
        calls: Some(1),
        chance: 1.0,
    };
    Inject { title: fault.name.clone(), when: When::ByHand, changes: vec![Change::Fault(fault)] }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_lost_after_the_effect_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path(), "20260314-shop-0003", false).await;
    table.start().await;
    table.declare().await;
    for operation in CHANGING {
        table.exercise.world.lock().unwrap().inject(fault(operation, FaultKind::AnswerLost)).unwrap();
    }
    table.recover().await;
    let lost = |recorded: &&lifeboat::journal::Recorded| matches!(recorded.event, lifeboat::journal::Event::AnswerLost { .. });
    let told = table.state().events.iter().filter(lost).count();
    assert!(told >= 3, "calls without AWS's token are sent once, and what was lost is in the journal: {told}");
    assert_eq!(table.leave().await, once_each());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_call_and_a_failed_job_are_tried_again_as_new_attempts() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path(), "20260314-shop-0004", false).await;
    table.start().await;
    table.declare().await;
    {
        let mut world = table.exercise.world.lock().unwrap();
        world.inject(fault("CreateOpsItem", FaultKind::Denied)).unwrap();
        world.inject(fault("ChangeResourceRecordSets", FaultKind::Throttle)).unwrap();
        let failing = Change::FailRestore("*:table/orders".into(), "The restore failed: capacity".into());
        world.inject(Inject { title: "a job fails".into(), when: When::ByHand, changes: vec![failing] }).unwrap();
    }
    table.recover().await;
    for step in ["ops-item", "orders-table", "move-records"] {
        let attempts = &table.state().incident.steps[&StepId::new(step)].attempts;
        assert_eq!(attempts.len(), 2, "{step}");
        assert_ne!(attempts[0].confirmed.call, attempts[1].confirmed.call, "{step}: another attempt has another token");
    }
    let failed = &table.state().incident.steps[&StepId::new("orders-table")].attempts[0];
    let why = format!("{:?}", failed.ended);
    assert!(why.contains("capacity"), "{why}");
    let mut expected = once_each();
    expected[0].1 = 6;
    assert_eq!(table.leave().await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_console_writes_is_seen_without_writing_oneself() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path(), "20260314-shop-0005", false).await;
    table.start().await;
    let path = table.state().journal_path.clone().unwrap();
    let (mut other, _) = Journal::open(Path::new(&path)).unwrap();
    let note = lifeboat::journal::Event::Noted { text: "support has 40 tickets".into(), mark: None };
    // The feeds of this console may be writing signals at this moment: the other one looks again, as any console does.
    loop {
        match other.append(vec![note.clone()], &Operator::new("Ben"), table.exercise.clock.now()) {
            Ok(_) => break,
            Err(lifeboat::journal::JournalError::Moved { .. }) => drop(other.catch_up().unwrap()),
            Err(error) => panic!("{error}"),
        }
    }
    table.until("Ben's note", |state| state.incident.notes.iter().any(|note| note.by == Operator::new("Ben"))).await;
    table.order(Intent::Note { text: "thanks".into() });
    assert_eq!(table.state().incident.notes.len(), 2);
    table.leave().await;
}
