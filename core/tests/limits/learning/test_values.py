"""Amounts and moments in every form that vendors send, and nonsense."""

from __future__ import annotations

import pytest

from modelscan.limits.learning.values import Clock, amount, is_endless, seconds_until, window

NOW_S = 1_785_693_600.0  # 2026-08-02 18:00:00 UTC
CLOCK = Clock((), NOW_S)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5000", 5000),
        (" 7 ", 7),
        ("150000.000000", 150_000),
        ("1e3", 1000),
        ("-1", -1),
        ("0", 0),
        ("", None),
        ("REDACTED", None),
        ("nan", None),
        ("inf", None),
        ("9" * 5000, None),
    ],
)
def test_an_amount_is_a_whole_number_however_it_is_written(text: str, expected: int | None) -> None:
    assert amount(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, True),
        (-1, True),
        (2**31 - 1, True),
        (2**32 - 1, True),
        (2**63 - 1, True),
        (9_999_999, True),
        (999_999, False),
        (10_000_000_000, False),
        (1, False),
        (10**15 - 1, True),
        (10**15, True),
        (10**14, False),
    ],
)
def test_some_numbers_mean_that_there_is_no_limit(value: int, *, expected: bool) -> None:
    assert is_endless(value) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6m0s", 360),
        ("1s", 1),
        ("12ms", 0.012),
        ("1h2m3.5s", 3723.5),
        ("10.974999999s", 10.974999999),
        ("44", 44),
        ("0.5", 0.5),
        ("33011.382867", 33011.382867),
        (f"{NOW_S + 30:.0f}", 30),
        (f"{(NOW_S + 30) * 1000:.0f}", 30),
        ("2026-08-02T18:00:05Z", 5),
        ("2026-08-02T20:00:05+02:00", 5),
        ("2026-08-02T18:00:05.123456789Z", 5.123456),
        ("2026-08-02T18:00:05", 5),
        ("Sun, 02 Aug 2026 18:01:00 GMT", 60),
        ("2026-08-02T17:59:00Z", 0),
        ("1694403260", 0),
        ("-5", None),
        ("nan", None),
        ("inf", None),
        ("", None),
        ("soon", None),
        ("6m 0s", None),
        ("m6", None),
        ("1" * 50, None),
        ("2036-08-02T18:00:05Z", None),
        ("999999999", None),
        ("9" * 20, None),
    ],
)
def test_a_reset_is_seconds_from_now_however_it_is_written(text: str, expected: float | None) -> None:
    found = seconds_until(text, CLOCK)
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-5))


def test_a_moment_is_taken_relative_to_the_responses_own_date() -> None:
    wrong_by_a_day = Clock((("x", "y"), ("date", "Sun, 02 Aug 2026 18:00:00 GMT")), NOW_S - 86400)
    assert seconds_until("2026-08-02T18:00:05Z", wrong_by_a_day) == 5
    assert seconds_until("2026-08-02T18:00:05Z", Clock((("date", "today"),), NOW_S)) == 5


@pytest.mark.parametrize(("text", "expected"), [("60", 60.0), ("0", None), ("-60", None), ("", None), ("9" * 30, None)])
def test_a_window_is_some_time_and_no_more_than_a_year(text: str, expected: float | None) -> None:
    assert window(text) == expected
