//! Failures are told apart, and each leads on in its own way: what passes by itself is looked at again, what ran out of its time is
//! followed on, and nothing is done twice.

use lifeboat::store::Prepared;
use lifeboat::ui::Symbols;
use lifeboat::ui::plain::Plain;

use super::*;

async fn fails(table: &mut Table) -> Problem {
    table.until("the failure", |state| matches!(state.incident.status(&act()), StepStatus::Failed(_))).await;
    match table.state().incident.status(&act()) {
        StepStatus::Failed(problem) => problem,
        other => panic!("{other:?}"),
    }
}

async fn ends(table: &mut Table) {
    table.until("the end", |state| state.incident.status(&act()) == StepStatus::Done).await;
}

/// What the console says of the step.
fn told(table: &mut Table, lines: &[&str]) -> String {
    let (mut plain, _) = Plain::open(table.state(), Symbols::default());
    let mut said = String::new();
    for line in lines {
        let reply = plain.on_line(line, table.state(), table.exercise.clock.now());
        reply.requests.into_iter().for_each(|request| table.session.request(request));
        said.push_str(&reply.lines.join("\n"));
    }
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_that_have_ended_are_renewed_and_the_call_is_sent_once() {
    let case = case("command");
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path(), case, false).await;
    let site = SetUp::of(&table).await;
    begin(&mut table, case, &site).await;
    table.exercise.world.lock().unwrap().inject(fault("SendCommand", FaultKind::Expired)).unwrap();
    table.confirm(&act()).await;
    assert_eq!(fails(&mut table).await.kind, ProblemKind::Expired);
    let step = told(&mut table, &["step act"]);
    assert!(step.contains("renew them") && step.contains("it is tried again by itself"), "{step}");
    assert_eq!(count(&table, "SendCommand"), 0);
    // By itself it is only looked at; a person says yes again.
    let again = |state: &State| matches!(state.preparations.get(&act()), Some((_, Prepared::Ready(it, _))) if it.attempt == 2);
    table.until("the look that nobody asked for", again).await;
    assert_eq!(count(&table, "SendCommand"), 0);
    table.confirm(&act()).await;
    ends(&mut table).await;
    leave(table, case, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_answer_is_said_before_anything_is_confirmed() {
    let case = case("health-check");
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path(), case, false).await;
    let site = SetUp::of(&table).await;
    begin(&mut table, case, &site).await;
    let mut silence = fault("GetHealthCheck", FaultKind::Reset);
    for change in &mut silence.changes {
        if let Change::Fault(fault) = change {
            (fault.calls, fault.lasts) = (None, Some(chrono::TimeDelta::hours(1)));
        }
    }
    table.exercise.world.lock().unwrap().inject(silence).unwrap();
    table.session.request(Request::Prepare(act()));
    let failed = |state: &State| matches!(state.preparations.get(&act()), Some((_, Prepared::Failed(..))));
    table.until("what is said of the silence", failed).await;
    match &table.state().preparations[&act()].1 {
        Prepared::Failed(problem, ..) => assert_eq!(problem.kind, ProblemKind::Unreachable, "{problem}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(table.state().incident.status(&act()), StepStatus::Pending);
    table.session.request(Request::StepClock(Duration::from_secs(3601)));
    table.confirm(&act()).await;
    ends(&mut table).await;
    leave(table, case, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ran_out_of_its_time_is_followed_on_and_not_begun_again() {
    let case = case("copy");
    let folder = tempfile::tempdir().unwrap();
    let world = format!("{FOLDER}/world.toml");
    let mut played = console::read(&world).unwrap();
    played.plan_path = format!("{FOLDER}/copy.toml");
    let step = std::fs::read_to_string(&played.plan_path).unwrap();
    played.plan_text.push_str(&step.replace("limit = \"2h\"", "limit = \"5m\""));
    let mut table = open_played(folder.path(), &world, played, "20260314-actions-0001", false).await;
    let site = SetUp::of(&table).await;
    begin(&mut table, case, &site).await;
    // A copy takes AWS ten minutes.
    table.confirm(&act()).await;
    let problem = fails(&mut table).await;
    assert!(problem.kind == ProblemKind::TimedOut && problem.message.contains("not done within 5 min"), "{problem}");
    let step = told(&mut table, &["step act"]);
    assert!(step.contains("follow it on") && step.contains("left to run on"), "{step}");
    let asked = told(&mut table, &["adopt act", "yes"]);
    table.until("that it is followed on", |state| state.incident.steps[&act()].attempts.len() == 2).await;
    ends(&mut table).await;
    assert!(asked.contains("ask: "), "{asked}");
    leave(table, case, false).await;
}
