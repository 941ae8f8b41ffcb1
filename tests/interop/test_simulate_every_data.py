"""The rest of DynamoDB's, S3's, Lambda's and Step Functions' operations, with what each of them changes read back."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator

import pytest

from processes import Aws, wait_until
from test_simulate_data import ROLE, paged
from test_simulate_messaging import ACCOUNT, REGION, empty, refused


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A world whose minute is a second."""
    with empty(tmp_path_factory.mktemp("every-data"), "--speed", "60") as aws:
        yield aws


def test_items_are_written_in_batches_read_together_and_tables_changed_and_tagged(aws: Aws):
    dynamodb = aws.client("dynamodb")
    key = {"AttributeName": "id", "KeyType": "HASH"}
    made = dynamodb.create_table(
        TableName="items", KeySchema=[key], AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    )["TableDescription"]  # fmt: skip
    dynamodb.get_waiter("table_exists").wait(TableName="items", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    puts = [{"PutRequest": {"Item": {"id": {"S": str(number)}, "n": {"N": str(number)}}}} for number in range(5)]
    assert dynamodb.batch_write_item(RequestItems={"items": puts})["UnprocessedItems"] == {}
    got = dynamodb.transact_get_items(TransactItems=[{"Get": {"TableName": "items", "Key": {"id": {"S": str(n)}}}} for n in (4, 9, 2)])
    assert [row.get("Item", {}).get("n") for row in got["Responses"]] == [{"N": "4"}, None, {"N": "2"}]
    put = {"Put": {"TableName": "items", "Item": {"id": {"S": "9"}}, "ConditionExpression": "attribute_not_exists(id)"}}
    dynamodb.transact_write_items(TransactItems=[put, {"Delete": {"TableName": "items", "Key": {"id": {"S": "3"}}}}])
    refused(lambda: dynamodb.transact_write_items(TransactItems=[put]), "TransactionCanceledException")
    told = dynamodb.update_item(
        TableName="items", Key={"id": {"S": "9"}}, UpdateExpression="SET n = :n", ExpressionAttributeValues={":n": {"N": "3"}},
        ReturnValues="UPDATED_NEW",
    )  # fmt: skip
    assert told["Attributes"] == {"n": {"N": "3"}}
    gone = dynamodb.delete_item(TableName="items", Key={"id": {"S": "4"}}, ReturnValues="ALL_OLD")
    assert gone["Attributes"]["n"] == {"N": "4"}
    assert sorted(row["n"]["N"] for row in paged(dynamodb, "scan", "Items", TableName="items")) == ["0", "1", "2", "3"]
    dynamodb.tag_resource(ResourceArn=made["TableArn"], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    dynamodb.untag_resource(ResourceArn=made["TableArn"], TagKeys=["a"])
    assert dynamodb.list_tags_of_resource(ResourceArn=made["TableArn"])["Tags"] == [{"Key": "b", "Value": "2"}]
    dynamodb.update_table(TableName="items", BillingMode="PAY_PER_REQUEST")
    assert dynamodb.describe_table(TableName="items")["Table"]["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    dynamodb.update_time_to_live(TableName="items", TimeToLiveSpecification={"Enabled": True, "AttributeName": "ends"})
    told = dynamodb.describe_time_to_live(TableName="items")["TimeToLiveDescription"]
    assert told == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ends"}
    assert dynamodb.describe_limits()["AccountMaxReadCapacityUnits"] > 0
    assert dynamodb.describe_endpoints()["Endpoints"][0]["Address"]
    dynamodb.delete_table(TableName="items")
    dynamodb.get_waiter("table_not_exists").wait(TableName="items", WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def test_an_object_in_parts_is_listed_completed_or_given_up(aws: Aws):
    s3 = aws.client("s3", s3={"addressing_style": "path"})
    s3.create_bucket(Bucket="parts", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.get_waiter("bucket_exists").wait(Bucket="parts", WaiterConfig={"Delay": 1, "MaxAttempts": 5})
    assert s3.head_bucket(Bucket="parts")["BucketRegion"] == REGION
    assert s3.get_bucket_location(Bucket="parts")["LocationConstraint"] == REGION
    s3.put_object(Bucket="parts", Key="source", Body=b"s" * (6 * 1024 * 1024))
    uploads = [s3.create_multipart_upload(Bucket="parts", Key=f"whole-{number}")["UploadId"] for number in range(3)]
    where = {"Bucket": "parts", "Key": "whole-0", "UploadId": uploads[0]}
    big = b"p" * (5 * 1024 * 1024)
    tags = [s3.upload_part(**where, PartNumber=1, Body=big)["ETag"]]
    copied = s3.upload_part_copy(**where, PartNumber=2, CopySource="parts/source", CopySourceRange=f"bytes=0-{len(big) - 1}")
    tags += [copied["CopyPartResult"]["ETag"], s3.upload_part(**where, PartNumber=3, Body=b"end")["ETag"]]
    assert [part["ETag"] for part in paged(s3, "list_parts", "Parts", **where)] == tags
    assert len(paged(s3, "list_multipart_uploads", "Uploads", Bucket="parts")) == 3
    for number in (1, 2):
        s3.abort_multipart_upload(Bucket="parts", Key=f"whole-{number}", UploadId=uploads[number])
    parts = [{"ETag": tag, "PartNumber": number} for number, tag in enumerate(tags, 1)]
    done = s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    assert done["ETag"].strip('"').endswith("-3")
    s3.get_waiter("object_exists").wait(Bucket="parts", Key="whole-0", WaiterConfig={"Delay": 1, "MaxAttempts": 5})
    head = s3.head_object(Bucket="parts", Key="whole-0")
    assert head["ContentLength"] == 2 * len(big) + 3
    told = s3.get_object_attributes(Bucket="parts", Key="whole-0", ObjectAttributes=["ETag", "ObjectSize", "StorageClass"])
    assert told["ObjectSize"] == head["ContentLength"]
    assert s3.list_multipart_uploads(Bucket="parts").get("Uploads", []) == []


def test_what_a_bucket_is_told_it_tells_again_until_it_is_taken_away(aws: Aws):
    s3 = aws.client("s3", s3={"addressing_style": "path"})
    s3.create_bucket(Bucket="settings", CreateBucketConfiguration={"LocationConstraint": REGION})
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": False}
    cors = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "old/"}, "Expiration": {"Days": 3}}
    sse = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
    bucket = {"Bucket": "settings"}
    s3.put_bucket_policy(**bucket, Policy=policy)
    s3.put_public_access_block(**bucket, PublicAccessBlockConfiguration=block)
    s3.put_bucket_cors(**bucket, CORSConfiguration={"CORSRules": [cors]})
    s3.put_bucket_lifecycle_configuration(**bucket, LifecycleConfiguration={"Rules": [rule]})
    s3.put_bucket_encryption(**bucket, ServerSideEncryptionConfiguration={"Rules": [sse]})
    s3.put_bucket_tagging(**bucket, Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    s3.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": "Enabled"})
    owned = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    s3.put_bucket_ownership_controls(**bucket, OwnershipControls=owned)
    copied = {"ID": "c", "Priority": 1, "Status": "Enabled", "Filter": {"Prefix": ""}, "Destination": {"Bucket": "arn:aws:s3:::elsewhere"},
        "DeleteMarkerReplication": {"Status": "Disabled"}}  # fmt: skip
    role = "arn:aws:iam::123456789012:role/replicates"
    s3.put_bucket_replication(**bucket, ReplicationConfiguration={"Role": role, "Rules": [copied]})
    assert s3.get_bucket_ownership_controls(**bucket)["OwnershipControls"] == owned
    assert s3.get_bucket_replication(**bucket)["ReplicationConfiguration"]["Rules"][0]["ID"] == "c"
    s3.delete_bucket_ownership_controls(**bucket)
    s3.delete_bucket_replication(**bucket)
    s3.create_bucket(Bucket="locked", CreateBucketConfiguration={"LocationConstraint": REGION}, ObjectLockEnabledForBucket=True)
    kept = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    s3.put_object_lock_configuration(Bucket="locked", ObjectLockConfiguration=kept)
    assert s3.get_object_lock_configuration(Bucket="locked")["ObjectLockConfiguration"] == kept
    assert json.loads(s3.get_bucket_policy(**bucket)["Policy"]) == json.loads(policy)
    assert s3.get_public_access_block(**bucket)["PublicAccessBlockConfiguration"] == block
    assert s3.get_bucket_cors(**bucket)["CORSRules"] == [cors]
    assert s3.get_bucket_lifecycle_configuration(**bucket)["Rules"][0]["ID"] == "r"
    assert s3.get_bucket_encryption(**bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]["BucketKeyEnabled"]
    assert s3.get_bucket_tagging(**bucket)["TagSet"] == [{"Key": "a", "Value": "1"}]
    assert s3.get_bucket_versioning(**bucket)["Status"] == "Enabled"
    assert s3.get_bucket_acl(**bucket)["Grants"][0]["Permission"] == "FULL_CONTROL"
    versions = [s3.put_object(**bucket, Key="o", Body=body)["VersionId"] for body in (b"1", b"2", b"3")]
    assert s3.get_object_acl(**bucket, Key="o")["Grants"][0]["Permission"] == "FULL_CONTROL"
    s3.put_object_tagging(**bucket, Key="o", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    assert s3.get_object_tagging(**bucket, Key="o")["TagSet"] == [{"Key": "k", "Value": "v"}]
    s3.delete_object_tagging(**bucket, Key="o")
    assert s3.get_object_tagging(**bucket, Key="o")["TagSet"] == []
    marker = s3.delete_object(**bucket, Key="o")
    assert marker["DeleteMarker"]
    s3.get_waiter("object_not_exists").wait(**bucket, Key="o", WaiterConfig={"Delay": 1, "MaxAttempts": 5})
    assert len(paged(s3, "list_object_versions", "Versions", **bucket)) == 3
    for version in [marker["VersionId"], *versions]:
        s3.delete_object(**bucket, Key="o", VersionId=version)
    for take, look, code in [
        (s3.delete_bucket_policy, s3.get_bucket_policy, "NoSuchBucketPolicy"),
        (s3.delete_public_access_block, s3.get_public_access_block, "NoSuchPublicAccessBlockConfiguration"),
        (s3.delete_bucket_cors, s3.get_bucket_cors, "NoSuchCORSConfiguration"),
        (s3.delete_bucket_lifecycle, s3.get_bucket_lifecycle_configuration, "NoSuchLifecycleConfiguration"),
        (s3.delete_bucket_tagging, s3.get_bucket_tagging, "NoSuchTagSet"),
    ]:
        take(**bucket)
        refused(lambda look=look: look(**bucket), code)
    s3.delete_bucket_encryption(**bucket)
    [rule] = s3.get_bucket_encryption(**bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    s3.delete_bucket(**bucket)
    s3.get_waiter("bucket_not_exists").wait(**bucket, WaiterConfig={"Delay": 1, "MaxAttempts": 5})


def test_a_function_is_changed_tagged_and_deleted(aws: Aws):
    functions = aws.client("lambda")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("f.py", "def handler(event, context): return event")
    code = {"ZipFile": packed.getvalue()}
    made = functions.create_function(FunctionName="f", Runtime="python3.13", Role=ROLE, Handler="f.handler", Code=code)
    functions.get_waiter("function_active_v2").wait(FunctionName="f", WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    functions.update_function_configuration(FunctionName="f", Timeout=9, Environment={"Variables": {"WHERE": "1"}})
    functions.get_waiter("function_updated_v2").wait(FunctionName="f", WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    told = functions.get_function_configuration(FunctionName="f")
    assert (told["Timeout"], told["Environment"]["Variables"]) == (9, {"WHERE": "1"})
    changed = functions.update_function_code(FunctionName="f", ZipFile=packed.getvalue() + b"\0")
    assert changed["CodeSha256"] != made["CodeSha256"]
    functions.tag_resource(Resource=made["FunctionArn"], Tags={"a": "1", "b": "2"})
    functions.untag_resource(Resource=made["FunctionArn"], TagKeys=["a"])
    assert functions.list_tags(Resource=made["FunctionArn"])["Tags"] == {"b": "2"}
    functions.delete_function(FunctionName="f")
    refused(lambda: functions.get_function(FunctionName="f"), "ResourceNotFoundException")


def test_state_machines_wait_for_their_callbacks_fail_and_are_taken_up_again(aws: Aws):
    states, sqs = aws.client("stepfunctions"), aws.client("sqs")
    url = sqs.create_queue(QueueName="callbacks")["QueueUrl"]
    task = {
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True,
        "Parameters": {"QueueUrl": url, "MessageBody": {"token.$": "$$.Task.Token"}},
    }  # fmt: skip
    definition = json.dumps({"StartAt": "Wait", "States": {"Wait": task}})
    assert states.validate_state_machine_definition(definition=definition)["result"] == "OK"
    machines = [
        states.create_state_machine(name=f"m{number}", definition=definition, roleArn=ROLE)["stateMachineArn"] for number in range(3)
    ]
    assert [row["stateMachineArn"] for row in paged(states, "list_state_machines", "stateMachines")] == machines
    machine = machines[0]
    states.tag_resource(resourceArn=machine, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    states.untag_resource(resourceArn=machine, tagKeys=["a"])
    assert states.list_tags_for_resource(resourceArn=machine)["tags"] == [{"key": "b", "value": "2"}]

    def token() -> str | None:
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return json.loads(message["Body"])["token"]
        return None

    def run() -> tuple[str, str]:
        execution = states.start_execution(stateMachineArn=machine)["executionArn"]
        return execution, wait_until("the task's token", token)

    def ends(execution: str, status: str) -> dict:
        return wait_until(status, lambda: (told := states.describe_execution(executionArn=execution))["status"] == status and told)

    good, ticket = run()
    states.send_task_heartbeat(taskToken=ticket)
    states.send_task_success(taskToken=ticket, output='{"ok": true}')
    assert json.loads(ends(good, "SUCCEEDED")["output"]) == {"ok": True}
    bad, ticket = run()
    states.send_task_failure(taskToken=ticket, error="Broken", cause="a test")
    assert ends(bad, "FAILED")["error"] == "Broken"
    assert states.redrive_execution(executionArn=bad)["redriveDate"]
    states.send_task_success(taskToken=wait_until("the token of the redriven task", token), output="{}")
    assert ends(bad, "SUCCEEDED")["redriveCount"] == 1
    assert states.describe_state_machine_for_execution(executionArn=bad)["stateMachineArn"] == machine
    stopped, _ = run()
    states.stop_execution(executionArn=stopped, error="Enough")
    ends(stopped, "ABORTED")
    assert len(paged(states, "list_executions", "executions", stateMachineArn=machine)) == 3
    assert len(paged(states, "get_execution_history", "events", executionArn=bad)) >= 8
    states.update_state_machine(stateMachineArn=machine, definition=json.dumps({"StartAt": "P", "States": {"P": {"Type": "Succeed"}}}))
    assert "Succeed" in states.describe_state_machine(stateMachineArn=machine)["definition"]
    for machine in machines:
        states.delete_state_machine(stateMachineArn=machine)
    wait_until("no machines", lambda: states.list_state_machines()["stateMachines"] == [])
    assert machine.split(":")[4] == ACCOUNT
