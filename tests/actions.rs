//! Every action as a whole: a plan of one step, the same session and SDK clients as on the day, the simulated AWS. Each is played three
//! times: well; with something that fails and is mended; and by consoles that are killed while the call is on its way and while it runs,
//! and taken up again. What was done is counted in the simulated AWS.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by a panic what is wrong")]

#[path = "actions/adopted.rs"]
mod adopted;
#[path = "actions/cases.rs"]
mod cases;
#[path = "actions/drift.rs"]
mod drift;
#[path = "actions/failures.rs"]
mod failures;
#[path = "actions/set_up.rs"]
mod set_up;
mod table;

use std::path::Path;
use std::time::Duration;

use cases::CASES;
use futures_util::future::BoxFuture;
use lifeboat::console;
use lifeboat::domain::{Problem, ProblemKind, StepId};
use lifeboat::engine::Intent;
use lifeboat::journal::{Event, StepStatus};
use lifeboat::sim::inject::{Change, Fault, FaultKind, Inject};
use lifeboat::store::State;
use lifeboat::ui::Request;
use set_up::SetUp;
use table::{SPEED, Table, asks, open_played, steps};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/actions");

/// What is done beside the console.
type Deed = fn(&SetUp) -> BoxFuture<'_, ()>;

/// One action.
struct Case {
    /// Its plan in `tests/fixtures/actions`.
    plan: &'static str,
    /// What the plan finds.
    set_up: Deed,
    /// What breaks before the first attempt: a call that is refused once, or something that was done.
    breaks: Breaks,
    /// What is done about it after the attempt failed.
    mends: Deed,
    /// What the failure says.
    says: &'static str,
    /// Operations, and how often each has an effect: when all goes well, and when it failed and was mended.
    effects: &'static [(&'static str, usize, usize)],
    /// An output, and what is in it.
    gives: (&'static str, &'static str),
}

enum Breaks {
    /// The operation is refused once.
    Refused(&'static str),
    /// This is done.
    Done(Deed),
    /// This happens.
    Injected(fn() -> Change),
}

const NOTHING: Deed = |_| Box::pin(async {});

fn case(plan: &str) -> &'static Case {
    CASES.iter().find(|case| case.plan == plan).unwrap()
}

/// The step that is tried.
fn act() -> StepId {
    StepId::new("act")
}

async fn open(folder: &Path, case: &Case, resume: bool) -> Table {
    let world = format!("{FOLDER}/world.toml");
    let mut played = console::read(&world).unwrap();
    played.plan_path = format!("{FOLDER}/{}.toml", case.plan);
    played.plan_text.push_str(&std::fs::read_to_string(&played.plan_path).unwrap());
    open_played(folder, &world, played, "20260314-actions-0001", resume).await
}

/// A console that stops working at this moment.
#[derive(Clone, Copy)]
enum Kill {
    /// So long after the confirmation, while the call may be on its way.
    Calling(Duration),
    /// When AWS has taken it.
    Running,
}

/// Begins the exercise, sets up what the plan finds, and decides.
async fn begin(table: &mut Table, case: &Case, site: &SetUp) {
    table.start().await;
    table.session.request(Request::Speed(SPEED));
    (case.set_up)(site).await;
    if case.plan == "region-switch" {
        let value = site.switch_plan("shop-warm").await;
        table.order(Intent::SetVariable { name: "switch".into(), value });
    }
    table.order(Intent::Declare { reason: "to try it".into(), seen: vec![], weighed: Box::default() });
}

fn count(table: &Table, operation: &str) -> usize {
    let effects = table.exercise.world.lock().unwrap().effects();
    effects.iter().filter(|effect| effect.operation == operation).count()
}

