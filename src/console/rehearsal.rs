//! A scenario for a plan of one's own: sites, alarms, recovery points, runbooks, records and a front door, as far as the plan tells of
//! them, and an outage of the primary Region. What is written is a beginning: its authors know what their workload does when it fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::domain::SiteName;
use crate::plan::{Action, Check, Lookup, Plan, Reference, SitePlan, Step};

/// Where the rehearsed workload is answered before and after the failover, unless the plan says where.
const PRIMARY: &str = "192.0.2.10";
const RECOVERY: &str = "198.51.100.10";
/// The zone and time at which every rehearsal begins.
const ZONE: &str = "Z0REHEARSAL0001";
const STARTS_AT: &str = "2026-03-14T03:00:00Z";
/// The account of whoever plays.
const OPERATORS: &str = "999900001111";

/// What a plan's templates may say that is known before it runs.
struct Known<'a>(&'a Plan);

impl Lookup for Known<'_> {
    fn value(&self, reference: &Reference) -> Option<String> {
        let site = |name: &SiteName| self.0.site(name);
        match reference {
            Reference::PlanName => Some(self.0.name.clone()),
            Reference::Account(name) => site(name).map(|site| site.account.to_string()),
            Reference::Region(name) => site(name).map(|site| site.region.to_string()),
            _ => None,
        }
    }
}

fn quoted(text: &str) -> String {
    // A JSON string is a basic string of TOML.
    serde_json::Value::from(text).to_string()
}

fn list<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    let texts: Vec<String> = texts.into_iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

/// The scenario's text; `plan_file` is how it names the plan.
pub fn rehearsal(plan: &Plan, plan_file: &str) -> String {
    let mut text = head(plan, plan_file);
    for site in plan.sites.values() {
        self::site(plan, site, &mut text);
    }
    front_door(plan, &mut text);
    for step in &plan.steps {
        if let (Action::BackupRestore { resource, .. }, Some(expect)) = (&step.action, step.expect)
            && let Some(resource) = plan.resources.get(resource)
        {
            let _ = writeln!(text, "[[expect]]\nrestore = {}\ntakes = \"{}s\"\n", quoted(&resource.arn), expect.as_secs());
        }
    }
    happenings(plan, &mut text);
    score(plan, &mut text);
    text
}

fn head(plan: &Plan, plan_file: &str) -> String {
    let mut text = format!(
        "# A rehearsal of the plan {}, drafted from it. docs/scenarios.md says what can be changed; the end of the file says what happens.\n\n\
         name = {}\ntitle = {}\n\
         brief = \"It is 03:00. In about two minutes something goes wrong in the primary Region.\"\n\
         goals = [\"Bring the workload back in the recovery Region within its objectives\"]\nplan = {}\nstarts_at = {STARTS_AT}\n\
         speed = 20\nseed = 1\n\n",
        plan.name,
        quoted(&format!("{}-rehearsal", plan.name)),
        quoted(&format!("{}: the primary Region is failing", plan.title)),
        quoted(plan_file),
    );
    let mut accounts: BTreeSet<String> = plan.sites.values().map(|site| site.account.to_string()).collect();
    accounts.insert(OPERATORS.to_owned());
    for account in accounts {
        let _ = writeln!(text, "[[account]]\nid = \"{account}\"\n");
    }
    let _ = writeln!(
        text,
        "[[principal]]\naccess_key = \"AKIAEXERCISEOPERATOR\"\naccount = \"{OPERATORS}\"\n\
         arn = \"arn:aws:iam::{OPERATORS}:user/operator\"\n"
    );
    let mut roles: BTreeSet<String> = plan.sites.values().filter_map(|site| site.role_arn.clone()).collect();
    roles.extend(plan.steps.iter().filter_map(|step| match &step.action {
        Action::BackupRestore { role_arn, .. } => role_arn.resolve(&Known(plan)).ok(),
        _ => None,
    }));
    for role in roles {
        let _ = writeln!(text, "[[role]]\narn = {}\n", quoted(&role));
    }
    text
}

