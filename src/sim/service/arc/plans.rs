//! Region switch's plans, and what its executions are asked.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::executions::{self, PlanExecution};
use super::{Arc, Plan};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members, stamp};
use crate::sim::page::Paging;
use crate::sim::world::World;

const PAGING: Paging = Paging {
    token: "nextToken",
    size: "maxResults",
    default: 100,
    max: 100,
    code: "IllegalArgumentException",
    message: "The provided nextToken is not valid.",
};

/// Answers one call to Region switch.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    match call.operation.as_str() {
        "CreatePlan" => create(world, call),
        "UpdatePlan" => {
            let now = world.now();
            let mut members = plan(world, call, "arn")?.members.clone();
            for (key, value) in input.as_object().into_iter().flatten().filter(|(key, _)| *key != "arn") {
                members[key] = value.clone();
            }
            let version = members::text(&members, "version").and_then(|version| version.parse::<u64>().ok()).unwrap_or(1) + 1;
            members["version"] = version.to_string().into();
            members["updatedAt"] = stamp(now);
            let told = members.clone();
            own(world, call).plans.insert(members::required(input, "arn").to_owned(), Plan { members });
            Ok(json!({"plan": told}))
        }
        "DeletePlan" => {
            plan(world, call, "arn")?;
            let arn = members::required(input, "arn");
            if own(world, call).executions.values().any(|execution| execution.plan == arn && !execution.is_over()) {
                return Err(illegal("The plan has an execution that is not over"));
            }
            own(world, call).plans.remove(arn);
            Ok(json!({}))
        }
        "GetPlan" => Ok(json!({"plan": plan(world, call, "arn")?.members})),
        "GetPlanInRegion" => Ok(json!({"plan": in_region(world, call, "arn")?.members})),
        "ListPlans" | "ListPlansInRegion" => list(world, call),
        "GetPlanEvaluationStatus" => {
            let found = in_region(world, call, "planArn")?;
            Ok(Members::new()
                .set("planArn", members::required(input, "planArn"))
                .time("lastEvaluationTime", world.now())
                .copy(&json!({"lastEvaluatedVersion": found.members["version"]}), &["lastEvaluatedVersion"])
                .set("region", call.caller.region.as_str())
                .set("evaluationState", "passed")
                .set("warnings", json!([]))
                .done())
        }
        "ListPlanExecutions" => list_executions(world, call),
        "GetPlanExecution" => {
            let (plan, execution) = (in_region(world, call, "planArn")?, execution(world, call)?);
            Ok(execution.answer(&plan.members))
        }
        "ListPlanExecutionEvents" => {
            in_region(world, call, "planArn")?;
            let cursor = PAGING.open::<usize>(call)?;
            let from = cursor.after.map_or(0, |after| after + 1);
            let name = members::text(input, "name");
            let events = execution(world, call)?.events.iter().enumerate().skip(from);
            let events = events.filter(|(_, event)| name.is_none_or(|name| members::text(event, "stepName") == Some(name)));
            let (page, token) = cursor.take(events.map(|(at, event)| (at, event.clone())));
            Ok(Members::new().set("items", page).maybe("nextToken", token).done())
        }
        "StartPlanExecution" => {
            in_region(world, call, "planArn")?;
            executions::start(world, call)
        }
        _ => {
            in_region(world, call, "planArn")?;
            let id = execution(world, call)?.id.clone();
            executions::steer(world, call, &id)
        }
    }
}

/// Region switch's refusal of what does not fit how things stand.
pub fn illegal(message: &str) -> Refusal {
    Refusal::new("IllegalStateException", message)
}

fn own<'a>(world: &'a mut World, call: &Call) -> &'a mut Arc {
    world.estate.arc.entry(call.caller.account.clone()).or_default()
}

/// The plan that a call names.
///
/// # Errors
/// There is none.
pub fn plan<'a>(world: &'a World, call: &Call, member: &str) -> Result<&'a Plan, Refusal> {
    let arn = members::required(&call.input, member);
    let plan = world.estate.arc.get(&call.caller.account).and_then(|arc| arc.plans.get(arn));
    plan.ok_or_else(|| Refusal::new("ResourceNotFoundException", format!("Plan not found: {arn}")).status(404))
}

