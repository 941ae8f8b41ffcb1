//! SNS's calls.

use serde::{Deserialize, Serialize};

/// The parameters of SNS Publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TopicMessage {
    /// Where.
    pub topic_arn: String,
    /// One line of at most 100 ASCII characters.
    pub subject: String,
    /// The message.
    pub message: String,
}
