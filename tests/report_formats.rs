//! The same exercise in every format: by eye, and what no text in a journal may do to any of them.
#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

mod support;

use lifeboat::domain::Operator;
use lifeboat::journal::{Choice, Event, FORMAT, Reading, Recorded, Weighed};
use lifeboat::report::{Format, Paper, Zone, redacted, render, render_in, render_png, render_reading, render_template};
use proptest::prelude::*;
use support::{at, exercise};

const ALL: [Format; 10] = [
    Format::Markdown,
    Format::Html,
    Format::Json,
    Format::Csv,
    Format::CsvRto,
    Format::Svg(Paper::Light),
    Format::Svg(Paper::Dark),
    Format::Svg(Paper::Print),
    Format::Verdict,
    Format::Junit,
];

fn reading(events: Vec<Recorded>) -> Reading {
    Reading { events, damage: None, format: FORMAT }
}

fn running() -> Vec<Recorded> {
    exercise().into_iter().take_while(|recorded| recorded.recorded_at < at("03:45:00")).collect()
}

/// Every text of the journal that a stranger or AWS wrote, replaced by this one.
fn hostile(text: &str) -> Vec<Recorded> {
    let text = text.to_owned();
    let change = |recorded: Recorded| {
        let event = match recorded.event {
            Event::Noted { .. } => Event::Noted { text: text.clone(), mark: None },
            Event::SignalSeen(mut seen) => {
                seen.reason.clone_from(&text);
                Event::SignalSeen(seen)
            }
            Event::MomentFixed { moment, mut fixed } => {
                fixed.evidence.text.clone_from(&text);
                fixed.evidence.reference = Some(text.clone());
                Event::MomentFixed { moment, fixed }
            }
            Event::FailoverDeclared { .. } => {
                let weighed = Weighed {
                    options: vec![Choice { what: text.clone(), means: text.clone() }],
                    objections: Some(vec![text.clone()]),
                    ..Weighed::default()
                };
                Event::FailoverDeclared {
                    reason: text.clone(),
                    seen: vec![text.clone()],
                    weighed: Some(Box::new(weighed)),
                    notices: None,
                }
            }
            Event::StepSkipped { step, .. } => Event::StepSkipped { step, reason: text.clone() },
            Event::IncidentOpened(mut opened) => {
                opened.plan_title.clone_from(&text);
                opened.steps.iter_mut().for_each(|step| step.title.clone_from(&text));
                Event::IncidentOpened(opened)
            }
            other => other,
        };
        Recorded { event, by: Operator::new(text.clone()), ..recorded }
    };
    exercise().into_iter().map(change).collect()
}

/// Reads a document as XML to its end.
fn well_formed(text: &str) {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    loop {
        if reader.read_event().unwrap() == quick_xml::events::Event::Eof {
            break;
        }
    }
}

#[test]
fn the_report_of_an_exercise_in_html() {
    insta::assert_snapshot!(render(&exercise(), Format::Html).unwrap());
}

#[test]
fn the_timeline_of_an_exercise_in_csv() {
    insta::assert_snapshot!(render(&exercise(), Format::Csv).unwrap());
}

#[test]
fn where_the_recovery_time_of_an_exercise_went_in_csv() {
    insta::assert_snapshot!(render(&exercise(), Format::CsvRto).unwrap());
}

#[test]
fn the_verdict_on_an_exercise_in_json_and_junit() {
    insta::assert_snapshot!("verdict", render(&exercise(), Format::Verdict).unwrap());
    insta::assert_snapshot!("junit", render(&exercise(), Format::Junit).unwrap());
}

#[test]
fn the_picture_of_an_exercise_that_ended_and_of_one_that_runs() {
    insta::assert_snapshot!("picture_ended", render(&exercise(), Format::Svg(Paper::Light)).unwrap());
    insta::assert_snapshot!("picture_running", render(&running(), Format::Svg(Paper::Dark)).unwrap());
}

#[test]
fn a_redacted_report_of_an_exercise_in_markdown() {
    insta::assert_snapshot!(render_reading(&redacted(&reading(exercise())), Format::Markdown).unwrap());
}

#[test]
fn a_redacted_report_names_nobody_in_any_format() {
    let names = ["111122223333", "444455556666", "ann", "bob", "bastion-2", "shop-error-rate", "orders-0245", "lifeboat-restore"];
    for format in ALL {
        let text = render_reading(&redacted(&reading(exercise())), format).unwrap();
        for name in names {
            let found = text.split(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c)).any(|word| word == name);
            assert!(!found, "{name} in {format:?}:\n{text}");
        }
        assert_eq!(text, render_reading(&redacted(&reading(exercise())), format).unwrap());
    }
    assert_eq!(redacted(&reading(exercise())).events.iter().filter(|r| matches!(r.event, Event::Unknown { .. })).count(), 0);
}

#[test]
fn every_format_gives_the_same_bytes_each_time_and_can_be_had_of_any_beginning() {
    for format in ALL {
        assert_eq!(render(&exercise(), format).unwrap(), render(&exercise(), format).unwrap());
        for events in 0..exercise().len() {
            render(&exercise()[..events], format).unwrap();
        }
    }
}

#[test]
fn hostile_texts_stay_texts_in_every_format() {
    for text in
        ["<script>alert(1)</script>", "]]><!--", "\"><svg onload=x>", "=cmd|' /C calc'!A0", "\u{0}\u{1b}[31m\u{202e}x\r\n"]
    {
        let events = hostile(text);
        for format in ALL {
            let out = render(&events, format).unwrap();
            match format {
                Format::Svg(_) | Format::Junit => well_formed(&out),
                Format::Html => {
                    assert!(!out.contains("<script") && !out.contains("<svg onload") && !out.contains("<!--"), "{text}")
                }
                Format::Csv | Format::CsvRto => {
                    assert!(!out.contains(",=") && !out.contains(",\"=") && !out.contains("\n="), "{out}");
                }
                _ => {}
            }
            assert!(format == Format::Json || format == Format::Verdict || !out.contains('\u{1b}'), "{format:?}");
        }
    }
}

