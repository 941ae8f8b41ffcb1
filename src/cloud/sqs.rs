//! SQS: the queue of the push feed.
//!
//! Messages are received and never deleted: DeleteMessage would be a change, and a second console on the same queue could not see
//! what the first has deleted. A message that was received stays hidden from further questions for a second, and the queue drops it
//! after its retention, a minute in the queue of `lifeboat feed template`. Receiving is therefore counted among what only reads.

use super::client;
use super::site::{Connection, Retries};
use crate::domain::{AccountId, Problem};

/// How long a question waits for a message: the longest that SQS takes.
const WAIT_SECS: i32 = 20;
/// How long a received message is hidden, so that the next question brings others first.
const HIDDEN_SECS: i32 = 1;

/// Asks one queue at one site.
#[derive(Debug, Clone)]
pub struct Queue {
    connection: Connection,
    client: aws_sdk_sqs::Client,
}

impl Queue {
    /// Through `connection`.
    pub fn new(connection: &Connection) -> Self {
        Self { client: client!(aws_sdk_sqs, connection.patient(), Retries::Never), connection: connection.clone() }
    }

    /// Can the queue be read? Answers at once; a message that is there is hidden for no time at all.
    ///
    /// # Errors
    /// Any kind; Missing if there is no such queue.
    pub async fn look(&self, account: &AccountId, name: &str) -> Result<(), Problem> {
        let ask = self.client.receive_message().queue_url(self.url(account, name)).wait_time_seconds(0).visibility_timeout(0);
        self.connection.ask("SQS ReceiveMessage", || ask.clone().send()).await.map(drop)
    }

    fn url(&self, account: &AccountId, name: &str) -> String {
        let region = self.connection.region();
        let suffix = if region.as_str().starts_with("cn-") { ".cn" } else { "" };
        format!("https://sqs.{region}.amazonaws.com{suffix}/{account}/{name}")
    }

    /// The bodies of up to ten messages, as soon as there is one; empty after 20 seconds without.
    ///
    /// # Errors
    /// Any kind.
    pub async fn receive(&self, account: &AccountId, name: &str) -> Result<Vec<String>, Problem> {
        let ask = self.client.receive_message().queue_url(self.url(account, name)).max_number_of_messages(10);
        let ask = ask.wait_time_seconds(WAIT_SECS).visibility_timeout(HIDDEN_SECS);
        let answer = self.connection.ask("SQS ReceiveMessage", || ask.clone().send()).await?;
        Ok(answer.messages.unwrap_or_default().into_iter().filter_map(|message| message.body).collect())
    }
}
