//! The commands as a shell runs them, without a terminal: what each one says, and its exit code.

#![expect(clippy::unwrap_used, reason = "a test says by a panic what is wrong")]

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use assert_cmd::Command;

/// What a command did.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// Runs `lifeboat` at home in this folder, with pipes for a terminal.
fn lifeboat(home: &Path, arguments: &[&str]) -> Ran {
    run(home, arguments, &[])
}

fn run(home: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
    for name in ["NO_COLOR", "COLORTERM", "LIFEBOAT_THEME", "LIFEBOAT_OPERATOR", "AWS_ENDPOINT_URL", "AWS_PROFILE"] {
        command.env_remove(name);
    }
    command.env("LIFEBOAT_HOME", home).env("TERM", "xterm-256color").envs(environment.iter().copied());
    let output = command.args(arguments).timeout(Duration::from_secs(40)).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// Refused with this code, and with a sentence that has all these words.
#[track_caller]
fn refused(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
    assert!(ran.out.is_empty(), "{}", ran.out);
    for word in words {
        assert!(ran.err.contains(word), "{word:?} is not in: {}", ran.err);
    }
    assert!(!ran.err.contains("panicked") && !ran.err.contains('\u{1b}'), "{}", ran.err);
}

fn asset(path: &str) -> String {
    format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn without_a_terminal_lines_are_spoken_and_lifeboat_alone_explains_itself() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, explains) in [(&[][..], true), (&["tabletop"], false)] {
        let ran = lifeboat(home.path(), arguments);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains("Lines instead of a screen, because standard input is not a terminal."), "{}", ran.out);
        assert!(ran.out.contains("start begins the exercise"), "{}", ran.out);
        assert_eq!(ran.out.contains("lifeboat live --plan FILE"), explains, "{}", ran.out);
    }
    let kept = std::fs::read_dir(home.path().join("exercises")).unwrap().count();
    assert_eq!(kept, 0, "no journal and no world");
    let listed = lifeboat(home.path(), &["incidents"]);
    assert_eq!(listed.code, 0);
    assert!(listed.out.starts_with("no incidents and no exercises under "), "{}", listed.out);
}

#[test]
fn a_screen_that_is_asked_for_needs_a_terminal_and_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let ran = lifeboat(home.path(), &["tabletop", "--plain=never"]);
    refused(&ran, 1, &["lifeboat: standard input is not a terminal", "--plain"]);
    let kept = std::fs::read_dir(home.path().join("exercises")).unwrap().count();
    assert_eq!(kept, 0, "no journal and no world");
}

#[test]
fn a_scenario_that_is_not_there_is_told_with_those_that_are() {
    let home = tempfile::tempdir().unwrap();
    let words = ["no scenario rgion-outage", "shipped are region-outage", "name a file"];
    refused(&lifeboat(home.path(), &["tabletop", "rgion-outage"]), 1, &words);
    refused(&lifeboat(home.path(), &["tabletop", "no/such.toml"]), 1, &["cannot read no/such.toml", "because: No such file"]);
    let broken = home.path().join("broken.toml");
    std::fs::write(&broken, "format = 1\nnmae = \"x\"\n").unwrap();
    let ran = lifeboat(home.path(), &["tabletop", broken.to_str().unwrap()]);
    refused(&ran, 1, &["broken.toml:2:1", "did you mean `name`?"]);
}

