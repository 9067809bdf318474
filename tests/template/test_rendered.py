"""What the template renders passes its own tests before a line is written: all kinds do in `nox -s template`."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelscan.authoring.linting import lint
from rendered import rendered, run_tests


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("provider", {"family": "openai-compatible"}),
        ("provider", {"family": "rest", "capabilities": ("chat", "embed", "rerank", "search"), "auth": "header"}),
        ("hook", {}),
    ],
    ids=["openai-compatible", "rest", "hook"],
)
def test_a_new_plugin_passes_its_own_tests_and_the_check(tmp_path: Path, kind: str, given: dict[str, object]) -> None:
    plugin = rendered(tmp_path, kind, "new-acme", **given)
    assert lint(plugin) == []
    found = run_tests(plugin)
    assert found.returncode == 0, found.stdout + found.stderr
    assert " passed" in found.stdout
