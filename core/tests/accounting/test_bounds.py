"""The most that a call can cost: the dearest that each unit may become, and no bound where there is none."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from modelscan.accounting import ExchangeRate, PreparedBounds, Terms, bound_cost
from modelscan.catalog.format import Allowance, Hours
from modelscan.types.money import Cost
from price_lists import listed, row

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CHAT = row({"input_tokens": "3", "cached_tokens": "0.3", "cache_write_tokens": "3.75", "output_tokens": "15"})


def total(cost: Cost) -> Decimal:
    assert cost.total is not None, cost.note
    return cost.total.amount


def test_all_input_counts_at_the_dearest_of_what_may_become_of_it() -> None:
    bound = bound_cost({"input_tokens": 1000, "output_tokens": 100, "requests": 1}, listed(CHAT), AT)
    assert total(bound) == Decimal("0.00375") + Decimal("0.0015")
    assert bound.certainty == "bound"


def test_a_part_that_is_bounded_counts_up_to_its_bound() -> None:
    most = {"input_tokens": 1000, "cache_write_tokens": 200}
    assert total(bound_cost(most, listed(CHAT), AT)) == Decimal("0.00075") + Decimal("0.0024")
    assert total(bound_cost({"input_tokens": 1000, "cache_write_tokens": 0}, listed(CHAT), AT)) == Decimal("0.003")


def test_parts_may_be_bounded_without_their_whole() -> None:
    prices = listed(row({"input_tokens": "1", "audio_input_tokens": "8"}), row({"tokens": "2"}, tier="batch"))
    most = {"audio_input_tokens": 10, "image_input_tokens": 5}
    assert total(bound_cost(most, prices, AT)) == Decimal("0.000085")
    assert total(bound_cost(most, prices, AT, tier="batch")) == Decimal("0.00003")


def test_a_step_counts_where_it_can_be_reached() -> None:
    prices = listed(CHAT, row({"input_tokens": "6", "output_tokens": "22.50"}, above={"input_tokens": 200}))
    low = bound_cost({"input_tokens": 200, "output_tokens": 10}, prices, AT)
    high = bound_cost({"input_tokens": 201, "output_tokens": 10}, prices, AT)
    assert total(low) == Decimal("0.0009")
    prepared = PreparedBounds(prices)
    assert prepared.bound({"input_tokens": 200, "output_tokens": 10}, AT) == low
    assert prepared.bound({"input_tokens": 201, "output_tokens": 10}, AT.replace(hour=1)) == high
    assert total(high) == Decimal("0.001431")


def test_a_step_that_makes_it_cheaper_does_not_lower_the_bound() -> None:
    prices = listed(row({"images": "2"}, 1), row({"images": "1"}, 1, above={"images": 9}))
    assert total(bound_cost({"images": 10}, prices, AT)) == 20


def test_prices_of_the_next_hour_count_and_later_ones_do_not() -> None:
    prices = listed(row({"input_tokens": "1"}), row({"input_tokens": "2"}, hours=(Hours(start="12:45", end="13:00"),)))
    prepared = PreparedBounds(prices)
    one = {"input_tokens": 1_000_000}
    assert total(prepared.bound(one, AT.replace(hour=11, minute=44))) == 1
    assert total(prepared.bound(one, AT.replace(hour=11, minute=45))) == 2
    assert total(prepared.bound(one, AT.replace(minute=59))) == 2
    assert total(prepared.bound(one, AT.replace(hour=13))) == 1


def test_a_price_that_begins_tomorrow_counts_in_the_last_hour_of_today() -> None:
    prices = listed(row({"input_tokens": "1"}), row({"input_tokens": "2"}, since="2026-11-25"))
    one = {"input_tokens": 1_000_000}
    assert total(bound_cost(one, prices, AT.replace(hour=22, minute=59))) == 1
    assert total(bound_cost(one, prices, AT.replace(hour=23))) == 2


def test_the_dearer_of_two_days_exchange_rates_counts() -> None:
    rates = (
        ExchangeRate("CNY", "USD", Decimal("0.10"), date(2026, 1, 1)),
        ExchangeRate("CNY", "USD", Decimal("0.20"), date(2026, 11, 25)),
    )
    prepared = PreparedBounds(listed(row({"images": "1"}, 1, currency="CNY")), Terms(currency="USD", rates=rates))
    assert total(prepared.bound({"images": 1}, AT)) == Decimal("0.10")
    assert total(prepared.bound({"images": 1}, AT.replace(hour=23, minute=30))) == Decimal("0.20")


def test_a_unit_without_a_bound_leaves_the_cost_without_one_and_is_named() -> None:
    assert bound_cost({"input_tokens": 10, "output_tokens": None}, listed(CHAT), AT) == Cost(
        certainty="bound", note="output_tokens has no bound"
    )


def test_a_whole_without_a_bound_is_held_by_a_part_of_the_price_list_that_costs_nothing() -> None:
    free = listed(row({"input_tokens": "1", "output_tokens": "0"}))
    assert total(bound_cost({"input_tokens": 1_000_000, "output_tokens": None}, free, AT)) == 1


def test_a_part_with_a_bound_counts_although_its_whole_has_none() -> None:
    prices = listed(row({"input_tokens": "0", "audio_input_tokens": "2"}))
    assert total(bound_cost({"input_tokens": None, "audio_input_tokens": 500_000}, prices, AT)) == 1


def test_a_unit_that_is_used_and_has_no_price_is_named() -> None:
    bound = bound_cost({"input_tokens": 10, "searches": None}, listed(CHAT), AT)
    assert (bound.total, bound.note) == (None, "no price is known for searches")
    assert bound_cost({"input_tokens": 10}, listed(), AT).note == "no price is known for acme/big-1"


def test_a_call_is_a_request_where_requests_have_a_price() -> None:
    prices = listed(CHAT, row({"requests": "5"}, 1000))
    assert total(bound_cost({"output_tokens": 100}, prices, AT)) == Decimal("0.0065")
    assert total(bound_cost({"requests": 3}, prices, AT)) == Decimal("0.015")


def test_least_amounts_and_steps_count_once_for_a_unit_and_once_for_each_part() -> None:
    alone = listed(row({"seconds": "1"}, 1, least={"seconds": Decimal(15)}, step={"seconds": Decimal(10)}))
    assert total(bound_cost({"seconds": 12}, alone, AT)) == 20
    assert total(bound_cost({"seconds": 3}, alone, AT)) == 15
    shared = listed(
        row({"input_tokens": "1"}, 1), row({"audio_input_tokens": "2"}, 1, least={"audio_input_tokens": Decimal(5)})
    )
    assert total(bound_cost({"input_tokens": 10}, shared, AT)) == 30
    assert total(bound_cost({"input_tokens": 10, "audio_input_tokens": 0}, shared, AT)) == 10


def test_prices_that_depend_on_how_much_is_used_are_told_from_those_that_do_not() -> None:
    free = (Allowance(unit="searches", amount=Decimal(5), period="call"),)
    for stepped in (
        listed(row({"input_tokens": "1"}, above={"input_tokens": 9})),
        listed(row({"seconds": "1"}, least={"seconds": Decimal(15)})),
        listed(row({"seconds": "1"}, step={"seconds": Decimal(1)})),
        listed(CHAT, free=free),
    ):
        assert PreparedBounds(stepped).has_steps
    assert not PreparedBounds(listed(CHAT)).has_steps


@pytest.mark.parametrize("most", [{}, {"input_tokens": 0}])
def test_a_call_that_uses_nothing_costs_nothing(most: dict[str, int | None]) -> None:
    assert total(bound_cost(most, listed(CHAT), AT)) == 0
