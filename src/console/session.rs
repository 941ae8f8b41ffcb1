//! The session: state, journal, engine and driver of one incident, without a terminal.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::cloud::Sites;
use crate::domain::{Basis, Expected, IncidentId, Mode, StepId};
use crate::driver::{AnswerWanted, Driver, Setting, Told};
use crate::engine::{self, Context, Decision, Effect, ExerciseOf, Input, Intent};
use crate::feed::Feeds;
use crate::gate::Gate;
use crate::journal::{Attachment, Confirmed, Event, Journal, JournalDirectory, JournalError, Purpose, Recorded};
use crate::plan::AlarmRef;
use crate::report::Score;
use crate::store::{News, Notice, NoticeLevel, State, Update};
use crate::ui::Request;

use super::last_seen::LastSeen;
use super::{Opening, Room, SessionError};

/// How many answers may wait to be taken in; a feed that is faster waits.
const INBOX: usize = 256;
/// Rows of long lists that are taken in between two frames at most.
const ROWS_AT_ONCE: usize = 2_000;
/// Longer than a call to AWS may take in all (25 s): after this nobody waits for its answer.
const STILL_SENDING: TimeDelta = TimeDelta::seconds(30);
/// How often the journal is looked at for what another console has written, in real time.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How often what changes without being urgent goes into the journal, by the console's clock.
const OBSERVE_EVERY: TimeDelta = TimeDelta::seconds(60);

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
    unanswered: Vec<(DateTime<Utc>, StepId, u32, Purpose)>,
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

    fn resume(&mut self, mut journal: Journal, events: Vec<Recorded>) -> Result<(), SessionError> {
        self.state.journal_path = Some(journal.path().display().to_string());
        for recorded in events {
            self.record(recorded);
        }
        let joined = Event::OperatorJoined { host: self.host.clone(), read_only: self.state.read_only };
        let appended = journal.append(vec![joined], &self.state.operator, self.clock.now())?;
        for recorded in appended.recorded {
            self.record(recorded);
        }
        self.journal = Some(journal);
        if self.state.incident.exercise_started_at.is_some() {
            self.clock.resume();
            self.exercise_turned();
        }
        for effect in engine::resume(&self.state.incident, &self.state.plan.clone()) {
            match effect {
                // Whoever confirmed it may still be sitting at another console, waiting for this very answer.
                Effect::Reconcile { step, attempt, purpose } => {
                    let due = self.confirmed_at(&step) + STILL_SENDING;
                    self.unanswered.push((due, step, attempt, purpose));
                }
                other => self.start(other, &mut Vec::new()),
            }
        }
        Ok(())
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

    /// Takes in what another console has written, and looks up calls whose answer nobody can be waiting for any more.
    fn look_again(&mut self) -> Result<bool, JournalError> {
        let news = match self.catch_up() {
            // Said once; the rest of the console goes on.
            Err(error @ JournalError::Link { .. }) => {
                let told = told_error(&error);
                let news = self.state.journal_problem.as_ref() != Some(&told);
                if news {
                    self.notice(NoticeLevel::Warning, told.clone());
                }
                (self.state.journal_problem, self.cut_off) = (Some(told), true);
                news
            }
            caught_up => {
                let back = std::mem::take(&mut self.cut_off);
                if back {
                    self.state.journal_problem = None;
                }
                caught_up? || back
            }
        };
        let now = self.clock.now();
        if let Some(last_seen) = &mut self.last_seen {
            last_seen.tend(&self.state, now);
        }
        let (due, later) = self.unanswered.drain(..).partition(|(at, ..)| *at <= now);
        self.unanswered = later;
        let due: Vec<(DateTime<Utc>, StepId, u32, Purpose)> = due;
        for (_, step, attempt, purpose) in due {
            self.reconcile(&step, attempt, purpose);
        }
        let kept = self.unwritten.len();
        self.write_outcomes();
        // What failed in a way that passes by itself is checked again; a person still has to confirm it.
        let retries = self.state.retries_due(now);
        let retried = !retries.is_empty();
        retries.into_iter().for_each(|step| self.prepare(step));
        Ok(self.listen() || news || retried || self.unwritten.len() < kept)
    }

    fn confirmed_at(&self, step: &StepId) -> DateTime<Utc> {
        let last = self.state.incident.steps.get(step).and_then(|record| record.last());
        last.map_or_else(|| self.clock.now(), |attempt| attempt.confirmed_at)
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

    /// Journals what the driver told, in its order. An answer of AWS comes once: what cannot be written now, on a full disk, is kept
    /// and tried again at each look.
    fn write_outcomes(&mut self) {
        while let Some(input) = self.unwritten.pop_front() {
            if let Err(error) = self.try_submit(&input) {
                self.state.journal_problem = Some(told_error(&error));
                self.unwritten.push_front(input);
                return;
            }
        }
    }

    /// Writes what the sources show into the journal, where that is news: at once if a source fell silent or a signal changed, else
    /// not more often than once a minute. A record that cannot be written stops what changes AWS, not what is shown.
    fn observe(&mut self) {
        let now = self.clock.now();
        let due = |news: &News, last: Option<&DateTime<Utc>>| news.urgent || last.is_none_or(|last| now - *last >= OBSERVE_EVERY);
        let news = self.unrecorded();
        let due: Vec<News> = news.into_iter().filter(|news| due(news, self.observed_at.get(&news.observed.source))).collect();
        if due.is_empty() {
            return;
        }
        let sources: Vec<String> = due.iter().map(|news| news.observed.source.clone()).collect();
        let events = due.into_iter().map(|news| Event::Observed(Box::new(news.observed))).collect();
        match self.carry_out(Decision { events, effects: Vec::new() }) {
            Ok(()) => self.observed_at.extend(sources.into_iter().map(|source| (source, now))),
            // The other console may have told the same: the next look says what is left.
            Err(JournalError::Moved { .. }) => {
                if let Err(error) = self.catch_up() {
                    self.journal_failed(&error);
                }
            }
            Err(error) => self.state.journal_problem = Some(told_error(&error)),
        }
    }

    /// What the sources show and the journal does not know, while there is an incident to record.
    fn unrecorded(&self) -> Vec<News> {
        let recording = self.state.incident.opened.is_some() && self.state.incident.closed.is_none() && self.journal.is_some();
        if recording { self.state.known.news(&self.state) } else { Vec::new() }
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

    /// Takes in an input; a journal that cannot be written is told.
    fn submit(&mut self, input: &Input) {
        match self.try_submit(input) {
            Ok(()) => {}
            Err(JournalError::Moved { .. }) => {
                self.notice(NoticeLevel::Warning, "another console keeps writing to this journal: try again".to_owned());
            }
            Err(error) => self.journal_failed(&error),
        }
    }

    /// Weighs an input, journals what it decides, applies it, and only then starts what follows. A refusal is told and is no error.
    fn try_submit(&mut self, input: &Input) -> Result<(), JournalError> {
        // A second console may append between our look and our write: look again, and decide anew. It cannot go on for ever,
        // because each turn takes in at least one event of the other.
        let mut tries = 8;
        loop {
            let context = Context {
                incident: &self.state.incident,
                plan: &self.state.plan,
                now: self.clock.now(),
                operator: &self.state.operator,
                read_only: self.state.read_only,
            };
            let decision = match engine::handle(context, input) {
                Ok(decision) => decision,
                Err(refusal) => {
                    self.notice(NoticeLevel::Warning, refusal.to_string());
                    return Ok(());
                }
            };
            if decision.events.is_empty() {
                return Ok(());
            }
            match self.carry_out(decision) {
                Err(JournalError::Moved { .. }) if tries > 1 => drop(self.catch_up()?),
                carried_out => return carried_out,
            }
            tries -= 1;
        }
    }

    /// Takes in what another console has written; `true` if it has.
    fn catch_up(&mut self) -> Result<bool, JournalError> {
        let Some(journal) = &mut self.journal else { return Ok(false) };
        let written = journal.catch_up()?;
        let news = !written.is_empty();
        for recorded in written {
            // The console that confirmed it sends it; should it die first, or be this one, whose link broke, somebody has to look.
            if let Event::StepConfirmed(confirmed) = &recorded.event
                && confirmed.call.is_some()
                && !self.state.read_only
            {
                let due = recorded.recorded_at.max(self.clock.now()) + STILL_SENDING;
                self.unanswered.push((due, confirmed.step.clone(), confirmed.attempt, confirmed.purpose));
            }
            self.record(recorded);
        }
        Ok(news)
    }

    fn journal_failed(&mut self, error: &JournalError) {
        let text = told_error(error);
        tracing::error!(error = %text, "the journal cannot be written");
        self.state.journal_problem = Some(text.clone());
        self.notice(NoticeLevel::Warning, format!("nothing was done: {text}"));
    }

    fn notice(&mut self, level: NoticeLevel, text: String) {
        self.state.notice = Some(Notice { level, text, at: self.clock.now() });
    }

    fn carry_out(&mut self, decision: Decision) -> Result<(), JournalError> {
        let Decision { mut events, effects } = decision;
        if self.journal.is_none() {
            let journal = Journal::create(&self.journals, &self.incident_id, self.state.mode)?;
            self.state.journal_path = Some(journal.path().display().to_string());
            self.journal = Some(journal);
        }
        if self.state.incident.opened.is_none() {
            events.splice(0..0, self.first_events());
        }
        // A decision's record says what was known when it was made.
        let decides = |event: &Event| {
            matches!(event, Event::DecidedToWait { .. } | Event::FailoverDeclared { .. } | Event::StepConfirmed(_))
        };
        if events.iter().any(decides) {
            events.splice(0..0, self.unrecorded().into_iter().map(|news| Event::Observed(Box::new(news.observed))));
        }
        let Some(journal) = &mut self.journal else { return Ok(()) };
        let appended = journal.append(events, &self.state.operator, self.clock.now())?;
        self.state.journal_problem = None;
        for recorded in appended.recorded {
            self.record(recorded);
        }
        let mut permits = appended.confirmed;
        for effect in effects {
            self.start(effect, &mut permits);
        }
        Ok(())
    }

    /// How long steps took in earlier runs, in seconds.
    fn taken_before(&self) -> BTreeMap<StepId, u64> {
        let measured = self.state.expectations.iter().filter(|(_, expected)| matches!(expected.basis, Basis::Runs(_)));
        measured.filter_map(|(step, expected)| Some((step.clone(), u64::try_from(expected.likely.num_seconds()).ok()?))).collect()
    }

    fn first_events(&self) -> Vec<Event> {
        let mut events = vec![
            engine::open(
                self.incident_id.clone(),
                self.state.mode,
                &self.state.plan,
                self.exercise.as_ref(),
                &self.taken_before(),
            ),
            Event::OperatorJoined { host: self.host.clone(), read_only: self.state.read_only },
        ];
        let known: BTreeMap<_, _> =
            self.state.identities.iter().filter_map(|(site, source)| Some((site, source.data.as_ref()?))).collect();
        events.extend(self.room.as_ref().and_then(Room::rules));
        events.extend(
            known.into_iter().map(|(site, identity)| Event::IdentitySeen { site: site.clone(), identity: identity.clone() }),
        );
        events
    }

    /// Starts an effect whose events are durable.
    fn start(&mut self, effect: Effect, permits: &mut Vec<Confirmed>) {
        match effect {
            Effect::Send { step, attempt, purpose } => {
                if let Some(permit) = take(permits, &step, attempt, purpose) {
                    self.driver.send(permit, &self.state.incident);
                }
            }
            Effect::Reconcile { step, attempt, purpose } => self.reconcile(&step, attempt, purpose),
            Effect::Follow { step, attempt, handle, since } => {
                let record = self.state.incident.steps.get(&step).and_then(|record| record.last());
                if let Some(confirmed) = record.filter(|last| last.number == attempt).map(|last| last.confirmed.clone()) {
                    let text = self.driver.followed_text(&step, &self.state.incident);
                    self.driver.follow(confirmed, handle, since, text);
                }
            }
            Effect::Forget { step, attempt } => self.driver.forget(&step, attempt),
            Effect::StartClock { speed } => {
                self.clock.set_speed(speed);
                self.clock.resume();
                self.exercise_turned();
                self.feeds.refresh();
            }
        }
    }

    fn reconcile(&mut self, step: &StepId, attempt: u32, purpose: Purpose) {
        let Some(journal) = &self.journal else { return };
        match journal.unanswered() {
            Ok(mut permits) => {
                let confirmed_at = self.confirmed_at(step);
                // It is no longer among them if its answer has come by way of another console.
                if let Some(permit) = take(&mut permits, step, attempt, purpose) {
                    self.driver.reconcile(permit, confirmed_at);
                }
            }
            Err(error) => self.journal_failed(&error),
        }
    }
}

fn told_error(error: &JournalError) -> String {
    let source = std::error::Error::source(error).map_or_else(String::new, |source| format!(": {source}"));
    format!("{error}{source}")
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

fn take(permits: &mut Vec<Confirmed>, step: &StepId, attempt: u32, purpose: Purpose) -> Option<Confirmed> {
    let fits = |permit: &Confirmed| {
        let confirmation = permit.confirmation();
        &confirmation.step == step && confirmation.attempt == attempt && confirmation.purpose == purpose
    };
    let index = permits.iter().position(fits)?;
    Some(permits.swap_remove(index))
}
