//! What can be restored: for each resource of the plan the newest usable recovery point at the recovery site, its age against the
//! objective and the data that would be lost; the others under it.

use chrono::TimeDelta;

use super::listing::answered;
use super::{Listing, Look, backups, heard};
use crate::domain::{Moment, RecoveryPoint, SiteName, Usable};
use crate::store::Freshness;
use crate::ui::lists::{PointList, name_of};
use crate::ui::loss::{Loss, losses, worst};
use crate::ui::widgets::{Column, Doc, Filter, ListView, Row, Runs, Sort, Table, Tail};
use crate::ui::{Role, format, links, words};

const COLUMNS: [Column; 12] = [
    Column::name("resource", 14, 34, 12),
    Column::new("RPO", 9, 9, 11),
    Column::number("loses", 7, 8, 10),
    Column::number("data of", 8, 12, 6),
    Column::number("age", 3, 4, 9),
    Column::new("status", 11, 24, 8),
    Column::number("size", 8, 9, 5),
    Column::new("type", 8, 10, 3),
    Column::new("storage", 4, 8, 2),
    Column::new("key", 9, 9, 1),
    Column::new("scan", 12, 16, 4),
    Column::new("expires", 6, 8, 2),
];

/// The place of a resource, its ARN, its points.
type Unfolded = (usize, String, Vec<(SiteName, u32)>);

/// The resources beside the plan's: not known to be needed, so they come last, folded; those that are unfolded with their points.
#[derive(Debug)]
struct Others<'a> {
    look: Look<'a>,
    list: &'a PointList,
    reversed: bool,
    /// Where a resource is unfolded, with its ARN, and what is under it; by place.
    open: Vec<Unfolded>,
}

impl<'a> Others<'a> {
    fn new(look: &Look<'a>, view: &ListView, list: &'a PointList) -> Self {
        let mut others = Self { look: *look, list, reversed: view.reversed, open: Vec::new() };
        let filter = Filter::parse(view.filter.text());
        let (state, first) = (look.state, SiteName::recovery());
        for arn in view.unfolded.iter().filter_map(|key| key.strip_prefix("other/")) {
            let Some(place) = list.position(arn) else { continue };
            let points = Some(list.points(state, arn, &first, &filter)).filter(|points| !points.is_empty());
            // The resource itself passes, and so what it has is shown.
            let points = points.unwrap_or_else(|| list.points(state, arn, &first, &Filter::parse("")));
            others.open.push((others.turned(place), arn.to_owned(), points));
        }
        others.open.sort();
        others
    }

    fn turned(&self, at: usize) -> usize {
        if self.reversed { self.list.len().saturating_sub(at + 1) } else { at }
    }

    fn resource(&self, place: usize) -> Option<Row> {
        let (arn, count) = self.list.at(self.look.state, self.turned(place))?;
        Some(other_row(&arn, count, self.open.iter().any(|(open, ..)| *open == place)))
    }
}

impl Tail for Others<'_> {
    fn len(&self) -> usize {
        self.list.len() + self.open.iter().map(|(_, _, points)| points.len()).sum::<usize>()
    }

    fn hidden(&self) -> usize {
        self.list.index().hidden()
    }

    fn row(&self, at: usize) -> Option<Row> {
        let mut place = at;
        for (open, arn, points) in &self.open {
            if place <= *open {
                break;
            }
            match points.get(place - open - 1) {
                Some((site, id)) => {
                    let point = self.look.state.recovery_points.get(site)?.data.as_ref()?.points.row(*id)?;
                    return Some(point_row(&point, name_of(arn), &self.look));
                }
                None => place -= points.len(),
            }
        }
        self.resource(place)
    }

    fn position(&self, key: &str) -> Option<usize> {
        let before = |place: usize| -> usize {
            self.open.iter().filter(|(open, ..)| *open < place).map(|(_, _, points)| points.len()).sum()
        };
        if let Some(arn) = key.strip_prefix("other/") {
            let place = self.turned(self.list.position(arn)?);
            return Some(place + before(place));
        }
        let arn = key.strip_prefix("point/")?;
        let is = |(site, id): &(SiteName, u32)| {
            let found = self.look.state.recovery_points.get(site).and_then(|source| source.data.as_ref());
            found.is_some_and(|found| found.points.id(arn) == Some(*id))
        };
        let under = self.open.iter().find_map(|(open, _, points)| Some((open, points.iter().position(is)?)));
        under.map(|(open, nth)| open + before(*open) + 1 + nth)
    }
}

