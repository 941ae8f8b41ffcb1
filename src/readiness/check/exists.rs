//! Do the things that a step names exist where it acts?

use serde_json::Value;

use crate::domain::ProblemKind;
use crate::plan::{Action, Template};
use crate::readiness::{AskedOf, Found, Ready};

pub(super) async fn runbook(asked: AskedOf<'_>) -> Vec<Found> {
    let Action::SsmAutomation { document: name, version, .. } = &asked.step.action else { return Vec::new() };
    vec![document(asked, "runbook", ("Automation", "Automation runbooks"), name, version.as_deref()).await]
}

pub(super) async fn command(asked: AskedOf<'_>) -> Vec<Found> {
    let Action::SsmRunCommand(run) = &asked.step.action else { return Vec::new() };
    vec![document(asked, "document", ("Command", "Command documents"), &run.document, run.version.as_deref()).await]
}

/// A document of Systems Manager, of the type that the step can start.
async fn document(
    asked: AskedOf<'_>,
    check: &'static str,
    (kind, kinds): (&str, &str),
    name: &Template,
    version: Option<&str>,
) -> Found {
    let Some(name) = asked.text(name) else { return later(asked, check, &name.to_string()) };
    let region = &asked.place.region;
    match asked.site.ssm.document(&name, version).await {
        Ok(found) if found.kind != kind => {
            let what = format!("{name} in {region} is a document of type {}", found.kind);
            let why = format!("only {kinds} can be started by this step");
            Found::yes(check, asked.id(), what).but(Ready::No, why, format!("name one of type {kind}"))
        }
        Ok(found) if found.status != "Active" => {
            let what = format!("the {check} {name} in {region} is {}", found.status);
            Found::yes(check, asked.id(), what).but(
                Ready::Doubtful,
                "AWS starts only active ones",
                "look at it in Systems Manager",
            )
        }
        Ok(_) => Found::yes(check, asked.id(), format!("the {check} {name} is there in {region}")),
        Err(problem) if problem.kind == ProblemKind::Missing => {
            let why = format!("{kinds} are kept by Region: one of the primary cannot be started when the primary is gone");
            let next = format!("create it in {region}, in account {}", asked.place.account);
            Found::yes(check, asked.id(), format!("there is no {check} {name} in {region}")).but(Ready::No, why, next)
        }
        Err(problem) => Found::unknown(check, asked.id(), &problem),
    }
}

/// Is there not yet what the step will create, as far as the plan says what it will be called?
pub(super) async fn created(asked: AskedOf<'_>) -> Vec<Found> {
    let Action::CloudControlCreate(create) = &asked.step.action else { return Vec::new() };
    let Some(identifier) = &create.identifier else { return Vec::new() };
    match asked.text(identifier) {
        Some(name) => vec![name_is_free(asked, &create.type_name, "identifier", &name).await],
        None => vec![later(asked, "name", &identifier.to_string())],
    }
}

/// Something whose name is known only on the day.
pub(super) fn later(asked: AskedOf<'_>, check: &'static str, what: &str) -> Found {
    let what = format!("{what} is known only on the day");
    Found::yes(check, asked.id(), what).but(
        Ready::Doubtful,
        "it could not be checked",
        "give its variables defaults to have it checked",
    )
}

/// Looks for a resource by Cloud Control and says that it is there, or what is to be done.
pub(super) async fn resource(asked: AskedOf<'_>, type_name: &str, key: &str, identifier: &str) -> (Found, Option<Value>) {
    let region = &asked.place.region;
    match asked.site.cloudcontrol.resource(type_name, identifier).await {
        Ok(Some(properties)) => {
            (Found::yes("metadata", asked.id(), format!("{key}: {identifier} is there in {region}")), Some(properties))
        }
        Ok(None) => {
            let what = format!("{key}: there is no {type_name} {identifier} in {region}");
            let why = "the restore job would fail, after it has run for a while";
            let next = format!("create it in {region}, or correct `{key}` under `metadata`");
            (Found::yes("metadata", asked.id(), what).but(Ready::No, why, next), None)
        }
        Err(problem) => (Found::unknown("metadata", asked.id(), &problem), None),
    }
}

/// Is a name that the step will give to a new resource still free?
pub(super) async fn name_is_free(asked: AskedOf<'_>, type_name: &str, key: &str, name: &str) -> Found {
    let region = &asked.place.region;
    match asked.site.cloudcontrol.resource(type_name, name).await {
        Ok(None) => Found::yes("name", asked.id(), format!("{key}: the name {name} is free in {region}")),
        Ok(Some(_)) => {
            let what = format!("{key}: there is a {type_name} {name} in {region} already");
            Found::yes("name", asked.id(), what).but(
                Ready::No,
                "AWS refuses to make what exists",
                format!("delete what an exercise left behind, or change `{key}`"),
            )
        }
        Err(problem) => Found::unknown("name", asked.id(), &problem),
    }
}
