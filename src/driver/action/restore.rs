//! `backup.restore`: AWS Backup StartRestoreJob from the newest usable recovery point, and the job to its end.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::domain::{
    Change, Finding, JobStatus, MutatingCall, Problem, ProblemKind, Progress, RecoveryPoint, RestoreJobStart, Usable,
};
use crate::plan::{Action, Resource, RestorePoint, carry_over};

use super::super::prepare::{Asking, Draft};
use super::{End, Following, Found, Look, PAGES};
use crate::cloud::SiteClients;

pub(super) async fn prepare(asking: &Asking<'_>) -> Result<Draft, Problem> {
    let Action::BackupRestore { resource, point, to, metadata, drop, role_arn, copy_tags } = &asking.step.action else {
        return Ok(Draft::default());
    };
    let missing = |what: String| Problem::new(ProblemKind::Missing, format!("prepare {}", asking.step.id), what);
    let resource = asking.plan.resources.get(resource).ok_or_else(|| missing(format!("no resource {resource}")))?;
    let (chosen, mut findings) = choose(asking, resource, point).await?;
    let backed_up = asking.site.backup.restore_metadata(&chosen.vault, &chosen.arn).await?;
    let mut wanted = std::collections::BTreeMap::new();
    for (key, template) in metadata {
        wanted.insert(key.clone(), asking.text(template)?);
    }
    let to = to.as_ref().map(|to| asking.moment(to)).transpose()?;
    if let Some(to) = to {
        let (key, value) = moment_of(&resource.resource_type, to);
        wanted.insert(key, value);
        if !chosen.is_continuous() {
            let text = format!("recovery point {} is a snapshot: it holds one moment only", chosen.short_id());
            findings.push(Finding::blocks(text));
        }
    }
    let carried = carry_over(&resource.resource_type, &backed_up, drop, &wanted);
    if !carried.known {
        let text = format!("what {} needs is not known here: read the metadata with care", resource.resource_type);
        findings.push(Finding::warns(text));
    }
    for key in &carried.missing {
        findings.push(Finding::blocks(format!("{} needs {key}: add it to the step's metadata", resource.resource_type)));
    }
    let mut changes = vec![Change {
        what: format!("{} {}", resource.resource_type, resource.name),
        before: None,
        after: Some(carried.new_name(&resource.resource_type)),
        why: Some(format!("restored from {}", chosen.short_id())),
    }];
    changes.extend(carried.changes);
    let call = MutatingCall::StartRestoreJob(RestoreJobStart {
        recovery_point_arn: chosen.arn.clone(),
        metadata: carried.metadata,
        iam_role_arn: asking.text(role_arn)?,
        resource_type: resource.resource_type.clone(),
        idempotency_token: asking.token(),
        copy_source_tags_to_restored_resource: *copy_tags,
    });
    let region = &asking.place.region;
    let summary = format!("restore {} ({}) in {region} from vault {}", resource.name, resource.resource_type, chosen.vault);
    Ok(Draft { summary, call: Some(call), changes, findings, ..Draft::default() })
}

