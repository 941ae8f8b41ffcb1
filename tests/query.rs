//! The lists for scripts, asked by the real program of the simulated AWS that the real program runs.

#![expect(clippy::unwrap_used, reason = "a test says by a panic what is wrong")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

struct Simulated {
    child: Child,
    url: String,
}

impl Simulated {
    fn start(home: &std::path::Path) -> Self {
        Self::at_speed(home, "1")
    }

    fn at_speed(home: &std::path::Path, speed: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
        let mut child =
            command.args(["simulate", "--speed", speed]).env("LIFEBOAT_HOME", home).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        Self { child, url: first.rsplit(' ').next().unwrap().to_owned() }
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn list(home: &std::path::Path, url: &str, arguments: &[&str]) -> Output {
    list_of(home, url, "assets/plans/shop.toml", arguments)
}

fn list_of(home: &std::path::Path, url: &str, plan: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
    command.args(arguments).args(["--plan", plan, "--endpoint-url", url]);
    command.env("LIFEBOAT_HOME", home).env("AWS_ACCESS_KEY_ID", "AKIAEXERCISEOPERATOR").env("AWS_SECRET_ACCESS_KEY", "exercise");
    command.env_remove("AWS_PROFILE").env_remove("AWS_SESSION_TOKEN").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn what_aws_answers_is_rows_and_a_silent_site_is_an_exit_code() {
    let home = tempfile::tempdir().unwrap();
    let aws = Simulated::start(home.path());
    let json = list(home.path(), &aws.url, &["alarms", "--json", "--where", "name~shop-"]);
    assert_eq!(json.status.code(), Some(0), "{}", text(&json.stderr));
    let rows: Vec<serde_json::Value> = text(&json.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(rows.len() >= 5, "{rows:?}");
    assert!(rows.iter().any(|row| row["site"] == "primary" && row["region"] == "eu-west-1" && row["name"] == "shop-error-rate"));
    assert!(rows.iter().any(|row| row["site"] == "recovery" && row["region"] == "eu-central-1"));

    let csv = list(home.path(), &aws.url, &["recovery-points", "--csv", "--site", "recovery"]);
    let csv = text(&csv.stdout);
    assert!(csv.starts_with("site,vault,resource_type,status,data_at,"), "{csv}");
    assert!(csv.lines().count() > 50 && csv.lines().skip(1).all(|line| line.starts_with("recovery,shop-recovery,")), "{csv}");

    let table = list(home.path(), &aws.url, &["events", "--days", "4000"]);
    assert!(text(&table.stdout).starts_with("SITE"), "{}", text(&table.stderr));
    let jobs = list(home.path(), &aws.url, &["jobs", "--json", "--days", "4000"]);
    assert_eq!((jobs.status.code(), text(&jobs.stdout)), (Some(0), String::new()), "{}", text(&jobs.stderr));

    let wrong = list(home.path(), &aws.url, &["alarms", "--where", "stat=ALARM"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(text(&wrong.stderr).contains("rows have no stat"), "{}", text(&wrong.stderr));
    let nobody = list(home.path(), &aws.url, &["alarms", "--site", "third"]);
    assert!(text(&nobody.stderr).contains("the plan has no site third"));
    let silent = list(home.path(), "http://127.0.0.1:9", &["alarms", "--json", "--site", "primary"]);
    assert_eq!((silent.status.code(), text(&silent.stdout)), (Some(1), String::new()));
    assert!(text(&silent.stderr).contains("unreachable"), "{}", text(&silent.stderr));
}

#[test]
fn events_are_those_that_the_plans_pattern_lets_through() {
    let home = tempfile::tempdir().unwrap();
    // Ten minutes of the shop's outage are a second; by then Health tells of GET and of PUT.
    let aws = Simulated::at_speed(home.path(), "600");
    let codes = |plan: &str| -> Vec<String> {
        let told = list_of(home.path(), &aws.url, plan, &["events", "--json", "--days", "4000"]);
        let rows =
            text(&told.stdout).lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()).collect::<Vec<_>>();
        rows.iter().map(|row| row["type_code"].as_str().unwrap().to_owned()).collect()
    };
    let both = (0..500).map(|_| codes("assets/plans/shop.toml")).find(|codes| codes.iter().any(|code| code.contains("_PUT_")));
    assert!(both.unwrap().iter().any(|code| code.contains("_GET_")));
    let plan = std::fs::read_to_string("assets/plans/shop.toml").unwrap();
    let pattern = r#"pattern = '{"detail": {"eventTypeCode": [{"prefix": "AWS_S3_INCREASED_GET"}]}}'"#;
    let patterned = home.path().join("patterned.toml");
    std::fs::write(&patterned, plan.replacen("[signals.health]", &format!("[signals.health]\n{pattern}"), 1)).unwrap();
    let only = codes(&patterned.display().to_string());
    assert!(!only.is_empty() && only.iter().all(|code| code.contains("_GET_")), "{only:?}");
}
