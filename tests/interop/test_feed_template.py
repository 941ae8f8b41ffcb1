"""`lifeboat feed template` as a stack of the simulated CloudFormation: what it makes delivers an alarm's change into the queue."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from processes import ROOT, binary, clean_environment, wait_until
from test_simulate_messaging import REGION, empty


@pytest.fixture(scope="module")
def template() -> str:
    """The template with the shop's pattern."""
    command = [binary(), "feed", "template", "--plan", str(ROOT / "assets" / "plans" / "shop.toml")]
    ran = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("region", [REGION, "eu-central-1"])
def test_the_stack_makes_a_queue_that_hears_of_alarms(template: str, region: str, tmp_path: Path):
    with empty(tmp_path, "--speed", "60") as aws:
        stacks, sqs, cloudwatch = (aws.client(service, region) for service in ("cloudformation", "sqs", "cloudwatch"))
        stacks.validate_template(TemplateBody=template)
        stacks.create_stack(StackName="lifeboat-feed", TemplateBody=template)

        def made() -> list[dict] | None:
            stack = stacks.describe_stacks(StackName="lifeboat-feed")["Stacks"][0]
            assert "FAILED" not in stack["StackStatus"] and "ROLLBACK" not in stack["StackStatus"], stack
            return stack.get("Outputs") if stack["StackStatus"] == "CREATE_COMPLETE" else None

        outputs = {output["OutputKey"]: output["OutputValue"] for output in wait_until("the stack", made)}
        assert outputs["QueueName"] == "lifeboat-signals"
        url = sqs.get_queue_url(QueueName=outputs["QueueName"])["QueueUrl"]
        cloudwatch.put_metric_alarm(
            AlarmName="orders", Namespace="Shop", MetricName="Errors", Statistic="Sum", Period=60, EvaluationPeriods=1,
            Threshold=1, ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
        cloudwatch.set_alarm_state(AlarmName="orders", StateValue="ALARM", StateReason="by a test")

        def heard() -> dict | None:
            for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
                event = json.loads(message["Body"])
                if event["detail"].get("alarmName") == "orders" and event["detail"]["state"]["value"] == "ALARM":
                    return event
            return None

        assert wait_until("the event", heard)["source"] == "aws.cloudwatch"
