//! `route53.health_check`: what a health check's checkers find is turned around, and Route 53 answers without what it guards, or with it again.

use crate::cloud::SiteClients;
use crate::domain::{Change, Finding, HealthCheckInversion, MutatingCall, Problem, ProblemKind, Progress};
use crate::plan::HealthCheckTurn;

use super::super::prepare::{Asking, Draft};
use super::{End, Following, Found, Look};

pub(super) async fn prepare(asking: &Asking<'_>, turn: &HealthCheckTurn) -> Result<Draft, Problem> {
    let id = asking.text(&turn.id)?;
    let found = asking.site.route53.health_check(&id).await?;
    let mut findings = Vec::new();
    if found.inverted == turn.inverted {
        findings.push(Finding::warns(format!("the health check is {} already", word(found.inverted))));
    }
    if found.disabled {
        findings.push(Finding::warns("the health check is disabled: Route 53 takes it for healthy, and inverted for unhealthy"));
    }
    // Not every kind has checkers whose sight can be asked for.
    if let Ok(status) = asking.site.route53.health_check_status(&id).await
        && let Some(healthy) = status.is_healthy()
    {
        let (seen, all) = (status.successes(), status.observations.len());
        let counts = if healthy == turn.inverted { "unhealthy" } else { "healthy" };
        findings.push(Finding::good(format!(
            "{seen} of {all} checkers report success: {} it counts as {counts}",
            word(turn.inverted)
        )));
    }
    let change = Change {
        what: format!("health check {id} ({})", found.kind),
        before: Some(word(found.inverted).to_owned()),
        after: Some(word(turn.inverted).to_owned()),
        why: None,
    };
    let call = MutatingCall::UpdateHealthCheck(HealthCheckInversion {
        health_check_id: id.clone(),
        health_check_version: found.version,
        inverted: turn.inverted,
    });
    let summary = format!("make the health check {id} {}", word(turn.inverted));
    Ok(Draft { summary, call: Some(call), changes: vec![change], findings, ..Draft::default() })
}

fn word(inverted: bool) -> &'static str {
    if inverted { "inverted" } else { "not inverted" }
}

pub(super) async fn look(following: &Following<'_>) -> Result<Look, Problem> {
    let Some(MutatingCall::UpdateHealthCheck(change)) = &following.confirmed.call else {
        return Err(Problem::new(ProblemKind::Invalid, "Route 53 GetHealthCheck", "the confirmation holds no health check"));
    };
    let found = following.site.route53.health_check(&change.health_check_id).await?;
    if found.inverted != change.inverted {
        let doing = format!("the health check is still {}, in version {}", word(found.inverted), found.version);
        return Ok(Look::Running(Progress { doing, ..Progress::default() }));
    }
    let mut end = End::default().with("health_check_version", found.version.to_string());
    end.ended_at = Some(following.now);
    Ok(Look::Done(Box::new(end)))
}

pub(super) async fn reconcile(site: &SiteClients, change: &HealthCheckInversion) -> Result<Found, Problem> {
    let found = site.route53.health_check(&change.health_check_id).await?;
    Ok(if found.inverted == change.inverted {
        Found::TookEffect { handle: change.health_check_id.clone(), aws_at: None }
    } else {
        Found::MayBeSent
    })
}
