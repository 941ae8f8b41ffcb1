//! Backup plans and their selections. They are kept; backups are made by StartBackupJob and by scenarios.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::operations::{PAGING, listed, missing};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::world::World;

/// A plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    arn: String,
    /// How many were made before it.
    number: usize,
    /// The versions, newest last: id, AWS's BackupPlan, when it was made.
    versions: Vec<(String, Value, DateTime<Utc>)>,
    created: DateTime<Utc>,
    deleted: Option<DateTime<Utc>>,
    creator: Option<String>,
    /// By id: AWS's BackupSelection, and when it was made.
    selections: BTreeMap<String, (Value, DateTime<Utc>)>,
}

/// By id.
pub type Plans = BTreeMap<String, Plan>;

impl Plan {
    fn latest(&self) -> (&str, &Value) {
        self.versions.last().map_or(("", &Value::Null), |(version, plan, _)| (version.as_str(), plan))
    }

    fn shared(&self, id: &str) -> Members {
        Members::new()
            .set("BackupPlanId", id)
            .set("BackupPlanArn", self.arn.as_str())
            .time("CreationDate", self.created)
            .set("VersionId", self.latest().0)
    }
}

/// Answers the calls that are about plans.
pub(super) fn answer(world: &mut World, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateBackupPlan" => create(world, call),
        "UpdateBackupPlan" => update(world, call),
        "GetBackupPlan" => get(world, call),
        "ListBackupPlans" => list(world, call),
        "DeleteBackupPlan" => delete(world, call),
        "CreateBackupSelection" => select(world, call),
        "GetBackupSelection" => selection(world, call),
        "ListBackupSelections" => selections(world, call),
        _ => unselect(world, call),
    }
}

fn find<'a>(world: &'a mut World, call: &Call) -> Result<&'a mut Plan, Refusal> {
    let id = members::required(&call.input, "BackupPlanId");
    let found = world.site_mut(&call.caller).backup.plans.get_mut(id);
    found.ok_or_else(|| missing(format!("Failed reading Backup plan with provided version {id}")))
}

/// The plan as it is told: every rule has an id and its windows.
fn told(world: &mut World, input: &Value) -> Value {
    let mut plan = input.get("BackupPlan").cloned().unwrap_or_default();
    for rule in plan.get_mut("Rules").and_then(Value::as_array_mut).into_iter().flatten() {
        rule["RuleId"] = world.ids.uuid().into();
        for (member, value) in [
            ("ScheduleExpression", json!("cron(0 5 ? * * *)")),
            ("StartWindowMinutes", json!(480)),
            ("CompletionWindowMinutes", json!(10080)),
            ("ScheduleExpressionTimezone", json!("Etc/UTC")),
        ] {
            if rule.get(member).is_none() {
                rule[member] = value;
            }
        }
    }
    plan
}

fn check(input: &Value) -> Result<(), Refusal> {
    let rules = input.get("BackupPlan").map(|plan| members::list(plan, "Rules")).unwrap_or_default();
    for rule in rules {
        let days = |member: &str| rule.get("Lifecycle").and_then(|lifecycle| members::integer(lifecycle, member));
        if let (Some(cold), Some(delete)) = (days("MoveToColdStorageAfterDays"), days("DeleteAfterDays"))
            && delete < cold + 90
        {
            let message = "DeleteAfterDays cannot be less than 90 days apart from MoveToColdStorageAfterDays";
            return Err(Refusal::new("InvalidParameterValueException", message).with("Type", "Client"));
        }
    }
    Ok(())
}

fn create(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    check(input)?;
    let (id, version, now) = (world.ids.uuid(), world.ids.hex(24), world.now());
    let plan = told(world, input);
    let name = members::required(&plan, "BackupPlanName").to_owned();
    let arn = format!("arn:aws:backup:{}:{}:backup-plan:{id}", call.caller.region, call.caller.account);
    let creator = members::text(input, "CreatorRequestId").map(str::to_owned);
    let backup = &mut world.site_mut(&call.caller).backup;
    let mut living = backup.plans.iter().filter(|(_, known)| known.deleted.is_none());
    let same = living.find(|(_, known)| known.latest().1.get("BackupPlanName").is_some_and(|known| *known == name));
    if let Some((id, same)) = same {
        if creator.is_some() && same.creator == creator {
            return Ok(same.shared(id).done());
        }
        let message = "Backup plan with the same plan document already exists";
        let refusal = Refusal::new("AlreadyExistsException", message).with("Type", "Client");
        return Err(refusal.with("Arn", same.arn.as_str()).with("CreatorRequestId", same.creator.clone().unwrap_or_default()));
    }
    let number = backup.plans.len();
    let made = Plan {
        arn: arn.clone(),
        number,
        versions: vec![(version, plan, now)],
        created: now,
        deleted: None,
        creator,
        selections: BTreeMap::new(),
    };
    let answer = made.shared(&id).done();
    backup.plans.insert(id.clone(), made);
    if let Some(tags) = input.get("BackupPlanTags").and_then(Value::as_object) {
        backup.tags.insert(arn, tags.clone());
    }
    world.effect(call, &id);
    Ok(answer)
}

