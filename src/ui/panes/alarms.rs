//! CloudWatch alarms of every site: those in ALARM first, then those that cannot tell, then those that are OK; the alarms that a
//! composite names stand under it.

use std::collections::HashSet;

use chrono::TimeDelta;

use super::listing::answered;
use super::{Heard, Listing, Look, heard};
use crate::domain::{Alarm, AlarmState, SiteName};
use crate::store::{Freshness, Source, Standing};
use crate::ui::lists::{AlarmList, SORTS, named_in};
use crate::ui::widgets::{Column, Doc, ListView, Plot, Row, Runs, Table, Tail, plot};
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

/// The rows, each made when it is looked at.
#[derive(Debug)]
struct Alarms<'a> {
    look: Look<'a>,
    list: &'a AlarmList,
    stale: Vec<&'a SiteName>,
    natural: bool,
    reversed: bool,
}

impl Alarms<'_> {
    fn turned(&self, at: usize) -> usize {
        if self.reversed { self.list.len().saturating_sub(at + 1) } else { at }
    }
}

impl Tail for Alarms<'_> {
    fn len(&self) -> usize {
        self.list.len()
    }

    fn hidden(&self) -> usize {
        self.list.index().hidden()
    }

    fn row(&self, at: usize) -> Option<Row> {
        let (alarm, depth) = self.list.at(self.look.state, self.turned(at))?;
        // In another order what is above a row says nothing of it.
        Some(row(&alarm, if self.natural { depth } else { 0 }, self.stale.contains(&&alarm.site), &self.look))
    }

    fn position(&self, key: &str) -> Option<usize> {
        let (site, name) = key.split_once('/')?;
        self.list.position(self.look.state, site, name).map(|at| self.turned(at))
    }
}

pub(super) fn listing<'a>(look: &Look<'a>, view: &ListView, list: &'a AlarmList) -> Listing<'a> {
    let sources = &look.state.alarms;
    let count = |standing| sources.values().filter_map(|source| source.data.as_ref()).map(|rows| rows.count(standing)).sum();
    let is_stale =
        |(site, source): (&'a SiteName, &Source<_>)| matches!(source.freshness(look.now), Freshness::Stale(..)).then_some(site);
    let tail = Alarms {
        look: *look,
        list,
        stale: sources.iter().filter_map(is_stale).collect(),
        natural: view.sort == 0 && !view.reversed,
        reversed: view.reversed,
    };
    Listing {
        summary: summary(count(Standing::Bad), count(Standing::Unknown), count(Standing::Quiet)),
        heard: listened(look),
        notes: answered(sources.values(), look.now),
        empty: "No alarms in the accounts and Regions of this plan: nothing here could tell of trouble.".to_owned(),
        table: Table { columns: COLUMNS.to_vec(), rows: Vec::new(), sorts: &SORTS, tail: Some(Box::new(tail)) },
        working: list.index().working(),
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

/// The alarms that a composite in ALARM is in ALARM for: those in ALARM at the ends of its tree.
fn blamed(alarm: &Alarm, look: &Look<'_>) -> Vec<Alarm> {
    let Some(alarms) = look.state.alarms.get(&alarm.site).and_then(|source| source.data.as_ref()) else { return Vec::new() };
    let (mut open, mut seen, mut found) = (vec![alarm.clone()], HashSet::new(), Vec::new());
    while let Some(next) = open.pop() {
        let named = next.rule.iter().flat_map(|rule| named_in(rule)).filter_map(|name| alarms.get(&name));
        for child in named.filter(|child| child.state == AlarmState::Alarm) {
            if !seen.insert(child.name.clone()) {
                continue;
            }
            if child.rule.is_some() { open.push(child) } else { found.push(child) }
        }
    }
    found.sort_by(|one, other| (one.transitioned_at, &one.name).cmp(&(other.transitioned_at, &other.name)));
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
    let name_role = if alarm.is_clear() { Role::Text } else { Role::Heading };
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
    row
}

fn read_alarm(alarm: &Alarm, look: &Look<'_>) -> String {
    look.state.plan.sites.get(&alarm.site).map(|site| links::read_alarm(alarm, &site.region)).unwrap_or_default()
}

/// The alarm of a row.
pub fn find(key: &str, look: &Look<'_>) -> Option<Alarm> {
    let (site, name) = key.split_once('/')?;
    look.state.alarms.get(&SiteName::new(site))?.data.as_ref()?.get(name)
}

pub(super) fn detail(key: &str, look: &Look<'_>, width: usize) -> Option<Doc> {
    let alarm = &find(key, look)?;
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
        // How far its moment is from the fault's beginning: the same bounds that the beginning is counted back by.
        let periods = |count: u32| format::duration(TimeDelta::seconds(i64::from(metric.period_secs) * i64::from(count)));
        let (least, most) =
            (metric.datapoints_to_alarm.max(1) - 1, metric.evaluation_periods.max(metric.datapoints_to_alarm) + 1);
        doc.field("detects", Role::Muted, &format!("{} to {} after a fault begins", periods(least), periods(most)));
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
