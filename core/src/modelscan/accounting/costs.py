"""What a call costs: its usage times the prices that hold at its moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from modelscan.accounting.exact import in_nano
from modelscan.accounting.prevailing import stays_until
from modelscan.accounting.rates import ExchangeRate
from modelscan.accounting.tariff import Tariff, Terms
from modelscan.catalog.answers import PriceList
from modelscan.types.money import Certainty, Cost
from modelscan.types.usage import Usage


class PreparedPrices:
    """A price list made ready for calls on the same terms: a call's path keeps one per model, tier and region.

    It works its rates out once, and anew when other prices begin to hold.
    """

    def __init__(self, listed: PriceList, terms: Terms | None = None) -> None:
        self.listed = listed
        self.terms = terms or Terms()
        self._tariff: Tariff | None = None
        self._begin: datetime | None = None
        self._end: datetime | None = None

    def at(self, moment: datetime) -> Tariff:
        """The tariff at a moment, which names its time zone. Raises `ValueError` where it names none."""
        if self._tariff is None or self._is_past(moment):
            if moment.tzinfo is None:
                raise ValueError(f"the moment of a call names its time zone; {moment.isoformat()} has none")
            self._tariff = Tariff(self.listed, self.terms, moment)
            self._begin, self._end = moment, stays_until(self.listed.prices, moment, by_day=bool(self.terms.rates))
        return self._tariff

    def cost(self, usage: Usage, at: datetime, certainty: Certainty = "measured") -> Cost:
        """What the usage of a call at this moment costs, as `cost_of` says."""
        return self.at(at).cost(usage, certainty)

    def nano_cost(self, usage: Usage, at: datetime) -> int | None:
        """The same in billionths of its currency, rounded up; None where it isn't known."""
        return self.at(at).nano_cost(usage)

    def _is_past(self, moment: datetime) -> bool:
        return self._end is not None and not (self._begin is not None and self._begin <= moment < self._end)


def cost_of(
    usage: Usage,
    prices: PriceList,
    at: datetime,
    *,
    tier: str = "standard",
    region: str = "",
    when: Mapping[str, str] | None = None,
    currency: str = "",
    rates: Sequence[ExchangeRate] = (),
    certainty: Certainty = "measured",
) -> Cost:
    """What a call costs that used so much at a moment (which names its time zone), at a tier of service, in a region.

    `when` are circumstances that some prices depend on (`{"resolution": "1080p"}`). The cost has a line for each unit
    that is charged, and their sum is exactly its total. The total is None, and the note says which unit has no price,
    rather than a part of the whole. It is in the price's own currency, or in `currency` at one of the `rates`.

    Raises `ConfigurationError` where a rate is missing.
    """
    terms = Terms(tier=tier, region=region, when=when or {}, currency=currency, rates=tuple(rates))
    return PreparedPrices(prices, terms).cost(usage, at, certainty)


def nano(cost: Cost) -> int | None:
    """A cost in billionths of its currency, rounded up, as limits and budgets count; None where it isn't known."""
    return None if cost.total is None else in_nano(cost.total.amount)
