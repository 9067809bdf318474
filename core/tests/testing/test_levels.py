"""Levels are computed from what tests showed, and capped by evidence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from modelscan.testing.levels import Outcome, Shown, level_of


def shown(outcome: Outcome, level: str, *, is_evidence: bool = False) -> Shown:
    return Shown(outcome=outcome, level=level, is_evidence=is_evidence)


ALL = {
    "a": shown("passed", "bronze"),
    "b": shown("passed", "silver"),
    "c": shown("passed", "silver", is_evidence=True),
    "d": shown("passed", "gold"),
}


def test_all_that_passes_with_evidence_is_gold() -> None:
    assert level_of(ALL) == "gold"


def test_nothing_shown_is_no_level() -> None:
    assert level_of({}) == ""


@pytest.mark.parametrize("outcome", ["failed", "xfailed", "skipped"])
@pytest.mark.parametrize(("test", "level"), [("a", ""), ("b", "bronze"), ("d", "silver")])
def test_what_didn_t_pass_keeps_its_level_and_those_above_away(outcome: Outcome, test: str, level: str) -> None:
    assert level_of({**ALL, test: shown(outcome, ALL[test].level)}) == level


def test_what_isn_t_declared_takes_nothing_away() -> None:
    assert level_of({**ALL, "b": shown("not declared", "silver")}) == "gold"


def test_without_evidence_bronze_is_the_most() -> None:
    evidence = shown("not declared", "silver", is_evidence=True)
    assert level_of({**ALL, "c": evidence}) == "bronze"


SUITE = """
from modelscan.testing.conformance import ProviderSuite
from modelscan.testing.scripted import plain_provider

class TestPlain(ProviderSuite):
    provider = plain_provider()
    module = "modelscan.testing.scripted"
    xfail = {"test_every_status_from_400_is_an_error_of_its_class": "it is for tests of other things"}
"""


def test_a_run_writes_what_it_showed_beside_its_file(tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "modelscan.testing.pytest_plugin", "--conformance-report"]
    run = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False, cwd=tmp_path)
    report = json.loads((tmp_path / "conformance.json").read_text())
    assert report["kind"] == "provider", run.stdout
    assert report["name"] == "plain"
    assert report["level"] in ("", "bronze")
    assert report["tests"]["test_its_name_is_its_entry_point_s"] == "passed"
    assert report["tests"]["test_a_whole_answer_is_read_as_it_was_meant"] == "skipped"
