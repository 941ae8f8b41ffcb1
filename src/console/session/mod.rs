//! The session: state, journal, engine and driver of one incident, without a terminal.

mod durable;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::cloud::Sites;
use crate::domain::{Expected, IncidentId, Mode, StepId};
use crate::driver::{AnswerWanted, Driver, Setting, Told};
use crate::engine::{Decision, ExerciseOf, Input, Intent};
use crate::feed::Feeds;
use crate::gate::Gate;
use crate::journal::{Attachment, Event, Journal, JournalDirectory, JournalError, Purpose, Recorded};
use crate::plan::AlarmRef;
use crate::report::Score;
use crate::store::{Notice, NoticeLevel, State, Update};
use crate::ui::Request;

use super::last_seen::LastSeen;
use super::{Opening, Room, SessionError};

/// How many answers may wait to be taken in; a feed that is faster waits.
const INBOX: usize = 256;
/// Rows of long lists that are taken in between two frames at most.
const ROWS_AT_ONCE: usize = 2_000;
/// How often the journal is looked at for what another console has written, in real time.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A confirmed call: step, attempt, and what for.
type Call = (StepId, u32, Purpose);

/// One incident at a console.
pub struct Session {
    state: State,
    clock: Clock,
    host: Option<String>,
    journals: JournalDirectory,
    incident_id: IncidentId,
    journal: Option<Journal>,
    exercise: Option<ExerciseOf>,
    room: Option<Room>,
    driver: Driver,
    feeds: Feeds,
    told: mpsc::Receiver<Told>,
    updates: mpsc::Receiver<Update>,
    stop: CancellationToken,
    questions: u64,
    look_again: Interval,
    /// When what each source showed was last written into the journal.
    observed_at: BTreeMap<String, DateTime<Utc>>,
    /// A source told something that the journal has not been held against.
    unobserved: bool,
    /// The check-in that was reminded of last.
    reminded: Option<DateTime<Utc>>,
    /// What the driver told and the journal does not hold yet, oldest first: not empty only while it cannot be written.
    unwritten: VecDeque<Input>,
    /// What earlier runs say, while their journals are being read.
    earlier: Option<oneshot::Receiver<BTreeMap<StepId, Expected>>>,
    /// The machine that keeps the journal was out of reach when last looked.
    cut_off: bool,
    /// Calls without an answer that this console did not send, and when they may be looked up.
    unanswered: Vec<(DateTime<Utc>, Call)>,
    /// Calls that this console sends or looks up: nobody here may begin with them again.
    ours: BTreeSet<Call>,
    /// What was last seen, on disk; not for exercises.
    last_seen: Option<LastSeen>,
}

impl Session {
    /// Opens a session and starts its feeds; an incident that is resumed goes on where it was.
    ///
    /// # Errors
    /// The journal could not be read or written.
    pub fn open(opening: Opening) -> Result<Self, SessionError> {
        let Opening { mode, read_only, operator, host, plan, connections, recorder, probe, clock, .. } = opening;
        let stop = CancellationToken::new();
        let sites = Arc::new(Sites::new(&connections));
        let gate = (!read_only).then(|| Gate::new(&connections));
        let (told_sender, told) = mpsc::channel(INBOX);
        let (update_sender, updates) = mpsc::channel(INBOX);
        let driver = Driver::new(Setting {
            plan: plan.clone(),
            sites: sites.clone(),
            incident_id: opening.incident_id.clone(),
            gate,
            probe,
            clock: clock.clone(),
            told: told_sender,
            stop: stop.clone(),
        });
        let feeds = Feeds::start(sites, plan.clone(), clock.clone(), &recorder, update_sender, stop.clone());
        let (exercise, exercise_state) = opening.exercise.unzip();
        let last_seen = (mode == Mode::Live).then(|| LastSeen::new(opening.journals.root(), &plan.name));
        let mut state = State::new(mode, read_only, operator, plan, exercise_state);
        if let Some(kept) = last_seen.as_ref().and_then(LastSeen::read) {
            state.recall(kept);
        }
        let mut session = Self {
            state,
            last_seen,
            clock,
            host,
            journals: opening.journals,
            incident_id: opening.incident_id,
            journal: None,
            exercise,
            room: opening.room,
            driver,
            feeds,
            told,
            updates,
            stop,
            questions: 0,
            look_again: look_again(),
            observed_at: BTreeMap::new(),
            unobserved: false,
            reminded: None,
            unwritten: VecDeque::new(),
            earlier: opening.earlier,
            cut_off: false,
            unanswered: Vec::new(),
            ours: BTreeSet::new(),
        };
        if let Some((journal, events)) = opening.resumed {
            session.resume(journal, events)?;
        }
        Ok(session)
    }

