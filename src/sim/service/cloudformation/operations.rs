//! CloudFormation's operations.

use serde_json::{Value, json};

use super::requests::{self, missing, named, template_text};
use super::sets;
use super::stacks::{CloudFormation, Stack};
use super::template::{Template, invalid};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::page::Paging;
use crate::sim::service::coverage::{Operation, changes, reads};
use crate::sim::world::World;

/// What holds for all of the service.
pub const NOTE: &str = "Resources are made through the calls of their own services, each as soon as what it needs is there; types whose \
                        services are not simulated are kept with their properties and do nothing. Transforms, macros, nested stacks, \
                        stack sets, imports and drift are not modelled. In an empty estate capabilities are not asked for, and a \
                        change set is found by its name alone.";

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    changes("CancelUpdateStack", ""),
    changes("ContinueUpdateRollback", ""),
    changes("CreateChangeSet", "not of type IMPORT"),
    changes("CreateStack", "stack policies are passed over"),
    changes("DeleteChangeSet", ""),
    changes("DeleteStack", ""),
    reads("DescribeChangeSet", ""),
    reads("DescribeStackEvents", ""),
    reads("DescribeStackResource", ""),
    reads("DescribeStackResources", ""),
    reads("DescribeStacks", ""),
    changes("ExecuteChangeSet", ""),
    reads("GetTemplate", ""),
    reads("GetTemplateSummary", ""),
    reads("ListChangeSets", ""),
    reads("ListExports", ""),
    reads("ListImports", ""),
    reads("ListStackResources", ""),
    reads("ListStacks", "deleted stacks are told for ever"),
    changes("RollbackStack", ""),
    changes("UpdateStack", "stack policies are passed over"),
    changes("UpdateTerminationProtection", ""),
    reads("ValidateTemplate", ""),
];

const PAGING: Paging =
    Paging { token: "NextToken", size: "", default: 100, max: 100, code: "ValidationError", message: "Invalid NextToken" };

/// Operations whose ClientRequestToken makes a repetition the same request.
const TOKENED: [&str; 3] = ["CreateStack", "UpdateStack", "ExecuteChangeSet"];

/// Answers one call to CloudFormation.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let token = members::text(&call.input, "ClientRequestToken").filter(|_| TOKENED.contains(&call.operation.as_str()));
    let Some(token) = token else { return carry_out(world, call) };
    let name = members::required(&call.input, "StackName");
    let request = format!("{} {name}", call.operation);
    let known = world.site(&call.caller).and_then(|site| site.cloudformation.tokens.get(token)).cloned();
    match known {
        Some((known, answer)) if known == request => Ok(answer),
        Some(_) => Err(Refusal::new("TokenAlreadyExistsException", format!("ClientRequestToken {token} was used already"))),
        None => {
            let answer = carry_out(world, call)?;
            world.site_mut(&call.caller).cloudformation.tokens.insert(token.to_owned(), (request, answer.clone()));
            Ok(answer)
        }
    }
}

fn carry_out(world: &mut World, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateStack" => requests::create(world, call),
        "UpdateStack" => requests::update(world, call),
        "DeleteStack" => requests::delete(world, call),
        "CancelUpdateStack" => requests::cancel(world, call),
        "ContinueUpdateRollback" => requests::go_on(world, call),
        "RollbackStack" => requests::roll_back(world, call),
        "CreateChangeSet" => sets::create(world, call),
        "DescribeChangeSet" => sets::describe(world, call),
        "ListChangeSets" => sets::list(world, call),
        "ExecuteChangeSet" => sets::execute(world, call),
        "DeleteChangeSet" => sets::delete(world, call),
        "DescribeStacks" => describe(world, call),
        "ListStacks" => list(world, call),
        "DescribeStackEvents" => events(world, call),
        "DescribeStackResources" => resources(world, call),
        "DescribeStackResource" => resource(world, call),
        "ListStackResources" => list_resources(world, call),
        "GetTemplate" => template(world, call),
        "GetTemplateSummary" => summary(world, call),
        "ValidateTemplate" => validate(world, call),
        "ListExports" => exports(world, call),
        "ListImports" => imports(world, call),
        "UpdateTerminationProtection" => {
            let mut stack = named(world, call, "StackName")?;
            stack.protected = members::flag(&call.input, "EnableTerminationProtection") == Some(true);
            let id = stack.id.clone();
            world.site_mut(&call.caller).cloudformation.stacks.insert(id.clone(), stack);
            Ok(json!({"StackId": id}))
        }
        _ => Err(super::super::unknown(call)),
    }
}

