//! SNS's calls. Publish has no token: it is sent once, and not again after a lost answer.

use super::Sent;
use super::lane::{Lane, answered, failed};
use crate::cloud::{Effect, Retries, client};
use crate::domain::TopicMessage;

impl Lane {
    pub(super) async fn publish(&self, message: &TopicMessage) -> Sent {
        let client = client!(aws_sdk_sns, self.connection, Retries::Never);
        let call = client.publish().topic_arn(&message.topic_arn).subject(&message.subject).message(&message.message);
        match call.send().await {
            Ok(output) => answered(output.message_id().unwrap_or_default().to_owned(), &output, None),
            Err(error) => failed(&self.connection, error, "SNS Publish", Effect::Changes).await,
        }
    }
}
