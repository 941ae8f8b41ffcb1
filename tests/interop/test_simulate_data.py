"""DynamoDB, S3, Step Functions, Lambda, ARC and what joins them, of `lifeboat simulate --estate empty`: each answer's raw bytes
are held against botocore's models, each list is read in pages of two."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key
from botocore.config import Config
from botocore.exceptions import ClientError

from answers import watch
from processes import Aws, wait_until
from test_simulate_messaging import empty, refused

ROLE = "arn:aws:iam::123456789012:role/r"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with empty(tmp_path_factory.mktemp("data"), "--speed", "60") as aws:
        yield aws


def paged(client, operation: str, key: str, **words) -> list:
    """All rows of a list, read in pages of two by botocore's own paginator; none twice."""
    pages = client.get_paginator(operation).paginate(**words, PaginationConfig={"PageSize": 2})
    rows = [row for page in pages for row in page.get(key, [])]
    told = [json.dumps(row, default=str, sort_keys=True) for row in rows]
    assert len(told) == len(set(told)), f"{operation} tells a row twice"
    return rows


def test_dynamodb_by_boto3s_own_resource(aws: Aws):
    client = aws.client("dynamodb")
    seen = watch(client)
    for name in ("orders", "spare-1", "spare-2"):
        client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": a, "AttributeType": t} for a, t in (("pk", "S"), ("sk", "N"), ("c", "S"))],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-c",
                    "KeySchema": [{"AttributeName": "c", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 5})
    assert paged(client, "list_tables", "TableNames") == ["orders", "spare-1", "spare-2"]
    session = boto3.Session(*aws.key, region_name=aws.region)
    table = session.resource("dynamodb", endpoint_url=aws.url).Table("orders")
    with table.batch_writer() as batch:
        for number in range(60):
            batch.put_item({"pk": "a", "sk": number, "c": "red" if number % 2 else "blue", "price": Decimal("1.10"), "tags": {"x", "y"}})
    found = table.query(KeyConditionExpression=Key("pk").eq("a") & Key("sk").between(10, 20), FilterExpression=Attr("c").eq("red"))
    assert [int(item["sk"]) for item in found["Items"]] == [11, 13, 15, 17, 19] and found["ScannedCount"] == 11
    assert len(paged(client, "scan", "Items", TableName="orders")) == 60
    values = {":c": {"S": "red"}}
    told = paged(client, "query", "Items", TableName="orders", IndexName="by-c", KeyConditionExpression="c = :c", ExpressionAttributeValues=values)
    assert len(told) == 30
    done = table.update_item(
        Key={"pk": "a", "sk": 1},
        UpdateExpression="SET price = price + :p, #l = list_append(if_not_exists(#l, :e), :l) REMOVE c ADD n :one DELETE tags :x",
        ExpressionAttributeNames={"#l": "list"},
        ExpressionAttributeValues={":p": Decimal("0.9"), ":e": [], ":l": [{"a": None}], ":one": 1, ":x": {"x"}},
        ReturnValues="ALL_NEW",
    )["Attributes"]
    assert done["price"] == 2 and done["list"] == [{"a": None}] and done["n"] == 1 and done["tags"] == {"y"} and "c" not in done
    answer = refused(
        lambda: client.put_item(
            TableName="orders",
            Item={"pk": {"S": "a"}, "sk": {"N": "1"}},
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        ),
        "ConditionalCheckFailedException",
    )
    assert answer["Item"]["n"] == {"N": "1"} and answer["message"] == "The conditional request failed"
    write = {
        "TransactItems": [
            {"Delete": {"TableName": "orders", "Key": {"pk": {"S": "a"}, "sk": {"N": "2"}}}},
            {"ConditionCheck": {"TableName": "orders", "Key": {"pk": {"S": "a"}, "sk": {"N": "1"}}, "ConditionExpression": "n = :n", "ExpressionAttributeValues": {":n": {"N": "7"}}}},
        ]
    }
    answer = refused(lambda: client.transact_write_items(**write), "TransactionCanceledException")
    assert [reason["Code"] for reason in answer["CancellationReasons"]] == ["None", "ConditionalCheckFailed"]
    told = client.batch_get_item(RequestItems={"orders": {"Keys": [{"pk": {"S": "a"}, "sk": {"N": str(n)}} for n in (1, 2, 99)]}})
    assert len(told["Responses"]["orders"]) == 2
    for name, operation in (("describe_limits", {}), ("describe_endpoints", {}), ("describe_time_to_live", {"TableName": "orders"})):
        getattr(client, name)(**operation)
    body = client.meta.events
    checked: list[bool] = []
    body.register("after-call", lambda http_response, **_: checked.append(int(http_response.headers["x-amz-crc32"]) == zlib.crc32(http_response.content)))
    client.describe_table(TableName="orders")
    assert checked == [True]
    client.delete_table(TableName="spare-1")
    client.get_waiter("table_not_exists").wait(TableName="spare-1", WaiterConfig={"Delay": 1, "MaxAttempts": 5})
    assert len(set(seen)) >= 10
    assert "orders" in aws.cli("dynamodb", "list-tables")["TableNames"]


