//! Reading items: by key, in batches, by query and by scan.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use serde_json::{Map, Value, json};

use super::expression::{attributes, project, unmarked};
use super::legacy;
use super::parse::Parser;
use super::placeholders::Placeholders;
use super::table::{EntryKey, Index, ItemKey, Keys, Table, spread};
use super::tree::{Comparator, Condition, Operand, Path, Step};
use super::value::{Item, KeyPart, invalid, invalid_value, item_size, kind, whole};
use super::write::{cancelled, consumed, consumed_by_table, item_of, usable};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::world::World;

/// The bytes of a read unit.
const READ_UNIT: usize = 4096;
/// The most bytes that one page of a query or scan looks at.
const PAGE_BYTES: usize = 1024 * 1024;
/// The most bytes that a batch answers with.
const BATCH_BYTES: usize = 16 * 1024 * 1024;
/// The most keys of a batch that reads.
const BATCH: usize = 100;

/// How many read units so many bytes take.
fn units(bytes: usize, input: &Value) -> f64 {
    let whole = bytes.div_ceil(READ_UNIT).max(1) as f64;
    if members::flag(input, "ConsistentRead") == Some(true) { whole } else { whole / 2.0 }
}

/// The paths that a projection, or AttributesToGet, names.
fn projection(input: &Value, placeholders: &Placeholders<'_>) -> Result<Option<Vec<Path>>, Refusal> {
    if let Some(parser) = Parser::of(input, "ProjectionExpression", placeholders)? {
        return parser.projection().map(Some);
    }
    let names = members::texts(input, "AttributesToGet");
    let mut seen = BTreeSet::new();
    if let Some(double) = names.iter().find(|name| !seen.insert(**name)) {
        return Err(invalid_value(format!("Duplicate value in attribute name: {double}")));
    }
    Ok((!names.is_empty()).then(|| names.into_iter().map(legacy::path).collect()))
}

fn cut(item: &Item, paths: Option<&Vec<Path>>) -> Value {
    Value::Object(paths.map_or_else(|| item.clone(), |paths| unmarked(project(item, paths))))
}

/// GetItem.
///
/// # Errors
/// As DynamoDB refuses it.
pub fn get(world: &World, call: &Call) -> Answer {
    let input = &call.input;
    legacy::not_mixed(input, &["ProjectionExpression"])?;
    let placeholders = Placeholders::of(input, &["ProjectionExpression"])?;
    let paths = projection(input, &placeholders)?;
    placeholders.all_used()?;
    let table = usable(world, call, members::required(input, "TableName"))?;
    let found = table.items.get(&table.place(&item_of(input, "Key")?)?);
    let consumed = consumed(input, table, units(found.map_or(0, item_size), input));
    Ok(Members::new().maybe("Item", found.map(|item| cut(item, paths.as_ref()))).maybe("ConsumedCapacity", consumed).done())
}

