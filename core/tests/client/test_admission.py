"""What an attempt asks of limits and budgets before it is sent, and what becomes of it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import msgspec
import pytest

from known_facts import HELLO, FakeFacts, call_of, endpoint_of, knowledge_of
from limited import MODEL, Gated, Told, client_of, said, spent, until
from modelscan import AsyncClient, Budget, Limit, hookimpl
from modelscan.accounting.budgets import BudgetBook
from modelscan.accounting.estimates import Estimator
from modelscan.client.admission import Metering, Unmetered, UnmeteredTicket
from modelscan.client.flow_store import MemoryFlowStore
from modelscan.client.recording import Recorder
from modelscan.client.tickets import AttemptTicket
from modelscan.contracts.http import HttpResponse, ResponseHead
from modelscan.contracts.limiter import Demand
from modelscan.contracts.provider import Provider
from modelscan.errors import BudgetExceededError, LimitExceededError, RateLimitError
from modelscan.limits.learning import Learned
from modelscan.limits.lease import CountedLease
from modelscan.limits.memory import MemoryLimiter
from modelscan.plugins import Plugins
from modelscan.testing.mock import MockProvider
from modelscan.testing.scripted import ScriptedTransport
from modelscan.types.context import CallContext
from modelscan.types.usage import Usage
from painter import ASKED, HANG, PAINTED, PICTURE, SUBMITTED, painter

OK = ResponseHead(200, ())


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is learned and spent stays in the test."""
    monkeypatch.setenv("MODELSCAN_HOME", str(tmp_path))
    return tmp_path


def metering_of(*budgets: Budget, limiter: MemoryLimiter | None = None, **more: Any) -> Metering:
    learned = Learned()
    return Metering(
        limiter or MemoryLimiter(),
        knowledge_of(more.pop("facts", FakeFacts()), learned, **more),
        Estimator(),
        BudgetBook(budgets),
        learned,
        Plugins().hooks(),
        recorder=Recorder(is_kept=False),
    )


# --- What takes no limits --------------------------------------------------------------------------------------------


async def test_what_comes_before_and_after_a_call_takes_no_limits() -> None:
    admission, endpoint = Unmetered(), endpoint_of()
    ticket = await admission.prepared(endpoint, call_of(), HELLO)
    assert (ticket.request, ticket.claims, ticket.again()) == (HELLO, (), ticket)
    lease = await admission.reserve(ticket)
    lease.sent()
    lease.settle(Usage())
    assert (await admission.carried(endpoint, call_of(), HELLO, ())).request is HELLO
    admission.heard(endpoint, OK)
    admission.refused(endpoint, HttpResponse(ResponseHead(429, ()), b""), RateLimitError("no", status=429))
    admission.attach((await admission.reserve(ticket))._lease.detach()).settle(())


@pytest.mark.parametrize("capability", ["models", "count_tokens"])
async def test_what_vendors_do_not_bill_takes_no_limits(capability: str) -> None:
    metering, call = metering_of(Budget("0", per="day")), call_of(capability=capability)
    ticket = await metering.prepared(endpoint_of(), call, HELLO)
    assert isinstance(ticket, UnmeteredTicket)
    (await metering.reserve(ticket)).close()
    assert isinstance(await metering.carried(endpoint_of(), call, HELLO, ()), UnmeteredTicket)


async def test_where_nothing_limits_nothing_is_estimated() -> None:
    ticket = await metering_of().prepared(endpoint_of(), call_of(), HELLO)
    assert isinstance(ticket, AttemptTicket)
    assert (ticket.claims, ticket.estimates) == ((), None)


# --- Waiting ---------------------------------------------------------------------------------------------------------


async def test_a_call_that_waited_claims_what_answers_meanwhile_have_taught() -> None:
    metering, endpoint = metering_of(given={"acme": [Limit("tokens", 9_000, window_s=0.05)]}), endpoint_of()
    other = endpoint_of(model="other")
    first = await metering.reserve(await metering.prepared(other, call_of(), HELLO))
    first.sent()
    first.settle(Usage(input_tokens=10, output_tokens=9_000))
    stale = await metering.prepared(endpoint, call_of(), HELLO)
    assert isinstance(stale, AttemptTicket)
    waiting = asyncio.ensure_future(metering.reserve(stale))
    await asyncio.sleep(0)
    assert stale.estimates is not None
    metering._estimator.learn(stale.estimates, Usage(input_tokens=10, output_tokens=8_000))
    was = stale.claims[0].amount
    (await waiting).close()
    assert stale.claims[0].amount > was


async def test_a_call_that_waited_for_requests_alone_claims_the_same() -> None:
    metering, endpoint = metering_of(given={"acme": [Limit("requests", 1, window_s=0.02)]}), endpoint_of()
    for _ in range(2):
        lease = await metering.reserve(await metering.prepared(endpoint, call_of(), HELLO))
        lease.sent()
        lease.settle(Usage())
    (told,) = await metering.limiter.standing([metering.knowledge.known(endpoint)[0].quota])
    assert told.used == 1


async def test_a_call_that_is_cancelled_while_it_waits_leaves_nothing_behind() -> None:
    mock = Gated()
    limits = {"mock": [Limit("concurrent", 1)]}
    async with client_of(mock, limits=limits, budgets=[Budget("1", per="session")]) as client:
        call = asyncio.ensure_future(client.chat("hi", model=MODEL, max_output_tokens=9))
        await until(lambda: mock.under_way)
        before = await spent(client)
        waiting = asyncio.ensure_future(client.chat("hi", model=MODEL, max_output_tokens=9))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert await spent(client) == before
        mock.open.set()
        await call


