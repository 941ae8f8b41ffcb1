//! The commands of the documents are run, one after the other, by a user who has nothing but the documents: against the simulated AWS
//! where they need one, in lines because there is no terminal here.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of the test functions themselves")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn lifeboat(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
    command
        .env("LIFEBOAT_HOME", home.join("lifeboat"))
        .env("LIFEBOAT_OPERATOR", "Ana")
        .env_remove("LIFEBOAT_PLAIN")
        .current_dir(home);
    command
        .env("AWS_ACCESS_KEY_ID", "AKIAEXERCISEOPERATOR")
        .env("AWS_SECRET_ACCESS_KEY", "exercise")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command.env_remove("AWS_PROFILE").env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    command
}

/// Ends the simulated AWS with the test, however that ends.
struct Simulated(Child);

impl Drop for Simulated {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The lines of the blocks of code that begin with `lifeboat`, without their remarks; and what stands between backticks in the text,
/// where it can be typed as it is.
fn commands(text: &str) -> Vec<String> {
    let (mut found, mut fenced, mut prose) = (Vec::new(), false, String::new());
    for line in text.lines().map(str::trim) {
        let typed = line.strip_prefix("$ ").unwrap_or(line);
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced && typed.starts_with("lifeboat ") {
            found.push(typed.split(" #").next().unwrap_or_default().trim().to_owned());
        } else if !fenced {
            prose.push_str(line);
            prose.push(' ');
        }
    }
    // Between an odd and an even backtick.
    found.extend(prose.split('`').skip(1).step_by(2).filter(|code| code.starts_with("lifeboat ")).map(plainest));
    let mut seen = BTreeSet::new();
    found.retain(|line| seen.insert(line.clone()));
    found
}

/// A line of the text as somebody types it: without what may be left out, of alternatives the first, names for what stands for names.
fn plainest(line: &str) -> String {
    let (mut text, mut depth) = (String::new(), 0);
    for c in line.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            c if depth == 0 => text.push(c),
            _ => {}
        }
    }
    let about_plan = text.contains("plan") && !text.contains("import") || text.contains("reconstruct");
    let file = match &text {
        text if text.contains("region-switch") => "plan.json",
        text if text.contains("automation") => "failover.json",
        _ if about_plan => "shop.toml",
        _ => "shop.lifeboat",
    };
    let word = |word: &str| match word.split("\\|").next().unwrap_or_default().trim_end_matches('…') {
        "FILE" => file.to_owned(),
        "SHELL" => "bash".to_owned(),
        "FOLDER" => "folder".to_owned(),
        word => word.to_owned(),
    };
    let typed = text.split_whitespace().map(word).collect::<Vec<_>>().join(" ");
    typed.replacen("REGION", "eu-west-1", 1).replacen("REGION", "eu-central-1", 1)
}

/// Runs a line with these lines as its input; the exit code and everything that it said.
fn run(home: &Path, line: &str, input: &str) -> (i32, String) {
    let (line, into) = line.split_once('>').map_or((line, None), |(line, into)| (line, Some(into.trim())));
    let words: Vec<&str> = line.split_whitespace().skip(1).collect();
    let mut child =
        lifeboat(home).args(&words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if let Some(into) = into {
        std::fs::write(home.join(into.replace('/', "-")), &said).unwrap();
    }
    (output.status.code().unwrap_or(-1), said + &String::from_utf8_lossy(&output.stderr))
}

/// The id of the youngest incident or exercise of this home.
fn youngest(home: &Path, kind: &str) -> String {
    let folder = std::fs::read_dir(home.join("lifeboat").join(kind)).unwrap();
    let mut names: Vec<String> = folder
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e != "world"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names.pop().unwrap_or_else(|| panic!("no journal among {kind}"))
}

/// What `aws arc-region-switch get-plan` answers, as far as an import reads it.
const REGION_SWITCH_PLAN: &str = r#"{"plan": {
    "arn": "arn:aws:arc-region-switch::111122223333:plan/shop:abc123", "name": "Shop failover",
    "regions": ["eu-west-1", "eu-central-1"], "primaryRegion": "eu-west-1", "recoveryTimeObjectiveMinutes": 90,
    "workflows": [{"workflowTargetAction": "activate", "workflowTargetRegion": "eu-central-1", "steps": [
        {"name": "Route", "executionBlockType": "ARCRoutingControl", "executionBlockConfiguration": {}}]}]}}"#;

