//! What a long list costs the console: one frame, one keystroke of a filter, one update, and memory a row.
//!
//! `cargo bench --bench panes`; `LIFEBOAT_BENCH_ALARMS=1000` for another size. The aim is 16 ms a frame and 400 bytes a row with
//! 100,000 alarms; what is printed says how far that is reached.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement may fail this way, and tells its figures")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use lifeboat::domain::{Alarm, Mode, Operator, SiteName};
use lifeboat::plan::Plan;
use lifeboat::store::{Completeness, State, Update};
use lifeboat::ui::{App, Keymap, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

fn now() -> DateTime<Utc> {
    "2026-03-14T03:10:00Z".parse().unwrap()
}

fn main() {
    let most = std::env::var("LIFEBOAT_BENCH_ALARMS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    for count in [most / 100, most / 10, most] {
        measure(count.max(10));
    }
}

fn measure(count: usize) {
    let text = include_str!("../assets/plans/shop.toml");
    let plan = Plan::parse("shop.toml", text).map_err(|faults| faults.render(text, false)).unwrap();
    let mut state = State::new(Mode::Live, true, Operator::new("ana"), Arc::new(plan), None);
    let mut app = App::new(Theme::mono(), Keymap::default());
    let before = resident();
    let update = update(1, count);
    let applied = timed(|| state.apply(update));
    let memory = resident().saturating_sub(before) / count as u64;
    app.on_state(&state);
    let frame = (0..5).map(|_| timed(|| draw(&mut app, &state))).max().unwrap();
    let again = self::update(2, count);
    let applied_again = timed(|| state.apply(again));
    let key = timed(|| {
        for c in ['/', 'e'] {
            let event = Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
            app.on_event(&event, &state, now(), Duration::from_secs(60));
        }
        draw(&mut app, &state);
    });
    println!(
        "{count:>7} alarms: slowest of 5 frames {}  filter keystroke to frame {}  first list taken in {}  next one {}  {memory} bytes a row",
        ms(frame),
        ms(key),
        ms(applied),
        ms(applied_again)
    );
}

fn draw(app: &mut App, state: &State) {
    let area = Rect::new(0, 0, 200, 50);
    let mut buf = Buffer::empty(area);
    app.draw(state, now(), area, &mut buf);
}

fn update(seq: u64, count: usize) -> Update {
    let alarms = (0..count).map(alarm).collect();
    Update::Alarms { site: SiteName::primary(), seq, at: now(), answer: Ok((alarms, Completeness::Whole)) }
}

fn alarm(number: usize) -> Alarm {
    let state = ["OK", "OK", "OK", "ALARM"][number % 4];
    let name = format!("service-{:03}-tier-{:02}-instance-{number:06}-errors", number % 211, number % 7);
    serde_json::from_value(serde_json::json!({
        "site": "primary", "arn": format!("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}"), "name": name,
        "kind": "metric", "state": state, "evaluation": null,
        "transitioned_at": now() - TimeDelta::seconds(i64::try_from(number).unwrap()), "updated_at": null,
        "reason": "Threshold Crossed: 2 out of the last 3 datapoints were greater than the threshold (5.0).",
        "reason_data": null, "rule": null, "suppressed_by": null, "metric": null
    }))
    .unwrap()
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn ms(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

/// Bytes of memory in use, where the system tells it.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}
