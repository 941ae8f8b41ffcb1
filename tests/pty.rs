//! The real binary in a pseudo-terminal, played with keys as a person plays it: the whole exercise, and the ways in which a console
//! is resized, left, killed and lost.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by a panic what is wrong")]

#[path = "pty/terminal.rs"]
mod terminal;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use lifeboat::ui::overlays::{ARM_AFTER, QUIET};
use rustix::process::Signal;
use serde_json::Value;
use terminal::{Terminal, journal};

/// The size that everything must work at.
const SMALL: (u16, u16) = (80, 24);

/// The steps of the shop's plan in its order, and how each title begins.
const STEPS: [(&str, &str); 15] = [
    ("ops-item", "Open an OpsItem for"),
    ("orders-db", "Restore the orders database"),
    ("media", "Restore the media file"),
    ("orders-table", "Restore the orders table"),
    ("assets-bucket", "Restore the assets bucket"),
    ("catalog-volume", "Restore the catalog volume"),
    ("attach-volume", "Attach the catalog volume"),
    ("point-shop", "Point the web tier"),
    ("warm-caches", "Warm the caches"),
    ("smoke-test", "Ask the recovered shop"),
    ("move-records", "Move the customers"),
    ("dns-answers", "The name is answered"),
    ("traffic-answers", "The shop answers from"),
    ("errors-gone", "Errors are gone, and"),
    ("ops-item-resolved", "Resolve the OpsItem"),
];

/// Opens an exercise and starts its clock.
fn started(home: &Path, arguments: &[&str], size: (u16, u16)) -> Terminal {
    let arguments: Vec<&str> = ["tabletop", "--operator", "Ana"].iter().chain(arguments).copied().collect();
    let mut console = Terminal::start(home, &arguments, size);
    console.sees("s start");
    console.press("s");
    console.sees("0 of 15 steps");
    console
}

/// Moves to a step with the wizard's own keys.
#[track_caller]
fn go_to(console: &mut Terminal, step: &str) {
    let at = STEPS.iter().position(|(id, _)| *id == step).unwrap();
    for _ in 0..5 {
        console.press(&format!("5g{}", "j".repeat(at)));
        if console.within(Duration::from_secs(5), |screen| screen.contains(STEPS[at].1)).is_some() {
            return;
        }
        // The wizard goes on by itself when the chosen step ends: once more.
    }
    panic!("the wizard does not go to {step}:\n{}", console.screen());
}

/// Goes to a step, waits until it can be confirmed, and confirms it.
#[track_caller]
fn begin(console: &mut Terminal, step: &str) {
    go_to(console, step);
    console.until(&format!("the offer to begin {step}"), |screen| screen.contains("c confirm…") || screen.contains("c begin…"));
    console.press("c");
    let title = format!("Confirm {step}");
    if step == "move-records" {
        console.sees("Type eu-central-1");
        assert!(!console.screen().contains("y Yes"), "a yes is asked for only after the name");
        console.press("eu-central-1");
    }
    console.say_yes(&title);
}