fn state<'a>(world: &'a World, call: &Call) -> Option<&'a CloudFormation> {
    world.site(&call.caller).map(|site| &site.cloudformation)
}

/// A page of rows that are numbered in their order.
fn page(call: &Call, member: &str, rows: Vec<Value>) -> Answer {
    let size = if member == "Stacks" { 50 } else { 100 };
    let cursor = Paging { default: size, ..PAGING }.open::<usize>(call)?;
    let after = cursor.after;
    let rows = rows.into_iter().enumerate().filter(|(number, _)| after.is_none_or(|after| *number > after));
    let (page, token) = cursor.take(rows);
    Ok(Members::new().set(member, page).maybe("NextToken", token).done())
}

/// Newest first.
fn by_age(mut stacks: Vec<&Stack>) -> Vec<&Stack> {
    stacks.sort_by(|one, other| (other.created, &other.id).cmp(&(one.created, &one.id)));
    stacks
}

fn describe(world: &World, call: &Call) -> Answer {
    if let Some(name) = members::text(&call.input, "StackName") {
        return Ok(json!({"Stacks": [named(world, call, "StackName").map_err(|_| missing(name))?.told()]}));
    }
    let all = state(world, call).into_iter().flat_map(|state| state.stacks.values());
    let living = by_age(all.filter(|stack| stack.deleted.is_none()).collect());
    page(call, "Stacks", living.into_iter().map(Stack::told).collect())
}

fn list(world: &World, call: &Call) -> Answer {
    let wanted = members::texts(&call.input, "StackStatusFilter");
    let all = state(world, call).into_iter().flat_map(|state| state.stacks.values());
    let all = by_age(all.filter(|stack| wanted.is_empty() || wanted.contains(&stack.status)).collect());
    page(call, "StackSummaries", all.into_iter().map(Stack::summary).collect())
}

fn events(world: &World, call: &Call) -> Answer {
    let cursor = PAGING.open::<usize>(call)?;
    let name = members::required(&call.input, "StackName");
    let stack = state(world, call).and_then(|state| state.find(name));
    let stack = stack.ok_or_else(|| invalid(format!("Stack [{name}] does not exist")))?;
    // Newest first, and new ones come before: a token is the number from the beginning.
    let until = cursor.after.unwrap_or(stack.events.len()).min(stack.events.len());
    let rows = stack.events[..until].iter().enumerate().rev().map(|(number, event)| (number, event.clone()));
    let (page, token) = cursor.take(rows);
    Ok(Members::new().set("StackEvents", page).maybe("NextToken", token).done())
}

fn resources(world: &World, call: &Call) -> Answer {
    let input = &call.input;
    let physical = members::text(input, "PhysicalResourceId");
    let stack = match (members::text(input, "StackName"), physical) {
        (Some(_), Some(_)) => {
            return Err(invalid("Values for PhysicalResourceId and StackName may not both be specified"));
        }
        (Some(name), None) => state(world, call).and_then(|state| state.find(name)).ok_or_else(|| missing(name))?,
        (None, Some(id)) => {
            let mut all = state(world, call).into_iter().flat_map(|state| state.stacks.values());
            let holds =
                |stack: &&Stack| stack.deleted.is_none() && stack.parts.iter().any(|part| part.physical.as_deref() == Some(id));
            all.find(holds).ok_or_else(|| invalid(format!("Stack for {id} does not exist")))?
        }
        (None, None) => return Err(invalid("Either StackName or PhysicalResourceId must be specified")),
    };
    let logical = members::text(input, "LogicalResourceId");
    let told = stack.parts.iter().filter(|part| logical.is_none_or(|logical| part.logical == logical));
    let told = told.take(100).map(|part| part.told(stack));
    Ok(json!({"StackResources": told.collect::<Vec<_>>()}))
}

fn resource(world: &World, call: &Call) -> Answer {
    let stack = named(world, call, "StackName")
        .map_err(|_| invalid(format!("Stack '{}' does not exist", members::required(&call.input, "StackName"))))?;
    let logical = members::required(&call.input, "LogicalResourceId");
    let none = || invalid(format!("Resource {logical} does not exist for stack {}", stack.name));
    let part = stack.part(logical).ok_or_else(none)?;
    let mut told = part.told(&stack);
    if let Some(told) = told.as_object_mut() {
        let at = told.remove("Timestamp").unwrap_or_default();
        told.insert("LastUpdatedTimestamp".to_owned(), at);
        told.insert("Metadata".to_owned(), metadata(&stack, logical).into());
    }
    Ok(json!({"StackResourceDetail": told}))
}

