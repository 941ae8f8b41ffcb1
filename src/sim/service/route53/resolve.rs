//! What Route 53's name servers answer: by the records that are in sync, their routing policies and the health of their targets.

use serde_json::Value;

use super::zones::{Zone, normal, reversed};
use crate::sim::members;
use crate::sim::seed;
use crate::sim::service::cloudwatch::evaluate::State;
use crate::sim::shop;
use crate::sim::world::World;

/// One record of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// A, AAAA, CNAME, TXT…
    pub kind: String,
    /// In seconds.
    pub ttl: u32,
    /// As Route 53 keeps it: an address, a name, a quoted text.
    pub value: String,
}

/// What the name servers say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// No zone here is responsible.
    NotOurs,
    /// The zone has no such name.
    NoSuchName,
    /// The records; none if the name has others only.
    Records(Vec<Answered>),
}

/// How many aliases are followed.
const ALIASES: usize = 4;

/// Asks the public zones of all accounts.
pub fn resolve(world: &World, name: &str, kind: &str) -> Resolution {
    let zones = world.estate.route53.values().flat_map(|account| account.zones.values()).filter(|zone| !zone.private);
    match zones.filter(|zone| zone.holds(name)).max_by_key(|zone| zone.name.len()) {
        Some(zone) => in_zone(world, zone, name, kind, ALIASES),
        None => Resolution::NotOurs,
    }
}

/// Asks one zone.
pub fn in_zone(world: &World, zone: &Zone, name: &str, kind: &str, aliases: usize) -> Resolution {
    let wanted = reversed(name);
    let start = (wanted.clone(), String::new(), String::new());
    let named: Vec<_> = zone.serving.range(start..).take_while(|((name, _, _), _)| *name == wanted).collect();
    if named.is_empty() {
        return Resolution::NoSuchName;
    }
    let of =
        |kind: &str| -> Vec<&Value> { named.iter().filter(|((_, of, _), _)| of == kind).map(|(_, record)| *record).collect() };
    let mut candidates = of(kind);
    if candidates.is_empty() {
        candidates = of("CNAME");
    }
    let chosen = choose(world, zone, name, &candidates);
    let mut answers = Vec::new();
    for record in chosen {
        if let Some(target) = record.get("AliasTarget").and_then(|alias| members::text(alias, "DNSName")) {
            if aliases > 0
                && zone.holds(target)
                && let Resolution::Records(found) = in_zone(world, zone, target, kind, aliases - 1)
            {
                answers.extend(found);
            }
            continue;
        }
        let ttl = members::integer(record, "TTL").and_then(|ttl| u32::try_from(ttl).ok()).unwrap_or(0);
        let of = members::required(record, "Type");
        answers.extend(members::list(record, "ResourceRecords").iter().map(|value| Answered {
            kind: of.to_owned(),
            ttl,
            value: members::required(value, "Value").to_owned(),
        }));
    }
    Resolution::Records(answers)
}

fn choose<'a>(world: &World, zone: &Zone, name: &str, candidates: &[&'a Value]) -> Vec<&'a Value> {
    let Some(first) = candidates.first() else { return Vec::new() };
    let healthy: Vec<_> = candidates.iter().copied().filter(|record| is_healthy(world, zone, record, DEPTH)).collect();
    // When none is healthy, Route 53 answers as if all were.
    let fit = if healthy.is_empty() { candidates } else { &healthy };
    if first.get("Weight").is_some() {
        return by_weight(world, name, candidates, &healthy).into_iter().collect();
    }
    if first.get("Failover").is_some() {
        let primary = fit.iter().find(|record| members::text(record, "Failover") == Some("PRIMARY"));
        return primary.or_else(|| fit.first()).copied().into_iter().collect();
    }
    if first.get("Region").is_some() {
        return fit.iter().min_by_key(|record| distance(members::required(record, "Region"))).copied().into_iter().collect();
    }
    if first.get("MultiValueAnswer").is_some() {
        return fit.iter().take(8).copied().collect();
    }
    fit.first().copied().into_iter().collect()
}

/// Where resolvers stand, for records that are chosen by latency.
const RESOLVERS: &str = "us-east-1";

/// How far a Region is from the resolvers: its own, the same country, the same ocean, elsewhere.
fn distance(region: &str) -> (u8, &str) {
    let far = match region.split('-').next() {
        _ if region == RESOLVERS => 0,
        Some("us" | "ca") => 1,
        Some("eu" | "sa") => 2,
        _ => 3,
    };
    (far, region)
}

