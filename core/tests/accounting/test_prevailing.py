"""Which prices hold when: dates, hours in their zones, past midnight, on some days, and when that is looked at anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from modelscan.accounting import PreparedPrices, cost_of
from modelscan.accounting.prevailing import holds, stays_until
from modelscan.catalog.format import Hours, Prices
from modelscan.types.usage import Usage
from price_lists import listed, row

ONE = {"input_tokens": "1"}
MILLION_TOKENS = Usage(input_tokens=1_000_000)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def price(prices: tuple[Prices, ...], moment: str) -> Decimal:
    cost = cost_of(MILLION_TOKENS, listed(*prices), at(moment))
    assert cost.total is not None
    return cost.total.amount


@pytest.mark.parametrize(
    ("moment", "since", "until", "expected"),
    [
        ("2026-10-31T23:59:59", "2026-11-01", None, False),
        ("2026-11-01T00:00:00", "2026-11-01", None, True),
        ("2026-11-01T00:00:00", "2026-11", None, True),
        ("2025-12-31T23:59:59", "2026", None, False),
        ("2026-12-31T23:59:59", None, "2027-01-01", True),
        ("2027-01-01T00:00:00", None, "2027", False),
    ],
)
def test_prices_hold_from_their_first_day_until_before_their_last(
    moment: str, since: str | None, until: str | None, expected: bool
) -> None:
    assert holds(row(ONE, since=since, until=until), at(moment)) is expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-27T21:59:59", False),  # a Friday
        ("2026-11-27T22:00:00", True),
        ("2026-11-28T05:59:59", True),  # Saturday, in the hours that began on Friday
        ("2026-11-28T06:00:00", False),
        ("2026-11-28T22:30:00", False),
        ("2026-11-27T05:00:00", False),
    ],
)
def test_hours_past_midnight_belong_to_the_day_on_which_they_began(moment: str, expected: bool) -> None:
    hours = (Hours(start="22:00", end="06:00", days=("fri",)),)
    assert holds(row(ONE, hours=hours), at(moment)) is expected


def test_hours_are_those_of_their_zone_in_summer_and_in_winter() -> None:
    prices = row(ONE, hours=(Hours(start="08:00", end="09:00", zone="Europe/Berlin"),))
    assert holds(prices, at("2026-07-01T06:30:00"))
    assert not holds(prices, at("2026-07-01T07:30:00"))
    assert holds(prices, at("2026-12-01T07:30:00"))


def test_hours_that_end_where_they_begin_are_the_whole_day() -> None:
    prices = row(ONE, hours=(Hours(start="08:00", end="08:00", days=("sat",)),))
    assert holds(prices, at("2026-11-29T07:59:00"))
    assert not holds(prices, at("2026-11-29T08:00:00"))


def test_the_price_of_some_hours_beats_that_of_all() -> None:
    peak = (
        Hours(start="01:00", end="04:00", days=("mon", "tue", "wed", "thu", "fri")),
        Hours(start="06:00", end="10:00"),
    )
    prices = (row({"input_tokens": "1"}), row({"input_tokens": "2"}, hours=peak))
    assert price(prices, "2026-11-24T00:59:59") == 1
    assert price(prices, "2026-11-24T01:00:00") == 2
    assert price(prices, "2026-11-24T09:59:59") == 2
    assert price(prices, "2026-11-22T02:00:00") == 1  # a Sunday


def test_of_two_prices_the_later_counts_and_then_the_one_that_ends_first() -> None:
    prices = (
        row({"input_tokens": "5"}, since="2026-01-01"),
        row({"input_tokens": "4"}, since="2026-06-01"),
        row({"input_tokens": "9"}),
    )
    assert price(prices, "2026-05-31T00:00:00") == 5
    assert price(prices, "2026-06-01T00:00:00") == 4
    introductory = (row({"input_tokens": "2"}, until="2027-01-01"), row({"input_tokens": "4"}))
    assert price(introductory, "2026-12-31T23:59:59") == 2
    assert price(introductory, "2027-01-01T00:00:00") == 4


def test_an_introductory_price_does_not_hide_the_step_for_long_prompts() -> None:
    prices = (
        row({"input_tokens": "1"}, since="2026-01-01", until="2027-01-01"),
        row({"input_tokens": "3"}, above={"input_tokens": 200_000}),
    )
    assert price(prices, "2026-11-24T00:00:00") == 3


def test_prices_without_dates_and_hours_stay_for_ever() -> None:
    moment = at("2026-11-24T12:34:56")
    assert stays_until([row(ONE)], moment) is None
    assert stays_until([row(ONE)], moment, by_day=True) == at("2026-11-25T00:00:00")
    assert stays_until([row(ONE, until="2027")], moment) == at("2026-11-25T00:00:00")
    assert stays_until([row(ONE, hours=(Hours(start="01:00", end="02:00"),))], moment) == at("2026-11-24T12:35:00")


def test_a_prepared_list_turns_to_other_prices_the_minute_that_they_begin_and_back() -> None:
    prepared = PreparedPrices(
        listed(row({"input_tokens": "2"}), row({"input_tokens": "1"}, hours=(Hours(start="12:30", end="13:00"),)))
    )
    moments = [
        at("2026-11-24T12:29:59"),
        at("2026-11-24T12:30:00"),
        at("2026-11-24T13:00:00"),
        at("2026-11-24T12:45:00"),
    ]
    assert [prepared.nano_cost(MILLION_TOKENS, moment) for moment in moments] == [2 * 10**9, 10**9, 2 * 10**9, 10**9]


def test_a_prepared_list_is_worked_out_once_while_its_prices_stay() -> None:
    prepared = PreparedPrices(listed(row(ONE, since="2026-01-01")))
    first = prepared.at(at("2026-11-24T10:00:00"))
    assert prepared.at(at("2026-11-24T23:59:59")) is first
    assert prepared.at(at("2026-11-25T00:00:00")) is not first
    for_ever = PreparedPrices(listed(row(ONE)))
    assert for_ever.at(at("2026-11-24T10:00:00")) is for_ever.at(at("2026-01-01T00:00:00") + timedelta(days=3650))