def test_dynamodb_goes_back_to_a_moment(aws: Aws):
    client = aws.client("dynamodb")
    watch(client)
    client.create_table(
        TableName="ledger",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    # Before the window opens: each moment in it knows the item, however long the calls take.
    client.put_item(TableName="ledger", Item={"id": {"S": "1"}, "state": {"S": "good"}})
    client.update_continuous_backups(TableName="ledger", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})

    def window() -> dict:
        told = client.describe_continuous_backups(TableName="ledger")["ContinuousBackupsDescription"]
        return told["PointInTimeRecoveryDescription"]

    since = window()["EarliestRestorableDateTime"]
    # A world's minute is a second here: five of them pass before the first moment can be restored.
    moment = wait_until("the restorable window", lambda: (latest := window()["LatestRestorableDateTime"]) > since and latest)
    client.put_item(TableName="ledger", Item={"id": {"S": "1"}, "state": {"S": "bad"}})
    client.restore_table_to_point_in_time(SourceTableName="ledger", TargetTableName="ledger-back", RestoreDateTime=moment)
    client.get_waiter("table_exists").wait(TableName="ledger-back", WaiterConfig={"Delay": 1, "MaxAttempts": 40})
    assert client.get_item(TableName="ledger-back", Key={"id": {"S": "1"}})["Item"]["state"] == {"S": "good"}


