//! DynamoDB: tables, what they can be restored to, and the settings that a restored table lacks.

use chrono::{DateTime, Utc};

use super::client;
use super::site::{Connection, Retries};
use super::time::utc;
use crate::domain::{Problem, ProblemKind};

/// Asks DynamoDB at one site.
#[derive(Debug, Clone)]
pub struct DynamoDb {
    connection: Connection,
    client: aws_sdk_dynamodb::Client,
}

/// A table, with the settings that a restore does not bring along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableState {
    /// Its ARN.
    pub arn: String,
    /// `CREATING`, `ACTIVE`, … as it came.
    pub status: String,
    /// When it was made.
    pub created_at: Option<DateTime<Utc>>,
    /// What it was restored from: the source's ARN, the moment, whether it still goes on.
    pub restore: Option<(Option<String>, Option<DateTime<Utc>>, bool)>,
    /// The kind of its stream, if it has one.
    pub stream: Option<String>,
    /// Deletion protection.
    pub protected: bool,
}

/// What continuous backups of a table can give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restorable {
    /// Point-in-time recovery is on.
    pub enabled: bool,
    /// The first moment that can be restored.
    pub earliest: Option<DateTime<Utc>>,
    /// The last one.
    pub latest: Option<DateTime<Utc>>,
}

impl DynamoDb {
    /// Through `connection`.
    pub fn new(connection: &Connection) -> Self {
        Self { client: client!(aws_sdk_dynamodb, connection, Retries::Read), connection: connection.clone() }
    }

    /// A table by name or ARN; `None` if there is none.
    ///
    /// # Errors
    /// Any kind but Missing.
    pub async fn table(&self, name: &str) -> Result<Option<TableState>, Problem> {
        let answer = self.client.describe_table().table_name(name).send();
        let answer = match self.connection.read(answer, "DynamoDB DescribeTable").await {
            Ok(answer) => answer,
            Err(problem) if problem.kind == ProblemKind::Missing => return Ok(None),
            Err(problem) => return Err(problem),
        };
        Ok(answer.table().map(|table| TableState {
            arn: table.table_arn().unwrap_or_default().to_owned(),
            status: table.table_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            created_at: utc(table.creation_date_time()),
            restore: table.restore_summary().map(|restore| {
                let source = restore.source_table_arn().map(str::to_owned);
                (source, utc(Some(restore.restore_date_time())), restore.restore_in_progress())
            }),
            stream: table
                .stream_specification()
                .filter(|stream| stream.stream_enabled())
                .map(|stream| stream.stream_view_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default()),
            protected: table.deletion_protection_enabled().unwrap_or_default(),
        }))
    }

    /// To which moments a table can be restored.
    ///
    /// # Errors
    /// Any kind; Missing if there is no such table.
    pub async fn restorable(&self, table: &str) -> Result<Restorable, Problem> {
        let answer = self.client.describe_continuous_backups().table_name(table).send();
        let answer = self.connection.read(answer, "DynamoDB DescribeContinuousBackups").await?;
        let pitr = answer.continuous_backups_description().and_then(|it| it.point_in_time_recovery_description());
        Ok(Restorable {
            enabled: pitr.and_then(|it| it.point_in_time_recovery_status()).is_some_and(|it| it.as_str() == "ENABLED"),
            earliest: utc(pitr.and_then(|it| it.earliest_restorable_date_time())),
            latest: utc(pitr.and_then(|it| it.latest_restorable_date_time())),
        })
    }

    /// The attribute by which a table's items expire.
    ///
    /// # Errors
    /// Any kind.
    pub async fn time_to_live(&self, table: &str) -> Result<Option<String>, Problem> {
        let answer = self.client.describe_time_to_live().table_name(table).send();
        let answer = self.connection.read(answer, "DynamoDB DescribeTimeToLive").await?;
        Ok(answer.time_to_live_description().and_then(|it| it.attribute_name()).map(str::to_owned))
    }
}
