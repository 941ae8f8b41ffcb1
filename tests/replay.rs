//! Replays: what was known at a moment is what is shown, going anywhere gives the same as going there step by step, and the film of
//! it is the same bytes each time.
#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

mod support;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use lifeboat::console::{CastSetting, Replay, cast};
use lifeboat::domain::{Alarm, AlarmKind, AlarmState, Moment, Operator, Problem, ProblemKind, SiteName};
use lifeboat::engine::Intent;
use lifeboat::journal::{Event, FORMAT, Incident, Observed, Reading, Recorded};
use lifeboat::plan::Plan;
use lifeboat::store::{Completeness, Freshness, Known, State, Update};
use lifeboat::ui::{App, Keymap, Request, Seek, Theme};
use proptest::prelude::*;
use support::{at, exercise};

const PLAN: &str = include_str!("../assets/plans/shop.toml");

fn plan() -> Arc<Plan> {
    Arc::new(Plan::parse("shop.toml", PLAN).unwrap())
}

fn alarm(state: AlarmState, reason: &str) -> Alarm {
    Alarm {
        site: SiteName::primary(),
        name: "shop-error-rate".into(),
        arn: "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-error-rate".into(),
        kind: AlarmKind::Metric,
        state,
        evaluation: None,
        transitioned_at: Some(at("03:04:00")),
        updated_at: Some(at("03:04:00")),
        reason: reason.into(),
        reason_data: None,
        rule: None,
        suppressed_by: None,
        metric: None,
    }
}

/// A state that hears alarms, and what a journal is told of it.
struct Told {
    state: State,
    seq: u64,
    observed: Vec<(DateTime<Utc>, Observed)>,
}

impl Told {
    fn hear(&mut self, clock: &str, answer: Result<Vec<Alarm>, Problem>) {
        self.seq += 1;
        let answer = answer.map(|alarms| (alarms, Completeness::Whole));
        self.state.apply(Update::Alarms { site: SiteName::primary(), seq: self.seq, at: at(clock), answer });
        for news in self.state.known.news(&self.state) {
            self.state.known.apply(&news.observed);
            self.observed.push((at(clock), news.observed));
        }
    }
}

fn story() -> Vec<Recorded> {
    let state = State::new(lifeboat::domain::Mode::Exercise, false, Operator::new("ann"), plan(), None);
    let mut told = Told { state, seq: 0, observed: Vec::new() };
    told.hear("03:05:30", Ok(vec![alarm(AlarmState::Alarm, "2 datapoints")]));
    told.hear("03:06:00", Ok(vec![alarm(AlarmState::Alarm, "2 datapoints")]));
    told.hear("03:20:00", Err(Problem::new(ProblemKind::Unreachable, "CloudWatch DescribeAlarms", "no answer")));
    told.hear("03:25:00", Err(Problem::new(ProblemKind::Unreachable, "CloudWatch DescribeAlarms", "still no answer")));
    told.hear("03:50:00", Ok(vec![alarm(AlarmState::Ok, "2 datapoints")]));
    assert_eq!(told.observed.len(), 3, "what is no news is not told: {:#?}", told.observed);
    let mut events = exercise();
    for (time, observed) in told.observed {
        let index = events.iter().position(|recorded| recorded.recorded_at > time).unwrap();
        let event = Event::Observed(Box::new(observed));
        events.insert(index, Recorded { seq: 0, recorded_at: time, by: Operator::new("ann"), event });
    }
    (1..).zip(&mut events).for_each(|(seq, recorded)| recorded.seq = seq);
    events
}

fn replay(events: Vec<Recorded>) -> Replay {
    let reading = Reading { events, damage: None, format: FORMAT };
    Replay::new(reading, plan(), Operator::new("writer"), 60.0).unwrap()
}

#[test]
fn only_what_changed_of_a_row_is_told() {
    let rows = story().into_iter().filter_map(|recorded| match recorded.event {
        Event::Observed(observed) => Some(observed),
        _ => None,
    });
    let rows: Vec<Box<Observed>> = rows.collect();
    let arn = alarm(AlarmState::Ok, "").arn;
    assert_eq!(rows[2].set[&arn], serde_json::json!({"state": "OK"}));
    assert!(rows[1].set.is_empty() && rows[1].problem.is_some());
}

