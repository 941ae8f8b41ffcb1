//! `backup.copy`: AWS Backup StartCopyJob to a vault in another Region or account, and the job to its end.

use chrono::{DateTime, TimeDelta, Utc};

use crate::cloud::SiteClients;
use crate::domain::{Change, CopyJobStart, Finding, MutatingCall, Problem, ProblemKind, Progress};
use crate::plan::RecoveryPointCopy;

use super::super::prepare::{Asking, Draft};
use super::{End, Following, Found, Look, PAGES, restore};

pub(super) async fn prepare(asking: &Asking<'_>, copy: &RecoveryPointCopy) -> Result<Draft, Problem> {
    let missing = |what: String| Problem::new(ProblemKind::Missing, format!("prepare {}", asking.step.id), what);
    let resource = asking.plan.resources.get(&copy.resource).ok_or_else(|| missing(format!("no resource {}", copy.resource)))?;
    let (chosen, mut findings) = restore::choose(asking, resource, &copy.point).await?;
    let to = asking.text(&copy.to_vault)?;
    if chosen.is_continuous() {
        findings.push(Finding::warns("a continuous backup becomes a plain snapshot when it is copied"));
    }
    let call = MutatingCall::StartCopyJob(CopyJobStart {
        recovery_point_arn: chosen.arn.clone(),
        source_backup_vault_name: chosen.vault.clone(),
        destination_backup_vault_arn: to.clone(),
        iam_role_arn: asking.text(&copy.role_arn)?,
        idempotency_token: asking.token(),
    });
    let changes = vec![Change {
        what: format!("{} {}", resource.resource_type, resource.name),
        before: Some(format!("{} in {}", chosen.short_id(), chosen.vault)),
        after: Some(format!("a copy in {to}")),
        why: None,
    }];
    let summary = format!("copy the recovery point of {} from {} to {to}", resource.name, chosen.vault);
    Ok(Draft { summary, call: Some(call), changes, findings, ..Draft::default() })
}

pub(super) async fn look(following: &Following<'_>) -> Result<Look, Problem> {
    let job = following.site.backup.copy_job(following.handle).await?;
    Ok(match job.state.as_str() {
        "COMPLETED" => {
            let mut end =
                End::default().with("recovery_point_arn", job.copy_arn.unwrap_or_default()).with("copy_job_id", job.id.clone());
            end.began_at = job.created_at;
            end.ended_at = job.completed_at;
            Look::Done(Box::new(end))
        }
        "FAILED" | "PARTIAL" => {
            let message = job.message.unwrap_or_else(|| "AWS Backup gives no reason".into());
            let mut problem = Problem::new(ProblemKind::Invalid, format!("AWS Backup copy job {}", job.id), message);
            problem.region = Some(following.site.region.clone());
            problem.code = Some(job.state);
            Look::Failed(problem, job.created_at, job.completed_at)
        }
        state => {
            let doing = format!("copy job {}: {state}", job.id);
            Look::Running(Progress { doing, ..Progress::default() })
        }
    })
}

/// One job of this recovery point to this vault since the confirmation is ours; else AWS's own token decides.
pub(super) async fn reconcile(site: &SiteClients, start: &CopyJobStart, confirmed_at: DateTime<Utc>) -> Result<Found, Problem> {
    let since = confirmed_at - TimeDelta::minutes(2);
    let jobs = site.backup.copy_jobs(since, &start.destination_backup_vault_arn, PAGES).await?;
    let mut ours: Vec<_> = jobs.into_iter().filter(|job| job.source_arn == start.recovery_point_arn).collect();
    ours.retain(|job| job.created_at.is_none_or(|at| at >= since));
    Ok(match ours.as_slice() {
        [job] => Found::TookEffect { handle: job.id.clone(), aws_at: job.created_at },
        _ => Found::MayBeSent,
    })
}
