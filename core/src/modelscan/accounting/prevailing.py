"""Which prices hold at a moment, and until when that stays so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from modelscan.catalog.format import Hours, Prices

STANDARD: Final = "standard"

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def holds(prices: Prices, at: datetime) -> bool:
    """Whether the prices hold at a moment, by their dates (days begin at midnight UTC) and hours."""
    day = at.astimezone(UTC).date()
    if prices.since is not None and day < first_day(prices.since):
        return False
    if prices.until is not None and day >= first_day(prices.until):
        return False
    return not prices.hours or any(_is_within(hours, at) for hours in prices.hours)


def stays_until(rows: Sequence[Prices], at: datetime, *, by_day: bool = False) -> datetime | None:
    """A moment up to which the same of the rows hold as at this one; None for ever.

    Hours are looked at anew each minute: their ends are full minutes in every zone, however the zone's clock jumps.
    Dates, and whatever else goes `by_day`, at midnight UTC.
    """
    now = at.astimezone(UTC)
    if any(row.hours for row in rows):
        return now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    if by_day or any(row.since is not None or row.until is not None for row in rows):
        return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return None


def is_meant(prices: Prices, region: str, when: Mapping[str, str]) -> bool:
    """Whether the prices are for calls in this region and with these circumstances."""
    if prices.region and prices.region != region:
        return False
    return all(when.get(key) == value for key, value in prices.when.items())


def rank(prices: Prices) -> tuple[int, list[int], date, timedelta]:
    """What decides between prices of one unit that hold, greatest first.

    Most conditions, then the higher `above`, then the later `since`, then the earlier `until`. Dates are no condition:
    an introductory price doesn't beat the step for long prompts that holds beside it.
    """
    conditions = len(prices.above) + len(prices.when) + bool(prices.hours) + bool(prices.region)
    since = first_day(prices.since) if prices.since is not None else date.min
    until = first_day(prices.until) if prices.until is not None else date.max
    return conditions, sorted(prices.above.values(), reverse=True), since, date.max - until


@lru_cache(maxsize=4096)
def first_day(text: str) -> date:
    """The first day of a date, of which the day or the month may be left out."""
    year, month, day = [*text.split("-"), "1", "1"][:3]
    return date(int(year), int(month), int(day))


def _is_within(hours: Hours, at: datetime) -> bool:
    local = at.astimezone(ZoneInfo(hours.zone))
    now, today = local.strftime("%H:%M"), local.weekday()
    if hours.start < hours.end:
        return hours.start <= now < hours.end and _is_day(hours, today)
    # Past midnight: the hours after it belong to the day on which they began.
    if now >= hours.start:
        return _is_day(hours, today)
    return now < hours.end and _is_day(hours, today - 1)


def _is_day(hours: Hours, day: int) -> bool:
    return not hours.days or _DAYS[day] in hours.days
