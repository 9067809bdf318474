"""Budgets: of calls, sessions, users, teams and days, nested, opened at run time, hard and soft, over programs."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

from limited import MODEL, PRICES, Gated, Told, client_of, dollars, most_of, said, spent, until
from modelscan import Budget, Client, Route
from modelscan.accounting.budgets import Allotment
from modelscan.contracts.provider import CutStream
from modelscan.errors import BudgetExceededError, ConnectError, LimitExceededError, ServerError, TransportError
from modelscan.testing.mock import MockProvider

CENT = Decimal("0.01001")
"""What an answer of `said()` costs: ten tokens that were read and a hundred that were written."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ledger is the test's own."""
    monkeypatch.setenv("MODELSCAN_HOME", str(tmp_path))
    return tmp_path


def mock_of(*answers: Any) -> MockProvider:
    return MockProvider().with_response(*(answers or (said(),)))


async def test_a_call_is_charged_what_it_cost() -> None:
    async with client_of(mock_of(), budgets=[Budget("1", per="day")]) as client:
        reply = await client.chat("hi", model=MODEL, max_output_tokens=100)
        assert dollars(reply) == CENT
        assert await spent(client) == [("1USD/day", CENT)]


async def test_a_hard_budget_is_not_passed_by_many_at_once() -> None:
    mock = Gated().with_response(said())
    async with client_of(mock, budgets=[Budget("0.05", per="day")]) as client:
        calls = [asyncio.ensure_future(client.chat("hi", model=MODEL, max_output_tokens=100)) for _ in range(20)]
        await until(lambda: mock.under_way)
        mock.open.set()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(each, BudgetExceededError) for each in outcomes) == 20 - len(mock.calls)
        assert len(mock.calls) * CENT <= Decimal("0.05")
        assert len(mock.calls) == 4


async def test_a_soft_budget_warns_and_lets_pass(caplog: pytest.LogCaptureFixture) -> None:
    told = Told()
    async with client_of(mock_of(), told.plugin, budgets=[Budget("0.02", per="day", hard=False)]) as client:
        with caplog.at_level(logging.WARNING, "modelscan"):
            for _ in range(4):
                await client.chat("hi", model=MODEL)
        assert (await spent(client))[0][1] == 4 * CENT
    assert [unit for unit, _ in told.nearly] == ["USD"]
    assert len(caplog.messages) == 1


async def test_a_hard_budget_refuses_what_has_no_price() -> None:
    async with client_of(mock_of(), budgets=[Budget("1", per="day")], prices={}) as client:
        with pytest.raises(BudgetExceededError, match="no price is known"):
            await client.chat("hi", model=MODEL)
    async with client_of(mock_of(), budgets=[Budget("1", per="day", hard=False)], prices={}) as client:
        assert (await client.chat("hi", model=MODEL)).cost.total is None


async def test_each_call_may_cost_so_much() -> None:
    mock = mock_of()
    async with client_of(mock, budgets=[Budget("0.01", per="call")]) as client:
        with pytest.raises(BudgetExceededError, match=r"could cost 0\.10.*0\.01 of its budget is left"):
            await client.chat("hi", model=MODEL, max_output_tokens=1_000)
        await client.chat("hi", model=MODEL, max_output_tokens=50)
        await client.chat("hi", model=MODEL, max_output_tokens=50)
    assert len(mock.calls) == 2


async def test_a_call_says_itself_what_it_may_cost() -> None:
    mock = mock_of()
    async with client_of(mock) as client:
        with pytest.raises(BudgetExceededError):
            await client.chat("hi", model=MODEL, max_output_tokens=1_000, max_cost="0.05")
        reply = await client.chat("hi", model=MODEL, max_cost="0.05")
        assert "max_output_tokens was set to" in reply.cost.note
        await client.chat("hi", model=MODEL, max_output_tokens=1_000, max_cost=Budget("1", per="call"))
    cap = most_of(mock)[0]
    assert cap is not None
    assert 400 < cap < 500


async def test_a_session_begins_anew_with_each_client() -> None:
    for _ in range(2):
        async with client_of(mock_of(), budgets=[Budget("0.02", per="session")]) as client:
            await client.chat("hi", model=MODEL, max_output_tokens=100)
            with pytest.raises(BudgetExceededError):
                await client.chat("hi", model=MODEL, max_output_tokens=100)


@pytest.mark.parametrize(
    "budget", [Budget("0.02", per="day"), Budget("0.02", per="month"), Budget("0.02", name="ever")]
)
async def test_a_day_goes_on_with_the_next_client(budget: Budget) -> None:
    async with client_of(mock_of(), budgets=[budget]) as client:
        await client.chat("hi", model=MODEL, max_output_tokens=100)
    async with client_of(mock_of(), budgets=[budget]) as client:
        with pytest.raises(BudgetExceededError):
            await client.chat("hi", model=MODEL, max_output_tokens=100)
        assert (await spent(client))[0][1] == CENT


