//! A tabletop in one process, without a terminal: the same session, the same SDK clients, the simulated AWS, a clock that is stepped.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lifeboat::cloud::{Access, Connection, Recorder};
use lifeboat::console::{self, Exercise, Opening, Reach, Session};
use lifeboat::domain::{IncidentId, Mode, Moment, Operator, Preparation, SiteName, StepId, Strength};
use lifeboat::driver::Probe;
use lifeboat::engine::{ExerciseOf, Intent};
use lifeboat::journal::{Journal, JournalDirectory, StepStatus, Weighed};
use lifeboat::plan::{Action, Plan};
use lifeboat::store::{ExerciseState, NoticeLevel, Prepared, State};
use lifeboat::ui::{Pane, Request, seen, weighed};
use tokio::sync::watch;

/// A tabletop whose players never hesitate.
pub struct Table {
    pub session: Session,
    pub exercise: Exercise,
    pub plan: Arc<Plan>,
    pub seen: watch::Sender<u64>,
}

/// Simulated seconds in one real second: quick, and yet no step runs into its time limit on a busy machine.
pub const SPEED: f64 = 120.0;
/// While something must be seen before it goes away.
pub const UNHURRIED: f64 = 5.0;

pub async fn open(folder: &Path, id: &str, resume: bool) -> Table {
    open_scenario(folder, "region-outage", id, resume).await
}

/// Any scenario, shipped or a file.
pub async fn open_scenario(folder: &Path, name: &str, id: &str, resume: bool) -> Table {
    open_played(folder, name, console::read(name).unwrap(), id, resume).await
}

