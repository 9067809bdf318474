"""Exact arithmetic of money: nothing is rounded unless a price itself can't be written as a decimal number."""

from __future__ import annotations

from decimal import ROUND_CEILING, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from fractions import Fraction
from typing import Final

EXACT: Final = Context(prec=400, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
"""Wide enough for any product and sum of prices; it raises where a digit would be lost."""

PLACES: Final = 18
"""Where an amount has no end (a price by the hour for 7 seconds), it is rounded up at this place."""

NANO: Final = 9

_UP: Final = Context(prec=400, rounding=ROUND_CEILING, traps=[InvalidOperation])
_SHOWN_DIGITS: Final = Context(prec=28)


def places_of(value: Fraction) -> int | None:
    """How many decimal places the value has; None where they don't end."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else None


def as_decimal(value: Fraction) -> Decimal:
    """The value as a decimal number: exact where it can be, else its first 28 digits."""
    places = places_of(value)
    if places is None:
        return _SHOWN_DIGITS.divide(Decimal(value.numerator), Decimal(value.denominator))
    return EXACT.scaleb(Decimal(value.numerator * 10**places // value.denominator), -places)


def rounded_up(value: Fraction) -> Decimal:
    """The value as a decimal number of at most 18 places, never less than it is."""
    places = places_of(value)
    if places is not None and places <= PLACES:
        return as_decimal(value)
    return EXACT.scaleb(Decimal(ceiling(value * 10**PLACES)), -PLACES)


def ceiling(value: Fraction) -> int:
    """The least whole number that isn't below the value."""
    return -(-value.numerator // value.denominator)


def in_nano(amount: Decimal) -> int:
    """The amount in billionths, rounded up: what limits and budgets count."""
    return int(_UP.to_integral_value(EXACT.scaleb(amount, NANO)))


def nano_within(amount: Decimal) -> int:
    """The amount in billionths, rounded down: what a budget holds."""
    return int(EXACT.scaleb(amount, NANO) // 1)


def of_nano(amount: int) -> Decimal:
    """So many billionths as a decimal number, without zeros at its end: people read it."""
    return EXACT.divide(Decimal(amount), Decimal(10**NANO))
