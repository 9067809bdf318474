"""Atheris finds no input that breaks a codec: fuzzing that is guided by the code that an input reaches."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from fuzz_targets import TARGETS

RUNS = 20_000
LONGEST_S = 600
SCRIPT = Path(__file__).with_name("coverage_guided.py")


@pytest.mark.long
@pytest.mark.skipif(
    find_spec("atheris") is None, reason="Atheris isn't installed: nox -s long does, where it has a wheel"
)
@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_a_target(name: str, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), name, f"-runs={RUNS}", f"-artifact_prefix={tmp_path}/"],
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert f"Done {RUNS} runs" in ran.stderr
