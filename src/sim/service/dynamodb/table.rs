//! A table: its keys, indexes and items, and what it was before, for a restore to a moment.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::value::{self, Item, KeyPart, invalid, invalid_value, item_size, kind};
use crate::sim::call::Refusal;
use crate::sim::estate::Place;
use crate::sim::members::{self, Members};
use crate::sim::seed;

/// Where an item stands: a hash of its partition key, which gives a scan its order, the key itself, the sort key.
pub type ItemKey = (u64, KeyPart, KeyPart);
/// Where an item stands in an index: as in a table, then its place there.
pub type EntryKey = (u64, KeyPart, KeyPart, ItemKey);

/// How long DynamoDB keeps what continuous backups need.
pub const KEPT: TimeDelta = TimeDelta::days(35);
/// How far behind the present the latest restorable moment is.
pub const BEHIND: TimeDelta = TimeDelta::minutes(5);

/// DynamoDB's state in one account and Region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dynamo {
    /// By name.
    pub tables: BTreeMap<String, Table>,
    /// Tables of the scenario that were deleted, and are not to come again.
    pub gone: BTreeSet<String>,
    /// Client tokens of transactions: when, and a hash of the input.
    pub tokens: BTreeMap<String, (DateTime<Utc>, u64)>,
}

/// The names of key attributes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// The partition key.
    pub hash: String,
    /// The sort key.
    pub range: Option<String>,
}

impl Keys {
    /// Out of a KeySchema that was found whole.
    pub fn of(schema: &[Value]) -> Self {
        let named = |kind: &str| {
            schema
                .iter()
                .find(|element| members::text(element, "KeyType") == Some(kind))
                .map(|element| members::required(element, "AttributeName").to_owned())
        };
        Self { hash: named("HASH").unwrap_or_default(), range: named("RANGE") }
    }

    /// As a KeySchema.
    pub fn schema(&self) -> Value {
        let element = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
        let range = self.range.as_deref().map(|name| element(name, "RANGE"));
        std::iter::once(element(&self.hash, "HASH")).chain(range).collect()
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.hash.as_str()).chain(self.range.as_deref())
    }

    /// The key of an item among these attributes; `None` where it has not all of them.
    pub fn key(&self, item: &Item) -> Option<ItemKey> {
        let hash = KeyPart::of(item.get(&self.hash)?)?;
        let range = match &self.range {
            Some(name) => KeyPart::of(item.get(name)?)?,
            None => KeyPart::None,
        };
        Some((spread(&hash), hash, range))
    }
}

/// The hash of a partition key: where in the table its items stand.
pub fn spread(hash: &KeyPart) -> u64 {
    seed::hash(0, &hash.text())
}

/// A secondary index.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Index {
    /// Its keys.
    pub keys: Keys,
    /// AWS's Projection.
    pub projection: Value,
    /// Is it local, with the table's partition key?
    pub local: bool,
    /// AWS's ProvisionedThroughput that was asked for.
    pub throughput: Option<Value>,
    /// The items in it, in order.
    pub entries: BTreeSet<EntryKey>,
}

