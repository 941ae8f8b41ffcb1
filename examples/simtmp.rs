#![allow(warnings, clippy::all)]
pub use lifeboat::{clock, document, sim};
#[path = "ex.inc"]
mod exercise;
#[tokio::main]
async fn main() {
    let a: Vec<String> = std::env::args().collect();
    let speed: f64 = a.iter().position(|x| x == "--speed").map(|i| a[i + 1].parse().unwrap()).unwrap_or(1.0);
    let played = exercise::read("region-outage").unwrap();
    let e = exercise::Exercise::start(played.scenario.clone(), 1, None, 0).await.unwrap();
    e.clock.set_speed(speed);
    e.clock.resume();
    println!("simulated AWS of x on {}", e.endpoint_url());
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap().recv().await;
    e.stop().await;
}
