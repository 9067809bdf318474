"""The blocking client beside the asynchronous one, on httpx and loopback: a call, and a chunk of events 5 ms apart.

Rounds of the two alternate, and a figure is the best round, since noise only ever adds. The blocking client's CPU is
that of both its threads: the caller's, and the one that runs the event loop.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from own_time import EVENTS, MODEL, PROMPT, REPLY, STREAM
from raw_aiohttp import AnsweringServer

from modelscan import AsyncClient, Client

CALLS = 300
CHUNKS = 150
ROUNDS = 9
GAP_S = 0.005
MOST_ADDED_US = 150.0
MOST_RATIO = 1.5


class Taken(NamedTuple):
    """Microseconds for one call or chunk: CPU of the whole process, and wall."""

    cpu_us: float
    wall_us: float


class Clock:
    """What `parts` calls or chunks take, each."""

    def __init__(self) -> None:
        self._cpu = time.process_time()
        self._wall = time.perf_counter()

    def taken(self, parts: int) -> Taken:
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        return Taken(cpu * 1e6 / parts, wall * 1e6 / parts)


async def async_call(client: AsyncClient) -> Taken:
    clock = Clock()
    for _ in range(CALLS):
        await client.chat(PROMPT, model=f"openai/{MODEL}")
    return clock.taken(CALLS)


async def sync_call(client: Client) -> Taken:
    clock = Clock()
    for _ in range(CALLS):
        client.chat(PROMPT, model=f"openai/{MODEL}")
    return clock.taken(CALLS)


async def async_chunk(client: AsyncClient) -> Taken:
    clock, count = Clock(), 0
    async with client.stream(PROMPT, model=f"openai/{MODEL}") as stream:
        async for _ in stream:
            count += 1
    assert count >= CHUNKS
    return clock.taken(count)


async def sync_chunk(client: Client) -> Taken:
    clock, count = Clock(), 0
    with client.stream(PROMPT, model=f"openai/{MODEL}") as stream:
        for _ in stream:
            count += 1
    assert count >= CHUNKS
    return clock.taken(count)


async def measured(call_url: str, stream_url: str) -> dict[str, list[Taken]]:
    """The rounds of all four."""

    def ready(url: str) -> tuple[AsyncClient, Client]:
        return (
            AsyncClient(base_urls={"openai": url}, api_keys={"openai": "sk-x"}, config=False),
            Client(base_urls={"openai": url}, api_keys={"openai": "sk-x"}, config=False),
        )

    (calls, sync_calls), (streams, sync_streams) = ready(call_url), ready(stream_url)
    works: dict[str, Callable[[], Awaitable[Taken]]] = {
        "async call": lambda: async_call(calls),
        "sync call": lambda: sync_call(sync_calls),
        "async chunk": lambda: async_chunk(streams),
        "sync chunk": lambda: sync_chunk(sync_streams),
    }
    for work in works.values():
        await work()
    rounds: dict[str, list[Taken]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            rounds[name].append(await work())
    for client in (calls, streams):
        await client.close()
    for blocking in (sync_calls, sync_streams):
        blocking.close()
    return rounds


def table(rounds: dict[str, list[Taken]]) -> list[str]:
    """One line per figure, in CPU and in wall."""
    lines = [f"{'':12} {'async us':>9} {'sync us':>9}  {'added us':>8} {'ratio':>6}  gate"]
    for what, gate in (("call", f"+{MOST_ADDED_US:.0f} us"), ("chunk", f"x {MOST_RATIO}")):
        for kind, index in (("CPU", 0), ("wall", 1)):
            plain, blocking = (min(taken[index] for taken in rounds[f"{way} {what}"]) for way in ("async", "sync"))
            times = f"{plain:9.1f} {blocking:9.1f}  {blocking - plain:8.1f} {blocking / plain:6.2f}"
            lines.append(f"{f'{what}, {kind}':12} {times}  {gate}")
    return lines


def main() -> None:
    calls = AnsweringServer(REPLY)
    events = [*EVENTS[:CHUNKS], *STREAM[-3:]]
    streams = AnsweringServer(b"".join(events), media_type="text/event-stream", gap_s=GAP_S)
    try:
        rounds = asyncio.run(measured(calls.url, streams.url))
    finally:
        calls.close()
        streams.close()
    sys.stdout.write("\n".join(table(rounds)) + "\n")


if __name__ == "__main__":
    main()
