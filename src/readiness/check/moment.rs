//! Can a table, a database, a bucket be brought back to a moment: is the source there with its history, and is the new name free?

use super::exists::{later, name_is_free};
use crate::domain::ProblemKind;
use crate::plan::{Action, Template};
use crate::readiness::{AskedOf, Found, Ready};

/// The new name, if it is known before the day.
async fn target(asked: AskedOf<'_>, type_name: &str, target: &Template) -> Found {
    match asked.text(target) {
        Some(name) => name_is_free(asked, type_name, "target", &name).await,
        None => later(asked, "name", &target.to_string()),
    }
}

fn no_source(asked: AskedOf<'_>, what: &str) -> Found {
    let region = &asked.place.region;
    let next = format!("correct `source`, or restore from a recovery point that was copied to {region}");
    Found::yes("source", asked.id(), what).but(Ready::No, "there is nothing to restore from", next)
}

pub(super) async fn table(asked: AskedOf<'_>) -> Vec<Found> {
    let Action::DynamoDbRestore(restore) = &asked.step.action else { return Vec::new() };
    let (region, free) = (&asked.place.region, target(asked, "AWS::DynamoDB::Table", &restore.target).await);
    let Some(source) = asked.text(&restore.source) else {
        return vec![later(asked, "source", &restore.source.to_string()), free];
    };
    let source = match asked.site.dynamodb.restorable(&source).await {
        Ok(history) if history.enabled => {
            let since = history.earliest.map(|at| format!(" since {}", at.format("%F %T UTC"))).unwrap_or_default();
            Found::yes("source", asked.id(), format!("{source} can be restored to a moment{since}"))
        }
        Ok(_) => Found::yes("source", asked.id(), format!("{source} keeps no history to restore from")).but(
            Ready::No,
            "its point-in-time recovery is off, and what was not recorded cannot be brought back",
            "switch point-in-time recovery on",
        ),
        Err(problem) if problem.kind == ProblemKind::Missing => {
            no_source(asked, &format!("there is no table {source} in {region}"))
        }
        Err(problem) => Found::unknown("source", asked.id(), &problem),
    };
    vec![source, free]
}

pub(super) async fn database(asked: AskedOf<'_>) -> Vec<Found> {
    let Action::RdsRestore(restore) = &asked.step.action else { return Vec::new() };
    let type_name = restore.kind.type_name();
    let (region, free) = (&asked.place.region, target(asked, type_name, &restore.target).await);
    let source = match asked.text(&restore.source) {
        None => later(asked, "source", &restore.source.to_string()),
        Some(source) if source.contains(":auto-backup:") => {
            let what = format!("the automated backups {source} were not looked at");
            Found::yes("source", asked.id(), what).but(
                Ready::Doubtful,
                "Cloud Control cannot read automated backups",
                "see whether they are replicated: aws rds describe-db-instance-automated-backups",
            )
        }
        Some(source) => match asked.site.cloudcontrol.resource(type_name, &source).await {
            // 0 days: no automated backups.
            Ok(Some(properties)) if properties["BackupRetentionPeriod"] == 0 => Found::yes(
                "source",
                asked.id(),
                format!("{source} keeps no automated backups"),
            )
            .but(Ready::No, "what was not backed up cannot be brought back", "give it a backup retention period"),
            Ok(Some(_)) => Found::yes("source", asked.id(), format!("{type_name} {source} is there in {region}")),
            Ok(None) => no_source(asked, &format!("there is no {type_name} {source} in {region}")),
            Err(problem) => Found::unknown("source", asked.id(), &problem),
        },
    };
    vec![source, free]
}

pub(super) async fn bucket(asked: AskedOf<'_>) -> Vec<Found> {
    let Action::S3Rewind(rewind) = &asked.step.action else { return Vec::new() };
    let Some(bucket) = asked.text(&rewind.bucket) else {
        return vec![later(asked, "source", &rewind.bucket.to_string())];
    };
    vec![match asked.site.s3.versioning(&bucket).await {
        Ok(Some(state)) if state == "Enabled" => {
            Found::yes("source", asked.id(), format!("the bucket {bucket} keeps the versions of its objects"))
        }
        Ok(state) => {
            let state = state.unwrap_or_else(|| "was never switched on".to_owned());
            Found::yes("source", asked.id(), format!("the versioning of the bucket {bucket}: {state}")).but(
                Ready::No,
                "what was overwritten without it cannot be brought back",
                "switch versioning on",
            )
        }
        Err(problem) if problem.kind == ProblemKind::Missing => no_source(asked, &format!("there is no bucket {bucket}")),
        Err(problem) => Found::unknown("source", asked.id(), &problem),
    }]
}
