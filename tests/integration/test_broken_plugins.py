"""Every way in which a plugin can be broken leaves all other commands working, and `modelscan plugins` names it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fake_distributions import GOOD_PROVIDER, install

BROKEN: dict[str, str | None] = {
    "importerror": "import a_module_that_does_not_exist",
    "syntaxerror": "def broken(:",
    "systemexit": "import sys; sys.exit('gone')",
    "signature": """
        from modelscan.hookspecs import hookimpl
        @hookimpl
        def modelscan_provider(client, loop): ...
    """,
    "wrongtype": """
        from modelscan.hookspecs import hookimpl
        @hookimpl
        def modelscan_provider(): return "a provider"
    """,
    "raises": """
        from modelscan.hookspecs import hookimpl
        @hookimpl
        def modelscan_provider(): raise ValueError("no luck")
    """,
    "nothing": None,
    "misspelt": """
        from modelscan.hookspecs import hookimpl
        @hookimpl
        def modelscan_providr(): ...
    """,
    "otherapi": """
        PLUGIN_API = 99
        from modelscan.hookspecs import hookimpl
        from modelscan.testing.scripted import plain_provider
        @hookimpl
        def modelscan_provider(): return plain_provider("otherapi")
    """,
    "othername": GOOD_PROVIDER.format(name="somebody-else"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("broken")
    for name, source in BROKEN.items():
        install(path, name, source)
    install(path, "good", GOOD_PROVIDER.format(name="good"))
    install(path, "twice", GOOD_PROVIDER.format(name="twice"))
    (path / "other").mkdir()
    install(path, "twice", GOOD_PROVIDER.format(name="twice"), distribution="somebody-elses-plugin")
    slow = "import time; time.sleep(1.2)\n" + "\n".join(line[4:] for line in GOOD_PROVIDER.splitlines())
    install(path, "slow", slow.format(name="slow"))
    return path


def modelscan(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "modelscan", *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


@pytest.fixture(scope="module")
def records(folder: Path) -> dict[str, dict[str, Any]]:
    done = modelscan(folder, "plugins", "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return {record["name"] + ("" if record["state"] != "conflict" else " (conflict)"): record for record in found}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_named_with_what_is_wrong(name: str, records: dict[str, dict[str, Any]]) -> None:
    record = records[name]
    assert record["state"] == ("incompatible" if name == "otherapi" else "broken")
    assert record["error"]
    assert record["distribution"] == f"modelscan-provider-{name}"


def test_a_good_plugin_among_broken_ones_works(records: dict[str, dict[str, Any]]) -> None:
    assert records["good"]["state"] == "loaded"


def test_of_two_with_one_name_ours_wins_and_the_other_is_shown(records: dict[str, dict[str, Any]]) -> None:
    assert records["twice"]["distribution"] == "modelscan-provider-twice"
    assert records["twice (conflict)"]["distribution"] == "somebody-elses-plugin"


def test_a_slow_import_is_reported(records: dict[str, dict[str, Any]]) -> None:
    assert records["slow"]["is_slow"]


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["plugins", "--no-load"], ["plugins"], ["models", "good"]]
)
def test_every_other_command_goes_on(folder: Path, arguments: list[str]) -> None:
    done = modelscan(folder, *arguments)
    assert "Traceback" not in done.stdout + done.stderr
    if arguments != ["models", "good"]:  # the plain provider lists no models, and says so
        assert done.returncode == 0, done.stderr
    else:
        assert "has no models" in done.stderr


def test_calling_a_broken_provider_says_what_is_wrong_without_a_traceback(folder: Path) -> None:
    done = modelscan(folder, "chat", "-m", "importerror/m", "hi")
    assert done.returncode == 3
    assert "a_module_that_does_not_exist" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_provider_says_what_to_install(folder: Path) -> None:
    done = modelscan(folder, "chat", "-m", "goood/m", "hi")
    assert done.returncode == 3
    assert "good" in done.stderr
    assert "pip install modelscan-provider-goood" in done.stderr
