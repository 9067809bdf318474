"""How limits and budgets stand at the start of a program: what programs before it have spent and learned counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from limited import acme, answered
from modelscan import Budget, Client, Limit
from modelscan.testing.mock import MockProvider

PRICES = {"mock/*": {"per": 1_000_000, "units": {"input_tokens": "2.50", "output_tokens": "10.00"}}}
HEADERS = (("x-ratelimit-limit-requests", "100"), ("x-ratelimit-remaining-requests", "60"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is learned and spent stays in the test."""
    monkeypatch.setenv("MODELSCAN_HOME", str(tmp_path))
    return tmp_path


def client() -> Client:
    budgets = [Budget("1.00", per="day"), Budget("1.00", per="session", name="now")]
    return Client(plugins=[MockProvider()], prices=PRICES, budgets=budgets, config=False)


def test_what_was_spent_of_a_budget_before_this_program_shows_before_its_first_call() -> None:
    with client() as first:
        first.chat("Hi", model="mock/any", max_output_tokens=20)
        day, now = first.limits()
        assert day.used == now.used > 0
    with client() as second:
        later, anew = second.limits()
    assert (later.used, anew.used) == (day.used, 0)


async def test_what_a_program_before_this_one_has_learned_shows_before_the_first_call() -> None:
    first, _ = acme(answered(HEADERS))
    async with first:
        await first.chat("hi", model="acme/m")
    second, _ = acme()
    async with second:
        (limit,) = await second.limits("acme")
        assert (limit.origin, limit.amount, limit.account) == ("learned", 100, "acme/default")
        assert await second.limits("other") == ()


async def test_what_was_learned_gives_way_to_what_is_given() -> None:
    first, _ = acme(answered(HEADERS))
    async with first:
        await first.chat("hi", model="acme/m")
        (learned,) = await first.limits("acme")  # the same limit isn't told of twice
        assert learned.used == 40
    second, _ = acme(limits={"acme": [Limit("requests", 5, window_s=60)]})
    async with second:
        (limit,) = await second.limits("acme")
    assert (limit.origin, limit.amount) == ("given", 5)
