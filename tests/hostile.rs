//! What AWS sends is somebody's text: whatever is in it, the screen stays a screen.

#![expect(clippy::unwrap_used, reason = "a test says by a panic what is wrong")]

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use crossterm::event::{Event, KeyEvent, KeyModifiers};
use lifeboat::domain::{Mode, Operator, Problem, ProblemKind, SiteName};
use lifeboat::plan::Plan;
use lifeboat::store::{Completeness, State, Update};
use lifeboat::ui::{App, Key, Keymap, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

/// Texts that would turn, hide, move, colour or crash something if they were taken at their word.
fn hostile() -> Vec<String> {
    let megabyte = "reason and more reason \u{1b}[31m".repeat(40_000);
    [
        "\u{1b}[2J\u{1b}[Hgone",
        "\u{1b}]0;title\u{7}\u{1b}]52;c;ZXZpbA==\u{7}",
        "\u{9b}31mred\u{9d}0;x\u{9c}",
        "\u{202e}desrever\u{202c} \u{2066}isolated\u{2069}",
        "a\u{0}b\u{8}\u{8}\u{7f}c\rd\ne\tf",
        "宽字符宽字符宽字符宽字符宽字符宽字符",
        "e\u{301}\u{301}\u{301}\u{200b}\u{feff}👩\u{200d}👩\u{200d}👧",
        "",
        "'; DROP TABLE alarms; -- ${steps.x.y} {{7*7}} <b>&amp;",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([megabyte, "x".repeat(100_000)])
    .collect()
}

fn now() -> DateTime<Utc> {
    "2026-03-14T03:10:00Z".parse().unwrap()
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// A console whose every text from AWS is `text`.
fn state(whole: &str) -> State {
    // What AWS limits in length is short; reasons and descriptions come whole.
    let short: String = whole.chars().take(300).collect();
    let text = short.as_str();
    let plan = include_str!("../assets/plans/shop.toml");
    let plan = Plan::parse("shop.toml", plan).map_err(|faults| faults.render(plan, false)).unwrap();
    let arn = plan.resources["orders-table"].arn.clone();
    let mut state = State::new(Mode::Live, true, Operator::new("ana"), Arc::new(plan), None);
    let (seq, at) = (1, now());
    for site in [SiteName::primary(), SiteName::recovery()] {
        let alarm = |name: &str, state: &str| {
            read(json!({
                "site": site.as_str(), "name": name, "arn": text, "kind": "metric", "state": state, "evaluation": text,
                "transitioned_at": null, "updated_at": null, "reason": whole, "reason_data": text, "rule": format!("ALARM({text})"),
                "suppressed_by": text, "metric": {"namespace": text, "name": text, "dimensions": [[text, text]],
                "statistic": text, "period_secs": 0, "evaluation_periods": 0, "datapoints_to_alarm": 0, "threshold": null,
                "comparison": text}
            }))
        };
        let alarms = vec![alarm(text, "ALARM"), alarm("other", text)];
        state.apply(Update::Alarms { site: site.clone(), seq, at, answer: Ok((alarms, Completeness::Partial(text.to_owned()))) });
        let point = read(json!({
            "site": site.as_str(), "arn": format!("arn:{text}"), "vault": text, "resource_arn": arn, "resource_type": text,
            "status": "COMPLETED", "status_message": text, "data_at": at, "completed_at": null, "size_bytes": u64::MAX,
            "key_arn": text, "storage_class": text, "expires_at": null, "last_restored_at": null, "vault_type": text, "scan": text
        }));
        let answer = Ok(((vec![point], Vec::new()), Completeness::Whole));
        state.apply(Update::RecoveryPoints { site: site.clone(), seq, at, answer });
        let mut problem = Problem::new(ProblemKind::Denied, "STS GetCallerIdentity", text);
        (problem.code, problem.request_id) = (Some(text.to_owned()), Some(text.to_owned()));
        state.apply(Update::Identity { site, seq, at, answer: Err(problem) });
    }
    let event = read(json!({
        "arn": text, "service": text, "type_code": text, "category": text, "region": text, "status": text, "started_at": at,
        "ended_at": null, "updated_at": null, "first_seen_at": null, "description": whole,
        "entities": [{"value": text, "status": text}]
    }));
    state.apply(Update::Health { seq, at, answer: Ok((vec![event], Completeness::Whole)) });
    state
}

fn press(app: &mut App, state: &State, key: &str, real: &mut Duration) {
    *real += Duration::from_secs(2);
    let event = Event::Key(KeyEvent::new(Key::parse(key).unwrap().code(), KeyModifiers::NONE));
    app.on_event(&event, state, now(), *real);
}

/// Every cell holds what takes exactly the room that the cell has, and nothing that a terminal obeys.
fn assert_harmless(app: &mut App, state: &State, what: &str) {
    for (width, height) in [(80, 24), (200, 50), (20, 6)] {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        app.draw(state, now(), area, &mut buf);
        for line in buf.content().chunks(usize::from(width)) {
            let mut hidden = 0;
            for cell in line {
                let symbol = cell.symbol();
                let bad = |c: char| {
                    c.is_control() || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
                };
                assert!(!symbol.chars().any(bad), "{what}: {symbol:?}");
                if hidden > 0 {
                    hidden -= 1;
                    continue;
                }
                hidden = symbol.width().saturating_sub(1);
            }
            assert_eq!(hidden, 0, "{what}: a wide character hangs over the right edge");
        }
    }
}

#[test]
fn no_text_of_aws_moves_turns_or_breaks_the_screen() {
    for text in hostile() {
        let state = state(&text);
        let start: String = text.chars().take(20).collect();
        for pane in ["1", "2", "3"] {
            let mut app = App::new(Theme::mono(), Keymap::default());
            app.on_state(&state);
            let mut real = Duration::from_secs(60);
            for key in [pane, "z", "enter", "j", "esc", "j", "enter"] {
                press(&mut app, &state, key, &mut real);
                assert_harmless(&mut app, &state, &format!("{start:?}, pane {pane}, after {key}"));
            }
        }
    }
}

#[test]
fn values_that_nobody_knows_are_shown_as_they_came() {
    let state = state("BEWILDERED");
    let mut app = App::new(Theme::mono(), Keymap::default());
    app.on_state(&state);
    let mut real = Duration::from_secs(60);
    for pane in ["1", "2"] {
        press(&mut app, &state, pane, &mut real);
        let area = Rect::new(0, 0, 200, 50);
        let mut buf = Buffer::empty(area);
        app.draw(&state, now(), area, &mut buf);
        let screen: String = buf.content().iter().map(|cell| cell.symbol()).collect();
        assert!(screen.contains("BEWILDERED"), "{screen}");
    }
}
