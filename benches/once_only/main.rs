//! Exactly once: consoles that are killed at every write of the journal, and answers of AWS that are lost, over each kind of step;
//! what took effect is counted by the simulated AWS.
//!
//! `cargo bench --bench once_only -- --runs 10000 [--seed N] [--only RUN]`. A run is one incident with the steps of one kind, played
//! by the engine, the driver, the gate, the journal on disk and the official SDK clients that every console has, until the journal
//! holds AWS's answer to each confirmed call. It is played over again from its journal each time that its console is killed.
//!
//! A kill is a runtime that is dropped with everything that was under way; nothing is kept but the journal's file, which the next
//! console opens, and AWS. It happens right before a write of the journal, right after it, while AWS's answer is on its way, or at
//! any time. What SQLite does when a process dies within a write is not played here (`tests/journal_recovery.rs` is about that). The
//! file is in memory where the machine has such a folder: a killed process loses nothing that it has written, and `fsync` is not
//! what is measured. Nor does a console wait 30 s, as `console::Session` does, before it looks up what another one had confirmed.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement may fail this way, and tells its figures"
)]

mod console;
mod faults;
mod kinds;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lifeboat::domain::IncidentId;
use tokio::runtime::{Builder, Runtime};

use console::{Stop, World};
use faults::{Dice, Killed, Plot};
use kinds::{Act, KINDS, Kind};

/// How many incidents are played at the same time, each in a simulated AWS of its own: they wait much more than they reckon.
const SIDE_BY_SIDE: usize = 24;
/// How many runs share one simulated AWS before there is a new one: what they make stays in it.
const RUNS_A_WORLD: usize = 100;
/// From how many runs on every fault must have occurred with every kind.
const RUNS_FOR_ALL: usize = 4_000;
/// How long one console may take, in real time, before the run counts as stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// What came of the runs.
#[derive(Default)]
struct Figures {
    runs: BTreeMap<&'static str, usize>,
    /// By kind and by what happened.
    faults: BTreeMap<(&'static str, String), usize>,
    twice: usize,
    missing: usize,
    wrong: Vec<String>,
}

fn main() {
    let (runs, seed) = (argument("--runs").unwrap_or(500), argument("--seed").unwrap_or(1) as u64);
    let only = argument("--only");
    covers_every_action();
    let server = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (figures, next) = (Mutex::new(Figures::default()), AtomicUsize::new(0));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for worker in 0..SIDE_BY_SIDE {
            let (figures, next, server) = (&figures, &next, &server);
            scope.spawn(move || work(worker, &|| one_more(next, runs, only), seed, server, figures));
        }
    });
    let figures = figures.into_inner().unwrap();
    tell(&figures);
    println!("{:.0} s, seed {seed}, journals in {}", start.elapsed().as_secs_f64(), folder().display());
    let played: usize = figures.runs.values().sum();
    if played >= RUNS_FOR_ALL {
        every_fault_occurred(&figures);
    }
    println!("{played} runs, {} twice, {} missing", figures.twice, figures.missing);
    if !figures.wrong.is_empty() || figures.twice + figures.missing > 0 {
        std::process::exit(1);
    }
}

fn argument(name: &str) -> Option<usize> {
    std::env::args().skip_while(|given| given != name).nth(1)?.parse().ok()
}

fn one_more(next: &AtomicUsize, runs: usize, only: Option<usize>) -> Option<usize> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    match only {
        Some(only) => (number == 0).then_some(only),
        None => (number < runs).then_some(number),
    }
}

/// In memory, if the machine has such a folder.
fn folder() -> std::path::PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

/// An action that changes AWS and is not played here would make the last line a lie.
fn covers_every_action() {
    fn names(value: &serde_json::Value) -> Option<Vec<&str>> {
        let listed = value["enum"].as_array().map(|names| names.iter().filter_map(|name| name.as_str()).collect::<Vec<_>>());
        if let Some(listed) = listed.filter(|listed| listed.contains(&"backup.restore")) {
            return Some(listed);
        }
        match value {
            serde_json::Value::Object(members) => members.values().find_map(names),
            serde_json::Value::Array(items) => items.iter().find_map(names),
            _ => None,
        }
    }
    let schema = lifeboat::plan::schema();
    let names = names(&schema).unwrap();
    let quiet = ["manual", "check", "wait"];
    let missing = names.into_iter().filter(|name| !quiet.contains(name) && KINDS.iter().all(|kind| kind.action != *name));
    let missing: Vec<_> = missing.collect();
    assert!(missing.is_empty(), "not played: {missing:?}");
}

fn work(worker: usize, next: &dyn Fn() -> Option<usize>, seed: u64, server: &Runtime, figures: &Mutex<Figures>) {
    let mut open = next();
    while open.is_some() {
        let folder = tempfile::Builder::new().prefix("once-only-").tempdir_in(folder()).unwrap();
        let world = server.block_on(console::world(seed ^ (worker as u64) << 32));
        let mut left = RUNS_A_WORLD;
        while let Some(number) = open.filter(|_| left > 0) {
            run(&world, folder.path(), number, seed, figures);
            left -= 1;
            open = next();
        }
        server.block_on(world.exercise.stop());
    }
}

