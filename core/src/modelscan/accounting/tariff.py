"""A tariff: the prices of one model that hold now for one kind of call, made ready so that a cost is a few products."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final

import attrs
import msgspec

from modelscan.accounting.exact import EXACT, in_nano
from modelscan.accounting.level import Level, apart, level_of, unpriced
from modelscan.accounting.prevailing import STANDARD, holds, is_meant, rank
from modelscan.accounting.rate import Rate, rate_of, times_of
from modelscan.accounting.rates import ExchangeRate, rate_on
from modelscan.accounting.units import FREE, TOTAL, Counts, Quantity, counts_of, is_work
from modelscan.catalog.answers import PriceList
from modelscan.catalog.format import Allowance, Prices
from modelscan.errors import ConfigurationError
from modelscan.types.money import Certainty, Cost, CostLine, Money
from modelscan.types.usage import Usage

_ZERO: Final = Decimal(0)
_OVERLAP: Final = "parts of the tokens overlap, and the dearest of their prices count first"


@attrs.frozen(kw_only=True)
class Terms:
    """What a call's price depends on beside its model and moment.

    `when` are its circumstances (`{"resolution": "1080p"}`). The cost is in `currency`, at the `rates` that are given;
    empty leaves it in the price's own.
    """

    tier: str = "standard"
    region: str = ""
    when: Mapping[str, str] = attrs.field(factory=dict)
    currency: str = ""
    rates: tuple[ExchangeRate, ...] = ()


class Tariff:
    """What a model's calls cost on these terms, as long as the same prices hold as `at` the moment given."""

    def __init__(self, listed: PriceList, terms: Terms, at: datetime) -> None:
        self._listed = listed
        self._terms = terms
        self._day = at.astimezone(UTC).date()
        held = [row for row in listed.prices if holds(row, at)]
        self._rows = _by_unit([row for row in held if is_meant(row, terms.region, terms.when)], listed, terms)
        self._listed_units = frozenset(unit for row in held for unit in row.units)
        self.counts_requests = FREE in self._listed_units
        self._exchanged: dict[str, str] = {}
        steps = {step for rows in self._rows.values() for row, _ in rows for step in row.above.items()}
        self.steps: tuple[tuple[str, int], ...] = tuple(sorted(steps))
        self._levels: dict[tuple[bool, ...], Level] = {}
        self._has_total = TOTAL in self._rows or any(unit == TOTAL for unit, _ in steps)

    def cost(self, usage: Usage, certainty: Certainty = "measured") -> Cost:
        """What so much usage costs, with a line for each unit that is charged; their sum is exactly the total.

        The total is None, and the note says why, where the usage wasn't reported or something of it has no price: a
        part of a cost never looks like the whole. Raises `ConfigurationError` where a currency would have to be
        converted, and no rate is given.
        """
        counts = self._counts(usage)
        level = self.level(tuple(counts.get(unit, 0) > least for unit, least in self.steps))
        strays = counts.keys() - level.settled
        if not usage.is_reported:
            return Cost(certainty=certainty, note="the provider reported no usage, or not all of it")
        if (strays or not level.charges) and (reason := self.reason(level, counts, strays)):
            return Cost(certainty=certainty, note=reason)
        used = [charge.used(counts) for charge in level.charges]
        if min(used) < 0:
            shares, is_most = apart(level, counts)
            bill = self.bill(shares, "bound" if is_most else certainty)
            return _noted(bill, _OVERLAP) if is_most else bill
        return self.bill([(charge.rate, each) for charge, each in zip(level.charges, used, strict=True)], certainty)

    def nano_cost(self, usage: Usage) -> int | None:
        """`cost` in billionths of its currency, rounded up; None where the cost isn't known."""
        counts = self._counts(usage)
        level = self.level(tuple(counts.get(unit, 0) > least for unit, least in self.steps))
        if level.weights and usage.is_reported and not counts.keys() - level.settled and len(level.currencies) == 1:
            get, total = counts.get, 0
            for unit, minus, weight in level.weights:
                used = get(unit, 0)
                for part in minus:
                    used -= get(part, 0)
                if used < 0:
                    break
                total += used * weight  # type: ignore[assignment]  # a level with weights has whole numbers only
            else:
                return -(-total // level.divisor)
        cost = self.cost(usage)
        return None if cost.total is None else in_nano(cost.total.amount)

    def level(self, passed: tuple[bool, ...]) -> Level:
        """The rates for calls that are beyond these of the steps."""
        level = self._levels.get(passed)
        if level is None:
            above = {step for step, is_passed in zip(self.steps, passed, strict=True) if is_passed}
            level = self._levels[passed] = level_of(self._rates(above), self._listed_units)
        return level

    def bill(self, shares: Iterable[tuple[Rate, Quantity]], certainty: Certainty) -> Cost:
        """The bill for so much of each rate's unit.

        Raises `ConfigurationError` where the rates are in several currencies.
        """
        lines: list[CostLine] = []
        total = _ZERO
        currency = ""
        for rate, used in shares:
            if not used:
                currency = currency or rate.currency
                continue
            if lines and rate.currency != currency:
                raise _mixed(currency, rate.currency, self._listed)
            currency = rate.currency
            line = rate.line(used)
            lines.append(line)
            total = EXACT.add(total, line.amount)
        cost = Cost(Money(total, currency), tuple(lines), certainty)
        return _noted(cost, *self._notes(cost)) if self._listed.free or self._exchanged else cost

    def reason(self, level: Level, counts: Counts, strays: set[str]) -> str:
        """Why the cost of these counts isn't known; empty where it is. `strays` are units without a price."""
        terms = self._terms
        where = f" at tier {terms.tier!r}" if terms.tier != STANDARD else ""
        where += f" in region {terms.region!r}" if terms.region else ""
        if not level.charges:
            return f"no price is known for {self._listed.provider}/{self._listed.model}{where}{self._wanted(None)}"
        missing = unpriced(level, counts, strays)
        return "; ".join(f"no price is known for {unit}{where}{self._wanted(unit)}" for unit in missing)

    def _counts(self, usage: Usage) -> dict[str, Quantity]:
        counts = counts_of(usage)
        if self._has_total:
            counts[TOTAL] = usage.total_tokens
        if self.counts_requests:  # a call is one, whether its provider counts it or not
            counts.setdefault(FREE, 1)
        return counts

    def _rates(self, above: set[tuple[str, int]]) -> dict[str, Rate]:
        rates = {}
        for unit, rows in self._rows.items():
            for row, times in rows:
                if row.above.items() <= above:
                    rates[unit] = self._rate(unit, row, times)
                    break
        for free in self._listed.free:
            if free.overage is not None:
                rates[free.unit] = self._overage(free, free.overage)
        return rates

    def _rate(self, unit: str, row: Prices, times: Fraction) -> Rate:
        currency, worth = self._exchange(row.currency)
        # Vendors' factors are for tokens and the like: a search costs the same in every region and at every tier.
        worth = worth * times if is_work(unit) else worth
        return rate_of(unit, row, worth, currency, [free for free in self._listed.free if free.unit == unit])

    def _overage(self, free: Allowance, price: Decimal) -> Rate:
        currency, worth = self._exchange(free.currency)
        included = Fraction(free.amount) if free.period == "call" else Fraction(0)
        return Rate(unit=free.unit, exact=Fraction(price) * worth, currency=currency, free=included)

    def _exchange(self, currency: str) -> tuple[str, Fraction]:
        wanted = self._terms.currency
        if not wanted or currency == wanted:
            return currency, Fraction(1)
        rate = rate_on(self._day, currency, wanted, self._terms.rates)
        self._exchanged[currency] = f"{currency} at {rate.rate} {wanted}, the rate since {rate.since.isoformat()}"
        return wanted, Fraction(rate.rate)

    def _notes(self, cost: Cost) -> Iterator[str]:
        yield from self._exchanged.values()
        charged = {line.unit for line in cost.lines}
        for free in self._listed.free:
            if free.period != "call" and free.unit in charged:
                yield f"{free.amount} {free.unit} are free ({free.period}), and none is taken off"

    def _wanted(self, unit: str | None) -> str:
        """What a call would have to say for a price to be found."""
        keys = {key for row in self._listed.prices if unit is None or unit in row.units for key in row.when}
        unsaid = sorted(keys - self._terms.when.keys())
        return f" (it depends on {', '.join(unsaid)})" if unsaid else ""


def _by_unit(rows: list[Prices], listed: PriceList, terms: Terms) -> dict[str, list[tuple[Prices, Fraction]]]:
    """For each unit the rows that may price it, the most specific first, and what each is multiplied by.

    A tier's own prices come before the standard ones with a factor, however specific those are.
    """
    found: dict[str, list[tuple[Prices, Fraction]]] = {}
    for row in rows:
        times = times_of(row, listed.factors, terms.tier, terms.region)
        if row.tier in (terms.tier, STANDARD) and times is not None:
            for unit in row.units:
                found.setdefault(unit, []).append((row, times))
    for unit, candidates in found.items():
        own = [each for each in candidates if each[0].tier == terms.tier] or candidates
        found[unit] = sorted(own, key=lambda each: rank(each[0]), reverse=True)
    return found


def _noted(cost: Cost, *notes: str) -> Cost:
    return msgspec.structs.replace(cost, note="; ".join(filter(None, (cost.note, *notes))))


def _mixed(one: str, other: str, listed: PriceList) -> ConfigurationError:
    return ConfigurationError(
        f"a call is charged in {one} and in {other}",
        provider=listed.provider,
        model=listed.model,
        advice="Name the currency that you want, and give an ExchangeRate for each other.",
    )
