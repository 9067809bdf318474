"""How the headers of a counter are read where a vendor means more than the figures say."""

from __future__ import annotations

from typing import Final

from modelscan.limits.learning.counter import DAY_S, MINUTE_S, Counter, Told, figures
from modelscan.limits.learning.reports import LimitReport
from modelscan.limits.learning.values import Clock, window

_SLACK: Final = 1.02
_CLOCKS_S: Final = 5.0  # how far the clocks of a vendor's machines may be apart


def refilled(counter: Counter, told: Told, clock: Clock) -> tuple[LimitReport, ...]:
    """A bucket that fills steadily and is told by when it will be full: a minute's, or for some models a day's.

    Which of the two follows from the figures: what is taken comes back at limit / window a second. A call that was just
    counted has taken one, and `remaining` is rounded down, so a day's bucket shows between half a day and a day. Who
    copies the names but not the bucket (a window that ends all at once) tells whole seconds, mostly without a unit.
    """
    limit, remaining, reset_s = told_figures = figures(told, clock)
    window_s = MINUTE_S
    if limit and remaining is not None and reset_s and told["reset"].endswith("s"):
        full_s = reset_s * limit / max(1, limit - remaining)
        if DAY_S / 2 < full_s <= DAY_S * _SLACK:
            window_s = DAY_S
    return counter.report(told_figures, window_s)


def renewed(counter: Counter, told: Told, clock: Clock) -> tuple[LimitReport, ...]:
    """Azure's: beside `renewalperiod`, the window in seconds, a reset is milliseconds until the bucket is full.

    Recordings of 2026-03 have 500 after one of 120 requests a minute; without `renewalperiod` it is seconds.
    """
    found = figures(told, clock)
    window_s = window(told.get("window", ""))
    if window_s is not None and found.reset_s is not None:
        found = found._replace(reset_s=found.reset_s / 1000)
    return counter.report(found, window_s)


def by_reset(counter: Counter, told: Told, clock: Clock) -> tuple[LimitReport, ...]:
    """OpenRouter's: the limit of the minute or of the day, whichever was passed; the reset tells them apart."""
    found = figures(told, clock)
    if found.reset_s is None or found.reset_s > DAY_S + _CLOCKS_S:
        return counter.report(found)
    return counter.report(found, MINUTE_S if found.reset_s <= MINUTE_S + _CLOCKS_S else DAY_S)