/// The plan that a call names, in one of its Regions: the data plane is there.
fn in_region<'a>(world: &'a World, call: &Call, member: &str) -> Result<&'a Plan, Refusal> {
    let found = plan(world, call, member)?;
    if members::texts(&found.members, "regions").contains(&call.caller.region.as_str()) {
        return Ok(found);
    }
    let message = format!("Plan not found in {}: {}", call.caller.region, members::required(&call.input, member));
    Err(Refusal::new("ResourceNotFoundException", message).status(404))
}

fn execution<'a>(world: &'a World, call: &Call) -> Result<&'a PlanExecution, Refusal> {
    let (plan, id) = (members::required(&call.input, "planArn"), members::required(&call.input, "executionId"));
    let arc = world.estate.arc.get(&call.caller.account);
    let found = arc.and_then(|arc| arc.executions.values().find(|execution| execution.plan == plan && execution.id == id));
    found.ok_or_else(|| Refusal::new("ResourceNotFoundException", format!("Plan execution not found: {id}")).status(404))
}

fn create(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let name = members::required(input, "name");
    let (now, id) = (world.now(), world.ids.hex(6));
    let regions = members::texts(input, "regions");
    let wrong = |message: &str| Err(Refusal::new("ValidationException", message));
    if regions.len() != 2 {
        return wrong("A plan has two Regions");
    }
    let passive = members::text(input, "recoveryApproach") == Some("activePassive");
    if passive && !members::text(input, "primaryRegion").is_some_and(|region| regions.contains(&region)) {
        return wrong("A plan of the approach activePassive has a primary Region that is one of its Regions");
    }
    let arn = format!("arn:aws:arc-region-switch::{}:plan/{name}:{id}", call.caller.account);
    let account = call.caller.account.clone();
    if own(world, call).plans.values().any(|plan| plan.members["name"] == name) {
        return wrong(&format!("A plan with the name {name} exists already"));
    }
    let mut members: BTreeMap<String, Value> =
        input.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
    members.remove("tags");
    members.insert("arn".to_owned(), arn.as_str().into());
    members.insert("owner".to_owned(), account.into());
    members.insert("version".to_owned(), "1".into());
    members.insert("updatedAt".to_owned(), stamp(now));
    let members: Value = Value::Object(members.into_iter().collect());
    own(world, call).plans.insert(arn.clone(), Plan { members: members.clone() });
    world.effect(call, &arn);
    Ok(json!({"plan": members}))
}

fn list(world: &World, call: &Call) -> Answer {
    let cursor = PAGING.open::<String>(call)?;
    let everywhere = call.operation == "ListPlans";
    let arc = world.estate.arc.get(&call.caller.account);
    let after = cursor.after.clone();
    let rows = arc.into_iter().flat_map(|arc| arc.plans.iter()).filter(|(arn, plan)| {
        after.as_ref().is_none_or(|after| *arn > after)
            && (everywhere || members::texts(&plan.members, "regions").contains(&call.caller.region.as_str()))
    });
    let keys = [
        "arn",
        "owner",
        "name",
        "regions",
        "recoveryApproach",
        "primaryRegion",
        "version",
        "updatedAt",
        "description",
        "executionRole",
        "recoveryTimeObjectiveMinutes",
    ];
    let tell = |arn: &String, plan: &Plan| {
        let active = arc.and_then(|arc| arc.executions.values().find(|execution| execution.plan == *arn && !execution.is_over()));
        Members::new()
            .copy(&plan.members, &keys)
            .maybe("activePlanExecution", active.map(|execution| execution.id.clone()))
            .done()
    };
    let (page, token) = cursor.take(rows.map(|(arn, plan)| (arn.clone(), tell(arn, plan))));
    Ok(Members::new().set("plans", page).maybe("nextToken", token).done())
}

fn list_executions(world: &World, call: &Call) -> Answer {
    in_region(world, call, "planArn")?;
    let cursor = PAGING.open::<(String, i64, i64)>(call)?;
    let (plan, state) = (members::required(&call.input, "planArn"), members::text(&call.input, "state"));
    let after = cursor.after.clone();
    let arc = world.estate.arc.get(&call.caller.account);
    let rows = arc.into_iter().flat_map(|arc| arc.executions.iter()).filter(|(key, execution)| {
        execution.plan == plan
            && after.as_ref().is_none_or(|after| *key > after)
            && state.is_none_or(|state| execution.state == state)
    });
    let (page, token) = cursor.take(rows.map(|(key, execution)| (key.clone(), execution.listed())));
    Ok(Members::new().set("items", page).maybe("nextToken", token).done())
}