/// One incident, from its first event until every confirmed call has its answer.
fn run(world: &World, folder: &Path, number: usize, seed: u64, figures: &Mutex<Figures>) {
    let kind = &KINDS[number % KINDS.len()];
    let id = IncidentId::new(format!("20260314-once-{number:05}"));
    let mut plot = Plot::of(kind, number / KINDS.len(), Dice::new(seed, number as u64));
    let furnished = kinds::furnish_run(&world.exercise.world, &world.exercise.clock, kind, id.as_str());
    let plan = console::plan(kind, folder, &furnished);
    let (before, met) = (effects(world, kind), met(world, kind));
    plot.weather(world);
    let mut life = 0;
    let ended = loop {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let kill = plot.kill(life);
        let ended = runtime.block_on(async {
            let done = || effects(world, kind).iter().sum::<usize>() > before.iter().sum();
            let play = console::life(world, &plan, folder, &id, life, kind.acts, furnished.impact, &kill, &done);
            let killed = kill.falls(world);
            tokio::select! {
                biased;
                how = killed => Err(Stop::Killed(how)),
                ended = tokio::time::timeout(PATIENCE, play) => ended.unwrap_or_else(|_| Err(Stop::Stuck("nothing happens any more".into()))),
            }
        });
        drop(runtime);
        match ended {
            Err(Stop::Killed(Killed(how))) => note(figures, kind, how),
            other => break other,
        }
        // What the killed console had begun to send is read or dropped by now; consoles wait 30 s for that.
        std::thread::sleep(Duration::from_millis(10));
        life += 1;
    };
    faults::calm(world);
    for (operation, more) in self::met(world, kind).iter().zip(&met).map(|((operation, now), (_, then))| (operation, now - then))
    {
        (0..more).for_each(|_| note(figures, kind, format!("answer of {operation} lost or late")));
    }
    let counted: Vec<usize> = effects(world, kind).iter().zip(&before).map(|(now, then)| now - then).collect();
    let mut figures = figures.lock().unwrap();
    *figures.runs.entry(kind.name).or_default() += 1;
    let mut wrong = Vec::new();
    for ((operation, expected), counted) in kind.effects.iter().zip(&counted) {
        figures.twice += usize::from(counted > expected);
        figures.missing += usize::from(counted < expected);
        if counted != expected {
            wrong.push(format!("{operation} took effect {counted} times instead of {expected}"));
        }
    }
    if let Err(Stop::Stuck(why)) = ended {
        wrong.push(why);
    }
    if !wrong.is_empty() {
        let story = console::story(folder, &id).join("\n    ");
        let text = format!("run {number}, {}, {plot:?}: {}\n    {story}", kind.name, wrong.join("; "));
        println!("{text}");
        figures.wrong.push(text);
    }
}

fn note(figures: &Mutex<Figures>, kind: &'static Kind, what: String) {
    *figures.lock().unwrap().faults.entry((kind.name, what)).or_default() += 1;
}

fn effects(world: &World, kind: &Kind) -> Vec<usize> {
    let effects = world.exercise.world.lock().unwrap().effects();
    kind.effects.iter().map(|(operation, _)| effects.iter().filter(|effect| effect.operation == *operation).count()).collect()
}

fn met(world: &World, kind: &Kind) -> Vec<(&'static str, usize)> {
    let world = world.exercise.world.lock().unwrap();
    kind.effects.iter().map(|(operation, _)| (*operation, world.met(operation))).collect()
}

fn tell(figures: &Figures) {
    for (kind, runs) in &figures.runs {
        println!("{kind}: {runs} runs");
        for ((_, what), times) in figures.faults.iter().filter(|((of, _), _)| of == kind) {
            println!("    {times:>6} {what}");
        }
    }
}

/// What the figures are for: every kind met every fault.
fn every_fault_occurred(figures: &Figures) {
    for kind in KINDS {
        let mut wanted = vec![faults::ON_ITS_WAY.to_owned(), faults::ANY_TIME.to_owned()];
        for write in ["incident-opened", "failover-declared", "step-confirmed", "call-answered"] {
            wanted.extend([format!("killed before the write of {write}"), format!("killed after the write of {write}")]);
        }
        wanted.extend(kind.effects.iter().map(|(operation, _)| format!("answer of {operation} lost or late")));
        for what in wanted {
            let met = figures.faults.iter().any(|((of, how), _)| *of == kind.name && how.starts_with(&what));
            assert!(met, "{} never met this: {what}", kind.name);
        }
        assert!(kind.acts.iter().any(|act| matches!(act, Act::Start(_))));
    }
}
