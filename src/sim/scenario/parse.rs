//! A scenario's text to a checked scenario: the outermost table, people and names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::reader::{Table, nearest};
use super::{ClusterSpec, Scenario, SiteSpec, ZoneSpec, parse_injects, parse_rules, parse_sites};
use crate::document::{Document, Faults};
use crate::sim::estate::{Account, Key, Role};
use crate::sim::inject::Inject;
use crate::sim::members;
use crate::sim::service::route53::batch;
use crate::sim::service::route53::checks::HealthCheck;
use crate::sim::service::route53::zones::Zone;
use crate::sim::shop::{Front, Need, Shop};
use crate::sim::world::World;

/// The longest session of a role that says nothing else: twelve hours, in seconds.
const SESSION: i64 = 43_200;

/// Gives the path and the text of another scenario by the name under which a scenario refers to it.
pub type Find<'f> = &'f dyn Fn(&str) -> Option<(String, String)>;

/// Reads a scenario that stands alone; `path` is what faults call the file.
///
/// # Errors
/// Every fault of the file.
pub fn parse(path: &str, text: &str) -> Result<Scenario, Faults> {
    parse_with(path, text, &|_| None)
}

/// Reads a scenario that may take its estate from another one, which `find` gives.
///
/// # Errors
/// Every fault of the file; those of the other one if it has any.
pub fn parse_with(path: &str, text: &str, find: Find<'_>) -> Result<Scenario, Faults> {
    let document = Document::parse(path, text)?;
    let faults = Faults::new();
    let root = Table::root(document.root(&faults));
    let named = root.text("estate");
    let base = match named.as_deref().map(|name| (name, find(name))) {
        Some((_, Some((path, text)))) => Some(parse_with(&path, &text, &|_| None)?),
        Some((name, None)) => {
            root.fault("estate", format!("there is no scenario `{name}` to take the estate from"), None);
            None
        }
        None => None,
    };
    let scenario = scenario(&root, base);
    if let Some(scenario) = scenario.as_ref().filter(|_| faults.is_empty()) {
        tell_refused(&root, scenario);
    }
    drop(root);
    faults.settle(scenario)
}

/// Reads the changes of one inject that somebody makes by hand in a scenario's exercise: `fault = [{ kind = "throttle" }]`.
///
/// # Errors
/// Every fault of the text.
pub fn by_hand(scenario: &Scenario, title: &str, changes: &str) -> Result<Inject, Faults> {
    let document = Document::parse("by hand", changes)?;
    let faults = Faults::new();
    let table = Table::inject(document.root(&faults));
    let changes = parse_injects::changes(&table, &Names::of(&scenario.sites));
    if changes.is_empty() {
        table.fault("", "there is no change in this", None);
    }
    drop(table);
    faults.settle(Some(Inject::by_hand(title, changes)))
}

fn scenario(root: &Table<'_>, base: Option<Scenario>) -> Option<Scenario> {
    let name = root.required("name");
    let starts_at = root.time("starts_at").or(base.as_ref().map(|base| base.starts_at));
    if !root.has("starts_at") && base.is_none() {
        root.fault("starts_at", "`starts_at` is missing: when the scenario's clock starts", None);
    }
    let mut estate = base.unwrap_or_else(|| Scenario::empty(starts_at.unwrap_or_default()));
    // What another file says is told where that file is read.
    estate.sites.iter_mut().flat_map(|site| &mut site.calls).for_each(|call| call.stands = None);
    for site in root.tables("site") {
        if let Some(site) = parse_sites::site(&site, starts_at, &estate.sites) {
            add_site(&mut estate.sites, site);
        }
    }
    let names = Names::of(&estate.sites);
    let shop = root.table("shop").and_then(|table| shop(&table, &names, &estate.sites));
    estate.accounts.extend(root.tables("account").iter().filter_map(account));
    estate.keys.extend(root.tables("principal").iter().filter_map(principal));
    estate.roles.extend(root.tables("role").iter().filter_map(role));
    estate.zones.extend(root.tables("zone").iter().filter_map(zone));
    estate.checks.extend(root.tables("health_check").iter().filter_map(|table| check(table, &names)));
    estate.clusters.extend(root.tables("cluster").iter().filter_map(cluster));
    let expected = root.tables("expect");
    // Its own come first: the first that fits is taken.
    let expected = expected.iter().filter_map(|table| Some((table.required("restore")?, table.duration("takes")?)));
    estate.restores.splice(0..0, expected);
    Some(Scenario {
        name: name?,
        title: root.required("title").unwrap_or_default(),
        brief: root.text("brief").unwrap_or_default(),
        goals: root.texts("goals"),
        plan: root.text("plan").or(estate.plan),
        starts_at: starts_at?,
        speed: root.float("speed").unwrap_or(estate.speed),
        seed: root.integer("seed").and_then(|seed| u64::try_from(seed).ok()).unwrap_or(estate.seed),
        bare: false,
        propagation: root.duration("propagation").unwrap_or(estate.propagation),
        shop: shop.or(estate.shop),
        rules: root.table("score").map(|table| parse_rules::rules(&table)),
        injects: root.tables("inject").iter().filter_map(|table| parse_injects::inject(table, &names)).collect(),
        ..estate
    })
}