/// BatchGetItem.
///
/// # Errors
/// As DynamoDB refuses it.
pub fn batch(world: &World, call: &Call) -> Answer {
    let requests = call.input.get("RequestItems").and_then(Value::as_object);
    let count: usize = requests.into_iter().flat_map(Map::values).map(|request| members::list(request, "Keys").len()).sum();
    if count > BATCH {
        return Err(invalid("Too many items requested for the BatchGetItem call"));
    }
    let (mut responses, mut left) = (Map::new(), Map::new());
    let (mut used, mut bytes) = (BTreeMap::new(), 0);
    for (name, request) in requests.into_iter().flatten() {
        legacy::not_mixed(request, &["ProjectionExpression"])?;
        let placeholders = Placeholders::of(request, &["ProjectionExpression"])?;
        let paths = projection(request, &placeholders)?;
        placeholders.all_used()?;
        let table = usable(world, call, name)?;
        let (mut items, mut unread, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        for key in members::list(request, "Keys") {
            let place = table.place(&whole(key.as_object().unwrap_or(&Map::new()))?)?;
            if !seen.insert(place.clone()) {
                return Err(invalid("Provided list of item keys contains duplicates"));
            }
            let found = table.items.get(&place);
            bytes += found.map_or(0, item_size);
            if bytes > BATCH_BYTES {
                unread.push(key.clone());
                continue;
            }
            *used.entry(table.name.clone()).or_insert(0.0) += units(found.map_or(0, item_size), request);
            items.extend(found.map(|item| cut(item, paths.as_ref())));
        }
        responses.insert(name.clone(), items.into());
        if !unread.is_empty() {
            let mut rest = request.clone();
            rest["Keys"] = unread.into();
            left.insert(name.clone(), rest);
        }
    }
    let told = consumed_by_table(world, call, &used);
    Ok(Members::new().set("Responses", responses).set("UnprocessedKeys", left).maybe("ConsumedCapacity", told).done())
}

/// TransactGetItems.
///
/// # Errors
/// As DynamoDB refuses it.
pub fn transact(world: &World, call: &Call) -> Answer {
    let (mut responses, mut reasons) = (Vec::new(), Vec::new());
    let mut used = BTreeMap::new();
    for one in members::list(&call.input, "TransactItems") {
        let get = one.get("Get").unwrap_or(&Value::Null);
        let placeholders = Placeholders::of(get, &["ProjectionExpression"])?;
        let paths = projection(get, &placeholders)?;
        placeholders.all_used()?;
        let table = usable(world, call, members::required(get, "TableName"))?;
        match table.place(&item_of(get, "Key")?) {
            Ok(place) => {
                let found = table.items.get(&place);
                *used.entry(table.name.clone()).or_insert(0.0) +=
                    2.0 * found.map_or(0, item_size).div_ceil(READ_UNIT).max(1) as f64;
                responses.push(Members::new().maybe("Item", found.map(|item| cut(item, paths.as_ref()))).done());
                reasons.push(None);
            }
            Err(refusal) => reasons.push(Some(json!({"Code": "ValidationError", "Message": refusal.message}))),
        }
    }
    if reasons.iter().any(Option::is_some) {
        return Err(cancelled(reasons));
    }
    let told = consumed_by_table(world, call, &used);
    Ok(Members::new().set("Responses", responses).maybe("ConsumedCapacity", told).done())
}

/// What a query or scan goes through.
struct Reading<'a> {
    table: &'a Table,
    index: Option<(&'a str, &'a Index)>,
}

impl<'a> Reading<'a> {
    fn of(table: &'a Table, input: &'a Value) -> Result<Self, Refusal> {
        let Some(name) = members::text(input, "IndexName") else { return Ok(Self { table, index: None }) };
        let absent = || invalid(format!("The table does not have the specified index: {name}"));
        let index = table.indexes.get(name).ok_or_else(absent)?;
        if !index.local && members::flag(input, "ConsistentRead") == Some(true) {
            return Err(invalid("Consistent reads are not supported on global secondary indexes"));
        }
        Ok(Self { table, index: Some((name, index)) })
    }

