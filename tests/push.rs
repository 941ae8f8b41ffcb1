//! The push feed, from an event of the simulated AWS through rule and queue to the screen.

#![expect(clippy::unwrap_used, reason = "a test says by a panic what is wrong")]

mod push_world;

use lifeboat::store::{Freshness, Update};
use push_world::{ACCOUNT, PushWorld, ask};
use serde_json::json;

/// Applies updates until one was pushed with as many events; polls may come in between.
async fn pushed(world: &mut PushWorld, count: usize) {
    loop {
        if let Update::Pushed { answer, .. } = world.next().await {
            let events = answer.unwrap();
            if !events.is_empty() {
                assert_eq!(events.len(), count, "{events:?}");
                return;
            }
        }
    }
}

/// Puts a body into the queue that no rule has sent.
fn send(world: &PushWorld, body: &str) {
    let url = format!("https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/lifeboat-signals");
    ask(&world.address, "sqs", "AmazonSQS.SendMessage", &json!({"QueueUrl": url, "MessageBody": body}));
}

async fn known_as(world: &mut PushWorld, state: &str) {
    while world.known().as_deref() != Some(state) {
        world.next().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_that_turns_is_on_the_screen_without_a_poll_and_a_poll_does_not_turn_it_back() {
    let mut world = PushWorld::start().await;
    known_as(&mut world, "OK").await;
    // What the alarm did before the console came may still be in the queue, and is old news.
    world.turn("ALARM");
    known_as(&mut world, "ALARM").await;
    let screen = world.painted();
    assert!(screen.contains("▲ ALARM") && screen.contains("orders"), "{screen}");
    world.turn("OK");
    known_as(&mut world, "OK").await;
    assert!(world.state.feeds.values().all(|feed| matches!(feed.freshness(chrono::Utc::now()), Freshness::Fresh(_))));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_come_twice_late_or_broken_change_nothing() {
    let mut world = PushWorld::start().await;
    known_as(&mut world, "OK").await;
    let event = |id: &str, at: &str, state: &str| {
        format!(
            r#"{{"id":"{id}","source":"aws.cloudwatch","detail-type":"CloudWatch Alarm State Change","account":"123456789012",
            "region":"eu-west-1","time":"{at}","detail":{{"alarmName":"orders","state":{{"value":"{state}","timestamp":"{at}"}}}}}}"#
        )
    };
    send(&world, "not an event");
    send(&world, &event("late", "2020-01-01T00:00:00.000+0000", "INSUFFICIENT_DATA"));
    send(&world, &event("new", "2090-01-01T00:00:01.000+0000", "ALARM"));
    send(&world, &event("new", "2090-01-01T00:00:01.000+0000", "ALARM"));
    known_as(&mut world, "ALARM").await;
    // A poll still tells what was before the event; the event is later, and holds.
    loop {
        if matches!(world.next().await, Update::AlarmRows { site, changes, .. } if site.as_str() == "primary" && changes.end.is_some())
        {
            break;
        }
    }
    assert_eq!(world.known().as_deref(), Some("ALARM"));
    send(&world, &event("newest", "2090-01-01T00:00:02.000+0000", "OK"));
    pushed(&mut world, 1).await;
    assert_eq!(world.known().as_deref(), Some("OK"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_new_is_heard_behind_very_many_messages_that_are_not() {
    let mut world = PushWorld::start().await;
    known_as(&mut world, "OK").await;
    // More than a question brings, and more than one hides: they come again and again until the queue drops them.
    for number in 0..80 {
        let old = format!(
            r#"{{"id":"old-{number}","source":"aws.cloudwatch","detail-type":"CloudWatch Alarm State Change","account":"123456789012",
            "region":"eu-west-1","time":"2020-01-01T00:00:00Z","detail":{{"alarmName":"orders","state":{{"value":"OK"}}}}}}"#
        );
        send(&world, &old);
    }
    let mut heard = 0;
    while heard < 80 {
        if let Update::Pushed { answer: Ok(events), .. } = world.next().await {
            heard += events.len();
        }
    }
    let mut by_push = 0;
    for state in ["ALARM", "OK", "ALARM", "OK", "ALARM"] {
        world.turn(state);
        loop {
            let update = world.next().await;
            if world.known().as_deref() == Some(state) {
                by_push += usize::from(matches!(update, Update::Pushed { .. }));
                break;
            }
        }
    }
    // A poll, which comes every fifteen seconds, may be first once; behind old messages it would always be.
    assert!(by_push >= 3, "{by_push} of 5 were heard by the push feed");
    world.end().await;
}

/// What moves, turns, hides or rings on a terminal, and what is wide.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\r\u{8}\u{202e}evil\u{200f} 日本語 ﷽ e\u{301} \u{9b}31m";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_texts_come_over_the_wire_to_the_screen_and_do_nothing_there() {
    let mut world = PushWorld::start().await;
    known_as(&mut world, "OK").await;
    let alarm = json!({"AlarmName": "hostile-日本語", "AlarmDescription": HOSTILE, "MetricName": "Errors", "Namespace": "Shop",
        "Statistic": "Sum", "Period": 86400, "EvaluationPeriods": 1, "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold"});
    ask(&world.address, "monitoring", "GraniteServiceVersion20100801.PutMetricAlarm", &alarm);
    let reason = format!("{HOSTILE}{}", "x".repeat(900));
    let turned = json!({"AlarmName": "hostile-日本語", "StateValue": "ALARM", "StateReason": reason});
    ask(&world.address, "monitoring", "GraniteServiceVersion20100801.SetAlarmState", &turned);
    // A description of some hundred kilobytes, with members that nobody knows, and others missing.
    let event = json!({"id": "h", "source": "aws.health", "detail-type": "AWS Health Event", "account": ACCOUNT, "region": "eu-west-1",
        "time": "2090-01-01T00:00:00Z", "detail": {"eventArn": "arn:aws:health:eu-west-1::event/S3/odd", "service": HOSTILE,
        "eventTypeCode": "AWS_ODD", "eventTypeCategory": "investigation", "statusCode": "bewildered", "unheardOf": [1, {}],
        "eventDescription": [{"language": "en_US", "latestDescription": HOSTILE.repeat(1_500)}]}});
    send(&world, &event.to_string());
    let here = |world: &PushWorld| {
        let alarms = world.state.alarms.values().filter_map(|source| source.data.as_ref()?.get("hostile-日本語"));
        let told = alarms.into_iter().any(|alarm| alarm.state.to_string() == "ALARM");
        told && world.state.health.data.iter().flatten().any(|event| event.type_code == "AWS_ODD")
    };
    while !here(&world) {
        world.next().await;
    }
    let screen = world.painted();
    assert!(screen.contains("hostile-日") && screen.contains("evil"), "{screen}");
    let moves = |c: char| {
        (c.is_control() && c != '\n') || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!screen.chars().any(moves), "{screen:?}");
    world.end().await;
}
