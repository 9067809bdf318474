"""Exchange rates: dated, and given by the user. ModelScan knows none and looks none up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import msgspec

from modelscan.accounting.exact import EXACT
from modelscan.errors import ConfigurationError
from modelscan.types.money import Money


class ExchangeRate(msgspec.Struct, frozen=True):
    """One unit of `currency` is worth `rate` of `to`, from `since` until a later rate takes its place.

    >>> ExchangeRate("EUR", "USD", Decimal("1.10"), date(2026, 11, 1)).rate
    Decimal('1.10')
    """

    currency: str
    to: str
    rate: Decimal
    since: date

    def __post_init__(self) -> None:
        if not _is_positive(self.rate):
            raise ValueError(f"an exchange rate is a positive Decimal, not {self.rate!r}")


def _is_positive(value: object) -> bool:
    return isinstance(value, Decimal) and value.is_finite() and value > 0


def rate_on(day: date, currency: str, to: str, rates: Sequence[ExchangeRate]) -> ExchangeRate:
    """The latest rate that isn't later than the day. Raises `ConfigurationError` that says what to set."""
    known = [rate for rate in rates if (rate.currency, rate.to) == (currency, to) and rate.since <= day]
    if not known:
        raise ConfigurationError(
            f"a price in {currency} is wanted in {to}, and no exchange rate is given for {day.isoformat()}",
            advice=f"Give a rate that holds on that day: ExchangeRate({currency!r}, {to!r}, Decimal(...), date(...)).",
        )
    return max(known, key=lambda rate: rate.since)


def converted(amount: Money, to: str, on: date, rates: Sequence[ExchangeRate]) -> Money:
    """The amount in another currency, exact to the last digit of the product.

    Raises `ConfigurationError` where no rate is given that holds on the day.
    """
    if amount.currency == to:
        return amount
    return Money(EXACT.multiply(amount.amount, rate_on(on, amount.currency, to, rates).rate), to)
