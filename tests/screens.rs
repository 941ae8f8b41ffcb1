//! What the screen shows and what keys do, over hand-made states: no AWS, no clock, no terminal.
//!
//! A snapshot holds the text, and under it the style of every run of cells by a letter of its legend: a lost colour or a lost
//! reversal is a difference like a lost word.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of the test functions themselves")]

mod screens_world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use crossterm::event::KeyEventKind;
use lifeboat::domain::*;
use lifeboat::engine::Intent;
use lifeboat::journal::Event;
use lifeboat::plan::{Choice, ValueType, Variable};
use lifeboat::store::{Completeness, Notice, NoticeLevel, State, Update};
use lifeboat::ui::{App, Keymap, Pane, Request, Theme, picture};
use ratatui::style::{Color, Modifier};
use screens_world::bench::*;
use screens_world::*;

const NOW: fn() -> DateTime<Utc> = || at(11, 20);
const LATER: fn() -> DateTime<Utc> = || at(31, 40);

// ---- whole screens -------------------------------------------------------------------------------------------------------------

#[test]
fn the_start_card_says_first_that_no_account_is_at_risk() {
    let mut bench = Bench::new(fresh(Mode::Exercise), at(0, 0));
    let shown = bench.shown(80, 24);
    for words in
        ["EXERCISE", "simulated AWS", "No account is at risk", "A Region goes dark", " s ", "start the exercise", "?", "q"]
    {
        assert!(shown.contains(words), "{words} is missing in\n{shown}");
    }
    insta::assert_snapshot!("start_80x24", bench.snapshot(80, 24));
    insta::assert_snapshot!("start_200x50", bench.snapshot(200, 50));
    insta::assert_snapshot!("start_60x20", bench.snapshot(60, 20));
}

#[test]
fn the_whole_screen_holds_at_every_size() {
    for (width, height) in [(60, 20), (80, 24), (120, 40), (200, 50)] {
        let mut bench = Bench::new(restoring(Mode::Exercise), LATER());
        insta::assert_snapshot!(format!("restoring_{width}x{height}"), bench.snapshot(width, height));
        let mut bench = Bench::new(detected(Mode::Live), NOW());
        bench.keys("1");
        insta::assert_snapshot!(format!("detected_live_{width}x{height}"), bench.snapshot(width, height));
    }
}

#[test]
fn nothing_known_yet_is_not_calm() {
    let mut bench = Bench::new(started(Mode::Exercise), at(0, 5));
    insta::assert_snapshot!("loading_200x50", bench.snapshot(200, 50));
    for (key, name) in [("1", "alarms"), ("2", "health"), ("3", "points"), ("4", "timeline"), ("5", "wizard"), ("6", "log")] {
        bench.keys(key);
        insta::assert_snapshot!(format!("loading_{name}_80x24"), bench.snapshot(80, 24));
    }
}

#[test]
fn every_pane_at_80_columns() {
    let mut bench = Bench::new(restoring(Mode::Exercise), LATER());
    for (key, name) in [("1", "alarms"), ("2", "health"), ("3", "points"), ("4", "timeline"), ("5", "wizard"), ("6", "log")] {
        bench.keys(key);
        insta::assert_snapshot!(format!("restoring_{name}_80x24"), bench.snapshot(80, 24));
    }
}

#[test]
fn a_blind_pane_says_why_since_when_and_what_next() {
    let mut state = started(Mode::Live);
    let lost = problem(ProblemKind::Unreachable, "CloudWatch DescribeAlarms", "Timeout", "no answer within 5 s");
    for site in ["primary", "recovery"] {
        state.apply(Update::Alarms { site: SiteName::new(site), seq: 1, at: at(9, 30), answer: Err(lost.clone()) });
    }
    let mut denied =
        problem(ProblemKind::Unavailable, "Health DescribeEvents", "SubscriptionRequiredException", "no support plan");
    denied.region = Some("us-east-1".into());
    state.apply(Update::Health { seq: 1, at: at(9, 0), answer: Err(denied) });
    let mut bench = Bench::new(state, NOW());
    bench.keys("1");
    insta::assert_snapshot!("blind_alarms_80x24", bench.snapshot(80, 24));
    bench.keys("2");
    let shown = bench.shown(80, 24);
    assert!(shown.contains("no all-clear") && shown.contains("no support plan") && shown.contains("DescribeEvents"), "{shown}");
    insta::assert_snapshot!("blind_health_80x24", bench.snapshot(80, 24));
}

