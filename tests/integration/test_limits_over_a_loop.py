"""A thousand calls at once, through the built-in limiter, to a server that counts at its door."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random

from modelscan.contracts.limiter import Claim, Demand, Quota
from modelscan.limits.memory import MemoryLimiter

CALLS = 1000
WINDOW_S = 0.2
REQUESTS = Quota(key="requests", kind="rate", unit="requests", amount=150, window_s=WINDOW_S)
TOKENS = Quota(key="tokens", kind="rate", unit="tokens", amount=4000, window_s=WINDOW_S)
SLOTS = Quota(key="slots", kind="gauge", unit="concurrent", amount=60)


@dataclass
class Door:
    """Counts the calls that come in: when, how many tokens each, and how many are there at once."""

    port: int = 0
    arrivals: list[tuple[float, int]] = field(default_factory=list)
    inside: int = 0
    most_inside: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A line with a number of tokens comes in; a head goes out, and a little later the end."""
        line = await reader.readline()
        if line:
            await self._answer(int(line), writer)
        writer.close()  # a caller that was cancelled as it connected has gone without a word
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _answer(self, tokens: int, writer: asyncio.StreamWriter) -> None:
        self.arrivals.append((time.monotonic(), tokens))
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        await asyncio.sleep(tokens / 5000)
        writer.write(b"head\n")
        await asyncio.sleep(tokens / 5000)
        self.inside -= 1
        writer.write(b"end\n")

    def most_in_a_window(self) -> tuple[int, int]:
        """The most requests and tokens that any window held, closed at both ends."""
        moments = [at for at, _ in self.arrivals]
        firsts = [bisect_left(moments, at - WINDOW_S) for at in moments]
        requests = max(last - first + 1 for last, first in enumerate(firsts))
        sums = [0]
        for _, tokens in self.arrivals:
            sums.append(sums[-1] + tokens)
        return requests, max(sums[last + 1] - sums[first] for last, first in enumerate(firsts))


@asynccontextmanager
async def opened() -> AsyncIterator[Door]:
    """A door on a free port."""
    door = Door()
    server = await asyncio.start_server(door.serve, "127.0.0.1", 0)
    door.port = server.sockets[0].getsockname()[1]
    try:
        yield door
    finally:
        server.close()
        await server.wait_closed()


async def call(limiter: MemoryLimiter, door: Door, tenant: str, tokens: int) -> None:
    claims = (Claim(REQUESTS, 1), Claim(TOKENS, tokens), Claim(SLOTS, 1))
    lease = await limiter.reserve(Demand(account="a", model="m", claims=claims, tenant=tenant))
    lease.sent()
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    try:
        writer.write(b"%d\n" % tokens)
        await reader.readline()
        lease.arrived()
        await reader.readline()
        lease.settle((1, tokens, 1))
    finally:
        writer.close()
    await writer.wait_closed()


async def test_a_thousand_calls_at_once_never_pass_a_limit_at_the_servers_door() -> None:
    random, limiter = Random(5), MemoryLimiter()
    async with opened() as door:
        calls = [call(limiter, door, f"{number % 7}", random.choice((5, 20, 60))) for number in range(CALLS)]
        tasks = [asyncio.create_task(each) for each in calls]
        for doomed in random.sample(tasks, 50):
            asyncio.get_running_loop().call_later(random.random() / 10, doomed.cancel)
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(result) for result in results if result is not None} <= {asyncio.CancelledError}
    assert results.count(None) >= CALLS - 50
    requests, tokens = door.most_in_a_window()
    assert requests <= REQUESTS.amount
    assert tokens <= TOKENS.amount
    assert door.most_inside <= SLOTS.amount
    assert requests >= 0.8 * REQUESTS.amount or tokens >= 0.8 * TOKENS.amount or door.most_inside == SLOTS.amount
    assert [standing.waiting for standing in await limiter.standing((REQUESTS, TOKENS, SLOTS))] == [0, 0, 0]
    await limiter.close()
