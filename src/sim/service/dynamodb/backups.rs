//! Continuous backups and restores to a moment; expiry and tags.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::manage::{check_name, find, find_mut, plain, tags};
use super::table::{Continuous, Table};
use super::value::invalid;
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::page::Paging;
use crate::sim::service::backup::rules::Outcome;
use crate::sim::world::World;

/// How long a restore takes unless the scenario says otherwise.
const RESTORE_TAKES: TimeDelta = TimeDelta::minutes(10);

/// Tags are told in pages.
const TAGS: Paging =
    Paging { token: "NextToken", size: "", default: 10, max: 10, code: "ValidationException", message: "Invalid NextToken" };

/// How a table's continuous backups stand.
fn description(table: &Table, now: chrono::DateTime<chrono::Utc>) -> Value {
    let recovery = match &table.continuous {
        None => json!({"PointInTimeRecoveryStatus": "DISABLED"}),
        Some(continuous) => {
            let (earliest, latest) = continuous.window(now);
            Members::new()
                .set("PointInTimeRecoveryStatus", "ENABLED")
                .set("RecoveryPeriodInDays", continuous.days)
                .time("EarliestRestorableDateTime", earliest)
                .time("LatestRestorableDateTime", latest)
                .done()
        }
    };
    json!({"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}})
}

fn table<'a>(world: &'a World, call: &Call, name: &str) -> Result<&'a Table, Refusal> {
    find(world, call, name).map_err(|_| Refusal::new("TableNotFoundException", format!("Table not found: {}", plain(name))))
}

/// Answers one call about backups, expiry or tags.
///
/// # Errors
/// As DynamoDB refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let now = world.now();
    let name = members::required(input, "TableName");
    match call.operation.as_str() {
        "DescribeContinuousBackups" => Ok(description(table(world, call, name)?, now)),
        "UpdateContinuousBackups" => {
            table(world, call, name)?;
            let asked = input.get("PointInTimeRecoverySpecification").unwrap_or(&Value::Null);
            let days = members::integer(asked, "RecoveryPeriodInDays");
            let found = find_mut(world, call, name)?;
            if members::flag(asked, "PointInTimeRecoveryEnabled") == Some(true) {
                let continuous = found.continuous.get_or_insert_with(|| Continuous::new(now, 35));
                continuous.days = days.unwrap_or(continuous.days);
            } else {
                found.continuous = None;
            }
            Ok(description(found, now))
        }
        "RestoreTableToPointInTime" => restore(world, call),
        "UpdateTimeToLive" => {
            let asked = input.get("TimeToLiveSpecification").cloned().unwrap_or(Value::Null);
            let attribute = members::required(&asked, "AttributeName").to_owned();
            let enabled = members::flag(&asked, "Enabled") == Some(true);
            let found = find_mut(world, call, name)?;
            match (&found.expires_by, enabled) {
                (Some(_), true) => return Err(invalid("TimeToLive is already enabled")),
                (None, false) => return Err(invalid("TimeToLive is already disabled")),
                (Some(known), false) if *known != attribute => {
                    return Err(invalid(format!(
                        "TimeToLive is active on a different AttributeName: current AttributeName is {known}"
                    )));
                }
                _ => found.expires_by = enabled.then_some(attribute),
            }
            Ok(json!({"TimeToLiveSpecification": asked}))
        }
        "DescribeTimeToLive" => {
            let by = find(world, call, name)?.expires_by.clone();
            let status = if by.is_some() { "ENABLED" } else { "DISABLED" };
            Ok(json!({"TimeToLiveDescription": Members::new().set("TimeToLiveStatus", status).maybe("AttributeName", by).done()}))
        }
        "TagResource" => {
            let added = tags(members::list(input, "Tags"));
            tagged(world, call)?.tags.extend(added);
            Ok(json!({}))
        }
        "UntagResource" => {
            let keys: Vec<String> = members::texts(input, "TagKeys").into_iter().map(str::to_owned).collect();
            tagged(world, call)?.tags.retain(|key, _| !keys.contains(key));
            Ok(json!({}))
        }
        _ => {
            let cursor = TAGS.open::<String>(call)?;
            let found = tagged(world, call)?;
            let after = cursor.after.clone();
            let rows = found.tags.iter().filter(|(key, _)| after.as_ref().is_none_or(|after| *key > after));
            let (page, token) = cursor.take(rows.map(|(key, value)| (key.clone(), json!({"Key": key, "Value": value}))));
            Ok(Members::new().set("Tags", page).maybe("NextToken", token).done())
        }
    }
}

