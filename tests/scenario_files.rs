//! Scenario files beside their plans and their facilitators' sheets: each fits the other, and a scenario that is drafted from a plan is
//! one that can be played.

#![expect(clippy::unwrap_used, reason = "a test says by a panic what is wrong")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lifeboat::console;
use lifeboat::plan::Plan;
use toml::Value;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "toml"));
    files.sort();
    assert!(!files.is_empty());
    files
}

#[test]
fn what_is_drafted_from_each_shipped_plan_is_read_and_says_whom_it_judges() {
    let folder = tempfile::tempdir().unwrap();
    for path in files("assets/plans") {
        let path = path.to_str().unwrap();
        let plan = Plan::read(path).unwrap();
        let file = folder.path().join("rehearsal.toml");
        std::fs::write(&file, console::rehearsal(&plan, path)).unwrap();
        let played = console::read(file.to_str().unwrap()).unwrap_or_else(|error| panic!("{path}: {error}"));
        let last = plan.steps.iter().rfind(|step| step.undoes.is_none()).unwrap();
        let rules = played.scenario.rules.clone().unwrap().to_string();
        assert!(rules.contains(&format!("\"step\":\"{}\"", last.id)), "{path}: {rules}");
        assert!(!played.scenario.goals.is_empty() && !played.scenario.injects.is_empty(), "{path}");
    }
}

const BEGINS: &str = "\n<!-- From here on as the scenario has it: LIFEBOAT_WRITE_DOCS=1 cargo test --test scenario_files -->\n";

/// What a scenario holds, for its facilitator.
fn whole(scenario: &Value) -> String {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().replace('|', "\\|");
    let list = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut out = format!("{BEGINS}\n## What players ought to learn\n\n");
    for goal in list(scenario, "goals") {
        let _ = writeln!(out, "- {}", goal.as_str().unwrap());
    }
    out.push_str("\n## Every inject\n\n| N | when | what |\n| --- | --- | --- |\n");
    for (number, inject) in (1..).zip(list(scenario, "inject")) {
        let when = match (inject.get("at"), inject.get("when")) {
            (Some(at), _) => format!("{} after the start", at.as_str().unwrap()),
            (None, Some(when)) => {
                let after = inject.get("after").map_or_else(String::new, |after| format!("{} after ", after.as_str().unwrap()));
                format!("{after}`{when}`")
            }
            (None, None) => "by hand".to_owned(),
        };
        let _ = writeln!(out, "| {number} | {when} | {} |", text(&inject, "title"));
    }
    let score = scenario.get("score").unwrap();
    out.push_str("\n## What is judged\n\n| what | points | why |\n| --- | --: | --- |\n");
    for (key, sign) in [("expect", ""), ("wrong", "-")] {
        for one in list(score, key) {
            let points = one.get("points").and_then(Value::as_integer).unwrap_or(10);
            let _ = writeln!(out, "| {} | {sign}{points} | {} |", text(&one, "title"), text(&one, "why"));
        }
    }
    out
}

#[test]
fn each_scenario_has_goals_and_a_sheet_that_names_every_inject_and_everything_that_is_judged() {
    for path in files("assets/scenarios") {
        let scenario: Value = std::fs::read_to_string(&path).unwrap().parse::<toml::Table>().map(Value::Table).unwrap();
        let sheet = path.with_extension("md");
        let text = std::fs::read_to_string(&sheet).unwrap();
        let by_hand = text.split(BEGINS).next().unwrap();
        assert!(by_hand.contains("lifeboat facilitate") && by_hand.contains("## Afterwards"), "{}", sheet.display());
        let goals = scenario["goals"].as_array().unwrap();
        assert!(goals.len() >= 2 && scenario["score"].get("expect").is_some(), "{}", path.display());
        let wanted = format!("{by_hand}{}", whole(&scenario));
        if std::env::var_os("LIFEBOAT_WRITE_DOCS").is_some() {
            std::fs::write(&sheet, &wanted).unwrap();
        } else {
            assert!(text == wanted, "{} does not say what its scenario does", sheet.display());
        }
    }
}
