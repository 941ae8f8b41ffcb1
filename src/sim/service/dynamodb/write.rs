//! Writing items: one at a time, in batches, and all or nothing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::expression::{touched, update};
use super::legacy;
use super::manage::{find, find_mut, plain};
use super::parse::Parser;
use super::placeholders::Placeholders;
use super::table::{ItemKey, Table};
use super::tree::{Action, Condition, Step};
use super::value::{ITEM_BYTES, Item, invalid, invalid_value, item_size, whole};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::seed;
use crate::sim::world::World;

/// How long a transaction's client token is remembered.
const TOKEN_LASTS: TimeDelta = TimeDelta::minutes(10);
/// The most items of a batch that writes.
const BATCH: usize = 25;
/// The bytes of a write unit.
const WRITE_UNIT: usize = 1024;

/// What is to be done to one item.
enum Act {
    Put(Item),
    Update(Item, Vec<Action>),
    Delete,
    Check,
}

/// One write, read and found whole.
struct Write {
    table: String,
    key: ItemKey,
    condition: Option<Condition>,
    act: Act,
    tell_old: bool,
}

/// The table that can be used now.
///
/// # Errors
/// There is none, or it is being made.
pub fn usable<'a>(world: &'a World, call: &Call, name: &str) -> Result<&'a Table, Refusal> {
    let none = || Refusal::new("ResourceNotFoundException", "Requested resource not found");
    find(world, call, name).ok().filter(|table| table.is_active(world.now())).ok_or_else(none)
}

/// An object of attributes in member `key` of `input`.
///
/// # Errors
/// A value in it is none.
pub fn item_of(input: &Value, key: &str) -> Result<Item, Refusal> {
    whole(input.get(key).and_then(Value::as_object).unwrap_or(&Map::new()))
}

impl Write {
    fn read(world: &World, call: &Call, operation: &str, input: &Value) -> Result<Self, Refusal> {
        let is_update = operation == "UpdateItem" || operation == "Update";
        let expressions: &[&str] =
            if is_update { &["UpdateExpression", "ConditionExpression"] } else { &["ConditionExpression"] };
        legacy::not_mixed(input, expressions)?;
        let placeholders = Placeholders::of(input, expressions)?;
        let condition = match Parser::of(input, "ConditionExpression", &placeholders)? {
            Some(parser) => Some(parser.condition()?),
            None => legacy::expected(input)?,
        };
        let actions = match Parser::of(input, "UpdateExpression", &placeholders)? {
            Some(parser) => parser.update()?,
            None if is_update => legacy::updates(input)?,
            None => Vec::new(),
        };
        placeholders.all_used()?;
        let name = members::required(input, "TableName");
        let table = usable(world, call, name)?;
        let (key, act) = match operation {
            "PutItem" | "Put" => {
                let item = item_of(input, "Item")?;
                if item_size(&item) > ITEM_BYTES {
                    return Err(invalid("Item size has exceeded the maximum allowed size"));
                }
                (table.place_of(&item)?, Act::Put(item))
            }
            _ if is_update => {
                let key = item_of(input, "Key")?;
                let place = table.place(&key)?;
                check_actions(table, &actions)?;
                (place, Act::Update(key, actions))
            }
            "ConditionCheck" => (table.place(&item_of(input, "Key")?)?, Act::Check),
            _ => (table.place(&item_of(input, "Key")?)?, Act::Delete),
        };
        let tell_old = members::text(input, "ReturnValuesOnConditionCheckFailure") == Some("ALL_OLD");
        Ok(Self { table: plain(name).to_owned(), key, condition, act, tell_old })
    }

    /// What stands there afterwards; `None` where nothing changes.
    fn outcome(&self, table: &Table) -> Result<Option<Option<Item>>, Refusal> {
        let old = table.items.get(&self.key);
        let nothing = Item::new();
        if self.condition.as_ref().is_some_and(|condition| !condition.holds(old.unwrap_or(&nothing))) {
            let refusal = Refusal::new("ConditionalCheckFailedException", "The conditional request failed");
            return Err(match old.filter(|_| self.tell_old) {
                Some(old) => refusal.with("Item", Value::Object(old.clone())),
                None => refusal,
            });
        }
        Ok(match &self.act {
            Act::Put(item) => Some(Some(item.clone())),
            Act::Delete => Some(None),
            Act::Check => None,
            Act::Update(key, actions) => {
                let after = update(old.unwrap_or(key), actions)?;
                if item_size(&after) > ITEM_BYTES {
                    return Err(invalid("Item size to update has exceeded the maximum allowed size"));
                }
                table.place_of(&after)?;
                Some(Some(after))
            }
        })
    }
}

