//! Tables and items as callers meet them.

use serde_json::{Value, json};

use crate::sim::messaging_tests::Player;

fn table(player: &mut Player, name: &str) {
    let input = json!({
        "TableName": name, "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"},
            {"AttributeName": "colour", "AttributeType": "S"},
        ],
        "GlobalSecondaryIndexes": [{
            "IndexName": "by-colour", "KeySchema": [{"AttributeName": "colour", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }],
    });
    let made = player.get("dynamodb", "CreateTable", input.clone());
    assert_eq!(made["TableDescription"]["TableStatus"], "CREATING");
    assert_eq!(player.refused("dynamodb", "CreateTable", input), "ResourceInUseException");
}

fn put(player: &mut Player, table: &str, sk: i64, more: Value) {
    let mut item = json!({"pk": {"S": "a"}, "sk": {"N": sk.to_string()}});
    item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    player.get("dynamodb", "PutItem", json!({"TableName": table, "Item": item}));
}

fn count(player: &mut Player, table: &str) -> Value {
    player.get("dynamodb", "Scan", json!({"TableName": table, "Select": "COUNT"}))["Count"].clone()
}

#[test]
fn pages_of_queries_scans_and_indexes_lose_and_double_nothing() {
    let mut player = Player::new();
    table(&mut player, "things");
    for sk in 0..9 {
        put(&mut player, "things", sk, json!({"colour": {"S": if sk % 2 == 0 { "red" } else { "blue" }}, "extra": {"S": "x"}}));
    }
    let key = json!({":a": {"S": "a"}});
    let colour = json!({":a": {"S": "red"}});
    for (operation, extra, expected) in [
        (
            "Query",
            json!({"KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": key}),
            vec![0, 1, 2, 3, 4, 5, 6, 7, 8],
        ),
        (
            "Query",
            json!({"KeyConditionExpression": "pk = :a AND sk BETWEEN :low AND :high", "ScanIndexForward": false,
                "ExpressionAttributeValues": {":a": {"S": "a"}, ":low": {"N": "2"}, ":high": {"N": "6"}}}),
            vec![6, 5, 4, 3, 2],
        ),
        (
            "Query",
            json!({"IndexName": "by-colour", "KeyConditionExpression": "colour = :a", "ExpressionAttributeValues": colour}),
            vec![0, 2, 4, 6, 8],
        ),
        ("Scan", json!({}), vec![0, 1, 2, 3, 4, 5, 6, 7, 8]),
    ] {
        let mut input = extra.clone();
        input["TableName"] = "things".into();
        input["Limit"] = 2.into();
        let mut seen = Vec::new();
        loop {
            let page = player.get("dynamodb", operation, input.clone());
            for item in page["Items"].as_array().unwrap() {
                assert_eq!(item.get("extra").is_none(), extra.get("IndexName").is_some());
                seen.push(item["sk"]["N"].as_str().unwrap().parse::<i32>().unwrap());
            }
            let Some(last) = page.get("LastEvaluatedKey") else { break };
            input["ExclusiveStartKey"] = last.clone();
        }
        assert_eq!(seen, expected, "{operation} {extra}");
    }
}