    fn keys(&self) -> &'a Keys {
        self.index.map_or(&self.table.keys, |(_, index)| &index.keys)
    }

    /// The items between two places, in order; the places are those of the index, and of the table in it.
    fn rows(
        &self,
        from: Bound<EntryKey>,
        to: Bound<EntryKey>,
        forward: bool,
    ) -> Box<dyn Iterator<Item = (EntryKey, &'a Item)> + 'a> {
        let table = self.table;
        match self.index {
            Some((_, index)) => {
                let rows = index.entries.range((from, to)).filter_map(|entry| Some((entry.clone(), table.items.get(&entry.3)?)));
                if forward { Box::new(rows) } else { Box::new(rows.rev()) }
            }
            None => {
                let plain = |bound: Bound<EntryKey>| bound.map(|(hash, part, range, _)| (hash, part, range));
                let entry = |(key, item): (&ItemKey, &'a Item)| ((key.0, key.1.clone(), key.2.clone(), key.clone()), item);
                let rows = table.items.range((plain(from), plain(to))).map(entry);
                if forward { Box::new(rows) } else { Box::new(rows.rev()) }
            }
        }
    }

    /// The key after which a page goes on.
    fn start(&self, input: &Value) -> Result<Option<EntryKey>, Refusal> {
        if input.get("ExclusiveStartKey").is_none() {
            return Ok(None);
        }
        let key = item_of(input, "ExclusiveStartKey")?;
        let wrong = || invalid("The provided starting key is invalid");
        let wanted: BTreeSet<&str> = self.table.keys.names().chain(self.keys().names()).collect();
        let fits = wanted.len() == key.len()
            && wanted.iter().all(|name| key.get(*name).is_some_and(|value| kind(value) == self.table.key_kind(name)));
        if !fits {
            let message = if self.index.is_some() || key.len() == wanted.len() {
                "The provided starting key is invalid"
            } else {
                "The provided starting key is invalid: The provided key element does not match the schema"
            };
            return Err(invalid(message));
        }
        let place = self.table.keys.key(&key).ok_or_else(wrong)?;
        let (hash, part, range) = self.keys().key(&key).ok_or_else(wrong)?;
        Ok(Some((hash, part, range, place)))
    }

    fn last_key(&self, item: &Item) -> Item {
        let names = self.table.keys.names().chain(self.keys().names());
        names.filter_map(|name| Some((name.to_owned(), item.get(name)?.clone()))).collect()
    }
}

/// A page of a query or scan: what was read, and how it is told.
fn page<'a>(
    call: &Call,
    reading: &Reading<'a>,
    rows: impl Iterator<Item = &'a Item>,
    filter: Option<&Condition>,
    paths: Option<&Vec<Path>>,
) -> Answer {
    let input = &call.input;
    let limit = members::integer(input, "Limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let select = members::text(input, "Select");
    let whole_items = select == Some("ALL_ATTRIBUTES") || reading.index.is_none();
    let (mut items, mut count, mut scanned, mut bytes, mut last) = (Vec::new(), 0, 0_usize, 0, None);
    for item in rows {
        scanned += 1;
        bytes += item_size(item);
        let seen = match reading.index {
            Some((_, index)) if !(whole_items || index.local && paths.is_some()) => index.projected(&reading.table.keys, item),
            _ => item.clone(),
        };
        if filter.is_none_or(|filter| filter.holds(&seen)) {
            count += 1;
            if select != Some("COUNT") {
                items.push(cut(&seen, paths));
            }
        }
        if scanned >= limit || bytes >= PAGE_BYTES {
            last = Some(Value::Object(reading.last_key(item)));
            break;
        }
    }
    let consumed = consumed(input, reading.table, units(bytes, input));
    Ok(Members::new()
        .maybe("Items", (select != Some("COUNT")).then_some(items))
        .set("Count", count)
        .set("ScannedCount", scanned)
        .maybe("LastEvaluatedKey", last)
        .maybe("ConsumedCapacity", consumed)
        .done())
}

fn check_select(input: &Value, reading: &Reading<'_>, paths: bool) -> Result<(), Refusal> {
    let select = members::text(input, "Select");
    match (select, reading.index) {
        (Some("ALL_PROJECTED_ATTRIBUTES"), None) => {
            Err(invalid_value("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"))
        }
        (Some("SPECIFIC_ATTRIBUTES"), _) if !paths => {
            Err(invalid_value("SPECIFIC_ATTRIBUTES must be used with the ProjectionExpression or AttributesToGet parameter"))
        }
        (Some(select @ ("ALL_ATTRIBUTES" | "ALL_PROJECTED_ATTRIBUTES" | "COUNT")), _) if paths => {
            let what = if input.get("ProjectionExpression").is_some() { "ProjectionExpression" } else { "AttributesToGet" };
            Err(invalid(format!("Cannot specify the {what} when choosing to get {select}")))
        }
        (Some("ALL_ATTRIBUTES"), Some((name, index)))
            if !index.local && members::text(&index.projection, "ProjectionType") != Some("ALL") =>
        {
            let message = "Select type ALL_ATTRIBUTES is not supported for global secondary index";
            Err(invalid_value(format!("{message} {name} because its projection type is not ALL")))
        }
        _ => Ok(()),
    }
}

/// Scan.
///
/// # Errors
/// As DynamoDB refuses it.
pub fn scan(world: &World, call: &Call) -> Answer {
    let input = &call.input;
    let expressions = ["FilterExpression", "ProjectionExpression"];
    legacy::not_mixed(input, &expressions)?;
    let placeholders = Placeholders::of(input, &expressions)?;
    let filter = match Parser::of(input, "FilterExpression", &placeholders)? {
        Some(parser) => Some(parser.condition()?),
        None => legacy::filter(input, "ScanFilter")?,
    };
    let paths = projection(input, &placeholders)?;
    placeholders.all_used()?;
    let segment = match (members::integer(input, "Segment"), members::integer(input, "TotalSegments")) {
        (None, None) => None,
        (Some(_), None) => {
            return Err(invalid(
                "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
            ));
        }
        (None, Some(_)) => {
            return Err(invalid(
                "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
            ));
        }
        (Some(segment), Some(total)) if segment >= total => {
            let told = format!("Segment: {segment} is not less than TotalSegments: {total}");
            return Err(invalid(format!(
                "The Segment parameter is zero-based and must be less than parameter TotalSegments: {told}"
            )));
        }
        (Some(segment), Some(total)) => Some((segment.unsigned_abs(), total.unsigned_abs().max(1))),
    };
    let table = usable(world, call, members::required(input, "TableName"))?;
    let reading = Reading::of(table, input)?;
    check_select(input, &reading, paths.is_some())?;
    let mut from = reading.start(input)?.map_or(Bound::Unbounded, Bound::Excluded);
    let mut to = Bound::Unbounded;
    if let Some((segment, total)) = segment {
        // Each segment has an equal share of the hashes.
        let share = u64::MAX / total + 1;
        let end = |hash: u64| (hash, KeyPart::None, KeyPart::None, (0, KeyPart::None, KeyPart::None));
        if segment + 1 < total {
            to = Bound::Excluded(end(share.saturating_mul(segment + 1)));
        }
        let first = share.saturating_mul(segment);
        match &from {
            Bound::Unbounded => from = Bound::Included(end(first)),
            Bound::Included(at) | Bound::Excluded(at) => {
                if at.0 < first || (segment + 1 < total && at.0 >= first.saturating_add(share)) {
                    return Err(invalid("The provided starting key is outside query boundaries based on provided conditions"));
                }
            }
        }
    }
    let rows = reading.rows(from, to, true).map(|(_, item)| item);
    page(call, &reading, rows, filter.as_ref(), paths.as_ref())
}

/// Query.
///
/// # Errors
/// As DynamoDB refuses it.
pub fn query(world: &World, call: &Call) -> Answer {
    let input = &call.input;
    let expressions = ["KeyConditionExpression", "FilterExpression", "ProjectionExpression"];
    legacy::not_mixed(input, &expressions)?;
    let placeholders = Placeholders::of(input, &expressions)?;
    let key = match Parser::of(input, "KeyConditionExpression", &placeholders)? {
        Some(parser) => Some(parser.condition()?),
        None => legacy::filter(input, "KeyConditions")?,
    };
    let filter = match Parser::of(input, "FilterExpression", &placeholders)? {
        Some(parser) => Some(parser.condition()?),
        None => legacy::filter(input, "QueryFilter")?,
    };
    let paths = projection(input, &placeholders)?;
    placeholders.all_used()?;
    let missing = "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.";
    let key = key.ok_or_else(|| invalid(missing))?;
    let table = usable(world, call, members::required(input, "TableName"))?;
    let reading = Reading::of(table, input)?;
    check_select(input, &reading, paths.is_some())?;
    let (hash, range) = key_condition(&reading, &key)?;
    if let Some(filter) = &filter {
        let mut named = Vec::new();
        attributes(filter, &mut named);
        if let Some(name) = reading.keys().names().find(|key| named.iter().any(|name| name == key)) {
            let what = if input.get("QueryFilter").is_some() { "QueryFilter" } else { "Filter Expression" };
            return Err(invalid(format!("{what} can only contain non-primary key attributes: Primary key attribute: {name}")));
        }
    }
    let forward = members::flag(input, "ScanIndexForward") != Some(false);
    let lowest = (spread(&hash), hash.clone(), KeyPart::None, (0, KeyPart::None, KeyPart::None));
    let highest = (spread(&hash), hash, KeyPart::Most, (u64::MAX, KeyPart::Most, KeyPart::Most));
    let start = reading.start(input)?;
    if let Some(start) = &start
        && (start < &lowest || start > &highest)
    {
        return Err(invalid("The provided starting key is outside query boundaries based on provided conditions"));
    }
    let (from, to) = match (start, forward) {
        (Some(start), true) => (Bound::Excluded(start), Bound::Included(highest)),
        (Some(start), false) => (Bound::Included(lowest), Bound::Excluded(start)),
        (None, _) => (Bound::Included(lowest), Bound::Included(highest)),
    };
    let rows = reading.rows(from, to, forward).map(|(_, item)| item);
    let rows = rows.filter(|item| range.as_ref().is_none_or(|range| range.holds(item)));
    page(call, &reading, rows, filter.as_ref(), paths.as_ref())
}

/// The partition that a key condition names, and what it asks of the sort key.
fn key_condition(reading: &Reading<'_>, condition: &Condition) -> Result<(KeyPart, Option<Condition>), Refusal> {
    let mut parts = Vec::new();
    split(condition, &mut parts)?;
    if parts.len() > 2 {
        return Err(invalid("Conditions can be of length 1 or 2 only"));
    }
    let keys = reading.keys();
    let (mut hash, mut range) = (None, None);
    for part in parts {
        let (name, values) = key_part(&part)?;
        for value in &values {
            if keys.names().any(|key| key == name) && kind(value) != reading.table.key_kind(&name) {
                return Err(invalid_value("Condition parameter type does not match schema type"));
            }
            if super::value::length(value) == Some(0) && keys.names().any(|key| key == name) {
                let message =
                    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty";
                let what = if kind(value) == "B" { "binary" } else { "string" };
                return Err(invalid(format!("{message} {what} value. Key: {name}")));
            }
        }
        if name == keys.hash {
            if !matches!(part, Condition::Compare(_, Comparator::Eq, _)) {
                return Err(invalid("Query key condition not supported"));
            }
            hash = values.first().and_then(KeyPart::of);
        } else if keys.range.as_deref() == Some(name.as_str()) {
            range = Some(part);
        } else {
            let absent = if hash.is_none() { keys.hash.as_str() } else { keys.range.as_deref().unwrap_or(&keys.hash) };
            return Err(invalid(format!("Query condition missed key schema element: {absent}")));
        }
    }
    let hash = hash.ok_or_else(|| invalid(format!("Query condition missed key schema element: {}", keys.hash)))?;
    Ok((hash, range))
}

fn split(condition: &Condition, into: &mut Vec<Condition>) -> Result<(), Refusal> {
    let refuse = |operator: &str| Err(invalid(format!("Invalid operator used in KeyConditionExpression: {operator}")));
    match condition {
        Condition::And(a, b) => {
            split(a, into)?;
            split(b, into)
        }
        Condition::Or(..) => refuse("OR"),
        Condition::Not(_) => refuse("NOT"),
        Condition::In(..) => refuse("IN"),
        Condition::Exists(_, true) => refuse("attribute_exists"),
        Condition::Exists(_, false) => refuse("attribute_not_exists"),
        Condition::Type(..) => refuse("attribute_type"),
        Condition::Contains(..) => refuse("contains"),
        Condition::Compare(_, Comparator::Ne, _) => refuse("<>"),
        simple => {
            into.push(simple.clone());
            Ok(())
        }
    }
}

fn key_part(part: &Condition) -> Result<(String, Vec<Value>), Refusal> {
    let (left, right) = match part {
        Condition::Compare(Operand::Value(value), Comparator::Eq, path @ Operand::Path(_)) => {
            (path, vec![Operand::Value(value.clone())])
        }
        Condition::Compare(path, _, value) | Condition::Begins(path, value) => (path, vec![value.clone()]),
        Condition::Between(path, low, high) => (path, vec![low.clone(), high.clone()]),
        _ => return Err(invalid("Query key condition not supported")),
    };
    let Operand::Path(path) = left else {
        return Err(invalid("Invalid KeyConditionExpression: The expression has no key attribute"));
    };
    let [Step::Name(name)] = path.as_slice() else {
        return Err(invalid(
            "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes",
        ));
    };
    let values = right.into_iter().map(|operand| match operand {
        Operand::Value(value) => Ok(value),
        _ => Err(invalid("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")),
    });
    Ok((name.clone(), values.collect::<Result<_, _>>()?))
}
