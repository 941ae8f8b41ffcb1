//! The list of checks: of the plan as a whole, then of each step by what it does.

mod called;
mod exists;
mod moment;
mod restore;
mod roles;
mod routes;
mod sites;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Asked, AskedOf, Found, Ready};
use crate::domain::SiteName;
use crate::plan::{Action, Step};

/// A question that is being asked.
pub(super) type Look<'a> = BoxFuture<'a, Vec<Found>>;

/// Every check that the plan needs.
pub(super) fn all(asked: Asked<'_>) -> Vec<Look<'_>> {
    let mut looks: Vec<Look<'_>> = Vec::new();
    for site in asked.plan.sites.values() {
        looks.push(sites::identity(asked, site).boxed());
        looks.push(sites::alarms(asked, site).boxed());
    }
    looks.push(async move { control_planes(asked) }.boxed());
    for step in &asked.plan.steps {
        looks.extend(of_step(asked, step));
    }
    looks
}

/// The checks of one step, by its action. A new kind of action adds its own here.
fn of_step<'a>(asked: Asked<'a>, step: &'a Step) -> Vec<Look<'a>> {
    let Asked { plan, sites, now } = asked;
    let (Some(place), Some(site)) = (plan.site(&step.site), sites.site(&step.site)) else {
        let found = Found::yes("site", &step.id, format!("there is no connection to the site {}", step.site)).but(
            Ready::Unknown,
            "the step cannot be checked",
            "see what was found about the site",
        );
        return vec![async move { vec![found] }.boxed()];
    };
    let asked = AskedOf { plan, step, place, site, now };
    let looks: Vec<Look<'a>> = match &step.action {
        Action::BackupRestore { .. } => vec![restore::point(asked).boxed(), roles::role(asked).boxed()],
        Action::SsmAutomation { .. } => vec![exists::runbook(asked).boxed()],
        Action::Route53Change { .. } => vec![routes::records(asked).boxed()],
        Action::ArcRoutingControl(_) => vec![called::routing_controls(asked).boxed()],
        Action::ArcRegionSwitch(_) => vec![called::region_switch(asked).boxed()],
        Action::HealthCheckInvert(_) => vec![called::health_check(asked).boxed()],
        Action::CloudFormationDeploy(_) => vec![called::template(asked).boxed(), roles::role(asked).boxed()],
        Action::LambdaInvoke(_) => vec![called::function(asked).boxed()],
        Action::StateMachineExecute(_) => vec![called::state_machine(asked).boxed()],
        Action::SnsPublish(_) => vec![called::topic(asked).boxed()],
        Action::DynamoDbRestore(_) => vec![moment::table(asked).boxed()],
        Action::RdsRestore(_) => vec![moment::database(asked).boxed()],
        Action::S3Rewind(_) => vec![moment::bucket(asked).boxed()],
        Action::BackupCopy(_) => vec![restore::copied(asked).boxed(), roles::role(asked).boxed()],
        Action::SsmRunCommand(_) => vec![exists::command(asked).boxed()],
        Action::CloudControlCreate(_) => vec![exists::created(asked).boxed()],
        // What is found by what earlier steps made, or by nothing but a person.
        Action::SsmOpsItem { .. } | Action::Delete(_) | Action::Wait(_) | Action::Manual { .. } | Action::Check(_) => Vec::new(),
    };
    let line = step.line;
    let with_line = |look: Look<'a>| {
        look.map(move |found| found.into_iter().map(|found| Found { line: Some(line), ..found }).collect()).boxed()
    };
    looks.into_iter().map(with_line).collect()
}

/// A plan whose steps all need the primary's control plane can do nothing when the primary is gone.
fn control_planes(asked: Asked<'_>) -> Vec<Found> {
    let Some(primary) = asked.plan.site(&SiteName::primary()) else { return Vec::new() };
    let needs = asked.plan.steps.iter().filter_map(|step| {
        let site = asked.plan.site(&step.site)?;
        Some((step, step.needs_control_plane(&site.region)?))
    });
    let (mut lost, mut left) = (Vec::new(), 0);
    for (step, region) in needs {
        if region == primary.region.as_str() {
            lost.push(step);
        } else {
            left += 1;
        }
    }
    // What is for a primary that can still be stopped in good order may need it.
    let options = |step: &&Step| {
        let when = step.when.as_ref()?;
        when.asks_choice(crate::domain::MODE).then_some(())
    };
    lost.retain(|step| options(step).is_none());
    let region = &primary.region;
    if lost.is_empty() {
        return vec![Found::yes(
            "control-plane",
            "plan",
            format!("no step needs the control plane in {region}, which may be gone"),
        )];
    }
    let ids: Vec<&str> = lost.iter().map(|step| step.id.as_str()).collect();
    let found = Found::yes("control-plane", "plan", format!("need the control plane in {region}: {}", ids.join(", ")));
    let why = format!("if {region} is gone these steps cannot be done");
    let next = "act at the recovery site instead, or give them `when = { mode = \"graceful\" }`";
    vec![found.but(if left == 0 { Ready::No } else { Ready::Doubtful }, why, next)]
}