#[test]
fn an_empty_pane_says_that_it_is_no_all_clear() {
    let mut state = started(Mode::Live);
    for site in ["primary", "recovery"] {
        state.apply(alarms(site, 1, at(11, 10), Vec::new()));
    }
    state.apply(Update::Health { seq: 1, at: at(11, 10), answer: Ok((Vec::new(), Completeness::Whole)) });
    let mut bench = Bench::new(state, NOW());
    bench.keys("1");
    insta::assert_snapshot!("empty_alarms_80x24", bench.snapshot(80, 24));
    bench.keys("2");
    assert!(bench.shown(80, 24).contains("not an all-clear"));
}

const PANES: [(&str, &str); 6] =
    [("1", "alarms"), ("2", "health"), ("3", "points"), ("4", "timeline"), ("5", "wizard"), ("6", "log")];

/// Every source answers with nothing.
fn all_empty(state: &mut State) {
    for site in ["primary", "recovery"] {
        state.apply(alarms(site, 9, at(11, 10), Vec::new()));
        let answer = Ok(((Vec::new(), Vec::new()), Completeness::Whole));
        state.apply(Update::RecoveryPoints { site: SiteName::new(site), seq: 9, at: at(11, 10), answer });
    }
    state.apply(Update::Health { seq: 9, at: at(11, 10), answer: Ok((Vec::new(), Completeness::Whole)) });
}

/// Every source fails.
fn all_failing(state: &mut State) {
    let lost = |operation: &str| problem(ProblemKind::Unreachable, operation, "Timeout", "no answer within 5 s");
    for site in ["primary", "recovery"] {
        let answer = Err(lost("CloudWatch DescribeAlarms"));
        state.apply(Update::Alarms { site: SiteName::new(site), seq: 9, at: at(9, 30), answer });
        let answer = Err(lost("Backup ListRecoveryPointsByBackupVault"));
        state.apply(Update::RecoveryPoints { site: SiteName::new(site), seq: 9, at: at(9, 30), answer });
    }
    state.apply(Update::Health { seq: 9, at: at(9, 30), answer: Err(lost("Health DescribeEvents")) });
    state.journal_problem = Some("the journal could not be written: the disk is full".into());
}

#[test]
fn every_pane_is_honest_in_every_state() {
    let empty = {
        let mut state = started(Mode::Live);
        all_empty(&mut state);
        (state, NOW())
    };
    let failing = {
        let mut state = started(Mode::Live);
        all_failing(&mut state);
        (state, NOW())
    };
    // What was seen stays, an hour old, while nothing answers any more.
    let stale = {
        let mut state = restoring(Mode::Live);
        all_failing(&mut state);
        (state, LATER() + TimeDelta::hours(1))
    };
    for ((state, now), name) in [(empty, "empty"), (failing, "error"), (stale, "stale")] {
        for (key, pane) in PANES {
            let mut bench = Bench::new(state.clone(), now);
            bench.keys(key);
            let shown = bench.shown(80, 24);
            match (name, pane) {
                ("empty", "alarms") => assert!(shown.contains("nothing here could tell"), "{pane}:\n{shown}"),
                ("empty", "health") => assert!(shown.contains("not an all-clear"), "{pane}:\n{shown}"),
                ("error", "alarms" | "health") => assert!(shown.contains("no all-clear"), "{pane}:\n{shown}"),
                ("error", "points") => assert!(shown.contains("BLIND since"), "{pane}:\n{shown}"),
                ("stale", "alarms" | "health" | "points") => assert!(shown.contains("STALE"), "{pane}:\n{shown}"),
                _ => {}
            }
            insta::assert_snapshot!(format!("state_{name}_{pane}_80x24"), bench.snapshot(80, 24));
        }
    }
    for (key, pane) in PANES {
        let mut bench = Bench::new(restoring(Mode::Exercise), LATER());
        bench.keys(key);
        insta::assert_snapshot!(format!("state_narrow_{pane}_60x20"), bench.snapshot(60, 20));
    }
}

#[test]
fn a_partial_answer_says_what_is_missing() {
    let mut state = detected(Mode::Live);
    let partial = Completeness::Partial("first 100 of more".into());
    state.apply(Update::Alarms { site: SiteName::recovery(), seq: 5, at: at(11, 15), answer: Ok((recovery_alarms(), partial)) });
    let mut bench = Bench::new(state, NOW());
    bench.keys("1 z");
    let shown = bench.shown(120, 30);
    assert!(shown.contains("PARTIAL: first 100 of more") && shown.contains("STALE"), "{shown}");
    insta::assert_snapshot!("partial_alarms_120x30", bench.snapshot(120, 30));
}

