//! The facilitator's terminal beside the players', both in real pseudo-terminals: what one does the other sees only by its effect, and
//! each survives the end of the other.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by a panic what is wrong")]
#![allow(dead_code, reason = "the terminal has more than this file uses")]

#[path = "pty/terminal.rs"]
mod terminal;

use std::path::Path;

use rustix::process::Signal;
use terminal::{Terminal, journal};

/// Opens an exercise that runs as slowly as the wall's clock, and a facilitator's terminal beside it.
fn table(home: &Path) -> (Terminal, Terminal) {
    let mut players = Terminal::start(home, &["tabletop", "--speed", "1", "--operator", "Ana"], (80, 24));
    players.sees("s start");
    let mut facilitator = Terminal::start(home, &["facilitate", "--operator", "Fay"], (80, 24));
    facilitator.sees("the players have not begun");
    players.press("s");
    players.sees("0 of 15 steps");
    facilitator.sees("the clock runs 1 times as fast");
    (players, facilitator)
}

/// Types a line, and waits for what it leads to.
#[track_caller]
fn order(facilitator: &mut Terminal, line: &str, then: &str) -> String {
    facilitator.press(&format!("{line}\r"));
    facilitator.sees(then)
}

/// All panes of the players at once.
#[track_caller]
fn all_panes(players: &mut Terminal) -> String {
    players.resize(200, 50);
    let all = ["Alarms", "Health", "Recovery points", "Timeline", "Wizard", "Log", "Who decides?"];
    players.until("all panes", |screen| {
        let wide = screen.lines().next().is_some_and(|line| line.chars().count() > 150);
        wide && all.iter().all(|text| screen.contains(text))
    })
}

#[test]
fn a_facilitator_turns_the_exercise_and_players_see_only_the_effect() {
    let home = tempfile::tempdir().unwrap();
    let (mut players, mut facilitator) = table(home.path());
    let screen = facilitator.screen();
    assert!(screen.contains("What is coming") && screen.contains("Impact begins") && screen.contains("03:02:00 in"), "{screen}");
    assert!(screen.contains("not for players"), "{screen}");
    // The clock: held, moved on, sped up. That it stands the players' header tells.
    order(&mut facilitator, "hold", "stopped the clock");
    players.sees("paused");
    order(&mut facilitator, "step 90", "moved the clock on by 90 s");
    // What would make the Region slow and silent is held back: both stay so for the rest of this.
    for number in [2, 6] {
        order(&mut facilitator, &format!("hold {number}"), &format!("held inject {number} back"));
    }
    // What is said to be coming is let happen, and the players see what it changed.
    order(&mut facilitator, "inject 1", "let inject 1 happen");
    facilitator
        .until("one inject fewer", |screen| !screen.lines().any(|line| line.starts_with("   1  ") && line.contains("Impact")));
    order(&mut facilitator, "step 4m", "moved the clock on by 240 s");
    players.press("1");
    players.until("the alarm", |screen| screen.lines().any(|line| line.contains("ALARM") && line.contains("shop-unavailable")));
    // A fault by hand is in force until it is ended.
    order(&mut facilitator, "fault denied service=backup region=eu-central-1", "denied: denied: backup, eu-central-1");
    order(&mut facilitator, "go", "let the clock run");
    order(&mut facilitator, "speed 20", "set the clock's speed to 20");
    players.press("3");
    players.sees("denied; check the role's");
    order(&mut facilitator, "calm", "ended all faults");
    players.until("points again", |screen| !screen.contains("denied; check"));
    // What is noted, and what is wrong with a line, stays here.
    order(&mut facilitator, "note Ana looks at Health first, kumquat", "noted");
    order(&mut facilitator, "inject 99", "no inject 99 is to come");
    order(&mut facilitator, "judge 1 good", "nothing was asked of the room yet");
    order(&mut facilitator, "dance", "`help` lists what is");
    order(&mut facilitator, "fault slwo", "slow");
    order(&mut facilitator, "ask Who decides?", "question 1: Who decides?");
    order(&mut facilitator, "judge 1 good Ana, quince", "judged");
    players.press("6");
    players.sees("Who decides?");
    let seen = all_panes(&mut players);
    for hidden in ["kumquat", "quince", "Fay", "let inject", "moved the clock", "stopped the clock", "played", "by hand"] {
        assert!(!seen.contains(hidden), "{hidden} is for the facilitator:\n{seen}");
    }
    // The players go on when the facilitator goes, and the other way around.
    order(&mut facilitator, "hold", "stopped the clock");
    facilitator.press("quit\r");
    assert_eq!(facilitator.leaves().code, 0);
    players.press("p");
    players.until("a clock that runs", |screen| !screen.contains("paused"));
    players.press("q");
    let left = players.leaves();
    assert_eq!(left.code, 0, "{}", left.text);
}