#[test]
fn conditions_keep_a_write_from_happening_and_tell_what_stands_there() {
    let mut player = Player::new();
    table(&mut player, "things");
    put(&mut player, "things", 1, json!({"n": {"N": "1"}}));
    let input = json!({
        "TableName": "things", "Item": {"pk": {"S": "a"}, "sk": {"N": "1"}}, "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    let refusal = player.ask("dynamodb", "PutItem", input).unwrap_err();
    assert_eq!(
        (refusal.code.as_str(), refusal.message.as_str()),
        ("ConditionalCheckFailedException", "The conditional request failed")
    );
    assert_eq!(refusal.members["Item"]["n"]["N"], "1");
    let update = json!({
        "TableName": "things", "Key": {"pk": {"S": "a"}, "sk": {"N": "1.0"}}, "UpdateExpression": "SET n = n + :two",
        "ConditionExpression": "n = :one", "ExpressionAttributeValues": {":one": {"N": "1"}, ":two": {"N": "2"}}, "ReturnValues": "UPDATED_NEW",
    });
    assert_eq!(player.get("dynamodb", "UpdateItem", update.clone())["Attributes"], json!({"n": {"N": "3"}}));
    assert_eq!(player.refused("dynamodb", "UpdateItem", update), "ConditionalCheckFailedException");
}

#[test]
fn a_transaction_happens_whole_once_or_not_at_all() {
    let mut player = Player::new();
    table(&mut player, "things");
    put(&mut player, "things", 1, json!({"n": {"N": "1"}}));
    let key = |sk: &str| json!({"pk": {"S": "a"}, "sk": {"N": sk}});
    let input = json!({"ClientRequestToken": "once", "TransactItems": [
        {"Put": {"TableName": "things", "Item": key("2")}},
        {"Update": {"TableName": "things", "Key": key("1"), "UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}},
    ]});
    player.get("dynamodb", "TransactWriteItems", input.clone());
    player.get("dynamodb", "TransactWriteItems", input.clone());
    let read = json!({"TransactItems": [{"Get": {"TableName": "things", "Key": key("1"), "ProjectionExpression": "n"}}]});
    assert_eq!(player.get("dynamodb", "TransactGetItems", read.clone())["Responses"], json!([{"Item": {"n": {"N": "2"}}}]));
    let mut other = input;
    other["TransactItems"][0]["Put"]["Item"]["sk"]["N"] = "3".into();
    assert_eq!(player.refused("dynamodb", "TransactWriteItems", other.clone()), "IdempotentParameterMismatchException");
    other["ClientRequestToken"] = "twice".into();
    other["TransactItems"][1]["Update"]["ConditionExpression"] = "n = :one".into();
    let refusal = player.ask("dynamodb", "TransactWriteItems", other).unwrap_err();
    assert_eq!(
        refusal.message,
        "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]"
    );
    assert_eq!(count(&mut player, "things"), 2);
}

#[test]
fn a_restore_brings_back_what_stood_there_at_the_moment() {
    let mut player = Player::new();
    table(&mut player, "things");
    let enable = json!({"TableName": "things", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}});
    let ask = json!({"SourceTableName": "things", "TargetTableName": "things-2", "UseLatestRestorableTime": true});
    assert_eq!(player.refused("dynamodb", "RestoreTableToPointInTime", ask.clone()), "PointInTimeRecoveryUnavailableException");
    player.get("dynamodb", "UpdateContinuousBackups", enable);
    player.wait(60);
    put(&mut player, "things", 1, json!({"state": {"S": "good"}}));
    player.wait(60);
    let moment = super::super::super::members::stamp(player.now);
    player.wait(60);
    put(&mut player, "things", 1, json!({"state": {"S": "bad"}}));
    put(&mut player, "things", 2, json!({"state": {"S": "bad"}}));
    let mut ask = ask;
    ask.as_object_mut().unwrap().remove("UseLatestRestorableTime");
    ask["RestoreDateTime"] = moment;
    assert_eq!(player.refused("dynamodb", "RestoreTableToPointInTime", ask.clone()), "InvalidRestoreTimeException");
    player.wait(600);
    let made = player.get("dynamodb", "RestoreTableToPointInTime", ask.clone());
    assert_eq!(made["TableDescription"]["TableStatus"], "CREATING");
    assert_eq!(player.refused("dynamodb", "RestoreTableToPointInTime", ask), "TableAlreadyExistsException");
    assert_eq!(player.refused("dynamodb", "Scan", json!({"TableName": "things-2"})), "ResourceNotFoundException");
    player.wait(600);
    assert_eq!(player.get("dynamodb", "DescribeTable", json!({"TableName": "things-2"}))["Table"]["TableStatus"], "ACTIVE");
    let items = player.get("dynamodb", "Scan", json!({"TableName": "things-2"}))["Items"].clone();
    assert_eq!(items, json!([{"pk": {"S": "a"}, "sk": {"N": "1"}, "state": {"S": "good"}}]));
    assert_eq!(count(&mut player, "things"), 2);
}

#[test]
fn what_is_wrong_is_said_in_dynamodbs_words() {
    let mut player = Player::new();
    table(&mut player, "things");
    let good = json!({"pk": {"S": "a"}, "sk": {"N": "1"}});
    for (operation, input, said) in [
        (
            "PutItem",
            json!({"Item": {"pk": {"S": "a"}}}),
            "One or more parameter values were invalid: Missing the key sk in the item",
        ),
        (
            "PutItem",
            json!({"Item": {"pk": {"N": "1"}, "sk": {"N": "1"}}}),
            "One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N",
        ),
        ("GetItem", json!({"Key": {"pk": {"S": "a"}}}), "The provided key element does not match the schema"),
        (
            "UpdateItem",
            json!({"Key": good, "UpdateExpression": "SET pk = :a", "ExpressionAttributeValues": {":a": {"S": "b"}}}),
            "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key",
        ),
        (
            "UpdateItem",
            json!({"Key": good, "UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "b"}, ":b": {"S": "b"}}}),
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}",
        ),
        (
            "Query",
            json!({"KeyConditionExpression": "sk = :a", "ExpressionAttributeValues": {":a": {"N": "1"}}}),
            "Query condition missed key schema element: pk",
        ),
        (
            "Query",
            json!({"IndexName": "nope", "KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": {":a": {"S": "1"}}}),
            "The table does not have the specified index: nope",
        ),
    ] {
        let mut input = input;
        input["TableName"] = "things".into();
        let refusal = player.ask("dynamodb", operation, input).unwrap_err();
        assert_eq!((refusal.code.as_str(), refusal.message.as_str()), ("ValidationException", said));
    }
}
