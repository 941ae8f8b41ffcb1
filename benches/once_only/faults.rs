//! What goes wrong in a run: drawn from the seed, so that a run can be played again.

use std::fmt;
use std::time::Duration;

use lifeboat::sim::inject::{Change, Fault, FaultKind, Inject};

use crate::console::World;
use crate::kinds::Kind;

pub const ON_ITS_WAY: &str = "killed while the answer was on its way";
pub const ANY_TIME: &str = "killed at any time";

/// SplitMix64: the same seed draws the same.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64, run: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ run.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }
}

/// How a console was killed, for the figures.
#[derive(Debug)]
pub struct Killed(pub String);

/// When a console is killed.
#[derive(Debug, Clone)]
pub enum Kill {
    /// Never.
    Never,
    /// Right before its so many-th write of the journal, which does not happen.
    Before(usize),
    /// Right after it, before anything that follows from it.
    After(usize),
    /// When AWS has carried out this operation, and its answer has not arrived.
    OnItsWay(&'static str),
    /// So long after its beginning.
    AnyTime(Duration),
}

impl Kill {
    /// Comes true when the console is to be killed from outside; the kills at writes come from within.
    pub async fn falls(&self, world: &World) -> Killed {
        match self {
            Self::AnyTime(after) => {
                tokio::time::sleep(*after).await;
                Killed(ANY_TIME.to_owned())
            }
            Self::OnItsWay(operation) => {
                let count = || {
                    let effects = world.exercise.world.lock().unwrap().effects();
                    effects.iter().filter(|effect| effect.operation == *operation).count()
                };
                let before = count();
                inject(world, fault(operation, FaultKind::Slow(LATE_MS, LATE_MS, chrono::TimeDelta::zero()), Some(1)));
                while count() == before {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                Killed(format!("{ON_ITS_WAY}: {operation}"))
            }
            _ => std::future::pending().await,
        }
    }
}

/// How late an answer is that is not to arrive, in milliseconds of the exercise's clock.
const LATE_MS: u64 = 3_600_000;
const NAME: &str = "once";

/// The kills and losses of one run.
#[derive(Debug)]
pub struct Plot {
    kills: Vec<Kill>,
    losses: Vec<(String, Option<u32>, f64, FaultKind)>,
}

impl Plot {
    /// The `turn`-th run of a kind: the first kills go through every write in turn, the rest is drawn.
    pub fn of(kind: &'static Kind, turn: usize, mut dice: Dice) -> Self {
        // Opened, declared, the impact corrected; then a confirmation and an answer for each act.
        let writes = 3 + 2 * kind.acts.len();
        let operation = |dice: &mut Dice| kind.effects[dice.below(kind.effects.len() as u64) as usize].0;
        let mut kills = Vec::new();
        match turn % 4 {
            0 => {
                let at = turn / 4 % (2 * writes);
                kills.push(if at.is_multiple_of(2) { Kill::Before(at / 2 + 1) } else { Kill::After(at / 2 + 1) });
            }
            1 => kills.push(Kill::OnItsWay(kind.effects[turn / 4 % kind.effects.len()].0)),
            2 => {}
            _ => kills.push(Kill::AnyTime(Duration::from_micros(dice.below(60_000)))),
        }
        for _ in 0..dice.below(3) {
            kills.push(match dice.below(4) {
                0 => Kill::Before(1 + dice.below(4) as usize),
                1 => Kill::After(1 + dice.below(4) as usize),
                2 => Kill::OnItsWay(operation(&mut dice)),
                _ => Kill::AnyTime(Duration::from_micros(dice.below(60_000))),
            });
        }
        let mut losses = Vec::new();
        if turn % 4 == 2 || dice.below(4) == 0 {
            let which = if turn % 4 == 2 { kind.effects[turn / 4 % kind.effects.len()].0 } else { operation(&mut dice) };
            let how = match dice.below(4) {
                0 => FaultKind::Broken(503),
                _ => FaultKind::AnswerLost,
            };
            losses.push((which.to_owned(), Some(1 + dice.below(3) as u32), 1.0, how));
        }
        if dice.below(4) == 0 {
            // Any answer may be lost, also of what is only read.
            losses.push(("*".to_owned(), Some(6), 0.1, FaultKind::AnswerLost));
        }
        Self { kills, losses }
    }

    /// How the so many-th console of the run is killed.
    pub fn kill(&self, life: usize) -> Kill {
        self.kills.get(life).cloned().unwrap_or(Kill::Never)
    }

    /// Lets the losses begin.
    pub fn weather(&mut self, world: &World) {
        for (operation, calls, chance, kind) in &self.losses {
            inject(world, Fault { chance: *chance, ..fault(operation, kind.clone(), *calls) });
        }
    }
}

fn fault(operation: &str, kind: FaultKind, calls: Option<u32>) -> Fault {
    let glob = || "*".to_owned();
    let operation = operation.to_owned();
    Fault {
        name: NAME.into(),
        service: glob(),
        region: glob(),
        operation,
        account: glob(),
        kind,
        lasts: None,
        calls,
        chance: 1.0,
    }
}

fn inject(world: &World, fault: Fault) {
    let inject = Inject::by_hand(NAME, vec![Change::Fault(fault)]);
    world.exercise.world.lock().unwrap().inject(inject).unwrap();
}

/// Ends what is left of the losses.
pub fn calm(world: &World) {
    let inject = Inject::by_hand(NAME, vec![Change::Calm(NAME.into())]);
    world.exercise.world.lock().unwrap().inject(inject).unwrap();
}

impl fmt::Display for Killed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
