//! The documents say what is so: links lead somewhere, command lines are ones, generated pages are current, and the IAM policies allow
//! what the code calls and nothing else.

#![expect(clippy::unwrap_used, reason = "a test says by a panic what is wrong")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Parser;
use lifeboat::cli::Cli;
use lifeboat::domain::ProblemKind;
use lifeboat::ui::Keymap;
use regex_lite::Regex;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README.md and docs/*.md, each with its text.
fn documents() -> Vec<(PathBuf, String)> {
    let docs = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    paths.push(root().join("README.md"));
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

/// The anchor that a heading has on the usual hosts.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let (mut dead, mut seen) = (Vec::new(), 0);
    for (path, text) in documents() {
        for found in link.captures_iter(&text) {
            let target = &found[1];
            if target.contains("://") {
                continue;
            }
            seen += 1;
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let there = match std::fs::read_to_string(&file) {
                Ok(text) => {
                    heading.is_empty()
                        || text.lines().any(|line| line.starts_with('#') && anchor(line.trim_matches('#')) == heading)
                }
                Err(_) => file.exists(),
            };
            if !there {
                dead.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
    assert!(seen > 20, "the test no longer sees the links: {seen}");
}

/// The command lines of a document: in blocks of code, and between backticks.
fn command_lines(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut prose, mut fenced) = (String::new(), false);
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced && line.trim_start().starts_with("lifeboat ") {
            found.push(line.split(" #").next().unwrap_or_default().trim().to_owned());
        } else if !fenced {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    let inline = Regex::new(r"`(lifeboat [^`]+)`").unwrap();
    found.extend(inline.captures_iter(&prose).map(|found| found[1].replace('\n', " ")));
    found
}

/// A line as it is typed: of what may be left out all, of what may be chosen the first, a number for N, a shell for SHELL.
fn typed(line: &str) -> Vec<String> {
    let line = line.split([';', '>', '&']).next().unwrap_or_default().replace(['[', ']'], "");
    let word = |word: &str| match word.split("\\|").flat_map(|word| word.split('|')).next().unwrap_or_default() {
        "N" => "1".to_owned(),
        "SHELL" => "bash".to_owned(),
        word => word.to_owned(),
    };
    // What stands between quotes is one word, as it is for a shell.
    let parts = line.split('\'').enumerate();
    let words = parts.flat_map(|(number, part)| if number % 2 == 1 { vec![part] } else { part.split_whitespace().collect() });
    words.map(word).filter(|word| !word.is_empty() && word != "…").collect()
}

#[test]
fn every_command_line_can_be_typed() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (path, text) in documents() {
        for line in command_lines(&text) {
            seen += 1;
            if let Err(error) = Cli::try_parse_from(typed(&line))
                && error.exit_code() != 0
            {
                wrong.push(format!("{}: {line}: {}", path.display(), error.to_string().lines().next().unwrap_or_default()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen > 30, "the test no longer sees the command lines: {seen}");
}

#[test]
fn the_page_of_keys_is_current() {
    let path = root().join("docs/keys.md");
    let page = lifeboat::commands::keys_page(&Keymap::default());
    if std::env::var_os("LIFEBOAT_WRITE_DOCUMENTS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), page, "lifeboat keys --markdown > docs/keys.md");
}

#[test]
fn the_page_of_settings_is_current() {
    let path = root().join("docs/settings.md");
    let page = lifeboat::commands::settings_page();
    if std::env::var_os("LIFEBOAT_WRITE_DOCUMENTS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), page, "LIFEBOAT_WRITE_DOCUMENTS=1 cargo test --test documents");
}

#[test]
fn the_schema_of_the_settings_is_current() {
    let path = root().join("assets/schemas/config.json");
    let schema = lifeboat::commands::settings_schema();
    if std::env::var_os("LIFEBOAT_WRITE_DOCUMENTS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &schema).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap_or_default(),
        schema,
        "LIFEBOAT_WRITE_DOCUMENTS=1 cargo test --test documents"
    );
}

#[test]
fn the_example_of_a_scenario_is_one() {
    let shipped = std::fs::read_to_string(root().join("assets/scenarios/region-outage.toml")).unwrap();
    let page = std::fs::read_to_string(root().join("docs/scenarios.md")).unwrap();
    let example = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let text = format!("{}{example}", shipped.split("[[inject]]").next().unwrap());
    let scenario = lifeboat::sim::scenario::parse("example.toml", &text).map_err(|faults| faults.render(&text, false));
    assert_eq!(scenario.unwrap().injects.len(), 3);
}

#[test]
fn every_kind_of_failure_has_its_answer() {
    let page = std::fs::read_to_string(root().join("docs/failures.md")).unwrap().replace('\n', " ");
    for kind in ProblemKind::ALL {
        assert!(page.contains(&format!("## {}  *Next: {}.*", kind.word(), kind.next())), "{kind:?}");
    }
}

/// IAM's prefix of a service that a file of `cloud` or `gate` calls, where it is not the file's own name.
const PREFIXES: &[(&str, &str)] = &[
    ("credentials", "sts"),
    ("health_org", "health"),
    ("cloudcontrol", "cloudformation"),
    ("sfn", "states"),
    ("regionswitch", "arc-region-switch"),
    ("routingcontrol", "route53-recovery-cluster"),
];

/// The same of a file that asks several services, by the name before `_client`.
const CLIENTS: &[(&str, &str)] =
    &[("backup", "backup"), ("ssm", "ssm"), ("sfn", "states"), ("stacks", "cloudformation"), ("switch", "arc-region-switch")];

/// What IAM asks for where it is not the operation's own name (Service Authorization Reference).
const ACTIONS: &[(&str, &[&str])] = &[
    ("backup:StartRestoreJob", &["backup:StartRestoreJob", "iam:PassRole"]),
    ("lambda:Invoke", &["lambda:InvokeFunction"]),
    ("s3:HeadObject", &["s3:GetObject"]),
    ("s3:CopyObject", &["s3:GetObjectVersion", "s3:PutObject"]),
    ("s3:ListObjectVersions", &["s3:ListBucketVersions"]),
    (
        "dynamodb:RestoreTableToPointInTime",
        &[
            "dynamodb:BatchWriteItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:RestoreTableToPointInTime",
            "dynamodb:Scan",
            "dynamodb:UpdateItem",
        ],
    ),
];

/// The actions that a room's calls need, as IAM names them: `backup:StartRestoreJob`.
fn called(room: &str) -> BTreeSet<String> {
    let call = Regex::new(r"(?:([a-z]+)_)?client\.([a-z][a-z0-9_]*)\(\)").unwrap();
    let mut actions = BTreeSet::new();
    for entry in std::fs::read_dir(root().join("src").join(room)).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let code: String = code.lines().map(str::trim).filter(|line| !line.starts_with("//")).collect();
        if file == "stub" {
            continue;
        }
        let service = PREFIXES.iter().find(|(name, _)| *name == file).map_or(file.as_str(), |(_, prefix)| prefix);
        let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
        for found in call.captures_iter(&code) {
            let named = found.get(1).and_then(|name| CLIENTS.iter().find(|(client, _)| *client == name.as_str()));
            let service = named.map_or(service, |(_, prefix)| prefix);
            let action = format!("{service}:{}", found[2].split('_').map(capital).collect::<String>());
            match ACTIONS.iter().find(|(name, _)| **name == action) {
                Some((_, needed)) => actions.extend(needed.iter().map(|needed| (*needed).to_owned())),
                None => drop(actions.insert(action)),
            }
        }
    }
    actions
}

fn allowed(policy: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("assets/iam").join(policy)).unwrap();
    let policy: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(policy["Version"], "2012-10-17");
    // AWS takes no managed policy that is longer, white space not counted.
    assert!(text.chars().filter(|c| !c.is_whitespace()).count() < 6144);
    let statements = policy["Statement"].as_array().unwrap();
    assert!(statements.iter().all(|statement| statement["Effect"] == "Allow" && !statement["Resource"].is_null()));
    let actions = statements.iter().flat_map(|statement| statement["Action"].as_array().unwrap());
    actions.map(|action| action.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_policies_allow_what_the_code_calls_and_nothing_else() {
    let mut read = allowed("watch.json");
    let assumed = allowed("operator.json");
    assert!(read.is_disjoint(&assumed));
    read.extend(assumed);
    assert_eq!(read, called("cloud"));
    let changes = called("gate");
    assert!(changes.len() >= 9, "the test no longer sees the calls: {changes:?}");
    assert_eq!(allowed("recover.json"), changes);
}
