"""`modelscan limits`: how limits and budgets stand, in a pipe and on a terminal."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog_packages import ACME, Packages
from fake_distributions import install
from modelscan.catalog import freshness
from modelscan.cli import exits
from modelscan.cli.app import run
from modelscan.cli.limits import _HEADERS, _row
from modelscan.types.standing import LimitStatus

Cli = Callable[..., tuple[int, str, str]]

KEYED = """
    from modelscan.contracts.provider import Connection
    from modelscan.hookspecs import hookimpl
    from modelscan.testing.scripted import plain_provider
    from modelscan.wire.schemes import Bearer
    @hookimpl
    def modelscan_provider():
        url, bearer = {"default": "https://keyed.example.org"}, {"default": Bearer()}
        return plain_provider("keyed", connection=Connection(base_urls=url, schemes=bearer, env=("KEYED_API_KEY",)))
"""
CONFIGURATION = """
[accounts.acme]
plan = "free"
[providers.mine]
limits = [{ unit = "requests", amount = 5, window_s = 60 }]
[[budgets]]
amount = "5.00"
per = "day"
"""


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(freshness, "_told", set())
    monkeypatch.setenv("MODELSCAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "modelscan_provider_keyed", raising=False)
    aged = ACME.replace("verified: 2026-11-20", "verified: 2026-01-02")
    install(folder, "keyed", KEYED)
    Packages(folder).put("acme", aged)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(("limits", *arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def rows_of(out: str) -> list[dict[str, str]]:
    header, *rows = out.splitlines()
    return [dict(zip(header.split("\t"), row.split("\t"), strict=True)) for row in rows]


def test_limits_of_the_configured_accounts_and_budgets_are_shown(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "modelscan.toml").write_text(CONFIGURATION)
    code, out, _ = cli()
    assert code == exits.OK
    by_account: dict[str, list[dict[str, str]]] = {}
    for row in rows_of(out):
        by_account.setdefault(row["ACCOUNT"], []).append(row)
    first = by_account["acme/default"][0]
    assert (first["LIMIT"], first["USED"], first["LEFT"], first[""]) == ("28 requests a minute", "0", "28", "0%")
    assert (first["FROM"], first["VERIFIED"]) == ("catalog, plan free", "! 2026-01-02 official")
    assert [row["LIMIT"] for row in by_account["mine/default"]] == ["5 requests a minute"]
    assert by_account["mine/default"][0]["FROM"] == "given"
    (budget,) = [row for rows in by_account.values() for row in rows if row["FROM"] == "budget"]
    assert (budget["LIMIT"], budget["LEFT"]) == ("the budget of 5 USD a day", "5")


def test_limits_of_one_provider_are_those_of_its_default_plan(cli: Cli) -> None:
    assert {row["ACCOUNT"] for row in rows_of(cli("acme")[1])} == {"acme/default"}
    told = json.loads(cli("acme", "--json")[1])[0]
    assert (told["amount"], told["used"], told["left"], told["origin"]) == (28, 0, 28, "catalog")


def test_without_accounts_and_keys_it_says_where_limits_are(cli: Cli) -> None:
    code, out, err = cli("nobody")
    assert (code, out.count("\n")) == (exits.OK, 1)
    assert "No limit of nobody is known." in err
    assert "modelscan catalog limits" in cli()[2]


def test_a_provider_with_a_key_needs_no_configuration(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Packages(tmp_path / "site").put("other", ACME.replace("provider: acme", "provider: keyed"))
    data, package = tmp_path / "site" / "modelscan_provider_other", tmp_path / "site" / "modelscan_provider_keyed"
    package.mkdir()
    (package / "catalog.yaml").write_bytes((data / "catalog.yaml").read_bytes())
    (tmp_path / "site" / "modelscan_provider_keyed.py").rename(package / "__init__.py")
    assert "keyed/default" not in cli()[1]
    monkeypatch.setenv("KEYED_API_KEY", "secret-key-0123456789")
    out = cli()[1]
    assert "keyed/default" in {row["ACCOUNT"] for row in rows_of(out)}
    assert "secret" not in out


def told(**changes: object) -> LimitStatus:
    status = {"account": "a/default", "limit": "9 requests a day", "unit": "requests", "kind": "rate", "amount": 10}
    return LimitStatus(**{**status, "used": 0, **changes})  # type: ignore[arg-type] # as the test says


def cells(monkeypatch: pytest.MonkeyPatch, encoding: str = "utf-8", **changes: object) -> dict[str, str]:
    """A row as a terminal has it."""
    terminal = Terminal()
    terminal.encoding = encoding
    monkeypatch.setattr(sys, "stdout", terminal)
    return dict(zip(_HEADERS, _row(told(**changes)), strict=True))


def test_a_terminal_has_bars_that_catch_the_eye_when_little_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cells(monkeypatch, used=4)[""] == "████░░░░░░ 40%"
    assert cells(monkeypatch, used=4, encoding="ascii")[""] == "####...... 40%"
    assert cells(monkeypatch, used=8)[""] == "! ████████░░ 80%"
    in_debt = cells(monkeypatch, used=15)
    assert (in_debt[""], in_debt["USED"], in_debt["LEFT"]) == ("! ██████████ 150%", "15", "0")


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, ""), (2.25, "in 2.2 s"), (90, "in 1.5 min"), (7200, "in 2.0 h"), (864000, "in 10.0 d")]
)
def test_a_reset_is_told_in_a_time_that_people_read(
    monkeypatch: pytest.MonkeyPatch, seconds: float | None, text: str
) -> None:
    assert cells(monkeypatch, reset_s=seconds)["RESETS"] == text


def test_who_told_of_a_limit_and_how_surely(monkeypatch: pytest.MonkeyPatch) -> None:
    learned = cells(monkeypatch, origin="learned")
    assert (learned["FROM"], learned["VERIFIED"]) == ("learned", "")
    fresh = cells(monkeypatch, origin="catalog", verified="2026-11-20", trust="official")
    assert (fresh["FROM"], fresh["VERIFIED"]) == ("catalog", "2026-11-20 official")
    assert cells(monkeypatch, origin="catalog", trust="unverified")["VERIFIED"] == "! never unverified"
    assert cells(monkeypatch, unit="USD", amount=5 * 10**9, used=1_250_000_000, origin="budget")["LEFT"] == "3.75"
