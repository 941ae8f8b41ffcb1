"""kill -9 in the middle of calls and of what they started: the next console carries on, and nothing is done twice."""

from __future__ import annotations

import json
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from console import Console
from processes import binary, clean_environment, wait_until
from wizard import READING, Wizard

SPEED = "60"
RESTORES = ["orders-db", "media", "orders-table", "assets-bucket", "catalog-volume"]


class Exercise:
    """One exercise, at a console that may be killed."""

    def __init__(self, start: Callable[..., Console], home: Path):
        self._start, self._home = start, home
        self.heard: list[str] = []
        self.console = start("tabletop", "--speed", SPEED)
        self.console.wait_for("EXERCISE")
        self.console.wait_for("start the exercise")
        self.console.send("s")
        self.console.wait_for(lambda screen: "start the exercise" not in screen)
        self.wizard = Wizard(self.console)

    def record(self) -> Path:
        """Where the simulated AWS notes what it was asked to change."""
        found = list(self._home.rglob("*.world"))
        assert len(found) == 1, found
        return found[0]

    def id(self) -> str:
        return self.record().stem

    def calls(self) -> list[dict]:
        """What the simulated AWS was asked to change, as far as its record is whole."""
        lines = self.record().read_text().split("\n")[:-1]
        entries = [json.loads(line) for line in lines]
        return [entry for entry in entries if entry["kind"] == "call" and entry["service"] != "sts"]

    def kill_and_resume(self) -> None:
        self.console.kill()
        self.console = self._start("tabletop", "--resume", self.id(), "--speed", SPEED)
        self.console.wait_for("EXERCISE")
        self.wizard = Wizard(self.console)

    def kill_after_the_yes(self, step: str, seconds: float, typed: str | None = None) -> None:
        """Confirms a step and kills the console so soon after the yes."""
        self.wizard.ask(step)
        if typed:
            self.console.send(typed)
        self.console.wait_for("[ No ]")
        self.console.pump(READING)
        self.console.send("y")
        self.console.pump(seconds)
        self.kill_and_resume()
        # The yes may have come too late to be heard: then nothing was journalled and it is asked for again.
        status = self.wizard.wait_for_status(step, "ready", "calling", "runs", "ASKS YOU", "done")
        if status == "ready":
            self.wizard.confirm(step, typed)
        else:
            self.heard.append(step)


@pytest.fixture
def exercise(start_console, tmp_path: Path) -> Exercise:
    return Exercise(start_console, tmp_path / "home")


def test_no_kill_makes_a_call_twice_or_loses_one(exercise: Exercise, tmp_path: Path):
    exercise.wizard.declare("eu-west-1 is failing")
    exercise.kill_after_the_yes("ops-item", 0)

    # In the moment in which the call is sent, a little later, and while restores run.
    for step, seconds in zip(RESTORES, [0, 0.01, 0.03, 0.1, 0.3], strict=True):
        exercise.kill_after_the_yes(step, seconds)
    exercise.wizard.wait_for_status("orders-db", "runs", "done")
    exercise.kill_and_resume()
    for step in RESTORES:
        exercise.wizard.wait_for_status(step, "done", deadline=90)
    exercise.wizard.wait_for_status("ops-item", "done")

    # While an automation runs, and while it waits for an answer.
    exercise.kill_after_the_yes("attach-volume", 0.02)
    exercise.wizard.wait_for_status("attach-volume", "runs", "done")
    exercise.wizard.wait_for_status("attach-volume", "done")
    exercise.wizard.confirm("point-shop")
    exercise.wizard.wait_for_status("point-shop", "runs")
    exercise.kill_and_resume()
    exercise.wizard.wait_for_status("point-shop", "runs")
    exercise.wizard.finish("point-shop", "web tier points at the restored data")
    exercise.wizard.confirm("warm-caches")
    exercise.wizard.wait_for_status("warm-caches", "ASKS YOU")
    exercise.kill_and_resume()
    exercise.wizard.wait_for_status("warm-caches", "ASKS YOU")
    exercise.wizard.choose("warm-caches")
    exercise.wizard.say("a", "Approve for warm-caches", "48210 is plausible")
    exercise.wizard.yes()
    exercise.wizard.wait_for_status("warm-caches", "done")
    exercise.wizard.confirm("smoke-test")
    exercise.wizard.wait_for_status("smoke-test", "done")

    # The call that AWS gives no token for.
    exercise.kill_after_the_yes("move-records", 0.02, typed="eu-central-1")
    exercise.wizard.wait_for_status("move-records", "done")
    for step in ["dns-answers", "traffic-answers", "errors-gone", "ops-item-resolved"]:
        exercise.wizard.confirm(step)
        exercise.wizard.wait_for_status(step, "done", deadline=90)
    exercise.wizard.say("X", "Close the incident", "the shop is served from eu-central-1")
    exercise.wizard.yes()
    exercise.console.wait_for("CLOSED")
    exercise.console.send("q")
    assert exercise.console.exit_code() == 0

    assert len(exercise.heard) >= 3, f"only {exercise.heard} were confirmed before the console was killed"

    # A call may be repeated with the token that AWS knows it by; nothing was asked for under two tokens.
    calls = wait_until("the record", exercise.calls)
    tokens: dict[tuple[str, str], set[str]] = defaultdict(set)
    for call in calls:
        given = call["input"]
        if call["operation"] == "StartRestoreJob":
            tokens["restore", given["RecoveryPointArn"]].add(given["IdempotencyToken"])
        elif call["operation"] == "StartAutomationExecution":
            tokens["automation", given["DocumentName"]].add(given["ClientToken"])
        elif call["operation"] == "CreateOpsItem":
            tokens["ops item", given["Source"]].add(given["OperationalData"]["/aws/dedup"]["Value"])
    assert Counter(kind for kind, _ in tokens) == {"restore": 5, "automation": 2, "ops item": 1}, tokens
    assert all(len(found) == 1 for found in tokens.values()), tokens
    once = Counter(call["operation"] for call in calls)
    assert (once["ChangeResourceRecordSets"], once["SendAutomationSignal"], once["UpdateOpsItem"]) == (1, 1, 1), once

    environment = clean_environment(LIFEBOAT_HOME=str(tmp_path / "home"))
    command = [binary(), "report", exercise.id(), "--format", "json"]
    report = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert report.returncode == 0, report.stderr
    assert json.loads(report.stdout)
