//! `lifeboat doctor` against the simulated AWS, and against nothing at all.

#![expect(clippy::unwrap_used, reason = "a test says by a panic what is wrong")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

struct Simulated {
    child: Child,
    url: String,
}

impl Simulated {
    fn start(home: &std::path::Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
        let mut child =
            command.arg("simulate").args(arguments).env("LIFEBOAT_HOME", home).stdout(Stdio::piped()).spawn().unwrap();
        let first = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        Self { child, url: first.rsplit(' ').next().unwrap().to_owned() }
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn doctor(home: &std::path::Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
    command.arg("doctor").args(arguments).env("LIFEBOAT_HOME", home);
    command.env("AWS_ACCESS_KEY_ID", "AKIAEXERCISEOPERATOR").env("AWS_SECRET_ACCESS_KEY", "exercise");
    command.env_remove("AWS_PROFILE").env_remove("AWS_SESSION_TOKEN").output().unwrap()
}

fn findings(output: &Output) -> Vec<Value> {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| unreachable!("{}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn everything_that_the_shop_needs_is_tried_and_told_with_its_region() {
    let home = tempfile::tempdir().unwrap();
    let aws = Simulated::start(home.path(), &[]);
    let output = doctor(home.path(), &["--plan", "assets/plans/shop.toml", "--endpoint-url", &aws.url, "--json"]);
    let all = findings(&output);
    let broken: Vec<&Value> = all.iter().filter(|finding| finding["state"] == "broken").collect();
    assert!(broken.is_empty(), "{broken:#?}");
    assert_eq!(output.status.code(), Some(0));
    let of = |what: &str| all.iter().find(|finding| finding["what"].as_str().unwrap().starts_with(what)).unwrap();
    assert_eq!(of("Route 53")["control_plane"], "us-east-1");
    assert_eq!(of("Backup vaults at recovery")["control_plane"], "eu-central-1");
    assert!(of("STS at recovery")["seen"].as_str().unwrap().contains("444455556666"));
    assert!(all.iter().any(|finding| finding["what"] == "clock"));
}

#[test]
fn what_does_not_answer_is_broken_with_what_to_do_and_the_exit_code_says_so() {
    let home = tempfile::tempdir().unwrap();
    let output = doctor(home.path(), &["--plan", "assets/plans/shop.toml", "--endpoint-url", "http://127.0.0.1:9", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let all = findings(&output);
    let of_aws: Vec<&Value> = all.iter().filter(|finding| finding["of"] != "machine" && finding["seen"] != "").collect();
    assert!(of_aws.iter().filter(|finding| finding["state"] == "broken").count() > 8, "{of_aws:#?}");
    assert!(of_aws.iter().all(|finding| finding["state"] != "broken" || finding["fix"].is_string()));
    let text = doctor(home.path(), &[]);
    assert!(String::from_utf8_lossy(&text.stdout).contains("machine"), "a machine is looked at without a plan as well");
    assert_eq!(text.status.code(), Some(0));
}

#[test]
fn the_read_that_each_kind_of_step_needs_is_tried() {
    let home = tempfile::tempdir().unwrap();
    let aws = Simulated::start(home.path(), &["--scenario", "tests/fixtures/actions/world.toml"]);
    let output = doctor(home.path(), &["--plan", "tests/fixtures/every_call.toml", "--endpoint-url", &aws.url, "--json"]);
    let all = findings(&output);
    let of_steps: Vec<&Value> = all.iter().filter(|finding| finding["of"].as_str().unwrap().starts_with("step ")).collect();
    assert_eq!(of_steps.len(), 17, "{:#?} {}", all, String::from_utf8_lossy(&output.stderr));
    for finding in &of_steps {
        assert_eq!(finding["state"], "well", "{finding:#?}");
    }
    let of = |step: &str| of_steps.iter().find(|finding| finding["of"] == format!("step {step}")).unwrap();
    assert_eq!(of("controls")["seen"], "2 of 2 routing controls can be read");
    assert_eq!(of("database")["seen"], "AWS::RDS::DBCluster can be read");
    assert_eq!(
        (of("check")["control_plane"].as_str(), of("function")["control_plane"].as_str()),
        (Some("us-east-1"), Some("eu-central-1"))
    );
}
