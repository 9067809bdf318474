"""A counter of a vendor's, as a group of headers tells of it, and how the group is read where nothing is special."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple

import attrs

from modelscan.limits.learning.reports import LimitReport, Period
from modelscan.limits.learning.values import TOO_MUCH, Clock, amount, is_endless, seconds_until
from modelscan.types.limits import LimitKind

Field = Literal["limit", "remaining", "reset", "used", "policy", "state", "window"]
Told = dict[Field, str]
"""The values of a counter's headers, by what they tell."""

MINUTE_S: Final = 60.0
HOUR_S: Final = 3600.0
DAY_S: Final = 86400.0


class Figures(NamedTuple):
    """How much there is, how much is left, in how many seconds it comes back; None for what isn't told."""

    limit: int | None
    remaining: int | None
    reset_s: float | None


NOTHING: Final = Figures(None, None, None)


def figures(told: Told, clock: Clock, factor: int = 1) -> Figures:
    """The figures of one counter; `NOTHING` where the vendor says that there is no limit."""
    limit = amount(told.get("limit", ""))
    if limit is not None and is_endless(limit):
        return NOTHING
    remaining = amount(told.get("remaining", ""))
    if remaining is None and limit is not None and "used" in told:
        used = amount(told["used"])
        remaining = None if used is None else limit - used
    if remaining is not None:
        if limit is not None:
            remaining = min(max(0, remaining), limit)
        elif not 0 <= remaining < TOO_MUCH:
            remaining = None
    reset_s = seconds_until(told["reset"], clock) if "reset" in told else None
    if factor != 1:
        limit = None if limit is None else limit * factor
        remaining = None if remaining is None else remaining * factor
    return Figures(limit, remaining, reset_s)


def plain(counter: Counter, told: Told, clock: Clock) -> tuple[LimitReport, ...]:
    """The counter's figures as they stand."""
    return counter.report(figures(told, clock, counter.factor))


@attrs.frozen(eq=False, kw_only=True)
class Counter:
    """What a vendor counts, with the words of `LimitReport`.

    `read` makes reports of what its headers told. `factor` turns amounts that the vendor tells for a shorter time into
    those of the window. Where `unless` is told as well, this one says nothing more.
    """

    name: str
    unit: str
    kind: LimitKind = "rate"
    window_s: float | None = None
    period: Period | None = None
    scope: tuple[str, ...] = ("organization", "model")
    tier: str = ""
    factor: int = 1
    unless: Counter | None = None
    read: Callable[[Counter, Told, Clock], tuple[LimitReport, ...]] = plain

    def report(self, told: Figures, window_s: float | None = None) -> tuple[LimitReport, ...]:
        """The report of these figures, in a window of its own where it has none; nothing where they say nothing."""
        limit, remaining, reset_s = told
        if limit is None and remaining is None:
            return ()
        return (
            LimitReport(
                unit=self.unit,
                kind=self.kind,
                window_s=window_s or self.window_s,
                period=self.period,
                limit=limit,
                remaining=remaining,
                reset_s=reset_s,
                scope=self.scope,
                tier=self.tier,
                name=self.name,
            ),
        )


Names = Mapping[str, tuple[Counter, Field]]
"""Which header tells what of which counter."""
