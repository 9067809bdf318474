"""`modelscan cost`, against a ledger that was written before."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from modelscan.accounting.entry import Entry, ledger_file
from modelscan.accounting.ledger import Ledger
from modelscan.cli.app import run
from modelscan.cli.exits import USAGE
from modelscan.types.money import Certainty, Cost, Money

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELSCAN_HOME", str(tmp_path))
    return tmp_path


def spend(model: str, day: int, amount: str | None, certainty: Certainty = "measured", **tags: str) -> Entry:
    return Entry(
        call_id="call-1",
        at=datetime(2026, 11, day, tzinfo=UTC),
        provider="acme",
        account="acme/default",
        model=model,
        capability="chat",
        tags=tags,
        cost=Cost(None if amount is None else Money(Decimal(amount)), certainty=certainty),
    )


@pytest.fixture
def spent(home: Path) -> None:
    ledger = Ledger(ledger_file({"MODELSCAN_HOME": str(home)}))
    for each in (
        spend("big-1", 1, "0.1", feature="faq"),
        spend("big-1", 2, "0.0000001", "estimated", feature="faq"),
        spend("small-1", 2, "0.2", "bound"),
        spend("new-1", 3, None),
    ):
        ledger.append(each)
    ledger.close()


@pytest.mark.usefixtures("spent")
def test_sums_go_by_model_and_what_was_not_measured_is_told(capsys: Captured) -> None:
    assert run(["cost"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "MODEL\tCOST\tCURRENCY\tESTIMATED\tBOUND\tATTEMPTS\tUNPRICED",
        "acme/big-1\t0.1000001\tUSD\t0.0000001\t0\t2\t0",
        "acme/new-1\t0\t\t0\t0\t1\t1",
        "acme/small-1\t0.2\tUSD\t0\t0.2\t1\t0",
    ]
    assert err.splitlines() == [
        "Total: 0.3000001 USD; of it 0.0000001 is estimated, and 0.2 the most that it can have been.",
        "1 attempts are in no sum: what they cost isn't known.",
    ]


@pytest.mark.usefixtures("spent")
def test_sums_by_several_dimensions_are_printed_as_json(capsys: Captured) -> None:
    assert run(["cost", "--by", "day", "--by", "tag:feature", "--until", "2026-11-02T00:00", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == [
        {
            "group": {"day": "2026-11-01", "tag:feature": "faq"},
            "cost": "0.1",
            "currency": "USD",
            "estimated": "0",
            "bound": "0",
            "attempts": 1,
            "unpriced": 0,
        }
    ]
    assert err == "Total: 0.1 USD.\n"


@pytest.mark.usefixtures("spent")
def test_sums_are_printed_as_csv(capsys: Captured) -> None:
    assert run(["cost", "--by", "provider", "--since", "2026-11-02T01:00:00+0100", "--csv"]) == 0
    assert list(csv.DictReader(io.StringIO(capsys.readouterr().out))) == [
        {
            "provider": "acme",
            "cost": "0.2000001",
            "currency": "USD",
            "estimated": "0.0000001",
            "bound": "0.2",
            "attempts": "3",
            "unpriced": "1",
        }
    ]


@pytest.mark.usefixtures("spent")
def test_each_attempt_is_listed_as_csv_or_json(capsys: Captured) -> None:
    assert run(["cost", "--attempts", "--since", "2026-11-02"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["model"], row["amount"]) for row in rows] == [
        ("big-1", "0.0000001"),
        ("small-1", "0.2"),
        ("new-1", ""),
    ]
    assert run(["cost", "--attempts", "--json", "--until", "2026-11-02"]) == 0
    assert [json.loads(line)["tags"] for line in capsys.readouterr().out.splitlines()] == [{"feature": "faq"}]


def test_an_empty_ledger_is_said_to_be_empty_and_not_made(capsys: Captured, home: Path) -> None:
    assert run(["cost"]) == 0
    assert f"Nothing was spent, as the ledger {home / 'ledger.sqlite3'} has it." in capsys.readouterr().err
    assert list(home.iterdir()) == []


def test_a_moment_or_a_dimension_that_is_none_is_wrong_use(capsys: Captured, home: Path) -> None:
    Ledger(home / "ledger.sqlite3").append(spend("big-1", 1, "1"))
    assert run(["cost", "--since", "yesterday"]) == USAGE
    assert run(["cost", "--json", "--csv"]) == USAGE
    capsys.readouterr()
    assert run(["cost", "--by", "vendor"]) == USAGE
    assert "not by 'vendor'" in capsys.readouterr().err
