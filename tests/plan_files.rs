//! Plan files as people write them: the ones that come with lifeboat are sound, and broken ones are refused with everything that is
//! wrong with them at once.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails, fails the test that called it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lifeboat::domain::{Phase, StepId, Strength};
use lifeboat::plan::{Action, Plan, ReadPlan};

fn toml_files(directory: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    files
}

fn shop() -> Plan {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/plans/shop.toml");
    Plan::read(path.to_str().unwrap()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_plan_that_comes_with_lifeboat_is_sound_and_has_no_warnings() {
    let files = toml_files("assets/plans");
    assert!(!files.is_empty());
    for file in files {
        let plan = Plan::read(file.to_str().unwrap()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(plan.warnings(), [""; 0], "{}", file.display());
    }
}

#[test]
fn broken_plans_are_refused_with_everything_that_is_wrong_at_once() {
    let files = toml_files("tests/fixtures/plans");
    assert!(!files.is_empty());
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&file).unwrap();
        let faults = Plan::parse(&format!("{name}.toml"), &text).map(|plan| plan.name).unwrap_err();
        assert!(!faults.is_empty(), "{name}: refused without a reason");
        let rendered = faults.render(&text, false);
        insta::assert_snapshot!(format!("plan_{name}"), format!("{faults}\n\n{rendered}"));
    }
}

#[test]
fn the_format_page_shows_a_sound_plan() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/plan-format.md")).unwrap();
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    Plan::parse("docs/plan-format.md", example).unwrap_or_else(|faults| panic!("{}", faults.render(example, false)));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Plan::read("no/such/plan.toml").unwrap_err();
    assert!(matches!(&error, ReadPlan::File { path, .. } if path == "no/such/plan.toml"));
    assert_eq!(error.to_string(), "cannot read the plan no/such/plan.toml");
}

#[test]
fn an_unknown_resource_type_and_a_resource_that_nothing_restores_are_only_warnings() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/plans/shop.toml")).unwrap();
    let text = text.replace("type = \"EFS\"", "type = \"EFSS\"").replace("resource = \"assets\"", "resource = \"orders-table\"");
    let text = text.replace("KMSKey =", "targetTableName = \"x\"\nKMSKey =");
    let plan = Plan::parse("shop.toml", &text).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(
        plan.warnings(),
        [
            "shop.toml: resource `media`: nothing is known of what restoring the type \"EFSS\" asks for (did you mean EFS?)",
            "shop.toml: resource `assets`: no step restores it",
        ]
    );
}

#[test]
fn the_restores_of_the_shop_can_all_run_side_by_side() {
    let plan = shop();
    let ready: Vec<&str> = plan.ready(&|_| false).iter().map(|step| step.id.as_str()).collect();
    assert_eq!(ready, ["ops-item", "orders-db", "media", "orders-table", "assets-bucket", "catalog-volume"]);
}

#[test]
fn the_shop_can_be_recovered_within_its_objective() {
    let plan = shop();
    let expected = |step: &lifeboat::plan::Step| step.expect.unwrap_or_default();
    let path = plan.critical_path(&expected);
    assert_eq!(path.first().map(StepId::as_str), Some("orders-db"));
    assert_eq!(path.last().map(StepId::as_str), Some("ops-item-resolved"));
    let total: Duration = path.iter().filter_map(|id| plan.step(id)).map(expected).sum();
    assert!(total < plan.objectives.rto / 2, "{total:?} leaves no time to detect and to decide");
}

#[test]
fn only_the_move_of_the_records_must_be_typed() {
    let strengths: BTreeMap<String, Strength> =
        shop().steps.into_iter().map(|step| (step.id.to_string(), step.strength)).collect();
    let typed: Vec<_> = strengths.iter().filter(|(_, strength)| **strength != Strength::Key).collect();
    assert_eq!(typed, [(&"move-records".to_owned(), &Strength::Type { name: "eu-central-1".to_owned() })]);
}

#[test]
fn the_steps_of_the_shop_that_change_something_say_how_to_take_it_back() {
    for step in shop().steps {
        assert!(step.about.is_some() && step.expect.is_some(), "{}", step.id);
        assert!(step.undo.is_some() || matches!(step.action, Action::Check(_)), "{}", step.id);
        assert_eq!(step.part.is_some(), step.phase == Phase::Restore, "{}", step.id);
    }
}