/// Ids and ARNs of one kind that the plan's text speaks of.
fn mentioned(plan: &Plan, prefix: &str) -> BTreeSet<String> {
    let part = |c: char| c.is_ascii_alphanumeric() || "-:/_".contains(c);
    let found = plan.text.match_indices(prefix).map(|(at, _)| plan.text[at..].chars().take_while(|c| part(*c)).collect());
    found.filter(|id: &String| id.len() > prefix.len() + 4).collect()
}

fn site(plan: &Plan, site: &SitePlan, text: &mut String) {
    let is_recovery = site.name == SiteName::recovery();
    let _ = writeln!(text, "[[site]]\nname = \"{}\"\naccount = \"{}\"\nregion = \"{}\"\n", site.name, site.account, site.region);
    if is_recovery {
        network(plan, site, text);
    }
    for alarm in plan.alarms.iter().filter(|alarm| alarm.site == site.name) {
        let name = quoted(&format!("{}-{}", site.name, alarm.name));
        let base = if is_recovery { "" } else { "base = 5\n" };
        let _ = writeln!(
            text,
            "[[site.metric]]\nname = {name}\nNamespace = \"Rehearsal\"\nMetricName = {}\n{base}noise = 0.1\n\n\
             [[site.alarm]]\nAlarmName = {}\nNamespace = \"Rehearsal\"\nMetricName = {}\nStatistic = \"Average\"\nPeriod = 60\n\
             EvaluationPeriods = 3\nDatapointsToAlarm = 2\nThreshold = 50.0\nComparisonOperator = \"GreaterThanThreshold\"\n",
            quoted(&alarm.name),
            quoted(&alarm.name),
            quoted(&alarm.name),
        );
    }
    for vault in &site.vaults {
        let key = format!("arn:aws:kms:{}:{}:key/0f1e2d3c-4b5a-4968-8776-655443322110", site.region, site.account);
        let _ = writeln!(text, "[[site.vault]]\nname = {}\nkey = {}\n", quoted(vault), quoted(&key));
    }
    let Some(vault) = site.vaults.first() else { return };
    // The newest point is half as old as the objective for data loss allows.
    let every = plan.objectives.rpo.as_secs().max(60);
    for resource in plan.resources.values() {
        let _ = writeln!(
            text,
            "[[site.point]]\nvault = {}\nresource = {}\ntype = {}\nrole = \"arn:aws:iam::{}:role/rehearsal-backup\"\n\
             age = \"{}s\"\nevery = \"{every}s\"\ncount = 12\nbytes = 10737418240\n",
            quoted(vault),
            quoted(&resource.arn),
            quoted(&resource.resource_type),
            site.account,
            every / 2,
        );
    }
    if is_recovery {
        runbooks(plan, text);
    }
}

/// What restored resources are put into: everything of that kind that the plan speaks of.
fn network(plan: &Plan, site: &SitePlan, text: &mut String) {
    let of_restores = |wanted: &str| -> Option<String> {
        plan.steps.iter().find_map(|step| match &step.action {
            Action::BackupRestore { metadata, .. } => metadata.get(wanted)?.resolve(&Known(plan)).ok(),
            _ => None,
        })
    };
    let zone = of_restores("availabilityZone").unwrap_or_else(|| format!("{}a", site.region));
    let groups: Vec<String> = of_restores("DBSubnetGroupName").into_iter().collect();
    let _ = writeln!(
        text,
        "[site.network]\nsecurity_groups = {}\ndb_subnet_groups = {}\nkeys = {}\n",
        list(&mentioned(plan, "sg-")),
        list(&groups),
        list(&mentioned(plan, "arn:aws:kms:")),
    );
    for subnet in mentioned(plan, "subnet-") {
        let _ = writeln!(text, "[[site.network.subnet]]\nid = {}\nzone = {}\n", quoted(&subnet), quoted(&zone));
    }
    for instance in mentioned(plan, "i-0") {
        let arn = format!("arn:aws:ec2:{}:{}:instance/{instance}", site.region, site.account);
        let _ = writeln!(text, "[[site.resource]]\narn = {}\ntype = \"EC2\"\nzone = {}\n", quoted(&arn), quoted(&zone));
    }
}

