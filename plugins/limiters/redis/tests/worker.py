"""One process of several that share limits: makes calls to a counting server until its time is over.

Arguments: the server's URL, the counting server's port, seconds, name; then the quotas and claims as JSON.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys

import msgspec

from modelscan.contracts.limiter import Claim, Demand
from modelscan.errors import LimitError
from modelscan_limiter_redis import RedisLimiter


async def call(limiter: RedisLimiter, demand: Demand, port: int, name: str, luck: random.Random) -> None:
    lease = await limiter.reserve(demand)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        lease.sent()
        writer.write(f"{name}\n".encode())
        await reader.readline()
        lease.arrived()
        await reader.readline()
    finally:
        writer.close()
    if luck.random() < 0.1:
        lease.forfeit("bound")
    else:
        lease.settle([claim.amount for claim in demand.claims])


async def main(url: str, port: int, seconds: float, name: str, claims: tuple[Claim, ...]) -> None:
    limiter = RedisLimiter(url=url, ttl_s=0.6)
    luck = random.Random(os.getpid())
    end = asyncio.get_running_loop().time() + seconds
    demand = Demand(account=claims[0].quota.account, model="m", claims=claims, deadline=end)

    async def caller() -> None:
        while asyncio.get_running_loop().time() < end:
            try:
                await call(limiter, demand, port, name, luck)
            except LimitError:
                await asyncio.sleep(0.05)

    await asyncio.gather(*(caller() for _ in range(6)))
    await limiter.close()


if __name__ == "__main__":
    where, to, how_long, who, what = sys.argv[1:]
    asyncio.run(main(where, int(to), float(how_long), who, msgspec.json.decode(what, type=tuple[Claim, ...])))