#[test]
fn a_plan_with_a_line_or_its_end_missing_is_read_or_refused_with_a_reason() {
    let whole = shop().text;
    let lines: Vec<&str> = whole.lines().collect();
    let without = |left_out: usize| {
        let kept = lines.iter().enumerate().filter(|(line, _)| *line != left_out).map(|(_, line)| *line);
        kept.collect::<Vec<_>>().join("\n")
    };
    let cut = |end: usize| whole.get(..end).unwrap_or_default().to_owned();
    let broken = (0..lines.len()).map(without).chain((0..whole.len()).step_by(101).map(cut));
    for text in broken {
        if let Err(faults) = Plan::parse("shop.toml", &text) {
            assert!(!faults.is_empty(), "refused without a reason:\n{text}");
            assert!(faults.render(&text, false).lines().count() > 3);
        }
    }
}

#[test]
fn line_endings_make_no_difference() {
    let unix = shop();
    let windows = Plan::parse(&unix.path, &unix.text.replace('\n', "\r\n")).unwrap_or_else(|faults| panic!("{faults}"));
    let expected: Vec<_> = unix.steps.iter().map(|step| (&step.id, step.line, &step.needs)).collect();
    assert_eq!(windows.steps.iter().map(|step| (&step.id, step.line, &step.needs)).collect::<Vec<_>>(), expected);
}

#[test]
fn every_action_is_read_from_its_keys() {
    let shop = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/plans/shop.toml")).unwrap();
    let step = |id: &str, action: &str, with: &str| {
        format!(
            "\n[[step]]\nid = \"{id}\"\ntitle = \"{id}\"\nphase = \"restore\"\npart = \"data\"\naction = \"{action}\"\n[step.with]\n{with}\n"
        )
    };
    let role = "role_arn = \"arn:aws:iam::444455556666:role/lifeboat-restore\"";
    let vault = "to_vault = \"arn:aws:backup:eu-central-1:444455556666:backup-vault:shop\"";
    let text = [
        shop,
        step(
            "a-stack",
            "cloudformation.deploy",
            "stack = \"shop\"\ntemplate = \"shop.json\"\nfrom_parameter_store = { Ami = \"/a\" }",
        ),
        step("a-copy", "backup.copy", &format!("resource = \"orders-table\"\n{vault}\n{role}")),
        step(
            "a-table",
            "dynamodb.restore_to_point_in_time",
            "source = \"arn:aws:dynamodb:eu-west-1:1:table/o\"\ntarget = \"o2\"\nto = \"impact - 2m\"",
        ),
        step(
            "a-db",
            "rds.restore_to_point_in_time",
            "kind = \"cluster\"\nsource = \"o\"\ntarget = \"o2\"\nproperties = { Engine = \"aurora-mysql\" }",
        ),
        step("a-bucket", "s3.rewind", "bucket = \"b\"\nto = \"2026-03-14T02:55:00Z\""),
        step(
            "a-command",
            "ssm.run_command",
            "document = \"AWS-RunShellScript\"\ninstances = \"i-1\"\nparameters = { commands = [\"mount /data\"] }",
        ),
        step(
            "a-switch",
            "arc.routing_control",
            "endpoints = { us-east-1 = \"https://a.example\" }\n\
             controls = [{ arn = \"arn:aws:route53-recovery-control::1:controlpanel/p/routingcontrol/c\", state = \"Off\" }]",
        ),
        step(
            "a-function",
            "lambda.invoke",
            "function = \"f\"\npayload = { incident = \"${incident.id}\", dry = false }",
        ),
        step(
            "a-workflow",
            "stepfunctions.execute",
            "state_machine = \"arn:aws:states:eu-central-1:444455556666:stateMachine:m\"\ninput = { region = \"${sites.recovery.region}\" }",
        ),
        step("a-region", "arc.region_switch", "plan = \"arn:aws:arc-region-switch::444455556666:plan/shop:1\"\nmode = \"ungraceful\""),
        step("a-check", "route53.health_check", "id = \"hc\"\ninverted = true"),
        step("a-pause", "wait", "until = \"06:00\""),
        step("a-message", "sns.publish", "topic = \"arn:aws:sns:eu-central-1:444455556666:t\"\nmessage = \"${plan.name} fails over\""),
        step(
            "a-resource",
            "cloudcontrol.create",
            "type = \"AWS::EC2::VolumeAttachment\"\nproperties = { Device = \"/dev/sdf\" }",
        ),
    ]
    .concat();
    let plan = Plan::parse("shop.toml", &text).unwrap_or_else(|faults| panic!("{}", faults.render(&text, false)));
    let of = |id: &str| plan.step(&StepId::new(id)).unwrap().action.clone();
    let Action::DynamoDbRestore(table) = of("a-table") else { panic!("{:?}", of("a-table")) };
    assert_eq!(table.to, lifeboat::plan::PointInTime::BeforeImpact(Duration::from_secs(120)));
    assert!(matches!(of("a-stack"), Action::CloudFormationDeploy(_)));
    let Action::ArcRoutingControl(switch) = of("a-switch") else { panic!("{:?}", of("a-switch")) };
    assert!(!switch.controls[0].1);
    let Action::SnsPublish(publish) = of("a-message") else { panic!("{:?}", of("a-message")) };
    assert_eq!(publish.subject.to_string(), plan.step(&StepId::new("a-message")).unwrap().title);
    let slips = text
        .replace("us-east-1 = ", "nowhere = ")
        .replace("state = \"Off\"", "state = \"off\"")
        .replace(":stateMachine:m", ":execution:m")
        .replace(":arc-region-switch:", ":arc:")
        .replace("06:00", "six")
        .replace("inverted = true", "inverted = \"yes\"")
        .replace("sns:eu-central-1", "sqs:eu-central-1");
    let faults = Plan::parse("shop.toml", &slips).unwrap_err().to_string();
    for part in [
        "a Region switch plan",
        "\"six\" is no time",
        "`inverted`: expected",
        "\"nowhere\" is no Region",
        "found string \"off\"",
        "the ARN of a state machine",
        "the ARN of a topic",
    ] {
        assert!(faults.contains(part), "{part}: {faults}");
    }
    let wrong = text.replace("to = \"2026-03-14T02:55:00Z\"", "to = \"latest\"").replace("impact - 2m", "before the fault");
    let faults = Plan::parse("shop.toml", &wrong).unwrap_err().to_string();
    assert!(faults.contains("is how the objects are now") && faults.contains("is no moment"), "{faults}");
}

