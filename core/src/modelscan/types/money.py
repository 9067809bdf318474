"""Money and what a call cost. No float touches a price."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

import msgspec

Certainty = Literal["measured", "estimated", "bound"]


class Money(msgspec.Struct, frozen=True, order=False):
    """An exact amount in one currency (ISO 4217).

    >>> Money(Decimal("0.10")) + Money(Decimal("0.05"))
    Money(amount=Decimal('0.15'), currency='USD')
    >>> str(Money(Decimal("1.50")))
    '1.50 USD'
    """

    amount: Decimal
    currency: str = "USD"

    def _amount_of(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} don't mix: convert one at a dated rate first")
        return other.amount

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._amount_of(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._amount_of(other), self.currency)

    def __mul__(self, factor: int | Decimal) -> Money:
        return Money(self.amount * factor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._amount_of(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._amount_of(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._amount_of(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._amount_of(other)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


class CostLine(msgspec.Struct, frozen=True):
    """One line of a bill: how much of a unit, at which price for one of it."""

    unit: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal


class Cost(msgspec.Struct, frozen=True):
    """What a call cost. `total` is None where no price is known, and `note` says why.

    `certainty` says where the quantities come from: `measured` (the provider reported them), `estimated`, or
    `bound` (they can't be known, so the most they can be was charged).
    """

    total: Money | None = None
    lines: tuple[CostLine, ...] = ()
    certainty: Certainty = "measured"
    note: str = ""


def total_of(amounts: Iterable[Money], currency: str = "USD") -> Money:
    """The sum of amounts in one currency; zero for none. Raises ValueError where currencies differ."""
    result = Money(Decimal(0), currency)
    for amount in amounts:
        result = result + amount
    return result
