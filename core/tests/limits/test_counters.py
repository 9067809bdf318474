"""Counters: what is taken, when it comes back, and what the provider's word does to it."""

from __future__ import annotations

from math import inf, nextafter

import pytest

from limits_world import gauge, rate
from modelscan.contracts.limiter import Quota
from modelscan.limits.counters import BUCKETS, Calendar, Counter, Entry, Gauge, Rate, counter_for

NOON_S = 1_767_268_800.0  # 2026-01-01 12:00 UTC
DAY_S = 86_400.0
DAILY = Quota(key="day", kind="calendar", unit="requests", amount=10, period="day")


def take(counter: Counter, amount: int, now: float = 0.0) -> Entry:
    """What the book does."""
    counter.free(now)
    counter.used += amount
    counter.open += amount
    return Entry(counter, amount)


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_each_kind_of_quota_has_its_counter() -> None:
    clock = Clock(NOON_S)
    kinds = [type(counter_for(quota, clock, clock)) for quota in (rate(1), gauge(1), DAILY)]
    assert kinds == [Rate, Gauge, Calendar]


def test_a_kind_must_say_how_it_counts() -> None:
    counter = Counter(rate(1))
    entry = Entry(counter, 1)
    counter.date(entry, 0.0)
    for unsaid in (
        lambda: counter.free(0.0),
        lambda: counter.release(entry, 0.0),
        lambda: counter.earliest(1, 0.0),
        lambda: counter.observe(1, None, 0.0),
        lambda: counter.next_s(0.0),
    ):
        with pytest.raises(NotImplementedError):
            unsaid()


def test_an_entry_of_a_rate_counts_until_a_window_after_its_date() -> None:
    counter = Rate(rate(5, 60.0))
    entry = take(counter, 3)
    assert counter.free(1000.0) == 2
    counter.date(entry, 1000.0)
    assert counter.free(1060.0) == 2
    assert counter.free(nextafter(1060.0, inf)) == 5


def test_an_entry_without_a_head_is_dated_when_it_ends() -> None:
    counter = Rate(rate(5, 60.0))
    counter.end(take(counter, 3), 3, 100.0)
    assert counter.earliest(5, 100.0) == (nextafter(160.0, inf), 5)


def test_an_end_changes_what_an_entry_is_worth_and_never_its_date() -> None:
    counter = Rate(rate(100, 60.0))
    entry = take(counter, 30)
    counter.date(entry, 0.0)
    counter.end(entry, 80, 50.0)
    assert counter.used == 80
    assert counter.earliest(100, 50.0) == (nextafter(60.0, inf), 100)


def test_what_ends_after_its_window_changes_nothing() -> None:
    counter = Rate(rate(100, 60.0))
    entry = take(counter, 30)
    counter.date(entry, 0.0)
    assert counter.free(100.0) == 100
    counter.end(entry, 80, 100.0)
    assert counter.used == 0


def test_a_released_entry_never_was() -> None:
    counter = Rate(rate(5, 60.0))
    counter.release(take(counter, 3), 1.0)
    assert (counter.used, counter.open, counter.is_under_way(), counter.free(1.0)) == (0, 0, False, 5)


def test_a_long_queue_of_entries_is_joined_and_none_counts_too_short() -> None:
    counter = Rate(rate(10_000, 3600.0))
    entries = []
    for number in range(4000):
        now = number * 0.75
        entries.append(entry := take(counter, 1, now))
        counter.date(entry, now)
    assert len(counter._buckets) <= 2 * BUCKETS
    for number, entry in enumerate(entries):
        assert entry.bucket is not None
        assert entry.bucket.at >= number * 0.75
        assert entry.bucket.at - entry.bucket.first <= 3600.0 / BUCKETS
    counter.end(entries[-1], 5, 3000.0)
    assert counter.used == 4004
    assert counter.free(3000.0 + 3600.0) == 10_000


def test_the_earliest_start_counts_what_calls_under_way_hold_as_taken() -> None:
    counter = Rate(rate(10, 60.0))
    take(counter, 4)
    counter.date(take(counter, 6), 0.0)
    assert counter.earliest(6, 1.0) == (nextafter(60.0, inf), 6)
    assert counter.earliest(7, 1.0) == (inf, 6)


