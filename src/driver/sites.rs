//! The sites as the driver reads them: one set of clients each.

use std::collections::BTreeMap;

use crate::cloud::{Backup, CloudWatch, Connection, Health, Route53, Ssm, Sts};
use crate::domain::{Identity, Problem, SiteName};
use crate::plan::{Plan, SitePlan};

/// Every site of a plan.
#[derive(Debug)]
pub struct Sites {
    sites: BTreeMap<SiteName, SiteClients>,
}

/// One site's clients, all of which only read.
#[derive(Debug)]
pub struct SiteClients {
    /// What the plan says of it.
    pub plan: SitePlan,
    /// Who we are.
    pub sts: Sts,
    /// Alarms and metrics.
    pub cloudwatch: CloudWatch,
    /// Health events.
    pub health: Health,
    /// Recovery points and jobs.
    pub backup: Backup,
    /// Runbooks and OpsItems.
    pub ssm: Ssm,
    /// Zones, records, changes.
    pub route53: Route53,
}

impl SiteClients {
    /// The clients of one site.
    pub fn new(plan: SitePlan, connection: &Connection) -> Self {
        Self {
            plan,
            sts: Sts::new(connection),
            cloudwatch: CloudWatch::new(connection),
            health: Health::new(connection),
            backup: Backup::new(connection),
            ssm: Ssm::new(connection),
            route53: Route53::new(connection),
        }
    }

    /// Who AWS says we are here.
    ///
    /// # Errors
    /// As [`Sts::identity`].
    pub async fn identity(&self) -> Result<Identity, Problem> {
        self.sts.identity().await
    }
}

impl Sites {
    /// The clients of every site of the plan that has a connection.
    pub fn new<'a>(plan: &Plan, connections: impl IntoIterator<Item = &'a Connection>) -> Self {
        let sites = connections.into_iter().filter_map(|connection| {
            let site = plan.site(connection.site())?;
            Some((site.name.clone(), SiteClients::new(site.clone(), connection)))
        });
        Self { sites: sites.collect() }
    }

    /// One site.
    pub fn site(&self, name: &SiteName) -> Option<&SiteClients> {
        self.sites.get(name)
    }

    /// All sites.
    pub fn all(&self) -> impl Iterator<Item = &SiteClients> {
        self.sites.values()
    }
}