fn tagged<'a>(world: &'a mut World, call: &Call) -> Result<&'a mut Table, Refusal> {
    let arn = members::required(&call.input, "ResourceArn").to_owned();
    let absent =
        || Refusal::new("ResourceNotFoundException", format!("Requested resource not found: ResourcArn: {arn} not found"));
    find(world, call, &arn).ok().filter(|table| table.arn == arn).ok_or_else(absent)?;
    find_mut(world, call, &arn)
}

fn restore(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let now = world.now();
    let source = members::text(input, "SourceTableName").or_else(|| members::text(input, "SourceTableArn"));
    let source = source.ok_or_else(|| invalid("One of SourceTableName or SourceTableArn is required"))?.to_owned();
    let target = members::required(input, "TargetTableName").to_owned();
    check_name(&target, "TargetTableName")?;
    let from = table(world, call, &source)?;
    let continuous = from.continuous.as_ref().ok_or_else(|| {
        let message = format!("Point in time recovery is not enabled for table '{}'", from.name);
        Refusal::new("PointInTimeRecoveryUnavailableException", message)
    })?;
    let (earliest, latest) = continuous.window(now);
    let moment = match members::time(input, "RestoreDateTime") {
        Some(moment) if (earliest..=latest).contains(&moment) => moment,
        Some(_) => {
            let message = format!("RestoreDateTime must be between {earliest} and {latest}");
            return Err(Refusal::new("InvalidRestoreTimeException", message));
        }
        None if members::flag(input, "UseLatestRestorableTime") == Some(true) => latest,
        None => return Err(invalid("One of UseLatestRestorableTime or RestoreDateTime is required")),
    };
    if find(world, call, &target).is_ok() {
        return Err(Refusal::new("TableAlreadyExistsException", format!("Table already exists: {target}")));
    }
    let mut made = from.copy(from.items_at(moment));
    let arn = from.arn.clone();
    let (takes, outcome) = world.restore_plan(&arn, "DynamoDB", Outcome::Makes(String::new(), Box::default()));
    if let Outcome::Fails(message) = outcome {
        return Err(Refusal::new("InternalServerError", message).status(500));
    }
    let place = world.place(&call.caller);
    made.name = target.clone();
    made.arn = format!("arn:aws:dynamodb:{}:{}:table/{target}", place.region, place.account);
    made.id = world.ids.uuid();
    made.created = now;
    made.creating_until = Some(now + takes.unwrap_or(RESTORE_TAKES));
    made.restored = Some(json!({"SourceTableArn": arn, "RestoreDateTime": members::stamp(moment), "RestoreInProgress": true}));
    for (member, kept) in [("BillingModeOverride", "BillingMode"), ("ProvisionedThroughputOverride", "ProvisionedThroughput")] {
        if let Some(value) = input.get(member) {
            made.members.insert(kept.to_owned(), value.clone());
        }
    }
    if made.members.get("BillingMode").and_then(Value::as_str) == Some("PAY_PER_REQUEST") {
        made.members.remove("ProvisionedThroughput");
    }
    // A restored table has neither stream nor protection, as the developer guide says.
    made.members.remove("StreamSpecification");
    made.members.remove("DeletionProtectionEnabled");
    let told = made.describe(&place);
    let dynamodb = &mut world.site_mut(&call.caller).dynamodb;
    dynamodb.gone.remove(&target);
    dynamodb.tables.insert(target.clone(), made);
    world.effect(call, &format!("{target} of {arn} at {}", moment.to_rfc3339()));
    Ok(json!({"TableDescription": told}))
}