#[test]
fn rows_open_in_full() {
    let mut state = detected(Mode::Live);
    let points = (0..30).map(|n| MetricPoint {
        at: at(0, 0) + TimeDelta::seconds(n * 22),
        value: if n < 9 { 0.4 } else { 38.0 - (n % 4) as f64 },
    });
    state.apply(Update::Graph {
        site: SiteName::primary(),
        alarm: "shop-error-rate".into(),
        seq: 1,
        at: at(11, 0),
        answer: Ok(points.collect()),
    });
    let mut bench = Bench::new(state, NOW());
    // A composite has no graph, but a history.
    let asked = bench.keys("1 g enter");
    let graph = |alarm: &str, hours| {
        let window = chrono::TimeDelta::hours(hours);
        [Request::Graph { site: SiteName::primary(), alarm: alarm.into(), window }]
    };
    assert_eq!(asked, graph("shop-unavailable", 1));
    bench.keys("esc");
    let asked = bench.keys("j enter");
    assert_eq!(asked, graph("shop-error-rate", 1));
    // A longer time and back, one question each; at the ends none.
    let asked = bench.keys("< > > > > > < < < <");
    let hours = [3, 12, 24, 168, 24, 12, 3, 1];
    assert_eq!(asked, hours.map(|hours| graph("shop-error-rate", hours)).concat());
    insta::assert_snapshot!("detail_alarm_80x24", bench.snapshot(80, 24));
    insta::assert_snapshot!("detail_alarm_200x50", bench.snapshot(200, 50));
    bench.keys("esc 2 enter");
    insta::assert_snapshot!("detail_health_80x24", bench.snapshot(80, 24));
    bench.keys("esc 3 j l");
    insta::assert_snapshot!("points_unfolded_120x40", bench.snapshot(120, 40));
    bench.keys("enter");
    insta::assert_snapshot!("detail_points_80x24", bench.snapshot(80, 24));
    bench.keys("esc 6 G k enter");
    insta::assert_snapshot!("detail_log_80x24", bench.snapshot(80, 24));
}

#[test]
fn the_wizard_shows_a_step_in_every_state() {
    let mut state = restoring(Mode::Live);
    prepare(&mut state, 3, at(31, 0), preparation("assets", 1, Strength::Key));
    let mut bench = Bench::new(state, LATER());
    for (step, name) in [
        ("assets", "prepared"),
        ("orders-db", "running"),
        ("attach-catalog", "asking"),
        ("media", "failed"),
        ("orders-table", "done"),
        ("warm-caches", "waiting"),
        ("tell-support", "manual"),
    ] {
        bench.keys(":");
        bench.text(&format!("step {step}"));
        bench.keys("enter enter");
        insta::assert_snapshot!(format!("step_{name}_120x40"), bench.snapshot(120, 40));
        bench.keys("esc");
    }
}

#[test]
fn help_and_palette() {
    let mut bench = Bench::new(restoring(Mode::Exercise), LATER());
    bench.keys("?");
    insta::assert_snapshot!("help_80x24", bench.snapshot(80, 24));
    insta::assert_snapshot!("help_200x50", bench.snapshot(200, 50));
    let mut bench = Bench::new(detected(Mode::Exercise), NOW());
    bench.keys(":");
    bench.text("decl");
    insta::assert_snapshot!("palette_80x24", bench.snapshot(80, 24));
}

#[test]
fn the_header_tells_the_truth_about_who_we_are() {
    let mut state = detected(Mode::Live);
    state.apply(identity("primary", "999900001111", "eu-west-1", at(11, 0)));
    let lost = problem(ProblemKind::Expired, "STS GetCallerIdentity", "ExpiredToken", "the token has expired");
    state.identities.insert(SiteName::recovery(), lifeboat::store::Source::new(60));
    state.apply(Update::Identity { site: SiteName::recovery(), seq: 9, at: at(11, 0), answer: Err(lost) });
    state.journal_problem = Some("no space left on device".into());
    state.read_only = true;
    state.notice = Some(Notice { level: NoticeLevel::Warning, text: "the journal cannot be written".into(), at: at(11, 0) });
    let mut bench = Bench::new(state, NOW());
    for (width, height) in [(60, 20), (80, 24), (120, 40), (200, 50)] {
        let shown = bench.shown(width, height);
        for words in ["LIVE", "READ-ONLY", "JOURNAL", "WRONG", "111122223333", "eu-west-1", "444455556666", "eu-central-1"] {
            assert!(shown.contains(words), "{words} is missing at {width}×{height}:\n{shown}");
        }
    }
    insta::assert_snapshot!("trouble_80x24", bench.snapshot(80, 24));
}