    /// What the screen reads.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The console's clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Waits for the next piece of news, takes it in, and with it everything that is there already. Never ends by itself.
    pub async fn next(&mut self) {
        loop {
            tokio::select! {
                biased;
                Some(told) = self.told.recv() => break self.told(told),
                Some(update) = self.updates.recv() => break self.update(update),
                Some(expected) = arrived(&mut self.earlier) => break self.state.apply(Update::Earlier(expected)),
                // Only what another console wrote is news: an idle console stays still.
                _ = self.look_again.tick() => match self.look_again() {
                    Ok(false) if self.check_in() => break,
                    Ok(false) => {}
                    Ok(true) => break,
                    Err(error) => break self.journal_failed(&error),
                },
            }
        }
        // Only what waits now: where news comes faster than it is taken in, a frame is drawn and a key heard between.
        for _ in 0..self.told.len() {
            let Ok(told) = self.told.try_recv() else { break };
            self.told(told);
        }
        // A long list comes in pieces.
        let (mut rows, mut waiting) = (0, self.updates.len());
        while rows < ROWS_AT_ONCE
            && waiting > 0
            && let Ok(update) = self.updates.try_recv()
        {
            waiting -= 1;
            // Also what brings no rows costs its time.
            rows += update.rows().max(ROWS_AT_ONCE / 16);
            self.update(update);
        }
        if std::mem::take(&mut self.unobserved) {
            self.observe();
        }
    }

    /// Does what the screen asks, as far as it does not concern the terminal.
    pub fn request(&mut self, request: Request) {
        match request {
            Request::Order(intent) => self.order(intent),
            Request::Prepare(step) => self.prepare(step),
            Request::PrepareAnswer { step, signal, comment } => {
                self.prepare_answer(step, AnswerWanted::Signal { signal, comment });
            }
            Request::PrepareStop { step } => self.prepare_answer(step, AnswerWanted::Stop),
            Request::Graph { site, alarm, window } => {
                let alarms = self.state.alarms.get(&site).and_then(|source| source.data.as_ref());
                if let Some(alarm) = alarms.and_then(|alarms| alarms.get(&alarm)) {
                    self.questions += 1;
                    self.feeds.look_at(site, alarm, window, self.questions);
                }
            }
            Request::Refresh(_) => self.feeds.refresh(),
            Request::Attach { path } => self.attach(&path),
            Request::Pause => self.turn_clock(Clock::pause),
            Request::Resume => self.turn_clock(Clock::resume),
            Request::Speed(speed) => self.turn_clock(|clock| clock.set_speed(speed)),
            Request::StepClock(step) => self.turn_clock(|clock| clock.step(step)),
            // The terminal's business: see `screen`.
            Request::Copy(_) | Request::Mouse(_) | Request::Quit | Request::Suspend | Request::Seek(_) => {}
        }
    }

    /// Stops feeds and followers, and waits for the answers of calls that are on their way, which are journalled.
    pub async fn close(mut self) -> State {
        self.stop.cancel();
        let driver = self.driver.clone();
        {
            let finished = driver.finish();
            tokio::pin!(finished);
            loop {
                tokio::select! {
                    () = &mut finished => break,
                    Some(told) = self.told.recv() => self.told(told),
                    Some(_) = self.updates.recv() => {}
                }
            }
        }
        while let Ok(told) = self.told.try_recv() {
            self.told(told);
        }
        self.updates.close();
        self.feeds.finish().await;
        if let Some(last_seen) = self.last_seen {
            last_seen.finish(&self.state).await;
        }
        self.state
    }

    /// Only an exercise's clock can be turned, and only once it was started.
    fn turn_clock(&mut self, turn: impl FnOnce(&Clock)) {
        if self.state.mode == Mode::Exercise && self.state.incident.exercise_started_at.is_some() {
            turn(&self.clock);
            self.exercise_turned();
        }
    }

    fn exercise_turned(&mut self) {
        let (paused, speed) = (self.clock.is_paused(), self.clock.speed());
        self.state.apply(Update::Exercise { paused, speed });
    }

    /// Applies what the journal holds, and tells the room.
    fn record(&mut self, recorded: Recorded) {
        if let Some(room) = &mut self.room {
            room.hear(&recorded);
        }
        let closed = matches!(recorded.event, Event::IncidentClosed { .. });
        self.state.record(recorded);
        let events = || self.state.events.iter().map(|recorded| (**recorded).clone()).collect::<Vec<Recorded>>();
        if closed && let Some(score) = Score::of(&events()) {
            let text = format!("score {} of 100: lifeboat score {} says why", score.percent, self.incident_id);
            self.notice(NoticeLevel::Info, text);
        }
    }

