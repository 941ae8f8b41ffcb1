"""The record by other people's programs: the report's schema by Python's jsonschema, others' work merged into a journal."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jsonschema
import pytest

from processes import binary, clean_environment, moto

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


@pytest.mark.parametrize("journal", sorted((FIXTURES / "journals").glob("*.lifeboat")), ids=lambda path: path.stem)
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
