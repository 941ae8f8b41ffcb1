//! What the session writes into the journal and takes in from it, and what is begun only after that.
//!
//! Nothing is shown as done, and no effect starts, before its events are durable.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Basis, MutatingCall, StepId};
use crate::engine::{self, Context, Decision, Effect, Input};
use crate::journal::{Confirmed, Event, Journal, JournalError, Purpose, Recorded};
use crate::store::{News, NoticeLevel};

use super::{Room, Session, SessionError};

/// Longer than most calls to AWS may take in all (25 s): after this nobody waits for their answers.
const STILL_SENDING: TimeDelta = TimeDelta::seconds(30);
/// How often what changes without being urgent goes into the journal, by the console's clock.
const OBSERVE_EVERY: TimeDelta = TimeDelta::seconds(60);

impl Session {
    pub(super) fn resume(&mut self, mut journal: Journal, events: Vec<Recorded>) -> Result<(), SessionError> {
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
        self.take_up();
        Ok(())
    }

    /// Goes on with what the journal says is under way, whoever began it: at the start, and when the machine that keeps the journal is
    /// reached again, because what was written without this console knowing has to be looked up and followed like another's.
    fn take_up(&mut self) {
        for effect in engine::resume(&self.state.incident, &self.state.plan.clone()) {
            match effect {
                // Whoever confirmed it may still be sitting at another console, waiting for this very answer.
                Effect::Reconcile { step, attempt, purpose } => {
                    let due = self.confirmed_at(&step) + self.still_sending(&step);
                    let call = (step, attempt, purpose);
                    if !self.ours.contains(&call) && !self.unanswered.iter().any(|(_, waiting)| *waiting == call) {
                        self.unanswered.push((due, call));
                    }
                }
                other => self.start(other, &mut Vec::new()),
            }
        }
    }

    /// Takes in what another console has written, and looks up calls whose answer nobody can be waiting for any more.
    pub(super) fn look_again(&mut self) -> Result<bool, JournalError> {
        let mut back = false;
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
                let news = caught_up?;
                back = std::mem::take(&mut self.cut_off);
                if back {
                    self.state.journal_problem = None;
                }
                news || back
            }
        };
        let kept = self.unwritten.len();
        self.write_outcomes();
        // After the answers that waited here: what they tell need not be looked up.
        if back {
            self.take_up();
        }
        let now = self.clock.now();
        if let Some(last_seen) = &mut self.last_seen {
            last_seen.tend(&self.state, now);
        }
        let (due, later): (Vec<_>, Vec<_>) = self.unanswered.drain(..).partition(|(at, _)| *at <= now);
        self.unanswered = later;
        for (_, (step, attempt, purpose)) in due {
            self.reconcile(&step, attempt, purpose);
        }
        // What failed in a way that passes by itself is checked again; a person still has to confirm it.
        let retries = self.state.retries_due(now);
        let retried = !retries.is_empty();
        retries.into_iter().for_each(|step| self.prepare(step));
        Ok(self.listen() || news || retried || self.unwritten.len() < kept)
    }

    /// How long whoever confirmed a step's last call may be waiting for its answer.
    fn still_sending(&self, step: &StepId) -> TimeDelta {
        let last = self.state.incident.steps.get(step).and_then(|record| record.last());
        let longest = last.and_then(|attempt| match &attempt.confirmed.call {
            Some(MutatingCall::Invoke(invocation)) => invocation.answers_within(),
            _ => None,
        });
        longest.and_then(|longest| TimeDelta::from_std(longest).ok()).map_or(STILL_SENDING, |longest| longest.max(STILL_SENDING))
    }

    fn confirmed_at(&self, step: &StepId) -> DateTime<Utc> {
        let last = self.state.incident.steps.get(step).and_then(|record| record.last());
        last.map_or_else(|| self.clock.now(), |attempt| attempt.confirmed_at)
    }

    /// Journals what the driver told, in its order. An answer of AWS comes once: what cannot be written now, on a full disk, is kept
    /// and tried again at each look.
    pub(super) fn write_outcomes(&mut self) {
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
    pub(super) fn observe(&mut self) {
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

    /// Takes in an input; a journal that cannot be written is told.
    pub(super) fn submit(&mut self, input: &Input) {
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
            self.record(recorded);
        }
        Ok(news)
    }

    pub(super) fn journal_failed(&mut self, error: &JournalError) {
        let text = told_error(error);
        tracing::error!(error = %text, "the journal cannot be written");
        self.state.journal_problem = Some(text.clone());
        let told = if matches!(error, JournalError::Unanswered { .. }) { text } else { format!("nothing was done: {text}") };
        self.notice(NoticeLevel::Warning, told);
    }

    pub(super) fn carry_out(&mut self, decision: Decision) -> Result<(), JournalError> {
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
        let appended = match journal.append(events, &self.state.operator, self.clock.now()) {
            Err(error) => {
                self.cut_off |= matches!(error, JournalError::Link { .. } | JournalError::Unanswered { .. });
                return Err(error);
            }
            Ok(appended) => appended,
        };
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
                    self.ours.insert((step, attempt, purpose));
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
                    self.ours.insert((step.clone(), attempt, purpose));
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

fn take(permits: &mut Vec<Confirmed>, step: &StepId, attempt: u32, purpose: Purpose) -> Option<Confirmed> {
    let fits = |permit: &Confirmed| {
        let confirmation = permit.confirmation();
        &confirmation.step == step && confirmation.attempt == attempt && confirmation.purpose == purpose
    };
    let index = permits.iter().position(fits)?;
    Some(permits.swap_remove(index))
}