/// The calls that set the world up are made, to see whether they can be.
fn tell_refused(root: &Table<'_>, scenario: &Scenario) {
    if scenario.sites.iter().all(|site| site.calls.is_empty()) {
        return;
    }
    let world = World::new(Arc::new(Scenario { injects: Vec::new(), ..scenario.clone() }), scenario.seed);
    for refused in world.refused() {
        if let Some(stands) = &refused.stands {
            root.fault_at(stands.clone(), format!("this call would be refused: {}", refused.told), None);
        }
    }
}

/// A site that is there already gets what is new.
fn add_site(sites: &mut Vec<SiteSpec>, new: SiteSpec) {
    let Some(site) = sites.iter_mut().find(|site| (&site.account, &site.region) == (&new.account, &new.region)) else {
        return sites.push(new);
    };
    site.metrics.extend(new.metrics);
    site.alarms.extend(new.alarms);
    site.vaults.extend(new.vaults);
    site.points.extend(new.points);
    site.documents.extend(new.documents);
    site.network.resources.extend(new.network.resources);
    site.calls.extend(new.calls);
    site.scale = new.scale;
}

/// The names that a scenario gives and that other parts of it refer to.
pub struct Names {
    /// Of sites.
    pub sites: BTreeSet<String>,
    /// Of sites, with their accounts and Regions.
    pub places: BTreeMap<String, (String, String)>,
    /// Of metrics.
    pub metrics: BTreeSet<String>,
    /// Of alarms.
    pub alarms: BTreeSet<String>,
    /// Of runbooks.
    pub documents: BTreeSet<String>,
    /// ARNs of resources that have recovery points.
    pub backed_up: BTreeSet<String>,
}

impl Names {
    fn of(sites: &[SiteSpec]) -> Self {
        let all = |names: fn(&SiteSpec) -> Vec<String>| sites.iter().flat_map(names).collect();
        Self {
            sites: all(|site| vec![site.name.clone()]),
            places: sites.iter().map(|site| (site.name.clone(), (site.account.clone(), site.region.clone()))).collect(),
            metrics: all(|site| site.metrics.iter().map(|metric| metric.label.clone()).collect()),
            alarms: all(|site| site.alarms.iter().map(|alarm| members::required(alarm, "AlarmName").to_owned()).collect()),
            documents: all(|site| site.documents.iter().map(|document| document.name.clone()).collect()),
            backed_up: all(|site| site.points.iter().map(|point| point.lineage.resource.to_string()).collect()),
        }
    }
}

/// The text under `key` if it is one of `known`; a fault with the nearest of them if not.
pub fn known(table: &Table<'_>, key: &'static str, what: &str, known: &BTreeSet<String>) -> Option<String> {
    let text = table.required(key)?;
    if known.contains(&text) {
        return Some(text);
    }
    table.fault(key, format!("there is no {what} `{text}` in this scenario"), nearest(&text, known.iter().map(String::as_str)));
    None
}

fn account(table: &Table<'_>) -> Option<Account> {
    let id = account_id(table, "id");
    table.text("name");
    let support_plan = table.boolean("support_plan").unwrap_or(true);
    Some(Account { id: id?, support_plan })
}

/// Twelve digits.
pub fn account_id(table: &Table<'_>, key: &'static str) -> Option<String> {
    let id = table.required(key)?;
    if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(id);
    }
    table.fault(key, format!("`{key}` must be an account id of twelve digits"), None);
    None
}

fn principal(table: &Table<'_>) -> Option<(String, Key)> {
    let (access_key, arn, account) = (table.required("access_key"), table.required("arn"), account_id(table, "account"));
    let user_id = table.text("user_id").unwrap_or_else(|| "AIDASIMULATED00000000".to_owned());
    Some((access_key?, Key { account: account?, arn: arn?, user_id, expires: None }))
}

fn role(table: &Table<'_>) -> Option<Role> {
    let (arn, trusts) = (table.required("arn"), table.texts("trusts"));
    let max_session = table.duration("max_session").map_or(SESSION, |longest| longest.num_seconds());
    Some(Role { arn: arn?, trusts, max_session })
}

