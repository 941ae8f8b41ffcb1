//! The Cloud Control API: how a requested resource comes along, and what a resource is like.

use chrono::{DateTime, Utc};

use super::client;
use super::site::{Connection, Retries};
use super::time::utc;
use crate::domain::{Problem, ProblemKind};

/// Asks the Cloud Control API at one site.
#[derive(Debug, Clone)]
pub struct CloudControl {
    connection: Connection,
    client: aws_sdk_cloudcontrol::Client,
}

/// A request to create or delete a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRequest {
    /// Its token, by which it is asked about.
    pub token: String,
    /// CloudFormation's name of the type.
    pub type_name: String,
    /// The resource's primary identifier, once it has one.
    pub identifier: Option<String>,
    /// `PENDING`, `IN_PROGRESS`, `SUCCESS`, `FAILED`, `CANCEL_IN_PROGRESS`, `CANCEL_COMPLETE`, as it came.
    pub status: String,
    /// AWS's sentence.
    pub message: Option<String>,
    /// AWS's code of a failure, such as `AlreadyExists`.
    pub code: Option<String>,
    /// When AWS last said something about it.
    pub at: Option<DateTime<Utc>>,
}

impl CloudControl {
    /// A client of the site.
    pub fn new(connection: &Connection) -> Self {
        Self { client: client!(aws_sdk_cloudcontrol, connection, Retries::Read), connection: connection.clone() }
    }

    /// How a request stands.
    ///
    /// # Errors
    /// Any kind; Missing for a token that AWS does not know (any more: it forgets after seven days).
    pub async fn request(&self, token: &str) -> Result<ResourceRequest, Problem> {
        let operation = "Cloud Control GetResourceRequestStatus";
        let answer = self.client.get_resource_request_status().request_token(token).send();
        let answer = self.connection.read(answer, operation).await?;
        let Some(event) = answer.progress_event() else {
            return Err(self.connection.no_answer(ProblemKind::Missing, operation, "AWS told nothing of the request"));
        };
        Ok(ResourceRequest {
            token: event.request_token().unwrap_or(token).to_owned(),
            type_name: event.type_name().unwrap_or_default().to_owned(),
            identifier: event.identifier().map(str::to_owned),
            status: event.operation_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            message: event.status_message().map(str::to_owned),
            code: event.error_code().map(|code| code.as_str().to_owned()),
            at: utc(event.event_time()),
        })
    }

    /// A resource's properties, a JSON object; `None` if there is no such resource.
    ///
    /// # Errors
    /// Any kind; Missing only for a type that cannot be read.
    pub async fn resource(&self, type_name: &str, identifier: &str) -> Result<Option<serde_json::Value>, Problem> {
        let ask = self.client.get_resource().type_name(type_name).identifier(identifier);
        match self.connection.read(ask.send(), "Cloud Control GetResource").await {
            Ok(answer) => {
                let text = answer.resource_description().and_then(|it| it.properties()).unwrap_or_default();
                Ok(serde_json::from_str(text).ok())
            }
            // Other codes that sound like it, such as TypeNotFoundException, tell nothing of the resource.
            Err(problem) if problem.code.as_deref() == Some("ResourceNotFoundException") => Ok(None),
            Err(problem) => Err(problem),
        }
    }
}
