//! Tries each read once, side by side, and says what came of it and what to do.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde::Serialize;

use super::{Need, Read};
use crate::clock::Clock;
use crate::cloud::{ClockOffset, HealthFilter, SiteClients, Sites};
use crate::domain::{Problem, ProblemKind};
use crate::plan::{Action, Plan, SitePlan};

/// A clock that is further off than this has its requests refused by AWS before long (15 minutes are the limit), and its record is
/// hard to read.
const CLOCK_OFF_SECS: f64 = 5.0;

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It works.
    Well,
    /// It works, and something about it is not good; or it was not tried.
    Doubtful,
    /// It does not work.
    Broken,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about: `machine`, `site recovery`, a pane, a step.
    pub of: String,
    /// What was looked at.
    pub what: String,
    /// The Region whose control plane answers; none for what is on this machine.
    pub control_plane: Option<String>,
    /// How it stands.
    pub state: State,
    /// What was seen.
    pub seen: String,
    /// What to do about it.
    pub fix: Option<String>,
}

/// Tries every need, and the clock. One read that several need is tried once.
pub async fn examine(
    needs: &[Need],
    plan: &Plan,
    sites: &Sites,
    clock: &Clock,
    offset: impl Fn() -> Option<ClockOffset>,
) -> Vec<Finding> {
    let mut tried: BTreeMap<_, Vec<&Need>> = BTreeMap::new();
    for need in needs {
        let key = (need.site.clone(), need.read, need.about.clone(), need.service);
        tried.entry(key).or_default().push(need);
    }
    let questions = tried.into_values().map(async |same| {
        let answer = match (plan.site(&same[0].site), sites.site(&same[0].site)) {
            (Some(site), Some(clients)) => Some(ask(same[0], plan, site, clients, clock).await),
            _ => None,
        };
        (same, answer)
    });
    let mut findings = Vec::new();
    for (same, answer) in join_all(questions).await {
        findings.extend(same.into_iter().filter_map(|need| answer.as_ref().map(|answer| finding(need, answer))));
    }
    findings.sort_by_key(|finding| needs.iter().position(|need| need.of == finding.of && finding.what.starts_with(need.service)));
    findings.extend(offset().map(of_clock));
    findings
}

/// A name that nothing has: that it may be asked for is the question.
const NOBODY: &str = "lifeboat-doctor";
const NO_ID: &str = "00000000-0000-0000-0000-000000000000";

type Seen = Result<(State, String, Option<String>), Problem>;

