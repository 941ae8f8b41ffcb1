//! The facilitator's way into a running exercise: a door on loopback, whose address and key are in a file beside the journal that
//! only its owner may read. One JSON object a line in, one out.
//!
//! It turns the clock and the world. What a facilitator notes about the players goes into the journal, not through here.

use std::io;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::sim::inject::{Act, Change, Condition, Inject, Question};
use crate::sim::{self, World};

/// The longest line that is read.
const LINE_LIMIT: u64 = 64 * 1024;

/// What the file says.
#[derive(Debug, Serialize, Deserialize)]
struct Key {
    address: String,
    token: String,
}

/// What a facilitator asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Order {
    /// Nothing but how things stand.
    Look,
    /// Let a planned inject happen now.
    Inject {
        /// Its number.
        number: usize,
    },
    /// Hold a planned inject back.
    HoldInject {
        /// Its number.
        number: usize,
    },
    /// Stop the clock.
    Hold,
    /// Let it run on.
    Go,
    /// Change its speed.
    Speed {
        /// Simulated seconds in a real one.
        speed: f64,
    },
    /// Move it on.
    Step {
        /// By so many seconds.
        seconds: u64,
    },
    /// Set it to a time of today's that is still to come, or to the one of tomorrow.
    Jump {
        /// The time.
        to: NaiveTime,
    },
    /// Ask the room something.
    Ask {
        /// The question.
        text: String,
    },
    /// Let something happen that no scenario planned.
    Play {
        /// What an `[[inject]]` changes, as a scenario writes it: `fault = [{ kind = "throttle", service = "ssm" }]`.
        changes: String,
    },
    /// End the faults of this name; all of them if it is `None`.
    Calm {
        /// The name.
        name: Option<String>,
    },
}

/// One line to the door.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    token: String,
    order: Order,
}

/// How an exercise stands, as its facilitator sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The exercise's time.
    pub now: DateTime<Utc>,
    /// Has it begun?
    pub begun: bool,
    /// Does it stand still?
    pub paused: bool,
    /// How fast it runs.
    pub speed: f64,
    /// What is to come.
    pub coming: Vec<Coming>,
    /// The faults in force, each in one line that begins with its name.
    pub faults: Vec<String>,
    /// What was asked of the room, and what a good answer holds.
    pub asked: Vec<(String, String)>,
    /// Calls of the scenario that the simulated AWS refused, with their times.
    pub trouble: Vec<(DateTime<Utc>, String)>,
    /// Why the order was not carried out.
    pub refused: Option<String>,
}

/// One inject that is to come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coming {
    /// Its number, from 1.
    pub number: usize,
    /// When; `None`: it waits for a condition or a person.
    pub at: Option<DateTime<Utc>>,
    /// Is it held back?
    pub held: bool,
    /// Is it never to come by itself?
    pub by_hand: bool,
    /// Its title.
    pub title: String,
}

/// An open door.
pub(super) struct Door {
    listener: TcpListener,
    token: String,
    world: Arc<Mutex<World>>,
    clock: Clock,
    /// Is there nobody who has to begin?
    alone: bool,
    file: PathBuf,
}

/// Opens the door, and writes its key. A world that is `alone`, without players, needs no beginning.
pub(super) async fn open(world: Arc<Mutex<World>>, clock: Clock, alone: bool, file: &Path) -> io::Result<Door> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let token = {
        use std::hash::{BuildHasher, Hasher};
        let draw = || std::collections::hash_map::RandomState::new().build_hasher().finish();
        format!("{:016x}{:016x}", draw(), draw())
    };
    let key = Key { address: listener.local_addr()?.to_string(), token: token.clone() };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(&serde_json::to_vec(&key)?)?;
    Ok(Door { listener, token, world, clock, alone, file: file.to_owned() })
}