/// Plays the plan to its end, or until the console is killed (`None`). What failed is mended and done again; after an answer that is lost
/// for good a person looks at what was done. Tells what failed.
async fn play(table: &mut Table, case: &Case, site: &SetUp, kill: Option<Kill>) -> Option<Vec<Problem>> {
    let mut failures = Vec::new();
    table.session.request(Request::Speed(SPEED));
    loop {
        let settled = |id: &StepId| table.state().incident.steps.get(id).is_some_and(|record| record.is_settled());
        // What takes another step back is done only if somebody asks for it.
        if table.plan.steps.iter().all(|step| step.undoes.is_some() || settled(&step.id)) {
            return Some(failures);
        }
        let ready: Vec<StepId> = table.plan.ready(&settled).into_iter().map(|step| step.id.clone()).collect();
        for step in ready {
            match table.state().incident.status(&step) {
                StepStatus::Pending => {}
                StepStatus::Failed(problem) => {
                    let operation = case.effects[0].0;
                    let done = problem.kind == ProblemKind::Unknown && count(table, operation) > 0;
                    failures.push(problem);
                    assert!(failures.len() < 3, "{}: it fails again and again: {failures:#?}", case.plan);
                    if done {
                        table.order(Intent::SkipStep { step, reason: "it did its work, we looked".into() });
                        continue;
                    }
                    (case.mends)(site).await;
                }
                _ => continue,
            }
            table.confirm(&step).await;
            if let Some(Kill::Calling(after)) = kill {
                tokio::time::sleep(after).await;
                return None;
            }
        }
        if let Some(step) = asks(table.state()) {
            table.approve(&step).await;
            let refused = |state: &State| {
                let refusals = state.events.iter().filter(|recorded| matches!(recorded.event, Event::CallRefused { .. }));
                refusals.count()
            };
            assert!(refused(table.state()) < 3, "{}: its answers are refused: {:#?}", case.plan, table.state().events.last());
        }
        if matches!(kill, Some(Kill::Running)) && steps(table.state()).values().any(|status| *status == StepStatus::Running) {
            return None;
        }
        let before = steps(table.state());
        // What failed is mended at once, and what has ended may let another step begin.
        if before.values().any(|status| matches!(status, StepStatus::Calling | StepStatus::Running)) {
            table.until("the next change of a step", move |state| steps(state) != before || asks(state).is_some()).await;
        }
    }
}

/// Leaves in order, and holds what was done against what was to be done.
async fn leave(table: Table, case: &Case, failed: bool) {
    let act = &table.state().incident.steps[&StepId::new("act")];
    let skipped = act.skipped.is_some();
    let (name, part) = case.gives;
    let output = table.state().incident.output(&StepId::new("act"), name).unwrap_or_default();
    assert!(skipped || output.contains(part), "{}: {name} is {output:?}", case.plan);
    let world = table.exercise.world.clone();
    table.session.close().await;
    table.exercise.stop().await;
    let effects = world.lock().unwrap().effects();
    for (operation, well, mended) in case.effects {
        let count = effects.iter().filter(|effect| effect.operation == *operation).count();
        assert_eq!(count, if failed { *mended } else { *well }, "{}: {operation}", case.plan);
    }
}

async fn well(case: &Case) {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path(), case, false).await;
    let site = SetUp::of(&table).await;
    begin(&mut table, case, &site).await;
    let failures = play(&mut table, case, &site, None).await.unwrap();
    assert_eq!(failures, [], "{}", case.plan);
    leave(table, case, false).await;
}

fn fault(operation: &str, kind: FaultKind) -> Inject {
    let glob = || "*".to_owned();
    let name = format!("{operation} fails");
    let (service, region, account, operation) = (glob(), glob(), glob(), operation.to_owned());
    let fault = Fault { name: name.clone(), service, region, operation, account, kind, lasts: None, calls: Some(1), chance: 1.0 };
    Inject::by_hand(name, vec![Change::Fault(fault)])
}

async fn mended(case: &Case) {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path(), case, false).await;
    let site = SetUp::of(&table).await;
    begin(&mut table, case, &site).await;
    match case.breaks {
        Breaks::Refused(operation) => table.exercise.world.lock().unwrap().inject(fault(operation, FaultKind::Denied)).unwrap(),
        Breaks::Done(deed) => deed(&site).await,
        Breaks::Injected(change) => {
            let inject = Inject::by_hand("it fails", vec![change()]);
            table.exercise.world.lock().unwrap().inject(inject).unwrap();
        }
    }
    let failures = play(&mut table, case, &site, None).await.unwrap();
    let said: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert!(said.len() == 1 && said[0].contains(case.says), "{}: {said:?}", case.plan);
    leave(table, case, true).await;
}

