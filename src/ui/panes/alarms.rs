//! CloudWatch alarms of every site: those in ALARM first, then those that cannot tell, then those that are OK; the alarms that a
//! composite names stand under it.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;

use super::{Heard, Listing, Look, heard};
use crate::domain::{Alarm, AlarmState, SiteName};
use crate::store::Freshness;
use crate::ui::widgets::{Column, Doc, Plot, Row, Runs, Sort, Table, plot};
use crate::ui::{Action, Role, format, links, together, words};

const COLUMNS: [Column; 6] = [
    Column::new("state", 14, 14, 10),
    Column::number("since", 8, 12, 6),
    Column::number("for", 3, 4, 4),
    Column::name("alarm", 20, 48, 9),
    Column::new("site", 8, 10, 5),
    Column::new("reason", 24, usize::MAX, 3),
];

/// What tells an alarm apart: names are unique within a site.
pub fn key_of(alarm: &Alarm) -> String {
    format!("{}/{}", alarm.site, alarm.name)
}

fn rank(alarm: &Alarm) -> u8 {
    match (&alarm.state, alarm.is_clear()) {
        (AlarmState::Alarm, _) => 0,
        (_, false) => 1,
        (_, true) => 2,
    }
}

pub(super) fn listing(look: &Look<'_>) -> Listing {
    let state = look.state;
    let mut rows = Vec::new();
    let (mut bad, mut unknown, mut ok) = (0_usize, 0_usize, 0_usize);
    for source in state.alarms.values() {
        let stale = matches!(source.freshness(look.now), Freshness::Stale(..));
        let alarms: Vec<&Alarm> = source.data.iter().flatten().collect();
        for alarm in &alarms {
            match rank(alarm) {
                0 => bad += 1,
                1 => unknown += 1,
                _ => ok += 1,
            }
        }
        rows.extend(tree(&alarms).into_iter().map(|(depth, rank, alarm)| (rank, row(alarm, depth, stale, look))));
    }
    // Stable: what stands under a composite stays under it.
    rows.sort_by_key(|(rank, _)| *rank);
    Listing {
        summary: summary(bad, unknown, ok),
        heard: listened(look),
        notes: Vec::new(),
        empty: "No alarms in the accounts and Regions of this plan: nothing here could tell of trouble.".to_owned(),
        table: Table {
            columns: COLUMNS.to_vec(),
            rows: rows.into_iter().map(|(_, row)| row).collect(),
            sorts: &["state", "since", "name", "site"],
        },
    }
}

/// The polled lists, and the push feeds where there are any.
fn listened(look: &Look<'_>) -> Vec<Heard> {
    let polled = look.state.alarms.iter().map(|(site, source)| heard(site.as_str(), source, look.now));
    let pushed = look.state.feeds.iter().map(|(site, source)| heard(&format!("{site} push"), source, look.now));
    polled.chain(pushed).collect()
}

fn summary(bad: usize, unknown: usize, ok: usize) -> Vec<Runs> {
    let mut long = Runs::new();
    let mut short = Runs::new();
    for (count, glyph, word, role) in
        [(bad, "▲", "in ALARM", Role::Bad), (unknown, "?", "cannot tell", Role::Unknown), (ok, "✓", "OK", Role::Ok)]
    {
        if count > 0 {
            long.push((format!("{}{glyph} {count} {word}", if long.is_empty() { "" } else { "  " }), role));
            short.push((format!("{}{glyph}{count}", if short.is_empty() { "" } else { " " }), role));
        }
    }
    vec![long, short]
}

