//! What `lifeboat alarms --json` takes, next to raw sequential HTTP paging of the same server, in one run.
//!
//! `cargo bench --bench listing`; `LIFEBOAT_BENCH_ALARMS=1000` for another size. The server pages as CloudWatch does, in its protocol,
//! from answers that are ready beforehand: what is measured is the client. The raw client asks over one connection, reads each body
//! whole and looks for nothing in it but the next token. The program is started anew each time, and that counts.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement may fail this way, and tells its figures")]

#[path = "listing/server.rs"]
mod server;

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use server::{Paged, Settings};

/// What a run of the program cost.
struct Run {
    took: Duration,
    rows: usize,
    peak_kib: u64,
}

fn main() {
    let alarms = std::env::var("LIFEBOAT_BENCH_ALARMS").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000);
    println!("{alarms} alarms, of which one in 20 is composite, 100 a page; times are of the fastest of each three runs\n");
    for delay_ms in [0, 50] {
        let server = Paged::start(Settings { alarms, delay: Duration::from_millis(delay_ms), ..Settings::default() });
        let raw = fastest(3, || server.raw("eu-west-1"));
        let ours = best(3, || lifeboat(&server, &["eu-west-1"]), alarms);
        println!(
            "{delay_ms:>3} ms round trip: raw sequential {}  lifeboat {}  ratio {}",
            secs(raw),
            secs(ours.took),
            ratio(ours.took, raw)
        );
    }
    limited(alarms);
    regions(alarms);
    memory(alarms);
}

/// AWS's own limit: 9 requests a second and Region, with 9 ready at the beginning.
fn limited(alarms: usize) {
    let server = Paged::start(Settings { alarms, per_second: Some(9.0), ..Settings::default() });
    let pages = (alarms as f64 / 100.0).ceil();
    let forced = Duration::from_secs_f64(((pages - 9.0) / 9.0).max(0.001));
    let ours = best(1, || lifeboat(&server, &["eu-west-1"]), alarms);
    let refused = server.refused();
    println!(
        "9 requests a second: the limit forces {}  lifeboat {}  ratio {}, {refused} refused",
        secs(forced),
        secs(ours.took),
        ratio(ours.took, forced)
    );
}

/// Eight Regions, of which one is slow.
fn regions(alarms: usize) {
    let all = ["eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "eu-south-1", "eu-central-1", "us-east-1", "us-west-2"];
    let each = alarms / 8;
    let slow = Some(("eu-south-1".to_owned(), Duration::from_millis(150)));
    let server = Paged::start(Settings { alarms: each, delay: Duration::from_millis(50), slow, ..Settings::default() });
    let alone = best(1, || lifeboat(&server, &["eu-south-1"]), each);
    let one_by_one: Duration = all.iter().map(|region| lifeboat(&server, &[region]).took).sum();
    let together = best(1, || lifeboat(&server, &all), each * 8);
    println!(
        "8 Regions of {each} alarms: the slowest alone {}  one after the other {}  together {}  ratio to the slowest {}",
        secs(alone.took),
        secs(one_by_one),
        secs(together.took),
        ratio(together.took, alone.took)
    );
}

fn memory(alarms: usize) {
    let peak = |alarms: usize| {
        let server = Paged::start(Settings { alarms, ..Settings::default() });
        best(1, || lifeboat(&server, &["eu-west-1"]), alarms).peak_kib
    };
    let (few, many) = (peak(alarms / 10), peak(alarms * 10));
    println!("peak memory: {} alarms {:.1} MiB  {} alarms {:.1} MiB", alarms / 10, mib(few), alarms * 10, mib(many));
}

fn lifeboat(server: &Paged, regions: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.toml");
    std::fs::write(&plan, plan_of(regions)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
    command.args(["alarms", "--json", "--endpoint-url", &server.url, "--plan"]).arg(&plan);
    for site in 0..regions.len() {
        command.args(["--site", name_of(site)]);
    }
    command.env("LIFEBOAT_HOME", folder.path()).env("AWS_ACCESS_KEY_ID", "AKIAEXERCISEOPERATOR");
    command.env("AWS_SECRET_ACCESS_KEY", "exercise").env_remove("AWS_PROFILE").env_remove("AWS_SESSION_TOKEN");
    let start = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let (mut rows, mut peak_kib, mut buffer) = (0, 0, vec![0; 1 << 16]);
    loop {
        let count = out.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        rows += buffer[..count].iter().filter(|byte| **byte == b'\n').count();
        peak_kib = high_water(&status).unwrap_or(peak_kib);
    }
    assert!(child.wait().unwrap().success());
    Run { took: start.elapsed(), rows, peak_kib }
}

/// The most memory that the process has had, where the system tells it.
fn high_water(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
}

fn name_of(site: usize) -> &'static str {
    ["primary", "recovery", "third", "fourth", "fifth", "sixth", "seventh", "eighth"][site]
}

fn plan_of(regions: &[&str]) -> String {
    let mut plan = include_str!("listing/plan.toml").to_owned();
    let spare = "ap-southeast-2";
    for site in 0..regions.len().max(2) {
        let region = regions.get(site).unwrap_or(&spare);
        plan.push_str(&format!("[sites.{}]\naccount = \"111122223333\"\nregion = \"{region}\"\n", name_of(site)));
    }
    plan
}

fn best(times: usize, mut run: impl FnMut() -> Run, rows: usize) -> Run {
    let runs = (0..times).map(|_| run()).inspect(|run| assert_eq!(run.rows, rows, "every alarm comes once"));
    runs.min_by_key(|run| run.took).unwrap()
}

fn fastest(times: usize, mut run: impl FnMut() -> Duration) -> Duration {
    (0..times).map(|_| run()).min().unwrap()
}

fn secs(duration: Duration) -> String {
    format!("{:.3} s", duration.as_secs_f64())
}

fn ratio(ours: Duration, other: Duration) -> String {
    format!("{:.2}", ours.as_secs_f64() / other.as_secs_f64())
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
