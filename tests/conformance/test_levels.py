"""The level that a plugin is published with is the one that its own tests showed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
import pytest

from modelscan.testing import conformance
from modelscan.testing.levels import Report

ROOT = Path(__file__).parents[2]
REPORTS = sorted(ROOT.glob("plugins/*/*/tests/conformance.json"))
_KEYWORD = "modelscan-level-"


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.parts[-3])
def test_a_plugin_is_published_with_the_level_that_its_tests_showed(path: Path) -> None:
    project = tomllib.loads((path.parents[1] / "pyproject.toml").read_text())["project"]
    levels = [word.removeprefix(_KEYWORD) for word in project["keywords"] if word.startswith(_KEYWORD)]
    assert levels == [msgspec.json.decode(path.read_bytes(), type=Report).level]


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.parts[-3])
def test_a_report_tells_of_tests_that_exist(path: Path) -> None:
    report = msgspec.json.decode(path.read_bytes(), type=Report)
    suite = getattr(conformance, f"{report.kind.capitalize()}Suite")
    assert report.tests
    assert report.tests.keys() <= set(dir(suite)), "run pytest --conformance-report anew"


def test_a_plugin_without_a_report_claims_no_level() -> None:
    for path in ROOT.glob("plugins/*/*/pyproject.toml"):
        words = tomllib.loads(path.read_text())["project"].get("keywords", [])
        has_report = (path.parent / "tests" / "conformance.json").exists()
        claimed = [word for word in words if word.startswith(_KEYWORD) and word != f"{_KEYWORD}data"]
        assert has_report or not claimed, path


def test_the_first_party_providers_reach_gold() -> None:
    reports = {path.parts[-3]: msgspec.json.decode(path.read_bytes(), type=Report) for path in REPORTS}
    assert {name: reports[name].level for name in ("anthropic", "embedded", "gemini", "openai")} == dict.fromkeys(
        ("anthropic", "embedded", "gemini", "openai"), "gold"
    )
