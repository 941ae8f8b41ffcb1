//! What very long lists cost the console: memory a row, frames while they load and change, a keystroke of a filter, another sort.
//!
//! `cargo bench --bench panes`; `LIFEBOAT_BENCH_ROWS=10000` for another size. The aims: no frame over 16 ms, 400 bytes a row, a keystroke
//! answered within a frame, an update at the cost of what it changes. A frame here is what the console does between two frames: takes
//! in at most 2,000 rows, works on for a turn, draws all panes at 200×50.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement may fail this way, and tells its figures")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use lifeboat::domain::{Alarm, AlarmKind, AlarmMetric, AlarmState, Comparison, Mode, Operator, RecoveryPoint, SiteName};
use lifeboat::plan::Plan;
use lifeboat::store::{Changes, Completeness, ListEnd, State, Update};
use lifeboat::ui::{App, Keymap, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Rows of a piece: a page of recovery points, or ten of alarms.
const PIECE: usize = 1_000;

fn now() -> DateTime<Utc> {
    "2026-03-14T03:10:00Z".parse().unwrap()
}

fn main() {
    let most: usize = std::env::var("LIFEBOAT_BENCH_ROWS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    for count in [most / 100, most / 10] {
        let mut console = Console::new();
        console.measure("alarms", '1', count, |from, to| alarms(from, to, 0), |turn| alarms(0, PIECE.min(count), turn));
    }
    for count in [most / 100, most] {
        let mut console = Console::new();
        console.measure("recovery points", '3', count, |from, to| points(from, to, 0), |turn| points(0, PIECE.min(count), turn));
    }
}

struct Console {
    state: State,
    app: App,
    real: Duration,
}

impl Console {
    fn new() -> Self {
        let text = include_str!("../assets/plans/shop.toml");
        let plan = Plan::parse("shop.toml", text).map_err(|faults| faults.render(text, false)).unwrap();
        let state = State::new(Mode::Live, true, Operator::new("ana"), Arc::new(plan), None);
        Self { state, app: App::new(Theme::mono(), Keymap::default()), real: Duration::from_secs(60) }
    }

    fn measure(
        &mut self,
        what: &str,
        pane: char,
        count: usize,
        piece: impl Fn(usize, usize) -> Update,
        changed: impl Fn(usize) -> Update,
    ) {
        self.key(pane);
        self.frame();
        let before = resident();
        let pieces = (0..count).step_by(PIECE).map(|from| piece(from, (from + PIECE).min(count)));
        // A piece is made outside of what is measured, as the feeds make it.
        let loading: Vec<Duration> = pieces.map(|piece| timed(|| self.take(piece))).collect();
        let idle: Vec<Duration> = (0..5).map(|_| timed(|| self.frame())).collect();
        let memory = resident().saturating_sub(before) / count as u64;
        let update: Vec<Duration> = (1..6).map(changed).map(|piece| timed(|| self.take(piece))).collect();
        self.key('/');
        let mut filter = Vec::new();
        for key in ['e', '9', '9'] {
            filter.push(self.until_done(key));
        }
        self.press(KeyCode::Esc);
        while self.app.keep_up(&self.state) {}
        // Twice: the second sort is by time, where the first may be as it was.
        self.until_done('o');
        let sorting = self.until_done('o');
        println!("{count:>9} {what}: {memory} bytes a row");
        println!(
            "          loading, {} frames with {PIECE} new rows: median {}, slowest {}",
            loading.len(),
            ms(median(&loading)),
            ms(most(&loading))
        );
        println!("          a frame in which nothing happens: slowest of 5 {}", ms(most(&idle)));
        println!("          a frame with {PIECE} changed rows: median {}, slowest {}", ms(median(&update)), ms(most(&update)));
        for (key, (first, slowest, frames, all)) in ["e", "e9", "e99"].iter().zip(filter) {
            println!(
                "          filter {key:?}: answered in {}, slowest frame {}, all looked through after {frames} frames and {} of work",
                ms(first),
                ms(slowest),
                ms(all)
            );
        }
        let (first, slowest, frames, all) = sorting;
        println!(
            "          next sort: answered in {}, slowest frame {}, sorted after {frames} frames and {} of work",
            ms(first),
            ms(slowest),
            ms(all)
        );
    }

    /// A key, and frames until nothing is being worked on: the first frame, the slowest, how many, their sum.
    fn until_done(&mut self, key: char) -> (Duration, Duration, usize, Duration) {
        let mut frames = vec![timed(|| {
            self.key(key);
            self.draw();
        })];
        loop {
            let mut more = false;
            let took = timed(|| {
                more = self.app.keep_up(&self.state);
                self.draw();
            });
            frames.push(took);
            if !more {
                break;
            }
        }
        (frames[0], most(&frames), frames.len(), frames.iter().sum())
    }

    fn take(&mut self, update: Update) {
        self.state.apply(update);
        self.frame();
    }

    fn frame(&mut self) {
        self.app.on_state(&self.state);
        self.draw();
    }

    fn draw(&mut self) {
        let area = Rect::new(0, 0, 200, 50);
        self.app.draw(&self.state, now(), area, &mut Buffer::empty(area));
    }

    fn key(&mut self, key: char) {
        self.press(KeyCode::Char(key));
    }

    fn press(&mut self, code: KeyCode) {
        self.real += Duration::from_secs(1);
        self.app.on_event(&Event::Key(KeyEvent::new(code, KeyModifiers::NONE)), &self.state, now(), self.real);
    }
}

fn changes<T>(changed: Vec<T>) -> Changes<T> {
    let end = Some(ListEnd { completeness: Completeness::Whole, took: TimeDelta::zero(), only: None });
    Changes { changed, gone: Vec::new(), end }
}

fn alarms(from: usize, to: usize, turn: usize) -> Update {
    let changes = changes((from..to).map(|number| alarm(number, turn)).collect());
    Update::AlarmRows { site: SiteName::primary(), seq: 1, at: now(), changes }
}

fn points(from: usize, to: usize, turn: usize) -> Update {
    let changes = changes((from..to).map(|number| point(number, turn)).collect());
    Update::PointRows { site: SiteName::recovery(), seq: 1, at: now(), changes, protected: None }
}

/// One in 50 is in ALARM, one in 500 is composite; a later `turn` is of another state and reason.
fn alarm(number: usize, turn: usize) -> Alarm {
    let name = format!("service-{:03}-tier-{:02}-instance-{number:06}-errors", number % 211, number % 7);
    let alarming = (number + turn).is_multiple_of(50);
    let composite = number % 500 == 499;
    let metric = AlarmMetric {
        namespace: "AWS/ApplicationELB".into(),
        name: "HTTPCode_Target_5XX_Count".into(),
        dimensions: vec![
            ("LoadBalancer".into(), format!("app/service-{:03}/50dc6c495c0c9188", number % 211)),
            ("InstanceId".into(), format!("i-{number:017x}")),
        ],
        statistic: "Sum".into(),
        period_secs: 60,
        evaluation_periods: 3,
        datapoints_to_alarm: 2,
        threshold: Some(5.0),
        comparison: Comparison("GreaterThanThreshold".into()),
    };
    let child = |of: usize| format!("service-{:03}-tier-{:02}-instance-{of:06}-errors", of % 211, of % 7);
    Alarm {
        site: SiteName::primary(),
        arn: format!("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}"),
        kind: if composite { AlarmKind::Composite } else { AlarmKind::Metric },
        state: if alarming { AlarmState::Alarm } else { AlarmState::Ok },
        evaluation: None,
        transitioned_at: Some(now() - TimeDelta::seconds(i64::try_from(number).unwrap())),
        updated_at: Some(now()),
        reason: format!(
            "Threshold Crossed: 2 out of the last 3 datapoints [{turn}.0 (14/03/26 03:02:00), 22.0 (14/03/26 03:01:00)] were greater than the threshold (5.0)."
        ),
        reason_data: None,
        rule: composite.then(|| format!("ALARM(\"{}\") OR ALARM(\"{}\")", child(number - 1), child(number - 2))),
        suppressed_by: None,
        metric: (!composite).then_some(metric),
        name,
    }
}

/// 40 points a resource.
fn point(number: usize, turn: usize) -> RecoveryPoint {
    let resource = number / 40;
    let at = now() - TimeDelta::minutes(i64::try_from(number % 40).unwrap() * 60 + i64::try_from(turn).unwrap());
    RecoveryPoint {
        site: SiteName::recovery(),
        arn: format!(
            "arn:aws:backup:eu-central-1:444455556666:recovery-point:{number:08x}-5ca1-4000-8000-{:012x}",
            number * 7919
        ),
        vault: "shop-recovery".into(),
        resource_arn: format!("arn:aws:dynamodb:eu-west-1:111122223333:table/orders-{resource:06}"),
        resource_type: "DynamoDB".into(),
        status: "COMPLETED".into(),
        status_message: None,
        data_at: Some(at),
        completed_at: Some(at + TimeDelta::minutes(4)),
        size_bytes: Some(1_073_741_824 + number as u64),
        key_arn: Some("arn:aws:kms:eu-central-1:444455556666:key/5ca1e000-0000-4000-8000-000000000000".into()),
        storage_class: Some("WARM".into()),
        expires_at: Some(at + TimeDelta::days(35)),
        last_restored_at: None,
        vault_type: Some("BACKUP_VAULT".into()),
        scan: None,
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(all: &[Duration]) -> Duration {
    let mut all = all.to_vec();
    all.sort();
    all[all.len() / 2]
}

fn most(all: &[Duration]) -> Duration {
    all.iter().copied().max().unwrap_or_default()
}

fn ms(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

/// Bytes of memory in use, where the system tells it.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}
