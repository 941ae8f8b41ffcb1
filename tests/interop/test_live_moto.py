"""`lifeboat live` against a moto server: an AWS that is not ours, and that lacks half of what lifeboat asks."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console import Console
from processes import Aws, binary, clean_environment, moto
from wizard import Wizard

PLAN = Path(__file__).parent / "plans" / "moto.toml"
ZONE = "notes.example.com"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Aws]:
    """A moto server with alarms in two Regions and a name whose weights send everybody to eu-west-1."""
    with moto(tmp_path) as aws:
        for region, name, state in [
            ("eu-west-1", "notes-errors", "OK"),
            ("eu-west-1", "notes-latency", "ALARM"),
            ("eu-central-1", "notes-recovery-errors", "OK"),
        ]:
            cloudwatch = aws.client("cloudwatch", region)
            cloudwatch.put_metric_alarm(
                AlarmName=name, Namespace="Notes", MetricName="Errors", Statistic="Sum", Period=60, EvaluationPeriods=2,
                Threshold=5, ComparisonOperator="GreaterThanThreshold",
            )  # fmt: skip
            set_alarm(aws, region, name, state)
        route53 = aws.client("route53")
        zone = route53.create_hosted_zone(Name=ZONE, CallerReference="interop")["HostedZone"]["Id"]
        records = [
            {
                "Name": f"www.{ZONE}", "Type": "CNAME", "TTL": 60, "SetIdentifier": region, "Weight": weight,
                "ResourceRecords": [{"Value": f"{region}.{ZONE}"}],
            }
            for region, weight in [("eu-west-1", 100), ("eu-central-1", 0)]
        ]  # fmt: skip
        batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record} for record in records]}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
        yield aws


def set_alarm(aws: Aws, region: str, name: str, state: str) -> None:
    aws.client("cloudwatch", region).set_alarm_state(AlarmName=name, StateValue=state, StateReason="set by a test")


def weights(aws: Aws) -> dict[str, int]:
    """What the AWS CLI reads back."""
    zone = aws.cli("route53", "list-hosted-zones-by-name", "--dns-name", ZONE)["HostedZones"][0]["Id"]
    told = aws.cli("route53", "list-resource-record-sets", "--hosted-zone-id", zone)["ResourceRecordSets"]
    return {record["SetIdentifier"]: record["Weight"] for record in told if record["Type"] == "CNAME"}


def live(start: Callable[..., Console], aws: Aws, *words: str) -> Console:
    return start("live", "--plan", str(PLAN), "--endpoint-url", aws.url, *words, environment=aws.environment())


def row_of(screen: str, name: str) -> str:
    return next((line for line in screen.splitlines() if re.search(rf"\b{name}\b", line)), "")


def run(home: Path, *words: str) -> subprocess.CompletedProcess:
    environment = clean_environment(LIFEBOAT_HOME=str(home))
    return subprocess.run([binary(), *words], env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_failover_through_the_wizard_is_read_back_by_the_aws_cli(world: Aws, start_console, tmp_path: Path):
    console = live(start_console, world)
    console.wait_for("LIVE")

    # Alarms: as they are, and as they become.
    console.send("1", "z")
    console.wait_for(lambda screen: "ALARM" in row_of(screen, "notes-latency"), what="the alarm of the beginning")
    console.wait_for(lambda screen: "OK" in row_of(screen, "notes-errors"), what="an alarm that is OK")
    console.wait_for("notes-recovery-errors")
    set_alarm(world, "eu-west-1", "notes-errors", "ALARM")
    console.press_until("R", lambda screen: "ALARM" in row_of(screen, "notes-errors"))
    console.send("z")

    # What moto lacks is said, with its reason, and nothing else suffers from it.
    for pane in "23":
        console.send(pane, "z")
        console.wait_for("not available here, because")
        console.send("z")

    wizard = Wizard(console)
    wizard.declare("readers see errors in eu-west-1")
    wizard.confirm("start-readers")
    wizard.wait_for_status("start-readers", "runs")
    wizard.finish("start-readers", "readers deployed")

    wizard.ask("move-records")
    dialog = console.screen()
    for wanted in ["123456789012", "ChangeResourceRecordSets", "arn:aws:sts::123456789012:"]:
        assert wanted in dialog, dialog
    # Enter never confirms.
    console.send("enter")
    console.pump(1.0)
    assert weights(world) == {"eu-west-1": 100, "eu-central-1": 0}
    if "[ No ]" in console.screen():
        console.send("esc")
        console.wait_for(lambda screen: "[ No ]" not in screen)
    wizard.confirm("move-records")
    wizard.wait_for_status("move-records", "done", deadline=90)
    assert weights(world) == {"eu-west-1": 0, "eu-central-1": 100}

    wizard.confirm("errors-gone")
    wizard.wait_for_status("errors-gone", "done", deadline=60)
    wizard.say("X", "Close the incident", "readers are served from eu-central-1")
    wizard.yes()
    console.wait_for("CLOSED")
    console.send("q")
    assert console.exit_code() == 0
    farewell = console.printed()
    incident = re.search(r"lifeboat report (\S+)", farewell).group(1)

    home = tmp_path / "home"
    listed = run(home, "incidents")
    assert listed.returncode == 0 and incident in listed.stdout
    report = run(home, "report", incident)
    assert report.returncode == 0 and "readers see errors in eu-west-1" in report.stdout, report.stderr
    assert report.stdout == run(home, "report", incident).stdout
    told = json.loads(run(home, "report", incident, "--format", "json").stdout)
    assert incident in json.dumps(told)


def test_a_read_only_console_offers_no_confirmation(world: Aws, start_console):
    console = live(start_console, world, "--read-only")
    console.wait_for("READ-ONLY")
    Wizard(console)
    assert "confirm…" not in console.screen() and "begin…" not in console.screen()
    console.send("c")
    console.wait_for("read-only")
    assert "[ No ]" not in console.screen()
    console.send("q")
    assert console.exit_code() == 0
    assert weights(world) == {"eu-west-1": 100, "eu-central-1": 0}


def test_a_console_without_credentials_says_so_and_stays_usable(world: Aws, start_console):
    without = {k: v for k, v in world.environment().items() if not k.startswith("AWS_ACCESS") and not k.startswith("AWS_SECRET")}
    without |= {"HOME": os.devnull}
    console = start_console("live", "--plan", str(PLAN), "--endpoint-url", world.url, environment=without)
    console.wait_for(lambda screen: "credentials" in screen.lower(), 30, "a sentence about credentials")
    console.send("q")
    assert console.exit_code() == 1
    left = " ".join(console.screen().split())
    assert "AWS never said who we are" in left and "renew the credentials" in left


def test_without_a_terminal_there_are_lines_and_a_screen_asked_for_is_a_sentence_and_an_exit_code(world: Aws, tmp_path: Path):
    command = [binary(), "live", "--plan", str(PLAN), "--endpoint-url", world.url]
    environment = world.environment() | {"LIFEBOAT_HOME": str(tmp_path / "home")}
    lines, screen = (
        subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        for words in (command, [*command, "--plain=never"])
    )
    assert lines.stdout.startswith("Lines instead of a screen, because ") and "LIVE" in lines.stdout
    assert screen.returncode == 1 and "terminal" in screen.stderr and not screen.stdout
    assert "\x1b" not in lines.stdout + screen.stderr
