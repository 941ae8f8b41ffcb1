//! Starts effects as tasks, and tells how they went.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::domain::{IncidentId, Problem, ProblemKind, StepId};
use crate::engine::Outcome;
use crate::gate::{Gate, Sent};
use crate::journal::{CallAnswered, Confirmed, Incident, Purpose, StepConfirmed};
use crate::plan::{Action, Check, Plan, Wait};
use crate::store::Update;

use super::action::{self, Following, Found, Look};
use super::prepare::{self, AnswerWanted, World};
use super::probe::Probe;
use crate::cloud::{SiteClients, Sites};

/// Shortest and longest pause between two looks at something that runs, in seconds of the console's clock.
const LOOK_SECS: (f64, f64) = (1.0, 15.0);
/// Which part of the time that something has taken its end may go unnoticed.
const UNNOTICED: f64 = 0.01;
/// Shortest pause between two looks in real time, however fast the exercise's clock runs.
const LOOK_AT_LEAST: Duration = Duration::from_millis(150);
/// Pause before a lost answer is looked up again when AWS cannot be asked, in seconds of the console's clock.
const RECONCILE_SECS: u64 = 5;

/// What the driver tells.
#[derive(Debug)]
pub enum Told {
    /// How an effect went.
    Outcome(Outcome),
    /// News for the screen.
    Update(Update),
}

/// What a driver works with.
pub struct Setting {
    /// The plan.
    pub plan: Arc<Plan>,
    /// The sites' clients.
    pub sites: Arc<Sites>,
    /// The incident, whose id goes into every token.
    pub incident_id: IncidentId,
    /// The gate; `None` for a console that is read-only.
    pub gate: Option<Gate>,
    /// What asks from outside.
    pub probe: Probe,
    /// The console's clock.
    pub clock: Clock,
    /// Where outcomes and news go.
    pub told: mpsc::Sender<Told>,
    /// When to stop following.
    pub stop: CancellationToken,
}

/// Carries out effects. Cloning it gives another handle on the same driver.
#[derive(Clone)]
pub struct Driver {
    inner: Arc<Inner>,
}

struct Inner {
    world: World,
    gate: Option<Gate>,
    probe: Probe,
    clock: Clock,
    told: mpsc::Sender<Told>,
    tasks: TaskTracker,
    stop: CancellationToken,
    following: Mutex<HashMap<(StepId, u32), CancellationToken>>,
}

impl Driver {
    /// A driver. Without a gate nothing can be sent.
    pub fn new(setting: Setting) -> Self {
        let Setting { plan, sites, incident_id, gate, probe, clock, told, stop } = setting;
        let world = World { plan, sites, incident_id };
        let (tasks, following) = (TaskTracker::new(), Mutex::new(HashMap::new()));
        Self { inner: Arc::new(Inner { world, gate, probe, clock, told, tasks, stop, following }) }
    }

    /// Asks AWS for what the next attempt of a step would do. `seq` numbers the questions.
    pub fn prepare(&self, step: StepId, seq: u64, incident: &Incident) {
        let (inner, incident) = (self.inner.clone(), incident.clone());
        self.inner.tasks.spawn(async move {
            let answer = prepare::step(&inner.world, &incident, &step, inner.moment()).await;
            inner.prepared(step, seq, answer).await;
        });
    }

    /// Prepares an answer to a running step, or its stop.
    pub fn prepare_answer(&self, step: StepId, seq: u64, wanted: AnswerWanted, incident: &Incident) {
        let (inner, incident) = (self.inner.clone(), incident.clone());
        self.inner.tasks.spawn(async move {
            let answer = prepare::answer(&inner.world, &incident, &step, &wanted, inner.moment()).await;
            inner.prepared(step, seq, answer).await;
        });
    }

    /// Sends a confirmed call, after looking once more whether what was confirmed still holds.
    pub fn send(&self, confirmed: Confirmed, incident: &Incident) {
        let (inner, incident) = (self.inner.clone(), incident.clone());
        self.inner.tasks.spawn(async move { inner.send(confirmed, &incident).await });
    }

