"""An alarm and a Health event match a rule and reach each kind of target; a restore job that is done tells so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from processes import simulated
from test_faults import PRIMARY, RECOVERY, Table

ROLE = "arn:aws:iam::{}:role/lifeboat-operator"
MACHINE = {
    "StartAt": "Tell",
    "States": {
        "Tell": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Parameters": {"QueueUrl": "", "MessageBody.$": "$"},
            "End": True,
        }
    },
}
RUNBOOK = {
    "schemaVersion": "0.3",
    "parameters": {"Said": {"type": "String"}},
    "mainSteps": [{"name": "wait", "action": "aws:sleep", "inputs": {"Duration": "PT10S"}}],
}


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    door = tmp_path / "door"
    with simulated(1, tmp_path, "--door", str(door), "--hold", "--scenario", "region-outage") as aws:
        yield Table(aws, door)


def queue(aws, name: str) -> tuple[str, str]:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def bodies(aws, url: str) -> list[dict]:
    told = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in told]


@pytest.mark.parametrize(
    ("pattern", "source", "until"),
    [
        ({"source": ["aws.cloudwatch"], "detail": {"alarmName": ["shop-error-rate"]}}, "aws.cloudwatch", "6m"),
        ({"source": ["aws.health"]}, "aws.health", "390"),
    ],
    ids=["alarm", "health"],
)
def test_an_event_reaches_every_kind_of_target(table: Table, pattern: dict, source: str, until: str):
    aws, (account, region) = table.primary, PRIMARY
    for number in ("2", "6"):
        table.order("hold", number)
    direct, direct_arn = queue(aws, "direct")
    through, through_arn = queue(aws, "through-topic")
    by_machine, _ = queue(aws, "by-machine")
    topic = aws.client("sns").create_topic(Name="told")["TopicArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=through_arn)
    function = aws.client("lambda").create_function(
        FunctionName="seen", Runtime="python3.13", Handler="a.b", Role=ROLE.format(account), Code={"ZipFile": b"PK\x05\x06"}
    )["FunctionArn"]
    MACHINE["States"]["Tell"]["Parameters"]["QueueUrl"] = by_machine
    machine = aws.client("stepfunctions").create_state_machine(
        name="tells", definition=json.dumps(MACHINE), roleArn=ROLE.format(account)
    )["stateMachineArn"]
    ssm = aws.client("ssm")
    ssm.create_document(Name="runs", DocumentType="Automation", DocumentFormat="JSON", Content=json.dumps(RUNBOOK))
    events = aws.client("events")
    events.put_rule(Name="trouble", EventPattern=json.dumps(pattern))
    runbook = f"arn:aws:ssm:{region}:{account}:automation-definition/runs:$DEFAULT"
    targets = [direct_arn, topic, function, machine]
    put = events.put_targets(
        Rule="trouble",
        Targets=[{"Id": str(number), "Arn": arn, "RoleArn": ROLE.format(account)} for number, arn in enumerate(targets)]
        + [{"Id": "5", "Arn": runbook, "RoleArn": ROLE.format(account), "Input": json.dumps({"Said": ["trouble"]})}],
    )
    assert put["FailedEntryCount"] == 0, put
    table.order("step", until)
    seen = bodies(aws, direct)
    assert seen and all(event["source"] == source for event in seen), seen
    notices = bodies(aws, through)
    assert [json.loads(notice["Message"])["id"] for notice in notices] == [event["id"] for event in seen]
    assert [event["id"] for event in bodies(aws, by_machine)] == [event["id"] for event in seen]
    executions = aws.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    assert {one["status"] for one in executions} == {"SUCCEEDED"} and len(executions) == len(seen)
    runs = ssm.describe_automation_executions()["AutomationExecutionMetadataList"]
    ran = [run for run in runs if run["DocumentName"] == "runs"]
    assert len(ran) == len(seen), runs
    told = ssm.get_automation_execution(AutomationExecutionId=ran[0]["AutomationExecutionId"])["AutomationExecution"]
    assert told["Parameters"] == {"Said": ["trouble"]}


def test_a_restore_job_that_is_done_tells_so(table: Table):
    aws, (account, _) = table.recovery, RECOVERY
    url, arn = queue(aws, "restores")
    events = aws.client("events")
    events.put_rule(Name="restores", EventPattern=json.dumps({"source": ["aws.backup"], "detail": {"status": ["COMPLETED"]}}))
    assert events.put_targets(Rule="restores", Targets=[{"Id": "1", "Arn": arn}])["FailedEntryCount"] == 0
    backup = aws.client("backup")
    table_arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders"
    points = backup.list_recovery_points_by_backup_vault(BackupVaultName="shop-recovery", ByResourceArn=table_arn)
    usable = next(point for point in points["RecoveryPoints"] if point["Status"] == "COMPLETED")
    job = backup.start_restore_job(
        RecoveryPointArn=usable["RecoveryPointArn"],
        Metadata={"targetTableName": "orders-2"},
        IamRoleArn=f"arn:aws:iam::{account}:role/lifeboat-restore",
    )["RestoreJobId"]
    assert bodies(aws, url) == [], "not before it is done"
    table.order("step", "8m")
    assert bodies(aws, url) == []
    table.order("step", "2m")
    [told] = bodies(aws, url)
    assert (told["detail-type"], told["detail"]["restoreJobId"]) == ("Restore Job State Change", job)