fn lifeboat(home: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_lifeboat"));
    let output = command.env("LIFEBOAT_HOME", home).args(arguments).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

fn declare(console: &mut Terminal) {
    console.press("D");
    console.sees("Declare the failover");
    console.press("eu-west-1 is failing\r");
    console.say_yes("Declare the failover");
    console.sees("DECLARED");
}

/// The report in JSON, which is the same however often it is asked for.
fn report(home: &Path, id: &str) -> Value {
    let (code, json) = lifeboat(home, &["report", id, "--format", "json"]);
    assert_eq!(code, 0);
    assert_eq!(lifeboat(home, &["report", id, "--format", "json"]).1, json, "the same bytes each time");
    serde_json::from_str(&json).unwrap()
}

#[test]
fn the_exercise_is_played_from_the_first_alarm_to_the_report() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let mut console = Terminal::start(home, &["tabletop", "--speed", "60", "--operator", "Ana"], SMALL);
    let first = console.sees("s start");
    assert!(first.contains("EXERCISE") && first.contains("simulated AWS"), "{first}");
    console.press("s");
    console.sees("0 of 15 steps");
    console.press("1");
    console.until("shop-unavailable in ALARM", |screen| {
        screen.lines().any(|line| line.contains("ALARM") && line.contains("shop-unavailable"))
    });
    declare(&mut console);
    console.press("++");
    console.sees("×240");
    for (step, _) in STEPS {
        if step == "warm-caches" {
            // A person needs some seconds for an answer, and the step has a limit.
            console.press("--");
        }
        begin(&mut console, step);
        match step {
            "point-shop" => {
                console.sees("d done…");
                console.press("d");
                console.sees("point-shop is done");
                console.press("deployed 4711\r");
            }
            "warm-caches" => {
                console.sees("a approve…");
                console.press("a");
                console.sees("Approve for warm-caches");
                console.press("48 000 is right\r");
                console.say_yes("Answer warm-caches");
                console.press("++");
            }
            _ => {}
        }
    }
    console.sees("15 of 15 steps");
    console.press("X");
    console.sees("Close the incident");
    console.press("recovered\r");
    console.say_yes("Close the incident");
    console.sees("CLOSED");
    console.press("q");
    let left = console.leaves();
    assert_eq!((left.code, left.signal), (0, None), "{}", left.text);
    let (id, path) = journal(home);
    assert!(left.text.contains(path.to_str().unwrap()), "{}", left.text);
    assert!(left.text.contains(&format!("lifeboat report {id}")) && !left.text.contains("--resume"), "{}", left.text);
    the_report_adds_up(home, &id);
}

fn the_report_adds_up(home: &Path, id: &str) {
    let report = report(home, id);
    let durations: Vec<i64> = report["durations"].as_array().unwrap().iter().map(|row| row["secs"].as_i64().unwrap()).collect();
    assert_eq!(durations.len(), 4);
    assert_eq!(Some(durations.iter().sum::<i64>()), report["recovery_time"]["achieved_secs"].as_i64(), "{durations:?}");
    assert_eq!(report["durations"][0]["from"], "2026-03-14T03:02:00Z");
    let loss: BTreeMap<&str, i64> = report["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["step"].as_str().unwrap(), row["loss_secs"].as_i64().unwrap() / 60))
        .collect();
    let expected = [("assets-bucket", 18), ("catalog-volume", 52), ("media", 35), ("orders-db", 41), ("orders-table", 26)];
    assert_eq!(loss, expected.into());
    assert_eq!(report["closed"]["reason"], "recovered");
    assert_eq!(report["operators"], serde_json::json!(["Ana"]));
    assert_eq!(report["integrity"]["damage"], Value::Null);
    let (code, markdown) = lifeboat(home, &["report", id]);
    assert_eq!(code, 0);
    assert_eq!(lifeboat(home, &["report", id]).1, markdown, "the same bytes each time");
    assert!(markdown.contains("EXERCISE") && markdown.contains(id), "{markdown}");
    let (_, list) = lifeboat(home, &["incidents"]);
    let (title, rows) = list.split_once('\n').unwrap();
    assert_eq!(title, "EXERCISES");
    assert!(rows.contains(id) && rows.contains("closed"), "{list}");
}

#[test]
fn a_screen_of_any_size_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut console = started(home.path(), &["--speed", "1"], SMALL);
    console.press("n");
    console.sees("A note for the journal");
    console.press("half a no");
    console.sees("half a no");
    console.resize(200, 50);
    console.until("the whole console at 200×50", |screen| {
        let all = ["Alarms", "Health", "Recovery points", "Timeline", "Wizard", "Log", "half a no"];
        let wide = screen.lines().next().is_some_and(|line| line.chars().count() > 150);
        wide && all.iter().all(|text| screen.contains(text))
    });
    console.resize(60, 20);
    console.until("the prompt at 60×20", |screen| {
        screen.contains("half a no") && screen.lines().all(|line| line.chars().count() <= 60)
    });
    console.resize(40, 10);
    console.until("the sentence with both sizes", |screen| {
        let text = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        screen.contains("EXERCISE") && text.contains("The screen is 40×10; the console needs 60×20.")
    });
    console.resize(80, 24);
    console.sees("half a no");
    console.press("te\r");
    console.press("6");
    console.sees("note: half a note");
    console.press("5");
    let screen = console.sees("0 of 15 steps");
    for pane in ["1 Alarms", "2 Health", "3 Recovery points", "4 Timeline", "5 Wizard", "6 Log"] {
        assert!(screen.contains(pane), "{pane} is missing:\n{screen}");
    }
    console.press("q");
    assert_eq!(console.leaves().code, 0);
}