# --- Budgets that are smaller than they were -------------------------------------------------------------------------


class Vanishing(MemoryLimiter):
    """A budget of which another program takes a part between the look at it and the reservation."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def reserve(self, demand: Demand) -> CountedLease:
        if self.times:
            self.times -= 1
            raise BudgetExceededError("another was quicker")
        return await super().reserve(demand)


async def test_an_answer_is_fitted_anew_where_another_program_was_quicker() -> None:
    @hookimpl
    def modelscan_limiter() -> Any:
        def factory() -> Vanishing:
            return Vanishing(3)

        factory.name = "vanishing"  # type: ignore[attr-defined]
        return factory

    mock = Gated().with_response(said())
    mock.open.set()
    plugin = SimpleNamespace(modelscan_limiter=modelscan_limiter)
    arguments: dict[str, Any] = {"settings": {"client.limiter": "vanishing"}, "budgets": [Budget("1", per="session")]}
    async with client_of(mock, plugin, **arguments) as client:
        await client.chat("hi", model=MODEL)
        with pytest.raises(BudgetExceededError):
            await client.chat("hi", model=MODEL, max_output_tokens=100_000)
    assert len(mock.calls) == 1


class Own(MemoryLimiter):
    """An application's own limiter."""

    name = "own"


async def test_a_limiter_of_ones_own_is_given_the_longest_wait_and_who_watches() -> None:
    @hookimpl
    def modelscan_limiter() -> type[Own]:
        return Own

    told = Told()
    plugins = (SimpleNamespace(modelscan_limiter=modelscan_limiter), told.plugin)
    arguments: dict[str, Any] = {
        "settings": {"client.limiter": "own", "limits.longest_wait_s": 0.01},
        "limits": {"mock": [Limit("requests", 1, window_s=60)]},
    }
    async with client_of(MockProvider(), *plugins, **arguments) as client:
        await client.chat("hi", model=MODEL)
        assert told.nearly == [("requests", 1)]
        with pytest.raises(LimitExceededError, match="longer than it may"):
            await client.chat("hi", model=MODEL)


class Far(MemoryLimiter):
    """A limiter that takes its time, as one on another machine does."""

    async def reserve(self, demand: Demand) -> CountedLease:
        await asyncio.sleep(0)
        return await super().reserve(demand)


async def test_calls_that_begin_together_take_their_contexts_allotment_once() -> None:
    metering = metering_of(Budget("1", per="session"), limiter=Far())
    budgets = (Budget("0.9", name="team", is_allotment=True), Budget("0.8", name="agent", is_allotment=True))
    call = call_of(msgspec.structs.replace(HELLO, max_output_tokens=9), CallContext(budgets=budgets))
    await asyncio.gather(*(metering.prepared(endpoint_of(), call, call.request) for _ in range(5)))
    (session,), _ = metering.book.drawn(CallContext())
    (told,) = await metering.limiter.standing([session.quota])
    assert told.used == 900_000_000


# --- Jobs ------------------------------------------------------------------------------------------------------------


PRICES = {"plain/*": {"units": {"images": "0.04"}}}


def painting(*steps: Any, store: MemoryFlowStore, **arguments: Any) -> tuple[AsyncClient, ScriptedTransport]:
    """A client of the painter that holds limits and budgets."""
    transport = ScriptedTransport(*steps)
    words: dict[str, Any] = {"prices": PRICES, "api_keys": {"plain": "sk-1234567890"}, "config": False, **arguments}
    return AsyncClient(plugins=(metered_painter(),), transport=transport, jobs=store, **words), transport


def metered_painter() -> Provider:
    class Meter:
        def bound(self, request: Any, target: Any) -> Any:
            return {"images": 1}

        def media_tokens(self, medium: Any, model: str) -> None:
            return None

    return attrs.evolve(painter(), meter=Meter())


async def test_a_resumed_job_settles_the_lease_that_its_first_client_took() -> None:
    store = MemoryFlowStore()
    limits = {"plain": [Limit("images", 5, window_s=60), Limit("concurrent", 1)]}
    budgets = [Budget("0.05", per="day")]
    client, transport = painting(SUBMITTED, HANG, store=store, limits=limits, budgets=budgets)
    async with client:
        job = await client.start(ASKED, model="plain/m")
        await until(lambda: len(transport.requests) == 2)
        assert [each.used for each in await client.limits("plain")] == [1, 1, 40_000_000]
    other, _ = painting(PAINTED, PICTURE, store=store, limits=limits, budgets=budgets)
    async with other:
        reply = await (await other.resume(job.id)).result()
        assert reply.cost.total.amount == Decimal("0.04")
        assert [each.used for each in await other.limits("plain")] == [1, 0, 40_000_000]


async def test_a_job_is_resumed_even_where_its_budget_is_spent() -> None:
    store = MemoryFlowStore()
    budgets = [Budget("0.05", per="day")]
    client, transport = painting(SUBMITTED, HANG, store=store, budgets=budgets)
    async with client:
        job = await client.start(ASKED, model="plain/m")
        await until(lambda: len(transport.requests) == 2)
    between, _ = painting(SUBMITTED, PAINTED, PICTURE, store=MemoryFlowStore(), budgets=budgets)
    async with between:
        await (await between.start(ASKED, model="plain/m")).result()
    other, _ = painting(PAINTED, PICTURE, store=store, budgets=budgets)
    async with other:
        assert (await (await other.resume(job.id)).result()).usage.images == 1
        assert [each.used for each in await other.limits()] == [80_000_000]
