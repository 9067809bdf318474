"""The most that a call can cost, before it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import Final

from modelscan.accounting.exact import ceiling
from modelscan.accounting.level import Level, groups_of
from modelscan.accounting.prevailing import holds, stays_until
from modelscan.accounting.rate import Rate
from modelscan.accounting.rates import ExchangeRate
from modelscan.accounting.tariff import Tariff, Terms
from modelscan.accounting.units import line_of_wholes
from modelscan.catalog.answers import PriceList
from modelscan.types.money import Cost

_AHEAD: Final = timedelta(hours=1)

Bounds = Mapping[str, int | None]


class PreparedBounds:
    """A price list made ready for bounding calls on the same terms."""

    def __init__(self, listed: PriceList, terms: Terms | None = None) -> None:
        self.listed = listed
        self.terms = terms or Terms()
        self._tariffs: tuple[Tariff, ...] = ()
        self._begin: datetime | None = None
        self._end: datetime | None = None

    def bound(self, most: Bounds, at: datetime) -> Cost:
        """The most that a call can cost, as `bound_cost` says."""
        bounds = [bound for tariff in self._tariffs_at(at) for bound in _of_tariff(tariff, most)]
        for bound in bounds:
            if bound.total is None:
                return bound
        return max(bounds, key=lambda bound: bound.total.amount if bound.total else 0)

    @property
    def has_steps(self) -> bool:
        """Whether prices depend on how much a call uses, or are charged in steps, or begin beyond something free."""
        rows = self.listed.prices
        return bool(self.listed.free) or any(row.above or row.least or row.step for row in rows)

    def _tariffs_at(self, at: datetime) -> tuple[Tariff, ...]:
        """A tariff for each set of prices that holds at some moment of the next hour."""
        if not self._tariffs or (self._end is not None and not (self._begin or at) <= at < self._end):
            rows = self.listed.prices
            end = stays_until(rows, at, by_day=bool(self.terms.rates))
            # Exchange rates go by the day.
            days = bool(self.terms.rates)
            sets = {(moment.day * days, *(holds(row, moment) for row in rows)): moment for moment in _moments(at, end)}
            self._tariffs = tuple(Tariff(self.listed, self.terms, moment) for moment in sets.values())
            # In the last hour before prices change the next ones count as well.
            self._begin, self._end = at, end - _AHEAD if end is not None and at < end - _AHEAD else end
        return self._tariffs


def bound_cost(
    most: Bounds,
    prices: PriceList,
    at: datetime,
    *,
    tier: str = "standard",
    region: str = "",
    when: Mapping[str, str] | None = None,
    currency: str = "",
    rates: Sequence[ExchangeRate] = (),
) -> Cost:
    """The most that a call can cost that is sent within the hour after `at` and uses no more than `most` of each unit.

    A unit that `most` doesn't name isn't used, but a part of one that it names may be all of it: the input counts at
    the dearest of what may become of it (read, cached, written to a cache, audio), beyond every step that it can reach.
    The total is None, and the note names the unit, where one that has a price has no bound (None), or one that is
    used has no price. Raises `ConfigurationError` where an exchange rate is missing.
    """
    terms = Terms(tier=tier, region=region, when=when or {}, currency=currency, rates=tuple(rates))
    return PreparedBounds(prices, terms).bound(most, at)


def _moments(at: datetime, end: datetime | None) -> Iterator[datetime]:
    yield at
    until = at + _AHEAD
    while end is not None and end <= until:
        yield end
        end += timedelta(minutes=1)


def _of_tariff(tariff: Tariff, most: Bounds) -> Iterator[Cost]:
    """The bound at each level of the tariff that can be reached."""
    if tariff.counts_requests:
        most = {"requests": 1, **most}
    caps = [(_cap(unit, most), least) for unit, least in tariff.steps]
    for passed in product(*((False, True) if cap is None or cap > least else (False,) for cap, least in caps)):
        yield _at_level(tariff, tariff.level(passed), most)


def _at_level(tariff: Tariff, level: Level, most: Bounds) -> Cost:
    counts = {unit: 1 if bound is None else bound for unit, bound in most.items() if bound != 0}
    reason = tariff.reason(level, counts, counts.keys() - level.settled)
    if reason:
        return Cost(certainty="bound", note=reason)
    shares: list[tuple[Rate, int]] = []
    for whole, charges in groups_of(level).items():
        left = _cap(whole, most)
        for rate in sorted((charge.rate for charge in charges), key=lambda rate: rate.exact, reverse=True):
            cap = _cap(rate.unit, most)
            share = _smaller(cap, left)
            if share is None:
                if rate.exact:
                    return Cost(certainty="bound", note=f"{rate.unit} has no bound")
                continue
            left = None if left is None else left - share
            shares.append((rate, share + _slack(rate) if cap != 0 and len(charges) > 1 else share))
    return tariff.bill(shares, "bound")


def _slack(rate: Rate) -> int:
    """How much beyond its share a call may be charged for, where several rates divide a whole among them."""
    return ceiling(rate.step + rate.least + rate.free)


def _cap(unit: str, most: Bounds) -> int | None:
    """The most that may be used of a unit; None without end.

    Where neither it nor a whole of it is named, it is the sum of its outermost parts that are.
    """
    named = [most[whole] for whole in line_of_wholes(unit) if whole in most]
    if named:
        return min((bound for bound in named if bound is not None), default=None)
    lines = {part: line_of_wholes(part) for part in most}
    parts = [part for part, line in lines.items() if unit in line and not any(whole in most for whole in line[1:])]
    bounds = [most[part] for part in parts]
    return None if None in bounds else sum(bound for bound in bounds if bound is not None)


def _smaller(one: int | None, other: int | None) -> int | None:
    return one if other is None else other if one is None else min(one, other)
