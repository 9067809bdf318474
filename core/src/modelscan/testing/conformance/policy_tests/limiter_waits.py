"""Who waits at a limiter that holds quotas, how long, and in which order: real seconds, tiny windows."""

from __future__ import annotations

import asyncio
import math
import random

import msgspec
import pytest

from modelscan.contracts.limiter import Lease, Limiter
from modelscan.errors import LimitExceededError
from modelscan.testing.conformance.policy_tests.limiter_made import (
    SOON_S,
    WINDOW_S,
    MadeLimiter,
    Quotas,
    arrived,
    demand,
    granted,
    refusal,
    seconds,
    used,
)
from modelscan.testing.conformance.suite import counts_for


class Waiting(MadeLimiter):
    """Waiting in line."""

    @counts_for("silver")
    async def test_whoever_waits_goes_on_as_soon_as_there_is_room(self, holding: Limiter) -> None:
        """It is told, and doesn't look again in a while."""
        gauge = Quotas().gauge(1)
        lease = await granted(holding, (gauge, 1))
        waiting = asyncio.ensure_future(holding.reserve(demand((gauge, 1))))
        await asyncio.sleep(0.1)
        arrived(lease).settle((1,))
        await asyncio.wait_for(waiting, SOON_S)

    @counts_for("silver")
    async def test_a_deadline_ends_a_wait(self, holding: Limiter) -> None:
        """Or keeps it from beginning, where the wait would surely be longer."""
        gauge, rate = Quotas().gauge(1), Quotas().rate(1, window_s=60)
        await granted(holding, (gauge, 1))
        arrived(await granted(holding, (rate, 1))).settle((1,))
        began_s = seconds()
        with pytest.raises(LimitExceededError):
            await holding.reserve(msgspec.structs.replace(demand((gauge, 1)), deadline=began_s + 0.15))
        assert 0.1 < seconds() - began_s < SOON_S, "the deadline of a waiting call isn't heeded"
        began_s = seconds()
        with pytest.raises(LimitExceededError):
            await holding.reserve(msgspec.structs.replace(demand((rate, 1)), deadline=began_s + 30))
        assert seconds() - began_s < SOON_S, "a call waits for what can't come before its deadline"

    @counts_for("silver")
    async def test_a_higher_priority_goes_first_and_tenants_take_turns(self, holding: Limiter) -> None:
        """A flood of one tenant doesn't keep another waiting."""
        gauge = Quotas().gauge(1)
        held = await granted(holding, (gauge, 1))
        order: list[str] = []

        async def call(name: str, *, priority: int = 0) -> None:
            lease = await holding.reserve(demand((gauge, 1), tenant=name[0], priority=priority))
            order.append(name)
            arrived(lease).settle((1,))

        calls = []
        for name, priority in (("a1", 0), ("a2", 0), ("a3", 0), ("b1", 0), ("c1", 1)):
            calls.append(asyncio.ensure_future(call(name, priority=priority)))
            await asyncio.sleep(0.03)
        held.release()
        await asyncio.wait_for(asyncio.gather(*calls), SOON_S)
        assert order[0] == "c1", f"the order is {order}: the higher priority isn't first"
        assert order.index("b1") < order.index("a3"), f"the order is {order}: one tenant's calls go before all others'"
        assert [name for name in order if name[0] == "a"] == ["a1", "a2", "a3"], "a tenant's calls change places"

    @counts_for("silver")
    async def test_a_shut_gate_lets_nobody_through(self, holding: Limiter) -> None:
        """For as long as was asked for."""
        rate = Quotas().rate(10)
        (await granted(holding, (rate, 1))).release()
        holding.pause(rate.account, 0.2)
        began_s = seconds()
        await refusal(holding, (rate, 1))
        await asyncio.wait_for(holding.reserve(demand((rate, 1))), SOON_S)
        assert seconds() - began_s >= 0.19, "the gate opened too early"

    @counts_for("silver")
    async def test_whoever_stops_waiting_leaves_no_gap(self, holding: Limiter) -> None:
        """The next in line goes on, and nothing stays taken."""
        gauge = Quotas().gauge(2)
        held = await granted(holding, (gauge, 2))
        quitting = asyncio.ensure_future(holding.reserve(demand((gauge, 2))))
        await asyncio.sleep(0.05)
        waiting = asyncio.ensure_future(holding.reserve(demand((gauge, 1))))
        await asyncio.sleep(0.05)
        quitting.cancel()
        await asyncio.gather(quitting, return_exceptions=True)
        held.release()
        (await asyncio.wait_for(waiting, SOON_S)).release()
        assert await used(holding, gauge) == 0

    @counts_for("silver")
    async def test_a_wait_can_be_asked_for(self, holding: Limiter) -> None:
        """No time, some, or for ever."""
        rate = Quotas().rate(2, window_s=60)
        assert await holding.wait_time(demand((rate, 2))) == 0
        arrived(await granted(holding, (rate, 2))).settle((2,))
        assert 50 < await holding.wait_time(demand((rate, 1))) <= 60.1
        assert await holding.wait_time(demand((rate, 3))) == math.inf

    @counts_for("silver")
    async def test_it_says_how_quotas_stand(self, holding: Limiter) -> None:
        """What is taken, what of it calls under way have, when some of it comes back."""
        quotas = Quotas()
        rate, gauge = quotas.rate(10, window_s=60), quotas.gauge(10)
        before, _ = await holding.standing([rate, gauge])
        assert (before.used, before.reset_s) == (0, None)
        arrived(await granted(holding, (rate, 3))).settle((2,))
        await granted(holding, (gauge, 4))
        of_rate, of_gauge = await holding.standing([rate, gauge])
        assert (of_rate.used, of_rate.open) == (2, 0)
        assert of_rate.reset_s is not None
        assert 50 < of_rate.reset_s <= 60
        assert (of_gauge.used, of_gauge.open, of_gauge.reset_s) == (4, 4, None)

    @counts_for("gold")
    async def test_no_window_ever_holds_more_than_the_amount(self, holding: Limiter) -> None:
        """Counted where the provider counts: when a request arrives, some time after it was sent."""
        rate, gauge = Quotas().rate(5), Quotas().gauge(4)
        arrivals: list[float] = []
        under_way: list[int] = [0, 0]
        luck = random.Random(7)

        async def call() -> None:
            lease = await holding.reserve(demand((rate, 1), (gauge, 1)))
            under_way[0] += 1
            under_way[1] = max(under_way)
            lease.sent()
            await asyncio.sleep(luck.uniform(0.0, 0.05))
            arrivals.append(seconds())
            await asyncio.sleep(luck.uniform(0.0, 0.05))
            under_way[0] -= 1
            _end(lease, luck)

        await asyncio.wait_for(asyncio.gather(*(call() for _ in range(20))), 20)
        arrivals.sort()
        crowded = [late - early for early, late in zip(arrivals, arrivals[5:], strict=False) if late - early < WINDOW_S]
        assert not crowded, f"six requests arrive within {min(crowded)} s"
        assert under_way[1] <= 4, f"{under_way[1]} calls are under way at once"


def _end(lease: Lease, luck: random.Random) -> None:
    if luck.random() < 0.2:
        lease.forfeit("bound")
        return
    lease.arrived()
    lease.settle((1, 1))
