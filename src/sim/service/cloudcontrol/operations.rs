//! Cloud Control's operations.

use serde_json::{Value, json};

use super::{Request, patch};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::page::Paging;
use crate::sim::service::coverage::{Operation, changes, reads};
use crate::sim::service::types::{self, Desk, Type};
use crate::sim::world::{Happening, World};

/// What holds for all of the service.
pub const NOTE: &str =
    "The resource types are those of CloudFormation's templates here; each makes the calls of its own service.";

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    changes("CancelResourceRequest", "what was begun is not taken back"),
    changes("CreateResource", ""),
    changes("DeleteResource", ""),
    reads("GetResource", ""),
    reads("GetResourceRequestStatus", ""),
    reads("ListResourceRequests", ""),
    reads("ListResources", "a resource model in the request is passed over"),
    changes("UpdateResource", ""),
];

const PAGING: Paging = Paging {
    token: "NextToken",
    size: "MaxResults",
    default: 20,
    max: 100,
    code: "InvalidRequestException",
    message: "The NextToken is not valid.",
};

/// Answers one call to Cloud Control.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateResource" | "UpdateResource" | "DeleteResource" => begin(world, call),
        "GetResource" => {
            let of = kind(call)?;
            let id = members::required(&call.input, "Identifier");
            let properties = of.look(&mut desk(world, call), id).map_err(|refusal| told(of, id, refusal))?;
            Ok(json!({"TypeName": of.name, "ResourceDescription": {"Identifier": id, "Properties": properties.to_string()}}))
        }
        "ListResources" => list(world, call),
        "GetResourceRequestStatus" => Ok(json!({"ProgressEvent": request(world, call)?.told()})),
        "ListResourceRequests" => list_requests(world, call),
        "CancelResourceRequest" => cancel(world, call),
        _ => Err(super::super::unknown(call)),
    }
}

fn desk<'w>(world: &'w mut World, call: &Call) -> Desk<'w> {
    Desk { world, caller: call.caller.clone() }
}

fn kind(call: &Call) -> Result<&'static Type, Refusal> {
    let name = members::required(&call.input, "TypeName");
    types::find(name).ok_or_else(|| Refusal::new("TypeNotFoundException", format!("The type '{name}' cannot be found.")))
}

/// A refusal of a type's handler, as a call that waits for it is answered.
fn told(of: &Type, id: &str, refusal: Refusal) -> Refusal {
    match types::handler_code(&refusal.code) {
        "NotFound" => {
            let message = format!("Resource of type '{}' with identifier '{id}' was not found.", of.name);
            Refusal::new("ResourceNotFoundException", message)
        }
        "InvalidRequest" => Refusal::new("InvalidRequestException", refusal.message),
        "AlreadyExists" => Refusal::new("AlreadyExistsException", refusal.message),
        _ => Refusal::new("GeneralServiceException", refusal.message),
    }
}

fn begin(world: &mut World, call: &Call) -> Answer {
    let (input, of) = (&call.input, kind(call)?);
    let asked = Members::new().copy(input, &["TypeName", "Identifier", "DesiredState", "PatchDocument"]).done().to_string();
    let asked = format!("{} {asked}", call.operation);
    let client = members::text(input, "ClientToken");
    let state = world.site(&call.caller).map(|site| &site.cloudcontrol);
    if let Some((known, token)) = client.and_then(|client| state?.tokens.get(client)).cloned() {
        if known != asked {
            let message = "The specified client token has already been used in another resource request.";
            return Err(Refusal::new("ClientTokenConflictException", message));
        }
        let request = state.and_then(|state| state.requests.get(&token)).map(Request::told);
        return Ok(json!({"ProgressEvent": request}));
    }
    let id = members::text(input, "Identifier").map(str::to_owned);
    let busy = state.into_iter().flat_map(|state| state.requests.values());
    if let Some(id) = &id
        && busy.into_iter().any(|other| other.kind == of.name && other.identifier.as_ref() == Some(id) && !other.is_over())
    {
        let message = "Another operation on this resource is already in progress.";
        return Err(Refusal::new("ConcurrentOperationException", message));
    }
    let (now, token) = (world.now(), world.ids.uuid());
    let (operation, desired, before) = match call.operation.as_str() {
        "CreateResource" => ("CREATE", Some(desired(members::required(input, "DesiredState"))?), None),
        "UpdateResource" => {
            let id = id.as_deref().unwrap_or_default();
            let before = of.look(&mut desk(world, call), id).map_err(|refusal| told(of, id, refusal))?;
            let after = patch::apply(&before, members::required(input, "PatchDocument"));
            ("UPDATE", Some(after.map_err(|why| Refusal::new("InvalidRequestException", why))?), Some(before))
        }
        _ => {
            let id = id.as_deref().unwrap_or_default();
            of.look(&mut desk(world, call), id).map_err(|refusal| told(of, id, refusal))?;
            ("DELETE", None, None)
        }
    };
    let mut request = Request {
        token: token.clone(),
        kind: of.name,
        operation,
        identifier: id.clone(),
        status: "IN_PROGRESS",
        message: None,
        code: None,
        model: desired.clone(),
        since: now,
        at: now,
    };
    let begun = carry_out(world, call, of, &request, before.as_ref());
    let progress = request.told();
    match begun {
        Ok(id) => request.identifier = Some(id),
        Err(refusal) => request.end(now, Err(refusal)),
    }
    let progress = if request.code.is_some() { progress } else { request.told() };
    let state = &mut world.site_mut(&call.caller).cloudcontrol;
    state.requests.insert(token.clone(), request);
    state.order.push(token.clone());
    if let Some(client) = client {
        state.tokens.insert(client.to_owned(), (asked, token.clone()));
    }
    world.effect(call, &token);
    let site = (call.caller.account.clone(), call.caller.region.clone());
    world.schedule(now, Happening::Request(site, token));
    Ok(json!({"ProgressEvent": progress}))
}

