"""Every action that moto models, by `lifeboat live --plain` against a moto server, and read back by boto3.

What moto has otherwise than AWS is put right in `moto_mended.py`, which says what. It has no Cloud Control, no AWS Backup jobs, no
Automation executions, no routing controls and no Region switch at all: those run against the simulated AWS only. Functions of its
`simple` Lambda answer what they are given; a command on a machine is done at once.
"""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from lines import Lines, home
from processes import Aws, moto, wait_until

PLAN = Path(__file__).parent / "plans" / "moto-actions.toml"
ACCOUNT, REGION, ZONE = "123456789012", "eu-central-1", "notes.example.com"
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "*"}, "Action": "sts:AssumeRole"}]}


def table(aws: Aws) -> None:
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName="notes", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    dynamodb.update_continuous_backups(
        TableName="notes", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    dynamodb.put_item(TableName="notes", Item={"id": {"S": "1"}, "text": {"S": "kept"}})


def pages(aws: Aws) -> str:
    """A page with a good version and a broken one, and a page that should not be there; gives the moment between them."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="notes-pages", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="notes-pages", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="notes-pages", Key="index.html", Body=b"good")
    good = s3.head_object(Bucket="notes-pages", Key="index.html")["LastModified"]

    # S3 tells times by the second: what is broken is put again until it is surely of a later one.
    def put_later(key: str) -> None:
        def put() -> bool:
            made = s3.put_object(Bucket="notes-pages", Key=key, Body=b"broken")["VersionId"]
            told = s3.head_object(Bucket="notes-pages", Key=key, VersionId=made)["LastModified"]
            if told <= good:
                s3.delete_object(Bucket="notes-pages", Key=key, VersionId=made)
            return told > good

        wait_until("a version of a later second", put)

    put_later("new.html")
    put_later("index.html")
    return good.strftime("%Y-%m-%dT%H:%M:%SZ")


def role(aws: Aws) -> str:
    iam = aws.client("iam")
    return iam.create_role(RoleName="notes", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]


def function(aws: Aws, role_arn: str) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("warm.py", "def handler(event, context):\n    return event\n")
    aws.client("lambda").create_function(
        FunctionName="notes-warm", Runtime="python3.12", Role=role_arn, Handler="warm.handler", Code={"ZipFile": code.getvalue()}
    )


def state_machine(aws: Aws, role_arn: str) -> None:
    definition = {"StartAt": "Index", "States": {"Index": {"Type": "Pass", "Result": {"indexed": 48000}, "End": True}}}
    aws.client("stepfunctions").create_state_machine(name="notes-index", definition=json.dumps(definition), roleArn=role_arn)


def topic(aws: Aws) -> str:
    """A topic, and the queue that hears it."""
    arn = aws.client("sns").create_topic(Name="notes-news")["TopicArn"]
    queue = aws.client("sqs").create_queue(QueueName="notes-heard")["QueueUrl"]
    aws.client("sns").subscribe(TopicArn=arn, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:notes-heard")
    return queue


def record(aws: Aws) -> None:
    route53 = aws.client("route53")
    zone = route53.create_hosted_zone(Name=ZONE, CallerReference="interop")["HostedZone"]["Id"]
    www = {"Name": f"www.{ZONE}", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": f"eu-west-1.{ZONE}"}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": www}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


class Notes:
    """What the plan finds."""

    def __init__(self, aws: Aws):
        self.aws = aws
        # Functions answer what they were given instead of running in a container; state machines are really walked through.
        setting = {"lambda": {"use_docker": False}, "stepfunctions": {"execute_state_machine": True}}
        url, kind = f"{aws.url}/moto-api/config", {"Content-Type": "application/json"}
        request = urllib.request.Request(url, json.dumps(setting).encode(), kind)
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status < 300
        table(aws)
        self.good = pages(aws)
        role_arn = role(aws)
        function(aws, role_arn)
        state_machine(aws, role_arn)
        self.heard = topic(aws)
        record(aws)
        image = aws.client("ec2").describe_images()["Images"][0]["ImageId"]
        made = aws.client("ec2").run_instances(ImageId=image, MinCount=1, MaxCount=1)
        self.machine = made["Instances"][0]["InstanceId"]


@pytest.fixture
def notes(tmp_path: Path) -> Iterator[Notes]:
    with moto(tmp_path, str(Path(__file__).with_name("moto_mended.py"))) as aws:
        yield Notes(aws)


@pytest.fixture
def console(notes: Notes, tmp_path: Path) -> Iterator[Lines]:
    environment = notes.aws.environment() | home(tmp_path)
    lines = Lines("live", "--plan", str(PLAN), "--endpoint-url", notes.aws.url, environment=environment)
    yield lines
    lines.close()


def begin(console: Lines, step: str) -> None:
    console.say(f"confirm {step}")
    console.yes()


def ends(console: Lines, step: str) -> None:
    console.hear(rf"\b{step}\b.*\bdone\b")


def test_every_action_that_moto_models_is_done_once_and_read_back(notes: Notes, console: Lines):
    aws = notes.aws
    console.hear("LIVE")
    console.say(f"correct impact {notes.good} the deployment of broken pages")
    console.yes()
    console.say(f"set machine {notes.machine}")
    console.say("declare the pages are broken, and eu-west-1 with them")
    console.yes()

    begin(console, "queue")
    console.hear(r"queue ASKS: execute the change set\? Add 1")
    assert not aws.client("sqs").list_queues(QueueNamePrefix="notes-made").get("QueueUrls"), "a change set is only shown"
    console.say("approve queue")
    console.yes()
    ends(console, "queue")
    assert len(aws.client("sqs").list_queues(QueueNamePrefix="notes-made")["QueueUrls"]) == 1

    for step in ["table", "pages", "mount", "warm", "index", "move", "tell"]:
        begin(console, step)
        ends(console, step)

    item = aws.client("dynamodb").get_item(TableName="notes-restored", Key={"id": {"S": "1"}})["Item"]
    assert item["text"] == {"S": "kept"}
    s3 = aws.client("s3")
    assert s3.get_object(Bucket="notes-pages", Key="index.html")["Body"].read() == b"good"
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="notes-pages")["Contents"]] == ["index.html"]
    commands = aws.client("ssm").list_commands()["Commands"]
    assert [(one["DocumentName"], one["InstanceIds"]) for one in commands] == [("AWS-RunShellScript", [notes.machine])]
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:notes-index"
    executions = aws.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    assert [one["status"] for one in executions] == ["SUCCEEDED"]
    zone = aws.client("route53").list_hosted_zones()["HostedZones"][0]["Id"]
    records = aws.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert [one["ResourceRecords"][0]["Value"] for one in records if one["Type"] == "CNAME"] == [f"eu-central-1.{ZONE}"]
    told = aws.client("sqs").receive_message(QueueUrl=notes.heard, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(one["Body"])["Message"] for one in told] == [f"notes is read from {REGION}"]

    # The payload came back from the function: what it was given.
    console.say("step warm")
    assert "incident" in console.hear(r"output (payload|incident)")

    # The stack is taken back by the step that is its undo.
    console.say("take-up queue-away it was only to try it")
    console.yes()
    begin(console, "queue-away")
    ends(console, "queue-away")
    assert not aws.client("sqs").list_queues(QueueNamePrefix="notes-made").get("QueueUrls")
    console.say("close the readers are served")
    console.yes()
    assert console.quit() == 0, console.transcript()
