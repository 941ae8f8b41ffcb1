//! What is confirmed is read again right before it is sent: if the target has changed meanwhile, nothing is sent and the confirmation is
//! void. One case for each kind of call whose target can change under it.

use super::*;

/// The step is prepared, the target changes, and then the yes to what was shown comes.
async fn voided(plan: &str, changes: Deed, says: &str) {
    let case = case(plan);
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path(), case, false).await;
    let site = SetUp::of(&table).await;
    begin(&mut table, case, &site).await;
    table.session.request(Request::Prepare(act()));
    let shown = table.prepared(&act()).await;
    assert!(!shown.is_blocked(), "{plan}: {:?}", shown.findings);
    changes(&site).await;
    let operation = case.effects[0].0;
    let before = count(&table, operation);
    table.order(Intent::ConfirmStep { preparation: Box::new(shown), typed: None, second: None });
    table.until("what becomes of the yes", |state| matches!(state.incident.status(&act()), StepStatus::Failed(_))).await;
    let StepStatus::Failed(problem) = table.state().incident.status(&act()) else { panic!("{plan}") };
    assert!(problem.kind == ProblemKind::Drift && problem.message.contains(says), "{plan}: {problem}");
    assert_eq!(count(&table, operation), before, "{plan}: nothing was sent");
    table.session.close().await;
    table.exercise.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_somebody_changed() {
    voided("records", |site| Box::pin(site.record_changes()), "300").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_health_check_that_somebody_changed() {
    const CHECK: &str = "3c1f5a20-7d44-4b0e-9a1c-6f2e8d5b4a01";
    let changes: Deed = |site| {
        Box::pin(async {
            drop(site.zones().update_health_check().health_check_id(CHECK).failure_threshold(5).send().await.unwrap())
        })
    };
    voided("health-check", changes, "ersion").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_somebody_wrote() {
    let changes: Deed = |site| {
        Box::pin(async {
            let put = site.objects().put_object().bucket("shop-pages").key("late.html").body(b"late".to_vec().into());
            drop(put.send().await.unwrap());
        })
    };
    voided("rewind", changes, "late.html").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stack_that_somebody_made() {
    let changes: Deed = |site| Box::pin(site.stack("shop-logs"));
    voided("deploy", changes, "UPDATE").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recovery_point_that_somebody_deleted() {
    let changes: Deed = |site| Box::pin(site.newest_point_goes("arn:aws:dynamodb:eu-west-1:111122223333:table/orders"));
    voided("copy", changes, "recovery-point").await;
}

/// The answer to a running step is read again like its beginning.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_set_that_somebody_deleted_while_it_was_looked_at() {
    let case = case("deploy");
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path(), case, false).await;
    let site = SetUp::of(&table).await;
    begin(&mut table, case, &site).await;
    table.confirm(&act()).await;
    table.until("the change set", |state| asks(state).is_some()).await;
    table.session.request(Request::PrepareAnswer { step: act(), signal: "Approve".into(), comment: String::new() });
    let shown = table.prepared(&act()).await;
    site.change_sets_go("shop-logs").await;
    table.order(Intent::ConfirmAnswer { preparation: Box::new(shown), typed: None, stop: false });
    let refused = |state: &State| state.events.iter().any(|it| matches!(it.event, Event::CallRefused { .. }));
    table.until("what becomes of the yes", refused).await;
    assert_eq!(count(&table, "ExecuteChangeSet"), 0);
    table.session.close().await;
    table.exercise.stop().await;
}