/// The properties that are asked for.
fn desired(text: &str) -> Result<Value, Refusal> {
    let read: Option<Value> = serde_json::from_str(text).ok();
    let invalid = || Refusal::new("InvalidRequestException", "Invalid DesiredState: it is no JSON object");
    read.filter(Value::is_object).ok_or_else(invalid)
}

/// Begins what is asked for; the resource's identifier.
fn carry_out(world: &mut World, call: &Call, of: &Type, request: &Request, before: Option<&Value>) -> Result<String, Refusal> {
    let what = [of.name.to_owned(), request.identifier.clone().unwrap_or_else(|| of.name.to_owned())];
    if let Some(message) = world.resource_failure(&what) {
        return Err(Refusal::new("GeneralServiceException", message));
    }
    let mut desk = desk(world, call);
    let id = request.identifier.clone().unwrap_or_default();
    match (request.operation, &request.model, before) {
        ("CREATE", Some(desired), _) => {
            let mut desired = desired.clone();
            if let (Some(named), Some(members)) = (of.named, desired.as_object_mut())
                && !members.contains_key(named)
            {
                members.insert(named.to_owned(), desk.world.ids.hex(20).into());
            }
            of.make(&mut desk, &desired)
        }
        ("UPDATE", Some(after), Some(before)) => {
            let fixed = of.replaces(before, after);
            if !fixed.is_empty() {
                let names = fixed.iter().map(|name| format!("/properties/{name}")).collect::<Vec<_>>().join(", ");
                let message = format!("Invalid patch update: createOnlyProperties [{names}] cannot be updated");
                return Err(Refusal::new("NotUpdatable", message));
            }
            of.change(&mut desk, &id, before, after).map(|()| id)
        }
        _ => of.remove(&mut desk, &id).map(|()| id),
    }
}

fn list(world: &mut World, call: &Call) -> Answer {
    let of = kind(call)?;
    let cursor = PAGING.open::<String>(call)?;
    let mut desk = desk(world, call);
    let mut ids = (of.list)(&mut desk).map_err(|refusal| told(of, "", refusal))?;
    ids.sort();
    let after = cursor.after.clone();
    let rows = ids.into_iter().filter(|id| after.as_ref().is_none_or(|after| id > after));
    let (page, token) = cursor.take(rows.map(|id| (id.clone(), id)));
    let told = page.into_iter().map(|id| {
        let properties = of.look(&mut desk, &id).map_or_else(|_| "{}".to_owned(), |properties| properties.to_string());
        json!({"Identifier": id, "Properties": properties})
    });
    Ok(Members::new()
        .set("TypeName", of.name)
        .set("ResourceDescriptions", told.collect::<Vec<_>>())
        .maybe("NextToken", token)
        .done())
}

fn request<'a>(world: &'a World, call: &Call) -> Result<&'a Request, Refusal> {
    let token = members::required(&call.input, "RequestToken");
    let found = world.site(&call.caller).and_then(|site| site.cloudcontrol.requests.get(token));
    found.ok_or_else(|| Refusal::new("RequestTokenNotFoundException", format!("Request with token {token} was not found")))
}

fn list_requests(world: &World, call: &Call) -> Answer {
    let cursor = PAGING.open::<usize>(call)?;
    let filter = call.input.get("ResourceRequestStatusFilter").cloned().unwrap_or_default();
    let (operations, statuses) = (members::texts(&filter, "Operations"), members::texts(&filter, "OperationStatuses"));
    let after = cursor.after;
    let state = world.site(&call.caller).map(|site| &site.cloudcontrol);
    let rows = state
        .into_iter()
        .flat_map(|state| state.order.iter().enumerate().map(|(number, token)| (number, &state.requests[token])));
    let rows = rows.filter(|(number, request)| {
        after.is_none_or(|after| *number > after)
            && (operations.is_empty() || operations.contains(&request.operation))
            && (statuses.is_empty() || statuses.contains(&request.status))
    });
    let (page, token) = cursor.take(rows.map(|(number, request)| (number, request.told())));
    Ok(Members::new().set("ResourceRequestStatusSummaries", page).maybe("NextToken", token).done())
}

fn cancel(world: &mut World, call: &Call) -> Answer {
    let mut cancelled = request(world, call)?.clone();
    if !cancelled.is_over() {
        cancelled.status = "CANCEL_COMPLETE";
        cancelled.at = world.now();
        let state = &mut world.site_mut(&call.caller).cloudcontrol;
        state.requests.insert(cancelled.token.clone(), cancelled.clone());
        world.effect(call, &cancelled.token);
    }
    Ok(json!({"ProgressEvent": cancelled.told()}))
}
