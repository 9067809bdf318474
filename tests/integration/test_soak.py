"""Thousands of calls and streams through one client, at a server that fails at random: nothing leaks, nothing grows."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import resource
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from modelscan import AsyncClient
from modelscan.errors import ModelScanError

CALLS = 20_000
STREAMS = 2_000
AT_ONCE = 40
WARM_UP = 0.25
MOST_GROWTH_BYTES = 16 * 1024 * 1024
MOST_NEW_OBJECTS = 2_000
TEXT = "It scatters."

Serve = Callable[[asyncio.StreamWriter, bool], Awaitable[bool]]


def whole(status: int, body: bytes, *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}", "content-type: application/json", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(text: str, finish: str | None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return chunk(b"data: " + json.dumps({"id": "c", "model": "m", "choices": [choice]}).encode() + b"\n\n")


ANSWER = whole(
    200,
    json.dumps({"id": "c", "choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}]}).encode(),
)
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
STREAM = [*(event(piece, None) for piece in ("It ", "scatters", ".")), event("", "stop") + chunk(b"data: [DONE]\n\n")]
ERROR = json.dumps({"error": {"message": "busy", "type": "server_error"}}).encode()


class FaultyServer:
    """Answers two requests in three as it should, and the third in one of the ways in which servers fail."""

    def __init__(self) -> None:
        self.random = random.Random(11)
        self.told: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                body = await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]))
                if not await self._answer(writer, is_stream=b'"stream":true' in body):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, *, is_stream: bool) -> bool:
        faults = ("busy", "slow down", "wrong", "nothing", "half", "nonsense", "last", "late")
        fault = self.random.choice(faults) if self.random.random() < 1 / 3 else "none"
        self.told[fault] += 1
        if fault == "late":
            await asyncio.sleep(self.random.random() / 50)
        if fault in ("none", "late", "last"):
            pieces = [STREAM_HEAD, *STREAM, b"0\r\n\r\n"] if is_stream else [ANSWER]
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(0)
            await writer.drain()
            return fault != "last"
        return await self._fail(fault, writer, is_stream=is_stream)

    async def _fail(self, fault: str, writer: asyncio.StreamWriter, *, is_stream: bool) -> bool:
        if fault == "nothing":
            writer.transport.abort()
            return False
        if fault == "half":
            writer.write(STREAM_HEAD + STREAM[0] if is_stream else ANSWER[:-20])
            await writer.drain()
            return False
        whole_bodies = {
            "busy": whole(503, ERROR),
            "slow down": whole(429, ERROR, "retry-after-ms: 1"),
            "wrong": whole(400, ERROR),
            "nonsense": whole(200, b"<html>busy</html>"),
        }
        writer.write(whole_bodies[fault])
        await writer.drain()
        return True


@pytest.fixture
async def server() -> AsyncIterator[tuple[FaultyServer, str]]:
    behaviour = FaultyServer()
    running = await asyncio.start_server(behaviour.serve, "127.0.0.1", 0, backlog=AT_ONCE)
    yield behaviour, f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}/v1"
    running.close()
    await running.wait_closed()


class Held:
    """What the process holds at a moment."""

    def __init__(self) -> None:
        gc.collect()
        with open("/proc/self/statm", encoding="ascii") as file:
            self.resident_bytes = int(file.read().split()[1]) * resource.getpagesize()
        self.objects = len(gc.get_objects())
        self.files = len(os.listdir("/proc/self/fd"))
        self.tasks = len(asyncio.all_tasks())


async def settled(before: Held) -> Held:
    """What is held once the server's side of the last connections has ended too."""
    for _ in range(100):
        now = Held()
        if now.files <= before.files and now.tasks <= before.tasks:
            break
        await asyncio.sleep(0.02)
    return Held()


async def call(client: AsyncClient) -> None:
    reply = await client.chat("Why is the sky blue?", model="openai/m")
    assert reply.text == TEXT


async def stream(client: AsyncClient) -> None:
    async with client.stream("Why is the sky blue?", model="openai/m") as chunks:
        assert (await chunks.reply()).text == TEXT


async def leave_early(client: AsyncClient) -> None:
    async with client.stream("Why is the sky blue?", model="openai/m") as chunks:
        await anext(chunks)


async def many(client: AsyncClient, calls: int, streams: int) -> Counter[str]:
    """Runs so many calls and streams, some of which are left early; how they ended."""
    kinds = [call] * calls + [stream] * (streams - streams // 5) + [leave_early] * (streams // 5)
    random.Random(5).shuffle(kinds)
    ended: Counter[str] = Counter()
    waiting = iter(kinds)

    async def work() -> None:
        for kind in waiting:
            try:
                await kind(client)
                ended["well"] += 1
            except ModelScanError as error:
                ended[type(error).__name__] += 1

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return ended


@pytest.mark.long
@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
async def test_calls_and_streams_by_the_thousand_leak_nothing(server: tuple[FaultyServer, str], transport: str) -> None:
    behaviour, url = server
    before = Held()
    settings = {"retries.max_attempts": 2, "retries.base_s": 0.001, "retries.cap_s": 0.01}
    async with AsyncClient(
        base_urls={"openai": url}, api_keys={"openai": "k"}, transport=transport, settings=settings, config=False
    ) as client:
        ended = await many(client, int(CALLS * WARM_UP), int(STREAMS * WARM_UP))
        warm = Held()
        ended += await many(client, CALLS - int(CALLS * WARM_UP), STREAMS - int(STREAMS * WARM_UP))
        after = Held()
        grown_bytes, new_objects = after.resident_bytes - warm.resident_bytes, after.objects - warm.objects
    left = await settled(before)
    print(f"{transport}: {dict(ended)}; {grown_bytes / 1e6:.1f} MB and {new_objects} objects more")  # noqa: T201 - pytest -rP shows it
    assert ended.total() == CALLS + STREAMS
    assert ended["well"] > 0.7 * (CALLS + STREAMS)
    assert {"BadRequestError", "DecodeError"} < set(ended)
    assert min(behaviour.told.values()) > 100
    assert (left.files, left.tasks) <= (before.files, before.tasks)
    assert grown_bytes < MOST_GROWTH_BYTES
    assert new_objects < MOST_NEW_OBJECTS
