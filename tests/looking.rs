//! How the screen can be looked at: frozen, masked, divided, jumped through, copied, linked and clicked; and that none of it decides.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of the test functions themselves")]

#[expect(dead_code, reason = "the tests of the screens use the rest of it")]
mod screens_world;

use crossterm::event::{Event as TerminalEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use lifeboat::domain::*;
use lifeboat::journal::Event;
use lifeboat::ui::{App, Keymap, Pane, Request, Symbols, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use screens_world::bench::*;
use screens_world::*;

fn live() -> Bench {
    Bench::new(detected(Mode::Live), at(11, 20))
}

/// What these keys put on the clipboard.
fn copied(bench: &mut Bench, keys: &str) -> String {
    match bench.keys(keys).as_slice() {
        [Request::Copy(text)] => text.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_frozen_view_stands_still_while_data_goes_on_arriving_and_nothing_is_decided_on_it() {
    let mut bench = live();
    bench.keys("6 F");
    let before = bench.shown(120, 40);
    assert!(before.contains("‖ FROZEN at 03:11:20, 0s ago"), "{before}");
    Journal { state: &mut bench.state }.record(at(12, 0), Event::Noted { text: "a new one".into(), mark: None });
    bench.now = at(13, 20);
    let after = bench.shown(120, 40);
    assert!(after.contains("FROZEN at 03:11:20, 2m 00s ago, 1 new event since"), "{after}");
    assert!(!after.contains("a new one"));
    assert!(after.contains("03:13:20 UTC"), "the clocks of the header go on");
    assert_eq!(bench.keys("D"), []);
    assert!(!bench.app.has_overlay(), "nothing is decided on what was");
    assert!(bench.shown(120, 40).contains("The view is frozen: F lets it go on, then decide."));
    bench.keys("F");
    let live = bench.shown(120, 40);
    assert!(!live.contains("FROZEN") && live.contains("a new one"), "{live}");
    bench.keys("D");
    assert!(bench.app.has_overlay());
}

#[test]
fn one_key_masks_accounts_people_and_ids_everywhere_and_nothing_moves() {
    for (width, height) in [(60, 20), (120, 40), (200, 50)] {
        for keys in ["1", "1 enter", "3", "5", "5 enter", "6", "5 e"] {
            let mut bench = Bench::new(detected(Mode::Live), at(11, 20));
            bench.keys(keys);
            let open = bench.shown(width, height);
            let mut masked = Bench::new(detected(Mode::Live), at(11, 20));
            masked.keys(&format!("m {keys}"));
            let shown = masked.shown(width, height);
            for secret in ["111122223333", "444455556666", "lifeboat-operator/", "lifeboat-opera…", "vol-0c4a7a1090f3e5d21"] {
                assert!(!shown.contains(secret), "{secret} at {width}×{height} after {keys}:\n{shown}");
            }
            assert!(open.contains("111122223333") && shown.contains("••••••••••••"), "{shown}");
            assert_eq!(open.lines().count(), shown.lines().count());
            assert!(shown.contains("eu-central-1") && shown.contains("masked"), "{shown}");
        }
    }
}

#[test]
fn going_back_goes_where_the_cursor_was() {
    let mut bench = live();
    bench.keys("1 j j");
    let row = bench.shown(80, 24);
    bench.keys("3 b");
    assert_eq!(bench.app.focus(), Pane::Alarms);
    assert_eq!(bench.shown(80, 24), row);
    bench.keys("b");
    assert_eq!(bench.app.focus(), Pane::Wizard);
    bench.keys("B B");
    assert_eq!(bench.app.focus(), Pane::RecoveryPoints);
    bench.keys("B");
    assert!(bench.shown(80, 24).contains("There is no place after this one."));
}

#[test]
fn borders_are_moved_by_keys_and_even_again() {
    let mut bench = live();
    let before = bench.shown(200, 50);
    bench.keys("> > >");
    let wider = bench.shown(200, 50);
    assert_ne!(before, wider);
    bench.keys("=");
    assert_eq!(before, bench.shown(200, 50));
}

#[test]
fn everything_of_a_row_can_be_copied_in_every_form() {
    let mut bench = live();
    bench.keys("1 g e");
    insta::assert_snapshot!("copies_120x40", bench.shown(120, 40));
    let nth = |bench: &mut Bench, down: usize| copied(bench, &format!("{} enter", "j ".repeat(down)));
    assert_eq!(nth(&mut bench, 0), "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-unavailable");
    bench.keys("e");
    let json: serde_json::Value = serde_json::from_str(&nth(&mut bench, 2)).unwrap();
    assert_eq!((json["state"].as_str(), json["site"].as_str()), (Some("ALARM"), Some("primary")));
    assert_eq!(json["arn"], "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-unavailable");
    bench.keys("e");
    let command = nth(&mut bench, 3);
    assert!(command.starts_with("aws cloudwatch describe-alarms --region eu-west-1 --alarm-names shop-unavailable"), "{command}");
    bench.keys("e");
    assert!(nth(&mut bench, 4).starts_with("https://eu-west-1.console.aws.amazon.com/cloudwatch/"));
    bench.keys("5 e");
    assert!(nth(&mut bench, 0).starts_with("aws ssm create-ops-item") || bench.shown(120, 40).contains("copied:"));
    bench.keys("4 e");
    assert!(nth(&mut bench, 0).contains("detect "));
}

#[test]
fn what_is_too_long_for_a_clipboard_is_not_copied_and_says_so() {
    let mut bench = live();
    Journal { state: &mut bench.state }.record(at(11, 0), Event::Noted { text: "x".repeat(90_000), mark: None });
    assert_eq!(bench.keys("6 G y"), []);
    assert!(bench.shown(120, 40).contains("not copied: 87.9 KiB is more than terminals take"), "{}", bench.shown(120, 40));
}

#[test]
fn a_link_is_on_the_cells_that_show_it_and_not_on_a_masked_screen() {
    let mut bench = live();
    bench.keys("1 g L");
    for (width, height) in [(80, 24), (200, 50)] {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        bench.app.draw(&bench.state, bench.now, area, &mut buf);
        let (url, places) = bench.app.link_drawn(area, &buf).unwrap();
        let on_screen: String = places.iter().flat_map(|place| place.positions()).map(|at| buf[at].symbol().to_owned()).collect();
        assert_eq!(on_screen, url);
    }
    let url = copied(&mut bench, "y");
    assert!(url.starts_with("https://eu-west-1.console.aws.amazon.com/"));
    bench.keys("m L");
    let area = Rect::new(0, 0, 120, 40);
    let mut buf = Buffer::empty(area);
    bench.app.draw(&bench.state, bench.now, area, &mut buf);
    assert_eq!(bench.app.link_drawn(area, &buf), None);
}

fn click(bench: &mut Bench, kind: MouseEventKind, column: u16, row: u16) -> Vec<Request> {
    let event = TerminalEvent::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    bench.app.on_event(&event, &bench.state, bench.now, bench.real)
}

#[test]
fn the_mouse_is_off_until_it_is_asked_for_and_then_chooses_and_never_answers() {
    let mut bench = live();
    bench.shown(120, 40);
    let left = MouseEventKind::Down(MouseButton::Left);
    click(&mut bench, left, 10, 8);
    assert_eq!(bench.app.focus(), Pane::Wizard, "off");
    assert_eq!(bench.keys("ctrl-t"), [Request::Mouse(true)]);
    let shown = bench.shown(120, 40);
    let line = shown.lines().position(|line| line.contains("└ shop-latency")).unwrap();
    click(&mut bench, left, 10, u16::try_from(line).unwrap());
    assert_eq!(bench.app.focus(), Pane::Alarms);
    let arn = copied(&mut bench, "y");
    assert!(arn.contains("shop-latency"), "{arn}");
    click(&mut bench, MouseEventKind::ScrollDown, 10, u16::try_from(line).unwrap());
    assert_ne!(bench.keys("y"), [Request::Copy(arn)]);
    let steps = bench.shown(120, 40);
    let line = steps.lines().position(|line| line.contains("ready") && line.contains("media")).unwrap();
    click(&mut bench, left, 64, u16::try_from(line).unwrap());
    assert!(bench.shown(120, 40).contains("▸ ○ ready    media"));
    bench.keys("D");
    for y in 0..40 {
        assert_eq!(click(&mut bench, left, 40, y), []);
        assert_eq!(click(&mut bench, MouseEventKind::ScrollDown, 40, y), []);
    }
    assert!(bench.app.has_overlay());
    assert_eq!(bench.keys("esc ctrl-t"), [Request::Mouse(false)]);
}

#[test]
fn the_palette_finds_every_action_pane_step_resource_alarm_and_event() {
    for (typed, wanted) in [
        ("pane time", Pane::Timeline),
        ("resource orders-db", Pane::RecoveryPoints),
        ("alarm latency", Pane::Alarms),
        ("step media", Pane::Wizard),
    ] {
        let mut bench = live();
        bench.keys("6 :");
        bench.text(typed);
        bench.keys("enter");
        assert_eq!(bench.app.focus(), wanted, "{typed}");
        assert!(!bench.app.has_overlay());
    }
    let mut bench = live();
    bench.keys("3 :");
    bench.text("pause-clock");
    assert!(bench.shown(120, 40).contains("(not now)"));
    bench.keys("enter");
    assert!(bench.shown(120, 40).contains("There is no exercise"));
    bench.keys(":");
    bench.text("alarm latency");
    bench.keys("enter");
    let arn = copied(&mut bench, "y");
    assert!(arn.contains("latency"), "{arn}");
}

#[test]
fn every_screen_can_be_shown_in_ascii_and_says_the_same_words() {
    for (width, height) in [(60, 20), (80, 24), (200, 50)] {
        for keys in ["1", "1 enter", "3", "4", "5", "5 c", "?", ":"] {
            let bench = |symbols| {
                let mut bench = Bench::new(restoring(Mode::Exercise), at(31, 40));
                bench.app = App::new(Theme::builtin("mono").unwrap(), Keymap::default()).on_terminal(symbols, false);
                bench.keys(keys);
                bench.shown(width, height)
            };
            let (braille, blocks, ascii) = (bench(Symbols::Braille), bench(Symbols::Blocks), bench(Symbols::Ascii));
            assert!(ascii.is_ascii(), "{keys}: {:?}", ascii.chars().find(|c| !c.is_ascii()));
            assert!(!blocks.chars().any(|c| ('\u{2800}'..='\u{28ff}').contains(&c)));
            let words = |text: &str| text.split(|c: char| !c.is_ascii_alphabetic()).map(str::to_owned).collect::<Vec<_>>();
            let letters = |text: &str| words(text).into_iter().filter(|word| word.len() > 2).collect::<Vec<_>>();
            assert_eq!(letters(&braille), letters(&ascii), "{keys} at {width}×{height}");
            assert!(ascii.contains("EXERCISE"), "{ascii}");
        }
    }
}

#[test]
fn a_filter_takes_regular_expressions_and_says_when_one_is_none() {
    let mut bench = live();
    bench.keys("1 /");
    bench.text("/shop-(error|latency)/");
    bench.keys("enter");
    let shown = bench.shown(120, 40);
    assert!(shown.contains("hidden by filter") && shown.contains("shop-latency") && !shown.contains("canary"), "{shown}");
    bench.keys("esc /");
    bench.text("/shop-(/");
    assert!(bench.shown(160, 40).contains("/shop-(/ is no regular expression"), "{}", bench.shown(160, 40));
}
