"""Calendar periods: when the one that a moment lies in began, and when the next begins."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from modelscan.contracts.limiter import CalendarPeriod
from modelscan.errors import ConfigurationError

FOREVER: Final = float("inf")
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS: Final = 12


def period_of(period: CalendarPeriod, zone: str, anchor: str, at_s: float) -> tuple[float, float]:
    """The beginning and the end of the period around a moment, all in seconds since 1970.

    `zone` is an IANA name. `anchor` is `08:00`, `mon 08:00`, `15 00:00` or empty, as in a catalog; a month that lacks
    the day resets on its last. `total` began with time and never ends. Raises `ConfigurationError` for an anchor that
    is none, and for a zone that this machine doesn't know.

    >>> begin, end = period_of("day", "America/Los_Angeles", "", 1_700_000_000)
    >>> (end - begin) / 3600
    24.0
    """
    if period == "total":
        return -FOREVER, FOREVER
    if period in ("minute", "hour"):
        length = 60 if period == "minute" else 3600
        begin = at_s // length * length
        return begin, begin + length
    here = _zone(zone)
    day, clock = _anchor(anchor, period)
    today = datetime.fromtimestamp(at_s, here).date()
    first = _first(period, today, day)
    begin = _moment(first, clock, here)
    if begin > at_s:
        return _moment(_step(period, first, day, -1), clock, here), begin
    return begin, _moment(_step(period, first, day, 1), clock, here)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ConfigurationError(
            f"no time zone is called {name!r}", advice="Write one such as America/Los_Angeles."
        ) from None


@lru_cache(maxsize=64)
def _anchor(anchor: str, period: CalendarPeriod) -> tuple[int, time]:
    """Which day of the period it begins on, counted from 1, and at what time of day."""
    day, _, clock = anchor.rpartition(" ")
    try:
        at = time.fromisoformat(clock) if clock else time(0)
        number = (_WEEKDAYS.index(day) + 1 if day in _WEEKDAYS else int(day)) if day else 1
    except ValueError:
        raise ConfigurationError(
            f"a {period} can't begin at {anchor!r}", advice="Write '08:00', 'mon 08:00' or '15 00:00'."
        ) from None
    return number, at


def _first(period: CalendarPeriod, today: date, day: int) -> date:
    """The day in this week, month or year on which the period begins."""
    if period == "day":
        return today
    if period == "week":
        return today - timedelta(days=today.weekday()) + timedelta(days=day - 1)
    return _clamped(today.year, today.month if period == "month" else 1, day)


def _step(period: CalendarPeriod, first: date, day: int, by: int) -> date:
    """The same of the period before (-1) or after (1)."""
    if period in ("day", "week"):
        return first + timedelta(days=by * (1 if period == "day" else 7))
    if period == "year":
        return _clamped(first.year + by, 1, day)
    months = first.year * _MONTHS + first.month - 1 + by
    return _clamped(months // _MONTHS, months % _MONTHS + 1, day)


def _clamped(year: int, month: int, day: int) -> date:
    following = date(year + month // _MONTHS, month % _MONTHS + 1, 1)
    return min(date(year, month, 1) + timedelta(days=day - 1), following - timedelta(days=1))


def _moment(day: date, clock: time, zone: ZoneInfo) -> float:
    return datetime.combine(day, clock, zone).timestamp()