/// The names of the alarms in a composite's rule.
fn named_in(rule: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in rule.match_indices('(') {
        let before = rule[..at].trim_end();
        if !["ALARM", "OK", "INSUFFICIENT_DATA"].iter().any(|function| before.ends_with(function)) {
            continue;
        }
        let inner = rule[at + 1..].split(')').next().unwrap_or("").trim().trim_matches(['"', '\'']);
        // An alarm may be named by its ARN.
        let name = inner.split_once(":alarm:").map_or(inner, |(_, name)| name);
        if !name.is_empty() && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The alarms with their depth and the rank of the root that they stand under: composites with what they name under them, once each.
fn tree<'a>(alarms: &[&'a Alarm]) -> Vec<(usize, u8, &'a Alarm)> {
    let by_name: HashMap<&str, &Alarm> = alarms.iter().map(|alarm| (alarm.name.as_str(), *alarm)).collect();
    let mut children = HashSet::new();
    for alarm in alarms {
        children.extend(alarm.rule.iter().flat_map(|rule| named_in(rule)));
    }
    let mut roots: Vec<&Alarm> = alarms.iter().copied().filter(|alarm| !children.contains(&alarm.name)).collect();
    roots.sort_by_key(|alarm| (rank(alarm), alarm.rule.is_none(), std::cmp::Reverse(alarm.transitioned_at), &alarm.name));
    let mut out = Vec::with_capacity(alarms.len());
    let mut seen = HashSet::with_capacity(alarms.len());
    // Rules that name each other in a ring have no root.
    for root in roots.into_iter().chain(alarms.iter().copied()) {
        descend(root, 0, rank(root), &by_name, &mut seen, &mut out);
    }
    out
}

fn descend<'a>(
    alarm: &'a Alarm,
    depth: usize,
    of_root: u8,
    by_name: &HashMap<&str, &'a Alarm>,
    seen: &mut HashSet<&'a str>,
    out: &mut Vec<(usize, u8, &'a Alarm)>,
) {
    if !seen.insert(&alarm.name) {
        return;
    }
    out.push((depth, of_root, alarm));
    for name in alarm.rule.iter().flat_map(|rule| named_in(rule)) {
        if let Some(child) = by_name.get(name.as_str()) {
            descend(child, depth + 1, of_root, by_name, seen, out);
        }
    }
}

/// The alarms that a composite in ALARM is in ALARM for: those in ALARM at the ends of its tree.
fn blamed<'a>(alarm: &Alarm, look: &Look<'a>) -> Vec<&'a Alarm> {
    let Some(alarms) = look.state.alarms.get(&alarm.site).and_then(|source| source.data.as_ref()) else { return Vec::new() };
    let by_name: HashMap<&str, &'a Alarm> = alarms.iter().map(|alarm| (alarm.name.as_str(), alarm)).collect();
    let (mut open, mut seen, mut found) = (vec![alarm], HashSet::new(), Vec::new());
    while let Some(next) = open.pop() {
        let named: Vec<String> = next.rule.iter().flat_map(|rule| named_in(rule)).collect();
        let children = named.iter().filter_map(|name| by_name.get(name.as_str()).copied());
        for child in children.filter(|child| child.state == AlarmState::Alarm) {
            if !seen.insert(child.name.as_str()) {
                continue;
            }
            if child.rule.is_some() { open.push(child) } else { found.push(child) }
        }
    }
    found.sort_by_key(|alarm| (alarm.transitioned_at, &alarm.name));
    found
}

fn row(alarm: &Alarm, depth: usize, stale: bool, look: &Look<'_>) -> Row {
    let word = words::of_alarm(alarm);
    let since = alarm.transitioned_at;
    let name = if depth > 0 { format!("{}└ {}", "  ".repeat(depth - 1), alarm.name) } else { alarm.name.clone() };
    let mut reason = alarm.reason.clone();
    if let Some(evaluation) = &alarm.evaluation {
        reason = format!("{evaluation}: {reason}");
    }
    if let Some(by) = &alarm.suppressed_by {
        reason = format!("actions held back by {by}. {reason}");
    }
    let name_role = if rank(alarm) == 2 { Role::Text } else { Role::Heading };
    let mut row = Row::new(
        key_of(alarm),
        vec![
            word.cell(),
            (since.map(|at| format::brief(at, look.now)).unwrap_or_else(|| "unknown".to_owned()), Role::Text),
            (since.map(|at| format::age(look.now - at)).unwrap_or_default(), Role::Muted),
            (name, name_role),
            (alarm.site.to_string(), words::of_site(&alarm.site)),
            (reason, Role::Muted),
        ],
    )
    .field("state", alarm.state.to_string())
    .field("site", alarm.site.to_string())
    .field("name", alarm.name.clone())
    .field("kind", format!("{:?}", alarm.kind))
    .copied(alarm.arn.clone())
    .found_by(read_alarm(alarm, look), links::page(&alarm.arn).unwrap_or_default());
    row.also = alarm.arn.clone();
    row.stale = stale;
    row.sorts = vec![
        Sort::Number(i64::from(rank(alarm))),
        Sort::Number(-since.map_or(0, |at| at.timestamp())),
        Sort::Text(alarm.name.clone()),
        Sort::Text(alarm.site.to_string()),
    ];
    row
}

