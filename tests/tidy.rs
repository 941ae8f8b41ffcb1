//! The rules of the rooms, checked on the source: who may know whom, who may read the time, who may change AWS.

#![expect(clippy::unwrap_used, reason = "a test says by a panic what is wrong")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// For each room of src/, the rooms that it may name. `docs/architecture.md` gives the reasons.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("domain", &[]),
    ("document", &[]),
    ("logging", &[]),
    ("crash", &["clock", "logging"]),
    ("pattern", &[]),
    ("cli", &[]),
    ("config", &["document"]),
    ("commands", &["cli", "config", "ui"]),
    ("plan", &["document", "domain", "pattern"]),
    ("journal", &["domain"]),
    ("cloud", &["clock", "domain"]),
    ("gate", &["cloud", "domain", "journal"]),
    ("engine", &["domain", "journal", "plan"]),
    ("store", &["domain", "journal", "plan"]),
    ("feed", &["clock", "cloud", "domain", "pattern", "plan", "store"]),
    ("driver", &["clock", "cloud", "domain", "engine", "gate", "journal", "plan", "store"]),
    ("draft", &["cloud", "domain", "plan"]),
    ("query", &["cloud", "domain", "ui"]),
    ("doctor", &["clock", "cloud", "domain", "plan"]),
    ("checkup", &["cli", "clock", "cloud", "config", "console", "doctor", "domain", "error", "plan"]),
    ("readiness", &["cloud", "domain", "plan"]),
    ("report", &["domain", "journal"]),
    ("sim", &["clock", "document", "pattern"]),
    ("ui", &["document", "domain", "engine", "journal", "plan", "report", "store"]),
    (
        "console",
        &[
            "clock", "cloud", "document", "domain", "driver", "engine", "feed", "gate", "journal", "plan", "report", "sim",
            "store", "ui",
        ],
    ),
    ("list", &["cli", "clock", "cloud", "console", "domain", "error", "plan", "query"]),
    ("error", &["config", "console", "document", "domain", "journal", "plan", "report", "ui"]),
    (
        "run",
        &[
            "checkup",
            "cli",
            "clock",
            "cloud",
            "commands",
            "config",
            "console",
            "crash",
            "domain",
            "draft",
            "driver",
            "engine",
            "error",
            "feed",
            "journal",
            "list",
            "logging",
            "plan",
            "query",
            "readiness",
            "report",
            "store",
            "ui",
        ],
    ),
];

/// A source file without its comments and without its tests.
struct Source {
    room: String,
    path: PathBuf,
    lines: Vec<(usize, String)>,
}

fn sources() -> Vec<Source> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.sort();
    let is_test = |path: &Path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        name == "tests" || name.ends_with("_tests") || name == "stub"
    };
    paths
        .into_iter()
        .filter(|path| !is_test(path))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let lines = code.lines().enumerate().map(|(at, line)| (at + 1, line.trim().to_owned()));
            let lines = lines.filter(|(_, line)| !line.starts_with("//")).collect();
            let first = path.strip_prefix(&root).unwrap().components().next().unwrap();
            let room = first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
            Source { room, path, lines }
        })
        .collect()
}

fn places(predicate: impl Fn(&Source, &str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources() {
        for (line, text) in &source.lines {
            if predicate(&source, text) {
                found.push(format!("{}:{line}: {text}", source.path.display()));
            }
        }
    }
    found
}

/// The rooms that a line names: every `crate::room`, also in braces.
fn named(line: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut rooms = BTreeSet::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => rooms.extend(list.split([',', '}']).map(|part| word(part.trim()))),
            None => drop(rooms.insert(word(rest))),
        }
    }
    rooms
}

#[test]
fn rooms_know_only_the_rooms_that_they_may() {
    let allowed = |room: &str| MAY_KNOW.iter().find(|(name, _)| *name == room).map(|(_, rooms)| *rooms);
    let known: BTreeSet<&str> = MAY_KNOW.iter().map(|(name, _)| *name).collect();
    let found = places(|source, line| {
        let Some(allowed) = allowed(&source.room) else { return false };
        named(line).iter().any(|room| known.contains(room.as_str()) && *room != source.room && !allowed.contains(&room.as_str()))
    });
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_room_has_its_rule() {
    let known: BTreeSet<&str> = MAY_KNOW.iter().map(|(name, _)| *name).collect();
    let rooms: BTreeSet<String> = sources().into_iter().map(|source| source.room).collect();
    let without: Vec<&String> =
        rooms.iter().filter(|room| !["lib", "main"].contains(&room.as_str()) && !known.contains(room.as_str())).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn only_the_clock_reads_the_time() {
    let readers = ["Utc::now(", "Local::now(", "SystemTime::now(", "Instant::now("];
    let found = places(|source, line| source.room != "clock" && readers.iter().any(|reader| line.contains(reader)));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn only_cloud_and_gate_import_the_sdks() {
    let found = places(|source, line| line.contains("aws_sdk_") && !["cloud", "gate"].contains(&source.room.as_str()));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn only_the_gate_calls_operations_that_change_aws() {
    // An SDK operation begins as a method of the client, without arguments; what only reads begins with one of these words.
    // ReceiveMessage hides a message for a second and changes nothing else (`cloud::sqs`).
    let reads = ["describe_", "list_", "get_", "validate_template", "assume_role", "receive_message"];
    let mut asked = Vec::new();
    for source in sources().into_iter().filter(|source| source.room == "cloud") {
        let code: String = source.lines.iter().map(|(_, line)| line.as_str()).collect();
        for (at, _) in code.match_indices("client.") {
            let rest = &code[at + "client.".len()..];
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if rest[name.len()..].starts_with("()") {
                asked.push(name);
            }
        }
    }
    let changing: Vec<&String> = asked.iter().filter(|name| !reads.iter().any(|word| name.starts_with(word))).collect();
    assert!(changing.is_empty(), "{changing:?}");
    assert!(asked.len() > 10, "the rule no longer sees the calls that it is about: {asked:?}");
}

#[test]
fn nothing_is_spawned_loose() {
    let found = places(|_, line| line.contains("tokio::spawn(") || line.contains("task::spawn("));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<PathBuf> = sources()
        .into_iter()
        .map(|source| source.path)
        .filter(|path| !std::fs::read_to_string(path).unwrap().starts_with("//!"))
        .collect();
    assert!(silent.is_empty(), "{silent:#?}");
}
