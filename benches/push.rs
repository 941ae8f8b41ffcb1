//! From the moment that an alarm turns at AWS until the screen is painted with it, through EventBridge rule and SQS queue.
//!
//! `cargo bench --bench push`; `LIFEBOAT_BENCH_EVENTS=20` for another count. Loopback, simulated AWS.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement may fail this way, and tells its figures")]

#[path = "../tests/push_world/mod.rs"]
mod push_world;

use std::time::{Duration, Instant};

use push_world::PushWorld;

fn main() {
    let events = std::env::var("LIFEBOAT_BENCH_EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(41);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut took: Vec<Duration> = runtime.block_on(measure(events));
    took.sort();
    let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
    println!(
        "{events} events, from turned to painted: median {:.1} ms, slowest {:.1} ms; a poll alone takes up to 15,000 ms",
        ms(took[took.len() / 2]),
        ms(took[took.len() - 1])
    );
}

async fn measure(events: usize) -> Vec<Duration> {
    let mut world = PushWorld::start().await;
    let mut took = Vec::new();
    for number in 0..events {
        let state = ["ALARM", "OK"][number % 2];
        // A pause, so that the feed is found waiting as it mostly is.
        tokio::time::sleep(Duration::from_millis(700)).await;
        let start = Instant::now();
        world.turn(state);
        while world.known().as_deref() != Some(state) {
            world.next().await;
        }
        let screen = world.painted();
        took.push(start.elapsed());
        assert!(screen.contains("orders"), "{screen}");
    }
    world.end().await;
    took
}
