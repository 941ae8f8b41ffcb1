//! Route 53's calls: asked where its control plane lives.

use super::Sent;
use super::lane::{Lane, answered, failed};
use crate::cloud::{Effect, Retries, client, to_utc};
use crate::domain::{HealthCheckInversion, Problem, ProblemKind, RecordChange, RecordSet};

impl Lane {
    pub(super) async fn change_records(&self, change: &RecordChange) -> Sent {
        let batch = match change_batch(change) {
            Ok(batch) => batch,
            Err(error) => {
                let message = format!("the change cannot be built: {error}");
                return Sent::Refused(Problem::new(ProblemKind::Invalid, "Route 53 ChangeResourceRecordSets", message));
            }
        };
        let client = client!(aws_sdk_route53, self.global, Retries::Never);
        let answer = client.change_resource_record_sets().hosted_zone_id(&change.hosted_zone_id).change_batch(batch).send().await;
        match answer {
            Ok(output) => {
                let info = output.change_info();
                let handle = info.map(|info| info.id().trim_start_matches("/change/").to_owned()).unwrap_or_default();
                answered(handle, &output, info.and_then(|info| to_utc(info.submitted_at())))
            }
            Err(error) => failed(&self.global, error, "Route 53 ChangeResourceRecordSets", Effect::Changes).await,
        }
    }

    /// AWS refuses it if the health check has a newer version than the one that was looked at.
    pub(super) async fn invert_health_check(&self, inversion: &HealthCheckInversion) -> Sent {
        let client = client!(aws_sdk_route53, self.global, Retries::Never);
        let call = client.update_health_check().health_check_id(&inversion.health_check_id).inverted(inversion.inverted);
        match call.health_check_version(inversion.health_check_version).send().await {
            Ok(output) => answered(inversion.health_check_id.clone(), &output, None),
            Err(error) => failed(&self.global, error, "Route 53 UpdateHealthCheck", Effect::Changes).await,
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
