//! The `[[inject]]` tables of a scenario: when something happens, and what.

use std::sync::Arc;

use chrono::TimeDelta;

use super::parse::{Names, known};
use super::parse_calls;
use super::reader::Table;
use crate::sim::inject::{Act, Change, Condition, Fault, FaultKind, Inject, Preset, Question, When};

/// What players do, by the key that waits for it.
const ACTS: &[(&str, Act)] =
    &[("detected", Act::Detected), ("waited", Act::Waited), ("declared", Act::Declared), ("closed", Act::Closed)];
/// What players do with the step that the key names.
const STEP_ACTS: &[(&str, Act)] =
    &[("started", Act::Started), ("ended", Act::Ended), ("failed", Act::Failed), ("skipped", Act::Skipped)];

fn known_resource(table: &Table<'_>, names: &Names) -> Option<String> {
    known(table, "resource", "resource with recovery points", &names.backed_up)
}

/// One inject.
pub fn inject(table: &Table<'_>, names: &Names) -> Option<Inject> {
    let (title, when, changes) = (table.required("title"), when(table, names), changes(table, names));
    let unless = table.table("unless").and_then(|table| condition(&table, names));
    Some(Inject { title: title?, when: when?, unless, changes })
}

/// What an inject changes, in the order in which it is done.
pub fn changes(table: &Table<'_>, names: &Names) -> Vec<Change> {
    let mut changes = Vec::new();
    changes.extend(table.tables("metric").iter().filter_map(|metric_table| metric(metric_table, names)));
    changes.extend(table.tables("shop").iter().filter_map(|shop| {
        let (site, down) = (known(shop, "site", "site", &names.sites), shop.boolean("down"));
        let wait = shop.duration("wait").unwrap_or_default();
        Some(Change::Shop(site?, down.unwrap_or(true), wait))
    }));
    changes.extend(table.tables("health").iter().map(|event| Change::Health(event.members(&["arn"]))));
    changes.extend(table.texts("calm").into_iter().map(Change::Calm));
    changes.extend(table.tables("fault").iter().filter_map(fault));
    changes.extend(table.tables("health_check").iter().filter_map(|check| {
        let (id, well) = (check.required("id"), check.boolean("well"));
        Some(Change::HealthCheck(id?, well.unwrap_or(false)))
    }));
    changes.extend(table.tables("fail_restore").iter().filter_map(|restore| {
        let (of, message) = (restore.text("of").unwrap_or_else(|| "*".to_owned()), restore.required("message"));
        Some(Change::FailRestore(of, message?))
    }));
    changes.extend(table.tables("fail_resource").iter().filter_map(|resource| {
        let (of, message) = (resource.required("of"), resource.required("message"));
        Some(Change::FailResource(of?, message?))
    }));
    changes.extend(table.tables("point").iter().filter_map(|point| {
        let (arn, status) = (point.required("arn"), point.one_of("status"));
        Some(Change::PointStatus(arn?, status?.to_owned()))
    }));
    changes.extend(table.tables("gone").iter().filter_map(|gone| {
        let (site, resource) = (known(gone, "site", "site", &names.sites), known_resource(gone, names));
        let newest = gone.count("newest").unwrap_or(1);
        Some(Change::PointsGone(site?, resource?, newest))
    }));
    changes.extend(table.tables("come").iter().filter_map(|come| {
        let (site, resource) = (known(come, "site", "site", &names.sites), known_resource(come, names));
        if !come.has("of") {
            come.fault("of", "`of` is missing: the moment that the data is of", None);
        }
        Some(Change::PointCome(site?, resource?, come.time("of")?))
    }));
    changes.extend(table.tables("scanned").iter().filter_map(|scanned| {
        let (site, resource) = (known(scanned, "site", "site", &names.sites), known_resource(scanned, names));
        let (newest, found) = (scanned.count("newest").unwrap_or(1), scanned.boolean("malware").unwrap_or(false));
        Some(Change::Scanned(site?, resource?, newest, found))
    }));
    changes.extend(table.tables("call").iter().filter_map(|call| parse_calls::made(call, names).map(Change::Call)));
    changes.extend(table.tables("ask").iter().filter_map(|ask| {
        let (text, good) = (ask.required("text"), ask.text("good").unwrap_or_default());
        Some(Change::Ask(Question { text: text?, good }))
    }));
    changes
}

