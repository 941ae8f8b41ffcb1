//! Making and changing hosted zones, health checks and their tags.

use serde_json::{Value, json};

use super::checks::HealthCheck;
use super::operations::{check, plain, zone};
use super::zones::{Change, Route53, Zone, name_servers, normal};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::world::{Happening, World};

const ENDPOINT: &str = "https://route53.amazonaws.com/2013-04-01";

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidInput", message)
}

fn account<'a>(world: &'a mut World, call: &Call) -> &'a mut Route53 {
    world.estate.route53.entry(call.caller.account.clone()).or_default()
}

/// Carries out one call that changes zones, checks or tags.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateHostedZone" => create_zone(world, call),
        "DeleteHostedZone" => delete_zone(world, call),
        "CreateHealthCheck" => create_check(world, call),
        "UpdateHealthCheck" => update_check(world, call),
        "DeleteHealthCheck" => {
            check(account(world, call), &call.input)?;
            account(world, call).checks.remove(members::required(&call.input, "HealthCheckId"));
            Ok(json!({}))
        }
        "ChangeTagsForResource" => change_tags(account(world, call), &call.input),
        _ => Err(super::super::unknown(call)),
    }
}

/// A change that is on its way, without record sets.
fn submit(world: &mut World, call: &Call, zone: &str, comment: Option<String>) -> Value {
    let id = format!("C0{}", world.ids.capitals(19));
    let (now, propagation) = (world.now(), world.scenario.propagation);
    let change = Change { submitted: now, comment, in_sync: false, zone: zone.to_owned(), edits: Vec::new() };
    let told = change.answer(&id);
    account(world, call).changes.insert(id.clone(), change);
    world.schedule(now + propagation, Happening::InSync(call.caller.account.clone(), id));
    told
}

fn create_zone(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let (name, reference) = (normal(members::required(input, "Name")), members::required(input, "CallerReference"));
    let id = format!("Z0{}", world.ids.capitals(18));
    let seed = world.seed;
    let labels = name.trim_end_matches('.').split('.');
    if name.len() > 255 || labels.into_iter().any(|label| label.is_empty() || label.len() > 63) {
        return Err(Refusal::new("InvalidDomainName", format!("{name} is not a valid domain name")));
    }
    let config = input.get("HostedZoneConfig").unwrap_or(&Value::Null);
    let vpc = input.get("VPC").cloned();
    if members::flag(config, "PrivateZone") == Some(true) && vpc.is_none() {
        return Err(invalid(
            "When you're creating a private hosted zone (when you specify true for PrivateZone), you must also \
                            specify values for VPCId and VPCRegion.",
        ));
    }
    let route53 = account(world, call);
    if route53.zones.values().any(|zone| zone.reference == reference) {
        let message = "A hosted zone has already been created with the specified caller reference.";
        return Err(Refusal::new("HostedZoneAlreadyExists", message).status(409));
    }
    let mut zone = Zone::new(&id, &name, seed, Vec::new());
    zone.reference = reference.to_owned();
    zone.comment = members::text(config, "Comment").map(str::to_owned);
    zone.private = vpc.is_some();
    let told = zone.answer();
    route53.zones.insert(id.clone(), zone);
    let change = submit(world, call, &id, None);
    world.effect(call, &name);
    Ok(Members::new()
        .set("HostedZone", told)
        .set("ChangeInfo", change)
        .set("DelegationSet", json!({"NameServers": name_servers(&id, seed)}))
        .maybe("VPC", vpc)
        .set("Location", format!("{ENDPOINT}/hostedzone/{id}"))
        .done())
}

fn delete_zone(world: &mut World, call: &Call) -> Answer {
    let found = zone(account(world, call), members::required(&call.input, "Id"))?;
    let own = |name: &str, kind: &str| name == found.name && matches!(kind, "NS" | "SOA");
    let others = found.records.values().any(|record| !own(members::required(record, "Name"), members::required(record, "Type")));
    if others {
        let message = "The specified hosted zone contains non-required resource record sets and so cannot be deleted.";
        return Err(Refusal::new("HostedZoneNotEmpty", message));
    }
    let id = found.id.clone();
    account(world, call).zones.remove(&id);
    let change = submit(world, call, &id, None);
    world.effect(call, &id);
    Ok(json!({"ChangeInfo": change}))
}

