//! Whether a plan is ready, and what a plan can be written from, asked of the simulated AWS of the built-in exercise.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by a panic what is wrong")]

use lifeboat::cloud::{Access, Recorder, Sites};
use lifeboat::console::{self, Exercise, Reach};
use lifeboat::domain::Operator;
use lifeboat::draft;
use lifeboat::plan::Plan;
use lifeboat::readiness::{Found, Ready, junit, readiness};

struct World {
    exercise: Exercise,
    plan_text: String,
}

impl World {
    async fn start() -> Self {
        let played = console::read("region-outage").unwrap();
        let exercise = Exercise::start(played.scenario.clone(), 7, None, 0).await.unwrap();
        Self { exercise, plan_text: played.plan_text.clone() }
    }

    async fn sites(&self, plan: &Plan) -> Sites {
        let access = Access::Fixed {
            access_key_id: "AKIAEXERCISEOPERATOR".into(),
            secret_access_key: "exercise".into(),
            session_token: None,
        };
        let reach = Reach { access, endpoint_url: Some(self.exercise.endpoint_url()), sts_region: None };
        let operator = Operator::new("ana");
        let connected = console::connect(plan, reach, &operator, &self.exercise.clock, &Recorder::new()).await;
        Sites::new(&connected.unwrap_or_else(|problem| panic!("{problem}")))
    }

    async fn check(&self, text: &str) -> (Plan, Vec<Found>) {
        let plan = Plan::parse("shop.toml", text).unwrap_or_else(|faults| panic!("{faults}"));
        let found = readiness(&plan, &self.sites(&plan).await, self.exercise.clock.now()).await;
        (plan, found)
    }
}

fn told<'a>(found: &'a [Found], check: &str, subject: &str) -> Vec<&'a Found> {
    found.iter().filter(|one| one.check == check && one.subject == subject).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_of_the_exercise_is_ready_as_far_as_the_simulated_aws_can_tell() {
    let world = World::start().await;
    let (_, found) = world.check(&world.plan_text).await;
    // Its Cloud Control holds neither the roles nor the keys of the exercise, and says of each that there is none.
    let held = |one: &&Found| !["role", "metadata"].contains(&one.check);
    let wrong: Vec<&Found> = found.iter().filter(|one| one.ready == Ready::No).filter(held).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (check, subject) in [
        ("identity", "primary"),
        ("identity", "recovery"),
        ("alarm", "primary/shop-error-rate"),
        ("recovery-point", "orders-db"),
        ("runbook", "warm-caches"),
        ("record", "move-records"),
    ] {
        let of = told(&found, check, subject);
        assert!(!of.is_empty() && of.iter().all(|one| one.ready == Ready::Yes), "{check} {subject}: {of:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_fail_on_the_day_is_told_before_it_with_its_line_its_reason_and_its_remedy() {
    let world = World::start().await;
    let broken = world
        .plan_text
        .replace("shop-warm-caches", "shop-warm-cashes")
        .replace("\"primary/shop-latency-p99\"", "\"primary/no-such-alarm\"")
        .replace("vaults = [\"shop-recovery\"]", "vaults = []")
        .replace("rpo = \"1h\"", "rpo = \"1s\"");
    let (plan, found) = world.check(&broken).await;
    let line = plan.step(&"warm-caches".into()).unwrap().line;
    let runbook = told(&found, "runbook", "warm-caches");
    assert_eq!((runbook[0].ready, runbook[0].line), (Ready::No, Some(line)), "{runbook:#?}");
    assert!(runbook[0].what.contains("eu-central-1") && !runbook[0].why.is_empty() && !runbook[0].next.is_empty());
    assert_eq!(told(&found, "alarm", "primary/no-such-alarm")[0].ready, Ready::No);
    assert_eq!(told(&found, "recovery-point", "orders-db")[0].ready, Ready::No);
    let xml = junit(&plan, &found);
    assert!(xml.contains("<failure message=") && xml.ends_with("</testsuites>\n"), "{xml}");

    let old = world.plan_text.replace("rpo = \"1h\"", "rpo = \"1s\"");
    let (_, found) = world.check(&old).await;
    let point = told(&found, "recovery-point", "orders-db");
    assert!(point.iter().any(|one| one.ready == Ready::No && one.what.contains("RPO")), "{point:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_written_from_what_is_there_is_sound_and_marks_its_guesses() {
    let world = World::start().await;
    let shop = Plan::parse("shop.toml", &world.plan_text).unwrap();
    let sites = world.sites(&shop).await;
    let wanted = draft::Wanted { tags: Vec::new(), names: Vec::new() };
    let found = draft::look(&sites, &wanted, world.exercise.clock.now()).await;
    assert!(found.problems.is_empty(), "{:#?}", found.problems);
    let text = draft::plan_of("shop", [("eu-west-1", None), ("eu-central-1", None)], &found);
    let text = lifeboat::plan::formatted(&text).unwrap();
    let plan = Plan::parse("new.toml", &text).unwrap_or_else(|faults| panic!("{}\n{text}", faults.render(&text, false)));
    let arns: Vec<&str> = plan.resources.values().map(|resource| resource.arn.as_str()).collect();
    for resource in shop.resources.values() {
        assert!(arns.contains(&resource.arn.as_str()), "{} is missing among {arns:?}", resource.arn);
    }
    for words in [
        "account = \"111122223333\"",
        "account = \"444455556666\"",
        "\"shop-recovery\"",
        "targetTableName = \"orders\"",
        "shop-warm-caches",
        "shop.example.com",
        "availabilityZone = \"eu-central-1a\"",
        "# settle:",
    ] {
        assert!(text.contains(words), "{words} is missing:\n{text}");
    }
    let nothing = draft::Wanted { tags: vec![("no".into(), "such".into())], names: Vec::new() };
    let found = draft::look(&sites, &nothing, world.exercise.clock.now()).await;
    assert!(found.resources.is_empty());
    let text = draft::plan_of("nothing", [("eu-west-1", None), ("eu-central-1", None)], &found);
    Plan::parse("new.toml", &text).unwrap_or_else(|faults| panic!("{}\n{text}", faults.render(&text, false)));
}