#[test]
fn the_panes_show_what_was_known_then() {
    let mut replay = replay(story());
    let shown = |replay: &Replay| {
        let source = &replay.state().alarms[&SiteName::primary()];
        let state = source.data.as_ref().and_then(|alarms| alarms.iter().next()).map(|alarm| alarm.state);
        (state, matches!(source.freshness(replay.clock().now()), Freshness::Fresh(_)))
    };
    replay.seek(Seek::At(at("03:05:10")));
    assert_eq!(shown(&replay), (None, false), "nothing had been heard");
    replay.seek(Seek::At(at("03:21:00")));
    assert_eq!(shown(&replay), (Some(AlarmState::Alarm), false), "old data, and it says so");
    replay.seek(Seek::Moment(Moment::Restored));
    assert_eq!(shown(&replay), (Some(AlarmState::Ok), true));
    replay.seek(Seek::PreviousMoment);
    replay.seek(Seek::At(at("03:06:00")));
    assert_eq!(shown(&replay).0, Some(AlarmState::Alarm), "back again");
}

#[test]
fn a_replay_is_marked_as_one_and_does_nothing() {
    let mut replay = replay(story());
    replay.seek(Seek::At(at("03:45:00")));
    let mut app = App::new(Theme::mono(), Keymap::default());
    assert!(app.on_state(replay.state()).is_empty(), "nothing is asked of AWS");
    let area = ratatui::layout::Rect::new(0, 0, 120, 40);
    let mut buffer = ratatui::buffer::Buffer::empty(area);
    app.draw(replay.state(), replay.clock().now(), area, &mut buffer);
    let text: String = buffer.content().iter().map(|cell| cell.symbol()).collect();
    assert!(text.contains("REPLAY of EXERCISE") && !text.contains("╱╱ EXERCISE"), "{text}");
    let before = replay.state().events.len();
    replay.request(Request::Order(Intent::Note { text: "no".into() }));
    assert_eq!(replay.state().events.len(), before);
    assert!(replay.state().notice.as_ref().is_some_and(|notice| notice.text.contains("replay")));
}

#[test]
fn the_film_is_the_same_bytes_each_time_and_every_line_of_it_is_json() {
    let film = || {
        let setting = CastSetting { size: (80, 24), speed: 60.0, longest_pause_ms: 2000 };
        cast(&mut replay(story()), &mut App::new(Theme::mono(), Keymap::default()), setting).unwrap()
    };
    let text = film();
    assert_eq!(text, film());
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["version"], &lines[0]["width"], &lines[0]["height"]), (&2.into(), &80.into(), &24.into()));
    // asciicast 2: a header, then [seconds, "o", what the terminal gets].
    let is_output = |line: &serde_json::Value| {
        line.as_array().is_some_and(|of| of.len() == 3 && of[0].is_number() && of[1] == "o" && of[2].is_string())
    };
    assert!(lines.len() > 2 && lines[1..].iter().all(is_output) && lines[0]["timestamp"].is_u64(), "{}", lines[0]);
    let times: Vec<f64> = lines[1..].iter().map(|line| line[0].as_f64().unwrap()).collect();
    assert!(times.windows(2).all(|pair| pair[0] <= pair[1] && pair[1] - pair[0] <= 2.0), "{times:?}");
    // A terminal that plays it ends with the last frame.
    let mut terminal = vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0);
    lines[1..].iter().for_each(|line| terminal.process(line[2].as_str().unwrap().as_bytes()));
    let screen = terminal.screen().contents();
    assert!(screen.contains("REPLAY") && !screen.contains('\u{1b}'), "{screen}");
}

/// Many events, with times that go back now and then, as those of two consoles do.
fn many(count: usize) -> Vec<Recorded> {
    let story = story();
    let between = count / story.len();
    let mut all = Vec::new();
    for recorded in story {
        for number in 0..between {
            let event = Event::Noted { text: format!("note {number}"), mark: None };
            let back = TimeDelta::seconds(if number % 7 == 0 { -3 } else { 0 });
            all.push(Recorded { recorded_at: recorded.recorded_at + back, event, ..recorded.clone() });
        }
        all.push(recorded);
    }
    // The first event stays the first.
    all.rotate_left(between);
    (1..).zip(&mut all).for_each(|(seq, recorded)| recorded.seq = seq);
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn going_anywhere_gives_what_going_there_step_by_step_gives(stops in proptest::collection::vec(1usize..3000, 1..8)) {
        let events = many(3000);
        let mut replay = replay(events.clone());
        for stop in stops {
            let number = stop.min(replay.len());
            let time = replay.time_of(number).unwrap();
            replay.seek(Seek::At(time));
            let played = replay.state().events.len();
            prop_assert_eq!(&replay.state().incident, &Incident::of(&events[..played]));
            let mut known = Known::default();
            for recorded in &events[..played] {
                if let Event::Observed(observed) = &recorded.event {
                    known.apply(observed);
                }
            }
            prop_assert_eq!(&replay.state().known, &known);
        }
    }
}
