//! `rds.restore_to_point_in_time`: an RDS instance or an Aurora cluster from its automated backups, by Cloud Control.
//!
//! Cloud Control and not the RDS API: RestoreDBInstanceToPointInTime takes no token and its SDK costs as much to compile as that of
//! Systems Manager, while the restore properties of `AWS::RDS::DBInstance` and `AWS::RDS::DBCluster` say the same with a token.

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

use crate::domain::{Elsewhere, Finding, MutatingCall, Problem, ProblemKind, Progress};
use crate::plan::{Action, DatabaseKind, DatabaseRestore};

use super::super::prepare::{Asking, Draft};
use super::{End, Following, Look, resource};

/// The names of the restore properties: own identifier, source, moment.
fn names(kind: DatabaseKind) -> [&'static str; 3] {
    match kind {
        DatabaseKind::Instance => ["DBInstanceIdentifier", "SourceDBInstanceIdentifier", "RestoreTime"],
        DatabaseKind::Cluster => ["DBClusterIdentifier", "SourceDBClusterIdentifier", "RestoreToTime"],
    }
}

pub(super) async fn prepare(asking: &Asking<'_>, restore: &DatabaseRestore) -> Result<Draft, Problem> {
    let (type_name, [own, source_key, moment_key]) = (restore.kind.type_name(), names(restore.kind));
    let (source, target) = (asking.text(&restore.source)?, asking.text(&restore.target)?);
    let at = asking.moment(&restore.to)?;
    let mut properties = match &restore.properties {
        Some(template) => asking.json(template)?.as_object().cloned().unwrap_or_default(),
        None => Map::new(),
    };
    properties.insert(own.to_owned(), json!(target));
    let replicated = source.contains(":auto-backup:");
    let source_key = if replicated { "SourceDBInstanceAutomatedBackupsArn" } else { source_key };
    properties.insert(source_key.to_owned(), json!(source));
    match at {
        Some(at) => properties.insert(moment_key.to_owned(), json!(at.to_rfc3339_opts(SecondsFormat::Secs, true))),
        None => properties.insert("UseLatestRestorableTime".to_owned(), json!(true)),
    };
    let mut draft = resource::draft(asking, type_name, &Value::Object(properties), Some(target.clone()));
    let moment = at.map_or_else(|| "the latest moment that AWS has".to_owned(), |at| at.to_string());
    draft.summary = format!("restore {source} as {target} in {}, as of {moment}", asking.place.region);
    match asking.site.cloudcontrol.resource(type_name, &target).await? {
        Some(_) => {
            let text = format!("{type_name} {target} exists already; AWS does not tell from what it was restored");
            draft.findings.push(Finding::blocks(text));
        }
        None => draft.findings.push(Finding::good(format!("the identifier {target} is free"))),
    }
    if !replicated && asking.site.cloudcontrol.resource(type_name, &source).await?.is_none() {
        let text = format!("{source} is not in {}: a deleted one is restored by its backups' ARN", asking.place.region);
        draft.findings.push(Finding::warns(text));
    }
    if restore.kind == DatabaseKind::Cluster && !adds_writer(asking) {
        let text = "the cluster comes back without instances, and no later step of the plan makes its writer";
        draft.findings.push(Finding::warns(text));
    }
    Ok(draft)
}

/// Does a step that needs this one make an instance?
fn adds_writer(asking: &Asking<'_>) -> bool {
    asking.plan.steps.iter().any(|step| {
        let makes = matches!(&step.action, Action::CloudControlCreate(create) if create.type_name == "AWS::RDS::DBInstance");
        makes && step.needs.contains(&asking.step.id)
    })
}

/// An instance under the wanted identifier that somebody else has made. AWS tells of an instance when it was made, once it is, and of a
/// cluster not by this way: one that may be last year's is not offered.
pub(in crate::driver) async fn in_place(asking: &Asking<'_>, restore: &DatabaseRestore) -> Result<Option<Elsewhere>, Problem> {
    if restore.kind == DatabaseKind::Cluster {
        return Ok(None);
    }
    let target = asking.text(&restore.target)?;
    let found = asking.site.cloudcontrol.resource("AWS::RDS::DBInstance", &target).await?.unwrap_or_default();
    let Some(status) = found["DBInstanceStatus"].as_str() else { return Ok(None) };
    let began_at = found["InstanceCreateTime"].as_str().and_then(|at| at.parse().ok());
    Ok((began_at.is_some() || status == "creating").then(|| Elsewhere {
        kind: "DB instance".to_owned(),
        id: target.clone(),
        site: asking.step.site.clone(),
        region: asking.place.region.clone(),
        about: target,
        status: status.to_owned(),
        began_at,
        ended_at: None,
        by: None,
    }))
}

/// What was adopted has no request of Cloud Control: its own state is looked at.
async fn look_adopted(following: &Following<'_>) -> Result<Look, Problem> {
    const NAME: &str = "AWS::RDS::DBInstance";
    let identifier = following.handle;
    let problem = |kind, message| {
        let mut problem = Problem::new(kind, format!("Cloud Control {NAME}"), message);
        problem.region = Some(following.site.region.clone());
        Look::Failed(problem, None, None)
    };
    let Some(found) = following.site.cloudcontrol.resource(NAME, identifier).await? else {
        return Ok(problem(ProblemKind::Missing, format!("there is no {NAME} {identifier} (any more)")));
    };
    let status = found["DBInstanceStatus"].as_str().unwrap_or("in no state that AWS tells");
    Ok(match status {
        "available" => {
            let mut end = resource::told(End::default().with("identifier", identifier), found);
            end.ended_at = Some(following.now);
            end.tail = vec![tail(DatabaseKind::Instance, identifier)];
            Look::Done(Box::new(end))
        }
        "failed" | "restore-error" | "deleting" => problem(ProblemKind::Invalid, format!("{identifier} is {status}")),
        _ => Look::Running(Progress { doing: format!("{identifier} is {status}"), ..Progress::default() }),
    })
}

/// What is still to be done with a database that has come back.
fn tail(kind: DatabaseKind, identifier: &str) -> String {
    match kind {
        DatabaseKind::Instance => {
            format!(
                "{identifier}: its blocks are loaded as they are read: the first queries are slow until a full scan has passed"
            )
        }
        DatabaseKind::Cluster => format!("{identifier}: it has no instance until its writer is available"),
    }
}

pub(super) async fn look(following: &Following<'_>, restore: &DatabaseRestore) -> Result<Look, Problem> {
    if following.confirmed.call.is_none() {
        return look_adopted(following).await;
    }
    let mut look = resource::look(following).await?;
    if let (Look::Done(end), Some(MutatingCall::CreateResource(creation))) = (&mut look, &following.confirmed.call) {
        let [.., moment_key] = names(restore.kind);
        let properties: Value = serde_json::from_str(&creation.desired_state).unwrap_or_default();
        end.data_at = properties[moment_key].as_str().and_then(|at| at.parse().ok());
        let identifier = end.outputs.get("identifier").cloned().unwrap_or_default();
        end.tail = vec![tail(restore.kind, &identifier)];
    }
    Ok(look)
}
