//! An exercise: the simulated AWS on loopback, its name server and its shop, on one clock with the console.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::request::Parts;
use tokio::net::{TcpListener, UdpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::document::Faults;
use crate::sim::{self, RecordError, Scenario, World, scenario};

use super::{Room, control};

/// What is shipped: name, scenario text, plan path and text.
type Shipped = (&'static str, &'static str, (&'static str, &'static str));

/// The plan of the shop.
const SHOP: (&str, &str) = ("assets/plans/shop.toml", include_str!("../../assets/plans/shop.toml"));

/// The plan of the shop with a routing control.
const ROUTING: (&str, &str) = ("assets/plans/shop-routing.toml", include_str!("../../assets/plans/shop-routing.toml"));

/// The plan for orders that are wrong.
const ORDERS: (&str, &str) = ("assets/plans/shop-orders.toml", include_str!("../../assets/plans/shop-orders.toml"));

/// The shipped scenarios.
const SHIPPED: &[Shipped] = &[
    ("region-outage", include_str!("../../assets/scenarios/region-outage.toml"), SHOP),
    ("s3-errors", include_str!("../../assets/scenarios/s3-errors.toml"), SHOP),
    ("backup-missing", include_str!("../../assets/scenarios/backup-missing.toml"), SHOP),
    ("quiet-failure", include_str!("../../assets/scenarios/quiet-failure.toml"), SHOP),
    ("ransomware", include_str!("../../assets/scenarios/ransomware.toml"), SHOP),
    ("corruption", include_str!("../../assets/scenarios/corruption.toml"), ORDERS),
    ("control-plane", include_str!("../../assets/scenarios/control-plane.toml"), ROUTING),
];

/// A scenario with the plan that is played.
#[derive(Debug, Clone)]
pub struct Played {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// Where the plan is from, for messages.
    pub plan_path: String,
    /// The plan's text.
    pub plan_text: String,
}

/// A running simulated AWS.
#[derive(Debug)]
pub struct Exercise {
    /// Its clock, which the console shares.
    pub clock: Clock,
    /// Where AWS's services, and the shop, answer.
    pub endpoint: SocketAddr,
    /// Where its name server answers.
    pub name_server: SocketAddr,
    /// The world behind them.
    pub world: Arc<Mutex<World>>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Why an exercise could not begin.
#[derive(Debug, thiserror::Error)]
pub enum StartExercise {
    /// There is no such scenario.
    #[error("there is no scenario {name}: shipped are {}; or name a file", shipped().join(", "))]
    NoSuchScenario {
        /// What was asked for.
        name: String,
    },
    /// A file could not be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The scenario has faults.
    #[error("{}", .faults.render(.text, false))]
    Faults {
        /// All of them.
        faults: Faults,
        /// The text that has them.
        text: String,
    },
    /// The scenario names no plan.
    #[error("the scenario {path} names no plan: add `plan = \"FILE\"`, relative to the scenario")]
    NoPlan {
        /// The scenario.
        path: String,
    },
    /// No address could be had on loopback.
    #[error("the simulated AWS cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port asked for; 0 for any.
        port: u16,
        /// The system's reason.
        source: std::io::Error,
    },
    /// What is known of the world from before cannot be used.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// The names of the shipped scenarios.
fn shipped() -> Vec<&'static str> {
    SHIPPED.iter().map(|(name, ..)| *name).collect()
}

/// Reads a scenario, shipped or from a file, and its plan.
///
/// # Errors
/// [`StartExercise`] says what is wrong with which file, all faults at once.
pub fn read(name: &str) -> Result<Played, StartExercise> {
    if let Some((name, scenario, plan)) = SHIPPED.iter().find(|(shipped, ..)| *shipped == name) {
        let scenario = parse(&shipped_path(name), scenario, &|_| None)?;
        return Ok(Played { scenario, plan_path: plan.0.to_owned(), plan_text: plan.1.to_owned() });
    }
    if !name.ends_with(".toml") {
        return Err(StartExercise::NoSuchScenario { name: name.to_owned() });
    }
    let read_file = |path: &Path| {
        std::fs::read_to_string(path).map_err(|source| StartExercise::Read { path: path.display().to_string(), source })
    };
    let beside = |other: &str| {
        let path = Path::new(name).parent().unwrap_or(Path::new("")).join(other);
        Some((path.display().to_string(), std::fs::read_to_string(&path).ok()?))
    };
    let scenario = parse(name, &read_file(Path::new(name))?, &beside)?;
    let plan = scenario.plan.clone().ok_or_else(|| StartExercise::NoPlan { path: name.to_owned() })?;
    let plan_path = Path::new(name).parent().unwrap_or(Path::new("")).join(plan);
    Ok(Played { scenario, plan_text: read_file(&plan_path)?, plan_path: plan_path.display().to_string() })
}

/// An estate in which nothing exists but the default account.
pub fn empty(starts_at: DateTime<Utc>) -> Arc<Scenario> {
    Arc::new(Scenario::empty(starts_at))
}

/// An estate of so many recovery points, alarms and record sets.
pub fn scaled(starts_at: DateTime<Utc>, points: u32, alarms: u32, records: u32) -> Arc<Scenario> {
    Arc::new(Scenario::scaled(starts_at, sim::scenario::Scale { points, alarms }, records))
}

/// What the record of an earlier run begins with; `None` where there is none.
///
/// # Errors
/// A record that cannot be read.
pub fn begun(record: Option<&Path>) -> Result<Option<sim::Begun>, StartExercise> {
    Ok(record.map(sim::begun).transpose()?.flatten())
}

/// Where a shipped scenario stands in the source.
fn shipped_path(name: &str) -> String {
    format!("assets/scenarios/{name}.toml")
}

/// A shipped scenario may be named as an estate by anyone.
fn parse(path: &str, text: &str, beside: scenario::Find<'_>) -> Result<Arc<Scenario>, StartExercise> {
    let find = |name: &str| {
        let shipped = SHIPPED.iter().find(|(shipped, ..)| *shipped == name);
        shipped.map(|(name, text, _)| (shipped_path(name), (*text).to_owned())).or_else(|| beside(name))
    };
    let parsed = scenario::parse_with(path, text, &find);
    parsed.map(Arc::new).map_err(|faults| StartExercise::Faults { faults, text: text.to_owned() })
}

/// The shipped exercises, with what they teach, for people.
pub fn exercises() -> String {
    let mut text = String::new();
    for (name, scenario, _) in SHIPPED {
        let Ok(scenario) = parse(&shipped_path(name), scenario, &|_| None) else { continue };
        text.push_str(&format!("{name}: {}\n", scenario.title));
        scenario.goals.iter().for_each(|goal| text.push_str(&format!("  - {goal}\n")));
    }
    text.push_str("play one with `lifeboat tabletop NAME`\n");
    text
}

/// The JSON schema of scenario files.
pub fn scenario_schema() -> serde_json::Value {
    scenario::schema()
}

impl Exercise {
    /// Starts the simulated AWS on `port` of loopback, 0 for any. Its clock stands still.
    ///
    /// With a `record` the world notes what changes it there, and goes on from what the record holds: this is how an exercise whose
    /// console was killed is resumed.
    ///
    /// # Errors
    /// As [`StartExercise`].
    pub async fn start(scenario: Arc<Scenario>, seed: u64, record: Option<&Path>, port: u16) -> Result<Self, StartExercise> {
        Self::start_with(scenario, seed, record, port, front).await
    }

    /// The same for other clients alone: whoever reaches it may also have it begin anew, as what `begin` gives.
    ///
    /// # Errors
    /// As [`StartExercise`].
    pub async fn stand_in(
        scenario: Arc<Scenario>,
        seed: u64,
        record: Option<&Path>,
        port: u16,
        begin: impl Fn() -> Arc<Scenario> + Send + Sync + 'static,
    ) -> Result<Self, StartExercise> {
        let front = |world: &_, clock: &_| sim::controls(Arc::clone(world), Clock::clone(clock), begin, front(world, clock));
        Self::start_with(scenario, seed, record, port, front).await
    }

    async fn start_with(
        scenario: Arc<Scenario>,
        seed: u64,
        record: Option<&Path>,
        port: u16,
        front: impl FnOnce(&Arc<Mutex<World>>, &Clock) -> sim::Fallback,
    ) -> Result<Self, StartExercise> {
        let (starts_at, speed) = (scenario.starts_at, scenario.speed);
        let world = match record {
            Some(path) => World::restore(scenario, seed, path)?,
            None => World::new(scenario, seed),
        };
        let clock = Clock::simulated(world.last_at().max(starts_at), speed);
        let world = Arc::new(Mutex::new(world));
        let listen = |source| StartExercise::Listen { port, source };
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(listen)?;
        let endpoint = listener.local_addr().map_err(listen)?;
        let names = TcpListener::bind(("127.0.0.1", 0)).await.map_err(listen)?;
        let name_server = names.local_addr().map_err(listen)?;
        let datagrams = UdpSocket::bind(name_server).await.map_err(listen)?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let served = sim::serve(listener, world.clone(), clock.clone(), Some(front(&world, &clock)), stop.clone());
        tasks.spawn(async move { note_end("the simulated AWS", served.await) });
        let served = sim::serve_dns(datagrams, names, world.clone(), clock.clone(), stop.clone());
        tasks.spawn(async move { note_end("the simulated name server", served.await) });
        Ok(Self { clock, endpoint, name_server, world, stop, tasks })
    }

    /// The room that the exercise is played in.
    pub fn room(&self) -> Room {
        Room::new(self.world.clone())
    }

    /// Lets a facilitator in, by way of this file: see `console::control`. What is `alone`, without players, needs no beginning.
    ///
    /// # Errors
    /// The file cannot be written, or nothing can be listened on.
    pub async fn admit(&self, file: &Path, alone: bool) -> std::io::Result<()> {
        let door = control::open(self.world.clone(), self.clock.clone(), alone, file).await?;
        let stop = self.stop.clone();
        self.tasks.spawn(async move { door.serve(stop).await });
        Ok(())
    }

    /// The URL for `--endpoint-url`.
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.endpoint)
    }

    /// Lets every answer that is under way leave, then ends.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

fn note_end<E: std::error::Error>(what: &str, ended: Result<(), E>) {
    if let Err(error) = ended {
        tracing::error!(%error, "{what} has ended");
    }
}

/// The shop: answers by Host, as the zones lead there.
fn front(world: &Arc<Mutex<World>>, clock: &Clock) -> sim::Fallback {
    let (world, clock) = (world.clone(), clock.clone());
    Arc::new(move |parts: &Parts| {
        let host = parts.headers.get(http::header::HOST)?.to_str().ok()?;
        let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
        world.advance_to(clock.now());
        let page = sim::shop::visit(&world, host)?;
        let mut answer = http::Response::builder().status(page.status);
        for (name, value) in page.headers {
            answer = answer.header(name, value);
        }
        answer.body(Bytes::from(page.body)).ok()
    })
}
