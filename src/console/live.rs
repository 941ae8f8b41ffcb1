//! The connections of a plan's sites, to AWS or to whatever endpoint was named.

use crate::clock::Clock;
use crate::cloud::{Access, Base, Connection, Recorder, SiteSettings};
use crate::domain::{Operator, Problem, Region, SiteName};
use crate::plan::Plan;

/// How the sites are reached.
#[derive(Debug, Clone)]
pub struct Reach {
    /// Where base credentials come from.
    pub access: Access,
    /// Everything goes there instead of to AWS.
    pub endpoint_url: Option<String>,
    /// The Region whose STS issues the sites' roles; the recovery Region by default, never the sick one.
    pub sts_region: Option<Region>,
}

/// One connection a site. Calls nothing: whether credentials are good shows when something is asked.
///
/// # Errors
/// Settings that cannot work.
pub async fn connect(
    plan: &Plan,
    reach: Reach,
    operator: &Operator,
    clock: &Clock,
    recorder: &Recorder,
) -> Result<Vec<Connection>, Problem> {
    let recovery = plan.site(&SiteName::recovery()).map(|site| site.region.clone());
    let sts_region = reach.sts_region.or(recovery).unwrap_or_else(|| Region::new(Region::GLOBAL));
    let mut base = Base::new(reach.access, sts_region);
    if let Some(url) = &reach.endpoint_url {
        base = base.with_endpoint_url(url);
    }
    let mut connections = Vec::new();
    for site in plan.sites.values() {
        let settings = SiteSettings {
            name: site.name.clone(),
            region: site.region.clone(),
            profile: site.profile.clone(),
            role_arn: site.role_arn.clone(),
            external_id: site.external_id.clone(),
            session_name: operator.to_string(),
        };
        connections.push(Connection::open(&base, &settings, clock, recorder).await?);
    }
    Ok(connections)
}