fn read_alarm(alarm: &Alarm, look: &Look<'_>) -> String {
    look.state.plan.sites.get(&alarm.site).map(|site| links::read_alarm(alarm, &site.region)).unwrap_or_default()
}

/// The alarm of a row.
pub fn find<'a>(key: &str, look: &Look<'a>) -> Option<&'a Alarm> {
    look.state.alarms.values().flat_map(|source| source.data.iter().flatten()).find(|alarm| key_of(alarm) == key)
}

pub(super) fn detail(key: &str, look: &Look<'_>, width: usize) -> Option<Doc> {
    let alarm = find(key, look)?;
    let word = words::of_alarm(alarm);
    let mut doc = Doc::new();
    doc.line(vec![word.cell(), (format!("  {}", alarm.name), Role::Heading), (format!("  {}", alarm.site), Role::Muted)]);
    doc.gap().text(Role::Text, &alarm.reason);
    if let Some(evaluation) = &alarm.evaluation {
        doc.text(Role::Unknown, &format!("? {evaluation}: what the alarm says was not properly evaluated and is no all-clear."));
    }
    graph(alarm, look, width, &mut doc);
    doc.gap();
    if alarm.rule.is_some() && alarm.state == AlarmState::Alarm {
        for (n, child) in blamed(alarm, look).into_iter().enumerate() {
            let since = child.transitioned_at.map(|at| format!(", since {}", format::moment(at, look.now))).unwrap_or_default();
            doc.field(if n == 0 { "to blame" } else { "" }, Role::Bad, &format!("▲ {}{since}", child.name));
        }
    }
    if let Some(at) = alarm.transitioned_at {
        doc.field("since", Role::Text, &format!("{} UTC, {} ago", format::date_time(at), format::duration(look.now - at)));
    }
    if let Some((from, to)) = alarm.impact_range() {
        let text = format!("between {} and {} UTC, by this alarm", format::time(from), format::time(to));
        doc.field("fault began", Role::Warn, &text);
    }
    if let Some(metric) = &alarm.metric {
        let dimensions: Vec<String> = metric.dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect();
        doc.field("metric", Role::Text, &format!("{} {} {}", metric.namespace, metric.name, dimensions.join(" ")));
        let limit = metric.threshold.map_or_else(|| "its band".to_owned(), format::number);
        let m_of_n = format!("{} of {} datapoints", metric.datapoints_to_alarm, metric.evaluation_periods);
        let period = format::duration(TimeDelta::seconds(i64::from(metric.period_secs)));
        doc.field(
            "alarms when",
            Role::Text,
            &format!("{} {} {limit}, {m_of_n} of {period}", metric.statistic, metric.comparison.sign()),
        );
    }
    if let Some(rule) = &alarm.rule {
        doc.field("rule", Role::Code, rule);
    }
    if let Some(by) = &alarm.suppressed_by {
        doc.field("held back by", Role::Warn, by);
    }
    story(alarm, look, &mut doc);
    doc.field("ARN", Role::Code, &alarm.arn);
    Some(doc)
}

