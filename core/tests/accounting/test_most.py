"""The most that a call costs is the same by the quick way and by the long one."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from modelscan.accounting.bounds import PreparedBounds
from modelscan.accounting.costs import nano
from modelscan.accounting.most import MostCost
from modelscan.catalog.answers import Freshness, PriceList
from modelscan.catalog.format import Prices

NOW = datetime(2026, 11, 24, tzinfo=UTC)
PLAIN: dict[str, Any] = {"input_tokens": Decimal("0.15"), "output_tokens": Decimal("0.6")}


def most_of(*rows: Prices) -> MostCost:
    listed = PriceList(provider="acme", model="m", prices=rows, freshness=Freshness(verified=None, trust="official"))
    return MostCost(PreparedBounds(listed))


def prices(**more: Any) -> Prices:
    words: dict[str, Any] = {"per": 1_000_000, "units": PLAIN} | more
    return Prices(**words)


@pytest.mark.parametrize("bounds", [{"input_tokens": 3, "output_tokens": 7}, {"input_tokens": 1}, {"requests": 1}, {}])
@pytest.mark.parametrize(
    "rows",
    [
        (prices(),),
        (prices(units=PLAIN | {"requests": Decimal(5000)}),),
        (prices(units=PLAIN | {"cached_tokens": Decimal("0.3")}),),
        (prices(least={"input_tokens": Decimal(100)}),),
        (prices(), prices(above={"input_tokens": 2})),
    ],
)
def test_the_quick_way_is_the_long_way(rows: tuple[Prices, ...], bounds: dict[str, int | None]) -> None:
    most = most_of(*rows)
    for _ in range(2):
        assert most.nano(bounds, NOW) == nano(most.cost(bounds, NOW))


def test_a_fraction_of_a_billionth_is_a_whole_one() -> None:
    most = most_of(prices(per=10**12))
    assert most.nano({"input_tokens": 1, "output_tokens": 1}, NOW) == 1


def test_what_has_no_bound_has_no_cost() -> None:
    assert most_of(prices()).nano({"input_tokens": 1, "output_tokens": None}, NOW) is None
    assert most_of(prices()).nano({"images": 1}, NOW) is None


def test_without_a_price_nothing_is_known() -> None:
    assert most_of(prices(units={"images": Decimal(1)})).nano({"input_tokens": 1}, NOW) is None