impl Door {
    /// Answers until `stop`, one facilitator after the other, then takes the key away.
    pub(super) async fn serve(self, stop: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else { continue };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                // Somebody who says nothing must not keep the next one waiting.
                _ = tokio::time::timeout(Duration::from_secs(5), self.answer(stream)) => {}
            }
        }
        let _ = std::fs::remove_file(&self.file);
    }

    async fn answer(&self, stream: TcpStream) -> io::Result<()> {
        let (read, mut write) = stream.into_split();
        let mut line = String::new();
        BufReader::new(read.take(LINE_LIMIT)).read_line(&mut line).await?;
        let Ok(Line { token, order }) = serde_json::from_str(&line) else { return Ok(()) };
        if token != self.token {
            return Ok(());
        }
        let refused = self.carry_out(order).err();
        let mut told = serde_json::to_vec(&self.standing(refused))?;
        told.push(b'\n');
        write.write_all(&told).await
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begun(&self, world: &World) -> bool {
        self.alone || world.holds(&Condition::Told(Act::Begun, None))
    }

    fn inject(&self, inject: Inject) -> Result<(), String> {
        let mut world = self.world();
        world.advance_to(self.clock.now());
        world.inject(inject).map_err(|error| error.to_string())
    }

    /// Lets what this text says happen now.
    fn play(&self, changes: &str) -> Result<(), String> {
        let scenario = self.world().scenario().clone();
        let read = sim::scenario::by_hand(&scenario, &format!("by hand: {changes}"), changes);
        self.inject(read.map_err(|faults| faults.render(changes, false))?)
    }

    fn calm(&self, name: Option<&str>) -> Result<(), String> {
        let mut names: Vec<String> = self.world().faults().into_iter().map(|(name, _)| name).collect();
        names.retain(|one| name.is_none_or(|name| one == name));
        names.dedup();
        if names.is_empty() {
            let called = name.map_or_else(String::new, |name| format!(" called {name}"));
            return Err(format!("no fault{called} is in force"));
        }
        let title = format!("ended by hand: {}", names.join(", "));
        self.inject(Inject::by_hand(title, names.into_iter().map(Change::Calm).collect()))
    }

    fn carry_out(&self, order: Order) -> Result<(), String> {
        if order == Order::Look {
            return Ok(());
        }
        if !self.begun(&self.world()) {
            return Err("the exercise has not begun: its players start it".to_owned());
        }
        let turn = |number: usize, held: bool| {
            let mut world = self.world();
            world.advance_to(self.clock.now());
            match number.checked_sub(1).map(|number| world.turn(number, held)) {
                Some(Ok(true)) => Ok(()),
                Some(Err(error)) => Err(error.to_string()),
                _ => Err(format!("no inject {number} is to come")),
            }
        };
        match order {
            Order::Look => {}
            Order::Inject { number } => turn(number, false)?,
            Order::HoldInject { number } => turn(number, true)?,
            Order::Hold => self.clock.pause(),
            Order::Go => self.clock.resume(),
            Order::Speed { speed } => self.clock.set_speed(speed),
            Order::Step { seconds } => self.clock.step(Duration::from_secs(seconds)),
            Order::Jump { to } => {
                let now = self.clock.now();
                let today = now.date_naive().and_time(to).and_utc();
                self.clock.jump(if today < now { today + TimeDelta::days(1) } else { today });
            }
            Order::Ask { text } => {
                let changes = vec![Change::Ask(Question { text: text.clone(), good: String::new() })];
                self.inject(Inject::by_hand(format!("asked: {text}"), changes))?;
            }
            Order::Play { changes } => self.play(&changes)?,
            Order::Calm { name } => self.calm(name.as_deref())?,
        }
        Ok(())
    }

    fn standing(&self, refused: Option<String>) -> Standing {
        let now = self.clock.now();
        let mut world = self.world();
        world.advance_to(now);
        let coming = world.upcoming().into_iter();
        let coming = coming.map(|one| Coming {
            number: one.number + 1,
            at: one.at,
            held: one.held,
            by_hand: one.by_hand,
            title: one.title,
        });
        let trouble = world.refused().iter().map(|refused| (refused.at, refused.told.clone())).collect();
        let asked = world.asked().iter().map(|(_, question)| (question.text.clone(), question.good.clone()));
        Standing {
            now,
            begun: self.begun(&world),
            faults: world.faults().into_iter().map(|(_, told)| told).collect(),
            paused: self.clock.is_paused(),
            speed: self.clock.speed(),
            coming: coming.collect(),
            asked: asked.collect(),
            trouble,
            refused,
        }
    }
}

/// Why a facilitator has no way in.
#[derive(Debug, thiserror::Error)]
pub enum FacilitatorError {
    /// There is no key.
    #[error("no exercise is running by {path}: start it with `lifeboat tabletop`, and keep it open")]
    NotRunning {
        /// The file that would hold it.
        path: String,
    },
    /// The door does not answer.
    #[error("the exercise does not answer at {address}: its console may have been killed")]
    Silent {
        /// Where it was.
        address: String,
        /// The system's reason.
        source: io::Error,
    },
}

/// A facilitator outside of the door.
#[derive(Debug)]
pub struct Facilitator {
    key: Key,
}

impl Facilitator {
    /// With the key in this file.
    ///
    /// # Errors
    /// There is none.
    pub fn new(file: &Path) -> Result<Self, FacilitatorError> {
        let missing = || FacilitatorError::NotRunning { path: file.display().to_string() };
        let text = std::fs::read_to_string(file).map_err(|_| missing())?;
        Ok(Self { key: serde_json::from_str(&text).map_err(|_| missing())? })
    }

    /// Gives an order, and tells how things stand after it.
    ///
    /// # Errors
    /// The exercise does not answer.
    pub async fn order(&self, order: Order) -> Result<Standing, FacilitatorError> {
        let asked = async {
            let mut stream = TcpStream::connect(&self.key.address).await?;
            let mut line = serde_json::to_vec(&Line { token: self.key.token.clone(), order })?;
            line.push(b'\n');
            stream.write_all(&line).await?;
            let mut told = String::new();
            BufReader::new(stream).read_line(&mut told).await?;
            serde_json::from_str(&told).map_err(io::Error::other)
        };
        asked.await.map_err(|source| FacilitatorError::Silent { address: self.key.address.clone(), source })
    }
}
