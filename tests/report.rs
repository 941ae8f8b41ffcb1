//! Reports of a whole exercise: the documents by eye, and what must hold of any of them.
#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

mod support;

use chrono::TimeDelta;
use lifeboat::domain::{Expected, Moment, Operator, StepId};
use lifeboat::journal::{Damage, Event, FORMAT, Incident, Reading, Recorded};
use lifeboat::report::{Durations, Format, Measured, Timeline, render, render_reading};
use proptest::prelude::*;
use serde_json::Value;
use support::{at, exercise};

fn json(events: &[Recorded]) -> Value {
    serde_json::from_str(&render(events, Format::Json).unwrap()).unwrap()
}

#[test]
fn the_report_of_an_exercise_in_markdown() {
    insta::assert_snapshot!(render(&exercise(), Format::Markdown).unwrap());
}

#[test]
fn the_report_of_an_exercise_in_json() {
    insta::assert_snapshot!(render(&exercise(), Format::Json).unwrap());
}

#[test]
fn the_report_of_an_incident_that_runs_in_markdown() {
    let events: Vec<Recorded> = exercise().into_iter().take_while(|recorded| recorded.recorded_at < at("03:45:00")).collect();
    insta::assert_snapshot!(render(&events, Format::Markdown).unwrap());
}

#[test]
fn the_same_events_give_the_same_bytes() {
    for format in [Format::Markdown, Format::Json] {
        assert_eq!(render(&exercise(), format).unwrap(), render(&exercise(), format).unwrap());
    }
}

#[test]
fn a_journal_without_events_has_a_report() {
    let text = render(&[], Format::Markdown).unwrap();
    assert!(
        text.starts_with("# UNKNOWN:") && text.contains("0 events were read") && text.contains("When was it \"detected\"?"),
        "{text}"
    );
}

