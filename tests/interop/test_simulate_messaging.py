"""SNS, SQS and EventBridge of `lifeboat simulate --estate empty`, as boto3 and botocore's paginators see them."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from processes import Aws, binary, clean_environment, end, wait_until

ACCOUNT, REGION = "123456789012", "eu-west-1"


@contextmanager
def empty(folder: Path, *words: str) -> Iterator[Aws]:
    """`lifeboat simulate --estate empty`."""
    told = folder / f"empty-{time.monotonic_ns()}.out"
    command = [binary(), "simulate", "--estate", "empty", *words]
    with told.open("wb") as out:
        environment = clean_environment(LIFEBOAT_HOME=str(folder / "home"))
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=environment)
    try:

        def address() -> str | None:
            assert process.poll() is None, told.read_text()
            found = re.search(r" on (http://127\.0\.0\.1:\d+)$", told.read_text(), re.MULTILINE)
            return found and found.group(1)

        yield Aws(wait_until("the address", address), ("testing", "testing"), region=REGION)
    finally:
        end(process)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with empty(tmp_path_factory.mktemp("empty")) as aws:
        yield aws


def refused(call, code: str) -> dict:
    with pytest.raises(ClientError) as caught:
        call()
    assert caught.value.response["Error"]["Code"] == code, caught.value.response
    return caught.value.response


def queue(aws: Aws, name: str, **attributes: str) -> tuple[str, str]:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def test_an_empty_estate_has_nothing_and_the_usual_account(aws: Aws):
    assert aws.client("sts").get_caller_identity()["Account"] == ACCOUNT
    assert aws.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert aws.client("backup").list_backup_vaults()["BackupVaultList"] == []
    zones = aws.client("ec2").describe_availability_zones()["AvailabilityZones"]
    assert [zone["ZoneName"] for zone in zones] == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    assert "eu-west-1" in [region["RegionName"] for region in aws.client("ec2").describe_regions()["Regions"]]


def test_queues_are_listed_page_by_page_and_found_by_name(aws: Aws):
    sqs = aws.client("sqs", "us-west-2")
    urls = {sqs.create_queue(QueueName=f"paged-{number}")["QueueUrl"] for number in range(5)}
    pages = sqs.get_paginator("list_queues").paginate(QueueNamePrefix="paged-", PaginationConfig={"PageSize": 2})
    told = [url for page in pages for url in page["QueueUrls"]]
    assert len(told) == 5 and set(told) == urls
    assert sqs.get_queue_url(QueueName="paged-3")["QueueUrl"] in urls
    answer = refused(lambda: sqs.get_queue_url(QueueName="none"), "AWS.SimpleQueueService.NonExistentQueue")
    assert answer["Error"]["QueryErrorCode"] == "QueueDoesNotExist" and answer["Error"]["Type"] == "Sender"
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.send_message(QueueUrl=told[0] + "x", MessageBody="b")


def test_a_message_goes_through_a_queue_with_digests_that_botocore_checks(aws: Aws):
    sqs = aws.client("sqs")
    url, _ = queue(aws, "work")
    attributes = {"kind": {"DataType": "String", "StringValue": "é"}, "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    sent = sqs.send_message(QueueUrl=url, MessageBody="böß <&>", MessageAttributes=attributes)
    [got] = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"])["Messages"]
    assert got["MessageId"] == sent["MessageId"] and got["Body"] == "böß <&>" and got["MessageAttributes"] == attributes
    assert got["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert got["Attributes"]["ApproximateReceiveCount"] == "1"
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (counts["ApproximateNumberOfMessages"], counts["ApproximateNumberOfMessagesNotVisible"]) == ("0", "1")
    sqs.delete_message(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"])
    batch = sqs.send_message_batch(
        QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "1"}, {"Id": "b", "MessageBody": "2", "DelaySeconds": 1000}]
    )
    assert [done["Id"] for done in batch["Successful"]] == ["a"] and batch["Failed"][0]["Code"] == "InvalidParameterValue"
    refused(lambda: sqs.send_message_batch(QueueUrl=url, Entries=[]), "AWS.SimpleQueueService.EmptyBatchRequest")
    refused(lambda: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Colour"]), "InvalidAttributeName")
    sqs.purge_queue(QueueUrl=url)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    sqs.tag_queue(QueueUrl=url, Tags={"team": "shop"})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "shop"}
    told = aws.cli("sqs", "get-queue-url", "--queue-name", "work")
    assert told["QueueUrl"] == url


def test_a_long_poll_ends_with_the_message_or_with_its_time(aws: Aws):
    sqs = aws.client("sqs")
    url, _ = queue(aws, "polled")
    began = time.monotonic()
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2)
    assert 1.5 < time.monotonic() - began < 6
    sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=1)
    began = time.monotonic()
    [got] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=15)["Messages"]
    assert got["Body"] == "late" and time.monotonic() - began < 8


def test_a_topic_tells_its_queues_and_pages_its_subscriptions(aws: Aws):
    sns, sqs = aws.client("sns"), aws.client("sqs")
    topic = sns.create_topic(Name="alarms", Tags=[{"Key": "team", "Value": "shop"}])["TopicArn"]
    assert topic == f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms" and sns.create_topic(Name="alarms")["TopicArn"] == topic
    url, arn = queue(aws, "alarms")
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
    assert sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com")["SubscriptionArn"] == "pending confirmation"
    sent = sns.publish(TopicArn=topic, Message="hello", Subject="s")
    [got] = sqs.receive_message(QueueUrl=url)["Messages"]
    body = json.loads(got["Body"])
    assert (body["MessageId"], body["Message"], body["TopicArn"]) == (sent["MessageId"], "hello", topic)
    told = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "1", "Message": "a"}, {"Id": "2", "Message": "b"}])
    assert [done["Id"] for done in told["Successful"]] == ["1", "2"] and told["Failed"] == []
    sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName="RawMessageDelivery", AttributeValue="true")
    attributes = sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    assert (attributes["RawMessageDelivery"], attributes["PendingConfirmation"]) == ("true", "false")
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (attributes["SubscriptionsConfirmed"], attributes["SubscriptionsPending"]) == ("1", "1")
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "team", "Value": "shop"}]
    for number in range(120):
        sns.create_topic(Name=f"many-{number}")
    topics = [row["TopicArn"] for page in sns.get_paginator("list_topics").paginate() for row in page["Topics"]]
    assert len(topics) == len(set(topics)) == 121
    sns.unsubscribe(SubscriptionArn=subscription)
    assert [row["SubscriptionArn"] for row in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]] == [
        "PendingConfirmation"
    ]
    refused(lambda: sns.publish(TopicArn=topic + "x", Message="m"), "NotFound")
    refused(lambda: sns.subscribe(TopicArn=topic, Protocol="pigeon", Endpoint="x"), "InvalidParameter")


def test_rules_are_kept_paged_and_reached_by_events(aws: Aws):
    events, sqs = aws.client("events"), aws.client("sqs")
    url, arn = queue(aws, "events")
    for number in range(5):
        events.put_rule(Name=f"rule-{number}", EventPattern=json.dumps({"source": ["shop"]}), State="DISABLED")
    events.enable_rule(Name="rule-3")
    transformer = {"InputPathsMap": {"who": "$.detail.who"}, "InputTemplate": '"<who> ordered"'}
    events.put_targets(Rule="rule-3", Targets=[{"Id": "1", "Arn": arn, "InputTransformer": transformer}])
    names = []
    asked = {"NamePrefix": "rule-", "Limit": 2}
    while True:
        page = events.list_rules(**asked)
        names += [rule["Name"] for rule in page["Rules"]]
        if "NextToken" not in page:
            break
        asked["NextToken"] = page["NextToken"]
    assert names == [f"rule-{number}" for number in range(5)]
    assert events.describe_rule(Name="rule-3")["State"] == "ENABLED"
    assert events.list_rule_names_by_target(TargetArn=arn)["RuleNames"] == ["rule-3"]
    put = events.put_events(
        Entries=[
            {"Source": "shop", "DetailType": "Order", "Detail": json.dumps({"who": "Kim"})},
            {"Source": "aws.ec2", "DetailType": "x", "Detail": "{}"},
        ]
    )
    assert put["FailedEntryCount"] == 1 and put["Entries"][1]["ErrorCode"] == "NotAuthorizedForSourceException"
    assert [got["Body"] for got in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]] == ['"Kim ordered"']
    refused(lambda: events.put_rule(Name="bad", EventPattern="{"), "InvalidEventPatternException")
    refused(lambda: events.delete_rule(Name="rule-3"), "ValidationException")
    refused(lambda: events.describe_rule(Name="none"), "ResourceNotFoundException")
    sample = {"source": "shop", "detail": {}, "id": "1", "account": ACCOUNT, "time": "2026-03-14T03:00:00Z", "region": REGION}
    pattern = json.dumps({"source": [{"prefix": "sh"}]})
    assert events.test_event_pattern(EventPattern=pattern, Event=json.dumps(sample))["Result"] is True


def test_what_was_done_is_there_again_from_the_state_file(tmp_path: Path):
    state = str(tmp_path / "state")
    with empty(tmp_path, "--state", state, "--seed", "7") as aws:
        url, _ = queue(aws, "kept")
        sent = aws.client("sqs").send_message(QueueUrl=url, MessageBody="still here")
    with empty(tmp_path, "--state", state) as aws:
        [got] = aws.client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert (got["MessageId"], got["Body"]) == (sent["MessageId"], "still here")