#[test]
fn html_fetches_nothing_and_runs_nothing() {
    let text = render(&exercise(), Format::Html).unwrap();
    for part in ["<script", "<link", "<img", "@import", "url(http", "javascript:"] {
        assert!(!text.contains(part), "{part}");
    }
    assert!(text.contains("default-src 'none'") && text.contains("prefers-color-scheme: dark"));
}

#[test]
fn the_breakdown_adds_up_to_the_recovery_time() {
    let text = render(&exercise(), Format::CsvRto).unwrap();
    let secs = |level: &str| -> i64 {
        let of = text.lines().filter(|line| line.starts_with(level));
        of.map(|line| line.split(',').nth(4).unwrap().parse::<i64>().unwrap()).sum()
    };
    assert_eq!((secs("duration,"), secs("total,")), (6300, 6300));
}

#[test]
fn a_teams_own_template_gets_what_the_json_has() {
    let reading = reading(hostile("<b>"));
    let template = "{{ incident }} {{ notes[0].text }} {{ recovery_time.achieved_secs | took }}";
    assert_eq!(render_template(&reading, template, true, Zone::UTC).unwrap(), "20260314-shop-4f1d &lt;b&gt; 1 h 45 min\n");
    assert_eq!(render_template(&reading, template, false, Zone::UTC).unwrap(), "20260314-shop-4f1d \\<b\\> 1 h 45 min\n");
    assert!(render_template(&reading, "{{ no_such_thing.x }}", true, Zone::UTC).is_err());
}

#[test]
fn times_are_written_in_a_named_zone_with_their_date() {
    let berlin: Zone = "Europe/Berlin".parse().unwrap();
    let reading = reading(exercise());
    for (format, parts) in [
        (Format::Markdown, ["2026-03-14 04:04:00 CET", "Times are those of Europe/Berlin"]),
        (Format::Html, ["2026-03-14 04:04:00 CET", "Times are those of Europe/Berlin"]),
        (Format::Csv, ["at,recorded_at,", "2026-03-14T04:04:00+01:00"]),
        (Format::CsvRto, ["from,to", "2026-03-14T04:04:00+01:00"]),
        (Format::Svg(Paper::Light), ["2026-03-14 CET", ">05:00<"]),
        (Format::Json, ["\"2026-03-14T03:04:00Z\"", "\"schema\": 2"]),
    ] {
        let text = render_in(&reading, format, berlin).unwrap();
        parts.iter().for_each(|part| assert!(text.contains(part), "{format:?} {part}: {text}"));
    }
}

#[test]
fn what_others_did_is_in_the_picture_marked_as_seen() {
    let mut events = exercise();
    let last = events.last().unwrap().clone();
    let copy: lifeboat::domain::Elsewhere = serde_json::from_value(serde_json::json!({
        "kind": "copy job", "id": "COPY-1", "site": "recovery", "region": "eu-central-1", "status": "COMPLETED",
        "about": "arn:aws:dynamodb:eu-west-1:111122223333:table/carts",
        "began_at": "2026-03-14T03:40:00Z", "ended_at": "2026-03-14T03:55:00Z", "by": null
    }))
    .unwrap();
    let seen = Event::SeenElsewhere(Box::new(copy));
    events.push(Recorded { seq: last.seq + 1, event: seen, ..last });
    let picture = render(&events, Format::Svg(Paper::Light)).unwrap();
    for part in
        ["seen: copy job", "seen, not done here: copy job COPY-1", ">carts, COMPLETED</text>", ">seen, not done here</text>"]
    {
        assert!(picture.contains(part), "{part}: {picture}");
    }
    assert!(!render(&exercise(), Format::Svg(Paper::Light)).unwrap().contains("class=\"seen\""));
}

#[test]
fn the_picture_is_drawn_on_every_paper_the_same_bytes_each_time() {
    let reading = reading(exercise());
    let drawn = [Paper::Light, Paper::Dark, Paper::Print].map(|paper| render_png(&reading, paper, Zone::UTC).unwrap());
    for (index, png) in drawn.iter().enumerate() {
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
        // Width and height in the header: twice the picture's own size.
        let width = u32::from_be_bytes(png[16..20].try_into().unwrap());
        assert_eq!(width, 1960);
        assert!(drawn[..index].iter().all(|other| other != png), "the papers differ");
    }
    assert_eq!(render_png(&reading, Paper::Print, Zone::UTC).unwrap(), drawn[2]);
    // With nothing to draw it is still a picture.
    render_png(&Reading { events: vec![], damage: None, format: FORMAT }, Paper::Light, Zone::UTC).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_text_gives_well_formed_pictures_and_rows_of_equal_length(text in any::<String>()) {
        let events = hostile(&text);
        well_formed(&render(&events, Format::Svg(Paper::Print)).unwrap());
        well_formed(&render(&events, Format::Junit).unwrap());
        let csv = render(&events, Format::Csv).unwrap();
        let (mut quoted, mut cells, mut rows) = (false, 1, Vec::new());
        for c in csv.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => cells += 1,
                '\n' if !quoted => rows.push(std::mem::replace(&mut cells, 1)),
                _ => {}
            }
        }
        prop_assert!(rows.iter().all(|cells| *cells == 9) && rows.len() == events.len() + 1);
    }
}
