//! Reports of a whole exercise: the documents by eye, and what must hold of any of them.
#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

mod support;

use chrono::TimeDelta;
use lifeboat::domain::{Expected as Takes, Moment, Operator, Role, StepId};
use lifeboat::journal::{Candidate, Choice, Damage, Event, Expected, FORMAT, Incident, Mark, Reading, Recorded, Weighed};
use lifeboat::report::{Durations, Format, Measured, Timeline, brief, render, render_reading};
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
    for part in ["**damaged**: events 1 to 3 are whole, then: event 4", "newer lifeboat (format 3)", "what happened after that?"]
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
fn work_is_told_from_waiting_for_a_person_for_aws_and_for_a_retry() {
    let document = json(&exercise());
    let of = |phase: usize, kind: &str| document["spent"][phase][kind].as_i64().unwrap();
    // Restore 03:31:00 to 04:32:00: a person until 03:32:10, AWS for one second, work with the network from 03:32:11 on, until the
    // volume ends at 04:20:00; a person until 04:24:00, work until 04:31:00, a person until the cache is skipped at 04:32:00.
    assert_eq!((of(2, "person_secs"), of(2, "aws_secs"), of(2, "retry_secs")), (70 + 230 + 60, 1, 0));
    assert_eq!(of(2, "unknown_secs"), 10, "from AWS's end of the volume until the console learned of it");
    assert_eq!(of(2, "work_secs"), (47 * 60 + 49) + 7 * 60);
    // Fail over 04:32:00 to 04:43:00: a person until 04:35:00, AWS one second, work until 04:36:00; the console learned of
    // it at 04:36:05; a person until 04:36:30.
    assert_eq!((of(3, "person_secs"), of(3, "aws_secs"), of(3, "work_secs")), (180 + 25, 1, 59 + 390));
    let volume = document["steps"].as_array().unwrap().iter().find(|row| row["step"] == "catalog-volume").unwrap();
    assert_eq!(volume["waited_for_retry_secs"].as_i64(), Some(6 * 60 + 28));
    assert_eq!(document["tail"]["secs"].as_i64(), Some(12 * 60), "available 04:43, closed 04:55");
}

#[test]
fn a_decision_is_a_record_of_its_own() {
    let mut events = exercise();
    let objection = Event::Noted { text: "the copy of 02:45 is not scanned".into(), mark: Some(Mark::Objection) };
    let at_declaration = events.iter().position(|recorded| matches!(recorded.event, Event::FailoverDeclared { .. })).unwrap();
    let role = Event::RoleGiven { to: Operator::new("ann"), role: Role::Commander, reason: "on call".into() };
    let extra = [role, objection].map(|event| Recorded { event, ..events[at_declaration].clone() });
    if let Event::FailoverDeclared { weighed, .. } = &mut events[at_declaration].event {
        *weighed = Some(Box::new(Weighed {
            candidates: vec![Candidate {
                resource: "orders".into(),
                recovery_point: Some("arn:aws:backup:eu-central-1:444455556666:recovery-point:orders-0245".into()),
                data_at: Some(at("02:45:00")),
                loss_secs: Some(930),
                inside: Some(true),
            }],
            forecast: Some(Expected { at: at("04:07:00"), in_time: true, unknown_steps: 1 }),
            options: vec![Choice { what: "wait".into(), means: "the RTO is used up at 05:00".into() }],
            objections: Some(vec![]),
        }));
    }
    events.splice(at_declaration..at_declaration, extra);
    (1..).zip(&mut events).for_each(|(seq, recorded)| recorded.seq = seq);
    for format in [Format::Markdown, Format::Html] {
        let text = render(&events, format).unwrap();
        for part in [
            "ann, commander, declared the failover",
            "the RTO is used up at 05:00",
            "15 min 30 s",
            "2026-03-14 04:07:00",
            "Strong objections: none",
            "the copy of 02:45 is not scanned",
        ] {
            assert!(text.contains(part), "{format:?} {part}: {text}");
        }
    }
    let asked = render(&exercise(), Format::Markdown).unwrap();
    assert!(asked.contains("Had anybody a strong objection"), "{asked}");
}

#[test]
fn the_hand_over_brief_says_what_runs_and_what_is_needed() {
    let events: Vec<Recorded> = exercise().into_iter().take_while(|recorded| recorded.recorded_at < at("03:41:00")).collect();
    insta::assert_snapshot!(brief(&Incident::of(&events), Some(at("03:41:00"))));
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

/// The four durations make the recovery time, and what each was spent on makes the duration, to the second.
fn adds_up(events: &[Recorded]) -> Result<(), TestCaseError> {
    let document = json(events);
    let sum: i64 = document["durations"].as_array().unwrap().iter().map(|row| row["secs"].as_i64().unwrap()).sum();
    prop_assert_eq!(document["recovery_time"]["achieved_secs"].as_i64().unwrap_or(0), sum);
    // What each duration was spent on adds up to it, whatever overlapped.
    let durations = document["durations"].as_array().unwrap().iter().filter(|row| !row["from"].is_null());
    for (duration, spent) in durations.zip(document["spent"].as_array().unwrap()) {
        let kinds =
            ["work_secs", "aws_secs", "retry_secs", "person_secs", "unknown_secs"].map(|kind| spent[kind].as_i64().unwrap());
        prop_assert!(kinds.iter().all(|secs| *secs >= 0));
        prop_assert_eq!((&duration["phase"], duration["secs"].as_i64().unwrap()), (&spent["phase"], kinds.iter().sum()));
    }
    Ok(())
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
        adds_up(&events)?;
        render(&events, Format::Markdown).unwrap();
        // The timeline of any of these, at any time, can be had as well.
        for now in [None, Some(at("00:00:00")), Some(at("03:40:00")), Some(at("23:00:00"))] {
            let timeline = Timeline::of(&Incident::of(&events), now);
            prop_assert!(timeline.steps.iter().all(|step| step.worked >= TimeDelta::zero() && step.waited >= TimeDelta::zero()));
        }
    }

    #[test]
    fn events_in_any_order_have_a_report_whose_durations_add_up(order in Just((0..exercise().len()).collect::<Vec<_>>()).prop_shuffle()) {
        let story = exercise();
        let shuffled: Vec<Recorded> = (1..).zip(order).map(|(seq, at)| Recorded { seq, ..story[at].clone() }).collect();
        adds_up(&shuffled)?;
        render(&shuffled, Format::Markdown).unwrap();
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
    let runs = Takes::by_runs(&[50, 60, 70].map(TimeDelta::minutes)).unwrap();
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