/// What was asked because somebody looks: mute rules, history, what began at the same time.
fn story(alarm: &Alarm, look: &Look<'_>, doc: &mut Doc) {
    let story = look.state.stories.get(&(alarm.site.clone(), alarm.name.clone()));
    for rule in story.iter().flat_map(|story| &story.muted_by) {
        doc.field("muted by", Role::Warn, &format!("{rule}: its actions are held back, its state is what it is"));
    }
    together::with_alarm(alarm, look.state, look.now, doc);
    match story.and_then(|story| story.history.as_ref()) {
        None => {}
        Some(Err(problem)) => {
            doc.gap().text(Role::Bad, &format!("✗ no history: {problem}"));
        }
        Some(Ok(items)) => {
            doc.heading("What happened to it in a day");
            if items.is_empty() {
                doc.text(Role::Muted, "Nothing that CloudWatch tells.");
            }
            for item in items.iter().take(20) {
                let at = item.at.map_or_else(|| "unknown".to_owned(), |at| format::moment(at, look.now));
                doc.item(&at, Role::Muted, Role::Text, &format!("{}: {}", item.kind, item.summary));
            }
        }
    }
}

fn graph(alarm: &Alarm, look: &Look<'_>, width: usize, doc: &mut Doc) {
    let Some(metric) = &alarm.metric else { return };
    doc.gap();
    let site: SiteName = alarm.site.clone();
    match look.state.graphs.get(&(site, alarm.name.clone())) {
        None => {
            doc.text(Role::Muted, "… the metric's graph is on its way");
        }
        Some(Err(problem)) => {
            doc.text(Role::Bad, &format!("✗ no graph: {problem}. Next: {}.", problem.kind.next()));
        }
        Some(Ok(points)) if points.is_empty() => {
            doc.text(Role::Unknown, "? the metric has no datapoints in this time: nothing is known, which is no all-clear");
        }
        Some(Ok(points)) => {
            let above = metric.comparison.sign().starts_with('>');
            let threshold = metric.threshold.map(|limit| (limit, above));
            let story = look.state.stories.get(&(alarm.site.clone(), alarm.name.clone()));
            let band = story.and_then(|story| story.band.as_ref()).map(|(low, high)| (low.as_slice(), high.as_slice()));
            for line in plot(&Plot { points, threshold, band, width: width.min(110), height: 9 }) {
                doc.line(line);
            }
            if let Some(last) = points.last() {
                let text = format!(
                    "last {} at {}, {} ago  ·  {} refreshes",
                    format::number(last.value),
                    format::time(last.at),
                    format::age(look.now - last.at),
                    look.key(Action::Refresh)
                );
                doc.text(Role::Muted, &text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(name: &str, state: &str, rule: Option<&str>) -> Alarm {
        serde_json::from_value(serde_json::json!({
            "site": "primary", "name": name, "arn": name, "kind": if rule.is_some() { "composite" } else { "metric" },
            "state": state, "evaluation": null, "transitioned_at": null, "updated_at": null, "reason": "", "reason_data": null,
            "rule": rule, "suppressed_by": null, "metric": null
        }))
        .unwrap()
    }

    #[test]
    fn each_alarm_stands_once_under_the_root_that_ranks_it_even_in_a_ring() {
        let all = [
            alarm("b", "OK", None),
            alarm("top", "ALARM", Some("ALARM(mid) OR ALARM(b)")),
            alarm("mid", "ALARM", Some("ALARM(a) AND ALARM(top)")),
            alarm("a", "ALARM", None),
            alarm("ring-1", "OK", Some("ALARM(ring-2)")),
            alarm("ring-2", "OK", Some("ALARM(ring-1)")),
        ];
        let refs: Vec<&Alarm> = all.iter().collect();
        let told: Vec<(usize, u8, &str)> =
            tree(&refs).into_iter().map(|(depth, rank, alarm)| (depth, rank, alarm.name.as_str())).collect();
        assert_eq!(told.len(), all.len());
        assert!(told.contains(&(1, 0, "mid")) || told.contains(&(0, 0, "mid")), "{told:?}");
        assert!(told.contains(&(0, 2, "ring-1")) && told.contains(&(1, 2, "ring-2")), "{told:?}");
    }

    #[test]
    fn the_alarms_of_a_rule_are_found_by_name_and_by_arn() {
        let rule = "(ALARM(\"a b\") AND NOT OK( c )) OR INSUFFICIENT_DATA('arn:aws:cloudwatch:eu-west-1:1:alarm:d') OR TRUE";
        assert_eq!(named_in(rule), ["a b", "c", "d"]);
        assert!(named_in("TRUE").is_empty());
        assert!(named_in("ALARM(").is_empty());
    }
}
