//! What the real program leaves behind in a pseudo-terminal: after a fault of its own, and of the view for the next run.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by a panic what is wrong")]

#[expect(dead_code, reason = "the tests of the whole exercise use the rest of it")]
#[path = "pty/terminal.rs"]
mod terminal;

use std::path::Path;

use terminal::Terminal;

fn read_all(folder: &Path, named: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let wanted = entries.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(named)));
    wanted.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// The key that causes a fault is in builds for development alone, and only with the variable.
#[cfg(debug_assertions)]
#[test]
fn a_fault_gives_the_terminal_back_and_leaves_a_report_without_secrets() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let fault = [("LIFEBOAT_FAULT", "a table lost its legs: AKIAIOSFODNN7EXAMPLE, aws_secret_access_key=wJalrXUtnFEMIK7MDENG")];
    let mut console = Terminal::start_with(home, &["tabletop", "--operator", "Ana"], (80, 24), &fault);
    console.sees("s start");
    console.press("s");
    console.sees("0 of 15 steps");
    console.press("\u{14}");
    console.sees("The mouse chooses");
    console.press("\u{1b}[24~");
    // `leaves` holds that raw mode, the alternate screen, the hidden cursor and the pasting are undone.
    let left = console.leaves();
    assert_eq!((left.code, left.signal), (101, None), "{}", left.text);
    let text = left.text.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in ["a fault of its own: a table lost its legs", "what was confirmed is in the journal", "--resume ID"] {
        assert!(text.contains(words), "{words} is not in\n{}", left.text);
    }
    let reports = read_all(home, "crash-");
    let [report] = reports.as_slice() else { panic!("one report was to be there: {reports:?}") };
    for words in ["a table lost its legs", "src/console/screen.rs", "Backtrace", "tabletop --operator Ana", "TERM=xterm-256color"]
    {
        assert!(report.contains(words), "{words} is not in\n{report}");
    }
    for (name, text) in [("the report", report), ("the terminal", &left.text)] {
        for secret in ["AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI"] {
            assert!(!text.contains(secret), "{secret} is in {name}:\n{text}");
        }
    }
}

#[test]
fn the_program_has_no_key_for_a_fault() {
    let home = tempfile::tempdir().unwrap();
    let mut console = Terminal::start(home.path(), &["tabletop"], (80, 24));
    console.sees("s start");
    console.press("\u{1b}[24~q");
    assert_eq!(console.leaves().code, 0);
    assert!(read_all(home.path(), "crash-").is_empty());
}

#[test]
fn borders_that_were_moved_are_there_again_in_the_next_run() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    for widened in ["wizard = 12", "wizard = 24"] {
        let mut console = Terminal::start(home, &["tabletop", "--operator", "Ana"], (200, 50));
        console.sees("s start");
        console.press("s");
        console.sees("0 of 15 steps");
        console.press("5>>>");
        // The file is written with the key, not with the end: a console may be killed.
        console.until(widened, |_| read_all(home, "view.toml").iter().any(|text| text.contains(widened)));
        console.signal(rustix::process::Signal::KILL);
        console.ends();
    }
    std::fs::write(home.join("view.toml"), "[sides]\nwizard = 'wide'\n").unwrap();
    let mut console = Terminal::start(home, &["tabletop", "--operator", "Ana"], (200, 50));
    console.sees("s start");
    console.press("q");
    assert_eq!(console.leaves().code, 0, "a file that is none keeps nobody from working");
}
