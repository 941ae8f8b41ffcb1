//! Compact rows hold what they were made from, and lists of them follow plain models.

use super::*;
use crate::domain::{Alarm, RecoveryPoint};
use proptest::prelude::*;
use serde_json::json;

fn alarm(name: &str, state: &str) -> Alarm {
    serde_json::from_value(json!({
        "site": "primary", "name": name, "arn": format!("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}"),
        "kind": "metric", "state": state, "evaluation": "PARTIAL_DATA", "transitioned_at": "2026-03-14T03:04:20.123Z",
        "updated_at": null, "reason": "why", "reason_data": "{}", "rule": null, "suppressed_by": "deploying",
        "metric": {"namespace": "Shop", "name": "ErrorRate", "dimensions": [["Service", "web"], ["Zone", ""]], "statistic": "Average",
        "period_secs": 60, "evaluation_periods": 3, "datapoints_to_alarm": 2, "threshold": 5.0, "comparison": "GreaterThanThreshold"}
    }))
    .unwrap()
}

fn point(resource: &str, id: &str) -> RecoveryPoint {
    serde_json::from_value(json!({
        "site": "recovery", "arn": format!("arn:aws:backup:eu-central-1:444455556666:recovery-point:{id}"), "vault": "shop",
        "resource_arn": resource, "resource_type": "DynamoDB", "status": "COMPLETED", "status_message": null,
        "data_at": "2026-03-14T02:30:00Z", "completed_at": null, "size_bytes": 7, "key_arn": "arn:key", "storage_class": "WARM",
        "expires_at": null, "last_restored_at": null, "vault_type": null, "scan": null
    }))
    .unwrap()
}

#[test]
fn what_is_held_small_is_what_it_was() {
    let mut strange = alarm("a", "BEWILDERED");
    (strange.arn, strange.evaluation, strange.metric) = ("not the usual one".into(), None, None);
    // The data behind a reason is kept of alarms in ALARM only.
    let quiet = Alarm { reason_data: None, ..alarm("quiet", "OK") };
    for one in [alarm("loud", "ALARM"), quiet, strange.clone(), Alarm { name: String::new(), ..strange }] {
        let one = Alarm { reason_data: one.reason_data.filter(|_| one.state == crate::domain::AlarmState::Alarm), ..one };
        let rows = Rows::from(vec![one.clone()]);
        assert_eq!(rows.get(&one.name), Some(one));
    }
    let one = point("arn:aws:dynamodb:eu-west-1:111122223333:table/orders", "1");
    let rows = Rows::from(vec![one.clone(), RecoveryPoint { arn: "odd".into(), size_bytes: None, ..one.clone() }]);
    assert_eq!(rows.get(&one.arn), Some(one.clone()));
    assert_eq!(rows.get("odd").unwrap().size_bytes, None);
    assert_eq!(rows.group(&one.resource_arn).len(), 2);
}

#[test]
fn a_mark_that_stands_between_texts_does_not_shift_them() {
    let one = alarm("a\u{1f}b", "ALARM");
    let mut rows = Rows::from(vec![one.clone()]);
    rows.put(one);
    assert_eq!(rows.len(), 1);
    let held = rows.get("a\u{1f}b").unwrap();
    assert_eq!((held.name.as_str(), held.reason.as_str()), ("a\u{fffd}b", "why"));
}

#[test]
fn the_log_tells_what_changed_and_the_same_again_is_no_change() {
    let mut rows = Rows::from(vec![alarm("a", "OK"), alarm("b", "OK")]);
    let before = rows.version();
    rows.put(alarm("a", "OK"));
    assert_eq!(rows.version(), before);
    rows.put(alarm("b", "ALARM"));
    let b = rows.id("b").unwrap();
    assert!(rows.changed_since(before).unwrap().all(|id| id == b));
    assert_eq!((rows.count(Standing::Bad), rows.standing_out().next().unwrap().name), (1, "b".to_owned()));
    assert!(Rows::from(vec![alarm("a", "OK")]).changed_since(before).is_none(), "other rows have another log");
}

#[test]
fn a_copy_is_not_touched_by_what_comes_after() {
    let mut rows = Rows::from(vec![alarm("a", "OK")]);
    let copy = rows.clone();
    rows.put(alarm("a", "ALARM"));
    rows.remove(key_hash(["a"]));
    assert_eq!((copy.len(), copy.get("a").unwrap().state.to_string()), (1, "OK".to_owned()));
}

proptest! {
    #[test]
    fn rows_come_and_go_as_in_a_map(moves in prop::collection::vec((0_u8..40, 0_u8..4, 0_u8..3), 0..300)) {
        let mut rows: Rows<RecoveryPoint> = Rows::default();
        let mut plain = std::collections::BTreeMap::new();
        for (id, group, act) in moves {
            let one = point(&format!("resource-{group}"), &id.to_string());
            if act == 0 {
                rows.remove(key_hash([one.arn.as_str()]));
                plain.remove(&one.arn);
            } else {
                rows.put(one.clone());
                plain.insert(one.arn.clone(), one);
            }
        }
        let mut held: Vec<RecoveryPoint> = rows.iter().collect();
        held.sort_by(|a, b| a.arn.cmp(&b.arn));
        prop_assert_eq!(&held, &plain.values().cloned().collect::<Vec<_>>());
        prop_assert_eq!(rows.len(), plain.len());
        for group in 0..4 {
            let name = format!("resource-{group}");
            prop_assert_eq!(rows.group(&name).len(), plain.values().filter(|point| point.resource_arn == name).count());
        }
    }
}
