"""Price lists for tests, written in a line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from modelscan.catalog.answers import Freshness, PriceList
from modelscan.catalog.format import Allowance, Factor, Prices

MILLION = 1_000_000


def row(units: dict[str, str], per: int = MILLION, **terms: Any) -> Prices:
    """Prices by unit, written as text: `row({"input_tokens": "2.50"}, tier="batch")`; `terms` are those of `Prices`."""
    return Prices(units={unit: Decimal(price) for unit, price in units.items()}, per=per, **terms)


def listed(*rows: Prices, factors: tuple[Factor, ...] = (), free: tuple[Allowance, ...] = ()) -> PriceList:
    """The price list of a model."""
    fresh = Freshness(verified=None, trust="official")
    return PriceList(provider="acme", model="big-1", prices=rows, factors=factors, free=free, freshness=fresh)
