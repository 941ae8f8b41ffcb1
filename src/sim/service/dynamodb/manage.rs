//! Making, changing, describing and deleting tables.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::table::{Dynamo, Index, Keys, Table};
use super::value::{invalid, invalid_value};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::world::World;

/// Members of CreateTable and UpdateTable that a table keeps as they come.
const KEPT: [&str; 7] = [
    "BillingMode",
    "ProvisionedThroughput",
    "StreamSpecification",
    "SSESpecification",
    "TableClass",
    "DeletionProtectionEnabled",
    "OnDemandThroughput",
];

/// The most tables of a page of ListTables.
const PAGE: usize = 100;

/// The plain name of a table that is named by its name or its ARN.
pub fn plain(name: &str) -> &str {
    name.split_once(":table/").map_or(name, |(_, rest)| rest.split('/').next().unwrap_or(rest))
}

/// The tables of the scenario, and those that AWS Backup restored, stand in the network: each is there from the first look on.
pub fn admit(world: &mut World, call: &Call) {
    let place = world.place(&call.caller);
    let start = world.scenario.starts_at;
    let Some(site) = world.estate.sites.get_mut(&(place.account.clone(), place.region.clone())) else { return };
    for (arn, resource) in site.network.resources.iter().filter(|(_, resource)| resource.kind == "DynamoDB") {
        if site.dynamodb.tables.contains_key(&resource.name) || site.dynamodb.gone.contains(&resource.name) {
            continue;
        }
        let table = Table {
            name: resource.name.clone(),
            arn: arn.clone(),
            id: crate::sim::seed::uuid(
                crate::sim::seed::hash(place.seed, arn),
                crate::sim::seed::hash(place.seed, &resource.name),
            ),
            // Before anything was written to it.
            created: start - TimeDelta::days(400),
            definitions: vec![json!({"AttributeName": "id", "AttributeType": "S"})],
            keys: Keys { hash: "id".to_owned(), range: None },
            members: [("BillingMode".to_owned(), Value::from("PAY_PER_REQUEST"))].into_iter().collect(),
            continuous: Some(super::table::Continuous::new(start - super::table::KEPT, 35)),
            ..Table::default()
        };
        site.dynamodb.tables.insert(resource.name.clone(), table);
    }
}

/// The table that a call names.
///
/// # Errors
/// There is none.
pub fn find<'a>(world: &'a World, call: &Call, name: &str) -> Result<&'a Table, Refusal> {
    let name = plain(name);
    world.site(&call.caller).and_then(|site| site.dynamodb.tables.get(name)).ok_or_else(|| {
        Refusal::new("ResourceNotFoundException", format!("Requested resource not found: Table: {name} not found"))
    })
}

/// The table that a call names, to be changed.
///
/// # Errors
/// There is none.
pub fn find_mut<'a>(world: &'a mut World, call: &Call, name: &str) -> Result<&'a mut Table, Refusal> {
    find(world, call, name)?;
    let none = || Refusal::new("ResourceNotFoundException", "Requested resource not found");
    world.site_mut(&call.caller).dynamodb.tables.get_mut(plain(name)).ok_or_else(none)
}

