//! STS: who are we?

use super::client;
use super::site::{Connection, Retries};
use crate::domain::{AccountId, Identity, Problem};

/// Asks STS in the site's Region.
#[derive(Debug, Clone)]
pub struct Sts {
    connection: Connection,
    client: aws_sdk_sts::Client,
}

impl Sts {
    /// Through `connection`.
    pub fn new(connection: &Connection) -> Self {
        Self { client: client!(aws_sdk_sts, connection, Retries::Read), connection: connection.clone() }
    }

    /// Who AWS says we are, asked with the credentials that also act at the site. Loads them first, however long that takes.
    ///
    /// # Errors
    /// Any kind; Expired if there are no credentials.
    pub async fn identity(&self) -> Result<Identity, Problem> {
        self.connection.load_credentials().await?;
        let answer = self.client.get_caller_identity().send();
        let answer = self.connection.read(answer, "STS GetCallerIdentity").await?;
        Ok(Identity {
            account: AccountId::new(answer.account().unwrap_or_default()),
            arn: answer.arn().unwrap_or_default().to_owned(),
            region: self.connection.region().clone(),
            seen_at: self.connection.clock().now(),
        })
    }
}
