//! Everything that exists in the simulated AWS, by account and Region, and who may call.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

pub use super::network::{Life, Network, Resource};
use super::service::arc::Arc as RoutingControls;
use super::service::backup::Backup;
use super::service::cloudcontrol::CloudControl;
use super::service::cloudformation::CloudFormation;
use super::service::cloudwatch::CloudWatch;
use super::service::dynamodb::Dynamo;
use super::service::events::Events;
use super::service::health::HealthEvents;
use super::service::lambda::Functions;
use super::service::route53::Route53;
use super::service::s3::S3;
use super::service::sns::Sns;
use super::service::sqs::Sqs;
use super::service::ssm::Ssm;
use super::service::states::States;
use super::service::types::Declared;

/// The account of callers that the scenario does not know, as most stand-ins for AWS have it.
pub const DEFAULT_ACCOUNT: &str = "123456789012";

/// Where and when something is asked or happens.
#[derive(Debug, Clone)]
pub struct Place {
    /// The world's seed.
    pub seed: u64,
    /// Twelve digits.
    pub account: String,
    /// A Region.
    pub region: String,
    /// The world's time.
    pub now: DateTime<Utc>,
}

/// An account and a Region.
pub type SiteKey = (String, String);

/// All that exists.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Estate {
    /// The scenario's accounts, by id.
    pub accounts: BTreeMap<String, Account>,
    /// Who holds which access key.
    pub keys: BTreeMap<String, Key>,
    /// The roles that can be assumed, by ARN.
    pub roles: BTreeMap<String, Role>,
    /// What is Regional.
    pub sites: BTreeMap<SiteKey, Site>,
    /// Route 53, by account.
    pub route53: BTreeMap<String, Route53>,
    /// AWS Health.
    pub health: HealthEvents,
    /// Routing controls and Region switch, by account.
    pub arc: BTreeMap<String, RoutingControls>,
    /// Buckets and objects.
    pub s3: S3,
}

/// An account of the scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// Does its support plan include the AWS Health API?
    pub support_plan: bool,
}

/// The holder of an access key.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The account it belongs to.
    pub account: String,
    /// The principal's ARN.
    pub arn: String,
    /// The principal's unique id.
    pub user_id: String,
    /// When a temporary key stops working.
    pub expires: Option<DateTime<Utc>>,
}

/// A role of the scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// Globs on the ARNs of who may assume it; empty: anyone.
    pub trusts: Vec<String>,
    /// The longest session, in seconds.
    pub max_session: i64,
}

/// What exists in one account and Region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Site {
    /// The scenario's name of it; empty if it has none.
    pub name: String,
    /// Metrics and alarms.
    pub cloudwatch: CloudWatch,
    /// Vaults, recovery points and restore jobs.
    pub backup: Backup,
    /// Documents, executions and OpsItems.
    pub ssm: Ssm,
    /// Topics and subscriptions.
    pub sns: Sns,
    /// Queues and messages.
    pub sqs: Sqs,
    /// Event buses and rules.
    pub events: Events,
    /// Tables and their items.
    pub dynamodb: Dynamo,
    /// Functions.
    pub lambda: Functions,
    /// State machines and executions.
    pub states: States,
    /// Stacks.
    pub cloudformation: CloudFormation,
    /// Requests of Cloud Control.
    pub cloudcontrol: CloudControl,
    /// What resources were asked to be, by the types of CloudFormation and Cloud Control.
    pub declared: Declared,
    /// Networks and the resources in them.
    pub network: Network,
}

impl Site {
    /// The site of an account and Region in which nobody has done anything yet.
    pub fn new(account: &str, region: &str) -> Self {
        Self { network: Network::default_of(account, region), ..Self::default() }
    }
}

/// The Regional part of the estate is told apart by account and Region; this is that pair.
pub fn key(account: &str, region: &str) -> SiteKey {
    (account.to_owned(), region.to_owned())
}

/// What an effect of a call was, for tests that prove that nothing happens twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// When.
    pub at: DateTime<Utc>,
    /// Whose account.
    pub account: String,
    /// In which Region.
    pub region: String,
    /// AWS's name of the operation.
    pub operation: String,
    /// The identity of the effect: a resource, a token, a change.
    pub what: String,
}

/// The plain text of a JSON value: a string without its quotes.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
