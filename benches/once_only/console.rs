//! A console without feeds and screen: what decides, writes down, prepares, sends, follows and looks up is the same.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use lifeboat::clock::Clock;
use lifeboat::cloud::{Access, Recorder, Sites};
use lifeboat::console::{self, Exercise, Reach};
use lifeboat::domain::{IncidentId, Mode, Moment, Operator, Preparation, Problem, ProblemKind, StepId};
use lifeboat::driver::{Driver, Probe, Setting, Told};
use lifeboat::engine::{self, Context, Effect, Input, Intent};
use lifeboat::gate::Gate;
use lifeboat::journal::{Confirmed, Event, Incident, Journal, JournalDirectory, Purpose, Recorded, StepStatus};
use lifeboat::plan::Plan;
use lifeboat::store::Update;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::faults::{Kill, Killed};
use crate::kinds::{self, Act, Furnished, Kind};

/// Simulated seconds in one real second.
const SPEED: f64 = 600.0;
/// How often a step is prepared anew before the run counts as stuck.
const TRIES: u64 = 200;

/// What stays while consoles come and go.
pub struct World {
    pub exercise: Exercise,
}

/// Why a console does not go on.
#[derive(Debug)]
pub enum Stop {
    Killed(Killed),
    Stuck(String),
}

/// The shop's estate, in which nothing goes wrong by itself.
pub async fn world(seed: u64) -> World {
    const WORLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/actions/world.toml");
    let mut scenario = (*console::read(WORLD).unwrap().scenario).clone();
    scenario.injects.clear();
    let exercise = Exercise::start(Arc::new(scenario), seed, None, 0).await.unwrap();
    exercise.clock.set_speed(SPEED);
    exercise.clock.resume();
    kinds::furnish(&mut exercise.world.lock().unwrap(), exercise.clock.now());
    // What was just made can be restored from some minutes later.
    exercise.clock.step(std::time::Duration::from_secs(3600));
    World { exercise }
}

pub fn plan(kind: &Kind, folder: &Path, furnished: &Furnished) -> Arc<Plan> {
    std::fs::write(folder.join("once.json"), kinds::TEMPLATE).unwrap();
    let text = kinds::plan_text(kind, &console::read("region-outage").unwrap().plan_text, furnished);
    let path = folder.join("once.toml");
    let plan = Plan::parse(path.to_str().unwrap(), &text);
    Arc::new(plan.unwrap_or_else(|faults| panic!("{}", faults.render(&text, false))))
}

struct Console<'a> {
    plan: Arc<Plan>,
    clock: Clock,
    operator: Operator,
    journal: Journal,
    incident: Incident,
    driver: Driver,
    told: mpsc::Receiver<Told>,
    kill: &'a Kill,
    /// What a person finds out who looks for themselves: did the call take effect?
    done: &'a dyn Fn() -> bool,
    writes: usize,
    /// Which calls have their answer.
    answered: Vec<(StepId, Purpose)>,
    /// Which steps ask something.
    asking: BTreeSet<StepId>,
    /// The number of the last question, and whether it still waits for its answer.
    questions: u64,
    waits: bool,
    prepared: Option<Preparation>,
    problem: Option<Problem>,
}

/// One console's life: opens the incident, or takes it up, and goes on until every act has AWS's answer.
#[expect(clippy::too_many_arguments, reason = "what a run consists of")]
pub async fn life(
    world: &World,
    plan: &Arc<Plan>,
    folder: &Path,
    id: &IncidentId,
    life: usize,
    acts: &[Act],
    impact: DateTime<Utc>,
    kill: &Kill,
    done: &dyn Fn() -> bool,
) -> Result<(), Stop> {
    let journals = JournalDirectory::new(folder);
    let path = journals.path_of(id, Mode::Exercise);
    let (journal, events) = match (life, path.exists()) {
        (0, _) | (_, false) => (Journal::create(&journals, id, Mode::Exercise).unwrap(), Vec::new()),
        _ => Journal::open(&path).unwrap(),
    };
    let clock = world.exercise.clock.clone();
    let operator = Operator::new("Ana");
    let access =
        Access::Fixed { access_key_id: "AKIAEXERCISEOPERATOR".into(), secret_access_key: "exercise".into(), session_token: None };
    let reach = Reach { access, endpoint_url: Some(world.exercise.endpoint_url()), sts_region: None };
    let connections = console::connect(plan, reach, &operator, &clock, &Recorder::new()).await.unwrap();
    let (sender, told) = mpsc::channel(64);
    let driver = Driver::new(Setting {
        plan: plan.clone(),
        sites: Arc::new(Sites::new(&connections)),
        incident_id: id.clone(),
        gate: Some(Gate::new(&connections)),
        probe: Probe::new(Some(world.exercise.name_server), Some(world.exercise.endpoint)),
        clock: clock.clone(),
        told: sender,
        stop: CancellationToken::new(),
    });
    let mut console = Console {
        plan: plan.clone(),
        clock,
        operator,
        journal,
        incident: Incident::default(),
        driver,
        told,
        kill,
        done,
        writes: 0,
        answered: Vec::new(),
        asking: BTreeSet::new(),
        questions: 0,
        waits: false,
        prepared: None,
        problem: None,
    };
    events.iter().for_each(|recorded| console.record(recorded));
    if events.is_empty() {
        let opened = engine::open(id.clone(), Mode::Exercise, plan, None, &Default::default());
        console.append(vec![opened])?;
    }
    console.start(engine::resume(&console.incident, plan), Vec::new());
    console.play(acts, impact).await
}