/// Records of weight 0 are answered only if no other is fit, or if all have weight 0.
fn by_weight<'a>(world: &World, name: &str, all: &[&'a Value], healthy: &[&'a Value]) -> Option<&'a Value> {
    let weight = |record: &Value| members::integer(record, "Weight").unwrap_or(0);
    let weighing =
        |records: &[&'a Value]| -> Vec<&'a Value> { records.iter().copied().filter(|record| weight(record) > 0).collect() };
    let pools = [weighing(healthy), healthy.to_vec(), weighing(all), all.to_vec()];
    let pool = pools.into_iter().find(|pool| !pool.is_empty())?;
    let share = |record: &Value| weight(record).max(1).unsigned_abs();
    let total: u64 = pool.iter().map(|record| share(record)).sum();
    let mut drawn = seed::hash(world.seed, &format!("{} {}", normal(name), world.now().timestamp_millis())) % total.max(1);
    for record in &pool {
        if drawn < share(record) {
            return Some(record);
        }
        drawn -= share(record);
    }
    pool.first().copied()
}

/// How deep checks may be calculated from checks, and aliases may lead to aliases.
const DEPTH: usize = 8;

fn is_healthy(world: &World, zone: &Zone, record: &Value, depth: usize) -> bool {
    if let Some(id) = members::text(record, "HealthCheckId") {
        return check_counts_healthy(world, id, depth);
    }
    let Some(alias) = record.get("AliasTarget").filter(|alias| members::flag(alias, "EvaluateTargetHealth") == Some(true)) else {
        return true;
    };
    // An alias is as well as the best of what it leads to.
    let target = members::required(alias, "DNSName");
    let name = reversed(target);
    let targets = zone.serving.range((name.clone(), String::new(), String::new())..).take_while(|((of, ..), _)| *of == name);
    let mut targets = targets.filter(|((_, kind, _), _)| Some(kind.as_str()) == members::text(record, "Type")).peekable();
    depth == 0 || targets.peek().is_none() || targets.any(|(_, target)| is_healthy(world, zone, target, depth - 1))
}

/// Does Route 53 count this check as healthy? One that does not exist is.
fn check_counts_healthy(world: &World, id: &str, depth: usize) -> bool {
    let check = world.estate.route53.values().find_map(|account| account.checks.get(id));
    check.is_none_or(|check| check.counts_healthy(well_within(world, id, depth)))
}

/// What the checkers of a health check find now.
pub fn found_well(world: &World, id: &str) -> bool {
    well_within(world, id, DEPTH)
}

fn well_within(world: &World, id: &str, depth: usize) -> bool {
    let found = world.estate.route53.iter().find_map(|(account, route53)| Some((account, route53.checks.get(id)?)));
    let Some((account, check)) = found.filter(|_| depth > 0) else { return true };
    let config = &check.config;
    match (&check.watches, members::required(config, "Type")) {
        (Some(site), _) => shop::front_of(world, site).is_some_and(|front| shop::is_well(world, front)),
        (None, "CALCULATED") => {
            let children = members::texts(config, "ChildHealthChecks");
            let wanted = members::integer(config, "HealthThreshold").and_then(|wanted| usize::try_from(wanted).ok());
            let healthy = children.iter().filter(|child| check_counts_healthy(world, child, depth - 1)).count();
            healthy >= wanted.unwrap_or(children.len())
        }
        (None, "CLOUDWATCH_METRIC") => {
            let alarm = config.get("AlarmIdentifier").unwrap_or(&Value::Null);
            let site = world.estate.sites.get(&(account.clone(), members::required(alarm, "Region").to_owned()));
            let alarm = site.and_then(|site| site.cloudwatch.alarms.get(members::required(alarm, "Name")));
            match alarm.map(|alarm| alarm.state) {
                Some(State::Ok) => check.well,
                Some(State::Alarm) => false,
                Some(State::InsufficientData) | None => {
                    members::text(config, "InsufficientDataHealthStatus") != Some("Unhealthy") && check.well
                }
            }
        }
        (None, "RECOVERY_CONTROL") => {
            let control = members::required(config, "RoutingControlArn");
            world.estate.arc.values().find_map(|arc| arc.is_on(control)).unwrap_or(check.well)
        }
        (None, _) => check.well,
    }
}
