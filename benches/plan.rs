//! What a plan of 2,000 steps costs: to read and check, to reckon its timeline, and to draw a frame of 200 by 50 with half of it done.
//! The aim is no frame over 16 ms, nor any of the three. At the end stands the longest frame of each kind, with what led to it.
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
    longest_frames(&mut app, state, now, area, count);
}

/// The longest frame of each kind counts, with what led to it: a key, a second that passed, an event.
fn longest_frames(app: &mut App, mut state: State, now: DateTime<Utc>, area: Rect, count: usize) {
    let key = |code| Typed::Key(KeyEvent::new(code, KeyModifiers::NONE));
    let mut clock = now;
    let mut worst: BTreeMap<&str, Duration> = BTreeMap::new();
    let mut measure = |what, took: Duration| {
        let longest = worst.entry(what).or_default();
        *longest = took.max(*longest);
    };
    let mut press = |app: &mut App, state: &State, what, code, n: usize, clock: &mut DateTime<Utc>| {
        *clock += TimeDelta::milliseconds(33);
        let begun = Instant::now();
        app.on_event(&key(code), state, *clock, Duration::from_millis(n as u64));
        app.draw(state, *clock, area, &mut Buffer::empty(area));
        measure(what, begun.elapsed());
    };
    // Twice: what is drawn first warms the caches, which a console that runs has.
    for _ in 0..2 {
        press(app, &state, "selection", KeyCode::Char('5'), 0, &mut clock);
        press(app, &state, "selection", KeyCode::Char('g'), 0, &mut clock);
        for n in 1..count.min(400) {
            press(app, &state, "selection", KeyCode::Char('j'), n, &mut clock);
        }
        press(app, &state, "selection", KeyCode::Char('G'), count, &mut clock);
        press(app, &state, "scrolling", KeyCode::Char('4'), count, &mut clock);
        for n in 0..200 {
            press(app, &state, "scrolling", if n < 100 { KeyCode::PageDown } else { KeyCode::PageUp }, n, &mut clock);
        }
        press(app, &state, "zoomed", KeyCode::Char('z'), count, &mut clock);
        for n in 0..100 {
            press(app, &state, "zoomed", KeyCode::PageDown, n, &mut clock);
        }
        press(app, &state, "zoomed", KeyCode::Char('z'), count, &mut clock);
    }
    for _ in 0..60 {
        clock += TimeDelta::seconds(1);
        let begun = Instant::now();
        app.draw(&state, clock, area, &mut Buffer::empty(area));
        measure("a second", begun.elapsed());
    }
    for step in state.plan.clone().steps.iter().skip(count / 2).take(60) {
        clock += TimeDelta::seconds(1);
        let event = Event::StepSkipped { step: step.id.clone(), reason: "measured".into() };
        let seq = state.incident.last_seq + 1;
        let begun = Instant::now();
        state.record(Recorded { seq, recorded_at: clock, by: Operator::new("ana"), event });
        app.on_state(&state);
        app.draw(&state, clock, area, &mut Buffer::empty(area));
        measure("an event", begun.elapsed());
    }
    for (what, took) in &worst {
        println!("longest frame after {what}: {:.1} ms", took.as_secs_f64() * 1000.0);
    }
    let longest = worst.values().max().copied().unwrap_or_default();
    println!("longest frame of {count} steps: {:.1} ms", longest.as_secs_f64() * 1000.0);
}

criterion_group!(benches, plan_of_2000_steps);
criterion_main!(benches);
