//! The linear mode on the real program, over pipes: a whole exercise by its lines alone, the report after it, and what happens when
//! the input ends too early or the wrong word is typed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by a panic what is wrong")]

use std::collections::{BTreeSet, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use lifeboat::plan::Plan;

/// A console whose lines are read as they come.
struct Line {
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<String>,
    heard: Vec<String>,
}

fn program(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
    command.args(arguments).env("LIFEBOAT_HOME", home).env("LIFEBOAT_OPERATOR", "Ana").env_remove("LIFEBOAT_PLAIN");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Line {
    fn open(home: &Path, arguments: &[&str]) -> Self {
        Self::start(&mut program(home, arguments))
    }

    fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let (sender, output) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        Self { input: child.stdin.take(), child, output, heard: Vec::new() }
    }

    fn next(&mut self, what: &str) -> String {
        let Ok(line) = self.output.recv_timeout(Duration::from_secs(120)) else {
            panic!("{what} never came; heard:\n{}", self.heard.join("\n"));
        };
        assert!(!line.chars().any(char::is_control), "a control character in {line:?}");
        self.heard.push(line.clone());
        line
    }

    fn until(&mut self, text: &str) -> String {
        loop {
            let line = self.next(text);
            if line.contains(text) {
                return line;
            }
        }
    }

    fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Declares the failover once the outage was detected.
    fn declare(&mut self) {
        self.until("detected at");
        self.say("declare eu-west-1 is failing");
        self.until("ask: ");
        self.say("yes");
        self.until("FAILOVER DECLARED: eu-west-1 is failing");
    }

    /// The input ends; the exit code and what was said last.
    fn end(mut self) -> (i32, Vec<String>) {
        drop(self.input.take());
        let code = self.child.wait().unwrap().code().unwrap();
        self.heard.extend(self.output.iter());
        (code, self.heard)
    }
}

const EXERCISE: [&str; 4] = ["tabletop", "--plain", "--speed", "240"];

#[test]
fn a_whole_exercise_goes_by_lines_alone() {
    let home = tempfile::tempdir().unwrap();
    let mut line = Line::open(home.path(), &EXERCISE);
    line.say("start");
    line.declare();
    let plan = Plan::read("assets/plans/shop.toml").unwrap();
    let mut left: BTreeSet<String> = plan.steps.iter().map(|step| step.id.to_string()).collect();
    let (mut waiting, mut asked) = (VecDeque::new(), None::<String>);
    while !left.is_empty() {
        if asked.is_none() {
            asked = waiting.pop_front();
            asked.iter().for_each(|command| line.say(command));
        }
        let told = line.next("the end of the plan");
        let Some((_, rest)) = told.split_once(' ') else { continue };
        let (id, rest) = rest.split_once([' ', ':']).unwrap_or((rest, ""));
        match rest.trim() {
            begin if begin.starts_with("can begin") => waiting.push_back(format!("confirm {id}")),
            asks if asks.starts_with("ASKS") => waiting.push_back(format!("approve {id} plausible")),
            "begun in eu-central-1" if id == "point-shop" => waiting.push_back(format!("done {id} deployed")),
            done if done.starts_with("done") => assert!(left.remove(id), "{id} was done twice"),
            _ => {}
        }
        if told.starts_with("ask: type eu-central-1 to confirm") {
            line.say("eu-central-1");
            asked = None;
        } else if told.starts_with("ask: type yes to confirm") {
            line.say("yes");
            asked = None;
        } else if asked.as_ref().is_some_and(|command| command.starts_with("done")) && told.ends_with("deployed") {
            asked = None;
        }
    }
    let heard = line.heard.join("\n");
    for told in
        ["orders-db: 50 %", "impact began at", "restored at", "failed over at", "fingerprint: ", "the same by the AWS CLI: aws "]
    {
        assert!(heard.contains(told), "{told} was not told:\n{heard}");
    }
    line.say("status");
    line.until("steps: 15 of 15 over");
    line.say("close recovered");
    line.until("ask: ");
    line.say("yes");
    line.until("closed: recovered");
    line.say("quit");
    let report = line.until("report   lifeboat report ");
    let (code, _) = line.end();
    assert_eq!(code, 0);
    let id = report.rsplit(' ').next().unwrap();
    let report = program(home.path(), &["report", id]).output().unwrap();
    let report = String::from_utf8(report.stdout).unwrap();
    assert!(report.contains("eu-west-1 is failing") && report.contains("orders-db"), "{report}");
}

#[test]
fn wrong_words_do_nothing_and_the_end_of_the_input_leaves_what_runs() {
    let home = tempfile::tempdir().unwrap();
    let mut line = Line::open(home.path(), &EXERCISE);
    line.until("help lists the commands");
    line.say("confirm orders-db");
    line.until("not done: the exercise has not begun");
    line.say("start");
    line.until("exercise started");
    line.say("confirm orders-db");
    line.until("not done: declare the failover first");
    line.declare();
    for word in ["y", "", "eu-central-1", "confirm orders-db"] {
        line.say("confirm orders-db");
        line.until("ask: type yes to confirm orders-db");
        line.say(word);
        line.until("Not confirmed, nothing was done.");
    }
    line.say("yes");
    line.until("nothing was asked, so this yes means nothing");
    line.say("confirm orders-dbb");
    line.until("the nearest is orders-db");
    line.say("steps");
    line.until("orders-db: ready");
    assert!(!line.heard.iter().any(|told| told.contains("confirmed: StartRestoreJob")));
    line.say("confirm orders-db");
    line.until("ask: type yes to confirm orders-db");
    line.say("yes");
    line.until("orders-db: AWS took the call");
    let (code, heard) = line.end();
    assert_eq!(code, 3, "{heard:#?}");
    assert!(heard.iter().any(|told| told.contains("still running: orders-db")), "{heard:#?}");
    let resume = heard.iter().find_map(|told| told.split_once("--resume ")).unwrap().1.to_owned();

    let mut line = Line::open(home.path(), &["tabletop", "--plain", "--resume", &resume]);
    line.until("goes on");
    line.say("step orders-db");
    line.until("confirmed ");
    line.say("quit");
    line.until("Leave?");
    line.say("no");
    line.until("Not confirmed");
    line.say("quit");
    line.until("Leave?");
    line.say("yes");
    let (code, _) = line.end();
    assert_eq!(code, 3);
}

#[test]
fn a_live_console_that_is_read_only_tells_and_refuses() {
    let home = tempfile::tempdir().unwrap();
    let mut aws = Line::open(home.path(), &["simulate"]);
    let url = aws.next("the address").rsplit(' ').next().unwrap().to_owned();
    let arguments = ["live", "--plan", "assets/plans/shop.toml", "--plain", "--read-only", "--endpoint-url", &url];
    let mut command = program(home.path(), &arguments);
    command.env("AWS_ACCESS_KEY_ID", "AKIAEXERCISEOPERATOR").env("AWS_SECRET_ACCESS_KEY", "exercise");
    let mut line = Line::start(command.env_remove("AWS_PROFILE").env_remove("AWS_SESSION_TOKEN"));
    line.until("LIVE shop");
    line.until("This console is read-only");
    line.until("alarms of recovery: heard");
    line.say("status");
    line.until("LIVE shop: The shop");
    for order in ["confirm ops-item", "declare now", "skip media because", "note seen"] {
        line.say(order);
        line.until("not done: this console is read-only");
    }
    line.say("find site:recovery state:/alarm|ok|insuff/");
    line.until("hidden by the filter");
    line.say("find /[/");
    line.until("not done: /[/ is no regular expression");
    while !line.heard.iter().any(|heard| heard.contains("recovery points of recovery: heard, ")) {
        line.next("the recovery points");
    }
    line.say("open orders-db");
    // The world is the scenario's, the clock is the real one: its recovery points have expired.
    line.until("No usable recovery point of it is known");
    line.say("open shop-error-rate");
    line.until("reads it: aws cloudwatch describe-alarms --region eu-west-1");
    line.until("AWS console: https://eu-west-1.console.aws.amazon.com/cloudwatch/");
    line.say("graph shop-error-rate");
    line.until("shop-error-rate: ");
    line.say("log");
    line.until("Nothing is recorded yet.");
    line.say("timeline");
    line.until("No impact is known yet");
    line.say("mask");
    line.until("Identifiers are masked");
    line.say("status");
    line.until("primary: account •••••••••••• in eu-west-1");
    line.say("mask");
    line.say("start");
    line.until("not done: there is no exercise");
    let (code, _) = line.end();
    assert_eq!(code, 0);
    aws.child.kill().unwrap();
    aws.child.wait().unwrap();
}

#[test]
fn where_there_is_no_terminal_lines_are_offered_or_chosen_with_a_sentence() {
    let home = tempfile::tempdir().unwrap();
    let refused = program(home.path(), &["tabletop", "--plain=never"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("is not a terminal") && said.contains("--plain"), "{said}");
    let mut line = Line::open(home.path(), &["tabletop"]);
    line.until("Lines instead of a screen, because standard input is not a terminal.");
    line.until("EXERCISE shop");
    let (code, _) = line.end();
    assert_eq!(code, 0);
}

/// The simulated AWS, ended with the test.
struct Simulated(Child, String);

impl Simulated {
    fn start(home: &Path) -> Self {
        let mut child = program(home, &["simulate"]).spawn().unwrap();
        let first = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        Self(child, first.rsplit(' ').next().unwrap().to_owned())
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn credentials_that_have_gone_are_named_and_picked_up_as_soon_as_somebody_renews_them_elsewhere() {
    let home = tempfile::tempdir().unwrap();
    let aws = Simulated::start(home.path());
    // A session that was never renewed: the process that gives its keys fails.
    let (keys, config) = (home.path().join("keys.json"), home.path().join("config"));
    std::fs::write(&config, format!("[default]\ncredential_process = cat {}\n", keys.display())).unwrap();
    let arguments = ["live", "--plain", "--read-only", "--plan", "assets/plans/shop.toml", "--endpoint-url", aws.1.as_str()];
    let mut command = program(home.path(), &arguments);
    command.env("AWS_CONFIG_FILE", &config).env("AWS_SHARED_CREDENTIALS_FILE", home.path().join("none"));
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"] {
        command.env_remove(name);
    }
    let mut console = Line::start(command.env("AWS_EC2_METADATA_DISABLED", "true"));
    let named = console.until("identity at recovery: BLIND");
    assert!(named.contains("expired") && named.contains("renew"), "{named}");
    let given = r#"{"Version": 1, "AccessKeyId": "AKIAEXERCISEOPERATOR", "SecretAccessKey": "exercise"}"#;
    std::fs::write(&keys, given).unwrap();
    console.say("refresh");
    // Both sites, in whatever order: the exit code is that of a console to which AWS never took a site's credentials otherwise.
    for _ in ["primary", "recovery"] {
        console.until(": heard");
        while !console.heard.last().is_some_and(|line| line.contains("identity at ")) {
            console.until(": heard");
        }
    }
    let (code, _) = console.end();
    assert_eq!(code, 0, "credentials that came in the end are no failure");
}