/// CreateTable.
///
/// # Errors
/// As DynamoDB refuses it.
pub fn create(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let name = plain(members::required(input, "TableName")).to_owned();
    check_name(&name, "TableName")?;
    let (definitions, schema) = (members::list(input, "AttributeDefinitions"), members::list(input, "KeySchema"));
    check_schema(schema)?;
    let keys = Keys::of(schema);
    check_throughput(input, "the table")?;
    let mut indexes = BTreeMap::new();
    for (local, list) in [(true, "LocalSecondaryIndexes"), (false, "GlobalSecondaryIndexes")] {
        if input.get(list).is_some() && members::list(input, list).is_empty() {
            let what = if local { "LocalSecondaryIndexes" } else { "GlobalSecondaryIndexes" };
            return Err(invalid_value(format!("List of {what} is empty")));
        }
        for one in members::list(input, list) {
            let (name, index) = read_index(one, local, &keys)?;
            if indexes.insert(name.clone(), index).is_some() {
                return Err(invalid_value(format!("Duplicate index name: {name}")));
            }
        }
    }
    check_definitions(definitions, &keys, &indexes)?;
    let place = world.place(&call.caller);
    let id = world.ids.uuid();
    let dynamodb = &mut world.site_mut(&call.caller).dynamodb;
    if dynamodb.tables.contains_key(&name) {
        return Err(Refusal::new("ResourceInUseException", format!("Table already exists: {name}")));
    }
    let mut members = BTreeMap::new();
    for key in KEPT {
        if let Some(value) = input.get(key) {
            members.insert(key.to_owned(), value.clone());
        }
    }
    let table = Table {
        arn: format!("arn:aws:dynamodb:{}:{}:table/{name}", place.region, place.account),
        name: name.clone(),
        id,
        created: place.now,
        definitions: definitions.to_vec(),
        keys,
        members: members.into_iter().collect(),
        indexes,
        tags: tags(members::list(input, "Tags")),
        ..Table::default()
    };
    let mut told = table.describe(&place);
    told["TableStatus"] = "CREATING".into();
    for index in told.get_mut("GlobalSecondaryIndexes").and_then(Value::as_array_mut).into_iter().flatten() {
        index["IndexStatus"] = "CREATING".into();
    }
    dynamodb.gone.remove(&name);
    dynamodb.tables.insert(name.clone(), table);
    world.effect(call, &name);
    Ok(json!({"TableDescription": told}))
}

/// Key to value of a list of AWS's Tag.
pub fn tags(list: &[Value]) -> BTreeMap<String, String> {
    list.iter().map(|tag| (members::required(tag, "Key").to_owned(), members::required(tag, "Value").to_owned())).collect()
}

/// Is it a name that a table or index may have?
///
/// # Errors
/// No.
pub fn check_name(name: &str, what: &str) -> Result<(), Refusal> {
    if !(3..=255).contains(&name.len()) {
        return Err(invalid(format!("{what} must be at least 3 characters long and at most 255 characters long")));
    }
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')) {
        let small = what[..1].to_ascii_lowercase() + &what[1..];
        let constraint = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+";
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at '{small}' failed to satisfy constraint: {constraint}"
        )));
    }
    Ok(())
}

