//! What the steps of a plan can refer to: its sites, signals and resources. Reads those sections.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::document::{Table, did_you_mean, nearest};
use crate::domain::{AccountId, Region, SiteName};
use crate::pattern::Pattern;

use super::asked::{read_choices, read_variables};
use super::metadata::{known_types, rule_of};
use super::names::{Arn, is_account, is_id, is_region};
use super::{AlarmRef, Choice, HealthFilter, Resource, SitePlan, Variable};

/// The sections that steps refer to. The names are there even where a section's content could not be read, so that one fault does
/// not cause others.
#[derive(Default)]
pub(super) struct Setting {
    pub sites: BTreeMap<SiteName, SitePlan>,
    pub site_names: BTreeSet<String>,
    pub alarms: Vec<AlarmRef>,
    pub health: HealthFilter,
    pub resources: BTreeMap<String, Resource>,
    pub resource_names: BTreeSet<String>,
    pub variables: BTreeMap<String, Variable>,
    pub variable_names: Vec<String>,
    pub choices: BTreeMap<String, Choice>,
}

impl Setting {
    /// Reads `[sites.*]`, `[signals]`, `[resources.*]`, `[variables.*]` and `[choices.*]`.
    pub fn read(root: &Table<'_>) -> Self {
        let mut setting = Self::default();
        setting.read_sites(root);
        if let Some(signals) = root.table("signals") {
            setting.read_signals(&signals);
        }
        setting.read_resources(root);
        (setting.variables, setting.variable_names) = read_variables(root);
        setting.choices = read_choices(root);
        setting
    }

    /// Reports at `span` that the plan has no site `name`.
    pub fn no_such_site(&self, table: &Table<'_>, span: Range<usize>, name: &str) {
        let hint = did_you_mean(name, self.site_names.iter().map(String::as_str));
        table.fault_at(span, format!("there is no site `{}`", name.escape_debug()), hint);
    }

    /// Reports at `span` that the plan has no variable `name`, unless it has one that could not be read.
    pub fn no_such_variable(&self, table: &Table<'_>, span: Range<usize>, name: &str) {
        if !self.variable_names.iter().any(|known| known == name) {
            let hint = did_you_mean(name, self.variable_names.iter().map(String::as_str));
            table.fault_at(span, format!("there is no variable `{}`", name.escape_debug()), hint);
        }
    }

    fn read_sites(&mut self, root: &Table<'_>) {
        if !root.has("sites") {
            root.fault("sites", "`sites` is missing", Some("a plan needs [sites.primary] and [sites.recovery]".to_owned()));
            return;
        }
        let mut regions = BTreeMap::new();
        for (name, table) in root.named_tables("sites") {
            check_id(&table, "site", &name);
            regions.insert(name.clone(), table.span("region"));
            self.site_names.insert(name.clone());
            if let Some(site) = read_site(&table, &name) {
                self.sites.insert(site.name.clone(), site);
            }
            table.finish();
        }
        for name in ["primary", "recovery"].into_iter().filter(|name| !self.site_names.contains(*name)) {
            let others = self.site_names.iter().map(String::as_str).filter(|other| *other != "primary" && *other != "recovery");
            let hint = nearest(name, others).map(|near| format!("is it `{near}`?"));
            root.fault("sites", format!("[sites.{name}] is missing"), hint);
        }
        let (primary, recovery) = (self.sites.get(&SiteName::primary()), self.sites.get(&SiteName::recovery()));
        if let (Some(primary), Some(recovery)) = (primary, recovery)
            && (&primary.account, &primary.region) == (&recovery.account, &recovery.region)
        {
            let hint = Some("recovery has to happen in another Region, or at least in another account".to_owned());
            let message = "the recovery site has the account and the Region of the primary site";
            root.fault_at(regions.remove("recovery").unwrap_or_default(), message, hint);
        }
    }

    fn read_signals(&mut self, table: &Table<'_>) {
        for (text, span) in table.texts_at("alarms") {
            let Some((site, name)) = text.split_once('/').filter(|(site, name)| !site.is_empty() && !name.is_empty()) else {
                let hint = Some(format!("\"primary/{}\"?", text.trim_matches('/')));
                table.fault_at(span, format!("expected an alarm as \"SITE/NAME\", found {text:?}"), hint);
                continue;
            };
            if !self.site_names.contains(site) {
                self.no_such_site(table, span, site);
                continue;
            }
            let alarm = AlarmRef { site: SiteName::new(site), name: name.to_owned() };
            if self.alarms.contains(&alarm) {
                table.fault_at(span, format!("alarm {text:?} is listed twice"), None);
            } else {
                self.alarms.push(alarm);
            }
        }
        if let Some(health) = table.table("health") {
            let regions = health.texts_at("regions");
            for (region, span) in regions.iter().filter(|(region, _)| !is_region(region) && region != "global") {
                health.fault_at(span.clone(), not_a_region(region), None);
            }
            self.health = HealthFilter {
                services: health.texts("services"),
                regions: regions.into_iter().map(|(region, _)| Region::new(region)).collect(),
                type_codes: health.texts("type_codes"),
                categories: health.texts("categories"),
                organization: health.boolean("organization").unwrap_or(false),
                pattern: read_pattern(&health),
            };
            health.finish();
        }
        table.finish();
    }