    /// Finds out whether a confirmed call took effect, and sends it if it did not. Asks until AWS answers.
    pub fn reconcile(&self, confirmed: Confirmed, confirmed_at: DateTime<Utc>) {
        let inner = self.inner.clone();
        self.inner.tasks.spawn(async move { inner.reconcile(confirmed, confirmed_at).await });
    }

    /// Follows a step to its end.
    pub fn follow(&self, confirmed: StepConfirmed, handle: String, since: DateTime<Utc>, text: Option<String>) {
        let inner = self.inner.clone();
        let cancel = self.inner.stop.child_token();
        let key = (confirmed.step.clone(), confirmed.attempt);
        if let Some(earlier) = self.inner.following().insert(key, cancel.clone()) {
            earlier.cancel();
        }
        self.inner.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = cancel.cancelled() => {}
                () = inner.follow(&confirmed, &handle, since, text) => {}
            }
        });
    }

    /// The text that a step needs to be followed, with its references resolved: the URL of a check, the time of a wait.
    pub fn followed_text(&self, step: &StepId, incident: &Incident) -> Option<String> {
        let World { plan, sites, incident_id } = &self.inner.world;
        let step = plan.step(step)?;
        let (Action::Check(Check::Http { url: text, .. }) | Action::Wait(Wait::Until(text))) = &step.action else { return None };
        let (place, site) = (plan.site(&step.site)?, sites.site(&step.site)?);
        let now = self.inner.clock.now();
        let asking = prepare::Asking { plan, step, attempt: 0, incident, incident_id, place, site, now };
        asking.text(text).ok()
    }

    /// Stops following a step. What AWS is doing goes on.
    pub fn forget(&self, step: &StepId, attempt: u32) {
        if let Some(cancel) = self.inner.following().remove(&(step.clone(), attempt)) {
            cancel.cancel();
        }
    }

    /// Waits until calls that change AWS have their answer; nothing new is followed.
    pub async fn finish(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }
}

impl Inner {
    fn following(&self) -> std::sync::MutexGuard<'_, HashMap<(StepId, u32), CancellationToken>> {
        self.following.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now, and until when what is asked now may be confirmed: a person reads no faster because an exercise's clock is fast.
    fn moment(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        let now = self.clock.now();
        let bound = self.world.plan.confirm_within.mul_f64(self.clock.speed().max(1.0));
        (now, now + TimeDelta::from_std(bound).unwrap_or(TimeDelta::MAX))
    }

    async fn tell(&self, told: Told) {
        // A console that has left hears nothing more; the journal tells the next one what was open.
        let _ = self.told.send(told).await;
    }

    async fn prepared(&self, step: StepId, seq: u64, answer: Result<crate::domain::Preparation, Problem>) {
        let at = self.clock.now();
        self.tell(Told::Update(Update::Prepared { step, seq, at, answer: answer.map(Box::new) })).await;
    }

    async fn send(&self, confirmed: Confirmed, incident: &Incident) {
        let confirmation = confirmed.confirmation().clone();
        if let Err(problem) = self.still_holds(&confirmation, incident).await {
            self.tell(Told::Outcome(refused(&confirmation, problem))).await;
            return;
        }
        self.pass(confirmed).await;
    }

    /// Through the gate, whole: it is never dropped midway.
    async fn pass(&self, confirmed: Confirmed) {
        let confirmation = confirmed.confirmation().clone();
        let outcome = match self.sent(confirmed).await {
            Sent::Answered { handle, request_id, aws_at } => self.was_answered(&confirmation, handle, request_id, aws_at, None),
            Sent::Refused(problem) => refused(&confirmation, problem),
            Sent::Lost(problem) => lost(&confirmation, problem),
        };
        self.tell(Told::Outcome(outcome)).await;
    }