async def test_without_a_ledger_nothing_is_known_of_programs_before() -> None:
    arguments: dict[str, Any] = {"budgets": [Budget("0.02", per="day")], "settings": {"accounting.ledger": False}}
    for _ in range(2):
        async with client_of(mock_of(), **arguments) as client:
            await client.chat("hi", model=MODEL, max_output_tokens=100)


async def test_each_user_and_each_team_has_its_own() -> None:
    budget = Budget("0.02", per="day", scope=("user", "team"), name="own")
    async with client_of(mock_of(), budgets=[budget]) as client:
        for principal, team in (("ann", "a"), ("ann", "b"), ("bob", "a")):
            await client.chat("hi", model=MODEL, max_output_tokens=100, principal=principal, tags={"team": team})
        with pytest.raises(BudgetExceededError):
            await client.chat("hi", model=MODEL, max_output_tokens=100, principal="ann", tags={"team": "a"})
        with client.context(principal="bob", tags={"team": "a"}):
            assert await spent(client) == [("own (user=bob/team=a)", CENT)]


async def test_a_budget_opened_at_run_time_lies_within_those_around_it() -> None:
    async with client_of(mock_of(), budgets=[Budget("1", per="day")]) as client:
        with client.context(budgets=[Budget("0.02", name="task")]):
            await client.chat("hi", model=MODEL, max_output_tokens=100)
            with pytest.raises(BudgetExceededError):
                await client.chat("hi", model=MODEL, max_output_tokens=100)
            assert await spent(client) == [("1USD/day", CENT), ("task", CENT)]
        await client.chat("hi", model=MODEL, max_output_tokens=100)
        assert await spent(client) == [("1USD/day", 2 * CENT)]


async def test_a_model_that_the_budget_affords_answers_in_the_place_of_one_that_it_does_not() -> None:
    prices = {"mock/dear": {"units": {"input_tokens": "1", "output_tokens": "1"}}, **PRICES}
    route = Route("first", models=("mock/dear", "mock/cheap"))
    async with client_of(mock_of(), budgets=[Budget("1", per="day")], prices=prices) as client:
        assert (await client.chat("hi", model=route, max_output_tokens=100)).model == "cheap"


async def test_each_attempt_is_charged_what_it_cost() -> None:
    mock = mock_of(TransportError("lost", phase="wait"), said())
    async with client_of(mock, budgets=[Budget("1", per="day")]) as client:
        route = Route("first", models=("mock/one", "mock/two"))
        await client.chat("hi", model=route, max_output_tokens=100)
        assert 2 * CENT - Decimal("0.0001") < (await spent(client))[0][1] < 3 * CENT


# --- Allotments -------------------------------------------------------------------------------------------------------


async def test_an_allotment_takes_its_whole_amount_and_gives_back_what_is_left() -> None:
    async with client_of(mock_of(), budgets=[Budget("1", per="day")]) as client:
        with client.context(budgets=[Budget("0.6", name="agent", is_allotment=True)]):
            await client.chat("hi", model=MODEL, max_output_tokens=100)
            assert await spent(client) == [("agent", CENT)]
        assert await spent(client) == [("1USD/day", CENT)]


async def test_while_an_allotment_is_open_nobody_else_has_it() -> None:
    async with client_of(mock_of(), budgets=[Budget("1", per="day")]) as client:
        with client.context(budgets=[Budget("0.99", name="agent", is_allotment=True)]):
            await client.chat("hi", model=MODEL, max_output_tokens=100)

            async def elsewhere() -> None:
                with client.context(may_wait=False):
                    await client.chat("hi", model=MODEL, max_output_tokens=100)

            task = contextvars.Context().run(asyncio.get_running_loop().create_task, elsewhere())
            with pytest.raises(LimitExceededError, match="until calls under way are over"):
                await task


async def test_an_allotment_larger_than_what_is_left_is_refused() -> None:
    async with client_of(mock_of(), budgets=[Budget("0.5", per="day")]) as client:
        with client.context(budgets=[Budget("0.6", name="agent", is_allotment=True)]):
            with pytest.raises(BudgetExceededError):
                await client.chat("hi", model=MODEL, max_output_tokens=100)


