"""Programs on loopback: started, waited for by condition, ended by their own process id."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import boto3
from botocore.config import Config

from answers import watch

ROOT = Path(__file__).resolve().parents[2]
EXERCISE_KEY = ("AKIAEXERCISEOPERATOR", "exercise")

T = TypeVar("T")


def binary() -> str:
    """The lifeboat to try."""
    path = Path(os.environ.get("LIFEBOAT_BIN", ROOT / "target" / "debug" / "lifeboat"))
    assert path.is_file(), f"there is no {path}: build it with `cargo build`, or name it in LIFEBOAT_BIN"
    return str(path)


def wait_until(what: str, look: Callable[[], T], seconds: float = 30, pause: float = 0.05) -> T:
    """Looks again and again until `look` gives something that is true, and gives that."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() >= end:
            raise AssertionError(f"{what}: not within {seconds} s; last seen: {found!r}")
        time.sleep(pause)


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without anything that would lead a client of AWS elsewhere."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LIFEBOAT_")) and not k.lower().endswith("_proxy")}
    nothing = os.devnull
    kept |= {"AWS_CONFIG_FILE": nothing, "AWS_SHARED_CREDENTIALS_FILE": nothing, "AWS_EC2_METADATA_DISABLED": "true"}
    return kept | {"AWS_PAGER": "", "NO_PROXY": "127.0.0.1", "LC_ALL": "C.UTF-8", **more}


def end(process: subprocess.Popen) -> int:
    """Asks the process to end, and gives its exit code."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait(timeout=10)


class Aws:
    """Somewhere that speaks AWS's protocols, and clients for it. What the simulated AWS answers is `watched`."""

    def __init__(
        self, url: str, key: tuple[str, str], token: str | None = None, region: str = "eu-central-1", watched: bool = True
    ):
        self.url, self.key, self.token, self.region, self.watched = url, key, token, region, watched

    def at(self, region: str) -> Aws:
        """The same caller in another Region."""
        return Aws(self.url, self.key, self.token, region, self.watched)

    def client(self, service: str, region: str | None = None, **config):
        """A boto3 client that does not try again by itself."""
        config = {"retries": {"total_max_attempts": 1}, "connect_timeout": 5, "read_timeout": 20} | config
        client = boto3.Session(*self.key, self.token, region or self.region).client(
            service, endpoint_url=self.url, config=Config(**config)
        )
        if self.watched:
            watch(client)
        return client

    def assume(self, account: str, region: str, session: str = "interop") -> Aws:
        """The operator's role in an account."""
        role = f"arn:aws:iam::{account}:role/lifeboat-operator"
        given = self.client("sts").assume_role(RoleArn=role, RoleSessionName=session)["Credentials"]
        return Aws(self.url, (given["AccessKeyId"], given["SecretAccessKey"]), given["SessionToken"], region, self.watched)

    def environment(self) -> dict[str, str]:
        """The environment in which another program is this caller."""
        given = {"AWS_ACCESS_KEY_ID": self.key[0], "AWS_SECRET_ACCESS_KEY": self.key[1], "AWS_REGION": self.region}
        given |= {"AWS_DEFAULT_REGION": self.region, "AWS_MAX_ATTEMPTS": "1"}
        return clean_environment(**given, **({"AWS_SESSION_TOKEN": self.token} if self.token else {}))

    def run_cli(self, *words: str) -> subprocess.CompletedProcess:
        """Runs the AWS CLI."""
        aws = Path(sys.executable).with_name("aws")
        command = [sys.executable, str(aws), "--endpoint-url", self.url, "--output", "json", *words]
        return subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=60, check=False)

    def cli(self, *words: str) -> dict:
        """What the AWS CLI prints, read."""
        ran = self.run_cli(*words)
        assert ran.returncode == 0, f"aws {' '.join(words)}: {ran.stderr}"
        return json.loads(ran.stdout) if ran.stdout.strip() else {}


@contextmanager
def simulated(speed: float, folder: Path, *words: str) -> Iterator[Aws]:
    """`lifeboat simulate`, with the operator's own credentials."""
    command = [binary(), "simulate", "--port", "0", "--speed", str(speed), *words]
    told, complaint = folder / f"simulate-{speed}.out", folder / f"simulate-{speed}.err"
    with told.open("wb") as out, complaint.open("wb") as err:
        environment = clean_environment(LIFEBOAT_HOME=str(folder / "home"))
        process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=environment)
    try:

        def address() -> str | None:
            assert process.poll() is None, f"it ended: {complaint.read_text()}"
            found = re.search(r" on (http://127\.0\.0\.1:\d+)$", told.read_text(), re.MULTILINE)
            return found and found.group(1)

        yield Aws(wait_until("the address of the simulated AWS", address), EXERCISE_KEY)
        assert process.poll() is None, f"it ended by itself: {complaint.read_text()}"
    finally:
        code = end(process)
    assert code == 0, f"asked to end, it gave {code}: {complaint.read_text()}"


@contextmanager
def moto(folder: Path, *program: str) -> Iterator[Aws]:
    """A moto server on a free port; `program` runs another one than moto's own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, *(program or ("-m", "moto.server")), "-H", "127.0.0.1", "-p", str(port)]
    with (folder / "moto.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=clean_environment())
    try:

        def answers() -> bool:
            assert process.poll() is None, (folder / "moto.log").read_text()
            try:
                with urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=2) as answer:
                    return answer.status == 200
            except (urllib.error.URLError, TimeoutError):
                return False

        wait_until("moto's first answer", answers, 60)
        yield Aws(url, ("testing", "testing"), region="eu-central-1", watched=False)
    finally:
        end(process)
