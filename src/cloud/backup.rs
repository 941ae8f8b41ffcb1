//! AWS Backup: vaults, recovery points, and the jobs that restore them.

use std::collections::BTreeMap;
use std::future::Future;

use aws_sdk_backup::operation::describe_recovery_point::DescribeRecoveryPointOutput;
use aws_sdk_backup::operation::describe_restore_job::DescribeRestoreJobOutput;
use aws_sdk_backup::operation::list_backup_vaults::ListBackupVaultsOutput;
use aws_sdk_backup::operation::list_copy_jobs::ListCopyJobsOutput;
use aws_sdk_backup::operation::list_protected_resources::ListProtectedResourcesOutput;
use aws_sdk_backup::operation::list_recovery_points_by_backup_vault::ListRecoveryPointsByBackupVaultOutput;
use aws_sdk_backup::operation::list_recovery_points_by_resource::ListRecoveryPointsByResourceOutput;
use aws_sdk_backup::operation::list_restore_jobs::ListRestoreJobsOutput;
use aws_sdk_backup::operation::list_tags::ListTagsOutput;
use aws_sdk_backup::types::{
    BackupVaultListMember, RecoveryPointByBackupVault, RecoveryPointByResource, RestoreJobsListMember, ScanFinding, ScanJobState,
    ScanResult,
};
use chrono::{DateTime, TimeDelta, Utc};

use super::client;
use super::listing::{Listing, Pages, Sink, keep};
use super::site::{Connection, Retries};
use super::time::{to_aws, utc};
use crate::domain::{CopyJob, JobStatus, Problem, ProblemKind, ProtectedResource, RecoveryPoint, RestoreJob, SiteName, Vault};

/// Asks AWS Backup at one site.
#[derive(Debug, Clone)]
pub struct Backup {
    connection: Connection,
    client: aws_sdk_backup::Client,
}

impl Backup {
    /// Through `connection`.
    pub fn new(connection: &Connection) -> Self {
        Self { client: client!(aws_sdk_backup, connection, Retries::Never), connection: connection.clone() }
    }

    /// The vaults of account and Region, at most `pages` pages.
    ///
    /// # Errors
    /// Any kind.
    pub async fn vaults(&self, pages: usize) -> Result<Listing<Vault>, Problem> {
        let ask = self.client.list_backup_vaults().max_results(1000);
        let found = Pages {
            connection: &self.connection,
            operation: "Backup ListBackupVaults",
            pages,
            ask: |token| ask.clone().set_next_token(token).send(),
            token: |page: &ListBackupVaultsOutput| page.next_token().map(str::to_owned),
            rows: |page: ListBackupVaultsOutput| page.backup_vault_list().iter().map(vault_listed).collect(),
        };
        found.gather().await
    }

    /// The recovery points in a vault, at most `pages` pages of 1,000.
    ///
    /// # Errors
    /// Any kind. For a vault that does not exist AWS may answer Denied as well as Missing.
    pub async fn recovery_points(&self, vault: &str, pages: usize) -> Result<Listing<RecoveryPoint>, Problem> {
        let mut rows = Vec::new();
        let complete = self.ask_recovery_points(vault, pages, keep(&mut rows)).await?;
        Ok(Listing { rows, complete })
    }

    /// All recovery points in a vault, handed on page by page: nothing is kept. At most `pages` pages; whether that was all.
    ///
    /// # Errors
    /// As [`Backup::recovery_points`]; what was read before is handed on.
    pub async fn each_recovery_point(&self, vault: &str, pages: usize, sink: &Sink<RecoveryPoint>) -> Result<bool, Problem> {
        self.ask_recovery_points(vault, pages, async |page| sink.send(page).await.is_ok()).await
    }