#[test]
fn live_and_exercise_differ_in_text_at_any_size_and_theme() {
    for theme in ["dark", "light", "high-contrast", "colour-blind", "ansi", "mono"] {
        for (width, height) in [(8, 1), (20, 5), (40, 10), (60, 20), (80, 24), (200, 50)] {
            let live = Bench::themed(detected(Mode::Live), NOW(), theme).shown(width, height);
            let exercise = Bench::themed(detected(Mode::Exercise), NOW(), theme).shown(width, height);
            let (live, exercise) = (live.lines().next().unwrap().to_owned(), exercise.lines().next().unwrap().to_owned());
            assert!(live.contains("LIVE") && !live.contains("EXERCISE"), "{width}×{height}: {live}");
            assert!(exercise.contains("EXERCISE") && !exercise.contains("LIVE"), "{width}×{height}: {exercise}");
        }
    }
}

#[test]
fn without_colour_the_chosen_row_and_the_focus_can_be_seen() {
    let mut bench = Bench::themed(restoring(Mode::Exercise), LATER(), "mono");
    bench.keys("1");
    let buf = bench.buffer(120, 40);
    assert!(buf.content().iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    assert!(text_of(&buf).contains("▸"));
    assert!(buf.content().iter().any(|cell| cell.modifier.contains(Modifier::REVERSED)));
    insta::assert_snapshot!("mono_120x40", digest(&buf));
}

#[test]
fn every_pane_and_overlay_survives_every_size() {
    let overlays = ["", "?", ":", "D", "M", "enter", "c", "S", "/"];
    for mode in [Mode::Live, Mode::Exercise] {
        let mut prepared = restoring(mode);
        prepare(&mut prepared, 3, at(31, 0), preparation("assets", 1, Strength::Type { name: "eu-central-1".into() }));
        for state in [fresh(mode), started(mode), prepared] {
            for pane in ["1", "2", "3", "4", "5", "6"] {
                for overlay in overlays {
                    let mut bench = Bench::new(state.clone(), LATER());
                    bench.keys(pane);
                    bench.keys(overlay);
                    for (width, height) in [(0, 0), (1, 1), (3, 2), (20, 5), (60, 20), (61, 21), (80, 24), (133, 31), (201, 37)] {
                        bench.buffer(width, height);
                    }
                }
            }
        }
    }
    let mut bench = Bench::new(restoring(Mode::Live), LATER());
    for width in 0..90 {
        for height in 0..30 {
            bench.buffer(width, height);
        }
    }
}

// ---- keys ----------------------------------------------------------------------------------------------------------------------

#[test]
fn s_starts_the_exercise_and_nothing_else_does() {
    let mut bench = Bench::new(fresh(Mode::Exercise), at(0, 0));
    assert_eq!(bench.keys("enter c y D 1 j p space"), []);
    assert_eq!(bench.keys("s"), [Request::Order(Intent::StartExercise { speed: 20.0 })]);
}

#[test]
fn the_wizard_asks_once_to_prepare_the_step_it_shows() {
    let mut bench = Bench::new(started(Mode::Live), at(1, 0));
    let mut app = App::new(Theme::mono(), Keymap::default());
    assert_eq!(app.on_state(&bench.state), [Request::Prepare("open-ops-item".into())]);
    assert_eq!(app.on_state(&bench.state), []);
    assert_eq!(bench.keys("j"), [Request::Prepare("orders-table".into())]);
    assert_eq!(bench.keys("k j"), []);
    assert_eq!(bench.keys("r"), [Request::Prepare("orders-table".into())]);
}

fn ready(strength: Strength) -> Bench {
    let mut state = detected(Mode::Live);
    declare(&mut state, at(11, 0));
    prepare(&mut state, 1, at(11, 10), preparation("open-ops-item", 1, strength));
    Bench::new(state, NOW())
}

fn is_order(requests: &[Request]) -> bool {
    requests
        .iter()
        .any(|request| matches!(request, Request::Order(_) | Request::PrepareAnswer { .. } | Request::PrepareStop { .. }))
}

fn is_confirmation(requests: &[Request]) -> bool {
    requests.iter().any(|request| matches!(request, Request::Order(Intent::ConfirmStep { .. })))
}

#[test]
fn a_deliberate_y_confirms_exactly_what_is_shown() {
    let mut bench = ready(Strength::Key);
    assert_eq!(bench.keys("c"), []);
    insta::assert_snapshot!("confirm_key_80x24", bench.snapshot(80, 24));
    insta::assert_snapshot!("confirm_key_200x50", bench.snapshot(200, 50));
    let requests = bench.keys("y");
    let shown = Box::new(preparation("open-ops-item", 1, Strength::Key));
    assert_eq!(requests, [Request::Order(Intent::ConfirmStep { preparation: shown, typed: None, second: None })]);
    assert!(!bench.app.has_overlay());
}

#[test]
fn enter_esc_and_any_other_key_are_no() {
    for key in ["enter", "esc", "q", "n", "space", "Y", "ctrl-c", "tab"] {
        let mut bench = ready(Strength::Key);
        assert_eq!(bench.keys(&format!("c {key}")), [], "{key}");
        assert!(!bench.app.has_overlay(), "{key} leaves the dialog open");
    }
}

#[test]
fn held_keys_never_confirm() {
    for held in ["y", "enter", "c"] {
        for every in [15, 33, 90, 250] {
            let mut bench = ready(Strength::Key);
            bench.keys("c");
            let mut requests = Vec::new();
            // The key was already down, and the keyboard waits before it repeats.
            for n in 0..400 {
                let after = Duration::from_millis(if n == 1 {
                    660
                } else if n == 0 {
                    20
                } else {
                    every
                });
                requests.extend(bench.press(held, after));
            }
            assert!(!is_confirmation(&requests), "{held} every {every} ms");
        }
    }
}

#[test]
fn keys_typed_ahead_and_pasted_text_never_confirm() {
    let mut bench = ready(Strength::Key);
    let mut requests = bench.keys("c");
    for _ in 0..5 {
        requests.extend(bench.press("y", Duration::from_millis(1)));
    }
    requests.extend(bench.paste("y"));
    requests.extend(bench.paste("y\n"));
    requests.extend(bench.event("y", Duration::from_secs(5), KeyEventKind::Repeat));
    requests.extend(bench.event("y", Duration::from_secs(5), KeyEventKind::Release));
    assert_eq!(requests, []);
    assert!(bench.app.has_overlay());
    let shown = bench.shown(80, 24);
    assert!(shown.contains("came too soon"), "{shown}");
    // Leaked bytes of a mouse report, all at once.
    for key in ["<", "0", ";", "4", "1", ";", "y", "M"] {
        requests.extend(bench.press(key, Duration::from_millis(1)));
    }
    assert!(!is_order(&requests), "{requests:?}");
}

#[test]
fn a_name_is_typed_exactly_and_then_y_is_asked_for() {
    let name = "eu-central-1";
    let mut bench = ready(Strength::Type { name: name.into() });
    bench.keys("c");
    assert_eq!(bench.paste(name), [], "pasting is not typing");
    bench.text("eu-central-2");
    assert_eq!(bench.keys("enter y"), []);
    insta::assert_snapshot!("confirm_type_wrong_80x24", bench.snapshot(80, 24));
    bench.keys("ctrl-u");
    bench.text(name);
    insta::assert_snapshot!("confirm_type_80x24", bench.snapshot(80, 24));
    assert_eq!(bench.press("y", Duration::from_millis(150)), [], "typed on in the same breath");
    let requests = bench.keys("y");
    let Some(Request::Order(Intent::ConfirmStep { typed, .. })) = requests.first() else { panic!("{requests:?}") };
    assert_eq!(typed.as_deref(), Some(name));
}

#[test]
fn a_second_person_is_somebody_else() {
    let mut bench = ready(Strength::SecondPerson);
    bench.keys("c");
    bench.text(" Ana ");
    assert_eq!(bench.keys("enter y"), []);
    insta::assert_snapshot!("confirm_second_80x24", bench.snapshot(80, 24));
    bench.keys("ctrl-u");
    bench.text("ben");
    bench.keys("enter");
    let requests = bench.keys("y");
    let Some(Request::Order(Intent::ConfirmStep { second, .. })) = requests.first() else { panic!("{requests:?}") };
    assert_eq!(second.as_ref().map(Operator::as_str), Some("ben"));
}

#[test]
fn a_blocked_step_cannot_be_confirmed_and_says_why() {
    let mut bench = ready(Strength::Key);
    let mut blocked = preparation("open-ops-item", 1, Strength::Key);
    blocked.findings.push(Finding::blocks("the recovery point is EXPIRED"));
    prepare(&mut bench.state, 2, at(11, 12), blocked);
    assert_eq!(bench.keys("c"), []);
    let shown = bench.shown(80, 24);
    assert!(shown.contains("BLOCKED") && shown.contains("the recovery point is EXPIRED"), "{shown}");
    insta::assert_snapshot!("confirm_blocked_80x24", bench.snapshot(80, 24));
    assert_eq!(bench.keys("y"), []);
}

#[test]
fn a_dialog_is_dropped_when_what_it_shows_has_changed() {
    let mut bench = ready(Strength::Key);
    bench.keys("c");
    let mut other = preparation("open-ops-item", 1, Strength::Key);
    other.region = "eu-west-3".into();
    prepare(&mut bench.state, 2, at(11, 15), other);
    assert_eq!(bench.app.on_state(&bench.state), []);
    assert!(!bench.app.has_overlay());
    assert!(bench.shown(80, 24).contains("no longer what would be done"));
    assert!(!is_order(&bench.keys("y")));
}

#[test]
fn a_dialog_is_dropped_when_somebody_else_starts_the_step() {
    let mut bench = ready(Strength::Key);
    bench.keys("c");
    confirm(&mut bench.state, at(11, 16), "open-ops-item", 1);
    bench.app.on_state(&bench.state);
    assert!(!bench.app.has_overlay());
    assert!(!is_order(&bench.keys("y")));
}

#[test]
fn read_only_confirms_nothing() {
    let mut bench = ready(Strength::Key);
    bench.state.read_only = true;
    assert!(!is_order(&bench.keys("c y D W S A n X")));
    assert!(bench.shown(80, 24).contains("READ-ONLY"));
}

#[test]
fn a_failover_is_declared_with_a_reason_and_a_yes() {
    let mut bench = Bench::new(detected(Mode::Live), NOW());
    bench.keys("D enter");
    insta::assert_snapshot!("prompt_declare_80x24", bench.snapshot(80, 24));
    bench.paste("eu-west-1 does not\nanswer");
    assert_eq!(bench.keys("enter"), []);
    insta::assert_snapshot!("confirm_declare_80x24", bench.snapshot(80, 24));
    let requests = bench.keys("y");
    let Some(Request::Order(Intent::Declare { reason, seen, weighed })) = requests.first() else { panic!("{requests:?}") };
    assert_eq!(reason, "eu-west-1 does not answer");
    let volume = weighed.candidates.iter().find(|candidate| candidate.resource == "catalog-volume").unwrap();
    assert_eq!((volume.loss_secs.map(|secs| secs / 60), weighed.objections.as_ref()), (Some(52), None));
    assert!(weighed.options[1].means.contains("the RTO is used up at"), "{:?}", weighed.options);
    assert!(
        seen.iter().any(|line| line.contains("alarm shop-error-rate (primary): ALARM since 2026-03-14 03:04:12")),
        "{seen:#?}"
    );
    assert!(seen.iter().any(|line| line.contains("alarms primary: STALE")), "{seen:#?}");
    assert!(seen.iter().any(|line| line.contains("catalog-volume") && line.contains("52m")), "{seen:#?}");
}

#[test]
fn what_the_plan_asks_is_asked_when_the_incident_begins_and_its_choices_with_the_declaration() {
    let mut state = detected(Mode::Live);
    let mut plan = (*state.plan).clone();
    let zone = Variable {
        name: "zone".into(),
        value_type: ValueType::Text,
        prompt: "Which zone takes the volume?".into(),
        default: None,
        pattern: Some("eu-central-1[abc]".into()),
    };
    let options = [("graceful", "it is stopped first"), ("forced", "it is gone")];
    let mode = Choice {
        name: "mode".into(),
        prompt: "Can the primary still be stopped?".into(),
        options: options.map(|(name, about)| (name.to_owned(), about.to_owned())).to_vec(),
        default: None,
    };
    plan.variables.insert("zone".into(), zone);
    plan.choices.insert("mode".into(), mode);
    state.plan = Arc::new(plan);
    let mut bench = Bench::new(state, NOW());
    insta::assert_snapshot!("prompt_variables_80x24", bench.snapshot(80, 24));
    bench.text("eu-west-1a");
    assert_eq!(bench.keys("enter"), []);
    assert!(bench.shown(80, 24).contains("does not match eu-central-1[abc]"));
    bench.keys("ctrl-u");
    bench.text("eu-central-1b");
    let set = Intent::SetVariable { name: "zone".into(), value: "eu-central-1b".into() };
    assert_eq!(bench.keys("enter"), [Request::Order(set)]);
    assert!(!bench.app.has_overlay());

    bench.keys("D");
    bench.text("frozen");
    bench.keys("enter");
    bench.text("gone");
    assert_eq!(bench.keys("enter"), []);
    assert!(bench.shown(80, 24).contains("expected graceful or forced"), "{}", bench.shown(80, 24));
    bench.keys("up ctrl-u");
    bench.text("forced");
    bench.keys("enter");
    insta::assert_snapshot!("confirm_declare_with_a_choice_80x24", bench.snapshot(80, 24));
    let requests = bench.keys("y");
    let chosen = Intent::Choose { choice: "mode".into(), option: "forced".into() };
    assert_eq!(requests.first(), Some(&Request::Order(chosen)));
    assert!(matches!(&requests[1], Request::Order(Intent::Declare { reason, .. }) if reason == "gone"), "{requests:?}");
}

#[test]
fn a_step_that_was_ruled_out_says_so_and_can_be_taken_up_with_a_reason() {
    let mut state = restoring(Mode::Live);
    let because = "it applies only if mode is graceful".to_owned();
    Journal { state: &mut state }.record(LATER(), Event::StepRuledOut { step: "tell-support".into(), because });
    let mut bench = Bench::new(state, LATER());
    bench.keys("5 G k k");
    let shown = bench.shown(200, 50);
    assert!(shown.contains("no need") && shown.contains("if mode is graceful"), "{shown}");
    assert!(!is_order(&bench.keys("c y")));
    bench.keys("u");
    bench.text("support has to know");
    bench.keys("enter");
    let taken = Intent::TakeUp { step: "tell-support".into(), reason: "support has to know".into() };
    assert_eq!(bench.keys("y"), [Request::Order(taken)]);
}

#[test]
fn a_moment_is_corrected_with_a_time_that_has_been() {
    let mut bench = Bench::new(detected(Mode::Live), NOW());
    bench.keys("M");
    bench.text("impact");
    bench.keys("enter");
    bench.text("03:30");
    bench.keys("enter");
    bench.text("customers called");
    bench.keys("enter");
    assert!(bench.shown(80, 24).contains("has not come yet"));
    bench.keys("up ctrl-u");
    bench.text("03:01");
    bench.keys("enter");
    let requests = bench.keys("y");
    let wanted = Intent::CorrectMoment { moment: Moment::ImpactBegan, at: at(1, 0), reason: "customers called".into() };
    assert_eq!(requests, [Request::Order(wanted)]);
}

#[test]
fn a_failed_step_offers_retry_and_skip() {
    let mut bench = Bench::new(restoring(Mode::Live), LATER());
    bench.keys(":");
    bench.text("step media");
    bench.keys("enter");
    assert_eq!(bench.keys("r"), [Request::Prepare("media".into())]);
    bench.keys("S");
    bench.text("done by hand");
    assert_eq!(bench.keys("enter"), []);
    let requests = bench.keys("y");
    assert_eq!(requests, [Request::Order(Intent::SkipStep { step: "media".into(), reason: "done by hand".into() })]);
}

#[test]
fn an_answer_is_prepared_shown_and_then_confirmed() {
    let mut bench = Bench::new(restoring(Mode::Live), LATER());
    assert!(bench.shown(80, 24).contains("ASKS YOU"), "the wizard goes to what asks");
    bench.keys("a");
    bench.text("ok");
    let step = StepId::new("attach-catalog");
    let wanted = Request::PrepareAnswer { step: step.clone(), signal: "Approve".into(), comment: "ok".into() };
    assert_eq!(bench.keys("enter"), [wanted]);
    let mut answer = preparation("attach-catalog", 1, Strength::Key);
    answer.call = Some(MutatingCall::SendAutomationSignal(AutomationSignal {
        automation_execution_id: "11112222-3333-4444-5555-666677778888".into(),
        signal_type: "Approve".into(),
        payload: BTreeMap::from([("Comment".into(), vec!["ok".into()])]),
    }));
    prepare(&mut bench.state, 5, at(31, 39), answer.clone());
    bench.app.on_state(&bench.state);
    assert!(bench.app.has_overlay());
    assert_eq!(bench.keys("y"), [], "the dialog came by itself: its first key is dropped");
    assert_eq!(
        bench.keys("y"),
        [Request::Order(Intent::ConfirmAnswer { preparation: Box::new(answer), typed: None, stop: false })]
    );
}

#[test]
fn leaving_while_steps_run_lists_them_and_asks() {
    let mut bench = Bench::new(started(Mode::Live), at(1, 0));
    assert_eq!(bench.keys("q"), [Request::Quit]);
    let mut bench = Bench::new(restoring(Mode::Live), LATER());
    assert_eq!(bench.keys("q"), []);
    let shown = bench.shown(80, 24);
    assert!(shown.contains("orders-db") && shown.contains("attach-catalog"), "{shown}");
    insta::assert_snapshot!("quit_80x24", bench.snapshot(80, 24));
    assert_eq!(bench.keys("y"), [Request::Quit]);
    bench.keys("ctrl-c");
    assert_eq!(bench.press("ctrl-c", Duration::from_millis(30)), [], "the first one, still held down");
    assert_eq!(bench.keys("ctrl-c"), [Request::Quit], "the second one leaves at once");
}

#[test]
fn a_filter_says_what_it_hides() {
    let mut bench = Bench::new(detected(Mode::Live), NOW());
    bench.keys("1 /");
    bench.text("site:recovery");
    insta::assert_snapshot!("filter_80x24", bench.snapshot(80, 24));
    bench.keys("enter");
    assert!(bench.shown(80, 24).contains("2 of 7 — 5 hidden by filter"));
    bench.keys("esc");
    assert!(!bench.shown(80, 24).contains("hidden by filter"));
}

#[test]
fn copying_gives_arns_and_commands() {
    let mut bench = ready(Strength::Key);
    let requests = bench.keys("y");
    let Some(Request::Copy(command)) = requests.first() else { panic!("{requests:?}") };
    assert!(command.starts_with("aws backup start-restore-job --region eu-central-1"));
    let requests = bench.keys("1 g y");
    assert_eq!(requests, [Request::Copy("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-unavailable".into())]);
    assert!(bench.shown(80, 24).contains("copied:"));
}

#[test]
fn the_exercises_clock_is_turned_by_keys() {
    let mut bench = Bench::new(detected(Mode::Exercise), NOW());
    assert_eq!(bench.keys("p"), [Request::Pause]);
    assert_eq!(bench.keys("+ - ."), [Request::Speed(40.0), Request::Speed(10.0), Request::StepClock(Duration::from_secs(60))]);
    bench.state.apply(Update::Exercise { paused: true, speed: 20.0 });
    assert_eq!(bench.keys("p"), [Request::Resume]);
    assert_eq!(bench.app.next_redraw(&bench.state, bench.now), None);
    let mut bench = Bench::new(detected(Mode::Live), NOW());
    assert_eq!(bench.keys("p"), []);
    let half = NOW() + TimeDelta::milliseconds(400);
    assert_eq!(bench.app.next_redraw(&bench.state, half), Some(Duration::from_millis(600)));
}

#[test]
fn a_note_is_one_key_away() {
    let mut bench = Bench::new(detected(Mode::Live), NOW());
    bench.keys("n");
    bench.text("called the owner");
    assert_eq!(bench.keys("enter"), [Request::Order(Intent::Note { text: "called the owner".into() })]);
}

#[test]
fn hostile_names_cannot_move_the_cursor_or_hide_rows() {
    let mut state = detected(Mode::Live);
    let evil = alarm("recovery", "x\u{1b}[2J\u{202e}\r\nOK", AlarmState::Alarm, at(4, 0), "\u{9b}31m\u{7}日本語\u{200b}");
    state.apply(alarms("recovery", 3, at(11, 15), vec![evil]));
    Journal { state: &mut state }.record(at(11, 16), Event::Noted { text: "\u{1b}]0;owned\u{7}a note".into(), mark: None });
    let mut bench = Bench::new(state, NOW());
    for key in ["1", "enter", "esc", "6"] {
        bench.keys(key);
        for cell in bench.buffer(200, 50).content() {
            assert!(
                !cell.symbol().chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)),
                "{:?}",
                cell.symbol()
            );
        }
    }
}