fn runbooks(plan: &Plan, text: &mut String) {
    let mut written = BTreeSet::new();
    for step in &plan.steps {
        let Action::SsmAutomation { document, parameters, .. } = &step.action else { continue };
        let Ok(name) = document.resolve(&Known(plan)) else { continue };
        if !written.insert(name.clone()) {
            continue;
        }
        let takes = step.expect.map_or(60, |expect| expect.as_secs());
        let does = if name == "AWS-AttachEBSVolume" { ", does = \"attach-volume\"" } else { "" };
        let _ = writeln!(
            text,
            "[[site.document]]\nname = {}\noptional = {}\n\
             step = [{{ name = \"run\", action = \"aws:executeScript\", takes = \"{takes}s\"{does} }}]\n",
            quoted(&name),
            list(parameters.keys()),
        );
    }
}

/// The names and addresses that the plan's checks ask for.
struct Door {
    hosts: Vec<String>,
    /// The host whose name moves, and where it leads afterwards.
    moved: Option<(String, String)>,
}

fn door(plan: &Plan) -> Door {
    let mut door = Door { hosts: Vec::new(), moved: None };
    for step in &plan.steps {
        match &step.action {
            Action::Check(Check::Http { url, .. }) => {
                let url = url.resolve(&Known(plan)).unwrap_or_default();
                let host = url.split("://").nth(1).and_then(|rest| rest.split(['/', ':']).next()).map(str::to_owned);
                door.hosts.extend(host.filter(|host| !host.is_empty()));
            }
            Action::Check(Check::Dns { name, expect, .. }) => {
                door.moved = Some((name.trim_end_matches('.').to_owned(), expect.clone()));
            }
            _ => {}
        }
    }
    door
}

fn front_door(plan: &Plan, text: &mut String) {
    let Door { hosts, moved } = door(plan);
    let (primary, recovery) = (plan.site(&SiteName::primary()), plan.site(&SiteName::recovery()));
    let (Some(primary), Some(recovery)) = (primary, recovery) else { return };
    let address = moved.as_ref().map_or(RECOVERY, |(_, address)| address);
    let mut zones: BTreeMap<&str, String> = BTreeMap::new();
    for step in &plan.steps {
        let Action::Route53Change { zone, records } = &step.action else { continue };
        let text = zones.entry(zone).or_default();
        for record in records {
            let _ = writeln!(
                text,
                "[[zone.record]]\nName = {}\nType = {}\nTTL = 60",
                quoted(&dotted(&record.name)),
                quoted(&record.kind)
            );
            let mut value = PRIMARY;
            if let Some(set) = &record.set_identifier {
                let is_primary = set.contains(primary.region.as_str()) || set.contains("primary");
                value = if is_primary { PRIMARY } else { address };
                let _ = writeln!(text, "SetIdentifier = {}\nWeight = {}", quoted(set), if is_primary { 100 } else { 0 });
            }
            let _ = writeln!(text, "ResourceRecords = [{{ Value = {} }}]\n", quoted(value));
        }
    }
    let moving = moved.as_ref().map(|(name, _)| name.clone()).or_else(|| hosts.last().cloned());
    let Some(moving) = moving else { return };
    for (name, records) in zones {
        let _ =
            writeln!(text, "[[zone]]\naccount = \"{}\"\nid = \"{ZONE}\"\nname = {}\n", recovery.account, quoted(&dotted(name)));
        text.push_str(&records);
        for host in hosts.iter().filter(|host| **host != moving && host.ends_with(name)) {
            let host = quoted(&dotted(host));
            let _ = writeln!(
                text,
                "[[zone.record]]\nName = {host}\nType = \"A\"\nTTL = 60\nResourceRecords = [{{ Value = \"{address}\" }}]\n"
            );
        }
    }
    let direct = hosts.iter().find(|host| **host != moving);
    let direct = direct.map_or_else(String::new, |host| format!("host = {}\n", quoted(host)));
    let _ = writeln!(
        text,
        "[shop]\nhost = {}\n\n[[shop.front]]\nsite = \"primary\"\naddress = \"{PRIMARY}\"\n\n\
         [[shop.front]]\nsite = \"recovery\"\naddress = {}\n{direct}needs = [",
        quoted(&moving),
        quoted(address),
    );
    for resource in plan.resources.values().filter(|resource| restores(plan, &resource.name).is_some()) {
        let sentence = quoted(&format!("{} has not been restored.", resource.name));
        let _ = writeln!(text, "    {{ restored = {}, sentence = {sentence} }},", quoted(&resource.arn));
    }
    text.push_str("]\n\n");
}

