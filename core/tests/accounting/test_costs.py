"""What is charged for a usage: parts and wholes, tiers, regions, steps, least amounts, and what has no price."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

import modelscan.accounting
from modelscan.accounting import ExchangeRate, PreparedPrices, Terms, converted, cost_of, nano
from modelscan.catalog.format import Allowance, Factor
from modelscan.errors import ConfigurationError
from modelscan.types.money import Cost, CostLine, Money
from modelscan.types.usage import UNREPORTED, Usage
from price_lists import listed, row

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CHAT = row({"input_tokens": "2.50", "cached_tokens": "1.25", "output_tokens": "10"})


def total(cost: Cost) -> Decimal:
    assert cost.total is not None, cost.note
    return cost.total.amount


def charged(cost: Cost) -> dict[str, Decimal]:
    return {line.unit: line.quantity for line in cost.lines}


def test_input_and_output_are_charged_at_their_prices_with_a_line_each() -> None:
    cost = cost_of(Usage(input_tokens=1000, output_tokens=100), listed(CHAT), AT)
    assert cost == Cost(
        Money(Decimal("0.0035")),
        (
            CostLine("input_tokens", Decimal(1000), Decimal("0.0000025"), Decimal("0.0025")),
            CostLine("output_tokens", Decimal(100), Decimal("0.00001"), Decimal("0.001")),
        ),
    )


def test_a_part_with_a_price_of_its_own_is_charged_at_it_and_the_rest_at_the_wholes() -> None:
    cost = cost_of(Usage(input_tokens=1000, cached_tokens=600, output_tokens=0), listed(CHAT), AT)
    assert charged(cost) == {"input_tokens": 400, "cached_tokens": 600}
    assert total(cost) == Decimal("0.00175")


def test_a_part_without_a_price_is_charged_as_its_whole() -> None:
    usage = Usage(input_tokens=10, cached_tokens=4, image_input_tokens=2, output_tokens=8, reasoning_tokens=7)
    cost = cost_of(usage, listed(row({"input_tokens": "1", "output_tokens": "2"})), AT)
    assert charged(cost) == {"input_tokens": 10, "output_tokens": 8}


def test_what_is_written_to_a_cache_for_an_hour_is_a_part_of_what_is_written() -> None:
    prices = row({"input_tokens": "3", "cache_write_tokens": "3.75", "cache_write_1h_tokens": "6"})
    cost = cost_of(Usage(input_tokens=1000, cache_write_tokens=500, cache_write_1h_tokens=200), listed(prices), AT)
    assert charged(cost) == {"input_tokens": 500, "cache_write_tokens": 300, "cache_write_1h_tokens": 200}


def test_a_price_for_all_tokens_is_charged_for_both_sides() -> None:
    cost = cost_of(Usage(input_tokens=700, cached_tokens=100, output_tokens=300), listed(row({"tokens": "1"})), AT)
    assert charged(cost) == {"tokens": 1000}
    split = cost_of(Usage(input_tokens=700, output_tokens=300), listed(row({"tokens": "1", "output_tokens": "2"})), AT)
    assert charged(split) == {"tokens": 700, "output_tokens": 300}


def test_the_vendors_own_units_are_charged_when_they_have_a_price() -> None:
    usage = Usage(input_tokens=100, other={"video_input_tokens": 40, "sparks": 3})
    cost = cost_of(usage, listed(row({"input_tokens": "1", "video_input_tokens": "2"}), row({"sparks": "5"}, 1)), AT)
    assert charged(cost) == {"input_tokens": 60, "video_input_tokens": 40, "sparks": 3}


def test_an_unreported_usage_has_no_cost() -> None:
    cost = cost_of(UNREPORTED, listed(CHAT), AT)
    assert cost.total is None
    assert "reported no usage" in cost.note
    assert nano(cost) is None


def test_a_reported_usage_of_nothing_costs_nothing() -> None:
    assert cost_of(Usage(requests=1), listed(CHAT), AT) == Cost(Money(Decimal(0)))


@pytest.mark.parametrize(
    ("usage", "named"),
    [
        (Usage(input_tokens=5, searches=2), "searches"),
        (Usage(input_tokens=5, other={"advisor_input_tokens": 9}), "advisor_input_tokens"),
        (Usage(images=1), "images"),
    ],
)
def test_a_unit_without_a_price_leaves_the_whole_cost_unknown(usage: Usage, named: str) -> None:
    cost = cost_of(usage, listed(CHAT), AT)
    assert (cost.total, cost.lines, cost.note) == (None, (), f"no price is known for {named}")


def test_output_without_a_price_leaves_the_cost_unknown_where_input_has_one() -> None:
    prices = listed(row({"input_tokens": "1"}))
    assert cost_of(Usage(input_tokens=5, output_tokens=1), prices, AT).total is None
    assert total(cost_of(Usage(input_tokens=5), prices, AT)) == Decimal("0.000005")


def test_a_whole_without_a_price_needs_none_where_its_parts_have_theirs() -> None:
    prices = listed(row({"audio_output_tokens": "20", "cache_write_tokens": "2", "cache_write_1h_tokens": "4"}))
    assert charged(cost_of(Usage(output_tokens=7, audio_output_tokens=7), prices, AT)) == {"audio_output_tokens": 7}
    written = Usage(input_tokens=9, cache_write_tokens=9, cache_write_1h_tokens=4)
    assert charged(cost_of(written, prices, AT)) == {"cache_write_tokens": 5, "cache_write_1h_tokens": 4}
    assert cost_of(Usage(output_tokens=8, audio_output_tokens=7), prices, AT).total is None


def test_a_part_that_no_whole_is_counted_for_leaves_the_cost_unknown_without_a_price() -> None:
    assert "reasoning_tokens" in cost_of(Usage(reasoning_tokens=3), listed(row({"images": "1"}, 1)), AT).note
    both = cost_of(Usage(output_tokens=3, reasoning_tokens=3), listed(row({"input_tokens": "1"})), AT)
    assert both.note == "no price is known for output_tokens"


@pytest.mark.parametrize(
    ("usage", "prices"),
    [
        (Usage(characters=500, seconds=Decimal("31.5")), {"characters": "30"}),
        (Usage(seconds=Decimal(60), input_tokens=120, output_tokens=40), {"seconds": "100"}),
        (Usage(images=1, input_tokens=50, output_tokens=1056), {"input_tokens": "5", "output_tokens": "40"}),
        (Usage(images=1, input_tokens=50, output_tokens=1056), {"tokens": "40"}),
        (Usage(pages=3, credits=Decimal("1.5")), {"credits": "100"}),
    ],
)
def test_other_measures_of_the_same_work_need_no_price(usage: Usage, prices: dict[str, str]) -> None:
    assert cost_of(usage, listed(row(prices)), AT).total is not None


def test_a_list_without_prices_says_whose_are_missing() -> None:
    assert cost_of(Usage(input_tokens=1), listed(), AT).note == "no price is known for acme/big-1"


def test_a_tier_has_prices_of_its_own_or_none() -> None:
    prices = listed(CHAT, row({"input_tokens": "1.25", "output_tokens": "5"}, tier="batch"))
    usage = Usage(input_tokens=1000, cached_tokens=400, output_tokens=100)
    batch = cost_of(usage, prices, AT, tier="batch")
    assert charged(batch) == {"input_tokens": 1000, "output_tokens": 100}
    assert total(batch) == Decimal("0.00175")
    assert cost_of(usage, prices, AT, tier="flex").note == "no price is known for acme/big-1 at tier 'flex'"
    searched = cost_of(usage + Usage(searches=1), prices, AT, tier="batch", region="eu")
    assert searched.note == "no price is known for searches at tier 'batch' in region 'eu'"


def test_a_factor_gives_a_tier_its_prices_but_leaves_alone_those_it_has() -> None:
    half = Factor(factor=Decimal("0.5"), tier="batch")
    prices = listed(CHAT, row({"output_tokens": "4"}, tier="batch"), factors=(half,))
    usage = Usage(input_tokens=1000, cached_tokens=1000, output_tokens=1000)
    assert total(cost_of(usage, prices, AT, tier="batch")) == Decimal("0.000625") + Decimal("0.004")
    assert total(cost_of(usage, prices, AT)) == Decimal("0.01125")


def test_a_regions_factor_multiplies_every_price_that_is_not_the_regions_own() -> None:
    factors = (
        Factor(factor=Decimal("1.1"), region="us"),
        Factor(factor=Decimal("0.5"), tier="batch"),
        Factor(factor=Decimal("0.6"), tier="flex"),
        Factor(factor=Decimal("0.7"), tier="flex", region="us"),
    )
    prices = listed(row({"input_tokens": "10"}), row({"output_tokens": "30"}, region="us"), factors=factors)
    usage = Usage(input_tokens=1000)
    assert total(cost_of(usage, prices, AT, region="us")) == Decimal("0.011")
    assert total(cost_of(usage, prices, AT, region="us", tier="batch")) == Decimal("0.0055")
    assert total(cost_of(usage, prices, AT, region="us", tier="flex")) == Decimal("0.007")
    assert total(cost_of(usage, prices, AT, region="eu", tier="flex")) == Decimal("0.006")
    assert total(cost_of(Usage(output_tokens=1000), prices, AT, region="us")) == Decimal("0.03")


def test_a_factor_leaves_fees_alone() -> None:
    factors = (Factor(factor=Decimal("1.1"), region="us"), Factor(factor=Decimal(6), tier="fast"))
    prices = listed(CHAT, row({"searches": "10", "requests": "5", "sparks": "1"}, 1000), factors=factors)
    usage = Usage(input_tokens=1_000_000, searches=1, other={"sparks": 1})
    fees = Decimal("0.016")
    assert total(cost_of(usage, prices, AT)) == Decimal("2.50") + fees
    assert total(cost_of(usage, prices, AT, region="us")) == Decimal("2.75") + fees
    assert total(cost_of(usage, prices, AT, tier="fast")) == Decimal(15) + fees


def test_above_a_step_the_whole_call_has_the_higher_price() -> None:
    prices = listed(
        CHAT,
        row({"input_tokens": "5", "output_tokens": "15"}, above={"input_tokens": 200_000}),
        row({"output_tokens": "20"}, above={"input_tokens": 300_000}),
    )
    assert total(cost_of(Usage(input_tokens=200_000, output_tokens=1000), prices, AT)) == Decimal("0.51")
    assert total(cost_of(Usage(input_tokens=200_001, output_tokens=1000), prices, AT)) == Decimal("1.015005")
    assert total(cost_of(Usage(input_tokens=300_001, output_tokens=1000), prices, AT)) == Decimal("1.520005")


def test_a_unit_that_has_a_price_beyond_a_step_alone_has_none_below_it() -> None:
    prices = listed(CHAT, row({"searches": "14"}, 1000, above={"searches": 10}))
    assert cost_of(Usage(searches=10), prices, AT).note == "no price is known for searches"
    assert total(cost_of(Usage(searches=11), prices, AT)) == Decimal("0.154")


def test_a_step_may_go_by_all_tokens() -> None:
    prices = listed(CHAT, row({"output_tokens": "20"}, above={"tokens": 10}))
    assert total(cost_of(Usage(input_tokens=4, output_tokens=6), prices, AT)) == Decimal("0.00007")
    assert total(cost_of(Usage(input_tokens=4, output_tokens=7), prices, AT)) == Decimal("0.00015")


def test_circumstances_decide_between_prices() -> None:
    prices = listed(
        row({"images": "0.04"}, 1, when={"quality": "low"}),
        row({"images": "0.08"}, 1, when={"quality": "high"}),
        row({"images": "0.12"}, 1, when={"quality": "high", "size": "large"}),
    )
    one = Usage(images=1)
    assert total(cost_of(one, prices, AT, when={"quality": "low", "size": "large"})) == Decimal("0.04")
    assert total(cost_of(one, prices, AT, when={"quality": "high", "size": "large"})) == Decimal("0.12")
    untold = cost_of(one, prices, AT)
    assert untold.note == "no price is known for acme/big-1 (it depends on quality, size)"
    beside = listed(*prices.prices, CHAT)
    assert cost_of(one, beside, AT, when={"size": "small"}).note == (
        "no price is known for images (it depends on quality)"
    )


def test_a_measure_that_has_a_price_on_other_terms_is_not_passed_over() -> None:
    prices = listed(CHAT, row({"images": "0.04"}, 1, when={"quality": "low"}), row({"pages": "1"}, 1, tier="batch"))
    seen = Usage(input_tokens=10, images=1)
    assert cost_of(seen, prices, AT).note == "no price is known for images (it depends on quality)"
    assert total(cost_of(seen, prices, AT, when={"quality": "low"})) == Decimal("0.040025")
    assert cost_of(Usage(input_tokens=10, pages=1), prices, AT).note == "no price is known for pages"
    ended = listed(CHAT, row({"images": "0.04"}, 1, until="2026-11-01"))
    assert total(cost_of(seen, ended, AT)) == Decimal("0.000025")


def test_a_call_is_a_request_where_requests_have_a_price() -> None:
    prices = listed(CHAT, row({"requests": "5"}, 1000, when={"context": "low"}))
    assert total(cost_of(Usage(input_tokens=1000), prices, AT, when={"context": "low"})) == Decimal("0.0075")
    assert total(cost_of(Usage(requests=2), prices, AT, when={"context": "low"})) == Decimal("0.01")
    assert cost_of(Usage(input_tokens=1), prices, AT).note == "no price is known for requests (it depends on context)"
    assert PreparedPrices(prices, Terms(when={"context": "low"})).nano_cost(Usage(input_tokens=1000), AT) == 7_500_000


def test_a_unit_is_charged_in_whole_steps_and_for_the_least() -> None:
    prices = listed(row({"seconds": "0.002"}, 1, step={"seconds": Decimal(1)}, least={"seconds": Decimal(15)}))
    assert charged(cost_of(Usage(seconds=Decimal("3.2")), prices, AT)) == {"seconds": 15}
    assert charged(cost_of(Usage(seconds=Decimal("15.01")), prices, AT)) == {"seconds": 16}
    assert total(cost_of(Usage(seconds=Decimal(0), requests=1), prices, AT)) == 0


def test_what_each_call_includes_is_free() -> None:
    free = (Allowance(unit="searches", amount=Decimal(25), period="call"),)
    prices = listed(row({"searches": "1"}, 1000), free=free)
    assert charged(cost_of(Usage(searches=30), prices, AT)) == {"searches": 5}
    assert total(cost_of(Usage(searches=25), prices, AT)) == 0


def test_what_a_plan_includes_by_the_month_is_charged_and_said_so() -> None:
    free = (Allowance(unit="searches", amount=Decimal(1500), period="day"),)
    prices = listed(CHAT, row({"searches": "14"}, 1000), free=free)
    searched = cost_of(Usage(searches=2), prices, AT)
    assert total(searched) == Decimal("0.028")
    assert searched.note == "1500 searches are free (day), and none is taken off"
    assert cost_of(Usage(input_tokens=2), prices, AT).note == ""


def test_what_goes_beyond_a_plan_has_the_overages_price() -> None:
    beyond = (
        Allowance(unit="characters", amount=Decimal(30000), period="month", overage=Decimal("0.0003")),
        Allowance(unit="pages", amount=Decimal(2), period="call", overage=Decimal("0.5")),
    )
    prices = listed(row({"characters": "100"}), free=beyond)
    assert total(cost_of(Usage(characters=1000), prices, AT)) == Decimal("0.3")
    assert charged(cost_of(Usage(pages=5), prices, AT)) == {"pages": 3}


def test_a_price_that_has_no_end_as_a_decimal_is_rounded_up_at_the_last_place() -> None:
    prices = listed(row({"seconds": "0.25"}, 3600))
    cost = cost_of(Usage(seconds=Decimal(7)), prices, AT)
    assert total(cost) == Decimal("0.000486111111111112")
    assert total(cost_of(Usage(seconds=Decimal(7200)), prices, AT)) == Decimal("0.5")
    assert nano(cost) == 486112
    assert PreparedPrices(prices).nano_cost(Usage(seconds=Decimal(7)), AT) == 486112


def test_parts_that_overlap_are_charged_at_the_most_that_they_can_cost() -> None:
    prices = listed(row({"input_tokens": "1", "cached_tokens": "0.5", "audio_input_tokens": "8", "images": "0"}))
    usage = Usage(input_tokens=100, cached_tokens=60, audio_input_tokens=80, images=2)
    cost = cost_of(usage, prices, AT)
    assert charged(cost) == {"audio_input_tokens": 80, "cached_tokens": 20, "images": 2}
    assert cost.certainty == "bound"
    assert "overlap" in cost.note
    assert PreparedPrices(prices).nano_cost(usage, AT) == nano(cost) == 650_000
    apart = listed(row({"tokens": "1", "cached_tokens": "0.5", "audio_input_tokens": "8"}))
    assert charged(cost_of(usage, apart, AT)) == {"audio_input_tokens": 80, "cached_tokens": 20}


def test_a_part_that_is_greater_than_its_whole_is_counted_beside_it() -> None:
    prices = listed(
        row({"input_tokens": "2", "output_tokens": "8", "reasoning_tokens": "3", "audio_output_tokens": "9"})
    )
    usage = Usage(input_tokens=33, output_tokens=7163, reasoning_tokens=73_997, audio_output_tokens=163)
    cost = cost_of(usage, prices, AT)
    assert charged(cost) == {
        "input_tokens": 33,
        "output_tokens": 7000,
        "reasoning_tokens": 73_997,
        "audio_output_tokens": 163,
    }
    assert (cost.certainty, cost.note) == ("measured", "")
    assert PreparedPrices(prices).nano_cost(usage, AT) == nano(cost)


def test_the_certainty_is_passed_through() -> None:
    assert cost_of(Usage(input_tokens=1), listed(CHAT), AT, certainty="estimated").certainty == "estimated"


def test_an_amount_stays_in_the_prices_currency() -> None:
    cost = cost_of(Usage(input_tokens=1000), listed(row({"input_tokens": "4"}, currency="CNY")), AT)
    assert cost.total == Money(Decimal("0.004"), "CNY")


def test_an_amount_is_converted_at_the_latest_rate_of_its_day() -> None:
    rates = (
        ExchangeRate("CNY", "USD", Decimal("0.13"), date(2026, 1, 1)),
        ExchangeRate("CNY", "USD", Decimal("0.14"), date(2026, 11, 24)),
        ExchangeRate("CNY", "USD", Decimal("0.15"), date(2026, 11, 25)),
        ExchangeRate("EUR", "USD", Decimal("1.10"), date(2026, 11, 1)),
    )
    prices = listed(row({"input_tokens": "4"}, currency="CNY"))
    cost = cost_of(Usage(input_tokens=1000), prices, AT, currency="USD", rates=rates)
    assert cost.total == Money(Decimal("0.00056"))
    assert cost.note == "CNY at 0.14 USD, the rate since 2026-11-24"
    prepared = PreparedPrices(prices, Terms(currency="USD", rates=rates))
    assert total(prepared.cost(Usage(input_tokens=1000), AT)) == Decimal("0.00056")
    assert total(prepared.cost(Usage(input_tokens=1000), AT.replace(day=25))) == Decimal("0.0006")
    assert converted(Money(Decimal(2), "EUR"), "USD", AT.date(), rates) == Money(Decimal("2.20"))
    assert converted(Money(Decimal(2)), "USD", AT.date(), ()) == Money(Decimal(2))


def test_a_currency_without_a_rate_is_an_error_that_says_what_to_give() -> None:
    later = (ExchangeRate("CNY", "USD", Decimal("0.14"), date(2026, 11, 25)),)
    with pytest.raises(ConfigurationError, match=r"ExchangeRate\('CNY', 'USD'"):
        cost_of(
            Usage(input_tokens=1), listed(row({"input_tokens": "4"}, currency="CNY")), AT, currency="USD", rates=later
        )


def test_a_call_in_two_currencies_is_an_error_unless_one_is_asked_for() -> None:
    prices = listed(row({"input_tokens": "4"}, currency="CNY"), row({"searches": "1"}, 1))
    assert cost_of(Usage(input_tokens=1), prices, AT).total == Money(Decimal("0.000004"), "CNY")
    assert cost_of(Usage(searches=1), prices, AT).total == Money(Decimal(1), "USD")
    assert PreparedPrices(prices).nano_cost(Usage(searches=1), AT) == 10**9
    with pytest.raises(ConfigurationError, match="charged in CNY and in USD"):
        cost_of(Usage(input_tokens=1, searches=1), prices, AT)


@pytest.mark.parametrize("rate", [Decimal(0), Decimal(-1), Decimal("NaN"), 1.1])
def test_an_exchange_rate_is_a_positive_decimal(rate: Decimal) -> None:
    with pytest.raises(ValueError, match="positive Decimal"):
        ExchangeRate("EUR", "USD", rate, date(2026, 1, 1))


def test_a_moment_names_its_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        cost_of(Usage(), listed(CHAT), datetime(2026, 11, 24))  # noqa: DTZ001 - the mistake that is told


def test_billionths_are_rounded_up() -> None:
    prices = listed(row({"input_tokens": "0.0001"}))
    assert nano(cost_of(Usage(input_tokens=1), prices, AT)) == 1
    assert PreparedPrices(prices).nano_cost(Usage(input_tokens=1), AT) == 1
    assert PreparedPrices(prices).nano_cost(Usage(input_tokens=11), AT) == 2
    assert PreparedPrices(prices).nano_cost(UNREPORTED, AT) is None


def test_a_misspelt_name_of_the_package_is_an_error() -> None:
    with pytest.raises(AttributeError, match="cost_off"):
        modelscan.accounting.cost_off  # noqa: B018 - looking it up is what is tested
