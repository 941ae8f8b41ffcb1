//! What `--redact` promises, held against every journal that is checked in: what identifies somebody is gathered here by other means
//! than the program's own, and none of it may be found in any format.
#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use lifeboat::journal::{self, Event, Incident, Reading};
use lifeboat::report::{Format, Paper, brief, redacted, render_reading};
use serde_json::Value;

const FORMATS: [Format; 8] = [
    Format::Markdown,
    Format::Html,
    Format::Json,
    Format::Csv,
    Format::CsvRto,
    Format::Svg(Paper::Light),
    Format::Verdict,
    Format::Junit,
];

fn journals() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let of = |folder: &str| std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let mut all = [of("exercises"), of("journals")].concat();
    all.retain(|path| path.extension().is_some_and(|is| is == "lifeboat"));
    all.sort();
    all
}

/// The texts of an event that reports are made of; what sources showed and the plan's own text are in none.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().filter(|(key, _)| *key != "plan_text").for_each(|(_, one)| texts(one, found)),
        Value::Array(items) => items.iter().for_each(|one| texts(one, found)),
        Value::String(text) => found.push(text.clone()),
        _ => {}
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || "-_".contains(c)
}

/// Account numbers, the last names in ARNs, people, hosts and addresses.
fn secrets(reading: &Reading) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = reading.events.iter().map(|recorded| recorded.by.to_string()).collect();
    let mut found = Vec::new();
    for recorded in reading.events.iter().filter(|recorded| !matches!(recorded.event, Event::Observed(_))) {
        texts(&recorded.event.to_json(), &mut found);
        if let Event::OperatorJoined { host: Some(host), .. } = &recorded.event {
            all.insert(host.clone());
        }
    }
    for text in &found {
        let number = |run: &&str| run.len() == 12 && run.bytes().all(|byte| byte.is_ascii_digit());
        all.extend(text.split(|c: char| !c.is_ascii_alphanumeric()).filter(number).map(str::to_owned));
        for run in text.split(|c: char| c.is_whitespace() || "\"'()<>,;".contains(c)) {
            let parts: Vec<&str> = run.trim_end_matches('.').splitn(6, ':').collect();
            if let ["arn", _, service, _, account, resource] = parts[..]
                && service != "health"
                && (service == "s3" || !account.is_empty())
            {
                all.insert(resource.rsplit(['/', ':']).next().unwrap().to_owned());
            }
            if run.parse::<Ipv4Addr>().is_ok() || run.contains('@') {
                all.insert(run.to_owned());
            }
            if let Some((_, after)) = run.split_once("://") {
                all.insert(after.split(['/', ':']).next().unwrap().to_owned());
            }
        }
    }
    all.retain(|secret| secret.len() > 2 && secret != "*");
    all
}

#[test]
fn nothing_that_identifies_somebody_is_in_a_redacted_report() {
    for path in journals() {
        let reading = journal::read(&path).unwrap();
        let secrets = secrets(&reading);
        assert!(secrets.len() > 3, "{}: {secrets:?}", path.display());
        let masked = redacted(&reading);
        let mut reports: Vec<(String, String)> =
            FORMATS.iter().map(|format| (format!("{format:?}"), render_reading(&masked, *format).unwrap())).collect();
        reports.push(("brief".to_owned(), brief(&Incident::of(&masked.events), None)));
        for (format, report) in reports {
            // Pages and Markdown write some characters in their own way.
            let report = report.replace('\\', "").replace("&#45;", "-");
            for secret in &secrets {
                let whole = |(at, _): (usize, &str)| {
                    let before = report[..at].chars().next_back().is_some_and(is_word);
                    let after = report[at + secret.len()..].chars().next().is_some_and(is_word);
                    (!before && !after).then(|| report[at.saturating_sub(60)..].chars().take(140).collect::<String>())
                };
                let found: Vec<String> = report.match_indices(secret.as_str()).filter_map(whole).take(2).collect();
                assert!(found.is_empty(), "{} as {format} names {secret:?}: {found:#?}", path.display());
            }
        }
    }
}