    fn read_resources(&mut self, root: &Table<'_>) {
        for (name, table) in root.named_tables("resources") {
            check_id(&table, "resource", &name);
            self.resource_names.insert(name.clone());
            let (arn, resource_type) = (table.required_text("arn"), table.required_text("type"));
            if let (Some(arn), Some(resource_type)) = (arn, resource_type) {
                self.check_resource(&table, &arn, &resource_type);
                if let Some(other) = self.resources.values().find(|other| other.arn == arn) {
                    table.fault("arn", format!("resource `{}` has the same ARN", other.name), None);
                }
                self.resources.insert(name.clone(), Resource { name, arn, resource_type });
            }
            table.finish();
        }
    }

    fn check_resource(&self, table: &Table<'_>, text: &str, resource_type: &str) {
        let Some(arn) = Arn::parse(text) else {
            let hint = Some("such as \"arn:aws:rds:eu-west-1:111122223333:db:orders-db\"".to_owned());
            return table.fault("arn", format!("expected an ARN, found {text:?}"), hint);
        };
        if let Some(rule) = rule_of(resource_type).filter(|rule| rule.service != arn.service) {
            let fits: Vec<&str> =
                known_types().filter(|name| rule_of(name).is_some_and(|rule| rule.service == arn.service)).collect();
            let hint = (!fits.is_empty()).then(|| format!("`{}` has the type {}", arn.service, fits.join(" or ")));
            let message =
                format!("a resource of type {resource_type} has an ARN of `{}`, not of `{}`", rule.service, arn.service);
            table.fault("arn", message, hint);
        }
        let Some(primary) = self.sites.get(&SiteName::primary()) else { return };
        let differs = |found: &str, expected: &str| !found.is_empty() && found != expected;
        if differs(arn.region, primary.region.as_str()) {
            table.fault("arn", format!("the ARN is of {}, but the primary site is {}", arn.region, primary.region), None);
        }
        if differs(arn.account, primary.account.as_str()) {
            table.fault(
                "arn",
                format!("the ARN is of account {}, but the primary site is {}", arn.account, primary.account),
                None,
            );
        }
    }
}

fn read_site(table: &Table<'_>, name: &str) -> Option<SitePlan> {
    let account = table.required_text("account");
    if let Some(account) = account.as_deref().filter(|account| !is_account(account)) {
        table.fault("account", format!("expected an account of 12 digits, found {account:?}"), None);
    }
    let region = table.required_text("region");
    if let Some(region) = region.as_deref().filter(|region| !is_region(region)) {
        table.fault("region", not_a_region(region), None);
    }
    let role_arn = table.text("role_arn");
    if let (Some(role), Some(account)) = (&role_arn, account.as_ref().filter(|account| is_account(account))) {
        check_role(table, "role_arn", role, account);
    }
    let external_id = table.text("external_id");
    if external_id.is_some() && !table.has("role_arn") {
        table.fault("external_id", "`external_id` is for a role, and there is no `role_arn`", None);
    }
    let (profile, vaults) = (table.text("profile"), table.texts("vaults"));
    let queue = table.text("queue");
    let is_queue = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if let Some(name) = queue.as_deref().filter(|name| !is_queue(name)) {
        let hint = Some("such as \"lifeboat-signals\", which `lifeboat feed template` makes".to_owned());
        table.fault("queue", format!("expected the name of an SQS queue, found {name:?}"), hint);
    }
    Some(SitePlan {
        name: SiteName::new(name),
        account: AccountId::new(account?),
        region: Region::new(region?),
        profile,
        role_arn,
        external_id,
        vaults,
        queue,
    })
}

/// The event pattern of `[signals.health]`.
fn read_pattern(health: &Table<'_>) -> Option<Pattern> {
    let text = health.text("pattern")?;
    match Pattern::parse(&text) {
        Ok(pattern) => Some(pattern),
        Err(fault) => {
            let hint = Some("an EventBridge event pattern in JSON".to_owned());
            health.fault("pattern", format!("this is no event pattern: {fault}"), hint);
            None
        }
    }
}

/// A fault at `key` unless `role` is the ARN of a role in `account`.
pub(super) fn check_role(table: &Table<'_>, key: &str, role: &str, account: &str) {
    let arn = Arn::parse(role).filter(|arn| arn.service == "iam" && arn.region.is_empty() && arn.resource.starts_with("role/"));
    let Some(arn) = arn else {
        let hint = Some(format!("such as \"arn:aws:iam::{account}:role/NAME\""));
        return table.fault(key, format!("expected the ARN of an IAM role, found {role:?}"), hint);
    };
    if arn.account != account {
        table.fault(key, format!("the role is of account {}, but the site is account {account}", arn.account), None);
    }
}

/// A fault at the table unless its name can be an id.
pub(super) fn check_id(table: &Table<'_>, what: &str, id: &str) {
    if !is_id(id) {
        let hint = Some("letters, digits, - and _, at most 64".to_owned());
        table.fault("id", format!("`{}` cannot be the name of a {what}", id.escape_debug()), hint);
    }
}

fn not_a_region(text: &str) -> String {
    format!("expected a Region such as \"eu-central-1\", found {text:?}")
}