#[test]
fn a_storm_of_resizes_ends_with_a_whole_screen_of_the_last_size() {
    let home = tempfile::tempdir().unwrap();
    let mut console = started(home.path(), &["--speed", "1"], SMALL);
    // As somebody drags a window's corner: far more sizes than can be drawn, some of them too small for anything.
    for (number, (last_columns, last_rows)) in [(200, 50), (60, 20), (120, 40)].into_iter().enumerate() {
        for turn in 0..200_u16 {
            let turn = turn + 7 * u16::try_from(number).unwrap();
            console.resize(20 + turn * 37 % 230, 5 + turn * 13 % 70);
        }
        console.resize(last_columns, last_rows);
        console.until("the whole console of the last size", |screen| {
            let lines: Vec<&str> = screen.lines().collect();
            let wide = lines.first().is_some_and(|line| line.chars().count() + 1 >= usize::from(last_columns));
            let whole = ["1 Alarms", "2 Health", "3 Recovery points", "4 Timeline", "5 Wizard", "6 Log"];
            let rows = lines.len() == usize::from(last_rows) && lines[lines.len() - 1].contains("? keys");
            rows && wide && lines[0].contains("EXERCISE") && whole.iter().all(|pane| screen.matches(pane).count() == 1)
        });
    }
    console.press("q");
    assert_eq!(console.leaves().code, 0);
}

#[test]
fn a_terminal_without_a_screen_gets_lines_and_a_sentence_why() {
    for term in ["dumb", ""] {
        let home = tempfile::tempdir().unwrap();
        let mut console = Terminal::start_with(home.path(), &["tabletop", "--operator", "Ana"], (100, 200), &[("TERM", term)]);
        console.press("status\rquit\r");
        let left = console.leaves();
        assert_eq!(left.code, 0, "{}", left.text);
        assert!(left.text.contains("Lines instead of a screen, because TERM names no terminal with a screen."), "{}", left.text);
        assert!(left.text.contains("EXERCISE shop") && left.text.contains("start begins the exercise"), "{}", left.text);
    }
}

#[test]
fn a_killed_console_is_resumed_with_its_step_still_running_and_leaving_names_it() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let mut console = started(home, &["--speed", "10"], SMALL);
    declare(&mut console);
    begin(&mut console, "orders-db");
    console.sees("runs");
    console.signal(Signal::KILL);
    let killed = console.ends();
    assert!(killed.signal().is_some(), "{killed}");
    let (id, _) = journal(home);
    let mut console = Terminal::start(home, &["tabletop", "--resume", &id, "--speed", "10", "--operator", "Ben"], SMALL);
    console.sees("running 1");
    go_to(&mut console, "orders-db");
    console.until("the restore, still running", |screen| screen.contains("runs") && screen.contains("confirmed"));
    console.press("q");
    let dialog = console.sees("Leave while steps are running?");
    assert!(dialog.contains("◐ orders-db"), "{dialog}");
    console.reads("Leave while steps are running?", ARM_AFTER + QUIET);
    console.press("\r");
    console.until("the console, because enter is no yes", |screen| !screen.contains("Leave while"));
    console.press("q");
    console.say_yes("Leave while steps are running?");
    let left = console.leaves();
    assert_eq!(left.code, 3, "{}", left.text);
    assert!(left.text.contains("still running: orders-db"), "{}", left.text);
    assert!(left.text.contains(&format!("lifeboat tabletop --resume {id}")), "{}", left.text);
    let report = report(home, &id);
    let calls = report["calls"].as_array().unwrap();
    assert_eq!(calls.len(), 1, "one restore was confirmed, once: {calls:?}");
    assert_eq!(report["operators"], serde_json::json!(["Ana", "Ben"]));
    assert_eq!(report["integrity"]["damage"], Value::Null);
}