    async fn ask_recovery_points<D: Future<Output = bool>>(
        &self,
        vault: &str,
        pages: usize,
        deliver: impl FnMut(Vec<RecoveryPoint>) -> D,
    ) -> Result<bool, Problem> {
        let ask = self.client.list_recovery_points_by_backup_vault().backup_vault_name(vault).max_results(1000);
        let of_page = |page: ListRecoveryPointsByBackupVaultOutput| {
            page.recovery_points().iter().map(|point| from_vault(self.connection.site(), vault, point)).collect()
        };
        let found = Pages {
            connection: &self.connection,
            operation: "Backup ListRecoveryPointsByBackupVault",
            pages,
            ask: |token| ask.clone().set_next_token(token).send(),
            token: |page: &ListRecoveryPointsByBackupVaultOutput| page.next_token().map(str::to_owned),
            rows: of_page,
        };
        found.each(deliver).await
    }

    /// The recovery points of a resource in all vaults of the Region, at most `pages` pages of 1,000. AWS tells less of each here:
    /// no resource type, no retention, no completion.
    ///
    /// # Errors
    /// Any kind.
    pub async fn recovery_points_of(&self, resource_arn: &str, pages: usize) -> Result<Listing<RecoveryPoint>, Problem> {
        let ask = self.client.list_recovery_points_by_resource().resource_arn(resource_arn).max_results(1000);
        let of_page = |page: ListRecoveryPointsByResourceOutput| {
            page.recovery_points().iter().map(|point| from_resource(self.connection.site(), resource_arn, point)).collect()
        };
        let found = Pages {
            connection: &self.connection,
            operation: "Backup ListRecoveryPointsByResource",
            pages,
            ask: |token| ask.clone().set_next_token(token).send(),
            token: |page: &ListRecoveryPointsByResourceOutput| page.next_token().map(str::to_owned),
            rows: of_page,
        };
        found.gather().await
    }

    /// One recovery point with all that AWS tells, storage class and scan results included.
    ///
    /// # Errors
    /// Any kind.
    pub async fn recovery_point(&self, vault: &str, arn: &str) -> Result<RecoveryPoint, Problem> {
        let ask = self.client.describe_recovery_point().backup_vault_name(vault).recovery_point_arn(arn);
        let answer = self.connection.ask("Backup DescribeRecoveryPoint", || ask.clone().send()).await?;
        Ok(described(self.connection.site(), vault, arn, &answer))
    }

    /// What AWS Backup recorded about the resource. Never to be passed back untouched: it names things of the lost Region.
    ///
    /// # Errors
    /// Any kind.
    pub async fn restore_metadata(&self, vault: &str, arn: &str) -> Result<BTreeMap<String, String>, Problem> {
        let ask = self.client.get_recovery_point_restore_metadata().backup_vault_name(vault).recovery_point_arn(arn);
        let answer = self.connection.ask("Backup GetRecoveryPointRestoreMetadata", || ask.clone().send()).await?;
        Ok(answer.restore_metadata.unwrap_or_default().into_iter().collect())
    }

    /// The tags of a recovery point, vault or plan; a point has those that its resource had.
    ///
    /// # Errors
    /// Any kind.
    pub async fn tags(&self, arn: &str) -> Result<BTreeMap<String, String>, Problem> {
        let ask = self.client.list_tags().resource_arn(arn);
        let found = Pages {
            connection: &self.connection,
            operation: "Backup ListTags",
            pages: usize::MAX,
            ask: |token| ask.clone().set_next_token(token).send(),
            token: |page: &ListTagsOutput| page.next_token().map(str::to_owned),
            rows: |page: ListTagsOutput| page.tags.unwrap_or_default().into_iter().collect(),
        };
        Ok(found.gather().await?.rows.into_iter().collect())
    }

    /// The resources that AWS Backup protects here, at most `pages` pages of 1,000.
    ///
    /// # Errors
    /// Any kind.
    pub async fn protected_resources(&self, pages: usize) -> Result<Listing<ProtectedResource>, Problem> {
        let ask = self.client.list_protected_resources().max_results(1000);
        let found = Pages {
            connection: &self.connection,
            operation: "Backup ListProtectedResources",
            pages,
            ask: |token| ask.clone().set_next_token(token).send(),
            token: |page: &ListProtectedResourcesOutput| page.next_token().map(str::to_owned),
            rows: |page: ListProtectedResourcesOutput| page.results().iter().map(protected).collect(),
        };
        found.gather().await
    }

