"""go.py finds a uv that works, and has it run the right thing."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from workspace import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the fake uv is a script with a shebang")

UV = """#!{python}
import json, os, sys
if sys.argv[1:] == ["--version"]:
    print("uv {version} (a fake)")
else:
    told = {{"uv": sys.argv[0], "arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}}
    print(json.dumps(told))
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with nothing but go.py in it."""
    clone = tmp_path / "clone"
    clone.mkdir()
    shutil.copy(ROOT / "go.py", clone)
    return clone


def put(path: Path, text: str) -> Path:
    """A program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def uv_at(path: Path, version: str = "0.13.9") -> Path:
    """A fake uv that tells how it was called."""
    return put(path, UV.format(python=sys.executable, version=version))


def go(clone: Path, *arguments: str, path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run go.py from another folder with this PATH."""
    command = [sys.executable, str(clone / "go.py"), *arguments]
    given = {"PATH": str(path), "HOME": str(clone.parent), **environment}
    return subprocess.run(command, cwd=clone.parent, env=given, capture_output=True, text=True, check=False)


def test_a_command_goes_through_with_the_running_python_and_no_development_groups(clone: Path) -> None:
    uv = uv_at(clone.parent / "bin" / "uv")
    told = json.loads(go(clone, "chat", "Why?", "--json", path=uv.parent).stdout)
    assert told["arguments"][:6] == ["run", "--quiet", "--project", str(clone), "--python", sys.executable]
    assert told["arguments"][6:] == ["--no-default-groups", "--group", "app", "modelscan", "chat", "Why?", "--json"]
    assert told["folder"] == str(clone.parent)


def test_the_tests_run_in_the_clone_and_take_more_arguments(clone: Path) -> None:
    uv = uv_at(clone.parent / "bin" / "uv")
    told = json.loads(go(clone, "test", "-k", "stream", path=uv.parent).stdout)
    assert told["arguments"][-5:] == ["python", "-m", "pytest", "-k", "stream"]
    assert told["folder"] == str(clone)


def test_no_interpreter_is_downloaded_and_another_projects_environment_is_left_alone(clone: Path) -> None:
    uv = uv_at(clone.parent / "bin" / "uv")
    told = json.loads(go(clone, "chat", path=uv.parent, VIRTUAL_ENV="elsewhere").stdout)
    assert told["environment"]["UV_PYTHON_DOWNLOADS"] == "never"
    assert "VIRTUAL_ENV" not in told["environment"]


@pytest.mark.parametrize("home", ["", "/nonexistent/home"])
def test_without_a_home_the_cache_is_in_the_clone(clone: Path, home: str) -> None:
    uv = uv_at(clone.parent / "bin" / "uv")
    told = json.loads(go(clone, "chat", path=uv.parent, HOME=home).stdout)
    assert told["environment"]["UV_CACHE_DIR"] == str(clone / ".cache" / "uv")


def test_with_a_home_the_cache_is_uvs_own(clone: Path) -> None:
    uv = uv_at(clone.parent / "bin" / "uv")
    assert "UV_CACHE_DIR" not in json.loads(go(clone, "chat", path=uv.parent).stdout)["environment"]


@pytest.mark.parametrize(
    "unusable",
    ["#!/bin/sh\necho 'no such command' >&2; exit 127\n", UV.format(python=sys.executable, version="0.4.30")],
    ids=["a shim for nothing", "too old"],
)
def test_a_uv_that_is_unusable_is_passed_over_for_the_private_one(clone: Path, unusable: str) -> None:
    shim = put(clone.parent / "bin" / "uv", unusable)
    own = uv_at(clone / ".boot" / "bin" / "uv")
    assert json.loads(go(clone, "chat", path=shim.parent).stdout)["uv"] == str(own)


def test_a_python_without_venv_is_told_what_to_install(clone: Path) -> None:
    put(clone / "venv.py", "raise SystemExit(1)")
    found = go(clone, "chat", path=clone, PYTHONPATH=str(clone))
    assert found.returncode == 1
    assert "apt install python3-venv" in found.stderr


def test_a_python_that_is_too_old_is_told_which_is_needed(clone: Path) -> None:
    put(clone / "old.py", "import sys; sys.version_info = (3, 9, 1); import go; sys.exit(go.main('chat'))")
    found = subprocess.run([sys.executable, "old.py"], cwd=clone, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert found.stderr == "ModelScan needs Python 3.11 or newer, and this is 3.9.\n"
