//! Buckets and objects as callers meet them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::sim::messaging_tests::Player;

fn player() -> Player {
    let mut player = Player::new();
    let made = json!({"Bucket": "shop", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}});
    player.get("s3", "CreateBucket", made);
    player
}

fn put(player: &mut Player, key: &str, text: &str) -> Value {
    player.get("s3", "PutObject", json!({"Bucket": "shop", "Key": key, "Body": STANDARD.encode(text)}))
}

fn content(player: &mut Player, key: &str, id: Option<&Value>) -> Result<String, String> {
    let mut input = json!({"Bucket": "shop", "Key": key});
    if let Some(id) = id {
        input["VersionId"] = id.clone();
    }
    let told = player.ask("s3", "GetObject", input).map_err(|refusal| refusal.code)?;
    Ok(String::from_utf8(STANDARD.decode(told["Body"].as_str().unwrap()).unwrap()).unwrap())
}

#[test]
fn a_deleted_object_comes_back_with_its_version() {
    let mut player = player();
    put(&mut player, "orders", "before");
    let on = json!({"Bucket": "shop", "VersioningConfiguration": {"Status": "Enabled"}});
    player.get("s3", "PutBucketVersioning", on);
    let second = put(&mut player, "orders", "after")["VersionId"].clone();
    let marker = player.get("s3", "DeleteObject", json!({"Bucket": "shop", "Key": "orders"}));
    assert_eq!(marker["DeleteMarker"], true);
    assert_eq!(content(&mut player, "orders", None), Err("NoSuchKey".into()));
    assert_eq!(content(&mut player, "orders", Some(&marker["VersionId"])), Err("MethodNotAllowed".into()));
    assert_eq!(content(&mut player, "orders", Some(&json!("null"))), Ok("before".into()));
    let listed = player.get("s3", "ListObjectVersions", json!({"Bucket": "shop"}));
    assert_eq!(listed["DeleteMarkers"][0]["IsLatest"], true);
    assert_eq!(
        listed["Versions"].as_array().unwrap().iter().map(|version| &version["VersionId"]).collect::<Vec<_>>(),
        [&second, &json!("null")]
    );
    assert_eq!(player.refused("s3", "DeleteBucket", json!({"Bucket": "shop"})), "BucketNotEmpty");
    let back =
        json!({"Bucket": "shop", "Key": "orders", "CopySource": format!("shop/orders?versionId={}", second.as_str().unwrap())});
    player.get("s3", "CopyObject", back);
    assert_eq!(content(&mut player, "orders", None), Ok("after".into()));
    player.get("s3", "DeleteObject", json!({"Bucket": "shop", "Key": "orders", "VersionId": marker["VersionId"]}));
    assert!(player.get("s3", "ListObjectVersions", json!({"Bucket": "shop"})).get("DeleteMarkers").is_none());
}

#[test]
fn lists_of_two_lose_and_double_nothing() {
    let mut player = player();
    player.get("s3", "PutBucketVersioning", json!({"Bucket": "shop", "VersioningConfiguration": {"Status": "Enabled"}}));
    for key in ["a", "b/1", "b/2", "c/1", "d", "e/f/g"] {
        put(&mut player, key, "1");
        put(&mut player, key, "2");
    }
    let walk = |player: &mut Player, extra: Value| {
        let (mut seen, mut input) = (Vec::new(), json!({"Bucket": "shop", "MaxKeys": 2}));
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        loop {
            let page = player.get("s3", "ListObjectsV2", input.clone());
            let keys = page["Contents"].as_array().into_iter().flatten().map(|row| row["Key"].as_str().unwrap().to_owned());
            seen.extend(keys.chain(
                page["CommonPrefixes"].as_array().into_iter().flatten().map(|row| row["Prefix"].as_str().unwrap().to_owned()),
            ));
            let Some(token) = page.get("NextContinuationToken") else { break };
            input["ContinuationToken"] = token.clone();
        }
        seen.sort();
        seen.join(" ")
    };
    assert_eq!(walk(&mut player, json!({})), "a b/1 b/2 c/1 d e/f/g");
    assert_eq!(walk(&mut player, json!({"Delimiter": "/"})), "a b/ c/ d e/");
    assert_eq!(walk(&mut player, json!({"Prefix": "b/", "Delimiter": "/"})), "b/1 b/2");
    assert_eq!(walk(&mut player, json!({"StartAfter": "b/1"})), "b/2 c/1 d e/f/g");
    let (mut count, mut input) = (0, json!({"Bucket": "shop", "MaxKeys": 5}));
    loop {
        let page = player.get("s3", "ListObjectVersions", input.clone());
        count += page["Versions"].as_array().unwrap().len();
        let Some(key) = page.get("NextKeyMarker") else { break };
        input["KeyMarker"] = key.clone();
        input["VersionIdMarker"] = page["NextVersionIdMarker"].clone();
    }
    assert_eq!(count, 12);
}

