//! A replay: the incident of a journal at any of its moments, in the console itself. Reads no source, has no gate, writes nothing.
//!
//! The time is a clock of its own that can be turned back. Along the events lie marks of what they amount to, so that going
//! anywhere costs no more than the way from the nearest mark.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::clock::Clock;
use crate::domain::{Moment, Operator};
use crate::journal::{Event, Incident, Reading, Recorded};
use crate::plan::Plan;
use crate::store::{Known, Notice, NoticeLevel, ReplayState, State};
use crate::ui::{Request, Seek};

/// How many marks lie along the events at most, and how far they are apart at least.
const MARKS: usize = 32;
const APART: usize = 512;

/// A journal being played.
pub struct Replay {
    state: State,
    clock: Clock,
    events: Vec<Arc<Recorded>>,
    /// When each event is played: never before the one before it, whatever two consoles' clocks said.
    times: Vec<DateTime<Utc>>,
    /// Where to jump to: the numbers of events after which a moment, a decision or the end of a step is known.
    moments: Vec<usize>,
    marks: Vec<Mark>,
}

/// What the first events amount to.
struct Mark {
    events: usize,
    incident: Incident,
    known: Known,
}

/// Why a journal cannot be played.
#[derive(Debug, thiserror::Error)]
#[error("there is nothing to replay: the journal holds no event that could be read")]
pub struct NothingToReplay;

impl Replay {
    /// Reads a journal's events for a replay, which stands still before the first of them has passed.
    ///
    /// # Errors
    /// [`NothingToReplay`].
    pub fn new(reading: Reading, plan: Arc<Plan>, operator: Operator, speed: f64) -> Result<Self, NothingToReplay> {
        let events: Vec<Arc<Recorded>> = reading.events.into_iter().map(Arc::new).collect();
        let first = events.first().ok_or(NothingToReplay)?.recorded_at;
        let mut latest = first;
        let times: Vec<DateTime<Utc>> = events
            .iter()
            .map(|recorded| {
                latest = latest.max(recorded.recorded_at);
                latest
            })
            .collect();
        let mode = events.iter().find_map(|recorded| match &recorded.event {
            Event::IncidentOpened(opened) => Some(opened.mode),
            _ => None,
        });
        let mut state = State::new(mode.unwrap_or(crate::domain::Mode::Live), true, operator, plan, None);
        state.replay = Some(ReplayState { from: first, to: latest, position: 0, events: events.len(), paused: true, speed });
        let moments = (1..).zip(&events).filter(|(_, recorded)| is_moment(&recorded.event)).map(|(number, _)| number).collect();
        let marks = marks(&events);
        let mut replay = Self { state, clock: Clock::simulated(first, speed), events, times, moments, marks };
        replay.go_to(1);
        Ok(replay)
    }

