//! SNS: is a topic there, and does anybody hear what is told it?

use super::client;
use super::site::{Connection, Retries};
use crate::domain::{Problem, ProblemKind};

/// Asks SNS at one site.
#[derive(Debug, Clone)]
pub struct Sns {
    connection: Connection,
    client: aws_sdk_sns::Client,
}

impl Sns {
    /// Through `connection`.
    pub fn new(connection: &Connection) -> Self {
        Self { client: client!(aws_sdk_sns, connection, Retries::Read), connection: connection.clone() }
    }

    /// How many confirmed subscriptions a topic has; `None` if there is no such topic.
    ///
    /// # Errors
    /// Any kind but Missing.
    pub async fn subscriptions(&self, topic: &str) -> Result<Option<u64>, Problem> {
        let answer = self.client.get_topic_attributes().topic_arn(topic).send();
        match self.connection.read(answer, "SNS GetTopicAttributes").await {
            Ok(found) => {
                let count = found.attributes().and_then(|all| all.get("SubscriptionsConfirmed"));
                Ok(Some(count.and_then(|count| count.parse().ok()).unwrap_or_default()))
            }
            Err(problem) if problem.kind == ProblemKind::Missing => Ok(None),
            Err(problem) => Err(problem),
        }
    }
}