pub(super) fn listing<'a>(look: &Look<'a>, view: &ListView, list: &'a PointList) -> Listing<'a> {
    let state = look.state;
    let recovery = state.recovery_points.get(&SiteName::recovery());
    let stale = recovery.is_some_and(|source| matches!(source.freshness(look.now), Freshness::Stale(..)));
    let losses = losses(state, look.now);
    let mut rows = Vec::new();
    for loss in &losses {
        resource_rows(loss, list, view, stale, look, &mut rows);
    }
    let tail = Others::new(look, view, list);
    Listing {
        summary: summary(&losses, look),
        heard: state.recovery_points.iter().map(|(site, source)| heard(site.as_str(), source, look.now)).collect(),
        notes: answered(state.recovery_points.values(), look.now),
        empty: "The vaults of this plan hold no recovery point: there is nothing to restore from.".to_owned(),
        table: Table { columns: COLUMNS.to_vec(), rows, sorts: &["loss", "resource", "size"], tail: Some(Box::new(tail)) },
        working: list.index().working(),
    }
}

/// The worst resource names the workload's data loss.
fn summary(losses: &[Loss<'_>], look: &Look<'_>) -> Vec<Runs> {
    let Some(worst) = worst(losses) else { return Vec::new() };
    let word = words::of_inside(worst.inside(look.state));
    match worst.loss {
        Some(loss) => {
            let text = format!("{} worst {}: {}", word.glyph, worst.resource.name, format::duration(loss));
            let rpo = format::objective(look.state.plan.objectives.rpo);
            vec![vec![(format!("{text} of RPO {rpo}, {}", word.word), word.role)], vec![(text, word.role)]]
        }
        None if losses.iter().all(|loss| loss.point.is_none()) => vec![vec![("? none known".to_owned(), Role::Unknown)]],
        None => {
            let text = format!("✗ nothing usable for {}", worst.resource.name);
            vec![vec![(text, Role::Bad)], vec![("✗ not all".to_owned(), Role::Bad)]]
        }
    }
}

fn resource_rows(loss: &Loss<'_>, list: &PointList, view: &ListView, stale: bool, look: &Look<'_>, rows: &mut Vec<Row>) {
    let sources = look.state.recovery_points.values().filter_map(|source| source.data.as_ref());
    let count: usize = sources.map(|found| found.points.group(&loss.resource.arn).len()).sum();
    let key = format!("resource/{}", loss.resource.name);
    let unfolded = view.unfolded.contains(&key);
    let fold = match (count, unfolded) {
        (0 | 1, _) => " ",
        (_, true) => "▾",
        (_, false) => "▸",
    };
    let inside = words::of_inside(loss.inside(look.state));
    let mut cells = vec![(format!("{fold} {}", loss.resource.name), Role::Heading), inside.cell()];
    match &loss.point {
        Some(point) => cells.extend(point_cells(point, loss.loss, look)),
        None => {
            // A vault that could not be read is not an empty one.
            let heard = look.state.recovery_points.get(&SiteName::recovery()).is_some_and(|source| source.data.is_some());
            let (none, word, role) =
                if heard { ("none", "✗ nothing usable", Role::Bad) } else { ("?", "? not known", Role::Unknown) };
            cells.extend([(String::new(), Role::Text), (none.to_owned(), role), (String::new(), Role::Text)]);
            cells.push((word.to_owned(), role));
        }
    }
    let arn = loss.point.as_ref().map_or(loss.resource.arn.as_str(), |point| point.arn.as_str());
    let mut row =
        Row::new(key, cells).field("resource", loss.resource.name.clone()).field("type", loss.resource.resource_type.clone());
    row = row.field("rpo", inside.word).copied(arn);
    let (command, link) = loss.point.as_ref().map(|point| found_by(point, look)).unwrap_or_default();
    row = row.found_by(command, link);
    row.also = format!("{} {arn}", loss.resource.arn);
    row.stale = stale;
    row.sorts = vec![
        Sort::Number(-loss.loss.map_or(i64::MAX, |loss| loss.num_seconds())),
        Sort::Text(loss.resource.name.clone()),
        Sort::Number(
            -loss.point.as_ref().and_then(|point| point.size_bytes).and_then(|size| i64::try_from(size).ok()).unwrap_or(0),
        ),
    ];
    let sorts = row.sorts.clone();
    rows.push(row);
    if unfolded {
        for (site, id) in list.points(look.state, &loss.resource.arn, &SiteName::recovery(), &Filter::parse("")) {
            let found = look.state.recovery_points.get(&site).and_then(|source| source.data.as_ref());
            let point = found.and_then(|found| found.points.row(id));
            rows.extend(point.map(|point| Row { sorts: sorts.clone(), ..point_row(&point, &loss.resource.name, look) }));
        }
    }
}

fn other_row(arn: &str, count: usize, unfolded: bool) -> Row {
    let name = name_of(arn);
    let cells = vec![
        (format!("{} {name} ({count})", if unfolded { "▾" } else { "▸" }), Role::Muted),
        ("· other".to_owned(), Role::Muted),
    ];
    Row::new(format!("other/{arn}"), cells).field("resource", name).copied(arn)
}

fn loss_of(point: &RecoveryPoint, look: &Look<'_>) -> Option<TimeDelta> {
    let until = look.state.incident.moment(Moment::ImpactBegan).unwrap_or(look.now);
    point.data_at.map(|data| (until - data).max(TimeDelta::zero()))
}

fn point_row(point: &RecoveryPoint, resource: &str, look: &Look<'_>) -> Row {
    let loss = loss_of(point, look);
    let rpo = TimeDelta::from_std(look.state.plan.objectives.rpo).unwrap_or(TimeDelta::MAX);
    let mut cells =
        vec![(format!("  └ {} {}", point.site, point.short_id()), Role::Muted), words::of_inside(loss.map(|l| l <= rpo)).cell()];
    cells.extend(point_cells(point, loss, look));
    let mut row = Row::new(format!("point/{}", point.arn), cells)
        .field("resource", resource)
        .field("site", point.site.to_string())
        .field("status", point.status.clone())
        .copied(point.arn.clone());
    row.also = point.arn.clone();
    let (command, link) = found_by(point, look);
    row.found_by(command, link)
}

fn found_by(point: &RecoveryPoint, look: &Look<'_>) -> (String, String) {
    let region = look.state.plan.sites.get(&point.site).map(|site| &site.region);
    region.map(|region| (links::read_point(point, region), links::point_page(point, region))).unwrap_or_default()
}

/// The cells after resource and RPO.
fn point_cells(point: &RecoveryPoint, loss: Option<TimeDelta>, look: &Look<'_>) -> Vec<(String, Role)> {
    let now = look.now;
    let key = match &point.key_arn {
        Some(_) => "encrypted",
        None => "no key",
    };
    vec![
        (loss.map(format::duration).unwrap_or_default(), Role::Text),
        (point.data_at.map_or_else(|| "unknown".to_owned(), |at| format::brief(at, now)), Role::Text),
        (point.data_at.map(|at| format::age(now - at)).unwrap_or_default(), Role::Muted),
        words::of_usable(&point.usable(now), &point.status).cell(),
        (point.size_bytes.map(format::size).unwrap_or_default(), Role::Text),
        (point.resource_type.clone(), Role::Muted),
        (point.storage_class.clone().unwrap_or_default(), Role::Muted),
        (key.to_owned(), Role::Muted),
        (point.scan.clone().unwrap_or_default(), Role::Muted),
        (point.expires_at.map(|at| format!("in {}", format::age(at - now))).unwrap_or_default(), Role::Muted),
    ]
}

pub(super) fn detail(key: &str, look: &Look<'_>) -> Option<Doc> {
    let losses = losses(look.state, look.now);
    if let Some(name) = key.strip_prefix("resource/") {
        let loss = losses.iter().find(|loss| loss.resource.name == name)?;
        let mut doc = Doc::new();
        doc.line(vec![(loss.resource.name.clone(), Role::Heading), (format!("  {}", loss.resource.resource_type), Role::Muted)]);
        doc.field("ARN", Role::Code, &loss.resource.arn);
        let lost = match (loss.loss, loss.restored) {
            (Some(lost), true) => format!("{} lost: restored", format::duration(lost)),
            (Some(lost), false) => format!("{} would be lost", format::duration(lost)),
            (None, _) => "not known".to_owned(),
        };
        let inside = words::of_inside(loss.inside(look.state));
        let rpo = format::objective(look.state.plan.objectives.rpo);
        doc.field("data loss", inside.role, &format!("{} {lost}; RPO {rpo}: {}", inside.glyph, inside.word));
        match &loss.point {
            Some(point) => {
                backups::of_resource(&loss.resource.arn, &loss.resource.resource_type, look, &mut doc);
                doc.heading("Newest usable recovery point at the recovery site").append(point_text(point, look))
            }
            None => {
                backups::of_resource(&loss.resource.arn, &loss.resource.resource_type, look, &mut doc);
                doc.gap().text(Role::Bad, "✗ No usable recovery point of it is known at the recovery site.")
            }
        };
        return Some(doc);
    }
    let arn = key.strip_prefix("point/")?;
    let mut found = look.state.recovery_points.values().filter_map(|source| source.data.as_ref()?.points.get(arn));
    found.next().map(|point| point_text(&point, look))
}

fn point_text(point: &RecoveryPoint, look: &Look<'_>) -> Doc {
    let mut doc = Doc::new();
    let usable = point.usable(look.now);
    let word = words::of_usable(&usable, &point.status);
    doc.field("status", word.role, &format!("{} {}", word.glyph, word.word));
    if matches!(usable, Usable::Doubtful(_)) {
        doc.field("", Role::Warn, "A person has to choose it: it is never taken as the newest usable one.");
    }
    if let Some(message) = &point.status_message {
        doc.field("", Role::Muted, message);
    }
    let at = |time: chrono::DateTime<chrono::Utc>| {
        format!("{} UTC, {} ago", format::date_time(time), format::duration(look.now - time))
    };
    let times = [("data of", point.data_at), ("complete", point.completed_at), ("restored", point.last_restored_at)];
    for (label, time) in times {
        if let Some(time) = time {
            doc.field(label, Role::Text, &at(time));
        }
    }
    if let Some(expiry) = point.expires_at {
        doc.field("expires", Role::Text, &format!("{} UTC", format::date_time(expiry)));
    }
    doc.field("site", Role::Text, point.site.as_str());
    doc.field("vault", Role::Text, &point.vault);
    let optional = [
        ("size", point.size_bytes.map(format::size)),
        ("storage", point.storage_class.clone()),
        ("scan", point.scan.clone()),
        ("vault type", point.vault_type.clone()),
        ("key", point.key_arn.clone()),
    ];
    for (label, value) in optional {
        if let Some(value) = value {
            doc.field(label, Role::Text, &value);
        }
    }
    backups::of_point(point, look, &mut doc);
    doc.field("resource", Role::Code, &point.resource_arn);
    doc.field("ARN", Role::Code, &point.arn);
    doc
}
