"""Every operation that the simulated AWS says it models was driven by these tests, with success, and its answer held against the model."""

from __future__ import annotations

import re

import pytest

from answers import DRIVEN
from processes import ROOT


def modelled() -> set[tuple[str, str]]:
    """Signing name and operation, as docs/simulated-aws.md, generated from the code, lists them."""
    text = (ROOT / "docs" / "simulated-aws.md").read_text(encoding="utf-8")
    found, service = set(), ""
    for line in text.splitlines():
        if signs := re.match(r"Signs as `([^`]+)`", line):
            service = signs.group(1)
        elif row := re.match(r"\| ([A-Z]\w+) \| (?:changes)? ?\| .*\|$", line):
            found.add((service, row.group(1)))
    return found


def test_every_modelled_operation_was_driven(request: pytest.FixtureRequest):
    there = {path.name for path in (ROOT / "tests" / "interop").glob("test_simulate*.py")}
    ran = {item.path.name for item in request.session.items}
    if missing_files := there - ran:
        pytest.skip(f"tells nothing without {', '.join(sorted(missing_files))}")
    known = modelled()
    assert len(known) > 400, "the list of docs/simulated-aws.md was not read"
    missing = sorted(known - DRIVEN)
    assert not missing, f"{len(missing)} of {len(known)} never driven: " + ", ".join(f"{s}:{o}" for s, o in missing)
