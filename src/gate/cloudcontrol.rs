//! The Cloud Control API's calls.

use super::Sent;
use super::lane::{Lane, answered, failed};
use crate::cloud::{Effect, Retries, client, to_utc};
use crate::domain::{ResourceCreation, ResourceDeletion};

impl Lane {
    pub(super) async fn create_resource(&self, creation: &ResourceCreation) -> Sent {
        let client = client!(aws_sdk_cloudcontrol, self.connection, Retries::WithToken);
        let answer = client
            .create_resource()
            .type_name(&creation.type_name)
            .desired_state(&creation.desired_state)
            .client_token(&creation.client_token)
            .send()
            .await;
        match answer {
            Ok(output) => {
                let event = output.progress_event();
                let handle = event.and_then(|event| event.request_token()).unwrap_or_default().to_owned();
                answered(handle, &output, event.and_then(|event| event.event_time()).and_then(to_utc))
            }
            Err(error) => failed(&self.connection, error, "Cloud Control CreateResource", Effect::ChangesWithToken).await,
        }
    }

    pub(super) async fn delete_resource(&self, deletion: &ResourceDeletion) -> Sent {
        let client = client!(aws_sdk_cloudcontrol, self.connection, Retries::WithToken);
        let answer = client
            .delete_resource()
            .type_name(&deletion.type_name)
            .identifier(&deletion.identifier)
            .client_token(&deletion.client_token)
            .send()
            .await;
        match answer {
            Ok(output) => {
                let event = output.progress_event();
                let handle = event.and_then(|event| event.request_token()).unwrap_or_default().to_owned();
                answered(handle, &output, event.and_then(|event| event.event_time()).and_then(to_utc))
            }
            Err(error) => failed(&self.connection, error, "Cloud Control DeleteResource", Effect::ChangesWithToken).await,
        }
    }
}