#[test]
fn formatting_changes_no_plan_and_a_second_time_nothing() {
    for file in toml_files("assets/plans") {
        let text = fs::read_to_string(&file).unwrap();
        let once = lifeboat::plan::formatted(&text).unwrap();
        assert_eq!(lifeboat::plan::formatted(&once).unwrap(), once, "{}", file.display());
        let comments = |text: &str| text.lines().filter(|line| line.trim_start().starts_with('#')).count();
        assert_eq!(comments(&once), comments(&text), "{}", file.display());
        let plain = |plan: Plan| plan.steps.into_iter().map(|step| lifeboat::plan::Step { line: 0, ..step }).collect::<Vec<_>>();
        let read = |text: &str| Plan::parse("p.toml", text).unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(plain(read(&once)), plain(read(&text)), "{}", file.display());
    }
}

#[test]
fn a_plan_is_shown_as_a_graph_in_layers_with_its_longest_chain() {
    let plan = shop();
    insta::assert_snapshot!("graph_of_the_shop", lifeboat::plan::graph_text(&plan));
    let svg = lifeboat::plan::graph_svg(&plan);
    assert_eq!(svg.matches("<g>").count(), plan.steps.len());
    let edges: usize = plan.steps.iter().map(|step| step.needs.len()).sum();
    assert_eq!(svg.matches("<path").count(), edges);
    assert!(!svg.contains("NaN") && svg.ends_with("</svg>\n"));
}

#[test]
fn the_schema_for_editors_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/schemas/plan.schema.json");
    let schema = format!("{:#}\n", lifeboat::plan::schema());
    if std::env::var_os("LIFEBOAT_WRITE_DOCUMENTS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &schema).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, schema, "LIFEBOAT_WRITE_DOCUMENTS=1 cargo test --test plan_files");
}
