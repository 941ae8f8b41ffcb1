//! Parameters of the Cloud Control API's calls.

use serde::{Deserialize, Serialize};

/// The parameters of Cloud Control CreateResource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResourceCreation {
    /// CloudFormation's name of the type, such as `AWS::EC2::VolumeAttachment`.
    pub type_name: String,
    /// The resource's properties, a JSON object as text.
    pub desired_state: String,
    /// Makes a repeat do nothing for 36 hours (Cloud Control API reference, CreateResource).
    pub client_token: String,
}

/// The parameters of Cloud Control DeleteResource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResourceDeletion {
    /// CloudFormation's name of the type.
    pub type_name: String,
    /// The resource's primary identifier.
    pub identifier: String,
    /// Makes a repeat do nothing.
    pub client_token: String,
}
