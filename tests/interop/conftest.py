"""What the tests share: the simulated AWS, calm and fast, and consoles that are closed whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console import Console
from processes import Aws, binary, clean_environment, simulated


@pytest.fixture(scope="session")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A simulated AWS in real time: for as long as these tests run, next to nothing happens in it."""
    with simulated(1, tmp_path_factory.mktemp("calm")) as aws:
        yield aws


@pytest.fixture(scope="module")
def fast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A simulated AWS whose minute is a second. After ten seconds its eu-west-1 is silent."""
    with simulated(60, tmp_path_factory.mktemp("fast")) as aws:
        yield aws


@pytest.fixture
def start_console(tmp_path: Path) -> Iterator[Callable[..., Console]]:
    """Starts consoles; their home is a folder of the test."""
    started: list[Console] = []

    def start(*words: str, environment: dict[str, str] | None = None) -> Console:
        home = {"LIFEBOAT_HOME": str(tmp_path / "home"), "LIFEBOAT_OPERATOR": "interop"}
        console = Console([binary(), *words], (environment or clean_environment()) | home)
        started.append(console)
        return console

    yield start
    for console in started:
        console.close()