    /// By our clock where AWS tells no time.
    fn was_answered(
        &self,
        confirmation: &StepConfirmed,
        handle: String,
        request_id: Option<String>,
        aws_at: Option<DateTime<Utc>>,
        found: Option<&str>,
    ) -> Outcome {
        answered(confirmation, handle, request_id, aws_at.or_else(|| Some(self.clock.now())), found.map(str::to_owned))
    }

    async fn sent(&self, confirmed: Confirmed) -> Sent {
        match &self.gate {
            Some(gate) => gate.send(confirmed).await,
            None => {
                let problem = Problem::new(ProblemKind::Denied, confirmed.call().operation(), "this console is read-only");
                Sent::Refused(problem)
            }
        }
    }

    /// Sends what did not take effect. A refusal says nothing about the call before: it may have taken effect since it was looked up,
    /// and be the very reason (a plan of Region switch that runs already). So it is looked up once more.
    async fn repeat(&self, site: &SiteClients, confirmed: Confirmed, confirmed_at: DateTime<Utc>) {
        let (confirmation, call) = (confirmed.confirmation().clone(), confirmed.call().clone());
        let outcome = match self.sent(confirmed).await {
            Sent::Answered { handle, request_id, aws_at } => {
                self.was_answered(&confirmation, handle, request_id, aws_at, Some("sent again after the answer was lost"))
            }
            Sent::Lost(problem) => lost(&confirmation, problem),
            Sent::Refused(problem) => match action::reconcile(site, &call, confirmed_at, self.clock.now()).await {
                Ok(Found::TookEffect { handle, aws_at }) => {
                    let found = Some("found at AWS after the answer was lost".to_owned());
                    answered(&confirmation, handle, None, aws_at, found)
                }
                Ok(Found::MayBeSent | Found::NoRecord(_)) => refused(&confirmation, problem),
                // Nobody knows yet: whoever takes it up looks again.
                Err(problem) => lost(&confirmation, problem),
            },
        };
        self.tell(Told::Outcome(outcome)).await;
    }

    /// The same account answers, and preparing the attempt, or the answer, anew gives the same call: else the confirmation is void.
    async fn still_holds(&self, confirmation: &StepConfirmed, incident: &Incident) -> Result<(), Problem> {
        let drift = |message: String| Problem::new(ProblemKind::Drift, format!("send {}", confirmation.step), message);
        let (step, moment) = (&confirmation.step, self.moment());
        // The incident was copied before this confirmation was folded in or after: either way this attempt is what is prepared.
        let again = match (confirmation.purpose, &confirmation.call) {
            (Purpose::Start, _) => prepare::attempt_of(&self.world, incident, step, confirmation.attempt, moment).await?,
            (Purpose::Answer | Purpose::Stop, Some(call)) => {
                let wanted = AnswerWanted::of(call, confirmation.purpose == Purpose::Stop);
                prepare::answer(&self.world, incident, step, &wanted, moment).await?
            }
            _ => return Ok(()),
        };
        if again.fingerprint() == confirmation.fingerprint {
            return Ok(());
        }
        Err(drift(difference(confirmation, &again)))
    }

    async fn reconcile(&self, confirmed: Confirmed, confirmed_at: DateTime<Utc>) {
        let confirmation = confirmed.confirmation().clone();
        let Some(site) = self.world.sites.site(&confirmation.site) else { return };
        loop {
            match action::reconcile(site, confirmed.call(), confirmed_at, self.clock.now()).await {
                Ok(Found::TookEffect { handle, aws_at }) => {
                    let found = Some("found at AWS after the answer was lost".to_owned());
                    self.tell(Told::Outcome(answered(&confirmation, handle, None, aws_at, found))).await;
                    return;
                }
                Ok(Found::MayBeSent) => return self.repeat(site, confirmed, confirmed_at).await,
                Ok(Found::NoRecord(message)) => {
                    let problem = Problem::new(ProblemKind::Unknown, confirmed.call().operation(), message);
                    return self.tell(Told::Outcome(failed(&confirmation, problem, None, None))).await;
                }
                Err(problem) => {
                    let at = self.clock.now();
                    let update = Update::Progress {
                        step: confirmation.step.clone(),
                        attempt: confirmation.attempt,
                        at,
                        answer: Err(problem),
                    };
                    self.tell(Told::Update(update)).await;
                }
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                () = self.clock.sleep(Duration::from_secs(RECONCILE_SECS)) => {}
            }
        }
    }

