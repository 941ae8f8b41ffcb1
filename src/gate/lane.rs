//! The way to one site: which call goes to which service, and what an answer or an error means.
//!
//! Clients are made for the call, of what all connections share: a change is rare. Retries are set on purpose: a call with AWS's own
//! token may be repeated by the SDK ([`Retries::WithToken`](crate::cloud::Retries)), one without is sent once (`Never`).

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use chrono::{DateTime, Utc};

use super::Sent;
use crate::cloud::{Connection, Effect, EndpointTurn};
use crate::domain::{MutatingCall, ProblemKind};

/// The way to one site.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) connection: Connection,
    /// The same site where its partition's global services live.
    pub(super) global: Connection,
    /// Which of a cluster's endpoints is asked first.
    pub(super) endpoint: EndpointTurn,
}

impl Lane {
    pub(super) fn new(connection: &Connection) -> Self {
        Self { connection: connection.clone(), global: connection.global(), endpoint: EndpointTurn::default() }
    }

    pub(super) async fn send(&self, call: &MutatingCall) -> Sent {
        match call {
            MutatingCall::StartRestoreJob(start) => self.start_restore_job(start).await,
            MutatingCall::StartAutomationExecution(start) => self.start_automation(start).await,
            MutatingCall::SendAutomationSignal(signal) => self.send_signal(signal).await,
            MutatingCall::StopAutomationExecution(stop) => self.stop_automation(stop).await,
            MutatingCall::CreateOpsItem(item) => self.create_ops_item(item).await,
            MutatingCall::UpdateOpsItem(change) => self.update_ops_item(change).await,
            MutatingCall::ChangeResourceRecordSets(change) => self.change_records(change).await,
            MutatingCall::CreateResource(creation) => self.create_resource(creation).await,
            MutatingCall::DeleteResource(deletion) => self.delete_resource(deletion).await,
            MutatingCall::CreateChangeSet(creation) => self.create_change_set(creation).await,
            MutatingCall::ExecuteChangeSet(execution) => self.execute_change_set(execution).await,
            MutatingCall::DeleteChangeSet(deletion) => self.delete_change_set(deletion).await,
            MutatingCall::CancelUpdateStack(cancellation) => self.cancel_update_stack(cancellation).await,
            MutatingCall::DeleteStack(deletion) => self.delete_stack(deletion).await,
            MutatingCall::RestoreTableToPointInTime(restore) => self.restore_table(restore).await,
            MutatingCall::DeleteTable(deletion) => self.delete_table(deletion).await,
            MutatingCall::StartCopyJob(start) => self.start_copy_job(start).await,
            MutatingCall::RewindObjects(rewind) => self.rewind_objects(rewind).await,
            MutatingCall::SendCommand(command) => self.send_command(command).await,
            MutatingCall::CancelCommand(cancellation) => self.cancel_command(cancellation).await,
            MutatingCall::Publish(message) => self.publish(message).await,
            MutatingCall::UpdateRoutingControlStates(states) => self.update_routing_controls(states).await,
            MutatingCall::Invoke(invocation) => self.invoke(invocation).await,
            MutatingCall::StartExecution(start) => self.start_execution(start).await,
            MutatingCall::RedriveExecution(redrive) => self.redrive_execution(redrive).await,
            MutatingCall::StopExecution(stop) => self.stop_execution(stop).await,
            MutatingCall::StartPlanExecution(start) => self.start_plan_execution(start).await,
            MutatingCall::ApprovePlanExecutionStep(approval) => self.approve_plan_step(approval).await,
            MutatingCall::UpdatePlanExecution(update) => self.update_plan_execution(update).await,
            MutatingCall::CancelPlanExecution(cancellation) => self.cancel_plan_execution(cancellation).await,
            MutatingCall::UpdateHealthCheck(inversion) => self.invert_health_check(inversion).await,
        }
    }
}

pub(super) fn answered(handle: String, output: &impl RequestId, aws_at: Option<DateTime<Utc>>) -> Sent {
    Sent::Answered { handle, request_id: output.request_id().map(str::to_owned), aws_at }
}

pub(super) fn request_id<E>(error: &SdkError<E, HttpResponse>) -> Option<String> {
    error.raw_response().and_then(|response| response.request_id()).map(str::to_owned)
}

pub(super) async fn failed<E>(connection: &Connection, error: SdkError<E, HttpResponse>, operation: &str, effect: Effect) -> Sent
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let problem = connection.problem(error, operation, effect).await;
    if problem.kind == ProblemKind::Unknown { Sent::Lost(problem) } else { Sent::Refused(problem) }
}
