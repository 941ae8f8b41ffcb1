//! What a plan of 2,000 steps costs: to read and check, to reckon its timeline, and to draw a frame of 200 by 50 with half of it done.
//! The aim is no frame over 16 ms, nor any of the three.
//!
//! `cargo bench --bench plan`; `LIFEBOAT_BENCH_STEPS=200` for another size.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement may fail this way, and tells what it found")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use criterion::{Criterion, criterion_group, criterion_main};
use lifeboat::domain::{Evidence, EvidenceKind, Fixed, IncidentId, Mode, Moment, Operator, Region, SiteName, Strength};
use lifeboat::engine;
use lifeboat::journal::{Ended, Event, Purpose, Recorded, StepConfirmed, StepEnded};
use lifeboat::plan::{Plan, graph_svg};
use lifeboat::report::Timeline;
use lifeboat::store::State;
use lifeboat::ui::{App, Keymap, Theme};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{Event as Typed, KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;

/// Layers of twenty steps side by side, each of which needs two of the layer before, refers to one of them, and may have a condition.
fn plan_text(steps: usize) -> String {
    let mut text = "format = 1\nname = \"large\"\ntitle = \"A large plan\"\nobjectives = { rto = \"9h\", rpo = \"1h\" }\n\
         sites.primary = { account = \"111122223333\", region = \"eu-west-1\" }\n\
         sites.recovery = { account = \"444455556666\", region = \"eu-central-1\" }\n"
        .to_owned();
    for n in 0..steps {
        let before = |k: usize| format!("step-{:04}", n - 20 + k);
        let (needs, item) = if n < 20 {
            (String::new(), "opened".to_owned())
        } else {
            (
                if n % 20 == 19 { format!("\"{}\"", before(0)) } else { format!("\"{}\", \"{}\"", before(0), before(1)) },
                format!("after ${{steps.{}.ops_item_id}}", before(0)),
            )
        };
        let when = if n % 10 == 7 { "when = { any = [{ mode = \"graceful\" }, { mode = \"forced\" }] }\n" } else { "" };
        let item = if n >= 20 && (n - 20) % 10 == 7 { "alone".to_owned() } else { item };
        text.push_str(&format!(
            "\n[[step]]\nid = \"step-{n:04}\"\ntitle = \"Step number {n}\"\nphase = \"restore\"\npart = \"data\"\nneeds = [{needs}]\n\
             {when}limit = \"10m\"\nexpect = \"4m\"\naction = \"ssm.ops_item\"\nwith = {{ title = \"t\", description = \"{item}\" }}\n"
        ));
    }
    text
}

fn at(secs: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_457_200 + secs, 0).unwrap()
}

/// A live incident in which the first half of the steps is done.
fn state(plan: &Arc<Plan>) -> State {
    let operator = Operator::new("ana");
    let mut state = State::new(Mode::Live, false, operator.clone(), plan.clone(), None);
    let mut record = |event: Event, secs: i64| {
        let seq = state.incident.last_seq + 1;
        state.record(Recorded { seq, recorded_at: at(secs), by: operator.clone(), event });
    };
    record(engine::open(IncidentId::new("bench"), Mode::Live, plan, None, &BTreeMap::new()), 0);
    let evidence = || Evidence { kind: EvidenceKind::Person, text: "ana".into(), reference: None };
    let fixed = |secs| Fixed { at: at(secs), earliest: None, latest: None, evidence: evidence() };
    record(Event::MomentFixed { moment: Moment::ImpactBegan, fixed: fixed(0) }, 1);
    record(Event::ChoiceMade { choice: "mode".into(), option: "forced".into() }, 2);
    record(Event::FailoverDeclared { reason: "gone".into(), seen: vec![], weighed: None, notices: Default::default() }, 2);
    record(Event::MomentFixed { moment: Moment::Decided, fixed: fixed(2) }, 2);
    for (n, step) in plan.steps.iter().take(plan.steps.len() / 2).enumerate() {
        let secs = 10 + i64::try_from(n).unwrap();
        let confirmed = StepConfirmed {
            step: step.id.clone(),
            attempt: 1,
            purpose: Purpose::Start,
            site: SiteName::recovery(),
            region: Region::new("eu-central-1"),
            identity: None,
            call: None,
            fingerprint: String::new(),
            strength: Strength::Key,
            typed: None,
            second: None,
        };
        record(Event::StepConfirmed(Box::new(confirmed)), secs);
        let ended = StepEnded {
            step: step.id.clone(),
            attempt: 1,
            ended: Ended::Done,
            aws_at: None,
            aws_began_at: None,
            outputs: BTreeMap::from([("ops_item_id".to_owned(), "oi-1".to_owned())]),
            data_at: None,
            note: None,
            tail: Default::default(),
        };
        record(Event::StepEnded(Box::new(ended)), secs + 3);
    }
    state
}

fn plan_of_2000_steps(criterion: &mut Criterion) {
    let count = std::env::var("LIFEBOAT_BENCH_STEPS").ok().and_then(|text| text.parse().ok()).unwrap_or(2000);
    let text = plan_text(count);
    let plan = Arc::new(Plan::parse("large.toml", &text).unwrap());
    let state = state(&plan);
    let now = at(3600);
    let mut group = criterion.benchmark_group(format!("{count} steps"));
    group.sample_size(20);
    group.bench_function("read and check", |bencher| bencher.iter(|| Plan::parse("large.toml", &text).unwrap()));
    group.bench_function("timeline and forecast", |bencher| bencher.iter(|| Timeline::of(&state.incident, Some(now))));
    group.bench_function("graph as SVG", |bencher| bencher.iter(|| graph_svg(&plan)));
    let area = Rect::new(0, 0, 200, 50);
    let mut app = App::new(Theme::mono(), Keymap::default());
    app.on_state(&state);
    group.bench_function("frame", |bencher| {
        bencher.iter(|| {
            let mut buffer = Buffer::empty(area);
            app.draw(&state, now, area, &mut buffer);
            buffer
        });
    });
    group.finish();
    longest_frame(&mut app, &state, now, area, count);
}

/// Walks through the wizard from the first step to the last, a key and a frame each: the longest of them counts.
fn longest_frame(app: &mut App, state: &State, now: DateTime<Utc>, area: Rect, count: usize) {
    let mut longest = Duration::ZERO;
    let key = |code| Typed::Key(KeyEvent::new(code, KeyModifiers::NONE));
    let mut press = |code, n: usize| {
        let begun = Instant::now();
        let now = now + TimeDelta::milliseconds(i64::try_from(n).unwrap());
        app.on_event(&key(code), state, now, Duration::from_millis(n as u64));
        app.draw(state, now, area, &mut Buffer::empty(area));
        longest = longest.max(begun.elapsed());
    };
    press(KeyCode::Char('g'), 0);
    for n in 1..count.min(400) {
        press(KeyCode::Char('j'), n);
    }
    press(KeyCode::Char('G'), count);
    press(KeyCode::Char('4'), count + 1);
    println!("longest of key and frame: {:.1} ms", longest.as_secs_f64() * 1000.0);
}

criterion_group!(benches, plan_of_2000_steps);
criterion_main!(benches);
