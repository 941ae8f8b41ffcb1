//! Lines in, answers out: what is a yes and what is not.

use super::question::{About, Answer, Question};
use super::{VERBS, printable, verbs::parse};
use crate::domain::{Operator, Preparation, Region, SiteName, StepId, Strength};
use crate::engine::Intent;
use crate::ui::Request;

fn about(strength: Strength) -> Question {
    let preparation = Preparation {
        step: StepId::new("move"),
        attempt: 1,
        site: SiteName::recovery(),
        region: Region::new("eu-central-1"),
        identity: None,
        summary: "Moves.".into(),
        call: None,
        changes: vec![],
        findings: vec![],
        strength,
        undo: None,
        valid_until: chrono::DateTime::<chrono::Utc>::MAX_UTC,
        elsewhere: vec![],
    };
    Question::About(Box::new(About { preparation, seq: 1, stop: None, second: None }))
}

fn orders(answer: Answer) -> Vec<Request> {
    match answer {
        Answer::Yes(requests) => requests,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_the_word_that_was_shown_is_a_yes() {
    let ana = Operator::new("Ana");
    for line in ["y", "Yes", "", "ok", "yes please", "confirm move"] {
        assert!(matches!(about(Strength::Key).answer(line, &ana), Answer::No(_)), "{line}");
    }
    assert_eq!(orders(about(Strength::Key).answer(" yes", &ana)).len(), 1);
    let name = || Strength::Type { name: "eu-central-1".into() };
    for line in ["yes", "eu-central", "EU-CENTRAL-1", ""] {
        assert!(matches!(about(name()).answer(line, &ana), Answer::No(_)), "{line}");
    }
    let given = orders(about(name()).answer("eu-central-1", &ana));
    assert!(matches!(&given[..], [Request::Order(Intent::ConfirmStep { typed: Some(typed), .. })] if typed == "eu-central-1"));
}

#[test]
fn a_second_person_is_somebody_else_and_then_a_yes() {
    let ana = Operator::new("Ana");
    for line in ["", "ana", " ANA "] {
        assert!(matches!(about(Strength::SecondPerson).answer(line, &ana), Answer::No(_)), "{line}");
    }
    let next = || match about(Strength::SecondPerson).answer("Ben", &ana) {
        Answer::Next(question) => question,
        other => panic!("{other:?}"),
    };
    assert!(matches!(next().answer("Ben", &ana), Answer::No(_)));
    let given = orders(next().answer("yes", &ana));
    assert!(matches!(&given[..], [Request::Order(Intent::ConfirmStep { second: Some(second), .. })] if second.as_str() == "Ben"));
}

#[test]
fn a_line_is_taken_as_its_command_wants_it_or_the_fault_is_named() {
    assert_eq!(parse("  skip warm-caches  not needed now "), Ok(("skip", vec!["warm-caches".into(), "not needed now".into()])));
    assert_eq!(parse("done point-shop"), Ok(("done", vec!["point-shop".into(), String::new()])));
    assert_eq!(parse("STATUS"), Ok(("status", vec![])));
    assert_eq!(parse("correct impact 03:02 the log says so").unwrap().1[2], "the log says so");
    for (line, why) in [
        ("skip warm-caches", "something is missing: skip STEP REASON…"),
        ("status now", "that is too much: status"),
        ("confrim x", "there is no command confrim; do you mean confirm?"),
        ("yes", "nothing was asked, so this yes means nothing."),
    ] {
        assert_eq!(parse(line), Err(why.to_owned()));
    }
    for verb in VERBS {
        assert!(verb.about.ends_with('.'), "{}", verb.name);
    }
}

#[test]
fn nothing_that_is_printed_can_move_a_cursor() {
    let lines = printable(["  reason: a\u{1b}[2Jb\u{7}\nsecond\u{9b}31m".to_owned()]);
    assert!(lines.iter().all(|line| !line.chars().any(char::is_control)), "{lines:?}");
    assert_eq!(lines.len(), 2);
    assert!(lines[1].starts_with("    second"), "{lines:?}");
}
