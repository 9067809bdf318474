"""What a client tells of calls to come: `estimate()` and `limits()`. Nothing is sent."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from math import inf
from pathlib import Path

import msgspec
import pytest

from known_facts import HELLO, FakeFacts, call_of, endpoint_of, knowledge_of
from limited import MODEL, Gated, acme, answered, client_of, said, until
from modelscan import Account, Budget, Limit
from modelscan.accounting.budgets import BudgetBook
from modelscan.accounting.estimates import Estimator
from modelscan.client.admission import Metering
from modelscan.client.outlook import estimated
from modelscan.client.recording import Recorder
from modelscan.limits.learning import Learned
from modelscan.limits.memory import MemoryLimiter
from modelscan.plugins import Plugins
from modelscan.testing.mock import MockProvider
from modelscan.types.money import Cost


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is learned and spent stays in the test."""
    monkeypatch.setenv("MODELSCAN_HOME", str(tmp_path))
    return tmp_path


def amount(cost: Cost) -> Decimal:
    assert cost.total is not None
    return cost.total.amount


async def test_an_estimate_says_tokens_and_cost_and_sends_nothing() -> None:
    mock = MockProvider()
    async with client_of(mock) as client:
        told = await client.estimate("Tell me a story.", model=MODEL, max_output_tokens=50)
        assert (told.provider, told.model, told.account) == ("mock", "m", "default")
        assert (told.output_tokens, told.wait_s) == (50, 0.0)
        assert 0 < told.input_tokens < 20
        assert amount(told.cost) == (told.input_tokens + 50 * 100) * Decimal("0.000001")
        assert amount(told.most) > amount(told.cost)
        assert (told.cost.certainty, told.most.certainty) == ("estimated", "bound")
    assert mock.calls == []


async def test_an_estimate_without_an_end_or_a_price_says_so() -> None:
    async with client_of(MockProvider()) as client:
        told = await client.estimate("hi", model=MODEL)
        assert told.most.total is None
        assert "output_tokens has no bound" in told.most.note
    async with client_of(MockProvider(), prices={}) as client:
        told = await client.estimate("hi", model=MODEL)
        assert (told.cost.total, told.most.total) == (None, None)
        assert "no price is known" in told.cost.note


async def test_an_estimate_learns_from_the_calls_before_it() -> None:
    async with client_of(MockProvider().with_response(said(written=7))) as client:
        before = await client.estimate("hi", model=MODEL)
        with client.context(budgets=[Budget("9", hard=False)]):
            for _ in range(40):
                await client.chat("hi", model=MODEL)
        assert (await client.estimate("hi", model=MODEL)).output_tokens < before.output_tokens


async def test_an_estimate_says_how_long_limits_hold_the_call_back() -> None:
    async with client_of(MockProvider(), limits={"mock": [Limit("requests", 1, window_s=60)]}) as client:
        await client.chat("hi", model=MODEL)
        assert 59 < (await client.estimate("hi", model=MODEL)).wait_s <= 60


async def test_an_estimate_of_what_no_budget_affords_waits_for_ever() -> None:
    async with client_of(MockProvider(), budgets=[Budget("0.001", per="day")]) as client:
        assert (await client.estimate("hi", model=MODEL, max_output_tokens=1_000)).wait_s == inf
        assert (await client.estimate("hi", model=MODEL)).wait_s == 0.0


async def test_an_estimate_says_what_a_call_costs_at_most_whose_answer_a_budget_shortens() -> None:
    async with client_of(MockProvider(), budgets=[Budget("0.05", per="day")]) as client:
        assert Decimal("0.0499") < amount((await client.estimate("hi", model=MODEL)).most) <= Decimal("0.05")


async def test_an_estimate_of_what_no_limit_lets_pass_waits_for_ever() -> None:
    limits = {"mock": [Limit("tokens", 5_000, window_s=60, strict=True)]}
    async with client_of(MockProvider(), limits=limits) as client:
        assert (await client.estimate("hi", model=MODEL)).wait_s == inf
        assert (await client.estimate("hi", model=MODEL, max_output_tokens=9_000)).wait_s == inf


async def test_the_longest_answer_of_the_model_bounds_an_estimate() -> None:
    metering = Metering(
        MemoryLimiter(),
        knowledge_of(FakeFacts(most_output=100)),
        Estimator(),
        BudgetBook(),
        Learned(),
        Plugins().hooks(),
        recorder=Recorder(is_kept=False),
    )
    one = await estimated(metering, endpoint_of(), call_of(), HELLO)
    two = await estimated(metering, endpoint_of(), call_of(), msgspec.structs.replace(HELLO, choices=2))
    assert amount(two.most) - amount(one.most) == Decimal("0.01")


async def test_an_estimate_leaves_nothing_set_aside() -> None:
    async with client_of(MockProvider().with_response(said()), budgets=[Budget("1", per="day")]) as client:
        with client.context(budgets=[Budget("0.5", name="agent", is_allotment=True)]):
            for _ in range(3):
                await client.estimate("hi", model=MODEL, max_output_tokens=1_000)
            await client.chat("hi", model=MODEL, max_output_tokens=100)
        assert [each.used for each in await client.limits() if each.origin == "budget"] == [10_010_000]


# --- How limits stand -------------------------------------------------------------------------------------------------


async def test_limits_say_what_is_used_and_when_something_comes_back() -> None:
    limits = {"mock": [Limit("requests", 5, window_s=60), Limit("concurrent", 3)]}
    async with client_of(MockProvider(), limits=limits, budgets=[Budget("1", per="day")]) as client:
        await client.chat("hi", model=MODEL, max_output_tokens=9)
        rate, gauge, budget = await client.limits("mock")
    assert (rate.limit, rate.used, rate.left, rate.origin) == ("5 requests a minute", 1, 4, "given")
    assert rate.reset_s is not None
    assert 59 < rate.reset_s <= 60
    assert (gauge.limit, gauge.used, gauge.reset_s) == ("3 calls at once", 0, None)
    assert (budget.limit, budget.account, budget.origin) == ("the budget of 1 USD a day", "1USD/day", "budget")


async def test_limits_say_who_waits() -> None:
    mock = Gated()
    async with client_of(mock, limits={"mock": [Limit("concurrent", 1)]}) as client:
        await client.estimate("hi", model=MODEL)  # so that the terms are known
        calls = [asyncio.ensure_future(client.chat("hi", model=MODEL)) for _ in range(3)]
        await until(lambda: mock.under_way)
        for _ in range(3):
            await asyncio.sleep(0)  # the others come to the line
        (gauge,) = await client.limits("mock")
        assert (gauge.used, gauge.waiting) == (1, 2)
        mock.open.set()
        await asyncio.gather(*calls)


async def test_limits_of_accounts_that_were_never_called_are_told_too() -> None:
    accounts = [Account(provider="mock", name=name) for name in ("a", "b")]
    limits = {"mock/a": [Limit("requests", 5, window_s=60)], "mock/b": [Limit("requests", 7, window_s=60)]}
    async with client_of(MockProvider(), accounts=accounts, limits=limits) as client:
        assert [(each.account, each.amount) for each in await client.limits()] == [("mock/a", 5), ("mock/b", 7)]


async def test_limits_of_one_provider_leave_out_those_of_another() -> None:
    client, _ = acme(answered(), limits={"acme": [Limit("requests", 5, window_s=60)]})
    async with client:
        await client.chat("hi", model="acme/m")
        assert [each.account for each in await client.limits()] == ["acme/default"]
        assert await client.limits("other") == ()