fn metadata(stack: &Stack, logical: &str) -> String {
    let resource = stack.design.template.resource(logical);
    resource.and_then(|resource| resource.get("Metadata")).map_or_else(|| "{}".to_owned(), Value::to_string)
}

fn list_resources(world: &World, call: &Call) -> Answer {
    let stack = named(world, call, "StackName")?;
    page(call, "StackResourceSummaries", stack.parts.iter().map(super::stacks::Part::summary).collect())
}

fn template(world: &World, call: &Call) -> Answer {
    if let Some(set) = members::text(&call.input, "ChangeSetName") {
        let mut all =
            state(world, call).into_iter().flat_map(|state| state.stacks.values()).flat_map(|stack| stack.change_sets.values());
        let found = all.find(|known| known.name == set || known.id == set);
        let none = || Refusal::new("ChangeSetNotFoundException", format!("ChangeSet [{set}] does not exist")).status(404);
        return Ok(json!({"TemplateBody": &*found.ok_or_else(none)?.design.text, "StagesAvailable": ["Original", "Processed"]}));
    }
    let stack = named(world, call, "StackName")?;
    Ok(json!({"TemplateBody": &*stack.design.text, "StagesAvailable": ["Original", "Processed"]}))
}

fn capabilities(template: &Template) -> Members {
    let needed = template.capabilities();
    let types: Vec<&str> = template
        .section("Resources")
        .values()
        .filter_map(|resource| members::text(resource, "Type"))
        .filter(|kind| kind.starts_with("AWS::IAM::"))
        .collect();
    let why = (!needed.is_empty()).then(|| format!("The following resource(s) require capabilities: [{}]", types.join(", ")));
    Members::new()
        .maybe("Description", template.description())
        .maybe("Capabilities", Some(needed).filter(|needed| !needed.is_empty()))
        .maybe("CapabilitiesReason", why)
}

fn validate(world: &mut World, call: &Call) -> Answer {
    let none = || invalid("Either Template URL or Template Body must be specified.");
    let template = Template::read(&template_text(world, call)?.ok_or_else(none)?)?;
    Ok(capabilities(&template).set("Parameters", template.described()).done())
}

fn summary(world: &mut World, call: &Call) -> Answer {
    let text = match template_text(world, call)? {
        Some(text) => text,
        None => named(world, call, "StackName")?.design.text.to_string(),
    };
    let template = Template::read(&text)?;
    let definitions = template.section("Parameters");
    let parameters = template.described().into_iter().map(|mut told| {
        let definition = definitions.get(members::required(&told, "ParameterKey"));
        let kind = definition.and_then(|definition| members::text(definition, "Type")).unwrap_or("String");
        told["ParameterType"] = kind.into();
        let allowed = definition.map(|definition| members::list(definition, "AllowedValues")).unwrap_or_default();
        let allowed: Vec<String> = allowed.iter().map(super::template::plain).collect();
        told["ParameterConstraints"] = json!({"AllowedValues": allowed});
        told
    });
    let mut types: Vec<&str> =
        template.section("Resources").values().filter_map(|resource| members::text(resource, "Type")).collect();
    types.sort_unstable();
    types.dedup();
    Ok(capabilities(&template)
        .set("Parameters", parameters.collect::<Vec<_>>())
        .set("ResourceTypes", types)
        .maybe("Version", text.contains("AWSTemplateFormatVersion").then_some("2010-09-09"))
        .done())
}

fn exports(world: &World, call: &Call) -> Answer {
    let mut all: Vec<_> = state(world, call).into_iter().flat_map(CloudFormation::exports).collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    let rows = all.into_iter().map(|(name, value, stack)| json!({"ExportingStackId": stack.id, "Name": name, "Value": value}));
    page(call, "Exports", rows.collect())
}

fn imports(world: &World, call: &Call) -> Answer {
    let export = members::required(&call.input, "ExportName");
    let importers = state(world, call).map(|state| state.importers(export)).unwrap_or_default();
    if importers.is_empty() {
        return Err(invalid(format!("Export '{export}' is not imported by any stack.")));
    }
    page(call, "Imports", importers.into_iter().map(Value::from).collect())
}
