"""The record by other people's programs: the report's schema by Python's jsonschema, others' work merged into a journal."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import jsonschema
import pytest

from processes import binary, clean_environment, moto, simulated, wait_until
from test_simulate import restore_volume

FIXTURES = Path(__file__).parents[1] / "fixtures"


def lifeboat(*words: str, home: Path, environment: dict[str, str] | None = None, code: tuple[int, ...] = (0,)) -> str:
    environment = (environment or clean_environment()) | {"LIFEBOAT_HOME": str(home)}
    done = subprocess.run([binary(), *words], capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode in code, done.stderr + done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict:
    schema = json.loads(lifeboat("report", "--schema", home=tmp_path_factory.mktemp("home")))
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


@pytest.mark.parametrize("journal", sorted(FIXTURES.glob("*/*.lifeboat")), ids=lambda path: path.stem)
@pytest.mark.parametrize("redact", [[], ["--redact"]], ids=["whole", "redacted"])
def test_the_report_is_what_its_schema_says(schema: dict, journal: Path, redact: list[str], tmp_path: Path):
    report = json.loads(lifeboat("report", str(journal), "--format", "json", *redact, home=tmp_path))
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    faults = [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(report)]
    assert not faults, faults
    durations = sum(row["secs"] for row in report["durations"])
    assert durations == report["recovery_time"]["achieved_secs"]


def test_the_picture_is_a_png_of_the_size_that_it_says(tmp_path: Path):
    picture = tmp_path / "timeline.png"
    journal = str(FIXTURES / "journals" / "format-1.lifeboat")
    lifeboat("report", journal, "--format", "png", "--output", str(picture), home=tmp_path)
    data = picture.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and int.from_bytes(data[16:20], "big") == 1960


TEMPLATE = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "by-hand"}}}}
MACHINE = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}


def test_what_others_did_is_seen_and_not_done_here(tmp_path: Path):
    """An AWS that is not ours: a stack and an execution that somebody started by hand while an incident ran."""
    plan = Path(__file__).parent / "plans" / "moto.toml"
    with moto(tmp_path) as aws:
        environment = aws.environment() | {"LIFEBOAT_HOME": str(tmp_path / "home"), "LIFEBOAT_OPERATOR": "ann"}
        command = [binary(), "live", "--plain", "--plan", str(plan), "--endpoint-url", aws.url]
        lines = "note the standby is being built by hand\n"
        subprocess.run(command, input=lines, capture_output=True, text=True, env=environment, timeout=60, check=False)
        incident = next((tmp_path / "home").rglob("*.lifeboat")).stem
        stacks = aws.client("cloudformation")
        stacks.create_stack(StackName="standby", TemplateBody=json.dumps(TEMPLATE))
        machines = aws.client("stepfunctions")
        role = "arn:aws:iam::123456789012:role/x"
        machine = machines.create_state_machine(name="rebuild", definition=json.dumps(MACHINE), roleArn=role)
        machines.start_execution(stateMachineArn=machine["stateMachineArn"], name="by-hand")
        words = ["incidents", "bridge", incident, "--endpoint-url", aws.url]
        # This AWS has no Region switch: what cannot be told is said, by the exit code as well.
        said = lifeboat(*words, home=tmp_path / "home", environment=environment, code=(1,))
        assert "NOT KNOWN: Region switch" in said, said
        again = lifeboat(*words, home=tmp_path / "home", environment=environment, code=(1,))
        assert "stack operation" not in again, "what was seen once is not seen again"
    report = json.loads(lifeboat("report", incident, "--format", "json", home=tmp_path / "home"))
    seen = {(row["kind"], row["about"]) for row in report["elsewhere"]}
    assert {("stack operation", "standby"), ("state machine execution", "rebuild")} <= seen, said
    assert not report["calls"], "none of it was done here"


QUIET = Path(__file__).parent / "scenarios" / "quiet-apis.toml"
PLAN = Path(__file__).parents[2] / "assets" / "plans" / "shop.toml"


def run_region_switch(aws) -> None:
    """A plan of Region switch with one step that a person approves, started."""
    switch = aws.client("arc-region-switch")
    role = "arn:aws:iam::444455556666:role/r"
    approval = {"executionApprovalConfig": {"approvalRole": role}}
    step = {"name": "ask", "executionBlockType": "ManualApproval", "executionBlockConfiguration": approval}
    plan = switch.create_plan(
        name="by-hand", regions=["eu-west-1", "eu-central-1"], recoveryApproach="activePassive", primaryRegion="eu-west-1",
        executionRole=role, workflows=[{"workflowTargetAction": "activate", "steps": [step]}],
    )["plan"]["arn"]  # fmt: skip
    switch.start_plan_execution(planArn=plan, targetRegion="eu-central-1", action="activate")


def work_by_hand(aws) -> None:
    """One piece of work of each kind, done without lifeboat."""
    backup = aws.client("backup")
    restore_volume(aws)
    point = next(
        point
        for point in backup.list_recovery_points_by_backup_vault(BackupVaultName="shop-recovery")["RecoveryPoints"]
        if point["Status"] == "COMPLETED"
    )
    vault = aws.at("eu-north-1").client("backup").create_backup_vault(BackupVaultName="far")["BackupVaultArn"]
    backup.start_copy_job(
        RecoveryPointArn=point["RecoveryPointArn"], SourceBackupVaultName="shop-recovery", DestinationBackupVaultArn=vault,
        IamRoleArn="arn:aws:iam::444455556666:role/lifeboat-restore",
    )  # fmt: skip
    aws.client("ssm").start_automation_execution(DocumentName="shop-warm-caches")
    machines = aws.client("stepfunctions")
    machine = machines.create_state_machine(name="rebuild", definition=json.dumps(MACHINE), roleArn="arn:aws:iam::444455556666:role/r")
    machines.start_execution(stateMachineArn=machine["stateMachineArn"], name="by-hand")
    aws.client("cloudformation").create_stack(StackName="standby", TemplateBody=json.dumps(TEMPLATE))
    run_region_switch(aws)


BARE = """
name = "now"
title = "An estate, and nothing that happens in it"
brief = "Nothing happens."
estate = "region-outage"
plan = "{plan}"
starts_at = {began}
seed = 20260321
"""
KINDS = ["restore job", "copy job", "automation execution", "state machine execution", "stack operation", "Region switch execution"]


def time_of(aws) -> datetime:
    told = aws.client("sts").get_caller_identity()["ResponseMetadata"]["HTTPHeaders"]["date"]
    return parsedate_to_datetime(told)


def test_work_of_every_kind_is_merged_into_an_incident_that_runs(tmp_path: Path):
    """An incident at a console, and beside it one piece of work of each kind that somebody does by hand."""
    # The simulated AWS is to have the time of the clock on the wall, as the incident has it.
    began = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    scenario = tmp_path / "now.toml"
    scenario.write_text(BARE.format(began=began, plan=PLAN))
    with simulated(1, tmp_path, "--scenario", str(scenario)) as aws:
        environment = aws.environment() | {"LIFEBOAT_OPERATOR": "ann"}
        live = [binary(), "live", "--plain", "--plan", str(PLAN), "--endpoint-url", aws.url]
        home = {"LIFEBOAT_HOME": str(tmp_path / "home")}
        done = subprocess.run(live, input="note by hand\n", capture_output=True, text=True, env=environment | home, timeout=60, check=False)
        incident = next((tmp_path / "home").rglob("*.lifeboat"), None)
        assert incident, done.stderr + done.stdout
        # It has the time at which it was started, and what is done before the incident opened is not of it.
        opened = datetime.now(UTC)
        wait_until("the time of the incident", lambda: time_of(aws) > opened)
        work_by_hand(aws.assume("444455556666", "eu-central-1"))
        words = ["incidents", "bridge", incident.stem, "--endpoint-url", aws.url]
        said = lifeboat(*words, home=tmp_path / "home", environment=environment)
    report = json.loads(lifeboat("report", incident.stem, "--format", "json", home=tmp_path / "home"))
    page = lifeboat("report", incident.stem, home=tmp_path / "home")
    assert {row["kind"] for row in report["elsewhere"]} == set(KINDS), said
    assert not report["calls"], "none of it was done here"
    for kind in KINDS:
        assert f"seen, not done here: {kind}" in page, page


def test_an_incident_that_nobody_ran_is_told_by_what_aws_remembers(schema: dict, tmp_path: Path):
    """A fault that comes and goes while nobody sits at a console, and work of every kind that somebody does by hand."""
    with simulated(60, tmp_path, "--scenario", str(QUIET)) as aws:
        primary, recovery = aws.assume("111122223333", "eu-west-1"), aws.assume("444455556666", "eu-central-1")
        alarms, health = primary.client("cloudwatch"), primary.at("us-east-1").client("health")

        def state(wanted: str):
            told = alarms.describe_alarms(AlarmNames=["shop-error-rate"])["MetricAlarms"][0]
            return told["StateValue"] == wanted and told

        risen = wait_until("the alarm", lambda: state("ALARM"))["StateTransitionedTimestamp"]
        work_by_hand(recovery)
        wait_until("the end of the alarm", lambda: state("OK"), 60)
        closed = {"eventStatusCodes": ["closed"], "services": ["S3"]}
        wait_until("the end of the event", lambda: health.describe_events(filter=closed)["events"])
        words = ["report", "--reconstruct", "--from", "2026-03-14T03:00:00Z", "--to", "2026-03-14T03:25:00Z"]
        words += ["--plan", str(PLAN), "--endpoint-url", aws.url, "--format"]
        environment = aws.environment()
        report = json.loads(lifeboat(*words, "json", home=tmp_path / "home", environment=environment))
        page = lifeboat(*words, "md", home=tmp_path / "home", environment=environment)
    faults = [fault.message for fault in jsonschema.Draft202012Validator(schema).iter_errors(report)]
    assert not faults, faults
    moments = {row["moment"]: row["holds"] for row in report["moments"]}
    # AWS's own word of when it began; the alarm's transition, not the event's beginning, for when it was seen.
    assert (moments["impact-began"]["at"], moments["impact-began"]["kind"]) == ("2026-03-14T03:01:00Z", "health")
    assert moments["detected"]["at"] == risen.strftime("%Y-%m-%dT%H:%M:%SZ") and moments["detected"]["kind"] == "alarm"
    assert moments["decided"] is None and not report["decisions"] and not report["calls"]
    seen = {row["kind"]: row for row in report["elsewhere"]}
    kinds = ["restore job", "copy job", "automation execution", "state machine execution", "stack operation"]
    assert set(seen) == {*kinds, "Region switch execution"}, seen
    assert all("2026-03-14T03:0" in row["began_at"] for row in seen.values()), seen
    restored = seen["restore job"]
    assert (restored["status"], restored["secs"]) == ("COMPLETED", 180), restored
    assert {row["state"] for row in report["signals"]} >= {"ALARM", "OK", "open", "closed"}
    assert "nobody wrote down what was decided" in page and "seen, not done here: restore job" in page