fn check_schema(schema: &[Value]) -> Result<(), Refusal> {
    let kinds: Vec<&str> = schema.iter().map(|element| members::required(element, "KeyType")).collect();
    let names: BTreeSet<&str> = schema.iter().map(|element| members::required(element, "AttributeName")).collect();
    match kinds.as_slice() {
        [] => Err(invalid("One or more parameter values were invalid: No KeySchema is given")),
        ["HASH"] => Ok(()),
        ["HASH", _] if names.len() == 1 => {
            Err(invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name"))
        }
        ["HASH", "RANGE"] => Ok(()),
        ["HASH", ..] => Err(invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")),
        _ => Err(invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")),
    }
}

fn check_throughput(input: &Value, of: &str) -> Result<(), Refusal> {
    let given = input.get("ProvisionedThroughput");
    if members::text(input, "BillingMode") == Some("PAY_PER_REQUEST") {
        return match given {
            Some(_) => Err(invalid_value(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
            )),
            None => Ok(()),
        };
    }
    match given {
        Some(_) => Ok(()),
        None if members::text(input, "BillingMode").is_none() => {
            Err(invalid(format!("No provisioned throughput specified for {of}")))
        }
        None => {
            Err(invalid_value("ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"))
        }
    }
}

fn read_index(one: &Value, local: bool, table: &Keys) -> Result<(String, Index), Refusal> {
    let name = members::required(one, "IndexName").to_owned();
    check_name(&name, "IndexName")?;
    let schema = members::list(one, "KeySchema");
    check_schema(schema)?;
    let keys = Keys::of(schema);
    let projection = one.get("Projection").cloned().unwrap_or_else(|| json!({}));
    let included = members::list(&projection, "NonKeyAttributes");
    match members::text(&projection, "ProjectionType") {
        None => return Err(invalid_value("Unknown ProjectionType: null")),
        Some("INCLUDE") if included.is_empty() => {
            return Err(invalid_value("ProjectionType is INCLUDE, but NonKeyAttributes is not specified"));
        }
        Some(kind @ ("ALL" | "KEYS_ONLY")) if !included.is_empty() => {
            return Err(invalid_value(format!("ProjectionType is {kind}, but NonKeyAttributes is specified")));
        }
        Some(_) => {}
    }
    if local {
        if table.range.is_none() {
            let message = "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex";
            return Err(invalid_value(message));
        }
        if keys.range.is_none() {
            return Err(invalid_value(format!("Index KeySchema does not have a range key for index: {name}")));
        }
        if keys.hash != table.hash {
            let message = format!("Index KeySchema does not have the same leading hash key as table KeySchema for index: {name}");
            return Err(invalid_value(format!("{message}. index hash key: {}, table hash key: {}", keys.hash, table.hash)));
        }
    }
    let throughput = one.get("ProvisionedThroughput").cloned();
    Ok((name, Index { keys, projection, local, throughput, entries: BTreeSet::new() }))
}

fn check_definitions(definitions: &[Value], keys: &Keys, indexes: &BTreeMap<String, Index>) -> Result<(), Refusal> {
    let mut defined = BTreeSet::new();
    for one in definitions {
        let name = members::required(one, "AttributeName");
        if !defined.insert(name) {
            return Err(invalid_value(format!("Duplicate AttributeName in AttributeDefinitions: {name}")));
        }
    }
    let listed = |names: &[&str]| names.join(", ");
    let of_table: Vec<&str> = keys.names().collect();
    let all: Vec<&str> = defined.iter().copied().collect();
    if of_table.len() > defined.len() {
        return Err(invalid("Invalid KeySchema: Some index key attribute have no definition"));
    }
    if of_table.iter().any(|name| !defined.contains(name)) {
        let message = "Some index key attributes are not defined in AttributeDefinitions.";
        return Err(invalid_value(format!("{message} Keys: [{}], AttributeDefinitions: [{}]", listed(&of_table), listed(&all))));
    }
    for index in indexes.values() {
        let of_index: Vec<&str> = index.keys.names().collect();
        if of_index.iter().any(|name| !defined.contains(name)) {
            let message = "Some index key attributes are not defined in AttributeDefinitions.";
            return Err(invalid_value(format!(
                "{message} Keys: [{}], AttributeDefinitions: [{}]",
                listed(&of_index),
                listed(&all)
            )));
        }
    }
    let used: BTreeSet<&str> = keys.names().chain(indexes.values().flat_map(|index| index.keys.names())).collect();
    if used.len() < defined.len() {
        let message = if indexes.is_empty() {
            "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions"
                .to_owned()
        } else {
            let used: Vec<&str> = used.into_iter().collect();
            format!(
                "Some AttributeDefinitions are not used. AttributeDefinitions: [{}], keys used: [{}]",
                listed(&all),
                listed(&used)
            )
        };
        return Err(invalid_value(message));
    }
    Ok(())
}

/// DeleteTable.
///
/// # Errors
/// As DynamoDB refuses it.
pub fn delete(world: &mut World, call: &Call) -> Answer {
    let name = plain(members::required(&call.input, "TableName")).to_owned();
    let place = world.place(&call.caller);
    let table = find(world, call, &name)?;
    if table.is_protected() {
        let message =
            "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.";
        return Err(invalid(message));
    }
    if !table.is_active(place.now) {
        return Err(Refusal::new(
            "ResourceInUseException",
            format!("Attempt to change a resource which is still in use: Table is being created: {name}"),
        ));
    }
    let mut told = table.describe(&place);
    told["TableStatus"] = "DELETING".into();
    let Dynamo { tables, gone, .. } = &mut world.site_mut(&call.caller).dynamodb;
    tables.remove(&name);
    gone.insert(name.clone());
    world.effect(call, &name);
    Ok(json!({"TableDescription": told}))
}

/// ListTables.
///
/// # Errors
/// As DynamoDB refuses it.
pub fn list(world: &World, call: &Call) -> Answer {
    let input = &call.input;
    let most = members::integer(input, "Limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE);
    let from = members::text(input, "ExclusiveStartTableName").map_or(Bound::Unbounded, Bound::Excluded);
    let tables = world.site(&call.caller).map(|site| &site.dynamodb.tables);
    let rows = tables.into_iter().flat_map(|tables| tables.range::<str, _>((from, Bound::Unbounded)));
    let mut names: Vec<&str> = rows.map(|(name, _)| name.as_str()).take(most + 1).collect();
    let more = names.len() > most;
    names.truncate(most);
    let last = names.last().copied().filter(|_| more).map(str::to_owned);
    Ok(Members::new().set("TableNames", names).maybe("LastEvaluatedTableName", last).done())
}

/// UpdateTable.
///
/// # Errors
/// As DynamoDB refuses it.
pub fn update(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let place = world.place(&call.caller);
    let name = members::required(input, "TableName");
    let table = find(world, call, name)?;
    if !table.is_active(place.now) {
        return Err(Refusal::new(
            "ResourceInUseException",
            "Attempt to change a resource which is still in use: Table is being created",
        ));
    }
    let given =
        KEPT.iter().filter(|key| input.get(**key).is_some()).count() + members::list(input, "GlobalSecondaryIndexUpdates").len();
    if given == 0 && members::list(input, "ReplicaUpdates").is_empty() {
        let message = "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or \
                       SSESpecification or ReplicaUpdates is required";
        return Err(invalid(message));
    }
    let mut definitions = table.definitions.clone();
    for one in members::list(input, "AttributeDefinitions") {
        definitions.retain(|known| known["AttributeName"] != one["AttributeName"]);
        definitions.push(one.clone());
    }
    let mut indexes = table.indexes.clone();
    let mut status = BTreeMap::new();
    for update in members::list(input, "GlobalSecondaryIndexUpdates") {
        change_index(update, table, &definitions, &mut indexes, &mut status)?;
    }
    definitions.retain(|one| {
        let name = members::required(one, "AttributeName");
        table.keys.names().chain(indexes.values().flat_map(|index| index.keys.names())).any(|used| used == name)
    });
    let table = find_mut(world, call, name)?;
    table.definitions = definitions;
    table.indexes = indexes;
    for key in KEPT {
        if let Some(value) = input.get(key) {
            table.members.insert(key.to_owned(), value.clone());
        }
    }
    if members::text(input, "BillingMode") == Some("PAY_PER_REQUEST") {
        table.members.remove("ProvisionedThroughput");
    }
    let mut told = table.describe(&place);
    told["TableStatus"] = "UPDATING".into();
    for index in told.get_mut("GlobalSecondaryIndexes").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(status) = status.get(members::required(index, "IndexName")) {
            index["IndexStatus"] = Value::from(*status);
        }
    }
    Ok(json!({"TableDescription": told}))
}

fn change_index(
    update: &Value,
    table: &Table,
    definitions: &[Value],
    indexes: &mut BTreeMap<String, Index>,
    status: &mut BTreeMap<String, &'static str>,
) -> Result<(), Refusal> {
    let absent =
        |name: &str| Refusal::new("ResourceNotFoundException", format!("Requested resource not found: Index: {name} not found"));
    if let Some(create) = update.get("Create") {
        let (name, mut index) = read_index(create, false, &table.keys)?;
        if indexes.contains_key(&name) {
            return Err(invalid_value(format!("Index already exists: {name}")));
        }
        let defined = |wanted: &str| definitions.iter().any(|one| members::text(one, "AttributeName") == Some(wanted));
        if let Some(unknown) = index.keys.names().find(|name| !defined(name)) {
            let message = "Some index key attributes are not defined in AttributeDefinitions.";
            return Err(invalid_value(format!("{message} Keys: [{unknown}], AttributeDefinitions: []")));
        }
        table.fill(&mut index);
        status.insert(name.clone(), "CREATING");
        indexes.insert(name, index);
    } else if let Some(change) = update.get("Update") {
        let name = members::required(change, "IndexName");
        indexes.get_mut(name).ok_or_else(|| absent(name))?.throughput = change.get("ProvisionedThroughput").cloned();
        status.insert(name.to_owned(), "UPDATING");
    } else if let Some(delete) = update.get("Delete") {
        let name = members::required(delete, "IndexName");
        indexes.remove(name).ok_or_else(|| absent(name))?;
    }
    Ok(())
}
