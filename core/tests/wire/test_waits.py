"""How long a response asks to wait: seconds, milliseconds, dates, and nonsense."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from modelscan.wire.waits import duration_s, http_date, retry_after_s

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
THEN = "Tue, 24 Nov 2026 12:00:30 GMT"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "1.5s"}, 1.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "7", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "7", "retry-after-ms": "soon"}, 7),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": THEN}, 30),
        ({"retry-after": "Tue, 24 Nov 2026 12:00:30 -0000"}, 30),
        ({"retry-after": THEN, "date": "Tue, 24 Nov 2026 12:00:10 GMT"}, 20),
        ({"retry-after": THEN, "date": "today"}, 30),
        ({"retry-after": "Tue, 24 Nov 2026 11:59:00 GMT"}, 0),
    ],
)
def test_a_wait_is_what_the_headers_say(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after_s(headers.items(), NOW) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6m0s", 360.0),
        ("1h2m3.5s", 3723.5),
        ("12ms", 0.012),
        ("5µs", 5e-6),
        ("5us", 5e-6),
        ("7ns", 7e-9),
        ("", None),
        ("5", None),
        ("s", None),
        ("5s ", None),
        ("5s, 6s", None),
        ("about 5s", None),
    ],
)
def test_a_duration_is_as_go_writes_it_or_none(text: str, expected: float | None) -> None:
    found = duration_s(text)
    assert found == (None if expected is None else pytest.approx(expected))


def test_a_date_without_a_zone_is_in_utc() -> None:
    assert http_date(THEN) == http_date("Tue, 24 Nov 2026 12:00:30 -0000") == NOW.replace(second=30)
    assert http_date("soon") is None
