//! All clients of a site together, and all sites of a console.

use std::collections::BTreeMap;

use crate::domain::{Region, SiteName};

use super::{
    Backup, CloudControl, CloudFormation, CloudWatch, Connection, DynamoDb, Health, Lambda, Others, Queue, RegionSwitch, Route53,
    RoutingControls, S3, Sns, Ssm, StepFunctions, Sts,
};

/// The sites that a console is connected to.
#[derive(Debug, Default)]
pub struct Sites {
    sites: BTreeMap<SiteName, SiteClients>,
}

/// One site's clients, all of which only read.
#[derive(Debug)]
pub struct SiteClients {
    /// Its name.
    pub name: SiteName,
    /// Its Region.
    pub region: Region,
    /// Who we are.
    pub sts: Sts,
    /// Alarms and metrics.
    pub cloudwatch: CloudWatch,
    /// Health events.
    pub health: Health,
    /// Recovery points and jobs.
    pub backup: Backup,
    /// Resources of any type.
    pub cloudcontrol: CloudControl,
    /// Stacks and change sets.
    pub cloudformation: CloudFormation,
    /// Tables.
    pub dynamodb: DynamoDb,
    /// Versions of objects.
    pub s3: S3,
    /// Runbooks and OpsItems.
    pub ssm: Ssm,
    /// The push feed's queue.
    pub queue: Queue,
    /// Zones, records, changes.
    pub route53: Route53,
    /// Routing controls.
    pub routing_controls: RoutingControls,
    /// Region switch's plans and executions.
    pub region_switch: RegionSwitch,
    /// Functions.
    pub lambda: Lambda,
    /// State machines and their executions.
    pub step_functions: StepFunctions,
    /// Topics.
    pub sns: Sns,
    /// What others do.
    pub others: Others,
}

impl SiteClients {
    /// The clients of one site.
    pub fn new(connection: &Connection) -> Self {
        Self {
            name: connection.site().clone(),
            region: connection.region().clone(),
            sts: Sts::new(connection),
            cloudwatch: CloudWatch::new(connection),
            health: Health::new(connection),
            backup: Backup::new(connection),
            cloudcontrol: CloudControl::new(connection),
            cloudformation: CloudFormation::new(connection),
            dynamodb: DynamoDb::new(connection),
            s3: S3::new(connection),
            ssm: Ssm::new(connection),
            queue: Queue::new(connection),
            route53: Route53::new(connection),
            routing_controls: RoutingControls::new(connection),
            region_switch: RegionSwitch::new(connection),
            lambda: Lambda::new(connection),
            step_functions: StepFunctions::new(connection),
            sns: Sns::new(connection),
            others: Others::new(connection),
        }
    }
}

impl Sites {
    /// The clients of every connection.
    pub fn new<'a>(connections: impl IntoIterator<Item = &'a Connection>) -> Self {
        let sites = connections.into_iter().map(|connection| (connection.site().clone(), SiteClients::new(connection)));
        Self { sites: sites.collect() }
    }

    /// One site.
    pub fn site(&self, name: &SiteName) -> Option<&SiteClients> {
        self.sites.get(name)
    }
}