    /// What the screen reads.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The replay's clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Lets it run.
    pub fn play(&mut self) {
        self.clock.resume();
        self.told();
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Is there nothing? Never: a replay without events is not made.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// When an event, counted from 1, is played.
    pub fn time_of(&self, number: usize) -> Option<DateTime<Utc>> {
        self.times.get(number.checked_sub(1)?).copied()
    }

    /// Waits for the next event's time and plays it. At the end the clock stands still.
    pub async fn next(&mut self) {
        let position = self.position();
        match self.times.get(position).copied() {
            Some(due) => {
                self.clock.sleep_until(due).await;
                self.follow_clock();
            }
            None => {
                if !self.clock.is_paused() {
                    self.clock.pause();
                    self.told();
                    return;
                }
                std::future::pending().await
            }
        }
    }

    /// Does what the screen asks, as far as a replay can.
    pub fn request(&mut self, request: Request) {
        match request {
            Request::Pause => self.clock.pause(),
            Request::Resume => self.clock.resume(),
            Request::Speed(speed) => self.clock.set_speed(speed),
            Request::StepClock(step) => self.step(step),
            Request::Seek(seek) => self.seek(seek),
            Request::Order(_) | Request::PrepareAnswer { .. } | Request::PrepareStop { .. } | Request::Attach { .. } => {
                let text = "this is a replay: nothing can be done or changed in it".to_owned();
                self.state.notice = Some(Notice { level: NoticeLevel::Warning, text, at: self.clock.now() });
            }
            _ => {}
        }
        self.told();
    }

    fn step(&mut self, step: Duration) {
        self.clock.step(step);
        self.follow_clock();
    }

    /// Goes to where it is asked to.
    pub fn seek(&mut self, seek: Seek) {
        let position = self.position();
        let last = self.events.len();
        let number = match seek {
            Seek::NextEvent => (position + 1).min(last),
            Seek::PreviousEvent => position.saturating_sub(1).max(1),
            Seek::NextMoment => self.moments.iter().copied().find(|number| *number > position).unwrap_or(last),
            Seek::PreviousMoment => self.moments.iter().copied().rfind(|number| *number < position).unwrap_or(1),
            Seek::Moment(moment) => {
                let fixed = |recorded: &Arc<Recorded>| fixes(&recorded.event) == Some(moment);
                match self.events.iter().position(fixed) {
                    Some(index) => index + 1,
                    None => {
                        let text = format!("{:?} is not known in this journal", moment.name());
                        self.state.notice = Some(Notice { level: NoticeLevel::Info, text, at: self.clock.now() });
                        return;
                    }
                }
            }
            Seek::At(at) => {
                self.go_to(self.times.partition_point(|time| *time <= at).max(1));
                let (from, to) = (self.times[0], self.times[last - 1]);
                self.clock.jump(at.clamp(from, to));
                return;
            }
        };
        self.go_to(number);
        self.clock.jump(self.times[number - 1]);
    }

    fn position(&self) -> usize {
        self.state.events.len()
    }

    /// Plays everything that the clock has passed.
    fn follow_clock(&mut self) {
        let now = self.clock.now();
        let due = self.times.partition_point(|time| *time <= now).max(1);
        if due != self.position() {
            self.go_to(due);
        }
        self.told();
    }

    /// The state after so many events, at least one.
    fn go_to(&mut self, number: usize) {
        let mark = self.marks.iter().rfind(|mark| mark.events <= number);
        let here = self.position();
        let back = number < here;
        // From here if that is nearer than the mark before it.
        if let Some(mark) = mark.filter(|mark| back || mark.events > here) {
            self.state.incident = mark.incident.clone();
            self.state.known = mark.known.clone();
            self.state.events.truncate(mark.events);
            let from = self.state.events.len();
            self.state.events.extend(self.events[from..mark.events].iter().cloned());
        } else if back {
            self.state.incident = Incident::default();
            self.state.known = Known::default();
            self.state.events.clear();
        }
        let from = self.position();
        for recorded in &self.events[from..number] {
            self.state.record_shared(recorded.clone());
        }
        self.show(number, back);
    }

    /// Puts what was known at an event on the screen.
    fn show(&mut self, number: usize, back: bool) {
        let at = self.times[number - 1];
        if back {
            self.state.forget_sources();
        }
        self.state.notice = None;
        let known = self.state.known.clone();
        known.show(&mut self.state, at);
        for (site, identity) in self.state.incident.identities.clone() {
            if let Some(source) = self.state.identities.get_mut(&site) {
                source.as_of = Some(at);
                source.data = Some(identity);
            }
        }
        self.told();
    }

    fn told(&mut self) {
        let (position, paused, speed) = (self.position(), self.clock.is_paused(), self.clock.speed());
        if let Some(replay) = &mut self.state.replay {
            (replay.position, replay.paused, replay.speed) = (position, paused, speed);
        }
    }
}

/// Along the events, what they amount to.
fn marks(events: &[Arc<Recorded>]) -> Vec<Mark> {
    let apart = (events.len() / MARKS).max(APART);
    let (mut incident, mut known) = (Incident::default(), Known::default());
    let mut marks = Vec::new();
    for (number, recorded) in (1..).zip(events) {
        incident.apply(recorded);
        if let Event::Observed(observed) = &recorded.event {
            known.apply(observed);
        }
        if number % apart == 0 {
            marks.push(Mark { events: number, incident: incident.clone(), known: known.clone() });
        }
    }
    marks
}

fn fixes(event: &Event) -> Option<Moment> {
    match event {
        Event::MomentFixed { moment, .. } | Event::MomentCorrected { moment, .. } => Some(*moment),
        _ => None,
    }
}

/// Is it worth a stop?
fn is_moment(event: &Event) -> bool {
    fixes(event).is_some()
        || matches!(
            event,
            Event::DecidedToWait { .. }
                | Event::FailoverDeclared { .. }
                | Event::StepConfirmed(_)
                | Event::StepEnded(_)
                | Event::IncidentClosed { .. }
        )
}