#[test]
fn the_plan_check_tells_every_fault_with_its_place_and_a_hint() {
    let home = tempfile::tempdir().unwrap();
    let sound = lifeboat(home.path(), &["plan", "check", "--offline", &asset("assets/plans/shop.toml")]);
    assert_eq!((sound.code, sound.err.as_str()), (0, ""), "{}", sound.out);
    assert!(sound.out.ends_with("plan shop, 15 steps, no faults\n"), "{}", sound.out);

    let path = asset("tests/fixtures/plans/sections.toml");
    let broken = lifeboat(home.path(), &["plan", "check", &path]);
    assert_eq!((broken.code, broken.err.as_str()), (1, ""));
    for place in ["sections.toml:1:10", "sections.toml:3:1", "sections.toml:14:11"] {
        assert!(broken.out.contains(place), "{place} is not in: {}", broken.out);
    }
    assert!(broken.out.contains("did you mean `title`?") && broken.out.contains("did you mean `services`?"), "{}", broken.out);
    assert!(!broken.out.contains('\u{1b}'), "no colours in a pipe");
    let plain = run(home.path(), &["plan", "check", &path], &[("NO_COLOR", "1")]);
    assert_eq!(plain.out, broken.out);

    let missing = lifeboat(home.path(), &["plan", "check", "no/such.toml"]);
    refused(&missing, 1, &["cannot read the plan no/such.toml", "because: No such file"]);
    assert_eq!(missing.err.matches("No such file").count(), 1, "said once: {}", missing.err);
}

#[test]
fn a_report_of_an_incident_that_is_not_there_is_refused_in_a_sentence() {
    let home = tempfile::tempdir().unwrap();
    let words = ["no incident or exercise begins with \"20260314\"", home.path().to_str().unwrap()];
    refused(&lifeboat(home.path(), &["report", "20260314"]), 1, &words);
    refused(&lifeboat(home.path(), &["tabletop", "--resume", "20260314"]), 1, &words);
}

#[test]
fn live_wants_a_sound_plan() {
    let home = tempfile::tempdir().unwrap();
    refused(&lifeboat(home.path(), &["live"]), 2, &["--plan <FILE>", "Usage: lifeboat live"]);
    let path = asset("tests/fixtures/plans/sections.toml");
    refused(&lifeboat(home.path(), &["live", "--plan", &path]), 1, &["sections.toml:3:1", "did you mean `title`?"]);
    refused(&lifeboat(home.path(), &["live", "--plan", "no/such.toml"]), 1, &["cannot read the plan no/such.toml"]);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let home = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let words = [&format!("cannot listen on 127.0.0.1:{port}"), "because: Address already in use"];
    refused(&lifeboat(home.path(), &["simulate", "--port", &port]), 1, &words);
}

#[test]
fn a_theme_that_is_not_there_is_told_with_those_that_are() {
    let home = tempfile::tempdir().unwrap();
    let shipped = ["dark", "light", "high-contrast", "colour-blind", "ansi", "mono"];
    let ran = lifeboat(home.path(), &["tabletop", "--theme", "nosuch"]);
    refused(&ran, 1, &["the theme nosuch cannot be used", "shipped are", "name a .toml file"]);
    refused(&ran, 1, &shipped);
    let help = lifeboat(home.path(), &["--help"]).out;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains(&shipped.join(", ")), "{help}");
}

#[test]
fn settings_with_a_fault_are_refused_with_its_place() {
    for (settings, words) in [
        ("oprator = \"Ana\"\n", &["config.toml:1:1", "did you mean `operator`?"][..]),
        ("operator = \"Ana\"\ntheme = 5\n", &["config.toml:2:9"]),
        ("[keys]\nquti = \"q\"\n", &["config.toml:2", "`quti` is no action", "did you mean `quit`?"]),
        ("[keys]\nquit = [\"q\", \"kwit\"]\n", &["config.toml:2", "`kwit` is no key"]),
        ("operator = \n", &["config.toml:1:"]),
    ] {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("config.toml"), settings).unwrap();
        refused(&lifeboat(home.path(), &["tabletop"]), 1, words);
    }
}

#[test]
fn a_home_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let home = file.join("home");
    refused(&lifeboat(&home, &["tabletop"]), 1, &[home.to_str().unwrap(), "because: Not a directory"]);
    let home = folder.path().join("home");
    std::fs::create_dir(&home).unwrap();
    std::fs::write(home.join("exercises"), "").unwrap();
    let exercises = home.join("exercises");
    refused(&lifeboat(&home, &["tabletop"]), 1, &[exercises.to_str().unwrap(), "--home or LIFEBOAT_HOME", "because: "]);
}
