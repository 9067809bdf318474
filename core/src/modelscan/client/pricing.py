"""Pricing: the prices that hold for one call, by its tier of service, its region and what it asks for."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import attrs

from modelscan.accounting.bounds import PreparedBounds
from modelscan.accounting.costs import PreparedPrices
from modelscan.accounting.most import MostCost
from modelscan.accounting.tariff import Terms
from modelscan.catalog.answers import PriceList

_STANDARD: Final = "standard"
_STANDARD_WORDS: Final = frozenset({"", "auto", "default", _STANDARD})
_CIRCUMSTANCES: Final = {"resolution": "size", "size": "size", "quality": "quality"}
"""What prices call the circumstances of a call, and the request's field that says them."""
_MOST_KEPT: Final = 64

_Key = tuple[str, tuple[tuple[str, str], ...]]


@attrs.define(eq=False)
class Priced:
    """The prices of one kind of call: as replies tell their cost, and in the budgets' currency.

    `looks` is how many calls may still go without a look at the budgets `looked_at`, which afforded many of the
    dearest.
    """

    prices: PreparedPrices
    charged: PreparedPrices
    most: MostCost
    looks: int = 0
    looked_at: object = None
    _dearest: int | None = None

    def dearest(self, most_input: int, most_output: int, at: datetime) -> int:
        """What the longest prompt with the longest answer costs, in billionths; 0 where that isn't known."""
        if self._dearest is None:
            bounds = {"requests": 1, "input_tokens": most_input, "output_tokens": most_output}
            self._dearest = self.most.nano(bounds, at) or 0
        return self._dearest


class Pricing:
    """The prices of one model on one account's terms: `shown` for replies, `budgeted` for budgets."""

    def __init__(self, listed: PriceList, shown: Terms, budgeted: Terms, region: str) -> None:
        self._listed = listed
        self._shown = attrs.evolve(shown, region=region)
        self._budgeted = attrs.evolve(budgeted, region=region)
        self._named = {name for row in listed.prices for name in row.when}
        self._made: dict[_Key, Priced] = {}

    def of(self, capability: str, request: Any) -> Priced:
        """The prices for a call with this request."""
        key = (_tier(capability, request), self._when(request) if self._named else ())
        found = self._made.get(key)
        if found is None:
            if len(self._made) >= _MOST_KEPT:
                self._made.clear()
            found = self._made[key] = self._make(key)
        return found

    def _make(self, key: _Key) -> Priced:
        tier, when = key
        budgeted = attrs.evolve(self._budgeted, tier=tier, when=dict(when))
        return Priced(
            PreparedPrices(self._listed, attrs.evolve(self._shown, tier=tier, when=dict(when))),
            PreparedPrices(self._listed, budgeted),
            MostCost(PreparedBounds(self._listed, budgeted)),
        )

    def _when(self, request: Any) -> tuple[tuple[str, str], ...]:
        """The circumstances that some price of the model depends on, as far as the request tells of them."""
        told = ((name, getattr(request, _CIRCUMSTANCES.get(name, ""), None)) for name in sorted(self._named))
        extra = getattr(request, "extra", {})
        return tuple((name, str(value or extra.get(name))) for name, value in told if value or name in extra)


def _tier(capability: str, request: Any) -> str:
    """The tier of service that a request asks for; a batch is its own."""
    if capability == "batch":
        return "batch"
    extra = getattr(request, "extra", None)
    asked = extra.get("service_tier", "") if extra else ""
    return _STANDARD if asked in _STANDARD_WORDS else str(asked)