/// An Automation document.
const AUTOMATION_DOCUMENT: &str = r#"{"schemaVersion": "0.3", "description": "Fails over", "mainSteps": [
    {"name": "wait", "action": "aws:sleep", "inputs": {"Duration": "PT1M"}}]}"#;

#[test]
fn every_command_of_the_documents_runs() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let asset = |name: &str| std::fs::read_to_string(root().join("assets").join(name)).unwrap();
    std::fs::write(home.join("shop.toml"), asset("plans/shop.toml")).unwrap();
    std::fs::write(home.join("our-plan.toml"), asset("plans/shop.toml")).unwrap();
    let scenario = asset("scenarios/region-outage.toml").replace("../plans/shop.toml", "shop.toml");
    std::fs::write(home.join("our-outage.toml"), &scenario).unwrap();

    std::fs::write(home.join("plan.json"), REGION_SWITCH_PLAN).unwrap();
    std::fs::write(home.join("failover.json"), AUTOMATION_DOCUMENT).unwrap();

    let mut aws = lifeboat(home).args(["simulate", "--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(aws.stdout.take().unwrap());
    let aws = Simulated(aws);
    let mut endpoint = String::new();
    while !endpoint.contains("AWS_ENDPOINT_URL=") {
        endpoint.clear();
        assert!(told.read_line(&mut endpoint).unwrap() > 0, "the simulated AWS says where it is");
    }
    let endpoint = endpoint.trim().rsplit('=').next().unwrap().to_owned();

    // An exercise and an incident that the documents' IDs stand for.
    let (code, said) = run(home, "lifeboat tabletop", "start\nnote begun\n");
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(home, &format!("lifeboat live --plan shop.toml --endpoint-url {endpoint}"), "note begun\nquit\n");
    assert_eq!(code, 0, "{said}");
    let (exercise, incident) = (youngest(home, "exercises"), youngest(home, "incidents"));
    let (code, said) = run(home, &format!("lifeboat incidents export {incident} --to shop.lifeboat"), "");
    assert_eq!(code, 0, "{said}");

    let mut documents: Vec<_> = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    documents.push(root().join("README.md"));
    documents.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    documents.sort();
    let (mut wrong, mut ran) = (Vec::new(), 0);
    for path in documents {
        for written in commands(&std::fs::read_to_string(&path).unwrap()) {
            // What runs until it is stopped has been started above, and is tried by the tests of the wire. A second machine, and a
            // second terminal on an exercise that runs, are tried by tests of their own.
            if [" simulate", " --through ", " facilitate"].iter().any(|apart| written.contains(apart)) || written.contains('…')
            {
                continue;
            }
            let id = if written.contains(" live ") || written.contains(" bridge ") { &incident } else { &exercise };
            let mut line = written.replace(" ID", &format!(" {id}")).replace('~', "home");
            // A draft leaves the plan alone that the other commands read.
            line = line
                .replace(" plan new ", &format!(" plan new --endpoint-url {endpoint} "))
                .replace(" --to shop.toml", " --to new.toml");
            if line.contains(" replay ") && !line.contains("--export") {
                // A replay is for a terminal; here it is written down.
                line.push_str(" --export cast --to replay.cast");
            }
            if [" live ", " doctor ", " bridge ", " --reconstruct "].iter().any(|asks| line.contains(asks))
                || ["alarms", "events", "recovery-points", "jobs"].iter().any(|list| line.contains(&format!("lifeboat {list} ")))
            {
                line = format!("{line} --endpoint-url {endpoint}");
            }
            if line.contains(" plan check ") {
                // The simulated recovery points have expired by the real clock: whether AWS is ready is tried elsewhere.
                line = format!("{} --offline", line.replace(" --offline", "").replace(" --junit", ""));
            }
            let (code, said) = run(home, &line, "status\nquit\n");
            ran += 1;
            if code != 0 || said.contains("panicked") {
                let document = path.file_name().unwrap().to_string_lossy().into_owned();
                wrong.push(format!("{document}: {written}\n  exit code {code}: {said}"));
            }
        }
    }
    drop(aws);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ran >= 60, "the test no longer sees the commands: {ran}");
}
