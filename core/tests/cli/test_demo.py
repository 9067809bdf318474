"""`modelscan demo`: it does what it says, and touches nothing of the user's."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest

from modelscan.cli import exits
from modelscan.cli.app import run
from modelscan.cli.demo.stage import Stage
from modelscan.cli.demo.steps import catalog


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What the fast demo says where the embedded model isn't there."""
    monkeypatch.setenv("MODELSCAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MODELSCAN_PLUGINS_BLOCK", "provider:embedded")
    assert run(("demo", "--fast")) == exits.OK
    assert os.environ["MODELSCAN_HOME"] == str(tmp_path / "home")
    assert not (tmp_path / "home").exists()
    return capsys.readouterr().out


def test_the_demo_keeps_to_the_limit_and_the_budget_and_adds_up(shown: str) -> None:
    waits = [float(text) for text in re.findall(r"answered after ([\d.]+) s", shown)]
    assert len(waits) == 7
    assert waits[6] - waits[0] >= 0.6 - 0.01  # printed to a hundredth: two windows
    assert "The mock was asked 7 times and had to refuse 0." in shown
    assert re.search(r"refused: the call could cost .*, and the budget of 0\.001 USD has 0\.\d+ USD left", shown)
    assert "The mock was asked 5 times: what was refused was never sent." in shown
    assert "5 input_tokens x 0.0000025 = 0.0000125" in shown
    assert "The ledger has 0.0007350 USD; the replies add up to 0.0007350 USD." in shown


def test_the_demo_says_who_speaks_and_what_is_installed(shown: str) -> None:
    assert "embedded/smollm2" not in shown
    assert "modelscan-provider-embedded isn't installed, so the mock speaks." in shown
    assert "\nAir scatters blue light more than red light.\n" in shown
    assert re.search(r"\d+ providers can be called: .*\bopenai\b", shown)
    assert "500 requests, minute: official" in shown


def test_the_folder_is_left_as_it_was_where_none_was_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MODELSCAN_HOME")
    monkeypatch.setenv("MODELSCAN_PLUGINS_BLOCK", "provider:openai,provider:embedded")
    assert run(("demo", "--fast")) == exits.OK
    assert "MODELSCAN_HOME" not in os.environ
    assert "modelscan-demo-" in capsys.readouterr().out


async def test_there_is_time_to_read_unless_it_is_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("modelscan.cli.demo.stage.asyncio.sleep", sleep)
    await Stage(is_fast=True).pause()
    assert slept == []
    await Stage(is_fast=False).pause()
    assert slept == [1.2]


def test_without_a_package_that_knows_limits_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODELSCAN_HOME", str(tmp_path))
    monkeypatch.setattr("modelscan.catalog.importing.package_of", lambda _: None)
    asyncio.run(catalog(Stage(is_fast=True)))
    assert "the catalog has no provider 'openai': its package isn't installed." in capsys.readouterr().out


@pytest.mark.e2e
def test_the_demo_streams_an_answer_of_the_embedded_model(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("modelscan_provider_embedded")
    monkeypatch.delenv("MODELSCAN_PLUGINS_BLOCK", raising=False)
    assert run(("demo", "--fast")) == exits.OK
    out = capsys.readouterr().out
    assert "An answer of embedded/smollm2, piece by piece." in out
    assert re.search(r"first piece after [\d.]+ s, 12 tokens in [\d.]+ s", out)
