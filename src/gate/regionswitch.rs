//! Region switch's calls, sent to the site's own Region: they are its data plane. A start has AWS's own token.

use super::Sent;
use super::lane::{Lane, answered, failed};
use crate::cloud::{Effect, Retries, client};
use crate::domain::{PlanExecutionCancellation, PlanExecutionStart, PlanExecutionUpdate, PlanStepApproval};

impl Lane {
    pub(super) async fn start_plan_execution(&self, start: &PlanExecutionStart) -> Sent {
        let client = client!(aws_sdk_arcregionswitch, self.connection, Retries::WithToken);
        let answer = client
            .start_plan_execution()
            .plan_arn(&start.plan_arn)
            .target_region(&start.target_region)
            .action(start.action.as_str().into())
            .mode(start.mode.as_str().into())
            .comment(&start.comment)
            .client_token(&start.client_token)
            .send()
            .await;
        match answer {
            Ok(output) => answered(output.execution_id().unwrap_or_default().to_owned(), &output, None),
            Err(error) => failed(&self.connection, error, "Region switch StartPlanExecution", Effect::ChangesWithToken).await,
        }
    }

    pub(super) async fn approve_plan_step(&self, approval: &PlanStepApproval) -> Sent {
        let client = client!(aws_sdk_arcregionswitch, self.connection, Retries::Never);
        let call = client.approve_plan_execution_step().plan_arn(&approval.plan_arn).execution_id(&approval.execution_id);
        let call = call.step_name(&approval.step_name).approval(approval.approval.as_str().into()).comment(&approval.comment);
        match call.send().await {
            Ok(output) => answered(approval.execution_id.clone(), &output, None),
            Err(error) => failed(&self.connection, error, "Region switch ApprovePlanExecutionStep", Effect::Changes).await,
        }
    }

    pub(super) async fn update_plan_execution(&self, update: &PlanExecutionUpdate) -> Sent {
        let client = client!(aws_sdk_arcregionswitch, self.connection, Retries::Never);
        let call = client.update_plan_execution().plan_arn(&update.plan_arn).execution_id(&update.execution_id);
        match call.action(update.action.as_str().into()).comment(&update.comment).send().await {
            Ok(output) => answered(update.execution_id.clone(), &output, None),
            Err(error) => failed(&self.connection, error, "Region switch UpdatePlanExecution", Effect::Changes).await,
        }
    }

    pub(super) async fn cancel_plan_execution(&self, cancellation: &PlanExecutionCancellation) -> Sent {
        let client = client!(aws_sdk_arcregionswitch, self.connection, Retries::Never);
        let call = client.cancel_plan_execution().plan_arn(&cancellation.plan_arn).execution_id(&cancellation.execution_id);
        match call.comment(&cancellation.comment).send().await {
            Ok(output) => answered(cancellation.execution_id.clone(), &output, None),
            Err(error) => failed(&self.connection, error, "Region switch CancelPlanExecution", Effect::Changes).await,
        }
    }
}
