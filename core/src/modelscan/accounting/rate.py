"""The price of one unit, as it is charged: with the least that is charged, in steps, beyond what is free."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import attrs

from modelscan.accounting.exact import EXACT, as_decimal, ceiling, places_of, rounded_up
from modelscan.accounting.units import Quantity
from modelscan.catalog.format import Allowance, Factor, Prices
from modelscan.types.money import CostLine


@attrs.frozen(kw_only=True)
class Rate:
    """Money for one of a unit. `price` is `exact` as a decimal number; `places` are its places, None without end.

    A quantity beyond `free` is charged in whole `step`s and as `least` at least; zero is free.
    """

    unit: str
    exact: Fraction
    currency: str
    price: Decimal = attrs.field(init=False)
    places: int | None = attrs.field(init=False)
    least: Fraction = Fraction(0)
    step: Fraction = Fraction(0)
    free: Fraction = Fraction(0)
    is_plain: bool = attrs.field(init=False)

    @price.default
    def _price(self) -> Decimal:
        return as_decimal(self.exact)

    @places.default
    def _places(self) -> int | None:
        return places_of(self.exact)

    @is_plain.default
    def _is_plain(self) -> bool:
        return not (self.least or self.step or self.free)

    def charged(self, used: Quantity) -> Decimal:
        """How much is charged for so much of the unit, where not all of it is."""
        beyond = Fraction(used) - self.free
        if beyond <= 0:
            return Decimal(0)
        if self.step:
            beyond = ceiling(beyond / self.step) * self.step
        return as_decimal(max(beyond, self.least))

    def line(self, used: Quantity) -> CostLine:
        """The line of the bill for so much of the unit."""
        quantity = Decimal(used) if self.is_plain else self.charged(used)
        if self.places is None:
            return CostLine(self.unit, quantity, self.price, rounded_up(self.exact * Fraction(quantity)))
        return CostLine(self.unit, quantity, self.price, EXACT.multiply(self.price, quantity))


def rate_of(unit: str, prices: Prices, times: Fraction, currency: str, allowances: Sequence[Allowance]) -> Rate:
    """The rate that a row of prices gives a unit, times the factors that hold, beyond what each call includes."""
    return Rate(
        unit=unit,
        exact=Fraction(prices.units[unit]) * times / prices.per,
        currency=currency,
        least=Fraction(prices.least.get(unit, 0)),
        step=Fraction(prices.step.get(unit, 0)),
        free=sum((Fraction(each.amount) for each in allowances if each.period == "call"), Fraction(0)),
    )


def times_of(prices: Prices, factors: Sequence[Factor], tier: str, region: str) -> Fraction | None:
    """What the prices are multiplied by at a tier and in a region.

    A factor leaves prices alone that are those of a tier or region already. One for a tier in a region takes the place
    of those for the tier and for the region. None where the prices are the standard ones, the tier is another, and no
    factor says what it costs.
    """
    fitting = [
        factor
        for factor in factors
        if (not factor.tier or (factor.tier == tier and prices.tier == "standard"))
        and (not factor.region or (factor.region == region and not prices.region))
    ]
    both = [factor for factor in fitting if factor.tier and factor.region]
    fitting = both or fitting
    if prices.tier != tier and not any(factor.tier for factor in fitting):
        return None
    times = Fraction(1)
    for factor in fitting:
        times *= Fraction(factor.factor)
    return times
