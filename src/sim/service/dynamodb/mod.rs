//! DynamoDB: tables, items, expressions, and restores to a moment.

mod backups;
mod expression;
mod grammar;
mod legacy;
mod manage;
mod number;
mod parse;
mod placeholders;
mod read;
mod table;
#[cfg(test)]
mod tests;
mod tree;
mod value;
mod write;

use serde_json::json;

use crate::sim::call::{Answer, Call};
use crate::sim::members;
use crate::sim::service::coverage::{Operation, changes, reads};
use crate::sim::world::World;

pub use table::Dynamo;

/// What holds for all of the service.
pub const NOTE: &str = "Reads are always consistent, indexes too. Capacity is counted by items' sizes and never runs out. Streams, global \
                        tables, PartiQL and backups on demand are not modelled. Tables of the scenario are keyed by `id` and empty.";

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    reads("BatchGetItem", ""),
    changes("BatchWriteItem", "nothing is ever left unprocessed"),
    changes("CreateTable", "the table can be used at once; streams are told, and hold nothing"),
    changes("DeleteItem", ""),
    changes("DeleteTable", "at once"),
    reads("DescribeContinuousBackups", ""),
    reads("DescribeEndpoints", ""),
    reads("DescribeLimits", ""),
    reads("DescribeTable", ""),
    reads("DescribeTimeToLive", ""),
    reads("GetItem", ""),
    reads("ListTables", ""),
    reads("ListTagsOfResource", ""),
    changes("PutItem", ""),
    reads("Query", ""),
    changes("RestoreTableToPointInTime", "takes ten minutes unless the scenario says otherwise; index overrides are passed over"),
    reads("Scan", ""),
    changes("TagResource", ""),
    reads("TransactGetItems", ""),
    changes("TransactWriteItems", ""),
    changes("UntagResource", ""),
    changes("UpdateContinuousBackups", ""),
    changes("UpdateItem", ""),
    changes("UpdateTable", "at once; replicas are passed over"),
    changes("UpdateTimeToLive", "at once; expired items are not deleted"),
];

/// Answers one call to DynamoDB.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    manage::admit(world, call);
    match call.operation.as_str() {
        "CreateTable" => manage::create(world, call),
        "DeleteTable" => manage::delete(world, call),
        "DescribeTable" => {
            let mut told =
                manage::find(world, call, members::required(&call.input, "TableName"))?.describe(&world.place(&call.caller));
            if told["TableStatus"] == "ACTIVE"
                && let Some(summary) = told.get_mut("RestoreSummary")
            {
                summary["RestoreInProgress"] = false.into();
            }
            Ok(json!({"Table": told}))
        }
        "ListTables" => manage::list(world, call),
        "UpdateTable" => manage::update(world, call),
        "PutItem" | "UpdateItem" | "DeleteItem" => write::one(world, call),
        "BatchWriteItem" => write::batch(world, call),
        "TransactWriteItems" => write::transact(world, call),
        "GetItem" => read::get(world, call),
        "BatchGetItem" => read::batch(world, call),
        "TransactGetItems" => read::transact(world, call),
        "Query" => read::query(world, call),
        "Scan" => read::scan(world, call),
        "DescribeLimits" => Ok(json!({
            "AccountMaxReadCapacityUnits": 80000, "AccountMaxWriteCapacityUnits": 80000,
            "TableMaxReadCapacityUnits": 40000, "TableMaxWriteCapacityUnits": 40000,
        })),
        "DescribeEndpoints" => {
            let address = format!("dynamodb.{}.amazonaws.com", call.caller.region);
            Ok(json!({"Endpoints": [{"Address": address, "CachePeriodInMinutes": 1440}]}))
        }
        _ => backups::answer(world, call),
    }
}