impl Console<'_> {
    fn record(&mut self, recorded: &Recorded) {
        if let Event::CallAnswered(answered) = &recorded.event {
            self.answered.push((answered.step.clone(), answered.purpose));
        }
        self.incident.apply(recorded);
    }

    fn submit(&mut self, input: &Input) -> Result<(), Stop> {
        let (now, operator) = (self.clock.now(), self.operator.clone());
        let context = Context { incident: &self.incident, plan: &self.plan, now, operator: &operator, read_only: false };
        let decision = engine::handle(context, input).map_err(|refusal| Stop::Stuck(format!("refused: {refusal}")))?;
        let permits = self.append(decision.events)?;
        self.start(decision.effects, permits);
        Ok(())
    }

    fn append(&mut self, events: Vec<Event>) -> Result<Vec<Confirmed>, Stop> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        self.writes += 1;
        let kinds: Vec<String> = events.iter().map(Event::kind).collect();
        let killed = |how: &str| Err(Stop::Killed(Killed(format!("killed {how} the write of {}", kinds.join(", ")))));
        if matches!(self.kill, Kill::Before(write) if *write == self.writes) {
            return killed("before");
        }
        let appended = self.journal.append(events, &self.operator, self.clock.now()).unwrap();
        if matches!(self.kill, Kill::After(write) if *write == self.writes) {
            return killed("after");
        }
        appended.recorded.iter().for_each(|recorded| self.record(recorded));
        Ok(appended.confirmed)
    }

    fn start(&mut self, effects: Vec<Effect>, mut permits: Vec<Confirmed>) {
        let take = |permits: &mut Vec<Confirmed>, step: &StepId, number: u32, purpose: Purpose| {
            let fits = |permit: &Confirmed| {
                let of = permit.confirmation();
                &of.step == step && of.attempt == number && of.purpose == purpose
            };
            permits.iter().position(fits).map(|at| permits.swap_remove(at))
        };
        for effect in effects {
            match effect {
                Effect::Send { step, attempt, purpose } => {
                    if let Some(permit) = take(&mut permits, &step, attempt, purpose) {
                        self.driver.send(permit, &self.incident);
                    }
                }
                Effect::Reconcile { step, attempt, purpose } => {
                    let confirmed_at = self.incident.steps[&step].last().unwrap().confirmed_at;
                    if let Some(permit) = take(&mut self.journal.unanswered().unwrap(), &step, attempt, purpose) {
                        self.driver.reconcile(permit, confirmed_at);
                    }
                }
                Effect::Follow { step, attempt, handle, since } => {
                    let record = self.incident.steps[&step].last().unwrap();
                    if record.number == attempt {
                        self.driver.follow(record.confirmed.clone(), handle, since, None);
                    }
                }
                Effect::Forget { step, attempt } => self.driver.forget(&step, attempt),
                Effect::StartClock { .. } => {}
            }
        }
    }

    async fn play(&mut self, acts: &[Act], impact: DateTime<Utc>) -> Result<(), Stop> {
        if !self.incident.is_declared() {
            let intent = Intent::Declare { reason: "once".into(), seen: vec![], weighed: Box::default() };
            self.submit(&Input::Order(intent))?;
        }
        if self.incident.moment(Moment::ImpactBegan).is_none() {
            let intent = Intent::CorrectMoment { moment: Moment::ImpactBegan, at: impact, reason: "once".into() };
            self.submit(&Input::Order(intent))?;
        }
        while let Some(act) = acts.iter().find(|act| !self.has(**act)) {
            if !self.waits && self.may(*act) {
                self.turn(*act)?;
            }
            if self.has(*act) {
                continue;
            }
            match self.told.recv().await {
                Some(Told::Outcome(outcome)) => self.submit(&Input::Outcome(outcome))?,
                Some(Told::Update(update)) => self.hear(update),
                None => return Err(Stop::Stuck("the driver has left".into())),
            }
        }
        Ok(())
    }

    fn has(&self, act: Act) -> bool {
        let step = StepId::new(act.step());
        match act {
            // An answer belongs to its attempt: one that was refused is followed by another.
            Act::Start(_) => {
                let last = self.incident.steps.get(&step).and_then(|record| record.last());
                let skipped = matches!(self.incident.status(&step), StepStatus::Skipped(_));
                skipped || last.is_some_and(|attempt| attempt.answered.is_some())
            }
            // A step that has ended needs no answer any more, also if it ended before the lost one was found.
            Act::Answer(..) => self.answered.contains(&(step.clone(), Purpose::Answer)) || self.ended(&step),
            Act::Stop(_) => self.answered.contains(&(step.clone(), Purpose::Stop)) || self.ended(&step),
        }
    }

    fn ended(&self, step: &StepId) -> bool {
        matches!(self.incident.status(step), StepStatus::Done | StepStatus::Failed(_))
    }

    /// Is it this act's turn: what it needs has happened, and it is not under way?
    fn may(&self, act: Act) -> bool {
        let step = StepId::new(act.step());
        let status = self.incident.status(&step);
        match act {
            Act::Start(_) => {
                let needs = &self.plan.step(&step).unwrap().needs;
                let settled = needs.iter().all(|id| self.incident.status(id) == StepStatus::Done);
                settled && matches!(status, StepStatus::Pending | StepStatus::Failed(_))
            }
            Act::Answer(..) | Act::Stop(_) => {
                let open =
                    self.incident.steps.get(&step).and_then(|record| record.last()).and_then(|last| last.open_answer.as_ref());
                let asks = matches!(act, Act::Stop(_)) || self.asking.contains(&step);
                status == StepStatus::Running && open.is_none() && asks
            }
        }
    }

    /// Asks what it would be, or confirms what was answered.
    fn turn(&mut self, act: Act) -> Result<(), Stop> {
        let step = StepId::new(act.step());
        // Where AWS keeps no record, the console says so and a person has to find out, who then goes on without it or does it again.
        if let StepStatus::Failed(problem) = self.incident.status(&step)
            && problem.kind == ProblemKind::Unknown
            && (self.done)()
        {
            let intent = Intent::SkipStep { step, reason: "it was done: somebody saw it".into() };
            return self.submit(&Input::Order(intent));
        }
        if let Some(preparation) = self.prepared.take() {
            let preparation = Box::new(preparation);
            let intent = match act {
                Act::Start(_) => Intent::ConfirmStep { preparation, typed: None, second: None },
                Act::Answer(..) => Intent::ConfirmAnswer { preparation, typed: None, stop: false },
                Act::Stop(_) => Intent::ConfirmAnswer { preparation, typed: None, stop: true },
            };
            return self.submit(&Input::Order(intent));
        }
        self.questions += 1;
        if self.questions > TRIES {
            let why = self.problem.as_ref().map(ToString::to_string).unwrap_or_default();
            return Err(Stop::Stuck(format!("{step} was prepared {TRIES} times: {why}")));
        }
        self.waits = true;
        match act.wanted() {
            None => self.driver.prepare(step, self.questions, &self.incident),
            Some(wanted) => self.driver.prepare_answer(step, self.questions, wanted, &self.incident),
        }
        Ok(())
    }

    fn hear(&mut self, update: Update) {
        match update {
            Update::Prepared { answer: Ok(preparation), .. } => {
                self.waits = false;
                if preparation.is_blocked() {
                    let text = format!("blocked: {:?}", preparation.findings);
                    self.problem = Some(Problem::new(ProblemKind::Invalid, "prepare", text));
                } else {
                    self.prepared = Some(*preparation);
                }
            }
            Update::Prepared { answer: Err(problem), .. } => (self.waits, self.problem) = (false, Some(problem)),
            Update::Progress { step, answer: Ok(progress), .. } => {
                if progress.asks.is_some() {
                    self.asking.insert(step);
                } else {
                    self.asking.remove(&step);
                }
            }
            _ => {}
        }
    }
}

/// What the journal says of a run, to see what went wrong.
pub fn story(folder: &Path, id: &IncidentId) -> Vec<String> {
    let path = JournalDirectory::new(folder).path_of(id, Mode::Exercise);
    let reading = lifeboat::journal::read(&path).unwrap();
    let told = |recorded: &Recorded| {
        let text = match &recorded.event {
            Event::StepEnded(ended) => format!(" {}: {:?}", ended.step, ended.ended),
            Event::AnswerLost { step, purpose, problem, .. } | Event::CallRefused { step, purpose, problem, .. } => {
                format!(" {step} {purpose:?}: {problem}")
            }
            Event::CallAnswered(answered) => format!(" {} {:?} {:?}", answered.step, answered.purpose, answered.found),
            Event::StepConfirmed(confirmed) => {
                format!(" {} {:?} attempt {}", confirmed.step, confirmed.purpose, confirmed.attempt)
            }
            _ => String::new(),
        };
        format!("{} {}{text}", recorded.recorded_at.format("%H:%M:%S%.3f"), recorded.event.kind())
    };
    reading.events.iter().map(told).collect()
}