fn check_actions(table: &Table, actions: &[Action]) -> Result<(), Refusal> {
    for action in actions {
        let Some(Step::Name(name)) = action.path().first() else { continue };
        if table.keys.names().any(|key| key == name) {
            return Err(invalid_value(format!("Cannot update attribute {name}. This attribute is part of the key")));
        }
    }
    Ok(())
}

/// PutItem, UpdateItem and DeleteItem.
///
/// # Errors
/// As DynamoDB refuses them.
pub fn one(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let wanted = members::text(input, "ReturnValues").unwrap_or("NONE");
    if call.operation != "UpdateItem" && !["NONE", "ALL_OLD"].contains(&wanted) {
        return Err(invalid("ReturnValues can only be ALL_OLD or NONE"));
    }
    let write = Write::read(world, call, &call.operation, input)?;
    let after = write.outcome(usable(world, call, &write.table)?)?;
    let now = world.now();
    let table = find_mut(world, call, &write.table)?;
    let Some(after) = after else { return Ok(json!({})) };
    let before = table.put(now, write.key.clone(), after.clone());
    let size = before.iter().chain(&after).map(item_size).max().unwrap_or(0);
    let told = match (&write.act, wanted) {
        (_, "ALL_OLD") => before.clone(),
        (_, "ALL_NEW") => after.clone(),
        (Act::Update(_, actions), "UPDATED_OLD") => before.as_ref().map(|item| touched(item, actions)),
        (Act::Update(_, actions), "UPDATED_NEW") => after.as_ref().map(|item| touched(item, actions)),
        _ => None,
    };
    let told = told.filter(|item| !item.is_empty()).map(Value::Object);
    let consumed = consumed(input, table, size.div_ceil(WRITE_UNIT).max(1) as f64);
    let collection = collection(input, table, &write.key);
    let what = format!("{} {}", write.table, write.key.1.text());
    world.effect(call, &what);
    Ok(Members::new()
        .maybe("Attributes", told)
        .maybe("ConsumedCapacity", consumed)
        .maybe("ItemCollectionMetrics", collection)
        .done())
}

/// AWS's ConsumedCapacity, where it was asked for.
pub fn consumed(input: &Value, table: &Table, units: f64) -> Option<Value> {
    let asked = members::text(input, "ReturnConsumedCapacity")?;
    let told = Members::new().set("TableName", table.name.as_str()).set("CapacityUnits", units);
    match asked {
        "TOTAL" => Some(told.done()),
        "INDEXES" => Some(told.set("Table", json!({"CapacityUnits": units})).done()),
        _ => None,
    }
}

/// AWS's ItemCollectionMetrics, where they were asked for: of tables with local indexes only.
fn collection(input: &Value, table: &Table, key: &ItemKey) -> Option<Value> {
    let asked = members::text(input, "ReturnItemCollectionMetrics") == Some("SIZE");
    if !asked || !table.indexes.values().any(|index| index.local) {
        return None;
    }
    let value = table.items.get(key)?.get(&table.keys.hash)?.clone();
    Some(json!({"ItemCollectionKey": {table.keys.hash.as_str(): value}, "SizeEstimateRangeGB": [0.0, 1.0]}))
}

/// BatchWriteItem.
///
/// # Errors
/// As DynamoDB refuses it.
pub fn batch(world: &mut World, call: &Call) -> Answer {
    let requests = call.input.get("RequestItems").and_then(Value::as_object).cloned().unwrap_or_default();
    let count: usize = requests.values().filter_map(Value::as_array).map(Vec::len).sum();
    if count > BATCH {
        return Err(invalid("Too many items requested for the BatchWriteItem call"));
    }
    let mut writes = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, list) in &requests {
        let table = usable(world, call, name)?;
        for request in list.as_array().into_iter().flatten() {
            let (key, item) = match (request.get("PutRequest"), request.get("DeleteRequest")) {
                (Some(put), None) => {
                    let item = item_of(put, "Item")?;
                    if item_size(&item) > ITEM_BYTES {
                        return Err(invalid("Item size has exceeded the maximum allowed size"));
                    }
                    (table.place_of(&item)?, Some(item))
                }
                (None, Some(delete)) => (table.place(&item_of(delete, "Key")?)?, None),
                _ => {
                    let message = "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes";
                    return Err(invalid(message));
                }
            };
            if !seen.insert((table.name.clone(), key.clone())) {
                return Err(invalid("Provided list of item keys contains duplicates"));
            }
            writes.push((table.name.clone(), key, item));
        }
    }
    let now = world.now();
    let mut units: BTreeMap<String, f64> = BTreeMap::new();
    for (name, key, item) in writes {
        let size = item.as_ref().map_or(0, item_size);
        let what = format!("{name} {}", key.1.text());
        let table = find_mut(world, call, &name)?;
        let before = table.put(now, key, item);
        let size = size.max(before.as_ref().map_or(0, item_size));
        *units.entry(name).or_default() += size.div_ceil(WRITE_UNIT).max(1) as f64;
        world.effect(call, &what);
    }
    let told = consumed_by_table(world, call, &units);
    Ok(Members::new().set("UnprocessedItems", json!({})).maybe("ConsumedCapacity", told).done())
}