#[test]
fn ctrl_c_closes_what_is_open_and_then_leaves() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let mut console = Terminal::start(home, &[], SMALL);
    console.sees("s start");
    console.press("\u{3}");
    let left = console.leaves();
    assert_eq!((left.code, left.text.trim()), (0, ""), "an exercise that was only looked at has nothing to say");
    let kept = std::fs::read_dir(home.join("exercises")).unwrap().count();
    assert_eq!(kept, 0, "and leaves nothing behind");

    let mut console = started(home, &["--speed", "10"], SMALL);
    console.press("D");
    console.sees("From here on the restore counts");
    console.press("not yet\u{3}");
    console.until("the prompt to close", |screen| !screen.contains("From here on the restore counts"));
    assert!(!console.screen().contains("▶ DECLARED"));
    go_to(&mut console, "catalog-volume");
    console.sees("c confirm…");
    console.press("c");
    console.sees("declare the failover first");
    assert!(!console.screen().contains("y Yes"), "nothing is asked that would be refused:\n{}", console.screen());
    declare(&mut console);
    begin(&mut console, "catalog-volume");
    console.sees("runs");
    console.press("\u{3}");
    console.sees("Leave while steps are running?");
    // The second one is the yes, unless it is the first one held down.
    console.reads("Leave while steps are running?", QUIET * 2);
    console.press("\u{3}");
    assert_eq!(console.leaves().code, 3);
}

#[test]
fn a_signal_to_end_restores_the_terminal_and_leaves_the_journal_whole() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let mut console = started(home, &["--speed", "10"], SMALL);
    declare(&mut console);
    begin(&mut console, "media");
    console.sees("runs");
    console.signal(Signal::TERM);
    let left = console.leaves();
    assert_eq!((left.code, left.signal), (1, None), "{}", left.text);
    let (id, _) = journal(home);
    assert!(left.text.contains("lifeboat: ") && left.text.contains("--resume"), "{}", left.text);
    let report = report(home, &id);
    assert_eq!(report["integrity"]["damage"], Value::Null);
    assert_eq!(report["calls"][0]["step"], "media");
    assert_ne!(report["calls"][0]["answered"], Value::Null, "the answer was waited for");
}

#[test]
fn a_lost_terminal_ends_the_console_and_leaves_the_journal_whole() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let mut console = started(home, &["--speed", "10"], SMALL);
    declare(&mut console);
    begin(&mut console, "media");
    console.sees("runs");
    console.hang_up();
    let status = console.ends();
    assert_eq!((status.exit_code(), status.signal()), (1, None));
    let (id, _) = journal(home);
    assert_eq!(report(home, &id)["integrity"]["damage"], Value::Null);
    let mut console = Terminal::start(home, &["tabletop", "--resume", &id, "--operator", "Ana"], SMALL);
    console.sees("running 1");
}

#[test]
fn where_nothing_changes_the_terminal_hears_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut console = started(home.path(), &[], SMALL);
    console.press("p");
    console.sees("paused");
    // What was asked before the pause is answered; then a turn of the help and back, so that everything before has been drawn.
    let turn = |console: &mut Terminal| {
        let before = console.bytes();
        console.press("?");
        console.sees("Keys that work here");
        console.press("\u{1b}");
        console.until("the panes", |screen| !screen.contains("Keys that work here"));
        console.bytes() - before
    };
    // What was asked before the pause is answered with the first turn.
    turn(&mut console);
    let alone = turn(&mut console);
    // Sixty keys that do nothing are sixty looks at the same state.
    console.press(&"\u{7}".repeat(60));
    let with_idle_looks = turn(&mut console);
    assert!(with_idle_looks <= alone + 16, "{with_idle_looks} bytes where {alone} are enough: idle looks were drawn");
}
