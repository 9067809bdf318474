"""Which of a model's prices hold for a call."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from modelscan.accounting.tariff import Terms
from modelscan.catalog.answers import Freshness, PriceList
from modelscan.catalog.format import Prices
from modelscan.client.pricing import Pricing
from modelscan.types.chat import ChatRequest
from modelscan.types.media import ImageRequest
from modelscan.types.messages import user
from modelscan.types.usage import Usage

AT = datetime(2026, 11, 24, tzinfo=UTC)
FRESH = Freshness(verified=None, trust="official")


def priced(*rows: Prices, region: str = "") -> Pricing:
    listed = PriceList(provider="ex", model="m", prices=rows, freshness=FRESH)
    return Pricing(listed, Terms(), Terms(currency="USD"), region)


def row(unit: str, price: str, **holds: Any) -> Prices:
    return Prices(units={unit: Decimal(price)}, **holds)


def total(pricing: Pricing, capability: str, request: Any, usage: Usage) -> Decimal | None:
    cost = pricing.of(capability, request).prices.cost(usage, AT)
    return None if cost.total is None else cost.total.amount


def chat(**extra: Any) -> ChatRequest:
    return ChatRequest(messages=(user("hi"),), extra=extra)


@pytest.mark.parametrize(
    ("capability", "tier", "amount"),
    [
        ("chat", None, "20"),
        ("chat", "auto", "20"),
        ("chat", "default", "20"),
        ("chat", "flex", "10"),
        ("batch", None, "5"),
    ],
)
def test_a_tier_of_service_has_its_own_price(capability: str, tier: str | None, amount: str) -> None:
    pricing = priced(
        row("output_tokens", "2"), row("output_tokens", "1", tier="flex"), row("output_tokens", "0.5", tier="batch")
    )
    request = chat() if tier is None else chat(service_tier=tier)
    assert total(pricing, capability, request, Usage(output_tokens=10)) == Decimal(amount)


def test_a_tier_without_a_price_has_no_cost() -> None:
    pricing = priced(row("output_tokens", "2"))
    assert total(pricing, "chat", chat(service_tier="priority"), Usage(output_tokens=10)) is None


def test_the_accounts_region_decides_where_prices_differ_by_it() -> None:
    rows = (row("output_tokens", "2"), row("output_tokens", "3", region="eu"))
    assert total(priced(*rows), "chat", chat(), Usage(output_tokens=1)) == 2
    assert total(priced(*rows, region="eu"), "chat", chat(), Usage(output_tokens=1)) == 3


def test_what_a_request_asks_for_decides_where_prices_differ_by_it() -> None:
    pricing = priced(
        row("images", "1", when={"quality": "low"}), row("images", "4", when={"quality": "high", "steps": "9"})
    )
    low = ImageRequest(prompt="a cat", quality="low")
    high = ImageRequest(prompt="a cat", quality="high", extra={"steps": 9})
    assert total(pricing, "image", low, Usage(images=2)) == 2
    assert total(pricing, "image", high, Usage(images=2)) == 8


def test_the_prices_of_a_kind_of_call_are_made_once_and_not_kept_for_ever() -> None:
    pricing = priced(row("output_tokens", "2"))
    kept = pricing.of("chat", chat())
    assert pricing.of("chat", chat()) is kept
    for number in range(100):
        pricing.of("chat", chat(service_tier=f"tier-{number}"))
    assert pricing.of("chat", chat()) is not kept