fn dotted(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

fn restores<'p>(plan: &'p Plan, name: &str) -> Option<&'p Step> {
    plan.steps.iter().find(|step| matches!(&step.action, Action::BackupRestore { resource, .. } if resource == name))
}

fn happenings(plan: &Plan, text: &mut String) {
    let Some(primary) = plan.site(&SiteName::primary()) else { return };
    let region = &primary.region;
    let has_door = door(plan).moved.is_some() || !door(plan).hosts.is_empty();
    let down = if has_door { "shop = [{ site = \"primary\", down = true, wait = \"3s\" }]\n" } else { "" };
    let metrics = |site: &str, to: &str, over: &str, text: &mut String| {
        for alarm in plan.alarms.iter().filter(|alarm| alarm.site.as_str() == site) {
            let name = quoted(&format!("{site}-{}", alarm.name));
            let _ = writeln!(text, "[[inject.metric]]\nname = {name}\nto = {to}\nover = \"{over}\"\n");
        }
    };
    let _ = writeln!(text, "[[inject]]\nat = \"2m\"\ntitle = \"Impact begins in {region}\"\n{down}");
    metrics("primary", "95", "1m", text);
    let _ = writeln!(
        text,
        "[[inject]]\nat = \"5m\"\ntitle = \"The APIs of {region} are slow\"\n\
         fault = [{{ name = \"slow\", region = \"{region}\", kind = \"slow\", from = \"200ms\", to = \"3s\", over = \"5m\", lasts = \"5m\" }}]\n"
    );
    if let Some(service) = plan.health.services.first() {
        let arn = format!("arn:aws:health:{region}::event/{service}/AWS_{service}_OPERATIONAL_ISSUE/AWS_{service}_REHEARSAL");
        let _ = writeln!(
            text,
            "[[inject]]\nat = \"6m\"\ntitle = \"AWS Health publishes an event\"\n\n[[inject.health]]\narn = \"{arn}\"\n\
             service = \"{service}\"\neventTypeCode = \"AWS_{service}_OPERATIONAL_ISSUE\"\neventTypeCategory = \"issue\"\n\
             eventScopeCode = \"ACCOUNT_SPECIFIC\"\nregion = \"{region}\"\nstartTime = 2026-03-14T03:02:00Z\nstatusCode = \"open\"\n\
             accounts = [\"{}\"]\ndescription = \"We are investigating increased error rates in the {region} Region.\"\n",
            primary.account
        );
    }
    let _ = writeln!(
        text,
        "[[inject]]\nat = \"10m\"\ntitle = \"The APIs of {region} do not answer any more\"\n\
         fault = [{{ name = \"silent\", region = \"{region}\", kind = \"silent\" }}]\n"
    );
    if has_door {
        let _ = writeln!(text, "[[inject]]\nwhen = {{ served_by = \"recovery\" }}\ntitle = \"Customers are back\"\n");
        metrics("recovery", "5", "0s", text);
    }
    text.push_str(
        "[[inject]]\nwhen = { declared = true }\nafter = \"2m\"\ntitle = \"A question to the room\"\n\
         ask = [{ text = \"How would you go back?\", good = \"The plan's undo of each step, and what is lost by it\" }]\n\n",
    );
}

fn score(plan: &Plan, text: &mut String) {
    let last = plan.steps.iter().rev().find(|step| step.undoes.is_none());
    let decide = plan.objectives.rto.as_secs() / 4 + 120;
    let _ = writeln!(
        text,
        "[score]\n\n[[score.expect]]\ntitle = \"The failover is declared in a quarter of the recovery time objective\"\n\
         did = \"declared\"\nuntil = \"{decide}s\"\nwhy = \"The time to decide is part of the recovery time.\"\n"
    );
    if let Some(last) = last {
        let _ = writeln!(
            text,
            "[[score.expect]]\ntitle = \"The plan's last step ends well\"\ndid = \"ended\"\nstep = \"{}\"\n\
             why = \"A recovery is over when somebody has shown that it is.\"\n",
            last.id
        );
    }
}