    /// What the room brings: questions, and a clock that its facilitator turned.
    fn listen(&mut self) -> bool {
        let Some(room) = &self.room else { return false };
        let asked = room.asked();
        let news = !asked.is_empty() && self.journal.is_some();
        if news && let Err(error) = self.carry_out(Decision { events: asked, effects: Vec::new() }) {
            match error {
                // Another console wrote first: the question is asked at the next look.
                JournalError::Moved { .. } => {}
                error => self.journal_failed(&error),
            }
        }
        let told = self.state.exercise.as_ref().map(|told| (told.paused, told.speed));
        let turned = told.is_some_and(|told| told != (self.clock.is_paused(), self.clock.speed()));
        if turned && self.state.incident.exercise_started_at.is_some() {
            self.exercise_turned();
        }
        news || turned
    }

    fn told(&mut self, told: Told) {
        match told {
            Told::Outcome(outcome) => {
                self.unwritten.push_back(Input::Outcome(outcome));
                self.write_outcomes();
            }
            Told::Update(update) => {
                self.state.apply(update);
                self.unobserved = true;
            }
        }
    }

    fn update(&mut self, update: Update) {
        let identity = match &update {
            Update::Identity { site, answer: Ok((identity, _)), .. } => Some((site.clone(), identity.clone())),
            _ => None,
        };
        let signals = match &update {
            Update::Alarms { answer, .. } => answer.is_ok(),
            Update::Health { answer, .. } => answer.is_ok(),
            Update::Pushed { answer, .. } => answer.as_ref().is_ok_and(|events| !events.is_empty()),
            Update::AlarmRows { .. } => true,
            _ => false,
        };
        // A piece in between is not yet what a source shows.
        let whole = match &update {
            Update::AlarmRows { changes, .. } => changes.end.is_some(),
            Update::PointRows { changes, .. } => changes.end.is_some(),
            _ => true,
        };
        self.state.apply(update);
        if let Some((site, identity)) = identity {
            self.submit(&Input::Identity { site, identity });
        }
        if signals {
            let planned = self.state.plan.alarms.iter();
            let known = |plan: &AlarmRef| self.state.alarms.get(&plan.site)?.data.as_ref()?.get(&plan.name);
            let alarms = planned.filter_map(known).collect();
            let events = self.state.health.data.clone().unwrap_or_default();
            self.submit(&Input::Signals { alarms, events, seen_at: self.clock.now() });
        }
        self.unobserved |= whole;
    }

    fn order(&mut self, intent: Intent) {
        self.state.notice = None;
        self.submit(&Input::Order(intent));
    }

    /// Reads a file of this machine for the record; no more of it than an attachment may hold.
    fn attach(&mut self, path: &str) {
        use std::io::Read;
        let mut content = Vec::new();
        let read = std::fs::File::open(path).and_then(|file| file.take(Attachment::LARGEST + 1).read_to_end(&mut content));
        match read {
            Ok(_) => self.order(Intent::Attach { name: path.to_owned(), content }),
            Err(error) => self.notice(NoticeLevel::Warning, format!("nothing was attached: {path} cannot be read: {error}")),
        }
    }

    /// Reminds of the check-in that is due, once for each time that it is.
    fn check_in(&mut self) -> bool {
        let now = self.clock.now();
        let due = self.state.incident.check_in_due().filter(|due| *due <= now && self.reminded != Some(*due));
        let Some(at) = due else { return false };
        self.reminded = Some(at);
        let text = "check in: say in a note where the recovery stands, what is next, and what is needed";
        self.notice(NoticeLevel::Warning, text.to_owned());
        true
    }

    fn prepare(&mut self, step: StepId) {
        self.questions += 1;
        self.state.apply(Update::Preparing { step: step.clone(), seq: self.questions });
        self.driver.prepare(step, self.questions, &self.state.incident);
    }

    fn prepare_answer(&mut self, step: StepId, wanted: AnswerWanted) {
        self.questions += 1;
        self.state.apply(Update::Preparing { step: step.clone(), seq: self.questions });
        self.driver.prepare_answer(step, self.questions, wanted, &self.state.incident);
    }

    fn notice(&mut self, level: NoticeLevel, text: String) {
        self.state.notice = Some(Notice { level, text, at: self.clock.now() });
    }
}

/// What earlier runs say, once it has come; nothing where nobody looks.
async fn arrived(earlier: &mut Option<oneshot::Receiver<BTreeMap<StepId, Expected>>>) -> Option<BTreeMap<StepId, Expected>> {
    let expected = earlier.as_mut()?.await.ok();
    *earlier = None;
    expected
}

fn look_again() -> Interval {
    let mut interval = tokio::time::interval(LOOK_AGAIN);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
