"""Four processes, one of them killed amid its calls: counted at the door of what they call."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from eventually import eventually
from modelscan.contracts.limiter import Claim
from modelscan.testing.conformance.policy_tests.limiter_made import Quotas

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


@pytest.mark.e2e
async def test_nothing_is_let_through_beyond_the_limits_though_one_is_killed(url: str) -> None:
    counting, quotas = CountingServer(), Quotas()
    server = await asyncio.start_server(counting.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    claims = (Claim(quotas.rate(AMOUNT, window_s=WINDOW_S), 1), Claim(quotas.gauge(PLACES), 1))
    what = msgspec.json.encode(claims).decode()
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, str(WORKER), url, str(port), str(SECONDS), name, what)
        for name in ("one", "two", "three", "doomed")
    ]
    await eventually(lambda: counting.under_way["doomed"], every_s=0.002)
    processes[-1].send_signal(signal.SIGKILL)
    codes = await asyncio.wait_for(asyncio.gather(*(process.wait() for process in processes)), 30)
    server.close()
    assert codes == [0, 0, 0, -signal.SIGKILL]
    times = [at for at, _ in counting.arrivals]
    crowded = [late - early for early, late in zip(times, times[AMOUNT:], strict=False) if late - early < WINDOW_S]
    assert crowded == []
    assert counting.most_under_way <= PLACES
    assert {name for _, name in counting.arrivals[-3 * AMOUNT :]} == {"one", "two", "three"}
    assert len(times) > 3 * AMOUNT, "a dead process keeps the others from working"
