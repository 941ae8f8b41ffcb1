//! `arc.routing_control`: routing controls set at a cluster's endpoints, and read until they are as they are to be.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use crate::cloud::{RoutingControl, SiteClients};
use crate::domain::{
    Change, Finding, MutatingCall, Problem, ProblemKind, Progress, ProgressPart, RoutingControlEntry, RoutingControlStates,
};
use crate::plan::RoutingControlSwitch;

use super::super::prepare::{Asking, Draft};
use super::{End, Following, Found, Look};

/// How many endpoints a cluster has (Application Recovery Controller developer guide, "Routing control components").
const ENDPOINTS: usize = 5;

pub(super) async fn prepare(asking: &Asking<'_>, switch: &RoutingControlSwitch) -> Result<Draft, Problem> {
    let mut entries = Vec::new();
    for (arn, on) in &switch.controls {
        let routing_control_state = if *on { "On" } else { "Off" }.to_owned();
        entries.push(RoutingControlEntry { routing_control_arn: asking.text(arn)?, routing_control_state });
    }
    let rules = switch.overrides.iter().map(|rule| asking.text(rule)).collect::<Result<Vec<_>, _>>()?;
    let wanted = RoutingControlStates {
        endpoints: switch.endpoints.clone(),
        update_routing_control_state_entries: entries,
        safety_rules_to_override: rules,
    };
    let (mut changes, mut findings, mut names) = (Vec::new(), Vec::new(), Vec::new());
    let (mut there, mut told_by) = (0, Vec::new());
    for (entry, found) in wanted.update_routing_control_state_entries.iter().zip(states(asking.site, &wanted).await) {
        let state = &entry.routing_control_state;
        let control = match found {
            Ok(control) => control,
            Err(problem) if problem.kind == ProblemKind::Missing => {
                findings.push(Finding::blocks(format!("there is no routing control {}", entry.routing_control_arn)));
                continue;
            }
            Err(problem) => return Err(problem),
        };
        there += usize::from(control.state == *state);
        names.push(format!("{} {state}", control.label()));
        let what = format!("routing control {}", control.label());
        changes.push(Change { what, before: Some(control.state), after: Some(state.clone()), why: None });
        told_by.push(control.told_by);
    }
    for rule in &wanted.safety_rules_to_override {
        let (before, after) = (Some("guards the controls".to_owned()), Some("overridden by this call".to_owned()));
        changes.push(Change { what: format!("safety rule {rule}"), before, after, why: None });
    }
    if !wanted.safety_rules_to_override.is_empty() {
        let count = wanted.safety_rules_to_override.len();
        findings.push(Finding::warns(format!(
            "{count} safety rule(s) will not stand in the way: what they guard against can happen"
        )));
    }
    if there == wanted.update_routing_control_state_entries.len() {
        findings.push(Finding::warns("every control is as it is to be already"));
    }
    if let Some(region) = told_by.last() {
        findings.push(Finding::good(format!("the cluster's endpoint in {region} answers; it needs no control plane")));
    }
    if wanted.endpoints.len() < ENDPOINTS {
        let text = format!(
            "the plan names {} of the cluster's {ENDPOINTS} endpoints: the others cannot be turned to",
            wanted.endpoints.len()
        );
        findings.push(Finding::warns(text));
    }
    let summary = format!("set {} at the cluster's endpoints, one after the other until one takes it", names.join(", "));
    let call = Some(MutatingCall::UpdateRoutingControlStates(wanted));
    Ok(Draft { summary, call, changes, findings, ..Draft::default() })
}

/// The states of the controls that a call names, in its order.
async fn states(site: &SiteClients, wanted: &RoutingControlStates) -> Vec<Result<RoutingControl, Problem>> {
    let entries = wanted.update_routing_control_state_entries.iter();
    join_all(entries.map(|entry| site.routing_controls.control(&wanted.endpoints, &entry.routing_control_arn))).await
}

pub(super) async fn look(following: &Following<'_>) -> Result<Look, Problem> {
    let Some(MutatingCall::UpdateRoutingControlStates(wanted)) = &following.confirmed.call else {
        return Err(Problem::new(ProblemKind::Invalid, "routing controls", "the confirmation holds no routing controls"));
    };
    let found = states(following.site, wanted).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let parts: Vec<ProgressPart> =
        found.iter().map(|control| ProgressPart { name: control.label().to_owned(), status: control.state.clone() }).collect();
    if as_wanted(wanted, &found) {
        let states: Vec<String> = parts.iter().map(|part| format!("{} {}", part.name, part.status)).collect();
        let mut end = End::default().with("states", states.join(", "));
        end.ended_at = Some(following.now);
        return Ok(Look::Done(Box::new(end)));
    }
    let doing = "the endpoints do not all tell the new states yet".to_owned();
    Ok(Look::Running(Progress { doing, parts, ..Progress::default() }))
}

fn as_wanted(wanted: &RoutingControlStates, found: &[RoutingControl]) -> bool {
    let states: BTreeMap<&str, &str> = found.iter().map(|control| (control.arn.as_str(), control.state.as_str())).collect();
    wanted
        .update_routing_control_state_entries
        .iter()
        .all(|entry| states.get(entry.routing_control_arn.as_str()) == Some(&entry.routing_control_state.as_str()))
}

/// It is all or nothing: it took effect if every control is as confirmed.
pub(super) async fn reconcile(site: &SiteClients, wanted: &RoutingControlStates) -> Result<Found, Problem> {
    let found = states(site, wanted).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(if as_wanted(wanted, &found) {
        let handle = found.last().map(|control| control.told_by.to_string()).unwrap_or_default();
        Found::TookEffect { handle, aws_at: None }
    } else {
        Found::MayBeSent
    })
}
