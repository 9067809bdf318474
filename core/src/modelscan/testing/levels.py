"""Quality levels, computed from what a suite's tests showed and from nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

import modelscan

Outcome = Literal["passed", "failed", "xfailed", "skipped", "not declared"]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What one test showed. `level` is the lowest level that it counts for."""

    outcome: Outcome
    level: str
    is_evidence: bool = False


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a suite showed of one plugin; the tests that passed by having nothing to test are left out."""

    kind: str
    name: str
    level: str
    core: str
    tests: dict[str, Outcome]


_LEVELS = ("bronze", "silver", "gold")


def level_of(tests: Mapping[str, Shown]) -> str:
    """The highest level all of whose tests, and those of the levels below, passed; empty for none.

    A test that is expected to fail, or had nothing to work on, didn't pass. Without evidence (real answers, or the
    vendor's own schema) that was read and passed, bronze is the most that there is.

    >>> passed = Shown(outcome="passed", level="bronze")
    >>> level_of({"a": passed, "b": Shown(outcome="failed", level="silver")})
    'bronze'
    """
    reached = ""
    has_evidence = any(shown.is_evidence and shown.outcome == "passed" for shown in tests.values())
    for level in _LEVELS:
        asked = [shown.outcome for shown in tests.values() if shown.level == level]
        if any(outcome not in ("passed", "not declared") for outcome in asked) or not tests:
            break
        if level != _LEVELS[0] and not has_evidence:
            break
        reached = level
    return reached


def report_of(kind: str, name: str, tests: Mapping[str, Shown]) -> bytes:
    """A plugin's `conformance.json`."""
    report = Report(
        kind=kind,
        name=name,
        level=level_of(tests),
        core=modelscan.__version__,
        tests={test: shown.outcome for test, shown in sorted(tests.items()) if shown.outcome != "not declared"},
    )
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"