#[test]
fn a_report_tells_the_damage_of_its_journal() {
    let damage = Some(Damage { after: 3, what: "event 4 does not match its hash".into() });
    let reading = Reading { events: exercise().into_iter().take(3).collect(), damage, format: FORMAT + 1 };
    let text = render_reading(&reading, Format::Markdown).unwrap();
    for part in ["**damaged**: events 1 to 3 are whole, then: event 4", "newer lifeboat (format 2)", "what happened after that?"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn the_durations_of_the_exercise_are_the_storys_own() {
    let durations = Durations::of(&Incident::of(&exercise()), None);
    // Impact 02:58 by the correction, detected 03:04, decided 03:31, restored 04:32, failed over 04:43.
    assert_eq!(durations.spans.map(|span| span.length().num_minutes()), [6, 27, 61, 11]);
    assert_eq!(durations.recovery_time, Some(TimeDelta::minutes(105)));
    assert_eq!((durations.rto_verdict, durations.rpo_verdict), (Measured::Met, Measured::Met));
    assert_eq!(durations.worst, Some(TimeDelta::minutes(48)));
}

#[test]
fn a_steps_bar_tells_waiting_from_work_and_the_critical_path_is_the_longest_chain() {
    let timeline = Timeline::of(&Incident::of(&exercise()), None);
    let path: Vec<&str> = timeline.critical_path.iter().map(StepId::as_str).collect();
    assert_eq!(path, ["catalog-volume", "attach", "warm-cache", "dns", "verify"]);
    let volume = timeline.steps.iter().find(|step| step.id.as_str() == "catalog-volume").unwrap();
    // Declared 03:31:00; confirmed 03:35:00, failed 03:35:02, confirmed again 03:41:30; AWS: 03:41:32 to 04:20:00.
    assert_eq!(volume.waited, TimeDelta::seconds(4 * 60 + 6 * 60 + 28));
    assert_eq!(volume.worked, TimeDelta::seconds(2 + 38 * 60 + 28));
    assert_eq!((timeline.forecast, timeline.rto_at), (None, Some(at("04:58:00"))));
}

#[test]
fn the_forecast_adds_up_what_remains_along_the_prerequisites() {
    let events: Vec<Recorded> = exercise().into_iter().take_while(|recorded| recorded.recorded_at < at("03:45:00")).collect();
    let timeline = Timeline::of(&Incident::of(&events), Some(at("03:50:00")));
    let forecast = timeline.forecast.unwrap();
    // catalog-volume 03:41:31 + 15 min, attach 5, warm-cache unknown; but orders-table 03:33:20 + 30 min; dns 2, verify 5.
    assert_eq!((forecast.end, forecast.unknown_steps, forecast.overdue_steps), (at("04:10:20"), 1, 0));
    assert_eq!((forecast.remaining, forecast.in_time()), (TimeDelta::seconds(20 * 60 + 20), Some(true)));
    let path: Vec<&str> = timeline.critical_path.iter().map(StepId::as_str).collect();
    assert_eq!(path, ["orders-table", "dns", "verify"]);
    // Past its expectation a step counts as ending now, and says so.
    let later = Timeline::of(&Incident::of(&events), Some(at("04:30:00"))).forecast.unwrap();
    assert_eq!((later.end, later.overdue_steps), (at("04:42:00"), 2));
}

#[test]
fn before_the_failover_is_declared_the_forecast_counts_from_now() {
    let events: Vec<Recorded> = exercise().into_iter().take_while(|recorded| recorded.recorded_at < at("03:31:00")).collect();
    let timeline = Timeline::of(&Incident::of(&events), Some(at("03:30:00")));
    assert!(timeline.steps.iter().all(|step| step.ready_at.is_none() && step.waited.is_zero()));
    assert_eq!(timeline.forecast.unwrap().end, at("04:07:00"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_selection_of_events_has_a_report_whose_durations_add_up(keep in proptest::collection::vec(any::<bool>(), 60), shift in -9000i64..9000) {
        let mut events: Vec<Recorded> = exercise().into_iter().zip(keep).filter(|(_, keep)| *keep).map(|(recorded, _)| recorded).collect();
        if let Some(last) = events.last().cloned() {
            let fixed = match &exercise()[6].event {
                Event::MomentFixed { fixed, .. } => fixed.clone(),
                other => panic!("{other:?}"),
            };
            let fixed = lifeboat::domain::Fixed { at: fixed.at + TimeDelta::seconds(shift), ..fixed };
            let event = Event::MomentCorrected { moment: Moment::Restored, fixed, reason: "x".into() };
            events.push(Recorded { event, by: Operator::new("x"), ..last });
        }
        let document = json(&events);
        let sum: i64 = document["durations"].as_array().unwrap().iter().map(|row| row["secs"].as_i64().unwrap()).sum();
        prop_assert_eq!(document["recovery_time"]["achieved_secs"].as_i64().unwrap_or(0), sum);
        render(&events, Format::Markdown).unwrap();
        // The timeline of any of these, at any time, can be had as well.
        for now in [None, Some(at("00:00:00")), Some(at("03:40:00")), Some(at("23:00:00"))] {
            let timeline = Timeline::of(&Incident::of(&events), now);
            prop_assert!(timeline.steps.iter().all(|step| step.worked >= TimeDelta::zero() && step.waited >= TimeDelta::zero()));
        }
    }
}

#[test]
fn the_forecast_is_a_band_and_earlier_runs_count_for_more_than_the_plan() {
    let events: Vec<Recorded> = exercise().into_iter().take_while(|recorded| recorded.recorded_at < at("03:45:00")).collect();
    let (incident, now) = (Incident::of(&events), Some(at("03:50:00")));
    let forecast = Timeline::of(&incident, now).forecast.unwrap();
    assert!(forecast.earliest < forecast.end && forecast.end < forecast.latest, "{forecast:?}");
    // orders-table runs until 04:03:20 and decides. If attach begins at 04:00 instead of 03:56:31 it ends at 04:05 and decides.
    assert_eq!(forecast.ten_minutes, TimeDelta::seconds(100));
    let runs = Expected::by_runs(&[50, 60, 70].map(TimeDelta::minutes)).unwrap();
    let longer = Timeline::expecting(&incident, now, &[(StepId::new("dns"), runs)].into()).forecast.unwrap();
    assert_eq!(longer.end - forecast.end, TimeDelta::minutes(58), "an hour instead of the plan's two minutes");
    assert_eq!(longer.in_time(), Some(false));
}

#[test]
fn before_the_declaration_every_minute_of_waiting_is_a_minute_later() {
    let events: Vec<Recorded> = exercise().into_iter().take_while(|recorded| recorded.recorded_at < at("03:31:00")).collect();
    let now = at("03:30:00");
    let forecast = Timeline::of(&Incident::of(&events), Some(now)).forecast.unwrap();
    assert_eq!(forecast.ten_minutes, TimeDelta::minutes(10));
    assert_eq!(forecast.begin_by, forecast.margin.map(|margin| now + margin));
}
