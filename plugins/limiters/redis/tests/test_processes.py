"""Several processes, one of them killed amid its calls, or the server: counted at the door of what they call."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import time
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from eventually import eventually
from modelscan.contracts.limiter import Claim
from modelscan.testing.conformance.policy_tests.limiter_made import Quotas
from redis_server import RedisServer

WORKER = Path(__file__).with_name("worker.py")
WINDOW_S = 0.5
AMOUNT = 20
PLACES = 5
SECONDS = 5.0


class CountingServer:
    """Notes when each request arrives, by one clock; answers with a head and, some time later, the rest."""

    def __init__(self) -> None:
        self.arrivals: list[tuple[float, str]] = []
        self.under_way: Counter[str] = Counter()
        self.most_under_way = 0
        self._luck = random.Random(11)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = (await reader.readline()).decode().strip()
        self.arrivals.append((time.monotonic(), name))
        self.under_way[name] += 1
        self.most_under_way = max(self.most_under_way, self.under_way.total())
        await asyncio.sleep(self._luck.uniform(0.0, 0.02))
        writer.write(b"head\n")
        await asyncio.sleep(self._luck.uniform(0.0, 0.06))
        self.under_way[name] -= 1
        writer.write(b"end\n")
        writer.close()

    def assert_nothing_was_let_through(self) -> None:
        """Beyond the limits."""
        times = [at for at, _ in self.arrivals]
        crowded = [late - early for early, late in zip(times, times[AMOUNT:], strict=False) if late - early < WINDOW_S]
        assert crowded == []
        assert self.most_under_way <= PLACES


@asynccontextmanager
async def calling(url: str, *names: str) -> AsyncIterator[tuple[CountingServer, list[Process]]]:
    """Processes that make calls; they are over when the block is left."""
    counting, quotas = CountingServer(), Quotas()
    server = await asyncio.start_server(counting.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    claims = (Claim(quotas.rate(AMOUNT, window_s=WINDOW_S), 1), Claim(quotas.gauge(PLACES), 1))
    what = msgspec.json.encode(claims).decode()
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, str(WORKER), url, str(port), str(SECONDS), name, what)
        for name in names
    ]
    try:
        await eventually(lambda: len(counting.under_way) == len(names), within_s=20, every_s=0.002)
        yield counting, processes
        async with asyncio.timeout(30):
            await asyncio.gather(*(process.wait() for process in processes))
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
        server.close()


@pytest.mark.e2e
async def test_nothing_is_let_through_beyond_the_limits_though_one_is_killed(url: str) -> None:
    async with calling(url, "one", "two", "three", "doomed") as (counting, processes):
        await eventually(lambda: counting.under_way["doomed"], every_s=0.002)
        processes[-1].send_signal(signal.SIGKILL)
    assert [process.returncode for process in processes] == [0, 0, 0, -signal.SIGKILL]
    counting.assert_nothing_was_let_through()
    assert {name for _, name in counting.arrivals[-3 * AMOUNT :]} == {"one", "two", "three"}
    assert len(counting.arrivals) > 3 * AMOUNT, "a dead process keeps the others from working"


@pytest.mark.e2e
async def test_nothing_is_let_through_beyond_the_limits_while_the_server_is_lost_and_back(
    own_server: RedisServer,
) -> None:
    async with calling(own_server.url, "one", "two", "three") as (counting, _):
        own_server.stop()
        before = len(counting.arrivals)
        await asyncio.sleep(2 * WINDOW_S)
        without = len(counting.arrivals) - before
        own_server.start()
    counting.assert_nothing_was_let_through()
    assert without > PLACES, "without the server nobody goes on"
