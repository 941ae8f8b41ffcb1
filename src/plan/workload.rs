//! The workload that a plan describes.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::domain::{AccountId, HealthEvent, PUSHED, Region, SiteName, StepId};
use crate::pattern::Pattern;

use super::{Choice, Graph, Lookup, NoticePlan, Reference, Step, Variable};

/// A checked plan: every reference in it resolves, every prerequisite exists, and there is no cycle.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// A short name, used in file names: `shop`.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// Where it was read from, for messages.
    pub path: String,
    /// The file's text, journalled with the incident so that the record needs nothing else.
    pub text: String,
    /// The objectives.
    pub objectives: Objectives,
    /// How long what was asked of AWS may be confirmed.
    pub confirm_within: Duration,
    /// The sites by name; `primary` and `recovery` always exist.
    pub sites: BTreeMap<SiteName, SitePlan>,
    /// The alarms whose transition into ALARM means that the workload is in trouble.
    pub alarms: Vec<AlarmRef>,
    /// The Health events that mean the same.
    pub health: HealthFilter,
    /// The resources to be recovered, by the plan's own names.
    pub resources: BTreeMap<String, Resource>,
    /// What is asked at the start.
    pub variables: BTreeMap<String, Variable>,
    /// What is asked at the declaration; only what some step asks about.
    pub choices: BTreeMap<String, Choice>,
    /// Who is told at each phase.
    pub notices: Option<NoticePlan>,
    /// The recovery steps in the order of the file.
    pub steps: Vec<Step>,
    /// The same as a graph.
    pub graph: Graph,
}

/// What recovery is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Objectives {
    /// Recovery time objective.
    pub rto: Duration,
    /// Recovery point objective.
    pub rpo: Duration,
}

/// One site of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SitePlan {
    /// Its name.
    pub name: SiteName,
    /// The account that must answer; anything else is refused.
    pub account: AccountId,
    /// Its Region.
    pub region: Region,
    /// The profile of the AWS config files to use there.
    pub profile: Option<String>,
    /// The role to assume there.
    pub role_arn: Option<String>,
    /// The external id that the role asks for.
    pub external_id: Option<String>,
    /// The backup vaults whose recovery points are watched.
    pub vaults: Vec<String>,
    /// The queue of the push feed there, by name.
    pub queue: Option<String>,
}

/// One alarm that is a signal of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmRef {
    /// Where it lives.
    pub site: SiteName,
    /// Its name.
    pub name: String,
}

/// Which Health events are signals of the plan. An empty list lets everything through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HealthFilter {
    /// Services, such as `S3`.
    pub services: Vec<String>,
    /// Regions.
    pub regions: Vec<Region>,
    /// Event type codes.
    pub type_codes: Vec<String>,
    /// `issue`, `accountNotification`, `scheduledChange`.
    pub categories: Vec<String>,
    /// Ask for all accounts of the organisation.
    pub organization: bool,
    /// An EventBridge event pattern that an event has to match as well.
    pub pattern: Option<Pattern>,
}

impl HealthFilter {
    /// Does it let this event through? The pattern sees the event as EventBridge would deliver it.
    pub fn matches(&self, event: &HealthEvent) -> bool {
        let within = |list: &[String], value: &str| list.is_empty() || list.iter().any(|item| item == value);
        within(&self.services, &event.service)
            && (self.regions.is_empty() || self.regions.contains(&event.region))
            && within(&self.type_codes, &event.type_code)
            && within(&self.categories, &event.category)
            && self.pattern.as_ref().is_none_or(|pattern| pattern.matches(&event.as_delivered()))
    }

    /// The event pattern of the push feed: every alarm that changes state, and the Health events that this lets through.
    pub fn event_pattern(&self) -> Pattern {
        let [(alarms, alarm), (health, told)] = PUSHED;
        let mut detail = Map::new();
        let regions: Vec<String> = self.regions.iter().map(Region::to_string).collect();
        let lists = [
            ("service", &self.services),
            ("eventTypeCode", &self.type_codes),
            ("eventTypeCategory", &self.categories),
            ("eventRegion", &regions),
        ];
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            detail.insert(name.to_owned(), json!(list));
        }
        let mut of_health = json!({"source": [health], "detail-type": [told]});
        if !detail.is_empty() {
            of_health["detail"] = Value::Object(detail);
        }
        // A pattern of one's own says all about Health.
        let of_health = self.pattern.as_ref().map_or(of_health, Pattern::as_json);
        let both = json!({"$or": [{"source": [alarms], "detail-type": [alarm]}, of_health]});
        Pattern::from(both.as_object().cloned().unwrap_or_default())
    }
}

/// One resource to be recovered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The plan's name of it: `orders-table`.
    pub name: String,
    /// Its ARN at the primary site.
    pub arn: String,
    /// AWS Backup's resource type: `DynamoDB`, `RDS`, `EFS`, `EBS`, `S3`, …
    pub resource_type: String,
}

impl Plan {
    /// A step by its id.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.graph.position(id).and_then(|at| self.steps.get(at))
    }

    /// A site by its name.
    pub fn site(&self, name: &SiteName) -> Option<&SitePlan> {
        self.sites.get(name)
    }

    /// The steps of each group, in the order of the file.
    pub fn groups(&self) -> BTreeMap<&str, Vec<&Step>> {
        let mut groups: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
        for step in &self.steps {
            if let Some(group) = &step.group {
                groups.entry(group).or_default().push(step);
            }
        }
        groups
    }

    /// The plan's resource with this ARN.
    pub fn resource_by_arn(&self, arn: &str) -> Option<&Resource> {
        self.resources.values().find(|resource| resource.arn == arn)
    }
}

/// What can be known before the day: there are no outputs and no incident; variables and choices have their defaults.
impl Lookup for Plan {
    fn value(&self, reference: &Reference) -> Option<String> {
        match reference {
            Reference::Variable(name) => self.variables.get(name)?.default.clone(),
            Reference::Choice(name) => self.choices.get(name)?.default.clone(),
            Reference::Region(site) => self.site(site).map(|site| site.region.to_string()),
            Reference::Account(site) => self.site(site).map(|site| site.account.to_string()),
            Reference::PlanName => Some(self.name.clone()),
            Reference::Output { .. } | Reference::IncidentId => None,
        }
    }
}
