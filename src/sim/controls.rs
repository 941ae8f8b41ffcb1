//! What a test suite asks of the simulated AWS itself, beside AWS's calls: is it there, and may it begin anew.
//!
//! The paths are our own and those at which the suites of other stand-ins ask the same. Only `lifeboat simulate` has them: in an
//! exercise they would undo what the players did. They know the world and its clock, and nothing of AWS's calls.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde_json::{Value, json};

use super::exchange::Fallback;
use super::scenario::Scenario;
use super::service::coverage;
use super::wire::Response;
use super::world::World;
use crate::clock::Clock;

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Health,
    Reset,
    Seed,
    Config,
}

/// Method, path, what is asked, and what is to be said of it.
const PATHS: &[(&str, &str, Asked, &str)] = &[
    ("GET", "/_lifeboat/health", Asked::Health, "scenario, seed, the world's time, the services"),
    ("POST", "/_lifeboat/reset", Asked::Reset, "everything is as it was at the beginning, ids and `--state FILE` too"),
    ("POST", "/_lifeboat/seed?a=N", Asked::Seed, "ids are drawn from this seed from now on; all else stays"),
    ("GET", "/_localstack/health", Asked::Health, "the same"),
    ("POST", "/_localstack/state/reset", Asked::Reset, "the same"),
    ("POST", "/moto-api/reset", Asked::Reset, "the same"),
    ("POST", "/moto-api/seed?a=N", Asked::Seed, "the same"),
    ("GET", "/moto-api/config", Asked::Config, "state machines are carried out, always"),
    ("POST", "/moto-api/config", Asked::Config, "changes nothing, and tells what holds"),
];

/// The paths, for docs/simulated-aws.md.
pub fn document() -> String {
    let mut text = String::from(
        "\n## Beginning anew\n\n`lifeboat simulate` answers these without a signature; an exercise does not. An estate that is `empty` or \
         generated begins at\nthe real time, so after a reset it shows the real time again; a scenario begins at its own.\n\n\
         | | path | |\n| --- | --- | --- |\n",
    );
    PATHS.iter().for_each(|(method, path, _, note)| text.push_str(&format!("| {method} | `{path}` | {note} |\n")));
    text
}

/// Answers the paths above, and hands every other request on to `next`. `begin` makes what the world begins as.
pub fn controls(
    world: Arc<Mutex<World>>,
    clock: Clock,
    begin: impl Fn() -> Arc<Scenario> + Send + Sync + 'static,
    next: Fallback,
) -> Fallback {
    Arc::new(move |parts: &Parts| {
        let path = parts.uri.path();
        let known = |whole: &str| whole.split('?').next() == Some(path.trim_end_matches('/'));
        let mut found = PATHS.iter().filter(|(_, whole, ..)| known(whole)).peekable();
        if found.peek().is_none() {
            return next(parts);
        }
        let Some((_, _, asked, _)) = found.find(|(method, ..)| *method == parts.method) else {
            return Some(told(405, &json!({"error": format!("not with {}", parts.method)})));
        };
        let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
        Some(match asked {
            Asked::Health => {
                world.advance_to(clock.now());
                told(200, &health(&world))
            }
            // The clock is set under the world's lock, so that no call comes with a time of before.
            Asked::Reset => match world.reset(begin()) {
                Ok(()) => {
                    clock.jump(world.now());
                    told(200, &json!({"status": "ok"}))
                }
                Err(error) => told(500, &json!({"error": error.to_string()})),
            },
            Asked::Config => told(200, &json!({"stepfunctions": {"execute_state_machine": true}})),
            Asked::Seed => match seed(parts) {
                Some(seed) => match world.reseed(seed) {
                    Ok(()) => told(200, &json!({"status": "ok"})),
                    Err(error) => told(500, &json!({"error": error.to_string()})),
                },
                None => told(400, &json!({"error": "the seed is a whole number: ?a=42"})),
            },
        })
    })
}

fn seed(parts: &Parts) -> Option<u64> {
    parts.uri.query()?.split('&').find_map(|pair| pair.strip_prefix("a="))?.parse().ok()
}

fn health(world: &World) -> Value {
    let services: serde_json::Map<_, _> =
        coverage::SERVICES.iter().map(|(name, ..)| ((*name).to_owned(), json!("available"))).collect();
    json!({"status": "running", "scenario": world.scenario().name, "seed": world.seed, "at": world.now(), "services": services})
}

fn told(status: u16, value: &Value) -> Response {
    let mut answer = Response::new(Bytes::from(value.to_string()));
    *answer.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    answer.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    answer
}
