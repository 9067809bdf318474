"""Limits and budgets as they are written down; the engine that holds them lives in `modelscan.limits`."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Literal

import attrs
import msgspec

LimitKind = Literal["rate", "gauge", "calendar"]
Period = Literal["call", "session", "hour", "day", "week", "month", "total"]


class Limit(msgspec.Struct, frozen=True, omit_defaults=True):
    """At most `amount` of `unit` at once (`gauge`), in a rolling window (`rate`) or a calendar period (`calendar`).

    `unit` is `requests`, `tokens`, `input_tokens`, `output_tokens`, `concurrent`, `images`, ... A window makes it a
    rate; `strict` reserves the bound of a call instead of an estimate, so that nothing ever passes the amount.
    Raises `ValueError` for an amount or window that isn't positive.

    >>> Limit("requests", 5, window_s=60).kind
    'rate'
    >>> Limit("concurrent", 10).kind
    'gauge'
    """

    unit: str
    amount: int
    window_s: float | None = None
    per: Period | None = None
    zone: str = "UTC"
    strict: bool = False
    scope: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.amount <= 0:
            raise ValueError(f"a limit's amount is a positive number, not {self.amount}")
        if self.window_s is not None and self.window_s <= 0:
            raise ValueError(f"a limit's window is a positive number of seconds, not {self.window_s}")
        if self.per == "call":
            raise ValueError("a limit isn't per call: give calls max_output_tokens, or a budget per call")
        if self.window_s is not None and self.per is not None:
            raise ValueError("a limit has a rolling window (window_s) or a calendar period (per), not both")

    @property
    def kind(self) -> LimitKind:
        """`rate`, `gauge` or `calendar`, by which of `window_s` and `per` is given."""
        if self.window_s is not None:
            return "rate"
        return "gauge" if self.per is None else "calendar"


def _exact(amount: str | Decimal | int) -> Decimal:
    if isinstance(amount, float):
        raise ValueError(f"write the budget as text, Budget({str(amount)!r}): a float is not exact")
    try:
        exact = Decimal(amount)
    except InvalidOperation:
        raise ValueError(f"a budget's amount is a decimal number such as '5.00', not {amount!r}") from None
    if not exact.is_finite() or exact < 0:
        raise ValueError(f"a budget's amount is zero or more, not {amount}")
    return exact


def _names(scope: Iterable[str]) -> tuple[str, ...]:
    return tuple(scope)


@attrs.frozen
class Budget:
    """At most `amount` of money per period and scope; a `hard` one blocks before it is passed, a soft one only warns.

    `per` is `call`, `session` (a client's life), a calendar period in UTC, or `total` (for ever under a `name`, else as
    long as its client or context lives). `scope` names what has an amount of its own: tags (`feature`, `team`) or
    `user`, the call's principal. Budgets of one name are one budget. A budget that a context opens may be an allotment:
    its whole amount is taken from the budgets around it when it is first used, and what is left goes back when the
    context ends.

    The amount is text, a whole number or `Decimal`; `ValueError` for anything else. (An attrs class among Structs,
    since only attrs converts what it is given; msgspec reads and writes it all the same.)

    >>> Budget("5.00", per="day").amount
    Decimal('5.00')
    """

    amount: Decimal = attrs.field(converter=_exact)
    per: Period = "total"
    currency: str = "USD"
    hard: bool = True
    scope: tuple[str, ...] = attrs.field(default=(), converter=_names)
    name: str = ""
    is_allotment: bool = False
