//! Do the things that a step names exist where it acts?

use serde_json::Value;

use crate::domain::ProblemKind;
use crate::plan::{Action, DatabaseKind};
use crate::readiness::{AskedOf, Found, Ready};

pub(super) async fn runbook(asked: AskedOf<'_>) -> Vec<Found> {
    let Action::SsmAutomation { document, version, .. } = &asked.step.action else { return Vec::new() };
    let Some(name) = asked.text(document) else { return vec![later(asked, "runbook", &document.to_string())] };
    let region = &asked.place.region;
    let found = match asked.site.ssm.document(&name, version.as_deref()).await {
        Ok(found) if found.kind != "Automation" => {
            let what = format!("{name} in {region} is a document of type {}", found.kind);
            let next = "name an Automation runbook";
            Found::yes("runbook", asked.id(), what).but(Ready::No, "only Automation runbooks can be started by this step", next)
        }
        Ok(found) if found.status != "Active" => {
            let what = format!("the runbook {name} in {region} is {}", found.status);
            Found::yes("runbook", asked.id(), what).but(
                Ready::Doubtful,
                "AWS starts only active ones",
                "look at it in Systems Manager",
            )
        }
        Ok(_) => Found::yes("runbook", asked.id(), format!("the runbook {name} is there in {region}")),
        Err(problem) if problem.kind == ProblemKind::Missing => {
            let why = "runbooks are kept by Region: one of the primary cannot be started from here when the primary is gone";
            let next = format!("create it in {region}, in account {}", asked.place.account);
            Found::yes("runbook", asked.id(), format!("there is no runbook {name} in {region}")).but(Ready::No, why, next)
        }
        Err(problem) => Found::unknown("runbook", asked.id(), &problem),
    };
    vec![found]
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
                "AWS refuses to make anew what exists",
                format!("delete what an exercise left behind, or change `{key}` in the plan"),
            )
        }
        Err(problem) => Found::unknown("name", asked.id(), &problem),
    }
}

/// Is the name free of what the step makes, where the plan says the name?
pub(super) async fn name(asked: AskedOf<'_>) -> Vec<Found> {
    let (type_name, key, template) = match &asked.step.action {
        Action::DynamoDbRestore(restore) => ("AWS::DynamoDB::Table", "target", &restore.target),
        Action::RdsRestore(restore) if restore.kind == DatabaseKind::Cluster => {
            ("AWS::RDS::DBCluster", "target", &restore.target)
        }
        Action::RdsRestore(restore) => ("AWS::RDS::DBInstance", "target", &restore.target),
        Action::CloudControlCreate(create) => match &create.identifier {
            Some(identifier) => (create.type_name.as_str(), "identifier", identifier),
            None => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    match asked.text(template) {
        Some(name) => vec![name_is_free(asked, type_name, key, &name).await],
        // What is made of another step's output has a name of the day.
        None => vec![later(asked, "name", &template.to_string())],
    }
}
