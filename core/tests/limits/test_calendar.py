"""Calendar periods: where they begin and end, in any zone, with any anchor."""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf

import pytest

from modelscan.contracts.limiter import CalendarPeriod
from modelscan.errors import ConfigurationError
from modelscan.limits.calendar import period_of


def period(kind: CalendarPeriod, zone: str, anchor: str, at: str) -> tuple[str, str]:
    """The period around a moment, all as text in UTC."""
    begin, end = period_of(kind, zone, anchor, datetime.fromisoformat(at).timestamp())
    return tuple(f"{datetime.fromtimestamp(each, UTC):%Y-%m-%d %H:%M}" for each in (begin, end))  # type: ignore[return-value]  # two of them


@pytest.mark.parametrize(
    ("kind", "zone", "anchor", "at", "begin", "end"),
    [
        ("minute", "UTC", "", "2026-03-04 05:06:07Z", "2026-03-04 05:06", "2026-03-04 05:07"),
        ("hour", "UTC", "", "2026-03-04 05:06:07Z", "2026-03-04 05:00", "2026-03-04 06:00"),
        ("day", "UTC", "", "2026-03-04 05:06:07Z", "2026-03-04 00:00", "2026-03-05 00:00"),
        ("day", "UTC", "08:00", "2026-03-04 05:06:07Z", "2026-03-03 08:00", "2026-03-04 08:00"),
        ("day", "UTC", "08:00", "2026-03-04 08:00:00Z", "2026-03-04 08:00", "2026-03-05 08:00"),
        ("day", "America/Los_Angeles", "", "2026-03-08 12:00:00Z", "2026-03-08 08:00", "2026-03-09 07:00"),
        ("day", "America/Los_Angeles", "", "2026-11-01 12:00:00Z", "2026-11-01 07:00", "2026-11-02 08:00"),
        ("week", "UTC", "", "2026-03-04 05:06:07Z", "2026-03-02 00:00", "2026-03-09 00:00"),
        ("week", "UTC", "mon 08:00", "2026-03-02 05:00:00Z", "2026-02-23 08:00", "2026-03-02 08:00"),
        ("week", "UTC", "sun 00:00", "2026-03-04 05:00:00Z", "2026-03-01 00:00", "2026-03-08 00:00"),
        ("month", "UTC", "", "2026-03-04 05:00:00Z", "2026-03-01 00:00", "2026-04-01 00:00"),
        ("month", "UTC", "", "2026-12-04 05:00:00Z", "2026-12-01 00:00", "2027-01-01 00:00"),
        ("month", "UTC", "15 00:00", "2026-01-04 05:00:00Z", "2025-12-15 00:00", "2026-01-15 00:00"),
        ("month", "UTC", "31 00:00", "2026-02-10 05:00:00Z", "2026-01-31 00:00", "2026-02-28 00:00"),
        ("month", "UTC", "31 00:00", "2026-02-28 05:00:00Z", "2026-02-28 00:00", "2026-03-31 00:00"),
        ("year", "UTC", "", "2026-02-10 05:00:00Z", "2026-01-01 00:00", "2027-01-01 00:00"),
        ("year", "UTC", "15 00:00", "2026-01-10 05:00:00Z", "2025-01-15 00:00", "2026-01-15 00:00"),
    ],
)
def test_a_period_begins_and_ends_where_the_calendar_says(
    kind: CalendarPeriod, zone: str, anchor: str, at: str, begin: str, end: str
) -> None:
    assert period(kind, zone, anchor, at) == (begin, end)


def test_a_total_began_with_time_and_never_ends() -> None:
    assert period_of("total", "UTC", "", 1.0) == (-inf, inf)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd"])
def test_a_zone_that_nobody_knows_is_named(zone: str) -> None:
    with pytest.raises(ConfigurationError, match="no time zone"):
        period_of("day", zone, "", 1.0)


@pytest.mark.parametrize("anchor", ["noon", "xyz 08:00", "25:00", "1st 00:00"])
def test_an_anchor_that_is_none_is_named(anchor: str) -> None:
    with pytest.raises(ConfigurationError, match="can't begin at"):
        period_of("week", "UTC", anchor, 1.0)
