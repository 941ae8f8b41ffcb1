//! What calls ask of stacks: creations, updates, deletions, and the ways back.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::changes;
use super::stacks::{Design, Stack};
use super::template::{Template, invalid, plain};
use super::work::{self, Work};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::service::types::Desk;
use crate::sim::world::World;

/// The longest template in a call, in bytes.
const BODY_BYTES: usize = 51_200;

/// The refusal of a stack that is not there.
pub(super) fn missing(name: &str) -> Refusal {
    invalid(format!("Stack with id {name} does not exist"))
}

fn desk<'w>(world: &'w mut World, call: &Call) -> Desk<'w> {
    Desk { world, caller: call.caller.clone() }
}

pub(super) fn site(call: &Call) -> (String, String) {
    (call.caller.account.clone(), call.caller.region.clone())
}

/// The text of the template that a call gives: in the call, or at a URL of S3.
pub(super) fn template_text(world: &mut World, call: &Call) -> Result<Option<String>, Refusal> {
    let (body, url) = (members::text(&call.input, "TemplateBody"), members::text(&call.input, "TemplateURL"));
    match (body, url) {
        (Some(_), Some(_)) => Err(invalid("Either Template URL or Template Body must be specified.")),
        (Some(body), None) if body.len() > BODY_BYTES => Err(invalid(format!(
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to {BODY_BYTES}"
        ))),
        (Some(body), None) => Ok(Some(body.to_owned())),
        (None, Some(url)) => fetch(world, call, url).map(Some),
        (None, None) => Ok(None),
    }
}

/// The object at a URL of S3.
fn fetch(world: &mut World, call: &Call, url: &str) -> Result<String, Refusal> {
    let bad = || invalid(format!("S3 error: The specified key does not exist. TemplateURL: {url}"));
    let (host, path) = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).ok_or_else(bad)?;
    let path = path.split('?').next().unwrap_or(path);
    let first = host.split('.').next().unwrap_or_default();
    let (bucket, key) =
        if first.starts_with("s3") || !host.contains(".s3") { path.split_once('/').ok_or_else(bad)? } else { (first, path) };
    let told = desk(world, call).ask("s3", "GetObject", &json!({"Bucket": bucket, "Key": key})).map_err(|_| bad())?;
    let bytes = STANDARD.decode(members::required(&told, "Body")).map_err(|_| bad())?;
    String::from_utf8(bytes).map_err(|_| bad())
}

const OPTIONS: &[&str] = &["NotificationARNs", "RoleARN", "Capabilities", "TimeoutInMinutes", "RollbackConfiguration"];

/// What a call wants a stack to be.
pub(super) fn design(world: &mut World, call: &Call, before: Option<&Design>) -> Result<Design, Refusal> {
    let input = &call.input;
    let previous = members::flag(input, "UsePreviousTemplate") == Some(true);
    let text = match (template_text(world, call)?, before) {
        (Some(text), _) => Arc::from(text),
        (None, Some(before)) if previous => before.text.clone(),
        _ => return Err(invalid("Either Template URL or Template Body must be specified.")),
    };
    let template = Template::read(&text)?;
    let parameters = template.parameters(members::list(input, "Parameters"), before.map(|before| &before.parameters))?;
    let given = members::texts(input, "Capabilities");
    let needed = template.capabilities();
    let enough = |needed: &&str| given.contains(needed) || given.contains(&"CAPABILITY_NAMED_IAM");
    if !world.scenario.bare && !needed.iter().all(enough) {
        let message = format!("Requires capabilities : [{}]", needed.join(", "));
        return Err(Refusal::new("InsufficientCapabilitiesException", message));
    }
    let tags = input.get("Tags").and_then(Value::as_array).cloned();
    let tags = tags.unwrap_or_else(|| before.map(|before| before.tags.clone()).unwrap_or_default());
    let old = before.map(|before| before.options.clone()).unwrap_or_else(|| json!({}));
    let options = Members::new().copy(&old, OPTIONS).copy(input, OPTIONS).done();
    Ok(Design { text, template: Arc::new(template), parameters, tags, options })
}

/// A stack that nothing has been done for yet.
pub(super) fn blank(world: &mut World, call: &Call, name: &str, design: Design) -> Stack {
    let (region, account) = (&call.caller.region, &call.caller.account);
    let id = format!("arn:aws:cloudformation:{region}:{account}:stack/{name}/{}", world.ids.uuid());
    let input = &call.input;
    let on_failure = members::text(input, "OnFailure");
    Stack {
        id,
        name: name.to_owned(),
        status: "REVIEW_IN_PROGRESS",
        reason: None,
        design,
        before: None,
        created: world.now(),
        updated: None,
        deleted: None,
        parts: Vec::new(),
        outputs: Vec::new(),
        events: Vec::new(),
        announced: 0,
        change_sets: Default::default(),
        executed: None,
        work: None,
        token: members::text(input, "ClientRequestToken").map(str::to_owned),
        protected: members::flag(input, "EnableTerminationProtection") == Some(true),
        keeps_failures: members::flag(input, "DisableRollback") == Some(true) || on_failure == Some("DO_NOTHING"),
        deletes_failures: on_failure == Some("DELETE"),
        halted: None,
    }
}

pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let name = members::required(input, "StackName");
    if input.get("DisableRollback").is_some() && input.get("OnFailure").is_some() {
        return Err(invalid("You can specify either DisableRollback or OnFailure, but not both"));
    }
    let known = world.site(&call.caller).and_then(|site| site.cloudformation.find(name));
    if known.is_some_and(|known| known.deleted.is_none()) {
        return Err(Refusal::new("AlreadyExistsException", format!("Stack [{name}] already exists")));
    }
    let design = design(world, call, None)?;
    let mut stack = blank(world, call, name, design);
    let (now, id) = (world.now(), world.ids.uuid());
    stack.turn(now, id, "CREATE_IN_PROGRESS", Some("User Initiated".to_owned()));
    start(world, call, stack, true)
}

/// Lets a stack become what its design says.
pub(super) fn start(world: &mut World, call: &Call, mut stack: Stack, new: bool) -> Answer {
    let now = world.now();
    let desired = work::desired(&mut desk(world, call), &stack.design, &stack.name, &stack.id);
    let way = if new { work::Way::Create } else { work::Way::Update };
    stack.work = Some(Work::settle(way, &stack.design, now, &desired));
    world.effect(call, &stack.id);
    keep(world, call, stack)
}

/// Puts the stack in its place, and lets its work begin.
pub(super) fn keep(world: &mut World, call: &Call, stack: Stack) -> Answer {
    let id = stack.id.clone();
    world.site_mut(&call.caller).cloudformation.stacks.insert(id.clone(), stack);
    work::begin(world, &site(call), &id);
    Ok(json!({"StackId": id}))
}

/// The stack that a call names, as it is.
pub(super) fn named(world: &World, call: &Call, member: &str) -> Result<Stack, Refusal> {
    let name = members::required(&call.input, member);
    let found = world.site(&call.caller).and_then(|site| site.cloudformation.find(name));
    found.cloned().ok_or_else(|| missing(name))
}

/// Refuses an update in a state that allows none.
pub(super) fn can_update(stack: &Stack) -> Result<(), Refusal> {
    let able = matches!(
        stack.status,
        "CREATE_COMPLETE"
            | "UPDATE_COMPLETE"
            | "UPDATE_ROLLBACK_COMPLETE"
            | "IMPORT_COMPLETE"
            | "IMPORT_ROLLBACK_COMPLETE"
            | "UPDATE_FAILED"
            | "CREATE_FAILED"
    );
    if able && stack.work.is_none() {
        return Ok(());
    }
    let id = &stack.id;
    Err(invalid(format!("Stack:{id} is in {} state and can not be updated.", stack.status)))
}

pub(super) fn update(world: &mut World, call: &Call) -> Answer {
    let stack = named(world, call, "StackName").map_err(|_| {
        let name = members::required(&call.input, "StackName");
        invalid(format!("Stack [{name}] does not exist"))
    })?;
    can_update(&stack)?;
    let design = design(world, call, Some(&stack.design))?;
    let found = changes::changes(&mut desk(world, call), &stack, &design)?;
    let old = &stack.design;
    let same = found.is_empty()
        && stack.status != "UPDATE_FAILED"
        && design.tags == old.tags
        && design.template.section("Outputs") == old.template.section("Outputs")
        && design.template.description() == old.template.description()
        && (design.parameters == old.parameters || design.template.section("Outputs").is_empty())
        && design.options == old.options;
    if same {
        return Err(invalid("No updates are to be performed."));
    }
    become_design(world, call, stack, design)
}

/// Lets a stack become what another design says.
pub(super) fn become_design(world: &mut World, call: &Call, mut stack: Stack, design: Design) -> Answer {
    let (now, id) = (world.now(), world.ids.uuid());
    stack.token = members::text(&call.input, "ClientRequestToken").map(str::to_owned);
    stack.keeps_failures = members::flag(&call.input, "DisableRollback") == Some(true);
    stack.updated = Some(now);
    stack.before = Some(std::mem::replace(&mut stack.design, design));
    stack.turn(now, id, "UPDATE_IN_PROGRESS", Some("User Initiated".to_owned()));
    start(world, call, stack, false)
}

pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let name = members::required(&call.input, "StackName");
    // A stack that is not there is deleted too.
    let Ok(mut stack) = named(world, call, "StackName") else { return Ok(json!({})) };
    if stack.deleted.is_some() || stack.status == "DELETE_IN_PROGRESS" {
        return Ok(json!({}));
    }
    if stack.protected {
        let message = format!("Stack [{name}] cannot be deleted while TerminationProtection is enabled");
        return Err(invalid(message));
    }
    let retained = members::texts(&call.input, "RetainResources");
    if !retained.is_empty() && stack.status != "DELETE_FAILED" {
        let message = format!(
            "Invalid operation on stack [{}]. Specify RetainResources only for a stack that is in the DELETE_FAILED state",
            stack.id
        );
        return Err(invalid(message));
    }
    let exports: Vec<String> = stack.outputs.iter().filter_map(|output| output.get("ExportName").map(plain)).collect();
    let cloudformation = &world.site_mut(&call.caller).cloudformation;
    let used = exports
        .into_iter()
        .find_map(|export| Some((cloudformation.importers(&export).into_iter().find(|by| *by != stack.name)?, export)));
    stack.token = members::text(&call.input, "ClientRequestToken").map(str::to_owned);
    let (now, ids) = (world.now(), (world.ids.uuid(), world.ids.uuid()));
    stack.turn(now, ids.0, "DELETE_IN_PROGRESS", Some("User Initiated".to_owned()));
    if let Some((by, export)) = used {
        stack.turn(now, ids.1, "DELETE_FAILED", Some(format!("Cannot delete export {export} as it is in use by {by}.")));
        world.site_mut(&call.caller).cloudformation.stacks.insert(stack.id.clone(), stack);
        return Ok(json!({}));
    }
    let mut parts = stack.parts.clone();
    parts.retain(|part| part.status != "DELETE_COMPLETE" && !retained.contains(&part.logical.as_str()));
    stack.work = Some(Work::remove(work::Way::Delete, &stack, parts, now));
    world.effect(call, &stack.id);
    keep(world, call, stack).map(|_| json!({}))
}

pub(super) fn cancel(world: &mut World, call: &Call) -> Answer {
    let mut stack = named(world, call, "StackName")?;
    match stack.work.as_mut().filter(|work| work.is_update()) {
        Some(work) => work.cancel(),
        None => return Err(invalid("CancelUpdateStack cannot be called from current stack status")),
    }
    stack.token = members::text(&call.input, "ClientRequestToken").map(str::to_owned);
    world.effect(call, &stack.id);
    keep(world, call, stack).map(|_| json!({}))
}

pub(super) fn go_on(world: &mut World, call: &Call) -> Answer {
    let mut stack = named(world, call, "StackName")?;
    if stack.status != "UPDATE_ROLLBACK_FAILED" {
        let message = format!("Stack:{} is in {} state and can not continue rollback.", stack.id, stack.status);
        return Err(invalid(message));
    }
    let skipped = members::texts(&call.input, "ResourcesToSkip");
    if let Some(strange) = skipped.iter().find(|name| stack.part(name).is_none_or(|part| part.status != "UPDATE_FAILED")) {
        return Err(invalid(format!("Resource [{strange}] is not in the UPDATE_FAILED state and cannot be skipped")));
    }
    let (now, id) = (world.now(), world.ids.uuid());
    stack.token = members::text(&call.input, "ClientRequestToken").map(str::to_owned);
    stack.turn(now, id, "UPDATE_ROLLBACK_IN_PROGRESS", Some("User Initiated".to_owned()));
    stack.take_up(now, &skipped);
    world.effect(call, &stack.id);
    keep(world, call, stack).map(|_| json!({}))
}

pub(super) fn roll_back(world: &mut World, call: &Call) -> Answer {
    let mut stack = named(world, call, "StackName")?;
    let status = match stack.status {
        "CREATE_FAILED" => "ROLLBACK_IN_PROGRESS",
        "UPDATE_FAILED" => "UPDATE_ROLLBACK_IN_PROGRESS",
        other => {
            let message = format!("Stack:{} is in {other} state and can not be rolled back.", stack.id);
            return Err(invalid(message));
        }
    };
    let (now, id) = (world.now(), world.ids.uuid());
    stack.keeps_failures = false;
    // What is to be done goes by the state that it is rolled back from.
    stack.roll_back(now);
    if status == "ROLLBACK_IN_PROGRESS" {
        stack.turn(now, id, status, Some("User Initiated".to_owned()));
    }
    world.effect(call, &stack.id);
    keep(world, call, stack)
}