@pytest.mark.parametrize("moment", [0.1, 1e6 + 0.1, 123456.789, 2**20 - 0.05])
@pytest.mark.parametrize("window_s", [0.1, 0.2, 0.3, 60.0, 86400.0])
def test_at_the_earliest_start_there_is_room_whatever_was_lost_in_rounding(moment: float, window_s: float) -> None:
    counter = Rate(rate(1, window_s))
    counter.date(take(counter, 1, moment), moment)
    at, _ = counter.earliest(1, moment)
    for _ in range(3):
        if counter.free(at) < 1:
            again, _ = counter.earliest(1, at)
            assert again > at
            at = again
    assert counter.free(at) == 1


def test_the_providers_word_adds_what_isnt_ours_until_its_reset() -> None:
    counter = Rate(rate(10, 60.0))
    counter.date(take(counter, 2), 0.0)
    counter.observe(7, 30.0, 0.0)
    assert counter.free(30.0) == 3
    assert counter.earliest(8, 0.0) == (nextafter(30.0, inf), 8)
    assert counter.next_s(0.0) == 30.0
    assert counter.free(nextafter(30.0, inf)) == 8


def test_without_a_reset_the_providers_word_holds_for_a_window() -> None:
    counter = Rate(rate(10, 60.0))
    counter.observe(7, None, 0.0)
    assert counter.earliest(10, 0.0) == (nextafter(60.0, inf), 10)
    counter.observe(7, 500.0, 1.0)
    assert counter.next_s(1.0) == 60.0


def test_what_the_provider_still_counts_comes_back_before_or_after_what_is_ours() -> None:
    counter = Rate(rate(10, 60.0))
    counter.date(take(counter, 2), 0.0)
    counter.observe(9, 60.0, 10.0)
    assert counter.earliest(3, 10.0) == (nextafter(60.0, inf), 3)
    assert counter.earliest(4, 10.0) == (nextafter(70.0, inf), 10)
    assert counter.earliest(11, 10.0) == (inf, 10)


def test_what_the_provider_counts_may_come_back_first_and_not_be_enough() -> None:
    counter = Rate(rate(10, 60.0))
    counter.date(take(counter, 4, 20.0), 20.0)
    counter.observe(10, 30.0, 25.0)
    assert counter.earliest(6, 25.0) == (nextafter(55.0, inf), 6)
    assert counter.earliest(7, 25.0) == (nextafter(80.0, inf), 10)


def test_a_snapshot_takes_nothing_away_while_calls_are_under_way() -> None:
    counter = Rate(rate(10, 60.0))
    counter.observe(6, 60.0, 0.0)
    entry = take(counter, 1)
    counter.observe(0, 60.0, 1.0)
    assert counter.free(1.0) == 3
    counter.date(entry, 2.0)
    counter.observe(1, 60.0, 2.0)
    assert counter.free(2.0) == 9
    assert counter.next_s(2.0) == 60.0


def test_nothing_comes_back_of_an_empty_rate() -> None:
    assert Rate(rate(1)).next_s(0.0) is None


def test_another_window_holds_for_what_was_taken_before() -> None:
    counter = Rate(rate(5, 60.0))
    counter.date(take(counter, 5), 0.0)
    counter.become(rate(7, 10.0))
    assert counter.free(10.0) == 2
    assert counter.free(10.5) == 7


def test_a_gauge_counts_until_the_end_and_doesnt_ask_for_the_head() -> None:
    counter = Gauge(gauge(3))
    entry = take(counter, 2)
    counter.date(entry, 1.0)
    assert counter.free(500.0) == 1
    assert counter.earliest(2, 500.0) == (inf, 1)
    assert counter.earliest(1, 500.0) == (500.0, 1)
    counter.end(entry, 0, 501.0)
    assert (counter.free(501.0), counter.is_under_way(), counter.next_s(501.0)) == (3, False, None)