fn zone(table: &Table<'_>) -> Option<ZoneSpec> {
    let (account, id, name) = (account_id(table, "account"), table.required("id"), table.required("name"));
    let records: Vec<_> = table.tables("record").iter().map(|record| record.members(&["Name", "Type"])).collect();
    let generated = table.count("generated").unwrap_or(0);
    let (account, id, name) = (account?, id?, name?);
    let zone = Zone::new(&id, &name, 0, Vec::new());
    let changes: Vec<_> =
        records.iter().map(|record| serde_json::json!({"Action": "CREATE", "ResourceRecordSet": record})).collect();
    if !changes.is_empty()
        && let Err(refusal) = batch::edits(&zone, &changes)
    {
        table.fault("record", format!("Route 53 would not take these records: {}", refusal.message), None);
    }
    Some(ZoneSpec { account, id, name, records, generated })
}

/// A control's ARN begins with its control panel's.
const OF_PANEL: &str = "/routingcontrol/";

fn cluster(table: &Table<'_>) -> Option<ClusterSpec> {
    let (account, arn, name) = (account_id(table, "account"), table.required("arn"), table.required("name"));
    let controls = table.tables("control").into_iter().filter_map(|control| {
        let (arn, name) = (control.required("arn"), control.required("name"));
        if arn.as_ref().is_some_and(|arn| !arn.contains(OF_PANEL)) {
            control.fault("arn", "expected the ARN of a routing control: …:controlpanel/…/routingcontrol/…", None);
        }
        Some((arn?, name?, control.boolean("on").unwrap_or(false)))
    });
    let controls = controls.collect();
    let rules = table.tables("rule").into_iter().filter_map(|rule| {
        let arn = rule.required("arn");
        let members = rule.members(&[]);
        Some((arn?, members))
    });
    let rules = rules.collect();
    Some(ClusterSpec { account: account?, arn: arn?, name: name?, controls, rules })
}

fn check(table: &Table<'_>, names: &Names) -> Option<(String, HealthCheck)> {
    let (account, id) = (account_id(table, "account"), table.required("id"));
    let watches = if table.has("watches") { known(table, "watches", "site", &names.sites) } else { None };
    let well = table.boolean("well").unwrap_or(true);
    let config: Value = table.members(&["Type"]);
    Some((account?, HealthCheck { id: id?, config, watches, well, reference: None, version: 1 }))
}

fn shop(table: &Table<'_>, names: &Names, sites: &[SiteSpec]) -> Option<Shop> {
    let host = table.required("host");
    let fronts = table.tables("front");
    let fronts = fronts.iter().filter_map(|front| {
        let (site, address, host) = (known(front, "site", "site", &names.sites), front.required("address"), front.text("host"));
        let needs = front.tables("needs").into_iter().filter_map(|need| {
            let restored = known(&need, "restored", "resource with recovery points", &names.backed_up);
            let (attached_to, sentence) = (need.text("attached_to"), need.required("sentence"));
            Some(Need { restored: Arc::from(restored?), attached_to, sentence: sentence? })
        });
        let needs = needs.collect();
        let region = sites.iter().find(|found| Some(&found.name) == site.as_ref()).map(|found| found.region.clone());
        Some(Front { site: site?, region: region?, address: address?, host, needs })
    });
    let fronts = fronts.collect();
    Some(Shop { host: host?.trim_end_matches('.').to_lowercase(), fronts })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGION_OUTAGE: &str = include_str!("../../../assets/scenarios/region-outage.toml");

    #[test]
    fn the_built_in_scenario_has_no_fault() {
        match parse("region-outage.toml", REGION_OUTAGE) {
            Ok(scenario) => assert_eq!(scenario.name, "region-outage"),
            Err(faults) => panic!("{faults}"),
        }
    }

    #[test]
    fn a_broken_scenario_is_refused_with_every_fault_and_a_nearest_name() {
        let broken = REGION_OUTAGE
            .replacen("title =", "titel =", 1)
            .replacen("at = \"2m\"", "at = \"soon\"", 1)
            .replacen("ComparisonOperator = \"GreaterThanThreshold\"", "ComparisonOperator = \"Above\"", 1)
            .replacen("name = \"primary-latency\"\nto", "name = \"primary-latancy\"\nto", 1);
        let told = parse("x.toml", &broken).unwrap_err().to_string();
        for part in [
            "unknown key `titel` (did you mean `title`?)",
            "`title` is missing",
            "`at`: expected a duration",
            "The operator Above is not modelled",
            "there is no metric `primary-latancy` in this scenario (did you mean `primary-latency`?)",
        ] {
            assert!(told.contains(part), "{part:?} in\n{told}");
        }
        assert_eq!(told.lines().count(), 5, "{told}");
    }
}