/// AWS's list of ConsumedCapacity, where it was asked for.
pub fn consumed_by_table(world: &World, call: &Call, units: &BTreeMap<String, f64>) -> Option<Vec<Value>> {
    let told = units.iter().filter_map(|(name, units)| consumed(&call.input, find(world, call, name).ok()?, *units));
    Some(told.collect::<Vec<_>>()).filter(|told| !told.is_empty())
}

/// TransactWriteItems.
///
/// # Errors
/// As DynamoDB refuses it.
pub fn transact(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let now = world.now();
    let token = members::text(input, "ClientRequestToken");
    let bound = seed::hash(0, &input.get("TransactItems").unwrap_or(&Value::Null).to_string());
    let known = token.and_then(|token| world.site(&call.caller)?.dynamodb.tokens.get(token).copied());
    if let Some((_, before)) = known.filter(|(at, _)| *at + TOKEN_LASTS > now) {
        return if before == bound {
            Ok(json!({}))
        } else {
            let message = "The transaction was already processed with different parameters for this client token";
            Err(Refusal::new("IdempotentParameterMismatchException", message))
        };
    }
    let (mut writes, mut reasons) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for item in members::list(input, "TransactItems") {
        let mut deeds = item.as_object().into_iter().flatten();
        let (Some((kind, deed)), None) = (deeds.next(), deeds.next()) else {
            let message = "TransactItems can only contain one of Check, Put, Update or Delete";
            return Err(invalid(message));
        };
        match Write::read(world, call, kind, deed) {
            Ok(write) => {
                if !seen.insert((write.table.clone(), write.key.clone())) {
                    return Err(invalid("Transaction request cannot include multiple operations on one item"));
                }
                reasons.push(None);
                writes.push(write);
            }
            Err(refusal) if is_of_the_item(&refusal) => {
                reasons.push(Some(json!({"Code": "ValidationError", "Message": refusal.message})));
            }
            Err(refusal) => return Err(refusal),
        }
    }
    let mut outcomes = Vec::new();
    let mut at = 0;
    for reason in &mut reasons {
        if reason.is_some() {
            continue;
        }
        let write = &writes[at];
        at += 1;
        match write.outcome(usable(world, call, &write.table)?) {
            Ok(outcome) => outcomes.push(outcome),
            Err(refusal) => {
                let code = if refusal.code == "ValidationException" { "ValidationError" } else { "ConditionalCheckFailed" };
                let told = Members::new().set("Code", code).set("Message", refusal.message);
                *reason = Some(told.maybe("Item", refusal.members.get("Item").cloned()).done());
            }
        }
    }
    if reasons.iter().any(Option::is_some) {
        return Err(cancelled(reasons));
    }
    let mut units: BTreeMap<String, f64> = BTreeMap::new();
    for (write, outcome) in writes.into_iter().zip(outcomes) {
        let size = outcome.iter().flatten().map(item_size).max().unwrap_or(0);
        *units.entry(write.table.clone()).or_default() += 2.0 * size.div_ceil(WRITE_UNIT).max(1) as f64;
        let Some(after) = outcome else { continue };
        let what = format!("{} {}", write.table, write.key.1.text());
        find_mut(world, call, &write.table)?.put(now, write.key, after);
        world.effect(call, &what);
    }
    if let Some(token) = token {
        let tokens = &mut world.site_mut(&call.caller).dynamodb.tokens;
        tokens.retain(|_, (at, _)| *at + TOKEN_LASTS > now);
        tokens.insert(token.to_owned(), (now, bound));
    }
    Ok(Members::new().maybe("ConsumedCapacity", consumed_by_table(world, call, &units)).done())
}

/// Is it about the item and not about the request, so that it cancels a transaction?
fn is_of_the_item(refusal: &Refusal) -> bool {
    let about = ["The provided key element", "One or more parameter values were", "Item size"];
    refusal.code == "ValidationException" && about.iter().any(|start| refusal.message.starts_with(start))
}

/// The refusal of a transaction, with the reason for each of its items.
pub fn cancelled(reasons: Vec<Option<Value>>) -> Refusal {
    let codes: Vec<String> = reasons
        .iter()
        .map(|reason| reason.as_ref().map_or("None", |reason| members::required(reason, "Code")).to_owned())
        .collect();
    let told: Vec<Value> = reasons.into_iter().map(|reason| reason.unwrap_or_else(|| json!({"Code": "None"}))).collect();
    let message = "Transaction cancelled, please refer cancellation reasons for specific reasons";
    Refusal::new("TransactionCanceledException", format!("{message} [{}]", codes.join(", "))).with("CancellationReasons", told)
}
