//! What calls ask of change sets.

use serde_json::{Value, json};

use super::changes::{self, ChangeSet, MAKES};
use super::requests::{become_design, blank, can_update, design, missing, named, start};
use super::stacks::Stack;
use super::template::invalid;
use crate::sim::call::{Answer, Call, Caller, Refusal};
use crate::sim::estate::Place;
use crate::sim::members::{self, Members};
use crate::sim::page::Paging;
use crate::sim::service::types::Desk;
use crate::sim::world::World;

const NOTHING: &str = "The submitted information didn't contain changes. Submit different information to create a change set.";

const CHANGES: Paging =
    Paging { token: "NextToken", size: "", default: 100, max: 100, code: "ValidationError", message: "Invalid NextToken" };

pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let text = |member| members::text(input, member);
    let (name, kind) = (members::required(input, "StackName"), text("ChangeSetType").unwrap_or("UPDATE"));
    let known = named(world, call, "StackName").ok().filter(|stack| stack.deleted.is_none());
    let mut stack = match (kind, known) {
        ("CREATE", Some(known)) if known.status != "REVIEW_IN_PROGRESS" => {
            return Err(invalid(format!(
                "Stack [{name}] already exists and cannot be created again with the changeSet [{}].",
                members::required(input, "ChangeSetName")
            )));
        }
        ("CREATE", None) => {
            let design = design(world, call, None)?;
            let mut stack = blank(world, call, name, design);
            let (now, id) = (world.now(), world.ids.uuid());
            stack.turn(now, id, "REVIEW_IN_PROGRESS", Some("User Initiated".to_owned()));
            stack
        }
        ("IMPORT", _) => return Err(invalid("Imports of resources are not simulated")),
        (_, Some(known)) => known,
        (_, None) => return Err(invalid(format!("Stack [{name}] does not exist"))),
    };
    if kind == "UPDATE" {
        can_update(&stack)?;
    }
    let set = members::required(input, "ChangeSetName");
    if let Some(known) = stack.change_sets.get(set) {
        // The token of the first call makes its repeat do nothing (CloudFormation API reference, CreateChangeSet).
        if known.token.is_some() && known.token.as_deref() == text("ClientToken") {
            return Ok(json!({"Id": known.id, "StackId": stack.id}));
        }
        return Err(Refusal::new("AlreadyExistsException", format!("ChangeSet {set} already exists")));
    }
    let before = stack.design.clone();
    let design = design(world, call, Some(&before))?;
    let found = changes::changes(&mut Desk { world, caller: call.caller.clone() }, &stack, &design)?;
    let made = add(world, &call.caller, &mut stack, set, design, found, input);
    let answer = json!({"Id": made, "StackId": stack.id});
    world.effect(call, &made);
    world.site_mut(&call.caller).cloudformation.stacks.insert(stack.id.clone(), stack);
    Ok(answer)
}

fn add(
    world: &mut World,
    caller: &Caller,
    stack: &mut Stack,
    name: &str,
    design: super::stacks::Design,
    found: Vec<Value>,
    input: &Value,
) -> String {
    let (region, account) = (&caller.region, &caller.account);
    let id = format!("arn:aws:cloudformation:{region}:{account}:changeSet/{name}/{}", world.ids.uuid());
    let same_outputs = design.template.section("Outputs") == stack.design.template.section("Outputs");
    let failure = (found.is_empty() && same_outputs && design.tags == stack.design.tags).then(|| NOTHING.to_owned());
    let now = world.now();
    let made = ChangeSet {
        id: id.clone(),
        name: name.to_owned(),
        design,
        changes: found,
        created: now,
        ready: now + world.takes(MAKES),
        failure,
        description: members::text(input, "Description").map(str::to_owned),
        on_failure: members::text(input, "OnStackFailure").map(str::to_owned),
        executed: None,
        token: members::text(input, "ClientToken").map(str::to_owned),
    };
    stack.change_sets.insert(name.to_owned(), made);
    id
}

/// The stack and the change set that a call names, by name or ARN.
fn find(world: &World, call: &Call) -> Result<(Stack, ChangeSet), Refusal> {
    let wanted = members::required(&call.input, "ChangeSetName");
    let stacks = world.site(&call.caller).map(|site| &site.cloudformation);
    let none = || Refusal::new("ChangeSetNotFoundException", format!("ChangeSet [{wanted}] does not exist")).status(404);
    if let Some(name) = members::text(&call.input, "StackName") {
        let stack = stacks.and_then(|stacks| stacks.find(name)).ok_or_else(|| missing(name))?;
        let set = stack.change_sets.values().find(|set| set.name == wanted || set.id == wanted).ok_or_else(none)?;
        return Ok((stack.clone(), set.clone()));
    }
    if !wanted.starts_with("arn:") && !world.scenario.bare {
        return Err(invalid("StackName must be specified if ChangeSetName is not specified as an ARN."));
    }
    let mut all = stacks.into_iter().flat_map(|stacks| stacks.stacks.values());
    let found =
        all.find_map(|stack| Some((stack, stack.change_sets.values().find(|set| set.id == wanted || set.name == wanted)?)));
    found.map(|(stack, set)| (stack.clone(), set.clone())).ok_or_else(none)
}

