"""What was spent: exact sums by any dimension, and the entries for other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelscan.accounting.entry import Entry
from modelscan.accounting.export import COLUMNS, as_csv, as_json_lines
from modelscan.accounting.ledger import Ledger
from modelscan.accounting.spending import Spent
from modelscan.types.money import Certainty, Cost, Money
from modelscan.types.usage import Usage

AT = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)


def entry(amount: str | None, currency: str = "USD", certainty: Certainty = "measured", **changes: Any) -> Entry:
    total = None if amount is None else Money(Decimal(amount), currency)
    values: dict[str, Any] = {
        "call_id": "call-1",
        "at": AT,
        "provider": "acme",
        "account": "acme/default",
        "model": "big-1",
        "capability": "chat",
        "cost": Cost(total, certainty=certainty),
    }
    return Entry(**(values | changes))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    kept = Ledger(tmp_path / "ledger.sqlite3")
    for each in (
        entry("0.1", tags={"feature": "faq"}, budgets=("team|", "day|")),
        entry("0.1", tags={"feature": "faq", "x": "1"}, budgets=("day|",), principal="ann"),
        entry("0.1", model="small-1", certainty="bound", at=AT + timedelta(hours=1)),
        entry("0.0000000000000000000000001", certainty="estimated", provider="other", account="other/work"),
        entry("7", "CNY", provider="other", account="other/work", capability="embed", outcome="TimeoutError"),
        entry(None, provider="none", model="m", budgets=("day|",)),
    ):
        kept.append(each)
    yield kept
    kept.close()


def amounts(spent: tuple[Spent, ...]) -> dict[tuple[str, ...], Decimal]:
    return {each.group: each.total for each in spent}


def test_sums_are_exact_for_each_currency_and_say_what_is_no_measurement(ledger: Ledger) -> None:
    assert ledger.spent() == (
        Spent(group=(), total=Decimal(7), currency="CNY", attempts=2, unpriced=1),
        Spent(
            group=(),
            total=Decimal("0.3000000000000000000000001"),
            currency="USD",
            estimated=Decimal("0.0000000000000000000000001"),
            bound=Decimal("0.1"),
            attempts=4,
        ),
    )


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (("model",), {("acme/big-1",): "0.2", ("acme/small-1",): "0.1", ("none/m",): "0"}),
        (("provider", "certainty"), {("acme", "measured"): "0.2", ("acme", "bound"): "0.1", ("none", "measured"): "0"}),
        (("account",), {("acme/default",): "0.3"}),
        (("day",), {("2026-11-24",): "0.2", ("2026-11-25",): "0.1"}),
        (("tag:feature",), {("faq",): "0.2", ("",): "0.1"}),
        (("tag:x", "principal"), {("1", "ann"): "0.1", ("", ""): "0.2"}),
        (("capability", "outcome"), {("chat", "ok"): "0.3"}),
    ],
)
def test_sums_go_by_any_dimensions(ledger: Ledger, by: tuple[str, ...], expected: dict[tuple[str, ...], str]) -> None:
    spent = ledger.spent(by=by, where={"certainty": "measured"}) + ledger.spent(by=by, where={"certainty": "bound"})
    sums: dict[tuple[str, ...], Decimal] = {}
    for each in spent:
        if each.currency != "CNY":
            sums[each.group] = sums.get(each.group, Decimal(0)) + each.total
    assert sums == {group: Decimal(amount) for group, amount in expected.items()}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"model": "acme/big-1"}, "0.2"),
        ({"tag:feature": "faq", "principal": "ann"}, "0.1"),
        ({"tag:feature": "other"}, None),
        ({"budget": "day|"}, "0.2"),
        ({"budget": "team|"}, "0.1"),
        ({"currency": "CNY"}, "7"),
    ],
)
def test_sums_are_narrowed_down(ledger: Ledger, where: dict[str, str], expected: str | None) -> None:
    assert [each.total for each in ledger.spent(where=where)] == ([] if expected is None else [Decimal(expected)])


def test_a_span_begins_with_its_first_moment_and_ends_before_its_last(ledger: Ledger) -> None:
    later = AT + timedelta(hours=1)
    assert [each.total for each in ledger.spent(since=later)] == [Decimal("0.1")]
    assert sum(each.attempts for each in ledger.spent(until=later)) == 5
    assert len(list(ledger.entries(since=AT, until=later, where={"provider": "acme"}))) == 2


def test_a_budget_is_told_what_it_has_counted_each_cost_rounded_up(ledger: Ledger) -> None:
    assert ledger.spent_nano(None, {}) == 300_000_001
    assert ledger.spent_nano(AT, {"budget": "day|"}) == 200_000_000
    assert ledger.spent_nano(AT + timedelta(hours=1), {"budget": "day|"}) == 0
    assert ledger.spent_nano(None, {"provider": "other"}, "CNY") == 7 * 10**9


def test_a_sum_may_be_greater_than_what_sqlite_can_add_up(ledger: Ledger) -> None:
    for _ in range(3):
        ledger.append(entry("9000000000", model="dear"))
    assert ledger.spent_nano(None, {"model": "acme/dear"}) == 27 * 10**18


def test_an_unknown_dimension_is_told_with_those_there_are(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "none.sqlite3")
    with pytest.raises(ValueError, match="provider.*not by 'vendor'"):
        ledger.spent(by=("vendor",))
    with pytest.raises(ValueError, match="tag:NAME, not by 'tag'"):
        ledger.spent(where={"tag": "feature"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(st.lists(st.decimals("0", "1e9", places=15), min_size=1, max_size=50))
def test_a_sum_is_that_of_its_entries_to_the_last_digit(tmp_path: Path, costs: list[Decimal]) -> None:
    path = tmp_path / "sums.sqlite3"
    path.unlink(missing_ok=True)
    ledger = Ledger(path)
    for each in costs:
        ledger.append(entry(str(each)))
    (spent,) = ledger.spent()
    ledger.close()
    assert spent.total == sum(costs)
    assert spent.attempts == len(costs)


def test_entries_are_written_as_csv(ledger: Ledger) -> None:
    ledger.append(entry("0.5", usage=Usage(input_tokens=3), model='odd, "name"', at=AT + timedelta(days=1)))
    rows = list(csv.DictReader(io.StringIO("\n".join(as_csv(ledger.entries())))))
    assert len(rows) == 7
    assert tuple(rows[0]) == COLUMNS
    assert (rows[0]["amount"], rows[0]["tags"], rows[0]["budgets"]) == ("0.1", '{"feature":"faq"}', '["team|","day|"]')
    assert (rows[-1]["model"], json.loads(rows[-1]["usage"])) == ('odd, "name"', {"input_tokens": 3})


def test_entries_are_written_as_json_with_amounts_as_text(ledger: Ledger) -> None:
    objects = [json.loads(line) for line in as_json_lines(ledger.entries())]
    assert (objects[0]["amount"], objects[0]["tags"], objects[0]["at"]) == (
        "0.1",
        {"feature": "faq"},
        "2026-11-24T23:30:00+00:00",
    )
    assert [each["currency"] for each in objects] == ["USD", "USD", "USD", "CNY", None, "USD"]
