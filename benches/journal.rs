//! What a journal of 100,000 events costs: open with its hashes, fold, and report in Markdown, where the aim is one second together;
//! and a replay going anywhere in it, with the frame that is then drawn, where the aim is a tenth of a second. A tenth of the size is
//! measured beside it, to see that the cost grows in proportion. And what earlier runs say, from 200 journals of an exercise each.
//!
//! `cargo bench --bench journal`; `LIFEBOAT_BENCH_EVENTS=1000` for another size.
#![expect(clippy::unwrap_used, reason = "a measurement may fail this way")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use lifeboat::console::Replay;
use lifeboat::domain::{IncidentId, Mode, Operator};
use lifeboat::journal::{self, Event, FORMAT, Incident, Journal, JournalDirectory, Reading, Recorded};
use lifeboat::plan::Plan;
use lifeboat::report::{Format, expectations, render_reading};
use lifeboat::ui::{App, Keymap, Seek, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The exercise with signals and notes between its events, as a long night has them, until there are so many.
fn events(count: usize) -> Vec<Recorded> {
    let story = support::exercise();
    let signal = story.iter().find(|recorded| matches!(recorded.event, Event::SignalSeen(_))).unwrap().clone();
    let note = story.iter().find(|recorded| matches!(recorded.event, Event::Noted { .. })).unwrap().clone();
    let between = count.saturating_sub(story.len()) / story.len();
    let mut all = Vec::with_capacity(count);
    for recorded in story {
        let at = recorded.recorded_at;
        all.push(recorded);
        for number in 0..between {
            let filler = if number % 10 == 0 { &note } else { &signal };
            let recorded_at = at + TimeDelta::milliseconds(i64::try_from(number).unwrap());
            all.push(Recorded { recorded_at, ..filler.clone() });
        }
    }
    (1..).zip(&mut all).for_each(|(seq, recorded)| recorded.seq = seq);
    all
}

fn written(folder: &Path, events: Vec<Recorded>) -> std::path::PathBuf {
    let id = IncidentId::new("20260314-shop-4f1d");
    let mut journal = Journal::create(&JournalDirectory::new(folder), &id, Mode::Exercise).unwrap();
    for chunk in events.chunk_by(|a, b| (a.recorded_at, &a.by) == (b.recorded_at, &b.by)) {
        let events = chunk.iter().map(|recorded| recorded.event.clone()).collect();
        journal.append(events, &chunk[0].by, chunk[0].recorded_at).unwrap();
    }
    journal.path().to_owned()
}

fn sizes(criterion: &mut Criterion) {
    let most = std::env::var("LIFEBOAT_BENCH_EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    for count in [most / 10, most] {
        journal_of(criterion, count);
    }
}

fn journal_of(criterion: &mut Criterion, count: usize) {
    let folder = tempfile::tempdir().unwrap();
    // Fewer and larger appends: writing is not what is measured.
    let events: Vec<Recorded> = events(count);
    let at = events[0].recorded_at;
    let night = Reading { events: events.clone(), damage: None, format: FORMAT };
    let path = written(folder.path(), events.into_iter().map(|recorded| Recorded { recorded_at: at, ..recorded }).collect());
    let reading = journal::read(&path).unwrap();
    assert_eq!(reading.damage, None);
    let mut group = criterion.benchmark_group(format!("{} events", reading.events.len()));
    group.sample_size(10);
    group.bench_function("open", |bencher| bencher.iter(|| journal::read(&path).unwrap()));
    group.bench_function("fold", |bencher| bencher.iter(|| Incident::of(&reading.events)));
    group.bench_function("markdown", |bencher| {
        bencher.iter_batched(|| (), |()| render_reading(&reading, Format::Markdown).unwrap(), BatchSize::PerIteration);
    });
    let all = |path: &Path| -> String {
        let reading: Reading = journal::read(path).unwrap();
        let _ = Incident::of(&reading.events);
        render_reading(&reading, Format::Markdown).unwrap()
    };
    group.bench_function("open, fold, markdown", |bencher| bencher.iter(|| all(&path)));
    let plan = Arc::new(Plan::parse("shop.toml", include_str!("../assets/plans/shop.toml")).unwrap());
    let mut replay = Replay::new(night, plan, Operator::new("ann"), 60.0).unwrap();
    let mut app = App::new(Theme::mono(), Keymap::default());
    let stops = [1, 7, 4, 9, 2, 8].map(|tenths| replay.time_of(replay.len() * tenths / 10).unwrap());
    let mut next = stops.into_iter().cycle();
    group.bench_function("replay: go somewhere else", |bencher| {
        bencher.iter(|| replay.seek(Seek::At(next.next().unwrap())));
    });
    group.bench_function("replay: go somewhere else, and the frame", |bencher| {
        bencher.iter(|| {
            let at = next.next().unwrap();
            replay.seek(Seek::At(at));
            app.on_state(replay.state());
            let area = Rect::new(0, 0, 200, 50);
            app.draw(replay.state(), at, area, &mut Buffer::empty(area));
        });
    });
    group.finish();
}

/// What opening a console reads beside it.
fn earlier_runs(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let directory = JournalDirectory::new(folder.path());
    let fixture = Path::new("tests/fixtures/exercises/region-outage.lifeboat");
    for number in 0..200 {
        let path = directory.path_of(&IncidentId::new(format!("20260314-shop-{number:04x}")), Mode::Exercise);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(fixture, path).unwrap();
    }
    let known = || expectations(&directory.list_of(Mode::Exercise).unwrap(), "shop", Mode::Exercise);
    assert!(!known().is_empty());
    let mut group = criterion.benchmark_group("200 journals");
    group.sample_size(10);
    group.bench_function("what earlier runs say", |bencher| bencher.iter(known));
    group.finish();
}

criterion_group!(benches, sizes, earlier_runs);
criterion_main!(benches);