#[test]
fn the_picture_of_a_screen_is_the_screen() {
    let mut bench = Bench::new(detected(Mode::Live), NOW());
    let buf = bench.buffer(80, 24);
    let svg = picture::svg(&buf, &Theme::builtin("dark").unwrap());
    assert_eq!(svg, picture::svg(&buf, &Theme::builtin("dark").unwrap()));
    assert!(svg.starts_with("<svg") && svg.contains("LIVE") && svg.ends_with("</svg>\n"));
    assert_eq!(bench.app.focus(), Pane::Wizard);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    /// Whatever is pressed, at whatever pace: without a deliberate y nothing that needs a yes is ever asked for.
    #[test]
    fn without_a_y_no_order_that_needs_a_yes_comes_out(presses in proptest::collection::vec((0..KEYS.len(), 0..3000_u64), 1..120)) {
        let mut bench = ready(Strength::Key);
        for (key, after) in presses {
            let requests = bench.press(KEYS[key], Duration::from_millis(after));
            let harmless = requests.iter().all(|request| !matches!(request, Request::Order(order) if needs_a_yes(order)));
            proptest::prop_assert!(harmless, "{requests:?}");
        }
        bench.buffer(80, 24);
    }
}

/// Every key that means something but y, and some letters for what is typed.
const KEYS: &[&str] = &[
    "enter",
    "esc",
    "tab",
    "space",
    "up",
    "down",
    "pgdn",
    "backspace",
    "ctrl-c",
    "ctrl-u",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "a",
    "b",
    "c",
    "d",
    "e",
    "i",
    "j",
    "k",
    "l",
    "h",
    "n",
    "o",
    "p",
    "q",
    "r",
    "s",
    "x",
    "z",
    "A",
    "D",
    "M",
    "S",
    "T",
    "W",
    "X",
    "Y",
    "R",
    "/",
    ":",
    "?",
    "+",
    "-",
];

fn needs_a_yes(order: &Intent) -> bool {
    !matches!(
        order,
        Intent::Note { .. }
            | Intent::Acknowledge { .. }
            | Intent::Mark { .. }
            | Intent::Attach { .. }
            | Intent::GiveRole { .. }
            | Intent::CheckIn { .. }
            | Intent::DecideToWait { .. }
            | Intent::FinishManual { .. }
            | Intent::StartExercise { .. }
    )
}
