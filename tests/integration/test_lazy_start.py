"""A start imports what it needs and no more, however many plugins are installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fake_distributions import GOOD_PROVIDER, install

HEAVY = ("httpx", "apsw", "rich", "asyncio.base_events", "aiohttp")
FOR_OTHER_CALLS = ("modelscan.client.flows", "modelscan.client.jobs", "modelscan.client.live", "html", "difflib")
PLUGINS = 60


@pytest.fixture(scope="module")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sixty")
    for number in range(PLUGINS):
        install(folder, f"fake{number}", GOOD_PROVIDER.format(name=f"fake{number}"))
    return folder


def modules_after(code: str, folder: Path) -> set[str]:
    """The modules that a fresh interpreter has imported after running some code."""
    program = f"import sys\n{code}\nsys.stderr.write(chr(10).join(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines())


RUN = "from modelscan.cli.app import run\nassert run({arguments!r}) == 0"


def test_help_imports_no_plugin_and_nothing_heavy(sixty: Path) -> None:
    modules = modules_after(RUN.format(arguments=["--help"]), sixty)
    assert not [name for name in modules if name.startswith("modelscan_provider_")]
    assert not modules & set(HEAVY)


def test_help_lists_the_commands_of_plugins_even_beside_a_distribution_that_cannot_be_read(tmp_path: Path) -> None:
    install(tmp_path, "greet", "1 / 0", kind="command")
    for is_readable in (True, False):
        if not is_readable:
            install(tmp_path, "garbled", None)
            broken = tmp_path / "modelscan_provider_garbled-1.0.dist-info" / "entry_points.txt"
            broken.write_text("[x]\nno equals sign\n", encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        command = [sys.executable, "-m", "modelscan", "--help"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert "greet" in done.stdout


def test_importing_the_package_is_light(sixty: Path) -> None:
    modules = modules_after("import modelscan", sixty)
    assert not modules & {*HEAVY, "pluggy", "msgspec", "attrs", "importlib_metadata"}


def test_a_call_to_one_provider_imports_one(sixty: Path) -> None:
    code = """
from modelscan import Client
from modelscan.testing.scripted import Answer, ScriptedTransport
transport = ScriptedTransport(Answer(pieces=[b"hello\\n", b"end\\n"]))
with Client(transport=transport, config=False) as client:
    assert client.chat("hi", model="fake7/m").text == "hello"
    sys.stderr.write(chr(10).join(sys.modules))
    sys.stderr = open(os.devnull, "w")  # the ledger is written after the call, by a thread of its own
"""
    modules = modules_after(f"import os\n{code}", sixty)
    assert [name for name in modules if name.startswith("modelscan_provider_")] == ["modelscan_provider_fake7"]
    assert not modules & {"httpx", "apsw", "rich", "aiohttp", *FOR_OTHER_CALLS}
