//! What is there: the protected resources and their points in the recovery Region, alarms, records, stacks, runbooks.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::cloud::{HostedZone, SiteClients, Sites, StackOutline};
use crate::domain::{Identity, Problem, ProtectedResource, RecordSet, RecoveryPoint, SiteName, Usable};

/// More pages than anything here has.
const PAGES: usize = 200;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Only resources whose recovery points carry all of these tags, and stacks and runbooks that do.
    pub tags: Vec<(String, String)>,
    /// Only things whose name contains one of these; everything if there are none.
    pub names: Vec<String>,
}

impl Wanted {
    fn takes(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.names.is_empty() || self.names.iter().any(|wanted| name.contains(&wanted.to_lowercase()))
    }

    fn tagged(&self, tags: &BTreeMap<String, String>) -> bool {
        self.tags.iter().all(|(key, value)| tags.get(key) == Some(value))
    }
}

/// One protected resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// As AWS Backup protects it at the primary, or as its points tell of it where the primary does not answer.
    pub resource: ProtectedResource,
    /// Its newest usable point in the recovery Region, if there is one.
    pub point: Option<RecoveryPoint>,
    /// What was recorded with that point.
    pub metadata: BTreeMap<String, String>,
}

/// What was found, and what could not be asked.
#[derive(Debug, Default)]
pub struct Found {
    /// Who we are at each site.
    pub identities: BTreeMap<SiteName, Identity>,
    /// Protected resources in the order of their ARNs.
    pub resources: Vec<Resource>,
    /// The vaults of each site that hold something.
    pub vaults: BTreeMap<SiteName, Vec<String>>,
    /// The alarms of each site, by name.
    pub alarms: Vec<(SiteName, String)>,
    /// The zones with records that look like a way to one of the Regions.
    pub zones: Vec<(HostedZone, Vec<RecordSet>)>,
    /// The stacks at the primary site.
    pub stacks: Vec<StackOutline>,
    /// The account's own Automation runbooks at the recovery site.
    pub runbooks: Vec<String>,
    /// What could not be asked.
    pub problems: Vec<Problem>,
}

/// Looks around at both sites. What does not answer is among the problems; the rest is not less true for it.
pub async fn look(sites: &Sites, wanted: &Wanted, now: DateTime<Utc>) -> Found {
    let mut found = Found::default();
    let both = [SiteName::primary(), SiteName::recovery()];
    for name in &both {
        let Some(site) = sites.site(name) else { continue };
        if let Some(identity) = note(&mut found, site.sts.identity().await) {
            found.identities.insert(name.clone(), identity);
        }
        if let Some(alarms) = note(&mut found, site.cloudwatch.alarms(PAGES).await) {
            let names = alarms.rows.into_iter().filter(|alarm| wanted.takes(&alarm.name)).map(|alarm| (name.clone(), alarm.name));
            found.alarms.extend(names);
        }
        if let Some(vaults) = note(&mut found, site.backup.vaults(PAGES).await) {
            let held = vaults.rows.into_iter().filter(|vault| vault.recovery_points > 0).map(|vault| vault.name);
            found.vaults.insert(name.clone(), held.collect());
        }
    }
    found.alarms.sort();
    let (primary, recovery) = (sites.site(&both[0]), sites.site(&both[1]));
    if let Some(primary) = primary
        && let Some(stacks) = note(&mut found, primary.cloudformation.stacks(PAGES).await)
    {
        found.stacks = stacks.rows.into_iter().filter(|stack| wanted.takes(&stack.name) && wanted.tagged(&stack.tags)).collect();
        found.stacks.sort_by(|a, b| a.name.cmp(&b.name));
    }
    if let Some(recovery) = recovery {
        resources(&mut found, primary, recovery, wanted, now).await;
        if let Some(documents) = note(&mut found, recovery.ssm.own_runbooks(PAGES).await) {
            let fits = |(name, tags): &(String, BTreeMap<String, String>)| wanted.takes(name) && wanted.tagged(tags);
            found.runbooks = documents.rows.into_iter().filter(fits).map(|(name, _)| name).collect();
        }
        zones(&mut found, recovery).await;
    }
    found
}

fn note<T>(found: &mut Found, answer: Result<T, Problem>) -> Option<T> {
    answer.map_err(|problem| found.problems.push(problem)).ok()
}

async fn resources(
    found: &mut Found,
    primary: Option<&SiteClients>,
    recovery: &SiteClients,
    wanted: &Wanted,
    now: DateTime<Utc>,
) {
    let mut points: Vec<RecoveryPoint> = Vec::new();
    for vault in found.vaults.get(&SiteName::recovery()).cloned().unwrap_or_default() {
        if let Some(listing) = note(found, recovery.backup.recovery_points(&vault, PAGES).await) {
            points.extend(listing.rows);
        }
    }
    points.sort_by_key(|point| std::cmp::Reverse(point.data_at));
    let mut protected: BTreeMap<String, ProtectedResource> = BTreeMap::new();
    if let Some(primary) = primary
        && let Some(listing) = note(found, primary.backup.protected_resources(PAGES).await)
    {
        protected.extend(listing.rows.into_iter().map(|resource| (resource.arn.clone(), resource)));
    }
    // Where the primary is silent, the copies tell what was protected.
    for point in &points {
        protected.entry(point.resource_arn.clone()).or_insert_with(|| ProtectedResource {
            arn: point.resource_arn.clone(),
            resource_type: point.resource_type.clone(),
            name: None,
            last_backup_at: point.data_at,
        });
    }
    let region = primary.map(|primary| primary.region.to_string()).unwrap_or_default();
    for resource in protected.into_values() {
        let of = resource.arn.split(':').nth(3).unwrap_or_default().to_owned();
        let name = resource.name.clone().unwrap_or_else(|| resource.arn.clone());
        if !(of.is_empty() || of == region) || !wanted.takes(&name) {
            continue;
        }
        let usable = |point: &&RecoveryPoint| point.resource_arn == resource.arn && matches!(point.usable(now), Usable::Yes);
        let point = points.iter().find(usable).cloned();
        if !wanted.tags.is_empty() && !tagged(found, recovery, point.as_ref(), wanted).await {
            continue;
        }
        let metadata = match &point {
            Some(point) => note(found, recovery.backup.restore_metadata(&point.vault, &point.arn).await).unwrap_or_default(),
            None => BTreeMap::new(),
        };
        found.resources.push(Resource { resource, point, metadata });
    }
}

/// AWS Backup keeps the tags of a resource with its points.
async fn tagged(found: &mut Found, site: &SiteClients, point: Option<&RecoveryPoint>, wanted: &Wanted) -> bool {
    let Some(point) = point else { return false };
    let tags = note(found, site.backup.tags(&point.arn).await).unwrap_or_default();
    wanted.tagged(&tags)
}

/// The records that could move traffic: weighted ones, failover ones, and those that name one of the Regions.
async fn zones(found: &mut Found, site: &SiteClients) {
    let Some(zones) = note(found, site.route53.zones(PAGES).await) else { return };
    for zone in zones.rows.into_iter().filter(|zone| !zone.private) {
        let Some(records) = note(found, site.route53.records(&zone.id, None, PAGES).await) else { continue };
        let moves = |set: &RecordSet| set.weight.is_some() || set.failover.is_some();
        let records: Vec<RecordSet> = records.rows.into_iter().filter(moves).collect();
        if !records.is_empty() {
            found.zones.push((zone, records));
        }
    }
}
