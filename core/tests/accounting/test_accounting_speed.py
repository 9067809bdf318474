"""What accounting adds to a call: its cost, its cost for limits and budgets, and its entry in the ledger."""

from __future__ import annotations

import statistics
import time
import timeit
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from modelscan.accounting import PreparedPrices
from modelscan.accounting.entry import Entry
from modelscan.accounting.ledger import Ledger
from modelscan.types.money import Cost, Money
from modelscan.types.usage import Usage
from price_lists import listed, row

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
USAGE = Usage(input_tokens=1200, cached_tokens=1024, output_tokens=300)
PREPARED = PreparedPrices(
    listed(
        row({"input_tokens": "1.50", "cached_tokens": "0.15", "output_tokens": "6"}, since="2026-01-01"),
        row({"input_tokens": "3", "cached_tokens": "0.30", "output_tokens": "9"}, above={"input_tokens": 272_000}),
    )
)

pytestmark = pytest.mark.bench


def microseconds(call: Callable[[], object], number: int = 5_000) -> float:
    return min(timeit.repeat(call, number=number, repeat=9)) / number * 1e6


def test_the_cost_of_a_chat_takes_6_microseconds_at_most() -> None:
    took = microseconds(lambda: PREPARED.cost(USAGE, AT))
    print(f"cost with three lines: {took:.2f} us")  # noqa: T201
    assert took <= 6


def test_its_cost_in_billionths_takes_3_microseconds_at_most() -> None:
    took = microseconds(lambda: PREPARED.nano_cost(USAGE, AT))
    print(f"cost in billionths: {took:.2f} us")  # noqa: T201
    assert took <= 3


def test_an_entry_takes_3_microseconds_on_its_callers_thread_and_12_in_all(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    cost, tags = Cost(Money(Decimal("0.0022176"))), {"feature": "faq", "team": "web"}

    def append() -> None:
        ledger.append(
            Entry(
                call_id="call-1",
                at=AT,
                provider="acme",
                account="acme/default",
                model="big-1",
                capability="chat",
                usage=USAGE,
                cost=cost,
                tags=tags,
                budgets=("day", "team"),
            )
        )

    append()
    ledger.flush()
    spent = []
    for _ in range(3_000):
        start = time.perf_counter_ns()
        append()
        spent.append((time.perf_counter_ns() - start) / 1000)
        time.sleep(0.0003)  # calls come one by one, and the writer's thread is asleep when they do
    ledger.flush()
    start_s, number = time.process_time(), 10_000
    for _ in range(number):
        append()
    ledger.close()
    in_all = (time.process_time() - start_s) / number * 1e6
    print(f"append: {statistics.median(spent):.2f} us, mean {statistics.fmean(spent):.2f}; in all {in_all:.2f} us")  # noqa: T201
    assert statistics.median(spent) <= 3
    assert in_all <= 12
