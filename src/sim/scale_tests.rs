//! Large estates: lists that are whole page by page, and alarms that sleep without missing anything.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::call::{Call, Caller, Services};
use super::estate::key;
use super::scenario::{Scale, Scenario};
use super::world::World;

fn world(points: u32, alarms: u32, records: u32) -> World {
    let starts_at = "2026-03-14T03:00:00Z".parse().unwrap();
    World::new(Arc::new(Scenario::scaled(starts_at, Scale { points, alarms }, records)), 7)
}

fn get(world: &mut World, service: &'static str, operation: &str, input: Value) -> Value {
    let caller = Caller { account: "123456789012".into(), region: "us-east-1".into(), arn: "a".into(), user_id: "u".into() };
    let at = world.now();
    world.answer(Call { caller, service, operation: operation.into(), input, at }).unwrap()
}

/// Every row's `id` of a list that pages by a token.
fn all(world: &mut World, (service, operation): (&'static str, &str), input: &Value, (rows, id): (&str, &str)) -> Vec<String> {
    let (mut input, mut found) = (input.clone(), Vec::new());
    loop {
        let page = get(world, service, operation, input.clone());
        let told = page[rows].as_array().unwrap();
        found.extend(told.iter().map(|row| row[id].as_str().unwrap().to_owned()));
        let Some(token) = page.get("NextToken") else { return found };
        input["NextToken"] = token.clone();
    }
}

#[test]
fn every_list_is_whole_page_by_page_whatever_it_is_filtered_by() {
    let mut world = world(1800, 1200, 0);
    let points = |world: &mut World, more: Value| {
        let mut input = json!({"BackupVaultName": "scale", "MaxResults": 17});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all(world, ("backup", "ListRecoveryPointsByBackupVault"), &input, ("RecoveryPoints", "RecoveryPointArn"))
    };
    let every = points(&mut world, json!({}));
    assert_eq!((every.len(), every.iter().collect::<BTreeSet<_>>().len()), (1800, 1800));
    // Four resources of 500 points: one of each of the first four kinds; the last has what is left.
    assert_eq!(points(&mut world, json!({"ByResourceType": "EFS"})).len(), 300);
    assert_eq!(
        points(&mut world, json!({"ByResourceArn": "arn:aws:dynamodb:us-east-1:123456789012:table/scale-000000"})).len(),
        500
    );
    let young = points(&mut world, json!({"ByCreatedAfter": "2026-03-14T00:30:00.000Z"}));
    assert_eq!(young, every[..young.len()], "the newest, in the same order");
    let old = points(&mut world, json!({"ByCreatedBefore": "2026-03-14T00:30:00.001Z"}));
    assert_eq!([young, old].concat(), every);
    let alarms = |world: &mut World, more: Value| {
        let mut input = json!({"MaxRecords": 17});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all(world, ("monitoring", "DescribeAlarms"), &input, ("MetricAlarms", "AlarmName"))
    };
    let every = alarms(&mut world, json!({}));
    assert_eq!((every.len(), every.iter().collect::<BTreeSet<_>>().len()), (1199, 1199), "and one composite alarm");
    let by_state = ["OK", "ALARM", "INSUFFICIENT_DATA"].map(|state| alarms(&mut world, json!({"StateValue": state})));
    assert_eq!(by_state.iter().map(Vec::len).collect::<Vec<_>>(), [1182, 12, 5]);
    assert_eq!(by_state.concat().into_iter().collect::<BTreeSet<_>>(), every.iter().cloned().collect());
    assert_eq!(alarms(&mut world, json!({"AlarmNamePrefix": "service-0001-"})).len(), 200);
    assert_eq!(alarms(&mut world, json!({"AlarmNames": [every[5], every[900], "none"]})), [every[5].clone(), every[900].clone()]);
}

#[test]
fn a_zone_of_many_records_is_listed_from_any_of_them() {
    let mut world = world(0, 0, 2000);
    let input = json!({"HostedZoneId": "Z0SCALE0000000", "StartRecordName": "host-001990.scale.example.com."});
    let page = get(&mut world, "route53", "ListResourceRecordSets", input);
    assert_eq!(page["ResourceRecordSets"].as_array().unwrap().len(), 10);
}

#[test]
fn alarms_that_sleep_are_in_the_state_in_which_alarms_are_that_nobody_lets_sleep() {
    let (mut sleeping, mut woken) = (world(0, 400, 0), world(0, 400, 0));
    let site = key("123456789012", "us-east-1");
    let dimensions = |number: u32| json!([{"Name": "InstanceId", "Value": format!("i-0{number:016x}")}]);
    let metrics: Vec<_> = sleeping.estate.sites[&site].cloudwatch.metrics.keys().cloned().collect();
    for minute in 0..90 {
        for world in [&mut sleeping, &mut woken] {
            // Somebody puts data onto a quiet metric, and later onto one that never had any.
            if [20, 21, 22, 50].contains(&minute) {
                let number = if minute < 50 { 3 } else { 126 };
                let datum = json!({"MetricName": "CPUUtilization", "Value": 9999.0, "Dimensions": dimensions(number)});
                get(world, "monitoring", "PutMetricData", json!({"Namespace": "AWS/EC2", "MetricData": [datum]}));
            }
            if minute == 40 {
                let input = json!({"AlarmName": "service-0000-cpu-007", "StateValue": "ALARM", "StateReason": "by hand"});
                get(world, "monitoring", "SetAlarmState", input);
            }
        }
        let alarms = &mut woken.estate.sites.get_mut(&site).unwrap().cloudwatch.alarms;
        metrics.iter().for_each(|metric| alarms.wake(metric));
        for world in [&mut sleeping, &mut woken] {
            let next = world.now() + TimeDelta::minutes(1);
            world.advance_to(next);
        }
    }
    let input = json!({"MaxRecords": 100, "ScanBy": "TimestampAscending"});
    let history = ("monitoring", "DescribeAlarmHistory");
    let told = |world: &mut World| get(world, history.0, history.1, input.clone());
    assert_eq!(told(&mut sleeping), told(&mut woken));
    let moved = all(&mut sleeping, history, &input, ("AlarmHistoryItems", "AlarmName"));
    for name in ["service-0000-cpu-003", "service-0000-cpu-007", "service-0000-cpu-126"] {
        assert_eq!(moved.iter().filter(|moved| *moved == name).count(), 2, "{name} goes and comes back");
    }
    let cloudwatch = &sleeping.estate.sites[&site].cloudwatch;
    assert_eq!(cloudwatch.alarms.awake().count(), 0, "nobody is looked at any more");
}
