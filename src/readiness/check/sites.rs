//! Are we let in at each site, as whom, and are the plan's alarms there?

use crate::plan::SitePlan;
use crate::readiness::{Asked, Found, Ready};

/// More pages than a Region has alarms.
const PAGES: usize = 200;

pub(super) async fn identity(asked: Asked<'_>, site: &SitePlan) -> Vec<Found> {
    let Some(clients) = asked.sites.site(&site.name) else { return Vec::new() };
    let found = match clients.sts.identity().await {
        Ok(identity) if identity.account == site.account => {
            Found::yes("identity", &site.name, format!("we are {} in {}", identity.arn, site.region))
        }
        Ok(identity) => {
            let what = format!("AWS says that we are {}, and the plan says account {}", identity.arn, site.account);
            let next = "use the profile or role of that account for this site, or correct the plan";
            Found::yes("identity", &site.name, what).but(Ready::No, "nothing can be confirmed at a site of another account", next)
        }
        Err(problem) => {
            let why = "whoever recovers has to be let in here, and was not";
            let next = match &site.role_arn {
                Some(role) => format!("let the caller assume {role}; {}", problem.kind.next()),
                None => problem.kind.next().to_owned(),
            };
            Found::yes("identity", &site.name, problem.to_string()).but(Ready::No, why, next)
        }
    };
    vec![found]
}

pub(super) async fn alarms(asked: Asked<'_>, site: &SitePlan) -> Vec<Found> {
    let wanted: Vec<&str> =
        asked.plan.alarms.iter().filter(|alarm| alarm.site == site.name).map(|alarm| alarm.name.as_str()).collect();
    let Some(clients) = asked.sites.site(&site.name).filter(|_| !wanted.is_empty()) else { return Vec::new() };
    let known = match clients.cloudwatch.alarms(PAGES).await {
        Ok(listing) => listing.rows,
        Err(problem) => return vec![Found::unknown("alarm", &site.name, &problem)],
    };
    let look = |name: &&str| {
        let subject = format!("{}/{name}", site.name);
        match known.iter().find(|alarm| alarm.name == **name) {
            Some(alarm) => Found::yes("alarm", subject, format!("it is {}", alarm.state)),
            None => Found::yes("alarm", subject, format!("there is no alarm {name} in {}", site.region)).but(
                Ready::No,
                "a signal that does not exist detects nothing, and a check of it never ends",
                "create the alarm, or take it out of `signals.alarms`",
            ),
        }
    };
    wanted.iter().map(look).collect()
}
