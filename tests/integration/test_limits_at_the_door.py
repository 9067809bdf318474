"""The promise of limits and budgets, counted at the provider's door: over both transports, with a network between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from door import LONGEST, Arrival, Door, Manner
from modelscan import Account, AsyncClient, Budget, Client, Limit, Route
from modelscan.errors import BudgetExceededError, ModelScanError

MODEL: Final = "openai/gpt-4o-mini"
WINDOW_S: Final = 0.5
SPREAD_S: Final = 0.04
PRICE_READ, PRICE_WRITTEN = Decimal("0.15"), Decimal("0.6")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is learned and spent stays in the test."""
    monkeypatch.setenv("MODELSCAN_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(params=["httpx", "aiohttp"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def client_of(door: Door, transport: str, **arguments: Any) -> AsyncClient:
    settings = {"retries.base_s": 0.01, **arguments.pop("settings", {})}
    words: dict[str, Any] = {"base_urls": {"openai": door.url}, "config": False, **arguments}
    return AsyncClient(api_keys={"openai": "k"}, transport=transport, settings=settings, **words)


async def outcomes_of(client: AsyncClient, calls: int, model: Any = MODEL, **options: Any) -> list[Any]:
    """What becomes of so many calls at once: replies, and errors of ModelScan's."""
    coming = (client.chat("Hello, you.", model=model, **options) for _ in range(calls))
    outcomes = await asyncio.gather(*coming, return_exceptions=True)
    strange = [each for each in outcomes if isinstance(each, BaseException) and not isinstance(each, ModelScanError)]
    assert not strange
    return outcomes


def answered(outcomes: list[Any]) -> int:
    return sum(not isinstance(each, Exception) for each in outcomes)


def dollars(arrivals: list[Arrival]) -> Decimal:
    """What the vendor's bill says."""
    return sum(
        ((arrival.read * PRICE_READ + arrival.written * PRICE_WRITTEN) / 10**6 for arrival in arrivals), Decimal(0)
    )


# --- Rates and gauges -------------------------------------------------------------------------------------------------


async def test_no_window_holds_more_requests_than_the_limit(transport: str) -> None:
    limits = {"openai": [Limit("requests", 50, window_s=WINDOW_S)]}
    async with Door(spread_s=SPREAD_S) as door, client_of(door, transport, limits=limits) as client:
        assert answered(await outcomes_of(client, 200)) == 200
        assert len(door.arrivals) == 200
        assert 35 <= door.most_within(WINDOW_S) <= 50


async def test_no_more_calls_are_under_way_than_the_limit(transport: str) -> None:
    limits = {"openai": [Limit("concurrent", 15)]}
    async with Door(spread_s=SPREAD_S) as door, client_of(door, transport, limits=limits) as client:
        assert answered(await outcomes_of(client, 150)) == 150
        assert 8 <= door.most_open <= 15


async def test_no_window_holds_more_tokens_than_a_strict_limit(transport: str) -> None:
    limits = {"openai": [Limit("tokens", 5_000, window_s=WINDOW_S, strict=True)]}
    async with Door(spread_s=SPREAD_S, written=None) as door, client_of(door, transport, limits=limits) as client:
        assert answered(await outcomes_of(client, 60, max_output_tokens=200)) == 60
        assert 2_500 < door.most_within(WINDOW_S, lambda arrival: arrival.tokens) <= 5_000


async def test_a_rate_of_tokens_carries_what_answers_were_longer_than_expected_as_debt(transport: str) -> None:
    limits = {"openai": [Limit("tokens", 20_000, window_s=WINDOW_S)]}
    async with Door(spread_s=SPREAD_S, written=3_000) as door, client_of(door, transport, limits=limits) as client:
        assert answered(await outcomes_of(client, 50)) == 50
        # The first ones are expected to be 1,024 tokens long; from what they teach the others keep to the limit.
        late = [arrival for arrival in door.arrivals if arrival.at_s > door.arrivals[0].at_s + 2 * WINDOW_S]
        assert late
        door.arrivals = late
        assert door.most_within(WINDOW_S, lambda arrival: arrival.tokens) <= 20_000 + 3_020


async def test_several_limits_hold_together(transport: str) -> None:
    limits = {
        "openai": [Limit("requests", 40, window_s=WINDOW_S), Limit("concurrent", 8), Limit("requests", 90, per="day")]
    }
    async with Door(spread_s=SPREAD_S) as door, client_of(door, transport, limits=limits) as client:
        assert answered(await outcomes_of(client, 90)) == 90
        assert door.most_within(WINDOW_S) <= 40
        assert door.most_open <= 8


async def test_a_blocking_client_holds_its_limits_for_all_threads(transport: str) -> None:
    limits = {"openai": [Limit("requests", 20, window_s=WINDOW_S), Limit("concurrent", 6)]}
    async with Door(spread_s=SPREAD_S) as door:

        def one(client: Client) -> None:
            for _ in range(5):
                client.chat("Hello", model=MODEL)

        def all_of_them() -> None:
            addresses, keys = {"openai": door.url}, {"openai": "k"}
            arguments: dict[str, Any] = {"base_urls": addresses, "api_keys": keys, "config": False}
            with Client(transport=transport, limits=limits, **arguments) as client, ThreadPoolExecutor(12) as threads:
                for done in [threads.submit(one, client) for _ in range(12)]:
                    done.result()

        await asyncio.to_thread(all_of_them)
        assert len(door.arrivals) == 60
        assert door.most_within(WINDOW_S) <= 20
        assert door.most_open <= 6


# --- Faults -----------------------------------------------------------------------------------------------------------


def faulty(number: int) -> Manner:
    return {3: "429", 5: "cut", 7: "500", 9: "hangs up"}.get(number % 11, "answers")  # type: ignore[return-value]


async def test_retries_take_leases_of_their_own(transport: str) -> None:
    limits = {"openai": [Limit("requests", 50, window_s=WINDOW_S), Limit("concurrent", 20)]}
    async with Door(spread_s=SPREAD_S, manner=faulty) as door, client_of(door, transport, limits=limits) as client:
        outcomes = await outcomes_of(client, 120)
        assert len(door.arrivals) > 120
        assert answered(outcomes) > 60
        assert door.most_within(WINDOW_S) <= 50
        assert door.most_open <= 20


async def test_fallbacks_take_leases_of_their_own(transport: str) -> None:
    async with Door(spread_s=SPREAD_S, manner=lambda _: "500") as broken, Door(spread_s=SPREAD_S) as whole:
        accounts = [
            Account(provider="openai", name=name, base_urls={"default": door.url})
            for name, door in (("broken", broken), ("whole", whole))
        ]
        limits = {
            "openai/broken": [Limit("requests", 30, window_s=WINDOW_S)],
            "openai/whole": [Limit("requests", 40, window_s=WINDOW_S)],
        }
        arguments: dict[str, Any] = {"accounts": accounts, "limits": limits, "base_urls": {}}
        route = Route("first", models=("openai@broken/gpt-4o-mini", "openai@whole/gpt-4o-mini"))
        async with client_of(broken, transport, settings={"retries.max_attempts": 1}, **arguments) as client:
            assert answered(await outcomes_of(client, 90, model=route)) == 90
    assert len(whole.arrivals) == len(broken.arrivals) == 90
    assert broken.most_within(WINDOW_S) <= 30
    assert whole.most_within(WINDOW_S) <= 40


async def test_streams_that_are_left_or_cut_hold_their_place_until_they_end(transport: str) -> None:
    limits = {"openai": [Limit("requests", 30, window_s=WINDOW_S), Limit("concurrent", 10)]}
    async with Door(spread_s=SPREAD_S, manner=faulty) as door, client_of(door, transport, limits=limits) as client:

        async def one(number: int) -> None:
            async with client.stream("Hello", model=MODEL) as stream:
                async for _ in stream:
                    if number % 3 == 0:
                        return

        await asyncio.gather(*(one(number) for number in range(80)), return_exceptions=True)
        assert len(door.arrivals) >= 80
        assert door.most_within(WINDOW_S) <= 30


# --- Budgets: the fifth of a dollar -----------------------------------------------------------------------------------


async def spend(client: AsyncClient, in_flight: int, **options: Any) -> None:
    """Call until the budget refuses, so many at a time."""

    async def one() -> None:
        while True:
            try:
                await client.chat("Tell me all that you know.", model=MODEL, **options)
            except BudgetExceededError:
                return
            except ModelScanError:
                continue

    async with asyncio.timeout(30):
        await asyncio.gather(*(one() for _ in range(in_flight)))


@pytest.mark.parametrize(("in_flight", "cap"), [(1, None), (20, None), (20, 700)])
async def test_a_fifth_of_a_dollar_is_never_passed_and_used(transport: str, in_flight: int, cap: int | None) -> None:
    """The server answers with the longest output that is allowed; prices are those of the catalog."""
    options = {} if cap is None else {"max_output_tokens": cap}
    budget = Budget("0.20", per="day")
    async with Door(written=None, spread_s=0.02) as door, client_of(door, transport, budgets=[budget]) as client:
        await spend(client, in_flight, **options)
        assert all(arrival.written == min(arrival.most or LONGEST, LONGEST) for arrival in door.arrivals)
        assert Decimal("0.18") <= dollars(door.arrivals) <= Decimal("0.20")
        (told,) = await client.limits()
        assert Decimal(told.used) / 10**9 == dollars(door.arrivals)


@pytest.mark.parametrize("manner", [faulty, lambda number: "silent" if number % 4 == 1 else "answers"])
async def test_a_budget_is_never_passed_by_what_nobody_knows_the_cost_of(
    transport: str, manner: Callable[[int], Manner]
) -> None:
    """A cut or lost reply is charged at its bound."""
    settings = {"timeouts.wait_s": 0.2, "retries.max_attempts": 2}
    arguments: dict[str, Any] = {"budgets": [Budget("0.20", per="day")], "settings": settings}
    async with (
        Door(written=None, spread_s=0.02, manner=manner) as door,
        client_of(door, transport, **arguments) as client,
    ):
        await spend(client, 20, max_output_tokens=4_000)
        assert Decimal("0.10") <= dollars(door.arrivals) <= Decimal("0.20")


async def test_two_programs_one_after_the_other_spend_one_budget(transport: str) -> None:
    async with Door(written=None) as door:
        for _ in range(2):
            async with client_of(door, transport, budgets=[Budget("0.20", per="day")]) as client:
                await asyncio.gather(
                    *(client.chat("Tell me.", model=MODEL, max_output_tokens=9_000) for _ in range(20)),
                    return_exceptions=True,
                )
        assert Decimal("0.18") <= dollars(door.arrivals) <= Decimal("0.20")


# --- By plan ----------------------------------------------------------------------------------------------------------


LIMITED: Final = "openai/gpt-4o"
"""A model whose limits the catalog knows."""


async def test_the_catalogs_limits_hold_elsewhere_for_a_plan_that_is_named() -> None:
    async with Door() as door, client_of(door, "httpx", plans={"openai": "tier-1"}) as client:
        await client.chat("Hello", model=LIMITED)
        held = [each for each in await client.limits("openai") if each.used]
        assert {each.origin for each in held} == {"catalog"}
        assert {each.plan for each in held} == {"tier-1"}
        assert {each.unit for each in held} >= {"requests", "tokens"}
    async with Door() as door, client_of(door, "httpx") as client:
        await client.chat("Hello", model=LIMITED)
        assert await client.limits("openai") == ()


async def test_a_vendor_that_counts_what_is_asked_for_counts_the_longest_answer() -> None:
    """OpenAI counts a call by its `max_output_tokens` as it comes in."""
    async with Door() as door, client_of(door, "httpx", plans={"openai": "tier-1"}) as client:
        await client.chat("Hello", model=LIMITED, max_output_tokens=5_000)
        (tokens,) = [each for each in await client.limits("openai") if each.used and each.unit == "tokens"]
        assert 5_000 < tokens.used < 5_100


async def test_what_the_headers_tell_changes_what_the_catalog_says() -> None:
    headers = [
        ("x-ratelimit-limit-requests", "30"),
        ("x-ratelimit-remaining-requests", "12"),
        ("x-ratelimit-reset-requests", "30s"),
    ]
    async with Door(headers=headers) as door, client_of(door, "httpx", plans={"openai": "tier-1"}) as client:
        await client.chat("Hello", model=LIMITED)
        (requests,) = [each for each in await client.limits("openai") if each.used and each.unit == "requests"]
        assert (requests.amount, requests.left, requests.origin) == (30, 12, "learned")
