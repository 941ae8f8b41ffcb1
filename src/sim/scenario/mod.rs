//! Scenarios: what an exercise's world begins as, and what happens in it. TOML in, a checked [`Scenario`] or every fault out.

mod build;
mod keys;
mod parse;
mod parse_calls;
mod parse_injects;
mod parse_rules;
mod parse_sites;
pub mod reader;
mod scale;
mod schema;

pub use build::{estate, service};
pub use parse::{Find, by_hand, parse, parse_with};
pub use scale::Scale;
pub use schema::schema;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::estate::{Account, Key, Network, Role};
use super::inject::Inject;
use super::made::SetUp;
use super::service::backup::points::{Lineage, Status};
use super::service::cloudwatch::metrics::Metric;
use super::service::route53::checks::HealthCheck;
use super::service::ssm::Document;
use super::shop::Shop;

/// A checked scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Its name, as commands take it.
    pub name: String,
    /// Its title, for people.
    pub title: String,
    /// What players are told at the beginning.
    pub brief: String,
    /// What players ought to learn.
    pub goals: Vec<String>,
    /// The file name of the plan it is played with.
    pub plan: Option<String>,
    /// What the clock shows at the start.
    pub starts_at: DateTime<Utc>,
    /// Simulated seconds in a real one, unless players choose otherwise.
    pub speed: f64,
    /// The seed unless players choose another.
    pub seed: u64,
    /// An estate for other clients: nothing takes the time that it takes AWS, and images are not held against what is there.
    pub bare: bool,
    /// How long a change of record sets takes from PENDING to INSYNC.
    pub propagation: TimeDelta,
    /// The accounts.
    pub accounts: Vec<Account>,
    /// Access keys and who holds them.
    pub keys: Vec<(String, Key)>,
    /// Roles.
    pub roles: Vec<Role>,
    /// What exists, by account and Region.
    pub sites: Vec<SiteSpec>,
    /// Hosted zones.
    pub zones: Vec<ZoneSpec>,
    /// Health checks, with the account that has them.
    pub checks: Vec<(String, HealthCheck)>,
    /// Clusters of routing controls.
    pub clusters: Vec<ClusterSpec>,
    /// How long restores take: a glob on the source's ARN or a resource type, and the time.
    pub restores: Vec<(String, TimeDelta)>,
    /// The shop.
    pub shop: Option<Shop>,
    /// What happens.
    pub injects: Vec<Inject>,
    /// What players are judged by; nobody in here weighs it.
    pub rules: Option<Value>,
}

/// What exists in one account and Region.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteSpec {
    /// The scenario's name of it.
    pub name: String,
    /// Twelve digits.
    pub account: String,
    /// A Region.
    pub region: String,
    /// Metrics.
    pub metrics: Vec<Metric>,
    /// Alarms: AWS's members.
    pub alarms: Vec<Value>,
    /// Vaults.
    pub vaults: Vec<VaultSpec>,
    /// Recovery points.
    pub points: Vec<PointSpec>,
    /// Runbooks.
    pub documents: Vec<Document>,
    /// Network and resources.
    pub network: Network,
    /// The calls that set up what else is there.
    pub calls: Vec<SetUp>,
    /// What is generated beside all that.
    pub scale: Scale,
}

/// A vault.
#[derive(Debug, Clone, PartialEq)]
pub struct VaultSpec {
    /// Its name.
    pub name: String,
    /// BACKUP_VAULT or LOGICALLY_AIR_GAPPED_BACKUP_VAULT.
    pub vault_type: String,
    /// The key it encrypts with.
    pub key_arn: String,
    /// Is it locked?
    pub locked: bool,
}

/// A series of recovery points of one resource.
#[derive(Debug, Clone, PartialEq)]
pub struct PointSpec {
    /// What they have in common; account and Region are the site's.
    pub lineage: Lineage,
    /// How long before the start the newest one was made.
    pub age: TimeDelta,
    /// How long lies between them.
    pub every: TimeDelta,
    /// How many there are.
    pub count: u32,
    /// BackupSizeInBytes of the newest one.
    pub bytes: i64,
    /// Their status.
    pub status: Status,
}

/// A cluster of routing controls, all on its default control panel.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterSpec {
    /// The account that has it.
    pub account: String,
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// ARN, name, and whether it is On.
    pub controls: Vec<(String, String, bool)>,
    /// Safety rules by ARN: AWS's AssertionRule or GatingRule, under that name.
    pub rules: Vec<(String, Value)>,
}

/// A hosted zone.
#[derive(Debug, Clone, PartialEq)]
pub struct ZoneSpec {
    /// The account that has it.
    pub account: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// AWS's ResourceRecordSets beside NS and SOA.
    pub records: Vec<Value>,
    /// How many are generated beside those.
    pub generated: u32,
}

impl Scenario {
    /// A world in which nothing exists yet but the default account.
    pub fn empty(starts_at: DateTime<Utc>) -> Self {
        Self {
            name: "empty".to_owned(),
            title: "An empty estate".to_owned(),
            brief: String::new(),
            goals: Vec::new(),
            plan: None,
            starts_at,
            speed: 1.0,
            seed: 0,
            bare: true,
            propagation: TimeDelta::seconds(30),
            accounts: Vec::new(),
            keys: Vec::new(),
            roles: Vec::new(),
            sites: Vec::new(),
            zones: Vec::new(),
            checks: Vec::new(),
            clusters: Vec::new(),
            restores: Vec::new(),
            shop: None,
            injects: Vec::new(),
            rules: None,
        }
    }
}