/// The metadata key and value by which a continuous backup is restored to a moment (AWS Backup developer guide: Aurora's are named
/// there, those of the others follow the service's own restore call).
fn moment_of(resource_type: &str, to: Option<DateTime<Utc>>) -> (String, String) {
    match (resource_type, to) {
        (_, None) => ("UseLatestRestorableTime".to_owned(), "true".to_owned()),
        ("Aurora", Some(at)) => ("restoreToTime".to_owned(), at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        (_, Some(at)) => ("RestoreTime".to_owned(), at.to_rfc3339_opts(SecondsFormat::Secs, true)),
    }
}

/// The recovery point to restore from, and what there is to say about it.
pub(super) async fn choose(
    asking: &Asking<'_>,
    resource: &Resource,
    wanted: &RestorePoint,
) -> Result<(RecoveryPoint, Vec<Finding>), Problem> {
    let by_person = asking.chosen_point();
    let wanted = by_person.as_ref().unwrap_or(wanted);
    let mut points = Vec::new();
    for vault in &asking.place.vaults {
        points.extend(asking.site.backup.recovery_points(vault, PAGES).await?.rows);
    }
    points.retain(|point| point.resource_arn == resource.arn);
    points.sort_by_key(|point| std::cmp::Reverse(point.data_at));
    let count = points.len();
    let usable = |point: &RecoveryPoint| matches!(point.usable(asking.now), Usable::Yes);
    let chosen = match wanted {
        RestorePoint::Newest => points.into_iter().find(usable),
        RestorePoint::Continuous => points.into_iter().find(RecoveryPoint::is_continuous),
        RestorePoint::Arn(arn) => points.into_iter().find(|point| &point.arn == arn),
    };
    let chosen = chosen.ok_or_else(|| {
        let vaults = asking.place.vaults.join(", ");
        let message = format!("no usable recovery point of {} among {count} in {vaults}", resource.name);
        let mut problem = Problem::new(ProblemKind::Missing, "choose a recovery point", message);
        problem.region = Some(asking.place.region.clone());
        problem
    })?;
    let mut findings = weigh(asking, &chosen);
    if by_person.is_some() {
        findings
            .push(Finding::warns(format!("recovery point {} was chosen by a person instead of the plan's", chosen.short_id())));
    }
    Ok((chosen, findings))
}

fn weigh(asking: &Asking<'_>, point: &RecoveryPoint) -> Vec<Finding> {
    let mut findings = Vec::new();
    match point.usable(asking.now) {
        Usable::Yes => findings.push(Finding::good(format!("recovery point {} is {}", point.short_id(), point.status))),
        Usable::Doubtful(why) => findings.push(Finding::warns(format!("recovery point {}: {why}", point.short_id()))),
        Usable::No(why) => findings.push(Finding::blocks(format!("recovery point {}: {why}", point.short_id()))),
    }
    let rpo = TimeDelta::from_std(asking.plan.objectives.rpo).unwrap_or(TimeDelta::MAX);
    let Some(data_at) = point.data_at else {
        findings.push(Finding::warns("AWS does not say which moment the recovery point holds"));
        return findings;
    };
    let (since, what) = match asking.impact() {
        Some(impact) => (impact, "before the impact began"),
        None => (asking.now, "ago"),
    };
    let loss = since - data_at;
    let text = format!("its data is of {}, {} min {what}", data_at.format("%Y-%m-%d %H:%M:%S UTC"), loss.num_minutes());
    if loss < TimeDelta::zero() {
        findings.push(Finding::warns(format!("{text}: it was made after the impact began")));
    } else if loss <= rpo {
        findings.push(Finding::good(format!("{text}: inside the RPO of {} min", rpo.num_minutes())));
    } else {
        findings.push(Finding::warns(format!("{text}: outside the RPO of {} min", rpo.num_minutes())));
    }
    findings
}

pub(super) async fn look(following: &Following<'_>) -> Result<Look, Problem> {
    let job = following.site.backup.restore_job(following.handle).await?;
    match job.status {
        JobStatus::Completed => {
            let arn = job.created_resource_arn.clone().unwrap_or_default();
            let id = arn.rsplit([':', '/']).next().unwrap_or_default().to_owned();
            let point = job.recovery_point_arn.clone().unwrap_or_default();
            let mut end = End::default()
                .with("created_resource_arn", arn)
                .with("created_resource_id", id)
                .with("restore_job_id", job.id.clone())
                .with("recovery_point_arn", point.clone());
            end.began_at = job.created_at;
            end.ended_at = job.completed_at;
            end.data_at = match moment_in(following) {
                Some(moment) => Some(moment),
                None => data_at(following, &point).await,
            };
            end.tail = tail(following);
            Ok(Look::Done(Box::new(end)))
        }
        JobStatus::Failed | JobStatus::Aborted => {
            let message = job.message.clone().unwrap_or_else(|| "AWS Backup gives no reason".into());
            let mut problem = Problem::new(ProblemKind::Invalid, format!("AWS Backup restore job {}", job.id), message);
            problem.region = Some(following.site.region.clone());
            problem.code = Some(String::from(job.status));
            Ok(Look::Failed(problem, job.created_at, job.completed_at))
        }
        status => {
            let doing = format!("restore job {}: {}", job.id, String::from(status));
            Ok(Look::Running(Progress { percent: job.percent, doing, ..Progress::default() }))
        }
    }
}

/// The moment that a continuous backup was restored to.
fn moment_in(following: &Following<'_>) -> Option<DateTime<Utc>> {
    let Some(MutatingCall::StartRestoreJob(start)) = &following.confirmed.call else { return None };
    ["RestoreTime", "restoreToTime"].iter().find_map(|key| start.metadata.get(*key)?.parse().ok())
}

/// What stands between "available" and recovered, per resource type (AWS Backup developer guide, "Restore …"; EBS user guide,
/// "Initialize volumes"; RDS user guide, "Restoring from a DB snapshot").
fn tail(following: &Following<'_>) -> Vec<String> {
    let kind = match &following.confirmed.call {
        Some(MutatingCall::StartRestoreJob(start)) => start.resource_type.as_str(),
        // A job that was adopted: what is restored is what the plan says.
        _ => following.resource_type.unwrap_or_default(),
    };
    let text = match kind {
        "EBS" | "RDS" => "its blocks are loaded as they are read: slow until they all were",
        "Aurora" | "DocumentDB" | "Neptune" => "it has no instance: its writer has to be made, and be available",
        "DynamoDB" => {
            "auto scaling, IAM policies, alarms, tags, streams, time to live and point-in-time recovery are to be set by hand"
        }
        "EFS" => "it has no mount targets and no access points",
        "CloudFormation" => "the stack waits in REVIEW_IN_PROGRESS: its change set has to be executed",
        _ => return Vec::new(),
    };
    vec![text.to_owned()]
}

/// The moment that the restored data is of; unknown rather than wrong when AWS cannot be asked.
async fn data_at(following: &Following<'_>, point_arn: &str) -> Option<DateTime<Utc>> {
    for vault in following.vaults {
        if let Ok(point) = following.site.backup.recovery_point(vault, point_arn).await {
            return point.data_at;
        }
    }
    None
}

/// Looks for a job of this recovery point that was made since the confirmation. A job that exists took effect; none means that the
/// call may be sent again with its token, which AWS Backup answers without a second job if the first was only slow to appear.
pub(super) async fn reconcile(
    site: &SiteClients,
    start: &RestoreJobStart,
    confirmed_at: DateTime<Utc>,
) -> Result<Found, Problem> {
    // AWS's clock may be behind ours: look a little further back than the confirmation.
    let since = confirmed_at - TimeDelta::minutes(2);
    let jobs = site.backup.restore_jobs(since, Some(&start.resource_type), PAGES).await?;
    let mut ours: Vec<_> = jobs
        .rows
        .into_iter()
        .filter(|job| job.recovery_point_arn.as_deref() == Some(&start.recovery_point_arn))
        .filter(|job| job.created_at.is_none_or(|created| created >= since))
        .collect();
    ours.sort_by_key(|job| job.created_at);
    // With more than one candidate the token alone can tell which is ours: the repeat is answered with that job's id.
    match ours.as_slice() {
        [job] => Ok(Found::TookEffect { handle: job.id.clone(), aws_at: job.created_at }),
        _ => Ok(Found::MayBeSent),
    }
}
