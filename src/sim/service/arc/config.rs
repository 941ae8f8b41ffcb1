//! The control plane of routing controls: clusters, control panels, controls and safety rules.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Arc, Control, ENDPOINTS};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::page::Paging;
use crate::sim::world::World;

const PAGING: Paging = Paging {
    token: "NextToken",
    size: "MaxResults",
    default: 1000,
    max: 1000,
    code: "ValidationException",
    message: "The provided NextToken is not valid.",
};

/// Answers one call to the control plane.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let operation = call.operation.as_str();
    if operation.starts_with("Create") {
        return create(world, call);
    }
    let account = call.caller.account.clone();
    let arc = world.estate.arc.entry(account).or_default();
    let input = &call.input;
    match operation {
        "DescribeCluster" => Ok(json!({"Cluster": found(&arc.clusters, input, "ClusterArn")?})),
        "DescribeControlPanel" => {
            let panel = found(&arc.panels, input, "ControlPanelArn")?.clone();
            Ok(json!({"ControlPanel": counted(arc, panel)}))
        }
        "DescribeRoutingControl" => Ok(json!({"RoutingControl": control(arc, input)?.members})),
        "DescribeSafetyRule" => Ok(found(&arc.rules, input, "SafetyRuleArn")?.clone()),
        "ListClusters" => list(call, "Clusters", arc.clusters.iter().map(|(arn, cluster)| (arn, cluster.clone()))),
        "ListControlPanels" => {
            let cluster = members::text(input, "ClusterArn");
            let rows = arc
                .panels
                .iter()
                .filter(|(_, panel)| cluster.is_none_or(|cluster| members::text(panel, "ClusterArn") == Some(cluster)));
            list(call, "ControlPanels", rows.map(|(arn, panel)| (arn, counted(arc, panel.clone()))))
        }
        "ListRoutingControls" => {
            let panel = members::required(input, "ControlPanelArn");
            found(&arc.panels, input, "ControlPanelArn")?;
            let rows =
                arc.controls.iter().filter(|(_, control)| members::text(&control.members, "ControlPanelArn") == Some(panel));
            list(call, "RoutingControls", rows.map(|(arn, control)| (arn, control.members.clone())))
        }
        "ListSafetyRules" => {
            let panel = members::required(input, "ControlPanelArn");
            found(&arc.panels, input, "ControlPanelArn")?;
            let rows = arc
                .rules
                .iter()
                .filter(|(_, rule)| inner(rule).is_some_and(|(_, rule)| members::text(rule, "ControlPanelArn") == Some(panel)));
            let tell = |rule: &Value| match inner(rule) {
                Some(("GatingRule", rule)) => json!({"GATING": rule}),
                Some((_, rule)) => json!({"ASSERTION": rule}),
                None => json!({}),
            };
            list(call, "SafetyRules", rows.map(|(arn, rule)| (arn, tell(rule))))
        }
        "ListAssociatedRoute53HealthChecks" => health_checks(world, call),
        _ => change(world, call),
    }
}

/// The kind of a rule, and the rule.
fn inner(rule: &Value) -> Option<(&str, &Value)> {
    rule.as_object()?.iter().next().map(|(kind, rule)| (kind.as_str(), rule))
}

fn absent(arn: &str) -> Refusal {
    Refusal::new("ResourceNotFoundException", format!("Resource not found: {arn}")).status(404)
}

fn found<'a>(among: &'a BTreeMap<String, Value>, input: &Value, member: &str) -> Result<&'a Value, Refusal> {
    let arn = members::required(input, member);
    among.get(arn).ok_or_else(|| absent(arn))
}

fn control<'a>(arc: &'a Arc, input: &Value) -> Result<&'a Control, Refusal> {
    let arn = members::required(input, "RoutingControlArn");
    arc.controls.get(arn).ok_or_else(|| absent(arn))
}

fn counted(arc: &Arc, mut panel: Value) -> Value {
    let arn = panel["ControlPanelArn"].clone();
    panel["RoutingControlCount"] =
        arc.controls.values().filter(|control| control.members["ControlPanelArn"] == arn).count().into();
    panel
}

fn list<'a>(call: &Call, member: &str, rows: impl Iterator<Item = (&'a String, Value)>) -> Answer {
    let cursor = PAGING.open::<String>(call)?;
    let after = cursor.after.clone();
    let rows = rows.filter(|(arn, _)| after.as_ref().is_none_or(|after| *arn > after));
    let (page, token) = cursor.take(rows.map(|(arn, row)| (arn.clone(), row)));
    Ok(Members::new().set(member, page).maybe("NextToken", token).done())
}