fn when(table: &Table<'_>, names: &Names) -> Option<When> {
    let at = table.duration("at");
    let condition = table.table("when").map(|when| condition(&when, names));
    let by_hand = table.boolean("by_hand") == Some(true);
    let delay = table.duration("after").unwrap_or_default();
    match (table.has("at"), condition, by_hand) {
        (true, None, false) => at.map(When::At),
        (false, Some(condition), false) => condition.map(|condition| When::After(condition, delay)),
        (false, None, true) => Some(When::ByHand),
        _ => {
            table.fault("title", "an inject needs exactly one of `at`, `when` and `by_hand = true`", None);
            None
        }
    }
}

fn condition(table: &Table<'_>, names: &Names) -> Option<Condition> {
    let mut all = Vec::new();
    for (key, act) in ACTS {
        if table.boolean(key) == Some(true) {
            all.push(Some(Condition::Told(*act, None)));
        }
    }
    for (key, act) in STEP_ACTS {
        if let Some(step) = table.text(key) {
            all.push(Some(Condition::Told(*act, Some(step))));
        }
    }
    if table.has("restored") {
        let resource = known(table, "restored", "resource with recovery points", &names.backed_up);
        all.push(resource.map(|resource| Condition::Restored(Arc::from(resource))));
    }
    if table.has("served_by") {
        all.push(known(table, "served_by", "site", &names.sites).map(Condition::ServedBy));
    }
    if table.has("ran") {
        all.push(known(table, "ran", "document", &names.documents).map(Condition::Ran));
    }
    if table.has("alarm") {
        let alarm = known(table, "alarm", "alarm", &names.alarms);
        let site = known(table, "site", "site", &names.sites);
        let state = table.one_of("state").unwrap_or("ALARM").to_owned();
        all.push(site.zip(alarm).map(|(site, alarm)| Condition::Alarm(site, alarm, state)));
    }
    if all.is_empty() {
        table.fault("", "a condition needs at least one of `restored`, `served_by`, `ran`, `alarm`, `detected`, `waited`, `declared`, `closed`, `started`, `ended`, \
                         `failed` and `skipped`", None);
    }
    // What is wrong with one has been told; the others were read all the same.
    all.into_iter().collect::<Option<_>>().map(Condition::All)
}

fn metric(table: &Table<'_>, names: &Names) -> Option<Change> {
    let name = known(table, "name", "metric", &names.metrics);
    let (to, missing) = (table.float("to"), table.boolean("missing") == Some(true));
    if table.has("to") == missing {
        table.fault("name", "a metric's change needs exactly one of `to` and `missing = true`", None);
    }
    let over = table.duration("over").unwrap_or_default();
    Some(Change::Metric { name: name?, to, over })
}

fn fault(table: &Table<'_>) -> Option<Change> {
    let glob = |key| table.text(key).unwrap_or_else(|| "*".to_owned());
    let preset = table.one_of("preset").and_then(|name| Preset::NAMES.iter().find(|(known, _)| *known == name));
    let named = table.one_of("kind");
    if !table.has("kind") && !table.has("preset") {
        table.fault("kind", "a fault needs a `kind` or a `preset`", None);
    }
    let kind = if table.has("preset") { Some("silent") } else { named };
    if preset.is_some_and(|(_, preset)| *preset == Preset::Region) && !table.has("region") {
        table.fault("preset", "the preset `region` needs a `region`", None);
    }
    let millis =
        |key, default: TimeDelta| u64::try_from(table.duration(key).unwrap_or(default).num_milliseconds()).unwrap_or_default();
    let (from, over) = (millis("from", TimeDelta::seconds(1)), table.duration("over").unwrap_or_default());
    let to = if table.has("to") { millis("to", TimeDelta::zero()) } else { from };
    let status = table.integer("status").and_then(|status| u16::try_from(status).ok()).unwrap_or(500);
    let fault = Fault {
        name: table.text("name").unwrap_or_default(),
        service: glob("service"),
        region: glob("region"),
        operation: glob("operation"),
        account: glob("account"),
        kind: match kind? {
            "slow" => FaultKind::Slow(from, to, over),
            "throttle" => FaultKind::Throttle,
            "broken" => FaultKind::Broken(status),
            "silent" => FaultKind::Silent,
            "reset" => FaultKind::Reset,
            "answer-lost" => FaultKind::AnswerLost,
            "denied" => FaultKind::Denied,
            _ => FaultKind::Expired,
        },
        lasts: table.duration("lasts"),
        calls: table.count("calls"),
        chance: table.float("chance").unwrap_or(1.0),
    };
    Some(Change::Fault(match preset {
        Some((_, preset)) => preset.apply(fault),
        None => fault,
    }))
}