/// A scenario with the plan that it is played with.
pub async fn open_played(folder: &Path, name: &str, played: console::Played, id: &str, resume: bool) -> Table {
    let journals = JournalDirectory::new(folder);
    let incident_id = IncidentId::new(id);
    let record = journals.path_of(&incident_id, Mode::Exercise).with_extension("world");
    std::fs::create_dir_all(record.parent().unwrap()).unwrap();
    let scenario = played.scenario.clone();
    let exercise = Exercise::start(scenario.clone(), 7, Some(&record), 0).await.unwrap();
    let plan = Arc::new(Plan::parse(&played.plan_path, &played.plan_text).unwrap());
    let operator = Operator::new("Ana");
    let recorder = Recorder::new();
    let connections = console::connect(&plan, reach(&exercise), &operator, &exercise.clock, &recorder).await.unwrap();
    let resumed = resume.then(|| Journal::open(&journals.path_of(&incident_id, Mode::Exercise)).unwrap());
    if let Some(last) = resumed.as_ref().and_then(|(_, events)| events.last()) {
        exercise.clock.jump(last.recorded_at.max(exercise.clock.now()));
    }
    exercise.clock.set_speed(SPEED);
    let session = Session::open(Opening {
        earlier: None,
        mode: Mode::Exercise,
        read_only: false,
        operator,
        host: None,
        plan: plan.clone(),
        connections,
        recorder,
        probe: Probe::new(Some(exercise.name_server), Some(exercise.endpoint)),
        clock: exercise.clock.clone(),
        journals,
        incident_id,
        resumed,
        room: Some(exercise.room()),
        exercise: Some((
            ExerciseOf { scenario: name.into(), seed: 7 },
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

fn reach(exercise: &Exercise) -> Reach {
    let access =
        Access::Fixed { access_key_id: "AKIAEXERCISEOPERATOR".into(), secret_access_key: "exercise".into(), session_token: None };
    Reach { access, endpoint_url: Some(exercise.endpoint_url()), sts_region: None }
}

impl Table {
    /// A way to a site of one's own, for what a test does beside the console.
    pub async fn connection(&self, site: &SiteName) -> Connection {
        let beside = Operator::new("beside");
        let all =
            console::connect(&self.plan, reach(&self.exercise), &beside, &self.exercise.clock, &Recorder::new()).await.unwrap();
        all.into_iter().find(|connection| connection.site() == site).unwrap()
    }

    pub fn state(&self) -> &State {
        self.session.state()
    }

    /// Tells the killer how far the journal is.
    pub fn tick(&self) {
        self.seen.send_replace(self.state().incident.last_seq);
    }

    /// Takes in news until the condition holds; a condition that never does fails by what is on screen, not by hanging.
    pub async fn until(&mut self, what: &str, holds: impl Fn(&State) -> bool) {
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

    pub fn order(&mut self, intent: Intent) {
        self.session.request(Request::Order(intent));
        let refused = self.state().notice.as_ref().filter(|notice| notice.level == NoticeLevel::Warning);
        assert_eq!(refused, None, "an order was refused");
        self.tick();
    }

    pub async fn start(&mut self) {
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
    pub async fn declare(&mut self) {
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
        self.take_notice("both the alarm and Health say so");
        self.decide_to_fail_over("eu-west-1 is failing");
    }

    /// Who leads, and that somebody looks.
    pub fn take_notice(&mut self, note: &str) {
        let role = lifeboat::domain::Role::Commander;
        self.order(Intent::Acknowledge { note: note.into() });
        self.order(Intent::GiveRole { to: Operator::new("Ana"), role, reason: "on call tonight".into() });
    }

    /// Declares as the console does: with what is on screen, and after asking for objections.
    pub fn decide_to_fail_over(&mut self, reason: &str) {
        let (seen, mut weighed) = self.on_screen();
        weighed.objections = Some(vec![]);
        self.order(Intent::Declare { reason: reason.into(), seen, weighed });
    }

    /// What a decision is made from.
    pub fn on_screen(&self) -> (Vec<String>, Box<Weighed>) {
        let now = self.exercise.clock.now();
        (seen(self.state(), now), Box::new(weighed(self.state(), now)))
    }

    pub async fn prepared(&mut self, step: &StepId) -> Preparation {
        let ready = |state: &State| matches!(state.preparations.get(step), Some((_, Prepared::Ready(..) | Prepared::Failed(..))));
        self.until(&format!("the preparation of {step}"), ready).await;
        match &self.state().preparations[step].1 {
            Prepared::Ready(preparation, _) => (**preparation).clone(),
            other => panic!("{step} cannot be prepared: {other:?}"),
        }
    }

    pub async fn confirm(&mut self, step: &StepId) {
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

    pub async fn approve(&mut self, step: &StepId) {
        self.session.request(Request::PrepareAnswer { step: step.clone(), signal: "Approve".into(), comment: "go".into() });
        let preparation = self.prepared(step).await;
        self.order(Intent::ConfirmAnswer { preparation: Box::new(preparation), typed: None, stop: false });
    }

    /// Plays the plan to its end: what is ready is confirmed, what failed is tried again, what asks is answered.
    pub async fn recover(&mut self) {
        loop {
            let settled = |id: &StepId| self.state().incident.steps.get(id).is_some_and(|record| record.is_settled());
            // What takes another step back is done only if somebody asks for it.
            if self.plan.steps.iter().all(|step| step.undoes.is_some() || settled(&step.id)) {
                return;
            }
            let idle = |id: &StepId| matches!(self.state().incident.status(id), StepStatus::Pending | StepStatus::Failed(_));
            let ready: Vec<StepId> = self.plan.ready(&settled).into_iter().map(|step| step.id.clone()).filter(idle).collect();
            // A busy machine must not let the players look slow: the clock hardly moves while they confirm.
            self.session.request(Request::Speed(UNHURRIED));
            for step in &ready {
                self.confirm(step).await;
            }
            let by_hand = |step: &&lifeboat::plan::Step| {
                matches!(step.action, Action::Manual { .. }) && self.state().incident.status(&step.id) == StepStatus::Running
            };
            let done: Vec<StepId> = self.plan.steps.iter().filter(by_hand).map(|step| step.id.clone()).collect();
            let finished = !done.is_empty();
            for step in done {
                self.order(Intent::FinishManual { step, note: "done by hand".into() });
            }
            if finished {
                continue;
            }
            if let Some(step) = asks(self.state()) {
                self.approve(&step).await;
            }
            let before = steps(self.state());
            self.session.request(Request::Speed(SPEED));
            self.until("the next change of a step", move |state| steps(state) != before || asks(state).is_some()).await;
        }
    }

    /// Leaves in order, and gives the world to be looked at.
    pub async fn leave(self) -> Vec<(String, usize)> {
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
pub const CHANGING: [&str; 6] = [
    "StartRestoreJob",
    "StartAutomationExecution",
    "SendAutomationSignal",
    "ChangeResourceRecordSets",
    "CreateOpsItem",
    "UpdateOpsItem",
];

/// Keeps a journal for the reports that are checked in, if it is asked for: see tests/exercise_reports.rs.
pub fn keep(journal: &str, name: &str) {
    if let Some(kept) = std::env::var_os("LIFEBOAT_KEEP_JOURNAL") {
        let file = Path::new(&kept).join(format!("{name}.lifeboat"));
        let _ = std::fs::remove_file(&file);
        lifeboat::journal::export(Path::new(journal), &file).unwrap();
    }
}

pub fn has_detected(state: &State) -> bool {
    state.incident.moment(Moment::Detected).is_some()
}

pub fn once_each() -> Vec<(String, usize)> {
    CHANGING.iter().map(|operation| (*operation).to_owned()).zip([5, 2, 1, 1, 1, 1]).collect()
}

/// A running step that waits for an answer which is not on its way yet.
pub fn asks(state: &State) -> Option<StepId> {
    let asking = |(step, (attempt, _, progress, _)): (&StepId, &(u32, DateTime<Utc>, lifeboat::domain::Progress, _))| {
        let record = state.incident.steps.get(step)?;
        let last = record.last()?;
        let open = record.status == StepStatus::Running && last.number == *attempt && last.open_answer.is_none();
        (progress.asks.is_some() && open && !answered_already(state, step)).then(|| step.clone())
    };
    state.progress.iter().find_map(asking)
}

/// Progress is some looks old: an answer that AWS has taken may still be asked for in it.
pub fn answered_already(state: &State, step: &StepId) -> bool {
    state.events.iter().any(|recorded| match &recorded.event {
        lifeboat::journal::Event::CallAnswered(answered) => {
            let last = state.incident.steps.get(step).and_then(|record| record.last());
            &answered.step == step
                && answered.purpose == lifeboat::journal::Purpose::Answer
                && last.is_some_and(|last| last.number == answered.attempt)
        }
        _ => false,
    })
}

pub fn steps(state: &State) -> BTreeMap<StepId, StepStatus> {
    state.incident.steps.iter().map(|(id, record)| (id.clone(), record.status.clone())).collect()
}

pub fn at(clock: &str) -> DateTime<Utc> {
    format!("2026-03-14T{clock}Z").parse().unwrap()
}