fn update(world: &mut World, call: &Call) -> Answer {
    check(&call.input)?;
    let (version, now) = (world.ids.hex(24), world.now());
    let plan = told(world, &call.input);
    let id = members::required(&call.input, "BackupPlanId").to_owned();
    let found = find(world, call)?;
    found.versions.push((version, plan, now));
    let answer = found.shared(&id).done();
    world.effect(call, &id);
    Ok(answer)
}

fn get(world: &mut World, call: &Call) -> Answer {
    let id = members::required(&call.input, "BackupPlanId").to_owned();
    let wanted = members::text(&call.input, "VersionId").map(str::to_owned);
    let found = find(world, call)?;
    let (version, plan) = match &wanted {
        None => found.latest(),
        Some(wanted) => {
            let version = found.versions.iter().find(|(version, ..)| version == wanted);
            let none = || missing(format!("Failed reading Backup plan with provided version {wanted}"));
            version.map(|(version, plan, _)| (version.as_str(), plan)).ok_or_else(none)?
        }
    };
    Ok(found
        .shared(&id)
        .set("VersionId", version)
        .set("BackupPlan", plan.clone())
        .maybe("CreatorRequestId", found.creator.clone())
        .time("DeletionDate", found.deleted)
        .done())
}

fn list(world: &mut World, call: &Call) -> Answer {
    let cursor = PAGING.open::<usize>(call)?;
    let deleted = members::flag(&call.input, "IncludeDeleted") == Some(true);
    let after = cursor.after;
    let plans = &world.site_mut(&call.caller).backup.plans;
    let mut plans: Vec<_> = plans.iter().collect();
    plans.sort_by_key(|(_, plan)| plan.number);
    let wanted = |plan: &Plan| (deleted || plan.deleted.is_none()) && after.is_none_or(|after| plan.number > after);
    let rows = plans.into_iter().filter(|(_, plan)| wanted(plan));
    let rows = rows.map(|(id, plan)| {
        let told = plan
            .shared(id)
            .maybe("BackupPlanName", members::text(plan.latest().1, "BackupPlanName"))
            .maybe("CreatorRequestId", plan.creator.clone())
            .time("DeletionDate", plan.deleted);
        (plan.number, told.done())
    });
    let (page, token) = cursor.take(rows);
    Ok(listed("BackupPlansList", page, token))
}

fn delete(world: &mut World, call: &Call) -> Answer {
    let (id, now) = (members::required(&call.input, "BackupPlanId").to_owned(), world.now());
    let found = find(world, call)?;
    if !found.selections.is_empty() {
        let message = "Related backup plan selections must be deleted prior to backup plan deletion";
        return Err(Refusal::new("InvalidRequestException", message).with("Type", "Client"));
    }
    found.deleted = Some(now);
    let version = found.latest().0.to_owned();
    let answer =
        json!({"BackupPlanId": id, "BackupPlanArn": found.arn, "DeletionDate": members::stamp(now), "VersionId": version});
    world.effect(call, &id);
    Ok(answer)
}

fn select(world: &mut World, call: &Call) -> Answer {
    let (id, now) = (world.ids.uuid(), world.now());
    let plan = members::required(&call.input, "BackupPlanId").to_owned();
    let selection = call.input.get("BackupSelection").cloned().unwrap_or_default();
    let found = find(world, call)?;
    found.selections.insert(id.clone(), (selection, now));
    world.effect(call, &id);
    Ok(json!({"SelectionId": id, "BackupPlanId": plan, "CreationDate": members::stamp(now)}))
}

fn no_selection(call: &Call) -> Refusal {
    missing(format!("Cannot find backup selection {}", members::required(&call.input, "SelectionId")))
}

fn selection(world: &mut World, call: &Call) -> Answer {
    let (id, plan) = (members::required(&call.input, "SelectionId"), members::required(&call.input, "BackupPlanId"));
    let (selection, at) = find(world, call)?.selections.get(id).ok_or_else(|| no_selection(call))?;
    Ok(json!({"SelectionId": id, "BackupPlanId": plan, "BackupSelection": selection, "CreationDate": members::stamp(*at)}))
}

fn selections(world: &mut World, call: &Call) -> Answer {
    let cursor = PAGING.open::<String>(call)?;
    let plan = members::required(&call.input, "BackupPlanId");
    let after = cursor.after.clone();
    let found = find(world, call)?;
    let rows = found.selections.iter().filter(|(id, _)| after.as_ref().is_none_or(|after| *id > after));
    let rows = rows.map(|(id, (selection, at))| {
        let told = Members::new()
            .set("SelectionId", id.as_str())
            .set("BackupPlanId", plan)
            .copy(selection, &["SelectionName", "IamRoleArn"])
            .time("CreationDate", *at);
        (id.clone(), told.done())
    });
    let (page, token) = cursor.take(rows);
    Ok(listed("BackupSelectionsList", page, token))
}

fn unselect(world: &mut World, call: &Call) -> Answer {
    let id = members::required(&call.input, "SelectionId");
    find(world, call)?.selections.remove(id).ok_or_else(|| no_selection(call))?;
    world.effect(call, id);
    Ok(json!({}))
}
