//! What a journal of 100,000 events costs: open with its hashes, fold, and report in Markdown, where the aim is one second together;
//! and a replay going anywhere in it, where the aim is a tenth of a second.
//!
//! `cargo bench --bench journal`; `LIFEBOAT_BENCH_EVENTS=1000` for another size, to see that the cost grows in proportion.
#![expect(clippy::unwrap_used, reason = "a measurement may fail this way")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::Path;

use chrono::TimeDelta;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use lifeboat::console::Replay;
use lifeboat::domain::{IncidentId, Mode, Operator};
use lifeboat::journal::{self, Event, Incident, Journal, JournalDirectory, Reading, Recorded};
use lifeboat::plan::Plan;
use lifeboat::report::{Format, render_reading};
use lifeboat::ui::Seek;

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

fn journal_of_100_000_events(criterion: &mut Criterion) {
    let count = std::env::var("LIFEBOAT_BENCH_EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().unwrap();
    // Fewer and larger appends: writing is not what is measured.
    let events: Vec<Recorded> = events(count);
    let at = events[0].recorded_at;
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
    group.bench_function("replay: go back to the middle, then to the end", |bencher| {
        let plan = std::sync::Arc::new(Plan::parse("shop.toml", include_str!("../assets/plans/shop.toml")).unwrap());
        let mut replay = Replay::new(reading.clone(), plan, Operator::new("ann"), 60.0).unwrap();
        let (middle, end) = (replay.time_of(replay.len() / 2 + 1).unwrap(), replay.time_of(replay.len()).unwrap());
        bencher.iter(|| {
            replay.seek(Seek::At(middle));
            replay.seek(Seek::At(end));
        });
    });
    group.finish();
}

criterion_group!(benches, journal_of_100_000_events);
criterion_main!(benches);
