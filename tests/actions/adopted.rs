//! What a colleague has restored to a moment in the AWS console: found, matched to its step, adopted, timed from its own beginning, and
//! not done twice.

use super::*;

/// What is found when the step is prepared.
async fn found(table: &mut Table) -> lifeboat::domain::Preparation {
    table.session.request(Request::Prepare(act()));
    table.prepared(&act()).await
}

async fn adopted(case: &Case, begins: Deed, handle: &str, effects: (&str, usize)) {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path(), case, false).await;
    let site = SetUp::of(&table).await;
    begin(&mut table, case, &site).await;
    let before = table.exercise.clock.now();
    begins(&site).await;
    let preparation = found(&mut table).await;
    assert!(preparation.is_blocked(), "it is there already: {:?}", preparation.findings);
    let [work] = preparation.elsewhere.as_slice() else { panic!("{}: {:?}", case.plan, preparation.elsewhere) };
    table.order(Intent::Adopt { step: act(), work: Box::new(work.clone()) });
    table.until("the end of what was adopted", |state| state.incident.status(&act()) == StepStatus::Done).await;
    let attempt = table.state().incident.steps[&act()].last().unwrap().clone();
    let answered = attempt.answered.as_ref().unwrap();
    assert_eq!((answered.handle.as_str(), &attempt.confirmed.call), (handle, &None));
    assert!(answered.found.as_ref().unwrap().contains("started elsewhere"), "{:?}", answered.found);
    assert!(attempt.began() >= before, "timed from its own beginning, {before}, and not {}", attempt.began());
    let (name, part) = case.gives;
    assert!(table.state().incident.output(&act(), name).unwrap().contains(part), "{}", case.plan);
    assert_eq!(count(&table, effects.0), effects.1, "{}", case.plan);
    table.session.close().await;
    table.exercise.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_a_colleague_restores_is_adopted() {
    let begins: Deed = |site| Box::pin(site.restore_table("ledger", "ledger-restored"));
    adopted(case("table"), begins, "ledger-restored", ("RestoreTableToPointInTime", 1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_a_colleague_restores_is_adopted() {
    let begins: Deed = |site| Box::pin(site.restore_database("ledger-db", "ledger-db-restored"));
    // The database that was, and the colleague's.
    adopted(case("instance"), begins, "ledger-db-restored", ("CreateResource", 2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_of_the_name_that_was_not_restored_from_the_source_is_not_taken_for_it() {
    let case = case("table");
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path(), case, false).await;
    let site = SetUp::of(&table).await;
    begin(&mut table, case, &site).await;
    site.table("ledger-restored").await;
    let preparation = found(&mut table).await;
    assert!(preparation.is_blocked() && preparation.elsewhere.is_empty(), "{:?}", preparation.elsewhere);
    table.session.close().await;
    table.exercise.stop().await;
}