#[test]
fn ranges_and_conditions_are_those_of_http() {
    let mut player = player();
    let etag = put(&mut player, "k", "0123456789")["ETag"].clone();
    for (range, expected) in [
        ("bytes=2-4", "bytes 2-4/10"),
        ("bytes=8-", "bytes 8-9/10"),
        ("bytes=-3", "bytes 7-9/10"),
        ("bytes=5-99", "bytes 5-9/10"),
    ] {
        assert_eq!(
            player.get("s3", "GetObject", json!({"Bucket": "shop", "Key": "k", "Range": range}))["ContentRange"],
            expected
        );
    }
    let ask = |player: &mut Player, extra: Value| {
        let mut input = json!({"Bucket": "shop", "Key": "k"});
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        player.refused("s3", "GetObject", input)
    };
    assert_eq!(ask(&mut player, json!({"Range": "bytes=10-"})), "InvalidRange");
    assert_eq!(ask(&mut player, json!({"IfNoneMatch": etag})), "NotModified");
    assert_eq!(ask(&mut player, json!({"IfMatch": "\"other\""})), "PreconditionFailed");
    let again = json!({"Bucket": "shop", "Key": "k", "IfNoneMatch": "*"});
    assert_eq!(player.refused("s3", "PutObject", again), "PreconditionFailed");
}

#[test]
fn parts_become_one_object_in_their_order() {
    let mut player = player();
    let id = player.get("s3", "CreateMultipartUpload", json!({"Bucket": "shop", "Key": "big", "ContentType": "text/plain"}))["UploadId"].clone();
    let part = |player: &mut Player, number: i64, bytes: Vec<u8>| {
        let input = json!({"Bucket": "shop", "Key": "big", "UploadId": id, "PartNumber": number, "Body": STANDARD.encode(bytes)});
        json!({"PartNumber": number, "ETag": player.get("s3", "UploadPart", input)["ETag"]})
    };
    let first = part(&mut player, 1, vec![b'a'; 5 * 1024 * 1024]);
    let second = part(&mut player, 2, b"end".to_vec());
    let complete =
        |parts: &[&Value]| json!({"Bucket": "shop", "Key": "big", "UploadId": id, "MultipartUpload": {"Parts": parts}});
    assert_eq!(player.refused("s3", "CompleteMultipartUpload", complete(&[&second, &first])), "InvalidPartOrder");
    let done = player.get("s3", "CompleteMultipartUpload", complete(&[&first, &second]));
    assert!(done["ETag"].as_str().unwrap().ends_with("-2\""));
    let head = player.get("s3", "HeadObject", json!({"Bucket": "shop", "Key": "big"}));
    assert_eq!((&head["ContentLength"], &head["ContentType"]), (&json!(5 * 1024 * 1024 + 3), &json!("text/plain")));
}

#[test]
fn buckets_belong_to_an_account_and_a_region() {
    let mut player = player();
    let again = json!({"Bucket": "shop", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}});
    assert_eq!(player.refused("s3", "CreateBucket", again.clone()), "BucketAlreadyOwnedByYou");
    player.account = "111122223333";
    assert_eq!(player.refused("s3", "CreateBucket", again), "BucketAlreadyExists");
    assert_eq!(player.refused("s3", "HeadBucket", json!({"Bucket": "shop"})), "AccessDenied");
    player.account = "123456789012";
    player.region = "eu-central-1";
    let refusal = player.ask("s3", "HeadBucket", json!({"Bucket": "shop"})).unwrap_err();
    assert_eq!(
        (refusal.code.as_str(), refusal.status, &refusal.members["Region"]),
        ("PermanentRedirect", 301, &json!("eu-west-1"))
    );
    assert_eq!(player.get("s3", "GetBucketLocation", json!({"Bucket": "shop"}))["LocationConstraint"], "eu-west-1");
    assert_eq!(player.refused("s3", "CreateBucket", json!({"Bucket": "UPPER"})), "InvalidBucketName");
    assert_eq!(player.refused("s3", "CreateBucket", json!({"Bucket": "other"})), "IllegalLocationConstraintException");
}
