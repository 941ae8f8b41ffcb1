//! CloudFormation's calls.

use aws_sdk_cloudformation::types::Parameter;

use super::Sent;
use super::lane::{Lane, answered, failed};
use crate::cloud::{Effect, Retries, client};
use crate::domain::{ChangeSetCreation, ChangeSetDeletion, ChangeSetExecution, StackDeletion, StackUpdateCancellation};

impl Lane {
    pub(super) async fn create_change_set(&self, creation: &ChangeSetCreation) -> Sent {
        let client = client!(aws_sdk_cloudformation, self.connection, Retries::WithToken);
        let parameters = creation.parameters.iter().map(|parameter| {
            Parameter::builder().parameter_key(&parameter.parameter_key).parameter_value(&parameter.parameter_value).build()
        });
        let capabilities = creation.capabilities.iter().map(|capability| capability.as_str().into());
        let answer = client
            .create_change_set()
            .stack_name(&creation.stack_name)
            .change_set_name(&creation.change_set_name)
            .change_set_type(creation.change_set_type.as_str().into())
            .set_template_body(creation.template_body.clone())
            .set_template_url(creation.template_url.clone())
            .set_parameters(Some(parameters.collect()))
            .set_capabilities(Some(capabilities.collect()))
            .set_role_arn(creation.role_arn.clone())
            .client_token(&creation.client_token)
            .send()
            .await;
        match answer {
            Ok(output) => answered(output.id.clone().unwrap_or_default(), &output, None),
            Err(error) => {
                let sent = failed(&self.connection, error, "CloudFormation CreateChangeSet", Effect::ChangesWithToken).await;
                match sent {
                    // Its name is made of our token: whoever made it made it for this attempt, and only the answer was lost.
                    Sent::Refused(problem) if problem.code.as_deref() == Some("AlreadyExistsException") => Sent::Lost(problem),
                    sent => sent,
                }
            }
        }
    }

    pub(super) async fn execute_change_set(&self, execution: &ChangeSetExecution) -> Sent {
        let client = client!(aws_sdk_cloudformation, self.connection, Retries::WithToken);
        let answer = client
            .execute_change_set()
            .change_set_name(&execution.change_set_name)
            .client_request_token(&execution.client_request_token)
            .send()
            .await;
        match answer {
            Ok(output) => answered(execution.change_set_name.clone(), &output, None),
            Err(error) => failed(&self.connection, error, "CloudFormation ExecuteChangeSet", Effect::ChangesWithToken).await,
        }
    }

    pub(super) async fn delete_change_set(&self, deletion: &ChangeSetDeletion) -> Sent {
        let client = client!(aws_sdk_cloudformation, self.connection, Retries::Never);
        match client.delete_change_set().change_set_name(&deletion.change_set_name).send().await {
            Ok(output) => answered(deletion.change_set_name.clone(), &output, None),
            Err(error) => failed(&self.connection, error, "CloudFormation DeleteChangeSet", Effect::Changes).await,
        }
    }

    pub(super) async fn cancel_update_stack(&self, cancellation: &StackUpdateCancellation) -> Sent {
        let client = client!(aws_sdk_cloudformation, self.connection, Retries::WithToken);
        let ask = client.cancel_update_stack().stack_name(&cancellation.stack_name);
        match ask.client_request_token(&cancellation.client_request_token).send().await {
            Ok(output) => answered(cancellation.stack_name.clone(), &output, None),
            Err(error) => failed(&self.connection, error, "CloudFormation CancelUpdateStack", Effect::ChangesWithToken).await,
        }
    }

    pub(super) async fn delete_stack(&self, deletion: &StackDeletion) -> Sent {
        let client = client!(aws_sdk_cloudformation, self.connection, Retries::WithToken);
        let ask = client.delete_stack().stack_name(&deletion.stack_name);
        match ask.client_request_token(&deletion.client_request_token).send().await {
            Ok(output) => answered(deletion.stack_name.clone(), &output, None),
            Err(error) => failed(&self.connection, error, "CloudFormation DeleteStack", Effect::ChangesWithToken).await,
        }
    }
}
