//! Who is told at each phase, tried against the simulated AWS: a queue that is subscribed to the topic gets each message once, and
//! the OpsItem that a step opened says how far the recovery is.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by a panic what is wrong")]

mod table;

use std::path::{Path, PathBuf};

use lifeboat::cloud::Retries;
use lifeboat::domain::SiteName;
use lifeboat::engine::Intent;
use lifeboat::journal::{self, Event, Incident};
use lifeboat::report::{Format, render};
use lifeboat::store::State;
use lifeboat::ui::covered;
use table::{Table, open_scenario};

const TOPIC: &str = "arn:aws:sns:eu-central-1:444455556666:shop-recovery";

/// The region outage, with a plan that tells a topic and keeps its OpsItem current.
fn scenario(folder: &Path) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let plan = std::fs::read_to_string(root.join("plans/shop.toml")).unwrap();
    let notices = format!("\n[notices]\ntopic = \"{TOPIC}\"\nops_item = \"ops-item\"\nsubject = \"${{plan}}: ${{phase}}\"\n");
    std::fs::write(folder.join("told.toml"), plan + &notices).unwrap();
    let scenario = std::fs::read_to_string(root.join("scenarios/region-outage.toml")).unwrap();
    let file = folder.join("told-scenario.toml");
    std::fs::write(&file, scenario.replace("../plans/shop.toml", "told.toml")).unwrap();
    file
}

/// A queue that gets what the topic is told, as it is told.
async fn subscribed(table: &Table) -> (aws_sdk_sqs::Client, String) {
    let connection = table.connection(&SiteName::recovery()).await;
    let config = connection.sdk_config(Retries::Never);
    let (topics, queues) = (aws_sdk_sns::Client::new(config), aws_sdk_sqs::Client::new(config));
    let topic = topics.create_topic().name("shop-recovery").send().await.unwrap().topic_arn.unwrap();
    assert_eq!(topic, TOPIC);
    let url = queues.create_queue().queue_name("on-call").send().await.unwrap().queue_url.unwrap();
    let queue = "arn:aws:sqs:eu-central-1:444455556666:on-call";
    let subscribe = topics.subscribe().topic_arn(&topic).protocol("sqs").endpoint(queue).attributes("RawMessageDelivery", "true");
    subscribe.send().await.unwrap();
    (queues, url)
}

async fn messages(queues: &aws_sdk_sqs::Client, url: &str) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let got = queues.receive_message().queue_url(url).max_number_of_messages(10).send().await.unwrap();
        let got = got.messages.unwrap_or_default();
        if got.is_empty() {
            return all;
        }
        for message in got {
            all.push(message.body.unwrap());
            queues.delete_message().queue_url(url).receipt_handle(message.receipt_handle.unwrap()).send().await.unwrap();
        }
    }
}

fn told(state: &State) -> usize {
    state.incident.told.iter().filter(|told| told.outcome.is_some()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_topic_is_told_at_each_phase_once_and_the_ops_item_is_kept_current() {
    let folder = tempfile::tempdir().unwrap();
    let file = scenario(folder.path());
    let mut table = open_scenario(folder.path(), &file.display().to_string(), "20260314-shop-00a1", false).await;
    let (queues, url) = subscribed(&table).await;
    table.start().await;
    // The declaration's dialog says whom it covers, before anybody says yes.
    let shown = covered(table.state());
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown[0].contains(TOPIC) && shown[1].contains("ops-item"), "{shown:?}");
    table.declare().await;
    table.until("the message of the declaration", |state| told(state) == 1).await;
    let [first] = &messages(&queues, &url).await[..] else { panic!("one message") };
    assert!(first.contains("decided at 2026-03-14") && first.contains("EXERCISE"), "{first}");
    table.recover().await;
    table.order(Intent::Close { reason: "recovered".into() });
    table.until("the last notice", |state| told(state) == 7).await;
    let said = messages(&queues, &url).await;
    let phases: Vec<&str> = said.iter().map(|text| text.lines().nth(1).unwrap().split(" at ").next().unwrap()).collect();
    assert_eq!(phases, ["restored", "failed over", "recovered"]);
    assert!(said[2].contains("after") && said[2].contains("lifeboat report 20260314-shop-00a1"), "{}", said[2]);
    // The OpsItem opens after the declaration, so it is told of the three phases after that.
    let ops_items = aws_sdk_ssm::Client::new(table.connection(&SiteName::recovery()).await.sdk_config(Retries::Never));
    let id = table.state().incident.output(&lifeboat::domain::StepId::new("ops-item"), "ops_item_id").unwrap().to_owned();
    let item = ops_items.get_ops_item().ops_item_id(&id).send().await.unwrap().ops_item.unwrap();
    assert!(item.description.as_deref().unwrap().contains("recovered at 2026-03-14"), "{item:?}");
    let path = table.state().journal_path.clone().unwrap();
    let changes = table.leave().await;
    assert!(changes.contains(&("UpdateOpsItem".to_owned(), 4)), "three phases and the step that resolves it: {changes:?}");
    let events = journal::read(Path::new(&path)).unwrap().events;
    let incident = Incident::of(&events);
    assert!(incident.told.iter().all(|told| matches!(&told.outcome, Some(Ok(answered)) if answered.request_id.is_some())));
    let declared = events.iter().find_map(|recorded| match &recorded.event {
        Event::FailoverDeclared { notices, .. } => notices.clone(),
        _ => None,
    });
    assert_eq!(declared.unwrap().topic.as_deref(), Some(TOPIC));
    let report = render(&events, Format::Markdown).unwrap();
    assert!(report.contains("## Told at each phase") && report.contains("message-failed-over"), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_not_there_is_told_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = scenario(folder.path());
    let mut table = open_scenario(folder.path(), &file.display().to_string(), "20260314-shop-00a2", false).await;
    table.start().await;
    table.declare().await;
    table.until("the answer of SNS", |state| told(state) == 1).await;
    let problem = table.state().incident.told[0].outcome.clone().unwrap().unwrap_err();
    assert!(problem.code.as_deref() == Some("NotFound") || problem.code.as_deref() == Some("NotFoundException"), "{problem:?}");
    table.confirm(&lifeboat::domain::StepId::new("ops-item")).await;
    table.leave().await;
}