impl Index {
    /// What of an item is in the index.
    pub fn projected(&self, table: &Keys, item: &Item) -> Item {
        let included: Vec<&str> = match members::required(&self.projection, "ProjectionType") {
            "ALL" => return item.clone(),
            "INCLUDE" => members::texts(&self.projection, "NonKeyAttributes"),
            _ => Vec::new(),
        };
        let kept = |name: &str| table.names().chain(self.keys.names()).chain(included.iter().copied()).any(|known| known == name);
        item.iter().filter(|(name, _)| kept(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// One change to a table with continuous backups: when, where, and what stood there before.
#[derive(Debug, Clone, PartialEq)]
pub struct Was {
    at: DateTime<Utc>,
    key: ItemKey,
    before: Option<Item>,
}

/// Continuous backups.
#[derive(Debug, Clone, PartialEq)]
pub struct Continuous {
    /// Since when.
    pub since: DateTime<Utc>,
    /// RecoveryPeriodInDays.
    pub days: i64,
    /// What changed since, oldest first.
    pub log: Vec<Was>,
}

impl Continuous {
    /// From now on.
    pub fn new(since: DateTime<Utc>, days: i64) -> Self {
        Self { since, days, log: Vec::new() }
    }

    /// The earliest and the latest moment that can be restored.
    pub fn window(&self, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let earliest = self.since.max(now - TimeDelta::days(self.days).min(KEPT));
        (earliest, (now - BEHIND).max(earliest))
    }
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// TableId.
    pub id: String,
    /// CreationDateTime.
    pub created: DateTime<Utc>,
    /// Until when it is being restored and cannot be used.
    pub creating_until: Option<DateTime<Utc>>,
    /// AWS's AttributeDefinitions.
    pub definitions: Vec<Value>,
    /// Its keys.
    pub keys: Keys,
    /// Members of CreateTable that are told again as they came.
    pub members: Map<String, Value>,
    /// By name.
    pub indexes: BTreeMap<String, Index>,
    /// The items.
    pub items: BTreeMap<ItemKey, Item>,
    /// How many bytes they have.
    pub bytes: usize,
    /// Continuous backups, where they are enabled.
    pub continuous: Option<Continuous>,
    /// The attribute by which items expire.
    pub expires_by: Option<String>,
    /// Key to value.
    pub tags: BTreeMap<String, String>,
    /// Of a restored one: AWS's RestoreSummary.
    pub restored: Option<Value>,
}

impl Table {
    /// The type that an attribute of a key must have.
    pub fn key_kind(&self, name: &str) -> &str {
        let found = self.definitions.iter().find(|one| members::text(one, "AttributeName") == Some(name));
        found.map_or("", |one| members::required(one, "AttributeType"))
    }

    /// The place of a whole item.
    ///
    /// # Errors
    /// Its key, or the key of an index, is missing or of the wrong type.
    pub fn place_of(&self, item: &Item) -> Result<ItemKey, Refusal> {
        for name in self.keys.names() {
            let Some(value) = item.get(name) else {
                return Err(invalid_value(format!("Missing the key {name} in the item")));
            };
            self.check_key(name, value)?;
        }
        for (index, of) in &self.indexes {
            for name in of.keys.names() {
                let Some(value) = item.get(name) else { continue };
                let (expected, actual) = (self.key_kind(name), kind(value));
                if expected != actual {
                    let message =
                        format!("Type mismatch for Index Key {name} Expected: {expected} Actual: {actual} IndexName: {index}");
                    return Err(invalid_value(message));
                }
                if value::length(value) == Some(0) {
                    let message = "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value.";
                    return Err(invalid(format!("{message} IndexName: {index}, IndexKey: {name}")));
                }
            }
        }
        self.keys.key(item).ok_or_else(|| invalid("The provided key element does not match the schema"))
    }

    fn check_key(&self, name: &str, value: &Value) -> Result<(), Refusal> {
        let (expected, actual) = (self.key_kind(name), kind(value));
        if expected != actual {
            return Err(invalid_value(format!("Type mismatch for key {name} expected: {expected} actual: {actual}")));
        }
        not_empty(name, value)?;
        let (message, most) = if name == self.keys.hash {
            ("Size of hashkey has exceeded the maximum size limit of2048 bytes", 2048)
        } else {
            ("Aggregated size of all range keys has exceeded the size limit of 1024 bytes", 1024)
        };
        if value::size(value) > most {
            return Err(invalid_value(message));
        }
        Ok(())
    }

    /// The place that a key names.
    ///
    /// # Errors
    /// It is not a key of this table.
    pub fn place(&self, key: &Item) -> Result<ItemKey, Refusal> {
        let fits = key.len() == self.keys.names().count()
            && self.keys.names().all(|name| key.get(name).is_some_and(|value| kind(value) == self.key_kind(name)));
        if !fits {
            return Err(invalid("The provided key element does not match the schema"));
        }
        for (name, value) in key {
            not_empty(name, value)?;
        }
        self.keys.key(key).ok_or_else(|| invalid("The provided key element does not match the schema"))
    }

    /// The key attributes of an item.
    pub fn key_of(&self, item: &Item) -> Item {
        self.keys.names().filter_map(|name| Some((name.to_owned(), item.get(name)?.clone()))).collect()
    }

    /// Puts an item where it belongs, or takes away what is there, and gives what was.
    pub fn put(&mut self, now: DateTime<Utc>, key: ItemKey, item: Option<Item>) -> Option<Item> {
        let before = self.place_item(&key, item);
        if let Some(continuous) = &mut self.continuous {
            continuous.log.push(Was { at: now, key, before: before.clone() });
        }
        before
    }

    fn place_item(&mut self, key: &ItemKey, item: Option<Item>) -> Option<Item> {
        let entry = |keys: &Keys, item: &Item| keys.key(item).map(|(hash, part, range)| (hash, part, range, key.clone()));
        if let Some(item) = &item {
            self.bytes += item_size(item);
        }
        let after = item.clone();
        let before = match item {
            Some(item) => self.items.insert(key.clone(), item),
            None => self.items.remove(key),
        };
        self.bytes -= before.as_ref().map_or(0, item_size);
        for index in self.indexes.values_mut() {
            if let Some(old) = before.as_ref().and_then(|item| entry(&index.keys, item)) {
                index.entries.remove(&old);
            }
            if let Some(new) = after.as_ref().and_then(|item| entry(&index.keys, item)) {
                index.entries.insert(new);
            }
        }
        before
    }

    /// Fills an index with what the table holds.
    pub fn fill(&self, index: &mut Index) {
        let entry = |(key, item): (&ItemKey, &Item)| {
            let (hash, part, range) = index.keys.key(item)?;
            Some((hash, part, range, key.clone()))
        };
        index.entries = self.items.iter().filter_map(entry).collect();
    }

    /// Takes the table's items back to what they were at a moment, and gives them.
    pub fn items_at(&self, moment: DateTime<Utc>) -> BTreeMap<ItemKey, Item> {
        let mut items = self.items.clone();
        let later = self.continuous.iter().flat_map(|continuous| continuous.log.iter().rev()).take_while(|was| was.at > moment);
        for was in later {
            match &was.before {
                Some(item) => items.insert(was.key.clone(), item.clone()),
                None => items.remove(&was.key),
            };
        }
        items
    }

    /// The same keys, indexes and settings with other items.
    pub fn copy(&self, items: BTreeMap<ItemKey, Item>) -> Self {
        let indexes =
            self.indexes.iter().map(|(name, index)| (name.clone(), Index { entries: BTreeSet::new(), ..index.clone() }));
        let mut copy = Self {
            definitions: self.definitions.clone(),
            keys: self.keys.clone(),
            members: self.members.clone(),
            bytes: items.values().map(item_size).sum(),
            items,
            ..Self::default()
        };
        let mut indexes: BTreeMap<_, _> = indexes.collect();
        indexes.values_mut().for_each(|index| copy.fill(index));
        copy.indexes = indexes;
        copy
    }

    /// Is it there to be used?
    pub fn is_active(&self, now: DateTime<Utc>) -> bool {
        self.creating_until.is_none_or(|until| until <= now)
    }

    /// As AWS's TableDescription.
    pub fn describe(&self, place: &Place) -> Value {
        let status = if self.is_active(place.now) { "ACTIVE" } else { "CREATING" };
        let on_demand = self.members.get("BillingMode").and_then(Value::as_str) == Some("PAY_PER_REQUEST");
        let indexes = |local: bool| {
            let of = self.indexes.iter().filter(move |(_, index)| index.local == local);
            let told: Vec<Value> = of.map(|(name, index)| self.describe_index(name, index, status, on_demand)).collect();
            (!told.is_empty()).then_some(told)
        };
        let stream =
            self.members.get("StreamSpecification").filter(|stream| members::flag(stream, "StreamEnabled") == Some(true));
        let label = self.created.format("%Y-%m-%dT%H:%M:%S%.3f").to_string();
        let billing = on_demand.then(
            || json!({"BillingMode": "PAY_PER_REQUEST", "LastUpdateToPayPerRequestDateTime": members::stamp(self.created)}),
        );
        let class = self.members.get("TableClass").map(|class| json!({"TableClass": class}));
        let encrypted =
            self.members.get("SSESpecification").filter(|sse| members::flag(sse, "Enabled") == Some(true)).map(|sse| {
                let key = members::text(sse, "KMSMasterKeyId").map_or_else(|| "alias/aws/dynamodb".to_owned(), str::to_owned);
                let key =
                    if key.starts_with("arn:") { key } else { format!("arn:aws:kms:{}:{}:{key}", place.region, place.account) };
                json!({"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key})
            });
        Members::new()
            .set("AttributeDefinitions", self.definitions.clone())
            .set("TableName", self.name.as_str())
            .set("KeySchema", self.keys.schema())
            .set("TableStatus", status)
            .time("CreationDateTime", self.created)
            .set("ProvisionedThroughput", throughput(self.members.get("ProvisionedThroughput")))
            .set("TableSizeBytes", self.bytes)
            .set("ItemCount", self.items.len())
            .set("TableArn", self.arn.as_str())
            .set("TableId", self.id.as_str())
            .maybe("BillingModeSummary", billing)
            .maybe("LocalSecondaryIndexes", indexes(true))
            .maybe("GlobalSecondaryIndexes", indexes(false))
            .maybe("StreamSpecification", stream.cloned())
            .maybe("LatestStreamLabel", stream.map(|_| label.clone()))
            .maybe("LatestStreamArn", stream.map(|_| format!("{}/stream/{label}", self.arn)))
            .maybe("RestoreSummary", self.restored.clone())
            .maybe("SSEDescription", encrypted)
            .maybe("TableClassSummary", class)
            .set("DeletionProtectionEnabled", self.is_protected())
            .maybe("OnDemandThroughput", self.members.get("OnDemandThroughput").cloned())
            .done()
    }

    /// Is it protected from being deleted?
    pub fn is_protected(&self) -> bool {
        self.members.get("DeletionProtectionEnabled").and_then(Value::as_bool) == Some(true)
    }

    fn describe_index(&self, name: &str, index: &Index, status: &str, on_demand: bool) -> Value {
        let bytes: usize = index.entries.iter().filter_map(|(.., key)| self.items.get(key)).map(item_size).sum();
        let told = Members::new()
            .set("IndexName", name)
            .set("KeySchema", index.keys.schema())
            .set("Projection", index.projection.clone())
            .set("IndexSizeBytes", bytes)
            .set("ItemCount", index.entries.len())
            .set("IndexArn", format!("{}/index/{name}", self.arn));
        if index.local {
            return told.done();
        }
        let asked = index.throughput.as_ref().filter(|_| !on_demand);
        told.set("IndexStatus", status).set("ProvisionedThroughput", throughput(asked)).done()
    }
}

fn throughput(asked: Option<&Value>) -> Value {
    let units = |key: &str| asked.and_then(|asked| members::integer(asked, key)).unwrap_or(0);
    json!({
        "NumberOfDecreasesToday": 0, "ReadCapacityUnits": units("ReadCapacityUnits"), "WriteCapacityUnits": units("WriteCapacityUnits"),
    })
}

fn not_empty(name: &str, value: &Value) -> Result<(), Refusal> {
    if value::length(value) != Some(0) {
        return Ok(());
    }
    let what = if kind(value) == "B" { "binary" } else { "string" };
    Err(invalid(format!(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {what} value. Key: {name}"
    )))
}
