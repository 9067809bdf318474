"""Laws of costs, for any prices and any usage."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal, localcontext
from fractions import Fraction

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from modelscan.accounting import PreparedBounds, PreparedPrices, bound_cost, cost_of, nano
from modelscan.catalog.answers import PriceList
from modelscan.catalog.format import Hours, Prices
from modelscan.types.money import Cost
from modelscan.types.usage import Usage
from price_lists import listed

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
WHOLES = ("input_tokens", "output_tokens", "characters", "images", "searches")
PARTS = ("cached_tokens", "cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens", "audio_output_tokens")

amounts = st.decimals("0", "1000", places=9).filter(lambda amount: amount.is_finite())
counts = st.integers(0, 10**9)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Parts that fit into their wholes, as a provider reports them."""
    input_tokens, output_tokens = draw(counts), draw(counts)
    cached = draw(st.integers(0, input_tokens))
    written = draw(st.integers(0, input_tokens - cached))
    reasoning = draw(st.integers(0, output_tokens))
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_tokens=cached,
        cache_write_tokens=written,
        cache_write_1h_tokens=draw(st.integers(0, written)),
        reasoning_tokens=reasoning,
        audio_output_tokens=draw(st.integers(0, output_tokens - reasoning)),
        characters=draw(counts),
        images=draw(counts),
        searches=draw(counts),
        seconds=draw(st.decimals("0", "100000", places=3)),
    )


@st.composite
def rows(draw: st.DrawFn, *, steps: bool, minutes: bool = True) -> PriceList:
    """A price for every whole and for some parts, with or without steps, charged by any number of a unit."""
    per = st.sampled_from((1, 1000, 1_000_000, 60, 3600) if minutes else (1, 1000, 1_000_000))
    parts = draw(st.dictionaries(st.sampled_from(PARTS), amounts))
    units = {unit: draw(amounts) for unit in (*WHOLES, "seconds")} | parts
    base = Prices(units=units, per=draw(per))
    if not steps:
        return listed(base)
    stepped = Prices(
        units={unit: draw(amounts) for unit in ("input_tokens", "output_tokens", *parts)},
        per=1_000_000,
        above={"input_tokens": draw(counts)},
        hours=draw(st.sampled_from(((), (Hours(start="12:30", end="12:40"),)))),
    )
    rounded = Prices(
        units={"seconds": draw(amounts)},
        step={"seconds": Decimal(draw(st.integers(1, 60)))},
        least={"seconds": Decimal(draw(st.integers(0, 60)))},
        since="2026-01-01",
    )
    return listed(base, stepped, rounded)


def total(cost: Cost) -> Decimal:
    assert cost.total is not None, cost.note
    return cost.total.amount


@given(usages(), rows(steps=True))
def test_the_total_is_exactly_the_sum_of_the_lines(usage: Usage, prices: PriceList) -> None:
    cost = cost_of(usage, prices, AT)
    assert Fraction(total(cost)) == sum(Fraction(line.amount) for line in cost.lines)


@given(usages(), rows(steps=True, minutes=False))
def test_a_line_is_exactly_its_quantity_times_its_price(usage: Usage, prices: PriceList) -> None:
    for line in cost_of(usage, prices, AT).lines:
        assert Fraction(line.amount) == Fraction(line.quantity) * Fraction(line.unit_price)


@given(usages(), rows(steps=True))
def test_billionths_in_whole_numbers_are_the_ceiling_of_the_cost(usage: Usage, prices: PriceList) -> None:
    with localcontext(prec=400):
        ceiling = int((total(cost_of(usage, prices, AT)) * 10**9).to_integral_value(ROUND_CEILING))
    assert PreparedPrices(prices).nano_cost(usage, AT) == nano(cost_of(usage, prices, AT)) == ceiling


@given(usages(), st.fixed_dictionaries(dict.fromkeys(WHOLES, amounts), optional=dict.fromkeys(PARTS, amounts)))
def test_prices_of_whole_units_are_counted_in_whole_numbers_and_come_to_the_same(
    usage: Usage, units: dict[str, Decimal]
) -> None:
    prepared = PreparedPrices(listed(Prices(units=units, per=1_000_000)))
    assert prepared.at(AT).level(()).weights is not None
    assert prepared.nano_cost(usage, AT) == nano(prepared.cost(usage, AT))


@given(usages(), usages(), rows(steps=False, minutes=False))
def test_without_steps_two_usages_cost_what_their_sum_costs(one: Usage, other: Usage, prices: PriceList) -> None:
    together = total(cost_of(one + other, prices, AT))
    assert Fraction(together) == Fraction(total(cost_of(one, prices, AT))) + Fraction(total(cost_of(other, prices, AT)))


@given(usages(), rows(steps=False), st.sampled_from(WHOLES), counts)
def test_more_of_a_whole_never_costs_less(usage: Usage, prices: PriceList, unit: str, more: int) -> None:
    with_more = msgspec.structs.replace(usage, **{unit: getattr(usage, unit) + more})
    assert total(cost_of(with_more, prices, AT)) >= total(cost_of(usage, prices, AT))


@given(usages(), rows(steps=True), st.integers(0, 59))
def test_no_call_within_the_hour_costs_more_than_the_bound_of_its_units(
    usage: Usage, prices: PriceList, minute: int
) -> None:
    most = {unit: getattr(usage, unit) for unit in WHOLES} | {"seconds": int(usage.seconds) + 1}
    bound = bound_cost(most, prices, AT)
    assert bound.certainty == "bound"
    assert total(cost_of(usage, prices, AT.replace(minute=minute))) <= total(bound)
    assert PreparedBounds(prices).bound(most, AT) == bound
