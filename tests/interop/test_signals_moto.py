"""Signals from a moto server: lists for scripts, and a queue feed that changes the screen without a poll."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console import Console
from processes import Aws, binary, moto

PLAN = Path(__file__).parent / "plans" / "moto.toml"
ACCOUNT, REGION, QUEUE = "123456789012", "eu-west-1", "lifeboat-signals"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Aws]:
    """A moto server with alarms in two Regions and the queue of the push feed in one."""
    with moto(tmp_path) as aws:
        for region, name in [(REGION, "notes-errors"), ("eu-central-1", "notes-recovery-errors")]:
            cloudwatch = aws.client("cloudwatch", region)
            cloudwatch.put_metric_alarm(
                AlarmName=name, Namespace="Notes", MetricName="Errors", Statistic="Sum", Period=60, EvaluationPeriods=2,
                Threshold=5, ComparisonOperator="GreaterThanThreshold",
            )  # fmt: skip
            cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="set by a test")
        aws.client("sqs", REGION).create_queue(QueueName=QUEUE)
        yield aws


@pytest.fixture
def fed_plan(tmp_path: Path) -> Path:
    """The plan with the queue of its primary site."""
    path = tmp_path / "fed.toml"
    path.write_text(PLAN.read_text().replace('vaults = ["notes"]', f'vaults = ["notes"]\nqueue = "{QUEUE}"'))
    return path


def send(aws: Aws, number: int, state: str) -> None:
    """What EventBridge would put into the queue."""
    at = f"2090-01-01T00:00:0{number}.000+0000"
    event = {
        "version": "0", "id": f"event-{number}", "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch",
        "account": ACCOUNT, "time": at, "region": REGION, "resources": [],
        "detail": {"alarmName": "notes-errors", "state": {"value": state, "reason": f"pushed {number}", "timestamp": at}},
    }  # fmt: skip
    sqs = aws.client("sqs", REGION)
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"], MessageBody=json.dumps(event))


def row_of(screen: str, name: str) -> str:
    return next((line for line in screen.splitlines() if re.search(rf"\b{name}\b", line)), "")


def test_what_the_queue_delivers_is_on_the_screen_and_stays_there(
    world: Aws, fed_plan: Path, start_console: Callable[..., Console]
):
    command = ["live", "--read-only", "--plan", str(fed_plan), "--endpoint-url", world.url]
    console = start_console(*command, environment=world.environment())
    console.wait_for("LIVE")
    console.send("1", "z")
    console.wait_for(lambda screen: "OK" in row_of(screen, "notes-errors"), what="the polled state")
    send(world, 1, "ALARM")
    send(world, 1, "ALARM")
    console.wait_for(lambda screen: "ALARM" in row_of(screen, "notes-errors"), deadline=10, what="the pushed alarm")
    # A poll tells what was before; the later event holds.
    console.send("R")
    console.pump(2.0)
    assert "ALARM" in row_of(console.screen(), "notes-errors")
    send(world, 2, "OK")
    console.wait_for(lambda screen: "OK" in row_of(screen, "notes-errors"), deadline=10, what="the pushed all-clear")
    console.send("q")
    assert console.exit_code() == 0


def test_lists_for_scripts_are_json_lines_of_both_regions(world: Aws, tmp_path: Path):
    command = [binary(), "alarms", "--json", "--plan", str(PLAN), "--endpoint-url", world.url]
    environment = world.environment() | {"LIFEBOAT_HOME": str(tmp_path / "home")}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    assert {(row["region"], row["name"]) for row in rows} == {(REGION, "notes-errors"), ("eu-central-1", "notes-recovery-errors")}


def test_alarms_that_turn_or_go_at_the_server_do_so_on_the_screen(world: Aws, start_console: Callable[..., Console]):
    command = ["live", "--read-only", "--plan", str(PLAN), "--endpoint-url", world.url]
    console = start_console(*command, environment=world.environment())
    console.wait_for("LIVE")
    console.send("1", "z")
    console.wait_for(lambda screen: "OK" in row_of(screen, "notes-recovery-errors"), what="the polled state")
    cloudwatch = world.client("cloudwatch", "eu-central-1")
    cloudwatch.set_alarm_state(AlarmName="notes-recovery-errors", StateValue="ALARM", StateReason="turned by a test")
    console.send("R")
    console.wait_for(lambda screen: "ALARM" in row_of(screen, "notes-recovery-errors"), what="the alarm that turned")
    cloudwatch.put_metric_alarm(
        AlarmName="notes-new", Namespace="Notes", MetricName="Errors", Statistic="Sum", Period=60, EvaluationPeriods=2,
        Threshold=5, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    console.send("R")
    console.wait_for(lambda screen: row_of(screen, "notes-new") != "", what="the new alarm")
    cloudwatch.delete_alarms(AlarmNames=["notes-new"])
    console.send("R")
    console.wait_for(lambda screen: row_of(screen, "notes-new") == "", what="the alarm that is gone")
    console.send("q")
    assert console.exit_code() == 0