#[test]
fn each_end_survives_that_the_other_is_killed() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (mut players, facilitator) = table(home);
    facilitator.signal(Signal::KILL);
    let mut killed = facilitator;
    assert!(killed.ends().signal().is_some());
    players.press("n");
    players.sees("A note for the journal");
    players.press("still here\r");
    let mut facilitator = Terminal::start(home, &["facilitate", "--operator", "Fay"], (200, 50));
    facilitator.sees("Ana: note: still here");
    let (id, _) = journal(home);
    // Now the players' console: the facilitator's waits, and notes all the same.
    players.signal(Signal::KILL);
    assert!(players.ends().signal().is_some());
    let told = facilitator.sees("does not answer");
    assert!(told.contains(&format!("lifeboat tabletop --resume {id}")), "{told}");
    order(&mut facilitator, "note their laptop died", "noted");
    order(&mut facilitator, "hold", "not done");
    let mut players = Terminal::start(home, &["tabletop", "--resume", &id, "--speed", "1", "--operator", "Ben"], (80, 24));
    players.sees("0 of 15 steps");
    facilitator.sees("The exercise answers again.");
    order(&mut facilitator, "speed 30", "set the clock's speed to 30");
    players.sees("×30");
    players.press("X");
    players.sees("Close the incident");
    players.press("enough\r");
    players.say_yes("Close the incident");
    let told = facilitator.sees("The players closed it.");
    assert!(told.contains("Score so far:") && told.contains("`lifeboat score"), "{told}");
    players.press("q");
    assert_eq!(players.leaves().code, 0);
    order(&mut facilitator, "note we talk tomorrow", "noted");
    facilitator.press("\u{3}");
    assert_eq!(facilitator.leaves().code, 0);
}

#[test]
fn where_nothing_runs_it_says_what_to_do_and_of_two_it_takes_none() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let facilitate = |arguments: &[&str]| {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_lifeboat"));
        let output = command.env("LIFEBOAT_HOME", home).arg("facilitate").args(arguments).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap())
    };
    let (code, told) = facilitate(&[]);
    assert!(code == 1 && told.contains("start one with `lifeboat tabletop`"), "{told}");
    let mut one = Terminal::start(home, &["tabletop", "--operator", "Ana"], (80, 24));
    one.sees("s start");
    let (code, told) = facilitate(&["", "look"]);
    assert!(code == 0 && told.contains("Impact begins") && told.contains("have not begun"), "{told}");
    let (code, told) = facilitate(&["", "hold"]);
    assert!(code == 1 && told.contains("its players start it"), "{told}");
    let mut two = Terminal::start(home, &["tabletop", "--operator", "Ben"], (80, 24));
    two.sees("s start");
    let (code, told) = facilitate(&[]);
    assert!(code == 1 && told.contains("2 exercises are running: name one"), "{told}");
    for console in [&mut one, &mut two] {
        console.press("q");
        assert_eq!(console.leaves().code, 0);
    }
}
