"""The fixtures that the pytest plugin brings, in a run of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SPENDS = """
from decimal import Decimal
from modelscan.types.chat import ChatReply
from modelscan.types.messages import assistant
from modelscan.types.money import Cost, Money

def reply(amount):
    return ChatReply(message=assistant("hi"), cost=Cost(total=Money(Decimal(amount))))

def test_one(test_budget):
    assert test_budget.spent(reply("0.01")).text == "hi"

def test_two(test_budget):
    test_budget.spent(reply("0.011"))

def test_three(test_budget):
    pass
"""
PLAYS = """
import pytest
from modelscan import AsyncClient
from modelscan.contracts.http import HttpRequest
from modelscan.contracts.transport import Timeouts

async def test_the_server_answers(cassette):
    transport = cassette("hello", origin="a server of this machine")
    exchange = await transport.send(HttpRequest(method="GET", url="{url}"), timeouts=Timeouts())
    assert await exchange.read() == b"hello"
    await transport.close()
"""
INI = "[pytest]\nasyncio_mode = auto\n"


def run(folder: Path, *arguments: str, **environment: str) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "modelscan.testing.pytest_plugin", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env={**os.environ, **environment}
    )
    return done.stdout


def test_a_test_may_spend_a_cent_and_a_run_its_budget(tmp_path: Path) -> None:
    (tmp_path / "test_spends.py").write_text(SPENDS)
    shown = run(tmp_path, E2E_BUDGET="0.021")
    assert "1 passed" in shown
    assert "1 failed" in shown
    assert "the test has spent 0.011 USD, and may spend 0.01 USD" in shown
    assert "the run has spent its 0.021 USD (E2E_BUDGET)" in shown


async def test_a_cassette_is_recorded_once_and_replayed_after(tmp_path: Path) -> None:
    import asyncio

    from modelscan.testing.loopback import LoopbackServer, answer

    (tmp_path / "pytest.ini").write_text(INI)
    async with LoopbackServer(answer(b"hello")) as server:
        (tmp_path / "test_plays.py").write_text(PLAYS.replace("{url}", server.url))
        assert "there is no cassette" in await asyncio.to_thread(run, tmp_path)
        assert "1 passed" in await asyncio.to_thread(run, tmp_path, "--record")
        assert len(server.requests) == 1
        assert "1 passed" in await asyncio.to_thread(run, tmp_path)
        assert len(server.requests) == 1


def test_the_plugin_says_what_it_adds() -> None:
    shown = run(Path.cwd(), "--help")
    assert "--conformance-report" in shown
    assert "--record" in shown


@pytest.mark.parametrize("module", ["httpx", "apsw", "yaml", "attrs", "msgspec"])
def test_the_plugin_imports_nothing_before_it_is_needed(module: str) -> None:
    program = f"import sys, pytest; import modelscan.testing.pytest_plugin; print({module!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
