"""The limiter `redis` beside bare EVALSHA calls of its own script, over three limits, at a real server.

Alone: how long a reservation takes, and how long one EVALSHA through the same client library. At fifty in flight:
whole calls (reserved, arrived, settled), and EVALSHAs that only reserve, one for each call. Rounds of the two
alternate, and a figure is the best round, since noise only ever adds.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path

import msgspec
from redis.asyncio import Redis

from modelscan.contracts.limiter import Claim, Demand, Quota
from modelscan_limiter_redis import RedisLimiter
from modelscan_limiter_redis.names import base_of
from modelscan_limiter_redis.server import script

CALLS = 1000
IN_FLIGHT = 50
ROUNDS = 7
GATES = {"alone": 1.3, "busy": 2.0}
"""At most so many times the latency of one EVALSHA, at least so many times the throughput."""


def demand_of(account: str) -> Demand:
    """Requests, tokens and calls at once: more of each than is ever taken here."""
    requests = Quota(key="requests", kind="rate", unit="requests", amount=10**9, account=account, window_s=60)
    tokens = Quota(key="tokens", kind="rate", unit="tokens", amount=10**12, account=account, window_s=60)
    at_once = Quota(key="concurrent", kind="gauge", unit="concurrent", amount=10**9, account=account)
    return Demand(account=account, model="m", claims=(Claim(requests, 1), Claim(tokens, 900), Claim(at_once, 1)))


class Bare:
    """One EVALSHA for each reservation, with the limiter's own script and arguments like its own."""

    def __init__(self, url: str) -> None:
        self._client = Redis.from_url(url)
        self._base = base_of("modelscan", "bare")
        self._numbers = count(1)
        self._digest = ""
        quotas = [claim.quota for claim in demand_of("bare").claims]
        self._quotas = [
            [each.key, each.kind, each.amount, int(each.window_s * 1e6), True, False, 0, 0] for each in quotas
        ]

    async def open(self) -> None:
        self._digest = await self._client.script_load(script())

    async def call(self) -> None:
        reserve = ["r", next(self._numbers), 1, [0, 1, 1, 900, 2, 1], []]
        argument = msgspec.msgpack.encode(("bare", 30_000_000, 0, "bare", self._quotas, [reserve]))
        await self._client.evalsha(self._digest, 1, self._base, argument)

    async def close(self) -> None:
        await self._client.aclose()


class Ours:
    """The limiter."""

    def __init__(self, url: str) -> None:
        self._limiter = RedisLimiter(url=url)
        self._demand = demand_of("ours")

    async def reserve(self) -> None:
        await self._limiter.reserve(self._demand)

    async def call(self) -> None:
        lease = await self._limiter.reserve(self._demand)
        lease.sent()
        lease.arrived()
        lease.settle((1, 700, 1))

    async def close(self) -> None:
        await self._limiter.close()


async def alone_us(call: Callable[[], Awaitable[None]]) -> float:
    """Microseconds a call, one after the other."""
    began = time.perf_counter()
    for _ in range(CALLS // 4):
        await call()
    return (time.perf_counter() - began) / (CALLS // 4) * 1e6


async def busy_us(call: Callable[[], Awaitable[None]]) -> float:
    """Microseconds a call, fifty at once."""

    async def caller() -> None:
        for _ in range(CALLS // IN_FLIGHT):
            await call()

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(IN_FLIGHT)))
    return (time.perf_counter() - began) / CALLS * 1e6


async def measure(url: str) -> bool:
    """Print the figures; whether they hold."""
    bare, ours = Bare(url), Ours(url)
    await bare.open()
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, taken in (
            ("alone, EVALSHA", await alone_us(bare.call)),
            ("alone, limiter", await alone_us(ours.reserve)),
            ("busy, EVALSHA", await busy_us(bare.call)),
            ("busy, limiter", await busy_us(ours.call)),
        ):
            best[name] = min(taken, best.get(name, taken))
    await ours.close()
    await bare.close()
    for name, taken in best.items():
        sys.stdout.write(f"{name:<16} {taken:8.1f} us a call\n")
    alone = best["alone, limiter"] / best["alone, EVALSHA"]
    busy = best["busy, EVALSHA"] / best["busy, limiter"]
    sys.stdout.write(f"alone: {alone:.2f} times the latency of one EVALSHA (at most {GATES['alone']})\n")
    sys.stdout.write(f"{IN_FLIGHT} in flight: {busy:.2f} times its throughput (at least {GATES['busy']})\n")
    return alone <= GATES["alone"] and busy >= GATES["busy"]


if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[1] / "support"))
    from redis_server import redis_server

    with redis_server() as server:
        sys.exit(0 if asyncio.run(measure(server.url)) else 1)
