//! The estate that a scenario begins with.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{PointSpec, Scenario, SiteSpec, scale};
use crate::sim::estate::{Estate, Place, Site, key};
use crate::sim::seed::{Ids, hash};
use crate::sim::service::backup::points::{Lineage, Point, Vault};
use crate::sim::service::route53::zones::Zone;

/// How long before the start everything was set up.
const SET_UP: TimeDelta = TimeDelta::days(400);
/// How long before the start the alarms last changed, at least.
const CALM: TimeDelta = TimeDelta::days(3);

/// The name that a service signs with, as calls carry it.
pub fn service(name: &str) -> &'static str {
    crate::sim::model::services().find(|known| *known == name).unwrap_or("unknown")
}

/// Builds the estate.
pub fn estate(scenario: &Scenario, seed: u64) -> Estate {
    let mut estate = Estate::default();
    estate.accounts.extend(scenario.accounts.iter().map(|account| (account.id.clone(), account.clone())));
    estate.keys.extend(scenario.keys.iter().cloned());
    estate.roles.extend(scenario.roles.iter().map(|role| (role.arn.clone(), role.clone())));
    let mut ids = Ids::new(seed, "recovery points");
    for spec in &scenario.sites {
        estate.sites.insert(key(&spec.account, &spec.region), site(scenario, spec, seed, &mut ids));
    }
    for zone in &scenario.zones {
        let built = Zone::new(&zone.id, &zone.name, seed, scale::records(zone));
        estate.route53.entry(zone.account.clone()).or_default().zones.insert(zone.id.clone(), built);
    }
    for (account, check) in &scenario.checks {
        estate.route53.entry(account.clone()).or_default().checks.insert(check.id.clone(), check.clone());
    }
    for cluster in &scenario.clusters {
        let arc = estate.arc.entry(cluster.account.clone()).or_default();
        arc.add(&cluster.arn, &cluster.name, &cluster.controls, &cluster.rules);
    }
    estate
}

fn site(scenario: &Scenario, spec: &SiteSpec, seed: u64, ids: &mut Ids) -> Site {
    let mut site = Site { name: spec.name.clone(), network: spec.network.clone(), ..Site::default() };
    let cloudwatch = &mut site.cloudwatch;
    cloudwatch.metrics.extend(spec.metrics.iter().map(|metric| (metric.key.clone(), metric.clone())));
    for alarm in &spec.alarms {
        // Checked when the scenario was read.
        let _ = cloudwatch.put(alarm, scenario.starts_at);
    }
    let place = Place { seed, account: spec.account.clone(), region: spec.region.clone(), now: scenario.starts_at };
    scale::add_alarms(spec, scenario.starts_at, cloudwatch);
    let hours = i64::try_from(hash(seed, &spec.name) % 48).unwrap_or(0);
    cloudwatch.settle(&place, CALM + TimeDelta::hours(hours));
    for vault in &spec.vaults {
        let arn = format!("arn:aws:backup:{}:{}:backup-vault:{}", spec.region, spec.account, vault.name);
        let built = Vault {
            name: Arc::from(vault.name.as_str()),
            arn,
            vault_type: vault.vault_type.clone(),
            created: scenario.starts_at - SET_UP,
            key_arn: vault.key_arn.clone(),
            locked: vault.locked,
            lock: Default::default(),
        };
        site.backup.vaults.insert(vault.name.clone(), built);
    }
    for points in &spec.points {
        add_points(scenario, spec, points, &mut site, ids);
    }
    scale::add_points(scenario, spec, &mut site.backup, ids);
    site.ssm.documents.extend(spec.documents.iter().map(|document| (document.name.clone(), Arc::new(document.clone()))));
    site
}

fn add_points(scenario: &Scenario, spec: &SiteSpec, points: &PointSpec, site: &mut Site, ids: &mut Ids) {
    let (account, region) = (spec.account.clone(), spec.region.clone());
    let vault = spec.vaults.iter().find(|vault| vault.name == points.lineage.vault);
    let air_gapped = vault.is_some_and(|vault| vault.vault_type != "BACKUP_VAULT");
    let lineage = Arc::new(Lineage { account, region, air_gapped, ..points.lineage.clone() });
    let mut created = scenario.starts_at - points.age;
    for number in 0..points.count {
        // Older points are a little smaller: the shop grows.
        let bytes = points.bytes - points.bytes / 1000 * i64::from(number.min(500));
        let id = (ids.bits(), ids.bits());
        site.backup.add(Point { lineage: lineage.clone(), created, id, bytes, status: points.status });
        created -= points.every;
    }
}
