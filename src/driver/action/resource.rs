//! `cloudcontrol.create`: one resource by its CloudFormation properties, with AWS's own token where the service's API has none.

use serde_json::Value;

use crate::domain::{Change, Finding, MutatingCall, Problem, ProblemKind, Progress, ResourceCreation};
use crate::plan::ResourceCreate;

use super::super::prepare::{Asking, Draft};
use super::{End, Following, Look};

pub(super) async fn prepare(asking: &Asking<'_>, create: &ResourceCreate) -> Result<Draft, Problem> {
    let properties = asking.json(&create.properties)?;
    let identifier = create.identifier.as_ref().map(|identifier| asking.text(identifier)).transpose()?;
    let mut findings = Vec::new();
    if let Some(identifier) = &identifier {
        match asking.site.cloudcontrol.resource(&create.type_name, identifier).await? {
            Some(_) => findings.push(Finding::blocks(format!("{} {identifier} exists already", create.type_name))),
            None => findings.push(Finding::good(format!("the name {identifier} is free"))),
        }
    }
    let mut draft = draft(asking, &create.type_name, &properties, identifier);
    draft.findings.extend(findings);
    Ok(draft)
}

/// What creating this resource is, for every action that does it by way of Cloud Control.
pub(super) fn draft(asking: &Asking<'_>, type_name: &str, properties: &Value, name: Option<String>) -> Draft {
    let mut changes =
        vec![Change { what: type_name.to_owned(), before: None, after: Some(name.unwrap_or_else(|| "new".into())), why: None }];
    for (key, value) in properties.as_object().into_iter().flatten() {
        let after = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        changes.push(Change { what: key.clone(), before: None, after: Some(after), why: None });
    }
    let call = MutatingCall::CreateResource(ResourceCreation {
        type_name: type_name.to_owned(),
        desired_state: properties.to_string(),
        client_token: asking.token(),
    });
    Draft { summary: format!("create {type_name} in {}", asking.place.region), call: Some(call), changes, ..Draft::default() }
}

pub(super) async fn look(following: &Following<'_>) -> Result<Look, Problem> {
    let request = following.site.cloudcontrol.request(following.handle).await?;
    let identifier = request.identifier.clone().unwrap_or_default();
    Ok(match request.status.as_str() {
        "SUCCESS" => {
            let mut end = End::default().with("identifier", identifier.clone()).with("request_token", following.handle);
            // The properties are worth a look, and the step is not: it has ended well whether or not they can be read now.
            if let Ok(Some(properties)) = following.site.cloudcontrol.resource(&request.type_name, &identifier).await {
                end = told(end, properties);
            }
            end.ended_at = request.at;
            Look::Done(Box::new(end))
        }
        "FAILED" | "CANCEL_COMPLETE" => {
            let message = request.message.unwrap_or_else(|| format!("the request ended as {}", request.status));
            let mut problem = Problem::new(ProblemKind::Invalid, format!("Cloud Control {}", request.type_name), message);
            problem.region = Some(following.site.region.clone());
            problem.kind = kind_of(request.code.as_deref());
            problem.code = request.code;
            Look::Failed(problem, None, request.at)
        }
        status => {
            let said = request.message.map(|message| format!(": {message}")).unwrap_or_default();
            let doing = format!("{} {identifier} {status}{said}", request.type_name);
            Look::Running(Progress { doing, ..Progress::default() })
        }
    })
}

/// The properties that are texts, numbers or booleans are outputs.
pub(super) fn told(mut end: End, properties: Value) -> End {
    let Value::Object(properties) = properties else { return end };
    for (name, value) in properties {
        match value {
            Value::String(text) => end = end.with(&name, text),
            Value::Number(_) | Value::Bool(_) => end = end.with(&name, value.to_string()),
            _ => {}
        }
    }
    end
}

/// What a handler's error code means for what to do next (Cloud Control API reference, HandlerErrorCode).
fn kind_of(code: Option<&str>) -> ProblemKind {
    match code {
        Some("Throttling" | "ServiceLimitExceeded") => ProblemKind::Throttled,
        Some("AccessDenied" | "InvalidCredentials" | "UnauthorizedTaggingOperation") => ProblemKind::Denied,
        Some("NotFound") => ProblemKind::Missing,
        Some("NetworkFailure" | "ServiceTimeout") => ProblemKind::Unreachable,
        _ => ProblemKind::Invalid,
    }
}
