"""Whatever is asked of both limiters in whatever order, `redis` and `memory` answer the same."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelscan.contracts.limiter import Lease, Limiter, Quota
from modelscan.errors import LimitError
from modelscan.plugins import Plugins
from modelscan.testing.conformance.policy_tests.limiter_made import Quotas, demand
from modelscan_limiter_redis import RedisLimiter

Step = tuple[Literal["reserve", "sent", "arrived", "settle", "forfeit", "release", "carry", "observe"], int, int, int]

_NAMES = ("reserve", "reserve", "sent", "arrived", "settle", "forfeit", "release", "carry", "observe")
STEPS = st.lists(
    st.tuples(st.sampled_from(_NAMES), st.integers(0, 9), st.integers(0, 12), st.integers(0, 12)),
    min_size=5,
    max_size=40,
)


@given(steps=STEPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_limiters_answer_the_same(url: str, steps: list[Step]) -> None:
    async def both() -> None:
        redis, memory = RedisLimiter(url=url), Plugins().limiter("memory")()
        quotas = Quotas()
        of = [quotas.rate(20, window_s=3600), quotas.gauge(12), quotas.calendar(60), quotas.calendar(80, unit="USD")]
        assert await told(redis, of, steps) == await told(memory, of, steps)
        await redis.close()
        await memory.close()

    asyncio.run(both())


async def told(limiter: Limiter, quotas: Sequence[Quota], steps: Sequence[Step]) -> list[object]:
    """What a limiter answers to every step, and how the quotas stand after it."""
    leases: list[Lease] = []
    answers: list[object] = []
    for step in steps:
        answers.append(await taken(limiter, quotas, leases, step))
        standings = zip(quotas, await limiter.standing(quotas), strict=True)
        # Of a rate, `memory` counts as open what has no date yet, and `redis` what may still be settled.
        answers.append([(one.used, one.open if quota.kind != "rate" else 0) for quota, one in standings])
    return answers


async def taken(limiter: Limiter, quotas: Sequence[Quota], leases: list[Lease], step: Step) -> str:
    """Take one step: a lease and two amounts say of what."""
    name, which, some, more = step
    if name == "reserve":
        claims = zip(quotas, (some, which, more, some), strict=True)
        try:
            leases.append(await limiter.reserve(demand(*claims, may_wait=False)))
        except LimitError as error:
            return type(error).__name__
        return "granted"
    if name == "observe" and not leases:
        limiter.observe(quotas[0], some, None)
        return "observed"
    if not leases or name == "observe":
        return "nothing"
    place = which % len(leases)
    lease = leases[place]
    try:
        if name == "settle":
            lease.settle((some, 1, more, some))
        elif name == "forfeit":
            lease.forfeit("bound")
        elif name == "carry":
            leases[place] = limiter.attach(lease.detach())
        else:
            getattr(lease, name)()
    except RuntimeError:
        return "out of order"
    if name in ("settle", "forfeit", "release"):
        del leases[place]
    return name
