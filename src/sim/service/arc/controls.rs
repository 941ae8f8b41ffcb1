//! The data plane of routing controls: their states, and the safety rules that guard them.

use std::collections::BTreeMap;
use std::ops::Bound;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Arc, ENDPOINTS};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::page::Paging;
use crate::sim::world::World;

const PAGING: Paging = Paging {
    token: "NextToken",
    size: "MaxResults",
    default: 500,
    max: 500,
    code: "ValidationException",
    message: "The provided NextToken is not valid.",
};

/// Answers one call to a cluster.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    if !ENDPOINTS.contains(&call.caller.region.as_str()) {
        return Err(Refusal::new("InvalidSignatureException", "Credential should be scoped to a valid Region. ").status(403));
    }
    let input = &call.input;
    let account = call.caller.account.clone();
    let nothing = Arc::default();
    let found = world.estate.arc.get(&account).unwrap_or(&nothing);
    match call.operation.as_str() {
        "GetRoutingControlState" => {
            let arn = members::required(input, "RoutingControlArn");
            let control = found.controls.get(arn).ok_or_else(|| absent(arn))?;
            let name = members::required(&control.members, "Name");
            Ok(json!({"RoutingControlArn": arn, "RoutingControlState": word(control.on), "RoutingControlName": name}))
        }
        "ListRoutingControls" => {
            let cursor = PAGING.open::<String>(call)?;
            let panel = members::text(input, "ControlPanelArn");
            if let Some(panel) = panel.filter(|panel| !found.panels.contains_key(*panel)) {
                let message = format!("ControlPanel not found: {panel}");
                let refusal = Refusal::new("ResourceNotFoundException", message).status(404);
                return Err(refusal.with("resourceId", panel).with("resourceType", "ControlPanel"));
            }
            let from = cursor.after.clone().map_or(Bound::Unbounded, Bound::Excluded);
            let rows = found.controls.range((from, Bound::Unbounded)).filter(|(_, control)| {
                panel.is_none_or(|panel| members::text(&control.members, "ControlPanelArn") == Some(panel))
            });
            let tell = |(arn, control): (&String, &super::Control)| {
                let panel = members::required(&control.members, "ControlPanelArn");
                let told = json!({
                    "ControlPanelArn": panel, "ControlPanelName": found.panels.get(panel).map_or("", |panel| members::required(panel, "Name")),
                    "RoutingControlArn": arn, "RoutingControlName": members::required(&control.members, "Name"),
                    "RoutingControlState": word(control.on), "Owner": account,
                });
                (arn.clone(), told)
            };
            let (page, token) = cursor.take(rows.map(tell));
            Ok(Members::new().set("RoutingControls", page).maybe("NextToken", token).done())
        }
        "UpdateRoutingControlState" => update(world, call, std::slice::from_ref(input)),
        _ => update(world, call, members::list(input, "UpdateRoutingControlStateEntries")),
    }
}

fn word(on: bool) -> &'static str {
    if on { "On" } else { "Off" }
}

fn absent(arn: &str) -> Refusal {
    let refusal = Refusal::new("ResourceNotFoundException", format!("RoutingControl not found: {arn}")).status(404);
    refusal.with("resourceId", arn).with("resourceType", "RoutingControl")
}

fn update(world: &mut World, call: &Call, entries: &[Value]) -> Answer {
    let overridden = members::texts(&call.input, "SafetyRulesToOverride");
    let mut wanted = BTreeMap::new();
    for entry in entries {
        let arn = members::required(entry, "RoutingControlArn");
        let on = members::text(entry, "RoutingControlState") == Some("On");
        if wanted.insert(arn.to_owned(), on).is_some_and(|before| before != on) {
            let message = "The request names a routing control with two states.";
            return Err(Refusal::new("ValidationException", message).with("reason", "fieldValidationFailed"));
        }
    }
    set(world, &call.caller.account, &wanted, &overridden)?;
    for (arn, on) in &wanted {
        world.effect(call, &format!("{arn} {}", word(*on)));
    }
    Ok(json!({}))
}

/// Sets the states of routing controls, all or none, unless a safety rule that is not overridden stands in the way.
///
/// # Errors
/// One does, or a control or a rule is not there.
pub fn set(world: &mut World, account: &str, wanted: &BTreeMap<String, bool>, overridden: &[&str]) -> Result<(), Refusal> {
    let now = world.now();
    let arc = world.estate.arc.entry(account.to_owned()).or_default();
    if let Some(unknown) = wanted.keys().find(|arn| !arc.controls.contains_key(*arn)) {
        return Err(absent(unknown));
    }
    if let Some(unknown) = overridden.iter().find(|rule| !arc.rules.contains_key(**rule)) {
        let message = format!("The safety rule to override does not exist: {unknown}");
        return Err(Refusal::new("ValidationException", message).with("reason", "fieldValidationFailed"));
    }
    for (arn, rule) in arc.rules.iter().filter(|(arn, _)| !overridden.contains(&arn.as_str())) {
        if let Some(why) = stands_in_the_way(arc, rule, wanted, now) {
            let message = format!("Safety rule {arn} is violated: {why}");
            return Err(Refusal::new("ConflictException", message)
                .status(409)
                .with("resourceId", arn.as_str())
                .with("resourceType", "SafetyRule"));
        }
    }
    for (arn, on) in wanted {
        if let Some(control) = arc.controls.get_mut(arn).filter(|control| control.on != *on) {
            control.on = *on;
            control.changed = Some(now);
        }
    }
    Ok(())
}

/// Why a safety rule does not let a change happen; `None`: it does.
fn stands_in_the_way(arc: &Arc, rule: &Value, wanted: &BTreeMap<String, bool>, now: DateTime<Utc>) -> Option<String> {
    let (gates, rule) = rule.as_object()?.iter().next().map(|(kind, rule)| (kind == "GatingRule", rule))?;
    let guarded = members::texts(rule, if gates { "TargetControls" } else { "AssertedControls" });
    let changes = |arn: &&str| wanted.get(*arn).is_some_and(|on| arc.is_on(arn) != Some(*on));
    if !guarded.iter().any(changes) {
        return None;
    }
    let rest = TimeDelta::milliseconds(members::integer(rule, "WaitPeriodMs").unwrap_or(0));
    let recent = |arn: &&str| arc.controls.get(*arn).and_then(|control| control.changed).is_some_and(|at| now < at + rest);
    let name = members::required(rule, "Name");
    if guarded.iter().any(recent) {
        return Some(format!("{name} is in its evaluation period"));
    }
    let looked_at = if gates { members::texts(rule, "GatingControls") } else { guarded };
    let on = looked_at.iter().filter(|arn| wanted.get(**arn).copied().or_else(|| arc.is_on(arn)) == Some(true)).count();
    let config = rule.get("RuleConfig").unwrap_or(&Value::Null);
    let holds = match members::required(config, "Type") {
        "AND" => on == looked_at.len(),
        "OR" => on > 0,
        _ => i64::try_from(on).is_ok_and(|on| on >= members::integer(config, "Threshold").unwrap_or(0)),
    };
    let holds = holds != (members::flag(config, "Inverted") == Some(true));
    let what = if gates { "the gating controls" } else { "the asserted controls" };
    (!holds).then(|| format!("{name} does not hold for {what}, of which {on} would be On"))
}