async fn ask(need: &Need, plan: &Plan, site: &SitePlan, clients: &SiteClients, clock: &Clock) -> Seen {
    let well = |seen: String| Ok((State::Well, seen, None));
    let since = clock.now() - TimeDelta::days(1);
    match need.read {
        Read::Identity => {
            let identity = clients.sts.identity().await?;
            if identity.account == site.account {
                return well(format!("we are {}", identity.arn));
            }
            let seen = format!("account {} answers, and the plan says {}", identity.account, site.account);
            Ok((State::Broken, seen, Some(format!("give the site the profile or role of account {}", site.account))))
        }
        Read::Alarms => {
            let found = clients.cloudwatch.alarms(1).await?;
            if found.rows.is_empty() {
                let fix = "no alarm can detect trouble there: create some, or name another Region".to_owned();
                return Ok((State::Doubtful, "no alarms".to_owned(), Some(fix)));
            }
            well(format!("{}{} alarms", if found.complete { "" } else { "more than " }, found.rows.len()))
        }
        Read::AlarmHistory => clients.cloudwatch.alarm_history(NOBODY, since, 1).await.map(|_| ok("may be read")),
        Read::MuteRules => clients.cloudwatch.muted_by(NOBODY).await.map(|_| ok("may be read")),
        Read::Metrics => metrics(need.about.as_deref().unwrap_or_default(), clients, clock).await,
        Read::VaultList => clients.backup.vaults(1).await.map(|found| ok(&format!("{} vaults", found.rows.len()))),
        Read::CopyJobs => clients.backup.copies_since(since, 1).await.map(|_| ok("copies can be followed")),
        Read::Stacks => clients.cloudformation.stack(NOBODY).await.map(|_| ok("stacks can be read")),
        Read::Tables => clients.dynamodb.table(NOBODY).await.map(|_| ok("tables can be read")),
        Read::Health => {
            let filter = HealthFilter { updated_since: Some(since), ..HealthFilter::default() };
            clients.health.events(&filter, 1).await.map(|found| ok(&format!("{} events of the last day", found.rows.len())))
        }
        Read::Push => {
            let queue = site.queue.as_deref().unwrap_or_default();
            clients.queue.look(&site.account, queue).await.map(|()| ok(&format!("queue {queue} can be read")))
        }
        Read::ProtectedResources => {
            clients.backup.protected_resources(1).await.map(|found| ok(&format!("{} resources", found.rows.len())))
        }
        Read::Vaults => vaults(site, clients).await,
        Read::RestoreJobs => clients.backup.restore_jobs(since, None, 1).await.map(|_| ok("restore jobs can be followed")),
        Read::Runbooks => clients.ssm.automations_since(NOBODY, since, 1).await.map(|_| ok("executions can be followed")),
        Read::OpsItems => clients.ssm.ops_item_by_dedup(NOBODY).await.map(|_| ok("OpsItems can be found")),
        Read::Records => {
            let zone = clients.route53.hosted_zone(need.about.as_deref().unwrap_or_default()).await?;
            clients.route53.records(&zone.id, None, 1).await.map(|found| ok(&format!("{} records", found.rows.len())))
        }
        Read::Commands => clients.ssm.commands(None, Some(since), 1).await.map(|_| ok("commands can be followed")),
        Read::Resources => {
            let type_name = need.about.as_deref().unwrap_or_default();
            match clients.cloudcontrol.resource(type_name, NOBODY).await {
                // Some identifiers have a form of their own: who is told so was let in.
                Err(problem) if problem.kind != ProblemKind::Invalid => Err(problem),
                _ => well(format!("{type_name} can be read")),
            }
        }
        Read::Versions => readable(clients.s3.versioning(need.about_or(NOBODY)).await),
        Read::Functions => readable(clients.lambda.function(need.about_or(NOBODY), None).await),
        Read::StateMachines => {
            let nobody = format!("arn:aws:states:{}:{}:stateMachine:{NOBODY}", site.region, site.account);
            readable(clients.step_functions.state_machine(need.about_or(&nobody)).await)
        }
        Read::Topics => {
            let nobody = format!("arn:aws:sns:{}:{}:{NOBODY}", site.region, site.account);
            readable(clients.sns.subscriptions(need.about_or(&nobody)).await)
        }
        Read::HealthChecks => readable(clients.route53.health_check(need.about_or(NO_ID)).await),
        Read::SwitchPlans => {
            let nobody = format!("arn:aws:arc-region-switch::{}:plan/{NOBODY}:000000", site.account);
            readable(clients.region_switch.plan(need.about_or(&nobody)).await)
        }
        Read::RoutingControls => routing_controls(&need.of, plan, clients).await,
    }
}

/// May it be read? Whether it is there and as it should be is for `plan check` to say.
fn readable<T>(answer: Result<T, Problem>) -> Seen {
    match answer {
        Err(problem) if problem.kind != ProblemKind::Missing => Err(problem),
        _ => Ok(ok("may be read")),
    }
}

