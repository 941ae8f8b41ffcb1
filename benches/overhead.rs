//! What the console adds to a recovery: from the first confirmation until it is recovered, against the critical path of the same plan
//! on the simulated AWS at real speed, when everything is confirmed at once.
//!
//! `cargo bench --bench overhead`; it takes as long as the recovery, about five minutes. The critical path is what AWS takes by the
//! scenario: the volume's restore, the runbook that attaches it, the records' propagation. At most 1.02 of it is the aim.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement may fail this way, and tells its figures"
)]

#[path = "../tests/table/mod.rs"]
mod table;

use chrono::TimeDelta;
use lifeboat::console;
use lifeboat::domain::StepId;
use lifeboat::journal::StepStatus;
use lifeboat::ui::Request;
use table::{Table, open_played};

/// The steps of the critical path in order, and what AWS takes for each by the scenario `region-outage`, in seconds.
const PATH: [(&str, i64); 3] = [("catalog-volume", 180), ("attach-volume", 75), ("move-records", 35)];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (took, path) = runtime.block_on(recover());
    let ratio = took.num_milliseconds() as f64 / path.num_milliseconds() as f64;
    println!("from the first confirmation to recovered: {:.1} s", took.num_milliseconds() as f64 / 1000.0);
    println!("critical path by AWS's own times:         {:.1} s", path.num_milliseconds() as f64 / 1000.0);
    println!("ratio {ratio:.4}");
}

/// The shop's plan, of which only the path is left, so that nothing waits for a person.
fn plan(text: &str) -> String {
    let mut parts = text.split("[[step]]\n");
    let head = parts.next().unwrap();
    let steps = parts.filter(|step| PATH.iter().any(|(id, _)| step.starts_with(&format!("id = \"{id}\"\n"))));
    let steps: Vec<String> = steps.map(str::to_owned).collect();
    format!("{head}[[step]]\n{}", steps.join("[[step]]\n")).replace("needs = [\"smoke-test\"]", "needs = [\"attach-volume\"]")
}

async fn recover() -> (TimeDelta, TimeDelta) {
    let folder = tempfile::tempdir().unwrap();
    let mut played = console::read("region-outage").unwrap();
    played.plan_text = plan(&played.plan_text);
    let mut table = open_played(folder.path(), "region-outage", played, "20260314-overhead", false).await;
    table.start().await;
    table.declare().await;
    table.session.request(Request::Speed(1.0));
    let first = table.exercise.clock.now();
    for (step, _) in PATH {
        confirm_when_ready(&mut table, &StepId::new(step)).await;
    }
    let took = table.exercise.clock.now() - first;
    let path = PATH.iter().map(|(step, _)| by_aws(&table, &StepId::new(*step))).sum();
    table.leave().await;
    (took, path)
}

async fn confirm_when_ready(table: &mut Table, step: &StepId) {
    table.confirm(step).await;
    // Longer than the steps take, and nothing else waits here.
    for _ in 0..10 {
        let done = |state: &lifeboat::store::State| state.incident.status(step) == StepStatus::Done;
        if tokio::time::timeout(std::time::Duration::from_secs(100), table.until("its end", done)).await.is_ok() {
            break;
        }
    }
    assert_eq!(table.state().incident.status(step), StepStatus::Done, "{step}");
}

/// What AWS took, by its own times; for a record change, whose end AWS does not time, what the scenario says.
fn by_aws(table: &Table, step: &StepId) -> TimeDelta {
    let attempt = table.state().incident.steps[step].last().unwrap();
    let known = PATH.iter().find(|(id, _)| *id == step.as_str()).map(|(_, secs)| TimeDelta::seconds(*secs)).unwrap();
    let ended = attempt.ended.as_ref().and_then(|end| end.aws_began_at.zip(end.aws_at));
    let measured = ended.map_or(known, |(began, ended)| ended - began);
    println!("{step}: AWS took {:.1} s", measured.num_milliseconds() as f64 / 1000.0);
    measured
}
