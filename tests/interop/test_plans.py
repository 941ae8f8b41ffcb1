"""The plan schema, judged by a validator that is not ours: it takes what the reader takes."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "assets/schemas/plan.schema.json").read_text())
PLANS = sorted((ROOT / "assets/plans").glob("*.toml")) + sorted((ROOT / "tests/interop/plans").glob("*.toml"))


def validator():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return jsonschema.Draft202012Validator(SCHEMA)


def faults(plan):
    return [f"{'/'.join(map(str, fault.path))}: {fault.message}" for fault in validator().iter_errors(plan)]


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.name)
def test_every_plan_fits_the_schema(path):
    assert faults(tomllib.loads(path.read_text())) == []


def test_the_example_of_the_format_page_fits_the_schema():
    page = (ROOT / "docs/plan-format.md").read_text()
    example = page.split("```toml\n")[1].split("```")[0]
    assert faults(tomllib.loads(example)) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda plan: plan["step"][0].update(confirm="enter"),
        lambda plan: plan["step"][0].update(limit="5 minutes"),
        lambda plan: plan["step"][0].pop("title"),
        lambda plan: plan["step"][0].update(titel="x"),
        lambda plan: plan["step"][0]["with"].update(severity="5"),
        lambda plan: plan["step"][0].update(when={"mode": "forced", "choice": "mode"}),
        lambda plan: plan["sites"].pop("recovery"),
        lambda plan: plan["sites"]["primary"].update(account=111122223333),
    ],
)
def test_what_the_reader_refuses_by_its_shape_the_schema_refuses_too(change):
    plan = tomllib.loads((ROOT / "assets/plans/shop.toml").read_text())
    change(plan)
    assert faults(plan)
