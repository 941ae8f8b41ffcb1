//! DynamoDB's calls. None has a token: a repeat of a restore is refused because the table's name is taken.

use chrono::{DateTime, Utc};

use super::Sent;
use super::lane::{Lane, answered, failed};
use crate::cloud::{Effect, Retries, client, to_aws, to_utc};
use crate::domain::{TableDeletion, TableRestore};

impl Lane {
    pub(super) async fn restore_table(&self, restore: &TableRestore) -> Sent {
        let client = client!(aws_sdk_dynamodb, self.connection, Retries::Never);
        let at: Option<DateTime<Utc>> = restore.restore_date_time.as_deref().and_then(|text| text.parse().ok());
        let answer = client
            .restore_table_to_point_in_time()
            .source_table_arn(&restore.source_table_arn)
            .target_table_name(&restore.target_table_name)
            .set_use_latest_restorable_time(restore.use_latest_restorable_time.then_some(true))
            .set_restore_date_time(at.map(to_aws))
            .set_billing_mode_override(restore.billing_mode_override.as_deref().map(Into::into))
            .send()
            .await;
        match answer {
            Ok(output) => {
                let table = output.table_description();
                let at = table.and_then(|table| table.creation_date_time()).and_then(to_utc);
                answered(restore.target_table_name.clone(), &output, at)
            }
            Err(error) => failed(&self.connection, error, "DynamoDB RestoreTableToPointInTime", Effect::Changes).await,
        }
    }

    pub(super) async fn delete_table(&self, deletion: &TableDeletion) -> Sent {
        let client = client!(aws_sdk_dynamodb, self.connection, Retries::Never);
        match client.delete_table().table_name(&deletion.table_name).send().await {
            Ok(output) => answered(deletion.table_name.clone(), &output, None),
            Err(error) => failed(&self.connection, error, "DynamoDB DeleteTable", Effect::Changes).await,
        }
    }
}