/// The state of each control of a step, from whichever of the cluster's endpoints answers.
async fn routing_controls(of: &str, plan: &Plan, clients: &SiteClients) -> Seen {
    let switch = plan.steps.iter().find_map(|step| match &step.action {
        Action::ArcRoutingControl(switch) if of == format!("step {}", step.id) => Some(switch),
        _ => None,
    });
    let Some(switch) = switch else { return Ok(ok("no controls")) };
    let mut read = 0;
    for (control, _) in &switch.controls {
        let Ok(arn) = control.resolve(plan) else { continue };
        clients.routing_controls.control(&switch.endpoints, &arn).await?;
        read += 1;
    }
    Ok(ok(&format!("{read} of {} routing controls can be read", switch.controls.len())))
}

fn ok(seen: &str) -> (State, String, Option<String>) {
    (State::Well, seen.to_owned(), None)
}

/// The metric behind one of the plan's alarms, of the last hour.
async fn metrics(alarm: &str, clients: &SiteClients, clock: &Clock) -> Seen {
    let now = clock.now();
    match clients.cloudwatch.graph(alarm, now - TimeDelta::hours(1), now, 1).await {
        Ok(graph) => Ok(ok(&format!("{} datapoints of {alarm} in an hour", graph.points.len()))),
        Err(problem) if problem.kind == ProblemKind::Missing => {
            Ok((State::Doubtful, format!("not tried: {alarm} is no metric alarm there"), None))
        }
        Err(problem) => Err(problem),
    }
}

async fn vaults(site: &SitePlan, clients: &SiteClients) -> Seen {
    if site.vaults.is_empty() {
        return Ok((State::Doubtful, "the plan names no vault here".to_owned(), Some("add `vaults` to the site".to_owned())));
    }
    let (mut points, mut more) = (0, "");
    for vault in &site.vaults {
        let found = clients.backup.recovery_points(vault, 1).await?;
        points += found.rows.len();
        more = if found.complete { more } else { "more than " };
    }
    let seen = format!("{more}{points} recovery points in {}", site.vaults.join(", "));
    let fix = (points == 0).then(|| "there is nothing to restore from: look at the copy rules of the backup plan".to_owned());
    Ok((if points == 0 { State::Broken } else { State::Well }, seen, fix))
}

fn finding(need: &Need, answer: &Seen) -> Finding {
    let (mut state, mut seen, mut fix) = match answer {
        Ok((state, seen, fix)) => (*state, seen.clone(), fix.clone()),
        // Without a support plan the rest works as well.
        Err(problem) if problem.kind == ProblemKind::Unavailable => {
            (State::Doubtful, problem.to_string(), Some("`lifeboat feed template` is the way out".to_owned()))
        }
        Err(problem) => (State::Broken, problem.to_string(), Some(problem.kind.next().to_owned())),
    };
    if need.needs_primary {
        state = state.max(State::Doubtful);
        seen.push_str("; answers only while the primary Region is up");
        fix = fix.or_else(|| Some("name a Region that is not the primary: for STS with --region".to_owned()));
    }
    Finding {
        of: need.of.clone(),
        what: format!("{} at {}", need.service, need.site),
        control_plane: Some(need.control_plane.to_string()),
        state,
        seen,
        fix,
    }
}

fn of_clock(offset: ClockOffset) -> Finding {
    let off = offset.secs.abs() - offset.uncertainty_secs > CLOCK_OFF_SECS;
    let seen = format!("AWS's clock is {:+.1} s from ours, give or take {:.1} s", offset.secs, offset.uncertainty_secs);
    let fix = off.then(|| "set this machine's clock: AWS refuses what is 15 minutes off".to_owned());
    let state = if off { State::Doubtful } else { State::Well };
    Finding { of: "machine".to_owned(), what: "clock".to_owned(), control_plane: None, state, seen, fix }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_off_only_beyond_what_cannot_be_known() {
        let offset = |secs| ClockOffset { secs, uncertainty_secs: 1.0, measured_at: chrono::DateTime::UNIX_EPOCH };
        assert_eq!(of_clock(offset(5.5)).state, State::Well);
        assert_eq!(of_clock(offset(-90.0)).state, State::Doubtful);
    }
}