/// Refuses a configuration that no checker could work by.
fn check_config(config: &Value) -> Result<(), Refusal> {
    let has = |key: &str| config.get(key).is_some();
    let kind = members::required(config, "Type");
    match kind {
        "CALCULATED" if !has("ChildHealthChecks") => Err(invalid("Invalid parameter : ChildHealthChecks is required")),
        "CLOUDWATCH_METRIC" if !has("AlarmIdentifier") => Err(invalid("Invalid parameter : AlarmIdentifier is required")),
        "RECOVERY_CONTROL" if !has("RoutingControlArn") => Err(invalid("Invalid parameter : RoutingControlArn is required")),
        "CALCULATED" | "CLOUDWATCH_METRIC" | "RECOVERY_CONTROL" => Ok(()),
        _ if !has("IPAddress") && !has("FullyQualifiedDomainName") => {
            Err(invalid("Invalid parameter : IPAddress or FullyQualifiedDomainName must be specified"))
        }
        "TCP" if !has("Port") => Err(invalid("Invalid parameter : Port is required for TCP health checks")),
        _ if kind.ends_with("STR_MATCH") && !has("SearchString") => Err(invalid("Invalid parameter : SearchString is required")),
        _ => match members::integer(config, "RequestInterval") {
            None | Some(10 | 30) => Ok(()),
            Some(_) => Err(invalid("Invalid parameter : RequestInterval must be 10 or 30")),
        },
    }
}

fn create_check(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let id = world.ids.uuid();
    let reference = members::required(input, "CallerReference");
    let given = input.get("HealthCheckConfig").cloned().unwrap_or_default();
    check_config(&given)?;
    let kind = members::required(&given, "Type");
    let mut config = Members::new().set("Inverted", false).set("Disabled", false);
    if matches!(kind, "HTTP" | "HTTPS" | "HTTP_STR_MATCH" | "HTTPS_STR_MATCH" | "TCP") {
        let secure = kind.starts_with("HTTPS");
        config =
            config.set("RequestInterval", 30).set("FailureThreshold", 3).set("MeasureLatency", false).set("EnableSNI", secure);
        config = if kind == "TCP" { config } else { config.set("Port", if secure { 443 } else { 80 }) };
    }
    let all: Vec<&str> = given.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    let config = config.copy(&given, &all).done();
    let route53 = account(world, call);
    let told =
        |check: &HealthCheck| json!({"HealthCheck": check.answer(), "Location": format!("{ENDPOINT}/healthcheck/{}", check.id)});
    if let Some(twin) = route53.checks.values().find(|check| check.reference.as_deref() == Some(reference)) {
        if twin.config == config {
            return Ok(told(twin));
        }
        let message = "A health check with the same caller reference and other settings exists already.";
        return Err(Refusal::new("HealthCheckAlreadyExists", message).status(409));
    }
    // A new check counts as healthy until its checkers have looked.
    let check =
        HealthCheck { id: id.clone(), config, watches: None, well: true, reference: Some(reference.to_owned()), version: 1 };
    let answer = told(&check);
    route53.checks.insert(id.clone(), check);
    world.effect(call, &id);
    Ok(answer)
}

const UPDATED: &[&str] = &[
    "IPAddress",
    "Port",
    "ResourcePath",
    "FullyQualifiedDomainName",
    "SearchString",
    "FailureThreshold",
    "Inverted",
    "Disabled",
    "HealthThreshold",
    "ChildHealthChecks",
    "EnableSNI",
    "Regions",
    "AlarmIdentifier",
    "InsufficientDataHealthStatus",
];

fn update_check(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let route53 = account(world, call);
    let found = check(route53, input)?;
    if members::integer(input, "HealthCheckVersion").is_some_and(|version| version != found.version) {
        let message = format!("The value of HealthCheckVersion is not the current one, {}.", found.version);
        return Err(Refusal::new("HealthCheckVersionMismatch", message).status(409));
    }
    let all: Vec<&str> = found.config.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    let mut config = Members::new().copy(&found.config, &all).copy(input, UPDATED).done();
    if let Value::Object(config) = &mut config {
        members::texts(input, "ResetElements").into_iter().for_each(|reset| drop(config.remove(reset)));
    }
    check_config(&config)?;
    let id = found.id.clone();
    let Some(check) = route53.checks.get_mut(&id) else { return Ok(json!({})) };
    check.config = config;
    check.version += 1;
    let answer = json!({"HealthCheck": check.answer()});
    world.effect(call, &id);
    Ok(answer)
}

/// Type and id of what tags are on; refused if it is not there.
pub fn tagged(route53: &Route53, input: &Value) -> Result<(String, String), Refusal> {
    let (kind, id) = (members::required(input, "ResourceType"), plain(members::required(input, "ResourceId")));
    if kind == "hostedzone" {
        zone(route53, id)?;
    } else if !route53.checks.contains_key(id) {
        let message = format!("A health check with id {id} does not exist.");
        return Err(Refusal::new("NoSuchHealthCheck", message).status(404));
    }
    Ok((kind.to_owned(), id.to_owned()))
}

fn change_tags(route53: &mut Route53, input: &Value) -> Answer {
    let key = tagged(route53, input)?;
    let tags = route53.tags.entry(key).or_default();
    members::texts(input, "RemoveTagKeys").into_iter().for_each(|key| drop(tags.remove(key)));
    for tag in members::list(input, "AddTags") {
        tags.insert(members::required(tag, "Key").to_owned(), members::required(tag, "Value").to_owned());
    }
    Ok(json!({}))
}