async def test_allotments_lie_within_each_other() -> None:
    async with client_of(mock_of(), budgets=[Budget("1", per="day")]) as client:
        with client.context(budgets=[Budget("0.8", name="team", is_allotment=True)]):
            with client.context(budgets=[Budget("0.7", name="agent", is_allotment=True)]):
                await client.chat("hi", model=MODEL, max_output_tokens=100)
            await client.chat("hi", model=MODEL, max_output_tokens=100)
            assert await spent(client) == [("team", 2 * CENT)]
        assert await spent(client) == [("1USD/day", 2 * CENT)]


async def test_calls_of_one_context_share_one_allotment_from_the_start() -> None:
    async with client_of(mock_of(), budgets=[Budget("1", per="day")]) as client:
        with client.context(budgets=[Budget("0.7", name="agent", is_allotment=True)]):
            await asyncio.gather(*(client.chat("hi", model=MODEL, max_output_tokens=100) for _ in range(4)))
        assert await spent(client) == [("1USD/day", 4 * CENT)]


async def test_what_a_call_under_way_may_cost_stays_spent_when_its_allotment_closes() -> None:
    mock = Gated().with_response(said())
    async with client_of(mock, budgets=[Budget("1", per="day")]) as client:
        with client.context(budgets=[Budget("0.6", name="agent", is_allotment=True)]):
            call = asyncio.ensure_future(client.chat("hi", model=MODEL, max_output_tokens=100))
            await until(lambda: mock.under_way)
        mock.open.set()
        cost = dollars(await call)
        assert (await spent(client))[0][1] >= cost


async def test_what_an_allotment_spent_is_spent_of_the_day_for_the_next_client_too() -> None:
    async with client_of(mock_of(), budgets=[Budget("1", per="day")]) as client:
        with client.context(budgets=[Budget("0.6", name="agent", is_allotment=True)]):
            await client.chat("hi", model=MODEL, max_output_tokens=100)
    async with client_of(mock_of(), budgets=[Budget("1", per="day")]) as client:
        await client.chat("hi", model=MODEL, max_output_tokens=100)
        assert (await spent(client))[0][1] == 2 * CENT


def test_a_blocking_client_gives_back_on_the_loop_that_its_calls_are_on(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []
    close = Allotment.close

    def watched(self: Allotment) -> None:
        threads.append(threading.current_thread().name)
        close(self)

    monkeypatch.setattr(Allotment, "close", watched)
    mock = mock_of()
    arguments: dict[str, Any] = {"plugins": (mock.provider,), "transport": mock, "prices": PRICES, "config": False}
    with Client(budgets=[Budget("1", per="day")], **arguments) as client:
        with client.context(budgets=[Budget("0.6", name="agent", is_allotment=True)]):
            client.chat("hi", model=MODEL, max_output_tokens=100)
        (told,) = client.limits()
        assert Decimal(told.used) / 10**9 == CENT
    assert threads
    assert threading.current_thread().name not in threads


# --- What can't be known, and what never was --------------------------------------------------------------------------


async def test_a_lost_reply_is_charged_at_its_bound() -> None:
    lost = TransportError("lost", phase="wait")
    async with client_of(mock_of(lost), budgets=[Budget("1", per="day")]) as client:
        with pytest.raises(TransportError):
            await client.chat("hi", model=MODEL, max_output_tokens=100)
        ((_, taken),) = await spent(client)
    assert Decimal("0.0100") < taken < Decimal("0.013")
    async with client_of(mock_of(), budgets=[Budget("1", per="day")]) as client:
        await client.chat("hi", model=MODEL, max_output_tokens=100)
        assert (await spent(client))[0][1] == taken + CENT


@pytest.mark.parametrize("error", [ConnectError("refused"), ServerError("broken", status=500)])
async def test_what_was_not_carried_out_costs_nothing(error: Exception) -> None:
    async with client_of(mock_of(error), budgets=[Budget("1", per="day")]) as client:
        with pytest.raises(type(error)):
            await client.chat("hi", model=MODEL, max_output_tokens=100)
        assert (await spent(client))[0][1] == 0


async def test_a_stream_that_is_left_is_charged_by_its_providers_rule() -> None:
    text = "a word " * 20
    rules: list[tuple[CutStream, Decimal]] = [("arrived", Decimal("0.01")), ("unknown", Decimal("0.2"))]
    for rule, most in rules:
        mock = mock_of(said(text, written=20))
        mock.provider = attrs.evolve(mock.provider, cut_stream=rule)
        async with client_of(mock, budgets=[Budget("1", per="session")]) as client:
            async with client.stream("hi", model=MODEL, max_output_tokens=1_000) as stream:
                await anext(stream)
            ((_, taken),) = await spent(client)
            assert 0 < taken < most
            assert (taken > Decimal("0.1")) == (rule == "unknown")