    async fn follow(&self, confirmed: &StepConfirmed, handle: &str, since: DateTime<Utc>, text: Option<String>) {
        let (Some(step), Some(site)) = (self.world.plan.step(&confirmed.step), self.world.sites.site(&confirmed.site)) else {
            return;
        };
        let vaults = self.world.plan.site(&confirmed.site).map(|site| site.vaults.as_slice()).unwrap_or_default();
        let resource_type = match &step.action {
            Action::BackupRestore { resource, .. } => self.world.plan.resources.get(resource).map(|of| of.resource_type.as_str()),
            _ => None,
        };
        // What was adopted began before, and may have run out of its time already: its limit counts from here on.
        let adopted = confirmed.call.is_none() && step.action.changes_aws();
        let deadline = if adopted { self.clock.now() } else { since } + TimeDelta::from_std(step.limit).unwrap_or(TimeDelta::MAX);
        let so_since = Mutex::default();
        loop {
            let now = self.clock.now();
            let following = Following {
                action: &step.action,
                site,
                vaults,
                probe: &self.probe,
                confirmed,
                handle,
                text: text.clone(),
                so_since: &so_since,
                resource_type,
                since,
                now,
            };
            let seen = action::look(&following).await;
            let at = self.clock.now();
            match seen {
                Ok(Look::Done(end)) => {
                    let outcome = Outcome::Done {
                        step: confirmed.step.clone(),
                        attempt: confirmed.attempt,
                        outputs: end.outputs,
                        began_at: end.began_at,
                        ended_at: end.ended_at,
                        data_at: end.data_at,
                        note: end.note,
                        tail: step.tail.clone().unwrap_or(end.tail),
                    };
                    return self.tell(Told::Outcome(outcome)).await;
                }
                Ok(Look::Failed(problem, began_at, ended_at)) => {
                    return self.tell(Told::Outcome(failed(confirmed, problem, began_at, ended_at))).await;
                }
                Ok(Look::Running(progress)) if at < deadline => self.progress(confirmed, at, Ok(progress)).await,
                Err(problem) if at < deadline => self.progress(confirmed, at, Err(problem)).await,
                Ok(Look::Running(progress)) => {
                    let message = format!("not done within {} min; last seen: {}", step.limit.as_secs() / 60, progress.doing);
                    let problem = Problem::new(ProblemKind::TimedOut, format!("follow {}", confirmed.step), message);
                    return self.tell(Told::Outcome(failed(confirmed, problem, None, None))).await;
                }
                Err(problem) => return self.tell(Told::Outcome(failed(confirmed, problem, None, None))).await,
            }
            let pause = pause((at - since).to_std().unwrap_or_default(), step.expect);
            tokio::join!(self.clock.sleep(pause), tokio::time::sleep(LOOK_AT_LEAST));
        }
    }

    async fn progress(&self, confirmed: &StepConfirmed, at: DateTime<Utc>, answer: Result<crate::domain::Progress, Problem>) {
        let (step, attempt) = (confirmed.step.clone(), confirmed.attempt);
        self.tell(Told::Update(Update::Progress { step, attempt, at, answer })).await;
    }
}