fn health_checks(world: &World, call: &Call) -> Answer {
    let arn = members::required(&call.input, "RoutingControlArn");
    let checks = world.estate.route53.get(&call.caller.account).map(|route53| &route53.checks);
    let rows = checks.into_iter().flatten().filter(|(_, check)| members::text(&check.config, "RoutingControlArn") == Some(arn));
    list(call, "HealthCheckIds", rows.map(|(id, _)| (id, Value::from(id.as_str()))))
}

fn create(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let account = call.caller.account.clone();
    let (ids, now_id) = (world.ids.hex(32), world.ids.hex(16));
    let arc = world.estate.arc.entry(account.clone()).or_default();
    let token = members::text(input, "ClientToken").map(|token| format!("{} {token}", call.operation));
    if let Some(known) = token.as_ref().and_then(|token| arc.tokens.get(token)) {
        return Ok(known.clone());
    }
    let prefix = format!("arn:aws:route53-recovery-control::{account}:");
    let conflict = |what: &str, name: &str| {
        Refusal::new("ConflictException", format!("A {what} with the name {name} exists already")).status(409)
    };
    let named = |among: &BTreeMap<String, Value>, name: &str| among.values().any(|one| members::text(one, "Name") == Some(name));
    let (arn, told) = match call.operation.as_str() {
        "CreateCluster" => {
            let name = members::required(input, "ClusterName");
            if named(&arc.clusters, name) {
                return Err(conflict("cluster", name));
            }
            let arn = format!("{prefix}cluster/{ids}");
            let endpoints = ENDPOINTS.map(|region| {
                json!({"Endpoint": format!("https://{}.route53-recovery-cluster.{region}.amazonaws.com/v1", &ids[..8]), "Region": region})
            });
            let network = members::text(input, "NetworkType").unwrap_or("IPV4");
            let cluster = json!({
                "ClusterArn": arn, "ClusterEndpoints": endpoints, "Name": name, "Status": "DEPLOYED", "Owner": account, "NetworkType": network,
            });
            arc.clusters.insert(arn.clone(), cluster.clone());
            let panel = format!("{prefix}controlpanel/{now_id}{now_id}");
            let default = json!({
                "ClusterArn": arn, "ControlPanelArn": panel, "DefaultControlPanel": true, "Name": "DefaultControlPanel",
                "Status": "DEPLOYED", "Owner": account,
            });
            arc.panels.insert(panel, default);
            (arn, pending("Cluster", cluster))
        }
        "CreateControlPanel" => {
            let (name, cluster) = (members::required(input, "ControlPanelName"), members::required(input, "ClusterArn"));
            found(&arc.clusters, input, "ClusterArn")?;
            if arc.panels.values().any(|panel| panel["ClusterArn"] == cluster && panel["Name"] == name) {
                return Err(conflict("control panel", name));
            }
            let arn = format!("{prefix}controlpanel/{ids}");
            let panel = json!({
                "ClusterArn": cluster, "ControlPanelArn": arn, "DefaultControlPanel": false, "Name": name, "Status": "DEPLOYED", "Owner": account,
            });
            arc.panels.insert(arn.clone(), panel.clone());
            (arn, pending("ControlPanel", counted(arc, panel)))
        }
        "CreateRoutingControl" => {
            let (name, cluster) = (members::required(input, "RoutingControlName"), members::required(input, "ClusterArn"));
            found(&arc.clusters, input, "ClusterArn")?;
            let panel = match members::text(input, "ControlPanelArn") {
                Some(_) => found(&arc.panels, input, "ControlPanelArn")?,
                None => arc
                    .panels
                    .values()
                    .find(|panel| panel["ClusterArn"] == cluster && panel["DefaultControlPanel"] == true)
                    .ok_or_else(|| absent(cluster))?,
            };
            let panel = members::required(panel, "ControlPanelArn").to_owned();
            let same = |control: &Control| control.members["ControlPanelArn"] == panel && control.members["Name"] == name;
            if arc.controls.values().any(same) {
                return Err(conflict("routing control", name));
            }
            let arn = format!("{panel}/routingcontrol/{now_id}");
            let made =
                json!({"ControlPanelArn": panel, "Name": name, "RoutingControlArn": arn, "Status": "DEPLOYED", "Owner": account});
            arc.controls.insert(arn.clone(), Control { members: made.clone(), ..Control::default() });
            (arn, pending("RoutingControl", made))
        }
        _ => create_rule(arc, input, &account, &now_id)?,
    };
    if let Some(token) = token {
        arc.tokens.insert(token, told.clone());
    }
    world.effect(call, &arn);
    Ok(told)
}

