//! The only reader of time. Everything else is handed a [`Clock`], so that a test, an exercise and a replay can say what time it is.
//!
//! A clock is either the system's or a simulated one, which can be paused, sped up, stepped and jumped while tasks sleep on it.
//! It must not know what the time is used for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

/// A shared source of time. Cloning it gives another handle on the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// `None` is the system's clock.
    simulated: Option<Mutex<Anchor>>,
    /// Bumped whenever pause, speed or time is changed by hand, so that sleepers look again.
    turned: watch::Sender<u64>,
}

/// Where the simulated time was when it was last turned by hand.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    at: DateTime<Utc>,
    since: Instant,
    speed: f64,
    paused: bool,
}

impl Anchor {
    fn now(&self) -> DateTime<Utc> {
        if self.paused {
            return self.at;
        }
        self.at + delta(self.since.elapsed().mul_f64(self.speed))
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

impl Clock {
    /// The system's clock: speed 1, never paused.
    pub fn system() -> Self {
        Self { inner: Arc::new(Inner { simulated: None, turned: watch::Sender::new(0) }) }
    }

    /// A simulated clock that stands still at `start` until [`Clock::resume`], then runs `speed` times as fast as real time.
    pub fn simulated(start: DateTime<Utc>, speed: f64) -> Self {
        let anchor = Anchor { at: start, since: Instant::now(), speed: clamp_speed(speed), paused: true };
        Self { inner: Arc::new(Inner { simulated: Some(Mutex::new(anchor)), turned: watch::Sender::new(0) }) }
    }

    /// The time, with nanoseconds as the source gives them.
    pub fn now(&self) -> DateTime<Utc> {
        match self.anchor() {
            None => Utc::now(),
            Some(anchor) => anchor.now(),
        }
    }

    /// Is this a simulated clock, which may be turned by hand?
    pub fn is_simulated(&self) -> bool {
        self.inner.simulated.is_some()
    }

    /// Does the time stand still?
    pub fn is_paused(&self) -> bool {
        self.anchor().is_some_and(|anchor| anchor.paused)
    }

    /// How many seconds of this clock pass in one real second while it is not paused.
    pub fn speed(&self) -> f64 {
        self.anchor().map_or(1.0, |anchor| anchor.speed)
    }

    /// Stops a simulated clock; the system's clock cannot be stopped and is left alone.
    pub fn pause(&self) {
        self.turn(|anchor| anchor.paused = true);
    }

    /// Lets a paused clock run on.
    pub fn resume(&self) {
        self.turn(|anchor| anchor.paused = false);
    }

    /// Sets the speed, held between 0.01 and 100,000.
    pub fn set_speed(&self, speed: f64) {
        self.turn(|anchor| anchor.speed = clamp_speed(speed));
    }

    /// Moves a simulated clock forward by `step`, whether it is paused or not.
    pub fn step(&self, step: Duration) {
        self.turn(|anchor| anchor.at += delta(step));
    }

    /// Sets a simulated clock to `at`. Going back is allowed only for who resumes an older world.
    pub fn jump(&self, at: DateTime<Utc>) {
        self.turn(|anchor| anchor.at = at);
    }

    /// Sleeps for `duration` of this clock's time.
    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now() + delta(duration)).await;
    }

    /// Sleeps until this clock shows `deadline` or later. A paused clock sleeps until it is turned.
    pub async fn sleep_until(&self, deadline: DateTime<Utc>) {
        let mut turned = self.inner.turned.subscribe();
        loop {
            turned.mark_unchanged();
            let now = self.now();
            if now >= deadline {
                return;
            }
            let left = (deadline - now).to_std().unwrap_or_default();
            if self.is_paused() {
                // The sender lives in self, so this ends only with a turn of the clock.
                let _ = turned.changed().await;
                continue;
            }
            // At least a millisecond, so that rounding cannot make this loop spin.
            let real = left.div_f64(self.speed()).max(Duration::from_millis(1));
            tokio::select! {
                _ = turned.changed() => {}
                () = tokio::time::sleep(real) => {}
            }
        }
    }

    /// Sees every pause, resume, step, jump and change of speed.
    pub fn turns(&self) -> watch::Receiver<u64> {
        self.inner.turned.subscribe()
    }

    fn anchor(&self) -> Option<MutexGuard<'_, Anchor>> {
        // A poisoned anchor is still a valid time: nothing in here can leave it half written.
        self.inner.simulated.as_ref().map(|anchor| anchor.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn turn(&self, change: impl FnOnce(&mut Anchor)) {
        let Some(mut anchor) = self.anchor() else { return };
        anchor.at = anchor.now();
        anchor.since = Instant::now();
        change(&mut anchor);
        drop(anchor);
        self.inner.turned.send_modify(|turn| *turn += 1);
    }
}

/// Real time since it was made, whatever any clock shows: for guarding a dialog against keys that were not meant for it, and for
/// the pace of drawing.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[expect(clippy::new_without_default, reason = "a default that reads the time would surprise")]
    pub fn new() -> Self {
        Self(Instant::now())
    }

    /// How long ago it was made.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

fn clamp_speed(speed: f64) -> f64 {
    if speed.is_finite() { speed.clamp(0.01, 100_000.0) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        "2026-03-14T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_simulated_clock_stands_still_until_it_is_resumed() {
        let clock = Clock::simulated(noon(), 1000.0);
        assert_eq!(clock.now(), noon());
        clock.step(Duration::from_secs(90));
        assert_eq!(clock.now(), noon() + TimeDelta::seconds(90));
        clock.resume();
        while clock.now() <= noon() + TimeDelta::seconds(90) {
            std::thread::yield_now();
        }
        clock.pause();
        let held = clock.now();
        assert_eq!(clock.now(), held);
    }

    #[tokio::test]
    async fn a_sleeper_on_a_paused_clock_wakes_when_it_is_stepped() {
        let clock = Clock::simulated(noon(), 1.0);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(noon() + TimeDelta::hours(1)).await }
        });
        clock.step(Duration::from_secs(1800));
        clock.step(Duration::from_secs(1800));
        sleeper.await.unwrap();
    }

    #[test]
    fn the_systems_clock_cannot_be_turned() {
        let clock = Clock::system();
        clock.jump(noon());
        assert!(!clock.is_paused());
        assert!((clock.speed() - 1.0).abs() < f64::EPSILON);
    }
}