/// How long to wait before the next look at something that has taken `elapsed`. While it can hardly have ended, by half of what it is
/// expected to take, half of what is left to there; then a hundredth of what it has taken. So its end costs one look, which is at most a
/// hundredth late, or a second.
fn pause(elapsed: Duration, expected: Option<Duration>) -> Duration {
    let elapsed = elapsed.as_secs_f64();
    let early = expected.map_or(0.0, |expected| (expected.as_secs_f64() / 2.0 - elapsed) / 2.0);
    Duration::from_secs_f64((elapsed * UNNOTICED).max(early).clamp(LOOK_SECS.0, LOOK_SECS.1))
}

fn answered(
    confirmation: &StepConfirmed,
    handle: String,
    request_id: Option<String>,
    aws_at: Option<DateTime<Utc>>,
    found: Option<String>,
) -> Outcome {
    Outcome::Answered(CallAnswered {
        step: confirmation.step.clone(),
        attempt: confirmation.attempt,
        purpose: confirmation.purpose,
        handle,
        request_id,
        aws_at,
        found,
    })
}

fn refused(confirmation: &StepConfirmed, problem: Problem) -> Outcome {
    let StepConfirmed { step, attempt, purpose, .. } = confirmation;
    Outcome::Refused { step: step.clone(), attempt: *attempt, purpose: *purpose, problem }
}

fn lost(confirmation: &StepConfirmed, problem: Problem) -> Outcome {
    let StepConfirmed { step, attempt, purpose, .. } = confirmation;
    Outcome::Lost { step: step.clone(), attempt: *attempt, purpose: *purpose, problem }
}

fn failed(
    confirmed: &StepConfirmed,
    problem: Problem,
    began_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
) -> Outcome {
    Outcome::Failed { step: confirmed.step.clone(), attempt: confirmed.attempt, problem, began_at, ended_at }
}

/// What differs between the confirmed call and the one that would be made now, member by member.
fn difference(confirmation: &StepConfirmed, again: &crate::domain::Preparation) -> String {
    let account = |identity: &Option<crate::domain::Identity>| identity.as_ref().map(|identity| identity.account.to_string());
    if account(&confirmation.identity) != account(&again.identity) {
        return "another account answers than when it was confirmed".to_owned();
    }
    let parameters = |call: &Option<crate::domain::MutatingCall>| call.as_ref().map(|call| call.parameters());
    let (before, now) = (parameters(&confirmation.call), parameters(&again.call));
    let (Some(serde_json::Value::Object(before)), Some(serde_json::Value::Object(now))) = (before, now) else {
        return "what would be called is not what was confirmed".to_owned();
    };
    let mut changed: Vec<String> = now
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(value))
        .map(|(key, value)| format!("{key} is now {value}"))
        .collect();
    changed.extend(before.keys().filter(|key| !now.contains_key(*key)).map(|key| format!("{key} is gone")));
    changed.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_noticed_within_a_hundredth_of_the_time_that_it_took() {
        for expected in [None, Some(60), Some(840), Some(7200)] {
            let expect = expected.map(Duration::from_secs);
            for ends_at in [3_u64, 20, 75, 500, 840, 1400, 20_000] {
                let (ends_at, mut at, mut looks) = (ends_at as f64, 0.0, 1);
                while at < ends_at {
                    at += pause(Duration::from_secs_f64(at), expect).as_secs_f64();
                    looks += 1;
                }
                // Before half of what is expected nobody looks closely; after it one look, soon.
                let usual = expected.is_none_or(|expected| ends_at >= expected as f64 / 2.0);
                let bound = if usual { (ends_at * UNNOTICED).max(LOOK_SECS.0) } else { LOOK_SECS.1 };
                assert!(at - ends_at <= bound, "{expected:?}, ended at {ends_at}, seen at {at}");
                assert!(looks < 2_000, "{expected:?}: {looks} looks until {ends_at}");
            }
        }
        // Of a restore of fourteen minutes that takes as long as expected.
        let (mut at, mut looks) = (0.0, 0);
        while at < 840.0 {
            at += pause(Duration::from_secs_f64(at), Some(Duration::from_secs(840))).as_secs_f64();
            looks += 1;
        }
        assert!(looks <= 120, "{looks}");
    }
}
