//! Systems Manager's calls.

use super::Sent;
use super::lane::{Lane, answered, failed, request_id};
use crate::cloud::{Effect, Retries, client, to_utc};
use crate::domain::{AutomationSignal, CommandCancellation, CommandSend, OpsItem, OpsItemChange, RunbookStart, RunbookStop};

impl Lane {
    pub(super) async fn start_automation(&self, start: &RunbookStart) -> Sent {
        // AWS refuses an empty map: a runbook without parameters is started without the member.
        let parameters = Some(&start.parameters).filter(|parameters| !parameters.is_empty());
        let client = client!(aws_sdk_ssm, self.connection, Retries::WithToken);
        let answer = client
            .start_automation_execution()
            .document_name(&start.document_name)
            .set_document_version(start.document_version.clone())
            .set_parameters(parameters.map(|parameters| parameters.clone().into_iter().collect()))
            .client_token(&start.client_token)
            .send()
            .await;
        match answer {
            Ok(output) => answered(output.automation_execution_id.clone().unwrap_or_default(), &output, None),
            Err(error) => {
                failed(&self.connection, error, "Systems Manager StartAutomationExecution", Effect::ChangesWithToken).await
            }
        }
    }

    pub(super) async fn send_signal(&self, signal: &AutomationSignal) -> Sent {
        let client = client!(aws_sdk_ssm, self.connection, Retries::Never);
        let answer = client
            .send_automation_signal()
            .automation_execution_id(&signal.automation_execution_id)
            .signal_type(signal.signal_type.as_str().into())
            .set_payload(Some(signal.payload.clone().into_iter().collect()))
            .send()
            .await;
        match answer {
            Ok(output) => answered(signal.automation_execution_id.clone(), &output, None),
            Err(error) => failed(&self.connection, error, "Systems Manager SendAutomationSignal", Effect::Changes).await,
        }
    }

    pub(super) async fn stop_automation(&self, stop: &RunbookStop) -> Sent {
        let client = client!(aws_sdk_ssm, self.connection, Retries::Never);
        let answer = client
            .stop_automation_execution()
            .automation_execution_id(&stop.automation_execution_id)
            .r#type(stop.kind.as_str().into())
            .send()
            .await;
        match answer {
            Ok(output) => answered(stop.automation_execution_id.clone(), &output, None),
            Err(error) => failed(&self.connection, error, "Systems Manager StopAutomationExecution", Effect::Changes).await,
        }
    }

    pub(super) async fn create_ops_item(&self, item: &OpsItem) -> Sent {
        let client = client!(aws_sdk_ssm, self.connection, Retries::Never);
        let mut call = client
            .create_ops_item()
            .title(&item.title)
            .description(&item.description)
            .source(&item.source)
            .set_severity(item.severity.clone())
            .set_category(item.category.clone());
        for (key, value) in &item.operational_data {
            let value =
                aws_sdk_ssm::types::OpsItemDataValue::builder().value(&value.value).r#type(value.kind.as_str().into()).build();
            call = call.operational_data(key, value);
        }
        match call.send().await {
            Ok(output) => answered(output.ops_item_id.clone().unwrap_or_default(), &output, None),
            Err(error) => {
                // AWS found the first one by our token in the dedup string: the call had taken effect before.
                let existing = error.as_service_error().and_then(|error| match error {
                    aws_sdk_ssm::operation::create_ops_item::CreateOpsItemError::OpsItemAlreadyExistsException(exists) => {
                        exists.ops_item_id.clone()
                    }
                    _ => None,
                });
                match existing {
                    Some(handle) => Sent::Answered { handle, request_id: request_id(&error), aws_at: None },
                    None => failed(&self.connection, error, "Systems Manager CreateOpsItem", Effect::Changes).await,
                }
            }
        }
    }

    pub(super) async fn update_ops_item(&self, change: &OpsItemChange) -> Sent {
        let client = client!(aws_sdk_ssm, self.connection, Retries::Never);
        let answer = client
            .update_ops_item()
            .ops_item_id(&change.ops_item_id)
            .set_status(change.status.as_deref().map(Into::into))
            .set_description(change.description.clone())
            .send()
            .await;
        match answer {
            Ok(output) => answered(change.ops_item_id.clone(), &output, None),
            Err(error) => failed(&self.connection, error, "Systems Manager UpdateOpsItem", Effect::Changes).await,
        }
    }

    pub(super) async fn send_command(&self, command: &CommandSend) -> Sent {
        let client = client!(aws_sdk_ssm, self.connection, Retries::Never);
        let targets = command
            .targets
            .iter()
            .map(|target| aws_sdk_ssm::types::Target::builder().key(&target.key).set_values(Some(target.values.clone())).build());
        let some = |values: Vec<_>| Some(values).filter(|values| !values.is_empty());
        let answer = client
            .send_command()
            .document_name(&command.document_name)
            .set_document_version(command.document_version.clone())
            .set_instance_ids(Some(command.instance_ids.clone()).filter(|ids| !ids.is_empty()))
            .set_targets(some(targets.collect()))
            .set_parameters(Some(command.parameters.clone().into_iter().collect()))
            .comment(&command.comment)
            .send()
            .await;
        match answer {
            Ok(output) => {
                let sent = output.command();
                let handle = sent.and_then(|command| command.command_id()).unwrap_or_default().to_owned();
                answered(handle, &output, sent.and_then(|command| command.requested_date_time()).and_then(to_utc))
            }
            Err(error) => failed(&self.connection, error, "Systems Manager SendCommand", Effect::Changes).await,
        }
    }

    pub(super) async fn cancel_command(&self, cancellation: &CommandCancellation) -> Sent {
        let client = client!(aws_sdk_ssm, self.connection, Retries::Never);
        match client.cancel_command().command_id(&cancellation.command_id).send().await {
            Ok(output) => answered(cancellation.command_id.clone(), &output, None),
            Err(error) => failed(&self.connection, error, "Systems Manager CancelCommand", Effect::Changes).await,
        }
    }
}