def test_what_others_have_under_way_is_believed_for_a_while() -> None:
    counter = Gauge(gauge(5))
    counter.observe(4, None, 0.0)
    counter.observe(2, None, 0.0)
    assert counter.free(0.5) == 1
    assert counter.earliest(3, 0.5) == (nextafter(1.0, inf), 5)
    assert counter.next_s(0.5) == 0.5
    assert counter.free(1.5) == 5
    counter.observe(5, 7.0, 2.0)
    assert counter.earliest(6, 2.0) == (inf, 5)
    assert counter.next_s(2.0) == 7.0


def test_a_calendar_quota_begins_anew_at_its_reset() -> None:
    wall = Clock(NOON_S)
    counter = Calendar(DAILY, wall, wall)
    counter.end(take(counter, 8), 6, 0.0)
    assert counter.free(0.0) == 4
    assert counter.next_s(0.0) == DAY_S / 2
    at, free = counter.earliest(5, 0.0)
    assert (at, free) == (nextafter(DAY_S / 2, inf), 10)
    wall.now += DAY_S / 2
    assert counter.free(at) == 10


def test_a_call_that_a_reset_comes_upon_counts_on_both_sides() -> None:
    wall = Clock(NOON_S)
    counter = Calendar(DAILY, wall, wall)
    entry = take(counter, 8)
    assert counter.earliest(3, 0.0) == (inf, 2)
    wall.now += DAY_S / 2
    counter.end(entry, 7, DAY_S / 2)
    assert counter.free(DAY_S / 2) == 3


def test_a_quota_that_never_resets_never_gives_back() -> None:
    wall = Clock(NOON_S)
    counter = Calendar(Quota(key="t", kind="calendar", unit="USD", amount=10, period="total"), wall, wall)
    counter.end(take(counter, 10), 10, 0.0)
    wall.now += 1000 * DAY_S
    assert counter.free(0.0) == 0
    assert counter.next_s(0.0) is None
    assert counter.earliest(1, 0.0) == (inf, 10)


def test_the_providers_word_on_a_calendar_quota_holds_until_the_reset() -> None:
    wall = Clock(NOON_S)
    counter = Calendar(DAILY, wall, wall)
    counter.observe(9, 5.0, 0.0)
    counter.observe(3, 5.0, 0.0)
    assert counter.free(0.0) == 1
    wall.now += DAY_S / 2
    assert counter.free(0.0) == 10


def test_what_is_taken_between_the_resets_of_two_clocks_counts_for_both_periods() -> None:
    late, early = Clock(NOON_S), Clock(NOON_S + 7200)
    counter = Calendar(DAILY, late, early)
    counter.end(take(counter, 5), 5, 0.0)
    late.now, early.now = late.now + DAY_S / 2 - 3600, early.now + DAY_S / 2 - 3600
    counter.end(take(counter, 4), 4, 0.0)
    assert counter.free(0.0) == 1
    at, free = counter.earliest(6, 0.0)
    assert (at, free) == (nextafter(3600.0, inf), 6)
    late.now, early.now = late.now + 3600, early.now + 3600
    assert counter.free(0.0) == 6


def test_another_period_begins_with_what_was_taken() -> None:
    wall = Clock(NOON_S)
    counter = Calendar(DAILY, wall, wall)
    take(counter, 2)
    counter.become(Quota(key="day", kind="calendar", unit="requests", amount=5, period="day"))
    assert counter.next_s(0.0) == DAY_S / 2
    counter.become(Quota(key="day", kind="calendar", unit="requests", amount=4, period="hour"))
    assert counter.next_s(0.0) == 3600.0
    assert counter.free(0.0) == 2


def test_an_equal_quota_doesnt_keep_a_period_from_ending() -> None:
    wall = Clock(NOON_S)
    counter = Calendar(DAILY, wall, wall)
    counter.end(take(counter, 10), 10, 0.0)
    wall.now += DAY_S
    counter.become(Quota(key="day", kind="calendar", unit="requests", amount=10, period="day"))
    assert counter.free(0.0) == 10


def test_only_what_isnt_requests_may_turn_out_to_be_less() -> None:
    tokens, requests = Rate(rate(10, unit="tokens")), Rate(rate(10))
    assert not tokens.may_shrink()
    take(tokens, 1)
    take(requests, 1)
    assert tokens.may_shrink()
    assert not requests.may_shrink()
