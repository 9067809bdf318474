"""`modelscan catalog`, as a person uses it: against a package that brings data, in a folder of its own."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog_packages import ACME, Packages
from modelscan.catalog import freshness
from modelscan.cli import exits
from modelscan.cli.app import run

Cli = Callable[..., tuple[int, str, str]]

AGED = ACME.replace("verified: 2026-11-20", "verified: 2026-01-02").replace("trust: secondary", "trust: unverified")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Packages:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(freshness, "_told", set())
    found = Packages(folder)
    found.put("acme", AGED)
    return found


@pytest.fixture
def cli(packages: Packages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    monkeypatch.setenv("MODELSCAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(("catalog", *arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def drawn(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """What a terminal shows."""
    terminal = Terminal()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", terminal)
        patched.setenv("COLUMNS", "160")
        assert run(("catalog", *arguments)) == 0
    return terminal.getvalue()


def test_a_seed_brings_in_what_packages_know_and_counts_it(cli: Cli) -> None:
    code, out, _ = cli("seed", "acme")
    assert code == exits.OK
    header, row, _, summary, *_ = out.splitlines()
    assert dict(zip(header.split("\t"), row.split("\t"), strict=True)) == {
        "PROVIDER": "acme",
        "PLANS": "2",
        "UNITS": "4",
        "LIMITS": "5",
        "MODELS": "4",
        "PRICED": "2",
        "PRICES": "5",
        "OFFICIAL": "6",
        "SECONDARY": "0",
        "UNVERIFIED": "4",
        "STALE": "10",
        "OLDEST": "2026-01-02",
    }
    assert summary.startswith("1 providers: 2 plans, 5 limits, 4 models, 2 of them with prices.")
    assert summary.endswith("19 rows are new or changed.")
    assert cli("seed", "acme")[1].endswith("Nothing has changed since the last import.\n")


def test_a_seed_of_all_packages_knows_57_providers_beside_the_embedded_one(cli: Cli) -> None:
    seeded = json.loads(cli("seed", "--json")[1])
    names = {one["provider"] for one in seeded["coverage"]} - {"acme"}
    assert seeded["providers"] == len(names - {"embedded"}) + 1
    assert len(names - {"embedded"}) == 57
    assert "embedded" in names


def test_a_seed_of_data_that_cannot_be_read_fails_and_says_where(cli: Cli, packages: Packages) -> None:
    cli("seed", "acme")
    packages.put("acme", AGED.replace("provider: acme", "provider: Acme!"), version="2.0")
    code, _, err = cli("seed", "acme")
    assert code == exits.FAILED
    assert "catalog.yaml:2:" in err


def test_all_that_is_known_of_a_provider_is_shown(cli: Cli) -> None:
    code, out, _ = cli("show", "acme")
    assert code == exits.OK
    for known in ("Acme (acme), version 1.0", "A refused call counts.", "team", "rpm", "acme/big-1", "not published"):
        assert known in out
    shown = json.loads(cli("show", "acme", "--json")[1])
    assert (shown["provider"]["title"], len(shown["plans"]), len(shown["limits"])) == ("Acme", 2, 5)
    assert (len(shown["models"]), len(shown["prices"])) == (4, 4)


def test_all_that_is_known_of_a_model_is_shown(cli: Cli) -> None:
    code, out, _ = cli("show", "acme/big")
    assert code == exits.OK
    for known in ("acme/big-1", "Also called: big, big-latest", "Usable context: 380,000 tokens", "Prices:", "Limits:"):
        assert known in out
    assert "tiny" not in out
    shown = json.loads(cli("show", "acme/big", "--json")[1])
    assert shown["model"]["model"]["id"] == shown["prices"]["model"] == "big-1"


def test_without_a_name_the_providers_are_shown(cli: Cli) -> None:
    assert "acme\tAcme\t2\t5\t4\t2" in cli("show")[1]
    assert "acme" in {one["provider"] for one in json.loads(cli("show", "--json")[1])}


def test_limits_are_those_of_all_plans_or_of_one_and_of_a_model(cli: Cli) -> None:
    def names(*arguments: str) -> list[list[str]]:
        return [line.split("\t")[:4] for line in cli("limits", "acme", *arguments)[1].splitlines()[1:]]

    assert ["free", "rpm", "30", "minute"] in names()
    assert ["team", "USD per day", "1.50", "day, resets at 08:00 America/Los_Angeles"] in names()
    assert {row[0] for row in names("--plan", "team")} == {"team"}
    assert names("--plan", "free", "--model", "big-1") == [
        ["free", "rpm", "5", "minute"],
        ["free", "concurrent", "4", "at once"],
    ]
    assert json.loads(cli("limits", "acme", "--plan", "free", "--json")[1])[0]["limit"]["amount"] == "30"


def test_what_nobody_has_verified_or_not_for_long_is_marked_in_a_pipe_too(cli: Cli) -> None:
    header, *rows = cli("limits", "acme", "--plan", "team")[1].splitlines()
    cells = dict(zip(header.split("\t"), rows[0].split("\t"), strict=True))
    assert (cells["TRUST"], cells["VERIFIED"]) == ("! unverified", "! 2026-11-01")
    assert cells["SOURCE"] == "https://map.example"
    assert cells["REMARKS"] == (
        "at /v1/chat; counts input tokens, -0.9 x cached tokens; counts the output asked for; Asked for by mail."
    )


def test_a_terminal_has_the_sources_below_the_table_and_marks_in_yellow(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    shown = drawn(monkeypatch, "limits", "acme", "--plan", "team")
    assert "SOURCE" not in shown
    assert "Sources:\n  https://map.example\n" in shown
    assert "\x1b[33m! unverified" in shown
    assert "\x1b[" not in cli("limits", "acme", "--plan", "team")[1]


def test_prices_come_with_their_conditions(cli: Cli) -> None:
    code, out, _ = cli("prices", "acme/big-1")
    assert code == exits.OK
    rows = [line.split("\t")[:3] for line in out.splitlines()]
    assert ["input_tokens", "0.30 USD / 1,000,000", ""] in rows
    assert ["input_tokens", "0.60 USD", "above 200,000 input_tokens"] in rows
    assert ["input_tokens", "0.15 USD / 1,000,000", "batch; in eu; Half the price."] in rows
    conditions = "resolution 1080p; sat, sun 16:30 to 00:30 Asia/Shanghai; from 2026-02-01; until 2999-01"
    assert ["sparks", "2 EUR", f"{conditions}; 10 at least; in steps of 0.5"] in rows
    assert ["requests", "0.000000075 EUR", conditions] in rows
    assert ["every price", "x 1.1", "eu"] in rows
    assert ["searches", "1,500 included per day", "plan free; shared by big; then 0.035 USD each"] in rows


def test_prices_are_those_of_a_plan_and_a_day(cli: Cli) -> None:
    assert "9,000 included per month" in cli("prices", "acme/big-1", "--plan", "team")[1]
    before = json.loads(cli("prices", "acme/big-1", "--at", "2026-01-15", "--json")[1])
    assert all("sparks" not in row["units"] for row in before["prices"])
    assert cli("prices", "acme/big-1", "--at", "soon")[0] == exits.USAGE


def test_a_model_without_prices_says_so(cli: Cli) -> None:
    code, _, err = cli("prices", "acme/tiny")
    assert code == exits.OK
    assert "No price of acme/tiny is known." in err


def test_models_are_listed_by_what_they_can(cli: Cli) -> None:
    def names(*arguments: str) -> list[str]:
        return [one["model"]["id"] for one in json.loads(cli("models", "--provider", "acme", *arguments, "--json")[1])]

    assert names() == ["big-1", "big-2-20250807", "big-2-20260101", "tiny"]
    assert names("--capability", "embed") == ["tiny"]
    assert names("--feature", "tools") == ["big-1"]
    row = cli("models", "--provider", "acme")[1].splitlines()[1].split("\t")
    assert row[:6] == [
        *("acme/big-1", "chat", "tools, json_schema, reasoning", "400,000", "20,000", "preview, retires 2027-06"),
    ]


def test_plans_are_listed_with_their_prices(cli: Cli) -> None:
    rows = [line.split("\t")[:6] for line in cli("plans", "acme")[1].splitlines()]
    assert ["free", "Free", "free", "3", "", "the default; For trying it out."] in rows
    assert ["team", "", "19.90 EUR", "2", "eu", ""] in rows
    assert [one["plan"]["id"] for one in json.loads(cli("plans", "acme", "--json")[1])] == ["free", "team"]


def test_the_history_has_what_a_price_was(cli: Cli, packages: Packages) -> None:
    cli("seed", "acme")
    packages.put("acme", AGED.replace("requests: 1}", "requests: 2}"), version="2.0")
    rows = [line.split("\t") for line in cli("history", "acme/big-2-20260101")[1].splitlines()[1:]]
    assert [row[3] for row in rows] == ["1 USD", "2 USD"]
    assert rows[0][6] == rows[1][0]  # the day on which one ended and the other began
    assert rows[1][6] == ""
    assert len(json.loads(cli("history", "acme/big-2-20260101", "--json")[1])) == 2


def test_a_diff_shows_what_an_import_would_change_and_changes_nothing(cli: Cli, packages: Packages) -> None:
    cli("seed", "acme")
    code, out, err = cli("diff", "acme")
    assert (code, out) == (exits.OK, "PROVIDER\tWHAT\tKIND\tNAME\tFROM\tTO\n")
    assert "An import would change nothing." in err
    packages.put("acme", AGED.replace("amount: 30", "amount: 31"), version="2.0")
    for _ in range(2):
        assert cli("diff", "acme")[1].splitlines()[1:] == ["acme\tchanged\tlimit\tfree rpm\tvalue 30\tvalue 31"]
    assert json.loads(cli("diff", "acme", "--json")[1])[0]["becomes"] == {"value": 31}


def test_a_diff_shows_what_has_changed_since_a_day(cli: Cli) -> None:
    cli("seed", "acme")
    assert "acme\twritten\tmodel\tbig-1\t\t" in cli("diff", "acme", "--since", "2026-01-01")[1].splitlines()
    assert "Nothing since 2999-01-01." in cli("diff", "acme", "--since", "2999-01-01")[2]


@pytest.mark.parametrize(("form", "name"), [("json", "all.json"), ("csv", "all")])
def test_what_was_exported_is_taken_in_elsewhere(
    cli: Cli, form: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("seed", "acme")
    exported = json.loads(cli("export", "--format", form, "--output", str(tmp_path / name), "--json")[1])
    monkeypatch.setenv("MODELSCAN_HOME", str(tmp_path / "elsewhere"))
    code, out, _ = cli("import", str(tmp_path / name))
    assert code == exits.OK
    assert f"{exported['models']:,} models" in out
    assert f"in {tmp_path / 'elsewhere' / 'catalog.db'}" in out


def test_a_sound_catalog_is_verified_with_a_list_of_what_is_old(cli: Cli) -> None:
    code, out, _ = cli("verify", "acme")
    assert code == exits.OK
    assert "acme\tlimit\t3\tofficial\t! 2026-01-02\thttps://acme.example/limits" in out.splitlines()
    assert "1 providers, 10 limits and prices: 0 contradictions; 10 were verified more than 7 days ago." in out
    assert json.loads(cli("verify", "acme", "--json")[1])["problems"] == []


def test_a_contradiction_is_told_with_an_exit_code(cli: Cli, packages: Packages) -> None:
    cli("seed", "acme")
    text = AGED.replace("context_tokens: 400000", "context_tokens: 4000")
    packages.put("acme", text, version="2.0")
    code, _, err = cli("verify", "acme")
    assert code == exits.FAILED
    assert err.splitlines() == ["acme: the model big-1 has less context than is said to be usable"]


@pytest.mark.parametrize("arguments", [("limits", "acne"), ("prices", "acme/bog-1"), ("seed", "acne"), ("nothing",)])
def test_a_name_that_is_unknown_is_wrong_use(cli: Cli, arguments: tuple[str, ...]) -> None:
    code, _, err = cli(*arguments)
    assert code == exits.USAGE
    assert "Traceback" not in err


def test_help_names_every_command(cli: Cli) -> None:
    code, out, _ = cli("--help")
    assert code == exits.OK
    assert run(("catalog",)) == exits.USAGE
    for command in ("seed", "show", "limits", "prices", "models", "plans", "history", "diff", "export", "verify"):
        assert f"\n  {command} " in out
        assert "Examples:" in cli(command, "--help")[1]