def test_s3_in_both_styles_with_versions_and_parts(aws: Aws):
    client = aws.client("s3", s3={"addressing_style": "path"})
    seen = watch(client)
    client.create_bucket(Bucket="data", CreateBucketConfiguration={"LocationConstraint": aws.region})
    client.get_waiter("bucket_exists").wait(Bucket="data")
    client.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
    for number in range(5):
        client.put_object(Bucket="data", Key=f"a b/{number}&+ü.txt", Body=f"v{number}".encode(), Metadata={"n": str(number)}, ContentType="text/plain")
    client.get_waiter("object_exists").wait(Bucket="data", Key="a b/0&+ü.txt")
    for operation in ("list_objects_v2", "list_objects"):
        keys = [row["Key"] for row in paged(client, operation, "Contents", Bucket="data", Prefix="a b/")]
        assert keys == [f"a b/{number}&+ü.txt" for number in range(5)], operation
    got = client.get_object(Bucket="data", Key="a b/3&+ü.txt", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"v3" and got["Metadata"] == {"n": "3"} and got["ContentType"] == "text/plain"
    assert client.get_object(Bucket="data", Key="a b/3&+ü.txt", Range="bytes=1-1")["ResponseMetadata"]["HTTPStatusCode"] == 206
    refused(lambda: client.get_object(Bucket="data", Key="none"), "NoSuchKey")
    refused(lambda: client.head_object(Bucket="data", Key="none"), "404")
    refused(lambda: client.get_object(Bucket="data", Key="a b/3&+ü.txt", IfNoneMatch=got["ETag"]), "304")
    client.delete_objects(Bucket="data", Delete={"Objects": [{"Key": "a b/0&+ü.txt"}, {"Key": "a b/1&+ü.txt"}]})
    assert len(paged(client, "list_object_versions", "Versions", Bucket="data")) == 5
    assert len(paged(client, "list_object_versions", "DeleteMarkers", Bucket="data")) == 2
    first = next(row for row in paged(client, "list_object_versions", "Versions", Bucket="data") if "/0" in row["Key"])
    client.copy_object(Bucket="data", Key=first["Key"], CopySource={"Bucket": "data", "Key": first["Key"], "VersionId": first["VersionId"]})
    assert client.get_object(Bucket="data", Key=first["Key"])["Body"].read() == b"v0"
    client.put_object_tagging(Bucket="data", Key=first["Key"], Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    assert client.get_object_tagging(Bucket="data", Key=first["Key"])["TagSet"] == [{"Key": "k", "Value": "v"}]
    large = bytes(range(256)) * 4096 * 17
    client.upload_fileobj(io.BytesIO(large), "data", "large")
    assert client.get_object(Bucket="data", Key="large")["Body"].read() == large
    assert client.head_object(Bucket="data", Key="large")["ETag"].endswith('-3"')
    assert client.get_bucket_location(Bucket="data")["LocationConstraint"] == aws.region
    assert [bucket["Name"] for bucket in client.list_buckets()["Buckets"]] == ["data"]
    refused(lambda: client.delete_bucket(Bucket="data"), "BucketNotEmpty")
    refused(lambda: client.get_bucket_website(Bucket="data"), "NotImplemented")
    url = client.generate_presigned_url("get_object", Params={"Bucket": "data", "Key": "large"})
    import urllib.request

    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.read() == large
    session = boto3.Session(*aws.key, region_name=aws.region)
    host = aws.url.replace("127.0.0.1", "localhost")
    virtual = session.client("s3", endpoint_url=host, config=Config(s3={"addressing_style": "virtual"}))
    hosts: list[str] = []

    def here(request, **_):
        # The name of the bucket's host need not resolve on every machine: only the header says it.
        hosts.append(request.url.split("/")[2])
        request.headers["Host"] = request.url.split("/")[2]
        request.url = request.url.replace(request.url.split("/")[2], aws.url.split("/")[2])

    virtual.meta.events.register("before-send", here)
    virtual.put_object(Bucket="data", Key="folder/", Body=b"")
    assert hosts == [f"data.{host.split('/')[2]}"]
    assert client.head_object(Bucket="data", Key="folder/")["ContentLength"] == 0
    elsewhere = aws.client("s3", "us-east-1")
    assert elsewhere.get_object(Bucket="data", Key="folder/")["ContentLength"] == 0, "the client follows to the bucket's Region"
    assert len(set(seen)) >= 15
    assert aws.cli("s3api", "list-buckets")["Buckets"][0]["Name"] == "data"


def package() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): return event")
    return file.getvalue()


def test_lambda_step_functions_and_rules_work_together(aws: Aws):
    functions, machines, queues = aws.client("lambda"), aws.client("stepfunctions"), aws.client("sqs")
    seen = watch(functions) , watch(machines)
    words = {"Runtime": "python3.13", "Handler": "index.handler", "Role": ROLE, "Code": {"ZipFile": package()}}
    for name in ("echo", "broken", "third"):
        environment = {"SIMULATED_ERROR": json.dumps({"errorType": "Boom", "errorMessage": "no"})} if name == "broken" else {}
        functions.create_function(FunctionName=name, Environment={"Variables": environment}, **words)
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
    assert {row["FunctionName"] for row in paged(functions, "list_functions", "Functions")} == {"echo", "broken", "third"}
    told = functions.invoke(FunctionName="echo", Payload=b'{"a": 1}', LogType="Tail")
    assert json.load(told["Payload"]) == {"a": 1} and told["LogResult"]
    told = functions.invoke(FunctionName="broken", Payload=b"{}")
    assert told["FunctionError"] == "Unhandled" and json.load(told["Payload"])["errorType"] == "Boom"
    assert functions.invoke(FunctionName="echo", InvocationType="Event", Payload=b"{}")["StatusCode"] == 202
    refused(lambda: functions.get_function(FunctionName="none"), "ResourceNotFoundException")

    queue = queues.create_queue(QueueName="flow")["QueueUrl"]
    definition = {
        "StartAt": "Call",
        "States": {
            "Call": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "OutputPath": "$.Payload", "Parameters": {"FunctionName": "echo", "Payload.$": "$"}, "Next": "Each"},
            "Each": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": {"StartAt": "Send", "States": {"Send": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:sendMessage", "Parameters": {"QueueUrl": queue, "MessageBody.$": "States.Format('item {}', $)"}, "End": True}}}, "ResultPath": None, "Next": "Wait"},
            "Wait": {"Type": "Wait", "Seconds": 30, "End": True},
        },
    }
    machine = machines.create_state_machine(name="flow", definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]
    refused(lambda: machines.create_state_machine(name="bad", definition="{}", roleArn=ROLE), "InvalidDefinition")
    runs = [machines.start_execution(stateMachineArn=machine, input=json.dumps({"items": [1, 2]}))["executionArn"] for _ in range(3)]
    for run in runs:
        wait_until("the execution's end", lambda run=run: machines.describe_execution(executionArn=run)["status"] == "SUCCEEDED")
    assert {row["executionArn"] for row in paged(machines, "list_executions", "executions", stateMachineArn=machine)} == set(runs)
    events = paged(machines, "get_execution_history", "events", executionArn=runs[0])
    assert events[-1]["type"] == "ExecutionSucceeded" and [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert machines.stop_execution(executionArn=runs[0])["stopDate"]

    bus = aws.client("events")
    bus.put_rule(Name="go", EventPattern=json.dumps({"source": ["shop"]}))
    bus.put_targets(Rule="go", Targets=[{"Id": "1", "Arn": machine, "RoleArn": ROLE, "InputPath": "$.detail"}])
    bus.put_events(Entries=[{"Source": "shop", "DetailType": "x", "Detail": json.dumps({"items": []})}])
    assert len(paged(machines, "list_executions", "executions", stateMachineArn=machine)) == 4
    assert all(len(set(names)) >= 3 for names in seen)
    assert "flow" in [row["name"] for row in aws.cli("stepfunctions", "list-state-machines")["stateMachines"]]
    assert len(aws.cli("lambda", "list-functions")["Functions"]) == 3


def test_routing_controls_and_a_plan_of_region_switch(aws: Aws):
    config, west = aws.client("route53-recovery-control-config", "us-west-2"), aws.client("route53-recovery-cluster", "us-west-2")
    switch = aws.client("arc-region-switch", "us-west-2")
    seen = watch(config), watch(west), watch(switch)
    cluster = config.create_cluster(ClusterName="c", ClientToken="t")["Cluster"]["ClusterArn"]
    config.get_waiter("cluster_created").wait(ClusterArn=cluster, WaiterConfig={"Delay": 1, "MaxAttempts": 5})
    controls = [config.create_routing_control(ClusterArn=cluster, RoutingControlName=name)["RoutingControl"] for name in "abc"]
    panel, arns = controls[0]["ControlPanelArn"], [control["RoutingControlArn"] for control in controls]
    assert len(paged(config, "list_routing_controls", "RoutingControls", ControlPanelArn=panel)) == 3
    west.update_routing_control_state(RoutingControlArn=arns[0], RoutingControlState="On")
    rule = config.create_safety_rule(
        AssertionRule={"AssertedControls": arns[:2], "ControlPanelArn": panel, "Name": "one", "WaitPeriodMs": 0, "RuleConfig": {"Inverted": False, "Threshold": 1, "Type": "ATLEAST"}}
    )["AssertionRule"]["SafetyRuleArn"]
    refused(lambda: west.update_routing_control_state(RoutingControlArn=arns[0], RoutingControlState="Off"), "ConflictException")
    west.update_routing_control_state(RoutingControlArn=arns[0], RoutingControlState="Off", SafetyRulesToOverride=[rule])
    for region in ("us-east-1", "eu-west-1", "ap-northeast-1", "ap-southeast-2"):
        there = aws.client("route53-recovery-cluster", region)
        assert there.get_routing_control_state(RoutingControlArn=arns[0])["RoutingControlState"] == "Off"
    assert len(paged(west, "list_routing_controls", "RoutingControls")) == 3
    group = "arn:aws:autoscaling:{}:123456789012:autoScalingGroup:123d456e-123e-1111-abcd-0123456789ab:autoScalingGroupName/a"
    steps = [
        {"name": "route", "executionBlockType": "ARCRoutingControl", "executionBlockConfiguration": {"arcRoutingControlConfig": {"regionAndRoutingControls": {"us-west-2": [{"routingControlArn": arns[1], "state": "On"}]}}}},
        {"name": "scale", "executionBlockType": "EC2AutoScaling", "executionBlockConfiguration": {"ec2AsgCapacityIncreaseConfig": {"asgs": [{"arn": group.format(region)} for region in ("eu-west-1", "us-west-2")]}}},
    ]
    plan = switch.create_plan(
        name="shop", regions=["eu-west-1", "us-west-2"], recoveryApproach="activePassive", primaryRegion="eu-west-1", executionRole=ROLE, workflows=[{"workflowTargetAction": "activate", "steps": steps}]
    )["plan"]["arn"]
    id = switch.start_plan_execution(planArn=plan, targetRegion="us-west-2", action="activate")["executionId"]

    def state() -> str:
        return switch.get_plan_execution(planArn=plan, executionId=id)["executionState"]

    wait_until("the plan's end", lambda: state() == "completed")
    assert west.get_routing_control_state(RoutingControlArn=arns[1])["RoutingControlState"] == "On"
    events = paged(switch, "list_plan_execution_events", "items", planArn=plan, executionId=id)
    assert [event["type"] for event in events][:2] == ["executionStarted", "stepStarted"] and events[-1]["type"] == "executionSucceeded"
    assert switch.get_plan_in_region(arn=plan)["plan"]["name"] == "shop"
    assert [row["arn"] for row in paged(switch, "list_plans_in_region", "plans")] == [plan]
    assert switch.get_plan_evaluation_status(planArn=plan)["evaluationState"] == "passed"
    assert all(names for names in seen)


def test_commands_health_and_bands(aws: Aws):
    ssm, health, metrics = aws.client("ssm"), aws.client("health", "us-east-1"), aws.client("cloudwatch")
    seen = watch(ssm), watch(health), watch(metrics)
    id = ssm.send_command(DocumentName="AWS-RunShellScript", InstanceIds=["i-0123456789abcdef0"], Parameters={"commands": ["echo hello"]})["Command"]["CommandId"]
    ssm.get_waiter("command_executed").wait(CommandId=id, InstanceId="i-0123456789abcdef0", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    assert ssm.get_command_invocation(CommandId=id, InstanceId="i-0123456789abcdef0")["StandardOutputContent"] == "hello\n"
    assert len(paged(ssm, "list_commands", "Commands")) == 1 and len(paged(ssm, "list_command_invocations", "CommandInvocations")) == 1
    owned = paged(ssm, "list_documents", "DocumentIdentifiers", Filters=[{"Key": "Owner", "Values": ["Amazon"]}])
    assert "AWS-UpdateCloudFormationStack" in [row["Name"] for row in owned]
    assert json.loads(ssm.get_document(Name="AWS-PublishSNSNotification")["Content"])["schemaVersion"] == "0.3"
    assert paged(health, "describe_events_for_organization", "events") == []
    assert health.describe_event_aggregates(aggregateField="eventTypeCategory")["eventAggregates"] == []
    for number in range(3):
        metrics.put_anomaly_detector(SingleMetricAnomalyDetector={"Namespace": "shop", "MetricName": f"m{number}", "Stat": "Average"})
    assert len(paged(metrics, "describe_anomaly_detectors", "AnomalyDetectors")) == 3
    assert all(names for names in seen)


def test_wrong_signatures_and_bodies_are_refused_and_never_hang(aws: Aws):
    import urllib.error
    import urllib.request

    def send(headers: dict, body: bytes = b"{}") -> tuple[int, bytes]:
        request = urllib.request.Request(aws.url, body, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=AK/20260314/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0", "X-Amz-Date": "20260314T030000Z"}
    target = {"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0"}
    assert send(target)[0] == 403
    assert send(target | {"Authorization": "AWS4-HMAC-SHA256 nonsense"})[0] == 400
    assert send(signed | target)[0] == 200
    for body in (b"", b"{", b"[]", b"\xff\xfe", b'{"Limit": "many"}', b'{"Limit": 0}', b"{" * 100_000):
        status, told = send(signed | target, body)
        assert status == (200 if not body else 400), (body[:20], told)
    assert send(signed | target, b" " * (9 * 1024 * 1024))[0] == 413