/// One console's life in a runtime of its own, which goes with everything that was under way. `true`: it came to the end.
fn life(folder: &Path, case: &Case, resume: bool, kill: Option<Kill>) -> bool {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ended = runtime.block_on(async {
        let mut table = open(folder, case, resume).await;
        let site = SetUp::of(&table).await;
        if !resume {
            begin(&mut table, case, &site).await;
        }
        match play(&mut table, case, &site, kill).await {
            Some(_) => {
                leave(table, case, false).await;
                true
            }
            None => false,
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(30));
    ended
}

/// Killed with the call on its way, at once and a little later, and once more while it runs.
fn killed(case: &Case) {
    for after in [0, 4, 25] {
        let folder = tempfile::tempdir().unwrap();
        assert!(!life(folder.path(), case, false, Some(Kill::Calling(Duration::from_millis(after)))));
        // What is over within a look is not there to be killed again.
        if !life(folder.path(), case, true, Some(Kill::Running)) {
            assert!(life(folder.path(), case, true, None), "{}: killed after {after} ms", case.plan);
        }
    }
}

async fn lost(case: &Case) {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path(), case, false).await;
    let site = SetUp::of(&table).await;
    begin(&mut table, case, &site).await;
    let operation = case.effects[0].0;
    table.exercise.world.lock().unwrap().inject(fault(operation, FaultKind::AnswerLost)).unwrap();
    let failures = play(&mut table, case, &site, None).await.unwrap();
    assert!(failures.iter().all(|problem| problem.kind == ProblemKind::Unknown), "{}: {failures:?}", case.plan);
    leave(table, case, false).await;
}

macro_rules! each {
    ($($name:ident = $plan:literal),+ $(,)?) => { $(
        mod $name {
            fn case() -> &'static super::Case {
                super::case($plan)
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn goes_well() {
                super::well(case()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn fails_and_is_mended() {
                super::mended(case()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn loses_its_answer() {
                super::lost(case()).await;
            }

            #[test]
            fn is_killed_and_taken_up_again() {
                super::killed(case());
            }
        }
    )+ };
}

/// What a step made is taken back by the step that is its undo, once, and only what was made since the incident began.
async fn taken_back(case: &Case, deletes: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path(), case, false).await;
    let site = SetUp::of(&table).await;
    begin(&mut table, case, &site).await;
    play(&mut table, case, &site, None).await.unwrap();
    let undo = StepId::new("take-back");
    assert_eq!(count(&table, deletes), 0, "nobody asked for it yet");
    table.order(Intent::TakeUp { step: undo.clone(), reason: "it was the wrong one".into() });
    table.confirm(&undo).await;
    let taken = undo.clone();
    table.until("the end of the undo", move |state| state.incident.status(&taken) == StepStatus::Done).await;
    assert_eq!(count(&table, deletes), 1, "{}", case.plan);
    table.session.request(Request::Prepare(undo.clone()));
    let again = table.prepared(&undo).await;
    assert!(again.is_blocked(), "what is gone is not deleted again: {:?}", again.findings);
    table.session.close().await;
    table.exercise.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stack_a_resource_and_a_table_are_taken_back() {
    for (plan, deletes) in [("deploy", "DeleteStack"), ("create", "DeleteResource"), ("table", "DeleteTable")] {
        taken_back(case(plan), deletes).await;
    }
}

/// A wait ends when it would have ended, whoever waits.
#[test]
fn a_wait_is_no_longer_for_a_console_that_takes_over() {
    let case = Case {
        plan: "wait",
        set_up: NOTHING,
        breaks: Breaks::Done(NOTHING),
        mends: NOTHING,
        says: "",
        effects: &[],
        gives: ("seen", "2026-03-14"),
    };
    let folder = tempfile::tempdir().unwrap();
    assert!(!life(folder.path(), &case, false, Some(Kill::Running)));
    assert!(life(folder.path(), &case, true, None));
    let journal = std::fs::read_dir(folder.path().join("exercises")).unwrap().map(|entry| entry.unwrap().path());
    let journal = journal.into_iter().find(|path| path.extension().is_some_and(|kind| kind == "lifeboat")).unwrap();
    let (_, events) = lifeboat::journal::Journal::open(&journal).unwrap();
    let incident = lifeboat::journal::Incident::of(&events);
    let attempt = incident.steps[&StepId::new("act")].last().unwrap().clone();
    assert_eq!((attempt.number, (attempt.finished().unwrap() - attempt.confirmed_at).num_seconds()), (1, 300));
}

each! {
    deploy = "deploy",
    create = "create",
    table_to_a_moment = "table",
    instance_to_a_moment = "instance",
    cluster_to_a_moment = "cluster",
    copy = "copy",
    continuous = "continuous",
    rewind = "rewind",
    command = "command",
    records = "records",
    health_check = "health-check",
    region_switch = "region-switch",
    routing_control = "routing-control",
    invoke = "invoke",
    execute = "execute",
    publish = "publish",
}
