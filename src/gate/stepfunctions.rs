//! Step Functions' calls. A start has our token as the execution's name, a redrive has a token of AWS's.

use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::Sent;
use super::lane::{Lane, answered, failed};
use crate::cloud::{Effect, Retries, client, to_utc};
use crate::domain::{StateMachineRedrive, StateMachineStart, StateMachineStop};

impl Lane {
    pub(super) async fn start_execution(&self, start: &StateMachineStart) -> Sent {
        let sfn_client = client!(aws_sdk_sfn, self.connection, Retries::WithToken);
        let call = sfn_client.start_execution().state_machine_arn(&start.state_machine_arn).name(&start.name);
        match call.input(&start.input).send().await {
            Ok(output) => answered(output.execution_arn().to_owned(), &output, to_utc(output.start_date())),
            // The name is our token: an execution that has it and is over was started by this very confirmation.
            Err(error) if error.code() == Some("ExecutionAlreadyExists") => {
                let request_id = super::lane::request_id(&error);
                Sent::Answered { handle: start.execution_arn(), request_id, aws_at: None }
            }
            Err(error) => failed(&self.connection, error, "Step Functions StartExecution", Effect::ChangesWithToken).await,
        }
    }

    pub(super) async fn redrive_execution(&self, redrive: &StateMachineRedrive) -> Sent {
        let sfn_client = client!(aws_sdk_sfn, self.connection, Retries::WithToken);
        let call = sfn_client.redrive_execution().execution_arn(&redrive.execution_arn);
        match call.client_token(&redrive.client_token).send().await {
            Ok(output) => answered(redrive.execution_arn.clone(), &output, to_utc(output.redrive_date())),
            Err(error) => failed(&self.connection, error, "Step Functions RedriveExecution", Effect::ChangesWithToken).await,
        }
    }

    pub(super) async fn stop_execution(&self, stop: &StateMachineStop) -> Sent {
        let sfn_client = client!(aws_sdk_sfn, self.connection, Retries::Never);
        match sfn_client.stop_execution().execution_arn(&stop.execution_arn).cause(&stop.cause).send().await {
            Ok(output) => answered(stop.execution_arn.clone(), &output, to_utc(output.stop_date())),
            Err(error) => failed(&self.connection, error, "Step Functions StopExecution", Effect::Changes).await,
        }
    }
}