    /// How long the last restore of a resource took here, as AWS Backup measured it, in whole minutes; `None` if none is known.
    ///
    /// # Errors
    /// Any kind but Missing.
    pub async fn last_restore(&self, resource_arn: &str) -> Result<Option<TimeDelta>, Problem> {
        let ask = self.client.describe_protected_resource().resource_arn(resource_arn);
        match self.connection.ask("Backup DescribeProtectedResource", || ask.clone().send()).await {
            Ok(answer) => Ok(answer.latest_restore_execution_time_minutes().and_then(TimeDelta::try_minutes)),
            Err(problem) if problem.kind == ProblemKind::Missing => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    /// The copies that began in this account and Region since `since`, at most `pages` pages of 1,000.
    ///
    /// # Errors
    /// Any kind.
    pub async fn copies_since(&self, since: DateTime<Utc>, pages: usize) -> Result<Listing<CopyJob>, Problem> {
        let ask = self.client.list_copy_jobs().by_created_after(to_aws(since)).max_results(1000);
        let found = Pages {
            connection: &self.connection,
            operation: "Backup ListCopyJobs",
            pages,
            ask: |token| ask.clone().set_next_token(token).send(),
            token: |page: &ListCopyJobsOutput| page.next_token().map(str::to_owned),
            rows: |page: ListCopyJobsOutput| page.copy_jobs().iter().map(copy_listed).collect(),
        };
        found.gather().await
    }

    /// A restore job.
    ///
    /// # Errors
    /// Any kind; Missing if AWS does not know it.
    pub async fn restore_job(&self, id: &str) -> Result<RestoreJob, Problem> {
        let ask = self.client.describe_restore_job().restore_job_id(id);
        Ok(job_described(id, &self.connection.ask("Backup DescribeRestoreJob", || ask.clone().send()).await?))
    }

    /// A copy job.
    ///
    /// # Errors
    /// Any kind; Missing if AWS does not know it.
    pub async fn copy_job(&self, id: &str) -> Result<CopyJobRecord, Problem> {
        let operation = "Backup DescribeCopyJob";
        let ask = self.client.describe_copy_job().copy_job_id(id);
        let answer = self.connection.ask(operation, || ask.clone().send()).await?;
        let Some(job) = answer.copy_job() else {
            return Err(self.connection.no_answer(ProblemKind::Missing, operation, "AWS told nothing of the job"));
        };
        Ok(copy_job(job))
    }

    /// The copy jobs created since `since` from here to a vault, at most `pages` pages of 1,000.
    ///
    /// # Errors
    /// Any kind.
    pub async fn copy_jobs(
        &self,
        since: DateTime<Utc>,
        destination_vault_arn: &str,
        pages: usize,
    ) -> Result<Vec<CopyJobRecord>, Problem> {
        let ask = self.client.list_copy_jobs().by_created_after(to_aws(since)).max_results(1000);
        let ask = ask.by_destination_vault_arn(destination_vault_arn);
        let found = Pages {
            connection: &self.connection,
            operation: "Backup ListCopyJobs",
            pages,
            ask: |token| ask.clone().set_next_token(token).send(),
            token: |page: &ListCopyJobsOutput| page.next_token().map(str::to_owned),
            rows: |page: ListCopyJobsOutput| page.copy_jobs().iter().map(copy_job).collect(),
        };
        Ok(found.gather().await?.rows)
    }

    /// The restore jobs created since `since`, of one resource type or all, at most `pages` pages of 1,000.
    ///
    /// # Errors
    /// Any kind.
    pub async fn restore_jobs(
        &self,
        since: DateTime<Utc>,
        resource_type: Option<&str>,
        pages: usize,
    ) -> Result<Listing<RestoreJob>, Problem> {
        let ask = self.client.list_restore_jobs().by_created_after(to_aws(since)).max_results(1000);
        let ask = ask.set_by_resource_type(resource_type.map(str::to_owned));
        let found = Pages {
            connection: &self.connection,
            operation: "Backup ListRestoreJobs",
            pages,
            ask: |token| ask.clone().set_next_token(token).send(),
            token: |page: &ListRestoreJobsOutput| page.next_token().map(str::to_owned),
            rows: |page: ListRestoreJobsOutput| page.restore_jobs().iter().map(job_listed).collect(),
        };
        found.gather().await
    }
}

fn copy_listed(job: &aws_sdk_backup::types::CopyJob) -> CopyJob {
    CopyJob {
        id: job.copy_job_id().unwrap_or_default().to_owned(),
        state: job.state().map(|state| state.as_str().to_owned()).unwrap_or_default(),
        message: job.status_message().map(str::to_owned),
        resource_arn: job.resource_arn().unwrap_or_default().to_owned(),
        to_vault_arn: job.destination_backup_vault_arn().unwrap_or_default().to_owned(),
        created_at: utc(job.creation_date()),
        completed_at: utc(job.completion_date()),
    }
}

fn vault_listed(vault: &BackupVaultListMember) -> Vault {
    Vault {
        name: vault.backup_vault_name().unwrap_or_default().to_owned(),
        arn: vault.backup_vault_arn().unwrap_or_default().to_owned(),
        vault_type: vault.vault_type().map(|kind| kind.as_str().to_owned()),
        key_arn: vault.encryption_key_arn().map(str::to_owned),
        locked: vault.locked().unwrap_or_default(),
        recovery_points: vault.number_of_recovery_points(),
    }
}

fn protected(resource: &aws_sdk_backup::types::ProtectedResource) -> ProtectedResource {
    ProtectedResource {
        arn: resource.resource_arn().unwrap_or_default().to_owned(),
        resource_type: resource.resource_type().unwrap_or_default().to_owned(),
        name: resource.resource_name().map(str::to_owned),
        last_backup_at: utc(resource.last_backup_time()),
    }
}

/// A copy of a recovery point on its way to another vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyJobRecord {
    /// Its id.
    pub id: String,
    /// `CREATED`, `RUNNING`, `COMPLETED`, `FAILED`, `PARTIAL`, as it came.
    pub state: String,
    /// AWS's sentence.
    pub message: Option<String>,
    /// What is copied.
    pub source_arn: String,
    /// The copy, once there is one.
    pub copy_arn: Option<String>,
    /// When it was made.
    pub created_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
}

fn copy_job(job: &aws_sdk_backup::types::CopyJob) -> CopyJobRecord {
    CopyJobRecord {
        id: job.copy_job_id().unwrap_or_default().to_owned(),
        state: job.state().map(|state| state.as_str().to_owned()).unwrap_or_default(),
        message: job.status_message().map(str::to_owned),
        source_arn: job.source_recovery_point_arn().unwrap_or_default().to_owned(),
        copy_arn: job.destination_recovery_point_arn().map(str::to_owned),
        created_at: utc(job.creation_date()),
        completed_at: utc(job.completion_date()),
    }
}

fn from_vault(site: &SiteName, vault: &str, point: &RecoveryPointByBackupVault) -> RecoveryPoint {
    let scan = point.aggregated_scan_result().map(|scan| verdict(scan.findings(), scan.failed_scan().unwrap_or_default()));
    RecoveryPoint {
        site: site.clone(),
        arn: point.recovery_point_arn().unwrap_or_default().to_owned(),
        vault: point.backup_vault_name().unwrap_or(vault).to_owned(),
        resource_arn: point.resource_arn().unwrap_or_default().to_owned(),
        resource_type: point.resource_type().unwrap_or_default().to_owned(),
        status: point.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        status_message: point.status_message().map(str::to_owned),
        data_at: earliest([point.initiation_date(), point.creation_date(), point.completion_date()]),
        completed_at: utc(point.completion_date()),
        size_bytes: size(point.backup_size_in_bytes()),
        key_arn: point.encryption_key_arn().map(str::to_owned),
        storage_class: None,
        expires_at: utc(point.calculated_lifecycle().and_then(|lifecycle| lifecycle.delete_at())),
        last_restored_at: utc(point.last_restore_time()),
        vault_type: point.vault_type().map(|kind| kind.as_str().to_owned()),
        scan,
    }
}

fn from_resource(site: &SiteName, resource_arn: &str, point: &RecoveryPointByResource) -> RecoveryPoint {
    let scan = point.aggregated_scan_result().map(|scan| verdict(scan.findings(), scan.failed_scan().unwrap_or_default()));
    RecoveryPoint {
        site: site.clone(),
        arn: point.recovery_point_arn().unwrap_or_default().to_owned(),
        vault: point.backup_vault_name().unwrap_or_default().to_owned(),
        resource_arn: resource_arn.to_owned(),
        resource_type: String::new(),
        status: point.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        status_message: point.status_message().map(str::to_owned),
        data_at: utc(point.creation_date()),
        completed_at: None,
        size_bytes: size(point.backup_size_bytes()),
        key_arn: point.encryption_key_arn().map(str::to_owned),
        storage_class: None,
        expires_at: None,
        last_restored_at: None,
        vault_type: point.vault_type().map(|kind| kind.as_str().to_owned()),
        scan,
    }
}

fn described(site: &SiteName, vault: &str, arn: &str, point: &DescribeRecoveryPointOutput) -> RecoveryPoint {
    RecoveryPoint {
        site: site.clone(),
        arn: point.recovery_point_arn().unwrap_or(arn).to_owned(),
        vault: point.backup_vault_name().unwrap_or(vault).to_owned(),
        resource_arn: point.resource_arn().unwrap_or_default().to_owned(),
        resource_type: point.resource_type().unwrap_or_default().to_owned(),
        status: point.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        status_message: point.status_message().map(str::to_owned),
        data_at: earliest([point.initiation_date(), point.creation_date(), point.completion_date()]),
        completed_at: utc(point.completion_date()),
        size_bytes: size(point.backup_size_in_bytes()),
        key_arn: point.encryption_key_arn().map(str::to_owned),
        storage_class: point.storage_class().map(|class| class.as_str().to_owned()),
        expires_at: utc(point.calculated_lifecycle().and_then(|lifecycle| lifecycle.delete_at())),
        last_restored_at: utc(point.last_restore_time()),
        vault_type: point.vault_type().map(|kind| kind.as_str().to_owned()),
        scan: scanned(point.scan_results()),
    }
}

/// The moment that a backup holds: the earliest that AWS names.
fn earliest<const N: usize>(times: [Option<&aws_smithy_types::DateTime>; N]) -> Option<DateTime<Utc>> {
    times.into_iter().filter_map(utc).min()
}

fn size(bytes: Option<i64>) -> Option<u64> {
    bytes.and_then(|bytes| u64::try_from(bytes).ok())
}

/// A scan's findings in the words of AWS Backup's scan jobs; a scan that failed has found nothing out.
fn verdict(findings: &[ScanFinding], failed: bool) -> String {
    let found: Vec<&str> = findings.iter().map(|finding| finding.as_str()).collect();
    match (found.is_empty(), failed) {
        (false, _) => format!("THREATS_FOUND: {}", found.join(", ")),
        (true, true) => "FAILED".to_owned(),
        (true, false) => "NO_THREATS_FOUND".to_owned(),
    }
}

/// All scanners' findings together; `None` if nothing scanned it.
fn scanned(results: &[ScanResult]) -> Option<String> {
    let findings: Vec<ScanFinding> = results.iter().flat_map(|result| result.findings()).cloned().collect();
    let done = |result: &ScanResult| result.scan_job_state() == Some(&ScanJobState::Completed);
    (!results.is_empty()).then(|| verdict(&findings, !results.iter().all(done)))
}

fn job_described(id: &str, job: &DescribeRestoreJobOutput) -> RestoreJob {
    RestoreJob {
        id: job.restore_job_id().unwrap_or(id).to_owned(),
        status: JobStatus::from(job.status().map(|status| status.as_str().to_owned()).unwrap_or_default()),
        message: job.status_message().map(str::to_owned),
        recovery_point_arn: job.recovery_point_arn().map(str::to_owned),
        percent: job.percent_done().and_then(percent),
        created_at: utc(job.creation_date()),
        completed_at: utc(job.completion_date()),
        created_resource_arn: job.created_resource_arn().map(str::to_owned),
        expected_minutes: job.expected_completion_time_minutes().and_then(|minutes| u32::try_from(minutes).ok()),
    }
}

fn job_listed(job: &RestoreJobsListMember) -> RestoreJob {
    RestoreJob {
        id: job.restore_job_id().unwrap_or_default().to_owned(),
        status: JobStatus::from(job.status().map(|status| status.as_str().to_owned()).unwrap_or_default()),
        message: job.status_message().map(str::to_owned),
        recovery_point_arn: job.recovery_point_arn().map(str::to_owned),
        percent: job.percent_done().and_then(percent),
        created_at: utc(job.creation_date()),
        completed_at: utc(job.completion_date()),
        created_resource_arn: job.created_resource_arn().map(str::to_owned),
        expected_minutes: job.expected_completion_time_minutes().and_then(|minutes| u32::try_from(minutes).ok()),
    }
}

/// `45`, `45.5`, `45.00%`: AWS's PercentDone is a text.
fn percent(text: &str) -> Option<u8> {
    let number: f64 = text.trim().trim_end_matches('%').trim_end().parse().ok()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held between 0 and 100 first")]
    number.is_finite().then(|| number.clamp(0.0, 100.0) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Usable;
    use aws_sdk_backup::types::{AggregatedScanResult, RecoveryPointStatus};
    use aws_smithy_types::DateTime as AwsTime;

    #[test]
    fn percent_done_is_read_in_every_form_that_aws_writes() {
        for (text, expected) in [
            ("0", Some(0)),
            ("45.00%", Some(45)),
            ("99.9 %", Some(99)),
            ("101", Some(100)),
            ("-1", Some(0)),
            ("", None),
            ("soon", None),
            ("NaN", None),
        ] {
            assert_eq!(percent(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_data_is_as_old_as_the_earliest_time_that_aws_names() {
        let point = RecoveryPointByBackupVault::builder()
            .status(RecoveryPointStatus::Completed)
            .initiation_date(AwsTime::from_secs(1_000))
            .creation_date(AwsTime::from_secs(900))
            .completion_date(AwsTime::from_secs(2_000))
            .build();
        let point = from_vault(&SiteName::recovery(), "shop-recovery", &point);
        assert_eq!(point.data_at.unwrap().timestamp(), 900);
        assert_eq!((point.vault.as_str(), point.size_bytes), ("shop-recovery", None));
    }

    #[test]
    fn malware_makes_a_point_unusable_and_a_failed_scan_is_not_a_clean_one() {
        let point = |scan: AggregatedScanResult| {
            let point = RecoveryPointByBackupVault::builder().status(RecoveryPointStatus::Completed);
            from_vault(&SiteName::recovery(), "v", &point.aggregated_scan_result(scan).build())
        };
        let found = point(AggregatedScanResult::builder().findings(ScanFinding::Malware).build());
        assert!(matches!(found.usable(DateTime::UNIX_EPOCH), Usable::No(_)), "{:?}", found.scan);
        let clean = point(AggregatedScanResult::builder().build());
        assert_eq!(clean.usable(DateTime::UNIX_EPOCH), Usable::Yes);
        assert_eq!(verdict(&[], true), "FAILED");
        assert_eq!(scanned(&[]), None);
    }

    #[test]
    fn an_unknown_status_of_a_job_is_kept_as_it_came() {
        let job = RestoreJobsListMember::builder().status("PAUSED".into()).percent_done("12.5%").build();
        let job = job_listed(&job);
        assert_eq!(job.status, JobStatus::Other("PAUSED".into()));
        assert_eq!(job.percent, Some(12));
    }
}
