//! AWS Backup's calls.

use super::Sent;
use super::lane::{Lane, answered, failed};
use crate::cloud::{Effect, Retries, client, to_utc};
use crate::domain::{CopyJobStart, RestoreJobStart};

impl Lane {
    pub(super) async fn start_restore_job(&self, start: &RestoreJobStart) -> Sent {
        let client = client!(aws_sdk_backup, self.connection, Retries::WithToken);
        let answer = client
            .start_restore_job()
            .recovery_point_arn(&start.recovery_point_arn)
            .set_metadata(Some(start.metadata.clone().into_iter().collect()))
            .iam_role_arn(&start.iam_role_arn)
            .resource_type(&start.resource_type)
            .idempotency_token(&start.idempotency_token)
            .copy_source_tags_to_restored_resource(start.copy_source_tags_to_restored_resource)
            .send()
            .await;
        match answer {
            Ok(output) => answered(output.restore_job_id.clone().unwrap_or_default(), &output, None),
            Err(error) => failed(&self.connection, error, "Backup StartRestoreJob", Effect::ChangesWithToken).await,
        }
    }

    pub(super) async fn start_copy_job(&self, start: &CopyJobStart) -> Sent {
        let client = client!(aws_sdk_backup, self.connection, Retries::WithToken);
        let answer = client
            .start_copy_job()
            .recovery_point_arn(&start.recovery_point_arn)
            .source_backup_vault_name(&start.source_backup_vault_name)
            .destination_backup_vault_arn(&start.destination_backup_vault_arn)
            .iam_role_arn(&start.iam_role_arn)
            .idempotency_token(&start.idempotency_token)
            .send()
            .await;
        match answer {
            Ok(output) => {
                answered(output.copy_job_id.clone().unwrap_or_default(), &output, output.creation_date().and_then(to_utc))
            }
            Err(error) => failed(&self.connection, error, "Backup StartCopyJob", Effect::ChangesWithToken).await,
        }
    }
}
