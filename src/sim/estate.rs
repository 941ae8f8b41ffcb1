//! Everything that exists in the simulated AWS, by account and Region, and who may call.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::service::arc::Arc as RoutingControls;
use super::service::backup::Backup;
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
    /// Networks and the resources in them.
    pub network: Network,
}

/// The network of a site, and what stands in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Network {
    /// Subnet id to Availability Zone.
    pub subnets: BTreeMap<String, String>,
    /// Security group ids.
    pub security_groups: Vec<String>,
    /// DB subnet group names.
    pub db_subnet_groups: Vec<String>,
    /// KMS keys and aliases, as ARNs.
    pub keys: Vec<String>,
    /// By ARN.
    pub resources: BTreeMap<String, Resource>,
}

/// A resource: an instance, a volume, a table, a database, a file system, a bucket.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resource {
    /// AWS Backup's ResourceType: EC2, EBS, DynamoDB, RDS, EFS, S3.
    pub kind: String,
    /// The id or name at the end of the ARN.
    pub name: String,
    /// The Availability Zone, of what has one.
    pub zone: Option<String>,
    /// The resource that this one was restored from.
    pub source: Option<Arc<str>>,
    /// The instance id and device that a volume is attached to.
    pub attached: Option<(String, String)>,
}

impl Network {
    /// The Availability Zones of a Region, as this world has them.
    pub fn zones(region: &str) -> [String; 3] {
        ["a", "b", "c"].map(|letter| format!("{region}{letter}"))
    }

    /// The resource of this kind and name.
    pub fn find(&self, kind: &str, name: &str) -> Option<&Resource> {
        self.resources.values().find(|resource| resource.kind == kind && resource.name == name)
    }

    /// The copy that was restored from the resource with this ARN.
    pub fn restored(&self, source: &str) -> Option<&Resource> {
        self.resources.values().find(|resource| resource.source.as_deref() == Some(source))
    }

    /// Attaches a volume to an instance.
    ///
    /// # Errors
    /// EC2's refusal, as `Code: sentence` parts.
    pub fn attach(&mut self, volume: &str, instance: &str, device: &str) -> Result<(), (&'static str, String)> {
        let to = self.find("EC2", instance);
        let to = to.ok_or_else(|| ("InvalidInstanceID.NotFound", format!("The instance ID '{instance}' does not exist")))?;
        let zone = to.zone.clone();
        let found = self.resources.values_mut().find(|resource| resource.kind == "EBS" && resource.name == volume);
        let found = found.ok_or_else(|| ("InvalidVolume.NotFound", format!("The volume '{volume}' does not exist.")))?;
        if found.zone != zone {
            let words = format!("The volume '{volume}' is not in the same availability zone as instance '{instance}'");
            return Err(("InvalidVolume.ZoneMismatch", words));
        }
        if let Some((holder, _)) = &found.attached {
            return Err(("VolumeInUse", format!("{volume} is already attached to an instance: {holder}")));
        }
        found.attached = Some((instance.to_owned(), device.to_owned()));
        Ok(())
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
