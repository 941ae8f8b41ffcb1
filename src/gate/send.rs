//! Each call that changes AWS, from our parameters to the SDK's, and its answer.
//!
//! Retries are set on purpose: a call with AWS's own token may be repeated by the SDK, one without is sent once.

use std::error::Error;

use aws_sdk_backup::Client as Backup;
use aws_sdk_route53::Client as Route53;
use aws_sdk_ssm::Client as Ssm;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use chrono::{DateTime, Utc};

use crate::cloud::{Connection, Effect, Retries, client, to_utc};
use crate::domain::{
    AutomationSignal, MutatingCall, OpsItem, OpsItemChange, Problem, ProblemKind, RecordChange, RecordSet, RestoreJobStart,
    RunbookStart, RunbookStop,
};

use super::Sent;

/// The clients that change one site.
#[derive(Debug)]
pub(super) struct Lane {
    connection: Connection,
    global: Connection,
    backup: Backup,
    /// With AWS's token.
    ssm_with_token: Ssm,
    ssm: Ssm,
    route53: Route53,
}

impl Lane {
    pub(super) fn new(connection: &Connection) -> Self {
        let global = connection.global();
        Self {
            backup: client!(aws_sdk_backup, connection, Retries::WithToken),
            ssm_with_token: client!(aws_sdk_ssm, connection, Retries::WithToken),
            ssm: client!(aws_sdk_ssm, connection, Retries::Never),
            route53: client!(aws_sdk_route53, global, Retries::Never),
            connection: connection.clone(),
            global,
        }
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
        }
    }

    async fn start_restore_job(&self, start: &RestoreJobStart) -> Sent {
        let answer = self
            .backup
            .start_restore_job()
            .recovery_point_arn(&start.recovery_point_arn)
            .set_metadata(Some(start.metadata.clone().into_iter().collect()))
            .iam_role_arn(&start.iam_role_arn)
            .resource_type(&start.resource_type)
            .idempotency_token(&start.idempotency_token)
            .copy_source_tags_to_restored_resource(start.copy_source_tags_to_restored_resource)
            .send()
            .await;
        match answer {
            Ok(output) => answered(output.restore_job_id.clone().unwrap_or_default(), &output, None),
            Err(error) => failed(&self.connection, error, "Backup StartRestoreJob", Effect::ChangesWithToken).await,
        }
    }

    async fn start_automation(&self, start: &RunbookStart) -> Sent {
        // AWS refuses an empty map: a runbook without parameters is started without the member.
        let parameters = Some(&start.parameters).filter(|parameters| !parameters.is_empty());
        let answer = self
            .ssm_with_token
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

    async fn send_signal(&self, signal: &AutomationSignal) -> Sent {
        let answer = self
            .ssm
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

    async fn stop_automation(&self, stop: &RunbookStop) -> Sent {
        let answer = self
            .ssm
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

    async fn create_ops_item(&self, item: &OpsItem) -> Sent {
        let mut call = self
            .ssm
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

    async fn update_ops_item(&self, change: &OpsItemChange) -> Sent {
        let answer = self
            .ssm
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

    async fn change_records(&self, change: &RecordChange) -> Sent {
        let batch = match change_batch(change) {
            Ok(batch) => batch,
            Err(error) => {
                let message = format!("the change cannot be built: {error}");
                return Sent::Refused(Problem::new(ProblemKind::Invalid, "Route 53 ChangeResourceRecordSets", message));
            }
        };
        let answer =
            self.route53.change_resource_record_sets().hosted_zone_id(&change.hosted_zone_id).change_batch(batch).send().await;
        match answer {
            Ok(output) => {
                let info = output.change_info();
                let handle = info.map(|info| info.id().trim_start_matches("/change/").to_owned()).unwrap_or_default();
                answered(handle, &output, info.and_then(|info| to_utc(info.submitted_at())))
            }
            Err(error) => failed(&self.global, error, "Route 53 ChangeResourceRecordSets", Effect::Changes).await,
        }
    }
}

fn change_batch(
    change: &RecordChange,
) -> Result<aws_sdk_route53::types::ChangeBatch, aws_smithy_types::error::operation::BuildError> {
    use aws_sdk_route53::types::{Change, ChangeBatch};
    let mut batch = ChangeBatch::builder().comment(&change.change_batch.comment);
    for one in &change.change_batch.changes {
        let record = record_set(&one.resource_record_set)?;
        batch = batch.changes(Change::builder().action(one.action.as_str().into()).resource_record_set(record).build()?);
    }
    batch.build()
}

fn record_set(
    record: &RecordSet,
) -> Result<aws_sdk_route53::types::ResourceRecordSet, aws_smithy_types::error::operation::BuildError> {
    use aws_sdk_route53::types::{AliasTarget, ResourceRecord, ResourceRecordSet};
    let mut set = ResourceRecordSet::builder()
        .name(&record.name)
        .r#type(record.kind.as_str().into())
        .set_set_identifier(record.set_identifier.clone())
        .set_weight(record.weight)
        .set_failover(record.failover.as_deref().map(Into::into))
        .set_region(record.region.as_deref().map(Into::into))
        .set_ttl(record.ttl)
        .set_health_check_id(record.health_check_id.clone());
    for value in &record.resource_records {
        set = set.resource_records(ResourceRecord::builder().value(&value.value).build()?);
    }
    if let Some(alias) = &record.alias_target {
        let target = AliasTarget::builder()
            .hosted_zone_id(&alias.hosted_zone_id)
            .dns_name(&alias.dns_name)
            .evaluate_target_health(alias.evaluate_target_health)
            .build()?;
        set = set.alias_target(target);
    }
    set.build()
}

fn answered(handle: String, output: &impl RequestId, aws_at: Option<DateTime<Utc>>) -> Sent {
    Sent::Answered { handle, request_id: output.request_id().map(str::to_owned), aws_at }
}

fn request_id<E>(error: &SdkError<E, HttpResponse>) -> Option<String> {
    error.raw_response().and_then(|response| response.request_id()).map(str::to_owned)
}

async fn failed<E>(connection: &Connection, error: SdkError<E, HttpResponse>, operation: &str, effect: Effect) -> Sent
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let problem = connection.problem(error, operation, effect).await;
    if problem.kind == ProblemKind::Unknown { Sent::Lost(problem) } else { Sent::Refused(problem) }
}
