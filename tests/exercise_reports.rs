//! The reports of each shipped exercise, checked in: made from a journal of it that was played once, the same bytes ever since.
#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use std::path::{Path, PathBuf};

use lifeboat::journal::{self, Incident};
use lifeboat::report::{Durations, Format, Paper, Zone, brief, render_png, render_reading};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/exercises")
}

fn journals() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|is| is == "lifeboat")).collect();
    found.sort();
    found
}

/// A journal is played with `LIFEBOAT_KEEP_JOURNAL=FOLDER cargo test --test tabletop region_outage_is_played`; its reports are
/// written with `LIFEBOAT_WRITE_FIXTURE=1 cargo test --test exercise_reports`, and are to be looked at before they are kept.
#[test]
fn the_reports_of_the_shipped_exercises_are_the_ones_that_are_checked_in() {
    let formats = [
        ("report.md", Format::Markdown),
        ("report.html", Format::Html),
        ("report.json", Format::Json),
        ("timeline.csv", Format::Csv),
        ("rto.csv", Format::CsvRto),
        ("timeline.svg", Format::Svg(Paper::Light)),
        ("verdict.json", Format::Verdict),
        ("junit.xml", Format::Junit),
    ];
    let write = std::env::var_os("LIFEBOAT_WRITE_FIXTURE").is_some();
    assert!(!journals().is_empty());
    for path in journals() {
        let reading = journal::read(&path).unwrap();
        assert_eq!(reading.damage, None, "{}", path.display());
        let beside = path.with_extension("");
        let mut written: Vec<(&str, Vec<u8>)> =
            formats.iter().map(|(name, format)| (*name, render_reading(&reading, *format).unwrap().into_bytes())).collect();
        written.push(("brief.txt", brief(&Incident::of(&reading.events), None).into_bytes()));
        if write {
            std::fs::create_dir_all(&beside).unwrap();
            std::fs::write(beside.join("timeline.png"), render_png(&reading, Paper::Light, Zone::UTC).unwrap()).unwrap();
        }
        for (name, bytes) in written {
            let file = beside.join(name);
            if write {
                std::fs::write(&file, &bytes).unwrap();
            }
            let kept = std::fs::read(&file).unwrap();
            assert!(kept == bytes, "{} is not what the journal gives", file.display());
        }
        // The picture itself may differ by a shade between machines; it is there, and is one.
        assert!(std::fs::read(beside.join("timeline.png")).unwrap().starts_with(b"\x89PNG"));
    }
}

/// The scenario: impact at 03:02, two of three breaching minutes to 03:04; the restore jobs' minutes, see the scenario's file.
#[test]
fn the_durations_of_the_region_outage_are_the_scenarios_own() {
    let reading = journal::read(&folder().join("region-outage.lifeboat")).unwrap();
    let incident = Incident::of(&reading.events);
    let durations = Durations::of(&incident, None);
    assert_eq!(durations.spans[0].length().num_seconds(), 120);
    let document: serde_json::Value = serde_json::from_str(&render_reading(&reading, Format::Json).unwrap()).unwrap();
    let steps = document["steps"].as_array().unwrap();
    for (step, minutes) in [("orders-table", 9), ("orders-db", 14), ("media", 11), ("catalog-volume", 3), ("assets-bucket", 6)] {
        let row = steps.iter().find(|row| row["step"] == step).unwrap();
        let last = row["attempts"].as_array().unwrap().last().unwrap();
        assert_eq!(last["took_secs"].as_i64(), Some(minutes * 60), "{step}");
    }
    let of = |rows: &str, key: &str| -> i64 {
        document[rows].as_array().unwrap().iter().map(|row| row[key].as_i64().unwrap_or(0)).sum()
    };
    let spent: i64 =
        ["work_secs", "aws_secs", "retry_secs", "person_secs", "unknown_secs"].iter().map(|key| of("spent", key)).sum();
    assert_eq!((of("durations", "secs"), spent), (document["recovery_time"]["achieved_secs"].as_i64().unwrap(), spent));
    assert_eq!(spent, of("durations", "secs"));
}
