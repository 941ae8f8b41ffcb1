//! The reports of each shipped exercise, checked in: made from a journal of it that was played once, the same bytes ever since.
#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use std::path::{Path, PathBuf};

use lifeboat::journal::{self, Incident};
use lifeboat::report::{Format, Paper, Zone, brief, render_png, render_reading};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/exercises")
}

fn journals() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|is| is == "lifeboat")).collect();
    found.sort();
    found
}

/// The journals are played with `LIFEBOAT_KEEP_JOURNAL=tests/fixtures/exercises cargo test --test exercises --test tabletop`; their
/// reports are written with `LIFEBOAT_WRITE_FIXTURE=1 cargo test --test exercise_reports`, and are to be looked at before they are kept.
#[test]
fn the_reports_of_the_shipped_exercises_are_the_ones_that_are_checked_in() {
    let formats = [
        ("report.md", Format::Markdown),
        ("report.html", Format::Html),
        ("report.json", Format::Json),
        ("timeline.csv", Format::Csv),
        ("rto.csv", Format::CsvRto),
        ("timeline.svg", Format::Svg(Paper::Light)),
        ("timeline-dark.svg", Format::Svg(Paper::Dark)),
        ("timeline-print.svg", Format::Svg(Paper::Print)),
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

/// What a report of a fixture says.
struct Told(serde_json::Value);

impl Told {
    fn of(exercise: &str) -> Self {
        let reading = journal::read(&folder().join(exercise).with_extension("lifeboat")).unwrap();
        Self(serde_json::from_str(&render_reading(&reading, Format::Json).unwrap()).unwrap())
    }

    fn rows(&self, list: &str) -> &[serde_json::Value] {
        self.0[list].as_array().unwrap()
    }

    /// Detect, decide, restore, fail over, in seconds.
    fn durations(&self) -> Vec<i64> {
        self.rows("durations").iter().map(|row| row["secs"].as_i64().unwrap()).collect()
    }

    fn moment(&self, moment: &str) -> Option<&str> {
        self.rows("moments").iter().find(|row| row["moment"] == moment).unwrap()["holds"]["at"].as_str()
    }

    /// The data loss by step, in minutes.
    fn losses(&self) -> Vec<(&str, i64)> {
        self.rows("data").iter().map(|row| (row["step"].as_str().unwrap(), row["loss_secs"].as_i64().unwrap() / 60)).collect()
    }
}

fn names() -> Vec<String> {
    journals().iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn each_shipped_exercise_has_its_reports_and_they_add_up_to_the_second() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/scenarios");
    let shipped = std::fs::read_dir(scenarios).unwrap().map(|entry| entry.unwrap().path());
    let mut shipped: Vec<String> = shipped
        .filter(|path| path.extension().is_some_and(|is| is == "toml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    shipped.sort();
    assert_eq!(names(), shipped);
    for name in names() {
        let told = Told::of(&name);
        let sum = |rows: &str, keys: &[&str]| -> i64 {
            told.rows(rows).iter().flat_map(|row| keys.iter().map(|key| row[*key].as_i64().unwrap_or(0))).sum()
        };
        let spent = sum("spent", &["work_secs", "aws_secs", "retry_secs", "person_secs", "unknown_secs"]);
        let achieved = told.0["recovery_time"]["achieved_secs"].as_i64().unwrap();
        assert_eq!((sum("durations", &["secs"]), spent), (achieved, achieved), "{name}");
    }
}

/// The estate's own minutes of its restore jobs, and of the runbook that attaches the volume, whatever went wrong around them.
#[test]
fn what_aws_did_took_what_the_scenarios_say() {
    const MINUTES: [(&str, i64); 5] =
        [("orders-table", 9), ("orders-db", 14), ("media", 11), ("catalog-volume", 3), ("assets-bucket", 6)];
    for name in names() {
        let told = Told::of(&name);
        for (step, minutes) in MINUTES {
            let row = told.rows("steps").iter().find(|row| row["step"] == step);
            let Some(last) = row.and_then(|row| row["attempts"].as_array().unwrap().last()) else { continue };
            assert_eq!(last["took_secs"].as_i64(), Some(minutes * 60), "{name}: {step}");
        }
    }
}

/// Impact at 03:02 by Health's word, two of three breaching minutes to 03:04; the copies' moments are the estate's.
#[test]
fn the_region_outage_is_told_as_the_scenario_has_it() {
    let told = Told::of("region-outage");
    assert_eq!(told.durations()[0], 120);
    assert_eq!(
        told.losses(),
        [("orders-db", 41), ("media", 35), ("orders-table", 26), ("assets-bucket", 18), ("catalog-volume", 52)]
    );
    assert_eq!(told.0["recovery_time"]["verdict"], "met");
}

/// The copy of 02:52 came at 03:18: the table lost ten minutes and not eighty-six.
#[test]
fn the_missing_backup_was_waited_for() {
    let told = Told::of("backup-missing");
    assert_eq!(told.durations()[0], 120);
    assert!(told.losses().contains(&("orders-table", 10)), "{:?}", told.losses());
    let table = told.rows("steps").iter().find(|row| row["step"] == "orders-table").unwrap();
    assert!(table["attempts"][0]["began_at"].as_str().unwrap() >= "2026-03-14T03:18:00", "{table}");
    assert!(table["waited_secs"].as_i64().unwrap() > 600 && table["waited_for_aws_secs"].as_i64().unwrap() < 60, "{table}");
}

/// Customers saw it: impact and detection are a person's word, 03:02 and 03:06, and the report asks for evidence.
#[test]
fn the_quiet_failure_rests_on_a_persons_word() {
    let told = Told::of("quiet-failure");
    assert_eq!((told.moment("impact-began"), told.durations()[0]), (Some("2026-03-14T03:02:00Z"), 240));
    // What rang later did so because the customers had moved.
    assert!(told.rows("signals").iter().all(|row| row["seen_at"].as_str() > told.moment("failed-over")));
    let asked = told.rows("open_questions").iter().filter(|question| question.as_str().unwrap().contains("word alone")).count();
    assert_eq!(asked, 2);
    assert!(told.rows("open_questions").iter().any(|question| question.as_str().unwrap().contains("which alarm should have")));
}

/// The scans had ended at 03:12, and what they found clean is hours old: that is said.
#[test]
fn ransomware_cost_hours_of_data() {
    let told = Told::of("ransomware");
    assert_eq!(told.durations()[0], 120);
    assert!(told.moment("decided").unwrap() >= "2026-03-14T03:12:00", "{:?}", told.moment("decided"));
    let clean = told.rows("data").iter().all(|row| row["data_at"].as_str().unwrap() < "2026-03-14T01:00:00");
    assert!(clean && told.0["data_loss"]["verdict"] == "missed", "{:?}", told.losses());
    assert!(told.losses().contains(&("catalog-volume", 412)), "{:?}", told.losses());
}

/// The alarm tells of 03:05, the history of the deployments of 03:02: that is the impact, and the table holds what was there ten seconds
/// before it. The way is that of the plan: what spoils orders is stopped, then they are restored, read and used.
#[test]
fn the_corrupted_orders_were_restored_to_just_before_the_deployment() {
    let told = Told::of("corruption");
    assert_eq!(
        (told.moment("impact-began"), told.moment("detected")),
        (Some("2026-03-14T03:02:00Z"), Some("2026-03-14T03:07:00Z"))
    );
    let row = told.rows("moments").iter().find(|row| row["moment"] == "impact-began").unwrap();
    assert!(row.to_string().contains("2026-03-14T03:05:00Z"), "the alarm's own word is kept: {row}");
    assert_eq!(told.durations()[0], 300);
    let data = &told.rows("data")[0];
    assert_eq!((data["data_at"].as_str(), data["loss_secs"].as_i64()), (Some("2026-03-14T03:01:50Z"), Some(10)));
    assert_eq!((&told.0["recovery_time"]["verdict"], &told.0["data_loss"]["verdict"]), (&"met".into(), &"met".into()));
    let took = |step: &str| {
        let row = told.rows("steps").iter().find(|row| row["step"] == step).unwrap();
        row["attempts"][0]["took_secs"].as_i64().unwrap()
    };
    // By the estate: the runbook that deploys the version before sleeps for a minute, a restore takes nine.
    assert_eq!((took("roll-back"), took("orders-before") / 60), (60, 9));
    let ran = ["roll-back", "orders-before", "orders-check", "use-table", "orders-right"];
    let done: Vec<&str> = told
        .rows("steps")
        .iter()
        .filter(|row| row["attempts"] != serde_json::json!([]))
        .map(|row| row["step"].as_str().unwrap())
        .collect();
    assert_eq!(done, ran);
}

/// Health closed at 03:30; nothing was failed over, so nothing is measured against the recovery time objective, and nothing is asked
/// about steps that nobody began.
#[test]
fn the_s3_errors_were_waited_out() {
    let told = Told::of("s3-errors");
    assert_eq!((told.moment("impact-began"), told.moment("decided")), (Some("2026-03-14T03:02:00Z"), None));
    assert_eq!((told.durations()[0], &told.0["recovery_time"]["verdict"]), (180, &"unknown".into()));
    assert_eq!(told.rows("decisions").len(), 1);
    assert_eq!(told.rows("open_questions"), [] as [serde_json::Value; 0]);
    let closed = told.rows("signals").iter().find(|row| row["state"] == "closed").unwrap();
    assert_eq!(closed["happened_at"], "2026-03-14T03:30:00Z");
    assert!(closed["seen_at"].as_str().unwrap() >= "2026-03-14T03:30:00", "{closed}");
}