/// What was made, as the call that made it tells it: it is not deployed yet.
fn pending(member: &str, mut made: Value) -> Value {
    made["Status"] = "PENDING".into();
    json!({ member: made })
}

fn create_rule(arc: &mut Arc, input: &Value, account: &str, id: &str) -> Result<(String, Value), Refusal> {
    let (kind, rule) = match (input.get("AssertionRule"), input.get("GatingRule")) {
        (Some(rule), None) => ("AssertionRule", rule),
        (None, Some(rule)) => ("GatingRule", rule),
        _ => return Err(Refusal::new("ValidationException", "Exactly one of AssertionRule and GatingRule is required")),
    };
    let panel = members::required(found(&arc.panels, rule, "ControlPanelArn")?, "ControlPanelArn").to_owned();
    let controls =
        ["AssertedControls", "GatingControls", "TargetControls"].iter().flat_map(|member| members::texts(rule, member));
    if let Some(unknown) = controls.into_iter().find(|arn| !arc.controls.contains_key(*arn)) {
        return Err(absent(unknown));
    }
    let name = members::required(rule, "Name");
    if arc
        .rules
        .values()
        .any(|known| inner(known).is_some_and(|(_, known)| known["ControlPanelArn"] == panel && known["Name"] == name))
    {
        return Err(Refusal::new("ConflictException", format!("A safety rule with the name {name} exists already")).status(409));
    }
    let arn = format!("{panel}/safetyrule/{id}");
    let mut made = rule.clone();
    made["SafetyRuleArn"] = arn.as_str().into();
    made["Status"] = "DEPLOYED".into();
    made["Owner"] = account.into();
    arc.rules.insert(arn.clone(), json!({ kind: made }));
    Ok((arn, pending(kind, made)))
}

fn change(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let arc = world.estate.arc.entry(call.caller.account.clone()).or_default();
    let in_use = |what: &str| Err(Refusal::new("ConflictException", format!("{what} is not empty")).status(409));
    match call.operation.as_str() {
        "DeleteCluster" => {
            found(&arc.clusters, input, "ClusterArn")?;
            let arn = members::required(input, "ClusterArn");
            let of = |panel: &Value| panel["ClusterArn"] == arn;
            if arc.panels.values().any(|panel| of(panel) && panel["DefaultControlPanel"] != true) {
                return in_use("The cluster");
            }
            arc.clusters.remove(arn);
            arc.panels.retain(|_, panel| !of(panel));
        }
        "DeleteControlPanel" => {
            found(&arc.panels, input, "ControlPanelArn")?;
            let arn = members::required(input, "ControlPanelArn");
            if arc.controls.values().any(|control| control.members["ControlPanelArn"] == arn) {
                return in_use("The control panel");
            }
            arc.panels.remove(arn);
        }
        "DeleteRoutingControl" => {
            control(arc, input)?;
            let arn = members::required(input, "RoutingControlArn");
            if arc.rules.values().any(|rule| rule.to_string().contains(&format!("\"{arn}\""))) {
                return in_use("A safety rule names the routing control; the rule");
            }
            arc.controls.remove(arn);
        }
        "DeleteSafetyRule" => {
            found(&arc.rules, input, "SafetyRuleArn")?;
            arc.rules.remove(members::required(input, "SafetyRuleArn"));
        }
        "UpdateControlPanel" => {
            let arn = members::required(input, "ControlPanelArn");
            let panel = arc.panels.get_mut(arn).ok_or_else(|| absent(arn))?;
            panel["Name"] = input["ControlPanelName"].clone();
            let panel = panel.clone();
            return Ok(json!({"ControlPanel": counted(arc, panel)}));
        }
        "UpdateRoutingControl" => {
            let arn = members::required(input, "RoutingControlArn");
            let control = arc.controls.get_mut(arn).ok_or_else(|| absent(arn))?;
            control.members["Name"] = input["RoutingControlName"].clone();
            return Ok(json!({"RoutingControl": control.members}));
        }
        _ => {
            let update = input.get("AssertionRuleUpdate").or_else(|| input.get("GatingRuleUpdate")).unwrap_or(&Value::Null);
            let arn = members::required(update, "SafetyRuleArn");
            let rule = arc.rules.get_mut(arn).ok_or_else(|| absent(arn))?;
            for member in rule.as_object_mut().into_iter().flat_map(|rule| rule.values_mut()) {
                member["Name"] = update["Name"].clone();
                member["WaitPeriodMs"] = update["WaitPeriodMs"].clone();
            }
            return Ok(rule.clone());
        }
    }
    Ok(json!({}))
}