pub(super) fn describe(world: &World, call: &Call) -> Answer {
    let (stack, set) = find(world, call)?;
    let now = world.now();
    let cursor = CHANGES.open::<usize>(call)?;
    let after = cursor.after;
    let rows = set.changes.iter().cloned().enumerate().filter(|(number, _)| after.is_none_or(|after| *number > after));
    let rows = rows.filter(|_| now >= set.ready);
    let (page, token) = cursor.take(rows);
    Ok(set.told(&stack, now).set("Changes", page).maybe("NextToken", token).done())
}

pub(super) fn list(world: &World, call: &Call) -> Answer {
    let stack = named(world, call, "StackName")?;
    let cursor = CHANGES.open::<String>(call)?;
    let after = cursor.after.clone();
    let now = world.now();
    let rows = stack.change_sets.iter().filter(|(name, _)| after.as_ref().is_none_or(|after| *name > after));
    let (page, token) = cursor.take(rows.map(|(name, set)| (name.clone(), set.summary(&stack, now))));
    Ok(Members::new().set("Summaries", page).maybe("NextToken", token).done())
}

pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    // A change set that is not there is deleted too, if its stack is.
    match find(world, call) {
        Ok((mut stack, set)) => {
            stack.change_sets.remove(&set.name);
            world.effect(call, &set.id);
            world.site_mut(&call.caller).cloudformation.stacks.insert(stack.id.clone(), stack);
            Ok(json!({}))
        }
        Err(refusal) if refusal.code == "ChangeSetNotFoundException" => Ok(json!({})),
        Err(refusal) => Err(refusal),
    }
}

pub(super) fn execute(world: &mut World, call: &Call) -> Answer {
    let (mut stack, set) = find(world, call)?;
    let now = world.now();
    if set.execution(now) != "AVAILABLE" {
        let message = format!("ChangeSet [{}] cannot be executed in its current status of [{}]", set.id, set.status(now));
        return Err(Refusal::new("InvalidChangeSetStatusException", message));
    }
    let review = stack.status == "REVIEW_IN_PROGRESS";
    if !review {
        can_update(&stack)?;
    }
    stack.change_sets.clear();
    stack.executed = Some(set.id.clone());
    stack.change_sets.insert(set.name.clone(), ChangeSet { executed: Some("EXECUTE_COMPLETE"), ..set.clone() });
    if !review {
        return become_design(world, call, stack, set.design).map(|_| json!({}));
    }
    let input = &call.input;
    stack.token = members::text(input, "ClientRequestToken").map(str::to_owned);
    let on_failure = set.on_failure.as_deref();
    stack.keeps_failures = members::flag(input, "DisableRollback") == Some(true) || on_failure == Some("DO_NOTHING");
    stack.deletes_failures = on_failure == Some("DELETE");
    stack.design = set.design;
    let id = world.ids.uuid();
    stack.turn(now, id, "CREATE_IN_PROGRESS", Some("User Initiated".to_owned()));
    start(world, call, stack, true).map(|_| json!({}))
}

/// What AWS Backup leaves of a stack that it restored: a stack in review, with a change set that waits to be executed. Its id.
///
/// Source: AWS Backup developer guide, "CloudFormation stack restore".
///
/// # Errors
/// As CloudFormation refuses the template, or the name.
pub fn restored(world: &mut World, place: &Place, metadata: &Value, template: &str) -> Result<String, Refusal> {
    let Place { account, region, .. } = place;
    let arn = format!("arn:aws:iam::{account}:role/backup");
    let caller = Caller { account: account.clone(), region: region.clone(), arn, user_id: "backup".to_owned() };
    let parameters = members::text(metadata, "StackParameters").and_then(|text| serde_json::from_str::<Value>(text).ok());
    let parameters: Vec<Value> = match parameters {
        Some(Value::Object(pairs)) => {
            pairs.iter().map(|(key, value)| json!({"ParameterKey": key, "ParameterValue": value})).collect()
        }
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    let input = Members::new()
        .copy(metadata, &["StackName", "ChangeSetName"])
        .maybe("Description", members::text(metadata, "ChangeSetDescription"))
        .set("ChangeSetType", "CREATE")
        .set("TemplateBody", template)
        .set("Parameters", parameters)
        .set("Capabilities", json!(["CAPABILITY_NAMED_IAM"]))
        .done();
    let answer = Desk { world, caller }.ask("cloudformation", "CreateChangeSet", &input)?;
    Ok(members::required(&answer, "StackId").to_owned())
}
